#include "base/aead.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(SUND_AEAD_NONCE == crypto_aead_aes256gcm_NPUBBYTES && SUND_AEAD_TAG == crypto_aead_aes256gcm_ABYTES, "AES-256-GCM");

struct sund_aead { const sund_aead_way *way; void *state; };

void *sund_secret_new(size_t n) { return sodium_malloc(n); }
void  sund_secret_free(void *p) { sodium_free(p); }

static void *sodium_open(const sund_key *key)
{
    void *state = crypto_aead_aes256gcm_is_available() ? sodium_malloc(crypto_aead_aes256gcm_statebytes()) : NULL;

    if (state)
        (void) crypto_aead_aes256gcm_beforenm(state, key->b);
    return state;
}

static bool sodium_seal(void *state, const uint8_t *nonce, sund_cur with, sund_cur text, uint8_t *out)
{
    return crypto_aead_aes256gcm_encrypt_afternm(out, NULL, text.p, text.n, with.p, with.n, NULL, nonce, state) == 0;
}

static bool sodium_unseal(void *state, const uint8_t *nonce, sund_cur with, sund_cur sealed, uint8_t *out)
{
    return crypto_aead_aes256gcm_decrypt_afternm(out, NULL, NULL, sealed.p, sealed.n, with.p, with.n, nonce, state) == 0;
}

const sund_aead_way         sund_aead_sodium = { sodium_open, sodium_free, sodium_seal, sodium_unseal };
static const sund_aead_way *chosen = &sund_aead_sodium;

void sund_aead_by(const sund_aead_way *way) { chosen = way; }

sund_code sund_aead_new(sund_aead **out, const sund_key *key, sund_err *err)
{
    sund_aead *a = calloc(1, sizeof *a);

    if (!a)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    a->way = chosen;
    a->state = a->way->open(key);
    if (!a->state) {
        free(a);
        return sund_fail(err, SUND_E_LIMIT, "AES-256-GCM is not to be had here: no memory, or a processor without AES");
    }
    *out = a;
    return SUND_OK;
}

void sund_aead_free(sund_aead *a)
{
    if (!a)
        return;
    a->way->close(a->state);
    free(a);
}

bool sund_aead_seal(sund_aead *a, const uint8_t nonce[SUND_AEAD_NONCE], sund_cur with, sund_cur text, uint8_t *out) { return a->way->seal(a->state, nonce, with, text, out); }

bool sund_aead_unseal(sund_aead *a, const uint8_t nonce[SUND_AEAD_NONCE], sund_cur with, sund_cur sealed, uint8_t *out)
{
    if (sealed.n < SUND_AEAD_TAG)
        return false;
    if (a->way->unseal(a->state, nonce, with, sealed, out))
        return true;
    memset(out, 0, sealed.n - SUND_AEAD_TAG);
    return false;
}
