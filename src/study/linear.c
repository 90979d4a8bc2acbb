#include "study/linear_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Linear association in two phases: people, counts of every variant, cross-products of the columns, with an interaction the carriers' levels of the
 * covariate, sums of the eligible variants. Phase 2 never asks a variant so rare that its sums would be somebody's row. */

typedef enum stage { STAGE_PEOPLE, STAGE_COUNTS, STAGE_CROSS, STAGE_LEVELS, STAGE_SUMS, STAGE_NONE } stage;

static stage stage_of(const linear_own *own, const sund_round *r)
{
    uint32_t at = r->index + (r->index >= STAGE_LEVELS && !own->crossed);

    return at < STAGE_NONE ? (stage) at : STAGE_NONE;
}

static sund_code linear_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome == 0)
        return sund_fail(err, SUND_E_ARG, "analysis linear needs an outcome: add a line 'outcome = VARIABLE', or several names with commas");
    for (size_t k = 0; k < s->n_covariate; k++)
        for (size_t t = 0; t < s->n_outcome; t++)
            if (strcmp(s->covariate[k], s->outcome[t]) == 0)
                return sund_fail(err, SUND_E_ARG, "%s is both an outcome and a covariate", s->outcome[t]);
    return sund_gxe_check(s, err);
}

void sund_linear_end(sund_state *st)
{
    linear_own *own = st->own;

    if (own) {
        sund_large_free(own->count);
        sund_large_free(own->eligible);
        sund_large_free(own->fit);
        sund_large_free(own->gxe);
        free(own->trait);
        free(own);
    }
    st->own = NULL;
}

static const char *const coding_name[] = { "additive", "dominant", "recessive" };

static linear_coding coding_of(const sund_study *s)
{
    const char *text = sund_study_text(s, "coding");

    return strcmp(text, coding_name[LINEAR_DOMINANT]) == 0 ? LINEAR_DOMINANT : strcmp(text, coding_name[LINEAR_RECESSIVE]) == 0 ? LINEAR_RECESSIVE : LINEAR_ADDITIVE;
}

sund_code sund_linear_begin(sund_state *st, sund_err *err)
{
    linear_own *own;

    if (st->plan->n >= SUND_COLUMNS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "covariates and traits are more than %d columns: ask for fewer traits at a time", SUND_COLUMNS_MAX - 1);
    own = calloc(1, sizeof *own);
    st->own = own;
    if (own) {
        own->n_column = st->plan->n;
        own->n_trait = st->plan->n_outcome;
        own->coding = coding_of(st->study);
        own->trait = calloc(own->n_trait + 1, sizeof *own->trait);
        own->count = sund_large_secret((st->n_variant + 1) * sizeof *own->count);
        own->eligible = sund_large_secret((st->n_variant + 1) * sizeof *own->eligible);
    }
    if (!own || !own->count || !own->eligible || !own->trait)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", st->n_variant);
    return sund_gxe_begin(st, err);
}

static bool has_sex(const sund_study *s)
{
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], "sex") == 0)
            return true;
    return false;
}

int64_t sund_linear_carriers(linear_coding coding, const sund_alleles *a)
{
    return (coding == LINEAR_RECESSIVE ? 0 : a->het) + a->alt + (a->hemi_alt > 0 ? a->hemi_alt : 0);
}

int64_t sund_linear_dose(linear_coding coding, const sund_alleles *a) { return coding == LINEAR_ADDITIVE ? a->dose : sund_linear_carriers(coding, a); }

/** Enough alleles of either kind; coded as classes, enough people of either class. */
static bool common_enough(const sund_state *st, const sund_alleles *a)
{
    const linear_own *own = st->own;
    int64_t           n = sund_linear_carriers(own->coding, a);

    if (!sund_rule_eligible(&st->thresholds, a->ac, a->an))
        return false;
    return own->coding == LINEAR_ADDITIVE ? a->dose > 0 && a->dose < 2 * a->called : n > 0 && n < a->called && sund_rule_eligible(&st->thresholds, n, a->called);
}

sund_code sund_linear_choose(sund_state *st, sund_err *err)
{
    linear_own *own = st->own;

    own->n_eligible = 0;
    for (size_t j = 0; j < st->n_variant; j++) {
        const sund_alleles *a = &own->count[j];
        sund_copies         copies = sund_state_copies(st, j);

        sund_maps_pass(j);
        if (copies == SUND_COPIES_Y || !common_enough(st, a) || !sund_rule_missing(&st->thresholds, a->missing))
            continue;
        if (copies == SUND_COPIES_X && !has_sex(st->study))
            return sund_fail(err, SUND_E_ARG, "the catalogue has variants of chromosome X, where men have one copy: add 'sex' to the covariates, or give a region");
        own->eligible[own->n_eligible++] = (uint32_t) j;
    }
    sund_large_free(own->fit);
    own->fit = sund_large_secret((own->n_eligible * own->n_trait + 1) * sizeof *own->fit);
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
    static const char *const name[] = { "people", "counts", "cross", "levels", "sums", "" };
    linear_own              *own = st->own;
    stage                    at = stage_of(own, r);

    if (at == STAGE_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    (void) snprintf(r->name, sizeof r->name, "%s", name[at]);
    r->n_item = r->n_chunk = at == STAGE_CROSS;
    if (at == STAGE_COUNTS)
        sund_round_split(r, st->study, st->n_variant, SUND_TALLY_LANES);
    if (at == STAGE_LEVELS || (at == STAGE_SUMS && !own->crossed))
        SUND_TRY(sund_linear_choose(st, err));
    if (at == STAGE_LEVELS)
        sund_round_split(r, st->study, own->n_eligible, LINEAR_LEVELS);
    if (at == STAGE_SUMS) {
        if (own->crossed)
            SUND_TRY(sund_gxe_choose(st, err));
        sund_linear_fractions(st);
        sund_round_split(r, st->study, own->n_eligible, sund_linear_words(sund_linear_shape(st)));
    }
    r->params = sund_round_params(r, st->study, own->eligible, at == STAGE_LEVELS || at == STAGE_SUMS ? own->n_eligible * sizeof *own->eligible : 0);
    return SUND_OK;
}

static sund_code linear_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    switch (stage_of(st->own, r)) {
    case STAGE_PEOPLE: return sund_people_local(v, out, err);
    case STAGE_CROSS: return sund_linear_cross_local(st, v, out, err);
    case STAGE_LEVELS: return sund_gxe_levels_local(st, v, r, chunk, n_thread, out, err);
    case STAGE_SUMS: return sund_linear_sums_local(st, v, r, chunk, n_thread, out, err);
    case STAGE_COUNTS:
    case STAGE_NONE:
    default: return sund_tally_local(st, v, r, chunk, NULL, n_thread, out, err);
    }
}

static sund_code linear_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    switch (stage_of(st->own, r)) {
    case STAGE_PEOPLE: return sund_people_total(st, total, err);
    case STAGE_COUNTS: return sund_tally_total(st, r, chunk, NULL, total, ((linear_own *) st->own)->count, err);
    case STAGE_CROSS: return sund_linear_cross_total(st, total, err);
    case STAGE_LEVELS: return sund_gxe_levels_total(st, r, chunk, total, err);
    case STAGE_SUMS: return sund_linear_sums_total(st, r, chunk, total, err);
    case STAGE_NONE:
    default: return bad_total(err);
    }
}

/** The sums behind the counts are about variants whose every genotype was seen to be that of enough people here, in each level of each variable; and no few people's by rule dominance. */
static sund_code linear_alone(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, const sund_vec *x, sund_err *err)
{
    const linear_own *own = st->own;
    size_t            from, n;

    if (own->coding != LINEAR_ADDITIVE || own->crossed || st->study->strata_country)
        return sund_fail(err, SUND_E_ARG, "two nodes are asked for an additive effect without an interaction, with strata = none");
    if (stage_of(own, r) == STAGE_PEOPLE)
        return sund_people_alone(st, x, err);
    if (stage_of(own, r) == STAGE_SUMS) {
        n = sund_chunk_range(r, st->study, sund_linear_words(sund_linear_shape(st)), chunk, &from);
        return sund_levels_alone(st, v, own->eligible + from, n, err);
    }
    if (stage_of(own, r) != STAGE_COUNTS)
        return SUND_OK;
    n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &from);
    return sund_tallies_alone(st, from, n, SUND_TALLY_LANES, true, x, err);
}

static const sund_release_column column[] = {
    { "chrom", 's', false }, { "pos", 'i', false }, { "ref", 's', false },  { "alt", 's', false }, { "n", 'i', false },       { "ac", 'i', false },
    { "an", 'i', false },    { "af", 'f', false },  { "beta", 'f', false }, { "se", 'f', false },  { "nlog10p", 'f', false }, { "trait", 's', false },
};
static const sund_release_column crossed_column[] = {
    { "chrom", 's', false }, { "pos", 'i', false }, { "ref", 's', false },     { "alt", 's', false },         { "n", 'i', false },             { "ac", 'i', false },
    { "an", 'i', false },    { "af", 'f', false },  { "beta", 'f', false },    { "se", 'f', false },          { "nlog10p", 'f', false },       { "beta_gxe", 'f', false },
    { "se_gxe", 'f', false }, { "nlog10p_gxe", 'f', false }, { "nlog10p_joint", 'f', false }, { "trait", 's', false },
};
enum { N_COLUMN = sizeof column / sizeof column[0], N_CROSSED = sizeof crossed_column / sizeof crossed_column[0] };

static sund_code linear_row(sund_state *st, size_t i, sund_release *out, sund_buf *text, sund_err *err)
{
    const linear_own   *own = st->own;
    size_t              j = own->eligible[i];
    sund_variant        v = sund_catalogue_at(st->catalogue, st->first + j);
    const sund_alleles *a = &own->count[j];
    sund_guard          guard = { .ac = a->ac, .an = a->an, .n_cell = 0, .association = true, .n_missing = a->missing };
    sund_cell           cell[N_CROSSED];

    SUND_TRY(sund_variant_cells(&v, text, cell, err));
    cell[4].i = a->called;
    cell[5].i = a->ac;
    cell[6].i = a->an;
    cell[7].f = (double) a->ac / (double) a->an;
    for (size_t k = 0; k < own->n_trait; k++) {
        const linear_fit *f = &own->fit[i * own->n_trait + k];
        const linear_gxe *x = own->crossed ? &own->gxe[i * own->n_trait + k] : NULL;

        cell[8].f = f->beta;
        cell[9].f = f->se;
        cell[10].f = f->nlog10p;
        if (x) {
            cell[11].f = x->beta;
            cell[12].f = x->se;
            cell[13].f = x->nlog10p;
            cell[14].f = x->joint_nlog10p;
        }
        cell[(x ? N_CROSSED : N_COLUMN) - 1].s = st->study->outcome[k];
        SUND_TRY(sund_release_row(out, &guard, cell, err));
    }
    return SUND_OK;
}

sund_code sund_linear_table(sund_state *st, sund_release *out, sund_err *err)
{
    linear_own *own = st->own;
    sund_buf    text = { 0 };
    sund_code   rc = sund_release_next(out, "table", own->crossed ? crossed_column : column, own->crossed ? N_CROSSED : N_COLUMN, err);

    for (size_t i = 0; i < own->n_eligible && rc == SUND_OK; i++)
        rc = linear_row(st, i, out, &text, err);
    sund_buf_free(&text);
    return rc;
}

static const char *const coding_told[] = { "additive 0/1/2; one-copy genotypes 0/2", "dominant 0/1/1; one-copy genotypes 0/1", "recessive 0/0/1; one-copy genotypes 0/1" };

static sund_code linear_finish(sund_state *st, sund_release *out, sund_err *err)
{
    const linear_own *own = st->own;

    SUND_TRY(sund_linear_table(st, out, err));
    (void) snprintf(st->facts, sizeof st->facts,
                    "\"n\": %lld, \"people\": \"those with every covariate and trait\", \"strata\": %lld, \"variants\": %zu, \"eligible\": %zu, \"rows_withheld_by_eligible\": %zu, "
                    "\"traits\": %zu, \"unit\": \"%s\", \"coding\": \"%s\", \"interaction\": \"%s\"",
                    (long long) st->n_person, (long long) own->n_stratum, st->n_variant, own->n_eligible, (st->n_variant - own->n_eligible) * own->n_trait, own->n_trait,
                    own->n_trait == 1 ? st->plan->col[own->n_column - 1].var.unit : "of each trait", coding_told[own->coding],
                    own->crossed ? st->plan->col[own->by].name : "none");
    return SUND_OK;
}

static const sund_option options[] = {
    { "coding", 'c', "additive", 0, 0, "additive|dominant|recessive", "how a genotype is counted: alleles, carriers, or carriers of two" },
    { "interaction", 't', "", 0, 0, NULL, "a covariate whose product with the genotype is tested beside the genotype" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

extern const sund_analysis sund_analysis_linear;
const sund_analysis        sund_analysis_linear = {
    .name = "linear",
    .title = "Linear regression of one or many traits on every variant",
    .help = "Effect, standard error and -log10 p of each variant on each outcome, given the covariates, in two phases: counts of every variant, "
            "then sums of those common enough. strata = country (default) equals one intercept for each country; missing = mean or drop.",
    .rules = "parties, cell-min, eligible, mac, model-size, dominance",
    .by_variant = true,
    .options = options,
    .check = linear_check,
    .begin = sund_linear_begin,
    .end = sund_linear_end,
    .plan = linear_plan,
    .local = linear_local,
    .alone = linear_alone,
    .total = linear_total,
    .finish = linear_finish,
};
