#ifndef SUND_TOKEN_OIDC_H
#define SUND_TOKEN_OIDC_H

#include "token/trust.h"

/** What an OpenID provider says to a client, parsed: nothing of it is believed but addresses, and
 * these from its issuer's own https only. */
typedef struct sund_oidc {
    char authorization[SUND_URL_MAX + 1], token[SUND_URL_MAX + 1], userinfo[SUND_URL_MAX + 1];
} sund_oidc;

/** ISSUER/.well-known/openid-configuration. Its issuer and address of keys must be those that are
 * trusted. userinfo is "" where there is none. */
sund_code sund_oidc_discovery(const void *p, size_t n, const sund_issuer *i, sund_oidc *out, sund_err *err) SUND_MUST_CHECK;
/** The token endpoint's answer: both tokens appended; access may be NULL. Errors: SUND_E_DENIED
 * with the provider's error word. */
sund_code sund_oidc_answer(const void *p, size_t n, sund_buf *id, sund_buf *access, sund_err *err) SUND_MUST_CHECK;
/** Userinfo: each visa of ga4gh_passport_v1 appended to tokens behind a newline; none is fine.
 * subject: whom it must be about. */
sund_code sund_oidc_visas(const void *p, size_t n, const char *subject, sund_buf *tokens, sund_err *err) SUND_MUST_CHECK;

/** application/x-www-form-urlencoded: "name=value", behind '&' unless it is the first. */
void sund_form_put(sund_buf *form, const char *name, const char *value);

#endif
