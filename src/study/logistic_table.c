#include "math/func.h"
#include "study/logistic_priv.h"

#include <math.h>
#include <stdio.h>

/* What a logistic study releases: a row for each variant, and the null model. Numbers of cases and controls are the study's, never a variant's. */

static const sund_release_column column[] = {
    { "chrom", 's', false }, { "pos", 'i', false }, { "ref", 's', false },  { "alt", 's', false }, { "n", 'i', false },       { "n_case", 'i', false },   { "n_control", 'i', false }, { "ac", 'i', false },
    { "an", 'i', false },    { "af", 'f', false },  { "beta", 'f', false }, { "se", 'f', false },  { "nlog10p", 'f', false }, { "test", 's', false }, { "estimate", 's', false },  { "note", 's', false },
};
enum { N_COLUMN = sizeof column / sizeof column[0] };
static const sund_release_column model_column[] = { { "term", 's', false }, { "beta", 'f', false }, { "se", 'f', false }, { "z", 'f', false }, { "nlog10p", 'f', false } };

static const char *why_not(const sund_state *st, size_t j, const sund_alleles *a)
{
    if (sund_state_copies(st, j) == SUND_COPIES_Y)
        return "not tested on Y";
    return a->called == 0 ? "no calls" : "monomorphic";
}

static sund_code put_row(sund_state *st, size_t j, const logistic_result *r, sund_release *out, sund_buf *text, sund_err *err)
{
    const logistic_own *own = st->own;
    sund_variant        v = sund_catalogue_at(st->catalogue, st->first + j);
    const sund_alleles *a = &own->count[j];
    sund_guard          guard = { .ac = a->ac, .an = a->an, .n_cell = 0, .association = true, .n_missing = a->missing };
    sund_cell           cell[N_COLUMN];

    SUND_TRY(sund_variant_cells(&v, text, cell, err));
    cell[4].i = a->called;
    cell[5].i = own->n_case;
    cell[6].i = st->n_person - own->n_case;
    cell[7].i = a->ac;
    cell[8].i = a->an;
    cell[9].f = a->an ? (double) a->ac / (double) a->an : (double) NAN;
    cell[10].f = r ? r->beta : (double) NAN;
    cell[11].f = r ? r->se : (double) NAN;
    cell[12].f = r ? r->nlog10p : (double) NAN;
    cell[13].s = r ? r->test : "NA";
    cell[14].s = r ? r->estimate : "NA";
    cell[15].s = r ? (r->note[0] ? r->note : ".") : why_not(st, j, a);
    return sund_release_row(out, &guard, cell, err);
}

sund_code sund_logistic_put_model(sund_state *st, sund_release *out, sund_err *err)
{
    const logistic_own *own = st->own;
    size_t              p = own->p, bad;
    double              l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], inverse[SUND_K_MAX * SUND_K_MAX];
    sund_guard          guard = { .on = SUND_ON_COHORT };

    SUND_TRY(sund_release_next(out, "model", model_column, sizeof model_column / sizeof model_column[0], err));
    if (p == 0)
        return SUND_OK;
    SUND_TRY(sund_chol(p, own->info, l, scale, &bad, err));
    sund_chol_inverse(p, l, scale, inverse);
    for (size_t k = 0; k < own->k; k++) {
        const sund_column *c = &st->plan->col[k];
        size_t             at = k + !own->strata;
        double             beta = own->beta[at] / c->unit, se = sqrt(inverse[at * p + at]) / c->unit;
        sund_cell          cell[5] = { { .s = c->name }, { .f = beta }, { .f = se }, { .f = beta / se }, { .f = sund_z_nlog10p(beta / se) } };

        SUND_TRY(sund_release_row(out, &guard, cell, err));
    }
    return SUND_OK;
}

sund_code sund_logistic_put_table(sund_state *st, size_t n, sund_release *out, sund_err *err)
{
    sund_buf  text = { 0 };
    sund_code rc = sund_release_next(out, "table", column, N_COLUMN, err);

    for (size_t c = 0; c < n && rc == SUND_OK; c++) {
        logistic_own *own = st[c].own;

        for (size_t j = 0, i = 0; j < st[c].n_variant && rc == SUND_OK; j++) {
            bool tested = i < own->n_eligible && own->eligible[i] == j;

            rc = put_row(&st[c], j, tested ? &own->result[i] : NULL, out, &text, err);
            i += tested;
        }
    }
    sund_buf_free(&text);
    return rc;
}

sund_code sund_logistic_tables(sund_state *st, sund_release *out, sund_err *err)
{
    const logistic_own *own = st->own;

    SUND_TRY(sund_logistic_put_table(st, 1, out, err));
    SUND_TRY(sund_logistic_put_model(st, out, err));
    (void) snprintf(st->facts, sizeof st->facts,
                    "\"n\": %lld, \"n_case\": %lld, \"strata\": %lld, \"strata_of_one_kind\": %lld, \"covariates\": %zu, \"variants\": %zu, \"eligible\": %zu, \"newton\": %d, "
                    "\"coding\": \"0/1/2; one-copy genotypes 0/2\"",
                    (long long) st->n_person, (long long) own->n_case, (long long) own->n_stratum, (long long) own->n_idle, own->k, st->n_variant, own->n_eligible, own->null.asked);
    return SUND_OK;
}
