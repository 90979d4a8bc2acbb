#include "math/linalg.h"

#include <math.h>

sund_code sund_chol(size_t k, const double *a, double *l, double *scale, size_t *bad, sund_err *err)
{
    if (k > SUND_K_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d columns", SUND_K_MAX);
    for (size_t i = 0; i < k; i++) {
        *bad = i;
        if (!(a[i * k + i] > 0.0))
            return sund_fail(err, SUND_E_NUMERIC, "column %zu does not vary", i + 1);
        scale[i] = sqrt(a[i * k + i]);
    }
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = a[i * k + j] / (scale[i] * scale[j]);

            if (i == j)
                s = 1.0;
            for (size_t m = 0; m < j; m++)
                s -= l[i * k + m] * l[j * k + m];
            if (i == j) {
                *bad = i;
                if (!(s > 1e-11))
                    return sund_fail(err, SUND_E_NUMERIC, "column %zu is a combination of those before it", i + 1);
                l[i * k + i] = sqrt(s);
            }
            else {
                l[i * k + j] = s / l[j * k + j];
            }
        }
    return SUND_OK;
}

void sund_chol_forward(size_t k, const double *l, const double *scale, const double *b, double *z)
{
    for (size_t i = 0; i < k; i++) {
        double s = b[i] / scale[i];

        for (size_t m = 0; m < i; m++)
            s -= l[i * k + m] * z[m];
        z[i] = s / l[i * k + i];
    }
}

void sund_chol_solve(size_t k, const double *l, const double *scale, const double *b, double *x)
{
    sund_chol_forward(k, l, scale, b, x);
    for (size_t i = k; i-- > 0;) {
        double s = x[i];

        for (size_t m = i + 1; m < k; m++)
            s -= l[m * k + i] * x[m];
        x[i] = s / l[i * k + i];
    }
    for (size_t i = 0; i < k; i++)
        x[i] /= scale[i];
}

void sund_chol_inverse(size_t k, const double *l, const double *scale, double *inverse)
{
    double unit[SUND_K_MAX], x[SUND_K_MAX];

    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < k; i++)
            unit[i] = i == j;
        sund_chol_solve(k, l, scale, unit, x);
        for (size_t i = 0; i < k; i++)
            inverse[i * k + j] = x[i];
    }
}
