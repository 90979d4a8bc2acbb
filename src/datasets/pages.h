#ifndef SUND_DATASETS_PAGES_H
#define SUND_DATASETS_PAGES_H

#include "datasets/copies.h"
#include "datasets/describe.h"

/** The catalogue over HTTP, as a FAIR Data Point and as a search. Pure: a path in, bytes out.
 *
 *      /fdp/                          the root: a fdp-o:FAIRDataPoint with every node's catalogue
 *      /fdp/NODE/catalog              all that a node says          /fdp/NODE/dataset/ID   one data set with what it needs
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
/** *type: content type. Errors: SUND_E_NOT_FOUND, SUND_E_ARG; out then holds nothing. */
sund_code sund_pages_serve(const sund_pages *p, const sund_page_ask *ask, sund_buf *out, const char **type, sund_err *err) SUND_MUST_CHECK;

#endif
