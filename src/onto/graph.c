#include "onto/onto_priv.h"

#include "base/jsonread.h"

#include <string.h>

/* Obographs JSON: graphs of nodes and edges whose ids are IRIs. */

enum { JSON_MAX = 256 << 20 };

static bool ends(const char *s, const char *with)
{
    size_t n = strlen(s), k = strlen(with);

    return n >= k && strcmp(s + n - k, with) == 0;
}

static size_t length(const char *s) { return s ? strlen(s) : 0; }

static void read_meta(onto_builder *b, uint32_t t, const sund_jval *meta)
{
    const sund_jval *list = sund_j_get(meta, "synonyms"), *said = sund_j_get(meta, "basicPropertyValues");
    bool             gone = false;

    for (size_t i = 0; i < sund_j_n(list); i++) {
        const char *s = sund_j_text(sund_j_at(list, i), "val");

        onto_synonym(b, t, s, length(s));
    }
    for (size_t i = 0; i < sund_j_n(said); i++) {
        const char *pred = sund_j_text(sund_j_at(said, i), "pred"), *val = sund_j_text(sund_j_at(said, i), "val");

        if (!pred || !val)
            continue;
        if (ends(pred, "#hasAlternativeId"))
            onto_alt(b, t, val, strlen(val));
        else if (ends(pred, "IAO_0100001"))
            onto_replaced(b, t, val, strlen(val));
    }
    if (t != SUND_ONTO_NONE && sund_j_bool(sund_j_get(meta, "deprecated"), &gone))
        b->term[t].obsolete = gone;
}

static void read_node(onto_builder *b, const sund_jval *node)
{
    const char *id = sund_j_text(node, "id"), *label = sund_j_text(node, "lbl"), *type = sund_j_text(node, "type");
    uint32_t    t;

    if (!id || (type && strcmp(type, "CLASS") != 0))
        return;
    t = onto_term(b, id, strlen(id), true);
    onto_name(b, t, label, length(label));
    read_meta(b, t, sund_j_get(node, "meta"));
}

static void read_edge(onto_builder *b, const sund_jval *edge)
{
    const char *sub = sund_j_text(edge, "sub"), *pred = sund_j_text(edge, "pred"), *obj = sund_j_text(edge, "obj");
    uint32_t    t;
    bool        is_a;

    if (!sub || !pred || !obj)
        return;
    is_a = strcmp(pred, "is_a") == 0 || strcmp(pred, "subClassOf") == 0 || ends(pred, "#subClassOf");
    if (!is_a && !ends(pred, "part_of") && !ends(pred, "BFO_0000050"))
        return;
    t = onto_term(b, sub, strlen(sub), false);
    if (is_a || onto_is_group_edge(b, t, pred, strlen(pred)))
        onto_parent(b, t, obj, strlen(obj));
}

static void read_head(onto_builder *b, const sund_jval *graph)
{
    const sund_jval *meta = sund_j_get(graph, "meta"), *said = sund_j_get(meta, "basicPropertyValues");
    const char      *id = sund_j_text(graph, "id"), *version = sund_j_text(meta, "version"), *obo = "http://purl.obolibrary.org/obo/";

    if (id && !b->title[0]) {
        id += strncmp(id, obo, strlen(obo)) == 0 ? strlen(obo) : 0;
        onto_title(b, id, strlen(id));
    }
    for (size_t i = 0; i < sund_j_n(said); i++) {
        const char *pred = sund_j_text(sund_j_at(said, i), "pred"), *val = sund_j_text(sund_j_at(said, i), "val");

        if (pred && val && ends(pred, "#versionInfo") && !b->version[0])
            onto_version(b, val, strlen(val));
    }
    if (version)
        onto_version(b, version, strlen(version));
}

sund_code onto_read_graph(onto_builder *b, const char *text, size_t n, sund_err *err)
{
    sund_jval       *v = NULL;
    const sund_jval *graphs;

    if (n > JSON_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s: more than %d MiB of JSON: take the ontology in OBO", b->file, JSON_MAX >> 20);
    if (sund_json_read(text, n, &v, err) != SUND_OK)
        return sund_fail_in(err, err ? err->code : SUND_E_FORMAT, "%s", b->file);
    graphs = sund_j_get(v, "graphs");
    if (sund_j_kind(graphs) != SUND_J_ARRAY) {
        sund_jval_free(v);
        return sund_fail(err, SUND_E_FORMAT, "%s: is no obographs JSON: an object with a list 'graphs' is expected", b->file);
    }
    for (size_t g = 0; g < sund_j_n(graphs); g++) {
        const sund_jval *nodes = sund_j_get(sund_j_at(graphs, g), "nodes"), *edges = sund_j_get(sund_j_at(graphs, g), "edges");

        read_head(b, sund_j_at(graphs, g));
        for (size_t i = 0; i < sund_j_n(nodes); i++)
            read_node(b, sund_j_at(nodes, i));
        for (size_t i = 0; i < sund_j_n(edges); i++)
            read_edge(b, sund_j_at(edges, i));
    }
    sund_jval_free(v);
    return SUND_OK;
}
