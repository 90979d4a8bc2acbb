/* Clinical records: what `has` takes by an ontology, by kind, by onset; what the importers take, and what they say they left. */
#include "test.h"
#include "scratch.h"

#include "base/file.h"
#include "people/intake_priv.h"
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

static size_t count_for(sund_people *p, const char *purpose)
{
    sund_cohort    *c = NULL;
    sund_person_set set = { 0 };
    size_t          n = SIZE_MAX;

    if (sund_cohort_parse(&c, "all", NULL) == SUND_OK && sund_people_select(p, c, purpose, &set, NULL) == SUND_OK)
        n = set.n;
    sund_cohort_free(c);
    sund_person_set_free(&set);
    return n;
}

TEST(consent_to_a_disease_allows_its_kinds)
{
    sund_ontos  *ontos = NULL;
    sund_people *p = people_with(&ontos);
    sund_cohort *c = NULL;
    sund_buf     b = { 0 };

    CHECK(sund_db_script(p->db, "INSERT INTO person(id, person, sex, country, population, consent) VALUES(1,'a',0,'','','DS=XY:2'),(2,'b',0,'','','DS=XY:4'),(3,'c',0,'','','DS=XY:2,IRB'),(4,'d',0,'','','DS=XY:3')", NULL) == SUND_OK);
    CHECK(count_for(p, "disease-research=XY:4") == 1 && count_for(p, "disease-research=XY:2") == 1);
    sund_people_use(p, ontos);
    CHECK(count_for(p, "disease-research=XY:4") == 3); /* XY:4 is a kind of XY:2 and of XY:3; a condition that cannot be checked leaves one out */
    CHECK(count_for(p, "disease-research=XY:2") == 1 && count_for(p, "disease-research=XY:20") == 1 && count_for(p, "disease-research=XY:1") == 0 && count_for(p, "health-research") == 0 && count_for(p, "disease-research") == 0);
    CHECK(sund_cohort_parse(&c, "all", NULL) == SUND_OK && sund_people_ontologies(p, c, "disease-research=XY:4", &b, NULL) == SUND_OK && b.n > 5 && memcmp(b.p, "ontology\tXY", 11) == 0);
    sund_cohort_free(c);
    sund_buf_free(&b);
    sund_people_close(p);
    sund_ontos_close(ontos);
}

static void declares(sund_people *p, const char *text, const char *want)
{
    sund_cohort *c = NULL;
    sund_buf     b = { 0 };

    CHECK(sund_cohort_parse(&c, text, NULL) == SUND_OK && sund_people_ontologies(p, c, "general-research", &b, NULL) == SUND_OK);
    sund_buf_nul(&b);
    CHECK(strncmp((const char *) b.p, want, strlen(want)) == 0 && (want[0] || b.n == 0));
    CHECK(!want[0] || b.n == strlen(want) + 33);
    sund_cohort_free(c);
    sund_buf_free(&b);
}

TEST(a_cohort_says_by_which_ontologies_it_takes_people)
{
    sund_ontos  *ontos = NULL;
    sund_people *p = people_with(&ontos);

    declares(p, "has XY:1 and has ICD10:E11", "");
    sund_people_use(p, ontos);
    declares(p, "all or has any disease", "");
    declares(p, "has XY:1 and (sex = F or not has disease XY:2) and has ICD10:E11", "ontology\tXY\t1\t");
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

/* ---- importers ---- */

static const char *file(const char *name, const char *text)
{
    FILE *f = fopen(scratch(name), "w");

    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
    return scratch(name);
}

static sund_people *nobody(void)
{
    sund_people *p = NULL;

    CHECK(sund_people_open(&p, ":memory:", NULL) == SUND_OK);
    return p;
}

static sund_code take(sund_people *p, sund_clinical_format format, const char *path, bool by_document, sund_clinical_report *r, sund_err *err)
{
    const sund_clinical_plan plan = { .format = format, .path = &path, .n_path = 1, .consent = "GRU", .country = "FI", .by_document = by_document };

    return sund_people_take_in(p, &plan, r, err);
}

static uint64_t left(const sund_clinical_report *r, const char *what)
{
    for (size_t i = 0; i < r->n_left; i++)
        if (strcmp(r->left[i].what, what) == 0)
            return r->left[i].n;
    return 0;
}

static int64_t value(sund_people *p, const char *person, const char *variable)
{
    int64_t raw = SUND_VALUE_MISSING;

    CHECK(sund_db_i64(p->db, &raw, SUND_VALUE_MISSING, NULL, "SELECT raw FROM value WHERE variable=(SELECT id FROM variable WHERE name=?) AND person=(SELECT id FROM person WHERE person=?)", "tt", variable, person) == SUND_OK);
    return raw;
}

static const char *const packets =
    "[{\"id\":\"D1\",\"subject\":{\"id\":\"S1\",\"sex\":\"FEMALE\",\"dateOfBirth\":\"1970-03-04T00:00:00Z\",\"karyotypicSex\":\"XX\",\"vitalStatus\":{\"status\":\"DECEASED\",\"causeOfDeath\":{\"id\":\"X:1\",\"label\":\"x\"}},"
    "\"timeAtLastEncounter\":{\"age\":{\"iso8601duration\":\"P38Y11M\"}}},"
    "\"phenotypicFeatures\":[{\"type\":{\"id\":\"HP:1\",\"label\":\"l\"},\"onset\":{\"age\":{\"iso8601duration\":\"P2Y\"}}},{\"type\":{\"id\":\"HP:2\"},\"excluded\":true},{\"type\":{\"id\":\"HP:3\"},\"negated\":true},"
    "{\"type\":{\"id\":\"HP:4\"},\"excluded\":false,\"severity\":{\"id\":\"HP:9\"}},{\"type\":{\"id\":\"HP:5\"},\"excluded\":\"true\"},{\"type\":{\"id\":\"no code\"}}],"
    "\"diseases\":[{\"term\":{\"id\":\"Orphanet:7\"}},{\"term\":{\"id\":\"OMIM:8\"},\"excluded\":true}],"
    "\"measurements\":[{\"assay\":{\"id\":\"LOINC:1-1\"},\"value\":{\"quantity\":{\"unit\":{\"id\":\"UCUM:mg/L\"},\"value\":1.23456}},\"timeObserved\":{\"timestamp\":\"2020-01-02T00:00:00Z\"}},"
    "{\"assay\":{\"id\":\"LOINC:1-1\"},\"value\":{\"quantity\":{\"unit\":{\"id\":\"UCUM:mg/L\"},\"value\":9}},\"timeObserved\":{\"timestamp\":\"2019-01-02T00:00:00Z\"}},"
    "{\"assay\":{\"id\":\"LOINC:1-1\"},\"value\":{\"quantity\":{\"unit\":{\"id\":\"UCUM:g/L\"},\"value\":9}}}],"
    "\"medicalActions\":[{\"procedure\":{\"code\":{\"id\":\"NCIT:C1\"}}},{\"treatment\":{\"agent\":{\"id\":\"ATC:A01\"},\"cumulativeDose\":{\"value\":3}}}],"
    "\"interpretations\":[{\"id\":\"i\",\"progressStatus\":\"SOLVED\",\"diagnosis\":{\"disease\":{\"id\":\"OMIM:9\"},\"genomicInterpretations\":[{\"interpretationStatus\":\"CAUSATIVE\",\"variantInterpretation\":"
    "{\"variationDescriptor\":{\"id\":\"v\",\"geneContext\":{\"valueId\":\"HGNC:5\",\"symbol\":\"G\"}}}},{\"interpretationStatus\":\"REJECTED\",\"gene\":{\"valueId\":\"HGNC:6\"}}]}},"
    "{\"progressStatus\":\"UNSOLVED\",\"diagnosis\":{\"disease\":{\"id\":\"OMIM:10\"}}}],"
    "\"files\":[{\"individualToFileIdentifiers\":{\"Secret\":\"x\"}}],\"metaData\":{\"created\":\"x\"}},"
    "{\"id\":\"D2\",\"subject\":{\"id\":\"S2\",\"sex\":\"UNKNOWN_SEX\"}}]";

TEST(phenopackets)
{
    sund_people         *p = nobody();
    sund_clinical_report r = { 0 };
    sund_err             err = { SUND_OK, "" };

    CHECK(take(p, SUND_CLINICAL_PHENOPACKET, file("p.json", packets), false, &r, &err) == SUND_OK);
    CHECK(r.n_document == 2 && r.n_person == 2 && r.n_new == 2 && r.n_excluded == 3);
    CHECK(count(p, "has HP:1") == 1 && count(p, "has phenotype HP:1 onset = 2") == 1 && count(p, "has HP:4") == 1);
    CHECK(count(p, "has HP:2") == 0 && count(p, "has HP:3") == 0 && count(p, "has HP:5") == 0 && count(p, "has OMIM:8") == 0); /* excluded, negated, or not to be known */
    CHECK(count(p, "has disease ORPHA:7") == 1 && count(p, "has disease OMIM:9") == 1 && count(p, "has OMIM:10") == 0);
    CHECK(count(p, "has gene HGNC:5") == 1 && count(p, "has HGNC:6") == 0 && count(p, "has procedure NCIT:C1") == 1 && count(p, "has treatment ATC:A") == 1);
    CHECK(count(p, "sex = F and born = 1970 and country = FI and age = 38 and deceased = yes and karyotypic_sex = XX") == 1 && count(p, "known age") == 1);
    CHECK(value(p, "S1", "loinc_1_1") == 1235); /* the latest, rounded to three decimals */
    CHECK(left(&r, "measurements (in another unit than the variable)") == 1 && left(&r, "measurements (an earlier value of the same)") == 1);
    CHECK(left(&r, "phenotypicFeatures.type.id (whether excluded is no boolean)") == 1 && left(&r, "phenotypicFeatures.type.id (no code such as HP:0001250)") == 1);
    CHECK(left(&r, "phenotypicFeatures.severity.id") == 1 && left(&r, "subject.vitalStatus.causeOfDeath.id") == 1 && left(&r, "medicalActions.treatment.cumulativeDose.value") == 1);
    CHECK(left(&r, "files.individualToFileIdentifiers.*") == 1 && left(&r, "interpretations.diagnosis.disease.id (neither solved nor completed)") == 1);
    for (size_t i = 0; i < r.n_left; i++)
        CHECK(!strstr(r.left[i].what, "Secret") && !strstr(r.left[i].what, "label"));
    sund_clinical_report_free(&r);
    /* again, with less: what was recorded before is gone, a table's codes are not */
    record(p, 1, "ICD10:E1", SUND_RECORD_DISEASE, false, -1);
    CHECK(take(p, SUND_CLINICAL_PHENOPACKET, file("p.json", "{\"id\":\"D1\",\"subject\":{\"id\":\"S1\"},\"phenotypicFeatures\":[{\"type\":{\"id\":\"HP:6\"}}]}\n{\"id\":\"D3\",\"subject\":{\"id\":\"S3\"}}\n"), false, &r, &err) == SUND_OK);
    CHECK(r.n_person == 2 && r.n_new == 1 && count(p, "has HP:1") == 0 && count(p, "has HP:6") == 1 && count(p, "has ICD10:E1") == 1 && count(p, "sex = F") == 1);
    sund_clinical_report_free(&r);
    sund_people_close(p);
}

TEST(imports_that_are_refused_leave_nothing)
{
    static const struct { const char *text, *why; } bad[] = {
        { "[{\"id\":\"D1\",\"subject\":{\"id\":\"S1\"}},{\"id\":\"D2\",\"subject\":{\"id\":\"S1\"}}]", "number 2: is about somebody whom another document" },
        { "[{\"id\":\"D1\",\"subject\":{\"id\":\"S1\"}},{\"id\":\"D2\"}]", "number 2: is no phenopacket" },
        { "[{\"id\":\"D1\",\"subject\":{\"id\":\"S1\"}},]", "does not end" },
        { "[{\"id\":\"D1\",\"subject\":{\"id\":\"S1\"}}", "',' or ']'" },
        { "[{\"id\":\"D1\",\"subject\":{\"id\":\"S1\"}}] x", "does not end" },
        { "{\"id\":\"D1\",\"subject\":{\"id\":\"S1\"}", "no whole JSON object" },
        { "{\"id\":\"D1\",\"subject\":{\"id\":\"S1\", x}}", "line 1" },
        { "{\"id\":\"D1\",\"subject\":{\"id\":\"S1\\n\"}}", "printing characters" },
        { "[3]", "no whole JSON object" },
        { "", "nobody" },
        { "[]", "nobody" },
    };
    sund_people         *p = nobody();
    sund_clinical_report r = { 0 };
    int64_t              n = 0;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_err err = { SUND_OK, "" };

        CHECK(take(p, SUND_CLINICAL_PHENOPACKET, file("bad.json", bad[i].text), false, &r, &err) != SUND_OK && strstr(err.msg, bad[i].why) && !strstr(err.msg, "S1") && !r.left);
        if (!strstr(err.msg, bad[i].why))
            fprintf(stderr, "# %s: %s\n", bad[i].text, err.msg);
    }
    CHECK(take(p, SUND_CLINICAL_PHENOPACKET, file("bad.json", "{\"id\":\"B1\",\"individualId\":\"S1\"}"), true, &r, NULL) != SUND_OK); /* a biosample */
    CHECK(take(p, SUND_CLINICAL_BFF, file("bad.json", "[{\"id\":\"B1\",\"individualId\":\"S1\"}]"), false, &r, NULL) != SUND_OK);
    CHECK(sund_db_i64(p->db, &n, -1, NULL, "SELECT COUNT(*) FROM person", "") == SUND_OK && n == 0);
    sund_people_close(p);
}

TEST(families_cohorts_and_long_names)
{
    sund_people         *p = nobody();
    sund_clinical_report r = { 0 };
    char                 text[400];

    CHECK(take(p, SUND_CLINICAL_PHENOPACKET, file("f.json", "{\"id\":\"F\",\"proband\":{\"subject\":{\"id\":\"A\"}},\"relatives\":[{\"subject\":{\"id\":\"B\"}}],\"pedigree\":{}} {\"id\":\"C\",\"members\":[{\"subject\":{\"id\":\"C\"}}]}"), false, &r, NULL) == SUND_OK);
    CHECK(r.n_person == 3 && left(&r, "pedigree") == 1);
    sund_clinical_report_free(&r);
    (void) snprintf(text, sizeof text, "{\"id\":\"%0100d\",\"sex\":{\"id\":\"NCIT:C17998\"}} {\"id\":\"%0101d\",\"sex\":{}}", 1, 1);
    CHECK(take(p, SUND_CLINICAL_BFF, file("l.json", text), false, &r, NULL) == SUND_OK && r.n_person == 2 && r.n_new == 2 && r.n_shortened == 2);
    sund_clinical_report_free(&r);
    CHECK(take(p, SUND_CLINICAL_BFF, file("l.json", text), false, &r, NULL) == SUND_OK && r.n_new == 0); /* the same again */
    sund_clinical_report_free(&r);
    sund_people_close(p);
}

TEST(ages)
{
    static const struct { const char *iso; int64_t months; } t[] = {
        { "P38Y7M", 463 }, { "P38Y", 456 }, { "P6M", 6 }, { "P3W", 0 }, { "P60D", 1 }, { "P1Y40D", 13 }, { "P0D", 0 }, { "PT5H", 0 }, { "P1DT12H", 0 }, { "P", -1 }, { "38", -1 }, { "P151Y", -1 }, { "P38", -1 },
        { "P-3Y", -1 }, { "PT", -1 }, { "P1Yx", -1 }, { "", -1 }, { "P99999999Y", -1 },
    };

    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        CHECK(intake_months(t[i].iso) == t[i].months);
    CHECK(intake_months(NULL) == -1);
}

TEST(omop)
{
    sund_people         *p = nobody();
    sund_clinical_report r = { 0 };
    sund_err             err = { SUND_OK, "" };
    const char          *folder = scratch("cdm");

    CHECK(sund_dir_make(folder, NULL) == SUND_OK);
    file("cdm/PERSON.csv", "person_id,gender_concept_id,year_of_birth,month_of_birth,race_concept_id,person_source_value\n1,8507,1950,6,0,\"a,\"\"1\"\"\"\n2,8532,1960,,8515,b\n0,8551,,,0,c\n");
    file("cdm/condition_occurrence.csv", "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_concept_id,condition_source_value\n"
                                         "1,1,201826,1990-05-01,45591027,\"two\nlines\"\n2,2,201826,2000-01-01,0,\n3,9,201826,2000-01-01,0,\n4,0,0,2000-01-01,0,\n5,,201826,2000-01-01,0,\n");
    file("cdm/measurement.csv", "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,unit_concept_id,value_as_concept_id\n"
                                "1,1,3036277,2010-01-01,181.5,8582,0\n2,1,3036277,2009-01-01,180,8582,0\n3,2,3036277,2010-01-01,,8582,0\n4,2,3036277,2010-01-02,70.5,8582,4124457\n");
    file("cdm/observation.csv", "observation_id,person_id,observation_concept_id,observation_date,value_as_number\n1,2,4275495,2001-01-01,\n");
    file("cdm/death.csv", "person_id,death_date\n2,2021-03-04\n");
    file("cdm/visit_occurrence.csv", "x\n");
    CHECK(take(p, SUND_CLINICAL_OMOP, folder, false, &r, &err) == SUND_OK); /* without concepts: OMOP's own numbers */
    CHECK(r.n_person == 3 && count(p, "has OMOP:201826") == 2 && count(p, "has disease OMOP:45591027") == 1);
    sund_clinical_report_free(&r);
    file("cdm/CONCEPT.csv", "concept_id\tconcept_name\tvocabulary_id\tconcept_code\n201826\tT2D\tSNOMED\t44054006\n45591027\tE11.9\tICD10CM\tE11.9\n3036277\tHeight\tLOINC\t8302-2\n8582\tcm\tUCUM\tcm\n8515\tAsian\tRace\t2\n1\tx\ty\tz\n");
    CHECK(take(p, SUND_CLINICAL_OMOP, folder, false, &r, &err) == SUND_OK);
    if (err.msg[0])
        fprintf(stderr, "# %s\n", err.msg);
    CHECK(r.n_person == 3 && r.n_new == 0 && r.n_file == 6);
    CHECK(count(p, "has SNOMED:44054006") == 2 && count(p, "has ICD10CM:E11") == 1 && count(p, "has OMOP:201826") == 0);
    CHECK(count(p, "has SNOMED:44054006 onset = 39") == 1 && count(p, "has any disease onset = 40") == 1 && count(p, "has SNOMED:44054006 onset >= 41") == 0);
    CHECK(count(p, "sex = F and born = 1960 and deceased = yes and died = 2021 and has ethnicity Race:2") == 1 && count(p, "deceased = no") == 2 && count(p, "sex = M") == 1);
    CHECK(value(p, "1", "loinc_8302_2") == 181500 && value(p, "2", "loinc_8302_2") == 70500 && count(p, "has measure LOINC:8302-2") == 2 && count(p, "has observation OMOP:4275495") == 1);
    CHECK(left(&r, "condition_occurrence (of nobody in person)") == 2 && left(&r, "condition_occurrence.condition_concept_id (concept 0: not mapped to any)") == 1);
    CHECK(left(&r, "files of other names") == 1 && left(&r, "person.gender_concept_id (neither 8507 nor 8532)") == 1);
    sund_clinical_report_free(&r);
    CHECK(take(p, SUND_CLINICAL_OMOP, folder, true, &r, &err) == SUND_OK && r.n_new == 3); /* by person_source_value */
    sund_clinical_report_free(&r);
    file("cdm/death.csv", "person_id,death_date\n2\n");
    CHECK(take(p, SUND_CLINICAL_OMOP, folder, false, &r, &err) != SUND_OK && strstr(err.msg, "death.csv:2"));
    file("cdm/death.csv", "person_id,death_date\n2,\"2021\n");
    CHECK(take(p, SUND_CLINICAL_OMOP, folder, false, &r, &err) != SUND_OK && strstr(err.msg, "not closed"));
    CHECK(sund_file_write(scratch("cdm/death.csv"), "person_id,death_date\n2,2021\0-03-04\n", 35, 0600, NULL) == SUND_OK); /* never cut at a NUL */
    CHECK(take(p, SUND_CLINICAL_OMOP, folder, false, &r, &err) != SUND_OK && strstr(err.msg, "NUL"));
    sund_people_close(p);
}

/* ---- the real ones ---- */

static const char *shared(const char *name, char path[1024])
{
    const char *root = getenv("SUND_SHARED");

    (void) snprintf(path, 1024, "%s/data/%s", root ? root : "../shared", name);
    if (access(path, R_OK) == 0)
        return path;
    printf("# skipped: %s is not there\n", name);
    return NULL;
}

/* The counts of the data's README. */
TEST(cineca)
{
    static const struct { const char *text; size_t n; } want[] = {
        { "all", 2504 }, { "sex = F", 1271 }, { "sex = M", 1233 }, { "has ICD10:E10", 165 }, { "has ICD10:J45", 134 }, { "has ICD10:G35", 125 }, { "has ICD10:D70", 111 }, { "has any disease", 1705 },
        { "has GAZ:00002641", 322 }, { "has GAZ:00002640", 339 }, { "sex = F and has ICD10:E10", 85 },
        /* of the cohort's own table, and by kind */
        { "has disease ICD10:E10", 165 }, { "has phenotype ICD10:E10", 0 }, { "has any ethnicity", 2287 }, { "has any origin", 1597 }, { "has ICD10:I83", 139 }, { "has measure LOINC:35925-4", 2504 },
        { "known loinc_35925_4", 2504 }, { "has ICD10:E", 442 },
    };
    char                 path[1024];
    sund_people         *p;
    sund_clinical_report r = { 0 };
    sund_err             err = { SUND_OK, "" };

    if (!shared("cineca-uk1/individuals.json.gz", path))
        return;
    p = nobody();
    CHECK(take(p, SUND_CLINICAL_BFF, path, false, &r, &err) == SUND_OK && r.n_person == 2504 && r.n_left == 0 && r.n_value == 7512);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        size_t n = count(p, want[i].text);

        CHECK(n == want[i].n);
        if (n != want[i].n)
            fprintf(stderr, "# %s: %zu, not %zu\n", want[i].text, n, want[i].n);
    }
    sund_clinical_report_free(&r);
    sund_people_close(p);
}

/* Consent is looked at anew for everybody whose codes differ from those of the person before, however long they are. */
TEST(consent_of_neighbours)
{
    sund_people *p = nobody();
    char         text[400];

    (void) snprintf(text, sizeof text, "INSERT INTO person(id, person, sex, country, population, consent) VALUES(1,'a',0,'','','GRU'),(2,'b',0,'','','%s,IRB'),(3,'c',0,'','','%s'),(4,'d',0,'','','%.63s'),(5,'e',0,'','',''),(9,'f',0,'','','GRU')",
                    "GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB", "GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB",
                    "GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB,GRU,HMB");
    CHECK(sund_db_script(p->db, text, NULL) == SUND_OK);
    CHECK(count(p, "all") == 4);
    record(p, 9, "HP:1", SUND_RECORD_PHENOTYPE, false, -1); /* ids that do not follow each other */
    record(p, 7, "HP:1", SUND_RECORD_PHENOTYPE, false, -1); /* of nobody */
    CHECK(count(p, "has HP:1") == 1);
    CHECK(sund_db_script(p->db, "UPDATE person SET withdrawn=1 WHERE id=9", NULL) == SUND_OK && count(p, "has HP:1") == 0);
    CHECK(sund_people_erase_withdrawn(p, NULL) == SUND_OK);
    {
        int64_t n = -1;

        CHECK(sund_db_i64(p->db, &n, -1, NULL, "SELECT COUNT(*) FROM record WHERE person=9", "") == SUND_OK && n == 0);
    }
    sund_people_close(p);
}
