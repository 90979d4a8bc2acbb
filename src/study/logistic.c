#include "math/func.h"
#include "study/logistic_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Logistic association: people, counts of every variant, means of the covariates, the null model by Newton's method; then for the eligible variants the score
 * test, saddlepoint tails of those that stand out, and Firth's regression of the hits - or a regression for each variant, where the study asks for that. */

/** As linear's: the residuals and weights of a score test are no few people's (sund_logistic_weigh). Saddlepoints and regressions of each variant are many numbers about its carriers. */
static sund_code logistic_alone(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, const sund_vec *x, sund_err *err)
{
    const logistic_own *own = st->own;
    size_t              from, n;

    if (own->test != TEST_SCORE || own->spa || own->firth_below > 0.0 || own->strata)
        return sund_fail(err, SUND_E_ARG, "two nodes are asked for test = score with spa = no, firth-below = 0 and strata = none");
    switch (own->stage) {
    case STAGE_PEOPLE: return sund_people_alone(st, x, err);
    case STAGE_COUNTS:
        n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &from);
        return sund_tallies_alone(st, from, n, SUND_TALLY_LANES, true, x, err);
    case STAGE_NULL:
        if (own->n_number <= v->n_member / 10)
            return SUND_OK;
        return sund_refuse(err, "model-size", "with two nodes each one's own people are ten for every sum of the fit; take fewer covariates or a wider cohort");
    case STAGE_SCORE:
        n = sund_chunk_range(r, st->study, logistic_score_words(own), chunk, &from);
        return sund_levels_alone(st, v, own->eligible + from, n, err);
    case STAGE_MEANS:
    case STAGE_SPA:
    case STAGE_FIT:
    case STAGE_APPROX:
    case STAGE_DONE:
    default: return SUND_OK;
    }
}

static const sund_option options[] = {
    { "test", 'c', "score", 0, 0, "score|wald|firth|firth-approx", "score test given the null model; or a regression of every variant: by maximum likelihood (Wald's test), by Firth's penalised likelihood, "
                                                                    "or by Firth's with the covariates' effects held at the null model's" },
    { "spa", 'c', "yes", 0, 0, "yes|no", "with test = score: saddlepoint p-values where |Z| > 2; right where cases or carriers are few" },
    { "firth-below", 'f', "0.0001", 0, 1, NULL, "with test = score: variants with a p-value below get beta and its standard error from Firth's regression; 0 for none" },
    { NULL, 0, NULL, 0, 0, NULL, NULL },
};

static sund_code logistic_check(const sund_study *s, sund_err *err)
{
    const char *test = sund_study_text(s, "test");

    if (s->n_outcome != 1)
        return sund_fail(err, SUND_E_ARG, "analysis logistic needs one outcome: add a line 'outcome = VARIABLE'");
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], s->outcome[0]) == 0)
            return sund_fail(err, SUND_E_ARG, "%s is both the outcome and a covariate", s->outcome[0]);
    if (s->drop_missing && (strcmp(test, "score") == 0 || strcmp(test, "firth-approx") == 0))
        return sund_fail(err, SUND_E_ARG, "test = %s has one null model for all variants, so missing genotypes are put at the mean: remove the line 'missing', or take test = wald or firth", test);
    if (strcmp(test, "score") == 0)
        return SUND_OK;
    SUND_TRY(sund_study_unread(s, "spa", "without test = score", err));
    return sund_study_unread(s, "firth-below", "without test = score", err);
}

static void logistic_end(sund_state *st)
{
    logistic_own *own = st->own;

    if (own) {
        sund_large_free(own->count);
        sund_large_free(own->eligible);
        sund_large_free(own->result);
        free(own->c);
        free(own->fit);
        free(own->fit_beta);
        free(own->fit_sure);
        free(own->fit_inverse);
        free(own->tail);
        free(own->active);
        free(own);
    }
    st->own = NULL;
}

sund_code sund_logistic_new(sund_state *st, sund_err *err)
{
    const sund_column *y = &st->plan->col[st->plan->n - 1];
    logistic_own      *own = calloc(1, sizeof *own);

    st->own = own;
    if (own) {
        own->count = sund_large_secret((st->n_variant + 1) * sizeof *own->count);
        own->eligible = sund_large_secret((st->n_variant + 1) * sizeof *own->eligible);
    }
    if (!own || !own->count || !own->eligible)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", st->n_variant);
    if (!y->binary)
        return sund_fail(err, SUND_E_ARG, "the outcome %s is not binary: declare it so in the dictionary (its second code is the case), or take analysis linear", y->name);
    own->spa = true;
    own->firth_below = 0.0001;
    own->strata = st->study->strata_country;
    own->k = st->plan->n - 1;
    own->p = own->k + !own->strata;
    return own->k > SUND_K_MAX - 4 ? sund_fail(err, SUND_E_LIMIT, "more than %d columns of covariates", SUND_K_MAX - 4) : SUND_OK;
}

static sund_code logistic_begin(sund_state *st, sund_err *err)
{
    static const char *const tests[] = { "score", "wald", "firth", "firth-approx" };
    const sund_study        *s = st->study;
    logistic_own            *own;

    SUND_TRY(sund_logistic_new(st, err));
    own = st->own;
    for (int k = 0; k < 4; k++)
        if (strcmp(sund_study_text(s, "test"), tests[k]) == 0)
            own->test = (logistic_test) k;
    own->spa = strcmp(sund_study_text(s, "spa"), "yes") == 0;
    own->firth_below = sund_study_f64(s, "firth-below");
    return SUND_OK;
}

/* ---- what is asked next ---- */

static bool has_sex(const sund_study *s)
{
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], "sex") == 0)
            return true;
    return false;
}

/** Which variants are asked: common enough, varying, missing for nobody or for enough people, and not on Y. */
static sund_code choose_eligible(sund_state *st, sund_err *err)
{
    logistic_own *own = st->own;

    for (size_t j = 0; j < st->n_variant; j++) {
        const sund_alleles *a = &own->count[j];
        sund_copies         copies = sund_state_copies(st, j);

        sund_maps_pass(j);
        if (copies == SUND_COPIES_Y || a->dose == 0 || a->dose == 2 * a->called || !sund_rule_eligible(&st->thresholds, a->ac, a->an) ||
            !sund_rule_missing(&st->thresholds, a->missing))
            continue;
        if (copies == SUND_COPIES_X && !has_sex(st->study))
            return sund_fail(err, SUND_E_ARG, "the catalogue has variants of chromosome X, where men have one copy: add 'sex' to the covariates, or give a region");
        own->eligible[own->n_eligible++] = (uint32_t) j;
    }
    own->result = sund_large_secret((own->n_eligible + 1) * sizeof *own->result);
    if (!own->result)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", own->n_eligible);
    for (size_t i = 0; i < own->n_eligible; i++)
        own->result[i] = (logistic_result){ (double) NAN, (double) NAN, (double) NAN, (double) NAN, (double) NAN, (double) NAN, "NA", "NA", "", SIZE_MAX };
    return SUND_OK;
}

/** Fraction bits: of a person's weight times covariate as many as four bytes take (|x| < 2 max_abs, w <= 1/4); of lanes as many as keep sums below 2^61. */
static void choose_fractions(sund_state *st)
{
    logistic_own *own = st->own;
    unsigned      n_bits = sund_u64_bits((uint64_t) st->n_person);

    own->frac_u = 61 - n_bits - 2 > 40 ? 40 : 61 - n_bits - 2;
    for (size_t k = 0; k < own->k; k++) {
        unsigned bits = sund_u64_bits(st->plan->col[k].max_abs), used = n_bits + bits + 1;

        own->frac_x[k] = 31 - bits;
        own->frac_gx[k] = used >= 61 ? 0 : 61 - used > 40 ? 40 : 61 - used;
    }
}

/** The null model is fitted: its information with the common intercept taken out, as with strata it is already. */
static sund_code end_null(sund_state *st, sund_err *err)
{
    logistic_own *own = st->own;
    size_t        bad = 0, p = own->p, from = !own->strata;
    double        info[SUND_K_MAX * SUND_K_MAX];

    if (own->null.note)
        return sund_fail(err, SUND_E_NUMERIC, "the outcome's regression on the covariates has no answer in this cohort: %s", own->null.note);
    for (size_t a = 0; a < own->k; a++)
        for (size_t b = 0; b < own->k; b++)
            info[a * own->k + b] = own->info[(a + from) * p + b + from] - (own->strata ? 0.0 : own->info[a + 1] * own->info[b + 1] / own->info[0]);
    if (sund_logistic_prepare(&own->score, own->k, info, &bad, NULL) != SUND_OK)
        return sund_fail(err, SUND_E_NUMERIC, "the covariate %s does not vary independently of the others in this cohort", st->plan->col[bad].name);
    choose_fractions(st);
    return choose_eligible(st, err);
}

/** Eligible variants that `take` chooses, in item: how many. */
typedef bool (*chooser)(const logistic_own *own, const logistic_result *r);
static size_t choose(const logistic_own *own, chooser take, uint32_t *item)
{
    size_t n = 0;

    for (size_t i = 0; i < own->n_eligible; i++)
        if (take(own, &own->result[i]))
            item[n++] = (uint32_t) i;
    return n;
}

static bool take_all(const logistic_own *own, const logistic_result *r) { return own->n_eligible > 0 && r != NULL; }
static bool take_projected(const logistic_own *own, const logistic_result *r) { return own->n_c > 0 && r->c != SIZE_MAX; }
static bool take_hit(const logistic_own *own, const logistic_result *r)
{
    return own->test == TEST_SCORE && own->firth_below > 0.0 && r->nlog10p > 0.0 && r->nlog10p * 2.30258509299404568402 > -sund_ln(own->firth_below);
}

/** After the null model: which stage, or none. */
static sund_code next_stage(sund_state *st, sund_err *err)
{
    logistic_own *own = st->own;
    uint32_t     *item = malloc((own->n_eligible + 1) * sizeof *item);
    sund_code     rc = item ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", own->n_eligible);

    own->n_active = 0;
    own->n_asked = 0;
    while (rc == SUND_OK && own->n_active == 0 && own->stage != STAGE_DONE)
        switch (own->stage) {
        case STAGE_NULL:
            own->stage = own->test == TEST_WALD || own->test == TEST_FIRTH ? STAGE_FIT : STAGE_SCORE;
            if (own->stage == STAGE_FIT)
                rc = sund_logistic_fits_begin(st, item, choose(own, take_all, item), own->test == TEST_FIRTH, own->test == TEST_FIRTH, err);
            else
                own->n_active = own->n_eligible;
            if (own->n_eligible == 0)
                own->stage = STAGE_DONE;
            break;
        case STAGE_SCORE:
            own->stage = own->test == TEST_APPROX ? STAGE_APPROX : STAGE_SPA;
            rc = sund_logistic_tails_begin(st, item, choose(own, take_projected, item), err);
            break;
        case STAGE_SPA:
            sund_logistic_tails_end(st);
            own->stage = STAGE_FIT;
            rc = sund_logistic_fits_begin(st, item, choose(own, take_hit, item), true, false, err);
            break;
        case STAGE_APPROX:
            sund_logistic_tails_end(st);
            own->stage = STAGE_DONE;
            break;
        case STAGE_FIT:
            sund_logistic_fits_end(st);
            own->stage = STAGE_DONE;
            break;
        case STAGE_PEOPLE:
        case STAGE_COUNTS:
        case STAGE_MEANS:
        case STAGE_DONE: break;
        }
    free(item);
    return rc;
}

/** Those of an iterating stage that are not done stay. */
static void keep_active(logistic_own *own)
{
    size_t n = 0;

    for (size_t i = 0; i < own->n_active; i++) {
        uint32_t a = own->active[i];
        bool     done = own->stage == STAGE_FIT ? own->fit[a].newton.done : own->stage == STAGE_APPROX ? own->tail[a].newton.done : own->tail[a].up.done && own->tail[a].down.done;

        own->active[n] = a;
        n += !done;
    }
    own->n_active = n;
}

static sund_code advance(sund_state *st, sund_err *err)
{
    logistic_own *own = st->own;

    own->n_asked++;
    switch (own->stage) {
    case STAGE_PEOPLE: own->stage = STAGE_COUNTS; return SUND_OK;
    case STAGE_COUNTS: own->stage = STAGE_MEANS; return SUND_OK;
    case STAGE_MEANS:
        own->stage = STAGE_NULL;
        own->n_asked = 0;
        own->null.done = own->p == 0; /* strata alone: their intercepts are solved inside the nodes */
        break;
    case STAGE_SCORE: return next_stage(st, err);
    case STAGE_SPA:
    case STAGE_APPROX:
    case STAGE_FIT:
        keep_active(own);
        return own->n_active ? SUND_OK : next_stage(st, err);
    case STAGE_NULL:
    case STAGE_DONE: break;
    }
    if (own->stage != STAGE_NULL || !own->null.done)
        return SUND_OK;
    SUND_TRY(end_null(st, err));
    return next_stage(st, err);
}

sund_code sund_logistic_budget(sund_state *st, sund_err *err)
{
    logistic_own *own = st->own;

    own->n_number += logistic_fit_lanes(own->p);
    if (st->thresholds.open || own->n_number <= (uint64_t) st->n_person / 10)
        return SUND_OK;
    return sund_refuse(err, "model-size", "fitting %zu covariates takes more sums than a tenth of the people; take fewer covariates or a wider cohort", own->k);
}

/** What the masks of a round are bound to, beside its shape. */
static sund_digest asked(const logistic_own *own)
{
    sund_hasher h;

    sund_hasher_init(&h);
    sund_hasher_add(&h, own->beta, own->p * sizeof *own->beta);
    if (own->stage == STAGE_SCORE)
        sund_hasher_add(&h, own->eligible, own->n_eligible * sizeof *own->eligible);
    for (size_t i = 0; i < own->n_active && own->stage > STAGE_SCORE && own->stage < STAGE_DONE; i++) {
        uint32_t a = own->active[i];

        if (own->stage == STAGE_FIT) {
            sund_hasher_add(&h, &own->fit[a].item, sizeof own->fit[a].item);
            sund_hasher_add(&h, own->fit_beta + a * own->fit_p, own->fit_p * sizeof *own->fit_beta);
        }
        else {
            const double at[3] = { own->tail[a].up.t, own->tail[a].down.t, own->tail[a].beta };

            sund_hasher_add(&h, &own->tail[a].item, sizeof own->tail[a].item);
            sund_hasher_add(&h, at, sizeof at);
        }
    }
    return sund_hasher_end(&h);
}

static sund_code logistic_plan(sund_state *st, sund_round *r, sund_err *err)
{
    static const char *const name[] = { "people", "counts", "means", "newton", "score", "spa", "", "approx", "" };
    logistic_own            *own = st->own;
    sund_digest              d;

    if (r->index == 0) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    SUND_TRY(advance(st, err));
    (void) snprintf(r->name, sizeof r->name, "%s", own->stage == STAGE_FIT ? (own->firth ? "firth" : "wald") : name[own->stage]);
    if (own->stage == STAGE_NULL || (own->stage > STAGE_SCORE && own->stage < STAGE_DONE))
        (void) snprintf(r->name + strlen(r->name), sizeof r->name - strlen(r->name), " %u", own->n_asked + 1);
    r->n_item = r->n_chunk = 1;
    switch (own->stage) {
    case STAGE_COUNTS: sund_round_split(r, st->study, st->n_variant, SUND_TALLY_LANES); break;
    case STAGE_SCORE: sund_round_split(r, st->study, own->n_eligible, logistic_score_words(own)); break;
    case STAGE_SPA: sund_round_split(r, st->study, own->n_active, 2 * SPA_LANES); break;
    case STAGE_APPROX: sund_round_split(r, st->study, own->n_active, 2 * APPROX_LANES); break;
    case STAGE_FIT: sund_round_split(r, st->study, own->n_active, 2 * logistic_fit_lanes(own->fit_p)); break;
    case STAGE_NULL: SUND_TRY(sund_logistic_budget(st, err)); break;
    case STAGE_DONE: r->n_item = r->n_chunk = 0; break;
    case STAGE_PEOPLE:
    case STAGE_MEANS: break;
    }
    d = asked(own);
    r->params = sund_round_params(r, st->study, d.b, sizeof d.b);
    return SUND_OK;
}

/* ---- means ---- */

sund_code sund_logistic_means_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    const logistic_own *own = st->own;

    SUND_TRY(sund_vec_new(out, 4 + own->k, 0, err));
    for (size_t s = 0; s < v->n_stratum; s++) {
        const sund_whole *w = &v->whole[s];

        if (w->n == 0)
            continue;
        sund_vec_add64(out, 0, w->n);
        sund_vec_add64(out, 1, w->q[own->k]);
        sund_vec_add64(out, 2, own->strata);
        sund_vec_add64(out, 3, own->strata && (w->q[own->k] == 0 || w->q[own->k] == w->n));
        for (size_t k = 0; k < own->k; k++)
            sund_vec_add64(out, 4 + k, w->q[k]);
    }
    return SUND_OK;
}

sund_code sund_logistic_bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total of logistic is impossible, or has another shape than its round"); }

sund_code sund_logistic_means_total(sund_state *st, const sund_vec *t, sund_err *err)
{
    logistic_own *own = st->own;
    int64_t       n = st->n_person;

    if (t->n64 != 4 + own->k || t->n128 != 0 || sund_vec_get64(t, 0) != n)
        return sund_logistic_bad_total(err);
    own->n_case = sund_vec_get64(t, 1);
    own->n_stratum = own->strata ? sund_vec_get64(t, 2) : 1;
    own->n_idle = sund_vec_get64(t, 3);
    if (own->n_case < 0 || own->n_case > n || own->n_stratum < 1 || own->n_stratum > n || own->n_idle < 0 || own->n_idle > own->n_stratum)
        return sund_logistic_bad_total(err);
    if (own->n_case == 0 || own->n_case == n || own->n_idle == own->n_stratum)
        return sund_fail(err, SUND_E_NUMERIC, "the outcome %s does not vary in this cohort%s", st->plan->col[own->k].name, own->strata ? ", or not within any country: 'strata = none' compares countries too" : "");
    for (size_t k = 0; k < own->k; k++) {
        int64_t sum = sund_vec_get64(t, 4 + k);

        if ((sum < 0 ? -sum : sum) > n * (int64_t) st->plan->col[k].max_abs)
            return sund_logistic_bad_total(err);
        own->mean[k] = (int64_t) sund_i128_div_round(sum, n);
    }
    if (!own->strata)
        own->beta[0] = sund_ln((double) own->n_case) - sund_ln((double) (n - own->n_case));
    return SUND_OK;
}

static sund_code logistic_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const logistic_own *own = st->own;

    if (chunk == 0 && (own->stage == STAGE_SCORE || own->stage == STAGE_FIT))
        SUND_TRY(sund_logistic_weigh(st, v, err));
    switch (own->stage) {
    case STAGE_PEOPLE: return sund_people_local(v, out, err);
    case STAGE_COUNTS: return sund_tally_local(st, v, r, chunk, NULL, n_thread, out, err);
    case STAGE_MEANS: return sund_logistic_means_local(st, v, out, err);
    case STAGE_NULL: return sund_logistic_null_local(st, v, r, out, err);
    case STAGE_SCORE: return sund_logistic_score_local(st, v, r, chunk, n_thread, out, err);
    case STAGE_SPA:
    case STAGE_APPROX: return sund_logistic_tails_local(st, v, r, chunk, n_thread, out, err);
    case STAGE_FIT: return sund_logistic_fits_local(st, v, r, chunk, n_thread, out, err);
    case STAGE_DONE: break;
    }
    return sund_logistic_bad_total(err);
}

static sund_code logistic_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    switch (((const logistic_own *) st->own)->stage) {
    case STAGE_PEOPLE: return sund_people_total(st, t, err);
    case STAGE_COUNTS: return sund_tally_total(st, r, chunk, NULL, t, ((logistic_own *) st->own)->count, err);
    case STAGE_MEANS: return sund_logistic_means_total(st, t, err);
    case STAGE_NULL: return sund_logistic_null_total(st, t, err);
    case STAGE_SCORE: return sund_logistic_score_total(st, r, chunk, t, err);
    case STAGE_SPA:
    case STAGE_APPROX: return sund_logistic_tails_total(st, r, chunk, t, err);
    case STAGE_FIT: return sund_logistic_fits_total(st, r, chunk, t, err);
    case STAGE_DONE: break;
    }
    return sund_logistic_bad_total(err);
}

const sund_analysis        sund_analysis_logistic = {
    .name = "logistic",
    .title = "Logistic regression of a binary outcome on every variant",
    .help = "Score test of each variant given the covariates, with saddlepoint p-values where cases or carriers are few and Firth's estimates for hits; or Wald's or Firth's regression of each. "
            "The outcome's second code is the case. strata = country (default) equals one intercept for each country; missing = mean, or drop with test = wald or firth.",
    .rules = "parties, cell-min, eligible, mac, model-size, dominance",
    .by_variant = true,
    .options = options,
    .check = logistic_check,
    .begin = logistic_begin,
    .end = logistic_end,
    .plan = logistic_plan,
    .local = logistic_local,
    .alone = logistic_alone,
    .total = logistic_total,
    .finish = sund_logistic_tables,
};
