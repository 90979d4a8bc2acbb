#include "gate/budget.h"

#include <string.h>

sund_code sund_budget_open(sund_db *db, sund_err *err)
{
    return sund_db_script(db, "CREATE TABLE IF NOT EXISTS looked_up(asker TEXT NOT NULL, variant BLOB NOT NULL, PRIMARY KEY(asker, variant)) STRICT, WITHOUT ROWID;", err);
}

bool sund_rule_membership(int64_t n_variant, int64_t n_person) { return 100 * n_variant <= 13 * n_person; } /* 0.36 squared */

/** People of the smallest data set that is shown and not open; 0 for none. One copy in men makes it smaller: on the safe side. */
static int64_t smallest(const sund_lookup_counts *c, size_t n)
{
    int64_t least = 0;

    for (size_t i = 0; i < n; i++)
        if (c[i].status == SUND_LOOKUP_COUNTED && !c[i].open && (least == 0 || c[i].all.an / 2 < least))
            least = c[i].all.an / 2;
    return least;
}

sund_code sund_budget_spend(sund_db *db, const char *asker, const char *variant, const sund_lookup_counts *c, size_t n, sund_err *err)
{
    int64_t     people = smallest(c, n), known = 0, spent = 0;
    sund_digest d = sund_digest_of(variant, strlen(variant));

    if (people == 0)
        return SUND_OK;
    SUND_TRY(sund_db_i64(db, &known, 0, err, "SELECT COUNT(*) FROM looked_up WHERE asker=? AND variant=?", "tb", asker, d.b, (size_t) 16));
    if (known)
        return SUND_OK;
    SUND_TRY(sund_db_i64(db, &spent, 0, err, "SELECT COUNT(*) FROM looked_up WHERE asker=?", "t", asker));
    if (!sund_rule_membership(spent + 1, people))
        return sund_refuse(err, "membership", "%s has been shown as many variants as do not tell who takes part; those are shown again, and a study of counts can ask for more", asker);
    return sund_db_run(db, err, "INSERT INTO looked_up(asker, variant) VALUES(?,?)", "tb", asker, d.b, (size_t) 16);
}

static sund_code spend_all(sund_db *db, const char *asker, const sund_answers_table *t, sund_err *err)
{
    for (size_t v = 0; v < t->n; v++) {
        sund_lookup_counts c[SUND_NODE_MAX];

        for (size_t i = 0; i < t->a->n; i++)
            c[i] = sund_table_counts(t, v, i);
        SUND_TRY(sund_budget_spend(db, asker, t->name[v], c, t->a->n, err));
    }
    return SUND_OK;
}

sund_code sund_budget_answers(sund_db *db, const char *asker, const sund_answers *a, sund_err *err)
{
    sund_answers_table t;
    sund_code          rc;

    SUND_TRY(sund_answers_tabled(a, &t, err));
    rc = t.n ? sund_db_part(db, err) : SUND_OK;
    if (rc == SUND_OK && t.n)
        rc = sund_db_part_end(db, true, spend_all(db, asker, &t, err), err);
    sund_answers_table_free(&t);
    return rc;
}
