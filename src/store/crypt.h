#ifndef SUND_STORE_CRYPT_H
#define SUND_STORE_CRYPT_H

#include "base/aead.h"
#include "store/key.h"

/* An encrypted file of a store: a head, and the file's bytes in units of 4 KiB, each sealed by itself, so that any can be read without the others.
 *
 *   head   "SUND3 encrypted "   8 bytes name of the key   u8 cipher (1)   u8 which file   6 bytes zero   16 bytes of the store   16 bytes of the file
 *   unit   12 bytes nonce       its bytes, encrypted      16 bytes tag
 *
 * The file's key is BLAKE2b keyed with the store's key over the whole head, and the last 16 bytes of that are random: no two files, and no two tries to write one, share a key.
 * Nonces are random. Sealed with each unit: u64 its number, u8 whether it is the last. So a unit that was altered, moved, exchanged or cut off does not open. */
enum { CRYPT_HEAD = 64, CRYPT_UNIT = 4096, CRYPT_OVER = SUND_AEAD_NONCE + SUND_AEAD_TAG, CRYPT_STORE = 16, CRYPT_SEALED = CRYPT_UNIT + CRYPT_OVER };
enum { F_MANIFEST = 100, F_JOURNAL = 101 }; /* which file, beside those of store_priv.h */

/* What a store's files are encrypted as. key NULL: they are not. */
typedef struct crypt_as { const sund_store_key *key; uint8_t store[CRYPT_STORE]; } crypt_as;

/** Whether bytes begin as an encrypted file does. */
bool sund_crypt_is(const void *p, size_t n);
/** A new file's head. */
void sund_crypt_head(const crypt_as *as, unsigned file, uint8_t head[CRYPT_HEAD]);
/** The file's own key, made ready. */
sund_code sund_crypt_begin(const sund_store_key *key, const uint8_t head[CRYPT_HEAD], sund_aead **a, sund_err *err) SUND_MUST_CHECK;
/** One unit: out has room for text.n + CRYPT_OVER. */
sund_code sund_crypt_seal(sund_aead *a, uint64_t unit, bool last, sund_cur text, uint8_t *out, sund_err *err) SUND_MUST_CHECK;
/** A whole file in memory, appended to out. */
sund_code sund_crypt_bytes(const crypt_as *as, unsigned file, sund_cur text, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/* An encrypted file to read. n: bytes once decrypted. */
typedef struct crypt_file { const uint8_t *p; uint64_t n, n_unit; char path[1100]; } crypt_file;
/** p, n: its bytes, which stay while it is read. as: its key is filled in when it is NULL, and its store when any_store. Errors: SUND_E_DENIED without the key, naming it and
 *  what to give; SUND_E_FORMAT for what is not such a file, or of another store. */
sund_code sund_crypt_open(crypt_file *c, const char *path, sund_cur bytes, unsigned file, crypt_as *as, bool any_store, sund_err *err) SUND_MUST_CHECK;
/** Bytes [from, from + n) into out; a is of sund_crypt_begin() and of one thread. Errors: SUND_E_FORMAT naming file and place; out then holds nothing of it. */
sund_code sund_crypt_read(const crypt_file *c, sund_aead *a, uint64_t from, size_t n, uint8_t *out, sund_err *err) SUND_MUST_CHECK;
/** The whole of one in memory, of any store, appended to out: what sund_crypt_bytes() made. as: filled in. */
sund_code sund_crypt_text(const char *path, sund_cur bytes, unsigned file, crypt_as *as, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
