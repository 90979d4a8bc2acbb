#include "study/survival_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Survival: Kaplan-Meier curves with the log-rank test, and Cox's regression by Newton's method. See survival_priv.h for what leaves a node. */

enum { ROUND_PEOPLE, ROUND_TIMES, ROUND_NEWTON };

static const sund_option options[] = {
    { "time", 'v', NULL, 0, 0, NULL, "name the variable that holds the time to the event or to the end of observation" },
    { "event", 'v', NULL, 0, 0, NULL, "name the binary variable that says whether the event came" },
    { "group", 'v', "", 0, 0, NULL, "binary or category: curves and the log-rank test by its groups" },
    { "variants", 't', "", 0, 0, NULL, "up to 24 variants, separated by commas: alternate alleles over all of them are a covariate, and without 'group' carriers are the groups" },
    { "coding", 'c', "additive", 0, 0, "additive|carrier", "with variants: the number of alternate alleles, or whether there is any" },
    { "ties", 'c', "efron", 0, 0, "efron|breslow", "in Cox's regression, for events at the same time" },
    { "grid", 'i', "0", 0, 1000000000, NULL, "width of a step of the public time grid, in steps of the time variable; 0: each time on open data, else a hundredth of the declared range" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

static sund_code survival_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome)
        return sund_fail(err, SUND_E_ARG, "analysis survival takes 'time' and 'event' instead of an outcome: remove that line");
    if (s->drop_missing)
        return sund_fail(err, SUND_E_ARG, "analysis survival leaves out people without the genotype always: remove the line 'missing'");
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], sund_study_text(s, "time")) == 0 || strcmp(s->covariate[k], sund_study_text(s, "event")) == 0)
            return sund_fail(err, SUND_E_ARG, "%s is the outcome and a covariate", s->covariate[k]);
    if (sund_study_text(s, "variants")[0])
        return SUND_OK;
    SUND_TRY(sund_study_unread(s, "coding", "without 'variants'", err));
    return s->n_covariate ? SUND_OK : sund_study_unread(s, "ties", "without Cox's regression, which takes 'covariates' or 'variants'", err);
}

static void survival_end(sund_state *st)
{
    survival_own *own = st->own;

    if (own) {
        sund_named_free(&own->named);
        free(own->leave);
        free(own->event_at);
        free(own->time_of_bin);
        free(own->lane);
    }
    free(own);
    st->own = NULL;
}

static sund_code read_groups(survival_own *own, const sund_state *st, sund_err *err)
{
    const sund_var *v;

    own->group = sund_columns_role(st->plan, "group");
    own->n_group = 1;
    (void) snprintf(own->label[0], sizeof own->label[0], "all");
    if (own->group == st->plan->n && own->named.n) {
        own->n_group = 2;
        (void) snprintf(own->label[0], sizeof own->label[0], "no alternate allele");
        (void) snprintf(own->label[1], sizeof own->label[1], "carrier");
    }
    if (own->group == st->plan->n)
        return SUND_OK;
    v = &st->plan->col[own->group].var;
    if (v->type != SUND_VAR_BINARY && v->type != SUND_VAR_CATEGORY)
        return sund_fail(err, SUND_E_ARG, "group: %s is a number; a binary variable or a category is expected", v->name);
    own->n_group = 0;
    for (const char *at = v->codes; *at && own->n_group < SURV_GROUPS_MAX; own->n_group++) {
        size_t len = strcspn(at, "|");

        (void) snprintf(own->label[own->n_group], sizeof own->label[0], "%.*s", (int) (len < 79 ? len : 79), at);
        at += len + (at[len] == '|');
    }
    return SUND_OK;
}

/** The public time grid: from declarations and the study's text alone. */
static sund_code read_grid(survival_own *own, const sund_state *st, sund_err *err)
{
    const sund_var *v = &st->plan->col[own->time].var;
    int64_t         range = v->max - v->min + 1, step = sund_study_i64(st->study, "grid");

    if (v->type != SUND_VAR_INTEGER && v->type != SUND_VAR_REAL)
        return sund_fail(err, SUND_E_ARG, "time: %s is no number", v->name);
    if (st->plan->col[own->event].var.type != SUND_VAR_BINARY)
        return sund_fail(err, SUND_E_ARG, "event: %s is not binary", st->plan->col[own->event].var.name);
    own->first_raw = v->min;
    own->step = step ? step : st->thresholds.open ? 1 : (range + 99) / 100;
    own->n_bin = (size_t) ((range + own->step - 1) / own->step);
    if (own->n_bin * own->n_group > SUND_VEC_MAX_WORDS / 4)
        return sund_fail(err, SUND_E_LIMIT, "%s has %zu possible times: name a coarser 'grid', or declare a narrower range", v->name, own->n_bin);
    return SUND_OK;
}

static sund_code survival_begin(sund_state *st, sund_err *err)
{
    survival_own *own = calloc(1, sizeof *own);

    st->own = own;
    if (!own)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    own->note = "";
    own->time = sund_columns_role(st->plan, "time");
    own->event = sund_columns_role(st->plan, "event");
    own->efron = strcmp(sund_study_text(st->study, "ties"), "efron") == 0;
    own->strata = st->study->strata_country;
    SUND_TRY(sund_named_read(&own->named, sund_study_text(st->study, "variants"), err));
    own->carrier = strcmp(sund_study_text(st->study, "coding"), "carrier") == 0;
    SUND_TRY(read_groups(own, st, err));
    SUND_TRY(read_grid(own, st, err));
    own->k = st->plan->n_covariate + (own->named.n > 0);
    if (own->k > SUND_K_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d covariates", SUND_K_MAX);
    own->max_abs = 2 * SUND_NAMED_MAX;
    for (size_t k = 0; k < st->plan->n_covariate; k++)
        if (2 * st->plan->col[k].max_abs > own->max_abs)
            own->max_abs = 2 * st->plan->col[k].max_abs;
    own->leave = calloc(own->n_group * own->n_bin, sizeof *own->leave);
    own->event_at = calloc(own->n_group * own->n_bin, sizeof *own->event_at);
    own->time_of_bin = calloc(own->n_bin + 1, sizeof *own->time_of_bin);
    return own->leave && own->event_at && own->time_of_bin ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu times", own->n_bin);
}

static sund_code survival_plan(sund_state *st, sund_round *r, sund_err *err)
{
    survival_own *own = st->own;

    (void) err;
    if (r->index == ROUND_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    if (r->index == ROUND_TIMES)
        (void) snprintf(r->name, sizeof r->name, "times");
    else
        (void) snprintf(r->name, sizeof r->name, "newton %u", r->index - ROUND_TIMES);
    r->n_item = r->n_chunk = r->index == ROUND_TIMES || (own->k > 0 && !own->fitted);
    r->params = sund_round_params(r, st->study, own->beta, r->index >= ROUND_NEWTON ? own->k * sizeof *own->beta : 0);
    return SUND_OK;
}

static sund_code survival_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    (void) chunk;
    (void) n_thread;
    if (r->index == ROUND_PEOPLE)
        return sund_people_local(v, out, err);
    return r->index == ROUND_TIMES ? sund_survival_times_local(st, v, out, err) : sund_survival_newton_local(st, v, out, err);
}

static sund_code bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total of survival is impossible, or has another shape than its round"); }

/** Joins neighbouring bins of the pooled risk sets until at least cell_min people leave in each (open data: bins where anyone leaves). */
static sund_code join_bins(sund_state *st, sund_err *err)
{
    survival_own *own = st->own;
    int64_t       here = 0, least = st->thresholds.open ? 1 : (int64_t) st->thresholds.cell_min;
    uint32_t      t = 0;

    for (size_t b = 0; b < own->n_bin; b++) {
        own->time_of_bin[b] = t;
        for (size_t g = 0; g < own->n_group; g++)
            here += own->leave[g * own->n_bin + b];
        if (here >= least) {
            t++;
            here = 0;
        }
    }
    own->n_time = (size_t) t + (here > 0 && t == 0);
    for (size_t b = 0; b < own->n_bin; b++) /* those left over at the end are with the last */
        if (own->time_of_bin[b] >= own->n_time)
            own->time_of_bin[b] = (uint32_t) (own->n_time - 1);
    if (own->n_time * sund_cox_lanes(own->k) * 2 > SUND_VEC_MAX_WORDS)
        return sund_fail(err, SUND_E_LIMIT, "%zu times by %zu covariates are too many for one round: name a coarser 'grid', or use strata", own->n_time, own->k);
    own->lane = calloc(own->n_time * sund_cox_lanes(own->k) + 1, sizeof *own->lane);
    return own->lane ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu times", own->n_time);
}

static sund_code check_people(const sund_state *st, sund_err *err)
{
    const survival_own *own = st->own;
    const int64_t       cell[2] = { own->n_event, own->n - own->n_event };

    if (own->n + own->n_uncalled != st->n_person || own->n_event < 0 || own->n_event > own->n || own->n_carrier < 0 || own->n_carrier > own->n)
        return bad_total(err);
    if (own->n == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "nobody in this cohort has a call at all of the variants");
    if (own->named.n && !sund_rule_missing(&st->thresholds, own->n_uncalled))
        return sund_refuse(err, "eligible", "the variants need calls of everybody, or of all but ten people or more");
    if (own->named.n && !sund_rule_eligible(&st->thresholds, own->n_carrier, own->n))
        return sund_refuse(err, "eligible", "the variants need %u carriers, and as many others, in the cohort", st->thresholds.mac_association);
    return sund_rule_cells(&st->thresholds, cell, 2, "people with and without the event", err);
}

static sund_code total_times(sund_state *st, const sund_vec *t, sund_err *err)
{
    survival_own *own = st->own;
    size_t        n_cov = st->plan->n_covariate, at = 2 + n_cov, cells = own->n_group * own->n_bin, lane = 0;

    if (t->n64 != at + 2 * cells || t->n128 != (own->strata ? own->n_group + survival_triangle(own->n_group) : 0))
        return bad_total(err);
    own->n_carrier = sund_vec_get64(t, 0);
    own->n_uncalled = sund_vec_get64(t, 1);
    own->n = own->n_event = 0;
    for (size_t c = 0; c < cells; c++) {
        own->leave[c] = sund_vec_get64(t, at + c);
        own->event_at[c] = sund_vec_get64(t, at + cells + c);
        if (own->event_at[c] < 0 || own->leave[c] < own->event_at[c] || own->leave[c] > st->n_person)
            return bad_total(err);
        own->n += own->leave[c];
        own->n_event += own->event_at[c];
    }
    SUND_TRY(check_people(st, err));
    for (size_t k = 0; k < n_cov; k++)
        own->mean[k] = (int64_t) sund_i128_div_round(sund_vec_get64(t, 2 + k), st->n_person);
    for (size_t g = 0; own->strata && g < own->n_group; g++)
        own->oe[g] = ldexp(sund_i128_double(sund_vec_get128(t, lane++)), -SURV_FRAC);
    for (size_t g = 0; own->strata && g < own->n_group; g++)
        for (size_t h = g; h < own->n_group; h++)
            own->v[g * own->n_group + h] = own->v[h * own->n_group + g] = ldexp(sund_i128_double(sund_vec_get128(t, lane++)), -SURV_FRAC);
    if (!own->strata)
        sund_logrank(own->n_group, own->n_bin, own->leave, own->event_at, own->oe, own->v);
    return own->strata ? SUND_OK : join_bins(st, err);
}

/** Score, information and log-likelihood at own->beta, out of a total. */
static sund_code read_score(survival_own *own, const sund_vec *t, sund_err *err)
{
    size_t k = own->k, lane = 0;

    memset(own->u, 0, sizeof own->u);
    memset(own->info, 0, sizeof own->info);
    own->loglik = 0.0;
    if (t->n64 != 0 || t->n128 != (own->strata ? k + survival_triangle(k) + 1 : own->n_time * sund_cox_lanes(k)))
        return bad_total(err);
    if (!own->strata) {
        for (size_t l = 0; l < t->n128; l++)
            own->lane[l] = sund_vec_get128(t, l);
        sund_cox_score(k, own->n_time, own->lane, own->beta, own->efron, own->u, own->info, &own->loglik);
        return SUND_OK;
    }
    for (size_t a = 0; a < k; a++)
        own->u[a] = ldexp(sund_i128_double(sund_vec_get128(t, lane++)), -SURV_FRAC);
    for (size_t a = 0; a < k; a++)
        for (size_t b = a; b < k; b++)
            own->info[a * k + b] = own->info[b * k + a] = ldexp(sund_i128_double(sund_vec_get128(t, lane++)), -SURV_FRAC);
    own->loglik = ldexp(sund_i128_double(sund_vec_get128(t, lane)), -SURV_FRAC);
    return SUND_OK;
}

static void give_up(survival_own *own, const char *why)
{
    own->fitted = true;
    own->note = why;
}

/** Newton's step from the score at own->beta, halved while the likelihood falls. */
static sund_code total_newton(sund_state *st, const sund_vec *t, sund_err *err)
{
    survival_own *own = st->own;
    double        was = own->loglik, l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], step[SUND_K_MAX], gain = 0.0;
    size_t        k = own->k, bad = 0;

    SUND_TRY(read_score(own, t, err));
    if (own->asked > 0 && !(own->loglik >= was - 1e-9 * fabs(was)) && own->halved < 10) {
        for (size_t a = 0; a < k; a++)
            own->beta[a] = (own->beta[a] + own->sure[a]) / 2.0;
        own->loglik = was;
        own->halved++;
        own->asked++;
        return SUND_OK;
    }
    if (sund_chol(k, own->info, l, scale, &bad, NULL) != SUND_OK) {
        give_up(own, own->asked ? "a covariate separates those with the event" : "the covariates do not vary independently among those at risk");
        return SUND_OK;
    }
    sund_chol_solve(k, l, scale, own->u, step);
    for (size_t a = 0; a < k; a++)
        gain += own->u[a] * step[a];
    if (own->asked == 0) {
        own->loglik_null = own->loglik;
        own->score_null = gain;
    }
    for (size_t a = 0; a < k; a++) {
        own->sure[a] = own->beta[a];
        own->beta[a] += step[a];
    }
    own->halved = 0;
    own->asked++;
    own->converged = own->fitted = gain < 1e-12;
    if (!own->fitted && own->asked == SURV_ITERATIONS_MAX)
        give_up(own, "no convergence: a covariate separates those with the event, or nearly");
    return SUND_OK;
}

static sund_code survival_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    (void) chunk;
    if (r->index == ROUND_PEOPLE)
        return sund_people_total(st, total, err);
    return r->index == ROUND_TIMES ? total_times(st, total, err) : total_newton(st, total, err);
}

extern const sund_analysis sund_analysis_survival;
const sund_analysis        sund_analysis_survival = {
    .name = "survival",
    .title = "Kaplan-Meier, log-rank, Cox's proportional hazards",
    .help = "Survival curves and medians by group with the log-rank test, and Cox's regression on covariates and on the alleles of named variants. With "
            "strata = country risk sets are those of each country; without, they are pooled, exactly on open data and on a time grid elsewhere.",
    .rules = "parties, cell-min, eligible, model-size, midpoint-6, size, dominance",
    .catalogue = SUND_CATALOGUE_UNUSED,
    .options = options,
    .check = survival_check,
    .begin = survival_begin,
    .end = survival_end,
    .plan = survival_plan,
    .local = survival_local,
    .total = survival_total,
    .finish = sund_survival_tables,
};
