#ifndef SUND_STATS_SKAT_H
#define SUND_STATS_SKAT_H

#include "base/err.h"

#include <stddef.h>

/** Tests of a set of markers, from its score vector u and that vector's covariance under the null hypothesis. Same bits everywhere. */

/** -log10 P(sum_j lambda_j chi^2_1 > q), lambda_j >= 0 (those below 1e-12 of the largest are left out).
 *
 *  Method  (1/2 pi i) integral of exp(-q s) / s prod_j (1 - 2 lambda_j s)^-1/2 over a hyperbola through the saddle point of the integrand left of
 *          1/(2 lambda_1), which bends to the right round the branch cut, by the trapezoidal rule. It is the integral that Davies (1980) takes along the imaginary
 *          axis; away from it nothing cancels, so the relative error of p is some 1e-12 however small p is, where Davies's is 1e-6 absolute by default.
 *  Errors  NaN when no lambda is positive or q is NaN. q <= 0: 0. */
double sund_mixture_nlog10p(size_t n, const double *lambda, double q);

/** -log10 of a p-value that combines k others by Cauchy's distribution: T = sum w tan((1/2 - p) pi) / sum w, p = 1/2 - atan(T) / pi (Liu et al. 2019).
 *  nlog10p: k of them, w > 0. p = 1 counts as 1 - 1/k. Never underflows. */
double sund_acat_nlog10p(size_t k, const double *nlog10p, const double *w);

typedef struct sund_skat {
    double beta, se, burden; /**< of one minor allele at the marker of the greatest weight: (w'u) / (w'Vw) times that weight, in the trait's unit (for a binary one: log odds,
                              *   one step from 0); -log10 p by the score test */
    double skat, skato, acatv; /**< -log10 p */
} sund_skat;

/** Most markers in a set. */
enum { SUND_SKAT_MAX = 300 };

/** u = G'r: m scores, r the residuals; v: m x m row-major, covariance of u divided by s2 (linear: G'G less what the covariates explain; logistic: G'WG
 *  likewise). s2: residual variance (logistic: 1). w: weights, maf: minor allele frequencies.
 *
 *      burden   (w'u)^2 / (s2 w'Vw)                                       chi^2_1
 *      SKAT     sum w_j^2 u_j^2 / s2                                      mixture by the eigenvalues of diag(w) V diag(w)
 *      SKAT-O   rho = 0, .1^2, .2^2, .3^2, .4^2, .5^2, .5, 1: the smallest p of Q_rho = (1 - rho) SKAT + rho (w'u)^2 / s2, and its own p after Lee et al. (2012), by
 *               Gauss's rule over the shared chi^2_1; as the R package SKAT, rho = 1 is .999 and quantiles are by matched moments
 *      ACAT-V   Cauchy's combination of the markers' own score tests with weights w_j^2 maf_j (1 - maf_j)
 *
 *  Markers whose variance is nil (no people, or explained by the covariates) must be left out. room: SUND_SKAT_ROOM(m) doubles.
 *  Errors: SUND_E_NUMERIC when V is no covariance. */
#define SUND_SKAT_ROOM(m) (2 * (m) * (m) + 5 * (m))
sund_code sund_skat_tests(size_t m, const double *u, const double *v, double s2, const double *w, const double *maf, double *room, sund_skat *out, sund_err *err) SUND_MUST_CHECK;

/** -log10 p of Q_rho alone: SKAT at 0, burden at 1. room as above. */
sund_code sund_skat_rho(size_t m, const double *u, const double *v, double s2, const double *w, double rho, double *room, double *nlog10p, sund_err *err) SUND_MUST_CHECK;

#endif
