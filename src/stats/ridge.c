#include "stats/ridge.h"

#include "math/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double sund_ridge_h2(size_t i, size_t n) { return n < 2 ? 0.5 : 0.01 + 0.98 * (double) i / (double) (n - 1); }

double sund_ridge_lambda(size_t n_predictor, double h2) { return (double) n_predictor * (1.0 - h2) / h2; }

static double dot(const double *a, const double *b, size_t n)
{
    double s = 0.0;

    for (size_t i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}

/** Pooled X'X, factored. */
static sund_code factor(const sund_ridge_covariates *c, size_t n_fold, double *l, double *scale, sund_err *err)
{
    double xx[SUND_K_MAX * SUND_K_MAX] = { 0.0 };
    size_t bad;

    if (c->n_x > SUND_K_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d covariates", SUND_K_MAX);
    for (size_t f = 0; f < n_fold; f++)
        for (size_t i = 0; i < c->n_x * c->n_x; i++)
            xx[i] += c->xx[f * c->n_x * c->n_x + i];
    return sund_chol(c->n_x, xx, l, scale, &bad, err);
}

sund_code sund_ridge_gamma(const sund_ridge_covariates *c, size_t n_fold, double *gamma, sund_err *err)
{
    double l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], xy[SUND_K_MAX] = { 0.0 };

    SUND_TRY(factor(c, n_fold, l, scale, err));
    for (size_t f = 0; f < n_fold; f++)
        for (size_t i = 0; i < c->n_x; i++)
            xy[i] += c->xy[f * c->n_x + i];
    sund_chol_solve(c->n_x, l, scale, xy, gamma);
    return SUND_OK;
}

/** a_j and 1 / s_j of every predictor. */
static sund_code explain(const sund_ridge *r, const double *gx, const sund_ridge_covariates *c, double *alpha, double *inverse, sund_err *err)
{
    double l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX];
    size_t tri = sund_ridge_at(r->k, 0);

    SUND_TRY(factor(c, r->n_fold, l, scale, err));
    for (size_t j = 0; j < r->k; j++) {
        double all[SUND_K_MAX] = { 0.0 }, whole = 0.0, left;

        for (size_t f = 0; f < r->n_fold; f++) {
            whole += r->gram[f * tri + sund_ridge_at(j, j)];
            for (size_t i = 0; i < c->n_x; i++)
                all[i] += gx[(f * r->k + j) * c->n_x + i];
        }
        sund_chol_solve(c->n_x, l, scale, all, alpha + j * c->n_x);
        left = whole - dot(all, alpha + j * c->n_x, c->n_x);
        inverse[j] = left > 1e-10 * whole && c->df > 0.0 ? 1.0 / sqrt(left / c->df) : 0.0;
    }
    return SUND_OK;
}

sund_code sund_ridge_residual(sund_ridge *r, const double *gx, const sund_ridge_covariates *c, double *alpha, double *inverse, sund_err *err)
{
    double  gamma[SUND_K_MAX], rest[SUND_K_MAX];
    size_t  k = r->k, n_x = c->n_x, tri = sund_ridge_at(k, 0);
    double *h = calloc(k * n_x + 1, sizeof *h); /* XX_f a_j - X'g_j of the fold */

    if (!h)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu predictors", k);
    sund_code rc = explain(r, gx, c, alpha, inverse, err);
    if (rc == SUND_OK)
        rc = sund_ridge_gamma(c, r->n_fold, gamma, err);
    for (size_t f = 0; f < r->n_fold && rc == SUND_OK; f++) {
        const double *xx = c->xx + f * n_x * n_x, *g = gx + f * k * n_x;
        double       *at = r->gram + f * tri;

        for (size_t i = 0; i < n_x; i++)
            rest[i] = c->xy[f * n_x + i] - dot(xx + i * n_x, gamma, n_x);
        for (size_t j = 0; j < k; j++) {
            for (size_t i = 0; i < n_x; i++)
                h[j * n_x + i] = dot(xx + i * n_x, alpha + j * n_x, n_x) - g[j * n_x + i];
            r->cross[f * k + j] = (r->cross[f * k + j] - dot(g + j * n_x, gamma, n_x) - dot(alpha + j * n_x, rest, n_x)) * inverse[j];
        }
        for (size_t a = 0; a < k; a++)
            for (size_t b = 0; b <= a; b++, at++)
                *at = (*at - dot(g + a * n_x, alpha + b * n_x, n_x) + dot(alpha + a * n_x, h + b * n_x, n_x)) * inverse[a] * inverse[b];
    }
    free(h);
    return rc;
}

sund_code sund_ridge_fit(const sund_ridge *r, size_t n_lambda, const double *lambda, double *beta, sund_err *err)
{
    size_t    k = r->k, tri = sund_ridge_at(k, 0), bad;
    double   *m = malloc((k * k + 1) * sizeof *m);
    sund_code rc = m ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu predictors", k);

    for (size_t f = 0; f < r->n_fold && rc == SUND_OK; f++)
        for (size_t l = 0; l < n_lambda && rc == SUND_OK; l++) {
            double *b = beta + (f * n_lambda + l) * k;

            memset(m, 0, k * k * sizeof *m);
            memset(b, 0, k * sizeof *b);
            for (size_t other = 0; other < r->n_fold; other++) {
                const double *at = r->gram + other * tri;

                if (other == f)
                    continue;
                for (size_t i = 0; i < k; i++) {
                    b[i] += r->cross[other * k + i];
                    for (size_t j = 0; j <= i; j++)
                        m[j * k + i] += *at++;
                }
            }
            for (size_t i = 0; i < k; i++)
                m[i * k + i] += lambda[l];
            rc = sund_chol_wide(k, m, &bad, err);
            if (rc == SUND_OK)
                sund_chol_wide_solve(k, m, b);
        }
    free(m);
    return rc;
}

double sund_ridge_square(const sund_ridge *r, size_t fold, const double *beta)
{
    const double *at = r->gram + fold * sund_ridge_at(r->k, 0);
    double        s = 0.0;

    for (size_t a = 0; a < r->k; a++, at += a) {
        s += beta[a] * (2.0 * dot(at, beta, a) + at[a] * beta[a]);
    }
    return s;
}

double sund_ridge_product(const sund_ridge *r, size_t fold, const double *beta) { return dot(r->cross + fold * r->k, beta, r->k); }
