#ifndef SUND_NODE_CLINICAL_H
#define SUND_NODE_CLINICAL_H

#include "exchange/interpretations.h"
#include "exchange/mme.h"
#include "gate/shown.h"
#include "home/home.h"

/** A node's interpretations and cases, for the questions about them. Owns: sund_clinical_close(), safe on a zeroed one. */
typedef struct sund_clinical {
    sund_interpretations *said;
    sund_desk            *desk;
} sund_clinical;
sund_code sund_clinical_open(sund_clinical *c, const sund_home *h, sund_err *err) SUND_MUST_CHECK;
void      sund_clinical_close(sund_clinical *c);

/** "VARIANT" for anybody, "VARIANT federation" for a member, whom the hub has verified: no page that anybody may ask says that. */
sund_code sund_answer_interpretations(sund_clinical *c, const sund_home *h, const char *rest, sund_shown **out, sund_err *err) SUND_MUST_CHECK;
/** "@NAME {request}": NAME, whom the hub or the page has verified, is told to the owners of what is shown. */
sund_code sund_answer_match(sund_clinical *c, const sund_home *h, const char *rest, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

#endif
