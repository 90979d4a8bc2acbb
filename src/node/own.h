#ifndef SUND_NODE_OWN_H
#define SUND_NODE_OWN_H

#include "datasets/pages.h"
#include "node/describe.h"

/** What there is to show, in a file without a name. db NULL: the node cannot say it, or says what
 * no hub would take; the log has why. */
typedef struct sund_own_copy {
    sund_db    *db;
    sund_shown *said;      /**< the first part of it, as the gate shows it; NULL: nothing */
    sund_buf    handovers; /**< where Beacon's answers lead (datasets/pages.h) */
} sund_own_copy;

/** A node's own catalogue of data sets as pages (datasets/pages.h), from its answers to the
 * question `datasets`, by the same rules as a hub has. A thread takes it, looks for changes four
 * times a second (of ontologies and ages each minute), and meanwhile the last copy is shown: of
 * 10,000 data sets it takes seconds, which nobody who asks waits for. The copy is for one thread at
 * a time. Zeroed is empty. Owns: sund_own_close(). */
typedef struct sund_own {
    sund_home           home; /**< to next: of the thread, but for the lock's */
    sund_describing    *describing;
    sund_profile       *profile;
    sund_described_mark mark;
    int64_t             people;
    double              looked_s, due_s;
    sund_digest         seen;
    bool                ready, runs;
    _Atomic bool        stop;
    pthread_t           thread;
    pthread_mutex_t     lock;
    sund_own_copy      *next; /**< under the lock: not fetched yet */
    sund_own_copy      *now;  /**< of whoever shows it */
    char                base[300], title[160];
} sund_own;
/** Opens a home of its own and begins. url: of the pages, without a slash at its end. */
sund_code sund_own_open(sund_own *o, const char *dir, sund_describing *d, const char *url,
                        sund_err *err) SUND_MUST_CHECK;
void      sund_own_close(sund_own *o);
/** The last copy, good until the next call; NULL while there is none yet. */
const sund_own_copy *sund_own_now(sund_own *o);
/** Errors: SUND_E_UPSTREAM where the copy has nothing to show; else as sund_pages_serve(). */
sund_code sund_own_page(const sund_own *o, const sund_own_copy *c, const sund_page_ask *ask,
                        sund_buf *out, const char **type, char *links,
                        sund_err *err) SUND_MUST_CHECK;

#endif
