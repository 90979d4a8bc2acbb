#ifndef SUND_STATS_KRYLOV_H
#define SUND_STATS_KRYLOV_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/** The leading eigenpairs of A'A, when A is too large or too private to be seen: block Krylov with all bases kept and Rayleigh-Ritz on the stack.
 *
 *      x_ij = (g_ij - m_j) / s_j,   Q_0 from a seed,   H_t = A'A Q_t (asked from outside),   Q_t+1 = orth(H_t - Q Q'H_t)
 *      eigenpairs of (Q'Q)^-1/2 Q'H (Q'Q)^-1/2 give the Ritz values and, times Q, the Ritz vectors
 *
 *  The basis is one of integers: Q_jl = q_jl s_j 2^-shift_l with |q| <= 8,355,711 (three signed bytes), so that A Q_t is a sum of integers
 *  (g - m) q. What it is rounded by makes the basis a little less orthonormal (some 1e-7), which the inverse root of Q'Q, taken to first order, gives back;
 *  the values are those of the rounded basis and no error.
 *  Deterministic: fixed order, the same bits everywhere. Owns: sund_krylov_free(), safe on NULL.
 *  Sources  Musco & Musco 2015; Golub & Van Loan, ch. 10; Halko, Martinsson & Tropp 2011 */
typedef struct sund_krylov sund_krylov;
enum { SUND_KRYLOV_BLOCK_MAX = 64, SUND_KRYLOV_ROUNDS_MAX = 16, SUND_KRYLOV_Q_MAX = 8355711 };

/** m variants with s_j > 0 (copied), blocks of at most `block` columns, at most `rounds` of them, n_want pairs wanted. */
sund_code sund_krylov_new(sund_krylov **k, size_t m, const double *s, size_t block, size_t rounds, size_t n_want, uint64_t seed, sund_err *err) SUND_MUST_CHECK;
void      sund_krylov_free(sund_krylov *k);
/** Columns of the block that is asked now; 0: nothing more is to be asked. */
size_t         sund_krylov_width(const sund_krylov *k);
const int32_t *sund_krylov_q(const sund_krylov *k, size_t l);     /**< its column l: m */
unsigned       sund_krylov_shift(const sund_krylov *k, size_t l);
/** Where the answer goes, row by variant: h[j * stride + l] = (A'A Q)_jl. */
double        *sund_krylov_answer(sund_krylov *k, size_t *stride);
/** Takes it in: Ritz pairs, and the next block unless the n_want residuals are under 1e-5 of their values, the rounds are used up or the space is. */
sund_code      sund_krylov_step(sund_krylov *k, sund_err *err) SUND_MUST_CHECK;
/** How many pairs there are (at most n_want), their values and residuals |A'A v - value v|, descending. */
size_t         sund_krylov_found(const sund_krylov *k, const double **value, const double **residual);
/** Unit eigenvector i into v (m), its largest entry positive (the first of equals). */
void           sund_krylov_vector(const sund_krylov *k, size_t i, double *v);
unsigned       sund_krylov_rounds(const sund_krylov *k); /**< answers taken */

/** v_j / s_j to integers: q_j = round(v_j / s_j 2^shift), the largest as near to SUND_KRYLOV_Q_MAX as a power of two allows. */
void sund_krylov_quantise(size_t m, const double *v, const double *s, int32_t *q, unsigned *shift);

#endif
