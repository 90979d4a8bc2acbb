#include "node/pages.h"

#include "api/face.h"
#include "base/file.h"
#include "base/log.h"
#include "exchange/mme_http.h"
#include "gate/budget.h"
#include "gate/pagelog.h"
#include "home/site.h"
#include "net/server.h"
#include "node/answers.h"
#include "node/own.h"
#include "node/permissions.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The one place that joins a socket for anybody to a node's answers: what goes out is made by api/ from what the gate shows. */

typedef struct site {
    sund_answerer answerer;
    sund_pages_config    config;
    sund_face     face;
    sund_pagelog *log;
    sund_budget  *budget;
    pthread_mutex_t writing; /* to the database: what is shown, and what of it is written down later */
    sund_names   *names;
    sund_vrs     *vrs;
    sund_own      own;
    sund_limits  *limits;
    double        looked_s; /* for the kill switch */
} site;

/** The kill switch, each 5 ms at most. Who stopped it, and why, is not for strangers: 503, as of a node that is busy. */
static sund_code allowed(site *s, sund_err *err)
{
    double now = sund_time_mono_s();

    if (now - s->looked_s < SUND_LOOK_AGAIN_S)
        return SUND_OK;
    if (sund_gate_stopped(s->answerer.home.db, NULL) != SUND_OK)
        return sund_fail(err, SUND_E_NOMEM, "this node cannot answer at present");
    s->looked_s = now; /* what is stopped is looked at each time */
    return SUND_OK;
}

static sund_code note(site *s, const sund_caller *who, const char *question, const sund_answers *a, sund_err *err)
{
    sund_code rc = SUND_OK;

    (void) pthread_mutex_lock(&s->writing);
    if (!s->face.open)
        rc = sund_budget_answers(s->budget, who->name, who->registered, question, a, err);
    if (rc == SUND_OK)
        rc = sund_pagelog_note(s->log, who->name, question, a, err);
    (void) pthread_mutex_unlock(&s->writing);
    return rc;
}

static void write_down(site *s)
{
    (void) pthread_mutex_lock(&s->writing);
    if (sund_budget_flush(s->budget, NULL) != SUND_OK || sund_pagelog_flush(s->log, NULL) != SUND_OK)
        sund_log(SUND_LOG_ERROR, "the ledger cannot be written");
    (void) pthread_mutex_unlock(&s->writing);
}

static sund_code ask(void *ctx, const sund_caller *who, const char *question, sund_answers *out, sund_err *err)
{
    site *s = ctx;

    SUND_TRY(allowed(s, err));
    out->n = 1;
    memcpy(out->row[0].node, s->answerer.home.id, sizeof out->row[0].node);
    out->row[0].ms = 0;
    out->row[0].shown = NULL;
    SUND_TRY(sund_answer_question(&s->answerer, question, &out->row[0].shown, err));
    return note(s, who, question, out, err);
}

/** POST /match: services that have a token in this home's peers.ini, from this node's cases. */
static bool match_page(void *ctx, const sund_request *in, sund_response *out)
{
    site           *s = ctx;
    char            path[2048] = "", why[240];
    sund_caller     asker = { .registered = true }; /* a name of SUND_MME_ASKER fits */
    sund_mme_http   request = { in->method, in->header(in, "Content-Type"), in->header(in, "X-Auth-Token"), in->body, in->n_body, path };
    sund_answers    a = { .n = 1 };
    sund_mme_answer answer;
    sund_buf        question = { 0 };
    sund_err        err = { SUND_OK, "" };
    sund_code       rc = sund_home_path(&s->answerer.home, "peers.ini", path, sizeof path, &err);

    out->type = SUND_MME_TYPE;
    out->status = sund_mme_http_question(&request, asker.name, &question, why);
    if (why[0])
        sund_log(SUND_LOG_ERROR, "a request for matches is refused: %s", why);
    if (out->status) {
        sund_buf_free(&out->body);
        out->body = question;
        return true;
    }
    (void) snprintf(a.row[0].node, sizeof a.row[0].node, "%s", s->answerer.home.id);
    if (rc == SUND_OK)
        rc = allowed(s, &err);
    if (rc == SUND_OK)
        rc = sund_answer_question(&s->answerer, (const char *) question.p, &a.row[0].shown, &err);
    if (rc == SUND_OK)
        rc = note(s, &asker, (const char *) question.p, &a, &err);
    out->status = rc == SUND_OK ? 200 : sund_code_http(rc);
    if (rc == SUND_OK) {
        answer = (sund_mme_answer){ a.row[0].node, sund_shown_why(a.row[0].shown), sund_shown_answered(a.row[0].shown), sund_shown_bytes(a.row[0].shown) };
        rc = sund_mme_merge(&answer, 1, SUND_MME_RESULTS, &out->body, &err);
        out->status = rc == SUND_OK ? 200 : 500;
    }
    if (rc != SUND_OK)
        sund_mme_http_error(&out->body, out->status, rc == SUND_E_DENIED ? err.msg : "this node cannot answer at present");
    sund_shown_free(a.row[0].shown);
    sund_buf_free(&question);
    return true;
}

/** What REMS tells programs: who may use the data here. */
static bool permissions(void *ctx, const sund_request *in, sund_response *out)
{
    site    *s = ctx;
    sund_err err = { SUND_OK, "" };

    if (!sund_permissions_has(in->path))
        return false;
    if (allowed(s, &err) != SUND_OK) {
        out->type = "text/plain; charset=utf-8";
        out->status = 503;
        sund_buf_text(&out->body, "this node cannot answer at present\n");
        return true;
    }
    (void) pthread_mutex_lock(&s->writing);
    sund_permissions_page(&s->answerer.home, s->config.grants, in, out);
    (void) pthread_mutex_unlock(&s->writing);
    return true;
}

static sund_code bearer(void *ctx, const char *token, sund_caller *out, sund_err *err)
{
    site *s = ctx;

    out->registered = false;
    SUND_TRY(sund_home_bearer(&s->answerer.home, token, out->name, sizeof out->name, err));
    out->registered = true;
    return SUND_OK;
}

static const char *of_request(const void *request, const char *key)
{
    const sund_request *in = request;

    return in->query(in, key);
}

static void handovers(void *ctx, const char *node, sund_buf *list)
{
    site                *s = ctx;
    const sund_own_copy *c = sund_own_now(&s->own);

    (void) node;
    if (c)
        sund_buf_put(list, c->handovers.p, c->handovers.n);
}

/** As anybody is shown it, and noted: NULL while the catalogue is read for the first time. */
static sund_code own_copy(site *s, const sund_own_copy **out, sund_err *err)
{
    static const sund_caller anybody = { .name = "anonymous" };
    sund_answers             a = { .n = 1 };

    SUND_TRY(allowed(s, err));
    *out = sund_own_now(&s->own);
    if (!*out)
        return SUND_OK;
    memcpy(a.row[0].node, s->answerer.home.id, sizeof a.row[0].node);
    a.row[0].shown = (*out)->said;
    return note(s, &anybody, "datasets", &a, err);
}

/** A page of the node's own catalogue of data sets. */
static bool datasets(void *ctx, const sund_request *in, sund_response *out)
{
    site          *s = ctx;
    sund_parameter given[16];
    const char    *name[16];
    sund_page_ask  page = { in->path, in->header(in, "Accept"), of_request, in, in->parameters(in, given, 16), name };
    sund_err       err = { .code = SUND_OK };
    sund_code      rc;
    const sund_own_copy *own = NULL;

    if (strcmp(in->method, "GET") != 0)
        return false;
    for (size_t i = 0; i < page.n_name; i++)
        name[i] = given[i].name;
    out->status = 200;
    rc = own_copy(s, &own, &err);
    if (rc == SUND_OK && !own)
        rc = sund_fail(&err, SUND_E_NOMEM, "the catalogue of data sets is being read; try again in a second");
    if (rc == SUND_OK)
        rc = sund_own_page(&s->own, own, &page, &out->body, &out->type, out->links, &err);
    if (rc == SUND_E_NOMEM)
        sund_face_refuse(&s->face, 503, err.msg, out);
    else if (rc != SUND_OK) {
        out->type = "text/plain; charset=utf-8";
        out->status = sund_code_http(rc);
        out->links[0] = 0;
        sund_buf_clear(&out->body);
        sund_buf_printf(&out->body, "%s\n", rc == SUND_E_ARG || rc == SUND_E_NOT_FOUND || rc == SUND_E_UPSTREAM ? err.msg : "this node cannot answer at present");
    }
    return true;
}

static void handle(void *ctx, const sund_request *in, sund_response *out)
{
    site *s = ctx;

    if (!sund_face_admits(&s->face, in, out))
        return;
    if (sund_face_other(&s->face, in, out) || sund_face_answer(&s->face, in, out))
        return;
    out->type = "text/plain; charset=utf-8";
    out->status = strcmp(in->path, "/") == 0 ? 200 : 404;
    sund_buf_printf(&out->body, out->status == 200 ? "Sund node %s: /beacon, /openapi.json, /fdp/, /datasets\n" : "not here\n", s->answerer.home.id);
}

static void refuse(void *ctx, int status, const char *why, sund_response *out)
{
    site *s = ctx;

    sund_face_refuse(&s->face, status, why, out);
}

static sund_code open_site(site *s, const char *dir, sund_describing *d, sund_err *err)
{
    sund_home *h = &s->answerer.home;

    SUND_TRY(sund_answerer_open(&s->answerer, dir, d, err));
    SUND_TRY(sund_lookup_refresh(&s->answerer.seat, err));
    SUND_TRY(sund_pages_config_read(&s->config, h, err));
    SUND_TRY(sund_budget_open(&s->budget, h->db, err));
    SUND_TRY(sund_pagelog_open(&s->log, h->db, err));
    SUND_TRY(sund_own_open(&s->own, dir, d, s->config.url, err));
    if (s->config.names[0])
        SUND_TRY(sund_names_read(&s->names, s->config.names, err));
    SUND_TRY(sund_pages_vrs(&s->vrs, &s->config, sund_store_describe(h->store)->assembly, err));
    SUND_TRY(sund_limits_new(&s->limits, &(sund_limits_config){ s->config.rate, s->config.rate_is_set, s->config.proxy }, err));
    s->face = (sund_face){ .limits = s->limits, .names = s->names, .vrs = s->vrs, .id = s->config.id, .name = s->config.name, .about = s->config.about, .organisation = s->config.organisation, .contact = s->config.contact,
                           .welcome = s->config.welcome, .url = s->config.url, .environment = s->config.environment, .version = SUND_VERSION,
                           .assembly = sund_store_describe(h->store)->assembly, .open = h->thresholds.open, .ask = ask, .bearer = bearer, .handovers = handovers,
                           .other = { [SUND_OTHER_CATALOGUE] = datasets, [SUND_OTHER_MATCH] = match_page, [SUND_OTHER_GRANTS] = s->config.grants[0] ? permissions : NULL }, .ctx = s };
    return SUND_OK;
}

static sund_code serve(site *s, const _Atomic bool *stop, sund_err *err)
{
    const sund_server_config c = { .max_connections = 1024, .n_loop = 1, .handler = handle, .refuse = refuse, .ctx = s };
    sund_server             *server = NULL;

    for (int i = 0; i < 50 && !*stop && !sund_own_now(&s->own); i++) /* a catalogue of a few data sets is there when the pages are */
        (void) usleep(10000);
    SUND_TRY(sund_pages_start(&server, &s->answerer.home, &s->config, c, err));
    while (!*stop) {
        (void) usleep(500000);
        write_down(s);
    }
    sund_server_stop(server);
    return SUND_OK;
}

/** Before anything is opened twice: are there pages at all? */
static sund_code wanted(const char *dir, bool *yes, sund_err *err)
{
    sund_home  h;
    sund_pages_config p;
    sund_code  rc;

    SUND_TRY(sund_home_open(&h, dir, SUND_HOME_ROSTER, err));
    rc = sund_pages_config_read(&p, &h, err);
    *yes = p.port != 0;
    sund_home_close(&h);
    return rc;
}

sund_code sund_node_pages_serve(const char *dir, sund_describing *d, const _Atomic bool *stop, sund_err *err)
{
    static site s = { .writing = PTHREAD_MUTEX_INITIALIZER }; /* one a process */
    bool        yes = false;
    sund_code   rc;

    SUND_TRY(wanted(dir, &yes, err));
    if (!yes)
        return SUND_OK;
    rc = open_site(&s, dir, d, err);
    if (rc == SUND_OK)
        rc = serve(&s, stop, err);
    sund_limits_free(s.limits);
    sund_pagelog_close(s.log);
    sund_budget_close(s.budget);
    sund_names_free(s.names);
    sund_vrs_close(s.vrs);
    sund_own_close(&s.own);
    sund_answerer_close(&s.answerer);
    return rc;
}
