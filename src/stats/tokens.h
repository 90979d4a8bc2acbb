#ifndef SUND_STATS_TOKENS_H
#define SUND_STATS_TOKENS_H

#include "base/crypto.h"

#include <stddef.h>
#include <stdint.h>

/** Tokens by which one person is found at two nodes: a token is a hash of the person's genotypes at a set of variants, which fall into the same bucket at both. */
enum { SUND_TOKENS = 40, SUND_TOKEN_SNVS = 64 };

/** Set t of n_set variants (at most SUND_TOKEN_SNVS) of n, drawn without replacement by the study's digest: the same everywhere, known to nobody before. */
void sund_token_set(const sund_digest *study, uint32_t t, size_t n, size_t n_set, uint32_t *set);

/** The token: first 64 bits of BLAKE2b keyed with the study's digest over t and the genotypes, two bits each (low bits, high bits). Never 0. */
uint64_t sund_token(const sund_digest *study, uint32_t t, uint64_t low, uint64_t high);

/** The fewest matching tokens k, 2 or more, with
 *
 *      n P(Bin(SUND_TOKENS, p) >= k) <= bound
 *
 *  where p is the chance that a bucket holds somebody else. SUND_TOKENS + 1 when there is none. Products and sums alone: the same bits everywhere. */
unsigned sund_tokens_needed(double n, double p, double bound);

/** Least power of two that is n or more, between low and high, which are powers of two. */
uint64_t sund_token_buckets(uint64_t n, uint64_t low, uint64_t high);

#endif
