#ifndef SUND_GATE_DAC_H
#define SUND_GATE_DAC_H

#include "base/db.h"
#include "gate/rules.h"
#include "secagg/roster.h"

/** Who decides on studies at a node: the members of its data access committee (DAC), each with a key of their own; or, where none are configured, the node's
 *  operator with the node's key. A decision is signed over
 *
 *      "SUNDDEC1" | str node | study 32 | u8 verdict | str reason | str exception | str time
 *
 *  so that it counts at one node, for one study, as it was written. Decisions are in the database, where a running node finds them, and in the ledger. */
enum { SUND_DAC_MAX = 32, SUND_DAC_REASON_MAX = 160, SUND_EXCEPTION_MAX = 100 };

typedef struct sund_dac_member { char id[SUND_ID_MAX + 1]; sund_pub key; } sund_dac_member;

typedef struct sund_dac {
    char            node[SUND_ID_MAX + 1];
    sund_dac_member member[SUND_DAC_MAX];
    size_t          n;
    bool            committee;        /**< false: the one member is the node itself */
    uint32_t        deadline_days;    /**< working days, Monday to Friday, from a study's arrival */
    bool            silence_approves; /**< what no decision until then means */
    bool            approve_all;      /**< a standing approval of every study of the roster's researchers */
} sund_dac;

enum { SUND_DEADLINE_DAYS = 10 };
/** One without a committee: the node's operator decides. */
sund_dac               sund_dac_operator(const sund_identity *node);
const sund_dac_member *sund_dac_find(const sund_dac *dac, const char *id);
/** Errors: SUND_E_DENIED unless this is the key of the member of its name. */
sund_code sund_dac_may(const sund_dac *dac, const sund_identity *by, sund_err *err) SUND_MUST_CHECK;

/** The last day (UTC) on which a decision is in time: the n-th working day after the one on which the study came. received: sund_time_text. */
void sund_deadline(const char *received, uint32_t n, char out[11]);

typedef enum sund_verdict {
    SUND_APPROVE = 1,
    SUND_REFUSE,
    SUND_VETO,
    SUND_REVOKE,
    SUND_LEAVE,     /**< a running study, for good */
    SUND_LEAVE_FREE /**< the same, and the others may ask it again without this node */
} sund_verdict;
const char *sund_verdict_name(sund_verdict v); /**< "approved", "refused", "vetoed", "approval revoked", "left for good", "left for good, others may go on" */

sund_code sund_dac_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the table */

/** Signs, keeps and logs a decision. exception: "" or what is lifted for this one study (below). Errors: SUND_E_DENIED for who may not decide;
 *  SUND_E_MISMATCH when this member has said the same or something final already; SUND_E_ARG for a reason that cannot be shown. */
sund_code sund_dac_decide(sund_db *db, const sund_dac *dac, const sund_identity *by, const sund_digest *study, sund_verdict v, const char *reason, const char *exception,
                          sund_err *err) SUND_MUST_CHECK;

/** What all decisions on a study together mean. Anybody's refusal, veto or revocation holds; else an exception that two members approved in the same words;
 *  else anybody's approval without one. */
typedef struct sund_standing {
    sund_verdict verdict; /**< 0: nothing yet */
    char         by[SUND_ID_MAX + 1], reason[SUND_DAC_REASON_MAX + 1], exception[SUND_EXCEPTION_MAX + 1];
    bool         half;    /**< an exception waits for a second member */
} sund_standing;
/** Decisions of people who are no members (any more) do not count. Errors: SUND_E_DENIED naming the member whose signature does not hold. */
sund_code sund_dac_standing(sund_db *db, const sund_dac *dac, const sund_digest *study, sund_standing *out, sund_err *err) SUND_MUST_CHECK;

typedef struct sund_decision { sund_verdict verdict; const char *by, *reason, *exception, *at; bool counts; } sund_decision;
sund_code sund_dac_each(sund_db *db, const sund_dac *dac, const sund_digest *study, sund_code (*each)(void *ctx, const sund_decision *d, sund_err *err), void *ctx,
                        sund_err *err) SUND_MUST_CHECK;

/** An exception in words: thresholds, down to half of what holds by default (cell_min=5, mac=5, mac_association=10, df_min=5), and rules of the gate's memory
 *  (difference, one-roster, sketch), with blanks between. t and lifted may be NULL. A study uses the strictest thresholds of its nodes, so thresholds take an
 *  exception at each of them. */
enum { SUND_LIFT_DIFFERENCE = 1, SUND_LIFT_ONE_ROSTER = 2, SUND_LIFT_SKETCH = 4 };
sund_code sund_exception_read(const char *words, sund_thresholds *t, unsigned *lifted, sund_err *err) SUND_MUST_CHECK;

#endif
