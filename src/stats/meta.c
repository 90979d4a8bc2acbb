#include "stats/meta.h"

#include "math/func.h"

#include <math.h>

void sund_meta_add(sund_meta_sums *s, double beta, double se, double tau2)
{
    double w = 1.0 / (se * se + tau2);

    s->k++;
    s->w += w;
    s->wb += w * beta;
    s->wbb += w * beta * beta;
    s->ww += w * w;
}

sund_meta sund_meta_of(const sund_meta_sums *s)
{
    const double none = (double) NAN;
    sund_meta    m = { none, none, none, none, none, none, none };
    double       df = (double) (s->k - 1), c;

    if (s->k < 1 || !(s->w > 0.0))
        return m;
    m.beta = s->wb / s->w;
    m.se = 1.0 / sqrt(s->w);
    m.nlog10p = sund_z_nlog10p(m.beta / m.se);
    if (s->k < 2)
        return m;
    m.q = s->wbb - s->wb * s->wb / s->w;
    m.q = m.q > 0.0 ? m.q : 0.0;
    m.q_nlog10p = sund_chisq_nlog10p(m.q, df);
    m.i2 = m.q > df ? (m.q - df) / m.q : 0.0;
    c = s->w - s->ww / s->w;
    m.tau2 = m.q > df && c > 0.0 ? (m.q - df) / c : 0.0;
    return m;
}

/** The k-th smallest, by Hoare's selection. */
static double nth(double *x, size_t n, size_t k)
{
    size_t lo = 0, hi = n - 1;

    while (lo < hi) {
        double pivot = x[lo + (hi - lo) / 2];
        size_t i = lo, j = hi;

        for (;;) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i >= j)
                break;
            double t = x[i];
            x[i++] = x[j];
            x[j--] = t;
        }
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
    return x[k];
}

double sund_lambda(double *z2, size_t n)
{
    double median;

    if (n == 0)
        return (double) NAN;
    median = nth(z2, n, n / 2);
    if (n % 2 == 0)
        median = (median + nth(z2, n, n / 2 - 1)) / 2.0;
    return median / 0.45493642311957272;
}
