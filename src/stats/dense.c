#include "stats/planes_priv.h"

#include <immintrin.h>
#include <string.h>

/* Sums over planes: genotype bytes 0..3 times column bytes, like a small matrix product.
 *
 * People go in blocks of BLOCK_WORDS * 64, so that a block's column bytes stay in the second cache while a batch of variants passes over
 * them; TILE variants are spread from bits to bytes at a time (in the first cache), and multiplied with one group of digits after the
 * other. 32-bit sums of one block: at most 4096 * 3 * 128. */

typedef struct tile { const uint64_t *one[TILE], *two[TILE], *set; } tile;

/** Words [from, from + n) of a tile's planes to bytes: for each word, 64 bytes of each variant. */
typedef void (*spread)(const tile *t, size_t from, size_t n, uint8_t *g);
/** sum[digit * TILE + variant] of n words. */
typedef void (*product)(const uint8_t *g, const int8_t *vec, size_t n, size_t width, int32_t *sum);

static uint64_t bits_of(const uint64_t *plane, const uint64_t *set, size_t w) { return !plane ? 0 : set ? plane[w] & set[w] : plane[w]; }

static void spread_portable(const tile *t, size_t from, size_t n, uint8_t *g)
{
    for (size_t w = from; w < from + n; w++)
        for (size_t v = 0; v < TILE; v++) {
            uint64_t one = bits_of(t->one[v], t->set, w), two = bits_of(t->two[v], t->set, w);

            for (size_t i = 0; i < 64; i++)
                *g++ = (uint8_t) ((one >> i & 1) + 2 * (two >> i & 1));
        }
}

static void product_portable(const uint8_t *g, const int8_t *vec, size_t n, size_t width, int32_t *sum)
{
    memset(sum, 0, width * TILE * sizeof *sum);
    for (size_t w = 0; w < n; w++)
        for (size_t d = 0; d < width; d++)
            for (size_t v = 0; v < TILE; v++) {
                const uint8_t *a = g + (w * TILE + v) * 64;
                const int8_t  *b = vec + (w * width + d) * 64;
                int32_t        s = 0;

                for (size_t i = 0; i < 64; i++)
                    s += a[i] * b[i];
                sum[d * TILE + v] += s;
            }
}

/** 32 bits to bytes of 0 or 255. */
SUND_TARGET_AVX2 static inline __m256i bytes_avx2(uint32_t bits)
{
    const __m256i which = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((int64_t) 0x8040201008040201);
    __m256i       x = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int) bits), which), bit);

    return _mm256_cmpeq_epi8(x, bit);
}

SUND_TARGET_AVX2 static void spread_avx2(const tile *t, size_t from, size_t n, uint8_t *g)
{
    const __m256i c1 = _mm256_set1_epi8(1), c2 = _mm256_set1_epi8(2);

    for (size_t w = from; w < from + n; w++)
        for (size_t v = 0; v < TILE; v++) {
            uint64_t one = bits_of(t->one[v], t->set, w), two = bits_of(t->two[v], t->set, w);

            for (size_t half = 0; half < 2; half++, g += 32, one >>= 32, two >>= 32)
                _mm256_store_si256((__m256i *) (void *) g, _mm256_add_epi8(_mm256_and_si256(bytes_avx2((uint32_t) one), c1),
                                                                           _mm256_and_si256(bytes_avx2((uint32_t) two), c2)));
        }
}

SUND_TARGET_AVX2 static inline int32_t total_avx2(__m256i x) /* of 16 16-bit sums */
{
    __m256i y = _mm256_madd_epi16(x, _mm256_set1_epi16(1));
    __m128i z = _mm_add_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));

    z = _mm_add_epi32(z, _mm_shuffle_epi32(z, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(z, _mm_shuffle_epi32(z, 0xB1)));
}

/** Two variants at a time. A pair of byte products is at most 2 * 3 * 128 and 16 words give 32 of them: within 16 bits. */
SUND_TARGET_AVX2 static inline __attribute__((always_inline)) void product2_avx2(const uint8_t *g, const int8_t *vec, size_t n, const size_t width, int32_t *sum)
{
    __m256i a[WIDTH][2];

    for (size_t d = 0; d < width; d++)
        a[d][0] = a[d][1] = _mm256_setzero_si256();
    for (size_t w = 0; w < n; w++, g += TILE * 64, vec += width * 64)
        for (size_t half = 0; half < 64; half += 32) {
            __m256i g0 = _mm256_load_si256((const __m256i *) (const void *) (g + half)), g1 = _mm256_load_si256((const __m256i *) (const void *) (g + 64 + half));

#pragma GCC unroll 8
            for (size_t d = 0; d < width; d++) {
                __m256i b = _mm256_load_si256((const __m256i *) (const void *) (vec + d * 64 + half));

                a[d][0] = _mm256_add_epi16(a[d][0], _mm256_maddubs_epi16(g0, b));
                a[d][1] = _mm256_add_epi16(a[d][1], _mm256_maddubs_epi16(g1, b));
            }
        }
    for (size_t d = 0; d < width; d++) {
        sum[d * TILE] += total_avx2(a[d][0]);
        sum[d * TILE + 1] += total_avx2(a[d][1]);
    }
}

SUND_TARGET_AVX2 static void product_avx2(const uint8_t *g, const int8_t *vec, size_t n, size_t width, int32_t *sum)
{
    memset(sum, 0, width * TILE * sizeof *sum);
    for (size_t w = 0; w < n; w += 16)
        for (size_t v = 0; v < TILE; v += 2) {
            const uint8_t *gw = g + (w * TILE + v) * 64;
            const int8_t  *at = vec + w * width * 64;
            size_t         m = n - w < 16 ? n - w : 16;

            switch (width) {
            case 1: product2_avx2(gw, at, m, 1, sum + v); break;
            case 2: product2_avx2(gw, at, m, 2, sum + v); break;
            case 3: product2_avx2(gw, at, m, 3, sum + v); break;
            case 4: product2_avx2(gw, at, m, 4, sum + v); break;
            case 5: product2_avx2(gw, at, m, 5, sum + v); break;
            default: product2_avx2(gw, at, m, 6, sum + v); break;
            }
        }
}

SUND_TARGET_AVX512 static void spread_avx512(const tile *t, size_t from, size_t n, uint8_t *g)
{
    const __m512i c1 = _mm512_set1_epi8(1), c2 = _mm512_set1_epi8(2);

    for (size_t w = from; w < from + n; w++)
        for (size_t v = 0; v < TILE; v++, g += 64) {
            __m512i x = _mm512_maskz_mov_epi8((__mmask64) bits_of(t->one[v], t->set, w), c1);

            _mm512_store_si512(g, _mm512_mask_add_epi8(x, (__mmask64) bits_of(t->two[v], t->set, w), x, c2));
        }
}

/** The sums of four vectors of 16. */
SUND_TARGET_AVX512 static inline __m128i totals_avx512(__m512i a, __m512i b, __m512i c, __m512i d)
{
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i x = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i y = _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));

    return _mm_add_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
}

SUND_TARGET_AVX512 static inline __attribute__((always_inline)) void product4_avx512(const uint8_t *g, const int8_t *vec, size_t n, const size_t width, int32_t *sum)
{
    __m512i a[WIDTH][TILE];

#pragma GCC unroll 8
    for (size_t d = 0; d < width; d++)
#pragma GCC unroll 4
        for (size_t v = 0; v < TILE; v++)
            a[d][v] = _mm512_setzero_si512();
    for (size_t w = 0; w < n; w++, g += TILE * 64, vec += width * 64) {
        __m512i x[TILE];

#pragma GCC unroll 4
        for (size_t v = 0; v < TILE; v++)
            x[v] = _mm512_load_si512(g + v * 64);
#pragma GCC unroll 8
        for (size_t d = 0; d < width; d++) {
            __m512i b = _mm512_load_si512(vec + d * 64);

#pragma GCC unroll 4
            for (size_t v = 0; v < TILE; v++)
                __asm__("vpdpbusd %2, %1, %0" : "+v"(a[d][v]) : "v"(x[v]), "v"(b)); /* gcc's intrinsic makes it spill half of the sums */
        }
    }
#pragma GCC unroll 8
    for (size_t d = 0; d < width; d++)
        _mm_storeu_si128((__m128i *) (void *) (sum + d * TILE), totals_avx512(a[d][0], a[d][1], a[d][2], a[d][3]));
}

SUND_TARGET_AVX512 static void product_avx512(const uint8_t *g, const int8_t *vec, size_t n, size_t width, int32_t *sum)
{
    switch (width) {
    case 1: product4_avx512(g, vec, n, 1, sum); break;
    case 2: product4_avx512(g, vec, n, 2, sum); break;
    case 3: product4_avx512(g, vec, n, 3, sum); break;
    case 4: product4_avx512(g, vec, n, 4, sum); break;
    case 5: product4_avx512(g, vec, n, 5, sum); break;
    default: product4_avx512(g, vec, n, 6, sum); break;
    }
}

typedef struct dense_path { spread spread; product product; } dense_path;
static const dense_path paths[] = {
    [SUND_CPU_PORTABLE] = { spread_portable, product_portable },
    [SUND_CPU_AVX2] = { spread_avx2, product_avx2 },
    [SUND_CPU_AVX512] = { spread_avx512, product_avx512 },
};

/** One block of people against up to TILE variants. */
static void add_block(const sund_columns *c, const dense_path *path, const tile *t, size_t n, size_t from, size_t n_word, int64_t *out)
{
    _Alignas(64) uint8_t g[BLOCK_WORDS * TILE * 64];
    int32_t              sum[WIDTH * TILE];

    path->spread(t, from, n_word, g);
    for (size_t k = 0; k < c->n_group; k++) {
        const digit_group *group = &c->group[k];

        path->product(g, group->vec + from * group->width * 64, n_word, group->width, sum);
        for (size_t d = 0; d < group->width; d++)
            for (size_t v = 0; v < n; v++)
                add_digit(c, group->first + d, sum[d * TILE + v], out + v * c->n_column);
    }
}

void sund_dose_sums(const sund_columns *c, const sund_dose *g, size_t n, const uint64_t *set, int64_t *out)
{
    const dense_path *path = &paths[sund_cpu_path()];
    size_t            first = 0, last = c->n_word;

    memset(out, 0, n * c->n_column * sizeof *out);
    while (set && first < last && !set[first])
        first++;
    while (set && first < last && !set[last - 1])
        last--;
    for (size_t from = first; from < last; from += BLOCK_WORDS)
        for (size_t v = 0; v < n; v += TILE) {
            tile   t = { .set = set };
            size_t m = n - v < TILE ? n - v : TILE;

            for (size_t i = 0; i < m; i++) {
                t.one[i] = g[v + i].one;
                t.two[i] = g[v + i].two;
            }
            add_block(c, path, &t, m, from, last - from < BLOCK_WORDS ? last - from : BLOCK_WORDS, out + v * c->n_column);
        }
}
