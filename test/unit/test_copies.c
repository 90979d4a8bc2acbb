#include "test.h"

#include "base/crypto.h"
#include "datasets/pages.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

typedef struct at { const char *const *kv; } at;

static const char *query(const void *request, const char *key)
{
    for (const char *const *kv = ((const at *) request)->kv; kv && *kv; kv += 2)
        if (strcmp(kv[0], key) == 0)
            return kv[1];
    return NULL;
}

/** What a node of a country says: two data sets. */
static char *turtle(const char *cc, const char *more, int people)
{
    char               ini[3000], base[100];
    sund_describe     *d = NULL;
    sund_graph        *g = NULL;
    sund_census_counts c = { 0 };
    sund_census       *one = NULL, *none = NULL;
    sund_thresholds    t = sund_thresholds_default();
    sund_buf           out = { 0 };
    sund_err           err = { 0 };

    (void) snprintf(ini, sizeof ini, "[catalogue]\ntitle-en = Of %s\ndescription-en = D\npublisher = ki\nissued = 2026-01-15\n[agent ki]\nname-en = Institute of %s\nemail = a@b.se\n"
                                     "[dataset GDI-%s-KI-1]\ntitle-en = Diabetes in %s\ntitle-sv = Sockersjuka\ndescription-en = Genomes\npublisher = ki\ncreator = ki\ncontact = ki\naccess = non-public\ncategory = human-genomic\n"
                                     "type = whole-genome\ndiseases = ICD10:E11.9\npurposes = DUO:0000042\nkeywords-en = insulin\n%s\n"
                                     "[dataset GOE-%s-KI-2]\ntitle-en = Reference\ndescription-en = Healthy\npublisher = ki\ncreator = ki\ncontact = ki\naccess = public\ncategory = human-genetic\ntype = array\n",
                    cc, cc, cc, cc, more, cc);
    (void) snprintf(base, sizeof base, "https://h.org/fdp/%s/", cc);
    for (int i = 0; i < people; i++)
        sund_census_count(&c, (uint8_t) (1 + i % 2), 40);
    bool ok = sund_describe_parse(&d, "x.ini", ini, strlen(ini), &err) == SUND_OK && sund_census_pass(&one, &t, &c, &err) == SUND_OK && sund_graph_new(&g, NULL, &err) == SUND_OK;
    const sund_census *const all[] = { one, none };
    ok = ok && sund_describe_graph(d, base, all, g, &err) == SUND_OK;
    CHECK(ok);
    if (!ok)
        fprintf(stderr, "# %s\n", err.msg);
    sund_turtle_write(g, &out);
    sund_buf_nul(&out);
    sund_census_free(one);
    sund_describe_free(d);
    sund_graph_free(g);
    return (char *) out.p;
}

typedef struct hub { sund_db *db; sund_profile *p; } hub;

static hub open_hub(void)
{
    hub h = { NULL, NULL };

    CHECK(sund_crypto_init(NULL) == SUND_OK && sund_copies_open(&h.db, ":memory:", NULL) == SUND_OK && sund_profile_open(&h.p, NULL, NULL) == SUND_OK);
    return h;
}

static void close_hub(hub *h)
{
    sund_db_close(h->db);
    sund_profile_free(h->p);
}

static sund_code take(hub *h, const char *node, char *text, const char *time, sund_err *err)
{
    sund_code rc = sund_copies_take(h->db, h->p, node, text, strlen(text), time, err);

    free(text);
    return rc;
}

static char *serve(hub *h, const char *path, const char *accept, const char *const *kv, sund_code want)
{
    sund_pages  p = { h->db, NULL, "https://h.org/fdp/", "A hub" };
    sund_buf    out = { 0 };
    const char *type = "";
    sund_err    err = { 0 };
    at          r = { kv };
    const char *name[40];
    size_t      n = 0;
    sund_code   rc;

    for (; kv && kv[2 * n]; n++)
        name[n] = kv[2 * n];
    rc = sund_pages_serve(&p, &(sund_page_ask){ path, accept, query, &r, n, name }, &out, &type, &err);

    CHECK(rc == want && sund_pages_has(path));
    if (rc != want)
        fprintf(stderr, "# %s: %s\n", path, err.msg);
    sund_buf_nul(&out);
    return (char *) out.p;
}

/** Identifiers that a search finds, in order, with blanks. */
static const char *found(hub *h, const char *const *kv)
{
    static char out[400];
    const char *all[32] = { "format", "tsv" };
    size_t      n = 2;

    for (; *kv; kv += 2) {
        all[n++] = kv[0];
        all[n++] = kv[1];
    }
    char *t = serve(h, "/datasets", NULL, all, SUND_OK);
    out[0] = 0;
    for (char *line = strchr(t, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
        (void) snprintf(out + strlen(out), sizeof out - strlen(out), "%s%.*s", *out ? " " : "", (int) strcspn(line + 1, "\t"), line + 1);
    free(t);
    return out;
}
#define FOUND(...) found(&h, (const char *const[]){ __VA_ARGS__, NULL, NULL })

/* Of two texts with a word, the shorter one is first: Denmark's also says that its people are too few. */
TEST(words_and_facets_find)
{
    hub h = open_hub();

    CHECK(take(&h, "SE", turtle("SE", "", 163), "2026-11-26T10:00:00Z", NULL) == SUND_OK && take(&h, "DK", turtle("DK", "", 5), "2026-11-26T10:00:00Z", NULL) == SUND_OK);
    CHECK(strcmp(FOUND("q", "diabetes"), "GDI-SE-KI-1 GDI-DK-KI-1") == 0);
    CHECK(strcmp(FOUND("q", "Sockersj"), "GDI-SE-KI-1 GDI-DK-KI-1") == 0); /* the beginning of a word, in any language */
    CHECK(strcmp(FOUND("q", "insulin institute", "country", "SE"), "GDI-SE-KI-1") == 0);
    CHECK(strcmp(FOUND("q", "E11.9"), "GDI-SE-KI-1 GDI-DK-KI-1") == 0);
    CHECK(strcmp(FOUND("q", "nothing"), "") == 0);
    CHECK(strcmp(FOUND("country", "DK"), "GDI-DK-KI-1 GOE-DK-KI-2") == 0);
    CHECK(strcmp(FOUND("disease", "ICD10:E11"), "GDI-DK-KI-1 GDI-SE-KI-1") == 0 && strcmp(FOUND("disease", "ICD10:E1"), "") == 0);
    CHECK(strcmp(FOUND("type", "array", "node", "SE"), "GOE-SE-KI-2") == 0 && strcmp(FOUND("access", "public"), "GOE-DK-KI-2 GOE-SE-KI-2") == 0);
    CHECK(strcmp(FOUND("purpose", "DUO:0000042"), "GDI-DK-KI-1 GDI-SE-KI-1") == 0);
    CHECK(strcmp(FOUND("people", "100"), "GDI-SE-KI-1") == 0 && strcmp(FOUND("people", "1"), "GDI-SE-KI-1") == 0); /* five people are no number */
    CHECK(strcmp(FOUND("q", "\" OR * NEAR( -"), "") == 0);
    free(serve(&h, "/datasets", NULL, (const char *const[]){ "country", "Sweden", NULL, NULL }, SUND_E_ARG));
    free(serve(&h, "/datasets", NULL, (const char *const[]){ "people", "many", NULL, NULL }, SUND_E_ARG));
    free(serve(&h, "/datasets", NULL, (const char *const[]){ "bogus", "1", NULL, NULL }, SUND_E_ARG)); /* what a page does not take, and one thing twice */
    free(serve(&h, "/datasets", NULL, (const char *const[]){ "q", "diabetes", "q", "asthma", NULL, NULL }, SUND_E_ARG));
    free(serve(&h, "/fdp/", NULL, (const char *const[]){ "q", "diabetes", NULL, NULL }, SUND_E_ARG));
    char *j = serve(&h, "/datasets", NULL, (const char *const[]){ "q", "diabetes", NULL, NULL }, SUND_OK), *f = serve(&h, "/datasets/facets", NULL, NULL, SUND_OK);
    CHECK(strstr(j, "\"total\": 2") && strstr(j, "\"people\": 165") && strstr(j, "\"people\": null") && strstr(j, "\"title\": \"Diabetes in SE\""));
    CHECK(strstr(f, "\"whole-genome\": 2") && strstr(f, "\"ICD10:E11.9\": 2") && strstr(f, "\"non-public\": 2") && strstr(f, "\"100\": 1") && !strstr(f, "\"1000\"")); /* 163 people are at least 100 */
    free(j);
    free(f);
    close_hub(&h);
}

TEST(a_broken_graph_is_refused_and_the_last_good_copy_stays)
{
    static const char *const bad[] = { "not turtle at all {", "", "<a:a> <a:b> <a:c> .", NULL };
    hub                      h = open_hub();
    sund_err                 err = { 0 };

    CHECK(take(&h, "SE", turtle("SE", "", 163), "2026-11-26T10:00:00Z", NULL) == SUND_OK);
    for (size_t i = 0; bad[i]; i++) {
        CHECK(take(&h, "SE", strdup(bad[i]), "2026-11-26T11:00:00Z", &err) != SUND_OK && err.msg[0]);
        char *j = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
        CHECK(strstr(j, "\"taken\": \"2026-11-26T10:00:00Z\"") && strstr(j, "\"asked\": \"2026-11-26T11:00:00Z\"") && strstr(j, "\"problem\": ") && strstr(j, "\"datasets\": 2"));
        free(j);
        CHECK(strcmp(FOUND("q", "diabetes"), "GDI-SE-KI-1") == 0);
    }
    char *t = turtle("SE", "", 163), *cut = strstr(t, "dct:title \"Diabetes");
    memcpy(cut, "dct:other", 9);
    CHECK(take(&h, "SE", t, "2026-11-26T12:00:00Z", &err) == SUND_E_DENIED && strstr(err.msg, "GDI-SE-KI-1: title is missing"));
    char *j = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(strstr(j, "GDI-SE-KI-1: title is missing"));
    free(j);
    CHECK(sund_copies_miss(h.db, "SE", "was not heard", "2026-11-26T13:00:00Z", NULL) == SUND_OK);
    j = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(strstr(j, "was not heard") && strstr(j, "\"taken\": \"2026-11-26T10:00:00Z\""));
    free(j);
    CHECK(sund_copies_forget(h.db, "SE", "describes no data sets", "2026-11-26T13:30:00Z", NULL) == SUND_OK && strcmp(FOUND("q", "diabetes"), "") == 0);
    j = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(strstr(j, "describes no data sets") && strstr(j, "\"taken\": null"));
    free(j);
    CHECK(take(&h, "SE", turtle("SE", "", 30), "2026-11-26T14:00:00Z", NULL) == SUND_OK);
    j = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(!strstr(j, "problem") && strstr(j, "\"taken\": \"2026-11-26T14:00:00Z\""));
    free(j);
    close_hub(&h);
}

TEST(nobody_describes_what_is_another_nodes)
{
    hub      h = open_hub();
    sund_err err = { 0 };
    char    *t;

    CHECK(take(&h, "SE", turtle("SE", "", 163), "2026-11-26T10:00:00Z", NULL) == SUND_OK);
    CHECK(take(&h, "DK", turtle("SE", "", 163), "2026-11-26T10:00:00Z", &err) == SUND_E_DENIED && strstr(err.msg, "another node's"));
    t = turtle("DK", "", 163); /* under an address of its own, with an identifier that SE has */
    memcpy(strstr(t, "dct:identifier \"GDI-DK") + 16, "GDI-SE", 6);
    CHECK(take(&h, "DK", t, "2026-11-26T10:00:00Z", &err) == SUND_E_DENIED && strstr(err.msg, "GDI-SE-KI-1, which is another node's"));
    t = turtle("DK", "", 163); /* a catalogue elsewhere than its data sets */
    for (char *c; (c = strstr(t, "<https://h.org/fdp/DK/catalog>")) != NULL;)
        memcpy(c, "<https://h.org/fdp/XX/catalog>", 30);
    CHECK(take(&h, "DK", t, "2026-11-26T10:00:00Z", &err) == SUND_E_DENIED && strstr(err.msg, "not under its own address"));
    t = turtle("DK", "", 163); /* two data sets of its own with one identifier: the node's fault, not the hub's trouble */
    memcpy(strstr(t, "dct:identifier \"GOE-DK-KI-2") + 16, "GDI-DK-KI-1", 11);
    CHECK(take(&h, "DK", t, "2026-11-26T10:00:00Z", &err) == SUND_E_DENIED && strstr(err.msg, "GDI-DK-KI-1 twice"));
    t = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(strstr(t, "GDI-DK-KI-1 twice"));
    free(t);
    CHECK(strcmp(FOUND("country", "SE"), "GDI-SE-KI-1 GOE-SE-KI-2") == 0 && strcmp(FOUND("country", "DK"), "") == 0);
    close_hub(&h);
}

static size_t n_triples(const char *text)
{
    sund_graph *g = NULL;
    sund_err    err = { 0 };
    size_t      n = 0;

    CHECK(sund_graph_new(&g, NULL, NULL) == SUND_OK && sund_turtle_read(g, "page", text, strlen(text), NULL, &err) == SUND_OK);
    n = sund_graph_size(g);
    sund_graph_free(g);
    return n;
}

TEST(pages_of_a_fair_data_point)
{
    hub   h = open_hub();
    char *root, *all, *one, *part, *json;

    CHECK(take(&h, "SE", turtle("SE", "", 163), "2026-11-26T10:00:00Z", NULL) == SUND_OK && take(&h, "DK", turtle("DK", "", 163), "2026-11-26T10:00:00Z", NULL) == SUND_OK);
    root = serve(&h, "/fdp/", NULL, NULL, SUND_OK);
    all = serve(&h, "/fdp/SE/catalog", "text/turtle", NULL, SUND_OK);
    one = serve(&h, "/fdp/SE/dataset/GDI-SE-KI-1", NULL, NULL, SUND_OK);
    part = serve(&h, "/fdp/SE/distribution/GDI-SE-KI-1", NULL, NULL, SUND_OK);
    json = serve(&h, "/fdp/SE/dataset/GDI-SE-KI-1", "application/ld+json, */*;q=0.1", NULL, SUND_OK);
    CHECK(strstr(root, "ldp:contains <https://h.org/fdp/DK/catalog>, <https://h.org/fdp/SE/catalog>") && strstr(root, "fdp-o:FAIRDataPoint"));
    CHECK(strstr(all, "GOE-SE-KI-2") && strstr(one, "GDI-SE-KI-1") && !strstr(one, "GOE-SE-KI-2") && strstr(one, "foaf:name \"Institute of SE\"") && strstr(one, "dcat:Distribution"));
    CHECK(n_triples(all) > n_triples(one) && n_triples(one) > n_triples(part) && n_triples(part) > 5);
    CHECK(json[0] == '{' && strstr(json, "\"@context\""));
    free(root);
    free(all);
    free(one);
    free(part);
    free(json);
    free(serve(&h, "/fdp/NO/catalog", NULL, NULL, SUND_E_NOT_FOUND));
    free(serve(&h, "/fdp/SE/dataset/none", NULL, NULL, SUND_E_NOT_FOUND));
    free(serve(&h, "/fdp/SE/../..", NULL, NULL, SUND_E_NOT_FOUND));
    free(serve(&h, "/datasets/other", NULL, NULL, SUND_E_NOT_FOUND));
    CHECK(!sund_pages_has("/fdpx") && !sund_pages_has("/datasetsx") && !sund_pages_has("/"));
    close_hub(&h);
}
