#include "study/linear_priv.h"

#include "math/func.h"

#include <math.h>

/* What the totals of a linear study say: the model of the covariates once, each trait once, then each variant. */

/** Into the model from the pooled, centred products of one set of people. */
sund_code sund_linear_model(const sund_columns_plan *p, const double *pair, double df, sund_linear *m, sund_err *err)
{
    double cxx[SUND_K_MAX * SUND_K_MAX];
    size_t k = p->n_covariate;

    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++)
            cxx[a * k + b] = pair[sund_pair_at(p, a < b ? a : b, a < b ? b : a)];
    return sund_linear_prepare(m, k, cxx, df, err);
}

sund_code sund_linear_model_trait(const sund_columns_plan *p, const double *pair, size_t t, const sund_linear *m, sund_linear_trait *y, sund_err *err)
{
    double cxy[SUND_K_MAX];
    size_t k = p->n_covariate;

    for (size_t a = 0; a < k; a++)
        cxy[a] = pair[sund_pair_at(p, a, k + t)];
    return sund_linear_outcome(m, cxy, pair[sund_pair_at(p, k + t, k + t)], y, err);
}

sund_code sund_linear_cross_total(sund_state *st, const sund_vec *t, sund_err *err)
{
    linear_own *own = st->own;
    bool        strata = st->study->strata_country, over = false;
    size_t      k = own->n_column, n_pair = sund_pair_count(st->plan);
    double      pair[SUND_K_MAX * SUND_K_MAX], df;

    if (t->n64 != (strata ? 2u : 1u) || t->n128 != n_pair + (strata ? 0 : k) || sund_vec_get64(t, 0) != st->n_person)
        return bad_total(err);
    own->n_stratum = strata ? sund_vec_get64(t, 1) : 1;
    if (own->n_stratum < 1 || own->n_stratum > st->n_person)
        return bad_total(err);
    for (size_t a = 0; a < k; a++) {
        sund_i128 most = (sund_i128) st->n_person * (sund_i128) st->plan->col[a].max_abs;

        own->sum[a] = strata ? 0 : sund_vec_get128(t, a);
        if (own->sum[a] > most || own->sum[a] < -most)
            return bad_total(err);
    }
    for (size_t a = 0, at = 0; a < k; a++)
        for (size_t b = a, end = sund_pair_end(st->plan, a); b < end; b++, at++)
            pair[at] = strata ? sund_linear_fixed(sund_vec_get128(t, at), LINEAR_FRAC) : sund_centred(st->n_person, sund_vec_get128(t, k + at), own->sum[a], own->sum[b], 0, &over);
    if (over)
        return bad_total(err);
    df = (double) (st->n_person - own->n_stratum - (int64_t) st->plan->n_covariate - 1);
    if (sund_linear_model(st->plan, pair, df, &own->model, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_NUMERIC, "the covariates do not vary independently in this cohort");
    for (size_t y = 0; y < own->n_trait; y++)
        if (sund_linear_model_trait(st->plan, pair, y, &own->model, &own->trait[y], err) != SUND_OK)
            return sund_fail_in(err, SUND_E_NUMERIC, "%s does not vary independently of the covariates in this cohort", st->study->outcome[y]);
    return SUND_OK;
}

static const linear_fit no_fit = { .beta = (double) NAN, .se = (double) NAN, .nlog10p = (double) NAN };

static linear_fit fit_with(const sund_linear *m, const sund_linear_trait *y, const sund_linear_variant *g, double cgy, double unit)
{
    sund_linear_fit f;

    return sund_linear_test(m, y, g, cgy, &f) ? (linear_fit){ f.beta * unit, f.se * unit, f.nlog10p } : no_fit;
}

static double unit_of(const sund_state *st, size_t y) { return st->plan->col[st->plan->n_covariate + y].unit; }

/** missing = mean: lanes give centred or raw sums of this variant against the columns. In the place of -log10 p is t: all_p() makes them of many at once. */
static sund_code fit_mean(const sund_state *st, const sund_vec *t, size_t lane, linear_fit *out, sund_err *err)
{
    const linear_own   *own = st->own;
    bool                strata = st->study->strata_country, over = false, varies;
    double              c[SUND_COLUMN_MAX], cgg;
    size_t              k = own->n_column;
    sund_i128           sg = sund_vec_get64(t, lane), n = st->n_person;
    sund_linear_variant g;

    if (strata) {
        cgg = sund_linear_fixed(sg, LINEAR_FRAC);
        for (size_t i = 0; i < k; i++)
            c[i] = sund_linear_fixed(sund_vec_get64(t, lane + 1 + i), own->frac[i]);
    }
    else {
        sund_i128 sgg = sund_vec_get64(t, lane + 1);

        cgg = sund_centred(n, sgg * ((sund_i128) 1 << LINEAR_FRAC), sg, sg, 2 * LINEAR_FRAC, &over);
        for (size_t i = 0; i < k; i++)
            c[i] = sund_centred(n, sund_vec_get64(t, lane + 2 + i) * ((sund_i128) 1 << LINEAR_FRAC), sg,
                                own->sum[i] * ((sund_i128) 1 << own->frac[i]), LINEAR_FRAC + own->frac[i], &over);
    }
    if (over || cgg < 0.0)
        return bad_total(err);
    varies = sund_linear_genotype(&own->model, cgg, c, &g);
    for (size_t y = 0; y < own->n_trait; y++) {
        double          unit = unit_of(st, y);
        sund_linear_fit f;

        out[y] = varies && sund_linear_effect(&own->model, &own->trait[y], &g, c[st->plan->n_covariate + y], &f) ? (linear_fit){ f.beta * unit, f.se * unit, f.t } : no_fit;
    }
    return SUND_OK;
}

static void all_p(linear_fit *f, size_t n, double df)
{
    double p[512];

    for (size_t take; n; f += take, n -= take) {
        take = n < 512 ? n : 512;
        for (size_t i = 0; i < take; i++)
            p[i] = f[i].nlog10p;
        sund_t_nlog10p_all(p, take, df);
        for (size_t i = 0; i < take; i++)
            f[i].nlog10p = p[i];
    }
}

/** missing = drop: this variant has its own people, so its own model. */
static sund_code read_drop(const sund_state *st, const sund_vec *t, size_t lane, size_t wide, linear_drop *d, sund_err *err)
{
    const linear_own        *own = st->own;
    const sund_columns_plan *p = st->plan;
    bool                     strata = st->study->strata_country, over = false;
    size_t                   k = own->n_column, n_pair = sund_pair_count(p);

    d->m = sund_vec_get64(t, lane);
    d->one = sund_vec_get64(t, lane + 1);
    if (d->m < 1 || d->m > st->n_person || (strata && (d->one < 1 || d->one > own->n_stratum)))
        return bad_total(err);
    for (size_t a = 0, at = 0; a < k; a++) {
        for (size_t b = a, end = sund_pair_end(p, a); b < end; b++, at++)
            d->pair[at] = strata ? sund_linear_fixed(sund_vec_get128(t, wide + at), LINEAR_FRAC)
                                 : sund_centred(d->m, sund_vec_get128(t, wide + 2 * k + at), sund_vec_get128(t, wide + a), sund_vec_get128(t, wide + b), 0, &over);
        d->c[a] = strata ? sund_linear_fixed(sund_vec_get128(t, wide + n_pair + a), LINEAR_FRAC)
                         : sund_centred(d->m, sund_vec_get128(t, wide + k + a), d->one, sund_vec_get128(t, wide + a), 0, &over);
    }
    d->cgg = strata ? sund_linear_fixed(sund_vec_get128(t, wide + n_pair + k), LINEAR_FRAC) : sund_centred(d->m, sund_vec_get64(t, lane + 2), d->one, d->one, 0, &over);
    if (over || d->cgg < 0.0)
        return bad_total(err);
    /* among the called people a covariate or a trait may no longer vary: that variant has no answer, the study goes on */
    d->varies = sund_linear_model(p, d->pair, (double) (int64_t) (d->m - (strata ? d->one : 1) - (sund_i128) p->n_covariate - 1), &d->model, NULL) == SUND_OK &&
                sund_linear_genotype(&d->model, d->cgg, d->c, &d->g);
    return SUND_OK;
}

static void fit_drop(const sund_state *st, const linear_drop *d, linear_fit *out)
{
    const linear_own *own = st->own;
    sund_linear_trait trait;

    for (size_t y = 0; y < own->n_trait; y++)
        out[y] = d->varies && sund_linear_model_trait(st->plan, d->pair, y, &d->model, &trait, NULL) == SUND_OK
                     ? fit_with(&d->model, &trait, &d->g, d->c[st->plan->n_covariate + y], unit_of(st, y))
                     : no_fit;
}

sund_code sund_linear_sums_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    linear_own  *own = st->own;
    linear_shape shape = sund_linear_shape(st);
    size_t       from, n = sund_chunk_range(r, st->study, sund_linear_words(shape), chunk, &from);
    linear_drop  d;

    if (t->n64 != n * shape.n64 || t->n128 != n * shape.n128)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        linear_fit *f = &own->fit[(from + i) * own->n_trait];

        sund_maps_pass(i);
        if (!st->study->drop_missing) {
            SUND_TRY(fit_mean(st, t, i * shape.n64, f, err));
            continue;
        }
        SUND_TRY(read_drop(st, t, i * shape.n64, i * shape.n128, &d, err));
        if (own->crossed)
            SUND_TRY(sund_gxe_fit(st, &d, t, (i + 1) * shape.n128 - own->n_column - 2, f, &own->gxe[(from + i) * own->n_trait], err));
        else
            fit_drop(st, &d, f);
    }
    if (!st->study->drop_missing)
        all_p(&own->fit[from * own->n_trait], n * own->n_trait, own->model.df);
    return SUND_OK;
}
