#ifndef SUND_STATS_LOGISTIC_H
#define SUND_STATS_LOGISTIC_H

#include "math/exact.h"
#include "math/linalg.h"

#include <stdbool.h>

/** Logistic regression of a binary outcome y, in sums of integers: neither the order nor the division of people changes a bit.
 *
 *      mu = 1 / (1 + e^-eta),   eta = intercept + offset + sum over k of beta_k x_k,   r = y - mu,   w = mu (1 - mu)
 *
 *  Columns x are integers below 2^32. Rounded once for each person: residuals and log-likelihoods to 40 fraction bits, weights to 32. */
enum { SUND_LOGISTIC_R = 40, SUND_LOGISTIC_W = 32 };

typedef struct sund_logistic_point { double mu, w, loglik[2]; } sund_logistic_point; /**< loglik[y] */
sund_logistic_point sund_logistic_at(double eta);

/** People of one intercept. Columns: k covariates x = q - centre, then the genotype g, where there is one: g < 0 leaves the person out. */
typedef struct sund_logistic_rows {
    size_t         n, k;
    const int32_t *q;      /**< n x k, person by person */
    const int64_t *centre; /**< k */
    const int8_t  *y;      /**< n */
    const double  *offset; /**< n: added to eta as it is; NULL for none */
} sund_logistic_rows;

/** What is asked at: beta of the columns, the common intercept before them without strata. inverse: of the information, p x p, for Firth's
 *  penalty; NULL for none. */
typedef struct sund_logistic_ask { const double *beta, *inverse; } sund_logistic_ask;

/** Score, information (p x p, both triangles) and log-likelihood of one stratum whose intercept is solved here: Sum r* = 0, to full precision.
 *
 *      u_j = S_j - W_j R / W,   info_jk = W_jk - W_j W_k / W,   S_j = sum r x_j, W = sum w, W_j = sum w x_j, W_jk = sum w x_j x_k
 *
 *  which equals a column for each stratum. Firth: r* = r + h (1/2 - mu), h = w (1/W + (x - xbar)' inverse (x - xbar)), xbar_j = W_j / W, and the
 *  log-likelihood gets ln(W) / 2: what the stratum's column adds to ln|I| / 2.
 *  A stratum without cases or without controls adds nothing: false. eta: n doubles of scratch. start: where to look for the intercept first. */
bool sund_logistic_stratum(const sund_logistic_rows *x, const int32_t *g, const sund_logistic_ask *ask, double start, double *eta, double *u, double *info,
                           double *loglik, double *intercept);

/** The intercept alone: a with sum 1 / (1 + e^-(a + eta_i)) = n_case, 0 < n_case < n, to full precision. */
double sund_logistic_intercept(size_t n, const double *eta, int64_t n_case);

/** The same without strata: raw sums for a common intercept, column 0, added to lanes: p scores (SUND_LOGISTIC_R fraction bits), the upper triangle of the
 *  information (SUND_LOGISTIC_W), the log-likelihood (SUND_LOGISTIC_R). p = 1 + k + (g != NULL). Bounds at 2^20 people: 2^93, 2^114, 2^71. */
void sund_logistic_pooled(const sund_logistic_rows *x, const int32_t *g, const sund_logistic_ask *ask, sund_i128 *lane);

/** One regression on its way by Newton's method. Zeroed to begin with. */
typedef struct sund_newton {
    int         asked, halved;
    double      loglik, gain;  /**< at the last beta that was no worse; gain = u' I^-1 u there */
    bool        done;
    const char *note;          /**< why there is no answer; NULL when there is */
} sund_newton;
enum { SUND_NEWTON_MAX = 25 };

/** Takes in score, information and log-likelihood at beta, and moves beta (n_free first of p columns) to what is asked next: Newton's step, of the last
 *  column at most `most`, halved while the log-likelihood falls. sure: p doubles that remember the last good beta. Done when gain < 1e-16: beta is within
 *  1e-8 standard errors. With inverse (p x p, Firth) each beta is asked twice: for the information, whose inverse is put there, then for the score with it; and ln|I| / 2 is
 *  added to the log-likelihood. */
void sund_newton_step(sund_newton *s, size_t p, size_t n_free, double most, double *beta, double *sure, double *inverse, const double *u, const double *info, double loglik);

/** Score test of a variant given the null model. info: the null model's information with intercepts profiled out, k x k. */
typedef struct sund_logistic_null { size_t k; double l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX]; } sund_logistic_null;
sund_code sund_logistic_prepare(sund_logistic_null *m, size_t k, const double *info, size_t *bad, sund_err *err) SUND_MUST_CHECK;
/** u = G'(y - mu); gg = G'WG and gx = G'WX centred by the weights in each stratum:   v = gg - gx' (X'WX)^-1 gx,  beta = u / v,  se = v^-1/2,  z = u / v^1/2.
 *  projection (k, may be NULL): (X'WX)^-1 gx. False when nothing of the variant is left (v < 1e-10 gg). */
typedef struct sund_logistic_score { double u, v, beta, se, z, nlog10p; } sund_logistic_score;
bool sund_logistic_variant(const sund_logistic_null *m, double u, double gg, const double *gx, double *projection, sund_logistic_score *out) SUND_MUST_CHECK;

#endif
