#include "gate/ledger.h"

#include "base/log.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

sund_code sund_ledger_open(sund_db *db, sund_err *err)
{
    return sund_db_script(db,
                          "CREATE TABLE IF NOT EXISTS ledger(i INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, study TEXT NOT NULL, text TEXT NOT NULL,"
                          " digest BLOB NOT NULL) STRICT;"
                          "CREATE INDEX IF NOT EXISTS ledger_setting ON ledger(i) WHERE kind='setting';",
                          err);
}

static sund_digest entry_digest(const sund_digest *before, uint64_t i, const char *time, const char *kind, const char *study, const char *text)
{
    sund_buf    b = { 0 };
    sund_digest d;

    sund_buf_put(&b, before->b, sizeof before->b);
    sund_buf_u64(&b, i);
    sund_buf_str(&b, time);
    sund_buf_str(&b, kind);
    sund_buf_str(&b, study);
    sund_buf_str(&b, text);
    d = sund_digest_of(b.p, b.n);
    sund_buf_free(&b);
    return d;
}

static sund_code last_entry(sund_db *db, uint64_t *i, sund_digest *d, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    memset(d, 0, sizeof *d);
    *i = 0;
    SUND_TRY(sund_db_query(db, &rows, err, "SELECT i, digest FROM ledger ORDER BY i DESC LIMIT 1", ""));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur c = sund_rows_blob(rows, 1);

        *i = (uint64_t) sund_rows_i64(rows, 0);
        (void) sund_cur_copy(&c, d->b, sizeof d->b);
    }
    sund_rows_close(rows);
    return rc;
}

static sund_code append(sund_db *db, const char *kind, const char *study, const char *text, sund_err *err)
{
    uint64_t    i;
    sund_digest before, d;
    char        now[32];

    SUND_TRY(last_entry(db, &i, &before, err));
    sund_time_text(now);
    d = entry_digest(&before, i + 1, now, kind, study, text);
    return sund_db_run(db, err, "INSERT INTO ledger(i, time, kind, study, text, digest) VALUES(?,?,?,?,?,?)", "ittttb", (int64_t) (i + 1), now, kind, study, text, d.b, sizeof d.b);
}

sund_code sund_ledger_add(sund_db *db, const char *kind, const char *study, sund_err *err, const char *fmt, ...)
{
    char      text[600];
    va_list   ap;
    sund_code rc;

    va_start(ap, fmt);
    (void) vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sund_text_clean(text);
    /* two connections may write: what is read last and what is written are one step */
    SUND_TRY(sund_db_part(db, err));
    rc = sund_db_run(db, err, "UPDATE ledger SET i=i WHERE i=0", "");
    if (rc == SUND_OK)
        rc = append(db, kind, study, text, err);
    return sund_db_part_end(db, true, rc, err);
}

/** *last: "" where nothing was said about it. */
static sund_code last_note(sund_db *db, const char *what, char last[600], sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    last[0] = 0;
    SUND_TRY(sund_db_query(db, &rows, err, "SELECT text FROM ledger INDEXED BY ledger_setting WHERE kind='setting' AND substr(text, 1, length(?1)) = ?1 ORDER BY i DESC LIMIT 1", "t", what));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        (void) snprintf(last, 600, "%s", sund_rows_text(rows, 0));
    sund_rows_close(rows);
    return rc;
}

sund_code sund_ledger_note(sund_db *db, const char *what, const char *value, const char *unset, sund_err *err)
{
    char text[600], last[600], prefix[200];

    (void) snprintf(prefix, sizeof prefix, "%s: ", what);
    (void) snprintf(text, sizeof text, "%s%s", prefix, value);
    sund_text_clean(text);
    SUND_TRY(last_note(db, prefix, last, err));
    if (strcmp(last, text) == 0 || (!last[0] && unset && strcmp(value, unset) == 0))
        return SUND_OK;
    return sund_ledger_add(db, "setting", "", err, "%s", text);
}

sund_code sund_ledger_each(sund_db *db, sund_code (*each)(void *ctx, const sund_ledger_entry *e, sund_err *err), void *ctx, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT i, time, kind, study, text, digest FROM ledger ORDER BY i", ""));
    for (;;) {
        sund_ledger_entry e;
        sund_cur          c;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        memset(&e, 0, sizeof e);
        e.i = (uint64_t) sund_rows_i64(rows, 0);
        c = sund_rows_blob(rows, 5);
        (void) sund_cur_copy(&c, e.digest.b, sizeof e.digest.b);
        e.time = sund_rows_text(rows, 1);
        e.kind = sund_rows_text(rows, 2);
        e.study = sund_rows_text(rows, 3);
        e.text = sund_rows_text(rows, 4);
        SUND_GO(each(ctx, &e, err));
    }
out:
    sund_rows_close(rows);
    return rc;
}

typedef struct chain { uint64_t n; sund_digest head; } chain;

static sund_code check_entry(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    chain      *c = ctx;
    sund_digest want = entry_digest(&c->head, c->n + 1, e->time, e->kind, e->study, e->text);

    if (e->i != c->n + 1)
        return sund_fail(err, SUND_E_FORMAT, "the log was altered: entry %llu is missing", (unsigned long long) (c->n + 1));
    if (!sund_digest_eq(&want, &e->digest))
        return sund_fail(err, SUND_E_FORMAT, "the log was altered: entry %llu does not fit the one before it", (unsigned long long) e->i);
    c->n++;
    c->head = e->digest;
    return SUND_OK;
}

sund_code sund_ledger_verify(sund_db *db, uint64_t *n, sund_digest *head, sund_err *err)
{
    chain c = { 0 };

    SUND_TRY(sund_ledger_each(db, check_entry, &c, err));
    *n = c.n;
    if (head)
        *head = c.head;
    return SUND_OK;
}
