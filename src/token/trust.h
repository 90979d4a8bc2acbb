#ifndef SUND_TOKEN_TRUST_H
#define SUND_TOKEN_TRUST_H

#include "token/jws.h"

/** Whose tokens a home believes: its own list, in trust.ini, which `sund trust` keeps. No key and
 * no address is ever taken from a token.
 *
 *      [issuer https://login.example.org/oidc]
 *      jku    = https://login.example.org/oidc/jwks
 *      client = sund-north                          # logins: the name of the federation there,
 * which must be a token's audience people = https://login.example.org/oidc      # visas: whose
 * names of people (sub) its visas use
 *
 *  Its keys are in trust/ + the first half of the issuer's digest + .jwks, as they were last
 * fetched or given. An issuer without `client` logs nobody in; one without `people` gives no visas;
 * it has one of the two at least. */
enum { SUND_URL_MAX = 255, SUND_ISSUER_MAX = 64 };
typedef struct sund_issuer {
    char       iss[SUND_URL_MAX + 1], jku[SUND_URL_MAX + 1], client[SUND_URL_MAX + 1], people[SUND_URL_MAX + 1];
    sund_jwks *keys;
} sund_issuer;
typedef struct sund_trust {
    sund_issuer *issuer;
    size_t       n;
} sund_trust;

/** The list of a home and all keys; empty where there is no trust.ini. Owns: sund_trust_free(),
 * safe on a zeroed one. Errors name file and line. */
sund_code          sund_trust_read(sund_trust *t, const char *home, sund_err *err) SUND_MUST_CHECK;
void               sund_trust_free(sund_trust *t);
const sund_issuer *sund_trust_find(const sund_trust *t, const char *iss);
/** Adds or replaces an issuer, with its keys (which must parse), in the home. */
sund_code          sund_trust_put(const char *home, const sund_issuer *i, const void *jwks, size_t n, sund_err *err) SUND_MUST_CHECK;
/** Errors: SUND_E_NOT_FOUND. */
sund_code          sund_trust_remove(const char *home, const char *iss, sund_err *err) SUND_MUST_CHECK;
/** https://..., or http://127.0.0.1:PORT... and http://[::1]:PORT...; visible ASCII, at most 255
 * bytes, no user, no fragment. */
bool               sund_url_ok(const char *url);

#endif
