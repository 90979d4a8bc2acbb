/* Whole-genome regression against a naive second computation, pooled, person by person in floating point; any split gives the same bytes; what the gate refuses;
 * relatives and structure: plain regression inflates, this does not; planted effects are found. */
#include "fed.h"
#include "math/linalg.h"
#include "math/random.h"
#include "naive.h"
#include "stats/ridge.h"
#include "test.h"

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

static void dense_level1(dense *d, naive *o)
{
    double *coef = malloc(o->n_fold * d->n_pred * sizeof *coef), best = -1e9, yy = naive_norm(d->rest, d->n) * naive_norm(d->rest, d->n);
    size_t  L = d->n_pred;

    for (size_t r = 0; r < o->n_ridge; r++) {
        double h2 = 0.01 + 0.98 * (double) r / (double) (o->n_ridge - 1), rss = 0;

        naive_out_of_fold(d->n, L, d->w, d->rest, d->fold, o->n_fold, (double) L * (1 - h2) / h2, coef);
        for (size_t i = 0; i < d->n; i++) {
            double e = d->rest[i];

            for (size_t l = 0; l < L; l++)
                e -= coef[d->fold[i] * L + l] * d->w[l][i];
            rss += e * e;
        }
        o->r2[r] = 1 - rss / yy;
        if (o->r2[r] <= best)
            continue;
        best = o->r2[r];
        for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
            for (size_t i = 0; i < d->n; i++) {
                d->offset[chr][i] = d->rest[i];
                for (size_t l = 0; l < L; l++)
                    d->offset[chr][i] -= d->pred_contig[l] == chr ? 0 : coef[d->fold[i] * L + l] * d->w[l][i];
            }
    }
    free(coef);
}

static void dense_test(const dense *d, naive *o, const cohort *c)
{
    for (size_t j = 0; j < c->m; j++) {
        const double *e = d->offset[c->variant[j].contig];
        double       *g = naive_column(d->n), gg = 0, ge = 0, ee = 0;

        memcpy(g, d->raw[j], d->n * sizeof *g);
        naive_project(g, d->basis, d->k, d->n);
        for (size_t i = 0; i < d->n; i++) {
            gg += g[i] * g[i];
            ge += g[i] * e[i];
            ee += e[i] * e[i];
        }
        o->beta[j] = ge / gg;
        o->se[j] = sqrt((ee - ge * ge / gg) / ((double) (d->n - d->k) - 1) / gg);
        free(g);
    }
}

static double trait_of(const char *values)
{
    double y = 0;

    (void) sscanf(values, "\t%*d\t%lf", &y);
    return y;
}

static void naive_run(naive *o, const cohort *c)
{
    dense d;

    naive_open(&d, o, c, trait_of);
    dense_level1(&d, o);
    for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
        naive_project(d.offset[chr], d.basis, d.k, d.n);
    dense_test(&d, o, c);
    naive_close(&d, c);
}

/* ---- the same study asked of both ---- */

/* Federated over n nodes; the study's digest and the released bytes. */
static sund_buf ask(const world *w, size_t n, bool whole, const char *more, const sund_thresholds *t, sund_digest *study, sund_buf *pooled)
{
    int          *node_of = calloc(w->n + 1, sizeof *node_of);
    char          text[4096];
    sund_buf      got;
    sund_release *r;
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
        *pooled = whole_of(r);
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
    table = whole_table(&got, "table");
    ridge = whole_table(&got, "ridge");
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
    table = whole_table(&got, "table");
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
    one = whole_table(&a, "table");
    two = whole_table(&b, "table");
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

    (void) snprintf(more, sizeof more, "analysis = wgr\noutcome = trait\nstrata = none\n%s%s", strstr(options, "covariates") ? "" : "covariates = age\n", options);
    fed_ask(f, more);
    fed_run(f);
    for (size_t i = 0; i < 3; i++)
        if (!strstr(fed_status(f, i).detail, why)) {
            printf("# %s\n", fed_status(f, i).detail);
            CHECK(!"refused for another reason");
        }
    fed_close(f);
}

TEST(rules_refuse_blocks_predictors_folds_and_levels)
{
    cohort *c = make(300, 60, 0, 5), *few = make(60, 60, 0, 5);
    world  *w = world_real(c), *small = world_real(few);

    refused(w, "block = 8\nfolds = 5\n", "rule model-size: a block");
    refused(w, "block = 4\nfolds = 3\nridge = 5\n", "rule model-size: level 1");
    refused(small, "block = 2\nfolds = 10\n", "rule cell-min");
    refused(w, "block = 4\nfolds = 3\nstep1_min_maf = 0.5\n", "no variant of an autosome");
    for (size_t i = 0; i < c->n; i++)
        c->sex[i] = (uint8_t) (1 + (i % 15 == 0)); /* twenty women: not ten in each of three folds */
    refused(w, "block = 2\nfolds = 3\ncovariates = sex\n", "sex: every group needs at least 10 people in each of 3 folds");
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
    size_t          n = 0;
    sund_release   *r;

    study_text(f, more, text, sizeof text);
    r = world_pooled(w, f, text, &open, 1);
    b = whole_of(r);
    table = whole_table(&b, "table");
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
