#ifndef SUND_BASE_POOL_H
#define SUND_BASE_POOL_H

#include "base/err.h"

#include <stddef.h>

/** Runs task(ctx, i, thread) for i in [0, n_task) on n_thread threads (1 runs here, without threads); each thread has a
 *  number in [0, n_thread). Stops handing out tasks at the first failure and returns that failure (the one with the
 *  smallest i among those that ran). Results must not depend on order: sums of integers do not. */
typedef sund_code (*sund_task)(void *ctx, size_t i, unsigned thread, sund_err *err);
sund_code sund_pool_run(unsigned n_thread, size_t n_task, sund_task task, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** The same in two halves, for a caller with other work meanwhile: begin starts all threads but this one; end does what is left of the tasks along
 *  with them (with one thread: all of it), waits for them and frees the job. end(NULL) is SUND_OK. */
typedef struct sund_pool_job sund_pool_job;
sund_code sund_pool_begin(sund_pool_job **job, unsigned n_thread, size_t n_task, sund_task task, void *ctx, sund_err *err) SUND_MUST_CHECK;
sund_code sund_pool_end(sund_pool_job *job, sund_err *err) SUND_MUST_CHECK;

/** Threads to use when asked for 0: the processors this process may run on, at most 64. */
unsigned sund_pool_threads(unsigned asked);

#endif
