#ifndef SUND_STUDY_MAILBOX_PRIV_H
#define SUND_STUDY_MAILBOX_PRIV_H

#include "study/mailbox.h"

/* Between mailbox.c (the logs) and mailbox_result.c (results). */

/** Whether what comes of a result may stand in the log now. n_node: of the study. Errors: SUND_E_DENIED. */
sund_code sund_mailbox_check_part(sund_mailbox *m, int64_t n_node, const sund_envelope *e, uint32_t which, sund_err *err) SUND_MUST_CHECK;
sund_code sund_mailbox_check_piece(sund_mailbox *m, int64_t n_node, const sund_envelope *e, uint32_t which, sund_err *err) SUND_MUST_CHECK;
sund_code sund_mailbox_check_release(sund_mailbox *m, int64_t n_node, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** What was given of a result goes. */
sund_code sund_mailbox_drop_result(sund_mailbox *m, const sund_digest *study, sund_err *err) SUND_MUST_CHECK;
/** By whom and why it was recalled; "" when it was not. */
sund_code sund_mailbox_recalled(sund_mailbox *m, const sund_digest *study, char *out, size_t cap, sund_err *err) SUND_MUST_CHECK;

#endif
