#include "api/beacon.h"
#include "api/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* /individuals, /biosamples and those below a variant, a data set or a cohort: how many people there are, never one of them. A node counts with rules cell-min, round-5 and difference;
 * with a variant, of data that are not open, it says how many copies they carry (gate/carried.h). Who has not logged in hears of open data alone. */

/** What one node's answer tells this asker. people, copies: -1 where they are not told. */
typedef struct told { bool exists; int64_t people, copies; const char *status; } told;

static told tell_carriers(const sund_beacon_request *r, const sund_shown *s)
{
    const sund_lookup_counts *c = sund_shown_n(s) == 1 ? sund_shown_counts(s, 0) : NULL;
    told                      t = { false, -1, -1, "refused" };

    if (!c || !(sund_shown_open(s) || r->who.registered))
        return t;
    t.status = c->status == SUND_LOOKUP_BELOW ? "withheld" : sund_lookup_status_name(c->status);
    if (c->status != SUND_LOOKUP_COUNTED)
        return t;
    t.exists = c->all.ac > 0;
    if (sund_shown_open(s))
        t.people = c->all.ac - (c->all.hom > 0 ? c->all.hom : 0); /* homozygotes carry two */
    else
        t.copies = c->all.ac;
    return t;
}

static told tell(const sund_beacon_request *r, const sund_shown *s)
{
    told t = { false, -1, -1, "timeout" };

    if (!s)
        return t;
    t.status = "refused";
    if (!sund_shown_answered(s))
        return t;
    if (sund_shown_verb(s) == SUND_ASK_CARRIERS)
        return tell_carriers(r, s);
    t.exists = sund_shown_count(s) > 0;
    t.status = sund_shown_count(s) < 0 ? "withheld" : "counted";
    if (sund_shown_open(s) || r->who.registered)
        t.people = sund_shown_count(s);
    return t;
}

static const char *status_of(const sund_answers *a, size_t i, void *ctx) { return tell(ctx, a->row[i].shown).status; }

static void result_set(const sund_beacon_request *r, const sund_answer *row, sund_json *j)
{
    told t = tell(r, row->shown);

    if (r->include == SUND_INCLUDE_NONE || (r->include == SUND_INCLUDE_HIT && !t.exists) || (r->include == SUND_INCLUDE_MISS && t.exists))
        return;
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "beaconId", r->face->id);
    sund_json_str(j, "id", row->node);
    sund_json_str(j, "setType", strncmp(r->page->path, "/cohorts", 8) == 0 ? "cohort" : "dataset");
    sund_json_bool(j, "exists", t.exists);
    sund_json_i64(j, "resultsCount", t.people >= 0 ? t.people : t.copies > 0 ? (t.copies - 1) / 2 : 0); /* of copies to the nearest 5: at least so many people */
    sund_json_open(j, "results", '[');
    sund_json_close(j, ']');
    sund_beacon_results_handovers(r->face, row->node, j);
    sund_json_open(j, "info", '{');
    sund_json_str(j, "status", t.status);
    if (t.copies >= 0 && r->granularity != SUND_GRAN_BOOLEAN)
        sund_json_i64(j, "alleleCount", t.copies);
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static void write_answer(sund_beacon_request *r, const sund_answers *a, sund_buf *out)
{
    sund_granularity g = SUND_GRAN_BOOLEAN;
    int64_t          total = 0;
    bool             any = false, sets = r->granularity == SUND_GRAN_RECORD;
    sund_json        j;

    for (size_t i = 0; i < a->n; i++) {
        told t = tell(r, a->row[i].shown);

        if (!sund_beacon_set(r, a->row[i].node))
            continue;
        any |= t.exists;
        if (t.people >= 0 && r->granularity != SUND_GRAN_BOOLEAN) { /* rounded numbers are added, as rule round-5 has it */
            g = SUND_GRAN_COUNT;
            total += t.people;
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
    sund_beacon_nodes(&j, a, status_of, r);
    sund_json_close(&j, '}');
}

/** "people COHORT", or "carriers VARIANT COHORT" where a variant is asked about too; and as whoever has not logged in asks it. */
static sund_code question_of(const sund_beacon_request *r, sund_buf *q, sund_err *err)
{
    sund_buf    variant = { 0 };
    const char *name;
    sund_code   rc = SUND_OK;

    if (!sund_beacon_of_variant(r))
        sund_buf_text(q, r->who.registered ? "people " : "public ");
    else {
        rc = sund_beacon_query(r, &variant, err);
        name = rc == SUND_OK ? (const char *) variant.p + strlen("variants ") : "";
        if (rc == SUND_OK && !sund_beacon_one_variant(name))
            rc = sund_fail(err, SUND_E_ARG, "carriers are asked for of one variant, by its sequence or name, not of a region or of many");
        sund_buf_text(q, r->who.registered ? "carriers " : "carriers public ");
        sund_buf_text(q, name);
        sund_buf_text(q, " ");
        sund_buf_free(&variant);
    }
    return rc == SUND_OK ? sund_beacon_cohort(r, q, err) : rc;
}

sund_code sund_beacon_people(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err)
{
    sund_buf  q = { 0 };
    sund_code rc = question_of(r, &q, err);

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
        if (tell(r, row->shown).people >= 0)
            sund_json_i64(j, "cohortSize", tell(r, row->shown).people);
    }
    else {
        sund_json_open(j, "info", '{');
        sund_json_str(j, "status", row->shown ? "answered" : "timeout");
        sund_json_close(j, '}');
    }
    sund_json_close(j, '}');
}

/** Of one data set's page, all that its node says of where to ask; else the catalogue of all. */
static void collections_handovers(const sund_beacon_request *r, const sund_answers *a, sund_json *j)
{
    sund_buf list = { 0 };

    for (size_t i = 0; (r->page->takes & SUND_OF_SET) && r->face->handovers && i < a->n; i++)
        if (sund_beacon_set(r, a->row[i].node))
            r->face->handovers(r->face->ctx, a->row[i].node, &list);
    if (list.n && !list.bad) {
        sund_json_key(j, "beaconHandovers");
        sund_buf_put(j->out, list.p, list.n);
    }
    else
        sund_beacon_handovers(r->face, j);
    sund_buf_free(&list);
}

static sund_code collections(sund_beacon_request *r, bool cohorts, sund_answers *a, sund_response *out, sund_err *err)
{
    size_t    n = 0, seen = 0;
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
        if (sund_beacon_set(r, a->row[i].node) && sund_beacon_on_page(r, seen++))
            collection(r, &a->row[i], cohorts, &j);
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    collections_handovers(r, a, &j);
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
    SUND_TRY(sund_terms_list(a, (size_t) r->skip, (size_t) r->limit, &j, err));
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
    return SUND_OK;
}
