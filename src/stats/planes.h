#ifndef SUND_STATS_PLANES_H
#define SUND_STATS_PLANES_H

#include <stddef.h>
#include <stdint.h>

/** The one kernel: sums of integer columns over the people of a genotype class.
 *
 *      out[k] = sum over i in the class of q[k][i]
 *
 *  Columns are |q| <= 2^31 - 1; people outside the cohort hold 0, so no person set is passed. n_person padded: each column has
 *  (n_person + 63) / 64 * 64 entries, zeros behind the last. Versions for AVX-512, AVX2 and portable C are chosen once
 *  (base/cpu.h) and give identical integers.
 *  Cost     allocates nothing. Threads: any. Exact: int64 sums cannot overflow below 2^32 people. */
typedef struct sund_columns {
    size_t               n_person, n_column;
    const int32_t *const *q;
} sund_columns;

/** Over the set bits of a plane of (n_person + 63) / 64 words. out: n_column. */
void sund_plane_sums(const sund_columns *c, const uint64_t *plane, int64_t *out);
/** Over a list of person indexes. */
void sund_list_sums(const sund_columns *c, const uint32_t *person, size_t n, int64_t *out);
/** Number of people both in the plane and in the mask (n_word words each). */
uint64_t sund_plane_count(const uint64_t *plane, const uint64_t *mask, size_t n_word);

#endif
