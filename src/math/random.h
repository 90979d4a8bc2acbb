#ifndef SUND_MATH_RANDOM_H
#define SUND_MATH_RANDOM_H

#include <stdint.h>

/** Counter-based random numbers for simulation (never for keys): value i of stream (seed, stream), same on every machine. */
uint64_t sund_rand_u64(uint64_t seed, uint64_t stream, uint64_t i);
double   sund_rand_unit(uint64_t seed, uint64_t stream, uint64_t i);   /**< in (0,1) */
double   sund_rand_normal(uint64_t seed, uint64_t stream, uint64_t i); /**< by inversion with own functions */

/** One number after the other, for inner loops: SplitMix64 from a place that (seed, stream) gives. */
typedef struct sund_rand { uint64_t at; } sund_rand;
sund_rand sund_rand_of(uint64_t seed, uint64_t stream);

static inline uint64_t sund_rand_next(sund_rand *r)
{
    uint64_t z = (r->at += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}
static inline double sund_rand_next_unit(sund_rand *r) { return ((double) (sund_rand_next(r) >> 12) + 0.5) / 4503599627370496.0; } /**< in (0,1) */
/** In [0, n), n < 2^32. The bias is below n / 2^32 of a part: none that a simulation could show. */
static inline uint32_t sund_rand_below(sund_rand *r, uint32_t n) { return (uint32_t) (((sund_rand_next(r) >> 32) * n) >> 32); }

#endif
