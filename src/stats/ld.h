#ifndef SUND_STATS_LD_H
#define SUND_STATS_LD_H

#include "math/exact.h"

#include <stddef.h>
#include <stdint.h>

/** Linkage between variants from sums over people, a missing genotype at the variant's mean. With
 *      mu = round(2^14 mean of g over the called),   x = 2^14 g or mu,
 *  all sums are integers, and the same however people are divided. */
enum { SUND_LD_FRAC = 14 };

/** A variant over all people: mean, and sums of x and x^2. Bounds at 2^20 people: 2^35 and 2^50. */
typedef struct sund_ld_site { int64_t mean, sum, square; } sund_ld_site;
/** From the people who have one and two alternate alleles, and who are missing; called > 0. */
sund_ld_site sund_ld_site_of(int64_t het, int64_t alt, int64_t called, int64_t missing);

/** Squared correlation out of the sum of x_i x_j over n people: (n P - S_i S_j)^2 / ((n Q_i - S_i^2) (n Q_j - S_j^2)); 0 when a variant does not vary. */
double sund_ld_r2(int64_t n, const sund_ld_site *i, const sund_ld_site *j, int64_t product);

/** Pruning by one rule, so that all who know the same r^2 choose the same: pairs in order of their first, then their second variant, both still kept
 *  and in too close linkage, lose the one with the smaller minor allele frequency (alike: the second).
 *
 *  Shapes  over: bit i * window + k says whether i and i + 1 + k are in too close linkage. maf: n. keep: n, out. */
void sund_ld_prune(size_t n, size_t window, const uint8_t *over, const double *maf, uint8_t *keep);

#endif
