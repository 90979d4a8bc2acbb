#ifndef SUND_STUDY_NAMED_H
#define SUND_STUDY_NAMED_H

#include "study/view.h"

/** A few variants that a study names in its text: a gene's, say. Owns: sund_named_free(), safe on a zeroed one. */
enum { SUND_NAMED_MAX = 24 };
typedef struct sund_named { size_t n; sund_variant variant[SUND_NAMED_MAX]; sund_assembly assembly; char *text; } sund_named; /* assembly: that accessions among the names say */

/** "20-1000226-A-T, 20-1000300-C-G"; "" is none. What reads genotypes of them refuses a store on another assembly than accessions among the names say: SUND_E_ARG. */
sund_code sund_named_read(sund_named *m, const char *list, sund_err *err) SUND_MUST_CHECK;
void      sund_named_free(sund_named *m);

/** Alternate alleles that a person has over all of them, by store column; -1 where a call is missing. One-copy genotypes count 0 or 2. A variant that the
 *  store lacks is nobody's inside callable regions, and missing outside. out: n_person. */
sund_code sund_named_alleles(const sund_named *m, const sund_view *v, int8_t *out, sund_err *err) SUND_MUST_CHECK;

/** How a person carries them. Two heterozygous variants are in trans when both are phased and their alternate alleles lie on different copies of the same chromosome. */
typedef enum sund_zygosity {
    SUND_ZYG_NONE,       /**< no alternate allele */
    SUND_ZYG_HET,        /**< one variant on one copy */
    SUND_ZYG_CIS,        /**< several, all on one copy */
    SUND_ZYG_UNPHASED,   /**< several heterozygous, and phase does not tell */
    SUND_ZYG_COMPOUND,   /**< on both copies, by different variants */
    SUND_ZYG_BOTH,       /**< homozygous for one, or one copy in all */
    SUND_ZYG_UNCALLED,   /**< a call is missing, and no variant is on both copies */
    SUND_N_ZYG
} sund_zygosity;
const char *sund_zygosity_name(sund_zygosity z);
sund_code   sund_named_zygosity(const sund_named *m, const sund_view *v, uint8_t *out, sund_err *err) SUND_MUST_CHECK;

#endif
