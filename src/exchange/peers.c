#include "exchange/peers.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/ini.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct peer { char name[SUND_PEER_NAME_MAX + 1], added[11]; sund_digest token; } peer;
typedef struct peers { peer at[SUND_PEERS_MAX]; size_t n; } peers;

static bool name_ok(const char *s) { return s[0] && strlen(s) <= SUND_PEER_NAME_MAX && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(s); }

static sund_code take(const sund_ini *ini, peers *p, sund_err *err)
{
    peer *now = NULL;

    for (size_t i = 0; i < ini->n_item; i++) {
        const sund_ini_item *k = &ini->item[i];

        if (strcmp(k->section, "peer") != 0 || !name_ok(k->label))
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: a section [peer NAME] is expected", ini->name, k->line);
        if (!now || strcmp(now->name, k->label) != 0) {
            if (p->n == SUND_PEERS_MAX)
                return sund_fail(err, SUND_E_LIMIT, "%s: at most %d peers", ini->name, SUND_PEERS_MAX);
            now = &p->at[p->n++];
            (void) snprintf(now->name, sizeof now->name, "%s", k->label);
        }
        if (strcmp(k->key, "added") == 0)
            (void) snprintf(now->added, sizeof now->added, "%s", k->value);
        else if (strcmp(k->key, "token") != 0 || !sund_unhex(k->value, now->token.b, sizeof now->token.b))
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: token, 64 hex digits, or added is expected", ini->name, k->line);
    }
    return SUND_OK;
}

/** p: from calloc. No file is no peers. */
static sund_code load(const char *path, peers *p, sund_err *err)
{
    sund_ini  ini = { 0 };
    sund_code rc;

    if (!sund_file_exists(path))
        return SUND_OK;
    SUND_TRY(sund_file_private(path, err));
    SUND_TRY(sund_ini_read(&ini, path, err));
    rc = take(&ini, p, err);
    sund_ini_free(&ini);
    return rc;
}

static sund_code save(const char *path, const peers *p, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc;

    sund_buf_text(&b, "# who may ask here; made by 'sund peer'\n");
    for (size_t i = 0; i < p->n; i++)
        sund_buf_printf(&b, "[peer %s]\ntoken = %s\nadded = %s\n", p->at[i].name, sund_digest_hex(&p->at[i].token).s, p->at[i].added);
    rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, b.p, b.n, 0600, err);
    sund_buf_free(&b);
    return rc;
}

static peers *fresh(sund_err *err)
{
    peers *p = calloc(1, sizeof *p);

    if (!p)
        (void) sund_fail(err, SUND_E_NOMEM, "out of memory");
    return p;
}

sund_code sund_peers_find(const char *path, const char *token, char name[SUND_PEER_NAME_MAX + 1], bool *found, sund_err *err)
{
    sund_digest d = sund_digest_of(token, strlen(token));
    peers      *p = fresh(err);
    sund_code   rc;

    *found = false;
    if (!p)
        return SUND_E_NOMEM;
    rc = load(path, p, err);
    for (size_t i = 0; rc == SUND_OK && i < p->n; i++)
        if (sund_digest_eq(&p->at[i].token, &d)) {
            memcpy(name, p->at[i].name, sizeof p->at[i].name);
            *found = true;
        }
    free(p);
    return rc;
}

sund_code sund_peers_add(const char *path, const char *name, char token[65], sund_err *err)
{
    unsigned char random[32];
    char          now[32];
    peers        *p;
    sund_code     rc;

    if (!name_ok(name))
        return sund_fail(err, SUND_E_ARG, "a peer's name has letters, digits, _ and -, at most %d", SUND_PEER_NAME_MAX);
    p = fresh(err);
    if (!p)
        return SUND_E_NOMEM;
    rc = load(path, p, err);
    for (size_t i = 0; rc == SUND_OK && i < p->n; i++)
        if (strcmp(p->at[i].name, name) == 0)
            rc = sund_fail(err, SUND_E_ARG, "there is a peer %s; remove it first, and its token ends", name);
    if (rc == SUND_OK && p->n == SUND_PEERS_MAX)
        rc = sund_fail(err, SUND_E_LIMIT, "at most %d peers", SUND_PEERS_MAX);
    if (rc == SUND_OK) {
        sund_random(random, sizeof random);
        sund_hex(random, sizeof random, token);
        sund_time_text(now);
        (void) snprintf(p->at[p->n].name, sizeof p->at[0].name, "%s", name);
        (void) snprintf(p->at[p->n].added, sizeof p->at[0].added, "%.10s", now);
        p->at[p->n++].token = sund_digest_of(token, strlen(token));
        rc = save(path, p, err);
    }
    free(p);
    return rc;
}

sund_code sund_peers_remove(const char *path, const char *name, sund_err *err)
{
    peers    *p = fresh(err);
    size_t    n = 0;
    sund_code rc;

    if (!p)
        return SUND_E_NOMEM;
    rc = load(path, p, err);
    for (size_t i = 0; rc == SUND_OK && i < p->n; i++)
        if (strcmp(p->at[i].name, name) != 0)
            p->at[n++] = p->at[i];
    if (rc == SUND_OK && n == p->n)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "there is no peer %.40s; 'sund peer list' shows who is", name);
    p->n = n;
    if (rc == SUND_OK)
        rc = save(path, p, err);
    free(p);
    return rc;
}

sund_code sund_peers_list(const char *path, sund_buf *out, sund_err *err)
{
    peers    *p = fresh(err);
    sund_code rc;

    if (!p)
        return SUND_E_NOMEM;
    rc = load(path, p, err);
    for (size_t i = 0; rc == SUND_OK && i < p->n; i++)
        sund_buf_printf(out, "%s\t%s\n", p->at[i].name, p->at[i].added);
    free(p);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}
