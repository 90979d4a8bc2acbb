#include "api/beacon.h"

#include <string.h>

/* The pages beside the Beacon's. A family of them is there where whoever has the face answers it; what is described (openapi.c) and what is answered follow from this one table. */

static const sund_other others[] = {
    { SUND_OTHER_MATCH, "post", "/match", "Matchmaker Exchange 1.1: cases like this one", "application/vnd.ga4gh.matchmaker.v1.1+json", "", "X-Auth-Token" },
    { SUND_OTHER_CATALOGUE, "get", "/fdp/", "FAIR Data Point: the root, with every node's catalogue", "text/turtle", "", NULL },
    { SUND_OTHER_CATALOGUE, "get", "/fdp/{node}/catalog", "a node's catalogue of data sets, as HealthDCAT-AP", "text/turtle", "", NULL },
    { SUND_OTHER_CATALOGUE, "get", "/fdp/{node}/catalog/", "its data sets, some a page", "text/turtle", "page", NULL },
    { SUND_OTHER_CATALOGUE, "get", "/fdp/{node}/dataset/{id}", "one data set of a catalogue", "text/turtle", "", NULL },
    { SUND_OTHER_CATALOGUE, "get", "/fdp/{node}/distribution/{id}", "how one is had", "text/turtle", "", NULL },
    { SUND_OTHER_CATALOGUE, "get", "/datasets/", "search in the catalogue", "application/json", "q country disease type access purpose people node format", NULL },
    { SUND_OTHER_CATALOGUE, "get", "/datasets/facets", "values to search by", "application/json", "", NULL },
    { SUND_OTHER_CATALOGUE, "get", "/datasets/nodes", "when each node's catalogue was taken", "application/json", "", NULL },
    { SUND_OTHER_GRANTS, "get", "/api/permissions/{user}", "as a REMS: the visas of one person", "application/json", "expired", "x-rems-api-key" },
    { SUND_OTHER_GRANTS, "get", "/api/entitlements", "as a REMS: who may use the data", "application/json", "user resource expired", "x-rems-api-key" },
    { SUND_OTHER_GRANTS, "get", "/api/jwk", "as a REMS: the keys of its visas", "application/json", "", NULL },
    { SUND_OTHER_MEMBERS, "post", "/fed/v1", "members' signed messages: doc/protocol.md", "application/octet-stream", "", NULL },
};

const sund_other *sund_other_at(size_t i) { return i < sizeof others / sizeof others[0] ? &others[i] : NULL; }

/** Both begin with the same part: what else is behind it, the family answers or refuses. */
static bool of_family(const char *page, const char *path)
{
    size_t n = strcspn(page + 1, "/") + 1;

    return strncmp(page, path, n) == 0 && (path[n] == '/' || !path[n]);
}

bool sund_face_other(const sund_face *f, const sund_request *in, sund_response *out)
{
    const sund_other *o;

    for (size_t i = 0; (o = sund_other_at(i)) != NULL; i++)
        if (f->other[o->family] && of_family(o->path, in->path) && f->other[o->family](f->ctx, in, out))
            return true;
    return false;
}
