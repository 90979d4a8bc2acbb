#include "store/encoding.h"

/* Rare sites: 97 to 99 % of all. Only people off the common homozygote are listed.
 *
 *   u8 rest (0 or 2) | list het | list other homozygote | list missing
 */

static bool fits(const sund_sorted *s)
{
    size_t common = s->n[SUND_HOM_REF] > s->n[SUND_HOM_ALT] ? s->n[SUND_HOM_REF] : s->n[SUND_HOM_ALT];

    /* a listed person costs about a byte and a half, a plane a quarter of a byte before compression */
    return (s->n_person - common) * 16 <= s->n_person || s->n_person < 64;
}

static void put_list(sund_sorted *s, int k, sund_buf *out) { sund_list_write(sund_sorted_list(s, k), s->n[k], out); }

static void encode(sund_sorted *s, sund_buf *out)
{
    bool alt = s->n[SUND_HOM_ALT] > s->n[SUND_HOM_REF];

    sund_buf_u8(out, alt ? 2 : 0);
    put_list(s, SUND_HET, out);
    put_list(s, alt ? SUND_HOM_REF : SUND_HOM_ALT, out);
    put_list(s, SUND_GT_MISSING, out);
}

static sund_code decode(sund_cur *c, sund_decoded *d, sund_gt *g, sund_err *err)
{
    *g = (sund_gt){ .sparse = true, .rest = sund_cur_u8(c), .het = d->het, .hom = d->hom, .missing = d->missing };
    if ((g->rest != 0 && g->rest != 2) || !sund_list_read(c, d->n_person, d->het, &g->n_het) || !sund_list_read(c, d->n_person, d->hom, &g->n_hom) ||
        !sund_list_read(c, d->n_person, d->missing, &g->n_missing))
        return sund_fail(err, SUND_E_FORMAT, "a rare site's lists cannot be read");
    return SUND_OK;
}

extern const sund_encoding sund_encoding_rare;
const sund_encoding        sund_encoding_rare = { 1, "rare", false, fits, encode, decode };
