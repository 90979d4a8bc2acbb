/* Logistic regression against a second implementation that knows nothing of sums (dense columns, dummies for countries, long double), against EPACTS' and R's numbers
 * on real people; any split of the people, any threads, chunks and processor path give the same bytes. */
#include "studies.h"
#include "stats/logistic.h"
#include "test.h"

#include <sys/wait.h>

/* ---- the second implementation ---- */

enum { P_MAX = 24 };
typedef struct dense { size_t n, p; long double *x, *y, b[P_MAX], inverse[P_MAX * P_MAX], loglik; } dense;

static dense *dense_new(size_t n)
{
    dense *d = calloc(1, sizeof *d);

    d->n = n;
    d->x = calloc(n * P_MAX, sizeof *d->x);
    d->y = calloc(n, sizeof *d->y);
    return d;
}

static void dense_free(dense *d)
{
    free(d->x);
    free(d->y);
    free(d);
}

/* Gauss-Jordan; ln|A| returned. */
static long double invert(size_t p, const long double *a, long double *out)
{
    long double m[P_MAX][2 * P_MAX] = { { 0 } }, ln_det = 0;

    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++)
            m[i][j] = a[i * p + j];
        m[i][p + i] = 1;
    }
    for (size_t c = 0; c < p; c++) {
        size_t best = c;

        for (size_t i = c; i < p; i++)
            if (fabsl(m[i][c]) > fabsl(m[best][c]))
                best = i;
        for (size_t j = 0; j < 2 * p; j++) {
            long double t = m[c][j];

            m[c][j] = m[best][j];
            m[best][j] = t;
        }
        ln_det += logl(fabsl(m[c][c]));
        for (size_t j = 2 * p; j-- > c;)
            m[c][j] /= m[c][c];
        for (size_t i = 0; i < p; i++)
            for (size_t j = 2 * p; i != c && j-- > c;)
                m[i][j] -= m[i][c] * m[c][j];
    }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            out[i * p + j] = m[i][p + j];
    return ln_det;
}

static long double mu_of(const dense *d, size_t i)
{
    long double eta = 0;

    for (size_t k = 0; k < d->p; k++)
        eta += d->b[k] * d->x[i * P_MAX + k];
    return 1 / (1 + expl(-eta));
}

/* Newton with the whole design; the last column's coefficient stays 0 with hold. */
static void dense_fit(dense *d, bool firth, bool hold)
{
    size_t p = d->p, q = hold ? p - 1 : p;

    memset(d->b, 0, sizeof d->b);
    for (int round = 0; round < 400; round++) {
        long double info[P_MAX * P_MAX] = { 0 }, u[P_MAX] = { 0 }, part[P_MAX * P_MAX], sub[P_MAX * P_MAX], step[P_MAX] = { 0 }, most = 0;

        d->loglik = 0;
        for (size_t i = 0; i < d->n; i++) {
            long double mu = mu_of(d, i), *x = d->x + i * P_MAX;

            d->loglik += logl(d->y[i] > 0.5L ? mu : 1 - mu);
            for (size_t j = 0; j < p; j++)
                for (size_t k = 0; k < p; k++)
                    info[j * p + k] += mu * (1 - mu) * x[j] * x[k];
        }
        d->loglik += (firth ? 0.5L : 0) * invert(p, info, d->inverse);
        for (size_t i = 0; i < d->n; i++) {
            long double mu = mu_of(d, i), *x = d->x + i * P_MAX, h = 0;

            for (size_t j = 0; j < p && firth; j++)
                for (size_t k = 0; k < p; k++)
                    h += mu * (1 - mu) * x[j] * x[k] * d->inverse[j * p + k];
            for (size_t j = 0; j < p; j++)
                u[j] += (d->y[i] - mu + h * (0.5L - mu)) * x[j];
        }
        for (size_t j = 0; j < q; j++)
            for (size_t k = 0; k < q; k++)
                part[j * q + k] = info[j * p + k];
        (void) invert(q, part, sub);
        for (size_t j = 0; j < q; j++)
            for (size_t k = 0; k < q; k++)
                step[j] += sub[j * q + k] * u[k];
        for (size_t j = 0; j < q; j++)
            most = fmaxl(most, fabsl(step[j]) * (j == p - 1 ? 1 : 0));
        for (size_t j = 0; j < q; j++)
            d->b[j] += step[j] * (most > 1 ? 1 / most : 1);
        most = 0;
        for (size_t j = 0; j < q; j++)
            most = fmaxl(most, step[j] * step[j] * info[j * p + j]);
        if (most < 1e-26L)
            return;
    }
}

/* ---- people of our own ---- */

enum { N_COUNTRY = 5, M = 14, MONOMORPHIC = 9, NO_CALLS, SEPARATED, COLLINEAR, RARE };
static const char *const country[N_COUNTRY] = { "DK", "EE", "FI", "SE", "IT" };
static const char        dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\npc\treal\t1\t-9\t9\t4\t\ncase\tbinary\t\t\t\t\tno|yes\n"
                                        "carrier\tbinary\t\t\t\t\tno|yes\nwhole\tinteger\t1\t0\t1\t0\t\n";

typedef struct sim { cohort *c; int *age, *pc, *y; } sim;

static double unit(void) { return ((double) (test_rand() >> 11) + 0.5) * 0x1p-53; }

static sim simulate(size_t n, double intercept, double missing)
{
    sim s = { cohort_new(n, M, dictionary, "\tage\tpc\tcase\tcarrier\twhole"), calloc(n, sizeof(int)), calloc(n, sizeof(int)), calloc(n, sizeof(int)) };

    for (size_t j = 0; j < M; j++)
        cohort_variant(s.c, j, 20, (uint32_t) (1000 + 100 * j), "A", "G");
    for (size_t i = 0; i < n; i++) {
        size_t at = i % N_COUNTRY;
        double eta, normal = sqrt(-2 * log(unit())) * cos(6.283185307179586 * unit());

        s.c->country[i] = country[at];
        s.c->sex[i] = (uint8_t) (1 + test_rand() % 2);
        s.age[i] = 30 + (int) (test_rand() % 50);
        s.pc[i] = (int) (normal * 10000 + 8000 * (double) at) - 12000;
        if (abs(s.pc[i]) > 90000)
            s.pc[i] = 0;
        eta = intercept + 0.03 * (s.age[i] - 55) + 0.3 * s.pc[i] / 10000.0 + 0.4 * (double) at - 0.8;
        for (size_t j = 0; j < M; j++) {
            double f = j == RARE ? 0.015 : 0.02 + 0.1 * (double) j * (double) (at + 3) / 7;

            s.c->gt[j * n + i] = (uint8_t) ((unit() < f) + (unit() < f));
        }
        eta += 0.5 * s.c->gt[3 * n + i];
        s.y[i] = unit() < 1 / (1 + exp(-eta));
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t *g = s.c->gt + i;

        g[MONOMORPHIC * n] = 0;
        g[NO_CALLS * n] = SUND_GT_MISSING;
        g[SEPARATED * n] = s.y[i] && i % 3 == 0;
        for (size_t j = 0; j < MONOMORPHIC; j += 2)
            if (unit() < missing)
                g[j * n] = SUND_GT_MISSING;
        cohort_values(s.c, i, "\t%d\t%.4f\t%s\t%s\t%d", s.age[i], s.pc[i] / 10000.0, s.y[i] ? "yes" : "no", g[COLLINEAR * n] ? "yes" : "no", s.y[i]);
        g[COLLINEAR * n] = g[COLLINEAR * n] > 0;
    }
    return s;
}

static void sim_free(sim *s)
{
    cohort_free(s->c);
    free(s->age);
    free(s->pc);
    free(s->y);
}

/* Design of one variant: dummies or 1, age, pc, sex, g; missing at the country's (or pooled) mean, or left out. */
static dense *design(const sim *s, size_t j, bool strata, bool drop)
{
    size_t         n = s->c->n;
    dense         *d = dense_new(n);
    const uint8_t *g = s->c->gt + j * n;
    long double    sum[N_COUNTRY] = { 0 }, called[N_COUNTRY] = { 0 };

    for (size_t i = 0; i < n; i++)
        if (g[i] != SUND_GT_MISSING) {
            sum[strata ? i % N_COUNTRY : 0] += g[i];
            called[strata ? i % N_COUNTRY : 0]++;
        }
    d->n = 0;
    d->p = (strata ? N_COUNTRY : 1) + 4;
    for (size_t i = 0; i < n; i++) {
        long double *x = d->x + d->n * P_MAX;
        size_t       at = strata ? i % N_COUNTRY : 0;

        if (drop && g[i] == SUND_GT_MISSING)
            continue;
        memset(x, 0, P_MAX * sizeof *x);
        x[at] = 1;
        x[d->p - 4] = (long double) (s->age[i] - 55) / 20;
        x[d->p - 3] = (long double) s->pc[i] / 10000;
        x[d->p - 2] = s->c->sex[i] == SUND_MALE;
        x[d->p - 1] = g[i] == SUND_GT_MISSING ? sum[at] / called[at] : g[i];
        d->y[d->n++] = s->y[i];
    }
    return d;
}

static double nlog10_two(double z) { return -log10(erfc(fabs(z) / sqrt(2.0))); }

static double cell(const char *table, size_t row, const char *column) { return strcmp(fed_cell(table, row, column), "NA") == 0 ? (double) NAN : atof(fed_cell(table, row, column)); }

static void near(const char *what, size_t j, double got, double want, double off)
{
    if (!(fabs(got - want) <= off)) {
        fprintf(stderr, "# %s of variant %zu: %.17g, want %.17g\n", what, j, got, want);
        CHECK(!"near");
    }
}

static char *answer(const world *w, size_t n, bool whole, const char *more)
{
    sund_thresholds open = fed_open_data();
    sund_buf        got = { 0 };
    char            text[600], *table;

    (void) snprintf(text, sizeof text, "analysis = logistic\noutcome = case\n%s", more);
    if (!fed_same(w, n, whole, text, &open, &got)) {
        fprintf(stderr, "# over %zu nodes: %s", n, text);
        CHECK(!"the pooled bytes");
    }
    table = whole_table(&got, "table");
    sund_buf_free(&got);
    return table;
}

/* Digest of the table of a study over one store, by a process of its own whose kernels take this path. */
static sund_digest by_path(const sund_catalogue *c, const char *store_dir, const char *people_db, const char *text, const char *cpu, unsigned n_thread)
{
    sund_digest d = { { 0 } };
    int         ends[2];
    pid_t       child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        abort();
    if (child == 0) {
        sund_thresholds open = fed_open_data();
        sund_study     *study = calloc(1, sizeof *study);
        sund_identity   me;
        sund_local_run  run = { .study = study, .catalogue = c, .thresholds = &open, .key = &me.key, .n_thread = n_thread };
        sund_store     *store = NULL;
        sund_release   *r = NULL;
        const char     *table;

        (void) setenv("SUND_CPU", cpu, 1);
        fed_identity(&me, "N00");
        MUST(sund_store_open(&store, store_dir, err));
        MUST(sund_people_open(&run.people, people_db, err));
        MUST(sund_study_parse(study, "study", text, strlen(text), err));
        run.store = store;
        MUST(sund_study_run_local(&run, &r, err));
        table = whole_first(r);
        d = sund_digest_of(table, strlen(table));
        _exit(write(ends[1], d.b, sizeof d.b) == (ssize_t) sizeof d.b && strlen(table) > 1000 ? 0 : 1);
    }
    (void) close(ends[1]);
    CHECK(read(ends[0], d.b, sizeof d.b) == (ssize_t) sizeof d.b);
    (void) close(ends[0]);
    (void) waitpid(child, NULL, 0);
    return d;
}

static const char *const every_test[] = { "test = score\nfirth-below = 0.05\n", "test = wald\n", "test = firth\n", "test = firth-approx\n" };

TEST(processor_paths_threads_and_chunks_change_no_byte) /* first: a process chooses its path once */
{
    static const struct { const char *cpu; unsigned threads, chunk; } as[] = { { "portable", 1, 4096 }, { "avx2", 2, 3 }, { "avx512", 1, 7 }, { "avx512", 2, 4096 } };
    sim             s = simulate(500, -1.5, 0.03);
    world          *w = world_real(s.c);
    sund_catalogue *c = world_catalogue(w);
    sund_digest     of_c = sund_catalogue_digest(c), first = { { 0 } };
    char            text[900];

    world_store(w, fed_path("paths", 1), NULL, -1);
    world_people(w, fed_path("paths-people", 1), NULL, -1);
    for (size_t k = 0; k < 8; k++)
        for (size_t a = 0; a < sizeof as / sizeof *as; a++) {
            sund_digest d;

            (void) snprintf(text, sizeof text, "[study]\ntitle = t\npurpose = general-research\ncohort = all\ncatalogue = %s\nnodes = N00\nanalysis = logistic\noutcome = case\ncovariates = age, pc\nstrata = %s\n%schunk = %u\n",
                            sund_digest_hex(&of_c).s, k % 2 ? "country" : "none", every_test[k / 2], as[a].chunk);
            d = by_path(c, fed_path("paths", 1), fed_path("paths-people", 1), text, as[a].cpu, as[a].threads);
            if (a == 0)
                first = d;
            CHECK(memcmp(&first, &d, sizeof d) == 0);
        }
    sund_catalogue_free(c);
    free(w);
    sim_free(&s);
}

TEST(any_split_gives_the_pooled_bytes)
{
    sim    s = simulate(450, -1.2, 0.04);
    world *w = world_real(s.c);
    char   more[300];

    for (size_t k = 0; k < 8; k++) {
        (void) snprintf(more, sizeof more, "covariates = age, pc, sex\nstrata = %s\n%schunk = %zu\n", k % 2 ? "country" : "none", every_test[k / 2], 5 + k);
        free(answer(w, k < 4 ? 5 : 3, k % 2, more));
    }
    free(answer(w, 5, false, "strata = none\nmissing = drop\ntest = wald\n"));
    free(answer(w, 5, true, "strata = country\nmissing = drop\ntest = firth\n"));
    free(answer(w, 5, true, "strata = country\n"));
    free(w);
    sim_free(&s);
}

/* The rules of controlled data, and what each test says of variants and models that have no answer. */
TEST(what_cannot_be_computed_says_why)
{
    static const struct { size_t variant; const char *test, *note; } want[] = {
        { MONOMORPHIC, "score", "monomorphic" },         { NO_CALLS, "score", "no calls" },         { COLLINEAR, "score", "does not vary" }, { COLLINEAR, "wald", "do not vary" },
        { COLLINEAR, "firth", "do not vary" },           { COLLINEAR, "firth-approx", "does not vary" }, { SEPARATED, "wald", "separated" },
    };
    sim    s = simulate(400, -0.5, 0);
    world *w = world_real(s.c);

    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        char more[200], *table;

        (void) snprintf(more, sizeof more, "covariates = age, carrier\nstrata = none\ntest = %s\n", want[k].test);
        table = answer(w, 3, false, more);
        CHECK(strstr(fed_cell(table, want[k].variant, "note"), want[k].note) && isnan(cell(table, want[k].variant, "beta")) && isnan(cell(table, want[k].variant, "nlog10p")));
        for (size_t j = 0; j < M; j++) /* a number, or a reason */
            CHECK(!isnan(cell(table, j, "nlog10p")) || strcmp(fed_cell(table, j, "note"), ".") != 0);
        if (strcmp(want[k].test, "firth") == 0 || strcmp(want[k].test, "score") == 0)
            CHECK(cell(table, SEPARATED, "beta") > 2 && cell(table, SEPARATED, "beta") < 10 && cell(table, SEPARATED, "nlog10p") > 5 && strcmp(fed_cell(table, SEPARATED, "estimate"), "firth") == 0);
        free(table);
    }
    free(w);
    sim_free(&s);
}

static void refused(const world *w, const sund_thresholds *t, const char *more, const char *why)
{
    char text[600];
    fed *f = fed_even(w, 3, t);

    (void) snprintf(text, sizeof text, "analysis = logistic\n%s", more);
    fed_ask(f, text);
    fed_run(f);
    for (size_t i = 0; i < 3; i++)
        if (!strstr(fed_status(f, i).detail, why)) {
            fprintf(stderr, "# %s: '%s', expected '%s'\n", more, fed_status(f, i).detail, why);
            CHECK(!"refused");
        }
    fed_close(f);
}

TEST(models_and_cohorts_without_an_answer_are_refused)
{
    sim             s = simulate(300, -0.5, 0), rare = simulate(300, -5.5, 0);
    world          *w = world_real(s.c), *few = world_real(rare.c);
    sund_thresholds open = fed_open_data(), closed = sund_thresholds_default();

    refused(w, &open, "outcome = case\ncovariates = age, whole\nstrata = none\n", "separated");
    refused(w, &open, "outcome = case\ncovariates = age, case\nstrata = none\n", "both the outcome and a covariate");
    refused(w, &open, "outcome = age\nstrata = none\n", "not binary");
    refused(w, &open, "outcome = case\nstrata = none\nmissing = drop\n", "put at the mean");
    refused(few, &closed, "outcome = case\ncovariates = age\nstrata = none\n", "cell-min");
    refused(w, &closed, "outcome = case\ncovariates = age, pc, sex\nstrata = none\n", "model-size");
    free(w);
    free(few);
    sim_free(&s);
    sim_free(&rare);
}

TEST(controlled_data_show_eligible_variants_alone)
{
    sim             s = simulate(900, -0.5, 0.03);
    world          *w = world_real(s.c);
    sund_thresholds closed = sund_thresholds_default();
    sund_buf        got = { 0 };
    char           *table;
    size_t          n = 0;

    for (size_t i = 0; i < s.c->n; i++)
        s.c->gt[RARE * s.c->n + i] = i < 19; /* 19 alleles */
    CHECK(fed_same(w, 3, false, "analysis = logistic\noutcome = case\ncovariates = age, sex\nstrata = none\n", &closed, &got));
    table = whole_table(&got, "table");
    for (; fed_cell(table, n, "pos")[0]; n++) {
        int ac = atoi(fed_cell(table, n, "ac")), an = atoi(fed_cell(table, n, "an"));

        CHECK(ac >= 20 && an - ac >= 20 && an >= 1690);
    }
    CHECK(n == M - 3); /* monomorphic, no calls, rare */
    free(table);
    sund_buf_free(&got);
    free(w);
    sim_free(&s);
}

TEST(lines_that_nothing_reads_are_refused)
{
    static const char none[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char *const line[] = { "spa = yes", "firth-below = 0" }, *const says[] = { "spa: nothing reads it without test = score", "firth-below: nothing reads it without test = score" };
    char text[400];

    for (size_t k = 0; k < 2; k++) {
        (void) snprintf(text, sizeof text, "analysis = logistic\ncatalogue = %s\noutcome = case\ntest = firth\n%s\n", none, line[k]);
        CHECK(study_refused(text, says[k]));
        (void) snprintf(text, sizeof text, "analysis = logistic\ncatalogue = %s\noutcome = case\n%s\n", none, line[k]);
        CHECK(!study_refused(text, ""));
    }
}

TEST(score_wald_and_firth_equal_dense_regressions)
{
    static const struct { const char *more; bool strata, drop; char test; } study[] = {
        { "strata = none\ntest = score\nspa = no\nfirth-below = 0\n", false, false, 's' },
        { "strata = country\ntest = score\nspa = no\nfirth-below = 0\n", true, false, 's' },
        { "strata = none\ntest = wald\n", false, false, 'w' },
        { "strata = country\ntest = wald\n", true, false, 'w' },
        { "strata = none\nmissing = drop\ntest = wald\n", false, true, 'w' },
        { "strata = country\nmissing = drop\ntest = firth\n", true, true, 'f' },
        { "strata = none\ntest = firth\n", false, false, 'f' },
    };
    sim    s = simulate(700, -0.7, 0.03);
    world *w = world_real(s.c);

    for (size_t k = 0; k < sizeof study / sizeof *study; k++) {
        char more[300], *table;

        (void) snprintf(more, sizeof more, "covariates = age, pc, sex\n%s", study[k].more);
        table = answer(w, study[k].strata ? 3 : 4, study[k].strata, more);
        for (size_t j = 0; table && j < 9; j++) {
            dense      *d = design(&s, j, study[k].strata, study[k].drop);
            size_t      p = d->p;
            double      se, beta, nlog10p, rel = study[k].test == 'f' ? 1e-7 : 2e-8;
            long double u = 0, v = 0;

            if (study[k].test == 's') {
                long double gx[P_MAX] = { 0 };

                d->p = p - 1;
                dense_fit(d, false, false);
                for (size_t i = 0; i < d->n; i++) {
                    long double mu = mu_of(d, i), *x = d->x + i * P_MAX;

                    u += x[p - 1] * (d->y[i] - mu);
                    v += mu * (1 - mu) * x[p - 1] * x[p - 1];
                    for (size_t a = 0; a < p - 1; a++)
                        gx[a] += mu * (1 - mu) * x[p - 1] * x[a];
                }
                for (size_t a = 0; a < p - 1; a++)
                    for (size_t b = 0; b < p - 1; b++)
                        v -= gx[a] * d->inverse[a * (p - 1) + b] * gx[b];
                beta = (double) (u / v);
                se = (double) (1 / sqrtl(v));
                nlog10p = nlog10_two(beta / se);
            }
            else {
                long double loglik = 0;

                if (study[k].test == 'f') {
                    dense_fit(d, true, true);
                    loglik = d->loglik;
                }
                dense_fit(d, study[k].test == 'f', false);
                beta = (double) d->b[p - 1];
                se = (double) sqrtl(d->inverse[p * p - 1]);
                nlog10p = study[k].test == 'f' ? nlog10_two(sqrt((double) (2 * (d->loglik - loglik)))) : nlog10_two(beta / se);
            }
            near("beta", j, cell(table, j, "beta"), beta, rel * se);
            near("se", j, cell(table, j, "se"), se, rel * se);
            near("nlog10p", j, cell(table, j, "nlog10p"), nlog10p, 1e-6 * (1 + nlog10p));
            dense_free(d);
        }
        free(table);
    }
    free(w);
    sim_free(&s);
}

/* ---- real people ---- */

static cohort *epacts(void)
{
    static const char dict[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\npc1\treal\t1\t-100\t100\t6\t\npc2\treal\t1\t-100\t100\t6\t\ncase\tbinary\t\t\t\t\tno|yes\n";
    const char       *shared = getenv("SUND_SHARED");
    char              command[900], line[65536];
    cohort           *c;
    FILE             *f;
    size_t            n = 0, j = 0;
    char             *id[2600];
    (void) snprintf(command, sizeof command, "cd %s/data/epacts-logistic 2>/dev/null && zcat regressionLogisticEpacts.vcf.gz", shared ? shared : "../shared");
    f = popen(command, "r");
    c = NULL;
    while (f && fgets(line, sizeof line, f)) {
        char *rest = NULL, *at = strtok_r(line, "\t\n", &rest);

        if (at && strcmp(at, "#CHROM") == 0) {
            for (int k = 0; (at = strtok_r(NULL, "\t\n", &rest)); k++)
                if (k >= 8 && n < 2600)
                    id[n++] = strdup(at);
            c = cohort_new(n, 5, dict, "\tpc1\tpc2\tcase");
        }
        else if (c && at && at[0] != '#' && j < 5) {
            char *x[9] = { at };

            for (int k = 1; k < 9; k++)
                x[k] = strtok_r(NULL, "\t\n", &rest);
            cohort_variant(c, j, 22, (uint32_t) atoi(x[1]), strdup(x[3]), strdup(x[4]));
            for (size_t i = 0; i < n; i++) {
                const char *g = strtok_r(NULL, "\t\n", &rest);

                c->gt[j * n + i] = g[0] == '.' ? SUND_GT_MISSING : (uint8_t) ((g[0] != '0') + (g[2] != '0'));
            }
            j++;
        }
    }
    if (f)
        (void) pclose(f);
    if (!c) {
        printf("# skipped: no shared data\n");
        return NULL;
    }
    for (int pass = 0; pass < 2; pass++) {
        (void) snprintf(command, sizeof command, "%s/data/epacts-logistic/regressionLogisticEpacts.%s", shared ? shared : "../shared", pass ? "cov" : "fam");
        f = fopen(command, "r");
        while (f && fgets(line, sizeof line, f)) {
            char name[100], a[100], b[100], sex[20], status[20];
            bool whole = pass ? sscanf(line, "%99s %99s %99s", name, a, b) == 3 : sscanf(line, "%*s %99s %*s %*s %19s %19s", name, sex, status) == 3;

            for (size_t i = 0; whole && i < n; i++)
                if (strcmp(id[i], name) == 0) {
                    if (pass)
                        cohort_values(c, i, "\t%.6f\t%.6f\t%s", atof(a), atof(b), c->country[i]);
                    else {
                        c->sex[i] = (uint8_t) atoi(sex);
                        c->country[i] = status[0] == '2' ? "yes" : "no";
                    }
                }
        }
        if (f)
            (void) fclose(f);
    }
    for (size_t i = 0; i < n; i++) {
        c->country[i] = "XX";
        free(id[i]);
    }
    return c;
}

static char *epacts_answer(const cohort *c, const char *more)
{
    world *w = world_real(c);
    char   text[300], *table;

    (void) snprintf(text, sizeof text, "covariates = sex, pc1, pc2\nstrata = none\n%s", more);
    table = answer(w, 3, false, text);
    free(w);
    return table;
}

TEST(epacts_to_the_printed_digits_over_three_nodes)
{
    /* test = wald: as R's glm converges; the file's own 0.83769 and 0.4517 stopped early */
    static const double beta[] = { -0.097476, -0.052632, -0.15598, -0.88059, 0.54921 }, se[] = { 0.087478, 0.11272, 0.079508, 0.838360, 0.451760 };
    static const double wald_p[] = { 0.26516, 0.64056, 0.049779 }, chisq[] = { 1.242482, 0.218038, 3.850985, 1.175474, 1.514245 };
    static const double firth[] = { -0.097079, -0.052301, -0.15567, -0.7524, 0.5258 }, firth_p[] = { 0.26593, 0.64197, 0.04991, 0.30731, 0.22562 };
    cohort             *c = epacts();
    char               *table;

    if (!c)
        return;
    CHECK(c->n == 2535);
    table = epacts_answer(c, "test = wald\n");
    for (size_t j = 0; j < 5; j++) {
        CHECK_NEAR(cell(table, j, "beta"), beta[j], 5e-5);
        CHECK_NEAR(cell(table, j, "se"), se[j], 5e-5);
        if (j < 3)
            CHECK_NEAR(pow(10, -cell(table, j, "nlog10p")), wald_p[j], 2e-5);
        CHECK(strcmp(fed_cell(table, j, "test"), "wald") == 0 && strcmp(fed_cell(table, j, "note"), ".") == 0);
    }
    free(table);
    table = epacts_answer(c, "test = score\nspa = no\nfirth-below = 0\n");
    for (size_t j = 0; j < 5; j++)
        CHECK_NEAR(pow(cell(table, j, "beta") / cell(table, j, "se"), 2), chisq[j], 1e-5);
    free(table);
    table = epacts_answer(c, "test = firth\n");
    for (size_t j = 0; j < 5; j++) {
        CHECK_NEAR(cell(table, j, "beta"), firth[j], 1e-4);
        CHECK_NEAR(pow(10, -cell(table, j, "nlog10p")), firth_p[j], 1e-4);
    }
    free(table);
    table = epacts_answer(c, "test = firth-approx\n");
    for (size_t j = 0; j < 5; j++)
        CHECK_NEAR(cell(table, j, "beta"), firth[j], 2e-3);
    free(table);
    for (size_t j = 0; j < 5; j++) {
        free((void *) (uintptr_t) c->variant[j].ref);
        free((void *) (uintptr_t) c->variant[j].alt);
    }
    cohort_free(c);
}

/* ---- tails (more in test_spa.c) ---- */

/* One tail from its definition: bisection, the sum over steps of a lattice term by term. */
static double naive_tail(size_t n, const double *mu, const double *g, double rest, double q)
{
    double low = -200, high = 200, t = 0, k = 0, k2 = 0, w, v, steps;

    for (int round = 0; round < 120; round++) {
        double k1 = 0;

        t = (low + high) / 2;
        k = t * t * rest / 2;
        k1 = t * rest;
        k2 = rest;
        for (size_t i = 0; i < n; i++) {
            double e = exp(g[i] * t), at = mu[i] * e / (1 - mu[i] + mu[i] * e);

            k += log(1 - mu[i] + mu[i] * e) - t * g[i] * mu[i];
            k1 += g[i] * (at - mu[i]);
            k2 += g[i] * g[i] * at * (1 - at);
        }
        *(k1 < q ? &low : &high) = t;
    }
    w = sqrt(2 * (t * q - k));
    steps = 1 / fabs(t);
    for (int m = 1; m < 2000; m++)
        steps += 2 * fabs(t) / (t * t + pow(2 * M_PI * m, 2)) * exp(-2 * pow(M_PI * m, 2) * rest);
    v = sqrt(k2) / steps;
    return 0.5 * erfc((w + log(v / w) / w) / sqrt(2.0));
}

TEST(saddlepoints_of_a_study_equal_their_definition)
{
    sim    s = simulate(1500, -4.2, 0.02);
    world *w = world_real(s.c);
    int    n_spa = 0;

    for (size_t i = 0; i < s.c->n; i++) /* more that stands out, and carriers of REF */
        for (size_t j = 5; j < 9; j++)
            if (s.y[i] && unit() < 0.3)
                s.c->gt[j * s.c->n + i] = j < 7;
    for (int strata = 0; strata < 2; strata++) {
        char *table = answer(w, 3, strata, strata ? "covariates = age, pc, sex\nstrata = country\nfirth-below = 0\n" : "covariates = age, pc, sex\nstrata = none\nfirth-below = 0\n");

        for (size_t j = 0; j < M; j++) {
            dense      *d;
            double     *mu, *g, rest = 0, u = 0;
            long double gx[P_MAX] = { 0 }, c[P_MAX] = { 0 };
            size_t      p, n = 0;

            if (j == NO_CALLS || j == MONOMORPHIC)
                continue;
            mu = calloc(s.c->n, sizeof *mu);
            g = calloc(s.c->n, sizeof *g);
            d = design(&s, j, strata, false);
            p = --d->p;
            dense_fit(d, false, false);
            for (size_t i = 0; i < d->n; i++) {
                long double m = mu_of(d, i), *x = d->x + i * P_MAX;

                for (size_t a = 0; a < p; a++)
                    gx[a] += m * (1 - m) * x[p] * x[a];
            }
            for (size_t a = 0; a < p; a++)
                for (size_t b = 0; b < p; b++)
                    c[a] += d->inverse[a * p + b] * gx[b];
            for (size_t i = 0; i < d->n; i++) {
                long double m = mu_of(d, i), *x = d->x + i * P_MAX, at = x[p];
                int         base = atoi(fed_cell(table, j, "ac")) * 2 > atoi(fed_cell(table, j, "an")) ? 2 : 0;

                for (size_t a = 0; a < p; a++)
                    at -= c[a] * x[a];
                u += (double) (at * (d->y[i] - m));
                if (s.c->gt[j * s.c->n + i] == base || s.c->gt[j * s.c->n + i] == SUND_GT_MISSING) {
                    rest += (double) (m * (1 - m) * at * at);
                    continue;
                }
                mu[n] = (double) m;
                g[n++] = (double) at;
            }
            if (strcmp(fed_cell(table, j, "test"), "spa") == 0) {
                double want = naive_tail(n, mu, g, rest, fabs(u)) + naive_tail(n, mu, g, rest, -fabs(u));

                n_spa++;
                near("saddlepoint", j, cell(table, j, "nlog10p"), -log10(want), 2e-4);
            }
            free(mu);
            free(g);
            dense_free(d);
        }
        free(table);
    }
    printf("# %d saddlepoints compared\n", n_spa);
    CHECK(n_spa >= 6);
    free(w);
    sim_free(&s);
}
