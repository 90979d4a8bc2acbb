#include "store/encoding.h"

#include "base/cpu.h"
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

static bool read_haplotypes(sund_cur *c, size_t n, sund_decoded *d)
{
    uint64_t bound = 2 * (uint64_t) d->n_person;

    return n <= bound && sund_list_read_k(c, n, bound, n < 256 ? d->low_bits[n] : sund_list_low_bits(n, bound), d->haplotype);
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
        if (!read_haplotypes(&c, n, d))
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

/** A site of people who all have a call, as nearly all sites are: one list of haplotypes. */
typedef struct plain { sund_cur c; size_t n; uint8_t head; uint16_t which; } plain;

static bool plain_at(sund_block_view b, size_t at, const sund_decoded *d, plain *l)
{
    *l = (plain){ { b.p + at + 1, b.n - at - 1, false }, b.p[at] >> SMALL_SHIFT, b.p[at], 0 };
    if (l->n == SMALL_MAX)
        l->n += sund_varint_read(&l->c);
    return !l->c.bad && l->n <= 2 * d->n_person;
}

/** Of het and hom carriers of the rarer allele, nobody missing. */
INLINE void put_classes(const sund_person_plane *set, uint64_t het, uint64_t hom, sund_classes *out)
{
    out->ref = (int64_t) (set->n - het - hom);
    out->het = (int64_t) het;
    out->alt = (int64_t) hom;
    out->missing = 0;
}

/** Counted as it is, without making other lists of it. */
static void count_plain(const plain *l, const uint32_t *list, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    for (size_t s = 0; s < n_set; s++) {
        uint64_t n[2], het;

        sund_haplotypes_count(list, l->n, set[s].plane, n);
        het = n[0] - 2 * n[1];
        put_classes(&set[s], het, l->head & REST_ALT ? set[s].n - het - n[1] : n[1], &out[s]);
    }
}

static bool count_one(plain *l, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    if (!read_haplotypes(&l->c, l->n, d))
        return false;
    count_plain(l, d->haplotype, set, n_set, out);
    return true;
}

static bool count(sund_block_view b, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    lists l;

    if ((b.p[b.at] & (HAPLOTYPES | MISSING)) == HAPLOTYPES) {
        plain p;

        return plain_at(b, b.at, d, &p) && count_one(&p, d, set, n_set, out);
    }
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

        put_classes(&set[s], in + also - 2 * both, both, &out[s]);
    }
    return true;
}

/** The same of up to SHORT entries, with FEW_BYTES at p: a load for each, and none is asked anything before the end. */
enum { SHORT = 15, FEW_BYTES = 16 + SHORT * 8 };
INLINE bool count_short(const uint8_t *p, size_t n, unsigned k, uint64_t bound, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    uint64_t h[SHORT + 1], next = 0, bit = 0, seen = 0; /* h: one that is nobody's, then the entries */

    h[0] = UINT64_MAX;
    for (size_t i = 1; i <= n; i++) {
        uint64_t x, zeros;

        memcpy(&x, p + bit / 8, 8);
        x = le64toh(x) >> bit % 8;
        zeros = (uint64_t) __builtin_ctzll(x | 1ULL << SUND_LIST_ESCAPE);
        h[i] = next + (zeros << k | (x >> 1 >> zeros & ((1ULL << k) - 1)));
        next = h[i] + 1;
        bit += zeros + 1 + k;
        seen |= zeros;
    }
    if ((seen & SUND_LIST_ESCAPE) == SUND_LIST_ESCAPE || next > bound)
        return false;
    for (size_t s = 0; s < n_set; s++) {
        uint64_t in = 0, both = 0;

        for (size_t i = 1; i <= n; i++) {
            uint64_t one = set[s].plane[h[i] / 128] >> (h[i] / 2 % 64) & 1;

            in += one;
            both += (h[i] ^ h[i - 1]) == 1 ? one : 0; /* both haplotypes of a person are neighbours in the list */
        }
        put_classes(&set[s], in - 2 * both, both, &out[s]);
    }
    return true;
}

/** Long lists, longest first; as many together as there is room for. */
static bool count_long(plain *l, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    sund_list_job job[SUND_RUN];
    uint64_t      bound = 2 * (uint64_t) d->n_person;

    for (size_t i = 0, m; i < n; i += m) {
        size_t used = 0;

        for (m = 0; i + m < n && l[i + m].n <= bound - used; used += l[i + m++].n)
            job[m] = (sund_list_job){ l[i + m].c, l[i + m].n, sund_list_low_bits(l[i + m].n, bound), d->haplotype + used };
        if (!sund_lists_read(job, m, bound))
            return false;
        for (size_t k = 0; k < m; k++)
            count_plain(&l[i + k], job[k].list, set, n_set, out + l[i + k].which * n_set);
    }
    return true;
}

typedef struct in_run { uint32_t at, which; } in_run; /* a site: where, and the place of its counts */

static bool count_other(sund_block_view b, in_run r, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    out += r.which * n_set;
    b.at = r.at;
    if (!count(b, d, set, n_set, out))
        return false;
    for (size_t s = 0; s < n_set; s++)
        out[s].ref = (int64_t) set[s].n - out[s].het - out[s].alt - out[s].missing;
    return true;
}

/** Sites that all have n <= SHORT carriers. few: n is 1 or 2, and constant. */
INLINE bool count_same(sund_block_view b, const in_run *r, size_t m, size_t n, const bool few, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    const uint64_t bound = 2 * (uint64_t) d->n_person;
    const unsigned k = d->low_bits[n];

    for (size_t i = 0; i < m; i++) {
        const uint8_t *p = b.p + r[i].at + 1 + (n >= SMALL_MAX);
        sund_classes  *to = out + r[i].which * n_set;

        if (!(few ? count_few(p, n, k, bound, set, n_set, to) : count_short(p, n, k, bound, set, n_set, to)) && !count_other(b, r[i], d, set, n_set, out))
            return false;
    }
    return true;
}

/* Of sites of more carriers or fewer: up to SHORT by number, more of them in steps of a quarter, and last what is not one list of haplotypes. */
enum { OTHER = 127, N_CLASS = 128 };
static uint8_t class_of(const uint8_t *p, size_t n_byte)
{
    size_t   n = p[0] >> SMALL_SHIFT;
    unsigned e;

    if ((p[0] & ((1 << SMALL_SHIFT) - 1)) != HAPLOTYPES || n_byte < FEW_BYTES)
        return OTHER;
    if (n < SMALL_MAX)
        return (uint8_t) n;
    n += p[1] < 128 ? p[1] : SHORT + (p[1] & 127u) + ((p[2] & 127u) << 7); /* about: never short where the number has two bytes */
    e = 63u - (unsigned) __builtin_clzll(n);
    return (uint8_t) (n <= SHORT ? n : 16 + 4 * (e - 4) + (n >> (e - 2) & 3));
}

INLINE bool count_sorted(sund_block_view b, const in_run *site, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    uint8_t  class[SUND_RUN];
    uint16_t end[N_CLASS + 1] = { 0 };
    in_run   r[SUND_RUN];
    size_t   i = 0, n_long = 0;
    plain    list[SUND_RUN];

    for (size_t k = 0; k < n; k++) {
        class[k] = class_of(b.p + site[k].at, b.n - site[k].at);
        end[class[k] + 1]++;
    }
    for (size_t k = 0; k < N_CLASS; k++)
        end[k + 1] = (uint16_t) (end[k + 1] + end[k]);
    for (size_t k = 0; k < n; k++)
        r[end[class[k]]++] = site[k]; /* end[k] was where class k begins, and is then where it ends */
    for (size_t k = 0; k <= SHORT; i = end[k++])
        if (!count_same(b, r + i, end[k] - i, k, false, d, set, n_set, out))
            return false;
    for (size_t k = end[OTHER - 1]; k-- > i; list[n_long++].which = (uint16_t) r[k].which)
        if (!plain_at(b, r[k].at, d, &list[n_long]))
            return false;
    for (i = end[OTHER - 1]; i < n; i++)
        if (!count_other(b, r[i], d, set, n_set, out))
            return false;
    return count_long(list, n_long, d, set, n_set, out);
}

/** Three of four sites have one carrier or two, but which has how many cannot be guessed: so sites are put in order of that first, without a jump that depends on it. */
INLINE bool run_body(sund_block_view b, const uint32_t *at, const uint16_t *which, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    in_run one[SUND_RUN], two[SUND_RUN], more[SUND_RUN];
    size_t n_one = 0, n_two = 0, last = b.n > 8 ? b.n - 8 : 0; /* before it, eight bytes are behind the head */

    for (size_t i = 0; i < n; i++) {
        const in_run  r = { at[i], which[i] };
        const uint8_t head = r.at < last ? b.p[r.at] : 0;

        one[n_one] = two[n_two] = more[i - n_one - n_two] = r;
        n_one += head == (HAPLOTYPES | 1 << SMALL_SHIFT);
        n_two += head == (HAPLOTYPES | 2 << SMALL_SHIFT);
    }
    return count_same(b, one, n_one, 1, true, d, set, n_set, out) && count_same(b, two, n_two, 2, true, d, set, n_set, out) && count_sorted(b, more, n - n_one - n_two, d, set, n_set, out);
}

static bool run_portable(sund_block_view b, const uint32_t *at, const uint16_t *which, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    return run_body(b, at, which, n, d, set, n_set, out);
}

SUND_TARGET_AVX2 static bool run_bmi(sund_block_view b, const uint32_t *at, const uint16_t *which, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set,
                                     sund_classes *out)
{
    return run_body(b, at, which, n, d, set, n_set, out);
}

static bool count_run(sund_block_view b, const uint32_t *at, const uint16_t *which, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out)
{
    return (sund_cpu_path() ? run_bmi : run_portable)(b, at, which, n, d, set, n_set, out);
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
