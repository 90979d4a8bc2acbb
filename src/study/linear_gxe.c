#include "study/linear_priv.h"

#include "base/pool.h"
#include "math/func.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An interaction: the trait on the genotype g, a covariate e and h = g e, over the people whose genotype is called.
 *
 * No division of g and h hides a carrier: of a g + b h = g (a + b e) all carriers vanish whose e is -a/b. So the sums are asked only where, whatever one value
 * of e is taken away, enough carriers are left, and enough people who lack a copy (with the covariates in the model the other allele's products say the same).
 * Values are put in four classes by their last two bits: carriers outside the largest class are at most those whose value is not the commonest. */

sund_code sund_gxe_check(const sund_study *s, sund_err *err)
{
    const char *name = sund_study_text(s, "interaction");
    bool        there = !name[0];

    for (size_t k = 0; k < s->n_covariate; k++)
        there |= strcmp(s->covariate[k], name) == 0;
    if (!there)
        return sund_fail(err, SUND_E_ARG, "interaction: %s is not among the covariates: add it to them", name);
    if (name[0] && !s->drop_missing)
        return sund_fail(err, SUND_E_ARG, "an interaction is tested over the people whose genotype is called: add a line 'missing = drop'");
    return SUND_OK;
}

sund_code sund_gxe_begin(sund_state *st, sund_err *err)
{
    linear_own *own = st->own;
    const char *name = sund_study_text(st->study, "interaction");
    size_t      n = 0;

    if (!name[0])
        return SUND_OK;
    for (size_t k = 0; k < st->plan->n_covariate; k++)
        if (strcmp(st->plan->col[k].var.name, name) == 0) {
            own->by = k;
            n++;
        }
    if (n != 1)
        return sund_fail(err, SUND_E_ARG, "interaction: %s has more than two levels: take a number, or a variable of two", name);
    own->crossed = true;
    return SUND_OK;
}

/* ---- a node's own sums ---- */

typedef struct gxe_worker {
    uint64_t *het, *hom, *missing; /* n_word each */
    uint32_t *list;                /* n_person */
} gxe_worker;

typedef struct gxe_run {
    const sund_state *st;
    const linear_own *own;
    const sund_view  *v;
    gxe_worker       *worker;
    size_t            from;
    sund_vec         *out;
} gxe_run;

static void put_list(uint64_t *plane, const uint32_t *person, size_t n)
{
    for (size_t i = 0; i < n; i++)
        plane[person[i] / 64] |= 1ULL << (person[i] % 64);
}

/** The genotypes of an eligible variant as planes, whatever they are in the store. */
static sund_code planes_of(const gxe_run *run, size_t item, sund_store_reader *reader, gxe_worker *w, sund_err *err)
{
    size_t        n = run->v->n_word, j = run->own->eligible[item];
    sund_presence where = sund_view_presence(run->v, run->st->catalogue, j);
    sund_gt       g = { .sparse = true };

    if (where == SUND_IN_STORE)
        SUND_TRY(sund_store_read(reader, run->v->row[j], &g, err));
    memset(w->het, 0, n * 8);
    memset(w->hom, 0, n * 8);
    memset(w->missing, where == SUND_NOT_COVERED ? 0xFF : 0, n * 8);
    if (!g.sparse) {
        memcpy(w->het, g.het_plane, n * 8);
        memcpy(w->hom, g.hom_plane, n * 8);
        if (g.n_missing)
            memcpy(w->missing, g.missing_plane, n * 8);
        return SUND_OK;
    }
    put_list(w->het, g.het, g.n_het);
    put_list(w->hom, g.hom, g.n_hom);
    put_list(w->missing, g.missing, g.n_missing);
    for (size_t i = 0; g.rest == 2 && i < n; i++) /* those in no list have two copies */
        w->hom[i] = ~(w->het[i] | w->hom[i] | w->missing[i]);
    return SUND_OK;
}

/** Members of a stratum who are in a plane. */
static size_t members_in(const gxe_run *run, size_t s, const uint64_t *plane, uint32_t *list)
{
    size_t n = 0;

    for (size_t i = 0; i < run->v->n_word; i++)
        for (uint64_t bits = run->v->stratum[s][i] & plane[i]; bits; bits &= bits - 1)
            list[n++] = (uint32_t) (i * 64 + (size_t) __builtin_ctzll(bits));
    return n;
}

/** What the people of one genotype add, each counted `times`: sums of g q and g^2 e, wide ones of h q and h h. */
typedef struct gxe_sums { int64_t g[SUND_COLUMN_MAX + 1], gh; sund_i128 h[SUND_COLUMN_MAX], hh; } gxe_sums;

static void add_people(const gxe_run *run, const uint32_t *list, size_t n, int64_t times, gxe_sums *x)
{
    const sund_view *v = run->v;
    const int32_t   *e = v->column[run->own->by];
    size_t           k = v->plan.n;
    int64_t          one[SUND_COLUMN_MAX + 1];
    sund_i128        ee = 0;

    if (!times || !n)
        return;
    sund_list_sums(v->sums, list, n, one);
    for (size_t a = 0; a <= k; a++)
        x->g[a] += times * one[a];
    x->gh += times * times * one[run->own->by];
    for (size_t a = 0; a < k; a++) {
        const int32_t *q = v->column[a];
        sund_i128      sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += (int64_t) e[list[i]] * q[list[i]];
        x->h[a] += times * sum;
        if (a == run->own->by)
            ee = sum;
    }
    x->hh += times * times * ee;
}

/** One stratum's products with h, into lanes of the item. */
static sund_code put_products(const gxe_run *run, size_t s, size_t lane, gxe_worker *w, sund_err *err)
{
    const sund_view  *v = run->v;
    const sund_whole *whole = &v->whole[s];
    size_t            k = v->plan.n, n;
    int64_t           lost[SUND_COLUMN_MAX + 1];
    bool              strata = run->st->study->strata_country, over = false;
    gxe_sums          x;
    sund_i128         m, sh, sum[3];

    memset(&x, 0, sizeof x);
    n = members_in(run, s, w->missing, w->list);
    sund_list_sums(v->sums, w->list, n, lost);
    n = members_in(run, s, w->het, w->list);
    add_people(run, w->list, n, sund_linear_weight[run->own->coding].het, &x);
    n = members_in(run, s, w->hom, w->list);
    add_people(run, w->list, n, sund_linear_weight[run->own->coding].hom, &x);
    m = whole->n - lost[k];
    sh = x.g[run->own->by]; /* the sum of h is that of g e */
    for (size_t a = 0; a < k + 2 && m > 0; a++) {
        sum[0] = a < k ? x.h[a] : a == k ? (sund_i128) x.gh : x.hh;
        sum[1] = a < k ? whole->q[a] - lost[a] : a == k ? x.g[k] : sh;
        sum[2] = strata ? sund_i128_scale_div(m * sum[0] - sh * sum[1], LINEAR_FRAC, m, &over) : sum[0];
        sund_vec_add128(run->out, lane + a, sum[2]);
    }
    return over ? sund_fail(err, SUND_E_NUMERIC, "a sum leaves its bound; a variable's declared range is too wide") : SUND_OK;
}

static sund_code sum_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const gxe_run *run = ctx;
    gxe_worker    *w = &run->worker[thread];
    linear_shape   shape = sund_linear_shape(run->st);

    for (size_t item = from; item < from + n; item++) {
        SUND_TRY(planes_of(run, item, reader, w, err));
        for (size_t s = 0; s < run->v->n_stratum; s++)
            SUND_TRY(put_products(run, s, (item - run->from + 1) * shape.n128 - run->v->plan.n - 2, w, err));
    }
    return SUND_OK;
}

/** Carriers and people who lack a copy, as coded, by class of the covariate. */
static sund_code level_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const gxe_run *run = ctx;
    const int32_t *e = run->v->column[run->own->by];
    gxe_worker    *w = &run->worker[thread];
    int64_t        het = sund_linear_weight[run->own->coding].het, hom = sund_linear_weight[run->own->coding].hom;

    for (size_t item = from; item < from + n; item++) {
        size_t lane = (item - run->from) * LINEAR_LEVELS;

        SUND_TRY(planes_of(run, item, reader, w, err));
        for (size_t i = 0; i < run->v->n_word; i++)
            for (uint64_t bits = run->v->member[i] & ~w->missing[i]; bits; bits &= bits - 1) {
                int     b = __builtin_ctzll(bits);
                size_t  class_of = (uint32_t) e[i * 64 + (size_t) b] % 4;
                int64_t g = w->hom[i] >> b & 1 ? hom : w->het[i] >> b & 1 ? het : 0;

                sund_vec_add64(run->out, lane + class_of, g > 0);
                sund_vec_add64(run->out, lane + 4 + class_of, g < hom);
            }
    }
    return SUND_OK;
}

static sund_code on_threads(gxe_run *run, size_t n, unsigned n_thread, sund_items_task task, sund_err *err)
{
    const sund_view *v = run->v;
    unsigned         threads = sund_pool_threads(n_thread);
    sund_code        rc = SUND_OK;

    run->worker = calloc(threads, sizeof *run->worker);
    for (unsigned t = 0; t < threads && run->worker && rc == SUND_OK; t++) {
        gxe_worker *w = &run->worker[t];

        w->het = malloc((v->n_word + 1) * 8);
        w->hom = malloc((v->n_word + 1) * 8);
        w->missing = malloc((v->n_word + 1) * 8);
        w->list = malloc((v->n_word * 64 + 1) * sizeof *w->list);
        rc = w->het && w->hom && w->missing && w->list ? SUND_OK : SUND_E_NOMEM;
    }
    if (!run->worker || rc != SUND_OK)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for sums over %zu people", v->n_person);
    else
        rc = sund_each_items(v, run->from, n, threads, task, run, err);
    for (unsigned t = 0; t < threads && run->worker; t++) {
        free(run->worker[t].het);
        free(run->worker[t].hom);
        free(run->worker[t].missing);
        free(run->worker[t].list);
    }
    free(run->worker);
    return rc;
}

sund_code sund_gxe_levels_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    gxe_run run = { st, st->own, v, NULL, 0, out };
    size_t  n = sund_chunk_range(r, st->study, LINEAR_LEVELS, chunk, &run.from);

    SUND_TRY(sund_vec_new(out, n * LINEAR_LEVELS, 0, err));
    return on_threads(&run, n, n_thread, level_items, err);
}

sund_code sund_gxe_sums_local(const sund_state *st, const sund_view *v, size_t from, size_t n, unsigned n_thread, sund_vec *out, sund_err *err)
{
    gxe_run run = { st, st->own, v, NULL, from, out };

    return on_threads(&run, n, n_thread, sum_items, err);
}

/* ---- what totals say ---- */

/** People outside the largest of four classes. */
static sund_code outside(const sund_state *st, const sund_vec *t, size_t lane, int64_t *out, sund_err *err)
{
    int64_t all = 0, most = 0;

    for (size_t b = 0; b < 4; b++) {
        int64_t n = sund_vec_get64(t, lane + b);

        if (n < 0 || n > st->n_person)
            return bad_total(err);
        all += n;
        most = n > most ? n : most;
    }
    *out = all - most;
    return all <= st->n_person ? SUND_OK : bad_total(err);
}

enum { NOT_ELIGIBLE = UINT32_MAX };

sund_code sund_gxe_levels_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    linear_own *own = st->own;
    size_t      from, n = sund_chunk_range(r, st->study, LINEAR_LEVELS, chunk, &from);

    if (t->n64 != n * LINEAR_LEVELS || t->n128 != 0)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        int64_t carry = 0, lack = 0;

        SUND_TRY(outside(st, t, i * LINEAR_LEVELS, &carry, err));
        SUND_TRY(outside(st, t, i * LINEAR_LEVELS + 4, &lack, err));
        if (!sund_rule_spread(&st->thresholds, carry) || !sund_rule_spread(&st->thresholds, lack))
            own->eligible[from + i] = NOT_ELIGIBLE;
    }
    return SUND_OK;
}

sund_code sund_gxe_choose(sund_state *st, sund_err *err)
{
    linear_own *own = st->own;
    size_t      n = 0;

    for (size_t i = 0; i < own->n_eligible; i++)
        if (own->eligible[i] != NOT_ELIGIBLE)
            own->eligible[n++] = own->eligible[i];
    own->n_eligible = n;
    sund_large_free(own->gxe);
    own->gxe = sund_large_secret((n * own->n_trait + 1) * sizeof *own->gxe);
    return own->gxe ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", n);
}

/** Effect of g where the covariate itself is 0: q is the covariate less its middle, in steps. */
static void in_units(const sund_column *e, double unit, const sund_linear_pair_fit *p, linear_fit *fit, linear_gxe *gxe)
{
    double mid = (double) e->mid, v_g = p->v_gg - 2.0 * mid * p->v_gh + mid * mid * p->v_hh, b_g = p->b_g - mid * p->b_h;

    *fit = (linear_fit){ b_g * unit, sqrt(v_g) * unit, sund_t_nlog10p(b_g / sqrt(v_g), p->df) };
    *gxe = (linear_gxe){ p->b_h * unit / e->unit, sqrt(p->v_hh) * unit / e->unit, sund_t_nlog10p(p->b_h / sqrt(p->v_hh), p->df), p->joint_nlog10p };
}

sund_code sund_gxe_fit(const sund_state *st, const linear_drop *d, const sund_vec *t, size_t wide, linear_fit *fit, linear_gxe *gxe, sund_err *err)
{
    const linear_own    *own = st->own;
    const double         none = (double) NAN;
    bool                 strata = st->study->strata_country, over = false, both;
    size_t               k = own->n_column, base = wide - (strata ? 0 : 2 * k + sund_pair_count(st->plan));
    sund_i128            sh = strata ? 0 : sund_vec_get128(t, base + k + own->by); /* sum of h: of g times column `by` */
    double               c[SUND_COLUMN_MAX + 2];
    sund_linear_variant  h;
    sund_linear_trait    trait;
    sund_linear_pair_fit p;

    for (size_t a = 0; a < k + 2; a++) {
        sund_i128 x = sund_vec_get128(t, wide + a), of_a = strata ? 0 : a < k ? sund_vec_get128(t, base + a) : a == k ? d->one : sh;

        c[a] = strata ? sund_linear_fixed(x, LINEAR_FRAC) : sund_centred(d->m, x, sh, of_a, 0, &over);
    }
    if (over || c[k + 1] < 0.0)
        return bad_total(err);
    both = d->varies && sund_linear_genotype(&d->model, c[k + 1], c, &h);
    for (size_t y = 0; y < own->n_trait; y++) {
        size_t at = st->plan->n_covariate + y;

        fit[y] = (linear_fit){ none, none, none };
        gxe[y] = (linear_gxe){ none, none, none, none };
        if (both && sund_linear_model_trait(st->plan, d->pair, y, &d->model, &trait, NULL) == SUND_OK &&
            sund_linear_test_pair(&d->model, &trait, &d->g, &h, c[k], d->c[at], c[at], &p))
            in_units(&st->plan->col[own->by], st->plan->col[at].unit, &p, &fit[y], &gxe[y]);
    }
    return SUND_OK;
}
