#include "math/exact.h"

#include <math.h>

sund_i128 sund_i128_div_round(sund_i128 a, sund_i128 b)
{
    sund_i128 q = a / b, r = a % b;
    sund_u128 twice = (sund_u128) (r < 0 ? -r : r) * 2;

    if (twice >= (sund_u128) b)
        q += a < 0 ? -1 : 1;
    return q;
}

static unsigned bits(sund_u128 a)
{
    uint64_t high = (uint64_t) (a >> 64);

    return high ? 64 + sund_u64_bits(high) : sund_u64_bits((uint64_t) a);
}

sund_i128 sund_i128_scale_div(sund_i128 a, unsigned shift, sund_i128 b, bool *overflow)
{
    sund_u128 m = a < 0 ? -(sund_u128) a : (sund_u128) a;
    sund_i128 q, r;

    if (b <= 0 || bits((sund_u128) b) + shift > 126 || bits(m / (sund_u128) b) + shift > 125) {
        *overflow = true;
        return 0;
    }
    q = a / b; /* and a = q b + r: only the rest needs a division after the shift, so that a may have 127 bits */
    r = a % b;
    return q * ((sund_i128) 1 << shift) + sund_i128_div_round(r * ((sund_i128) 1 << shift), b);
}

double sund_i128_double(sund_i128 a)
{
    sund_u128 m = a < 0 ? -(sund_u128) a : (sund_u128) a, low, half;
    unsigned  n = bits(m), drop = n > 53 ? n - 53 : 0;
    double    x;

    if (drop) { /* to nearest, ties to even, by hand: not every library does it the same way */
        low = m & (((sund_u128) 1 << drop) - 1);
        half = (sund_u128) 1 << (drop - 1);
        m >>= drop;
        if (low > half || (low == half && (m & 1)))
            m++;
    }
    x = ldexp((double) (uint64_t) m, (int) drop);
    return a < 0 ? -x : x;
}

unsigned sund_u64_bits(uint64_t a) { return a ? 64 - (unsigned) __builtin_clzll(a) : 0; }
