/* People: tables that are refused, values kept exactly, consent by code and purpose, and cohorts against a plain evaluator. */
#include "base/file.h"
#include "people/people.h"
#include "people/people_priv.h"
#include "scratch.h"
#include "test.h"

#include <unistd.h>

static const char dictionary[] = "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\nheight\treal\tcm\t40\t250\t2\t\n"
                                 "smoker\tbinary\t\t\t\t\tno|yes\ndiet\tcategory\t\t\t\t\tmeat|fish|plants\n";

static void put(const char *name, const char *text)
{
    if (sund_file_write(scratch(name), text, strlen(text), 0600, NULL) != SUND_OK)
        abort();
}

static sund_people *empty(void)
{
    sund_people *p = NULL;

    put("dictionary.tsv", dictionary);
    if (sund_people_open(&p, ":memory:", NULL) != SUND_OK)
        abort();
    return p;
}

static sund_code load(sund_people *p, const char *table, sund_err *err)
{
    sund_people_report r;

    put("people.tsv", table);
    return sund_people_import(p, scratch("people.tsv"), scratch("dictionary.tsv"), &r, err);
}

static size_t select_n(sund_people *p, const char *text, const char *purpose)
{
    sund_cohort    *c = NULL;
    sund_person_set set = { 0 };
    size_t          n = SIZE_MAX;

    if (sund_cohort_parse(&c, text, NULL) == SUND_OK && sund_people_select(p, c, purpose, &set, NULL) == SUND_OK)
        n = set.n;
    sund_cohort_free(c);
    sund_person_set_free(&set);
    return n;
}

TEST(tables_that_are_refused_name_line_and_column)
{
    static const struct { const char *table, *a, *b; } bad[] = {
        { "age\n40\n", ":1", "person" },
        { "person\tconsent\tage\nP1\tGRU\t121\n", ":2", "age" },
        { "person\tconsent\tage\nP1\tGRU\t40\nP2\tGRU\t-1\n", ":3", "age" },
        { "person\tconsent\tage\nP1\tGRU\t40.5\n", ":2", "age" },
        { "person\tconsent\tage\nP1\tGRU\t4e1\n", ":2", "age" },
        { "person\tconsent\tage\nP1\tGRU\t 40\n", ":2", "age" },
        { "person\tconsent\theight\nP1\tGRU\t170.123\n", ":2", "height" },
        { "person\tconsent\theight\nP1\tGRU\tinf\n", ":2", "height" },
        { "person\tconsent\theight\nP1\tGRU\t39.99\n", ":2", "height" },
        { "person\tconsent\tsmoker\nP1\tGRU\tmaybe\n", ":2", "smoker" },
        { "person\tconsent\tdiet\nP1\tGRU\tstones\n", ":2", "diet" },
        { "person\tconsent\tsex\nP1\tGRU\tX\n", ":2", "sex" },
        { "person\tconsent\tborn\nP1\tGRU\t1492\n", ":2", "born" },
        { "person\tconsent\twithdrawn\nP1\tGRU\t2\n", ":2", "withdrawn" },
        { "person\tconsent\nP1\tXYZ\n", ":2", "consent" },
        { "person\tconsent\tweight\nP1\tGRU\t70\n", ":1", "weight" },
        { "person\tconsent\nP1\tGRU\nP1\tGRU\n", ":3", "line 2" },
        { "person\tconsent\n\tGRU\n", ":2", "person" },
        { "person\tconsent\tcodes\nP1\tGRU\tnot a code\n", ":2", "codes" },
    };
    sund_people *p = empty();

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_err err = { SUND_OK, "" };

        CHECK(load(p, bad[i].table, &err) != SUND_OK && strstr(err.msg, bad[i].a) && strstr(err.msg, bad[i].b));
        CHECK(!strstr(err.msg, "P1") && !strstr(err.msg, "P2") && !strstr(err.msg, "stones") && !strstr(err.msg, "170.123"));
        if (!strstr(err.msg, bad[i].a) || !strstr(err.msg, bad[i].b))
            fprintf(stderr, "# %zu: %s\n", i, err.msg);
    }
    CHECK(select_n(p, "all", "general-research") == 0); /* all or nothing: not one of them came in */
    sund_people_close(p);
}

TEST(dictionaries_that_are_refused)
{
    static const char *const bad[] = {
        "name\ttype\nage\tinteger\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nAge\tinteger\ta\t0\t120\t0\t\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tnumber\ta\t0\t120\t0\t\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t120\t0\t0\t\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\treal\ta\t0\t120\t7\t\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\treal\ta\t0\t99999999\t6\t\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nsmoker\tbinary\t\t\t\t\tno|yes|often\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\ndiet\tcategory\t\t\t\t\tmeat|meat\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nage\tinteger\ta\t0\t120\t0\t\nage\tinteger\ta\t0\t120\t0\t\n",
        "name\ttype\tunit\tmin\tmax\tdecimals\tcodes\nsex\tinteger\ta\t0\t120\t0\t\n",
    };
    sund_people *p = empty();

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_err err = { SUND_OK, "" };

        put("dictionary.tsv", bad[i]);
        CHECK(load(p, "person\tconsent\nP1\tGRU\n", &err) != SUND_OK && err.msg[0]);
        if (!err.msg[0])
            fprintf(stderr, "# dictionary %zu was taken\n", i);
    }
    sund_people_close(p);
}

TEST(values_are_exact_and_updated_by_person)
{
    sund_people    *p = empty();
    sund_cohort    *c = NULL;
    sund_person_set set = { 0 };
    sund_var        v;
    int64_t         raw[3];

    CHECK(load(p, "person\tconsent\theight\nA\tGRU\t170.1\nB\tGRU\t99.99\nC\tGRU\tNA\n", NULL) == SUND_OK);
    CHECK(load(p, "person\tconsent\theight\nB\tGRU\t100.01\n", NULL) == SUND_OK);
    CHECK(sund_cohort_parse(&c, "all", NULL) == SUND_OK && sund_people_select(p, c, "general-research", &set, NULL) == SUND_OK && set.n == 3);
    CHECK(sund_people_var(p, "height", &v, NULL) == SUND_OK && v.decimals == 2 && v.min == 4000 && v.max == 25000);
    CHECK(sund_people_values(p, &v, &set, raw, NULL) == SUND_OK && raw[0] == 17010 && raw[1] == 10001 && raw[2] == SUND_VALUE_MISSING);
    sund_err err;
    CHECK(sund_people_var(p, "heigth", &v, &err) == SUND_E_NOT_FOUND && strstr(err.msg, "height"));
    CHECK(sund_people_withdraw(p, "A", NULL) == SUND_OK && sund_people_withdraw(p, "nobody", &err) == SUND_E_NOT_FOUND && !strstr(err.msg, "nobody"));
    CHECK(select_n(p, "all", "general-research") == 2 && select_n(p, "withdrawn or all", "general-research") == 2 && select_n(p, "withdrawn", "general-research") == 0);
    sund_cohort_free(c);
    sund_person_set_free(&set);
    sund_people_close(p);
}

/** The raw value of a variable for one person; SUND_VALUE_MISSING for none, or when there is no such variable. */
static int64_t value_of(sund_people *p, const char *name, const char *person)
{
    sund_cohort    *all = NULL;
    sund_person_set set = { 0 };
    sund_var        var;
    int64_t         raw[8], got = SUND_VALUE_MISSING;

    if (sund_cohort_parse(&all, "all", NULL) != SUND_OK || sund_people_select(p, all, "general-research", &set, NULL) != SUND_OK || set.n > 8)
        abort();
    if (sund_people_var(p, name, &var, NULL) == SUND_OK && sund_people_values(p, &var, &set, raw, NULL) == SUND_OK)
        for (size_t i = 0; i < set.n; i++)
            got = strcmp(set.name[i], person) == 0 ? raw[i] : got;
    sund_cohort_free(all);
    sund_person_set_free(&set);
    return got;
}

TEST(derived_values_are_all_there_or_none_is)
{
    static const char *const person[] = { "p3", "nobody", "p1", "p2" };
    sund_var                 var[2] = { { .name = "score_a", .type = SUND_VAR_REAL, .decimals = 2, .min = -500, .max = 500 }, { .name = "score_b", .type = SUND_VAR_REAL, .decimals = 2, .min = 0, .max = 9 } };
    int64_t                  raw[8] = { 300, 44, 100, SUND_VALUE_MISSING, 3, 4, 1, 2 };
    sund_people             *p = empty();
    sund_err                 err = { SUND_OK, "" };

    CHECK(load(p, "person\tsex\tconsent\tage\np1\tF\tGRU\t41\np2\tM\tGRU\t42\np3\tF\tGRU\t43\n", NULL) == SUND_OK);
    CHECK(sund_people_derive(p, 2, var, 4, person, raw, NULL) == SUND_OK);
    CHECK(value_of(p, "score_a", "p1") == 100 && value_of(p, "score_a", "p2") == SUND_VALUE_MISSING && value_of(p, "score_a", "p3") == 300);
    CHECK(value_of(p, "score_b", "p1") == 1 && value_of(p, "score_b", "p2") == 2 && value_of(p, "score_b", "p3") == 3 && value_of(p, "age", "p2") == 42);
    raw[0] = 301;
    raw[7] = 10; /* the last of all is out of range: the first stays what it was */
    CHECK(sund_people_derive(p, 2, var, 4, person, raw, &err) == SUND_E_LIMIT && strstr(err.msg, "score_b") && !strstr(err.msg, "10"));
    CHECK(value_of(p, "score_a", "p3") == 300 && value_of(p, "score_b", "p2") == 2);
    raw[2] = SUND_VALUE_MISSING;
    raw[3] = -500;
    CHECK(sund_people_derive(p, 1, var, 4, person, raw, NULL) == SUND_OK);
    CHECK(value_of(p, "score_a", "p1") == SUND_VALUE_MISSING && value_of(p, "score_a", "p2") == -500 && value_of(p, "score_a", "p3") == 301 && value_of(p, "score_b", "p2") == 2);
    sund_people_close(p);
}

TEST(consent_by_code_and_purpose)
{
    static const char *const purpose[] = { "general-research", "health-research", "disease-research=MONDO:1", "ancestry-research", "methods-research", "clinical-care" };
    static const struct { const char *codes, *allowed; } table[] = {
        { "NRES", "111111" }, { "GRU", "111110" }, { "DUO:0000042", "111110" }, { "HMB", "011000" }, { "DS=MONDO:1", "001000" }, { "DS=MONDO:2", "000000" },
        { "DS", "000000" }, { "POA", "000100" }, { "CC", "000001" }, { "GRU,NMDS", "111100" }, { "GRU,NPOA", "111010" }, { "GRU,GSO", "111110" },
        { "GRU,NPU", "000000" }, { "NRES,IRB", "000000" }, { "HMB,CC", "011001" }, { "", "000000" }, { "GRU,MOR", "000000" }, { "HMB, DS=MONDO:1", "011000" },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (size_t k = 0; k < 6; k++) {
            CHECK(sund_consent_allows(table[i].codes, purpose[k]) == (table[i].allowed[k] == '1'));
            if (sund_consent_allows(table[i].codes, purpose[k]) != (table[i].allowed[k] == '1'))
                fprintf(stderr, "# '%s' for %s\n", table[i].codes, purpose[k]);
        }
    CHECK(!sund_consent_allows("NRES", "profit") && !sund_consent_allows("XYZ", "general-research"));
    CHECK(sund_consent_known("GRU,DUO:0000006") && !sund_consent_known("GRU,ABC"));
}

/* ---- the cohort language ---- */

TEST(cohorts_that_are_refused)
{
    static const char *const bad[] = {
        "", " ", "age", "age >", "age > >", "age > 40 and", "and age > 40", "(age > 40", "age > 40)", "()", "not", "age in", "age in ()", "age in (1,)", "age in (1 2)",
        "age = 1 age = 2", "has", "has and", "age >= 40 or or age < 3", "age == 40", "age <> 40", "age => 40", "40 < age", "age > 40;", "age > 40 --", "sex = F xor sex = M",
        "withdrawn = 1", "all all", "not not", "age > \"40", "age \x01 4", "a.b = 1", "age + 1 > 3", "age > 4 0", "has E 11", "known", "known 5", "known age = 3", "known has E:1", "f(age)", "age like x", "'age' > 3", "!age", "age > $1",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_cohort *c = NULL;
        sund_err     err = { SUND_OK, "" };

        CHECK(sund_cohort_parse(&c, bad[i], &err) != SUND_OK && err.msg[0]);
        if (!err.msg[0])
            fprintf(stderr, "# taken: %s\n", bad[i]);
        sund_cohort_free(c);
    }
}

static void check_prints(const char *a, const char *b)
{
    sund_cohort *x = NULL, *y = NULL;
    sund_buf     p = { 0 }, q = { 0 };

    CHECK(sund_cohort_parse(&x, a, NULL) == SUND_OK && sund_cohort_parse(&y, b, NULL) == SUND_OK);
    sund_cohort_print(x, &p);
    sund_cohort_print(y, &q);
    CHECK(p.n == q.n && memcmp(p.p, q.p, p.n) == 0);
    sund_buf_free(&p);
    sund_buf_free(&q);
    sund_cohort_free(x);
    sund_cohort_free(y);
}

TEST(one_meaning_one_spelling)
{
    char         deep[200] = "";
    sund_cohort *c = NULL;

    check_prints("age > 40 and sex = F", "sex=F   and  age>40");
    check_prints("((age > 40))", "age > 40");
    check_prints("(a = 1 or b = 2) or c = 3", "c = 3 or (b = 2 or a = 1)");
    check_prints("a in (y, x)", "a in (x,y)");
    check_prints("a = 1 or b = 2", "b=2 and b=2 or a=1"); /* a chain that says one thing is that thing */
    check_prints("(a = 1 or b = 2) and c = 3", "not not (a = 1 or b = 2) and c = 3");
    check_prints("a = 1 or b = 2 or c = 3", "c = 3 or (b = 2 or a = 1) and (a = 1 or b = 2)");
    check_prints("a = 1 or b = 2", "not (not (a = 1 or b = 2) and not (b = 2 or a = 1))");
    for (int i = 0; i < 40; i++)
        (void) strcat(deep, "(");
    (void) strcat(deep, "all");
    for (int i = 0; i < 40; i++)
        (void) strcat(deep, ")");
    CHECK(sund_cohort_parse(&c, deep, NULL) != SUND_OK); /* depth 32 */
    sund_cohort_free(c);
}

static bool knows(const char *text, const char *variable)
{
    sund_cohort *c = NULL;
    bool         yes;

    CHECK(sund_cohort_parse(&c, text, NULL) == SUND_OK);
    yes = sund_cohort_knows(c, variable);
    sund_cohort_free(c);
    return yes;
}

TEST(values_that_a_definition_asks_for)
{
    CHECK(knows("known bmi", "bmi") && knows("age >= 40 and known bmi", "bmi") && knows("age >= 40 and known bmi", "age") && knows("diet in (a, b)", "diet"));
    CHECK(knows("(sex = F and (known bmi and age > 3)) and has X:1", "bmi"));
    CHECK(!knows("all", "bmi") && !knows("known bmi or age > 3", "bmi") && !knows("not known bmi", "bmi") && !knows("not (known bmi and age > 3)", "bmi") && !knows("has bmi:1", "bmi"));
}

typedef struct person { int age, sex, smoker, diet; const char *country; bool e11, withdrawn; } person;

enum { N_PERSON = 200 };
static person population[N_PERSON];

static sund_people *generated(void)
{
    static const char *const country[] = { "FI", "SE", "ES" }, *const diet[] = { "meat", "fish", "plants" };
    sund_people             *p = empty();
    sund_buf                 t = { 0 };

    sund_buf_text(&t, "person\tconsent\tsex\tcountry\tage\tsmoker\tdiet\tcodes\twithdrawn\n");
    for (int i = 0; i < N_PERSON; i++) {
        person *x = &population[i];

        *x = (person){ test_rand() % 7 ? 20 + (int) (test_rand() % 60) : -1, 1 + (int) (test_rand() % 2), (int) (test_rand() % 3) - 1, (int) (test_rand() % 4) - 1,
                       country[test_rand() % 3], test_rand() % 4 == 0, test_rand() % 20 == 0 };
        sund_buf_printf(&t, "P%03d\tGRU\t%s\t%s\t", i, x->sex == 2 ? "F" : "M", x->country);
        sund_buf_printf(&t, x->age < 0 ? "NA\t" : "%d\t", x->age);
        sund_buf_printf(&t, "%s\t%s\t%s\t%d\n", x->smoker < 0 ? "NA" : x->smoker ? "yes" : "no", x->diet < 0 ? "" : diet[x->diet], x->e11 ? (i % 2 ? "ICD10:E11.9" : "ICD10:E119,ORPHA:5") : "ICD10:E1,ORPHA:51", x->withdrawn);
    }
    sund_buf_nul(&t);
    CHECK(load(p, (const char *) t.p, NULL) == SUND_OK);
    sund_buf_free(&t);
    return p;
}

/** Exactly those, and not one who withdrew. */
static bool selects(sund_people *p, const sund_cohort *c, const bool *holds)
{
    sund_person_set set = { 0 };
    size_t          want = 0;
    bool            same = sund_people_select(p, c, "general-research", &set, NULL) == SUND_OK;

    for (int i = 0; i < N_PERSON; i++)
        want += holds[i] && !population[i].withdrawn;
    for (size_t i = 0; i < set.n; i++) {
        int at = atoi(set.name[i] + 1);
        same = same && holds[at] && !population[at].withdrawn;
    }
    same = same && set.n == want;
    sund_person_set_free(&set);
    return same;
}

/** A random expression: its text, and who it holds for. */
static void expression(int depth, char *text, size_t cap, bool *holds)
{
    unsigned kind = (unsigned) (test_rand() % (depth ? 11 : 8));
    int      k = 20 + (int) (test_rand() % 60);
    char     a[2000], b[2000];
    bool     x[N_PERSON], y[N_PERSON];

    for (int i = 0; i < N_PERSON; i++) {
        const person *q = &population[i];

        holds[i] = kind == 0 ? q->age >= 0 && q->age < k : kind == 1 ? q->age >= 0 && q->age != k : kind == 2 ? q->sex == 2 : kind == 3 ? q->e11 : kind == 6 && k % 2 ? q->e11 && i % 2 == 0 :
                   kind == 4 ? q->smoker == 1 : kind == 7 ? (k % 2 ? q->age >= 0 : q->smoker >= 0) : kind == 5 ? strcmp(q->country, "FI") == 0 || strcmp(q->country, "ES") == 0 : q->diet == 1 || q->diet == 2;
    }
    if (kind < 8) {
        static const char *const term[] = { "age < %d", "age != %d", "sex = F", "has ICD10:E11", "smoker = yes", "country in (FI, ES)", "diet != meat", "known smoker" };

        if (kind < 2)
            (void) snprintf(text, cap, kind ? "age != %d" : "age < %d", k);
        else
            (void) snprintf(text, cap, "%s", kind == 6 && k % 2 ? "has ORPHA:5" : kind == 7 && k % 2 ? "known age" : term[kind]);
        return;
    }
    expression(depth - 1, a, sizeof a, x);
    if (kind == 8) {
        (void) snprintf(text, cap, "not (%.900s)", a);
        for (int i = 0; i < N_PERSON; i++)
            holds[i] = !x[i];
        return;
    }
    expression(depth - 1, b, sizeof b, y);
    (void) snprintf(text, cap, "(%.900s) %s (%.900s)", a, kind == 9 ? "and" : "or", b);
    for (int i = 0; i < N_PERSON; i++)
        holds[i] = kind == 9 ? x[i] && y[i] : x[i] || y[i];
}

TEST(an_update_leaves_alone_the_columns_it_does_not_have)
{
    sund_people    *p = empty();
    sund_person_set all = { 0 };

    CHECK(load(p, "person\tsex\tcountry\tpopulation\tborn\tconsent\tage\nA\tF\tFI\tKA\t1960\tGRU\t40\nB\tM\tSE\tGO\t1970\tGRU\t50\n", NULL) == SUND_OK);
    CHECK(load(p, "person\tconsent\tage\nA\tHMB\t41\n", NULL) == SUND_OK);
    CHECK(select_n(p, "sex = F and country = FI and population = KA and born = 1960 and age = 41", "health-research") == 1);
    CHECK(select_n(p, "all", "general-research") == 1); /* the consent is another */
    CHECK(load(p, "person\tconsent\tborn\nB\tGRU\t1971\n", NULL) == SUND_OK);
    CHECK(select_n(p, "sex = M and country = SE and population = GO and born = 1971 and age = 50", "general-research") == 1);
    CHECK(load(p, "person\tconsent\tsex\tcountry\nA\tGRU\tNA\t\n", NULL) == SUND_OK); /* what is there and empty is taken away */
    CHECK(select_n(p, "sex = F or country = FI", "general-research") == 0 && select_n(p, "born = 1960", "general-research") == 1);
    CHECK(sund_people_withdraw(p, "B", NULL) == SUND_OK && sund_people_everybody(p, &all, NULL) == SUND_OK);
    CHECK(all.n == 2 && all.sex[0] == 0 && all.sex[1] == 1);
    sund_person_set_free(&all);
    sund_people_close(p);
}

TEST(cohorts_select_whom_a_plain_evaluator_selects)
{
    sund_people *p = generated();

    for (int k = 0; k < 400; k++) {
        char         text[2100];
        bool         holds[N_PERSON];
        sund_cohort *c = NULL, *again = NULL;
        sund_buf     canonical = { 0 };

        expression(3, text, sizeof text, holds);
        CHECK(sund_cohort_parse(&c, text, NULL) == SUND_OK);
        sund_cohort_print(c, &canonical);
        sund_buf_nul(&canonical);
        CHECK(!canonical.bad && sund_cohort_parse(&again, (const char *) canonical.p, NULL) == SUND_OK);
        if (!selects(p, c, holds) || !selects(p, again, holds)) { /* as it was written, and in its one spelling */
            fprintf(stderr, "# %s\n# %s\n", text, (const char *) canonical.p);
            CHECK(0);
        }
        sund_cohort_free(c);
        sund_cohort_free(again);
        sund_buf_free(&canonical);
    }
    sund_people_close(p);
}
