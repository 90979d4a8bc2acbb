#include "datasets/words.h"

#include "rdf/vocab.h"

#include <string.h>

#define EU(x)   "http://publications.europa.eu/resource/authority/" x
#define EDAM(x) "http://edamontology.org/" x
#define C(two, three, label) { two, EU("country/") three, label }
#define L(two, three, label) { two, EU("language/") three, label }

const sund_word sund_words_access[] = { { "public", EU("access-right/PUBLIC"), "Public" },
                                        { "restricted", EU("access-right/RESTRICTED"), "Restricted" },
                                        { "non-public", EU("access-right/NON_PUBLIC"), "Non-public" },
                                        { NULL, NULL, NULL } };
const sund_word sund_words_category[] = { { "human-genetic", GDI("HealthCategoryHumanGenetic"), "Human genetic data" },
                                          { "human-epigenomic", GDI("HealthCategoryHumanEpigenomic"), "Human epigenomic data" },
                                          { "human-genomic", GDI("HealthCategoryHumanGenomic"), "Human genomic data" },
                                          { NULL, NULL, NULL } };
const sund_word sund_words_type[] = { { "whole-genome", EDAM("topic_3673"), "Whole genome sequencing" },
                                      { "exome", EDAM("topic_3676"), "Exome sequencing" },
                                      { "array", EDAM("topic_3518"), "Microarray experiment" },
                                      { "rna", EDAM("topic_3170"), "RNA-Seq" },
                                      { "phenotypes", EDAM("topic_0625"), "Genotype and phenotype" },
                                      { "frequencies", EDAM("topic_2885"), "DNA polymorphism" },
                                      { NULL, NULL, NULL } };
const sund_word sund_words_conforms[] = { { "externally-governed", GDI("ExternallyGoverned"), "Externally governed" },
                                          { "1mg-compliant", GDI("1MGCompliant"), "1+MG compliant" },
                                          { "1mg-cohort", GDI("1MGCohort"), "1+MG cohort" },
                                          { NULL, NULL, NULL } };
const sund_word sund_words_status[] = { { "completed", EU("dataset-status/COMPLETED"), "Completed" },  { "deprecated", EU("dataset-status/DEPRECATED"), "Deprecated" },
                                        { "develop", EU("dataset-status/DEVELOP"), "Under development" }, { "discontinued", EU("dataset-status/DISCONT"), "Discontinued" },
                                        { "withdrawn", EU("dataset-status/WITHDRAWN"), "Withdrawn" },  { NULL, NULL, NULL } };
const sund_word sund_words_service[] = { { "beacon", "https://docs.genomebeacons.org/", "org.ga4gh:beacon:v2.0.0" },
                                         { "htsget", "https://samtools.github.io/hts-specs/htsget.html", "org.ga4gh:htsget:1.3.0" },
                                         { "refget", "https://samtools.github.io/hts-specs/refget.html", "org.ga4gh:refget:2.0.0" },
                                         { "fdp", "https://specs.fairdatapoint.org/fdp-specs-v1.2.html", "org.fairdatapoint:fdp:1.2" },
                                         { "matchmaker", "https://github.com/ga4gh/mme-apis", "org.matchmakerexchange:mme:1.1" },
                                         { NULL, NULL, NULL } };
const sund_word sund_words_country[] = {
    C("AT", "AUT", "Austria"),   C("BE", "BEL", "Belgium"),  C("BG", "BGR", "Bulgaria"), C("CH", "CHE", "Switzerland"), C("CY", "CYP", "Cyprus"),    C("CZ", "CZE", "Czechia"),
    C("DE", "DEU", "Germany"),   C("DK", "DNK", "Denmark"),  C("EE", "EST", "Estonia"),  C("ES", "ESP", "Spain"),       C("FI", "FIN", "Finland"),   C("FR", "FRA", "France"),
    C("GB", "GBR", "United Kingdom"), C("GR", "GRC", "Greece"), C("HR", "HRV", "Croatia"), C("HU", "HUN", "Hungary"),   C("IE", "IRL", "Ireland"),   C("IS", "ISL", "Iceland"),
    C("IT", "ITA", "Italy"),     C("LI", "LIE", "Liechtenstein"), C("LT", "LTU", "Lithuania"), C("LU", "LUX", "Luxembourg"), C("LV", "LVA", "Latvia"), C("MT", "MLT", "Malta"),
    C("NL", "NLD", "Netherlands"), C("NO", "NOR", "Norway"), C("PL", "POL", "Poland"),   C("PT", "PRT", "Portugal"),    C("RO", "ROU", "Romania"),   C("SE", "SWE", "Sweden"),
    C("SI", "SVN", "Slovenia"),  C("SK", "SVK", "Slovakia"), C("UA", "UKR", "Ukraine"),  C("US", "USA", "United States"), { NULL, NULL, NULL },
};
const sund_word sund_words_language[] = {
    L("bg", "BUL", "Bulgarian"), L("cs", "CES", "Czech"),  L("da", "DAN", "Danish"),    L("de", "DEU", "German"), L("el", "ELL", "Greek"),      L("en", "ENG", "English"), L("es", "SPA", "Spanish"),
    L("et", "EST", "Estonian"),  L("fi", "FIN", "Finnish"), L("fr", "FRA", "French"),   L("ga", "GLE", "Irish"),  L("hr", "HRV", "Croatian"),   L("hu", "HUN", "Hungarian"), L("is", "ISL", "Icelandic"),
    L("it", "ITA", "Italian"),   L("lb", "LTZ", "Luxembourgish"), L("lt", "LIT", "Lithuanian"), L("lv", "LAV", "Latvian"), L("mt", "MLT", "Maltese"), L("nl", "NLD", "Dutch"), L("no", "NOR", "Norwegian"),
    L("pl", "POL", "Polish"),    L("pt", "POR", "Portuguese"), L("ro", "RON", "Romanian"), L("sk", "SLK", "Slovak"), L("sl", "SLV", "Slovenian"), L("sv", "SWE", "Swedish"), { NULL, NULL, NULL },
};
const sund_coding sund_codings[] = { { "ICD10", "http://id.who.int/icd/release/10/", "http://www.wikidata.org/entity/P4229" },
                                     { "ORPHA", "http://www.orpha.net/ORDO/Orphanet_", "http://www.orpha.net/ORDO/" },
                                     { "MONDO", "http://purl.obolibrary.org/obo/MONDO_", "http://purl.obolibrary.org/obo/mondo.owl" },
                                     { "HP", "http://purl.obolibrary.org/obo/HP_", "http://purl.obolibrary.org/obo/hp.owl" },
                                     { "NCIT", "http://purl.obolibrary.org/obo/NCIT_", "http://purl.obolibrary.org/obo/ncit.owl" },
                                     { "OMIM", "https://omim.org/entry/", "https://omim.org/" },
                                     { NULL, NULL, NULL } };

const sund_word *sund_word_find(const sund_word *list, const char *word)
{
    while (list->word && strcmp(list->word, word) != 0)
        list++;
    return list->word ? list : NULL;
}

const sund_word *sund_word_of(const sund_word *list, const char *iri)
{
    while (list->word && strcmp(list->iri, iri) != 0)
        list++;
    return list->word ? list : NULL;
}
