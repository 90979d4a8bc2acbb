#ifndef SUND_STORE_KEY_H
#define SUND_STORE_KEY_H

#include "base/crypto.h"

/** Keys that stores are encrypted with (doc/format.md, "Encryption"). A process keeps those that it was given until it ends, in memory that is neither in core
 *  files nor, where the system lets, in swap; sund_store_open() finds the one it needs by its name. Any thread. */
typedef struct sund_store_key sund_store_key;
enum { SUND_STORE_KEY_NAME = 16 };

/** A new key into a new file of mode 0600: "sund-store-key", a blank, 64 hex digits, a newline. name: the key's. Errors: SUND_E_MISMATCH when the file is there. */
sund_code sund_store_key_make(const char *path, char name[SUND_STORE_KEY_NAME + 1], sund_err *err) SUND_MUST_CHECK;
/** Keeps the key of a file that is its owner's alone, or, as "credential:NAME", of a credential that systemd gave this service. k may be NULL.
 *  Errors: SUND_E_DENIED for a file that others may read, SUND_E_FORMAT, _NOT_FOUND, never with anything of what is in it. */
sund_code sund_store_key_add(const char *from, const sund_store_key **k, sund_err *err) SUND_MUST_CHECK;
/** The credential "sund-store-key", if this service was given it; else nothing. */
sund_code sund_store_key_add_given(sund_err *err) SUND_MUST_CHECK;
/** NULL when the process was not given it. */
const sund_store_key *sund_store_key_find(const char *name);
/** 16 hex digits that follow from the key, and from which it does not. */
const char *sund_store_key_name(const sund_store_key *k);
/** The only key of the process, or NULL when there is none or more than one: for messages. */
const sund_store_key *sund_store_key_only(void);
/** A key for one purpose. */
sund_digest sund_store_key_derive(const sund_store_key *k, const void *p, size_t n);
/** Wipes all of them. No store may be open. */
void sund_store_keys_forget(void);

/** The text of a key file. */
bool sund_store_key_parse(const void *p, size_t n, sund_key *out) SUND_MUST_CHECK;

#endif
