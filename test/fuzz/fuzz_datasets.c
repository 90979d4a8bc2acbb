#include "base/crypto.h"
#include "datasets/copies.h"
#include "datasets/describe.h"
#include "rdf/turtle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* datasets.ini: what is read makes a graph that the rules take, and a hub too. Any text as a node's word to a hub: taken or refused. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static sund_profile *rules;
    sund_describe       *d = NULL;
    sund_graph          *g = NULL;
    sund_db             *db = NULL;
    sund_buf             t = { 0 };

    if (n > 8192)
        return 0;
    if (sund_crypto_init(NULL) != SUND_OK || (!rules && sund_profile_open(&rules, NULL, NULL) != SUND_OK) || sund_copies_open(&db, ":memory:", NULL) != SUND_OK)
        abort();
    if (sund_describe_parse(&d, "x", p, n, NULL) == SUND_OK) {
        if (sund_graph_new(&g, NULL, NULL) != SUND_OK || sund_describe_graph(d, "https://h.org/fdp/SE/", NULL, 0, 1000, g, NULL) != SUND_OK)
            abort();
        sund_turtle_write(g, &t);
        if (sund_describe_n(d) && sund_copies_take(db, rules, "SE", t.p, t.n, "2026-11-26T10:00:00Z", NULL) != SUND_OK)
            abort();
    }
    (void) !sund_copies_take(db, rules, "DK", p, n, "2026-11-26T10:00:00Z", NULL);
    sund_buf_free(&t);
    sund_graph_free(g);
    sund_describe_free(d);
    sund_db_close(db);
    return 0;
}
