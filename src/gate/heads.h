#ifndef SUND_GATE_HEADS_H
#define SUND_GATE_HEADS_H

#include "gate/ledger.h"
#include "secagg/roster.h"

/** Heads of ledgers, exchanged between a node and the hub: each has the other's in its own ledger, so a log that was rewritten or set back does not fit
 *  what others hold of it.
 *
 *      node  -> hub   HEADS: own n, own head; how many entries of the hub's it has seen
 *      hub   -> node  own n, own head; digest of its entry of that number (zeros: it has no such); what it held of the node's log until now: n, head
 *  The node checks that the hub's earlier entry is the one it has seen, and that its own entry n is the one that the hub has seen. The hub checks that the
 *  node's log has not become shorter, or another of the same length. What does not fit is in the ledger and an error for the process's log. An entry is
 *      heads  "log of FI: 123 entries, head <64 hex>" */
typedef struct sund_head { uint64_t n; sund_digest d; } sund_head; /**< n 0, zeros: nothing */

enum { SUND_HEADS_ASK = 48, SUND_HEADS_ANSWER = 112 };
sund_code sund_heads_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the table */
/** Own head; and own entry n, zeros when there is none. */
sund_code sund_head_own(sund_db *db, sund_head *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_head_at(sund_db *db, uint64_t n, sund_digest *out, sund_err *err) SUND_MUST_CHECK;
/** Whether the ledger has grown by more than heads since they were last exchanged. */
sund_code sund_heads_due(sund_db *db, const char *with, bool *due, sund_err *err) SUND_MUST_CHECK;

sund_code sund_heads_ask(sund_db *db, const char *hub, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** The hub's part: answers, remembers, and logs: a node's head at most every 10 s, but always what does not fit. alarm: "" or what is wrong. */
sund_code sund_heads_answer(sund_db *db, const char *node, sund_cur ask, sund_buf *out, char alarm[240], sund_err *err) SUND_MUST_CHECK;
/** The node's part. */
sund_code sund_heads_take(sund_db *db, const char *hub, sund_cur answer, char alarm[240], sund_err *err) SUND_MUST_CHECK;

/** Of a ledger entry: whose log, and its head. */
bool      sund_heads_entry(const sund_ledger_entry *e, char who[SUND_ID_MAX + 1], sund_head *head);
/** Holds one saying of `who`'s log against that log. *fits false: it has another entry of that number, or none. */
sund_code sund_heads_fit(sund_db *log, const sund_head *said, bool *fits, sund_err *err) SUND_MUST_CHECK;

#endif
