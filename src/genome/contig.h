#ifndef SUND_GENOME_CONTIG_H
#define SUND_GENOME_CONTIG_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/** The 25 primary sequences of the human genome, as numbers: 1..22, X = 23, Y = 24, MT = 25. 0 is none. */
enum { SUND_X = 23, SUND_Y = 24, SUND_MT = 25, SUND_N_CONTIG = 26 };

typedef enum sund_assembly { SUND_ASSEMBLY_NONE = 0, SUND_GRCH37 = 37, SUND_GRCH38 = 38 } sund_assembly;
typedef enum sund_sex { SUND_SEX_UNKNOWN = 0, SUND_MALE = 1, SUND_FEMALE = 2 } sund_sex;

/** How many copies a person has where, by region: AUTOSOME and PAR two each; X two for females, one for males;
 *  Y one for males, none for females; MT one each. */
typedef enum sund_copies { SUND_DIPLOID = 0, SUND_COPIES_X, SUND_COPIES_Y, SUND_COPIES_MT } sund_copies;

/** "chr20", "20", "NC_000020.10" (37), "NC_000020.11" (38), "chrM", "MT", "M", ... -> contig; 0 when not primary.
 *  RefSeq accessions also say the assembly (*assembly set, else SUND_ASSEMBLY_NONE); assembly may be NULL. */
int         sund_contig_parse(const char *name, sund_assembly *assembly);
const char *sund_contig_name(int contig); /**< "1".."22","X","Y","MT" */
/** "refseq:NC_000020.11", or "chr:20" when the assembly is not known. */
void        sund_contig_refseq(sund_assembly a, int contig, char out[40]);
uint32_t    sund_contig_length(sund_assembly a, int contig);
const char *sund_assembly_name(sund_assembly a); /**< "GRCh37", "GRCh38" */
/** "GRCh37", "hg19", "b37", "GRCh38", "hg38", any case. */
sund_code   sund_assembly_parse(const char *s, sund_assembly *out, sund_err *err) SUND_MUST_CHECK;
/** Copies rule at a 0-based position; pseudo-autosomal regions of X (and of Y) are SUND_DIPLOID. */
sund_copies sund_copies_at(sund_assembly a, int contig, uint32_t pos_bp);
/** The end of the stretch around pos_bp where the rule is the same: the next edge of a pseudo-autosomal region, or the contig's end. */
uint32_t    sund_copies_end(sund_assembly a, int contig, uint32_t pos_bp);
/** Copies a person of that sex has there: 0, 1 or 2. Unknown sex: 2 on X, 0 on Y (it cannot be counted there), 1 on MT. */
int         sund_copies_of(sund_copies c, sund_sex sex);

#endif
