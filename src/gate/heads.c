#include "gate/heads.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { LEAST_US = 10 * 1000000 };

sund_code sund_heads_open(sund_db *db, sund_err *err)
{
    return sund_db_script(db, "CREATE TABLE IF NOT EXISTS head(member TEXT PRIMARY KEY, n INTEGER NOT NULL, digest BLOB NOT NULL, own INTEGER NOT NULL, logged INTEGER NOT NULL) STRICT;", err);
}

static sund_code one_head(sund_db *db, sund_head *out, sund_err *err, const char *sql, const char *kind, const char *text, int64_t n)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    memset(out, 0, sizeof *out);
    SUND_TRY(kind[0] == 't' ? sund_db_query(db, &rows, err, sql, "t", text) : kind[0] == 'i' ? sund_db_query(db, &rows, err, sql, "i", n) : sund_db_query(db, &rows, err, sql, ""));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur c = sund_rows_blob(rows, 1);

        out->n = (uint64_t) sund_rows_i64(rows, 0);
        (void) sund_cur_copy(&c, out->d.b, sizeof out->d.b);
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_head_own(sund_db *db, sund_head *out, sund_err *err) { return one_head(db, out, err, "SELECT i, digest FROM ledger ORDER BY i DESC LIMIT 1", "", NULL, 0); }

sund_code sund_head_at(sund_db *db, uint64_t n, sund_digest *out, sund_err *err)
{
    sund_head h = { 0, { { 0 } } };

    if (n <= INT64_MAX)
        SUND_TRY(one_head(db, &h, err, "SELECT i, digest FROM ledger WHERE i=?", "i", NULL, (int64_t) n));
    *out = h.d;
    return SUND_OK;
}

/** What was last heard of somebody's log. */
static sund_code known(sund_db *db, const char *who, sund_head *out, sund_err *err) { return one_head(db, out, err, "SELECT n, digest FROM head WHERE member=?", "t", who, 0); }

/** logged: in the ledger too. */
static sund_code remember(sund_db *db, const char *who, const sund_head *h, bool logged, sund_err *err)
{
    sund_head own;

    if (logged)
        SUND_TRY(sund_ledger_add(db, "heads", "", err, "log of %s: %llu entries, head %s", who, (unsigned long long) h->n, sund_digest_hex(&h->d).s));
    SUND_TRY(sund_head_own(db, &own, err));
    return sund_db_run(db, err, "INSERT INTO head(member, n, digest, own, logged) VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE SET n=?2, digest=?3, own=?4, logged=max(logged, ?5)", "tibii", who,
                       (int64_t) h->n, h->d.b, sizeof h->d.b, (int64_t) own.n, logged ? (int64_t) sund_time_us() : 0);
}

sund_code sund_heads_due(sund_db *db, const char *with, bool *due, sund_err *err)
{
    int64_t n = 0;

    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT COUNT(*) FROM ledger WHERE i > COALESCE((SELECT own FROM head WHERE member=?), -1) AND kind<>'heads'", "t", with));
    *due = n > 0;
    return SUND_OK;
}

static void put(sund_buf *out, const sund_head *h)
{
    sund_buf_u64(out, h->n);
    sund_buf_put(out, h->d.b, sizeof h->d.b);
}

static void get(sund_cur *c, sund_head *h)
{
    h->n = sund_cur_u64(c);
    (void) sund_cur_copy(c, h->d.b, sizeof h->d.b);
    c->bad |= h->n > INT64_MAX;
}

sund_code sund_heads_ask(sund_db *db, const char *hub, sund_buf *out, sund_err *err)
{
    sund_head own, seen;

    SUND_TRY(sund_head_own(db, &own, err));
    SUND_TRY(known(db, hub, &seen, err));
    put(out, &own);
    sund_buf_u64(out, seen.n);
    return sund_buf_ok(out, err);
}

sund_code sund_heads_answer(sund_db *db, const char *node, sund_cur ask, sund_buf *out, char alarm[240], sund_err *err)
{
    sund_head   now, was, own;
    sund_digest at;
    uint64_t    seen;
    int64_t     fresh = 0;

    alarm[0] = 0;
    get(&ask, &now);
    seen = sund_cur_u64(&ask);
    SUND_TRY(sund_cur_end(&ask, "heads", err));
    SUND_TRY(known(db, node, &was, err));
    if (now.n < was.n || (now.n == was.n && !sund_digest_eq(&now.d, &was.d)))
        (void) snprintf(alarm, 240, "the log of %s has %llu entries and had %llu: it was set back to a copy, or rewritten", node, (unsigned long long) now.n, (unsigned long long) was.n);
    SUND_TRY(sund_db_i64(db, &fresh, 0, err, "SELECT COUNT(*) FROM head WHERE member=? AND logged > ?", "ti", node, (int64_t) sund_time_us() - LEAST_US));
    if (alarm[0])
        SUND_TRY(sund_ledger_add(db, "heads", "", err, "alarm: %s", alarm));
    if (!sund_digest_eq(&now.d, &was.d))
        SUND_TRY(remember(db, node, &now, alarm[0] || !fresh, err));
    SUND_TRY(sund_head_own(db, &own, err));
    SUND_TRY(sund_head_at(db, seen, &at, err));
    put(out, &own);
    sund_buf_put(out, at.b, sizeof at.b);
    put(out, &was);
    return sund_buf_ok(out, err);
}

sund_code sund_heads_take(sund_db *db, const char *hub, sund_cur answer, char alarm[240], sund_err *err)
{
    sund_head   now, was, mine;
    sund_digest then, at;

    alarm[0] = 0;
    get(&answer, &now);
    (void) sund_cur_copy(&answer, then.b, sizeof then.b);
    get(&answer, &mine);
    SUND_TRY(sund_cur_end(&answer, "the hub's heads", err));
    SUND_TRY(known(db, hub, &was, err));
    SUND_TRY(sund_head_at(db, mine.n, &at, err));
    if (mine.n && !sund_digest_eq(&at, &mine.d))
        (void) snprintf(alarm, 240, "the hub knew a log of this node with %llu entries that this one does not go on from: state.db was set back to a copy, or rewritten", (unsigned long long) mine.n);
    else if (was.n && (now.n < was.n || !sund_digest_eq(&then, &was.d)))
        (void) snprintf(alarm, 240, "the hub's log does not go on from the %llu entries that this node knew: it was set back to a copy, or rewritten", (unsigned long long) was.n);
    if (alarm[0])
        SUND_TRY(sund_ledger_add(db, "heads", "", err, "alarm: %s", alarm));
    return now.n ? remember(db, hub, &now, true, err) : SUND_OK;
}

bool sund_heads_entry(const sund_ledger_entry *e, char who[SUND_ID_MAX + 1], sund_head *head)
{
    unsigned long long n;
    char               hex[65];

    if (strcmp(e->kind, "heads") != 0 || sscanf(e->text, "log of %32[A-Za-z0-9_-]: %llu entries, head %64[0-9a-f]", who, &n, hex) != 3)
        return false;
    head->n = n;
    return sund_unhex(hex, head->d.b, sizeof head->d.b);
}

sund_code sund_heads_fit(sund_db *log, const sund_head *said, bool *fits, sund_err *err)
{
    sund_digest at;

    SUND_TRY(sund_head_at(log, said->n, &at, err));
    *fits = said->n > 0 && sund_digest_eq(&at, &said->d);
    return SUND_OK;
}
