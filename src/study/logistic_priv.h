#ifndef SUND_STUDY_LOGISTIC_PRIV_H
#define SUND_STUDY_LOGISTIC_PRIV_H

#include "stats/logistic.h"
#include "stats/planes.h"
#include "stats/spa.h"
#include "study/tally.h"

/* Logistic association, shared between logistic.c (rounds), logistic_fit.c (regressions by Newton's method: the null model, Wald, Firth),
 * logistic_score.c (score test), logistic_tail.c (saddlepoint tails, Firth of one covariate) and logistic_table.c (what is released).
 *
 * Columns k = 0..k-1 are the covariates, column k the outcome. What leaves a node, masked:
 *
 *   people, counts   as every association
 *   means            64-bit: people, cases, strata, strata that have no cases or no controls, sums of the covariates
 *   newton N         strata: 128-bit: score (p), information (upper triangle), log-likelihood, each stratum's part rounded at 2^-32; p = covariates
 *                    none:   128-bit: sund_logistic_pooled; p = 1 + covariates
 *   wald N, firth N  the same for every variant that is asked: p is one more; the genotype is the last column, in steps of 2^-29
 *   score            strata: 64-bit: U (2^-frac_u), G'WG (2^-frac_u), G'WX_k (2^-frac_k), centred in each stratum, missing calls at its mean
 *                    none:   128-bit: sum g r (2^-60), sum g w (2^-62), sum g^2 w (2^-92), sum g wx_k (2^-(30 + column's)); missing calls at the pooled mean,
 *                    which is rounded to 30 fraction bits once, by all alike
 *   spa N            128-bit (2^-40): carriers' part of K, K', K'' at each tail's t, then of G~'WG~
 *   approx N         128-bit (2^-40): sum r g~, sum w g~^2, sum w (1/2 - mu) g~^3, log-likelihood, over everyone
 *
 * Bounds at 2^20 people, |x| < 2^32: newton 2^32 2^20 2^40 and 2^64 2^18 2^32, both below 2^115; score with strata: frac keeps every lane below 2^61, without: 2^81, 2^81,
 * 2^112, 2^82; spa: |K| <= 700, |K'|, |K''| <= G~^2, below 2^90. */

enum { LOGISTIC_STRATUM_FRAC = 32, LOGISTIC_G = 29, LOGISTIC_MEAN = 30, LOGISTIC_R = 30, LOGISTIC_W = 32, LOGISTIC_TAIL = 40, SPA_LANES = 7, APPROX_LANES = 4 };

typedef enum logistic_stage { STAGE_PEOPLE, STAGE_COUNTS, STAGE_MEANS, STAGE_NULL, STAGE_SCORE, STAGE_SPA, STAGE_FIT, STAGE_APPROX, STAGE_DONE } logistic_stage;
typedef enum logistic_test { TEST_SCORE, TEST_WALD, TEST_FIRTH, TEST_APPROX } logistic_test;

/* One regression under way. Its beta, sure and inverse lie in logistic_own, p and p*p doubles each. */
typedef struct logistic_fit { uint32_t item; bool hold; sund_newton newton; } logistic_fit; /* item: eligible variant; hold: its coefficient stays 0 */
/* One variant's two tails, or its Firth regression on the adjusted genotype. */
typedef struct logistic_tail { uint32_t item; sund_spa_tail up, down; double v_rest, beta, sure, null_loglik; sund_newton newton; } logistic_tail;

typedef struct logistic_result {
    double      beta, se, nlog10p, z;
    double      u, v;
    const char *test, *estimate, *note;
    size_t      c;  /* where its projection on the covariates lies in own->c; SIZE_MAX for none */
} logistic_result;

typedef struct logistic_own {
    logistic_test    test;
    bool             spa, strata;
    double           firth_below;            /* p-value */
    size_t           k, p;                   /* covariates; columns of the null model */
    logistic_stage   stage;
    unsigned         n_asked;                /* rounds of this stage */
    uint64_t         n_number;               /* unmasked numbers about covariates so far */
    sund_alleles    *count;                  /* n_variant: from the counts */
    uint32_t        *eligible;
    size_t           n_eligible;
    int64_t          n_case, n_stratum, n_idle, mean[SUND_K_MAX];
    unsigned         frac_x[SUND_K_MAX];     /* of a person's w x, for the kernel */
    unsigned         frac_u, frac_gx[SUND_K_MAX]; /* of lanes of the score round */
    sund_newton      null;
    double           beta[SUND_K_MAX], sure[SUND_K_MAX], info[SUND_K_MAX * SUND_K_MAX]; /* the null model */
    sund_logistic_null score;                /* intercepts profiled out */
    logistic_result *result;                 /* n_eligible */
    double          *c;                      /* projections: k + 1 doubles each, the last the weighted mean genotype, without strata */
    size_t           n_c, cap_c;
    logistic_fit    *fit;                    /* n_fit, of which active[] are not done */
    double          *fit_beta, *fit_sure, *fit_inverse;
    size_t           n_fit, fit_p;
    bool             firth;                  /* of the fits */
    logistic_tail   *tail;                   /* n_tail, likewise */
    size_t           n_tail;
    uint32_t        *active;
    size_t           n_active;
} logistic_own;

static inline size_t logistic_triangle(size_t k) { return k * (k + 1) / 2; }
/** Lanes of a regression of p columns, all 128-bit. */
static inline size_t logistic_fit_lanes(size_t p) { return p + logistic_triangle(p) + 1; }
/** Words of a variant in the score round. */
static inline size_t logistic_score_words(const logistic_own *own) { return own->strata ? own->k + 2 : 2 * (own->k + 3); }

/* logistic.c; wgr*.c runs this analysis for each chromosome, from the stage that it sets, with an offset in the view */
extern const sund_analysis sund_analysis_logistic;
/** The state's logistic_own, for its plan and variants: a score test with saddlepoints, and Firth's estimates where p < 0.0001. */
sund_code sund_logistic_new(sund_state *st, sund_err *err) SUND_MUST_CHECK;

/* these, the null model's rounds and the fitted values serve genes*.c too, which has a logistic_own of its own with k, p, strata set */
/** Rule: over all rounds no more than N/10 unmasked numbers about covariates; counts one more round. */
sund_code sund_logistic_budget(sund_state *st, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_means_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_means_total(sund_state *st, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;

/* logistic_fit.c */
sund_code sund_logistic_null_local(const sund_state *st, const sund_view *v, const sund_round *r, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_null_total(sund_state *st, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
/** Regressions of these eligible variants; firth: penalised; held: each also with its coefficient at 0. */
sund_code sund_logistic_fits_begin(sund_state *st, const uint32_t *item, size_t n, bool firth, bool held, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_fits_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_fits_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
/** Their answers into own->result. */
void      sund_logistic_fits_end(sund_state *st);

/* logistic_score.c */
/** Fitted values of everyone and what the kernel sums, kept for the round. mu is 0 for who takes no part. */
typedef struct logistic_fitted {
    size_t        n_person, n_stratum;
    double       *eta, *mu;
    uint8_t      *stratum;                 /* of a person; UINT8_MAX: takes no part */
    sund_columns *sums, *weight;           /* r, w, wx_k; and w alone */
    int32_t      *w;
    int64_t       n[SUND_STRATA_MAX], (*whole)[SUND_K_MAX + 2]; /* per stratum: people, sums of the columns */
    double      (*xbar)[SUND_K_MAX];       /* per stratum; without strata the pooled means */
} logistic_fitted;
/** *out stays the view's. score: with the kernel's columns. */
sund_code sund_logistic_fitted(const sund_state *st, const sund_view *v, const sund_round *r, bool score, const logistic_fitted **out, sund_err *err) SUND_MUST_CHECK;
/** Rule dominance of what sums of genotypes are taken with once there is a null model: residuals, weights, weights times covariates. Where nearly everybody's outcome is certain, those of
 *  whom it is not may be few. */
sund_code sund_logistic_weigh(const sund_state *st, const sund_view *v, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_score_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_score_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;

/* logistic_tail.c */
sund_code sund_logistic_tails_begin(sund_state *st, const uint32_t *item, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_tails_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_tails_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
void      sund_logistic_tails_end(sund_state *st);

/* logistic_table.c */
sund_code sund_logistic_tables(sund_state *st, sund_release *out, sund_err *err) SUND_MUST_CHECK;
/** Their parts: table.tsv of n states, one after the other; and the null model. */
sund_code sund_logistic_put_table(sund_state *st, size_t n, sund_release *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_logistic_put_model(sund_state *st, sund_release *out, sund_err *err) SUND_MUST_CHECK;

sund_code sund_logistic_bad_total(sund_err *err);

#endif
