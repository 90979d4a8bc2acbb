#ifndef SUND_GENOME_REFERENCE_H
#define SUND_GENOME_REFERENCE_H

#include "base/err.h"
#include "genome/contig.h"

#include <stddef.h>

/** A reference sequence: a plain FASTA file, mapped; contigs by their aliases; may hold only some of them, or pieces:
 *  a header ">20:1000001-2000000" gives its offset. Owns: sund_reference_close(), safe on NULL. */
typedef struct sund_reference sund_reference;
sund_code sund_reference_open(sund_reference **r, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_reference_close(sund_reference *r);
/** Upper-case base at a 0-based position, or 0 where the file has none. */
char      sund_reference_base(const sund_reference *r, int contig, uint32_t pos_bp);
/** Upper-case bases from a position on, as far as they are in one piece, at most n. Returns how many. */
size_t    sund_reference_copy(const sund_reference *r, int contig, uint32_t pos_bp, char *out, size_t n);

#endif
