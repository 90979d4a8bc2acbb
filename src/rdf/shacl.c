#include "rdf/shacl_priv.h"

#include "base/text.h"
#include "rdf/vocab.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 40, STEPS_MAX = 20000000 };

typedef struct nodes { sund_term *at; size_t n, cap; } nodes;

typedef struct checking {
    const sund_shapes *s;
    sund_graph        *g;
    sund_term         *here; /* a term of the shapes, in the data; 0: it is not there */
    sund_term          type, sub;
    sund_shacl_report *out;
    size_t             steps, depth;
    struct { const shape *h; sund_term node; } under[DEPTH_MAX];
    sund_err          *err;
    sund_code          rc;
} checking;

static void stop(checking *c, sund_code code, const char *why)
{
    if (c->rc == SUND_OK)
        c->rc = sund_fail(c->err, code, "%s", why);
}

/** False when there is no more time. */
static bool step(checking *c, size_t n)
{
    c->steps += n;
    if (c->steps > STEPS_MAX)
        stop(c, SUND_E_LIMIT, "checking against the shapes takes too long");
    return c->rc == SUND_OK;
}

static void put(checking *c, nodes *v, sund_term t)
{
    if (!step(c, 1 + v->n / 8))
        return;
    for (size_t i = 0; i < v->n; i++)
        if (v->at[i] == t)
            return;
    if (v->n == v->cap) {
        size_t     cap = v->cap ? v->cap * 2 : 16;
        sund_term *p = realloc(v->at, cap * sizeof *p);
        if (!p) {
            stop(c, SUND_E_NOMEM, "out of memory checking shapes");
            return;
        }
        v->at = p;
        v->cap = cap;
    }
    v->at[v->n++] = t;
}

/* ---- paths ---- */

static void follow(checking *c, const path *p, sund_term from, bool back, nodes *out);

/** From each of a set. */
static void follow_all(checking *c, const path *p, const nodes *from, bool back, nodes *out)
{
    for (size_t i = 0; i < from->n && c->rc == SUND_OK; i++)
        follow(c, p, from->at[i], back, out);
}

/** The steps one after the other; backwards, the last first. */
static void follow_row(checking *c, const path *kid, sund_term from, bool back, nodes *out)
{
    const path *row[64];
    size_t      n = 0;
    nodes       now = { 0 }, next = { 0 };

    for (const path *k = kid; k && n < 64; k = k->next)
        row[n++] = k;
    put(c, &now, from);
    for (size_t i = 0; i < n; i++) {
        nodes old = now;
        follow_all(c, row[back ? n - 1 - i : i], &now, back, &next);
        now = next;
        next = old;
        next.n = 0;
    }
    for (size_t i = 0; i < now.n; i++)
        put(c, out, now.at[i]);
    free(now.at);
    free(next.at);
}

/** As many steps as there are. */
static void follow_closure(checking *c, const path *p, sund_term from, bool back, nodes *out)
{
    nodes all = { 0 };

    if (p->kind == PATH_ANY)
        put(c, &all, from);
    else
        follow(c, p->kid, from, back, &all);
    for (size_t i = 0; i < all.n && c->rc == SUND_OK; i++)
        follow(c, p->kid, all.at[i], back, &all);
    for (size_t i = 0; i < all.n; i++)
        put(c, out, all.at[i]);
    free(all.at);
}

static void follow(checking *c, const path *p, sund_term from, bool back, nodes *out)
{
    sund_term pred;

    if (!step(c, 1))
        return;
    switch (p->kind) {
    case PATH_ONE:
        if ((pred = c->here[p->p]) != 0)
            for (sund_match m = back ? sund_graph_match(c->g, 0, pred, from) : sund_graph_match(c->g, from, pred, 0); sund_match_next(&m);)
                put(c, out, back ? m.s : m.o);
        break;
    case PATH_INVERSE: follow(c, p->kid, from, !back, out); break;
    case PATH_SEQUENCE: follow_row(c, p->kid, from, back, out); break;
    case PATH_EITHER:
        for (const path *k = p->kid; k; k = k->next)
            follow(c, k, from, back, out);
        break;
    case PATH_MAYBE:
        put(c, out, from);
        follow(c, p->kid, from, back, out);
        break;
    case PATH_ANY:
    case PATH_SOME: follow_closure(c, p, from, back, out); break;
    }
}

/* ---- classes ---- */

/** A class and all beneath it. */
static void classes(checking *c, sund_term class, nodes *out)
{
    if (class)
        put(c, out, class);
    for (size_t i = 0; c->sub && i < out->n && c->rc == SUND_OK; i++)
        for (sund_match m = sund_graph_match(c->g, 0, c->sub, out->at[i]); sund_match_next(&m);)
            put(c, out, m.s);
}

static bool is_a(checking *c, sund_term node, sund_term class)
{
    nodes all = { 0 };
    bool  yes = false;

    if (!class || !c->type)
        return false;
    classes(c, class, &all);
    for (size_t i = 0; i < all.n && !yes; i++)
        yes = sund_graph_has(c->g, node, c->type, all.at[i]);
    free(all.at);
    return yes;
}

/* ---- results ---- */

static void print_term(const sund_graph *g, sund_term t, char *out, size_t cap)
{
    sund_term_text x = sund_graph_at(g, t);

    (void) snprintf(out, cap, "%s", x.kind == SUND_TERM_BLANK ? "a node without a name" : x.text);
    sund_text_clean(out);
}

static const char *say(const rule *r)
{
    switch ((int) r->kind) {
    case C_MIN_COUNT: return r->n == 1 ? "is missing" : "has fewer values than it must";
    case C_MAX_COUNT: return "has more values than it may";
    case C_CLASS: return "names something that is not described as a";
    case C_DATATYPE: return "is not a valid text of the type";
    case C_NODE_KIND: return "is not of the kind";
    case C_PATTERN: return "does not match the pattern";
    case C_IN: return "is none of the values that are allowed";
    case C_HAS_VALUE: return "lacks the value";
    case C_UNIQUE_LANG: return "has two texts in one language";
    case C_NODE: return "names something that does not have the shape";
    case C_CLOSED: return "has a property that is not allowed";
    default: return "breaks the rule";
    }
}

/** One result. The first violations are kept; another result only while there is room. */
static void tell(checking *c, const shape *h, const rule *r, sund_term focus, sund_term value)
{
    sund_shacl_report *o = c->out;
    sund_shacl_result *k;
    char               what[90] = "", found[90] = "";
    const sund_graph  *g = c->s->g;

    o->n_result++;
    o->n_violation += h->violation;
    if (o->n_kept < SUND_SHACL_KEPT)
        k = &o->kept[o->n_kept++];
    else {
        for (k = o->kept; k < o->kept + SUND_SHACL_KEPT && k->violation; k++)
            ;
        if (!h->violation || k == o->kept + SUND_SHACL_KEPT)
            return;
    }
    *k = (sund_shacl_result){ .violation = h->violation };
    print_term(c->g, focus, k->focus, sizeof k->focus);
    if (h->path)
        (void) snprintf(k->path, sizeof k->path, "%s", h->predicate ? sund_graph_at(g, h->predicate).text : "a path of several steps");
    (void) snprintf(k->component, sizeof k->component, "%s", sund_shacl_component[r->kind]);
    if (sund_graph_at(g, r->value).kind != SUND_TERM_BLANK && r->kind != C_MIN_COUNT && r->kind != C_UNIQUE_LANG && r->kind != C_CLOSED)
        (void) snprintf(what, sizeof what, " %s", sund_graph_at(g, r->value).text);
    if (value)
        print_term(c->g, value, found, sizeof found);
    (void) snprintf(k->message, sizeof k->message, "%.120s%s%s%.80s", h->message ? h->message : say(r), h->message ? "" : what, value ? ": " : "", found);
    sund_text_clean(k->message);
}

/* ---- components ---- */

static bool check(checking *c, const shape *h, sund_term node, bool record);

/** What a pattern gives up at is neither: 'sh:not' would let pass what was not looked at to its end. */
static bool fits(checking *c, const rule *r, const sund_term_text *x)
{
    sund_regex_found got = sund_regex_match(r->re, x->text, x->n);

    if (got == SUND_REGEX_GAVE_UP)
        stop(c, SUND_E_LIMIT, "a pattern takes too long on one of the texts");
    return got == SUND_REGEX_YES;
}

/** Whether one value passes a rule that is about values. */
static bool value_passes(checking *c, const rule *r, sund_term v)
{
    const sund_graph *g = c->s->g;
    sund_term_text    x = sund_graph_at(c->g, v);
    size_t            yes = 0, length = 0;
    int               cmp;

    switch ((int) r->kind) {
    case C_CLASS: return is_a(c, v, c->here[r->value]);
    case C_DATATYPE:
        return x.kind == SUND_TERM_LITERAL && strcmp(sund_graph_at(c->g, x.datatype).text, sund_graph_at(g, r->value).text) == 0 && sund_literal_ok(sund_graph_at(g, r->value).text, x.text);
    case C_NODE_KIND: {
        const char *kind = sund_graph_at(g, r->value).text + strlen(SH(""));
        return strstr(kind, x.kind == SUND_TERM_IRI ? "IRI" : x.kind == SUND_TERM_BLANK ? "BlankNode" : "Literal") != NULL;
    }
    case C_MIN_EXCLUSIVE: return sund_literal_compare(c->g, v, g, r->value) == 1;
    case C_MIN_INCLUSIVE: return (cmp = sund_literal_compare(c->g, v, g, r->value)) == 0 || cmp == 1;
    case C_MAX_EXCLUSIVE: return sund_literal_compare(c->g, v, g, r->value) == -1;
    case C_MAX_INCLUSIVE: return (cmp = sund_literal_compare(c->g, v, g, r->value)) == 0 || cmp == -1;
    case C_MIN_LENGTH:
    case C_MAX_LENGTH:
        for (const char *t = x.text; *t; t++)
            length += (*t & 0xC0) != 0x80;
        return x.kind != SUND_TERM_BLANK && (r->kind == C_MIN_LENGTH ? length >= (size_t) r->n : length <= (size_t) r->n);
    case C_PATTERN: return step(c, 16) && x.kind != SUND_TERM_BLANK && fits(c, r, &x);
    case C_LANGUAGE_IN:
        for (size_t i = 0; i < r->n_list && !yes; i++) {
            const char *want = sund_graph_at(g, r->list[i]).text;
            size_t      n = strlen(want);
            yes = x.lang[0] && strncasecmp(x.lang, want, n) == 0 && (x.lang[n] == 0 || x.lang[n] == '-');
        }
        return yes;
    case C_IN:
        for (size_t i = 0; i < r->n_list && !yes; i++)
            yes = c->here[r->list[i]] == v;
        return step(c, r->n_list / 8) && yes;
    case C_NOT: return !check(c, r->shape[0], v, false);
    case C_NODE: return check(c, r->shape[0], v, false);
    case C_AND:
    case C_OR:
    case C_XONE:
        for (size_t i = 0; i < r->n_shape; i++)
            yes += check(c, r->shape[i], v, false);
        return r->kind == C_AND ? yes == r->n_shape : r->kind == C_OR ? yes > 0 : yes == 1;
    default: return true;
    }
}

/** Values of one text in one language. */
static size_t langs_twice(const checking *c, const nodes *v, sund_term *example, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++) {
        const char *lang = sund_graph_at(c->g, v->at[i]).lang;
        size_t      before = 0, after = 0;
        for (size_t k = 0; k < v->n && lang[0]; k++)
            if (k != i && strcmp(sund_graph_at(c->g, v->at[k]).lang, lang) == 0)
                (*(k < i ? &before : &after))++;
        if (after && !before && n < max)
            example[n++] = v->at[i];
    }
    return n;
}

/** How many values have the shape, and none of the siblings'. */
static int64_t count_qualified(checking *c, const rule *r, const nodes *v)
{
    int64_t n = 0;

    for (size_t i = 0; i < v->n && c->rc == SUND_OK; i++) {
        bool yes = check(c, r->shape[0], v->at[i], false);
        for (size_t k = 0; k < r->n_sibling && yes; k++)
            yes = !check(c, r->sibling[k], v->at[i], false);
        n += yes;
    }
    return n;
}

/** Rules that compare with the values of another property of the focus. bad(value) for each that breaks it. */
static size_t compare_with(checking *c, const rule *r, sund_term focus, const nodes *v, nodes *bad)
{
    sund_term p = c->here[r->value];
    size_t    n = 0;

    for (size_t i = 0; i < v->n && c->rc == SUND_OK; i++) {
        bool there = p && sund_graph_has(c->g, focus, p, v->at[i]);
        if ((r->kind == C_EQUALS && !there) || (r->kind == C_DISJOINT && there)) {
            put(c, bad, v->at[i]);
            n++;
        }
        for (sund_match m = sund_graph_match(c->g, focus, p, 0); p && (r->kind == C_LESS_THAN || r->kind == C_LESS_OR_EQUAL) && sund_match_next(&m);) {
            int cmp = sund_literal_compare(c->g, v->at[i], c->g, m.o);
            if (cmp == -1 || (cmp == 0 && r->kind == C_LESS_OR_EQUAL))
                continue;
            put(c, bad, v->at[i]);
            n++;
        }
    }
    for (sund_match m = sund_graph_match(c->g, focus, p, 0); p && r->kind == C_EQUALS && sund_match_next(&m);) {
        bool there = false;
        for (size_t i = 0; i < v->n && !there; i++)
            there = v->at[i] == m.o;
        if (!there) {
            put(c, bad, m.o);
            n++;
        }
    }
    return n;
}

static size_t open_properties(checking *c, const rule *r, sund_term node, nodes *bad)
{
    size_t n = 0;

    for (sund_match m = sund_graph_match(c->g, node, 0, 0); sund_match_next(&m) && step(c, 1);) {
        bool allowed = false;
        for (size_t i = 0; i < r->n_list && !allowed; i++)
            allowed = c->here[r->list[i]] == m.p;
        if (!allowed) {
            put(c, bad, m.o);
            n++;
        }
    }
    return n;
}

/** Rules about all values together: n results, with examples in bad. */
static size_t whole_breaks(checking *c, const rule *r, sund_term focus, const nodes *v, nodes *bad)
{
    sund_term twice[32], want = c->here[r->value];
    size_t    n = 0;

    switch ((int) r->kind) {
    case C_MIN_COUNT: return v->n < (size_t) r->n;
    case C_MAX_COUNT: return v->n > (size_t) r->n;
    case C_QUALIFIED_MIN: return count_qualified(c, r, v) < r->n;
    case C_QUALIFIED_MAX: return count_qualified(c, r, v) > r->n;
    case C_HAS_VALUE:
        for (size_t i = 0; i < v->n && want; i++)
            if (v->at[i] == want)
                return 0;
        return 1;
    case C_UNIQUE_LANG:
        if (!r->n || !step(c, v->n * v->n / 8))
            return 0;
        n = langs_twice(c, v, twice, 32);
        for (size_t i = 0; i < n; i++)
            put(c, bad, twice[i]);
        return n;
    case C_CLOSED:
        for (size_t i = 0; i < v->n && r->n; i++)
            n += open_properties(c, r, v->at[i], bad);
        return n;
    default: return compare_with(c, r, focus, v, bad);
    }
}

static bool about_whole(component k)
{
    return k == C_MIN_COUNT || k == C_MAX_COUNT || k == C_QUALIFIED_MIN || k == C_QUALIFIED_MAX || k == C_HAS_VALUE || k == C_UNIQUE_LANG || k == C_CLOSED || k == C_EQUALS || k == C_DISJOINT ||
           k == C_LESS_THAN || k == C_LESS_OR_EQUAL;
}

static bool rule_holds(checking *c, const shape *h, const rule *r, sund_term focus, const nodes *v, bool record)
{
    nodes  bad = { 0 };
    size_t n = 0;

    if (r->kind == C_PROPERTY) {
        bool ok = true;
        for (size_t i = 0; i < v->n && c->rc == SUND_OK; i++)
            ok &= check(c, r->shape[0], v->at[i], record);
        return ok;
    }
    if (about_whole(r->kind))
        n = whole_breaks(c, r, focus, v, &bad);
    else
        for (size_t i = 0; i < v->n && c->rc == SUND_OK; i++)
            if (!value_passes(c, r, v->at[i])) {
                put(c, &bad, v->at[i]);
                n++;
            }
    for (size_t i = 0; i < n && record && c->rc == SUND_OK; i++)
        tell(c, h, r, focus, i < bad.n ? bad.at[i] : 0);
    free(bad.at);
    return n == 0;
}

/** Whether a node has a shape; with record, what it lacks is told. */
static bool check(checking *c, const shape *h, sund_term node, bool record)
{
    nodes v = { 0 };
    bool  ok = true;

    if (h->deactivated || !step(c, 1))
        return true;
    for (size_t i = 0; i < c->depth; i++)
        if (c->under[i].h == h && c->under[i].node == node)
            return true;
    if (c->depth == DEPTH_MAX) {
        stop(c, SUND_E_LIMIT, "shapes within shapes too many times over");
        return true;
    }
    c->under[c->depth].h = h;
    c->under[c->depth++].node = node;
    if (h->path)
        follow(c, h->path, node, false, &v);
    else
        put(c, &v, node);
    for (const rule *r = h->rules; r && c->rc == SUND_OK && (ok || record); r = r->next)
        ok &= rule_holds(c, h, r, node, &v, record);
    free(v.at);
    c->depth--;
    return ok;
}

/* ---- targets ---- */

static void members(checking *c, sund_term class, nodes *out)
{
    nodes all = { 0 };

    classes(c, class, &all);
    for (size_t i = 0; c->type && i < all.n; i++)
        for (sund_match m = sund_graph_match(c->g, 0, c->type, all.at[i]); sund_match_next(&m);)
            put(c, out, m.s);
    free(all.at);
}

static void targets(checking *c, const shape *h, nodes *out)
{
    if (h->implicit)
        members(c, c->here[h->node], out);
    for (size_t k = 0; k < h->n_target; k++) {
        sund_term t = c->here[h->target[k].of];
        if (!t)
            continue;
        if (h->target[k].kind == T_CLASS)
            members(c, t, out);
        else if (h->target[k].kind == T_NODE)
            put(c, out, t);
        else
            for (sund_match m = sund_graph_match(c->g, 0, t, 0); sund_match_next(&m);)
                put(c, out, h->target[k].kind == T_SUBJECTS ? m.s : m.o);
    }
}

/** Terms of the shapes, by their number in the data. */
static sund_code know_terms(checking *c)
{
    size_t n = sund_graph_n_term(c->s->g);

    c->here = calloc(n + 1, sizeof *c->here);
    if (!c->here)
        return sund_fail(c->err, SUND_E_NOMEM, "out of memory checking shapes");
    for (size_t i = 0; i < c->s->n_shape; i++)
        for (size_t k = 0; k < c->s->shape[i].n_target; k++)
            if (c->s->shape[i].target[k].kind == T_NODE)
                (void) sund_graph_take(c->g, c->s->g, c->s->shape[i].target[k].of);
    SUND_TRY(sund_graph_ok(c->g, c->err));
    for (sund_term t = 1; t <= n; t++)
        c->here[t] = sund_graph_find_term(c->g, c->s->g, t);
    c->type = sund_graph_find(c->g, RDF("type"));
    c->sub = sund_graph_find(c->g, RDFS("subClassOf"));
    return SUND_OK;
}

sund_code sund_shacl_check(const sund_shapes *s, sund_graph *data, sund_shacl_report *out, sund_err *err)
{
    checking c = { .s = s, .g = data, .out = out, .err = err };

    *out = (sund_shacl_report){ .n_focus = 0 };
    SUND_TRY(sund_graph_ok(data, err));
    c.rc = know_terms(&c);
    for (size_t i = 0; i < s->n_shape && c.rc == SUND_OK; i++) {
        nodes focus = { 0 };
        if (!s->shape[i].deactivated)
            targets(&c, &s->shape[i], &focus);
        out->n_focus += focus.n;
        for (size_t k = 0; k < focus.n && c.rc == SUND_OK; k++)
            (void) check(&c, &s->shape[i], focus.at[k], true);
        free(focus.at);
    }
    free(c.here);
    return c.rc;
}
