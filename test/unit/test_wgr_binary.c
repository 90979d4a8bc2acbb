/* Whole-genome regression of a binary outcome, against a naive second computation, pooled, in floating point: logistic ridge by iterated weighted least squares
 * with everyone's own weights, a null model for each chromosome, score tests; any split gives the same bytes; sibs: plain logistic regression inflates, this
 * does not. Level 0 is in naive.c. */
#include "fed.h"
#include "math/linalg.h"
#include "math/random.h"
#include "naive.h"
#include "test.h"

static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\ncase\tbinary\t\t\t\t\tno|yes\n";

/* Families of `size` sibs, independent variants on n_contig chromosomes, over three countries. A liability whose share h2 comes from all variants of the odd
 * chromosomes (those of the even ones are null) and from variant 5 with the effect `planted`; cases are the `share` with the highest. */
typedef struct plan { size_t n, m, size, n_contig; double h2, share, planted, missing; uint64_t seed; } plan;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

static void genotypes(const plan *p, cohort *c, double *y)
{
    sund_rand r = sund_rand_of(p->seed, 1);

    for (size_t j = 0; j < p->m; j++) {
        double   base = 0.05 + 0.45 * sund_rand_next_unit(&r), effect = sund_rand_normal(p->seed, 77, j) / sqrt(2 * base * (1 - base));
        int      contig = (int) (1 + j * p->n_contig / p->m);
        uint32_t below = (uint32_t) (base * 4294967295.0);

        cohort_variant(c, j, contig, (uint32_t) (1000 + 100 * j), "A", "G");
        for (size_t i = 0; i < p->n; i += p->size) {
            uint64_t one = sund_rand_next(&r), two = sund_rand_next(&r), pick = sund_rand_next(&r);
            uint8_t  parent[4] = { (uint32_t) one < below, one >> 32 < below, (uint32_t) two < below, two >> 32 < below };

            for (size_t k = i; k < i + p->size && k < p->n; k++, pick >>= 2) {
                uint8_t g = (uint8_t) (parent[pick & 1] + parent[2 + (pick >> 1 & 1)]);

                y[k] += contig % 2 ? effect * g : 0;
                c->gt[j * p->n + k] = p->missing > 0 && sund_rand_next_unit(&r) < p->missing ? SUND_GT_MISSING : g;
            }
        }
    }
}

static cohort *make(const plan *p)
{
    static const char *const country[] = { "AA", "BB", "CC" };
    cohort   *c = cohort_new(p->n, p->m, dictionary, "\tage\tcase");
    sund_rand r = sund_rand_of(p->seed, 2);
    double   *y = calloc(p->n, sizeof *y), *sorted = calloc(p->n, sizeof *y), mean = 0, var = 0;

    genotypes(p, c, y);
    for (size_t i = 0; i < p->n; i++)
        mean += y[i] / (double) p->n;
    for (size_t i = 0; i < p->n; i++)
        var += (y[i] - mean) * (y[i] - mean) / (double) p->n;
    for (size_t i = 0; i < p->n; i++)
        sorted[i] = y[i] = sqrt(p->h2 / var) * (y[i] - mean) + sqrt(1 - p->h2) * sund_rand_normal(p->seed, 5, i) + p->planted * (c->gt[5 * p->n + i] & 1);
    qsort(sorted, p->n, sizeof *sorted, by_size);
    for (size_t i = 0; i < p->n; i++) {
        c->country[i] = country[i / p->size % 3];
        cohort_values(c, i, "\t%d\t%s", 20 + (int) sund_rand_below(&r, 60), y[i] > sorted[(size_t) ((1 - p->share) * (double) p->n)] ? "yes" : "no");
    }
    free(y);
    free(sorted);
    return c;
}

/* ---- the naive one ---- */

static double mu_of(double eta) { return 1 / (1 + exp(-eta)); }

/* Penalised logistic regression on k columns with an offset, of people whose fold is not left_out, by Newton's method: beta; information (without lambda). */
static void irls(const dense *d, size_t k, double *const *x, const double *offset, size_t left_out, double lambda, double *beta, double *info)
{
    double *u = malloc(k * sizeof *u), *step = malloc(k * sizeof *step), most = 1;

    memset(beta, 0, k * sizeof *beta);
    for (int round = 0; round < 50 && most > 1e-12; round++) {
        most = 0;
        memset(info, 0, k * k * sizeof *info);
        for (size_t a = 0; a < k; a++)
            u[a] = -lambda * beta[a];
        for (size_t i = 0; i < d->n; i++) {
            double eta = offset ? offset[i] : 0, mu;

            if (d->fold[i] == left_out)
                continue;
            for (size_t a = 0; a < k; a++)
                eta += beta[a] * x[a][i];
            mu = mu_of(eta);
            for (size_t a = 0; a < k; a++) {
                u[a] += x[a][i] * (d->y[i] - mu);
                for (size_t b = 0; b < k; b++)
                    info[a * k + b] += x[a][i] * x[b][i] * mu * (1 - mu);
            }
        }
        naive_eliminate(k, info, lambda, u, step);
        for (size_t a = 0; a < k; a++) {
            beta[a] += step[a];
            most = fabs(step[a]) > most ? fabs(step[a]) : most;
        }
    }
    free(u);
    free(step);
}

static double loglik_of(double y, double eta) { return y > 0.5 ? log(mu_of(eta)) : log(1 - mu_of(eta)); }

/* Offsets of the shrinkage that predicts people left out best. */
static void dense_level1(dense *d, naive *o)
{
    size_t  L = d->n_pred;
    double *coef = malloc(o->n_fold * L * sizeof *coef), *info = malloc(L * L * sizeof *info), best = -1e9, null[4], small[16];

    irls(d, d->k, d->x, NULL, SIZE_MAX, 0, null, small);
    for (size_t i = 0; i < d->n; i++)
        for (size_t a = 0; a < d->k; a++)
            d->eta0[i] += null[a] * d->x[a][i];
    for (size_t r = 0; r < o->n_ridge; r++) {
        double h2 = 0.01 + 0.98 * (double) r / (double) (o->n_ridge - 1), with = 0, without = 0;

        for (size_t f = 0; f < o->n_fold; f++)
            irls(d, L, d->w, d->eta0, f, 3 / (M_PI * M_PI) * (double) L * (1 - h2) / h2, coef + f * L, info);
        for (size_t i = 0; i < d->n; i++) {
            double eta = d->eta0[i];

            for (size_t l = 0; l < L; l++)
                eta += coef[d->fold[i] * L + l] * d->w[l][i];
            with += loglik_of(d->y[i], eta);
            without += loglik_of(d->y[i], d->eta0[i]);
        }
        o->r2[r] = 1 - with / without;
        if (o->r2[r] <= best)
            continue;
        best = o->r2[r];
        for (size_t chr = 1; chr <= CHROMOSOMES; chr++)
            for (size_t i = 0; i < d->n; i++) {
                d->offset[chr][i] = 0;
                for (size_t l = 0; l < L; l++)
                    d->offset[chr][i] += d->pred_contig[l] == chr ? 0 : coef[d->fold[i] * L + l] * d->w[l][i];
            }
    }
    free(coef);
    free(info);
}

/* Score tests given each chromosome's null model: beta = U / V, se = V^-1/2. */
static void dense_test(const dense *d, naive *o, const cohort *c)
{
    double beta[4], info[16], gx[4], solved[4];

    for (size_t j = 0, last = 0; j < c->m; j++) {
        size_t chr = (size_t) c->variant[j].contig;
        double u = 0, v = 0;

        if (chr != last)
            irls(d, d->k, d->x, d->offset[chr], SIZE_MAX, 0, beta, info);
        last = chr;
        memset(gx, 0, sizeof gx);
        for (size_t i = 0; i < d->n; i++) {
            double eta = d->offset[chr][i], mu, g = d->raw[j][i];

            for (size_t a = 0; a < d->k; a++)
                eta += beta[a] * d->x[a][i];
            mu = mu_of(eta);
            u += g * (d->y[i] - mu);
            v += g * g * mu * (1 - mu);
            for (size_t a = 0; a < d->k; a++)
                gx[a] += g * d->x[a][i] * mu * (1 - mu);
        }
        naive_eliminate(d->k, info, 0, gx, solved);
        for (size_t a = 0; a < d->k; a++)
            v -= gx[a] * solved[a];
        o->beta[j] = u / v;
        o->se[j] = 1 / sqrt(v);
    }
}

static double is_case(const char *values) { return strstr(values, "yes") != NULL; }

static void naive_run(naive *o, const cohort *c)
{
    dense d;

    naive_open(&d, o, c, is_case);
    dense_level1(&d, o);
    dense_test(&d, o, c);
    naive_close(&d, c);
}

/* ---- the same study asked of both ---- */

/* Federated over three nodes; the study's digest and the released bytes. */
static sund_buf ask(const world *w, const char *more, const sund_thresholds *t, sund_digest *study)
{
    int     *node_of = calloc(w->n + 1, sizeof *node_of);
    char     text[4096];
    sund_buf got;
    fed     *f;

    for (size_t i = 0; i < w->n; i++)
        node_of[i] = (int) ((size_t) (w->real->country[i][0] - 'A') % 3);
    f = fed_open(w, 3, node_of, t, 7);
    study_text(f, more, text, sizeof text);
    *study = sund_digest_of(text, strlen(text));
    fed_submit(f, text);
    fed_run(f);
    got = fed_release(f);
    fed_close(f);
    free(node_of);
    return got;
}

static void against_naive(const char *strata, double share)
{
    const plan      p = { .n = 300, .m = 120, .size = 2, .n_contig = CHROMOSOMES, .h2 = 0.7, .share = share, .missing = 0.01, .seed = 3 };
    cohort         *c = make(&p);
    world          *w = world_real(c);
    sund_thresholds open = fed_open_data();
    naive           o = { .n_fold = 5, .n_ridge = 3, .block = 20, .strata = strcmp(strata, "country") == 0 };
    char            more[300], *table, *ridge;
    sund_buf        got;
    double          worst = 0, worst_se = 0;
    size_t          row = 0, n_score = 0, n_other = 0;

    (void) snprintf(more, sizeof more, "analysis = wgr\noutcome = case\ncovariates = age\nstrata = %s\nblock = 20\nridge = 3\nstep1_min_maf = 0\n", strata);
    got = ask(w, more, &open, &o.study);
    table = whole_table(&got, "table");
    ridge = whole_table(&got, "ridge");
    naive_run(&o, c);
    CHECK(table && ridge);
    for (size_t l = 0; l < 3 && ridge; l++)
        CHECK_NEAR(atof(fed_cell(ridge, l, "r2")), o.r2[l], 1e-5);
    for (; table && row < c->m; row++) {
        bool   score = strcmp(fed_cell(table, row, "estimate"), "score") == 0;
        double db = fabs(atof(fed_cell(table, row, "beta")) - o.beta[row]) / o.se[row], ds = fabs(atof(fed_cell(table, row, "se")) / o.se[row] - 1);

        n_score += score;
        n_other += !score;
        worst = score && db > worst ? db : worst;
        worst_se = score && ds > worst_se ? ds : worst_se;
    }
    printf("# strata %s, cases %.2f: beta of %zu within %.2g se, se within %.2g; r2 %.4f %.4f %.4f\n", strata, share, n_score, worst, worst_se, o.r2[0], o.r2[1], o.r2[2]);
    CHECK(n_score > 100 && n_other < 20 && worst < 1e-5 && worst_se < 1e-5);
    naive_free(&o);
    free(table);
    free(ridge);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

TEST(equals_a_naive_computation_with_strata) { against_naive("country", 0.4); }
TEST(equals_a_naive_computation_without_strata) { against_naive("none", 0.15); }

TEST(any_split_gives_the_same_bytes_and_a_planted_effect_is_found)
{
    const plan      p = { .n = 450, .m = 96, .size = 2, .n_contig = CHROMOSOMES, .h2 = 0.5, .share = 0.35, .planted = 2, .missing = 0.01, .seed = 5 };
    plan            q = p;
    cohort         *c = make(&p), *whole = (q.missing = 0, make(&q));
    world          *w = world_real(c), *called = world_real(whole);
    sund_thresholds open = fed_open_data(), closed = sund_thresholds_default();
    static const char none[] = "analysis = wgr\noutcome = case\ncovariates = age\nstrata = none\nblock = 8\nridge = 2\nfolds = 4\nchunk = 50\n";
    static const char country[] = "analysis = wgr\noutcome = case\ncovariates = age\nstrata = country\nblock = 8\nridge = 2\nfolds = 4\n";
    sund_buf        got = { 0 };
    char           *table;
    size_t          best = 0;

    CHECK(fed_same(w, 3, false, none, &open, NULL));
    CHECK(fed_same(w, 5, false, none, &open, NULL));
    CHECK(fed_same(w, 3, true, country, &open, NULL));
    CHECK(fed_same(called, 3, false, none, &closed, NULL)); /* in so few people calls are missing for nobody, or the variant is left out */
    CHECK(fed_same(called, 3, true, country, &closed, &got)); /* pooled: the same power */
    table = whole_table(&got, "table");
    for (size_t row = 0; table && row < 96; row++)
        if (atof(fed_cell(table, row, "nlog10p")) > atof(fed_cell(table, best, "nlog10p")))
            best = row;
    CHECK(table && best == 5 && atof(fed_cell(table, 5, "nlog10p")) > 8 && strcmp(fed_cell(table, 5, "test"), "spa") == 0 && strcmp(fed_cell(table, 5, "estimate"), "firth") == 0);
    free(table);
    sund_buf_free(&got);
    free(w);
    free(called);
    cohort_free(c);
    cohort_free(whole);
}

/* One chromosome: there is nothing else to predict from. */
TEST(of_one_chromosome_it_is_logistic)
{
    const plan      p = { .n = 420, .m = 60, .size = 2, .n_contig = 1, .h2 = 0.5, .share = 0.3, .missing = 0.01, .seed = 6 };
    cohort         *c = make(&p);
    world          *w = world_real(c);
    sund_thresholds open = fed_open_data();
    sund_buf        a = { 0 }, b = { 0 };
    char           *one, *two;

    CHECK(fed_same(w, 3, false, "analysis = logistic\noutcome = case\ncovariates = age\nstrata = none\n", &open, &a));
    CHECK(fed_same(w, 3, false, "analysis = wgr\noutcome = case\ncovariates = age\nstrata = none\nblock = 8\nridge = 2\n", &open, &b));
    one = whole_table(&a, "table");
    two = whole_table(&b, "table");
    CHECK(one && two && fed_cell(one, 50, "beta")[0]);
    for (size_t row = 0; one && two && fed_cell(one, row, "beta")[0]; row++) {
        double se = atof(fed_cell(one, row, "se"));

        CHECK(strcmp(fed_cell(one, row, "pos"), fed_cell(two, row, "pos")) == 0);
        CHECK(fabs(atof(fed_cell(one, row, "beta")) - atof(fed_cell(two, row, "beta"))) < 1e-6 * se);
        CHECK_NEAR(atof(fed_cell(two, row, "nlog10p")), atof(fed_cell(one, row, "nlog10p")), 1e-6);
    }
    free(one);
    free(two);
    sund_buf_free(&a);
    sund_buf_free(&b);
    free(w);
    cohort_free(c);
}

/* ---- relatives ---- */

#if defined(__SANITIZE_ADDRESS__)
enum { COHORTS = 1, NULL_PEOPLE = 300, NULL_VARIANTS = 6000 };
static const double null_bound = 0.15;
#else
enum { COHORTS = 4, NULL_PEOPLE = 600, NULL_VARIANTS = 28000 };
static const double null_bound = 0.03;
#endif

/* Appends (beta / se)^2 of the null chromosomes. */
static void chi_squared(const world *w, fed *f, const char *more, double *x, size_t *n)
{
    sund_thresholds open = fed_open_data();
    char            text[2000], *table, *rest = NULL;
    sund_buf        b = { 0 };
    sund_release   *r;

    study_text(f, more, text, sizeof text);
    r = world_pooled(w, f, text, &open, 1);
    b = whole_of(r);
    table = whole_table(&b, "table");
    for (char *line = strtok_r(table, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        double beta, se;
        int    chromosome;

        if (sscanf(line, "%d\t%*s\t%*s\t%*s\t%*s\t%*s\t%*s\t%*s\t%*s\t%*s\t%lf\t%lf", &chromosome, &beta, &se) == 3 && chromosome % 2 == 0 && *n < COHORTS * NULL_VARIANTS / 2)
            x[(*n)++] = beta * beta / (se * se);
    }
    free(table);
    sund_buf_free(&b);
    sund_release_free(r);
}

static double lambda_of(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_size);
    return x[n / 2] / 0.454936423119572;
}

/* Several cohorts: in one of 300 pairs of sibs their residuals' covariance is known to 0.06 only, which lambda follows whatever the number of variants. */
static void calibrated(double share, double least)
{
    double *plain = calloc(COHORTS * NULL_VARIANTS, sizeof *plain), *whole = calloc(COHORTS * NULL_VARIANTS, sizeof *whole), a, b;
    size_t  n_plain = 0, n_whole = 0;

    for (uint64_t k = 0; k < COHORTS; k++) {
        const plan p = { .n = NULL_PEOPLE, .m = NULL_VARIANTS, .size = 2, .n_contig = 8, .h2 = 0.5, .share = share, .seed = 11 + k };
        cohort    *c = make(&p);
        world     *w = world_real(c);
        fed       *f = fed_even_open(w, 3);

        chi_squared(w, f, "analysis = logistic\noutcome = case\ncovariates = age\nstrata = none\n", plain, &n_plain);
        chi_squared(w, f, "analysis = wgr\noutcome = case\ncovariates = age\nstrata = none\nblock = 250\nstep1_min_maf = 0.35\n", whole, &n_whole);
        fed_close(f);
        free(w);
        cohort_free(c);
    }
    CHECK(n_plain == COHORTS * NULL_VARIANTS / 2 && n_whole == n_plain);
    a = lambda_of(plain, n_plain);
    b = lambda_of(whole, n_whole);
    printf("# %d cohorts of pairs of sibs, %.2f cases, %zu null variants: lambda of logistic %.3f, of wgr %.3f\n", COHORTS, share, n_whole, a, b);
    CHECK(a > least || COHORTS == 1);
    CHECK(fabs(b - 1) < null_bound);
    free(plain);
    free(whole);
}

TEST(sibs_do_not_inflate_half_of_them_cases) { calibrated(0.5, 1.05); }
TEST(sibs_do_not_inflate_a_tenth_of_them_cases) { calibrated(0.1, 1.05); }
