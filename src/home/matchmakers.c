#include "home/matchmakers.h"

#include "base/file.h"
#include "base/ini.h"
#include "gate/beyond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_MAX = 512, WAIT_S = 60, WAIT_MAX_S = 300 };

static sund_code number(const sund_ini *ini, const sund_ini_item *k, int64_t max, int64_t *out, sund_err *err)
{
    return sund_parse_i64(k->value, 1, max, out) ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "%s:%u: %s: a number from 1 to %lld", ini->name, k->line, k->key, (long long) max);
}

static sund_code take(const sund_home *h, const sund_ini *ini, const sund_ini_item *k, sund_matchmaker *m, sund_err *err)
{
    if (strcmp(k->key, "token") == 0)
        return sund_home_path(h, k->value, m->token, sizeof m->token, err);
    if (strcmp(k->key, "ca") == 0)
        return sund_home_path(h, k->value, m->ca, sizeof m->ca, err);
    if (strcmp(k->key, "limit") == 0)
        return number(ini, k, SUND_BEYOND_A_YEAR, &m->limit, err);
    if (strcmp(k->key, "wait") == 0)
        return number(ini, k, WAIT_MAX_S, &m->wait_s, err);
    if (strcmp(k->key, "pin") == 0) {
        if (strncmp(k->value, "sha256//", 8) != 0 || snprintf(m->pin, sizeof m->pin, "%s", k->value) >= (int) sizeof m->pin)
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: pin: sha256//BASE64 of the server's key is expected", ini->name, k->line);
        return SUND_OK;
    }
    if (!sund_web_url_ok(k->value)) /* url: sund_settings_known() lets no other key pass */
        return sund_fail(err, SUND_E_FORMAT, "%s:%u: url: https://HOST[:PORT][/PATH], without a slash at its end, is expected; http to 127.0.0.1 or [::1] alone", ini->name, k->line);
    (void) snprintf(m->url, sizeof m->url, "%s", k->value);
    return SUND_OK;
}

static sund_code read_all(const sund_home *h, const sund_ini *ini, sund_matchmaker *list, size_t *n, sund_err *err)
{
    for (size_t i = 0; i < ini->n_item; i++) {
        const sund_ini_item *k = &ini->item[i];

        if (strcmp(k->section, "matchmaker") != 0)
            continue;
        if (h->role != SUND_ROLE_NODE)
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: only nodes have cases, and ask matchmakers about them", ini->name, k->line);
        if (!*n || strcmp(list[*n - 1].name, k->label) != 0) {
            if (!sund_id_ok(k->label))
                return sund_fail(err, SUND_E_FORMAT, "%s:%u: [matchmaker NAME] is expected: letters, digits, '-' and '_', at most %d", ini->name, k->line, SUND_ID_MAX);
            if (*n == SUND_MATCHMAKERS_MAX)
                return sund_fail(err, SUND_E_LIMIT, "%s:%u: at most %d matchmakers", ini->name, k->line, SUND_MATCHMAKERS_MAX);
            list[*n] = (sund_matchmaker){ .limit = SUND_BEYOND_A_YEAR, .wait_s = WAIT_S };
            (void) snprintf(list[*n].name, sizeof list[*n].name, "%s", k->label);
            ++*n;
        }
        SUND_TRY(take(h, ini, k, &list[*n - 1], err));
    }
    for (size_t i = 0; i < *n; i++) {
        if (!list[i].url[0] || !list[i].token[0])
            return sund_fail(err, SUND_E_FORMAT, "%s: [matchmaker %s] needs url and token", ini->name, list[i].name);
        for (size_t k = 0; k < i; k++) /* a case would have two names there, and be asked about twice as often */
            if (strcasecmp(list[i].url, list[k].url) == 0)
                return sund_fail(err, SUND_E_FORMAT, "%s: [matchmaker %s] and [matchmaker %s] are the same address: one of them is enough", ini->name, list[k].name, list[i].name);
    }
    return SUND_OK;
}

sund_code sund_matchmakers_read(const sund_home *h, sund_matchmaker **list, size_t *n, sund_err *err)
{
    sund_ini         ini = { 0 };
    sund_matchmaker *got = calloc(SUND_MATCHMAKERS_MAX, sizeof *got);
    char             path[2048];
    sund_code        rc = got ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    *n = 0;
    if (rc == SUND_OK)
        rc = sund_home_path(h, "sund.ini", path, sizeof path, err);
    if (rc == SUND_OK)
        rc = sund_ini_read(&ini, path, err);
    if (rc == SUND_OK)
        rc = read_all(h, &ini, got, n, err);
    sund_ini_free(&ini);
    if (rc == SUND_OK)
        *list = got;
    else
        free(got);
    return rc;
}

sund_code sund_matchmaker_read(const sund_home *h, const char *name, sund_matchmaker *m, sund_err *err)
{
    sund_matchmaker *list = NULL;
    sund_buf         names = { 0 };
    size_t           n = 0;
    bool             found = false;

    SUND_TRY(sund_matchmakers_read(h, &list, &n, err));
    for (size_t i = 0; i < n && !found; i++) {
        found = strcmp(list[i].name, name) == 0;
        if (found)
            *m = list[i];
        sund_buf_printf(&names, "%s%s", i ? ", " : "", list[i].name);
    }
    free(list);
    sund_buf_nul(&names);
    if (!found)
        (void) sund_fail(err, SUND_E_NOT_FOUND, "sund.ini has no [matchmaker %.40s]; it has %.300s", name, names.n && !names.bad ? (const char *) names.p : "none: url and token there name one");
    sund_buf_free(&names);
    return found ? SUND_OK : SUND_E_NOT_FOUND;
}

sund_code sund_matchmaker_token(const sund_matchmaker *m, sund_buf *out, sund_err *err)
{
    SUND_TRY(sund_file_private(m->token, err));
    SUND_TRY(sund_file_read(m->token, 4096, out, err));
    while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
        out->n--;
    for (size_t i = 0; i < out->n; i++)
        if (out->p[i] <= ' ' || out->p[i] > '~')
            return sund_fail(err, SUND_E_FORMAT, "%s: a token is one word of printable ASCII, alone in its file", m->token);
    if (out->n == 0 || out->n > TOKEN_MAX)
        return sund_fail(err, SUND_E_FORMAT, "%s: a token has 1 to %d bytes", m->token, TOKEN_MAX);
    sund_buf_nul(out);
    return sund_buf_ok(out, err);
}
