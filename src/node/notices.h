#ifndef SUND_NODE_NOTICES_H
#define SUND_NODE_NOTICES_H

#include "home/link.h"

/** What nodes tell each other outside of studies (study/notices.h). */

/** Appends to a poll's body where this node stands in that log. */
sund_code sund_notices_poll(const sund_home *h, sund_buf *ask, sund_err *err) SUND_MUST_CHECK;
/** One of them, as it came. What its sender did not sign is passed over, with a word in the log. */
sund_code sund_notice_take(const sund_home *h, uint32_t index, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** Tells the hub what this node's committee or operator ended, or recalls, once. */
sund_code sund_notices_tell(sund_link *l, sund_err *err) SUND_MUST_CHECK;

#endif
