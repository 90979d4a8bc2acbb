#include "stats/ld.h"

#include <string.h>

sund_ld_site sund_ld_site_of(int64_t het, int64_t alt, int64_t called, int64_t missing)
{
    const int64_t one = 1LL << SUND_LD_FRAC;
    sund_ld_site  s;

    s.mean = (int64_t) sund_i128_div_round((sund_i128) (het + 2 * alt) * one, called);
    s.sum = (het + 2 * alt) * one + missing * s.mean;
    s.square = (het + 4 * alt) * one * one + missing * s.mean * s.mean;
    return s;
}

static sund_i128 spread(int64_t n, const sund_ld_site *s) { return (sund_i128) n * s->square - (sund_i128) s->sum * s->sum; }

double sund_ld_r2(int64_t n, const sund_ld_site *i, const sund_ld_site *j, int64_t product)
{
    double c = sund_i128_double((sund_i128) n * product - (sund_i128) i->sum * j->sum), vi = sund_i128_double(spread(n, i)), vj = sund_i128_double(spread(n, j));

    return vi > 0.0 && vj > 0.0 ? c / vi * (c / vj) : 0.0;
}

void sund_ld_prune(size_t n, size_t window, const uint8_t *over, const double *maf, uint8_t *keep)
{
    memset(keep, 1, n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; keep[i] && k < window && i + 1 + k < n; k++) {
            size_t bit = i * window + k, j = i + 1 + k;

            if (keep[j] && over[bit / 8] >> (bit % 8) & 1)
                keep[maf[i] < maf[j] ? i : j] = 0;
        }
}
