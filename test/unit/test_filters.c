/* Beacon's filters as cohorts: what each comes to, and which are refused. What comes out is always a sound cohort. */
#include "test.h"

#include "api/cohort.h"
#include "people/cohort.h"

static bool translates(const char *json, const char *want)
{
    sund_jval   *v = NULL;
    sund_buf     text = { 0 };
    sund_cohort *c = NULL;
    sund_err     err = { SUND_OK, "" };
    sund_code    rc = json[0] == '{' ? sund_json_read(json, strlen(json), &v, &err) : SUND_OK;
    bool         ok;

    if (rc == SUND_OK)
        rc = v ? sund_filter_json(v, &text, &err) : sund_filter_word(json, &text, &err);
    sund_buf_nul(&text);
    ok = want ? rc == SUND_OK && strcmp((const char *) text.p, want) == 0 && sund_cohort_parse(&c, want, &err) == SUND_OK : rc == SUND_E_ARG;
    if (!ok)
        fprintf(stderr, "# %s -> %s (%s)\n", json, rc == SUND_OK ? (const char *) text.p : "refused", err.msg);
    sund_cohort_free(c);
    sund_buf_free(&text);
    sund_jval_free(v);
    return ok;
}

TEST(filters_of_a_post)
{
    static const struct { const char *json, *want; } t[] = {
        { "{\"id\":\"HP:0001250\"}", "has HP:0001250" },
        { "{\"id\":\"HP:0001250\",\"includeDescendantTerms\":false,\"similarity\":\"exact\",\"scope\":\"individual\"}", "has exactly HP:0001250" },
        { "{\"id\":\"Orphanet:558\",\"includeDescendantTerms\":true,\"scope\":\"individuals\"}", "has ORPHA:558" },
        { "{\"id\":\"NCIT:C16576\"}", "sex = F" },
        { "{\"id\":\"NCIT:C20197\"}", "sex = M" },
        { "{\"id\":\"LOINC:35925-4\",\"operator\":\">=\",\"value\":25}", "loinc_35925_4 >= 25" },
        { "{\"id\":\"LOINC:35925-4\",\"operator\":\"<\",\"value\":\"18.5\"}", "loinc_35925_4 < 18.5" },
        { "{\"id\":\"Orphanet:558\",\"operator\":\"=\",\"value\":1}", "orpha_558 = 1" },
        { "{\"id\":\"age\",\"operator\":\"!\",\"value\":\"P40Y\"}", "age != 40" },
        { "{\"id\":\"smoker\",\"value\":\"yes\"}", "smoker = yes" },
        { "{\"id\":\"ageOfOnset\",\"operator\":\">\",\"value\":\"P70Y\"}", "has any disease onset > 70" },
        { "{\"id\":\"diseases.ageOfOnset.iso8601duration\",\"operator\":\"<=\",\"value\":\"P45Y\"}", "has any disease onset <= 45" },
        { "{\"id\":\"phenotypicFeatures.onset\",\"operator\":\"<\",\"value\":\"1\"}", "has any phenotype onset < 1" },
        { "{\"id\":\"diseases.diseaseCode.id\",\"operator\":\"=\",\"value\":\"ICD10:E10\"}", "has disease ICD10:E10" },
        { "{\"id\":\"diseases.diseaseCode\",\"operator\":\"=\",\"value\":\"%\"}", "has any disease" },
        { "{\"id\":\"diseases\",\"operator\":\"!\",\"value\":\"ICD10:E%\"}", "not has disease ICD10:E" },
        { "{\"id\":\"geographicOrigin\",\"operator\":\"=\",\"value\":\"GAZ:00002641\"}", "has origin GAZ:00002641" },
        { "{\"id\":\"sex\",\"operator\":\"=\",\"value\":\"female\"}", "sex = F" },
        { "{\"id\":\"karyotypicSex\",\"operator\":\"=\",\"value\":\"XX\"}", "karyotypic_sex = XX" },
        { "{}", NULL }, { "{\"id\":3}", NULL }, { "{\"id\":\"\"}", NULL }, { "{\"id\":\"demographic.ethnicity\"}", NULL }, { "{\"id\":\"HP:1 or all\"}", NULL },
        { "{\"id\":\"HP:1\",\"similarity\":\"high\"}", NULL }, { "{\"id\":\"HP:1\",\"similarity\":1}", NULL }, { "{\"id\":\"HP:1\",\"scope\":\"biosamples\"}", NULL }, { "{\"id\":\"HP:1\",\"scope\":7}", NULL },
        { "{\"id\":\"HP:1\",\"includeDescendantTerms\":\"yes\"}", NULL }, { "{\"id\":\"age\",\"operator\":\"~\",\"value\":\"1\"}", NULL }, { "{\"id\":\"age\",\"operator\":\"=\"}", NULL },
        { "{\"id\":\"age\",\"operator\":\"=\",\"value\":\"1 or all\"}", NULL }, { "{\"id\":\"age\",\"operator\":\"=\",\"value\":[1]}", NULL }, { "{\"id\":\"age\",\"operator\":1,\"value\":1}", NULL },
        { "{\"id\":\"ageOfOnset\",\"operator\":\">\",\"value\":\"P7Y6M\"}", NULL }, { "{\"id\":\"diseases\",\"operator\":\"<\",\"value\":\"ICD10:E\"}", NULL },
        { "{\"id\":\"diseases\",\"operator\":\"=\",\"value\":\"HP:1%\"}", NULL }, { "{\"id\":\"ethnicity\",\"operator\":\"=\",\"value\":\"British\"}", NULL }, { "{\"id\":\"sex\",\"operator\":\"<\",\"value\":\"F\"}", NULL },
        { "{\"id\":\"LOINC:1 1\",\"operator\":\"=\",\"value\":1}", NULL },
        { "{\"id\":\"a234567890123456789012345678901234567890123456789012345678901234\",\"operator\":\"=\",\"value\":1}", NULL }, /* 64 letters: cut, it would be another's name */
        { "{\"id\":\"a.b.c\",\"operator\":\"=\",\"value\":\"1\"}", NULL }, { "{\"id\":\"NCIT:C17998\"}", NULL }, { "{\"id\":\"diseases\",\"operator\":\"=\",\"value\":\"\"}", NULL },
    };

    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        CHECK(translates(t[i].json, t[i].want));
}

TEST(filters_of_a_get)
{
    static const struct { const char *word, *want; } t[] = {
        { "HP:0001250", "has HP:0001250" }, { "NCIT:C16576", "sex = F" }, { "age>=40", "age >= 40" }, { "age<P40Y", "age < 40" }, { "age=40", "age = 40" }, { "age!40", "age != 40" }, { "age!=40", "age != 40" },
        { "LOINC:35925-4>25.5", "loinc_35925_4 > 25.5" }, { "diseases.ageOfOnset<40", "has any disease onset < 40" },
        { "age", NULL }, { "", NULL }, { ">3", NULL }, { "age>", NULL }, { "age>>3", NULL }, { "age>3 or all", NULL }, { "HP:1)", NULL }, { "age==3", NULL }, { "all!6", NULL }, { "has=1", NULL },
    };

    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        CHECK(translates(t[i].word, t[i].want));
}
