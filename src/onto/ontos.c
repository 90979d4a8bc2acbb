#include "onto/ontos.h"
#include "onto/onto_priv.h"

#include "base/db.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_MAX = 32 };

static const char *const schema =
    "CREATE TABLE IF NOT EXISTS ontology(prefix TEXT PRIMARY KEY, version TEXT NOT NULL, title TEXT NOT NULL, digest BLOB NOT NULL, n_term INTEGER NOT NULL, n_obsolete INTEGER NOT NULL,"
    " n_alt INTEGER NOT NULL, n_synonym INTEGER NOT NULL, n_edge INTEGER NOT NULL, n_outside INTEGER NOT NULL, time TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS image(prefix TEXT PRIMARY KEY REFERENCES ontology(prefix) ON DELETE CASCADE, bytes BLOB NOT NULL) STRICT;";

struct sund_ontos {
    sund_db        *db;
    pthread_mutex_t lock;
    int64_t         version;           /* of the database when held[] was read */
    const sund_onto *held[HELD_MAX];   /* each with a reference of its own */
    size_t          n_held;
};

sund_code sund_ontos_open(sund_ontos **out, const char *path, sund_err *err)
{
    sund_ontos *s = calloc(1, sizeof *s);
    sund_code   rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_db_open(&s->db, path, schema, err);
    if (rc != SUND_OK) {
        free(s);
        return rc;
    }
    (void) pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return SUND_OK;
}

static void let_go(sund_ontos *s)
{
    for (size_t i = 0; i < s->n_held; i++)
        sund_onto_free(s->held[i]);
    s->n_held = 0;
}

void sund_ontos_close(sund_ontos *s)
{
    if (!s)
        return;
    let_go(s);
    sund_db_close(s->db);
    (void) pthread_mutex_destroy(&s->lock);
    free(s);
}

static sund_code put(sund_ontos *s, const sund_onto *o, const sund_buf *image, sund_err *err)
{
    const sund_onto_info *i = &o->info;

    SUND_TRY(sund_db_run(s->db, err, "DELETE FROM ontology WHERE prefix=?", "t", i->prefix));
    SUND_TRY(sund_db_run(s->db, err, "INSERT INTO ontology VALUES(?,?,?,?,?,?,?,?,?,?,strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))", "tttbiiiiii", i->prefix, i->version, i->title, i->digest.b,
                         sizeof i->digest.b, (int64_t) i->n_term, (int64_t) i->n_obsolete, (int64_t) i->n_alt, (int64_t) i->n_synonym, (int64_t) i->n_edge, (int64_t) i->n_outside));
    return sund_db_run(s->db, err, "INSERT INTO image VALUES(?,?)", "tb", i->prefix, image->p, image->n);
}

sund_code sund_ontos_put(sund_ontos *s, const sund_onto *o, sund_err *err)
{
    sund_buf  image = { 0 };
    sund_code rc;

    onto_image(o, &image);
    rc = sund_buf_ok(&image, err);
    if (rc == SUND_OK && (rc = sund_db_part(s->db, err)) == SUND_OK)
        rc = sund_db_part_end(s->db, true, put(s, o, &image, err), err);
    sund_buf_free(&image);
    (void) pthread_mutex_lock(&s->lock);
    let_go(s);
    (void) pthread_mutex_unlock(&s->lock);
    return rc;
}

sund_code sund_ontos_drop(sund_ontos *s, const char *prefix, sund_err *err)
{
    SUND_TRY(sund_db_run(s->db, err, "DELETE FROM ontology WHERE prefix=?", "t", prefix));
    if (sund_db_changes(s->db) == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "no ontology %.16s is loaded here: 'sund ontology list' shows those that are", prefix);
    (void) pthread_mutex_lock(&s->lock);
    let_go(s);
    (void) pthread_mutex_unlock(&s->lock);
    return SUND_OK;
}

sund_code sund_ontos_version(sund_ontos *s, int64_t *out, sund_err *err) { return sund_db_i64(s->db, out, 0, err, "PRAGMA data_version", ""); }

static sund_code read_one(sund_ontos *s, const char *prefix, const sund_onto **out, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_onto *o = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(s->db, &rows, err, "SELECT bytes FROM image WHERE prefix=?", "t", prefix));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        rc = onto_from_image(&o, "ontologies.db", sund_rows_blob(rows, 0), err);
    sund_rows_close(rows);
    *out = o;
    return rc;
}

static sund_code get(sund_ontos *s, const char *prefix, const sund_onto **out, sund_err *err)
{
    int64_t version = 0;

    SUND_TRY(sund_ontos_version(s, &version, err));
    if (version != s->version)
        let_go(s);
    s->version = version;
    for (size_t i = 0; i < s->n_held; i++)
        if (strcmp(s->held[i]->info.prefix, prefix) == 0)
            *out = s->held[i];
    if (*out)
        return SUND_OK;
    SUND_TRY(read_one(s, prefix, out, err));
    if (*out && s->n_held == HELD_MAX)
        let_go(s);
    if (*out)
        s->held[s->n_held++] = *out;
    return SUND_OK;
}

sund_code sund_ontos_get(sund_ontos *s, const char *code, const sund_onto **out, sund_err *err)
{
    char      prefix[17];
    size_t    n = strcspn(code, ":");
    sund_code rc;

    *out = NULL;
    if (!s || n >= sizeof prefix)
        return SUND_OK;
    (void) snprintf(prefix, sizeof prefix, "%.*s", (int) n, code);
    (void) pthread_mutex_lock(&s->lock);
    rc = get(s, prefix, out, err);
    if (*out) {
        union { const sund_onto *c; sund_onto *m; } u = { *out };

        (void) atomic_fetch_add(&u.m->refs, 1);
    }
    (void) pthread_mutex_unlock(&s->lock);
    return rc;
}

static void take_row(sund_rows *rows, sund_ontos_entry *e)
{
    sund_cur digest = sund_rows_blob(rows, 3);

    memset(e, 0, sizeof *e);
    (void) snprintf(e->info.prefix, sizeof e->info.prefix, "%s", sund_rows_text(rows, 0));
    (void) snprintf(e->info.version, sizeof e->info.version, "%s", sund_rows_text(rows, 1));
    (void) snprintf(e->info.title, sizeof e->info.title, "%s", sund_rows_text(rows, 2));
    (void) sund_cur_copy(&digest, e->info.digest.b, sizeof e->info.digest.b);
    e->info.n_term = (uint32_t) sund_rows_i64(rows, 4);
    e->info.n_obsolete = (uint32_t) sund_rows_i64(rows, 5);
    e->info.n_alt = (uint32_t) sund_rows_i64(rows, 6);
    e->info.n_synonym = (uint32_t) sund_rows_i64(rows, 7);
    e->info.n_edge = (uint32_t) sund_rows_i64(rows, 8);
    e->info.n_outside = (uint64_t) sund_rows_i64(rows, 9);
    (void) snprintf(e->time, sizeof e->time, "%s", sund_rows_text(rows, 10));
}

sund_code sund_ontos_list(sund_ontos *s, sund_ontos_entry **list, size_t *n, sund_err *err)
{
    sund_rows        *rows = NULL;
    sund_ontos_entry *got = NULL;
    bool              more = false;
    sund_code         rc;

    *n = 0;
    SUND_TRY(sund_db_query(s->db, &rows, err, "SELECT prefix, version, title, digest, n_term, n_obsolete, n_alt, n_synonym, n_edge, n_outside, time FROM ontology ORDER BY prefix", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_ontos_entry *bigger = realloc(got, (*n + 1) * sizeof *got);

        if (!bigger) {
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory");
            break;
        }
        got = bigger;
        take_row(rows, &got[(*n)++]);
    }
    sund_rows_close(rows);
    *list = got;
    return rc;
}
