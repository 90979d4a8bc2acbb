/* Asking matchmakers outside the federation: the gate's door for a case, what is in the request and what never is, its bounds; what a service answers, read as anybody's bytes; what the owner has of it. */
#include "base/file.h"
#include "base/jsonread.h"
#include "exchange/mme_found.h"
#include "gate/gate_priv.h"
#include "gate/ledger.h"
#include "net/web.h"
#include "scratch.h"
#include "test.h"

#define PSEUDONYM "0123456789abcdef0123456789abcdef"

/* ---- the door ---- */

typedef struct seat { sund_db *db; sund_identity me; sund_gate *gate; } seat;

/** In place: the gate keeps a pointer to the seat's identity. */
static void sit(seat *s)
{
    sund_thresholds t = sund_thresholds_default();

    memset(s, 0, sizeof *s);
    if (sund_crypto_init(NULL) != SUND_OK || sund_db_open(&s->db, ":memory:", "", NULL) != SUND_OK)
        abort();
    (void) snprintf(s->me.id, sizeof s->me.id, "FI");
    sund_sign_keypair(&s->me.pub, &s->me.key);
    if (sund_gate_open(&s->gate, s->db, &s->me, &t, NULL) != SUND_OK)
        abort();
}

static void stand(seat *s)
{
    sund_gate_close(s->gate);
    sund_db_close(s->db);
}

static const sund_beyond_part terms[] = { { "HP:0000004", "", false }, { "HP:0000005", "", true } };
static const sund_beyond_part genes[] = { { "NGLY1", "GRCh37:3-25761670-CA-C", false }, { "NGLY1", "", false }, { "MT-TL1", "GRCh38:MT-3243-A-G", false } };

static sund_beyond case_of(void)
{
    return (sund_beyond){ .matchmaker = "genematcher", .pseudonym = PSEUDONYM, .consent = true, .a_year = SUND_BEYOND_A_YEAR, .contact = "Clinical Genetics", .institution = "", .href = "mailto:genetics@example.org",
                          .feature = terms, .n_feature = 2, .gene = genes, .n_gene = 3 };
}

/** The request as text, or NULL where the gate refuses with that code. */
static char *ask(seat *s, const sund_beyond *c, sund_code want, sund_err *err)
{
    sund_leave    *l = NULL;
    size_t         n;
    const uint8_t *p;
    char          *text = NULL;
    sund_code      rc = sund_leave_beyond(s->gate, c, &l, err);

    CHECK(rc == want && (l != NULL) == (rc == SUND_OK));
    if (l) {
        p = sund_beyond_bytes(l, &n);
        text = strndup((const char *) p, n);
    }
    sund_leave_free(l);
    return text;
}

static int64_t rows(seat *s, const char *sql)
{
    int64_t n = -1;

    CHECK(sund_db_i64(s->db, &n, -1, NULL, sql, "") == SUND_OK);
    return n;
}

#define HEAD "{\"patient\":{\"id\":\"" PSEUDONYM "\",\"contact\":{\"name\":\"Clinical Genetics\",\"href\":\"mailto:genetics@example.org\"},\"species\":\"NCBITaxon:9606\"," \
             "\"features\":[{\"id\":\"HP:0000004\",\"observed\":\"yes\"},{\"id\":\"HP:0000005\",\"observed\":\"no\"}],\"genomicFeatures\":["

TEST(the_request_has_this_and_no_more)
{
    seat        s;
    sund_beyond c = case_of();
    sund_case  *read = malloc(sizeof *read);
    sund_err    err = { SUND_OK, "" };
    char       *text;

    sit(&s);
    text = ask(&s, &c, SUND_OK, &err);
    CHECK(text && strcmp(text, HEAD "{\"gene\":{\"id\":\"NGLY1\"}},{\"gene\":{\"id\":\"MT-TL1\"}}]}}") == 0); /* each gene once, no variant */
    CHECK(text && sund_mme_request(text, strlen(text), read, &err) == SUND_OK && read->n_feature == 2 && read->n_gene == 2 && read->feature[1].absent); /* another node reads it */
    free(text);
    c.variants = true; /* the standard has no name for the mitochondrion: that gene leaves alone */
    text = ask(&s, &c, SUND_OK, &err);
    CHECK(text && strcmp(text, HEAD "{\"gene\":{\"id\":\"NGLY1\"},\"variant\":{\"assembly\":\"GRCh37\",\"referenceName\":\"3\",\"start\":25761669,\"end\":25761671,\"referenceBases\":\"CA\",\"alternateBases\":\"C\"}},"
                                    "{\"gene\":{\"id\":\"MT-TL1\"}}]}}") == 0);
    CHECK(text && sund_mme_request(text, strlen(text), read, &err) == SUND_OK && strcmp(read->gene[0].variant, genes[0].variant) == 0);
    free(text);
    c.test = true;
    c.institution = "HUS";
    text = ask(&s, &c, SUND_OK, &err);
    CHECK(text && strstr(text, "\"test\":true,") && strstr(text, "\"institution\":\"HUS\""));
    free(text);
    free(read);
    stand(&s);
}

TEST(without_consent_to_just_that_nothing_leaves)
{
    seat        s;
    sund_beyond c = case_of();
    sund_err    err = { SUND_OK, "" };
    uint64_t    n = 1;

    sit(&s);
    c.consent = false;
    c.variants = true;
    (void) ask(&s, &c, SUND_E_DENIED, &err);
    CHECK(strstr(err.msg, "refused by rule beyond") && strstr(err.msg, "--consent-beyond"));
    c.consent = true;
    c.withdrawn = true;
    (void) ask(&s, &c, SUND_E_DENIED, &err);
    CHECK(strstr(err.msg, "withdrawn"));
    CHECK(sund_ledger_verify(s.db, &n, NULL, NULL) == SUND_OK && n == 0);
    stand(&s);
}

TEST(what_is_not_of_its_form_does_not_leave)
{
    static const char     *bad_id[] = { "HP:000004", "HP:00000041", "ORPHA:79301", "born 1980-01-01", "" };
    static const char     *bad_gene[] = { "", "A B", "NGLY1\"", "0123456789012345678901234567890123456789", "BRCA1:c.5266dup", "c.5266dup", "p.Arg175His", "17-43057063-A-G", "X-1000-A-G", "chrX_1000_A_G", "17:43057063", "rs80359550", "SCV000123456", "1980-01-02", "jane@example.org", "HGNC:", "HGNC:1100 b", "@" };
    static const char     *good_gene[] = { "NGLY1", "HGNC:1100", "ncbigene:672", "672", "ENSG00000012048.23", "ENSEMBL:ENSG00000012048", "HLA-DQB1-AS1", "HOXA@", "7SK", "5S_rRNA", "RP11-34P13.7", "C1orf112", "RSC1A1" };
    static const sund_beyond_part bad_variant[] = { { "SKI", "GRCh37:20-1-A-T,born 1980", false }, { "SKI", "1980-01-01", false }, { "SKI", "GRCh37:20-0-A-T", false }, { "SKI", "hg18:20-5-A-T", false }, { "SKI", "GRCh37:20-5-A-N", false } };
    seat                   s;
    sund_beyond            c = case_of();
    sund_beyond_part       one = { "", "", false };
    sund_err               err;

    sit(&s);
    c.feature = c.gene = &one;
    c.n_gene = 0;
    c.n_feature = 1;
    for (size_t i = 0; i < sizeof bad_id / sizeof *bad_id; i++) {
        one.id = bad_id[i];
        (void) ask(&s, &c, SUND_E_ARG, &err);
        CHECK(!bad_id[i][0] || !strstr(err.msg, bad_id[i])); /* nor is it repeated */
    }
    c.n_gene = 1;
    c.n_feature = 0;
    for (size_t i = 0; i < sizeof bad_gene / sizeof *bad_gene; i++) {
        one.id = bad_gene[i];
        (void) ask(&s, &c, SUND_E_ARG, &err);
    }
    for (size_t i = 0; i < sizeof good_gene / sizeof *good_gene; i++) {
        one.id = good_gene[i];
        free(ask(&s, &c, SUND_OK, &err));
        CHECK(sund_db_run(s.db, NULL, "DELETE FROM beyond", "") == SUND_OK);
    }
    c.variants = true;
    for (size_t i = 0; i < sizeof bad_variant / sizeof *bad_variant; i++) { /* the gene alone */
        char *text;

        c.gene = &bad_variant[i];
        text = ask(&s, &c, SUND_OK, &err);
        CHECK(text && strstr(text, "[{\"gene\":{\"id\":\"SKI\"}}]"));
        free(text);
    }
    c = case_of();
    c.n_feature = c.n_gene = 0;
    (void) ask(&s, &c, SUND_E_ARG, &err);
    c = case_of();
    c.pseudonym = "hospital-12";
    (void) ask(&s, &c, SUND_E_ARG, &err);
    c = case_of();
    c.contact = "Cli\x1b[2Jnic";
    (void) ask(&s, &c, SUND_E_ARG, &err);
    c = case_of();
    c.href = "javascript:alert(1)";
    (void) ask(&s, &c, SUND_E_ARG, &err);
    c = case_of();
    c.a_year = SUND_BEYOND_A_YEAR + 1; /* stricter, never looser */
    (void) ask(&s, &c, SUND_E_ARG, &err);
    stand(&s);
}

TEST(so_many_questions_a_year_and_a_day)
{
    seat        s;
    sund_beyond c = case_of();
    char        pseudonym[33];
    sund_err    err = { SUND_OK, "" };

    sit(&s);
    c.a_year = 2;
    for (int i = 0; i < 2; i++)
        free(ask(&s, &c, SUND_OK, &err));
    (void) ask(&s, &c, SUND_E_LIMIT, &err);
    CHECK(strstr(err.msg, "2 times in a year") && rows(&s, "SELECT COUNT(*) FROM beyond") == 2); /* what was refused is not counted */
    c.matchmaker = "decipher"; /* another one has a number of its own */
    free(ask(&s, &c, SUND_OK, &err));
    c.matchmaker = "genematcher";
    CHECK(sund_db_run(s.db, NULL, "UPDATE beyond SET at=at-?", "i", (int64_t) 364 * 86400) == SUND_OK);
    (void) ask(&s, &c, SUND_E_LIMIT, &err);
    CHECK(sund_db_run(s.db, NULL, "UPDATE beyond SET at=at-?", "i", (int64_t) 86400 + 1) == SUND_OK);
    free(ask(&s, &c, SUND_OK, &err));
    c.a_year = SUND_BEYOND_A_YEAR;
    c.pseudonym = pseudonym;
    for (int i = 1; i <= SUND_BEYOND_A_DAY; i++) { /* one was asked about already */
        (void) snprintf(pseudonym, sizeof pseudonym, "%032x", (unsigned) i);
        free(ask(&s, &c, i < SUND_BEYOND_A_DAY ? SUND_OK : SUND_E_LIMIT, &err));
    }
    CHECK(strstr(err.msg, "tomorrow"));
    stand(&s);
}

TEST(each_is_signed_and_in_the_log_and_what_was_not_sent_counts_no_more)
{
    seat           s;
    sund_beyond    c = case_of();
    sund_leave    *l = NULL, *other = NULL;
    sund_envelope  e = { .kind = SUND_MSG_POLL, .seq = 1 };
    sund_rows     *r = NULL;
    sund_cur       head;
    sund_err       err = { SUND_OK, "" };
    sund_web_peer  to = { "http://127.0.0.1:1", "token", "", "", 1 };
    sund_web_reply reply = { .status = 1 };
    uint64_t       n = 0;
    size_t         bytes;
    bool           more;

    sit(&s);
    CHECK(sund_leave_beyond(s.gate, &c, &l, &err) == SUND_OK && sund_ledger_verify(s.db, &n, NULL, NULL) == SUND_OK && n == 1);
    CHECK(rows(&s, "SELECT COUNT(*) FROM ledger WHERE kind='beyond' AND text LIKE 'left: a case, to matchmaker genematcher, % bytes, digest %'") == 1);
    CHECK(rows(&s, "SELECT COUNT(*) FROM ledger WHERE text LIKE '%HP:%' OR text LIKE '%NGLY1%' OR text LIKE '%" PSEUDONYM "%'") == 0);
    CHECK(sund_db_query(s.db, &r, NULL, "SELECT head FROM beyond", "") == SUND_OK && sund_rows_next(r, &more, NULL) == SUND_OK && more);
    head = sund_rows_blob(r, 0);
    CHECK(sund_envelope_read(&head, 1 << 16, &e, &err) == SUND_OK && sund_envelope_check_key(&e, &s.me.pub, &err) == SUND_OK && e.kind == SUND_MSG_BEYOND);
    CHECK(sund_beyond_bytes(l, &bytes) && e.n_body == bytes);
    sund_rows_close(r);
    CHECK(sund_web_match(&to, SUND_MME_TYPE, l, 100, &reply, &err) == SUND_E_UPSTREAM && !reply.sent); /* nobody listens there */
    CHECK(sund_beyond_unsent(s.gate, l, &err) == SUND_OK && rows(&s, "SELECT COUNT(*) FROM beyond") == 0 && sund_ledger_verify(s.db, &n, NULL, NULL) == SUND_OK && n == 2);
    CHECK(sund_beyond_unsent(s.gate, l, &err) == SUND_E_NOT_FOUND);
    e = (sund_envelope){ .kind = SUND_MSG_QUESTION, .seq = 1 };
    CHECK(sund_leave_protocol(s.gate, &e, "x", 1, &other, NULL) == SUND_OK && !sund_beyond_bytes(other, &bytes)); /* what left by another door goes to no matchmaker */
    CHECK(sund_web_match(&to, SUND_MME_TYPE, other, 100, &reply, &err) == SUND_E_ARG);
    sund_leave_free(other);
    sund_leave_free(l);
    CHECK(sund_gate_stop(s.db, "the committee called", NULL) == SUND_OK);
    (void) ask(&s, &c, SUND_E_IO, &err);
    CHECK(strstr(err.msg, "the committee called") && rows(&s, "SELECT COUNT(*) FROM beyond") == 0);
    stand(&s);
}

TEST(addresses)
{
    static const struct { const char *url; bool ok; } row[] = {
        { "https://mme.example.org", true }, { "https://mme.example.org:8443/api/v1", true }, { "http://127.0.0.1:8080", true }, { "http://[::1]:8080/x", true },
        { "http://mme.example.org", false }, { "http://127.0.0.1", false }, { "http://127.0.0.1:80@elsewhere.org", false }, { "https://mme.example.org@elsewhere.org", false }, { "http://127.0.0.1:x", false },
        { "https://mme.example.org/", false }, { "https://", false }, { "https:///match", false }, { "https://a/?x=1", false }, { "https://a/#x", false }, { "https://a b", false }, { "https://a\r\nX: y", false },
        { "ftp://a", false }, { "file:///etc/passwd", false }, { "HTTPS//a", false }, { "", false },
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        CHECK(sund_web_url_ok(row[i].url) == row[i].ok);
    CHECK(!sund_web_loopback("http://127.0.0.1:1@elsewhere.org/token")); /* identity providers neither */
}

/* ---- answers ---- */

#define CONTACT "\"contact\":{\"name\":\"Dr A\",\"href\":\"mailto:a@example.org\"}"
#define RESULT(score, id) "{\"score\":{\"patient\":" score "},\"patient\":{\"id\":\"" id "\"," CONTACT ",\"features\":[{\"id\":\"HP:0000004\"}],\"genomicFeatures\":[{\"gene\":{\"id\":\"NGLY1\"}}]}}"

static sund_code answer(sund_mme_found *f, long status, const char *type, const char *body, sund_err *err)
{
    const sund_mme_reply r = { "genematcher", status, type, body, strlen(body) };

    err->msg[0] = 0;
    return sund_mme_found_read(f, &r, err);
}

TEST(answers_are_read_strictly)
{
    static const struct { const char *body; size_t n, left; } row[] = {
        { "{\"results\":[]}", 0, 0 },
        { "{\"results\":[" RESULT("0.2", "a") "," RESULT("1", "b") "," RESULT("0.2", "c") "],\"disclaimer\":\"d\"}", 3, 0 },
        { "{\"results\":[" RESULT("1.01", "a") "," RESULT("-0.1", "b") "," RESULT("\"1\"", "c") "," RESULT("0", "d") "]}", 1, 3 },
        { "{\"results\":[1,null,{},[],{\"score\":{\"patient\":1}}," RESULT("0.5", "x\\u001b[2J") "]}", 0, 6 },
        { "{\"results\":[{\"score\":{\"patient\":1},\"patient\":{\"id\":\"a\",\"contact\":{\"name\":\"x\",\"href\":\"javascript:alert(1)\"},\"features\":[{\"id\":\"HP:0000004\"}]}}]}", 0, 1 },
    };
    static const char *none[] = { "", "{", "[]", "{\"results\":{}}", "{\"results\":[]}x", "{\"results\":[],\"results\":[]}", "<html>" };
    sund_mme_found     f;
    sund_err           err = { SUND_OK, "" };
    sund_buf           many = { 0 };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        CHECK(answer(&f, 200, SUND_MME_TYPE, row[i].body, &err) == SUND_OK && f.n == row[i].n && f.n_left == row[i].left && (f.n_left == 0) == (f.why[0] == 0) && !strchr(f.why, 27));
        if (i == 1)
            CHECK(strcmp(f.at[0].c.own, "b") == 0 && strcmp(f.at[1].c.own, "a") == 0 && strcmp(f.at[2].c.own, "c") == 0 && strcmp(f.disclaimer, "d") == 0);
        sund_mme_found_free(&f);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK(answer(&f, 200, SUND_MME_TYPE, none[i], &err) == SUND_E_UPSTREAM && !f.at);
    CHECK(answer(&f, 200, "application/json; charset=utf-8", row[0].body, &err) == SUND_OK);
    sund_mme_found_free(&f);
    CHECK(answer(&f, 200, "text/html\x1b[2J", row[0].body, &err) == SUND_E_UPSTREAM && strstr(err.msg, "text/html") && !strchr(err.msg, 27));
    CHECK(answer(&f, 200, "", row[0].body, &err) == SUND_E_UPSTREAM && answer(&f, 200, "application/vnd.ga4gh.matchmaker.v2.0+json", row[0].body, &err) == SUND_E_UPSTREAM);
    sund_buf_text(&many, "{\"results\":[");
    for (int i = 0; i <= SUND_MME_FOUND_MAX; i++)
        sund_buf_text(&many, i ? ",1" : "1");
    sund_buf_text(&many, "]}");
    sund_buf_nul(&many);
    CHECK(answer(&f, 200, SUND_MME_TYPE, (const char *) many.p, &err) == SUND_E_LIMIT);
    sund_buf_free(&many);
}

TEST(errors_of_services_are_told)
{
    static const struct { long status; const char *says; sund_code code; } row[] = {
        { 302, "sends on to another address, which is not followed", SUND_E_UPSTREAM }, { 401, "does not take this node's token", SUND_E_DENIED }, { 404, "no /match there", SUND_E_UPSTREAM },
        { 406, "version 1.1", SUND_E_UPSTREAM }, { 422, "does not take the request", SUND_E_ARG }, { 429, "no more requests", SUND_E_LIMIT }, { 500, "failed", SUND_E_UPSTREAM }, { 201, "failed", SUND_E_UPSTREAM },
    };
    sund_mme_found f;
    sund_err       err = { SUND_OK, "" };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        CHECK(answer(&f, row[i].status, "application/json", "{\"message\":\"because \\u001b[2J\\u202e\",\"results\":[" RESULT("1", "a") "]}", &err) == row[i].code && !f.n);
        CHECK(strstr(err.msg, row[i].says) && strstr(err.msg, "genematcher") && strstr(err.msg, ": because ") && !strchr(err.msg, 27) && !strstr(err.msg, "\xE2\x80\xAE"));
        CHECK(answer(&f, row[i].status, "text/html", "<html>", &err) == row[i].code && !strstr(err.msg, "html"));
    }
}

static const char little[] = "id\tname\tparents\nHP:0000001\tAll\t\nHP:0000002\tB\tHP:0000001\nHP:0000003\tC\tHP:0000001\nHP:0000004\tD\tHP:0000002\nHP:0000005\tE\tHP:0000002\nHP:0000006\tF\tHP:0000003\n";

TEST(answers_are_explained_as_own_matches_are)
{
    static const char body[] = "{\"results\":[" RESULT("0.25", "theirs") "],\"disclaimer\":\"not\\u001b[2J for\\ncare\"}";
    sund_onto        *o = NULL;
    sund_matcher     *m = NULL;
    sund_case        *q = calloc(1, sizeof *q);
    const sund_case  *all[1] = { q };
    sund_mme_found    f;
    sund_likeness     x;
    sund_buf          out = { 0 };
    sund_jval        *v = NULL;
    const sund_jval  *score;
    sund_err          err = { SUND_OK, "" };
    double            here = 0, theirs = 0;

    CHECK(sund_case_add_feature(q, "HP:0000004", false) && sund_case_add_feature(q, "HP:0000006", false) && sund_case_add_gene(q, "ngly1", ""));
    CHECK(sund_onto_read(&o, "little", little, sizeof little - 1, "1", &err) == SUND_OK && sund_matcher_of(&m, all, 1, o, &err) == SUND_OK);
    CHECK(answer(&f, 200, SUND_MME_TYPE, body, &err) == SUND_OK && sund_match_two(m, q, &f.at[0].c, &x, &err) == SUND_OK && x.n_shared == 1 && x.n_gene == 1 && x.score > 0.7);
    CHECK(sund_mme_found_write(&f, m, q, 10, &out, &err) == SUND_OK && sund_json_read(out.p, out.n, &v, &err) == SUND_OK);
    score = sund_j_get(sund_j_at(sund_j_get(v, "results"), 0), "score");
    CHECK(sund_j_real(sund_j_get(score, "patient"), &theirs) && fabs(theirs - 0.25) < 1e-12 && sund_j_real(sund_j_get(score, "_here"), &here) && fabs(here - x.score) < 0.006);
    CHECK(strcmp(sund_j_text(sund_j_at(sund_j_get(sund_j_get(score, "_explanation"), "shared"), 0), "label"), "D") == 0);
    CHECK(strcmp(sund_j_text(v, "disclaimer"), "not [2J for care") == 0 && !memchr(out.p, 27, out.n));
    sund_buf_clear(&out);
    CHECK(sund_mme_found_write(&f, m, q, 0, &out, &err) == SUND_OK && !memmem(out.p, out.n, "theirs", 6));
    sund_mme_found_free(&f);
    sund_jval_free(v);
    sund_buf_free(&out);
    sund_matcher_free(m);
    sund_onto_free(o);
    free(q);
}

/* ---- what the owner has of it ---- */

typedef struct told { int n; char what[64], outcome[64], pseudonym[33]; } told;

static sund_code tell(void *ctx, const sund_case_sent *x, sund_err *err)
{
    told *t = ctx;

    (void) err;
    t->n++;
    (void) snprintf(t->what, sizeof t->what, "%s", x->what);
    (void) snprintf(t->outcome, sizeof t->outcome, "%s", x->outcome);
    (void) snprintf(t->pseudonym, sizeof t->pseudonym, "%s", x->pseudonym);
    return SUND_OK;
}

static told sent(sund_cases *s, const char *which, bool fresh)
{
    told t = { 0 };

    CHECK(sund_cases_sent(s, which, fresh, fresh, tell, &t, NULL) == SUND_OK);
    return t;
}

static bool file_has(const char *name, const char *words)
{
    sund_buf b = { 0 };
    bool     has = sund_file_exists(scratch(name)) && sund_file_read(scratch(name), 1 << 24, &b, NULL) == SUND_OK && b.n && memmem(b.p, b.n, words, strlen(words));

    sund_buf_free(&b);
    return has;
}

TEST(what_was_sent_can_be_found_again_and_is_erased_with_the_case)
{
    sund_cases *s = NULL;
    sund_case  *c = calloc(1, sizeof *c);
    sund_err    err = { SUND_OK, "" };
    char        one[33], again[33], other[33];
    sund_db    *db = NULL;
    int64_t     row, lost;
    bool        fresh;

    CHECK(sund_cases_open(&s, scratch("sent.db"), &err) == SUND_OK && sund_case_add_gene(c, "ERASED1", ""));
    (void) snprintf(c->own, sizeof c->own, "hospital-1");
    (void) snprintf(c->contact, sizeof c->contact, "Clinic");
    (void) snprintf(c->href, sizeof c->href, "mailto:clinic@example.org");
    c->consent = SUND_CASE_SENT_VARIANTS;
    CHECK(sund_case_add_gene(c, "BRCA1:c.5266dup", "") && sund_case_put(s, c, &fresh, &err) == SUND_E_ARG && strstr(err.msg, "gene 2 is no symbol")); /* a variant in a gene's clothes */
    c->n_gene = 1;
    CHECK(sund_case_put(s, c, &fresh, &err) == SUND_OK && sund_case_get(s, "hospital-1", c, &err) == SUND_OK && c->consent == SUND_CASE_SENT_VARIANTS && c->n_gene == 1);
    CHECK(sund_case_get(s, "hospital-2", c, &err) == SUND_E_NOT_FOUND && sund_case_get(s, "hospital-1", c, &err) == SUND_OK);
    CHECK(sund_case_alias(s, "hospital-1", "a", one, &err) == SUND_OK && sund_case_alias(s, "hospital-1", "a", again, &err) == SUND_OK && sund_case_alias(s, "hospital-1", "b", other, &err) == SUND_OK);
    CHECK(strcmp(one, again) == 0 && strcmp(one, other) != 0 && strcmp(one, c->pseudonym) != 0 && strspn(one, "0123456789abcdef") == 32); /* nobody can tell that it is one case at both */
    CHECK(sund_case_alias(s, "hospital-2", "a", again, &err) == SUND_E_NOT_FOUND);
    CHECK(sund_case_send(s, c->id, "a", "https://a", "ERASED1", 7, &row, &err) == SUND_OK && sund_case_send(s, c->id, "b", "https://b", "ERASED1", 7, &lost, &err) == SUND_OK);
    CHECK(sent(s, NULL, true).n == 2 && sent(s, NULL, true).n == 0); /* told while an answer was waited for, and again when it came */
    CHECK(sund_case_outcome(s, row, "2 results", &err) == SUND_OK && sund_case_outcome(s, lost, NULL, &err) == SUND_OK);
    CHECK(sent(s, NULL, true).n == 1 && sent(s, NULL, true).n == 0 && sent(s, NULL, false).n == 1); /* seen */
    CHECK(sent(s, one, false).n == 1 && sent(s, "hospital-1", false).n == 1 && sent(s, other, false).n == 0 && sent(s, "hospital", false).n == 0);
    CHECK(strcmp(sent(s, one, false).what, "ERASED1") == 0 && strcmp(sent(s, one, false).outcome, "2 results") == 0 && strcmp(sent(s, "hospital-1", false).pseudonym, one) == 0);
    CHECK(sund_db_open(&db, scratch("sent.db"), "", &err) == SUND_OK && sund_db_run(db, &err, "UPDATE patient SET consent=7", "") == SUND_OK);
    sund_db_close(db);
    CHECK(sund_case_get(s, "hospital-1", c, &err) == SUND_OK && c->consent == SUND_CASE_CLOSED); /* a reach that this program does not know goes nowhere */
    CHECK(sund_cases_part(s, &err) == SUND_OK && sund_cases_part_end(s, sund_case_withdraw(s, "hospital-1", &err), &err) == SUND_OK);
    CHECK(sent(s, one, false).n == 1 && sent(s, one, false).what[0] == 0); /* where it is stays, for who asks for it to be deleted there */
    CHECK(!file_has("sent.db", "ERASED1") && !file_has("sent.db-wal", "ERASED1"));
    CHECK(sund_case_alias(s, "hospital-1", "a", again, &err) == SUND_E_NOT_FOUND);
    sund_cases_close(s);
    free(c);
}
