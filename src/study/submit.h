#ifndef SUND_STUDY_SUBMIT_H
#define SUND_STUDY_SUBMIT_H

#include "base/db.h"
#include "secagg/envelope.h"

/** How a study begins: SUBMIT, its text alone, signed by a researcher of the roster; or
 * SUBMIT_LOGIN, the text behind a u32 length, the researcher's public key, and the tokens of a
 * login that is bound to this key (token/login.h). */
typedef struct sund_submit {
    sund_cur text, tokens;
    bool     login;
    sund_pub key;
} sund_submit;

bool      sund_submits(unsigned kind); /**< one of the two */
/** Parts of a body, which they point into. key is set for SUBMIT_LOGIN only. */
sund_code sund_submit_read(unsigned kind, sund_cur body, sund_submit *out, sund_err *err) SUND_MUST_CHECK;
void      sund_submit_write(const void *text, size_t n, const sund_pub *key, sund_cur tokens, sund_buf *out);
/** Into the ledger, kind "asked": who asks for what, in the study's own words. */
sund_code sund_submit_note(sund_db *db, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;
/** Such a message for the study of that name: body and text have the digests they are said to have,
 * and the signature is by the roster's researcher or, with a login, by its key, whose sender is the
 * name that follows from it or the roster's researcher of that key. Whether the login holds is
 * another question: see sund_party_begins(). out->key is set. Errors: SUND_E_DENIED, SUND_E_FORMAT,
 * SUND_E_LIMIT. */
sund_code sund_submit_check(const sund_roster *roster, const sund_digest *study, const sund_envelope *e, sund_cur body, sund_submit *out,
                            sund_err *err) SUND_MUST_CHECK;

#endif
