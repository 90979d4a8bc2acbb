#include "cmd/cmd.h"
#include "cmd/people.h"
#include "gate/ledger.h"
#include "home/home.h"
#include "people/intake.h"

#include <stdio.h>
#include <string.h>

/* people import: clinical data of others' formats; people count: for the operator's own eyes. */

static void print_report(const sund_clinical_report *r)
{
    printf("%llu files, %llu documents: %llu people (%llu new), %llu records, %llu excluded ones, %llu values, %llu variables new\n", (unsigned long long) r->n_file, (unsigned long long) r->n_document,
           (unsigned long long) r->n_person, (unsigned long long) r->n_new, (unsigned long long) r->n_record, (unsigned long long) r->n_excluded, (unsigned long long) r->n_value,
           (unsigned long long) r->n_variable);
    if (r->n_shortened)
        printf("note: %llu people have names of more than 63 bytes: they are kept by shorter ones (see doc/clinical-data.md)\n", (unsigned long long) r->n_shortened);
    if (r->n_no_consent)
        printf("note: %llu people have no consent here, and take part in nothing: --consent GRU, say, or a people table gives it\n", (unsigned long long) r->n_no_consent);
    if (r->n_left)
        printf("not taken in, by field:\n");
    for (size_t i = 0; i < r->n_left; i++)
        printf("%10llu  %s\n", (unsigned long long) r->left[i].n, r->left[i].what);
}

static sund_code take_table(sund_home *h, const sund_clinical_plan *plan, sund_err *err)
{
    if (plan->n_path > 1 || plan->consent || plan->country)
        return sund_fail(err, SUND_E_ARG, "a table is one PATH, and has the consent and country of each person in it");
    return sund_take_people_table(h, plan->path[0], plan->dictionary, err);
}

static sund_code take_files(sund_home *h, const sund_clinical_plan *plan, sund_clinical_report *r, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_people_part(h->people, err));
    rc = sund_people_take_in(h->people, plan, r, err);
    if (rc == SUND_OK)
        rc = sund_ledger_add(h->db, "people", "", err, "clinical data were taken in: who there is, with which records and consents");
    SUND_TRY(sund_people_part_end(h->people, rc, err));
    print_report(r);
    return SUND_OK;
}

static sund_code take_in(const char *home, const sund_clinical_plan *plan, bool table, sund_err *err)
{
    sund_clinical_report r = { 0 };
    sund_home            h;
    sund_code            rc;

    SUND_TRY(sund_open_persons(&h, home, SUND_HOME_STATE, err));
    rc = table ? take_table(&h, plan, err) : take_files(&h, plan, &r, err);
    if (rc == SUND_OK)
        rc = sund_compare_with_store(&h, err);
    sund_clinical_report_free(&r);
    sund_home_close(&h);
    return rc;
}

static const char *const examples = "sund people import --home fi --format phenopacket --consent GRU packets/\n"
                                    "sund people import --home fi --format phenopacket --id document --consent GRU phenopacket-store/\n"
                                    "sund people import --home gb --format bff --consent HMB --country GB individuals.json.gz\n"
                                    "sund people import --home fi --format omop --consent GRU cdm/\n"
                                    "sund people import --home fi --format tsv --dictionary dictionary.tsv people.tsv";

sund_code sund_cmd_people_import(int argc, char **argv, sund_err *err)
{
    static const char *const formats[] = { "phenopacket", "bff", "omop", "tsv" };
    const char        *home = sund_default_home(), *format = NULL, *id = "subject";
    sund_clinical_plan plan = { .n_path = 0 };
    const sund_opt     opt[] = {
        { "home", 's', &home, "FOLDER", "the node's home" },
        { "format", 's', &format, "F", "phenopacket (GA4GH v2, JSON), bff (individuals of the Beacon v2 model), omop (folder of CDM 5 tables as CSV), tsv (a table, as 'sund people' takes it)" },
        { "consent", 's', &plan.consent, "CODES", "DUO codes of all of them, such as GRU or HMB; without it who is new takes part in nothing" },
        { "country", 's', &plan.country, "CC", "their country, such as ES (as before)" },
        { "dictionary", 's', &plan.dictionary, "FILE", "TSV that declares variables beforehand: a measurement's decimals, range and unit" },
        { "id", 's', &id, "WHAT", "what names a person: subject (default; OMOP: person_id), or document (the phenopacket's own id; OMOP: person_source_value; not of bff and tsv)" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts    o = { "people import", "--format F [OPTIONS] PATH...",
                             "Clinical data into the people's database: persons, sex, year of birth, records of diseases, phenotypic features and more, and measurements as variables. PATH is a file (also packed "
                             "by gzip; JSON may be one document, an array, or one a line) or a folder. All or nothing; again replaces what came from the same format. What is not taken in is told by field and "
                             "number. See doc/clinical-data.md.",
                             examples, opt, 1, 64 };
    bool               helped = false, known = false;
    size_t             n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    for (int k = 0; k < 4; k++)
        if (format && strcmp(format, formats[k]) == 0) {
            plan.format = (sund_clinical_format) (k % 3);
            known = true;
        }
    if (!known)
        return sund_fail(err, SUND_E_ARG, "--format is phenopacket, bff, omop or tsv; see 'sund people import --help'");
    if (strcmp(id, "subject") != 0 && strcmp(id, "document") != 0)
        return sund_fail(err, SUND_E_ARG, "--id is subject or document; see 'sund people import --help'");
    plan.by_document = id[0] == 'd';
    if (plan.by_document && format[0] != 'p' && format[0] != 'o')
        return sund_fail(err, SUND_E_ARG, "--id document is for phenopacket and omop; see 'sund people import --help'");
    plan.path = (const char *const *) argv + 1;
    plan.n_path = n;
    return take_in(home, &plan, strcmp(format, "tsv") == 0, err);
}

static sund_code count(const char *home, const char *purpose, const char *text, sund_err *err)
{
    sund_person_set set = { 0 }, out_of = { 0 };
    sund_cohort    *c = NULL;
    sund_buf        vars = { 0 };
    sund_home       h;
    sund_code       rc;

    SUND_TRY(sund_open_persons(&h, home, 0, err));
    if (!purpose)
        purpose = h.lookup;
    SUND_GO(sund_cohort_parse(&c, text, err));
    SUND_GO(sund_people_select(h.people, c, purpose, &set, err));
    SUND_GO(sund_people_kept_out(h.people, purpose, &out_of, err));
    SUND_GO(sund_people_ontologies(h.people, c, purpose, &vars, err));
    sund_buf_nul(&vars);
    rc = sund_buf_ok(&vars, err);
    if (rc == SUND_OK)
        printf("%zu\n", set.n);
    if (rc == SUND_OK && out_of.n)
        fprintf(stderr, "of those whose consent allows %s; that of %zu people here does not, and --purpose counts by another\n", purpose, out_of.n);
    for (const char *at = (const char *) vars.p; rc == SUND_OK && *at; at += strcspn(at, "\n") + 1)
        fprintf(stderr, "%.*s\n", (int) strcspn(at, "\n"), at);
out:
    sund_buf_free(&vars);
    sund_person_set_free(&out_of);
    sund_person_set_free(&set);
    sund_cohort_free(c);
    sund_home_close(&h);
    return rc;
}

sund_code sund_cmd_people_count(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *purpose = NULL;
    bool            helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the node's home" },
        { "purpose", 's', &purpose, "P", "count those whose consent allows it, such as health-research (general-research, or what lookup says in sund.ini)" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "people count", "[OPTIONS] COHORT", "How many people are in a cohort, exactly; and, to stderr, by which ontologies, and how many people their consent keeps out. For the operator of the data, on their own machine: no rule of the gate stands between. "
                          "doc/cohorts.md has the language.",
                          "sund people count --home fi 'sex = F and has HP:0001250'\nsund people count --home fi --purpose health-research 'has any disease onset < 18'", opt, 1, 1 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    return helped ? SUND_OK : count(home, purpose, argv[1], err);
}
