#include "stats/king.h"

#include "base/cpu.h"
#include "base/pool.h"

#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BAND = 128, ROWS_I = 2, ROWS_J = 4, VECTOR_WORDS = 8 }; /* two blocks of a band's rows stay in the second cache up to 16,000 variants */

struct sund_king {
    size_t    n, n_padded, n_snv, n_word; /* people, rows; n_word, words of a plane, is a multiple of VECTOR_WORDS */
    uint64_t *row;                 /* x then y */
    uint32_t *het, *called;
};

static uint64_t *row_of(const sund_king *k, size_t i) { return k->row + 2 * k->n_word * i; }

sund_code sund_king_new(sund_king **out, size_t n_person, size_t n_snv, sund_err *err)
{
    sund_king *k = calloc(1, sizeof *k);
    size_t     n_byte;

    if (!k)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    k->n = n_person;
    k->n_snv = n_snv;
    k->n_padded = (n_person + BAND - 1) / BAND * BAND;
    k->n_word = ((n_snv + 63) / 64 + VECTOR_WORDS - 1) / VECTOR_WORDS * VECTOR_WORDS;
    n_byte = k->n_padded * k->n_word * 2 * sizeof *k->row;
    k->row = aligned_alloc(64, n_byte ? n_byte : 64);
    k->het = calloc(k->n_padded + 1, sizeof *k->het);
    k->called = calloc(k->n_padded + 1, sizeof *k->called);
    if (!k->row || !k->het || !k->called) {
        sund_king_free(k);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people at %zu variants: %zu MiB are needed; ask for fewer variants", n_person, n_snv, n_byte >> 20);
    }
    memset(k->row, 0, n_byte);
    *out = k;
    return SUND_OK;
}

void sund_king_free(sund_king *k)
{
    if (k) {
        free(k->row);
        free(k->het);
        free(k->called);
    }
    free(k);
}

/** Bit c of word r becomes bit r of word c. Source: Warren, Hacker's Delight (2nd ed.), 7-3. */
static void transpose(uint64_t a[64])
{
    uint64_t mask = 0x00000000FFFFFFFFULL;

    for (unsigned step = 32; step; step >>= 1, mask ^= mask << step)
        for (unsigned r = 0; r < 64; r = ((r | step) + 1) & ~step) {
            uint64_t t = ((a[r] >> step) ^ a[r | step]) & mask;

            a[r] ^= t << step;
            a[r | step] ^= t;
        }
}

void sund_king_put(sund_king *k, size_t block, const uint64_t *x, const uint64_t *y, size_t n_word, const uint32_t *row, size_t n_row)
{
    uint64_t a[64], b[64];

    for (size_t w = 0; w < n_word; w++) {
        for (size_t s = 0; s < 64; s++) {
            a[s] = x[s * n_word + w];
            b[s] = y[s * n_word + w];
        }
        transpose(a);
        transpose(b);
        for (size_t i = 64 * w; i < n_row && i < 64 * w + 64; i++)
            if (row[i] < k->n) {
                row_of(k, row[i])[block] = a[i % 64];
                row_of(k, row[i])[k->n_word + block] = b[i % 64];
            }
    }
}

void sund_king_ready(sund_king *k)
{
    for (size_t i = 0; i < k->n; i++) {
        const uint64_t *x = row_of(k, i), *y = x + k->n_word;
        uint64_t        het = 0, called = 0;

        for (size_t w = 0; w < k->n_word; w++) {
            het += (uint64_t) __builtin_popcountll(y[w] & ~x[w]);
            called += (uint64_t) __builtin_popcountll(x[w] | y[w]);
        }
        k->het[i] = (uint32_t) het;
        k->called[i] = (uint32_t) called;
    }
}

/* ---- hethet - 2 ibs0 of ROWS_I x ROWS_J pairs ---- */

typedef void (*tile)(const uint64_t *i, const uint64_t *j, size_t n_word, int32_t s[ROWS_I * ROWS_J]);

static void tile_portable(const uint64_t *i, const uint64_t *j, size_t n_word, int32_t s[ROWS_I * ROWS_J])
{
    for (size_t p = 0; p < ROWS_I * ROWS_J; p++) {
        const uint64_t *xi = i + p / ROWS_J * 2 * n_word, *yi = xi + n_word, *xj = j + p % ROWS_J * 2 * n_word, *yj = xj + n_word;
        int32_t         sum = 0;

        for (size_t w = 0; w < n_word; w++)
            sum += __builtin_popcountll(yi[w] & ~xi[w] & yj[w] & ~xj[w]) - 2 * __builtin_popcountll(xi[w] & xj[w] & (yi[w] ^ yj[w]));
        s[p] = sum;
    }
}

/** Bits of each byte, by a table of half bytes. */
SUND_TARGET_AVX2 static inline __m256i bits_avx2(__m256i x)
{
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i half = _mm256_set1_epi8(15);

    return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(x, half)), _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), half)));
}

SUND_TARGET_AVX2 static inline __m256i load_avx2(const uint64_t *p) { return _mm256_load_si256((const __m256i *) (const void *) p); }

/** Of a byte's 8 variants, hethet - 2 ibs0 is at least -16: 16 more keep it positive, which the sums of bytes want. */
SUND_TARGET_AVX2 static void tile_avx2(const uint64_t *i, const uint64_t *j, size_t n_word, int32_t s[ROWS_I * ROWS_J])
{
    for (size_t p = 0; p < ROWS_I * ROWS_J; p++) {
        const uint64_t *xi = i + p / ROWS_J * 2 * n_word, *yi = xi + n_word, *xj = j + p % ROWS_J * 2 * n_word, *yj = xj + n_word;
        __m256i         sum = _mm256_setzero_si256();
        uint64_t        out[4];

        for (size_t w = 0; w < n_word; w += 4) {
            __m256i a = load_avx2(xi + w), b = load_avx2(yi + w), c = load_avx2(xj + w), d = load_avx2(yj + w);
            __m256i hethet = bits_avx2(_mm256_andnot_si256(_mm256_or_si256(a, c), _mm256_and_si256(b, d)));
            __m256i ibs0 = bits_avx2(_mm256_and_si256(_mm256_and_si256(a, c), _mm256_xor_si256(b, d)));
            __m256i byte = _mm256_sub_epi8(_mm256_add_epi8(hethet, _mm256_set1_epi8(16)), _mm256_add_epi8(ibs0, ibs0));

            sum = _mm256_add_epi64(sum, _mm256_sad_epu8(byte, _mm256_setzero_si256()));
        }
        _mm256_storeu_si256((__m256i *) (void *) out, sum);
        s[p] = (int32_t) ((int64_t) (out[0] + out[1] + out[2] + out[3]) - (int64_t) (n_word * 8 * 16));
    }
}

SUND_TARGET_AVX512 static void tile_avx512(const uint64_t *i, const uint64_t *j, size_t n_word, int32_t s[ROWS_I * ROWS_J])
{
    __m512i both[ROWS_I * ROWS_J], none[ROWS_I * ROWS_J];

#pragma GCC unroll 8
    for (size_t p = 0; p < ROWS_I * ROWS_J; p++)
        both[p] = none[p] = _mm512_setzero_si512();
    for (size_t w = 0; w < n_word; w += VECTOR_WORDS) {
        __m512i x[ROWS_I], y[ROWS_I], het[ROWS_I];

#pragma GCC unroll 2
        for (size_t a = 0; a < ROWS_I; a++) {
            x[a] = _mm512_load_si512(i + a * 2 * n_word + w);
            y[a] = _mm512_load_si512(i + (2 * a + 1) * n_word + w);
            het[a] = _mm512_andnot_si512(x[a], y[a]);
        }
#pragma GCC unroll 4
        for (size_t b = 0; b < ROWS_J; b++) {
            __m512i xj = _mm512_load_si512(j + b * 2 * n_word + w), yj = _mm512_load_si512(j + (2 * b + 1) * n_word + w);

#pragma GCC unroll 2
            for (size_t a = 0; a < ROWS_I; a++) {
                __m512i differ = _mm512_ternarylogic_epi64(xj, yj, y[a], 0x60); /* xj & (yj ^ yi) */

                both[a * ROWS_J + b] = _mm512_add_epi64(both[a * ROWS_J + b], _mm512_popcnt_epi64(_mm512_ternarylogic_epi64(het[a], yj, xj, 0x40))); /* het & yj & ~xj */
                none[a * ROWS_J + b] = _mm512_add_epi64(none[a * ROWS_J + b], _mm512_popcnt_epi64(_mm512_and_si512(x[a], differ)));
            }
        }
    }
#pragma GCC unroll 8
    for (size_t p = 0; p < ROWS_I * ROWS_J; p++)
        s[p] = (int32_t) (_mm512_reduce_add_epi64(both[p]) - 2 * _mm512_reduce_add_epi64(none[p]));
}

/* ---- pairs ---- */

double sund_king_kinship(const sund_king_pair *p)
{
    int64_t least = p->het_i < p->het_j ? p->het_i : p->het_j;
    int64_t other = 4 * (int64_t) p->ibs0 + (int64_t) p->het_i + (int64_t) p->het_j - 2 * (int64_t) p->hethet;

    return least ? 0.5 - (double) other / (double) (4 * least) : (double) NAN;
}

int sund_king_degree(double phi)
{
    static const double above[4] = { 0.35355339059327378, 0.17677669529663689, 0.088388347648318447, 0.044194173824159223 };
    int                 d = 0;

    while (d < 4 && !(phi > above[d]))
        d++;
    return d;
}

/** n: both called, both heterozygous, no allele shared, the first heterozygous, the second. */
typedef void (*whole)(const uint64_t *i, const uint64_t *j, size_t n_word, uint64_t n[5]);

static inline __attribute__((always_inline)) void count_words(const uint64_t *xi, const uint64_t *xj, size_t n_word, uint64_t n[5])
{
    const uint64_t *yi = xi + n_word, *yj = xj + n_word;

    memset(n, 0, 5 * sizeof *n);
    for (size_t w = 0; w < n_word; w++) {
        uint64_t ci = xi[w] | yi[w], cj = xj[w] | yj[w], hi = yi[w] & ~xi[w], hj = yj[w] & ~xj[w];

        n[0] += (uint64_t) __builtin_popcountll(ci & cj);
        n[1] += (uint64_t) __builtin_popcountll(hi & hj);
        n[2] += (uint64_t) __builtin_popcountll(xi[w] & xj[w] & (yi[w] ^ yj[w]));
        n[3] += (uint64_t) __builtin_popcountll(hi & cj);
        n[4] += (uint64_t) __builtin_popcountll(hj & ci);
    }
}

static void whole_portable(const uint64_t *i, const uint64_t *j, size_t n_word, uint64_t n[5]) { count_words(i, j, n_word, n); }
SUND_TARGET_AVX2 static void whole_avx2(const uint64_t *i, const uint64_t *j, size_t n_word, uint64_t n[5]) { count_words(i, j, n_word, n); }

SUND_TARGET_AVX512 static void whole_avx512(const uint64_t *xi, const uint64_t *xj, size_t n_word, uint64_t n[5])
{
    __m512i sum[5];

    for (size_t k = 0; k < 5; k++)
        sum[k] = _mm512_setzero_si512();
    for (size_t w = 0; w < n_word; w += VECTOR_WORDS) {
        __m512i a = _mm512_load_si512(xi + w), b = _mm512_load_si512(xi + n_word + w), c = _mm512_load_si512(xj + w), d = _mm512_load_si512(xj + n_word + w);
        __m512i ci = _mm512_or_si512(a, b), cj = _mm512_or_si512(c, d), hi = _mm512_andnot_si512(a, b), hj = _mm512_andnot_si512(c, d);

        sum[0] = _mm512_add_epi64(sum[0], _mm512_popcnt_epi64(_mm512_and_si512(ci, cj)));
        sum[1] = _mm512_add_epi64(sum[1], _mm512_popcnt_epi64(_mm512_and_si512(hi, hj)));
        sum[2] = _mm512_add_epi64(sum[2], _mm512_popcnt_epi64(_mm512_and_si512(_mm512_and_si512(a, c), _mm512_xor_si512(b, d))));
        sum[3] = _mm512_add_epi64(sum[3], _mm512_popcnt_epi64(_mm512_and_si512(hi, cj)));
        sum[4] = _mm512_add_epi64(sum[4], _mm512_popcnt_epi64(_mm512_and_si512(hj, ci)));
    }
    for (size_t k = 0; k < 5; k++)
        n[k] = (uint64_t) _mm512_reduce_add_epi64(sum[k]);
}

static sund_king_pair count_pair(const sund_king *k, size_t i, size_t j)
{
    static const whole version[] = { whole_portable, whole_avx2, whole_avx512 };
    uint64_t           n[5];

    version[sund_cpu_path()](row_of(k, i), row_of(k, j), k->n_word, n);
    return (sund_king_pair){ (uint32_t) i, (uint32_t) j, (uint32_t) n[0], (uint32_t) n[1], (uint32_t) n[2], (uint32_t) n[3], (uint32_t) n[4] };
}

typedef struct found_pairs { sund_king_pair *p; size_t n, room; } found_pairs;

typedef struct scan {
    const sund_king *k;
    double           least;
    size_t           band;
    found_pairs     *out; /* one a task */
} scan;

static sund_code put_pair(found_pairs *f, const sund_king_pair *p, sund_err *err)
{
    if (f->n == f->room) {
        size_t          room = f->room ? 2 * f->room : 64;
        sund_king_pair *more = realloc(f->p, room * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu pairs of people: ask for a higher least kinship", room);
        f->p = more;
        f->room = room;
    }
    f->p[f->n++] = *p;
    return SUND_OK;
}

/** Whether phi may reach least: 4 phi min(het) <= 2 s, and min(het) over the variants that both have is at least what a person has in all less what the other
 *  lacks, at most what they have. NaN never reaches it. The margin of 1 is far above rounding. */
static bool may_reach(const scan *c, size_t i, size_t j, int32_t s)
{
    const sund_king *k = c->k;
    int64_t          most = k->het[i] < k->het[j] ? k->het[i] : k->het[j], n_snv = (int64_t) k->n_snv;
    int64_t          lack = n_snv - (k->called[i] < k->called[j] ? k->called[i] : k->called[j]);
    int64_t          low = most > lack ? most - lack : 0;

    return 2.0 * (double) s + 1.0 >= 4.0 * c->least * (double) (c->least > 0.0 ? low : most);
}

static sund_code scan_block(void *ctx, size_t task, unsigned thread, sund_err *err)
{
    static const tile version[] = { tile_portable, tile_avx2, tile_avx512 };
    const scan       *c = ctx;
    const sund_king  *k = c->k;
    tile              run = version[sund_cpu_path()];
    size_t            from_j = (c->band + task) * BAND, step = 2 * k->n_word;

    (void) thread;
    for (size_t i = c->band * BAND; i < (c->band + 1) * BAND && i < k->n; i += ROWS_I)
        for (size_t j = task ? from_j : i / ROWS_J * ROWS_J; j < from_j + BAND && j < k->n; j += ROWS_J) {
            int32_t s[ROWS_I * ROWS_J];

            run(k->row + i * step, k->row + j * step, k->n_word, s);
            for (size_t p = 0; p < ROWS_I * ROWS_J; p++) {
                size_t         a = i + p / ROWS_J, b = j + p % ROWS_J;
                sund_king_pair pair;

                if (a >= b || b >= k->n || !may_reach(c, a, b, s[p]))
                    continue;
                pair = count_pair(k, a, b);
                if (sund_king_kinship(&pair) >= c->least)
                    SUND_TRY(put_pair(&c->out[task], &pair, err));
            }
        }
    return SUND_OK;
}

static int by_rows(const void *a, const void *b)
{
    const sund_king_pair *p = a, *q = b;

    return p->i != q->i ? (p->i > q->i) - (p->i < q->i) : (p->j > q->j) - (p->j < q->j);
}

sund_code sund_king_pairs(const sund_king *k, double least, unsigned n_thread, sund_king_found found, void *ctx, sund_err *err)
{
    size_t      n_band = k->n_padded / BAND;
    scan        c = { k, least, 0, calloc(n_band + 1, sizeof *c.out) };
    found_pairs all = { NULL, 0, 0 };
    sund_code   rc = c.out ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (; c.band < n_band && rc == SUND_OK; c.band++) {
        uint64_t first = c.band * BAND, last = first + BAND < k->n ? first + BAND : k->n;

        rc = sund_pool_run(sund_pool_threads(n_thread), n_band - c.band, scan_block, &c, err);
        all.n = 0;
        for (size_t t = 0; t < n_band - c.band; t++) {
            for (size_t p = 0; p < c.out[t].n && rc == SUND_OK; p++)
                rc = put_pair(&all, &c.out[t].p[p], err);
            c.out[t].n = 0;
        }
        if (all.n)
            qsort(all.p, all.n, sizeof *all.p, by_rows);
        if (rc == SUND_OK)
            rc = found(ctx, all.p, all.n, last * (2 * k->n - last - 1) / 2, err);
    }
    for (size_t t = 0; c.out && t < n_band; t++)
        free(c.out[t].p);
    free(c.out);
    free(all.p);
    return rc;
}
