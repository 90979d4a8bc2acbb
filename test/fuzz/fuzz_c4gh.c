/* Crypt4GH: the first byte says what the rest is: a header as it is, the inside of a packet that is encrypted for the key here, or a key file. */
#include "base/c4gh.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void head(const sund_key *k, const uint8_t *p, size_t n)
{
    sund_c4gh c;
    sund_err  err = { SUND_OK, "" };

    if (sund_c4gh_head("file", p, n, k, &c, &err) != SUND_OK ? !err.msg[0] || c.n_key : c.at > n || !c.n_key || c.n_key > SUND_C4GH_KEYS)
        abort();
}

static void inside(const sund_key *k, const uint8_t *p, size_t n)
{
    static const sund_key writer = { { 9 } };
    uint8_t               rx[32], tx[32], nonce[12] = { 0 }, sealed[4096 + 16];
    sund_pub              pub = sund_dh_pub(&writer), to = sund_dh_pub(k);
    unsigned long long    got;
    sund_buf              b = { 0 };

    n = n < 4096 ? n : 4096;
    if (crypto_kx_server_session_keys(rx, tx, pub.b, writer.b, to.b) != 0)
        return;
    (void) crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &got, p, n, NULL, 0, NULL, nonce, tx);
    sund_buf_put(&b, "crypt4gh\1\0\0\0\1\0\0\0", 16);
    sund_buf_u32(&b, (uint32_t) (52 + got));
    sund_buf_u32(&b, 0);
    sund_buf_put(&b, pub.b, 32);
    sund_buf_put(&b, nonce, 12);
    sund_buf_put(&b, sealed, got);
    if (!b.bad)
        head(k, b.p, b.n);
    sund_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const sund_key k = { { 1, 2, 3 } };
    sund_key              read;
    sund_err              err = { SUND_OK, "" };

    if (n < 1 || sund_crypto_init(NULL) != SUND_OK)
        return 0;
    switch (p[0] % 3) {
    case 0: head(&k, p + 1, n - 1); break;
    case 1: inside(&k, p + 1, n - 1); break;
    default:
        if (sund_c4gh_key_parse("key", p + 1, n - 1, &read, &err) != SUND_OK && !err.msg[0])
            abort();
    }
    return 0;
}
