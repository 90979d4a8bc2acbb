#include "stats/logistic.h"

#include "math/func.h"

#include <math.h>
#include <string.h>

sund_logistic_point sund_logistic_at(double eta)
{
    double              e = sund_exp(-fabs(eta)), soft = sund_ln1p(e), mu = 1.0 / (1.0 + e);
    sund_logistic_point p = { eta >= 0.0 ? mu : e / (1.0 + e), mu * (e / (1.0 + e)), { 0.0, 0.0 } };

    p.loglik[1] = eta >= 0.0 ? -soft : eta - soft;
    p.loglik[0] = eta >= 0.0 ? -eta - soft : -soft;
    return p;
}

static int64_t rounded(double x, int bits) { return (int64_t) floor(ldexp(x, bits) + 0.5); }

enum { R = SUND_LOGISTIC_R, W = SUND_LOGISTIC_W };

/** Columns of person i, from x[0] on; how many. */
static size_t columns_of(const sund_logistic_rows *rows, const int32_t *g, size_t i, int64_t *x)
{
    for (size_t k = 0; k < rows->k; k++)
        x[k] = rows->q[i * rows->k + k] - rows->centre[k];
    if (g)
        x[rows->k] = g[i];
    return rows->k + (g != NULL);
}

static bool left_out(const int32_t *g, size_t i) { return g && g[i] < 0; }

static double times(size_t p, const double *beta, const int64_t *x)
{
    double s = 0.0;

    for (size_t k = 0; k < p; k++)
        s += beta[k] * (double) x[k];
    return s;
}

static double offset_of(const sund_logistic_rows *rows, size_t i) { return rows->offset ? rows->offset[i] : 0.0; }

/** x' A x of a symmetric matrix. */
static double quadratic(size_t p, const double *a, const double *x)
{
    double s = 0.0;

    for (size_t j = 0; j < p; j++) {
        double row = 0.5 * a[j * p + j] * x[j];

        for (size_t k = 0; k < j; k++)
            row += a[j * p + k] * x[k];
        s += 2.0 * x[j] * row;
    }
    return s;
}

/** Solves sum mu(a + eta_i) = n_case: Newton within a bracket. Sums of mu are of integers, so it ends at the same bits in any order of people. */
static double solve_intercept(size_t n, const double *eta, const int32_t *g, int64_t n_case, double start)
{
    double a = start, low = -INFINITY, high = INFINITY;

    for (int round = 0; round < 200; round++) {
        sund_i128 mu = 0, w = 0;
        double    off, step, next;

        for (size_t i = 0; i < n; i++) {
            double e, p;

            if (left_out(g, i))
                continue;
            e = sund_exp(-fabs(a + eta[i]));
            p = 1.0 / (1.0 + e);
            w += rounded(p * (e / (1.0 + e)), R);
            mu += rounded(a + eta[i] >= 0.0 ? p : e / (1.0 + e), R);
        }
        off = sund_i128_double(((sund_i128) n_case << R) - mu);
        if (off == 0.0)
            return a;
        if (off > 0.0)
            low = a;
        else
            high = a;
        step = off / (w > 0 ? sund_i128_double(w) : 1.0);
        next = a + (step > 4.0 ? 4.0 : step < -4.0 ? -4.0 : step);
        if (!(next > low && next < high)) {
            if (isinf(low) || isinf(high))
                return a;
            next = 0.5 * (low + high);
        }
        if (fabs(next - a) < 1e-14 * (1.0 + fabs(a)))
            return next;
        a = next;
    }
    return a;
}

double sund_logistic_intercept(size_t n, const double *eta, int64_t n_case)
{
    return solve_intercept(n, eta, NULL, n_case, sund_ln((double) n_case) - sund_ln((double) ((int64_t) n - n_case)));
}

/** Sums of w and w x over a stratum at eta: centre of the weights. */
static double weight_centre(const sund_logistic_rows *rows, const int32_t *g, const double *eta, double a, double *xbar)
{
    sund_i128 sum = 0, wx[SUND_K_MAX] = { 0 };
    int64_t   x[SUND_K_MAX];
    size_t    p = rows->k + (g != NULL);

    for (size_t i = 0; i < rows->n; i++) {
        int64_t w;

        if (left_out(g, i))
            continue;
        w = rounded(sund_logistic_at(a + eta[i]).w, W);
        (void) columns_of(rows, g, i, x);
        sum += w;
        for (size_t k = 0; k < p; k++)
            wx[k] += (sund_i128) w * x[k];
    }
    for (size_t k = 0; k < p; k++)
        xbar[k] = sum > 0 ? sund_i128_double(wx[k]) / sund_i128_double(sum) : 0.0;
    return sund_i128_double(sum);
}

/** Firth's residual: y - mu + h (1/2 - mu). */
static int64_t residual(int8_t y, const sund_logistic_point *at, double h) { return rounded((double) y - at->mu + h * (0.5 - at->mu), R); }

static double leverage(const sund_logistic_ask *ask, size_t p, const int64_t *x, const double *xbar, double w, double sum)
{
    double d[SUND_K_MAX];

    for (size_t k = 0; k < p; k++)
        d[k] = (double) x[k] - xbar[k];
    return w * ((sum > 0.0 ? 1.0 / sum : 0.0) + quadratic(p, ask->inverse, d));
}

/** The penalised intercept: sum r* = 0. */
static double solve_penalised(const sund_logistic_rows *rows, const int32_t *g, const sund_logistic_ask *ask, const double *eta, double a)
{
    size_t  p = rows->k + (g != NULL);
    int64_t x[SUND_K_MAX];
    double  xbar[SUND_K_MAX];

    for (int round = 0; round < 100; round++) {
        double    sum = weight_centre(rows, g, eta, a, xbar), step;
        sund_i128 r = 0;

        if (!(sum > 0.0))
            return a;
        for (size_t i = 0; i < rows->n; i++) {
            sund_logistic_point at;

            if (left_out(g, i))
                continue;
            at = sund_logistic_at(a + eta[i]);
            (void) columns_of(rows, g, i, x);
            r += residual(rows->y[i], &at, leverage(ask, p, x, xbar, at.w, ldexp(sum, -W)));
        }
        step = ldexp(sund_i128_double(r), -R) / ldexp(sum, -W);
        a += step > 2.0 ? 2.0 : step < -2.0 ? -2.0 : step;
        if (fabs(step) < 1e-13 * (1.0 + fabs(a)))
            break;
    }
    return a;
}

typedef struct raw_sums { sund_i128 r, w, loglik, s[SUND_K_MAX], wx[SUND_K_MAX], wxx[SUND_K_MAX * (SUND_K_MAX + 1) / 2]; } raw_sums;

static void add_person(raw_sums *t, size_t p, const int64_t *x, int64_t r, int64_t w, int64_t loglik)
{
    sund_i128 *at = t->wxx;

    t->r += r;
    t->w += w;
    t->loglik += loglik;
    for (size_t j = 0; j < p; j++) {
        int64_t wx = w * x[j]; /* below 2^30 2^32 */

        t->s[j] += (sund_i128) r * x[j];
        t->wx[j] += wx;
        for (size_t k = j; k < p; k++)
            *at++ += (sund_i128) wx * x[k];
    }
}

static void sum_people(const sund_logistic_rows *rows, const int32_t *g, const sund_logistic_ask *ask, const double *eta, double a, raw_sums *t)
{
    size_t  p = rows->k + (g != NULL);
    double  xbar[SUND_K_MAX], sum = ask->inverse ? ldexp(weight_centre(rows, g, eta, a, xbar), -W) : 0.0;
    int64_t x[SUND_K_MAX];

    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < rows->n; i++) {
        sund_logistic_point at;

        if (left_out(g, i))
            continue;
        at = sund_logistic_at(a + eta[i]);
        (void) columns_of(rows, g, i, x);
        add_person(t, p, x, residual(rows->y[i], &at, ask->inverse ? leverage(ask, p, x, xbar, at.w, sum) : 0.0), rounded(at.w, W), rounded(at.loglik[rows->y[i]], R));
    }
}

bool sund_logistic_stratum(const sund_logistic_rows *rows, const int32_t *g, const sund_logistic_ask *ask, double start, double *eta, double *u, double *info, double *loglik, double *intercept)
{
    size_t   p = rows->k + (g != NULL), at = 0;
    int64_t  x[SUND_K_MAX], n_case = 0, n = 0;
    raw_sums t;
    double   w, r;

    for (size_t i = 0; i < rows->n; i++) {
        if (left_out(g, i))
            continue;
        (void) columns_of(rows, g, i, x);
        eta[i] = times(p, ask->beta, x) + offset_of(rows, i);
        n_case += rows->y[i];
        n++;
    }
    if (n_case == 0 || n_case == n)
        return false;
    *intercept = solve_intercept(rows->n, eta, g, n_case, start);
    if (ask->inverse)
        *intercept = solve_penalised(rows, g, ask, eta, *intercept);
    sum_people(rows, g, ask, eta, *intercept, &t);
    if (t.w <= 0)
        return false;
    w = sund_i128_double(t.w);
    r = sund_i128_double(t.r);
    for (size_t j = 0; j < p; j++) {
        double wj = sund_i128_double(t.wx[j]);

        u[j] = ldexp(sund_i128_double(t.s[j]) - wj * r / w, -R);
        for (size_t k = j; k < p; k++)
            info[j * p + k] = info[k * p + j] = ldexp(sund_i128_double(t.wxx[at++]) - wj * sund_i128_double(t.wx[k]) / w, -W);
    }
    *loglik = ldexp(sund_i128_double(t.loglik), -R) + (ask->inverse ? 0.5 * sund_ln(ldexp(w, -W)) : 0.0);
    return true;
}

void sund_logistic_pooled(const sund_logistic_rows *rows, const int32_t *g, const sund_logistic_ask *ask, sund_i128 *lane)
{
    size_t   q = rows->k + (g != NULL), p = q + 1;
    int64_t  x[SUND_K_MAX + 1];
    double   d[SUND_K_MAX + 1];
    raw_sums t;

    memset(&t, 0, sizeof t);
    x[0] = 1;
    for (size_t i = 0; i < rows->n; i++) {
        sund_logistic_point at;
        double              h = 0.0;

        if (left_out(g, i))
            continue;
        (void) columns_of(rows, g, i, x + 1);
        at = sund_logistic_at(times(p, ask->beta, x) + offset_of(rows, i));
        for (size_t k = 0; k < p && ask->inverse; k++)
            d[k] = (double) x[k];
        if (ask->inverse)
            h = at.w * quadratic(p, ask->inverse, d);
        add_person(&t, p, x, residual(rows->y[i], &at, h), rounded(at.w, W), rounded(at.loglik[rows->y[i]], R));
    }
    for (size_t j = 0; j < p; j++)
        *lane++ += t.s[j];
    for (size_t j = 0; j < p * (p + 1) / 2; j++)
        *lane++ += t.wxx[j];
    *lane += t.loglik;
}

/* ---- Newton ---- */

static void give_up(sund_newton *s, const char *why)
{
    s->done = true;
    s->note = why;
}

static const char *const collinear = "the columns do not vary independently", *const separated = "no convergence: cases and controls are separated, or nearly";

/** ln|A| from sund_chol's factor. */
static double ln_det(size_t p, const double *l, const double *scale)
{
    double s = 0.0;

    for (size_t k = 0; k < p; k++)
        s += 2.0 * sund_ln(l[k * p + k] * scale[k]);
    return s;
}

/** Back to the middle of the last good beta and this one. */
static void halve(sund_newton *s, size_t p, double *beta, const double *sure)
{
    for (size_t k = 0; k < p; k++)
        beta[k] = 0.5 * (beta[k] + sure[k]);
    s->halved++;
    s->asked++;
    if (s->asked >= SUND_NEWTON_MAX)
        give_up(s, separated);
}

void sund_newton_step(sund_newton *s, size_t p, size_t n_free, double most, double *beta, double *sure, double *inverse, const double *u, const double *info, double loglik)
{
    double l[SUND_K_MAX * SUND_K_MAX], part[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], step[SUND_K_MAX], gain = 0.0, shrink;
    size_t bad = 0;
    bool   first = s->asked <= (inverse ? 1 : 0), whole = !inverse || s->asked % 2 == 1; /* Firth: whole once the score is of this beta's own inverse */

    if (sund_chol(p, info, l, scale, &bad, NULL) != SUND_OK) {
        s->asked += !whole;
        if (!first && s->halved < 10)
            halve(s, p, beta, sure);
        else
            give_up(s, first ? collinear : separated);
        return;
    }
    if (inverse) {
        sund_chol_inverse(p, l, scale, inverse);
        loglik += 0.5 * ln_det(p, l, scale);
    }
    if (!whole) {
        s->asked++;
        return;
    }
    if (!first && !(loglik >= s->loglik - (inverse ? 1e-6 : 1e-9) * (1.0 + fabs(s->loglik))) && s->halved < 10) {
        halve(s, p, beta, sure);
        return;
    }
    for (size_t j = 0; j < n_free; j++)
        for (size_t k = 0; k < n_free; k++)
            part[j * n_free + k] = info[j * p + k];
    if (n_free < p && sund_chol(n_free, part, l, scale, &bad, NULL) != SUND_OK) {
        give_up(s, collinear);
        return;
    }
    sund_chol_solve(n_free, l, scale, u, step);
    for (size_t k = 0; k < n_free; k++)
        gain += u[k] * step[k];
    shrink = n_free > 0 && n_free == p && fabs(step[p - 1]) > most ? most / fabs(step[p - 1]) : 1.0;
    memcpy(sure, beta, p * sizeof *sure);
    for (size_t k = 0; k < n_free; k++)
        beta[k] += shrink * step[k];
    s->loglik = loglik;
    s->gain = gain;
    s->halved = 0;
    s->asked++;
    s->done = gain < 1e-16 && shrink == 1.0 && (!inverse || s->asked > 2);
    if (!s->done && s->asked >= SUND_NEWTON_MAX)
        give_up(s, separated);
}

/* ---- score ---- */

sund_code sund_logistic_prepare(sund_logistic_null *m, size_t k, const double *info, size_t *bad, sund_err *err)
{
    m->k = k;
    return sund_chol(k, info, m->l, m->scale, bad, err);
}

bool sund_logistic_variant(const sund_logistic_null *m, double u, double gg, const double *gx, double *projection, sund_logistic_score *out)
{
    double z[SUND_K_MAX], v = gg;

    *out = (sund_logistic_score){ (double) NAN, (double) NAN, (double) NAN, (double) NAN, (double) NAN, (double) NAN };
    sund_chol_forward(m->k, m->l, m->scale, gx, z);
    for (size_t k = 0; k < m->k; k++)
        v -= z[k] * z[k];
    if (!(gg > 0.0) || !(v > 1e-10 * gg))
        return false;
    if (projection)
        sund_chol_solve(m->k, m->l, m->scale, gx, projection);
    *out = (sund_logistic_score){ u, v, u / v, 1.0 / sqrt(v), u / sqrt(v), 0.0 };
    out->nlog10p = sund_z_nlog10p(out->z);
    return true;
}
