#ifndef SUND_EXCHANGE_CLINVAR_RECORD_H
#define SUND_EXCHANGE_CLINVAR_RECORD_H

#include "exchange/interpretations.h"

/** What a laboratory's entries are at ClinVar: their accessions (SCV), which an entry has as its
 *  reference. */

typedef struct sund_recorded {
    size_t n;                       /**< answers in the file */
    size_t recorded, same, deleted; /**< entries that have the accession now, had it, have none now
                                         because ClinVar has deleted the record */
    size_t left;
} sund_recorded;

/** Reads ClinVar's answer to a submission as sund_form_write() makes it, and keeps what it says as
 *  new versions of that laboratory's entries, withdrawn ones too: standing and reason stay as they
 *  are. The answer is the API's summary (JSON: submissions with localKey, localID,
 *  clinvarAccession; deletions) or the report (tab-separated: Your_record_id, Your_variant_id,
 *  SCV). The entry is that of the number, and has to be of the laboratory and of that variant, and
 *  has no other accession. What does not fit is left with the reason; `at` is the line of a report,
 * in a summary the place among submissions, then deletions, from 1. Inside a begin and end of the
 * caller's. Errors: SUND_E_FORMAT where the file is neither. */
sund_code sund_clinvar_record(sund_interpretations *s, const char *laboratory, const char *name,
                              const void *p, size_t                                      n,
                              void (*left)(void *ctx, size_t at, const char *why), void *ctx,
                              sund_recorded *out, sund_err *err) SUND_MUST_CHECK;

/** "SCV000123456.2" as ClinVar's API has it: without the version, nine digits. */
bool sund_scv(const char *s, char out[16]);

/** Accessions in order, none twice. Owns: free(at). */
typedef struct sund_scvs {
    struct sund_scv_of {
        char scv[16];
        bool stands;
    } * at;
    size_t n, cap;
} sund_scvs;
/** Of a laboratory's withdrawn entries (by the method, unless NULL) that still have one: records
 *  that ClinVar should delete. Those that an entry which stands has too, of whichever laboratory,
 *  are not among them. left: of an accession that is none, or another laboratory's. */
sund_code sund_clinvar_withdrawn(sund_interpretations *s, const char *laboratory,
                                 const char *method,
                                 void (*left)(void *ctx, int64_t entry, const char *why), void *ctx,
                                 sund_scvs *out, sund_err *err) SUND_MUST_CHECK;

#endif
