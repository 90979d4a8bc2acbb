#include "exchange/mme_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BODY_BYTES = 128 << 10, QUESTION_BYTES = 32 << 10 };

void sund_mme_http_error(sund_buf *out, int status, const char *message)
{
    sund_json j;

    sund_buf_clear(out);
    sund_json_init(&j, out, false);
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

static int refuse(sund_buf *out, int status, const char *message)
{
    sund_mme_http_error(out, status, message);
    return status;
}

static int check_head(const sund_mme_http *in, char asker[SUND_MME_ASKER], sund_buf *out, char why[240])
{
    char     name[SUND_PEER_NAME_MAX + 1] = "";
    sund_err err = { SUND_OK, "" };
    bool     found = false;

    if (strcmp(in->method, "POST") != 0)
        return refuse(out, 405, "requests are sent by POST");
    if (in->token && strlen(in->token) <= 256 && sund_peers_find(in->peers, in->token, name, &found, &err) != SUND_OK)
        (void) snprintf(why, 240, "%.239s", err.msg);
    if (!found)
        return refuse(out, 401, "X-Auth-Token is not that of a service known here");
    (void) snprintf(asker, SUND_MME_ASKER, "mme-%s", name);
    if (sund_mme_type_ok(in->type))
        return 0;
    if (in->type && strncasecmp(in->type, "application/vnd.ga4gh.matchmaker.", 33) == 0)
        return refuse(out, 406, "unsupported API version");
    return refuse(out, 415, "the Content-Type is " SUND_MME_TYPE);
}

static int check_body(const sund_mme_http *in, sund_case *query, sund_buf *out)
{
    sund_jval *v = NULL;
    sund_err   err = { SUND_OK, "" };
    int        status = 0;

    if (in->n_body > BODY_BYTES)
        return refuse(out, 413, "the request is too large");
    if (sund_json_read(in->body, in->n_body, &v, &err) != SUND_OK)
        status = refuse(out, 400, err.msg);
    else if (sund_mme_request(in->body, in->n_body, query, &err) != SUND_OK)
        status = refuse(out, 422, err.msg);
    sund_jval_free(v);
    return status;
}

int sund_mme_http_question(const sund_mme_http *in, char asker[SUND_MME_ASKER], sund_buf *question, char why[240])
{
    sund_case *query = malloc(sizeof *query);
    sund_buf   text = { 0 };
    int        status;

    why[0] = 0;
    if (!query)
        return refuse(question, 500, "out of memory");
    status = check_head(in, asker, question, why);
    if (!status)
        status = check_body(in, query, question);
    if (!status && sund_mme_question(query, &text, NULL) != SUND_OK)
        status = refuse(question, 500, "out of memory");
    if (!status) {
        sund_buf_clear(question);
        sund_buf_printf(question, "match @%s %s", asker, (const char *) text.p + strlen("match "));
        sund_buf_nul(question);
        if (question->bad || question->n >= QUESTION_BYTES)
            status = refuse(question, 413, "the request is too large");
    }
    sund_buf_free(&text);
    free(query);
    return status;
}
