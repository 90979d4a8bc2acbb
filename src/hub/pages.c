#include "hub/pages.h"

#include "api/face.h"
#include "base/log.h"
#include "hub/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 5000 };

struct sund_hub_pages {
    const sund_home *home;
    sund_questions  *questions;
    sund_harvest *harvest;
    sund_budget     *budget;
    pthread_mutex_t *db_lock; /* of the studies' transactions */
    sund_pages_config       config;
    sund_face        face;
    char             members[300];
    sund_pagelog    *log;
    sund_names      *names;
    sund_vrs        *vrs;
    sund_limits     *limits;
    sund_server     *server;
};

static sund_code note(sund_hub_pages *p, const sund_caller *who, const char *question, const sund_answers *a, sund_err *err)
{
    sund_code rc;

    (void) pthread_mutex_lock(p->db_lock);
    rc = sund_budget_answers(p->budget, who->name, who->registered, question, a, err);
    if (rc == SUND_OK)
        rc = sund_pagelog_note(p->log, who->name, question, a, err);
    (void) pthread_mutex_unlock(p->db_lock);
    return rc;
}

static sund_code ask(void *ctx, const sund_caller *who, const char *question, sund_answers *out, sund_err *err)
{
    sund_hub_pages *p = ctx;
    double          left = ANSWER_MS - 1000 * (sund_time_mono_s() - who->since_s);

    SUND_TRY(sund_questions_ask(p->questions, question, left > 0 ? (unsigned) left : 0, out, err));
    return note(p, who, question, out, err);
}

static sund_code bearer(void *ctx, const char *token, sund_caller *out, sund_err *err)
{
    sund_hub_pages *p = ctx;

    out->registered = false;
    SUND_TRY(sund_home_bearer(p->home, token, out->name, sizeof out->name, err));
    out->registered = true;
    return SUND_OK;
}

typedef struct telling { sund_service_fn fn; void *to; } telling;

static sund_code offer(void *ctx, const sund_offer *s, sund_err *err)
{
    const telling *t = ctx;
    sund_service   one = { .id = s->id, .name = s->title, .type = s->type, .about = s->description, .organisation = s->publisher, .organisation_url = s->homepage, .contact = "", .environment = "", .version = s->version, .url = s->url };

    return t->fn(t->to, &one, err);
}

/** What nodes offer by themselves, by the last good copy of each one's catalogue. */
static sund_code services(void *ctx, sund_service_fn fn, void *to, sund_err *err)
{
    const sund_hub_pages *p = ctx;
    telling               t = { fn, to };

    return sund_copies_services(p->harvest->read, offer, &t, err);
}

static bool match_page(void *ctx, const sund_request *in, sund_response *out)
{
    sund_hub_pages *p = ctx;

    if (strcmp(in->path, SUND_MATCH_PATH) != 0)
        return false;
    sund_match_page(p->home, p->questions, in, out);
    return true;
}

static bool catalogue(void *ctx, const sund_request *in, sund_response *out)
{
    sund_hub_pages *p = ctx;

    if (strcmp(in->method, "GET") != 0)
        return false;
    sund_harvest_page(p->harvest, in, out);
    return true;
}

static void handovers(void *ctx, const char *node, sund_buf *list)
{
    sund_hub_pages *p = ctx;

    sund_harvest_handovers(p->harvest, node, p->config.url, list);
}

/** The Beacon's own paths at the root are those of an address that has pages alone. */
bool sund_hub_pages_answer(sund_hub_pages *p, const sund_request *in, bool alone, sund_response *out)
{
    if (!sund_face_admits(&p->face, in, out))
        return true;
    return sund_face_other(&p->face, in, out) || ((alone || strncmp(in->path, "/beacon", 7) == 0) && sund_face_answer(&p->face, in, out));
}

static void handle(void *ctx, const sund_request *in, sund_response *out)
{
    sund_hub_pages *p = ctx;

    if (sund_hub_pages_answer(p, in, true, out))
        return;
    out->type = "text/plain; charset=utf-8";
    out->status = strcmp(in->path, "/") == 0 ? 200 : 404;
    sund_buf_printf(&out->body, out->status == 200 ? "Sund hub %s: /beacon, /openapi.json, /fdp/, /datasets\n" : "not here; / says what is\n", p->home->id);
}

static void refuse(void *ctx, int status, const char *why, sund_response *out)
{
    sund_hub_pages *p = ctx;

    sund_face_refuse(&p->face, status, why, out);
}

sund_code sund_hub_pages_open(sund_hub_pages **out, const sund_home *h, sund_questions *q, sund_harvest *harvest, sund_budget *budget, pthread_mutex_t *db_lock, sund_err *err)
{
    sund_hub_pages *p = calloc(1, sizeof *p);
    sund_code       rc;

    if (!p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    p->home = h;
    p->questions = q;
    p->harvest = harvest;
    p->budget = budget;
    p->db_lock = db_lock;
    SUND_GO(sund_pages_config_read(&p->config, h, err));
    SUND_GO(sund_pagelog_open(&p->log, h->db, err));
    if (p->config.names[0])
        SUND_GO(sund_names_read(&p->names, p->config.names, err));
    SUND_GO(sund_pages_vrs(&p->vrs, &p->config, p->config.assembly, err));
    SUND_GO(sund_limits_new(&p->limits, &(sund_limits_config){ p->config.rate, p->config.rate_is_set, p->config.proxy }, err));
    (void) snprintf(p->members, sizeof p->members, "%.256s", h->roster.hub_url);
    p->face = (sund_face){ .limits = p->limits, .names = p->names, .vrs = p->vrs, .id = p->config.id, .name = p->config.name, .about = p->config.about, .organisation = p->config.organisation, .contact = p->config.contact, .welcome = p->config.welcome,
                           .url = p->config.url, .environment = p->config.environment, .version = SUND_VERSION, .total = h->roster.name, .assembly = p->config.assembly, .ask = ask, .bearer = bearer, .services = services, .handovers = handovers,
                           .other = { [SUND_OTHER_CATALOGUE] = catalogue, [SUND_OTHER_MATCH] = match_page }, .members = p->members, .ctx = p };
    if (p->config.port)
        SUND_GO(sund_pages_start(&p->server, h, &p->config, (sund_server_config){ .max_connections = 512, .handler = handle, .refuse = refuse, .ctx = p }, err));
out:
    if (rc == SUND_OK)
        *out = p;
    else
        sund_hub_pages_close(p);
    return rc;
}

void sund_hub_pages_tick(sund_hub_pages *p)
{
    (void) pthread_mutex_lock(p->db_lock);
    if (sund_budget_flush(p->budget, NULL) != SUND_OK || sund_pagelog_flush(p->log, NULL) != SUND_OK)
        sund_log(SUND_LOG_ERROR, "the ledger cannot be written");
    (void) pthread_mutex_unlock(p->db_lock);
}

void sund_hub_pages_close(sund_hub_pages *p)
{
    if (!p)
        return;
    sund_server_stop(p->server);
    sund_limits_free(p->limits);
    sund_pagelog_close(p->log);
    sund_names_free(p->names);
    sund_vrs_close(p->vrs);
    free(p);
}
