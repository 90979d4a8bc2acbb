#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { THREAD_MAX = 64 };

typedef struct worker { sund_pool_job *p; unsigned number; } worker;

struct sund_pool_job {
    pthread_mutex_t lock;
    size_t          next, n_task, failed;
    sund_task       task;
    void           *ctx;
    sund_code       rc;
    sund_err        err;
    unsigned        started;
    pthread_t       thread[THREAD_MAX];
    worker          worker[THREAD_MAX];
};

static void *work(void *arg)
{
    worker        *w = arg;
    sund_pool_job *p = w->p;
    sund_err       err = { SUND_OK, "" };

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

sund_code sund_pool_begin(sund_pool_job **out, unsigned n_thread, size_t n_task, sund_task task, void *ctx, sund_err *err)
{
    sund_pool_job *p = calloc(1, sizeof *p);
    unsigned       threads = sund_pool_threads(n_thread);

    if (threads > n_task)
        threads = n_task ? (unsigned) n_task : 1;
    if (!p || pthread_mutex_init(&p->lock, NULL) != 0) {
        free(p);
        return sund_fail(err, SUND_E_NOMEM, "cannot make a lock");
    }
    p->n_task = n_task;
    p->task = task;
    p->ctx = ctx;
    for (unsigned t = 0; t < threads; t++)
        p->worker[t] = (worker){ p, t };
    while (p->started + 1 < threads && pthread_create(&p->thread[p->started], NULL, work, &p->worker[p->started + 1]) == 0)
        p->started++;
    *out = p;
    return SUND_OK;
}

sund_code sund_pool_end(sund_pool_job *p, sund_err *err)
{
    sund_code rc;

    if (!p)
        return SUND_OK;
    (void) work(&p->worker[0]); /* this thread works too, and alone where no other could be started */
    for (unsigned t = 0; t < p->started; t++)
        (void) pthread_join(p->thread[t], NULL);
    (void) pthread_mutex_destroy(&p->lock);
    rc = p->rc;
    if (rc != SUND_OK && err)
        *err = p->err;
    free(p);
    return rc;
}

sund_code sund_pool_run(unsigned n_thread, size_t n_task, sund_task task, void *ctx, sund_err *err)
{
    sund_pool_job *p = NULL;

    SUND_TRY(sund_pool_begin(&p, n_thread, n_task, task, ctx, err));
    return sund_pool_end(p, err);
}
