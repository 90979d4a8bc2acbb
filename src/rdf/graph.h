#ifndef SUND_RDF_GRAPH_H
#define SUND_RDF_GRAPH_H

#include "base/buf.h"

/** A graph of RDF triples in memory: descriptions of data sets, and the shapes that they are checked against. A graph is a set; its order is that of
 *  insertion. Terms are interned: equal terms are one number, which is 0 for none.
 *
 *  Bounded: whatever is put in beyond its bounds, or is no term of RDF (an IRI with a blank in it, text that is not UTF-8), makes the graph `bad`; later
 *  puts do nothing, so a maker checks once, with sund_graph_ok(). */
typedef struct sund_graph sund_graph;
typedef uint32_t sund_term;

typedef struct sund_graph_bounds { size_t terms, triples, text; } sund_graph_bounds; /**< text: bytes of one term */
/** What a node's description of its data sets, or an operator's shapes, may have: 200,000 terms, 400,000 triples, 64 KiB each. */
sund_graph_bounds sund_graph_bounds_default(void);

/** Owns: sund_graph_free(), safe on NULL. */
sund_code sund_graph_new(sund_graph **g, const sund_graph_bounds *b, sund_err *err) SUND_MUST_CHECK;
void      sund_graph_free(sund_graph *g);
sund_code sund_graph_ok(const sund_graph *g, sund_err *err) SUND_MUST_CHECK;

typedef enum sund_term_kind { SUND_TERM_IRI = 1, SUND_TERM_BLANK, SUND_TERM_LITERAL } sund_term_kind;
typedef struct sund_term_text {
    sund_term_kind kind;
    const char    *text;     /**< IRI, label of a blank node, or lexical form; no NUL inside */
    size_t         n;
    sund_term      datatype; /**< of a literal: always there */
    const char    *lang;     /**< "" for none; lower case */
} sund_term_text;

sund_term sund_graph_iri(sund_graph *g, const char *iri);
sund_term sund_graph_blank(sund_graph *g, const char *label); /**< NULL: a new one */
sund_term sund_graph_text(sund_graph *g, const char *text);  /**< xsd:string */
sund_term sund_graph_lang(sund_graph *g, const char *text, const char *lang);
sund_term sund_graph_typed(sund_graph *g, const char *text, const char *datatype);
void      sund_graph_add(sund_graph *g, sund_term s, sund_term p, sund_term o);
/** The same with IRIs: subject, predicate, object. */
void      sund_graph_link(sund_graph *g, sund_term s, const char *predicate, const char *object);
/** A term of another graph, here too; a blank node is a new one. */
sund_term sund_graph_take(sund_graph *g, const sund_graph *from, sund_term t);
/** All triples of another graph; its blank nodes become new ones. */
void      sund_graph_merge(sund_graph *g, const sund_graph *from);

size_t           sund_graph_size(const sund_graph *g);   /**< triples */
size_t           sund_graph_n_term(const sund_graph *g); /**< terms are 1..n */
sund_term_text   sund_graph_at(const sund_graph *g, sund_term t);
bool             sund_graph_is(const sund_graph *g, sund_term t, const char *iri);
sund_term        sund_graph_find(const sund_graph *g, const char *iri);                         /**< 0 when no triple has it */
sund_term        sund_graph_find_term(const sund_graph *g, const sund_graph *of, sund_term t); /**< the same term there; 0 for blank nodes */
bool             sund_graph_has(const sund_graph *g, sund_term s, sund_term p, sund_term o);

/** Triples with the terms that are not 0:  for (sund_match m = sund_graph_match(g, s, p, 0); sund_match_next(&m);) ... m.s, m.p, m.o */
typedef struct sund_match { const sund_graph *g; sund_term want[3]; uint32_t at; int by; sund_term s, p, o; } sund_match;
sund_match sund_graph_match(const sund_graph *g, sund_term s, sund_term p, sund_term o);
bool       sund_match_next(sund_match *m);
/** First object of s and a predicate, by its IRI; 0 for none. */
sund_term  sund_graph_object(const sund_graph *g, sund_term s, const char *predicate);
/** The text of it; NULL for none. */
const char *sund_graph_value(const sund_graph *g, sund_term s, const char *predicate);

/** The members of an RDF list, at most max of them into out. Errors: SUND_E_FORMAT for one that is broken, cyclic or longer. */
sund_code sund_graph_list(const sund_graph *g, sund_term head, sund_term *out, size_t max, size_t *n, sund_err *err) SUND_MUST_CHECK;

/** What an IRI may hold (RFC 3987, as Turtle reads it): it is absolute, and has none of <>"{}|^`\, blanks and control characters. */
bool sund_iri_ok(const char *iri);
/** A language as RDF writes it: en, pt-br. */
bool sund_lang_ok(const char *lang);

#endif
