#include "study/genes_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the sums of a gene to its tests, and the table. */

/* A gene's sums as numbers: m markers, k covariates of the null model. */
typedef struct numbers { size_t m, k; double *gg, *gx, *u, *v, *w, *maf, *room; } numbers;

static sund_code numbers_new(numbers *x, size_t k, sund_err *err)
{
    size_t  m = SUND_SKAT_MAX, at = 0, n = 2 * m * m + m * (k + 3) + SUND_SKAT_ROOM(m);
    double *p = calloc(n, sizeof *p);

    *x = (numbers){ .k = k, .gg = p };
    if (!p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a gene's sums");
    x->v = p + (at += m * m);
    x->gx = p + (at += m * m);
    x->u = p + (at += m * k);
    x->w = p + (at += m);
    x->maf = p + (at += m);
    x->room = p + (at += m);
    return SUND_OK;
}

static double lane_of(const sund_vec *t, size_t lane, unsigned frac) { return ldexp((double) sund_vec_get64(t, lane), -(int) frac); }

/** A gene's lanes: centred already with strata, and where the intercept is a covariate of the null model. */
static void read_plain(const genes_own *own, const sund_vec *t, size_t lane, numbers *x)
{
    size_t m = x->m, column = lane + genes_triangle(m);

    for (size_t a = 0; a < m; a++)
        for (size_t b = a; b < m; b++, lane++)
            x->gg[a * m + b] = x->gg[b * m + a] = lane_of(t, lane, GENES_W);
    for (size_t a = 0; a < m; a++)
        for (size_t c = 0; c < own->n_column; c++, column++) {
            if (c < x->k)
                x->gx[a * x->k + c] = lane_of(t, column, own->frac[c]);
            else
                x->u[a] = lane_of(t, column, own->frac[c]);
        }
}

/** Linear without strata: centred at the pooled means here, exactly. */
static sund_code read_centred(const sund_state *st, const sund_vec *t, size_t lane, numbers *x, sund_err *err)
{
    const genes_own *own = st->own;
    size_t           m = x->m, column = lane + genes_triangle(m), n_column = own->n_column;
    bool             over = false;

    for (size_t a = 0; a < m; a++)
        for (size_t b = a; b < m; b++, lane++)
            x->gg[a * m + b] = x->gg[b * m + a] =
                sund_centred(st->n_person, (sund_i128) sund_vec_get64(t, lane) * ((sund_i128) 1 << (2 * GENES_G - GENES_W)), sund_vec_get64(t, column + a * n_column),
                             sund_vec_get64(t, column + b * n_column), 2 * GENES_G, &over);
    for (size_t a = 0; a < m; a++)
        for (size_t c = 1; c < n_column; c++) {
            double d = sund_centred(st->n_person, (sund_i128) sund_vec_get64(t, column + a * n_column + c) * ((sund_i128) 1 << GENES_G), sund_vec_get64(t, column + a * n_column),
                                    own->sum[c - 1] * ((sund_i128) 1 << own->frac[c]), GENES_G + own->frac[c], &over);

            if (c <= x->k)
                x->gx[a * x->k + c - 1] = d;
            else
                x->u[a] = d;
        }
    return over ? sund_genes_bad_total(err) : SUND_OK;
}

/** 25 (1 - maf)^24, or one. */
static double weight_of(const genes_own *own, double maf)
{
    double x = (1.0 - maf) * (1.0 - maf), x4 = x * x, x8 = x4 * x4;

    return own->beta_weights ? 25.0 * x8 * x8 * x8 : 1.0;
}

static void find_weights(const sund_state *st, const genes_gene *g, numbers *x)
{
    const genes_own *own = st->own;
    size_t           m = 0;

    for (size_t i = 0; i < g->n; i++) {
        const sund_alleles *a = &own->count[own->member[g->from + i]];

        if (own->role[own->member[g->from + i]] == GENES_SINGLE)
            x->maf[m++] = (double) (a->ac < a->an - a->ac ? a->ac : a->an - a->ac) / (double) a->an;
    }
    if (g->ultra)
        x->maf[m++] = (double) g->ultra_dose / (2.0 * (double) st->n_person);
    for (size_t i = 0; i < m; i++)
        x->w[i] = weight_of(own, x->maf[i]);
}

/** Takes out of scores and cross-products what the covariates explain; markers of which nothing is left are dropped. */
static sund_code adjust(const genes_own *own, numbers *x, sund_err *err)
{
    const sund_linear *null = &own->null;
    size_t             m = 0, k = x->k;

    for (size_t a = 0; a < x->m; a++) { /* gx becomes its Cholesky forward solution, in place */
        double z[SUND_K_MAX];

        sund_chol_forward(k, null->l, null->scale, x->gx + a * k, z);
        memcpy(x->gx + a * k, z, k * sizeof *z);
        for (size_t c = 0; c < k; c++)
            x->u[a] -= z[c] * own->trait.zy[c];
    }
    for (size_t a = 0; a < x->m; a++)
        for (size_t b = 0; b < x->m; b++) {
            double s = x->gg[a * x->m + b];

            for (size_t c = 0; c < k; c++)
                s -= x->gx[a * k + c] * x->gx[b * k + c];
            x->v[a * x->m + b] = s;
        }
    for (size_t a = 0; a < x->m; a++) {
        if (x->gg[a * x->m + a] < 0.0)
            return sund_genes_bad_total(err);
        if (!(x->v[a * x->m + a] > 1e-10 * x->gg[a * x->m + a]))
            continue;
        for (size_t b = 0; b < x->m; b++) /* rows move up; columns below */
            x->v[m * x->m + b] = x->v[a * x->m + b];
        x->u[m] = x->u[a];
        x->w[m] = x->w[a];
        x->maf[m] = x->maf[a];
        x->room[m++] = (double) a;
    }
    for (size_t a = 0; a < m; a++)
        for (size_t b = 0; b < m; b++)
            x->v[a * m + b] = x->v[a * x->m + (size_t) x->room[b]];
    x->m = m;
    return SUND_OK;
}

/** Cases or controls, whichever are fewer. */
static int64_t rarer_kind(const sund_state *st)
{
    int64_t n_case = ((const genes_own *) st->own)->logit.n_case;

    return n_case < st->n_person - n_case ? n_case : st->n_person - n_case;
}

static sund_code test_gene(sund_state *st, genes_gene *g, const sund_vec *t, size_t lane, numbers *x, sund_err *err)
{
    const genes_own *own = st->own;
    double           unit = own->logistic ? 1.0 : st->plan->col[own->k].unit;

    x->m = g->n_marker;
    if (own->logistic || st->study->strata_country)
        read_plain(own, t, lane, x);
    else
        SUND_TRY(read_centred(st, t, lane, x, err));
    find_weights(st, g, x);
    SUND_TRY(adjust(own, x, err));
    if (x->m == 0) {
        g->note = "the covariates explain every marker";
        return SUND_OK;
    }
    for (size_t i = 0; own->logistic && i < x->m; i++)
        g->few = g->few || 2.0 * x->maf[i] * (double) rarer_kind(st) < GENES_FEW;
    if (sund_skat_tests(x->m, x->u, x->v, own->s2, x->w, x->maf, x->room, &g->test, NULL) != SUND_OK)
        g->note = "the markers have no covariance";
    g->test.beta *= unit;
    g->test.se *= unit;
    return SUND_OK;
}

sund_code sund_genes_sums_total(sund_state *st, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    genes_own *own = st->own;
    size_t     lanes = 0;
    numbers    x;
    sund_code  rc = SUND_OK;

    for (size_t i = own->chunk[chunk]; i < own->chunk[chunk + 1]; i++)
        lanes += genes_lanes(own, own->gene[own->active[i]].n_marker);
    if (t->n64 != lanes || t->n128 != 0)
        return sund_genes_bad_total(err);
    SUND_TRY(numbers_new(&x, own->null.k, err));
    lanes = 0;
    for (size_t i = own->chunk[chunk]; rc == SUND_OK && i < own->chunk[chunk + 1]; i++) {
        genes_gene *g = &own->gene[own->active[i]];

        rc = test_gene(st, g, t, lanes, &x, err);
        lanes += genes_lanes(own, g->n_marker);
    }
    free(x.gg);
    return rc;
}

static const sund_release_column column[] = {
    { "gene", 's', false },          { "chrom", 's', false },        { "start", 'i', false },           { "end", 'i', false },           { "markers", 'i', true },
    { "carriers", 'i', true },       { "burden_beta", 'f', false },  { "burden_se", 'f', false },       { "burden_nlog10p", 'f', false }, { "skat_nlog10p", 'f', false },
    { "skato_nlog10p", 'f', false }, { "acatv_nlog10p", 'f', false }, { "note", 's', false },
};
enum { N_COLUMN = sizeof column / sizeof column[0] };

static sund_code put_gene(const sund_state *st, const genes_gene *g, sund_release *out, sund_err *err)
{
    int64_t    others = st->n_person - g->carriers;
    sund_guard guard = { .on = SUND_ON_PEOPLE, .people = g->carriers < others ? g->carriers : others };
    sund_cell  cell[N_COLUMN] = { { .s = g->name }, { .s = sund_contig_name(g->at.contig) }, { .i = (int64_t) g->at.from_bp + 1 }, { .i = (int64_t) g->at.to_bp } };

    cell[4].i = (int64_t) g->n_marker;
    cell[5].i = g->carriers;
    for (size_t i = 6; i < 12; i++)
        cell[i].f = (double) NAN;
    if (!g->note) {
        cell[6].f = g->test.beta;
        cell[7].f = g->test.se;
        cell[8].f = g->test.burden;
        cell[9].f = g->test.skat;
        cell[10].f = g->test.skato;
        cell[11].f = g->test.acatv;
    }
    cell[12].s = g->note ? g->note : g->few ? "p-values may be too small: a marker has fewer than 10 expected minor alleles among the cases, or the controls" : ".";
    return sund_release_row(out, &guard, cell, err);
}

sund_code sund_genes_table(sund_state *st, sund_release *out, sund_err *err)
{
    const genes_own *own = st->own;

    SUND_TRY(sund_release_next(out, "table", column, N_COLUMN, err));
    for (size_t g = 0; g < own->n_gene; g++)
        SUND_TRY(put_gene(st, &own->gene[g], out, err));
    (void) snprintf(st->facts, sizeof st->facts,
                    "\"n\": %lld, \"model\": \"%s\", \"covariates_used\": %zu, \"genes\": %zu, \"tested\": %zu, \"variants\": %zu, \"genes_on_other_sequences\": %zu, "
                    "\"classes_off_the_catalogue\": %zu, \"unit\": \"%s\"",
                    (long long) st->n_person, own->logistic ? "logistic" : "linear", own->k, own->n_gene, own->n_active, own->n_asked, own->n_elsewhere, own->n_off,
                    own->logistic ? "log odds" : st->plan->col[own->k].var.unit);
    return SUND_OK;
}
