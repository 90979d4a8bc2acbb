/* The kernel against plain loops on every processor path; Hardy-Weinberg against enumeration and published values. */
#include "base/cpu.h"
#include "stats/hwe.h"
#include "stats/planes.h"
#include "test.h"

#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- kernel ---- */

enum { N_COL = 11 };

static int32_t *columns[N_COL];

static void make_columns(size_t n)
{
    size_t padded = (n + 63) / 64 * 64;

    for (size_t k = 0; k < N_COL; k++) {
        columns[k] = calloc(padded, sizeof **columns);
        for (size_t i = 0; i < n; i++)
            columns[k][i] = k == 0 ? 1 : k == 1 ? INT32_MAX : k == 2 ? -INT32_MAX : (int32_t) test_rand() >> (k % 20);
    }
}

static void free_columns(void)
{
    for (size_t k = 0; k < N_COL; k++)
        free(columns[k]);
}

static bool kernel_agrees(size_t n, unsigned density)
{
    size_t         n_word = (n + 63) / 64, m = 0;
    uint64_t      *plane = calloc(n_word + 1, 8), *mask = calloc(n_word + 1, 8), both = 0;
    uint32_t      *list = calloc(n + 1, sizeof *list);
    int64_t        want[N_COL] = { 0 }, by_plane[N_COL], by_list[N_COL];
    sund_columns   c = { n, N_COL, (const int32_t *const *) columns };
    bool           same;

    for (size_t i = 0; i < n; i++) {
        if (test_rand() % 2)
            mask[i / 64] |= 1ULL << (i % 64);
        if (test_rand() % 100 >= density)
            continue;
        plane[i / 64] |= 1ULL << (i % 64);
        list[m++] = (uint32_t) i;
        both += mask[i / 64] >> (i % 64) & 1;
        for (size_t k = 0; k < N_COL; k++)
            want[k] += columns[k][i];
    }
    sund_plane_sums(&c, plane, by_plane);
    sund_list_sums(&c, list, m, by_list);
    same = memcmp(want, by_plane, sizeof want) == 0 && memcmp(want, by_list, sizeof want) == 0 && sund_plane_count(plane, mask, n_word) == both;
    free(plane);
    free(mask);
    free(list);
    return same;
}

/** In a process of its own, since the path is chosen once. */
static void on_path(const char *cpu)
{
    static const size_t size[] = { 1, 63, 64, 65, 500, 1000, 4097 };
    int                 status = 0;
    pid_t               pid = (fflush(stdout), fork());

    if (pid == 0) {
        bool ok = true;

        (void) setenv("SUND_CPU", cpu, 1);
        for (size_t s = 0; s < 7; s++) {
            make_columns(size[s]);
            for (unsigned d = 0; d <= 100; d += 20)
                ok = ok && kernel_agrees(size[s], d);
            free_columns();
        }
        printf("# SUND_CPU=%s: path %s\n", cpu, sund_cpu_name());
        (void) fflush(stdout);
        _exit(ok && (strcmp(cpu, "nonsense") != 0 || strcmp(sund_cpu_name(), "portable") == 0) ? 0 : 1);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(kernel_portable) { on_path("portable"); }
TEST(kernel_avx2) { on_path("avx2"); }
TEST(kernel_avx512) { on_path("avx512"); }
TEST(kernel_of_unknown_name_is_portable) { on_path("nonsense"); }

/* ---- Hardy-Weinberg ---- */

static long double ln_choose(unsigned n, unsigned k) { return lgammal(n + 1.0L) - lgammal(k + 1.0L) - lgammal(n - k + 1.0L); }

/** ln P(het = h | n people, a copies of one allele), by its definition. */
static long double ln_het(unsigned n, unsigned a, unsigned h)
{
    unsigned hom_a = (a - h) / 2, hom_b = n - h - hom_a;

    return lgammal(n + 1.0L) - lgammal(hom_a + 1.0L) - lgammal(h + 1.0L) - lgammal(hom_b + 1.0L) + h * logl(2) - ln_choose(2 * n, a);
}

static double hwe_brute(unsigned hom_ref, unsigned het, unsigned hom_alt)
{
    unsigned    n = hom_ref + het + hom_alt, a = 2 * hom_alt + het, b = 2 * n - a, top = a < b ? a : b;
    long double at = ln_het(n, a, het), p = 0;

    for (unsigned h = top % 2; h <= top; h += 2)
        if (ln_het(n, a, h) <= at + 1e-9L)
            p += expl(ln_het(n, a, h));
    return (double) (p >= 1 ? 0 : -log10l(p));
}

TEST(hwe_against_enumeration)
{
    double worst = 0;

    for (int i = 0; i < 20000; i++) {
        unsigned r = (unsigned) (test_rand() % 120), h = (unsigned) (test_rand() % 80), a = (unsigned) (test_rand() % 60);

        if (r + h + a == 0)
            continue;
        worst = fmax(worst, fabs(sund_hwe_nlog10p(r, h, a) - hwe_brute(r, h, a)));
    }
    CHECK(worst < 1e-9);
    printf("# exact Hardy-Weinberg: -log10 p at most %.1e from enumeration\n", worst);
}

TEST(hwe_published)
{
    /* Wigginton, Cutler, Abecasis 2005, table 1: 100 people, 21 minor alleles, by heterozygotes: sums of its probabilities */
    static const struct { unsigned het; double p; } table[] = { { 21, 0.593645 }, { 19, 1.0 }, { 17, 0.284042 }, { 15, 0.069576 }, { 13, 0.010293 }, { 11, 0.000919 } };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        unsigned hom = (21 - table[i].het) / 2;
        double   p = pow(10, -sund_hwe_nlog10p(100 - table[i].het - hom, table[i].het, hom));

        CHECK(fabs(p - table[i].p) < 2e-6);
        if (fabs(p - table[i].p) >= 2e-6)
            fprintf(stderr, "# het %u: p = %.6f, published %.6f\n", table[i].het, p, table[i].p);
    }
    CHECK(sund_hwe_nlog10p(0, 0, 0) == 0);
    CHECK(sund_hwe_nlog10p(5, 0, 0) == 0);
    CHECK(sund_hwe_nlog10p(0, 1000000, 0) > 100000); /* never underflows */
    CHECK(sund_hwe_nlog10p(10, 20, 30) == sund_hwe_nlog10p(30, 20, 10));
}

/** All arrangements of a alleles over m males and f females, by the definition of Graffelman and Weir. */
static double hwe_x_brute(unsigned mr, unsigned ma, unsigned r, unsigned h, unsigned a)
{
    unsigned    m = mr + ma, f = r + h + a, alt = ma + h + 2 * a, copies = m + 2 * f;
    long double at = 0, p = 0;

    for (int pass = 0; pass < 2; pass++)
        for (unsigned x = pass ? 0 : ma; x <= (pass ? (m < alt ? m : alt) : ma); x++)
            for (unsigned g = pass ? (alt - x) % 2 : h; g <= (pass ? alt - x : h); g += 2) {
                unsigned    hom = (alt - x - g) / 2;
                long double ln;

                if (g + hom > f)
                    continue;
                ln = lgammal(m + 1.0L) - lgammal(x + 1.0L) - lgammal(m - x + 1.0L) + lgammal(f + 1.0L) - lgammal(g + 1.0L) - lgammal(hom + 1.0L) -
                     lgammal(f - g - hom + 1.0L) + g * logl(2) - ln_choose(copies, alt);
                if (!pass)
                    at = ln;
                else if (ln <= at + 1e-9L)
                    p += expl(ln);
            }
    return (double) (p >= 1 ? 0 : -log10l(p));
}

TEST(hwe_of_x_against_enumeration)
{
    double worst = 0;

    for (int i = 0; i < 2000; i++) {
        unsigned v[5];

        for (int k = 0; k < 5; k++)
            v[k] = (unsigned) (test_rand() % 25);
        if (v[2] + v[3] + v[4] == 0)
            v[3] = 1;
        worst = fmax(worst, fabs(sund_hwe_x_nlog10p(v[0], v[1], v[2], v[3], v[4]) - hwe_x_brute(v[0], v[1], v[2], v[3], v[4])));
    }
    CHECK(worst < 1e-9);
    printf("# exact Hardy-Weinberg on X: -log10 p at most %.1e from enumeration\n", worst);
}

TEST(hwe_strata_moments)
{
    /* mean and variance of hets given the allele count, by enumeration */
    for (int i = 0; i < 300; i++) {
        unsigned    r = (unsigned) (test_rand() % 60), h = (unsigned) (test_rand() % 60) + 1, a = (unsigned) (test_rand() % 60), n = r + h + a, alt = h + 2 * a;
        long double mean = 0, square = 0;
        int64_t     d, v;

        if (n < 2)
            continue;
        for (unsigned g = alt % 2; g <= alt && g <= 2 * n - alt; g += 2) {
            long double p = expl(ln_het(n, alt, g));

            mean += p * g;
            square += p * g * g;
        }
        sund_hwe_stratum(r, h, a, &d, &v);
        CHECK(fabs((double) d / 0x1p20 - (double) (h - mean)) < 1e-6);
        CHECK(fabs((double) v / 0x1p20 - (double) (square - mean * mean)) < 1e-6 + 1e-9 * (double) square);
    }
    CHECK_NEAR(sund_hwe_strata_nlog10p(3 << 20, 9 << 20), 0.49851, 1e-4); /* chi-squared 1 */
    CHECK(sund_hwe_strata_nlog10p(1, 0) == 0);
}
