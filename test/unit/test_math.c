/* Deterministic functions against the C library's long double and R's libRmath; exact integers against plain arithmetic. */
#include "base/buf.h"
#include "base/real.h"
#include "math/eigen.h"
#include "math/exact.h"
#include "math/func.h"
#include "math/linalg.h"
#include "math/random.h"
#include "stats/frequency.h"
#include "test.h"

#include <stdbool.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

static double unit(void) { return (double) (test_rand() >> 11) * 0x1p-53; }

/** Distance in units in the last place of want. */
static double ulps(double got, long double want)
{
    double w = (double) want;

    if (got == w)
        return 0;
    return (double) fabsl((long double) got - want) / (nextafter(fabs(w), INFINITY) - fabs(w));
}

TEST(exp_and_ln_within_two_ulp_ln1p_within_three)
{
    double worst[3] = { 0 };

    for (int i = 0; i < 300000; i++) {
        double e = -740 + 1449 * unit(), x = ldexp(1 + unit(), (int) (test_rand() % 2040) - 1020), d = ldexp(unit() - 0.5, -(int) (test_rand() % 60));

        if (e > -708)
            worst[0] = fmax(worst[0], ulps(sund_exp(e), expl((long double) e)));
        worst[1] = fmax(worst[1], ulps(sund_ln(x), logl((long double) x)));
        worst[1] = fmax(worst[1], ulps(sund_ln(1 + d), logl((long double) (1 + d))));
        worst[2] = fmax(worst[2], ulps(sund_ln1p(d), log1pl((long double) d)));
    }
    CHECK(worst[0] <= 2 && worst[1] <= 2 && worst[2] <= 4);
    printf("# exp, ln, ln1p: at most %.2f, %.2f, %.2f ulp from long double\n", worst[0], worst[1], worst[2]);
}

TEST(sine_cosine_and_arctangent_against_long_double)
{
    double worst[3] = { 0 };

    for (int i = 0; i < 300000; i++) {
        double x = (unit() - 0.5) * exp(-10 + 24 * unit()), t = (test_rand() % 2 ? 1 : -1) * exp(-30 + 60 * unit());

        worst[0] = fmax(worst[0], (double) fabsl((long double) sund_sin(x) - sinl((long double) x)));
        worst[1] = fmax(worst[1], (double) fabsl((long double) sund_cos(x) - cosl((long double) x)));
        worst[2] = fmax(worst[2], ulps(sund_atan(t), atanl((long double) t)));
    }
    CHECK(worst[0] < 2.3e-16 && worst[1] < 2.3e-16 && worst[2] <= 4);
    CHECK(sund_sin(0) == 0 && sund_cos(0) == 1 && sund_atan(0) == 0 && isnan(sund_sin(1e7)) && isnan(sund_cos((double) INFINITY)));
    CHECK_NEAR(sund_atan((double) -INFINITY), -M_PI / 2, 1e-15);
    printf("# sin, cos: at most %.1e, %.1e from long double; atan: %.2f ulp\n", worst[0], worst[1], worst[2]);
}

TEST(edges_of_functions)
{
    CHECK(sund_exp(0) == 1 && sund_ln(1) == 0 && sund_ln1p(0) == 0);
    CHECK(sund_exp(-1e9) == 0 && isinf(sund_exp(1e9)));
    CHECK(isnan(sund_t_nlog10p((double) NAN, 10)) && isnan(sund_z_nlog10p((double) NAN)));
    CHECK_NEAR(sund_t_nlog10p(0, 10) + 1, 1, 1e-15);
    CHECK_NEAR(sund_lgamma(1) + 1, 1, 1e-14);
    CHECK_NEAR(sund_lgamma(0.5), 0.57236494292470008707, 1e-14);
    CHECK_NEAR(sund_lgamma(1e6), lgamma(1e6), 1e-14);
}

TEST(lgamma_against_the_library)
{
    double worst = 0;

    for (int i = 0; i < 100000; i++) {
        double x = exp(-5 + 25 * unit()), want = (double) lgammal((long double) x);

        worst = fmax(worst, fabs(sund_lgamma(x) - want) / fmax(1, fabs(want)));
    }
    CHECK(worst < 1e-13);
    printf("# lgamma: at most %.1e from the library, relative above 1\n", worst);
}

static double nlog10(double log_p) { return -log_p / M_LN10; }
static double apart(double got, double want) { return fabs(got - want) / fmax(1, fabs(want)); }

TEST(tails_against_rmath)
{
    double worst[3] = { 0 };

    for (int i = 0; i < 60000; i++) {
        double z = exp(-6 + 9.5 * unit()), t = exp(-6 + 10 * unit()), df = exp(13 * unit()), x = exp(-6 + 13 * unit());
        double q = 1 + (double) (test_rand() % 200);

        worst[0] = fmax(worst[0], apart(sund_z_nlog10p(z), nlog10(pnorm(z, 0, 1, 0, 1) + M_LN2)));
        worst[1] = fmax(worst[1], apart(sund_t_nlog10p(t, df), nlog10(pt(t, df, 0, 1) + M_LN2)));
        worst[2] = fmax(worst[2], apart(sund_chisq_nlog10p(x, q), nlog10(pchisq(x, q, 0, 1))));
    }
    CHECK(worst[0] < 1e-9 && worst[2] < 1e-9);
    CHECK(worst[1] < 1e-8);
    printf("# -log10 p of z, t, chi-squared: at most %.1e, %.1e, %.1e from R's libRmath\n", worst[0], worst[1], worst[2]);
}

TEST(tails_far_out)
{
    /* log p of the normal by its asymptotic series, good to 1e-16 there */
    double z = 1000, series = 1 - 1 / (z * z) + 3 / pow(z, 4);

    CHECK_NEAR(sund_z_nlog10p(z), (z * z / 2 + log(z * sqrt(2 * M_PI)) - log(2 * series)) / M_LN10, 1e-12);
    CHECK_NEAR(sund_z_nlog10p(-z), sund_z_nlog10p(z), 1e-15);
    CHECK(sund_t_nlog10p(1e5, 1e6) > 1e5 && isfinite(sund_t_nlog10p(1e5, 1e6)));
    CHECK_NEAR(sund_chisq_nlog10p(z * z, 1), sund_z_nlog10p(z), 1e-11);
}

TEST(integer_division_rounds_to_nearest_away_from_zero)
{
    for (int i = 0; i < 200000; i++) {
        int64_t   a = (int64_t) test_rand() >> (test_rand() % 60), b = (int64_t) (test_rand() >> 1 >> (test_rand() % 60)) + 1;
        sund_i128 twice = 2 * (sund_i128) (a < 0 ? -(sund_i128) a : a), q = (twice + b) / (2 * (sund_i128) b);

        CHECK(sund_i128_div_round(a, b) == (a < 0 ? -q : q));
    }
    CHECK(sund_i128_div_round(5, 2) == 3 && sund_i128_div_round(-5, 2) == -3 && sund_i128_div_round(-1, 3) == 0);
}

TEST(scaled_division_is_exact_and_says_when_it_overflows)
{
    bool over = false;

    for (int i = 0; i < 100000; i++) {
        int64_t   a = (int64_t) test_rand() >> (test_rand() % 60), b = (int64_t) (test_rand() >> 2 >> (test_rand() % 60)) + 1;
        unsigned  shift = (unsigned) (test_rand() % 63);

        CHECK(sund_i128_scale_div(a, shift, b, &over) == sund_i128_div_round((sund_i128) a * ((sund_i128) 1 << shift), b));
    }
    CHECK(!over);
    /* a million people's products of columns of 31 bits, centred and kept at 2^-32: the numerator alone has 102 bits */
    for (int i = 0; i < 1000; i++) {
        sund_i128 m = (sund_i128) (1 << 20) - (sund_i128) (test_rand() % 1000), whole = (sund_i128) (test_rand() >> 1) * (1 << 18), rest = (sund_i128) (test_rand() % (uint64_t) m);

        CHECK(sund_i128_scale_div(whole * m + rest, 32, m, &over) == whole * ((sund_i128) 1 << 32) + sund_i128_div_round(rest * ((sund_i128) 1 << 32), m));
        CHECK(sund_i128_scale_div(-(whole * m + rest), 32, m, &over) == -sund_i128_scale_div(whole * m + rest, 32, m, &over));
    }
    CHECK(!over);
    (void) sund_i128_scale_div((sund_i128) 1 << 120, 40, 1, &over);
    CHECK(over);
}

TEST(wide_integer_to_double_is_nearest)
{
    for (int i = 0; i < 200000; i++) {
        sund_i128 a = ((sund_i128) (int64_t) test_rand() * ((sund_i128) 1 << 62) + (sund_i128) (test_rand() >> 3)) >> (test_rand() % 120);
        double    got = sund_i128_double(a), want = (double) a; /* gcc's conversion rounds to nearest */

        CHECK(got == want);
    }
    CHECK(sund_u64_bits(0) == 0 && sund_u64_bits(1) == 1 && sund_u64_bits(255) == 8 && sund_u64_bits(UINT64_MAX) == 64);
}

TEST(cholesky_solves_and_finds_collinear_columns)
{
    enum { K = 9, N = 40 };
    double x[N][K], a[K * K] = { 0 }, l[K * K], scale[K], b[K], zb[K], want[K], sum = 0, direct = 0;
    size_t bad = 99;

    for (int i = 0; i < N; i++)
        for (int k = 0; k < K; k++)
            x[i][k] = (unit() - 0.5) * pow(10, k - 4);
    for (int k = 0; k < K; k++)
        for (int m = 0; m < K; m++)
            for (int i = 0; i < N; i++)
                a[k * K + m] += x[i][k] * x[i][m];
    for (int k = 0; k < K; k++)
        want[k] = unit() - 0.5;
    for (int k = 0; k < K; k++) {
        b[k] = 0;
        for (int m = 0; m < K; m++)
            b[k] += a[k * K + m] * want[m];
    }
    CHECK(sund_chol(K, a, l, scale, &bad, NULL) == SUND_OK);
    sund_chol_forward(K, l, scale, b, zb);
    for (int k = 0; k < K; k++) { /* b' A^-1 b = want' A want */
        sum += zb[k] * zb[k];
        direct += want[k] * b[k];
    }
    CHECK_NEAR(sum, direct, 1e-10);
    for (int k = 0; k < K; k++)
        a[k * K + 5] = a[5 * K + k] = 2 * a[k * K + 2]; /* column 5 is twice column 2 */
    a[5 * K + 5] = 4 * a[2 * K + 2];
    CHECK(sund_chol(K, a, l, scale, &bad, NULL) == SUND_E_NUMERIC && bad == 5);
}

/** Largest |A v - value v| and |v_i v_j - (i == j)| of what came out, over the largest eigenvalue. */
static void check_eigen(size_t n, const double *a, const double *value, const double *vector)
{
    double top = fmax(fabs(value[0]), fabs(value[n - 1])), worst = 0, skew = 0;

    for (size_t k = 0; k < n; k++) {
        CHECK(k == 0 || value[k] <= value[k - 1]);
        for (size_t i = 0; i < n; i++) {
            double x = -value[k] * vector[k * n + i], y = -(double) (i == k);

            for (size_t j = 0; j < n; j++) {
                x += a[i * n + j] * vector[k * n + j];
                y += vector[k * n + j] * vector[i * n + j];
            }
            worst = fmax(worst, fabs(x));
            skew = fmax(skew, fabs(y));
        }
    }
    CHECK(worst <= 1e-13 * top && skew <= 1e-13);
}

TEST(eigenvalues_of_symmetric_matrices)
{
    static double a[80 * 80], keep[80 * 80], value[80], alone[80], vector[80 * 80];

    for (int trial = 0; trial < 60; trial++) {
        size_t n = 1 + test_rand() % 80, rank = 1 + test_rand() % n;

        memset(a, 0, sizeof a);
        for (size_t r = 0; r < rank; r++) { /* sums of squares, some of low rank, some of huge range; then some plainly indefinite */
            double x[80], scale = trial % 3 ? 1 : ldexp(1, -(int) r);

            for (size_t i = 0; i < n; i++)
                x[i] = unit() - 0.5;
            for (size_t i = 0; i < n * n; i++)
                a[i] += (trial % 4 == 1 && r % 2 ? -scale : scale) * x[i / n] * x[i % n];
        }
        memcpy(keep, a, sizeof a);
        CHECK(sund_sym_eigen(n, a, value, vector, NULL) == SUND_OK);
        check_eigen(n, keep, value, vector);
        memcpy(a, keep, sizeof a);
        CHECK(sund_sym_eigen(n, a, alone, NULL, NULL) == SUND_OK);
        CHECK(memcmp(value, alone, n * sizeof *value) == 0);
    }
    memset(a, 0, sizeof a); /* the path's Laplacian: 2 - 2 cos(k pi / (n + 1)) */
    for (size_t i = 0; i < 50; i++)
        for (size_t j = 0; j < 50; j++)
            a[i * 50 + j] = i == j ? 2 : i + 1 == j || j + 1 == i ? -1 : 0;
    CHECK(sund_sym_eigen(50, a, value, vector, NULL) == SUND_OK);
    for (size_t k = 0; k < 50; k++)
        CHECK_NEAR(value[k], 2 - 2 * cos((double) (50 - k) * M_PI / 51), 1e-12);
    for (size_t i = 0; i < 49; i++) /* all alike, nothing, and what is no number */
        a[i] = i % 8 == 0 ? 3 : 0;
    CHECK(sund_sym_eigen(7, a, value, vector, NULL) == SUND_OK && value[0] == 3 && value[6] == 3);
    memset(a, 0, sizeof a);
    CHECK(sund_sym_eigen(7, a, value, vector, NULL) == SUND_OK && value[0] == 0 && value[6] == 0);
    a[3] = NAN;
    CHECK(sund_sym_eigen(2, a, value, vector, NULL) == SUND_E_NUMERIC);
}

TEST(random_numbers_are_pinned)
{
    double sum = 0, square = 0;

    CHECK(sund_rand_u64(1, 2, 3) == sund_rand_u64(1, 2, 3) && sund_rand_u64(1, 2, 3) != sund_rand_u64(1, 2, 4));
    for (uint64_t i = 0; i < 100000; i++) {
        double z = sund_rand_normal(42, 7, i);

        sum += z;
        square += z * z;
    }
    CHECK(fabs(sum / 100000) < 0.015 && fabs(square / 100000 - 1) < 0.02);
}

/** Eight side by side give the bits of one by one: t of every size, few and many degrees of freedom, and what is no number. */
TEST(many_t_at_once_are_as_one_by_one)
{
    static const double df[] = { 0.3, 1, 2.5, 30, 19987, 1e6 }, odd[] = { (double) NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e-120, 5e-324, 1e200 };
    double              t[1003], all[1003];

    for (size_t d = 0; d < sizeof df / sizeof *df; d++) {
        size_t wrong = 0;

        for (size_t i = 0; i < 1003; i++)
            all[i] = t[i] = i % 11 == 0 ? odd[i / 11 % 8] : sund_rand_normal(5, d, i) * (i % 5 == 0 ? 20 : i % 7 == 0 ? 1e-6 : 1);
        sund_t_nlog10p_all(all, 1003, df[d]);
        for (size_t i = 0; i < 1003; i++) {
            double one = sund_t_nlog10p(t[i], df[d]);

            wrong += memcmp(&one, &all[i], sizeof one) != 0 && !(isnan(one) && isnan(all[i]));
        }
        CHECK(wrong == 0);
    }
}

/* ---- reals as text ---- */

/** The loops that sund_real_print and sund_real_shortest stand for. */
static void plain_text(char *out, double x, int digits)
{
    if (digits) {
        (void) snprintf(out, SUND_REAL_BYTES, "%.*g", digits, x);
        return;
    }
    for (digits = 15; digits <= 17; digits++) {
        double back;

        (void) snprintf(out, SUND_REAL_BYTES, "%.*g", digits, x);
        back = strtod(out, NULL);
        if (memcmp(&back, &x, sizeof x) == 0)
            return;
    }
}

static bool text_agrees(double x)
{
    static const int digits[] = { 0, 1, 5, 14, 15, 17 };
    bool             same = true;

    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++) {
        char   got[SUND_REAL_BYTES], want[SUND_REAL_BYTES];
        size_t n = digits[i] ? sund_real_print(got, x, digits[i]) : sund_real_shortest(got, x);

        plain_text(want, x, digits[i]);
        if (strcmp(got, want) != 0 || n != strlen(want)) {
            fprintf(stderr, "# %a with %d digits: %s, want %s\n", x, digits[i], got, want);
            same = false;
        }
    }
    return same;
}

TEST(reals_are_printed_as_printf_does)
{
    static const double edge[] = { 0, 1, 2, 10, 0.1, 0.5, 9.5, 99999.5, 999995, 0.0001, 0.00001, 9.9999e-5, 1e-6, 1e-7, 1e15, 1e16, 1e17, 1e22, 1e23, 123456.5, 2.5, 0.125,
                                   5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0, 0.3, 1.0 / 3, 2.0 / 3, 100, 1e5, 100000.5, 0.99999999999999989 };
    bool                ok = true;

    for (size_t i = 0; i < sizeof edge / sizeof *edge; i++)
        ok = ok && text_agrees(edge[i]) && text_agrees(-edge[i]) && text_agrees(nextafter(edge[i], 0)) && text_agrees(nextafter(edge[i], INFINITY));
    for (int i = 0; i < 60000 && ok; i++) {
        uint64_t r = test_rand();
        double   any;

        memcpy(&any, &r, sizeof any);
        ok = text_agrees(ldexp(0.5 + 0.5 * unit(), (int) (test_rand() % 140) - 70)) && (isnan(any) || text_agrees(any)); /* everyday sizes, any bits, */
        ok = ok && text_agrees((double) (r % 20000000) / 1000) && text_agrees((double) (r >> 40) / (double) (1 + (test_rand() % 100000))); /* short ones, ratios, */
        ok = ok && text_agrees((double) (int64_t) (r % 4000001 * 2 + 1) / 4096); /* and ties */
    }
    CHECK(ok);
}

TEST(integers_are_printed_as_printf_does)
{
    static const int64_t edge[] = { 0, 1, -1, 9, 10, -10, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1000000 };
    sund_buf             b = { 0 };

    for (int i = 0; i < 1000; i++) {
        int64_t x = i < 10 ? edge[i] : (int64_t) test_rand() >> (i % 60);
        char    want[32];

        (void) snprintf(want, sizeof want, "%lld", (long long) x);
        sund_buf_clear(&b);
        sund_buf_i64(&b, x);
        CHECK(b.n == strlen(want) && memcmp(b.p, want, b.n) == 0);
    }
    sund_buf_free(&b);
}

TEST(what_an_allele_count_says_of_a_frequency)
{
    double low, high, worst = 0;

    for (int i = 0; i < 2000; i++) {
        int64_t an = 1 + (int64_t) (test_rand() % 1000000), ac = 1 + (int64_t) (test_rand() % (i % 2 ? 50 : 1000000)) % an;
        double  want = qchisq(0.05, 2 * (double) ac, 1, 0) / 2 / (double) an;

        worst = fmax(worst, fabs(sund_frequency_faf95(ac, an) / want - 1));
        sund_frequency_interval(ac, an, &low, &high);
        /* Wilson's bounds are where the score test has p = 0.05: (f - p)^2 = z^2 p (1 - p) / n */
        for (int k = 0; k < 2; k++) {
            double p = k ? high : low, f = (double) ac / (double) an, z = qnorm(0.975, 0, 1, 1, 0);

            if (ac < an)
                CHECK_NEAR((f - p) * (f - p), z * z * p * (1 - p) / (double) an, 1e-8);
        }
    }
    CHECK(worst < 1e-9);
    sund_frequency_interval(0, 0, &low, &high);
    CHECK(low == 0 && high == 0 && sund_frequency_faf95(0, 100) == 0 && sund_frequency_faf95(5, 0) == 0);
    sund_frequency_interval(0, 100, &low, &high);
    CHECK(low == 0 && fabs(high - 0.03699) < 1e-5);
    sund_frequency_interval(100, 100, &low, &high);
    CHECK(high == 1);
    printf("# FAF95: at most %.1e from R's qchisq\n", worst);
}
