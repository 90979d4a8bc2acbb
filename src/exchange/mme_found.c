#include "exchange/mme_found.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void sund_mme_found_free(sund_mme_found *f)
{
    free(f->at);
    memset(f, 0, sizeof *f);
}

/** Their words for people: shortened, and without what a terminal acts on. */
static void say(const char *s, char *out, size_t cap)
{
    (void) snprintf(out, cap, "%s", s ? s : "");
    sund_text_clean(out);
}

/** Services name the version; some say no more than that it is JSON, as the standard does in a place. */
static bool type_ok(const char *t) { return sund_mme_type_ok(t) || (strncasecmp(t, "application/json", 16) == 0 && (t[16] == 0 || t[16] == ';' || t[16] == ' ')); }

static sund_code refused(const sund_mme_reply *r, sund_err *err)
{
    sund_jval  *v = NULL;
    char        said[160] = "";
    const char *is = "failed";
    sund_code   code = SUND_E_UPSTREAM;

    if (type_ok(r->type) && sund_json_read(r->body, r->n_body, &v, NULL) == SUND_OK)
        say(sund_j_text(v, "message"), said, sizeof said);
    sund_jval_free(v);
    if (r->status == 401 || r->status == 403) {
        is = "does not take this node's token";
        code = SUND_E_DENIED;
    }
    else if (r->status == 406) {
        is = "does not speak version 1.1 of Matchmaker Exchange";
    }
    else if (r->status == 404 || r->status == 405) {
        is = "has no /match there: is url in sund.ini what comes before it?";
    }
    else if (r->status == 400 || r->status == 413 || r->status == 415 || r->status == 422) {
        is = "does not take the request";
        code = SUND_E_ARG;
    }
    else if (r->status == 429 || r->status == 503) {
        is = "takes no more requests for now";
        code = SUND_E_LIMIT;
    }
    else if (r->status >= 300 && r->status < 400) {
        is = "sends on to another address, which is not followed, for the case would go there: is url in sund.ini the service's own?";
    }
    return sund_fail(err, code, "%s %s (HTTP %ld)%s%s", r->from, is, r->status, said[0] ? ": " : "", said);
}

static sund_code read_one(const sund_jval *v, sund_mme_one *x, sund_err *err)
{
    if (!sund_j_real(sund_j_get(sund_j_get(v, "score"), "patient"), &x->score) || x->score < 0 || x->score > 1)
        return sund_fail(err, SUND_E_FORMAT, "score.patient: a number from 0 to 1 is expected");
    return sund_case_read_mme(&x->c, sund_j_get(v, "patient"), err);
}

/** A place among those before it: best first, and as they stood where they are equal. */
static void put(sund_mme_found *f, const sund_mme_one *x)
{
    size_t at = f->n++;

    for (; at > 0 && f->at[at - 1].score < x->score; at--)
        f->at[at] = f->at[at - 1];
    f->at[at] = *x;
}

static sund_code read_results(sund_mme_found *f, const sund_mme_reply *r, const sund_jval *v, sund_err *err)
{
    const sund_jval *l = sund_j_get(v, "results");
    sund_mme_one    *x;

    if (sund_j_kind(l) != SUND_J_ARRAY)
        return sund_fail(err, SUND_E_UPSTREAM, "%s: the answer has no list of results", r->from);
    if (sund_j_n(l) > SUND_MME_FOUND_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s: the answer has more than %d results", r->from, SUND_MME_FOUND_MAX);
    say(sund_j_text(v, "disclaimer"), f->disclaimer, sizeof f->disclaimer);
    f->at = calloc(sund_j_n(l) + 1, sizeof *f->at);
    x = malloc(sizeof *x);
    if (!f->at || !x) {
        free(x);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for an answer");
    }
    for (size_t i = 0; i < sund_j_n(l); i++) {
        sund_err why = { SUND_OK, "" };

        if (read_one(sund_j_at(l, i), x, &why) == SUND_OK)
            put(f, x);
        else if (!f->n_left++)
            say(why.msg, f->why, sizeof f->why);
    }
    free(x);
    return SUND_OK;
}

sund_code sund_mme_found_read(sund_mme_found *f, const sund_mme_reply *r, sund_err *err)
{
    sund_jval *v = NULL;
    char       type[64];
    sund_err   why = { SUND_OK, "" };
    sund_code  rc;

    memset(f, 0, sizeof *f);
    if (r->status != 200)
        return refused(r, err);
    say(r->type, type, sizeof type);
    if (!type_ok(r->type))
        return sund_fail(err, SUND_E_UPSTREAM, "%s: the answer is '%s', not JSON of Matchmaker Exchange", r->from, type);
    if (r->n_body > SUND_MME_REPLY_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s: the answer has more than %d bytes", r->from, SUND_MME_REPLY_MAX);
    if (sund_json_read(r->body, r->n_body, &v, &why) != SUND_OK)
        return sund_fail(err, SUND_E_UPSTREAM, "%s: the answer is no JSON: %.200s", r->from, why.msg);
    rc = read_results(f, r, v, err);
    sund_jval_free(v);
    if (rc != SUND_OK)
        sund_mme_found_free(f);
    return rc;
}

static void features(sund_json *j, const sund_onto *o, const sund_case *c)
{
    sund_json_open(j, "features", '[');
    for (size_t i = 0; i < c->n_feature; i++) {
        uint32_t t = sund_onto_find(o, c->feature[i].id);

        sund_json_open(j, NULL, '{');
        sund_json_str(j, "id", c->feature[i].id);
        if (t != SUND_ONTO_NONE)
            sund_json_str(j, "label", sund_onto_name(o, t));
        sund_json_str(j, "observed", c->feature[i].absent ? "no" : "yes");
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
}

static void patient(sund_json *j, const sund_onto *o, const sund_case *c)
{
    sund_json_open(j, "patient", '{');
    sund_json_str(j, "id", c->own);
    sund_mme_put_contact(j, c);
    features(j, o, c);
    sund_json_open(j, "genomicFeatures", '[');
    for (size_t i = 0; i < c->n_gene; i++) {
        sund_json_open(j, NULL, '{');
        sund_json_open(j, "gene", '{');
        sund_json_str(j, "id", c->gene[i].gene);
        sund_json_close(j, '}');
        if (c->gene[i].variant[0])
            sund_json_str(j, "_variant", c->gene[i].variant);
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
    sund_json_close(j, '}');
}

sund_code sund_mme_found_write(const sund_mme_found *f, sund_matcher *m, const sund_case *query, size_t max, sund_buf *out, sund_err *err)
{
    sund_json j;

    sund_json_init(&j, out, true);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "results", '[');
    for (size_t i = 0; i < f->n && i < max; i++) {
        sund_likeness x;

        SUND_TRY(sund_match_two(m, query, &f->at[i].c, &x, err));
        sund_json_open(&j, NULL, '{');
        sund_json_open(&j, "score", '{');
        sund_json_f64(&j, "patient", f->at[i].score);
        sund_json_f64(&j, "_here", (double) (int64_t) (x.score * 100 + 0.5) / 100);
        sund_mme_explain(&j, m, &x);
        sund_json_close(&j, '}');
        patient(&j, sund_matcher_onto(m), &f->at[i].c);
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    if (f->disclaimer[0])
        sund_json_str(&j, "disclaimer", f->disclaimer);
    sund_json_close(&j, '}');
    return sund_buf_ok(out, err);
}
