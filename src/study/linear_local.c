#include "study/linear_priv.h"

#include "base/pool.h"
#include "stats/count.h"

#include <stdlib.h>
#include <string.h>

/* Own sums of a linear study: everything here runs over a node's people and gives integers.
 *
 * Sites that are lists are summed as they are read. Sites that are planes wait until there are SUND_DOSE_BATCH of them: the kernel reads the
 * columns once for all. Whoever lacks a value or is in no stratum holds 0 in every column, so one stratum needs no person set. */

typedef struct waiting { size_t item; sund_gt gt; } waiting;

/** What one thread needs; allocated once. */
typedef struct worker {
    uint64_t *plane;   /* 3 n_word for each waiting site */
    uint32_t *list, *missing; /* n_person */
    int64_t  *dose;    /* (n_column + 1) for each waiting site */
    waiting   wait[SUND_DOSE_BATCH];
    size_t    n_wait;
} worker;

typedef struct sums_run {
    const sund_state *st;
    const linear_own *own;
    const sund_view  *v;
    linear_shape      shape;
    size_t            from;
    sund_vec         *out;
} sums_run;

typedef struct walk {
    const sund_state *st;
    const linear_own *own;
    const sund_view  *v;
    worker           *worker;
    linear_put        put;
    const void       *ctx;
} walk;

linear_shape sund_linear_shape(const sund_state *st)
{
    const linear_own *own = st->own;
    size_t            k = own->n_column, n_pair = sund_pair_count(st->plan);

    if (st->study->drop_missing)
        return (linear_shape){ st->study->strata_country ? 2 : 3, (st->study->strata_country ? n_pair + k + 1 : 2 * k + n_pair) + (own->crossed ? k + 2 : 0) };
    return st->study->strata_country ? (linear_shape){ 1 + k, 0 } : (linear_shape){ 2 + k, 0 };
}

/** The people of a list who are in stratum s, into room (which may be the list). Returns how many. */
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

/** Sums over a list's members of stratum s. */
static void list_sums(const sund_view *v, size_t s, const uint32_t *list, size_t n, worker *w, int64_t *out)
{
    if (v->n_stratum > 1) {
        n = list_in(v, s, list, n, w->list);
        list = w->list;
    }
    sund_list_sums(v->sums, list, n, out);
}

/** The missing of stratum s, into w->missing. */
static void find_missing(const sund_view *v, size_t s, const sund_gt *g, worker *w, linear_sums *x)
{
    size_t n = 0;

    if (g->sparse)
        n = list_in(v, s, g->missing, g->n_missing, w->missing);
    else
        for (size_t i = 0; g->n_missing && i < v->n_word; i++)
            for (uint64_t bits = v->stratum[s][i] & g->missing_plane[i]; bits; bits &= bits - 1)
                w->missing[n++] = (uint32_t) (i * 64 + (size_t) __builtin_ctzll(bits));
    x->n_lost = n;
    sund_list_sums(v->sums, w->missing, n, x->lost);
}

/** What a genotype counts for. */
const linear_weight sund_linear_weight[] = { [LINEAR_ADDITIVE] = { 1, 2 }, [LINEAR_DOMINANT] = { 1, 1 }, [LINEAR_RECESSIVE] = { 0, 1 } };

static void sparse_sums(const sund_view *v, size_t s, const sund_gt *g, linear_coding coding, worker *w, linear_sums *x)
{
    size_t  k = v->plan.n;
    int64_t other[SUND_COLUMN_MAX + 1]; /* the homozygotes */
    int64_t het = sund_linear_weight[coding].het, hom = sund_linear_weight[coding].hom;

    find_missing(v, s, g, w, x);
    list_sums(v, s, g->het, g->n_het, w, x->dose);
    list_sums(v, s, g->hom, g->n_hom, w, other);
    if (g->rest == 2)
        for (size_t i = 0; i <= k; i++)
            other[i] = (i < k ? v->whole[s].q[i] : v->whole[s].n) - x->lost[i] - x->dose[i] - other[i];
    x->square = het * het * x->dose[k] + hom * hom * other[k];
    for (size_t i = 0; i <= k; i++)
        x->dose[i] = het * x->dose[i] + hom * other[i];
}

static sund_code too_big(sund_err *err) { return sund_fail(err, SUND_E_NUMERIC, "a sum leaves its bound; a variable's declared range is too wide"); }

/** Strata, missing at the stratum's mean: centred over the called, which the mean's zeros do not change. */
static sund_code strata_mean(const sums_run *run, size_t s, const linear_sums *x, size_t lane, sund_err *err)
{
    const sund_whole *whole = &run->v->whole[s];
    size_t            k = run->own->n_column;
    bool              over = false;
    sund_i128         m = whole->n - x->lost[k], sg = x->dose[k], sgg = x->square;

    if (m == 0 || sg == 0)
        return SUND_OK; /* nobody carries: every centred sum is 0 */
    sund_vec_add64(run->out, lane, (int64_t) sund_i128_scale_div(m * sgg - sg * sg, LINEAR_FRAC, m, &over));
    for (size_t i = 0; i < k; i++) {
        sund_i128 num = m * x->dose[i] - sg * (whole->q[i] - x->lost[i]);

        sund_vec_add64(run->out, lane + 1 + i, (int64_t) sund_i128_scale_div(num, run->own->frac[i], m, &over));
    }
    return over ? too_big(err) : SUND_OK;
}

/** Sum over a list of round(q sum / called), halves away from zero. With sum = whole called + part only part |q| / called is left to round: below 2^63,
 *  since part < called <= the number of people. */
static sund_i128 imputed(const int32_t *q, const uint32_t *person, size_t n, sund_i128 sum, sund_i128 called)
{
    sund_i128 whole = sum / called, total = 0;
    uint64_t  part = (uint64_t) (sum % called), m = (uint64_t) called;

    for (size_t i = 0; i < n; i++) {
        int64_t  x = q[person[i]];
        uint64_t p = part * (uint64_t) (x < 0 ? -x : x), up = p / m;

        up += 2 * (p - up * m) >= m;
        total += whole * x + (x < 0 ? -(int64_t) up : (int64_t) up);
    }
    return total;
}

/** Missing people at the pooled mean dose / called; each product is rounded for the person, so that no division of people changes it. */
static sund_code pooled_mean(const sums_run *run, const linear_sums *x, const sund_alleles *pooled, size_t lane, const uint32_t *missing, sund_err *err)
{
    size_t    k = run->own->n_column;
    bool      over = false;
    sund_i128 sum = sund_linear_dose(run->own->coding, pooled), called = pooled->called, n_lost = (sund_i128) x->n_lost;

    sund_vec_add64(run->out, lane, x->dose[k] * (1LL << LINEAR_FRAC) + (int64_t) (n_lost * sund_i128_scale_div(sum, LINEAR_FRAC, called, &over)));
    sund_vec_add64(run->out, lane + 1, x->square * (1LL << LINEAR_FRAC) +
                                           (int64_t) (n_lost * sund_i128_scale_div(sum * sum, LINEAR_FRAC, called * called, &over)));
    for (size_t i = 0; i < k; i++) {
        sund_i128 total = x->dose[i] * ((sund_i128) 1 << run->own->frac[i]) + imputed(run->v->column[i], missing, x->n_lost, sum * ((sund_i128) 1 << run->own->frac[i]), called);

        sund_vec_add64(run->out, lane + 2 + i, (int64_t) total);
    }
    return over ? too_big(err) : SUND_OK;
}

/** Complete cases: the called people of each stratum are the whole stratum less the missing ones, sum by sum. */
static sund_code drop_missing(const sums_run *run, size_t s, const linear_sums *x, size_t lane64, size_t lane128, const uint32_t *missing, sund_err *err)
{
    const sund_whole *whole = &run->v->whole[s];
    size_t            k = run->own->n_column, n_pair = sund_pair_count(&run->v->plan);
    sund_i128         gone[SUND_K_MAX * SUND_K_MAX], sq[SUND_COLUMN_MAX];
    bool              strata = run->st->study->strata_country, over = false;
    sund_i128         m = whole->n - x->lost[k], sg = x->dose[k], sgg = x->square;

    if (m == 0)
        return SUND_OK;
    memset(gone, 0, n_pair * sizeof *gone);
    sund_view_products(run->v, missing, x->n_lost, gone);
    for (size_t i = 0; i < k; i++)
        sq[i] = whole->q[i] - x->lost[i];
    sund_vec_add64(run->out, lane64, (int64_t) m);
    sund_vec_add64(run->out, lane64 + 1, strata ? 1 : (int64_t) sg);
    if (!strata) {
        sund_vec_add64(run->out, lane64 + 2, (int64_t) sgg);
        for (size_t i = 0; i < k; i++) {
            sund_vec_add128(run->out, lane128 + i, sq[i]);
            sund_vec_add128(run->out, lane128 + k + i, x->dose[i]);
        }
        for (size_t i = 0; i < n_pair; i++)
            sund_vec_add128(run->out, lane128 + 2 * k + i, whole->pair[i] - gone[i]);
        return SUND_OK;
    }
    for (size_t a = 0, at = 0; a < k; a++) {
        for (size_t b = a, end = sund_pair_end(&run->v->plan, a); b < end; b++, at++)
            sund_vec_add128(run->out, lane128 + at, sund_i128_scale_div(m * (whole->pair[at] - gone[at]) - sq[a] * sq[b], LINEAR_FRAC, m, &over));
        sund_vec_add128(run->out, lane128 + n_pair + a, sund_i128_scale_div(m * x->dose[a] - sg * sq[a], LINEAR_FRAC, m, &over));
    }
    sund_vec_add128(run->out, lane128 + n_pair + k, sund_i128_scale_div(m * sgg - sg * sg, LINEAR_FRAC, m, &over));
    return over ? too_big(err) : SUND_OK;
}

/** A variant's sums over one stratum into its lanes. */
static sund_code put_sums(const void *ctx, size_t item, size_t s, const linear_sums *x, const uint32_t *missing, sund_err *err)
{
    const sums_run *run = ctx;
    size_t at = item - run->from;

    if (run->st->study->drop_missing)
        return drop_missing(run, s, x, at * run->shape.n64, at * run->shape.n128, missing, err);
    if (run->st->study->strata_country)
        return strata_mean(run, s, x, at * run->shape.n64, err);
    return pooled_mean(run, x, &run->own->count[run->own->eligible[item]], at * run->shape.n64, missing, err);
}

/** As the kernel takes it. A dominant site was kept with its carriers in one plane. */
static sund_dose dose_of(linear_coding coding, const sund_gt *g)
{
    return coding == LINEAR_ADDITIVE ? (sund_dose){ g->het_plane, g->hom_plane } : (sund_dose){ coding == LINEAR_DOMINANT ? g->het_plane : g->hom_plane, NULL };
}

/** The sites that wait, over each stratum. */
static sund_code sum_waiting(const walk *run, worker *w, sund_err *err)
{
    const sund_view *v = run->v;
    size_t           k = v->plan.n;
    sund_dose        g[SUND_DOSE_BATCH];
    linear_sums         x;

    for (size_t i = 0; i < w->n_wait; i++)
        g[i] = dose_of(run->own->coding, &w->wait[i].gt);
    for (size_t s = 0; s < v->n_stratum; s++) {
        sund_dose_sums(v->sums, g, w->n_wait, v->n_stratum > 1 ? v->stratum[s] : NULL, w->dose);
        for (size_t i = 0; i < w->n_wait; i++) {
            memcpy(x.dose, w->dose + i * (k + 1), (k + 1) * sizeof *x.dose);
            x.square = x.dose[k] + (g[i].two ? 2 * (int64_t) sund_plane_count(g[i].two, v->stratum[s], v->n_word) : 0);
            find_missing(v, s, &w->wait[i].gt, w, &x);
            SUND_TRY(run->put(run->ctx, w->wait[i].item, s, &x, w->missing, err));
        }
    }
    w->n_wait = 0;
    return SUND_OK;
}

/** A copy of a site's planes, which the reader will overwrite. */
static void keep_waiting(const sund_view *v, size_t item, const sund_gt *g, linear_coding coding, worker *w)
{
    uint64_t *plane = w->plane + w->n_wait * 3 * v->n_word;
    waiting  *kept = &w->wait[w->n_wait++];

    memcpy(plane, g->het_plane, v->n_word * sizeof *plane);
    memcpy(plane + v->n_word, g->hom_plane, v->n_word * sizeof *plane);
    for (size_t i = 0; coding == LINEAR_DOMINANT && i < v->n_word; i++)
        plane[i] |= g->hom_plane[i];
    if (g->n_missing)
        memcpy(plane + 2 * v->n_word, g->missing_plane, v->n_word * sizeof *plane);
    kept->item = item;
    kept->gt = *g;
    kept->gt.het_plane = plane;
    kept->gt.hom_plane = plane + v->n_word;
    kept->gt.missing_plane = plane + 2 * v->n_word;
}

static sund_code sum_item(const walk *run, size_t item, sund_store_reader *reader, worker *w, sund_err *err)
{
    const sund_view *v = run->v;
    size_t           j = run->own->eligible[item];
    sund_presence    where = sund_view_presence(v, run->st->catalogue, j);
    sund_gt          g = { .sparse = true };
    linear_sums         x;

    if (where == SUND_IN_STORE)
        SUND_TRY(sund_store_read(reader, v->row[j], &g, err));
    if (where == SUND_NOT_COVERED) { /* everyone is missing here */
        for (size_t i = 0; i < v->n_person; i++)
            w->list[i] = (uint32_t) i;
        g.missing = w->list;
        g.n_missing = v->n_person;
    }
    if (!g.sparse) {
        keep_waiting(v, item, &g, run->own->coding, w);
        return w->n_wait == SUND_DOSE_BATCH ? sum_waiting(run, w, err) : SUND_OK;
    }
    for (size_t s = 0; s < v->n_stratum; s++) {
        sparse_sums(v, s, &g, run->own->coding, w, &x);
        SUND_TRY(run->put(run->ctx, item, s, &x, w->missing, err));
    }
    return SUND_OK;
}

static sund_code sum_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const walk *run = ctx;
    worker     *w = &run->worker[thread];

    w->n_wait = 0;
    for (size_t item = from; item < from + n; item++)
        SUND_TRY(sum_item(run, item, reader, w, err));
    return sum_waiting(run, w, err);
}

static sund_code workers_new(walk *run, unsigned n_thread, sund_err *err)
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
        w->dose = malloc(SUND_DOSE_BATCH * (v->plan.n + 1) * sizeof *w->dose);
        if (!w->plane || !w->list || !w->missing || !w->dose)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for sums over %zu people", v->n_person);
    }
    return SUND_OK;
}

static void workers_free(walk *run, unsigned n_thread)
{
    for (unsigned t = 0; run->worker && t < n_thread; t++) {
        free(run->worker[t].plane);
        free(run->worker[t].list);
        free(run->worker[t].missing);
        free(run->worker[t].dose);
    }
    free(run->worker);
}

sund_code sund_linear_cross_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    bool   strata = st->study->strata_country, over = false;
    size_t k = v->plan.n;

    SUND_TRY(sund_vec_new(out, strata ? 2 : 1, sund_pair_count(&v->plan) + (strata ? 0 : k), err));
    for (size_t s = 0; s < v->n_stratum; s++) {
        const sund_whole *w = &v->whole[s];
        size_t            at = 0;

        if (w->n == 0)
            continue;
        sund_vec_add64(out, 0, w->n);
        if (strata)
            sund_vec_add64(out, 1, 1);
        for (size_t a = 0; a < k && !strata; a++)
            sund_vec_add128(out, a, w->q[a]);
        for (size_t a = 0; a < k; a++)
            for (size_t b = a, end = sund_pair_end(&v->plan, a); b < end; b++, at++) {
                sund_i128 num = w->n * w->pair[at] - (sund_i128) w->q[a] * w->q[b];

                sund_vec_add128(out, strata ? at : k + at, strata ? sund_i128_scale_div(num, LINEAR_FRAC, w->n, &over) : w->pair[at]);
            }
    }
    return over ? too_big(err) : SUND_OK;
}

sund_code sund_linear_walk(const sund_state *st, const sund_view *v, size_t from, size_t n, unsigned n_thread, linear_put put, const void *ctx, sund_err *err)
{
    unsigned  threads = sund_pool_threads(n_thread);
    walk      run = { st, st->own, v, NULL, put, ctx };
    sund_code rc;

    SUND_GO(workers_new(&run, threads, err));
    rc = sund_each_items(v, from, n, threads, sum_items, &run, err);
out:
    workers_free(&run, threads);
    return rc;
}

sund_code sund_linear_sums_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    sums_run run = { .st = st, .own = st->own, .v = v, .shape = sund_linear_shape(st), .out = out };
    size_t   n = sund_chunk_range(r, st->study, sund_linear_words(run.shape), chunk, &run.from);

    SUND_TRY(sund_vec_new(out, n * run.shape.n64, n * run.shape.n128, err));
    SUND_TRY(sund_linear_walk(st, v, run.from, n, n_thread, put_sums, &run, err));
    return run.own->crossed ? sund_gxe_sums_local(st, v, run.from, n, n_thread, out, err) : SUND_OK;
}
