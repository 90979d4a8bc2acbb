#include "token/login.h"

#include "base/text.h"
#include "token/login_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const tables = "CREATE TABLE IF NOT EXISTS token(issuer TEXT NOT NULL, jti TEXT NOT NULL, content BLOB NOT "
                                  "NULL, holder BLOB NOT NULL, until INTEGER NOT NULL,"
                                  " PRIMARY KEY(issuer, jti)) STRICT;";

sund_code sund_login_tables(sund_db *db, sund_err *err) { return sund_db_script(db, tables, err); }

sund_hex64 sund_login_nonce(const sund_pub *key)
{
    sund_digest d = sund_digest_of(key->b, sizeof key->b);

    return sund_digest_hex(&d);
}

void sund_login_time(int64_t seconds, char out[32])
{
    time_t    t = (time_t) seconds;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void) snprintf(out, 32, "?");
}

/* ---- what ID tokens and visas have in common ---- */

/** exp and iat must be there, nbf may. */
static sund_code check_times(const sund_jws *t, int64_t now, int64_t *until, sund_err *err)
{
    int64_t iat, nbf;
    char    at[32];

    if (!sund_jws_time(t, "exp", until) || !sund_jws_time(t, "iat", &iat) || (sund_jws_has(t, "nbf") && !sund_jws_time(t, "nbf", &nbf)))
        return sund_fail(err, SUND_E_DENIED,
                         "the token does not say, in whole seconds, from when and until when it "
                         "holds (iat, exp, nbf)");
    sund_login_time(*until, at);
    if (*until <= now - SUND_LOGIN_SKEW_S)
        return sund_fail(err, SUND_E_DENIED, "the token has expired (%s): 'sund login' gets a new one", at);
    if (iat > now + SUND_LOGIN_SKEW_S || (sund_jws_has(t, "nbf") && nbf > now + SUND_LOGIN_SKEW_S))
        return sund_fail(err, SUND_E_DENIED, "the token is not yet valid: is a clock wrong?");
    return SUND_OK;
}

/** aud: a string, or an array of strings. *n: how many there are. */
static bool audience_has(const sund_jval *body, const char *want, size_t *n)
{
    const sund_jval *aud = sund_j_get(body, "aud");
    bool          hit = false;

    *n = sund_j_str(aud) ? 1 : sund_j_n(aud);
    if (sund_j_str(aud))
        return strcmp(sund_j_str(aud), want) == 0;
    for (size_t i = 0; i < *n; i++) {
        const char *s = sund_j_str(sund_j_at(aud, i));

        if (!s)
            return false;
        hit |= strcmp(s, want) == 0;
    }
    return hit;
}

/** A claim that people will read: 1 to 255 bytes without control characters. */
static bool take_text(const sund_jval *o, const char *name, char *out, size_t cap)
{
    const char *s = sund_j_text(o, name);

    return s && s[0] && strlen(s) < cap && sund_text_ok(s) && snprintf(out, cap, "%s", s) < (int) cap;
}

/** The same token again is fine; its jti with another content or holder is not. Tokens without a
 * jti have their content for one. */
static sund_code remember(sund_db *seen, const sund_jws *t, const char *iss, const sund_digest *holder, int64_t until, int64_t now, sund_err *err)
{
    sund_digest content = sund_jws_content(t);
    const char *jti = sund_jws_text(t, "jti");
    char        own[80];
    int64_t     same = 0;

    if (!seen)
        return SUND_OK;
    if (jti && (!jti[0] || strlen(jti) > SUND_CLAIM_MAX))
        return sund_fail(err, SUND_E_DENIED, "the token's name (jti) has not 1 to %d bytes", SUND_CLAIM_MAX);
    (void) snprintf(own, sizeof own, "content %s", sund_digest_hex(&content).s);
    jti = jti ? jti : own;
    SUND_TRY(sund_db_run(seen, err, "DELETE FROM token WHERE until < ?", "i", now - 2 * SUND_LOGIN_SKEW_S));
    SUND_TRY(sund_db_run(seen, err, "INSERT OR IGNORE INTO token(issuer, jti, content, holder, until) VALUES(?,?,?,?,?)", "ttbbi", iss, jti, content.b,
                         sizeof content.b, holder->b, sizeof holder->b, until));
    SUND_TRY(sund_db_i64(seen, &same, 0, err, "SELECT COUNT(*) FROM token WHERE issuer=? AND jti=? AND content=? AND holder=?", "ttbb", iss, jti, content.b,
                         sizeof content.b, holder->b, sizeof holder->b));
    return same ? SUND_OK
                : sund_fail(err, SUND_E_DENIED,
                            "a token of this name (jti) was seen with another key or content: "
                            "refused as a replay");
}

/* ---- the login ---- */

/** key NULL: whoever holds the token may use it. */
static sund_code verify_id(sund_login *out, const sund_issuer *i, const sund_jws *t, sund_db *seen, const sund_pub *key, int64_t now, sund_err *err)
{
    const char *nonce, *azp;
    sund_digest holder = { { 0 } };
    size_t      n;

    SUND_TRY(sund_jws_verify(t, i->keys, i->jku, false, key ? "|JWT" : "|JWT|at+jwt", err));
    SUND_TRY(check_times(t, now, &out->until, err));
    azp = sund_jws_text(t, "azp");
    if (!audience_has(t->body, i->client, &n) || (n > 1 && !azp) || (sund_jws_has(t, "azp") && (!azp || strcmp(azp, i->client) != 0)))
        return sund_fail(err, SUND_E_DENIED,
                         "the token is for another audience (aud, azp) than this federation, which "
                         "is '%.80s' at %.200s",
                         i->client, i->iss);
    nonce = sund_jws_text(t, "nonce");
    if (key)
        holder = sund_digest_of(key->b, sizeof key->b);
    if (key && (!nonce || strcmp(nonce, sund_login_nonce(key).s) != 0))
        return sund_fail(err, SUND_E_DENIED, "the token is bound to another key: its nonce is not the digest of the key that signs");
    if (!take_text(t->body, "sub", out->subject, sizeof out->subject))
        return sund_fail(err, SUND_E_DENIED, "the token does not say whose it is (sub, 1 to %d bytes)", SUND_CLAIM_MAX);
    (void) snprintf(out->issuer, sizeof out->issuer, "%s", i->iss);
    return remember(seen, t, i->iss, &holder, out->until, now, err);
}

/** The next line's token, and its issuer's entry if there is one. */
static sund_code open_line(const sund_trust *t, sund_cur *lines, sund_jws **token, const sund_issuer **issuer, sund_err *err)
{
    const uint8_t *p = lines->p, *nl = lines->n ? memchr(p, '\n', lines->n) : NULL;
    size_t         n = nl ? (size_t) (nl - p) : lines->n;
    const char    *iss;

    (void) sund_cur_bytes(lines, nl ? n + 1 : n);
    SUND_TRY(sund_jws_read(token, (const char *) p, n, err));
    iss = sund_jws_text(*token, "iss");
    *issuer = iss ? sund_trust_find(t, iss) : NULL;
    return SUND_OK;
}

static sund_code not_trusted(const sund_jws *t, const char *what, sund_err *err)
{
    const char *iss = sund_jws_text(t, "iss");
    char        name[160];

    (void) snprintf(name, sizeof name, "%.150s", iss && sund_url_ok(iss) ? iss : "whoever issued it");
    return sund_fail(err, SUND_E_DENIED, "%s is not trusted here for %s ('sund trust list')", name, what);
}

/* ---- visas ---- */

static sund_code visa_claims(const sund_jws *t, const sund_issuer *i, sund_visa *v, sund_err *err)
{
    static const char *const by[] = { "self", "peer", "system", "so", "dac" };
    const sund_jval         *o = sund_j_get(t->body, "ga4gh_visa_v1");
    size_t                   k = 0;

    if (!take_text(o, "type", v->type, sizeof v->type) || !take_text(o, "value", v->value, sizeof v->value) ||
        !take_text(o, "source", v->source, sizeof v->source) || !sund_j_int(sund_j_get(o, "asserted"), &v->asserted))
        return sund_fail(err, SUND_E_DENIED, "ga4gh_visa_v1 lacks type, value, source or asserted");
    if (sund_j_get(o, "by")) {
        if (!take_text(o, "by", v->by, sizeof v->by))
            return sund_fail(err, SUND_E_DENIED, "ga4gh_visa_v1 has no text for by");
        while (k < 5 && strcmp(by[k], v->by) != 0)
            k++;
        if (k == 5)
            return sund_fail(err, SUND_E_DENIED, "ga4gh_visa_v1 is by somebody that Passport 1 does not know");
    }
    (void) snprintf(v->issuer, sizeof v->issuer, "%s", i->iss);
    return SUND_OK;
}

static sund_code verify_visa(const sund_login *l, const char *client, const sund_issuer *i, const sund_jws *t, sund_db *seen, int64_t now, sund_visa *v,
                             sund_err *err)
{
    const char *sub = sund_jws_text(t, "sub");
    sund_digest holder;
    size_t      n;

    memset(v, 0, sizeof *v);
    if (!i || strcmp(i->people, l->issuer) != 0)
        return not_trusted(t, "visas of people of this login's issuer", err);
    SUND_TRY(sund_jws_verify(t, i->keys, i->jku, true, "|JWT|vnd.ga4gh.visa+jwt", err));
    SUND_TRY(check_times(t, now, &v->until, err));
    if (!sub || strcmp(sub, l->subject) != 0)
        return sund_fail(err, SUND_E_DENIED, "it is another person's (sub)");
    if (sund_jws_has(t, "aud") && !audience_has(t->body, client, &n))
        return sund_fail(err, SUND_E_DENIED, "it is for another audience (aud)");
    SUND_TRY(visa_claims(t, i, v, err));
    if (v->asserted < 0 || v->asserted > now + SUND_LOGIN_SKEW_S)
        return sund_fail(err, SUND_E_DENIED, "it was asserted in the future: is a clock wrong?");
    holder = sund_digest_of(sub, strlen(sub));
    return remember(seen, t, i->iss, &holder, v->until, now, err);
}

static void ignore(sund_login *l, const char *why)
{
    if (!l->n_ignored++)
        (void) snprintf(l->ignored, sizeof l->ignored, "%.199s", why);
}

/** Visas whose conditions do not hold are taken out; conditions look at what counts without any. */
static void settle(sund_login *l, sund_jws *const *token)
{
    bool   keep[SUND_VISAS_MAX], plain[SUND_VISAS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < l->n_visa; i++)
        plain[i] = !sund_visa_conditions(token[i]);
    for (size_t i = 0; i < l->n_visa; i++)
        keep[i] = plain[i] || sund_conditions_hold(sund_visa_conditions(token[i]), l->visa, plain, l->n_visa);
    for (size_t i = 0; i < l->n_visa; i++) {
        if (keep[i])
            l->visa[n++] = l->visa[i];
        else
            ignore(l, "a visa's conditions do not hold, or are of a kind that is not known here");
    }
    l->n_visa = n;
}

/** The next visa; NULL in *token when it does not count, which is no error: others may. */
static sund_code next_visa(sund_login *l, const sund_trust *t, const char *client, sund_db *seen, sund_cur *lines, int64_t now, sund_jws **token, sund_err *err)
{
    const sund_issuer *i = NULL;
    sund_err           why = { SUND_OK, "" };
    sund_code          rc = open_line(t, lines, token, &i, &why);

    if (rc == SUND_OK)
        rc = verify_visa(l, client, i, *token, seen, now, &l->visa[l->n_visa], &why);
    if (rc == SUND_OK)
        return SUND_OK;
    sund_jws_free(*token);
    *token = NULL;
    if (rc != SUND_E_DENIED && rc != SUND_E_FORMAT && rc != SUND_E_LIMIT)
        return sund_fail(err, rc, "%s", why.msg);
    ignore(l, why.msg);
    return SUND_OK;
}

static sund_code verify_visas(sund_login *l, const sund_trust *t, const char *client, sund_db *seen, sund_cur lines, int64_t now, sund_err *err)
{
    sund_jws *token[SUND_VISAS_MAX + 1] = { NULL };
    sund_code rc = SUND_OK;

    while (lines.n && rc == SUND_OK) {
        if (l->n_visa + l->n_ignored == SUND_VISAS_MAX)
            rc = sund_fail(err, SUND_E_LIMIT, "more than %d visas", SUND_VISAS_MAX);
        else
            rc = next_visa(l, t, client, seen, &lines, now, &token[l->n_visa], err);
        l->n_visa += rc == SUND_OK && token[l->n_visa];
    }
    if (rc == SUND_OK)
        settle(l, token);
    for (size_t i = 0; i < SUND_VISAS_MAX; i++)
        sund_jws_free(token[i]);
    return rc;
}

sund_code sund_login_verify(sund_login *out, const sund_trust *t, sund_db *seen, const sund_pub *key, sund_cur tokens, int64_t now, sund_err *err)
{
    const sund_issuer *i = NULL;
    sund_jws          *id = NULL;
    sund_code          rc;

    memset(out, 0, sizeof *out);
    if (tokens.n > SUND_LOGIN_MAX)
        return sund_fail(err, SUND_E_LIMIT, "a login with its visas has at most %d bytes", SUND_LOGIN_MAX);
    SUND_GO(open_line(t, &tokens, &id, &i, err));
    rc = i && i->client[0] ? verify_id(out, i, id, seen, key, now, err) : not_trusted(id, "logins", err);
    if (rc == SUND_OK)
        rc = verify_visas(out, t, i->client, seen, tokens, now, err);
out:
    if (rc != SUND_OK)
        memset(out, 0, sizeof *out);
    sund_jws_free(id);
    return rc;
}

bool sund_login_grants(const sund_login *l, const char *dataset)
{
    for (size_t i = 0; i < l->n_visa; i++) {
        const sund_visa *v = &l->visa[i];

        if (strcmp(v->type, "ControlledAccessGrants") == 0 && strcmp(v->value, dataset) == 0 && strcmp(v->by, "self") != 0 && strcmp(v->by, "peer") != 0)
            return true;
    }
    return false;
}

void sund_login_visas_text(const sund_login *l, sund_buf *out)
{
    char at[32];

    for (size_t i = 0; i < l->n_visa; i++) {
        const sund_visa *v = &l->visa[i];

        sund_login_time(v->until, at);
        sund_buf_printf(out, "%s %s, by %s of %s, issued by %s, until %s\n", v->type, v->value, v->by[0] ? v->by : "somebody", v->source, v->issuer, at);
    }
    if (l->n_ignored)
        sund_buf_printf(out, "%zu more that %s not count: %s\n", l->n_ignored, l->n_ignored == 1 ? "does" : "do", l->ignored);
}

sund_code sund_bearer_verify(const sund_trust *t, const char *token, int64_t now, char *who, size_t cap, sund_err *err)
{
    sund_jws          *jws = NULL;
    const sund_issuer *i = NULL;
    sund_login        *l = calloc(1, sizeof *l);
    sund_cur           line = sund_cur_of(token, strlen(token));
    sund_buf           name = { 0 };
    sund_code          rc = l ? open_line(t, &line, &jws, &i, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && (!i || !i->client[0]))
        rc = not_trusted(jws, "logins", err);
    if (rc == SUND_OK)
        rc = verify_id(l, i, jws, NULL, NULL, now, err);
    if (rc == SUND_OK) {
        sund_digest d;

        sund_buf_str(&name, l->issuer);
        sund_buf_str(&name, l->subject);
        d = sund_digest_of(name.p, name.n);
        rc = sund_buf_ok(&name, err);
        (void) snprintf(who, cap, "login-%.16s", sund_digest_hex(&d).s);
    }
    sund_buf_free(&name);
    sund_jws_free(jws);
    free(l);
    return rc;
}
