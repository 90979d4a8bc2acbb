#ifndef SUND_BASE_AEAD_H
#define SUND_BASE_AEAD_H

#include "base/buf.h"
#include "base/crypto.h"

/** AES-256-GCM over many messages under one key (NIST SP 800-38D): what is altered, or was sealed under another key, nonce or additional data, does not open. */
enum { SUND_AEAD_NONCE = 12, SUND_AEAD_TAG = 16 };

/** A key made ready. For one thread at a time. Owns: sund_aead_free(), safe on NULL. Errors: SUND_E_LIMIT where this processor has no AES and nobody gave a way without. */
typedef struct sund_aead sund_aead;
sund_code sund_aead_new(sund_aead **a, const sund_key *key, sund_err *err) SUND_MUST_CHECK;
void      sund_aead_free(sund_aead *a);
/** out: text.n + SUND_AEAD_TAG bytes, not overlapping text. A nonce is for one message of a key. False: the library failed. */
bool sund_aead_seal(sund_aead *a, const uint8_t nonce[SUND_AEAD_NONCE], sund_cur with, sund_cur text, uint8_t *out) SUND_MUST_CHECK;
/** sealed: as _seal made it. out: sealed.n - SUND_AEAD_TAG bytes. False: it does not open, and out holds zeros. */
bool sund_aead_unseal(sund_aead *a, const uint8_t nonce[SUND_AEAD_NONCE], sund_cur with, sund_cur sealed, uint8_t *out) SUND_MUST_CHECK;

/** Another way to the same bytes: secagg/gcm.h has one, more than twice as fast on processors with wide AES and for those without AES too. unseal may leave anything in
 *  out when it says false. Named once, before there are threads and keys. */
typedef struct sund_aead_way {
    void *(*open)(const sund_key *key); /**< NULL: it cannot */
    void (*close)(void *state);
    bool (*seal)(void *state, const uint8_t *nonce, sund_cur with, sund_cur text, uint8_t *out);
    bool (*unseal)(void *state, const uint8_t *nonce, sund_cur with, sund_cur sealed, uint8_t *out);
} sund_aead_way;
extern const sund_aead_way sund_aead_sodium; /**< the way unless another is named */
void                       sund_aead_by(const sund_aead_way *way);

/** Memory for secrets: not in core files, not in swap where the system lets, wiped when freed. NULL: out of memory. */
void *sund_secret_new(size_t n);
void  sund_secret_free(void *p); /**< safe on NULL */

#endif
