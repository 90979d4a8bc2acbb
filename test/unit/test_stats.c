/* The kernel against plain loops on every processor path; Hardy-Weinberg against enumeration and published values. */
#include "base/cpu.h"
#include "stats/count.h"
#include "stats/hwe.h"
#include "stats/planes.h"
#include "test.h"

#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- kernel ---- */

enum { N_COL = 11, TOP = 2139062143, N_VARIANT = 37 };

__extension__ typedef __int128 wide;

static int32_t *columns[N_COL];

/** Every width from one byte to four, both ends of the range, edges of the bytes, a column of zeros. */
static void make_columns(size_t n)
{
    static const int32_t edge[] = { 127, 128, -127, -128, -129, 32639, 32640, -32639, -32640, 8355711, 8355712, -8355711, -8355712, TOP, -TOP, 0 };

    for (size_t k = 0; k < N_COL; k++) {
        columns[k] = calloc(n + 1, sizeof **columns);
        for (size_t i = 0; i < n; i++) {
            uint64_t r = test_rand();

            columns[k][i] = k == 0   ? 1
                            : k == 1 ? TOP
                            : k == 2 ? -TOP
                            : k == 3 ? edge[r % 16]
                            : k == 4 ? edge[r % 7] % 130
                            : k == 5 ? 0
                                     : (int32_t) (r % (2 * (uint64_t) TOP + 1)) % (TOP >> (4 * (k - 6)));
            if (columns[k][i] < -TOP)
                columns[k][i] = 0;
        }
    }
}

static void free_columns(void)
{
    for (size_t k = 0; k < N_COL; k++)
        free(columns[k]);
}

static bool equal(const wide *want, const int64_t *got)
{
    bool same = true;

    for (size_t k = 0; k < N_COL; k++)
        same = same && want[k] == got[k];
    return same;
}

static bool lists_agree(const sund_columns *c, size_t n, unsigned density)
{
    uint32_t *list = calloc(n + 1, sizeof *list);
    size_t    m = 0;
    wide      want[N_COL] = { 0 };
    int64_t   got[N_COL];
    bool      same;

    for (size_t i = 0; i < n; i++) {
        if (test_rand() % 100 >= density)
            continue;
        list[m++] = (uint32_t) i;
        for (size_t k = 0; k < N_COL; k++)
            want[k] += columns[k][i];
    }
    sund_list_sums(c, list, m, got);
    same = equal(want, got);
    free(list);
    return same;
}

/** Hom-alt beside het, nobody twice, a plane that is missing, and people in both planes (which a damaged store could say): always
 *  one + 2 two. */
static bool doses_agree(const sund_columns *c, size_t n, unsigned density, bool by_set)
{
    size_t    n_word = (n + 63) / 64, n_variant = 1 + test_rand() % N_VARIANT;
    uint64_t *plane = calloc((2 * N_VARIANT + 1) * (n_word + 1), 8), *set = plane + 2 * N_VARIANT * (n_word + 1);
    sund_dose g[N_VARIANT];
    int64_t   got[N_VARIANT * N_COL];
    bool      same = true;

    for (size_t i = n / 5; i < n - n / 7; i++)
        set[i / 64] |= (test_rand() % 3 != 0 ? 1ULL : 0ULL) << (i % 64);
    for (size_t v = 0; v < n_variant; v++) {
        uint64_t *one = plane + 2 * v * (n_word + 1), *two = one + n_word + 1;

        for (size_t i = 0; i < n; i++) {
            one[i / 64] |= (test_rand() % 100 < density ? 1ULL : 0ULL) << (i % 64);
            two[i / 64] |= (test_rand() % 100 < density ? 1ULL : 0ULL) << (i % 64);
        }
        g[v] = (sund_dose){ v % 5 == 3 ? NULL : one, v % 5 == 4 ? NULL : two };
    }
    sund_dose_sums(c, g, n_variant, by_set ? set : NULL, got);
    for (size_t v = 0; v < n_variant; v++) {
        wide want[N_COL] = { 0 };

        for (size_t i = 0; i < n; i++) {
            int weight = (g[v].one ? (int) (g[v].one[i / 64] >> (i % 64) & 1) : 0) + (g[v].two ? 2 * (int) (g[v].two[i / 64] >> (i % 64) & 1) : 0);

            for (size_t k = 0; k < N_COL && (!by_set || (set[i / 64] >> (i % 64) & 1)); k++)
                want[k] += (wide) weight * columns[k][i];
        }
        same = same && equal(want, got + v * N_COL);
    }
    free(plane);
    return same;
}

static bool counts_agree(size_t n_word)
{
    uint64_t plane[70], mask[70], want = 0;

    for (size_t i = 0; i < n_word * 64; i++) {
        if (i % 64 == 0) {
            plane[i / 64] = test_rand();
            mask[i / 64] = test_rand();
        }
        want += plane[i / 64] >> (i % 64) & mask[i / 64] >> (i % 64) & 1;
    }
    return sund_plane_count(plane, mask, n_word) == want;
}

static bool kernel_agrees(size_t n)
{
    sund_columns *c = NULL;
    bool          ok = true;

    make_columns(n);
    CHECK(sund_columns_new(&c, n, N_COL, (const int32_t *const *) columns, NULL) == SUND_OK);
    for (unsigned d = 0; c && d <= 100; d += 25)
        ok = ok && lists_agree(c, n, d) && doses_agree(c, n, d, false) && doses_agree(c, n, d, true);
    sund_columns_free(c);
    free_columns();
    return ok && c;
}

/** In a process of its own, since the path is chosen once. */
static void on_path(const char *cpu)
{
    static const size_t size[] = { 1, 63, 64, 65, 500, 1000, 4097, 9000 };
    int                 status = 0;
    pid_t               pid = (fflush(stdout), fork());

    if (pid == 0) {
        bool ok = true;

        (void) setenv("SUND_CPU", cpu, 1);
        for (size_t s = 0; s < 8; s++)
            ok = ok && kernel_agrees(size[s]);
        for (size_t w = 0; w <= 70; w++)
            ok = ok && counts_agree(w);
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

TEST(kernel_refuses_what_four_bytes_cannot_hold)
{
    int32_t              q[3] = { TOP, -TOP, 0 };
    const int32_t *const col[1] = { q };
    sund_columns        *c = NULL;

    CHECK(sund_columns_new(&c, 3, 1, col, NULL) == SUND_OK && sund_columns_digits(c) == 4);
    sund_columns_free(c);
    q[2] = -TOP - 1;
    CHECK(sund_columns_new(&c, 3, 1, col, NULL) == SUND_E_LIMIT);
    q[2] = INT32_MIN;
    CHECK(sund_columns_new(&c, 3, 1, col, NULL) == SUND_E_LIMIT);
}

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
