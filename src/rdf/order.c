#include "rdf/order_priv.h"

#include "rdf/vocab.h"

#include <stdlib.h>
#include <string.h>

/** IRIs, then blank nodes, then texts; blank nodes as they were made. */
static int by_term(const sund_graph *g, sund_term a, sund_term b)
{
    sund_term_text x = sund_graph_at(g, a), y = sund_graph_at(g, b);
    int            c;

    if (a == b)
        return 0;
    if (x.kind != y.kind)
        return x.kind < y.kind ? -1 : 1;
    if (x.kind == SUND_TERM_BLANK)
        return a < b ? -1 : 1;
    if ((c = strcmp(x.text, y.text)) != 0 || (c = strcmp(x.lang, y.lang)) != 0)
        return c;
    return x.datatype ? strcmp(sund_graph_at(g, x.datatype).text, sund_graph_at(g, y.datatype).text) : 0;
}

static int by_subject(const void *a, const void *b, void *g)
{
    return by_term(g, *(const sund_term *) a, *(const sund_term *) b);
}

static int by_triple(const void *pa, const void *pb, void *arg)
{
    const sund_match *a = pa, *b = pb;
    const sund_graph *g = arg;

    if (a->p != b->p) {
        bool ta = sund_graph_is(g, a->p, RDF("type")), tb = sund_graph_is(g, b->p, RDF("type"));
        return ta ? -1 : tb ? 1 : by_term(g, a->p, b->p);
    }
    return by_term(g, a->o, b->o);
}

sund_match *sund_order_of(const sund_graph *g, sund_term s, size_t *n)
{
    size_t      k = 0;
    sund_match *t;

    for (sund_match m = sund_graph_match(g, s, 0, 0); sund_match_next(&m);)
        k++;
    t = calloc(k + 1, sizeof *t);
    *n = 0;
    if (!t)
        return NULL;
    for (sund_match m = sund_graph_match(g, s, 0, 0); sund_match_next(&m);)
        t[(*n)++] = m;
    union { const sund_graph *c; void *p; } arg = { g };
    qsort_r(t, k, sizeof *t, by_triple, arg.p);
    return t;
}

void sund_order(sund_ordered *o, const sund_graph *g)
{
    size_t   n = sund_graph_n_term(g);
    uint32_t last = 0;
    union { const sund_graph *c; void *p; } arg = { g };

    *o = (sund_ordered){ .g = g, .subject = calloc(n + 1, sizeof *o->subject), .n_named = calloc(n + 1, sizeof *o->n_named), .label = calloc(n + 1, sizeof *o->label) };
    if (!o->subject || !o->n_named || !o->label) {
        o->bad = true;
        return;
    }
    for (sund_term t = 1; t <= n; t++) {
        sund_match m = sund_graph_match(g, t, 0, 0);
        if (sund_match_next(&m))
            o->subject[o->n_subject++] = t;
    }
    qsort_r(o->subject, o->n_subject, sizeof *o->subject, by_subject, arg.p);
    for (sund_match m = sund_graph_match(g, 0, 0, 0); sund_match_next(&m);)
        o->n_named[m.o]++;
    for (sund_term t = 1; t <= n; t++)
        if (sund_graph_at(g, t).kind == SUND_TERM_BLANK)
            o->label[t] = ++last;
}

void sund_order_free(sund_ordered *o)
{
    free(o->subject);
    free(o->n_named);
    free(o->label);
}

void sund_quote(const char *text, sund_buf *out)
{
    sund_buf_u8(out, '"');
    for (const unsigned char *c = (const unsigned char *) text; *c; c++)
        if (*c == '"' || *c == '\\')
            sund_buf_printf(out, "\\%c", *c);
        else if (*c == '\n')
            sund_buf_text(out, "\\n");
        else if (*c == '\r')
            sund_buf_text(out, "\\r");
        else if (*c == '\t')
            sund_buf_text(out, "\\t");
        else if (*c < ' ' || *c == 0x7f)
            sund_buf_printf(out, "\\u%04X", *c);
        else
            sund_buf_u8(out, *c);
    sund_buf_u8(out, '"');
}
