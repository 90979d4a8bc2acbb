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

enum { PANEL = 32 };

/** x -= c0 p0 + c1 p1 + c2 p2 + c3 p3, in that order for every element. */
static void take4(double *restrict x, const double *restrict p, size_t row, const double c[4], size_t n)
{
    const double *restrict p1 = p + row, *restrict p2 = p1 + row, *restrict p3 = p2 + row;

    for (size_t j = 0; j < n; j++)
        x[j] = (((x[j] - c[0] * p[j]) - c[1] * p1[j]) - c[2] * p2[j]) - c[3] * p3[j];
}

static void take1(double *restrict x, const double *restrict p, double c, size_t n)
{
    for (size_t j = 0; j < n; j++)
        x[j] -= c * p[j];
}

/** Row i less what rows [from, to) explain of it. */
static void take_rows(size_t k, double *a, size_t i, size_t from, size_t to)
{
    size_t q = from;

    for (; q + 4 <= to; q += 4) {
        const double c[4] = { a[q * k + i], a[(q + 1) * k + i], a[(q + 2) * k + i], a[(q + 3) * k + i] };

        take4(a + i * k + i, a + q * k + i, k, c, k - i);
    }
    for (; q < to; q++)
        take1(a + i * k + i, a + q * k + i, a[q * k + i], k - i);
}

sund_code sund_chol_wide(size_t k, double *a, size_t *bad, sund_err *err)
{
    double diagonal[PANEL];

    for (size_t from = 0; from < k; from += PANEL) {
        size_t to = k - from < PANEL ? k : from + PANEL;

        for (size_t i = from; i < to; i++) {
            double pivot;

            diagonal[i - from] = a[i * k + i];
            take_rows(k, a, i, from, i);
            pivot = a[i * k + i];
            *bad = i;
            if (!(pivot > 1e-12 * diagonal[i - from]))
                return sund_fail(err, SUND_E_NUMERIC, "column %zu is a combination of those before it", i + 1);
            pivot = sqrt(pivot);
            for (size_t j = i; j < k; j++)
                a[i * k + j] /= pivot;
        }
        for (size_t i = to; i < k; i++)
            take_rows(k, a, i, from, to);
    }
    return SUND_OK;
}

void sund_chol_wide_solve(size_t k, const double *r, double *b)
{
    for (size_t i = 0; i < k; i++) {
        b[i] /= r[i * k + i];
        take1(b + i + 1, r + i * k + i + 1, b[i], k - i - 1);
    }
    for (size_t i = k; i-- > 0;) {
        double s = b[i];

        for (size_t j = i + 1; j < k; j++)
            s -= r[i * k + j] * b[j];
        b[i] = s / r[i * k + i];
    }
}
