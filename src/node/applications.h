#ifndef SUND_NODE_APPLICATIONS_H
#define SUND_NODE_APPLICATIONS_H

#include "home/link.h"
#include "study/application.h"

/** Who looks, of a node's home. */
sund_application_eye sund_application_eye_of(const sund_home *h);
/** One as it came from the hub. What nobody signed, or does not ask this node, is answered with a refusal and not kept. */
sund_code sund_application_came(sund_link *l, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** The withdrawal of one. Of what is not kept here the hub is told that it is withdrawn; what who applied did not sign is passed over, with an error: it comes again as long as the hub shows it. */
sund_code sund_application_goes(sund_link *l, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** Tells the hub how this node stands to each, once. told: of a process that asks all day, SUND_APPLICATIONS_MARK bytes that begin as "": the last time at which there was nothing
 *  left to tell, so that all are looked at again only when something has changed; NULL for none. */
sund_code sund_applications_tell(sund_link *l, char *told, sund_err *err) SUND_MUST_CHECK;

#endif
