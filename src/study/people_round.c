#include "study/tally.h"

#include <stdio.h>
#include <string.h>

/* Every sum of a study with so many people, and columns of 32 bits, keeps its bound: 4 n 2^32 and n 2^33 under 2^62, n^2 2^64 under 2^126. */
enum { PEOPLE_MAX = 1 << 28 };

/* Lanes: people, females, males, then every binary column's ones, then the ones of every pair of binary columns of different
 * variables (two levels of one category never meet). */
typedef struct layout { size_t binary[SUND_COLUMN_MAX], n_binary; } layout;

static layout binary_columns(const sund_columns_plan *plan)
{
    layout l = { { 0 }, 0 };

    for (size_t k = 0; k < plan->n; k++)
        if (plan->col[k].binary)
            l.binary[l.n_binary++] = k;
    return l;
}

static size_t n_lane(const layout *l) { return 3 + l->n_binary + l->n_binary * (l->n_binary - (l->n_binary > 0)) / 2; }

void sund_people_round(const sund_state *st, sund_round *r)
{
    (void) snprintf(r->name, sizeof r->name, "people");
    r->n_item = 1;
    r->n_chunk = 1;
    r->params = sund_round_params(r, st->study, NULL, 0);
}

static int64_t popcount(const uint64_t *plane, size_t n_word)
{
    int64_t n = 0;

    for (size_t w = 0; w < n_word; w++)
        n += __builtin_popcountll(plane[w]);
    return n;
}

sund_code sund_people_local(const sund_view *v, sund_vec *out, sund_err *err)
{
    layout l = binary_columns(&v->plan);
    size_t lane = 3, n = v->n_word * 64;

    SUND_TRY(sund_vec_new(out, n_lane(&l), 0, err));
    sund_vec_add64(out, 0, (int64_t) v->n_member);
    sund_vec_add64(out, 1, popcount(v->female, v->n_word));
    sund_vec_add64(out, 2, popcount(v->male, v->n_word));
    for (size_t a = 0; a < l.n_binary; a++, lane++)
        for (size_t i = 0; i < n; i++)
            sund_vec_add64(out, lane, v->column[l.binary[a]][i]);
    for (size_t a = 0; a < l.n_binary; a++)
        for (size_t b = a + 1; b < l.n_binary; b++, lane++)
            for (size_t i = 0; i < n; i++)
                sund_vec_add64(out, lane, v->column[l.binary[a]][i] & v->column[l.binary[b]][i]);
    return SUND_OK;
}

static sund_code check_levels(const sund_state *st, const layout *l, const sund_vec *t, sund_err *err)
{
    for (size_t a = 0; a < l->n_binary; a++) {
        const sund_column *c = &st->plan->col[l->binary[a]];
        int64_t            one = sund_vec_get64(t, 3 + a);
        const int64_t      cell[2] = { one, st->n_person - one };

        if (one < 0 || one > st->n_person)
            return sund_fail(err, SUND_E_FORMAT, "a total of people is impossible");
        SUND_TRY(sund_rule_cells(&st->thresholds, cell, 2, c->name, err));
    }
    return SUND_OK;
}

static sund_code check_pairs(const sund_state *st, const layout *l, const sund_vec *t, sund_err *err)
{
    size_t lane = 3 + l->n_binary;

    for (size_t a = 0; a < l->n_binary; a++)
        for (size_t b = a + 1; b < l->n_binary; b++, lane++) {
            const sund_column *ca = &st->plan->col[l->binary[a]], *cb = &st->plan->col[l->binary[b]];
            int64_t            na = sund_vec_get64(t, 3 + a), nb = sund_vec_get64(t, 3 + b), ab = sund_vec_get64(t, lane);
            const int64_t      cell[4] = { ab, na - ab, nb - ab, st->n_person - na - nb + ab };
            char               what[300];

            if (strcmp(ca->var.name, cb->var.name) == 0)
                continue;
            (void) snprintf(what, sizeof what, "%s by %s", ca->name, cb->name);
            SUND_TRY(sund_rule_cells(&st->thresholds, cell, 4, what, err));
        }
    return SUND_OK;
}

sund_code sund_people_total(sund_state *st, const sund_vec *t, sund_err *err)
{
    layout l = binary_columns(st->plan);

    if (t->n64 != n_lane(&l) || t->n128 != 0)
        return sund_fail(err, SUND_E_FORMAT, "a total of people has another shape than the round");
    st->n_person = sund_vec_get64(t, 0);
    if (st->n_person < 0 || st->n_person > PEOPLE_MAX || sund_vec_get64(t, 1) < 0 || sund_vec_get64(t, 1) > st->n_person || sund_vec_get64(t, 2) != st->n_person - sund_vec_get64(t, 1))
        return sund_fail(err, SUND_E_FORMAT, "a total of people is impossible");
    if (st->n_person == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "nobody is in this cohort with genotypes, consent for the purpose and all values");
    SUND_TRY(sund_rule_cells(&st->thresholds, &st->n_person, 1, "the cohort", err));
    SUND_TRY(check_levels(st, &l, t, err));
    SUND_TRY(check_pairs(st, &l, t, err));
    return st->plan->n ? sund_rule_model_size(&st->thresholds, st->n_person, (int64_t) st->plan->n + 1, err) : SUND_OK;
}
