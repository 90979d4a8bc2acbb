#include "study/wgr_priv.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole-genome regression: what all chromosomes predict of the outcome (REGENIE's two levels of ridge), then every variant against what the other
 * chromosomes leave. See wgr_priv.h for the rounds. */

enum { ROUND_PEOPLE, ROUND_CROSS, ROUND_COUNTS, ROUND_LEVEL0, ROUND_LEVEL1, ROUND_NULL, ROUND_SUMS, ROUND_NONE };
/* A binary outcome's rounds from ROUND_NULL on are wgr_logit.c's. */

static const sund_option options[] = {
    { "block", 'i', "1000", 2, 2000, NULL, "variants in a block of level 0" },
    { "folds", 'i', "5", 2, WGR_FOLDS_MAX, NULL, "groups of people, by a hash of their ids, for cross-validation" },
    { "ridge", 'i', "5", 2, WGR_RIDGE_MAX, NULL, "shrinkages at each level: shares of variance evenly from 0.01 to 0.99" },
    { "step1_min_maf", 'f', "0.01", 0, 0.5, NULL, "minor allele frequency from which a variant helps to predict" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

static sund_code wgr_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome != 1)
        return sund_fail(err, SUND_E_ARG, "analysis wgr needs one outcome: add a line 'outcome = VARIABLE'");
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], s->outcome[0]) == 0)
            return sund_fail(err, SUND_E_ARG, "%s is both the outcome and a covariate", s->outcome[0]);
    return s->drop_missing ? sund_fail(err, SUND_E_ARG, "analysis wgr gives missing calls the mean: remove the line 'missing'") : SUND_OK;
}

static void wgr_end(sund_state *st)
{
    wgr_own *own = st->own;

    if (own) {
        for (size_t c = 0; c < own->n_test && own->binary; c++)
            sund_analysis_logistic.end(&own->test[c]);
        for (size_t c = 0; c < own->n_test && !own->binary; c++) {
            free(((linear_own *) own->test[c].own)->trait);
            free(own->test[c].own);
        }
        sund_analysis_logistic.end(&own->base);
        sund_linear_end(&own->linear);
        free(own->xx);
        free(own->xy);
        free(own->step1);
        free(own->fit);
        free(own->block);
        free(own->coef);
        free(own->coef_x);
        free(own->ww);
        free(own->wx);
        free(own->w1);
        free(own->level1);
        free(own->w_mean);
        free(own->inverse);
        free(own->logit);
        free(own->logit_beta);
        free(own->logit_sure);
    }
    free(own);
    st->own = NULL;
}

static sund_code wgr_begin(sund_state *st, sund_err *err)
{
    wgr_own *own = calloc(1, sizeof *own);
    size_t   n_x;

    st->own = own;
    if (!own)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    own->n_fold = (size_t) sund_study_i64(st->study, "folds");
    own->n_ridge = (size_t) sund_study_i64(st->study, "ridge");
    own->block_size = (size_t) sund_study_i64(st->study, "block");
    own->min_maf = sund_study_f64(st->study, "step1_min_maf");
    own->n_column = st->plan->n;
    own->binary = st->plan->col[own->n_column - 1].binary;
    n_x = own->n_column - 1;
    if (n_x > SUND_K_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d covariates", SUND_K_MAX);
    own->xx = calloc(own->n_fold * n_x * n_x + 1, sizeof *own->xx);
    own->xy = calloc(own->n_fold * n_x + 1, sizeof *own->xy);
    own->step1 = calloc(st->n_variant + 1, sizeof *own->step1);
    own->fit = calloc(st->n_variant + 1, sizeof *own->fit);
    own->block = calloc(st->n_variant + 1, sizeof *own->block);
    if (!own->xx || !own->xy || !own->step1 || !own->fit || !own->block)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", st->n_variant);
    own->linear = *st;
    own->linear.own = NULL;
    return sund_linear_begin(&own->linear, err);
}

/* ---- what is asked ---- */

/** Blocks do not cross chromosomes; those of one chromosome have sizes as equal as can be. */
static void cut_blocks(sund_state *st)
{
    wgr_own *own = st->own;

    own->n_step1 = own->n_block = 0;
    for (size_t j = 0; j < st->n_variant; j++)
        if (own->fit[j])
            own->step1[own->n_step1++] = (uint32_t) j;
    for (size_t from = 0, to; from < own->n_step1; from = to) {
        int    contig = sund_catalogue_at(st->catalogue, st->first + own->step1[from]).contig;
        size_t n_cut, n;

        for (to = from; to < own->n_step1 && sund_catalogue_at(st->catalogue, st->first + own->step1[to]).contig == contig;)
            to++;
        n = to - from;
        n_cut = (n + own->block_size - 1) / own->block_size;
        for (size_t i = 0; i < n_cut; i++)
            own->block[own->n_block++] = (wgr_block){ from + n * i / n_cut, n * (i + 1) / n_cut - n * i / n_cut, contig };
    }
    own->n_pred = own->n_block * own->n_ridge;
}

/** Rule model-size for both levels of ridge. */
static sund_code check_sizes(const sund_state *st, sund_err *err)
{
    const wgr_own *own = st->own;
    size_t         least = (size_t) own->fold_n[0], most = own->block_size;

    for (size_t f = 1; f < own->n_fold; f++)
        least = (size_t) own->fold_n[f] < least ? (size_t) own->fold_n[f] : least;
    if (own->n_step1 == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "no variant of an autosome is common enough in every fold to help to predict: lower step1_min_maf, or take a larger catalogue");
    if (own->n_fold * (sund_ridge_at(most, 0) + 2 * most * own->n_column) > SUND_VEC_MAX_WORDS || 2 * own->n_fold * wgr_row_lanes(own, own->n_pred) > SUND_VEC_MAX_WORDS)
        return sund_fail(err, SUND_E_LIMIT, "the sums of a block do not fit into a message: lower block or folds");
    if (st->thresholds.open)
        return SUND_OK;
    if (most > least / 10)
        return sund_refuse(err, "model-size", "a block has at most a tenth as many variants as the smallest fold has people: lower block, or folds");
    if (own->n_pred > (size_t) st->n_person / 10)
        return sund_refuse(err, "model-size", "level 1 has at most a tenth as many predictors (blocks times shrinkages) as there are people: raise block or step1_min_maf, or lower ridge");
    return SUND_OK;
}

static sund_code plan_level0(sund_state *st, sund_round *r, sund_err *err)
{
    wgr_own *own = st->own;
    unsigned bits = sund_u64_bits((uint64_t) st->n_person), frac = (60 - bits) / 2;

    cut_blocks(st);
    SUND_TRY(check_sizes(st, err));
    own->g_frac = frac < 24 ? frac : 24;
    own->coef = calloc(own->n_step1 * own->n_fold * own->n_ridge + 1, sizeof *own->coef);
    own->coef_x = calloc(own->n_pred * own->n_fold * own->n_column + 1, sizeof *own->coef_x);
    r->n_item = own->n_block;
    r->n_chunk = (uint32_t) own->n_block;
    r->params = sund_round_params(r, st->study, own->step1, own->n_step1 * sizeof *own->step1);
    return own->coef && own->coef_x ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", own->n_step1);
}

static sund_code plan_level1(sund_state *st, sund_round *r, sund_err *err)
{
    wgr_own *own = st->own;
    size_t   L = own->n_pred, F = own->n_fold;

    own->ww = calloc(F * sund_ridge_at(L, 0) + 1, sizeof *own->ww);
    own->wx = calloc(F * L * own->n_column + 1, sizeof *own->wx);
    own->w1 = calloc(F * L + 1, sizeof *own->w1);
    own->level1 = calloc(F * L + 1, sizeof *own->level1);
    own->w_mean = calloc(L + 1, sizeof *own->w_mean);
    own->inverse = calloc(L + 1, sizeof *own->inverse);
    sund_round_split(r, st->study, L, 2 * F * wgr_row_lanes(own, L));
    r->params = sund_round_params(r, st->study, own->coef, own->n_step1 * F * own->n_ridge * sizeof *own->coef);
    return own->ww && own->wx && own->w1 && own->level1 && own->w_mean && own->inverse ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu predictors", L);
}

/** A state of linear for each chromosome that has variants to test: they differ in the outcome. */
static sund_code make_tests(sund_state *st, sund_err *err)
{
    wgr_own     *own = st->own;
    linear_own  *all = own->linear.own;
    sund_column *d = &own->plan.col[own->n_column - 1];

    own->plan = *st->plan;
    d->binary = false;
    d->mid = 0;
    d->max_abs = WGR_REST_MAX;
    d->unit *= ldexp(own->sigma, -WGR_REST_FRAC);
    own->linear.n_person = st->n_person;
    SUND_TRY(sund_linear_choose(&own->linear, err));
    for (size_t from = 0, to; from < all->n_eligible; from = to) {
        int         contig = sund_catalogue_at(st->catalogue, st->first + all->eligible[from]).contig;
        linear_own *one = calloc(1, sizeof *one);

        if (!one)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        for (to = from; to < all->n_eligible && sund_catalogue_at(st->catalogue, st->first + all->eligible[to]).contig == contig;)
            to++;
        *one = (linear_own){ .n_column = own->n_column, .n_trait = 1, .coding = all->coding, .trait = calloc(1, sizeof *one->trait), .count = all->count,
                             .eligible = all->eligible + from, .n_eligible = to - from, .fit = all->fit + from };
        if (!one->trait) {
            free(one);
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        }
        own->test_contig[own->n_test] = contig;
        own->test[own->n_test] = own->linear;
        own->test[own->n_test].plan = &own->plan;
        own->test[own->n_test].own = one;
        sund_linear_fractions(&own->test[own->n_test++]);
    }
    return SUND_OK;
}

size_t sund_wgr_part(const wgr_own *own, uint32_t *chunk)
{
    for (size_t c = 0; c < own->n_test; c++) {
        if (*chunk < own->part[c].n_chunk)
            return c;
        *chunk -= own->part[c].n_chunk;
    }
    return WGR_NO_TEST;
}

static void plan_null(sund_state *st, sund_round *r)
{
    wgr_own *own = st->own;

    for (size_t c = 0; c < own->n_test; c++)
        own->part[c] = (sund_round){ .index = r->index, .n_chunk = 1, .n_item = 1 };
    r->n_item = r->n_chunk = (uint32_t) own->n_test;
    r->params = sund_round_params(r, st->study, own->level1, own->n_fold * own->n_pred * sizeof *own->level1);
}

static void plan_sums(sund_state *st, sund_round *r)
{
    wgr_own          *own = st->own;
    const linear_own *all = own->linear.own;

    for (size_t c = 0; c < own->n_test; c++) {
        own->part[c] = (sund_round){ .index = r->index };
        sund_round_split(&own->part[c], st->study, ((const linear_own *) own->test[c].own)->n_eligible, sund_linear_words(sund_linear_shape(&own->test[c])));
        r->n_chunk += own->part[c].n_chunk;
    }
    r->n_item = all->n_eligible;
    r->params = sund_round_params(r, st->study, all->eligible, all->n_eligible * sizeof *all->eligible);
}

static sund_code wgr_plan(sund_state *st, sund_round *r, sund_err *err)
{
    static const char *const name[] = { "people", "cross", "counts", "level0", "level1", "null", "sums", "" };
    wgr_own                 *own = st->own;

    if (r->index == ROUND_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    if (own->binary && r->index >= ROUND_NULL) {
        if (r->index == ROUND_NULL)
            SUND_TRY(sund_wgr_level1_fit(st, err));
        return sund_wgr_logit_plan(st, r, err);
    }
    (void) snprintf(r->name, sizeof r->name, "%s", name[r->index < ROUND_NONE ? r->index : ROUND_NONE]);
    switch (r->index) {
    case ROUND_CROSS: r->n_item = r->n_chunk = 1; break;
    case ROUND_COUNTS: sund_round_split(r, st->study, st->n_variant, wgr_count_lanes(own)); break;
    case ROUND_LEVEL0: return plan_level0(st, r, err);
    case ROUND_LEVEL1: return plan_level1(st, r, err);
    case ROUND_NULL:
        SUND_TRY(sund_wgr_level1_fit(st, err));
        SUND_TRY(make_tests(st, err));
        plan_null(st, r);
        return SUND_OK;
    case ROUND_SUMS: plan_sums(st, r); return SUND_OK;
    default: r->n_item = r->n_chunk = 0; break;
    }
    r->params = sund_round_params(r, st->study, own->mean, r->index == ROUND_COUNTS ? sizeof own->mean : 0);
    return SUND_OK;
}

/* ---- own sums ---- */

/** Linear's sums of one chromosome, or its "null" cross-products. */
static sund_code test_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const wgr_own   *own = st->own;
    size_t           c = sund_wgr_part(own, &chunk);
    const sund_view *rest;
    wgr_people      *p;

    SUND_TRY(sund_wgr_people(st, v, &p, err));
    SUND_TRY(sund_wgr_rest(st, p, c, &rest, err));
    if (r->index == ROUND_NULL) /* the trait is another one now */
        SUND_TRY(sund_view_weights(rest, st->study, &st->thresholds, NULL, err));
    return r->index == ROUND_NULL ? sund_linear_cross_local(&own->test[c], rest, out, err) : sund_linear_sums_local(&own->test[c], rest, &own->part[c], chunk, n_thread, out, err);
}

static sund_code wgr_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    if (r->index >= ROUND_NULL && ((const wgr_own *) st->own)->binary)
        return sund_wgr_logit_local(st, v, r, chunk, n_thread, out, err);
    switch (r->index) {
    case ROUND_PEOPLE: return sund_people_local(v, out, err);
    case ROUND_CROSS: return sund_wgr_cross_local(st, v, out, err);
    case ROUND_COUNTS: return sund_wgr_counts_local(st, v, r, chunk, n_thread, out, err);
    case ROUND_LEVEL0: return sund_wgr_level0_local(st, v, chunk, out, err);
    case ROUND_LEVEL1: return sund_wgr_level1_local(st, v, r, chunk, out, err);
    default: return test_local(st, v, r, chunk, n_thread, out, err);
    }
}

/* ---- totals ---- */

/** Fit for step 1: an autosome's, common over all and in every fold (sums over a fold are asked of it), missing for nobody or enough people there. */
static sund_code take_folds(sund_state *st, size_t j, const sund_vec *t, size_t lane, const sund_alleles *all, sund_err *err)
{
    wgr_own *own = st->own;
    int64_t  minor = all->dose < 2 * all->called - all->dose ? all->dose : 2 * all->called - all->dose;

    own->fit[j] = sund_state_copies(st, j) == SUND_DIPLOID && sund_catalogue_at(st->catalogue, st->first + j).contig <= 22 && minor > 0 &&
                  (double) minor >= own->min_maf * 2.0 * (double) all->called;
    for (size_t f = 0; f < own->n_fold; f++) {
        int64_t c[WGR_COUNT_FOLD], sum = 0;

        for (size_t i = 0; i < WGR_COUNT_FOLD; i++) {
            c[i] = sund_vec_get64(t, lane + WGR_COUNT_FOLD * f + i);
            if (c[i] < 0 || c[i] > own->fold_n[f])
                return bad_total(err);
            sum += c[i];
        }
        if (sum > own->fold_n[f])
            return bad_total(err);
        own->fit[j] = own->fit[j] && sund_rule_eligible(&st->thresholds, c[1] + 2 * c[2], 2 * (c[0] + c[1] + c[2])) && sund_rule_missing(&st->thresholds, c[3]);
    }
    return SUND_OK;
}

static sund_code total_counts(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    wgr_own    *own = st->own;
    linear_own *all = own->linear.own;
    size_t      from, lanes = wgr_count_lanes(own), n = sund_chunk_range(r, st->study, lanes, chunk, &from);
    sund_tally  tally;

    if (t->n64 != n * lanes || t->n128 != 0)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        SUND_TRY(sund_tally_get(t, i * lanes, st->n_person, &tally, err));
        all->count[from + i] = sund_tally_alleles(&tally, sund_state_copies(st, from + i));
        SUND_TRY(take_folds(st, from + i, t, i * lanes + SUND_TALLY_LANES, &all->count[from + i], err));
    }
    return SUND_OK;
}

static sund_code wgr_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    wgr_own *own = st->own;
    size_t   c;

    if (own->binary && r->index >= ROUND_NULL)
        return sund_wgr_logit_total(st, r, chunk, t, err);
    switch (r->index) {
    case ROUND_PEOPLE: return sund_people_total(st, t, err);
    case ROUND_CROSS: return sund_wgr_cross_total(st, t, err);
    case ROUND_COUNTS: return total_counts(st, r, chunk, t, err);
    case ROUND_LEVEL0: return sund_wgr_level0_total(st, chunk, t, err);
    case ROUND_LEVEL1: return sund_wgr_level1_total(st, r, chunk, t, err);
    case ROUND_NULL:
    case ROUND_SUMS:
        c = sund_wgr_part(own, &chunk);
        if (c != WGR_NO_TEST)
            return r->index == ROUND_NULL ? sund_linear_cross_total(&own->test[c], t, err) : sund_linear_sums_total(&own->test[c], &own->part[c], chunk, t, err);
        return bad_total(err);
    default: return bad_total(err);
    }
}

/* ---- release ---- */

static const sund_release_column ridge_column[] = { { "h2", 'f', false }, { "lambda", 'f', false }, { "r2", 'f', false }, { "chosen", 's', false } };

/** The association table; of a binary outcome logistic's, and its null model. */
static sund_code put_association(wgr_own *own, sund_release *out, size_t *n_eligible, sund_err *err)
{
    *n_eligible = own->binary ? 0 : ((const linear_own *) own->linear.own)->n_eligible;
    if (!own->binary)
        return sund_linear_table(&own->linear, out, err);
    for (size_t c = 0; c < own->n_test; c++)
        *n_eligible += ((const logistic_own *) own->test[c].own)->n_eligible;
    SUND_TRY(sund_logistic_put_table(own->test, own->n_test, out, err));
    return sund_logistic_put_model(&own->base, out, err);
}

static void put_facts(sund_state *st, size_t n_eligible)
{
    const wgr_own *own = st->own;
    size_t         contigs = 0, at;

    for (size_t b = 0; b < own->n_block; b++)
        contigs += b == 0 || own->block[b].contig != own->block[b - 1].contig;
    (void) snprintf(st->facts, sizeof st->facts,
                    "\"n\": %lld, \"n_strata\": %lld, \"variants\": %zu, \"step1_variants\": %zu, \"step1_blocks\": %zu, \"step1_chromosomes\": %zu, \"step1_predictors\": %zu, "
                    "\"eligible\": %zu, \"rows_withheld_by_eligible\": %zu, \"unit\": \"%s\", \"coding\": \"0/1/2; one-copy genotypes 0/2\"",
                    (long long) st->n_person, (long long) own->n_stratum, st->n_variant, own->n_step1, own->n_block, contigs, own->n_pred, n_eligible,
                    st->n_variant - n_eligible, own->binary ? "log odds" : st->plan->col[own->n_column - 1].var.unit);
    at = strlen(st->facts);
    if (own->binary)
        (void) snprintf(st->facts + at, sizeof st->facts - at, ", \"n_case\": %lld, \"ridge_rounds\": %u", (long long) ((const logistic_own *) own->base.own)->n_case, own->logit_rounds);
}

static sund_code wgr_finish(sund_state *st, sund_release *out, sund_err *err)
{
    wgr_own         *own = st->own;
    const sund_guard guard = { .on = SUND_ON_COHORT };
    size_t           n_eligible;

    SUND_TRY(put_association(own, out, &n_eligible, err));
    SUND_TRY(sund_release_next(out, "ridge", ridge_column, sizeof ridge_column / sizeof *ridge_column, err));
    for (size_t l = 0; l < own->n_ridge; l++) {
        double    h2 = sund_ridge_h2(l, own->n_ridge), lambda = sund_ridge_lambda(own->n_pred, h2);
        sund_cell cell[] = { { .f = h2 }, { .f = own->binary ? sund_wgr_logit_lambda(own, l) : lambda }, { .f = own->r2[l] }, { .s = l == own->chosen ? "yes" : "no" } };

        SUND_TRY(sund_release_row(out, &guard, cell, err));
    }
    put_facts(st, n_eligible);
    return SUND_OK;
}

/** What the chromosomes other than the named one predict of the outcome, in its standard deviations or in log odds, six decimals: loco_<8 hex digits of the study's name>_<chromosome>. */
static sund_code wgr_keep(const sund_state *st, const sund_view *v, sund_people *people, sund_err *err)
{
    const wgr_own *own = st->own;
    size_t         n = v->n_person;
    sund_var       var[SUND_N_CONTIG];
    int64_t       *raw = malloc((own->n_test * n + 1) * sizeof *raw);
    wgr_people    *p = NULL;
    sund_code      rc = raw ? sund_wgr_people(st, v, &p, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = sund_wgr_parts(st, p, err);
    for (size_t i = 0; rc == SUND_OK && i < own->n_test * n; i++)
        raw[i] = SUND_VALUE_MISSING;
    for (size_t c = 0; c < own->n_test && rc == SUND_OK; c++) {
        var[c] = (sund_var){ .type = SUND_VAR_REAL, .unit = "1", .decimals = 6, .min = -99000000, .max = 99000000 };
        (void) snprintf(var[c].name, sizeof var[c].name, "loco_%.8s_%s", sund_digest_hex(&st->study->digest).s, sund_contig_name(own->test_contig[c]));
        for (char *at = var[c].name; *at; at++)
            *at = (char) tolower((unsigned char) *at);
        for (size_t i = 0; i < p->n; i++) {
            double z = sund_wgr_loco(p, i, own->test_contig[c]) / (own->binary ? 1.0 : own->sigma);

            raw[c * n + p->at[i]] = (int64_t) floor((z < -99.0 ? -99.0 : z > 99.0 ? 99.0 : z) * 1e6 + 0.5);
        }
    }
    if (rc == SUND_OK)
        rc = sund_view_keep(v, people, own->n_test, var, raw, err);
    free(raw);
    return rc;
}

extern const sund_analysis sund_analysis_wgr;
const sund_analysis        sund_analysis_wgr = {
    .name = "wgr",
    .title = "Whole-genome regression of a trait, then every variant",
    .help = "For cohorts with relatives or structure: two levels of ridge regression (REGENIE, step 1) predict the outcome from all chromosomes, exactly over the countries; "
            "each variant is then tested on what the other chromosomes leave; of a binary outcome by logistic ridge and score tests. Predictions stay at home.",
    .rules = "parties, cell-min, eligible, mac, model-size, dominance",
    .by_variant = true,
    .catalogue = SUND_CATALOGUE_NEEDED,
    .options = options,
    .check = wgr_check,
    .begin = wgr_begin,
    .end = wgr_end,
    .plan = wgr_plan,
    .local = wgr_local,
    .total = wgr_total,
    .finish = wgr_finish,
    .keep = wgr_keep,
};
