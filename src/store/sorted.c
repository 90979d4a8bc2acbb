/* One site's people by class. Whatever form the producer has is taken as it is; the other is made when an encoding asks for it. */
#include "store/encoding.h"

#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

sund_code sund_sorted_open(sund_sorted *s, size_t n_person, sund_err *err)
{
    bool ok = true;

    *s = (sund_sorted){ .n_person = n_person, .n_word = (n_person + 63) / 64 };
    for (int k = 0; k < SUND_N_CLASS; k++) {
        s->own_list[k] = malloc((n_person + 1) * sizeof *s->own_list[k]);
        s->own_plane[k] = malloc((s->n_word + 1) * sizeof *s->own_plane[k]);
        ok = ok && s->own_list[k] && s->own_plane[k];
    }
    s->haplotype = malloc((2 * n_person + 1) * sizeof *s->haplotype);
    ok = ok && s->haplotype;
    for (int k = 0; k < 2; k++) {
        s->bits[k] = malloc((s->n_word + 1) * sizeof *s->bits[k]);
        ok = ok && s->bits[k];
    }
    return ok ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n_person);
}

void sund_sorted_close(sund_sorted *s)
{
    for (int k = 0; k < SUND_N_CLASS; k++) {
        free(s->own_list[k]);
        free(s->own_plane[k]);
    }
    free(s->haplotype);
    free(s->bits[0]);
    free(s->bits[1]);
    *s = (sund_sorted){ 0 };
}

/* ---- what differs by processor: counting bits, and picking out the bits of a plane that stand under another's ---- */

INLINE bool count_body(const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n_word, size_t n[3])
{
    uint64_t twice = 0;

    n[0] = n[1] = n[2] = 0;
    for (size_t w = 0; w < n_word; w++) {
        twice |= (a[w] & b[w]) | (a[w] & c[w]) | (b[w] & c[w]);
        n[0] += (size_t) __builtin_popcountll(a[w]);
        n[1] += (size_t) __builtin_popcountll(b[w]);
        n[2] += (size_t) __builtin_popcountll(c[w]);
    }
    return !twice;
}

INLINE size_t common_body(const uint64_t *a, const uint64_t *b, size_t n_word)
{
    size_t n = 0;

    for (size_t w = 0; w < n_word; w++)
        n += (size_t) __builtin_popcountll(a[w] & b[w]);
    return n;
}

/** The bits of x under those of mask, close together. */
static uint64_t pick_portable(uint64_t x, uint64_t mask)
{
    uint64_t out = 0;

    for (unsigned k = 0; mask; mask &= mask - 1, k++)
        out |= (x >> __builtin_ctzll(mask) & 1) << k;
    return out;
}

INLINE void pick_body(const uint64_t *x, const uint64_t *mask, size_t n_word, uint64_t *out, uint64_t (*pick)(uint64_t, uint64_t))
{
    unsigned at = 0;

    out[0] = 0;
    for (size_t w = 0; w < n_word; w++) {
        unsigned n;
        uint64_t v;

        if (!mask[w])
            continue;
        n = (unsigned) __builtin_popcountll(mask[w]);
        v = pick(x[w], mask[w]);
        *out |= v << at;
        if (at + n >= 64) {
            *++out = at ? v >> (64 - at) : 0;
            at = at + n - 64;
        }
        else
            at += n;
    }
}

/** The reverse: the lowest bits of x to the places of mask. */
static uint64_t place_portable(uint64_t x, uint64_t mask)
{
    uint64_t out = 0;

    for (; mask; mask &= mask - 1, x >>= 1)
        out |= (x & 1) << __builtin_ctzll(mask);
    return out;
}

INLINE void place_body(const uint64_t *few, const uint64_t *mask, size_t n_word, uint64_t *out, uint64_t (*place)(uint64_t, uint64_t))
{
    size_t at = 0;

    for (size_t w = 0; w < n_word; w++) {
        unsigned n = (unsigned) __builtin_popcountll(mask[w]), from = at % 64;
        uint64_t x = n ? few[at / 64] >> from : 0;

        if (from + n > 64)
            x |= few[at / 64 + 1] << (64 - from);
        out[w] = place(x, mask[w]);
        at += n;
    }
}

static bool   count_portable(const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n_word, size_t n[3]) { return count_body(a, b, c, n_word, n); }
static size_t common_portable(const uint64_t *a, const uint64_t *b, size_t n_word) { return common_body(a, b, n_word); }
#if defined __x86_64__
#include <immintrin.h>
SUND_TARGET_AVX2 static bool   count_avx2(const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n_word, size_t n[3]) { return count_body(a, b, c, n_word, n); }
SUND_TARGET_AVX2 static size_t common_avx2(const uint64_t *a, const uint64_t *b, size_t n_word) { return common_body(a, b, n_word); }
SUND_TARGET_AVX2 INLINE uint64_t pick_avx2(uint64_t x, uint64_t mask) { return _pext_u64(x, mask); }
SUND_TARGET_AVX2 static void   picks_avx2(const uint64_t *x, const uint64_t *mask, size_t n_word, uint64_t *out) { pick_body(x, mask, n_word, out, pick_avx2); }
SUND_TARGET_AVX2 INLINE uint64_t place_avx2(uint64_t x, uint64_t mask) { return _pdep_u64(x, mask); }
SUND_TARGET_AVX2 static void     places_avx2(const uint64_t *few, const uint64_t *mask, size_t n_word, uint64_t *out) { place_body(few, mask, n_word, out, place_avx2); }
#else
#define count_avx2  count_portable
#define common_avx2 common_portable
#endif

static bool count_classes(const uint64_t *a, const uint64_t *b, const uint64_t *c, size_t n_word, size_t n[3])
{
    return sund_cpu_path() ? count_avx2(a, b, c, n_word, n) : count_portable(a, b, c, n_word, n);
}

size_t sund_plane_common(const uint64_t *a, const uint64_t *b, size_t n_word) { return sund_cpu_path() ? common_avx2(a, b, n_word) : common_portable(a, b, n_word); }

static void picks(const uint64_t *x, const uint64_t *mask, size_t n_word, uint64_t *out)
{
#if defined __x86_64__
    if (sund_cpu_path()) {
        picks_avx2(x, mask, n_word, out);
        return;
    }
#endif
    pick_body(x, mask, n_word, out, pick_portable);
}

void sund_plane_spread(const uint64_t *few, const uint64_t *mask, size_t n_word, uint64_t *out)
{
#if defined __x86_64__
    if (sund_cpu_path()) {
        places_avx2(few, mask, n_word, out);
        return;
    }
#endif
    place_body(few, mask, n_word, out, place_portable);
}

/* ---- a site ---- */

static sund_code bad(sund_err *err) { return sund_fail(err, SUND_E_ARG, "people are not in order, not of this store, or given twice at one site"); }

static bool ascending(const uint32_t *list, size_t n, size_t below)
{
    for (size_t i = 1; i < n; i++)
        if (list[i - 1] >= list[i])
            return false;
    return n == 0 || list[n - 1] < below;
}

static sund_code set_sparse(sund_sorted *s, const sund_gt *g, sund_err *err)
{
    const uint32_t *const list[3] = { g->het, g->hom, g->missing };
    const size_t          n[3] = { g->n_het, g->n_hom, g->n_missing };
    const int             class[3] = { SUND_HET, SUND_HOM_ALT - g->rest, SUND_GT_MISSING };
    uint64_t             *seen = s->bits[0];
    bool                  twice = false;

    if (g->rest != SUND_HOM_REF && g->rest != SUND_HOM_ALT)
        return bad(err);
    s->n[g->rest] = s->n_person;
    for (int k = 0; k < 3; k++) {
        if (!ascending(list[k], n[k], s->n_person))
            return bad(err);
        s->list[class[k]] = n[k] ? list[k] : s->own_list[class[k]];
        s->n[class[k]] = n[k];
        for (size_t i = 0; i < n[k]; i++)
            seen[list[k][i] / 64] = 0;
    }
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < n[k]; i++) {
            twice |= seen[list[k][i] / 64] >> (list[k][i] % 64) & 1;
            seen[list[k][i] / 64] |= 1ULL << (list[k][i] % 64);
        }
    if (twice)
        return bad(err);
    s->n[g->rest] -= n[0] + n[1] + n[2];
    return SUND_OK;
}

static sund_code set_dense(sund_sorted *s, const sund_gt *g, sund_err *err)
{
    const uint64_t *const plane[3] = { g->het_plane, g->hom_plane, g->missing_plane };
    size_t                n[3];

    if (!count_classes(plane[0], plane[1], plane[2], s->n_word, n))
        return bad(err);
    for (int k = 0; k < 3; k++) {
        if (s->n_person % 64 && plane[k][s->n_word - 1] >> (s->n_person % 64))
            return bad(err);
        s->plane[SUND_HET + k] = plane[k];
        s->n[SUND_HET + k] = n[k];
    }
    s->n[SUND_HOM_REF] = s->n_person - n[0] - n[1] - n[2];
    return SUND_OK;
}

const uint64_t *sund_sorted_plane(sund_sorted *s, int k)
{
    uint64_t *p = s->own_plane[k];

    if (s->plane[k])
        return s->plane[k];
    s->plane[k] = p;
    memset(p, 0, s->n_word * sizeof *p);
    if (s->list[k]) {
        for (size_t i = 0; i < s->n[k]; i++)
            p[s->list[k][i] / 64] |= 1ULL << (s->list[k][i] % 64);
        return p;
    }
    for (int j = 0; j < SUND_N_CLASS; j++) { /* those who are in no other class */
        const uint64_t *other = j == k ? NULL : sund_sorted_plane(s, j);

        for (size_t w = 0; other && w < s->n_word; w++)
            p[w] |= other[w];
    }
    for (size_t w = 0; w < s->n_word; w++)
        p[w] = ~p[w];
    if (s->n_person % 64)
        p[s->n_word - 1] &= (1ULL << (s->n_person % 64)) - 1;
    return p;
}

const uint32_t *sund_sorted_list(sund_sorted *s, int k)
{
    const uint64_t *p;
    size_t          n = 0;

    if (s->list[k])
        return s->list[k];
    p = sund_sorted_plane(s, k);
    for (size_t w = 0; w < s->n_word && n < s->n[k]; w++)
        for (uint64_t bits = p[w]; bits; bits &= bits - 1)
            s->own_list[k][n++] = (uint32_t) (w * 64 + (size_t) __builtin_ctzll(bits));
    return s->list[k] = s->own_list[k];
}

/** Phase of the hets, in their order. */
static void set_phase(sund_sorted *s, const sund_gt *gt, const sund_phase *phase)
{
    size_t          n = s->n[SUND_HET], n_word = (n + 63) / 64;
    const uint64_t *given[2];

    s->n_phased = 0;
    if (!phase || !phase->phased)
        return;
    given[0] = phase->phased;
    given[1] = phase->alt_first;
    for (int k = 0; k < 2 && n; k++) {
        if (gt->sparse)
            memcpy(s->bits[k], given[k], n_word * sizeof *s->bits[k]);
        else
            picks(given[k], sund_sorted_plane(s, SUND_HET), s->n_word, s->bits[k]);
        if (n % 64)
            s->bits[k][n_word - 1] &= (1ULL << (n % 64)) - 1;
    }
    for (size_t w = 0; w < n_word; w++) {
        s->bits[1][w] &= s->bits[0][w];
        s->n_phased += (size_t) __builtin_popcountll(s->bits[0][w]);
    }
}

sund_code sund_sorted_set(sund_sorted *s, const sund_gt *gt, const sund_phase *phase, sund_err *err)
{
    for (int k = 0; k < SUND_N_CLASS; k++) {
        s->list[k] = NULL;
        s->plane[k] = NULL;
    }
    SUND_TRY(gt->sparse ? set_sparse(s, gt, err) : set_dense(s, gt, err));
    set_phase(s, gt, phase);
    return SUND_OK;
}

void sund_sorted_phase_plane(sund_sorted *s, int which, uint64_t *out)
{
    const uint64_t *het = sund_sorted_plane(s, SUND_HET);
    size_t          i = 0;

    memset(out, 0, s->n_word * sizeof *out);
    for (size_t w = 0; s->n_phased && w < s->n_word; w++)
        for (uint64_t left = het[w]; left; left &= left - 1, i++)
            out[w] |= s->bits[which][i / 64] >> (i % 64) & 1 ? left & -left : 0;
}

/* ---- from a byte a person ---- */

bool sund_gt_of_codes(const uint8_t *code, size_t n_person, uint64_t *plane, sund_gt *gt, sund_phase *phase)
{
    size_t   n_word = (n_person + 63) / 64;
    unsigned any = 0;

    for (size_t w = 0; w < n_word; w++) {
        uint64_t x[5] = { 0, 0, 0, 0, 0 };
        size_t   n = n_person - 64 * w < 64 ? n_person - 64 * w : 64;

        for (size_t i = 0; i < n; i++) {
            uint64_t c = code[64 * w + i], low = c & 1, high = c >> 1 & 1;

            any |= (unsigned) c;
            x[0] |= (low & ~high) << i;
            x[1] |= (high & ~low) << i;
            x[2] |= (low & high) << i;
            x[3] |= (c >> 2 & 1) << i;
            x[4] |= (c >> 3 & 1) << i;
        }
        for (size_t k = 0; k < 5; k++)
            plane[k * n_word + w] = x[k];
    }
    *gt = (sund_gt){ .het_plane = plane, .hom_plane = plane + n_word, .missing_plane = plane + 2 * n_word };
    *phase = (sund_phase){ plane + 3 * n_word, plane + 4 * n_word };
    return any <= 15;
}
