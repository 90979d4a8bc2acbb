#ifndef SUND_MATH_EIGEN_H
#define SUND_MATH_EIGEN_H

#include "base/err.h"

#include <stddef.h>

/** Eigenvalues and eigenvectors of a symmetric n x n row-major matrix: Householder's reduction to three diagonals, then the QL method with implicit
 *  shifts. Only + - * / sqrt in a fixed order: the same bits everywhere. value: n, descending. vector: row k is the unit eigenvector of value[k];
 *  NULL: values alone. a is overwritten. Cost about 9 n^3 operations with vectors, 1.4 n^3 without.
 *  Accuracy  values to some 1e-15 of the largest, vectors orthogonal to some 1e-14.
 *  Errors: SUND_E_NUMERIC when the matrix holds what is no finite number, or (never seen) an eigenvalue does not settle in 60 steps.
 *  Source: Wilkinson & Reinsch, Handbook for Automatic Computation II (1971), tred2 and imtql2; Golub & Van Loan, ch. 8 */
sund_code sund_sym_eigen(size_t n, double *a, double *value, double *vector, sund_err *err) SUND_MUST_CHECK;

#endif
