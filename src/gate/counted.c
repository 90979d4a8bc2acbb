#include "gate/counted.h"

#include "gate/atoms.h"
#include "gate/gate_priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const tables = "CREATE TABLE IF NOT EXISTS counted(definition TEXT PRIMARY KEY, people INTEGER NOT NULL, digest BLOB NOT NULL) STRICT;"
                                  "CREATE TABLE IF NOT EXISTS small_set(digest BLOB PRIMARY KEY, members BLOB NOT NULL) STRICT;"; /* sets below the least cell that somebody asked about */
enum { SMALL_MAX = 4096 };

typedef struct asked { const char *definition; const uint64_t *set; size_t n_word; int64_t n; sund_digest digest; bool there, same; int64_t shown; } asked;

sund_code sund_counted_open(sund_db *db, sund_err *err)
{
    SUND_TRY(sund_memory_open(db, err));
    return sund_db_script(db, tables, err);
}

/** What this definition was answered before. */
static sund_code recall(sund_db *db, asked *q, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_code  rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT people, digest FROM counted WHERE definition=?", "t", q->definition));
    rc = sund_rows_next(rows, &q->there, err);
    if (rc == SUND_OK && q->there) {
        sund_cur c = sund_rows_blob(rows, 1);

        q->shown = sund_rows_i64(rows, 0);
        q->same = c.n == sizeof q->digest.b && memcmp(c.p, q->digest.b, c.n) == 0;
    }
    sund_rows_close(rows);
    return rc;
}

/** Some small set that was asked about differs from this one by few. */
static sund_code beside_small(sund_db *db, const sund_thresholds *t, const asked *q, bool *near, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    *near = false;
    SUND_TRY(sund_db_query(db, &rows, err, "SELECT members FROM small_set", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more && !*near) {
        sund_cur  c = sund_rows_blob(rows, 0);
        uint64_t *set = calloc(c.n / 8 + 1, 8);

        if (!set) {
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory for sets of people");
            break;
        }
        memcpy(set, c.p, c.n / 8 * 8);
        *near = sund_sets_apart(set, c.n / 8, q->set, q->n_word) < t->cell_min;
        free(set);
    }
    sund_rows_close(rows);
    return rc;
}

/** Small sets are remembered as sets, however often and in whatever words they are asked about; nobody's needs no memory. *full: there is no room for another. */
static sund_code remember_small(sund_db *db, const asked *q, bool *full, sund_err *err)
{
    int64_t n = 0, known = 0;

    *full = false;
    if (q->n == 0)
        return SUND_OK;
    SUND_TRY(sund_db_i64(db, &known, 0, err, "SELECT COUNT(*) FROM small_set WHERE digest=?", "b", q->digest.b, sizeof q->digest.b));
    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT COUNT(*) FROM small_set", ""));
    *full = !known && n >= SMALL_MAX;
    if (known || *full)
        return SUND_OK;
    return sund_db_run(db, err, "INSERT INTO small_set(digest, members) VALUES(?,?)", "bb", q->digest.b, sizeof q->digest.b, q->set, q->n_word * 8);
}

/** Enters it into the memory of answers, or says why not. */
static sund_code enter(sund_db *db, const sund_thresholds *t, const asked *q, sund_err *err)
{
    sund_asking a = { .definition = q->definition, .question = "how many", .nodes = "-", .set = q->set, .n_word = q->n_word };
    sund_buf    name = { 0 };
    sund_code   rc;

    sund_buf_str(&name, q->definition);
    sund_buf_put(&name, q->digest.b, sizeof q->digest.b);
    a.study = sund_digest_of(name.p, name.n);
    rc = sund_buf_ok(&name, err);
    sund_buf_free(&name);
    SUND_TRY(rc);
    SUND_TRY(sund_memory_ask(db, t, &a, err));
    return sund_memory_answered(db, &a.study, err);
}

/** A small set has one answer, whatever else was asked; a larger one that may not be told has the same. */
static sund_code judge(sund_db *db, const sund_thresholds *t, asked *q, sund_err *err)
{
    bool      near = false, full = false;
    int64_t   n_small = 0;
    sund_err  why = { SUND_OK, "" };
    sund_code rc;

    SUND_TRY(recall(db, q, err));
    if (q->there && q->same)
        return SUND_OK;
    if (!sund_rule_cell_min(t, q->n) || q->n == 0) {
        SUND_TRY(sund_memory_near(db, t, q->set, q->n_word, &near, err));
        if (near && q->there)
            return SUND_OK; /* a number was given, and few have changed: it stands */
        q->shown = -1;
        return remember_small(db, q, &full, err);
    }
    SUND_TRY(beside_small(db, t, q, &near, err));
    SUND_TRY(sund_db_i64(db, &n_small, 0, err, "SELECT COUNT(*) FROM small_set", ""));
    rc = near || n_small >= SMALL_MAX ? SUND_E_DENIED : enter(db, t, q, &why);
    if (rc == SUND_E_DENIED) {
        q->shown = q->there ? q->shown : -1;
        return SUND_OK;
    }
    if (rc != SUND_OK)
        return sund_fail(err, rc, "%s", why.msg);
    q->shown = sund_shown_number(t, q->n);
    return sund_db_run(db, err, "INSERT INTO counted(definition, people, digest) VALUES(?,?,?) ON CONFLICT DO UPDATE SET people=excluded.people, digest=excluded.digest", "tib", q->definition, q->shown,
                       q->digest.b, sizeof q->digest.b);
}

sund_code sund_counted(sund_db *db, const sund_gate *g, const char *definition, const uint64_t *set, size_t n_word, int64_t n_person, sund_shown **out, sund_err *err)
{
    asked     q = { .definition = definition, .set = set, .n = n_person };
    sund_code rc;

    if (g->thresholds.open)
        return sund_shown_people(g, SUND_ASK_PEOPLE, n_person, out, err);
    while (n_word && !set[n_word - 1])
        n_word--;
    q.n_word = n_word;
    q.digest = sund_digest_of(set, n_word * 8);
    SUND_TRY(sund_db_part(db, err));
    rc = sund_db_run(db, err, "UPDATE counted SET people=people WHERE definition=?", "t", definition); /* two connections may count: what is read and what is written are one step */
    if (rc == SUND_OK)
        rc = judge(db, &g->thresholds, &q, err);
    rc = sund_db_part_end(db, true, rc, err);
    SUND_TRY(rc);
    return sund_shown_people(g, SUND_ASK_PEOPLE, q.shown < 0 ? 0 : q.shown, out, err);
}
