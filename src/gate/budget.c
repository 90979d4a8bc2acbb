#include "gate/budget.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASKERS = 64, UNWRITTEN = 64, NAME = 16 }; /* NAME: bytes of a variant's digest */

typedef struct account {
    char     asker[64];
    uint64_t spent, held; /* held is what the database says is spent */
    sund_buf unwritten;   /* names of variants */
} account;

struct sund_budget {
    sund_db *db;
    size_t   n;
    account  of[ASKERS];
};

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

uint64_t sund_budget_share(int64_t n_person, int64_t mac)
{
    uint64_t members = n_person > 0 ? (SUND_BUDGET_ALL / 13 * 100) / (uint64_t) n_person : 0; /* 0.13 = 0.36 squared */
    uint64_t carried = SUND_BUDGET_ALL / 6 / (uint64_t) (mac > SUND_BUDGET_MAC ? mac : SUND_BUDGET_MAC);

    return larger(members, carried);
}

sund_code sund_budget_open(sund_budget **out, sund_db *db, sund_err *err)
{
    sund_budget *b;

    SUND_TRY(sund_db_script(db,
                            "CREATE TABLE IF NOT EXISTS looked_up(asker TEXT NOT NULL, variant BLOB NOT NULL, PRIMARY KEY(asker, variant)) STRICT, WITHOUT ROWID;"
                            "CREATE TABLE IF NOT EXISTS budget(asker TEXT PRIMARY KEY, spent INTEGER NOT NULL) STRICT;",
                            err));
    b = calloc(1, sizeof *b);
    if (!b)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    b->db = db;
    *out = b;
    return SUND_OK;
}

/* ---- what was spent, in memory and in the database ---- */

static sund_code write_spent(sund_budget *b, account *a, uint64_t spent, sund_err *err)
{
    return sund_db_run(b->db, err, "INSERT INTO budget(asker, spent) VALUES(?,?) ON CONFLICT DO UPDATE SET spent=excluded.spent", "ti", a->asker, (int64_t) spent);
}

static sund_code write_all(sund_budget *b, sund_err *err)
{
    for (size_t k = 0; k < b->n; k++) {
        account *a = &b->of[k];

        for (size_t i = 0; i < a->unwritten.n; i += NAME)
            SUND_TRY(sund_db_run(b->db, err, "INSERT OR IGNORE INTO looked_up(asker, variant) VALUES(?,?)", "tb", a->asker, a->unwritten.p + i, (size_t) NAME));
        if (a->held != a->spent)
            SUND_TRY(write_spent(b, a, a->spent, err));
    }
    return SUND_OK;
}

sund_code sund_budget_flush(sund_budget *b, sund_err *err)
{
    bool any = false;

    for (size_t k = 0; k < b->n; k++)
        any |= b->of[k].unwritten.n > 0;
    if (!any)
        return SUND_OK;
    SUND_TRY(sund_db_part(b->db, err));
    SUND_TRY(sund_db_part_end(b->db, true, write_all(b, err), err));
    for (size_t k = 0; k < b->n; k++) {
        sund_buf_clear(&b->of[k].unwritten);
        b->of[k].held = b->of[k].spent;
    }
    return SUND_OK;
}

static void forget(sund_budget *b)
{
    for (size_t k = 0; k < b->n; k++)
        sund_buf_free(&b->of[k].unwritten);
    b->n = 0;
}

void sund_budget_close(sund_budget *b)
{
    if (!b)
        return;
    if (sund_budget_flush(b, NULL) != SUND_OK)
        sund_log(SUND_LOG_ERROR, "what askers were shown cannot be written");
    forget(b);
    free(b);
}

static sund_code account_of(sund_budget *b, const char *asker, account **out, sund_err *err)
{
    int64_t spent = 0;

    for (size_t k = 0; k < b->n; k++)
        if (strcmp(b->of[k].asker, asker) == 0) {
            *out = &b->of[k];
            return SUND_OK;
        }
    if (b->n == ASKERS) {
        SUND_TRY(sund_budget_flush(b, err));
        forget(b);
    }
    SUND_TRY(sund_db_i64(b->db, &spent, 0, err, "SELECT spent FROM budget WHERE asker=?", "t", asker));
    *out = &b->of[b->n++];
    memset(*out, 0, sizeof **out);
    (void) snprintf((*out)->asker, sizeof(*out)->asker, "%s", asker);
    (*out)->spent = (*out)->held = (uint64_t) spent;
    return SUND_OK;
}

static sund_code known(sund_budget *b, const account *a, const sund_digest *d, bool *yes, sund_err *err)
{
    int64_t n = 0;

    *yes = true;
    for (size_t i = 0; i < a->unwritten.n; i += NAME)
        if (memcmp(a->unwritten.p + i, d->b, NAME) == 0)
            return SUND_OK;
    SUND_TRY(sund_db_i64(b->db, &n, 0, err, "SELECT COUNT(*) FROM looked_up WHERE asker=? AND variant=?", "tb", a->asker, d->b, (size_t) NAME));
    *yes = n > 0;
    return SUND_OK;
}

/** Puts down a lot that holds this, should there be none. */
static sund_code hold(sund_budget *b, account *a, uint64_t share, sund_err *err)
{
    uint64_t spent = a->spent + share, lot = spent + (SUND_BUDGET_ALL - spent) / 8;

    if (spent <= a->held)
        return SUND_OK;
    SUND_TRY(write_spent(b, a, lot, err));
    a->held = lot;
    return SUND_OK;
}

/* ---- what is shown, and what it takes ---- */

typedef struct price { uint64_t share, most; } price; /* most: of a variant that is hidden */

/** False when this asker is shown nothing of variant v that depends on data which are not open. */
static bool price_of(bool registered, const sund_answers_table *t, size_t v, price *out)
{
    size_t  n_closed = 0, n_hidden = 0;
    int64_t people = 0, called = 0, mac = 0; /* of all together */

    *out = (price){ 0, 0 };
    for (size_t i = 0; i < t->a->n; i++) {
        sund_lookup_counts c = sund_table_counts(t, v, i);
        bool               counted = c.status == SUND_LOOKUP_COUNTED;
        int64_t            all, some, minor = c.all.ac < c.all.an - c.all.ac ? c.all.ac : c.all.an - c.all.ac;
        uint64_t           hidden;

        if (c.open || (!counted && c.status != SUND_LOOKUP_BELOW && c.status != SUND_LOOKUP_NOT_COVERED))
            continue;
        if (sund_shown_verb(t->a->row[i].shown) == SUND_ASK_CARRIERS && sund_shown_count(t->a->row[i].shown) == 0)
            continue; /* a group that is not counted has this answer whatever the variant */
        all = sund_shown_count(t->a->row[i].shown);
        all = all > 0 ? all : 1;
        some = counted && c.all.an / 2 < all ? c.all.an / 2 : all; /* one copy in men makes it smaller: on the safe side */
        hidden = sund_budget_share(all, SUND_BUDGET_MAC);
        out->most = larger(out->most, hidden);
        out->share = larger(out->share, counted ? sund_budget_share(some, minor) : hidden);
        people += all;
        called += some;
        mac += minor;
        n_closed++;
        n_hidden += !counted;
    }
    if (!registered) {
        out->most = sund_budget_share(people, SUND_BUDGET_MAC);
        out->share = n_hidden ? out->most : sund_budget_share(called, mac);
    }
    return n_closed >= (registered ? 1 : 3);
}

typedef struct bill { account *a; sund_buf names; uint64_t sum, most; size_t n; } bill; /* of what is new */

static sund_code add_one(sund_budget *b, bill *l, const char *name, price p, sund_err *err)
{
    sund_digest d = sund_digest_of(name, strlen(name));
    bool        there = false;

    SUND_TRY(known(b, l->a, &d, &there, err));
    if (there)
        return SUND_OK;
    sund_buf_put(&l->names, d.b, NAME);
    l->sum += p.share;
    l->most = p.most > l->most ? p.most : l->most;
    l->n++;
    return sund_buf_ok(&l->names, err);
}

/** A question of a region - "20:1-500", "20" - has fewer parts than a variant's name. */
static bool of_region(const char *rest)
{
    size_t n_part = 1;

    for (const char *p = rest; *p && *p != ',' && *p != ' '; p++)
        n_part += *p == '-' || *p == ':';
    return n_part < 4;
}

static sund_code make_bill(sund_budget *b, bool registered, const char *region, const sund_answers_table *t, bill *l, sund_err *err)
{
    size_t n_closed = 0;
    price  p;

    for (size_t v = 0; v < t->n; v++)
        if (price_of(registered, t, v, &p))
            SUND_TRY(add_one(b, l, t->name[v], p, err));
    for (size_t i = 0; i < t->a->n; i++)
        n_closed += t->a->row[i].shown && sund_shown_answered(t->a->row[i].shown) && !sund_shown_open(t->a->row[i].shown);
    p.share = p.most = sund_budget_share(0, SUND_BUDGET_MAC); /* what a region does not list is hidden, or not there: as one variant more */
    return region && n_closed >= (registered ? 1 : 3) ? add_one(b, l, region, p, err) : SUND_OK;
}

static sund_code pay(sund_budget *b, const bill *l, bool region, sund_err *err)
{
    account *a = l->a;
    uint64_t need = region ? l->sum : l->n * l->most; /* of variants that were named: what they would take were all of them hidden, for a refusal must not tell */

    if (l->n == 0)
        return SUND_OK;
    if (a->spent + need > SUND_BUDGET_ALL)
        return sund_refuse(err, l->most > sund_budget_share(0, SUND_BUDGET_MAC) ? "membership" : "beacon-budget",
                           "%s has been answered about as many variants as do not tell who takes part; those are answered again and cost nothing, nor do data that are declared open; more is had by a study of counts, which a node approves by itself or under an application ('sund apply')", a->asker);
    SUND_TRY(hold(b, a, l->sum, err));
    sund_buf_put(&a->unwritten, l->names.p, l->names.n);
    SUND_TRY(sund_buf_ok(&a->unwritten, err));
    a->spent += l->sum;
    return a->unwritten.n >= UNWRITTEN * NAME ? sund_budget_flush(b, err) : SUND_OK;
}

sund_code sund_budget_answers(sund_budget *b, const char *asker, bool registered, const char *question, const sund_answers *a, sund_err *err)
{
    sund_answers_table t = { NULL, 0, NULL, NULL };
    bill               l = { NULL, { 0 }, 0, 0, 0 };
    const char        *rest, *region;
    sund_verb          verb = sund_question_verb(question, &rest);
    sund_code          rc;

    if (verb != SUND_ASK_VARIANTS && verb != SUND_ASK_CARRIERS) /* whose rows are named after variant and cohort */
        return SUND_OK;
    region = verb == SUND_ASK_VARIANTS && of_region(rest) ? rest : NULL;
    SUND_GO(sund_answers_tabled(a, &t, err));
    SUND_GO(account_of(b, asker, &l.a, err));
    SUND_GO(make_bill(b, registered, region, &t, &l, err));
    rc = pay(b, &l, region != NULL, err);
out:
    sund_buf_free(&l.names);
    sund_answers_table_free(&t);
    return rc;
}
