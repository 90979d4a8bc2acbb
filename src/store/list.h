#ifndef SUND_STORE_LIST_H
#define SUND_STORE_LIST_H

#include "base/buf.h"

/** Ascending indexes below a bound, as the gaps between them in a Golomb-Rice code (Rice 1979): what rare sites and missing calls are made of.
 *
 *  The gap d before an entry is written, lowest bit first, as d >> k zeros, a one, and the k low bits of d; 20 zeros and a one stand before
 *  32 plain bits where d >> k is 20 or more. k follows from the list's length n and the bound:
 *      k = floor(log2(max(1, ln 2 * (bound - n) / (n + 1))))
 *  so a list that lies evenly costs within 2 % of its entropy. The last byte is filled with zeros. n is not part of the list.
 *  bound <= 2^32. */
void sund_list_write(const uint32_t *list, size_t n, uint64_t bound, sund_buf *out);
/** n entries into list; false (and *c bad) when an entry is not below the bound or the bytes end. */
bool sund_list_read(sund_cur *c, size_t n, uint64_t bound, uint32_t *list);

/** The same with k at hand, which costs a division. */
unsigned sund_list_low_bits(size_t n, uint64_t bound);
bool     sund_list_read_k(sund_cur *c, size_t n, uint64_t bound, unsigned k, uint32_t *list);

/** Several lists, which need not be neighbours, two at a time side by side: while there are two, an entry costs half of what it does of one alone. The longest should come first.
 *  k as above. False: one of them is bad. */
typedef struct sund_list_job { sund_cur c; size_t n; unsigned k; uint32_t *list; } sund_list_job;
bool sund_lists_read(sund_list_job *job, size_t n, uint64_t bound);

/** One gap from the lowest bits of x, which are shifted out; *left, how many bits x still has, goes down. False: it is written out plainly or goes beyond x, and x is spoilt. For lists of
 *  one or two entries, which are most: from a table of such sites this has no jump that the processor would have to guess. */
enum { SUND_LIST_ESCAPE = 20 }; /* zeros; with a one and 32 bits still within the 57 bits that one load is sure to give */
static inline bool sund_list_gap(uint64_t *x, unsigned *left, unsigned k, uint64_t *gap)
{
    unsigned zeros = (unsigned) __builtin_ctzll(*x | 1ULL << 63), length = zeros + 1 + k;

    if (__builtin_expect(zeros >= SUND_LIST_ESCAPE || length > *left, 0))
        return false;
    *gap = (uint64_t) zeros << k | (*x >> 1 >> zeros & ((1ULL << k) - 1));
    *x = length < 64 ? *x >> length : 0;
    *left -= length;
    return true;
}

/** LEB128, at most 2^32 - 1. */
void     sund_varint_write(uint32_t v, sund_buf *out);
uint32_t sund_varint_read(sund_cur *c);

#endif
