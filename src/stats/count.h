#ifndef SUND_STATS_COUNT_H
#define SUND_STATS_COUNT_H

#include <stddef.h>
#include <stdint.h>

/** Counting people in bit planes of n_word words (person i is bit i % 64 of word i / 64). One version for each path of base/cpu.h, all give
 *  the same integers. Cost: allocates nothing. Threads: any. */

/** |plane and mask| */
uint64_t sund_plane_count(const uint64_t *plane, const uint64_t *mask, size_t n_word);
/** n[0] = |a and mask|, n[1] = |b and mask|, reading the mask once. */
void     sund_plane_count2(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2]);

/** How many of a list's entries have their bit set in the mask; entry i stands for person list[i] >> shift (shift 1: a list of
 *  haplotypes, two a person). */
uint64_t sund_list_count(const uint32_t *list, size_t n, unsigned shift, const uint64_t *mask);
/** Of an ascending list of haplotypes, 2 i and 2 i + 1 being person i's: n[0] how many are of people in the mask, n[1] how many of these people have both. */
void     sund_haplotypes_count(const uint32_t *list, size_t n, const uint64_t *mask, uint64_t out[2]);

#endif
