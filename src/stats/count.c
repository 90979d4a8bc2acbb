#include "stats/count.h"

#include "base/cpu.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE void body(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2])
{
    n[0] = n[1] = 0;
    for (size_t w = 0; w < n_word; w++) {
        n[0] += (uint64_t) __builtin_popcountll(a[w] & mask[w]);
        n[1] += (uint64_t) __builtin_popcountll(b[w] & mask[w]);
    }
}

static void portable(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2]) { body(a, b, mask, n_word, n); }

/** Bits of each byte by a table of half bytes; bytes are added up over each word. */
SUND_TARGET_AVX2 static __m256i bits_avx2(__m256i x)
{
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i half = _mm256_set1_epi8(15);
    __m256i       low = _mm256_shuffle_epi8(table, _mm256_and_si256(x, half));
    __m256i       high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), half));

    return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

SUND_TARGET_AVX2 static uint64_t sum_avx2(__m256i x)
{
    uint64_t out[4];

    _mm256_storeu_si256((__m256i *) (void *) out, x);
    return out[0] + out[1] + out[2] + out[3];
}

/** Of eight numbers below 2^31. */
SUND_TARGET_AVX2 static uint64_t sum32_avx2(__m256i x)
{
    const __m256i low = _mm256_set1_epi64x(UINT32_MAX);

    return sum_avx2(_mm256_add_epi64(_mm256_and_si256(x, low), _mm256_srli_epi64(x, 32)));
}

SUND_TARGET_AVX2 INLINE __m256i load_avx2(const uint64_t *p) { return _mm256_loadu_si256((const __m256i *) (const void *) p); }

/* Counting bits costs more than adding them bit by bit: so of eight vectors one in eights is left to count (Harley and Seal, in Warren, Hacker's Delight 5-1), and the ones, twos
 * and fours once at the end. */
typedef struct tally { __m256i one, two, four, eights; } tally;

/** *low + a + b, each bit by itself: *low stays, and the carry is returned. */
SUND_TARGET_AVX2 INLINE __m256i carry_avx2(__m256i *low, __m256i a, __m256i b)
{
    __m256i u = _mm256_xor_si256(*low, a), out = _mm256_or_si256(_mm256_and_si256(*low, a), _mm256_and_si256(u, b));

    *low = _mm256_xor_si256(u, b);
    return out;
}

SUND_TARGET_AVX2 INLINE void add_eight_avx2(tally *t, const uint64_t *plane, const uint64_t *mask)
{
#define AT(k) _mm256_and_si256(load_avx2(plane + 4 * (k)), load_avx2(mask + 4 * (k)))
    __m256i two_a = carry_avx2(&t->one, AT(0), AT(1)), two_b = carry_avx2(&t->one, AT(2), AT(3)), four_a = carry_avx2(&t->two, two_a, two_b), four_b;

    two_a = carry_avx2(&t->one, AT(4), AT(5));
    two_b = carry_avx2(&t->one, AT(6), AT(7));
    four_b = carry_avx2(&t->two, two_a, two_b);
    t->eights = _mm256_add_epi64(t->eights, bits_avx2(carry_avx2(&t->four, four_a, four_b)));
#undef AT
}

SUND_TARGET_AVX2 static uint64_t total_avx2(const tally *t)
{
    return sum_avx2(bits_avx2(t->one)) + 2 * sum_avx2(bits_avx2(t->two)) + 4 * sum_avx2(bits_avx2(t->four)) + 8 * sum_avx2(t->eights);
}

SUND_TARGET_AVX2 static void avx2(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2])
{
    const __m256i zero = _mm256_setzero_si256();
    tally         ta = { zero, zero, zero, zero }, tb = ta;
    size_t        w = 0;

    for (; w + 32 <= n_word; w += 32) {
        add_eight_avx2(&ta, a + w, mask + w);
        add_eight_avx2(&tb, b + w, mask + w);
    }
    body(a + w, b + w, mask + w, n_word - w, n);
    n[0] += total_avx2(&ta);
    n[1] += total_avx2(&tb);
}

SUND_TARGET_AVX512 static void avx512(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2])
{
    __m512i na = _mm512_setzero_si512(), nb = na;

    for (size_t w = 0; w < n_word; w += 8) {
        __mmask8 k = (__mmask8) (n_word - w < 8 ? (1u << (n_word - w)) - 1 : 255u);
        __m512i  m = _mm512_maskz_loadu_epi64(k, mask + w);

        na = _mm512_add_epi64(na, _mm512_popcnt_epi64(_mm512_and_si512(m, _mm512_maskz_loadu_epi64(k, a + w))));
        nb = _mm512_add_epi64(nb, _mm512_popcnt_epi64(_mm512_and_si512(m, _mm512_maskz_loadu_epi64(k, b + w))));
    }
    n[0] = (uint64_t) _mm512_reduce_add_epi64(na);
    n[1] = (uint64_t) _mm512_reduce_add_epi64(nb);
}

void sund_plane_count2(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2])
{
    static void (*const version[])(const uint64_t *, const uint64_t *, const uint64_t *, size_t, uint64_t[2]) = { portable, avx2, avx512 };

    version[sund_cpu_path()](a, b, mask, n_word, n);
}

uint64_t sund_plane_count(const uint64_t *plane, const uint64_t *mask, size_t n_word)
{
    uint64_t n[2];

    sund_plane_count2(plane, plane, mask, n_word, n);
    return n[0];
}

uint64_t sund_list_count(const uint32_t *list, size_t n, unsigned shift, const uint64_t *mask)
{
    uint64_t in = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t person = list[i] >> shift;

        in += mask[person / 64] >> (person % 64) & 1;
    }
    return in;
}

static void haplotypes_from(const uint32_t *list, size_t from, size_t n, const uint64_t *mask, uint64_t out[2])
{
    uint64_t in = 0, both = 0;

    for (size_t i = from; i < n; i++) {
        uint64_t one = mask[list[i] / 128] >> (list[i] / 2 % 64) & 1;

        in += one;
        both += i && (list[i] ^ list[i - 1]) == 1 ? one : 0; /* both haplotypes of a person are neighbours in the list */
    }
    out[0] = in;
    out[1] = both;
}

static void haplotypes_portable(const uint32_t *list, size_t n, const uint64_t *mask, uint64_t out[2]) { haplotypes_from(list, 0, n, mask, out); }

SUND_TARGET_AVX2 static void haplotypes_avx2(const uint32_t *list, size_t n, const uint64_t *mask, uint64_t out[2])
{
    const __m256i one = _mm256_set1_epi32(1);
    __m256i       in = _mm256_setzero_si256(), both = in;
    size_t        i = 1;
    uint64_t      first[2] = { 0, 0 };

    if (n)
        haplotypes_from(list, 0, 1, mask, first);
    for (; i + 8 <= n; i += 8) {
        __m256i h = _mm256_loadu_si256((const __m256i *) (const void *) (list + i)), before = _mm256_loadu_si256((const __m256i *) (const void *) (list + i - 1));
        __m256i half = _mm256_i32gather_epi32((const int *) (const void *) mask, _mm256_srli_epi32(h, 6), 4); /* a word's half: little-endian */
        __m256i bit = _mm256_and_si256(one, _mm256_srlv_epi32(half, _mm256_and_si256(_mm256_srli_epi32(h, 1), _mm256_set1_epi32(31))));

        in = _mm256_add_epi32(in, bit);
        both = _mm256_add_epi32(both, _mm256_and_si256(bit, _mm256_cmpeq_epi32(_mm256_xor_si256(h, before), one)));
    }
    haplotypes_from(list, i, n, mask, out);
    out[0] += first[0] + sum32_avx2(in);
    out[1] += first[1] + sum32_avx2(both);
}

void sund_haplotypes_count(const uint32_t *list, size_t n, const uint64_t *mask, uint64_t out[2])
{
    static void (*const version[])(const uint32_t *, size_t, const uint64_t *, uint64_t[2]) = { haplotypes_portable, haplotypes_avx2, haplotypes_avx2 };

    version[sund_cpu_path()](list, n, mask, out);
}
