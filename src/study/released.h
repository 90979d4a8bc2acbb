#ifndef SUND_STUDY_RELEASED_H
#define SUND_STUDY_RELEASED_H

#include "gate/leave.h"
#include "study/study.h"

/** What the hub hands out of a release (sund_mailbox_fetch), at whoever fetched it: the study's text, u32-counted; u16 and so many words of nodes, each a header and a body of
 *  44 bytes (SIGN_RELEASE); the manifest. Nothing of it is taken on the hub's word: the text has the study's name for its digest, and every node of the study has signed the manifest.
 *  text and m point into the bytes. Errors: SUND_E_MISMATCH for another study's text; SUND_E_DENIED naming the node whose signature is missing or does not hold. */
typedef struct sund_released { sund_cur text; sund_result m; } sund_released;
sund_code sund_released_read(const sund_roster *roster, const sund_digest *study, sund_cur bytes, sund_released *out, sund_err *err) SUND_MUST_CHECK;

#endif
