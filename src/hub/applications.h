#ifndef SUND_HUB_APPLICATIONS_H
#define SUND_HUB_APPLICATIONS_H

#include "study/application.h"

/** The hub's side of applications: it keeps each, hands it to the nodes that it names and to nobody else, and keeps what each of them said last, as they signed it, for who applied. Envelopes are
 *  checked before; the caller holds the lock of the studies. */
sund_code sund_apply_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK;
/** Errors: as sund_application_signed; SUND_E_NOT_FOUND for a node that is none; SUND_E_LIMIT for more of one than a person has reason for. The same of the same one again changes nothing; of
 *  somebody else it is SUND_E_MISMATCH. */
sund_code sund_apply_take(sund_db *db, const sund_roster *roster, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** Takes one back, in the name of who applied. Errors: SUND_E_NOT_FOUND; as sund_withdrawal_signed. The same again changes nothing. */
sund_code sund_apply_withdraw(sund_db *db, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** A node's word. Errors: SUND_E_DENIED when it is not asked. */
sund_code sund_apply_state(sund_db *db, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** Appends, as sund_mailbox_batch does, those that name this node and that it has said nothing of, and withdrawals that it has not said it knows of. One that is withdrawn is handed to nobody more. */
sund_code sund_apply_batch(sund_db *db, const char *node, size_t max, sund_buf *out, bool *any, sund_err *err) SUND_MUST_CHECK;
/** Of one researcher, the newest first: blob text, u32 words, each a header and a blob body; the researcher's own withdrawal is one of them. */
sund_code sund_apply_list(sund_db *db, const char *who, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
