#include "stats/count.h"

#include "base/cpu.h"

#include <immintrin.h>

static void portable(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2])
{
    n[0] = n[1] = 0;
    for (size_t w = 0; w < n_word; w++) {
        n[0] += (uint64_t) __builtin_popcountll(a[w] & mask[w]);
        n[1] += (uint64_t) __builtin_popcountll(b[w] & mask[w]);
    }
}

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

SUND_TARGET_AVX2 static __m256i load_avx2(const uint64_t *p) { return _mm256_loadu_si256((const __m256i *) (const void *) p); }

SUND_TARGET_AVX2 static void avx2(const uint64_t *a, const uint64_t *b, const uint64_t *mask, size_t n_word, uint64_t n[2])
{
    __m256i na = _mm256_setzero_si256(), nb = na;
    size_t  w = 0;

    for (; w + 4 <= n_word; w += 4) {
        __m256i m = load_avx2(mask + w);

        na = _mm256_add_epi64(na, bits_avx2(_mm256_and_si256(m, load_avx2(a + w))));
        nb = _mm256_add_epi64(nb, bits_avx2(_mm256_and_si256(m, load_avx2(b + w))));
    }
    portable(a + w, b + w, mask + w, n_word - w, n);
    n[0] += sum_avx2(na);
    n[1] += sum_avx2(nb);
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
