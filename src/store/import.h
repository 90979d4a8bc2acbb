#ifndef SUND_STORE_IMPORT_H
#define SUND_STORE_IMPORT_H

#include "store/writer.h"

/** VCF, VCF.gz (BGZF or plain gzip) and BCF into one sealed store, by htslib, in a child process that is confined after
 *  opening its files where the system allows it. CRAM and BAM are refused; INFO is never trusted; no index is loaded.
 *
 *  Files may hold different people at the same sites (merged: a person whose files lack a site is hom-ref inside the callable
 *  regions, else missing), or the same people at different sites; a person's genotype given twice for one site is an error
 *  naming both files. */
typedef struct sund_import {
    const char *const *file;
    size_t             n_file;
    const char        *dir;        /**< the store to make */
    const char        *samples;    /**< TSV: person, sex (M, F, U), population; more columns are ignored. Selects and orders people */
    const char        *keep_column, *keep_value; /**< optional: only rows of samples with this value in this column, e.g. country FI */
    sund_assembly      assembly;   /**< SUND_ASSEMBLY_NONE: from the headers, else an error that says how to give it */
    const char        *reference;  /**< FASTA or NULL: REF is checked and indels left-aligned where it is given */
    const char        *callable;   /**< BED or NULL */
    int                min_gq, min_dp; /**< 0: no filter; a genotype below (or without the field) becomes missing */
    double             min_ab;     /**< 0: none; hets whose min(AD)/sum(AD) is below become missing */
    bool               lenient;    /**< leave out records that are unsound, counted by reason, instead of stopping at the first */
    void (*progress)(void *ctx, uint64_t n_record);
    void *ctx;
} sund_import;

/** What happened: printed by `sund import`, and kept in the manifest. */
typedef struct sund_import_report {
    uint64_t n_record, n_site, n_person, n_multiallelic, n_filtered_genotype, n_half_call, n_haploid_het;
    uint64_t n_left_out;            /**< records left out (lenient), or on contigs that are not primary */
    uint64_t n_moved;               /**< left-aligned to another position */
    char     first_left_out[240];   /**< file, line and reason of the first */
} sund_import_report;

/** Errors: name FILE:LINE (or record number for BCF), contig and position, and what to do; never a genotype or sample. */
sund_code sund_store_import(const sund_import *in, sund_import_report *out, sund_err *err) SUND_MUST_CHECK;

/** Calls each(ctx, variant) for every split, normalised allele (SNV, indel, MNV only) of a VCF/BCF's records: for catalogues. */
sund_code sund_vcf_variants(const char *path, const sund_reference *ref, sund_code (*each)(void *ctx, const sund_variant *v, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
