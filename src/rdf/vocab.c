#include "rdf/vocab.h"

#include <string.h>

static const sund_prefix prefixes[] = {
    { "adms", ADMS("") },     { "csvw", CSVW("") }, { "dcat", DCAT("") },  { "dcatap", DCATAP("") }, { "dct", DCT("") },   { "dpv", DPV("") },
    { "dqv", DQV("") },       { "eli", ELI("") },   { "fdp-o", FDPO("") }, { "foaf", FOAF("") },     { "gdi", GDI("") },   { "healthdcatap", HEALTH("") },
    { "ldp", LDP("") },       { "owl", OWL("") },   { "prov", PROV("") },  { "rdf", RDF("") },       { "rdfs", RDFS("") }, { "sh", SH("") },
    { "skos", SKOS("") },     { "vcard", VCARD("") }, { "xsd", XSD("") },
};

const sund_prefix *sund_prefixes(size_t *n)
{
    *n = sizeof prefixes / sizeof *prefixes;
    return prefixes;
}

const sund_prefix *sund_prefix_of(const char *iri, const char **local)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t n = strlen(prefixes[i].iri), k;

        if (strncmp(iri, prefixes[i].iri, n) != 0)
            continue;
        k = strspn(iri + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
        if (k && iri[n + k] == 0 && iri[n] != '-') {
            *local = iri + n;
            return &prefixes[i];
        }
    }
    return NULL;
}
