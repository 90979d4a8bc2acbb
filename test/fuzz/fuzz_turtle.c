#include "base/crypto.h"
#include "rdf/shacl.h"
#include "rdf/turtle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Turtle: what is read is written, and read again as a graph of the same size. The same text as shapes, checked against itself. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_graph_bounds b = { .terms = 2000, .triples = 4000, .text = 4096 };
    sund_graph       *g = NULL, *again = NULL, *s = NULL;
    sund_buf          t = { 0 }, j = { 0 };
    sund_shapes      *shapes;
    sund_shacl_report r;

    if (n > 16384)
        return 0;
    if (sund_crypto_init(NULL) != SUND_OK || sund_graph_new(&g, &b, NULL) != SUND_OK || sund_graph_new(&again, &b, NULL) != SUND_OK || sund_graph_new(&s, &b, NULL) != SUND_OK)
        abort();
    if (sund_turtle_read(g, "x", p, n, "http://example.org/", NULL) == SUND_OK) {
        sund_turtle_write(g, &t);
        sund_jsonld_write(g, &j);
        if (t.bad || j.bad || sund_turtle_read(again, "x", t.p, t.n, NULL, NULL) != SUND_OK || sund_graph_size(again) != sund_graph_size(g))
            abort();
        sund_graph_merge(s, g);
        if (sund_shapes_new(&shapes, s, NULL) == SUND_OK) {
            (void) sund_shacl_check(shapes, g, &r, NULL);
            sund_shapes_free(shapes);
        }
        s = NULL;
    }
    sund_graph_free(g);
    sund_graph_free(again);
    sund_graph_free(s);
    sund_buf_free(&t);
    sund_buf_free(&j);
    return 0;
}
