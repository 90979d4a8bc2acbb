#ifndef SUND_NODE_OWN_H
#define SUND_NODE_OWN_H

#include "datasets/pages.h"
#include "gate/shown.h"
#include "home/home.h"

/** A node's own catalogue of data sets as pages (datasets/pages.h), from what it shows to the question `datasets`: in a file without a name, taken anew when that changed, and by the
 *  same rules as a hub has. One thread at a time. Zeroed is empty. Owns: sund_own_close(). */
typedef struct sund_own {
    sund_db      *db;
    sund_profile *profile;
    sund_digest   seen;
    bool          ready;
    char          base[300], title[160];
} sund_own;
/** url: of the pages, without a slash at its end. */
sund_code sund_own_open(sund_own *o, const sund_home *h, const char *url, sund_err *err) SUND_MUST_CHECK;
void      sund_own_close(sund_own *o);
/** ask: puts the question `datasets`, or `datasets N`, to the node, and gives its answer. Errors: SUND_E_UPSTREAM when it shows nothing, or what no hub would take; else as sund_pages_serve(). */
typedef sund_code (*sund_own_ask)(void *ctx, const char *question, sund_shown **out, sund_err *err);
sund_code sund_own_page(sund_own *o, const char *node, sund_own_ask said, void *ctx, const sund_page_ask *ask, sund_buf *out, const char **type, char *links, sund_err *err) SUND_MUST_CHECK;

#endif
