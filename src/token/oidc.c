#include "token/oidc.h"

#include "base/text.h"
#include "token/login.h"
#include "token/token_priv.h"

#include <stdio.h>
#include <string.h>

static sund_code url_of(const sund_jval *o, const char *name, bool need, char *out, sund_err *err)
{
    const char *v = sund_j_text(o, name);

    out[0] = 0;
    if (!v && !need)
        return SUND_OK;
    if (!v || !sund_url_ok(v))
        return sund_fail(err, SUND_E_UPSTREAM, "the provider's configuration has no usable %s", name);
    memcpy(out, v, strlen(v) + 1);
    return SUND_OK;
}

static sund_code discovery(const sund_jval *o, const sund_issuer *i, sund_oidc *out, sund_err *err)
{
    const char *iss = sund_j_text(o, "issuer"), *jwks = sund_j_text(o, "jwks_uri");

    if (!iss || strcmp(iss, i->iss) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "the provider's configuration is of another issuer than %s", i->iss);
    if (!jwks || strcmp(jwks, i->jku) != 0)
        return sund_fail(err, SUND_E_MISMATCH,
                         "%s says that its keys are elsewhere than at %s, which is trusted: ask "
                         "the federation, then 'sund trust add' again",
                         i->iss, i->jku);
    SUND_TRY(url_of(o, "authorization_endpoint", true, out->authorization, err));
    SUND_TRY(url_of(o, "token_endpoint", true, out->token, err));
    return url_of(o, "userinfo_endpoint", false, out->userinfo, err);
}

sund_code sund_oidc_discovery(const void *p, size_t n, const sund_issuer *i, sund_oidc *out, sund_err *err)
{
    sund_jval *o = sund_json_of(p, n);
    sund_code rc = discovery(o, i, out, err);

    sund_jval_free(o);
    return rc;
}

sund_code sund_oidc_answer(const void *p, size_t n, sund_buf *id, sund_buf *access, sund_err *err)
{
    sund_jval *o = sund_json_of(p, n);
    const char *token = sund_j_text(o, "id_token"), *more = sund_j_text(o, "access_token"), *wrong = sund_j_text(o, "error");
    char        word[80] = "no ID token in its answer";
    sund_code   rc = SUND_OK;

    if (wrong)
        (void) snprintf(word, sizeof word, "%.79s", wrong);
    sund_text_clean(word);
    if (!token)
        rc = sund_fail(err, SUND_E_DENIED, "the provider gives no login: %s", word);
    else
        sund_buf_text(id, token);
    if (token && more && access)
        sund_buf_text(access, more);
    sund_jval_free(o);
    return rc == SUND_OK ? sund_buf_ok(id, err) : rc;
}

sund_code sund_oidc_visas(const void *p, size_t n, const char *subject, sund_buf *tokens, sund_err *err)
{
    sund_jval *o = sund_json_of(p, n);
    const sund_jval *visas = sund_j_get(o, "ga4gh_passport_v1");
    const char   *sub = sund_j_text(o, "sub");
    sund_code     rc = SUND_OK;

    if (!sub || strcmp(sub, subject) != 0)
        rc = sund_fail(err, SUND_E_MISMATCH, "the provider's userinfo is about somebody else");
    for (size_t i = 0; rc == SUND_OK && i < sund_j_n(visas); i++) {
        const char *v = sund_j_str(sund_j_at(visas, i));

        if (!v || strchr(v, '\n') || tokens->n + 1 + strlen(v) > SUND_LOGIN_MAX || i == SUND_VISAS_MAX) {
            rc = sund_fail(err, SUND_E_LIMIT,
                           "the provider's passport has more than %d visas, or more than %d bytes "
                           "with the login",
                           SUND_VISAS_MAX, SUND_LOGIN_MAX);
            break;
        }
        sund_buf_text(tokens, "\n");
        sund_buf_text(tokens, v);
    }
    sund_jval_free(o);
    return rc == SUND_OK ? sund_buf_ok(tokens, err) : rc;
}

void sund_form_put(sund_buf *form, const char *name, const char *value)
{
    sund_buf_printf(form, "%s%s=", form->n ? "&" : "", name);
    for (; *value; value++) {
        bool plain = (*value >= 'a' && *value <= 'z') || (*value >= 'A' && *value <= 'Z') || (*value >= '0' && *value <= '9') || strchr("-._~", *value);

        if (plain)
            sund_buf_u8(form, (uint8_t) *value);
        else
            sund_buf_printf(form, "%%%02X", (unsigned) (unsigned char) *value);
    }
}
