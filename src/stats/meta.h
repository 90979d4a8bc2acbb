#ifndef SUND_STATS_META_H
#define SUND_STATS_META_H

#include <stddef.h>
#include <stdint.h>

/** Meta-analysis of one effect over k studies, out of sums alone: what a federation can add without seeing any study's own estimate.
 *
 *      w = 1/se^2:   beta = sum w b / sum w,   se = 1/sqrt(sum w)                                  fixed effects, inverse variance
 *      Q = sum w b^2 - (sum w b)^2 / sum w,  df = k - 1,   I^2 = max(0, (Q - df)/Q)                heterogeneity (Cochran; Higgins & Thompson 2002)
 *      tau^2 = max(0, (Q - df) / (sum w - sum w^2 / sum w))                                        between studies (DerSimonian & Laird 1986)
 *  Random effects: the same first line with w = 1/(se^2 + tau^2). */
typedef struct sund_meta_sums { int64_t k; double w, wb, wbb, ww; } sund_meta_sums;
typedef struct sund_meta { double beta, se, nlog10p, q, q_nlog10p, i2, tau2; } sund_meta;

void      sund_meta_add(sund_meta_sums *s, double beta, double se, double tau2);
/** All NaN when k is 0; heterogeneity NaN when k is 1. */
sund_meta sund_meta_of(const sund_meta_sums *s);

/** Genomic control: median of z^2 over the median of chi-squared with one degree of freedom. NaN for none. z2 is put in another order. */
double sund_lambda(double *z2, size_t n);

#endif
