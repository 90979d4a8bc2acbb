#include "math/exact.h"

#include <math.h>

static sund_u128 size_of(sund_i128 a) { return a < 0 ? -(sund_u128) a : (sund_u128) a; }

/** x / b. Most sums are divided by a number of people, of 64 bits: then the processor divides twice, upper half first. */
static inline sund_u128 divide(sund_u128 x, sund_u128 b, sund_u128 *rest)
{
    uint64_t high = (uint64_t) (x >> 64), top = 0, q, r;

    if (b >> 64) {
        *rest = x % b;
        return x / b;
    }
    if (high >= (uint64_t) b) {
        top = high / (uint64_t) b;
        high %= (uint64_t) b;
    }
    __asm__("divq %4" : "=a"(q), "=d"(r) : "a"((uint64_t) x), "d"(high), "r"((uint64_t) b) : "cc");
    *rest = r;
    return (sund_u128) top << 64 | q;
}

sund_i128 sund_i128_div_round(sund_i128 a, sund_i128 b)
{
    sund_u128 rest, q = divide(size_of(a), (sund_u128) b, &rest);

    q += 2 * rest >= (sund_u128) b;
    return a < 0 ? -(sund_i128) q : (sund_i128) q;
}

static unsigned bits(sund_u128 a)
{
    uint64_t high = (uint64_t) (a >> 64);

    return high ? 64 + sund_u64_bits(high) : sund_u64_bits((uint64_t) a);
}

sund_i128 sund_i128_scale_div(sund_i128 a, unsigned shift, sund_i128 b, bool *overflow)
{
    sund_u128 q, rest, last;

    if (b <= 0 || bits((sund_u128) b) + shift > 126) {
        *overflow = true;
        return 0;
    }
    q = divide(size_of(a), (sund_u128) b, &rest); /* |a| = q b + rest: only the rest needs a division after the shift, so that a may have 127 bits */
    if (bits(q) + shift > 125) {
        *overflow = true;
        return 0;
    }
    q = (q << shift) + divide(rest << shift, (sund_u128) b, &last);
    q += 2 * last >= (sund_u128) b;
    return a < 0 ? -(sund_i128) q : (sund_i128) q;
}

double sund_i128_double(sund_i128 a)
{
    sund_u128 m = size_of(a), low, half;
    unsigned  n = bits(m), drop = n > 53 ? n - 53 : 0;
    double    x;

    if (n < 64)
        return (double) (int64_t) a; /* one instruction, and it rounds so */
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
