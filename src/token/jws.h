#ifndef SUND_TOKEN_JWS_H
#define SUND_TOKEN_JWS_H

#include "base/buf.h"
#include "base/crypto.h"

/** Signed tokens (JWS compact, RFC 7515) and the keys that may sign them (JWK set, RFC 7517). cjose
 * verifies the signature; all else is checked here, for cjose by itself also takes padding, spare
 * bits, repeated members, `crit`, `zip`, ES384 on a P-256 key and short RSA keys, and never looks
 * at a claim.
 *
 *  Algorithms: RS256 (RSA of 2048 bits or more) and ES256 (P-256), as GA4GH AAI allows. A key has
 * one algorithm, by its kind; a token's `alg` must be that. */
enum { SUND_TOKEN_MAX = 16384, SUND_JWKS_MAX_BYTES = 65536, SUND_JWKS_KEYS = 32, SUND_KID_MAX = 255 };

/** The usable signing keys of a set: keys of other kinds, for other uses or without a name are left
 * out. Owns: sund_jwks_free(), safe on NULL. Errors: SUND_E_FORMAT naming `name`: no JSON, members
 * twice, two keys of one kid, a key that is none, no usable key at all; SUND_E_LIMIT. */
typedef struct sund_jwks sund_jwks;
sund_code                sund_jwks_parse(sund_jwks **out, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
void                     sund_jwks_free(sund_jwks *k);
size_t                   sund_jwks_count(const sund_jwks *k);
const char              *sund_jwks_kid(const sund_jwks *k, size_t i);
const char              *sund_jwks_alg(const sund_jwks *k, size_t i); /**< "RS256" or "ES256" */

/** A token that is well-formed, whoever signed it: three parts of strict base64url, header and
 * claims JSON objects without repeated members, and in the header nothing but alg, kid, typ, jku,
 * x5t, x5t#S256 (the last two are not looked at). Nothing in it is true before sund_jws_verify().
 *  Owns: sund_jws_free(), safe on NULL. Errors: SUND_E_FORMAT, SUND_E_LIMIT; never with bytes of
 * the token. */
typedef struct sund_jws sund_jws;
sund_code               sund_jws_read(sund_jws **out, const char *s, size_t n, sund_err *err) SUND_MUST_CHECK;
void                    sund_jws_free(sund_jws *t);
/** Signed by the key of that kid in the set, by that key's own algorithm. jku: the address that
 * this set is configured for: a token's jku must be the same and is never fetched; without one a
 * token passes unless jku_needed. typ: a "|"-separated list; "" in it lets a token have none.
 * Errors: SUND_E_DENIED. */
sund_code   sund_jws_verify(const sund_jws *t, const sund_jwks *keys, const char *jku, bool jku_needed, const char *typ, sund_err *err) SUND_MUST_CHECK;
/** A string among the claims, or NULL. */
const char *sund_jws_text(const sund_jws *t, const char *claim);
/** An integer among them, 0 to 2^53; false when it is not there or another thing. */
bool        sund_jws_time(const sund_jws *t, const char *claim, int64_t *out) SUND_MUST_CHECK;
bool        sund_jws_has(const sund_jws *t, const char *claim);
/** Of the signed part. A token and its twin - the same ECDSA signature with n - s for s verifies
 * too - have the same. */
sund_digest sund_jws_content(const sund_jws *t);

#endif
