#ifndef SUND_STATS_LINEAR_H
#define SUND_STATS_LINEAR_H

#include "math/exact.h"
#include "math/linalg.h"

#include <stdbool.h>

/** Ordinary least squares of traits on one variant and k covariates, from centred cross-products (means, or strata's means, already
 *  taken out; so no intercept column). What depends on the covariates alone, on a trait, on a variant is computed once each:
 *
 *      z_g = Cxx^-1/2 Cxg, likewise z_y;  gg = Cgg - z_g.z_g;  gy = Cgy - z_g.z_y;  yy = Cyy - z_y.z_y
 *      beta = gy / gg,  se = sqrt((yy - gy^2/gg) / df / gg),  t = beta / se with df degrees of freedom
 *  Same bits everywhere. */
typedef struct sund_linear { size_t k; double df, l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX]; } sund_linear;
typedef struct sund_linear_trait { double zy[SUND_K_MAX], yy; } sund_linear_trait;
typedef struct sund_linear_variant { double zg[SUND_K_MAX], gg; } sund_linear_variant;
typedef struct sund_linear_fit { double beta, se, t, nlog10p; } sund_linear_fit;

/** cxx: k x k row-major. Errors: SUND_E_NUMERIC: collinear covariates (message has the index), df < 1. */
sund_code sund_linear_prepare(sund_linear *m, size_t k, const double *cxx, double df, sund_err *err) SUND_MUST_CHECK;
/** cxy: k. Errors: SUND_E_NUMERIC: the trait does not vary, or covariates explain it wholly. */
sund_code sund_linear_outcome(const sund_linear *m, const double *cxy, double cyy, sund_linear_trait *y, sund_err *err) SUND_MUST_CHECK;
/** False when the variant does not vary or is a combination of the covariates (gg < 1e-10 Cgg). */
bool      sund_linear_genotype(const sund_linear *m, double cgg, const double *cxg, sund_linear_variant *g) SUND_MUST_CHECK;
/** False (and all NaN) when the variant explains the trait wholly. */
bool      sund_linear_test(const sund_linear *m, const sund_linear_trait *y, const sund_linear_variant *g, double cgy, sund_linear_fit *out) SUND_MUST_CHECK;
/** The same, but that nlog10p is left NaN: for many variants sund_t_nlog10p_all() makes it of their t. */
bool      sund_linear_effect(const sund_linear *m, const sund_linear_trait *y, const sund_linear_variant *g, double cgy, sund_linear_fit *out) SUND_MUST_CHECK;

/** A variant g and its product h with a covariate, together: both residuals on the covariates, so
 *
 *      det = gg hh - gh^2,  b_g = (hh gy - gh hy) / det,  b_h = (gg hy - gh gy) / det,  rss = yy - b_g gy - b_h hy,  df one less than the model's
 *      covariance of (b_g, b_h) = rss / df (hh, -gh; -gh, gg) / det
 *      joint test of both: F with 2 and df degrees of freedom, whose tail is (1 + 2 F / df)^(-df/2) = (rss / yy)^(df/2), exactly */
typedef struct sund_linear_pair_fit { double b_g, b_h, v_gg, v_gh, v_hh, df, joint_nlog10p; } sund_linear_pair_fit;
/** cgh, cgy, chy: centred products. False (and all NaN) when g and h are no two directions beside the covariates, or explain the trait wholly. */
bool      sund_linear_test_pair(const sund_linear *m, const sund_linear_trait *y, const sund_linear_variant *g, const sund_linear_variant *h, double cgh, double cgy, double chy,
                                sund_linear_pair_fit *out) SUND_MUST_CHECK;

/** Exact centred cross-product as a double: (n sab - sa sb) / n, in 128-bit integers with one rounding at the end; scaled by 2^-shift.
 *  *overflow set when a step leaves 127 bits. */
double    sund_centred(sund_i128 n, sund_i128 sab, sund_i128 sa, sund_i128 sb, unsigned shift, bool *overflow);

#endif
