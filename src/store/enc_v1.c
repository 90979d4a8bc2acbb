#include "store/encoding.h"

#include <string.h>
#include <zstd.h>

/* The two encodings of "sund-store 1", which are read and no longer written. Lists are varint n, then each gap as a varint.
 *
 *   rare:   u8 rest (0 or 2) | list het | list other homozygote | list missing | phase
 *   planes: het plane | hom-alt plane | u8 how | missing: list (how 0) or plane (how 1) | phase; blocks are zstd frames
 *   phase:  u8 mode: 0 none, 1 every het, 2 some | with 2 a bit for each het that is phased | with 1, 2 a bit for each het that is alt|ref
 */

static bool list_v1(sund_cur *c, size_t max, uint32_t *list, size_t *n)
{
    size_t   count = sund_varint_read(c);
    uint64_t next = 0;

    if (c->bad || count > max)
        return !(c->bad = true);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = next + sund_varint_read(c);

        if (c->bad || at >= max)
            return !(c->bad = true);
        list[i] = (uint32_t) at;
        next = at + 1;
    }
    *n = count;
    return true;
}

static bool rare_site(sund_cur *c, sund_decoded *d, sund_gt *g)
{
    *g = (sund_gt){ .sparse = true, .rest = sund_cur_u8(c), .het = d->het, .hom = d->hom, .missing = d->missing };
    return (g->rest == 0 || g->rest == 2) && list_v1(c, d->n_person, d->het, &g->n_het) && list_v1(c, d->n_person, d->hom, &g->n_hom) && list_v1(c, d->n_person, d->missing, &g->n_missing);
}

/** Bits behind the last person must be clear: kernels count whole words. */
static bool plane_v1(sund_cur *c, const sund_decoded *d, uint64_t *plane, size_t *n)
{
    *n = 0;
    for (size_t w = 0; w < d->n_word; w++) {
        plane[w] = sund_cur_u64(c);
        *n += (size_t) __builtin_popcountll(plane[w]);
    }
    if (d->n_person % 64 && plane[d->n_word - 1] >> (d->n_person % 64))
        c->bad = true;
    return !c->bad;
}

static bool planes_site(sund_cur *c, sund_decoded *d, sund_gt *g)
{
    *g = (sund_gt){ .sparse = false, .het_plane = d->het_plane, .hom_plane = d->hom_plane, .missing_plane = d->missing_plane };
    if (!plane_v1(c, d, d->het_plane, &g->n_het) || !plane_v1(c, d, d->hom_plane, &g->n_hom))
        return false;
    if (sund_cur_u8(c))
        return plane_v1(c, d, d->missing_plane, &g->n_missing);
    if (!list_v1(c, d->n_person, d->missing, &g->n_missing))
        return false;
    sund_list_plane(d->missing, g->n_missing, d->missing_plane, d->n_word);
    return true;
}

/** n: of d->het, the hets in order. */
static bool phase_v1(sund_cur *c, sund_decoded *d, size_t n, bool *any)
{
    uint8_t        mode = sund_cur_u8(c);
    const uint8_t *phased = mode == 2 ? sund_cur_bytes(c, (n + 7) / 8) : NULL, *first = mode ? sund_cur_bytes(c, (n + 7) / 8) : NULL;

    if (c->bad || mode > 2)
        return false;
    memset(d->phased, 0, 8 * d->n_word);
    memset(d->alt_first, 0, 8 * d->n_word);
    for (size_t i = 0; mode && i < n; i++) {
        uint64_t bit = 1ULL << (d->het[i] % 64);

        d->phased[d->het[i] / 64] |= !phased || phased[i / 8] >> (i % 8) & 1 ? bit : 0;
        d->alt_first[d->het[i] / 64] |= first[i / 8] >> (i % 8) & 1 ? bit : 0;
    }
    *any = mode != 0;
    return true;
}

static sund_cur cur_of(sund_block_view b) { return sund_cur_of(b.p + b.at, b.n - b.at); }

static bool rare_decode(sund_block_view b, sund_decoded *d, sund_gt *g)
{
    sund_cur c = cur_of(b);

    return rare_site(&c, d, g);
}

static bool rare_phase(sund_block_view b, sund_decoded *d, bool *any)
{
    sund_cur c = cur_of(b);
    sund_gt  g;

    return rare_site(&c, d, &g) && phase_v1(&c, d, g.n_het, any);
}

static bool planes_decode(sund_block_view b, sund_decoded *d, sund_gt *g)
{
    sund_cur c = cur_of(b);

    return planes_site(&c, d, g);
}

static bool planes_phase(sund_block_view b, sund_decoded *d, bool *any)
{
    sund_cur c = cur_of(b);
    sund_gt  g;

    return planes_site(&c, d, &g) && phase_v1(&c, d, sund_plane_list(d->het_plane, d->n_word, d->het), any);
}

static sund_code planes_unpack(const uint8_t *p, size_t n, size_t n_person, size_t n_site, size_t n_raw, sund_buf *out, sund_err *err)
{
    (void) n_person, (void) n_site;
    sund_buf_clear(out);
    if (!sund_buf_room(out, n_raw))
        return sund_buf_ok(out, err);
    out->n = n_raw;
    return ZSTD_decompress(out->p, n_raw, p, n) == n_raw ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "cannot be unpacked");
}

extern const sund_encoding sund_encoding_rare, sund_encoding_planes;
const sund_encoding        sund_encoding_rare = { .code = 1, .name = "rare", .decode = rare_decode, .phase = rare_phase };
const sund_encoding        sund_encoding_planes = { .code = 2, .name = "planes", .unpack = planes_unpack, .decode = planes_decode, .phase = planes_phase };
