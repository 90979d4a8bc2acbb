#include "api/beacon.h"

#include "base/ini.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is asked, out of a GET's parameters or a POST's body, leniently where clients differ and strictly where a mistake would change the answer. */

static const char *const granularities[] = { "boolean", "count", "record", NULL }, *const includes[] = { "HIT", "ALL", "MISS", "NONE", NULL };

static int word_of(const char *s, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (strcasecmp(s, list[i]) == 0)
            return i;
    return -1;
}

const char *sund_beacon_text(const sund_beacon_request *r, sund_param_id p)
{
    const sund_jval *v = r->post[p];

    return r->get[p] ? r->get[p] : sund_j_kind(v) == SUND_J_ARRAY ? sund_j_str(sund_j_at(v, 0)) : sund_j_str(v);
}

/** Behind the n that are there. */
static bool numbers_of_text(const char *s, int64_t out[2], size_t *n)
{
    for (; *s && *n < 2; (*n)++) {
        char   one[24];
        size_t len = strcspn(s, ",");

        if (len >= sizeof one)
            return false;
        memcpy(one, s, len);
        one[len] = 0;
        if (!sund_parse_i64(one, 0, INT32_MAX, &out[*n]))
            return false;
        s += len + (s[len] == ',');
    }
    return !*s;
}

static bool numbers_of_json(const sund_jval *v, int64_t out[2], size_t *n)
{
    *n = sund_j_kind(v) == SUND_J_ARRAY ? sund_j_n(v) : 1;
    if (*n > 2)
        return false;
    for (size_t i = 0; i < *n; i++) {
        const sund_jval *one = sund_j_kind(v) == SUND_J_ARRAY ? sund_j_at(v, i) : v;
        const char      *s = sund_j_str(one);

        if (s ? !sund_parse_i64(s, 0, INT32_MAX, &out[i]) : (!sund_j_int(one, &out[i]) || out[i] < 0 || out[i] > INT32_MAX))
            return false;
    }
    return true;
}

sund_code sund_beacon_numbers(const sund_beacon_request *r, sund_param_id p, int64_t out[2], size_t *n, sund_err *err)
{
    const sund_jval *v = r->post[p];
    bool             good = true;

    *n = 0;
    for (size_t i = 0; i < r->n_given && r->get[p]; i++)
        if (r->which[i] == p)
            good &= numbers_of_text(r->given[i].value, out, n);
    if (v)
        good = sund_j_str(v) ? numbers_of_text(sund_j_str(v), out, n) : numbers_of_json(v, out, n);
    return good ? SUND_OK : sund_fail(err, SUND_E_ARG, "'%s' is one or two positions, 0-based, e.g. [1000] or [1000, 1010]", sund_beacon_param_at(p)->name);
}

/** A number that is there must be one. */
static sund_code page_number(const sund_jval *v, const char *s, const char *what, int64_t *out, sund_err *err)
{
    bool good = s ? sund_parse_i64(s, 0, 1 << 30, out) : !v || sund_j_kind(v) == SUND_J_NULL || (sund_j_int(v, out) && *out >= 0 && *out <= 1 << 30);

    return good ? SUND_OK : sund_fail(err, SUND_E_ARG, "pagination: '%s' is a number from 0", what);
}

static sund_code read_choice(const char *s, const char *const *list, const char *what, int *out, sund_err *err)
{
    int k = s ? word_of(s, list) : *out;

    if (k < 0)
        return sund_fail(err, SUND_E_ARG, "'%s' is one of %s, %s, %s%s%s", what, list[0], list[1], list[2], list[3] ? ", " : "", list[3] ? list[3] : "");
    *out = k;
    return SUND_OK;
}

/** requestParameters: flat, under g_variant, an empty list or null. */
static sund_code read_params(sund_beacon_request *r, const sund_jval *q, sund_err *err)
{
    const sund_jval *p = sund_j_get(q, "requestParameters"), *inner = sund_j_get(p, "g_variant");
    sund_jkind       k = sund_j_kind(p);

    if (k == SUND_J_NONE || k == SUND_J_NULL || (k == SUND_J_ARRAY && sund_j_n(p) == 0))
        return SUND_OK;
    if (k != SUND_J_OBJECT || (inner && (sund_j_kind(inner) != SUND_J_OBJECT || sund_j_n(p) > 1)))
        return sund_fail(err, SUND_E_ARG, "query.requestParameters is an object, flat or with 'g_variant' alone");
    r->params = inner ? inner : p;
    return SUND_OK;
}

static sund_code read_post(sund_beacon_request *r, sund_err *err)
{
    const sund_jval *q, *page;
    const char      *name;
    void            *at = NULL;
    sund_parameter   any;
    int              g = (int) r->granularity, i = (int) r->include;

    if (r->in->parameters(r->in, &any, 1))
        return sund_fail(err, SUND_E_ARG, "'%.40s' is behind the path: what a POST asks is in its body", any.name);
    if (r->in->n_body == 0)
        return sund_fail(err, SUND_E_ARG, "a POST has a body: {\"meta\": {...}, \"query\": {...}}");
    SUND_TRY(sund_json_read(r->in->body, r->in->n_body, &r->body, err));
    if (sund_j_kind(r->body) != SUND_J_OBJECT)
        return sund_fail(err, SUND_E_FORMAT, "the body is an object: {\"meta\": {...}, \"query\": {...}}");
    q = sund_j_get(r->body, "query");
    if (q && sund_j_kind(q) != SUND_J_OBJECT && sund_j_kind(q) != SUND_J_NULL)
        return sund_fail(err, SUND_E_FORMAT, "'query' is an object");
    page = sund_j_get(q, "pagination");
    SUND_TRY(read_params(r, q, err));
    SUND_TRY(sund_beacon_body(r->page, q, r->params, err));
    for (const sund_jval *v = sund_j_next(r->params, &at, &name); v; v = sund_j_next(r->params, &at, &name))
        if (sund_j_kind(v) != SUND_J_NULL)
            r->post[sund_beacon_param_first(sund_beacon_param_of(r->page->takes, name))] = v;
    r->filters = sund_j_get(q, "filters");
    if (sund_j_kind(r->filters) == SUND_J_NULL)
        r->filters = NULL;
    if (r->filters && (sund_j_kind(r->filters) != SUND_J_ARRAY || sund_j_n(r->filters) > SUND_BEACON_FILTERS))
        return sund_fail(err, SUND_E_ARG, "'filters' is a list of at most %d", SUND_BEACON_FILTERS);
    SUND_TRY(read_choice(sund_j_text(q, "requestedGranularity"), granularities, "requestedGranularity", &g, err));
    SUND_TRY(read_choice(sund_j_text(q, "includeResultsetResponses"), includes, "includeResultsetResponses", &i, err));
    r->granularity = (sund_granularity) g;
    r->include = (sund_include) i;
    SUND_TRY(page_number(sund_j_get(page, "skip"), NULL, "skip", &r->skip, err));
    SUND_TRY(page_number(sund_j_get(page, "limit"), NULL, "limit", &r->limit, err));
    (void) sund_j_bool(sund_j_get(q, "testMode"), &r->test);
    return SUND_OK;
}

static sund_code read_get(sund_beacon_request *r, sund_err *err)
{
    int         g = (int) r->granularity, i = (int) r->include;
    const char *test;

    SUND_TRY(sund_beacon_given(r->page, r->in, r->given, r->which, &r->n_given, err));
    for (size_t k = 0; k < r->n_given; k++) {
        const char **first = &r->get[sund_beacon_param_first(r->which[k])];

        *first = *first || !r->given[k].value[0] ? *first : r->given[k].value;
    }
    test = r->get[SUND_P_TEST];
    SUND_TRY(read_choice(r->get[SUND_P_GRANULARITY], granularities, "requestedGranularity", &g, err));
    SUND_TRY(read_choice(r->get[SUND_P_INCLUDE], includes, "includeResultsetResponses", &i, err));
    r->granularity = (sund_granularity) g;
    r->include = (sund_include) i;
    SUND_TRY(page_number(NULL, r->get[SUND_P_SKIP], "skip", &r->skip, err));
    SUND_TRY(page_number(NULL, r->get[SUND_P_LIMIT], "limit", &r->limit, err));
    r->test = test && strcmp(test, "true") == 0;
    return SUND_OK;
}

/** Who asks: nobody in particular, or whom a token is of. A token that does not hold is an error, never "anonymous". */
static sund_code read_asker(sund_beacon_request *r, sund_err *err)
{
    const char *h = r->in->header(r->in, "Authorization");

    memcpy(r->who.name, "anonymous", sizeof "anonymous");
    r->who.registered = false;
    if (!h)
        return SUND_OK;
    r->token_bad = strncasecmp(h, "Bearer ", 7) != 0;
    if (r->token_bad)
        return sund_fail(err, SUND_E_DENIED, "Authorization: Bearer TOKEN is taken here, nothing else");
    r->token_bad = r->face->bearer(r->face->ctx, h + 7, &r->who, err) != SUND_OK;
    if (r->token_bad)
        return sund_fail_in(err, SUND_E_DENIED, "the token");
    r->too_often = !sund_limits_take(r->face->limits, r->who.name, strlen(r->who.name), sund_time_mono_s());
    return r->too_often ? sund_fail(err, SUND_E_LIMIT, SUND_BEACON_TOO_OFTEN) : SUND_OK;
}

sund_code sund_beacon_read(sund_beacon_request *r, const sund_face *f, const sund_request *in, const sund_beacon_page *page, const char *id, sund_err *err)
{
    memset(r, 0, sizeof *r);
    r->face = f;
    r->in = in;
    r->page = page;
    r->id = id;
    r->who.since_s = sund_time_mono_s();
    r->granularity = SUND_GRAN_RECORD;
    r->limit = strcmp(page->entry, "dataset") == 0 || strcmp(page->entry, "cohort") == 0 || strcmp(page->entry, "filteringTerm") == 0 ? 0 : SUND_BEACON_LIMIT; /* lists of what there is are whole unless less is wanted */
    SUND_TRY(read_asker(r, err));
    return strcmp(in->method, "POST") == 0 ? read_post(r, err) : read_get(r, err);
}

void sund_beacon_done(sund_beacon_request *r)
{
    sund_jval_free(r->body);
    r->body = NULL;
}

/* ---- the frame of an answer ---- */

static void schemas(sund_json *j, const char *key, const char *entry)
{
    char   name[80] = "beacon-";
    size_t n = strnlen(entry, 40);

    sund_json_open(j, key, '[');
    if (entry[0]) {
        memcpy(name + strlen("beacon-"), entry, n);
        memcpy(name + strlen("beacon-") + n, "-v2.0.0", sizeof "-v2.0.0");
        sund_json_open(j, NULL, '{');
        sund_json_str(j, "entityType", entry);
        sund_json_str(j, "schema", name);
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
}

/** A value as it was asked, back: only what is known and bounded. */
static void echo(sund_json *j, const char *key, const sund_jval *v)
{
    int64_t     n;
    const char *s = sund_j_str(v);

    if (s && strlen(s) < 256 && sund_text_ok(s))
        sund_json_str(j, key, s);
    else if (sund_j_int(v, &n))
        sund_json_i64(j, key, n);
    else if (sund_j_kind(v) == SUND_J_ARRAY && sund_j_n(v) <= 2) {
        sund_json_open(j, key, '[');
        for (size_t i = 0; i < sund_j_n(v); i++)
            if (sund_j_kind(sund_j_at(v, i)) != SUND_J_ARRAY)
                echo(j, NULL, sund_j_at(v, i));
        sund_json_close(j, ']');
    }
}

static void echo_params(const sund_beacon_request *r, sund_json *j)
{
    sund_json_open(j, "requestParameters", '{');
    sund_json_open(j, "g_variant", '{');
    for (int p = SUND_P_REFERENCE_NAME; p < SUND_N_PARAM; p++) {
        const char *s = r->get[p], *name = sund_beacon_param_at((size_t) p)->name;
        int64_t     v[2];
        size_t      n = 0;

        if (!s && !r->post[p])
            continue;
        if (p == SUND_P_START || p == SUND_P_END) {
            if (sund_beacon_numbers(r, (sund_param_id) p, v, &n, NULL) != SUND_OK || n == 0)
                continue;
            sund_json_open(j, name, '[');
            for (size_t k = 0; k < n; k++)
                sund_json_i64(j, NULL, v[k]);
            sund_json_close(j, ']');
        }
        else if (s && strlen(s) < 256 && sund_text_ok(s))
            sund_json_str(j, name, s);
        else
            echo(j, name, r->post[p]);
    }
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static void echo_filters(const sund_beacon_request *r, sund_json *j)
{
    sund_json_open(j, "filters", '[');
    for (size_t i = 0; i < r->n_given; i++)
        if (r->which[i] == SUND_P_FILTERS && strlen(r->given[i].value) < 1024 && sund_text_ok(r->given[i].value))
            sund_json_str(j, NULL, r->given[i].value);
    for (size_t i = 0; i < sund_j_n(r->filters); i++) {
        const sund_jval *v = sund_j_at(r->filters, i);
        const char      *id = sund_j_str(v) ? sund_j_str(v) : sund_j_text(v, "id");

        if (id && strlen(id) < 256 && sund_text_ok(id))
            sund_json_str(j, NULL, id);
    }
    sund_json_close(j, ']');
}

static void request_summary(const sund_beacon_request *r, sund_json *j)
{
    sund_json_open(j, "receivedRequestSummary", '{');
    sund_json_str(j, "apiVersion", SUND_BEACON_API);
    schemas(j, "requestedSchemas", r->page->entry);
    sund_json_open(j, "pagination", '{');
    sund_json_i64(j, "skip", r->skip);
    sund_json_i64(j, "limit", r->limit);
    sund_json_close(j, '}');
    sund_json_str(j, "requestedGranularity", granularities[r->granularity]);
    sund_json_str(j, "includeResultsetResponses", includes[r->include]);
    sund_json_bool(j, "testMode", r->test);
    echo_filters(r, j);
    echo_params(r, j);
    sund_json_close(j, '}');
}

bool sund_beacon_on_page(const sund_beacon_request *r, size_t i) { return r->limit == 0 || ((int64_t) i / r->limit == r->skip); }

void sund_beacon_open(const sund_beacon_request *r, sund_granularity returned, sund_json *j, sund_buf *out)
{
    (void) sund_buf_room(out, 4096);
    sund_json_init(j, out, false);
    sund_json_open(j, NULL, '{');
    sund_json_open(j, "meta", '{');
    sund_json_str(j, "beaconId", r->face->id);
    sund_json_str(j, "apiVersion", SUND_BEACON_API);
    sund_json_str(j, "returnedGranularity", granularities[returned]);
    schemas(j, "returnedSchemas", r->page->entry);
    request_summary(r, j);
    sund_json_close(j, '}');
}

void sund_beacon_summary(sund_json *j, sund_granularity g, bool exists, int64_t n)
{
    sund_json_open(j, "responseSummary", '{');
    sund_json_bool(j, "exists", exists);
    if (g != SUND_GRAN_BOOLEAN && n >= 0)
        sund_json_i64(j, "numTotalResults", n);
    sund_json_close(j, '}');
}

void sund_beacon_handovers(const sund_face *f, sund_json *j)
{
    char url[460];

    (void) snprintf(url, sizeof url, "%.400s/fdp/", f->url);
    sund_json_open(j, "beaconHandovers", '[');
    sund_json_open(j, NULL, '{');
    sund_json_open(j, "handoverType", '{');
    sund_json_str(j, "id", "CUSTOM:000001");
    sund_json_str(j, "label", "Catalogue of data sets");
    sund_json_close(j, '}');
    sund_json_str(j, "note", "what data there are, who may use them, and on which terms; an application for several countries is made with 'sund apply'");
    sund_json_str(j, "url", url);
    sund_json_close(j, '}');
    sund_json_close(j, ']');
}

void sund_beacon_results_handovers(const sund_face *f, const char *node, sund_json *j)
{
    sund_buf list = { 0 };

    if (f->handovers)
        f->handovers(f->ctx, node, &list);
    if (list.n && !list.bad) {
        sund_json_key(j, "resultsHandovers");
        sund_buf_put(j->out, list.p, list.n);
    }
    sund_buf_free(&list);
}

void sund_beacon_nodes(sund_json *j, const sund_answers *a, const char *(*status)(const sund_answers *a, size_t i, void *ctx), void *ctx)
{
    sund_json_open(j, "info", '{');
    sund_json_open(j, "nodes", '[');
    for (size_t i = 0; i < a->n; i++) {
        const sund_shown *s = a->row[i].shown;

        sund_json_open(j, NULL, '{');
        sund_json_str(j, "id", a->row[i].node);
        sund_json_str(j, "status", !s ? "timeout" : !sund_shown_answered(s) ? "refused" : status(a, i, ctx));
        if (s && !sund_shown_answered(s))
            sund_json_str(j, "why", sund_shown_why(s));
        if (!s && a->row[i].ms < 0)
            sund_json_str(j, "why", "away: it was not waited for");
        if (a->row[i].ms >= 0)
            sund_json_i64(j, "milliseconds", a->row[i].ms);
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
    sund_json_close(j, '}');
}

void sund_beacon_error(const sund_face *f, const sund_beacon_request *r, const sund_err *why, sund_response *out)
{
    sund_face_refuse(f, r && r->too_often ? 429 : r && r->token_bad ? 401 : sund_code_http(why->code), why->msg, out);
}

void sund_face_refuse(const sund_face *f, int status, const char *why, sund_response *out)
{
    sund_json j;

    out->status = status;
    if (status == 401 || status == 429 || status == 503) {
        out->header[out->n_header].name = status == 401 ? "WWW-Authenticate" : "Retry-After";
        out->header[out->n_header++].value = status == 401 ? "Bearer error=\"invalid_token\"" : "1";
    }
    out->type = "application/json; charset=utf-8";
    sund_buf_clear(&out->body);
    sund_json_init(&j, &out->body, false);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "meta", '{');
    sund_json_str(&j, "beaconId", f->id);
    sund_json_str(&j, "apiVersion", SUND_BEACON_API);
    sund_json_str(&j, "returnedGranularity", "boolean");
    sund_json_open(&j, "returnedSchemas", '[');
    sund_json_close(&j, ']');
    sund_json_open(&j, "receivedRequestSummary", '{');
    sund_json_str(&j, "apiVersion", SUND_BEACON_API);
    sund_json_open(&j, "requestedSchemas", '[');
    sund_json_close(&j, ']');
    sund_json_open(&j, "pagination", '{');
    sund_json_close(&j, '}');
    sund_json_str(&j, "requestedGranularity", "boolean");
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
    sund_json_open(&j, "error", '{');
    sund_json_i64(&j, "errorCode", out->status);
    sund_json_str(&j, "errorMessage", why);
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
}

void sund_beacon_run(const sund_face *f, const sund_request *in, const sund_beacon_page *page, const char *id, sund_response *out)
{
    sund_beacon_request r;
    sund_answers        a;
    sund_err            err = { SUND_OK, "" };
    sund_code           rc = sund_beacon_read(&r, f, in, page, id, &err);

    a.n = 0; /* its rows are written before they are read */
    out->status = 200;
    out->type = "application/json; charset=utf-8";
    if (rc == SUND_OK && !page->answer)
        rc = sund_fail(&err, SUND_E_DENIED, "records of single people do not leave a node: ask with filters how many there are");
    if (rc == SUND_OK)
        rc = page->answer(&r, &a, out, &err);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&out->body, &err);
    if (rc != SUND_OK)
        sund_beacon_error(f, &r, &err, out);
    sund_beacon_done(&r);
    sund_answers_free(&a);
}

/* ---- which data sets a page is of ---- */

bool sund_beacon_set(const sund_beacon_request *r, const char *node) { return !(r->page->takes & SUND_OF_SET) || strcmp(r->id, node) == 0; }

sund_code sund_beacon_sets(const sund_beacon_request *r, const sund_answers *a, sund_err *err)
{
    for (size_t i = 0; i < a->n; i++)
        if (sund_beacon_set(r, a->row[i].node))
            return SUND_OK;
    return r->page->takes & SUND_OF_SET ? sund_fail(err, SUND_E_NOT_FOUND, "there is no data set and no cohort '%.60s' here", r->id) : SUND_OK;
}
