#ifndef SUND_STORE_IMPORT_H
#define SUND_STORE_IMPORT_H

#include "base/c4gh.h"
#include "store/writer.h"

/** VCF, VCF.gz (BGZF or plain gzip) and BCF into one sealed store, in a child process that is confined where the system
 *  allows it. Everything else is refused by name. INFO is never read; no index is loaded.
 *
 *  Files    may hold different people at the same sites, or the same people at different sites. A person whose files
 *           lack a site is hom-ref where the site lies in the callable regions, else missing. Each file is in the order
 *           1-22, X, Y, MT. A person's genotype given twice for one site is an error naming both records; with lenient
 *           the first file's, and in a file the first record's, is kept.
 *  Records  are split: in the row of one allele every other allele counts as not this one. SNVs, indels and MNVs are
 *           made minimal, and left-aligned where there is a reference; '*', symbolic alleles and breakends are kept as
 *           they are. "No other allele" (., <*>, <NON_REF>) makes no row.
 *  Copies   one-copy regions: 1, 1/1, 1/. and ./1 are one copy of 1; 0/1 becomes missing (n_haploid_het). Elsewhere 0/.
 *           and 1 are half calls and become missing, as does a call of three alleles or more (n_half_call).
 *  Unsound  records (letters that are no bases, no GT, more or fewer columns, alleles that are not there, positions
 *           behind the end, REF other than the reference, unsorted, a line without end) stop the import, or are left
 *           out with lenient. Records on contigs that are not primary are always left out. A damaged or cut file stops
 *           the import in any case.
 *  Threads  inflate and parse; sites are written by one, in order. SUND_IMPORT=slow in the environment lets every byte come by htslib and every
 *           genotype be parsed by itself, for tests: the store is the same.
 *  Resumes  an import of the same files with the same options that was interrupted. */
typedef struct sund_import {
    const char *const *file;
    size_t             n_file;
    const char        *dir;     /**< the store to make */
    const char        *samples; /**< TSV: person, sex (M, F, U), population if wanted; more columns are ignored. Selects
                                     and orders people. NULL: everyone, of unknown sex */
    const char        *keep_column, *keep_value; /**< only rows with this value there, e.g. country FI; or NULL */
    sund_assembly      assembly;  /**< SUND_ASSEMBLY_NONE: from the headers, else an error that says how to give it */
    const char        *reference; /**< FASTA or NULL: REF is checked and indels left-aligned where it is given */
    const char        *callable;  /**< BED or NULL */
    int                min_gq, min_dp; /**< 0: no filter; a genotype below (or without the field) becomes missing */
    double             min_ab;    /**< 0: none; hets whose rarer allele has less of both alleles' AD become missing */
    unsigned           n_thread; /**< 0: all processors; any number gives the same bytes */
    const sund_store_key *key;   /**< encrypts the store, and what is left of it when the import is stopped; NULL: not encrypted */
    const sund_c4gh     *c4gh;   /**< for each file what opens it (sund_import_c4gh()), or NULL: none is encrypted */
    bool               lenient;   /**< leave out records that are unsound instead of stopping at the first */
    void (*progress)(void *ctx, uint64_t n_record); /**< in this process, about ten times a second */
    void *ctx;
} sund_import;

/** What happened: printed by `sund import`. Genotypes are counted once a record, of the people who are kept. */
typedef struct sund_import_report {
    uint64_t n_record, n_site, n_person, n_multiallelic, n_filtered_genotype, n_half_call, n_haploid_het;
    uint64_t n_half_call_x;       /**< of the half calls those of X where women have two copies */
    uint64_t n_left_out;          /**< records left out (lenient), or on contigs that are not primary */
    uint64_t n_moved;             /**< rows that moved to another position when made minimal or left-aligned */
    char     first_left_out[240]; /**< file, line and reason of the first */
} sund_import_report;

/** Reads the headers of those of the files that are encrypted by Crypt4GH, with the secret key of a file: what comes out opens these files and no others, so the child that reads them never has
 *  the secret key. Owns: sund_secret_free(). Errors name the file: SUND_E_DENIED when one is not for this key. */
sund_code sund_import_c4gh(const char *key_file, const char *const *file, size_t n_file, sund_c4gh **out, sund_err *err) SUND_MUST_CHECK;
/** Errors name FILE:LINE (or record number for BCF), contig, position, and what to do; never a genotype or sample. */
sund_code sund_store_import(const sund_import *in, sund_import_report *out, sund_err *err) SUND_MUST_CHECK;

/** Calls each(ctx, variant) for every split, normalised allele (SNV, indel, MNV only) of a VCF or BCF, in this process: for catalogues. What is passed over
 *  is added to *passed; anything unsound is an error, and so is a file whose header says another assembly. */
typedef struct sund_vcf_passed { uint64_t n_symbolic, n_contig; } sund_vcf_passed; /**< symbolic alleles, breakends and '*'; records of contigs that are not primary */
sund_code sund_vcf_variants(const char *path, sund_assembly assembly, const sund_reference *ref, sund_vcf_passed *passed,
                            sund_code (*each)(void *ctx, const sund_variant *v, sund_err *err), void *ctx,
                            sund_err *err) SUND_MUST_CHECK;

#endif
