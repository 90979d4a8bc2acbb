#include "gate/memory.h"

#include "base/log.h"
#include "gate/atoms.h"
#include "gate/dac.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const tables =
    "CREATE TABLE IF NOT EXISTS answer_set(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, independent INTEGER NOT NULL, members BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS answer(study BLOB PRIMARY KEY, at TEXT NOT NULL, definition TEXT NOT NULL, question TEXT NOT NULL, nodes TEXT NOT NULL,"
    " release BLOB NOT NULL, about INTEGER NOT NULL REFERENCES answer_set(id), n_column INTEGER NOT NULL, answered INTEGER NOT NULL DEFAULT 0) STRICT;";

sund_code sund_memory_open(sund_db *db, sund_err *err) { return sund_db_script(db, tables, err); }

/* ---- the sets ---- */

typedef struct sets { /* of every answer so far, the independent ones first */
    size_t     n, n_independent, n_word; /* n_word: of the longest */
    int64_t   *id;
    uint64_t **set;  /* n_word words each */
} sets;

static void sets_free(sets *s)
{
    for (size_t i = 0; s->set && i < s->n; i++)
        free(s->set[i]);
    free(s->set);
    free(s->id);
    *s = (sets){ 0 };
}

static sund_code sets_load(sund_db *db, size_t n_word, sets *s, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    int64_t    n = 0, longest = 0;
    sund_code  rc;

    *s = (sets){ 0 };
    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT COUNT(*) FROM answer_set", ""));
    SUND_TRY(sund_db_i64(db, &longest, 0, err, "SELECT MAX(length(members)) FROM answer_set", ""));
    s->n_word = (size_t) longest / 8 > n_word ? (size_t) longest / 8 : n_word;
    s->id = calloc((size_t) n + 1, sizeof *s->id);
    s->set = calloc((size_t) n + 1, sizeof *s->set);
    rc = s->id && s->set ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %lld sets of people", (long long) n);
    if (rc == SUND_OK)
        rc = sund_db_query(db, &rows, err, "SELECT id, independent, members FROM answer_set ORDER BY independent DESC, id", "");
    while (rc == SUND_OK && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more && s->n < (size_t) n) {
        sund_cur  c = sund_rows_blob(rows, 2);
        uint64_t *set = calloc(s->n_word + 1, 8);

        if (!set) {
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory for sets of people");
            break;
        }
        if (c.n)
            memcpy(set, c.p, c.n);
        s->id[s->n] = sund_rows_i64(rows, 0);
        s->n_independent += sund_rows_i64(rows, 1) != 0;
        s->set[s->n++] = set;
    }
    sund_rows_close(rows);
    return rc;
}

static const uint64_t *set_of(const sets *s, int64_t id)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->id[i] == id)
            return s->set[i];
    return NULL;
}

/* ---- the rules ---- */

static bool among(const sund_digest *list, size_t n, const sund_digest *study)
{
    for (size_t i = 0; i < n; i++)
        if (sund_digest_eq(&list[i], study))
            return true;
    return false;
}

/** Two totals of one question that differ by nodes tell those nodes' sums: unless they have agreed, or two of the committee answer for it. */
static sund_code one_roster(const sund_asking *a, const sund_digest *study, const char *nodes, sund_err *err)
{
    bool barred = among(a->barred, a->n_barred, study);

    if (strcmp(nodes, a->nodes) == 0 || among(a->after, a->n_after, study) || ((a->lifted & SUND_LIFT_ONE_ROSTER) && !barred))
        return SUND_OK;
    if (barred)
        return sund_refuse(err, "one-roster", "study %.12s asked the same of %.120s and totals of it were opened; a node has left it for good and does not agree that its own sums can be computed from another answer",
                           sund_digest_hex(study).s, nodes);
    return sund_refuse(err, "one-roster", "study %.12s asked the same of %.200s; two answers would differ by single nodes: ask the same nodes", sund_digest_hex(study).s, nodes);
}

/** One earlier answer against what is asked. */
static sund_code against(const sund_asking *a, const sund_thresholds *t, sund_rows *r, const sets *all, int64_t *shared_columns, sund_err *err)
{
    bool            same_words = strcmp(sund_rows_text(r, 1), a->definition) == 0;
    const uint64_t *set = set_of(all, sund_rows_i64(r, 5));
    sund_cur        release = sund_rows_blob(r, 4), study = sund_rows_blob(r, 0);
    size_t          apart;
    char            who[13] = "";
    sund_digest     d = { { 0 } };

    (void) sund_cur_copy(&study, d.b, sizeof d.b);
    (void) snprintf(who, sizeof who, "%.12s", sund_digest_hex(&d).s);
    if (!set)
        return sund_fail(err, SUND_E_FORMAT, "the memory of answers lacks the people of study %s", who);
    apart = sund_sets_apart(set, all->n_word, a->set, a->n_word);
    if (apart < t->cell_min && same_words && apart > 0 && !(a->lifted & SUND_LIFT_DIFFERENCE))
        return sund_refuse(err, "difference", "the people of this definition have changed by fewer than %u since study %s, whose answer stands until more have", t->cell_min, who);
    if (apart < t->cell_min && !same_words && !(a->lifted & SUND_LIFT_DIFFERENCE))
        return sund_refuse(err, "difference", "study %s was about people who differ from these by fewer than %u, or not at all: ask of its cohort in its words, with variables that "
                           "nobody of them lacks, or of a cohort that differs by more", who, t->cell_min);
    if (strcmp(sund_rows_text(r, 2), a->question) == 0 && same_words && release.n == sizeof a->release.b && memcmp(release.p, a->release.b, release.n) == 0)
        SUND_TRY(one_roster(a, &d, sund_rows_text(r, 3), err));
    for (size_t w = 0; w < a->n_word; w++)
        if (set[w] & a->set[w]) {
            *shared_columns += sund_rows_i64(r, 6);
            break;
        }
    return SUND_OK;
}

static sund_code against_all(sund_db *db, const sund_asking *a, const sund_thresholds *t, const sets *all, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    int64_t    columns = 0, people = 0;
    sund_code  rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT study, definition, question, nodes, release, about, n_column FROM answer ORDER BY at, study", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more && (rc = against(a, t, rows, all, &columns, err)) == SUND_OK)
        ;
    sund_rows_close(rows);
    SUND_TRY(rc);
    people = (int64_t) sund_sets_apart(a->set, a->n_word, NULL, 0);
    if (a->n_column && columns && columns + a->n_column > people / 10 && !(a->lifted & SUND_LIFT_SKETCH))
        return sund_refuse(err, "sketch", "earlier studies of these people and this one take more products of genotypes with vectors than a tenth of the people here");
    return SUND_OK;
}

/** Whether with this set a combination of answers rests on few. *independent: it is no combination of earlier sets, and may tell something new. */
static sund_code together(const sund_asking *a, const sund_thresholds *t, sets *all, bool *independent, sund_err *err)
{
    uint64_t *own = calloc(all->n_word + 1, 8), **more = realloc(all->set, (all->n + 1) * sizeof *more), *last;
    bool      isolates = false;
    sund_code rc;

    all->set = more ? more : all->set;
    if (!own || !more) {
        free(own);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for sets of people");
    }
    memcpy(own, a->set, a->n_word * 8);
    rc = sund_sets_independent((const uint64_t *const *) all->set, all->n_independent, own, all->n_word, independent, err);
    if (rc == SUND_OK && *independent) {
        last = all->set[all->n_independent]; /* perhaps a set that depends on others: it says nothing here */
        all->set[all->n_independent] = own;
        rc = sund_sets_isolate((const uint64_t *const *) all->set, all->n_independent + 1, all->n_word, t->cell_min, &isolates, err);
        all->set[all->n_independent] = last;
    }
    free(own);
    SUND_TRY(rc);
    if (isolates && !(a->lifted & SUND_LIFT_DIFFERENCE))
        return sund_refuse(err, "difference", "together with earlier answers this one would tell of fewer than %u people: ask of a cohort that was asked of before", t->cell_min);
    return SUND_OK;
}

/* ---- entering, and leaving ---- */

static sund_code enter(sund_db *db, const sund_asking *a, const sund_digest *of_set, bool independent, sund_err *err)
{
    char now[32];

    sund_time_text(now);
    SUND_TRY(sund_db_run(db, err, "INSERT OR IGNORE INTO answer_set(digest, independent, members) VALUES(?,?,?)", "bib", of_set->b, sizeof of_set->b, (int64_t) independent, a->set,
                         a->n_word * 8));
    return sund_db_run(db, err, "INSERT INTO answer(study, at, definition, question, nodes, release, about, n_column) SELECT ?,?,?,?,?,?,id,? FROM answer_set WHERE digest=?",
                       "bttttbib", a->study.b, sizeof a->study.b, now, a->definition, a->question, a->nodes, a->release.b, sizeof a->release.b, a->n_column, of_set->b, sizeof of_set->b);
}

/** Runs both statements or none. */
static sund_code enter_whole(sund_db *db, const sund_asking *a, const sund_digest *of_set, bool independent, sund_err *err)
{
    SUND_TRY(sund_db_part(db, err));
    return sund_db_part_end(db, true, enter(db, a, of_set, independent, err), err);
}

sund_code sund_memory_ask(sund_db *db, const sund_thresholds *t, const sund_asking *a, sund_err *err)
{
    sund_asking own = *a;
    sund_digest of_set;
    int64_t     there = 0, known = 0;
    sets        all = { 0 };
    bool        independent = false;
    sund_code   rc;

    if (t->open)
        return SUND_OK;
    SUND_TRY(sund_db_i64(db, &there, 0, err, "SELECT COUNT(*) FROM answer WHERE study=?", "b", a->study.b, sizeof a->study.b));
    if (there)
        return SUND_OK;
    while (own.n_word && !own.set[own.n_word - 1]) /* one spelling: numbers given out later change nothing */
        own.n_word--;
    of_set = sund_digest_of(own.set, own.n_word * 8);
    SUND_GO(sets_load(db, own.n_word, &all, err));
    SUND_GO(against_all(db, &own, t, &all, err));
    SUND_GO(sund_db_i64(db, &known, 0, err, "SELECT COUNT(*) FROM answer_set WHERE digest=?", "b", of_set.b, sizeof of_set.b));
    if (!known && all.n_independent >= SUND_MEMORY_SETS) {
        rc = sund_refuse(err, "difference", "this node has answered about %d different groups of people: ask of one of those", SUND_MEMORY_SETS);
        goto out;
    }
    if (!known)
        SUND_GO(together(&own, t, &all, &independent, err));
    rc = enter_whole(db, &own, &of_set, independent, err);
out:
    sets_free(&all);
    return rc;
}

sund_code sund_memory_near(sund_db *db, const sund_thresholds *t, const uint64_t *set, size_t n_word, bool *near, sund_err *err)
{
    sets      all = { 0 };
    sund_code rc = sets_load(db, n_word, &all, err);

    *near = false;
    for (size_t i = 0; rc == SUND_OK && i < all.n && !*near; i++)
        *near = sund_sets_apart(all.set[i], all.n_word, set, n_word) < t->cell_min;
    sets_free(&all);
    return rc;
}

sund_code sund_memory_answered(sund_db *db, const sund_digest *study, sund_err *err)
{
    return sund_db_run(db, err, "UPDATE answer SET answered=1 WHERE study=?", "b", study->b, sizeof study->b);
}

/** A set that depended on the one that went may be independent now. */
static sund_code look_again(sund_db *db, sund_err *err)
{
    sets      all = { 0 };
    sund_code rc = sets_load(db, 0, &all, err);

    for (size_t i = all.n_independent; rc == SUND_OK && i < all.n; i++) {
        bool      yes = false;
        uint64_t *set = all.set[i];

        rc = sund_sets_independent((const uint64_t *const *) all.set, all.n_independent, set, all.n_word, &yes, err);
        if (rc != SUND_OK || !yes)
            continue;
        rc = sund_db_run(db, err, "UPDATE answer_set SET independent=1 WHERE id=?", "i", all.id[i]);
        all.set[i] = all.set[all.n_independent];
        all.id[i] = all.id[all.n_independent];
        all.set[all.n_independent++] = set;
    }
    sets_free(&all);
    return rc;
}

sund_code sund_memory_ended(sund_db *db, const sund_digest *study, sund_err *err)
{
    SUND_TRY(sund_db_run(db, err, "DELETE FROM answer WHERE study=? AND answered=0", "b", study->b, sizeof study->b));
    if (sund_db_changes(db) == 0)
        return SUND_OK;
    SUND_TRY(sund_db_run(db, err, "DELETE FROM answer_set WHERE id NOT IN (SELECT about FROM answer)", ""));
    return sund_db_changes(db) ? look_again(db, err) : SUND_OK;
}
