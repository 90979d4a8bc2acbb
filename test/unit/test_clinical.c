/* Clinical records: what `has` takes by an ontology, by kind, by onset; what the importers take, and what they say they left. */
#include "test.h"
#include "scratch.h"

#include "people/people_priv.h"

#include <unistd.h>

static const char *const obo = "format-version: 1.4\ndata-version: 1\nontology: xy\n[Term]\nid: XY:1\n[Term]\nid: XY:2\nis_a: XY:1\nalt_id: XY:20\n[Term]\nid: XY:3\nis_a: XY:1\n"
                               "[Term]\nid: XY:4\nis_a: XY:2\nis_a: XY:3\n[Term]\nid: XY:5\nis_obsolete: true\nreplaced_by: XY:3\n";

static size_t count(sund_people *p, const char *text)
{
    sund_cohort    *c = NULL;
    sund_person_set set = { 0 };
    sund_err        err = { SUND_OK, "" };
    size_t          n = SIZE_MAX;

    if (sund_cohort_parse(&c, text, &err) == SUND_OK && sund_people_select(p, c, "general-research", &set, &err) == SUND_OK)
        n = set.n;
    else
        fprintf(stderr, "# %s: %s\n", text, err.msg);
    sund_cohort_free(c);
    sund_person_set_free(&set);
    return n;
}

static sund_people *people_with(sund_ontos **ontos)
{
    sund_people *p = NULL;
    sund_onto   *o = NULL;
    sund_err     err = { SUND_OK, "" };

    CHECK(sund_ontos_open(ontos, ":memory:", &err) == SUND_OK && sund_onto_read(&o, "xy.obo", obo, strlen(obo), NULL, &err) == SUND_OK && sund_ontos_put(*ontos, o, &err) == SUND_OK);
    CHECK(sund_people_open(&p, ":memory:", &err) == SUND_OK);
    sund_onto_free(o);
    return p;
}

static void record(sund_people *p, int64_t person, const char *code, sund_record_kind kind, bool excluded, int64_t onset)
{
    CHECK(sund_record_put(p, person, SUND_SOURCE_BFF, &(sund_record){ code, kind, excluded, onset }, NULL) == SUND_OK);
}

TEST(has_takes_what_is_below)
{
    sund_ontos  *ontos = NULL;
    sund_people *p = people_with(&ontos);

    CHECK(sund_db_script(p->db, "INSERT INTO person(id, person, sex, country, population, consent) VALUES(1,'a',0,'','','GRU'),(2,'b',0,'','','GRU'),(3,'c',0,'','','GRU'),(4,'d',0,'','','GRU')", NULL) == SUND_OK);
    record(p, 1, "XY:4", SUND_RECORD_PHENOTYPE, false, 40 * 12 + 11);
    record(p, 2, "XY:20", SUND_RECORD_DISEASE, false, -1);
    record(p, 3, "XY:5", SUND_RECORD_PHENOTYPE, false, 6);
    record(p, 4, "XY:2", SUND_RECORD_PHENOTYPE, true, -1); /* excluded: not had */
    record(p, 4, "ICD10:E11.9", SUND_RECORD_DISEASE, false, -1);
    CHECK(count(p, "has XY:1") == 0 && count(p, "has XY:4") == 1); /* no ontology: the code alone */
    sund_people_use(p, ontos);
    CHECK(count(p, "has XY:1") == 3);
    CHECK(count(p, "has XY:2") == 2 && count(p, "has XY:20") == 2 && count(p, "has exactly XY:2") == 1 && count(p, "has exactly XY:1") == 0);
    CHECK(count(p, "has XY:3") == 2 && count(p, "has XY:5") == 2 && count(p, "has exactly XY:3") == 1);
    CHECK(count(p, "has phenotype XY:1") == 2 && count(p, "has disease XY:1") == 1 && count(p, "has gene XY:1") == 0);
    CHECK(count(p, "has any phenotype") == 2 && count(p, "has any disease") == 2 && count(p, "not has any disease") == 2);
    CHECK(count(p, "has XY:1 onset < 41") == 2 && count(p, "has XY:1 onset = 40") == 1 && count(p, "has XY:1 onset <= 40") == 2 && count(p, "has XY:1 onset > 40") == 0 && count(p, "has XY:1 onset != 40") == 1);
    CHECK(count(p, "has any phenotype onset >= 1") == 1 && count(p, "has any disease onset >= 0") == 0);
    CHECK(count(p, "has ICD10:E11") == 1 && count(p, "has exactly ICD10:E11") == 0 && count(p, "has exactly ICD10:E11.9") == 1 && count(p, "has ICD-10:E1") == 1 && count(p, "has ICD10:E12") == 0);
    CHECK(count(p, "has XY:99") == 0 && count(p, "has XX:1") == 0);
    record(p, 1, "XY:4", SUND_RECORD_PHENOTYPE, false, 12); /* said twice: the earlier onset stands */
    record(p, 1, "XY:4", SUND_RECORD_PHENOTYPE, false, -1);
    CHECK(count(p, "has XY:4 onset = 1") == 1 && count(p, "has XY:4 onset = 40") == 0);
    sund_people_close(p);
    sund_ontos_close(ontos);
}

static void prints(const char *text, const char *want)
{
    sund_cohort *c = NULL;
    sund_buf     b = { 0 };
    sund_err     err = { SUND_OK, "" };

    CHECK(sund_cohort_parse(&c, text, &err) == SUND_OK);
    if (c)
        sund_cohort_print(c, &b);
    sund_buf_nul(&b);
    CHECK(c && strcmp((const char *) b.p, want) == 0);
    if (c && strcmp((const char *) b.p, want) != 0)
        fprintf(stderr, "# %s\n", (const char *) b.p);
    sund_cohort_free(c);
    sund_buf_free(&b);
}

TEST(has_in_one_spelling)
{
    static const char *const bad[] = { "has any", "has any HP:1", "has any thing", "has disease", "has exactly", "has exactly any disease", "has exactly disease", "has HP:1 onset", "has HP:1 onset 4",
                                       "has HP:1 onset < x", "has HP:1 onset < 151", "has HP:1 onset < -1", "has HP:1 onset < 4.5", "has HP:1 onset in (4)", "has disease exactly HP:1", "has exactly exactly HP:1" };

    prints("has   exactly  disease   Orphanet:558 onset<=040", "has exactly disease ORPHA:558 onset <= 40");
    prints("has any disease onset != 3 and has HP:1", "has HP:1 and has any disease onset != 3");
    prints("has phenotype HP:1 or has HP:1", "has HP:1 or has phenotype HP:1");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_cohort *c = NULL;

        CHECK(sund_cohort_parse(&c, bad[i], NULL) != SUND_OK);
        sund_cohort_free(c);
    }
}

TEST(codes_of_older_databases_are_taken_over)
{
    sund_people *p = NULL;
    sund_db     *db = NULL;
    const char  *path = scratch("old.db");

    CHECK(sund_people_open(&p, path, NULL) == SUND_OK);
    CHECK(sund_db_script(p->db, "INSERT INTO person(id, person, sex, country, population, consent) VALUES(1,'a',0,'','','GRU')", NULL) == SUND_OK);
    sund_people_close(p);
    CHECK(sund_db_open(&db, path, "CREATE TABLE code(code TEXT NOT NULL, person INTEGER NOT NULL, PRIMARY KEY(code, person)) STRICT, WITHOUT ROWID; INSERT INTO code VALUES('ICD10:E11', 1), ('Orphanet:5', 1)", NULL) == SUND_OK);
    sund_db_close(db);
    for (int k = 0; k < 2; k++) { /* and again */
        CHECK(sund_people_open(&p, path, NULL) == SUND_OK);
        CHECK(count(p, "has disease ICD10:E11") == 1 && count(p, "has ORPHA:5") == 1);
        sund_people_close(p);
    }
}
