/* Polygenic scores: federations of simulated people against a plain computation; the scoring file's reader on the PGS Catalog's good and bad files. */
#include "fed.h"
#include "summary/scorefile.h"
#include "test.h"

static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nheight\treal\tcm\t100\t250\t1\t\nill\tbinary\t\t\t\t\tno|yes\nancestry\tcategory\t\t\t\t\tA|B|C\n";

enum { M = 40 };
typedef struct truth { double weight[M], score[800], height[800]; int ill[800], group[800]; } truth;

static const char *const ref[] = { "A", "C", "G", "T" }, *const alt[] = { "C", "A", "T", "G" }; /* no palindromes */

static char comp(char c) { return c == 'A' ? 'T' : c == 'C' ? 'G' : c == 'G' ? 'C' : 'A'; }

/* Effects of ALT at even variants, of REF at odd ones; every fifth on the other strand; variant 7 dominant, 8 recessive, the last is in nobody's store. */
static cohort *make(truth *t, size_t n, sund_buf *file)
{
    static const char *const country[] = { "DK", "EE", "FI", "SE", "IT" };
    cohort                  *c = cohort_new(n, M - 1, dictionary, "\theight\till\tancestry");

    sund_buf_text(file, "#pgs_id=PGS999999\n#trait_reported=Height\n#genome_build=GRCh37\nrsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\tis_dominant\tis_recessive\n");
    for (size_t j = 0; j < M; j++) {
        const char *r = ref[j % 4], *a = alt[j % 4], *e = j % 2 ? r : a, *o = j % 2 ? a : r;
        bool        strand = j % 5 == 4;

        t->weight[j] = (double) ((int) (test_rand() % 2001) - 1000) / 1000.0;
        if (j < M - 1)
            cohort_variant(c, j, 20, (uint32_t) (1000 + 10 * j), r, a);
        sund_buf_printf(file, "rs%zu\t20\t%zu\t%c\t%c\t%.3f\t%s\t%s\n", j, 1000 + 10 * j, strand ? comp(*e) : *e, strand ? comp(*o) : *o, t->weight[j], j == 7 ? "TRUE" : "", j == 8 ? "TRUE" : "");
    }
    sund_buf_text(file, "rs\t20\t1000\tA\tC\t5\t\t\nrs\tX\t5\tA\tC\t5\t\t\nrs\t20\t99\t<DEL>\tC\t5\t\t\nrs\t20\t98\tA\tC\tNA\t\t\nrs\t\t\tA\tC\t5\t\t\n");
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j + 1 < M; j++)
            c->gt[j * n + i] = test_rand() % 40 == 0 ? SUND_GT_MISSING : (uint8_t) ((test_rand() % 10 < 2 + j % 5) + (test_rand() % 10 < 2 + j % 5));
    for (size_t j = 0; j + 1 < M; j++) {
        double sum = 0, called = 0;

        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < n; i++) {
                int    g = c->gt[j * n + i];
                double dose = j % 2 ? 2 - g : g;

                dose = j == 7 ? dose > 0 : j == 8 ? dose == 2 : dose;
                if (pass == 0 && g != SUND_GT_MISSING) {
                    sum += dose;
                    called++;
                }
                if (pass == 1)
                    t->score[i] += t->weight[j] * (g == SUND_GT_MISSING ? sum / called : dose);
            }
    }
    for (size_t i = 0; i < n; i++) {
        double noise = 0;

        for (int k = 0; k < 6; k++)
            noise += (double) (test_rand() % 2001) / 1000.0 - 1.0;
        t->height[i] = floor((170 + 3 * t->score[i] + 4 * noise) * 10 + 0.5) / 10;
        t->ill[i] = t->score[i] + noise > 1.5;
        t->group[i] = (int) (test_rand() % 20 == 0 ? 2 : test_rand() % 2);
        c->country[i] = country[i % 5];
        cohort_values(c, i, "\t%.1f\t%s\t%c", t->height[i], t->ill[i] ? "yes" : "no", 'A' + t->group[i]);
    }
    return c;
}

static void ask(char *out, size_t cap, const sund_buf *file, const char *more)
{
    sund_digest d = sund_digest_of(file->p, file->n);

    (void) snprintf(out, cap, "analysis = score\nscorefile = %s\nassembly = GRCh37\nchunk = 7\n%s", sund_digest_hex(&d).s, more);
}

/* Mean, SD, R2 and slope, AUC by counting pairs, for one group (-1: all). */
static void check_group(const truth *t, size_t n, int group, const char *table, size_t row, bool binary)
{
    double m = 0, s = 0, ss = 0, y = 0, yy = 0, sy = 0, all = 0, all_s = 0, all_ss = 0, pairs = 0, wins = 0;

    for (size_t i = 0; i < n; i++) {
        all++;
        all_s += t->score[i];
        all_ss += t->score[i] * t->score[i];
        if (group >= 0 && t->group[i] != group)
            continue;
        m++;
        s += t->score[i];
        ss += t->score[i] * t->score[i];
        y += t->height[i];
        yy += t->height[i] * t->height[i];
        sy += t->score[i] * t->height[i];
        for (size_t k = 0; binary && k < n; k++)
            if (t->ill[i] && !t->ill[k] && (group < 0 || t->group[k] == group)) {
                pairs++;
                wins += t->score[i] > t->score[k] ? 1 : t->score[i] < t->score[k] ? 0 : 0.5;
            }
    }
    CHECK_NEAR(atof(fed_cell(table, row, "score_mean")), s / m, 1e-9);
    CHECK_NEAR(atof(fed_cell(table, row, "score_sd")), sqrt((ss - s * s / m) / (m - 1)), 1e-9);
    if (binary) {
        CHECK(fabs(atof(fed_cell(table, row, "auc")) - wins / pairs) < 0.004);
        return;
    }
    double css = ss - s * s / m, cyy = yy - y * y / m, csy = sy - s * y / m, sd = sqrt((all_ss - all_s * all_s / all) / (all - 1));

    CHECK_NEAR(atof(fed_cell(table, row, "r2")), csy * csy / css / cyy, 1e-8);
    CHECK_NEAR(atof(fed_cell(table, row, "beta_per_sd")), csy / css * sd, 1e-8);
    CHECK_NEAR(atof(fed_cell(table, row, "se")), sqrt((cyy - csy * csy / css) / (m - 2) / css) * sd, 1e-8);
}

TEST(scores_equal_a_plain_computation_and_any_split)
{
    static truth    t;
    sund_buf        file = { 0 }, got = { 0 };
    cohort         *c;
    world          *w;
    sund_thresholds open = fed_open_data();
    char            more[600], *table, *other;

    memset(&t, 0, sizeof t);
    c = make(&t, 700, &file);
    w = world_real(c);
    sund_buf_put(&w->file[w->n_file++], file.p, file.n);
    ask(more, sizeof more, &file, "outcome = height\ngroup = ancestry\n");
    CHECK(fed_same(w, 5, false, more, &open, NULL));
    CHECK(fed_same(w, 3, false, more, &open, &got));
    table = whole_table(&got, "table");
    for (int g = 0; g < 4; g++)
        check_group(&t, c->n, g < 3 ? g : -1, table, (size_t) g, false);
    free(table);
    other = whole_table(&got, "variants");
    for (size_t row = 0; other && row < 13; row++) {
        static const int want[] = { M + 5, M - 1, 16, 16, 7, 1, 0, 1, 1, 1, 0, 1, 1 };

        CHECK(atoi(fed_cell(other, row, "variants")) == want[row]);
    }
    free(other);
    other = whole_table(&got, "calibration");
    for (size_t row = 0; other && row < 10; row++)
        CHECK(fabs(atof(fed_cell(other, row, "predicted")) - atof(fed_cell(other, row, "observed"))) < 5 && abs(atoi(fed_cell(other, row, "people")) - 70) < 12);
    free(other);
    sund_buf_free(&got);
    ask(more, sizeof more, &file, "outcome = ill\ngroup = ancestry\n");
    CHECK(fed_same(w, 3, false, more, &open, &got));
    table = whole_table(&got, "table");
    for (int g = 0; g < 4; g++)
        check_group(&t, c->n, g < 3 ? g : -1, table, (size_t) g, true);
    CHECK(atof(fed_cell(table, 3, "odds_ratio_per_sd")) > 1.5);
    free(table);
    sund_buf_free(&got);
    sund_buf_free(&file);
    sund_buf_free(&w->file[0]);
    free(w);
    cohort_free(c);
}

TEST(controlled_scores_hide_small_groups)
{
    static truth    t;
    sund_buf        file = { 0 }, got = { 0 };
    cohort         *c;
    world          *w;
    sund_thresholds closed = sund_thresholds_default();
    char            more[600], *table;

    memset(&t, 0, sizeof t);
    c = make(&t, 150, &file);
    w = world_real(c);
    sund_buf_put(&w->file[w->n_file++], file.p, file.n);
    ask(more, sizeof more, &file, "outcome = height\ngroup = ancestry\n");
    CHECK(fed_same(w, 3, false, more, &closed, &got));
    table = whole_table(&got, "table");
    CHECK(strcmp(fed_cell(table, 2, "people"), "below 10") == 0 && strcmp(fed_cell(table, 2, "score_mean"), "below 10") == 0);
    CHECK(strcmp(fed_cell(table, 0, "people"), "below 10") == 0 || strcmp(fed_cell(table, 1, "people"), "below 10") == 0); /* else the total gives the small group back */
    CHECK(atoi(fed_cell(table, 3, "people")) == 150);
    free(table);
    sund_buf_free(&got);
    sund_buf_free(&file);
    sund_buf_free(&w->file[0]);
    free(w);
    cohort_free(c);
}

static bool read_score(const char *name, sund_assembly a, sund_scorefile *f, sund_err *err)
{
    const char *shared = getenv("SUND_SHARED");
    char        path[400];
    sund_buf    b = { 0 };
    sund_code   rc;

    (void) snprintf(path, sizeof path, "%s/data/pgs/pgs_catalog/%s", shared ? shared : "../shared", name);
    if (sund_file_read(path, 1 << 26, &b, NULL) != SUND_OK)
        return false;
    rc = sund_scorefile_parse(f, b.p, b.n, a, err);
    sund_buf_free(&b);
    return rc == SUND_OK;
}

TEST(files_of_the_catalogue)
{
    sund_scorefile f;
    sund_err       err = { SUND_OK, "" };

    if (!read_score("PGS000001_hmPOS_GRCh38.txt.gz", SUND_GRCH38, &f, &err)) {
        printf("# skipped: no shared data\n");
        return;
    }
    CHECK(f.n_line == 77 && f.n_row + f.n_no_place + f.n_bad_allele + f.n_repeated + f.n_not_autosomal == 77 && f.n_row > 70 && strcmp(f.id, "PGS000001") == 0 && strcmp(f.trait, "Breast cancer") == 0);
    CHECK(f.row[0].contig == 11 && f.row[0].pos_bp == 69516649 && strcmp(f.row[0].effect, "T") == 0 && strcmp(f.row[0].other, "C") == 0);
    sund_scorefile_free(&f);
    CHECK(!read_score("PGS000001_hmPOS_GRCh38.txt.gz", SUND_GRCH37, &f, &err) && strstr(err.msg, "GRCh37") && strstr(err.msg, "HmPOS_build GRCh38"));
    CHECK(read_score("PGS000001_hmPOS_GRCh37.txt.gz", SUND_GRCH37, &f, &err));
    sund_scorefile_free(&f);
    CHECK(!read_score("PGS000001.txt.gz", SUND_GRCH37, &f, &err)); /* rsIDs alone: no places */
    CHECK(read_score("custom_no_oa.txt", SUND_GRCH37, &f, &err) && f.n_row > 0 && !f.row[0].other);
    sund_scorefile_free(&f);
}
