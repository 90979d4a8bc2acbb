#ifndef SUND_MATH_LINALG_H
#define SUND_MATH_LINALG_H

#include "base/err.h"

#include <stddef.h>

enum { SUND_K_MAX = 64 };

/** Cholesky of a symmetric positive definite k x k row-major matrix (lower triangle read), after scaling to unit diagonal; fixed order,
 *  same bits everywhere. l: k*k out (lower), scale: k out (square roots of the diagonal).
 *  Errors: SUND_E_NUMERIC with *bad = the column whose pivot falls under 1e-11 (a linear combination of those before it). */
sund_code sund_chol(size_t k, const double *a, double *l, double *scale, size_t *bad, sund_err *err) SUND_MUST_CHECK;
/** x = A^-1 b, and the whole inverse (symmetric, row-major), from sund_chol's l and scale. */
void sund_chol_solve(size_t k, const double *l, const double *scale, const double *b, double *x);
void sund_chol_inverse(size_t k, const double *l, const double *scale, double *inverse);
/** Solves L z = D^-1 b (forward half), z: k out. Then b' A^-1 c = z_b . z_c. */
void sund_chol_forward(size_t k, const double *l, const double *scale, const double *b, double *z);

/** Cholesky of any size, in place: upper triangle of a row-major k x k matrix to R with R'R = A (the lower triangle is left alone). By rows, in panels
 *  that stay in the cache; every element takes its subtractions in the order of rows, whatever the panel: same bits everywhere. About k^3 / 3
 *  multiplications. Errors: SUND_E_NUMERIC with *bad = the row whose pivot is not above 1e-12 of its diagonal element. */
sund_code sund_chol_wide(size_t k, double *a, size_t *bad, sund_err *err) SUND_MUST_CHECK;
/** b = A^-1 b in place, from sund_chol_wide's R. */
void sund_chol_wide_solve(size_t k, const double *r, double *b);

#endif
