#ifndef SUND_RDF_SHACL_H
#define SUND_RDF_SHACL_H

#include "rdf/graph.h"

/** Shapes that a graph must have: the core of SHACL (https://www.w3.org/TR/shacl/), all of its targets, paths and constraint components.
 *
 *  Shapes that hold anything else - SPARQL, scripts, rules, components of others' making, owl:imports - are refused: a rule that is not understood is never
 *  passed in silence. Names, descriptions and hints for forms (sh:name, dash:editor ...) are no rules.
 *  Where the standard leaves a shape that needs itself open, a node that is being checked against it already passes. Owns: sund_shapes_free(), safe on NULL. */
typedef struct sund_shapes sund_shapes;
/** From a graph, which the shapes keep to themselves: it is freed with them, on an error too. Errors: SUND_E_FORMAT naming shape and reason. */
sund_code sund_shapes_new(sund_shapes **out, sund_graph *g, sund_err *err) SUND_MUST_CHECK;
/** Of a file, or of all *.ttl in a folder, together. */
sund_code sund_shapes_read(sund_shapes **out, const char *where, sund_err *err) SUND_MUST_CHECK;
void      sund_shapes_free(sund_shapes *s);
size_t    sund_shapes_n(const sund_shapes *s); /**< shapes with targets */

enum { SUND_SHACL_KEPT = 20 };
typedef struct sund_shacl_result {
    bool violation;      /**< sh:Violation; else a warning, or whatever the shape says */
    char focus[256], path[160], component[40], message[320];
} sund_shacl_result;

typedef struct sund_shacl_report {
    size_t            n_focus;     /**< 0: the shapes match nothing, which is no pass */
    size_t            n_result, n_violation;
    size_t            n_kept;      /**< the first violations, and others while there is room */
    sund_shacl_result kept[SUND_SHACL_KEPT];
} sund_shacl_report;
/** data: terms that shapes name as targets are added to it, no triples. Errors: SUND_E_LIMIT when the work has no bound, SUND_E_NOMEM. A graph that does not
 *  conform is no error. */
sund_code sund_shacl_check(const sund_shapes *s, sund_graph *data, sund_shacl_report *out, sund_err *err) SUND_MUST_CHECK;

#endif
