#include "test.h"

#include "base/crypto.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

static sund_graph *graph(void)
{
    sund_graph *g = NULL;

    CHECK(sund_crypto_init(NULL) == SUND_OK && sund_graph_new(&g, NULL, NULL) == SUND_OK);
    return g;
}

static sund_code read_text(sund_graph *g, const char *text, sund_err *err)
{
    return sund_turtle_read(g, "x.ttl", text, strlen(text), NULL, err);
}

static char *written(const sund_graph *g, void (*write)(const sund_graph *, sund_buf *))
{
    sund_buf b = { 0 };

    write(g, &b);
    sund_buf_nul(&b);
    CHECK(!b.bad);
    return (char *) b.p;
}

TEST(terms_are_one_number_each)
{
    sund_graph *g = graph();
    sund_term   a = sund_graph_iri(g, "http://e.org/a"), p = sund_graph_iri(g, DCT("title")), en = sund_graph_lang(g, "x", "EN"), x = sund_graph_text(g, "x");

    CHECK(a == sund_graph_iri(g, "http://e.org/a") && en == sund_graph_lang(g, "x", "en") && x != en && x == sund_graph_typed(g, "x", XSD("string")));
    CHECK(sund_graph_blank(g, NULL) != sund_graph_blank(g, NULL));
    sund_graph_add(g, a, p, x);
    sund_graph_add(g, a, p, en);
    sund_graph_add(g, a, p, x);
    CHECK(sund_graph_size(g) == 2 && sund_graph_has(g, a, p, en) && !sund_graph_has(g, a, p, a));
    CHECK(strcmp(sund_graph_value(g, a, DCT("title")), "x") == 0 && !sund_graph_value(g, a, DCT("description")));
    CHECK(sund_graph_find(g, "http://e.org/a") == a && sund_graph_find(g, "http://e.org/b") == 0);
    CHECK(sund_graph_ok(g, NULL) == SUND_OK);
    sund_graph_free(g);
}

TEST(what_is_no_term_spoils_a_graph)
{
    static const char *const bad[] = { "no scheme", "http://e.org/a b", "http://e.org/<x>", "", ":x", "http://e.org/\n" };
    sund_err                 err;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_graph *g = graph();
        CHECK(sund_graph_iri(g, bad[i]) == 0 && sund_graph_ok(g, &err) == SUND_E_FORMAT);
        CHECK(sund_graph_iri(g, "http://e.org/a") == 0); /* the first failure stays */
        sund_graph_free(g);
    }
    sund_graph *g = graph();
    CHECK(sund_graph_text(g, "\xff") == 0 && sund_graph_ok(g, NULL) == SUND_E_FORMAT);
    sund_graph_free(g);
    g = graph();
    sund_graph_add(g, sund_graph_text(g, "x"), sund_graph_iri(g, RDF("type")), sund_graph_iri(g, DCAT("Dataset")));
    CHECK(sund_graph_ok(g, NULL) == SUND_E_FORMAT);
    sund_graph_free(g);
}

TEST(bounds_hold)
{
    sund_graph_bounds b = { .terms = 20, .triples = 3, .text = 8 };
    sund_graph       *g = NULL;
    sund_err          err;

    CHECK(sund_graph_new(&g, &b, NULL) == SUND_OK);
    CHECK(read_text(g, "<a:a> <a:p> 1, 2, 3, 4 .", &err) == SUND_E_LIMIT);
    sund_graph_free(g);
    CHECK(sund_graph_new(&g, &b, NULL) == SUND_OK);
    CHECK(sund_graph_text(g, "ninebytes") == 0 && sund_graph_ok(g, NULL) == SUND_E_LIMIT);
    sund_graph_free(g);
    CHECK(sund_graph_new(&g, &b, NULL) == SUND_OK);
    for (int i = 0; i < 30; i++)
        (void) sund_graph_blank(g, NULL);
    CHECK(sund_graph_n_term(g) == 20 && sund_graph_ok(g, NULL) == SUND_E_LIMIT);
    sund_graph_free(g);
}

TEST(many_terms_and_triples)
{
    sund_graph *g = graph();
    sund_term   p = sund_graph_iri(g, "a:p");
    size_t      n = 0;

    for (int i = 0; i < 3000; i++) {
        char iri[32];
        (void) snprintf(iri, sizeof iri, "a:%d", i % 1000);
        sund_graph_add(g, sund_graph_iri(g, iri), p, sund_graph_text(g, iri));
    }
    CHECK(sund_graph_size(g) == 1000 && sund_graph_n_term(g) == 1 + 2000 + 1);
    for (sund_match m = sund_graph_match(g, 0, p, 0); sund_match_next(&m);)
        n++;
    CHECK(n == 1000);
    n = 0;
    for (sund_match m = sund_graph_match(g, 0, 0, 0); sund_match_next(&m);)
        n++;
    CHECK(n == 1000);
    sund_graph_free(g);
}

static const char sample[] = "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n@prefix dct: <http://purl.org/dc/terms/> .\n"
                             "<http://e.org/d> a dcat:Dataset ; dct:title \"Ett\\nnamn \\\"x\\\"\"@sv, \"A name\"@en ; dct:issued \"2026-01-02\"^^<http://www.w3.org/2001/XMLSchema#date> ;\n"
                             " dct:publisher [ a <http://xmlns.com/foaf/0.1/Agent> ; <http://xmlns.com/foaf/0.1/name> \"N\" ] ; dcat:keyword \"a\", \"b\" ; dct:extent 3, true, 1.5 .\n"
                             "_:ring <a:p> _:ring2 . _:ring2 <a:p> _:ring . <http://e.org/d> <a:q> _:twice . <http://e.org/e> <a:q> _:twice . _:twice <a:p> ( 1 2 ) .\n";

TEST(a_graph_is_written_in_one_way_and_read_back)
{
    sund_graph *g = graph(), *h = graph();
    sund_err    err = { 0 };
    char       *t, *again, *nt, *nt2;

    CHECK(read_text(g, sample, &err) == SUND_OK);
    t = written(g, sund_turtle_write);
    CHECK(strstr(t, "@prefix dct: <http://purl.org/dc/terms/> .") && !strstr(t, "@prefix vcard:"));
    CHECK(strstr(t, "<http://e.org/d>\n    a dcat:Dataset ;\n") && strstr(t, "dct:title \"A name\"@en, \"Ett\\nnamn \\\"x\\\"\"@sv"));
    CHECK(strstr(t, "dct:publisher [\n        a foaf:Agent ;\n        foaf:name \"N\" ]"));
    CHECK(read_text(h, t, &err) == SUND_OK && sund_graph_size(h) == sund_graph_size(g));
    again = written(h, sund_turtle_write);
    CHECK(strlen(again) == strlen(t)); /* labels of blank nodes may be numbered anew */
    nt = written(g, sund_ntriples_write);
    sund_graph *k = graph();
    CHECK(read_text(k, nt, &err) == SUND_OK && sund_graph_size(k) == sund_graph_size(g));
    nt2 = written(k, sund_ntriples_write);
    CHECK(strstr(nt, "<http://e.org/d> <http://purl.org/dc/terms/title> \"Ett\\nnamn \\\"x\\\"\"@sv .\n") && strlen(nt) == strlen(nt2));
    free(t);
    free(again);
    free(nt);
    free(nt2);
    sund_graph_free(g);
    sund_graph_free(h);
    sund_graph_free(k);
}

TEST(json_ld_is_flattened)
{
    sund_graph *g = graph();
    char       *j;

    CHECK(read_text(g, "@prefix dct: <http://purl.org/dc/terms/> . <http://e.org/d> a <http://www.w3.org/ns/dcat#Dataset> ; dct:title \"T\"@en ; dct:extent 3 ; dct:publisher [ dct:title \"P\" ] .", NULL) == SUND_OK);
    j = written(g, sund_jsonld_write);
    CHECK(strstr(j, "\"@id\": \"http://e.org/d\"") && strstr(j, "\"dcat:Dataset\"") && strstr(j, "\"@language\": \"en\"") && strstr(j, "\"@id\": \"_:b1\""));
    CHECK(strstr(j, "\"@type\": \"http://www.w3.org/2001/XMLSchema#integer\""));
    free(j);
    sund_graph_free(g);
}

TEST(bad_turtle_is_refused_with_its_line)
{
    static const struct { const char *text, *says; } bad[] = {
        { "<a:a> <a:b> .\n", "x.ttl:1" },
        { "<a:a>\n <a:b>\n x:c .\n", "x.ttl:3: a name whose prefix is not declared" },
        { "<a:a> <a:b> <rel> .", "x.ttl:1: 'rel' is no absolute IRI" },
        { "<a:a> <a:b> \"x .", "x.ttl:1" },
        { "<a:a> <a:b> <a:c>", "x.ttl:1" },
        { "<a:a> \"x\" <a:c> .", "x.ttl:1" },
        { "<a:a> <a:b> <http://e.org/a b> .", "x.ttl:1" },
        { "<a:a> <a:b> \"\xff\" .", "UTF-8" },
        { "<a:a> <a:b> \"x\"@en-a_b .", "x.ttl:1" },
        { "{ \"@id\": 1 }", "x.ttl:1" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_graph *g = graph();
        sund_err    err = { 0 };
        sund_code   rc = read_text(g, bad[i].text, &err);
        CHECK(rc == SUND_E_FORMAT && strstr(err.msg, bad[i].says));
        if (rc != SUND_E_FORMAT || !strstr(err.msg, bad[i].says))
            fprintf(stderr, "# %zu: %d %s\n", i, rc, err.msg);
        sund_graph_free(g);
    }
}

/* Brackets within brackets: the reader calls itself. */
TEST(deep_nesting_is_refused)
{
    static const char *const open[] = { "[ <a:p> ", "( ", "[ <a:p> ( " };

    for (size_t k = 0; k < 3; k++) {
        sund_graph *g = graph();
        sund_buf    b = { 0 };
        sund_err    err = { 0 };

        sund_buf_text(&b, "<a:a> <a:b> ");
        for (int i = 0; i < 100000; i++)
            sund_buf_text(&b, open[k]);
        sund_code rc = sund_turtle_read(g, "x.ttl", b.p, b.n, NULL, &err);
        CHECK(rc == SUND_E_LIMIT || rc == SUND_E_FORMAT);
        CHECK(strstr(err.msg, "too many times") || strstr(err.msg, "more t"));
        sund_buf_free(&b);
        sund_graph_free(g);
    }
}

TEST(lists)
{
    sund_graph *g = graph();
    sund_term   m[4];
    size_t      n = 0;

    CHECK(read_text(g, "<a:a> <a:l> ( 1 2 3 ) ; <a:e> () ; <a:r> _:r . _:r <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> 1 ; <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:r .", NULL) == SUND_OK);
    sund_term a = sund_graph_find(g, "a:a");
    CHECK(sund_graph_list(g, sund_graph_object(g, a, "a:l"), m, 4, &n, NULL) == SUND_OK && n == 3 && strcmp(sund_graph_at(g, m[2]).text, "3") == 0);
    CHECK(sund_graph_list(g, sund_graph_object(g, a, "a:e"), m, 4, &n, NULL) == SUND_OK && n == 0);
    CHECK(sund_graph_list(g, sund_graph_object(g, a, "a:r"), m, 4, &n, NULL) == SUND_E_FORMAT);
    CHECK(sund_graph_list(g, sund_graph_object(g, a, "a:l"), m, 2, &n, NULL) == SUND_E_FORMAT);
    sund_graph_free(g);
}

TEST(graphs_are_merged_and_their_blank_nodes_kept_apart)
{
    sund_graph *g = graph(), *h = graph();

    CHECK(read_text(g, "_:x <a:p> 1 .", NULL) == SUND_OK && read_text(g, "_:x <a:p> 1 .", NULL) == SUND_OK);
    CHECK(sund_graph_size(g) == 2);
    CHECK(read_text(h, "<a:a> <a:p> _:x . _:x <a:p> \"t\"@sv .", NULL) == SUND_OK);
    sund_graph_merge(g, h);
    CHECK(sund_graph_ok(g, NULL) == SUND_OK && sund_graph_size(g) == 4);
    sund_graph_merge(g, h);
    CHECK(sund_graph_size(g) == 6);
    sund_graph_free(g);
    sund_graph_free(h);
}
