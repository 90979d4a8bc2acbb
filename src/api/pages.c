#include "api/beacon.h"

#include <string.h>

/* The table of pages. What is not in it is not there; /map and /openapi.json are made from it. */

enum { FRAME = SUND_TAKES_FRAME, PEOPLE = SUND_TAKES_FRAME | SUND_TAKES_FILTERS, VARIANTS = SUND_TAKES_FRAME | SUND_TAKES_VARIANT | SUND_TAKES_POPULATION };

static const sund_beacon_page pages[] = {
    { "GET", "/info", "", 0, "what this beacon is", sund_beacon_info, NULL },
    { "GET", "/service-info", "", 0, "the same, as GA4GH service-info", sund_beacon_service, NULL },
    { "GET", "/services", "", 0, "GA4GH service registry: the services here, and those that nodes name in their catalogues", sund_beacon_registry, NULL },
    { "GET", "/services/types", "", 0, "the types of these services", sund_beacon_service_types, NULL },
    { "GET", "/services/{id}", "", 0, "one service", sund_beacon_registry, NULL },
    { "GET", "/configuration", "", 0, "entry types, granularity, levels of access", sund_beacon_configuration, NULL },
    { "GET", "/map", "", 0, "where the entry types are", sund_beacon_map, NULL },
    { "GET", "/entry_types", "", 0, "entry types", sund_beacon_entry_types, NULL },
    { "GET", "/openapi.json", "", 0, "this description", sund_beacon_openapi, NULL },
    { "GET POST", "/filtering_terms", "filteringTerm", FRAME, "which filters there are", NULL, sund_beacon_terms },
    { "GET POST", "/filtering-terms", "filteringTerm", FRAME, "the same, as requests that GDI's portal has recorded spell it", NULL, sund_beacon_terms },
    { "GET POST", "/g_variants", "genomicVariant", VARIANTS, "frequencies of variants: by sequence, range, bracket, HGVS, rsID, gene or amino-acid change", NULL, sund_beacon_variants },
    { "GET POST", "/g_variants/{id}", "genomicVariant", FRAME | SUND_TAKES_POPULATION | SUND_OF_VARIANT, "one variant by its name, 20-1000226-A-T", NULL, sund_beacon_variants },
    { "GET POST", "/g_variants/{id}/individuals", "individual", PEOPLE | SUND_OF_VARIANT, "whether people that the filters take carry the variant", NULL, sund_beacon_people },
    { "GET POST", "/g_variants/{id}/biosamples", "biosample", PEOPLE | SUND_OF_VARIANT, "the same of their samples", NULL, sund_beacon_people },
    { "GET POST", "/individuals", "individual", PEOPLE | SUND_TAKES_VARIANT, "how many people the filters take; with a variant, whether they carry it", NULL, sund_beacon_people },
    { "GET POST", "/individuals/filtering_terms", "filteringTerm", FRAME, "which filters there are", NULL, sund_beacon_terms },
    { "GET POST", "/individuals/{id}", "individual", FRAME, "refused: single people do not leave a node", NULL, NULL },
    { "GET POST", "/individuals/{id}/g_variants", "genomicVariant", FRAME, "refused: single people do not leave a node", NULL, NULL },
    { "GET POST", "/individuals/{id}/biosamples", "biosample", FRAME, "refused: single people do not leave a node", NULL, NULL },
    { "GET POST", "/biosamples", "biosample", PEOPLE | SUND_TAKES_VARIANT, "how many people's samples the filters take; with a variant, whether they carry it", NULL, sund_beacon_people },
    { "GET POST", "/biosamples/{id}", "biosample", FRAME, "refused: single people do not leave a node", NULL, NULL },
    { "GET POST", "/biosamples/{id}/g_variants", "genomicVariant", FRAME, "refused: single people do not leave a node", NULL, NULL },
    { "GET POST", "/datasets", "dataset", FRAME, "data sets", NULL, sund_beacon_datasets },
    { "GET POST", "/datasets/{id}", "dataset", FRAME | SUND_OF_SET, "one data set", NULL, sund_beacon_datasets },
    { "GET POST", "/datasets/{id}/g_variants", "genomicVariant", VARIANTS | SUND_OF_SET, "frequencies of variants in one data set", NULL, sund_beacon_variants },
    { "GET POST", "/datasets/{id}/individuals", "individual", PEOPLE | SUND_TAKES_VARIANT | SUND_OF_SET, "how many people of one data set the filters take", NULL, sund_beacon_people },
    { "GET POST", "/datasets/{id}/biosamples", "biosample", PEOPLE | SUND_TAKES_VARIANT | SUND_OF_SET, "the same of their samples", NULL, sund_beacon_people },
    { "GET POST", "/datasets/{id}/filtering_terms", "filteringTerm", FRAME | SUND_OF_SET, "which filters one data set has", NULL, sund_beacon_terms },
    { "GET POST", "/cohorts", "cohort", FRAME, "cohorts: of each data set all its people", NULL, sund_beacon_cohorts },
    { "GET POST", "/cohorts/{id}", "cohort", FRAME | SUND_OF_SET, "one cohort", NULL, sund_beacon_cohorts },
    { "GET POST", "/cohorts/{id}/individuals", "individual", PEOPLE | SUND_TAKES_VARIANT | SUND_OF_SET, "how many people of one cohort the filters take", NULL, sund_beacon_people },
    { "GET POST", "/cohorts/{id}/filtering_terms", "filteringTerm", FRAME | SUND_OF_SET, "which filters one cohort has", NULL, sund_beacon_terms },
};
enum { N_PAGE = sizeof pages / sizeof pages[0] };

const sund_beacon_page *sund_beacon_page_at(size_t i) { return i < N_PAGE ? &pages[i] : NULL; }

