#include "study/wgr_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whole-genome regression, person by person, at home: folds, genotypes, predictions, residuals. */

static void with_free(wgr_people *p)
{
    sund_view *x = &p->with;

    if (p->has_with && x->whole != p->v->whole) {
        for (size_t s = 0; x->whole && s < x->n_stratum; s++)
            free(x->whole[s].pair);
        free(x->whole);
        sund_columns_free(x->sums);
    }
    sund_view_forget(x);
    memset(x, 0, sizeof *x);
    p->has_with = false;
}

static void people_free(void *arg)
{
    wgr_people *p = arg;

    with_free(p);
    for (size_t f = 0; f < WGR_FOLDS_MAX; f++)
        free(p->plane[f]);
    free(p->at);
    free(p->start);
    free(p->mean);
    free(p->w);
    free(p->part);
    free(p->rest);
    free(p->offset);
    free(p);
}

/** The same at every node: a hash of the person's id under the study's name. */
static size_t fold_of(const sund_study *s, size_t n_fold, const char *person)
{
    sund_key    key;
    sund_digest d;
    uint64_t    x = 0;

    memcpy(key.b, s->digest.b, sizeof key.b);
    d = sund_digest_keyed(&key, person, strlen(person));
    for (unsigned i = 0; i < 8; i++)
        x |= (uint64_t) d.b[i] << (8 * i);
    return (size_t) (x % n_fold);
}

static bool in_plane(const uint64_t *plane, size_t i) { return plane[i / 64] >> (i % 64) & 1; }

static sund_code deal(const sund_state *st, wgr_people *p, sund_err *err)
{
    const wgr_own   *own = st->own;
    const sund_view *v = p->v;
    size_t           n_stratum = v->n_stratum, pos = 0;

    p->n = v->n_member;
    p->n_group = own->n_fold * n_stratum;
    p->at = calloc(p->n + 1, sizeof *p->at);
    p->start = calloc(p->n_group + 1, sizeof *p->start);
    p->mean = calloc(n_stratum * own->n_column + 1, sizeof *p->mean);
    p->rest = calloc(v->n_word * 64 + 1, sizeof *p->rest);
    p->offset = calloc(v->n_word * 64 + 1, sizeof *p->offset);
    if (!p->at || !p->start || !p->mean || !p->rest || !p->offset)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", p->n);
    for (size_t f = 0; f < own->n_fold; f++)
        if (!(p->plane[f] = calloc(v->n_word + 1, sizeof **p->plane)))
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", p->n);
    for (size_t i = 0; i < v->n_person; i++)
        if (in_plane(v->member, i))
            p->plane[fold_of(st->study, own->n_fold, sund_store_describe(v->store)->person[i])][i / 64] |= 1ULL << (i % 64);
    for (size_t f = 0; f < own->n_fold; f++)
        for (size_t s = 0; s < n_stratum; s++) {
            p->start[f * n_stratum + s] = pos;
            for (size_t i = 0; i < v->n_person; i++)
                if (in_plane(p->plane[f], i) && in_plane(v->stratum[s], i))
                    p->at[pos++] = (uint32_t) i;
        }
    p->start[p->n_group] = pos;
    return SUND_OK;
}

sund_code sund_wgr_people(const sund_state *st, const sund_view *v, wgr_people **out, sund_err *err)
{
    const wgr_own *own = st->own;
    void         **kept = sund_view_kept(v, UINT32_MAX, people_free);
    wgr_people    *p = *kept;
    bool           over = false;

    if (!p) {
        sund_code rc;

        p = calloc(1, sizeof *p);
        if (!p)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        p->v = v;
        rc = deal(st, p, err);
        if (rc != SUND_OK) {
            people_free(p);
            return rc;
        }
        *kept = p;
    }
    for (size_t s = 0; s < v->n_stratum; s++) /* without strata the means are pooled ones, known after the first rounds */
        for (size_t k = 0; k < own->n_column; k++)
            p->mean[s * own->n_column + k] = !st->study->strata_country ? own->mean[k]
                                             : v->whole[s].n            ? (int64_t) sund_i128_scale_div(v->whole[s].q[k], WGR_COLUMN_FRAC, v->whole[s].n, &over)
                                                                        : 0;
    *out = p;
    return over ? sund_fail(err, SUND_E_NUMERIC, "a sum leaves its bound") : SUND_OK;
}

int64_t sund_wgr_x(const wgr_people *p, size_t pos, size_t k, size_t stratum)
{
    return (int64_t) p->v->column[k][p->at[pos]] * (1LL << WGR_COLUMN_FRAC) - p->mean[stratum * p->v->plan.n + k];
}

static sund_code read_codes(const wgr_people *p, size_t j, const sund_catalogue *c, sund_store_reader *reader, uint8_t *by_column, uint8_t *code, sund_err *err)
{
    const sund_view *v = p->v;
    sund_presence    where = sund_view_presence(v, c, j);
    sund_gt          g;

    if (where != SUND_IN_STORE) {
        memset(code, where == SUND_ALL_REF ? 0 : SUND_GT_MISSING, p->n);
        return SUND_OK;
    }
    SUND_TRY(sund_store_read(reader, v->row[j], &g, err));
    sund_gt_codes(&g, v->n_person, by_column);
    for (size_t i = 0; i < p->n; i++)
        code[i] = by_column[p->at[i]];
    return SUND_OK;
}

/** Mean genotype of each stratum here, or the pooled one. */
static void code_means(const sund_state *st, const wgr_people *p, size_t j, const uint8_t *code, int64_t *mean)
{
    const wgr_own      *own = st->own;
    const sund_alleles *pooled = &((const linear_own *) own->linear.own)->count[j];
    bool                over = false;

    for (size_t s = 0; s < p->v->n_stratum; s++) {
        int64_t n[4] = { 0 }, sum = pooled->dose, called = pooled->called;

        if (st->study->strata_country) {
            for (size_t g = s; g < p->n_group; g += p->v->n_stratum)
                for (size_t i = p->start[g]; i < p->start[g + 1]; i++)
                    n[code[i]]++;
            sum = n[1] + 2 * n[2];
            called = n[0] + n[1] + n[2];
        }
        mean[s] = called ? (int64_t) sund_i128_scale_div(sum, own->g_frac, called, &over) : 0;
    }
}

sund_code sund_wgr_codes(const sund_state *st, const wgr_people *p, const wgr_block *b, uint8_t **code, int64_t **mean, sund_err *err)
{
    const wgr_own     *own = st->own;
    sund_store_reader *reader = NULL;
    uint8_t           *by_column = malloc(p->v->n_person + 64);
    sund_code          rc;

    *code = malloc(b->n * p->n + 1);
    *mean = calloc(b->n * p->v->n_stratum + 1, sizeof **mean);
    rc = by_column && *code && *mean ? sund_store_reader_open(&reader, p->v->store, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for a block of %zu variants", b->n);
    if (rc == SUND_OK)
        sund_store_reader_keep(reader, 0);
    for (size_t j = 0; j < b->n && rc == SUND_OK; j++) {
        size_t at = own->step1[b->first + j];

        rc = read_codes(p, at, st->catalogue, reader, by_column, *code + j * p->n, err);
        if (rc == SUND_OK)
            code_means(st, p, at, *code + j * p->n, *mean + j * p->v->n_stratum);
    }
    sund_store_reader_close(reader);
    free(by_column);
    if (rc != SUND_OK) {
        free(*code);
        free(*mean);
        *code = NULL;
        *mean = NULL;
    }
    return rc;
}

/** What one genotype adds to a prediction: coefficient times (g - mean), 0 when missing. */
static int64_t gain(int64_t coef, unsigned g, int64_t mean, unsigned frac)
{
    return g == SUND_GT_MISSING ? 0 : coef * (int64_t) g - (int64_t) sund_i128_div_round((sund_i128) coef * mean, (sund_i128) 1 << frac);
}

/** Four variants at a time: their codes are a byte, and what a byte adds is in a table. sum: [person][shrinkage]. */
static void add_four(const wgr_own *own, const wgr_people *p, const wgr_block *b, size_t first, const uint8_t *code, const int64_t *mean, uint8_t *byte, int64_t *table, int64_t *sum)
{
    size_t R = own->n_ridge, S = p->v->n_stratum, m = b->n - first < 4 ? b->n - first : 4;

    memcpy(byte, code + first * p->n, p->n);
    for (size_t q = 1; q < m; q++)
        for (size_t i = 0; i < p->n; i++)
            byte[i] = (uint8_t) (byte[i] | code[(first + q) * p->n + i] << (2 * q));
    for (size_t g = 0; g < p->n_group; g++) {
        size_t f = g / S, s = g % S;

        if (p->start[g] == p->start[g + 1])
            continue;
        for (size_t r = 0; r < R; r++) {
            int64_t one[4][4];

            for (size_t q = 0; q < m; q++)
                for (unsigned c = 0; c < 4; c++)
                    one[q][c] = gain(own->coef[((b->first + first + q) * own->n_fold + f) * R + r], c, mean[(first + q) * S + s], own->g_frac);
            for (size_t x = 0; x < (size_t) 1 << (2 * m); x++) {
                table[x * R + r] = 0;
                for (size_t q = 0; q < m; q++)
                    table[x * R + r] += one[q][x >> (2 * q) & 3];
            }
        }
        for (size_t i = p->start[g]; i < p->start[g + 1]; i++)
            for (size_t r = 0; r < R; r++)
                sum[i * R + r] += table[byte[i] * R + r];
    }
}

/** The covariates' part, in doubles of one order, rounded once with the rest. */
static void put_predictions(const wgr_own *own, wgr_people *p, size_t block, const int64_t *sum)
{
    size_t R = own->n_ridge, n_x = own->n_column - 1, S = p->v->n_stratum;

    for (size_t g = 0; g < p->n_group; g++)
        for (size_t i = p->start[g]; i < p->start[g + 1]; i++)
            for (size_t r = 0; r < R; r++) {
                const double *x = own->coef_x + ((block * R + r) * own->n_fold + g / S) * n_x;
                double        part = 0.0, w;

                for (size_t a = 0; a < n_x; a++)
                    part += x[a] * ldexp((double) sund_wgr_x(p, i, a, g % S), -WGR_COLUMN_FRAC);
                w = floor(ldexp((double) sum[i * R + r], WGR_PRED_FRAC - WGR_COEF_FRAC) - ldexp(part, WGR_PRED_FRAC) + 0.5);
                p->w[(block * R + r) * p->n + i] = (int32_t) (w > WGR_PRED_MAX ? WGR_PRED_MAX : w < -WGR_PRED_MAX ? -WGR_PRED_MAX : w);
            }
}

static sund_code predict_block(const sund_state *st, wgr_people *p, size_t block, uint8_t *byte, int64_t *table, int64_t *sum, sund_err *err)
{
    const wgr_own *own = st->own;
    uint8_t       *code;
    int64_t       *mean;

    SUND_TRY(sund_wgr_codes(st, p, &own->block[block], &code, &mean, err));
    memset(sum, 0, p->n * own->n_ridge * sizeof *sum);
    for (size_t j = 0; j < own->block[block].n; j += 4)
        add_four(own, p, &own->block[block], j, code, mean, byte, table, sum);
    put_predictions(own, p, block, sum);
    free(code);
    free(mean);
    return SUND_OK;
}

sund_code sund_wgr_predict(const sund_state *st, wgr_people *p, sund_err *err)
{
    const wgr_own *own = st->own;
    uint8_t       *byte = malloc(p->n + 1);
    int64_t       *table = malloc(256 * own->n_ridge * sizeof *table), *sum = malloc((p->n * own->n_ridge + 1) * sizeof *sum);
    sund_code      rc = SUND_OK;

    if (p->w)
        goto out;
    p->w = calloc(own->n_pred * p->n + 1, sizeof *p->w);
    if (!byte || !table || !sum || !p->w)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu predictions of %zu people", own->n_pred, p->n);
    for (size_t b = 0; b < own->n_block && rc == SUND_OK; b++)
        rc = predict_block(st, p, b, byte, table, sum, err);
    if (rc != SUND_OK) {
        free(p->w);
        p->w = NULL;
    }
out:
    free(byte);
    free(table);
    free(sum);
    return rc;
}

sund_code sund_wgr_parts(const sund_state *st, wgr_people *p, sund_err *err)
{
    const wgr_own *own = st->own;
    size_t         S = p->v->n_stratum;

    if (p->part)
        return SUND_OK;
    SUND_TRY(sund_wgr_predict(st, p, err));
    p->part = calloc((size_t) WGR_CONTIGS * p->n + 1, sizeof *p->part);
    if (!p->part)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", p->n);
    for (size_t l = 0; l < own->n_pred; l++) {
        double *part = p->part + (size_t) (own->block[l / own->n_ridge].contig - 1) * p->n;

        for (size_t g = 0; g < p->n_group; g++)
            for (size_t i = p->start[g]; i < p->start[g + 1]; i++)
                part[i] += own->level1[g / S * own->n_pred + l] * (ldexp((double) p->w[l * p->n + i], -WGR_PRED_FRAC) - own->w_mean[l]);
    }
    free(p->w);
    p->w = NULL;
    return SUND_OK;
}

double sund_wgr_loco(const wgr_people *p, size_t pos, int contig)
{
    double s = 0.0;

    for (int c = 1; c < WGR_CONTIGS; c++)
        if (c != contig)
            s += p->part[(size_t) (c - 1) * p->n + pos];
    return s;
}

sund_code sund_wgr_rest(const sund_state *st, wgr_people *p, size_t test, const sund_view **out, sund_err *err)
{
    const wgr_own *own = st->own;
    size_t         n_x = own->n_column - 1, S = p->v->n_stratum;

    *out = &p->with;
    if (p->has_with && p->with_test == test)
        return SUND_OK;
    SUND_TRY(sund_wgr_parts(st, p, err));
    with_free(p);
    for (size_t g = 0; g < p->n_group; g++)
        for (size_t i = p->start[g]; i < p->start[g + 1]; i++) {
            double y = ldexp((double) sund_wgr_x(p, i, n_x, g % S), -WGR_COLUMN_FRAC), d;

            for (size_t a = 0; a < n_x; a++)
                y -= own->gamma[a] * ldexp((double) sund_wgr_x(p, i, a, g % S), -WGR_COLUMN_FRAC);
            d = floor(ldexp((y - sund_wgr_loco(p, i, own->test_contig[test])) / own->sigma, WGR_REST_FRAC) + 0.5);
            p->rest[p->at[i]] = (int32_t) (d > WGR_REST_MAX ? WGR_REST_MAX : d < -WGR_REST_MAX ? -WGR_REST_MAX : d);
        }
    SUND_TRY(sund_view_alike(p->v, &p->with, err));
    p->has_with = true;
    p->with_test = test;
    p->with.plan = own->plan;
    p->with.column[n_x] = p->rest;
    p->with.sums = NULL;
    p->with.whole = NULL;
    return sund_view_sums(&p->with, err);
}

sund_code sund_wgr_offset(const sund_state *st, wgr_people *p, size_t test, const sund_view **out, sund_err *err)
{
    const wgr_own *own = st->own;

    *out = &p->with;
    if (p->has_with && p->with_test == test)
        return SUND_OK;
    with_free(p);
    SUND_TRY(sund_view_alike(p->v, &p->with, err));
    p->has_with = true;
    p->with_test = test;
    if (test == WGR_NO_TEST)
        return SUND_OK;
    SUND_TRY(sund_wgr_parts(st, p, err));
    for (size_t i = 0; i < p->n; i++)
        p->offset[p->at[i]] = sund_wgr_loco(p, i, own->test_contig[test]);
    p->with.offset = p->offset;
    p->with.row += own->test[test].first - st->first;
    p->with.first = own->test[test].first;
    p->with.n_variant = own->test[test].n_variant;
    return SUND_OK;
}
