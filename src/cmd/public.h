#ifndef SUND_CMD_PUBLIC_H
#define SUND_CMD_PUBLIC_H

#include "home/home.h"

/** The citizen's view of a node's or the hub's log: each study in plain sentences, or one JSON object a line. Nothing about persons. The log is verified
 *  first. */
sund_code sund_log_public(const sund_home *h, bool as_json, sund_err *err) SUND_MUST_CHECK;

#endif
