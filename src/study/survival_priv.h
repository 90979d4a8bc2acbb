#ifndef SUND_STUDY_SURVIVAL_PRIV_H
#define SUND_STUDY_SURVIVAL_PRIV_H

#include "stats/survival.h"
#include "study/named.h"
#include "study/tally.h"

/* Survival, shared between survival.c (rounds, totals) , survival_local.c (own sums) and survival_tables.c (what is released).
 *
 *   round 0  people
 *   round 1  "times": 64-bit: carriers, people without a call (0 without variants); sums of the covariates; for each group and bin of the public
 *            grid, who leave and events. 128-bit, by strata: log-rank sums O - E and their covariances, each stratum rounded at 2^-32
 *   round 2+ "newton N": by strata, 128-bit: score, information (upper triangle), log-likelihood, each stratum rounded at 2^-32;
 *            else 128-bit: sund_cox_lanes of each time
 *
 * Bounds at 2^20 people: |score| <= 2^20 2^31, |information| <= 2^20 2^62, both times 2^32 below 2^126; sums of w x x below 2^126 by the choice of w_max. */

enum { SURV_FRAC = 32, SURV_GROUPS_MAX = 32, SURV_ITERATIONS_MAX = 25 };

typedef struct survival_own {
    size_t       time, event, group;      /* columns; group is plan->n when carriers are the groups, or all are one */
    size_t       n_group;
    char         label[SURV_GROUPS_MAX][80];
    sund_named   named;                   /* their alternate alleles are the last covariate */
    bool         carrier;                 /* 0/1 instead of the number of alleles */
    bool         efron, strata;
    int64_t      first_raw, step;         /* bin b of the grid: raw times from first_raw + b step on */
    size_t       n_bin;
    int64_t     *leave, *event_at;        /* n_group x n_bin, pooled */
    double       oe[SURV_GROUPS_MAX], v[SURV_GROUPS_MAX * SURV_GROUPS_MAX];
    int64_t      n, n_event, n_carrier, n_uncalled;

    size_t       k;                       /* covariates, the variants included */
    int64_t      mean[SUND_K_MAX];        /* pooled, in steps of q: covariates are centred there */
    uint64_t     max_abs;
    uint32_t    *time_of_bin;             /* pooled risk sets: bins joined until at least ten leave (open data: each bin); n_bin */
    size_t       n_time;
    sund_i128   *lane;                    /* n_time x lanes, pooled risk sets */
    double       beta[SUND_K_MAX], sure[SUND_K_MAX]; /* asked now; the best so far */
    double       u[SUND_K_MAX], info[SUND_K_MAX * SUND_K_MAX], loglik, loglik_null, score_null;
    int          asked, halved;
    bool         converged, fitted;
    const char  *note;                    /* why there is no fit; "" for none */
} survival_own;

/** Alleles that a person carries of the study's variants, by store column: -1 where a call is missing. n_person bytes, freed by the caller; NULL: none named. */
sund_code sund_survival_alleles(const survival_own *own, const sund_view *v, int8_t **out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_survival_times_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_survival_newton_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_survival_tables(sund_state *st, sund_release *out, sund_err *err) SUND_MUST_CHECK;

static inline size_t survival_triangle(size_t k) { return k * (k + 1) / 2; }

#endif
