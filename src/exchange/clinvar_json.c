#include "exchange/forms_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A submission to ClinVar's API: one JSON document, by its schema submission_schema.json, with germlineSubmission. */

static bool digits(const char *s, size_t least, size_t most)
{
    size_t n = strspn(s, "0123456789");

    return !s[n] && n >= least && n <= most;
}

/** "PMID:25741868", "PMC:2746682", "DOI:10.1038/gim.2015.30", or the address that ClinVar gave to a file of criteria. */
static sund_code put_criteria(sund_json *j, const char *text, sund_err *err)
{
    static const struct { const char *prefix, *db; } of[] = { { "PMID:", "PubMed" }, { "PMC:", "pmc" }, { "DOI:", "DOI" } };

    sund_json_open(j, "assertionCriteria", '{');
    for (size_t k = 0; text && k < 3; k++) {
        size_t      n = strlen(of[k].prefix);
        const char *id = text + n;

        if (strncmp(text, of[k].prefix, n) != 0 || !(k < 2 ? digits(id, 1, 9) : strncmp(id, "10.", 3) == 0 && strchr(id, '/') && !strpbrk(id, "; ")))
            continue;
        sund_json_str(j, "db", of[k].db);
        sund_json_str(j, "id", id);
        sund_json_close(j, '}');
        return SUND_OK;
    }
    if (!text || (strncmp(text, "https://submit.ncbi.nlm.nih.gov/api/2.0/files/", 46) != 0 && strncmp(text, "https://submit.ncbi.nlm.nih.gov/ft/byid/", 40) != 0))
        return sund_fail(err, SUND_E_ARG, "by which criteria? --criteria PMID:25741868, PMC:..., DOI:10..., or the address https://submit.ncbi.nlm.nih.gov/... that ClinVar gave to yours");
    sund_json_str(j, "url", text);
    sund_json_close(j, '}');
    return SUND_OK;
}

sund_code sund_clinvar_json_begin(sund_json *j, const char *name, const char *criteria, sund_err *err)
{
    SUND_TRY(put_criteria(j, criteria, err));
    sund_json_str(j, "submissionName", name);
    sund_json_str(j, "clinvarSubmissionReleaseStatus", "public");
    sund_json_open(j, "germlineSubmission", '[');
    return SUND_OK;
}

void sund_clinvar_json_deletions(sund_json *j, const sund_scvs *gone, const char *reason)
{
    sund_json_open(j, "clinvarDeletion", '{');
    sund_json_open(j, "accessionSet", '[');
    for (size_t i = 0; i < gone->n; i++) {
        sund_json_open(j, NULL, '{');
        sund_json_str(j, "accession", gone->at[i].scv);
        if (reason)
            sund_json_str(j, "reason", reason);
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
    sund_json_close(j, '}');
}

/** A code as ClinVar writes it: false where it has no such. "" is "not provided". */
static bool condition(const char *code, const char **db, char id[80])
{
    const char *colon = strchr(code, ':'), *of = colon ? colon + 1 : "";

    *db = NULL;
    if (!code[0])
        return true;
    (void) snprintf(id, 80, "%.71s", of);
    if (strncmp(code, "OMIM:", 5) == 0 && digits(of + (strncmp(of, "PS", 2) == 0 ? 2 : 0), 6, 6))
        *db = "OMIM";
    else if (strncmp(code, "MedGen:", 7) == 0 && digits(of, 1, 9))
        *db = "MedGen";
    else if (strncmp(code, "MeSH:", 5) == 0 && isupper((unsigned char) of[0]) && digits(of + 1, 6, 9))
        *db = "MeSH";
    else if ((strncmp(code, "ORPHA:", 6) == 0 || strncmp(code, "Orphanet:", 9) == 0) && digits(of, 1, 9)) {
        (void) snprintf(id, 80, "ORPHA%.9s", of);
        *db = "Orphanet";
    }
    else if ((strncmp(code, "MONDO:", 6) == 0 || strncmp(code, "HP:", 3) == 0) && digits(of, 7, 7)) {
        (void) snprintf(id, 80, "%.71s", code);
        *db = code[0] == 'M' ? "MONDO" : "HP";
    }
    return *db != NULL;
}

static void put_classification(sund_json *j, const sund_interpretation *e)
{
    char text[1400];
    bool any = false;

    sund_json_open(j, "germlineClassification", '{');
    sund_json_str(j, "germlineClassificationDescription", sund_acmg_words(e->acmg));
    if (e->date[0])
        sund_json_str(j, "dateLastEvaluated", e->date);
    (void) snprintf(text, sizeof text, "%s%s%s", e->criteria, e->criteria[0] && e->evidence[0] ? ": " : "", e->evidence);
    if (text[0])
        sund_json_str(j, "comment", text);
    for (const char *at = e->evidence; (at = strstr(at, "PMID:")) != NULL;) {
        size_t n = strspn(at += 5, "0123456789");

        if (!n || n > 9)
            continue;
        if (!any)
            sund_json_open(j, "citation", '[');
        any = true;
        (void) snprintf(text, sizeof text, "%.*s", (int) n, at);
        sund_json_open(j, NULL, '{');
        sund_json_str(j, "db", "PubMed");
        sund_json_str(j, "id", text);
        sund_json_close(j, '}');
    }
    if (any)
        sund_json_close(j, ']');
    sund_json_close(j, '}');
}

/** part: chromosome, start, REF, ALT. */
static void put_variant(sund_json *j, const sund_interpretation *e, sund_assembly a, char *const part[4])
{
    int64_t start = strtoll(part[1], NULL, 10);

    sund_json_open(j, "variantSet", '{');
    sund_json_open(j, "variant", '[');
    sund_json_open(j, NULL, '{');
    sund_json_open(j, "chromosomeCoordinates", '{');
    sund_json_str(j, "assembly", sund_assembly_name(a));
    sund_json_str(j, "chromosome", part[0]);
    sund_json_i64(j, "start", start);
    sund_json_i64(j, "stop", start + (int64_t) strlen(part[2]) - 1);
    sund_json_str(j, "referenceAllele", part[2]);
    sund_json_str(j, "alternateAllele", part[3]);
    sund_json_close(j, '}');
    if (e->gene[0]) {
        sund_json_open(j, "gene", '[');
        sund_json_open(j, NULL, '{');
        sund_json_str(j, "symbol", e->gene);
        sund_json_close(j, '}');
        sund_json_close(j, ']');
    }
    sund_json_close(j, '}');
    sund_json_close(j, ']');
    sund_json_close(j, '}');
}

static void put_condition(sund_json *j, const char *db, const char *id)
{
    sund_json_open(j, "conditionSet", '{');
    sund_json_open(j, "condition", '[');
    sund_json_open(j, NULL, '{');
    if (db) {
        sund_json_str(j, "db", db);
        sund_json_str(j, "id", id);
    }
    else
        sund_json_str(j, "name", "not provided");
    sund_json_close(j, '}');
    sund_json_close(j, ']');
    sund_json_close(j, '}');
}

const char *sund_clinvar_json_refuses(const sund_interpretation *e, char *const part[4])
{
    enum { SMALL = 50 }; /* bases: alleles of larger ones ClinVar does not take */
    char        id[80];
    const char *db;

    if (strlen(part[2]) > SMALL || strlen(part[3]) > SMALL)
        return "ClinVar takes alleles of at most 50 bases";
    return condition(e->condition, &db, id) ? NULL : "the condition's code is none of OMIM, MedGen (by number), Orphanet, MeSH, MONDO, HP";
}

void sund_clinvar_json_entry(sund_json *j, const sund_interpretation *e, sund_assembly a, char *const part[4])
{
    char        accession[40] = "", id[80] = "", key[24];
    const char *db;

    (void) condition(e->condition, &db, id);
    if (strncmp(e->reference, "SCV", 3) == 0)
        (void) sund_clinvar_accession(e->reference, accession);
    (void) snprintf(key, sizeof key, "%lld", (long long) e->id);
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "recordStatus", accession[0] ? "update" : "novel");
    if (accession[0])
        sund_json_str(j, "clinvarAccession", accession);
    sund_json_str(j, "localID", e->variant);
    sund_json_str(j, "localKey", key);
    put_classification(j, e);
    sund_json_open(j, "observedIn", '[');
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "alleleOrigin", "germline");
    sund_json_str(j, "affectedStatus", "not provided"); /* an entry says nothing of those in whom it was seen */
    sund_json_str(j, "collectionMethod", "clinical testing");
    sund_json_close(j, '}');
    sund_json_close(j, ']');
    put_variant(j, e, a, part);
    put_condition(j, db, id);
    sund_json_close(j, '}');
}
