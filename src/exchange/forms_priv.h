#ifndef SUND_EXCHANGE_FORMS_PRIV_H
#define SUND_EXCHANGE_FORMS_PRIV_H

#include "base/gz.h"
#include "base/tsv.h"
#include "exchange/clinvar_record.h"
#include "exchange/forms.h"

/** A reading in progress. */
typedef struct sund_form_reading {
    const char           *name;
    const sund_form_ask  *ask;
    const sund_form_sink *to;
    sund_form_report     *report;
    sund_buf              scratch;
} sund_form_reading;

/** The line is left out. */
void      sund_form_left(sund_form_reading *r, size_t line, const char *why);
/** The normal form of a place and alleles as VCF has them (start from 1) into e->variant. false: *why says what is wrong, and the line should be left. */
bool      sund_form_variant(sund_form_reading *r, const char *chromosome, const char *start, const char *ref, const char *alt, sund_interpretation *e, const char **why);
/** The entry goes to the sink, or is left when it is not sound. */
sund_code sund_form_entry(sund_form_reading *r, size_t line, sund_interpretation *e, sund_err *err);
/** Text into a field of cap bytes; false when it is too long. */
bool      sund_form_text(char *to, size_t cap, const char *from);
/** An entry with what the ask says. */
void      sund_form_begin(const sund_form_reading *r, sund_interpretation *e);
/** "OMIM", "604370" as a code, or "" where there is none or it is not one. */
void      sund_form_condition(const char *type, const char *value, char out[72]);

/** Comma-separated with double quotes (RFC 4180) into tab-separated; tabs and line breaks in a field become blanks. Errors: SUND_E_FORMAT naming the line. */
sund_code sund_csv_to_tsv(const char *name, const void *p, size_t n, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

sund_code sund_read_clinvar_vcf(sund_form_reading *r, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_read_clinvar_sheet(sund_form_reading *r, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_read_clinvar_report(sund_form_reading *r, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
/** rest: where the document goes on behind these n bytes; NULL: it does not. */
sund_code sund_read_clinvar_xml(sund_form_reading *r, const void *p, size_t n, sund_gz *rest, sund_err *err) SUND_MUST_CHECK;

/** In a submission's object: what entries need, and their array, which is left open. criteria: "PMID:25741868" and others. Errors: SUND_E_ARG for criteria that ClinVar does not take. */
sund_code   sund_clinvar_json_begin(sund_json *j, const char *name, const char *criteria, sund_err *err) SUND_MUST_CHECK;
/** Records that ClinVar should delete; reason: of all, which it publishes, or NULL. */
void        sund_clinvar_json_deletions(sund_json *j, const sund_scvs *gone, const char *reason);
/** part: chromosome, start, REF and ALT. NULL, or why ClinVar takes no such entry. */
const char *sund_clinvar_json_refuses(const sund_interpretation *e, char *const part[4]);
/** An entry that it does not refuse. */
void        sund_clinvar_json_entry(sund_json *j, const sund_interpretation *e, sund_assembly a, char *const part[4]);
/** ClinVar's report, without the lines before its header. skipped: how many these were. old: its header is of the older kind. */
sund_code sund_clinvar_report_table(const char *name, const void *p, size_t n, sund_tsv *t, size_t *skipped, const char **place, sund_err *err) SUND_MUST_CHECK;
/** The attribute of its SequenceLocation element; false when there is none, or it is longer than cap. */
bool      sund_clinvar_location(const char *xml, const char *attribute, char *out, size_t cap);
/** "SCV000123456.1" without its version. false when it is no accession. */
bool      sund_clinvar_accession(const char *s, char out[40]);

#endif
