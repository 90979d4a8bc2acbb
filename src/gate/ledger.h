#ifndef SUND_GATE_LEDGER_H
#define SUND_GATE_LEDGER_H

#include "base/crypto.h"
#include "base/db.h"

/** The hash-chained log: append-only; each entry holds the digest of the one before.
 *      digest_i = BLAKE2b(digest_{i-1} || u64 i || str time || str kind || str study || str text)
 *  Text is one line for people: rule names, sizes, digests; never person-level data. */
sund_code sund_ledger_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the table */
sund_code sund_ledger_add(sund_db *db, const char *kind, const char *study, sund_err *err, const char *fmt, ...) SUND_MUST_CHECK SUND_PRINTF(5, 6);
/** What holds from now on: adds "WHAT: VALUE" of kind "setting", unless the last such entry about WHAT says so already, or there is none and the value is `unset` (may be NULL). */
sund_code sund_ledger_note(sund_db *db, const char *what, const char *value, const char *unset, sund_err *err) SUND_MUST_CHECK;
/** Recomputes the chain. Errors: SUND_E_FORMAT naming the first entry that was altered, removed or inserted. head may be NULL. */
sund_code sund_ledger_verify(sund_db *db, uint64_t *n, sund_digest *head, sund_err *err) SUND_MUST_CHECK;
typedef struct sund_ledger_entry { uint64_t i; const char *time, *kind, *study, *text; sund_digest digest; } sund_ledger_entry;
sund_code sund_ledger_each(sund_db *db, sund_code (*each)(void *ctx, const sund_ledger_entry *e, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
