#include "token/trust.h"

#include "base/file.h"
#include "base/ini.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sund_url_ok(const char *url)
{
    size_t n = strlen(url), loop = strncmp(url, "http://127.0.0.1:", 17) == 0 ? 17 : strncmp(url, "http://[::1]:", 13) == 0 ? 13 : 0;
    size_t port = loop ? strspn(url + loop, "0123456789") : 0;

    if (n > SUND_URL_MAX || (strncmp(url, "https://", 8) != 0 && (!port || (url[loop + port] && url[loop + port] != '/'))) ||
        (!loop && (n < 9 || url[8] == '/')))
        return false;
    for (; *url; url++)
        if (*url <= ' ' || *url > '~' || strchr("\"'<>\\^`{|}#@]", *url)) {
            if (*url != ']' || loop != 13)
                return false;
        }
    return true;
}

static sund_code keys_path(const char *home, const char *iss, char *out, size_t cap, sund_err *err)
{
    sund_digest d = sund_digest_of(iss, strlen(iss));
    char        name[64];

    (void) snprintf(name, sizeof name, "trust/%.32s.jwks", sund_digest_hex(&d).s);
    return sund_path_join(out, cap, home, name, err);
}

static sund_code bad(const sund_ini *ini, const sund_ini_item *it, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s:%u: [%.20s %.200s] %.40s: %s", ini->name, it->line, it->section, it->label, it->key, why);
}

static sund_code take(sund_trust *t, const sund_ini *ini, const sund_ini_item *it, sund_err *err)
{
    sund_issuer *i;
    char        *to;

    if (strcmp(it->section, "issuer") != 0 || !sund_url_ok(it->label))
        return bad(ini, it, "[issuer URL] is expected, with https or on this machine", err);
    if (!t->n || strcmp(t->issuer[t->n - 1].iss, it->label) != 0) { /* a section's items are together */
        if (t->n == SUND_ISSUER_MAX)
            return bad(ini, it, "more than 64 issuers", err);
        (void) snprintf(t->issuer[t->n++].iss, sizeof t->issuer->iss, "%s", it->label);
    }
    i = &t->issuer[t->n - 1];
    to = strcmp(it->key, "jku") == 0 ? i->jku : strcmp(it->key, "client") == 0 ? i->client : strcmp(it->key, "people") == 0 ? i->people : NULL;
    if (!to)
        return bad(ini, it, "an issuer has jku, client and people", err);
    if (!it->value[0] || strlen(it->value) > SUND_URL_MAX || (to != i->client && !sund_url_ok(it->value)))
        return bad(ini, it, to == i->client ? "a name of at most 255 bytes is expected" : "a URL with https, or on this machine, is expected", err);
    memcpy(to, it->value, strlen(it->value) + 1);
    return SUND_OK;
}

static sund_code read_keys(sund_issuer *i, const char *home, sund_err *err)
{
    sund_buf  text = { 0 };
    char      path[2048];
    sund_code rc;

    SUND_TRY(keys_path(home, i->iss, path, sizeof path, err));
    rc = sund_file_read(path, SUND_JWKS_MAX_BYTES, &text, err);
    if (rc == SUND_OK)
        rc = sund_jwks_parse(&i->keys, path, text.p, text.n, err);
    sund_buf_free(&text);
    return rc == SUND_OK ? rc : sund_fail_in(err, rc, "the keys of %s ('sund trust refresh' fetches them)", i->iss);
}

static sund_code fill(sund_trust *t, const sund_ini *ini, const char *home, sund_err *err)
{
    t->issuer = calloc(SUND_ISSUER_MAX, sizeof *t->issuer);
    if (!t->issuer)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t i = 0; i < ini->n_item; i++)
        SUND_TRY(take(t, ini, &ini->item[i], err));
    for (size_t i = 0; i < t->n; i++) {
        if (!t->issuer[i].jku[0] || (!t->issuer[i].client[0] && !t->issuer[i].people[0]))
            return sund_fail(err, SUND_E_FORMAT, "%s: [issuer %s] needs jku, and client (logins) or people (visas)", ini->name, t->issuer[i].iss);
        if (home)
            SUND_TRY(read_keys(&t->issuer[i], home, err));
    }
    return SUND_OK;
}

static sund_code read_list(sund_trust *t, const char *home, bool keys, sund_err *err)
{
    sund_ini  ini = { 0 };
    char      path[2048];
    sund_code rc;

    memset(t, 0, sizeof *t);
    SUND_TRY(sund_path_join(path, sizeof path, home, "trust.ini", err));
    if (!sund_file_exists(path))
        return SUND_OK;
    SUND_TRY(sund_ini_read(&ini, path, err));
    rc = fill(t, &ini, keys ? home : NULL, err);
    sund_ini_free(&ini);
    if (rc != SUND_OK)
        sund_trust_free(t);
    return rc;
}

sund_code sund_trust_read(sund_trust *t, const char *home, sund_err *err) { return read_list(t, home, true, err); }

void sund_trust_free(sund_trust *t)
{
    for (size_t i = 0; i < t->n; i++)
        sund_jwks_free(t->issuer[i].keys);
    free(t->issuer);
    memset(t, 0, sizeof *t);
}

const sund_issuer *sund_trust_find(const sund_trust *t, const char *iss)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->issuer[i].iss, iss) == 0)
            return &t->issuer[i];
    return NULL;
}

static sund_code write_list(const char *home, const sund_trust *t, sund_err *err)
{
    sund_buf  text = { 0 };
    char      path[2048];
    sund_code rc;

    sund_buf_text(&text, "# Whose logins and visas this home believes; kept by 'sund trust'.\n");
    for (size_t i = 0; i < t->n; i++) {
        const sund_issuer *x = &t->issuer[i];

        sund_buf_printf(&text, "\n[issuer %s]\njku = %s\n", x->iss, x->jku);
        if (x->client[0])
            sund_buf_printf(&text, "client = %s\n", x->client);
        if (x->people[0])
            sund_buf_printf(&text, "people = %s\n", x->people);
    }
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_path_join(path, sizeof path, home, "trust.ini", err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, text.p, text.n, 0644, err);
    sund_buf_free(&text);
    return rc;
}

static sund_code check(const sund_issuer *i, sund_err *err)
{
    if (!sund_url_ok(i->iss) || !sund_url_ok(i->jku) || (i->people[0] && !sund_url_ok(i->people)))
        return sund_fail(err, SUND_E_ARG,
                         "issuers and addresses of keys are URLs with https (http on this machine "
                         "only), at most %d bytes",
                         SUND_URL_MAX);
    if (!i->client[0] && !i->people[0])
        return sund_fail(err, SUND_E_ARG, "what is %s trusted for? --client NAME: logins; --people ISSUER: visas", i->iss);
    return sund_text_ok(i->client) && !strchr(i->client, ' ') ? SUND_OK : sund_fail(err, SUND_E_ARG, "a client's name has no blanks and no control characters");
}

sund_code sund_trust_put(const char *home, const sund_issuer *i, const void *jwks, size_t n, sund_err *err)
{
    sund_trust t;
    sund_jwks *keys = NULL;
    char       path[2048];
    size_t     at = 0;
    sund_code  rc;

    SUND_TRY(check(i, err));
    SUND_TRY(sund_jwks_parse(&keys, i->jku, jwks, n, err));
    sund_jwks_free(keys);
    SUND_TRY(read_list(&t, home, false, err));
    if (!t.issuer && !(t.issuer = calloc(SUND_ISSUER_MAX, sizeof *t.issuer)))
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    while (at < t.n && strcmp(t.issuer[at].iss, i->iss) != 0)
        at++;
    if (at == SUND_ISSUER_MAX) {
        rc = sund_fail(err, SUND_E_LIMIT, "more than %d issuers", SUND_ISSUER_MAX);
        goto out;
    }
    t.n = at == t.n ? at + 1 : t.n;
    t.issuer[at] = *i;
    t.issuer[at].keys = NULL;
    SUND_GO(sund_path_join(path, sizeof path, home, "trust", err));
    SUND_GO(sund_dir_make(path, err));
    SUND_GO(keys_path(home, i->iss, path, sizeof path, err));
    SUND_GO(sund_file_write(path, jwks, n, 0644, err)); /* before the list: an issuer in it has keys */
    rc = write_list(home, &t, err);
out:
    sund_trust_free(&t);
    return rc;
}

sund_code sund_trust_remove(const char *home, const char *iss, sund_err *err)
{
    sund_trust t;
    char       path[2048];
    size_t     kept = 0;
    sund_code  rc;

    SUND_TRY(read_list(&t, home, false, err));
    for (size_t i = 0; i < t.n; i++)
        if (strcmp(t.issuer[i].iss, iss) != 0)
            t.issuer[kept++] = t.issuer[i];
    if (kept == t.n) {
        rc = sund_fail(err, SUND_E_NOT_FOUND, "%.200s is not trusted here; 'sund trust list' shows who is", iss);
        goto out;
    }
    t.n = kept;
    SUND_GO(write_list(home, &t, err));
    rc = keys_path(home, iss, path, sizeof path, err);
    if (rc == SUND_OK)
        (void) unlink(path);
out:
    sund_trust_free(&t);
    return rc;
}
