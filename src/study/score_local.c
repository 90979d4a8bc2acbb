#include "study/score_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A node's own part of a polygenic score. */

typedef struct match { size_t row; bool turned, other_strand; } match; /* turned: the effect allele is REF */

static char complement(char c)
{
    switch (c) {
    case 'A': return 'T';
    case 'C': return 'G';
    case 'G': return 'C';
    case 'T': return 'A';
    default: return c;
    }
}

static bool allele_is(const char *p, uint32_t n, const char *want, bool other_strand)
{
    if (strlen(want) != n)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (p[i] != (other_strand ? complement(want[n - 1 - i]) : want[i]))
            return false;
    return true;
}

bool sund_score_palindromic(const sund_score_row *r) { return r->other && allele_is(r->other, (uint32_t) strlen(r->other), r->effect, true); }

/** The store's row for a row of the file: as it is written first, then with the alleles turned round, then on the other strand (never for A/T and C/G, nor without the other
 *  allele). Without the other allele the first row at the place that has the effect allele is taken. */
static bool find_row(const sund_view *v, const sund_score_row *r, match *out)
{
    size_t    from = sund_store_from(v->store, r->contig, r->pos_bp), n_site = sund_store_describe(v->store)->n_site;
    sund_site site;

    for (int strand = 0; strand <= (r->other && !sund_score_palindromic(r)); strand++)
        for (int turned = 0; turned < 2; turned++)
            for (size_t j = from; j < n_site; j++) {
                const char *ref = turned ? r->effect : r->other, *alt = turned ? r->other : r->effect;

                sund_store_site(v->store, j, &site);
                if (site.v.contig != r->contig || site.v.pos_bp != r->pos_bp)
                    break;
                if ((!ref || allele_is(site.v.ref, site.v.n_ref, ref, strand)) && (!alt || allele_is(site.v.alt, site.v.n_alt, alt, strand))) {
                    *out = (match){ j, turned, strand };
                    return true;
                }
            }
    return false;
}

sund_code sund_score_matches_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, sund_vec *out, sund_err *err)
{
    const score_own   *own = st->own;
    sund_store_reader *reader = NULL;
    sund_person_plane  members = sund_person_plane_of(v->member, v->n_word);
    size_t             from, n = sund_chunk_range(r, st->study, SCORE_LANES, chunk, &from);
    sund_code          rc = SUND_OK;

    if (sund_store_describe(v->store)->assembly != own->assembly)
        return sund_fail(err, SUND_E_MISMATCH, "the genotypes are on %s, the study asks on %s", sund_assembly_name(sund_store_describe(v->store)->assembly), sund_assembly_name(own->assembly));
    SUND_TRY(sund_vec_new(out, n * SCORE_LANES, 0, err));
    SUND_TRY(sund_store_reader_open(&reader, v->store, err));
    for (size_t i = 0; i < n && rc == SUND_OK; i++) {
        sund_classes c;
        match        m;

        if (!find_row(v, &own->file.row[from + i], &m))
            continue;
        rc = sund_store_count(reader, m.row, &members, 1, &c, err);
        if (rc != SUND_OK)
            break;
        sund_vec_add64(out, i * SCORE_LANES, c.ref + c.het + c.alt);
        sund_vec_add64(out, i * SCORE_LANES + 1, c.het);
        sund_vec_add64(out, i * SCORE_LANES + 2, m.turned ? c.ref : c.alt);
        sund_vec_add64(out, i * SCORE_LANES + 3 + (m.other_strand ? 2u : m.turned), 1);
    }
    if (rc == SUND_OK)
        rc = sund_store_sound(v->store, err); /* whether what was not found is not there */
    sund_store_reader_close(reader);
    return rc;
}

/** What each genotype class adds to a score, and a missing call. */
typedef struct gain { int64_t ref, het, alt, missing; } gain;

static gain gain_of(const score_own *own, size_t i, bool turned)
{
    int64_t w = own->weight[i], two = own->file.row[i].coding == SUND_SCORE_ADDITIVE ? 2 * w : w, one = own->file.row[i].coding == SUND_SCORE_RECESSIVE ? 0 : w;

    return (gain){ turned ? two : 0, one, turned ? 0 : two, own->mean[i] };
}

static void add_list(int64_t *score, const uint32_t *list, size_t n, int64_t x)
{
    for (size_t i = 0; i < n; i++)
        score[list[i]] += x;
}

static void add_plane(int64_t *score, const uint64_t *plane, size_t n_word, int64_t x)
{
    for (size_t w = 0; w < n_word; w++)
        for (uint64_t bits = plane[w]; bits; bits &= bits - 1)
            score[w * 64 + (size_t) __builtin_ctzll(bits)] += x;
}

/** Adds a row to everyone's score: what most have goes into *all, the others get the difference. Integers: the order does not matter. */
static void add_row(const sund_view *v, const sund_gt *g, gain x, int64_t *score, int64_t *all)
{
    int64_t rest = g->sparse && g->rest == 2 ? x.alt : x.ref;

    *all += rest;
    if (g->sparse) {
        add_list(score, g->het, g->n_het, x.het - rest);
        add_list(score, g->hom, g->n_hom, (g->rest == 2 ? x.ref : x.alt) - rest);
        add_list(score, g->missing, g->n_missing, x.missing - rest);
        return;
    }
    add_plane(score, g->het_plane, v->n_word, x.het - rest);
    add_plane(score, g->hom_plane, v->n_word, x.alt - rest);
    add_plane(score, g->missing_plane, v->n_word, x.missing - rest);
}

sund_code sund_score_people(const sund_state *st, const sund_view *v, const int64_t **out, sund_err *err)
{
    const score_own   *own = st->own;
    void             **kept = sund_view_kept(v, UINT32_MAX, free);
    sund_store_reader *reader = NULL;
    int64_t           *score, all = 0;
    sund_code          rc = SUND_OK;

    if ((*out = *kept))
        return SUND_OK;
    score = calloc(v->n_word * 64 + 1, sizeof *score);
    if (!score)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);
    rc = sund_store_reader_open(&reader, v->store, err);
    for (size_t i = 0; i < own->file.n_row && rc == SUND_OK; i++) {
        sund_gt g;
        match   m;

        if (!own->used[i])
            continue;
        if (!find_row(v, &own->file.row[i], &m)) { /* others have it: everyone here takes the pooled mean */
            all += own->mean[i];
            continue;
        }
        rc = sund_store_read(reader, m.row, &g, err);
        if (rc == SUND_OK)
            add_row(v, &g, gain_of(own, i, m.turned), score, &all);
    }
    if (rc == SUND_OK)
        rc = sund_store_sound(v->store, err);
    for (size_t i = 0; i < v->n_person; i++)
        score[i] += all;
    sund_store_reader_close(reader);
    if (rc != SUND_OK) {
        free(score);
        return rc;
    }
    *kept = score;
    *out = score;
    return SUND_OK;
}

static bool member(const sund_view *v, size_t i) { return v->member[i / 64] >> (i % 64) & 1; }

static size_t group_of(const score_own *own, const sund_view *v, size_t i) { return own->group < v->plan.n ? (size_t) v->column[own->group][i] : own->n_group; }

sund_code sund_score_moments_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    const score_own *own = st->own;
    const int64_t   *score;

    SUND_TRY(sund_vec_new(out, 3 * (own->n_group + 1), 3 * (own->n_group + 1), err));
    SUND_TRY(sund_score_people(st, v, &score, err));
    for (size_t i = 0; i < v->n_person; i++) {
        int64_t s = score[i] >> 16, y = own->outcome < v->plan.n ? v->column[own->outcome][i] : 0;
        size_t  g = group_of(own, v, i);

        if (!member(v, i))
            continue;
        if (g > own->n_group)
            return sund_fail(err, SUND_E_FORMAT, "a value lies outside its declared codes; import the people again");
        for (size_t k = 0; k < 2; k++) { /* the own group, then everybody */
            size_t at = k ? own->n_group : g;

            if (k == 0 && g == own->n_group)
                continue;
            sund_vec_add64(out, 3 * at, 1);
            sund_vec_add64(out, 3 * at + 1, s);
            sund_vec_add64(out, 3 * at + 2, y);
            sund_vec_add128(out, 3 * at, (sund_i128) s * s);
            sund_vec_add128(out, 3 * at + 1, (sund_i128) s * y);
            sund_vec_add128(out, 3 * at + 2, (sund_i128) y * y);
        }
    }
    return SUND_OK;
}

size_t sund_score_bin(const score_own *own, int64_t s)
{
    double z = own->spread > 0.0 ? ((double) s - own->centre) / own->spread : 0.0, b = floor(z * 100.0) + SCORE_BINS / 2;

    return b < 0.0 ? 0 : b >= SCORE_BINS ? SCORE_BINS - 1 : (size_t) b;
}

sund_code sund_score_bins_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    const score_own *own = st->own;
    const int64_t   *score;

    SUND_TRY(sund_vec_new(out, 2 * SCORE_BINS * (own->n_group + 1), 0, err));
    SUND_TRY(sund_score_people(st, v, &score, err));
    for (size_t i = 0; i < v->n_person; i++) {
        size_t  b = sund_score_bin(own, score[i] >> 16), g = group_of(own, v, i);
        int64_t y = own->outcome < v->plan.n ? v->column[own->outcome][i] : 0;

        if (!member(v, i))
            continue;
        sund_vec_add64(out, 2 * (own->n_group * SCORE_BINS + b), 1);
        sund_vec_add64(out, 2 * (own->n_group * SCORE_BINS + b) + 1, y);
        if (g < own->n_group) {
            sund_vec_add64(out, 2 * (g * SCORE_BINS + b), 1);
            sund_vec_add64(out, 2 * (g * SCORE_BINS + b) + 1, y);
        }
    }
    return SUND_OK;
}
