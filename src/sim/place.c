#include "math/exact.h"
#include "math/func.h"
#include "sim/sim_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static sund_code cut(const sund_sim *sim, sim_stretch *out, size_t *n, sund_err *err)
{
    *n = 0;
    for (size_t k = 0; k < sim->n_region; k++) {
        sund_region r = sim->region[k];
        uint32_t    end = sund_contig_length(sim->assembly, r.contig);

        r.to_bp = r.to_bp < end ? r.to_bp : end;
        if (k && (r.contig < sim->region[k - 1].contig || (r.contig == sim->region[k - 1].contig && r.from_bp < sim->region[k - 1].to_bp)))
            return sund_fail(err, SUND_E_ARG, "the regions are given in order (1-22, X, Y, MT, then by position) and do not overlap");
        if (r.from_bp >= r.to_bp)
            return sund_fail(err, SUND_E_ARG, "a region on %s begins behind the end of the contig in %s", sund_contig_name(r.contig), sund_assembly_name(sim->assembly));
        while (r.from_bp < r.to_bp) {
            sim_stretch s = { .at = r, .rule = sund_copies_at(sim->assembly, r.contig, r.from_bp) };

            end = sund_copies_end(sim->assembly, r.contig, r.from_bp);
            s.at.to_bp = end < r.to_bp ? end : r.to_bp;
            r.from_bp = s.at.to_bp;
            if (r.contig != SUND_Y || s.rule != SUND_DIPLOID)
                out[(*n)++] = s;
        }
    }
    return *n ? SUND_OK : sund_fail(err, SUND_E_ARG, "the regions hold only what Y shares with X, which is written on X: give X too");
}

sund_code sim_stretches(const sund_sim *sim, sim_stretch **out, size_t *n, sund_err *err)
{
    uint64_t  length = 0, at = 0, dealt = 0;
    sund_code rc;

    *out = calloc(5 * sim->n_region + 1, sizeof **out); /* X has five */
    if (!*out)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = cut(sim, *out, n, err);
    for (size_t k = 0; rc == SUND_OK && k < *n; k++)
        length += (*out)[k].at.to_bp - (*out)[k].at.from_bp;
    if (rc == SUND_OK && sim->n_site > length / 2)
        rc = sund_fail(err, SUND_E_ARG, "%llu sites do not fit into %llu bases: at most every second; give more or longer regions", (unsigned long long) sim->n_site, (unsigned long long) length);
    for (size_t k = 0; rc == SUND_OK && k < *n; k++) {
        uint64_t upto;

        at += (*out)[k].at.to_bp - (*out)[k].at.from_bp;
        upto = (uint64_t) ((sund_u128) sim->n_site * at / length);
        (*out)[k].n_site = upto - dealt;
        dealt = upto;
    }
    if (rc != SUND_OK) {
        free(*out);
        *out = NULL;
    }
    return rc;
}

sim_walk sim_walk_of(const sim_stretch *s, uint64_t seed, uint64_t first_site)
{
    return (sim_walk){ s, s->n_site, s->at.from_bp, 0.0, { sund_rand_u64(seed, STREAM_PLACE, first_site) } };
}

uint32_t sim_walk_next(sim_walk *w)
{
    double   length = (double) (w->s->at.to_bp - w->s->at.from_bp);
    uint32_t pos, last = w->s->at.to_bp - (uint32_t) w->left; /* the others must still fit */

    /* the smallest of `left` uniform numbers on what is left of the stretch */
    w->x += (1.0 - w->x) * (1.0 - sund_exp(sund_quick_ln(sund_rand_next_unit(&w->r)) / (double) w->left));
    pos = w->s->at.from_bp + (uint32_t) floor(w->x * length);
    pos = pos < w->next_bp ? w->next_bp : pos;
    pos = pos > last ? last : pos;
    w->next_bp = pos + 1;
    w->left--;
    return pos;
}

/** The sequence that all simulations share. */
static char base_at(int contig, uint32_t pos_bp) { return "ACGT"[sund_rand_u64(0x53756E64, (uint64_t) contig, pos_bp) >> 62]; }

/** A length of 1 to 16, half as many of each as of the one before; on from there, the first for which `fits` is so. */
static unsigned indel_length(sund_rand *r)
{
    unsigned n = 1;

    while (n < 16 && sund_rand_next(r) >> 63)
        n++;
    return n;
}

static sund_kind indel(sund_variant *v, char *ref, char *alt, bool deletion, uint32_t room_bp, sund_rand *r)
{
    unsigned n = indel_length(r);

    ref[0] = alt[0] = base_at(v->contig, v->pos_bp);
    if (deletion) { /* left-aligned when the last base that goes is not the one before the gap */
        n = n < room_bp ? n : room_bp;
        for (unsigned k = 1; k <= n; k++)
            ref[k] = base_at(v->contig, v->pos_bp + k);
        while (n > 0 && ref[n] == ref[0])
            n--;
        v->n_ref = n + 1;
        return n ? SUND_KIND_INDEL : SUND_KIND_SNV;
    }
    for (unsigned k = 1; k < n; k++)
        alt[k] = "ACGT"[sund_rand_next(r) >> 62];
    alt[n] = "ACGT"[((size_t) (strchr("ACGT", ref[0]) - "ACGT") + 1 + sund_rand_below(r, 3)) % 4];
    v->n_alt = n + 1;
    return SUND_KIND_INDEL;
}

sund_kind sim_alleles(sund_variant *v, char *ref, char *alt, uint32_t end_bp, sund_rand *r)
{
    static const char transition[] = "GTAC"; /* of A, C, G, T */
    uint32_t          what = sund_rand_below(r, 100);
    size_t            base;

    v->ref = ref;
    v->alt = alt;
    v->n_ref = v->n_alt = 1;
    if (what < 8 && indel(v, ref, alt, what < 5, end_bp - 1 - v->pos_bp, r) == SUND_KIND_INDEL)
        return SUND_KIND_INDEL;
    ref[0] = base_at(v->contig, v->pos_bp);
    base = (size_t) (strchr("ACGT", ref[0]) - "ACGT");
    if (sund_rand_below(r, 3) < 2)
        alt[0] = transition[base];
    else
        alt[0] = "ACGT"[(base + (sund_rand_next(r) >> 63 ? 1 : 3)) % 4]; /* A and C, C and G, ... are no transitions; neither is A and T */
    return SUND_KIND_SNV;
}
