#ifndef SUND_STUDY_APPLICATION_H
#define SUND_STUDY_APPLICATION_H

#include "study/agreement.h"
#include "study/messages.h"
#include "study/submit.h"

/** One application for data sets of several countries: one INI file, signed by who applies, on which each node named in it decides for itself. Its name is the digest of its bytes.
 *
 *      [application]
 *      title    = Height in the north
 *      purpose  = HMB                  # one DUO code or purpose of studies; studies under it must fit
 *      analyses = counts, linear       # or: any
 *      until    = 2027-12-31           # the last day, UTC
 *      number   = 1                    # optional: to ask the same again as another one
 *
 *      [data FI]
 *      sets = biobank                  # data sets of that node ([node] data of its sund.ini)
 *
 *      [person 1]                      # the team, 1, 2, ... ; the first is who applies
 *      name        = Ada Example
 *      affiliation = University of Somewhere
 *
 *  What a node approves are the studies of the key that signed it, on its own data set, for purpose and analyses, until the day; never sums of two nodes, which take an agreement. */
enum { SUND_APPLICATION_PEOPLE = 32, SUND_APPLICATION_TEXT = 200 };

typedef struct sund_application {
    char        title[SUND_APPLICATION_TEXT + 1], purpose[65], analyses[SUND_AGREEMENT_LIST_MAX + 1], until[11];
    struct { char node[SUND_ID_MAX + 1], sets[SUND_AGREEMENT_LIST_MAX + 1]; } data[SUND_NODE_MAX];
    struct { char name[SUND_APPLICATION_TEXT + 1], affiliation[SUND_APPLICATION_TEXT + 1]; } person[SUND_APPLICATION_PEOPLE];
    size_t      n_data, n_person;
    sund_digest digest;
} sund_application;

/** Strict; errors name file and line. */
sund_code   sund_application_parse(sund_application *a, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
const char *sund_application_sets(const sund_application *a, const char *node); /**< NULL: the node is not asked */
int64_t     sund_application_end(const sund_application *a); /**< the second behind its last day, UTC */
/** Body of APPLY: the text behind a u32 length, the key that signs, and the tokens of a login, or none for a researcher of the roster (as SUBMIT_LOGIN, submit.h). Checks digest, signature and name, and
 *  reads the text. Whether the login holds is another question. out points into body. Errors: SUND_E_DENIED, SUND_E_FORMAT, SUND_E_LIMIT. */
sund_code sund_application_signed(const sund_roster *roster, const sund_envelope *e, sund_cur body, sund_submit *out, sund_application *a, sund_err *err) SUND_MUST_CHECK;

/** Body of APPLY_WITHDRAW, about the application's digest: why, a text that may be empty. */
void      sund_withdrawal_write(const char *reason, sund_buf *out);
/** That who signed this application, by name and key, takes it back. Errors: SUND_E_DENIED, SUND_E_FORMAT. */
sund_code sund_withdrawal_signed(const sund_envelope *e, sund_cur body, const sund_digest *d, const char *from, const sund_pub *key, char reason[SUND_APPLICATION_TEXT + 1], sund_err *err) SUND_MUST_CHECK;

/** What a node says of one, and what it comes to at the node. */
typedef enum sund_application_state { SUND_APPLICATION_WAITS = 1, SUND_APPLICATION_APPROVED, SUND_APPLICATION_REFUSED, SUND_APPLICATION_REVOKED, SUND_APPLICATION_EXPIRED, SUND_APPLICATION_WITHDRAWN } sund_application_state;
const char *sund_application_state_name(sund_application_state s); /**< "waits", "approved", "refused", "revoked", "expired", "withdrawn" */
typedef struct sund_application_word { sund_application_state state; char received[32], deadline[11], reason[SUND_REASON_MAX + 1]; } sund_application_word;
void      sund_application_word_write(const sund_digest *d, const sund_application_word *w, sund_buf *out);
sund_code sund_application_word_read(sund_cur body, sund_digest *d, sund_application_word *w, sund_err *err) SUND_MUST_CHECK;

/* ---- at a node ---- */

/** Who looks: as at agreements, and the home whose trusted issuers verify logins (NULL: none is taken). */
typedef struct sund_application_eye { sund_agreement_eye at; const char *trust; } sund_application_eye;

sund_code sund_applications_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the tables */
/** Keeps one that came, whole and signed, and logs it; its login is verified here, now, and one that does not hold is this node's reason to refuse. The same again changes nothing.
 *  Errors: SUND_E_DENIED for what nobody signed or does not ask this node; SUND_E_LIMIT for more than a node has reason to keep. */
sund_code sund_application_take(const sund_application_eye *eye, const sund_envelope *e, const void *body, size_t n, sund_err *err) SUND_MUST_CHECK;

/** Keeps the withdrawal of one that is kept here, and logs it: from then on it is withdrawn, whatever was or is decided. The same again changes nothing. Errors: SUND_E_NOT_FOUND when it never came;
 *  as sund_withdrawal_signed. */
sund_code sund_application_withdraw(const sund_application_eye *eye, const sund_envelope *e, const void *body, size_t n, sund_err *err) SUND_MUST_CHECK;

/** One that is kept here, checked again, and what all decisions (dac.h, about its digest), days, revocations and its withdrawal come to now. key: who signed. issuer, subject: of the login, "" without. */
typedef struct sund_applied { sund_application a; sund_pub key; char from[SUND_ID_MAX + 1], issuer[256], subject[256]; sund_application_word word; char text[SUND_STUDY_MAX_BYTES + 1]; } sund_applied;
/** Errors: SUND_E_NOT_FOUND; SUND_E_DENIED when its signature does not hold (any more). */
sund_code sund_application_stands(const sund_application_eye *eye, const sund_digest *d, sund_applied *out, sund_err *err) SUND_MUST_CHECK;
/** When it was first approved by somebody who decides here, in seconds since 1970; 0: by nobody. */
sund_code sund_application_approved(const sund_application_eye *eye, const sund_digest *d, int64_t *at, sund_err *err) SUND_MUST_CHECK;
/** Each one's digest, oldest first. */
sund_code sund_applications_each(sund_db *db, sund_code (*each)(void *ctx, const sund_digest *d, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;
/** Who asks a study: the key that signs, and the person of a login, "" without one. */
typedef struct sund_applicant { sund_pub key; char issuer[256], subject[256]; } sund_applicant;
/** An approved one under which a study of theirs runs. found false: why says of the last one of this key what did not fit, "" when there is none. */
sund_code sund_application_find(const sund_application_eye *eye, const sund_study *s, const sund_applicant *who, sund_digest *d, bool *found, char why[200], sund_err *err) SUND_MUST_CHECK;
/** Decides, for the node; v is APPROVE, REFUSE, VETO or REVOKE, in its time. Errors: as sund_dac_decide; SUND_E_MISMATCH when it is not one to decide so on. */
sund_code sund_application_decide(const sund_application_eye *eye, const sund_identity *by, const sund_digest *d, sund_verdict v, const char *reason, sund_err *err) SUND_MUST_CHECK;
/** What words follow from, in the database and of the day: while it stays as it is, so do they. */
enum { SUND_APPLICATIONS_MARK = 80 };
sund_code sund_applications_mark(sund_db *db, char out[SUND_APPLICATIONS_MARK], sund_err *err) SUND_MUST_CHECK;
/** The next one, behind *from (0 for the first), whose word the hub does not have as it is now. */
sund_code sund_application_untold(const sund_application_eye *eye, int64_t *from, bool *any, sund_digest *d, sund_application_word *w, sund_err *err) SUND_MUST_CHECK;
sund_code sund_application_told(sund_db *db, const sund_digest *d, const sund_application_word *w, sund_err *err) SUND_MUST_CHECK;

#endif
