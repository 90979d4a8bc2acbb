#include "sim/tree.h"

#include "math/func.h"
#include "sim/sim_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double never = (double) INFINITY;

/* ln with 128 tabulated values: absolute error below 1e-12, a tenth of sund_ln's time, the same bits everywhere. */
static double ln_at[129], inverse_at[129];

static void __attribute__((constructor)) tabulate(void)
{
    for (int k = 0; k <= 128; k++) {
        inverse_at[k] = 1.0 / (1.0 + (double) k / 128.0);
        ln_at[k] = -sund_ln(inverse_at[k]);
    }
}

double sund_quick_ln(double x)
{
    uint64_t bits, m;
    double   r, f;
    int      e, k;

    memcpy(&bits, &x, sizeof bits);
    e = (int) (bits >> 52) - 1023;
    m = (bits & 0xFFFFFFFFFFFFFu) | 0x3FF0000000000000u;
    k = (int) ((bits >> 45) & 127);
    memcpy(&f, &m, sizeof f);
    r = f * inverse_at[k] - 1.0; /* 0 to 1/128 */
    return (double) e * 0.693147180559945309417 + (ln_at[k] + r * (1.0 - r * (0.5 - r * (1.0 / 3.0 - r * (0.25 - r * 0.2)))));
}

void sund_shuffle_u32(uint32_t *a, size_t n, sund_rand *r)
{
    for (size_t i = n; i > 1; i--) {
        uint32_t j = sund_rand_below(r, (uint32_t) i), x = a[j];

        a[j] = a[i - 1];
        a[i - 1] = x;
    }
}

static void shuffle_heights(double *a, size_t n, sund_rand *r)
{
    for (size_t i = n; i > 1; i--) {
        uint32_t j = sund_rand_below(r, (uint32_t) i);
        double   x = a[j];

        a[j] = a[i - 1];
        a[i - 1] = x;
    }
}

static void shuffle_spans(sund_span *a, size_t n, sund_rand *r)
{
    for (size_t i = n; i > 1; i--) {
        uint32_t  j = sund_rand_below(r, (uint32_t) i);
        sund_span x = a[j];

        a[j] = a[i - 1];
        a[i - 1] = x;
    }
}

sund_code sund_tree_init(sund_tree *t, size_t n_leaf, sund_err *err)
{
    memset(t, 0, sizeof *t);
    t->cap_leaf = n_leaf;
    t->hap = calloc(n_leaf + 1, sizeof *t->hap);
    t->height = calloc(n_leaf + 1, sizeof *t->height);
    t->gap = calloc(n_leaf + 1, sizeof *t->gap);
    t->top = calloc(n_leaf + 1, sizeof *t->top);
    t->label = calloc(n_leaf + 1, sizeof *t->label);
    t->lineage = calloc(n_leaf + 1, sizeof *t->lineage);
    t->stack = calloc(n_leaf + 1, sizeof *t->stack);
    if (t->hap && t->height && t->gap && t->top && t->label && t->lineage && t->stack)
        return SUND_OK;
    sund_tree_free(t);
    return sund_fail(err, SUND_E_NOMEM, "out of memory for the genealogy of %zu haplotypes", n_leaf);
}

void sund_tree_free(sund_tree *t)
{
    free(t->hap);
    free(t->height);
    free(t->gap);
    free(t->top);
    free(t->label);
    free(t->lineage);
    free(t->stack);
    free(t->mutation);
    memset(t, 0, sizeof *t);
}

static double pairs(size_t k) { return (double) k * (double) (k - 1) / 2.0; }

/** Times of n leaves' meetings within one population; INFINITY for those that do not meet since the split.
 *  With N(t) = now e^-gt, the time u = (e^gt - 1) / (2 now g) in which meetings come at rate k(k-1)/2 is Kingman's own. */
static void times_since_split(const sund_demography *d, double scale, double *gap, size_t n, sund_rand *r)
{
    double g = d->now > d->base ? sund_ln(d->now / d->base) / d->split : 0.0, twice = 2.0 * d->now * scale, u = 0.0;
    size_t k = n;

    for (size_t i = 0; i + 1 < n; i++) {
        double t = never;

        if (k > 1) {
            u -= sund_quick_ln(sund_rand_next_unit(r)) / pairs(k);
            t = g > 0.0 ? sund_quick_ln(1.0 + twice * g * u) / g : twice * u;
            k = t < d->split ? k - 1 : 1;
        }
        gap[i] = t < d->split ? t : never;
    }
}

/** Runs of leaves that have met since the split: one lineage each. */
static size_t find_lineages(const double *gap, size_t at, size_t n, sund_span *out)
{
    size_t k = 0, from = at;

    for (size_t i = at; i + 1 < at + n; i++)
        if (isinf(gap[i])) {
            out[k++] = (sund_span){ (uint32_t) from, (uint32_t) (i + 1) };
            from = i + 1;
        }
    if (n)
        out[k++] = (sund_span){ (uint32_t) from, (uint32_t) (at + n) };
    return k;
}

void sund_tree_grow(sund_tree *t, const sund_demography *d, double scale, const uint32_t *hap, const size_t *n_of, size_t n_population, sund_rand *r)
{
    size_t at = 0, n_lineage = 0;
    double when = d->split;

    for (size_t p = 0; p < n_population; p++) {
        size_t n = n_of[p];

        memcpy(t->label + at, hap + at, n * sizeof *hap);
        sund_shuffle_u32(t->label + at, n, r);
        times_since_split(d, scale, t->gap + at, n, r);
        shuffle_heights(t->gap + at, n ? n - 1 : 0, r);
        n_lineage += find_lineages(t->gap, at, n, t->lineage + n_lineage);
        at += n;
    }
    t->n_leaf = at;
    shuffle_spans(t->lineage, n_lineage, r);
    for (size_t k = n_lineage; k > 1; k--) {
        when -= sund_quick_ln(sund_rand_next_unit(r)) * 2.0 * d->ancestral * scale / pairs(k);
        t->top[n_lineage - k] = when;
    }
    shuffle_heights(t->top, n_lineage - 1, r);
    at = 0;
    for (size_t k = 0; k < n_lineage; k++) {
        sund_span s = t->lineage[k];
        size_t    n = s.to - s.from;

        memcpy(t->hap + at, t->label + s.from, n * sizeof *t->hap);
        memcpy(t->height + at, t->gap + s.from, (n - 1) * sizeof *t->height);
        at += n;
        if (k + 1 < n_lineage)
            t->height[at - 1] = t->top[k];
    }
}

/** A Poisson process along all branches, laid one behind the other. */
typedef struct drops { sund_tree *t; sund_rand *r; double rate, at, next; bool failed; } drops;

static void drop(drops *o, double length, size_t from, size_t to)
{
    o->at += length;
    while (o->next < o->at && !o->failed) {
        sund_tree *t = o->t;

        if (t->n_mutation == t->cap_mutation) {
            size_t     cap = t->cap_mutation ? 2 * t->cap_mutation : 1024;
            sund_span *more = realloc(t->mutation, cap * sizeof *more);

            o->failed = !more;
            if (!more)
                return;
            t->mutation = more;
            t->cap_mutation = cap;
        }
        t->mutation[t->n_mutation++] = (sund_span){ (uint32_t) from, (uint32_t) to };
        o->next -= sund_quick_ln(sund_rand_next_unit(o->r)) / o->rate;
    }
}

static double lower(double a, double b) { return a < b ? a : b; }

/** Every branch once: a leaf's ends at the lower of the gaps beside it, and so does that of a node over leaves [from, to). */
static void walk(const sund_tree *t, drops *o)
{
    struct sund_tree_node *s = t->stack;
    size_t                 top = 0;
    double                 before = never;

    for (size_t i = 0; i + 1 < t->n_leaf; i++) {
        double h = t->height[i];
        size_t from = i;

        drop(o, lower(before, h), i, i + 1);
        while (top > 0 && s[top - 1].height < h) {
            top--;
            from = s[top].from;
            drop(o, lower(h, top ? s[top - 1].height : never) - s[top].height, from, i + 1);
        }
        s[top].height = before = h;
        s[top++].from = (uint32_t) from;
    }
    drop(o, before, t->n_leaf - 1, t->n_leaf);
    for (; top > 1; top--)
        drop(o, s[top - 2].height - s[top - 1].height, s[top - 1].from, t->n_leaf);
}

double sund_tree_length(const sund_tree *t)
{
    drops o = { .next = never };

    if (t->n_leaf > 1)
        walk(t, &o);
    return o.at;
}

sund_code sund_tree_mutate(sund_tree *t, double rate, sund_rand *r, sund_err *err)
{
    drops o = { .t = t, .r = r, .rate = rate };

    t->n_mutation = 0;
    o.next = -sund_quick_ln(sund_rand_next_unit(r)) / rate;
    if (t->n_leaf > 1)
        walk(t, &o);
    shuffle_spans(t->mutation, t->n_mutation, r);
    return o.failed ? sund_fail(err, SUND_E_NOMEM, "out of memory for mutations") : SUND_OK;
}
