#ifndef SUND_MATH_FUNC_H
#define SUND_MATH_FUNC_H

#include <stddef.h>

/** Elementary functions and tails that give the same bits on every IEEE-754 machine: only + - * / sqrt, fixed order, compiled
 *  with -ffp-contract=off. libm's differ between processors (FMA variants), so nothing that enters a result may use them.
 *
 *  Accuracy  sund_exp, sund_ln <= 2 ulp, sund_ln1p <= 3 ulp over the whole range. Tails: relative 1e-10 of the -log10 p or better for p down to
 *            1e-100000 and beyond (never underflow: the logarithm is carried). Checked against R's libRmath in test/oracle. */
double sund_exp(double x);
double sund_ln(double x);
double sund_ln1p(double x);
double sund_lgamma(double x); /**< x > 0 */
double sund_sin(double x);    /**< and _cos: absolute 2e-16; |x| <= 1e6, NaN beyond */
double sund_cos(double x);
double sund_atan(double x);   /**< <= 4 ulp */
/** -log10 of the two-sided p of Student's t. df > 0 (need not be whole). NaN for NaN. */
double sund_t_nlog10p(double t, double df);
/** Each of n such t in its place, eight side by side: the same bits as one by one, in a third of the time. */
void   sund_t_nlog10p_all(double *t, size_t n, double df);
/** -log10 of the two-sided p of a standard normal. */
double sund_z_nlog10p(double z);
/** -log10 of the upper tail of chi-squared, df >= 1. */
double sund_chisq_nlog10p(double x, double df);

#endif
