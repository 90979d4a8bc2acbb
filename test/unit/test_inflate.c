/* sund_inflate (ASAN): what libdeflate and zlib deflate at every level comes back, of data with repeats of every distance, skewed as far as codes can be long, or random; and of damaged bytes it says what zlib's
 * inflate says. sund_crc32 is zlib's. On every path of the processor; in and out are allocated to the byte. */
#include "store/inflate.h"
#include "test.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

enum { RAW_MAX = 65280, N_KIND = 48 };

static uint32_t draw(uint32_t below) { return (uint32_t) (test_rand() % below); }

/* Kinds 0 to 39: repeats kind + 1 bytes back, now and then another byte. Then random ones, skewed ones, and genotypes. */
static void make(unsigned kind, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (kind < 40)
            p[i] = i <= kind || draw(300) == 0 ? (uint8_t) draw(256) : p[i - kind - 1];
        else if (kind < 42)
            p[i] = (uint8_t) draw(kind == 40 ? 256 : 4);
        else if (kind < 45) /* each byte half as often as the one before: codes of 15 bits */
            p[i] = (uint8_t) ((unsigned) __builtin_ctz(draw(1u << 30) | 1u << 29) * 7 + (kind == 44 ? draw(3) : 0));
        else
            p[i] = i % 4 == 3 ? '\t' : i % 4 == 1 ? '|' : draw(kind == 45 ? 2000 : 20) ? '0' : '1';
}

/* With exactly n and 8 bytes, and n_raw. */
static bool inflate_exact(const uint8_t *z, size_t n, uint8_t *out, size_t n_raw)
{
    uint8_t *in = malloc(n + 8), *to = malloc(n_raw ? n_raw : 1);
    bool     ok;

    if (!in || !to)
        abort();
    memcpy(in, z, n);
    memset(in + n, 0xA5, 8);
    ok = sund_inflate(in, n, to, n_raw);
    if (ok)
        memcpy(out, to, n_raw);
    free(in);
    free(to);
    return ok;
}

/* out has room for one byte more than there should be: what ends short of it is what comes out. */
static bool by_zlib(const uint8_t *z, size_t n, uint8_t *out, size_t n_raw)
{
    z_stream s = { .next_in = (Bytef *) (uintptr_t) z, .avail_in = (uInt) n, .next_out = out, .avail_out = (uInt) n_raw + 1 };
    int      rc;

    if (inflateInit2(&s, -15) != Z_OK)
        abort();
    rc = inflate(&s, Z_FINISH);
    (void) inflateEnd(&s);
    return rc == Z_STREAM_END && s.total_out == n_raw;
}

static size_t deflate_zlib(const uint8_t *p, size_t n, int level, int strategy, uint8_t *z, size_t room)
{
    z_stream s = { .next_in = (Bytef *) (uintptr_t) p, .avail_in = (uInt) n, .next_out = z, .avail_out = (uInt) room };

    if (deflateInit2(&s, level, Z_DEFLATED, -15, 8, strategy) != Z_OK || deflate(&s, Z_FINISH) != Z_STREAM_END)
        abort();
    (void) deflateEnd(&s);
    return s.total_out;
}

static void damaged(uint8_t *z, size_t n, size_t n_raw, uint8_t *a, uint8_t *b)
{
    for (unsigned k = 0; k < 12; k++) {
        size_t  at = k % 2 ? draw((uint32_t) n) : draw(n < 60 ? (uint32_t) n : 60), cut = k % 4 == 3 ? draw((uint32_t) n) : n;
        uint8_t was = z[at];
        bool    ok;

        z[at] ^= (uint8_t) (1u << draw(8));
        ok = inflate_exact(z, cut, a, n_raw);
        CHECK(ok == by_zlib(z, cut, b, n_raw));
        CHECK(!ok || memcmp(a, b, n_raw) == 0);
        z[at] = was;
    }
    CHECK(!n_raw || !inflate_exact(z, n, a, n_raw - 1));
    CHECK(!inflate_exact(z, n, a, n_raw + 1));
    CHECK(!inflate_exact(z, n - 1, a, n_raw));
}

static void round_trip(unsigned kind, unsigned how, size_t n, uint8_t *p, uint8_t *z, size_t room, uint8_t *back)
{
    static const int strategy[] = { Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED };
    size_t           got;

    make(kind, p, n);
    if (how < 4)
        got = deflate_zlib(p, n, (int) (kind % 10), strategy[how], z, room);
    else {
        struct libdeflate_compressor *c = libdeflate_alloc_compressor((int) (how - 4) * 3);

        got = libdeflate_deflate_compress(c, p, n, z, room);
        libdeflate_free_compressor(c);
    }
    memset(back, 0, n);
    CHECK(got && inflate_exact(z, got, back, n));
    CHECK(memcmp(p, back, n) == 0);
    damaged(z, got, n, back, back + RAW_MAX + 1);
}

static void all_kinds(void)
{
    size_t   room = 2 * RAW_MAX;
    uint8_t *p = malloc(RAW_MAX), *z = malloc(room), *back = malloc(2 * RAW_MAX + 2);

    if (!p || !z || !back)
        abort();
    for (unsigned kind = 0; kind < N_KIND; kind++)
        for (unsigned how = 0; how < 9; how++)
            round_trip(kind, how, how == kind % 9 ? RAW_MAX : how == 8 ? draw(40) : draw(3000), p, z, room, back);
    free(p);
    free(z);
    free(back);
}

static void crc(void)
{
    uint8_t *p = malloc(4000);

    if (!p)
        abort();
    make(40, p, 4000);
    for (size_t n = 0; n < 3900; n += n < 600 ? 1 : 61)
        CHECK(sund_crc32(p + n % 67, n) == crc32(0, p + n % 67, (uInt) n));
    free(p);
}

typedef struct writer { uint8_t z[1024]; uint32_t bits; unsigned n_bits; size_t n; } writer;

static void put_bits(writer *w, unsigned v, unsigned n)
{
    for (w->bits |= v << w->n_bits, w->n_bits += n; w->n_bits >= 8; w->bits >>= 8, w->n_bits -= 8)
        w->z[w->n++] = (uint8_t) w->bits;
}

/* One of the fixed codes: its first bit lowest. */
static void put_code(writer *w, unsigned code, unsigned n)
{
    while (n-- > 0)
        put_bits(w, code >> n & 1, 1);
}

static void put_literal(writer *w, uint8_t byte)
{
    if (byte < 144)
        put_code(w, 0x30u + byte, 8);
    else
        put_code(w, 0x190u + byte - 144, 9);
}

static void put_match(writer *w, unsigned length, unsigned d)
{
    static const uint16_t longs[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 }, fars[] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65 };
    unsigned              l = 28, f = 12;

    while (longs[l] > length)
        l--;
    while (fars[f] > d)
        f--;
    if (l < 23)
        put_code(w, l + 1, 7);
    else
        put_code(w, 0xC0 + l - 23, 8);
    put_bits(w, length - longs[l], l < 8 || l == 28 ? 0 : l / 4 - 1);
    put_code(w, f, 5);
    put_bits(w, d - fars[f], f < 4 ? 0 : f / 2 - 1);
}

/* The most that is written in one turn, two literals and a match that is laid down in steps of up to 32 bytes, where the output ends just behind what that takes, and before. */
static void at_the_end(void)
{
    enum { BEFORE = 66 /* turns of three literals */, LEFT = 300 };
    uint8_t want[BEFORE + LEFT], got[sizeof want];

    for (unsigned d = 1; d <= 40; d++)
        for (unsigned length = 3; length <= 258; length += length < 224 ? 13 : 1)
            for (unsigned left = 284; left <= LEFT; left++) {
                writer w = { .n = 0 };
                size_t n = 0;

                put_bits(&w, 3, 3); /* the last block, in fixed codes */
                for (; n < BEFORE + 2; n++)
                    put_literal(&w, want[n] = (uint8_t) draw(256));
                put_match(&w, length, d);
                for (size_t end = n + length; n < end; n++)
                    want[n] = want[n - d];
                for (; n < BEFORE + left; n++)
                    put_literal(&w, want[n] = (uint8_t) n);
                put_code(&w, 0, 7);
                put_bits(&w, 0, 7);
                CHECK(inflate_exact(w.z, w.n, got, n) && memcmp(got, want, n) == 0);
            }
}

/* A path is chosen once in a process. */
static void on_path(const char *cpu)
{
    pid_t pid = fork();
    int   status = 1;

    if (pid == 0) {
        (void) setenv("SUND_CPU", cpu, 1);
        all_kinds();
        at_the_end();
        crc();
        _exit(test_failed ? 1 : 0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

TEST(portable) { on_path("portable"); }
TEST(avx2) { on_path("avx2"); }
TEST(avx512) { on_path("avx512"); }
