#include "secagg/gcm.h"

#include <limits.h>
#include <openssl/evp.h>

static void *gcm_open(const sund_key *key)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

    if (c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key->b, NULL, 0) == 1)
        return c;
    EVP_CIPHER_CTX_free(c);
    return NULL;
}

static void gcm_close(void *state) { EVP_CIPHER_CTX_free(state); } /* wipes */

/** Everything but the tag. */
static bool run(EVP_CIPHER_CTX *c, int seal, const uint8_t *nonce, sund_cur with, sund_cur in, uint8_t *out)
{
    int n = 0;

    return with.n <= INT_MAX && in.n <= INT_MAX && EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce, seal) == 1 &&
           (with.n == 0 || EVP_CipherUpdate(c, NULL, &n, with.p, (int) with.n) == 1) && (in.n == 0 || EVP_CipherUpdate(c, out, &n, in.p, (int) in.n) == 1);
}

static bool gcm_seal(void *state, const uint8_t *nonce, sund_cur with, sund_cur text, uint8_t *out)
{
    int n = 0;

    return run(state, 1, nonce, with, text, out) && EVP_CipherFinal_ex(state, out + text.n, &n) == 1 && EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_GCM_GET_TAG, SUND_AEAD_TAG, out + text.n) == 1;
}

static bool gcm_unseal(void *state, const uint8_t *nonce, sund_cur with, sund_cur sealed, uint8_t *out)
{
    uint8_t  tag[SUND_AEAD_TAG], none[16];
    sund_cur text = sund_cur_of(sealed.p, sealed.n - SUND_AEAD_TAG);
    int      n = 0;

    for (size_t i = 0; i < sizeof tag; i++)
        tag[i] = sealed.p[text.n + i];
    return run(state, 0, nonce, with, text, out) && EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_GCM_SET_TAG, SUND_AEAD_TAG, tag) == 1 && EVP_CipherFinal_ex(state, none, &n) == 1;
}

const sund_aead_way sund_gcm = { gcm_open, gcm_close, gcm_seal, gcm_unseal };
