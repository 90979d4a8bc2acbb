#ifndef SUND_STUDY_PCA_PRIV_H
#define SUND_STUDY_PCA_PRIV_H

#include "stats/krylov.h"
#include "stats/ld.h"
#include "study/tally.h"

/* Principal components, shared between pca.c (rounds, totals, tables) and pca_local.c (own sums, scores).
 *
 *   round 0  people
 *   round 1  "counts": the tally of every candidate: single-base variants of the autosomes
 *   round 2  "linkage": for each common variant, its products with the `window` next ones of its contig; none with r2 = 1
 *   then     "krylov N": for each variant that is kept, H_jl = sum over people of (2^14 g - mu_j) b_il, with b = round(2^16 A Q), missing g counting nothing
 *
 * With `loadings` there are rounds 0 and 1 alone, over the file's variants: scores are sums over those that are common here too, and stay.
 *
 * Bounds at 2^20 people and 2^18 variants: products 2^50; inside a node (2^14 g - mu) q 2^15 2^23 2^18 = 2^56; |b| < 2^31; and |H_jl| is at most 2^30 times
 * |g - mean| <= 2^10 times |A Q| <= 2^19.5 (the root of the trace, 2 n m, for a unit vector): under 2^60. */

enum { PCA_COMPONENTS_MAX = 20, PCA_VARIANTS_MAX = 1 << 18, PCA_PEOPLE_BITS = 16, PCA_REGIONS_MAX = 64 };

typedef enum pca_stage { PCA_PEOPLE, PCA_COUNTS, PCA_LINKAGE, PCA_KRYLOV, PCA_END } pca_stage;

/** A variant by its pooled counts. */
typedef struct pca_variant {
    uint32_t     j;                    /* of the study's range */
    int64_t      het, alt, called, missing;
    sund_ld_site site;                 /* its mean is what genotypes are centred at: 2^14 */
    double       maf, s;               /* s: sqrt(p (1 - p)) */
} pca_variant;

typedef struct pca_own {
    pca_stage    stage;
    size_t       n_component, block, rounds, window;
    double       r2;
    sund_region  without[PCA_REGIONS_MAX];
    size_t       n_without;
    uint32_t    *candidate;            /* of the study's range */
    size_t       n_candidate, n_common, n_kept;
    sund_alleles *count;               /* n_candidate */
    pca_variant *variant;              /* n_candidate once counted; then the n_common first, then the n_kept first */
    uint8_t     *over;                 /* pairs in too close linkage: bit i * window + k */
    sund_krylov *krylov;
    double       trace;                /* sum of all x^2 */
    sund_variant *place;               /* projection: where the variants are, and their weights, n_kept for each component; NULL: components are made */
    double      *weight;
    sund_assembly assembly;
} pca_own;

/** x_j' x_j s_j^2: the sum of (g - mean)^2 over the called. */
double pca_spread(const pca_variant *v);

/** Name of component k's (from 0) variable: pc1_1a2b3c4d, after the study's digest. */
void pca_name(const sund_study *s, size_t k, char name[64]);

/** The round of counts over the places of loadings. */
sund_code pca_places_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code pca_linkage_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code pca_krylov_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
/** A published loadings.tsv into variant, place, weight and n_component (at most what it was): hostile. What was made before an error goes with own. */
sund_code pca_read_loadings(pca_own *own, sund_cur file, sund_assembly assembly, sund_err *err) SUND_MUST_CHECK;
/** Once counted: the places that are common enough in the cohort. Rule dominance. */
sund_code pca_project_choose(sund_state *st, sund_err *err) SUND_MUST_CHECK;
/** Genotypes of more bytes than this are read again for every round (tests set it to 0). */
extern size_t pca_cache_bytes;
/** Scores of unit variance stay with the people at home. */
sund_code pca_keep(const sund_state *st, const sund_view *v, sund_people *people, sund_err *err) SUND_MUST_CHECK;

#endif
