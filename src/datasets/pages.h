#ifndef SUND_DATASETS_PAGES_H
#define SUND_DATASETS_PAGES_H

#include "datasets/copies.h"
#include "datasets/describe.h"

/** The catalogue over HTTP, as a FAIR Data Point and as a search. Pure: a path in, bytes out.
 *
 *      /fdp/                          the root: a fdp-o:FAIRDataPoint with every node's catalogue
 *      /fdp/NODE/catalog              all that a node says, or, where that is more than one part, the catalogue and the names of its data sets
 *      /fdp/NODE/catalog/?page=2      the data sets themselves, a part a page        /fdp/NODE/dataset/ID   one data set with what it needs
 *      /datasets?q=WORDS&country=SE&disease=ICD10:E11&type=whole-genome&access=non-public&purpose=DUO:0000042&people=100&node=SE[&format=tsv]
 *      /datasets/facets               /datasets/nodes               values to choose from; when each node's copy was taken, and what was amiss since
 *  Graphs are Turtle, or JSON-LD where `accept` says so; the rest is JSON. A node shows its own so: copies in memory, which have taken its own word. */
typedef struct sund_pages {
    sund_db             *db;
    const sund_describe *own;  /**< what the hub says of itself; NULL: nothing */
    const char          *base; /**< of the root, ending in '/' */
    const char          *title; /**< of the root where `own` is NULL */
} sund_pages;
/** Value of a query's key, or NULL. */
typedef const char *(*sund_pages_query)(const void *request, const char *key);

bool sund_pages_has(const char *path); /**< whether a path is one of these */
typedef struct sund_page_ask {
    const char        *path, *accept; /**< accept may be NULL */
    sund_pages_query   query;
    const void        *request;
    size_t             n_name;
    const char *const *name;          /**< of what the query gives: one that the page does not take is refused */
} sund_page_ask;
/** *type: content type. links: of a page with others beside it, as the header Link has them (LDP Paging); NULL where nobody wants them. Errors: SUND_E_NOT_FOUND, SUND_E_ARG; out then holds nothing. */
sund_code sund_pages_serve(const sund_pages *p, const sund_page_ask *ask, sund_buf *out, const char **type, char links[240], sund_err *err) SUND_MUST_CHECK;

/** A list of Beacon's handovers as JSON, appended: the catalogue at its address, and of the first SUND_HANDOVERS_MAX data sets in g, of `total` there are, where access is asked for, by their
 *  dcat:accessURL, and where they are described, with the uses that are allowed. */
enum { SUND_HANDOVERS_MAX = 10 };
sund_code sund_pages_handovers(const sund_graph *g, size_t total, const char *catalogue, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
