#include "store/encoding.h"

#include "base/cpu.h"
#include "stats/count.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Common sites, up to 64 in a block. Over these sites a haplotype is a word of 64 bits, and since neighbouring sites are in linkage a block has few
 * different words: some hundreds for tens of thousands of people. So the block is a dictionary and the number of its word for every haplotype, and a
 * 64 x 64 transposition gives the bit planes back. Where linkage breaks off within the block, it is cut into parts that have dictionaries of their own,
 * as costs least. A het that is not phased is written ref|alt, so one layout serves both; a missing call leaves the site's bit
 * free, and takes that of the first word that fits.
 *
 * Stored, as one zstd frame:
 *   u32 missing calls of all sites | u8 how for each site (0 no het is phased, 1 every one, 2 some)
 *   | parts, from the first site on, until all sites are in one: u8 sites (a multiple of 8) | u32 n words | each word, a byte for 8 sites, most frequent
 *     first | number of the word of the first haplotype of each person, then of the second: all low bytes, then second, third, fourth where n needs them
 *   | for each site varint n and list of its missing calls | for each site of how 2 a bit for each het that is phased
 *
 * Open, in the writer: for each site its first-haplotype plane, second, missing, phased.
 * Unpacked, in the reader: opened[] below, then for each site het and hom-alt planes, each from a cache line's start; where the block has phase, for each site an alt-first
 * plane; then phased planes of sites of how 2; then missing calls as u32.
 */
enum { SITES = 64, LEAST = 8, MAX_PARTS = SITES / LEAST, PHASE_NONE = 0, PHASE_ALL = 1, PHASE_SOME = 2, LINE = 64 };

typedef struct opened { uint64_t het_at, hom_at, first_at, missing_at, phased_at; uint32_t n_het, n_hom, n_missing, how; } opened;

static bool fits(const sund_sorted *s)
{
    (void) s;
    return true;
}

static void encode(sund_sorted *s, sund_buf *raw)
{
    const uint64_t *het = sund_sorted_plane(s, SUND_HET), *hom = sund_sorted_plane(s, SUND_HOM_ALT);
    uint64_t       *a, *b;

    if (!sund_buf_room(raw, 4 * 8 * s->n_word))
        return;
    a = (uint64_t *) (void *) (raw->p + raw->n);
    b = a + s->n_word;
    sund_sorted_phase_plane(s, 1, a);
    for (size_t w = 0; w < s->n_word; w++) {
        b[w] = hom[w] | (het[w] & ~a[w]);
        a[w] |= hom[w];
    }
    memcpy(b + s->n_word, sund_sorted_plane(s, SUND_GT_MISSING), 8 * s->n_word);
    sund_sorted_phase_plane(s, 0, b + 2 * s->n_word);
    raw->n += 4 * 8 * s->n_word;
}

/* Bit i of word k goes to bit k of word i (Warren, Hacker's Delight 7-3), eight words at a time: vectors of the compiler's, so that the one text
 * becomes what each path has. */
typedef uint64_t eight __attribute__((vector_size(64), aligned(8)));
#define INLINE static inline __attribute__((always_inline))

/** Two vectors whose words are partners j apart trade the bits under mask. */
INLINE void trade_far(eight *a, eight *b, uint64_t j, uint64_t mask)
{
    eight t = ((*a >> j) ^ *b) & mask;

    *a ^= t << j;
    *b ^= t;
}

/** The same where both partners are in one vector: other has each word's partner in its lane, upper is all ones in lanes with bit j set. */
INLINE void trade_near(eight *a, const eight *other, uint64_t j, uint64_t mask)
{
    const eight lane = { 0, 1, 2, 3, 4, 5, 6, 7 };
    const eight upper = (eight) ((lane & j) != 0);
    eight       first = ((*a >> j) ^ *other) & mask, second = ((*other >> j) ^ *a) & mask;

    *a ^= (upper & second) | (~upper & (first << j));
}

INLINE void transpose_body(uint64_t word[64])
{
    eight a[8];

    memcpy(a, word, sizeof a);
#define FAR(k, l, j, mask) trade_far(&a[k], &a[l], j, mask);
    FAR(0, 4, 32, 0x00000000FFFFFFFFULL) FAR(1, 5, 32, 0x00000000FFFFFFFFULL) FAR(2, 6, 32, 0x00000000FFFFFFFFULL) FAR(3, 7, 32, 0x00000000FFFFFFFFULL)
    FAR(0, 2, 16, 0x0000FFFF0000FFFFULL) FAR(1, 3, 16, 0x0000FFFF0000FFFFULL) FAR(4, 6, 16, 0x0000FFFF0000FFFFULL) FAR(5, 7, 16, 0x0000FFFF0000FFFFULL)
    FAR(0, 1, 8, 0x00FF00FF00FF00FFULL) FAR(2, 3, 8, 0x00FF00FF00FF00FFULL) FAR(4, 5, 8, 0x00FF00FF00FF00FFULL) FAR(6, 7, 8, 0x00FF00FF00FF00FFULL)
#undef FAR
    for (size_t k = 0; k < 8; k++) {
        eight other = __builtin_shufflevector(a[k], a[k], 4, 5, 6, 7, 0, 1, 2, 3);

        trade_near(&a[k], &other, 4, 0x0F0F0F0F0F0F0F0FULL);
        other = __builtin_shufflevector(a[k], a[k], 2, 3, 0, 1, 6, 7, 4, 5);
        trade_near(&a[k], &other, 2, 0x3333333333333333ULL);
        other = __builtin_shufflevector(a[k], a[k], 1, 0, 3, 2, 5, 4, 7, 6);
        trade_near(&a[k], &other, 1, 0x5555555555555555ULL);
    }
    memcpy(word, a, sizeof a);
}

static void transpose_portable(uint64_t word[64]) { transpose_body(word); }
SUND_TARGET_AVX2 static void transpose_avx2(uint64_t word[64]) { transpose_body(word); }
SUND_TARGET_AVX512 static void transpose_avx512(uint64_t word[64]) { transpose_body(word); }

static void transpose(uint64_t word[64])
{
    static void (*const version[])(uint64_t[64]) = { transpose_portable, transpose_avx2, transpose_avx512 };

    version[sund_cpu_path()](word);
}

/* ---- packing ---- */

typedef struct entry { uint64_t word; uint32_t count; } entry;
typedef struct packing {
    size_t    n_person, n_word, n_site;
    uint64_t *word, *missing; /* of each haplotype: 2 n_word 64; missing only n_word 64 */
    entry    *entry;
    uint32_t *slot, *number;  /* hash: entry + 1, or 0; the entry of each haplotype */
    size_t    n_entry, n_slot;
    unsigned  from, width;    /* the part at hand */
    struct { unsigned from, width; } part[MAX_PARTS];
    size_t    n_part;
} packing;

static uint64_t in_part(const packing *p, uint64_t word) { return word >> p->from & (p->width == 64 ? UINT64_MAX : (1ULL << p->width) - 1); }

static const uint64_t *plane_of(const sund_buf *raw, const packing *p, size_t site, size_t which) { return (const uint64_t *) (const void *) raw->p + (4 * site + which) * p->n_word; }

static void turn(const sund_buf *raw, const packing *p, size_t which, uint64_t *to)
{
    for (size_t w = 0; w < p->n_word; w++) {
        uint64_t a[64] = { 0 };

        for (size_t k = 0; k < p->n_site; k++)
            a[k] = plane_of(raw, p, k, which)[w];
        transpose(a);
        memcpy(to + 64 * w, a, sizeof a);
    }
}

static uint32_t find_or_add(packing *p, uint64_t word)
{
    size_t at = (size_t) (word * 0x9E3779B97F4A7C15ULL >> 32) & (p->n_slot - 1);

    while (p->slot[at] && p->entry[p->slot[at] - 1].word != word)
        at = (at + 1) & (p->n_slot - 1);
    if (!p->slot[at]) {
        p->entry[p->n_entry] = (entry){ word, 0 };
        p->slot[at] = (uint32_t) ++p->n_entry;
    }
    return p->slot[at] - 1;
}

/** Dictionary of a part: the words of haplotypes that lack no call there. */
static void find_words(packing *p, unsigned from, unsigned width)
{
    size_t half = 64 * p->n_word;

    p->from = from;
    p->width = width;
    p->n_entry = 0;
    memset(p->slot, 0, p->n_slot * sizeof *p->slot);
    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; i < p->n_person; i++)
            if (!in_part(p, p->missing[i]))
                p->entry[find_or_add(p, in_part(p, p->word[h * half + i]))].count++;
}

/** About 256 log2(n), in integers: the store's bytes are the same on every machine. */
static uint64_t log256(uint64_t n)
{
    unsigned e = n ? 63u - (unsigned) __builtin_clzll(n) : 0;

    return 256ull * e + (n ? ((n << 8) >> e) - 256 : 0);
}

/** What the dictionary at hand and its numbers come to behind zstd, in bits times 256: its Huffman codes have whole bits, and words among each other
 * shrink to some 45 %. */
static uint64_t cost(const packing *p)
{
    uint64_t all = 0, sum = 0;

    for (size_t k = 0; k < p->n_entry; k++)
        all += p->entry[k].count;
    for (size_t k = 0; k < p->n_entry; k++) {
        uint64_t each = log256(all) - log256(p->entry[k].count);

        sum += p->entry[k].count * (each < 256 ? 256 : each) + 115ull * p->width;
    }
    return sum;
}

/** The cheapest cut of the sites into parts of a multiple of 8, by what each part would cost; parts longer than half of the sites only whole. */
static void choose_parts(packing *p)
{
    enum { STEPS = SITES / LEAST };
    uint64_t best[STEPS + 1] = { 0 };
    unsigned length[STEPS] = { 0 }, n_step = (unsigned) (p->n_site + LEAST - 1) / LEAST;

    find_words(p, 0, SITES);
    best[0] = cost(p);
    length[0] = n_step;
    if (p->n_entry > p->n_person / 16) /* with fewer words than that a part never saves what another dictionary adds */
        for (unsigned i = n_step; i-- > 0;) {
            best[i] = i ? UINT64_MAX : best[0];
            for (unsigned k = 1; k <= STEPS / 2 && i + k <= n_step; k++) {
                find_words(p, i * LEAST, k * LEAST);
                if (cost(p) + best[i + k] < best[i]) {
                    best[i] = cost(p) + best[i + k];
                    length[i] = k;
                }
            }
        }
    for (unsigned i = 0; i < n_step; i += length[i]) {
        p->part[p->n_part].from = i * LEAST;
        p->part[p->n_part++].width = length[i] * LEAST;
    }
}

static int by_count(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->word < y->word ? -1 : x->word > y->word;
}

/** Haplotypes that lack a call take the first word that fits, or add one. */
static void number_words(packing *p, unsigned from, unsigned width)
{
    size_t n_full, half = 64 * p->n_word;

    find_words(p, from, width);
    qsort(p->entry, p->n_entry, sizeof *p->entry, by_count);
    memset(p->slot, 0, p->n_slot * sizeof *p->slot);
    n_full = p->n_entry;
    p->n_entry = 0;
    for (size_t k = 0; k < n_full; k++)
        (void) find_or_add(p, p->entry[k].word); /* in place: entry k is written where it is */
    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; i < p->n_person; i++) {
            uint64_t word = in_part(p, p->word[h * half + i]), free_bits = in_part(p, p->missing[i]);
            size_t   k = 0;

            for (; free_bits && k < n_full; k++)
                if (!((p->entry[k].word ^ word) & ~free_bits))
                    break;
            p->number[h * p->n_person + i] = free_bits && k < n_full ? (uint32_t) k : find_or_add(p, word);
        }
}

static void put_part(const packing *p, sund_buf *out)
{
    sund_buf_u8(out, (uint8_t) p->width);
    sund_buf_u32(out, (uint32_t) p->n_entry);
    if (!sund_buf_room(out, p->n_entry * 8 + 4 * 2 * p->n_person))
        return;
    for (size_t k = 0; k < p->n_entry; k++)
        for (unsigned b = 0; b < p->width; b += 8)
            out->p[out->n++] = (uint8_t) (p->entry[k].word >> b);
    for (unsigned shift = 0; shift == 0 || (shift < 32 && (p->n_entry - 1) >> shift); shift += 8)
        for (size_t h = 0; h < 2 * p->n_person; h++)
            out->p[out->n++] = (uint8_t) (p->number[h] >> shift);
}

static void put_side(const sund_buf *raw, const packing *p, const uint8_t *how, uint32_t *list, sund_buf *out)
{
    for (size_t k = 0; k < p->n_site; k++) {
        size_t n = sund_plane_list(plane_of(raw, p, k, 2), p->n_word, list);

        sund_varint_write((uint32_t) n, out);
        sund_list_write(list, n, p->n_person, out);
    }
    for (size_t k = 0; k < p->n_site; k++) {
        const uint64_t *phased = plane_of(raw, p, k, 3);
        size_t          n_bit = 0;
        uint8_t         byte = 0;

        for (size_t w = 0; how[k] == PHASE_SOME && w < p->n_word; w++)
            for (uint64_t bits = plane_of(raw, p, k, 0)[w] ^ plane_of(raw, p, k, 1)[w]; bits; bits &= bits - 1) {
                byte = (uint8_t) (byte | (phased[w] >> __builtin_ctzll(bits) & 1) << n_bit % 8);
                if (++n_bit % 8 == 0) {
                    sund_buf_u8(out, byte);
                    byte = 0;
                }
            }
        if (n_bit % 8)
            sund_buf_u8(out, byte);
    }
}

static void write_plain(const sund_buf *raw, packing *p, sund_buf *out)
{
    uint8_t  how[SITES];
    uint64_t n_missing = 0;

    for (size_t k = 0; k < p->n_site; k++) {
        const uint64_t *a = plane_of(raw, p, k, 0), *b = plane_of(raw, p, k, 1);
        uint64_t        n_het = 0, n_phased = sund_plane_count(plane_of(raw, p, k, 3), plane_of(raw, p, k, 3), p->n_word);

        for (size_t w = 0; w < p->n_word; w++)
            n_het += (uint64_t) __builtin_popcountll(a[w] ^ b[w]);
        how[k] = n_phased == 0 ? PHASE_NONE : n_phased == n_het ? PHASE_ALL : PHASE_SOME;
        n_missing += sund_plane_count(plane_of(raw, p, k, 2), plane_of(raw, p, k, 2), p->n_word);
    }
    sund_buf_u32(out, (uint32_t) n_missing);
    sund_buf_put(out, how, p->n_site);
    choose_parts(p);
    for (size_t k = 0; k < p->n_part; k++) {
        number_words(p, p->part[k].from, p->part[k].width);
        put_part(p, out);
    }
    put_side(raw, p, how, p->slot, out); /* the hash has done its work: its room serves for lists */
}

/** Numbers of words are skewed but in no order: what zstd finds as matches of a few bytes costs more than its bytes' entropy. So it is given a small table to look for
 *  matches of seven bytes in, which finds runs, and codes the rest by Huffman; smaller than levels up to 16, and quicker than level 3. */
static size_t zip_into(void *to, size_t room, const sund_buf *in)
{
    static const struct { ZSTD_cParameter what; int value; } set[] = { { ZSTD_c_strategy, ZSTD_fast }, { ZSTD_c_minMatch, 7 }, { ZSTD_c_hashLog, 8 } };
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    size_t     got = ctx ? 0 : (size_t) -1;

    for (size_t k = 0; k < sizeof set / sizeof set[0] && !ZSTD_isError(got); k++)
        got = ZSTD_CCtx_setParameter(ctx, set[k].what, set[k].value);
    if (!ZSTD_isError(got))
        got = ZSTD_compress2(ctx, to, room, in->p, in->n);
    (void) ZSTD_freeCCtx(ctx);
    return got;
}

static sund_code zip(const sund_buf *in, sund_buf *out, sund_err *err)
{
    size_t bound = ZSTD_compressBound(in->n), got;

    if (!sund_buf_room(out, bound))
        return sund_buf_ok(out, err);
    got = zip_into(out->p + out->n, bound, in);
    if (ZSTD_isError(got))
        return sund_fail(err, SUND_E_IO, "a block cannot be compressed");
    out->n += got;
    return SUND_OK;
}

static sund_code pack(const sund_buf *raw, size_t n_person, size_t n_site, sund_buf *stored, size_t *n_raw, sund_err *err)
{
    packing   p = { .n_person = n_person, .n_word = (n_person + 63) / 64, .n_site = n_site, .n_slot = 64 };
    sund_buf  plain = { 0 };
    sund_code rc;

    while (p.n_slot < 4 * n_person + 4)
        p.n_slot *= 2;
    p.word = malloc(3 * 64 * p.n_word * sizeof *p.word);
    p.entry = malloc((2 * n_person + 1) * sizeof *p.entry);
    p.slot = calloc(p.n_slot, sizeof *p.slot);
    p.number = malloc((2 * n_person + 1) * sizeof *p.number);
    rc = p.word && p.entry && p.slot && p.number ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n_person);
    if (rc == SUND_OK) {
        p.missing = p.word + 2 * 64 * p.n_word;
        turn(raw, &p, 0, p.word);
        turn(raw, &p, 1, p.word + 64 * p.n_word);
        turn(raw, &p, 2, p.missing);
        write_plain(raw, &p, &plain);
        rc = sund_buf_ok(&plain, err);
    }
    if (rc == SUND_OK)
        rc = zip(&plain, stored, err);
    *n_raw = plain.n;
    sund_buf_free(&plain);
    free(p.word);
    free(p.entry);
    free(p.slot);
    free(p.number);
    return rc;
}

/* ---- unpacking ---- */

typedef struct part { unsigned from, n_byte; size_t n_entry; const uint8_t *number[4]; const uint64_t *word; } part;
typedef struct unpacking {
    size_t         n_person, n_word, n_site, n_missing, n_plane, stride, n_part;
    const uint8_t *how;
    part           part[MAX_PARTS];
    uint64_t      *word; /* of all parts, in their place among 64 bits */
    opened        *site;
    uint8_t       *base;
} unpacking;

/** A part; its words go to `to`, where there is room for n_room. */
static bool read_part(const unpacking *u, part *p, unsigned from, sund_cur *c, unsigned *width, uint64_t *to, size_t n_room)
{
    const uint8_t *bytes;

    *width = sund_cur_u8(c);
    p->from = from;
    p->n_entry = sund_cur_u32(c);
    if (c->bad || *width == 0 || *width % LEAST || from + *width > SITES || p->n_entry == 0 || p->n_entry > n_room)
        return false;
    bytes = sund_cur_bytes(c, p->n_entry * (*width / 8));
    if (!bytes)
        return false;
    p->word = to;
    for (size_t k = 0; k < p->n_entry; k++) {
        uint64_t word = 0;

        for (unsigned b = 0; b < *width; b += 8)
            word |= (uint64_t) *bytes++ << b;
        to[k] = word << from;
    }
    for (p->n_byte = 0; p->n_byte == 0 || (p->n_byte < 4 && (p->n_entry - 1) >> (8 * p->n_byte)); p->n_byte++)
        p->number[p->n_byte] = sund_cur_bytes(c, 2 * u->n_person);
    return !c->bad;
}

static bool read_shape(unpacking *u, sund_cur *c)
{
    size_t   n_room = MAX_PARTS * 2 * u->n_person, used = 0;
    unsigned from = 0, width;

    u->n_missing = sund_cur_u32(c);
    u->how = sund_cur_bytes(c, u->n_site);
    if (c->bad || u->n_missing > u->n_site * u->n_person)
        return false;
    u->n_plane = 2;
    for (size_t k = 0; k < u->n_site; k++) {
        if (u->how[k] > PHASE_SOME)
            return false;
        if (u->how[k] != PHASE_NONE)
            u->n_plane = 3;
    }
    u->word = malloc(n_room * sizeof *u->word);
    if (!u->word)
        return false;
    for (; from < u->n_site; from += width, used += u->part[u->n_part++].n_entry)
        if (!read_part(u, &u->part[u->n_part], from, c, &width, u->word + used, n_room - used))
            return false;
    return true;
}

/** Room for all, and where each part of each site is. */
static bool lay_out(unpacking *u, sund_buf *out)
{
    size_t head = (u->n_site * sizeof *u->site + LINE - 1) / LINE * LINE, plane = 8 * u->stride, n_some = 0;

    for (size_t k = 0; k < u->n_site; k++)
        n_some += u->how[k] == PHASE_SOME;
    sund_buf_clear(out);
    if (!sund_buf_room(out, LINE + head + u->n_site * u->n_plane * plane + n_some * plane + 4 * u->n_missing))
        return false;
    u->base = out->p + (LINE - (uintptr_t) out->p % LINE) % LINE;
    u->site = (opened *) (void *) out->p;
    head = (size_t) (u->base - out->p) + head;
    for (size_t k = 0; k < u->n_site; k++, head += 2 * plane) /* what is counted is one piece, site after site: memory gives it three times as quickly as with gaps */
        u->site[k] = (opened){ .het_at = head, .hom_at = head + plane, .how = u->how[k] };
    for (size_t k = 0; u->n_plane == 3 && k < u->n_site; k++, head += plane)
        u->site[k].first_at = head;
    for (size_t k = 0; k < u->n_site; k++)
        if (u->how[k] == PHASE_SOME) {
            u->site[k].phased_at = head;
            head += plane;
        }
    out->n = head;
    u->base = out->p;
    return true;
}

static uint64_t *plane_at(const unpacking *u, uint64_t at) { return (uint64_t *) (void *) (u->base + at); }

/** Adds a part's words of 64 haplotypes, or n where the people end. */
static bool gather_part(const part *q, size_t from, size_t n, uint64_t a[64])
{
    uint32_t number[64], most = 0;
    uint8_t  end[64] = { 0 };

    for (unsigned b = 0; b < q->n_byte; b++) {
        const uint8_t *p = q->number[b] + from;

        if (n < 64)
            p = memcpy(end, p, n);
        if (b == 0)
            for (size_t i = 0; i < 64; i++)
                number[i] = p[i];
        else
            for (size_t i = 0; i < 64; i++)
                number[i] |= (uint32_t) p[i] << (8 * b);
    }
    for (size_t i = 0; i < 64; i++)
        most = number[i] > most ? number[i] : most;
    if (most >= q->n_entry)
        return false;
    for (size_t i = 0; i < n; i++)
        a[i] |= q->word[number[i]];
    return true;
}

/** The same of all parts, turned to 64 sites. */
static bool gather(const unpacking *u, size_t from, size_t n, uint64_t a[64])
{
    memset(a, 0, 64 * sizeof *a);
    for (size_t k = 0; k < u->n_part; k++)
        if (!gather_part(&u->part[k], from, n, a))
            return false;
    transpose(a);
    return true;
}

static bool make_planes(const unpacking *u)
{
    uint64_t a[64], b[64];

    for (size_t w = 0; w < u->n_word; w++) {
        size_t n = u->n_person - 64 * w < 64 ? u->n_person - 64 * w : 64;

        if (!gather(u, 64 * w, n, a) || !gather(u, u->n_person + 64 * w, n, b))
            return false;
        for (size_t k = 0; k < u->n_site; k++) {
            plane_at(u, u->site[k].het_at)[w] = a[k] ^ b[k];
            plane_at(u, u->site[k].hom_at)[w] = a[k] & b[k];
            if (u->n_plane == 3)
                plane_at(u, u->site[k].first_at)[w] = a[k] & ~b[k];
        }
    }
    return true;
}

/** Missing calls: their list, and their bits cleared in the planes. */
static bool read_missing(const unpacking *u, sund_cur *c, sund_buf *out)
{
    size_t left = u->n_missing;

    for (size_t k = 0; k < u->n_site; k++) {
        opened        *o = &u->site[k];
        uint32_t      *list = (uint32_t *) (void *) (out->p + out->n);
        const uint64_t plane[3] = { o->het_at, o->hom_at, o->first_at };

        o->n_missing = sund_varint_read(c);
        o->missing_at = out->n;
        if (c->bad || o->n_missing > left || o->n_missing > u->n_person || !sund_list_read(c, o->n_missing, u->n_person, list))
            return false;
        left -= o->n_missing;
        out->n += 4 * (size_t) o->n_missing;
        for (size_t i = 0; i < o->n_missing; i++)
            for (size_t which = 0; which < u->n_plane; which++)
                plane_at(u, plane[which])[list[i] / 64] &= ~(1ULL << (list[i] % 64));
    }
    return left == 0;
}

static bool read_phased(const unpacking *u, sund_cur *c)
{
    for (size_t k = 0; k < u->n_site; k++) {
        opened         *o = &u->site[k];
        uint64_t       *het = plane_at(u, o->het_at), *hom = plane_at(u, o->hom_at), *first = plane_at(u, o->first_at), *phased = plane_at(u, o->phased_at), n_het;
        const uint8_t  *bits;
        size_t          i = 0;

        n_het = sund_plane_count(het, het, u->n_word);
        o->n_het = (uint32_t) n_het;
        o->n_hom = (uint32_t) sund_plane_count(hom, hom, u->n_word);
        if (o->how != PHASE_SOME)
            continue;
        bits = sund_cur_bytes(c, (n_het + 7) / 8);
        if (!bits)
            return false;
        for (size_t w = 0; w < u->n_word; w++) {
            phased[w] = 0;
            for (uint64_t left = het[w]; left; left &= left - 1, i++)
                phased[w] |= (bits[i / 8] >> (i % 8) & 1) ? left & -left : 0;
            first[w] &= phased[w];
        }
    }
    return true;
}

static sund_code unpack(const uint8_t *p, size_t n, size_t n_person, size_t n_site, size_t n_raw, sund_buf *out, sund_err *err)
{
    unpacking u = { .n_person = n_person, .n_word = (n_person + 63) / 64, .n_site = n_site };
    sund_buf  plain = { 0 };
    sund_cur  c;
    bool      ok;

    if (!sund_buf_room(&plain, n_raw))
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a block");
    u.stride = ((u.n_word + 7) / 8 | 1) * 8; /* an odd number of cache lines: planes of all sites do not fall into one set */
    ok = n_site > 0 && n_site <= SITES && ZSTD_decompress(plain.p, n_raw, p, n) == n_raw;
    c = sund_cur_of(plain.p, ok ? n_raw : 0);
    ok = ok && read_shape(&u, &c) && lay_out(&u, out) && make_planes(&u) && read_missing(&u, &c, out) &&
         read_phased(&u, &c) && c.n == 0;
    sund_buf_free(&plain);
    free(u.word);
    return ok ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "cannot be unpacked");
}

/* ---- reading ---- */

static const opened *site_of(sund_block_view b) { return (const opened *) (const void *) b.p + b.at; }
static const uint64_t *words_at(sund_block_view b, uint64_t at) { return (const uint64_t *) (const void *) (b.p + at); }
static const uint32_t *missing_of(sund_block_view b) { return (const uint32_t *) (const void *) (b.p + site_of(b)->missing_at); }

static bool decode(sund_block_view b, sund_decoded *d, sund_gt *g)
{
    const opened *o = site_of(b);

    *g = (sund_gt){ .sparse = false, .n_het = o->n_het, .n_hom = o->n_hom, .n_missing = o->n_missing, .het_plane = words_at(b, o->het_at), .hom_plane = words_at(b, o->hom_at), .missing_plane = d->none };
    if (o->n_missing) {
        sund_list_plane(missing_of(b), o->n_missing, d->missing_plane, d->n_word);
        g->missing_plane = d->missing_plane;
    }
    return true;
}

static bool count(sund_block_view b, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    const opened *o = site_of(b);

    for (size_t s = 0; s < n_set; s++) {
        uint64_t n[2];

        sund_plane_count2(words_at(b, o->het_at), words_at(b, o->hom_at), set[s].plane, d->n_word, n);
        out[s].het = (int64_t) n[0];
        out[s].alt = (int64_t) n[1];
        out[s].missing = o->n_missing ? (int64_t) sund_list_count(missing_of(b), o->n_missing, 0, set[s].plane) : 0;
    }
    return true;
}

static bool phase(sund_block_view b, sund_decoded *d, bool *any)
{
    const opened   *o = site_of(b);
    const uint64_t *het = words_at(b, o->het_at);

    *any = o->how != PHASE_NONE && o->n_het;
    if (!*any) {
        memset(d->phased, 0, 8 * d->n_word);
        memset(d->alt_first, 0, 8 * d->n_word);
        return true;
    }
    memcpy(d->phased, o->how == PHASE_SOME ? words_at(b, o->phased_at) : het, 8 * d->n_word);
    memcpy(d->alt_first, words_at(b, o->first_at), 8 * d->n_word);
    return true;
}

extern const sund_encoding sund_encoding_words;
const sund_encoding        sund_encoding_words = { .code = 4, .name = "words", .block_sites = SITES, .block_bytes = SIZE_MAX, .fits = fits, .encode = encode, .pack = pack, .unpack = unpack, .decode = decode,
                                                   .count = count, .phase = phase };
