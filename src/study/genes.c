#include "study/genes_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tests of gene sets: burden, SKAT, SKAT-O, ACAT-V. See genes_priv.h for the rounds and for what leaves a node. */

static const sund_option options[] = {
    { "genes", 'd', NULL, 0, 0, NULL, "a table of genes: a TSV with columns gene, chrom, start, end" },
    { "classes", 'd', "", 0, 0, NULL, "a table of classes of variants: a TSV with columns variant, gene, class" },
    { "mask", 't', "", 0, 0, NULL, "which classes, joined by |; all of the table's when absent" },
    { "max_af", 'f', "0.01", 0, 0.5, NULL, "the greatest pooled frequency of the minor allele" },
    { "weights", 'c', "beta", 0, 0, "beta|equal", "of markers: the density of Beta(1, 25) at the pooled frequency of the minor allele, or one" },
    { "collapse", 'i', "10", 0, 1000, NULL, "variants with so many minor alleles or fewer become one marker" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

sund_code sund_genes_bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total of genes is impossible, or has another shape than its round"); }

static sund_code genes_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome != 1)
        return sund_fail(err, SUND_E_ARG, "analysis genes needs one outcome: add a line 'outcome = VARIABLE'");
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], s->outcome[0]) == 0)
            return sund_fail(err, SUND_E_ARG, "%s is both the outcome and a covariate", s->outcome[0]);
    if (s->drop_missing)
        return sund_fail(err, SUND_E_ARG, "analysis genes gives missing calls the mean: remove the line 'missing'");
    if (sund_study_text(s, "mask")[0] && !sund_study_text(s, "classes")[0])
        return sund_fail(err, SUND_E_ARG, "a mask names classes: add a line 'classes' with the digest of their table");
    return SUND_OK;
}

static void genes_end(sund_state *st)
{
    genes_own *own = st->own;

    if (own) {
        free(own->gene);
        free(own->member);
        free(own->asked);
        free(own->count);
        free(own->role);
        free(own->active);
        free(own->chunk);
    }
    free(own);
    st->own = NULL;
}

static sund_code genes_begin(sund_state *st, sund_err *err)
{
    genes_own         *own = calloc(1, sizeof *own);
    const sund_column *y = &st->plan->col[st->plan->n_covariate];

    st->own = own;
    if (!own)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    own->max_af = sund_study_f64(st->study, "max_af");
    own->collapse = sund_study_i64(st->study, "collapse");
    own->beta_weights = strcmp(sund_study_text(st->study, "weights"), "beta") == 0;
    own->k = own->logit.k = st->plan->n_covariate;
    own->logit.strata = st->study->strata_country;
    own->logit.p = own->k + !own->logit.strata;
    own->logistic = y->binary;
    if (st->plan->n_outcome != 1 || (y->var.type != SUND_VAR_BINARY && y->var.type != SUND_VAR_INTEGER && y->var.type != SUND_VAR_REAL))
        return sund_fail(err, SUND_E_ARG, "outcome: %s is neither a number nor binary", st->study->outcome[0]);
    if (own->k + 2 > SUND_K_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d covariates", SUND_K_MAX - 2);
    SUND_TRY(sund_genes_choose(st, err));
    own->count = calloc(own->n_asked + 1, sizeof *own->count);
    own->role = calloc(own->n_asked + 1, sizeof *own->role);
    own->active = calloc(own->n_gene + 1, sizeof *own->active);
    own->chunk = calloc(own->n_gene + 1, sizeof *own->chunk);
    return own->count && own->role && own->active && own->chunk ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu genes", own->n_gene);
}

static bool has_sex(const sund_study *s)
{
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], "sex") == 0)
            return true;
    return false;
}

/** Which part a variant takes, by its pooled counts alone. A marker of its own is one that a variant of an association may be: its sums are nobody's row. */
static sund_code choose_roles(sund_state *st, sund_err *err)
{
    genes_own *own = st->own;

    for (size_t a = 0; a < own->n_asked; a++) {
        const sund_alleles *c = &own->count[a];
        sund_copies         copies = sund_state_copies(st, own->asked[a]);
        int64_t             minor = c->ac < c->an - c->ac ? c->ac : c->an - c->ac;

        own->role[a] = GENES_UNUSED;
        if (copies == SUND_COPIES_Y || minor == 0 || (double) minor > own->max_af * (double) c->an)
            continue;
        if (copies == SUND_COPIES_X && !has_sex(st->study))
            return sund_fail(err, SUND_E_ARG, "the genes have variants of chromosome X, where men have one copy: add 'sex' to the covariates, or give a region");
        if (minor <= own->collapse || !sund_rule_eligible(&st->thresholds, c->ac, c->an))
            own->role[a] = GENES_ULTRA;
        else if (sund_rule_missing(&st->thresholds, c->missing))
            own->role[a] = GENES_SINGLE;
    }
    for (size_t g = 0; g < own->n_gene; g++)
        for (size_t i = 0; i < own->gene[g].n; i++) {
            genes_role role = own->role[own->member[own->gene[g].from + i]];

            own->gene[g].n_marker += role == GENES_SINGLE;
            own->gene[g].ultra |= role == GENES_ULTRA;
        }
    return SUND_OK;
}

/** Genes that are tested, in chunks of whole genes. */
static void choose_active(sund_state *st)
{
    genes_own *own = st->own;
    size_t     word = 0, marker = 0;

    own->n_active = own->n_chunk = 0;
    sund_genes_columns(st);
    for (size_t g = 0; g < own->n_gene; g++) {
        genes_gene *x = &own->gene[g];
        size_t      need = genes_lanes(own, x->n_marker);

        if (x->note)
            continue;
        if (own->n_active == 0 || word + need > SUND_VEC_MAX_WORDS || marker + x->n_marker > st->study->chunk) {
            own->chunk[own->n_chunk++] = own->n_active;
            word = marker = 0;
        }
        word += need;
        marker += x->n_marker;
        own->active[own->n_active++] = (uint32_t) g;
    }
    own->chunk[own->n_chunk] = own->n_active;
}

static bool any_test(const genes_own *own)
{
    for (size_t g = 0; g < own->n_gene; g++)
        if (!own->gene[g].note)
            return true;
    return false;
}

static genes_stage next_stage(const genes_own *own)
{
    if (own->stage == GENES_CARRIERS)
        return own->logistic ? GENES_MEANS : GENES_NULL;
    if (own->stage == GENES_MEANS)
        return own->logit.null.done ? GENES_SUMS : GENES_NULL;
    if (own->stage == GENES_NULL)
        return own->logistic && !own->logit.null.done ? GENES_NULL : GENES_SUMS;
    return own->stage == GENES_DONE ? GENES_DONE : own->stage + 1;
}

static sund_code genes_plan(sund_state *st, sund_round *r, sund_err *err)
{
    genes_own  *own = st->own;
    const void *asked = NULL; /* what the round's question is beside its shape */
    size_t      n_asked = 0;

    if (r->index == 0) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    own->stage = next_stage(own);
    r->n_item = r->n_chunk = 1;
    if (own->stage == GENES_COUNTS) {
        (void) snprintf(r->name, sizeof r->name, "counts");
        sund_round_split(r, st->study, own->n_asked, SUND_TALLY_LANES);
    }
    else if (own->stage == GENES_CARRIERS) {
        (void) snprintf(r->name, sizeof r->name, "carriers");
        SUND_TRY(choose_roles(st, err));
        sund_round_split(r, st->study, own->n_gene, GENES_CARRIER_LANES);
        asked = own->role;
        n_asked = own->n_asked;
    }
    else if (own->stage == GENES_SUMS) {
        (void) snprintf(r->name, sizeof r->name, "sums");
        SUND_TRY(sund_genes_null_end(st, err));
        choose_active(st);
        r->n_item = own->n_active;
        r->n_chunk = (uint32_t) own->n_chunk;
        asked = own->active;
        n_asked = own->n_active * sizeof *own->active;
    }
    else if (own->stage == GENES_DONE || !any_test(own)) {
        r->n_item = r->n_chunk = 0;
    }
    else {
        SUND_TRY(sund_genes_null_plan(st, r, err));
        asked = own->logit.beta;
        n_asked = sizeof own->logit.beta;
    }
    r->params = sund_round_params(r, st->study, asked, n_asked);
    return SUND_OK;
}

static sund_code genes_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const genes_own *own = st->own;

    switch (own->stage) {
    case GENES_PEOPLE: return sund_people_local(v, out, err);
    case GENES_COUNTS: return sund_tally_local(st, v, r, chunk, own->asked, n_thread, out, err);
    case GENES_CARRIERS: return sund_genes_carriers_local(st, v, r, chunk, n_thread, out, err);
    case GENES_SUMS: return sund_genes_sums_local(st, v, r, chunk, n_thread, out, err);
    case GENES_MEANS:
    case GENES_NULL:
    case GENES_DONE:
    default: return sund_genes_null_local(st, v, r, out, err);
    }
}

/** Whether a gene is tested, by how many people carry what. A gene that nobody carries and one with nine carriers look alike. */
static void judge_gene(const sund_state *st, genes_gene *g, int64_t single, int64_t any, int64_t one, int64_t two)
{
    const sund_thresholds *t = &st->thresholds;

    g->ultra = g->ultra && one + two > 0 && sund_rule_eligible(t, one + two, st->n_person);
    g->ultra_dose = one + 2 * two;
    g->carriers = g->ultra ? any : single;
    g->n_marker += g->ultra;
    if (t->open && g->n_marker == 0)
        g->note = "nobody carries a variant of the mask";
    else if (g->n_marker == 0 || !sund_rule_eligible(t, g->carriers, 2 * st->n_person)) /* how many others there are tells nothing: markers are summed one by one */
        g->note = "too few carriers";
    else if (g->n_marker > SUND_SKAT_MAX)
        g->note = "more than 300 markers: name a narrower mask";
    else if (!t->open && g->n_marker > (size_t) (st->n_person / 10))
        g->note = "more markers than a tenth of the people";
}

static sund_code total_carriers(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    genes_own *own = st->own;
    size_t     from, n = sund_chunk_range(r, st->study, GENES_CARRIER_LANES, chunk, &from);

    if (t->n64 != n * GENES_CARRIER_LANES || t->n128 != 0)
        return sund_genes_bad_total(err);
    for (size_t i = 0; i < n; i++) {
        int64_t x[GENES_CARRIER_LANES];

        for (size_t l = 0; l < GENES_CARRIER_LANES; l++) {
            x[l] = sund_vec_get64(t, i * GENES_CARRIER_LANES + l);
            if (x[l] < 0 || x[l] > st->n_person)
                return sund_genes_bad_total(err);
        }
        if (x[0] > x[1] || x[2] + x[3] > x[1])
            return sund_genes_bad_total(err);
        judge_gene(st, &own->gene[from + i], x[0], x[1], x[2], x[3]);
    }
    return SUND_OK;
}

static sund_code genes_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    const genes_own *own = st->own;

    switch (own->stage) {
    case GENES_PEOPLE: return sund_people_total(st, total, err);
    case GENES_COUNTS: return sund_tally_total(st, r, chunk, own->asked, total, own->count, err);
    case GENES_CARRIERS: return total_carriers(st, r, chunk, total, err);
    case GENES_SUMS: return sund_genes_sums_total(st, chunk, total, err);
    case GENES_MEANS:
    case GENES_NULL:
    case GENES_DONE:
    default: return sund_genes_null_total(st, total, err);
    }
}

extern const sund_analysis sund_analysis_genes;
const sund_analysis        sund_analysis_genes = {
    .name = "genes",
    .title = "Tests of gene sets: burden, SKAT, SKAT-O, ACAT-V",
    .help = "For each gene of a public table the rare variants of the catalogue in it, all or those of a mask of classes: whether they bear on the outcome, a number or binary, "
            "given the covariates. Variants with few minor alleles are collapsed into one marker once counts are pooled. strata = country (default) equals one intercept for each country.",
    .rules = "parties, cell-min, eligible, model-size, dominance",
    .by_variant = true,
    .options = options,
    .check = genes_check,
    .begin = genes_begin,
    .end = genes_end,
    .plan = genes_plan,
    .local = genes_local,
    .total = genes_total,
    .finish = sund_genes_table,
};
