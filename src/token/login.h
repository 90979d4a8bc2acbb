#ifndef SUND_TOKEN_LOGIN_H
#define SUND_TOKEN_LOGIN_H

#include "base/db.h"
#include "token/trust.h"

/** Who a researcher is: an OpenID Connect ID token bound to an Ed25519 key, and GA4GH Passport
 * visas (version 1) beside it. As text, one token a line, the ID token first, no newline at the
 * end: so it is kept, sent and read. doc/identity.md says what is verified and what is not
 * promised.
 *
 *  The binding: the ID token's `nonce`, which the provider signs, is the digest of the key
 * (sund_login_nonce), and its audience the federation. Who holds a token without that key can do
 * nothing with it. */
enum { SUND_LOGIN_MAX = 32000, SUND_VISAS_MAX = 32, SUND_CLAIM_MAX = 255, SUND_LOGIN_SKEW_S = 60 };

/** BLAKE2b-256 of the public key's 32 bytes, in lower-case hex. */
sund_hex64 sund_login_nonce(const sund_pub *key);

/** A visa that counts. `by` is "" when the visa does not say. */
typedef struct sund_visa {
    char    type[64], value[SUND_CLAIM_MAX + 1], source[SUND_CLAIM_MAX + 1], by[16], issuer[SUND_URL_MAX + 1];
    int64_t asserted, until;
} sund_visa;
typedef struct sund_login {
    char      issuer[SUND_URL_MAX + 1], subject[SUND_CLAIM_MAX + 1];
    int64_t   until; /**< seconds since 1970; the token is taken 60 s longer, for clocks differ */
    size_t    n_visa, n_ignored;
    sund_visa visa[SUND_VISAS_MAX];
    char      ignored[200]; /**< why the first of those that do not count does not; "" for none */
} sund_login;

/** Makes the table in which a verifier remembers the tokens it took, by issuer and jti, until they
 * run out. */
sund_code sund_login_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK;

/** Verifies, at the time now (seconds since 1970), all of: the ID token's issuer is trusted for
 * logins; its signature is by one of that issuer's keys (sund_jws_verify); exp, iat and nbf hold
 * within 60 s; the audience is the issuer's `client` (with several also azp); nonce is the digest
 * of key; sub is there; and, with `seen` (NULL: no memory), its jti was not seen with another key
 * or content - by what is signed, never by the token's bytes. A visa counts when its issuer is
 * trusted for visas of people of the login's issuer, its signature, jku and times hold, its sub is
 * the login's, its content is that of its jti before, and its conditions hold among the visas that
 * count and have none themselves. One that does not count is no error. Errors: SUND_E_DENIED,
 * SUND_E_FORMAT, SUND_E_LIMIT say why the login does not hold; never with bytes of a token. */
sund_code sund_login_verify(sund_login *out, const sund_trust *t, sund_db *seen, const sund_pub *key, sund_cur tokens, int64_t now,
                            sund_err *err) SUND_MUST_CHECK;

/** Who a bearer token is of: an ID token or a JWT access token (RFC 9068, typ at+jwt) of an issuer that is trusted for logins, for its audience here, now. No key is bound to it:
 * whoever holds it may use it, so it opens what is registered and nothing of a study. who: "login-" and the digest of issuer and subject. Errors as above. */
sund_code sund_bearer_verify(const sund_trust *t, const char *token, int64_t now, char *who, size_t cap, sund_err *err) SUND_MUST_CHECK;

/** A ControlledAccessGrants visa with exactly this value, asserted by a data access committee (or
 * the visa does not say by whom). */
bool sund_login_grants(const sund_login *l, const char *dataset);
/** Lines for people: "TYPE VALUE, by dac of SOURCE, issued by ISSUER, until TIME". Appended,
 * text-clean. */
void sund_login_visas_text(const sund_login *l, sund_buf *out);
/** "2026-11-26T10:00:00Z". */
void sund_login_time(int64_t seconds, char out[32]);

#endif
