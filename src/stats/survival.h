#ifndef SUND_STATS_SURVIVAL_H
#define SUND_STATS_SURVIVAL_H

#include "base/err.h"
#include "math/exact.h"
#include "math/linalg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Survival out of sums over the people who leave at each time, with the event or without.
 *  Sources  Kaplan & Meier (1958); Greenwood (1926); Mantel (1966); Cox (1972); Breslow (1974); Efron (1977); Kalbfleisch & Prentice (2002), ch. 4 */

/** Kaplan-Meier at times 0..n_time-1:  S(t) = prod over s <= t of (1 - d_s / r_s),  se = S sqrt(sum d / (r (r - d))).
 *  leave, event: people who leave at each time, and with the event; at_risk, survival, se: out, n_time each (at_risk just before the time). */
void sund_kaplan_meier(size_t n_time, const int64_t *leave, const int64_t *event, int64_t *at_risk, double *survival, double *se);
/** Median: index of the first time with S <= 1/2, n_time when S stays above; *exactly: S is one half there, the median lies between it and the next event's time. */
size_t sund_km_median(size_t n_time, const double *survival, const int64_t *event, bool *exactly);

/** Adds one set's log-rank sums: over - expected events of each group, and their covariance (hypergeometric).
 *  leave, event: n_group x n_time. oe: n_group; v: n_group x n_group. */
void sund_logrank(size_t n_group, size_t n_time, const int64_t *leave, const int64_t *event, double *oe, double *v);
/** chi-squared = oe' V^- oe over the first n_group - 1 groups; NaN when V is singular there. */
double sund_logrank_chisq(size_t n_group, const double *oe, const double *v);

/** Lanes of one time in Cox's sums, for k covariates: w = round(e^eta 2^SUND_COX_W), x the covariates as integers, T = k (k + 1) / 2.
 *      events d | sum x over events: k | over all who leave: sum w, sum w x: k, sum w x x: T | the same over those with the event */
enum { SUND_COX_W = 30 };
size_t sund_cox_lanes(size_t k);
/** Adds a person to a time's lanes. */
void   sund_cox_add(size_t k, sund_i128 *lane, bool event, int64_t w, const int64_t *x);
/** Score, information and log partial likelihood at the beta that w was computed with (e^eta, eta = sum beta x); one set of risk sets.
 *      u: k, info: k x k (both triangles), *loglik: added to. efron: ties by Efron, else Breslow. Times ascending. */
void   sund_cox_score(size_t k, size_t n_time, const sund_i128 *lane, const double *beta, bool efron, double *u, double *info, double *loglik);

#endif
