/* Cases: who is like whom and why; consent, withdrawal, notices, bounds; the 50 published benchmark patients of Matchmaker Exchange. */
#include "base/file.h"
#include "exchange/mme.h"
#include "exchange/peers.h"
#include "test.h"

#include "scratch.h"

static const char *shared_file(const char *name)
{
    static char path[2048];

    (void) snprintf(path, sizeof path, "%s/data/%s", getenv("SUND_SHARED") ? getenv("SUND_SHARED") : "../shared", name);
    return path;
}

enum { PATIENTS = 50 };
static sund_case *patient[PATIENTS];
static char       label[PATIENTS][40]; /* the disorder that is listed, "" for none */

static int load_benchmark(void)
{
    sund_buf   text = { 0 };
    sund_jval *v = NULL;
    sund_err   err = { SUND_OK, "" };

    if (!sund_file_exists(shared_file("matchmaker/mme-apis/testing/benchmark_patients.json"))) {
        printf("# skipped: no shared data\n");
        return 0;
    }
    CHECK(sund_file_read(shared_file("matchmaker/mme-apis/testing/benchmark_patients.json"), 1 << 24, &text, &err) == SUND_OK && sund_json_read(text.p, text.n, &v, &err) == SUND_OK);
    CHECK(sund_j_n(v) == PATIENTS);
    for (size_t i = 0; i < PATIENTS; i++) {
        patient[i] = calloc(1, sizeof *patient[i]);
        CHECK(sund_case_read_mme(patient[i], sund_j_at(v, i), &err) == SUND_OK);
        patient[i]->consent = true;
        (void) snprintf(label[i], sizeof label[i], "%s", patient[i]->n_disorder ? patient[i]->disorder[0] : "");
    }
    sund_jval_free(v);
    sund_buf_free(&text);
    return 1;
}

static void drop_benchmark(void)
{
    for (size_t i = 0; i < PATIENTS; i++)
        free(patient[i]);
}

static int same_disorder(size_t a, size_t b, int by_gene) { return by_gene ? strcmp(patient[a]->gene[0].gene, patient[b]->gene[0].gene) == 0 : strcmp(label[a], label[b]) == 0; }

/** Ranks of the first partner: how many first, in the top five, of how many with one. */
static void rank(sund_matcher *m, int by_gene, bool phenotype_only, int got[3])
{
    sund_err err = { SUND_OK, "" };

    got[0] = got[1] = got[2] = 0;
    for (size_t i = 0; i < PATIENTS; i++) {
        sund_likeness out[PATIENTS];
        size_t     n, at = PATIENTS;
        int        partners = 0;

        for (size_t k = 0; k < PATIENTS; k++)
            partners += k != i && same_disorder(i, k, by_gene);
        if (!partners)
            continue;
        CHECK(sund_match_find(m, patient[i], 0, PATIENTS, phenotype_only, patient[i]->own, out, &n, &err) == SUND_OK);
        for (size_t k = n; k-- > 0;)
            if (same_disorder(i, out[k].at, by_gene))
                at = k;
        got[0] += at == 0;
        got[1] += at < 5;
        got[2]++;
        if (at)
            printf("# %s: the first partner is at rank %zu\n", patient[i]->own, at + 1);
        for (size_t k = 0; k < n; k++) {
            double sum = 0;

            for (size_t t = 0; t < out[k].n_shared; t++)
                sum += out[k].shared[t].share;
            CHECK(out[k].score >= 0 && out[k].score <= 1 && sum <= out[k].phenotype + 1e-9 && (out[k].n_shared == SUND_MATCH_TERMS || fabs(sum - out[k].phenotype) < 1e-9));
        }
    }
}

TEST(the_benchmark_patients)
{
    static const char *const file[] = { "ontologies/hpo_ontologyIndex.tsv.gz", "ontologies/hp_2014-03-18.obo.gz" };
    sund_onto    *o = NULL;
    sund_matcher *m = NULL;
    sund_err      err = { SUND_OK, "" };
    int           listed[3], gene[3], both[3];

    if (!load_benchmark())
        return;
    for (int k = 0; k < 2; k++) {
        CHECK(sund_onto_read_file(&o, shared_file(file[k]), "2024-02-08", &err) == SUND_OK);
        CHECK(sund_matcher_of(&m, (const sund_case *const *) patient, PATIENTS, o, &err) == SUND_OK);
        rank(m, 0, true, listed);
        printf("# %s, phenotype alone, the disorder as listed (none equal to none): %d of %d first, %d in the top five\n", file[k], listed[0], listed[2], listed[1]);
        rank(m, 1, true, gene);
        printf("# %s, phenotype alone, a partner with the same gene: %d of %d first, %d in the top five\n", file[k], gene[0], gene[2], gene[1]);
        rank(m, 1, false, both);
        printf("# %s, phenotype and genes: %d of %d first\n", file[k], both[0], both[2]);
        CHECK(listed[2] == 37 && listed[0] >= 35 && listed[1] >= 36);
        CHECK(gene[2] == 34 && gene[0] == 34 && gene[1] == 34 && both[0] == 34);
        sund_matcher_free(m);
        sund_onto_free(o);
        m = NULL;
        o = NULL;
    }
    drop_benchmark();
}

/** A little ontology: A is above B and C, B above D and E. */
static const char little[] = "id\tname\tparents\nHP:0000001\tAll\t\nHP:0000002\tB\tHP:0000001\nHP:0000003\tC\tHP:0000001\nHP:0000004\tD\tHP:0000002\nHP:0000005\tE\tHP:0000002\nHP:0000006\tF\tHP:0000003\n";

static sund_code request(const char *json, sund_case *c, sund_err *err) { return sund_mme_request(json, strlen(json), c, err); }

#define CONTACT "\"contact\":{\"name\":\"Dr A\",\"href\":\"mailto:genetics@example.org\"}"

TEST(requests)
{
    static const struct { const char *json; bool ok; } row[] = {
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"features\":[{\"id\":\"HP:0000004\"}]}}", true },
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"genomicFeatures\":[{\"gene\":{\"id\":\"NGLY1\"}}]},\"_disclaimer\":\"text\",\"disclaimer\":\"x\"}", true },
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"test\":true,\"dateOfBirth\":\"1980-01-01\",\"features\":[{\"id\":\"HP:0000004\",\"observed\":\"no\"}]}}", true },
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"features\":[]}}", false },
        { "{\"patient\":{\"id\":\"1\"," CONTACT "}}", false },
        { "{\"patient\":{" CONTACT ",\"features\":[{\"id\":\"HP:0000004\"}]}}", false },
        { "{\"patient\":{\"id\":\"1\",\"features\":[{\"id\":\"HP:0000004\"}]}}", false },
        { "{\"patient\":{\"id\":\"1\",\"contact\":{\"name\":\"x\",\"href\":\"javascript:alert(1)\"},\"features\":[{\"id\":\"HP:0000004\"}]}}", false },
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"features\":[{\"id\":\"HP:4\"}]}}", false },
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"features\":[{\"id\":\"HP:0000004\",\"observed\":true}]}}", false },
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"species\":\"NCBITaxon:10090\",\"features\":[{\"id\":\"HP:0000004\"}]}}", false },
        { "{\"patient\":{\"id\":\"1\"," CONTACT ",\"test\":\"yes\",\"features\":[{\"id\":\"HP:0000004\"}]}}", false },
        { "[]", false },
    };
    sund_case *c = malloc(sizeof *c);
    sund_err   err;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        CHECK((request(row[i].json, c, &err) == SUND_OK) == row[i].ok);
    CHECK(sund_mme_type_ok(SUND_MME_TYPE) && sund_mme_type_ok("application/vnd.ga4gh.matchmaker.v1.0+json; charset=utf-8"));
    CHECK(!sund_mme_type_ok("application/json") && !sund_mme_type_ok("application/vnd.ga4gh.matchmaker.v2.0+json") && !sund_mme_type_ok(NULL));
    free(c);
}

static sund_code count_notice(void *ctx, const sund_case_notice *n, sund_err *err)
{
    (void) err;
    CHECK(n->own[0] && strcmp(n->asker, "anna") == 0 && n->score > 0 && n->shared[0]);
    ++*(int *) ctx;
    return SUND_OK;
}

static void add(sund_cases *s, const char *own, const char *feature, const char *gene, bool consent, bool test)
{
    static sund_case c;
    sund_err         err = { SUND_OK, "" };
    bool             fresh;

    memset(&c, 0, sizeof c);
    (void) snprintf(c.own, sizeof c.own, "%s", own);
    (void) snprintf(c.contact, sizeof c.contact, "Clinic");
    (void) snprintf(c.href, sizeof c.href, "mailto:clinic@example.org");
    for (const char *at = feature; *at; at += 10 + (at[10] == ' '))
        (void) snprintf(c.feature[c.n_feature++].id, 11, "%.10s", at);
    if (gene[0])
        (void) snprintf(c.gene[c.n_gene++].gene, sizeof c.gene[0].gene, "%s", gene);
    c.consent = consent;
    c.test = test;
    CHECK(sund_case_put(s, &c, &fresh, &err) == SUND_OK);
}

static size_t ask(sund_desk *d, const char *json, sund_buf *out, sund_code want)
{
    static sund_case q;
    sund_mme_rules   rules = { 0.05, 5, 6 };
    sund_err         err = { SUND_OK, "" };
    size_t           n = 0;

    sund_buf_clear(out);
    CHECK(request(json, &q, &err) == SUND_OK);
    CHECK(sund_desk_answer(d, &q, "anna", &rules, out, &n, &err) == want);
    sund_buf_nul(out);
    return n;
}

#define REQUEST(more) "{\"patient\":{\"id\":\"q\"," CONTACT "," more "\"features\":[{\"id\":\"HP:0000004\"},{\"id\":\"HP:0000005\"},{\"id\":\"HP:0000006\"}]}}"

TEST(consent_notices_and_bounds)
{
    sund_onto  *o = NULL;
    sund_ontos *ontos = NULL;
    sund_cases *s = NULL;
    sund_desk  *d = NULL;
    sund_buf    out = { 0 };
    sund_err    err = { SUND_OK, "" };
    int         notices = 0;

    CHECK(sund_onto_read(&o, "little", little, sizeof little - 1, "1", &err) == SUND_OK && sund_ontos_open(&ontos, scratch("ontologies.db"), &err) == SUND_OK);
    CHECK(sund_cases_open(&s, scratch("cases.db"), &err) == SUND_OK && sund_desk_open(&d, scratch("cases.db"), ontos, &err) == SUND_OK);
    add(s, "hospital-1", "HP:0000004 HP:0000005 HP:0000006", "NGLY1", true, false);
    add(s, "hospital-2", "HP:0000004 HP:0000005 HP:0000006", "NGLY1", false, false);
    add(s, "hospital-3", "HP:0000004", "LAMA1", true, false);
    add(s, "hospital-4", "HP:0000004 HP:0000006", "", true, true);
    CHECK(ask(d, REQUEST(""), &out, SUND_E_NOT_FOUND) == 0); /* no HPO yet; it counts all the same */
    CHECK(sund_ontos_put(ontos, o, &err) == SUND_OK);
    CHECK(ask(d, REQUEST(""), &out, SUND_OK) == 2);
    CHECK(!strstr((char *) out.p, "hospital") && strstr((char *) out.p, "\"patient\":1,") && strstr((char *) out.p, "Clinic") && strstr((char *) out.p, "LAMA1"));
    CHECK(sund_case_notices(s, false, true, count_notice, &notices, &err) == SUND_OK && notices == 2);
    CHECK(sund_case_notices(s, false, true, count_notice, &notices, &err) == SUND_OK && notices == 2); /* seen */
    CHECK(ask(d, REQUEST("\"test\":true,"), &out, SUND_OK) == 1 && strstr((char *) out.p, "\"test\":true"));
    CHECK(sund_case_notices(s, true, false, count_notice, &notices, &err) == SUND_OK && notices == 4); /* a test notifies nobody */
    CHECK(sund_case_withdraw(s, "hospital-1", &err) == SUND_OK && sund_case_withdraw(s, "hospital-1", &err) == SUND_E_NOT_FOUND);
    CHECK(ask(d, REQUEST(""), &out, SUND_OK) == 1);
    CHECK(sund_case_consent(s, "hospital-3", false, &err) == SUND_OK);
    CHECK(ask(d, REQUEST(""), &out, SUND_OK) == 0);
    CHECK(ask(d, "{\"patient\":{\"id\":\"q\"," CONTACT ",\"features\":[{\"id\":\"HP:0000004\"}]}}", &out, SUND_E_ARG) == 0); /* one term is probing */
    CHECK(ask(d, REQUEST(""), &out, SUND_OK) == 0 && ask(d, REQUEST(""), &out, SUND_E_LIMIT) == 0);                           /* six a day */
    sund_desk_close(d);
    sund_cases_close(s);
    sund_ontos_close(ontos);
    sund_onto_free(o);
    sund_buf_free(&out);
}

/** Whether a file has these bytes; one that is not there has not. */
static bool file_has(const char *name, const char *words)
{
    sund_buf b = { 0 };
    bool     has = sund_file_exists(scratch(name)) && sund_file_read(scratch(name), 1 << 24, &b, NULL) == SUND_OK && b.n && memmem(b.p, b.n, words, strlen(words));

    sund_buf_free(&b);
    return has;
}

static sund_code bare_notice(void *ctx, const sund_case_notice *n, sund_err *err)
{
    (void) err;
    *(int *) ctx += strcmp(n->own, "hospital-9") == 0 && n->shared[0] == 0 && strcmp(n->asker, "anna") == 0;
    return SUND_OK;
}

/** Its names and contact stay. */
static sund_code bare_case(void *ctx, const sund_case *c, sund_err *err)
{
    (void) ctx, (void) err;
    CHECK(c->id == 1 && c->withdrawn && !c->consent && !c->sex && !c->n_feature && !c->n_gene && !c->n_disorder && strcmp(c->own, "hospital-9") == 0 && c->pseudonym[0] && c->contact[0]);
    return SUND_OK;
}

/** Of a case that is withdrawn, while a node has the file open, its phenotype and genes are nowhere, in what its owner was told neither. */
TEST(what_is_withdrawn_is_erased)
{
    sund_onto  *o = NULL;
    sund_ontos *ontos = NULL;
    sund_cases *s = NULL;
    sund_desk  *d = NULL;
    sund_buf    out = { 0 };
    sund_err    err = { SUND_OK, "" };
    int         bare = 0;

    CHECK(sund_onto_read(&o, "little", little, sizeof little - 1, "1", &err) == SUND_OK && sund_ontos_open(&ontos, scratch("o2.db"), &err) == SUND_OK && sund_ontos_put(ontos, o, &err) == SUND_OK);
    CHECK(sund_cases_open(&s, scratch("c2.db"), &err) == SUND_OK && sund_desk_open(&d, scratch("c2.db"), ontos, &err) == SUND_OK);
    add(s, "hospital-9", "HP:0000004 HP:0000005", "ERASED1", true, false);
    CHECK(ask(d, "{\"patient\":{\"id\":\"q\"," CONTACT ",\"features\":[{\"id\":\"HP:0000004\"},{\"id\":\"HP:0000005\"}],\"genomicFeatures\":[{\"gene\":{\"id\":\"ERASED1\"}}]}}", &out, SUND_OK) == 1);
    CHECK(file_has("c2.db", "ERASED1") || file_has("c2.db-wal", "ERASED1"));
    CHECK(sund_cases_part(s, &err) == SUND_OK && sund_cases_part_end(s, sund_case_withdraw(s, "hospital-9", &err), &err) == SUND_OK);
    CHECK(!file_has("c2.db", "ERASED1") && !file_has("c2.db-wal", "ERASED1") && !file_has("c2.db", "HP:0000004") && !file_has("c2.db-wal", "HP:0000004"));
    CHECK(sund_cases_each(s, false, false, bare_case, NULL, &err) == SUND_OK);
    CHECK(sund_case_notify(s, 1, "anna", &(sund_case){ .contact = "Clinic" }, 0.5, "ERASED1", &err) == SUND_E_NOT_FOUND && !file_has("c2.db-wal", "ERASED1")); /* of an answer that was under way */
    CHECK(sund_case_notices(s, true, false, bare_notice, &bare, &err) == SUND_OK && bare == 1);
    sund_desk_close(d);
    sund_cases_close(s);
    sund_ontos_close(ontos);
    sund_onto_free(o);
    sund_buf_free(&out);
}

/** One way in, of files and of commands: what is no term or symbol, or an address that nobody can write to, is in no case. */
TEST(what_is_none_is_in_no_case)
{
    sund_cases *s = NULL;
    sund_case  *c = calloc(1, sizeof *c);
    sund_err    err = { SUND_OK, "" };
    bool        fresh;

    CHECK(sund_cases_open(&s, scratch("c3.db"), &err) == SUND_OK);
    CHECK(!sund_case_add_feature(c, "HP:000000x", false) && !sund_case_add_feature(c, "HP:00000041", false) && !sund_case_add_gene(c, "A B", "") && !sund_case_add_gene(c, "", "") && !c->n_feature && !c->n_gene);
    CHECK(sund_case_add_feature(c, "HP:0000004", false) && sund_case_add_feature(c, "HP:0000004", true) && c->n_feature == 1 && c->feature[0].absent && sund_case_add_gene(c, "SKI", "") && c->n_gene == 1);
    (void) snprintf(c->own, sizeof c->own, "x");
    (void) snprintf(c->contact, sizeof c->contact, "Clinic");
    (void) snprintf(c->href, sizeof c->href, "mailto:a \"b");
    CHECK(sund_case_put(s, c, &fresh, &err) == SUND_E_ARG);
    (void) snprintf(c->href, sizeof c->href, "mailto:clinic@example.org");
    (void) snprintf(c->contact, sizeof c->contact, "Cli\tnic");
    CHECK(sund_case_put(s, c, &fresh, &err) == SUND_E_ARG);
    (void) snprintf(c->contact, sizeof c->contact, "Clinic");
    CHECK(sund_case_put(s, c, &fresh, &err) == SUND_OK && fresh);
    for (int i = 0; i < 2 * SUND_CASE_FEATURES; i++) {
        char id[24];

        (void) snprintf(id, sizeof id, "HP:%07d", 100 + i);
        CHECK(sund_case_add_feature(c, id, false) == (i + 1 < SUND_CASE_FEATURES));
    }
    CHECK(c->n_feature == SUND_CASE_FEATURES);
    sund_cases_close(s);
    free(c);
}

TEST(scores_are_explained)
{
    sund_onto       *o = NULL;
    sund_matcher    *m = NULL;
    sund_case       *c[2] = { calloc(1, sizeof **c), calloc(1, sizeof **c) };
    sund_case *const all[1] = { c[1] };
    sund_likeness       x[1];
    sund_err         err = { SUND_OK, "" };
    size_t           n;
    double           plain;

    CHECK(sund_onto_read(&o, "little", little, sizeof little - 1, "1", &err) == SUND_OK);
    CHECK(request(REQUEST(""), c[0], &err) == SUND_OK && request(REQUEST(""), c[1], &err) == SUND_OK);
    CHECK(sund_matcher_of(&m, (const sund_case *const *) all, 1, o, &err) == SUND_OK && sund_match_find(m, c[0], 0, 1, false, NULL, x, &n, &err) == SUND_OK && n == 1);
    CHECK_NEAR(x[0].score, 1, 1e-12);
    CHECK(x[0].n_shared == 3);
    sund_matcher_free(m);
    c[1]->feature[2].absent = true; /* one has F, the other explicitly not */
    CHECK(sund_matcher_of(&m, (const sund_case *const *) all, 1, o, &err) == SUND_OK && sund_match_find(m, c[0], 0, 1, false, NULL, x, &n, &err) == SUND_OK && n == 1);
    CHECK(x[0].n_against == 1 && strcmp(sund_onto_id(o, x[0].against[0].term), "HP:0000006") == 0 && x[0].against[0].share > 0);
    plain = x[0].phenotype;
    sund_matcher_free(m);
    c[1]->n_feature = 2; /* nothing is said of F: less against it */
    CHECK(sund_matcher_of(&m, (const sund_case *const *) all, 1, o, &err) == SUND_OK && sund_match_find(m, c[0], 0, 1, false, NULL, x, &n, &err) == SUND_OK);
    CHECK(x[0].phenotype > plain && x[0].n_against == 0);
    plain = x[0].score;
    for (int k = 0; k < 2; k++) {
        c[k]->n_gene = 1;
        (void) snprintf(c[k]->gene[0].gene, sizeof c[k]->gene[0].gene, "%s", k ? "ngly1" : "NGLY1");
    }
    CHECK(sund_match_find(m, c[0], 0, 1, false, NULL, x, &n, &err) == SUND_OK && fabs(x[0].genes - 0.7) < 1e-12 && fabs(x[0].score - (1 - (1 - plain) * 0.3)) < 1e-12);
    (void) snprintf(c[0]->gene[0].variant, sizeof c[0]->gene[0].variant, "GRCh37:3-1-A-T");
    (void) snprintf(c[1]->gene[0].variant, sizeof c[1]->gene[0].variant, "GRCh37:3-1-A-T");
    CHECK(sund_match_find(m, c[0], 0, 1, false, NULL, x, &n, &err) == SUND_OK && x[0].same_variant && fabs(x[0].genes - 0.9) < 1e-12);
    sund_matcher_free(m);
    sund_onto_free(o);
    free(c[0]);
    free(c[1]);
}

TEST(answers_of_nodes_are_one)
{
    static const char one[] = "{\"results\":[{\"score\":{\"patient\":0.5},\"patient\":{\"id\":\"a\"}}]}", two[] = "{\"results\":[{\"score\":{\"patient\":0.9},\"patient\":{\"id\":\"b\"}},{\"score\":{\"patient\":7},\"patient\":{\"id\":\"c\"}}]}";
    const sund_mme_answer answer[] = { { "AA", "", true, { (const uint8_t *) one, sizeof one - 1, false } }, { "BB", "no", false, { NULL, 0, false } }, { "CC", "", true, { (const uint8_t *) two, sizeof two - 1, false } }, { "DD", "", true, { (const uint8_t *) "x", 1, false } } };
    sund_buf              out = { 0 };
    sund_err              err = { SUND_OK, "" };

    CHECK(sund_mme_merge(answer, 4, 1, &out, &err) == SUND_OK);
    sund_buf_nul(&out);
    CHECK(strstr((char *) out.p, "\"b\"") && !strstr((char *) out.p, "\"a\"") && !strstr((char *) out.p, "\"c\"") && strstr((char *) out.p, "{\"node\":\"BB\",\"answered\":false,\"why\":\"no\"}"));
    sund_buf_free(&out);
}

TEST(tokens_of_services)
{
    const char *path = scratch("peers.ini");
    char        token[65], other[65], name[SUND_PEER_NAME_MAX + 1];
    sund_err    err = { SUND_OK, "" };
    bool        found = true;

    CHECK(sund_peers_find(path, "x", name, &found, &err) == SUND_OK && !found);
    CHECK(sund_peers_add(path, "decipher", token, &err) == SUND_OK && sund_peers_add(path, "phenomecentral", other, &err) == SUND_OK && sund_peers_add(path, "decipher", other, &err) == SUND_E_ARG);
    CHECK(sund_peers_add(path, "a b", other, &err) == SUND_E_ARG);
    CHECK(sund_peers_find(path, token, name, &found, &err) == SUND_OK && found && strcmp(name, "decipher") == 0);
    token[0] = token[0] == 'a' ? 'b' : 'a';
    CHECK(sund_peers_find(path, token, name, &found, &err) == SUND_OK && !found);
    CHECK(sund_peers_remove(path, "decipher", &err) == SUND_OK && sund_peers_remove(path, "decipher", &err) == SUND_E_NOT_FOUND);
    CHECK(sund_file_write(path, "[peer x]\ntoken = 12\n", 20, 0600, &err) == SUND_OK && sund_peers_find(path, token, name, &found, &err) == SUND_E_FORMAT);
    CHECK(sund_file_write(path, "", 0, 0644, &err) == SUND_OK && sund_peers_find(path, token, name, &found, &err) == SUND_E_DENIED);
}
