#include "rdf/turtle.h"

#include "rdf/order_priv.h"
#include "rdf/vocab.h"

#include <stdlib.h>
#include <string.h>

enum { NEST_MAX = 16 };

typedef struct writing {
    sund_ordered o;
    sund_buf    *out;
    bool         plain; /* N-Triples */
} writing;

static void write_iri(writing *w, const char *iri)
{
    const char        *local;
    const sund_prefix *p = w->plain ? NULL : sund_prefix_of(iri, &local);

    if (p)
        sund_buf_printf(w->out, "%s:%s", p->name, local);
    else
        sund_buf_printf(w->out, "<%s>", iri);
}

static void write_term(writing *w, sund_term t)
{
    sund_term_text x = sund_graph_at(w->o.g, t);

    if (x.kind == SUND_TERM_IRI)
        write_iri(w, x.text);
    else if (x.kind == SUND_TERM_BLANK)
        sund_buf_printf(w->out, "_:b%u", w->o.label[t]);
    else {
        sund_quote(x.text, w->out);
        if (x.lang[0])
            sund_buf_printf(w->out, "@%s", x.lang);
        else if (!sund_graph_is(w->o.g, x.datatype, XSD("string"))) {
            sund_buf_text(w->out, "^^");
            write_iri(w, sund_graph_at(w->o.g, x.datatype).text);
        }
    }
}

/** A blank node is written where it is named when that is once, and when the way up from there comes to something that is written by itself: so a ring of blank nodes
 *  is not lost, and brackets stay few. */
static bool is_inline(const writing *w, sund_term t)
{
    for (unsigned depth = 0; depth < NEST_MAX; depth++) {
        if (sund_graph_at(w->o.g, t).kind != SUND_TERM_BLANK || w->o.n_named[t] != 1)
            return depth > 0;
        sund_match m = sund_graph_match(w->o.g, 0, 0, t);
        if (!sund_match_next(&m))
            return false;
        t = m.s;
    }
    return false;
}

static void indent(writing *w, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        sund_buf_text(w->out, "    ");
}

static void write_properties(writing *w, sund_term s, unsigned depth)
{
    size_t      n;
    sund_match *t = sund_order_of(w->o.g, s, &n);

    if (!t)
        w->out->bad = true;
    for (size_t i = 0; i < n; i++) {
        if (i && t[i].p == t[i - 1].p)
            sund_buf_text(w->out, ", ");
        else {
            sund_buf_text(w->out, i ? " ;\n" : "\n");
            indent(w, depth);
            if (sund_graph_is(w->o.g, t[i].p, RDF("type")))
                sund_buf_u8(w->out, 'a');
            else
                write_term(w, t[i].p);
            sund_buf_u8(w->out, ' ');
        }
        if (!is_inline(w, t[i].o))
            write_term(w, t[i].o);
        else {
            sund_buf_u8(w->out, '[');
            write_properties(w, t[i].o, depth + 1);
            sund_buf_text(w->out, " ]");
        }
    }
    free(t);
}

static void write_prefixes(writing *w)
{
    size_t             n, np = sund_graph_n_term(w->o.g);
    const sund_prefix *p = sund_prefixes(&n);
    bool               used[64] = { false };

    for (sund_term t = 1; t <= np; t++) {
        sund_term_text     x = sund_graph_at(w->o.g, t);
        const char        *local;
        const sund_prefix *q = x.kind == SUND_TERM_IRI ? sund_prefix_of(x.text, &local) : NULL;
        if (q)
            used[q - p] = true;
    }
    for (size_t i = 0; i < n; i++)
        if (used[i])
            sund_buf_printf(w->out, "@prefix %s: <%s> .\n", p[i].name, p[i].iri);
}

void sund_turtle_write(const sund_graph *g, sund_buf *out)
{
    writing w = { .out = out };

    sund_order(&w.o, g);
    if (w.o.bad)
        out->bad = true;
    else
        write_prefixes(&w);
    for (size_t i = 0; i < w.o.n_subject; i++) {
        sund_term s = w.o.subject[i];
        if (is_inline(&w, s))
            continue;
        sund_buf_u8(out, '\n');
        write_term(&w, s);
        write_properties(&w, s, 1);
        sund_buf_text(out, " .\n");
    }
    sund_order_free(&w.o);
}

void sund_ntriples_write(const sund_graph *g, sund_buf *out)
{
    writing w = { .out = out, .plain = true };

    sund_order(&w.o, g);
    out->bad |= w.o.bad;
    for (size_t i = 0; i < w.o.n_subject; i++) {
        size_t      n;
        sund_match *t = sund_order_of(g, w.o.subject[i], &n);
        out->bad |= !t;
        for (size_t k = 0; k < n; k++) {
            write_term(&w, t[k].s);
            sund_buf_u8(out, ' ');
            write_term(&w, t[k].p);
            sund_buf_u8(out, ' ');
            write_term(&w, t[k].o);
            sund_buf_text(out, " .\n");
        }
        free(t);
    }
    sund_order_free(&w.o);
}
