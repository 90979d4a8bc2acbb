#include "study/linear_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Linear association in two phases: round 0 people, 1 counts of every variant, 2 cross-products of the columns, 3 sums of the eligible
 * variants. Phase 2 never asks a variant so rare that its sums would be somebody's row. */

enum { ROUND_PEOPLE, ROUND_COUNTS, ROUND_CROSS, ROUND_SUMS, ROUND_NONE };

static sund_code linear_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome != 1)
        return sund_fail(err, SUND_E_ARG, "analysis linear needs one outcome: add a line 'outcome = VARIABLE'");
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], s->outcome[0]) == 0)
            return sund_fail(err, SUND_E_ARG, "%s is both the outcome and a covariate", s->outcome[0]);
    return SUND_OK;
}

void sund_linear_end(sund_state *st)
{
    linear_own *own = st->own;

    if (own) {
        free(own->count);
        free(own->eligible);
        free(own->fit);
        free(own);
    }
    st->own = NULL;
}

sund_code sund_linear_begin(sund_state *st, sund_err *err)
{
    linear_own *own = calloc(1, sizeof *own);

    st->own = own;
    if (own) {
        own->n_column = st->plan->n;
        own->count = calloc(st->n_variant + 1, sizeof *own->count);
        own->eligible = calloc(st->n_variant + 1, sizeof *own->eligible);
    }
    if (!own || !own->count || !own->eligible)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", st->n_variant);
    return SUND_OK;
}

static bool has_sex(const sund_study *s)
{
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], "sex") == 0)
            return true;
    return false;
}

sund_code sund_linear_choose(sund_state *st, sund_err *err)
{
    linear_own *own = st->own;

    own->n_eligible = 0;
    for (size_t j = 0; j < st->n_variant; j++) {
        const sund_alleles *a = &own->count[j];
        sund_copies         copies = sund_state_copies(st, j);

        if (copies == SUND_COPIES_Y || a->dose == 0 || a->dose == 2 * a->called || !sund_rule_eligible(&st->thresholds, a->ac, a->an) ||
            !sund_rule_missing(&st->thresholds, a->missing))
            continue;
        if (copies == SUND_COPIES_X && !has_sex(st->study))
            return sund_fail(err, SUND_E_ARG, "the catalogue has variants of chromosome X, where men have one copy: add 'sex' to the covariates, or give a region");
        own->eligible[own->n_eligible++] = (uint32_t) j;
    }
    free(own->fit);
    own->fit = calloc(own->n_eligible + 1, sizeof *own->fit);
    return own->fit ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", own->n_eligible);
}

void sund_linear_fractions(sund_state *st)
{
    linear_own *own = st->own;
    unsigned    n_bits = sund_u64_bits((uint64_t) st->n_person);

    for (size_t k = 0; k < own->n_column; k++) {
        unsigned used = n_bits + sund_u64_bits(st->plan->col[k].max_abs) + 2;

        own->frac[k] = used >= 61 ? 0 : 61 - used > 40 ? 40 : 61 - used;
    }
}

static sund_code linear_plan(sund_state *st, sund_round *r, sund_err *err)
{
    static const char *const name[] = { "people", "counts", "cross", "sums", "" };
    linear_own              *own = st->own;

    if (r->index == ROUND_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    (void) snprintf(r->name, sizeof r->name, "%s", name[r->index < ROUND_NONE ? r->index : ROUND_NONE]);
    if (r->index == ROUND_COUNTS) {
        sund_round_split(r, st->study, st->n_variant, SUND_TALLY_LANES);
    }
    else if (r->index == ROUND_CROSS) {
        r->n_item = 1;
        r->n_chunk = 1;
    }
    else if (r->index == ROUND_SUMS) {
        SUND_TRY(sund_linear_choose(st, err));
        sund_linear_fractions(st);
        sund_round_split(r, st->study, own->n_eligible, sund_linear_words(sund_linear_shape(st)));
    }
    else {
        r->n_item = 0;
        r->n_chunk = 0;
    }
    r->params = sund_round_params(r, st->study, own->eligible, r->index == ROUND_SUMS ? own->n_eligible * sizeof *own->eligible : 0);
    return SUND_OK;
}

typedef struct count_run { const sund_state *st; const sund_view *v; size_t from; sund_vec *out; } count_run;

static sund_code count_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const count_run *run = ctx;

    (void) thread;
    for (size_t j = from; j < from + n; j++) {
        sund_tally t;

        SUND_TRY(sund_tally_own(run->v, j, sund_view_presence(run->v, run->st->catalogue, j), sund_state_copies(run->st, j), reader, &t, NULL, err));
        sund_tally_put(run->out, (j - run->from) * SUND_TALLY_LANES, &t);
    }
    return SUND_OK;
}

static sund_code linear_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    count_run run = { st, v, 0, out };
    size_t    n;

    if (r->index == ROUND_PEOPLE)
        return sund_people_local(v, out, err);
    if (r->index == ROUND_CROSS)
        return sund_linear_cross_local(st, v, out, err);
    if (r->index == ROUND_SUMS)
        return sund_linear_sums_local(st, v, r, chunk, n_thread, out, err);
    n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &run.from);
    SUND_TRY(sund_vec_new(out, n * SUND_TALLY_LANES, 0, err));
    return sund_each_items(v, run.from, n, n_thread, count_items, &run, err);
}

static sund_code bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total is impossible, or has another shape than its round"); }

static sund_code total_counts(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    linear_own *own = st->own;
    size_t      from, n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &from);
    sund_tally  tally;

    if (t->n64 != n * SUND_TALLY_LANES || t->n128 != 0)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        SUND_TRY(sund_tally_get(t, i * SUND_TALLY_LANES, st->n_person, &tally, err));
        own->count[from + i] = sund_tally_alleles(&tally, sund_state_copies(st, from + i));
    }
    return SUND_OK;
}

/** Sign and power-of-two scale out of a fixed-point lane: exact. */
static double fixed(sund_i128 x, unsigned frac) { return sund_i128_double(x) / (double) (1ULL << frac); }

static size_t upper(size_t k, size_t a, size_t b) { return a * k - a * (a - (a > 0)) / 2 + b - a; }

/** Into the model from the pooled cross-products of one set of people. */
static sund_code prepare(const linear_own *own, const double *cross, double df, sund_linear *m, sund_err *err)
{
    double cxx[SUND_K_MAX * SUND_K_MAX], cxy[SUND_K_MAX];
    size_t k = own->n_column - 1;

    for (size_t a = 0; a < k; a++) {
        for (size_t b = 0; b < k; b++)
            cxx[a * k + b] = cross[(a < b ? a : b) * own->n_column + (a < b ? b : a)];
        cxy[a] = cross[a * own->n_column + k];
    }
    return sund_linear_prepare(m, k, cxx, cxy, cross[k * own->n_column + k], df, err);
}

sund_code sund_linear_cross_total(sund_state *st, const sund_vec *t, sund_err *err)
{
    linear_own *own = st->own;
    bool        strata = st->study->strata_country, over = false;
    size_t      k = own->n_column;
    double      df;

    if (t->n64 != (strata ? 2u : 1u) || t->n128 != triangle(k) + (strata ? 0 : k) || sund_vec_get64(t, 0) != st->n_person)
        return bad_total(err);
    own->n_stratum = strata ? sund_vec_get64(t, 1) : 1;
    if (own->n_stratum < 1 || own->n_stratum > st->n_person)
        return bad_total(err);
    for (size_t a = 0; a < k; a++) {
        sund_i128 most = (sund_i128) st->n_person * (sund_i128) st->plan->col[a].max_abs;

        own->sum[a] = strata ? 0 : sund_vec_get128(t, a);
        if (own->sum[a] > most || own->sum[a] < -most)
            return bad_total(err);
    }
    for (size_t a = 0; a < k; a++)
        for (size_t b = a; b < k; b++)
            own->cross[a * k + b] = strata ? fixed(sund_vec_get128(t, upper(k, a, b)), LINEAR_FRAC)
                                           : sund_centred(st->n_person, sund_vec_get128(t, k + upper(k, a, b)), own->sum[a], own->sum[b], 0, &over);
    if (over)
        return bad_total(err);
    df = (double) (st->n_person - own->n_stratum - (int64_t) (k - 1) - 1);
    if (prepare(own, own->cross, df, &own->model, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_NUMERIC, "the covariates or the outcome do not vary independently in this cohort");
    return SUND_OK;
}

static const linear_fit no_fit = { .beta = (double) NAN, .se = (double) NAN, .nlog10p = (double) NAN };

static linear_fit fit_with(const sund_linear *m, double cgg, const double *cgx, double cgy)
{
    sund_linear_fit f;

    return sund_linear_variant(m, cgg, cgx, cgy, &f) ? (linear_fit){ f.beta, f.se, f.nlog10p } : no_fit;
}

/** missing = mean: lanes give centred or raw sums of this variant against the columns. */
static sund_code fit_mean(const sund_state *st, const sund_vec *t, size_t lane, linear_fit *out, sund_err *err)
{
    const linear_own *own = st->own;
    bool              strata = st->study->strata_country, over = false;
    double            c[SUND_COLUMN_MAX], cgg;
    size_t            k = own->n_column;
    sund_i128         sg = sund_vec_get64(t, lane), n = st->n_person;

    if (strata) {
        cgg = fixed(sg, LINEAR_FRAC);
        for (size_t i = 0; i < k; i++)
            c[i] = fixed(sund_vec_get64(t, lane + 1 + i), own->frac[i]);
    }
    else {
        sund_i128 sgg = sund_vec_get64(t, lane + 1);

        cgg = sund_centred(n, sgg * ((sund_i128) 1 << LINEAR_FRAC), sg, sg, 2 * LINEAR_FRAC, &over);
        for (size_t i = 0; i < k; i++)
            c[i] = sund_centred(n, sund_vec_get64(t, lane + 2 + i) * ((sund_i128) 1 << LINEAR_FRAC), sg,
                                own->sum[i] * ((sund_i128) 1 << own->frac[i]), LINEAR_FRAC + own->frac[i], &over);
    }
    if (over || cgg < 0.0)
        return bad_total(err);
    *out = fit_with(&own->model, cgg, c, c[k - 1]);
    return SUND_OK;
}

/** missing = drop: this variant has its own people, so its own model. */
static sund_code fit_drop(const sund_state *st, const sund_vec *t, size_t lane, size_t wide, linear_fit *out, sund_err *err)
{
    const linear_own *own = st->own;
    bool              strata = st->study->strata_country, over = false;
    size_t            k = own->n_column;
    sund_i128         m = sund_vec_get64(t, lane), one = sund_vec_get64(t, lane + 1);
    double            cross[SUND_COLUMN_MAX * SUND_COLUMN_MAX], c[SUND_COLUMN_MAX], cgg;
    sund_linear       model;

    if (m < 1 || m > st->n_person || (strata && (one < 1 || one > own->n_stratum)))
        return bad_total(err);
    for (size_t a = 0; a < k; a++) {
        for (size_t b = a; b < k; b++)
            cross[a * k + b] = strata ? fixed(sund_vec_get128(t, wide + upper(k + 1, a, b)), LINEAR_FRAC)
                                      : sund_centred(m, sund_vec_get128(t, wide + 2 * k + upper(k, a, b)), sund_vec_get128(t, wide + a),
                                                     sund_vec_get128(t, wide + b), 0, &over);
        c[a] = strata ? fixed(sund_vec_get128(t, wide + upper(k + 1, a, k)), LINEAR_FRAC)
                      : sund_centred(m, sund_vec_get128(t, wide + k + a), one, sund_vec_get128(t, wide + a), 0, &over);
    }
    cgg = strata ? fixed(sund_vec_get128(t, wide + upper(k + 1, k, k)), LINEAR_FRAC) : sund_centred(m, sund_vec_get64(t, lane + 2), one, one, 0, &over);
    if (over || cgg < 0.0)
        return bad_total(err);
    /* among the called people a covariate may no longer vary: that variant has no answer, the study goes on */
    if (prepare(own, cross, (double) (int64_t) (m - (strata ? one : 1) - (sund_i128) k), &model, NULL) != SUND_OK)
        *out = no_fit;
    else
        *out = fit_with(&model, cgg, c, c[k - 1]);
    return SUND_OK;
}

sund_code sund_linear_sums_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    linear_own  *own = st->own;
    linear_shape shape = sund_linear_shape(st);
    size_t       from, n = sund_chunk_range(r, st->study, sund_linear_words(shape), chunk, &from);
    double       unit = st->plan->col[own->n_column - 1].unit;

    if (t->n64 != n * shape.n64 || t->n128 != n * shape.n128)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        linear_fit *f = &own->fit[from + i];

        if (st->study->drop_missing)
            SUND_TRY(fit_drop(st, t, i * shape.n64, i * shape.n128, f, err));
        else
            SUND_TRY(fit_mean(st, t, i * shape.n64, f, err));
        f->beta *= unit;
        f->se *= unit;
    }
    return SUND_OK;
}

static sund_code linear_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    switch (r->index) {
    case ROUND_PEOPLE: return sund_people_total(st, total, err);
    case ROUND_COUNTS: return total_counts(st, r, chunk, total, err);
    case ROUND_CROSS: return sund_linear_cross_total(st, total, err);
    case ROUND_SUMS: return sund_linear_sums_total(st, r, chunk, total, err);
    default: return bad_total(err);
    }
}

static const sund_release_column column[] = {
    { "chrom", 's', false }, { "pos", 'i', false }, { "ref", 's', false },  { "alt", 's', false }, { "n", 'i', false },       { "ac", 'i', false },
    { "an", 'i', false },    { "af", 'f', false },  { "beta", 'f', false }, { "se", 'f', false },  { "nlog10p", 'f', false },
};
enum { N_COLUMN = sizeof column / sizeof column[0] };

static sund_code linear_row(sund_state *st, size_t i, sund_release *out, sund_buf *text, sund_err *err)
{
    const linear_own   *own = st->own;
    size_t              j = own->eligible[i];
    sund_variant        v = sund_catalogue_at(st->catalogue, st->first + j);
    const sund_alleles *a = &own->count[j];
    sund_guard          guard = { .ac = a->ac, .an = a->an, .n_cell = 0, .association = true, .n_missing = a->missing };
    sund_cell           cell[N_COLUMN];

    SUND_TRY(sund_variant_cells(&v, text, cell, err));
    cell[4].i = a->called;
    cell[5].i = a->ac;
    cell[6].i = a->an;
    cell[7].f = (double) a->ac / (double) a->an;
    cell[8].f = own->fit[i].beta;
    cell[9].f = own->fit[i].se;
    cell[10].f = own->fit[i].nlog10p;
    return sund_release_row(out, &guard, cell, err);
}

sund_code sund_linear_table(sund_state *st, sund_release *out, sund_err *err)
{
    linear_own *own = st->own;
    sund_buf    text = { 0 };
    sund_code   rc = sund_release_next(out, "table", column, N_COLUMN, err);

    for (size_t i = 0; i < own->n_eligible && rc == SUND_OK; i++)
        rc = linear_row(st, i, out, &text, err);
    sund_buf_free(&text);
    return rc;
}

static sund_code linear_finish(sund_state *st, sund_release *out, sund_err *err)
{
    const linear_own *own = st->own;

    SUND_TRY(sund_linear_table(st, out, err));
    (void) snprintf(st->facts, sizeof st->facts,
                    "\"n\": %lld, \"strata\": %lld, \"variants\": %zu, \"eligible\": %zu, \"rows_withheld_by_eligible\": %zu, \"unit\": \"%s\", "
                    "\"coding\": \"0/1/2; one-copy genotypes 0/2\"",
                    (long long) st->n_person, (long long) own->n_stratum, st->n_variant, own->n_eligible, st->n_variant - own->n_eligible,
                    st->plan->col[own->n_column - 1].var.unit);
    return SUND_OK;
}

extern const sund_analysis sund_analysis_linear;
const sund_analysis        sund_analysis_linear = {
    .name = "linear",
    .title = "Linear regression of a trait on every variant",
    .help = "Effect, standard error and -log10 p of each variant on the outcome, given the covariates, in two phases: counts of every variant, "
            "then sums of those common enough. strata = country (default) equals one intercept for each country; missing = mean or drop.",
    .rules = "parties, cell-min, eligible, mac, model-size",
    .check = linear_check,
    .begin = sund_linear_begin,
    .end = sund_linear_end,
    .plan = linear_plan,
    .local = linear_local,
    .total = linear_total,
    .finish = linear_finish,
};
