#ifndef SUND_NODE_APPLICATIONS_H
#define SUND_NODE_APPLICATIONS_H

#include "home/link.h"
#include "study/application.h"

/** Who looks, of a node's home. */
sund_application_eye sund_application_eye_of(const sund_home *h);
/** One as it came from the hub. What nobody signed, or does not ask this node, is answered with a refusal and not kept. */
sund_code sund_application_came(sund_link *l, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** Tells the hub how this node stands to each, once. */
sund_code sund_applications_tell(sund_link *l, sund_err *err) SUND_MUST_CHECK;

#endif
