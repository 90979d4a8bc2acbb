#include "study/logistic_priv.h"

#include "base/pool.h"
#include "stats/count.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The score test. Fitted values of everyone are computed once and rounded to integers; then a variant is three sums and one for each covariate, which the kernel
 * takes as it takes the columns of a linear study: sites that are lists as they are read, sites that are planes in batches. */

static void free_fitted(void *p)
{
    logistic_fitted *f = p;

    sund_columns_free(f->sums);
    sund_columns_free(f->weight);
    free(f->eta);
    free(f->mu);
    free(f->stratum);
    free(f->w);
    free(f->whole);
    free(f->xbar);
    free(f);
}

static double eta_of(const logistic_own *own, const sund_view *v, size_t i, double intercept)
{
    double eta = intercept + (v->offset ? v->offset[i] : 0.0);

    for (size_t k = 0; k < own->k; k++)
        eta += own->beta[k + !own->strata] * (double) (v->column[k][i] - own->mean[k]);
    return eta;
}

static bool in(const uint64_t *plane, size_t i) { return plane[i / 64] >> (i % 64) & 1; }

/** The stratum's intercept under the null model, by the very solver of its rounds. False when the stratum says nothing. */
static bool intercept_of(const logistic_own *own, const sund_view *v, size_t s, double *room, double *out)
{
    int64_t n_case = v->whole[s].q[own->k], n = 0;

    *out = own->strata ? 0.0 : own->beta[0];
    if (!own->strata)
        return true;
    if (n_case == 0 || n_case == v->whole[s].n)
        return false;
    for (size_t i = 0; i < v->n_person; i++)
        if (in(v->stratum[s], i))
            room[n++] = eta_of(own, v, i, 0.0);
    *out = sund_logistic_intercept((size_t) n, room, n_case);
    return true;
}

/** Everyone's fitted values, and the integers q: r, w, w x_k. */
static void fit_people(const logistic_own *own, const sund_view *v, size_t s, double intercept, logistic_fitted *f, int32_t *const *q)
{
    for (size_t i = 0; i < v->n_person; i++) {
        sund_logistic_point at;

        if (!in(v->stratum[s], i))
            continue;
        f->stratum[i] = (uint8_t) s;
        f->eta[i] = eta_of(own, v, i, intercept);
        at = sund_logistic_at(f->eta[i]);
        f->mu[i] = at.mu;
        q[0][i] = (int32_t) floor(ldexp((double) v->column[own->k][i] - at.mu, LOGISTIC_R) + 0.5);
        q[1][i] = (int32_t) floor(ldexp(at.w, LOGISTIC_W) + 0.5);
        f->n[s]++;
        f->whole[s][0] += q[0][i];
        f->whole[s][1] += q[1][i];
        for (size_t k = 0; k < own->k; k++) {
            q[2 + k][i] = (int32_t) floor(ldexp(at.w * (double) (v->column[k][i] - own->mean[k]), (int) own->frac_x[k]) + 0.5);
            f->whole[s][2 + k] += q[2 + k][i];
        }
    }
    for (size_t k = 0; k < own->k; k++)
        f->xbar[s][k] = own->strata ? ldexp((double) f->whole[s][2 + k], LOGISTIC_W - (int) own->frac_x[k]) / (double) f->whole[s][1] : own->info[k + 1] / own->info[0];
}

static sund_code fill_fitted(const logistic_own *own, const sund_view *v, bool score, logistic_fitted *f, sund_err *err)
{
    int32_t *q[SUND_K_MAX + 2] = { NULL };
    double  *room = malloc((v->n_person + 1) * sizeof *room), intercept;
    size_t   n = v->n_word * 64 + 1;
    sund_code rc = SUND_OK;

    f->n_person = v->n_person;
    f->n_stratum = v->n_stratum;
    f->eta = calloc(n, sizeof *f->eta);
    f->mu = calloc(n, sizeof *f->mu);
    f->stratum = malloc(n);
    f->whole = calloc(v->n_stratum + 1, sizeof *f->whole);
    f->xbar = calloc(v->n_stratum + 1, sizeof *f->xbar);
    for (size_t k = 0; k < own->k + 2; k++)
        q[k] = calloc(n, sizeof **q);
    f->w = q[1];
    for (size_t k = 0; k < own->k + 2 && rc == SUND_OK; k++)
        if (!q[k] || !room || !f->eta || !f->mu || !f->stratum || !f->whole || !f->xbar)
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory for fitted values of %zu people", v->n_person);
    if (rc == SUND_OK) {
        memset(f->stratum, UINT8_MAX, n);
        for (size_t s = 0; s < v->n_stratum; s++)
            if (intercept_of(own, v, s, room, &intercept))
                fit_people(own, v, s, intercept, f, q);
    }
    if (rc == SUND_OK && score)
        rc = sund_columns_new(&f->sums, v->n_person, own->k + 2, (const int32_t *const *) q, err);
    if (rc == SUND_OK && score)
        rc = sund_columns_new(&f->weight, v->n_person, 1, (const int32_t *const *) q + 1, err);
    free(room);
    for (size_t k = 0; k < own->k + 2; k++)
        if (k != 1)
            free(q[k]);
    return rc;
}

/** What sums of genotypes are taken with: residuals, weights, and weights times covariates; with strata as they are centred, by the weights. */
typedef struct weighted { const logistic_own *own; const sund_view *v; const logistic_fitted *f; size_t of[SUND_K_MAX + 2]; } weighted;

static void weighted_values(const void *ctx, size_t i, double *x)
{
    const weighted        *d = ctx;
    const logistic_fitted *f = d->f;
    size_t                 s = f->stratum[i], k = d->own->k;
    double                 all[SUND_K_MAX + 2] = { 0 }, w, mean;

    if (s != UINT8_MAX) { /* else in a stratum that says nothing */
        w = ldexp((double) f->w[i], -LOGISTIC_W);
        mean = d->own->strata ? ldexp((double) f->whole[s][0], LOGISTIC_W - LOGISTIC_R) / (double) f->whole[s][1] : 0.0;
        all[k] = d->v->column[k][i] - f->mu[i] - w * mean;
        all[k + 1] = d->own->strata ? 0.0 : w;
        for (size_t c = 0; c < k; c++)
            all[c] = w * ((double) (d->v->column[c][i] - d->own->mean[c]) - (d->own->strata ? f->xbar[s][c] : 0.0));
    }
    for (size_t c = 0; c < k + 2; c++)
        x[c] = all[d->of[c]];
}

static sund_code weigh(const sund_state *st, const sund_view *v, const logistic_fitted *f, sund_err *err)
{
    weighted     d = { .own = st->own, .v = v, .f = f };
    sund_weighed of = { .values = weighted_values, .ctx = &d };

    for (int rare = 1; rare >= 0; rare--) {
        for (size_t c = 0; c < d.own->k + 2; c++)
            if ((c <= d.own->k && sund_view_rare(v, c, &st->thresholds)) == rare) {
                of.name[of.k] = c <= d.own->k ? v->plan.col[c].name : "weights";
                d.of[of.k++] = c;
            }
        of.n_rare = rare ? of.k : of.n_rare;
    }
    return sund_view_weigh(v, &of, &st->thresholds, err);
}

sund_code sund_logistic_weigh(const sund_state *st, const sund_view *v, sund_err *err)
{
    logistic_fitted *f = calloc(1, sizeof *f);
    sund_code        rc = f ? fill_fitted(st->own, v, false, f, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = weigh(st, v, f, err);
    if (f)
        free_fitted(f);
    return rc;
}

sund_code sund_logistic_fitted(const sund_state *st, const sund_view *v, const sund_round *r, bool score, const logistic_fitted **out, sund_err *err)
{
    void **kept = sund_view_kept(v, r->index, free_fitted);

    if (!*kept) {
        logistic_fitted *f = calloc(1, sizeof *f);
        sund_code        rc = f ? fill_fitted(st->own, v, score, f, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
        if (rc != SUND_OK) {
            if (f)
                free_fitted(f);
            return rc;
        }
        *kept = f;
    }
    *out = *kept;
    return SUND_OK;
}

/* ---- own sums ---- */

typedef struct waiting { size_t item; sund_gt gt; } waiting;

/** One variant over one stratum: sums over g q and over the missing, q = r, w, wx_k; and of w over g = 2. */
typedef struct own_sums {
    int64_t dose[SUND_K_MAX + 2], lost[SUND_K_MAX + 2], alt_w;
    int64_t called, sum_g; /* people, and their alleles: known only where somebody is missing */
    size_t  n_lost;
} own_sums;

typedef struct worker {
    uint64_t *plane;          /* 3 n_word for each waiting site */
    uint32_t *list, *missing; /* n_person */
    int64_t  *dose, *alt;     /* k + 2, and 1, for each waiting site */
    waiting   wait[SUND_DOSE_BATCH];
    size_t    n_wait;
} worker;

typedef struct score_run {
    const sund_state      *st;
    const logistic_own    *own;
    const sund_view       *v;
    const logistic_fitted *f;
    size_t                 from;
    worker                *worker;
    sund_vec              *out;
} score_run;

/** The people of a list who are in stratum s, into room. */
static size_t list_in(const sund_view *v, size_t s, const uint32_t *list, size_t n, uint32_t *room)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t person = list[i];

        room[m] = person;
        m += v->stratum[s][person / 64] >> (person % 64) & 1;
    }
    return m;
}

static size_t plane_list(const uint64_t *plane, const uint64_t *set, size_t n_word, uint32_t *room)
{
    size_t n = 0;

    for (size_t w = 0; w < n_word; w++)
        for (uint64_t bits = plane[w] & set[w]; bits; bits &= bits - 1)
            room[n++] = (uint32_t) (w * 64 + (size_t) __builtin_ctzll(bits));
    return n;
}

/** The missing of stratum s into w->missing, and their sums. */
static void find_missing(const score_run *run, size_t s, const sund_gt *g, worker *w, own_sums *x)
{
    const sund_view *v = run->v;

    x->n_lost = 0;
    memset(x->lost, 0, (run->own->k + 2) * sizeof *x->lost);
    if (g->n_missing == 0)
        return;
    x->n_lost = g->sparse ? list_in(v, s, g->missing, g->n_missing, w->missing) : plane_list(g->missing_plane, v->stratum[s], v->n_word, w->missing);
    sund_list_sums(run->f->sums, w->missing, x->n_lost, x->lost);
}

static void sparse_sums(const score_run *run, size_t s, const sund_gt *g, worker *w, own_sums *x)
{
    size_t  k = run->own->k + 2, n_het, n_hom;
    int64_t other[SUND_K_MAX + 2]; /* the listed homozygotes, then all with g = 2 */

    find_missing(run, s, g, w, x);
    n_het = list_in(run->v, s, g->het, g->n_het, w->list);
    sund_list_sums(run->f->sums, w->list, n_het, x->dose);
    n_hom = list_in(run->v, s, g->hom, g->n_hom, w->list);
    sund_list_sums(run->f->sums, w->list, n_hom, other);
    for (size_t i = 0; i < k && g->rest == 2; i++)
        other[i] = run->f->whole[s][i] - x->lost[i] - x->dose[i] - other[i];
    x->alt_w = other[1];
    for (size_t i = 0; i < k; i++)
        x->dose[i] += 2 * other[i];
    x->called = run->v->whole[s].n - (int64_t) x->n_lost;
    x->sum_g = (int64_t) n_het + 2 * (g->rest == 2 ? x->called - (int64_t) (n_het + n_hom) : (int64_t) n_hom);
}

/** A sum of a derived column as a number. */
static double number(int64_t sum, unsigned frac) { return ldexp((double) sum, -(int) frac); }

/** Strata: centred by the weights, so that the stratum's intercept is gone; missing calls at the mean of those called. */
static void put_stratum(const score_run *run, size_t s, const own_sums *x, size_t lane)
{
    const logistic_own *own = run->own;
    const int64_t      *whole = run->f->whole[s];
    double              mean, w, gw, u, gg;

    if (whole[1] == 0)
        return;
    mean = x->n_lost == 0 || x->called == 0 ? 0.0 : (double) x->sum_g / (double) x->called;
    w = number(whole[1], LOGISTIC_W);
    gw = number(x->dose[1], LOGISTIC_W) + mean * number(x->lost[1], LOGISTIC_W);
    u = number(x->dose[0], LOGISTIC_R) + mean * number(x->lost[0], LOGISTIC_R) - gw * number(whole[0], LOGISTIC_R) / w;
    gg = number(x->dose[1] + 2 * x->alt_w, LOGISTIC_W) + mean * mean * number(x->lost[1], LOGISTIC_W) - gw * gw / w;
    sund_vec_add64(run->out, lane, (int64_t) floor(ldexp(u, (int) own->frac_u) + 0.5));
    sund_vec_add64(run->out, lane + 1, (int64_t) floor(ldexp(gg, (int) own->frac_u) + 0.5));
    for (size_t k = 0; k < own->k; k++) {
        double gx = number(x->dose[2 + k], own->frac_x[k]) + mean * number(x->lost[2 + k], own->frac_x[k]) - gw * number(whole[2 + k], own->frac_x[k]) / w;

        sund_vec_add64(run->out, lane + 2 + k, (int64_t) floor(ldexp(gx, (int) own->frac_gx[k]) + 0.5));
    }
}

/** One intercept: raw sums, exact; missing calls at the pooled mean, a number of LOGISTIC_MEAN fraction bits that all nodes know. */
static void put_pooled(const score_run *run, const own_sums *x, const sund_alleles *pooled, size_t lane)
{
    const logistic_own *own = run->own;
    sund_i128           mean = sund_i128_scale_div(pooled->dose, LOGISTIC_MEAN, pooled->called, &(bool){ false }), one = (sund_i128) 1 << LOGISTIC_MEAN;

    sund_vec_add128(run->out, lane, x->dose[0] * one + mean * x->lost[0]);
    sund_vec_add128(run->out, lane + 1, x->dose[1] * one + mean * x->lost[1]);
    sund_vec_add128(run->out, lane + 2, (x->dose[1] + 2 * x->alt_w) * one * one + mean * mean * x->lost[1]);
    for (size_t k = 0; k < own->k; k++)
        sund_vec_add128(run->out, lane + 3 + k, x->dose[2 + k] * one + mean * x->lost[2 + k]);
}

static void put_sums(const score_run *run, size_t item, size_t s, const own_sums *x)
{
    size_t at = item - run->from, k = run->own->k;

    if (run->own->strata)
        put_stratum(run, s, x, at * (k + 2));
    else
        put_pooled(run, x, &run->own->count[run->own->eligible[item]], at * (k + 3));
}

/** The sites that wait, over each stratum. */
static void sum_waiting(const score_run *run, worker *w)
{
    const sund_view *v = run->v;
    size_t           k = run->own->k + 2;
    sund_dose        g[SUND_DOSE_BATCH], two[SUND_DOSE_BATCH];
    own_sums         x;

    for (size_t i = 0; i < w->n_wait; i++) {
        g[i] = (sund_dose){ w->wait[i].gt.het_plane, w->wait[i].gt.hom_plane };
        two[i] = (sund_dose){ w->wait[i].gt.hom_plane, NULL };
    }
    for (size_t s = 0; s < v->n_stratum; s++) {
        const uint64_t *set = v->n_stratum > 1 ? v->stratum[s] : NULL;

        sund_dose_sums(run->f->sums, g, w->n_wait, set, w->dose);
        sund_dose_sums(run->f->weight, two, w->n_wait, set, w->alt);
        for (size_t i = 0; i < w->n_wait; i++) {
            memcpy(x.dose, w->dose + i * k, k * sizeof *x.dose);
            x.alt_w = w->alt[i];
            find_missing(run, s, &w->wait[i].gt, w, &x);
            if (x.n_lost) {
                x.called = v->whole[s].n - (int64_t) x.n_lost;
                x.sum_g = (int64_t) (sund_plane_count(g[i].one, v->stratum[s], v->n_word) + 2 * sund_plane_count(g[i].two, v->stratum[s], v->n_word));
            }
            put_sums(run, w->wait[i].item, s, &x);
        }
    }
    w->n_wait = 0;
}

/** A copy of a site's planes, which the reader will overwrite. */
static void keep_waiting(const sund_view *v, size_t item, const sund_gt *g, worker *w)
{
    uint64_t *plane = w->plane + w->n_wait * 3 * v->n_word;
    waiting  *kept = &w->wait[w->n_wait++];

    memcpy(plane, g->het_plane, v->n_word * sizeof *plane);
    memcpy(plane + v->n_word, g->hom_plane, v->n_word * sizeof *plane);
    if (g->n_missing)
        memcpy(plane + 2 * v->n_word, g->missing_plane, v->n_word * sizeof *plane);
    kept->item = item;
    kept->gt = *g;
    kept->gt.het_plane = plane;
    kept->gt.hom_plane = plane + v->n_word;
    kept->gt.missing_plane = plane + 2 * v->n_word;
}

static sund_code score_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const score_run *run = ctx;
    const sund_view *v = run->v;
    worker          *w = &run->worker[thread];

    w->n_wait = 0;
    for (size_t item = from; item < from + n; item++) {
        size_t        j = run->own->eligible[item];
        sund_presence where = sund_view_presence(v, run->st->catalogue, j);
        sund_gt       g = { .sparse = true };
        own_sums      x;

        if (where == SUND_IN_STORE)
            SUND_TRY(sund_store_read(reader, v->row[j], &g, err));
        if (where == SUND_NOT_COVERED && !run->own->strata) /* everyone is missing here; with strata that is a constant, which counts for nothing */
            g = (sund_gt){ .sparse = true, .missing = w->list, .n_missing = plane_list(v->member, v->member, v->n_word, w->list) };
        if (where == SUND_NOT_COVERED && run->own->strata)
            continue;
        if (!g.sparse) {
            keep_waiting(v, item, &g, w);
            if (w->n_wait == SUND_DOSE_BATCH)
                sum_waiting(run, w);
            continue;
        }
        for (size_t s = 0; s < v->n_stratum; s++) {
            sparse_sums(run, s, &g, w, &x);
            put_sums(run, item, s, &x);
        }
    }
    sum_waiting(run, w);
    return SUND_OK;
}

static sund_code new_workers(score_run *run, unsigned n_thread, sund_err *err)
{
    const sund_view *v = run->v;

    run->worker = calloc(n_thread, sizeof *run->worker);
    if (!run->worker)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (unsigned t = 0; t < n_thread; t++) {
        worker *w = &run->worker[t];

        w->plane = malloc((3 * SUND_DOSE_BATCH * v->n_word + 1) * sizeof *w->plane);
        w->list = malloc((v->n_person + 1) * sizeof *w->list);
        w->missing = malloc((v->n_person + 1) * sizeof *w->missing);
        w->dose = malloc(SUND_DOSE_BATCH * (run->own->k + 2) * sizeof *w->dose);
        w->alt = malloc(SUND_DOSE_BATCH * sizeof *w->alt);
        if (!w->plane || !w->list || !w->missing || !w->dose || !w->alt)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for sums over %zu people", v->n_person);
    }
    return SUND_OK;
}

static void free_workers(score_run *run, unsigned n_thread)
{
    for (unsigned t = 0; run->worker && t < n_thread; t++) {
        free(run->worker[t].plane);
        free(run->worker[t].list);
        free(run->worker[t].missing);
        free(run->worker[t].dose);
        free(run->worker[t].alt);
    }
    free(run->worker);
}

sund_code sund_logistic_score_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const logistic_own *own = st->own;
    unsigned            threads = sund_pool_threads(n_thread);
    score_run           run = { .st = st, .own = own, .v = v, .out = out };
    size_t              n = sund_chunk_range(r, st->study, logistic_score_words(own), chunk, &run.from);
    sund_code           rc;

    SUND_TRY(sund_vec_new(out, own->strata ? n * (own->k + 2) : 0, own->strata ? 0 : n * (own->k + 3), err));
    SUND_TRY(sund_logistic_fitted(st, v, r, true, &run.f, err));
    SUND_GO(new_workers(&run, threads, err));
    rc = sund_each_items(v, run.from, n, threads, score_items, &run, err);
out:
    free_workers(&run, threads);
    return rc;
}

/* ---- totals ---- */

/** A variant's u, G'WG and G'WX, centred; gbar: its mean by weights (0 with strata, where only nodes know it). */
static void read_score(const logistic_own *own, const sund_vec *t, size_t i, double *u, double *gg, double *gx, double *gbar)
{
    size_t k = own->k, lane = i * (k + (own->strata ? 2 : 3));
    double gw, w = own->info[0];

    *gbar = 0.0;
    if (own->strata) {
        *u = number(sund_vec_get64(t, lane), own->frac_u);
        *gg = number(sund_vec_get64(t, lane + 1), own->frac_u);
        for (size_t a = 0; a < k; a++)
            gx[a] = number(sund_vec_get64(t, lane + 2 + a), own->frac_gx[a]);
        return;
    }
    gw = ldexp(sund_i128_double(sund_vec_get128(t, lane + 1)), -(LOGISTIC_W + LOGISTIC_MEAN));
    *u = ldexp(sund_i128_double(sund_vec_get128(t, lane)), -(LOGISTIC_R + LOGISTIC_MEAN));
    *gg = ldexp(sund_i128_double(sund_vec_get128(t, lane + 2)), -(LOGISTIC_W + 2 * LOGISTIC_MEAN)) - gw * gw / w;
    *gbar = gw / w;
    for (size_t a = 0; a < k; a++)
        gx[a] = ldexp(sund_i128_double(sund_vec_get128(t, lane + 3 + a)), -(int) (own->frac_x[a] + LOGISTIC_MEAN)) - gw * own->info[a + 1] / w;
}

/** Keeps a projection: what is asked of this variant later needs it. */
static sund_code keep_projection(logistic_own *own, logistic_result *r, const double *c, double gbar, sund_err *err)
{
    if (own->n_c == own->cap_c) {
        size_t  cap = own->cap_c ? 2 * own->cap_c : 256;
        double *more = realloc(own->c, cap * (own->k + 1) * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants that stand out", cap);
        own->c = more;
        own->cap_c = cap;
    }
    memcpy(own->c + own->n_c * (own->k + 1), c, own->k * sizeof *c);
    own->c[own->n_c * (own->k + 1) + own->k] = gbar;
    r->c = own->n_c++;
    return SUND_OK;
}

sund_code sund_logistic_score_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    logistic_own       *own = st->own;
    size_t              from, n = sund_chunk_range(r, st->study, logistic_score_words(own), chunk, &from);
    double              u, gg, gx[SUND_K_MAX], gbar, c[SUND_K_MAX + 1];
    sund_logistic_score score;

    if (t->n64 != (own->strata ? n * (own->k + 2) : 0) || t->n128 != (own->strata ? 0 : n * (own->k + 3)))
        return sund_logistic_bad_total(err);
    for (size_t i = 0; i < n; i++) {
        logistic_result *to = &own->result[from + i];

        read_score(own, t, i, &u, &gg, gx, &gbar);
        if (gg > 4.0 * (double) st->n_person || fabs(u) > 2.0 * (double) st->n_person)
            return sund_logistic_bad_total(err);
        if (!sund_logistic_variant(&own->score, u, gg, gx, c, &score)) {
            to->note = "does not vary, given the covariates and countries";
            continue;
        }
        *to = (logistic_result){ score.beta, score.se, score.nlog10p, score.z, score.u, score.v, "score", "score", "", SIZE_MAX };
        if (own->test == TEST_APPROX || (own->spa && fabs(score.z) > 2.0))
            SUND_TRY(keep_projection(own, to, c, gbar, err));
    }
    return SUND_OK;
}
