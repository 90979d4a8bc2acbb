#include "test.h"

#include "base/crypto.h"
#include "datasets/describe.h"
#include "datasets/profile.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

#define HEAD "[catalogue]\ntitle-en = T\ndescription-en = D\npublisher = ki\nissued = 2026-01-15\n[agent ki]\nname-en = KI\nemail = a@b.se\n"
#define SET  "[dataset GDI-SE-KI-1]\ntitle-en = One\ndescription-en = It\npublisher = ki\ncreator = ki\ncontact = ki\naccess = non-public\ncategory = human-genomic\n"

static sund_describe *parse(const char *text, sund_err *err)
{
    sund_describe *d = NULL;

    CHECK(sund_crypto_init(NULL) == SUND_OK);
    return sund_describe_parse(&d, "datasets.ini", text, strlen(text), err) == SUND_OK ? d : NULL;
}

static sund_census *people(int n, bool open)
{
    sund_thresholds    t = sund_thresholds_default();
    sund_census_counts c = { 0 };
    sund_census       *out = NULL;

    t.open = open;
    for (int i = 0; i < n; i++)
        sund_census_count(&c, (uint8_t) (1 + i % 2), 30 + i % 30);
    CHECK(sund_census_pass(&out, &t, &c, NULL) == SUND_OK);
    return out;
}

static sund_graph *graph_of(const char *text, sund_census *c)
{
    sund_err                 err = { 0 };
    sund_describe           *d = parse(text, &err);
    const sund_census *const all[] = { c, NULL };
    sund_graph              *g = NULL;

    CHECK(d && sund_graph_new(&g, NULL, NULL) == SUND_OK && sund_describe_graph(d, "https://h.org/fdp/SE/", all, 0, 1000, g, &err) == SUND_OK);
    if (!d)
        fprintf(stderr, "# %s\n", err.msg);
    sund_describe_free(d);
    sund_census_free(c);
    return g;
}

TEST(what_is_wrong_is_said_with_its_line)
{
    static const struct { const char *text, *says; } bad[] = {
        { "", "no section [catalogue]" },
        { SET, "no section [catalogue]" },
        { "[catalogue]\ntitle-en = T\ndescription-en = D\npublisher = ki\nissued = 2026-01-15\n", "no section [agent]" },
        { HEAD "[dataset KI-1]\n" "title-en = x\n", "GDI-CC-ORG-NNN" },
        { HEAD "[dataset GDI-SE-1]\ntitle-en = x\n", "GDI-CC-ORG-NNN" },
        { HEAD "[dataset GDI-SE-KI-1]\ntitle-en = x\n", "lacks description-en" },
        { HEAD SET "titel-en = x\n", "'titel-en' is not known" },
        { HEAD SET "keywords = x\n", "keywords-en" },
        { HEAD SET "type = whole-genom\n", "did you mean whole-genome" },
        { HEAD SET "hdab = nobody\n", "no section [agent]" },
        { HEAD SET "hdab = ki, , ki\n", "datasets.ini:17: hdab = ki, , ki: there is nothing before a ','" },
        { HEAD SET "keywords-en = one; ;two\n", "nothing before a ';'" },
        { HEAD SET "publications = ,https://a.b/c\n", "nothing before a ','" },
        { HEAD SET "diseases = diabetes\n", "ICD10:E11" },
        { HEAD SET "purposes = research\n", "DUO:0000042" },
        { HEAD SET "issued = yesterday\n", "2026-11-26" },
        { HEAD SET "issued = 2026-13-01\n", "datasets.ini:17" },
        { HEAD SET "records = many\n", "number" },
        { HEAD SET "landing-page = ki.se\n", "https://" },
        { HEAD SET "people = 5000\n", "'people' is not known" },
        { HEAD SET "licence = cc0\n", "capitals" },
        { HEAD SET "countries = Sweden\n", "'Sweden' is not known" },
        { HEAD "[agent x]\nname-en = X\nemail = none\n", "data@example.org" },
        { HEAD "[agent a/b]\nname-en = X\nemail = a@b.se\n", "letters, digits" },
        { HEAD "[other]\nx = 1\n", "[other] is not known" },
        { "[catalogue]\nbase = ftp://x\ntitle-en = T\ndescription-en = D\npublisher = ki\nissued = 2026-01-15\n[agent ki]\nname-en = KI\nemail = a@b.se\n", "ends with '/'" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sund_err       err = { 0 };
        sund_describe *d = parse(bad[i].text, &err);
        CHECK(!d && strstr(err.msg, bad[i].says));
        if (d || !strstr(err.msg, bad[i].says))
            fprintf(stderr, "# %zu: %s\n", i, err.msg);
        sund_describe_free(d);
    }
}

/* The longest name that a section may have, and a keyword of 300 bytes. */
TEST(long_words_are_whole)
{
    char        text[3000], agent[65], iri[200], word[301];
    sund_graph *g;

    memset(agent, 'a', 64);
    memset(word, 'w', 300);
    agent[64] = word[300] = 0;
    (void) snprintf(iri, sizeof iri, "https://h.org/fdp/SE/agent/%s", agent);
    (void) snprintf(text, sizeof text, "%s%shdab = ki, %s\nkeywords-en = x; %s\n[agent %s]\nname-en = Long\nemail = a@b.se\n", HEAD, SET, agent, word, agent);
    g = graph_of(text, NULL);
    sund_term s = sund_graph_find(g, "https://h.org/fdp/SE/dataset/GDI-SE-KI-1");
    CHECK(sund_graph_has(g, s, sund_graph_iri(g, HEALTH("hdab")), sund_graph_iri(g, iri)) && sund_graph_has(g, s, sund_graph_iri(g, DCAT("keyword")), sund_graph_lang(g, word, "en")));
    sund_graph_free(g);
}

TEST(people_come_through_the_gate)
{
    sund_graph *g = graph_of(HEAD SET, people(163, false));
    sund_term   s = sund_graph_find(g, "https://h.org/fdp/SE/dataset/GDI-SE-KI-1");

    CHECK(strcmp(sund_graph_value(g, s, HEALTH("numberOfUniqueIndividuals")), "165") == 0);
    CHECK(strcmp(sund_graph_value(g, s, HEALTH("minTypicalAge")), "30") == 0);
    CHECK(strcmp(sund_graph_value(g, s, HEALTH("maxTypicalAge")), "49") == 0); /* the fifties are hidden: with the bands that are empty they would be the only number unsaid */
    sund_graph_free(g);
    g = graph_of(HEAD SET, people(9, false));
    s = sund_graph_find(g, "https://h.org/fdp/SE/dataset/GDI-SE-KI-1");
    CHECK(!sund_graph_value(g, s, HEALTH("numberOfUniqueIndividuals")) && !sund_graph_value(g, s, DQV("hasQualityMeasurement")) && !sund_graph_value(g, s, HEALTH("minTypicalAge")));
    sund_graph_free(g);
    g = graph_of(HEAD SET, people(9, true));
    s = sund_graph_find(g, "https://h.org/fdp/SE/dataset/GDI-SE-KI-1");
    CHECK(strcmp(sund_graph_value(g, s, HEALTH("numberOfUniqueIndividuals")), "9") == 0);
    sund_graph_free(g);
}

TEST(what_is_not_said_has_a_default)
{
    sund_graph *g = graph_of(HEAD SET, NULL);
    sund_term   s = sund_graph_find(g, "https://h.org/fdp/SE/dataset/GDI-SE-KI-1");

    CHECK(strstr(sund_graph_value(g, s, DCAT("theme")), "HEAL") && strstr(sund_graph_value(g, s, DCT("spatial")), "SWE") && strstr(sund_graph_value(g, s, DCATAP("applicableLegislation")), "2025/327"));
    sund_graph_free(g);
}

/* Each mandatory property: without it the rules refuse, and say which. */
TEST(own_rules_refuse_what_lacks_a_property)
{
    static const char *const need[] = { DCT("accessRights"), DCATAP("applicableLegislation"), DCT("creator"), DCT("publisher"), DCT("description"), HEALTH("healthCategory"), DCT("identifier"), DCAT("theme"), DCT("title") };
    sund_profile            *p = NULL;
    sund_err                 err = { 0 };

    CHECK(sund_crypto_init(NULL) == SUND_OK && sund_profile_open(&p, NULL, &err) == SUND_OK);
    for (size_t i = 0; i <= sizeof need / sizeof *need; i++) {
        bool        whole = i == sizeof need / sizeof *need;
        sund_graph *g = graph_of(HEAD SET, people(50, false)), *less = NULL;
        sund_term   s = sund_graph_find(g, "https://h.org/fdp/SE/dataset/GDI-SE-KI-1"), q = whole ? 0 : sund_graph_find(g, need[i]);
        sund_buf    all = { 0 };
        sund_term  *map = NULL;

        CHECK(sund_graph_new(&less, NULL, NULL) == SUND_OK && (map = calloc(sund_graph_n_term(g) + 1, sizeof *map)) != NULL);
        for (sund_term t = 1; t <= sund_graph_n_term(g); t++)
            map[t] = sund_graph_take(less, g, t);
        for (sund_match m = sund_graph_match(g, 0, 0, 0); sund_match_next(&m);)
            if (!(m.s == s && m.p == q))
                sund_graph_add(less, map[m.s], map[m.p], map[m.o]);
        sund_code rc = sund_profile_check(p, less, &all, &err);
        CHECK(whole ? rc == SUND_OK && all.n == 0 : rc == SUND_E_DENIED && strstr(err.msg, strrchr(need[i], strchr(need[i], '#') ? '#' : '/') + 1) && all.n > 0);
        sund_buf_free(&all);
        free(map);
        sund_graph_free(less);
        sund_graph_free(g);
    }
    sund_graph *none = NULL;
    CHECK(sund_graph_new(&none, NULL, NULL) == SUND_OK && sund_profile_check(p, none, NULL, &err) == SUND_E_DENIED && strstr(err.msg, "match nothing"));
    sund_graph_free(none);
    sund_profile_free(p);
}

TEST(identifiers_and_codes)
{
    char out[200];

    CHECK(sund_dataset_id_ok("GDI-SE-KI-1") && sund_dataset_id_ok("GOE-DE-ABC-0012") && !sund_dataset_id_ok("GDI-SE-1") && !sund_dataset_id_ok("GDI-S-KI-1") && !sund_dataset_id_ok("GDI-SE-KI-") &&
          !sund_dataset_id_ok("GDI-SE-KI-1x") && !sund_dataset_id_ok("") && !sund_dataset_id_ok("GDI-SE-ki-1"));
    CHECK(sund_disease_iri("ORPHA:558", out, sizeof out) && strcmp(out, "http://www.orpha.net/ORDO/Orphanet_558") == 0);
    CHECK(sund_disease_code("http://purl.obolibrary.org/obo/MONDO_0005148", out, sizeof out) && strcmp(out, "MONDO:0005148") == 0);
    CHECK(!sund_disease_iri("XX:1", out, sizeof out) && !sund_disease_iri("ICD10:", out, sizeof out) && !sund_disease_iri("ICD10:a b", out, sizeof out));
}

TEST(the_root_lists_its_catalogues)
{
    sund_err          err = { 0 };
    sund_describe    *d = parse(HEAD, &err);
    sund_graph       *g = NULL;
    const char *const cat[] = { "https://h.org/fdp/SE/catalog", "https://h.org/fdp/DK/catalog" };

    CHECK(d && sund_graph_new(&g, NULL, NULL) == SUND_OK && sund_describe_root(d, "https://h.org/fdp/", cat, 2, g, &err) == SUND_OK);
    sund_term root = sund_graph_find(g, "https://h.org/fdp/"), contains = sund_graph_find(g, LDP("contains"));
    size_t    n = 0;
    for (sund_match m = sund_graph_match(g, 0, contains, 0); sund_match_next(&m);)
        n++;
    CHECK(n == 2 && strstr(sund_graph_value(g, root, RDF("type")), "FAIRDataPoint"));
    sund_graph_free(g);
    sund_describe_free(d);
}
