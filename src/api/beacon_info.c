#include "api/beacon.h"

#include <stdio.h>
#include <string.h>

/* What this beacon is and where its pages are. */

static const struct entry { const char *type, *plural, *path, *term, *label, *name; } entries[] = {
    { "genomicVariant", "genomicVariations", "g_variants", "ENSGLOSSARY:0000092", "Variant", "Genomic variants" },
    { "individual", "individuals", "individuals", "NCIT:C25190", "Person", "Individuals" },
    { "biosample", "biosamples", "biosamples", "NCIT:C70699", "Biospecimen", "Biological samples" },
    { "dataset", "datasets", "datasets", "NCIT:C47824", "Data set", "Data sets" },
    { "cohort", "cohorts", "cohorts", "NCIT:C61512", "Cohort", "Cohorts" },
};
enum { N_ENTRY = sizeof entries / sizeof entries[0] };

/** '{', meta of an answer that is no query's, "response": '{'. */
static void open_info(const sund_face *f, sund_json *j, sund_response *out)
{
    out->status = 200;
    out->type = "application/json; charset=utf-8";
    sund_json_init(j, &out->body, false);
    sund_json_open(j, NULL, '{');
    sund_json_open(j, "meta", '{');
    sund_json_str(j, "beaconId", f->id);
    sund_json_str(j, "apiVersion", SUND_BEACON_API);
    sund_json_open(j, "returnedSchemas", '[');
    sund_json_close(j, ']');
    sund_json_close(j, '}');
    sund_json_open(j, "response", '{');
}

static void close_info(sund_json *j)
{
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

void sund_beacon_info(const sund_face *f, const char *id, sund_response *out)
{
    sund_json j;

    (void) id;
    open_info(f, &j, out);
    sund_json_str(&j, "id", f->id);
    sund_json_str(&j, "name", f->name);
    sund_json_str(&j, "description", f->about);
    sund_json_str(&j, "apiVersion", SUND_BEACON_API);
    sund_json_str(&j, "version", f->version);
    sund_json_str(&j, "environment", f->environment);
    sund_json_str(&j, "welcomeUrl", f->welcome);
    sund_json_open(&j, "organization", '{');
    sund_json_str(&j, "id", f->id);
    sund_json_str(&j, "name", f->organisation);
    if (f->contact[0])
        sund_json_str(&j, "contactUrl", f->contact);
    sund_json_str(&j, "welcomeUrl", f->welcome);
    sund_json_close(&j, '}');
    close_info(&j);
}

static void entry_type(const struct entry *e, sund_json *j)
{
    char text[160];

    sund_json_open(j, e->type, '{');
    sund_json_str(j, "id", e->type);
    sund_json_str(j, "name", e->name);
    sund_json_str(j, "partOfSpecification", "Beacon " SUND_BEACON_API);
    sund_json_open(j, "ontologyTermForThisType", '{');
    sund_json_str(j, "id", e->term);
    sund_json_str(j, "label", e->label);
    sund_json_close(j, '}');
    sund_json_open(j, "defaultSchema", '{');
    (void) snprintf(text, sizeof text, "beacon-%s-v2.0.0", e->type);
    sund_json_str(j, "id", text);
    (void) snprintf(text, sizeof text, "Default schema of %s", e->name);
    sund_json_str(j, "name", text);
    (void) snprintf(text, sizeof text, "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/models/json/beacon-v2-default-model/%s/defaultSchema.json", e->plural);
    sund_json_str(j, "referenceToSchemaDefinition", text);
    sund_json_str(j, "schemaVersion", "v2.0.0");
    sund_json_close(j, '}');
    sund_json_bool(j, "nonFilteredQueriesAllowed", true);
    sund_json_close(j, '}');
}

static void entry_types(sund_json *j)
{
    sund_json_open(j, "entryTypes", '{');
    for (size_t i = 0; i < N_ENTRY; i++)
        entry_type(&entries[i], j);
    sund_json_close(j, '}');
}

void sund_beacon_entry_types(const sund_face *f, const char *id, sund_response *out)
{
    sund_json j;

    (void) id;
    open_info(f, &j, out);
    entry_types(&j);
    close_info(&j);
}

void sund_beacon_configuration(const sund_face *f, const char *id, sund_response *out)
{
    sund_json j;

    (void) id;
    open_info(f, &j, out);
    sund_json_str(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    sund_json_open(&j, "maturityAttributes", '{');
    sund_json_str(&j, "productionStatus", strcmp(f->environment, "prod") == 0 ? "PROD" : strcmp(f->environment, "dev") == 0 ? "DEV" : "TEST");
    sund_json_close(&j, '}');
    sund_json_open(&j, "securityAttributes", '{');
    sund_json_str(&j, "defaultGranularity", "record");
    sund_json_open(&j, "securityLevels", '[');
    sund_json_str(&j, NULL, "PUBLIC");
    sund_json_str(&j, NULL, "REGISTERED");
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    entry_types(&j);
    close_info(&j);
}

/** "/g_variants/{id}/individuals" of "g_variants" -> "/individuals"; "" for the entry's own page; NULL for others, and for pages that everybody is refused. */
static const char *below(const sund_beacon_page *p, const char *entry)
{
    size_t n = strlen(entry);

    return p->answer && strncmp(p->path + 1, entry, n) == 0 && strncmp(p->path + 1 + n, "/{id}", 5) == 0 ? p->path + 1 + n + 5 : NULL;
}

static void endpoints(const struct entry *e, const char *root, sund_json *j)
{
    const sund_beacon_page *p;
    char                    url[600];

    for (size_t i = 0; (p = sund_beacon_page_at(i)); i++)
        if (below(p, e->path) && !below(p, e->path)[0]) {
            (void) snprintf(url, sizeof url, "%s%s", root, p->path);
            sund_json_str(j, "singleEntryUrl", url);
        }
    sund_json_open(j, "endpoints", '{');
    for (size_t i = 0; (p = sund_beacon_page_at(i)); i++) {
        const char *rest = below(p, e->path);

        if (!rest || !rest[0] || strcmp(p->entry, "filteringTerm") == 0) /* which is no entry type */
            continue;
        (void) snprintf(url, sizeof url, "%s%s", root, p->path);
        sund_json_open(j, rest + 1, '{');
        sund_json_str(j, "returnedEntryType", p->entry);
        sund_json_str(j, "url", url);
        sund_json_close(j, '}');
    }
    sund_json_close(j, '}');
}

void sund_beacon_map(const sund_face *f, const char *id, sund_response *out)
{
    sund_json j;
    char      url[600], root[420];

    (void) id;
    sund_beacon_root(f, root);
    open_info(f, &j, out);
    sund_json_str(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    sund_json_open(&j, "endpointSets", '{');
    for (size_t i = 0; i < N_ENTRY; i++) {
        sund_json_open(&j, entries[i].type, '{');
        sund_json_str(&j, "entryType", entries[i].type);
        (void) snprintf(url, sizeof url, "%s/%s", root, entries[i].path);
        sund_json_str(&j, "rootUrl", url);
        (void) snprintf(url, sizeof url, "%s/openapi.json", root);
        sund_json_str(&j, "openAPIEndpointsDefinition", url);
        endpoints(&entries[i], root, &j);
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, '}');
    close_info(&j);
}
