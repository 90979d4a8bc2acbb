#include "hub/match.h"

#include "base/json.h"
#include "base/log.h"
#include "exchange/mme.h"
#include "exchange/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MATCH_MS = 9000, BODY_BYTES = 128 << 10 };

static void refuse(sund_response *out, int status, const char *message)
{
    sund_json j;

    out->status = status;
    sund_buf_clear(&out->body);
    sund_json_init(&j, &out->body, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "message", message);
    if (status == 406) {
        sund_json_open(&j, "supportedVersions", '[');
        sund_json_str(&j, NULL, "1.0");
        sund_json_str(&j, NULL, "1.1");
        sund_json_close(&j, ']');
    }
    sund_json_close(&j, '}');
}

/** Whose token it is; the answer is written where it is nobody's. */
static bool who_asks(const sund_home *h, const sund_request *in, sund_response *out, char name[SUND_PEER_NAME_MAX + 1])
{
    const char *token = in->header(in, "X-Auth-Token");
    char        path[2048];
    sund_err    err = { SUND_OK, "" };
    bool        found = false;

    if (token && strlen(token) <= 256 && (sund_home_path(h, "peers.ini", path, sizeof path, &err) != SUND_OK || sund_peers_find(path, token, name, &found, &err) != SUND_OK))
        sund_log(SUND_LOG_ERROR, "a request for matches is refused: %s", err.msg);
    if (!found)
        refuse(out, 401, "X-Auth-Token is not that of a service known here");
    return found;
}

/** The request as a question of that peer. */
static bool read_request(const sund_request *in, const char *name, sund_buf *question, sund_response *out)
{
    const char *type = in->header(in, "Content-Type");
    sund_case  *query;
    sund_jval  *v = NULL;
    sund_buf    text = { 0 };
    sund_err    err = { SUND_OK, "" };
    bool        ok = false;

    if (!sund_mme_type_ok(type)) {
        if (type && strncasecmp(type, "application/vnd.ga4gh.matchmaker.", 33) == 0)
            refuse(out, 406, "unsupported API version");
        else
            refuse(out, 415, "the Content-Type is " SUND_MME_TYPE);
        return false;
    }
    query = malloc(sizeof *query);
    if (!query)
        refuse(out, 500, "out of memory");
    else if (in->n_body > BODY_BYTES)
        refuse(out, 413, "the request is too large");
    else if (sund_json_read(in->body, in->n_body, &v, &err) != SUND_OK)
        refuse(out, 400, err.msg);
    else if (sund_mme_request(in->body, in->n_body, query, &err) != SUND_OK)
        refuse(out, 422, err.msg);
    else if (sund_mme_question(query, &text, &err) != SUND_OK)
        refuse(out, 500, err.msg);
    else {
        sund_buf_printf(question, "match @%s %s", name, (const char *) text.p + strlen("match "));
        sund_buf_nul(question);
        ok = !question->bad && question->n < SUND_QUESTION_MAX;
        if (!ok)
            refuse(out, 413, "the request is too large");
    }
    sund_jval_free(v);
    sund_buf_free(&text);
    free(query);
    return ok;
}

void sund_match_page(const sund_home *h, sund_questions *q, const sund_request *in, sund_response *out)
{
    char            name[SUND_PEER_NAME_MAX + 1 + 4] = "mme-";
    sund_answers   *a = NULL;
    sund_mme_answer answer[SUND_NODE_MAX];
    sund_buf        question = { 0 };
    sund_err        err = { SUND_OK, "" };
    size_t          n_answered = 0;

    out->type = SUND_MME_TYPE;
    if (strcmp(in->method, "POST") != 0) {
        refuse(out, 405, "requests are sent by POST");
        return;
    }
    if (!who_asks(h, in, out, name + 4) || !read_request(in, name, &question, out))
        goto out;
    a = calloc(1, sizeof *a);
    if (!a || sund_questions_ask(q, (const char *) question.p, MATCH_MS, a, &err) != SUND_OK) {
        refuse(out, a && err.code == SUND_E_LIMIT ? 503 : 500, a ? err.msg : "out of memory");
        goto out;
    }
    for (size_t i = 0; i < a->n; i++) {
        const sund_shown *s = a->row[i].shown;

        answer[i] = (sund_mme_answer){ a->row[i].node, s ? sund_shown_why(s) : "no answer in time", s && sund_shown_answered(s), s ? sund_shown_bytes(s) : sund_cur_of("", 0) };
        n_answered += answer[i].answered;
    }
    out->status = 200;
    if (sund_mme_merge(answer, a->n, SUND_MME_RESULTS, &out->body, &err) != SUND_OK)
        refuse(out, 500, err.msg);
    else
        sund_log(SUND_LOG_INFO, "match: %s asked, %zu of %zu nodes answered", name, n_answered, a->n);
out:
    if (a)
        sund_answers_free(a);
    free(a);
    sund_buf_free(&question);
}
