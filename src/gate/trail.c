#include "gate/trail.h"

#include "gate/gate_priv.h"

#include <string.h>
#include <time.h>

/* ---- what a trail says of others' logs ---- */

sund_code sund_trail_say(const sund_trail *t, const char *who, const sund_head *h, uint64_t by, const char *when, sund_err *err)
{
    return sund_db_run(t->db, err, "INSERT OR IGNORE INTO temp.said(who, n, digest, at, time) VALUES(?,?,?,?,?)", "tibit", who, (int64_t) h->n, h->d.b, sizeof h->d.b, (int64_t) by, when);
}

static sund_code say_entry(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    char      who[SUND_ID_MAX + 1];
    sund_head h;

    return sund_heads_entry(e, who, &h) ? sund_trail_say(ctx, who, &h, e->i, e->time, err) : SUND_OK;
}

sund_code sund_trail_said(sund_trail *t, sund_err *err)
{
    SUND_TRY(sund_db_script(t->db,
                            "DROP TABLE IF EXISTS temp.said;"
                            "CREATE TEMP TABLE said(who TEXT NOT NULL, n INTEGER NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL, time TEXT NOT NULL, PRIMARY KEY(who, n, digest)) WITHOUT ROWID",
                            err));
    SUND_TRY(sund_ledger_each(t->db, say_entry, t, err));
    return sund_db_run(t->db, err, "INSERT OR IGNORE INTO temp.said(who, n, digest, at, time) SELECT member, n, digest, 0, ? FROM head WHERE n > 0", "t", t->made);
}

sund_code sund_trail_of(sund_trail *t, sund_db *db, const char *name, const char *member, sund_role role, sund_err *err)
{
    memset(t, 0, sizeof *t);
    (void) snprintf(t->name, sizeof t->name, "%s", name);
    (void) snprintf(t->member, sizeof t->member, "%s", member);
    t->role = role;
    t->db = db;
    if (sund_ledger_verify(db, &t->head.n, &t->head.d, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s", name);
    return sund_trail_said(t, err);
}

void sund_trail_close(sund_trail *t)
{
    if (t->own_db)
        sund_db_close(t->db);
    memset(t, 0, sizeof *t);
}

sund_code sund_trail_count(const sund_trail *t, sund_trail_heads *out, sund_err *err)
{
    int64_t n = 0, alarms = 0;

    SUND_TRY(sund_db_i64(t->db, &n, 0, err, "SELECT COUNT(*) FROM temp.said", ""));
    SUND_TRY(sund_db_i64(t->db, &alarms, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='heads' AND text LIKE 'alarm:%'", ""));
    *out = (sund_trail_heads){ (uint64_t) n, (uint64_t) alarms };
    return SUND_OK;
}

/* ---- one log, twice ---- */

static sund_code entry_time(const sund_trail *t, uint64_t i, char out[32], sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    out[0] = 0;
    SUND_TRY(sund_db_query(t->db, &rows, err, "SELECT time FROM ledger WHERE i=?", "i", (int64_t) i));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        (void) snprintf(out, 32, "%s", sund_rows_text(rows, 0));
    sund_rows_close(rows);
    return rc;
}

static sund_code same_entry(const sund_trail *a, const sund_trail *b, uint64_t i, bool *same, sund_err *err)
{
    sund_digest x, y;

    SUND_TRY(sund_head_at(a->db, i, &x, err));
    SUND_TRY(sund_head_at(b->db, i, &y, err));
    *same = sund_digest_eq(&x, &y);
    return SUND_OK;
}

/** Digests that are equal have the same entries before them: the first other one is found by halves. */
static sund_code first_other(const sund_trail *a, const sund_trail *b, uint64_t n, uint64_t *first, sund_err *err)
{
    uint64_t same = 0;

    while (n - same > 1) {
        uint64_t mid = same + (n - same) / 2;
        bool     eq;

        SUND_TRY(same_entry(a, b, mid, &eq, err));
        *(eq ? &same : &n) = mid;
    }
    *first = n;
    return SUND_OK;
}

/** "" is now. */
static bool made_later(const sund_trail *a, const sund_trail *b) { return !b->made[0] ? false : !a->made[0] || strcmp(a->made, b->made) > 0; }

static sund_code one_log(const sund_trail *a, const sund_trail *b, sund_trail_match *out, sund_err *err)
{
    const sund_trail *late = made_later(a, b) ? a : b, *early = late == a ? b : a;
    uint64_t          n = a->head.n < b->head.n ? a->head.n : b->head.n, first = 0;
    char              was[32], is[32];
    bool              same = true;

    if (n)
        SUND_TRY(same_entry(a, b, n, &same, err));
    if (!same) {
        SUND_TRY(first_other(a, b, n, &first, err));
        SUND_TRY(entry_time(early, first, was, err));
        SUND_TRY(entry_time(late, first, is, err));
        return sund_fail(err, SUND_E_MISMATCH, "the log of %s was rewritten or set back: entry %llu in %s (of %s) is not the one in %s (of %s), and so are all behind it; the %llu before are the same", a->member,
                         (unsigned long long) first, late->name, is, early->name, was, (unsigned long long) (first - 1));
    }
    if (late->head.n < early->head.n && made_later(late, early))
        return sund_fail(err, SUND_E_MISMATCH, "the log of %s was set back: %s was made later than %s and lacks its entries %llu to %llu", a->member, late->name, early->name,
                         (unsigned long long) (late->head.n + 1), (unsigned long long) early->head.n);
    out->common = n;
    out->same_log = true;
    out->first_goes_on = a->head.n >= b->head.n;
    return SUND_OK;
}

/* ---- one log, by what another says of it ---- */

static int64_t seconds(const char *text)
{
    struct tm t = { 0 };

    return strptime(text, "%Y-%m-%dT%H:%M:%SZ", &t) ? (int64_t) timegm(&t) : 0;
}

enum { CLOCKS_S = 60 };

/** One saying of `by` held against the log of `of`. fitted: entries up to which it fits so far. */
static sund_code hold(const sund_trail *of, const sund_trail *by, sund_rows *said, uint64_t *fitted, sund_trail_match *out, sund_err *err)
{
    sund_cur    c = sund_rows_blob(said, 1);
    sund_head   h = { (uint64_t) sund_rows_i64(said, 0), { { 0 } } };
    int64_t     at = sund_rows_i64(said, 2);
    const char *when = sund_rows_text(said, 3);
    char        where[120];
    bool        fits;

    (void) sund_cur_copy(&c, h.d.b, sizeof h.d.b);
    if (h.n > of->head.n && of->made[0] && (!when[0] || seconds(when) > seconds(of->made) - CLOCKS_S)) {
        out->n_later++;
        return SUND_OK;
    }
    SUND_TRY(sund_heads_fit(of->db, &h, &fits, err));
    if (fits) {
        out->n_held++;
        *fitted = h.n;
        return SUND_OK;
    }
    if (at)
        (void) snprintf(where, sizeof where, "by %s %lld of %.80s", by->member[0] ? "entry" : "line", (long long) at, by->name);
    else
        (void) snprintf(where, sizeof where, "by the last head in %.80s", by->name);
    return sund_fail(err, SUND_E_MISMATCH, "the log of %s was rewritten or set back: %s (%.20s) it had %llu entries with head %.16s; in %.80s entry %llu is %s, and up to entry %llu it fits", of->member, where, when,
                     (unsigned long long) h.n, sund_digest_hex(&h.d).s, of->name, (unsigned long long) h.n, h.n > of->head.n ? "not there" : "another", (unsigned long long) *fitted);
}

static sund_code hold_all(const sund_trail *of, const sund_trail *by, sund_trail_match *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    uint64_t   fitted = 0;
    sund_code  rc = SUND_OK;

    if (!of->member[0])
        return SUND_OK;
    SUND_TRY(sund_db_query(by->db, &rows, err, "SELECT n, digest, at, time FROM temp.said WHERE who=? ORDER BY n", "t", of->member));
    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        rc = hold(of, by, rows, &fitted, out, err);
    sund_rows_close(rows);
    return rc;
}

/** What a was shown of a third log, beside what b was shown of as many entries. */
static sund_code share(const sund_trail *a, const sund_trail *b, sund_rows *said, sund_trail_match *out, sund_err *err)
{
    const char *who = sund_rows_text(said, 0);
    int64_t     n = sund_rows_i64(said, 1), same = 0, other = 0;
    sund_cur    c = sund_rows_blob(said, 2);

    SUND_TRY(sund_db_i64(b->db, &same, 0, err, "SELECT COUNT(*) FROM temp.said WHERE who=? AND n=? AND digest=?", "tib", who, n, c.p, c.n));
    SUND_TRY(sund_db_i64(b->db, &other, 0, err, "SELECT COUNT(*) FROM temp.said WHERE who=? AND n=? AND digest<>?", "tib", who, n, c.p, c.n));
    out->n_shared += same > 0;
    if (!other)
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "the log of %.32s was forked or rewritten: of %lld entries it showed another head to %s than to %s ('sund log heads' and 'sund log show' have both); ask %.32s for its log", who,
                     (long long) n, a->member[0] ? a->member : a->name, b->member[0] ? b->member : b->name, who);
}

static sund_code share_all(const sund_trail *a, const sund_trail *b, sund_trail_match *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = SUND_OK;

    SUND_TRY(sund_db_query(a->db, &rows, err, "SELECT who, n, digest FROM temp.said WHERE who<>? AND who<>?", "tt", a->member, b->member));
    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        rc = share(a, b, rows, out, err);
    sund_rows_close(rows);
    return rc;
}

/* ---- what left a node, and what came to the hub ---- */

enum { DIGEST_HEX = 16 }; /* as many digits of a message's digest are in a hub's log */

/** "..., N bytes, digest HEX...", as both write it. */
static bool message_of(const sund_ledger_entry *e, const char *begins, unsigned long long *n, char hex[DIGEST_HEX + 1])
{
    const char *at = strstr(e->text, " bytes, digest ");
    const char *digits = at;

    if (!at || strncmp(e->text, begins, strlen(begins)) != 0)
        return false;
    while (digits > e->text && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    return sscanf(digits, "%llu bytes, digest %16[0-9a-f]", n, hex) == 2 && strlen(hex) == DIGEST_HEX;
}

typedef struct sending { sund_db *db; const sund_trail *node, *hub; char from[SUND_ID_MAX + 10]; sund_trail_match *out; } sending;

static sund_code note_sent(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    sending           *s = ctx;
    unsigned long long n;
    char               hex[DIGEST_HEX + 1];

    if (!message_of(e, "left: ", &n, hex))
        return SUND_OK;
    return sund_db_run(s->db, err, "INSERT OR IGNORE INTO sent(kind, study, n, digest) VALUES(?,?,?,?)", "ttit", e->kind, e->study, (int64_t) n, hex);
}

/** What the hub heard after the node's log was exported may not be in that. */
static sund_code hold_sent(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    sending           *s = ctx;
    unsigned long long n;
    char               hex[DIGEST_HEX + 1];

    if (!message_of(e, s->from, &n, hex))
        return SUND_OK;
    SUND_TRY(sund_db_run(s->db, err, "UPDATE sent SET heard=1 WHERE kind=? AND study=? AND n=? AND digest=?", "ttit", e->kind, e->study, (int64_t) n, hex));
    s->out->n_sent += sund_db_changes(s->db) > 0;
    if (sund_db_changes(s->db) == 0 && (!s->node->made[0] || seconds(e->time) <= seconds(s->node->made) - CLOCKS_S))
        return sund_fail(err, SUND_E_MISMATCH, "entry %llu of %.80s says that a message came from %s (%s, study %.12s, %llu bytes, digest %s), and the log of %s has none that left so", (unsigned long long) e->i, s->hub->name,
                         s->node->member, e->kind, e->study[0] ? e->study : "none", n, hex, s->node->member);
    return SUND_OK;
}

static sund_code hold_messages(const sund_trail *node, const sund_trail *hub, sund_trail_match *out, sund_err *err)
{
    sending   s = { .node = node, .hub = hub, .out = out };
    int64_t   n = 0;
    sund_code rc;

    if (node->role != SUND_ROLE_NODE || hub->role != SUND_ROLE_HUB || !node->member[0] || !hub->member[0])
        return SUND_OK;
    (void) snprintf(s.from, sizeof s.from, "from %s, ", node->member);
    SUND_TRY(sund_db_open(&s.db, "", "CREATE TABLE sent(kind TEXT NOT NULL, study TEXT NOT NULL, n INTEGER NOT NULL, digest TEXT NOT NULL, heard INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(kind, study, n, digest)) WITHOUT ROWID", err));
    SUND_GO(sund_ledger_each(node->db, note_sent, &s, err));
    SUND_GO(sund_ledger_each(hub->db, hold_sent, &s, err));
    rc = sund_db_i64(s.db, &n, 0, err, "SELECT COUNT(*) FROM sent WHERE heard=0", "");
    out->n_unheard = (uint64_t) n;
out:
    sund_db_close(s.db);
    return rc;
}

sund_code sund_trail_compare(const sund_trail *a, const sund_trail *b, sund_trail_match *out, sund_err *err)
{
    memset(out, 0, sizeof *out);
    if (strcmp(a->member, b->member) == 0)
        SUND_TRY(one_log(a, b, out, err));
    SUND_TRY(hold_all(a, b, out, err));
    SUND_TRY(hold_all(b, a, out, err));
    SUND_TRY(hold_messages(a, b, out, err));
    SUND_TRY(hold_messages(b, a, out, err));
    return share_all(a, b, out, err);
}
