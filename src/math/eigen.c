#include "math/eigen.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static double dot(const double *x, const double *y, size_t n)
{
    double s = 0.0;

    for (size_t i = 0; i < n; i++)
        s += x[i] * y[i];
    return s;
}

/** One reflection: column k of the trailing matrix to (alpha, 0, ...). The vector v replaces row k behind the diagonal; beta = 2 / v'v, 0 for none. */
static double reflect(size_t n, size_t k, double *a, double *beta, double *w)
{
    size_t  m = n - k - 1;
    double *v = a + k * n + k + 1, norm, alpha;

    norm = sqrt(dot(v, v, m));
    *beta = 0.0;
    if (!(dot(v + 1, v + 1, m - 1) > 0.0))
        return v[0];
    alpha = v[0] > 0.0 ? -norm : norm;
    v[0] -= alpha;
    *beta = 2.0 / dot(v, v, m);
    for (size_t i = 0; i < m; i++)
        w[i] = *beta * dot(a + (k + 1 + i) * n + k + 1, v, m);
    norm = *beta / 2.0 * dot(w, v, m);
    for (size_t i = 0; i < m; i++)
        w[i] -= norm * v[i];
    for (size_t i = 0; i < m; i++) {
        double *row = a + (k + 1 + i) * n + k + 1;

        for (size_t j = 0; j < m; j++)
            row[j] -= v[i] * w[j] + w[i] * v[j];
    }
    return alpha;
}

/** To three diagonals d, e (e[i] between i and i + 1); rows of z: the columns of the transformation. */
static void three_diagonals(size_t n, double *a, double *d, double *e, double *z, double *beta, double *w)
{
    for (size_t k = 0; k + 2 < n; k++)
        e[k] = reflect(n, k, a, &beta[k], w);
    if (n > 1)
        e[n - 2] = a[(n - 2) * n + n - 1];
    e[n - 1] = 0.0;
    for (size_t k = 0; k < n; k++)
        d[k] = a[k * n + k];
    if (!z)
        return;
    for (size_t i = 0; i < n * n; i++)
        z[i] = i % (n + 1) == 0;
    for (size_t k = n > 2 ? n - 2 : 0; k-- > 0;) {
        const double *v = a + k * n + k + 1;

        for (size_t c = k + 1; c < n && beta[k] > 0.0; c++) { /* the columns before are unit vectors that it leaves alone */
            double *row = z + c * n + k + 1, s = beta[k] * dot(row, v, n - k - 1);

            for (size_t i = 0; i < n - k - 1; i++)
                row[i] -= s * v[i];
        }
    }
}

static void rotate(size_t n, double *lower, double *upper, double c, double s)
{
    for (size_t i = 0; i < n; i++) {
        double x = lower[i], y = upper[i];

        upper[i] = s * x + c * y;
        lower[i] = c * x - s * y;
    }
}

/** One QL sweep with implicit shift over the unreduced part l..m. */
static void sweep(size_t n, size_t l, size_t m, double *d, double *e, double *z)
{
    double g = (d[l + 1] - d[l]) / (2.0 * e[l]), r = sqrt(g * g + 1.0), s = 1.0, c = 1.0, p = 0.0;

    g = d[m] - d[l] + e[l] / (g + (g >= 0.0 ? r : -r));
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];

        r = sqrt(f * f + g * g);
        e[i + 1] = r;
        if (!(r > 0.0)) { /* it falls apart here */
            d[i + 1] -= p;
            e[m] = 0.0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2.0 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        if (z)
            rotate(n, z + i * n, z + (i + 1) * n, c, s);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0.0;
}

static sund_code settle(size_t n, double *d, double *e, double *z, sund_err *err)
{
    double whole = 0.0; /* what is lost in rounding anywhere in the matrix: of low rank, neighbours may be smaller than that, and never settle against each other */

    for (size_t i = 0; i < n; i++)
        whole = fmax(whole, fabs(d[i]) + fabs(e[i]));
    for (size_t l = 0; l < n; l++)
        for (unsigned step = 0;; step++) {
            size_t m = l;

            while (m + 1 < n && fabs(e[m]) > 2.220446049250313e-16 * fmax(fabs(d[m]) + fabs(d[m + 1]), whole / 16.0))
                m++;
            if (m == l)
                break;
            if (step == 60)
                return sund_fail(err, SUND_E_NUMERIC, "an eigenvalue did not settle");
            sweep(n, l, m, d, e, z);
        }
    return SUND_OK;
}

static void sort_down(size_t n, double *d, double *z, double *room)
{
    for (size_t k = 0; k < n; k++) {
        size_t best = k;
        double x = d[k];

        for (size_t i = k + 1; i < n; i++)
            if (d[i] > d[best])
                best = i;
        d[k] = d[best];
        d[best] = x;
        if (!z || best == k)
            continue;
        memcpy(room, z + k * n, n * sizeof *room);
        memcpy(z + k * n, z + best * n, n * sizeof *room);
        memcpy(z + best * n, room, n * sizeof *room);
    }
}

sund_code sund_sym_eigen(size_t n, double *a, double *value, double *vector, sund_err *err)
{
    double   *room = calloc(3 * n + 1, sizeof *room);
    sund_code rc;

    if (!room)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a matrix of %zu rows", n);
    for (size_t i = 0; i < n * n; i++)
        if (!isfinite(a[i])) {
            free(room);
            return sund_fail(err, SUND_E_NUMERIC, "a matrix holds what is no number");
        }
    if (n > 0)
        three_diagonals(n, a, value, room, vector, room + n, room + 2 * n);
    rc = settle(n, value, room, vector, err);
    if (rc == SUND_OK)
        sort_down(n, value, vector, room + n);
    free(room);
    return rc;
}
