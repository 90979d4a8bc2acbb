#include "stats/few.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 30, MULTIPLIERS = 4 };
static const double multiplier[MULTIPLIERS] = { 0.0, 0.2, 0.45, 0.8 }; /* mu, in parts of bound - H_ii; which ones are tried changes how soon a proof ends, not what is true */

typedef struct search {
    size_t   n, few;
    double   bound;
    double  *h;           /* H, n x n */
    bool    *in;          /* who is in S */
    size_t   n_in, member[SUND_FEW_MAX];
    int64_t  work;
    bool     found, open;
} search;

void sund_few_keep(double *most, size_t n, double x)
{
    size_t at = 0;

    if (n == 0 || x <= most[0])
        return;
    for (; at + 1 < n && most[at + 1] < x; at++)
        most[at] = most[at + 1];
    most[at] = x;
}

/** Whether the members alone are above the bound: whether bound I - H_SS has a pivot that is not positive. */
static bool above(const search *s)
{
    size_t m = s->n_in;
    double a[SUND_FEW_MAX][SUND_FEW_MAX];

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++) {
            double x = (i == j ? s->bound : 0.0) - s->h[s->member[i] * s->n + s->member[j]];

            for (size_t c = 0; c < j; c++)
                x -= a[i][c] * a[j][c];
            if (i == j && x < 0.0)
                return true;
            a[i][j] = i == j ? sqrt(x) : a[j][j] > 0.0 ? x / a[j][j] : 0.0;
        }
    return false;
}

/** What the row of person i allows |a_i| to be. */
static double allowed(search *s, size_t i, const double *cap)
{
    const double *row = s->h + i * s->n;
    size_t        others = s->few - s->n_in - !s->in[i];
    double        gap = s->bound - row[i], least = cap[i];

    for (size_t m = 0; m < MULTIPLIERS; m++) {
        double mu = multiplier[m] * gap, sum = mu / 2, most[SUND_FEW_MAX] = { 0 }, a;

        for (size_t j = 0; j < s->n; j++) {
            double c = fabs(row[j]), g = c < mu * cap[j] ? c * c / (2 * mu) : (c - mu * cap[j] / 2) * cap[j];

            if (j == i)
                continue;
            if (s->in[j])
                sum += g;
            else
                sund_few_keep(most, others, g);
        }
        for (size_t o = 0; o < others; o++)
            sum += most[o];
        a = mu > 0.0 ? (sqrt(gap * gap + 2 * mu * sum) - gap) / mu : sum / gap; /* mu a^2 / 2 + gap a = sum */
        least = a < least ? a : least;
    }
    s->work += (int64_t) (MULTIPLIERS * s->n);
    return least;
}

/** Lowers caps until they say that there is no set (true), or no more. */
static bool excluded(search *s, double *cap)
{
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double before = 0, after = 0, sum = 0, most[SUND_FEW_MAX] = { 0 };

        for (size_t i = 0; i < s->n; i++) {
            before += cap[i];
            if (!s->in[i] && s->n_in == s->few)
                cap[i] = 0;
            else if (cap[i] > 0.0)
                cap[i] = allowed(s, i, cap);
            after += cap[i];
            if (s->in[i])
                sum += cap[i] * cap[i];
            else
                sund_few_keep(most, s->few - s->n_in, cap[i] * cap[i]);
        }
        for (size_t o = 0; o < s->few - s->n_in; o++)
            sum += most[o];
        if (sum < 1.0)
            return true;
        if (after > 0.995 * before)
            return false;
    }
    return false;
}

/** Looks at all sets that hold the members and, of others, whoever has a cap. */
static sund_code look(search *s, const double *given, sund_err *err)
{
    double   *cap = malloc((s->n + 1) * sizeof *cap);
    sund_code rc = cap ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", s->n);

    if (rc == SUND_OK)
        memcpy(cap, given, s->n * sizeof *cap);
    while (rc == SUND_OK && !s->found && !s->open && !excluded(s, cap)) {
        size_t at = s->n;

        for (size_t i = 0; i < s->n; i++)
            if (!s->in[i] && cap[i] > 0.0 && (at == s->n || cap[i] > cap[at]))
                at = i;
        if (at == s->n || s->n_in == s->few)
            break; /* the members alone, who are not above it */
        if (s->work > SUND_FEW_WORK) {
            s->open = true;
            break;
        }
        s->in[at] = true;
        s->member[s->n_in++] = at;
        s->found = above(s);
        if (!s->found)
            rc = look(s, cap, err);
        s->n_in--;
        s->in[at] = false;
        cap[at] = 0.0; /* and now without this person */
    }
    free(cap);
    return rc;
}

static void products(search *s, const double *z, size_t k)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;

            for (size_t a = 0; a < k; a++)
                sum += z[i * k + a] * z[j * k + a];
            s->h[i * s->n + j] = s->h[j * s->n + i] = sum;
        }
}

sund_code sund_few(const double *z, size_t n, size_t k, size_t few, double rest, double bound, sund_few_verdict *verdict, int64_t *work, sund_err *err)
{
    search    s = { .n = n, .few = few < n ? few : n, .bound = bound - (double) few * rest };
    double   *cap = malloc((n + 1) * sizeof *cap);
    sund_code rc = SUND_OK;

    s.h = malloc((n * n + 1) * sizeof *s.h);
    s.in = calloc(n + 1, sizeof *s.in);
    if (!cap || !s.h || !s.in)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n);
    else if (s.bound <= 0.0)
        s.open = true;
    else {
        products(&s, z, k);
        for (size_t i = 0; i < n; i++) {
            s.found |= s.h[i * n + i] > s.bound;
            cap[i] = sqrt(s.h[i * n + i] / s.bound);
        }
        rc = look(&s, cap, err);
    }
    *verdict = s.found ? SUND_FEW_FOUND : s.open ? SUND_FEW_OPEN : SUND_FEW_NONE;
    if (work)
        *work = s.work;
    free(cap);
    free(s.h);
    free(s.in);
    return rc;
}
