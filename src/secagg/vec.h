#ifndef SUND_SECAGG_VEC_H
#define SUND_SECAGG_VEC_H

#include "base/buf.h"
#include "base/crypto.h"

/** The sum. All that a node says in a study is one of these, masked; all that anyone does with them is add.
 *
 *      words  | n64 lanes of 64 bits | n128 lanes of 128 bits, low word first |
 *  Lanes are two's complement, modulo 2^64 and 2^128. Owns: sund_vec_free(), which wipes; safe on a zeroed one. */
typedef struct sund_vec {
    size_t    n64, n128;
    uint64_t *w; /**< n64 + 2 n128 words */
} sund_vec;

enum { SUND_VEC_MAX_WORDS = 1 << 22 }; /**< 32 MiB a chunk at most */

sund_code sund_vec_new(sund_vec *v, size_t n64, size_t n128, sund_err *err) SUND_MUST_CHECK; /**< zeros */
void      sund_vec_free(sund_vec *v);
size_t    sund_vec_words(const sund_vec *v);
/** a += b. Errors: SUND_E_MISMATCH when shapes differ. */
sund_code sund_vec_add(sund_vec *a, const sund_vec *b, sund_err *err) SUND_MUST_CHECK;
/** The same with b as written, read where it lies: vectors of megabytes are not copied to be added. */
sund_code sund_vec_add_bytes(sund_vec *a, sund_cur b, sund_err *err) SUND_MUST_CHECK;
bool      sund_vec_eq(const sund_vec *a, const sund_vec *b); /**< shape and lanes */
/** Value of 64-bit lane i, and of 128-bit lane i. */
int64_t   sund_vec_get64(const sund_vec *v, size_t i);
__extension__ __int128 sund_vec_get128(const sund_vec *v, size_t i);
void      sund_vec_add64(sund_vec *v, size_t i, int64_t x);
__extension__ void sund_vec_add128(sund_vec *v, size_t i, __int128 x);
/** Every |lane| <= 2^62 (2^126 for wide ones), as a plain total must be. Errors: SUND_E_FORMAT naming the lane, never its value. */
sund_code sund_vec_bounded(const sund_vec *v, sund_err *err) SUND_MUST_CHECK;
/** Bytes: u32 n64, u32 n128, words little-endian. */
void      sund_vec_write(const sund_vec *v, sund_buf *out);
/** BLAKE2b of these bytes, keyed. */
sund_digest sund_vec_digest(const sund_key *key, const sund_vec *v);
/** Whether bytes are a vector's. */
sund_code sund_vec_check(sund_cur bytes, sund_err *err) SUND_MUST_CHECK;
sund_code sund_vec_read(sund_vec *v, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;

#endif
