#include "test.h"

#include "base/crypto.h"
#include "base/file.h"
#include "rdf/shacl_priv.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

#include <dirent.h>

#define MF(x)  "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#" x
#define SHT(x) "http://www.w3.org/ns/shacl-test#" x
#define PREFIXES "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix e: <http://e.org/> .\n"

static sund_graph *read_text(const char *text)
{
    sund_graph *g = NULL;
    sund_err    err = { 0 };
    char       *all = NULL;

    CHECK(sund_crypto_init(NULL) == SUND_OK && sund_graph_new(&g, NULL, NULL) == SUND_OK);
    CHECK(asprintf(&all, PREFIXES "%s", text) > 0);
    if (sund_turtle_read(g, "x.ttl", all, strlen(all), NULL, &err) != SUND_OK) {
        CHECK(0);
        fprintf(stderr, "# %s\n", err.msg);
    }
    free(all);
    return g;
}

static sund_shacl_report check(const char *shapes, const char *data)
{
    sund_shapes      *s = NULL;
    sund_graph       *g = read_text(data);
    sund_shacl_report r = { 0 };
    sund_err          err = { 0 };

    if (sund_shapes_new(&s, read_text(shapes), &err) != SUND_OK || sund_shacl_check(s, g, &r, &err) != SUND_OK) {
        CHECK(0);
        fprintf(stderr, "# %s\n", err.msg);
    }
    sund_shapes_free(s);
    sund_graph_free(g);
    return r;
}

TEST(a_result_says_what_and_where)
{
    sund_shacl_report r = check("e:S sh:targetClass e:D ; sh:property [ sh:path e:title ; sh:minCount 1 ], [ sh:path e:id ; sh:pattern \"^[A-Z]+$\" ; sh:message \"capitals\"@en ], "
                                "[ sh:path e:note ; sh:minCount 1 ; sh:severity sh:Warning ] .",
                                "e:d a e:D ; e:id \"abc\" .");

    CHECK(r.n_focus == 1 && r.n_result == 3 && r.n_violation == 2 && r.n_kept == 3);
    for (size_t i = 0; i < r.n_kept; i++) {
        CHECK(strcmp(r.kept[i].focus, "http://e.org/d") == 0);
        if (strcmp(r.kept[i].path, "http://e.org/title") == 0)
            CHECK(strcmp(r.kept[i].component, "minCount") == 0 && strcmp(r.kept[i].message, "is missing") == 0 && r.kept[i].violation);
        else if (strcmp(r.kept[i].path, "http://e.org/id") == 0)
            CHECK(strcmp(r.kept[i].component, "pattern") == 0 && strcmp(r.kept[i].message, "capitals: abc") == 0);
        else
            CHECK(!r.kept[i].violation);
    }
}

TEST(violations_are_kept_before_warnings)
{
    sund_buf b = { 0 };

    sund_buf_text(&b, PREFIXES);
    for (int i = 0; i < 50; i++)
        sund_buf_printf(&b, "e:w%d a e:W . e:v%d a e:V .\n", i, i);
    sund_buf_nul(&b);
    sund_shacl_report r = check("e:W a sh:NodeShape ; sh:targetClass e:W ; sh:property [ sh:path e:p ; sh:minCount 1 ; sh:severity sh:Warning ] . e:V sh:targetClass e:V ; sh:property [ sh:path e:p ; sh:minCount 1 ] .",
                                (const char *) b.p + strlen(PREFIXES));
    CHECK(r.n_result == 100 && r.n_violation == 50 && r.n_kept == SUND_SHACL_KEPT);
    for (size_t i = 0; i < r.n_kept; i++)
        CHECK(r.kept[i].violation);
    sund_buf_free(&b);
}

TEST(what_matches_nothing_is_told)
{
    CHECK(check("e:S sh:targetClass e:D ; sh:nodeKind sh:IRI .", "e:d a e:E .").n_focus == 0);
}

TEST(shapes_that_are_not_understood_are_refused)
{
    static const struct { const char *shapes, *says; } bad[] = {
        { "e:S sh:targetClass e:D ; sh:sparql [ sh:select \"x\" ] .", "sparql" },
        { "e:S sh:targetClass e:D ; <http://datashapes.org/dash#singleLine> true .", "singleLine" },
        { "e:S sh:targetClass e:D ; sh:minCout 1 .", "minCout" },
        { "e:S sh:target [ sh:select \"x\" ] ; sh:nodeKind sh:IRI .", "target" },
        { "e:S sh:targetClass e:D ; sh:minCount 1 .", "sh:path" },
        { "e:S sh:targetClass e:D ; sh:property [ sh:path e:p ; sh:minCount -1 ] .", "number" },
        { "e:S sh:targetClass e:D ; sh:property [ sh:path e:p ; sh:pattern \"(\" ] .", "pattern" },
        { "e:S sh:targetClass e:D ; sh:property [ sh:path e:p ; sh:pattern \"x\" ; sh:flags \"g\" ] .", "flags" },
        { "e:S sh:targetClass e:D ; sh:property e:P . e:P sh:minCount 1 .", "path" },
        { "e:S sh:targetClass e:D ; sh:property e:P . e:P sh:nodeKind sh:IRI .", "no sh:path" },
        { "e:S sh:targetClass e:D ; sh:property \"P\" .", "text" },
        { "e:S sh:targetClass e:D ; sh:node \"P\" .", "text" },
        { "e:S sh:targetClass e:D ; sh:nodeKind sh:Iri .", "nodeKind" },
        { "e:S sh:targetClass e:D ; sh:in e:notalist .", "list" },
        { "e:S sh:targetClass e:D ; sh:property [ sh:path [ e:x e:y ] ; sh:minCount 1 ] .", "path" },
        { "e:S sh:targetClass e:D ; sh:property [ sh:path _:a ; sh:minCount 1 ] . _:a sh:inversePath _:a .", "deeply" },
        { "e:S sh:nodeKind sh:IRI .", "target" },
        { "e:S sh:targetClass e:D ; sh:nodeKind sh:IRI . <http://e.org/> <http://www.w3.org/2002/07/owl#imports> e:other .", "imports" },
        { "e:S sh:targetClass e:D ; sh:nodeKind sh:IRI . e:C a sh:ConstraintComponent .", "own" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_shapes *s = NULL;
        sund_err     err = { 0 };
        sund_code    rc = sund_shapes_new(&s, read_text(bad[i].shapes), &err);
        CHECK(rc == SUND_E_FORMAT && strstr(err.msg, bad[i].says));
        if (rc != SUND_E_FORMAT || !strstr(err.msg, bad[i].says))
            fprintf(stderr, "# %zu: %d %s\n", i, rc, err.msg);
        if (rc == SUND_OK)
            sund_shapes_free(s);
    }
}

TEST(shapes_that_need_themselves_end)
{
    sund_shacl_report r = check("e:S sh:targetClass e:D ; sh:property [ sh:path e:next ; sh:node e:S ], [ sh:path e:name ; sh:minCount 1 ] .", "e:a a e:D ; e:name 1 ; e:next e:b . e:b e:name 2 ; e:next e:a .");
    CHECK(r.n_focus == 1 && r.n_result == 0);
    r = check("e:S sh:targetClass e:D ; sh:property [ sh:path e:next ; sh:node e:S ], [ sh:path e:name ; sh:minCount 1 ] .", "e:a a e:D ; e:name 1 ; e:next e:b . e:b e:next e:a .");
    CHECK(r.n_result == 1);
}

TEST(shapes_within_shapes_are_bounded)
{
    sund_buf          b = { 0 };
    sund_shapes      *s = NULL;
    sund_shacl_report r;
    sund_err          err = { 0 };
    sund_graph       *g = read_text("e:d a e:D .");

    for (int i = 0; i < 200; i++)
        sund_buf_printf(&b, "e:S%d a sh:NodeShape ; sh:node e:S%d .\n", i, i + 1);
    sund_buf_text(&b, "e:S0 sh:targetClass e:D . e:S200 a sh:NodeShape ; sh:nodeKind sh:IRI .");
    sund_buf_nul(&b);
    CHECK(sund_shapes_new(&s, read_text((const char *) b.p), &err) == SUND_OK && sund_shacl_check(s, g, &r, &err) == SUND_E_LIMIT && strstr(err.msg, "too many times over"));
    sund_shapes_free(s);
    sund_graph_free(g);
    sund_buf_free(&b);
}

TEST(work_is_bounded)
{
    sund_buf          b = { 0 };
    sund_shapes      *s = NULL;
    sund_shacl_report r;
    sund_err          err = { 0 };

    sund_buf_text(&b, "e:x0 a e:D .");
    for (int i = 0; i < 300; i++)
        for (int k = 0; k < 300; k++)
            sund_buf_printf(&b, "e:x%d e:p e:x%d .", i, k);
    sund_buf_nul(&b);
    sund_graph *g = read_text((const char *) b.p);
    CHECK(sund_shapes_new(&s, read_text("e:S sh:targetClass e:D ; sh:property [ sh:path ( e:p [ sh:zeroOrMorePath e:p ] [ sh:zeroOrMorePath e:p ] ) ; sh:nodeKind sh:IRI ] ."), &err) == SUND_OK);
    CHECK(sund_shacl_check(s, g, &r, &err) == SUND_E_LIMIT && strstr(err.msg, "too long"));
    sund_shapes_free(s);
    sund_graph_free(g);
    sund_buf_free(&b);
}

TEST(forms_of_literals)
{
    static const struct { const char *type, *text; bool ok; } is[] = {
        { "integer", "-0012", true },        { "integer", "1.0", false },      { "nonNegativeInteger", "-0", true }, { "nonNegativeInteger", "-1", false }, { "byte", "127", true },
        { "byte", "128", false },            { "byte", "-128", true },         { "unsignedLong", "18446744073709551615", true }, { "unsignedLong", "18446744073709551616", false },
        { "date", "2026-11-26", true },      { "date", "2026-13-26", false },  { "date", "2026-11-26\n", false },  { "date", "2026-11-26Z", true },      { "dateTime", "2026-11-26T10:00:00", true },
        { "dateTime", "2026-11-26", false }, { "dateTime", "2026-11-26T10:00:00.5+01:00", true }, { "boolean", "yes", false }, { "boolean", "1", true }, { "decimal", "1e3", false },
        { "double", "1e3", true },           { "double", "INF", true },        { "duration", "P1Y2M", true },        { "duration", "P", false },            { "duration", "P1D", true },
        { "gYear", "2026", true },           { "gYear", "26", false },         { "anyURI", "any thing", true },      { "string", "", true },                 { "hexBinary", "0f", true },
        { "hexBinary", "0", false },
    };

    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        char type[80];
        (void) snprintf(type, sizeof type, XSD("%s"), is[i].type);
        CHECK(sund_literal_ok(type, is[i].text) == is[i].ok);
        if (sund_literal_ok(type, is[i].text) != is[i].ok)
            fprintf(stderr, "# %s %s\n", is[i].type, is[i].text);
    }
}

TEST(a_pattern_gives_up)
{
    void *re = NULL;
    char  long_text[4000];

    memset(long_text, 'a', sizeof long_text);
    CHECK(sund_regex_new(&re, "^(a+)+$", "", NULL) == SUND_OK);
    long_text[sizeof long_text - 1] = 'b';
    CHECK(sund_regex_match(re, long_text, sizeof long_text) == SUND_REGEX_GAVE_UP); /* ends, and soon */
    CHECK(sund_regex_match(re, "aaa", 3) == SUND_REGEX_YES && sund_regex_match(re, "aab", 3) == SUND_REGEX_NO);
    sund_regex_free(re);
    for (int not = 0; not < 2; not++) { /* and what was not decided passes neither by the rule nor by its opposite */
        sund_shapes      *s = NULL;
        sund_shacl_report out;
        sund_err          err = { 0 };
        char              data[4100];

        (void) snprintf(data, sizeof data, "e:d a e:D ; e:id \"%.*s\" .", (int) sizeof long_text, long_text);
        sund_graph *g = read_text(data);
        CHECK(sund_shapes_new(&s, read_text(not ? "e:S sh:targetClass e:D ; sh:property [ sh:path e:id ; sh:not [ sh:pattern \"^(a+)+$\" ] ] ." : "e:S sh:targetClass e:D ; sh:property [ sh:path e:id ; sh:pattern \"^(a+)+$\" ] ."), &err) == SUND_OK);
        CHECK(sund_shacl_check(s, g, &out, &err) == SUND_E_LIMIT && strstr(err.msg, "a pattern takes too long"));
        sund_shapes_free(s);
        sund_graph_free(g);
    }
}

/* ---- the W3C's tests of the core ---- */

static sund_graph *load(const char *folder, const char *name)
{
    sund_graph *g = NULL;
    char        at[2048], base[2200];
    sund_err    err = { 0 };

    CHECK(sund_graph_new(&g, NULL, NULL) == SUND_OK);
    (void) snprintf(at, sizeof at, "%s/%s", folder, name);
    (void) snprintf(base, sizeof base, "file://%s/%s", folder, name);
    for (char *c = base; *c; c++)
        if (*c == ' ')
            *c = '_';
    if (sund_turtle_read_file(g, at, base, &err) != SUND_OK) {
        CHECK(0);
        fprintf(stderr, "# %s\n", err.msg);
    }
    return g;
}

/** One of the graphs that a test names: another file of the folder, or its own. */
static sund_graph *named(const sund_graph *g, sund_term action, const char *which, const char *folder, const char *own)
{
    const char *iri = sund_graph_value(g, action, which), *slash = iri ? strrchr(iri, '/') : NULL;

    return load(folder, slash && slash[1] ? slash + 1 : own);
}

static void run_test(const char *folder, const char *file, size_t *n)
{
    sund_graph *g = load(folder, file);
    sund_term   result = sund_graph_find(g, MF("result")), p = sund_graph_find(g, SH("result"));

    for (sund_match m = sund_graph_match(g, 0, result, 0); result && sund_match_next(&m);) {
        sund_term         action = sund_graph_object(g, m.s, MF("action"));
        sund_graph       *data = named(g, action, SHT("dataGraph"), folder, file);
        sund_shapes      *s = NULL;
        sund_shacl_report r = { 0 };
        sund_err          err = { 0 };
        size_t            want = 0;

        for (sund_match k = sund_graph_match(g, m.o, p, 0); p && sund_match_next(&k);)
            want++;
        bool ok = sund_shapes_new(&s, named(g, action, SHT("shapesGraph"), folder, file), &err) == SUND_OK && sund_shacl_check(s, data, &r, &err) == SUND_OK && r.n_result == want;
        CHECK(ok);
        if (!ok)
            fprintf(stderr, "# %s/%s: %zu results, want %zu: %s\n", folder, file, r.n_result, want, err.msg);
        if (s)
            sund_shapes_free(s);
        sund_graph_free(data);
        (*n)++;
    }
    sund_graph_free(g);
}

TEST(the_tests_of_the_w3c)
{
    static const char *const part[] = { "node", "property", "path", "targets", "misc", "complex", "validation-reports" };
    const char              *shared = getenv("SUND_SHARED") ? getenv("SUND_SHARED") : "../shared";
    size_t                   n = 0;

    CHECK(sund_crypto_init(NULL) == SUND_OK);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        char           folder[1500];
        struct dirent *e;
        (void) snprintf(folder, sizeof folder, "%s/conformance/dcat/w3c-shacl-tests/data-shapes-test-suite/tests/core/%s", shared, part[i]);
        DIR *d = opendir(folder);
        if (!d) {
            printf("# skipped: no %s\n", folder);
            return;
        }
        while ((e = readdir(d)) != NULL)
            if (strstr(e->d_name, ".ttl") && strcmp(e->d_name, "manifest.ttl") != 0 && !strstr(e->d_name, "-data.ttl") && !strstr(e->d_name, "-shapes.ttl"))
                run_test(folder, e->d_name, &n);
        (void) closedir(d);
    }
    printf("# %zu tests of the W3C\n", n);
    CHECK(n >= 98);
}
