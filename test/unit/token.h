/* Tokens for tests: keys made here by OpenSSL, signed by whatever algorithm is asked for, right or
 * wrong; key sets; a list of trusted issuers. */
#ifndef SUND_TEST_TOKEN_H
#define SUND_TEST_TOKEN_H

#include "token/login.h"

#include <openssl/evp.h>

#define TOKEN_ISS    "https://login.example.org/oidc"
#define TOKEN_VISAS  "https://rems.example.org/"
#define TOKEN_CLIENT "sund-test"

EVP_PKEY *token_rsa(unsigned bits);
EVP_PKEY *token_ec(const char *curve);
/** {"keys": [...]}; more: other members of each key, such as "\"use\": \"sig\"". n keys with their
 * kids. */
char     *token_jwks(EVP_PKEY *const *key, const char *const *kid, size_t n, const char *more);
/** Header and claims as given, in base64url, and a signature: RS256, ES256, or PS256, HS256
 * (secret: the text) and none. free() it. */
char     *token_sign(const char *header, const char *claims, EVP_PKEY *key, const char *alg, const char *secret);
/** The other valid signature of an ES256 token: n - s for s. */
char     *token_twin(const char *token);
/** An issuer for a list in memory. */
void      token_issuer(sund_trust *t, const char *iss, const char *client, const char *people, const char *jwks);
char     *text_of(const char *fmt, ...) SUND_PRINTF(1, 2);

#endif
