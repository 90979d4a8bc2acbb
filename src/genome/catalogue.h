#ifndef SUND_GENOME_CATALOGUE_H
#define SUND_GENOME_CATALOGUE_H

#include "base/crypto.h"
#include "genome/variant.h"

/** A public list of variants, pinned by its digest: the layout of every study's sum vectors.
 *
 *  File  text: "#sund-catalogue\t1\tGRCh37" then one "contig<TAB>pos<TAB>REF<TAB>ALT" a line (1-based, normalised, sorted by
 *        sund_variant_cmp, no duplicates); LF only. The digest is BLAKE2b-256 of exactly these bytes, so there is one file per list.
 *  Errors SUND_E_FORMAT naming the line for anything unsorted, repeated, not normalised or malformed.
 *  Owns: sund_catalogue_free(), safe on NULL. Threads: read-only after parse. */
typedef struct sund_catalogue sund_catalogue;
sund_code     sund_catalogue_parse(sund_catalogue **c, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code     sund_catalogue_read(sund_catalogue **c, const char *path, sund_err *err) SUND_MUST_CHECK; /**< at most 16 GiB */
void          sund_catalogue_free(sund_catalogue *c);
size_t        sund_catalogue_n(const sund_catalogue *c);
sund_variant  sund_catalogue_at(const sund_catalogue *c, size_t j);
sund_assembly sund_catalogue_assembly(const sund_catalogue *c);
sund_digest   sund_catalogue_digest(const sund_catalogue *c);
/** Variants whose position lies in the region: [*first, *last). */
void          sund_catalogue_range(const sund_catalogue *c, const sund_region *r, size_t *first, size_t *last);

/** Builds the file's bytes from variants in any order; duplicates fall together. */
typedef struct sund_catalogue_builder sund_catalogue_builder;
sund_code sund_catalogue_builder_new(sund_catalogue_builder **b, sund_assembly a, sund_err *err) SUND_MUST_CHECK;
sund_code sund_catalogue_builder_add(sund_catalogue_builder *b, const sund_variant *v, sund_err *err) SUND_MUST_CHECK;
sund_code sund_catalogue_builder_end(sund_catalogue_builder *b, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
void      sund_catalogue_builder_free(sund_catalogue_builder *b);

#endif
