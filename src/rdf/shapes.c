#include "rdf/shacl_priv.h"

#include "base/file.h"
#include "base/ini.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 4096, PATH_DEPTH = 16, FILES_MAX = 256 };

const char *const sund_shacl_component[N_COMPONENT] = {
    "class", "datatype", "nodeKind", "minCount", "maxCount", "minExclusive", "minInclusive", "maxExclusive", "maxInclusive", "minLength", "maxLength",
    "pattern", "languageIn", "uniqueLang", "equals", "disjoint", "lessThan", "lessThanOrEquals", "not", "and", "or", "xone", "node", "property", "qualifiedMinCount", "qualifiedMaxCount",
    "closed", "hasValue", "in",
};
/* What a component's value is: t any term, i an IRI, k a node kind, n a count, v a literal, p a pattern, l a list, b true or false, s a shape, S a list of shapes, q a count
 * of a qualified shape, c closed. A capital in the second place: on property shapes only. */
static const char form_of[N_COMPONENT] = { 't', 'i', 'k', 'n', 'n', 'v', 'v', 'v', 'v', 'n', 'n', 'p', 'l', 'b', 'i', 'i', 'i', 'i', 's', 'S', 'S', 'S', 's', 's', 'q', 'q', 'c', 't', 'l' };
static const component of_paths[] = { C_MIN_COUNT, C_MAX_COUNT, C_UNIQUE_LANG, C_LESS_THAN, C_LESS_OR_EQUAL };

/* Of a shape, and no rules by themselves. */
static const char *const beside[] = { "name", "description", "order", "group", "defaultValue", "message", "severity", "deactivated", "path", "targetClass", "targetNode",
                                      "targetSubjectsOf", "targetObjectsOf", "flags", "ignoredProperties", "qualifiedValueShape", "qualifiedValueShapesDisjoint", NULL };
static const char *const hints[] = { "viewer", "editor", "propertyRole", "hidden", "neverMaterialize", NULL };

static void *own(sund_shapes *s, size_t n, size_t size)
{
    struct owned *o = calloc(1, sizeof *o + n * size);

    if (!o)
        return NULL;
    o->next = s->owned;
    s->owned = o;
    return o->at;
}

static const char *name_of(const sund_shapes *s, sund_term t)
{
    sund_term_text x = sund_graph_at(s->g, t);

    return x.kind == SUND_TERM_BLANK ? "without a name" : x.text;
}

static sund_code refuse(const sund_shapes *s, const shape *h, const char *what, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "shape %.160s: %.160s %s", name_of(s, h->node), what, why);
}

static sund_term sh(const sund_shapes *s, const char *name)
{
    char iri[96] = SH("");

    strncat(iri, name, 60);
    return sund_graph_find(s->g, iri);
}

static shape *shape_of(const sund_shapes *s, sund_term t)
{
    size_t lo = 0, hi = s->n_shape;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->shape[mid].node == t)
            return &s->shape[mid];
        if (s->shape[mid].node < t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static bool among(const char *word, const char *const *list)
{
    while (*list && strcmp(word, *list) != 0)
        list++;
    return *list != NULL;
}

/* ---- which nodes are shapes ---- */

static void mark_subjects(const sund_shapes *s, bool *mark, const char *name)
{
    sund_term p = sh(s, name);

    for (sund_match m = sund_graph_match(s->g, 0, p, 0); p && sund_match_next(&m);)
        mark[m.s] = true;
}

static sund_code mark_objects(const sund_shapes *s, bool *mark, component c, sund_err *err)
{
    sund_term p = sh(s, sund_shacl_component[c]);
    sund_term list[LIST_MAX];
    size_t    n;

    for (sund_match m = sund_graph_match(s->g, 0, p, 0); p && sund_match_next(&m);) {
        if (form_of[c] == 's')
            mark[m.o] = true;
        if (form_of[c] != 'S')
            continue;
        SUND_TRY(sund_graph_list(s->g, m.o, list, LIST_MAX, &n, err));
        for (size_t i = 0; i < n; i++)
            mark[list[i]] = true;
    }
    return SUND_OK;
}

static sund_code find_shapes(sund_shapes *s, bool *mark, sund_err *err)
{
    static const char *const also[] = { "targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "target", "path", "sparql", "rule", "js", "expression", "qualifiedValueShape", NULL };
    sund_term                type = sund_graph_find(s->g, RDF("type"));

    for (int c = 0; c < N_COMPONENT; c++) {
        mark_subjects(s, mark, sund_shacl_component[c]);
        SUND_TRY(mark_objects(s, mark, (component) c, err));
    }
    for (size_t i = 0; also[i]; i++)
        mark_subjects(s, mark, also[i]);
    sund_term q = sh(s, "qualifiedValueShape");
    for (sund_match m = sund_graph_match(s->g, 0, q, 0); q && sund_match_next(&m);)
        mark[m.o] = true;
    for (sund_match m = sund_graph_match(s->g, 0, type, 0); type && sund_match_next(&m);)
        if (sund_graph_is(s->g, m.o, SH("NodeShape")) || sund_graph_is(s->g, m.o, SH("PropertyShape")))
            mark[m.s] = true;
    size_t n = sund_graph_n_term(s->g);
    for (sund_term t = 1; t <= n; t++)
        s->n_shape += mark[t];
    s->shape = calloc(s->n_shape + 1, sizeof *s->shape);
    if (!s->shape)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    s->n_shape = 0;
    for (sund_term t = 1; t <= n; t++)
        if (mark[t])
            s->shape[s->n_shape++] = (shape){ .node = t, .violation = true };
    return SUND_OK;
}

/* ---- one shape ---- */

static sund_code read_path(sund_shapes *s, const shape *h, sund_term t, unsigned depth, path **out, sund_err *err);

/** A row of steps: a list's. */
static sund_code read_steps(sund_shapes *s, const shape *h, sund_term list, unsigned depth, path **kid, sund_err *err)
{
    sund_term member[64];
    size_t    n;

    SUND_TRY(sund_graph_list(s->g, list, member, 64, &n, err));
    if (n < 2)
        return refuse(s, h, "sh:path", "with a list of fewer than two steps", err);
    for (size_t i = 0; i < n; i++, kid = &(*kid)->next)
        SUND_TRY(read_path(s, h, member[i], depth + 1, kid, err));
    return SUND_OK;
}

static sund_code read_path(sund_shapes *s, const shape *h, sund_term t, unsigned depth, path **out, sund_err *err)
{
    static const struct { const char *name; path_kind kind; } one[] = { { SH("inversePath"), PATH_INVERSE }, { SH("zeroOrMorePath"), PATH_ANY },
                                                                        { SH("oneOrMorePath"), PATH_SOME },  { SH("zeroOrOnePath"), PATH_MAYBE } };
    path                    *p = own(s, 1, sizeof *p);
    sund_term                either, kid;

    if (!p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    *out = p;
    if (depth > PATH_DEPTH)
        return refuse(s, h, "sh:path", "is nested too deeply", err);
    if (sund_graph_at(s->g, t).kind == SUND_TERM_IRI) {
        *p = (path){ .kind = PATH_ONE, .p = t };
        return SUND_OK;
    }
    if (sund_graph_object(s->g, t, RDF("first"))) {
        p->kind = PATH_SEQUENCE;
        return read_steps(s, h, t, depth, &p->kid, err);
    }
    if ((either = sund_graph_object(s->g, t, SH("alternativePath"))) != 0) {
        p->kind = PATH_EITHER;
        return read_steps(s, h, either, depth, &p->kid, err);
    }
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        if ((kid = sund_graph_object(s->g, t, one[i].name)) != 0) {
            p->kind = one[i].kind;
            return read_path(s, h, kid, depth + 1, &p->kid, err);
        }
    return refuse(s, h, "sh:path", "is no path that SHACL knows", err);
}

static sund_code take_shape(sund_shapes *s, const shape *h, sund_term t, rule *r, size_t i, sund_err *err)
{
    r->shape[i] = sund_graph_at(s->g, t).kind == SUND_TERM_LITERAL ? NULL : shape_of(s, t);
    return r->shape[i] ? SUND_OK : refuse(s, h, sund_shacl_component[r->kind], "names a text where a shape is expected", err);
}

static sund_code take_list(sund_shapes *s, const shape *h, sund_term head, rule *r, sund_err *err)
{
    sund_term member[LIST_MAX];

    if (sund_graph_list(s->g, head, member, LIST_MAX, &r->n_list, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "shape %.160s: sh:%s", name_of(s, h->node), sund_shacl_component[r->kind]);
    r->list = own(s, r->n_list + 1, sizeof *r->list);
    if (!r->list)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    memcpy(r->list, member, r->n_list * sizeof *member);
    return SUND_OK;
}

static sund_code take_shapes(sund_shapes *s, const shape *h, sund_term head, rule *r, sund_err *err)
{
    SUND_TRY(take_list(s, h, head, r, err));
    r->n_shape = r->n_list;
    r->shape = own(s, r->n_shape + 1, sizeof *r->shape);
    if (!r->shape)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    for (size_t i = 0; i < r->n_shape; i++)
        SUND_TRY(take_shape(s, h, r->list[i], r, i, err));
    return SUND_OK;
}

/** sh:closed true: the predicates of its property shapes, and those that it ignores. */
static sund_code take_closed(sund_shapes *s, const shape *h, rule *r, sund_err *err)
{
    sund_term property = sh(s, "property"), ignored = sund_graph_object(s->g, h->node, SH("ignoredProperties")), member[LIST_MAX];
    size_t    n = 0;

    if (ignored)
        SUND_TRY(sund_graph_list(s->g, ignored, member, LIST_MAX, &n, err));
    for (sund_match m = sund_graph_match(s->g, h->node, property, 0); property && sund_match_next(&m);) {
        sund_term p = sund_graph_object(s->g, m.o, SH("path"));
        if (p && sund_graph_at(s->g, p).kind == SUND_TERM_IRI && n < LIST_MAX)
            member[n++] = p;
    }
    if (n == LIST_MAX)
        return refuse(s, h, "sh:closed", "with too many properties", err);
    r->list = own(s, n + 1, sizeof *r->list);
    if (!r->list)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    memcpy(r->list, member, n * sizeof *member);
    r->n_list = n;
    return SUND_OK;
}

/** What a value that is counted must be, and, when values are kept apart, what it must not be: the qualified shapes of the siblings. */
static sund_code take_qualified(sund_shapes *s, const shape *h, rule *r, sund_err *err)
{
    sund_term   property = sh(s, "property"), qualified = sh(s, "qualifiedValueShape"), mine = sund_graph_object(s->g, h->node, SH("qualifiedValueShape"));
    const char *apart = sund_graph_value(s->g, h->node, SH("qualifiedValueShapesDisjoint"));

    if (!mine || !h->path)
        return refuse(s, h, sund_shacl_component[r->kind], "needs sh:qualifiedValueShape and sh:path", err);
    r->shape = own(s, 1, sizeof *r->shape);
    r->sibling = own(s, s->n_shape, sizeof *r->sibling);
    if (!r->shape || !r->sibling)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    r->n_shape = 1;
    SUND_TRY(take_shape(s, h, mine, r, 0, err));
    for (sund_match up = sund_graph_match(s->g, 0, property, h->node); apart && strcmp(apart, "true") == 0 && property && sund_match_next(&up);)
        for (sund_match down = sund_graph_match(s->g, up.s, property, 0); sund_match_next(&down);)
            for (sund_match q = sund_graph_match(s->g, down.o, qualified, 0); sund_match_next(&q);)
                if (q.o != mine && r->n_sibling < s->n_shape && shape_of(s, q.o))
                    r->sibling[r->n_sibling++] = shape_of(s, q.o);
    return SUND_OK;
}

static bool is_kind(const sund_shapes *s, sund_term v)
{
    static const char *const kinds[] = { SH("IRI"), SH("BlankNode"), SH("Literal"), SH("BlankNodeOrIRI"), SH("BlankNodeOrLiteral"), SH("IRIOrLiteral"), NULL };

    return among(sund_graph_at(s->g, v).text, kinds);
}

/** A published profile names shapes that it does not have: they have no rules. */
static bool is_described(const sund_shapes *s, sund_term t)
{
    sund_match m = sund_graph_match(s->g, t, 0, 0);

    return sund_graph_at(s->g, t).kind == SUND_TERM_LITERAL || sund_match_next(&m);
}

static sund_code fill_rule(sund_shapes *s, shape *h, rule *r, sund_term v, sund_err *err)
{
    sund_term_text x = sund_graph_at(s->g, v);
    const char    *what = sund_shacl_component[r->kind], *flags;
    char           form = form_of[r->kind];

    r->value = v;
    for (size_t i = 0; i < sizeof of_paths / sizeof *of_paths; i++)
        if (r->kind == of_paths[i] && !h->path)
            return refuse(s, h, what, "needs sh:path", err);
    if ((form == 'n' || form == 'q') && !(x.kind == SUND_TERM_LITERAL && sund_parse_i64(x.text, 0, INT32_MAX, &r->n)))
        return refuse(s, h, what, "needs a number from 0", err);
    if ((form == 'i' && x.kind != SUND_TERM_IRI) || (form == 'v' && x.kind != SUND_TERM_LITERAL) || (form == 'k' && !is_kind(s, v)))
        return refuse(s, h, what, "has a value that it cannot have", err);
    if ((form == 'b' || form == 'c') && !(x.kind == SUND_TERM_LITERAL && sund_graph_is(s->g, x.datatype, XSD("boolean")) && sund_literal_ok(XSD("boolean"), x.text)))
        return refuse(s, h, what, "needs true or false", err);
    if (form == 'b' || form == 'c')
        r->n = strcmp(x.text, "true") == 0; /* "1" does not count, says a test of the W3C */
    switch (form) {
    case 'p':
        flags = sund_graph_value(s->g, h->node, SH("flags"));
        if (sund_regex_new(&r->re, x.text, flags ? flags : "", err) != SUND_OK)
            return sund_fail_in(err, SUND_E_FORMAT, "shape %.160s", name_of(s, h->node));
        return SUND_OK;
    case 'l': return take_list(s, h, v, r, err);
    case 'S': return take_shapes(s, h, v, r, err);
    case 'q': return take_qualified(s, h, r, err);
    case 'c': return r->n ? take_closed(s, h, r, err) : SUND_OK;
    case 's':
        r->shape = own(s, 1, sizeof *r->shape);
        r->n_shape = 1;
        if (!r->shape)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
        SUND_TRY(take_shape(s, h, v, r, 0, err));
        return r->kind == C_PROPERTY && is_described(s, v) && !sund_graph_object(s->g, v, SH("path")) ? refuse(s, r->shape[0], "sh:property", "names it, but it has no sh:path", err) : SUND_OK;
    default: return SUND_OK;
    }
}

/** One triple of a shape. */
static sund_code read_triple(sund_shapes *s, shape *h, sund_term p, sund_term o, sund_err *err)
{
    const char *iri = sund_graph_at(s->g, p).text, *name;
    rule       *r;

    if (strncmp(iri, "http://datashapes.org/dash#", 27) == 0)
        return among(iri + 27, hints) ? SUND_OK : refuse(s, h, iri, "is not known here: SHACL's core is", err);
    if (strncmp(iri, SH(""), strlen(SH(""))) != 0)
        return SUND_OK;
    name = iri + strlen(SH(""));
    if (strncmp(name, "qualifiedM", 10) == 0 && !sund_graph_object(s->g, h->node, SH("qualifiedValueShape")))
        return SUND_OK; /* half a component is none, says the standard */
    for (int c = 0; c < N_COMPONENT; c++)
        if (strcmp(name, sund_shacl_component[c]) == 0) {
            r = own(s, 1, sizeof *r);
            if (!r)
                return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
            r->kind = (component) c;
            *h->last = r;
            h->last = &r->next;
            return fill_rule(s, h, r, o, err);
        }
    return among(name, beside) ? SUND_OK : refuse(s, h, iri, "is not known here: SHACL's core is", err);
}

static sund_code read_targets(sund_shapes *s, shape *h, sund_err *err)
{
    static const char *const name[] = { "targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf" };
    size_t                   n = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < 4; k++) {
            sund_term p = sh(s, name[k]);
            for (sund_match m = sund_graph_match(s->g, h->node, p, 0); p && sund_match_next(&m); n++)
                if (pass) {
                    h->target[h->n_target].kind = k;
                    h->target[h->n_target++].of = m.o;
                }
        }
        if (pass == 0 && n && !(h->target = own(s, n, sizeof *h->target)))
            return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    }
    return SUND_OK;
}

/** A shape that is a class has the members of the class for targets. */
static bool is_class(const sund_shapes *s, sund_term t)
{
    sund_term type = sund_graph_find(s->g, RDF("type")), sub = sund_graph_find(s->g, RDFS("subClassOf"));

    for (sund_match m = sund_graph_match(s->g, t, type, 0); type && sund_match_next(&m);) {
        sund_term c = m.o;
        for (int depth = 0; depth < 16 && c; depth++) {
            if (sund_graph_is(s->g, c, RDFS("Class")))
                return true;
            c = sub ? sund_graph_object(s->g, c, RDFS("subClassOf")) : 0;
        }
    }
    return false;
}

static sund_code read_shape(sund_shapes *s, shape *h, sund_err *err)
{
    sund_term   severity = sund_graph_object(s->g, h->node, SH("severity")), p = sund_graph_object(s->g, h->node, SH("path")), message = sh(s, "message");
    const char *off = sund_graph_value(s->g, h->node, SH("deactivated"));

    h->last = &h->rules;
    h->violation = !severity || sund_graph_is(s->g, severity, SH("Violation"));
    h->deactivated = off && strcmp(off, "true") == 0;
    h->implicit = is_class(s, h->node);
    for (sund_match m = sund_graph_match(s->g, h->node, message, 0); message && sund_match_next(&m);)
        if (!h->message || strncmp(sund_graph_at(s->g, m.o).lang, "en", 2) == 0)
            h->message = sund_graph_at(s->g, m.o).text;
    if (p) {
        SUND_TRY(read_path(s, h, p, 0, &h->path, err));
        h->predicate = h->path->kind == PATH_ONE ? p : 0;
    }
    SUND_TRY(read_targets(s, h, err));
    for (sund_match m = sund_graph_match(s->g, h->node, 0, 0); sund_match_next(&m);)
        SUND_TRY(read_triple(s, h, m.p, m.o, err));
    s->n_targeted += h->n_target || h->implicit;
    return SUND_OK;
}

static sund_code read_all(sund_shapes *s, sund_err *err)
{
    sund_term type, component_class = sh(s, "ConstraintComponent"), imports = sund_graph_find(s->g, OWL("imports"));
    bool     *mark = calloc(sund_graph_n_term(s->g) + 1, sizeof *mark);
    sund_code rc = mark ? find_shapes(s, mark, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");

    free(mark);
    type = sund_graph_find(s->g, RDF("type"));
    sund_match m = sund_graph_match(s->g, 0, type, component_class);
    if (rc == SUND_OK && type && component_class && sund_match_next(&m))
        rc = sund_fail(err, SUND_E_FORMAT, "shapes: %.200s is a component of its maker's own; SHACL's core is known here", name_of(s, m.s));
    m = sund_graph_match(s->g, 0, imports, 0);
    if (rc == SUND_OK && imports && sund_match_next(&m))
        rc = sund_fail(err, SUND_E_FORMAT, "shapes: owl:imports of %.200s: nothing is fetched; put that file beside this one and take the line out", name_of(s, m.o));
    for (size_t i = 0; rc == SUND_OK && i < s->n_shape; i++)
        rc = read_shape(s, &s->shape[i], err);
    if (rc == SUND_OK && s->n_targeted == 0)
        rc = sund_fail(err, SUND_E_FORMAT, "shapes: none has a target (sh:targetClass and the like), so they would check nothing");
    return rc;
}

sund_code sund_shapes_new(sund_shapes **out, sund_graph *g, sund_err *err)
{
    sund_shapes *s = calloc(1, sizeof *s);
    sund_code    rc;

    if (!s) {
        sund_graph_free(g);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for shapes");
    }
    s->g = g;
    rc = sund_graph_ok(g, err);
    if (rc == SUND_OK)
        rc = read_all(s, err);
    if (rc == SUND_OK)
        *out = s;
    else
        sund_shapes_free(s);
    return rc;
}

static int is_turtle(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 4 && strcmp(d->d_name + n - 4, ".ttl") == 0;
}

static sund_code read_folder(sund_graph *g, const char *where, sund_err *err)
{
    struct dirent **name;
    int             n = scandir(where, &name, is_turtle, alphasort);
    sund_code       rc = n > 0 ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "%s: a folder without *.ttl files with shapes", where);

    if (n < 0) /* no folder */
        return sund_turtle_read_file(g, where, "urn:x-shapes:", err);
    if (n > FILES_MAX)
        rc = sund_fail(err, SUND_E_LIMIT, "%s: more than %d files", where, FILES_MAX);
    for (int i = 0; i < n; i++) {
        char file[1400];
        if (rc == SUND_OK)
            rc = sund_path_join(file, sizeof file, where, name[i]->d_name, err);
        if (rc == SUND_OK)
            rc = sund_turtle_read_file(g, file, "urn:x-shapes:", err);
        free(name[i]);
    }
    free(name);
    return rc;
}

sund_code sund_shapes_read(sund_shapes **out, const char *where, sund_err *err)
{
    sund_graph *g = NULL;
    sund_code   rc = sund_graph_new(&g, NULL, err);

    if (rc == SUND_OK)
        rc = read_folder(g, where, err);
    if (rc != SUND_OK) {
        sund_graph_free(g);
        return rc;
    }
    rc = sund_shapes_new(out, g, err);
    return rc == SUND_OK ? SUND_OK : sund_fail_in(err, rc, "%s", where);
}

void sund_shapes_free(sund_shapes *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_shape; i++)
        for (rule *r = s->shape[i].rules; r; r = r->next)
            sund_regex_free(r->re);
    for (struct owned *o = s->owned, *next; o; o = next) {
        next = o->next;
        free(o);
    }
    free(s->shape);
    sund_graph_free(s->g);
    free(s);
}

size_t sund_shapes_n(const sund_shapes *s) { return s->n_targeted; }
