#ifndef SUND_TOKEN_VISA_H
#define SUND_TOKEN_VISA_H

#include "base/buf.h"
#include "base/crypto.h"
#include "token/trust.h"

/** A node as an issuer of GA4GH Passport visas (version 1): its own P-256 key, ES256, in the home's file visa.ini (0600):
 *
 *      [issuer]
 *      iss = https://fi.example.org/            # how it is named
 *      jku = https://fi.example.org/visas.jwks  # where its operator publishes the public key
 *      kid = 32 hex digits                      # of the key
 *      key = {"kty": ...}                       # the private JSON Web Key */
typedef struct sund_visa_issuer { char iss[SUND_URL_MAX + 1], jku[SUND_URL_MAX + 1], kid[33], key[1024]; } sund_visa_issuer;

/** Makes and keeps the key. Errors: SUND_E_MISMATCH where there is one already. */
sund_code sund_visa_keys_make(const char *home, const char *iss, const char *jku, sund_err *err) SUND_MUST_CHECK;
/** Errors: SUND_E_NOT_FOUND where none was made; SUND_E_DENIED for a file that others may read. Wipe it after use. */
sund_code sund_visa_keys_read(const char *home, sund_visa_issuer *out, sund_err *err) SUND_MUST_CHECK;
/** The public half as a JSON Web Key set, appended: what belongs at jku. */
sund_code sund_visa_keys_public(const sund_visa_issuer *i, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

enum { SUND_VISA_DAYS = 30 }; /**< that one holds, unless it is said otherwise: it cannot be called back */
/** What a visa says: seconds since 1970; type is ControlledAccessGrants, by is dac. */
typedef struct sund_visa_grant { const char *subject, *value, *source; int64_t asserted, issued, until; } sund_visa_grant;
/** A signed visa (typ vnd.ga4gh.visa+jwt, a jti drawn anew), appended, no newline. Errors: SUND_E_ARG for texts that no verifier would take. */
sund_code sund_visa_make(const sund_visa_issuer *i, const sund_visa_grant *g, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
