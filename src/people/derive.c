#include "people/people_priv.h"

#include <string.h>

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

static sund_code put(sund_people *p, const sund_var *v, size_t n, const char *const *person, const int64_t *raw, sund_err *err)
{
    int64_t id = 0;

    SUND_TRY(declare(p, v, &id, err));
    for (size_t i = 0; i < n; i++) {
        if (raw[i] == SUND_VALUE_MISSING)
            continue;
        if (raw[i] < v->min || raw[i] > v->max)
            return sund_fail(err, SUND_E_LIMIT, "a value of %s lies outside the range it was declared with", v->name);
        SUND_TRY(sund_db_run(p->db, err, "INSERT INTO value(variable, person, raw) SELECT ?, id, ? FROM person WHERE person=?", "iit", id, raw[i], person[i]));
    }
    return SUND_OK;
}

sund_code sund_people_derive(sund_people *p, const sund_var *v, size_t n, const char *const *person, const int64_t *raw, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_script(p->db, "BEGIN IMMEDIATE", err));
    rc = put(p, v, n, person, raw, err);
    if (rc == SUND_OK)
        return sund_db_script(p->db, "COMMIT", err);
    return sund_db_script(p->db, "ROLLBACK", NULL) == SUND_OK ? rc : SUND_E_IO;
}
