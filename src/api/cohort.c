#include "api/cohort.h"

#include "base/ini.h"
#include "onto/onto.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 64, YEARS_MAX = 150 };

static sund_code bad(const char *id, const char *why, sund_err *err) { return sund_fail(err, SUND_E_ARG, "filter '%.60s': %s", id, why); }

/** Sexes are terms in Beacon, and a variable here. */
static const char *sex_of(const char *s)
{
    static const struct { const char *id, *sex; } sexes[] = { { "NCIT:C16576", "F" }, { "NCIT:C20197", "M" }, { "female", "F" }, { "male", "M" }, { "FEMALE", "F" }, { "MALE", "M" }, { "F", "F" }, { "M", "M" } };

    for (size_t i = 0; i < sizeof sexes / sizeof sexes[0]; i++)
        if (strcmp(sexes[i].id, s) == 0)
            return sexes[i].sex;
    return NULL;
}

/** What the little language can hold of a value. */
static bool word_ok(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= WORD_MAX && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-") == n;
}

/** A variable's name, and no word of the language. */
static bool name_ok(const char *s)
{
    static const char *const taken[] = { "all", "and", "has", "in", "known", "not", "or", "withdrawn" };

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(taken[i], s) == 0)
            return false;
    return *s >= 'a' && *s <= 'z' && strlen(s) < WORD_MAX && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

/** The language's own operator; NULL for none of Beacon's. */
static const char *operator_of(const char *op)
{
    static const char *const from[] = { "=", "<", ">", "!", ">=", "<=" }, *const to[] = { "=", "<", ">", "!=", ">=", "<=" };

    for (int k = 0; k < 6; k++)
        if (strcmp(from[k], op) == 0)
            return to[k];
    return NULL;
}

/** P40Y or 40: whole years. */
static bool years_of(const char *value, int64_t *years)
{
    char   digits[8] = "";
    size_t n = strlen(value);

    if (*value == 'P' && n >= 3 && n < sizeof digits && value[n - 1] == 'Y') {
        memcpy(digits, value + 1, n - 2);
        value = digits;
    }
    return sund_parse_i64(value, 0, YEARS_MAX, years);
}

static sund_code term(const char *id, bool descendants, sund_buf *text, sund_err *err)
{
    const char *sex = strchr(id, ':') ? sex_of(id) : NULL;
    char        code[SUND_CODE_MAX + 1];

    if (strcmp(id, "NCIT:C17998") == 0)
        return bad(id, "people whose sex is not known are not asked for by it", err);
    if (sex)
        sund_buf_printf(text, "sex = %s", sex);
    else if (sund_onto_code(id, strlen(id), code))
        sund_buf_printf(text, "has %s%s", descendants ? "" : "exactly ", code);
    else
        return bad(id, "is no term such as HP:0001250, and without operator and value no variable; /filtering_terms lists what there is", err);
    return SUND_OK;
}

/** Fields of the model that hold a code, or the age at one: the kind of record that they are (people/record.h). */
static const struct { const char *field, *kind; bool age; } fields[] = {
    { "diseases", "disease", false }, { "diseases.diseaseCode", "disease", false }, { "diseases.diseaseCode.id", "disease", false },
    { "phenotypicFeatures", "phenotype", false }, { "phenotypicFeatures.featureType", "phenotype", false }, { "phenotypicFeatures.featureType.id", "phenotype", false },
    { "ethnicity", "ethnicity", false }, { "ethnicity.id", "ethnicity", false }, { "geographicOrigin", "origin", false }, { "geographicOrigin.id", "origin", false },
    { "interventionsOrProcedures.procedureCode", "procedure", false }, { "interventionsOrProcedures.procedureCode.id", "procedure", false },
    { "exposures.exposureCode", "exposure", false }, { "exposures.exposureCode.id", "exposure", false }, { "treatments.treatmentCode", "treatment", false }, { "treatments.treatmentCode.id", "treatment", false },
    { "measures.assayCode", "measure", false }, { "measures.assayCode.id", "measure", false },
    { "ageOfOnset", "disease", true }, { "diseases.ageOfOnset", "disease", true }, { "diseases.ageOfOnset.iso8601duration", "disease", true }, { "diseases.ageOfOnset.age.iso8601duration", "disease", true },
    { "phenotypicFeatures.onset", "phenotype", true }, { "phenotypicFeatures.onset.iso8601duration", "phenotype", true }, { "phenotypicFeatures.onset.age.iso8601duration", "phenotype", true },
    { "interventionsOrProcedures.ageAtProcedure", "procedure", true }, { "interventionsOrProcedures.ageAtProcedure.iso8601duration", "procedure", true },
};

static sund_code by_code(const char *id, const char *kind, const char *op, const char *value, sund_buf *text, sund_err *err)
{
    char   code[SUND_CODE_MAX + 1];
    size_t n = strlen(value);
    bool   not = strcmp(op, "!=") == 0, open = n && value[n - 1] == '%';

    if (!not && strcmp(op, "=") != 0)
        return bad(id, "holds codes: the operator is = or !", err);
    sund_buf_text(text, not ? "not " : "");
    if (open && n == 1) {
        sund_buf_printf(text, "has any %s", kind);
        return SUND_OK;
    }
    if (!sund_onto_code(value, n - open, code) || (open && !sund_code_grows(code)))
        return bad(id, "the value is a code such as ICD10:E10, or % for any; ICD10:E% takes what begins so, in ICD and ATC alone", err);
    sund_buf_printf(text, "has %s %s", kind, code);
    return SUND_OK;
}

static sund_code by_variable(const char *id, const char *op, const char *value, sund_buf *text, sund_err *err)
{
    const char *own = strcmp(id, "karyotypicSex") == 0 ? "karyotypic_sex" : id;
    char        name[WORD_MAX] = "", code[SUND_CODE_MAX + 1];
    int64_t     years = 0;

    if (sund_onto_code(id, strlen(id), code)) /* in the spelling that its measurements were kept by */
        sund_code_variable(code, name);
    else if (strlen(own) < sizeof name)
        memcpy(name, own, strlen(own) + 1);
    if (!name_ok(name))
        return bad(id, "is no variable, nor a field that can be filtered by; /filtering_terms lists what there is", err);
    if (*value == 'P' && years_of(value, &years)) {
        sund_buf_printf(text, "%s %s %lld", name, op, (long long) years);
        return SUND_OK;
    }
    if (!word_ok(value))
        return bad(id, "the value is a number, a word, or an age such as P40Y", err);
    sund_buf_printf(text, "%s %s %s", name, op, value);
    return SUND_OK;
}

static sund_code comparison(const char *id, const char *beacon_op, const char *value, sund_buf *text, sund_err *err)
{
    const char *op = operator_of(beacon_op);
    int64_t     years = 0;

    if (!op)
        return bad(id, "the operator is =, <, >, !, >= or <=", err);
    if (strcmp(id, "sex") == 0 || strcmp(id, "sex.id") == 0) {
        if (!sex_of(value) || (strcmp(op, "=") != 0 && strcmp(op, "!=") != 0))
            return bad(id, "is = or ! NCIT:C16576 (female) or NCIT:C20197 (male)", err);
        sund_buf_printf(text, "sex %s %s", op, sex_of(value));
        return SUND_OK;
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].field, id) == 0) {
            if (!fields[i].age)
                return by_code(id, fields[i].kind, op, value, text, err);
            if (!years_of(value, &years))
                return bad(id, "the value is an age in whole years, P40Y or 40", err);
            sund_buf_printf(text, "has any %s onset %s %lld", fields[i].kind, op, (long long) years);
            return SUND_OK;
        }
    return by_variable(id, op, value, text, err);
}

sund_code sund_filter_json(const sund_jval *v, sund_buf *text, sund_err *err)
{
    const char      *id = sund_j_str(v) ? sund_j_str(v) : sund_j_text(v, "id"), *scope = sund_j_text(v, "scope"), *similarity = sund_j_text(v, "similarity");
    const sund_jval *op = sund_j_get(v, "operator"), *value = sund_j_get(v, "value"), *below = sund_j_get(v, "includeDescendantTerms");
    char             number[32];
    double           x;
    bool             descendants = true;

    if (!id || !id[0])
        return sund_fail(err, SUND_E_ARG, "a filter has an 'id'");
    if (sund_j_get(v, "scope") && (!scope || (strcmp(scope, "individual") != 0 && strcmp(scope, "individuals") != 0)))
        return bad(id, "the scope is individuals: what is filtered here are people", err);
    if (sund_j_get(v, "similarity") && (!similarity || strcmp(similarity, "exact") != 0))
        return bad(id, "the similarity is exact: others are not computed here", err);
    if (!op && !value) {
        if (below && !sund_j_bool(below, &descendants))
            return bad(id, "includeDescendantTerms is true or false", err);
        return term(id, descendants, text, err);
    }
    if (below && !(sund_j_bool(below, &descendants) && descendants))
        return bad(id, "operator and value are not for a term with includeDescendantTerms", err);
    if ((op && !sund_j_str(op)) || !value)
        return bad(id, "operator (a text) and value are given together", err);
    if (sund_j_real(value, &x))
        (void) snprintf(number, sizeof number, "%.15g", x);
    else if (!sund_j_str(value))
        return bad(id, "the value is a text or a number", err);
    return comparison(id, op ? sund_j_str(op) : "=", sund_j_str(value) ? sund_j_str(value) : number, text, err);
}

sund_code sund_filter_word(const char *word, sund_buf *text, sund_err *err)
{
    size_t n = strcspn(word, "<>=!");
    char   id[200], op[3] = "";

    if (n >= sizeof id || n == 0)
        return sund_fail(err, SUND_E_ARG, "a filter is a term such as HP:0001250, or a variable, operator and value such as age>=40");
    if (!word[n])
        return term(word, true, text, err);
    (void) snprintf(id, sizeof id, "%.*s", (int) n, word);
    op[0] = word[n++];
    if (word[n] == '=' && op[0] != '=') {
        op[1] = op[0] == '!' ? 0 : '=';
        n++;
    }
    return comparison(id, op, word + n, text, err);
}
