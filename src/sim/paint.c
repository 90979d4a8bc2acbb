#include "sim/sim_priv.h"

#include "math/func.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

sund_code sim_paint_init(sim_paint *p, const sim_cohort *c, sund_err *err)
{
    uint64_t **plane[] = { &p->strand[0], &p->strand[1], &p->none, &p->single, &p->missing, &p->het, &p->hom };
    bool       good;

    memset(p, 0, sizeof *p);
    p->c = c;
    p->n_word = (c->n + 63) / 64;
    p->passes = calloc(c->n + 1, 1);
    good = p->passes != NULL;
    for (size_t k = 0; k < sizeof plane / sizeof plane[0]; k++) {
        *plane[k] = calloc(p->n_word + 1, sizeof **plane[k]);
        good &= *plane[k] != NULL;
    }
    return good ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", c->n);
}

void sim_paint_free(sim_paint *p)
{
    free(p->strand[0]);
    free(p->strand[1]);
    free(p->none);
    free(p->single);
    free(p->missing);
    free(p->passes);
    free(p->het);
    free(p->hom);
    memset(p, 0, sizeof *p);
}

static void set(uint64_t *plane, size_t i) { plane[i / 64] |= 1ull << (i % 64); }

void sim_paint_rule(sim_paint *p, sund_copies rule)
{
    p->rule = rule;
    p->n_hap = 0;
    memset(p->none, 0, p->n_word * sizeof *p->none);
    memset(p->single, 0, p->n_word * sizeof *p->single);
    for (size_t i = 0; i < p->c->n; i++) {
        int copies = sund_copies_of(rule, (sund_sex) p->c->sex[i]);

        p->n_hap += (size_t) copies;
        if (copies == 0)
            set(p->none, i);
        if (copies == 1)
            set(p->single, i);
    }
}

void sim_paint_cross(sim_paint *p, bool first, uint32_t pos_bp, sund_rand *r)
{
    double   morgan = ((double) pos_bp - p->cross_bp) * 1e-8, odd = first ? 0.5 : 0.5 * (1.0 - sund_exp(-2.0 * morgan));
    uint64_t below = (uint64_t) floor(odd * 4294967296.0);

    p->cross_bp = (double) pos_bp;
    for (size_t i = 0; i < p->c->n; i++)
        if (p->c->father[i] != NOBODY) {
            uint64_t x = sund_rand_next(r);

            p->passes[i] = (uint8_t) (p->passes[i] ^ ((x & 0xFFFFFFFFu) < below) ^ ((x >> 32) < below) << 1);
        }
}

/** On which of a child's haplotypes a parent's ends up, or -1: fathers give X to daughters and Y to sons, mothers X and MT to all. Of a
 *  pair, the first is the father's; the only copy of a region is the first. */
static int child_strand(sund_copies rule, bool of_father, bool daughter)
{
    switch (rule) {
    case SUND_COPIES_X: return of_father ? (daughter ? 0 : -1) : daughter;
    case SUND_COPIES_Y: return of_father && !daughter ? 0 : -1;
    case SUND_COPIES_MT: return of_father ? -1 : 0;
    case SUND_DIPLOID:
    default: return of_father ? 0 : 1;
    }
}

static size_t paint_children(sim_paint *p, uint32_t parent, uint32_t z)
{
    const sim_cohort *c = p->c;
    bool              father = c->sex[parent] == SUND_MALE, two = sund_copies_of(p->rule, (sund_sex) c->sex[parent]) == 2;
    size_t            n = 0;

    for (uint32_t k = c->child_at[parent]; k < c->child_at[parent + 1]; k++) {
        uint32_t child = c->child[k];
        int      strand = child_strand(p->rule, father, c->sex[child] == SUND_FEMALE);

        if (strand < 0 || (two && ((unsigned) p->passes[child] >> !father & 1u) != z))
            continue;
        set(p->strand[strand], child);
        n++;
    }
    return n;
}

size_t sim_paint_carriers(sim_paint *p, const uint32_t *hap, size_t n)
{
    size_t children = 0;

    memset(p->strand[0], 0, p->n_word * sizeof *p->strand[0]);
    memset(p->strand[1], 0, p->n_word * sizeof *p->strand[1]);
    for (size_t k = 0; k < n; k++) {
        uint32_t i = hap[k] / 2, z = hap[k] % 2;

        set(p->strand[z], i);
        if (p->c->child_at[i] != p->c->child_at[i + 1])
            children += paint_children(p, i, z);
    }
    return n + children;
}

void sim_paint_missing(sim_paint *p, double rate, sund_rand *r)
{
    double per_ln = rate > 0.0 && rate < 1.0 ? 1.0 / sund_ln1p(-rate) : 0.0, at = -1.0;

    memcpy(p->missing, p->none, p->n_word * sizeof *p->missing);
    if (rate <= 0.0)
        return;
    for (;;) { /* the number of calls up to the next missing one is geometric */
        at += 1.0 + floor(sund_quick_ln(sund_rand_next_unit(r)) * per_ln);
        if (!(at < (double) p->c->n))
            return;
        set(p->missing, (size_t) at);
    }
}

void sim_paint_genotypes(const sim_paint *p, sund_gt *gt, sund_phase *phase)
{
    for (size_t w = 0; w < p->n_word; w++) {
        uint64_t a = p->strand[0][w], b = p->strand[1][w], one = p->single[w], there = ~p->missing[w];

        p->het[w] = (a ^ b) & ~one & there;
        p->hom[w] = a & (b | one) & there;
    }
    *gt = (sund_gt){ .het_plane = p->het, .hom_plane = p->hom, .missing_plane = p->missing };
    *phase = (sund_phase){ .phased = p->het, .alt_first = p->strand[0] };
}
