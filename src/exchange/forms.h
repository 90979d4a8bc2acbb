#ifndef SUND_EXCHANGE_FORMS_H
#define SUND_EXCHANGE_FORMS_H

#include "exchange/interpretations.h"

/** The forms in which laboratories exchange interpretations. All are text of others, read strictly.
 *
 *      SUND      tab-separated, our own, whole: variant, gene, condition, class, criteria, evidence, date, laboratory, method, reference, share; only variant and class are needed
 *      VKGL      tab-separated consensus table: chromosome, start, stop, ref, alt, gene, nr_labs, a column for each laboratory with b, lb, vus, lp, p or nothing, consensus, type
 *      VKGL_LAB  tab-separated table of one laboratory: chromosome, start, stop, ref, alt, gene, classification, and others
 *      CLINVAR_VCF     ClinVar's own VCF: CLNSIG, CLNDISDB, CLNREVSTAT, GENEINFO
 *      CLINVAR_SHEET   a submission's Variant sheet, tab- or comma-separated: Chromosome, Start, Reference allele, Alternate allele, Clinical significance ...
 *      CLINVAR_REPORT  ClinVar's answer to a submission, with its accessions
 *      CLINVAR_XML     ClinVar's releases since 2024, by variant (VCV) or by variant and condition (RCV): a row is a submission (SCV)
 *      CLINVAR_JSON    a submission to ClinVar's API; written only */
typedef enum sund_form { SUND_FORM_NONE = 0, SUND_FORM_SUND, SUND_FORM_VKGL, SUND_FORM_VKGL_LAB, SUND_FORM_CLINVAR_VCF, SUND_FORM_CLINVAR_SHEET, SUND_FORM_CLINVAR_REPORT, SUND_FORM_CLINVAR_XML, SUND_FORM_CLINVAR_JSON } sund_form;
const char *sund_form_name(sund_form f); /**< "sund", "vkgl", "vkgl-lab", "clinvar-vcf", "clinvar-sheet", "clinvar-report", "clinvar-xml", "clinvar-json" */
sund_form   sund_form_parse(const char *s);
/** By its header; NONE when it is none of them. */
sund_form   sund_form_guess(const void *p, size_t n);

/** What the file does not say. */
typedef struct sund_form_ask {
    sund_assembly         assembly;
    const sund_reference *ref;        /**< for left-alignment and the check of REF; NULL: alleles are trimmed only */
    const char           *laboratory; /**< needed where the file is one laboratory's */
    const char           *method, *date; /**< where rows have none; may be NULL */
    sund_share            share;      /**< of rows that do not say */
} sund_form_ask;

/** Where rows go. Each line of the file with data gives one entry or more, or is left out with the reason: none is dropped in silence. line counts from 1. */
typedef struct sund_form_sink {
    void *ctx;
    sund_code (*entry)(void *ctx, size_t line, const sund_interpretation *e, sund_err *err);
    void (*left)(void *ctx, size_t line, const char *why);
} sund_form_sink;
typedef struct sund_form_report { size_t n_line, n_entry, n_left; } sund_form_report;

/** Errors: SUND_E_FORMAT naming file and line where the form itself is broken, and then nothing should be kept; SUND_E_ARG where the ask lacks something; the sink's. */
sund_code sund_form_read(sund_form f, const char *name, const void *p, size_t n, const sund_form_ask *ask, const sund_form_sink *to, sund_form_report *report, sund_err *err) SUND_MUST_CHECK;

/** A file, packed or not; *f NONE: by its first bytes, and then *f is what it was. XML is read in memory that does not grow with it, other forms whole: at most 1 GiB. */
sund_code sund_form_read_file(sund_form *f, const char *path, const sund_form_ask *ask, const sund_form_sink *to, sund_form_report *report, sund_err *err) SUND_MUST_CHECK;

/** Which entries: that may go to such an asker, of one laboratory and method where these are not NULL. left: why an entry is not in the form; may be NULL.
 *  Of a CLINVAR_JSON: criteria; reason: why records are to be deleted, which ClinVar publishes, or NULL; deleted: which these are; may be NULL. */
typedef struct sund_form_put {
    sund_asker  who;
    const char *laboratory, *method, *criteria, *reason;
    void (*left)(void *ctx, int64_t entry, const char *why);
    void (*deleted)(void *ctx, const char *accession);
    void *ctx;
} sund_form_put;
/** Entries in the store, written in a form: SUND, VKGL, CLINVAR_VCF, CLINVAR_SHEET and CLINVAR_JSON (one laboratory's only). *n: entries (rows may be fewer).
 *  A VKGL table has the laboratories there are as columns, in the order of their names, and the consensus of VKGL's rules. In a ClinVar VCF variants are aggregated as ClinVar does.
 *  A CLINVAR_JSON is of what may be shown to anybody, by one method, for which criteria stands, and of what was withdrawn and is still at ClinVar (sund_clinvar_withdrawn); at most 10,000 of
 *  each. Errors: SUND_E_ARG. */
sund_code sund_form_write(sund_form f, sund_interpretations *s, const sund_form_put *how, sund_buf *out, size_t *n, sund_err *err) SUND_MUST_CHECK;

#endif
