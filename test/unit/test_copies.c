#include "test.h"

#include "base/crypto.h"
#include "base/log.h"
#include "datasets/pages.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

#include <sys/resource.h>

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
    ok = ok && sund_describe_graph(d, base, all, 0, 1000, g, &err) == SUND_OK;
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

static char links[240]; /* of the page that was served last */

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
    rc = sund_pages_serve(&p, &(sund_page_ask){ path, accept, query, &r, n, name }, &out, &type, links, &err);

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
    CHECK(sund_copies_miss(h.db, "SE", "was not \033[31mheard", "2026-11-26T13:00:00Z", NULL) == SUND_OK);
    j = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(strstr(j, "was not ") && !strstr(j, "u001b") && !strchr(j, 033) && strstr(j, "\"taken\": \"2026-11-26T10:00:00Z\""));
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
    t = turtle("SE", "", 163); /* a new data set, in SE's catalogue */
    for (char *c = t; (c = strstr(c, "-SE-KI-")) != NULL; c++)
        memcpy(c, "-SX-", 4);
    CHECK(take(&h, "DK", t, "2026-11-26T10:00:00Z", &err) == SUND_E_DENIED && strstr(err.msg, "the catalogue https://h.org/fdp/SE/catalog, which is another node's"));
    char *one = turtle("DK", "", 163), *two = turtle("NO", "", 163);
    CHECK(asprintf(&t, "%s\n%s", one, two) > 0 && take(&h, "DK", t, "2026-11-26T10:00:00Z", &err) == SUND_E_DENIED && strstr(err.msg, "describes 2 catalogues"));
    free(one);
    free(two);
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

/* ---- a description in parts ---- */

/** A datasets.ini of n data sets of a country. */
static sund_describe *many(const char *cc, size_t n, const char *more, sund_err *err)
{
    sund_describe *d = NULL;
    sund_buf       t = { 0 };

    sund_buf_printf(&t, "[catalogue]\ntitle-en = Of %s\ndescription-en = D\npublisher = ki\nissued = 2026-01-15\n[agent ki]\nname-en = Institute of %s\nemail = a@b.se\n", cc, cc);
    for (size_t i = 1; i <= n; i++)
        sund_buf_printf(&t, "[dataset GDI-%s-KI-%zu]\ntitle-en = Cohort %zu of %s\ndescription-en = Genomes of biobank%zu\npublisher = ki\ncreator = ki\ncontact = ki\naccess = non-public\ncategory = human-genomic\n"
                            "type = %s\ndiseases = ICD10:E%02zu\npurposes = DUO:0000042\n%s",
                        cc, i, i, cc, i, i % 2 ? "exome" : "array", i % 100, more);
    CHECK(sund_buf_ok(&t, err) == SUND_OK);
    if (sund_describe_parse(&d, "x.ini", t.p, t.n, err) != SUND_OK)
        d = NULL;
    sund_buf_free(&t);
    return d;
}

/** As a node says it and a hub takes it, part by part; *n_part of them. */
static sund_code take_parts(hub *h, const char *node, const sund_describe *d, size_t *n_part, sund_err *err)
{
    sund_taking *t = malloc(sizeof *t);
    sund_buf     part = { 0 };
    char         base[100];
    sund_part_head head = { .version = sund_digest_of(node, strlen(node)), .brings = "biobank" };
    sund_err     why = { 0 };
    sund_code    rc = SUND_OK;

    if (!t)
        return SUND_E_NOMEM;
    (void) snprintf(base, sizeof base, "https://h.org/fdp/%s/", node);
    *t = (sund_taking){ .db = h->db, .profile = h->p, .node = node, .time = "2026-11-26T10:00:00Z" };
    while (rc == SUND_OK && !sund_taking_whole(t)) {
        head.from = t->n;
        rc = sund_describe_part(d, base, NULL, &head, &part, &why);
        CHECK(part.n <= SUND_PART_BYTES);
        if (rc == SUND_OK)
            rc = sund_taking_part(t, sund_cur_of(part.p, part.n), &why);
    }
    *n_part = t->n_part;
    rc = sund_taking_end(t, rc, &why, err);
    sund_buf_free(&part);
    free(t);
    return rc;
}

static size_t times(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

TEST(two_thousand_data_sets)
{
    enum { N = 2000 };
    hub            h = open_hub();
    sund_err       err = { 0 };
    size_t         n_part = 0;
    sund_describe *d = many("SE", N, "", &err);
    char          *list, *page, *one, *facets;
    struct rusage  use;
    double         from = sund_time_mono_s();

    CHECK(d && sund_describe_n(d) == N && take_parts(&h, "SE", d, &n_part, &err) == SUND_OK && n_part == (N + SUND_PART_DATASETS - 1) / SUND_PART_DATASETS);
    (void) getrusage(RUSAGE_SELF, &use);
    printf("# %d data sets: written, checked and taken in %.2f s, at most %ld MiB of memory in all\n", N, sund_time_mono_s() - from, use.ru_maxrss >> 10);
    CHECK(strcmp(FOUND("q", "biobank1999"), "GDI-SE-KI-1999") == 0 && strcmp(FOUND("q", "cohort 777"), "GDI-SE-KI-777") == 0 && strcmp(FOUND("disease", "ICD10:E11", "q", "biobank1111"), "GDI-SE-KI-1111") == 0);
    one = serve(&h, "/datasets", NULL, (const char *const[]){ "type", "exome", NULL, NULL }, SUND_OK);
    facets = serve(&h, "/datasets/facets", NULL, NULL, SUND_OK);
    CHECK(strstr(one, "\"total\": 1000") && strstr(facets, "\"exome\": 1000") && strstr(facets, "\"ICD10:E11\": 20") && strstr(facets, "\"SE\": 2000"));
    free(one);
    free(facets);
    one = serve(&h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(strstr(one, "\"brings\": \"biobank\""));
    free(one);
    /* the catalogue names all; its container has them, a part a page */
    list = serve(&h, "/fdp/SE/catalog", NULL, NULL, SUND_OK);
    CHECK(times(list, "/dataset/GDI-SE-KI-") == 2 * N && strstr(list, "dct:title \"Of SE\"") && strstr(list, "foaf:name \"Institute of SE\"") && !strstr(list, "dct:identifier \"GDI") && !links[0]);
    CHECK(strstr(list, "ldp:DirectContainer") && strstr(list, "ldp:membershipResource <https://h.org/fdp/SE/catalog>"));
    free(list);
    page = serve(&h, "/fdp/SE/catalog/", NULL, NULL, SUND_OK);
    CHECK(times(page, "dct:identifier \"GDI-SE-KI-") == SUND_PART_DATASETS && strstr(page, "\"GDI-SE-KI-1\"") && strcmp(links, "<?page=1>; rel=\"first\", <?page=63>; rel=\"last\", <?page=2>; rel=\"next\"") == 0);
    free(page);
    page = serve(&h, "/fdp/SE/catalog/", NULL, (const char *const[]){ "page", "63", NULL, NULL }, SUND_OK);
    CHECK(strstr(page, "dct:identifier \"GDI-SE-KI-2000\"") && n_triples(page) > 100 && strcmp(links, "<?page=1>; rel=\"first\", <?page=63>; rel=\"last\", <?page=62>; rel=\"prev\"") == 0);
    free(page);
    free(serve(&h, "/fdp/SE/catalog/", NULL, (const char *const[]){ "page", "64", NULL, NULL }, SUND_E_NOT_FOUND));
    free(serve(&h, "/fdp/SE/catalog/", NULL, (const char *const[]){ "page", "0", NULL, NULL }, SUND_E_NOT_FOUND));
    free(serve(&h, "/fdp/SE/catalog", NULL, (const char *const[]){ "page", "2", NULL, NULL }, SUND_E_ARG));
    one = serve(&h, "/fdp/SE/dataset/GDI-SE-KI-1234", NULL, NULL, SUND_OK);
    CHECK(strstr(one, "Cohort 1234 of SE") && !strstr(one, "GDI-SE-KI-1233") && strstr(one, "foaf:name \"Institute of SE\""));
    free(one);
    one = serve(&h, "/fdp/SE/distribution/GDI-SE-KI-1234", "application/ld+json", NULL, SUND_OK);
    CHECK(one[0] == '{' && strstr(one, "accessURL"));
    free(one);
    free(serve(&h, "/fdp/SE/agent/ki", NULL, NULL, SUND_OK));
    sund_describe_free(d);
    close_hub(&h);
}

typedef struct said { size_t from, n, total; char version; const char *text; } said;

/** Parts as a node may say them: refused with this, and the copy from before stays. */
static void refused(hub *h, const said *parts, size_t n, const char *why)
{
    sund_taking *t = malloc(sizeof *t);
    sund_err     err = { 0 }, end = { 0 };
    sund_code    rc = SUND_OK;
    char        *nodes;

    if (!t)
        return;
    *t = (sund_taking){ .db = h->db, .profile = h->p, .node = "SE", .time = "2026-11-26T11:00:00Z" };
    for (size_t i = 0; i < n && rc == SUND_OK; i++) {
        sund_buf b = { 0 };

        sund_buf_printf(&b, "#sund-datasets\t1\t%064d\t%zu\t%zu\t%zu\tbiobank\n%s", parts[i].version, parts[i].from, parts[i].n, parts[i].total, parts[i].text);
        rc = sund_taking_part(t, sund_cur_of(b.p, b.n), &err);
        sund_buf_free(&b);
    }
    rc = sund_taking_end(t, rc, &err, &end);
    CHECK(rc == SUND_E_DENIED || rc == SUND_E_LIMIT);
    CHECK(strstr(end.msg, why) != NULL);
    if (!strstr(end.msg, why))
        fprintf(stderr, "# %s\n", end.msg);
    nodes = serve(h, "/datasets/nodes", NULL, NULL, SUND_OK);
    CHECK(strstr(nodes, why) && strstr(nodes, "\"taken\": \"2026-11-26T10:00:00Z\"") && strcmp(found(h, (const char *const[]){ "node", "SE", NULL, NULL }), "GDI-SE-KI-1 GOE-SE-KI-2") == 0);
    free(nodes);
    nodes = serve(h, "/fdp/SE/dataset/GDI-SE-KI-1", NULL, NULL, SUND_OK);
    CHECK(strstr(nodes, "Diabetes in SE"));
    free(nodes);
    free(t);
}
#define REFUSED(why, ...) refused(&h, (const said[]){ __VA_ARGS__ }, sizeof((const said[]){ __VA_ARGS__ }) / sizeof(said), why)

TEST(parts_that_are_no_whole)
{
    hub      h = open_hub();
    sund_err err = { 0 };
    char    *se = turtle("SE", "", 163), *dk = turtle("DK", "", 163);

    CHECK(take(&h, "SE", turtle("SE", "", 163), "2026-11-26T10:00:00Z", NULL) == SUND_OK && take(&h, "DK", turtle("DK", "", 163), "2026-11-26T10:00:00Z", NULL) == SUND_OK);
    REFUSED("describes 10001 data sets: 10000 of a node are taken", { 0, 2, 10001, 1, se });
    REFUSED("describes 2000000000 data sets", { 0, 2, 2000000000, 1, "no turtle {" });
    REFUSED("not whole: data sets from 3 of 4 were due, 2 from 1 came", { 0, 2, 4, 1, se }, { 0, 2, 4, 1, se });      /* a loop */
    REFUSED("GDI-SE-KI-1 twice", { 0, 2, 4, 1, se }, { 2, 2, 4, 1, se });                                              /* the same again under another number */
    REFUSED("describes two catalogues", { 0, 2, 4, 1, se }, { 2, 2, 4, 1, dk });
    REFUSED("another node's", { 0, 2, 4, 1, dk });
    REFUSED("changed while it was read", { 0, 2, 4, 1, se }, { 2, 2, 4, 2, se });
    REFUSED("changed while it was read", { 0, 2, 4, 1, se }, { 2, 2, 6, 1, se });
    REFUSED("not whole: 2 of 4 data sets came", { 0, 2, 4, 1, se });
    REFUSED("2 from 1 came, and are said to be 1", { 0, 1, 4, 1, se });
    REFUSED("not whole: data sets from 1 of 1 were due", { 0, 2, 1, 1, se });
    REFUSED("not whole", { 0, 0, 5, 1, "@prefix dcat: <http://www.w3.org/ns/dcat#> . <https://h.org/fdp/SE/catalog> a dcat:Catalog ." });
    REFUSED("not whole", { 1, 2, 3, 1, se });
    CHECK(take(&h, "SE", strdup("#sund-datasets\t1\tabc\t0\t2\t2\n"), "2026-11-26T11:00:00Z", &err) == SUND_E_FORMAT && strstr(err.msg, "first line"));
    free(se);
    free(dk);
    close_hub(&h);
}

static sund_code count_offer(void *ctx, const sund_offer *s, sund_err *err)
{
    size_t *n = ctx;

    (void) err;
    n[strcmp(s->id, "SE.a") == 0]++;
    return SUND_OK;
}

TEST(a_node_of_many_services_crowds_out_no_other)
{
    hub    h = open_hub();
    size_t n[2] = { 0, 0 };

    CHECK(sund_db_script(h.db, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<2000) INSERT INTO service SELECT 'https://h.org/fdp/DK/service/'||i, 'DK', 'DK.'||i, '', '', 't', '', '', '', '' FROM c;"
                               "INSERT INTO service VALUES('https://h.org/fdp/SE/service/a', 'SE', 'SE.a', '', '', 't', '', '', '', '')", NULL) == SUND_OK);
    CHECK(sund_copies_services(h.db, count_offer, n, NULL) == SUND_OK && n[0] == 64 && n[1] == 1);
    close_hub(&h);
}

TEST(what_is_too_much_is_said_at_the_node)
{
    sund_err       err = { 0 };
    sund_buf       more = { 0 }, part = { 0 };
    sund_part_head head = { .from = 0 };
    sund_describe *d = many("SE", SUND_DATASETS_MAX, "", &err);

    CHECK(sund_crypto_init(NULL) == SUND_OK && d && sund_describe_n(d) == SUND_DATASETS_MAX);
    sund_describe_free(d);
    CHECK(!many("SE", SUND_DATASETS_MAX + 1, "", &err) && err.code == SUND_E_LIMIT && strstr(err.msg, "x.ini:") && strstr(err.msg, "more than 10000 data sets"));
    for (int i = 0; i < 90; i++) /* one data set of 700 KB: a part holds it or nothing does */
        sund_buf_printf(&more, "coverage-en-x%d = %08000d\n", i, i);
    sund_buf_nul(&more);
    d = many("SE", 2, (const char *) more.p, &err);
    CHECK(d && sund_describe_part(d, "https://h.org/fdp/SE/", NULL, &head, &part, &err) == SUND_E_LIMIT && strstr(err.msg, "[dataset GDI-SE-KI-1] is ") && strstr(err.msg, "one data set may have 524288"));
    sund_describe_free(d);
    sund_buf_free(&more);
    sund_buf_free(&part);
}
