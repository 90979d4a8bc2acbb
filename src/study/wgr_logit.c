#include "math/func.h"
#include "math/linalg.h"
#include "study/wgr_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Level 1 of a binary outcome: logistic ridge on the predictions of level 0, for each fold left out and each shrinkage,
 *
 *      maximise  sum over other folds of l(y, eta0 + W b) - lambda |b|^2 / 2,   lambda = 3/pi^2 L (1 - h2)/h2
 *
 * eta0 the null model's; pi^2/3 is the variance of a logistic residual, so h2 is a share of the liability. Newton's method with one curvature for everyone,
 *
 *      b += (c sum over other folds of W'W + lambda I)^-1 (W'(y - mu) - lambda b),
 *
 * needs of a round no more than W'(y - mu): W'W is known from the round "level1", where people's own weights would be L^2/2 numbers for each fit and round.
 * c begins at p (1 - p), p the cases' share; it doubles when the likelihood falls, and at 1/4 it cannot fall (Bohning & Lindsay 1988). */

static const double liability = 0.30396355092701331; /* 3 / pi^2 */

enum { LOGIT_BASE, LOGIT_RIDGE, LOGIT_TESTS };

static size_t fit_lanes(const wgr_own *own) { return own->n_pred + 3; }

double sund_wgr_logit_lambda(const wgr_own *own, size_t shrinkage) { return liability * sund_ridge_lambda(own->n_pred, sund_ridge_h2(shrinkage, own->n_ridge)); }

/* ---- what is asked ---- */

/** The null model, of covariates alone: a logistic study of no variants, from its means on. */
static sund_code begin_base(sund_state *st, sund_err *err)
{
    wgr_own *own = st->own;
    size_t   n = own->n_fold * own->n_ridge;

    own->base = *st;
    own->base.n_variant = 0;
    own->base.own = NULL;
    own->logit = calloc(n + 1, sizeof *own->logit);
    own->logit_beta = calloc(n * own->n_pred + 1, sizeof *own->logit_beta);
    own->logit_sure = calloc(n * own->n_pred + 1, sizeof *own->logit_sure);
    if (!own->logit || !own->logit_beta || !own->logit_sure)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu predictors", own->n_pred);
    SUND_TRY(sund_logistic_new(&own->base, err));
    ((logistic_own *) own->base.own)->stage = STAGE_COUNTS;
    return SUND_OK;
}

static void begin_ridge(wgr_own *own)
{
    const logistic_own *base = own->base.own;
    double              share = (double) base->n_case / (double) own->base.n_person;

    own->logit_stage = LOGIT_RIDGE;
    own->n_active = own->n_fold * own->n_ridge;
    for (size_t i = 0; i < own->n_active; i++) {
        own->active[i] = (uint32_t) i;
        own->logit[i].curve = share * (1.0 - share);
    }
}

/** The shrinkage with the highest likelihood in people left out. r2: McFadden's, of them. */
static void end_ridge(wgr_own *own)
{
    size_t F = own->n_fold, L = own->n_pred;

    own->logit_rounds = own->n_asked;
    for (size_t l = 0; l < own->n_ridge; l++) {
        double with = 0.0, without = 0.0;

        for (size_t f = 0; f < F; f++) {
            with += own->logit[f * own->n_ridge + l].left_out;
            without += own->logit[f * own->n_ridge + l].left_out_0;
        }
        own->r2[l] = without < 0.0 ? 1.0 - with / without : 0.0;
        if (own->r2[l] > own->r2[own->chosen])
            own->chosen = l;
    }
    for (size_t f = 0; f < F; f++)
        for (size_t a = 0; a < L; a++)
            own->level1[f * L + a] = own->logit_beta[(f * own->n_ridge + own->chosen) * L + a] * own->inverse[a];
}

/** A logistic study for each chromosome: they differ in the offset. They begin at the null model of covariates alone. */
static sund_code begin_tests(sund_state *st, sund_err *err)
{
    wgr_own            *own = st->own;
    const linear_own   *all = own->linear.own;
    const logistic_own *base = own->base.own;

    own->logit_stage = LOGIT_TESTS;
    for (size_t from = 0, to; from < st->n_variant; from = to) {
        int           contig = sund_catalogue_at(st->catalogue, st->first + from).contig;
        sund_state   *test = &own->test[own->n_test];
        logistic_own *one;

        for (to = from; to < st->n_variant && sund_catalogue_at(st->catalogue, st->first + to).contig == contig;)
            to++;
        *test = *st;
        test->first += from;
        test->n_variant = to - from;
        test->own = NULL;
        own->test_contig[own->n_test++] = contig;
        SUND_TRY(sund_logistic_new(test, err));
        one = test->own;
        memcpy(one->count, all->count + from, test->n_variant * sizeof *one->count);
        memcpy(one->mean, base->mean, sizeof one->mean);
        memcpy(one->beta, base->beta, sizeof one->beta);
        one->n_case = base->n_case;
        one->n_stratum = base->n_stratum;
        one->n_idle = base->n_idle;
        one->stage = STAGE_MEANS;
    }
    return SUND_OK;
}

/** Every chromosome's next round, as one. */
static sund_code plan_tests(sund_state *st, sund_round *r, sund_err *err)
{
    wgr_own    *own = st->own;
    sund_hasher h;
    sund_digest d;

    sund_hasher_init(&h);
    for (size_t c = 0; c < own->n_test; c++) {
        sund_round *part = &own->part[c];

        *part = (sund_round){ .index = r->index };
        SUND_TRY(sund_analysis_logistic.plan(&own->test[c], part, err));
        r->n_item += part->n_item;
        r->n_chunk += part->n_chunk;
        sund_hasher_add(&h, part->params.b, sizeof part->params.b);
    }
    (void) snprintf(r->name, sizeof r->name, "test %u", ++own->n_asked);
    d = sund_hasher_end(&h);
    r->params = sund_round_params(r, st->study, d.b, sizeof d.b);
    return SUND_OK;
}

static void plan_ridge(const sund_state *st, sund_round *r)
{
    const wgr_own *own = st->own;
    sund_hasher    h;
    sund_digest    d;

    (void) snprintf(r->name, sizeof r->name, "ridge %u", own->n_asked + 1);
    sund_hasher_init(&h);
    sund_hasher_add(&h, own->active, own->n_active * sizeof *own->active);
    sund_hasher_add(&h, own->logit_beta, own->n_fold * own->n_ridge * own->n_pred * sizeof *own->logit_beta);
    d = sund_hasher_end(&h);
    sund_round_split(r, st->study, own->n_active, 2 * fit_lanes(own));
    r->params = sund_round_params(r, st->study, d.b, sizeof d.b);
}

sund_code sund_wgr_logit_plan(sund_state *st, sund_round *r, sund_err *err)
{
    wgr_own *own = st->own;

    if (!own->logit)
        SUND_TRY(begin_base(st, err));
    if (own->logit_stage == LOGIT_BASE) {
        SUND_TRY(sund_analysis_logistic.plan(&own->base, r, err));
        if (r->n_chunk)
            return SUND_OK;
        begin_ridge(own);
    }
    if (own->logit_stage == LOGIT_RIDGE) {
        size_t n = 0;

        for (size_t i = 0; i < own->n_active; i++) {
            own->active[n] = own->active[i];
            n += !own->logit[own->active[i]].done;
        }
        own->n_active = n;
        if (n) {
            plan_ridge(st, r);
            own->n_asked++;
            return SUND_OK;
        }
        end_ridge(own);
        own->n_asked = 0;
        SUND_TRY(begin_tests(st, err));
    }
    r->n_item = r->n_chunk = 0;
    return plan_tests(st, r, err);
}

/* ---- own sums ---- */

/** One fit: eta of everyone here, then what it says. Strata of one kind say nothing. */
static void sum_ridge(const wgr_own *own, const wgr_people *p, const sund_view *v, const logistic_fitted *f, size_t fit, double *eta, int32_t *r, size_t lane, sund_vec *out)
{
    size_t        L = own->n_pred, S = v->n_stratum, left_out = fit / own->n_ridge, y = own->n_column - 1;
    const double *beta = own->logit_beta + fit * L;
    double        start = 0.0;
    sund_i128     sum = 0, loglik[2] = { 0 };

    for (size_t l = 0; l < L; l++)
        start -= beta[l] * own->inverse[l] * own->w_mean[l];
    for (size_t i = 0; i < p->n; i++)
        eta[i] = f->eta[p->at[i]] + start;
    for (size_t l = 0; l < L; l++) {
        double         slope = ldexp(beta[l] * own->inverse[l], -WGR_PRED_FRAC);
        const int32_t *w = p->w + l * p->n;

        for (size_t i = 0; i < p->n; i++)
            eta[i] += slope * (double) w[i];
    }
    for (size_t g = 0; g < p->n_group; g++)
        for (size_t i = p->start[g]; i < p->start[g + 1]; i++) {
            sund_logistic_point at = sund_logistic_at(eta[i]);
            int32_t             who = v->column[y][p->at[i]];

            r[i] = 0;
            if (f->stratum[p->at[i]] == UINT8_MAX)
                continue;
            loglik[g / S == left_out] += (sund_i128) floor(ldexp(at.loglik[who], SUND_LOGISTIC_R) + 0.5);
            if (g / S != left_out)
                r[i] = (int32_t) floor(ldexp((double) who - at.mu, WGR_LOGIT_FRAC) + 0.5);
            sum += r[i];
        }
    for (size_t l = 0; l < L; l++)
        sund_vec_add128(out, lane + l, sund_wgr_dot(r, p->w + l * p->n, p->n));
    sund_vec_add128(out, lane + L, sum);
    sund_vec_add128(out, lane + L + 1, loglik[0]);
    sund_vec_add128(out, lane + L + 2, loglik[1]);
}

static sund_code ridge_local(const sund_state *st, const sund_view *v, wgr_people *p, const sund_view *base, const sund_round *r, uint32_t chunk, sund_vec *out, sund_err *err)
{
    const wgr_own         *own = st->own;
    size_t                 from, n = sund_chunk_range(r, st->study, 2 * fit_lanes(own), chunk, &from);
    double                *eta = malloc((p->n + 1) * sizeof *eta);
    int32_t               *rest = malloc((p->n + 1) * sizeof *rest);
    const logistic_fitted *f;
    sund_code              rc = eta && rest ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", p->n);

    if (rc == SUND_OK)
        rc = sund_wgr_predict(st, p, err);
    if (rc == SUND_OK)
        rc = sund_logistic_fitted(&own->base, base, r, false, &f, err);
    if (rc == SUND_OK)
        rc = sund_vec_new(out, 0, n * fit_lanes(own), err);
    for (size_t i = 0; i < n && rc == SUND_OK; i++)
        sum_ridge(own, p, v, f, own->active[from + i], eta, rest, i * fit_lanes(own), out);
    free(eta);
    free(rest);
    return rc;
}

sund_code sund_wgr_logit_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const wgr_own   *own = st->own;
    const sund_view *with;
    wgr_people      *p;
    size_t           c;

    SUND_TRY(sund_wgr_people(st, v, &p, err));
    if (own->logit_stage != LOGIT_TESTS) {
        SUND_TRY(sund_wgr_offset(st, p, WGR_NO_TEST, &with, err));
        return own->logit_stage == LOGIT_RIDGE ? ridge_local(st, v, p, with, r, chunk, out, err) : sund_analysis_logistic.local(&own->base, with, r, chunk, n_thread, out, err);
    }
    c = sund_wgr_part(own, &chunk);
    SUND_TRY(sund_wgr_offset(st, p, c, &with, err));
    return sund_analysis_logistic.local(&own->test[c], with, &own->part[c], chunk, n_thread, out, err);
}

/* ---- totals ---- */

/** W'W of all folds but one times `curve`, plus lambda. */
static void curvature(const wgr_own *own, size_t left_out, double curve, double lambda, double *m)
{
    size_t L = own->n_pred, tri = sund_ridge_at(L, 0);

    memset(m, 0, L * L * sizeof *m);
    for (size_t f = 0; f < own->n_fold; f++) {
        const double *at = own->ww + f * tri;

        for (size_t i = 0; i < L && f != left_out; i++)
            for (size_t j = 0; j <= i; j++)
                m[j * L + i] += curve * *at++;
    }
    for (size_t i = 0; i < L; i++)
        m[i * L + i] += lambda;
}

/** grad: at logit_beta; overwritten. loglik: of the folds that are fitted. */
static sund_code step(wgr_own *own, size_t fit, double *grad, double *step, double *m, double loglik, sund_err *err)
{
    wgr_logit *s = &own->logit[fit];
    size_t     L = own->n_pred, bad;
    double    *beta = own->logit_beta + fit * L, *sure = own->logit_sure + fit * L, lambda = sund_wgr_logit_lambda(own, fit % own->n_ridge), gain = 0.0;

    for (size_t a = 0; a < L; a++) {
        loglik -= 0.5 * lambda * beta[a] * beta[a];
        grad[a] -= lambda * beta[a];
    }
    if (s->asked++ > 0 && !(loglik >= s->loglik - 1e-9 * (1.0 + fabs(s->loglik))) && s->curve < 0.25) {
        s->curve *= 2.0; /* a shorter step from where it was good */
        memcpy(beta, sure, L * sizeof *beta);
        return SUND_OK;
    }
    memcpy(sure, beta, L * sizeof *sure);
    s->loglik = loglik;
    curvature(own, fit / own->n_ridge, s->curve, lambda, m);
    SUND_TRY(sund_chol_wide(L, m, &bad, err));
    memcpy(step, grad, L * sizeof *step);
    sund_chol_wide_solve(L, m, step);
    for (size_t a = 0; a < L; a++) {
        gain += grad[a] * step[a];
        beta[a] += step[a];
    }
    s->done = gain < 1e-11 || s->asked >= WGR_LOGIT_MAX; /* a prediction that is a little off the best is a prediction still */
    return SUND_OK;
}

static sund_code ridge_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    wgr_own  *own = st->own;
    size_t    L = own->n_pred, lanes = fit_lanes(own), from, n = sund_chunk_range(r, st->study, 2 * lanes, chunk, &from);
    double   *grad = malloc((L + 1) * sizeof *grad), *move = malloc((L + 1) * sizeof *move), *m = malloc((L * L + 1) * sizeof *m);
    sund_i128 most = (sund_i128) st->n_person << WGR_LOGIT_FRAC;
    sund_code rc = grad && move && m ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu predictors", L);

    if (rc == SUND_OK && (t->n64 != 0 || t->n128 != n * lanes))
        rc = bad_total(err);
    for (size_t i = 0; i < n && rc == SUND_OK; i++) {
        size_t     fit = own->active[from + i], lane = i * lanes;
        sund_i128  sum = sund_vec_get128(t, lane + L);
        wgr_logit *s = &own->logit[fit];

        if (sum > most || sum < -most) {
            rc = bad_total(err);
            break;
        }
        for (size_t a = 0; a < L; a++)
            grad[a] = own->inverse[a] * (ldexp(sund_i128_double(sund_vec_get128(t, lane + a)), -(WGR_LOGIT_FRAC + WGR_PRED_FRAC)) -
                                         own->w_mean[a] * ldexp(sund_i128_double(sum), -WGR_LOGIT_FRAC));
        s->left_out = ldexp(sund_i128_double(sund_vec_get128(t, lane + L + 2)), -SUND_LOGISTIC_R);
        if (s->asked == 0)
            s->left_out_0 = s->left_out;
        rc = step(own, fit, grad, move, m, ldexp(sund_i128_double(sund_vec_get128(t, lane + L + 1)), -SUND_LOGISTIC_R), err);
    }
    free(grad);
    free(move);
    free(m);
    return rc;
}

sund_code sund_wgr_logit_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    wgr_own *own = st->own;
    size_t   c;

    if (own->logit_stage == LOGIT_BASE)
        return sund_analysis_logistic.total(&own->base, r, chunk, t, err);
    if (own->logit_stage == LOGIT_RIDGE)
        return ridge_total(st, r, chunk, t, err);
    c = sund_wgr_part(own, &chunk);
    return c == WGR_NO_TEST ? bad_total(err) : sund_analysis_logistic.total(&own->test[c], &own->part[c], chunk, t, err);
}
