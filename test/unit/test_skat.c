/* Tests of sets of markers, from scores: the tail of a mixture against closed forms and Imhof's integral; Cauchy's combination; SKAT, SKAT-O and burden against the
 * values that the SKAT package publishes, and SKAT-O against a second computation. */
#include "dense.h"
#include "math/eigen.h"
#include "stats/skat.h"
#include "test.h"

#include <stdbool.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static double apart(double got, double want) { return fabs(got - want) / fmax(1, fabs(want)); }
static double unit(void) { return (double) (test_rand() >> 11) * 0x1p-53; }

TEST(eigenvalues_of_matrices_whose_eigenvalues_are_known)
{
    enum { N = 40 };
    double a[N * N], value[N], v[N], want[N], worst = 0;

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N; i++)
            want[i] = i < 3 * round ? exp(-10 * unit()) : 0; /* many of them nil */
        memset(a, 0, sizeof a);
        for (int i = 0; i < N; i++)
            a[i * N + i] = want[i];
        for (int k = 0; k < N; k++) { /* reflections on both sides */
            double vv = 0, av[N], s = 0;

            for (int i = 0; i < N; i++) {
                v[i] = unit() - 0.5;
                vv += v[i] * v[i];
            }
            for (int i = 0; i < N; i++) {
                av[i] = 0;
                for (int j = 0; j < N; j++)
                    av[i] += a[i * N + j] * v[j];
                s += av[i] * v[i];
            }
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++)
                    a[i * N + j] += (4 * s / vv * v[i] * v[j] - 2 * (av[i] * v[j] + v[i] * av[j])) / vv;
        }
        CHECK(sund_sym_eigen(N, a, value, NULL, NULL) == SUND_OK);
        for (int i = 0; i < N; i++)
            for (int j = i + 1; j < N; j++)
                if (want[j] > want[i]) {
                    double t = want[i];

                    want[i] = want[j];
                    want[j] = t;
                }
        for (int i = 0; i < N; i++)
            worst = fmax(worst, fabs(value[i] - want[i]));
    }
    CHECK(worst < 1e-13);
    a[0] = (double) NAN;
    CHECK(sund_sym_eigen(N, a, value, NULL, NULL) == SUND_E_NUMERIC);
}

/* Pairs of equal eigenvalues: P = sum_j prod_{k != j} l_j / (l_j - l_k) exp(-q / 2 l_j), here in long double. */
TEST(tail_of_a_mixture_equals_its_closed_forms)
{
    static const double pair[] = { 1, 1, 0.7, 0.7, 0.45, 0.45, 0.2, 0.2, 0.05, 0.05 };
    double              worst = 0, worst_chi = 0;

    for (double q = 1e-3; q < 40000; q *= 1.37) {
        long double sum = 0;
        double      got = sund_mixture_nlog10p(10, pair, q), want;

        for (int j = 0; j < 10; j += 2) {
            long double f = 1;

            for (int k = 0; k < 10; k += 2)
                if (k != j)
                    f *= (long double) pair[j] / ((long double) pair[j] - (long double) pair[k]);
            sum += f * expl(-0.5L * (long double) (q / pair[j] - q));
        }
        want = (double) ((0.5L * (long double) q - logl(sum)) / logl(10));
        worst = fmax(worst, apart(got, want));
    }
    for (int m = 1; m <= 300; m = m * 2 + (m > 100 ? 43 : 0)) {
        double lambda[400], q;

        for (int j = 0; j < m; j++)
            lambda[j] = 3.0;
        for (q = 1e-4 * m; q < 3e4 * sqrt(m); q *= 1.9)
            worst_chi = fmax(worst_chi, apart(sund_mixture_nlog10p((size_t) m, lambda, 3 * q), -pchisq(q, m, 0, 1) / M_LN10));
    }
    CHECK(worst < 1e-12 && worst_chi < 1e-12);
    printf("# tail of mixtures: -log10 p at most %.1e from closed forms down to p = 1e-8000, %.1e from chi-squares of 1 to 300 degrees of freedom\n", worst, worst_chi);
    CHECK(sund_mixture_nlog10p(10, pair, 0) == 0 && sund_mixture_nlog10p(10, pair, -1) == 0 && isnan(sund_mixture_nlog10p(0, pair, 1)) && isnan(sund_mixture_nlog10p(2, pair, (double) NAN)));
}

/* P(Q > q) = 1/2 + 1/pi int sin(theta(t)) / (t rho(t)) dt, by Imhof (1961): another path of integration. */
static double imhof(int n, const double *l, double q)
{
    double sum = 0, h = 0.002;

    for (double t = h / 2; t < 3000; t += h) {
        double theta = -0.5 * q * t, rho = 1;

        for (int j = 0; j < n; j++) {
            theta += 0.5 * atan(l[j] * t);
            rho *= pow(1 + l[j] * l[j] * t * t, 0.25);
        }
        sum += h * sin(theta) / (t * rho);
        if (t * rho > 1e12)
            break;
    }
    return 0.5 + sum / M_PI;
}

TEST(tail_of_a_mixture_equals_imhofs_integral)
{
    double worst = 0;

    for (int round = 0; round < 12; round++) {
        double l[20], q = 0;
        int    n = 5 + (int) (test_rand() % 15);

        for (int j = 0; j < n; j++)
            q += l[j] = exp(-5 * unit());
        q *= 0.3 + 3 * unit();
        worst = fmax(worst, fabs(pow(10, -sund_mixture_nlog10p((size_t) n, l, q)) - imhof(n, l, q)));
    }
    CHECK(worst < 1e-8);
    printf("# tail of mixtures: p at most %.1e from Imhof's integral\n", worst);
}

TEST(cauchys_combination)
{
    const double p[3] = { 0.03, 0.4, 0.77 }, w[3] = { 1, 2, 0.5 };
    double       n[3], t = 0;

    for (int j = 0; j < 3; j++) {
        n[j] = -log10(p[j]);
        t += w[j] / 3.5 * tan((0.5 - p[j]) * M_PI);
    }
    CHECK_NEAR(sund_acat_nlog10p(3, n, w), -log10(0.5 - atan(t) / M_PI), 1e-12);
    n[0] = 500; /* 3.5 / (1 / 1e-500) */
    CHECK_NEAR(sund_acat_nlog10p(3, n, w), 500 - log10(3.5), 1e-12);
    n[0] = 13;
    CHECK_NEAR(sund_acat_nlog10p(3, n, w), 13 - log10(3.5), 1e-9);
    CHECK_NEAR(sund_acat_nlog10p(1, n, w), 13, 1e-12);
    n[0] = 0;
    CHECK(isfinite(sund_acat_nlog10p(3, n, w)));
}

TEST(statistics_equal_what_the_SKAT_package_publishes)
{
    static double u[S_M], v[S_M * S_M], w[S_M], maf[S_M], room[SUND_SKAT_ROOM(S_M)], r[S_N], wt[S_N];
    example      *e = read_example();
    sund_skat     t;
    double        p;

    if (!e)
        return;
    for (int j = 0; j < S_M; j++) {
        for (int i = 0; i < S_N; i++)
            maf[j] += e->z[i][j] / (2.0 * S_N);
        w[j] = 25 * pow(1 - maf[j], 24);
    }
    p = null_model(S_N, 3, e->x[0], e->yc, false, r, wt);
    dense_scores(S_N, S_M, 3, e->z[0], e->x[0], r, wt, u, v);
    CHECK(sund_skat_tests(S_M, u, v, p, w, maf, room, &t, NULL) == SUND_OK);
    CHECK_NEAR(pow(10, -t.skat), 0.002877041, 2e-8 / 0.002877041); /* R's Davies: 1e-6 absolute */
    printf("# SKAT example, y.c: SKAT %.9f, burden %.7g, SKAT-O %.7g, ACAT-V %.7g\n", pow(10, -t.skat), pow(10, -t.burden), pow(10, -t.skato), pow(10, -t.acatv));
    (void) null_model(S_N, 3, e->x[0], e->yb, true, r, wt);
    dense_scores(S_N, S_M, 3, e->z[0], e->x[0], r, wt, u, v);
    CHECK(sund_skat_tests(S_M, u, v, 1, w, maf, room, &t, NULL) == SUND_OK);
    CHECK_NEAR(pow(10, -t.skat), 0.1401991, 2e-6);
    CHECK_NEAR(pow(10, -t.burden), 0.06095529, 2e-6);
    CHECK_NEAR(pow(10, -t.skato), 0.1008976, 1e-3); /* R's integral: 1e-4 absolute */
    printf("# SKAT example, y.b: SKAT %.9f, burden %.9f, SKAT-O %.9f, ACAT-V %.7g\n", pow(10, -t.skat), pow(10, -t.burden), pow(10, -t.skato), pow(10, -t.acatv));
    CHECK(sund_skat_rho(S_M, u, v, 1, w, 0.9, room, &p, NULL) == SUND_OK);
    CHECK_NEAR(pow(10, -p), 0.06031026, 2e-6);
    for (int j = 0; j < S_M; j++)
        w[j] = 1 / sqrt(maf[j] * (1 - maf[j]));
    CHECK(sund_skat_rho(S_M, u, v, 1, w, 0, room, &p, NULL) == SUND_OK);
    CHECK_NEAR(pow(10, -p), 0.4931639, 2e-6);
    for (int j = 0; j < S_M; j++) /* Get_Logistic_Weights: 1 / (1 + exp((maf - 0.07) 150)) */
        w[j] = 1 / (1 + exp((maf[j] - 0.07) * 150));
    CHECK(sund_skat_rho(S_M, u, v, 1, w, 0, room, &p, NULL) == SUND_OK);
    CHECK_NEAR(pow(10, -p), 0.3293643, 2e-6);
    free(e);
}

/* SKAT-O as the SKAT package writes it down, from the people's rows instead of their products, and by adaptive Simpson's rule over z, x = z^2. */
typedef struct naive { int keep; const double *l, *quantile; double zz, cc, mean, shrink, mm; } naive;

static double naive_at(const naive *h, double z)
{
    static const double rho[8] = { 0, 0.01, 0.04, 0.09, 0.16, 0.25, 0.5, 0.999 };
    double              low = INFINITY;

    for (int o = 0; o < 8; o++)
        low = fmin(low, (h->quantile[o] - (h->mm * rho[o] + h->cc * (1 - rho[o])) * h->zz * z * z) / (1 - rho[o]));
    return 2 * dnorm(z, 0, 1, 0) * pow(10, -sund_mixture_nlog10p((size_t) h->keep, h->l, (low - h->mean) * h->shrink + h->mean));
}

static double simpson(const naive *h, double a, double b, double fa, double fm, double fb, double whole, double eps, int depth)
{
    double m = (a + b) / 2, f1 = naive_at(h, (a + m) / 2), f2 = naive_at(h, (m + b) / 2), left = (m - a) / 6 * (fa + 4 * f1 + fm), right = (b - m) / 6 * (fm + 4 * f2 + fb);

    if (depth == 0 || fabs(left + right - whole) < 15 * eps)
        return left + right + (left + right - whole) / 15;
    return simpson(h, a, m, fa, f1, fm, left, eps / 2, depth - 1) + simpson(h, m, b, fm, f2, fb, right, eps / 2, depth - 1);
}

static double naive_skato(int n, int m, const double *z1, const double *quantile)
{
    double             *zm = calloc((size_t) n, sizeof *zm), *cof = calloc((size_t) m, sizeof *cof), *w = calloc((size_t) (m * m), sizeof *w), *l = calloc((size_t) m, sizeof *l);
    double              zz = 0, cc = 0, rest = 0, mean = 0, square = 0, sum = 0;
    naive               h = { 0 };
    int                 keep = 0;

    for (int i = 0; i < n; i++) {
        for (int j = 0; j < m; j++)
            zm[i] += z1[i * m + j] / m;
        zz += zm[i] * zm[i];
    }
    for (int j = 0; j < m; j++) {
        for (int i = 0; i < n; i++)
            cof[j] += zm[i] * z1[i * m + j] / zz;
        cc += cof[j] * cof[j];
    }
    for (int j = 0; j < m; j++)
        for (int k = 0; k < m; k++) {
            for (int i = 0; i < n; i++)
                w[j * m + k] += (z1[i * m + j] - zm[i] * cof[j]) * (z1[i * m + k] - zm[i] * cof[k]);
            rest += 4 * cof[j] * cof[k] * zz * w[j * m + k];
        }
    if (sund_sym_eigen((size_t) m, w, l, NULL, NULL) != SUND_OK)
        abort();
    while (keep < m && l[keep] > 1e-9 * l[0]) {
        mean += l[keep];
        square += 2 * l[keep] * l[keep];
        keep++;
    }
    h = (naive){ keep, l, quantile, zz, cc, mean, sqrt(square / (square + rest)), (double) m * m };
    for (int k = 0; k < 16; k++) {
        double from = k / 2.0, to = from + 0.5, fa = naive_at(&h, from), fm = naive_at(&h, from + 0.25), fb = naive_at(&h, to);

        sum += simpson(&h, from, to, fa, fm, fb, (fa + 4 * fm + fb) / 12, 1e-14, 30);
    }
    free(zm);
    free(cof);
    free(w);
    free(l);
    return sum;
}

enum { O_N = 300, O_M = 9 };

/* Residuals of each weighted marker on the two covariates. */
static void weighted_rows(const double *g, const double *x, const double *w, double *z1)
{
    for (int j = 0; j < O_M; j++) {
        double a[DENSE_K][DENSE_K] = { { 0 } }, b[DENSE_K] = { 0 };

        for (int i = 0; i < O_N; i++)
            for (int p = 0; p < 2; p++) {
                b[p] += x[2 * i + p] * g[i * O_M + j];
                for (int k = 0; k < 2; k++)
                    a[p][k] += x[2 * i + p] * x[2 * i + k];
            }
        solve(2, a, b);
        for (int i = 0; i < O_N; i++)
            z1[i * O_M + j] = w[j] * (g[i * O_M + j] - b[0] * x[2 * i] - b[1] * x[2 * i + 1]);
    }
}

/* Eigenvalues of Q_rho from the rows. */
static void naive_lambda(const double *z1, double rho, double *l)
{
    double k[O_M * O_M] = { 0 }, a = sqrt(1 - rho), b = (sqrt(1 - rho + rho * O_M) - a) / O_M;

    for (int i = 0; i < O_N; i++) {
        double row[O_M], sum = 0;

        for (int j = 0; j < O_M; j++)
            sum += z1[i * O_M + j];
        for (int j = 0; j < O_M; j++)
            row[j] = a * z1[i * O_M + j] + b * sum;
        for (int j = 0; j < O_M; j++)
            for (int h = 0; h < O_M; h++)
                k[j * O_M + h] += row[j] * row[h];
    }
    if (sund_sym_eigen(O_M, k, l, NULL, NULL) != SUND_OK)
        abort();
}

/* The value that Q_rho exceeds with probability p, by the package's matched moments. */
static double naive_quantile(const double *l, double p)
{
    double c[4] = { 0 }, s1, sk, df, a;

    for (int j = 0; j < O_M; j++)
        for (int h = 0; h < 4; h++)
            c[h] += pow(l[j], h + 1);
    s1 = c[2] / pow(c[1], 1.5);
    sk = c[3] / (c[1] * c[1]);
    df = 1 / sk;
    if (s1 * s1 > sk) {
        a = 1 / (s1 - sqrt(s1 * s1 - sk));
        df = a * a - 2 * (s1 * a * a * a - a * a);
    }
    return (qchisq(p, df, 0, 0) - df) / sqrt(2 * df) * sqrt(2 * c[1]) + c[0];
}

TEST(skato_equals_a_second_computation_from_rows)
{
    static const double rho[8] = { 0, 0.01, 0.04, 0.09, 0.16, 0.25, 0.5, 0.999 };
    static double       g[O_N * O_M], x[O_N * 2], y[O_N], r[O_N], wt[O_N], z1[O_N * O_M], u[O_M], v[O_M * O_M], w[O_M], maf[O_M], room[SUND_SKAT_ROOM(O_M)];
    double              worst = 0;

    for (int round = 0; round < 8; round++) {
        double    quantile[8], l[O_M], best = 1, s2, q = 0, s = 0, want;
        sund_skat t;

        for (int i = 0; i < O_N; i++) {
            x[2 * i] = 1;
            x[2 * i + 1] = unit();
            y[i] = unit() + x[2 * i + 1];
            for (int j = 0; j < O_M; j++) {
                g[i * O_M + j] = (test_rand() % 20 == 0) + (test_rand() % 20 == 0);
                y[i] += (round % 4) * 0.04 * (round < 4 || j % 2 ? 1 : -1) * g[i * O_M + j];
            }
        }
        for (int j = 0; j < O_M; j++) {
            w[j] = 1 + unit();
            maf[j] = 0.05;
        }
        s2 = null_model(O_N, 2, x, y, false, r, wt);
        dense_scores(O_N, O_M, 2, g, x, r, wt, u, v);
        CHECK(sund_skat_tests(O_M, u, v, s2, w, maf, room, &t, NULL) == SUND_OK);
        weighted_rows(g, x, w, z1);
        for (int j = 0; j < O_M; j++) {
            q += w[j] * u[j] * w[j] * u[j] / s2;
            s += w[j] * u[j] / sqrt(s2);
        }
        for (int o = 0; o < 8; o++) {
            naive_lambda(z1, rho[o], l);
            best = fmin(best, pow(10, -sund_mixture_nlog10p(O_M, l, (1 - rho[o]) * q + rho[o] * s * s)));
        }
        for (int o = 0; o < 8; o++) {
            naive_lambda(z1, rho[o], l);
            quantile[o] = naive_quantile(l, best);
        }
        want = fmax(best, fmin(naive_skato(O_N, O_M, z1, quantile), 8 * best));
        worst = fmax(worst, fabs(pow(10, -t.skato) / want - 1));
    }
    CHECK(worst < 1e-5);
    printf("# SKAT-O: at most %.1e relative from the second computation\n", worst);
}
