#ifndef SUND_STATS_FREQUENCY_H
#define SUND_STATS_FREQUENCY_H

#include <stdint.h>

/** What an allele count says about a frequency.
 *
 *  Interval  Wilson's score interval, 95 %, f = AC / AN, z = 1.959964:  (f + z^2/2n -+ z sqrt(f (1 - f)/n + z^2/4n^2)) / (1 + z^2/n),  n = AN
 *  FAF95     the highest frequency at which as many alleles or more would be seen one time in twenty: the lower 5 % bound of a Poisson mean, q / 2 AN, q the 5 %
 *            quantile of chi-squared with 2 AC degrees of freedom; 0 for AC = 0
 *  Both are 0 when AN is 0.
 *  Source    Wilson, JASA 1927; Whiffin et al., Genet Med 2017 (filtering allele frequency). Tests: unit/test_math.c against R's qchisq. */
void   sund_frequency_interval(int64_t ac, int64_t an, double *low, double *high);
double sund_frequency_faf95(int64_t ac, int64_t an);

#endif
