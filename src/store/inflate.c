#include "store/inflate.h"

#include "base/cpu.h"

#include <endian.h>
#include <immintrin.h>
#include <libdeflate.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* An entry of a table: bits 0-7 how many bits the symbol has with its extra bits, 8-11 how many without, 12-27 a literal, or the base of a length or distance. None of the flags: a length or distance. */
enum { LITERAL = 1 << 28, END = 1 << 29, LONG = 1 << 30, N_BITS = 16, MOST_SYMBOLS = 288, LIT_BITS = 11, FAR_BITS = 9, LENGTH_BITS = 7, MATCH_MAX = 258, DAMAGED = 255,
       LAY_OVER = 31 /* bytes behind its end that lay() may write */, TURN_MAX = 2 + MATCH_MAX + LAY_OVER /* bytes that a turn may write: two literals before a match */, BAD = END | 1 << 12 /* no symbol */ };

typedef struct codes {
    uint32_t entry[1 << LIT_BITS]; /* by the next bits, as many as the longest code has, or `most` */
    unsigned bits;
    uint16_t count[N_BITS], sorted[MOST_SYMBOLS]; /* codes of each length, and symbols in order of their codes */
    uint32_t (*meaning)(unsigned symbol);         /* an entry but for the code's length */
} codes;

typedef struct flow {
    const uint8_t *in, *in_end;
    uint8_t       *begin, *out, *out_end;
    uint64_t       bits; /* of in, the next lowest */
    unsigned       n;    /* how many of them */
    codes          lit, far;
} flow;

#define L(base, extra) ((base) << 12 | (extra))
static const uint32_t far_meaning[] = {
    L(1, 0), L(2, 0), L(3, 0), L(4, 0), L(5, 1), L(7, 1), L(9, 2), L(13, 2), L(17, 3), L(25, 3), L(33, 4), L(49, 4), L(65, 5), L(97, 5), L(129, 6), L(193, 6), L(257, 7), L(385, 7), L(513, 8), L(769, 8),
    L(1025, 9), L(1537, 9), L(2049, 10), L(3073, 10), L(4097, 11), L(6145, 11), L(8193, 12), L(12289, 12), L(16385, 13), L(24577, 13), BAD, BAD,
};
static const uint32_t length_meaning[] = {
    L(3, 0), L(4, 0), L(5, 0), L(6, 0), L(7, 0), L(8, 0), L(9, 0), L(10, 0), L(11, 1), L(13, 1), L(15, 1), L(17, 1), L(19, 2), L(23, 2), L(27, 2), L(31, 2), L(35, 3), L(43, 3), L(51, 3), L(59, 3),
    L(67, 4), L(83, 4), L(99, 4), L(115, 4), L(131, 5), L(163, 5), L(195, 5), L(227, 5), L(258, 0), BAD, BAD,
};

static uint32_t literals(unsigned symbol) { return symbol < 256 ? LITERAL | symbol << 12 : symbol == 256 ? END : length_meaning[symbol - 257]; }
static uint32_t distances(unsigned symbol) { return far_meaning[symbol]; }
static uint32_t lengths(unsigned symbol) { return symbol << 12; }

/** A canonical code of n symbols from their lengths: complete, or of at most one symbol. */
static bool make_codes(codes *c, uint32_t (*meaning)(unsigned), const uint8_t *length, unsigned n, unsigned most)
{
    unsigned first[N_BITS] = { 0 }, size = 1, code = 0;
    int      left = 1;

    c->meaning = meaning;
    memset(c->count, 0, sizeof c->count);
    for (unsigned i = 0; i < n; i++)
        c->count[length[i]]++;
    c->count[0] = 0;
    c->bits = 1;
    for (unsigned l = 1; l < N_BITS; l++) {
        left = 2 * left - c->count[l];
        if (left < 0)
            return false;
        first[l] = l > 1 ? first[l - 1] + c->count[l - 1] : 0;
        c->bits = c->count[l] ? l : c->bits;
    }
    if (left > 0 && c->bits != 1)
        return false;
    c->bits = c->bits < most ? c->bits : most;
    for (unsigned i = 0; i < n; i++)
        if (length[i])
            c->sorted[first[length[i]]++] = (uint16_t) i;
    c->entry[0] = left > 0 ? BAD : LONG; /* what no code below takes begins a longer one */
    for (unsigned l = 1, i = 0; l <= c->bits; l++, size *= 2) { /* a table for l bits is twice that for one bit less, and the codes of l bits */
        memcpy(c->entry + size, c->entry, size * sizeof *c->entry);
        for (unsigned end = i + c->count[l]; i < end; i++) {
            unsigned bit = 1u << (l - 1);

            c->entry[code] = c->meaning(c->sorted[i]) + 0x101 * l;
            for (; code & bit; bit >>= 1) /* the next code, its first bit lowest */
                code ^= bit;
            code |= bit;
        }
    }
    return true;
}

/** The entry of a code that is longer than the table's. */
static uint32_t long_code(const codes *c, uint64_t bits)
{
    unsigned code = 0, first = 0, at = 0;

    for (unsigned l = 1; l < N_BITS; l++, bits >>= 1) {
        code = 2 * code + (bits & 1);
        first *= 2;
        if (code - first < c->count[l])
            return c->meaning(c->sorted[at + code - first]) + 0x101 * l;
        at += c->count[l];
        first += c->count[l];
    }
    return BAD;
}

INLINE uint64_t load(const uint8_t *p)
{
    uint64_t x;

    memcpy(&x, p, 8);
    return le64toh(x);
}

/** Lays down n bytes from d back of out, where there is room for n + LAY_OVER: the last step, of 32 bytes at most, begins before their end. */
INLINE void lay(uint8_t *out, size_t n, size_t d)
{
    typedef uint64_t four __attribute__((vector_size(32), aligned(1)));
    static const uint8_t step[] = { 0, 32, 32, 6, 32, 5, 6, 7, 32 }; /* the pattern's periods in eight bytes; in all 32 where they fit */
    const uint8_t *from = out - d, *end = out + n;

    if (d >= 32)
        do {
            memcpy(out, from, 32);
            out += 32;
            from += 32;
        } while (out < end);
    else if (d > 8)
        do {
            memcpy(out, from, 8);
            out += 8;
            from += 8;
        } while (out < end);
    else {
        uint64_t x = load(from) & UINT64_MAX >> (64 - 8 * d);
        four     v;

        for (size_t k = d; k < 8; k *= 2)
            x |= x << 8 * k;
        x = htole64(x);
        v = (four){ x, x, x, x };
        for (; out < end; out += step[d])
            memcpy(out, &v, 32);
    }
}

/** What an entry of a length or distance and the bits say. */
INLINE size_t value_of(uint32_t e, uint64_t bits) { return (e >> 12 & 0xFFFF) + (size_t) ((bits & ((1ULL << (e & 0xFF)) - 1)) >> (e >> 8 & 15)); }

/** Symbols, while they are in the tables and there are in and out for a turn: it loads eight bytes at in_end at the furthest, which the trailer has, and writes TURN_MAX at most. */
INLINE void quick_body(flow *f)
{
    const uint32_t *lit = f->lit.entry, *far = f->far.entry;
    const uint64_t  lit_mask = (1ULL << f->lit.bits) - 1, far_mask = (1ULL << f->far.bits) - 1;
    const uint8_t  *in = f->in;
    uint8_t        *out = f->out;
    uint64_t        bits = f->bits;
    unsigned        n = f->n;
    size_t          over;

#define REFILL  (bits |= load(in) << n, in += (63 - n) >> 3, n |= 56) /* 56 bits or more: three literals, or a length and a distance, of 48 at most */
#define DROP(k) (bits >>= (k), n -= (k))
    while (in <= f->in_end && f->out_end - out >= TURN_MAX) {
        uint32_t e, g;
        size_t   length, d;

        REFILL;
        e = lit[bits & lit_mask];
        if (e & LITERAL) {
            DROP(e & 0xFF);
            *out++ = (uint8_t) (e >> 12);
            e = lit[bits & lit_mask];
            if (e & LITERAL) {
                DROP(e & 0xFF);
                *out++ = (uint8_t) (e >> 12);
                e = lit[bits & lit_mask];
            }
        }
        if (__builtin_expect(e & LONG, 0))
            e = long_code(&f->lit, bits);
        if (e & LITERAL) {
            DROP(e & 0xFF);
            *out++ = (uint8_t) (e >> 12);
            continue;
        }
        if (n < 48) { /* literals came before it */
            if (in > f->in_end)
                break;
            REFILL;
        }
        g = far[bits >> (e & 0xFF) & far_mask];
        if (__builtin_expect(g & LONG, 0))
            g = long_code(&f->far, bits >> (e & 0xFF));
        if (__builtin_expect((e | g) & END, 0))
            break;
        length = value_of(e, bits);
        d = value_of(g, bits >> (e & 0xFF));
        if (__builtin_expect(d > (size_t) (out - f->begin), 0))
            break;
        DROP((e & 0xFF) + (g & 0xFF));
        lay(out, length, d);
        out += length;
    }
#undef REFILL
#undef DROP
    over = in > f->in_end ? (size_t) (in - f->in_end) : 0;
    f->in = in - over;
    f->out = out;
    f->n = n < 8 * over ? DAMAGED : n - 8 * (unsigned) over; /* more was taken than there is */
    f->bits = bits & ((1ULL << (f->n & 63)) - 1);
}

static void quick_portable(flow *f) { quick_body(f); }
SUND_TARGET_AVX2 static void quick_avx2(flow *f) { quick_body(f); }

/* ---- one by one: headers, long codes, what is near an end ---- */

static void fill(flow *f)
{
    for (; f->n < 56 && f->in < f->in_end; f->n += 8)
        f->bits |= (uint64_t) *f->in++ << f->n;
}

static bool drop(flow *f, unsigned n)
{
    bool ok = n <= f->n;

    f->bits >>= n & 63;
    f->n -= ok ? n : 0;
    return ok;
}

static bool take(flow *f, unsigned n, unsigned *v)
{
    fill(f);
    *v = (unsigned) (f->bits & ((1u << n) - 1));
    return drop(f, n);
}

static bool symbol(flow *f, const codes *c, uint32_t *e, size_t *v)
{
    fill(f);
    *e = c->entry[f->bits & ((1u << c->bits) - 1)];
    if (*e & LONG)
        *e = long_code(c, f->bits);
    *v = value_of(*e, f->bits);
    return (*e & 0xFF) && drop(f, *e & 0xFF);
}

/** One literal, match or end. */
static bool one(flow *f, bool *end)
{
    uint32_t e;
    size_t   length, d;

    if (f->n == DAMAGED || !symbol(f, &f->lit, &e, &length))
        return false;
    *end = e & END;
    if (*end)
        return !length;
    if (e & LITERAL) {
        if (f->out == f->out_end)
            return false;
        *f->out++ = (uint8_t) length;
        return true;
    }
    if (!symbol(f, &f->far, &e, &d) || e & END || d > (size_t) (f->out - f->begin) || length > (size_t) (f->out_end - f->out))
        return false;
    for (; length; length--, f->out++)
        *f->out = f->out[-(ptrdiff_t) d];
    return true;
}

static bool stored(flow *f)
{
    unsigned n, not_n;

    if (!drop(f, f->n % 8) || !take(f, 16, &n) || !take(f, 16, &not_n) || n != (not_n ^ 0xFFFF))
        return false;
    f->in -= f->n / 8;
    f->n = 0;
    f->bits = 0;
    if (n > (size_t) (f->in_end - f->in) || n > (size_t) (f->out_end - f->out))
        return false;
    memcpy(f->out, f->in, n);
    f->in += n;
    f->out += n;
    return true;
}

static bool fixed_codes(flow *f)
{
    uint8_t length[MOST_SYMBOLS + 32];

    for (unsigned i = 0; i < sizeof length; i++)
        length[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : i < MOST_SYMBOLS ? 8 : 5;
    return make_codes(&f->lit, literals, length, MOST_SYMBOLS, LIT_BITS) && make_codes(&f->far, distances, length + MOST_SYMBOLS, 32, FAR_BITS);
}

/** Lengths of codes, themselves in a code: 16 the one before 3 to 6 times, 17 none 3 to 10 times, 18 none 11 to 138 times. */
static bool own_codes(flow *f)
{
    static const uint8_t place[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
    static const uint8_t extra[3] = { 2, 3, 7 }, least[3] = { 3, 3, 11 };
    uint8_t  length[MOST_SYMBOLS + 32] = { 0 };
    unsigned n_lit, n_far, n, v;
    uint32_t e;
    size_t   s;

    if (!take(f, 5, &n_lit) || !take(f, 5, &n_far) || !take(f, 4, &n) || (n_lit += 257) > 286 || ++n_far > 30)
        return false;
    for (unsigned i = 0; i < n + 4; i++) {
        if (!take(f, 3, &v))
            return false;
        length[place[i]] = (uint8_t) v;
    }
    if (!make_codes(&f->lit, lengths, length, 19, LENGTH_BITS))
        return false;
    memset(length, 0, sizeof length);
    for (unsigned i = 0; i < n_lit + n_far; i += v) {
        uint8_t what = 0;

        if (!symbol(f, &f->lit, &e, &s))
            return false;
        v = 1;
        if (s < 16)
            what = (uint8_t) s;
        else if ((s == 16 && !i) || !take(f, extra[s - 16], &v) || (v += least[s - 16]) > n_lit + n_far - i)
            return false;
        else if (s == 16)
            what = length[i - 1];
        memset(length + i, what, v);
    }
    return length[256] && make_codes(&f->lit, literals, length, n_lit, LIT_BITS) && make_codes(&f->far, distances, length + n_lit, n_far, FAR_BITS);
}

static bool coded(flow *f)
{
    bool end = false;

    while (!end) {
        if (f->out_end - f->out >= TURN_MAX)
            sund_cpu_path() ? quick_avx2(f) : quick_portable(f);
        if (!one(f, &end))
            return false;
    }
    return true;
}

bool sund_inflate(const uint8_t *in, size_t n_in, uint8_t *out, size_t n_out)
{
    flow     f;
    unsigned last = 0, kind;

    f.in = in;
    f.in_end = in + n_in;
    f.begin = f.out = out;
    f.out_end = out + n_out;
    f.bits = 0;
    f.n = 0;
    while (!last)
        if (!take(&f, 1, &last) || !take(&f, 2, &kind) || !(kind == 0 ? stored(&f) : kind == 1 ? fixed_codes(&f) && coded(&f) : kind == 2 && own_codes(&f) && coded(&f)))
            return false;
    return f.out == f.out_end;
}

/* ---- CRC ---- */

/* Folding by carry-less multiplication (Gopal et al., Fast CRC Computation Using PCLMULQDQ, Intel 2009), 256 bytes at a time: x^(8 n + 32) and x^(8 n - 32) modulo the polynomial, bits reversed, for n bytes. */
#define TARGET_FOLD __attribute__((target("avx512f,vpclmulqdq,pclmul")))
TARGET_FOLD static __m512i fold(__m512i x, __m512i k, __m512i with)
{
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(x, k, 0x00), _mm512_clmulepi64_epi128(x, k, 0x11), with, 0x96);
}

TARGET_FOLD static uint32_t crc_avx512(const uint8_t *p, size_t n)
{
    const __m512i by256 = _mm512_broadcast_i32x4(_mm_set_epi64x(0x1322d1430, 0x11542778a)), by64 = _mm512_broadcast_i32x4(_mm_set_epi64x(0x1c6e41596, 0x154442bd4));
    const __m128i by16 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    __m512i       x[4];
    __m128i       y;
    uint8_t       last[64];

    for (int k = 0; k < 4; k++)
        x[k] = _mm512_loadu_si512(p + 64 * k);
    x[0] = _mm512_xor_si512(x[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128(-1)));
    for (p += 256, n -= 256; n >= 256; p += 256, n -= 256)
        for (int k = 0; k < 4; k++)
            x[k] = fold(x[k], by256, _mm512_loadu_si512(p + 64 * k));
    for (int k = 1; k < 4; k++)
        x[0] = fold(x[0], by64, x[k]);
    _mm512_storeu_si512(last, x[0]);
    y = _mm_loadu_si128((const __m128i *) (const void *) last);
    for (int k = 1; k < 4; k++)
        y = _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(y, by16, 0x00), _mm_clmulepi64_si128(y, by16, 0x11)), _mm_loadu_si128((const __m128i *) (const void *) (last + 16 * k)));
    _mm_storeu_si128((__m128i *) (void *) last, y);
    return libdeflate_crc32(libdeflate_crc32(UINT32_MAX, last, 16), p, n); /* with that start nothing is added: the fold has it */
}

uint32_t sund_crc32(const uint8_t *p, size_t n) { return n >= 512 && sund_cpu_path() == SUND_CPU_AVX512 ? crc_avx512(p, n) : libdeflate_crc32(0, p, n); }
