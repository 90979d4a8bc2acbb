#include "exchange/mme.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST_FEATURES = 3 }; /* without a gene: fewer are no description of a case, and a way to ask for one term after another */

struct sund_desk {
    sund_cases      *cases;
    sund_ontos      *ontos;
    const sund_onto *o;
    sund_matcher    *m[2]; /* of cases, of test cases */
    int64_t          version;
};

sund_code sund_mme_request(const void *p, size_t n, sund_case *query, sund_err *err)
{
    sund_jval *v = NULL;
    sund_code  rc = sund_json_read(p, n, &v, err);

    if (rc == SUND_OK)
        rc = sund_j_kind(v) != SUND_J_OBJECT || !sund_j_get(v, "patient") ? sund_fail(err, SUND_E_FORMAT, "a request is an object with the member patient") : sund_case_read_mme(query, sund_j_get(v, "patient"), err);
    sund_jval_free(v);
    return rc;
}

bool sund_mme_type_ok(const char *t)
{
    static const char head[] = "application/vnd.ga4gh.matchmaker.v1.";
    size_t            n = sizeof head - 1, digits;

    if (!t || strncasecmp(t, head, n) != 0)
        return false;
    digits = strspn(t + n, "0123456789");
    return digits && strncasecmp(t + n + digits, "+json", 5) == 0 && (t[n + digits + 5] == 0 || t[n + digits + 5] == ';' || t[n + digits + 5] == ' ');
}

sund_code sund_desk_open(sund_desk **d, const char *cases_path, sund_ontos *ontos, sund_err *err)
{
    sund_desk *got = calloc(1, sizeof *got);
    sund_code  rc;

    if (!got)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    got->ontos = ontos;
    rc = sund_cases_open(&got->cases, cases_path, err);
    if (rc == SUND_OK)
        *d = got;
    else
        free(got);
    return rc;
}

static void forget(sund_desk *d)
{
    for (int k = 0; k < 2; k++) {
        sund_matcher_free(d->m[k]);
        d->m[k] = NULL;
    }
    sund_onto_free(d->o);
    d->o = NULL;
}

void sund_desk_close(sund_desk *d)
{
    if (!d)
        return;
    forget(d);
    sund_cases_close(d->cases);
    free(d);
}

/** Cases and HPO as they are now. */
static sund_code refresh(sund_desk *d, bool test, sund_err *err)
{
    const sund_onto *o = NULL;
    int64_t          version;

    SUND_TRY(sund_ontos_get(d->ontos, "HP", &o, err));
    if (!o)
        return sund_fail(err, SUND_E_NOT_FOUND, "no HPO is loaded here: nothing can be compared");
    if (sund_cases_version(d->cases, &version, err) != SUND_OK) {
        sund_onto_free(o);
        return err ? err->code : SUND_E_IO;
    }
    if (o != d->o || version != d->version) {
        forget(d);
        d->o = o;
        d->version = version;
    }
    else {
        sund_onto_free(o);
    }
    return d->m[test] ? SUND_OK : sund_matcher_make(&d->m[test], d->cases, d->o, false, test, err);
}

static double two_places(double x) { return (double) (int64_t) (x * 100 + 0.5) / 100; }

static void feature(sund_json *j, const sund_onto *o, uint32_t t, bool observed)
{
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "id", sund_onto_id(o, t));
    sund_json_str(j, "label", sund_onto_name(o, t));
    sund_json_str(j, "observed", observed ? "yes" : "no");
    sund_json_close(j, '}');
}

/** The case has it, or has explicitly not: of a term that one has and the other not. */
static bool case_has(const sund_onto *o, const sund_case *c, uint32_t t)
{
    for (size_t i = 0; i < c->n_feature; i++)
        if (c->feature[i].absent && sund_onto_find(o, c->feature[i].id) == t)
            return false;
    return true;
}

void sund_mme_put_contact(sund_json *j, const sund_case *c)
{
    if (c->test)
        sund_json_bool(j, "test", true);
    sund_json_open(j, "contact", '{');
    sund_json_str(j, "name", c->contact);
    if (c->institution[0])
        sund_json_str(j, "institution", c->institution);
    sund_json_str(j, "href", c->href);
    sund_json_close(j, '}');
}

static void patient(sund_json *j, const sund_matcher *m, const sund_likeness *x, bool own)
{
    const sund_case *c = sund_matcher_case(m, x->at);
    const sund_onto *o = sund_matcher_onto(m);

    sund_json_open(j, "patient", '{');
    sund_json_str(j, "id", own ? c->own : c->pseudonym);
    sund_mme_put_contact(j, c);
    sund_json_str(j, "species", "NCBITaxon:9606");
    sund_json_open(j, "features", '[');
    for (size_t i = 0; i < x->n_shared; i++)
        feature(j, o, x->shared[i].term, true);
    for (size_t i = 0; i < x->n_against; i++)
        feature(j, o, x->against[i].term, case_has(o, c, x->against[i].term));
    sund_json_close(j, ']');
    sund_json_open(j, "genomicFeatures", '[');
    for (size_t i = 0; i < c->n_gene; i++) {
        bool before = false;

        for (size_t k = 0; k < i; k++)
            before |= strcasecmp(c->gene[k].gene, c->gene[i].gene) == 0;
        if (before)
            continue;
        sund_json_open(j, NULL, '{');
        sund_json_open(j, "gene", '{');
        sund_json_str(j, "id", c->gene[i].gene);
        sund_json_close(j, '}');
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
    sund_json_close(j, '}');
}

static void terms(sund_json *j, const char *key, const sund_onto *o, const sund_match_term *t, size_t n)
{
    sund_json_open(j, key, '[');
    for (size_t i = 0; i < n; i++) {
        sund_json_open(j, NULL, '{');
        sund_json_str(j, "id", sund_onto_id(o, t[i].term));
        sund_json_str(j, "label", sund_onto_name(o, t[i].term));
        sund_json_f64(j, "share", two_places(t[i].share));
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
}

void sund_mme_explain(sund_json *j, const sund_matcher *m, const sund_likeness *x)
{
    const sund_onto *o = sund_matcher_onto(m);
    char             method[200];

    (void) snprintf(method, sizeof method, "1 - (1 - phenotype)(1 - genes); phenotype: simGIC over HPO %.100s", sund_onto_about(o)->version);
    sund_json_open(j, "_explanation", '{');
    sund_json_str(j, "method", method);
    sund_json_f64(j, "phenotype", two_places(x->phenotype));
    sund_json_f64(j, "genes", two_places(x->genes));
    terms(j, "shared", o, x->shared, x->n_shared);
    terms(j, "against", o, x->against, x->n_against);
    sund_json_open(j, "shared_genes", '[');
    for (size_t i = 0; i < x->n_gene; i++)
        sund_json_str(j, NULL, x->gene[i]);
    sund_json_close(j, ']');
    sund_json_bool(j, "same_variant", x->same_variant);
    sund_json_close(j, '}');
}

void sund_mme_result(sund_json *j, const sund_matcher *m, const sund_likeness *x, bool own)
{
    sund_json_open(j, NULL, '{');
    sund_json_open(j, "score", '{');
    sund_json_f64(j, "patient", two_places(x->score));
    sund_mme_explain(j, m, x);
    sund_json_close(j, '}');
    patient(j, m, x, own);
    sund_json_close(j, '}');
}

/** What was alike, in a line for the owner. */
static void in_words(const sund_matcher *m, const sund_likeness *x, char *out, size_t cap)
{
    const sund_onto *o = sund_matcher_onto(m);
    size_t           n = 0;

    out[0] = 0;
    for (size_t i = 0; i < x->n_gene && n < cap; i++)
        n += (size_t) snprintf(out + n, cap - n, "%s%s%s", n ? "; " : "", x->gene[i], x->same_variant ? " (the same variant)" : "");
    for (size_t i = 0; i < x->n_shared && i < 5 && n < cap; i++)
        n += (size_t) snprintf(out + n, cap - n, "%s%s %.60s", n ? "; " : "", sund_onto_id(o, x->shared[i].term), sund_onto_name(o, x->shared[i].term));
}

static sund_code says_enough(const sund_case *q, sund_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < q->n_feature; i++)
        n += !q->feature[i].absent;
    return q->n_gene || n >= LEAST_FEATURES ? SUND_OK : sund_fail(err, SUND_E_ARG, "a gene or at least %d observed features are needed for a comparison", LEAST_FEATURES);
}

static sund_code count_question(sund_desk *d, const char *asker, const sund_mme_rules *rules, sund_err *err)
{
    char now[32], day[11];

    sund_time_text(now);
    (void) snprintf(day, sizeof day, "%.10s", now);
    SUND_TRY(sund_cases_asked(d->cases, asker, day, rules->a_day, err));
    return sund_cases_asked(d->cases, "", day, 10 * rules->a_day, err);
}

/** Tells the owners of what was found; a case that another process has withdrawn since is taken out. */
static sund_code notify(sund_desk *d, const sund_case *query, const char *asker, sund_likeness *found, size_t *n, sund_err *err)
{
    char   words[512];
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++) {
        sund_code rc;

        in_words(d->m[0], &found[i], words, sizeof words);
        rc = sund_case_notify(d->cases, sund_matcher_case(d->m[0], found[i].at)->id, asker, query, found[i].score, words, err);
        if (rc == SUND_OK)
            found[kept++] = found[i];
        else if (rc != SUND_E_NOT_FOUND)
            return rc;
    }
    *n = kept;
    return SUND_OK;
}

sund_code sund_desk_answer(sund_desk *d, const sund_case *query, const char *asker, const sund_mme_rules *rules, sund_buf *out, size_t *n, sund_err *err)
{
    size_t      max = rules->max < SUND_MME_RESULTS ? rules->max : SUND_MME_RESULTS;
    sund_likeness *found = calloc(SUND_MME_RESULTS + 1, sizeof *found);
    sund_json   j;
    sund_code   rc = found ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    *n = 0;
    if (rc == SUND_OK)
        rc = says_enough(query, err);
    if (rc == SUND_OK)
        rc = count_question(d, asker, rules, err);
    if (rc == SUND_OK)
        rc = refresh(d, query->test, err);
    if (rc == SUND_OK)
        rc = sund_match_find(d->m[query->test], query, rules->min, max ? max : 1, false, NULL, found, n, err);
    if (rc == SUND_OK && !query->test)
        rc = notify(d, query, asker, found, n, err);
    sund_json_init(&j, out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "results", '[');
    for (size_t i = 0; rc == SUND_OK && i < *n; i++)
        sund_mme_result(&j, d->m[query->test], &found[i], false);
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    free(found);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}

sund_code sund_mme_question(const sund_case *c, sund_buf *out, sund_err *err)
{
    sund_json j;

    sund_buf_text(out, "match ");
    sund_json_init(&j, out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "patient", '{');
    sund_json_str(&j, "id", "query");
    sund_mme_put_contact(&j, c);
    sund_json_open(&j, "features", '[');
    for (size_t i = 0; i < c->n_feature; i++) {
        sund_json_open(&j, NULL, '{');
        sund_json_str(&j, "id", c->feature[i].id);
        sund_json_str(&j, "observed", c->feature[i].absent ? "no" : "yes");
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    sund_json_open(&j, "genomicFeatures", '[');
    for (size_t i = 0; i < c->n_gene; i++) {
        sund_json_open(&j, NULL, '{');
        sund_json_open(&j, "gene", '{');
        sund_json_str(&j, "id", c->gene[i].gene);
        sund_json_close(&j, '}');
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    sund_json_close(&j, '}');
    sund_buf_nul(out);
    return sund_buf_ok(out, err);
}

/* ---- results of several nodes ---- */

typedef struct merged { const sund_jval *result; double score; size_t order; } merged;

static int by_score(const void *a, const void *b)
{
    const merged *x = a, *y = b;

    return x->score != y->score ? (x->score > y->score ? -1 : 1) : x->order < y->order ? -1 : x->order > y->order;
}

/** A value as it was read, member by member. */
static void again(sund_json *j, const char *key, const sund_jval *v, unsigned depth)
{
    const char *name;
    void       *at = NULL;
    int64_t     i;
    double      f;
    bool        b;

    if (depth > 20) {
        sund_json_null(j, key);
    }
    else if (sund_j_kind(v) == SUND_J_OBJECT) {
        sund_json_open(j, key, '{');
        for (const sund_jval *m; (m = sund_j_next(v, &at, &name)) != NULL;)
            again(j, name, m, depth + 1);
        sund_json_close(j, '}');
    }
    else if (sund_j_kind(v) == SUND_J_ARRAY) {
        sund_json_open(j, key, '[');
        for (size_t k = 0; k < sund_j_n(v); k++)
            again(j, NULL, sund_j_at(v, k), depth + 1);
        sund_json_close(j, ']');
    }
    else if (sund_j_str(v))
        sund_json_str(j, key, sund_j_str(v));
    else if (sund_j_int(v, &i))
        sund_json_i64(j, key, i);
    else if (sund_j_real(v, &f))
        sund_json_f64(j, key, f);
    else if (sund_j_bool(v, &b))
        sund_json_bool(j, key, b);
    else
        sund_json_null(j, key);
}

/** What came of each node; and what it found, into all. */
static size_t read_answers(const sund_mme_answer *a, size_t n, sund_jval **v, merged *all)
{
    size_t n_all = 0;

    for (size_t i = 0; i < n; i++) {
        const sund_jval *results = a[i].answered && sund_json_read(a[i].text.p, a[i].text.n, &v[i], NULL) == SUND_OK ? sund_j_get(v[i], "results") : NULL;

        for (size_t k = 0; k < sund_j_n(results) && k < SUND_MME_RESULTS; k++) {
            const sund_jval *r = sund_j_at(results, k);
            double           score;

            if (sund_j_real(sund_j_get(sund_j_get(r, "score"), "patient"), &score) && score >= 0 && score <= 1 && sund_j_kind(sund_j_get(r, "patient")) == SUND_J_OBJECT) {
                all[n_all] = (merged){ r, score, n_all };
                n_all++;
            }
        }
    }
    return n_all;
}

sund_code sund_mme_merge(const sund_mme_answer *a, size_t n, size_t max, sund_buf *out, sund_err *err)
{
    sund_jval **v = calloc(n + 1, sizeof *v);
    merged     *all = calloc(n * SUND_MME_RESULTS + 1, sizeof *all);
    size_t      n_all = v && all ? read_answers(a, n, v, all) : 0;
    sund_json   j;

    if (n_all)
        qsort(all, n_all, sizeof *all, by_score);
    sund_json_init(&j, out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "results", '[');
    for (size_t i = 0; i < n_all && i < max; i++)
        again(&j, NULL, all[i].result, 0);
    sund_json_close(&j, ']');
    sund_json_open(&j, "_nodes", '[');
    for (size_t i = 0; i < n; i++) {
        sund_json_open(&j, NULL, '{');
        sund_json_str(&j, "node", a[i].node);
        sund_json_bool(&j, "answered", a[i].answered);
        if (!a[i].answered)
            sund_json_str(&j, "why", a[i].why);
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    for (size_t i = 0; v && i < n; i++)
        sund_jval_free(v[i]);
    free(all);
    if (!v || !all) {
        free(v);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    free(v);
    return sund_buf_ok(out, err);
}
