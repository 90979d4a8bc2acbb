#ifndef SUND_STUDY_SCORE_PRIV_H
#define SUND_STUDY_SCORE_PRIV_H

#include "study/tally.h"
#include "summary/scorefile.h"

/* A polygenic score, shared between score.c (rounds, totals), score_local.c (own sums) and score_tables.c (what is released).
 *
 *   round 0  people
 *   round 1  "matches": for each row of the scoring file 64-bit: people called, with one effect allele, with two; nodes that have it as written, turned
 *            round (the effect allele is REF), or on the other strand
 *   round 2  "moments": for each group 64-bit: people, sum of s, of y; 128-bit: sum s^2, s y, y^2
 *   round 3  "bins": for each group and bin of the standardised score 64-bit: people, sum of y (cases)
 *
 * A person's score is an integer: weights are rounded once to multiples of 2^-shift, missing calls take the pooled mean, rounded once. Bounds at 2^20
 * people: |score| < 2^62; s = score >> 16 < 2^46, sum s < 2^66 is kept below 2^62 by the choice of shift (the score's bound, not its spread, is 2^58);
 * sum s^2 < 2^104, sum s y < 2^97. */

enum { SCORE_GROUPS_MAX = 33, SCORE_BINS = 1200, SCORE_LANES = 6 };

typedef struct score_group { int64_t n, s, y; sund_i128 ss, sy, yy; int64_t bin[SCORE_BINS], bin_y[SCORE_BINS]; } score_group;

typedef struct score_own {
    sund_scorefile file;
    sund_assembly  assembly;
    size_t         outcome, group;  /* columns; plan->n for none */
    bool           binary;
    size_t         n_group;         /* without the last, which is everybody */
    char           label[SCORE_GROUPS_MAX][80];
    int64_t       *weight;          /* of a row: integer */
    unsigned       shift;
    int64_t       *mean;            /* weight times pooled mean dose, rounded; 0 for rows that no node has */
    bool          *used;
    size_t         n_used, n_straight, n_turned, n_other_strand, n_unmatched, n_palindromic;
    score_group   *sum;             /* n_group + 1 */
    double         centre, spread;  /* of s, everybody */
} score_own;

sund_code sund_score_matches_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_score_moments_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_score_bins_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
/** A/T or C/G. */
bool sund_score_palindromic(const sund_score_row *r);
/** Everyone's score, by store column: computed once and kept with the view. */
sund_code sund_score_people(const sund_state *st, const sund_view *v, const int64_t **score, sund_err *err) SUND_MUST_CHECK;
sund_code sund_score_tables(sund_state *st, sund_release *out, sund_err *err) SUND_MUST_CHECK;
/** Bin of s: 100 to a standard deviation, from six below the mean to six above; beyond, the first and the last. */
size_t    sund_score_bin(const score_own *own, int64_t s);

#endif
