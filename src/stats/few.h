#ifndef SUND_STATS_FEW_H
#define SUND_STATS_FEW_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/** Whether a combination of columns can be a few people's.
 *
 *  z: n x k, row-major, of whitened columns: over all people - these n and any others, of whom none has a larger |z_i|^2 than rest - the squares of z_i'b add up to |b|^2. Asked is
 *
 *      max over sets S of at most `few` people and |b| = 1 of  sum over i in S of (z_i'b)^2  =  max over S of lambda_max(H_SS),   H = Z Z'
 *
 *  (sparse principal components of H; what single columns, pairs and partial sums say are lower bounds of it.) Proof that it is at most `bound`: let S be a set above it and a the
 *  leading eigenvector of H_SS, |a| = 1. Then a_i^2 <= H_ii / bound, and by each row of H a = lambda a
 *
 *      (bound - H_ii) |a_i|  <=  sum over j in S, j != i of |H_ij| |a_j|
 *                            <=  the few - 1 largest of  max over 0 <= y <= cap_j of (|H_ij| y - mu y^2 / 2),  added up,  + mu (1 - a_i^2) / 2    for any mu >= 0,
 *
 *  which lowers the caps of all |a_i| by each other. When the `few` largest squares of caps add up to less than 1 there is no S; else the person of the largest cap is taken in or left
 *  out, and both are looked at. The people of `rest` add at most few * rest, by which bound is lowered.
 *
 *  SUND_FEW_NONE: proven. SUND_FEW_FOUND: a set of these n is above the (lowered) bound. SUND_FEW_OPEN: neither within the work, which is at most SUND_FEW_WORK looks at an element of H
 *  (a second or two). Errors: SUND_E_NOMEM. */
typedef enum sund_few_verdict { SUND_FEW_NONE, SUND_FEW_FOUND, SUND_FEW_OPEN } sund_few_verdict;
enum { SUND_FEW_MAX = 32, SUND_FEW_PEOPLE = 512, SUND_FEW_WORK = 1 << 27 };
/** few <= SUND_FEW_MAX, n <= SUND_FEW_PEOPLE. *work may be NULL: looks taken. */
sund_code sund_few(const double *z, size_t n, size_t k, size_t few, double rest, double bound, sund_few_verdict *verdict, int64_t *work, sund_err *err) SUND_MUST_CHECK;

/** Keeps the n largest of what is put to it, the smallest of them first; all 0 at first. */
void sund_few_keep(double *most, size_t n, double x);

#endif
