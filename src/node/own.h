#ifndef SUND_NODE_OWN_H
#define SUND_NODE_OWN_H

#include "datasets/pages.h"
#include "gate/shown.h"
#include "home/home.h"

/** A node's own catalogue of data sets as pages (datasets/pages.h), from what it shows to the question `datasets`: held in memory, taken anew when that changed, and by the
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
/** shown: the node's answer. Errors: SUND_E_UPSTREAM when it shows nothing, or what no hub would take; else as sund_pages_serve(). */
sund_code sund_own_page(sund_own *o, const char *node, const sund_shown *shown, const sund_page_ask *ask, sund_buf *out, const char **type, sund_err *err) SUND_MUST_CHECK;

#endif
