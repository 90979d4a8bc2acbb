#include "math/random.h"

#include "math/func.h"

#include <math.h>

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t sund_rand_u64(uint64_t seed, uint64_t stream, uint64_t i)
{
    return mix(mix(mix(seed + 0x9E3779B97F4A7C15u) + stream * 0xD1B54A32D192ED03u + 0x632BE59BD9B4E019u) + i * 0x9E3779B97F4A7C15u);
}

double sund_rand_unit(uint64_t seed, uint64_t stream, uint64_t i) { return ((double) (sund_rand_u64(seed, stream, i) >> 12) + 0.5) / 4503599627370496.0; }

/** Inverse of the normal distribution, relative error 1.2e-9. Source: P. J. Acklam's rational approximation. */
static double inverse_normal(double p)
{
    static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239e+00 };
    static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01 };
    static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00, 4.374664141464968e+00, 2.938163982698783e+00 };
    static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00 };
    double              low = p < 0.5 ? p : 1.0 - p, q, r, x;

    if (low < 0.02425) {
        q = sqrt(-2.0 * sund_ln(low));
        x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1.0);
        return p < 0.5 ? x : -x;
    }
    q = p - 0.5;
    r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1.0);
}

double sund_rand_normal(uint64_t seed, uint64_t stream, uint64_t i) { return inverse_normal(sund_rand_unit(seed, stream, i)); }

sund_rand sund_rand_of(uint64_t seed, uint64_t stream) { return (sund_rand){ sund_rand_u64(seed, stream, UINT64_MAX) }; }
