#include "people/people_priv.h"

#include "base/ini.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const schema =
    "CREATE TABLE IF NOT EXISTS person(id INTEGER PRIMARY KEY, person TEXT NOT NULL UNIQUE, sex INTEGER NOT NULL, country TEXT NOT NULL, population TEXT NOT NULL,"
    " born INTEGER, consent TEXT NOT NULL, withdrawn INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE IF NOT EXISTS variable(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type INTEGER NOT NULL, unit TEXT NOT NULL, decimals INTEGER NOT NULL,"
    " min INTEGER NOT NULL, max INTEGER NOT NULL, codes TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS value(variable INTEGER NOT NULL, person INTEGER NOT NULL, raw INTEGER NOT NULL, PRIMARY KEY(variable, person)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS record(code TEXT NOT NULL, kind INTEGER NOT NULL, person INTEGER NOT NULL, excluded INTEGER NOT NULL, source INTEGER NOT NULL, onset INTEGER NOT NULL,"
    " PRIMARY KEY(code, kind, person, excluded, source)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS record_person ON record(person, source);"
    "CREATE INDEX IF NOT EXISTS record_kind ON record(kind, excluded, person, onset);"
    "CREATE TABLE IF NOT EXISTS withdrawal(person INTEGER PRIMARY KEY, time TEXT NOT NULL) STRICT;"
    "CREATE TRIGGER IF NOT EXISTS person_withdraws AFTER UPDATE OF withdrawn ON person WHEN new.withdrawn=1 AND old.withdrawn=0"
    " BEGIN INSERT OR REPLACE INTO withdrawal(person, time) VALUES(new.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')); END;";

sund_code sund_record_put(sund_people *p, int64_t person, sund_source source, const sund_record *r, sund_err *err)
{
    return sund_db_run(p->db, err,
                       "INSERT INTO record(code, kind, person, excluded, source, onset) VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET onset=excluded.onset"
                       " WHERE excluded.onset >= 0 AND (record.onset < 0 OR record.onset > excluded.onset)",
                       "tiiiii", r->code, (int64_t) r->kind, person, (int64_t) r->excluded, (int64_t) source, r->onset);
}

static sund_code move_codes(sund_people *p, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(p->db, &rows, err, "SELECT code, person FROM code", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        const char *text = sund_rows_text(rows, 0);
        char        code[SUND_CODE_MAX + 1];
        bool        ok = sund_onto_code(text, strlen(text), code);
        sund_record r = { .code = ok ? code : text, .onset = -1 };

        r.kind = sund_record_kind_by_code(r.code);
        if ((rc = sund_record_put(p, sund_rows_i64(rows, 1), SUND_SOURCE_TABLE, &r, err)) != SUND_OK)
            break;
    }
    sund_rows_close(rows);
    return rc == SUND_OK ? sund_db_script(p->db, "DROP TABLE code", err) : rc;
}

/** Codes were once kept in a table of their own, without kinds. */
static sund_code move_old_codes(sund_people *p, sund_err *err)
{
    int64_t   old = 0;
    sund_code rc;

    SUND_TRY(sund_db_i64(p->db, &old, 0, err, "SELECT 1 FROM sqlite_master WHERE type='table' AND name='code'", ""));
    if (!old)
        return SUND_OK;
    SUND_TRY(sund_db_part(p->db, err));
    rc = move_codes(p, err);
    return sund_db_part_end(p->db, true, rc, err);
}

sund_code sund_people_open(sund_people **p, const char *path, sund_err *err)
{
    sund_people *got = calloc(1, sizeof *got);
    sund_code    rc;

    if (!got)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_db_open(&got->db, path, schema, err);
    if (rc == SUND_OK)
        rc = move_old_codes(got, err);
    if (rc == SUND_OK)
        *p = got;
    else
        sund_people_close(got);
    return rc;
}

void sund_people_close(sund_people *p)
{
    if (!p)
        return;
    sund_db_close(p->db);
    free(p);
}

sund_code sund_people_part(sund_people *p, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_part(p->db, err));
    rc = sund_db_run(p->db, err, "UPDATE person SET id=id WHERE id=0", ""); /* what is read and what is written are one step */
    return rc == SUND_OK ? rc : sund_db_part_end(p->db, false, rc, err);
}

sund_code sund_people_part_end(sund_people *p, sund_code rc, sund_err *err) { return sund_db_part_end(p->db, true, rc, err); }

void sund_people_use(sund_people *p, sund_ontos *ontos) { p->ontos = ontos; }

sund_code sund_people_withdraw(sund_people *p, const char *person, sund_err *err)
{
    SUND_TRY(sund_db_run(p->db, err, "UPDATE person SET withdrawn=1 WHERE person=?", "t", person));
    return sund_db_changes(p->db) ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "there is no such person here");
}

sund_code sund_people_erase_withdrawn(sund_people *p, sund_err *err)
{
    SUND_TRY(sund_db_script(p->db, "PRAGMA secure_delete=ON; BEGIN IMMEDIATE", err));
    if (sund_db_script(p->db,
                       "DELETE FROM value WHERE person IN (SELECT id FROM person WHERE withdrawn=1);"
                       "DELETE FROM record WHERE person IN (SELECT id FROM person WHERE withdrawn=1);"
                       "UPDATE person SET sex=0, country='', population='', born=NULL, consent='' WHERE withdrawn=1; COMMIT",
                       err) != SUND_OK) {
        (void) !sund_db_script(p->db, "ROLLBACK", NULL);
        return err ? err->code : SUND_E_IO;
    }
    return sund_db_script(p->db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", err);
}

sund_code sund_people_as_of(sund_people *p, const char *time, sund_err *err)
{
    if (time && strlen(time) >= sizeof p->as_of)
        return sund_fail(err, SUND_E_ARG, "no time: %.40s", time);
    (void) snprintf(p->as_of, sizeof p->as_of, "%s", time ? time : "");
    return SUND_OK;
}

sund_code sund_people_version(sund_people *p, int64_t *out, sund_err *err) { return sund_db_i64(p->db, out, 0, err, "PRAGMA data_version", ""); }

size_t sund_people_n_var(const sund_people *p)
{
    int64_t n = 0;

    return sund_db_i64(p->db, &n, 0, NULL, "SELECT COUNT(*) FROM variable", "") == SUND_OK ? (size_t) n + 1 : 1;
}

static const sund_var sex_var = { .name = "sex", .type = SUND_VAR_BINARY, .min = 0, .max = 1, .codes = "M|F" };

static sund_code one_var(sund_rows *rows, sund_var *out, sund_err *err)
{
    bool more = false;

    SUND_TRY(sund_rows_next(rows, &more, err));
    if (!more)
        return sund_fail(err, SUND_E_NOT_FOUND, "there is no such variable");
    memset(out, 0, sizeof *out);
    (void) snprintf(out->name, sizeof out->name, "%s", sund_rows_text(rows, 0));
    out->type = (sund_var_type) sund_rows_i64(rows, 1);
    (void) snprintf(out->unit, sizeof out->unit, "%s", sund_rows_text(rows, 2));
    out->decimals = (int) sund_rows_i64(rows, 3);
    out->min = sund_rows_i64(rows, 4);
    out->max = sund_rows_i64(rows, 5);
    (void) snprintf(out->codes, sizeof out->codes, "%s", sund_rows_text(rows, 6));
    return SUND_OK;
}

sund_code sund_people_var_at(const sund_people *p, size_t i, sund_var *out, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_code  rc;

    if (i == 0) {
        *out = sex_var;
        return SUND_OK;
    }
    SUND_TRY(sund_db_query(p->db, &rows, err, "SELECT name, type, unit, decimals, min, max, codes FROM variable ORDER BY id LIMIT 1 OFFSET ?", "i", (int64_t) i - 1));
    rc = one_var(rows, out, err);
    sund_rows_close(rows);
    return rc;
}

static sund_code no_var(const sund_people *p, const char *name, sund_err *err)
{
    size_t       n = sund_people_n_var(p);
    sund_var    *v = calloc(n + 1, sizeof *v);
    const char **names = calloc(n + 1, sizeof *names), *near = NULL;

    for (size_t i = 0; v && names && i < n; i++)
        names[i] = sund_people_var_at(p, i, &v[i], NULL) == SUND_OK ? v[i].name : "";
    if (v && names)
        near = sund_nearest(name, names);
    (void) sund_fail(err, SUND_E_NOT_FOUND, "the dictionary has no variable '%.63s'%s%.63s%s", name, near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
    free(names);
    free(v);
    return SUND_E_NOT_FOUND;
}

sund_code sund_people_var(const sund_people *p, const char *name, sund_var *out, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_code  rc;

    if (strcmp(name, "sex") == 0) {
        *out = sex_var;
        return SUND_OK;
    }
    SUND_TRY(sund_db_query(p->db, &rows, err, "SELECT name, type, unit, decimals, min, max, codes FROM variable WHERE name=?", "t", name));
    rc = one_var(rows, out, NULL);
    sund_rows_close(rows);
    return rc == SUND_OK ? SUND_OK : no_var(p, name, err);
}

sund_code sund_people_summary(sund_people *p, sund_json *j, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    int64_t    n = 0, gone = 0;
    sund_code  rc;

    SUND_TRY(sund_db_i64(p->db, &n, 0, err, "SELECT COUNT(*) FROM person", ""));
    SUND_TRY(sund_db_i64(p->db, &gone, 0, err, "SELECT COUNT(*) FROM person WHERE withdrawn", ""));
    SUND_TRY(sund_db_query(p->db, &rows, err, "SELECT country, COUNT(*) FROM person GROUP BY country ORDER BY country", ""));
    sund_json_i64(j, "people", n);
    sund_json_i64(j, "withdrawn", gone);
    sund_json_open(j, "countries", '{');
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        sund_json_i64(j, sund_rows_text(rows, 0), sund_rows_i64(rows, 1));
    sund_json_close(j, '}');
    sund_rows_close(rows);
    return rc == SUND_OK ? sund_buf_ok(j->out, err) : rc;
}

sund_code sund_people_born(sund_people *p, const sund_person_set *set, int64_t *out, sund_err *err)
{
    sund_rows *rows = NULL;
    size_t     at = 0;
    bool       more = false;
    sund_code  rc = sund_db_query(p->db, &rows, err, "SELECT id, born FROM person ORDER BY id", "");

    for (size_t i = 0; i < set->n; i++)
        out[i] = SUND_VALUE_MISSING;
    while (rc == SUND_OK && at < set->n && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        int64_t id = sund_rows_i64(rows, 0);
        while (at < set->n && set->id[at] < id) /* both are by id */
            at++;
        if (at < set->n && set->id[at] == id && !sund_rows_null(rows, 1))
            out[at] = sund_rows_i64(rows, 1);
    }
    sund_rows_close(rows);
    return rc;
}
