#ifndef SUND_STUDY_NOTICES_H
#define SUND_STUDY_NOTICES_H

#include "study/mailbox.h"

/** What nodes tell the whole federation outside of any study: that an agreement has ended for them, or that they recall a released study. The hub keeps one log of it, and nodes hear it in the
 *  answers to their polls as the log of a study that is named by zeros. */
sund_code sund_notices_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< the hub's */
/** A node's message, whose signature was checked. The same again changes nothing. Errors: SUND_E_LIMIT for more of one node than a federation has reason for. */
sund_code sund_notices_post(sund_mailbox *m, const sund_envelope *e, const void *body, size_t n_body, sund_err *err) SUND_MUST_CHECK;
/** Appends those from the index on, as sund_mailbox_batch does. */
sund_code sund_notices_batch(sund_mailbox *m, uint32_t from, size_t max, sund_buf *out, bool *any, sund_err *err) SUND_MUST_CHECK;

#endif
