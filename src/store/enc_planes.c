#include "store/encoding.h"

#include <string.h>

/* Common sites: a bit for each person in two planes, people ascending from the lowest bit of the first byte; blocks of them are
 * compressed together.
 *
 *   het plane 8 n_word | hom-alt plane 8 n_word | u8 how | missing: list (how 0) or plane 8 n_word (how 1)
 */

static bool fits(const sund_sorted *s)
{
    (void) s;
    return true;
}

static void put_plane(sund_sorted *s, int k, sund_buf *out)
{
    const uint64_t *p = sund_sorted_plane(s, k);

    for (size_t w = 0; w < s->n_word; w++)
        sund_buf_u64(out, p[w]);
}

static void encode(sund_sorted *s, sund_buf *out)
{
    bool dense = s->n[SUND_GT_MISSING] * 16 > s->n_person;

    put_plane(s, SUND_HET, out);
    put_plane(s, SUND_HOM_ALT, out);
    sund_buf_u8(out, dense);
    if (dense)
        put_plane(s, SUND_GT_MISSING, out);
    else
        sund_list_write(sund_sorted_list(s, SUND_GT_MISSING), s->n[SUND_GT_MISSING], out);
}

/** Bits behind the last person must be clear: kernels count whole words. */
static bool get_plane(sund_cur *c, size_t n_person, size_t n_word, uint64_t *plane, size_t *n)
{
    *n = 0;
    for (size_t w = 0; w < n_word; w++) {
        plane[w] = sund_cur_u64(c);
        *n += (size_t) __builtin_popcountll(plane[w]);
    }
    if (n_person % 64 && plane[n_word - 1] >> (n_person % 64))
        c->bad = true;
    return !c->bad;
}

static sund_code decode(sund_cur *c, sund_decoded *d, sund_gt *g, sund_err *err)
{
    bool ok;

    *g = (sund_gt){ .sparse = false, .het_plane = d->het_plane, .hom_plane = d->hom_plane, .missing_plane = d->missing_plane };
    ok = get_plane(c, d->n_person, d->n_word, d->het_plane, &g->n_het) && get_plane(c, d->n_person, d->n_word, d->hom_plane, &g->n_hom);
    if (ok && sund_cur_u8(c)) {
        ok = get_plane(c, d->n_person, d->n_word, d->missing_plane, &g->n_missing);
    }
    else if (ok) {
        ok = sund_list_read(c, d->n_person, d->missing, &g->n_missing);
        memset(d->missing_plane, 0, 8 * d->n_word);
        for (size_t i = 0; ok && i < g->n_missing; i++)
            d->missing_plane[d->missing[i] / 64] |= 1ULL << (d->missing[i] % 64);
    }
    return ok ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "a common site's planes cannot be read");
}

extern const sund_encoding sund_encoding_planes;
const sund_encoding        sund_encoding_planes = { 2, "planes", true, fits, encode, decode };
