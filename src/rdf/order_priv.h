#ifndef SUND_RDF_ORDER_PRIV_H
#define SUND_RDF_ORDER_PRIV_H

#include "rdf/graph.h"

/** A graph in the order in which it is written. For the writers of rdf/ alone. */
typedef struct sund_ordered {
    const sund_graph *g;
    sund_term        *subject;  /**< n_subject: IRIs by their text, then blank nodes as they were made */
    size_t            n_subject;
    uint32_t         *n_named;  /**< of each term: how often it is an object */
    uint32_t         *label;    /**< of each blank node: its number, from 1 */
    bool              bad;
} sund_ordered;
void sund_order(sund_ordered *o, const sund_graph *g);
void sund_order_free(sund_ordered *o);

/** The triples of a subject: rdf:type first, predicates by IRI, objects by kind and text. Owns: free(). NULL when out of memory. */
sund_match *sund_order_of(const sund_graph *g, sund_term s, size_t *n);

/** A text within quotes, as Turtle, N-Triples and JSON-free formats escape it. */
void sund_quote(const char *text, sund_buf *out);

#endif
