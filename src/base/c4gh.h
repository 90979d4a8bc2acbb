#ifndef SUND_BASE_C4GH_H
#define SUND_BASE_C4GH_H

#include "base/crypto.h"

/** Files encrypted by GA4GH's Crypt4GH 1.0, and its keys. Reading only: a header's packets are X25519 with ChaCha20-Poly1305 under BLAKE2b-512(shared || reader || writer), its first
 *  32 bytes; behind it are segments of 64 KiB, each nonce, ciphertext and tag. An edit list is refused. The format does not bind the segments' number and order: what is inside must. */
enum { SUND_C4GH_SEGMENT = 1 << 16, SUND_C4GH_OVER = 28, SUND_C4GH_SEALED = SUND_C4GH_SEGMENT + SUND_C4GH_OVER, SUND_C4GH_KEYS = 8, SUND_C4GH_HEAD_MAX = 1 << 20 };

/** What it takes to read one file, and nothing else: keys of its data. n_key 0: the file is not encrypted. */
typedef struct sund_c4gh {
    sund_key key[SUND_C4GH_KEYS];
    size_t   n_key, at; /**< at: where segments begin */
} sund_c4gh;

/** A new pair without passphrase: the secret one into path (mode 0600), the public one into path.pub, both in Crypt4GH's own form; it also goes to pub.
 *  Errors: SUND_E_MISMATCH when one is there. */
sund_code sund_c4gh_key_make(const char *path, sund_buf *pub, sund_err *err) SUND_MUST_CHECK;
/** Of a file that is its owner's alone. Errors: SUND_E_DENIED (rights), SUND_E_FORMAT, also for one with a passphrase; never with anything of what is in it. */
sund_code sund_c4gh_key_read(const char *path, sund_key *secret, sund_err *err) SUND_MUST_CHECK;
/** The text of such a file. */
sund_code sund_c4gh_key_parse(const char *what, const void *p, size_t n, sund_key *secret, sund_err *err) SUND_MUST_CHECK;

bool sund_c4gh_is(const void *p, size_t n); /**< by its first eight bytes */
/** The header at p; bytes of segments may follow. Packets for others are passed over. Errors, with what: SUND_E_FORMAT, SUND_E_DENIED when no packet is for this key, SUND_E_LIMIT. */
sund_code sund_c4gh_head(const char *what, const void *p, size_t n, const sund_key *secret, sund_c4gh *out, sund_err *err) SUND_MUST_CHECK;
/** As _head, of a file; out->n_key is 0 where it is not encrypted. */
sund_code sund_c4gh_head_of(const char *path, const sund_key *secret, sund_c4gh *out, sund_err *err) SUND_MUST_CHECK;

/** How many bytes are inside of a file of n_file. Errors: SUND_E_FORMAT when it ends inside a nonce or tag. */
sund_code sund_c4gh_size(const sund_c4gh *c, const char *what, uint64_t n_file, uint64_t *n, sund_err *err) SUND_MUST_CHECK;
/** Segment i of the file fd, of n_file bytes: out has SUND_C4GH_SEGMENT bytes of room; *n is 0 behind the last. sealed: SUND_C4GH_SEALED bytes to work in. */
sund_code sund_c4gh_segment(const sund_c4gh *c, const char *what, int fd, uint64_t i, uint8_t *sealed, uint8_t *out, size_t *n, sund_err *err) SUND_MUST_CHECK;
/** Bytes [from, from + n) of the inside; they must be there. */
sund_code sund_c4gh_read(const sund_c4gh *c, const char *what, int fd, uint64_t from, size_t n, uint8_t *out, sund_err *err) SUND_MUST_CHECK;

#endif
