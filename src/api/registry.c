#include "api/beacon.h"

#include <stdio.h>
#include <string.h>

/* GA4GH service-info 1.0.0 of this beacon, and service-registry 1.0.0: the services at this
 * address, and at the hub those that nodes name in their catalogues. */

/** Of a registry's page: which of the services it shows. */
typedef struct listing {
    const sund_face *f;
    sund_json        j;
    const char      *id;
    bool             types;
    size_t           n;
    char             seen[32][SUND_SERVICE_TYPE_MAX];
} listing; /* id NULL: all; types: each type once, in seen */

/** "org.ga4gh:beacon:v2.0.0" as an object. */
static void put_type(sund_json *j, const char *key, const char *type)
{
    static const char *const member[] = { "group", "artifact", "version" };
    char                     part[SUND_SERVICE_TYPE_MAX];

    sund_json_open(j, key, '{');
    for (size_t i = 0; i < 3; i++) {
        size_t n = strcspn(type, ":");

        (void) snprintf(part, sizeof part, "%.*s", (int) n, type);
        sund_json_str(j, member[i], part);
        type += n + (type[n] == ':');
    }
    sund_json_close(j, '}');
}

static void put_service(sund_json *j, const sund_service *s)
{
    sund_json_str(j, "id", s->id);
    sund_json_str(j, "name", s->name);
    put_type(j, "type", s->type);
    if (s->about[0])
        sund_json_str(j, "description", s->about);
    sund_json_open(j, "organization", '{');
    sund_json_str(j, "name", s->organisation);
    sund_json_str(j, "url", s->organisation_url);
    sund_json_close(j, '}');
    if (s->contact[0])
        sund_json_str(j, "contactUrl", s->contact);
    if (s->environment[0])
        sund_json_str(j, "environment", s->environment);
    sund_json_str(j, "version", s->version);
    if (s->url[0])
        sund_json_str(j, "url", s->url);
}

static sund_code list(void *ctx, const sund_service *s, sund_err *err)
{
    listing *l = ctx;

    (void) err;
    if (l->id && strcmp(l->id, s->id) != 0)
        return SUND_OK;
    if (l->types) {
        for (size_t i = 0; i < l->n; i++)
            if (strcmp(l->seen[i], s->type) == 0)
                return SUND_OK;
        if (l->n == sizeof l->seen / sizeof l->seen[0])
            return SUND_OK;
        (void) snprintf(l->seen[l->n++], SUND_SERVICE_TYPE_MAX, "%s", s->type);
        put_type(&l->j, NULL, s->type);
        return SUND_OK;
    }
    if (l->id && l->n)
        return SUND_OK; /* the first of that name */
    l->n++;
    sund_json_open(&l->j, NULL, '{');
    put_service(&l->j, s);
    sund_json_close(&l->j, '}');
    return SUND_OK;
}

static sund_service own(const sund_face *f, const char *id, const char *name, const char *type,
                        const char *url)
{
    return (sund_service){ .id = id,
                           .name = name,
                           .type = type,
                           .about = f->about,
                           .organisation = f->organisation,
                           .organisation_url = f->welcome,
                           .contact = f->contact,
                           .environment = f->environment,
                           .version = f->version,
                           .url = url };
}

/** What is at this address. */
static sund_code list_own(const sund_face *f, listing *l, sund_err *err)
{
    static const struct {
        const char *suffix, *name, *type, *path;
    } more[] = { { "fdp", "FAIR Data Point", "org.fairdatapoint:fdp:1.2", "/fdp/" },
                 { "match", "Matchmaker Exchange", "org.matchmakerexchange:mme:1.1", "/match" } };
    char         id[160], name[160], url[420];
    sund_service s;

    sund_beacon_root(f, url);
    s = own(f, f->id, f->name, SUND_SERVICE_BEACON, url);
    SUND_TRY(list(l, &s, err));
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        (void) snprintf(id, sizeof id, "%.128s.%s", f->id, more[i].suffix);
        (void) snprintf(name, sizeof name, "%.120s: %s", f->name, more[i].name);
        (void) snprintf(url, sizeof url, "%.400s%s", f->url, more[i].path);
        s = own(f, id, name, more[i].type, url);
        SUND_TRY(list(l, &s, err));
    }
    return SUND_OK;
}

static void show(listing *l, const char *none, sund_response *out)
{
    sund_err  err = { SUND_OK, "" };
    bool      many = !l->id;
    sund_code rc;

    sund_json_init(&l->j, &out->body, false);
    if (many)
        sund_json_open(&l->j, NULL, '[');
    rc = list_own(l->f, l, &err);
    if (rc == SUND_OK && l->f->services)
        rc = l->f->services(l->f->ctx, list, l, &err);
    if (rc == SUND_OK && !many && !l->n)
        rc = sund_fail(&err, SUND_E_NOT_FOUND, "%s", none);
    if (many)
        sund_json_close(&l->j, ']');
    out->status = 200;
    out->type = "application/json; charset=utf-8";
    if (rc == SUND_OK)
        return;
    sund_buf_clear(&out->body);
    sund_beacon_error(l->f, NULL, &err, out);
}

void sund_beacon_registry(const sund_face *f, const char *id, sund_response *out)
{
    listing l = { .f = f, .id = id };

    show(&l, "there is no such service: /services lists those there are", out);
}

void sund_beacon_service_types(const sund_face *f, const char *id, sund_response *out)
{
    listing l = { .f = f, .id = id, .types = true };

    show(&l, "", out);
}

void sund_beacon_service(const sund_face *f, const char *id, sund_response *out)
{
    sund_service s = own(f, f->id, f->name, SUND_SERVICE_BEACON, "");
    sund_json    j;

    (void) id;
    out->status = 200;
    out->type = "application/json; charset=utf-8";
    sund_json_init(&j, &out->body, false);
    sund_json_open(&j, NULL, '{');
    put_service(&j, &s);
    sund_json_close(&j, '}');
}
