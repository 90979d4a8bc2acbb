#include "study/wgr_priv.h"

#include <stdlib.h>
#include <string.h>

/* Own sums of whole-genome regression. */

/** Products of columns over the people of a group. */
static sund_code group_products(const wgr_people *p, size_t g, int64_t *sum, sund_i128 *pair, sund_err *err)
{
    size_t    n = p->start[g + 1] - p->start[g], k = p->v->plan.n;
    uint32_t *list = malloc((n + 1) * sizeof *list);

    if (!list)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n);
    memcpy(list, p->at + p->start[g], n * sizeof *list);
    memset(pair, 0, wgr_triangle(k) * sizeof *pair);
    sund_view_products(p->v, list, n, pair);
    sund_list_sums(p->v->sums, list, n, sum);
    free(list);
    return SUND_OK;
}

sund_code sund_wgr_cross_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    const wgr_own  *own = st->own;
    wgr_people     *p;
    size_t          k = own->n_column, wide = k + wgr_triangle(k);
    bool            strata = st->study->strata_country;
    const sund_i128 one = (sund_i128) 1 << WGR_COLUMN_FRAC;
    int64_t         sum[SUND_COLUMN_MAX + 1];
    sund_i128      *pair;
    sund_code       rc;

    SUND_TRY(sund_wgr_people(st, v, &p, err));
    for (size_t f = 0; f < own->n_fold; f++) /* sums of genotypes are asked of each fold; where few are in one here, it has ten people over all nodes (cell-min) */
        if (sund_rule_cell_min(&st->thresholds, (int64_t) sund_person_plane_of(p->plane[f], v->n_word).n))
            SUND_TRY(sund_view_weights(v, st->study, &st->thresholds, p->plane[f], err));
    SUND_TRY(sund_vec_new(out, own->n_fold * (1 + k) + 1, own->n_fold * wide, err));
    pair = malloc(wgr_triangle(k) * sizeof *pair);
    rc = pair ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t s = 0; s < v->n_stratum && strata; s++)
        sund_vec_add64(out, own->n_fold, v->whole[s].n > 0);
    for (size_t g = 0; g < p->n_group && rc == SUND_OK; g++) {
        const int64_t *mean = p->mean + g % v->n_stratum * k;
        size_t         lane = g / v->n_stratum * wide, at = 0;
        sund_i128      n = (sund_i128) (p->start[g + 1] - p->start[g]);

        rc = group_products(p, g, sum, pair, err);
        sund_vec_add64(out, g / v->n_stratum, (int64_t) n);
        for (size_t a = 0; a < k && rc == SUND_OK; a++) {
            if (v->plan.col[a].binary)
                sund_vec_add64(out, own->n_fold + 1 + g / v->n_stratum * k + a, sum[a]);
            sund_vec_add128(out, lane + a, strata ? sum[a] * one - n * mean[a] : (sund_i128) sum[a]);
            for (size_t b = a; b < k; b++, at++)
                sund_vec_add128(out, lane + k + at,
                                strata ? pair[at] * one * one - one * ((sund_i128) mean[b] * sum[a] + (sund_i128) mean[a] * sum[b]) + n * mean[a] * mean[b] : pair[at]);
        }
    }
    free(pair);
    return rc;
}

typedef struct count_run { const sund_state *st; const wgr_people *p; sund_person_plane set[WGR_FOLDS_MAX]; size_t from; sund_vec *out; } count_run;

static sund_code count_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const count_run *run = ctx;
    const sund_view *v = run->p->v;
    const wgr_own   *own = run->st->own;

    (void) thread;
    for (size_t j = from; j < from + n; j++) {
        sund_presence where = sund_view_presence(v, run->st->catalogue, j);
        size_t        lane = (j - run->from) * wgr_count_lanes(own);
        sund_classes  c[WGR_FOLDS_MAX];
        sund_tally    t;

        SUND_TRY(sund_tally_own(v, j, where, sund_state_copies(run->st, j), reader, &t, NULL, err));
        sund_tally_put(run->out, lane, &t);
        if (where == SUND_IN_STORE)
            SUND_TRY(sund_store_count(reader, v->row[j], run->set, own->n_fold, c, err));
        for (size_t f = 0; f < own->n_fold; f++) {
            if (where != SUND_IN_STORE)
                c[f] = (sund_classes){ where == SUND_ALL_REF ? (int64_t) run->set[f].n : 0, 0, 0, where == SUND_ALL_REF ? 0 : (int64_t) run->set[f].n };
            sund_vec_add64(run->out, lane + SUND_TALLY_LANES + 4 * f, c[f].ref);
            sund_vec_add64(run->out, lane + SUND_TALLY_LANES + 4 * f + 1, c[f].het);
            sund_vec_add64(run->out, lane + SUND_TALLY_LANES + 4 * f + 2, c[f].alt);
            sund_vec_add64(run->out, lane + SUND_TALLY_LANES + 4 * f + 3, c[f].missing);
        }
    }
    return SUND_OK;
}

sund_code sund_wgr_counts_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const wgr_own *own = st->own;
    wgr_people    *p;
    count_run      run = { .st = st, .out = out };
    size_t         n = sund_chunk_range(r, st->study, wgr_count_lanes(own), chunk, &run.from);

    SUND_TRY(sund_wgr_people(st, v, &p, err));
    run.p = p;
    for (size_t f = 0; f < own->n_fold; f++)
        run.set[f] = sund_person_plane_of(p->plane[f], v->n_word);
    SUND_TRY(sund_vec_new(out, n * wgr_count_lanes(own), 0, err));
    return sund_each_items(v, run.from, n, n_thread, count_items, &run, err);
}

/* ---- level 0: one group of people, one block of variants ---- */

enum { TILE = 64 };

typedef struct block_sums {
    const wgr_own    *own;
    const wgr_people *p;
    size_t            m, from, n, n_word, stratum; /* variants; people of the group */
    const uint8_t    *code;    /* [variant][position] */
    const int64_t    *mean;    /* [variant][stratum] */
    uint64_t         *plane;   /* two for each variant */
    sund_dose        *dose;    /* m */
    int64_t          *dot;     /* m x TILE */
    int32_t          *q;       /* TILE x n, column values */
    int64_t          *sum;     /* [variant][column]: sum of g q; the last is sum of g */
    uint32_t         *lost;    /* the variants' missing people, one list behind the other */
    size_t           *lost_at; /* m + 1 */
    int32_t          *lost_g, *lost_c; /* [a][b]: over people whom a misses, sum of g_b, and of missing calls of b; NULL when nobody is missing */
} block_sums;

static void block_free(block_sums *x)
{
    free(x->plane);
    free(x->dose);
    free(x->dot);
    free(x->q);
    free(x->sum);
    free(x->lost);
    free(x->lost_at);
    free(x->lost_g);
    free(x->lost_c);
}

/** Planes and missing people. */
static sund_code block_open(block_sums *x, sund_err *err)
{
    size_t lost = 0;

    for (size_t j = 0; j < x->m; j++)
        for (size_t i = 0; i < x->n; i++)
            lost += x->code[j * x->p->n + x->from + i] == SUND_GT_MISSING;
    x->n_word = (x->n + 63) / 64;
    x->plane = calloc(2 * x->m * x->n_word + 1, sizeof *x->plane);
    x->dose = calloc(x->m + 1, sizeof *x->dose);
    x->dot = calloc(x->m * TILE + 1, sizeof *x->dot);
    x->q = calloc(TILE * x->n + 1, sizeof *x->q);
    x->sum = calloc(x->m * (x->own->n_column + 1) + 1, sizeof *x->sum);
    x->lost = calloc(lost + 1, sizeof *x->lost);
    x->lost_at = calloc(x->m + 1, sizeof *x->lost_at);
    if (lost) {
        x->lost_g = calloc(x->m * x->m + 1, sizeof *x->lost_g);
        x->lost_c = calloc(x->m * x->m + 1, sizeof *x->lost_c);
    }
    if (!x->plane || !x->dose || !x->dot || !x->q || !x->sum || !x->lost || !x->lost_at || (lost && (!x->lost_g || !x->lost_c)))
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a block of %zu variants", x->m);
    for (size_t j = 0, at = 0; j < x->m; j++) {
        uint64_t *one = x->plane + 2 * j * x->n_word, *two = one + x->n_word;

        x->dose[j] = (sund_dose){ one, two };
        for (size_t i = 0; i < x->n; i++) {
            uint8_t g = x->code[j * x->p->n + x->from + i];

            one[i / 64] |= (uint64_t) (g == 1) << (i % 64);
            two[i / 64] |= (uint64_t) (g == 2) << (i % 64);
            if (g == SUND_GT_MISSING)
                x->lost[at++] = (uint32_t) i;
        }
        x->lost_at[j + 1] = at;
    }
    return SUND_OK;
}

static void lost_pairs(block_sums *x)
{
    for (size_t a = 0; a < x->m && x->lost_g; a++)
        for (size_t b = 0; b < x->m; b++)
            for (size_t l = x->lost_at[a]; l < x->lost_at[a + 1]; l++) {
                uint8_t g = x->code[b * x->p->n + x->from + x->lost[l]];

                x->lost_g[a * x->m + b] += g == SUND_GT_MISSING ? 0 : g;
                x->lost_c[a * x->m + b] += g == SUND_GT_MISSING;
            }
}

/** Sums of g against the columns and ones, and z x into its lanes. */
static sund_code column_sums(block_sums *x, size_t fold, sund_vec *out, sund_err *err)
{
    size_t          k = x->own->n_column;
    const int32_t  *q[SUND_COLUMN_MAX + 1];
    int64_t         whole[SUND_COLUMN_MAX] = { 0 };
    int32_t        *copy = calloc((k + 1) * x->n + 1, sizeof *copy);
    sund_columns   *c = NULL;
    const sund_i128 g1 = (sund_i128) 1 << x->own->g_frac, x1 = (sund_i128) 1 << WGR_COLUMN_FRAC;
    sund_code       rc = copy ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t a = 0; a <= k && copy; a++) {
        q[a] = copy + a * x->n;
        for (size_t i = 0; i < x->n; i++) {
            copy[a * x->n + i] = a < k ? x->p->v->column[a][x->p->at[x->from + i]] : 1;
            if (a < k)
                whole[a] += copy[a * x->n + i];
        }
    }
    if (rc == SUND_OK)
        rc = sund_columns_new(&c, x->n, k + 1, q, err);
    if (rc == SUND_OK)
        sund_dose_sums(c, x->dose, x->m, NULL, x->sum);
    for (size_t j = 0; j < x->m && rc == SUND_OK; j++) {
        sund_i128 mu = x->mean[j * x->p->v->n_stratum + x->stratum], sg = x->sum[j * (k + 1) + k], n = (sund_i128) (x->n - (x->lost_at[j + 1] - x->lost_at[j]));

        for (size_t a = 0; a < k; a++) {
            sund_i128 called = whole[a];

            for (size_t l = x->lost_at[j]; l < x->lost_at[j + 1]; l++)
                called -= q[a][x->lost[l]];
            sund_vec_add128(out, (fold * x->m + j) * k + a, x1 * (g1 * x->sum[j * (k + 1) + a] - mu * called) - x->p->mean[x->stratum * k + a] * (g1 * sg - mu * n));
        }
    }
    sund_columns_free(c);
    free(copy);
    return rc;
}

/** z z of variants a >= b from sums of codes:  sum (g_a - m_a)(g_b - m_b) over the people called at both. */
static void put_pair(const block_sums *x, size_t a, size_t b, int64_t gg, size_t lane, sund_vec *out)
{
    size_t    k = x->own->n_column, m = x->m, S = x->p->v->n_stratum;
    sund_i128 one = (sund_i128) 1 << x->own->g_frac, ma = x->mean[a * S + x->stratum], mb = x->mean[b * S + x->stratum];
    sund_i128 ga = x->sum[a * (k + 1) + k], gb = x->sum[b * (k + 1) + k], n = (sund_i128) x->n;

    n -= (sund_i128) (x->lost_at[a + 1] - x->lost_at[a]) + (sund_i128) (x->lost_at[b + 1] - x->lost_at[b]);
    if (x->lost_g) {
        ga -= x->lost_g[b * m + a];
        gb -= x->lost_g[a * m + b];
        n += x->lost_c[a * m + b];
    }
    sund_vec_add64(out, lane + sund_ridge_at(a, b), (int64_t) (one * one * gg - one * (mb * ga + ma * gb) + ma * mb * n));
}

static sund_code pair_sums(block_sums *x, size_t fold, sund_vec *out, sund_err *err)
{
    size_t         lane = fold * sund_ridge_at(x->m, 0);
    const int32_t *q[TILE];

    for (size_t from = 0; from < x->m; from += TILE) {
        size_t        width = x->m - from < TILE ? x->m - from : TILE;
        sund_columns *c = NULL;

        for (size_t b = 0; b < width; b++) {
            q[b] = x->q + b * x->n;
            for (size_t i = 0; i < x->n; i++) {
                uint8_t g = x->code[(from + b) * x->p->n + x->from + i];

                x->q[b * x->n + i] = g == SUND_GT_MISSING ? 0 : g;
            }
        }
        SUND_TRY(sund_columns_new(&c, x->n, width, q, err));
        sund_dose_sums(c, x->dose + from, x->m - from, NULL, x->dot);
        sund_columns_free(c);
        for (size_t a = from; a < x->m; a++)
            for (size_t b = from; b < from + width && b <= a; b++)
                put_pair(x, a, b, x->dot[(a - from) * width + b - from], lane, out);
    }
    return SUND_OK;
}

sund_code sund_wgr_level0_local(const sund_state *st, const sund_view *v, uint32_t chunk, sund_vec *out, sund_err *err)
{
    const wgr_own   *own = st->own;
    const wgr_block *b = &own->block[chunk];
    wgr_people      *p;
    uint8_t         *code;
    int64_t         *mean;
    sund_code        rc;

    SUND_TRY(sund_wgr_people(st, v, &p, err));
    SUND_TRY(sund_vec_new(out, own->n_fold * sund_ridge_at(b->n, 0), own->n_fold * b->n * own->n_column, err));
    SUND_TRY(sund_wgr_codes(st, p, b, &code, &mean, err));
    rc = SUND_OK;
    for (size_t g = 0; g < p->n_group && rc == SUND_OK; g++) {
        block_sums x = { .own = own, .p = p, .m = b->n, .from = p->start[g], .n = p->start[g + 1] - p->start[g], .stratum = g % v->n_stratum, .code = code, .mean = mean };

        if (x.n == 0)
            continue;
        rc = block_open(&x, err);
        if (rc == SUND_OK) {
            lost_pairs(&x);
            rc = column_sums(&x, g / v->n_stratum, out, err);
        }
        if (rc == SUND_OK)
            rc = pair_sums(&x, g / v->n_stratum, out, err);
        block_free(&x);
    }
    free(code);
    free(mean);
    return rc;
}

/* ---- level 1 ---- */

/* Products are at most 2^56, so 64 of them fit. */
sund_i128 sund_wgr_dot(const int32_t *a, const int32_t *b, size_t n)
{
    sund_i128 all = 0;

    for (size_t from = 0; from < n; from += 64) {
        size_t  to = n - from < 64 ? n : from + 64;
        int64_t s = 0;

        for (size_t i = from; i < to; i++)
            s += (int64_t) a[i] * b[i];
        all += s;
    }
    return all;
}

sund_code sund_wgr_level1_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, sund_vec *out, sund_err *err)
{
    const wgr_own *own = st->own;
    size_t         S = v->n_stratum, k = own->n_column, from, at = 0;
    size_t         n = sund_chunk_range(r, st->study, 2 * own->n_fold * wgr_row_lanes(own, own->n_pred), chunk, &from);
    wgr_people    *p;

    SUND_TRY(sund_wgr_people(st, v, &p, err));
    SUND_TRY(sund_wgr_predict(st, p, err));
    SUND_TRY(sund_vec_new(out, 0, wgr_rows_lanes(own, from + n) - wgr_rows_lanes(own, from), err));
    for (size_t row = from; row < from + n; row++)
        for (size_t f = 0; f < own->n_fold; f++) {
            const int32_t *w = p->w + row * p->n;
            size_t         first = p->start[f * S], last = p->start[(f + 1) * S];
            sund_i128      x[SUND_COLUMN_MAX] = { 0 }, sum = 0;

            for (size_t b = 0; b <= row; b++)
                sund_vec_add128(out, at++, sund_wgr_dot(w + first, p->w + b * p->n + first, last - first));
            for (size_t g = f * S; g < (f + 1) * S; g++)
                for (size_t i = p->start[g]; i < p->start[g + 1]; i++) {
                    sum += w[i];
                    for (size_t a = 0; a < k; a++)
                        x[a] += (sund_i128) w[i] * sund_wgr_x(p, i, a, g % S);
                }
            for (size_t a = 0; a < k; a++)
                sund_vec_add128(out, at++, x[a]);
            sund_vec_add128(out, at++, sum);
        }
    return SUND_OK;
}
