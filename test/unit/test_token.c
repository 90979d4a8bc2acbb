/* ID tokens: what holds, and every known way to forge one. Keys are made here; the time is given. Visas and studies: test_visas.c. */
#include "test.h"

#include "token.h"

enum { NOW = 1800000000 };

static EVP_PKEY  *rsa, *ec, *mallory, *mallory_rsa, *weak;
static sund_pub   key, other;
static sund_trust trust;
static char      *rsa_jwks;

static void set_up(void)
{
    const char   *id_kid[] = { "r1", "e1" }, *visa_kid[] = { "v1" };
    char         *ids, *visas;
    sund_sign_key secret;

    if (rsa)
        return;
    CHECK(sund_crypto_init(NULL) == SUND_OK);
    rsa = token_rsa(2048);
    ec = token_ec("P-256");
    mallory = token_ec("P-256");
    mallory_rsa = token_rsa(2048);
    weak = token_rsa(1024);
    sund_sign_keypair(&key, &secret);
    sund_sign_keypair(&other, &secret);
    ids = token_jwks((EVP_PKEY *[]){ rsa, ec }, id_kid, 2, "");
    visas = token_jwks(&ec, visa_kid, 1, "\"use\": \"sig\", \"alg\": \"ES256\", ");
    rsa_jwks = token_jwks(&rsa, id_kid, 1, "");
    token_issuer(&trust, TOKEN_ISS, TOKEN_CLIENT, TOKEN_ISS, ids);
    token_issuer(&trust, TOKEN_VISAS, "", TOKEN_ISS, visas);
    free(ids);
    free(visas);
}

static sund_code verify_at(const char *tokens, sund_db *seen, const sund_pub *k, int64_t now, sund_login *l, sund_err *err)
{
    return sund_login_verify(l, &trust, seen, k, sund_cur_of(tokens, strlen(tokens)), now, err);
}

/** Claims of a login that holds; more: further members, behind a comma. */
static char *claims(const char *jti, const char *more)
{
    return text_of("{\"iss\": \"" TOKEN_ISS "\", \"sub\": \"ada\", \"aud\": \"" TOKEN_CLIENT
                   "\", \"exp\": %d, \"iat\": %d, \"nonce\": \"%s\", \"jti\": \"%s\"%s}",
                   NOW + 3600, NOW - 10, sund_login_nonce(&key).s, jti, more);
}

#define RS "{\"alg\": \"RS256\", \"kid\": \"r1\", \"typ\": \"JWT\"}"
#define ES "{\"alg\": \"ES256\", \"kid\": \"e1\"}"

static char *good(bool by_ec)
{
    char *c = claims("j1", ""), *t = token_sign(by_ec ? ES : RS, c, by_ec ? ec : rsa, by_ec ? "ES256" : "RS256", NULL);

    free(c);
    return t;
}

/** Whoever brings it to a page, which binds it to no key. */
static sund_code bear(const char *token, int64_t now, char who[64])
{
    return sund_bearer_verify(&trust, token, now, who, 64, NULL);
}

/** A token that must be refused, with these words: as a login, and to a page too where it is not the key that is wrong or the type that pages take besides. Frees it. */
static bool refused(char *token, const char *words)
{
    static sund_login l;
    sund_err          err = { SUND_OK, "" };
    sund_code         rc = verify_at(token, NULL, &key, NOW, &l, &err);
    bool              well = (rc == SUND_E_DENIED || rc == SUND_E_FORMAT || rc == SUND_E_LIMIT) && strstr(err.msg, words) && l.n_visa == 0 && !l.subject[0];

    char              who[64] = "";

    if (!strstr(words, "another key") && !strstr(words, "(typ)") && bear(token, NOW, who) == SUND_OK) {
        fprintf(stderr, "# a page takes what is no login (%s): %.200s\n", words, token);
        well = false;
    }
    if (!well)
        fprintf(stderr, "# code %d: '%s', not '%s': %.200s\n", rc, err.msg, words, token);
    free(token);
    return well;
}

/** A token that holds. Frees it. */
static bool taken(char *token)
{
    static sund_login l;
    sund_err          err = { SUND_OK, "" };
    bool              well = verify_at(token, NULL, &key, NOW, &l, &err) == SUND_OK && strcmp(l.subject, "ada") == 0;

    if (!well)
        fprintf(stderr, "# %s\n", err.msg);
    free(token);
    return well;
}

static char *signed_head(const char *header, const char *alg, EVP_PKEY *k)
{
    char *c = claims("j1", ""), *t = token_sign(header, c, k, alg, "x");

    free(c);
    return t;
}

static char *signed_claims(char *c)
{
    char *t = token_sign(RS, c, rsa, "RS256", NULL);

    free(c);
    return t;
}

TEST(a_login_that_holds)
{
    static sund_login l;
    sund_err          err = { SUND_OK, "" };

    set_up();
    for (int by_ec = 0; by_ec < 2; by_ec++) {
        char *t = good(by_ec);

        CHECK(verify_at(t, NULL, &key, NOW, &l, &err) == SUND_OK);
        CHECK(strcmp(l.subject, "ada") == 0 && strcmp(l.issuer, TOKEN_ISS) == 0 && l.until == NOW + 3600 && l.n_visa == 0 && l.n_ignored == 0);
        CHECK(verify_at(t, NULL, &other, NOW, &l, &err) == SUND_E_DENIED && strstr(err.msg, "another key"));
        CHECK(verify_at(t, NULL, &key, NOW + 3659, &l, &err) == SUND_OK); /* clocks differ by a minute */
        CHECK(verify_at(t, NULL, &key, NOW + 3660, &l, &err) == SUND_E_DENIED && strstr(err.msg, "expired"));
        CHECK(verify_at(t, NULL, &key, NOW - 70, &l, &err) == SUND_OK);
        CHECK(verify_at(t, NULL, &key, NOW - 71, &l, &err) == SUND_E_DENIED && strstr(err.msg, "not yet valid"));
        free(t);
    }
    CHECK(refused(signed_claims(claims("j1", ", \"nbf\": 1800000061")), "not yet valid"));
    CHECK(taken(signed_claims(claims("j1", ", \"nbf\": 1800000060, \"azp\": \"" TOKEN_CLIENT "\", \"email\": \"ada@example.org\""))));
}

TEST(bearers_of_pages)
{
    char who[64] = "", again[64] = "", name[64] = "";

    set_up();
    for (int by_ec = 0; by_ec < 2; by_ec++) {
        char *t = good(by_ec);

        CHECK(bear(t, NOW, who) == SUND_OK && strncmp(who, "login-", 6) == 0 && strlen(who) == 22 && !strstr(who, "ada"));
        CHECK(bear(t, NOW + 3659, again) == SUND_OK && strcmp(who, again) == 0); /* again and again, until it runs out: nothing is cached */
        CHECK(bear(t, NOW + 3660, again) == SUND_E_DENIED && bear(t, NOW - 71, again) == SUND_E_DENIED && bear(t, NOW, again) == SUND_OK);
        free(t);
    }
    {
        char *c = claims("j1", ""), *at = token_sign("{\"alg\": \"RS256\", \"kid\": \"r1\", \"typ\": \"at+jwt\"}", c, rsa, "RS256", NULL), *visa = token_sign("{\"alg\": \"RS256\", \"kid\": \"r1\", \"typ\": \"vnd.ga4gh.visa+jwt\"}", c, rsa, "RS256", NULL);

        CHECK(bear(at, NOW, name) == SUND_OK && strcmp(name, who) == 0); /* an access token of the same person */
        CHECK(bear(visa, NOW, name) == SUND_E_DENIED);                   /* a visa is no login */
        free(c);
        free(at);
        free(visa);
    }
    CHECK(bear("", NOW, name) != SUND_OK && bear("abc", NOW, name) != SUND_OK && bear("a.b.c", NOW, name) != SUND_OK);
}

TEST(algorithms)
{
    static const char *const none[] = { "none", "None", "NONE", "nOnE", "" };
    char                     head[200], *pem = rsa_jwks;

    set_up();
    pem = rsa_jwks;
    for (size_t i = 0; i < 5; i++)
        for (int k = 0; k < 2; k++) {
            char *t;

            (void) snprintf(head, sizeof head, "{\"alg\": \"%s\", \"kid\": \"%s\"}", none[i], k ? "e1" : "r1");
            t = signed_head(head, "none", NULL);
            CHECK(refused(strdup(t), "no signature")); /* an empty third part */
            t[strlen(t) - 1] = 0;
            CHECK(refused(strdup(t), "three parts")); /* no third part */
            free(t);
            CHECK(refused(signed_head(head, "RS256", rsa), "algorithm (alg)"));
        }
    /* HS256 with what everybody knows for the secret: the key set, and the modulus */
    for (int k = 0; k < 2; k++) {
        char *c = claims("j1", "");

        (void) snprintf(head, sizeof head, "{\"alg\": \"HS256\", \"kid\": \"%s\"}", k ? "e1" : "r1");
        CHECK(refused(token_sign(head, c, NULL, "HS256", pem), "algorithm (alg)"));
        CHECK(refused(token_sign(head, c, NULL, "HS256", strstr(pem, "\"n\": \"") + 6), "algorithm (alg)"));
        CHECK(refused(token_sign(head, c, NULL, "HS256", ""), "algorithm (alg)"));
        free(c);
    }
    CHECK(refused(signed_head("{\"alg\": \"RS512\", \"kid\": \"r1\"}", "RS512", rsa), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"RS384\", \"kid\": \"r1\"}", "RS384", rsa), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"PS256\", \"kid\": \"r1\"}", "PS256", rsa), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\"}", "PS256", rsa), "signature is not"));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\"}", "RS512", rsa), "signature is not"));
    CHECK(refused(signed_head("{\"alg\": \"ES256\", \"kid\": \"r1\"}", "ES256", ec), "algorithm (alg)")); /* a key's algorithm is the key's */
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"e1\"}", "RS256", rsa), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"ES384\", \"kid\": \"e1\"}", "ES384", ec), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"ES256K\", \"kid\": \"e1\"}", "ES256", ec), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"EdDSA\", \"kid\": \"e1\"}", "ES256", ec), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"rs256\", \"kid\": \"r1\"}", "RS256", rsa), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"kid\": \"r1\"}", "RS256", rsa), "algorithm (alg)"));
    CHECK(refused(signed_head("{\"alg\": \"ES256\", \"kid\": \"e1\"}", "RS256", rsa), "length"));
}

TEST(keys_are_the_issuers_alone)
{
    static const char *const kid[] = {
        "", "R1", "r1 ", "r", "r11", "../../../dev/null", "/dev/null", "r1' OR '1'='1", "https://evil.example/jwk", "v1", "r1\\n"
    };
    static const char *const more[] = { "\"jwk\": {\"kty\": \"EC\"}",
                                        "\"x5u\": \"https://evil.example/c\"",
                                        "\"x5c\": [\"AAAA\"]",
                                        "\"crit\": [\"exp\"]",
                                        "\"b64\": false",
                                        "\"zip\": \"DEF\"",
                                        "\"enc\": \"A128GCM\"",
                                        "\"cty\": \"JWT\"",
                                        "\"jku\": 7",
                                        "\"iss\": \"x\"",
                                        "\"kid\": \"r1\"" };
    char                     head[300];

    set_up();
    CHECK(refused(signed_head(ES, "ES256", mallory), "signature is not"));
    CHECK(refused(signed_head(RS, "RS256", mallory_rsa), "signature is not"));
    for (size_t i = 0; i < sizeof kid / sizeof kid[0]; i++) {
        (void) snprintf(head, sizeof head, "{\"alg\": \"RS256\", \"kid\": \"%s\"}", kid[i]);
        CHECK(refused(signed_head(head, "RS256", rsa), "kid"));
    }
    CHECK(refused(signed_head("{\"alg\": \"RS256\"}", "RS256", rsa), "kid"));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\\u0000\"}", "RS256", rsa), "JSON"));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": [\"r1\"]}", "RS256", rsa), "no string"));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": 1}", "RS256", rsa), "no string"));
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        (void) snprintf(head, sizeof head, "{\"alg\": \"RS256\", \"kid\": \"r1\", %s}", more[i]);
        CHECK(refused(signed_head(head, "RS256", rsa), "malformed"));
    }
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\", \"jku\": \"https://evil.example/jwk\"}", "RS256", rsa), "not fetched"));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\", \"jku\": \"" TOKEN_ISS "/jwk?x\"}", "RS256", rsa), "not fetched"));
    CHECK(taken(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\", \"jku\": \"" TOKEN_ISS "/jwk\", \"x5t\": \"abc\"}", "RS256", rsa)));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\", \"typ\": \"at+jwt\"}", "RS256", rsa), "type (typ)"));
    CHECK(refused(signed_head("{\"alg\": \"RS256\", \"kid\": \"r1\", \"typ\": \"vnd.ga4gh.visa+jwt\"}", "RS256", rsa), "type (typ)"));
}

TEST(claims_of_a_login)
{
    static const struct {
        const char *from, *to, *words;
    } change[] = {
        { "\"iss\": \"" TOKEN_ISS "\"", "\"iss\": \"" TOKEN_ISS "/\"", "not trusted here for logins" },
        { "\"iss\": \"" TOKEN_ISS "\"", "\"iss\": \"https://evil.example\"", "https://evil.example is not trusted" },
        { "\"iss\": \"" TOKEN_ISS "\"", "\"iss\": \"" TOKEN_VISAS "\"", "not trusted here for logins" },
        { "\"iss\": \"" TOKEN_ISS "\"", "\"iss\": [\"" TOKEN_ISS "\"]", "not trusted here for logins" },
        { "\"iss\": \"" TOKEN_ISS "\", ", "", "not trusted here for logins" },
        { "\"sub\": \"ada\", ", "", "whose it is" },
        { "\"sub\": \"ada\"", "\"sub\": \"\"", "whose it is" },
        { "\"sub\": \"ada\"", "\"sub\": 7", "whose it is" },
        { "\"sub\": \"ada\"", "\"sub\": \"a\\u001b[2J\"", "whose it is" },
        { "\"sub\": \"ada\"", "\"sub\": \"ada\", \"sub\": \"bob\"", "member twice" },
        { "\"aud\": \"sund-test\"", "\"aud\": \"sund-tes\"", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": \"SUND-TEST\"", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": []", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": [\"sund-test\", 1]", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": {\"sund-test\": 1}", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": [\"sund-test\", \"other\"]", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": [\"sund-test\", \"other\"], \"azp\": \"other\"", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": [\"sund-test\", \"other\"], \"azp\": \"sund-test\"", NULL },
        { "\"aud\": \"sund-test\"", "\"aud\": [\"sund-test\"]", NULL },
        { "\"aud\": \"sund-test\"", "\"aud\": \"sund-test\", \"azp\": \"other\"", "another audience" },
        { "\"aud\": \"sund-test\"", "\"aud\": \"sund-test\", \"azp\": 1", "another audience" },
        { "\"aud\": \"sund-test\", ", "", "another audience" },
        { "\"exp\": 1800003600, ", "", "whole seconds" },
        { "\"exp\": 1800003600", "\"exp\": \"1800003600\"", "whole seconds" },
        { "\"exp\": 1800003600", "\"exp\": 1800003600.5", "whole seconds" },
        { "\"exp\": 1800003600", "\"exp\": 1e300", "whole seconds" },
        { "\"exp\": 1800003600", "\"exp\": 99999999999999999999", "malformed" },
        { "\"exp\": 1800003600", "\"exp\": 9007199254740993", "whole seconds" },
        { "\"exp\": 1800003600", "\"exp\": -1", "whole seconds" },
        { "\"exp\": 1800003600", "\"exp\": null", "whole seconds" },
        { "\"exp\": 1800003600", "\"exp\": 1799999940", "expired" },
        { "\"iat\": 1799999990, ", "", "whole seconds" },
        { "\"iat\": 1799999990", "\"iat\": 1800000061", "not yet valid" },
        { "\"iat\": 1799999990", "\"iat\": 1799999990, \"nbf\": \"0\"", "whole seconds" },
        { "\"nonce\": \"", "\"nonce\": \"0", "another key" },
        { "\"nonce\": \"", "\"none\": \"", "another key" },
        { "{", "[{", "malformed" },
        { "}", "} ,", "malformed" },
    };

    set_up();
    for (size_t i = 0; i < sizeof change / sizeof change[0]; i++) {
        char *c = claims("j1", ""), *at = strstr(c, change[i].from), *t;

        CHECK(at != NULL);
        t = text_of("%.*s%s%s", (int) (at - c), c, change[i].to, at + strlen(change[i].from));
        free(c);
        t = signed_claims(t);
        if (change[i].words)
            CHECK(refused(t, change[i].words));
        else
            CHECK(taken(t));
    }
}

/** No change of a token's bytes gives another that holds: neither a byte, nor a cut, nor parts put
 * together otherwise. */
TEST(malformed_tokens)
{
    static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"
                              "=. \n\t\"{}%\x01\x7f\xff";
    size_t            n_tried = 0;

    set_up();
    for (int by_ec = 0; by_ec < 2; by_ec++) {
        char  *t = good(by_ec), *a = strchr(t, '.'), *b = strchr(a + 1, '.');
        size_t n = strlen(t);
        char  *whole[] = { text_of("%s=", t),
                           text_of("%s==", t),
                           text_of(" %s", t),
                           text_of("%s.", t),
                           text_of(".%s", t),
                           text_of("%s.%s", t, b + 1),
                           text_of("%.*s..%s", (int) (a - t), t, b + 1),
                           text_of("..%s", b + 1),
                           text_of("%s", ""),
                           text_of("%.*s=%s", (int) (a - t), t, a),
                           text_of("%.*s=%s", (int) (b - t), t, b),
                           text_of("%s%s", t, t),
                           text_of("\n%s", t),
                           text_of("%.*s.%.*s%s", (int) (b - a - 1), a + 1, (int) (a - t), t, b),
                           text_of("{\"payload\": \"%s\"}", t),
                           text_of("%.*s%s", (int) (b - t) + 1, t, "AAAA"),
                           text_of("Bearer %s", t),
                           text_of("..") };

        for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++, n_tried++)
            CHECK(refused(whole[i], ""));
        for (size_t i = 0; i < n; i++, n_tried++)
            CHECK(refused(strndup(t, i), ""));
        for (size_t i = 0; i < n; i++)
            for (int k = 0; k < 4; k++) {
                char *x = strdup(t), c = abc[test_rand() % (sizeof abc - 1)];

                if (k < 2)
                    x[i] = c;
                else
                    x[i] = t[test_rand() % n];
                if (strcmp(x, t) == 0 || (x[i] == '\n' && i == n - 1)) {
                    free(x);
                    continue;
                }
                CHECK(refused(x, ""));
                n_tried++;
            }
        for (int k = 0; k < 400; k++, n_tried++) { /* a byte put in, a byte taken out */
            size_t i = test_rand() % n;
            char  *x = k % 2 ? text_of("%.*s%c%s", (int) i, t, abc[test_rand() % 64], t + i) : text_of("%.*s%s", (int) i, t, t + i + 1);

            CHECK(refused(x, ""));
        }
        free(t);
    }
    printf("# %zu malformed tokens refused\n", n_tried);
    CHECK(n_tried > 400);
}

TEST(json_that_is_signed_and_strange)
{
    char *deep = text_of("%0*d", 6000, 0), *c = claims("j1", "");
    char *t;

    set_up();
    memset(deep, '[', 6000);
    CHECK(refused(token_sign(RS, deep, rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign(deep, c, rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign(RS, "", rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign(RS, "null", rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign(RS, "[]", rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign(RS, "\"x\"", rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign("[]", c, rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign("7", c, rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign("{}", c, rsa, "RS256", NULL), "kid"));
    CHECK(refused(token_sign(RS " {}", c, rsa, "RS256", NULL), "malformed"));
    CHECK(refused(token_sign(RS, "{\"iss\": \"\xff\xfe\"}", rsa, "RS256", NULL), "malformed"));
    free(deep);
    t = text_of("%0*d", SUND_TOKEN_MAX + 1, 0);
    CHECK(refused(t, "bytes"));
    t = text_of("%0*d", SUND_LOGIN_MAX + 1, 0);
    CHECK(refused(t, "bytes"));
    free(c);
}

static int64_t count(sund_db *db, const char *sql)
{
    int64_t n = -1;

    CHECK(sund_db_i64(db, &n, -1, NULL, sql, "") == SUND_OK);
    return n;
}

TEST(replay)
{
    static sund_login l;
    sund_err          err = { SUND_OK, "" };
    sund_db          *db = NULL;
    char             *t = good(true), *twin = token_twin(t), *c = claims("j1", ", \"x\": 1"), *again = token_sign(ES, c, ec, "ES256", NULL), *no_jti;

    set_up();
    CHECK(sund_db_open(&db, ":memory:", "", &err) == SUND_OK && sund_login_tables(db, &err) == SUND_OK);
    CHECK(verify_at(t, db, &key, NOW, &l, &err) == SUND_OK && verify_at(t, db, &key, NOW + 100, &l, &err) == SUND_OK); /* for several studies */
    CHECK(strcmp(t, twin) != 0 && verify_at(twin, db, &key, NOW, &l, &err) == SUND_OK);                                /* the same token by what is signed, */
    CHECK(count(db, "SELECT COUNT(*) FROM token") == 1);                                                               /* and no second one */
    CHECK(verify_at(again, db, &key, NOW, &l, &err) == SUND_E_DENIED && strstr(err.msg, "refused as a replay") && !l.subject[0]);
    CHECK(verify_at(again, NULL, &key, NOW, &l, &err) == SUND_OK);
    CHECK(sund_db_run(db, &err, "UPDATE token SET holder=x'00'", "") == SUND_OK); /* as if it had been another key's */
    CHECK(verify_at(t, db, &key, NOW, &l, &err) == SUND_E_DENIED && strstr(err.msg, "another key or content"));
    CHECK(verify_at(twin, db, &key, NOW, &l, &err) == SUND_E_DENIED);
    free(again);
    free(c);
    /* forgotten when it has run out, a while after nobody takes it any more */
    c = text_of("{\"iss\": \"" TOKEN_ISS "\", \"sub\": \"ada\", \"aud\": \"" TOKEN_CLIENT "\", \"exp\": %d, \"iat\": %d, \"nonce\": \"%s\"}", NOW + 9000, NOW,
                sund_login_nonce(&key).s);
    no_jti = token_sign(RS, c, rsa, "RS256", NULL);
    CHECK(verify_at(no_jti, db, &key, NOW + 3719, &l, &err) == SUND_OK && count(db, "SELECT COUNT(*) FROM token") == 2);
    CHECK(verify_at(no_jti, db, &key, NOW + 3721, &l, &err) == SUND_OK && count(db, "SELECT COUNT(*) FROM token") == 1);
    /* what does not hold is not remembered */
    CHECK(verify_at(t, db, &other, NOW, &l, &err) == SUND_E_DENIED && count(db, "SELECT COUNT(*) FROM token") == 1);
    sund_db_close(db);
    free(t);
    free(twin);
    free(c);
    free(no_jti);
}

/* ---- keys ---- */

static bool set_refused(char *text, const char *words)
{
    sund_jwks *k = NULL;
    sund_err   err = { SUND_OK, "" };
    sund_code  rc = sund_jwks_parse(&k, "keys", text, strlen(text), &err);
    bool       well = rc != SUND_OK && strstr(err.msg, words);

    if (!well)
        fprintf(stderr, "# code %d: '%s', not '%s'\n", rc, err.msg, words);
    sund_jwks_free(k);
    free(text);
    return well;
}

TEST(key_sets)
{
    const char *twice[] = { "a", "a" }, *names[] = { "a", "b" }, *one[] = { "w" };
    EVP_PKEY   *two[2];
    sund_jwks  *k = NULL;
    sund_err    err;
    char       *t, *x;

    set_up();
    two[0] = rsa;
    two[1] = ec;
    CHECK(set_refused(token_jwks(two, twice, 2, ""), "two keys of one kid"));
    CHECK(set_refused(token_jwks(&weak, one, 1, ""), "2048"));
    CHECK(set_refused(token_jwks(two, names, 2, "\"use\": \"enc\", "), "no key that may sign"));
    CHECK(set_refused(token_jwks(two, names, 2, "\"alg\": \"HS256\", "), "no key that may sign"));
    CHECK(set_refused(token_jwks(two, names, 2, "\"use\": \"sig\", \"use\": \"sig\", "), "no JSON Web Key set"));
    CHECK(set_refused(strdup("{\"keys\": []}"), "no key that may sign"));
    CHECK(set_refused(strdup("{\"keys\": {}}"), "no JSON Web Key set"));
    CHECK(set_refused(strdup("[]"), "no JSON Web Key set"));
    CHECK(set_refused(strdup("<html>"), "no JSON Web Key set"));
    CHECK(set_refused(strdup("{\"keys\": [{\"kty\": \"oct\", \"kid\": \"s\", \"k\": \"AAAA\"}]}"), "no key that may sign"));
    CHECK(set_refused(strdup("{\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"kid\": \"s\", "
                             "\"x\": \"AAAA\", \"y\": \"AAAA\"}]}"),
                      "is not one"));
    CHECK(set_refused(text_of("%0*d", SUND_JWKS_MAX_BYTES + 1, 0), "at most"));
    t = token_jwks(&ec, one, 1, "");
    x = strstr(t, "\"x\": \"") + 6;
    x[5] = x[5] == 'A' ? 'B' : 'A';
    CHECK(set_refused(t, "is not one")); /* no point of the curve */
    t = token_jwks(two, names, 2, "\"d\": \"AAAA\", \"key_ops\": [\"verify\"], ");
    CHECK(sund_jwks_parse(&k, "keys", t, strlen(t), &err) == SUND_OK && sund_jwks_count(k) == 2 && strcmp(sund_jwks_alg(k, 0), "RS256") == 0 &&
          strcmp(sund_jwks_kid(k, 1), "b") == 0);
    sund_jwks_free(k);
    free(t);
}

TEST(base64url_and_sha256)
{
    static const char *const vector[][2] = { { "", "" },           { "f", "Zg" },          { "fo", "Zm8" },          { "foo", "Zm9v" },
                                             { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "-__-" } };
    static const char *const bad[] = { "Z", "Zg==", "Zh", "Zm9", "Zm 8", "Zm8\n", "+//+", "Zm9vZ", "Zg.", "\xc3\xa9" };
    sund_digest              d = sund_sha256("abc", 3);
    sund_buf                 b = { 0 };

    CHECK(strcmp(sund_digest_hex(&d).s, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0); /* FIPS 180-2 */
    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++) {                                                /* RFC 4648, section 10 */
        sund_buf_clear(&b);
        sund_base64url_write(vector[i][0], strlen(vector[i][0]), &b);
        CHECK(b.n == strlen(vector[i][1]) && memcmp(b.p, vector[i][1], b.n) == 0);
        CHECK(sund_base64url_read(vector[i][1], strlen(vector[i][1]), &b) && b.n == strlen(vector[i][0]) && memcmp(b.p, vector[i][0], b.n) == 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!sund_base64url_read(bad[i], strlen(bad[i]), &b));
    sund_buf_free(&b);
}

TEST(addresses)
{
    static const char *const well[] = { "https://a", "https://login.example.org/oidc", "http://127.0.0.1:8080/x", "http://127.0.0.1:1",
                                        "http://[::1]:4593/api?x=1&y" };
    static const char *const bad[] = { "",
                                       "http://a",
                                       "https://",
                                       "https:///x",
                                       "http://127.0.0.1",
                                       "http://127.0.0.1:1@evil",
                                       "https://user@a",
                                       "https://a b",
                                       "https://a\nb",
                                       "https://a#b",
                                       "HTTPS://a",
                                       "file:///etc/passwd",
                                       "https://a\"b",
                                       "http://127.0.0.1:80.evil/",
                                       "https://a]b" };
    char                    *lengthy = text_of("https://%0*d", 300, 0);

    for (size_t i = 0; i < sizeof well / sizeof well[0]; i++)
        CHECK(sund_url_ok(well[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!sund_url_ok(bad[i]));
    CHECK(!sund_url_ok(lengthy));
    free(lengthy);
}
