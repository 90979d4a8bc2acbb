#include "stats/spa.h"

#include "math/func.h"

#include <math.h>
#include <string.h>

static const double ln10 = 2.30258509299404568402, pi = 3.14159265358979323846;

static double held(double x, double most) { return x > most ? most : x < -most ? -most : x; }

sund_spa_point sund_spa_at(double mu, double g, double t)
{
    double z = held(g * t, 700.0), e = sund_exp(-fabs(z)), up, at;

    if (z > 0.0) {
        up = z + sund_ln1p((1.0 - mu) * (e - 1.0));
        at = mu / (mu + (1.0 - mu) * e);
    }
    else {
        up = sund_ln1p(mu * (e - 1.0));
        at = mu * e / (1.0 - mu + mu * e);
    }
    return (sund_spa_point){ up - z * mu, g * (at - mu), g * g * at * (1.0 - at) };
}

void sund_spa_begin(sund_spa_tail *s, double q, double v, double p)
{
    double m = v / (p * (1.0 - p)), at = p + q / m, edge = 1e-4 * (p < 0.5 ? p : 1.0 - p);

    memset(s, 0, sizeof *s);
    s->q = q;
    at = at < edge ? edge : at > 1.0 - 1e-4 ? 1.0 - 1e-4 : at;
    s->t = sund_ln(at / (1.0 - at)) - sund_ln(p / (1.0 - p));
    s->low = q > 0.0 ? 0.0 : -(double) INFINITY;
    s->high = q > 0.0 ? (double) INFINITY : 0.0;
}

void sund_spa_step(sund_spa_tail *s, double k, double k1, double k2, double v_rest)
{
    double off, next;

    s->k = k + 0.5 * s->t * s->t * v_rest;
    s->k1 = k1 + s->t * v_rest;
    s->k2 = k2 + v_rest;
    s->asked++;
    off = s->q - s->k1;
    s->done = s->k2 > 0.0 && fabs(off) <= 1e-4 * sqrt(s->k2);
    if (s->done)
        return;
    if (off > 0.0)
        s->low = s->t;
    else
        s->high = s->t;
    next = s->t + held(s->k2 > 0.0 ? off / s->k2 : off * 1e9, 2.0 + fabs(s->t));
    if (!(next > s->low && next < s->high))
        next = isinf(s->low) || isinf(s->high) ? 2.0 * s->t : 0.5 * (s->low + s->high);
    s->done = s->asked == SUND_SPA_MAX;
    s->failed = s->done && !(fabs(off) <= 0.05 * sqrt(s->k2));
    if (!s->done)
        s->t = next;
}

/** 1/t and what the steps of a lattice of this span add to it. */
static double steps(double t, double v_rest, double span)
{
    double sum = 1.0 / t;

    for (int k = 1; k <= 400; k++) {
        double f = 2.0 * pi * k / span, damp = 0.5 * f * f * v_rest;

        if (damp > 50.0)
            break;
        sum += 2.0 * t / (t * t + f * f) * sund_exp(-damp);
    }
    return sum;
}

double sund_spa_nlog10p(const sund_spa_tail *s, double v_rest, double span)
{
    double d = s->k2 > 0.0 ? (s->q - s->k1) / s->k2 : 0.0, t = s->t + d, k = s->k + d * (s->k1 + 0.5 * d * s->k2), w2 = 2.0 * (t * s->q - k), w, v, x;

    if (s->failed || !(s->k2 > 0.0))
        return INFINITY;
    if (!(w2 > 0.0))
        return sund_z_nlog10p(0.0) + sund_ln(2.0) / ln10;
    w = sqrt(w2);
    v = sqrt(s->k2) / steps(fabs(t), v_rest, span);
    x = w + sund_ln(v / w) / w;
    if (x <= 0.0) /* more than half */
        return -sund_ln1p(-0.5 * sund_exp(-ln10 * sund_z_nlog10p(x))) / ln10;
    return sund_z_nlog10p(x) + sund_ln(2.0) / ln10;
}

double sund_nlog10_sum(double a, double b)
{
    double low = a < b ? a : b, high = a < b ? b : a;

    if (isinf(high))
        return low;
    return low - sund_ln1p(sund_exp(-ln10 * (high - low))) / ln10;
}
