#ifndef SUND_HUB_LOOKUPS_H
#define SUND_HUB_LOOKUPS_H

#include "hub/hub.h"

#include <pthread.h>

/** Lookups under way: each asks all nodes at once and waits for the last answer or its deadline. One lock, one condition. */
enum { SUND_LOOKUPS_MAX = 64, SUND_LOOKUP_TEXT_MAX = 2300 };

typedef struct sund_ticket {
    uint64_t           number; /**< 0: free */
    char               text[SUND_LOOKUP_TEXT_MAX];
    size_t             n_answer;
    bool               asked[SUND_NODE_MAX], answered[SUND_NODE_MAX];
    sund_lookup_counts counts[SUND_NODE_MAX];
} sund_ticket;

typedef struct sund_lookups {
    pthread_mutex_t    lock;
    pthread_cond_t     changed;
    uint64_t           last;
    size_t             n_node;
    const sund_roster *roster;
    bool               stopping;
    uint64_t           turn[SUND_NODE_MAX];   /**< of a node's polls: one that waits ends when the node polls anew, for it may wait on a line that is dead */
    double             seen_s[SUND_NODE_MAX]; /**< when a node was last heard, on the monotonic clock */
    sund_ticket        ticket[SUND_LOOKUPS_MAX];
} sund_lookups;

sund_code sund_lookups_init(sund_lookups *l, const sund_roster *r, sund_err *err) SUND_MUST_CHECK;
void      sund_lookups_free(sund_lookups *l);
void      sund_lookups_stop(sund_lookups *l);
/** Asks all nodes and waits. Errors: SUND_E_LIMIT when too many are under way, SUND_E_ARG for a text that is no variant. */
sund_code sund_lookups_ask(sund_lookups *l, const char *text, unsigned wait_ms, sund_lookup_result *out, sund_err *err) SUND_MUST_CHECK;
/** What a node has not answered: u64 ticket, str text each; waits up to wait_s for something. What an earlier poll took and nobody answered is asked again. */
void      sund_lookups_poll(sund_lookups *l, const char *node, unsigned wait_s, sund_buf *out);
/** "GB has not been heard for 14 s" for the nodes among names (",ES,GB,") that ought to have polled since; "" when all are there. */
void      sund_lookups_silent(sund_lookups *l, const char *names, char *out, size_t cap);
sund_code sund_lookups_answer(sund_lookups *l, const char *node, sund_cur body, sund_err *err) SUND_MUST_CHECK;

#endif
