#include "hub/match.h"

#include "base/log.h"
#include "exchange/mme_http.h"

#include <stdlib.h>
#include <string.h>

enum { MATCH_MS = 9000 };

static void fail(sund_response *out, int status, const char *message)
{
    out->status = status;
    sund_mme_http_error(&out->body, status, message);
}

void sund_match_page(const sund_home *h, sund_questions *q, const sund_request *in, sund_response *out)
{
    char            path[2048] = "", asker[SUND_MME_ASKER], why[240];
    sund_mme_http   request = { in->method, in->header(in, "Content-Type"), in->header(in, "X-Auth-Token"), in->body, in->n_body, path };
    sund_answers   *a = NULL;
    sund_mme_answer answer[SUND_NODE_MAX];
    sund_buf        question = { 0 };
    sund_err        err = { SUND_OK, "" };
    size_t          n_answered = 0;

    out->type = SUND_MME_TYPE;
    if (sund_home_path(h, "peers.ini", path, sizeof path, &err) != SUND_OK) {
        fail(out, 500, "the hub's home has too long a name");
        return;
    }
    out->status = sund_mme_http_question(&request, asker, &question, why);
    if (why[0])
        sund_log(SUND_LOG_ERROR, "a request for matches is refused: %s", why);
    if (out->status) {
        sund_buf_free(&out->body);
        out->body = question;
        return;
    }
    a = calloc(1, sizeof *a);
    if (!a || sund_questions_ask(q, (const char *) question.p, MATCH_MS, a, &err) != SUND_OK) {
        fail(out, a && err.code == SUND_E_NOMEM ? 503 : 500, a ? err.msg : "out of memory");
        goto out;
    }
    for (size_t i = 0; i < a->n; i++) {
        const sund_shown *s = a->row[i].shown;

        answer[i] = (sund_mme_answer){ a->row[i].node, s ? sund_shown_why(s) : "no answer in time", s && sund_shown_answered(s), s ? sund_shown_bytes(s) : sund_cur_of("", 0) };
        n_answered += answer[i].answered;
    }
    out->status = 200;
    if (sund_mme_merge(answer, a->n, SUND_MME_RESULTS, &out->body, &err) != SUND_OK)
        fail(out, 500, err.msg);
    else
        sund_log(SUND_LOG_INFO, "match: %s asked, %zu of %zu nodes answered", asker, n_answered, a->n);
out:
    if (a)
        sund_answers_free(a);
    free(a);
    sund_buf_free(&question);
}
