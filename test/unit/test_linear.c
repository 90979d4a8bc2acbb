/* Linear studies of many traits: each trait's rows are those of its own study, byte for byte; and codings by class: who may be asked. */
#include "fed.h"
#include "study/linear_priv.h"
#include "study/party_priv.h"
#include "test.h"

/** Text of the pooled table of a study; the caller's. */
static char *table_of(const world *w, const char *more, const sund_thresholds *t)
{
    fed          *f = fed_even(w, 3, t);
    char          text[4096];
    sund_release *r;
    char         *copy;

    study_text(f, more, text, sizeof text);
    r = world_pooled(w, f, text, t, 1);
    copy = whole_first(r);
    sund_release_free(r);
    fed_close(f);
    return copy;
}

/** The lines that end with a trait's name, and the header. */
static char *lines_of(const char *table, const char *trait)
{
    char  *out = calloc(strlen(table) + 1, 1), end[80];
    size_t n = 0;

    (void) snprintf(end, sizeof end, "\t%s", trait);
    for (const char *at = table; *at; at = strchr(at, '\n') + 1) {
        size_t len = (size_t) (strchr(at, '\n') - at);

        if (at == table || (len > strlen(end) && memcmp(at + len - strlen(end), end, strlen(end)) == 0)) {
            memcpy(out + n, at, len + 1);
            n += len + 1;
        }
    }
    return out;
}

static size_t count_lines(const char *t)
{
    size_t n = 0;

    for (; (t = strchr(t, '\n')); t++)
        n++;
    return n;
}

/** Several traits at once against one at a time; nobody lacks age or trait. */
static void each_as_alone(const char *mode, const sund_thresholds *t)
{
    world *w = fed_world(W_PEOPLE, 7);
    char   more[400], *both;

    (void) snprintf(more, sizeof more, "analysis = linear\noutcome = trait, age\ncovariates = sex\n%s", mode);
    both = table_of(w, more, t);
    for (int k = 0; k < 2; k++) {
        const char *trait = k ? "age" : "trait";
        char       *alone, *mine = lines_of(both, trait);

        (void) snprintf(more, sizeof more, "analysis = linear\noutcome = %s\ncovariates = sex\n%s", trait, mode);
        alone = table_of(w, more, t);
        CHECK(strcmp(alone, mine) == 0 && count_lines(alone) > 20 && 2 * count_lines(alone) - 1 == count_lines(both));
        free(alone);
        free(mine);
    }
    free(both);
    free(w);
}

TEST(each_trait_of_many_as_alone)
{
    static const char *const mode[] = { "strata = country\n", "strata = none\n", "strata = country\nmissing = drop\n", "strata = none\nmissing = drop\ncoding = dominant\n" };
    sund_thresholds          open = fed_open_data(), strict = sund_thresholds_default();

    for (size_t k = 0; k < sizeof mode / sizeof *mode; k++)
        each_as_alone(mode[k], &open);
    each_as_alone(mode[0], &strict);
}

TEST(who_lacks_a_trait_is_left_out_of_all)
{
    world          *w = fed_world(W_PEOPLE, 7);
    sund_thresholds open = fed_open_data();
    char           *both = table_of(w, "analysis = linear\noutcome = trait, bmi\nstrata = none\n", &open), *whole = lines_of(both, "trait");
    char           *same = table_of(w, "analysis = linear\noutcome = trait\ncovariates = bmi\nstrata = none\n", &open);
    size_t          n = 0;

    for (size_t row = 0; row + 1 < count_lines(whole); row++) {
        char ours[40];

        (void) snprintf(ours, sizeof ours, "%s", fed_cell(whole, row, "n"));
        n += strcmp(ours, fed_cell(same, row, "n")) == 0;
        CHECK(atoi(ours) < W_PEOPLE);
    }
    CHECK(n > 20 && n == count_lines(same) - 1);
    free(both);
    free(whole);
    free(same);
    free(w);
}

/** With controlled data a variant is asked if twenty people are in either class; each of them is, and no other. */
static void asked_by_class(const char *coding, int least)
{
    world          *w = fed_world(W_PEOPLE, 11);
    sund_thresholds t = sund_thresholds_default();
    fed            *f = fed_even(w, 3, &t);
    char            more[300];
    linear_own     *own;
    size_t          at = 0, withheld = 0;

    (void) snprintf(more, sizeof more, "analysis = linear\noutcome = trait\ncovariates = age\nstrata = none\ncoding = %s\n", coding);
    fed_ask(f, more);
    fed_run(f);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED);
    own = f->node[0].party->engine.state.own;
    for (size_t j = 0; j < w->m; j++) {
        int  carriers = 0, others = 0, missing = 0;
        bool asked = at < own->n_eligible && own->eligible[at] == j;

        for (size_t i = 0; i < w->n; i++) {
            missing += w->gt[j][i] == SUND_GT_MISSING;
            carriers += w->gt[j][i] != SUND_GT_MISSING && w->gt[j][i] >= least;
            others += w->gt[j][i] != SUND_GT_MISSING && w->gt[j][i] < least;
        }
        CHECK(asked == (carriers >= 20 && others >= 20 && (missing == 0 || missing >= 10)));
        withheld += carriers > 0 && carriers < 20;
        at += asked;
    }
    CHECK(at == own->n_eligible && at > 5 && withheld > 5);
    fed_close(f);
    free(w);
}

TEST(dominant_is_asked_by_carriers) { asked_by_class("dominant", 1); }
TEST(recessive_is_asked_by_homozygotes) { asked_by_class("recessive", 2); }

/** Carriers, and people who lack a copy, in the smaller of the two sexes. */
static void by_sex(const world *w, size_t j, int *carry, int *lack)
{
    int c[2] = { 0, 0 }, l[2] = { 0, 0 };

    for (size_t i = 0; i < w->n; i++)
        if (w->gt[j][i] != SUND_GT_MISSING) {
            c[w->sex[i] == 2] += w->gt[j][i] > 0;
            l[w->sex[i] == 2] += w->gt[j][i] < 2;
        }
    *carry = c[0] < c[1] ? c[0] : c[1];
    *lack = l[0] < l[1] ? l[0] : l[1];
}

/* Controlled data: a variant's products with sex are asked where 20 of either sex carry, and 20 of either lack a copy; no other is, however common. */
TEST(an_interaction_is_asked_where_carriers_differ)
{
    world          *w = fed_world(W_PEOPLE, 12);
    sund_thresholds t = sund_thresholds_default();
    fed            *f;
    linear_own     *own;
    size_t          at = 0, withheld = 0;

    for (size_t j = 0; j < w->m; j += 3) /* men do not carry these, but for a few */
        for (size_t i = 0; i < w->n; i++)
            if (w->sex[i] == 1 && i % 16 && w->gt[j][i] != SUND_GT_MISSING)
                w->gt[j][i] = 0;
    f = fed_even(w, 3, &t);
    fed_ask(f, "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nmissing = drop\ninteraction = sex\n");
    fed_run(f);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED);
    own = f->node[0].party->engine.state.own;
    for (size_t j = 0; j < w->m; j++) {
        bool plain = sund_rule_eligible(&t, own->count[j].ac, own->count[j].an) && sund_rule_missing(&t, own->count[j].missing);
        bool asked = at < own->n_eligible && own->eligible[at] == j;
        int  carry, lack;

        by_sex(w, j, &carry, &lack);
        CHECK(asked == (plain && carry >= 20 && lack >= 20));
        withheld += plain && !asked;
        at += asked;
    }
    CHECK(at == own->n_eligible && at > 5 && withheld > 5);
    fed_close(f);
    free(w);
}

static bool refused(const char *more, const char *why)
{
    world            *w = fed_world(W_PEOPLE, 13);
    fed              *f = fed_even_open(w, 3);
    sund_party_status s;
    bool              yes;

    fed_ask(f, more);
    fed_run(f);
    s = fed_status(f, 0);
    yes = (s.state == SUND_PARTY_REFUSED || s.state == SUND_PARTY_STOPPED) && strstr(s.detail, why);
    if (!yes)
        fprintf(stderr, "# %s: %s\n", sund_party_state_name(s.state), s.detail);
    fed_close(f);
    free(w);
    return yes;
}

TEST(interactions_that_are_refused)
{
    CHECK(refused("analysis = linear\noutcome = trait\ncovariates = age\nstrata = none\nmissing = drop\ninteraction = sex\n", "not among the covariates"));
    CHECK(refused("analysis = linear\noutcome = trait\ncovariates = age\nstrata = none\ninteraction = age\n", "missing = drop"));
}
