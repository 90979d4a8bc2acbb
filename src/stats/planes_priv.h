#ifndef SUND_STATS_PLANES_PRIV_H
#define SUND_STATS_PLANES_PRIV_H

#include "base/cpu.h"
#include "stats/planes.h"

/* Digit d of a person's row is byte place[d] of column column[d]. Rows are padded to ROW_BYTES. Vectors: digits in groups of at most WIDTH;
 * a group has, for each word of 64 people, the 64 bytes of its first digit, of its second, and so on. */
enum { ROW_BYTES = 32, WIDTH = 6, TILE = 4, BLOCK_WORDS = 64, GROUP_MAX = (4 * SUND_COLUMNS_MAX + WIDTH - 1) / WIDTH };

typedef struct digit_group { size_t first, width; const int8_t *vec; } digit_group;

struct sund_columns {
    size_t      n_person, n_word, n_column, n_digit, n_row_byte, n_group;
    uint8_t     column[4 * SUND_COLUMNS_MAX], place[4 * SUND_COLUMNS_MAX];
    int8_t     *row;   /* n_person * n_row_byte */
    int8_t     *vec;   /* n_word * n_digit * 64 */
    digit_group group[GROUP_MAX];
};

/** out[column] += sum of digit d, in its place. */
static inline void add_digit(const sund_columns *c, size_t d, int32_t sum, int64_t *out)
{
    out[c->column[d]] += (int64_t) sum * (1LL << (8 * c->place[d]));
}

#endif
