#ifndef SUND_GENOME_VARIANT_H
#define SUND_GENOME_VARIANT_H

#include "base/buf.h"
#include "genome/contig.h"
#include "genome/reference.h"

enum { SUND_ALLELE_MAX = 65535 };

typedef enum sund_kind {
    SUND_KIND_SNV = 0, SUND_KIND_INDEL, SUND_KIND_MNV,
    SUND_KIND_SYMBOLIC, /**< <DEL>, <CN0>, <INS:ME:ALU> */
    SUND_KIND_BREAKEND,
    SUND_KIND_STAR,     /**< '*', allele missing because of an overlapping deletion */
    SUND_N_KIND
} sund_kind;

/** One biallelic variant. Alleles are upper case, not NUL-terminated, owned elsewhere. */
typedef struct sund_variant {
    int         contig;
    uint32_t    pos_bp; /**< 0-based */
    const char *ref, *alt;
    uint32_t    n_ref, n_alt;
} sund_variant;

/** Order of catalogues and stores: contig, position, REF bytes (shorter first when one is a prefix), ALT bytes. */
int sund_variant_cmp(const sund_variant *a, const sund_variant *b);

/** Kind by alleles. Errors: SUND_E_FORMAT for alleles that VCF does not allow (letters outside ACGTN in REF, ...). */
sund_code sund_variant_kind(const sund_variant *v, sund_kind *kind, sund_err *err) SUND_MUST_CHECK;

/** Minimal, left-aligned form of a sequence variant (SNV, INDEL, MNV): trims the common suffix then prefix, keeps one
 *  anchor base for indels, and, where ref is not NULL, rolls left over the reference. Others are left as they are.
 *  Alleles may then point into scratch, which must not be the buffer that holds them before; without ref it may be NULL. Errors: SUND_E_MISMATCH when REF differs from the reference (position named).
 *  Source: Tan, Abecasis, Kang, Bioinformatics 2015. */
sund_code sund_variant_normalise(sund_variant *v, const sund_reference *ref, sund_buf *scratch, sund_err *err) SUND_MUST_CHECK;

/** "20-1000226-A-T", "chr20:1000226:A:T", "20_1000226_A_T", "20_1000226_A/T", "20:1000226 A>T", "20:1000226A>T", of HGVS substitutions, "NC_000020.11:g.1000226A>T" or "chr20:g.1000226A>T",
 *  and SPDI, "NC_000020.10:1000225:A:T", whose position is 0-based -> variant; alleles point into
 *  store (caller's, SUND_ALLELE_MAX not needed: at most 1024 bytes each here). Errors name the part that is wrong. HGVS that leaves out bases: genome/hgvs.h. */
sund_code sund_variant_parse(const char *s, sund_variant *v, sund_buf *store, sund_err *err) SUND_MUST_CHECK;

/** A variant's name, by any of these, as its own: its normal form printed, as far as that goes without a reference. NUL-terminated; out is replaced. */
sund_code sund_variant_name(const char *s, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** "20-1000226-A-T", 1-based. */
void sund_variant_print(const sund_variant *v, sund_buf *out);
/** The same with another name of its contig, such as its accession. */
void sund_variant_print_on(const sund_variant *v, const char *contig, sund_buf *out);

/** The assembly that a variant's or a region's name says by its contig's accession, "NC_000020.11:g.1000226A>T"; SUND_ASSEMBLY_NONE for all other names. */
sund_assembly sund_named_assembly(const char *name);
/** Whether places that a question says to be on one assembly (or on none: any will do) are those of data on another. Errors: SUND_E_ARG naming both. */
sund_code sund_assembly_fits(sund_assembly said, sund_assembly data, sund_err *err) SUND_MUST_CHECK;

/** A half-open region, 0-based. "20:1000000-2000000" (1-based inclusive), "chr20", "X:1-100". */
typedef struct sund_region { int contig; uint32_t from_bp, to_bp; } sund_region;
sund_code sund_region_parse(const char *s, sund_region *r, sund_err *err) SUND_MUST_CHECK;

#endif
