#include "study/genes_priv.h"

#include "study/linear_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The model without genes: least squares from the cross-products of the columns, once; for a binary outcome Newton's method, in the rounds of logistic*.c. */

/** The state as logistic*.c know it. */
static sund_state logistic_state(const sund_state *st)
{
    sund_state s = *st;

    s.own = &((genes_own *) st->own)->logit;
    return s;
}

sund_code sund_genes_null_plan(sund_state *st, sund_round *r, sund_err *err)
{
    genes_own *own = st->own;
    sund_state s = logistic_state(st);

    if (own->stage == GENES_NULL && own->logistic) {
        (void) snprintf(r->name, sizeof r->name, "newton %d", own->logit.null.asked + 1);
        return sund_logistic_budget(&s, err);
    }
    (void) snprintf(r->name, sizeof r->name, "%s", own->logistic ? "means" : "cross");
    return SUND_OK;
}

sund_code sund_genes_null_local(const sund_state *st, const sund_view *v, const sund_round *r, sund_vec *out, sund_err *err)
{
    const genes_own *own = st->own;
    sund_state       s = logistic_state(st);

    if (!own->logistic)
        return sund_linear_cross_local(st, v, out, err);
    return own->stage == GENES_MEANS ? sund_logistic_means_local(&s, v, out, err) : sund_logistic_null_local(&s, v, r, out, err);
}

/** Pooled centred cross-products out of the round's total; own->sum and own->n_stratum. */
static sund_code read_cross(sund_state *st, const sund_vec *t, double *cross, sund_err *err)
{
    genes_own *own = st->own;
    bool       strata = st->study->strata_country, over = false;
    size_t     k = st->plan->n, at = strata ? 0 : k;

    if (t->n64 != (strata ? 2u : 1u) || t->n128 != sund_pair_count(st->plan) + at || sund_vec_get64(t, 0) != st->n_person)
        return sund_genes_bad_total(err);
    own->n_stratum = strata ? sund_vec_get64(t, 1) : 1;
    if (own->n_stratum < 1 || own->n_stratum > st->n_person)
        return sund_genes_bad_total(err);
    for (size_t a = 0; a < k; a++) {
        sund_i128 most = (sund_i128) st->n_person * (sund_i128) st->plan->col[a].max_abs;

        own->sum[a] = strata ? 0 : sund_vec_get128(t, a);
        if (own->sum[a] > most || own->sum[a] < -most)
            return sund_genes_bad_total(err);
    }
    for (size_t a = 0; a < k; a++)
        for (size_t b = a; b < k; b++, at++)
            cross[a * k + b] = cross[b * k + a] = strata ? ldexp(sund_i128_double(sund_vec_get128(t, at)), -LINEAR_FRAC)
                                                         : sund_centred(st->n_person, sund_vec_get128(t, at), own->sum[a], own->sum[b], 0, &over);
    return over ? sund_genes_bad_total(err) : SUND_OK;
}

static sund_code total_cross(sund_state *st, const sund_vec *t, sund_err *err)
{
    genes_own *own = st->own;
    size_t     k = own->k, n = st->plan->n;
    double     cross[SUND_K_MAX * SUND_K_MAX], cxx[SUND_K_MAX * SUND_K_MAX], cxy[SUND_K_MAX], df;

    SUND_TRY(read_cross(st, t, cross, err));
    for (size_t a = 0; a < k; a++) {
        memcpy(cxx + a * k, cross + a * n, k * sizeof *cxx);
        cxy[a] = cross[a * n + k];
    }
    df = (double) (st->n_person - own->n_stratum - (int64_t) k);
    if (sund_linear_prepare(&own->null, k, cxx, df, err) != SUND_OK || sund_linear_outcome(&own->null, cxy, cross[k * n + k], &own->trait, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_NUMERIC, "the covariates or the outcome do not vary independently in this cohort");
    own->s2 = own->trait.yy / df;
    return SUND_OK;
}

sund_code sund_genes_null_total(sund_state *st, const sund_vec *t, sund_err *err)
{
    genes_own *own = st->own;
    sund_state s = logistic_state(st);

    if (!own->logistic)
        return total_cross(st, t, err);
    if (own->stage == GENES_NULL)
        return sund_logistic_null_total(&s, t, err);
    SUND_TRY(sund_logistic_means_total(&s, t, err));
    own->logit.null.done = own->logit.p == 0; /* strata alone: their intercepts are solved inside the nodes */
    return SUND_OK;
}

sund_code sund_genes_null_end(sund_state *st, sund_err *err)
{
    genes_own *own = st->own;
    size_t     bad = 0;

    if (!own->logistic)
        return SUND_OK;
    if (own->logit.null.note)
        return sund_fail(err, SUND_E_NUMERIC, "the model without genes has no answer: %s", own->logit.null.note);
    own->s2 = 1.0;
    own->null.k = own->logit.p;
    if (sund_chol(own->null.k, own->logit.info, own->null.l, own->null.scale, &bad, NULL) != SUND_OK)
        return sund_fail(err, SUND_E_NUMERIC, "the covariates do not vary independently in this cohort");
    return SUND_OK;
}

/** Fraction bits: as many as keep |sum| <= n 2 max|column| 2^frac under 2^61. */
void sund_genes_columns(sund_state *st)
{
    genes_own *own = st->own;
    unsigned   n_bits = sund_u64_bits((uint64_t) st->n_person);

    own->n_column = 0;
    if (!st->study->strata_country)
        own->frac[own->n_column++] = GENES_G;
    for (size_t k = 0; k <= own->k; k++) {
        unsigned used = n_bits + sund_u64_bits(own->logistic && k == own->k ? 1 : st->plan->col[k].max_abs) + 2;

        own->frac[own->n_column++] = used >= 61 ? 0 : 61 - used > GENES_G ? GENES_G : 61 - used;
    }
}

void sund_genes_fitted_free(genes_fitted *f)
{
    if (!f)
        return;
    free(f->stratum);
    free(f->w);
    for (size_t k = 0; k < GENES_COLUMN_MAX; k++)
        free(f->column[k]);
    free(f);
}

static sund_code new_fitted(genes_fitted *f, const genes_own *own, const sund_view *v, sund_err *err)
{
    bool fits;

    f->n_person = v->n_person;
    f->n_stratum = v->n_stratum;
    f->stratum = malloc(v->n_person + 1);
    f->w = calloc(v->n_person + 1, sizeof *f->w);
    fits = f->stratum && f->w;
    for (size_t k = 0; k < own->n_column; k++) {
        f->column[k] = calloc(v->n_person + 1, sizeof **f->column);
        fits = fits && f->column[k];
    }
    if (!fits)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);
    memset(f->stratum, UINT8_MAX, v->n_person);
    for (size_t s = 0; s < v->n_stratum; s++)
        for (size_t i = 0; i < v->n_person; i++)
            if (v->stratum[s][i / 64] >> (i % 64) & 1)
                f->stratum[i] = (uint8_t) s;
    return SUND_OK;
}

/** Weight one, and the columns as they are: residuals are taken out of the totals. */
static void fill_linear(genes_fitted *f, const genes_own *own, const sund_view *v)
{
    size_t first = own->n_column - own->k - 1;

    for (size_t i = 0; i < v->n_person; i++) {
        if (f->stratum[i] == UINT8_MAX)
            continue;
        f->w[i] = (int64_t) 1 << GENES_W;
        if (first)
            f->column[0][i] = (int64_t) 1 << GENES_G;
        for (size_t k = 0; k <= own->k; k++)
            f->column[first + k][i] = (int64_t) v->column[k][i] * ((int64_t) 1 << own->frac[first + k]);
    }
}

/** Weights and residuals of the fitted null model; weights times covariates less their pooled means, from the rounded weights. */
static void fill_logistic(genes_fitted *f, const genes_own *own, const sund_view *v, const logistic_fitted *fit)
{
    size_t first = own->n_column - own->k - 1;

    memcpy(f->stratum, fit->stratum, v->n_person); /* without the countries that have no cases or no controls */
    for (size_t i = 0; i < v->n_person; i++) {
        if (f->stratum[i] == UINT8_MAX)
            continue;
        f->w[i] = fit->w[i];
        if (first)
            f->column[0][i] = sund_genes_shifted(f->w[i], GENES_W - GENES_G);
        for (size_t k = 0; k < own->k; k++)
            f->column[first + k][i] = sund_genes_shifted((sund_i128) f->w[i] * (v->column[k][i] - own->logit.mean[k]), GENES_W - own->frac[first + k]);
        f->column[first + own->k][i] = (int64_t) floor(ldexp((double) v->column[own->k][i] - fit->mu[i], GENES_G) + 0.5);
    }
}

static void sum_fitted(genes_fitted *f, size_t n_column)
{
    for (size_t i = 0; i < f->n_person; i++) {
        uint8_t s = f->stratum[i];

        if (s == UINT8_MAX)
            continue;
        f->whole[s].n++;
        f->whole[s].w += f->w[i];
        for (size_t k = 0; k < n_column; k++)
            f->whole[s].column[k] += f->column[k][i];
    }
}

sund_code sund_genes_fitted(const sund_state *st, const sund_view *v, const sund_round *r, genes_fitted **out, sund_err *err)
{
    const genes_own       *own = st->own;
    sund_state             s = logistic_state(st);
    const logistic_fitted *fit = NULL;

    if (own->logistic) {
        SUND_TRY(sund_logistic_weigh(&s, v, err));
        SUND_TRY(sund_logistic_fitted(&s, v, r, false, &fit, err));
    }
    *out = calloc(1, sizeof **out);
    if (!*out)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_TRY(new_fitted(*out, own, v, err));
    if (fit)
        fill_logistic(*out, own, v, fit);
    else
        fill_linear(*out, own, v);
    sum_fitted(*out, own->n_column);
    return SUND_OK;
}
