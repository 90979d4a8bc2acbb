#ifndef SUND_GATE_LEAVE_H
#define SUND_GATE_LEAVE_H

#include "base/db.h"
#include "gate/rules.h"
#include "secagg/envelope.h"
#include "secagg/mask.h"

/** The only way out. net/ sends nothing but a sund_leave, and only the functions here make one: from a masked vector, a release, a lookup
 *  answer that the rules have passed, or a protocol message of a listed kind and bounded size. Everything that leaves is in the ledger.
 *  Owns: sund_leave_free(), safe on NULL. */
typedef struct sund_leave sund_leave;
const uint8_t *sund_leave_bytes(const sund_leave *l, size_t *n); /**< a whole signed envelope */
const sund_envelope *sund_leave_head(const sund_leave *l);
void           sund_leave_free(sund_leave *l);

/** Kinds of federation messages. */
enum sund_msg {
    SUND_MSG_SUBMIT = 1,   /**< researcher: a signed study */
    SUND_MSG_LINE,         /**< node: decision and session line */
    SUND_MSG_MASKED,       /**< node: y_u of one chunk */
    SUND_MSG_TOTAL,        /**< hub: T and the headers of all y_u */
    SUND_MSG_SIGN_TOTAL,   /**< node: I saw this T from this roster */
    SUND_MSG_OPEN,         /**< node: b_u sealed to each peer */
    SUND_MSG_RETRY,        /**< node: this attempt is dead */
    SUND_MSG_PROPOSE,      /**< proposer: a piece of the locked release, key sealed to each peer */
    SUND_MSG_SIGN_RELEASE, /**< node: digest of the release's manifest */
    SUND_MSG_RELEASE,      /**< proposer: the manifest, once all have signed and the hub has every part */
    SUND_MSG_STOP,         /**< node: the study ends, with the reason */
    SUND_MSG_PART,         /**< proposer: a part of the release, plain, once all have signed */
    SUND_MSG_POLL = 32,    /**< node: what is new for me? */
    SUND_MSG_BATCH,        /**< hub: answer to a poll or request */
    SUND_MSG_QUESTION,     /**< anyone with a key: a question to all countries (shown.h) */
    SUND_MSG_ANSWER = 36,  /**< node: what it shows */
    SUND_MSG_STATUS,       /**< researcher: state of studies */
    SUND_MSG_FETCH,        /**< researcher: a release */
    SUND_MSG_FILE_PUT,/**< a public file, such as a catalogue, to the hub */
    SUND_MSG_FILE_GET,/**< by digest */
    SUND_MSG_ERROR,        /**< hub: the request was refused: code and message */
    SUND_MSG_AGREEMENT_END = 42, /**< node: an agreement holds no more */
    SUND_MSG_RECALL = 43,  /**< node: it approves a released study no more */
    SUND_MSG_HEADS = 48,   /**< node: the head of its ledger, answered by the hub's */
    SUND_MSG_LOGIN = 52,        /**< somebody in no roster: whose key this is, by tokens */
    SUND_MSG_SUBMIT_LOGIN = 53, /**< a signed study, and the login of who signs */
    SUND_MSG_DATASETS = 56,     /**< anyone with a key: a search in the catalogue of data sets */
    SUND_MSG_APPLY = 60,        /**< researcher: an application for data sets, with a login or none */
    SUND_MSG_APPLY_STATE = 61,  /**< node: how it decided on one */
    SUND_MSG_APPLICATIONS = 62, /**< researcher: own applications, and what nodes said */
    SUND_MSG_APPLY_WITHDRAW = 63, /**< researcher: takes one back */
    SUND_MSG_BEYOND = 66,       /**< node: a case, to a matchmaker outside the federation (beyond.h); the hub never has one */
    SUND_MSG_END
};
const char *sund_msg_name(unsigned kind);
/** Bytes that a body of this kind may have: 64 KiB, but for vectors, results and catalogues. */
size_t      sund_msg_max_bytes(unsigned kind);

/** A node's gate: thresholds, identity, ledger. The researcher's and the hub's programs have one without data. */
typedef struct sund_gate sund_gate;
sund_code sund_gate_open(sund_gate **g, sund_db *db, const sund_identity *me, const sund_thresholds *t, sund_err *err) SUND_MUST_CHECK;
void      sund_gate_close(sund_gate *g);
const sund_thresholds *sund_gate_thresholds(const sund_gate *g);

/** The kill switch: from now on nothing leaves by any gate over this database, in any process, until sund_gate_go_on(). Studies pause, lookups are not
 *  answered; nothing is lost. Both are in the ledger. Departures are refused with SUND_E_IO, as when a disk fails: what waits is tried again. */
sund_code sund_gate_stop(sund_db *db, const char *reason, sund_err *err) SUND_MUST_CHECK;
sund_code sund_gate_go_on(sund_db *db, const char *reason, sund_err *err) SUND_MUST_CHECK;
/** SUND_OK, or SUND_E_IO with since when and why everything is stopped. */
sund_code sund_gate_stopped(sund_db *db, sund_err *err) SUND_MUST_CHECK;

/** head gives kind, channel, seq, about, prev; the rest is filled. Each appends to the ledger (kind, study, bytes, digest, rules) before it
 *  returns, durably. The body of MASKED is u32 round, u32 chunk, u32 attempt, then the vector's bytes. */
sund_code sund_leave_masked(sund_gate *g, const sund_envelope *head, const sund_mask_label *label, sund_masked *y, const sund_digest *commitment, sund_leave **out, sund_err *err) SUND_MUST_CHECK;
/** Protocol and request kinds only (never MASKED, RELEASE, PROPOSE, ANSWER); MASKED-sized bodies only for public files: others <= 64 KiB. */
sund_code sund_leave_protocol(sund_gate *g, const sund_envelope *head, const void *body, size_t n, sund_leave **out, sund_err *err) SUND_MUST_CHECK;

/** A release: what the rules let through of one study's tables. Made table by table and row by row, each row with what it rests on:
 *
 *    variant   a row that fails `mac` (for associations `eligible` too) is not there; its guarded cells are "." together when `genotype-cells` fails
 *    people    a row that rests on so many people: its guarded cells are "below 10" (the threshold `cell-min`) together when they are fewer
 *    cohort    a row about the whole cohort, which passed `cell-min` as the study began
 *
 *  It is of any length, and in memory only a part of it: the rows of all tables, one behind the other, are cut into parts of 4 MiB or less, each of whole rows (one longer row is a part
 *  by itself). Parts that are done lie in a file without a name. The manifest lists tables and parts; its digest stands for all of it. */
typedef struct sund_release sund_release;
typedef struct sund_release_column { const char *name; char kind; bool guarded; } sund_release_column; /**< kind: 's' text, 'i' integer, 'f' real */
typedef union sund_cell { const char *s; int64_t i; double f; } sund_cell; /**< f NaN prints NA; i INT64_MIN prints NA */
typedef enum sund_rests_on { SUND_ON_VARIANT, SUND_ON_PEOPLE, SUND_ON_COHORT } sund_rests_on;
typedef struct sund_guard { int64_t ac, an; int64_t cell[6]; size_t n_cell; bool association; int64_t n_missing; sund_rests_on on; int64_t people; } sund_guard;
enum { SUND_RELEASE_TABLES = 16 };
/** t: the study's joined thresholds. large: the analysis declares a row a variant, and rule `size` does not bound them. folder: where the file without a name is when there is need of one,
 *  NULL for /tmp; it must outlive the release. Owns: sund_release_free(). */
sund_code sund_release_begin(sund_release **r, const sund_thresholds *t, bool large, const char *folder, sund_err *err) SUND_MUST_CHECK;
/** The next table, NAME.tsv: [a-z][a-z0-9-]*, no two alike; the first is "table". TSV with a header; reals with t->digits significant digits (%.*g). col must outlive r. */
sund_code sund_release_next(sund_release *r, const char *name, const sund_release_column *col, size_t n_col, sund_err *err) SUND_MUST_CHECK;
sund_code sund_release_row(sund_release *r, const sund_guard *guard, const sund_cell *cell, sund_err *err) SUND_MUST_CHECK;
/** Seals it, with provenance (JSON text that holds public study facts and gate-passed totals only). */
sund_code sund_release_end(sund_release *r, const char *provenance_json, sund_err *err) SUND_MUST_CHECK;
void      sund_release_free(sund_release *r);
sund_digest sund_release_digest(const sund_release *r); /**< of the manifest: what all nodes sign */
size_t      sund_release_rows(const sund_release *r);   /**< of the first table */
/** Rows withheld by mac, and rows whose guarded cells are hidden. */
void        sund_release_withheld(const sund_release *r, size_t *by_mac, size_t *by_cells);
/** Of a sealed release: its manifest's bytes, and a part's (out is replaced) as they travel: u32 which part, then rows. */
sund_cur    sund_release_manifest(const sund_release *r);
sund_code   sund_release_part(const sund_release *r, uint32_t k, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** A manifest that was read: u32 tables, each a text name, u64 rows with the header, u64 bytes; provenance, u32-counted; u32 parts, each u32 bytes of its rows and digest of it as it travels.
 *  Points into the bytes it was read from. */
typedef struct sund_result {
    sund_cur bytes;
    size_t   n_table;
    struct { char name[33]; uint64_t n_row, n_byte; } table[SUND_RELEASE_TABLES];
    sund_cur provenance;
    uint32_t n_part;
    const uint8_t *part;
} sund_result;
enum { SUND_PARTS_MAX = 1 << 20, SUND_PART_HEAD = 4 };
sund_code   sund_result_read(sund_cur bytes, sund_result *out, sund_err *err) SUND_MUST_CHECK;
sund_digest sund_result_part(const sund_result *m, uint32_t k, size_t *n); /**< n: bytes of its rows */
/** The rows of part k out of what somebody else gave for it. Errors: SUND_E_MISMATCH when it is not what the manifest lists. */
sund_code   sund_result_rows(const sund_result *m, uint32_t k, const void *p, size_t n, sund_cur *rows, sund_err *err) SUND_MUST_CHECK;

/** Part k of a release, and the release that lists it: plain, once all have signed. */
sund_code sund_leave_part(sund_gate *g, const sund_envelope *head, const sund_release *r, uint32_t k, sund_leave **out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_leave_release(sund_gate *g, const sund_envelope *head, const sund_release *r, sund_leave **out, sund_err *err) SUND_MUST_CHECK;

/** A proposal: the release in pieces that only the session's nodes can read. Piece 0 is a fresh key, sealed to each node, and the manifest under it; piece k part k - 1, under a key that follows
 *  from it. once: made for piece 0 inside; for the others as sund_proposal_open() gave it to every node, its maker too. */
sund_code sund_leave_propose(sund_gate *g, const sund_envelope *head, const sund_session *s, const sund_key *once, const sund_release *r, uint32_t piece, sund_leave **out, sund_err *err) SUND_MUST_CHECK;
/** Pieces as they come, held against ours: same shape, texts and integers equal, reals within 1e-9 relative and spelled as this program writes them. ours must outlive it. Errors:
 *  SUND_E_MISMATCH naming table, row, column - never a value. Owns: sund_proposal_free(), safe on NULL. */
typedef struct sund_proposal sund_proposal;
sund_code sund_proposal_open(sund_proposal **out, const sund_release *ours, const sund_session *s, const sund_session_key *k, sund_cur piece, sund_err *err) SUND_MUST_CHECK;
sund_code sund_proposal_piece(sund_proposal *p, sund_cur piece, sund_err *err) SUND_MUST_CHECK;
const sund_key *sund_proposal_key(const sund_proposal *p);
uint32_t  sund_proposal_next(const sund_proposal *p); /**< the piece to come; 0: all are here */
/** When all are here, what was proposed takes the place of ours. */
sund_code sund_proposal_take(sund_proposal *p, sund_release **ours, sund_err *err) SUND_MUST_CHECK;
void      sund_proposal_free(sund_proposal *p);

/** A lookup's numbers at one node, before the rules; and its status after them. */
typedef enum sund_lookup_status { SUND_LOOKUP_COUNTED = 1, SUND_LOOKUP_BELOW, SUND_LOOKUP_NOT_COVERED, SUND_LOOKUP_REFUSED, SUND_LOOKUP_TIMEOUT } sund_lookup_status;
const char *sund_lookup_status_name(sund_lookup_status s); /**< "counted", "below-10", "not-covered", "refused", "timeout" */
typedef struct sund_lookup_cells { int64_t ac, an, hom, hemi, an_one; } sund_lookup_cells; /**< an_one: of an, of people with one copy; for the rules, not sent */
typedef struct sund_lookup_counts {
    sund_lookup_status status;
    bool              sexes;          /**< male and female are set */
    bool              open;           /**< of data declared open */
    sund_lookup_cells all, male, female; /**< hom, hemi -1 when hidden */
    int64_t           an_covered;     /**< AN were everybody called, where the callable regions hold the place; 0 outside; -1: they are not known. For the rules, not sent */
} sund_lookup_counts;
/** Rule `margins` at one node: below-10 when AC fails `mac` (0..9 are alike); then ac = 0 in what is written, and an is an_covered: of an AN from genotypes it would follow that there
 *  are some, so somebody's. For the same reason what is hidden is not-covered outside the callable regions, and below-10 without AN where these are not known, as what is absent is.
 *  Sexes only when both pass, and so does what they leave of the whole (people of unknown sex). hom and hemi only when every genotype cell that follows from them does. */
void      sund_margins_node(const sund_thresholds *t, sund_lookup_counts *c);
/** Rule `margins` over countries, at the hub: country numbers are shown only if none is hidden (below-10), or >= 3 are hidden and the
 *  hidden ones' residual is >= 10 can be promised; otherwise every country's becomes below-10 (kept out of sums too). */
void      sund_margins_countries(const sund_thresholds *t, sund_lookup_counts *c, size_t n);

#endif
