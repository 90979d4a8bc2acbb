/* Linear regression against a plain QR of the full design matrix, person by person, in long double; p-values by R's libRmath.
 * TSAN: the pooled runs have two threads. */
#include "fed.h"
#include "study/tally.h"
#include "test.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

enum { MAX_COL = 32 };

typedef struct design { size_t n, k; long double x[W_PEOPLE_MAX][MAX_COL], y[W_PEOPLE_MAX]; } design;
typedef struct answer { double beta, se, nlog10p, rss; bool any; } answer;

/** Householder QR; the last column of x is the variant. */
static answer least_squares(design *d)
{
    long double rss = 0, diag = 0, at = 0;
    answer      a = { 0, 0, 0, 0, false };

    for (size_t k = 0; k < d->k; k++) {
        long double norm = 0, head, v[W_PEOPLE_MAX], vv = 0;

        for (size_t i = k; i < d->n; i++)
            norm += d->x[i][k] * d->x[i][k];
        head = d->x[k][k] > 0 ? -sqrtl(norm) : sqrtl(norm);
        for (size_t i = k; i < d->n; i++)
            v[i] = d->x[i][k] - (i == k ? head : 0);
        for (size_t i = k; i < d->n; i++)
            vv += v[i] * v[i];
        for (size_t c = k; c <= d->k; c++) {
            long double dot = 0;

            for (size_t i = k; i < d->n; i++)
                dot += v[i] * (c == d->k ? d->y[i] : d->x[i][c]);
            for (size_t i = k; vv > 0 && i < d->n; i++)
                *(c == d->k ? &d->y[i] : &d->x[i][c]) -= 2 * v[i] * dot / vv;
        }
        diag = head;
        at = d->y[k];
    }
    for (size_t i = d->k; i < d->n; i++)
        rss += d->y[i] * d->y[i];
    a.rss = (double) rss;
    if (fabsl(diag) < 1e-9L)
        return a;
    a.any = true;
    a.beta = (double) (at / diag);
    a.se = (double) sqrtl(rss / (long double) (d->n - d->k) / (diag * diag));
    a.nlog10p = -(pt(fabs(a.beta / a.se), (double) (d->n - d->k), 0, 1) + M_LN2) / M_LN10;
    return a;
}

static long double declared(double x, int decimals)
{
    char text[40];

    (void) snprintf(text, sizeof text, "%.*f", decimals, x);
    return strtold(text, NULL);
}

typedef enum coding { ADDITIVE, DOMINANT, RECESSIVE } coding;
static long double coded(coding how, int g) { return how == ADDITIVE ? g : how == DOMINANT ? g > 0 : g == 2; }

/** Mean coded genotype of person i's set (its country, or everyone) among the called who are complete. */
static long double mean_of(const world *w, size_t j, int country, coding how)
{
    long double sum = 0, n = 0;

    for (size_t i = 0; i < w->n; i++)
        if (!w->no_bmi[i] && (country < 0 || w->country[i] == country) && w->gt[j][i] != SUND_GT_MISSING) {
            sum += coded(how, w->gt[j][i]);
            n++;
        }
    return n > 0 ? sum / n : 0;
}

static answer truth(const world *w, size_t j, bool strata, bool drop, coding how)
{
    static design d;
    size_t        seen[W_COUNTRIES] = { 0 }, col[W_COUNTRIES], k = 0;

    memset(&d, 0, sizeof d);
    for (size_t i = 0; i < w->n; i++)
        seen[w->country[i]] += !w->no_bmi[i] && !(drop && w->gt[j][i] == SUND_GT_MISSING);
    for (size_t c = 0; c < W_COUNTRIES; c++)
        col[c] = strata && seen[c] ? k++ : 0;
    k = strata ? k : 1;
    for (size_t i = 0; i < w->n; i++) {
        long double *x = d.x[d.n], g = coded(how, w->gt[j][i]);

        if (w->no_bmi[i] || (drop && w->gt[j][i] == SUND_GT_MISSING))
            continue;
        if (w->gt[j][i] == SUND_GT_MISSING)
            g = mean_of(w, j, strata ? w->country[i] : -1, how);
        x[strata ? col[w->country[i]] : 0] = 1;
        x[k] = w->age[i];
        x[k + 1] = w->sex[i] == 2;
        x[k + 2] = declared(w->bmi[i], 1);
        x[k + 3] = g;
        d.y[d.n++] = declared(w->trait[i], 4);
    }
    d.k = k + 4;
    return least_squares(&d);
}

typedef struct apart { double beta, nlog10p; size_t n, na; } apart;

static void compare_row(const world *w, const char *line, bool strata, bool drop, coding how, apart *worst)
{
    unsigned pos = 0;
    char     beta[40], se[40], p[40];
    answer   want;

    if (sscanf(line, "%*s %u %*s %*s %*s %*s %*s %*s %39s %39s %39s", &pos, beta, se, p) != 4) {
        CHECK(!"a row of eleven columns");
        return;
    }
    want = truth(w, (pos - 1001) / 100, strata, drop, how);
    if (strcmp(beta, "NA") == 0 || !want.any) {
        CHECK(!want.any && strcmp(beta, "NA") == 0);
        worst->na++;
        return;
    }
    worst->n++;
    worst->beta = fmax(worst->beta, fabs(atof(beta) - want.beta) / want.se);
    worst->beta = fmax(worst->beta, fabs(atof(se) - want.se) / want.se);
    worst->nlog10p = fmax(worst->nlog10p, fabs(atof(p) - want.nlog10p) / fmax(1, want.nlog10p));
}

static void against_qr(const char *mode, bool strata, bool drop, coding how)
{
    apart           worst = { 0, 0, 0, 0 };
    sund_thresholds t = fed_open_data();

    for (int k = 0; k < 3; k++) {
        world        *w = malloc(sizeof *w);
        int           node_of[W_PEOPLE_MAX] = { 0 };
        char          more[300], text[4096];
        sund_release *r;
        fed          *f;
        char         *at;

        if (!w)
            abort();
        world_make(w, W_PEOPLE, test_rand());
        for (size_t i = 0; i < w->n; i++)
            node_of[i] = (int) (i % 3);
        f = fed_open(w, 3, node_of, &t, 1);
        (void) snprintf(more, sizeof more, "analysis = linear\noutcome = trait\ncovariates = age, sex, bmi\n%s", mode);
        study_text(f, more, text, sizeof text);
        r = world_pooled(w, f, text, &t, 2);
        at = whole_first(r);
        for (const char *line = strchr(at, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
            compare_row(w, line + 1, strata, drop, how, &worst);
        free(at);
        sund_release_free(r);
        fed_close(f);
        free(w);
    }
    CHECK(worst.n > (how == RECESSIVE ? 100 : 180));
    CHECK(worst.beta <= 1e-6);
    CHECK(worst.nlog10p <= 1e-6);
    printf("# %s, %s: %zu rows, beta within %.1e SE of QR, -log10 p within %.1e\n", strata ? "strata" : "common intercept", drop ? "drop" : "mean", worst.n, worst.beta,
           worst.nlog10p);
}

TEST(strata_mean) { against_qr("strata = country\nmissing = mean\n", true, false, ADDITIVE); }
TEST(strata_drop) { against_qr("strata = country\nmissing = drop\n", true, true, ADDITIVE); }
TEST(common_mean) { against_qr("strata = none\nmissing = mean\n", false, false, ADDITIVE); }
TEST(common_drop) { against_qr("strata = none\nmissing = drop\n", false, true, ADDITIVE); }
TEST(dominant_strata_mean) { against_qr("strata = country\nmissing = mean\ncoding = dominant\n", true, false, DOMINANT); }
TEST(dominant_common_drop) { against_qr("strata = none\nmissing = drop\ncoding = dominant\n", false, true, DOMINANT); }
TEST(recessive_common_mean) { against_qr("strata = none\nmissing = mean\ncoding = recessive\n", false, false, RECESSIVE); }
TEST(recessive_strata_drop) { against_qr("strata = country\nmissing = drop\ncoding = recessive\n", true, true, RECESSIVE); }

/* ---- an interaction ---- */

typedef enum last { NEITHER, PRODUCT, GENOTYPE } last; /* which comes last in the design, behind the other */

/** Over the called, with age times the genotype, or sex times it; least_squares tells of the last column. */
static answer crossed(const world *w, size_t j, bool strata, coding how, bool by_sex, last which)
{
    static design d;
    size_t        seen[W_COUNTRIES] = { 0 }, col[W_COUNTRIES], k = 0;

    memset(&d, 0, sizeof d);
    for (size_t i = 0; i < w->n; i++)
        seen[w->country[i]] += !w->no_bmi[i] && w->gt[j][i] != SUND_GT_MISSING;
    for (size_t c = 0; c < W_COUNTRIES; c++)
        col[c] = strata && seen[c] ? k++ : 0;
    k = strata ? k : 1;
    for (size_t i = 0; i < w->n; i++) {
        long double *x = d.x[d.n], g, e = by_sex ? w->sex[i] == 2 : w->age[i];

        if (w->no_bmi[i] || w->gt[j][i] == SUND_GT_MISSING)
            continue;
        g = coded(how, w->gt[j][i]);
        x[strata ? col[w->country[i]] : 0] = 1;
        x[k] = w->age[i];
        x[k + 1] = w->sex[i] == 2;
        x[k + 2] = declared(w->bmi[i], 1);
        if (which != NEITHER) {
            x[k + 3] = which == PRODUCT ? g : g * e;
            x[k + 4] = which == PRODUCT ? g * e : g;
        }
        d.y[d.n++] = declared(w->trait[i], 4);
    }
    d.k = k + (which == NEITHER ? 3 : 5);
    return least_squares(&d);
}

static size_t complete(const world *w, size_t j)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += !w->no_bmi[i] && w->gt[j][i] != SUND_GT_MISSING;
    return n;
}

static void crossed_row(const world *w, const char *line, bool strata, coding how, bool by_sex, size_t n_intercept, apart *worst)
{
    unsigned pos = 0;
    double   got[7], f, df, joint;
    size_t   j;
    answer   g, h, less;

    if (sscanf(line, "%*s %u %*s %*s %*s %*s %*s %*s %lf %lf %lf %lf %lf %lf %lf", &pos, got, got + 1, got + 2, got + 3, got + 4, got + 5, got + 6) != 8) {
        worst->na++;
        return;
    }
    j = (pos - 1001) / 100;
    g = crossed(w, j, strata, how, by_sex, GENOTYPE);
    h = crossed(w, j, strata, how, by_sex, PRODUCT);
    less = crossed(w, j, strata, how, by_sex, NEITHER);
    df = (double) (complete(w, j) - n_intercept - 5);
    f = (less.rss - h.rss) / 2 / (h.rss / df);
    joint = -pf(f, 2, df, 0, 1) / M_LN10;
    worst->n++;
    CHECK(g.any && h.any);
    worst->beta = fmax(worst->beta, fmax(fabs(got[0] - g.beta), fabs(got[1] - g.se)) / g.se);
    worst->beta = fmax(worst->beta, fmax(fabs(got[3] - h.beta), fabs(got[4] - h.se)) / h.se);
    worst->nlog10p = fmax(worst->nlog10p, fmax(fabs(got[2] - g.nlog10p) / fmax(1, g.nlog10p), fmax(fabs(got[5] - h.nlog10p) / fmax(1, h.nlog10p), fabs(got[6] - joint) / fmax(1, joint))));
}

static void crossed_against_qr(const char *mode, bool strata, coding how, bool by_sex)
{
    apart           worst = { 0, 0, 0, 0 };
    sund_thresholds t = fed_open_data();
    world          *w = fed_world(W_PEOPLE, test_rand());
    fed            *f = fed_even(w, 3, &t);
    char            more[300], text[4096];
    sund_release   *r;
    size_t          countries = 1;
    char           *at;

    for (size_t i = 0; i < w->n; i++)
        countries = strata && (size_t) w->country[i] + 1 > countries ? (size_t) w->country[i] + 1 : countries;
    (void) snprintf(more, sizeof more, "analysis = linear\noutcome = trait\ncovariates = age, sex, bmi\nmissing = drop\ninteraction = %s\n%s", by_sex ? "sex" : "age", mode);
    study_text(f, more, text, sizeof text);
    r = world_pooled(w, f, text, &t, 2);
    at = whole_first(r);
    for (const char *line = strchr(at, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
        crossed_row(w, line + 1, strata, how, by_sex, countries, &worst);
    CHECK(worst.n >= (how == RECESSIVE ? 30 : 50));
    CHECK(worst.beta <= 1e-6);
    CHECK(worst.nlog10p <= 1e-6);
    printf("# %s, by %s: %zu rows (%zu NA), beta within %.1e SE of QR, -log10 p within %.1e\n", strata ? "strata" : "common intercept", by_sex ? "sex" : "age", worst.n, worst.na, worst.beta,
           worst.nlog10p);
    free(at);
    sund_release_free(r);
    fed_close(f);
    free(w);
}

TEST(interaction_strata_with_a_number) { crossed_against_qr("strata = country\n", true, ADDITIVE, false); }
TEST(interaction_common_with_sex) { crossed_against_qr("strata = none\n", false, ADDITIVE, true); }
TEST(interaction_dominant) { crossed_against_qr("strata = none\ncoding = dominant\n", false, DOMINANT, false); }
TEST(interaction_recessive) { crossed_against_qr("strata = country\ncoding = recessive\n", true, RECESSIVE, true); }

/* ---- counts of everybody come from the store's table: the same as from the genotypes ---- */

enum { T_PEOPLE = 257, T_SITES = 60 };

/** Sites of all copies rules, common and rare, of either homozygote, with missing calls; people of three sexes in three populations. */
static void tally_store(const char *dir, uint8_t *sex)
{
    static const struct { int contig; uint32_t pos; } at[] = { { 1, 1000 }, { SUND_X, 70000 }, { SUND_X, 5000000 }, { SUND_Y, 5000000 }, { SUND_MT, 100 } };
    static const char *const pop[] = { "A", "B", "C" };
    static char        name[T_PEOPLE][8];
    const char        *person[T_PEOPLE], *population[T_PEOPLE];
    uint64_t           plane[5 * (T_PEOPLE / 64 + 1)];
    uint8_t            code[T_PEOPLE];
    sund_store_plan    plan = { .assembly = SUND_GRCH38, .n_person = T_PEOPLE, .person = person, .sex = sex, .population = population, .source = "test" };
    sund_store_writer *out = NULL;

    for (size_t i = 0; i < T_PEOPLE; i++) {
        (void) snprintf(name[i], sizeof name[i], "P%zu", i);
        person[i] = name[i];
        sex[i] = (uint8_t) (test_rand() % 3);
        population[i] = pop[test_rand() % 3];
    }
    MUST(sund_store_writer_open(&out, dir, &plan, err));
    for (size_t j = 0; j < T_SITES; j++) {
        sund_variant v = { at[j / 12].contig, at[j / 12].pos + (uint32_t) (10 * (j % 12)), "A", "C", 1, 1 };
        sund_copies  copies = sund_copies_at(SUND_GRCH38, v.contig, v.pos_bp);
        sund_gt      gt;
        sund_phase   phase;
        sund_kind    kind;

        for (size_t i = 0; i < T_PEOPLE; i++) {
            int dose = (test_rand() % 100 < 2 + 8 * (j % 12)) + (test_rand() % 100 < 2 + 8 * (j % 12));
            int n = sund_copies_of(copies, (sund_sex) sex[i]);

            code[i] = (uint8_t) (n == 0 || (j % 2 && test_rand() % 30 == 0) ? SUND_GT_MISSING : n == 1 && dose == 1 ? 2 : dose);
        }
        MUST(sund_variant_kind(&v, &kind, err));
        if (!sund_gt_of_codes(code, T_PEOPLE, plane, &gt, &phase))
            abort();
        MUST(sund_store_writer_add(out, &v, kind, &gt, &phase, err));
    }
    MUST(sund_store_writer_seal(out, err));
    sund_store_writer_close(out);
}

TEST(counts_of_everybody_from_the_table)
{
    const char        *dir = fed_path("tally-store", 0);
    uint8_t            sex[T_PEOPLE];
    uint64_t           male[T_PEOPLE / 64 + 1] = { 0 }, female[T_PEOPLE / 64 + 1] = { 0 };
    uint32_t           row[T_SITES];
    sund_view          v = { .n_person = T_PEOPLE, .n_word = T_PEOPLE / 64 + 1, .male = male, .female = female, .row = row };
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;

    tally_store(dir, sex);
    MUST(sund_store_open(&s, dir, err));
    MUST(sund_store_reader_open(&r, s, err));
    v.store = s;
    for (size_t i = 0; i < T_PEOPLE; i++)
        (sex[i] == SUND_MALE ? male : female)[i / 64] |= 1ULL << (i % 64);
    v.set_male = sund_person_plane_of(male, v.n_word);
    v.set_female = sund_person_plane_of(female, v.n_word);
    for (size_t j = 0; j < T_SITES; j++) {
        sund_tally by_table, by_gt;
        sund_site  site;

        row[j] = (uint32_t) j;
        sund_store_site(s, j, &site);
        v.everyone = true;
        MUST(sund_tally_own(&v, j, SUND_IN_STORE, site.copies, r, &by_table, NULL, err));
        v.everyone = false;
        MUST(sund_tally_own(&v, j, SUND_IN_STORE, site.copies, r, &by_gt, NULL, err));
        CHECK(memcmp(&by_table, &by_gt, sizeof by_gt) == 0);
        CHECK(by_gt.male.ref + by_gt.male.het + by_gt.male.alt > 50);
    }
    sund_store_reader_close(r);
    sund_store_close(s);
}
