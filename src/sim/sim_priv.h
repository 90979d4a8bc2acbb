#ifndef SUND_SIM_SIM_PRIV_H
#define SUND_SIM_SIM_PRIV_H

#include "math/random.h"
#include "sim/sim.h"
#include "sim/tree.h"
#include "store/writer.h"

/* Inside of a simulation, bottom-up:
 *
 *     tree.c  genealogies and mutations      cohort.c  who is there, and whose child    place.c  where sites are, and their alleles
 *     paint.c carriers → genotypes           trait.c   planted effects, tables          sim.c    the whole */

/* Streams of random numbers: one purpose each. A tree and a site have streams of their own. */
enum { STREAM_ORDER = 1, STREAM_SEX, STREAM_AGE, STREAM_NOISE, STREAM_CASE, STREAM_PLACE, STREAM_MEASURE, STREAM_TREE = 1 << 20 };
static inline uint64_t stream_tree(uint64_t tree) { return STREAM_TREE + 2 * tree; }
static inline uint64_t stream_site(uint64_t site) { return STREAM_TREE + 2 * site + 1; }

double sund_quick_ln(double x); /**< of a normal x > 0 */
void   sund_shuffle_u32(uint32_t *a, size_t n, sund_rand *r);

/* --- cohort.c --- */
enum { NOBODY = UINT32_MAX };
typedef struct sim_cohort {
    size_t       n, n_country;
    char       (*name)[24];
    const char **name_at, **country_at; /* of each person */
    uint8_t     *sex;
    uint16_t    *country;
    uint32_t    *father, *mother;  /* NOBODY: a founder */
    uint32_t    *child_at, *child; /* children of person i: child[child_at[i]] up to child_at[i + 1] */
    uint8_t     *age;
} sim_cohort;
sund_code sim_cohort_make(sim_cohort *c, const sund_sim *sim, sund_err *err) SUND_MUST_CHECK;
void      sim_cohort_free(sim_cohort *c);
/** Founders' haplotypes, country by country: 2 * person + 0 or 1; one-copy regions have only the first. Returns how many in all. */
size_t    sim_cohort_haplotypes(const sim_cohort *c, sund_copies rule, uint32_t *hap, size_t *n_of);

/* --- place.c --- */
/** A stretch of the genome with one rule of copies, and how many sites fall there. */
typedef struct sim_stretch { sund_region at; sund_copies rule; uint64_t n_site; } sim_stretch;
/** Cuts the regions where the rule changes, leaves out what Y shares with X, and deals out n_site by length. Owns: free(). */
sund_code sim_stretches(const sund_sim *sim, sim_stretch **out, size_t *n, sund_err *err) SUND_MUST_CHECK;
/** Where the next of a stretch's sites lies: ascending, distinct, uniform. */
typedef struct sim_walk { const sim_stretch *s; uint64_t left; uint32_t next_bp; double x; sund_rand r; } sim_walk;
sim_walk sim_walk_of(const sim_stretch *s, uint64_t seed, uint64_t first_site);
uint32_t sim_walk_next(sim_walk *w);
/** REF and ALT at a position of a contig that ends at end_bp; ref and alt hold SIM_ALLELE bytes. */
enum { SIM_ALLELE = 32 };
sund_kind sim_alleles(sund_variant *v, char *ref, char *alt, uint32_t end_bp, sund_rand *r);

/* --- paint.c --- */
/** Genotypes of one site as bit planes. A site that nobody carries is all zero but for `none`. */
typedef struct sim_paint {
    const sim_cohort *c;
    size_t            n_word;
    sund_copies       rule;
    uint64_t         *strand[2], *none, *single; /* who carries on which haplotype; who has no copy here; who has one */
    uint64_t         *missing, *het, *hom;
    uint8_t          *passes; /* bit 0: which haplotype of the father a child has, bit 1: of the mother */
    double            cross_bp; /* where passes was last drawn */
    size_t            n_hap;    /* of everybody under this rule */
} sim_paint;
sund_code sim_paint_init(sim_paint *p, const sim_cohort *c, sund_err *err) SUND_MUST_CHECK;
void      sim_paint_free(sim_paint *p);
void      sim_paint_rule(sim_paint *p, sund_copies rule);
/** Crossovers since the last block of this contig; first: a new contig. */
void      sim_paint_cross(sim_paint *p, bool first, uint32_t pos_bp, sund_rand *r);
/** Paints the carriers' haplotypes; returns the number of copies of ALT. */
size_t    sim_paint_carriers(sim_paint *p, const uint32_t *hap, size_t n);
void      sim_paint_missing(sim_paint *p, double rate, sund_rand *r);
/** Planes for the writers; every het has its phase. They live until the next site. */
void      sim_paint_genotypes(const sim_paint *p, sund_gt *gt, sund_phase *phase);

/* --- trait.c --- */
typedef struct sim_effect { sund_variant v; char ref[SIM_ALLELE], alt[SIM_ALLELE]; double frequency, beta; } sim_effect;
typedef struct sim_trait { const sund_sim *sim; const sim_cohort *c; sim_effect *effect; size_t n_effect; uint64_t n_autosomal, seen; double *score; } sim_trait;
sund_code sim_trait_init(sim_trait *t, const sund_sim *sim, const sim_cohort *c, sund_err *err) SUND_MUST_CHECK;
void      sim_trait_free(sim_trait *t);
/** Plants an effect here if it is time for one and the site is fit; n_autosomal is how many autosomal sites there will be. */
void      sim_trait_site(sim_trait *t, const sund_variant *v, const sim_paint *p, size_t n_alt);
/** samples.tsv, people.tsv, dictionary.tsv, effects.tsv and, where there are families, families.tsv. */
sund_code sim_tables_write(const sim_trait *t, uint64_t *n_case, sund_err *err) SUND_MUST_CHECK;

#endif
