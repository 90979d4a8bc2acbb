/* Visas of a Passport, the list of trusted issuers, and studies that come with a login, at every node of a federation. */
#include "test.h"

#include "fed.h"
#include "hub/logins.h"
#include "token.h"

#include <time.h>

enum { NOW = 1800000000 };

static EVP_PKEY     *rsa, *rems, *mallory, *mallory_rsa;
static sund_pub      key;
static sund_sign_key secret;
static sund_trust    trust;
static char         *id_keys, *visa_keys;

static void set_up(void)
{
    if (rsa)
        return;
    CHECK(sund_crypto_init(NULL) == SUND_OK);
    rsa = token_rsa(2048);
    rems = token_ec("P-256");
    mallory = token_ec("P-256");
    mallory_rsa = token_rsa(2048);
    sund_sign_keypair(&key, &secret);
    id_keys = token_jwks(&rsa, (const char *[]){ "r1" }, 1, "");
    visa_keys = token_jwks(&rems, (const char *[]){ "v1" }, 1, "");
    token_issuer(&trust, TOKEN_ISS, TOKEN_CLIENT, TOKEN_ISS, id_keys);
    token_issuer(&trust, TOKEN_VISAS, "", TOKEN_ISS, visa_keys);
}

static sund_code verify(const char *tokens, sund_login *l, sund_err *err)
{
    return sund_login_verify(l, &trust, NULL, &key, sund_cur_of(tokens, strlen(tokens)), NOW, err);
}

/** Claims of a login of Ada's with this key. */
static char *login_claims(int64_t now, int64_t seconds)
{
    return text_of("{\"iss\": \"" TOKEN_ISS "\", \"sub\": \"ada\", \"aud\": \"" TOKEN_CLIENT "\", \"exp\": %lld, \"iat\": %lld, \"nonce\": \"%s\"}",
                   (long long) (now + seconds), (long long) now - 10, sund_login_nonce(&key).s);
}

static char *login_at(int64_t now, int64_t seconds)
{
    char *c = login_claims(now, seconds), *t = token_sign("{\"alg\": \"RS256\", \"kid\": \"r1\"}", c, rsa, "RS256", NULL);

    free(c);
    return t;
}

#define VISA_HEAD "{\"alg\": \"ES256\", \"kid\": \"v1\", \"typ\": \"JWT\", \"jku\": \"" TOKEN_VISAS "jwk\"}"
#define DATASET   "https://fi.example.org/datasets/1"

/** A visa of Ada's; v1: members of ga4gh_visa_v1 beside asserted; more: claims beside the usual ones. */
static char *visa_at(int64_t now, const char *head, const char *v1, const char *more, EVP_PKEY *k)
{
    static int n;
    char      *c = text_of("{\"iss\": \"" TOKEN_VISAS
                           "\", \"sub\": \"ada\", \"exp\": %lld, \"iat\": %lld, \"jti\": \"v%d\", \"ga4gh_visa_v1\": {\"asserted\": 1700000000, %s}%s}",
                           (long long) now + 9000, (long long) now - 10, n++, v1, more);
    char      *t = token_sign(head, c, k, "ES256", NULL);

    free(c);
    return t;
}

static char *visa(const char *head, const char *v1, const char *more, EVP_PKEY *k) { return visa_at(NOW, head, v1, more, k); }

#define GRANT(value, by) "\"type\": \"ControlledAccessGrants\", \"value\": \"" value "\", \"source\": \"https://dac.example.org\"" by
#define ROLE(value)      "\"type\": \"AffiliationAndRole\", \"value\": \"" value "\", \"source\": \"https://uni.example.org\", \"by\": \"so\""

/** What a login with these visas (freed) grants: how many count, and whether the data set is among
 * them. */
static bool counts(sund_login *l, char **v, size_t n, size_t want, bool grant)
{
    char    *t = login_at(NOW, 3600);
    sund_err err = { SUND_OK, "" };
    bool     well;

    for (size_t i = 0; i < n; i++) {
        char *x = text_of("%s\n%s", t, v[i]);

        free(t);
        free(v[i]);
        t = x;
    }
    well = verify(t, l, &err) == SUND_OK && l->n_visa == want && l->n_visa + l->n_ignored == n && sund_login_grants(l, DATASET) == grant;
    if (!well)
        fprintf(stderr, "# %s: %zu count, %zu do not (%s)\n", err.msg, l->n_visa, l->n_ignored, l->ignored);
    free(t);
    return well;
}
#define ONE(want, grant, v) counts(&l, (char *[]){ v }, 1, want, grant)

TEST(visas)
{
    static sund_login l;
    sund_buf          text = { 0 };

    set_up();
    CHECK(ONE(1, true, visa(VISA_HEAD, GRANT(DATASET, ", \"by\": \"dac\""), "", rems)));
    sund_login_visas_text(&l, &text);
    sund_buf_nul(&text);
    CHECK(strcmp((char *) text.p,
                 "ControlledAccessGrants " DATASET ", by dac of https://dac.example.org, issued by " TOKEN_VISAS ", until 2027-01-15T10:30:00Z\n") == 0);
    sund_buf_free(&text);
    CHECK(ONE(1, true, visa(VISA_HEAD, GRANT(DATASET, ""), ", \"aud\": \"" TOKEN_CLIENT "\"", rems)));
    CHECK(ONE(1, false, visa(VISA_HEAD, GRANT(DATASET, ", \"by\": \"self\""), "", rems)));
    CHECK(ONE(1, false, visa(VISA_HEAD, GRANT(DATASET, ", \"by\": \"peer\""), "", rems)));
    CHECK(ONE(1, false, visa(VISA_HEAD, GRANT(DATASET "0", ""), "", rems))); /* all of the value */
    CHECK(ONE(1, false, visa(VISA_HEAD, GRANT("https://fi.example.org/datasets/", ""), "", rems)));
    CHECK(ONE(1, false, visa(VISA_HEAD, "\"type\": \"NewKind\", \"value\": \"" DATASET "\", \"source\": \"x\"", "", rems))); /* unknown: ignored */
    CHECK(ONE(1, false, visa(VISA_HEAD, ROLE("faculty@uni.example.org"), "", rems)));
    /* that do not count */
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT(DATASET, ", \"by\": \"me\""), "", rems)));
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT(DATASET, ""), ", \"sub\": \"bob\"", rems)));
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT(DATASET, ""), ", \"aud\": \"other\"", rems)));
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT(DATASET, ""), ", \"nbf\": 1800000061", rems)));
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT(DATASET, ""), "", mallory)) && strstr(l.ignored, "signature"));
    CHECK(ONE(0, false, visa("{\"alg\": \"ES256\", \"kid\": \"v1\"}", GRANT(DATASET, ""), "", rems)) && strstr(l.ignored, "jku"));
    CHECK(ONE(0, false, visa("{\"alg\": \"ES256\", \"kid\": \"v1\", \"jku\": \"https://evil.example/jwk\"}", GRANT(DATASET, ""), "", mallory)) &&
          strstr(l.ignored, "jku"));
    CHECK(ONE(0, false, visa("{\"alg\": \"ES256\", \"kid\": \"v1\", \"typ\": \"at+jwt\", \"jku\": \"" TOKEN_VISAS "jwk\"}", GRANT(DATASET, ""), "", rems)));
    CHECK(ONE(0, false, visa(VISA_HEAD, "\"type\": \"ControlledAccessGrants\", \"value\": \"" DATASET "\"", "", rems))); /* no source */
    CHECK(ONE(0, false, visa(VISA_HEAD, "\"type\": \"ControlledAccessGrants\", \"value\": [\"" DATASET "\"], \"source\": \"x\"", "", rems)));
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT("\\u001b[2J", ""), "", rems)));
    CHECK(ONE(0, false, login_at(NOW, 3600))); /* a login is no visa */
    CHECK(ONE(0, false, strdup("x")) && ONE(0, false, strdup("a.b.c")));
    CHECK(counts(&l, (char *[]){ strdup("x.y.z"), visa(VISA_HEAD, GRANT(DATASET, ""), "", rems), visa(VISA_HEAD, GRANT(DATASET, ""), "", mallory) }, 3, 1,
                 true)); /* others do */
    CHECK(!sund_login_grants(&l, "https://fi.example.org/datasets/2"));
}

TEST(visas_of_others)
{
    static sund_login l;
    char             *c = text_of("{\"iss\": \"" TOKEN_VISAS "\", \"sub\": \"bob\", \"exp\": %d, \"iat\": %d, \"jti\": \"b\", "
                                              "\"ga4gh_visa_v1\": {\"asserted\": 1700000000, " GRANT(DATASET, "") "}}",
                                  NOW + 9000, NOW - 10);
    char             *many[SUND_VISAS_MAX + 1], *t;
    sund_err          err;
    sund_trust        was = trust;
    sund_issuer      *i;

    set_up();
    was = trust;
    CHECK(ONE(0, false, token_sign(VISA_HEAD, c, rems, "ES256", NULL)) && strstr(l.ignored, "another person"));
    free(c);
    i = &trust.issuer[1]; /* who speaks of another issuer's people: "ada" there is not Ada */
    (void) snprintf(i->people, sizeof i->people, "https://elsewhere.example");
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT(DATASET, ""), "", rems)) && strstr(l.ignored, "not trusted"));
    i->people[0] = 0;
    CHECK(ONE(0, false, visa(VISA_HEAD, GRANT(DATASET, ""), "", rems)));
    (void) snprintf(i->people, sizeof i->people, "%s", TOKEN_ISS);
    trust = was;
    for (size_t k = 0; k <= SUND_VISAS_MAX; k++)
        many[k] = visa(VISA_HEAD, GRANT(DATASET, ""), "", rems);
    t = login_at(NOW, 3600);
    for (size_t k = 0; k <= SUND_VISAS_MAX; k++) {
        char *x = text_of("%s\n%s", t, many[k]);

        free(t);
        free(many[k]);
        t = x;
    }
    CHECK(verify(t, &l, &err) == SUND_E_LIMIT);
    free(t);
}

TEST(conditions)
{
    static const struct {
        const char *conditions;
        bool        holds;
    } c[] = {
        { "[]", true },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"const:faculty@uni.example.org\"}]]", true },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"const:faculty@uni.example.or\"}]]", false },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"pattern:faculty@*.example.org\"}]]", true },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"pattern:faculty@*.example\"}]]", false },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"pattern:f?culty@uni*\"}]]", true },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"split_pattern:faculty@*\"}]]", true },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"const:faculty@uni.example.org\", "
          "\"by\": \"const:so\", \"source\": \"pattern:https://uni.*\"}]]",
          true },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"const:faculty@uni.example.org\", "
          "\"by\": \"const:dac\"}]]",
          false },
        { "[[{\"type\": \"AffiliationAndRole\", \"by\": \"const:so\"}, {\"type\": "
          "\"ResearcherStatus\", \"by\": \"const:so\"}]]",
          false }, /* all of the inner */
        { "[[{\"type\": \"ResearcherStatus\", \"by\": \"const:so\"}], [{\"type\": "
          "\"AffiliationAndRole\", \"by\": \"const:so\"}]]",
          true }, /* one of the outer */
        { "[[{\"type\": \"AffiliationAndRole\"}]]", false },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"faculty@uni.example.org\"}]]", false },
        { "[[{\"type\": \"AffiliationAndRole\", \"value\": \"regex:.*\"}]]", false },
        { "[[{\"type\": \"AffiliationAndRole\", \"by\": \"split_pattern:so\"}]]", false },
        { "[[{\"type\": \"AffiliationAndRole\", \"by\": \"const:so\", \"asserted\": \"const:0\"}]]", false },
        { "[[{\"by\": \"const:so\"}]]", false },
        { "[[]]", false },
        { "[{}]", false },
        { "{}", false },
        { "null", false },
        { "true", false },
        { "[[{\"type\": \"ControlledAccessGrants\", \"value\": \"pattern:*\"}]]", false }, /* not by itself */
    };
    static sund_login l;

    set_up();
    for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
        char *v1 = text_of("%s, \"conditions\": %s", GRANT(DATASET, ""), c[i].conditions);

        if (!counts(&l, (char *[]){ visa(VISA_HEAD, v1, "", rems), visa(VISA_HEAD, ROLE("faculty@uni.example.org"), "", rems) }, 2, 1u + c[i].holds,
                    c[i].holds)) {
            fprintf(stderr, "# %s\n", c[i].conditions);
            CHECK(false);
        }
        free(v1);
    }
    CHECK(counts(&l,
                 (char *[]){ visa(VISA_HEAD,
                                  GRANT(DATASET, "") ", \"conditions\": [[{\"type\": \"AffiliationAndRole\", "
                                                     "\"value\": \"split_pattern:b?d\"}]]",
                                  "", rems),
                             visa(VISA_HEAD, ROLE("abc;bed;c"), "", rems) },
                 2, 2, true));
    CHECK(counts(&l,
                 (char *[]){ visa(VISA_HEAD,
                                  GRANT(DATASET, "") ", \"conditions\": [[{\"type\": \"AffiliationAndRole\", "
                                                     "\"value\": \"split_pattern:b?d\"}]]",
                                  "", rems),
                             visa(VISA_HEAD, ROLE("abc;abed;c"), "", rems) },
                 2, 1, false));
}

TEST(a_homes_list)
{
    char              dir[200], path[300];
    const char       *kid[] = { "x1" };
    sund_trust        t;
    sund_err          err;
    sund_issuer       i = { .iss = "https://a.example", .jku = "https://a.example/jwk", .client = "c" };
    char             *jwks;
    static const char bad[] = "[issuer https://a.example]\nclient = c\n";

    set_up();
    jwks = token_jwks(&rems, kid, 1, "");
    (void) snprintf(dir, sizeof dir, "%.100s/sund-trust-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(dir) != NULL);
    CHECK(sund_trust_read(&t, dir, &err) == SUND_OK && t.n == 0); /* nobody */
    CHECK(sund_trust_put(dir, &i, jwks, strlen(jwks), &err) == SUND_OK);
    (void) snprintf(i.iss, sizeof i.iss, "https://b.example/");
    i.client[0] = 0;
    CHECK(sund_trust_put(dir, &i, jwks, strlen(jwks), &err) == SUND_E_ARG && strstr(err.msg, "--people"));
    (void) snprintf(i.people, sizeof i.people, "https://a.example");
    CHECK(sund_trust_put(dir, &i, "{}", 2, &err) == SUND_E_FORMAT);
    CHECK(sund_trust_put(dir, &i, jwks, strlen(jwks), &err) == SUND_OK && sund_trust_put(dir, &i, jwks, strlen(jwks), &err) == SUND_OK);
    CHECK(sund_trust_read(&t, dir, &err) == SUND_OK && t.n == 2 && sund_trust_find(&t, "https://b.example/") == &t.issuer[1] &&
          !sund_trust_find(&t, "https://b.example"));
    CHECK(strcmp(t.issuer[0].client, "c") == 0 && !t.issuer[0].people[0] && strcmp(sund_jwks_kid(t.issuer[1].keys, 0), "x1") == 0);
    sund_trust_free(&t);
    CHECK(sund_trust_remove(dir, "https://c.example", &err) == SUND_E_NOT_FOUND && sund_trust_remove(dir, "https://b.example/", &err) == SUND_OK);
    CHECK(sund_trust_read(&t, dir, &err) == SUND_OK && t.n == 1);
    sund_trust_free(&t);
    (void) snprintf(path, sizeof path, "%s/trust.ini", dir);
    CHECK(sund_file_write(path, bad, strlen(bad), 0644, &err) == SUND_OK && sund_trust_read(&t, dir, &err) == SUND_E_FORMAT && strstr(err.msg, "jku"));
    CHECK(sund_trust_remove(dir, "https://a.example", &err) == SUND_E_FORMAT);
    (void) snprintf(path, sizeof path, "%s/trust", dir);
    CHECK(sund_dir_remove(path, &err) == SUND_OK && sund_dir_remove(dir, &err) == SUND_OK);
    free(jwks);
}

/* ---- studies ---- */

static void trust_in(const char *dir)
{
    sund_issuer i = { .iss = TOKEN_ISS, .jku = TOKEN_ISS "/jwk", .client = TOKEN_CLIENT };

    MUST(sund_dir_make(dir, err));
    MUST(sund_trust_put(dir, &i, id_keys, strlen(id_keys), err));
    i = (sund_issuer){ .iss = TOKEN_VISAS, .jku = TOKEN_VISAS "jwk", .people = TOKEN_ISS };
    MUST(sund_trust_put(dir, &i, visa_keys, strlen(visa_keys), err));
}

/** Asks a study of all nodes, with these tokens. */
static sund_code ask(fed *f, const sund_identity *as, const char *tokens, int number, sund_err *err)
{
    char      more[100], text[4096];
    sund_buf  body = { 0 };
    sund_code rc;

    (void) snprintf(more, sizeof more, "analysis = counts\nstrata = none\nnumber = %d\n", number);
    study_text(f, more, text, sizeof text);
    f->study = sund_digest_of(text, strlen(text));
    sund_submit_write(text, strlen(text), &key, sund_cur_of(tokens, strlen(tokens)), &body);
    rc = fed_post(f, as, SUND_MSG_SUBMIT_LOGIN, &f->study, body.p, body.n, err);
    sund_buf_clear(&body);
    if (rc == SUND_OK) /* the text, without the tokens */
        CHECK(sund_mailbox_text(&f->box, &f->study, &body, err) == SUND_OK && body.n == strlen(text) && memcmp(body.p, text, body.n) == 0);
    sund_buf_free(&body);
    return rc;
}

/** What it comes to. */
static void run(fed *f, const sund_identity *as, const char *tokens, int number)
{
    sund_err err = { SUND_OK, "" };

    if (ask(f, as, tokens, number, &err) != SUND_OK) {
        fprintf(stderr, "# not taken by the hub: %s\n", err.msg);
        CHECK(false);
    }
    for (size_t i = 0; i < f->n; i++)
        fed_kill(f, i); /* whose party is the study before */
    fed_run(f);
}

static bool says(fed *f, size_t i, sund_party_state state, const char *words)
{
    sund_party_status s = fed_status(f, i);
    bool              well = s.state == state && strstr(s.detail, words);

    if (!well)
        fprintf(stderr, "# %s: '%s', not '%s'\n", sund_party_state_name(s.state), s.detail, words);
    return well;
}

static int64_t logins(fed *f, size_t i, const char *where)
{
    int64_t n = -1;
    char    sql[300];

    (void) snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM login WHERE %s", where);
    CHECK(sund_db_i64(f->node[i].db, &n, -1, NULL, sql, "") == SUND_OK);
    return n;
}

static sund_identity ada(void)
{
    sund_identity me;

    memset(&me, 0, sizeof me);
    sund_id_of_key(&key, me.id);
    me.pub = key;
    me.key = secret;
    return me;
}

static fed *with_logins(world **w, uint64_t seed, const char *dir)
{
    fed *f;

    set_up();
    trust_in(dir);
    *w = fed_world(300, seed);
    f = fed_even_open(*w, 3);
    for (size_t i = 0; i < 3; i++)
        f->node[i].seat.trust = dir;
    return f;
}

TEST(studies_by_login)
{
    world        *w;
    char         *dir = strdup(fed_path("trust", 1)), *t;
    fed          *f = with_logins(&w, 7, dir);
    sund_identity me = ada();
    sund_err      why = { SUND_OK, "" };

    /* that every study of the roster's researchers is approved says nothing of those who log in */
    t = login_at(time(NULL), 3600);
    run(f, &me, t, 1);
    for (size_t i = 0; i < 3; i++)
        CHECK(says(f, i, SUND_PARTY_APPROVAL, "") && logins(f, i, "subject='ada' AND issuer='" TOKEN_ISS "' AND refusal=''") == 1);
    for (size_t i = 0; i < 3; i++)
        MUST(sund_dac_decide(f->node[i].db, &f->node[i].dac, &f->node[i].me, &f->study, SUND_APPROVE, "", "", err));
    f->node[0].seat.trust = NULL; /* what was verified is not verified again when the log is heard again */
    fed_kill(f, 0);
    fed_run(f);
    CHECK(says(f, 0, SUND_PARTY_RELEASED, "") && says(f, 2, SUND_PARTY_RELEASED, ""));
    CHECK(ask(f, &me, t, 1, &why) == SUND_OK); /* the very same text is the same study */
    run(f, &me, t, 2);                         /* but a new one is not taken by a node that trusts nobody now, and its researcher hears why */
    CHECK(says(f, 0, SUND_PARTY_REFUSED, "the login: " TOKEN_ISS " is not trusted here for logins"));
    f->node[0].seat.trust = dir;
    free(t);
    t = login_at(time(NULL) - 3600, 3000);
    run(f, &me, t, 3);
    CHECK(says(f, 1, SUND_PARTY_REFUSED, "the login: the token has expired"));
    CHECK(logins(f, 1, "refusal<>'' AND subject=''") == 1);
    /* forged, and shown by a hub that verifies nothing: every node refuses by itself */
    for (int k = 0; k < 4; k++) {
        static const char *const head[] = { "{\"alg\": \"none\", \"kid\": \"r1\"}", "{\"alg\": \"HS256\", \"kid\": \"r1\"}",
                                            "{\"alg\": \"RS256\", \"kid\": \"r1\"}",
                                            "{\"alg\": \"ES256\", \"kid\": \"m\", \"jku\": \"https://evil.example/jwk\"}" };
        static const char *const words[] = { "no signature", "algorithm (alg)", "signature is not", "not fetched" };
        char                    *c = login_claims(time(NULL), 3600);

        free(t);
        t = token_sign(head[k], c, k == 2 ? mallory_rsa : mallory, k == 0 ? "none" : k == 1 ? "HS256" : k == 2 ? "RS256" : "ES256", id_keys);
        free(c);
        run(f, &me, t, 10 + k);
        CHECK(says(f, 0, SUND_PARTY_REFUSED, words[k]) && says(f, 1, SUND_PARTY_REFUSED, "the login: ") && says(f, 2, SUND_PARTY_REFUSED, "the login: "));
    }
    /* whose name is not the key's; a member of the roster with another's key */
    (void) snprintf(me.id, sizeof me.id, "login-00000000000000000000000000");
    CHECK(ask(f, &me, t, 4, &why) == SUND_E_DENIED && strstr(why.msg, "not the name of the key"));
    CHECK(ask(f, &f->anna, t, 4, &why) == SUND_E_DENIED && strstr(why.msg, "not the name of the key"));
    me = ada();
    me.key = f->anna.key;
    CHECK(ask(f, &me, t, 4, &why) == SUND_E_DENIED && strstr(why.msg, "signature"));
    free(t);
    free(dir);
    fed_close(f);
    free(w);
}

TEST(studies_that_need_a_visa)
{
    world        *w;
    char         *dir = strdup(fed_path("trust", 2)), *t, *v, *both;
    fed          *f = with_logins(&w, 9, dir);
    sund_identity me = ada();
    sund_pub      was = key;

    for (size_t i = 0; i < 3; i++)
        f->node[i].seat.visa = DATASET;
    t = login_at(time(NULL), 3600);
    v = visa_at(time(NULL), VISA_HEAD, GRANT(DATASET, ", \"by\": \"dac\""), "", rems);
    both = text_of("%s\n%s", t, v);
    run(f, &me, both, 1); /* its committee has granted it: approved by `approve = all` */
    CHECK(says(f, 0, SUND_PARTY_RELEASED, "") && logins(f, 1, "visas LIKE 'ControlledAccessGrants " DATASET ", by dac%'") == 1);
    run(f, &me, t, 2);
    CHECK(says(f, 1, SUND_PARTY_REFUSED, "no visa: studies here need ControlledAccessGrants for " DATASET));
    free(both);
    free(v);
    v = visa_at(time(NULL), VISA_HEAD, GRANT(DATASET "2", ", \"by\": \"dac\""), "", rems);
    both = text_of("%s\n%s", t, v);
    run(f, &me, both, 3);
    CHECK(says(f, 2, SUND_PARTY_REFUSED, "no visa"));
    free(both);
    free(v);
    free(t);
    /* a researcher of the roster needs it too, and may bring it under the roster's name */
    key = f->anna.pub;
    t = login_at(time(NULL), 3600);
    v = visa_at(time(NULL), VISA_HEAD, GRANT(DATASET, ""), "", rems);
    both = text_of("%s\n%s", t, v);
    run(f, &f->anna, both, 4);
    CHECK(says(f, 0, SUND_PARTY_RELEASED, ""));
    run(f, &f->anna, t, 5);
    CHECK(says(f, 0, SUND_PARTY_REFUSED, "no visa"));
    key = was;
    free(both);
    free(v);
    free(t);
    free(dir);
    fed_close(f);
    free(w);
}

TEST(refusals_that_are_kept_are_bounded)
{
    world        *w = fed_world(60, 8);
    fed          *f = fed_even_open(w, 3);
    sund_identity me;
    sund_err      why = { SUND_OK, "" };
    char         *t;

    set_up();
    me = ada();
    t = login_at(time(NULL), 3600);
    for (int i = 0; i < 103; i++) { /* a hub shows studies whose logins nobody trusts */
        char          text[40];
        sund_buf      body = { 0 }, whole = { 0 };
        sund_envelope e = { .kind = SUND_MSG_SUBMIT_LOGIN, .seq = 1 };

        (void) snprintf(text, sizeof text, "number = %d", i);
        e.about = sund_digest_of(text, strlen(text));
        sund_submit_write(text, strlen(text), &key, sund_cur_of(t, strlen(t)), &body);
        sund_envelope_write(&e, &me, body.p, body.n, &whole);
        CHECK(sund_party_begins(&f->node[0].seat, &e.about, &e, body.p, body.n, &why) == (i < 100 ? SUND_OK : SUND_E_LIMIT));
        e.sig.b[0] ^= 1; /* and what nobody signed leaves no trace */
        CHECK(sund_party_begins(&f->node[0].seat, &e.about, &e, body.p, body.n, &why) == SUND_E_DENIED);
        sund_buf_free(&body);
        sund_buf_free(&whole);
    }
    CHECK(logins(f, 0, "1") == 100);
    free(t);
    fed_close(f);
    free(w);
}

/* ---- the hub ---- */

/** A LOGIN as its key's owner sends it. */
static sund_code hub_login(const sund_home *h, sund_mailbox *box, const sund_identity *as, const char *tokens, sund_envelope *e, sund_err *err)
{
    static uint64_t seq;
    sund_buf        body = { 0 }, whole = { 0 };
    sund_code       rc;

    *e = (sund_envelope){ .kind = SUND_MSG_LOGIN, .channel = 2, .seq = seq = sund_seq_next(seq) };
    sund_buf_put(&body, key.b, sizeof key.b);
    sund_buf_text(&body, tokens);
    sund_envelope_write(e, as, body.p, body.n, &whole);
    rc = sund_logins_take(h, box, e, sund_cur_of(body.p, body.n), err);
    sund_buf_free(&body);
    sund_buf_free(&whole);
    return rc;
}

TEST(logins_at_the_hub)
{
    static const unsigned anyone = 1u << SUND_ROLE_NODE | 1u << SUND_ROLE_RESEARCHER;
    static sund_home      h;
    world                *w = fed_world(60, 3);
    fed                  *f = fed_even_open(w, 3);
    sund_identity         me;
    sund_envelope         e;
    sund_err              why = { SUND_OK, "" };
    sund_code             rc;
    char                 *t, first[SUND_ID_MAX + 1], who[SUND_ID_MAX + 1];

    set_up();
    (void) snprintf(h.dir, sizeof h.dir, "%s", fed_path("trust", 3));
    trust_in(h.dir);
    h.db = f->hub_db;
    h.roster = f->roster;
    MUST(sund_logins_tables(h.db, err));
    me = ada();
    memcpy(first, me.id, sizeof first);
    t = login_at(time(NULL), 3600);
    e = (sund_envelope){ .kind = SUND_MSG_STATUS };
    memcpy(e.from, me.id, strlen(me.id));
    CHECK(sund_logins_check(&h, &e, anyone, &why) == SUND_E_DENIED && strstr(why.msg, "has not logged in"));
    CHECK(hub_login(&h, &f->box, &me, t, &e, &why) == SUND_OK && sund_logins_check(&h, &e, anyone, &why) == SUND_OK);
    CHECK(sund_logins_check(&h, &e, 1u << SUND_ROLE_NODE, &why) == SUND_E_DENIED); /* a login makes nobody a node */
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_E_DENIED && strstr(why.msg, "replay"));
    e.seq++;
    CHECK(sund_logins_check(&h, &e, anyone, &why) == SUND_E_DENIED && strstr(why.msg, "signature")); /* not what was signed */
    CHECK(hub_login(&h, &f->box, &f->anna, t, &e, &why) == SUND_E_DENIED && strstr(why.msg, "not the name of the key"));
    MUST(sund_db_run(h.db, err, "UPDATE login SET until=until-3661", ""));
    CHECK(hub_login(&h, &f->box, &me, "x.y.z", &e, &why) == SUND_E_FORMAT);
    e = (sund_envelope){ .kind = SUND_MSG_STATUS };
    memcpy(e.from, me.id, strlen(me.id));
    CHECK(sund_logins_check(&h, &e, anyone, &why) == SUND_E_DENIED && strstr(why.msg, "has run out"));
    /* one person has no more quotas than 16 keys give */
    for (int i = 1; i <= 17; i++) {
        free(t);
        sund_sign_keypair(&key, &secret);
        me = ada();
        t = login_at(time(NULL), 3600);
        rc = hub_login(&h, &f->box, &me, t, &e, &why);
        if (rc == SUND_OK) /* and is one asker by all of them */
            CHECK(sund_logins_person(&h, &e, who, &why) == SUND_OK && strcmp(who, first) == 0 && strcmp(who, e.from) != 0);
        CHECK(rc == (i < 16 ? SUND_OK : SUND_E_LIMIT));
    }
    CHECK(strstr(why.msg, "16 keys"));
    free(t);
    fed_close(f);
    free(w);
}

TEST(neither_silence_nor_an_agreement_approves_for_somebody_who_only_logged_in)
{
    world         *w;
    char          *dir = strdup(fed_path("trust", 9)), *t, hex[65];
    fed           *f = with_logins(&w, 17, dir);
    sund_identity  me = ada();
    sund_agreement a;
    sund_buf       b = { 0 };

    sund_buf_text(&b, "[agreement]\nname = north-1\nexpires = 2099-12-31\npurposes = NRES\nanalyses = any\n");
    for (size_t i = 0; i < 3; i++) {
        sund_hex(f->node[i].me.pub.b, 32, hex);
        sund_buf_printf(&b, "\n[party %s]\nsign = %s\ndata = %s\n", f->node[i].me.id, hex, f->node[i].me.id);
    }
    sund_buf_text(&b, "\n");
    for (size_t i = 0; i < 3; i++)
        MUST(sund_agreement_sign(b.p, b.n, &f->node[i].me, NULL, &b, err));
    for (size_t i = 0; i < 3; i++) {
        sund_agreement_eye eye = { f->node[i].db, &f->roster, &f->node[i].dac, f->node[i].me.id };

        MUST(sund_agreement_install(&eye, "agreement", b.p, b.n, &a, err));
        f->node[i].dac.approve_all = false;
        f->node[i].dac.silence_approves = true;
    }
    t = login_at(time(NULL), 3600);
    run(f, &me, t, 1);
    for (size_t i = 0; i < 3; i++)
        CHECK(says(f, i, SUND_PARTY_APPROVAL, ""));
    MUST(sund_db_script(f->node[1].db, "UPDATE study SET received='2026-03-02T10:00:00Z'", err));
    fed_run(f);
    CHECK(says(f, 1, SUND_PARTY_REFUSED, "no decision until 2026-03-16"));
    sund_buf_free(&b);
    fed_close(f);
    free(w);
    free(t);
    free(dir);
}
