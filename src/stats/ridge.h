#ifndef SUND_STATS_RIDGE_H
#define SUND_STATS_RIDGE_H

#include "base/err.h"

#include <stddef.h>

/** Ridge regression from sums by folds of the people, as whole-genome regression needs it: what is fitted for a fold comes from all the others.
 *  Nothing here sees a person. Same bits everywhere.
 *  Source: Mbatchou et al., Nature Genetics 53 (2021), 1097: REGENIE, step 1. */

/** Entry (a, b), b <= a, of a symmetric matrix kept as its lower triangle, row by row. */
static inline size_t sund_ridge_at(size_t a, size_t b) { return a * (a + 1) / 2 + b; }

/** Cross-products of k predictors with each other and with the outcome, fold by fold. */
typedef struct sund_ridge {
    size_t  k, n_fold;
    double *gram;  /**< n_fold lower triangles */
    double *cross; /**< n_fold x k */
} sund_ridge;

/** The i-th of n shares of variance, evenly from 0.01 to 0.99; and the shrinkage that it stands for among n_predictor predictors of unit variance:
 *      lambda = n_predictor (1 - h2) / h2 */
double sund_ridge_h2(size_t i, size_t n);
double sund_ridge_lambda(size_t n_predictor, double h2);

/** Covariates (and the outcome on them), by fold: xx n_fold x n_x x n_x, xy n_fold x n_x, df the people less everything fitted. */
typedef struct sund_ridge_covariates { size_t n_x; const double *xx, *xy; double df; } sund_ridge_covariates;

/** Takes the covariates out of predictors and outcome, over all people at once, and scales the predictors to unit variance, in place:
 *      a_j = (X'X)^-1 X'g_j,   g~_j = (g_j - X a_j) / s_j,   s_j^2 = (g_j'g_j - g_j'X a_j) / df
 *  gx: n_fold x k x n_x, X'g. cross: X'y's g'y before, of the residuals after. alpha: k x n_x out. inverse: k out, 1 / s_j; 0 for a predictor that the
 *  covariates explain (s_j^2 < 1e-10 of its variance), which is then zero everywhere.
 *  Errors: SUND_E_NUMERIC when the covariates are collinear. */
sund_code sund_ridge_residual(sund_ridge *r, const double *gx, const sund_ridge_covariates *c, double *alpha, double *inverse, sund_err *err) SUND_MUST_CHECK;
/** gamma = (X'X)^-1 X'y. */
sund_code sund_ridge_gamma(const sund_ridge_covariates *c, size_t n_fold, double *gamma, sund_err *err) SUND_MUST_CHECK;

/** beta[(fold * n_lambda + l) * k ..] = (sum over other folds of G'G + lambda_l I)^-1 (sum over other folds of G'y). */
sund_code sund_ridge_fit(const sund_ridge *r, size_t n_lambda, const double *lambda, double *beta, sund_err *err) SUND_MUST_CHECK;
/** |G b|^2 and y'G b of one fold. */
double    sund_ridge_square(const sund_ridge *r, size_t fold, const double *beta);
double    sund_ridge_product(const sund_ridge *r, size_t fold, const double *beta);

#endif
