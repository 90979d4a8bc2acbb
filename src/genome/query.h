#ifndef SUND_GENOME_QUERY_H
#define SUND_GENOME_QUERY_H

#include "genome/variant.h"

/** Which variants are asked about: some by name, or those of a region.
 *
 *      20-1000226-A-T,3-45823240-T-C
 *      20:1000001-1000500 [ends=FROM-TO] [type=SNP|MNP|INS|DEL|INDEL|DUP|CNV|BND] [ref=A] [alt=T] [min=1] [max=50]
 *
 *  A region is 1-based with both ends in it, as people write it. Without `ends`, all variants that overlap it; with `ends`, those whose first base lies in the
 *  region and whose last one lies in FROM-TO (a bracket of Beacon). min, max: bases of the longer allele. Errors name the word.
 *  A contig may be an accession, NC_000020.11: then the question is one about that assembly, and its spelling keeps saying so; accessions of two assemblies are refused.
 *  Owns: sund_query_free(). */
enum { SUND_QUERY_NAMES = 256, SUND_QUERY_BASES = 1024 };
typedef enum sund_qtype { SUND_Q_ANY, SUND_Q_SNP, SUND_Q_MNP, SUND_Q_INS, SUND_Q_DEL, SUND_Q_INDEL, SUND_Q_DUP, SUND_Q_CNV, SUND_Q_BND, SUND_N_QTYPE } sund_qtype;
typedef struct sund_query {
    size_t       n_name;
    sund_variant name[SUND_QUERY_NAMES]; /**< normalised */
    char         ref[SUND_QUERY_BASES + 1], alt[SUND_QUERY_BASES + 1]; /**< "" for any; of a region, as all that follows */
    sund_buf     alleles;                /**< of the names */
    sund_region  region;                 /**< when n_name is 0 */
    sund_assembly assembly;              /**< that some contig's accession says, for all of them: places on another are others */
    bool         bracket;
    uint32_t     end_from_bp, end_to_bp; /**< of a bracket: the last base, 0-based, half-open */
    sund_qtype   type;
    uint32_t     min_bp, max_bp;         /**< 0: no bound */
} sund_query;

/** q is large, 13 kB: on the heap, or once on a stack. */
sund_code sund_query_parse(sund_query *q, const char *text, sund_err *err) SUND_MUST_CHECK;
void      sund_query_free(sund_query *q);
/** In its one spelling. */
void      sund_query_print(const sund_query *q, sund_buf *out);
/** Whether a variant is among those of the region. */
bool      sund_query_takes(const sund_query *q, const sund_variant *v);
/** The first base where a variant that the region takes can begin. */
uint32_t  sund_query_from(const sund_query *q);
/** By Beacon's word, in any case: SNP, SNV, MNP, INS, DEL, INDEL, DUP, CNV, BND, and the terms SO:... for them. SUND_N_QTYPE for others. */
sund_qtype sund_qtype_of(const char *word);

#endif
