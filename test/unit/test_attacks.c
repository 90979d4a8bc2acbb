/* What a clever asker tries, against a whole federation of controlled data; each test prints how often it came off. */
#include "fed.h"
#include "gate/memory.h"
#include "test.h"

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
    released = sund_mailbox_release(&f->box, &f->study, &bytes, NULL) == SUND_OK;
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
