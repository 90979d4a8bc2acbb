#include "base/file.h"
#include "cmd/cmd.h"
#include "datasets/profile.h"
#include "home/link.h"
#include "node/describe.h"
#include "rdf/turtle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* dataset: what a node says of its data sets. */

static sund_code print_graph(const sund_graph *g, bool json, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc;

    if (json)
        sund_jsonld_write(g, &b);
    else
        sund_turtle_write(g, &b);
    rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        (void) fwrite(b.p, 1, b.n, stdout);
    sund_buf_free(&b);
    return rc;
}

static sund_code open_node(sund_home *h, const char *dir, sund_err *err)
{
    char      path[1100];
    unsigned  what = SUND_HOME_PEOPLE;
    sund_code rc;

    SUND_TRY(sund_home_open(h, dir, 0, err));
    if (h->role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a node: only nodes have data sets to describe", dir);
    if (sund_file_exists(h->store_path))
        what |= SUND_HOME_STORE;
    rc = sund_home_path(h, "roster.ini", path, sizeof path, err);
    if (rc == SUND_OK && sund_file_exists(path))
        what |= SUND_HOME_ROSTER;
    sund_home_close(h);
    SUND_TRY(rc);
    SUND_TRY(sund_home_open(h, dir, what, err));
    SUND_TRY(sund_home_path(h, "datasets.ini", path, sizeof path, err));
    return sund_file_exists(path) ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "%s is not there: this node describes no data sets yet; doc/datasets.md shows the least that it takes", path);
}

typedef struct checking { const sund_profile *profile; bool json, quiet; sund_buf all; size_t triples, datasets; } checking;

/** What this node says, part by part, as the hub reads it: checked, and where `print`, printed. *n: of data sets, behind that part. */
static sund_code check_part(checking *c, const sund_buf *text, bool print, size_t *n, sund_err *err)
{
    sund_graph    *g = NULL;
    sund_part_head head;
    bool           there;
    sund_code      rc;

    SUND_TRY(sund_part_head_read(sund_cur_of(text->p, text->n), &head, &there, err));
    SUND_TRY(sund_graph_new(&g, NULL, err));
    rc = sund_turtle_read(g, "datasets.ini", text->p, text->n, NULL, err);
    if (rc == SUND_OK && print)
        rc = print_graph(g, c->json, err);
    else if (rc == SUND_OK)
        rc = sund_profile_check(c->profile, g, &c->all, err);
    *n = head.from + head.n;
    c->datasets = head.total;
    c->triples += sund_graph_size(g);
    sund_graph_free(g);
    return rc;
}

/** Prints only where all is sound; what is amiss of the first part that is not is told. */
static sund_code check_parts(checking *c, sund_home *h, sund_err *err)
{
    sund_described d = { .ready = false };
    sund_code      rc = SUND_OK;

    for (int print = 0; rc == SUND_OK && print < 2 - c->quiet; print++) {
        size_t n = 0;
        do {
            rc = sund_described_now(&d, h, n, err);
            if (rc == SUND_OK)
                rc = check_part(c, &d.text, print == 1, &n, err);
        } while (rc == SUND_OK && n < c->datasets);
    }
    sund_described_free(&d);
    return rc;
}

sund_code sund_cmd_dataset_check(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *shapes = NULL;
    bool            json = false, quiet = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the node's home" },
        { "shapes", 's', &shapes, "PATH", "SHACL shapes that it must have too: a file or a folder of Turtle" },
        { "jsonld", 'b', &json, NULL, "print JSON-LD rather than Turtle" },
        { "quiet", 'b', &quiet, NULL, "only say whether it is sound, and not the graph" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "dataset check", "[OPTIONS]", "What this node says of its data sets, as the hub will read it: datasets.ini of the home, and people counted through the gate. Prints the graph when it is sound; else only what is missing.",
                          "sund dataset check --home node-fi\nsund dataset check --home node-fi --quiet --shapes healthdcat-ap/\nsund dataset check --home node-fi --jsonld > fi.jsonld", opt, 0, 0 };
    sund_home       h = { .id = "" };
    sund_profile   *p = NULL;
    checking        c = { .triples = 0 };
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_GO(sund_profile_open(&p, shapes, err));
    SUND_GO(open_node(&h, home, err));
    c = (checking){ .profile = p, .json = json, .quiet = quiet };
    rc = check_parts(&c, &h, err);
    (void) fflush(stdout); /* what is missing, or amiss, is read last */
    (void) fwrite(c.all.p, 1, c.all.n, stderr);
    if (rc == SUND_OK && quiet)
        printf("sound: %zu triples in %zu data sets\n", c.triples, c.datasets);
out:
    sund_buf_free(&c.all);
    sund_profile_free(p);
    sund_home_close(&h);
    return rc;
}

static sund_code validate_one(const sund_shapes *s, const char *file, bool triples, sund_shacl_report *r, sund_err *err)
{
    sund_graph *g = NULL;
    sund_buf    b = { 0 };
    sund_code   rc;

    SUND_TRY(sund_graph_new(&g, NULL, err));
    rc = sund_turtle_read_file(g, file, "urn:file:", err);
    if (rc == SUND_OK && triples) {
        sund_ntriples_write(g, &b);
        (void) fwrite(b.p, 1, b.n, stdout);
        rc = sund_buf_ok(&b, err);
    }
    if (rc == SUND_OK && s)
        rc = sund_shacl_check(s, g, r, err);
    sund_buf_free(&b);
    sund_graph_free(g);
    return rc;
}

sund_code sund_cmd_dataset_validate(int argc, char **argv, sund_err *err)
{
    const char     *shapes = NULL;
    bool            triples = false, helped = false;
    const sund_opt  opt[] = {
        { "shapes", 's', &shapes, "PATH", "a file, or a folder of Turtle (needed unless --triples)" },
        { "triples", 'b', &triples, NULL, "print the graphs as N-Triples" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "dataset validate", "[OPTIONS] FILE.ttl...", "Check graphs of anybody's against SHACL shapes: all of SHACL's core; shapes that hold anything else are refused. Fails when a graph has violations or the shapes match nothing in it.",
                          "sund dataset validate --shapes dcat-ap-SHACL.ttl catalogue.ttl\nsund dataset validate --triples catalogue.ttl", opt, 1, 10000 };
    sund_shapes    *s = NULL;
    size_t          n, bad = 0;
    sund_code       rc = SUND_OK;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!shapes && !triples)
        return sund_fail(err, SUND_E_ARG, "--shapes or --triples is needed; see 'sund dataset validate --help'");
    if (shapes)
        SUND_TRY(sund_shapes_read(&s, shapes, err));
    for (size_t i = 0; rc == SUND_OK && i < n; i++) {
        sund_shacl_report r = { 0 };
        rc = validate_one(s, argv[i + 1], triples, &r, err);
        if (rc != SUND_OK || !s)
            continue;
        printf("%s: %zu focus nodes, %zu results, %zu violations\n", argv[i + 1], r.n_focus, r.n_result, r.n_violation);
        for (size_t k = 0; k < r.n_kept; k++)
            printf("  %s %s %s %s %s\n", r.kept[k].violation ? "violation" : "warning", r.kept[k].focus, *r.kept[k].path ? r.kept[k].path : ".", r.kept[k].component, r.kept[k].message);
        bad += r.n_violation > 0 || r.n_focus == 0;
    }
    sund_shapes_free(s);
    return rc == SUND_OK && bad ? sund_fail(err, SUND_E_MISMATCH, "%zu of %zu do not conform, or hold nothing that the shapes are about", bad, n) : rc;
}

/** A table without rows. */
static bool is_head(const sund_buf *b) { return b->n && b->p[0] != '{' && memchr(b->p, '\n', b->n) == b->p + b->n - 1; }

/** Sends a search to the hub; the page that comes back is printed. */
static sund_code ask_hub(const char *home, const char *path, const char *const (*kv)[2], size_t n, sund_err *err)
{
    sund_home h;
    sund_link l = { 0 };
    sund_buf  ask = { 0 }, reply = { 0 };
    uint32_t  given = 0;
    sund_code rc;

    SUND_TRY(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    for (size_t i = 0; i < n; i++)
        given += kv[i][1] != NULL;
    sund_buf_str(&ask, path);
    sund_buf_u32(&ask, given);
    for (size_t i = 0; i < n; i++)
        if (kv[i][1]) {
            sund_buf_str(&ask, kv[i][0]);
            sund_buf_str(&ask, kv[i][1]);
        }
    SUND_GO(sund_buf_ok(&ask, err));
    SUND_GO(sund_link_open(&l, &h, SUND_CHANNEL_COMMANDS, err));
    SUND_GO(sund_link_ask(&l, SUND_MSG_DATASETS, ask.p, ask.n, 30, &reply, err));
    (void) fwrite(reply.p, 1, reply.n, stdout);
    if (n && is_head(&reply))
        fprintf(stderr, "no data set fits; 'sund dataset find --nodes' says whose descriptions the hub has, and since when\n");
out:
    sund_link_close(&l);
    sund_buf_free(&ask);
    sund_buf_free(&reply);
    sund_home_close(&h);
    return rc;
}

/** Words of the command line as one text. */
static sund_code join(char **word, size_t n, char *out, size_t cap, sund_err *err)
{
    size_t at = 0;

    out[0] = 0;
    for (size_t i = 0; i < n; i++) {
        int more = snprintf(out + at, cap - at, "%s%s", i ? " " : "", word[i]);
        if (more < 0 || (size_t) more >= cap - at)
            return sund_fail(err, SUND_E_ARG, "the words that are sought are more than %zu bytes", cap - 1);
        at += (size_t) more;
    }
    return SUND_OK;
}

sund_code sund_cmd_dataset_find(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *country = NULL, *disease = NULL, *type = NULL, *access = NULL, *purpose = NULL, *node = NULL, *people = NULL;
    bool            json = false, nodes = false, facets = false, helped = false;
    char            words[1000];
    const sund_opt  opt[] = {
        { "country", 's', &country, "CC", "such as SE" },
        { "disease", 's', &disease, "CODE", "such as ICD10:E11 (and what is below it), ORPHA:558, MONDO:0005148" },
        { "type", 's', &type, "WORD", "whole-genome, exome, array, rna, phenotypes or frequencies" },
        { "access", 's', &access, "WORD", "public, restricted or non-public" },
        { "purpose", 's', &purpose, "CODE", "a use that is allowed, as a DUO code such as DUO:0000042" },
        { "people", 's', &people, "N", "of at least so many people" },
        { "node", 's', &node, "ID", "of this node" },
        { "json", 'b', &json, NULL, "JSON rather than a table" },
        { "nodes", 'b', &nodes, NULL, "instead: when each node's description was taken, and what was amiss since" },
        { "facets", 'b', &facets, NULL, "instead: the values that there are, with how many data sets have them (of people: at least so many)" },
        { "home", 's', &home, "FOLDER", "a member's home" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "dataset find", "[OPTIONS] [WORD...]", "Data sets of all nodes, as the hub's catalogue has them: by words, each of which may be the beginning of one, and by what they are. Without either, all of them.",
                          "sund dataset find --home anna diabetes\nsund dataset find --home anna --country SE --type whole-genome --people 1000\nsund dataset find --home anna --disease ICD10:E11 --json\nsund dataset find --home anna --nodes",
                          opt, 0, 50 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (nodes && facets)
        return sund_fail(err, SUND_E_ARG, "--nodes or --facets, not both; see 'sund dataset find --help'");
    if (nodes || facets)
        return ask_hub(home, nodes ? "/datasets/nodes" : "/datasets/facets", NULL, 0, err);
    SUND_TRY(join(argv + 1, n, words, sizeof words, err));
    const char *const kv[][2] = { { "q", words },         { "country", country }, { "disease", disease }, { "type", type }, { "access", access }, { "purpose", purpose },
                                  { "people", people },   { "node", node },       { "format", json ? NULL : "tsv" } };
    return ask_hub(home, "/datasets", kv, sizeof kv / sizeof *kv, err);
}
