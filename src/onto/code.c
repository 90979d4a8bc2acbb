#include "onto/onto.h"

#include <string.h>

/* One spelling of a code. */

static const struct { const char *from, *to; } same_prefix[] = {
    { "Orphanet", "ORPHA" }, { "ORPHANET", "ORPHA" }, { "ORDO", "ORPHA" }, { "orpha", "ORPHA" }, { "MIM", "OMIM" },   { "omim", "OMIM" },  { "ICD-10", "ICD10" }, { "ICD10-CM", "ICD10CM" },
    { "ICD-10-CM", "ICD10CM" }, { "hp", "HP" },      { "HPO", "HP" },     { "mondo", "MONDO" }, { "ncit", "NCIT" }, { "NCIt", "NCIT" }, { "hgnc", "HGNC" },
};

/** Where the IRI's last part begins, and its prefix where the IRI itself has it. */
static const char *behind(const char *s, const char *end, const char **prefix)
{
    static const struct { const char *start, *prefix; } known[] = {
        { "http://purl.obolibrary.org/obo/", NULL },
        { "http://www.orpha.net/ORDO/", NULL },
        { "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl#", "NCIT" },
        { "http://purl.bioontology.org/ontology/ICD10CM/", "ICD10CM" },
        { "http://purl.bioontology.org/ontology/ICD10/", "ICD10" },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t n = strlen(known[i].start);

        if ((size_t) (end - s) > n && memcmp(s, known[i].start, n) == 0) {
            *prefix = known[i].prefix;
            return s + n;
        }
    }
    return NULL;
}

static bool word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; }

bool sund_onto_code(const char *s, size_t n, char out[SUND_CODE_MAX + 1])
{
    const char *end = s + n, *prefix = NULL, *local, *at;
    size_t      n_prefix, n_local;

    at = n > 7 && memcmp(s, "http", 4) == 0 ? behind(s, end, &prefix) : s;
    if (!at)
        return false;
    if (prefix) {
        n_prefix = strlen(prefix);
        local = at;
    }
    else {
        local = memchr(at, at == s ? ':' : '_', (size_t) (end - at));
        if (!local)
            return false;
        prefix = at;
        n_prefix = (size_t) (local++ - at);
    }
    for (size_t i = 0; i < sizeof same_prefix / sizeof same_prefix[0]; i++)
        if (strlen(same_prefix[i].from) == n_prefix && memcmp(same_prefix[i].from, prefix, n_prefix) == 0) {
            prefix = same_prefix[i].to;
            n_prefix = strlen(prefix);
            break;
        }
    n_local = (size_t) (end - local);
    if (n_prefix == 0 || n_local == 0 || n_prefix + 1 + n_local > SUND_CODE_MAX)
        return false;
    for (size_t i = 0; i < n_prefix; i++)
        if (!word(prefix[i]))
            return false;
    for (size_t i = 0; i < n_local; i++)
        if (!word(local[i]) && (local[i] != ':' || i == 0 || i + 1 == n_local))
            return false;
    memcpy(out, prefix, n_prefix);
    out[n_prefix] = ':';
    memcpy(out + n_prefix + 1, local, n_local);
    out[n_prefix + 1 + n_local] = 0;
    return true;
}

bool sund_code_grows(const char *code) { return strncmp(code, "ICD", 3) == 0 || strncmp(code, "ATC", 3) == 0; }

bool sund_onto_of_prefix(const char *code, const char *prefix)
{
    size_t n = strlen(prefix);

    return n && strncmp(code, prefix, n) == 0 && code[n] == ':';
}

void sund_code_variable(const char *code, char out[64])
{
    size_t n = 0;

    if (*code < 'A' || (*code > 'Z' && *code < 'a') || *code > 'z')
        out[n++] = 'm';
    for (; *code && n < 63; code++) {
        char c = *code >= 'A' && *code <= 'Z' ? (char) (*code - 'A' + 'a') : *code;

        out[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
    }
    out[n] = 0;
}
