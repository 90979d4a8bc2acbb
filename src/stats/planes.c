#include "stats/planes_priv.h"

#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

/* Making the columns, and sums over lists. */

static unsigned digits_of(uint32_t max_abs) { return max_abs <= 0x7F ? 1 : max_abs <= 0x7F7F ? 2 : max_abs <= 0x7F7F7F ? 3 : 4; }

/** Digit `place` of q: balanced, so that all of |q| <= 0x7F7F7F7F fits. */
static int8_t digit(int32_t q, unsigned place)
{
    int64_t x = q;

    for (unsigned i = 0; i < place; i++)
        x = (x - (int8_t) (uint8_t) x) / 256;
    return (int8_t) (uint8_t) x;
}

static sund_code plan_digits(sund_columns *c, const int32_t *const *q, sund_err *err)
{
    for (size_t k = 0; k < c->n_column; k++) {
        uint32_t top = 0;

        for (size_t i = 0; i < c->n_person; i++) {
            uint32_t a = q[k][i] < 0 ? -(uint32_t) q[k][i] : (uint32_t) q[k][i];

            top = a > top ? a : top;
        }
        if (top > 0x7F7F7F7F)
            return sund_fail(err, SUND_E_LIMIT, "a value of column %zu is outside +-2139062143", k);
        for (unsigned p = 0; p < digits_of(top); p++, c->n_digit++) {
            c->column[c->n_digit] = (uint8_t) k;
            c->place[c->n_digit] = (uint8_t) p;
        }
    }
    c->n_row_byte = (c->n_digit + ROW_BYTES - 1) / ROW_BYTES * ROW_BYTES;
    return SUND_OK;
}

/** Groups as even as can be: a narrow last one would leave the multipliers idle. */
static void plan_groups(sund_columns *c)
{
    c->n_group = (c->n_digit + WIDTH - 1) / WIDTH;
    for (size_t g = 0, first = 0; g < c->n_group; g++) {
        size_t width = (c->n_digit - first + c->n_group - g - 1) / (c->n_group - g);

        c->group[g] = (digit_group){ first, width, c->vec + c->n_word * 64 * first };
        first += width;
    }
}

static void fill_digits(sund_columns *c, const int32_t *const *q)
{
    for (size_t g = 0; g < c->n_group; g++) {
        const digit_group *at = &c->group[g];

        for (size_t d = 0; d < at->width; d++)
            for (size_t i = 0; i < c->n_person; i++) {
                int8_t x = digit(q[c->column[at->first + d]][i], c->place[at->first + d]);

                c->row[i * c->n_row_byte + at->first + d] = x;
                c->vec[c->n_word * 64 * at->first + (i / 64 * at->width + d) * 64 + i % 64] = x;
            }
    }
}

static void *zeros64(size_t n) /* on cache lines */
{
    size_t size = (n + 127) / 64 * 64;
    void  *p = aligned_alloc(64, size);

    return p ? memset(p, 0, size) : NULL;
}

sund_code sund_columns_new(sund_columns **out, size_t n_person, size_t n_column, const int32_t *const *q, sund_err *err)
{
    sund_columns *c;
    sund_code     rc;

    if (n_column > SUND_COLUMNS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d columns", SUND_COLUMNS_MAX);
    c = calloc(1, sizeof *c);
    if (!c)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    c->n_person = n_person;
    c->n_word = (n_person + 63) / 64;
    c->n_column = n_column;
    rc = plan_digits(c, q, err);
    if (rc == SUND_OK) {
        c->row = zeros64(n_person * c->n_row_byte);
        c->vec = zeros64(c->n_word * 64 * c->n_digit);
        if (!c->row || !c->vec)
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu columns of %zu people", n_column, n_person);
    }
    if (rc != SUND_OK) {
        sund_columns_free(c);
        return rc;
    }
    plan_groups(c);
    fill_digits(c, q);
    *out = c;
    return SUND_OK;
}

void sund_columns_free(sund_columns *c)
{
    if (!c)
        return;
    free(c->row);
    free(c->vec);
    free(c);
}

size_t sund_columns_digits(const sund_columns *c) { return c->n_digit; }

/* ---- lists: ROW_BYTES digits at a time, in 16 bits, which 255 people cannot overflow ---- */

enum { LIST_RUN = 255 };
typedef void (*list_rows)(const int8_t *row, size_t n_row_byte, const uint32_t *person, size_t n, int16_t *sum);

static void rows_portable(const int8_t *row, size_t n_row_byte, const uint32_t *person, size_t n, int16_t *sum)
{
    memset(sum, 0, ROW_BYTES * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < ROW_BYTES; d++)
            sum[d] = (int16_t) (sum[d] + row[person[i] * n_row_byte + d]);
}

SUND_TARGET_AVX2 static void rows_avx2(const int8_t *row, size_t n_row_byte, const uint32_t *person, size_t n, int16_t *sum)
{
    __m256i a = _mm256_setzero_si256(), b = a;

    for (size_t i = 0; i < n; i++) {
        const __m128i *p = (const __m128i *) (const void *) (row + person[i] * n_row_byte);

        a = _mm256_add_epi16(a, _mm256_cvtepi8_epi16(_mm_load_si128(p)));
        b = _mm256_add_epi16(b, _mm256_cvtepi8_epi16(_mm_load_si128(p + 1)));
    }
    _mm256_storeu_si256((__m256i *) (void *) sum, a);
    _mm256_storeu_si256((__m256i *) (void *) (sum + 16), b);
}

SUND_TARGET_AVX512 static void rows_avx512(const int8_t *row, size_t n_row_byte, const uint32_t *person, size_t n, int16_t *sum)
{
    __m512i a = _mm512_setzero_si512();

    for (size_t i = 0; i < n; i++)
        a = _mm512_add_epi16(a, _mm512_cvtepi8_epi16(_mm256_load_si256((const __m256i *) (const void *) (row + person[i] * n_row_byte))));
    _mm512_storeu_si512(sum, a);
}

void sund_list_sums(const sund_columns *c, const uint32_t *person, size_t n, int64_t *out)
{
    static const list_rows path[] = { [SUND_CPU_PORTABLE] = rows_portable, [SUND_CPU_AVX2] = rows_avx2, [SUND_CPU_AVX512] = rows_avx512 };
    list_rows              rows = path[sund_cpu_path()];
    int16_t                sum[ROW_BYTES];

    memset(out, 0, c->n_column * sizeof *out);
    for (size_t at = 0; at < n; at += LIST_RUN)
        for (size_t from = 0; from < c->n_digit; from += ROW_BYTES) {
            rows(c->row + from, c->n_row_byte, person + at, n - at < LIST_RUN ? n - at : LIST_RUN, sum);
            for (size_t d = from; d < c->n_digit && d < from + ROW_BYTES; d++)
                add_digit(c, d, sum[d - from], out);
        }
}
