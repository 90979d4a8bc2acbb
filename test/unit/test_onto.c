/* Ontologies: the three ways to read one, what is asked of it, and what is refused. */
#include "test.h"
#include "scratch.h"

#include "base/gz.h"
#include "onto/ontos.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const small =
    "format-version: 1.4\ndata-version: xy/releases/2024-05-06\nontology: xy\n\n"
    "[Term]\nid: XY:1\nname: All\n\n"
    "[Term]\nid: XY:2\nname: Heart \\{muscle\\} ! a comment\nsynonym: \"the \\\"pump\\\"\" EXACT []\nalt_id: XY:20\nis_a: XY:1 ! All\n\n"
    "[Term]\nid: XY:3\nname: Vessel\nis_a: XY:1 {source=\"me\"} ! All\n\n"
    "[Term]\nid: XY:4\nname: Coronary artery\nis_a: XY:3\nis_a: XY:2\nis_a: UBERON:7\n\n"
    "[Term]\nid: XY:5\nname: obsolete Pipe\nis_obsolete: true\nreplaced_by: XY:3\n\n"
    "[Term]\nid: XY:6\nis_obsolete: true\n\n"
    "[Term]\nid: UBERON:7\nname: foreign\n\n[Typedef]\nid: part_of\nname: part of\n";

static sund_onto *from(const char *text)
{
    sund_onto *o = NULL;
    sund_err   err = { SUND_OK, "" };

    if (sund_onto_read(&o, "small.obo", text, strlen(text), NULL, &err) != SUND_OK)
        fprintf(stderr, "# %s\n", err.msg);
    return o;
}

static size_t below(const sund_onto *o, const char *id)
{
    uint64_t *set = calloc(sund_onto_words(o), 8);
    uint32_t *list = calloc(sund_onto_about(o)->n_term + 1, 4);
    size_t    n = sund_onto_below(o, sund_onto_find(o, id), set, list);

    free(set);
    free(list);
    return n;
}

TEST(a_small_ontology)
{
    sund_onto             *o = from(small);
    const sund_onto_info  *i;
    const uint32_t        *up;
    size_t                 n;

    CHECK(o);
    if (!o)
        return;
    i = sund_onto_about(o);
    CHECK(strcmp(i->prefix, "XY") == 0 && strcmp(i->version, "2024-05-06") == 0 && strcmp(i->title, "xy") == 0);
    CHECK(i->n_term == 6 && i->n_obsolete == 2 && i->n_edge == 4 && i->n_alt == 1 && i->n_synonym == 1);
    CHECK(i->n_outside == 2); /* UBERON:7 and the edge to it */
    CHECK(strcmp(sund_onto_name(o, sund_onto_find(o, "XY:2")), "Heart {muscle}") == 0);
    CHECK(strcmp(sund_onto_synonym(o, sund_onto_find(o, "XY:2"), 0), "the \"pump\"") == 0);
    CHECK(sund_onto_find(o, "XY:20") == sund_onto_find(o, "XY:2"));
    CHECK(sund_onto_find(o, "http://purl.obolibrary.org/obo/XY_2") == sund_onto_find(o, "XY:2"));
    CHECK(sund_onto_find(o, "XY:5") == sund_onto_find(o, "XY:3")); /* replaced */
    CHECK(sund_onto_obsolete(o, sund_onto_find(o, "XY:6")));
    CHECK(sund_onto_find(o, "UBERON:7") == SUND_ONTO_NONE && sund_onto_find(o, "XY:21") == SUND_ONTO_NONE && sund_onto_find(o, "") == SUND_ONTO_NONE);
    up = sund_onto_parents(o, sund_onto_find(o, "XY:4"), &n);
    CHECK(n == 2 && strcmp(sund_onto_id(o, up[0]), "XY:2") == 0 && strcmp(sund_onto_id(o, up[1]), "XY:3") == 0);
    CHECK(below(o, "XY:1") == 4 && below(o, "XY:2") == 2 && below(o, "XY:4") == 1);
    sund_onto_free(o);
}

static void refused(const char *text, const char *why)
{
    sund_onto *o = NULL;
    sund_err   err = { SUND_OK, "" };
    sund_code  rc = sund_onto_read(&o, "bad", text, strlen(text), NULL, &err);

    CHECK(rc != SUND_OK && strstr(err.msg, why));
    if (rc == SUND_OK || !strstr(err.msg, why))
        fprintf(stderr, "# %s: %s\n", why, err.msg);
    sund_onto_free(o);
}

TEST(what_is_refused)
{
    refused("format-version: 1.2\ndata-version: 1\n[Term]\nid: A:1\nis_a: A:2\n[Term]\nid: A:2\nis_a: A:3\n[Term]\nid: A:3\nis_a: A:2\n[Term]\nid: A:4\nis_a: A:1\n",
            "in a circle: A:3 is a kind of A:2 is a kind of A:3");
    refused("format-version: 1.2\ndata-version: 1\n[Term]\nid: A:1\nis_a: A:1\n", "A:1 is a kind of A:1");
    refused("format-version: 1.2\ndata-version: 1\n[Term]\nid: A:1\nis_a: A:9\n", "A:1 is a kind of A:9, which the file does not have");
    refused("format-version: 1.2\n[Term]\nid: A:1\n", "give it by --version");
    refused("format-version: 1.2\ndata-version: 1\n[Term]\nid: A:1\nrubbish\n", "bad:5: 'tag: value'");
    refused("format-version: 1.2\ndata-version: 1\n[Term]\nid: A:1\nsynonym: \"open\n", "not closed");
    refused("format-version: 1.2\ndata-version: 1\n", "no term");
    refused("<!DOCTYPE HTML>\n", "page in HTML");
    refused("", "neither OBO");
    refused("{\"graphs\": 3}", "list 'graphs'");
    refused("{\"graphs\": [", "line 1");
    refused("id\tname\tparents\nx\ty\tz\n", "columns id, name, parents");
    refused("format-version: 1.2\ndata-version: 1\n[Term]\nid: A:1\nname: \xFF\n", "UTF-8");
}

static const char *const graph =
    "{\"graphs\": [{\"id\": \"http://purl.obolibrary.org/obo/xy.json\", \"meta\": {\"version\": \"http://purl.obolibrary.org/obo/xy/releases/2024-05-06/xy.json\"},"
    " \"nodes\": [{\"id\": \"http://purl.obolibrary.org/obo/XY_1\", \"lbl\": \"All\", \"type\": \"CLASS\"},"
    " {\"id\": \"http://purl.obolibrary.org/obo/XY_2\", \"lbl\": \"Heart {muscle}\", \"type\": \"CLASS\", \"meta\": {\"synonyms\": [{\"pred\": \"hasExactSynonym\", \"val\": \"the \\\"pump\\\"\"}],"
    " \"basicPropertyValues\": [{\"pred\": \"http://www.geneontology.org/formats/oboInOwl#hasAlternativeId\", \"val\": \"XY:20\"}]}},"
    " {\"id\": \"http://purl.obolibrary.org/obo/XY_3\", \"lbl\": \"Vessel\", \"type\": \"CLASS\"}, {\"id\": \"http://purl.obolibrary.org/obo/XY_4\", \"lbl\": \"Coronary artery\"},"
    " {\"id\": \"http://purl.obolibrary.org/obo/XY_5\", \"meta\": {\"deprecated\": true, \"basicPropertyValues\": [{\"pred\": \"http://purl.obolibrary.org/obo/IAO_0100001\","
    " \"val\": \"http://purl.obolibrary.org/obo/XY_3\"}]}}, {\"id\": \"http://purl.obolibrary.org/obo/XY_6\", \"meta\": {\"deprecated\": true}},"
    " {\"id\": \"http://purl.obolibrary.org/obo/UBERON_7\", \"type\": \"CLASS\"}, {\"id\": \"http://purl.obolibrary.org/obo/xy#part_of\", \"type\": \"PROPERTY\"}],"
    " \"edges\": [{\"sub\": \"http://purl.obolibrary.org/obo/XY_2\", \"pred\": \"is_a\", \"obj\": \"http://purl.obolibrary.org/obo/XY_1\"},"
    " {\"sub\": \"http://purl.obolibrary.org/obo/XY_3\", \"pred\": \"is_a\", \"obj\": \"http://purl.obolibrary.org/obo/XY_1\"},"
    " {\"sub\": \"http://purl.obolibrary.org/obo/XY_4\", \"pred\": \"is_a\", \"obj\": \"http://purl.obolibrary.org/obo/XY_2\"},"
    " {\"sub\": \"http://purl.obolibrary.org/obo/XY_4\", \"pred\": \"is_a\", \"obj\": \"http://purl.obolibrary.org/obo/XY_3\"},"
    " {\"sub\": \"http://purl.obolibrary.org/obo/XY_3\", \"pred\": \"http://purl.obolibrary.org/obo/BFO_0000050\", \"obj\": \"http://purl.obolibrary.org/obo/XY_2\"}]}]}";

TEST(one_ontology_in_two_formats)
{
    sund_onto *a = from(small), *b = from(graph);

    CHECK(a && b && sund_digest_eq(&sund_onto_about(a)->digest, &sund_onto_about(b)->digest));
    CHECK(b && strcmp(sund_onto_about(b)->version, "2024-05-06") == 0 && sund_onto_find(b, "XY:5") == sund_onto_find(b, "XY:3"));
    sund_onto_free(a);
    sund_onto_free(b);
}

TEST(groups_of_orpha)
{
    sund_onto *o = from("format-version: 1.2\ndata-version: 4.4\nontology: ordo\n[Term]\nid: Orphanet:1\n[Term]\nid: Orphanet:2\nrelationship: BFO:0000050 Orphanet:1 ! group\n"
                        "relationship: has_cause Orphanet:3\n[Term]\nid: Orphanet:3\n");

    CHECK(o && strcmp(sund_onto_about(o)->prefix, "ORPHA") == 0);
    CHECK(o && below(o, "ORPHA:1") == 2 && below(o, "Orphanet:3") == 1);
    sund_onto_free(o);
}

TEST(codes_have_one_spelling)
{
    static const struct { const char *in, *out; } t[] = {
        { "HP:0001250", "HP:0001250" }, { "Orphanet:558", "ORPHA:558" }, { "http://www.orpha.net/ORDO/Orphanet_558", "ORPHA:558" }, { "ICD10:E11.9", "ICD10:E11.9" },
        { "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl#C16576", "NCIT:C16576" }, { "ICD-10:E11", "ICD10:E11" }, { "http://purl.bioontology.org/ontology/ICD10/E11.9", "ICD10:E11.9" },
        { "HP", NULL }, { ":1", NULL }, { "HP:", NULL }, { "HP:a b", NULL }, { "HP:0001250\n", NULL }, { "http://example.org/HP_1", NULL }, { "UCUM:mg/dL", NULL }, { "", NULL },
        { "A:1234567890123456789012345678901234567890123456789012345678901234", NULL },
    };
    char out[SUND_CODE_MAX + 1];

    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        bool ok = sund_onto_code(t[i].in, strlen(t[i].in), out);

        CHECK(ok == (t[i].out != NULL) && (!ok || strcmp(out, t[i].out) == 0));
    }
}

TEST(similarity)
{
    sund_onto *o = from(small);
    uint64_t   a[1] = { 0 }, b[1] = { 0 };
    uint32_t   list[8], with[8] = { 0 };
    double     ic[8], r = 0;
    sund_err   err;

    (void) sund_onto_above(o, sund_onto_find(o, "XY:2"), a, list);
    (void) sund_onto_above(o, sund_onto_find(o, "XY:4"), b, list);
    sund_onto_count(o, a, with);
    sund_onto_count(o, b, with);
    CHECK(with[0] == 2 && with[1] == 2 && with[2] == 1 && with[3] == 1 && with[4] == 0);
    sund_onto_ic(o, with, 2, ic);
    CHECK(ic[0] == 0 && ic[1] == 0);
    CHECK_NEAR(ic[3], log(2), 1e-15);
    CHECK(sund_onto_simgic(o, ic, a, a) == 0 && sund_onto_simgic(o, ic, b, b) == 1 && sund_onto_simgic(o, ic, a, b) == 0);
    CHECK(sund_onto_resnik(o, ic, sund_onto_find(o, "XY:4"), sund_onto_find(o, "XY:3"), &r, &err) == SUND_OK);
    CHECK_NEAR(r, log(2), 1e-15);
    sund_onto_free(o);
}

/* A random graph without cycles: what the walk finds is what a matrix finds. */
TEST(walks_are_the_closure)
{
    enum { N = 60 };
    static bool up[N][N];
    sund_buf    text = { 0 };
    sund_onto  *o;

    memset(up, 0, sizeof up);
    sund_buf_text(&text, "format-version: 1.2\ndata-version: 1\n");
    for (int i = 0; i < N; i++) {
        up[i][i] = true;
        sund_buf_printf(&text, "[Term]\nid: A:%02d\n", i);
        for (int k = 0; k < i; k++)
            if (test_rand() % 16 == 0) {
                sund_buf_printf(&text, "is_a: A:%02d\n", k);
                for (int j = 0; j < N; j++)
                    up[i][j] |= up[k][j];
            }
    }
    sund_buf_nul(&text);
    o = from((char *) text.p);
    for (uint32_t i = 0; o && i < N; i++) {
        uint64_t above[1] = { 0 }, under[1] = { 0 };
        uint32_t list[N + 1];

        (void) sund_onto_above(o, i, above, list);
        (void) sund_onto_below(o, i, under, list);
        for (uint32_t k = 0; k < N; k++)
            CHECK((above[0] >> k & 1) == up[i][k] && (under[0] >> k & 1) == up[k][i]);
    }
    sund_onto_free(o);
    sund_buf_free(&text);
}

TEST(kept_in_a_home)
{
    sund_ontos       *s = NULL, *other = NULL;
    sund_onto        *o = from(small), *newer;
    const sund_onto  *a = NULL, *b = NULL;
    sund_ontos_entry *list = NULL;
    size_t            n = 0;
    sund_err          err = { SUND_OK, "" };

    const char       *path = scratch("ontologies.db");

    CHECK(sund_ontos_open(&s, path, &err) == SUND_OK && sund_ontos_open(&other, path, &err) == SUND_OK);
    CHECK(sund_ontos_get(other, "XY:1", &a, &err) == SUND_OK && !a);
    CHECK(sund_ontos_put(s, o, &err) == SUND_OK);
    CHECK(sund_ontos_get(other, "XY:1", &a, &err) == SUND_OK && a);
    CHECK(a && memcmp(sund_onto_about(a), sund_onto_about(o), sizeof(sund_onto_info)) == 0 && below(a, "XY:1") == 4 && sund_onto_find(a, "XY:5") == sund_onto_find(o, "XY:3"));
    newer = from("format-version: 1.2\ndata-version: 2\n[Term]\nid: XY:1\n");
    CHECK(sund_ontos_put(s, newer, &err) == SUND_OK);
    CHECK(sund_ontos_get(other, "XY", &b, &err) == SUND_OK && b && sund_onto_about(b)->n_term == 1);
    CHECK(a && sund_onto_about(a)->n_term == 6); /* whoever has the old one keeps it */
    CHECK(sund_ontos_list(other, &list, &n, &err) == SUND_OK && n == 1 && strcmp(list[0].info.version, "2") == 0 && list[0].info.n_term == 1);
    CHECK(sund_ontos_drop(s, "XY", &err) == SUND_OK && sund_ontos_drop(s, "XY", &err) == SUND_E_NOT_FOUND);
    free(list);
    sund_onto_free(o);
    sund_onto_free(newer);
    sund_onto_free(a);
    sund_onto_free(b);
    sund_ontos_close(s);
    sund_ontos_close(other);
}

static sund_onto *shared(const char *name, const char *version)
{
    const char *root = getenv("SUND_SHARED");
    char        path[1024];
    sund_onto  *o = NULL;
    sund_err    err = { SUND_OK, "" };

    (void) snprintf(path, sizeof path, "%s/data/ontologies/%s", root ? root : "../shared", name);
    if (access(path, R_OK) != 0) {
        printf("# skipped: %s is not there\n", name);
        return NULL;
    }
    if (sund_onto_read_file(&o, path, version, &err) != SUND_OK) {
        CHECK(!"could not be read");
        fprintf(stderr, "# %s\n", err.msg);
    }
    return o;
}

TEST(real_ones)
{
    sund_onto *o = shared("hpo_ontologyIndex.tsv.gz", "2024-02-08");

    if (o) {
        printf("# HPO 2024-02-08: %u terms, %u edges, %zu below Phenotypic abnormality, %zu below Seizure\n", sund_onto_about(o)->n_term, sund_onto_about(o)->n_edge, below(o, "HP:0000118"), below(o, "HP:0001250"));
        /* 18,487 rows, of which three are relations, whose ids have no prefix */
        CHECK(strcmp(sund_onto_about(o)->prefix, "HP") == 0 && sund_onto_about(o)->n_term == 18484 && sund_onto_about(o)->n_outside == 3 && sund_onto_about(o)->n_edge == 22407);
        CHECK(below(o, "HP:0001250") == 348);
    }
    sund_onto_free(o);
    o = shared("hp_2014-03-18.obo.gz", NULL);
    CHECK(!o || (strcmp(sund_onto_about(o)->version, "2014-03-18") == 0 && sund_onto_about(o)->n_term == 10396 && sund_onto_about(o)->n_edge == 13577 && sund_onto_about(o)->n_obsolete == 44));
    CHECK(!o || sund_onto_find(o, "HP:0004715") == sund_onto_find(o, "HP:0000003"));
    sund_onto_free(o);
    o = shared("hpo-toolkit/hp.toy.json.gz", NULL);
    CHECK(!o || (strcmp(sund_onto_about(o)->version, "2022-10-05") == 0 && sund_onto_about(o)->n_term == 557 && sund_onto_about(o)->n_edge == 409 && sund_onto_about(o)->n_obsolete == 164));
    sund_onto_free(o);
    o = shared("hpo-toolkit/hp.small.json.gz", NULL);
    CHECK(!o || sund_onto_about(o)->n_term > 300);
    sund_onto_free(o);
    o = shared("mondo-rare_edges.tsv.gz", "2026-08-21");
    CHECK(!o || strcmp(sund_onto_about(o)->prefix, "MONDO") == 0);
    sund_onto_free(o);

}
