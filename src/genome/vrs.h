#ifndef SUND_GENOME_VRS_H
#define SUND_GENOME_VRS_H

#include "genome/variant.h"

enum { SUND_REFGET_SIZE = 36, SUND_VRS_SIZE = 48 };

/** "SQ." and the sha512t24u of a chromosome's bases in upper case: its refget accession. Errors: SUND_E_NOT_FOUND where the file has not the whole of it, as long as it is on that assembly (NONE: GRCh37 or GRCh38). */
sund_code sund_refget(const sund_reference *ref, sund_assembly a, int contig, char out[SUND_REFGET_SIZE], sund_err *err) SUND_MUST_CHECK;

/** The computed identifier of a variant, by GA4GH VRS 2.0: "ga4gh:VA." and the digest of its Allele, justified over the whole stretch in which it could be written. sq: of its chromosome.
 *  Errors: SUND_E_ARG for what is no sequence variant; SUND_E_MISMATCH where REF is not the reference's; SUND_E_NOT_FOUND where the reference ends before the stretch does.
 *  Source: vrs.ga4gh.org, "Computed Identifiers" and "Normalization"; held against ga4gh/vrs's vectors in test_vrs. */
sund_code sund_vrs_id(const sund_reference *ref, const char *sq, const sund_variant *v, char out[SUND_VRS_SIZE], sund_err *err) SUND_MUST_CHECK;

/** A reference with its chromosomes' accessions, each computed when it is first needed (about a second for the longest). a: whose lengths they must have; NONE: of either. Owns: sund_vrs_close(), safe on NULL. */
typedef struct sund_vrs sund_vrs;
sund_code sund_vrs_open(sund_vrs **s, const char *fasta, sund_assembly a, sund_err *err) SUND_MUST_CHECK;
/** All that the file has, now: from then on threads can share it. Errors: SUND_E_NOT_FOUND when it has no whole chromosome. */
sund_code sund_vrs_all(sund_vrs *s, sund_err *err) SUND_MUST_CHECK;
void      sund_vrs_close(sund_vrs *s);
/** Its bases. */
const sund_reference *sund_vrs_reference(const sund_vrs *s);
/** As sund_vrs_id. */
sund_code sund_vrs_variant(sund_vrs *s, const sund_variant *v, char out[SUND_VRS_SIZE], sund_err *err) SUND_MUST_CHECK;

#endif
