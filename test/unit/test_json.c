/* JSON from outside: the public suite of good and bad documents, bounds, and reading along chains of what is not there. */
#include "base/file.h"
#include "base/json.h"
#include "../fuzz/json_same.h"
#include "test.h"

#include <dirent.h>
#include <math.h>

static sund_code read_text(const char *s, sund_jval **v) { return sund_json_read(s, strlen(s), v, NULL); }

/** y_...: taken; n_...: refused; i_...: either. */
TEST(the_suite_of_documents)
{
    const char    *shared = getenv("SUND_SHARED") ? getenv("SUND_SHARED") : "../shared";
    char           path[2048];
    struct dirent *e;
    DIR           *d;
    size_t         taken = 0, refused = 0;

    (void) snprintf(path, sizeof path, "%s/data/hostile/json", shared);
    d = opendir(path);
    if (!d) {
        printf("# skipped: no shared data\n");
        return;
    }
    while ((e = readdir(d)) != NULL) {
        sund_buf   text = { 0 };
        bool       good;

        if (!strstr(e->d_name, ".json"))
            continue;
        (void) snprintf(path, sizeof path, "%s/data/hostile/json/%s", shared, e->d_name);
        CHECK(sund_file_read(path, 1 << 24, &text, NULL) == SUND_OK);
        CHECK(json_same(text.p, text.n, &good));
        /* a NUL inside a string is sound JSON; nobody here can say such a text in C */
        if (e->d_name[0] == 'y' && !strstr(e->d_name, "null_escape") && !strstr(e->d_name, "escaped_null") && !strstr(e->d_name, "duplicated_key"))
            CHECK(good);
        if (e->d_name[0] == 'n')
            CHECK(!good);
        if ((e->d_name[0] == 'y') != good && e->d_name[0] != 'i')
            printf("# %s\n", e->d_name);
        taken += good;
        refused += !good;
        sund_buf_free(&text);
    }
    (void) closedir(d);
    printf("# %zu taken, %zu refused\n", taken, refused);
    CHECK(taken > 90 && refused > 180);
}

TEST(depth_and_escapes)
{
    char       deep[200] = "";
    sund_jval *v = NULL;
    sund_err   err = { SUND_OK, "" };

    for (int n = SUND_JSON_DEPTH; n <= SUND_JSON_DEPTH + 1; n++) {
        memset(deep, '[', (size_t) n);
        memset(deep + n, ']', (size_t) n);
        CHECK(sund_json_read(deep, (size_t) n * 2, &v, &err) == (n == SUND_JSON_DEPTH ? SUND_OK : SUND_E_LIMIT));
        sund_jval_free(v);
        v = NULL;
    }
    /* brackets in strings are no levels, whatever is escaped before them */
    memset(deep, '[', 150);
    memcpy(deep, "[\"\\\\\\\"", 6);
    memcpy(deep + 150, "\"]", 3);
    CHECK(sund_json_read(deep, strlen(deep), &v, &err) == SUND_OK && strlen(sund_j_str(sund_j_at(v, 0))) == 146);
    sund_jval_free(v);
    v = NULL;
    /* and a string that ends behind an escaped backslash does end */
    memset(deep, '[', 150);
    memcpy(deep, "[\"\\\\\",", 6);
    CHECK(sund_json_read(deep, 150, &v, &err) == SUND_E_LIMIT);
    CHECK(sund_json_read("{\"a\":\n 1,}", 10, &v, &err) == SUND_E_FORMAT && strstr(err.msg, "line 2"));
    CHECK(read_text("{\"a\":1,\"a\":2}", &v) == SUND_E_FORMAT && read_text("", &v) == SUND_E_FORMAT && read_text("1 2", &v) == SUND_E_FORMAT);
    CHECK(!v);
}

static uint64_t below(uint64_t n) { return test_rand() % n; }

/** A document of a few kinds of value; now and then what none has. */
static void put_value(sund_buf *b, unsigned depth)
{
    static const char *const plain[] = { "0", "-0", "12", "-9223372036854775808", "9223372036854775807", "1.5", "-0.0", "1e5", "2E-3", "4.9e-324", "1e-400", "true", "false", "null",
                                         "\"\"", "\"a\"", "\"\\u00e9\\uD83D\\uDE00\"", "\"\\n\\\\\\\"\\/\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\"longer than eight bytes\"", "\"\\ud800\"", "\"\\u0000\"", "01", "+1", ".5", "1.", "1e", "nul", "\"\t\"", "9223372036854775808", "1e400" };
    static const char *const space[] = { "", "", "", " ", "\n", "\t\r " };
    uint64_t                 kind = below(depth > 4 ? 3 : 6), n = below(depth > 2 ? 4 : 30);

    sund_buf_text(b, space[below(6)]);
    if (kind < 4) {
        sund_buf_text(b, plain[below(below(200) == 0 ? 31 : 20)]);
    }
    else {
        sund_buf_text(b, kind == 4 ? "[" : "{");
        for (uint64_t i = 0; i < n; i++) {
            sund_buf_text(b, i ? "," : "");
            if (kind == 5)
                sund_buf_printf(b, "%s\"%s%llu\"%s:", space[below(6)], below(2) ? "k" : "", (unsigned long long) (below(60) == 0 ? below(30) : i), space[below(6)]);
            put_value(b, depth + 1);
        }
        sund_buf_text(b, kind == 4 ? "]" : "}");
    }
    sund_buf_text(b, space[below(6)]);
}

/** Documents that are made, as they are and with a byte changed: jansson takes the same ones, and finds the same in them. */
TEST(made_documents_are_as_another_reader_has_them)
{
    static const char bytes[] = "[]{}:,\"\\u0eE+-. \n\t/bfnrtaD8C\x80\xc3\xed\xa0\xf4\x01\x7f";
    size_t            taken = 0, refused = 0, wrong = 0;

    for (int round = 0; round < 3000; round++) {
        sund_buf b = { 0 };

        put_value(&b, 0);
        CHECK(!b.bad);
        for (int change = 0; change < 6; change++) {
            uint8_t *at = b.p + below(b.n), was = *at;
            bool     good;

            if (change)
                *at = (uint8_t) bytes[below(sizeof bytes - 1)];
            if (!json_same(b.p, b.n, &good) && wrong++ < 5)
                printf("# %.*s\n", (int) b.n, (const char *) b.p);
            taken += good;
            refused += !good;
            *at = was;
        }
        sund_buf_free(&b);
    }
    printf("# %zu taken, %zu refused\n", taken, refused);
    CHECK(wrong == 0 && taken > 3000 && refused > 3000);
}

TEST(what_is_not_there_needs_no_checks)
{
    sund_jval       *v = NULL;
    const sund_jval *m;
    const char      *name = NULL;
    void            *at = NULL;
    int64_t          i;
    double           f;
    bool             b;
    char             names[20] = "";

    CHECK(read_text("{\"z\":{\"list\":[1,2.5,true,null,\"x\"]},\"b\":\"t\",\"a\":9}", &v) == SUND_OK);
    m = sund_j_get(sund_j_get(v, "z"), "list");
    CHECK(sund_j_n(m) == 5 && sund_j_n(v) == 3 && sund_j_n(sund_j_get(v, "b")) == 0 && sund_j_kind(m) == SUND_J_ARRAY && sund_j_kind(NULL) == SUND_J_NONE);
    CHECK(sund_j_int(sund_j_at(m, 0), &i) && i == 1 && !sund_j_int(sund_j_at(m, 1), &i) && i == 0);
    CHECK(sund_j_real(sund_j_at(m, 1), &f) && f == 2.5 && sund_j_real(sund_j_at(m, 0), &f) && f == 1 && !sund_j_real(sund_j_at(m, 4), &f));
    CHECK(sund_j_bool(sund_j_at(m, 2), &b) && b && !sund_j_bool(sund_j_at(m, 3), &b) && sund_j_kind(sund_j_at(m, 3)) == SUND_J_NULL);
    CHECK(strcmp(sund_j_text(v, "b"), "t") == 0 && !sund_j_text(v, "a") && !sund_j_text(NULL, "a"));
    CHECK(!sund_j_at(sund_j_get(sund_j_get(v, "no"), "no"), 3) && !sund_j_at(m, 5) && !sund_j_get(m, "z") && !sund_j_at(v, 0) && !sund_j_str(NULL) && !sund_j_n(NULL));
    while (sund_j_next(v, &at, &name))
        (void) strcat(names, name);
    CHECK(strcmp(names, "zba") == 0);
    at = NULL;
    CHECK(!sund_j_next(m, &at, &name) && !sund_j_next(NULL, &at, &name));
    sund_jval_free(v);
    sund_jval_free(NULL);
}

/** Every byte that can be in a text, at every place of texts of up to 20 bytes: written and read again it is the same. */
TEST(what_is_written_is_read_again)
{
    static const unsigned char odd[] = { 1, 9, 10, 31, 32, 33, '"', '#', '[', '\\', ']', 126, 127 };
    size_t                     wrong = 0;

    for (size_t n = 0; n <= 20; n++)
        for (size_t at = 0; at <= n; at++)
            for (size_t k = 0; k < sizeof odd; k++) {
                char       s[24], plain[32];
                sund_buf   b = { 0 };
                sund_json  j;
                sund_jval *v = NULL;

                memset(s, 0, sizeof s);
                memset(s, 'a', n);
                if (at < n)
                    s[at] = (char) odd[k];
                (void) snprintf(plain, sizeof plain, "\"%s\"", s);
                sund_json_init(&j, &b, false);
                sund_json_open(&j, NULL, '{');
                sund_json_str(&j, "k", s);
                sund_json_str(&j, "\xc3\xa9 \x7f", s);
                sund_json_close(&j, '}');
                sund_buf_nul(&b);
                if (b.bad || read_text((const char *) b.p, &v) != SUND_OK || strcmp(sund_j_text(v, "k"), s) != 0 || strcmp(sund_j_text(v, "\xc3\xa9 \x7f"), s) != 0)
                    wrong++;
                if (at < n && odd[k] >= 32 && odd[k] != '"' && odd[k] != '\\' && odd[k] != 127 && !strstr((const char *) b.p, plain)) /* and nothing is escaped that need not be */
                    wrong++;
                sund_jval_free(v);
                sund_buf_free(&b);
            }
    CHECK(wrong == 0);
}

TEST(shares)
{
    static const struct { double x; const char *is; } share[] = { { 0, "0" }, { 1, "1" }, { 0.5, "0.5" }, { 0.1, "0.1" }, { 1.0 / 3, "0.333333333333" }, { 1e-12, "0.000000000001" }, { 0.4e-12, "0" },
                                                                  { 0.9999999999996, "1" }, { 0.099999999999, "0.099999999999" }, { -0.5, "0" }, { 7, "1" }, { NAN, "0" } };

    for (size_t i = 0; i < sizeof share / sizeof share[0]; i++) {
        sund_buf  b = { 0 };
        sund_json j;

        sund_json_init(&j, &b, false);
        sund_json_open(&j, NULL, '[');
        sund_json_share(&j, NULL, share[i].x);
        sund_json_share(&j, NULL, 0.25);
        sund_json_close(&j, ']');
        sund_buf_nul(&b);
        CHECK(!b.bad && strncmp((const char *) b.p + 1, share[i].is, strlen(share[i].is)) == 0 && strcmp((const char *) b.p + 1 + strlen(share[i].is), ",0.25]") == 0);
        sund_buf_free(&b);
    }
}
