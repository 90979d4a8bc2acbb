#include "api/beacon.h"
#include "gate/leave.h"

#include <string.h>

/* /openapi.json: OpenAPI 3.0 of all pages at this address, from the tables of pages and parameters; and of those that are not the Beacon's. */

static void text_schema(sund_json *j, const char *type)
{
    bool list = strcmp(type, "strings") == 0 || strcmp(type, "integers") == 0;

    sund_json_open(j, "schema", '{');
    sund_json_str(j, "type", list ? "array" : type);
    if (list) {
        sund_json_open(j, "items", '{');
        sund_json_str(j, "type", strcmp(type, "strings") == 0 ? "string" : "integer");
        sund_json_close(j, '}');
    }
    sund_json_close(j, '}');
}

static void parameter(sund_json *j, const char *name, const char *in, const char *type, const char *what)
{
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "name", name);
    sund_json_str(j, "in", in);
    if (what)
        sund_json_str(j, "description", what);
    else
        sund_json_bool(j, "deprecated", true); /* another spelling */
    if (strcmp(in, "path") == 0)
        sund_json_bool(j, "required", true);
    text_schema(j, type);
    sund_json_close(j, '}');
}

/** {a} and {b} of a path. */
static void parts(sund_json *j, const char *path)
{
    char name[16] = "";

    for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
        (void) strncpy(name, p + 1, sizeof name - 1);
        name[strcspn(name, "}")] = 0;
        parameter(j, name, "path", "string", "a part of the path");
    }
}

static void reference(sund_json *j, const char *to)
{
    sund_json_open(j, "schema", '{');
    sund_json_str(j, "$ref", to);
    sund_json_close(j, '}');
}

static void content(sund_json *j, const char *type, const char *ref)
{
    sund_json_open(j, "content", '{');
    sund_json_open(j, type, '{');
    if (ref)
        reference(j, ref);
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static void response(sund_json *j, const char *status, const char *what, const char *type, const char *ref)
{
    sund_json_open(j, status, '{');
    sund_json_str(j, "description", what);
    content(j, type, ref);
    sund_json_close(j, '}');
}

static void body(sund_json *j, const char *type, const char *ref)
{
    sund_json_open(j, "requestBody", '{');
    sund_json_bool(j, "required", true);
    content(j, type, ref);
    sund_json_close(j, '}');
}

static void security(sund_json *j, const char *scheme, bool optional)
{
    sund_json_open(j, "security", '[');
    if (optional) {
        sund_json_open(j, NULL, '{');
        sund_json_close(j, '}');
    }
    sund_json_open(j, NULL, '{');
    sund_json_open(j, scheme, '[');
    sund_json_close(j, ']');
    sund_json_close(j, '}');
    sund_json_close(j, ']');
}

static void operation(const sund_beacon_page *p, bool post, sund_json *j)
{
    const sund_beacon_param *k;

    sund_json_open(j, post ? "post" : "get", '{');
    sund_json_str(j, "summary", p->what);
    sund_json_open(j, "parameters", '[');
    parts(j, p->path);
    for (size_t i = 0; !post && (k = sund_beacon_param_at(i)); i++)
        if (!k->takes || k->takes & p->takes)
            parameter(j, k->name, "query", k->type, k->what);
    sund_json_close(j, ']');
    if (post)
        body(j, "application/json", "#/components/schemas/Request");
    sund_json_open(j, "responses", '{');
    if (p->tell || p->answer)
        response(j, "200", "the answer", "application/json", p->answer ? "#/components/schemas/Answer" : NULL);
    else
        response(j, "403", "refused to everybody", "application/json", "#/components/schemas/Error");
    response(j, "default", "an error", "application/json", "#/components/schemas/Error");
    sund_json_close(j, '}');
    if (p->answer)
        security(j, "bearer", true);
    sund_json_close(j, '}');
}

static void beacon_paths(sund_json *j)
{
    const sund_beacon_page *p;

    for (size_t i = 0; (p = sund_beacon_page_at(i)); i++) {
        sund_json_open(j, p->path, '{');
        operation(p, false, j);
        if (strstr(p->method, "POST"))
            operation(p, true, j);
        sund_json_close(j, '}');
    }
}

static void server(sund_json *j, const char *url)
{
    sund_json_open(j, "servers", '[');
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "url", url);
    sund_json_close(j, '}');
    sund_json_close(j, ']');
}

static void query_of(const sund_other *o, sund_json *j)
{
    char        name[24] = "";
    const char *p = o->query;

    sund_json_open(j, "parameters", '[');
    parts(j, o->path);
    while (*p) {
        size_t n = strcspn(p, " ");

        memcpy(name, p, n);
        name[n] = 0;
        parameter(j, name, "query", strcmp(name, "people") == 0 ? "integer" : strcmp(name, "expired") == 0 ? "boolean" : "string",
                  o->family == SUND_OTHER_CATALOGUE ? "what data sets must have; doc/datasets.md" : "whose; doc/applications.md");
        p += n + (p[n] == ' ');
    }
    sund_json_close(j, ']');
}

/** Members' messages, all of which one page takes. */
static void kinds_of_messages(sund_json *j)
{
    sund_buf text = { 0 };

    sund_buf_text(&text, "an envelope that a member has signed, answered by one that the hub has. Kinds:");
    for (unsigned kind = 1; kind < SUND_MSG_END; kind++)
        if (strcmp(sund_msg_name(kind), "unknown") != 0)
            sund_buf_printf(&text, " %u %s", kind, sund_msg_name(kind));
    sund_buf_nul(&text);
    if (!text.bad)
        sund_json_str(j, "description", (const char *) text.p);
    sund_buf_free(&text);
}

static void other_path(const sund_face *f, const sund_other *o, sund_json *j)
{
    bool post = strcmp(o->method, "post") == 0, members = o->family == SUND_OTHER_MEMBERS;

    sund_json_open(j, o->path, '{');
    server(j, members ? f->members : f->url);
    sund_json_open(j, o->method, '{');
    sund_json_str(j, "summary", o->what);
    if (members)
        kinds_of_messages(j);
    query_of(o, j);
    if (post)
        body(j, o->type, NULL);
    sund_json_open(j, "responses", '{');
    response(j, "200", "the answer", o->type, NULL);
    response(j, "default", "an error", o->family == SUND_OTHER_MATCH ? o->type : "text/plain", NULL);
    sund_json_close(j, '}');
    if (o->key)
        security(j, o->key, false);
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static bool is_here(const sund_face *f, const sund_other *o) { return o->family == SUND_OTHER_MEMBERS ? f->members != NULL : f->other[o->family] != NULL; }

static void other_paths(const sund_face *f, sund_json *j)
{
    const sund_other *o;

    for (size_t i = 0; (o = sund_other_at(i)) != NULL; i++)
        if (is_here(f, o))
            other_path(f, o, j);
}

/** Schemes of keys in headers, each once: they are named after the header. */
static void key_schemes(const sund_face *f, sund_json *j)
{
    const sund_other *o;
    const char       *last = "";

    for (size_t i = 0; (o = sund_other_at(i)) != NULL; i++) {
        if (!is_here(f, o) || !o->key || strcmp(o->key, last) == 0)
            continue;
        last = o->key;
        sund_json_open(j, o->key, '{');
        sund_json_str(j, "type", "apiKey");
        sund_json_str(j, "in", "header");
        sund_json_str(j, "name", o->key);
        sund_json_close(j, '}');
    }
}

/** An object whose members, names and blanks, are objects. */
static void schema(sund_json *j, const char *name, const char *members, bool required)
{
    char        one[24] = "";
    const char *p = members;

    sund_json_open(j, name, '{');
    sund_json_str(j, "type", "object");
    if (required) {
        sund_json_open(j, "required", '[');
        sund_json_str(j, NULL, "meta");
        if (strstr(members, "error"))
            sund_json_str(j, NULL, "error");
        sund_json_close(j, ']');
    }
    sund_json_open(j, "properties", '{');
    while (*p) {
        size_t n = strcspn(p, " ");

        memcpy(one, p, n);
        one[n] = 0;
        sund_json_open(j, one, '{');
        sund_json_str(j, "type", "object");
        sund_json_close(j, '}');
        p += n + (p[n] == ' ');
    }
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static void components(const sund_face *f, sund_json *j)
{
    sund_json_open(j, "components", '{');
    sund_json_open(j, "schemas", '{');
    schema(j, "Request", "meta query", false); /* beaconRequestBody.json, beaconResultsetsResponse.json and their like of the specification say the rest */
    schema(j, "Answer", "meta responseSummary response info", true);
    schema(j, "Error", "meta error", true);
    sund_json_close(j, '}');
    sund_json_open(j, "securitySchemes", '{');
    sund_json_open(j, "bearer", '{');
    sund_json_str(j, "type", "http");
    sund_json_str(j, "scheme", "bearer");
    sund_json_str(j, "description", "a token of an issuer that is trusted here for logins");
    sund_json_close(j, '}');
    key_schemes(f, j);
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

void sund_beacon_openapi(const sund_face *f, const char *id, sund_response *out)
{
    sund_json j;
    char      root[420];

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
    server(&j, root);
    sund_json_open(&j, "paths", '{');
    beacon_paths(&j);
    other_paths(f, &j);
    sund_json_close(&j, '}');
    components(f, &j);
    sund_json_close(&j, '}');
}
