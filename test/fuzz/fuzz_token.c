/* Tokens: a login with visas, a key set, and what a provider answers. The first byte says which. The keys that are trusted are in this file; nobody has their private
 * halves any more, so that whatever verifies was signed when the corpus was made: the signed part of each is in the corpus, and its digest here. */
#include "token/login.h"
#include "token/oidc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#include "token_keys.h"

static sund_trust trust;
static sund_pub   key;

static void issuer(sund_issuer *i, const char *iss, const char *client, const char *people, const char *jwks)
{
    strcpy(i->iss, iss);
    strcpy(i->jku, TOKENS_JKU);
    strcpy(i->client, client);
    strcpy(i->people, people);
    if (sund_jwks_parse(&i->keys, "fuzz", jwks, strlen(jwks), NULL) != SUND_OK)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc, (void) argv;
    if (sund_crypto_init(NULL) != SUND_OK || !sund_unhex(TOKENS_KEY, key.b, sizeof key.b))
        return 1;
    trust.issuer = calloc(2, sizeof *trust.issuer);
    if (!trust.issuer)
        return 1;
    trust.n = 2;
    issuer(&trust.issuer[0], TOKENS_ISS, "sund-test", TOKENS_ISS, TOKENS_JWKS);
    issuer(&trust.issuer[1], TOKENS_REMS, "", TOKENS_ISS, TOKENS_VISA_JWKS);
    return 0;
}

/** One of those that were signed. */
static void known(const char *s, size_t n)
{
    sund_jws *t = NULL;
    bool      there = false;

    if (sund_jws_read(&t, s, n, NULL) != SUND_OK)
        abort();
    for (size_t i = 0; i < sizeof tokens_signed / sizeof tokens_signed[0]; i++) {
        sund_digest d = sund_jws_content(t);

        there |= strcmp(sund_digest_hex(&d).s, tokens_signed[i]) == 0;
    }
    if (!there)
        abort();
    sund_jws_free(t);
}

static void login(const char *s, size_t n)
{
    static sund_login l;
    const char       *nl = n ? memchr(s, '\n', n) : NULL;
    sund_err          err;
    sund_buf          text = { 0 };

    if (sund_login_verify(&l, &trust, NULL, &key, sund_cur_of(s, n), TOKENS_NOW, &err) != SUND_OK)
        return;
    known(s, nl ? (size_t) (nl - s) : n);
    if (!l.subject[0] || l.n_visa + l.n_ignored > SUND_VISAS_MAX)
        abort();
    sund_login_visas_text(&l, &text);
    sund_buf_free(&text);
}

static void keys(const char *s, size_t n)
{
    sund_jwks *k = NULL;
    sund_err   err;

    if (sund_jwks_parse(&k, "fuzz", s, n, &err) != SUND_OK)
        return;
    if (!sund_jwks_count(k) || sund_jwks_count(k) > SUND_JWKS_KEYS)
        abort();
    sund_jwks_free(k);
}

static void provider(const char *s, size_t n)
{
    sund_oidc at;
    sund_buf  id = { 0 }, access = { 0 };
    sund_err  err;

    if (sund_oidc_discovery(s, n, &trust.issuer[0], &at, &err) == SUND_OK && (!sund_url_ok(at.authorization) || !sund_url_ok(at.token)))
        abort();
    (void) !sund_oidc_answer(s, n, &id, &access, &err);
    sund_buf_clear(&id);
    if (sund_oidc_visas(s, n, "ada", &id, &err) == SUND_OK && id.n > SUND_LOGIN_MAX)
        abort();
    sund_buf_free(&id);
    sund_buf_free(&access);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n == 0)
        return 0;
    switch (p[0]) {
    case 'k': keys((const char *) p + 1, n - 1); break;
    case 'p': provider((const char *) p + 1, n - 1); break;
    default: login((const char *) p + 1, n - 1); break;
    }
    return 0;
}
