/* TSAN. KING-robust kinship against a plain count over genotype codes, on every path of the processor; the unrelated set. */
#include "base/cpu.h"
#include "stats/king.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 301, M = 1100, PLANE = (N + 70 + 63) / 64 };

typedef struct people { uint8_t gt[N][M]; } people;

/* Three of ten share much: sibs of a kind; 3 is missing. Person 17 has no call at all, 18 no heterozygote. */
static void draw(people *p)
{
    for (size_t j = 0; j < M; j++) {
        unsigned f = 1 + (unsigned) (test_rand() % 9);

        for (size_t i = 0; i < N; i++) {
            uint8_t a = test_rand() % 10 < f, b = test_rand() % 10 < f;

            p->gt[i][j] = test_rand() % 30 == 0 ? 3 : (uint8_t) (a + b);
            if (i % 10 < 3 && i >= 10 && test_rand() % 2)
                p->gt[i][j] = p->gt[i - i % 10][j];
            if (i == 300)
                p->gt[i][j] = p->gt[44][j];
            if (i == 17)
                p->gt[i][j] = 3;
            if (i == 18 && p->gt[i][j] == 1)
                p->gt[i][j] = 0;
        }
    }
}

static sund_king_pair plain(const people *p, uint32_t i, uint32_t j)
{
    sund_king_pair t = { i, j, 0, 0, 0, 0, 0 };

    for (size_t s = 0; s < M; s++) {
        int a = p->gt[i][s], b = p->gt[j][s];

        if (a == 3 || b == 3)
            continue;
        t.n_snv++;
        t.hethet += a == 1 && b == 1;
        t.ibs0 += abs(a - b) == 2;
        t.het_i += a == 1;
        t.het_j += b == 1;
    }
    return t;
}

static double robust(const sund_king_pair *t)
{
    double least = t->het_i < t->het_j ? t->het_i : t->het_j;

    return 0.5 - (4.0 * t->ibs0 + (t->het_i - t->hethet) + (t->het_j - t->hethet)) / (4.0 * least);
}

/* Person i of the matrix is person 3 + i of planes that have others around. */
static sund_king *matrix(const people *p, sund_err *err)
{
    sund_king *k = NULL;
    uint32_t   row[PLANE * 64];
    uint64_t  *x = calloc(128 * PLANE, sizeof *x), *y = x + 64 * PLANE;

    for (size_t i = 0; i < PLANE * 64; i++)
        row[i] = i >= 3 && i < 3 + N ? (uint32_t) (i - 3) : UINT32_MAX;
    if (sund_king_new(&k, N, M, err) != SUND_OK)
        return NULL;
    for (size_t b = 0; b * 64 < M; b++) {
        memset(x, 0, 128 * PLANE * sizeof *x);
        for (size_t s = 0; s < 64 && b * 64 + s < M; s++)
            for (size_t i = 0; i < PLANE * 64; i++) {
                int g = i >= 3 && i < 3 + N ? p->gt[i - 3][b * 64 + s] : (int) (test_rand() % 4);

                x[s * PLANE + i / 64] |= (uint64_t) (g == 0 || g == 2) << (i % 64);
                y[s * PLANE + i / 64] |= (uint64_t) (g == 1 || g == 2) << (i % 64);
            }
        sund_king_put(k, b, x, y, PLANE, row, PLANE * 64);
    }
    sund_king_ready(k);
    free(x);
    return k;
}

/* Of all pairs by the plain count, in their order: made once, asked at each threshold. */
static sund_king_pair wanted[N * (N - 1) / 2];

static void count_all(const people *p)
{
    sund_king_pair *w = wanted;

    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = i + 1; j < N; j++)
            *w++ = plain(p, i, j);
}

static const sund_king_pair *want_of(uint32_t i, uint32_t j) { return &wanted[i * (2 * N - i - 1) / 2 + j - i - 1]; }

typedef struct seen { double least; size_t n, n_wrong; uint64_t done; uint32_t i, j; } seen;

static sund_code look(void *ctx, const sund_king_pair *p, size_t n, uint64_t done, sund_err *err)
{
    seen *s = ctx;

    (void) err;
    for (size_t k = 0; k < n; k++) {
        s->n_wrong += p[k].i >= p[k].j || p[k].j >= N || memcmp(want_of(p[k].i, p[k].j), &p[k], sizeof *p) != 0 || !(sund_king_kinship(&p[k]) >= s->least) || (s->n && (p[k].i < s->i || (p[k].i == s->i && p[k].j <= s->j)));
        s->i = p[k].i;
        s->j = p[k].j;
        s->n++;
    }
    s->n_wrong += done <= s->done;
    s->done = done;
    return SUND_OK;
}

static void every_pair(void)
{
    static people       p;
    static const double least[] = { -1e9, -0.05, 0.0, 0.0442, 0.1, 0.2, 0.35, 0.5 };
    sund_err            err = { SUND_OK, "" };
    sund_king          *k;
    size_t              n_found = 0;

    draw(&p);
    count_all(&p);
    k = matrix(&p, &err);
    CHECK(k != NULL);
    printf("# path %s\n", sund_cpu_name());
    for (size_t t = 0; k && t < sizeof least / sizeof least[0]; t++) {
        seen   s = { least[t], 0, 0, 0, 0, 0 };
        size_t want = 0;

        for (const sund_king_pair *q = wanted; q < wanted + N * (N - 1) / 2; q++)
            want += q->het_i && q->het_j && robust(q) >= least[t];
        CHECK(sund_king_pairs(k, least[t], (unsigned) (1 + t % 3), look, &s, &err) == SUND_OK && s.n == want && s.n_wrong == 0 && s.done == N * (N - 1) / 2);
        n_found += least[t] > 0 ? s.n : 0;
    }
    CHECK(n_found > 100);
    sund_king_free(k);
}

/* The path is chosen once a process. */
static void on_path(const char *cpu)
{
    int   status = 0;
    pid_t pid = (fflush(stdout), fork());

    if (pid == 0) {
        (void) setenv("SUND_CPU", cpu, 1);
        every_pair();
        (void) fflush(stdout);
        _exit(test_failed != 0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(every_pair_at_any_threshold_is_what_a_plain_count_finds_portable) { on_path("portable"); }
TEST(every_pair_at_any_threshold_is_what_a_plain_count_finds_avx2) { on_path("avx2"); }
TEST(every_pair_at_any_threshold_is_what_a_plain_count_finds_avx512) { on_path("avx512"); }

static sund_code refuse(void *ctx, const sund_king_pair *p, size_t n, uint64_t done, sund_err *err)
{
    (void) ctx;
    (void) p;
    (void) n;
    (void) done;
    return sund_fail(err, SUND_E_IO, "no room");
}

TEST(a_failure_of_the_reader_of_pairs_ends_it_and_small_matrices_are_fine)
{
    sund_err   err = { SUND_OK, "" };
    sund_king *k = NULL;
    seen       s = { 0.0, 0, 0, 0, 0, 0 };

    CHECK(sund_king_new(&k, 1, 1, &err) == SUND_OK);
    sund_king_ready(k);
    CHECK(sund_king_pairs(k, 0.0, 2, refuse, NULL, &err) == SUND_E_IO);
    sund_king_free(k);
    k = NULL;
    CHECK(sund_king_new(&k, 0, 0, &err) == SUND_OK && sund_king_pairs(k, 0.0, 2, look, &s, &err) == SUND_OK && s.n == 0);
    sund_king_free(k);
}

TEST(degrees)
{
    CHECK(sund_king_degree(0.5) == 0 && sund_king_degree(0.36) == 0 && sund_king_degree(0.25) == 1 && sund_king_degree(0.125) == 2 && sund_king_degree(0.0625) == 3);
    CHECK(sund_king_degree(0.04) == 4 && sund_king_degree(-3.0) == 4 && sund_king_degree((double) NAN) == 4);
}

TEST(nobody_in_the_unrelated_set_is_related_and_nobody_can_be_added)
{
    static const uint32_t star[] = { 0, 1, 0, 2, 3, 0, 4, 5 };
    bool                  out[200];
    sund_err              err = { SUND_OK, "" };

    CHECK(sund_king_unrelated(7, star, 4, out, &err) == SUND_OK);
    CHECK(out[0] && !out[1] && !out[2] && !out[3] && !out[4] && out[5] && !out[6]); /* the middle of a star; of a pair, who comes last */
    for (int round = 0; round < 200; round++) {
        uint32_t pair[2 * 300], n = 0, many = 2 + (uint32_t) (test_rand() % 150);
        bool     near[200] = { false }, sound = true, again[200], related[200][200] = { { false } };

        for (size_t want = test_rand() % 300; want; want--) {
            uint32_t a = (uint32_t) (test_rand() % many), b = (uint32_t) (test_rand() % many);

            if (a == b || related[a][b])
                continue;
            related[a][b] = related[b][a] = true;
            pair[2 * n] = a;
            pair[2 * n++ + 1] = b;
        }
        CHECK(sund_king_unrelated(many, pair, n, out, &err) == SUND_OK);
        for (uint32_t k = 0; k < n; k++) {
            sound &= out[pair[2 * k]] || out[pair[2 * k + 1]];
            near[pair[2 * k]] |= !out[pair[2 * k + 1]];
            near[pair[2 * k + 1]] |= !out[pair[2 * k]];
        }
        for (uint32_t i = 0; i < many; i++)
            sound &= !out[i] || near[i];
        for (uint32_t k = 0; k < n / 2; k++) { /* in another order */
            uint32_t a = pair[2 * k], b = pair[2 * k + 1];

            pair[2 * k] = pair[2 * (n - 1 - k) + 1];
            pair[2 * k + 1] = pair[2 * (n - 1 - k)];
            pair[2 * (n - 1 - k)] = a;
            pair[2 * (n - 1 - k) + 1] = b;
        }
        CHECK(sund_king_unrelated(many, pair, n, again, &err) == SUND_OK);
        CHECK(sound && memcmp(out, again, many * sizeof *out) == 0);
    }
}
