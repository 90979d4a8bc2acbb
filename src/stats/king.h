#ifndef SUND_STATS_KING_H
#define SUND_STATS_KING_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** KING-robust kinship of every pair of people, by counting bits.
 *
 *  Over the variants at which both were called, with het_i, het_j their heterozygotes, hethet where both are, ibs0 where they share no allele:
 *
 *      phi = 1/2 - (4 ibs0 + (het_i - hethet) + (het_j - hethet)) / (4 min(het_i, het_j))
 *          = (2 (hethet - 2 ibs0) - |het_i - het_j|) / (4 min(het_i, het_j))
 *
 *  1/2 for one person twice and identical twins, 1/4 first degree, 1/8 second, 1/16 third, about 0 or below for others, whatever populations they are of.
 *  Source  Manichaikul et al., Bioinformatics 26:2867 (2010), equation 11, as plink2 --make-king has it.
 *
 *  A person is a row of two bits a variant: x homozygote of either kind, y carrier of ALT; neither: missing. Pairs are looked at by hethet - 2 ibs0 alone;
 *  it bounds phi from above, so only pairs that may reach the threshold are counted whole, and none that does is lost.
 *  Versions for AVX-512, AVX2 and portable C (base/cpu.h) give identical integers. */
typedef struct sund_king sund_king;

/** Bytes: n_person times n_snv / 4, rounded up to 128. Owns: sund_king_free(), safe on NULL. */
sund_code sund_king_new(sund_king **k, size_t n_person, size_t n_snv, sund_err *err) SUND_MUST_CHECK;
void      sund_king_free(sund_king *k);

/** Genotypes of variants [64 block, 64 block + 64): planes x and y of n_word words for each, variant by variant (64 n_word words each; zeros behind the
 *  last variant). row[i]: the row of the plane's person i, UINT32_MAX for none. Threads: different blocks at once. */
void sund_king_put(sund_king *k, size_t block, const uint64_t *x, const uint64_t *y, size_t n_word, const uint32_t *row, size_t n_row);
/** Once all blocks are put: counts heterozygotes. */
void sund_king_ready(sund_king *k);

typedef struct sund_king_pair { uint32_t i, j, n_snv, hethet, ibs0, het_i, het_j; } sund_king_pair; /**< i < j: rows; the counts: both called */
/** NaN where one of them has no heterozygote. */
double sund_king_kinship(const sund_king_pair *p);
/** 0 twins or one person, 1 to 3 degrees, 4 none: phi above 2^-1.5, 2^-2.5, 2^-3.5, 2^-4.5. */
int    sund_king_degree(double phi);

/** Every pair with phi >= least, in the order of i, then j; band by band: memory holds one band's pairs. done: pairs looked at so far, of n (n-1) / 2. */
typedef sund_code (*sund_king_found)(void *ctx, const sund_king_pair *p, size_t n, uint64_t done, sund_err *err);
sund_code sund_king_pairs(const sund_king *k, double least, unsigned n_thread, sund_king_found found, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** A large set of unrelated people, greedily: whoever has most relatives left goes (of several, who comes last), until nobody has any; then whoever has no
 *  relative in the set comes back, in order. pair: 2 n_pair rows, each pair once. out[i] true: i is left out. Same pairs, same set, in any order. */
sund_code sund_king_unrelated(size_t n_person, const uint32_t *pair, size_t n_pair, bool *out, sund_err *err) SUND_MUST_CHECK;

#endif
