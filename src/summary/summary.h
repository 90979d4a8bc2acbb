#ifndef SUND_SUMMARY_SUMMARY_H
#define SUND_SUMMARY_SUMMARY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Association results out of a file of anybody's: what meta-analysis takes in.
 *
 *  Dialects, known by their columns: Sund's own tables, GWAS-SSF, plink2 --glm, regenie, METAL. Tab- or blank-separated, plain or gzip. Effects are of the
 *  effect allele, per allele; odds ratios become logarithms. Rows of other tests than the additive one are passed over.
 *  Owns: sund_summary_free(), safe on a zeroed one. */
typedef struct sund_assoc {
    uint8_t     contig;
    uint32_t    pos_bp;       /**< 0-based */
    const char *other, *effect; /**< upper case, NUL-terminated; alive as long as the summary. `other` is REF where the dialect says which allele is */
    double      beta, se, eaf, n; /**< eaf, n NaN when the file does not say */
} sund_assoc;

typedef struct sund_summary {
    char        name[160];    /**< of the file, without its folder */
    const char *dialect;
    bool        knows_ref;    /**< `other` or `effect` is known to be REF: plink2, regenie, Sund */
    sund_assoc *row;          /**< sorted by contig, position, the two alleles in text order */
    size_t      n_row, n_line;
    size_t      n_no_estimate, n_no_place, n_bad_allele, n_repeated, n_other_test; /**< lines left out, and why */
    double      lambda;
    struct sund_arena *arena;
} sund_summary;

/** Errors: SUND_E_FORMAT naming file and line for lines that cannot be read; naming the columns found when the dialect is unknown. */
sund_code sund_summary_read(sund_summary *s, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_summary_free(sund_summary *s);
/** Whether two files have the same estimates of the same variants, all of them: one study, given twice. */
bool      sund_summary_same(const sund_summary *a, const sund_summary *b);

/** Meta-analysis over files. Alleles are matched as they are written; an effect of the other allele changes sign; alleles of the other strand are matched only
 *  when asked for, never for A/T and C/G; frequencies decide nothing. */
typedef struct sund_meta_file { size_t n_used, n_flipped, n_other_strand, n_palindromic, n_unmatched; } sund_meta_file;
typedef struct sund_meta_plan { bool other_strand, drop_palindromic; size_t min_studies; } sund_meta_plan;

typedef struct sund_meta_row {
    uint8_t     contig;
    uint32_t    pos_bp;
    const char *ref, *alt;
    size_t      k;
    double      n, eaf;
    struct { double beta, se; bool has; } *study; /**< n_file, of ALT */
} sund_meta_row;
/** Calls each(ctx, row) in order of position. file: n_file reports, out. */
typedef sund_code (*sund_meta_each)(void *ctx, const sund_meta_row *row, sund_err *err);
sund_code sund_meta_files(const sund_summary *s, size_t n_file, const sund_meta_plan *plan, sund_meta_file *file, sund_meta_each each, void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
