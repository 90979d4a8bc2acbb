#include "hub/hub.h"

#include "base/confine.h"
#include "base/file.h"
#include "base/log.h"
#include "gate/budget.h"
#include "gate/heads.h"
#include "home/link.h"
#include "home/settings.h"
#include "hub/applications.h"
#include "hub/harvest.h"
#include "hub/logins.h"
#include "hub/match.h"
#include "hub/pages.h"
#include "hub/questions.h"
#include "hub/uploads.h"
#include "net/server.h"
#include "study/agreement.h"
#include "study/mailbox.h"
#include "study/notices.h"
#include "study/submit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The hub: every request is one signed envelope, every answer another. One lock guards the mailbox; waiting polls sleep on its condition. */

enum { BATCH_MAX = 32 << 20, POLL_MAX_S = 20, ANSWER_MS = 5000 };

typedef struct hub {
    sund_home       home;
    sund_mailbox    box;
    sund_questions  questions;
    sund_harvest    harvest;
    sund_hub_pages *pages;
    sund_budget    *budget; /* under lock, as all that is written */
    pthread_mutex_t lock, uploading;
    pthread_cond_t  news;
    uint64_t        n_news; /* rises with every message taken in */
    bool            stopping;
} hub;

static sund_code note(hub *h, const sund_envelope *e, sund_err *err)
{
    const sund_digest none = { { 0 } };
    char              study[13];

    (void) snprintf(study, sizeof study, "%.12s", sund_digest_eq(&e->about, &none) ? "" : sund_digest_hex(&e->about).s);
    return sund_ledger_add(h->home.db, sund_msg_name(e->kind), study, err, "from %s, %llu bytes, digest %.16s", e->from, (unsigned long long) e->n_body,
                           sund_digest_hex(&e->body).s);
}

/** Into the study's log and the ledger, or into neither. Its number is spent even when it is refused. */
static sund_code take(hub *h, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_code rc, posted = SUND_OK;

    SUND_TRY(sund_db_run(h->home.db, err, "BEGIN IMMEDIATE", ""));
    rc = sund_mailbox_number(&h->box, e, err);
    if (rc == SUND_OK)
        posted = sund_mailbox_post(&h->box, e, body.p, body.n, err);
    if (rc == SUND_OK && posted == SUND_OK && e->kind != SUND_MSG_SIGN_TOTAL && e->kind != SUND_MSG_OPEN)
        rc = note(h, e, err);
    if (rc == SUND_OK && posted == SUND_OK && sund_submits(e->kind))
        rc = sund_submit_note(h->home.db, e, body, err);
    if (rc == SUND_OK)
        rc = sund_db_run(h->home.db, posted == SUND_OK ? err : NULL, "COMMIT", ""); /* the first error is the one to tell */
    if (rc != SUND_OK)
        (void) !sund_db_script(h->home.db, "ROLLBACK", NULL);
    return posted != SUND_OK ? posted : rc;
}

static sund_code do_post(hub *h, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_code rc = SUND_OK;

    if (e->kind != SUND_MSG_SUBMIT_LOGIN) /* which brings its key with it */
        SUND_TRY(sund_envelope_check(e, &h->home.roster, 1u << (e->kind == SUND_MSG_SUBMIT ? SUND_ROLE_RESEARCHER : SUND_ROLE_NODE), err));
    (void) pthread_mutex_lock(&h->lock);
    if (e->kind == SUND_MSG_SUBMIT_LOGIN)
        rc = sund_logins_submit(&h->home, e, body, err);
    if (rc == SUND_OK)
        rc = take(h, e, body, err);
    h->n_news++;
    (void) pthread_cond_broadcast(&h->news);
    (void) pthread_mutex_unlock(&h->lock);
    if (rc == SUND_OK && (sund_submits(e->kind) || e->kind == SUND_MSG_RELEASE || e->kind == SUND_MSG_STOP))
        sund_log(SUND_LOG_INFO, "study %.12s: %s by %s", sund_digest_hex(&e->about).s, sund_msg_name(e->kind), e->from);
    return rc;
}

/** Which lines of a study name public files that are not here, a line each: who asks is told at once, and not by the first node that has no copy either. */
static sund_code lacking(hub *h, const sund_digest *study, sund_buf *out, sund_err *err)
{
    sund_study *s = calloc(1, sizeof *s);
    sund_buf    text = { 0 };
    sund_digest d;
    sund_code   rc = s ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK) {
        (void) pthread_mutex_lock(&h->lock);
        rc = sund_mailbox_text(&h->box, study, &text, err);
        (void) pthread_mutex_unlock(&h->lock);
    }
    if (rc == SUND_OK)
        rc = sund_study_parse(s, "study", text.p, text.n, err);
    if (rc == SUND_OK && s->has_catalogue && !sund_home_file_there(&h->home, &s->catalogue))
        sund_buf_text(out, "catalogue\n");
    for (size_t i = 0; rc == SUND_OK && i < s->n_option; i++)
        if (s->option[i].kind == 'd' && sund_unhex(s->option[i].value, d.b, sizeof d.b) && !sund_home_file_there(&h->home, &d))
            sund_buf_printf(out, "%s\n", s->option[i].name);
    sund_buf_free(&text);
    free(s);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}

static sund_code do_poll(hub *h, const sund_envelope *e, sund_cur body, sund_buf *out, sund_err *err)
{
    unsigned        wait_s = sund_cur_u8(&body);
    struct timespec until;
    bool            any = false;
    sund_code       rc;

    SUND_TRY(sund_cur_ok(&body, "a poll", err));
    wait_s = wait_s < POLL_MAX_S ? wait_s : POLL_MAX_S;
    if (e->channel == SUND_CHANNEL_LOOKUPS || e->channel == SUND_CHANNEL_LONG) {
        sund_questions_poll(&h->questions, e->from, e->channel == SUND_CHANNEL_LONG ? SUND_LINE_LONG : SUND_LINE_QUICK, wait_s, body.n >= 8 ? sund_cur_u64(&body) : 0, out);
        return sund_buf_ok(out, err);
    }
    (void) clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_s;
    (void) pthread_mutex_lock(&h->lock);
    for (;;) {
        rc = (wait_s ? sund_mailbox_news : sund_mailbox_batch)(&h->box, e->from, body, BATCH_MAX, out, &any, err);
        if (rc == SUND_OK)
            rc = sund_apply_batch(h->home.db, e->from, BATCH_MAX, out, &any, err);
        if (rc != SUND_OK || any || wait_s == 0 || h->stopping)
            break;
        if (pthread_cond_timedwait(&h->news, &h->lock, &until) == ETIMEDOUT)
            wait_s = 0;
    }
    (void) pthread_mutex_unlock(&h->lock);
    return rc;
}

/** What the asker is about to be shown, against what was shown before. */
static sund_code spend(hub *h, const sund_envelope *e, const char *question, const sund_answers *a, sund_err *err)
{
    char      who[SUND_ID_MAX + 1];
    sund_code rc;

    (void) pthread_mutex_lock(&h->lock);
    rc = note(h, e, err);
    if (rc == SUND_OK)
        rc = sund_logins_person(&h->home, e, who, err);
    if (rc == SUND_OK)
        rc = sund_budget_answers(h->budget, who, true, question, a, err);
    (void) pthread_mutex_unlock(&h->lock);
    return rc;
}

/** The question as nodes hear it from a member: what is shared in the federation may be shown, and whose cases are shown learns to whom. */
static sund_code in_name_of(hub *h, const sund_envelope *e, char *text, sund_err *err)
{
    char        who[SUND_ID_MAX + 1], *copy;
    const char *rest;
    sund_verb   verb = sund_question_verb(text, &rest);
    int         n;
    sund_code   rc;

    if (verb != SUND_ASK_INTERPRETATIONS && verb != SUND_ASK_MATCH)
        return SUND_OK;
    (void) pthread_mutex_lock(&h->lock);
    rc = sund_logins_person(&h->home, e, who, err);
    (void) pthread_mutex_unlock(&h->lock);
    if (rc != SUND_OK)
        return rc;
    copy = strdup(rest);
    if (!copy)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    n = verb == SUND_ASK_MATCH ? snprintf(text, SUND_QUESTION_MAX, "match @%s %s", who, copy) : snprintf(text, SUND_QUESTION_MAX, "interpretations %.*s federation", (int) strcspn(copy, " "), copy);
    free(copy);
    return n < SUND_QUESTION_MAX ? SUND_OK : sund_fail(err, SUND_E_LIMIT, "the question is too long");
}

static sund_code do_question(hub *h, const sund_envelope *e, sund_cur body, sund_buf *out, sund_err *err)
{
    sund_answers *a = calloc(1, sizeof *a);
    char         *text = malloc(SUND_QUESTION_MAX);
    sund_code     rc = SUND_OK;

    if (!a || !text)
        SUND_GO(sund_fail(err, SUND_E_NOMEM, "out of memory"));
    (void) sund_cur_str(&body, text, SUND_QUESTION_MAX);
    SUND_GO(sund_cur_end(&body, "a question", err));
    SUND_GO(in_name_of(h, e, text, err));
    SUND_GO(sund_questions_ask(&h->questions, text, ANSWER_MS, a, err));
    SUND_GO(spend(h, e, text, a, err));
    sund_answers_write(a, out);
out:
    if (a)
        sund_answers_free(a);
    free(a);
    free(text);
    return rc;
}

typedef struct listing { hub *h; sund_buf *out; } listing;

/** "no decision yet of GB, SE": who asks sees whom the study waits for. "" when all have decided. */
static void undecided(const sund_mailbox_row *row, char *out, size_t cap)
{
    size_t at = 0;

    out[0] = 0;
    for (const char *p = row->decided[0] ? row->nodes + 1 : ""; *p && at < cap; p += strcspn(p, ",") + 1) {
        char name[SUND_ID_MAX + 3];
        int  len = (int) strcspn(p, ",");

        (void) snprintf(name, sizeof name, ",%.*s,", len, p);
        if (!strstr(row->decided, name))
            at += (size_t) snprintf(out + at, cap - at, "%s%.*s", at ? ", " : "no decision yet of ", len, p);
    }
}

/** A study that is not ended says which nodes it waits for: to decide, or to come back. */
static sund_code add_row(void *ctx, const sund_mailbox_row *row, sund_err *err)
{
    listing  *to = ctx;
    sund_buf *out = to->out;
    char      silent[400] = "", wanting[400], detail[1000];

    if (!row->ended)
        sund_questions_silent(&to->h->questions, row->nodes, silent, sizeof silent);
    undecided(row, wanting, sizeof wanting);
    (void) snprintf(detail, sizeof detail, "%s%s%s%s%s%s", row->detail, row->detail[0] && wanting[0] ? "; " : "", wanting, (row->detail[0] || wanting[0]) && silent[0] ? "; " : "", silent[0] ? "paused: " : "",
                    silent);

    sund_buf_put(out, row->study.b, sizeof row->study.b);
    sund_buf_str(out, row->title);
    sund_buf_str(out, row->researcher);
    sund_buf_str(out, row->state);
    sund_buf_str(out, detail);
    sund_buf_str(out, row->received);
    return sund_buf_ok(out, err);
}

/** What was asked, and what all signed; or a part of that. */
static sund_code fetch(hub *h, const sund_envelope *e, const sund_digest *study, uint32_t which, sund_buf *out, sund_err *err)
{
    char part[32] = "";

    SUND_TRY(sund_mailbox_may_fetch(&h->box, study, e->from, err));
    SUND_TRY(sund_mailbox_fetch(&h->box, study, which, out, err));
    if (which)
        (void) snprintf(part, sizeof part, "part %u, ", which);
    /* who has a result is asked when it is recalled */
    return sund_ledger_add(h->home.db, sund_msg_name(e->kind), sund_digest_hex(study).s, err, "%sgiven to %s", part, e->from);
}

static sund_code do_file(hub *h, const sund_envelope *e, sund_cur body, sund_buf *out, sund_err *err)
{
    sund_digest d;
    uint32_t    which = 0;
    uint64_t    at = 0;
    listing     to = { h, out };
    char        who[SUND_ID_MAX + 1];
    sund_code   rc;

    if (e->kind == SUND_MSG_FILE_PUT) {
        SUND_TRY(sund_logins_person(&h->home, e, who, err));
        (void) pthread_mutex_lock(&h->uploading); /* not the studies' lock: a file takes its time to the disk */
        rc = sund_uploads_put(&h->home, who, body, out, err);
        (void) pthread_mutex_unlock(&h->uploading);
        return rc;
    }
    if (e->kind != SUND_MSG_STATUS) {
        (void) sund_cur_copy(&body, d.b, sizeof d.b);
        which = e->kind == SUND_MSG_FETCH ? sund_cur_u32(&body) : 0;
        at = e->kind == SUND_MSG_FILE_GET ? sund_cur_u64(&body) : 0;
        SUND_TRY(sund_cur_end(&body, "a request", err));
    }
    if (e->kind == SUND_MSG_FILE_GET)
        return sund_home_file_piece(&h->home, &d, at, out, err);
    (void) pthread_mutex_lock(&h->lock);
    rc = e->kind == SUND_MSG_FETCH ? fetch(h, e, &d, which, out, err) : sund_mailbox_list(&h->box, add_row, &to, err);
    (void) pthread_mutex_unlock(&h->lock);
    return rc;
}

static sund_code do_heads(hub *h, const sund_envelope *e, sund_cur body, sund_buf *out, sund_err *err)
{
    char      alarm[240];
    sund_code rc;

    (void) pthread_mutex_lock(&h->lock);
    rc = sund_heads_answer(h->home.db, e->from, body, out, alarm, err);
    (void) pthread_mutex_unlock(&h->lock);
    if (rc == SUND_OK && alarm[0])
        sund_log(SUND_LOG_ERROR, "%s", alarm);
    return rc;
}

/** A node's word for all nodes. */
static sund_code do_notice(hub *h, const sund_envelope *e, sund_cur body, sund_err *err)
{
    char        reason[SUND_DAC_REASON_MAX + 1];
    sund_digest d;
    sund_code   rc;

    SUND_TRY(sund_end_read(body, &d, reason, err));
    if (!sund_digest_eq(&d, &e->about))
        return sund_fail(err, SUND_E_DENIED, "a message of %s is about something else than it says", e->from);
    (void) pthread_mutex_lock(&h->lock);
    rc = e->kind == SUND_MSG_RECALL ? sund_mailbox_recall(&h->box, &d, e->from, reason, err) : SUND_OK;
    if (rc == SUND_OK)
        rc = sund_notices_post(&h->box, e, body.p, body.n, err);
    if (rc == SUND_OK)
        rc = note(h, e, err);
    h->n_news++;
    (void) pthread_cond_broadcast(&h->news);
    (void) pthread_mutex_unlock(&h->lock);
    return rc;
}

/** A researcher's application, its withdrawal, a node's word on one, or a researcher's question where they stand. */
static sund_code do_apply(hub *h, const sund_envelope *e, sund_cur body, sund_buf *out, sund_err *err)
{
    sund_code rc;

    (void) pthread_mutex_lock(&h->lock);
    if (e->kind == SUND_MSG_APPLICATIONS)
        rc = sund_apply_list(h->home.db, e->from, out, err);
    else
        rc = e->kind == SUND_MSG_APPLY            ? sund_apply_take(h->home.db, &h->home.roster, e, body, err)
             : e->kind == SUND_MSG_APPLY_WITHDRAW ? sund_apply_withdraw(h->home.db, e, body, err)
                                                  : sund_apply_state(h->home.db, e, body, err);
    if (rc == SUND_OK && e->kind != SUND_MSG_APPLICATIONS)
        rc = note(h, e, err);
    h->n_news++;
    (void) pthread_cond_broadcast(&h->news);
    (void) pthread_mutex_unlock(&h->lock);
    return rc;
}

/** Who may send a request of this kind. */
static unsigned askers(unsigned kind)
{
    switch (kind) {
    case SUND_MSG_POLL:
    case SUND_MSG_ANSWER:
    case SUND_MSG_HEADS:
    case SUND_MSG_AGREEMENT_END:
    case SUND_MSG_RECALL:
    case SUND_MSG_APPLY_STATE: return 1u << SUND_ROLE_NODE;
    case SUND_MSG_APPLY:
    case SUND_MSG_APPLICATIONS: return 1u << SUND_ROLE_RESEARCHER;
    default: return 1u << SUND_ROLE_NODE | 1u << SUND_ROLE_RESEARCHER;
    }
}

/** A request is of who may send it, and was not sent before. */
static sund_code number(hub *h, const sund_envelope *e, sund_err *err)
{
    bool      poll = e->kind == SUND_MSG_POLL; /* heard again after a power failure, one changes nothing: its number waits for the next that must be on disk */
    sund_code rc;

    SUND_TRY(sund_logins_check(&h->home, e, askers(e->kind), err));
    (void) pthread_mutex_lock(&h->lock);
    rc = poll ? sund_db_lazy(h->home.db, true, err) : SUND_OK;
    if (rc == SUND_OK)
        rc = sund_mailbox_number(&h->box, e, err);
    if (poll)
        (void) !sund_db_lazy(h->home.db, false, NULL);
    (void) pthread_mutex_unlock(&h->lock);
    return rc;
}

/** Whose key it is that will ask. */
static sund_code do_login(hub *h, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_code rc;

    (void) pthread_mutex_lock(&h->lock);
    rc = sund_logins_take(&h->home, &h->box, e, body, err);
    if (rc == SUND_OK)
        rc = note(h, e, err);
    (void) pthread_mutex_unlock(&h->lock);
    return rc;
}

static sund_code dispatch(hub *h, const sund_envelope *e, sund_cur body, sund_buf *out, sund_err *err)
{
    if (e->kind < SUND_MSG_POLL || e->kind == SUND_MSG_SUBMIT_LOGIN) {
        SUND_TRY(do_post(h, e, body, err));
        return sund_submits(e->kind) ? lacking(h, &e->about, out, err) : SUND_OK;
    }
    if (e->kind == SUND_MSG_LOGIN)
        return do_login(h, e, body, err);
    SUND_TRY(number(h, e, err));
    switch (e->kind) {
    case SUND_MSG_POLL: return do_poll(h, e, body, out, err);
    case SUND_MSG_HEADS: return do_heads(h, e, body, out, err);
    case SUND_MSG_QUESTION: return do_question(h, e, body, out, err);
    case SUND_MSG_DATASETS: return sund_harvest_ask(&h->harvest, body, out, err);
    case SUND_MSG_ANSWER: return sund_questions_answer(&h->questions, e->from, body, err);
    case SUND_MSG_AGREEMENT_END:
    case SUND_MSG_RECALL: return do_notice(h, e, body, err);
    case SUND_MSG_APPLY:
    case SUND_MSG_APPLY_STATE:
    case SUND_MSG_APPLY_WITHDRAW:
    case SUND_MSG_APPLICATIONS: return do_apply(h, e, body, out, err);
    case SUND_MSG_STATUS:
    case SUND_MSG_FETCH:
    case SUND_MSG_FILE_PUT:
    case SUND_MSG_FILE_GET: return do_file(h, e, body, out, err);
    default: return sund_fail(err, SUND_E_DENIED, "a message of kind %u is not taken here", e->kind);
    }
}

static void handle_envelope(hub *h, const sund_request *in, sund_response *out)
{
    sund_cur      c = sund_cur_of(in->body, in->n_body), body = { 0 };
    sund_envelope e = { 0 };
    sund_err      err = { SUND_OK, "" };
    bool          readable = false;
    sund_code     rc = sund_envelope_read(&c, SUND_BODY_MAX, &e, &err);

    readable = rc == SUND_OK;
    sund_envelope_room(&out->body, 0);
    if (rc == SUND_OK && e.n_body > sund_msg_max_bytes(e.kind))
        rc = sund_fail(&err, SUND_E_LIMIT, "a message of kind %s has %llu bytes, the limit is %zu", sund_msg_name(e.kind), (unsigned long long) e.n_body, sund_msg_max_bytes(e.kind));
    if (rc == SUND_OK)
        rc = sund_envelope_body(&c, &e, &body, &err);
    if (rc == SUND_OK)
        rc = sund_cur_end(&c, "a message", &err);
    if (rc == SUND_OK)
        rc = dispatch(h, &e, body, &out->body, &err);
    if (rc != SUND_OK) {
        sund_log(SUND_LOG_DEBUG, "refused: %s", err.msg);
        sund_buf_clear(&out->body);
        sund_envelope_room(&out->body, 0);
        sund_reply_error(&err, &out->body);
    }
    out->type = "application/octet-stream";
    out->status = 200;
    if (!readable || sund_reply_make(&h->home.identity, &e, rc == SUND_OK ? SUND_MSG_BATCH : SUND_MSG_ERROR, &out->body, &err) != SUND_OK) {
        out->status = sund_code_http(err.code);
        out->type = "text/plain; charset=utf-8";
        sund_buf_clear(&out->body);
        sund_buf_printf(&out->body, "%s\n", err.msg);
    }
}

static void handle(void *ctx, const sund_request *in, sund_response *out)
{
    hub *h = ctx;

    if (strcmp(in->path, SUND_HUB_PATH) == 0 && strcmp(in->method, "POST") == 0) {
        handle_envelope(h, in, out);
        return;
    }
    if (sund_hub_pages_answer(h->pages, in, false, out))
        return;
    out->type = "text/plain; charset=utf-8";
    out->status = strcmp(in->path, "/") == 0 ? 200 : 404;
    sund_buf_printf(&out->body, out->status == 200 ? "Sund hub %s of federation %s: /beacon, /beacon/openapi.json, /fdp/, /datasets\n" : "not here; / says what is\n", h->home.id, h->home.roster.name);
}

static sund_code open_hub(hub *h, const char *dir, int *lock, sund_err *err)
{
    pthread_condattr_t a;
    char               path[2048];

    SUND_TRY(sund_path_join(path, sizeof path, dir, "hub.lock", err));
    SUND_TRY(sund_file_lock(path, lock, err));
    SUND_TRY(sund_home_open(&h->home, dir, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    sund_confine(SUND_CONFINE_PROGRAMS);
    SUND_TRY(sund_budget_open(&h->budget, h->home.db, err));
    if (h->home.role != SUND_ROLE_HUB)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a hub", dir);
    SUND_TRY(sund_mailbox_tables(h->home.db, err));
    SUND_TRY(sund_uploads_tables(h->home.db, err));
    SUND_TRY(sund_logins_tables(h->home.db, err));
    SUND_TRY(sund_apply_tables(h->home.db, err));
    SUND_TRY(sund_home_note(&h->home, err));
    h->box = (sund_mailbox){ h->home.db, &h->home.identity, &h->home.roster };
    if (pthread_mutex_init(&h->lock, NULL) != 0 || pthread_mutex_init(&h->uploading, NULL) != 0 || pthread_condattr_init(&a) != 0 || pthread_condattr_setclock(&a, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&h->news, &a) != 0)
        return sund_fail(err, SUND_E_NOMEM, "cannot make a lock");
    (void) pthread_condattr_destroy(&a);
    SUND_TRY(sund_questions_init(&h->questions, &h->home.roster, err));
    return sund_harvest_open(&h->harvest, &h->home, &h->questions, err);
}

static sund_code start(hub *h, sund_server **server, sund_buf *cert, sund_buf *key, sund_err *err)
{
    sund_server_config c = { .host = h->home.listen_host, .port = h->home.listen_port, .max_body = SUND_BODY_MAX + 4096, .max_connections = 512, .handler = handle, .ctx = h };

    SUND_TRY(sund_home_tls(&h->home, cert, key, err));
    c.cert_pem = (const char *) cert->p;
    c.key_pem = (const char *) key->p;
    SUND_TRY(sund_hub_pages_open(&h->pages, &h->home, &h->questions, &h->harvest, h->budget, &h->lock, err));
    if (sund_server_start(server, &c, err) != SUND_OK)
        return sund_fail_in(err, err ? err->code : SUND_E_IO, "%s/sund.ini: [hub] listen, port", h->home.dir);
    return SUND_OK;
}

static void stop_waiting(hub *h)
{
    (void) pthread_mutex_lock(&h->lock);
    h->stopping = true;
    (void) pthread_cond_broadcast(&h->news);
    (void) pthread_mutex_unlock(&h->lock);
    sund_questions_stop(&h->questions);
}

sund_code sund_hub_run(const char *dir, const char *port_file, const _Atomic bool *stop, sund_err *err)
{
    hub         *h = calloc(1, sizeof *h);
    sund_server *server = NULL;
    sund_buf     cert = { 0 }, key = { 0 };
    char         text[32];
    int          lock = -1;
    sund_code    rc;

    if (!h)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    sund_buf_keep_memory();
    SUND_GO(open_hub(h, dir, &lock, err));
    SUND_GO(start(h, &server, &cert, &key, err));
    SUND_GO(sund_harvest_start(&h->harvest, err));
    (void) snprintf(text, sizeof text, "%u\n", sund_server_port(server));
    if (port_file)
        SUND_GO(sund_file_write(port_file, text, strlen(text), 0644, err));
    sund_log(SUND_LOG_INFO, "hub %s of %s listens on %s:%u", h->home.id, h->home.roster.name, h->home.listen_host, sund_server_port(server));
    for (unsigned i = 1; !*stop; i++) {
        (void) usleep(100000);
        if (i % 10 == 0)
            sund_hub_pages_tick(h->pages);
    }
    stop_waiting(h);
out:
    sund_server_stop(server);
    sund_hub_pages_close(h->pages);
    sund_harvest_close(&h->harvest); /* pages read from it */
    sund_budget_close(h->budget);
    if (key.p)
        sund_wipe(key.p, key.n);
    sund_buf_free(&cert);
    sund_buf_free(&key);
    sund_home_close(&h->home);
    free(h);
    if (lock >= 0)
        (void) close(lock);
    return rc;
}
