#ifndef SUND_STUDY_WGR_PRIV_H
#define SUND_STUDY_WGR_PRIV_H

#include "stats/ridge.h"
#include "study/linear_priv.h"
#include "study/logistic_priv.h"

/* Whole-genome regression, shared between wgr.c (rounds, rules, tables), wgr_totals.c (what totals say), wgr_local.c (own sums), wgr_people.c (values
 * per person) and wgr_logit.c (what follows "level1" when the outcome is binary). People are dealt to folds by a hash of their id. Columns k = 0..n_column-1 are the covariates, then the outcome.
 *
 * Per person everything is an integer, so that no division of people changes a sum:
 *   z   genotype less its mean (the stratum's, or the pooled one), called people; 0 for missing ones: 2^-g_frac. |z| <= 2^(g_frac + 1)
 *   x   column less its mean: WGR_COLUMN_FRAC bits below the variable's step. |x| < 2^52
 *   w   level-0 prediction in its own standard deviations: WGR_PRED_FRAC bits, cut at 64
 *   d   residual of the outcome less what other chromosomes predict, in standard deviations: WGR_REST_FRAC bits, cut at 127
 *
 *   round 0  people
 *   round 1  "cross": 64-bit: people of each fold, strata, for each fold people of the second level of each binary column (0 for others); 128-bit, for each fold: sums of columns, then their products (upper triangle); of x by strata, as
 *            they are without
 *   round 2  "counts": for each variant 64-bit: its tally, then for each fold people hom-ref, het, hom-alt, missing
 *   round 3  "level0": a chunk is a block of variants; for each fold 64-bit: z z (lower triangle); 128-bit: for each variant z x_k
 *   round 4  "level1": an item is a row of W'W; for each fold 128-bit: w w of the row (lower triangle), w x_k, w
 *   round 5  "null": a chunk is a chromosome to be tested; what linear's "cross" has, of the covariates and d
 *   round 6  "sums": linear's, of the covariates and d of the variant's own chromosome
 *
 * Binary outcomes, after round 4:
 *   logistic's "means" and "newton N", of the covariates
 *   "ridge N"  an item is a fold left out and a shrinkage; 128-bit: over the other folds w r for each predictor (r = y - mu: WGR_LOGIT_FRAC bits), r, log-likelihood
 *              (2^-40); log-likelihood of the fold left out
 *   "test N"   logistic's rounds from the null model on, of all chromosomes together, each with its offset
 *
 * Bounds at 2^20 people: z z 2^62 by the choice of g_frac; x x 2^124; z x 2^98; w w 2^76; w x 2^100. */

enum {
    WGR_FOLDS_MAX = 10, WGR_RIDGE_MAX = 10, WGR_CONTIGS = 26, WGR_COLUMN_FRAC = 20, WGR_COEF_FRAC = 36, WGR_PRED_FRAC = 22, WGR_REST_FRAC = 24, WGR_LOGIT_FRAC = 28, WGR_LOGIT_MAX = 60,
    WGR_PRED_MAX = 64 << WGR_PRED_FRAC, WGR_REST_MAX = 2130706432 /* 127 */,
};

/** Products of k columns: with one outcome all of them, as sund_pair_at has them. */
static inline size_t wgr_triangle(size_t k) { return k * (k + 1) / 2; }

typedef struct wgr_block { size_t first, n; int contig; } wgr_block; /* of step 1's variants */

/* A logistic ridge on its way: penalised log-likelihood at the last good beta, log-likelihood of the fold left out (now, and of the null model). */
typedef struct wgr_logit { double curve, loglik, left_out, left_out_0; int asked; bool done; } wgr_logit;

#define WGR_NO_TEST SIZE_MAX

typedef struct wgr_own {
    size_t       n_fold, n_ridge, block_size, n_column;
    double       min_maf;
    int64_t      fold_n[WGR_FOLDS_MAX], n_stratum;
    int64_t      mean[SUND_COLUMN_MAX];       /* of columns, without strata: WGR_COLUMN_FRAC */
    double       fold_x[WGR_FOLDS_MAX][SUND_COLUMN_MAX]; /* sums of x, in the variable's steps */
    double      *xx, *xy, yy[WGR_FOLDS_MAX];  /* products of x by fold */
    double       gamma[SUND_K_MAX], sigma;    /* the outcome on covariates; SD of what is left */
    double       df;
    uint32_t    *step1;                       /* variants of step 1 */
    bool        *fit;                         /* n_variant: fit for step 1 */
    size_t       n_step1, n_block, n_pred;    /* n_pred = blocks x shrinkages: predictor b n_ridge + r */
    wgr_block   *block;
    unsigned     g_frac;
    int64_t     *coef;                        /* [step 1 variant][fold][shrinkage]: predictor in its SD per allele, WGR_COEF_FRAC */
    double      *coef_x;                      /* [predictor][fold][covariate]: per step of the covariate */
    double      *ww, *wx, *w1;                /* level 1 by fold: W'W (lower triangles), W'x [row][column], sums of W */
    double      *level1, *w_mean;             /* [fold][predictor], [predictor]: the outcome's steps per SD of the predictor; mean of it */
    double      *inverse;                     /* [predictor]: 1 / its SD */
    double       r2[WGR_RIDGE_MAX];
    size_t       chosen;
    sund_state   linear;                      /* all tested variants: counts, fits */
    sund_columns_plan plan;                   /* covariates, then d */
    size_t       n_test;                      /* chromosomes tested */
    int          test_contig[WGR_CONTIGS];
    sund_state   test[WGR_CONTIGS];           /* each with its own linear_own, into the arrays of `linear`; or its own logistic_own */
    sund_round   part[WGR_CONTIGS];           /* of this round, a chromosome's */
    bool         binary;
    int          logit_stage;
    unsigned     n_asked, logit_rounds;       /* rounds of this stage; of logistic ridge */
    sund_state   base;                        /* logistic's null model of the covariates */
    wgr_logit   *logit;                       /* [fold][shrinkage] */
    double      *logit_beta, *logit_sure;     /* [fold][shrinkage][predictor], per SD */
    uint32_t     active[WGR_FOLDS_MAX * WGR_RIDGE_MAX];
    size_t       n_active;
} wgr_own;

static inline size_t wgr_row_lanes(const wgr_own *own, size_t row) { return row + 2 + own->n_column; }
/** Lanes of rows [0, row), all folds. */
static inline size_t wgr_rows_lanes(const wgr_own *own, size_t row) { return own->n_fold * (row * (row - (row > 0)) / 2 + row * (own->n_column + 2)); }
enum { WGR_COUNT_FOLD = 4 };
static inline size_t wgr_count_lanes(const wgr_own *own) { return SUND_TALLY_LANES + WGR_COUNT_FOLD * own->n_fold; }
/** Chunk of a round that is put together of chromosomes' (own->part): whose it is, and the chunk there; WGR_NO_TEST for none. */
size_t sund_wgr_part(const wgr_own *own, uint32_t *chunk);

/* --- wgr_logit.c: the rounds of a binary outcome after "level1" --- */
/** lambda of the i-th shrinkage of logistic ridge. */
double    sund_wgr_logit_lambda(const wgr_own *own, size_t shrinkage);
sund_code sund_wgr_logit_plan(sund_state *st, sund_round *r, sund_err *err) SUND_MUST_CHECK;
sund_code sund_wgr_logit_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_wgr_logit_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;

/* --- wgr_totals.c --- */
sund_code sund_wgr_cross_total(sund_state *st, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
sund_code sund_wgr_level0_total(sund_state *st, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
sund_code sund_wgr_level1_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
/** Level 1's ridge, its shrinkage chosen by cross-validation; of a binary outcome only what it needs: predictors of mean 0 and variance 1. */
sund_code sund_wgr_level1_fit(sund_state *st, sund_err *err) SUND_MUST_CHECK;

/* --- wgr_local.c --- */
sund_code sund_wgr_cross_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_wgr_counts_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_wgr_level0_local(const sund_state *st, const sund_view *v, uint32_t chunk, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_wgr_level1_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, sund_vec *out, sund_err *err) SUND_MUST_CHECK;

/** Exact, for |a b| <= 2^56. */
sund_i128 sund_wgr_dot(const int32_t *a, const int32_t *b, size_t n);

/* --- wgr_people.c --- */

/** A node's own people, in order of fold, then stratum; and what is computed of them. Personal data. Kept with the view (sund_view_kept). */
typedef struct wgr_people {
    const sund_view *v;
    size_t    n, n_group;   /* groups: fold * n_stratum + stratum */
    uint32_t *at;           /* n: store columns */
    size_t   *start;        /* n_group + 1 */
    int64_t  *mean;         /* [stratum][column]: WGR_COLUMN_FRAC */
    uint64_t *plane[WGR_FOLDS_MAX]; /* of the store's columns */
    int32_t  *w;            /* [predictor][person]; NULL until asked, and again after `part` is there */
    double   *part;         /* [contig - 1][person]: what a chromosome predicts; NULL until asked */
    int32_t  *rest;         /* d by store column */
    double   *offset;       /* by store column: what other chromosomes predict, in log odds */
    bool      has_with;
    size_t    with_test;    /* the test that `with` is of */
    sund_view with;         /* the view with d for its outcome, its sums and whole its own; or with the offset, over the chromosome's variants */
} wgr_people;

sund_code sund_wgr_people(const sund_state *st, const sund_view *v, wgr_people **out, sund_err *err) SUND_MUST_CHECK;
/** x of a person: column k, less its mean. */
int64_t   sund_wgr_x(const wgr_people *p, size_t pos, size_t k, size_t stratum);
/** Genotype codes of a block's variants by position, [variant][person]; mean: [variant][stratum], 2^-g_frac. Both are the caller's to free. */
sund_code sund_wgr_codes(const sund_state *st, const wgr_people *p, const wgr_block *b, uint8_t **code, int64_t **mean, sund_err *err) SUND_MUST_CHECK;
/** Fills p->w. */
sund_code sund_wgr_predict(const sund_state *st, wgr_people *p, sund_err *err) SUND_MUST_CHECK;
/** The view whose outcome is d for variants of a test's chromosome. */
sund_code sund_wgr_rest(const sund_state *st, wgr_people *p, size_t test, const sund_view **out, sund_err *err) SUND_MUST_CHECK;
/** The view with the offset of a test's chromosome; WGR_NO_TEST: without one. */
sund_code sund_wgr_offset(const sund_state *st, wgr_people *p, size_t test, const sund_view **out, sund_err *err) SUND_MUST_CHECK;
/** What chromosomes other than contig predict for a person, in steps of the outcome, or in log odds. */
double    sund_wgr_loco(const wgr_people *p, size_t pos, int contig);
/** Fills p->part. */
sund_code sund_wgr_parts(const sund_state *st, wgr_people *p, sund_err *err) SUND_MUST_CHECK;

#endif
