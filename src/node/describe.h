#ifndef SUND_NODE_DESCRIBE_H
#define SUND_NODE_DESCRIBE_H

#include "datasets/describe.h"
#include "gate/shown.h"
#include "home/home.h"

#include <pthread.h>

/** What a node says of its data sets: its datasets.ini, and people counted now - whoever takes part in lookups, is in the data set's cohort and, where the home has a
 *  store, in it - through the gate. Kept until datasets.ini, the people, the ontologies or the year change: whoever asks for variants meanwhile does not wait while all are counted again.
 *  Home: opened with SUND_HOME_PEOPLE; with SUND_HOME_DATA the store counts too. Zeroed is empty. Owns: sund_described_free(). */
typedef struct sund_described {
    bool                ready;
    int64_t             people, ontos, year;
    sund_digest         file, version; /**< of what is said, whoever counted it when */
    sund_describe      *d;
    size_t              n_own;
    sund_census       **own;  /**< of each cohort there is */
    const sund_census **of;   /**< of each data set */
    char                base[1100];
    bool                made;
    size_t              from;
    sund_buf            text; /**< the part that was asked for last (sund_describe_part()) */
} sund_described;
/** One description for all threads of a process; whoever uses it has the lock. */
typedef struct sund_describing { pthread_mutex_t lock; sund_described d; } sund_describing;
/** The answer to "datasets REST": a part. Errors: SUND_E_ARG for a number that is none. */
sund_code sund_answer_datasets(sund_describing *d, sund_home *h, const char *rest, sund_shown **out, sund_err *err) SUND_MUST_CHECK;
/** d->text: the part from data set `from` on; no bytes where there is no datasets.ini. Errors: SUND_E_ARG for one behind the last. */
sund_code sund_described_now(sund_described *d, sund_home *h, size_t from, sund_err *err) SUND_MUST_CHECK;
void      sund_described_free(sund_described *d);
/** A number that changes when datasets.ini does, is made or taken away; it tells nothing else. *seen is zero before the first call. */
typedef struct sund_described_mark { uint64_t mark; int64_t size, s, ns, inode; } sund_described_mark;
uint64_t sund_described_changes(sund_described_mark *seen, const sund_home *h);
/** Where the hub shows it: its address with fdp/ID/, unless datasets.ini says `base`. Errors: SUND_E_ARG where neither is known. */
sund_code sund_node_base(const sund_home *h, const sund_describe *d, char *out, size_t cap, sund_err *err) SUND_MUST_CHECK;

#endif
