#include "study/wgr_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the totals of whole-genome regression say: the same at every node. */

static double fixed(sund_i128 x, int frac) { return ldexp(sund_i128_double(x), -frac); }

static sund_code fold_sizes(sund_state *st, const sund_vec *t, sund_err *err)
{
    wgr_own *own = st->own;
    int64_t  all = 0;

    for (size_t f = 0; f < own->n_fold; f++) {
        own->fold_n[f] = sund_vec_get64(t, f);
        if (own->fold_n[f] < 0 || own->fold_n[f] > st->n_person)
            return bad_total(err);
        all += own->fold_n[f];
    }
    own->n_stratum = st->study->strata_country ? sund_vec_get64(t, own->n_fold) : 1;
    if (all != st->n_person || own->n_stratum < 1 || own->n_stratum > st->n_person)
        return bad_total(err);
    return sund_rule_cells(&st->thresholds, own->fold_n, own->n_fold, "a fold", err);
}

/** Products of columns a and b over a fold's people, and sums, of x: from raw sums when there are no strata. */
static sund_code fold_products(sund_state *st, size_t f, const sund_vec *t, sund_err *err)
{
    wgr_own  *own = st->own;
    size_t    k = own->n_column, n_x = k - 1, lane = f * (k + wgr_triangle(k)), at = lane + k;
    bool      strata = st->study->strata_country;
    sund_i128 one = (sund_i128) 1 << WGR_COLUMN_FRAC, n = own->fold_n[f];

    for (size_t a = 0; a < k; a++) {
        sund_i128 sa = sund_vec_get128(t, lane + a);

        own->fold_x[f][a] = fixed(strata ? sa : sa * one - n * own->mean[a], WGR_COLUMN_FRAC);
        for (size_t b = a; b < k; b++, at++) {
            sund_i128 sb = sund_vec_get128(t, lane + b), p = sund_vec_get128(t, at);
            double    x;

            if (!strata)
                p = p * one * one - one * (own->mean[b] * sa + own->mean[a] * sb) + n * own->mean[a] * own->mean[b];
            x = fixed(p, 2 * WGR_COLUMN_FRAC);
            if (b == n_x && a == n_x)
                own->yy[f] = x;
            else if (b == n_x)
                own->xy[f * n_x + a] = x;
            else
                own->xx[(f * n_x + a) * n_x + b] = own->xx[(f * n_x + b) * n_x + a] = x;
        }
    }
    return own->yy[f] < 0.0 ? bad_total(err) : SUND_OK;
}

static sund_ridge_covariates covariates(const wgr_own *own) { return (sund_ridge_covariates){ own->n_column - 1, own->xx, own->xy, own->df }; }

/** Sum of squares of the outcome, in fold f, once the covariates are out. */
static double rest_square(const wgr_own *own, size_t f)
{
    size_t n_x = own->n_column - 1;
    double s = own->yy[f];

    for (size_t a = 0; a < n_x; a++) {
        s -= 2.0 * own->gamma[a] * own->xy[f * n_x + a];
        for (size_t b = 0; b < n_x; b++)
            s += own->gamma[a] * own->xx[(f * n_x + a) * n_x + b] * own->gamma[b];
    }
    return s;
}

/** Rule cell-min in each fold: sums of genotypes with a level there are about so many people. */
static sund_code fold_levels(const sund_state *st, const sund_vec *t, sund_err *err)
{
    const wgr_own *own = st->own;

    for (size_t f = 0; f < own->n_fold; f++)
        for (size_t a = 0; a < own->n_column; a++) {
            int64_t one = sund_vec_get64(t, own->n_fold + 1 + f * own->n_column + a), cell[2] = { one, own->fold_n[f] - one };

            if (one < 0 || one > own->fold_n[f])
                return bad_total(err);
            if (st->plan->col[a].binary && sund_rule_cells(&st->thresholds, cell, 2, st->plan->col[a].name, NULL) != SUND_OK)
                return sund_refuse(err, "cell-min", "%.150s: every group needs at least %u people in each of %zu folds; take fewer folds or a wider cohort", st->plan->col[a].name,
                                   st->thresholds.cell_min, own->n_fold);
        }
    return SUND_OK;
}

sund_code sund_wgr_cross_total(sund_state *st, const sund_vec *t, sund_err *err)
{
    wgr_own              *own = st->own;
    size_t                k = own->n_column;
    sund_ridge_covariates c;
    double                left = 0.0, all = 0.0;

    if (t->n64 != own->n_fold * (1 + k) + 1 || t->n128 != own->n_fold * (k + wgr_triangle(k)))
        return bad_total(err);
    SUND_TRY(fold_sizes(st, t, err));
    SUND_TRY(fold_levels(st, t, err));
    SUND_TRY(sund_rule_model_size(&st->thresholds, st->n_person, (int64_t) (own->n_fold * wgr_triangle(k)), err));
    for (size_t a = 0; a < k; a++) {
        sund_i128 sum = 0, most = (sund_i128) st->n_person * (sund_i128) st->plan->col[a].max_abs;
        bool      over = false;

        for (size_t f = 0; f < own->n_fold; f++)
            sum += sund_vec_get128(t, f * (k + wgr_triangle(k)) + a);
        if (!st->study->strata_country) {
            if (sum > most || sum < -most)
                return bad_total(err);
            own->mean[a] = (int64_t) sund_i128_scale_div(sum, WGR_COLUMN_FRAC, st->n_person, &over);
        }
    }
    for (size_t f = 0; f < own->n_fold; f++)
        SUND_TRY(fold_products(st, f, t, err));
    own->df = (double) (st->n_person - own->n_stratum - (int64_t) (k - 1));
    c = covariates(own);
    if (own->df < 1.0 || sund_ridge_gamma(&c, own->n_fold, own->gamma, NULL) != SUND_OK)
        return sund_fail(err, SUND_E_NUMERIC, "the covariates do not vary independently in this cohort");
    for (size_t f = 0; f < own->n_fold; f++) {
        left += rest_square(own, f);
        all += own->yy[f];
    }
    if (!(all > 0.0) || !(left > 1e-12 * all))
        return sund_fail(err, SUND_E_NUMERIC, all > 0.0 ? "the covariates explain the outcome wholly" : "the outcome does not vary");
    own->sigma = sqrt(left / own->df);
    return SUND_OK;
}

/** A block's sums into doubles. */
static void read_block(const wgr_own *own, size_t m, const sund_vec *t, sund_ridge *r, double *gx)
{
    size_t tri = sund_ridge_at(m, 0), k = own->n_column, n_x = k - 1;

    for (size_t f = 0; f < own->n_fold; f++) {
        for (size_t i = 0; i < tri; i++)
            r->gram[f * tri + i] = fixed(sund_vec_get64(t, f * tri + i), 2 * (int) own->g_frac);
        for (size_t j = 0; j < m; j++) {
            for (size_t a = 0; a < n_x; a++)
                gx[(f * m + j) * n_x + a] = fixed(sund_vec_get128(t, (f * m + j) * k + a), (int) own->g_frac + WGR_COLUMN_FRAC);
            r->cross[f * m + j] = fixed(sund_vec_get128(t, (f * m + j) * k + n_x), (int) own->g_frac + WGR_COLUMN_FRAC);
        }
    }
}

/** Coefficients of one predictor (block and shrinkage), scaled so that it has a standard deviation of one over the folds it predicts. */
static void put_coefficients(sund_state *st, const wgr_block *b, size_t pred, const sund_ridge *r, const double *beta, const double *alpha, const double *inverse)
{
    wgr_own *own = st->own;
    size_t   n_x = own->n_column - 1, shrink = pred % own->n_ridge, m = b->n;
    double   square = 0.0, scale;

    for (size_t f = 0; f < own->n_fold; f++)
        square += sund_ridge_square(r, f, beta + (f * own->n_ridge + shrink) * m);
    scale = square > 0.0 ? 1.0 / sqrt(square / (double) st->n_person) : 0.0;
    for (size_t f = 0; f < own->n_fold; f++) {
        double *x = own->coef_x + (pred * own->n_fold + f) * n_x;

        for (size_t j = 0; j < m; j++) {
            double c = beta[(f * own->n_ridge + shrink) * m + j] * inverse[j] * scale, most = ldexp(1.0, 10);

            if (!(c <= most)) /* of no use: over a thousand standard deviations an allele */
                c = most;
            if (c < -most)
                c = -most;
            own->coef[((b->first + j) * own->n_fold + f) * own->n_ridge + shrink] = (int64_t) floor(ldexp(c, WGR_COEF_FRAC) + 0.5);
            for (size_t a = 0; a < n_x; a++)
                x[a] += c * alpha[j * n_x + a];
        }
    }
}

sund_code sund_wgr_level0_total(sund_state *st, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    wgr_own              *own = st->own;
    const wgr_block      *b = &own->block[chunk];
    size_t                m = b->n, k = own->n_column, tri = sund_ridge_at(m, 0), F = own->n_fold;
    sund_ridge            r = { m, F, calloc(F * tri + 1, sizeof(double)), calloc(F * m + 1, sizeof(double)) };
    double               *gx = calloc(F * m * k + 1, sizeof *gx), *alpha = calloc(m * k + 1, sizeof *alpha), *inverse = calloc(m + 1, sizeof *inverse);
    double               *beta = calloc(F * own->n_ridge * m + 1, sizeof *beta), lambda[WGR_RIDGE_MAX];
    sund_ridge_covariates c = covariates(own);
    sund_code             rc = SUND_OK;

    if (t->n64 != F * tri || t->n128 != F * m * k)
        rc = bad_total(err);
    else if (!r.gram || !r.cross || !gx || !alpha || !inverse || !beta)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for a block of %zu variants", m);
    for (size_t l = 0; l < own->n_ridge; l++)
        lambda[l] = sund_ridge_lambda(own->n_step1, sund_ridge_h2(l, own->n_ridge));
    if (rc == SUND_OK) {
        read_block(own, m, t, &r, gx);
        rc = sund_ridge_residual(&r, gx, &c, alpha, inverse, err);
    }
    if (rc == SUND_OK)
        rc = sund_ridge_fit(&r, own->n_ridge, lambda, beta, err);
    for (size_t l = 0; l < own->n_ridge && rc == SUND_OK; l++)
        put_coefficients(st, b, chunk * own->n_ridge + l, &r, beta, alpha, inverse);
    free(r.gram);
    free(r.cross);
    free(gx);
    free(alpha);
    free(inverse);
    free(beta);
    return rc;
}

sund_code sund_wgr_level1_total(sund_state *st, const sund_round *round, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    wgr_own  *own = st->own;
    size_t    lanes = 2 * own->n_fold * wgr_row_lanes(own, own->n_pred), from, n = sund_chunk_range(round, st->study, lanes, chunk, &from), at = 0;
    size_t    k = own->n_column, L = own->n_pred, tri = sund_ridge_at(L, 0);
    sund_i128 most = (sund_i128) st->n_person * WGR_PRED_MAX * WGR_PRED_MAX;

    if (t->n64 != 0 || t->n128 != wgr_rows_lanes(own, from + n) - wgr_rows_lanes(own, from))
        return bad_total(err);
    for (size_t row = from; row < from + n; row++)
        for (size_t f = 0; f < own->n_fold; f++) {
            for (size_t b = 0; b <= row; b++, at++) {
                sund_i128 x = sund_vec_get128(t, at);

                if (x > most || x < -most || (b == row && x < 0))
                    return bad_total(err);
                own->ww[f * tri + sund_ridge_at(row, b)] = fixed(x, 2 * WGR_PRED_FRAC);
            }
            for (size_t a = 0; a < k; a++, at++)
                own->wx[(f * L + row) * k + a] = fixed(sund_vec_get128(t, at), WGR_PRED_FRAC + WGR_COLUMN_FRAC);
            own->w1[f * L + row] = fixed(sund_vec_get128(t, at++), WGR_PRED_FRAC);
        }
    return SUND_OK;
}

/** Predictors to mean 0 and variance 1 over all people, in place; the outcome to its residuals. */
static void standardise(sund_state *st, sund_ridge *r, double *inverse)
{
    wgr_own *own = st->own;
    size_t   L = own->n_pred, tri = sund_ridge_at(L, 0), k = own->n_column;
    double   n = (double) st->n_person;

    for (size_t a = 0; a < L; a++) {
        double sum = 0.0, square = 0.0, var;

        for (size_t f = 0; f < own->n_fold; f++) {
            sum += own->w1[f * L + a];
            square += own->ww[f * tri + sund_ridge_at(a, a)];
        }
        own->w_mean[a] = sum / n;
        var = (square - sum * own->w_mean[a]) / (n - 1.0);
        inverse[a] = var > 1e-6 ? 1.0 / sqrt(var) : 0.0;
    }
    for (size_t f = 0; f < own->n_fold; f++) {
        double *at = own->ww + f * tri, rest = own->fold_x[f][k - 1];

        for (size_t i = 0; i + 1 < k; i++)
            rest -= own->gamma[i] * own->fold_x[f][i];
        for (size_t a = 0; a < L; a++) {
            const double *wx = own->wx + (f * L + a) * k;
            double        y = wx[k - 1] - own->w_mean[a] * rest;

            for (size_t i = 0; i + 1 < k; i++)
                y -= wx[i] * own->gamma[i];
            r->cross[f * L + a] = y * inverse[a];
            for (size_t b = 0; b <= a; b++, at++)
                *at = (*at - own->w_mean[b] * own->w1[f * L + a] - own->w_mean[a] * own->w1[f * L + b] + (double) own->fold_n[f] * own->w_mean[a] * own->w_mean[b]) *
                      inverse[a] * inverse[b];
        }
    }
}

/** Cross-validated R2 of each shrinkage; the best is chosen, the first of equals. */
static void choose(wgr_own *own, const sund_ridge *r, const double *beta)
{
    for (size_t l = 0; l < own->n_ridge; l++) {
        double rss = 0.0, all = 0.0;

        for (size_t f = 0; f < own->n_fold; f++) {
            const double *b = beta + (f * own->n_ridge + l) * r->k;
            double        yy = rest_square(own, f);

            all += yy;
            rss += yy - 2.0 * sund_ridge_product(r, f, b) + sund_ridge_square(r, f, b);
        }
        own->r2[l] = 1.0 - rss / all;
        if (own->r2[l] > own->r2[own->chosen])
            own->chosen = l;
    }
}

sund_code sund_wgr_level1_fit(sund_state *st, sund_err *err)
{
    wgr_own   *own = st->own;
    size_t     L = own->n_pred, F = own->n_fold;
    sund_ridge r = { L, F, own->ww, calloc(F * L + 1, sizeof(double)) };
    double    *beta = calloc(F * own->n_ridge * L + 1, sizeof *beta), *inverse = own->inverse, lambda[WGR_RIDGE_MAX];
    sund_code  rc = r.cross && beta ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu predictors", L);

    for (size_t l = 0; l < own->n_ridge; l++)
        lambda[l] = sund_ridge_lambda(L, sund_ridge_h2(l, own->n_ridge));
    if (rc == SUND_OK) {
        standardise(st, &r, inverse);
        rc = own->binary ? SUND_OK : sund_ridge_fit(&r, own->n_ridge, lambda, beta, err);
    }
    if (rc == SUND_OK && !own->binary) {
        choose(own, &r, beta);
        for (size_t f = 0; f < F; f++)
            for (size_t a = 0; a < L; a++)
                own->level1[f * L + a] = beta[(f * own->n_ridge + own->chosen) * L + a] * inverse[a];
    }
    free(r.cross);
    free(beta);
    return rc;
}
