#include "stats/survival.h"

#include "math/func.h"

#include <math.h>
#include <string.h>

void sund_kaplan_meier(size_t n_time, const int64_t *leave, const int64_t *event, int64_t *at_risk, double *survival, double *se)
{
    int64_t risk = 0;
    double  s = 1.0, green = 0.0;

    for (size_t t = 0; t < n_time; t++)
        risk += leave[t];
    for (size_t t = 0; t < n_time; t++) {
        double d = (double) event[t], r = (double) risk;

        at_risk[t] = risk;
        if (event[t] > 0 && risk > 0) {
            s *= (r - d) / r;
            green += r > d ? d / (r * (r - d)) : 0.0;
        }
        survival[t] = s;
        se[t] = s * sqrt(green);
        risk -= leave[t];
    }
}

size_t sund_km_median(size_t n_time, const double *survival, const int64_t *event, bool *exactly)
{
    *exactly = false;
    for (size_t t = 0; t < n_time; t++)
        if (event[t] > 0 && survival[t] <= 0.5 + 1e-12) {
            *exactly = survival[t] > 0.5 - 1e-12;
            return t;
        }
    return n_time;
}

void sund_logrank(size_t n_group, size_t n_time, const int64_t *leave, const int64_t *event, double *oe, double *v)
{
    int64_t risk[64];

    for (size_t g = 0; g < n_group; g++) {
        risk[g] = 0;
        for (size_t t = 0; t < n_time; t++)
            risk[g] += leave[g * n_time + t];
    }
    for (size_t t = 0; t < n_time; t++) {
        double r = 0.0, d = 0.0, c;

        for (size_t g = 0; g < n_group; g++) {
            r += (double) risk[g];
            d += (double) event[g * n_time + t];
        }
        c = r > 1.0 ? d * (r - d) / (r * r * (r - 1.0)) : 0.0;
        for (size_t g = 0; d > 0.0 && g < n_group; g++) {
            oe[g] += (double) event[g * n_time + t] - d * (double) risk[g] / r;
            for (size_t h = 0; h < n_group; h++)
                v[g * n_group + h] += c * (double) risk[g] * ((g == h ? r : 0.0) - (double) risk[h]);
        }
        for (size_t g = 0; g < n_group; g++)
            risk[g] -= leave[g * n_time + t];
    }
}

double sund_logrank_chisq(size_t n_group, const double *oe, const double *v)
{
    double a[SUND_K_MAX * SUND_K_MAX], l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], z[SUND_K_MAX], x = 0.0;
    size_t k = n_group - 1, bad = 0;

    if (k == 0 || k > SUND_K_MAX)
        return (double) NAN;
    for (size_t g = 0; g < k; g++)
        for (size_t h = 0; h < k; h++)
            a[g * k + h] = v[g * n_group + h];
    if (sund_chol(k, a, l, scale, &bad, NULL) != SUND_OK)
        return (double) NAN;
    sund_chol_forward(k, l, scale, oe, z);
    for (size_t g = 0; g < k; g++)
        x += z[g] * z[g];
    return x;
}

static size_t triangle(size_t k) { return k * (k + 1) / 2; }
static size_t part(size_t k) { return 1 + k + triangle(k); } /* w, wx, wxx */

size_t sund_cox_lanes(size_t k) { return 1 + k + 2 * part(k); }

static void add_part(size_t k, sund_i128 *p, int64_t w, const int64_t *x)
{
    size_t at = 1 + k;

    p[0] += w;
    for (size_t a = 0; a < k; a++) {
        sund_i128 wx = (sund_i128) w * x[a];

        p[1 + a] += wx;
        for (size_t b = a; b < k; b++)
            p[at++] += wx * x[b];
    }
}

void sund_cox_add(size_t k, sund_i128 *lane, bool event, int64_t w, const int64_t *x)
{
    add_part(k, lane + 1 + k, w, x);
    if (!event)
        return;
    lane[0]++;
    for (size_t a = 0; a < k; a++)
        lane[1 + a] += x[a];
    add_part(k, lane + 1 + k + part(k), w, x);
}

/** One event's share: mean and variance of x among those at risk, less `share` of those who have the event now. */
static void one_event(size_t k, const double *risk, const double *tied, double share, double weight, double *u, double *info, double *loglik)
{
    double s0 = risk[0] - share * tied[0], mean[SUND_K_MAX];
    size_t at = 1 + k;

    *loglik -= weight * (sund_ln(s0) - SUND_COX_W * 0.69314718055994530942);
    for (size_t a = 0; a < k; a++) {
        mean[a] = (risk[1 + a] - share * tied[1 + a]) / s0;
        u[a] -= weight * mean[a];
    }
    for (size_t a = 0; a < k; a++)
        for (size_t b = a; b < k; b++, at++) {
            double c = weight * ((risk[at] - share * tied[at]) / s0 - mean[a] * mean[b]);

            info[a * k + b] += c;
            if (a != b)
                info[b * k + a] += c;
        }
}

void sund_cox_score(size_t k, size_t n_time, const sund_i128 *lane, const double *beta, bool efron, double *u, double *info, double *loglik)
{
    sund_i128 sum[1 + SUND_K_MAX + SUND_K_MAX * (SUND_K_MAX + 1) / 2];
    double    risk[1 + SUND_K_MAX + SUND_K_MAX * (SUND_K_MAX + 1) / 2], tied[1 + SUND_K_MAX + SUND_K_MAX * (SUND_K_MAX + 1) / 2];
    size_t    n = part(k);

    memset(sum, 0, sizeof sum);
    for (size_t t = n_time; t-- > 0;) {
        const sund_i128 *at = lane + t * sund_cox_lanes(k);
        double           d = sund_i128_double(at[0]);

        for (size_t i = 0; i < n; i++)
            sum[i] += at[1 + k + i];
        if (!(d > 0.0))
            continue;
        for (size_t i = 0; i < n; i++) {
            risk[i] = sund_i128_double(sum[i]);
            tied[i] = sund_i128_double(at[1 + k + n + i]);
        }
        for (size_t a = 0; a < k; a++) {
            double x = sund_i128_double(at[1 + a]);

            u[a] += x;
            *loglik += beta[a] * x;
        }
        for (double l = 0.0; efron && l < d; l += 1.0)
            one_event(k, risk, tied, l / d, 1.0, u, info, loglik);
        if (!efron)
            one_event(k, risk, tied, 0.0, d, u, info, loglik);
    }
}
