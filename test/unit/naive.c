#include "naive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t naive_fold(const naive *o, const char *id)
{
    sund_key    key;
    sund_digest d;
    uint64_t    x = 0;

    memcpy(key.b, o->study.b, 32);
    d = sund_digest_keyed(&key, id, strlen(id));
    for (int i = 7; i >= 0; i--)
        x = x << 8 | d.b[i];
    return (size_t) (x % o->n_fold);
}

/* Takes basis vectors out of v; twice, for rounding. */
void naive_project(double *v, double *const *basis, size_t n_basis, size_t n)
{
    for (int again = 0; again < 2; again++)
        for (size_t k = 0; k < n_basis; k++) {
            double s = 0;

            for (size_t i = 0; i < n; i++)
                s += v[i] * basis[k][i];
            for (size_t i = 0; i < n; i++)
                v[i] -= s * basis[k][i];
        }
}

double naive_norm(const double *v, size_t n)
{
    double s = 0;

    for (size_t i = 0; i < n; i++)
        s += v[i] * v[i];
    return sqrt(s);
}

/* x = (A + lambda I)^-1 b by elimination. */
void naive_eliminate(size_t k, const double *a0, double lambda, const double *b, double *x)
{
    double *a = malloc(k * k * sizeof *a);

    memcpy(a, a0, k * k * sizeof *a);
    memcpy(x, b, k * sizeof *x);
    for (size_t i = 0; i < k; i++)
        a[i * k + i] += lambda;
    for (size_t i = 0; i < k; i++)
        for (size_t r = i + 1; r < k; r++) {
            double f = a[r * k + i] / a[i * k + i];

            for (size_t j = i; j < k; j++)
                a[r * k + j] -= f * a[i * k + j];
            x[r] -= f * x[i];
        }
    for (size_t i = k; i-- > 0;) {
        for (size_t j = i + 1; j < k; j++)
            x[i] -= a[i * k + j] * x[j];
        x[i] /= a[i * k + i];
    }
    free(a);
}

/* Out-of-fold ridge predictions: pred[i] for people of each fold from the others, with columns g (k arrays). */
void naive_out_of_fold(size_t n, size_t k, double *const *g, const double *y, const size_t *fold, size_t n_fold, double lambda, double *coef)
{
    double *a = malloc(k * k * sizeof *a), *b = malloc(k * sizeof *b);

    for (size_t f = 0; f < n_fold; f++) {
        for (size_t p = 0; p < k; p++) {
            b[p] = 0;
            for (size_t i = 0; i < n; i++)
                b[p] += fold[i] == f ? 0 : g[p][i] * y[i];
            for (size_t q = 0; q < k; q++) {
                a[p * k + q] = 0;
                for (size_t i = 0; i < n; i++)
                    a[p * k + q] += fold[i] == f ? 0 : g[p][i] * g[q][i];
            }
        }
        naive_eliminate(k, a, lambda, b, coef + f * k);
    }
    free(a);
    free(b);
}

double *naive_column(size_t n) { return calloc(n + 1, sizeof(double)); }

static size_t stratum_of(const naive *o, const cohort *c, size_t i) { return o->strata ? (size_t) (c->country[i][0] - 'A') : 0; }

static void dense_model(dense *d, const naive *o, const cohort *c, double (*y_of)(const char *))
{
    size_t n = d->n;

    d->k = o->strata ? 4 : 2;
    for (size_t i = 0; i < n; i++) {
        d->fold[i] = naive_fold(o, c->person[i]);
        d->rest[i] = d->y[i] = y_of(c->value[i]);
    }
    for (size_t s = 0; s < d->k; s++) {
        double *v = d->basis[s] = naive_column(n), len;

        d->x[s] = naive_column(n);
        for (size_t i = 0; i < n; i++)
            d->x[s][i] = v[i] = s == d->k - 1 ? (atof(c->value[i]) - 50) / 10 : stratum_of(o, c, i) == s;
        naive_project(v, d->basis, s, n);
        len = naive_norm(v, n);
        for (size_t i = 0; i < n; i++)
            v[i] /= len;
    }
    naive_project(d->rest, d->basis, d->k, n);
}

/* Genotypes (raw), and without covariates and with variance one (g); missing calls at the mean of the stratum, or of all. */
static void dense_genotypes(dense *d, const naive *o, const cohort *c)
{
    for (size_t j = 0; j < c->m; j++) {
        const uint8_t *gt = c->gt + j * d->n;
        double         sum[3] = { 0 }, called[3] = { 0 }, len;

        d->raw[j] = naive_column(d->n);
        d->g[j] = naive_column(d->n);
        for (size_t i = 0; i < d->n; i++)
            if (gt[i] != SUND_GT_MISSING) {
                sum[stratum_of(o, c, i)] += gt[i];
                called[stratum_of(o, c, i)]++;
            }
        for (size_t i = 0; i < d->n; i++)
            d->raw[j][i] = gt[i] == SUND_GT_MISSING ? sum[stratum_of(o, c, i)] / called[stratum_of(o, c, i)] : gt[i];
        memcpy(d->g[j], d->raw[j], d->n * sizeof **d->g);
        naive_project(d->g[j], d->basis, d->k, d->n);
        len = naive_norm(d->g[j], d->n) / sqrt((double) (d->n - d->k));
        for (size_t i = 0; i < d->n; i++)
            d->g[j][i] /= len;
    }
}

/* One predictor of level 1, of mean 0 and variance 1. */
static void dense_predict(dense *d, size_t first, size_t k, const double *coef)
{
    double *w = d->w[d->n_pred] = naive_column(d->n), mean = 0, square = 0;

    for (size_t i = 0; i < d->n; i++) {
        for (size_t j = 0; j < k; j++)
            w[i] += coef[d->fold[i] * k + j] * d->g[first + j][i];
        mean += w[i] / (double) d->n;
    }
    for (size_t i = 0; i < d->n; i++)
        square += (w[i] - mean) * (w[i] - mean);
    for (size_t i = 0; i < d->n; i++)
        w[i] = (w[i] - mean) / sqrt(square / (double) (d->n - 1));
}

static void dense_level0(dense *d, const naive *o, const cohort *c)
{
    for (size_t from = 0, to; from < c->m; from = to) {
        size_t cuts;

        for (to = from; to < c->m && c->variant[to].contig == c->variant[from].contig;)
            to++;
        cuts = (to - from + o->block - 1) / o->block;
        for (size_t b = 0; b < cuts; b++) {
            size_t  first = from + (to - from) * b / cuts, k = from + (to - from) * (b + 1) / cuts - first;
            double *coef = malloc(o->n_fold * k * sizeof *coef);

            for (size_t r = 0; r < o->n_ridge; r++) {
                double h2 = 0.01 + 0.98 * (double) r / (double) (o->n_ridge - 1);

                naive_out_of_fold(d->n, k, d->g + first, d->rest, d->fold, o->n_fold, (double) c->m * (1 - h2) / h2, coef);
                dense_predict(d, first, k, coef);
                d->pred_contig[d->n_pred++] = (size_t) c->variant[from].contig;
            }
            free(coef);
        }
    }
}

void naive_open(dense *d, naive *o, const cohort *c, double (*y_of)(const char *values))
{
    *d = (dense){ .n = c->n, .y = naive_column(c->n), .rest = naive_column(c->n), .eta0 = naive_column(c->n), .fold = calloc(c->n, sizeof *d->fold), .pred_contig = calloc(c->m * o->n_ridge, sizeof *d->pred_contig),
                  .raw = calloc(c->m, sizeof *d->raw), .g = calloc(c->m, sizeof *d->g), .w = calloc(c->m * o->n_ridge, sizeof *d->w) };
    o->beta = naive_column(c->m);
    o->se = naive_column(c->m);
    for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
        d->offset[chr] = naive_column(d->n);
    dense_model(d, o, c, y_of);
    dense_genotypes(d, o, c);
    dense_level0(d, o, c);
}

void naive_close(dense *d, const cohort *c)
{
    for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
        free(d->offset[chr]);
    for (size_t k = 0; k < d->k; k++) {
        free(d->basis[k]);
        free(d->x[k]);
    }
    for (size_t j = 0; j < c->m; j++) {
        free(d->raw[j]);
        free(d->g[j]);
    }
    for (size_t l = 0; l < d->n_pred; l++)
        free(d->w[l]);
    free(d->raw);
    free(d->g);
    free(d->w);
    free(d->y);
    free(d->rest);
    free(d->eta0);
    free(d->fold);
    free(d->pred_contig);
}

void naive_free(naive *o)
{
    free(o->beta);
    free(o->se);
}
