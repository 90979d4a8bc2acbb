#ifndef SUND_MATH_RANDOM_H
#define SUND_MATH_RANDOM_H

#include <stdint.h>

/** Counter-based random numbers for simulation (never for keys): value i of stream (seed, stream), same on every machine. */
uint64_t sund_rand_u64(uint64_t seed, uint64_t stream, uint64_t i);
double   sund_rand_unit(uint64_t seed, uint64_t stream, uint64_t i);   /**< in (0,1) */
double   sund_rand_normal(uint64_t seed, uint64_t stream, uint64_t i); /**< by inversion with own functions */

#endif
