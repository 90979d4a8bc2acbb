#ifndef SUND_RDF_TURTLE_H
#define SUND_RDF_TURTLE_H

#include "rdf/graph.h"

/** Graphs as text.
 *
 *  Turtle is read strictly, by serd, into g beside what is there; blank nodes are new ones. base: what relative IRIs are relative to; NULL: there must be
 *  none. name: of the file, for messages. Errors: SUND_E_FORMAT with file and line, SUND_E_LIMIT beyond the graph's bounds or nested too deeply. */
sund_code sund_turtle_read(sund_graph *g, const char *name, const void *p, size_t n, const char *base, sund_err *err) SUND_MUST_CHECK;
/** A file of at most 8 MiB. */
sund_code sund_turtle_read_file(sund_graph *g, const char *path, const char *base, sund_err *err) SUND_MUST_CHECK;

/** The same graph gives the same bytes: subjects by IRI, rdf:type first and then predicates and objects by their text. A blank node that is named once is written where
 *  it is named; others get labels in the order in which they were made. */
void sund_turtle_write(const sund_graph *g, sund_buf *out);
/** Flattened, with a context of prefixes: https://www.w3.org/TR/json-ld11/#flattened-document-form. */
void sund_jsonld_write(const sund_graph *g, sund_buf *out);
/** Canonical N-Triples, one triple a line, in order of their text. */
void sund_ntriples_write(const sund_graph *g, sund_buf *out);

#endif
