#ifndef SUND_GENOME_HGVS_H
#define SUND_GENOME_HGVS_H

#include "genome/variant.h"

/** Whether a name is of HGVS on a chromosome and leaves out bases: "NC_000020.11:g.1000301_1000302insTG", del, dup, delins, inv; "20:g.5del" too. Substitutions, g.5A>T, are not: sund_variant_parse() reads them. */
bool      sund_is_hgvs_change(const char *s);
/** Such a name as one that says all, "NC_000020.11-1000300-A-ATG", appended (no NUL): by the reference's bases, in normal form, which is leftmost where HGVS's is rightmost; the accession stays.
 *  Errors: SUND_E_ARG for what is none; SUND_E_MISMATCH where bases that are given are not the reference's, or it is of another assembly than the accession says; SUND_E_NOT_FOUND where it has none there.
 *  Source: HGVS nomenclature 21, DNA recommendations. */
sund_code sund_hgvs_spell(const char *s, const sund_reference *ref, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
