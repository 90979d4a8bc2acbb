#ifndef SUND_STORE_ENCRYPT_H
#define SUND_STORE_ENCRYPT_H

#include "store/key.h"
#include "store/store.h"

/** Writes the store `from`, in the clear or encrypted with a key that the process has, to `to`, encrypted with another: byte for byte the same inside, so the same release. Every byte is held against the
 *  manifest's digests on the way. `to` appears whole or not at all. progress may be NULL.
 *  Errors: SUND_E_MISMATCH when `to` or `to`.part is there; SUND_E_FORMAT naming a file of `from` that is damaged. */
sund_code sund_store_encrypt(const char *from, const char *to, const sund_store_key *key, void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
