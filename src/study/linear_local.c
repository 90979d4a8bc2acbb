#include "study/linear_priv.h"

#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

/* Own sums of a linear study: everything here runs over a node's people and gives integers. */

typedef struct stratum_sums { int64_t n, q[SUND_COLUMN_MAX]; sund_i128 *pair; /* upper triangle of q.q, for complete cases */ } stratum_sums;

/** What one thread needs for one variant; allocated once. */
typedef struct scratch {
    uint64_t *plane;   /* n_word */
    uint32_t *list;    /* n_person */
    int64_t   s1[SUND_COLUMN_MAX], s2[SUND_COLUMN_MAX], s3[SUND_COLUMN_MAX]; /* column sums over het, hom-alt, missing */
} scratch;

typedef struct sums_run {
    const sund_state *st;
    const linear_own *own;
    const sund_view  *v;
    sund_columns      columns;
    const int32_t    *q[SUND_COLUMN_MAX];
    stratum_sums     *whole;      /* n_set: sums over every member of the stratum */
    size_t            n_set;      /* strata, or one set of everyone */
    linear_shape      shape;
    size_t            from, n_item;
    scratch          *scratch;
    sund_vec         *out;
} sums_run;

linear_shape sund_linear_shape(const sund_state *st)
{
    const linear_own *own = st->own;
    size_t            k = own->n_column;

    if (st->study->drop_missing)
        return st->study->strata_country ? (linear_shape){ 2, triangle(k + 1) } : (linear_shape){ 3, 2 * k + triangle(k) };
    return st->study->strata_country ? (linear_shape){ 1 + k, 0 } : (linear_shape){ 2 + k, 0 };
}

static const uint64_t *set_of(const sums_run *run, size_t s) { return run->st->study->strata_country ? run->v->stratum[s] : run->v->member; }

static void plane_in(const sums_run *run, const uint64_t *plane, const uint64_t *set, scratch *w, int64_t *out)
{
    for (size_t i = 0; i < run->v->n_word; i++)
        w->plane[i] = plane[i] & set[i];
    sund_plane_sums(&run->columns, w->plane, out);
}

static void list_in(const sums_run *run, const uint32_t *list, size_t n, const uint64_t *set, scratch *w, int64_t *out)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if (set[list[i] / 64] >> (list[i] % 64) & 1)
            w->list[m++] = list[i];
    sund_list_sums(&run->columns, w->list, m, out);
}

/** s1, s2, s3 of every column over one set. */
static void class_sums(const sums_run *run, const sund_gt *g, size_t s, scratch *w)
{
    const uint64_t *set = set_of(run, s);

    if (!g->sparse) {
        plane_in(run, g->het_plane, set, w, w->s1);
        plane_in(run, g->hom_plane, set, w, w->s2);
        if (g->n_missing)
            plane_in(run, g->missing_plane, set, w, w->s3);
        else
            memset(w->s3, 0, sizeof w->s3);
        return;
    }
    list_in(run, g->het, g->n_het, set, w, w->s1);
    list_in(run, g->hom, g->n_hom, set, w, w->s2);
    list_in(run, g->missing, g->n_missing, set, w, w->s3);
    for (size_t k = 0; g->rest == 2 && k < run->columns.n_column; k++)
        w->s2[k] = run->whole[s].q[k] - w->s1[k] - w->s2[k] - w->s3[k];
}

/** Calls each(person) for the missing members of a set. */
typedef void (*each_person)(void *ctx, size_t i);
static void each_missing(const sund_view *v, const sund_gt *g, const uint64_t *set, each_person each, void *ctx)
{
    if (g->sparse) {
        for (size_t i = 0; i < g->n_missing; i++)
            if (set[g->missing[i] / 64] >> (g->missing[i] % 64) & 1)
                each(ctx, g->missing[i]);
        return;
    }
    for (size_t w = 0; g->n_missing && w < v->n_word; w++)
        for (uint64_t bits = set[w] & g->missing_plane[w]; bits; bits &= bits - 1)
            each(ctx, w * 64 + (size_t) __builtin_ctzll(bits));
}

static sund_code too_big(sund_err *err) { return sund_fail(err, SUND_E_NUMERIC, "a sum leaves its bound; a variable's declared range is too wide"); }

/** Strata, missing at the stratum's mean: centred over the called, which the mean's zeros do not change. */
static sund_code strata_mean(const sums_run *run, const sund_gt *g, size_t lane, scratch *w, sund_err *err)
{
    const sund_view *v = run->v;
    bool             over = false;

    for (size_t s = 0; s < run->n_set; s++) {
        sund_classes c;
        sund_i128    m, sg, sgg;

        sund_classes_in(g, v->stratum[s], NULL, v->n_word, &c);
        m = c.ref + c.het + c.alt;
        sg = c.het + 2 * c.alt;
        sgg = c.het + 4 * c.alt;
        if (m == 0 || sg == 0 || sg == 2 * m)
            continue; /* nobody differs: every centred sum is 0 */
        sund_vec_add64(run->out, lane, (int64_t) sund_i128_scale_div(m * sgg - sg * sg, LINEAR_FRAC, m, &over));
        class_sums(run, g, s, w);
        for (size_t k = 0; k < run->own->n_column; k++) {
            sund_i128 num = m * (w->s1[k] + 2 * (sund_i128) w->s2[k]) - sg * (run->whole[s].q[k] - w->s3[k]);

            sund_vec_add64(run->out, lane + 1 + k, (int64_t) sund_i128_scale_div(num, run->own->frac[k], m, &over));
        }
    }
    return over ? too_big(err) : SUND_OK;
}

typedef struct impute { const sums_run *run; sund_i128 sum, called; size_t lane; bool over; } impute;

/** One missing person at the pooled mean sum/called; each product is rounded for the person, so that no division of people changes it. */
static void impute_person(void *ctx, size_t i)
{
    impute         *m = ctx;
    const sums_run *run = m->run;
    sund_i128       one = sund_i128_scale_div(m->sum, LINEAR_FRAC, m->called, &m->over);
    sund_i128       two = sund_i128_scale_div(m->sum * m->sum, LINEAR_FRAC, m->called * m->called, &m->over);

    sund_vec_add64(run->out, m->lane, (int64_t) one);
    sund_vec_add64(run->out, m->lane + 1, (int64_t) two);
    for (size_t k = 0; k < run->own->n_column; k++)
        sund_vec_add64(run->out, m->lane + 2 + k, (int64_t) sund_i128_scale_div(m->sum * run->q[k][i], run->own->frac[k], m->called, &m->over));
}

static sund_code pooled_mean(const sums_run *run, const sund_gt *g, const sund_alleles *pooled, size_t lane, scratch *w, sund_err *err)
{
    sund_classes c;
    impute       m = { run, pooled->dose, pooled->called, lane, false };

    sund_classes_in(g, run->v->member, NULL, run->v->n_word, &c);
    class_sums(run, g, 0, w);
    sund_vec_add64(run->out, lane, (c.het + 2 * c.alt) * (1LL << LINEAR_FRAC));
    sund_vec_add64(run->out, lane + 1, (c.het + 4 * c.alt) * (1LL << LINEAR_FRAC));
    for (size_t k = 0; k < run->own->n_column; k++)
        sund_vec_add64(run->out, lane + 2 + k, (w->s1[k] + 2 * w->s2[k]) * (1LL << run->own->frac[k]));
    each_missing(run->v, g, run->v->member, impute_person, &m);
    return m.over ? too_big(err) : SUND_OK;
}

/** Sums of products of columns over a set, upper triangle row by row. */
typedef struct products { const int32_t *const *q; size_t k; sund_i128 *out; } products;
static void add_products(void *ctx, size_t i)
{
    products *p = ctx;
    size_t    at = 0;

    for (size_t a = 0; a < p->k; a++)
        for (size_t b = a; b < p->k; b++)
            p->out[at++] += (int64_t) p->q[a][i] * p->q[b][i];
}

static void products_over(const sund_view *v, const uint64_t *set, products *p)
{
    for (size_t w = 0; w < v->n_word; w++)
        for (uint64_t bits = set[w]; bits; bits &= bits - 1)
            add_products(p, w * 64 + (size_t) __builtin_ctzll(bits));
}

/** Complete cases: the called people of each set are the whole set less the missing ones, sum by sum. */
static sund_code drop_set(const sums_run *run, const sund_gt *g, size_t s, size_t lane64, size_t lane128, scratch *w, sund_err *err)
{
    const sund_view *v = run->v;
    const uint64_t  *set = set_of(run, s);
    size_t           k = run->own->n_column, n_pair = triangle(k), at = 0;
    sund_i128        gone[SUND_COLUMN_MAX * (SUND_COLUMN_MAX + 1) / 2];
    const sund_i128 *pair = run->whole[s].pair;
    products         less = { run->q, k, gone };
    bool             strata = run->st->study->strata_country, over = false;
    sund_classes     c;
    sund_i128        m, sg, sgg, sq[SUND_COLUMN_MAX], gq[SUND_COLUMN_MAX];

    sund_classes_in(g, set, NULL, v->n_word, &c);
    m = c.ref + c.het + c.alt;
    sg = c.het + 2 * c.alt;
    sgg = c.het + 4 * c.alt;
    if (m == 0)
        return SUND_OK;
    class_sums(run, g, s, w);
    memset(gone, 0, n_pair * sizeof *gone);
    each_missing(v, g, set, add_products, &less);
    for (size_t i = 0; i < k; i++) {
        sq[i] = run->whole[s].q[i] - w->s3[i];
        gq[i] = w->s1[i] + 2 * (sund_i128) w->s2[i];
    }
    sund_vec_add64(run->out, lane64, (int64_t) m);
    sund_vec_add64(run->out, lane64 + 1, strata ? 1 : (int64_t) sg);
    if (!strata) {
        sund_vec_add64(run->out, lane64 + 2, (int64_t) sgg);
        for (size_t i = 0; i < k; i++) {
            sund_vec_add128(run->out, lane128 + i, sq[i]);
            sund_vec_add128(run->out, lane128 + k + i, gq[i]);
        }
        for (size_t i = 0; i < n_pair; i++)
            sund_vec_add128(run->out, lane128 + 2 * k + i, pair[i] - gone[i]);
        return SUND_OK;
    }
    for (size_t a = 0, from = 0; a < k; a++) {
        for (size_t b = a; b < k; b++, from++)
            sund_vec_add128(run->out, lane128 + at++, sund_i128_scale_div(m * (pair[from] - gone[from]) - sq[a] * sq[b], LINEAR_FRAC, m, &over));
        sund_vec_add128(run->out, lane128 + at++, sund_i128_scale_div(m * gq[a] - sg * sq[a], LINEAR_FRAC, m, &over));
    }
    sund_vec_add128(run->out, lane128 + at, sund_i128_scale_div(m * sgg - sg * sg, LINEAR_FRAC, m, &over));
    return over ? too_big(err) : SUND_OK;
}

static sund_code sum_item(void *ctx, size_t item, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const sums_run *run = ctx;
    size_t          j = run->own->eligible[item], at = item - run->from;
    sund_presence   where = sund_view_presence(run->v, run->st->catalogue, j);
    sund_gt         g = { .sparse = true };
    scratch        *w = &run->scratch[thread];
    uint32_t       *everyone = NULL;
    sund_code       rc = SUND_OK;

    if (where == SUND_IN_STORE)
        SUND_TRY(sund_store_read(reader, run->v->row[j], &g, err));
    if (where == SUND_NOT_COVERED) { /* everyone is missing here */
        everyone = malloc((run->v->n_person + 1) * sizeof *everyone);
        if (!everyone)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        for (size_t i = 0; i < run->v->n_person; i++)
            everyone[i] = (uint32_t) i;
        g.missing = everyone;
        g.n_missing = run->v->n_person;
    }
    if (run->st->study->drop_missing)
        for (size_t s = 0; s < run->n_set && rc == SUND_OK; s++)
            rc = drop_set(run, &g, s, at * run->shape.n64, at * run->shape.n128, w, err);
    else if (run->st->study->strata_country)
        rc = strata_mean(run, &g, at * run->shape.n64, w, err);
    else
        rc = pooled_mean(run, &g, &run->own->count[j], at * run->shape.n64, w, err);
    free(everyone);
    return rc;
}

static sund_code run_open(sums_run *run, const sund_state *st, const sund_view *v, unsigned n_thread, sund_err *err)
{
    memset(run, 0, sizeof *run);
    run->st = st;
    run->own = st->own;
    run->v = v;
    for (size_t k = 0; k < v->plan.n; k++)
        run->q[k] = v->column[k];
    run->columns = (sund_columns){ v->n_person, v->plan.n, run->q };
    run->n_set = st->study->strata_country ? v->n_stratum : 1;
    run->whole = calloc(run->n_set + 1, sizeof *run->whole);
    run->scratch = calloc(n_thread, sizeof *run->scratch);
    if (!run->whole || !run->scratch)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (unsigned t = 0; t < n_thread; t++) {
        run->scratch[t].plane = malloc((v->n_word + 1) * sizeof(uint64_t));
        run->scratch[t].list = malloc((v->n_person + 1) * sizeof(uint32_t));
        if (!run->scratch[t].plane || !run->scratch[t].list)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    for (size_t s = 0; s < run->n_set; s++) {
        sund_plane_sums(&run->columns, set_of(run, s), run->whole[s].q);
        for (size_t w = 0; w < v->n_word; w++)
            run->whole[s].n += __builtin_popcountll(set_of(run, s)[w]);
        if (st->study->drop_missing) {
            products all = { run->q, v->plan.n, calloc(triangle(v->plan.n), sizeof(sund_i128)) };

            if (!all.out)
                return sund_fail(err, SUND_E_NOMEM, "out of memory");
            run->whole[s].pair = all.out;
            products_over(v, set_of(run, s), &all);
        }
    }
    return SUND_OK;
}

static void run_close(sums_run *run, unsigned n_thread)
{
    for (unsigned t = 0; run->scratch && t < n_thread; t++) {
        free(run->scratch[t].plane);
        free(run->scratch[t].list);
    }
    free(run->scratch);
    for (size_t s = 0; run->whole && s < run->n_set; s++)
        free(run->whole[s].pair);
    free(run->whole);
}

sund_code sund_linear_cross_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    bool      strata = st->study->strata_country, over = false;
    size_t    k = v->plan.n;
    sums_run  run;
    sund_code rc;

    SUND_GO(run_open(&run, st, v, 1, err));
    SUND_GO(sund_vec_new(out, strata ? 2 : 1, triangle(k) + (strata ? 0 : k), err));
    for (size_t s = 0; s < run.n_set; s++) {
        const stratum_sums *w = &run.whole[s];
        sund_i128           pair[SUND_COLUMN_MAX * (SUND_COLUMN_MAX + 1) / 2] = { 0 };
        products            all = { run.q, k, pair };
        size_t              at = 0;

        if (w->n == 0)
            continue;
        products_over(v, set_of(&run, s), &all);
        sund_vec_add64(out, 0, w->n);
        if (strata)
            sund_vec_add64(out, 1, 1);
        for (size_t a = 0; a < k && !strata; a++)
            sund_vec_add128(out, a, w->q[a]);
        for (size_t a = 0; a < k; a++)
            for (size_t b = a; b < k; b++, at++) {
                sund_i128 num = w->n * pair[at] - (sund_i128) w->q[a] * w->q[b];

                sund_vec_add128(out, strata ? at : k + at, strata ? sund_i128_scale_div(num, LINEAR_FRAC, w->n, &over) : pair[at]);
            }
    }
    rc = over ? too_big(err) : SUND_OK;
out:
    run_close(&run, 1);
    return rc;
}

sund_code sund_linear_sums_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    unsigned  threads = sund_pool_threads(n_thread);
    sums_run  run;
    sund_code rc;

    SUND_GO(run_open(&run, st, v, threads, err));
    run.shape = sund_linear_shape(st);
    run.n_item = sund_chunk_range(r, st->study, sund_linear_words(run.shape), chunk, &run.from);
    run.out = out;
    SUND_GO(sund_vec_new(out, run.n_item * run.shape.n64, run.n_item * run.shape.n128, err));
    rc = sund_each_item(v, run.from, run.n_item, threads, sum_item, &run, err);
out:
    run_close(&run, threads);
    return rc;
}
