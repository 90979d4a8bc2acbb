#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { THREAD_MAX = 64 };

typedef struct pool {
    pthread_mutex_t lock;
    size_t          next, n_task, failed;
    sund_task       task;
    void           *ctx;
    sund_code       rc;
    sund_err        err;
} pool;

typedef struct worker { pool *p; unsigned number; } worker;

static void *work(void *arg)
{
    worker  *w = arg;
    pool    *p = w->p;
    sund_err err = { SUND_OK, "" };

    for (;;) {
        size_t    i;
        sund_code rc;

        (void) pthread_mutex_lock(&p->lock);
        i = p->rc == SUND_OK ? p->next++ : p->n_task;
        (void) pthread_mutex_unlock(&p->lock);
        if (i >= p->n_task)
            return NULL;
        rc = p->task(p->ctx, i, w->number, &err);
        if (rc == SUND_OK)
            continue;
        (void) pthread_mutex_lock(&p->lock);
        if (p->rc == SUND_OK || i < p->failed) {
            p->rc = rc;
            p->err = err;
            p->failed = i;
        }
        (void) pthread_mutex_unlock(&p->lock);
    }
}

unsigned sund_pool_threads(unsigned asked)
{
    cpu_set_t set;

    if (asked == 0)
        asked = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned) CPU_COUNT(&set) : 1;
    return asked < 1 ? 1 : asked > THREAD_MAX ? THREAD_MAX : asked;
}

sund_code sund_pool_run(unsigned n_thread, size_t n_task, sund_task task, void *ctx, sund_err *err)
{
    pool      p = { .n_task = n_task, .task = task, .ctx = ctx, .rc = SUND_OK };
    pthread_t thread[THREAD_MAX];
    worker    w[THREAD_MAX];
    unsigned  threads = sund_pool_threads(n_thread), started = 0;

    if (threads > n_task)
        threads = n_task ? (unsigned) n_task : 1;
    if (pthread_mutex_init(&p.lock, NULL) != 0)
        return sund_fail(err, SUND_E_NOMEM, "cannot make a lock");
    for (unsigned t = 0; t < threads; t++)
        w[t] = (worker){ &p, t };
    while (started + 1 < threads && pthread_create(&thread[started], NULL, work, &w[started + 1]) == 0)
        started++;
    (void) work(&w[0]); /* this thread works too, and alone where no other could be started */
    for (unsigned t = 0; t < started; t++)
        (void) pthread_join(thread[t], NULL);
    (void) pthread_mutex_destroy(&p.lock);
    if (p.rc != SUND_OK && err)
        *err = p.err;
    return p.rc;
}
