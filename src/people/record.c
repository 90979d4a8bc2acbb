#include "people/record.h"

#include <string.h>

static const char *const word[SUND_RECORD_KINDS] = { "", "disease", "phenotype", "ethnicity", "origin", "procedure", "exposure", "treatment", "measure", "observation", "gene" };

const char *sund_record_word(sund_record_kind kind) { return kind < SUND_RECORD_KINDS ? word[kind] : ""; }

sund_record_kind sund_record_kind_of(const char *s)
{
    for (int k = 1; k < SUND_RECORD_KINDS; k++)
        if (strcmp(s, word[k]) == 0)
            return (sund_record_kind) k;
    return SUND_RECORD_ANY;
}

sund_record_kind sund_record_kind_by_code(const char *code)
{
    static const struct { const char *prefix; sund_record_kind kind; } known[] = {
        { "ICD", SUND_RECORD_DISEASE },      { "ORPHA:", SUND_RECORD_DISEASE }, { "MONDO:", SUND_RECORD_DISEASE },   { "OMIM:", SUND_RECORD_DISEASE },     { "DOID:", SUND_RECORD_DISEASE },
        { "HP:", SUND_RECORD_PHENOTYPE },    { "GAZ:", SUND_RECORD_ORIGIN },    { "OPCS4:", SUND_RECORD_PROCEDURE }, { "ATC:", SUND_RECORD_TREATMENT },    { "RxNorm:", SUND_RECORD_TREATMENT },
        { "LOINC:", SUND_RECORD_MEASURE },   { "HGNC:", SUND_RECORD_GENE },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(code, known[i].prefix, strlen(known[i].prefix)) == 0)
            return known[i].kind;
    return SUND_RECORD_ANY;
}
