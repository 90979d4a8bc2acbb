/* Counting people by what they have, through the gate; and the list of what they can be filtered by. */
#include "test.h"
#include "scratch.h"

#include "api/terms.h"
#include "base/jsonread.h"
#include "node/terms.h"
#include "people/intake.h"
#include "people/terms.h"

#include <unistd.h>

static const char *const obo = "format-version: 1.4\ndata-version: 7\nontology: xy\n[Term]\nid: XY:1\nname: All\n[Term]\nid: XY:2\nname: Two\nis_a: XY:1\nalt_id: XY:20\n[Term]\nid: XY:3\nname: Three\nis_a: XY:1\n"
                               "[Term]\nid: XY:4\nname: Four\nis_a: XY:2\nis_a: XY:3\n[Term]\nid: XY:5\nname: Five\nis_a: XY:1\n";

static void sit(sund_home *h, bool open)
{
    sund_err err = { SUND_OK, "" };

    memset(h, 0, sizeof *h);
    (void) scratch("");
    h->thresholds = sund_thresholds_default();
    h->thresholds.open = open;
    (void) snprintf(h->lookup, sizeof h->lookup, "general-research");
    (void) snprintf(h->identity.id, sizeof h->identity.id, "DK");
    sund_sign_keypair(&h->identity.pub, &h->identity.key);
    CHECK(sund_db_open(&h->db, ":memory:", "", &err) == SUND_OK && sund_gate_open(&h->gate, h->db, &h->identity, &h->thresholds, &err) == SUND_OK);
    CHECK(sund_people_open(&h->people, scratch(open ? "open.db" : "people.db"), &err) == SUND_OK && sund_ontos_open(&h->ontos, ":memory:", &err) == SUND_OK);
    sund_people_use(h->people, h->ontos);
}

static void stand(sund_home *h)
{
    sund_gate_close(h->gate);
    sund_people_close(h->people);
    sund_ontos_close(h->ontos);
    sund_db_close(h->db);
}

static void take(sund_home *h, sund_clinical_format format, const char *path, const char *consent)
{
    sund_clinical_plan   plan = { .format = format, .path = &path, .n_path = 1, .consent = consent };
    sund_clinical_report r = { 0 };
    sund_err             err = { SUND_OK, "" };

    CHECK(sund_people_take_in(h->people, &plan, &r, &err) == SUND_OK);
    if (err.msg[0])
        fprintf(stderr, "# %s\n", err.msg);
    sund_clinical_report_free(&r);
}

/** n people with a code each, from a number on. */
static void add(sund_home *h, int from, int n, const char *code, bool excluded, const char *consent)
{
    FILE *f = fopen(scratch("add.json"), "w");

    for (int i = from; f && i < from + n; i++)
        (void) fprintf(f, "{\"id\":\"P%d\",\"sex\":{\"id\":\"NCIT:C16576\"},\"phenotypicFeatures\":[{\"featureType\":{\"id\":\"%s\"},\"excluded\":%s}],\"measures\":[{\"assayCode\":{\"id\":\"LOINC:1-1\"},\"measurementValue\":{\"value\":%d}}]}\n", i,
                       code, excluded ? "true" : "false", i);
    if (!f || fclose(f) != 0)
        abort();
    take(h, SUND_CLINICAL_BFF, scratch("add.json"), consent);
}

static void load(sund_home *h)
{
    sund_onto *o = NULL;

    CHECK(sund_onto_read(&o, "xy.obo", obo, strlen(obo), NULL, NULL) == SUND_OK && sund_ontos_put(h->ontos, o, NULL) == SUND_OK);
    sund_onto_free(o);
}

static bool there(const sund_shown *s, const char *line)
{
    sund_cur c = sund_shown_bytes(s);

    return memmem(c.p, c.n, line, strlen(line)) != NULL;
}

TEST(terms_of_ten_people_or_more)
{
    sund_home   h;
    sund_terms  t = { .ready = false };
    sund_shown *s = NULL;
    sund_people *other = NULL;

    sit(&h, false);
    load(&h);
    add(&h, 0, 6, "XY:4", false, "GRU");
    add(&h, 100, 5, "XY:20", false, "GRU");   /* an alternate id of XY:2 */
    add(&h, 200, 9, "XY:5", false, "GRU");
    add(&h, 300, 20, "XY:3", true, "GRU");    /* excluded */
    add(&h, 400, 20, "XY:5", false, "CC");    /* no research */
    add(&h, 500, 12, "ICD10:E11.9", false, "GRU");
    CHECK(sund_answer_terms(&t, &h, &s, NULL) == SUND_OK);
    CHECK(there(s, "ontology\tXY\t7\txy\n") && there(s, "term\tXY:1\tphenotype\tAll\n") && there(s, "term\tXY:2\tphenotype\tTwo\n")); /* 20, and 6 + 5 */
    CHECK(!there(s, "XY:4") && !there(s, "XY:20") && !there(s, "XY:5") && !there(s, "XY:3"));
    CHECK(there(s, "term\tICD10:E11.9\tphenotype\t\n") && there(s, "term\tICD10:E11\tphenotype\t\n") && there(s, "variable\tloinc_1_1\treal\t\t\n") && there(s, "variable\tsex\tbinary\t\tM|F\n"));
    sund_shown_free(s);
    CHECK(sund_people_open(&other, scratch("people.db"), NULL) == SUND_OK); /* another process */
    for (int i = 0; i < 3; i++) {
        char name[16];

        (void) snprintf(name, sizeof name, "P%d", 500 + i);
        CHECK(sund_people_withdraw(other, name, NULL) == SUND_OK);
    }
    sund_people_close(other);
    CHECK(sund_answer_terms(&t, &h, &s, NULL) == SUND_OK && !there(s, "ICD10"));
    sund_shown_free(s);
    sund_terms_close(&t);
    stand(&h);
    sit(&h, true); /* open data: whatever anybody has */
    load(&h);
    add(&h, 0, 1, "XY:4", false, "GRU");
    CHECK(sund_answer_terms(&t, &h, &s, NULL) == SUND_OK && there(s, "XY:4") && there(s, "XY:3") && !there(s, "XY:5"));
    sund_shown_free(s);
    sund_terms_close(&t);
    stand(&h);
}

TEST(one_list_of_all_nodes)
{
    static sund_answers a;
    sund_home           h;
    sund_buf            b = { 0 };
    sund_json           j;
    sund_jval          *v = NULL;
    static const char  *text[] = { "ontology\tHP\t2024-02-08\thp\nterm\tHP:1\tphenotype\tSeizure\nterm\tXY:2\t\t\nvariable\tage\tinteger\ta\t\n",
                                   "ontology\tHP\t2023-01-01\thp\nontology\tHP\t2024-02-08\t\nterm\tHP:1\tdisease\t\nvariable\tsmoker\tbinary\t\tno|yes\nterm\tnothing\nrubbish\nterm\tHP:2\tx\ty\tz\n" };

    sit(&h, false);
    memset(&a, 0, sizeof a);
    a.n = 3;
    for (int i = 0; i < 2; i++)
        CHECK(sund_shown_text(h.gate, SUND_ASK_TERMS, text[i], strlen(text[i]), &a.row[i].shown, NULL) == SUND_OK);
    sund_json_init(&j, &b, false);
    sund_json_open(&j, NULL, '{');
    CHECK(sund_terms_list(&a, 0, 0, &j, NULL) == SUND_OK);
    sund_json_close(&j, '}');
    CHECK(sund_json_read(b.p, b.n, &v, NULL) == SUND_OK);
    CHECK(sund_j_n(sund_j_get(v, "filteringTerms")) == 6 && sund_j_n(sund_j_get(v, "resources")) == 2);
    for (size_t i = 0; i < 2; i++) /* each version once, with the name that any node has for it */
        CHECK(strcmp(sund_j_text(sund_j_at(sund_j_get(v, "resources"), i), "version"), i ? "2024-02-08" : "2023-01-01") == 0 && strcmp(sund_j_text(sund_j_at(sund_j_get(v, "resources"), i), "name"), "hp") == 0);
    CHECK(strcmp(sund_j_text(sund_j_at(sund_j_get(v, "filteringTerms"), 2), "label"), "Seizure") == 0 && sund_j_n(sund_j_get(sund_j_at(sund_j_get(v, "filteringTerms"), 5), "values")) == 2);
    sund_jval_free(v);
    sund_buf_free(&b);
    sund_answers_free(&a);
    stand(&h);
}

/** As a node answers `people TEXT` (node/answers.c): whoever the purpose of lookups allows, by the rules of the gate. */
static int64_t people(sund_home *h, const char *text)
{
    sund_cohort    *c = NULL;
    sund_person_set set = { 0 };
    sund_shown     *s = NULL;
    int64_t         n = -2;

    CHECK(sund_cohort_parse(&c, text, NULL) == SUND_OK && sund_people_select(h->people, c, h->lookup, &set, NULL) == SUND_OK && sund_shown_people(h->gate, SUND_ASK_PEOPLE, (int64_t) set.n, &s, NULL) == SUND_OK);
    if (s)
        n = sund_shown_count(s);
    sund_shown_free(s);
    sund_person_set_free(&set);
    sund_cohort_free(c);
    return n;
}

/* The counts of the data's README: exact where the data are open, rounded to five elsewhere, and none below ten. */
TEST(cineca_through_the_gate)
{
    static const struct { const char *text; int64_t n; } want[] = {
        { "sex = F", 1271 }, { "sex = M", 1233 }, { "has ICD10:E10", 165 }, { "has ICD10:J45", 134 }, { "has ICD10:G35", 125 }, { "has ICD10:D70", 111 }, { "has any disease", 1705 },
        { "has GAZ:00002641", 322 }, { "has GAZ:00002640", 339 }, { "sex = F and has ICD10:E10", 85 }, { "has OPCS4:L87.8", 4 }, { "has HP:0001250", 0 },
    };
    const char *root = getenv("SUND_SHARED");
    char        path[1024];

    (void) snprintf(path, sizeof path, "%s/data/cineca-uk1/individuals.json.gz", root ? root : "../shared");
    if (access(path, R_OK) != 0) {
        printf("# skipped: %s is not there\n", path);
        return;
    }
    (void) remove(scratch("open.db"));
    (void) remove(scratch("people.db"));
    for (int open = 0; open < 2; open++) {
        sund_home   h;
        sund_terms  t = { .ready = false };
        sund_shown *s = NULL;

        sit(&h, open);
        take(&h, SUND_CLINICAL_BFF, path, "GRU");
        for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
            int64_t n = people(&h, want[i].text), expect = open ? want[i].n : want[i].n < 10 ? -1 : (want[i].n + 2) / 5 * 5;

            CHECK(n == expect);
            if (n != expect)
                fprintf(stderr, "# %s: %lld, not %lld\n", want[i].text, (long long) n, (long long) expect);
        }
        CHECK(sund_answer_terms(&t, &h, &s, NULL) == SUND_OK && there(s, "term\tICD10:E10\tdisease\t\n") && there(s, "variable\tloinc_35925_4\treal\tNCIT:C49671\t\n") && there(s, "OPCS4:L87.8") == (bool) open);
        sund_shown_free(s);
        sund_terms_close(&t);
        stand(&h);
    }
}
