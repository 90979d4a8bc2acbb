#include "api/beacon.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* The table of pages. What is not in it is not there; /openapi.json is made from it. */

typedef struct page {
    const char *method, *path, *what; /* method: "GET" or "GET POST"; {id} stands for a part of the path */
    void (*answer)(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
} page;

static void openapi(const sund_face *f, const sund_request *in, const char *id, sund_response *out);
static void registry(const sund_face *f, const sund_request *in, const char *id, sund_response *out);

static const page pages[] = {
    { "GET", "/info", "what this beacon is", sund_beacon_info },
    { "GET", "/service-info", "the same, as GA4GH service-info", sund_beacon_service },
    { "GET", "/services", "GA4GH service registry: this service", registry },
    { "GET", "/configuration", "entry types, granularity, levels of access", sund_beacon_configuration },
    { "GET", "/map", "where the entry types are", sund_beacon_map },
    { "GET", "/entry_types", "entry types", sund_beacon_entry_types },
    { "GET POST", "/filtering_terms", "which filters there are", sund_beacon_terms },
    { "GET POST", "/g_variants", "frequencies of variants: by sequence, range, bracket, HGVS, rsID, gene or amino-acid change", sund_beacon_variants },
    { "GET POST", "/g_variants/{id}", "one variant by its name, 20-1000226-A-T", sund_beacon_variants },
    { "GET POST", "/individuals", "how many people the filters take", sund_beacon_people },
    { "GET POST", "/individuals/{id}", "refused: single people do not leave a node", sund_beacon_people },
    { "GET POST", "/biosamples", "how many people's samples the filters take", sund_beacon_people },
    { "GET POST", "/biosamples/{id}", "refused: single people do not leave a node", sund_beacon_people },
    { "GET POST", "/datasets", "data sets", sund_beacon_datasets },
    { "GET POST", "/datasets/{id}", "one data set", sund_beacon_datasets },
    { "GET POST", "/cohorts", "cohorts", sund_beacon_cohorts },
    { "GET POST", "/cohorts/{id}", "one cohort", sund_beacon_cohorts },
    { "GET", "/openapi.json", "this description", openapi },
};
enum { N_PAGE = sizeof pages / sizeof pages[0] };

void sund_beacon_root(const sund_face *f, char out[420])
{
    static const char *const root[] = { "/beacon", "/v2.0.0", "/v2" };
    size_t                   n = strlen(f->url);

    (void) snprintf(out, 420, "%.400s/beacon", f->url);
    for (size_t i = 0; i < sizeof root / sizeof root[0]; i++)
        if (n >= strlen(root[i]) && strcmp(f->url + n - strlen(root[i]), root[i]) == 0)
            (void) snprintf(out, 420, "%.400s", f->url);
}

static void openapi(const sund_face *f, const sund_request *in, const char *id, sund_response *out)
{
    sund_json j;
    char      root[420];

    (void) in;
    (void) id;
    sund_beacon_root(f, root);
    out->status = 200;
    out->type = "application/json; charset=utf-8";
    sund_json_init(&j, &out->body, true);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "openapi", "3.0.3");
    sund_json_open(&j, "info", '{');
    sund_json_str(&j, "title", f->name);
    sund_json_str(&j, "version", f->version);
    sund_json_close(&j, '}');
    sund_json_open(&j, "servers", '[');
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "url", root);
    sund_json_close(&j, '}');
    sund_json_close(&j, ']');
    sund_json_open(&j, "paths", '{');
    for (size_t i = 0; i < N_PAGE; i++) {
        sund_json_open(&j, pages[i].path, '{');
        for (int post = 0; post < 2; post++) {
            if (post && !strstr(pages[i].method, "POST"))
                continue;
            sund_json_open(&j, post ? "post" : "get", '{');
            sund_json_str(&j, "summary", pages[i].what);
            if (strstr(pages[i].path, "{id}")) {
                sund_json_open(&j, "parameters", '[');
                sund_json_open(&j, NULL, '{');
                sund_json_str(&j, "name", "id");
                sund_json_str(&j, "in", "path");
                sund_json_bool(&j, "required", true);
                sund_json_open(&j, "schema", '{');
                sund_json_str(&j, "type", "string");
                sund_json_close(&j, '}');
                sund_json_close(&j, '}');
                sund_json_close(&j, ']');
            }
            sund_json_open(&j, "responses", '{');
            sund_json_open(&j, "200", '{');
            sund_json_str(&j, "description", "the answer");
            sund_json_close(&j, '}');
            sund_json_close(&j, '}');
            sund_json_close(&j, '}');
        }
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
}

static void registry(const sund_face *f, const sund_request *in, const char *id, sund_response *out)
{
    sund_response one = { .status = 0 };

    sund_beacon_service(f, in, id, &one);
    out->status = 200;
    out->type = one.type;
    sund_buf_text(&out->body, "[");
    sund_buf_put(&out->body, one.body.p, one.body.n);
    sund_buf_text(&out->body, "]");
    sund_buf_free(&one.body);
}

/** The part of a path behind where the pages are; other beacons' clients say /v2.0.0, some nothing. NULL: not a page's. */
static const char *inside(const char *path)
{
    static const char *const roots[] = { "/beacon/v2.0.0", "/beacon/v2", "/beacon", "/v2.0.0", "/v2" };

    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        size_t n = strlen(roots[i]);

        if (strncmp(path, roots[i], n) == 0 && (path[n] == '/' || !path[n]))
            return path[n] && path[n + 1] ? path + n : "/info";
    }
    return path;
}

/** *id: the part that {id} stands for, or NULL. */
static bool fits(const char *want, const char *path, const char **id)
{
    const char *hole = strchr(want, '{');
    size_t      n = hole ? (size_t) (hole - want) : strlen(want);

    *id = NULL;
    if (strncmp(want, path, n) != 0)
        return false;
    if (!hole)
        return !path[n] || (path[n] == '/' && !path[n + 1]);
    *id = path + n;
    return path[n] && !strchr(path + n, '/') && strlen(path + n) < 2200 && sund_text_ok(path + n);
}

bool sund_face_admits(const sund_face *f, const sund_request *in, sund_response *out)
{
    if (sund_limits_admit(f->limits, in))
        return true;
    sund_face_refuse(f, 429, SUND_BEACON_TOO_OFTEN, out);
    return false;
}

bool sund_face_answer(const sund_face *f, const sund_request *in, sund_response *out)
{
    const char *path = inside(in->path), *id;
    sund_err    err;

    for (size_t i = 0; i < N_PAGE; i++) {
        if (!fits(pages[i].path, path, &id))
            continue;
        if (strcmp(in->method, "HEAD") != 0 && !strstr(pages[i].method, in->method)) {
            (void) sund_fail(&err, SUND_E_ARG, "%s %.100s: this page takes %s", in->method, pages[i].path, pages[i].method);
            sund_face_refuse(f, 405, err.msg, out);
            return true;
        }
        pages[i].answer(f, in, id, out);
        return true;
    }
    if (path == in->path)
        return false;
    sund_face_refuse(f, 404, "the Beacon has no such page: /beacon/openapi.json lists those it has", out);
    return true;
}
