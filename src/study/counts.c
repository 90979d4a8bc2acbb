#include "stats/hwe.h"
#include "study/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Allele and genotype counts with Hardy-Weinberg tests. Round 0 people, round 1 the counts of every variant of the catalogue's range. With
 * strata, each country adds its own share of the stratified test (two integers), so that mixing populations with different
 * frequencies does not look like a departure (Wahlund). */

typedef struct counts_own { sund_buf text; } counts_own; /* alleles of the row that is being made: nothing of a variant is kept behind its row */

static size_t lanes(const sund_study *s) { return SUND_TALLY_LANES + (s->strata_country ? 2u : 0u); }

static sund_code counts_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome || s->n_covariate)
        return sund_fail(err, SUND_E_ARG, "analysis counts takes no outcome and no covariates: remove those lines");
    if (s->drop_missing)
        return sund_fail(err, SUND_E_ARG, "analysis counts reports missing genotypes as they are: remove the line 'missing'");
    return SUND_OK;
}

static void counts_end(sund_state *st)
{
    counts_own *own = st->own;

    if (own)
        sund_buf_free(&own->text);
    free(own);
    st->own = NULL;
}

static sund_code counts_plan(sund_state *st, sund_round *r, sund_err *err)
{
    (void) err;
    if (r->index == 0) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    (void) snprintf(r->name, sizeof r->name, "counts");
    sund_round_split(r, st->study, r->index == 1 ? st->n_variant : 0, lanes(st->study));
    r->params = sund_round_params(r, st->study, NULL, 0);
    return SUND_OK;
}

typedef struct counts_run {
    const sund_state *st;
    const sund_view  *v;
    size_t            from, n_lane;
    sund_vec         *out;
} counts_run;

static void add_strata(const counts_run *run, sund_presence where, const sund_classes *stratum, sund_copies copies, size_t lane)
{
    int64_t dev = 0, var = 0;

    if (where != SUND_IN_STORE || (copies != SUND_DIPLOID && copies != SUND_COPIES_X))
        return; /* nobody has a het, or no two copies: no share */
    for (size_t s = 0; s < run->v->n_stratum; s++) {
        sund_hwe_stratum((uint64_t) stratum[s].ref, (uint64_t) stratum[s].het, (uint64_t) stratum[s].alt, &dev, &var);
        sund_vec_add64(run->out, lane, dev);
        sund_vec_add64(run->out, lane + 1, var);
    }
}

static sund_code count_item(const counts_run *run, size_t j, sund_store_reader *reader, sund_err *err)
{
    sund_presence     where = sund_view_presence(run->v, run->st->catalogue, j);
    sund_copies       copies = sund_state_copies(run->st, j);
    size_t            lane = (j - run->from) * run->n_lane;
    bool              strata = run->n_lane > SUND_TALLY_LANES;
    sund_classes      stratum[SUND_STRATA_MAX];
    sund_tally        t;

    SUND_TRY(sund_tally_own(run->v, j, where, copies, reader, &t, strata ? stratum : NULL, err));
    sund_tally_put(run->out, lane, &t);
    if (strata)
        add_strata(run, where, stratum, copies, lane + SUND_TALLY_LANES);
    return SUND_OK;
}

static sund_code count_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    (void) thread;
    for (size_t j = from; j < from + n; j++)
        SUND_TRY(count_item(ctx, j, reader, err));
    return SUND_OK;
}

static sund_code counts_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    counts_run run = { st, v, 0, lanes(st->study), out };
    size_t     n;

    if (r->index == 0)
        return sund_people_local(v, out, err);
    n = sund_chunk_range(r, st->study, run.n_lane, chunk, &run.from);
    SUND_TRY(sund_vec_new(out, n * run.n_lane, 0, err));
    return sund_each_items(v, run.from, n, n_thread, count_items, &run, err);
}

static sund_code counts_alone(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, const sund_vec *own, sund_err *err)
{
    size_t k = lanes(st->study), from, n;

    (void) v;
    if (st->study->strata_country)
        return sund_fail(err, SUND_E_ARG, "two nodes are asked for counts with strata = none: a country's share of the stratified test is that node's own");
    if (r->index == 0)
        return sund_people_alone(st, own, err);
    n = sund_chunk_range(r, st->study, k, chunk, &from);
    return sund_tallies_alone(st, from, n, k, false, own, err);
}

static const sund_release_column column[] = {
    { "chrom", 's', false },    { "pos", 'i', false },      { "ref", 's', false },      { "alt", 's', false },
    { "n", 'i', false },        { "ac", 'i', false },       { "an", 'i', false },       { "af", 'f', false },
    { "hom_ref", 'i', true },   { "het", 'i', true },       { "hom_alt", 'i', true },   { "hemi_ref", 'i', true },
    { "hemi_alt", 'i', true },  { "nlog10p_hwe", 'f', true }, { "nlog10p_hwe_strata", 'f', true },
};
enum { N_COLUMN = sizeof column / sizeof column[0] };

static double hwe_of(const sund_tally *t, const sund_alleles *a, sund_copies copies)
{
    if (copies == SUND_DIPLOID)
        return sund_hwe_nlog10p((uint64_t) a->ref, (uint64_t) a->het, (uint64_t) a->alt);
    if (copies == SUND_COPIES_X)
        return sund_hwe_x_nlog10p((uint64_t) t->male.ref, (uint64_t) t->male.alt, (uint64_t) a->ref, (uint64_t) a->het, (uint64_t) a->alt);
    return (double) NAN;
}

static sund_code counts_begin(sund_state *st, sund_err *err)
{
    st->own = calloc(1, sizeof(counts_own));
    if (!st->own)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    return sund_release_next(st->release, "table", column, N_COLUMN, err);
}

/** hwe: summed deviation and variance over strata, with strata only. */
static sund_code counts_row(sund_state *st, size_t j, const sund_tally *t, const int64_t hwe[2], sund_err *err)
{
    counts_own  *own = st->own;
    sund_variant v = sund_catalogue_at(st->catalogue, st->first + j);
    sund_copies  copies = sund_state_copies(st, j);
    sund_alleles a = sund_tally_alleles(t, copies);
    bool         strata = st->study->strata_country && (copies == SUND_DIPLOID || copies == SUND_COPIES_X);
    bool         hemi = a.hemi_alt >= 0, two = copies == SUND_DIPLOID || copies == SUND_COPIES_X;
    sund_guard   guard = { .ac = a.ac, .an = a.an, .cell = { two ? a.ref : -1, two ? a.het : -1, two ? a.alt : -1, a.hemi_ref, a.hemi_alt, -1 }, .n_cell = 5, .n_missing = a.missing };
    sund_cell    cell[N_COLUMN];

    SUND_TRY(sund_variant_cells(&v, &own->text, cell, err));
    cell[4].i = a.called;
    cell[5].i = a.ac;
    cell[6].i = a.an;
    cell[7].f = a.an ? (double) a.ac / (double) a.an : (double) NAN;
    cell[8].i = two ? a.ref : INT64_MIN;
    cell[9].i = two ? a.het : INT64_MIN;
    cell[10].i = two ? a.alt : INT64_MIN;
    cell[11].i = hemi ? a.hemi_ref : INT64_MIN;
    cell[12].i = hemi ? a.hemi_alt : INT64_MIN;
    cell[13].f = hwe_of(t, &a, copies);
    cell[14].f = strata ? sund_hwe_strata_nlog10p(hwe[0], hwe[1]) : (double) NAN;
    return sund_release_row(st->release, &guard, cell, err);
}

/** A chunk's rows go to the gate as its total is opened. */
static sund_code counts_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    size_t k = lanes(st->study), from, n;

    if (r->index == 0)
        return sund_people_total(st, total, err);
    n = sund_chunk_range(r, st->study, k, chunk, &from);
    if (total->n64 != n * k || total->n128 != 0)
        return sund_fail(err, SUND_E_FORMAT, "a total of counts has another shape than the round");
    for (size_t i = 0; i < n; i++) {
        sund_tally t;
        int64_t    hwe[2] = { 0, 0 };

        SUND_TRY(sund_tally_get(total, i * k, st->n_person, &t, err));
        for (size_t h = 0; h < k - SUND_TALLY_LANES; h++)
            hwe[h] = sund_vec_get64(total, i * k + SUND_TALLY_LANES + h);
        SUND_TRY(counts_row(st, from + i, &t, hwe, err));
    }
    return SUND_OK;
}

static sund_code counts_finish(sund_state *st, sund_release *out, sund_err *err)
{
    (void) out;
    (void) err;
    (void) snprintf(st->facts, sizeof st->facts, "\"n\": %lld, \"variants\": %zu", (long long) st->n_person, st->n_variant);
    return SUND_OK;
}

extern const sund_analysis sund_analysis_counts;
const sund_analysis        sund_analysis_counts = {
    .name = "counts",
    .title = "Allele and genotype counts, Hardy-Weinberg",
    .help = "Allele count, number and frequency, genotype counts and the exact Hardy-Weinberg test of every variant; with strata = country "
            "also the test combined over countries.",
    .rules = "parties, cell-min, mac, genotype-cells",
    .by_variant = true,
    .check = counts_check,
    .begin = counts_begin,
    .end = counts_end,
    .plan = counts_plan,
    .local = counts_local,
    .alone = counts_alone,
    .total = counts_total,
    .finish = counts_finish,
};
