#include "dense.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_shared(const char *name, bool gz)
{
    const char *shared = getenv("SUND_SHARED");
    char        path[600];

    (void) snprintf(path, sizeof path, "%s%s/data/skat/%s", gz ? "gzip -dc " : "", shared ? shared : "../shared", name);
    return gz ? popen(path, "r") : fopen(path, "r");
}

example *read_example(void)
{
    example *e = calloc(1, sizeof *e);
    FILE    *f = open_shared("pheno.csv", false), *g;
    char     line[4096];

    if (!f) {
        printf("# skipped: no shared data\n");
        free(e);
        return NULL;
    }
    g = open_shared("Z.csv.gz", true);
    if (!g || !fgets(line, sizeof line, f) || !fgets(line, sizeof line, g))
        abort();
    for (int i = 0; i < S_N; i++) {
        char *at;

        if (!fgets(line, sizeof line, f))
            abort();
        e->yc[i] = strtod(line, &at);
        e->yb[i] = strtod(at + 1, &at);
        e->x[i][0] = 1;
        e->x[i][1] = strtod(at + 1, &at);
        e->x[i][2] = strtod(at + 1, NULL);
        if (!fgets(line, sizeof line, g))
            abort();
        at = line;
        for (int j = 0; j < S_M; j++, at++)
            e->z[i][j] = strtod(at, &at);
    }
    (void) fclose(f);
    (void) pclose(g);
    return e;
}

/* A x = b by elimination, for the naive second computation. */
void solve(int k, double a[DENSE_K][DENSE_K], double *b)
{
    for (int i = 0; i < k; i++)
        for (int r = 0; r < k; r++) {
            double f = a[r][i] / a[i][i];

            if (r == i)
                continue;
            for (int c = 0; c < k; c++)
                a[r][c] -= f * a[i][c];
            b[r] -= f * b[i];
        }
    for (int i = 0; i < k; i++)
        b[i] /= a[i][i];
}

/* Scores and their covariance (without s2), from dense data: residuals r, weights wt, covariates x with the intercept. */
void dense_scores(int n, int m, int k, const double *g, const double *x, const double *r, const double *wt, double *u, double *v)
{
    double *c = calloc((size_t) (m * k), sizeof *c);

    for (int j = 0; j < m; j++) {
        double a[DENSE_K][DENSE_K] = { { 0 } }, b[DENSE_K] = { 0 };

        u[j] = 0;
        for (int i = 0; i < n; i++) {
            u[j] += g[i * m + j] * r[i];
            for (int p = 0; p < k; p++) {
                b[p] += wt[i] * x[i * k + p] * g[i * m + j];
                for (int q = 0; q < k; q++)
                    a[p][q] += wt[i] * x[i * k + p] * x[i * k + q];
            }
        }
        solve(k, a, b);
        memcpy(c + j * k, b, (size_t) k * sizeof *b);
    }
    memset(v, 0, (size_t) (m * m) * sizeof *v);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            double gj = g[i * m + j];

            for (int p = 0; p < k; p++)
                gj -= x[i * k + p] * c[j * k + p];
            for (int l = 0; l < m; l++)
                v[j * m + l] += wt[i] * gj * g[i * m + l];
        }
    free(c);
}

/* Residuals and weights of the null model. Returns s2. */
double null_model(int n, int k, const double *x, const double *y, bool logistic, double *r, double *wt)
{
    double beta[DENSE_K] = { 0 }, rss = 0;

    for (int it = 0; it < (logistic ? 12 : 1); it++) {
        double a[DENSE_K][DENSE_K] = { { 0 } }, b[DENSE_K] = { 0 };

        for (int i = 0; i < n; i++) {
            double eta = 0, mu;

            for (int p = 0; p < k; p++)
                eta += beta[p] * x[i * k + p];
            mu = logistic ? 1 / (1 + exp(-eta)) : eta;
            wt[i] = logistic ? mu * (1 - mu) : 1;
            for (int p = 0; p < k; p++) {
                b[p] += x[i * k + p] * (y[i] - mu);
                for (int q = 0; q < k; q++)
                    a[p][q] += wt[i] * x[i * k + p] * x[i * k + q];
            }
        }
        solve(k, a, b);
        for (int p = 0; p < k; p++)
            beta[p] += b[p];
    }
    for (int i = 0; i < n; i++) {
        double eta = 0, mu;

        for (int p = 0; p < k; p++)
            eta += beta[p] * x[i * k + p];
        mu = logistic ? 1 / (1 + exp(-eta)) : eta;
        r[i] = y[i] - mu;
        wt[i] = logistic ? mu * (1 - mu) : 1;
        rss += r[i] * r[i];
    }
    return logistic ? 1 : rss / (n - k);
}
