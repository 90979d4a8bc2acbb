#ifndef SUND_EXCHANGE_VKGL_H
#define SUND_EXCHANGE_VKGL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/** What the Dutch laboratories do a few times a year: from their consensus table, and from what ClinVar has of each already, the sheets that each submits now. Rules and forms are those of
 *  molgenis/vkgl-clinvar.
 *
 *  Submitted  what one laboratory says of a variant, where two or more classify it (or --single) and they agree or totally agree; of one variant in several genes the most severe class, and
 *             then the first gene by name. Not where ClinVar has the same class and gene already, nor events of more than 15 bases.
 *  Deleted    what ClinVar has that the table does not, or not as an agreement.
 *  Logs       RELEASE_UNCHANGED, _UPDATED, _REMOVED: accessions with what came of them, read again in the next cycle. */
typedef struct sund_vkgl_text {
    const char *name; /**< for messages */
    const char *lab;  /**< reports: whose */
    const void *p;    /**< NULL: there is none */
    size_t      n;
} sund_vkgl_text;

typedef struct sund_vkgl_cycle {
    const char           *release; /**< in the files' names and comments */
    bool                  single;  /**< variants of one laboratory too */
    sund_vkgl_text        consensus, deletes, pseudogenes;
    const sund_vkgl_text *mapping, *report;
    size_t                n_mapping, n_report;
} sund_vkgl_cycle;

/** Each file that results goes to `file`: LAB_RELEASE.Variant.tsv, LAB_RELEASE.Deletes.tsv for each laboratory, RELEASE_REMOVED_identifiers.tsv and its two sisters.
 *  Errors: SUND_E_FORMAT naming file and line; SUND_E_MISMATCH for an accession that is there twice, or a laboratory that the table does not have. */
typedef sund_code (*sund_vkgl_out)(void *ctx, const char *file, const void *p, size_t n, sund_err *err);
sund_code sund_vkgl_submit(const sund_vkgl_cycle *c, sund_vkgl_out file, void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
