#ifndef SUND_MATH_EXACT_H
#define SUND_MATH_EXACT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/** Integers that carry a study's sums, and the few roundings there are. Two's complement, so sums wrap as the masks need. */
__extension__ typedef __int128          sund_i128;
__extension__ typedef unsigned __int128 sund_u128;

/** a / b rounded to nearest, halves away from zero. b > 0. */
sund_i128 sund_i128_div_round(sund_i128 a, sund_i128 b);
/** a 2^shift / b rounded likewise, for shift in [0, 62]; *overflow set (never cleared) when the result or a step leaves 127 bits. */
sund_i128 sund_i128_scale_div(sund_i128 a, unsigned shift, sund_i128 b, bool *overflow);
/** Nearest double, ties to even: the same bits on every machine. */
double    sund_i128_double(sund_i128 a);
/** Bits needed for |a|: 0 for 0, 1 for 1, 2 for 2..3, ... */
unsigned  sund_u64_bits(uint64_t a);

#endif
