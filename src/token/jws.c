#include "token/token_priv.h"

#include "base/json.h"

#include <cjose/cjose.h>
#include <stdlib.h>
#include <string.h>

sund_jval *sund_json_of(const void *p, size_t n)
{
    sund_jval *v = NULL;

    return sund_json_read(p, n, &v, NULL) == SUND_OK ? v : NULL;
}

static bool text_is(const sund_jval *o, const char *name, const char *want)
{
    const char *v = sund_j_text(o, name);

    return v && strcmp(v, want) == 0;
}

/* ---- keys ---- */

typedef struct jwk {
    char         kid[SUND_KID_MAX + 1];
    bool         rsa;
    size_t       n_sig;
    cjose_jwk_t *key;
} jwk;
struct sund_jwks {
    size_t n;
    jwk    key[SUND_JWKS_KEYS];
};

void sund_jwks_free(sund_jwks *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->n; i++)
        (void) cjose_jwk_release(k->key[i].key);
    free(k);
}

size_t      sund_jwks_count(const sund_jwks *k) { return k->n; }
const char *sund_jwks_kid(const sund_jwks *k, size_t i) { return k->key[i].kid; }
const char *sund_jwks_alg(const sund_jwks *k, size_t i) { return k->key[i].rsa ? "RS256" : "ES256"; }

/** Bytes of a member, NULL when it is no strict base64url. */
static const uint8_t *member(const sund_jval *o, const char *name, sund_buf *out, size_t *n)
{
    const char *s = sund_j_text(o, name);

    *n = 0;
    if (!s || strlen(s) > 2048 || !sund_base64url_read(s, strlen(s), out))
        return NULL;
    *n = out->n;
    return out->p;
}

/** 2048 to 8192 bits, odd; exponent odd, 3 to 2^32 - 1: what no honest key exceeds, and a made-up
 * one could keep a processor busy with. */
static bool rsa_sound(const sund_jval *o, size_t *n_sig)
{
    sund_buf       b = { 0 };
    size_t         n;
    const uint8_t *p = member(o, "n", &b, &n);
    bool           good = p && n >= 256 && n <= 1024 && p[n - 1] & 1 && (n == 256 ? p[0] >= 0x80 : p[0] != 0);

    *n_sig = n;
    p = good ? member(o, "e", &b, &n) : NULL;
    good = p && n >= 1 && n <= 4 && p[0] != 0 && p[n - 1] & 1 && (n > 1 || p[0] >= 3);
    sund_buf_free(&b);
    return good;
}

static bool ec_sound(const sund_jval *o)
{
    sund_buf b = { 0 };
    size_t   nx, ny;
    bool     good = member(o, "x", &b, &nx) && nx == 32 && member(o, "y", &b, &ny) && ny == 32;

    sund_buf_free(&b);
    return good;
}

/** The public members alone, whatever else stands there. */
static cjose_jwk_t *import(const sund_jval *o, bool rsa)
{
    static const char *const part[2][4] = { { "kty", "crv", "x", "y" }, { "kty", "n", "e", NULL } };
    sund_buf                 text = { 0 };
    sund_json                j;
    cjose_jwk_t             *k = NULL;

    sund_json_init(&j, &text, false);
    sund_json_open(&j, NULL, '{');
    for (size_t i = 0; i < 4 && part[rsa][i]; i++)
        sund_json_str(&j, part[rsa][i], sund_j_text(o, part[rsa][i]));
    sund_json_close(&j, '}');
    if (!text.bad)
        k = cjose_jwk_import((const char *) text.p, text.n, NULL); /* refuses a point that is not on the curve */
    sund_buf_free(&text);
    return k;
}

static sund_code add_key(sund_jwks *k, const char *name, const sund_jval *o, sund_err *err)
{
    jwk        *to = &k->key[k->n];
    const char *kid = sund_j_text(o, "kid");
    bool        rsa = text_is(o, "kty", "RSA"), ec = text_is(o, "kty", "EC") && text_is(o, "crv", "P-256");

    if (!kid || !kid[0] || strlen(kid) > SUND_KID_MAX || (!rsa && !ec))
        return SUND_OK;
    if ((sund_j_get(o, "use") && !text_is(o, "use", "sig")) || (sund_j_get(o, "alg") && !text_is(o, "alg", rsa ? "RS256" : "ES256")))
        return SUND_OK;
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(k->key[i].kid, kid) == 0)
            return sund_fail(err, SUND_E_FORMAT, "%s: two keys of one kid", name);
    if (k->n == SUND_JWKS_KEYS)
        return sund_fail(err, SUND_E_LIMIT, "%s: more than %d keys", name, SUND_JWKS_KEYS);
    to->rsa = rsa;
    to->n_sig = 64;
    if (!(rsa ? rsa_sound(o, &to->n_sig) : ec_sound(o)) || !(to->key = import(o, rsa)))
        return sund_fail(err, SUND_E_FORMAT, "%s: a key for %s is not one (RSA needs 2048 to 8192 bits)", name, rsa ? "RS256" : "ES256");
    memcpy(to->kid, kid, strlen(kid) + 1);
    k->n++;
    return SUND_OK;
}

sund_code sund_jwks_parse(sund_jwks **out, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_jval       *set = n <= SUND_JWKS_MAX_BYTES ? sund_json_of(p, n) : NULL;
    const sund_jval *keys = sund_j_get(set, "keys");
    sund_jwks       *k = calloc(1, sizeof *k);
    sund_code        rc = SUND_OK;

    if (!k)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory");
    else if (sund_j_kind(keys) != SUND_J_ARRAY)
        rc = sund_fail(err, SUND_E_FORMAT, "%s: no JSON Web Key set of at most %d bytes: {\"keys\": [...]} is expected", name, SUND_JWKS_MAX_BYTES);
    for (size_t i = 0; rc == SUND_OK && i < sund_j_n(keys); i++)
        rc = add_key(k, name, sund_j_at(keys, i), err);
    if (rc == SUND_OK && !k->n)
        rc = sund_fail(err, SUND_E_FORMAT, "%s: no key that may sign by RS256 or ES256", name);
    sund_jval_free(set);
    if (rc == SUND_OK)
        *out = k;
    else
        sund_jwks_free(k);
    return rc;
}

/* ---- tokens ---- */

static sund_code bad(sund_err *err, const char *why) { return sund_fail(err, SUND_E_FORMAT, "the token is malformed: %s", why); }

/** A part that is a JSON object. */
static sund_jval *part(const char *s, size_t n)
{
    sund_buf raw = { 0 };
    sund_jval  *o = n && sund_base64url_read(s, n, &raw) ? sund_json_of(raw.p, raw.n) : NULL;

    if (sund_j_kind(o) != SUND_J_OBJECT) {
        sund_jval_free(o);
        o = NULL;
    }
    sund_buf_free(&raw);
    return o;
}

static sund_code read_head(const sund_jws *t, sund_err *err)
{
    static const char *const known[] = { "alg", "kid", "typ", "jku", "x5t", "x5t#S256" };
    const char              *name;
    void                    *at = NULL;

    for (const sund_jval *v; (v = sund_j_next(t->head, &at, &name)) != NULL;) {
        size_t i = 0;

        while (i < sizeof known / sizeof known[0] && strcmp(known[i], name) != 0)
            i++;
        if (i == sizeof known / sizeof known[0])
            return bad(err, "a header has alg, kid, typ and jku only: crit, zip, keys and "
                            "certificates in it are refused");
        if (sund_j_kind(v) != SUND_J_STRING)
            return bad(err, "a member of the header is no string");
    }
    return SUND_OK;
}

sund_code sund_jws_read(sund_jws **out, const char *s, size_t n, sund_err *err)
{
    sund_jws   *t;
    const char *a, *b;
    sund_buf    sig = { 0 };
    sund_code   rc = SUND_OK;

    if (n > SUND_TOKEN_MAX)
        return sund_fail(err, SUND_E_LIMIT, "the token has more than %d bytes", SUND_TOKEN_MAX);
    a = n ? memchr(s, '.', n) : NULL;
    b = a ? memchr(a + 1, '.', (size_t) (s + n - a - 1)) : NULL;
    if (!b || memchr(b + 1, '.', (size_t) (s + n - b - 1)))
        return bad(err, "three parts joined by dots are expected");
    t = calloc(1, sizeof *t);
    if (!t || !(t->text = calloc(1, n + 1))) {
        free(t);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    memcpy(t->text, s, n);
    t->n = n;
    t->n_signed = (size_t) (b - s);
    t->content = sund_digest_of(s, t->n_signed);
    t->head = part(s, (size_t) (a - s));
    t->body = part(a + 1, (size_t) (b - a - 1));
    if (!t->head || !t->body)
        rc = bad(err, "header and claims are JSON objects in base64url, no member twice");
    else if (b + 1 == s + n || !sund_base64url_read(b + 1, (size_t) (s + n - b - 1), &sig))
        rc = bad(err, "it has no signature in base64url");
    else
        rc = read_head(t, err);
    t->n_sig = sig.n;
    sund_buf_free(&sig);
    if (rc == SUND_OK)
        *out = t;
    else
        sund_jws_free(t);
    return rc;
}

void sund_jws_free(sund_jws *t)
{
    if (!t)
        return;
    sund_jval_free(t->head);
    sund_jval_free(t->body);
    if (t->text)
        sund_wipe(t->text, t->n);
    free(t->text);
    free(t);
}

static bool in_list(const char *word, const char *list)
{
    size_t len = strlen(word);

    for (;; list++) {
        size_t n = strcspn(list, "|");

        if (n == len && memcmp(list, word, n) == 0)
            return true;
        list += n;
        if (!*list)
            return false;
    }
}

sund_code sund_jws_verify(const sund_jws *t, const sund_jwks *keys, const char *jku, bool jku_needed, const char *typ, sund_err *err)
{
    const char *kid = sund_j_text(t->head, "kid"), *alg = sund_j_text(t->head, "alg"), *own = sund_j_text(t->head, "jku"),
               *type = sund_j_text(t->head, "typ");
    const jwk   *k = NULL;
    cjose_jws_t *jws;
    bool         good;

    if (!in_list(type ? type : "", typ))
        return sund_fail(err, SUND_E_DENIED, "the token is of another type (typ) than is expected here");
    if (own ? strcmp(own, jku) != 0 : jku_needed)
        return sund_fail(err, SUND_E_DENIED,
                         "the token names another address of its keys (jku) than the one "
                         "configured for its issuer: it is not fetched");
    for (size_t i = 0; kid && i < keys->n; i++)
        if (strcmp(keys->key[i].kid, kid) == 0)
            k = &keys->key[i];
    if (!k)
        return sund_fail(err, SUND_E_DENIED,
                         "the token's key (kid) is not among those of its issuer: 'sund trust "
                         "refresh' reads them again");
    if (!alg || strcmp(alg, k->rsa ? "RS256" : "ES256") != 0)
        return sund_fail(err, SUND_E_DENIED, "the token's algorithm (alg) is not that of its key, which is %s", k->rsa ? "RS256" : "ES256");
    if (t->n_sig != k->n_sig)
        return sund_fail(err, SUND_E_DENIED, "the token's signature has not the length of its key's");
    jws = cjose_jws_import(t->text, t->n, NULL);
    good = jws && cjose_jws_verify(jws, k->key, NULL);
    (void) cjose_jws_release(jws);
    return good ? SUND_OK : sund_fail(err, SUND_E_DENIED, "the token's signature is not its issuer's");
}

const char *sund_jws_text(const sund_jws *t, const char *claim) { return sund_j_text(t->body, claim); }

bool sund_jws_time(const sund_jws *t, const char *claim, int64_t *out)
{
    return sund_j_int(sund_j_get(t->body, claim), out) && *out >= 0 && *out <= (int64_t) 1 << 53;
}

bool        sund_jws_has(const sund_jws *t, const char *claim) { return sund_j_get(t->body, claim) != NULL; }
sund_digest sund_jws_content(const sund_jws *t) { return t->content; }
