#include "stats/linear.h"
#include "study/score_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Polygenic scores: per person at home, over the countries their distribution and how well they tell an outcome. See score_priv.h for what leaves a node. */

enum { ROUND_PEOPLE, ROUND_MATCHES, ROUND_MOMENTS, ROUND_BINS, ROUND_NONE };

static const sund_option options[] = {
    { "scorefile", 'd', NULL, 0, 0, NULL, "a PGS Catalog scoring file, plain or gzip" },
    { "assembly", 'c', NULL, 0, 0, "GRCh37|GRCh38", "of the genotypes; the file must have places on it" },
    { "palindromic", 'c', "drop", 0, 0, "drop|keep", "A/T and C/G: left out, as the PGS Catalog's calculator does, or taken as they are written" },
    { "group", 'v', "", 0, 0, NULL, "binary or category, such as an ancestry group: results for each and for all" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

static sund_code score_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome > 1)
        return sund_fail(err, SUND_E_ARG, "analysis score takes one outcome or none");
    if (s->n_covariate)
        return sund_fail(err, SUND_E_ARG, "analysis score takes no covariates: remove that line; a study with the score it leaves at home as a covariate can have them");
    return s->drop_missing ? sund_fail(err, SUND_E_ARG, "analysis score gives missing calls the pooled mean: remove the line 'missing'") : SUND_OK;
}

static void score_end(sund_state *st)
{
    score_own *own = st->own;

    if (own) {
        sund_scorefile_free(&own->file);
        free(own->weight);
        free(own->mean);
        free(own->used);
        free(own->sum);
    }
    free(own);
    st->own = NULL;
}

static sund_code read_groups(score_own *own, const sund_state *st, sund_err *err)
{
    const sund_var *v;

    own->group = sund_columns_role(st->plan, "group");
    if (own->group < st->plan->n) {
        v = &st->plan->col[own->group].var;
        if (v->type != SUND_VAR_BINARY && v->type != SUND_VAR_CATEGORY)
            return sund_fail(err, SUND_E_ARG, "group: %s is a number; a binary variable or a category is expected", v->name);
        for (const char *at = v->codes; *at && own->n_group + 1 < SCORE_GROUPS_MAX; own->n_group++) {
            size_t len = strcspn(at, "|");

            (void) snprintf(own->label[own->n_group], sizeof own->label[0], "%.*s", (int) (len < 79 ? len : 79), at);
            at += len + (at[len] == '|');
        }
    }
    (void) snprintf(own->label[own->n_group], sizeof own->label[0], "all");
    return SUND_OK;
}

/** Weights as integers, as fine as the largest score there can be allows: below 2^58. */
static sund_code read_weights(score_own *own, sund_err *err)
{
    double most = 0.0;

    own->weight = calloc(own->file.n_row + 1, sizeof *own->weight);
    own->mean = calloc(own->file.n_row + 1, sizeof *own->mean);
    own->used = calloc(own->file.n_row + 1, sizeof *own->used);
    own->sum = calloc(own->n_group + 1, sizeof *own->sum);
    if (!own->weight || !own->mean || !own->used || !own->sum)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", own->file.n_row);
    for (size_t i = 0; i < own->file.n_row; i++)
        most += 2.0 * fabs(own->file.row[i].weight);
    if (!(most > 0.0) || most > 1e15)
        return sund_fail(err, SUND_E_FORMAT, "the scoring file has no variant that can be used, or weights too large");
    for (own->shift = 0; own->shift < 60 && ldexp(most, (int) own->shift + 1) < 0x1p57; own->shift++)
        continue;
    for (size_t i = 0; i < own->file.n_row; i++)
        own->weight[i] = (int64_t) floor(ldexp(own->file.row[i].weight, (int) own->shift) + 0.5);
    return SUND_OK;
}

static void drop_palindromic(score_own *own)
{
    size_t n = 0;

    for (size_t i = 0; i < own->file.n_row; i++)
        if (!sund_score_palindromic(&own->file.row[i]))
            own->file.row[n++] = own->file.row[i];
    own->n_palindromic = own->file.n_row - n;
    own->file.n_row = n;
}

static sund_code score_begin(sund_state *st, sund_err *err)
{
    score_own *own = calloc(1, sizeof *own);
    sund_cur   file = sund_state_file(st, "scorefile");

    st->own = own;
    if (!own)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_TRY(sund_assembly_parse(sund_study_text(st->study, "assembly"), &own->assembly, err));
    SUND_TRY(sund_scorefile_parse(&own->file, file.p, file.n, own->assembly, err));
    own->outcome = st->plan->n_outcome ? st->plan->n_covariate : st->plan->n;
    own->binary = own->outcome < st->plan->n && st->plan->col[own->outcome].binary;
    if (strcmp(sund_study_text(st->study, "palindromic"), "drop") == 0)
        drop_palindromic(own);
    SUND_TRY(read_groups(own, st, err));
    return read_weights(own, err);
}

static sund_code score_plan(sund_state *st, sund_round *r, sund_err *err)
{
    static const char *const name[] = { "people", "matches", "moments", "bins", "" };
    score_own               *own = st->own;
    double                   scale[2] = { own->centre, own->spread };

    (void) err;
    if (r->index == ROUND_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    (void) snprintf(r->name, sizeof r->name, "%s", name[r->index < ROUND_NONE ? r->index : ROUND_NONE]);
    if (r->index == ROUND_MATCHES)
        sund_round_split(r, st->study, own->file.n_row, SCORE_LANES);
    else
        r->n_item = r->n_chunk = r->index < ROUND_NONE;
    if (r->index == ROUND_MOMENTS)
        r->params = sund_round_params(r, st->study, own->mean, own->file.n_row * sizeof *own->mean);
    else
        r->params = sund_round_params(r, st->study, scale, r->index == ROUND_BINS ? sizeof scale : 0);
    return SUND_OK;
}

static sund_code score_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    (void) n_thread;
    switch (r->index) {
    case ROUND_PEOPLE: return sund_people_local(v, out, err);
    case ROUND_MATCHES: return sund_score_matches_local(st, v, r, chunk, out, err);
    case ROUND_MOMENTS: return sund_score_moments_local(st, v, out, err);
    default: return sund_score_bins_local(st, v, out, err);
    }
}

static sund_code bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total of score is impossible, or has another shape than its round"); }

/** Pooled mean dose of a row times its weight, to the nearest integer. */
static int64_t mean_of(const score_own *own, size_t i, int64_t called, int64_t one, int64_t two)
{
    int64_t dose = own->file.row[i].coding == SUND_SCORE_ADDITIVE ? one + 2 * two : own->file.row[i].coding == SUND_SCORE_DOMINANT ? one + two : two;

    return called ? (int64_t) sund_i128_div_round((sund_i128) own->weight[i] * dose, called) : 0;
}

static sund_code total_matches(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    score_own *own = st->own;
    size_t     from, n = sund_chunk_range(r, st->study, SCORE_LANES, chunk, &from);

    if (t->n64 != n * SCORE_LANES || t->n128 != 0)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        int64_t x[SCORE_LANES];

        for (size_t k = 0; k < SCORE_LANES; k++)
            if ((x[k] = sund_vec_get64(t, i * SCORE_LANES + k)) < 0 || x[k] > st->n_person)
                return bad_total(err);
        if (x[1] + x[2] > x[0])
            return bad_total(err);
        own->used[from + i] = x[0] > 0;
        own->mean[from + i] = mean_of(own, from + i, x[0], x[1], x[2]);
        own->n_used += x[0] > 0;
        own->n_straight += x[3] > 0;
        own->n_turned += x[4] > 0 && x[3] == 0;
        own->n_other_strand += x[5] > 0;
        own->n_unmatched += x[3] + x[4] + x[5] == 0;
    }
    return SUND_OK;
}

static sund_code total_moments(sund_state *st, const sund_vec *t, sund_err *err)
{
    score_own   *own = st->own;
    score_group *all = &own->sum[own->n_group];
    int64_t      n = 0;
    bool         over = false;
    double       ss;

    if (t->n64 != 3 * (own->n_group + 1) || t->n128 != t->n64)
        return bad_total(err);
    if (!own->n_used)
        return sund_fail(err, SUND_E_NOT_FOUND, "no variant of the scoring file is called in anybody of the cohort");
    for (size_t g = 0; g <= own->n_group; g++) {
        score_group *x = &own->sum[g];

        x->n = sund_vec_get64(t, 3 * g);
        x->s = sund_vec_get64(t, 3 * g + 1);
        x->y = sund_vec_get64(t, 3 * g + 2);
        x->ss = sund_vec_get128(t, 3 * g);
        x->sy = sund_vec_get128(t, 3 * g + 1);
        x->yy = sund_vec_get128(t, 3 * g + 2);
        n += g < own->n_group ? x->n : 0;
        if (x->n < 0 || x->n > st->n_person || x->ss < 0 || x->yy < 0 || (own->binary && (x->y < 0 || x->y > x->n)))
            return bad_total(err);
    }
    if (all->n != st->n_person || (own->n_group && n != all->n))
        return bad_total(err);
    ss = sund_centred(all->n, all->ss, all->s, all->s, 0, &over);
    if (over)
        return bad_total(err);
    own->centre = (double) all->s / (double) all->n;
    own->spread = all->n > 1 ? sqrt(ss / (double) (all->n - 1)) : 0.0;
    return own->spread > 0.0 ? SUND_OK : sund_fail(err, SUND_E_NUMERIC, "everybody has the same score: the file's variants do not vary in this cohort");
}

static sund_code total_bins(sund_state *st, const sund_vec *t, sund_err *err)
{
    score_own *own = st->own;

    if (t->n64 != 2 * SCORE_BINS * (own->n_group + 1) || t->n128 != 0)
        return bad_total(err);
    for (size_t g = 0; g <= own->n_group; g++) {
        int64_t n = 0, y = 0;

        for (size_t b = 0; b < SCORE_BINS; b++) {
            own->sum[g].bin[b] = sund_vec_get64(t, 2 * (g * SCORE_BINS + b));
            own->sum[g].bin_y[b] = sund_vec_get64(t, 2 * (g * SCORE_BINS + b) + 1);
            if (own->sum[g].bin[b] < 0 || own->sum[g].bin[b] > own->sum[g].n)
                return bad_total(err);
            n += own->sum[g].bin[b];
            y += own->sum[g].bin_y[b];
        }
        if (n != own->sum[g].n || y != own->sum[g].y)
            return bad_total(err);
    }
    return SUND_OK;
}

static sund_code score_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    switch (r->index) {
    case ROUND_PEOPLE: return sund_people_total(st, total, err);
    case ROUND_MATCHES: return total_matches(st, r, chunk, total, err);
    case ROUND_MOMENTS: return total_moments(st, total, err);
    case ROUND_BINS: return total_bins(st, total, err);
    default: return bad_total(err);
    }
}

/** The score stays at home in standard deviations from the mean of everybody, six decimals: score_<8 hex digits of the study's name>. */
static sund_code score_keep(const sund_state *st, const sund_view *v, sund_people *people, sund_err *err)
{
    const score_own *own = st->own;
    const int64_t   *score;
    sund_var         var = { .type = SUND_VAR_REAL, .unit = "1", .decimals = 6, .min = -99000000, .max = 99000000 };
    int64_t         *raw = malloc((v->n_person + 1) * sizeof *raw);
    sund_code        rc = raw ? sund_score_people(st, v, &score, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    (void) snprintf(var.name, sizeof var.name, "score_%.8s", sund_digest_hex(&st->study->digest).s);
    for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++) {
        double z = ((double) (score[i] >> 16) - own->centre) / own->spread;

        raw[i] = v->member[i / 64] >> (i % 64) & 1 ? (int64_t) floor((z < -99.0 ? -99.0 : z > 99.0 ? 99.0 : z) * 1e6 + 0.5) : SUND_VALUE_MISSING;
    }
    if (rc == SUND_OK)
        rc = sund_view_keep(v, people, 1, &var, raw, err);
    free(raw);
    return rc;
}

extern const sund_analysis sund_analysis_score;
const sund_analysis        sund_analysis_score = {
    .name = "score",
    .title = "A polygenic score of the PGS Catalog",
    .help = "The score of every person stays at home as a variable; over the countries its distribution, and with an outcome R2, or AUC and odds ratio per standard "
            "deviation, by group, and calibration by tenth. Missing calls take the pooled mean.",
    .rules = "parties, cell-min, round-5, complement, size, dominance",
    .catalogue = SUND_CATALOGUE_UNUSED,
    .strata = SUND_STRATA_NEVER,
    .options = options,
    .check = score_check,
    .begin = score_begin,
    .end = score_end,
    .plan = score_plan,
    .local = score_local,
    .total = score_total,
    .finish = sund_score_tables,
    .keep = score_keep,
};
