/* Saddlepoint tails of scores against enumeration, at one case in a hundred. */
#include "stats/spa.h"
#include "test.h"

static double unit(void) { return ((double) (test_rand() >> 11) + 0.5) * 0x1p-53; }

static double nlog10_two(double z) { return -log10(erfc(fabs(z) / sqrt(2.0))); }

enum { MAC_MAX = 600 };

/* Carriers of one alternate allele each, with their fitted probabilities around 1:99; rest: variance of all others together. */
typedef struct carriers { size_t n; double mu[MAC_MAX], rest, prob[MAC_MAX + 1]; } carriers;

static double a_normal(void) { return sqrt(-2 * log(unit())) * cos(6.283185307179586 * unit()); }

/* The exact distribution of the number of cases among them. */
static void draw_carriers(carriers *c, size_t n, double spread)
{
    c->n = n;
    memset(c->prob, 0, sizeof c->prob);
    c->prob[0] = 1;
    c->rest = 0;
    for (size_t i = 0; i < n; i++) {
        double odds = exp(spread * a_normal() - spread * spread / 2) / 99;

        c->mu[i] = odds / (1 + odds);
        c->rest += c->mu[i] * (double) n / 40000; /* of 20,000 people: what centring leaves with the others */
        for (size_t k = i + 1; k-- > 0;) {
            c->prob[k + 1] += c->prob[k] * c->mu[i];
            c->prob[k] *= 1 - c->mu[i];
        }
    }
}

static sund_spa_tail solve(const carriers *c, double q, double v)
{
    sund_spa_tail t;

    sund_spa_begin(&t, q, v, 0.01);
    while (!t.done) {
        double k = 0, k1 = 0, k2 = 0;

        for (size_t i = 0; i < c->n; i++) {
            sund_spa_point p = sund_spa_at(c->mu[i], 1, t.t);

            k += p.k;
            k1 += p.k1;
            k2 += p.k2;
        }
        sund_spa_step(&t, k, k1, k2, c->rest);
    }
    return t;
}

/* What the study would say when k of the carriers are cases. */
static double two_sided(const carriers *c, double u, double v)
{
    sund_spa_tail up, down;

    if (fabs(u) <= 2 * sqrt(v))
        return nlog10_two(u / sqrt(v));
    up = solve(c, fabs(u), v);
    down = solve(c, -fabs(u), v);
    CHECK(!(u > 0 ? up.failed : down.failed));
    return sund_nlog10_sum(sund_spa_nlog10p(&up, c->rest, 1), sund_spa_nlog10p(&down, c->rest, 1));
}

TEST(saddlepoint_tails_are_the_enumerated_midp_values)
{
    static const size_t mac[] = { 20, 25, 30, 40, 50, 75, 100, 200, 300, 500 };
    double              worst = 0;
    int                 most_rounds = 0;
    carriers            c;

    for (size_t m = 0; m < sizeof mac / sizeof *mac; m++)
        for (int spread = 0; spread < 2; spread++) {
            double v, mean = 0, above = 1;

            draw_carriers(&c, mac[m], spread * 0.8);
            v = c.rest;
            for (size_t i = 0; i < c.n; i++) {
                mean += c.mu[i];
                v += c.mu[i] * (1 - c.mu[i]);
            }
            for (size_t k = 0; k <= c.n && above > 1e-13; k++) {
                double        u = (double) k - mean, midp = above - c.prob[k] / 2;
                sund_spa_tail t;

                above -= c.prob[k];
                if (u < 2 * sqrt(v) || midp < 1e-10)
                    continue;
                t = solve(&c, u, v);
                CHECK(!t.failed);
                most_rounds = t.asked > most_rounds ? t.asked : most_rounds;
                worst = fmax(worst, fabs(pow(10, -sund_spa_nlog10p(&t, c.rest, 1)) / midp - 1));
            }
        }
    printf("# saddlepoint against enumerated mid-p at 1:99, 20 to 500 carriers: off by %.1f %% at most, %d rounds at most\n", 100 * worst, most_rounds);
    CHECK(worst < 0.15);
}

TEST(null_rejection_is_near_nominal_at_every_allele_count)
{
    static const double alpha[] = { 0.05, 0.01, 0.001, 0.0001 };
    static const size_t mac[] = { 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500 };
    carriers            c;

    for (size_t m = 0; m < sizeof mac / sizeof *mac; m++) {
        double rate[4] = { 0 }, plain[4] = { 0 };
        enum { DRAWS = 60 };

        for (int d = 0; d < DRAWS; d++) {
            double v, mean = 0;

            draw_carriers(&c, mac[m], 1.0);
            v = c.rest;
            for (size_t i = 0; i < c.n; i++) {
                mean += c.mu[i];
                v += c.mu[i] * (1 - c.mu[i]);
            }
            for (size_t k = 0; k <= c.n && (c.prob[k] > 1e-9 || (double) k < mean); k++) {
                double p = pow(10, -two_sided(&c, (double) k - mean, v)), z = pow(10, -nlog10_two(((double) k - mean) / sqrt(v)));

                for (int a = 0; a < 4; a++) {
                    rate[a] += p <= alpha[a] ? c.prob[k] / DRAWS : 0;
                    plain[a] += z <= alpha[a] ? c.prob[k] / DRAWS : 0;
                }
            }
        }
        printf("# %zu alleles, rejection / nominal at 0.05, 0.01, 0.001, 0.0001: %.2f %.2f %.2f %.2f (by Z alone %.2f %.2f %.2f %.2f)\n", mac[m], rate[0] / 0.05, rate[1] / 0.01, rate[2] / 0.001,
               rate[3] / 0.0001, plain[0] / 0.05, plain[1] / 0.01, plain[2] / 0.001, plain[3] / 0.0001);
        for (int a = 0; a < 4; a++)
            CHECK(rate[a] <= 1.35 * alpha[a]);
        CHECK(plain[3] > 1.35 * alpha[3]); /* what it is there for */
    }
}
