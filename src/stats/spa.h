#ifndef SUND_STATS_SPA_H
#define SUND_STATS_SPA_H

#include <stdbool.h>

/** Saddlepoint tails of a score U = sum g (y - mu), y binary: right where cases are rare and the normal tail is not.
 *
 *      K(t) = sum over carriers of [ln(1 - mu + mu e^{g t}) - t g mu] + t^2 v_rest / 2       (Dey 2017: carriers exactly, all others together as normal)
 *      K'(t) = q,   w = sgn(t) (2 (t q - K(t)))^1/2,   P(U beyond q) = Phi(-|x|), x = w + ln(v/w) / w       (Barndorff-Nielsen 1990)
 *
 *  U moves in steps of about `span`, one allele of one carrier, so v is that of a lattice (Daniels 1987), of the mid-p value, with the step's harmonics damped
 *  by the normal part, whose variance is v_rest:
 *
 *      v = K''(t)^1/2 / (1/t + sum over k >= 1 of 2 t / (t^2 + (2 pi k / span)^2) e^{-2 (pi k / span)^2 v_rest})
 *
 *  Without the normal part that is (2 / span) tanh(span t / 2) K''^1/2; with much of it t K''^1/2, as for a continuous score. At one case in a hundred and 20 alleles
 *  it is within 2 % of the enumerated mid-p value, where t K''^1/2 gives half of it. */
typedef struct sund_spa_point { double k, k1, k2; } sund_spa_point;
/** One carrier's part. |g t| <= 700 is held. */
sund_spa_point sund_spa_at(double mu, double g, double t);

/** One tail on its way: a root K'(t) = q within a bracket. */
typedef struct sund_spa_tail {
    double q, t, low, high;
    double k, k1, k2;    /**< at t, with the normal part */
    int    asked;
    bool   done, failed; /**< failed: no root after SUND_SPA_MAX rounds */
} sund_spa_tail;
enum { SUND_SPA_MAX = 10 };

/** v: variance of U; p: cases among people. t begins where as many alike carriers as give v would have it. */
void   sund_spa_begin(sund_spa_tail *s, double q, double v, double p);
/** Takes in carriers' sums at s->t, and moves s->t to what is asked next. */
void   sund_spa_step(sund_spa_tail *s, double k, double k1, double k2, double v_rest);
/** -log10 P(U >= q) for q > 0, of P(U <= q) for q < 0; infinite when q is beyond what U can reach. */
double sund_spa_nlog10p(const sund_spa_tail *s, double v_rest, double span);
/** -log10 (10^-a + 10^-b) */
double sund_nlog10_sum(double a, double b);

#endif
