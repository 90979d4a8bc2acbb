#ifndef SUND_STORE_EXPORT_H
#define SUND_STORE_EXPORT_H

#include "store/writer.h"

/** Writes VCF.gz (BGZF) or BCF, biallelic rows with GT alone: what `sund import` reads back as the same store. The file is made as PATH.part
 *  and gets its name when it is whole. */
typedef struct sund_export sund_export;

typedef struct sund_export_plan {
    bool               bcf;
    sund_assembly      assembly; /**< contigs are called chr1 in GRCh38, 1 in GRCh37 */
    size_t             n_person;
    const char *const *person;
    const uint8_t     *sex;    /**< sund_sex: says how many copies are written where */
    bool               phased; /**< homozygotes are written 0|0, else 0/0; hets by their own bit */
    const char        *source; /**< for ##source: one line */
    unsigned           n_thread; /**< for compression */
} sund_export_plan;

/** The plan's arrays must outlive the writer. Errors: SUND_E_IO naming the file, SUND_E_ARG for names that VCF cannot hold. */
sund_code sund_export_open(sund_export **e, const char *path, const sund_export_plan *plan, sund_err *err) SUND_MUST_CHECK;
/** Next row; gt (dense) and phase as for sund_store_writer_add(). */
sund_code sund_export_add(sund_export *e, const sund_variant *v, const sund_gt *gt, const sund_phase *phase, sund_err *err) SUND_MUST_CHECK;
/** Flushes, syncs and renames. */
sund_code sund_export_seal(sund_export *e, sund_err *err) SUND_MUST_CHECK;
void      sund_export_close(sund_export *e); /**< frees; safe on NULL */

#endif
