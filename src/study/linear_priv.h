#ifndef SUND_STUDY_LINEAR_PRIV_H
#define SUND_STUDY_LINEAR_PRIV_H

#include "math/exact.h"
#include "stats/linear.h"
#include "stats/planes.h"
#include "study/tally.h"

/* Linear association, shared between linear.c (rounds, table), linear_local.c (own sums) and linear_fit.c (what totals say); wgr.c tests its residuals with
 * the same functions.
 *
 * Columns k = 0..n_column-1 are the covariates, then the traits; q.q are the products that the model needs (sund_pair_at: no trait with another).
 * g is the coded genotype. What each eligible variant sends:
 *
 *   strata, missing = mean   64-bit: gg (2^-32), then g.q_k (2^-frac[k]); centred in each stratum, missing calls at its mean
 *   none,   missing = mean   64-bit: sum g (2^-32), sum g^2 (2^-32), sum g q_k (2^-frac[k]); missing calls at the pooled mean S/M
 *   strata, missing = drop   64-bit: called, strata with anyone called; 128-bit: q.q, g q_k, g g, centred (2^-32)
 *   none,   missing = drop   64-bit: called, sum g, sum g^2; 128-bit: sum q_k, then sum g q_k, then q.q
 *
 * With an interaction (missing = drop only), h = g e for a covariate e, behind these: 128-bit h q_k, h g, h h, centred with strata.
 *
 * and the `cross` round, once:
 *   strata                   64-bit: people, strata;  128-bit: q.q, centred (2^-32)
 *   none                     64-bit: people;          128-bit: sum q_k, then q.q
 */
typedef struct linear_fit { double beta, se, nlog10p; } linear_fit;
/** With an interaction: of the product, and of both together. The variant's own fit is then its effect where the covariate is 0. */
typedef struct linear_gxe { double beta, se, nlog10p, joint_nlog10p; } linear_gxe;

/** How a genotype is counted: additive 0 1 2, dominant 0 1 1, recessive 0 0 1; alternate alleles of one copy as two. */
typedef enum linear_coding { LINEAR_ADDITIVE, LINEAR_DOMINANT, LINEAR_RECESSIVE } linear_coding;
typedef struct linear_weight { int64_t het, hom; } linear_weight;
extern const linear_weight sund_linear_weight[]; /**< by coding */

typedef struct linear_own {
    size_t           n_column, n_trait;      /* covariates and traits; traits */
    linear_coding    coding;
    unsigned         frac[SUND_COLUMN_MAX];
    sund_alleles    *count;                  /* n_variant: from round 1 */
    uint32_t        *eligible;               /* variants that phase 2 asks, ascending */
    size_t           n_eligible;
    linear_fit      *fit;                    /* n_trait for each of n_eligible */
    bool             crossed;                /* with an interaction, of the genotype with column `by` */
    size_t           by;
    linear_gxe      *gxe;                    /* as fit; NULL without */
    int64_t          n_stratum;
    sund_i128        sum[SUND_COLUMN_MAX];   /* pooled column sums, without strata */
    sund_linear        model;
    sund_linear_trait *trait;                /* n_trait */
} linear_own;

enum { LINEAR_FRAC = 32 };

typedef struct linear_shape { size_t n64, n128; } linear_shape; /* lanes a variant */

linear_shape sund_linear_shape(const sund_state *st);
/** Words a variant, for the size of chunks. */
static inline size_t sund_linear_words(linear_shape s) { return s.n64 + 2 * s.n128; }

/** One variant over one stratum. Column n_column is 1 for every member, so these are also counts. */
typedef struct linear_sums {
    int64_t dose[SUND_COLUMN_MAX + 1], lost[SUND_COLUMN_MAX + 1]; /* sums over g q, and over the missing */
    int64_t square;                                               /* sum over g g */
    size_t  n_lost;                                               /* the missing, in a list */
} linear_sums;
/** Gives put the sums of eligible variants [from, from + n) over each stratum, on threads, each variant on one. st->own begins with a linear_own. */
typedef sund_code (*linear_put)(const void *ctx, size_t item, size_t s, const linear_sums *x, const uint32_t *missing, sund_err *err);
sund_code sund_linear_walk(const sund_state *st, const sund_view *v, size_t from, size_t n, unsigned n_thread, linear_put put, const void *ctx, sund_err *err) SUND_MUST_CHECK;
/** Counts of every variant, in chunks of SUND_TALLY_LANES lanes an item; and their total, into own->count. */
/** The model of covariates, and a trait in it, from centred products (sund_pair_at) of one set of people. */
sund_code sund_linear_model(const sund_columns_plan *p, const double *pair, double df, sund_linear *m, sund_err *err) SUND_MUST_CHECK;
sund_code sund_linear_model_trait(const sund_columns_plan *p, const double *pair, size_t t, const sund_linear *m, sund_linear_trait *y, sund_err *err) SUND_MUST_CHECK;

/** The state's linear_own, for its plan and variants; and its end. */
sund_code sund_linear_begin(sund_state *st, sund_err *err) SUND_MUST_CHECK;
void      sund_linear_end(sund_state *st);
/** Which variants phase 2 asks, from the counts: common enough, varying, missing for nobody or for enough people, and not on Y. */
sund_code sund_linear_choose(sund_state *st, sund_err *err) SUND_MUST_CHECK;
/** Fraction bits: as many as keep |sum| <= n * 2 * 2 max|q| 2^frac under 2^61. */
void      sund_linear_fractions(sund_state *st);
sund_code sund_linear_cross_total(sund_state *st, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
sund_code sund_linear_sums_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
/** The association table, through the gate's rules. */
sund_code sund_linear_table(sund_state *st, sund_release *out, sund_err *err) SUND_MUST_CHECK;
/** Sum of the coded genotypes, and people who are not 0. */
int64_t sund_linear_dose(linear_coding coding, const sund_alleles *a);
int64_t sund_linear_carriers(linear_coding coding, const sund_alleles *a);

/* ---- with an interaction: linear_gxe.c ---- */

/** People by whether they carry, and by whether they lack a copy, in four classes of the covariate's value. */
enum { LINEAR_LEVELS = 8 };
/** The study file is sound in this. Errors: SUND_E_ARG. */
sund_code sund_gxe_check(const sund_study *s, sund_err *err) SUND_MUST_CHECK;
/** Which column it is. Errors: SUND_E_ARG for a variable of several columns. */
sund_code sund_gxe_begin(sund_state *st, sund_err *err) SUND_MUST_CHECK;
sund_code sund_gxe_levels_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
/** Takes a variant off the eligible ones (marks it) when its carriers do not differ enough in the covariate. */
sund_code sund_gxe_levels_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
sund_code sund_gxe_choose(sund_state *st, sund_err *err) SUND_MUST_CHECK;
/** The lanes behind those of the variants alone. */
sund_code sund_gxe_sums_local(const sund_state *st, const sund_view *v, size_t from, size_t n, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;

/** What missing = drop sends of one variant: the model over its own people. */
typedef struct linear_drop {
    sund_i128           m, one; /* people, strata (or the sum of g) */
    double              pair[SUND_K_MAX * SUND_K_MAX], c[SUND_COLUMN_MAX], cgg;
    sund_linear         model;
    sund_linear_variant g;
    bool                varies;
} linear_drop;
/** Fits of one variant from that and the lanes behind. */
sund_code sund_gxe_fit(const sund_state *st, const linear_drop *d, const sund_vec *t, size_t wide, linear_fit *fit, linear_gxe *gxe, sund_err *err) SUND_MUST_CHECK;
static inline double sund_linear_fixed(sund_i128 x, unsigned frac) { return sund_i128_double(x) / (double) (1ULL << frac); } /**< a power of two out: exact */

sund_code sund_linear_cross_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_linear_sums_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
static inline sund_code bad_total(sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "a total is impossible, or has another shape than its round"); }

#endif
