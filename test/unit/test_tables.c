/* Tables: against a plain second computation, split over nodes, and what the gate hides. */
#include "studies.h"
#include "gate/cells.h"
#include "test.h"

static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\n"
                                 "age\tinteger\ta\t0\t120\t0\t\n"
                                 "severity\tcategory\t\t\t\t\tmild|moderate|severe\n"
                                 "crp\treal\tmg/L\t0\t500\t1\t\n";

typedef struct truth { int age[900], severity[900]; double crp[900]; } truth;

static cohort *make(truth *t, size_t n)
{
    static const char *const country[] = { "DK", "EE", "FI", "SE", "IT" }, *const word[] = { "mild", "moderate", "severe" };
    cohort                  *c = cohort_new(n, 1, dictionary, "\tage\tseverity\tcrp");

    cohort_variant(c, 0, 20, 1000, "A", "G");
    for (size_t i = 0; i < n; i++) {
        t->age[i] = 20 + (int) (test_rand() % 70);
        t->severity[i] = test_rand() % 10 < 7 ? 0 : test_rand() % 3 ? 1 : 2;
        t->crp[i] = (double) (test_rand() % 2000) / 10.0;
        c->sex[i] = (uint8_t) (1 + test_rand() % 2);
        c->country[i] = country[i % 5];
        if (test_rand() % 50 == 0) {
            t->age[i] = -1;
            cohort_values(c, i, "\tNA\t%s\t%.1f", word[t->severity[i]], t->crp[i]);
        }
        else
            cohort_values(c, i, "\t%d\t%s\t%.1f", t->age[i], word[t->severity[i]], t->crp[i]);
    }
    return c;
}

static int by_size(const void *a, const void *b) { return *(const double *) a < *(const double *) b ? -1 : *(const double *) a > *(const double *) b; }

TEST(tables_equal_a_plain_computation_and_any_split)
{
    static const char more[] = "analysis = tables\nrows = age\nbands = 40, 60\ncolumns = severity\nvalue = crp\n";
    static truth      t;
    cohort           *c = make(&t, 700);
    world            *w = world_real(c);
    sund_thresholds   open = fed_open_data();
    sund_buf          got = { 0 };
    char             *table;

    for (size_t n = 3; n <= 5; n += 2) {
        sund_buf_free(&got);
        CHECK(fed_same(w, n, false, more, &open, &got));
    }
    table = whole_table(&got, "table");
    for (size_t r = 0; table && r < 3; r++)
        for (size_t k = 0; k < 3; k++) {
            double x[900], sum = 0, ss = 0, row = 0;
            size_t m = 0, line = r * 4 + k;

            for (size_t i = 0; i < c->n; i++) {
                size_t band = t.age[i] < 40 ? 0 : t.age[i] < 60 ? 1 : 2;

                if (t.age[i] < 0 || band != r)
                    continue;
                row++;
                if ((size_t) t.severity[i] == k)
                    x[m++] = t.crp[i];
            }
            for (size_t i = 0; i < m; i++)
                sum += x[i];
            for (size_t i = 0; i < m; i++)
                ss += (x[i] - sum / (double) m) * (x[i] - sum / (double) m);
            qsort(x, m, sizeof *x, by_size);
            CHECK(strcmp(fed_cell(table, line, "row"), r == 0 ? "below 40" : r == 1 ? "40 to below 60" : "60 and over") == 0);
            CHECK((size_t) atoi(fed_cell(table, line, "people")) == m);
            CHECK_NEAR(atof(fed_cell(table, line, "percent_of_row")), 100.0 * (double) m / row, 1e-12);
            CHECK_NEAR(atof(fed_cell(table, line, "mean")), sum / (double) m, 1e-12);
            CHECK_NEAR(atof(fed_cell(table, line, "sd")), sqrt(ss / (double) (m - 1)), 1e-10);
            CHECK(fabs(atof(fed_cell(table, line, "median")) - (m % 2 ? x[m / 2] : (x[m / 2 - 1] + x[m / 2]) / 2)) <= 500.0 / 128 + (x[m / 2] - x[m / 2 - 1]));
        }
    free(table);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

TEST(controlled_tables_round_and_hide)
{
    static truth    t;
    cohort         *c = make(&t, 300);
    world          *w = world_real(c);
    sund_thresholds closed = sund_thresholds_default();
    sund_buf        got = { 0 };
    char           *table;
    size_t          hidden = 0, rows = 0;

    CHECK(fed_same(w, 3, false, "analysis = tables\nrows = age\nbands = 30, 40, 50, 60, 70, 80\ncolumns = severity\n", &closed, &got));
    table = whole_table(&got, "table");
    for (; table && fed_cell(table, rows, "row")[0]; rows++) {
        const char *people = fed_cell(table, rows, "people");

        hidden += strcmp(people, "below 10") == 0;
        CHECK(strcmp(people, "below 10") == 0 || (atoi(people) >= 10 && atoi(people) % 5 == 0));
    }
    CHECK(rows == 8 * 4 && hidden >= 2);
    printf("# %zu of %zu cells hidden\n", hidden, rows);
    free(table);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}

/* What a reader can work out of a table with its totals shown: no hidden cell may be the only unknown of a line, nor share a line with so few. */
TEST(no_margin_gives_a_hidden_cell_back)
{
    sund_thresholds t = sund_thresholds_default();

    for (int trial = 0; trial < 2000; trial++) {
        int64_t n[49] = { 0 };
        bool    hidden[49];
        size_t  rows = 2 + test_rand() % 6, cols = test_rand() % 4 == 0 ? 1 : 2 + test_rand() % 6, inner = cols - (cols > 1);

        for (size_t r = 0; r + 1 < rows; r++)
            for (size_t k = 0; k < inner; k++) {
                int64_t x = (int64_t) (test_rand() % (test_rand() % 2 ? 12 : 300));

                n[r * cols + k] = x;
                n[(rows - 1) * cols + k] += x;
                if (cols > 1) {
                    n[r * cols + inner] += x;
                    n[(rows - 1) * cols + inner] += x;
                }
            }
        sund_rule_complement(&t, n, rows, cols, hidden);
        for (size_t k = 0; k < rows * cols; k++)
            CHECK(n[k] >= 10 || hidden[k]);
        for (size_t line = 0; line < (cols > 1 ? rows : 0) + cols; line++) {
            size_t  step = line < cols ? cols : 1, from = line < cols ? line : (line - cols) * cols, count = line < cols ? rows : cols, h = 0;
            int64_t sum = 0;

            for (size_t k = 0; k < count; k++) {
                h += hidden[from + k * step];
                sum += hidden[from + k * step] ? n[from + k * step] : 0;
            }
            CHECK(h == 0 || h == count || (h >= 2 && sum >= 10));
        }
    }
    CHECK(sund_rule_round5(&t, 12) == 10 && sund_rule_round5(&t, 13) == 15 && sund_rule_round5(&t, 10) == 10);
}

static bool refused(const char *lines, const char *says)
{
    char text[600];

    (void) snprintf(text, sizeof text, "analysis = tables\n%s", lines);
    return study_refused(text, says);
}

TEST(what_cannot_be_a_table_is_refused_by_line)
{
    CHECK(refused("rows = age\nbnads = 40\n", "bands"));
    CHECK(refused("rows = age\nstrata = country\n", "strata"));
    CHECK(refused("rows = age\ncatalogue = 0000000000000000000000000000000000000000000000000000000000000000\n", "catalogue"));
    CHECK(refused("value = age\n", "needs 'rows' or 'variants'"));
    CHECK(refused("variants = 20-1000-A-G\nbands = 40\n", "bands: nothing reads it without 'rows'"));
    CHECK(!refused("rows = age\nbands = 40\nvariants = 20-1000-A-G\n", ""));
}

/* Twelve kinds of people, by hand: what each carries of three variants of one gene. */
TEST(carriers_by_zygosity_and_group)
{
    enum { R = 0, H = 1, RA = 1 | SUND_GT_PHASED, AR = 1 | SUND_GT_PHASED | SUND_GT_ALT_FIRST, A = 2, X = SUND_GT_MISSING };
    static const struct { uint8_t gt[3]; const char *is; } kind[] = {
        { { R, R, R }, "no alternate allele" },      { { R, H, R }, "heterozygous" },         { { R, RA, R }, "heterozygous" },
        { { RA, RA, R }, "several, in cis" },        { { AR, R, AR }, "several, in cis" },    { { H, RA, R }, "several, phase unknown" },
        { { RA, AR, R }, "compound heterozygous" },  { { AR, H, RA }, "compound heterozygous" }, { { A, R, R }, "homozygous or one copy" },
        { { A, RA, X }, "homozygous or one copy" },  { { X, R, R }, "not called" },           { { RA, X, AR }, "compound heterozygous" },
    };
    enum { KINDS = sizeof kind / sizeof *kind };
    static const char *const country[] = { "DK", "EE", "FI" };
    cohort         *c = cohort_new(KINDS * 30, 3, dictionary, "\tage\tseverity\tcrp");
    world          *w = world_real(c);
    sund_thresholds open = fed_open_data();
    sund_buf        got = { 0 };
    char           *table;

    for (size_t j = 0; j < 3; j++)
        cohort_variant(c, j, 20, (uint32_t) (1000 + 100 * j), "A", "G");
    for (size_t i = 0; i < c->n; i++) {
        for (size_t j = 0; j < 3; j++)
            c->gt[j * c->n + i] = kind[i % KINDS].gt[j];
        c->country[i] = country[i % 3];
        c->sex[i] = 2;
        cohort_values(c, i, "\t50\t%s\t1", i / KINDS % 3 == 0 ? "mild" : i / KINDS % 3 == 1 ? "moderate" : "severe");
    }
    CHECK(fed_same(w, 3, false, "analysis = tables\nrows = severity\nvariants = 20-1000-A-G, 20-1100-A-G, 20-1200-A-G\n", &open, &got));
    table = whole_table(&got, "table");
    for (size_t row = 0; table && fed_cell(table, row, "row")[0]; row++) {
        const char *group = fed_cell(table, row, "row"), *is = fed_cell(table, row, "column");
        int         want = 0;

        for (size_t k = 0; k < KINDS; k++)
            want += strcmp(is, "all") == 0 || strcmp(is, kind[k].is) == 0 ? (strcmp(group, "all") == 0 ? 30 : 10) : 0;
        CHECK(atoi(fed_cell(table, row, "people")) == want);
    }
    free(table);
    sund_buf_free(&got);
    free(w);
    cohort_free(c);
}
