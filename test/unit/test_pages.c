/* Pages, over answers that are made here: what is shown to whom, and what is asked for whom. Answers against the specification's schemas: federation/beacon.t. */
#include "api/face.h"
#include "base/jsonread.h"
#include "base/log.h"
#include "gate/gate_priv.h"
#include "test.h"

typedef struct seat { sund_db *db; sund_gate *gate; sund_identity me; } seat;

/** What the countries have of one variant. status 0: silent. */
typedef struct country { const char *id; bool open; sund_lookup_status status; int64_t ac, an; } country;
typedef struct world { seat closed, open; size_t n; const country *c; char asked[600], by[64]; size_t n_asked; const char *no_sexes, *no_kinds; bool more, busy; unsigned on, last_on; double since_s[2]; } world; /* no_...: a country that does not tell them; on, last_on: assemblies that the countries tell, and this face does not know */

static void sit(seat *s, bool open)
{
    sund_thresholds t = sund_thresholds_default();

    t.open = open;
    memset(s, 0, sizeof *s);
    (void) snprintf(s->me.id, sizeof s->me.id, "DK");
    sund_sign_keypair(&s->me.pub, &s->me.key);
    CHECK(sund_db_open(&s->db, ":memory:", "", NULL) == SUND_OK && sund_gate_open(&s->gate, s->db, &s->me, &t, NULL) == SUND_OK);
}

static void stand(seat *s)
{
    sund_gate_close(s->gate);
    sund_db_close(s->db);
}

/** Half of the alleles are women's. */
static sund_lookup_counts counts_of(const world *w, const country *c)
{
    int64_t hom = w->no_kinds && strcmp(w->no_kinds, c->id) == 0 ? -1 : 1;

    return (sund_lookup_counts){ .status = c->status, .sexes = !(w->no_sexes && strcmp(w->no_sexes, c->id) == 0), .all = { c->ac, c->an, hom, hom, 0 }, .female = { c->ac / 2, c->an / 2, hom, hom, 0 }, .male = { c->ac - c->ac / 2, c->an - c->an / 2, hom, hom, 0 }, .an_covered = c->an };
}

static sund_code ask(void *ctx, const sund_caller *who, const char *question, sund_answers *out, sund_err *err)
{
    world      *w = ctx;
    const char *rest;

    (void) snprintf(w->asked, sizeof w->asked, "%s", question);
    (void) snprintf(w->by, sizeof w->by, "%s", who->name);
    w->since_s[w->n_asked++ > 0] = who->since_s;
    if (w->busy)
        return sund_fail(err, SUND_E_NOMEM, "too many questions at once");
    out->n = w->n;
    for (size_t i = 0; i < w->n; i++) {
        const seat        *s = w->c[i].open ? &w->open : &w->closed;
        sund_lookup_counts c = counts_of(w, &w->c[i]);
        sund_answer       *r = &out->row[i];

        (void) snprintf(r->node, sizeof r->node, "%s", w->c[i].id);
        r->ms = 5;
        r->shown = NULL;
        if (!w->c[i].status)
            continue;
        if (sund_question_verb(question, &rest) == SUND_ASK_INTERPRETATIONS) {
            const char *text = i ? "no json" : "{\"interpretations\":[{\"class\":\"LP\",\"condition\":\"OMIM:604370\",\"laboratory\":\"one\"},{\"class\":\"odd\"},{\"class\":\"B\",\"condition\":\"\",\"laboratory\":\"two\\u0007\"}]}";

            SUND_TRY(sund_shown_text(s->gate, SUND_ASK_INTERPRETATIONS, text, strlen(text), &r->shown, err));
        }
        else if (sund_question_verb(question, &rest) == SUND_ASK_VARIANTS) {
            SUND_TRY(sund_shown_variants(s->gate, 100, &r->shown, err));
            SUND_TRY(sund_shown_add(r->shown, "20-200-A-G", &c, true, err));
            if (w->more)
                sund_shown_more(r->shown);
            sund_shown_place_on(r->shown, i + 1 == w->n ? w->last_on : w->on);
        }
        else if (sund_question_verb(question, &rest) == SUND_ASK_CARRIERS && strncmp(rest, "public", 6) == 0 && !w->c[i].open)
            SUND_TRY(sund_shown_refused(SUND_ASK_CARRIERS, "log in", &r->shown, err));
        else if (sund_question_verb(question, &rest) == SUND_ASK_CARRIERS)
            SUND_TRY(sund_shown_carriers(s->gate, "v of c", &(sund_lookup_counts){ .status = w->c[i].status, .all = { w->c[i].ac, w->c[i].an, w->c[i].open ? 2 : -1, -1, 0 } }, 100, &r->shown, err));
        else
            SUND_TRY(sund_shown_people(s->gate, sund_question_verb(question, &rest), w->c[i].an / 2, &r->shown, err));
    }
    return SUND_OK;
}

static sund_code bearer(void *ctx, const char *token, sund_caller *out, sund_err *err)
{
    (void) ctx;
    if (strcmp(token, "good") != 0)
        return sund_fail(err, SUND_E_DENIED, "the token has expired");
    (void) snprintf(out->name, sizeof out->name, "login-0011223344556677");
    out->registered = true;
    return SUND_OK;
}

/* ---- a request ---- */

typedef struct wire { const char *query, *token; } wire;

static size_t get_parameters(const sund_request *r, sund_parameter *out, size_t cap)
{
    static char names[64][600];
    const wire *w = r->priv;
    size_t      n = 0;

    for (const char *p = w->query; p && *p && n < cap; p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL, n++) {
        size_t len = strcspn(p, "=&");

        (void) snprintf(names[n], sizeof names[n], "%.*s%c%.*s", (int) len, p, 0, (int) strcspn(p + len, "&"), p + len);
        out[n] = (sund_parameter){ names[n], names[n] + len + (p[len] == '=' ? 2 : 1) };
    }
    return n;
}

static const char *get_header(const sund_request *r, const char *name)
{
    const wire *w = r->priv;

    return strcmp(name, "Authorization") == 0 ? w->token : NULL;
}

static sund_limits *limits; /* NULL: as often as one likes */

/** The answer as JSON; *status of HTTP. Owns: sund_jval_free(). */
static sund_jval *get(world *w, bool hub, const char *path, const char *query, const char *body, const char *token, int *status)
{
    wire          line = { query, token };
    sund_face     f = { .limits = limits, .id = "org.example", .name = "n", .about = "a", .organisation = "o", .contact = "", .welcome = "https://example.org", .url = "https://example.org", .environment = "test", .version = "0",
                        .total = hub ? "north" : NULL, .assembly = w->on ? SUND_ASSEMBLY_NONE : SUND_GRCH37, .ask = ask, .bearer = bearer, .ctx = w };
    sund_request  in = { .method = body ? "POST" : "GET", .path = path, .body = (const uint8_t *) body, .n_body = body ? strlen(body) : 0, .parameters = get_parameters, .header = get_header, .priv = &line };
    sund_response out = { .status = 0 };
    sund_jval    *v = NULL;

    w->n_asked = 0;
    CHECK(sund_face_answer(&f, &in, &out));
    CHECK(!out.body.bad && sund_json_read(out.body.p, out.body.n, &v, NULL) == SUND_OK);
    if (out.status == 401)
        CHECK(out.n_header == 1 && strcmp(out.header[0].name, "WWW-Authenticate") == 0 && strncmp(out.header[0].value, "Bearer", 6) == 0);
    if (out.status == 429 || out.status == 503)
        CHECK(out.n_header == 1 && strcmp(out.header[0].name, "Retry-After") == 0);
    *status = out.status;
    sund_buf_free(&out.body);
    return v;
}

static const sund_jval *set_of(const sund_jval *v, const char *id)
{
    const sund_jval *sets = sund_j_get(sund_j_get(v, "response"), "resultSets");

    for (size_t i = 0; i < sund_j_n(sets); i++)
        if (strcmp(sund_j_text(sund_j_at(sets, i), "id"), id) == 0)
            return sund_j_at(sets, i);
    return NULL;
}

/** The frequency of a population in a set; NULL: there is none. */
static const sund_jval *frequency_of(const sund_jval *v, const char *id, const char *population)
{
    const sund_jval *f = sund_j_get(sund_j_at(sund_j_get(sund_j_at(sund_j_get(set_of(v, id), "results"), 0), "frequencyInPopulations"), 0), "frequencies");
    size_t           i = 0;

    while (i < sund_j_n(f) && strcmp(sund_j_text(sund_j_at(f, i), "population"), population) != 0)
        i++;
    return i < sund_j_n(f) ? sund_j_at(f, i) : NULL;
}

/** "AC/AN" of a population in a set; "" where there is none. */
static const char *alleles(const sund_jval *v, const char *id, const char *population)
{
    static char      text[60];
    const sund_jval *f = frequency_of(v, id, population);
    int64_t          ac, an;

    text[0] = 0;
    if (sund_j_int(sund_j_get(f, "alleleCount"), &ac) && sund_j_int(sund_j_get(f, "alleleNumber"), &an))
        (void) snprintf(text, sizeof text, "%lld/%lld", (long long) ac, (long long) an);
    return text;
}

static const char *node_status(const sund_jval *v, size_t i) { return sund_j_text(sund_j_at(sund_j_get(sund_j_get(v, "info"), "nodes"), i), "status"); }
static bool        exists(const sund_jval *v) { bool yes = false; return sund_j_bool(sund_j_get(sund_j_get(v, "responseSummary"), "exists"), &yes) && yes; }

#define Q "referenceName=20&start=199&referenceBases=A&alternateBases=G"

/** Answers are those of the first n of c, until they are set anew. */
static void begin(world *w, const country *c, size_t n)
{
    memset(w, 0, sizeof *w);
    w->c = c;
    w->n = n;
    CHECK(sund_crypto_init(NULL) == SUND_OK);
    sit(&w->closed, false);
    sit(&w->open, true);
}

static void end(world *w)
{
    stand(&w->closed);
    stand(&w->open);
}

TEST(a_countrys_own_numbers_are_for_whoever_has_logged_in)
{
    static const country three[] = { { "DK", false, SUND_LOOKUP_COUNTED, 40, 1000 }, { "FI", false, SUND_LOOKUP_COUNTED, 30, 1000 }, { "SE", false, SUND_LOOKUP_COUNTED, 20, 2000 }, { "NO", true, SUND_LOOKUP_COUNTED, 3, 100 } };
    static world         w;
    int                  status;
    sund_jval           *v;

    begin(&w, three, 4);
    v = get(&w, true, "/beacon/g_variants", Q, NULL, NULL, &status);
    CHECK(status == 200 && exists(v) && strcmp(w.by, "anonymous") == 0 && strcmp(w.asked, "variants 20-200-A-G") == 0);
    CHECK(!set_of(v, "DK") && !set_of(v, "SE") && strcmp(alleles(v, "NO", "NO"), "3/100") == 0); /* open data of few alleles are shown */
    CHECK(strcmp(alleles(v, "north", "Total"), "93/4100") == 0 && strcmp(alleles(v, "north", "F"), "46/2050") == 0);
    CHECK(strcmp(node_status(v, 0), "log-in") == 0 && strcmp(node_status(v, 3), "counted") == 0);
    sund_jval_free(v);
    v = get(&w, true, "/beacon/g_variants", Q, NULL, "Bearer good", &status);
    CHECK(strcmp(w.by, "login-0011223344556677") == 0 && strcmp(alleles(v, "DK", "DK"), "40/1000") == 0 && strcmp(alleles(v, "SE", "SE_M"), "10/1000") == 0 && strcmp(node_status(v, 0), "counted") == 0);
    sund_jval_free(v);
    /* two of them: the total would tell each the other's, and who knows the open one all of them */
    w.c = three + 1;
    w.n = 3;
    v = get(&w, true, "/beacon/g_variants", Q, NULL, NULL, &status);
    CHECK(!set_of(v, "north") && set_of(v, "NO") && !set_of(v, "FI"));
    sund_jval_free(v);
    /* at a node */
    w.n = 1;
    v = get(&w, false, "/beacon/g_variants", Q "&includeResultsetResponses=ALL", NULL, NULL, &status);
    CHECK(status == 200 && !exists(v) && set_of(v, "FI") && !sund_j_get(set_of(v, "FI"), "info") && strcmp(alleles(v, "FI", "FI"), "") == 0 && strcmp(node_status(v, 0), "log-in") == 0);
    sund_jval_free(v);
    v = get(&w, false, "/beacon/g_variants", Q, NULL, "Bearer good", &status);
    CHECK(exists(v) && strcmp(alleles(v, "FI", "FI"), "30/1000") == 0);
    sund_jval_free(v);
    end(&w);
}

/** The same to whoever has not logged in, byte for byte: a country that hides, one that shows, one that has nobody. */
TEST(who_has_not_logged_in_does_not_hear_whether_a_number_is_hidden)
{
    static const country c[] = { { "FI", false, SUND_LOOKUP_COUNTED, 30, 1000 }, { "FI", false, SUND_LOOKUP_COUNTED, 3, 1000 }, { "FI", false, SUND_LOOKUP_COUNTED, 0, 1000 } };
    static world         w;
    sund_buf             first = { 0 };

    begin(&w, NULL, 1);
    for (size_t i = 0; i < 3; i++) {
        wire          line = { Q "&includeResultsetResponses=ALL", NULL };
        sund_face     f = { .id = "org.example", .name = "n", .about = "a", .organisation = "o", .contact = "", .welcome = "w", .url = "u", .environment = "test", .version = "0", .assembly = SUND_GRCH37, .ask = ask, .bearer = bearer, .ctx = &w };
        sund_request  in = { .method = "GET", .path = "/g_variants", .parameters = get_parameters, .header = get_header, .priv = &line };
        sund_response out = { .status = 0 };

        w.c = c + i;
        CHECK(sund_face_answer(&f, &in, &out) && out.status == 200);
        if (i == 0)
            sund_buf_put(&first, out.body.p, out.body.n);
        else
            CHECK(out.body.n == first.n && memcmp(out.body.p, first.p, first.n) == 0);
        sund_buf_free(&out.body);
    }
    sund_buf_free(&first);
    end(&w);
}

/** Faults that others' systems have. */
TEST(sums_are_of_counts_and_of_the_allele_that_was_asked_for)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 }, { "FI", true, SUND_LOOKUP_COUNTED, 30, 3000 }, { "SE", true, SUND_LOOKUP_COUNTED, 900, 1000 }, { "NO", true, 0, 0, 0 } };
    static world         w;
    int                  status;
    double               af;
    int64_t              n;
    sund_jval           *v;

    begin(&w, c, 2);
    v = get(&w, true, "/g_variants", Q, NULL, NULL, &status);
    CHECK(strcmp(alleles(v, "north", "Total"), "40/4000") == 0 && strcmp(alleles(v, "north", "F"), "20/2000") == 0 && strcmp(alleles(v, "north", "M"), "20/2000") == 0);
    CHECK(sund_j_int(sund_j_get(set_of(v, "DK"), "resultsCount"), &n) && n == 1 && sund_j_n(sund_j_get(sund_j_get(v, "response"), "resultSets")) == 3); /* each data set once */
    sund_jval_free(v);
    w.n = 3; /* 0.01, 0.01 and 0.9: 0.188 together; folded to the minor allele before, 0.028 */
    v = get(&w, true, "/g_variants", Q, NULL, NULL, &status);
    CHECK(strcmp(alleles(v, "north", "Total"), "940/5000") == 0);
    CHECK(sund_j_real(sund_j_get(frequency_of(v, "north", "Total"), "alleleFrequency"), &af) && fabs(af - 0.188) < 1e-15);
    sund_jval_free(v);
    for (int more = 0; more < 2; more++) { /* than the answer holds: which is said */
        w.more = more;
        v = get(&w, true, "/g_variants", Q, NULL, NULL, &status);
        CHECK((sund_j_text(v, "warning") != NULL) == more);
        sund_jval_free(v);
    }
    w.n = 4; /* one is silent: it is named, and nothing is called the total */
    v = get(&w, true, "/g_variants", Q, NULL, NULL, &status);
    CHECK(!set_of(v, "north") && set_of(v, "DK") && strcmp(node_status(v, 3), "timeout") == 0);
    sund_jval_free(v);
    end(&w);
}

/** One country's sexes or zygosities that are not told are not told of all together either: a sum over the others would pass for theirs. */
TEST(what_one_country_does_not_say_the_total_does_not_say)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 }, { "FI", true, SUND_LOOKUP_COUNTED, 30, 3000 } };
    static world         w;
    int                  status;
    sund_jval           *v;

    begin(&w, c, 2);
    for (int kinds = 0; kinds < 2; kinds++) {
        *(kinds ? &w.no_kinds : &w.no_sexes) = "FI";
        *(kinds ? &w.no_sexes : &w.no_kinds) = NULL;
        v = get(&w, true, "/g_variants", Q, NULL, NULL, &status);
        CHECK(strcmp(alleles(v, "north", "Total"), "40/4000") == 0 && strcmp(alleles(v, "north", "F"), kinds ? "20/2000" : "") == 0 && strcmp(alleles(v, "north", "M"), kinds ? "20/2000" : "") == 0 && strcmp(alleles(v, "DK", "DK_F"), "5/500") == 0);
        CHECK((sund_j_get(frequency_of(v, "north", "Total"), "alleleCountHomozygous") != NULL) == !kinds && sund_j_get(frequency_of(v, "DK", "DK"), "alleleCountHomozygous"));
        CHECK(!sund_j_get(frequency_of(v, "north", "F"), "alleleCountHomozygous") && !sund_j_get(frequency_of(v, "north", "M"), "alleleCountHomozygous"));
        sund_jval_free(v);
    }
    end(&w);
}

TEST(people_are_counted_for_whom_they_may_be)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 0, 24 }, { "FI", false, SUND_LOOKUP_COUNTED, 0, 204 }, { "SE", false, SUND_LOOKUP_COUNTED, 0, 12 } };
    static world         w;
    int                  status;
    int64_t              n;
    sund_jval           *v;

    begin(&w, c, 3);
    v = get(&w, true, "/individuals", "filters=ICD10:E10", NULL, "Bearer good", &status);
    CHECK(!strstr(w.asked, "good") && !strstr(w.by, "good")); /* the token goes no further */
    CHECK(strcmp(w.asked, "people has ICD10:E10") == 0 && exists(v) && sund_j_int(sund_j_get(sund_j_get(v, "responseSummary"), "numTotalResults"), &n) && n == 12 + 100); /* exact where open, in fives elsewhere */
    CHECK(sund_j_int(sund_j_get(set_of(v, "FI"), "resultsCount"), &n) && n == 100 && strcmp(node_status(v, 2), "withheld") == 0 && !set_of(v, "SE"));
    sund_jval_free(v);
    w.n = 1;
    v = get(&w, true, "/individuals", "filters=ICD10:E10", NULL, NULL, &status);
    CHECK(strcmp(w.asked, "public has ICD10:E10") == 0 && strcmp(w.by, "anonymous") == 0); /* nodes of closed data do not answer that verb */
    sund_jval_free(v);
    v = get(&w, true, "/individuals/DK001", "", NULL, "Bearer good", &status);
    CHECK(status == 403 && w.n_asked == 0);
    sund_jval_free(v);
    end(&w);
}

/** Of data that are not open: yes or no, and copies. */
TEST(carriers_are_people_where_data_are_open_and_copies_elsewhere)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 12, 200 }, { "FI", false, SUND_LOOKUP_COUNTED, 35, 400 }, { "SE", false, SUND_LOOKUP_BELOW, 0, 0 } };
    static world         w;
    int                  status;
    int64_t              n;
    sund_jval           *v;

    begin(&w, c, 3);
    v = get(&w, true, "/g_variants/20-200-A-G/individuals", "filters=ICD10:E10", NULL, "Bearer good", &status);
    CHECK(status == 200 && strcmp(w.asked, "carriers 20-200-A-G has ICD10:E10") == 0 && exists(v) && sund_j_int(sund_j_get(sund_j_get(v, "responseSummary"), "numTotalResults"), &n) && n == 10); /* two carry it twice */
    CHECK(sund_j_int(sund_j_get(set_of(v, "DK"), "resultsCount"), &n) && n == 10 && !sund_j_get(sund_j_get(set_of(v, "DK"), "info"), "alleleCount"));
    CHECK(sund_j_int(sund_j_get(set_of(v, "FI"), "resultsCount"), &n) && n == 17 && sund_j_int(sund_j_get(sund_j_get(set_of(v, "FI"), "info"), "alleleCount"), &n) && n == 35 && strcmp(node_status(v, 2), "withheld") == 0 && !set_of(v, "SE"));
    sund_jval_free(v);
    v = get(&w, true, "/individuals", Q "&requestedGranularity=boolean", NULL, "Bearer good", &status);
    CHECK(strcmp(w.asked, "carriers 20-200-A-G all") == 0 && exists(v) && !sund_j_get(sund_j_get(v, "responseSummary"), "numTotalResults") && !set_of(v, "FI"));
    sund_jval_free(v);
    w.c = c + 1;
    w.n = 2; /* none of them open */
    v = get(&w, true, "/g_variants/20-200-A-G/individuals", "", NULL, "Bearer good", &status);
    CHECK(exists(v) && strcmp(sund_j_text(sund_j_get(v, "meta"), "returnedGranularity"), "boolean") == 0 && !sund_j_get(sund_j_get(v, "responseSummary"), "numTotalResults"));
    sund_jval_free(v);
    v = get(&w, true, "/g_variants/20-200-A-G/biosamples", "includeResultsetResponses=ALL", NULL, NULL, &status);
    CHECK(strcmp(w.asked, "carriers public 20-200-A-G all") == 0 && !exists(v) && strcmp(node_status(v, 0), "refused") == 0);
    sund_jval_free(v);
    v = get(&w, true, "/individuals", "referenceName=20&start=100&end=900", NULL, "Bearer good", &status);
    CHECK(status == 400 && w.n_asked == 0);
    sund_jval_free(v);
    end(&w);
}

TEST(a_token_that_does_not_hold_is_refused_and_nothing_is_asked)
{
    static const char *const bad[] = { "Bearer expired", "Bearer ", "Basic Z29vZA==", "Digest good", "good", "" }, *const pages[] = { "/g_variants", "/individuals", "/datasets", "/cohorts", "/filtering_terms", "/g_variants/20-200-A-G/individuals" };
    static const country     c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 } };
    static world             w;

    begin(&w, c, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t k = 0; k < sizeof pages / sizeof pages[0]; k++) {
            int        status;
            int64_t    code;
            sund_jval *v = get(&w, true, pages[k], Q, NULL, bad[i], &status);

            CHECK(status == 401 && w.n_asked == 0 && sund_j_int(sund_j_get(sund_j_get(v, "error"), "errorCode"), &code) && code == 401);
            sund_jval_free(v);
        }
    end(&w);
}

/** From whatever addresses it asks. */
TEST(one_login_may_ask_so_often)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 } };
    static world         w;
    int                  status, n = 0;

    begin(&w, c, 1);
    CHECK(sund_limits_new(&limits, &(sund_limits_config){ 0.01, true, "" }, NULL) == SUND_OK);
    for (int i = 0; i < 3; i++) {
        sund_jval *v = get(&w, true, "/g_variants", Q, NULL, "Bearer good", &status);

        n += status == 200;
        CHECK(i == 0 || (status == 429 && w.n_asked == 0 && strstr(sund_j_text(sund_j_get(v, "error"), "errorMessage"), "too")));
        sund_jval_free(v);
    }
    CHECK(n == 1);
    sund_jval_free(get(&w, true, "/g_variants", Q, NULL, NULL, &status));
    CHECK(status == 200); /* others are counted by their addresses, before a page is looked for */
    sund_limits_free(limits);
    limits = NULL;
    w.busy = true; /* there is no room for one more question: not the asker's fault */
    for (int people = 0; people < 2; people++) {
        sund_jval_free(get(&w, true, people ? "/individuals" : "/g_variants", people ? "" : Q, NULL, NULL, &status));
        CHECK(status == 503);
    }
    end(&w);
}

#define BODY(filters) "{\"query\":{\"filters\":" filters ",\"requestParameters\":{\"referenceName\":\"20\",\"start\":[199],\"referenceBases\":\"A\",\"alternateBases\":\"G\"}}}"

/** As GDI's portal asks for people of one sex or one country. */
TEST(filters_of_populations_choose_among_what_is_shown)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 }, { "FI", true, SUND_LOOKUP_COUNTED, 30, 3000 } };
    static world         w;
    int                  status;
    sund_jval           *v;

    begin(&w, c, 2);
    v = get(&w, true, "/v2.0.0/g_variants", "", BODY("[{\"id\":\"sexFilter\",\"operator\":\"=\",\"value\":\"M\",\"scope\":\"population\"}]"), NULL, &status);
    CHECK(status == 200 && strcmp(alleles(v, "DK", "DK_M"), "5/500") == 0 && !alleles(v, "DK", "DK")[0] && !alleles(v, "DK", "DK_F")[0] && strcmp(alleles(v, "north", "M"), "20/2000") == 0);
    sund_jval_free(v);
    v = get(&w, true, "/g_variants", "", BODY("[{\"id\":\"countryFilter\",\"operator\":\"=\",\"value\":\"FI\",\"scope\":\"population\"},{\"id\":\"sexFilter\",\"value\":\"F\"}]"), NULL, &status);
    CHECK(status == 200 && strcmp(alleles(v, "FI", "FI_F"), "15/1500") == 0 && !alleles(v, "FI", "FI")[0] && !set_of(v, "DK") && !set_of(v, "north"));
    sund_jval_free(v);
    v = get(&w, true, "/g_variants", "", BODY("[{\"id\":\"countryFilter\",\"operator\":\"=\",\"value\":\"NO\",\"scope\":\"population\"}]"), NULL, &status);
    CHECK(status == 200 && !exists(v) && !set_of(v, "DK"));
    sund_jval_free(v);
    end(&w);
}

#define TEN(x) x x x x x x x x x x
#define WORD   "\"ICD10:" TEN("01234") "\","

/** One rule for all pages. */
TEST(what_a_page_does_not_take_is_refused_by_name_and_nothing_is_asked)
{
    static const struct { const char *path, *query, *body, *says; } bad[] = {
        { "/beacon/datasets", "bogus=1", NULL, "bogus" },           { "/beacon/info", "bogus=1", NULL, "bogus" },
        { "/beacon/datasets", "filters=ICD10:E10", NULL, "filters" }, { "/g_variants", Q "&filters=ICD10:E10", NULL, "carry it" },
        { "/g_variants", Q "&mateName=21", NULL, "mateName" },       { "/g_variants", Q "&limit=1&limit=2", NULL, "twice" },
        { "/g_variants", "geneId=INS&geneid=HBB", NULL, "'geneId' and 'geneid' are one" }, { "/g_variants", "allele=20-200-A-G&genomicAlleleShortForm=20-300-A-G", NULL, "given twice" },
        { "/g_variants", "geneId=INS&aminoacidChange=V1A&aminoacidchange=V1A", NULL, "given twice" }, { "/datasets", "requestedSchema=a&requestedSchemas=b", NULL, "given twice" },
        { "/g_variants", "", "{\"query\":{\"requestParameters\":{\"geneid\":\"INS\",\"geneId\":\"HBB\"}}}", "given twice" },
        { "/g_variants", "", "{\"query\":{\"requestParameters\":{\"g_variant\":{\"genomicAlleleShortForm\":\"20-200-A-G\",\"allele\":\"20-200-A-G\"}}}}", "given twice" },
        { "/g_variants/20-200-A-G", Q, NULL, "referenceName" },      { "/filtering_terms", "q=x", NULL, "skip, limit" },
        { "/individuals", "Filters=ICD10:E10", NULL, "Filters" },    { "/individuals", "filters=ICD10:E10", "{}", "body" },
        { "/individuals", "", "{\"query\":{\"filter\":[]}}", "filter" }, { "/g_variants", "", "{\"query\":{\"requestParameters\":{\"g_variant\":{},\"start\":[1]}}}", "alone" },
        { "/g_variants", "", "{\"query\":{\"requestParameters\":{\"referenceName\":\"20\",\"begin\":[1]}}}", "begin" }, { "/datasets", "", "{\"query\":{\"requestParameters\":{\"start\":[1]}}}", "start" },
        { "/g_variants", "", "{\"query\":{\"pagination\":{\"nextPage\":\"x\"},\"requestParameters\":{}}}", "nextPage" }, { "/datasets", "", "{\"query\":{\"filters\":[\"ICD10:E10\"]}}", "filters" },
        { "/g_variants", "", BODY("[\"ICD10:E10\"]"), "carry it" }, { "/g_variants", "", BODY("[{\"id\":\"sexFilter\",\"operator\":\"=\",\"value\":\"X\"}]"), "F or M" },
        { "/g_variants", "", BODY("[{\"id\":\"countryFilter\",\"operator\":\">\",\"value\":\"DK\"}]"), "countryFilter = DK" },
        { "/g_variants", "", BODY("[{\"id\":\"sexFilter\",\"value\":\"F\"},{\"id\":\"sexFilter\",\"value\":\"M\"}]"), "once" }, { "/g_variants", "", BODY("[{\"id\":\"countryFilter\",\"value\":\"DK\"},{\"id\":\"countryFilter\",\"value\":\"FI\"}]"), "once" },
        { "/g_variants", Q "&end=205", NULL, "not where" },          { "/g_variants", "referenceName=NC_000020.10&assemblyId=GRCh38&start=199&end=210", NULL, "assemblyId says GRCh38" },
        { "/g_variants", "referenceName=20&start=250,150&end=150,250", NULL, "FROM below TO" }, { "/g_variants", "referenceName=20&start=150,250&end=250,250", NULL, "FROM below TO" },
        { "/g_variants", "referenceName=20&start=1,2,3&end=9", NULL, "one or two" }, { "/g_variants", "referenceName=20&start=9&end=9", NULL, "behind 'start'" },
        { "/g_variants", "aminoacidChange=V600E", NULL, "'geneId' too" }, { "/g_variants", Q "&limit=-1", NULL, "'limit'" }, { "/g_variants", Q "&skip=1073741825", NULL, "'skip'" },
        { "/g_variants", "", "{\"query\":{\"pagination\":{\"limit\":-1},\"requestParameters\":{}}}", "'limit'" }, { "/g_variants", "", "{\"query\":{\"pagination\":{\"skip\":2000000000},\"requestParameters\":{}}}", "'skip'" },
        { "/individuals", "", "{\"query\":{\"filters\":[" TEN(TEN("\"ICD10:E10\",")) "\"ICD10:E10\"]}}", "at most" }, { "/individuals", "", "{\"query\":{\"filters\":[" TEN(WORD WORD WORD WORD WORD WORD) WORD WORD "\"ICD10:E10\"]}}", "too long together" },
        { "/individuals", TEN(TEN("filters=x:1&")) "filters=x:1", NULL, "at most" }, { "/individuals", "filters=" TEN(TEN("HP:1,")) "HP:1", NULL, "at most" } };
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 } };
    static world         w;

    begin(&w, c, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int         status;
        sund_jval  *v = get(&w, true, bad[i].path, bad[i].query, bad[i].body, NULL, &status);
        const char *why = sund_j_text(sund_j_get(v, "error"), "errorMessage");

        CHECK(status == (why && strstr(why, "too long") ? 413 : 400) && w.n_asked == 0 && why && strstr(why, bad[i].says));
        if (!why || !strstr(why, bad[i].says))
            fprintf(stderr, "# %s: %s\n", bad[i].says, why ? why : "answered");
        sund_jval_free(v);
    }
    end(&w);
}

/** As generated clients write lists. */
TEST(lists_may_be_given_several_times)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 } };
    static world         w;
    int                  status;

    begin(&w, c, 1);
    sund_jval_free(get(&w, true, "/individuals", "filters=ICD10:E10&filters=NCIT:C16576,age>=40", NULL, NULL, &status));
    CHECK(status == 200 && strcmp(w.asked, "public has ICD10:E10 and sex = F and age >= 40") == 0);
    sund_jval_free(get(&w, true, "/g_variants", "referenceName=20&start=150&start=250&end=150&end=250", NULL, NULL, &status));
    CHECK(status == 200 && strcmp(w.asked, "variants 20:151-250 ends=151-250") == 0);
    sund_jval_free(get(&w, true, "/g_variants", "referenceName=20&start=150&start=250,300", NULL, NULL, &status));
    CHECK(status == 400);
    sund_jval_free(get(&w, true, "/g_variants", Q "&variantType=SNP", NULL, NULL, &status)); /* a type that the alleles have adds nothing */
    CHECK(status == 200 && strcmp(w.asked, "variants 20-200-A-G") == 0);
    sund_jval_free(get(&w, true, "/g_variants", Q "&variantType=DEL", NULL, NULL, &status)); /* and one that they have not is nobody's */
    CHECK(status == 200 && strcmp(w.asked, "variants 20:200-200 type=DEL ref=A alt=G") == 0);
    end(&w);
}

TEST(a_record_s_own_page_has_what_laboratories_say)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 }, { "FI", true, SUND_LOOKUP_COUNTED, 30, 3000 }, { "SE", true, 0, 0, 0 } };
    static world         w;
    int                  status;
    const sund_jval     *of;
    sund_jval           *v;

    begin(&w, c, 2);
    v = get(&w, true, "/g_variants/20-200-A-G", "", NULL, "Bearer good", &status);
    CHECK(w.since_s[0] > sund_time_mono_s() - 5 && w.since_s[0] == w.since_s[1]); /* both within one deadline */
    CHECK(status == 200 && w.n_asked == 2 && strcmp(w.asked, "interpretations 20-200-A-G") == 0); /* what is public: nobody here is a member who was verified */
    of = sund_j_get(sund_j_get(sund_j_at(sund_j_get(set_of(v, "DK"), "results"), 0), "variantLevelData"), "clinicalInterpretations");
    CHECK(sund_j_n(of) == 2 && strcmp(sund_j_text(sund_j_at(of, 0), "clinicalRelevance"), "likely pathogenic") == 0 && strcmp(sund_j_text(sund_j_get(sund_j_at(of, 0), "effect"), "id"), "OMIM:604370") == 0);
    CHECK(strcmp(sund_j_text(sund_j_at(of, 0), "laboratory"), "one") == 0 && strcmp(sund_j_text(sund_j_at(of, 1), "conditionId"), "MedGen:C3661900") == 0 && !sund_j_get(sund_j_at(of, 1), "laboratory")); /* which is no text */
    CHECK(!sund_j_get(sund_j_at(sund_j_get(set_of(v, "FI"), "results"), 0), "variantLevelData") && sund_j_get(sund_j_at(sund_j_get(set_of(v, "north"), "results"), 0), "variantLevelData"));
    CHECK(sund_j_n(sund_j_get(v, "beaconHandovers")) == 1);
    sund_jval_free(v);
    sund_jval_free(get(&w, true, "/g_variants", Q, NULL, NULL, &status)); /* the quick question is one */
    CHECK(w.n_asked == 1);
    w.n = 3; /* a silent node is not waited for again */
    sund_jval_free(get(&w, true, "/g_variants/20-200-A-G", "", NULL, NULL, &status));
    CHECK(status == 200 && w.n_asked == 1);
    end(&w);
}

TEST(a_hub_that_was_not_told_its_assembly_takes_what_its_nodes_tell)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 }, { "FI", true, SUND_LOOKUP_COUNTED, 30, 3000 }, { "SE", true, 0, 0, 0 } };
    static const struct { unsigned on, last_on; size_t n; const char *hgvs; } is[] = { { 38, 38, 2, "NC_000020.11:g.200A>G" }, { 37, 37, 2, "NC_000020.10:g.200A>G" }, { 38, 0, 3, "NC_000020.11:g.200A>G" }, { 38, 37, 2, NULL }, { 38, 0, 2, NULL } };
    static world         w;
    int                  status;

    begin(&w, c, 2);
    for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) { /* of three, the last is silent; of two, it may tell another, or nothing */
        sund_jval  *v;
        const char *hgvs;

        w.n = is[i].n;
        w.on = is[i].on;
        w.last_on = is[i].last_on;
        v = get(&w, true, "/g_variants", Q, NULL, NULL, &status);
        hgvs = sund_j_text(sund_j_get(sund_j_at(sund_j_get(set_of(v, "DK"), "results"), 0), "identifiers"), "genomicHGVSId");
        CHECK(status == 200 && (is[i].hgvs ? hgvs && strcmp(hgvs, is[i].hgvs) == 0 : !hgvs));
        sund_jval_free(v);
    }
    end(&w);
}

/** A data set's own pages are that set's alone, and single people have none. */
TEST(pages_below_an_entry)
{
    static const country c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 }, { "FI", true, SUND_LOOKUP_COUNTED, 30, 3000 } };
    static const char *const single[] = { "/individuals/DK001", "/individuals/DK001/g_variants", "/individuals/DK001/biosamples", "/biosamples/DK001", "/biosamples/DK001/g_variants" };
    static const char *const none[] = { "/beacon/runs", "/beacon/analyses", "/beacon/biosamples/DK001/runs", "/beacon/datasets/DK/runs", "/beacon/g_variants/20-200-A-G/more", "/beacon/datasets//g_variants" };
    static world         w;
    int                  status;
    int64_t              n;
    sund_jval           *v;

    begin(&w, c, 2);
    v = get(&w, true, "/beacon/datasets/FI/g_variants", Q, NULL, NULL, &status);
    CHECK(status == 200 && strcmp(w.asked, "variants 20-200-A-G") == 0 && set_of(v, "FI") && !set_of(v, "DK") && !set_of(v, "north"));
    sund_jval_free(v);
    v = get(&w, true, "/beacon/cohorts/FI/individuals", "filters=ICD10:E10", NULL, NULL, &status);
    CHECK(status == 200 && sund_j_int(sund_j_get(sund_j_get(v, "responseSummary"), "numTotalResults"), &n) && n == 1500 && !set_of(v, "DK") && strcmp(sund_j_text(set_of(v, "FI"), "setType"), "cohort") == 0);
    sund_jval_free(v);
    v = get(&w, true, "/beacon/datasets/NO/individuals", "", NULL, NULL, &status);
    CHECK(status == 404);
    sund_jval_free(v);
    for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
        v = get(&w, true, single[i], "", NULL, "Bearer good", &status);
        CHECK(status == 403 && w.n_asked == 0);
        sund_jval_free(v);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        v = get(&w, true, none[i], "", NULL, NULL, &status);
        CHECK(status == 404 && w.n_asked == 0);
        sund_jval_free(v);
    }
    end(&w);
}

TEST(whatever_is_in_a_body_the_answer_is_json)
{
    static const char *const body[] = { "{\"query\":{\"requestParameters\":{\"geneId\":[[[[[[[[[[\"x\"]]]]]]]]]]}}}", "{\"query\":{\"requestParameters\":{\"referenceName\":{\"a\":1},\"start\":[[1]]}}}",
                                        "{\"query\":{\"requestParameters\":{\"referenceName\":\"20\",\"start\":[199],\"end\":[200],\"assemblyId\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"x\"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}}",
                                        "{\"query\":{\"filters\":[[1],{\"id\":[]},null]}}", "{\"query\":{\"requestParameters\":{\"referenceName\":\"20\\u0007\",\"start\":[-1]}}}" };
    static const country     c[] = { { "DK", true, SUND_LOOKUP_COUNTED, 10, 1000 } };
    static world             w;

    begin(&w, c, 1);
    {
        int        status;
        sund_jval *v = get(&w, true, "/g_variants", "", "{\"query\":{\"requestParameters\":{\"referenceName\":\"20\",\"start\":[199],\"referenceBases\":\"A\",\"alternateBases\":\"" TEN(TEN("AAA")) "\"}}}", NULL, &status);
        const sund_jval *said = sund_j_get(sund_j_get(sund_j_get(sund_j_get(v, "meta"), "receivedRequestSummary"), "requestParameters"), "g_variant");

        CHECK(status == 200 && sund_j_text(said, "referenceBases") && !sund_j_get(said, "alternateBases")); /* what is long is not said back */
        sund_jval_free(v);
    }
    for (size_t i = 0; i < sizeof body / sizeof body[0]; i++)
        for (int people = 0; people < 2; people++) {
            int        status;
            sund_jval *v = get(&w, true, people ? "/individuals" : "/g_variants", "", body[i], NULL, &status);

            CHECK(status == 400 || status == 200);
            CHECK(sund_j_get(v, "meta") && (status == 200) == (sund_j_get(v, "error") == NULL));
            sund_jval_free(v);
        }
    end(&w);
}
