#include "api/beacon.h"
#include "api/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* /individuals, /biosamples, /cohorts/.../individuals: how many people there are, never one of them. A node counts with rules cell-min and round-5; who has not
 * logged in hears yes or no, of data that are not open. */

/** Shown to this asker: a number, or -1. */
static int64_t number_for(const sund_beacon_request *r, const sund_shown *s)
{
    if (!s || !sund_shown_answered(s))
        return -1;
    return sund_shown_open(s) || r->who.registered ? sund_shown_count(s) : -1;
}

static bool exists(const sund_shown *s) { return s && sund_shown_answered(s) && sund_shown_count(s) > 0; }

static const char *status_of(const sund_answers *a, size_t i, void *ctx)
{
    (void) ctx;
    return sund_shown_count(a->row[i].shown) < 0 ? "withheld" : "counted";
}

static void result_set(const sund_beacon_request *r, const sund_answer *row, sund_json *j)
{
    bool    yes = exists(row->shown);
    int64_t n = number_for(r, row->shown);

    if (r->include == SUND_INCLUDE_NONE || (r->include == SUND_INCLUDE_HIT && !yes) || (r->include == SUND_INCLUDE_MISS && yes))
        return;
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "beaconId", r->face->id);
    sund_json_str(j, "id", row->node);
    sund_json_str(j, "setType", "dataset");
    sund_json_bool(j, "exists", yes);
    sund_json_i64(j, "resultsCount", n < 0 ? 0 : n);
    sund_json_open(j, "results", '[');
    sund_json_close(j, ']');
    sund_json_open(j, "info", '{');
    sund_json_str(j, "status", !row->shown ? "timeout" : !sund_shown_answered(row->shown) ? "refused" : sund_shown_count(row->shown) < 0 ? "withheld" : "counted");
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static sund_code write_answer(const sund_beacon_request *r, const sund_answers *a, sund_response *out, sund_err *err)
{
    sund_granularity g = SUND_GRAN_BOOLEAN;
    int64_t          total = 0;
    bool             any = false, sets = r->granularity == SUND_GRAN_RECORD;
    sund_json        j;

    for (size_t i = 0; i < a->n; i++) {
        int64_t n = number_for(r, a->row[i].shown);

        any |= exists(a->row[i].shown);
        if (n >= 0 && r->granularity != SUND_GRAN_BOOLEAN) { /* rounded numbers are added, as rule round-5 has it */
            g = SUND_GRAN_COUNT;
            total += n;
        }
    }
    out->status = 200;
    out->type = "application/json; charset=utf-8";
    sund_beacon_open(r, g, &j, &out->body);
    sund_beacon_summary(&j, g, any, total);
    if (sets || r->granularity == SUND_GRAN_COUNT) { /* clients of networks read each data set's count from its result set */
        sund_json_open(&j, "response", '{');
        sund_json_open(&j, "resultSets", '[');
        for (size_t i = 0; i < a->n; i++)
            result_set(r, &a->row[i], &j);
        sund_json_close(&j, ']');
        sund_json_close(&j, '}');
    }
    sund_beacon_nodes(&j, a, status_of, NULL);
    sund_json_close(&j, '}');
    return sund_buf_ok(&out->body, err);
}

void sund_beacon_people(const sund_face *f, const sund_request *in, const char *id, sund_response *out)
{
    sund_beacon_request r = { .body = NULL };
    sund_answers       *a = calloc(1, sizeof *a);
    sund_buf            q = { 0 };
    sund_err            err = { SUND_OK, "" };
    sund_code           rc = a ? sund_beacon_read(&r, f, in, strstr(in->path, "biosamples") ? "biosample" : "individual", &err) : sund_fail(&err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && id)
        rc = sund_fail(&err, SUND_E_DENIED, "records of single people do not leave a node: ask with filters how many there are");
    if (rc == SUND_OK) {
        sund_buf_text(&q, r.who.registered ? "people " : "public ");
        rc = sund_beacon_cohort(&r, &q, &err);
    }
    if (rc == SUND_OK)
        rc = f->ask(f->ctx, &r.who, (const char *) q.p, a, &err);
    if (rc == SUND_OK)
        rc = write_answer(&r, a, out, &err);
    if (rc != SUND_OK)
        sund_beacon_error(f, &r, &err, out);
    sund_beacon_done(&r);
    if (a)
        sund_answers_free(a);
    sund_buf_free(&q);
    free(a);
}

/* ---- collections: a data set a node, and of each the cohort of all its people ---- */

static void collection(const sund_beacon_request *r, const sund_answer *row, bool cohorts, sund_json *j)
{
    char name[200];

    sund_json_open(j, NULL, '{');
    sund_json_str(j, "id", row->node);
    (void) snprintf(name, sizeof name, "%s %s", cohorts ? "People of" : "Data of", row->node);
    sund_json_str(j, "name", name);
    if (cohorts) {
        sund_json_str(j, "cohortType", "study-defined");
        if (number_for(r, row->shown) >= 0)
            sund_json_i64(j, "cohortSize", number_for(r, row->shown));
    }
    else {
        sund_json_open(j, "info", '{');
        sund_json_str(j, "status", row->shown ? sund_shown_answered(row->shown) ? "answered" : "refused" : "timeout");
        sund_json_close(j, '}');
    }
    sund_json_close(j, '}');
}

static void collections(const sund_face *f, const sund_request *in, const char *id, bool cohorts, sund_response *out)
{
    sund_beacon_request r = { .body = NULL };
    sund_answers       *a = calloc(1, sizeof *a);
    sund_err            err = { SUND_OK, "" };
    sund_code           rc = a ? sund_beacon_read(&r, f, in, cohorts ? "cohort" : "dataset", &err) : sund_fail(&err, SUND_E_NOMEM, "out of memory");
    size_t              n = 0;
    sund_json           j;

    if (rc == SUND_OK)
        rc = f->ask(f->ctx, &r.who, r.who.registered ? "people all" : "public all", a, &err);
    for (size_t i = 0; rc == SUND_OK && i < a->n; i++)
        n += !id || strcmp(id, a->row[i].node) == 0;
    if (rc == SUND_OK && id && !n)
        rc = sund_fail(&err, SUND_E_NOT_FOUND, "there is no %s '%.60s' here", cohorts ? "cohort" : "data set", id);
    if (rc == SUND_OK) {
        out->status = 200;
        out->type = "application/json; charset=utf-8";
        sund_beacon_open(&r, SUND_GRAN_RECORD, &j, &out->body);
        sund_beacon_summary(&j, SUND_GRAN_RECORD, n > 0, (int64_t) n);
        sund_json_open(&j, "response", '{');
        sund_json_open(&j, "collections", '[');
        for (size_t i = 0; i < a->n; i++)
            if (!id || strcmp(id, a->row[i].node) == 0)
                collection(&r, &a->row[i], cohorts, &j);
        sund_json_close(&j, ']');
        sund_json_close(&j, '}');
        sund_json_close(&j, '}');
    }
    else {
        sund_beacon_error(f, &r, &err, out);
    }
    sund_beacon_done(&r);
    if (a)
        sund_answers_free(a);
    free(a);
}

void sund_beacon_datasets(const sund_face *f, const sund_request *in, const char *id, sund_response *out) { collections(f, in, id, false, out); }
void sund_beacon_cohorts(const sund_face *f, const sund_request *in, const char *id, sund_response *out) { collections(f, in, id, true, out); }

/* ---- which filters there are ---- */

void sund_beacon_terms(const sund_face *f, const sund_request *in, const char *id, sund_response *out)
{
    sund_beacon_request r = { .body = NULL };
    sund_answers       *a = calloc(1, sizeof *a);
    sund_err            err = { SUND_OK, "" };
    sund_code           rc = a ? sund_beacon_read(&r, f, in, "filteringTerm", &err) : sund_fail(&err, SUND_E_NOMEM, "out of memory");
    sund_json           j;

    (void) id;
    if (rc == SUND_OK)
        rc = f->ask(f->ctx, &r.who, "terms", a, &err);
    if (rc == SUND_OK) {
        out->status = 200;
        out->type = "application/json; charset=utf-8";
        sund_beacon_open(&r, SUND_GRAN_RECORD, &j, &out->body);
        sund_json_open(&j, "response", '{');
        rc = sund_terms_list(a, &j, &err);
        sund_json_close(&j, '}');
        sund_json_close(&j, '}');
    }
    if (rc != SUND_OK) {
        sund_buf_clear(&out->body);
        sund_beacon_error(f, &r, &err, out);
    }
    sund_beacon_done(&r);
    if (a)
        sund_answers_free(a);
    free(a);
}
