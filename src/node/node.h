#ifndef SUND_NODE_NODE_H
#define SUND_NODE_NODE_H

#include "home/home.h"

/** Runs a node until *stop becomes true: dials out to the hub, takes part in studies, answers questions. Logs to stderr.
 *  Errors: only what keeps it from starting; a hub that is away is waited for. */
sund_code sund_node_run(const char *dir, const _Atomic bool *stop, sund_err *err) SUND_MUST_CHECK;

#endif
