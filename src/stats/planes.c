#include "stats/planes.h"

#include "base/cpu.h"

#include <immintrin.h>

typedef int64_t (*plane_sum)(const int32_t *q, const uint64_t *plane, size_t n_word);

static int64_t sum_portable(const int32_t *q, const uint64_t *plane, size_t n_word)
{
    int64_t s = 0;

    for (size_t w = 0; w < n_word; w++)
        for (uint64_t bits = plane[w]; bits; bits &= bits - 1)
            s += q[w * 64 + (size_t) __builtin_ctzll(bits)];
    return s;
}

/** Eight people at a time: their bits become lane masks. */
SUND_TARGET_AVX2 static int64_t sum_avx2(const int32_t *q, const uint64_t *plane, size_t n_word)
{
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i       low = _mm256_setzero_si256(), high = low;
    int64_t       out[4];

    for (size_t w = 0; w < n_word; w++) {
        uint64_t bits = plane[w];

        for (size_t k = 0; bits; k += 8, bits >>= 8) {
            __m256i take, x;

            if (!(bits & 255))
                continue;
            take = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int) (bits & 255)), lane), lane);
            x = _mm256_and_si256(_mm256_loadu_si256((const __m256i *) (const void *) (q + w * 64 + k)), take);
            low = _mm256_add_epi64(low, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(x)));
            high = _mm256_add_epi64(high, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(x, 1)));
        }
    }
    _mm256_storeu_si256((__m256i *) (void *) out, _mm256_add_epi64(low, high));
    return out[0] + out[1] + out[2] + out[3];
}

/** The plane's bits are the masks themselves. */
SUND_TARGET_AVX512 static int64_t sum_avx512(const int32_t *q, const uint64_t *plane, size_t n_word)
{
    __m512i a = _mm512_setzero_si512(), b = a;

    for (size_t w = 0; w < n_word; w++) {
        uint64_t bits = plane[w];

        for (size_t k = 0; bits; k += 16, bits >>= 16) {
            __m512i x = _mm512_maskz_loadu_epi32((__mmask16) bits, q + w * 64 + k);

            a = _mm512_add_epi64(a, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(x)));
            b = _mm512_add_epi64(b, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(x, 1)));
        }
    }
    return _mm512_reduce_add_epi64(_mm512_add_epi64(a, b));
}

static const plane_sum sums[] = { [SUND_CPU_PORTABLE] = sum_portable, [SUND_CPU_AVX2] = sum_avx2, [SUND_CPU_AVX512] = sum_avx512 };

void sund_plane_sums(const sund_columns *c, const uint64_t *plane, int64_t *out)
{
    plane_sum sum = sums[sund_cpu_path()];

    for (size_t k = 0; k < c->n_column; k++)
        out[k] = sum(c->q[k], plane, (c->n_person + 63) / 64);
}

void sund_list_sums(const sund_columns *c, const uint32_t *person, size_t n, int64_t *out)
{
    for (size_t k = 0; k < c->n_column; k++) {
        int64_t s = 0;

        for (size_t i = 0; i < n; i++)
            s += c->q[k][person[i]];
        out[k] = s;
    }
}

uint64_t sund_plane_count(const uint64_t *plane, const uint64_t *mask, size_t n_word)
{
    uint64_t n = 0;

    for (size_t w = 0; w < n_word; w++)
        n += (uint64_t) __builtin_popcountll(plane[w] & mask[w]);
    return n;
}
