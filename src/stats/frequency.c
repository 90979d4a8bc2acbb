#include "stats/frequency.h"

#include "math/func.h"

#include <math.h>

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

double sund_frequency_faf95(int64_t ac, int64_t an)
{
    const double want = 0.022276394711152254; /* -log10 0.95 */
    double       low = 0, high, df = 2 * (double) ac;

    if (ac <= 0 || an <= 0)
        return 0;
    high = df + 10; /* the quantile is below the mean */
    for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
        double x = (low + high) / 2;

        if (sund_chisq_nlog10p(x, df) < want)
            low = x;
        else
            high = x;
    }
    return low / 2 / (double) an;
}
