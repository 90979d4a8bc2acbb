#ifndef SUND_STATS_HWE_H
#define SUND_STATS_HWE_H

#include <stdint.h>

/** Exact test of Hardy-Weinberg proportions, two-sided, not mid-p: -log10 p; 0 when nobody is called.
 *      p = sum of P(het = h | allele counts) over h with P(h) <= P(observed)  (with a relative slack of 2^-40 for ties)
 *  Never underflows (the scale is carried), same bits everywhere. Cost O(minor allele count).
 *  Source: Wigginton, Cutler, Abecasis, AJHG 2005. */
double sund_hwe_nlog10p(uint64_t hom_ref, uint64_t het, uint64_t hom_alt);
/** X chromosome, males with one copy take part: Graffelman & Weir, Heredity 2016. */
double sund_hwe_x_nlog10p(uint64_t male_ref, uint64_t male_alt, uint64_t hom_ref, uint64_t het, uint64_t hom_alt);
/** One stratum's share of the stratified test: observed minus expected hets and its variance given allele counts, both as
 *  integers times 2^20 (rounded once), so that strata add up exactly.
 *      E = a b / (2n-1),  E[h(h-1)] = a(a-1) b(b-1) / ((2n-1)(2n-3)),  V = E[h(h-1)] + E - E^2  */
void   sund_hwe_stratum(uint64_t hom_ref, uint64_t het, uint64_t hom_alt, int64_t *deviation, int64_t *variance);
/** -log10 p of (sum deviation)^2 / (sum variance) / 2^20 as chi-squared with 1 df; 0 when variance is 0. */
double sund_hwe_strata_nlog10p(int64_t deviation, int64_t variance);

#endif
