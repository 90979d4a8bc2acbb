/* Whether a few people's combination of columns is found: against every set of people, and over honest designs. */
#include "stats/few.h"
#include "test.h"

#include <stdbool.h>

static double uniform(void) { return (double) (test_rand() >> 11) / 9007199254740992.0; }
static double normal(void) { return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform()); }

enum { N_MAX = 20000, K_MAX = 20 };
static double x[N_MAX * K_MAX], heavy[SUND_FEW_PEOPLE * K_MAX], leverage[N_MAX];
static size_t order[N_MAX];

/** Columns centred and made orthonormal, twice over. */
static void whiten(size_t n, size_t k)
{
    for (size_t a = 0; a < k; a++)
        for (int again = 0; again < 2; again++) {
            double mean = 0, square = 0;

            for (size_t i = 0; i < n; i++)
                mean += x[i * k + a] / (double) n;
            for (size_t i = 0; i < n; i++)
                x[i * k + a] -= mean;
            for (size_t b = 0; b < a; b++) {
                double dot = 0;

                for (size_t i = 0; i < n; i++)
                    dot += x[i * k + a] * x[i * k + b];
                for (size_t i = 0; i < n; i++)
                    x[i * k + a] -= dot * x[i * k + b];
            }
            for (size_t i = 0; i < n; i++)
                square += x[i * k + a] * x[i * k + a];
            for (size_t i = 0; i < n && square > 0; i++)
                x[i * k + a] /= sqrt(square);
        }
}

/** Largest eigenvalue of H over a set, by powers of the k x k matrix. */
static double strongest(size_t k, const size_t *set, size_t m)
{
    double b[K_MAX], value = 0;

    for (size_t a = 0; a < k; a++)
        b[a] = 1 + normal() / 10;
    for (int step = 0; step < 400; step++) {
        double next[K_MAX] = { 0 }, norm = 0;

        for (size_t j = 0; j < m; j++) {
            double dot = 0;

            for (size_t a = 0; a < k; a++)
                dot += x[set[j] * k + a] * b[a];
            for (size_t a = 0; a < k; a++)
                next[a] += dot * x[set[j] * k + a];
        }
        for (size_t a = 0; a < k; a++)
            norm += next[a] * next[a];
        value = sqrt(norm);
        for (size_t a = 0; a < k && value > 0; a++)
            b[a] = next[a] / value;
    }
    return value;
}

static double strongest_of_all(size_t n, size_t k, size_t few)
{
    size_t set[8] = { 0 };
    double most = 0;

    for (size_t j = 0; j < few; j++)
        set[j] = j;
    for (;;) {
        double value = strongest(k, set, few);
        size_t j = few;

        most = value > most ? value : most;
        while (j > 0 && set[j - 1] == n - few + j - 1)
            j--;
        if (j == 0)
            return most;
        for (set[j - 1]++; j < few; j++)
            set[j] = set[j - 1] + 1;
    }
}

/* Every set of three of 14 people: what is proven has none above the bound, what is found has one; the bound a hair above and below the largest. */
TEST(against_every_set)
{
    size_t n_open = 0, n = 14, k = 3, few = 3;

    for (int round = 0; round < 40; round++) {
        double           most;
        sund_few_verdict above, below;

        for (size_t i = 0; i < n * k; i++)
            x[i] = round % 2 ? exp(normal()) : normal();
        whiten(n, k);
        most = strongest_of_all(n, k, few);
        if (most > 0.999)
            continue;
        CHECK(sund_few(x, n, k, few, 0, most + 1e-6, &above, NULL, NULL) == SUND_OK && sund_few(x, n, k, few, 0, most - 1e-6, &below, NULL, NULL) == SUND_OK);
        CHECK(above != SUND_FEW_FOUND && below != SUND_FEW_NONE);
        n_open += (size_t) (above == SUND_FEW_OPEN) + (size_t) (below == SUND_FEW_OPEN);
        CHECK(sund_few(x, n, k, few, 0.01, most + 0.02, &above, NULL, NULL) == SUND_OK && above != SUND_FEW_NONE); /* others could add 0.03 */
    }
    printf("# every set of %zu of %zu people: not decided %zu of 80\n", few, n, n_open);
    CHECK(n_open == 0);
}

enum { NORMAL, SKEWED, BINARY, COMPONENTS, MIXED, DESIGNS };
static const char *const design_name[DESIGNS] = { "normal", "skewed", "binary", "components with outliers", "all of these" };

static double draw(int design, size_t a)
{
    if (design == MIXED)
        design = (int) (a % MIXED);
    return design == NORMAL ? normal() : design == SKEWED ? exp(0.6 * normal()) : design == BINARY ? uniform() < 0.3 : uniform() < 0.03 ? 4 + normal() : normal() / 2;
}

static int by_leverage(const void *a, const void *b)
{
    double p = leverage[*(const size_t *) a], q = leverage[*(const size_t *) b];

    return p < q ? 1 : p > q ? -1 : 0;
}

/** Verdict on the people of most leverage, as the rule takes it. */
static sund_few_verdict judge(size_t n, size_t k, size_t few, int64_t *work)
{
    sund_few_verdict v;
    size_t           m = n < SUND_FEW_PEOPLE ? n : SUND_FEW_PEOPLE;
    double           sum = 0;

    whiten(n, k);
    for (size_t i = 0; i < n; i++) {
        order[i] = i;
        leverage[i] = 0;
        for (size_t a = 0; a < k; a++)
            leverage[i] += x[i * k + a] * x[i * k + a];
    }
    qsort(order, n, sizeof *order, by_leverage);
    for (size_t i = 0; i < few; i++)
        sum += leverage[order[i]];
    if (sum <= 0.9)
        return SUND_FEW_NONE;
    for (size_t i = 0; i < m; i++)
        memcpy(heavy + i * k, x + order[i] * k, k * sizeof *heavy);
    CHECK(sund_few(heavy, m, k, few, n > m ? leverage[order[m]] : 0, 0.9, &v, work, NULL) == SUND_OK);
    return v;
}

/* Ten covariates at a node of 60 to 20,000 people: nobody is refused, and the proof is short. */
TEST(honest_designs_pass)
{
    static const size_t people[] = { 60, 100, 200, 1000, 20000 };
    enum { K = 10 };

    for (size_t p = 0; p < sizeof people / sizeof *people; p++)
        for (int design = 0; design < DESIGNS; design++) {
            size_t  n = people[p], few = n / (2 * K) < 9 ? n / (2 * K) : 9, rounds = n > 1000 ? 1 : 20, refused = 0;
            int64_t most = 0;

            for (size_t r = 0; r < rounds; r++) {
                int64_t work = 0;

                for (size_t i = 0; i < n * K; i++)
                    x[i] = draw(design, i % K);
                refused += judge(n, K, few, &work) != SUND_FEW_NONE;
                most = work > most ? work : most;
            }
            printf("# %d covariates, %s, %zu people, sets of %zu: refused %zu of %zu; at most %lld looks\n", K, design_name[design], n, few, refused, rounds, (long long) most);
            CHECK(refused == 0 && most < SUND_FEW_WORK / 4);
        }
}

/* A combination that weighs two to nine people, hidden in all columns alike. */
TEST(hidden_combinations_are_found)
{
    enum { N = 400, K = 10 };

    for (size_t few = 2; few <= 9; few++) {
        double mix[K * K], row[K];
        size_t none = 0;

        for (int r = 0; r < 5; r++) {
            for (size_t i = 0; i < K * K; i++)
                mix[i] = normal();
            for (size_t i = 0; i < N; i++) {
                for (size_t a = 0; a < K; a++)
                    row[a] = a ? normal() : i < few ? 10 : normal() / 10;
                for (size_t a = 0; a < K; a++)
                    for (size_t b = 0, at = i * K + a; b < K; b++)
                        x[at] = (b ? x[at] : 0) + row[b] * mix[b * K + a];
            }
            none += judge(N, K, 9, NULL) == SUND_FEW_NONE;
        }
        CHECK(none == 0);
    }
}

/* A design made to be hard: work ends, and what is not proven is not passed. */
TEST(work_is_bounded)
{
    sund_few_verdict v;
    int64_t          work = 0;
    enum { N = 512, K = 20 };

    for (size_t i = 0; i < N * K; i++)
        x[i] = exp(2 * normal());
    whiten(N, K);
    CHECK(sund_few(x, N, K, SUND_FEW_MAX, 0, 0.995, &v, &work, NULL) == SUND_OK);
    printf("# a heavy-tailed design: %s after %lld looks\n", v == SUND_FEW_NONE ? "proven" : v == SUND_FEW_FOUND ? "found" : "open", (long long) work);
    CHECK(work < 2LL * SUND_FEW_WORK);
    CHECK(sund_few(x, N, K, 9, 0.1, 0.9, &v, &work, NULL) == SUND_OK && v != SUND_FEW_NONE); /* others could be all of it */
}
