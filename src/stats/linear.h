#ifndef SUND_STATS_LINEAR_H
#define SUND_STATS_LINEAR_H

#include "math/exact.h"
#include "math/linalg.h"

#include <stdbool.h>

/** Ordinary least squares of a trait on one variant and k covariates, from centred cross-products (means, or strata's means, already
 *  taken out; so no intercept column).
 *
 *      z_g = Cxx^-1/2 Cxg, likewise z_y;  gg = Cgg - z_g.z_g;  gy = Cgy - z_g.z_y;  yy = Cyy - z_y.z_y
 *      beta = gy / gg,  se = sqrt((yy - gy^2/gg) / df / gg),  t = beta / se with df degrees of freedom
 *  Same bits everywhere. */
typedef struct sund_linear {
    size_t k;
    double df;
    double l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], zy[SUND_K_MAX], yy;
} sund_linear;

typedef struct sund_linear_fit { double beta, se, t, nlog10p; } sund_linear_fit;

/** cxx: k x k row-major, cxy: k. Errors: SUND_E_NUMERIC: collinear covariates (message has the index), df < 1, constant trait. */
sund_code sund_linear_prepare(sund_linear *m, size_t k, const double *cxx, const double *cxy, double cyy, double df, sund_err *err) SUND_MUST_CHECK;
/** False (and all NaN) when the variant does not vary or is a combination of the covariates (gg < 1e-10 Cgg). */
bool      sund_linear_variant(const sund_linear *m, double cgg, const double *cxg, double cgy, sund_linear_fit *out) SUND_MUST_CHECK;

/** Exact centred cross-product as a double: (n sab - sa sb) / n, in 128-bit integers with one rounding at the end; scaled by 2^-shift.
 *  *overflow set when a step leaves 127 bits. */
double    sund_centred(sund_i128 n, sund_i128 sab, sund_i128 sa, sund_i128 sb, unsigned shift, bool *overflow);

#endif
