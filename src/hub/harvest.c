#include "hub/harvest.h"

#include "base/file.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALL_MS = 5000, WAIT_MS = 20000, AGAIN_S = 30, KEYS_MAX = 16, TAKING_S = 300, TOLD_S = 2 };

/** The next part of a description that comes in several. */
static sund_code take_part(sund_harvest *v, sund_taking *t, sund_err *err)
{
    sund_answers *a = calloc(1, sizeof *a);
    char          question[40];
    sund_code     rc;

    if (!a)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    (void) snprintf(question, sizeof question, "datasets %zu", t->n);
    rc = sund_questions_ask_one(v->questions, t->node, question, WAIT_MS, a, err);
    if (rc == SUND_OK && !a->row[0].shown)
        rc = sund_fail(err, SUND_E_UPSTREAM, "the node did not answer in time");
    if (rc == SUND_OK && !sund_shown_answered(a->row[0].shown))
        rc = sund_fail(err, SUND_E_UPSTREAM, "%s", sund_shown_why(a->row[0].shown));
    if (rc == SUND_OK)
        rc = sund_taking_part(t, sund_shown_bytes(a->row[0].shown), err);
    sund_answers_free(a);
    free(a);
    return rc;
}

/** A node's description, from its first part on. Nothing is read again that is as it was when it was taken. */
static sund_code take_all(sund_harvest *v, const char *node, sund_digest *version, sund_cur first, const char *now, sund_err *err)
{
    sund_taking   *t;
    sund_part_head head;
    bool           headed = false;
    double         until = sund_time_mono_s() + TAKING_S;
    sund_err       why = { .code = SUND_OK };
    sund_code      rc;

    if (sund_part_head_read(first, &head, &headed, NULL) == SUND_OK && headed && sund_digest_eq(&head.version, version))
        return sund_copies_same(v->write, node, now, err);
    memset(version, 0, sizeof *version);
    t = malloc(sizeof *t);
    if (!t)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    *t = (sund_taking){ .db = v->write, .profile = v->profile, .node = node, .time = now };
    rc = sund_taking_part(t, first, &why);
    while (rc == SUND_OK && !sund_taking_whole(t)) {
        if (v->stop || sund_time_mono_s() > until)
            rc = sund_fail(&why, SUND_E_UPSTREAM, "%zu of its %zu data sets came in %d s: no more is waited for", t->n, t->first.total, TAKING_S);
        else
            rc = take_part(v, t, &why);
    }
    rc = sund_taking_end(t, rc, &why, err);
    if (rc == SUND_OK)
        *version = t->first.version;
    free(t);
    return rc;
}

/** One node's word. *good: it is in the catalogue now. */
static sund_code take_one(sund_harvest *v, size_t i, const sund_answer *a, bool *good, sund_err *err)
{
    sund_err  why = { .code = SUND_OK };
    sund_cur  text;
    char      now[32];
    sund_code rc;

    *good = false;
    sund_time_text(now);
    if (!a->shown)
        return sund_copies_miss(v->write, a->node, a->ms < 0 ? "the node is away" : "the node did not answer in time", now, err);
    if (!sund_shown_answered(a->shown))
        return sund_copies_miss(v->write, a->node, sund_shown_why(a->shown), now, err);
    text = sund_shown_bytes(a->shown);
    *good = text.n == 0;
    if (*good) {
        memset(&v->version[i], 0, sizeof v->version[i]);
        rc = sund_copies_forget(v->write, a->node, "the node describes no data sets", now, err);
        v->changes[i]++;
        return rc;
    }
    v->changes[i]++; /* before and after: a list made meanwhile is not kept */
    rc = take_all(v, a->node, &v->version[i], text, now, &why);
    v->changes[i]++;
    *good = rc == SUND_OK;
    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    if (rc != SUND_OK)
        sund_log(SUND_LOG_WARN, "data sets of %s are refused, the last copy stays: %s", a->node, why.msg);
    return SUND_OK;
}

typedef struct gone { const sund_roster *roster; char node[SUND_ID_MAX + 1]; bool any; } gone;

static sund_code find_gone(void *ctx, const sund_copy *c, sund_err *err)
{
    gone *g = ctx;

    (void) err;
    if (!g->any && !sund_roster_find(g->roster, c->node, SUND_ROLE_NODE)) {
        g->any = true;
        (void) snprintf(g->node, sizeof g->node, "%s", c->node);
    }
    return SUND_OK;
}

/** Copies of nodes that are in the roster no more go. */
static sund_code forget_gone(sund_harvest *v, const sund_roster *r, sund_err *err)
{
    gone g = { .roster = r };

    do {
        g.any = false;
        SUND_TRY(sund_copies_each(v->write, find_gone, &g, err));
        if (g.any)
            SUND_TRY(sund_copies_forget(v->write, g.node, "", "", err));
    } while (g.any);
    return SUND_OK;
}

sund_code sund_harvest_open(sund_harvest *v, const sund_home *home, sund_questions *q, sund_err *err)
{
    const char *url = home->roster.hub_url;
    char        path[2048];
    size_t      n = strlen(url);

    memset(v, 0, sizeof *v);
    v->questions = q;
    if (pthread_mutex_init(&v->lock, NULL) != 0)
        return sund_fail(err, SUND_E_NOMEM, "cannot make a lock");
    v->every_s = home->harvest_s;
    (void) snprintf(v->title, sizeof v->title, "Data sets of the federation %s", home->roster.name);
    SUND_TRY(sund_home_path(home, "datasets.ini", path, sizeof path, err));
    if (sund_file_exists(path))
        SUND_TRY(sund_describe_read(&v->own, path, err));
    (void) snprintf(v->base, sizeof v->base, "%s%sfdp/", url, n && url[n - 1] == '/' ? "" : "/");
    if (v->own && sund_describe_base(v->own, NULL))
        (void) snprintf(v->base, sizeof v->base, "%s", sund_describe_base(v->own, NULL));
    SUND_TRY(sund_home_path(home, home->shapes, path, sizeof path, err));
    if (sund_profile_open(&v->profile, home->shapes[0] ? path : NULL, err) != SUND_OK)
        return sund_fail_in(err, err ? err->code : SUND_E_FORMAT, "%s/sund.ini: [hub] shapes", home->dir);
    SUND_TRY(sund_home_path(home, "datasets.db", path, sizeof path, err));
    SUND_TRY(sund_copies_open(&v->write, path, err));
    SUND_TRY(forget_gone(v, &home->roster, err));
    return sund_copies_open(&v->read, path, err);
}

/** Asks all once. *good: all are in the catalogue. */
static sund_code ask_all(sund_harvest *v, bool *good, sund_err *err)
{
    sund_answers *a = calloc(1, sizeof *a);
    uint64_t      mark[SUND_NODE_MAX];
    sund_code     rc;

    sund_questions_marks(v->questions, mark); /* before: what changes meanwhile is asked for again */
    rc = a ? sund_questions_ask(v->questions, "datasets", ALL_MS, a, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t i = 0; rc == SUND_OK && i < a->n; i++)
        if (a->row[i].shown)
            v->told[i].mark = mark[i];
    *good = rc == SUND_OK;
    for (size_t i = 0; a && rc == SUND_OK && !v->stop && i < a->n; i++) {
        bool one;
        rc = take_one(v, i, &a->row[i], &one, err);
        *good = *good && one;
    }
    if (a)
        sund_answers_free(a);
    free(a);
    return rc;
}

/** Those that have said since they were asked that their description changed. One that says so all the time is asked each TOLD_S, or the longer the longer it took. */
static sund_code ask_told(sund_harvest *v, sund_err *err)
{
    const sund_roster *r = v->questions->roster;
    uint64_t           mark[SUND_NODE_MAX];
    size_t             at = 0;

    sund_questions_marks(v->questions, mark);
    for (size_t i = 0; i < r->n_member && at < v->questions->n_node && !v->stop; i++) {
        double        now = sund_time_mono_s();
        sund_answers *a;
        bool          good;
        sund_code     rc;

        if (r->member[i].role != SUND_ROLE_NODE)
            continue;
        at++;
        if (!mark[at - 1] || mark[at - 1] == v->told[at - 1].mark || now < v->told[at - 1].next_s)
            continue;
        a = calloc(1, sizeof *a);
        rc = a ? sund_questions_ask_one(v->questions, r->member[i].id, "datasets", WAIT_MS, a, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
        if (rc == SUND_OK)
            rc = take_one(v, at - 1, &a->row[0], &good, err);
        if (rc == SUND_OK && a->row[0].shown)
            v->told[at - 1].mark = mark[at - 1];
        if (a)
            sund_answers_free(a);
        free(a);
        v->told[at - 1].next_s = sund_time_mono_s() + TOLD_S + 2 * (sund_time_mono_s() - now);
        SUND_TRY(rc);
    }
    return SUND_OK;
}

static void *run(void *arg)
{
    sund_harvest *v = arg;
    double        next = sund_time_mono_s() + 1; /* nodes come first */

    while (!v->stop) {
        sund_err err = { .code = SUND_OK };
        bool     good;

        (void) usleep(100000);
        if (sund_time_mono_s() < next) {
            if (ask_told(v, &err) != SUND_OK && !v->stop)
                sund_log(SUND_LOG_ERROR, "asking for data sets: %s", err.msg);
            continue;
        }
        if (ask_all(v, &good, &err) != SUND_OK && !v->stop)
            sund_log(SUND_LOG_ERROR, "asking for data sets: %s", err.msg);
        next = sund_time_mono_s() + (double) (good || v->every_s < AGAIN_S ? v->every_s : AGAIN_S);
    }
    return NULL;
}

sund_code sund_harvest_start(sund_harvest *v, sund_err *err)
{
    if (pthread_create(&v->thread, NULL, run, v) != 0)
        return sund_fail(err, SUND_E_NOMEM, "cannot start a thread");
    v->running = true;
    return SUND_OK;
}

void sund_harvest_close(sund_harvest *v)
{
    v->stop = true;
    if (v->running)
        (void) pthread_join(v->thread, NULL);
    v->running = false;
    sund_db_close(v->write);
    sund_db_close(v->read);
    sund_profile_free(v->profile);
    sund_describe_free(v->own);
    for (size_t i = 0; i < SUND_NODE_MAX; i++)
        sund_buf_free(&v->handovers[i].list);
    v->write = v->read = NULL;
    v->profile = NULL;
    v->own = NULL;
}

static sund_pages pages_of(const sund_harvest *v) { return (sund_pages){ v->read, v->own, v->base, v->title }; }

static const char *of_request(const void *request, const char *key)
{
    const sund_request *in = request;

    return in->query(in, key);
}

void sund_harvest_page(const sund_harvest *v, const sund_request *in, sund_response *out)
{
    sund_pages     p = pages_of(v);
    sund_parameter given[KEYS_MAX];
    const char    *name[KEYS_MAX];
    sund_page_ask  ask = { in->path, in->header(in, "Accept"), of_request, in, in->parameters(in, given, KEYS_MAX), name };
    sund_err       err = { .code = SUND_OK };

    for (size_t i = 0; i < ask.n_name; i++)
        name[i] = given[i].name;
    out->status = 200;
    if (sund_pages_serve(&p, &ask, &out->body, &out->type, out->links, &err) != SUND_OK) {
        if (err.code != SUND_E_ARG && err.code != SUND_E_NOT_FOUND)
            sund_log(SUND_LOG_ERROR, "a page of the catalogue: %s", err.msg);
        out->type = "text/plain; charset=utf-8";
        out->status = sund_code_http(err.code);
        sund_buf_clear(&out->body);
        sund_buf_printf(&out->body, "%s\n", err.code == SUND_E_ARG || err.code == SUND_E_NOT_FOUND ? err.msg : "the catalogue cannot be shown at present");
    }
}

static sund_code make_handovers(const sund_harvest *v, const char *node, const char *url, sund_buf *out, sund_err *err)
{
    sund_graph *g = NULL;
    int64_t     n = 0;
    char        at[600];
    sund_code   rc = sund_graph_new(&g, NULL, err);

    (void) snprintf(at, sizeof at, "%.500s/fdp/%.64s/catalog", url, node);
    if (rc == SUND_OK)
        rc = sund_copies_graph(v->read, node, 0, g, err);
    if (rc == SUND_OK)
        rc = sund_db_i64(v->read, &n, 0, err, "SELECT count(*) FROM dataset WHERE node=?", "t", node);
    if (rc == SUND_OK)
        rc = sund_pages_handovers(g, (size_t) n, at, out, err);
    sund_graph_free(g);
    return rc;
}

void sund_harvest_handovers(sund_harvest *v, const char *node, const char *url, sund_buf *list)
{
    const sund_roster *r = v->questions->roster;
    size_t             at = 0;

    for (size_t i = 0; i < r->n_member && at < SUND_NODE_MAX; i++) {
        if (r->member[i].role != SUND_ROLE_NODE)
            continue;
        if (strcmp(r->member[i].id, node) == 0)
            break;
        at++;
    }
    if (at >= v->questions->n_node)
        return;
    (void) pthread_mutex_lock(&v->lock);
    if (!v->handovers[at].made || v->handovers[at].of != v->changes[at]) {
        v->handovers[at].of = v->changes[at];
        sund_buf_clear(&v->handovers[at].list);
        if (make_handovers(v, node, url, &v->handovers[at].list, NULL) != SUND_OK)
            sund_buf_clear(&v->handovers[at].list);
        v->handovers[at].made = true;
    }
    sund_buf_put(list, v->handovers[at].list.p, v->handovers[at].list.n);
    (void) pthread_mutex_unlock(&v->lock);
}

typedef struct asked { size_t n; char key[KEYS_MAX][24], value[KEYS_MAX][1024]; } asked;

static const char *of_member(const void *request, const char *key)
{
    const asked *a = request;

    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->key[i], key) == 0)
            return a->value[i];
    return NULL;
}

sund_code sund_harvest_ask(const sund_harvest *v, sund_cur body, sund_buf *out, sund_err *err)
{
    sund_pages  p = pages_of(v);
    asked      *a = calloc(1, sizeof *a);
    const char *type;
    sund_buf    page = { 0 };
    char        path[1024];
    sund_code   rc = SUND_OK;

    if (!a)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    (void) sund_cur_str(&body, path, sizeof path);
    a->n = sund_cur_u32(&body);
    if (a->n > KEYS_MAX)
        rc = sund_fail(err, SUND_E_LIMIT, "a search with too many keys");
    for (size_t i = 0; rc == SUND_OK && i < a->n; i++) {
        (void) sund_cur_str(&body, a->key[i], sizeof a->key[i]);
        (void) sund_cur_str(&body, a->value[i], sizeof a->value[i]);
    }
    if (rc == SUND_OK)
        rc = sund_cur_end(&body, "a search", err);
    if (rc == SUND_OK)
        rc = sund_pages_serve(&p, &(sund_page_ask){ path, NULL, of_member, a, 0, NULL }, &page, &type, NULL, err);
    if (rc == SUND_OK)
        sund_buf_put(out, page.p, page.n); /* behind what the answer needs before it */
    sund_buf_free(&page);
    free(a);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}
