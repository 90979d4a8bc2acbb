#ifndef SUND_CLUSTER_TASK_H
#define SUND_CLUSTER_TASK_H

#include "cluster/work.h"

/** One task of a round, on whatever machine: reads the brief, replays the totals so far into an engine of its own, and writes the own sums of
 *  its chunks as parts. Chunks that have theirs are left out, so a task that was killed goes on where it was. */
typedef struct sund_task_plan {
    const char *folder;
    uint32_t    round, from; /**< chunks below `from` are summed already */
    uint32_t    i, n_task;
    unsigned    n_thread;
} sund_task_plan;
sund_code sund_task_run(const sund_task_plan *t, sund_err *err) SUND_MUST_CHECK;

#endif
