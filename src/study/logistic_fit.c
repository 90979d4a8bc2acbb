#include "math/func.h"
#include "study/logistic_priv.h"

#include "base/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Regressions by Newton's method: the null model (no genotype), and for single variants maximum likelihood (Wald) or Firth's penalised likelihood.
 *
 * Firth's penalty needs each person's leverage, w x' I^-1 x: nodes compute it with the inverse of the last round's pooled information, so that K(K+1)/2 numbers
 * leave and not the K(K+1)(K+2)/6 of sum w (1/2 - mu) x_j x_k x_l. Each beta is asked twice, for the information and with its inverse: with the inverse of the beta before,
 * Newton's method goes round in circles where cases and controls are separated. */

/* ---- rows: own people, person by person, kept for the round ---- */

typedef struct rows { size_t n_stratum; struct { sund_logistic_rows rows; uint32_t *person; int32_t *q; int8_t *y; double *offset, start; } stratum[SUND_STRATA_MAX]; } rows;

static void free_rows(void *p)
{
    rows *r = p;

    for (size_t s = 0; s < r->n_stratum; s++) {
        free(r->stratum[s].person);
        free(r->stratum[s].q);
        free(r->stratum[s].y);
        free(r->stratum[s].offset);
    }
    free(r);
}

static sund_code fill_stratum(const logistic_own *own, const sund_view *v, size_t s, rows *to, sund_err *err)
{
    size_t  n = 0, most = (size_t) v->whole[s].n;
    int64_t n_case = v->whole[s].q[own->k];

    to->n_stratum = s + 1;
    if (own->strata && (n_case == 0 || n_case == v->whole[s].n))
        return SUND_OK; /* says nothing about effects */
    to->stratum[s].person = malloc((most + 1) * sizeof(uint32_t));
    to->stratum[s].q = malloc((most * own->k + 1) * sizeof(int32_t));
    to->stratum[s].y = malloc(most + 1);
    to->stratum[s].offset = v->offset ? malloc((most + 1) * sizeof(double)) : NULL;
    if (!to->stratum[s].person || !to->stratum[s].q || !to->stratum[s].y || (v->offset && !to->stratum[s].offset))
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", most);
    for (size_t i = 0; i < v->n_person; i++) {
        if (!(v->stratum[s][i / 64] >> (i % 64) & 1))
            continue;
        for (size_t k = 0; k < own->k; k++)
            to->stratum[s].q[n * own->k + k] = v->column[k][i];
        to->stratum[s].y[n] = (int8_t) v->column[own->k][i];
        if (v->offset)
            to->stratum[s].offset[n] = v->offset[i];
        to->stratum[s].person[n++] = (uint32_t) i;
    }
    to->stratum[s].rows = (sund_logistic_rows){ n, own->k, to->stratum[s].q, own->mean, to->stratum[s].y, to->stratum[s].offset };
    to->stratum[s].start = own->strata ? sund_ln((double) n_case) - sund_ln((double) ((int64_t) n - n_case)) : 0.0;
    return SUND_OK;
}

static sund_code rows_of(const logistic_own *own, const sund_view *v, const sund_round *r, const rows **out, sund_err *err)
{
    void **kept = sund_view_kept(v, r->index, free_rows);

    if (!*kept) {
        rows *made = calloc(1, sizeof *made);

        if (!made)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        for (size_t s = 0; s < v->n_stratum; s++) {
            sund_code rc = fill_stratum(own, v, s, made, err);

            if (rc != SUND_OK) {
                free_rows(made);
                return rc;
            }
        }
        *kept = made;
    }
    *out = *kept;
    return SUND_OK;
}

/* ---- own sums ---- */

typedef struct worker { double *eta; int32_t *g, *dose; uint8_t *code; } worker;
typedef struct fit_run { const sund_state *st; const sund_view *v; const rows *rows; worker *worker; size_t from; sund_vec *out; } fit_run;

static void free_workers(worker *w, unsigned n)
{
    for (unsigned t = 0; w && t < n; t++) {
        free(w[t].eta);
        free(w[t].g);
        free(w[t].dose);
        free(w[t].code);
    }
    free(w);
}

static sund_code new_workers(worker **out, unsigned n, size_t n_person, sund_err *err)
{
    worker *w = calloc(n, sizeof *w);

    *out = w;
    for (unsigned t = 0; w && t < n; t++) {
        w[t].eta = malloc((n_person + 1) * sizeof *w->eta);
        w[t].g = malloc((n_person + 1) * sizeof *w->g);
        w[t].dose = malloc((n_person + 1) * sizeof *w->dose);
        w[t].code = malloc(n_person + 64);
        if (!w[t].eta || !w[t].g || !w[t].dose || !w[t].code)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n_person);
    }
    return w ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
}

/** Sums of one regression into its lanes; dose: of everyone, NULL for the null model. */
static void sum_fit(const fit_run *run, const sund_logistic_ask *ask, const int32_t *dose, worker *w, size_t lane)
{
    const logistic_own *own = run->st->own;
    size_t              p = own->k + (dose != NULL) + !own->strata, n_lane = logistic_fit_lanes(p);
    double              u[SUND_K_MAX], info[SUND_K_MAX * SUND_K_MAX], loglik, intercept;
    sund_i128           pooled[SUND_K_MAX + SUND_K_MAX * (SUND_K_MAX + 1) / 2 + 1] = { 0 };

    for (size_t s = 0; s < run->rows->n_stratum; s++) {
        const sund_logistic_rows *x = &run->rows->stratum[s].rows;
        size_t                    at = lane;

        for (size_t i = 0; dose && i < x->n; i++)
            w->g[i] = dose[run->rows->stratum[s].person[i]];
        if (!own->strata) {
            sund_logistic_pooled(x, dose ? w->g : NULL, ask, pooled);
            continue;
        }
        if (x->n == 0 || !sund_logistic_stratum(x, dose ? w->g : NULL, ask, run->rows->stratum[s].start, w->eta, u, info, &loglik, &intercept))
            continue;
        for (size_t j = 0; j < p; j++)
            sund_vec_add128(run->out, at++, (sund_i128) floor(ldexp(u[j], LOGISTIC_STRATUM_FRAC) + 0.5));
        for (size_t j = 0; j < p; j++)
            for (size_t k = j; k < p; k++)
                sund_vec_add128(run->out, at++, (sund_i128) floor(ldexp(info[j * p + k], LOGISTIC_STRATUM_FRAC) + 0.5));
        sund_vec_add128(run->out, at, (sund_i128) floor(ldexp(loglik, LOGISTIC_STRATUM_FRAC) + 0.5));
    }
    for (size_t l = 0; l < n_lane && !own->strata; l++)
        sund_vec_add128(run->out, lane + l, pooled[l]);
}

sund_code sund_logistic_null_local(const sund_state *st, const sund_view *v, const sund_round *r, sund_vec *out, sund_err *err)
{
    const logistic_own *own = st->own;
    sund_logistic_ask   ask = { own->beta, NULL };
    fit_run             run = { .st = st, .v = v, .out = out };
    sund_code           rc;

    SUND_TRY(sund_vec_new(out, 0, logistic_fit_lanes(own->p), err));
    SUND_TRY(rows_of(own, v, r, &run.rows, err));
    SUND_GO(new_workers(&run.worker, 1, v->n_person, err));
    sum_fit(&run, &ask, NULL, run.worker, 0);
out:
    free_workers(run.worker, 1);
    return rc;
}

/** Everyone's dose in steps of 2^-29; missing at the mean, of the stratum or pooled, or left out (-1). */
static void doses(const fit_run *run, const sund_alleles *pooled, const uint8_t *code, int32_t *dose)
{
    const logistic_own *own = run->st->own;
    int32_t             mean = (int32_t) sund_i128_scale_div(pooled->dose, LOGISTIC_G, pooled->called, &(bool){ false });

    for (size_t s = 0; s < run->rows->n_stratum; s++) {
        const uint32_t *person = run->rows->stratum[s].person;
        size_t          n = run->rows->stratum[s].rows.n;
        int64_t         sum = 0, called = 0;

        for (size_t i = 0; i < n && own->strata; i++)
            if (code[person[i]] != SUND_GT_MISSING) {
                sum += code[person[i]];
                called++;
            }
        if (own->strata)
            mean = called ? (int32_t) sund_i128_scale_div(sum, LOGISTIC_G, called, &(bool){ false }) : 0;
        for (size_t i = 0; i < n; i++)
            dose[person[i]] = code[person[i]] != SUND_GT_MISSING ? (int32_t) code[person[i]] << LOGISTIC_G : run->st->study->drop_missing ? -1 : mean;
    }
}

static sund_code fit_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const fit_run      *run = ctx;
    const logistic_own *own = run->st->own;
    worker             *w = &run->worker[thread];

    for (size_t i = from; i < from + n; i++) {
        uint32_t            a = own->active[i];
        size_t              j = own->eligible[own->fit[a].item];
        sund_presence       where = sund_view_presence(run->v, run->st->catalogue, j);
        sund_logistic_ask   ask = { own->fit_beta + a * own->fit_p, own->firth && own->fit[a].newton.asked > 0 ? own->fit_inverse + a * own->fit_p * own->fit_p : NULL };
        sund_gt             g = { .sparse = true };

        memset(w->code, where == SUND_NOT_COVERED ? SUND_GT_MISSING : 0, run->v->n_person);
        if (where == SUND_IN_STORE) {
            SUND_TRY(sund_store_read(reader, run->v->row[j], &g, err));
            sund_gt_codes(&g, run->v->n_person, w->code);
        }
        doses(run, &own->count[j], w->code, w->dose);
        sum_fit(run, &ask, w->dose, w, (i - run->from) * logistic_fit_lanes(own->fit_p));
    }
    return SUND_OK;
}

sund_code sund_logistic_fits_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const logistic_own *own = st->own;
    unsigned            threads = sund_pool_threads(n_thread);
    fit_run             run = { .st = st, .v = v, .out = out };
    size_t              n = sund_chunk_range(r, st->study, 2 * logistic_fit_lanes(own->fit_p), chunk, &run.from);
    sund_code           rc;

    SUND_TRY(sund_vec_new(out, 0, n * logistic_fit_lanes(own->fit_p), err));
    SUND_TRY(rows_of(own, v, r, &run.rows, err));
    SUND_GO(new_workers(&run.worker, threads, v->n_person, err));
    rc = sund_each_items(v, run.from, n, threads, fit_items, &run, err);
out:
    free_workers(run.worker, threads);
    return rc;
}

/* ---- totals ---- */

/** Score, information and log-likelihood out of a total's lanes. */
static void read_fit(const logistic_own *own, const sund_vec *t, size_t lane, size_t p, double *u, double *info, double *loglik)
{
    int frac_u = own->strata ? LOGISTIC_STRATUM_FRAC : SUND_LOGISTIC_R, frac_i = own->strata ? LOGISTIC_STRATUM_FRAC : SUND_LOGISTIC_W;

    for (size_t j = 0; j < p; j++)
        u[j] = ldexp(sund_i128_double(sund_vec_get128(t, lane++)), -frac_u);
    for (size_t j = 0; j < p; j++)
        for (size_t k = j; k < p; k++)
            info[j * p + k] = info[k * p + j] = ldexp(sund_i128_double(sund_vec_get128(t, lane++)), -frac_i);
    *loglik = ldexp(sund_i128_double(sund_vec_get128(t, lane)), -frac_u);
}

sund_code sund_logistic_null_total(sund_state *st, const sund_vec *t, sund_err *err)
{
    logistic_own *own = st->own;
    double        u[SUND_K_MAX], loglik;

    if (t->n64 != 0 || t->n128 != logistic_fit_lanes(own->p))
        return sund_logistic_bad_total(err);
    read_fit(own, t, 0, own->p, u, own->info, &loglik);
    sund_newton_step(&own->null, own->p, own->p, INFINITY, own->beta, own->sure, NULL, u, own->info, loglik);
    return SUND_OK;
}

sund_code sund_logistic_fits_begin(sund_state *st, const uint32_t *item, size_t n, bool firth, bool held, sund_err *err)
{
    logistic_own *own = st->own;
    size_t        p = own->p + 1, n_fit = held ? 2 * n : n;

    own->firth = firth;
    own->fit_p = p;
    own->n_fit = own->n_active = n_fit;
    own->fit = calloc(n_fit + 1, sizeof *own->fit);
    own->fit_beta = calloc(n_fit * p + 1, sizeof *own->fit_beta);
    own->fit_sure = calloc(n_fit * p + 1, sizeof *own->fit_sure);
    own->fit_inverse = calloc((firth ? n_fit : 1) * p * p + 1, sizeof *own->fit_inverse); /* maximum likelihood: only one at a time */
    free(own->active);
    own->active = calloc(n_fit + 1, sizeof *own->active);
    if (!own->fit || !own->fit_beta || !own->fit_sure || !own->fit_inverse || !own->active)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu regressions", n_fit);
    for (size_t i = 0; i < n_fit; i++) {
        own->fit[i].item = item[held ? i / 2 : i];
        own->fit[i].hold = held && i % 2;
        own->active[i] = (uint32_t) i;
        memcpy(own->fit_beta + i * p, own->beta, own->p * sizeof *own->beta);
    }
    return SUND_OK;
}

/** beta and its standard error per allele. */
static void note_fit(logistic_own *own, const logistic_fit *f, const double *beta, double variance)
{
    logistic_result *r = &own->result[f->item];

    if (f->hold)
        return;
    r->estimate = own->firth ? "firth" : "wald";
    r->beta = ldexp(beta[own->fit_p - 1], LOGISTIC_G);
    r->se = ldexp(sqrt(variance), LOGISTIC_G);
}

sund_code sund_logistic_fits_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    logistic_own *own = st->own;
    size_t        p = own->fit_p, lanes = logistic_fit_lanes(p), from, n = sund_chunk_range(r, st->study, 2 * lanes, chunk, &from);
    double        u[SUND_K_MAX], info[SUND_K_MAX * SUND_K_MAX], l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], z[SUND_K_MAX], last[SUND_K_MAX] = { 0 }, loglik;

    if (t->n64 != 0 || t->n128 != n * lanes)
        return sund_logistic_bad_total(err);
    last[p - 1] = 1.0;
    for (size_t i = 0; i < n; i++) {
        uint32_t      a = own->active[from + i];
        logistic_fit *f = &own->fit[a];
        double       *beta = own->fit_beta + a * p, variance = 0.0;
        size_t        bad;

        read_fit(own, t, i * lanes, p, u, info, &loglik);
        sund_newton_step(&f->newton, p, f->hold ? p - 1 : p, ldexp(2.0, -LOGISTIC_G), beta, own->fit_sure + a * p, own->firth ? own->fit_inverse + a * p * p : NULL, u, info, loglik);
        if (!f->newton.done || f->newton.note || sund_chol(p, info, l, scale, &bad, NULL) != SUND_OK)
            continue;
        sund_chol_forward(p, l, scale, last, z);
        for (size_t k = 0; k < p; k++)
            variance += z[k] * z[k];
        note_fit(own, f, beta, variance);
    }
    return SUND_OK;
}

/** Wald's test by z, Firth's by the penalised likelihoods' ratio; of hits only the estimates are asked. */
void sund_logistic_fits_end(sund_state *st)
{
    logistic_own *own = st->own;
    bool          ratio = own->test == TEST_FIRTH;

    for (size_t i = 0; i < own->n_fit; i += ratio ? 2 : 1) {
        const sund_newton *free_one = &own->fit[i].newton, *held = &own->fit[i + (ratio ? 1 : 0)].newton;
        logistic_result   *r = &own->result[own->fit[i].item];

        if (free_one->note || held->note) {
            r->note = free_one->note ? free_one->note : held->note;
            if (own->test != TEST_SCORE)
                r->beta = r->se = (double) NAN;
            continue;
        }
        if (own->test == TEST_SCORE)
            continue;
        r->test = r->estimate;
        r->nlog10p = ratio ? sund_chisq_nlog10p(2.0 * (free_one->loglik - held->loglik), 1.0) : sund_z_nlog10p(r->beta / r->se);
    }
}
