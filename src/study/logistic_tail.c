#include "math/func.h"
#include "study/logistic_priv.h"

#include "base/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is asked of single variants after the score test, on the genotype adjusted for covariates and strata,
 *
 *      g~ = g - gbar_s - (x - xbar_s)' c,   c = (X'WX)^-1 X'WG,   gbar_s and xbar_s means by the weights in the person's stratum:
 *
 * saddlepoint tails, over carriers of the minor allele (missing calls are with the others); and Firth's regression on g~ alone, the covariates' effects
 * held at the null model's, over everyone. */

typedef struct worker { uint8_t *code; } worker;
typedef struct tail_run { const sund_state *st; const logistic_own *own; const sund_view *v; const logistic_fitted *f; worker *worker; size_t from; sund_vec *out; } tail_run;

/** Own people's means of g by weights, in each stratum; missing calls at mean (of the stratum, or pooled). */
typedef struct centres { double gbar[SUND_STRATA_MAX], mean[SUND_STRATA_MAX]; } centres;

static void find_centres(const tail_run *run, const sund_alleles *pooled, const double *c, const uint8_t *code, centres *to)
{
    const logistic_fitted *f = run->f;
    int64_t                n[SUND_STRATA_MAX] = { 0 }, sum[SUND_STRATA_MAX] = { 0 }, gw[SUND_STRATA_MAX] = { 0 }, lost_w[SUND_STRATA_MAX] = { 0 };

    for (size_t i = 0; i < f->n_person && run->own->strata; i++) {
        size_t s = f->stratum[i];

        if (s == UINT8_MAX)
            continue;
        if (code[i] == SUND_GT_MISSING) {
            lost_w[s] += f->w[i];
            continue;
        }
        n[s]++;
        sum[s] += code[i];
        gw[s] += code[i] * (int64_t) f->w[i];
    }
    for (size_t s = 0; s < f->n_stratum; s++) {
        if (!run->own->strata) {
            to->mean[s] = (double) pooled->dose / (double) pooled->called;
            to->gbar[s] = c[run->own->k];
            continue;
        }
        to->mean[s] = n[s] ? (double) sum[s] / (double) n[s] : 0.0;
        to->gbar[s] = f->whole[s][1] ? ((double) gw[s] + to->mean[s] * (double) lost_w[s]) / (double) f->whole[s][1] : 0.0;
    }
}

static double adjusted(const tail_run *run, size_t i, double g, const double *c, const centres *at)
{
    size_t s = run->f->stratum[i];
    double x = g - at->gbar[s];

    for (size_t k = 0; k < run->own->k; k++)
        x -= c[k] * ((double) (run->v->column[k][i] - run->own->mean[k]) - run->f->xbar[s][k]);
    return x;
}

static sund_i128 rounded(double x) { return (sund_i128) floor(ldexp(x, LOGISTIC_TAIL) + 0.5); }

static void sum_spa(const tail_run *run, const logistic_tail *t, const sund_alleles *pooled, const double *c, const uint8_t *code, size_t lane)
{
    uint8_t   base = 2 * pooled->ac > pooled->an ? 2 : 0;
    sund_i128 sum[SPA_LANES] = { 0 };
    centres   at;

    find_centres(run, pooled, c, code, &at);
    for (size_t i = 0; i < run->f->n_person; i++) {
        double         g, mu = run->f->mu[i];
        sund_spa_point up, down;

        if (run->f->stratum[i] == UINT8_MAX || code[i] == base || code[i] == SUND_GT_MISSING)
            continue;
        g = adjusted(run, i, code[i], c, &at);
        if (!t->up.done) {
            up = sund_spa_at(mu, g, t->up.t);
            sum[0] += rounded(up.k);
            sum[1] += rounded(up.k1);
            sum[2] += rounded(up.k2);
        }
        if (!t->down.done) {
            down = sund_spa_at(mu, g, t->down.t);
            sum[3] += rounded(down.k);
            sum[4] += rounded(down.k1);
            sum[5] += rounded(down.k2);
        }
        sum[6] += rounded(mu * (1.0 - mu) * g * g);
    }
    for (size_t l = 0; l < SPA_LANES; l++)
        sund_vec_add128(run->out, lane + l, sum[l]);
}

static void sum_approx(const tail_run *run, const logistic_tail *t, const sund_alleles *pooled, const double *c, const uint8_t *code, size_t lane)
{
    sund_i128 sum[APPROX_LANES] = { 0 };
    centres   at;

    find_centres(run, pooled, c, code, &at);
    for (size_t i = 0; i < run->f->n_person; i++) {
        sund_logistic_point p;
        double              g;
        int32_t             y;

        if (run->f->stratum[i] == UINT8_MAX)
            continue;
        g = adjusted(run, i, code[i] == SUND_GT_MISSING ? at.mean[run->f->stratum[i]] : code[i], c, &at);
        p = sund_logistic_at(run->f->eta[i] + t->beta * g);
        y = run->v->column[run->own->k][i];
        sum[0] += rounded(((double) y - p.mu) * g);
        sum[1] += rounded(p.w * g * g);
        sum[2] += rounded(p.w * (0.5 - p.mu) * g * g * g);
        sum[3] += rounded(p.loglik[y]);
    }
    for (size_t l = 0; l < APPROX_LANES; l++)
        sund_vec_add128(run->out, lane + l, sum[l]);
}

static sund_code tail_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const tail_run     *run = ctx;
    const logistic_own *own = run->own;
    uint8_t            *code = run->worker[thread].code;

    for (size_t i = from; i < from + n; i++) {
        const logistic_tail *t = &own->tail[own->active[i]];
        size_t               j = own->eligible[t->item], at = i - run->from;
        sund_presence        where = sund_view_presence(run->v, run->st->catalogue, j);
        const double        *c = own->c + own->result[t->item].c * (own->k + 1);
        sund_gt              g = { .sparse = true };

        memset(code, where == SUND_NOT_COVERED ? SUND_GT_MISSING : 0, run->v->n_person);
        if (where == SUND_IN_STORE) {
            SUND_TRY(sund_store_read(reader, run->v->row[j], &g, err));
            sund_gt_codes(&g, run->v->n_person, code);
        }
        if (own->stage == STAGE_SPA)
            sum_spa(run, t, &own->count[j], c, code, at * SPA_LANES);
        else
            sum_approx(run, t, &own->count[j], c, code, at * APPROX_LANES);
    }
    return SUND_OK;
}

sund_code sund_logistic_tails_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const logistic_own *own = st->own;
    size_t              lanes = own->stage == STAGE_SPA ? SPA_LANES : APPROX_LANES, n;
    unsigned            threads = sund_pool_threads(n_thread);
    tail_run            run = { .st = st, .own = own, .v = v, .out = out };
    sund_code           rc = SUND_OK;

    n = sund_chunk_range(r, st->study, 2 * lanes, chunk, &run.from);
    SUND_TRY(sund_vec_new(out, 0, n * lanes, err));
    SUND_TRY(sund_logistic_fitted(st, v, r, false, &run.f, err));
    run.worker = calloc(threads, sizeof *run.worker);
    if (!run.worker)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (unsigned t = 0; t < threads && rc == SUND_OK; t++)
        if (!(run.worker[t].code = malloc(v->n_person + 64)))
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);
    if (rc == SUND_OK)
        rc = sund_each_items(v, run.from, n, threads, tail_items, &run, err);
    for (unsigned t = 0; t < threads; t++)
        free(run.worker[t].code);
    free(run.worker);
    return rc;
}

sund_code sund_logistic_tails_begin(sund_state *st, const uint32_t *item, size_t n, sund_err *err)
{
    logistic_own *own = st->own;
    double        share = (double) own->n_case / (double) st->n_person;

    free(own->active);
    own->n_tail = own->n_active = n;
    own->tail = calloc(n + 1, sizeof *own->tail);
    own->active = calloc(n + 1, sizeof *own->active);
    if (!own->tail || !own->active)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", n);
    for (size_t i = 0; i < n; i++) {
        const logistic_result *r = &own->result[item[i]];
        const sund_alleles    *a = &own->count[own->eligible[item[i]]];
        double                 p = 2 * a->ac > a->an ? 1.0 - share : share; /* carriers of REF are the fewer: their g~ < 0 */

        own->active[i] = (uint32_t) i;
        own->tail[i].item = item[i];
        sund_spa_begin(&own->tail[i].up, fabs(r->u), r->v, p);
        sund_spa_begin(&own->tail[i].down, -fabs(r->u), r->v, p);
    }
    return SUND_OK;
}

static void step_spa(const logistic_own *own, logistic_tail *t, const double *x)
{
    double rest = own->result[t->item].v - x[6];

    t->v_rest = rest > 0.0 ? rest : 0.0;
    if (!t->up.done)
        sund_spa_step(&t->up, x[0], x[1], x[2], t->v_rest);
    if (!t->down.done)
        sund_spa_step(&t->down, x[3], x[4], x[5], t->v_rest);
}

/** One covariate: its leverages' sum is T / I, and everything is of the same beta. */
static void step_approx(logistic_own *own, logistic_tail *t, const double *x)
{
    logistic_result *r = &own->result[t->item];
    double           u = x[1] > 0.0 ? x[0] + x[2] / x[1] : 0.0, loglik = x[3] + (x[1] > 0.0 ? 0.5 * sund_ln(x[1]) : 0.0);

    if (t->newton.asked == 0)
        t->null_loglik = loglik;
    sund_newton_step(&t->newton, 1, 1, 2.0, &t->beta, &t->sure, NULL, &u, &x[1], loglik);
    if (!t->newton.done)
        return;
    r->note = t->newton.note ? t->newton.note : "";
    r->test = r->estimate = "firth-approx";
    r->beta = t->newton.note ? (double) NAN : t->beta;
    r->se = t->newton.note ? (double) NAN : 1.0 / sqrt(x[1]);
    r->nlog10p = t->newton.note ? (double) NAN : sund_chisq_nlog10p(2.0 * (t->newton.loglik - t->null_loglik), 1.0);
}

sund_code sund_logistic_tails_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *total, sund_err *err)
{
    logistic_own *own = st->own;
    size_t        lanes = own->stage == STAGE_SPA ? SPA_LANES : APPROX_LANES, from, n = sund_chunk_range(r, st->study, 2 * lanes, chunk, &from);
    double        x[SPA_LANES];

    if (total->n64 != 0 || total->n128 != n * lanes)
        return sund_logistic_bad_total(err);
    for (size_t i = 0; i < n; i++) {
        logistic_tail *t = &own->tail[own->active[from + i]];

        for (size_t l = 0; l < lanes; l++)
            x[l] = ldexp(sund_i128_double(sund_vec_get128(total, i * lanes + l)), -LOGISTIC_TAIL);
        if (own->stage == STAGE_SPA)
            step_spa(own, t, x);
        else
            step_approx(own, t, x);
    }
    return SUND_OK;
}

/** Saddlepoint p-values: of both tails together. */
void sund_logistic_tails_end(sund_state *st)
{
    logistic_own *own = st->own;

    for (size_t i = 0; i < own->n_tail && own->stage == STAGE_SPA; i++) {
        const logistic_tail *t = &own->tail[i];
        logistic_result     *r = &own->result[t->item];
        double               span = sund_state_copies(st, own->eligible[t->item]) == SUND_COPIES_MT ? 2.0 : 1.0;

        if (r->u > 0.0 ? t->up.failed : t->down.failed) {
            r->note = "no saddlepoint: the p-value is the normal one";
            continue;
        }
        r->test = "spa";
        r->nlog10p = sund_nlog10_sum(sund_spa_nlog10p(&t->up, t->v_rest, span), sund_spa_nlog10p(&t->down, t->v_rest, span));
    }
}
