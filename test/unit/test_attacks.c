/* What a clever asker tries, against a whole federation of controlled data; each test prints how often it came off. On pages: test_page_attacks.c. */
#include "fed.h"
#include "gate/budget.h"
#include "gate/memory.h"
#include "test.h"

static double uniform(void) { return (double) (test_rand() >> 11) / 9007199254740992.0; }

/** A counts study of a cohort at the first n nodes, or at all but one of them. True when it was released. */
static bool answered(fed *f, const char *whom, size_t n, int but, const char *rule)
{
    char        text[2048];
    sund_digest d = sund_catalogue_digest(f->catalogue);
    int         k = snprintf(text, sizeof text, "[study]\ntitle = attack\npurpose = general-research\ncohort = %s\nanalysis = counts\nstrata = none\ncatalogue = %s\nnodes = ", whom, sund_digest_hex(&d).s);
    bool        first = true, released = false;
    sund_buf    bytes = { 0 };

    for (size_t i = 0; i < n; i++) {
        f->node[i].away = (int) i == but;
        if ((int) i != but) {
            k += snprintf(text + k, sizeof text - (size_t) k, "%sN%02zu", first ? "" : ", ", i);
            first = false;
        }
        fed_kill(f, i); /* each study has a party of its own */
    }
    (void) snprintf(text + k, sizeof text - (size_t) k, "\n");
    fed_submit(f, text);
    fed_run(f);
    released = fed_fetch(f, &bytes, NULL);
    sund_buf_free(&bytes);
    for (size_t i = 0; i < n; i++) {
        sund_party_status s = { .detail = "" };

        if ((int) i != but && !released)
            s = fed_status(f, i);
        if ((int) i != but && !released && !strstr(s.detail, rule))
            fprintf(stderr, "# N%02zu: %s: %s (want %s)\n", i, sund_party_state_name(s.state), s.detail, rule);
        CHECK((int) i == but || released || strstr(s.detail, rule));
        f->node[i].away = false;
    }
    return released;
}

static fed *controlled(const world *w)
{
    const sund_thresholds t = sund_thresholds_default();

    return fed_even(w, 4, &t);
}

static size_t matching(const world *w, int age, int sex)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += w->age[i] == age && w->sex[i] == sex;
    return n;
}

/* Everyone, and everyone but a person whose age and sex the asker knows. */
TEST(all_but_one)
{
    world *w = fed_world(W_PEOPLE, 5);
    fed   *f = controlled(w);
    size_t tried = 0, won = 0;

    CHECK(answered(f, "all", 4, -1, "-"));
    for (int age = 20; age < 80 && tried < 30; age += 2) {
        char whom[80];

        if (matching(w, age, 1) == 0)
            continue;
        (void) snprintf(whom, sizeof whom, "not (age = %d and sex = M)", age);
        tried++;
        won += answered(f, whom, 4, -1, "rule difference");
    }
    printf("# two cohorts that differ by one person: %zu of %zu answered\n", won, tried);
    CHECK(tried >= 20 && won == 0);
    CHECK(answered(f, "age >= 40", 4, -1, "-")); /* honest use goes on */
    CHECK(answered(f, "sex = F", 4, -1, "-"));
    fed_close(f);
    free(w);
}

/* Two overlapping cohorts, their union: no two differ by few, but a + b - (a or b) is the overlap. */
TEST(three_cohorts_and_their_overlap)
{
    world *w = fed_world(W_PEOPLE, 6);
    size_t tried = 0, won = 0;

    for (int age = 40; age < 60; age += 4) {
        fed *f = controlled(w);
        char low[40], high[40];

        (void) snprintf(low, sizeof low, "age <= %d", age);
        (void) snprintf(high, sizeof high, "age >= %d", age);
        CHECK(answered(f, low, 4, -1, "-") && answered(f, high, 4, -1, "-"));
        tried++;
        won += answered(f, "all", 4, -1, "rule difference");
        fed_close(f);
    }
    printf("# overlaps of two answered cohorts by a third: %zu of %zu answered\n", won, tried);
    CHECK(won == 0);
    free(w);
}

/* Four nodes, then each three of them: four totals would be every node's own. */
TEST(rosters_that_differ_by_one)
{
    world *w = fed_world(W_PEOPLE, 7);
    fed   *f = controlled(w);
    size_t won = 0;

    CHECK(answered(f, "all", 4, -1, "-"));
    for (int but = 0; but < 4; but++)
        won += answered(f, "all", 4, but, "rule one-roster");
    printf("# rosters that differ by one node: %zu of 4 answered\n", won);
    CHECK(won == 0);
    fed_close(f);
    free(w);
}

/* ---- columns that weigh one person ---- */

/** The column by which the asker would single out person t, as it lies in the nodes' data. */
enum { ONE_HOT, HUGE, ONE_HOT_COVARIATE, NEARLY_ALIKE, TRICKS };
static const char *const trick_name[TRICKS] = { "an outcome that is one person's", "an outcome with one huge value", "a covariate that is one person's", "an outcome and a covariate that differ by one person" };

static void play(world *w, int trick, size_t t)
{
    for (size_t i = 0; i < w->n; i++) {
        double noise = uniform() + uniform() + uniform() - 1.5;

        w->no_bmi[i] = false;
        w->bmi[i] = trick == ONE_HOT_COVARIATE ? (i == t ? 60 : 10) : 20 + floor(uniform() * 100) / 10;
        w->trait[i] = trick == ONE_HOT ? i == t : trick == HUGE ? (i == t ? 49 : 0.01 * noise) : trick == ONE_HOT_COVARIATE ? 20 * (i == t) + noise : w->bmi[i] + 3 * (i == t);
    }
}

/** Share of the released variants at which person t's genotype follows from the released effect: with a residual that is one person's, beta = (g - mean) / sum of squares. */
static double guessed(const world *w, const sund_buf *bytes, size_t t, double height)
{
    char  *table = whole_table(bytes, "table");
    size_t right = 0, n = 0;

    for (size_t r = 0; table && *fed_cell(table, r, "pos"); r++) {
        size_t j = (size_t) (atoi(fed_cell(table, r, "pos")) - 1001) / 100;
        double p = atof(fed_cell(table, r, "af")), g = atof(fed_cell(table, r, "beta")) / height * 2 * p * (1 - p) * (double) w->n + 2 * p;

        if (j >= w->m || w->gt[j][t] == SUND_GT_MISSING)
            continue;
        n++;
        right += (uint8_t) fmin(fmax(floor(g + 0.5), 0), 2) == w->gt[j][t];
    }
    free(table);
    return n ? (double) right / (double) n : 0;
}

TEST(columns_that_weigh_one_person)
{
    const sund_thresholds t = sund_thresholds_default();
    world                *w = fed_world(W_PEOPLE, 8);
    size_t                tried[TRICKS] = { 0 }, won[TRICKS] = { 0 }, answered_all = 0;

    for (int trick = 0; trick < TRICKS; trick++)
        for (size_t k = 0; k < 4; k++) {
            size_t   whom = 31 + 97 * k;
            fed     *f;
            sund_buf bytes = { 0 };

            play(w, trick, whom);
            f = fed_even(w, 4, &t);
            fed_ask(f, trick < ONE_HOT_COVARIATE ? "analysis = linear\noutcome = trait\ncovariates = sex\nstrata = none\n" : "analysis = linear\noutcome = trait\ncovariates = bmi\nstrata = none\n");
            fed_run(f);
            tried[trick]++;
            if (fed_fetch(f, &bytes, NULL)) {
                answered_all++;
                won[trick] += guessed(w, &bytes, whom, trick == HUGE ? 49 : trick == NEARLY_ALIKE ? 3 : trick == ONE_HOT ? 1 : 20) > 0.9;
            }
            else
                CHECK(strstr(fed_status(f, 0).detail, "rule dominance"));
            sund_buf_free(&bytes);
            fed_close(f);
        }
    for (int trick = 0; trick < TRICKS; trick++) {
        printf("# genotypes of one person by %s: read for %zu of %zu\n", trick_name[trick], won[trick], tried[trick]);
        CHECK(won[trick] == 0);
    }
    printf("# of these %d studies answered: %zu\n", TRICKS * 4, answered_all);
    CHECK(answered_all == 0);
    free(w);
}

/* ---- a combination of columns that weighs a few ---- */

static double normal(void) { return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform()); }

enum { SCALE = 5, HALF = 2 }; /* bmi = 35 + SCALE / HALF (u - v) */

/** trait = u + v, bmi = u - v: u is everybody's, v that of m people of one node. By itself, beside the other, and by leverage each passes; their difference is 2 v. */
static double hide(world *w, size_t m)
{
    double height = sqrt(80.0 / (double) m);

    for (size_t i = 0; i < w->n; i++) {
        double u = fmin(fmax(normal(), -2.5), 2.5), v = i % 4 == 0 && i / 4 < m ? height : 0;

        w->no_bmi[i] = false;
        w->trait[i] = u + v;
        w->bmi[i] = 35 + (double) SCALE / HALF * (u - v);
    }
    return height;
}

/** Sum of the centred genotypes times a trait, from its released effect: beta C_gg, C_gg = C_yy / (df se^2 + beta^2). The asker knows the trait. */
static double product(const world *w, const char *table, size_t r, const double *y)
{
    double mean = 0, square = 0, beta = atof(fed_cell(table, r, "beta")), se = atof(fed_cell(table, r, "se"));

    for (size_t i = 0; i < w->n; i++)
        mean += y[i] / (double) w->n;
    for (size_t i = 0; i < w->n; i++)
        square += (y[i] - mean) * (y[i] - mean);
    return beta * square / ((double) (w->n - 2) * se * se + beta * beta);
}

/** Share of the released variants at which the number of alleles of the m people is told. */
static double told(const world *w, const sund_buf *bytes, size_t m, double height)
{
    char  *table = whole_table(bytes, "table");
    size_t right = 0, n = 0;

    for (size_t r = 0; table && *fed_cell(table, r, "pos"); r += 2) { /* a row for each trait */
        size_t j = (size_t) (atoi(fed_cell(table, r, "pos")) - 1001) / 100, sum = 0;
        double p = atof(fed_cell(table, r, "af")), v;
        bool   called = j < w->m;

        for (size_t i = 0; called && i < m; i++) {
            called = w->gt[j][4 * i] != SUND_GT_MISSING;
            sum += w->gt[j][4 * i];
        }
        if (!called)
            continue;
        v = (product(w, table, r, w->trait) - product(w, table, r + 1, w->bmi) * HALF / SCALE) / 2;
        n++;
        right += (size_t) fmax(floor(v / height + 2 * p * (double) m + 0.5), 0) == sum;
    }
    free(table);
    return n ? (double) right / (double) n : 0;
}

TEST(combinations_that_weigh_a_few)
{
    static const size_t few[] = { 2, 3, 5, 9 };
    world              *w = fed_world(W_PEOPLE, 10);

    for (size_t k = 0; k < sizeof few / sizeof *few; k++) {
        double share[2] = { 0, 0 };

        for (int open = 1; open >= 0; open--) {
            sund_thresholds t = sund_thresholds_default();
            double          height = hide(w, few[k]);
            sund_buf        bytes = { 0 };
            fed            *f;

            t.open = open; /* no rule at all, but digits as ever */
            f = fed_even(w, 4, &t);
            fed_ask(f, "analysis = linear\noutcome = trait, bmi\nstrata = none\n");
            fed_run(f);
            if (fed_fetch(f, &bytes, NULL))
                share[open] = told(w, &bytes, few[k], height);
            else
                CHECK(!open && strstr(fed_status(f, 0).detail, "rule dominance") && strstr(fed_status(f, 0).detail, "all together"));
            sund_buf_free(&bytes);
            fed_close(f);
        }
        printf("# alleles of %zu people together by the difference of two columns: told at %.0f %% of variants without the rule, %.0f %% with it\n", few[k], 100 * share[1], 100 * share[0]);
        CHECK(share[1] > 0.9 && share[0] == 0);
    }
    free(w);
}

/** Honest data are skewed, and go together. */
TEST(skewed_columns_pass)
{
    const sund_thresholds t = sund_thresholds_default();
    world                *w = fed_world(W_PEOPLE, 9);
    fed                  *f;
    sund_buf              bytes;

    for (size_t i = 0; i < w->n; i++) { /* like a value of the laboratory; and nearly the same of another day */
        double x = exp(1.2 * (uniform() + uniform() + uniform() - 1.5));

        w->no_bmi[i] = false;
        w->trait[i] = fmin(x, 49);
        w->bmi[i] = fmin(12 + 3 * x + 0.2 * uniform(), 59);
    }
    f = fed_even(w, 4, &t);
    fed_ask(f, "analysis = linear\noutcome = trait\ncovariates = age, sex, bmi\nstrata = none\n");
    fed_run(f);
    bytes = fed_release(f);
    CHECK(bytes.n > 0);
    sund_buf_free(&bytes);
    fed_close(f);
    free(w);
}

/* ---- membership ---- */

enum { GROUP = 400, SITES = 4 * GROUP };

typedef struct crowd { /* people inside the data, people outside, of one population; genotypes 0, 1, 2 */
    double  freq[SITES];
    uint8_t in[GROUP][SITES], out[GROUP][SITES];
    int64_t ac[SITES]; /* of those inside */
} crowd;

/* Frequencies evenly between low and high; or as in a genome, where a tenth as frequent is ten times as many. */
static crowd *crowd_new(double low, double high, bool genome)
{
    crowd *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    for (size_t j = 0; j < SITES; j++) {
        c->freq[j] = genome ? low * pow(high / low, uniform()) : low + (high - low) * uniform();
        for (size_t i = 0; i < GROUP; i++) {
            c->in[i][j] = (uint8_t) ((uniform() < c->freq[j]) + (uniform() < c->freq[j]));
            c->out[i][j] = (uint8_t) ((uniform() < c->freq[j]) + (uniform() < c->freq[j]));
            c->ac[j] += c->in[i][j];
        }
    }
    return c;
}

/** Log likelihood ratio of a genome under the released frequencies against the population's own, which the attacker knows exactly. */
static double ratio(const crowd *c, const uint8_t *g, size_t m)
{
    double sum = 0;

    for (size_t j = 0; j < m; j++) {
        double p = (double) c->ac[j] / (2 * GROUP), q = c->freq[j];

        p = fmin(fmax(p, 1e-6), 1 - 1e-6);
        sum += g[j] * log(p / q) + (2 - g[j]) * log((1 - p) / (1 - q));
    }
    return sum;
}

/* The attacker knows the population's frequencies without error, and is shown as many variants as rule membership allows. */
TEST(membership_by_likelihood_ratio)
{
    crowd *c = crowd_new(0.05, 0.5, false);
    size_t allowed = (size_t) (SUND_BUDGET_ALL / sund_budget_share(GROUP, GROUP / 2));
    double in[GROUP], out[GROUP];

    for (size_t m = allowed, shown = 0; shown < 3; shown++, m = shown == 1 ? GROUP : SITES) {
        double won;

        for (size_t i = 0; i < GROUP; i++) {
            in[i] = ratio(c, c->in[i], m);
            out[i] = ratio(c, c->out[i], m);
        }
        won = test_above(in, out, GROUP);
        printf("# membership by likelihood ratio from %zu variants of %d people: right %.1f %% of the time%s\n", m, GROUP, 100 * won, m == allowed ? " (what the budget shows)" : " (refused)");
        CHECK(m == allowed ? won < 0.66 : won > 0.7);
    }
    CHECK(allowed == 52);
    free(c);
}

/* A genome's rare variants, looked up one by one: does each say what it would if the person were not there? */
TEST(beacon_by_rare_variants)
{
    crowd                *c = crowd_new(0.0001, 0.05, true);
    const sund_thresholds t = sund_thresholds_default();
    double                in[GROUP], out[GROUP], naive_in[GROUP], naive_out[GROUP];
    double                won, naive;

    for (size_t i = 0; i < GROUP; i++) {
        in[i] = out[i] = naive_in[i] = naive_out[i] = 0;
        for (size_t j = 0; j < SITES; j++) {
            sund_lookup_counts a = { .status = SUND_LOOKUP_COUNTED, .all = { c->ac[j], 2 * GROUP, 0, 0, 0 }, .an_covered = 2 * GROUP };

            sund_margins_node(&t, &a);
            in[i] += c->in[i][j] && a.status == SUND_LOOKUP_COUNTED;
            out[i] += c->out[i][j] && a.status == SUND_LOOKUP_COUNTED;
            naive_in[i] -= c->in[i][j] && c->ac[j] == 0; /* a beacon that says yes and no */
            naive_out[i] -= c->out[i][j] && c->ac[j] == 0;
        }
    }
    won = test_above(in, out, GROUP);
    naive = test_above(naive_in, naive_out, GROUP);
    printf("# beacon re-identification from all rare variants of a genome: right %.1f %% of the time; of a beacon that says yes or no %.1f %%\n", 100 * won, 100 * naive);
    CHECK(naive > 0.65 && won < 0.62 && naive - won > 0.08);
    free(c);
}
