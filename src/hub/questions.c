#include "hub/questions.h"

#include "base/log.h"
#include "genome/query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SILENT_S = 5, QUICK_BP = 10000 }; /* nodes ask for questions every 3 s */

sund_code sund_questions_init(sund_questions *q, const sund_roster *r, sund_err *err)
{
    pthread_condattr_t a;

    memset(q, 0, sizeof *q);
    q->roster = r;
    q->n_node = r->n_node;
    for (size_t i = 0; i < SUND_NODE_MAX; i++)
        q->seen_s[SUND_LINE_QUICK][i] = sund_time_mono_s();
    if (pthread_mutex_init(&q->lock, NULL) != 0 || pthread_condattr_init(&a) != 0 || pthread_condattr_setclock(&a, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&q->changed, &a) != 0)
        return sund_fail(err, SUND_E_NOMEM, "cannot make a lock");
    (void) pthread_condattr_destroy(&a);
    return SUND_OK;
}

void sund_questions_free(sund_questions *q)
{
    (void) pthread_cond_destroy(&q->changed);
    (void) pthread_mutex_destroy(&q->lock);
}

void sund_questions_stop(sund_questions *q)
{
    (void) pthread_mutex_lock(&q->lock);
    q->stopping = true;
    (void) pthread_cond_broadcast(&q->changed);
    (void) pthread_mutex_unlock(&q->lock);
}

static struct timespec after_ms(unsigned ms)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long) (ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

/** Index among the roster's nodes, or -1. */
static int node_index(const sund_questions *q, const char *node)
{
    int at = 0;

    for (size_t i = 0; i < q->roster->n_member; i++)
        if (q->roster->member[i].role == SUND_ROLE_NODE) {
            if (strcmp(q->roster->member[i].id, node) == 0)
                return at;
            at++;
        }
    return -1;
}

/** Answers as they are, to the caller; with the lock. */
static void collect(const sund_questions *q, sund_ticket *t, sund_answers *out)
{
    size_t at = 0;

    for (size_t i = 0; i < q->roster->n_member && at < q->n_node; i++)
        if (q->roster->member[i].role == SUND_ROLE_NODE) {
            sund_answer *r = &out->row[at];

            memcpy(r->node, q->roster->member[i].id, sizeof r->node);
            r->shown = t->shown[at];
            r->ms = t->shown[at] || !t->away[at] ? t->ms[at] : -1;
            at++;
        }
    out->n = at;
    free(t->text);
    memset(t, 0, sizeof *t);
}

/** Somebody who is there has not answered; with the lock. */
static bool owed(const sund_questions *q, const sund_ticket *t)
{
    for (size_t i = 0; i < q->n_node; i++)
        if (!t->shown[i] && !t->away[i])
            return true;
    return false;
}

/** By which of its lines a node hears what may take long, or what does not; with the lock. */
static sund_question_line line_of(const sund_questions *q, int node, bool slow) { return slow && q->seen_s[SUND_LINE_LONG][node] > 0 ? SUND_LINE_LONG : SUND_LINE_QUICK; }

/** query: of variants, else NULL. */
static bool takes_long(sund_verb verb, const sund_query *query)
{
    return query ? query->n_name == 0 && query->region.to_bp - query->region.from_bp > QUICK_BP : verb != SUND_ASK_INTERPRETATIONS;
}

/** What is asked, and of whom: of those who answered before, where answered is not NULL, or of one, where only is not negative. */
typedef struct asking { const char *question; bool slow; const sund_answers *answered; int only; } asking;

/** A free place, with the lock. */
static sund_code begin(sund_questions *q, const asking *what, sund_ticket **out, sund_err *err)
{
    sund_ticket *t = NULL;

    for (size_t i = 0; i < SUND_QUESTIONS_MAX && !t; i++)
        if (q->ticket[i].number == 0)
            t = &q->ticket[i];
    if (!t || q->stopping)
        return sund_fail(err, SUND_E_NOMEM, "too many questions at once; try again in a few seconds");
    memset(t, 0, sizeof *t);
    t->text = strdup(what->question);
    if (!t->text)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    t->number = ++q->last;
    t->only = what->only;
    t->slow = what->slow;
    t->asked_s = sund_time_mono_s();
    for (size_t i = 0; i < q->n_node; i++)
        t->away[i] = (t->only >= 0 && t->only != (int) i) ||
                     (what->answered ? !what->answered->row[i].shown : t->asked_s - q->seen_s[line_of(q, (int) i, t->slow)][i] > SUND_AWAY_S);
    *out = t;
    return SUND_OK;
}

static sund_code ask_once(sund_questions *q, const asking *what, unsigned wait_ms, sund_answers *out, sund_err *err)
{
    struct timespec until = after_ms(wait_ms);
    sund_ticket    *t = NULL;
    sund_code       rc;

    (void) pthread_mutex_lock(&q->lock);
    rc = begin(q, what, &t, err);
    if (rc == SUND_OK) {
        (void) pthread_cond_broadcast(&q->changed);
        while (owed(q, t) && !q->stopping)
            if (pthread_cond_timedwait(&q->changed, &q->lock, &until) == ETIMEDOUT)
                break;
        for (size_t i = 0; i < q->n_node; i++)
            if (!t->shown[i])
                t->ms[i] = (int64_t) ((sund_time_mono_s() - t->asked_s) * 1000);
        collect(q, t, out);
    }
    (void) pthread_mutex_unlock(&q->lock);
    return rc;
}

/** "variants NAME,NAME,..." of those that some node has, on the assembly that the region was said to be on. *more: some are left out. */
static sund_code names_of(const sund_answers *a, sund_assembly said, int contig, sund_buf *question, size_t *n, bool *more, sund_err *err)
{
    sund_answers_table t;
    char               accession[40];

    *n = 0;
    SUND_TRY(sund_answers_tabled(a, &t, err));
    sund_buf_text(question, "variants ");
    if (t.n && said != SUND_ASSEMBLY_NONE) { /* the first name says it for all */
        sund_contig_refseq(said, contig, accession);
        sund_buf_printf(question, "%s%s", accession + strlen("refseq:"), strchr(t.name[(*n)++], '-'));
    }
    for (; *n < t.n && *n < SUND_QUERY_NAMES && question->n + strlen(t.name[*n]) + 2 < SUND_QUESTION_MAX; (*n)++)
        sund_buf_printf(question, "%s%s", *n ? "," : "", t.name[*n]);
    sund_buf_nul(question);
    *more = *n < t.n;
    for (size_t i = 0; i < a->n; i++)
        *more |= a->row[i].shown && sund_shown_has_more(a->row[i].shown);
    sund_answers_table_free(&t);
    return sund_buf_ok(question, err);
}

static sund_code ask_by_name(sund_questions *q, const sund_query *query, unsigned wait_ms, sund_answers *a, sund_err *err)
{
    sund_answers *named = calloc(1, sizeof *named);
    sund_buf      question = { 0 };
    size_t        n = 0;
    bool          more = false;
    sund_code     rc = named ? names_of(a, query->assembly, query->region.contig, &question, &n, &more, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && n) {
        rc = ask_once(q, &(asking){ .question = (const char *) question.p, .answered = a, .only = -1 }, wait_ms, named, err);
        if (rc == SUND_OK) {
            sund_answers_free(a);
            *a = *named;
        }
        for (size_t i = 0; rc == SUND_OK && more && i < a->n; i++)
            if (a->row[i].shown)
                sund_shown_more(a->row[i].shown);
    }
    sund_buf_free(&question);
    free(named);
    return rc;
}

sund_code sund_questions_ask(sund_questions *q, const char *question, unsigned wait_ms, sund_answers *out, sund_err *err)
{
    sund_thresholds rules = sund_thresholds_default();
    const char     *rest;
    sund_verb       verb = sund_question_verb(question, &rest);
    sund_query     *query = NULL;
    bool            region = false;
    double          from = sund_time_mono_s();
    sund_code       rc = SUND_OK;

    out->n = 0;
    if (verb == SUND_ASK_NONE)
        return sund_fail(err, SUND_E_ARG, "'%.40s' is no question", question);
    if (verb == SUND_ASK_VARIANTS) { /* one that is none is refused here, not by every node */
        query = calloc(1, sizeof *query);
        rc = query ? sund_query_parse(query, rest, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
        region = rc == SUND_OK && query->n_name == 0;
        if (rc == SUND_OK)
            sund_query_free(query);
    }
    if (rc == SUND_OK)
        rc = ask_once(q, &(asking){ .question = question, .slow = takes_long(verb, query), .only = -1 }, region ? wait_ms - wait_ms / 5 : wait_ms, out, err);
    if (rc == SUND_OK && (verb == SUND_ASK_VARIANTS || verb == SUND_ASK_CARRIERS || verb == SUND_ASK_INTERPRETATIONS))
        rc = sund_answers_one_assembly(out, err);
    if (rc == SUND_OK && region) {
        double left = wait_ms - 1000 * (sund_time_mono_s() - from);

        rc = ask_by_name(q, query, left > 0 ? (unsigned) left : 0, out, err);
    }
    if (rc == SUND_OK && (verb == SUND_ASK_VARIANTS || verb == SUND_ASK_CARRIERS))
        rc = sund_answers_margins(&rules, out, err);
    free(query);
    if (rc != SUND_OK)
        sund_answers_free(out);
    return rc;
}

sund_code sund_questions_ask_one(sund_questions *q, const char *node, const char *question, unsigned wait_ms, sund_answers *out, sund_err *err)
{
    const char *rest;
    int         at = node_index(q, node);
    sund_verb   verb = sund_question_verb(question, &rest);

    out->n = 0;
    if (at < 0 || verb == SUND_ASK_NONE)
        return sund_fail(err, SUND_E_ARG, "'%.40s' is no question, or %s no node", question, node);
    SUND_TRY(ask_once(q, &(asking){ .question = question, .slow = takes_long(verb, NULL), .only = at }, wait_ms, out, err));
    out->row[0] = out->row[at]; /* the others were not asked */
    out->n = 1;
    return SUND_OK;
}

void sund_questions_marks(sund_questions *q, uint64_t out[SUND_NODE_MAX])
{
    (void) pthread_mutex_lock(&q->lock);
    memcpy(out, q->mark, sizeof q->mark);
    (void) pthread_mutex_unlock(&q->lock);
}

void sund_questions_poll(sund_questions *q, const char *node, sund_question_line line, unsigned wait_s, uint64_t mark, sund_buf *out)
{
    struct timespec until = after_ms(wait_s * 1000);
    int             at = node_index(q, node);
    uint64_t        turn = 0;
    size_t          before = out->n;

    (void) pthread_mutex_lock(&q->lock);
    if (at >= 0) {
        q->seen_s[line][at] = sund_time_mono_s();
        turn = ++q->turn[line][at];
        if (line == SUND_LINE_QUICK)
            q->mark[at] = mark;
        for (size_t i = 0; i < SUND_QUESTIONS_MAX; i++)
            if (line_of(q, at, q->ticket[i].slow) == line)
                q->ticket[i].asked[at] = q->ticket[i].shown[at] != NULL;
        (void) pthread_cond_broadcast(&q->changed);
    }
    while (at >= 0 && !q->stopping && q->turn[line][at] == turn) {
        for (size_t i = 0; i < SUND_QUESTIONS_MAX; i++) {
            sund_ticket *t = &q->ticket[i];
            if (t->number && !t->asked[at] && (t->only < 0 || t->only == at) && line_of(q, at, t->slow) == line) {
                t->asked[at] = true;
                sund_buf_u64(out, t->number);
                sund_buf_str(out, t->text);
            }
        }
        if (out->n > before || pthread_cond_timedwait(&q->changed, &q->lock, &until) == ETIMEDOUT)
            break;
    }
    if (at >= 0 && q->turn[line][at] == turn)
        q->seen_s[line][at] = sund_time_mono_s();
    (void) pthread_mutex_unlock(&q->lock);
}

void sund_questions_silent(sund_questions *q, const char *names, char *out, size_t cap)
{
    double now = sund_time_mono_s();
    size_t at = 0, n = 0;

    out[0] = 0;
    (void) pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < q->roster->n_member && at < q->n_node; i++) {
        const sund_member *m = &q->roster->member[i];
        char               want[SUND_ID_MAX + 3];

        if (m->role != SUND_ROLE_NODE)
            continue;
        (void) snprintf(want, sizeof want, ",%s,", m->id);
        if (strstr(names, want) && now - q->seen_s[SUND_LINE_QUICK][at] > SILENT_S && n < cap)
            n += (size_t) snprintf(out + n, cap - n, "%s%s has not been heard for %.0f s", n ? ", " : "", m->id, now - q->seen_s[SUND_LINE_QUICK][at]);
        at++;
    }
    (void) pthread_mutex_unlock(&q->lock);
}

/** The ticket's verb is the answer's. */
static bool fits(const sund_ticket *t, const sund_shown *s)
{
    const char *rest;

    return sund_question_verb(t->text, &rest) == sund_shown_verb(s);
}

sund_code sund_questions_answer(sund_questions *q, const char *node, sund_cur body, sund_err *err)
{
    uint64_t    number = sund_cur_u64(&body);
    sund_shown *s = NULL;
    int         at = node_index(q, node);
    sund_code   rc;

    if (at < 0)
        return sund_fail(err, SUND_E_DENIED, "%s is no node", node);
    SUND_TRY(sund_shown_read(&body, &s, err));
    rc = sund_cur_end(&body, "an answer", err);
    (void) pthread_mutex_lock(&q->lock);
    for (size_t i = 0; rc == SUND_OK && s && number && i < SUND_QUESTIONS_MAX; i++) {
        sund_ticket *t = &q->ticket[i];

        if (t->number != number || t->shown[at] || (t->only >= 0 && t->only != at))
            continue;
        if (!fits(t, s)) {
            rc = sund_fail(err, SUND_E_DENIED, "%s answers another question than it was asked", node);
            break;
        }
        t->shown[at] = s;
        t->ms[at] = (int64_t) ((sund_time_mono_s() - t->asked_s) * 1000);
        s = NULL;
        (void) pthread_cond_broadcast(&q->changed);
    }
    (void) pthread_mutex_unlock(&q->lock);
    sund_shown_free(s);
    return rc;
}
