#include "base/db.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/public.h"
#include "gate/heads.h"
#include "home/home.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* log show, log verify, log heads: the ledger of a home. */

static sund_code print_entry(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    const bool *as_json = ctx;

    (void) err;
    if (*as_json) {
        sund_buf  out = { 0 };
        sund_json j;

        sund_json_init(&j, &out, false);
        sund_json_open(&j, NULL, '{');
        sund_json_i64(&j, "i", (int64_t) e->i);
        sund_json_str(&j, "time", e->time);
        sund_json_str(&j, "kind", e->kind);
        sund_json_str(&j, "study", e->study);
        sund_json_str(&j, "text", e->text);
        sund_json_str(&j, "digest", sund_digest_hex(&e->digest).s);
        sund_json_close(&j, '}');
        sund_buf_text(&out, "\n");
        (void) fwrite(out.p, 1, out.n, stdout);
        sund_buf_free(&out);
    }
    else {
        printf("%6llu  %s  %-14s %-12.12s %s\n", (unsigned long long) e->i, e->time, e->kind, e->study, e->text);
    }
    return SUND_OK;
}

sund_code sund_cmd_log_show(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            as_json = false, is_public = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "home of a node or hub" },
        { "public", 'b', &is_public, NULL, "for citizens: what was computed, for whom, why, and what came of it, in plain sentences" },
        { "json", 'b', &as_json, NULL, "one JSON object a line" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "log show", "[OPTIONS]", "Everything that left this home, was asked of it or decided in it, in order.", "sund log show --home fi\nsund log show --public --home fi", opt, 0, 0 };
    sund_home       h;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE | (is_public ? SUND_HOME_ROSTER : 0), err));
    rc = is_public ? sund_log_public(&h, as_json, err) : sund_ledger_each(h.db, print_entry, &as_json, err);
    sund_home_close(&h);
    return rc;
}

/** One log's sayings of another's, held against that one. */
typedef struct holding { const char *whose; sund_db *log; size_t n; } holding;

static sund_code hold_one(const holding *h, const sund_head *said, const char *where, sund_err *err)
{
    bool fits;

    SUND_TRY(sund_heads_fit(h->log, said, &fits, err));
    if (fits)
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "the log of %s was rewritten or set back: %s it had %llu entries with head %.16s, now entry %llu is %s", h->whose, where, (unsigned long long) said->n,
                     sund_digest_hex(&said->d).s, (unsigned long long) said->n, "another, or not there");
}

static sund_code hold_entry(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    holding  *h = ctx;
    char      who[SUND_ID_MAX + 1], where[80];
    sund_head said;

    if (!sund_heads_entry(e, who, &said) || strcmp(who, h->whose) != 0)
        return SUND_OK;
    h->n++;
    (void) snprintf(where, sizeof where, "by an entry of %.32s", e->time);
    return hold_one(h, &said, where, err);
}

/** Lines that `sund log heads` printed: whose log, entries, head, time. Those of this home's own log are held against it. */
static sund_code hold_file(holding *h, const char *path, sund_err *err)
{
    sund_buf  text = { 0 };
    size_t    line = 1;
    sund_code rc = sund_file_read(path, 1 << 26, &text, err);

    for (const char *at = (const char *) text.p, *end = at + text.n; rc == SUND_OK && at < end; line++) {
        const char        *nl = memchr(at, '\n', (size_t) (end - at));
        char               one[200], who[SUND_ID_MAX + 1], hex[65], where[80];
        unsigned long long n;
        sund_head          said;

        (void) snprintf(one, sizeof one, "%.*s", (int) ((nl ? nl : end) - at < 199 ? (nl ? nl : end) - at : 199), at);
        at = nl ? nl + 1 : end;
        if (sscanf(one, "%32[A-Za-z0-9_-]\t%llu\t%64[0-9a-f]\t", who, &n, hex) != 3 || !sund_unhex(hex, said.d.b, sizeof said.d.b)) {
            rc = sund_fail(err, SUND_E_FORMAT, "%s:%zu: a line of 'sund log heads' is expected: whose, entries, head, time", path, line);
            break;
        }
        if (strcmp(who, h->whose) != 0)
            continue;
        said.n = n;
        h->n++;
        (void) snprintf(where, sizeof where, "by line %zu of a file", line);
        rc = hold_one(h, &said, where, err);
    }
    sund_buf_free(&text);
    return rc;
}

/** Another home's log: verified, and each held against what the other's has of it. */
static sund_code hold_home(const sund_home *h, const char *dir, size_t *n, sund_err *err)
{
    sund_home   other;
    holding     mine = { h->id, h->db, 0 }, theirs;
    uint64_t    count;
    sund_code   rc;

    SUND_TRY(sund_home_open(&other, dir, SUND_HOME_STATE, err));
    theirs = (holding){ other.id, other.db, 0 };
    rc = sund_ledger_verify(other.db, &count, NULL, err);
    if (rc != SUND_OK)
        rc = sund_fail_in(err, rc, "%s", dir);
    if (rc == SUND_OK)
        rc = sund_ledger_each(other.db, hold_entry, &mine, err);
    if (rc == SUND_OK)
        rc = sund_ledger_each(h->db, hold_entry, &theirs, err);
    *n = mine.n + theirs.n;
    sund_home_close(&other);
    return rc;
}

static sund_code hold_against(const sund_home *h, const char *what, size_t *n, sund_err *err)
{
    holding     mine = { h->id, h->db, 0 };
    struct stat st;
    sund_code   rc;

    if (stat(what, &st) == 0 && S_ISDIR(st.st_mode))
        return hold_home(h, what, n, err);
    rc = hold_file(&mine, what, err);
    *n = mine.n;
    return rc;
}

sund_code sund_cmd_log_verify(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *against = NULL;
    bool            as_json = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "home of a node or hub" },
        { "against", 's', &against, "FILE|HOME", "hold it against what others have of it: a file of 'sund log heads', or another member's home" },
        { "json", 'b', &as_json, NULL, "for programs" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "log verify", "[OPTIONS]", "Recomputes the chain of digests of the log: an entry that was altered, removed or put in is named. A log that was rewritten as a whole, or cut, is a whole chain still: --against finds it by the heads that others hold.",
                          "sund log verify --home fi\nsund log verify --home fi --against hub\nsund log verify --home fi --against heads-of-se.tsv", opt, 0, 0 };
    sund_home       h;
    uint64_t        count = 0;
    sund_digest     head;
    size_t          n, n_held = 0;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE, err));
    rc = sund_ledger_verify(h.db, &count, &head, err);
    if (rc == SUND_OK && against)
        rc = hold_against(&h, against, &n_held, err);
    if (rc == SUND_OK && as_json)
        printf("{\"entries\": %llu, \"head\": \"%s\", \"heads_held\": %zu}\n", (unsigned long long) count, sund_digest_hex(&head).s, n_held);
    else if (rc == SUND_OK)
        printf("%llu entries, unaltered; head %s\n", (unsigned long long) count, sund_digest_hex(&head).s);
    if (rc == SUND_OK && against && !as_json)
        printf("%zu heads in %s fit\n", n_held, against);
    sund_home_close(&h);
    return rc;
}

static sund_code print_head(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    char      who[SUND_ID_MAX + 1];
    sund_head h;

    (void) ctx, (void) err;
    if (sund_heads_entry(e, who, &h))
        printf("%s\t%llu\t%s\t%s\n", who, (unsigned long long) h.n, sund_digest_hex(&h.d).s, e->time);
    return SUND_OK;
}

sund_code sund_cmd_log_heads(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "home of a node or hub" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "log heads", "[OPTIONS]", "Heads of logs, one a line: whose, entries, head, time. First this home's own, then each that it was shown by others. Tell nothing of what is in the logs; give them to anybody, for 'sund log verify --against'.",
                          "sund log heads --home hub > heads.tsv", opt, 0, 0 };
    sund_home       h;
    sund_head       own;
    char            now[32];
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE, err));
    rc = sund_head_own(h.db, &own, err);
    sund_time_text(now);
    if (rc == SUND_OK && own.n)
        printf("%s\t%llu\t%s\t%s\n", h.id, (unsigned long long) own.n, sund_digest_hex(&own.d).s, now);
    if (rc == SUND_OK)
        rc = sund_ledger_each(h.db, print_head, NULL, err);
    sund_home_close(&h);
    return rc;
}
