#include "stats/linear.h"

#include "math/func.h"

#include <math.h>
#include <string.h>

sund_code sund_linear_prepare(sund_linear *m, size_t k, const double *cxx, double df, sund_err *err)
{
    size_t bad = 0;

    if (k > SUND_K_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d covariates", SUND_K_MAX);
    if (!(df >= 1.0))
        return sund_fail(err, SUND_E_NUMERIC, "no degrees of freedom are left: more people or fewer covariates are needed");
    m->k = k;
    m->df = df;
    return sund_chol(k, cxx, m->l, m->scale, &bad, err);
}

sund_code sund_linear_outcome(const sund_linear *m, const double *cxy, double cyy, sund_linear_trait *y, sund_err *err)
{
    if (!(cyy > 0.0))
        return sund_fail(err, SUND_E_NUMERIC, "the outcome does not vary");
    sund_chol_forward(m->k, m->l, m->scale, cxy, y->zy);
    y->yy = cyy;
    for (size_t i = 0; i < m->k; i++)
        y->yy -= y->zy[i] * y->zy[i];
    if (!(y->yy > 1e-12 * cyy))
        return sund_fail(err, SUND_E_NUMERIC, "the covariates explain the outcome wholly");
    return SUND_OK;
}

bool sund_linear_genotype(const sund_linear *m, double cgg, const double *cxg, sund_linear_variant *g)
{
    if (!(cgg > 0.0))
        return false;
    sund_chol_forward(m->k, m->l, m->scale, cxg, g->zg);
    g->gg = cgg;
    for (size_t i = 0; i < m->k; i++)
        g->gg -= g->zg[i] * g->zg[i];
    return g->gg > 1e-10 * cgg;
}

bool sund_linear_effect(const sund_linear *m, const sund_linear_trait *y, const sund_linear_variant *g, double cgy, sund_linear_fit *out)
{
    double gy = cgy, rss;

    *out = (sund_linear_fit){ (double) NAN, (double) NAN, (double) NAN, (double) NAN };
    for (size_t i = 0; i < m->k; i++)
        gy -= g->zg[i] * y->zy[i];
    rss = y->yy - gy * gy / g->gg;
    if (!(rss > 0.0))
        return false;
    out->beta = gy / g->gg;
    out->se = sqrt(rss / m->df / g->gg);
    out->t = out->beta / out->se;
    return true;
}

bool sund_linear_test(const sund_linear *m, const sund_linear_trait *y, const sund_linear_variant *g, double cgy, sund_linear_fit *out)
{
    if (!sund_linear_effect(m, y, g, cgy, out))
        return false;
    out->nlog10p = sund_t_nlog10p(out->t, m->df);
    return true;
}

/** A centred product less what the covariates explain of it. */
static double residual(const sund_linear *m, double c, const double *a, const double *b)
{
    for (size_t i = 0; i < m->k; i++)
        c -= a[i] * b[i];
    return c;
}

bool sund_linear_test_pair(const sund_linear *m, const sund_linear_trait *y, const sund_linear_variant *g, const sund_linear_variant *h, double cgh, double cgy, double chy,
                           sund_linear_pair_fit *out)
{
    double gh = residual(m, cgh, g->zg, h->zg), gy = residual(m, cgy, g->zg, y->zy), hy = residual(m, chy, h->zg, y->zy);
    double det = g->gg * h->gg - gh * gh, df = m->df - 1.0, explained, s2;

    *out = (sund_linear_pair_fit){ (double) NAN, (double) NAN, (double) NAN, (double) NAN, (double) NAN, (double) NAN, (double) NAN };
    if (!(det > 1e-10 * g->gg * h->gg) || !(df >= 1.0))
        return false;
    out->b_g = (h->gg * gy - gh * hy) / det;
    out->b_h = (g->gg * hy - gh * gy) / det;
    explained = out->b_g * gy + out->b_h * hy;
    if (!(explained < y->yy))
        return false;
    s2 = (y->yy - explained) / df;
    out->v_gg = s2 * h->gg / det;
    out->v_gh = -s2 * gh / det;
    out->v_hh = s2 * g->gg / det;
    out->df = df;
    out->joint_nlog10p = explained > 0.0 ? df / 2.0 * sund_ln1p(explained / (y->yy - explained)) / 2.302585092994046 : 0.0;
    return true;
}

double sund_centred(sund_i128 n, sund_i128 sab, sund_i128 sa, sund_i128 sb, unsigned shift, bool *overflow)
{
    sund_i128 p, q;

    if (__builtin_mul_overflow(n, sab, &p) || __builtin_mul_overflow(sa, sb, &q) || __builtin_sub_overflow(p, q, &p) || n <= 0) {
        *overflow = true;
        return 0.0;
    }
    return ldexp(sund_i128_double(p) / sund_i128_double(n), -(int) shift);
}
