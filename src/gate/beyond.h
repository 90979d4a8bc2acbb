#ifndef SUND_GATE_BEYOND_H
#define SUND_GATE_BEYOND_H

#include "gate/leave.h"

/** A case's own door: as a request of Matchmaker Exchange v1.1, to one matchmaker outside the federation, by rule `beyond`. The gate writes the request itself, of these parts, each held
 *  against its strict form; so nothing else of a case can be in it - no birthday, sex, disorder, free text, or name that its owner has for it. */
typedef struct sund_beyond_part {
    const char *id;      /**< "HP:0001250"; a gene's symbol or id */
    const char *variant; /**< of a gene: "GRCh37:17-42929131-G-A", or "" */
    bool        absent;  /**< of a feature: looked for, and not there */
} sund_beyond_part;

typedef struct sund_beyond {
    const char             *matchmaker;               /**< its name here */
    const char             *pseudonym;                /**< 32 hex digits, random, of this case at this matchmaker alone */
    bool                    consent, withdrawn, test; /**< consent: to just this */
    bool                    variants;                 /**< the consent is to variants too; else genes leave without */
    int64_t                 a_year;                   /**< questions about one case, 1 .. SUND_BEYOND_A_YEAR: a node may be stricter, never looser */
    const char             *contact, *institution, *href; /**< of the clinician, who agreed to be written to */
    const sund_beyond_part *feature, *gene;
    size_t                  n_feature, n_gene;
} sund_beyond;
enum { SUND_BEYOND_A_YEAR = 12, SUND_BEYOND_A_DAY = 50, SUND_BEYOND_TEXT = 256 };

/** Signed, counted and in the ledger before it returns; the header with the signature stays here (table beyond), only sund_beyond_bytes() of it go to the matchmaker. Errors: SUND_E_DENIED for
 *  consent, SUND_E_LIMIT for the year's or the day's number, SUND_E_ARG for a part that is not of its form. */
sund_code sund_leave_beyond(sund_gate *g, const sund_beyond *c, sund_leave **out, sund_err *err) SUND_MUST_CHECK;
/** The request; NULL for what left by another door. */
const uint8_t *sund_beyond_bytes(const sund_leave *l, size_t *n);
/** Not a byte of it was sent, for the matchmaker could not be reached: the ledger says so, and it counts no more. */
sund_code sund_beyond_unsent(sund_gate *g, const sund_leave *l, sund_err *err) SUND_MUST_CHECK;

#endif
