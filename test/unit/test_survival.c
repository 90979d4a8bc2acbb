/* Survival against R's survival package: lung, veteran, and lung over three sites; curves and log-rank; any split gives the same bytes; naive second computations
 * of risk sets; what the gate hides; what cannot be fitted says why. */
#include "studies.h"
#include "stats/survival.h"
#include "test.h"

typedef struct csv { char *text; char *cell[2000][16]; size_t n_row, n_col; } csv;

/* A plain CSV without commas in cells; quotes go. NULL where the shared data are absent. */
static csv *read_csv(const char *name)
{
    const char *shared = getenv("SUND_SHARED");
    char        path[500];
    sund_buf    b = { 0 };
    csv        *c;

    (void) snprintf(path, sizeof path, "%s/data/survival/%s", shared ? shared : "../shared", name);
    if (sund_file_read(path, 1 << 22, &b, NULL) != SUND_OK) {
        printf("# skipped: no shared data\n");
        return NULL;
    }
    c = calloc(1, sizeof *c);
    sund_buf_nul(&b);
    c->text = (char *) b.p;
    for (char *line = strtok(c->text, "\n"); line && c->n_row < 2000; line = strtok(NULL, "\n"), c->n_row++) {
        size_t col = 0;

        for (char *at = line; at && col < 16; col++) {
            char *comma = strchr(at, ',');

            if (comma)
                *comma = 0;
            if (*at == '"') {
                at++;
                at[strlen(at) - 1] = 0;
            }
            c->cell[c->n_row][col] = at;
            at = comma ? comma + 1 : NULL;
        }
        c->n_col = col;
    }
    return c;
}

static void csv_free(csv *c)
{
    free(c->text);
    free(c);
}

static size_t col(const csv *c, const char *name)
{
    for (size_t k = 0; k < c->n_col; k++)
        if (strcmp(c->cell[0][k], name) == 0)
            return k;
    abort();
}

static cohort *lung(void)
{
    static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\n"
                                     "time\tinteger\td\t0\t1200\t0\t\nstatus\tbinary\t\t\t\t\tcensored|dead\nage\tinteger\ta\t0\t120\t0\t\n"
                                     "female\tbinary\t\t\t\t\tno|yes\necog\tinteger\t1\t0\t5\t0\t\n";
    csv              *c = read_csv("lung.csv");
    cohort           *p;

    if (!c)
        return NULL;
    p = cohort_new(c->n_row - 1, 1, dictionary, "\ttime\tstatus\tage\tfemale\tecog");
    cohort_variant(p, 0, 20, 1000, "A", "G");
    for (size_t i = 0; i < p->n; i++)
        cohort_values(p, i, "\t%s\t%s\t%s\t%s\t%s", c->cell[i + 1][col(c, "time")], c->cell[i + 1][col(c, "status")][0] == '2' ? "dead" : "censored", c->cell[i + 1][col(c, "age")],
                      c->cell[i + 1][col(c, "sex")][0] == '2' ? "yes" : "no", c->cell[i + 1][col(c, "ph.ecog")]);
    csv_free(c);
    return p;
}

static void near(const char *table, size_t row, const char *column, double want, double rel) { CHECK_NEAR(atof(fed_cell(table, row, column)), want, rel); }

static void lung_by(const char *ties, const double beta[3], const double se[3], double lr, double score)
{
    cohort         *c = lung();
    sund_thresholds open = fed_open_data();
    sund_buf        got = { 0 };
    char            more[300], *cox, *tests;
    world          *w;

    if (!c)
        return;
    w = world_real(c);
    (void) snprintf(more, sizeof more, "analysis = survival\ntime = time\nevent = status\ncovariates = age, female, ecog\nstrata = none\nties = %s\n", ties);
    CHECK(fed_same(w, 5, false, more, &open, NULL));
    CHECK(fed_same(w, 3, false, more, &open, &got));
    cox = whole_table(&got, "cox");
    tests = whole_table(&got, "tests");
    for (size_t k = 0; k < 3; k++) {
        near(cox, k, "beta", beta[k], 1e-6);
        near(cox, k, "se", se[k], 1e-6);
        near(cox, k, "z", beta[k] / se[k], 1e-6);
    }
    near(tests, 0, "chisq", lr, 1e-6);
    near(tests, 2, "chisq", score, 1e-6);
    free(cox);
    free(tests);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

/* coxph(Surv(time, status) ~ age + sex + ph.ecog, lung), R 4.2.2, survival 3.5-3 */
TEST(cox_with_efrons_ties_equals_R)
{
    lung_by("efron", (const double[]){ 0.01106676456, -0.55261239570, 0.46372848 }, (const double[]){ 0.009267411014, 0.167739053787, 0.113577266162 }, 2 * (744.4804558 - 729.2301214), 30.4999227);
}
TEST(cox_with_breslows_ties_equals_R)
{
    lung_by("breslow", (const double[]){ 0.01104113635, -0.55188956979, 0.46294704059 }, (const double[]){ 0.009266770114, 0.167742448021, 0.113574052061 }, 2 * (744.6928193 - 729.4887052), 30.40640692);
}

TEST(curves_medians_and_the_log_rank_test_equal_R)
{
    cohort         *c = lung();
    sund_thresholds open = fed_open_data();
    sund_buf        got = { 0 };
    char           *table, *curve, *tests;
    world          *w;
    static const struct { const char *group; int at, risk; double s, se; } want[] = {
        /* summary(survfit(Surv(time, status) ~ sex), times = c(180, 365, 730)): risk, surv, std.err; read at the last time before */
        { "no", 180, 89, 0.64446500154, 0.04078642509 },  { "no", 365, 35, 0.33608783464, 0.04342358884 },  { "no", 730, 7, 0.07812409127, 0.02764750928 },
        { "yes", 180, 71, 0.84240170559, 0.03868095893 }, { "yes", 365, 30, 0.52646303019, 0.05973685399 }, { "yes", 730, 6, 0.18723249791, 0.06206790227 },
    };

    if (!c)
        return;
    w = world_real(c);
    CHECK(fed_same(w, 3, false, "analysis = survival\ntime = time\nevent = status\ngroup = female\nstrata = none\n", &open, &got));
    table = whole_table(&got, "table");
    curve = whole_table(&got, "curve");
    tests = whole_table(&got, "tests");
    CHECK(strcmp(fed_cell(table, 0, "median"), "270") == 0 && strcmp(fed_cell(table, 1, "median"), "426") == 0 && strcmp(fed_cell(table, 0, "people"), "138") == 0);
    CHECK(strcmp(fed_cell(table, 0, "events"), "112") == 0 && strcmp(fed_cell(table, 1, "events"), "53") == 0);
    near(tests, 0, "chisq", 10.32674195, 1e-8);
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        double s = 1, se = 0;

        for (size_t row = 0; fed_cell(curve, row, "group")[0]; row++)
            if (strcmp(fed_cell(curve, row, "group"), want[k].group) == 0 && atof(fed_cell(curve, row, "time")) <= want[k].at) {
                s = atof(fed_cell(curve, row, "survival"));
                se = atof(fed_cell(curve, row, "se"));
            }
        CHECK_NEAR(s, want[k].s, 1e-9);
        CHECK_NEAR(se, want[k].se, 1e-9);
    }
    free(table);
    free(curve);
    free(tests);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

/* coxph(Surv(time, status) ~ age + sex + strata(site)) on lung over three sites, sites whole at their nodes; and pooled over sites. */
TEST(strata_and_none_equal_R_on_three_sites)
{
    static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ntime\tinteger\td\t0\t1200\t0\t\nstatus\tbinary\t\t\t\t\tcensored|dead\nage\tinteger\ta\t0\t120\t0\t\nfemale\tbinary\t\t\t\t\tno|yes\n";
    static const struct { const char *strata, *ties; double age, sex, age_se, sex_se, lr; } want[] = {
        { "none", "breslow", 0.0170128892, -0.5125647915, 0.009221953685, 0.1674620631, 2 * (750.1220189 - 743.0796542) },
        { "country", "breslow", 0.01697735071, -0.5560482114, 0.009327496815, 0.1716295527, 2 * (577.1775633 - 569.464019) },
        { "none", "efron", 0.01704533185, -0.5132185171, 0.009223273477, 0.1674579624, 2 * (749.9098014 - 742.8482458) },
        { "country", "efron", 0.01698975403, -0.5568810651, 0.009328782686, 0.1716209333, 2 * (577.0898694 - 569.3560937) },
    };
    csv            *c = read_csv("pda_lung2_3sites.csv");
    sund_thresholds open = fed_open_data();
    cohort         *p;
    world          *w;

    if (!c)
        return;
    p = cohort_new(c->n_row - 1, 1, dictionary, "\ttime\tstatus\tage\tfemale");
    cohort_variant(p, 0, 20, 1000, "A", "G");
    for (size_t i = 0; i < p->n; i++) {
        p->country[i] = c->cell[i + 1][0][4] == '1' ? "AA" : c->cell[i + 1][0][4] == '2' ? "BB" : "CC";
        cohort_values(p, i, "\t%s\t%s\t%s\t%s", c->cell[i + 1][1], c->cell[i + 1][2][0] == '1' ? "dead" : "censored", c->cell[i + 1][3], c->cell[i + 1][4][0] == '1' ? "yes" : "no");
    }
    w = world_real(p);
    for (size_t k = 0; k < 4; k++) {
        sund_buf got = { 0 };
        char     more[300], *cox, *tests;

        (void) snprintf(more, sizeof more, "analysis = survival\ntime = time\nevent = status\ncovariates = age, female\nstrata = %s\nties = %s\n", want[k].strata, want[k].ties);
        CHECK(fed_same(w, 3, true, more, &open, &got));
        cox = whole_table(&got, "cox");
        tests = whole_table(&got, "tests");
        near(cox, 0, "beta", want[k].age, 1e-6);
        near(cox, 1, "beta", want[k].sex, 1e-6);
        near(cox, 0, "se", want[k].age_se, 1e-6);
        near(cox, 1, "se", want[k].sex_se, 1e-6);
        near(tests, 0, "chisq", want[k].lr, 1e-6);
        free(cox);
        free(tests);
        sund_buf_free(&got);
    }
    free(w);
    cohort_free(p);
    csv_free(c);
}

TEST(a_category_and_eight_covariates_equal_R)
{
    static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ntime\tinteger\td\t0\t1000\t0\t\nstatus\tbinary\t\t\t\t\tcensored|dead\ntrt\tinteger\t1\t1\t2\t0\t\n"
                                     "celltype\tcategory\t\t\t\t\tsquamous|smallcell|adeno|large\nkarno\tinteger\t1\t0\t100\t0\t\ndiag\tinteger\tmo\t0\t100\t0\t\nage\tinteger\ta\t0\t120\t0\t\nprior\tinteger\t1\t0\t10\t0\t\n";
    static const double beta[] = { 2.946028215e-01, 8.615604628e-01, 1.196066374e+00, 4.012916543e-01, -3.281532619e-02, 8.132051305e-05, -8.706474946e-03, 7.159360190e-03 };
    static const double se[] = { 0.207549603604, 0.275284474023, 0.300916994493, 0.282688638281, 0.005507756886, 0.009136062248, 0.009300299120, 0.023230538407 };
    csv            *c = read_csv("veteran.csv");
    sund_thresholds open = fed_open_data();
    sund_buf        got = { 0 };
    char           *cox;
    cohort         *p;
    world          *w;

    if (!c)
        return;
    p = cohort_new(c->n_row - 1, 1, dictionary, "\ttime\tstatus\ttrt\tcelltype\tkarno\tdiag\tage\tprior");
    cohort_variant(p, 0, 20, 1000, "A", "G");
    for (size_t i = 0; i < p->n; i++) {
        char **x = c->cell[i + 1];

        cohort_values(p, i, "\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", x[col(c, "time")], x[col(c, "status")][0] == '1' ? "dead" : "censored", x[col(c, "trt")], x[col(c, "celltype")], x[col(c, "karno")],
                      x[col(c, "diagtime")], x[col(c, "age")], x[col(c, "prior")]);
    }
    w = world_real(p);
    CHECK(fed_same(w, 3, false, "analysis = survival\ntime = time\nevent = status\ncovariates = trt, celltype, karno, diag, age, prior\nstrata = none\n", &open, &got));
    cox = whole_table(&got, "cox");
    for (size_t k = 0; k < 8; k++) {
        near(cox, k, "beta", beta[k], k == 5 ? 1e-5 : 1e-6);
        near(cox, k, "se", se[k], 1e-6);
    }
    free(cox);
    sund_buf_free(&got);
    free(w);
    cohort_free(p);
    csv_free(c);
}

/* ---- without R's data: simulated people ---- */

static const char sim_dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ntime\tinteger\td\t0\t3000\t0\t\ndied\tbinary\t\t\t\t\tno|yes\nage\tinteger\ta\t0\t120\t0\t\narm\tcategory\t\t\t\t\ta|b|c\nseparates\tbinary\t\t\t\t\tno|yes\n";

static cohort *simulate(size_t n)
{
    static const char *const country[] = { "DK", "EE", "FI", "SE", "IT" };
    cohort                  *c = cohort_new(n, 3, sim_dictionary, "\ttime\tdied\tage\tarm\tseparates");

    for (size_t j = 0; j < 3; j++)
        cohort_variant(c, j, 20, (uint32_t) (1000 + 100 * j), "A", "G");
    for (size_t i = 0; i < n; i++) {
        int    age = 30 + (int) (test_rand() % 50), g = 0, arm = (int) (test_rand() % 3);
        double u = ((double) (test_rand() >> 11) + 0.5) * 0x1p-53, t;
        bool   died;

        for (size_t j = 0; j < 3; j++) {
            c->gt[j * n + i] = (uint8_t) ((test_rand() % 12 == 0) + (test_rand() % 12 == 0));
            if (j == 2 && test_rand() % 25 == 0)
                c->gt[j * n + i] = SUND_GT_MISSING;
            g += c->gt[j * n + i] == SUND_GT_MISSING ? 0 : c->gt[j * n + i];
        }
        t = -log(u) * 1500.0 / exp(0.03 * (age - 55) + 0.7 * g);
        died = t < 2000;
        c->country[i] = country[i % 5];
        c->sex[i] = (uint8_t) (1 + test_rand() % 2);
        cohort_values(c, i, "\t%d\t%s\t%d\t%c\t%s", died ? (int) t : 1000 + (int) (test_rand() % 1000), died ? "yes" : "no", age, 'a' + arm, died ? "yes" : "no");
    }
    return c;
}

TEST(carriers_are_found_and_every_split_agrees)
{
    static const struct { const char *more; bool whole, open; } study[] = {
        { "strata = none\ncovariates = age\n", false, true },
        { "strata = none\ncovariates = age, arm\ncoding = carrier\n", false, false },
        { "strata = country\ncovariates = age\n", true, true },
        { "strata = country\ncovariates = age\ngroup = arm\n", true, false },
    };
    cohort *c = simulate(900);
    world  *w = world_real(c);

    for (size_t k = 0; k < sizeof study / sizeof *study; k++) {
        sund_thresholds t = study[k].open ? fed_open_data() : sund_thresholds_default();
        char            more[400], *cox;
        sund_buf        got = { 0 };
        double          beta = 0, se = 1;

        (void) snprintf(more, sizeof more, "analysis = survival\ntime = time\nevent = died\nvariants = 20-1000-A-G, 20-1100-A-G, 20-1200-A-G\n%s", study[k].more);
        CHECK(fed_same(w, 5, study[k].whole, more, &t, NULL));
        CHECK(fed_same(w, 3, study[k].whole, more, &t, &got));
        cox = whole_table(&got, "cox");
        for (size_t row = 0; cox && fed_cell(cox, row, "term")[0]; row++)
            if (strcmp(fed_cell(cox, row, "term"), "carrier") == 0 || strcmp(fed_cell(cox, row, "term"), "alternate alleles") == 0) {
                beta = atof(fed_cell(cox, row, "beta"));
                se = atof(fed_cell(cox, row, "se"));
            }
        CHECK(fabs(beta - (k == 1 ? 0.8 : 0.7)) < 4 * se + (k == 1 ? 0.2 : 0));
        free(cox);
        sund_buf_free(&got);
    }
    free(w);
    cohort_free(c);
}

/* Score and information from each event's risk set, person by person. */
TEST(sums_over_times_equal_a_walk_over_risk_sets)
{
    enum { N = 120, K = 2 };
    int64_t   x[N][K], w[N];
    int       time[N];
    bool      event[N];
    sund_i128 lane[40 * (1 + K + 2 * (1 + K + K * (K + 1) / 2))] = { 0 };
    double    beta[K] = { 0.02, -0.4 }, u[K] = { 0 }, info[K * K] = { 0 }, loglik = 0, want_u[K] = { 0 }, want_i[K * K] = { 0 }, want_l = 0;

    for (int i = 0; i < N; i++) {
        x[i][0] = (int64_t) (test_rand() % 41) - 20;
        x[i][1] = (int64_t) (test_rand() % 3);
        time[i] = (int) (test_rand() % 40);
        event[i] = test_rand() % 3 != 0;
        w[i] = (int64_t) floor(ldexp(exp(beta[0] * (double) x[i][0] + beta[1] * (double) x[i][1]), SUND_COX_W) + 0.5);
        sund_cox_add(K, lane + (size_t) time[i] * sund_cox_lanes(K), event[i], w[i], x[i]);
    }
    sund_cox_score(K, 40, lane, beta, false, u, info, &loglik);
    for (int i = 0; i < N; i++) {
        double s0 = 0, s1[K] = { 0 }, s2[K * K] = { 0 };

        for (int j = 0; j < N && event[i]; j++)
            if (time[j] >= time[i]) {
                double e = exp(beta[0] * (double) x[j][0] + beta[1] * (double) x[j][1]);

                s0 += e;
                for (int a = 0; a < K; a++)
                    s1[a] += e * (double) x[j][a];
                for (int a = 0; a < K * K; a++)
                    s2[a] += e * (double) x[j][a / K] * (double) x[j][a % K];
            }
        for (int a = 0; a < K && event[i]; a++) {
            want_u[a] += (double) x[i][a] - s1[a] / s0;
            want_l += beta[a] * (double) x[i][a];
        }
        for (int a = 0; a < K * K && event[i]; a++)
            want_i[a] += s2[a] / s0 - s1[a / K] * s1[a % K] / (s0 * s0);
        want_l -= event[i] ? log(s0) : 0;
    }
    for (int a = 0; a < K; a++)
        CHECK_NEAR(u[a], want_u[a], 1e-7);
    for (int a = 0; a < K * K; a++)
        CHECK_NEAR(info[a], want_i[a], 1e-7);
    CHECK_NEAR(loglik, want_l, 1e-9);
}

TEST(what_cannot_be_fitted_says_why)
{
    cohort         *c = simulate(300);
    world          *w = world_real(c);
    sund_thresholds open = fed_open_data();
    sund_buf        got = { 0 };
    char           *cox;

    CHECK(fed_same(w, 3, false, "analysis = survival\ntime = time\nevent = died\ncovariates = separates\nstrata = none\n", &open, &got));
    cox = whole_table(&got, "cox");
    CHECK(strcmp(fed_cell(cox, 0, "beta"), "NA") == 0 && strstr(fed_cell(cox, 0, "note"), "separates"));
    free(cox);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

static bool refused(const char *lines, const char *says)
{
    char text[600];

    (void) snprintf(text, sizeof text, "analysis = survival\ntime = time\nevent = died\n%s", lines);
    return study_refused(text, says);
}

TEST(lines_that_nothing_reads_are_refused)
{
    CHECK(refused("coding = carrier\ncovariates = age\n", "coding: nothing reads it without 'variants'"));
    CHECK(refused("coding = additive\n", "coding: nothing reads it"));
    CHECK(refused("group = arm\nties = efron\n", "ties: nothing reads it without Cox"));
    CHECK(!refused("ties = breslow\ncovariates = age\n", ""));
    CHECK(!refused("ties = breslow\ncoding = carrier\nvariants = 20-1000-A-G\n", ""));
}

TEST(controlled_curves_are_rounded_and_rest_on_ten)
{
    cohort         *c = simulate(600);
    world          *w = world_real(c);
    sund_thresholds closed = sund_thresholds_default();
    sund_buf        got = { 0 };
    char           *curve;

    CHECK(fed_same(w, 3, false, "analysis = survival\ntime = time\nevent = died\ngroup = arm\nstrata = none\n", &closed, &got));
    curve = whole_table(&got, "curve");
    for (size_t row = 0; curve && fed_cell(curve, row, "group")[0]; row++) {
        int at_risk = atoi(fed_cell(curve, row, "at_risk")), events = atoi(fed_cell(curve, row, "events"));

        CHECK(at_risk % 6 == 3 && events % 3 == 0);
    }
    free(curve);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}
