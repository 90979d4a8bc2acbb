/* Simulated cohorts against theory: site frequencies, Hardy-Weinberg, Fst, kinship, copies by sex, missing calls, planted effects. */
#include "base/file.h"
#include "base/tsv.h"
#include "sim/sim.h"
#include "sim/tree.h"
#include "store/store.h"
#include "scratch.h"
#include "test.h"

#include <unistd.h>

/* ---- a cohort in memory: what the tests look at ---- */

typedef struct cohort {
    sund_store            *s;
    sund_store_reader     *r;
    const sund_store_info *i;
    uint8_t               *code; /* n_site x n_person */
    sund_tsv               people, families;
} cohort;

static cohort make(const char *name, sund_sim sim)
{
    static const char *const country[] = { "DK" };
    char                     path[200];
    sund_sim_report          report;
    sund_err                 err = { 0 };
    cohort                   c = { 0 };

    sim.out = scratch(name);
    sim.store = true;
    sim.country = sim.country ? sim.country : country;
    sim.n_country = sim.n_country ? sim.n_country : 1;
    sim.assembly = SUND_GRCH38;
    sim.prevalence = sim.prevalence > 0 ? sim.prevalence : 0.1;
    sim.n_child = 2;
    if (sund_sim_run(&sim, &report, &err) != SUND_OK) {
        fprintf(stderr, "# %s\n", err.msg);
        abort();
    }
    CHECK(report.n_site == sim.n_site);
    (void) snprintf(path, sizeof path, "%s/store", sim.out);
    if (sund_store_verify(path, NULL, NULL, &err) != SUND_OK || sund_store_open(&c.s, path, &err) != SUND_OK || sund_store_reader_open(&c.r, c.s, &err) != SUND_OK)
        abort();
    c.i = sund_store_describe(c.s);
    c.code = malloc(c.i->n_site * c.i->n_person + 1);
    for (size_t j = 0; c.code && j < c.i->n_site; j++) {
        sund_gt g;

        if (sund_store_read(c.r, j, &g, &err) != SUND_OK)
            abort();
        sund_gt_codes(&g, c.i->n_person, c.code + j * c.i->n_person);
    }
    (void) snprintf(path, sizeof path, "%s/people.tsv", sim.out);
    CHECK(sund_tsv_read(&c.people, path, &err) == SUND_OK);
    (void) snprintf(path, sizeof path, "%s/families.tsv", sim.out);
    if (sim.n_family)
        CHECK(sund_tsv_read(&c.families, path, &err) == SUND_OK);
    return c;
}

static void drop(cohort *c)
{
    sund_store_reader_close(c->r);
    sund_store_close(c->s);
    sund_tsv_free(&c->people);
    sund_tsv_free(&c->families);
    free(c->code);
}

static const uint8_t *row(const cohort *c, size_t j) { return c->code + j * c->i->n_person; }

static size_t person(const cohort *c, const char *name)
{
    for (size_t i = 0; i < c->i->n_person; i++)
        if (strcmp(c->i->person[i], name) == 0)
            return i;
    abort();
}

/* ---- genealogies ---- */

enum { LEAVES = 40, TREES = 6000 };

TEST(site_frequencies_of_a_constant_population_are_theta_over_i)
{
    const sund_demography d = { 1e4, 1e4, 100.0, 1e4 };
    const double          theta = 8.0; /* 4 N times the rate */
    static double         sum[LEAVES], square[LEAVES];
    uint32_t              hap[LEAVES];
    size_t                n = LEAVES;
    sund_tree             t;
    sund_rand             r = sund_rand_of(11, 1);
    double                length = 0.0, harmonic = 0.0;

    CHECK(sund_tree_init(&t, LEAVES, NULL) == SUND_OK);
    for (uint32_t k = 0; k < LEAVES; k++)
        hap[k] = k;
    for (int k = 0; k < TREES; k++) {
        size_t xi[LEAVES] = { 0 };

        sund_tree_grow(&t, &d, 1.0, hap, &n, 1, &r);
        length += sund_tree_length(&t);
        CHECK(sund_tree_mutate(&t, theta / 4e4, &r, NULL) == SUND_OK);
        for (size_t m = 0; m < t.n_mutation; m++)
            xi[t.mutation[m].to - t.mutation[m].from]++;
        for (int i = 1; i < LEAVES; i++) {
            sum[i] += (double) xi[i];
            square[i] += (double) (xi[i] * xi[i]);
        }
    }
    for (int i = 1; i < LEAVES; i++) {
        double mean = sum[i] / TREES, se = sqrt((square[i] / TREES - mean * mean) / TREES);

        CHECK(fabs(mean - theta / i) < 4.5 * se);
        harmonic += 1.0 / i;
    }
    CHECK_NEAR(length / TREES, 4e4 * harmonic, 0.02);
    sund_tree_free(&t);
}

TEST(every_haplotype_is_a_leaf_once_and_gaps_are_times)
{
    const sund_demography d = { 1e6, 1e4, 320.0, 1e4 };
    uint32_t              hap[300];
    size_t                n_of[4] = { 100, 1, 0, 199 }, young = 0;
    sund_tree             t;
    sund_rand             r = sund_rand_of(3, 1);

    CHECK(sund_tree_init(&t, 300, NULL) == SUND_OK);
    for (uint32_t k = 0; k < 300; k++)
        hap[k] = 7 * k;
    for (int k = 0; k < 20; k++) {
        int seen[300] = { 0 };

        sund_tree_grow(&t, &d, 1.0, hap, n_of, 4, &r);
        CHECK(t.n_leaf == 300);
        for (size_t i = 0; i < 300; i++)
            seen[t.hap[i] / 7]++;
        for (size_t i = 0; i < 300; i++)
            CHECK(seen[i] == 1);
        for (size_t i = 0; i < 299; i++) {
            CHECK(t.height[i] > 0.0 && t.height[i] < 1e7);
            if (t.height[i] < d.split) { /* younger than the split: both of one population */
                CHECK((t.hap[i] / 7 < 100) == (t.hap[i + 1] / 7 < 100));
                young++;
            }
        }
    }
    CHECK(young > 500);
    sund_tree_free(&t);
}

TEST(growing_populations_have_mostly_singletons)
{
    const sund_region r = { 20, 1000000, 2000000 };
    const size_t      n = 3000;
    cohort            c = make("growth", (sund_sim){ .n_person = &n, .region = &r, .n_region = 1, .n_site = 4000, .block = 100, .seed = 5 });
    size_t            single = 0;

    for (size_t j = 0; j < c.i->n_site; j++) {
        sund_counts k = { 0 };

        CHECK(sund_store_counts(c.r, j, -1, -1, &k, NULL) == SUND_OK);
        single += k.het == 1 && k.hom_alt == 0;
        CHECK(k.het + k.hom_alt > 0 && k.missing == 0);
    }
    CHECK(single > 4000 * 0.5 && single < 4000 * 0.72);
    drop(&c);
}

/* ---- populations ---- */

TEST(hardy_weinberg_holds_within_a_population_and_fst_between_two_is_as_derived)
{
    static const char *const country[] = { "DK", "SE" };
    const sund_region        r = { 7, 0, 100000000 };
    const size_t             n[2] = { 300, 300 };
    cohort                   c = make("two", (sund_sim){ .country = country, .n_country = 2, .n_person = n, .region = &r, .n_region = 1, .n_site = 6000, .block = 4, .constant = true, .seed = 9 });
    double                   chi = 0.0, within = 0.0, between = 0.0;
    size_t                   tests = 0;

    for (size_t j = 0; j < c.i->n_site; j++) {
        double p[2], h = 0.0;

        for (int k = 0; k < 2; k++) {
            sund_counts x = { 0 };
            double      q, e;

            CHECK(sund_store_counts(c.r, j, k, -1, &x, NULL) == SUND_OK);
            q = (x.het + 2.0 * x.hom_alt) / 600.0;
            p[k] = q;
            h += 0.5 * 2.0 * q * (1.0 - q) * 600.0 / 599.0;
            e = 2.0 * q * (1.0 - q) * 300.0;
            if (q > 0.1 && q < 0.9) {
                double f = 1.0 - x.het / e;

                chi += 300.0 * f * f;
                tests++;
            }
        }
        within += h;
        between += p[0] * (1.0 - p[1]) + p[1] * (1.0 - p[0]);
    }
    CHECK(tests > 1000 && fabs(chi / (double) tests - 1.0) < 0.1); /* chi-squared with one degree of freedom */
    CHECK_NEAR(1.0 - within / between, 320.0 / (320.0 + 20000.0), 0.25); /* t / (t + 2N): Hudson's Fst of a split of constant populations */
    drop(&c);
}

/* ---- families ---- */

static double king(const cohort *c, size_t a, size_t b, size_t *opposite)
{
    double both = 0.0, het = 0.0;

    *opposite = 0;
    for (size_t j = 0; j < c->i->n_site; j++) {
        sund_site s;
        uint8_t   x = row(c, j)[a], y = row(c, j)[b];

        sund_store_site(c->s, j, &s);
        if (s.v.contig > 22)
            continue;
        both += x == 1 && y == 1;
        het += (x == 1) + (y == 1);
        *opposite += (x == 0 && y == 2) || (x == 2 && y == 0);
    }
    return (both - 2.0 * (double) *opposite) / het;
}

enum { GENOME = 25 };
static void whole_genome(sund_region *r)
{
    for (int k = 0; k < GENOME; k++)
        r[k] = (sund_region){ k + 1, 0, sund_contig_length(SUND_GRCH38, k + 1) };
    r[23] = (sund_region){ SUND_Y, 2781479, 56887902 };
}

TEST(kinship_of_parents_and_sibs_is_a_quarter_of_strangers_none)
{
    sund_region  r[GENOME];
    const size_t n = 150;
    cohort       c;
    double       parents = 0.0, sibs = 0.0, strangers = 0.0;
    size_t       n_parents = 0, n_sibs = 0, n_strangers = 0, opposite;

    whole_genome(r);
    c = make("kin", (sund_sim){ .n_person = &n, .n_family = 30, .region = r, .n_region = 22, .n_site = 12000, .block = 10, .constant = true, .seed = 4 });
    CHECK(c.families.n_row == 60);
    for (size_t k = 0; k < c.families.n_row; k++) {
        size_t child = person(&c, sund_tsv_at(&c.families, k, 0)), father = person(&c, sund_tsv_at(&c.families, k, 1)), mother = person(&c, sund_tsv_at(&c.families, k, 2));

        CHECK(c.i->sex[father] == SUND_MALE && c.i->sex[mother] == SUND_FEMALE);
        parents += king(&c, child, father, &opposite);
        CHECK(opposite == 0);
        parents += king(&c, child, mother, &opposite);
        CHECK(opposite == 0);
        n_parents += 2;
        strangers += king(&c, father, mother, &opposite);
        n_strangers++;
        for (size_t m = k + 1; m < c.families.n_row; m++)
            if (strcmp(sund_tsv_at(&c.families, k, 1), sund_tsv_at(&c.families, m, 1)) == 0) {
                double x = king(&c, child, person(&c, sund_tsv_at(&c.families, m, 0)), &opposite);

                CHECK(x > 0.15 && x < 0.35 && opposite > 0);
                sibs += x;
                n_sibs++;
            }
    }
    CHECK(n_sibs == 30);
    CHECK(fabs(parents / (double) n_parents - 0.25) < 0.01);
    CHECK(fabs(sibs / (double) n_sibs - 0.25) < 0.02);
    CHECK(fabs(strangers / (double) n_strangers) < 0.02);
    drop(&c);
}

/** What a child has at a site of X, Y or MT against its parents. */
static bool passes(int contig, bool diploid, bool daughter, uint8_t child, uint8_t father, uint8_t mother)
{
    if (diploid)
        return !(father == 0 && child == 2) && !(father == 2 && child == 0) && !(mother == 0 && child == 2) && !(mother == 2 && child == 0);
    if (contig == SUND_Y)
        return daughter ? child == SUND_GT_MISSING : child == father;
    if (contig == SUND_MT)
        return child == mother;
    if (daughter) /* one from each: the father's only one, and one of the mother's */
        return (int) child - father / 2 >= (mother == 2) && (int) child - father / 2 <= (mother > 0);
    return mother == 1 || child == mother;
}

TEST(copies_are_by_sex_and_pass_as_they_do)
{
    const sund_region r[] = { { SUND_X, 2000000, 4000000 }, { SUND_Y, 0, 4000000 }, { SUND_MT, 0, 16569 } };
    const size_t      n = 200;
    cohort            c = make("sexes", (sund_sim){ .n_person = &n, .n_family = 40, .region = r, .n_region = 3, .n_site = 5000, .block = 20, .seed = 8 });
    size_t            sites[3] = { 0 }, par_het_male = 0, x_het_female = 0, wrong = 0, pairs = 0;

    for (size_t j = 0; j < c.i->n_site; j++) {
        sund_site      s;
        const uint8_t *g = row(&c, j);
        bool           diploid;

        sund_store_site(c.s, j, &s);
        diploid = s.copies == SUND_DIPLOID;
        sites[s.v.contig - SUND_X]++;
        CHECK(diploid ? s.v.contig == SUND_X && s.v.pos_bp < 2781479 : s.copies == sund_copies_at(SUND_GRCH38, s.v.contig, s.v.pos_bp));
        for (size_t i = 0; i < n; i++) {
            bool male = c.i->sex[i] == SUND_MALE;

            par_het_male += diploid && male && g[i] == 1;
            x_het_female += !diploid && s.v.contig == SUND_X && !male && g[i] == 1;
            wrong += g[i] == 1 && !diploid && (s.v.contig != SUND_X || male);
            wrong += (g[i] == SUND_GT_MISSING) != (s.v.contig == SUND_Y && !male);
        }
        for (size_t k = 0; k < c.families.n_row; k++) {
            size_t child = person(&c, sund_tsv_at(&c.families, k, 0));

            wrong += !passes(s.v.contig, diploid, c.i->sex[child] == SUND_FEMALE, g[child], g[person(&c, sund_tsv_at(&c.families, k, 1))], g[person(&c, sund_tsv_at(&c.families, k, 2))]);
            pairs++;
        }
    }
    CHECK(sites[0] > 1000 && sites[1] > 1000 && sites[2] > 5 && par_het_male > 100 && x_het_female > 100 && pairs == 5000 * 80);
    CHECK(wrong == 0);
    drop(&c);
}

/* ---- calls and traits ---- */

TEST(calls_are_missing_at_the_rate_asked_for_whoever_it_is)
{
    const sund_region r = { 20, 1000000, 2000000 };
    const size_t      n = 1000;
    cohort            c = make("missing", (sund_sim){ .n_person = &n, .region = &r, .n_region = 1, .n_site = 2000, .block = 100, .missing = 0.01, .unphased = true, .seed = 2 });
    double            sum = 0.0, chi = 0.0;

    for (size_t i = 0; i < n; i++) {
        double k = 0.0;

        for (size_t j = 0; j < 2000; j++)
            k += row(&c, j)[i] == SUND_GT_MISSING;
        sum += k;
        chi += (k - 20.0) * (k - 20.0) / 19.8;
    }
    CHECK(fabs(sum - 20000.0) < 5.0 * sqrt(19800.0));
    CHECK(fabs(chi / 1000.0 - 1.0) < 0.25);
    {
        sund_store_reader *reader = NULL;
        const uint64_t    *phased, *first;
        bool               any = true;

        CHECK(sund_store_reader_open(&reader, c.s, NULL) == SUND_OK);
        CHECK(sund_store_phase(reader, 0, &phased, &first, &any, NULL) == SUND_OK && !any);
        sund_store_reader_close(reader);
    }
    drop(&c);
}

TEST(planted_effects_are_recovered)
{
    const sund_region r = { 20, 1000000, 3000000 };
    const size_t      n = 4000;
    cohort            c = make("trait", (sund_sim){ .n_person = &n, .region = &r, .n_region = 1, .n_site = 4000, .block = 100, .n_causal = 5, .h2 = 0.3, .prevalence = 0.3, .seed = 6 });
    sund_tsv          e = { 0 };
    size_t            cases = 0;

    CHECK(sund_tsv_read(&e, scratch("trait/effects.tsv"), NULL) == SUND_OK && e.n_row == 5);
    for (size_t k = 0; k < e.n_row; k++) {
        sund_variant v = { sund_contig_parse(sund_tsv_at(&e, k, 0), NULL), (uint32_t) atol(sund_tsv_at(&e, k, 1)) - 1, sund_tsv_at(&e, k, 2), sund_tsv_at(&e, k, 3),
                           (uint32_t) strlen(sund_tsv_at(&e, k, 2)), (uint32_t) strlen(sund_tsv_at(&e, k, 3)) };
        double       sg = 0, sy = 0, sgg = 0, sgy = 0, syy = 0, gg, gy, beta, se, carriers[2] = { 0 }, ill[2] = { 0 };
        size_t       j = 0;

        CHECK(sund_store_find(c.s, &v, &j));
        for (size_t i = 0; i < n; i++) {
            double g = row(&c, j)[i], y = atof(sund_tsv_at(&c.people, i, 6));
            bool   sick = strcmp(sund_tsv_at(&c.people, i, 7), "case") == 0;

            sg += g, sy += y, sgg += g * g, sgy += g * y, syy += y * y;
            carriers[sick] += g;
            ill[sick] += 2.0;
            cases += k == 0 && sick;
        }
        gg = sgg - sg * sg / (double) n;
        gy = sgy - sg * sy / (double) n;
        beta = gy / gg;
        se = sqrt((syy - sy * sy / (double) n - beta * gy) / (double) (n - 2) / gg);
        CHECK_NEAR(sg / (2.0 * (double) n), atof(sund_tsv_at(&e, k, 4)), 1e-4);
        CHECK(fabs(beta - atof(sund_tsv_at(&e, k, 5))) < 4.0 * se && fabs(beta) > 5.0 * se);
        { /* allelic log odds ratio: that of the model but for what the other effects blur */
            double a = carriers[1], b = ill[1] - a, u = carriers[0], w = ill[0] - u, lor = log(a * w / (b * u)), s = sqrt(1 / a + 1 / b + 1 / u + 1 / w), want = atof(sund_tsv_at(&e, k, 6));

            CHECK(fabs(lor - want) < 4.0 * s + 0.2 * fabs(want) && lor * want > 0);
        }
    }
    CHECK(cases > 1040 && cases < 1360);
    sund_tsv_free(&e);
    drop(&c);
}

TEST(what_does_not_go_together_is_refused)
{
    static const char *const country[] = { "DK" };
    const sund_region        r[] = { { 20, 1000000, 1001000 }, { 3, 0, 100 } }, y = { SUND_Y, 10000, 20000 };
    const size_t             n = 10;
    sund_sim                 good = { .store = true, .country = country, .n_country = 1, .n_person = &n, .assembly = SUND_GRCH38, .region = r, .n_region = 1, .n_site = 10, .block = 10, .prevalence = 0.1, .n_child = 2 }, s;
    sund_sim_report          report;
    sund_err                 err;

#define REFUSED(change, word)                                                                                                                                                                          \
    do {                                                                                                                                                                                               \
        s = good;                                                                                                                                                                                      \
        s.out = scratch("refused");                                                                                                                                                                         \
        change;                                                                                                                                                                                        \
        CHECK(sund_sim_run(&s, &report, &err) == SUND_E_ARG && strstr(err.msg, word));                                                                                                                 \
    } while (0)
    REFUSED(s.n_site = 501, "do not fit");
    REFUSED(s.n_region = 2, "in order");
    REFUSED(s.n_family = 3, "do not fit");
    REFUSED(s.missing = 0.6, "missing");
    REFUSED(s.block = 0.5, "block");
    REFUSED(s.region = &y, "X");
    REFUSED((s.n_family = 1, s.n_child = 0), "child");
    s = good;
    s.out = scratch("good");
    CHECK(sund_sim_run(&s, &report, &err) == SUND_OK);
    CHECK(sund_sim_run(&s, &report, &err) == SUND_E_MISMATCH && strstr(err.msg, "exists already"));
}
