#ifndef SUND_HUB_HARVEST_H
#define SUND_HUB_HARVEST_H

#include "datasets/pages.h"
#include "home/home.h"
#include "hub/questions.h"
#include "net/server.h"

/** The catalogue of all nodes' data sets at the hub: asks every node again and again (question `datasets`), part by part, checks what they say, keeps the last good copy of each in
 *  datasets.db of the home, and shows it. What the hub says of itself is in datasets.ini of its home, which may be missing. */
typedef struct sund_harvest {
    sund_db        *write, *read; /**< connections of their own: a page never sees half a copy */
    sund_profile   *profile;
    sund_describe  *own;
    sund_questions *questions;
    int64_t         every_s;
    char            base[1100], title[160];
    struct { uint64_t mark; double next_s; } told[SUND_NODE_MAX]; /**< of each node, which mark was answered by asking (questions.h), and when it may be again */
    sund_digest     version[SUND_NODE_MAX]; /**< of the copy of each node that was taken since the hub started, by the shapes that hold now; zero: none */
    pthread_t       thread;
    pthread_mutex_t lock;     /**< of the lists of handovers, made when they are asked for and good until the node's copy changes */
    struct { bool made; uint64_t of; sund_buf list; } handovers[SUND_NODE_MAX];
    _Atomic uint64_t changes[SUND_NODE_MAX]; /**< of each node's copy */
    bool            running;
    _Atomic bool    stop;
} sund_harvest;

sund_code sund_harvest_open(sund_harvest *v, const sund_home *home, sund_questions *q, sund_err *err) SUND_MUST_CHECK;
sund_code sund_harvest_start(sund_harvest *v, sund_err *err) SUND_MUST_CHECK; /**< a thread, until sund_harvest_close() */
/** The questions must have been stopped before. Safe on a zeroed one. */
void      sund_harvest_close(sund_harvest *v);
/** A page for a request whose path sund_pages_has(). */
void      sund_harvest_page(const sund_harvest *v, const sund_request *in, sund_response *out);
/** A node's handovers (datasets/pages.h) appended to list; nothing where there is no copy. url: of the hub's pages. */
void      sund_harvest_handovers(sund_harvest *v, const char *node, const char *url, sund_buf *list);
/** A member's request: str path, then u32 keys, of each str key, str value. The answer is the page's bytes. */
sund_code sund_harvest_ask(const sund_harvest *v, sund_cur body, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
