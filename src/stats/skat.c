#include "stats/skat.h"

#include "math/eigen.h"
#include "math/func.h"

#include <math.h>
#include <stdbool.h>

static const double ln10 = 2.30258509299404568402;
static const double pi = 3.14159265358979323846;

enum { N_RHO = 8 };
static const double rho_grid[N_RHO] = { 0.0, 0.01, 0.04, 0.09, 0.16, 0.25, 0.5, 0.999 };

/* ---- the tail of a mixture of chi-squares ----
 *
 * The largest eigenvalue is scaled to 1, so the cut begins at s = 1/2, and d = 1/2 - s is carried instead of s: far out in the tail 1 - 2 s is tiny. */

typedef struct mixture { size_t n; const double *lambda; double top, q; } mixture;
typedef struct complex_number { double re, im; } complex_number;

static complex_number times(complex_number a, complex_number b) { return (complex_number){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re }; }

/** 1 - 2 lambda_j s at s = 1/2 - d. */
static double factor(const mixture *x, size_t j, double d)
{
    double l = x->lambda[j] / x->top;

    return (1.0 - l) + 2.0 * l * d;
}

/** Where the integrand's size is least on the real axis, near enough: between 0 and the cut for the upper tail, below 0 for the lower one. Its logarithm
 *  there, and that logarithm's curvature. */
static double saddle(const mixture *x, bool lower, double *logarithm, double *curvature)
{
    double low = lower ? 0.5 + 1.0 / x->q : 0.5 / (x->q + 4.0), high = lower ? 0.5 + (0.5 * (double) x->n + 1.0) / x->q : 0.5, s;

    while (high - low > 0.01 * fmin(low, fabs(0.5 - low))) {
        double d = 0.5 * (low + high), slope = -x->q - 1.0 / (0.5 - d);

        for (size_t j = 0; j < x->n; j++)
            slope += x->lambda[j] / x->top / factor(x, j, d);
        if (slope > 0.0)
            low = d;
        else
            high = d;
    }
    s = 0.5 - low;
    *logarithm = -x->q * s - sund_ln(fabs(s));
    *curvature = 1.0 / (s * s);
    for (size_t j = 0; j < x->n; j++) {
        double f = factor(x, j, low), l = x->lambda[j] / x->top;

        *logarithm -= 0.5 * sund_ln(f);
        *curvature += 2.0 * l * l / (f * f);
    }
    return low;
}

/** The integrand at a step from the saddle, of upward imaginary part, divided by what it is there. */
static complex_number integrand(const mixture *x, double d, complex_number step)
{
    complex_number p = { 1.0, 0.0 }, root, e, s = { 0.5 - d + step.re, -step.im };
    double         size, turn = x->q * step.im;
    bool           minus = false;

    for (size_t j = 0; j < x->n; j++) { /* each factor turns downwards by less than half a circle; p is kept within (-pi, pi], its root's sign apart */
        double l = 2.0 * x->lambda[j] / x->top / factor(x, j, d);
        bool   below = p.im <= 0.0;

        p = times(p, (complex_number){ 1.0 - l * step.re, -l * step.im });
        minus ^= below && p.im > 0.0;
        if (fabs(p.re) + fabs(p.im) > 1e200)
            return (complex_number){ 0.0, 0.0 };
    }
    size = sqrt(p.re * p.re + p.im * p.im);
    root.re = sqrt(0.5 * (size + fabs(p.re)));
    root.im = 0.5 * p.im / root.re;
    if (p.re < 0.0)
        root = (complex_number){ fabs(root.im), p.im < 0.0 ? -root.re : root.re };
    e = (complex_number){ sund_cos(turn), -sund_sin(turn) };
    e = times(times(e, (complex_number){ root.re, -root.im }), s); /* 1/z is z's mirror image over |z|^2 */
    size = sund_exp(-x->q * step.re) * (0.5 - d) / size / (s.re * s.re + s.im * s.im);
    if (minus)
        size = -size;
    return (complex_number){ e.re * size, e.im * size };
}

double sund_mixture_nlog10p(size_t n, const double *lambda, double q)
{
    static const double right = 0.5, up = 0.86602540378443864676, h = 1.0 / 14.0; /* the hyperbola's arms leave at 60 degrees */
    mixture             x = { n, lambda, 0.0, 0.0 };
    double              d, logarithm, curvature, reach, sum, mean = 0.0;

    for (size_t j = 0; j < n; j++) {
        x.top = fmax(x.top, lambda[j]);
        mean += lambda[j];
    }
    if (isnan(q) || !(x.top > 0.0))
        return (double) NAN;
    x.q = q / x.top;
    if (!(x.q > 0.0))
        return 0.0;
    d = saddle(&x, q < mean, &logarithm, &curvature);
    reach = 1.5 / sqrt(curvature); /* about as far as 0 or the cut can be near */
    sum = 0.5 * up;
    for (int k = 1; k < 600; k++) {
        double         e = sund_exp((double) k * h), cosh1 = (e - 1.0) * (e - 1.0) / (2.0 * e), sinh = (e - 1.0 / e) / 2.0;
        complex_number f = integrand(&x, d, (complex_number){ reach * right * cosh1, reach * up * sinh });

        f = times(f, (complex_number){ right * sinh, up * (cosh1 + 1.0) });
        sum += f.im;
        if (fabs(f.re) + fabs(f.im) < 1e-17)
            break;
    }
    logarithm += sund_ln(sum * reach * h / pi);
    if (q < mean)
        return logarithm < 0.0 ? -sund_ln1p(-sund_exp(logarithm)) / ln10 : 0.0;
    return logarithm < 0.0 ? -logarithm / ln10 : 0.0;
}

/* ---- Cauchy's combination ---- */

double sund_acat_nlog10p(size_t k, const double *nlog10p, const double *w)
{
    double top = 0.0, sum = 0.0, t = 0.0, p;

    for (size_t j = 0; j < k; j++) {
        top = fmax(top, nlog10p[j]);
        sum += w[j];
    }
    if (k == 0 || !(sum > 0.0))
        return (double) NAN;
    if (top > 12.0) { /* cot(pi p) is 1 / (pi p), and nothing else counts beside it */
        for (size_t j = 0; j < k; j++)
            t += w[j] * sund_exp((nlog10p[j] - top) * ln10);
        return top + sund_ln(t / sum) / ln10;
    }
    for (size_t j = 0; j < k; j++) {
        p = sund_exp(-nlog10p[j] * ln10);
        p = p >= 1.0 ? (k > 1 ? 1.0 - 1.0 / (double) k : 1.0 - 1e-15) : p;
        t += w[j] / sum * sund_cos(pi * p) / sund_sin(pi * p);
    }
    p = t > 0.0 ? sund_atan(1.0 / t) / pi : 0.5 - sund_atan(t) / pi; /* no cancellation in the small tail */
    return p >= 1.0 ? 0.0 : -sund_ln(p) / ln10;
}

/* ---- a set of markers ---- */

/** a^2 K + ab (K 1 1' + 1 1' K) + b^2 (1'K1) 1 1', where (a I + b 1 1')^2 is (1 - rho) I + rho 1 1'; row: sums of K's rows. */
static void correlate(size_t m, const double *k, const double *row, double rho, double *out)
{
    double a = sqrt(1.0 - rho), b = (sqrt(1.0 - rho + rho * (double) m) - a) / (double) m, all = 0.0;

    for (size_t i = 0; i < m; i++)
        all += row[i];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++)
            out[i * m + j] = a * a * k[i * m + j] + a * b * (row[i] + row[j]) + b * b * all;
}

/** Positive eigenvalues to the front, as SKAT: above a hundred-thousandth of their mean. */
static size_t positive(size_t m, double *lambda)
{
    double sum = 0.0;
    size_t n = 0;

    for (size_t j = 0; j < m; j++)
        if (lambda[j] >= 0.0) {
            sum += lambda[j];
            n++;
        }
    for (size_t j = 0; j < m; j++)
        if (!(lambda[j] > sum / (double) n / 100000.0))
            return j;
    return m;
}

/* room of a set: K = diag(w) V diag(w) scaled by s2, a second matrix, then vectors */
typedef struct gene { size_t m; double *k, *other, *row, *lambda, *wu; double s, q; } gene;

static sund_code gene_of(gene *g, size_t m, const double *u, const double *v, double s2, const double *w, double *room, sund_err *err)
{
    *g = (gene){ .m = m, .k = room, .other = room + m * m, .row = room + 2 * m * m };
    g->lambda = g->row + m;
    g->wu = g->lambda + m;
    if (m < 1 || m > SUND_SKAT_MAX || !(s2 > 0.0))
        return sund_fail(err, SUND_E_LIMIT, "a set of markers has from 1 to %d of them, and a trait that varies", SUND_SKAT_MAX);
    for (size_t i = 0; i < m; i++) {
        g->row[i] = 0.0;
        for (size_t j = 0; j < m; j++) {
            g->k[i * m + j] = w[i] * w[j] * s2 * v[i * m + j];
            g->row[i] += g->k[i * m + j];
        }
        if (!(g->k[i * m + i] > 0.0))
            return sund_fail(err, SUND_E_NUMERIC, "a marker of a set does not vary");
        g->wu[i] = w[i] * u[i];
        g->s += g->wu[i];
        g->q += g->wu[i] * g->wu[i];
    }
    return SUND_OK;
}

static double q_rho(const gene *g, double rho) { return (1.0 - rho) * g->q + rho * g->s * g->s; }

/** Into g->lambda: the eigenvalues of Q_rho. */
static sund_code eigen_rho(gene *g, double rho, size_t *n, sund_err *err)
{
    correlate(g->m, g->k, g->row, rho, g->other);
    SUND_TRY(sund_sym_eigen(g->m, g->other, g->lambda, NULL, err));
    *n = positive(g->m, g->lambda);
    return SUND_OK;
}

static double burden_nlog10p(const gene *g)
{
    double all = 0.0;

    for (size_t i = 0; i < g->m; i++)
        all += g->row[i];
    return all > 0.0 ? sund_z_nlog10p(g->s / sqrt(all)) : (double) NAN;
}

sund_code sund_skat_rho(size_t m, const double *u, const double *v, double s2, const double *w, double rho, double *room, double *nlog10p, sund_err *err)
{
    gene   g;
    size_t n;

    SUND_TRY(gene_of(&g, m, u, v, s2, w, room, err));
    if (rho >= 1.0) {
        *nlog10p = burden_nlog10p(&g);
        return SUND_OK;
    }
    SUND_TRY(eigen_rho(&g, rho, &n, err));
    *nlog10p = sund_mixture_nlog10p(n, g.lambda, q_rho(&g, rho));
    return SUND_OK;
}

/* ---- SKAT-O ---- */

/** Mean, standard deviation and degrees of freedom of the chi-square that has a mixture's mean, variance and kurtosis (Liu et al. 2009, modified). */
typedef struct moments { double mean, sd, df; } moments;

static moments moments_of(size_t n, const double *lambda)
{
    double  c[4] = { 0 }, s1, s2;
    moments x;

    for (size_t j = 0; j < n; j++) {
        double l = lambda[j];

        c[0] += l;
        c[1] += l * l;
        c[2] += l * l * l;
        c[3] += l * l * l * l;
    }
    s1 = c[2] / (c[1] * sqrt(c[1]));
    s2 = c[3] / (c[1] * c[1]);
    x = (moments){ c[0], sqrt(2.0 * c[1]), 1.0 / s2 };
    if (s1 * s1 > s2) {
        double a = 1.0 / (s1 - sqrt(s1 * s1 - s2));

        x.df = a * a - 2.0 * (s1 * a * a * a - a * a);
    }
    return x;
}

/** The value that a chi-square exceeds with that -log10 p. */
static double chisq_quantile(double nlog10p, double df)
{
    double low = 0.0, high = df + 1.0;

    while (sund_chisq_nlog10p(high, df) < nlog10p && high < 1e12)
        high *= 2.0;
    for (int step = 0; step < 80 && high - low > 1e-13 * high; step++) {
        double x = 0.5 * (low + high);

        if (sund_chisq_nlog10p(x, df) < nlog10p)
            low = x;
        else
            high = x;
    }
    return 0.5 * (low + high);
}

/** What of the set is left beside the shared chi-square: its eigenvalues (in g->lambda), mean, and by how much its spread is widened. */
typedef struct shared { size_t n; double mean, shrink, tau[N_RHO], quantile[N_RHO]; } shared;

static sund_code share(gene *g, shared *h, sund_err *err)
{
    size_t m = g->m;
    double all = 0.0, cc = 0.0, rest = 0.0, square = 0.0;

    for (size_t i = 0; i < m; i++)
        all += g->row[i];
    for (size_t i = 0; i < m; i++)
        cc += g->row[i] / all * g->row[i];
    for (size_t r = 0; r < N_RHO; r++)
        h->tau[r] = all * rho_grid[r] + cc * (1.0 - rho_grid[r]);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++) {
            double one = g->row[i] * g->row[j] / all;

            g->other[i * m + j] = g->k[i * m + j] - one;
            rest += 4.0 * one * g->other[i * m + j];
        }
    SUND_TRY(sund_sym_eigen(m, g->other, g->lambda, NULL, err));
    h->n = g->lambda[0] > 1e-10 * all ? positive(m, g->lambda) : 0;
    h->mean = 0.0;
    for (size_t j = 0; j < h->n; j++) {
        h->mean += g->lambda[j];
        square += 2.0 * g->lambda[j] * g->lambda[j];
    }
    h->shrink = h->n ? sqrt(square / (square + (rest > 0.0 ? rest : 0.0))) : 1.0;
    return SUND_OK;
}

/** Least of the lines (quantile - tau x) / (1 - rho) at x, and which it is. */
static double least(const shared *h, double x, size_t *which)
{
    double low = 0.0;

    for (size_t r = 0; r < N_RHO; r++) {
        double y = (h->quantile[r] - h->tau[r] * x) / (1.0 - rho_grid[r]);

        if (r == 0 || y < low) {
            low = y;
            *which = r;
        }
    }
    return low;
}

/** Where the lowest line leaves line r behind, above x; at most end. */
static double next_bend(const shared *h, size_t r, double x, double end)
{
    double a = h->quantile[r] / (1.0 - rho_grid[r]), b = h->tau[r] / (1.0 - rho_grid[r]);

    for (size_t o = 0; o < N_RHO; o++) {
        double ao = h->quantile[o] / (1.0 - rho_grid[o]), bo = h->tau[o] / (1.0 - rho_grid[o]), at = (ao - a) / (bo - b);

        if (bo > b && at > x * (1.0 + 1e-12) && at < end)
            end = at;
    }
    return end;
}

/** Gauss's rule with ten points: half of it. */
static const double gauss_x[5] = { 0.14887433898163121088, 0.43339539412924719080, 0.67940956829902440623, 0.86506336668898451073, 0.97390652851717172008 };
static const double gauss_w[5] = { 0.29552422471475287017, 0.26926671930999635509, 0.21908636251598204400, 0.14945134915058059315, 0.06667134430868813759 };

/** Adds, to sum e^top, the integral of 2 phi(z) P(rest > bound(z^2)) over [from, to]. */
static void add_panel(const gene *g, const shared *h, double from, double to, double *sum, double *top)
{
    double middle = 0.5 * (from + to), half = 0.5 * (to - from);

    for (int k = 0; k < 10; k++) {
        double z = k < 5 ? middle - half * gauss_x[4 - k] : middle + half * gauss_x[k - 5], x;
        size_t r = 0;
        double bound = (least(h, z * z, &r) - h->mean) * h->shrink + h->mean;

        x = -0.5 * z * z - ln10 * (h->n ? sund_mixture_nlog10p(h->n, g->lambda, bound) : bound > 0.0 ? 1e6 : 0.0);
        if (x > *top) {
            *sum *= sund_exp(*top - x);
            *top = x;
        }
        *sum += half * 0.79788456080286535588 * gauss_w[k < 5 ? 4 - k : k - 5] * sund_exp(x - *top);
    }
}

/** -log10 of the probability that any Q_rho exceeds its quantile. */
static double skato_integral(const gene *g, const shared *h)
{
    double floor_ = h->mean * (1.0 - 1.0 / h->shrink), end = 0.0, z = 0.0, sum = 0.0, top = -1e300, tail;
    size_t r = 0;

    for (size_t o = 0; o < N_RHO; o++) { /* beyond `end` the bound is below nothing: certain */
        double at = (h->quantile[o] - floor_ * (1.0 - rho_grid[o])) / h->tau[o];

        if (o == 0 || at < end)
            end = at;
    }
    if (!(end > 0.0))
        return 0.0;
    for (double x = 0.0; x < end;) {
        double to;
        size_t n_panel;

        (void) least(h, x, &r);
        x = next_bend(h, r, x, end);
        to = sqrt(x);
        n_panel = (size_t) ceil(to - z) < 64 ? (size_t) ceil(to - z) : 64;
        for (size_t k = 0; k < n_panel; k++)
            add_panel(g, h, z + (to - z) * (double) k / (double) n_panel, z + (to - z) * (double) (k + 1) / (double) n_panel, &sum, &top);
        z = to;
    }
    tail = -ln10 * sund_z_nlog10p(sqrt(end));
    if (tail > top) {
        sum *= sund_exp(top - tail);
        top = tail;
    }
    sum += sund_exp(tail - top);
    return -(top + sund_ln(sum)) / ln10;
}

static sund_code skato(gene *g, double *skat, double *out, sund_err *err)
{
    moments x[N_RHO];
    shared  h = { 0 };
    double  best = 0.0, p;
    size_t  n;

    for (size_t r = 0; r < N_RHO; r++) {
        SUND_TRY(eigen_rho(g, rho_grid[r], &n, err));
        x[r] = moments_of(n, g->lambda);
        p = sund_mixture_nlog10p(n, g->lambda, q_rho(g, rho_grid[r]));
        best = fmax(best, p);
        if (r == 0)
            *skat = p;
    }
    *out = *skat;
    if (g->m == 1)
        return SUND_OK;
    for (size_t r = 0; r < N_RHO; r++)
        h.quantile[r] = (chisq_quantile(best, x[r].df) - x[r].df) / sqrt(2.0 * x[r].df) * x[r].sd + x[r].mean;
    SUND_TRY(share(g, &h, err));
    p = skato_integral(g, &h);
    n = N_RHO; /* never above the smallest p times their number, never below it */
    *out = fmax(p, best - sund_ln((double) n) / ln10);
    *out = fmax(0.0, fmin(*out, best));
    return SUND_OK;
}

sund_code sund_skat_tests(size_t m, const double *u, const double *v, double s2, const double *w, const double *maf, double *room, sund_skat *out, sund_err *err)
{
    gene    g;
    double  all = 0.0, top = 0.0, *p, *weight;

    SUND_TRY(gene_of(&g, m, u, v, s2, w, room, err));
    p = g.wu + m;
    weight = p + m;
    for (size_t i = 0; i < m; i++) {
        all += g.row[i];
        top = fmax(top, w[i]);
        p[i] = sund_z_nlog10p(g.wu[i] / sqrt(g.k[i * m + i]));
        weight[i] = w[i] * w[i] * maf[i] * (1.0 - maf[i]);
    }
    *out = (sund_skat){ (double) NAN, (double) NAN, burden_nlog10p(&g), 0.0, 0.0, sund_acat_nlog10p(m, p, weight) };
    if (all > 0.0) {
        out->beta = top * g.s * s2 / all;
        out->se = top * s2 / sqrt(all);
    }
    return skato(&g, &out->skat, &out->skato, err);
}
