/* Principal components: against SNPRelate's published matrix of HapMap people, a dense decomposition in plain doubles, and pruning in plain doubles; any
 * split of people; what the gate refuses; scores at home that a later study uses. */
#include "studies.h"
#include "math/eigen.h"
#include "math/linalg.h"
#include "stats/krylov.h"
#include "stats/ld.h"
#include "study/pca_priv.h"
#include "test.h"

static const char HAPMAP[] = "../shared/data/hapmap279/hapmap279_9088.vcf.gz";
static const char GENMAT[] = "../shared/data/hapmap279/expected_pca_genmat_first90.csv.gz";
enum { N90 = 90 };

static const char *keep_text(const char *s)
{
    static char  *kept[40000];
    static size_t n;

    if (n == sizeof kept / sizeof *kept)
        abort();
    return kept[n++] = strdup(s);
}

static FILE *unpacked(const char *path)
{
    char  cmd[300];
    FILE *f = NULL;

    if (access(path, R_OK) == 0) {
        (void) snprintf(cmd, sizeof cmd, "zcat %s", path);
        f = popen(cmd, "r");
    }
    if (!f)
        printf("# skipped: no shared data\n");
    return f;
}

/** The first 90 people of HapMap over all its SNPs; NULL without the data. */
static cohort *hapmap(void)
{
    static char line[8192];
    uint32_t    at_bp = 0;
    cohort     *c;
    FILE       *f = unpacked(HAPMAP);

    if (!f)
        return NULL;
    c = cohort_new(N90, 9088, "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\n", "");
    c->m = 0;
    while (fgets(line, sizeof line, f)) {
        char *at = line, *cell[9];

        if (line[0] == '#')
            continue;
        for (size_t k = 0; k < 9; k++)
            cell[k] = strsep(&at, "\t");
        if (atoi(cell[0]) < 1 || atoi(cell[0]) > 22)
            continue;
        at_bp = c->m && c->variant[c->m - 1].contig == atoi(cell[0]) ? at_bp + 1000 : 1000; /* its own positions are of an older assembly */
        cohort_variant(c, c->m, atoi(cell[0]), at_bp, keep_text(cell[3]), keep_text(cell[4]));
        for (size_t i = 0; i < N90; i++) {
            const char *gt = strsep(&at, "\t");

            c->gt[c->m * N90 + i] = gt[0] == '.' ? SUND_GT_MISSING : (uint8_t) ((gt[0] == '1') + (gt[2] == '1'));
        }
        c->m++;
    }
    (void) pclose(f);
    for (size_t i = 0; i < N90; i++)
        c->country[i] = i % 3 == 0 ? "FI" : i % 3 == 1 ? "SE" : "DK";
    return c;
}

/** Row of a person in a cohort: P00012. */
static size_t row_of(const char *person) { return (size_t) atoi(person + 1); }

/** Component k's score of everybody (NAN where there is none), from the nodes' databases after a study. */
static void home_scores(fed *f, const sund_digest *study, size_t k, double *out, size_t n)
{
    sund_cohort *all = NULL;
    char         name[64];

    for (size_t i = 0; i < n; i++)
        out[i] = NAN;
    (void) snprintf(name, sizeof name, "pc%zu_%.8s", k + 1, sund_digest_hex(study).s);
    MUST(sund_cohort_parse(&all, "all", err));
    for (size_t i = 0; i < f->n; i++) {
        sund_person_set set = { 0 };
        sund_var        var;
        int64_t        *raw;

        MUST(sund_people_var(f->node[i].people, name, &var, err));
        CHECK(var.type == SUND_VAR_REAL && var.decimals == 6 && var.min == -32000000 && var.max == 32000000);
        MUST(sund_people_select(f->node[i].people, all, "general-research", &set, err));
        raw = calloc(set.n + 1, sizeof *raw);
        MUST(sund_people_values(f->node[i].people, &var, &set, raw, err));
        for (size_t m = 0; m < set.n; m++)
            if (raw[m] != SUND_VALUE_MISSING)
                out[row_of(set.name[m])] = (double) raw[m] / 1e6;
        free(raw);
        sund_person_set_free(&set);
    }
    sund_cohort_free(all);
}

/** |x . y| / (|x| |y|) */
static double alike(const double *x, const double *y, size_t n)
{
    double xy = 0, xx = 0, yy = 0;

    for (size_t i = 0; i < n; i++) {
        xy += x[i] * y[i];
        xx += x[i] * x[i];
        yy += y[i] * y[i];
    }
    return fabs(xy) / sqrt(xx * yy);
}

static bool read_matrix(double *a)
{
    static char line[8192];
    FILE       *f = unpacked(GENMAT);
    size_t      row = 0;

    for (; f && fgets(line, sizeof line, f);) {
        char *at = line;

        if (line[0] == '"' || row == N90)
            continue;
        for (size_t k = 0; k < N90; k++)
            a[row * N90 + k] = strtod(at, &at), at += *at == ',';
        row++;
    }
    if (f)
        (void) pclose(f);
    return row == N90;
}

TEST(hapmaps_eigenvalues_and_vectors_are_the_published_ones)
{
    static const double want[] = { 11.291359, 5.551470, 1.553496, 1.548486, 1.539742 };
    static const char   more[] = "analysis = pca\ncomponents = 5\nblock = 20\nrounds = 6\nmin_maf = 0\nmax_missing = 1\nr2 = 1\n";
    static double       a[N90 * N90], value[N90], vector[N90 * N90], score[N90];
    cohort             *c = hapmap();
    world              *w;
    fed                *f;
    sund_buf            got;
    char               *table;
    sund_thresholds     open = fed_open_data();

    if (!c)
        return;
    w = world_real(c);
    f = fed_even_open(w, 3);
    fed_ask(f, more);
    fed_run(f);
    got = fed_release(f);
    table = whole_table(&got, "table");
    CHECK(read_matrix(a));
    CHECK(sund_sym_eigen(N90, a, value, vector, NULL) == SUND_OK);
    for (size_t k = 0; table && k < 5; k++) {
        CHECK(fabs(atof(fed_cell(table, k, "eigenvalue")) - want[k]) < 2e-6);
        CHECK_NEAR(atof(fed_cell(table, k, "eigenvalue")), value[k], 2e-7);
        home_scores(f, &f->study, k, score, N90);
        printf("# PC%zu %s residual %s, 1 - |r| %.2g\n", k + 1, fed_cell(table, k, "eigenvalue"), fed_cell(table, k, "residual"), 1 - alike(score, vector + k * N90, N90));
        CHECK(1 - alike(score, vector + k * N90, N90) < 1e-6);
    }
    CHECK(memmem(got.p, got.n, "\"variants\": 8695,", 17) != NULL); /* two of the polymorphic 8,697 have no call in the 90 */
    free(table);
    sund_buf_free(&got);
    fed_close(f);
    CHECK(fed_same(w, 5, false, more, &open, NULL));
    free(w);
    cohort_free(c);
}

/* ---- a structured cohort of this test's own ---- */

enum { MADE_N = 600, MADE_M = 360 };

/** Three groups of people, variants in linkage with their neighbours, some missing. */
static cohort *made(void)
{
    static const char *const country[] = { "DK", "EE", "FI", "SE", "IT" };
    cohort                  *c = cohort_new(MADE_N, MADE_M, "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ntrait\treal\t1\t-100\t100\t3\t\nage\tinteger\ta\t0\t120\t0\t\n", "\ttrait\tage");

    for (size_t i = 0; i < MADE_N; i++) {
        c->country[i] = country[i % 5];
        c->sex[i] = (uint8_t) (1 + i % 2);
        cohort_values(c, i, "\t%.3f\t%d", 3.0 * (double) (i / 200) + (double) (test_rand() % 4000) / 1000.0, 20 + (int) (test_rand() % 60));
    }
    for (size_t j = 0; j < MADE_M; j++) {
        double p[3];
        bool   copy = j % 4 && j % 120;

        cohort_variant(c, j, 1 + (int) (j / 120), 1000 + (uint32_t) j * 500, "A", "G");
        for (size_t g = 0; g < 3; g++)
            p[g] = 0.02 + 0.6 * (double) (test_rand() % 1000) / 1000.0;
        for (size_t i = 0; i < MADE_N; i++) {
            uint8_t *gt = &c->gt[j * MADE_N + i];

            *gt = 0;
            for (size_t h = 0; h < 2; h++)
                *gt = (uint8_t) (*gt + ((double) (test_rand() % 10000) / 10000.0 < p[i / 200]));
            if (copy && test_rand() % 100 < 60 && c->gt[(j - 1) * MADE_N + i] != SUND_GT_MISSING)
                *gt = c->gt[(j - 1) * MADE_N + i];
            if (j % 5 == 0 && test_rand() % 30 == 0)
                *gt = SUND_GT_MISSING;
        }
    }
    return c;
}

/** The same in plain doubles: pruned list, then all of the eigenpairs. */
typedef struct plain { size_t n; size_t at[MADE_M]; double mean[MADE_M], s[MADE_M], value[MADE_M], vector[MADE_M * MADE_M], trace; } plain;

static double centred(const cohort *c, size_t j, size_t i, double mean)
{
    uint8_t g = c->gt[j * c->n + i];

    return g == SUND_GT_MISSING ? 0 : g - mean;
}

static double plain_r2(const cohort *c, const plain *p, size_t a, size_t b)
{
    double xy = 0, xx = 0, yy = 0;

    for (size_t i = 0; i < c->n; i++) {
        double x = centred(c, a, i, p->mean[a]), y = centred(c, b, i, p->mean[b]);

        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    return xy * xy / (xx * yy);
}

static void plain_prune(const cohort *c, plain *p, double min_maf, double most_r2, size_t window)
{
    double maf[MADE_M];
    bool   keep[MADE_M];
    size_t at[MADE_M], n = 0;

    for (size_t j = 0; j < c->m; j++) {
        double sum = 0, called = 0;

        for (size_t i = 0; i < c->n; i++)
            if (c->gt[j * c->n + i] != SUND_GT_MISSING) {
                sum += c->gt[j * c->n + i];
                called++;
            }
        p->mean[j] = sum / called;
        p->s[j] = sqrt(p->mean[j] / 2 * (1 - p->mean[j] / 2));
        maf[j] = fmin(p->mean[j] / 2, 1 - p->mean[j] / 2);
        if (maf[j] >= min_maf)
            at[n++] = j;
        keep[j] = true;
    }
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n && b <= a + window; b++)
            if (keep[at[a]] && keep[at[b]] && c->variant[at[a]].contig == c->variant[at[b]].contig && plain_r2(c, p, at[a], at[b]) > most_r2)
                keep[maf[at[a]] < maf[at[b]] ? at[a] : at[b]] = false;
    p->n = 0;
    for (size_t a = 0; a < n; a++)
        if (keep[at[a]])
            p->at[p->n++] = at[a];
}

static void plain_eigen(const cohort *c, plain *p)
{
    double *a = calloc(p->n * p->n + 1, sizeof *a), *x = calloc(p->n * c->n + 1, sizeof *x);

    if (!a || !x)
        abort();
    p->trace = 0;
    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < c->n; i++) {
            x[k * c->n + i] = centred(c, p->at[k], i, p->mean[p->at[k]]) / p->s[p->at[k]];
            p->trace += x[k * c->n + i] * x[k * c->n + i];
        }
    for (size_t k = 0; k < p->n; k++)
        for (size_t l = 0; l < p->n; l++)
            for (size_t i = 0; i < c->n; i++)
                a[k * p->n + l] += x[k * c->n + i] * x[l * c->n + i];
    CHECK(sund_sym_eigen(p->n, a, p->value, p->vector, NULL) == SUND_OK);
    free(a);
    free(x);
}

static const char made_more[] = "analysis = pca\ncomponents = 3\nblock = 20\nrounds = 12\nr2 = 0.3\nwindow = 20\nmin_maf = 0.05\nmax_missing = 1\nrelease = loadings\n";

TEST(values_loadings_and_scores_equal_a_dense_decomposition)
{
    static plain    p;
    static double   score[MADE_N], want[MADE_N], load[MADE_M];
    cohort         *c = made();
    world          *w = world_real(c);
    fed            *f = fed_even_open(w, 3);
    sund_buf        got;
    char           *table, *loadings;

    plain_prune(c, &p, 0.05, 0.3, 20);
    plain_eigen(c, &p);
    printf("# %zu of %d variants are kept\n", p.n, MADE_M);
    CHECK(p.n > 80 && p.n < 300);
    fed_ask(f, made_more);
    fed_run(f);
    got = fed_release(f);
    table = whole_table(&got, "table");
    loadings = whole_table(&got, "loadings");
    CHECK(table && loadings);
    for (size_t k = 0; table && loadings && k < 3; k++) {
        const double *v = p.vector + k * p.n;
        double        worst = 0;
        char          name[8];

        (void) snprintf(name, sizeof name, "pc%zu", k + 1);
        CHECK_NEAR(atof(fed_cell(table, k, "eigenvalue")), p.value[k] * (MADE_N - 1) / p.trace, 1e-7);
        CHECK_NEAR(atof(fed_cell(table, k, "share")), p.value[k] / p.trace, 1e-7);
        CHECK_NEAR(atof(fed_cell(table, k, "eigenvalue_grm")), p.value[k] / (double) (2 * p.n), 1e-7);
        CHECK(atof(fed_cell(table, k, "residual")) <= 1e-5);
        for (size_t i = 0; i < MADE_N; i++) {
            want[i] = 0;
            for (size_t l = 0; l < p.n; l++)
                want[i] += centred(c, p.at[l], i, p.mean[p.at[l]]) / p.s[p.at[l]] * v[l] / sqrt(p.value[k] / MADE_N);
        }
        for (size_t l = 0; l < p.n; l++) {
            CHECK(atoi(fed_cell(loadings, l, "pos")) == (int) c->variant[p.at[l]].pos_bp + 1);
            load[l] = atof(fed_cell(loadings, l, name)) * sqrt(p.value[k] / MADE_N);
        }
        CHECK(!fed_cell(loadings, p.n, "pos")[0]);
        CHECK(1 - alike(load, v, p.n) < 1e-8);
        home_scores(f, &f->study, k, score, MADE_N);
        CHECK(1 - alike(score, want, MADE_N) < 1e-8);
        for (size_t i = 0; i < MADE_N; i++)
            worst = fmax(worst, fabs(score[i] - (score[0] * want[0] < 0 ? -want[i] : want[i])));
        printf("# PC%zu %s, scores within %.2g\n", k + 1, fed_cell(table, k, "eigenvalue"), worst);
        CHECK(worst < 1e-4);
    }
    free(table);
    free(loadings);
    sund_buf_free(&got);
    fed_close(f);
    free(w);
    cohort_free(c);
}

TEST(any_split_any_threads_and_reading_again_give_the_same_bytes)
{
    cohort         *c = made();
    world          *w = world_real(c);
    sund_thresholds open = fed_open_data(), closed = sund_thresholds_default();
    size_t          cache = pca_cache_bytes;
    char            text[4096];
    fed            *f = fed_even_open(w, 3);
    sund_release   *a, *b;

    CHECK(fed_same(w, 3, false, made_more, &open, NULL));
    CHECK(fed_same(w, 5, true, made_more, &open, NULL));
    CHECK(fed_same(w, 5, false, "analysis = pca\ncomponents = 2\nblock = 6\nrounds = 8\nchunk = 64\nrelease = loadings\n", &closed, NULL));
    study_text(f, made_more, text, sizeof text);
    a = world_pooled(w, f, text, &open, 1);
    pca_cache_bytes = 0;
    b = world_pooled(w, f, text, &open, 3);
    pca_cache_bytes = cache;
    CHECK(whole_same(a, b));
    sund_release_free(a);
    sund_release_free(b);
    fed_close(f);
    free(w);
    cohort_free(c);
}

/** Least squares of trait on 1, g of variant j, and columns x: the coefficient of g, in plain doubles. */
static double plain_beta(const cohort *c, size_t j, size_t n_x, double (*x)[MADE_N], double *se)
{
    size_t k = n_x + 2, bad = 0;
    double a[64] = { 0 }, b[8] = { 0 }, l[64], scale[8], beta[8], inv[64], yy = 0, row[8];

    for (size_t i = 0; i < c->n; i++) {
        double y = atof(c->value[i] + 1);

        row[0] = 1;
        row[1] = c->gt[j * c->n + i];
        for (size_t e = 0; e < n_x; e++)
            row[2 + e] = x[e][i];
        for (size_t p = 0; p < k; p++) {
            for (size_t q = 0; q < k; q++)
                a[p * k + q] += row[p] * row[q];
            b[p] += row[p] * y;
        }
        yy += y * y;
    }
    MUST(sund_chol(k, a, l, scale, &bad, err));
    sund_chol_solve(k, l, scale, b, beta);
    sund_chol_inverse(k, l, scale, inv);
    for (size_t p = 0; p < k; p++)
        yy -= beta[p] * b[p];
    *se = sqrt(yy / (double) (c->n - k) * inv[k + 1]);
    return beta[1];
}

TEST(scores_are_covariates_of_a_later_study)
{
    static double score[2][MADE_N];
    cohort       *c = made();
    world        *w = world_real(c);
    fed          *f = fed_even_open(w, 3);
    sund_buf      got;
    char          more[300], *table;
    sund_digest   first;
    double        alone, with, se;

    fed_ask(f, "analysis = pca\ncomponents = 2\nr2 = 0.3\nrounds = 12\n");
    fed_run(f);
    got = fed_release(f);
    CHECK(got.n > 0);
    sund_buf_free(&got);
    first = f->study;
    for (size_t k = 0; k < 2; k++)
        home_scores(f, &first, k, score[k], MADE_N);
    for (size_t i = 0; i < f->n; i++)
        fed_kill(f, i); /* the next study has a party of its own */
    (void) snprintf(more, sizeof more, "analysis = linear\noutcome = trait\ncovariates = pc1_%.8s, pc2_%.8s\nstrata = none\n", sund_digest_hex(&first).s, sund_digest_hex(&first).s);
    fed_ask(f, more);
    fed_run(f);
    got = fed_release(f);
    table = whole_table(&got, "table");
    CHECK(table != NULL);
    for (size_t j = 1, row = 0; table && j < 10; j++) {
        for (; atoi(fed_cell(table, row, "pos")) != (int) c->variant[j].pos_bp + 1; row++)
            if (!fed_cell(table, row, "pos")[0])
                break;
        if (j % 5 == 0)
            continue; /* some are missing there */
        with = plain_beta(c, j, 2, score, &se);
        CHECK_NEAR(atof(fed_cell(table, row, "beta")), with, 1e-6);
        CHECK_NEAR(atof(fed_cell(table, row, "se")), se, 1e-6);
        alone = plain_beta(c, j, 0, score, &se);
        if (j == 1)
            printf("# beta %g alone, %g with components\n", alone, with);
    }
    free(table);
    sund_buf_free(&got);
    fed_close(f);
    free(w);
    cohort_free(c);
}

TEST(projection_on_released_loadings_gives_the_scores_again)
{
    static double score[MADE_N], again[MADE_N];
    cohort       *c = made();
    world        *w = world_real(c);
    fed          *f = fed_even_open(w, 3);
    sund_buf      got;
    char          more[300], *loadings, *table;
    sund_digest   first;

    fed_ask(f, "analysis = pca\ncomponents = 2\nr2 = 0.3\nrounds = 12\nrelease = loadings\n");
    fed_run(f);
    got = fed_release(f);
    loadings = whole_table(&got, "loadings");
    first = f->study;
    sund_buf_free(&got);
    for (size_t i = 0; i < f->n; i++)
        fed_kill(f, i);
    f->no_catalogue = true;
    (void) snprintf(more, sizeof more, "analysis = pca\nloadings = %s\nassembly = GRCh37\n", fed_publish(f, loadings, strlen(loadings)).s);
    fed_ask(f, more);
    fed_run(f);
    got = fed_release(f);
    table = whole_table(&got, "table");
    CHECK(table && strcmp(fed_cell(table, 1, "component"), "2") == 0 && !fed_cell(table, 2, "component")[0]);
    for (size_t k = 0; table && k < 2; k++) {
        double worst = 0;

        home_scores(f, &first, k, score, MADE_N);
        home_scores(f, &f->study, k, again, MADE_N);
        for (size_t i = 0; i < MADE_N; i++)
            worst = fmax(worst, fabs(score[i] - again[i]));
        CHECK(worst <= 2e-6);
    }
    free(table);
    free(loadings);
    sund_buf_free(&got);
    fed_close(f);
    free(w);
    cohort_free(c);
}

/** Four decimals, as they are written. */
static double reference_weight(size_t k, size_t j) { return floor(1e4 * (k == 0 ? sin((double) j) : k == 1 ? cos((double) j) : sin(2.5 * (double) j)) + 0.5) / 1e4; }

/** A reference's loadings of this test's own: places that no store has between those of the cohort, every seventh of which it lacks; frequencies of its own. */
static void reference_loadings(const cohort *c, sund_buf *out)
{
    sund_buf_text(out, "chrom\tpos\tref\talt\tac\tan\tpc1\tpc2\tpc3\n");
    for (size_t j = 0; j < MADE_M; j++) {
        if (j % 7 != 3)
            sund_buf_printf(out, "%d\t%u\tA\tG\t%zu\t1000\t%.4f\t%.4f\t%.4f\n", c->variant[j].contig, c->variant[j].pos_bp + 1, 300 + j, reference_weight(0, j), reference_weight(1, j),
                            reference_weight(2, j));
        if (j % 11 == 0)
            sund_buf_printf(out, "%d\t%u\tC\tT\t300\t1000\t0.5\t-0.5\t0.1\n", c->variant[j].contig, c->variant[j].pos_bp + 101);
    }
}

/** Scores on them in plain doubles, a missing call at the file's mean. */
static void plain_projection(const cohort *c, size_t k, double *score)
{
    memset(score, 0, MADE_N * sizeof *score);
    for (size_t j = 0; j < MADE_M; j++) {
        double p = (300 + (double) j) / 1000, w = reference_weight(k, j);

        for (size_t i = 0; i < MADE_N && j % 7 != 3; i++)
            score[i] += w * centred(c, j, i, 2 * p) / sqrt(p * (1 - p));
    }
}

/** Over any number of nodes: the same table as in one store, and for everybody the same score, which is the plain one. */
TEST(projection_is_the_same_for_any_split)
{
    static const size_t nodes[] = { 3, 5, 7 };
    static double       score[3][3][MADE_N], want[MADE_N];
    cohort             *c = made();
    world              *w = world_real(c);
    sund_thresholds     open = fed_open_data(), closed = sund_thresholds_default();
    sund_buf            file = { 0 };
    char                more[300], text[4096];

    reference_loadings(c, &file);
    w->file[w->n_file++] = file;
    {
        sund_digest d = sund_digest_of(file.p, file.n);

        (void) snprintf(more, sizeof more, "analysis = pca\nloadings = %s\nassembly = GRCh37\nchunk = 64\n", sund_digest_hex(&d).s);
    }
    for (size_t s = 0; s < 3; s++) {
        fed *f = fed_even(w, nodes[s], &open);

        f->no_catalogue = true;
        (void) fed_publish(f, file.p, file.n);
        study_text(f, more, text, sizeof text);
        fed_submit(f, text);
        fed_run(f);
        for (size_t k = 0; k < 3; k++)
            home_scores(f, &f->study, k, score[s][k], MADE_N);
        fed_close(f);
        CHECK(fed_same(w, nodes[s], false, more, &open, NULL) && (nodes[s] > 5 || fed_same(w, nodes[s], true, more, &closed, NULL)));
    }
    CHECK(memcmp(score[0], score[1], sizeof score[0]) == 0 && memcmp(score[0], score[2], sizeof score[0]) == 0);
    for (size_t k = 0; k < 3; k++) {
        double worst = 0;

        plain_projection(c, k, want);
        for (size_t i = 0; i < MADE_N; i++)
            worst = fmax(worst, fabs(score[0][k][i] - fmin(fmax(want[i], -32), 32)));
        printf("# projection PC%zu: within %.2g of plain doubles\n", k + 1, worst);
        CHECK(worst < 2e-3); /* scores of up to 30: the means of 300 variants are rounded to 2^-14, the same for everybody */
    }
    sund_buf_free(&file);
    free(w);
    cohort_free(c);
}

/** A one-hot loading is a variant's genotypes under another name. */
TEST(loadings_of_one_variant_or_of_a_rare_one_are_refused)
{
    cohort         *c = made();
    world          *w = world_real(c);
    sund_thresholds closed = sund_thresholds_default();
    char            more[400], text[4096];

    for (int rare = 0; rare < 2; rare++) {
        fed     *f = fed_even(w, 3, &closed);
        sund_buf b = { 0 };

        for (size_t i = 0; rare && i < MADE_N; i++)
            c->gt[i] = i < 3; /* singletons of each node */
        sund_buf_text(&b, "chrom\tpos\tref\talt\tac\tan\tpc1\n");
        for (size_t j = 0; j < (rare ? 1 : 40); j++)
            sund_buf_printf(&b, "%d\t%u\tA\tG\t100\t1000\t%s\n", c->variant[j].contig, c->variant[j].pos_bp + 1, j ? "0.001" : "1");
        f->no_catalogue = true;
        (void) snprintf(more, sizeof more, "analysis = pca\nassembly = GRCh37\nloadings = %s\n", fed_publish(f, b.p, b.n).s);
        if (rare) {
            fed_close(f);
            f = fed_even(w, 3, &closed); /* with the rare genotypes */
            f->no_catalogue = true;
            (void) fed_publish(f, b.p, b.n);
        }
        study_text(f, more, text, sizeof text);
        fed_submit(f, text);
        fed_run(f);
        CHECK(strstr(fed_status(f, 0).detail, rare ? "no variant of the loadings" : "refused by rule dominance"));
        sund_buf_free(&b);
        fed_close(f);
    }
    free(w);
    cohort_free(c);
}

TEST(loadings_are_hostile_until_checked)
{
    static const struct { const char *text, *says; } bad[] = {
        { "chrom\tpos\tref\talt\tac\tan\tpc2\n1\t5\tA\tG\t1\t9\t0.5\n", "pc1" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\n", "line" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\nX\t5\tA\tG\t1\t9\t0.5\n", "line 2: that is no place" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\n1\t999999999\tA\tG\t1\t9\t0.5\n", "line 2: that is no place" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\n1\t5\tA\tAG\t1\t9\t0.5\n", "letters" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\n1\t5\tA\tG\t9\t9\t0.5\n", "ac is" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\n1\t5\tA\tG\t1\t9\tnan\n", "weight" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\n1\t5\tA\tG\t1\t9\t1e7\n", "weight" },
        { "chrom\tpos\tref\talt\tac\tan\tpc1\n1\t5\tA\tG\t1\t9\t1\n1\t5\tA\tG\t1\t9\t1\n", "line 3: variants are in order" },
    };

    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        pca_own  own = { .n_component = 5 };
        sund_err err = { SUND_OK, "" };

        CHECK(pca_read_loadings(&own, sund_cur_of(bad[k].text, strlen(bad[k].text)), SUND_GRCH37, &err) != SUND_OK && strstr(err.msg, bad[k].says));
        free(own.count);
        free(own.variant);
        free(own.place);
        free(own.weight);
    }
}

TEST(lines_that_nothing_reads_are_refused)
{
    static const char on[] = "analysis = pca\n%s%s = %s\n";
    static const char none[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const struct { const char *option, *value; } made[] = {
        { "block", "0" }, { "rounds", "8" }, { "min_maf", "0.05" }, { "max_missing", "0.05" }, { "r2", "0.2" }, { "window", "50" }, { "without", "6:1-2" }, { "release", "eigenvalues" },
    };
    char text[400], from[200];

    for (size_t k = 0; k < sizeof made / sizeof *made; k++) {
        (void) snprintf(from, sizeof from, "loadings = %s\nassembly = GRCh37\n", none);
        (void) snprintf(text, sizeof text, on, from, made[k].option, made[k].value);
        CHECK(study_refused(text, "nothing reads it with 'loadings'"));
        (void) snprintf(from, sizeof from, "catalogue = %s\n", none);
        (void) snprintf(text, sizeof text, on, from, made[k].option, made[k].value);
        CHECK(!study_refused(text, ""));
    }
    (void) snprintf(text, sizeof text, on, from, "assembly", "GRCh37");
    CHECK(study_refused(text, "assembly: nothing reads it without 'loadings'"));
    (void) snprintf(text, sizeof text, on, from, "r2", "1\nwindow = 9");
    CHECK(study_refused(text, "window: nothing reads it with r2 = 1"));
}

/** Says what a pooled run of a study is refused with; "" when it goes through. */
static const char *refused(const world *w, const char *more, const sund_thresholds *t)
{
    static char   says[512];
    fed          *f = fed_even(w, 3, t);
    size_t        i;

    fed_ask(f, more);
    fed_run(f);
    (void) snprintf(says, sizeof says, "%s", fed_status(f, 0).state == SUND_PARTY_STOPPED ? fed_status(f, 0).detail : "");
    for (i = 1; i < f->n && !strstr(says, "refused by rule"); i++)
        (void) snprintf(says, sizeof says, "%s", fed_status(f, i).detail);
    fed_close(f);
    return says;
}

TEST(the_gate_refuses_sketches_rare_pairs_and_loadings_of_few)
{
    cohort         *c = made();
    world          *w = world_real(c);
    sund_thresholds closed = sund_thresholds_default();
    sund_buf        got = { 0 };
    char           *table, *loadings;
    size_t          told = 0;

    CHECK(strstr(refused(w, "analysis = pca\ncomponents = 5\nblock = 10\nrounds = 8\n", &closed), "refused by rule sketch"));
    CHECK(strstr(refused(w, "analysis = pca\ncomponents = 2\nblock = 4\nmin_maf = 0.009\n", &closed), "refused by rule linkage"));
    CHECK(fed_same(w, 3, false, "analysis = pca\ncomponents = 5\nblock = 7\nrounds = 8\nmin_maf = 0.001\nr2 = 1\nrelease = loadings\n", &closed, &got));
    table = whole_table(&got, "table");
    loadings = whole_table(&got, "loadings");
    CHECK(table && loadings);
    while (table && atof(fed_cell(table, told, "eigenvalue")) >= 10)
        told++;
    printf("# %zu of 5 components have loadings\n", told);
    CHECK(told > 0 && told < 5);
    for (size_t k = 0; loadings && k < 5; k++) {
        char name[8];

        (void) snprintf(name, sizeof name, "pc%zu", k + 1);
        CHECK((fed_cell(loadings, 0, name)[0] != 0) == (k < told));
    }
    free(table);
    free(loadings);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

TEST(pruning_takes_the_rarer_of_a_close_pair)
{
    static const double maf[] = { 0.1, 0.3, 0.2, 0.3 };
    uint8_t             over[1] = { 0 }, keep[4];

    over[0] = 1 << 0 | 1 << 2 | 1 << 4; /* window 2: pairs 0-1, 1-2, 2-3 */
    sund_ld_prune(4, 2, over, maf, keep);
    CHECK(!keep[0] && keep[1] && !keep[2] && keep[3]); /* 2 is gone before 3 meets it */
    over[0] = 1 << 3;                                  /* 1-3, alike */
    sund_ld_prune(4, 2, over, maf, keep);
    CHECK(keep[0] && keep[1] && keep[2] && !keep[3]);
}

/** Krylov against a diagonal and a low-rank operator: fewer values than asked, blocks wider than the space. */
TEST(krylov_ends_where_the_space_does)
{
    for (size_t m = 1; m < 40; m += 3)
        for (size_t rank = 1; rank <= m; rank += 4) {
            sund_krylov  *k = NULL;
            double        s[40], v[40];
            const double *value, *residual;
            size_t        stride, n, rounds = 0;

            for (size_t j = 0; j < m; j++)
                s[j] = 0.2 + 0.01 * (double) j;
            MUST(sund_krylov_new(&k, m, s, 6, 16, 4, 7, err));
            for (; sund_krylov_width(k) && rounds < 20; rounds++) {
                double *h = sund_krylov_answer(k, &stride);

                for (size_t l = 0; l < sund_krylov_width(k); l++)
                    for (size_t j = 0; j < m; j++) /* diag(rank, rank - 1, ..., 1, 0, ...) */
                        h[j * stride + l] = j < rank ? (double) (rank - j) * ldexp(sund_krylov_q(k, l)[j], -(int) sund_krylov_shift(k, l)) * s[j] : 0;
                MUST(sund_krylov_step(k, err));
            }
            n = sund_krylov_found(k, &value, &residual);
            CHECK(rounds < 20 && n == (rank < 4 ? rank : 4));
            for (size_t i = 0; i < n; i++) {
                CHECK_NEAR(value[i], (double) (rank - i), 1e-9);
                sund_krylov_vector(k, i, v);
                CHECK_NEAR(v[i], 1, 1e-6);
            }
            sund_krylov_free(k);
        }
}

TEST(regions_options_and_empty_lists_say_why)
{
    cohort         *c = made();
    world          *w = world_real(c);
    sund_thresholds open = fed_open_data();
    sund_buf        got = { 0 };
    char           *loadings;

    CHECK(strstr(refused(w, "analysis = pca\ncomponents = 5\nblock = 4\n", &open), "block"));
    CHECK(strstr(refused(w, "analysis = pca\nwithout = 6:x\n", &open), "without"));
    CHECK(strstr(refused(w, "analysis = pca\nwithout = 1, 2, 3\n", &open), "single-base"));
    CHECK(strstr(refused(w, "analysis = pca\nmin_maf = 0.5\nmax_missing = 0\n", &open), "common enough"));
    CHECK(fed_same(w, 3, false, "analysis = pca\ncomponents = 2\nwithout = 1, 3:1-61000\nrelease = loadings\n", &open, &got));
    loadings = whole_table(&got, "loadings");
    for (size_t row = 0; loadings && fed_cell(loadings, row, "pos")[0]; row++)
        CHECK(strcmp(fed_cell(loadings, row, "chrom"), "2") == 0 || atoi(fed_cell(loadings, row, "pos")) > 61000);
    free(loadings);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}
