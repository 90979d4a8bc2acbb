#include "store/encoding.h"

#include "stats/count.h"

#include <endian.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Rare sites: 96 to 98 % of all. Only people off the common homozygote are listed. Where every het is phased the list is one of haplotypes that
 * carry the rarer allele (2 i + 0 the first of person i, 2 i + 1 the second): phase then costs nothing more than the bit it is.
 *
 *   u8 head | varint n - 7 where SMALL is 7 | the first list
 *           | by people: varint n and list of the other homozygotes where HOMS, bits of phase where SOME
 *           | varint n and list of the missing where MISSING
 */
enum { REST_ALT = 1, HAPLOTYPES = 2, HOMS = 4, SOME = 8, MISSING = 16, SMALL_SHIFT = 5, SMALL_MAX = 7 };

static bool fits(const sund_sorted *s)
{
    size_t common = s->n[SUND_HOM_REF] > s->n[SUND_HOM_ALT] ? s->n[SUND_HOM_REF] : s->n[SUND_HOM_ALT];

    /* at 1 in 50 (a minor allele of 1 %) a list costs as much as a place in a block of words, and counting it as much as counting a plane */
    return (s->n_person - s->n[SUND_GT_MISSING] - common) * 50 <= s->n_person || s->n_person < 64;
}

/** Haplotypes that carry the rarer allele: of hets the one that does, of homs both. */
static size_t haplotypes(sund_sorted *s, bool rest_alt, const uint32_t *hom, size_t n_hom, uint32_t *list)
{
    const uint32_t *het = sund_sorted_list(s, SUND_HET);
    size_t          n_het = s->n[SUND_HET], i = 0, k = 0, n = 0;

    while (i < n_het || k < n_hom) {
        if (k == n_hom || (i < n_het && het[i] < hom[k])) {
            bool alt_first = s->bits[1][i / 64] >> (i % 64) & 1;

            list[n++] = 2 * het[i++] + (alt_first == rest_alt);
        }
        else {
            list[n++] = 2 * hom[k];
            list[n++] = 2 * hom[k++] + 1;
        }
    }
    return n;
}

static void put_head(uint8_t flags, size_t n, sund_buf *out)
{
    sund_buf_u8(out, (uint8_t) (flags | (n < SMALL_MAX ? n : SMALL_MAX) << SMALL_SHIFT));
    if (n >= SMALL_MAX)
        sund_varint_write((uint32_t) (n - SMALL_MAX), out);
}

static void put_list(const uint32_t *list, size_t n, size_t n_person, sund_buf *out)
{
    sund_varint_write((uint32_t) n, out);
    sund_list_write(list, n, n_person, out);
}

static void put_bits(const uint64_t *bits, size_t n, sund_buf *out)
{
    for (size_t b = 0; b < (n + 7) / 8; b++)
        sund_buf_u8(out, (uint8_t) (bits[b / 8] >> (8 * (b % 8))));
}

static void encode(sund_sorted *s, sund_buf *raw)
{
    bool            rest_alt = s->n[SUND_HOM_ALT] > s->n[SUND_HOM_REF];
    int             other = rest_alt ? SUND_HOM_REF : SUND_HOM_ALT;
    size_t          n_het = s->n[SUND_HET], n_hom = s->n[other], n_missing = s->n[SUND_GT_MISSING];
    const uint32_t *hom = n_hom ? sund_sorted_list(s, other) : NULL;
    uint8_t         flags = (uint8_t) ((rest_alt ? REST_ALT : 0) | (n_missing ? MISSING : 0));

    if (s->n_phased == n_het && n_het >= n_hom) { /* more homs than hets are cheaper as people */
        size_t n = haplotypes(s, rest_alt, hom, n_hom, s->haplotype);

        put_head(flags | HAPLOTYPES, n, raw);
        sund_list_write(s->haplotype, n, 2 * (uint64_t) s->n_person, raw);
    }
    else {
        put_head((uint8_t) (flags | (n_hom ? HOMS : 0) | (s->n_phased ? SOME : 0)), n_het, raw);
        sund_list_write(sund_sorted_list(s, SUND_HET), n_het, s->n_person, raw);
        if (n_hom)
            put_list(hom, n_hom, s->n_person, raw);
        for (int k = 0; s->n_phased && k < 2; k++)
            put_bits(s->bits[k], n_het, raw);
    }
    if (n_missing)
        put_list(sund_sorted_list(s, SUND_GT_MISSING), n_missing, s->n_person, raw);
}

/* A site's lists, as they stand. */
typedef struct lists {
    uint8_t        head;
    size_t         n_haplotype, n_het, n_hom, n_missing; /* with HAPLOTYPES, hom holds those who have both, and n_het is not set */
    const uint8_t *phased, *alt_first;                   /* with SOME */
} lists;

static bool get_list(sund_cur *c, size_t n_person, uint32_t *list, size_t *n)
{
    *n = sund_varint_read(c);
    if (c->bad || *n > n_person)
        return !(c->bad = true);
    return sund_list_read(c, *n, n_person, list);
}

static bool get(sund_block_view b, sund_decoded *d, lists *l)
{
    sund_cur c = { b.p + b.at + 1, b.n - b.at - 1, false }; /* there is a byte: the reader has checked at */
    size_t   n;

    l->head = b.p[b.at];
    l->n_haplotype = l->n_het = l->n_hom = l->n_missing = 0;
    n = l->head >> SMALL_SHIFT;
    if (n == SMALL_MAX)
        n += sund_varint_read(&c);
    if (l->head & HAPLOTYPES) {
        if (n > 2 * d->n_person || !sund_list_read_k(&c, n, 2 * (uint64_t) d->n_person, n < 256 ? d->low_bits[n] : sund_list_low_bits(n, 2 * (uint64_t) d->n_person), d->haplotype))
            return false;
        l->n_haplotype = n;
        for (size_t i = 1; i < n; i++) { /* both haplotypes of a person are neighbours in the list */
            d->hom[l->n_hom] = d->haplotype[i] >> 1;
            l->n_hom += (d->haplotype[i] ^ d->haplotype[i - 1]) == 1;
        }
    }
    else {
        if (n > d->n_person || !sund_list_read(&c, n, d->n_person, d->het))
            return false;
        l->n_het = n;
        if (l->head & HOMS && !get_list(&c, d->n_person, d->hom, &l->n_hom))
            return false;
        if (l->head & SOME) {
            l->phased = sund_cur_bytes(&c, (n + 7) / 8);
            l->alt_first = sund_cur_bytes(&c, (n + 7) / 8);
        }
    }
    if (l->head & MISSING && !get_list(&c, d->n_person, d->missing, &l->n_missing))
        return false;
    return !c.bad;
}

static bool decode(sund_block_view b, sund_decoded *d, sund_gt *g)
{
    lists l;

    if (!get(b, d, &l))
        return false;
    if (l.head & HAPLOTYPES)
        for (size_t i = 0; i < l.n_haplotype; i++) {
            uint32_t h = d->haplotype[i];

            if (i + 1 < l.n_haplotype && (h ^ d->haplotype[i + 1]) == 1)
                i++;
            else
                d->het[l.n_het++] = h >> 1;
        }
    *g = (sund_gt){ .sparse = true, .rest = l.head & REST_ALT ? 2 : 0, .n_het = l.n_het, .n_hom = l.n_hom, .n_missing = l.n_missing, .het = d->het, .hom = d->hom, .missing = d->missing };
    return true;
}

/** Haplotypes of people who all have a call, as nearly all sites are: counted in one pass, without making other lists of it. */
static bool count_haplotypes(sund_block_view b, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    sund_cur        c = { b.p + b.at + 1, b.n - b.at - 1, false };
    uint8_t         head = b.p[b.at];
    size_t          n = head >> SMALL_SHIFT;
    const uint32_t *h = d->haplotype;

    if (n == SMALL_MAX)
        n += sund_varint_read(&c);
    if (n > 2 * d->n_person || !sund_list_read_k(&c, n, 2 * (uint64_t) d->n_person, n < 256 ? d->low_bits[n] : sund_list_low_bits(n, 2 * (uint64_t) d->n_person), d->haplotype))
        return false;
    for (size_t s = 0; s < n_set; s++) {
        const uint64_t *plane = set[s].plane;
        int64_t         in = 0, hom = 0;

        for (size_t i = 0; i < n; i++) {
            int64_t one = plane[h[i] / 128] >> (h[i] / 2 % 64) & 1;

            in += one;
            hom += i && (h[i] ^ h[i - 1]) == 1 ? one : 0; /* both haplotypes of a person are neighbours in the list */
        }
        out[s].missing = 0;
        out[s].het = in - 2 * hom;
        out[s].alt = head & REST_ALT ? (int64_t) set[s].n - out[s].het - hom : hom;
    }
    return true;
}

static bool count(sund_block_view b, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    lists l;

    if ((b.p[b.at] & (HAPLOTYPES | MISSING)) == HAPLOTYPES)
        return count_haplotypes(b, d, set, n_set, out);
    if (!get(b, d, &l))
        return false;
    for (size_t s = 0; s < n_set; s++) {
        int64_t hom = l.n_hom ? (int64_t) sund_list_count(d->hom, l.n_hom, 0, set[s].plane) : 0;

        out[s].missing = l.n_missing ? (int64_t) sund_list_count(d->missing, l.n_missing, 0, set[s].plane) : 0;
        out[s].het = l.head & HAPLOTYPES ? (int64_t) sund_list_count(d->haplotype, l.n_haplotype, 1, set[s].plane) - 2 * hom : (int64_t) sund_list_count(d->het, l.n_het, 0, set[s].plane);
        out[s].alt = l.head & REST_ALT ? (int64_t) set[s].n - out[s].het - out[s].missing - hom : hom;
    }
    return true;
}

/** Haplotypes of one or two entries in the eight bytes at p, k low bits each; who has both is counted once. False: nothing that this can read. */
INLINE bool count_few(const uint8_t *p, size_t n, unsigned k, uint64_t bound, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    uint64_t x, first, second = 0;
    unsigned left = 64;

    memcpy(&x, p, 8);
    x = le64toh(x);
    if (!sund_list_gap(&x, &left, k, &first) || (n == 2 && !sund_list_gap(&x, &left, k, &second)))
        return false;
    second += first + 1;
    if ((n == 2 ? second : first) >= bound)
        return false;
    for (size_t s = 0; s < n_set; s++) {
        uint64_t in = set[s].plane[first / 128] >> (first / 2 % 64) & 1, also = n == 2 ? set[s].plane[second / 128] >> (second / 2 % 64) & 1 : 0;
        uint64_t both = n == 2 && (first ^ second) == 1 ? in : 0;

        out[s] = (sund_classes){ .het = (int64_t) (in + also - 2 * both), .alt = (int64_t) both };
    }
    return true;
}

/** Most sites have one carrier or two, but which has how many cannot be guessed: so sites are put in order of that first, and each number's are counted together. */
static bool count_run(sund_block_view b, const uint32_t *at, const uint16_t *which, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    uint16_t order[SMALL_MAX + 1][SUND_RUN];
    size_t   m[SMALL_MAX + 1] = { 0 };
    uint64_t bound = 2 * (uint64_t) d->n_person;

    for (size_t i = 0; i < n; i++) {
        uint8_t head = b.p[at[i]];
        size_t  k = (head & ((1 << SMALL_SHIFT) - 1)) == HAPLOTYPES && b.n - at[i] > 8 ? head >> SMALL_SHIFT : SMALL_MAX;

        order[k][m[k]++] = (uint16_t) i;
    }
    for (size_t k = 0; k <= SMALL_MAX; k++)
        for (size_t i = 0; i < m[k]; i++) {
            size_t        at_i = at[order[k][i]];
            sund_classes *to = out + which[order[k][i]] * n_set;

            if (k == 1 ? count_few(b.p + at_i + 1, 1, d->low_bits[1], bound, set, n_set, to) : k == 2 && count_few(b.p + at_i + 1, 2, d->low_bits[2], bound, set, n_set, to))
                continue;
            b.at = at_i;
            if (!count(b, d, set, n_set, to))
                return false;
        }
    return true;
}

static bool phase(sund_block_view b, sund_decoded *d, bool *any)
{
    lists   l;
    sund_gt g;

    if (!get(b, d, &l) || !decode(b, d, &g))
        return false;
    memset(d->phased, 0, 8 * d->n_word);
    memset(d->alt_first, 0, 8 * d->n_word);
    *any = g.n_het && l.head & (HAPLOTYPES | SOME);
    for (size_t i = 0, h = 0; *any && i < g.n_het; i++) {
        uint64_t bit = 1ULL << (d->het[i] % 64);
        bool     phased = true, first;

        if (l.head & HAPLOTYPES) {
            while (d->haplotype[h] >> 1 != d->het[i])
                h++;
            first = (d->haplotype[h] & 1) == (l.head & REST_ALT ? 1 : 0);
        }
        else {
            phased = l.phased[i / 8] >> (i % 8) & 1;
            first = phased && l.alt_first[i / 8] >> (i % 8) & 1;
        }
        d->phased[d->het[i] / 64] |= phased ? bit : 0;
        d->alt_first[d->het[i] / 64] |= first ? bit : 0;
    }
    return true;
}

extern const sund_encoding sund_encoding_lists;
const sund_encoding        sund_encoding_lists = { .code = 3, .name = "lists", .block_sites = 1 << 16, .block_bytes = 1 << 16, .fits = fits, .encode = encode, .decode = decode, .count = count, .count_run = count_run, .phase = phase };
