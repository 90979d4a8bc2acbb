#include "token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int ok)
{
    if (!ok) {
        fprintf(stderr, "# OpenSSL failed in a test's helper\n");
        exit(1);
    }
}

char *text_of(const char *fmt, ...)
{
    char   *s = NULL;
    va_list ap;

    va_start(ap, fmt);
    must(vasprintf(&s, fmt, ap) >= 0);
    va_end(ap);
    return s;
}

EVP_PKEY *token_rsa(unsigned bits) { return EVP_RSA_gen(bits); }
EVP_PKEY *token_ec(const char *curve) { return EVP_EC_gen(curve); }

static void put_bn(sund_buf *out, const EVP_PKEY *key, const char *param, int size)
{
    BIGNUM *b = NULL;
    uint8_t raw[1024];
    int     n;

    must(EVP_PKEY_get_bn_param(key, param, &b));
    n = size ? size : BN_num_bytes(b);
    must(n <= (int) sizeof raw && BN_bn2binpad(b, raw, n) == n);
    sund_base64url_write(raw, (size_t) n, out);
    BN_free(b);
}

char *token_jwks(EVP_PKEY *const *key, const char *const *kid, size_t n, const char *more)
{
    sund_buf b = { 0 };

    sund_buf_text(&b, "{\"keys\": [");
    for (size_t i = 0; i < n; i++) {
        bool rsa = EVP_PKEY_get_base_id(key[i]) == EVP_PKEY_RSA;

        sund_buf_printf(&b, "%s{\"kid\": \"%s\", \"kty\": \"%s\", %s%s\"%s\": \"", i ? ", " : "", kid[i], rsa ? "RSA" : "EC", rsa ? "" : "\"crv\": \"P-256\", ",
                        more, rsa ? "n" : "x");
        put_bn(&b, key[i], rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X, rsa ? 0 : 32);
        sund_buf_printf(&b, "\", \"%s\": \"", rsa ? "e" : "y");
        put_bn(&b, key[i], rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y, rsa ? 0 : 32);
        sund_buf_text(&b, "\"}");
    }
    sund_buf_text(&b, "]}");
    sund_buf_nul(&b);
    must(!b.bad);
    return (char *) b.p;
}

static size_t sign_by(EVP_PKEY *key, const char *alg, const sund_buf *what, uint8_t *out, size_t cap)
{
    EVP_MD_CTX   *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pc = NULL;
    size_t        n = cap;

    must(EVP_DigestSignInit(c, &pc, strstr(alg, "512") ? EVP_sha512() : strstr(alg, "384") ? EVP_sha384() : EVP_sha256(), NULL, key));
    if (alg[0] == 'P')
        must(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) && EVP_PKEY_CTX_set_rsa_pss_saltlen(pc, RSA_PSS_SALTLEN_DIGEST));
    must(EVP_DigestSign(c, out, &n, what->p, what->n));
    EVP_MD_CTX_free(c);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) { /* DER to r and s */
        const uint8_t *p = out;
        ECDSA_SIG     *sig = d2i_ECDSA_SIG(NULL, &p, (long) n);
        uint8_t        raw[64];

        must(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32) == 32 && BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32) == 32);
        ECDSA_SIG_free(sig);
        memcpy(out, raw, n = 64);
    }
    return n;
}

char *token_sign(const char *header, const char *claims, EVP_PKEY *key, const char *alg, const char *secret)
{
    sund_buf b = { 0 };
    uint8_t  sig[2048];
    unsigned n_mac = 0;
    size_t   n = 0;

    sund_base64url_write(header, strlen(header), &b);
    sund_buf_text(&b, ".");
    sund_base64url_write(claims, strlen(claims), &b);
    if (alg[0] == 'H') {
        must(HMAC(EVP_sha256(), secret, (int) strlen(secret), b.p, b.n, sig, &n_mac) != NULL);
        n = n_mac;
    }
    else if (strcmp(alg, "none") != 0) {
        n = sign_by(key, alg, &b, sig, sizeof sig);
    }
    sund_buf_text(&b, ".");
    sund_base64url_write(sig, n, &b);
    sund_buf_nul(&b);
    must(!b.bad);
    return (char *) b.p;
}

char *token_twin(const char *token)
{
    const char *at = strrchr(token, '.') + 1;
    sund_buf    sig = { 0 }, out = { 0 };
    BIGNUM     *n = NULL, *s;

    must(sund_base64url_read(at, strlen(at), &sig) && sig.n == 64);
    must(BN_hex2bn(&n, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"));
    s = BN_bin2bn(sig.p + 32, 32, NULL);
    must(s && BN_sub(s, n, s) && BN_bn2binpad(s, sig.p + 32, 32) == 32);
    sund_buf_put(&out, token, (size_t) (at - token));
    sund_base64url_write(sig.p, 64, &out);
    sund_buf_nul(&out);
    BN_free(n);
    BN_free(s);
    sund_buf_free(&sig);
    return (char *) out.p;
}

void token_issuer(sund_trust *t, const char *iss, const char *client, const char *people, const char *jwks)
{
    sund_issuer *i;
    sund_err     err = { SUND_OK, "" };

    t->issuer = t->issuer ? t->issuer : calloc(SUND_ISSUER_MAX, sizeof *t->issuer);
    must(t->issuer != NULL);
    i = &t->issuer[t->n++];
    (void) snprintf(i->iss, sizeof i->iss, "%s", iss);
    (void) snprintf(i->jku, sizeof i->jku, "%s%sjwk", iss, iss[strlen(iss) - 1] == '/' ? "" : "/");
    (void) snprintf(i->client, sizeof i->client, "%s", client);
    (void) snprintf(i->people, sizeof i->people, "%s", people);
    if (sund_jwks_parse(&i->keys, "test", jwks, strlen(jwks), &err) != SUND_OK) {
        fprintf(stderr, "# %s\n", err.msg);
        exit(1);
    }
}
