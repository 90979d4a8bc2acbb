#include "store/lanes.h"

#include "base/cpu.h"

#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* A word is 64 samples. In text a lane is compared with "0|0\t" by exclusive or: what is left of an allele is 0 for 0, 1 for 1, 0x1E for a dot; of the
 * sign 0 for | and 0x53 for /; of the tab 0. What is left is put together again from the bits that were read, and must be the same. */

typedef bool (*word_of)(const uint8_t *p, uint64_t out[SUND_N_LANE]);

/* ---- portable ---- */

static int allele_of(uint8_t c) { return c == '0' ? 0 : c == '1' ? 1 : c == '.' ? 2 : 3; }

INLINE void put_sample(unsigned a, unsigned b, unsigned phased, unsigned i, uint64_t out[SUND_N_LANE])
{
    out[SUND_LANE_HET] |= (uint64_t) (a != b) << i;
    out[SUND_LANE_HOM] |= (uint64_t) (a == 1 && b == 1) << i;
    out[SUND_LANE_MISSING] |= (uint64_t) (a == 2) << i;
    out[SUND_LANE_PHASED] |= (uint64_t) phased << i;
    out[SUND_LANE_FIRST] |= (uint64_t) (a == 1) << i;
}

static bool text_portable(const uint8_t *p, uint64_t out[SUND_N_LANE])
{
    memset(out, 0, SUND_N_LANE * sizeof *out);
    for (unsigned i = 0; i < 64; i++, p += 4) {
        int a = allele_of(p[0]), b = allele_of(p[2]);

        if (a == 3 || b == 3 || (a == 2) != (b == 2) || (p[1] != '|' && p[1] != '/') || p[3] != '\t')
            return false;
        put_sample((unsigned) a, (unsigned) b, p[1] == '|', i, out);
    }
    return true;
}

static bool bcf_portable(const uint8_t *p, uint64_t out[SUND_N_LANE])
{
    static const uint8_t allele[4] = { 2, 0, 1, 3 };

    memset(out, 0, SUND_N_LANE * sizeof *out);
    for (unsigned i = 0; i < 64; i++, p += 2) {
        unsigned a = p[0] < 8 ? allele[p[0] >> 1] : 3, b = p[1] < 8 ? allele[p[1] >> 1] : 3;

        if (a == 3 || b == 3 || (a == 2) != (b == 2))
            return false;
        put_sample(a, b, p[1] & 1, i, out);
    }
    return true;
}

/* ---- AVX2: bits of lanes come together by way of the sign ---- */

/** A bit of each 32-bit lane, for 8 lanes. */
#define BITS32(y, bit) ((uint64_t) (unsigned) _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32(y, 31 - (bit)))))

SUND_TARGET_AVX2 static bool text_avx2(const uint8_t *p, uint64_t out[SUND_N_LANE])
{
    const __m256i plain = _mm256_set1_epi32(0x09307C30), both = _mm256_set1_epi32(0x00010001), sign = _mm256_set1_epi32(0x00004000);
    __m256i       same = _mm256_set1_epi32(-1);
    uint64_t      a = 0, b = 0, dot_a = 0, dot_b = 0, slash = 0;

    for (unsigned k = 0; k < 8; k++) {
        __m256i y = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *) (const void *) (p + 32 * k)), plain);
        __m256i dots = _mm256_mullo_epi16(_mm256_and_si256(y, _mm256_slli_epi32(both, 1)), _mm256_set1_epi16(15));
        __m256i z = _mm256_and_si256(_mm256_cmpeq_epi32(_mm256_and_si256(y, sign), sign), _mm256_set1_epi32(0x5300));

        z = _mm256_or_si256(z, _mm256_or_si256(dots, _mm256_and_si256(y, both)));
        same = _mm256_and_si256(same, _mm256_cmpeq_epi32(y, z));
        a |= BITS32(y, 0) << (8 * k);
        b |= BITS32(y, 16) << (8 * k);
        dot_a |= BITS32(y, 1) << (8 * k);
        dot_b |= BITS32(y, 17) << (8 * k);
        slash |= BITS32(y, 14) << (8 * k);
    }
    out[SUND_LANE_HET] = a ^ b;
    out[SUND_LANE_HOM] = a & b;
    out[SUND_LANE_MISSING] = dot_a;
    out[SUND_LANE_PHASED] = ~slash;
    out[SUND_LANE_FIRST] = a;
    return _mm256_movemask_epi8(same) == -1 && dot_a == dot_b && !(dot_a & (a | b));
}

/** Every second bit of 32, from the lowest on, close together; for the mask of bytes of 16 pairs. */
#define EVEN(m) _pext_u32(m, 0x55555555u)
#define ODD(m)  _pext_u32(m, 0xAAAAAAAAu)

SUND_TARGET_AVX2 static bool bcf_avx2(const uint8_t *p, uint64_t out[SUND_N_LANE])
{
    uint64_t ref[2] = { 0, 0 }, alt[2] = { 0, 0 }, phased = 0;
    __m256i  high = _mm256_setzero_si256();

    for (unsigned k = 0; k < 4; k++) {
        __m256i  y = _mm256_loadu_si256((const __m256i *) (const void *) (p + 32 * k));
        unsigned m1 = (unsigned) _mm256_movemask_epi8(_mm256_slli_epi16(y, 6)), m2 = (unsigned) _mm256_movemask_epi8(_mm256_slli_epi16(y, 5));
        unsigned m0 = (unsigned) _mm256_movemask_epi8(_mm256_slli_epi16(y, 7));

        high = _mm256_or_si256(high, y);
        ref[0] |= (uint64_t) EVEN(m1) << (16 * k);
        ref[1] |= (uint64_t) ODD(m1) << (16 * k);
        alt[0] |= (uint64_t) EVEN(m2) << (16 * k);
        alt[1] |= (uint64_t) ODD(m2) << (16 * k);
        phased |= (uint64_t) ODD(m0) << (16 * k);
    }
    out[SUND_LANE_HET] = alt[0] ^ alt[1];
    out[SUND_LANE_HOM] = alt[0] & alt[1];
    out[SUND_LANE_MISSING] = ~(ref[0] | alt[0]);
    out[SUND_LANE_PHASED] = phased;
    out[SUND_LANE_FIRST] = alt[0];
    return _mm256_testz_si256(high, _mm256_set1_epi8((char) 0xF8)) && !((ref[0] & alt[0]) | (ref[1] & alt[1])) && out[SUND_LANE_MISSING] == ~(ref[1] | alt[1]);
}

/* ---- AVX-512: a test gives the bits of its lanes ---- */

#define TEST32(y, bits) ((uint64_t) _mm512_test_epi32_mask(y, _mm512_set1_epi32(bits)))

SUND_TARGET_AVX512 static bool text_avx512(const uint8_t *p, uint64_t out[SUND_N_LANE])
{
    const __m512i plain = _mm512_set1_epi32(0x09307C30);
    uint64_t      a = 0, b = 0, dot_a = 0, dot_b = 0, slash = 0;
    unsigned      other = 0;

    for (unsigned k = 0; k < 4; k++) {
        __m512i   y = _mm512_xor_si512(_mm512_loadu_si512(p + 64 * k), plain), z;
        __mmask16 m[3];

        a |= TEST32(y, 1) << (16 * k);
        b |= TEST32(y, 0x10000) << (16 * k);
        if (!_mm512_test_epi32_mask(y, _mm512_set1_epi32((int) 0xFFFEFFFE)))
            continue; /* called and phased */
        m[0] = _mm512_test_epi32_mask(y, _mm512_set1_epi32(2));
        m[1] = _mm512_test_epi32_mask(y, _mm512_set1_epi32(0x20000));
        m[2] = _mm512_test_epi32_mask(y, _mm512_set1_epi32(0x4000));
        z = _mm512_and_si512(y, _mm512_set1_epi32(0x00010001));
        z = _mm512_mask_or_epi32(z, m[0], z, _mm512_set1_epi32(0x1E));
        z = _mm512_mask_or_epi32(z, m[1], z, _mm512_set1_epi32(0x1E0000));
        z = _mm512_mask_or_epi32(z, m[2], z, _mm512_set1_epi32(0x5300));
        other |= _mm512_cmpneq_epi32_mask(y, z);
        dot_a |= (uint64_t) m[0] << (16 * k);
        dot_b |= (uint64_t) m[1] << (16 * k);
        slash |= (uint64_t) m[2] << (16 * k);
    }
    out[SUND_LANE_HET] = a ^ b;
    out[SUND_LANE_HOM] = a & b;
    out[SUND_LANE_MISSING] = dot_a;
    out[SUND_LANE_PHASED] = ~slash;
    out[SUND_LANE_FIRST] = a;
    return !other && dot_a == dot_b && !(dot_a & (a | b));
}

#define TEST16(y, bits) ((uint64_t) _mm512_test_epi16_mask(y, _mm512_set1_epi16(bits)))

SUND_TARGET_AVX512 static bool bcf_avx512(const uint8_t *p, uint64_t out[SUND_N_LANE])
{
    const __m512i both_ref = _mm512_set1_epi16(0x0202);
    __m512i       y0 = _mm512_loadu_si512(p), y1 = _mm512_loadu_si512(p + 64);
    uint64_t      ref[2] = { 0, 0 }, alt[2] = { 0, 0 }, phased = 0, other = 0;

    if (!_mm512_test_epi16_mask(_mm512_or_si512(_mm512_xor_si512(y0, both_ref), _mm512_xor_si512(y1, both_ref)), _mm512_set1_epi16((short) 0xFEFF))) { /* as nearly everywhere */
        memset(out, 0, SUND_N_LANE * sizeof *out);
        out[SUND_LANE_PHASED] = TEST16(y0, 0x100) | TEST16(y1, 0x100) << 32;
        return true;
    }
    for (unsigned k = 0; k < 2; k++) {
        __m512i y = k ? y1 : y0;

        ref[0] |= TEST16(y, 2) << (32 * k);
        ref[1] |= TEST16(y, 0x200) << (32 * k);
        alt[0] |= TEST16(y, 4) << (32 * k);
        alt[1] |= TEST16(y, 0x400) << (32 * k);
        phased |= TEST16(y, 0x100) << (32 * k);
        other |= TEST16(y, (short) 0xF8F8);
    }
    out[SUND_LANE_HET] = alt[0] ^ alt[1];
    out[SUND_LANE_HOM] = alt[0] & alt[1];
    out[SUND_LANE_MISSING] = ~(ref[0] | alt[0]);
    out[SUND_LANE_PHASED] = phased;
    out[SUND_LANE_FIRST] = alt[0];
    return !other && !((ref[0] & alt[0]) | (ref[1] & alt[1])) && out[SUND_LANE_MISSING] == ~(ref[1] | alt[1]);
}

/* ---- whole records ---- */

static bool words(const uint8_t *p, size_t n, size_t width, const uint8_t *fill, uint64_t *plane, word_of word)
{
    size_t   n_word = (n + 63) / 64, n_last = n - 64 * (n_word - 1);
    uint8_t  last[256];
    uint64_t x[SUND_N_LANE];

    for (size_t w = 0; w < n_word; w++) {
        const uint8_t *at = p + 64 * width * w;

        if (w + 1 == n_word) { /* the rest, and samples of no allele behind it */
            for (size_t i = 0; i < 64; i++)
                memcpy(last + width * i, fill, width);
            memcpy(last, at, width * n_last - (width == 4));
            at = last;
        }
        if (!word(at, x))
            return false;
        for (size_t k = 0; k < SUND_N_LANE; k++)
            plane[k * n_word + w] = x[k];
    }
    return true;
}

bool sund_lanes_text(const uint8_t *text, size_t n, uint64_t *plane)
{
    static const word_of word[] = { text_portable, text_avx2, text_avx512 };

    return n && words(text, n, 4, (const uint8_t *) "0|0\t", plane, word[sund_cpu_path()]);
}

bool sund_lanes_bcf(const uint8_t *pair, size_t n, uint64_t *plane)
{
    static const word_of word[] = { bcf_portable, bcf_avx2, bcf_avx512 };

    return n && words(pair, n, 2, (const uint8_t *) "\2\3", plane, word[sund_cpu_path()]);
}

/* ---- samples of several fields ---- */

typedef struct gathering {
    const uint8_t *p, *end;
    size_t         n, n_max, n_colon, n_key;
    uint8_t       *lane;
} gathering;

/** A sample begins at at: its first three bytes, behind which its first field must end. */
INLINE bool begin(gathering *g, const uint8_t *at)
{
    uint8_t *l = g->lane + 4 * g->n;

    if (g->n == g->n_max || g->end - at < 3 || (g->end - at > 3 && at[3] != ':' && at[3] != '\t'))
        return false;
    memcpy(l, at, 3);
    l[3] = '\t';
    g->n++;
    return true;
}

/** Bits of 64 bytes at at: tabs and colons. */
INLINE bool take_masks(gathering *g, const uint8_t *at, uint64_t tab, uint64_t colon)
{
    for (; tab; tab &= tab - 1) {
        uint64_t before = (tab & -tab) - 1;

        if (g->n_colon + (size_t) __builtin_popcountll(colon & before) >= g->n_key || !begin(g, at + __builtin_ctzll(tab) + 1))
            return false;
        colon &= ~before;
        g->n_colon = 0;
    }
    g->n_colon += (size_t) __builtin_popcountll(colon);
    return true;
}

static bool gather_portable(gathering *g)
{
    for (const uint8_t *p = g->p; p < g->end; p++) {
        g->n_colon += *p == ':';
        if (*p != '\t')
            continue;
        if (g->n_colon >= g->n_key || !begin(g, p + 1))
            return false;
        g->n_colon = 0;
    }
    return true;
}

SUND_TARGET_AVX2 static bool gather_avx2(gathering *g)
{
    const __m256i tab = _mm256_set1_epi8('\t'), colon = _mm256_set1_epi8(':');

    for (; g->end - g->p >= 64; g->p += 64) {
        __m256i  x = _mm256_loadu_si256((const __m256i *) (const void *) g->p), y = _mm256_loadu_si256((const __m256i *) (const void *) (g->p + 32));
        uint64_t t = (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(x, tab)) | (uint64_t) (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(y, tab)) << 32;
        uint64_t c = (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(x, colon)) | (uint64_t) (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(y, colon)) << 32;

        if (!take_masks(g, g->p, t, c))
            return false;
    }
    return gather_portable(g);
}

SUND_TARGET_AVX512 static bool gather_avx512(gathering *g)
{
    for (; g->end - g->p >= 64; g->p += 64) {
        __m512i x = _mm512_loadu_si512(g->p);

        if (!take_masks(g, g->p, _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\t')), _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(':'))))
            return false;
    }
    return gather_portable(g);
}

bool sund_lanes_gather(const uint8_t *text, size_t n_text, size_t n, size_t n_key, uint8_t *lane)
{
    static bool (*const gather[])(gathering *) = { gather_portable, gather_avx2, gather_avx512 };
    gathering g = { text, text + n_text, 0, n, 0, n_key, lane };

    return begin(&g, text) && gather[sund_cpu_path()](&g) && g.n == n && g.n_colon < n_key;
}
