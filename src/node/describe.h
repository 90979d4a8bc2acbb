#ifndef SUND_NODE_DESCRIBE_H
#define SUND_NODE_DESCRIBE_H

#include "datasets/describe.h"
#include "home/home.h"

/** What a node says of its data sets: its datasets.ini, and people counted now - whoever takes part in lookups, is in the data set's cohort and, where the home has a
 *  store, in it - through the gate. Home: opened with SUND_HOME_PEOPLE; with SUND_HOME_DATA the store counts too. Errors: SUND_E_NOT_FOUND when there is no datasets.ini. */
sund_code sund_node_describe(sund_home *h, sund_graph *g, sund_err *err) SUND_MUST_CHECK;
/** The same as Turtle, kept until datasets.ini, the people, the ontologies or the year change: whoever asks for variants meanwhile does not wait while all are counted again.
 *  Text of no bytes where there is no datasets.ini. Zeroed is empty. Owns: sund_described_free(). */
typedef struct sund_described { bool ready; int64_t people, ontos, year; sund_digest file; sund_buf text; } sund_described;
sund_code sund_described_now(sund_described *d, sund_home *h, sund_err *err) SUND_MUST_CHECK;
void      sund_described_free(sund_described *d);
/** Where the hub shows it: its address with fdp/ID/, unless datasets.ini says `base`. Errors: SUND_E_ARG where neither is known. */
sund_code sund_node_base(const sund_home *h, const sund_describe *d, char *out, size_t cap, sund_err *err) SUND_MUST_CHECK;

#endif
