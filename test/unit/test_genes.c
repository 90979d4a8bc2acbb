/* Gene sets over federations: the SKAT package's example as published; a dense second computation; any split gives the same bytes; masks; what the gate hides; what cannot
 * be asked. */
#include "dense.h"
#include "fed.h"
#include "stats/skat.h"
#include "test.h"

static double unit(void) { return (double) (test_rand() >> 11) * 0x1p-53; }

static void put_file(world *w, const char *text)
{
    sund_buf_put(&w->file[w->n_file], text, strlen(text));
    w->n_file++;
}

static const char *digest_of(const char *text)
{
    static char hex[2][65];
    static int  turn;
    sund_digest d = sund_digest_of(text, strlen(text));

    turn ^= 1;
    (void) snprintf(hex[turn], sizeof hex[0], "%s", sund_digest_hex(&d).s);
    return hex[turn];
}

static void world_end(world *w, cohort *c)
{
    for (size_t i = 0; i < w->n_file; i++)
        sund_buf_free(&w->file[i]);
    free(w);
    cohort_free(c);
}

static void near(const char *table, size_t row, const char *column, double want, double rel)
{
    CHECK_NEAR(atof(fed_cell(table, row, column)), want, rel);
}

TEST(skat_example_over_three_nodes_equals_published)
{
    static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nyc\treal\tu\t-9\t9\t6\t\nyb\tbinary\t\t\t\t\tno|yes\nx1\tbinary\t\t\t\t\tno|yes\nx2\treal\tu\t-9\t9\t6\t\n";
    static const char genes[] = "## one gene\n#gene\tchrom\tstart\tend\tstrand\n# a comment\nG1\tchr20\t1000\t2000\t+\nEMPTY\t20\t5000\t6000\t-\nELSEWHERE\tHSCHR1\t1\t2\t+\n";
    example          *e = read_example();
    sund_thresholds   open = fed_open_data();
    sund_buf          got = { 0 };
    cohort           *c;
    world            *w;
    char              more[600], *table;

    if (!e)
        return;
    c = cohort_new(S_N, S_M, dictionary, "\tyc\tyb\tx1\tx2");
    for (int j = 0; j < S_M; j++) {
        cohort_variant(c, (size_t) j, 20, (uint32_t) (1000 + j), "A", "G");
        for (int i = 0; i < S_N; i++)
            c->gt[j * S_N + i] = (uint8_t) e->z[i][j];
    }
    for (int i = 0; i < S_N; i++)
        cohort_values(c, (size_t) i, "\t%.6f\t%s\t%s\t%.6f", e->yc[i], e->yb[i] > 0 ? "yes" : "no", e->x[i][1] > 0 ? "yes" : "no", e->x[i][2]);
    w = world_real(c);
    put_file(w, genes);
    (void) snprintf(more, sizeof more, "analysis = genes\noutcome = yc\ncovariates = x1, x2\nstrata = none\ncollapse = 0\nmax_af = 0.5\ngenes = %s\n", digest_of(genes));
    CHECK(fed_same(w, 3, false, more, &open, &got));
    table = whole_table(&got, "table");
    CHECK(strcmp(fed_cell(table, 0, "markers"), "67") == 0);
    CHECK_NEAR(pow(10, -atof(fed_cell(table, 0, "skat_nlog10p"))), 0.002877041, 2e-8 / 0.002877041);
    CHECK(strcmp(fed_cell(table, 0, "gene"), "G1") == 0 && strcmp(fed_cell(table, 0, "note"), ".") == 0 && strcmp(fed_cell(table, 1, "gene"), "") == 0);
    free(table);
    sund_buf_free(&got);
    (void) snprintf(more, sizeof more, "analysis = genes\noutcome = yb\ncovariates = x1, x2\nstrata = none\ncollapse = 0\nmax_af = 0.5\ngenes = %s\n", digest_of(genes));
    CHECK(fed_same(w, 3, false, more, &open, &got));
    table = whole_table(&got, "table");
    CHECK_NEAR(pow(10, -atof(fed_cell(table, 0, "skat_nlog10p"))), 0.1401991, 2e-6);
    CHECK_NEAR(pow(10, -atof(fed_cell(table, 0, "burden_nlog10p"))), 0.06095529, 2e-6);
    CHECK_NEAR(pow(10, -atof(fed_cell(table, 0, "skato_nlog10p"))), 0.1008976, 1e-3);
    free(table);
    sund_buf_free(&got);
    world_end(w, c);
    free(e);
}

/* Simulated people: five countries; genes A and B that overlap, C of common variants too, D that few carry. Some variants' minor allele is the reference; calls are missing. */
enum { P_M = 70, P_COUNTRIES = 5 };
static const char        sim_dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nheight\treal\tcm\t50\t250\t2\t\nill\tbinary\t\t\t\t\tno|yes\nage\tinteger\ta\t0\t120\t0\t\n";
static const char *const country_name[P_COUNTRIES] = { "DK", "EE", "FI", "IT", "SE" };
static const char        sim_genes[] = "gene\tchrom\tstart\tend\nA\t20\t1000\t1290\nB\t20\t1200\t1490\nC\t20\t1500\t1649\nD\t20\t1650\t1699\nNONE\t20\t5000\t5001\n";

typedef struct truth { int country[2000], age[2000]; double height[2000]; bool ill[2000]; } truth;

static cohort *simulate(truth *p, size_t n)
{
    cohort *c = cohort_new(n, P_M, sim_dictionary, "\theight\till\tage");

    for (size_t j = 0; j < P_M; j++)
        cohort_variant(c, j, 20, (uint32_t) (1000 + 10 * j), j % 3 ? "A" : "C", "G");
    for (size_t i = 0; i < n; i++) {
        double burden = 0;

        p->country[i] = (int) (i % P_COUNTRIES);
        for (size_t j = 0; j < P_M; j++) {
            static const double rare[] = { 0.001, 0.002, 0.004, 0.009, 0.02, 0.0005 };
            double              f = (j >= 50 && j < 65 ? 4 : 1) * rare[j % 6] * (p->country[i] == 2 ? 2 : 1);
            uint8_t             g;

            f = j >= 65 ? 0.0009 : f;
            g = (uint8_t) ((unit() < f) + (unit() < f));
            burden += g * (j < 40 ? 0.5 : 0);
            if (j % 7 == 3)
                g = (uint8_t) (2 - g);
            if (j % 5 == 0 && unit() < 0.03)
                g = SUND_GT_MISSING;
            c->gt[j * n + i] = g;
        }
        p->age[i] = 30 + (int) (unit() * 50);
        p->height[i] = floor((170 + 0.1 * p->age[i] + 2 * p->country[i] + burden + 6 * (unit() + unit() + unit() - 1.5)) * 100 + 0.5) / 100;
        p->ill[i] = unit() < 1 / (1 + exp(1.5 - 0.3 * p->country[i] - 0.02 * (p->age[i] - 50) - burden));
        c->country[i] = country_name[p->country[i]];
        c->sex[i] = (uint8_t) (1 + i % 2);
        cohort_values(c, i, "\t%.2f\t%s\t%d", p->height[i], p->ill[i] ? "yes" : "no", p->age[i]);
    }
    return c;
}

/* A dense second computation of one gene: variants in[] of the mask. */
typedef struct second { int m; int64_t carriers; double beta, least; sund_skat t; } second; /* least: minor alleles that a marker expects among the cases, or the controls */

static int64_t minor_of(const cohort *c, size_t j, bool *flip, int64_t *an, double *mean)
{
    int64_t ac = 0, called = 0;

    for (size_t i = 0; i < c->n; i++)
        if (c->gt[j * c->n + i] != SUND_GT_MISSING) {
            ac += c->gt[j * c->n + i];
            called++;
        }
    *an = 2 * called;
    *flip = 2 * ac > *an;
    ac = *flip ? *an - ac : ac;
    *mean = (double) ac / (double) called;
    return ac;
}

/** Of the burden whose weights are parts of the greatest one. */
static double dense_beta(int m, const double *w, const double *u, const double *v)
{
    double top = 0, wu = 0, wvw = 0;

    for (int j = 0; j < m; j++)
        top = fmax(top, w[j]);
    for (int a = 0; a < m; a++) {
        wu += w[a] / top * u[a];
        for (int b = 0; b < m; b++)
            wvw += w[a] / top * v[a * m + b] * w[b] / top;
    }
    return wu / wvw;
}

static double least_expected(int n, const double *y, int m, const double *maf)
{
    double n_case = 0, least = INFINITY;

    for (int i = 0; i < n; i++)
        n_case += y[i];
    for (int j = 0; j < m; j++)
        least = fmin(least, 2 * maf[j] * fmin(n_case, n - n_case));
    return least;
}

static void dense_gene(const cohort *c, const truth *p, const bool *in, bool strata, bool logistic, bool equal, int collapse, double max_af, second *out)
{
    int     n = (int) c->n, k = strata ? 1 + P_COUNTRIES : 2, m = 0;
    double *g = calloc((size_t) (n * P_M), sizeof *g), *x = calloc((size_t) (n * k), sizeof *x), *y = calloc((size_t) n, sizeof *y), *r = calloc((size_t) n, sizeof *r),
           *wt = calloc((size_t) n, sizeof *wt), *most = calloc((size_t) n, sizeof *most), maf[P_M], w[P_M], u[P_M], v[P_M * P_M], room[SUND_SKAT_ROOM(P_M)], dense[P_M], s2;
    bool   *carries = calloc((size_t) n, 1);

    memset(out, 0, sizeof *out);
    for (size_t j = 0; j < P_M; j++) {
        bool    flip;
        int64_t an, mac;
        double  mean, own[P_COUNTRIES] = { 0 }, called[P_COUNTRIES] = { 0 };

        mac = minor_of(c, j, &flip, &an, &mean);
        if (!in[j] || mac == 0 || (double) mac > max_af * (double) an)
            continue;
        for (int i = 0; i < n; i++) {
            int code = c->gt[j * c->n + (size_t) i];

            if (code == SUND_GT_MISSING)
                continue;
            code = flip ? 2 - code : code;
            carries[i] |= code > 0;
            own[p->country[i]] += code;
            called[p->country[i]]++;
            if (mac <= collapse)
                most[i] = fmax(most[i], code);
            else
                g[i * P_M + m] = code;
        }
        for (int i = 0; i < n && mac > collapse; i++)
            if (c->gt[j * c->n + (size_t) i] == SUND_GT_MISSING)
                g[i * P_M + m] = strata ? own[p->country[i]] / called[p->country[i]] : mean;
        if (mac > collapse)
            maf[m++] = (double) mac / (double) an;
    }
    s2 = 0;
    for (int i = 0; i < n; i++) {
        s2 += most[i];
        out->carriers += carries[i];
    }
    if (s2 > 0) {
        for (int i = 0; i < n; i++)
            g[i * P_M + m] = most[i];
        maf[m++] = s2 / (2 * n);
    }
    out->m = m;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < m; j++)
            dense[j] = g[i * P_M + j];
        memcpy(g + i * m, dense, (size_t) m * sizeof *dense);
        x[i * k] = p->age[i] - 50;
        x[i * k + 1 + (strata ? p->country[i] : 0)] = 1;
        y[i] = logistic ? p->ill[i] : p->height[i];
    }
    for (int j = 0; j < m; j++)
        w[j] = equal ? 1 : 25 * pow(1 - maf[j], 24);
    s2 = null_model(n, k, x, y, logistic, r, wt);
    dense_scores(n, m, k, g, x, r, wt, u, v);
    out->beta = dense_beta(m, w, u, v);
    out->least = least_expected(n, y, m, maf);
    if (m > 0 && sund_skat_tests((size_t) m, u, v, s2, w, maf, room, &out->t, NULL) != SUND_OK)
        abort();
    free(g);
    free(x);
    free(y);
    free(r);
    free(wt);
    free(most);
    free(carries);
}

static void check_gene(const char *table, size_t row, const second *want, double rel)
{
    near(table, row, "markers", want->m, 0);
    near(table, row, "carriers", (double) want->carriers, 0);
    near(table, row, "burden_beta", want->beta, rel);
    near(table, row, "burden_se", want->t.se, rel);
    near(table, row, "burden_nlog10p", want->t.burden, rel);
    near(table, row, "skat_nlog10p", want->t.skat, rel);
    near(table, row, "skato_nlog10p", want->t.skato, rel);
    near(table, row, "acatv_nlog10p", want->t.acatv, rel);
}

static const struct { const char *more; bool strata, logistic, equal; int collapse; double max_af, rel; } sim_study[] = {
    { "outcome = height\nstrata = country\n", true, false, false, 10, 0.01, 1e-6 },
    { "outcome = height\nstrata = none\nmax_af = 0.5\nweights = equal\nchunk = 9\n", false, false, true, 10, 0.5, 1e-6 },
    { "outcome = height\nstrata = country\ncollapse = 4\nmax_af = 0.05\nchunk = 1\n", true, false, false, 4, 0.05, 1e-6 },
    { "outcome = ill\nstrata = country\n", true, true, false, 10, 0.01, 1e-5 },
    { "outcome = ill\nstrata = none\nmax_af = 0.5\nweights = equal\n", false, true, true, 10, 0.5, 1e-5 },
    { "outcome = ill\nstrata = none\nmax_af = 0.5\nweights = equal\ncollapse = 90\n", false, true, true, 90, 0.5, 1e-5 },
};

TEST(genes_equal_a_dense_second_computation_and_any_split)
{
    static truth    p;
    sund_thresholds open = fed_open_data();
    cohort         *c = simulate(&p, 1100);
    world          *w = world_real(c);
    int             few[2] = { 0, 0 };

    put_file(w, sim_genes);
    for (size_t s = 0; s < sizeof sim_study / sizeof *sim_study; s++) {
        sund_buf got = { 0 };
        char     more[700], *table;

        (void) snprintf(more, sizeof more, "analysis = genes\ncovariates = age\ngenes = %s\n%s", digest_of(sim_genes), sim_study[s].more);
        CHECK(fed_same(w, 5, sim_study[s].strata, more, &open, NULL));
        CHECK(fed_same(w, 3, sim_study[s].strata, more, &open, &got));
        table = whole_table(&got, "table");
        for (size_t g = 0; g < 4 && table; g++) {
            static const size_t from[] = { 0, 20, 50, 65 }, to[] = { 30, 50, 65, 70 };
            bool                in[P_M] = { false };
            second              want;

            for (size_t j = from[g]; j < to[g]; j++)
                in[j] = true;
            dense_gene(c, &p, in, sim_study[s].strata, sim_study[s].logistic, sim_study[s].equal, sim_study[s].collapse, sim_study[s].max_af, &want);
            check_gene(table, g, &want, sim_study[s].rel);
            few[want.least < 10] += sim_study[s].logistic;
            CHECK((strncmp(fed_cell(table, g, "note"), "p-values may be too small", 25) == 0) == (sim_study[s].logistic && want.least < 10));
        }
        CHECK(table && strcmp(fed_cell(table, 4, "gene"), "") == 0);
        free(table);
        sund_buf_free(&got);
    }
    CHECK(few[0] > 0 && few[1] > 0);
    world_end(w, c);
}

/* Why a study on one store gives no result; "" when it does. */
static const char *why_not(const world *w, const char *more, const sund_thresholds *t)
{
    static sund_err why;
    static int      folders = 100;
    fed            *f = fed_even(w, 3, t);
    sund_store     *store = NULL;
    sund_people    *people = NULL;
    sund_release   *r = NULL;
    sund_study     *s = calloc(1, sizeof *s);
    sund_local_run  run = { .study = s, .catalogue = f->catalogue, .file = fed_file, .file_ctx = f, .thresholds = t, .key = &f->anna.key, .n_thread = 2 };
    char            text[4096];
    const sund_analysis *a;

    folders++;
    for (size_t i = 0; i < w->n_file; i++)
        (void) fed_publish(f, w->file[i].p, w->file[i].n);
    study_text(f, more, text, sizeof text);
    world_store(w, fed_path("why", folders), NULL, -1);
    world_people(w, fed_path("why-people", folders), NULL, -1);
    MUST(sund_store_open(&store, fed_path("why", folders), err));
    MUST(sund_people_open(&people, fed_path("why-people", folders), err));
    MUST(sund_analysis_find("genes", &a, err));
    run.store = store;
    run.people = people;
    why = (sund_err){ SUND_OK, "" };
    if (sund_study_parse(s, "study", text, strlen(text), &why) == SUND_OK && a->check(s, &why) == SUND_OK && sund_study_run_local(&run, &r, &why) == SUND_OK)
        why.msg[0] = 0;
    sund_release_free(r);
    sund_store_close(store);
    sund_people_close(people);
    free(s);
    fed_close(f);
    return why.msg;
}

static bool says(const world *w, const char *lines, const char *genes, const char *classes, const sund_thresholds *t, const char *what)
{
    char        more[900], line[120] = "";
    const char *why;

    if (classes)
        (void) snprintf(line, sizeof line, "classes = %s\n", digest_of(classes));
    (void) snprintf(more, sizeof more, "analysis = genes\ngenes = %s\n%s%s", digest_of(genes), line, lines);
    why = why_not(w, more, t);
    if (!strstr(why, what) || (!*what && *why))
        fprintf(stderr, "# %s: '%s', want '%s'\n", lines, why, what);
    return *what ? strstr(why, what) != NULL : !*why;
}

static const char sim_classes[] = "# classes of the simulated variants\nvariant\tgene\tclass\tother\n"
                                  "20-1010-A-G\tA\tpLoF\t.\n20-1020-A-G\tA\tmissense\t.\n20-1040-A-G\tA\tsynonymous\t.\n20-1100-A-G\tA\tpLoF\t.\n20-1100-A-G\tA\tpLoF\tagain\n20-1220-A-G\tA\tpLoF\t.\n"
                                  "20-1220-A-G\tB\tpLoF\t.\n20-1280-A-G\tA\tmissense\t.\n20-1280-A-G\tB\tmissense\t.\n20-1310-A-G\tB\tmissense\t.\n20-1340-A-G\tB\tpLoF\t.\n20-1400-A-G\tA\tpLoF\tbeyond\n"
                                  "20-1510-A-T\tC\tpLoF\tnot in the catalogue\n20-1550-A-G\tUNKNOWN\tpLoF\t.\n";

TEST(masks_choose_by_class_and_gene)
{
    static truth    p;
    sund_thresholds open = fed_open_data();
    cohort         *c = simulate(&p, 800);
    world          *w = world_real(c);
    sund_buf        got = { 0 };
    char            more[700], *table;
    static const size_t in_a[] = { 1, 2, 10, 22, 28 }, in_b[] = { 22, 28, 31, 34 };
    bool            in[P_M] = { false };
    second          want;

    put_file(w, sim_genes);
    put_file(w, sim_classes);
    (void) snprintf(more, sizeof more, "analysis = genes\noutcome = height\ncovariates = age\nstrata = country\nmax_af = 0.05\ngenes = %s\nclasses = %s\nmask = pLoF|missense\n", digest_of(sim_genes),
                    digest_of(sim_classes));
    CHECK(fed_same(w, 3, true, more, &open, &got));
    table = whole_table(&got, "table");
    CHECK(table && strcmp(fed_cell(table, 0, "gene"), "A") == 0 && strcmp(fed_cell(table, 1, "gene"), "B") == 0 && strcmp(fed_cell(table, 2, "gene"), "") == 0);
    for (size_t k = 0; k < 5; k++)
        in[in_a[k]] = true;
    dense_gene(c, &p, in, true, false, false, 10, 0.05, &want);
    check_gene(table, 0, &want, 1e-6);
    memset(in, 0, sizeof in);
    for (size_t k = 0; k < 4; k++)
        in[in_b[k]] = true;
    dense_gene(c, &p, in, true, false, false, 10, 0.05, &want);
    check_gene(table, 1, &want, 1e-6);
    free(table);
    sund_buf_free(&got);
    world_end(w, c);
}

/* Under the gate single markers have twenty minor alleles, collapsed ones and genes twenty carriers. */
TEST(controlled_genes_rest_on_twenty_carriers)
{
    static truth    p;
    sund_thresholds closed = sund_thresholds_default();
    cohort         *c = simulate(&p, 1600);
    world          *w = world_real(c);
    sund_buf        got = { 0 };
    char            more[700], *table;
    bool            in[P_M] = { false };
    second          want;

    put_file(w, sim_genes);
    (void) snprintf(more, sizeof more, "analysis = genes\noutcome = height\ncovariates = age\nstrata = country\nmax_af = 0.05\ngenes = %s\n", digest_of(sim_genes));
    CHECK(fed_same(w, 3, true, more, &closed, &got));
    table = whole_table(&got, "table");
    for (size_t j = 0; j < 30; j++)
        in[j] = true;
    dense_gene(c, &p, in, true, false, false, 19, 0.05, &want);
    check_gene(table, 0, &want, 5e-5); /* five digits */
    memset(in, 0, sizeof in);
    for (size_t j = 65; j < 70; j++)
        in[j] = true;
    dense_gene(c, &p, in, true, false, false, 19, 0.05, &want);
    CHECK(want.carriers > 0 && want.carriers < 20); /* D: the same whether nobody or nine carry */
    CHECK(strcmp(fed_cell(table, 3, "carriers"), "below 10") == 0 && strcmp(fed_cell(table, 3, "markers"), "below 10") == 0);
    CHECK(strcmp(fed_cell(table, 3, "skato_nlog10p"), "NA") == 0 && strcmp(fed_cell(table, 3, "note"), "too few carriers") == 0);
    free(table);
    sund_buf_free(&got);
    world_end(w, c);
}

TEST(more_markers_than_a_tenth_of_the_people_are_refused_by_gene)
{
    static truth    p;
    sund_thresholds closed = sund_thresholds_default();
    cohort         *c = simulate(&p, 100);
    world          *w = world_real(c);
    sund_buf        got = { 0 };
    char            more[500], *table;

    for (size_t j = 0; j < P_M; j++) /* common ones */
        for (size_t i = 0; i < c->n; i++)
            c->gt[j * c->n + i] = (uint8_t) (test_rand() % 3);
    put_file(w, sim_genes);
    (void) snprintf(more, sizeof more, "analysis = genes\noutcome = height\ncovariates = age\nstrata = none\nmax_af = 0.5\ngenes = %s\n", digest_of(sim_genes));
    CHECK(fed_same(w, 3, false, more, &closed, &got));
    table = whole_table(&got, "table");
    CHECK(strcmp(fed_cell(table, 0, "note"), "more markers than a tenth of the people") == 0 && strcmp(fed_cell(table, 0, "skat_nlog10p"), "NA") == 0);
    free(table);
    sund_buf_free(&got);
    world_end(w, c);
}

TEST(what_cannot_be_asked_says_why)
{
    static truth    p;
    sund_thresholds open = fed_open_data(), closed = sund_thresholds_default();
    cohort         *c = simulate(&p, 100);
    world          *w;
    static const struct { const char *genes, *what; } table[] = {
        { "gene\tchrom\tstart\n", "end" },
        { "gene\tchrom\tstart\tend\nA\t20\t0\t10\n", "row 1" },
        { "gene\tchrom\tstart\tend\nA\t20\t1\t10\nB\t20\t20\t10\n", "row 2" },
        { "gene\tchrom\tstart\tend\nA\t20\t1\t99999999\n", "row 1" },
        { "gene\tchrom\tstart\tend\nA B\t20\t1\t10\n", "row 1" },
        { "gene\tchrom\tstart\tend\nA\t20\t1\t10\n", "no variant of the catalogue lies in a gene" },
        { "# nothing\n", "empty" },
        { "gene\tchrom\tstart\tend\nA\tX\t5000000\t5000100\n", "add 'sex' to the covariates" },
    };

    cohort_variant(c, P_M - 1, SUND_X, 5000000, "A", "G");
    for (size_t i = 0; i < c->n; i++) /* one woman carries one */
        c->gt[(P_M - 1) * c->n + i] = i == 1;
    w = world_real(c);
    put_file(w, sim_genes);
    put_file(w, sim_classes);
    CHECK(says(w, "outcome = height\ncovariates = age\nstrata = none\n", sim_genes, NULL, &open, ""));
    CHECK(says(w, "outcome = height\ncovariates = height\n", sim_genes, NULL, &open, "both the outcome and a covariate"));
    CHECK(says(w, "covariates = age\n", sim_genes, NULL, &open, "one outcome"));
    CHECK(says(w, "outcome = height\nmissing = drop\n", sim_genes, NULL, &open, "'missing'"));
    CHECK(says(w, "outcome = height\nmask = pLoF\n", sim_genes, NULL, &open, "'classes'"));
    CHECK(says(w, "outcome = height\nmask = pLoF|lof\n", sim_genes, sim_classes, &open, "'lof'"));
    CHECK(says(w, "outcome = height\nmax_af = 0.6\n", sim_genes, NULL, &open, "max_af"));
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        w->n_file = 2;
        put_file(w, table[k].genes);
        CHECK(says(w, "outcome = height\ncovariates = age\nstrata = none\n", table[k].genes, NULL, &open, table[k].what));
        sund_buf_free(&w->file[2]);
        w->n_file = 2;
    }
    CHECK(says(w, "outcome = height\ncovariates = age, height\n", sim_genes, NULL, &closed, "both"));
    world_end(w, c);
}
