/* The gate's memory of answers: differences, combinations, rosters, over many studies. */
#include "gate/atoms.h"
#include "gate/dac.h"
#include "gate/memory.h"
#include "base/crypto.h"
#include "test.h"

#include <stdbool.h>

enum { WORDS = 4, PEOPLE = WORDS * 64 };

typedef struct set { uint64_t w[WORDS]; } set;

static set range(size_t from, size_t to)
{
    set s = { { 0 } };

    for (size_t i = from; i < to; i++)
        s.w[i / 64] |= 1ULL << (i % 64);
    return s;
}

static set either(set a, set b)
{
    for (size_t w = 0; w < WORDS; w++)
        a.w[w] |= b.w[w];
    return a;
}

static bool isolates(const set *s, size_t n)
{
    const uint64_t *at[16] = { NULL };
    bool            yes = false;

    for (size_t i = 0; i < n; i++)
        at[i] = s[i].w;
    CHECK(sund_sets_isolate(at, n, WORDS, 10, &yes, NULL) == SUND_OK);
    return yes;
}

static bool independent(const set *s, size_t n, set extra)
{
    const uint64_t *at[16] = { NULL };
    bool            yes = false;

    for (size_t i = 0; i < n; i++)
        at[i] = s[i].w;
    CHECK(sund_sets_independent(at, n, extra.w, WORDS, &yes, NULL) == SUND_OK);
    return yes;
}

TEST(combinations_of_sets)
{
    set two[2] = { range(0, 100), range(5, 100) }, wide[2] = { range(0, 100), range(10, 100) };
    /* no two differ by fewer than 35; the first two less the last is person 0..4 less nobody */
    set three[3] = { range(0, 45), range(40, 100), range(0, 100) }, four[4];

    CHECK(isolates(two, 2) && !isolates(wide, 2) && !isolates(two, 1));
    CHECK(isolates(three, 3)); /* a + b - c: the five who are in both */
    three[1] = range(35, 100);
    CHECK(!isolates(three, 3)); /* ten of them */
    /* halves and quarters: a person's own four, every pair of sets far apart */
    four[0] = range(0, 60);
    four[1] = either(range(0, 30), range(60, 97));
    four[2] = either(range(0, 15), range(30, 75));
    four[3] = range(0, 97);
    CHECK(!isolates(four, 4)); /* sixteen atoms may be told by sixteen sets, not by four */
    CHECK(sund_sets_apart(two[0].w, WORDS, two[1].w, WORDS) == 5 && sund_sets_apart(two[0].w, WORDS, NULL, 0) == 100);
}

TEST(what_depends_tells_nothing_new)
{
    set s[3] = { range(0, 40), range(40, 100), range(20, 60) };

    CHECK(independent(s, 0, range(0, 10)) && !independent(s, 0, range(0, 0)));
    CHECK(!independent(s, 1, s[0]) && !independent(s, 2, range(0, 100)));
    CHECK(independent(s, 2, s[2]) && independent(s, 3, range(0, 20)));
    CHECK(!independent(s, 3, s[1]));
}

/* Unions of five blocks of people, some small; weights -2..2: what brute force isolates as a single atom, the rule finds. */
TEST(brute_force_finds_no_more)
{
    size_t n_isolated = 0;

    for (int trial = 0; trial < 400; trial++) {
        set  s[4];
        bool brute = false;

        size_t block[6] = { 0 };

        for (size_t b = 0; b < 5; b++)
            block[b + 1] = block[b] + (b < 3 ? 1 + test_rand() % 14 : 30 + test_rand() % 60);
        for (size_t k = 0; k < 4; k++) {
            s[k] = range(0, 0);
            for (size_t b = 0; b < 5; b++)
                if (test_rand() % 2)
                    s[k] = either(s[k], range(block[b], block[b + 1]));
        }
        if (!independent(s, 0, s[0]) || !independent(s, 1, s[1]) || !independent(s, 2, s[2]) || !independent(s, 3, s[3]))
            continue;
        for (int c = 1; c < 625; c++) {
            const int w[4] = { c % 5 - 2, c / 5 % 5 - 2, c / 25 % 5 - 2, c / 125 - 2 };
            size_t    n = 0;
            uint32_t  pattern = 0;
            bool      one_atom = true;

            for (size_t i = 0; i < PEOPLE; i++) {
                int      sum = 0;
                uint32_t p = 0;

                for (size_t k = 0; k < 4; k++) {
                    bool in = s[k].w[i / 64] >> (i % 64) & 1;

                    sum += in ? w[k] : 0;
                    p |= (uint32_t) in << k;
                }
                if (!sum)
                    continue;
                one_atom = one_atom && (!pattern || p == pattern);
                pattern = p;
                n++;
            }
            brute = brute || (one_atom && n > 0 && n < 10);
        }
        n_isolated += brute;
        CHECK(!brute || isolates(s, 4));
    }
    printf("# %zu of 400 quadruples isolate an atom\n", n_isolated);
    CHECK(n_isolated > 10 && n_isolated < 390);
}

/* ---- the memory ---- */

typedef struct memory { sund_db *db; sund_thresholds t; uint8_t next; } memory;

static memory fresh(void)
{
    memory m = { .t = sund_thresholds_default() };

    if (sund_crypto_init(NULL) != SUND_OK || sund_db_open(&m.db, ":memory:", "", NULL) != SUND_OK || sund_memory_open(m.db, NULL) != SUND_OK)
        abort();
    return m;
}

static sund_digest name(uint8_t k) { return (sund_digest){ { k } }; }

/** "" when it passes, else the message. Study names count up. */
static const char *ask(memory *m, const char *definition, const char *question, const char *nodes, set s, uint8_t release, int64_t n_column)
{
    static sund_err err;
    sund_asking     a = { name(++m->next), definition, question, nodes, name(release), s.w, WORDS, n_column, .lifted = 0 };

    return sund_memory_ask(m->db, &m->t, &a, &err) == SUND_OK ? "" : err.msg;
}

static bool passes(const char *said) { return !*said; }
static bool refused(const char *said, const char *rule) { return strncmp(said, "refused by rule ", 16) == 0 && strncmp(said + 16, rule, strlen(rule)) == 0; }

TEST(two_definitions_of_nearly_the_same_people)
{
    memory m = fresh();

    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(0, 200), 1, 0)));
    CHECK(passes(ask(&m, "all", "linear bmi ~ age", "A, B, C", range(0, 200), 1, 0)));
    for (size_t less = 0; less < 10; less++) {
        const char *said = ask(&m, "not (age = 57)", "counts", "A, B, C", range(less, 200), 1, 0);

        CHECK(refused(said, "difference") && strstr(said, "01000000")); /* names the earlier study, and is the same whatever the difference is */
        said = ask(&m, "not (age = 57)", "counts", "A, B, C", range(less, 200), 2, 0);
        CHECK(refused(said, "difference")); /* in another data release too */
    }
    CHECK(passes(ask(&m, "age >= 40", "counts", "A, B, C", range(10, 200), 1, 0)));
    m.t.cell_min = 20;
    CHECK(refused(ask(&m, "age >= 41", "counts", "A, B, C", range(25, 200), 1, 0), "difference"));
    sund_db_close(m.db);
}

TEST(refusals_do_not_tell)
{
    memory m = fresh();
    char   zero[480];

    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(0, 200), 1, 0)));
    (void) snprintf(zero, sizeof zero, "%s", ask(&m, "not (age = 57)", "counts", "A, B, C", range(0, 200), 1, 0));
    CHECK(strcmp(zero, ask(&m, "not (age = 57)", "counts", "A, B, C", range(9, 200), 1, 0)) == 0);
    sund_db_close(m.db);
}

TEST(people_who_withdrew)
{
    memory m = fresh();

    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(0, 200), 1, 0)));
    CHECK(refused(ask(&m, "all", "counts", "A, B, C", range(1, 200), 1, 0), "difference"));
    CHECK(refused(ask(&m, "all", "counts", "A, B, C", range(9, 200), 2, 0), "difference"));
    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(10, 200), 2, 0)));
    sund_db_close(m.db);
}

TEST(three_answers_of_which_no_two_are_close)
{
    memory m = fresh();

    CHECK(passes(ask(&m, "a", "counts", "A, B, C", range(0, 105), 1, 0)));
    CHECK(passes(ask(&m, "b", "counts", "A, B, C", range(100, 200), 1, 0)));
    CHECK(refused(ask(&m, "a or b", "counts", "A, B, C", range(0, 200), 1, 0), "difference"));
    CHECK(passes(ask(&m, "c", "counts", "A, B, C", range(50, 150), 1, 0)));
    sund_db_close(m.db);
}

TEST(one_question_one_roster)
{
    memory m = fresh();

    CHECK(passes(ask(&m, "all", "counts", "A, B, C, D", range(0, 200), 1, 0)));
    CHECK(refused(ask(&m, "all", "counts", "A, B, C", range(0, 200), 1, 0), "one-roster"));
    CHECK(passes(ask(&m, "all", "counts", "A, B, C, D", range(0, 200), 1, 0)));
    CHECK(passes(ask(&m, "all", "linear x ~", "A, B, C", range(0, 200), 1, 0)));
    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(0, 200), 2, 0))); /* other data */
    sund_db_close(m.db);
}

TEST(who_left_may_agree_that_the_others_are_asked_again)
{
    memory      m = fresh();
    set         all = range(0, 200);
    sund_digest first, other = name(99);
    sund_err    why;

    CHECK(passes(ask(&m, "all", "counts", "A, B, C, D", all, 1, 0)));
    first = name(m.next);
    for (int k = 0; k < 6; k++) { /* nothing; after another; lifted though barred; after, barred by another; after; lifted */
        sund_asking a = { name(++m.next), "all", "counts", "A, B, C", name(1), all.w, WORDS, 0, .lifted = k == 2 || k == 5 ? SUND_LIFT_ONE_ROSTER : 0 };

        a.after = k == 1 ? &other : &first;
        a.n_after = k == 1 || k == 3 || k == 4;
        a.barred = k == 3 ? &other : &first;
        a.n_barred = k == 2 || k == 3;
        why = (sund_err){ SUND_OK, "" };
        CHECK((sund_memory_ask(m.db, &m.t, &a, &why) == SUND_OK) == (k >= 3) && (k >= 3 || refused(why.msg, "one-roster")) && (k != 2 || strstr(why.msg, "left it for good")));
        CHECK(sund_memory_ended(m.db, &a.study, NULL) == SUND_OK);
    }
    sund_db_close(m.db);
}

TEST(products_with_vectors_add_up)
{
    memory m = fresh();

    CHECK(passes(ask(&m, "all", "pca", "A, B, C", range(0, 200), 1, 12)));
    CHECK(passes(ask(&m, "all", "pca", "A, B, C", range(0, 200), 1, 8)));
    CHECK(refused(ask(&m, "all", "pca", "A, B, C", range(0, 200), 1, 1), "sketch"));
    CHECK(passes(ask(&m, "others", "pca", "A, B, C", range(200, 256), 1, 5)));
    sund_db_close(m.db);
}

TEST(what_was_never_opened_is_forgotten)
{
    memory      m = fresh();
    sund_digest first, second;

    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(0, 200), 1, 0)));
    first = name(m.next);
    CHECK(sund_memory_ended(m.db, &first, NULL) == SUND_OK);
    CHECK(passes(ask(&m, "not (age = 57)", "counts", "A, B, C", range(3, 200), 1, 0)));
    second = name(m.next);
    CHECK(sund_memory_answered(m.db, &second, NULL) == SUND_OK && sund_memory_ended(m.db, &second, NULL) == SUND_OK);
    CHECK(refused(ask(&m, "all", "counts", "A, B, C", range(0, 200), 1, 0), "difference"));
    /* a set that depended on a forgotten one counts from then on */
    CHECK(passes(ask(&m, "low", "counts", "A, B, C", range(3, 80), 1, 0)));
    CHECK(passes(ask(&m, "high", "counts", "A, B, C", range(80, 200), 1, 0)));
    second = name(--m.next);
    m.next++;
    CHECK(sund_memory_ended(m.db, &second, NULL) == SUND_OK);
    CHECK(refused(ask(&m, "middle", "counts", "A, B, C", range(80, 195), 1, 0), "difference"));
    sund_db_close(m.db);
}

TEST(a_study_that_is_there_passes_again)
{
    memory m = fresh();

    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(0, 200), 1, 0)));
    m.next--;
    CHECK(passes(ask(&m, "all", "counts", "A, B, C", range(5, 200), 1, 0)));
    m.t.open = true;
    CHECK(passes(ask(&m, "x", "counts", "A, B, C", range(1, 200), 1, 0)));
    sund_db_close(m.db);
}
