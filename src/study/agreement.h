#ifndef SUND_STUDY_AGREEMENT_H
#define SUND_STUDY_AGREEMENT_H

#include "gate/dac.h"
#include "study/study.h"

/** What two or more countries have agreed on, as one INI file that every party signs. Studies inside it are approved by each party without a decision of their own.
 *
 *      [agreement]
 *      name     = north-1
 *      expires  = 2027-12-31               # the last day, UTC
 *      purposes = health-research, HMB     # purposes of studies, or DUO codes that allow them
 *      analyses = counts, linear           # or: any
 *      two_party = no                      # yes: sums of two nodes, of exactly two parties
 *      cell_min = 10                       # thresholds of the studies, at least
 *      mac = 10
 *      mac_association = 20
 *
 *      [party FI]
 *      sign = 64 hex digits                # the node's key, as in the roster
 *      data = biobank, registry            # data sets that it brings: [node] data of its sund.ini
 *  and for each party
 *      [signature FI]
 *      sig = 128 hex digits                # of the node, over the digest of every byte before the first line that begins with "[signature"
 *      member = maria                      # where it has a committee: one of its members, over the same
 *      member_sig = 128 hex digits
 *  Which member is sound, only the node itself can know: it takes no agreement that none of its committee has signed. */
enum { SUND_AGREEMENT_MAX_BYTES = 65536, SUND_AGREEMENT_LIST_MAX = 512 };

typedef struct sund_agreement_party { char id[SUND_ID_MAX + 1], data[SUND_AGREEMENT_LIST_MAX + 1], member[SUND_ID_MAX + 1]; sund_pub sign; } sund_agreement_party;

typedef struct sund_agreement {
    char                 name[SUND_ID_MAX + 1], expires[11], purposes[SUND_AGREEMENT_LIST_MAX + 1], analyses[SUND_AGREEMENT_LIST_MAX + 1];
    sund_thresholds      least;
    bool                 two_party;
    sund_agreement_party party[SUND_NODE_MAX]; /**< in order of the file */
    size_t               n;
    sund_digest          digest;               /**< of the signed part */
} sund_agreement;

/** Who looks at agreements: a node, its roster and committee, and the data set that it brings. */
typedef struct sund_agreement_eye { sund_db *db; const sund_roster *roster; const sund_dac *dac; const char *data; } sund_agreement_eye;

/** The next word of a list with commas into out of cap bytes; false at the end. A word that does not fit is cut, and then none that is known. */
bool sund_list_next(const char **at, char *out, size_t cap);
bool sund_list_has(const char *list, const char *word);
bool sund_agreement_day_ok(const char *s); /**< "2027-12-31", a day that there is */
/** DUO codes of the list together, as if they were a consent; and purposes by name, a disease inside all diseases. */
bool sund_purposes_allow(const char *purposes, const char *purpose);

/** Strict; signatures are not looked at. */
sund_code sund_agreement_parse(sund_agreement *a, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
/** That all parties signed it, with the keys of the roster; that this node is one, and one of its committee has signed. Errors: SUND_E_DENIED, by name. */
sund_code sund_agreement_check(const sund_agreement *a, const void *p, size_t n, const sund_agreement_eye *eye, sund_err *err) SUND_MUST_CHECK;
/** The [signature NAME] section of this node; by: its committee's member, NULL without one. */
sund_code sund_agreement_sign(const void *p, size_t n, const sund_identity *me, const sund_identity *by, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
const sund_agreement_party *sund_agreement_party_of(const sund_agreement *a, const char *id);

sund_code sund_agreements_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the tables */
/** Takes it up and logs that. Errors: as sund_agreement_check; SUND_E_DENIED when it has expired or a party has revoked it. */
sund_code sund_agreement_install(const sund_agreement_eye *eye, const char *name, const void *p, size_t n, sund_agreement *a, sund_err *err) SUND_MUST_CHECK;
/** An installed one that is sound now: all is checked again. Errors: SUND_E_DENIED saying that it was altered, has expired, or who revoked it and why. */
sund_code sund_agreement_stands(const sund_agreement_eye *eye, const sund_digest *d, sund_agreement *a, sund_err *err) SUND_MUST_CHECK;
/** The study is inside it: all its nodes are parties, purpose, analysis, own data; with two nodes: it is of these two and allows that. why: what does not fit. */
bool      sund_agreement_covers(const sund_agreement *a, const sund_study *s, const sund_agreement_eye *eye, char why[200]);
/** The first installed one that stands and covers the study. *found false: none; why says of the last one what did not fit, "" when there is none at all. */
sund_code sund_agreement_find(const sund_agreement_eye *eye, const sund_study *s, sund_agreement *a, bool *found, char why[200], sund_err *err) SUND_MUST_CHECK;

/** Every installed one; standing: SUND_OK, or why it does not stand. */
typedef sund_code (*sund_agreement_each)(void *ctx, const sund_digest *d, sund_cur text, const sund_err *standing, sund_err *err);
sund_code sund_agreements_each(const sund_agreement_eye *eye, sund_agreement_each each, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** A party's word that the agreement has ended: this node's own (told to the others by sund_ends_untold), or another's, out of its signed message. From then
 *  on it does not stand. Logged. Again changes nothing. */
sund_code sund_agreement_end(sund_db *db, const sund_digest *d, const char *node, bool own, const char *reason, sund_err *err) SUND_MUST_CHECK;
/** This node's own: signed by its committee's member, or by the node where by is NULL, over "SUNDAGEND" | digest | str reason; the log has the signature.
 *  Errors: SUND_E_ARG for a reason that cannot be shown; SUND_E_MISMATCH when this node has revoked it already. */
sund_code sund_agreement_revoke(sund_db *db, const sund_digest *d, const sund_identity *me, const sund_identity *by, const char *reason, sund_err *err) SUND_MUST_CHECK;
/** Body of AGREEMENT_END: digest 32, text reason. */
void      sund_end_write(const sund_digest *d, const char *reason, sund_buf *out);
sund_code sund_end_read(sund_cur body, sund_digest *d, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err) SUND_MUST_CHECK;
/** The first row, a digest and a reason, of what the hub was not told yet. */
sund_code sund_untold(sund_db *db, const char *sql, bool *any, sund_digest *d, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err) SUND_MUST_CHECK;
/** One of the node's own ends that the hub does not have yet. */
sund_code sund_end_untold(sund_db *db, bool *any, sund_digest *d, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err) SUND_MUST_CHECK;
sund_code sund_end_told(sund_db *db, const sund_digest *d, const char *node, sund_err *err) SUND_MUST_CHECK;

#endif
