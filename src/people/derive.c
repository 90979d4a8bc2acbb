#include "people/people_priv.h"

#include <stdlib.h>

/* Variables that a node makes itself: scores and predictions per person, which later studies here use and which never leave. */

static sund_code declare(sund_people *p, const sund_var *v, int64_t *id, sund_err *err)
{
    SUND_TRY(sund_db_run(p->db, err,
                         "INSERT INTO variable(name, type, unit, decimals, min, max, codes) VALUES(?,?,?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET"
                         " type=excluded.type, unit=excluded.unit, decimals=excluded.decimals, min=excluded.min, max=excluded.max, codes=excluded.codes",
                         "titiiit", v->name, (int64_t) v->type, v->unit, (int64_t) v->decimals, v->min, v->max, v->codes));
    SUND_TRY(sund_db_i64(p->db, id, 0, err, "SELECT id FROM variable WHERE name=?", "t", v->name));
    return sund_db_run(p->db, err, "DELETE FROM value WHERE variable=?", "i", *id);
}

/** Internal ids of the people, 0 of those who are not known here. */
static sund_code find(sund_people *p, size_t n, const char *const *person, int64_t *id, sund_err *err)
{
    for (size_t i = 0; i < n; i++)
        SUND_TRY(sund_db_i64(p->db, &id[i], 0, err, "SELECT id FROM person WHERE person=?", "t", person[i]));
    return SUND_OK;
}

static sund_code put(sund_people *p, const sund_var *v, size_t n, const int64_t *person, const int64_t *raw, sund_err *err)
{
    int64_t id = 0;

    SUND_TRY(declare(p, v, &id, err));
    for (size_t i = 0; i < n; i++) {
        if (raw[i] == SUND_VALUE_MISSING || person[i] == 0)
            continue;
        if (raw[i] < v->min || raw[i] > v->max)
            return sund_fail(err, SUND_E_LIMIT, "a value of %s lies outside the range it was declared with", v->name);
        SUND_TRY(sund_db_run(p->db, err, "INSERT INTO value(variable, person, raw) VALUES(?,?,?)", "iii", id, person[i], raw[i]));
    }
    return SUND_OK;
}

sund_code sund_people_derive(sund_people *p, size_t n_var, const sund_var *v, size_t n, const char *const *person, const int64_t *raw, sund_err *err)
{
    int64_t  *id = malloc((n + 1) * sizeof *id);
    sund_code rc;

    if (!id)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n);
    SUND_GO(sund_db_script(p->db, "BEGIN IMMEDIATE", err));
    rc = find(p, n, person, id, err);
    for (size_t k = 0; rc == SUND_OK && k < n_var; k++)
        rc = put(p, &v[k], n, id, raw + k * n, err);
    if (rc == SUND_OK)
        rc = sund_db_script(p->db, "COMMIT", err);
    else
        (void) !sund_db_script(p->db, "ROLLBACK", NULL); /* the first error is the one to tell */
out:
    free(id);
    return rc;
}
