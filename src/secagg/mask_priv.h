#ifndef SUND_SECAGG_MASK_PRIV_H
#define SUND_SECAGG_MASK_PRIV_H

#include "secagg/envelope.h"
#include "secagg/mask.h"

/* Only sund_mask() fills one, so whoever holds a sund_masked holds masked bytes. Behind room for the header of the envelope that they leave in: a vector of megabytes
 * is not copied for it. */
struct sund_masked { sund_buf bytes; size_t n64, n128; sund_digest digest; unsigned n_held; /* by others than who made it */ };
/** Its lanes where they lie, turned from how they are sent (little-endian) to how the machine has them; called again, back. */
sund_vec sund_masked_turn(sund_masked *y);

/** The AES-256-CTR stream of a key, from counter 0. Owns: sund_stream_close(), safe on a zeroed
 * one. */
typedef struct sund_stream {
    struct evp_cipher_ctx_st *ctx;
} sund_stream;
sund_code sund_stream_open(sund_stream *s, const uint8_t key[32], sund_err *err) SUND_MUST_CHECK;
sund_code sund_stream_next(sund_stream *s, void *out, size_t n,
                           sund_err *err) SUND_MUST_CHECK; /**< n <= 65,536 */
void      sund_stream_close(sund_stream *s);

#endif
