#include "stats/hwe.h"

#include "math/exact.h"
#include "math/func.h"

#include <math.h>
#include <stdbool.h>

static const double ln10 = 2.30258509299404568402, ln2 = 0.69314718055994530942;
static const double slack = 1.0 + 1.0 / 1099511627776.0; /* ties differ by rounding only */
enum { STEP = 512 };

/* Sums of weights relative to the observed one: values far beyond a double's range keep a second exponent in steps of 2^512. */
typedef struct sums { double total; int e_total; double tail; } sums;
typedef struct weight { double w; int e; } weight;

static void scale(weight *x)
{
    if (x->w > ldexp(1.0, STEP)) {
        x->w = ldexp(x->w, -STEP);
        x->e++;
    }
    else if (x->w < ldexp(1.0, -STEP) && x->w > 0.0) {
        x->w = ldexp(x->w, STEP);
        x->e--;
    }
}

static void add(sums *s, const weight *x)
{
    if (x->e > s->e_total) {
        s->total = x->e - s->e_total > 3 ? 0.0 : ldexp(s->total, -STEP * (x->e - s->e_total));
        s->e_total = x->e;
    }
    if (s->e_total - x->e <= 3)
        s->total += ldexp(x->w, -STEP * (s->e_total - x->e));
    if (x->e < 0 || (x->e == 0 && x->w <= slack))
        s->tail += x->e < -2 ? 0.0 : ldexp(x->w, STEP * x->e);
}

static double nlog10(const sums *s)
{
    double v = (sund_ln(s->total) + (double) STEP * (double) s->e_total * ln2 - sund_ln(s->tail)) / ln10;

    return v > 0.0 ? v : 0.0;
}

/** Walks hets h, hom_ref r, hom_alt a from a weight, in steps of two hets, away from the start in one direction. */
static void walk(sums *s, weight x, double r, double h, double a, bool up)
{
    for (;;) {
        if (up) {
            if (r < 1.0 || a < 1.0)
                return;
            x.w *= 4.0 * r * a / ((h + 2.0) * (h + 1.0));
            r -= 1.0;
            a -= 1.0;
            h += 2.0;
        }
        else {
            if (h < 2.0)
                return;
            x.w *= h * (h - 1.0) / (4.0 * (r + 1.0) * (a + 1.0));
            r += 1.0;
            a += 1.0;
            h -= 2.0;
        }
        scale(&x);
        if (x.w == 0.0)
            return;
        add(s, &x);
    }
}

double sund_hwe_nlog10p(uint64_t hom_ref, uint64_t het, uint64_t hom_alt)
{
    sums         s = { 1.0, 0, 1.0 };
    const weight one = { 1.0, 0 };

    if (hom_ref + het + hom_alt == 0)
        return 0.0;
    walk(&s, one, (double) hom_ref, (double) het, (double) hom_alt, true);
    walk(&s, one, (double) hom_ref, (double) het, (double) hom_alt, false);
    return nlog10(&s);
}

static double log_factorial(double n) { return sund_lgamma(n + 1.0); }

/** log of 2^h / (mr! ma! r! h! a!): the part of the probability that varies given allele counts and numbers of men and women. */
static double log_weight(double mr, double ma, double r, double h, double a)
{
    return h * ln2 - log_factorial(mr) - log_factorial(ma) - log_factorial(r) - log_factorial(h) - log_factorial(a);
}

/** A weight whose logarithm is x. */
static weight from_log(double x)
{
    weight w = { 0.0, 0 };
    double step = (double) STEP * ln2;

    w.e = (int) floor(x / step + 0.5);
    w.w = sund_exp(x - (double) w.e * step);
    return w;
}

double sund_hwe_x_nlog10p(uint64_t male_ref, uint64_t male_alt, uint64_t hom_ref, uint64_t het, uint64_t hom_alt)
{
    double   seen = log_weight((double) male_ref, (double) male_alt, (double) hom_ref, (double) het, (double) hom_alt);
    uint64_t men = male_ref + male_alt, women = hom_ref + het + hom_alt, alt = male_alt + het + 2 * hom_alt;
    uint64_t least = alt > 2 * women ? alt - 2 * women : 0, most = alt < men ? alt : men;
    sums     s = { 0.0, 0, 0.0 };

    if (men + women == 0)
        return 0.0;
    for (uint64_t ma = least; ma <= most; ma++) {
        uint64_t f_alt = alt - ma, f_ref = 2 * women - f_alt, h, minor = f_alt < f_ref ? f_alt : f_ref;
        weight   x;

        /* start near the most likely number of hets, with its parity */
        h = women ? (uint64_t) ((double) f_alt * (double) f_ref / (2.0 * (double) women)) : 0;
        h = h > minor ? minor : h;
        if ((h ^ f_alt) & 1)
            h = h > 0 ? h - 1 : h + 1;
        if (h > minor)
            continue;
        x = from_log(log_weight((double) (men - ma), (double) ma, (double) ((f_ref - h) / 2), (double) h, (double) ((f_alt - h) / 2)) - seen);
        add(&s, &x);
        walk(&s, x, (double) ((f_ref - h) / 2), (double) h, (double) ((f_alt - h) / 2), true);
        walk(&s, x, (double) ((f_ref - h) / 2), (double) h, (double) ((f_alt - h) / 2), false);
    }
    return s.tail > 0.0 ? nlog10(&s) : 0.0;
}

static int64_t fixed(double x) { return (int64_t) floor(ldexp(x, 20) + 0.5); }

void sund_hwe_stratum(uint64_t hom_ref, uint64_t het, uint64_t hom_alt, int64_t *deviation, int64_t *variance)
{
    double n = (double) (hom_ref + het + hom_alt), a = (double) (2 * hom_ref + het), b = (double) (2 * hom_alt + het), e, ee;

    *deviation = *variance = 0;
    if (n < 2.0 || a == 0.0 || b == 0.0)
        return;
    e = a * b / (2.0 * n - 1.0);
    ee = a * (a - 1.0) * b * (b - 1.0) / ((2.0 * n - 1.0) * (2.0 * n - 3.0));
    *deviation = fixed((double) het - e);
    *variance = fixed(ee + e - e * e);
}

double sund_hwe_strata_nlog10p(int64_t deviation, int64_t variance)
{
    double d = ldexp((double) deviation, -20), v = ldexp((double) variance, -20);

    return v > 0.0 ? sund_z_nlog10p(sqrt(d * d / v)) : 0.0;
}
