#ifndef SUND_SUMMARY_SCOREFILE_H
#define SUND_SUMMARY_SCOREFILE_H

#include "base/err.h"
#include "genome/contig.h"

#include <stddef.h>
#include <stdint.h>

/** A polygenic score as the PGS Catalog writes it (format 2.0, harmonised or not, plain or gzip): tab-separated, '#' lines first.
 *
 *  Places   hm_chr, hm_pos where the file is harmonised to the assembly asked for; else chr_name, chr_position where genome_build is that assembly.
 *  Alleles  effect_allele, and other_allele or the one of hm_inferOtherAllele; other is NULL when the file gives none.
 *  Rows that are left out are counted by reason; of a variant that is there again the first row counts.
 *  Owns: sund_scorefile_free(), safe on a zeroed one. */
typedef enum sund_score_coding { SUND_SCORE_ADDITIVE, SUND_SCORE_DOMINANT, SUND_SCORE_RECESSIVE } sund_score_coding;

typedef struct sund_score_row {
    uint8_t     contig;
    uint8_t     coding;
    uint32_t    pos_bp; /**< 0-based */
    const char *effect, *other;
    double      weight;
} sund_score_row;

typedef struct sund_scorefile {
    char            id[64], trait[128];
    sund_score_row *row;  /**< in the file's order */
    size_t          n_row, n_line;
    size_t          n_no_place, n_bad_allele, n_bad_weight, n_complex, n_repeated, n_not_autosomal;
    char           *text; /**< what alleles point into */
} sund_scorefile;

/** p: the file's bytes, hostile. Errors: SUND_E_FORMAT naming line or column; SUND_E_MISMATCH when the file gives no places on this assembly. */
sund_code sund_scorefile_parse(sund_scorefile *f, const void *p, size_t n, sund_assembly assembly, sund_err *err) SUND_MUST_CHECK;
void      sund_scorefile_free(sund_scorefile *f);

#endif
