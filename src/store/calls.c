/* From a call in a record to a genotype byte: how many copies the person has there decides what is a whole call.
 *
 *     copies  call             becomes                 counted as
 *     0       anything         missing
 *     1       1, 1/1, 1/., ./1 one copy of 1
 *     1       0/1, 1/2         missing                 n_haploid_het
 *     2       0/1, 1|2         itself
 *     2       0/., 1           missing                 n_half_call
 *     any     0/1/1            missing                 n_half_call
 *
 * `1` where two copies are expected is half a call: of the other copy nothing is said. */
#include "store/import_priv.h"

static bool allele(uint16_t a) { return a < SUND_CALL_MANY; }

static const sund_call nothing = { SUND_CALL_MISSING, SUND_CALL_MISSING, 0, 0 };

static sund_call one_copy(sund_call c, sund_import_report *count)
{
    if (allele(c.a) && allele(c.b) && c.a != c.b) {
        count->n_haploid_het++;
        return nothing;
    }
    c.a = allele(c.a) ? c.a : c.b;
    c.b = c.a;
    c.phased = 0;
    return allele(c.a) ? c : nothing;
}

static sund_call resolve(sund_call c, unsigned copies, sund_import_report *count)
{
    bool any = allele(c.a) || allele(c.b) || c.a == SUND_CALL_MANY;

    if (copies == 0 || !any)
        return nothing;
    if (c.low) {
        count->n_filtered_genotype++;
        return nothing;
    }
    if (c.a == SUND_CALL_MANY) {
        count->n_half_call++;
        return nothing;
    }
    if (copies == 1)
        return one_copy(c, count);
    if (!allele(c.a) || !allele(c.b)) {
        count->n_half_call++;
        return nothing;
    }
    return c;
}

void sund_calls_resolve(const sund_call *in, sund_call *out, size_t n, const uint8_t *copies,
                        sund_import_report *report)
{
    sund_import_report ignored = { 0 };

    for (size_t i = 0; i < n; i++) {
        const sund_call c = in[i];
        if (copies[i] == 2 && allele(c.a) && allele(c.b) && !c.low)
            out[i] = c;
        else
            out[i] = resolve(c, copies[i], report ? report : &ignored);
    }
}

void sund_calls_code(const sund_call *c, size_t n, unsigned k, uint8_t *gt)
{
    for (size_t i = 0; i < n; i++) {
        unsigned first = c[i].a == k, second = c[i].b == k, g = first + second;
        if (c[i].a == SUND_CALL_MISSING)
            g = SUND_GT_MISSING;
        else if (g == 1 && c[i].phased)
            g |= SUND_GT_PHASED | (first ? SUND_GT_ALT_FIRST : 0u);
        gt[i] = (uint8_t) g;
    }
}
