#include "base/crypto.h"

#include "base/map.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(((sund_hasher *) 0)->state), "hasher state");
_Static_assert(crypto_box_SEALBYTES == SUND_SEAL_OVERHEAD, "seal overhead");

sund_code sund_crypto_init(sund_err *err)
{
    return sodium_init() < 0 ? sund_fail(err, SUND_E_IO, "no source of randomness") : SUND_OK;
}

sund_digest sund_digest_of(const void *p, size_t n)
{
    sund_hasher h;

    sund_hasher_init(&h);
    sund_hasher_add(&h, p, n);
    return sund_hasher_end(&h);
}

sund_digest sund_digest_of_large(const void *p, size_t n)
{
    sund_hasher h;

    sund_hasher_init(&h);
    for (size_t at = 0; at < n; at += SUND_MAP_PIECE) {
        sund_hasher_add(&h, (const uint8_t *) p + at, n - at < SUND_MAP_PIECE ? n - at : SUND_MAP_PIECE);
        sund_maps_rest();
    }
    return sund_hasher_end(&h);
}

sund_digest sund_digest_keyed(const sund_key *key, const void *p, size_t n)
{
    sund_digest d;

    (void) crypto_generichash(d.b, sizeof d.b, p, n, key->b, sizeof key->b);
    return d;
}

bool sund_digest_eq(const sund_digest *a, const sund_digest *b)
{
    return sodium_memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* The library wants its state on 64 bytes, which what calloc gives is not: it is worked on in a place of its own. */
static void init(sund_hasher *h, const uint8_t *key, size_t n)
{
    crypto_generichash_state s;

    memset(h, 0, sizeof *h);
    (void) crypto_generichash_init(&s, key, n, 32);
    memcpy(h->state, &s, sizeof s);
    sund_wipe(&s, sizeof s);
}

void sund_hasher_init(sund_hasher *h) { init(h, NULL, 0); }
void sund_hasher_init_keyed(sund_hasher *h, const sund_key *key) { init(h, key->b, sizeof key->b); }

void sund_hasher_add(sund_hasher *h, const void *p, size_t n)
{
    crypto_generichash_state s;
    const uint8_t           *at = p;

    memcpy(&s, h->state, sizeof s);
    for (; n > SUND_MAP_PIECE; at += SUND_MAP_PIECE, n -= SUND_MAP_PIECE) {
        (void) crypto_generichash_update(&s, at, SUND_MAP_PIECE);
        sund_maps_rest(); /* it may be a text of all variants */
    }
    (void) crypto_generichash_update(&s, at, n);
    memcpy(h->state, &s, sizeof s);
}

sund_digest sund_hasher_end(sund_hasher *h)
{
    crypto_generichash_state s;
    sund_digest              d;

    memcpy(&s, h->state, sizeof s);
    (void) crypto_generichash_final(&s, d.b, sizeof d.b);
    memcpy(h->state, &s, sizeof s);
    return d;
}

void sund_random(void *p, size_t n) { randombytes_buf(p, n); }
void sund_wipe(void *p, size_t n) { sodium_memzero(p, n); }

void sund_sign_keypair(sund_pub *pub, sund_sign_key *key) { (void) crypto_sign_keypair(pub->b, key->b); }

sund_pub sund_sign_pub(const sund_sign_key *key)
{
    sund_pub pub;

    (void) crypto_sign_ed25519_sk_to_pk(pub.b, key->b);
    return pub;
}

sund_sig sund_sign(const sund_sign_key *key, const void *p, size_t n)
{
    sund_sig sig;

    (void) crypto_sign_detached(sig.b, NULL, p, n, key->b);
    return sig;
}

bool sund_verify(const sund_pub *pub, const sund_sig *sig, const void *p, size_t n)
{
    return crypto_sign_verify_detached(sig->b, p, n, pub->b) == 0;
}

void sund_dh_keypair(sund_pub *pub, sund_key *key) { (void) crypto_box_keypair(pub->b, key->b); }

sund_pub sund_dh_pub(const sund_key *key)
{
    sund_pub pub;

    (void) crypto_scalarmult_base(pub.b, key->b);
    return pub;
}

sund_code sund_dh(const sund_key *mine, const sund_pub *theirs, sund_key *shared, sund_err *err)
{
    if (crypto_scalarmult(shared->b, mine->b, theirs->b) != 0)
        return sund_fail(err, SUND_E_DENIED, "a peer's ephemeral key is not a usable X25519 key");
    return SUND_OK;
}

sund_code sund_seal(const sund_pub *to, const void *p, size_t n, uint8_t *out, sund_err *err)
{
    if (crypto_box_seal(out, p, n, to->b) != 0)
        return sund_fail(err, SUND_E_DENIED, "cannot seal to a peer's key");
    return SUND_OK;
}

sund_code sund_unseal(const sund_key *mine, const void *p, size_t n, uint8_t *out, sund_err *err)
{
    sund_pub pub = sund_dh_pub(mine);

    if (n < SUND_SEAL_OVERHEAD || crypto_box_seal_open(out, p, n, pub.b, mine->b) != 0)
        return sund_fail(err, SUND_E_DENIED, "a sealed message does not open: it was made for another key or altered");
    return SUND_OK;
}

/* The key is used once, so a fixed nonce never repeats with it. */
static const uint8_t zero_nonce[crypto_secretbox_NONCEBYTES];

void sund_lock(const sund_key *once, const void *p, size_t n, uint8_t *out)
{
    (void) crypto_secretbox_easy(out, p, n, zero_nonce, once->b);
}

sund_code sund_unlock(const sund_key *once, const void *p, size_t n, uint8_t *out, sund_err *err)
{
    if (n < crypto_secretbox_MACBYTES || crypto_secretbox_open_easy(out, p, n, zero_nonce, once->b) != 0)
        return sund_fail(err, SUND_E_DENIED, "a locked message does not open: it was altered");
    return SUND_OK;
}

sund_digest sund_sha256(const void *p, size_t n)
{
    sund_digest d;

    _Static_assert(sizeof d.b == crypto_hash_sha256_BYTES, "SHA-256");
    (void) crypto_hash_sha256(d.b, p, n);
    return d;
}

_Static_assert(sizeof(crypto_hash_sha512_state) <= sizeof(sund_sha512), "the state of SHA-512 has room");

void sund_sha512_begin(sund_sha512 *h) { (void) crypto_hash_sha512_init((crypto_hash_sha512_state *) (void *) h); }
void sund_sha512_add(sund_sha512 *h, const void *p, size_t n) { (void) crypto_hash_sha512_update((crypto_hash_sha512_state *) (void *) h, p, n); }

void sund_sha512t24u(sund_sha512 *h, char out[33])
{
    uint8_t d[crypto_hash_sha512_BYTES];

    (void) crypto_hash_sha512_final((crypto_hash_sha512_state *) (void *) h, d);
    (void) sodium_bin2base64(out, 33, d, 24, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void sund_base64url_write(const void *p, size_t n, sund_buf *out)
{
    size_t cap = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    if (!sund_buf_room(out, cap))
        return;
    (void) sodium_bin2base64((char *) out->p + out->n, cap, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    out->n += cap - 1; /* without its NUL */
}

bool sund_base64url_read(const char *s, size_t n, sund_buf *out)
{
    size_t      got = 0;
    const char *end = NULL;

    sund_buf_clear(out);
    if (!sund_buf_room(out, n / 4 * 3 + 3) || sodium_base642bin(out->p, out->cap, s, n, NULL, &got, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || end != s + n)
        return false;
    out->n = got;
    return true;
}

void sund_hex(const void *p, size_t n, char *out) { (void) sodium_bin2hex(out, 2 * n + 1, p, n); }

bool sund_unhex(const char *s, void *out, size_t n)
{
    size_t      got = 0;
    const char *end = NULL;

    return strlen(s) == 2 * n && sodium_hex2bin(out, n, s, 2 * n, NULL, &got, &end) == 0 && got == n &&
           *end == 0;
}

sund_hex64 sund_digest_hex(const sund_digest *d)
{
    sund_hex64 h;

    sund_hex(d->b, sizeof d->b, h.s);
    return h;
}
