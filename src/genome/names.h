#ifndef SUND_GENOME_NAMES_H
#define SUND_GENOME_NAMES_H

#include "base/buf.h"

/** Other names of variants, from a table with a header, tab-separated:
 *
 *      variant            region              rsid       gene   aminoacid
 *      7-140453136-A-T                        rs113488022 BRAF  V600E
 *                         7:140419127-140624564           BRAF
 *
 *  A row has a variant or a region; of the other columns, those that are known. A gene with a region is all variants of that region; without, those that name it.
 *  Errors name file and line. Owns: sund_names_free(), safe on NULL. Cost: 100 bytes a name; a name is found by bisection. */
typedef struct sund_names sund_names;
sund_code sund_names_parse(sund_names **out, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_names_read(sund_names **out, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_names_free(sund_names *n);
/** What to ask for (genome/query.h), appended: "7-140453136-A-T" or several with commas, or a region. name: "rs113488022"; gene alone, or with an amino-acid change as V600E, p.V600E or
 *  p.Val600Glu. Errors: SUND_E_NOT_FOUND saying what the table lacks; SUND_E_ARG without a table (names NULL). */
sund_code sund_names_rsid(const sund_names *names, const char *rsid, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_names_gene(const sund_names *names, const char *gene, const char *change, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** Whether a word is written as an rsID: rs and digits. */
bool      sund_is_rsid(const char *word);

#endif
