#ifndef SUND_CMD_PUBLIC_H
#define SUND_CMD_PUBLIC_H

#include "gate/trail.h"
#include "home/home.h"

/** The citizen's view of a node's or the hub's log, in plain sentences, or one JSON object a line: each study's story, where there is the home that knows its text (h; NULL for
 *  an exported log), and what the entries themselves say of decisions and of what was changed. Nothing about persons. t: verified. */
sund_code sund_log_public(const sund_home *h, const sund_trail *t, bool as_json, sund_err *err) SUND_MUST_CHECK;

#endif
