#ifndef SUND_HUB_LOGINS_H
#define SUND_HUB_LOGINS_H

#include "home/home.h"
#include "study/mailbox.h"

/** Researchers who are in no roster: their keys, as tokens of issuers that the hub trusts say. The
 * nodes verify a study's login themselves. */
sund_code sund_logins_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK;
/** LOGIN: 32 bytes of public key, then tokens (token/login.h). Signature, name, tokens; at most 16
 * keys of one person; then its number, and it is known until the token runs out. The caller holds
 * the lock of the studies. */
sund_code sund_logins_take(const sund_home *h, sund_mailbox *box, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** The signature of a member in one of these roles (sund_envelope_check), or, where researchers
 * may, of a key whose login has not run out. */
sund_code sund_logins_check(const sund_home *h, const sund_envelope *e, unsigned roles, sund_err *err) SUND_MUST_CHECK;
/** Who asks, whatever the key: of somebody in no roster the name of their first key here. What one asker may have in all is counted by this. */
sund_code sund_logins_person(const sund_home *h, const sund_envelope *e, char out[SUND_ID_MAX + 1], sund_err *err) SUND_MUST_CHECK;
/** SUBMIT_LOGIN: signature, and a login that holds now. The caller holds the lock. */
sund_code sund_logins_submit(const sund_home *h, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;

#endif
