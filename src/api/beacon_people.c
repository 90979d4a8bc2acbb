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
    sund_json_str(j, "setType", strncmp(r->page->path, "/cohorts", 8) == 0 ? "cohort" : "dataset");
    sund_json_bool(j, "exists", yes);
    sund_json_i64(j, "resultsCount", n < 0 ? 0 : n);
    sund_json_open(j, "results", '[');
    sund_json_close(j, ']');
    sund_json_open(j, "info", '{');
    sund_json_str(j, "status", !row->shown ? "timeout" : !sund_shown_answered(row->shown) ? "refused" : sund_shown_count(row->shown) < 0 ? "withheld" : "counted");
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static void write_answer(const sund_beacon_request *r, const sund_answers *a, sund_buf *out)
{
    sund_granularity g = SUND_GRAN_BOOLEAN;
    int64_t          total = 0;
    bool             any = false, sets = r->granularity == SUND_GRAN_RECORD;
    sund_json        j;

    for (size_t i = 0; i < a->n; i++) {
        int64_t n = number_for(r, a->row[i].shown);

        if (!sund_beacon_set(r, a->row[i].node))
            continue;
        any |= exists(a->row[i].shown);
        if (n >= 0 && r->granularity != SUND_GRAN_BOOLEAN) { /* rounded numbers are added, as rule round-5 has it */
            g = SUND_GRAN_COUNT;
            total += n;
        }
    }
    sund_beacon_open(r, g, &j, out);
    sund_beacon_summary(&j, g, any, total);
    if (sets || r->granularity == SUND_GRAN_COUNT) { /* clients of networks read each data set's count from its result set */
        sund_json_open(&j, "response", '{');
        sund_json_open(&j, "resultSets", '[');
        for (size_t i = 0; i < a->n; i++)
            if (sund_beacon_set(r, a->row[i].node))
                result_set(r, &a->row[i], &j);
        sund_json_close(&j, ']');
        sund_json_close(&j, '}');
    }
    sund_beacon_nodes(&j, a, status_of, NULL);
    sund_json_close(&j, '}');
}

sund_code sund_beacon_people(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err)
{
    sund_buf  q = { 0 };
    sund_code rc;

    sund_buf_text(&q, r->who.registered ? "people " : "public ");
    rc = sund_beacon_cohort(r, &q, err);
    if (rc == SUND_OK)
        rc = r->face->ask(r->face->ctx, &r->who, (const char *) q.p, a, err);
    if (rc == SUND_OK)
        rc = sund_beacon_sets(r, a, err);
    if (rc == SUND_OK)
        write_answer(r, a, &out->body);
    sund_buf_free(&q);
    return rc;
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
        sund_json_str(j, "status", row->shown ? "answered" : "timeout");
        sund_json_close(j, '}');
    }
    sund_json_close(j, '}');
}

static sund_code collections(sund_beacon_request *r, bool cohorts, sund_answers *a, sund_response *out, sund_err *err)
{
    size_t    n = 0;
    sund_json j;

    SUND_TRY(r->face->ask(r->face->ctx, &r->who, r->who.registered ? "people all" : "public all", a, err));
    SUND_TRY(sund_beacon_sets(r, a, err));
    for (size_t i = 0; i < a->n; i++)
        n += sund_beacon_set(r, a->row[i].node);
    sund_beacon_open(r, SUND_GRAN_RECORD, &j, &out->body);
    sund_beacon_summary(&j, SUND_GRAN_RECORD, n > 0, (int64_t) n);
    sund_json_open(&j, "response", '{');
    sund_json_open(&j, "collections", '[');
    for (size_t i = 0; i < a->n; i++)
        if (sund_beacon_set(r, a->row[i].node))
            collection(r, &a->row[i], cohorts, &j);
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
    return SUND_OK;
}

sund_code sund_beacon_datasets(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err) { return collections(r, false, a, out, err); }
sund_code sund_beacon_cohorts(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err) { return collections(r, true, a, out, err); }

/* ---- which filters there are ---- */

/** Of one data set's page: its node's answer alone. */
static void only_set(const sund_beacon_request *r, sund_answers *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++) {
        if (sund_beacon_set(r, a->row[i].node))
            a->row[n++] = a->row[i];
        else
            sund_shown_free(a->row[i].shown);
    }
    a->n = n;
}

sund_code sund_beacon_terms(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err)
{
    sund_json j;

    SUND_TRY(r->face->ask(r->face->ctx, &r->who, "terms", a, err));
    SUND_TRY(sund_beacon_sets(r, a, err));
    only_set(r, a);
    sund_beacon_open(r, SUND_GRAN_RECORD, &j, &out->body);
    sund_json_open(&j, "response", '{');
    SUND_TRY(sund_terms_list(a, &j, err));
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
    return SUND_OK;
}
