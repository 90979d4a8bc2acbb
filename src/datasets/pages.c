#include "datasets/pages.h"

#include "base/ini.h"
#include "base/json.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sund_pages_has(const char *path) { return strcmp(path, "/fdp") == 0 || strncmp(path, "/fdp/", 5) == 0 || strcmp(path, "/datasets") == 0 || strncmp(path, "/datasets/", 10) == 0; }

static sund_code print_graph(const sund_graph *g, const char *accept, sund_buf *out, const char **type, sund_err *err)
{
    bool json = accept && (strstr(accept, "application/ld+json") || strstr(accept, "application/json"));

    SUND_TRY(sund_graph_ok(g, err));
    *type = json ? "application/ld+json" : "text/turtle; charset=utf-8";
    if (json)
        sund_jsonld_write(g, out);
    else
        sund_turtle_write(g, out);
    return sund_buf_ok(out, err);
}

/* ---- the FAIR Data Point ---- */

typedef struct catalogues { char *iri[256]; size_t n; } catalogues;

static sund_code add_catalogue(void *ctx, const sund_copy *c, sund_err *err)
{
    catalogues *all = ctx;

    if (!*c->taken || all->n == 256)
        return SUND_OK;
    all->iri[all->n] = strdup(c->catalogue);
    return all->iri[all->n++] ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
}

/** A hub whose operator has said nothing of it: its name and the catalogues. */
static void bare_root(const sund_pages *p, const catalogues *all, sund_graph *g)
{
    sund_term root = sund_graph_iri(g, p->base);

    sund_graph_link(g, root, RDF("type"), FDPO("FAIRDataPoint"));
    sund_graph_add(g, root, sund_graph_iri(g, DCT("title")), sund_graph_lang(g, p->title, "en"));
    for (size_t i = 0; i < all->n; i++) {
        sund_graph_link(g, root, FDPO("metadataCatalog"), all->iri[i]);
        sund_graph_link(g, root, LDP("contains"), all->iri[i]);
    }
}

static sund_code make_root(const sund_pages *p, sund_graph *g, sund_err *err)
{
    catalogues all = { .n = 0 };
    sund_code  rc = sund_copies_each(p->db, add_catalogue, &all, err);

    if (rc == SUND_OK && p->own)
        rc = sund_describe_root(p->own, p->base, (const char *const *) all.iri, all.n, g, err);
    else if (rc == SUND_OK)
        bare_root(p, &all, g);
    for (size_t i = 0; i < all.n; i++)
        free(all.iri[i]);
    return rc;
}

/** What is reached from a term, but for the way up, and what `not` (0 for nothing) leads to. */
static sund_code reach(const sund_graph *from, sund_term start, sund_term not, sund_graph *to, sund_err *err)
{
    size_t     n = sund_graph_n_term(from), todo = 0;
    sund_term *queue = calloc(n + 1, sizeof *queue), *map = calloc(n + 1, sizeof *map), up = sund_graph_find(from, DCT("isPartOf"));
    sund_code  rc = queue && map ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK) {
        map[start] = sund_graph_take(to, from, start);
        queue[todo++] = start;
    }
    for (size_t i = 0; rc == SUND_OK && i < todo; i++)
        for (sund_match m = sund_graph_match(from, queue[i], 0, 0); sund_match_next(&m);) {
            bool seen = map[m.o] != 0;
            if (not && m.p == not)
                continue;
            if (!seen)
                map[m.o] = sund_graph_take(to, from, m.o);
            if (!seen && m.p != up)
                queue[todo++] = m.o;
            sund_graph_add(to, map[m.s], sund_graph_take(to, from, m.p), map[m.o]);
        }
    free(queue);
    free(map);
    return rc == SUND_OK ? sund_graph_ok(to, err) : rc;
}

typedef struct listing { sund_graph *g; sund_term catalogue, container, dataset, contains; } listing;

static sund_code list_one(void *ctx, const char *iri, sund_err *err)
{
    listing  *l = ctx;
    sund_term s = sund_graph_iri(l->g, iri);

    sund_graph_add(l->g, l->catalogue, l->dataset, s);
    sund_graph_add(l->g, l->container, l->contains, s);
    return sund_graph_ok(l->g, err);
}

/** A catalogue of many parts: itself, and the names of all its data sets, in its container too. */
static sund_code make_list(const sund_pages *p, const char *node, const char *iri, const sund_graph *first, sund_graph *g, sund_err *err)
{
    listing   l = { .g = g };
    sund_term container, contains = sund_graph_find(first, LDP("contains"));
    char      at[1102];

    (void) snprintf(at, sizeof at, "%.1099s/", iri);
    container = sund_graph_find(first, at);
    SUND_TRY(reach(first, sund_graph_find(first, iri), sund_graph_find(first, DCAT("dataset")), g, err));
    for (sund_match m = sund_graph_match(first, container, 0, 0); container && sund_match_next(&m);)
        if (m.p != contains)
            sund_graph_add(g, sund_graph_take(g, first, m.s), sund_graph_take(g, first, m.p), sund_graph_take(g, first, m.o));
    l.catalogue = sund_graph_iri(g, iri);
    l.container = sund_graph_iri(g, at);
    l.dataset = sund_graph_iri(g, DCAT("dataset"));
    l.contains = sund_graph_iri(g, LDP("contains"));
    return sund_copies_members(p->db, node, list_one, &l, err);
}

/** rel="next" and others, for a page from 1. */
static void print_links(size_t page, size_t n, char links[240])
{
    size_t at = (size_t) snprintf(links, 240, "<?page=1>; rel=\"first\", <?page=%zu>; rel=\"last\"", n);

    if (page > 1)
        at += (size_t) snprintf(links + at, 240 - at, ", <?page=%zu>; rel=\"prev\"", page - 1);
    if (page < n)
        (void) snprintf(links + at, 240 - at, ", <?page=%zu>; rel=\"next\"", page + 1);
}

/** The page that is asked for, from 1. */
static sund_code read_page(const sund_page_ask *a, size_t n, size_t *page, sund_err *err)
{
    const char *s = a->query(a->request, "page");
    int64_t     k = 1;

    if (s && !sund_parse_i64(s, 1, (int64_t) n, &k))
        return sund_fail(err, SUND_E_NOT_FOUND, "page is a number from 1 to %zu", n);
    *page = (size_t) k;
    return SUND_OK;
}

/** /fdp/NODE/REST: what the node calls by REST behind its own base. */
static sund_code make_thing(const sund_pages *p, const sund_page_ask *a, const char *node, const char *rest, sund_graph **out, char *links, sund_err *err)
{
    sund_graph *g = NULL, *made = NULL;
    char        iri[2300];
    size_t      n = 0, page = 1;
    bool        all = !*rest || strcmp(rest, "catalog") == 0, pages = strcmp(rest, "catalog/") == 0;
    sund_code   rc;

    SUND_TRY(sund_copies_parts(p->db, node, &n, iri, err));
    if (pages)
        SUND_TRY(read_page(a, n, &page, err));
    if (!all && !pages) {
        char *slash = strrchr(iri, '/');
        (void) snprintf(slash + 1, sizeof iri - (size_t) (slash + 1 - iri), "%s", rest);
        SUND_TRY(sund_copies_part_of(p->db, node, iri, &page, err));
        page++;
    }
    SUND_TRY(sund_graph_new(&g, NULL, err));
    rc = sund_copies_graph(p->db, node, page - 1, g, err);
    if (pages && links && n > 1)
        print_links(page, n, links);
    if (rc == SUND_OK && (pages || (all && n == 1))) {
        *out = g;
        return SUND_OK;
    }
    if (rc == SUND_OK)
        rc = sund_graph_new(&made, NULL, err);
    if (rc == SUND_OK && all)
        rc = make_list(p, node, iri, g, made, err);
    else if (rc == SUND_OK) {
        sund_term  t = sund_graph_find(g, iri);
        sund_match m = sund_graph_match(g, t, 0, 0);
        rc = t && sund_match_next(&m) ? reach(g, t, 0, made, err) : sund_fail(err, SUND_E_NOT_FOUND, "the node's catalogue has no such thing");
    }
    sund_graph_free(g);
    *out = made;
    return rc;
}

static sund_code serve_fdp(const sund_pages *p, const sund_page_ask *a, sund_buf *out, const char **type, char *links, sund_err *err)
{
    const char *path = a->path[4] ? a->path + 5 : "", *rest = strchr(path, '/');
    char        node[80];
    sund_graph *g = NULL;
    sund_code   rc;

    if (*path && strcmp(path, "catalogs/") != 0) {
        size_t n = rest ? (size_t) (rest - path) : strlen(path);
        if (n >= sizeof node || strlen(path) > 1000)
            return sund_fail(err, SUND_E_NOT_FOUND, "not here");
        (void) snprintf(node, sizeof node, "%.*s", (int) n, path);
        rc = make_thing(p, a, node, rest ? rest + 1 : "", &g, links, err);
    }
    else {
        SUND_TRY(sund_graph_new(&g, NULL, err));
        rc = make_root(p, g, err);
    }
    if (rc == SUND_OK)
        rc = print_graph(g, a->accept, out, type, err);
    sund_graph_free(g);
    return rc;
}

/* ---- the search ---- */

typedef struct writing { sund_json j; sund_buf *out; bool tsv; } writing;

/** A text in a field of a table. */
static void field(sund_buf *out, const char *s, char end)
{
    for (; *s; s++)
        sund_buf_u8(out, (uint8_t) ((unsigned char) *s < ' ' ? ' ' : *s));
    sund_buf_u8(out, (uint8_t) end);
}

static sund_code write_found(void *ctx, const sund_found *f, sund_err *err)
{
    writing *w = ctx;
    char     number[24] = ".";

    if (w->tsv) {
        if (f->people >= 0)
            (void) snprintf(number, sizeof number, "%lld", (long long) f->people);
        field(w->out, f->id, '\t');
        field(w->out, f->node, '\t');
        field(w->out, number, '\t');
        field(w->out, f->access, '\t');
        field(w->out, f->taken, '\t');
        field(w->out, f->title, '\t');
        field(w->out, f->iri, '\n');
        return sund_buf_ok(w->out, err);
    }
    sund_json_open(&w->j, NULL, '{');
    sund_json_str(&w->j, "identifier", f->id);
    sund_json_str(&w->j, "node", f->node);
    sund_json_str(&w->j, "iri", f->iri);
    sund_json_str(&w->j, "title", f->title);
    sund_json_str(&w->j, "description", f->description);
    sund_json_str(&w->j, "publisher", f->publisher);
    sund_json_str(&w->j, "access", f->access);
    if (f->people >= 0)
        sund_json_i64(&w->j, "people", f->people);
    else
        sund_json_null(&w->j, "people");
    sund_json_str(&w->j, "taken", f->taken);
    sund_json_close(&w->j, '}');
    return sund_buf_ok(w->out, err);
}

static const char *value_of(const sund_page_ask *a, const char *key) { return a->query(a->request, key); }

static sund_code search(const sund_pages *p, const sund_page_ask *a, sund_buf *out, const char **type, sund_err *err)
{
    const char *people = value_of(a, "people"), *format = value_of(a, "format");
    sund_find   f = { value_of(a, "q"), value_of(a, "country"), value_of(a, "disease"), value_of(a, "type"), value_of(a, "access"), value_of(a, "purpose"), value_of(a, "node"), 0 };
    writing     w = { .out = out, .tsv = format && strcmp(format, "tsv") == 0 };
    int64_t     n;

    if (people && *people && !sund_parse_i64(people, 0, INT64_MAX, &f.people))
        return sund_fail(err, SUND_E_ARG, "people: the least number is expected");
    sund_json_init(&w.j, out, true);
    if (w.tsv)
        sund_buf_text(out, "identifier\tnode\tpeople\taccess\ttaken\ttitle\tiri\n");
    else {
        sund_json_open(&w.j, NULL, '{');
        sund_json_open(&w.j, "datasets", '[');
    }
    SUND_TRY(sund_copies_find(p->db, &f, write_found, &w, &n, err));
    *type = w.tsv ? "text/tab-separated-values; charset=utf-8" : "application/json";
    if (!w.tsv) {
        sund_json_close(&w.j, ']');
        sund_json_i64(&w.j, "total", n);
        sund_json_close(&w.j, '}');
        sund_buf_u8(out, '\n');
    }
    return sund_buf_ok(out, err);
}

static sund_code write_value(void *ctx, const char *value, int64_t n, sund_err *err)
{
    writing *w = ctx;

    sund_json_i64(&w->j, value, n);
    return sund_buf_ok(w->out, err);
}

static sund_code facets(const sund_pages *p, sund_buf *out, sund_err *err)
{
    static const char *const kinds[] = { "country", "disease", "type", "access", "purpose", "people" };
    writing                  w = { .out = out };

    sund_json_init(&w.j, out, true);
    sund_json_open(&w.j, NULL, '{');
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        sund_json_open(&w.j, kinds[i], '{');
        SUND_TRY(sund_copies_facet(p->db, kinds[i], write_value, &w, err));
        sund_json_close(&w.j, '}');
    }
    sund_json_close(&w.j, '}');
    sund_buf_u8(out, '\n');
    return sund_buf_ok(out, err);
}

static sund_code write_copy(void *ctx, const sund_copy *c, sund_err *err)
{
    writing *w = ctx;

    sund_json_open(&w->j, NULL, '{');
    sund_json_str(&w->j, "node", c->node);
    sund_json_i64(&w->j, "datasets", c->n_dataset);
    if (*c->brings)
        sund_json_str(&w->j, "brings", c->brings);
    if (*c->taken) {
        sund_json_str(&w->j, "catalog", c->catalogue);
        sund_json_str(&w->j, "taken", c->taken);
    }
    else
        sund_json_null(&w->j, "taken");
    sund_json_str(&w->j, "asked", c->asked);
    if (*c->why)
        sund_json_str(&w->j, "problem", c->why);
    sund_json_close(&w->j, '}');
    return sund_buf_ok(w->out, err);
}

static sund_code nodes(const sund_pages *p, sund_buf *out, sund_err *err)
{
    writing w = { .out = out };

    sund_json_init(&w.j, out, true);
    sund_json_open(&w.j, NULL, '[');
    SUND_TRY(sund_copies_each(p->db, write_copy, &w, err));
    sund_json_close(&w.j, ']');
    sund_buf_u8(out, '\n');
    return sund_buf_ok(out, err);
}

/** What a page does not take means something to whoever gave it: as on the Beacon's pages, it is refused by name. */
static sund_code check_names(const sund_page_ask *a, sund_err *err)
{
    static const char *const of_search[] = { "q", "country", "disease", "type", "access", "purpose", "people", "node", "format" };
    static const char *const of_pages[] = { "page" };
    const char *const       *known = of_search;
    size_t                   n_known = strcmp(a->path, "/datasets") == 0 || strcmp(a->path, "/datasets/") == 0 ? sizeof of_search / sizeof of_search[0] : 0, n = strlen(a->path);

    if (n > 9 && strncmp(a->path, "/fdp/", 5) == 0 && strcmp(a->path + n - 9, "/catalog/") == 0) {
        known = of_pages;
        n_known = 1;
    }

    for (size_t i = 0; i < a->n_name; i++) {
        size_t k = 0;

        while (k < n_known && strcmp(known[k], a->name[i]) != 0)
            k++;
        for (size_t m = 0; m < i; m++)
            if (strcmp(a->name[m], a->name[i]) == 0)
                return sund_fail(err, SUND_E_ARG, "'%.40s' is given twice", a->name[i]);
        if (k == n_known)
            return sund_fail(err, SUND_E_ARG, "%.60s takes no '%.40s'%s", a->path, a->name[i], known == of_pages ? ", but page" : n_known ? ", but q, country, disease, type, access, purpose, people, node, format" : "");
    }
    return SUND_OK;
}

sund_code sund_pages_serve(const sund_pages *p, const sund_page_ask *ask, sund_buf *out, const char **type, char links[240], sund_err *err)
{
    const char *path = ask->path;
    sund_code   rc = check_names(ask, err);

    *type = "application/json";
    if (links)
        links[0] = 0;
    if (rc != SUND_OK)
        return rc;
    if (strncmp(path, "/fdp", 4) == 0 && sund_pages_has(path))
        rc = serve_fdp(p, ask, out, type, links, err);
    else if (strcmp(path, "/datasets") == 0 || strcmp(path, "/datasets/") == 0)
        rc = search(p, ask, out, type, err);
    else if (strcmp(path, "/datasets/facets") == 0)
        rc = facets(p, out, err);
    else if (strcmp(path, "/datasets/nodes") == 0)
        rc = nodes(p, out, err);
    else
        rc = sund_fail(err, SUND_E_NOT_FOUND, "not here; /fdp/, /datasets, /datasets/facets and /datasets/nodes are");
    if (rc != SUND_OK)
        sund_buf_clear(out);
    return rc;
}
