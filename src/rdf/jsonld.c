#include "base/json.h"
#include "rdf/order_priv.h"
#include "rdf/turtle.h"
#include "rdf/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** An IRI as a key or type: prefix:local, or whole. */
static void short_iri(const sund_graph *g, sund_term t, sund_buf *out)
{
    const char        *iri = sund_graph_at(g, t).text, *local;
    const sund_prefix *p = sund_prefix_of(iri, &local);

    sund_buf_clear(out);
    if (p)
        sund_buf_printf(out, "%s:%s", p->name, local);
    else
        sund_buf_text(out, iri);
    sund_buf_nul(out);
}

static void write_id(const sund_ordered *o, sund_json *j, const char *key, sund_term t)
{
    sund_term_text x = sund_graph_at(o->g, t);
    char           label[24];

    (void) snprintf(label, sizeof label, "_:b%u", o->label[t]);
    sund_json_str(j, key, x.kind == SUND_TERM_BLANK ? label : x.text);
}

static void write_value(const sund_ordered *o, sund_json *j, sund_term t)
{
    sund_term_text x = sund_graph_at(o->g, t);

    sund_json_open(j, NULL, '{');
    if (x.kind != SUND_TERM_LITERAL)
        write_id(o, j, "@id", t);
    else {
        sund_json_str(j, "@value", x.text);
        if (x.lang[0])
            sund_json_str(j, "@language", x.lang);
        else if (!sund_graph_is(o->g, x.datatype, XSD("string")))
            sund_json_str(j, "@type", sund_graph_at(o->g, x.datatype).text);
    }
    sund_json_close(j, '}');
}

static void write_node(const sund_ordered *o, sund_json *j, sund_term s)
{
    size_t      n;
    sund_match *t = sund_order_of(o->g, s, &n);
    sund_buf    key = { 0 };

    j->out->bad |= !t;
    sund_json_open(j, NULL, '{');
    write_id(o, j, "@id", s);
    for (size_t i = 0; i < n;) {
        bool      type = sund_graph_is(o->g, t[i].p, RDF("type"));
        sund_term p = t[i].p;

        for (size_t k = i; type && k < n && t[k].p == p; k++) /* @type holds names alone: a type that is a text stays a property */
            type = sund_graph_at(o->g, t[k].o).kind == SUND_TERM_IRI;
        short_iri(o->g, p, &key);
        sund_json_open(j, type ? "@type" : key.bad ? "" : (const char *) key.p, '[');
        for (; i < n && t[i].p == p; i++)
            if (!type)
                write_value(o, j, t[i].o);
            else {
                short_iri(o->g, t[i].o, &key);
                sund_json_str(j, NULL, key.bad ? "" : (const char *) key.p);
            }
        sund_json_close(j, ']');
    }
    sund_json_close(j, '}');
    j->out->bad |= key.bad;
    sund_buf_free(&key);
    free(t);
}

void sund_jsonld_write(const sund_graph *g, sund_buf *out)
{
    sund_ordered       o;
    sund_json          j;
    size_t             n;
    const sund_prefix *p = sund_prefixes(&n);

    sund_order(&o, g);
    out->bad |= o.bad;
    sund_json_init(&j, out, true);
    sund_json_open(&j, NULL, '{');
    sund_json_open(&j, "@context", '{');
    for (size_t i = 0; i < n; i++)
        sund_json_str(&j, p[i].name, p[i].iri);
    sund_json_close(&j, '}');
    sund_json_open(&j, "@graph", '[');
    for (size_t i = 0; i < o.n_subject && !out->bad; i++)
        write_node(&o, &j, o.subject[i]);
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    sund_buf_u8(out, '\n');
    sund_order_free(&o);
}
