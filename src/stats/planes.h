#ifndef SUND_STATS_PLANES_H
#define SUND_STATS_PLANES_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/** The one kernel: sums of integer columns over the people of a genotype class.
 *
 *      out[k] = sum over i of weight[i] q[k][i]        weight: 0 or 1 by a list, 0..2 by two planes
 *
 *  A column is cut into as many balanced signed bytes as its largest |q| needs (1 up to 127, 2 up to 32,639, 3 up to 8,355,711, 4 up to
 *  2,139,062,143): sums of bytes are byte products, 64 at a time. Kept twice: person by person for lists, and in vectors for planes.
 *  Versions for AVX-512, AVX2 and portable C (base/cpu.h) give identical integers.
 *  Exact: int64 sums cannot overflow below 2^32 people.
 *  Threads: read-only once made. Owns: sund_columns_free(), safe on NULL. */
typedef struct sund_columns sund_columns;

enum { SUND_COLUMNS_MAX = 64 };

/** q: n_column arrays of n_person. Errors: SUND_E_LIMIT when a |q| is above 2,139,062,143 or there are too many columns, SUND_E_NOMEM. */
sund_code sund_columns_new(sund_columns **c, size_t n_person, size_t n_column, const int32_t *const *q, sund_err *err) SUND_MUST_CHECK;
void      sund_columns_free(sund_columns *c);
size_t    sund_columns_digits(const sund_columns *c); /**< signed bytes a person */

/** Over a list of person indexes, each below n_person. out: n_column. Cost about 1 ns a person and 32 digits. */
void sund_list_sums(const sund_columns *c, const uint32_t *person, size_t n, int64_t *out);

/** Many variants at a time: people in `one` count once, people in `two` twice (NULL: nobody). Planes of (n_person + 63) / 64 words, bits
 *  behind the last person clear. */
typedef struct sund_dose { const uint64_t *one, *two; } sund_dose;
enum { SUND_DOSE_BATCH = 32 }; /**< variants at which the columns are read seldom enough */
/** set: only these people (NULL: all). out: n * n_column, variant by variant. Any n; allocates nothing. */
void sund_dose_sums(const sund_columns *c, const sund_dose *g, size_t n, const uint64_t *set, int64_t *out);

#endif
