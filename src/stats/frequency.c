#include "stats/frequency.h"

#include "math/func.h"

#include <math.h>
#include <stdatomic.h>

void sund_frequency_interval(int64_t ac, int64_t an, double *low, double *high)
{
    const double z = 1.959963984540054;
    double       n = (double) an, f, middle, reach, below;

    *low = *high = 0;
    if (an <= 0)
        return;
    f = (double) ac / n;
    below = 1 + z * z / n;
    middle = (f + z * z / (2 * n)) / below;
    reach = z * sqrt(f * (1 - f) / n + z * z / (4 * n * n)) / below;
    *low = ac == 0 ? 0 : fmax(0, middle - reach);
    *high = ac == an ? 1 : fmin(1, middle + reach);
}

/** The 5 % quantile of chi-squared with 2 AC degrees of freedom: Newton's steps from Wilson and Hilferty's approximation, between bounds that hold, three or four evaluations of the tail. */
static double quantile(int64_t ac)
{
    const double ln10 = 2.302585092994046, z = -1.6448536269514722; /* that of a normal */
    double       df = 2 * (double) ac, low = 0, high = df + 10, w = 2 / (9 * df), x = 1 - w + z * sqrt(w); /* it is below the mean */

    x = df * x * x * x;
    for (int i = 0; i < 100; i++) {
        double off = sund_exp(-ln10 * sund_chisq_nlog10p(x, df)) - 0.95, density = sund_exp((df / 2 - 1) * sund_ln(x / 2) - x / 2 - sund_lgamma(df / 2)) / 2, next = x + off / density;

        if (off > 0)
            low = x;
        else
            high = x;
        if (!(next > low && next < high))
            next = (low + high) / 2;
        if (fabs(next - x) <= 1e-7 * x)
            return next;
        x = next;
    }
    return x;
}

double sund_frequency_faf95(int64_t ac, int64_t an)
{
    enum { KEPT = 16384 }; /* 128 KiB: a page has a dozen of these, and each takes two microseconds */
    static _Atomic double kept[KEPT];
    double                q;

    if (ac <= 0 || an <= 0)
        return 0;
    q = ac < KEPT ? atomic_load_explicit(&kept[ac], memory_order_relaxed) : 0;
    if (q == 0)
        q = quantile(ac);
    if (ac < KEPT)
        atomic_store_explicit(&kept[ac], q, memory_order_relaxed); /* the same from whomever */
    return q / 2 / (double) an;
}
