/* Whole-genome regression against a naive second computation, pooled, person by person in floating point; any split gives the same bytes; what the gate refuses;
 * relatives and structure: plain regression inflates, this does not; planted effects are found. */
#include "fed.h"
#include "math/linalg.h"
#include "math/random.h"
#include "stats/ridge.h"
#include "test.h"

enum { CHROMOSOMES = 4 };

static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\ntrait\treal\tcm\t-1000\t1000\t3\t\n";

/* Sibships of two with common parents of two populations, mixed over three countries; a polygenic trait, and one planted effect (variant 5). */
static cohort *make(size_t n, size_t m, double missing, uint64_t seed)
{
    static const char *const country[] = { "AA", "BB", "CC" };
    cohort   *c = cohort_new(n, m, dictionary, "\tage\ttrait");
    sund_rand r = sund_rand_of(seed, 1);
    double   *y = calloc(n, sizeof *y);

    for (size_t j = 0; j < m; j++) {
        double base = 0.05 + 0.4 * sund_rand_next_unit(&r), effect = 0.6 * (sund_rand_next_unit(&r) - 0.5);

        cohort_variant(c, j, (int) (1 + j * CHROMOSOMES / m), (uint32_t) (1000 + 100 * j), "A", "G");
        for (size_t i = 0; i < n; i += 2) {
            double  f = base * (i % 6 < 2 ? 0.7 : 1.1);
            uint8_t parent[4];

            for (int h = 0; h < 4; h++)
                parent[h] = sund_rand_next_unit(&r) < f;
            for (size_t k = i; k < i + 2 && k < n; k++) {
                uint64_t pick = sund_rand_next(&r);

                c->gt[j * n + k] = (uint8_t) (parent[pick >> 60 & 1] + parent[2 + (pick >> 61 & 1)]);
                y[k] += (effect + (j == 5 ? 2.0 : 0.0)) * c->gt[j * n + k];
                if (sund_rand_next_unit(&r) < missing)
                    c->gt[j * n + k] = SUND_GT_MISSING;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        int age = 20 + (int) sund_rand_below(&r, 60);

        c->country[i] = country[i / 2 % 3];
        c->sex[i] = (uint8_t) (1 + sund_rand_below(&r, 2));
        y[i] += 0.05 * age + 0.8 * (double) (i / 2 % 3);
        for (int k = 0; k < 6; k++)
            y[i] += sund_rand_next_unit(&r) * 2 - 1;
        cohort_values(c, i, "\t%d\t%.3f", age, y[i]);
    }
    free(y);
    return c;
}

/* ---- the naive one ---- */

typedef struct naive { size_t n_fold, n_ridge, block; bool strata; sund_digest study; double *r2, *beta, *se; } naive;

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
static void project(double *v, double *const *basis, size_t n_basis, size_t n)
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

static double norm(const double *v, size_t n)
{
    double s = 0;

    for (size_t i = 0; i < n; i++)
        s += v[i] * v[i];
    return sqrt(s);
}

/* x = (A + lambda I)^-1 b by elimination. */
static void eliminate(size_t k, const double *a0, double lambda, const double *b, double *x)
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
static void out_of_fold(size_t n, size_t k, double *const *g, const double *y, const size_t *fold, size_t n_fold, double lambda, double *coef)
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
        eliminate(k, a, lambda, b, coef + f * k);
    }
    free(a);
    free(b);
}

static double *column_of(size_t n) { return calloc(n + 1, sizeof(double)); }

/* Everything person by person. */
typedef struct dense {
    size_t  n, n_basis, n_pred, *fold, *pred_contig;
    double *y, yy, df, *basis[8], **raw, **g, **w, *left[CHROMOSOMES + 1];
} dense;

static size_t stratum_of(const naive *o, const cohort *c, size_t i) { return o->strata ? (size_t) (c->country[i][0] - 'A') : 0; }

/* Intercepts and age, made orthonormal; the trait without them. */
static void dense_model(dense *d, const naive *o, const cohort *c)
{
    size_t n = d->n;

    for (size_t i = 0; i < n; i++) {
        d->fold[i] = naive_fold(o, c->person[i]);
        (void) sscanf(c->value[i], "\t%*d\t%lf", &d->y[i]);
    }
    for (size_t s = 0; s < (o->strata ? 4u : 2u); s++) {
        double *v = d->basis[s] = column_of(n), len;

        for (size_t i = 0; i < n; i++)
            v[i] = s == (o->strata ? 3u : 1u) ? atof(c->value[i]) : stratum_of(o, c, i) == s;
        project(v, d->basis, s, n);
        len = norm(v, n);
        for (size_t i = 0; i < n; i++)
            v[i] /= len;
        d->n_basis++;
    }
    d->df = (double) (n - d->n_basis);
    project(d->y, d->basis, d->n_basis, n);
    d->yy = norm(d->y, n) * norm(d->y, n);
}

/* Genotypes without covariates (raw), and with variance one (g); missing calls at the mean of the stratum, or of all. */
static void dense_genotypes(dense *d, const naive *o, const cohort *c)
{
    for (size_t j = 0; j < c->m; j++) {
        const uint8_t *gt = c->gt + j * d->n;
        double         sum[3] = { 0 }, called[3] = { 0 }, len;

        d->raw[j] = column_of(d->n);
        d->g[j] = column_of(d->n);
        for (size_t i = 0; i < d->n; i++)
            if (gt[i] != SUND_GT_MISSING) {
                sum[stratum_of(o, c, i)] += gt[i];
                called[stratum_of(o, c, i)]++;
            }
        for (size_t i = 0; i < d->n; i++)
            d->raw[j][i] = gt[i] == SUND_GT_MISSING ? sum[stratum_of(o, c, i)] / called[stratum_of(o, c, i)] : gt[i];
        project(d->raw[j], d->basis, d->n_basis, d->n);
        len = norm(d->raw[j], d->n) / sqrt(d->df);
        for (size_t i = 0; i < d->n; i++)
            d->g[j][i] = d->raw[j][i] / len;
    }
}

/* One predictor of level 1, of mean 0 and variance 1. */
static void dense_predict(dense *d, size_t first, size_t k, const double *coef)
{
    double *w = d->w[d->n_pred] = column_of(d->n), mean = 0, square = 0;

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

                out_of_fold(d->n, k, d->g + first, d->y, d->fold, o->n_fold, (double) c->m * (1 - h2) / h2, coef);
                dense_predict(d, first, k, coef);
                d->pred_contig[d->n_pred++] = (size_t) c->variant[from].contig;
            }
            free(coef);
        }
    }
}

static void dense_level1(dense *d, naive *o)
{
    double *coef = malloc(o->n_fold * d->n_pred * sizeof *coef), best = -1e9;
    size_t  L = d->n_pred;

    for (size_t r = 0; r < o->n_ridge; r++) {
        double h2 = 0.01 + 0.98 * (double) r / (double) (o->n_ridge - 1), rss = 0;

        out_of_fold(d->n, L, d->w, d->y, d->fold, o->n_fold, (double) L * (1 - h2) / h2, coef);
        for (size_t i = 0; i < d->n; i++) {
            double e = d->y[i];

            for (size_t l = 0; l < L; l++)
                e -= coef[d->fold[i] * L + l] * d->w[l][i];
            rss += e * e;
        }
        o->r2[r] = 1 - rss / d->yy;
        if (o->r2[r] <= best)
            continue;
        best = o->r2[r];
        for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
            for (size_t i = 0; i < d->n; i++) {
                d->left[chr][i] = d->y[i];
                for (size_t l = 0; l < L; l++)
                    d->left[chr][i] -= d->pred_contig[l] == chr ? 0 : coef[d->fold[i] * L + l] * d->w[l][i];
            }
    }
    free(coef);
}

static void dense_test(const dense *d, naive *o, const cohort *c)
{
    for (size_t j = 0; j < c->m; j++) {
        const double *e = d->left[c->variant[j].contig];
        double        gg = 0, ge = 0, ee = 0;

        for (size_t i = 0; i < d->n; i++) {
            gg += d->raw[j][i] * d->raw[j][i];
            ge += d->raw[j][i] * e[i];
            ee += e[i] * e[i];
        }
        o->beta[j] = ge / gg;
        o->se[j] = sqrt((ee - ge * ge / gg) / (d->df - 1) / gg);
    }
}

static void naive_run(naive *o, const cohort *c)
{
    dense d = { .n = c->n, .y = column_of(c->n), .fold = calloc(c->n, sizeof *d.fold), .pred_contig = calloc(c->m * o->n_ridge, sizeof *d.pred_contig),
                .raw = calloc(c->m, sizeof *d.raw), .g = calloc(c->m, sizeof *d.g), .w = calloc(c->m * o->n_ridge, sizeof *d.w) };

    o->r2 = column_of(o->n_ridge);
    o->beta = column_of(c->m);
    o->se = column_of(c->m);
    for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
        d.left[chr] = column_of(d.n);
    dense_model(&d, o, c);
    dense_genotypes(&d, o, c);
    dense_level0(&d, o, c);
    dense_level1(&d, o);
    for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
        project(d.left[chr], d.basis, d.n_basis, d.n);
    dense_test(&d, o, c);
    for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
        free(d.left[chr]);
    for (size_t k = 0; k < d.n_basis; k++)
        free(d.basis[k]);
    for (size_t j = 0; j < c->m; j++) {
        free(d.raw[j]);
        free(d.g[j]);
    }
    for (size_t l = 0; l < d.n_pred; l++)
        free(d.w[l]);
    free(d.raw);
    free(d.g);
    free(d.w);
    free(d.y);
    free(d.fold);
    free(d.pred_contig);
}

static void naive_free(naive *o)
{
    free(o->r2);
    free(o->beta);
    free(o->se);
}

/* ---- the same study asked of both ---- */

/* Federated over n nodes; the study's digest and the released bytes. */
static sund_buf ask(const world *w, size_t n, bool whole, const char *more, const sund_thresholds *t, sund_digest *study, sund_buf *pooled)
{
    int          *node_of = calloc(w->n + 1, sizeof *node_of);
    char          text[4096];
    sund_buf      got;
    sund_release *r;
    size_t        bytes;
    const uint8_t *p;
    fed          *f;

    for (size_t i = 0; i < w->n; i++)
        node_of[i] = (int) ((whole ? (size_t) (w->real->country[i][0] - 'A') : i) % n);
    f = fed_open(w, n, node_of, t, 7);
    study_text(f, more, text, sizeof text);
    *study = sund_digest_of(text, strlen(text));
    fed_submit(f, text);
    fed_run(f);
    got = fed_release(f);
    if (pooled) {
        r = world_pooled(w, f, text, t, 1);
        p = sund_release_bytes(r, &bytes);
        sund_buf_put(pooled, p, bytes);
        CHECK(same_tables(&got, r));
        sund_release_free(r);
    }
    fed_close(f);
    free(node_of);
    return got;
}

static void against_naive(const char *strata, double missing)
{
    cohort         *c = make(300, 120, missing, 3);
    world          *w = world_real(c);
    sund_thresholds open = fed_open_data();
    naive           o = { .n_fold = 5, .n_ridge = 3, .block = 20, .strata = strcmp(strata, "country") == 0 };
    char            more[300], *table, *ridge;
    sund_buf        got;
    double          worst = 0, worst_se = 0;
    size_t          row = 0;

    (void) snprintf(more, sizeof more, "analysis = wgr\noutcome = trait\ncovariates = age\nstrata = %s\nblock = 20\nridge = 3\nstep1_min_maf = 0\n", strata);
    got = ask(w, 3, true, more, &open, &o.study, NULL);
    table = fed_table(&got, "table");
    ridge = fed_table(&got, "ridge");
    naive_run(&o, c);
    CHECK(table && ridge);
    for (size_t l = 0; l < 3 && ridge; l++)
        CHECK_NEAR(atof(fed_cell(ridge, l, "r2")), o.r2[l], 1e-6);
    for (; table && row < c->m; row++) {
        double db = fabs(atof(fed_cell(table, row, "beta")) - o.beta[row]) / o.se[row], ds = fabs(atof(fed_cell(table, row, "se")) / o.se[row] - 1);

        worst = db > worst ? db : worst;
        worst_se = ds > worst_se ? ds : worst_se;
    }
    printf("# strata %s: beta within %.2g se, se within %.2g; r2 %.4f %.4f %.4f\n", strata, worst, worst_se, o.r2[0], o.r2[1], o.r2[2]);
    CHECK(worst < 1e-6 && worst_se < 1e-6);
    naive_free(&o);
    free(table);
    free(ridge);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

TEST(equals_a_naive_computation_with_strata) { against_naive("country", 0.01); }
TEST(equals_a_naive_computation_without_strata) { against_naive("none", 0.01); }

TEST(any_split_gives_the_same_bytes)
{
    cohort         *c = make(420, 96, 0.01, 5), *whole = make(420, 96, 0, 5);
    world          *w = world_real(c), *called = world_real(whole);
    sund_thresholds open = fed_open_data(), closed = sund_thresholds_default();
    static const char none[] = "analysis = wgr\noutcome = trait\ncovariates = age\nstrata = none\nblock = 8\nridge = 2\nfolds = 4\nchunk = 50\n";
    static const char country[] = "analysis = wgr\noutcome = trait\ncovariates = age\nstrata = country\nblock = 8\nridge = 2\nfolds = 4\n";

    CHECK(fed_same(w, 3, false, none, &open, NULL));
    CHECK(fed_same(w, 5, false, none, &open, NULL));
    CHECK(fed_same(w, 3, true, country, &open, NULL));
    CHECK(fed_same(called, 3, false, none, &closed, NULL)); /* in so few people calls are missing for nobody, or the variant is left out */
    CHECK(fed_same(called, 3, true, country, &closed, NULL));
    free(w);
    free(called);
    cohort_free(c);
    cohort_free(whole);
}

TEST(wide_cholesky_equals_the_small_one)
{
    enum { K = 61 };
    double    a[K * K], r[K * K], l[K * K], scale[K], b[K], x[K];
    sund_rand rnd = sund_rand_of(9, 9);
    size_t    bad;

    for (size_t i = 0; i < K; i++) {
        b[i] = sund_rand_next_unit(&rnd);
        for (size_t j = 0; j <= i; j++)
            a[i * K + j] = a[j * K + i] = (i == j ? K : 0) + sund_rand_next_unit(&rnd);
    }
    memcpy(r, a, sizeof a);
    MUST(sund_chol(K, a, l, scale, &bad, err));
    sund_chol_solve(K, l, scale, b, x);
    MUST(sund_chol_wide(K, r, &bad, err));
    sund_chol_wide_solve(K, r, b);
    for (size_t i = 0; i < K; i++)
        CHECK_NEAR(b[i], x[i], 1e-12);
    for (size_t j = 0; j < K; j++)
        a[40 * K + j] = a[j * K + 40] = a[39 * K + j];
    a[40 * K + 40] = a[40 * K + 39] = a[39 * K + 40] = a[39 * K + 39];
    CHECK(sund_chol_wide(K, a, &bad, NULL) == SUND_E_NUMERIC && bad == 40);
}

TEST(a_planted_effect_is_found)
{
    cohort         *c = make(420, 96, 0, 5);
    world          *w = world_real(c);
    sund_thresholds closed = sund_thresholds_default();
    sund_buf        got = { 0 };
    char           *table;
    double          others = 0;

    CHECK(fed_same(w, 3, true, "analysis = wgr\noutcome = trait\ncovariates = age\nblock = 8\nridge = 2\nfolds = 4\n", &closed, &got)); /* pooled: the same power */
    table = fed_table(&got, "table");
    for (size_t row = 0; table && row < 96; row++)
        if (row != 5 && atof(fed_cell(table, row, "nlog10p")) > others)
            others = atof(fed_cell(table, row, "nlog10p"));
    CHECK(table && strcmp(fed_cell(table, 5, "pos"), "1500") == 0 && atof(fed_cell(table, 5, "nlog10p")) > 10 && atof(fed_cell(table, 5, "nlog10p")) > others);
    CHECK_NEAR(atof(fed_cell(table, 5, "beta")), 2.0, 0.2);
    free(table);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

/* One chromosome: there is nothing else to predict from. */
TEST(of_one_chromosome_it_is_linear)
{
    world          *w = fed_world(420, 3);
    sund_thresholds open = fed_open_data();
    sund_buf        a = { 0 }, b = { 0 };
    char           *one, *two;

    CHECK(fed_same(w, 3, false, "analysis = linear\noutcome = trait\ncovariates = age\nstrata = none\n", &open, &a));
    CHECK(fed_same(w, 3, false, "analysis = wgr\noutcome = trait\ncovariates = age\nstrata = none\nblock = 8\n", &open, &b));
    one = fed_table(&a, "table");
    two = fed_table(&b, "table");
    CHECK(one && two && fed_cell(one, 20, "beta")[0]);
    for (size_t row = 0; one && two && fed_cell(one, row, "beta")[0]; row++) {
        double se = atof(fed_cell(one, row, "se"));

        CHECK(strcmp(fed_cell(one, row, "pos"), fed_cell(two, row, "pos")) == 0 && fabs(atof(fed_cell(one, row, "beta")) - atof(fed_cell(two, row, "beta"))) < 1e-6 * se);
        CHECK_NEAR(atof(fed_cell(two, row, "se")), se, 1e-6);
    }
    free(one);
    free(two);
    sund_buf_free(&a);
    sund_buf_free(&b);
    free(w);
}

static void refused(const world *w, const char *options, const char *why)
{
    sund_thresholds closed = sund_thresholds_default();
    fed            *f = fed_even(w, 3, &closed);
    char            more[400];

    (void) snprintf(more, sizeof more, "analysis = wgr\noutcome = trait\ncovariates = age\nstrata = none\n%s", options);
    fed_ask(f, more);
    fed_run(f);
    for (size_t i = 0; i < 3; i++)
        if (!strstr(fed_status(f, i).detail, why)) {
            printf("# %s\n", fed_status(f, i).detail);
            CHECK(!"refused for another reason");
        }
    fed_close(f);
}

TEST(rules_refuse_blocks_predictors_and_folds)
{
    cohort *c = make(300, 60, 0, 5), *few = make(60, 60, 0, 5);
    world  *w = world_real(c), *small = world_real(few);

    refused(w, "block = 8\nfolds = 5\n", "rule model-size: a block");
    refused(w, "block = 4\nfolds = 3\nridge = 5\n", "rule model-size: level 1");
    refused(small, "block = 2\nfolds = 10\n", "rule cell-min");
    refused(w, "block = 4\nfolds = 3\nstep1_min_maf = 0.5\n", "no variant of an autosome");
    free(w);
    free(small);
    cohort_free(c);
    cohort_free(few);
}

/* ---- relatives and structure ---- */

#if defined(__SANITIZE_ADDRESS__)
enum { NULL_PEOPLE = 400, NULL_VARIANTS = 8000 };
static const double null_bound = 0.12;
#else
enum { NULL_PEOPLE = 1000, NULL_VARIANTS = 100000 };
static const double null_bound = 0.03;
#endif

/* Families of `size` sibs, independent variants on eight chromosomes; half of the trait's variance from all variants of the odd ones: those of the even ones are null.
 * shift: families are of two populations whose frequencies differ, and whose trait does by as much. */
static cohort *polygenic(size_t size, double shift)
{
    static const char *const country[] = { "AA", "BB", "CC" };
    size_t    n = NULL_PEOPLE, m = NULL_VARIANTS;
    cohort   *c = cohort_new(n, m, dictionary, "\tage\ttrait");
    sund_rand r = sund_rand_of(11, 1);
    double   *y = calloc(n, sizeof *y), var = 0, mean = 0;

    for (size_t j = 0; j < m; j++) {
        double base = 0.05 + 0.45 * sund_rand_next_unit(&r), apart = shift > 0 ? 0.1 * (sund_rand_next_unit(&r) - 0.5) : 0, effect = sund_rand_normal(11, 77, j) / sqrt(2 * base * (1 - base));
        int    contig = (int) (1 + j * 8 / m);

        cohort_variant(c, j, contig, (uint32_t) (1000 + 100 * j), "A", "G");
        for (size_t i = 0; i < n; i += size) {
            uint32_t below = (uint32_t) ((base + (i / size % 2 ? apart : -apart)) * 4294967295.0);
            uint64_t one = sund_rand_next(&r), two = sund_rand_next(&r), pick = sund_rand_next(&r);
            uint8_t  parent[4] = { (uint32_t) one < below, one >> 32 < below, (uint32_t) two < below, two >> 32 < below };

            for (size_t k = i; k < i + size && k < n; k++, pick >>= 2) {
                c->gt[j * n + k] = (uint8_t) (parent[pick & 1] + parent[2 + (pick >> 1 & 1)]);
                y[k] += contig % 2 ? effect * c->gt[j * n + k] : 0;
            }
        }
    }
    for (size_t i = 0; i < n; i++)
        mean += y[i] / (double) n;
    for (size_t i = 0; i < n; i++)
        var += (y[i] - mean) * (y[i] - mean) / (double) n;
    for (size_t i = 0; i < n; i++) {
        double t = sqrt(0.5 / var) * (y[i] - mean) + sqrt(0.5) * sund_rand_normal(11, 5, i) + shift * (double) (i / size % 2);

        c->country[i] = country[i / size % 3];
        cohort_values(c, i, "\t%d\t%.3f", 20 + (int) sund_rand_below(&r, 60), 10 * t);
    }
    free(y);
    return c;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

/* Median of the squared t of the null chromosomes over that of chi-squared. */
static double inflation(const world *w, fed *f, const char *more)
{
    sund_thresholds open = fed_open_data();
    char            text[2000], *table, *rest = NULL;
    double         *x = calloc(NULL_VARIANTS, sizeof *x), lambda;
    sund_buf        b = { 0 };
    size_t          n = 0, bytes;
    sund_release   *r;
    const uint8_t  *p;

    study_text(f, more, text, sizeof text);
    r = world_pooled(w, f, text, &open, 1);
    p = sund_release_bytes(r, &bytes);
    sund_buf_put(&b, p, bytes);
    table = fed_table(&b, "table");
    for (char *line = strtok_r(table, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        double beta, se;
        int    chromosome;

        if (sscanf(line, "%d\t%*s\t%*s\t%*s\t%*s\t%*s\t%*s\t%*s\t%lf\t%lf", &chromosome, &beta, &se) == 3 && chromosome % 2 == 0)
            x[n++] = beta * beta / (se * se);
    }
    CHECK(n == NULL_VARIANTS / 2);
    qsort(x, n, sizeof *x, by_size);
    lambda = x[n / 2] / 0.454936423119572;
    free(table);
    free(x);
    sund_buf_free(&b);
    sund_release_free(r);
    return lambda;
}

static void calibrated(size_t size, double shift, double bound)
{
    cohort *c = polygenic(size, shift);
    world  *w = world_real(c);
    fed    *f = fed_even_open(w, 3);
    double  plain = inflation(w, f, "analysis = linear\noutcome = trait\ncovariates = age\nstrata = none\n");
    double  whole = inflation(w, f, "analysis = wgr\noutcome = trait\ncovariates = age\nstrata = none\nblock = 250\nstep1_min_maf = 0.42\n");

    printf("# families of %zu, populations %.1f SD apart, %d null variants: lambda of linear %.3f, of wgr %.3f\n", size, shift, NULL_VARIANTS / 2, plain, whole);
    CHECK(plain > 1.1 - (null_bound > 0.1) * 0.05);
    CHECK(fabs(whole - 1) < bound);
    fed_close(f);
    free(w);
    cohort_free(c);
}

TEST(sibs_do_not_inflate) { calibrated(2, 0, null_bound); }
/* A sixth of the variants describe the populations: what they leave is seen. */
TEST(structure_hardly_inflates) { calibrated(1, 0.7, null_bound + 0.02); }
