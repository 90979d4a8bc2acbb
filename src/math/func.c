#include "math/func.h"

#include "base/cpu.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Only + - * /, sqrt, floor, frexp, ldexp: these are exact or correctly rounded everywhere. */

static const double ln2_hi = 6.93147180369123816490e-01; /* 32 bits: n * ln2_hi is exact for |n| < 2^20 */
static const double ln2_lo = 1.90821492927058770002e-10;
static const double ln10 = 2.30258509299404568402;
static const double ln_sqrt_2pi = 0.91893853320467274178;
static const double ln_pi_half = 0.57236494292470008707; /* log(sqrt(pi)) */
static const double not_a_number = (double) NAN;

/** 2 atanh(s) for |s| <= 0.18. */
static double atanh2(double s)
{
    double q = s * s, sum = 0.0;

    for (int k = 25; k >= 3; k -= 2)
        sum = (sum + 1.0 / (double) k) * q;
    return 2.0 * s + 2.0 * s * sum;
}

double sund_ln(double x)
{
    int    e;
    double m;

    if (isnan(x) || x < 0.0)
        return not_a_number;
    if (x == 0.0)
        return -INFINITY;
    if (isinf(x))
        return x;
    m = frexp(x, &e);
    if (m < 0.70710678118654752440) {
        m *= 2.0;
        e--;
    }
    return (double) e * ln2_hi + ((double) e * ln2_lo + atanh2((m - 1.0) / (m + 1.0)));
}

double sund_ln1p(double x)
{
    if (x > -0.28 && x < 0.4)
        return atanh2(x / (2.0 + x));
    return sund_ln(1.0 + x);
}

double sund_exp(double x)
{
    double n, r, term = 1.0, sum = 0.0;

    if (isnan(x))
        return x;
    if (x > 709.8)
        return INFINITY;
    if (x < -745.2)
        return 0.0;
    n = floor(x / (ln2_hi + ln2_lo) + 0.5);
    r = (x - n * ln2_hi) - n * ln2_lo;
    for (int k = 17; k >= 1; k--)
        sum = (sum + 1.0) * r / (double) k;
    term += sum;
    return ldexp(term, (int) n);
}

double sund_lgamma(double x)
{
    double shift = 0.0, product = 1.0, q;

    if (!(x > 0.0))
        return not_a_number;
    if (isinf(x))
        return x;
    while (x < 15.0) {
        product *= x;
        x += 1.0;
        if (product > 1e250) {
            shift += sund_ln(product);
            product = 1.0;
        }
    }
    shift += sund_ln(product);
    q = 1.0 / (x * x);
    return (x - 0.5) * sund_ln(x) - x + ln_sqrt_2pi + (1.0 / 12.0 - q * (1.0 / 360.0 - q * (1.0 / 1260.0 - q * (1.0 / 1680.0 - q * (1.0 / 1188.0 - q * (691.0 / 360360.0)))))) / x - shift;
}

/** log(Gamma(a + 1/2) / Gamma(a)); without the cancellation of two large logarithms. */
static double lgamma_half_step(double a)
{
    double q = 1.0 / (a * a);

    if (a < 24.0)
        return sund_lgamma(a + 0.5) - sund_lgamma(a);
    return 0.5 * sund_ln(a) - (1.0 / 8.0 - q * (1.0 / 192.0 - q * (1.0 / 640.0 - q * (17.0 / 14336.0 - q * (31.0 / 18432.0))))) / a;
}

/** Continued fraction of the incomplete beta integral (modified Lentz); x + y = 1. */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double       c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0), h;

    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    h = d;
    for (int m = 1; m < 100000; m++) {
        double k = (double) m, step, delta;

        step = k * (b - k) * x / ((a + 2.0 * k - 1.0) * (a + 2.0 * k));
        d = 1.0 + step * d;
        c = 1.0 + step / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        step = -(a + k) * (a + b + k) * x / ((a + 2.0 * k) * (a + 2.0 * k + 1.0));
        d = 1.0 + step * d;
        c = 1.0 + step / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        delta = d * c;
        h *= delta;
        if (fabs(delta - 1.0) < 1e-16)
            break;
    }
    return h;
}

double sund_t_nlog10p(double t, double df)
{
    double a = 0.5 * df, q, x, y, log_prefix;

    if (isnan(t) || !(df > 0.0))
        return not_a_number;
    t = fabs(t);
    q = t * t / df;
    if (isinf(q))
        return INFINITY;
    x = 1.0 / (1.0 + q);
    y = q / (1.0 + q);
    if (y == 0.0)
        return 0.0;
    /* x^a y^(1/2) / B(a, 1/2) */
    log_prefix = -a * sund_ln1p(q) + 0.5 * sund_ln(y) + lgamma_half_step(a) - ln_pi_half;
    if (x < (a + 1.0) / (a + 2.5))
        return -(log_prefix + sund_ln(beta_fraction(x, a, 0.5)) - sund_ln(a)) / ln10;
    return -sund_ln1p(-sund_exp(log_prefix) * beta_fraction(y, 0.5, a) * 2.0) / ln10;
}

/* Eight lanes at once. Every step is the step of the function of that name above, so the bits are. */
typedef double  lanes __attribute__((vector_size(64)));
typedef int64_t whole __attribute__((vector_size(64)));
enum { LANES = 8 };
#define LANES_INLINE static inline __attribute__((always_inline))

#define PICK(which, a, b) ((lanes) (((whole) (a) & (which)) | ((whole) (b) & ~(which))))
#define ABSOLUTE(x) ((lanes) ((whole) (x) & INT64_MAX))

LANES_INLINE void atanh2_lanes(const lanes *s, lanes *out)
{
    lanes q = *s * *s, sum = (lanes) ((whole) q & 0);

    for (int k = 25; k >= 3; k -= 2)
        sum = (sum + 1.0 / (double) k) * q;
    *out = 2.0 * *s + 2.0 * *s * sum;
}

/** Of normal numbers. */
LANES_INLINE void ln_lanes(const lanes *x, lanes *out)
{
    whole bits = (whole) *x, e = (bits >> 52) - 1022, low;
    lanes m = (lanes) ((bits & 0xfffffffffffffLL) | 0x3fe0000000000000LL), n, s;

    low = m < 0.70710678118654752440;
    m = PICK(low, m * 2.0, m);
    n = __builtin_convertvector(e + low, lanes); /* low is -1 */
    s = (m - 1.0) / (m + 1.0);
    atanh2_lanes(&s, &s);
    *out = n * ln2_hi + (n * ln2_lo + s);
}

/** For x in -0.28 .. 0.4, or below it: the larger lanes are not asked. */
LANES_INLINE void ln1p_lanes(const lanes *x, lanes *out)
{
    lanes near = *x / (2.0 + *x), far = 1.0 + *x;

    atanh2_lanes(&near, &near);
    ln_lanes(&far, &far);
    *out = PICK(*x > -0.28, near, far);
}

/** For x in -700 .. 700. */
LANES_INLINE void exp_lanes(const lanes *x, lanes *out)
{
    lanes v = *x / (ln2_hi + ln2_lo) + 0.5, n, r, sum = (lanes) ((whole) v & 0);
    whole k = __builtin_convertvector(v, whole);

    n = __builtin_convertvector(k, lanes);
    k += n > v; /* floor, not towards zero */
    n = __builtin_convertvector(k, lanes);
    r = (*x - n * ln2_hi) - n * ln2_lo;
    for (int i = 17; i >= 1; i--)
        sum = (sum + 1.0) * r / (double) i;
    *out = (1.0 + sum) * (lanes) ((k + 1023) << 52);
}

LANES_INLINE void not_tiny(lanes *x)
{
    const lanes tiny = (lanes) ((whole) *x & 0) + 1e-300;

    *x = PICK(ABSOLUTE(*x) < 1e-300, tiny, *x);
}

LANES_INLINE void beta_fraction_lanes(const lanes *x, double a, double b, lanes *out)
{
    lanes c = (lanes) ((whole) *x & 0) + 1.0, d = 1.0 - (a + b) * *x / (a + 1.0), h, step, next;
    whole on = *x == *x;

    not_tiny(&d);
    d = 1.0 / d;
    h = d;
    for (int m = 1; m < 100000; m++) {
        double k = (double) m;

        step = k * (b - k) * *x / ((a + 2.0 * k - 1.0) * (a + 2.0 * k));
        d = 1.0 + step * d;
        c = 1.0 + step / c;
        not_tiny(&d);
        d = 1.0 / d;
        not_tiny(&c);
        next = h * (d * c);
        step = -(a + k) * (a + b + k) * *x / ((a + 2.0 * k) * (a + 2.0 * k + 1.0));
        d = 1.0 + step * d;
        c = 1.0 + step / c;
        not_tiny(&d);
        d = 1.0 / d;
        not_tiny(&c);
        step = d * c;
        next = next * step;
        h = PICK(on, next, h); /* a lane that has ended keeps its value */
        on &= ~(ABSOLUTE(step - 1.0) < 1e-16);
        if (!(on[0] | on[1] | on[2] | on[3] | on[4] | on[5] | on[6] | on[7]))
            break;
    }
    *out = h;
}

/** Small t, most of them by far, go side by side; the others one by one. */
LANES_INLINE void t_lanes(double *t, size_t n, double df)
{
    double a = 0.5 * df, half_step = lgamma_half_step(a);

    for (size_t at = 0; at + LANES <= n; at += LANES) {
        lanes x, y, q, prefix, f;
        whole mine;

        memcpy(&q, t + at, sizeof q);
        q = q * q / df;
        mine = (q > 1e-200) & (q < 0.4) & (1.0 / (1.0 + q) >= (a + 1.0) / (a + 2.5));
        q = PICK(mine, q, (lanes) ((whole) q & 0) + 1e-10);
        x = q / (2.0 + q);
        atanh2_lanes(&x, &x);
        y = q / (1.0 + q);
        ln_lanes(&y, &prefix);
        prefix = -a * x + 0.5 * prefix + half_step - ln_pi_half;
        beta_fraction_lanes(&y, 0.5, a, &f);
        exp_lanes(&prefix, &prefix);
        f = -prefix * f * 2.0;
        ln1p_lanes(&f, &f);
        f = -f / ln10;
        for (int i = 0; i < LANES; i++)
            t[at + (size_t) i] = mine[i] ? f[i] : sund_t_nlog10p(t[at + (size_t) i], df);
    }
    for (size_t at = n - n % LANES; at < n; at++)
        t[at] = sund_t_nlog10p(t[at], df);
}

typedef void t_fn(double *t, size_t n, double df);
static void  t_portable(double *t, size_t n, double df) { t_lanes(t, n, df); }
SUND_TARGET_AVX512 static void t_avx512(double *t, size_t n, double df) { t_lanes(t, n, df); }

void sund_t_nlog10p_all(double *t, size_t n, double df)
{
    static t_fn *const path[] = { t_portable, t_portable, t_avx512 }; /* AVX2 has no 64-bit integers to doubles: it takes longer */

    path[sund_cpu_path()](t, n, df);
}

double sund_z_nlog10p(double z)
{
    double x = fabs(z) / 1.41421356237309504880, q = x * x;

    if (isnan(z))
        return z;
    if (x < 2.0) { /* erf by its all-positive series */
        double term = x, sum = x;

        for (int k = 1; k < 200 && term > 1e-18 * sum; k++) {
            term *= 2.0 * q / (2.0 * (double) k + 1.0);
            sum += term;
        }
        return -sund_ln1p(-2.0 * sund_exp(-q - ln_pi_half) * sum) / ln10;
    }
    {
        double f = 0.0; /* erfc's continued fraction, from its far end */

        for (int k = 120; k >= 1; k--)
            f = 0.5 * (double) k / (x + f);
        return (q + ln_pi_half + sund_ln(x + f)) / ln10;
    }
}

double sund_chisq_nlog10p(double x, double df)
{
    double a = 0.5 * df, h = 0.5 * x, log_prefix;

    if (isnan(x) || !(df > 0.0))
        return not_a_number;
    if (h <= 0.0)
        return 0.0;
    if (df == 1.0)
        return sund_z_nlog10p(sqrt(x));
    log_prefix = a * sund_ln(h) - h - sund_lgamma(a);
    if (h < a + 1.0) {
        double term = 1.0 / a, sum = term;

        for (int k = 1; k < 100000 && term > 1e-17 * sum; k++) {
            term *= h / (a + (double) k);
            sum += term;
        }
        return -sund_ln1p(-sund_exp(log_prefix) * sum) / ln10;
    }
    {
        const double tiny = 1e-300;
        double       b = h + 1.0 - a, c = 1.0 / tiny, d = 1.0 / b, f = d;

        for (int k = 1; k < 100000; k++) {
            double an = -(double) k * ((double) k - a), delta;

            b += 2.0;
            d = an * d + b;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = b + an / c;
            c = fabs(c) < tiny ? tiny : c;
            delta = d * c;
            f *= delta;
            if (fabs(delta - 1.0) < 1e-16)
                break;
        }
        return -(log_prefix + sund_ln(f)) / ln10;
    }
}

/* pi/2 in three pieces; the first two have 33 bits, so that n times them is exact below 2^20 quarters of a turn */
static const double half_pi_1 = 1.57079632673412561417e+00;
static const double half_pi_2 = 6.07710050630396597660e-11;
static const double half_pi_3 = 2.02226624879595063154e-21;
static const double half_pi = 1.57079632679489661923;

/** sin(x + quarters pi/2). */
static double turn(double x, int quarters)
{
    double n = floor(x / half_pi + 0.5), r, q, sum = 0.0;
    bool   odd;

    if (!(fabs(x) <= 1e6)) /* and for NaN */
        return not_a_number;
    r = ((x - n * half_pi_1) - n * half_pi_2) - n * half_pi_3;
    q = r * r;
    quarters = (int) (((int64_t) n + quarters) & 3);
    odd = quarters & 1;
    for (int k = odd ? 18 : 17; k >= 2; k -= 2)
        sum = (1.0 - sum) * q / (double) (k * (k - 1));
    sum = odd ? 1.0 - sum : r - r * sum;
    return quarters & 2 ? -sum : sum;
}

double sund_sin(double x) { return turn(x, 0); }
double sund_cos(double x) { return turn(x, 1); }

double sund_atan(double x)
{
    double y = fabs(x) > 1.0 ? 1.0 / fabs(x) : fabs(x), q, sum = 0.0;

    if (isnan(x))
        return x;
    y /= 1.0 + sqrt(1.0 + y * y); /* half the angle, twice */
    y /= 1.0 + sqrt(1.0 + y * y);
    q = y * y;
    for (int k = 25; k >= 3; k -= 2)
        sum = (1.0 / (double) k - sum) * q;
    sum = 4.0 * (y - y * sum);
    if (fabs(x) > 1.0)
        sum = half_pi - sum;
    return x < 0.0 ? -sum : sum;
}
