/* From a call in a record to bits of planes: how many copies the person has there decides what is a whole call.
 *
 *     copies  call             becomes                 counted as
 *     0       anything         missing
 *     1       1, 1/1, 1/., ./1 one copy of 1
 *     1       0/1, 1/2         missing                 haploid_het
 *     2       0/1, 1|2         itself
 *     2       0/., 1           missing                 half
 *     any     0/1/1            missing                 half
 *
 * `1` where two copies are expected is half a call: of the other copy nothing is said. */
#include "store/import_priv.h"

static bool allele(uint16_t a) { return a < SUND_CALL_MANY; }

static const sund_call nothing = { SUND_CALL_MISSING, SUND_CALL_MISSING, 0, 0 };

static sund_call one_copy(sund_call c, sund_call_counts *count)
{
    if (allele(c.a) && allele(c.b) && c.a != c.b) {
        count->haploid_het++;
        return nothing;
    }
    c.a = allele(c.a) ? c.a : c.b;
    c.b = c.a;
    c.phased = 0;
    return allele(c.a) ? c : nothing;
}

static sund_call resolve(sund_call c, unsigned copies, sund_call_counts *count)
{
    bool any = allele(c.a) || allele(c.b) || c.a == SUND_CALL_MANY;

    if (copies == 0 || !any)
        return nothing;
    if (c.low) {
        count->filtered++;
        return nothing;
    }
    if (c.a == SUND_CALL_MANY) {
        count->half++;
        return nothing;
    }
    if (copies == 1)
        return one_copy(c, count);
    if (!allele(c.a) || !allele(c.b)) {
        count->half++;
        return nothing;
    }
    return c;
}

void sund_calls_resolve(const sund_call *in, sund_call *out, size_t n, const uint8_t *copies,
                        sund_call_counts *count)
{
    sund_call_counts ignored = { 0 };

    for (size_t i = 0; i < n; i++) {
        const sund_call c = in[i];
        if (copies[i] == 2 && allele(c.a) && allele(c.b) && !c.low)
            out[i] = c;
        else
            out[i] = resolve(c, copies[i], count ? count : &ignored);
    }
}

void sund_calls_planes(const sund_call *c, size_t n, unsigned k, uint64_t *plane)
{
    size_t n_word = (n + 63) / 64;

    for (size_t w = 0; w < n_word; w++) {
        uint64_t x[SUND_N_PLANE] = { 0, 0, 0, 0, 0 };

        for (size_t i = 64 * w; i < n && i < 64 * w + 64; i++) {
            uint64_t first = c[i].a == k, second = c[i].b == k, bit = i % 64;

            x[SUND_LANE_HET] |= (first ^ second) << bit;
            x[SUND_LANE_HOM] |= (first & second) << bit;
            x[SUND_LANE_MISSING] |= (uint64_t) (c[i].a == SUND_CALL_MISSING) << bit;
            x[SUND_LANE_PHASED] |= (uint64_t) c[i].phased << bit;
            x[SUND_LANE_FIRST] |= first << bit;
        }
        for (size_t p = 0; p < SUND_N_PLANE; p++)
            plane[p * n_word + w] = x[p];
    }
}
