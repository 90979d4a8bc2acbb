#ifndef SUND_HUB_HARVEST_H
#define SUND_HUB_HARVEST_H

#include "datasets/pages.h"
#include "home/home.h"
#include "hub/questions.h"
#include "net/server.h"

/** The catalogue of all nodes' data sets at the hub: asks every node again and again (question `datasets`), checks what they say, keeps the last good copy of each in
 *  datasets.db of the home, and shows it. What the hub says of itself is in datasets.ini of its home, which may be missing. */
typedef struct sund_harvest {
    sund_db        *write, *read; /**< connections of their own: a page never sees half a copy */
    sund_profile   *profile;
    sund_describe  *own;
    sund_questions *questions;
    int64_t         every_s;
    char            base[1100], title[160];
    pthread_t       thread;
    bool            running;
    _Atomic bool    stop;
} sund_harvest;

sund_code sund_harvest_open(sund_harvest *v, const sund_home *home, sund_questions *q, sund_err *err) SUND_MUST_CHECK;
sund_code sund_harvest_start(sund_harvest *v, sund_err *err) SUND_MUST_CHECK; /**< a thread, until sund_harvest_close() */
/** The questions must have been stopped before. Safe on a zeroed one. */
void      sund_harvest_close(sund_harvest *v);
/** A page for a request whose path sund_pages_has(). */
void      sund_harvest_page(const sund_harvest *v, const sund_request *in, sund_response *out);
/** A member's request: str path, then u32 keys, of each str key, str value. The answer is the page's bytes. */
sund_code sund_harvest_ask(const sund_harvest *v, sund_cur body, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
