#ifndef SUND_BASE_CRYPTO_H
#define SUND_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/** The cryptography everything else uses, by libsodium. One obvious call per job, no options. */

typedef struct sund_digest { uint8_t b[32]; } sund_digest;         /**< BLAKE2b-256 */
typedef struct sund_key { uint8_t b[32]; } sund_key;               /**< a secret 32-byte key */
typedef struct sund_pub { uint8_t b[32]; } sund_pub;               /**< Ed25519 or X25519 public key */
typedef struct sund_sig { uint8_t b[64]; } sund_sig;               /**< Ed25519 signature */
typedef struct sund_sign_key { uint8_t b[64]; } sund_sign_key;     /**< Ed25519 secret key */

enum { SUND_SEAL_OVERHEAD = 48 }; /**< bytes that sund_seal() adds */

/** Must be called once before anything else here; aborts nothing, fails when there is no randomness. */
sund_code sund_crypto_init(sund_err *err) SUND_MUST_CHECK;

sund_digest sund_digest_of(const void *p, size_t n);
/** The same of a map or large array, which rests on the way. */
sund_digest sund_digest_of_large(const void *p, size_t n);
/** Keyed BLAKE2b-256: a key derivation for 32-byte keys. */
sund_digest sund_digest_keyed(const sund_key *key, const void *p, size_t n);
bool        sund_digest_eq(const sund_digest *a, const sund_digest *b);

/** Incremental BLAKE2b-256. */
typedef struct sund_hasher { uint8_t state[384]; } sund_hasher; /**< bytes: a struct that holds one needs no more alignment than malloc gives */
void        sund_hasher_init(sund_hasher *h);
void        sund_hasher_init_keyed(sund_hasher *h, const sund_key *key);
void        sund_hasher_add(sund_hasher *h, const void *p, size_t n);
sund_digest sund_hasher_end(sund_hasher *h);

void     sund_random(void *p, size_t n);
void     sund_wipe(void *p, size_t n);

void     sund_sign_keypair(sund_pub *pub, sund_sign_key *key);
sund_pub sund_sign_pub(const sund_sign_key *key); /**< the public half of a secret key */
sund_sig sund_sign(const sund_sign_key *key, const void *p, size_t n);
bool     sund_verify(const sund_pub *pub, const sund_sig *sig, const void *p, size_t n) SUND_MUST_CHECK;

void     sund_dh_keypair(sund_pub *pub, sund_key *key); /**< X25519 */
sund_pub sund_dh_pub(const sund_key *key);
/** X25519 shared secret. Errors: SUND_E_DENIED for a low-order public key. */
sund_code sund_dh(const sund_key *mine, const sund_pub *theirs, sund_key *shared, sund_err *err) SUND_MUST_CHECK;

/** Anonymous sealed box to an X25519 key: out has n + SUND_SEAL_OVERHEAD bytes. */
sund_code sund_seal(const sund_pub *to, const void *p, size_t n, uint8_t *out, sund_err *err) SUND_MUST_CHECK;
/** Opens it: out has n - SUND_SEAL_OVERHEAD bytes. Errors: SUND_E_DENIED when it does not open. */
sund_code sund_unseal(const sund_key *mine, const void *p, size_t n, uint8_t *out, sund_err *err) SUND_MUST_CHECK;

/** Symmetric sealing (XSalsa20-Poly1305) under a key used for one message only: out has n + 16 bytes. */
void      sund_lock(const sund_key *once, const void *p, size_t n, uint8_t *out);
sund_code sund_unlock(const sund_key *once, const void *p, size_t n, uint8_t *out, sund_err *err) SUND_MUST_CHECK;

/** SHA-256, where others' protocols want it. */
sund_digest sund_sha256(const void *p, size_t n);
/** SHA-512 of bytes that come piece by piece, and its first 24 bytes as base64url: GA4GH's sha512t24u, 32 characters. */
typedef struct sund_sha512 { uint64_t state[32]; } sund_sha512;
void sund_sha512_begin(sund_sha512 *h);
void sund_sha512_add(sund_sha512 *h, const void *p, size_t n);
void sund_sha512t24u(sund_sha512 *h, char out[33]);
/** base64url without padding (RFC 4648, section 5), appended to out. */
void sund_base64url_write(const void *p, size_t n, sund_buf *out);
/** Exactly one way to write each byte string: no padding, blanks or spare bits that are set. out is replaced. */
bool sund_base64url_read(const char *s, size_t n, sund_buf *out) SUND_MUST_CHECK;

/** Lower-case hex; out has 2 n + 1 bytes. */
void sund_hex(const void *p, size_t n, char *out);
/** Exactly n bytes from 2 n hex digits and nothing else. */
bool sund_unhex(const char *s, void *out, size_t n) SUND_MUST_CHECK;

typedef struct sund_hex64 { char s[65]; } sund_hex64;
sund_hex64 sund_digest_hex(const sund_digest *d); /**< for printing: sund_digest_hex(&d).s */

#endif
