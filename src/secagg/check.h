#ifndef SUND_SECAGG_CHECK_H
#define SUND_SECAGG_CHECK_H

#include "secagg/mask.h"

/** The check of the hub's addition. Each node u says 128 sums z_u over lanes of its masked vector
 * y_u, chosen at random by the digest of the hub's total T with the headers (so the digests) of all
 * y_u beneath it; all nodes check sum z_u = z(T) before anyone opens T.
 *
 *      z[k] = sum_i R[k][i] y[i],  k < 128,  R[k][i] in {0, 1} from AES-256-CTR under BLAKE2b("sund
 * check" || digest of T's message) narrow lanes modulo 2^64, wide ones modulo 2^128, apart. Sums
 * are linear: z(T) = sum z(y_u) when T = sum y_u.
 *
 *  Soundness. Let T differ from sum y_u by D != 0, and 2^v be the highest power of two that divides
 * D. A random subset sum of D / 2^v is odd with probability 1/2, so each z[k] fits by chance with
 * probability at most 1/2 whatever D is: random multiples modulo 2^64 instead of bits would do no
 *  better against D = 2^63. Sums are taken in two steps, below: all 128 fit with probability at
 * most 2 x 2^-128. R is fixed only once T is, so a hub tries totals at one hash each: with 2^60 of
 * them it passes with probability 2^-67. Secrecy: z_u follows from y_u, which the hub has; peers
 * know b_u afterwards, and are left with as many unknown pair masks as y_u has.
 *
 *  Two steps: eight lanes side by side share one row of R and keep eight sums apart (an error is in
 * one of them at least); those 1,024 sums are then added up by rows of their own. Wide lanes go
 * through the first as three limbs of 43 bits, which cannot overflow. Shape: z has 128 narrow lanes
 * when y has any, and 128 wide ones likewise. The same integers on every processor. Owns:
 * sund_vec_free(z). */
enum { SUND_CHECK_SUMS = 128 };
sund_code sund_check_sums(const sund_digest *total, const sund_vec *y, sund_vec *z,
                          sund_err *err) SUND_MUST_CHECK;
/** Of a vector as it was sent. */
sund_code sund_check_masked(const sund_digest *total, sund_masked *y, sund_vec *z,
                            sund_err *err) SUND_MUST_CHECK;

#endif
