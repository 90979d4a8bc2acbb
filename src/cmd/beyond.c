#include "base/crypto.h"
#include "cmd/cmd.h"
#include "gate/beyond.h"
#include "exchange/mme_found.h"
#include "home/matchmakers.h"
#include "home/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* match --at: a case of the home is asked about at a matchmaker outside the federation. What leaves, and whether, is the gate's to say (gate/beyond.h). */

typedef struct question {
    sund_home        h;
    sund_matchmaker  at;
    sund_buf         token;
    sund_cases      *cases;
    const sund_onto *hp;
    sund_matcher    *m;
    sund_case       *c;
    char             pseudonym[33];
    sund_leave      *leave;
    int64_t          row; /* of what was sent */
} question;

static sund_code begin(question *q, const char *home, const char *at, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_home_open(&q->h, home, SUND_HOME_STATE | SUND_HOME_ONTOS, err));
    if (q->h.role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a node: only nodes keep cases", home);
    SUND_TRY(sund_matchmaker_read(&q->h, at, &q->at, err));
    SUND_TRY(sund_matchmaker_token(&q->at, &q->token, err));
    SUND_TRY(sund_home_note_matchmakers(&q->h, err));
    SUND_TRY(sund_home_path(&q->h, "cases.db", path, sizeof path, err));
    SUND_TRY(sund_cases_open(&q->cases, path, err));
    SUND_TRY(sund_ontos_get(q->h.ontos, "HP", &q->hp, err));
    if (!q->hp) /* before anything leaves: what comes back could not be explained */
        return sund_fail(err, SUND_E_NOT_FOUND, "no HPO is loaded: 'sund ontology load hp.obo'");
    SUND_TRY(sund_matcher_make(&q->m, q->cases, q->hp, true, false, err));
    q->c = malloc(sizeof *q->c);
    return q->c ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
}

static void end(question *q)
{
    if (q->token.p)
        sund_wipe(q->token.p, q->token.n);
    sund_buf_free(&q->token);
    sund_leave_free(q->leave);
    sund_matcher_free(q->m);
    sund_onto_free(q->hp);
    sund_cases_close(q->cases);
    free(q->c);
    sund_home_close(&q->h);
}

static sund_code through_the_gate(question *q, sund_err *err)
{
    const sund_case *c = q->c;
    sund_beyond_part feature[SUND_CASE_FEATURES], gene[SUND_CASE_GENES];
    const sund_beyond what = {
        .matchmaker = q->at.name, .pseudonym = q->pseudonym, .consent = c->consent >= SUND_CASE_SENT, .variants = c->consent >= SUND_CASE_SENT_VARIANTS, .withdrawn = c->withdrawn, .test = c->test,
        .a_year = q->at.limit, .contact = c->contact, .institution = c->institution, .href = c->href, .feature = feature, .n_feature = c->n_feature, .gene = gene, .n_gene = c->n_gene,
    };

    for (size_t i = 0; i < c->n_feature; i++)
        feature[i] = (sund_beyond_part){ .id = c->feature[i].id, .variant = "", .absent = c->feature[i].absent };
    for (size_t i = 0; i < c->n_gene; i++)
        gene[i] = (sund_beyond_part){ .id = c->gene[i].gene, .variant = c->gene[i].variant };
    return sund_leave_beyond(q->h.gate, &what, &q->leave, err);
}

/** Its name there, the gate's word, and the owner's record: all before a byte is sent, in one part of the cases, so that a consent which is taken back at this moment counts. */
static sund_code prepare(question *q, const char *own, sund_err *err)
{
    const uint8_t *p;
    size_t         n;

    SUND_TRY(sund_case_alias(q->cases, own, q->at.name, q->pseudonym, err));
    SUND_TRY(sund_case_get(q->cases, own, q->c, err));
    SUND_TRY(through_the_gate(q, err));
    p = sund_beyond_bytes(q->leave, &n);
    return sund_case_send(q->cases, q->c->id, q->at.name, q->at.url, p, n, &q->row, err);
}

/** What came of it, in our words: theirs are not kept. */
static sund_code keep_outcome(question *q, const sund_web_reply *r, const sund_mme_found *f, sund_err *err)
{
    char text[80];

    if (!r->sent) {
        SUND_TRY(sund_beyond_unsent(q->h.gate, q->leave, err));
        return sund_case_outcome(q->cases, q->row, NULL, err);
    }
    if (f)
        (void) snprintf(text, sizeof text, "%zu results", f->n);
    else if (r->status && r->status != 200)
        (void) snprintf(text, sizeof text, "not answered (HTTP %ld)", r->status);
    else
        (void) snprintf(text, sizeof text, "no answer that can be read");
    return sund_case_outcome(q->cases, q->row, text, err);
}

static sund_code ask(question *q, sund_web_reply *r, sund_mme_found *f, sund_err *err)
{
    const sund_web_peer  to = { q->at.url, (const char *) q->token.p, q->at.pin, q->at.ca, (unsigned) q->at.wait_s };
    const sund_mme_reply reply = { q->at.name, 0, r->type, NULL, 0 };
    sund_mme_reply       got = reply;
    sund_err             why = { SUND_OK, "" };
    sund_code            rc = sund_web_match(&to, SUND_MME_TYPE, q->leave, SUND_MME_REPLY_MAX, r, err), kept;

    if (rc == SUND_OK) {
        got.status = r->status;
        got.body = r->body.p;
        got.n_body = r->body.n;
        rc = sund_mme_found_read(f, &got, err);
    }
    kept = keep_outcome(q, r, rc == SUND_OK ? f : NULL, &why);
    if (kept != SUND_OK) /* an answer is shown all the same: it is had once */
        fprintf(stderr, "what came of the question is not on record: %s\n", why.msg);
    return rc;
}

static sund_code show(question *q, const sund_mme_found *f, const char *own, size_t max, sund_err *err)
{
    sund_buf  out = { 0 };
    sund_code rc = sund_mme_found_write(f, q->m, q->c, max, &out, err);

    if (f->n_left)
        fprintf(stderr, "%s: %zu results are left out; of the first: %s\n", q->at.name, f->n_left, f->why);
    if (f->n > max)
        fprintf(stderr, "%s: of %zu results the best %zu are shown, and the others are not kept\n", q->at.name, f->n, max);
    fprintf(stderr, "%s is known to %s as %s; 'sund case sent %s' lists what left\n", own, q->at.name, q->pseudonym, own);
    if (rc == SUND_OK)
        printf("%.*s\n", (int) out.n, (const char *) out.p);
    sund_buf_free(&out);
    return rc;
}

sund_code sund_match_beyond(const char *home, const char *at, const char *own, size_t max, sund_err *err)
{
    question       q = { .row = 0 };
    sund_web_reply r = { .status = 0 };
    sund_mme_found f = { NULL, 0, 0, "", "" };
    sund_code      rc;

    SUND_GO(begin(&q, home, at, err));
    SUND_GO(sund_cases_part(q.cases, err));
    rc = sund_cases_part_end(q.cases, prepare(&q, own, err), err);
    if (rc != SUND_OK && q.leave && sund_beyond_unsent(q.h.gate, q.leave, NULL) != SUND_OK)
        fprintf(stderr, "the log says that a case has left; nothing was sent\n");
    SUND_GO(rc);
    SUND_GO(ask(&q, &r, &f, err));
    rc = show(&q, &f, own, max, err);
out:
    sund_mme_found_free(&f);
    sund_buf_free(&r.body);
    end(&q);
    return rc;
}
