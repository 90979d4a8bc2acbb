#include "gate/atoms.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers modulo the prime 2^61 - 1 ---- */

#define PRIME ((1ULL << 61) - 1)

static uint64_t add(uint64_t a, uint64_t b) { return a + b >= PRIME ? a + b - PRIME : a + b; }
static uint64_t less(uint64_t a, uint64_t b) { return a >= b ? a - b : a + PRIME - b; }
__extension__ typedef unsigned __int128 wide;

static uint64_t times(uint64_t a, uint64_t b)
{
    wide x = (wide) a * b;

    return add((uint64_t) x & PRIME, (uint64_t) (x >> 61));
}

/** a^(p-2): Fermat. */
static uint64_t inverse(uint64_t a)
{
    uint64_t r = 1;

    for (uint64_t e = PRIME - 2; e; e >>= 1, a = times(a, a))
        if (e & 1)
            r = times(r, a);
    return r;
}

/* ---- atoms ---- */

typedef struct atom { uint32_t person; size_t n; } atom; /* one of its people stands for all */
typedef struct atoms { atom *a; size_t n; } atoms; /* by size */

static bool in(const uint64_t *set, size_t i) { return set[i / 64] >> (i % 64) & 1; }

static int larger_first(const void *x, const void *y)
{
    const atom *a = x, *b = y;

    return a->n != b->n ? (a->n < b->n) - (a->n > b->n) : (a->person > b->person) - (a->person < b->person);
}

/** Splits every class of people by membership in one more set. Class 0 is in no set at all. to: 2 (n_person + 1) entries. Classes now. */
static uint32_t split(uint32_t *class_of, size_t n_person, uint32_t n_class, uint32_t *to, const uint64_t *set)
{
    uint32_t n = 1;

    memset(to, 0, 2 * (size_t) n_class * sizeof *to);
    for (size_t i = 0; i < n_person; i++) {
        uint32_t pair = 2 * class_of[i] + in(set, i);

        if (pair && !to[pair])
            to[pair] = n++;
        class_of[i] = to[pair];
    }
    return n;
}

static sund_code atoms_of(const uint64_t *const *set, size_t n_set, size_t n_word, atoms *out, sund_err *err)
{
    size_t    n = n_word * 64;
    uint32_t *class_of = calloc(n + 1, sizeof *class_of), *to = calloc(2 * (n + 1), sizeof *to), n_class = 1;

    *out = (atoms){ NULL, 0 };
    if (class_of && to) {
        for (size_t s = 0; s < n_set; s++)
            n_class = split(class_of, n, n_class, to, set[s]);
        out->a = calloc(n_class, sizeof *out->a);
    }
    for (size_t i = 0; out->a && i < n; i++)
        if (class_of[i]) {
            out->a[class_of[i]].person = (uint32_t) i;
            out->a[class_of[i]].n++;
        }
    free(class_of);
    free(to);
    if (!out->a)
        return sund_fail(err, SUND_E_NOMEM, "out of memory comparing sets of people");
    qsort(out->a, n_class, sizeof *out->a, larger_first);
    out->n = n_class - 1; /* class 0 holds nobody that counts, and is last */
    return SUND_OK;
}

/* ---- the largest independent atoms, and what every other is made of ---- */

typedef struct basis {
    const uint64_t *const *set;
    size_t    n_set;
    uint64_t *m;    /* n_set x n_set: m times an atom's column gives its coordinates */
    uint64_t *v;    /* n_set: one column's */
    size_t   *atom; /* by row of m: the atom of B */
    bool     *used;
} basis;

/** Coordinate `row` of an atom: the sum of m over the sets that it is in. */
static uint64_t coordinate(const basis *b, size_t row, const atom *a)
{
    uint64_t sum = 0;

    for (size_t s = 0; s < b->n_set; s++)
        if (in(b->set[s], a->person))
            sum = add(sum, b->m[row * b->n_set + s]);
    return sum;
}

/** Makes row `row` of m the one that gives 1 for this column, and 0 in all others. */
static void pivot(basis *b, size_t row)
{
    size_t    n = b->n_set;
    uint64_t *p = b->m + row * n, scale = inverse(b->v[row]);

    for (size_t s = 0; s < n; s++)
        p[s] = times(p[s], scale);
    for (size_t r = 0; r < n; r++)
        for (size_t s = 0; r != row && b->v[r] && s < n; s++)
            if (p[s])
                b->m[r * n + s] = less(b->m[r * n + s], times(b->v[r], p[s]));
}

static void basis_free(basis *b)
{
    free(b->m);
    free(b->v);
    free(b->atom);
    free(b->used);
}

/** From the largest atoms on, until there is one for every set: sets that are independent have so many. */
static sund_code basis_of(const uint64_t *const *set, size_t n_set, const atoms *all, basis *b, sund_err *err)
{
    size_t found = 0;

    *b = (basis){ set, n_set, calloc(n_set * n_set + 1, sizeof *b->m), calloc(n_set + 1, sizeof *b->v), calloc(n_set + 1, sizeof *b->atom), calloc(n_set + 1, 1) };
    if (!b->m || !b->v || !b->atom || !b->used)
        return sund_fail(err, SUND_E_NOMEM, "out of memory comparing %zu sets of people", n_set);
    for (size_t s = 0; s < n_set; s++)
        b->m[s * n_set + s] = 1;
    for (size_t a = 0; a < all->n && found < n_set; a++) {
        size_t row = n_set;

        for (size_t r = 0; r < n_set; r++) {
            b->v[r] = coordinate(b, r, &all->a[a]);
            if (b->v[r] && !b->used[r] && row == n_set)
                row = r;
        }
        if (row == n_set)
            continue;
        pivot(b, row);
        b->used[row] = true;
        b->atom[row] = a;
        found++;
    }
    return SUND_OK;
}

/** People of weight other than 0 in the combination that is row `row`, or cell_min when there are so many. */
static size_t rests_on(const basis *b, size_t row, const atoms *all, uint32_t cell_min)
{
    size_t n = 0;

    for (size_t a = 0; a < all->n && n < cell_min; a++)
        if (coordinate(b, row, &all->a[a]))
            n += all->a[a].n;
    return n;
}

sund_code sund_sets_isolate(const uint64_t *const *set, size_t n_set, size_t n_word, uint32_t cell_min, bool *isolates, sund_err *err)
{
    atoms     all;
    basis     b = { 0 };
    sund_code rc;

    *isolates = false;
    SUND_TRY(atoms_of(set, n_set, n_word, &all, err));
    SUND_GO(basis_of(set, n_set, &all, &b, err));
    for (size_t r = 0; r < n_set && !*isolates; r++)
        *isolates = b.used[r] && all.a[b.atom[r]].n < cell_min && rests_on(&b, r, &all, cell_min) < cell_min;
out:
    basis_free(&b);
    free(all.a);
    return rc;
}

sund_code sund_sets_independent(const uint64_t *const *set, size_t n_set, const uint64_t *extra, size_t n_word, bool *independent, sund_err *err)
{
    const uint64_t **both = calloc(n_set + 1, sizeof *both);
    uint64_t        *weight = calloc(n_set + 1, sizeof *weight);
    atoms            all = { NULL, 0 };
    basis            b = { 0 };
    sund_code        rc = both && weight ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory comparing sets of people");

    *independent = false;
    if (rc != SUND_OK)
        goto out;
    memcpy(both, set, n_set * sizeof *both);
    both[n_set] = extra;
    SUND_GO(atoms_of(both, n_set + 1, n_word, &all, err));
    SUND_GO(basis_of(set, n_set, &all, &b, err));
    for (size_t r = 0; r < n_set; r++) /* extra as a combination of the sets, were it one: its values on B times m */
        for (size_t s = 0; s < n_set && b.used[r] && in(extra, all.a[b.atom[r]].person); s++)
            weight[s] = add(weight[s], b.m[r * n_set + s]);
    for (size_t a = 0; a < all.n && !*independent; a++) {
        uint64_t sum = 0;

        for (size_t s = 0; s < n_set; s++)
            if (in(set[s], all.a[a].person))
                sum = add(sum, weight[s]);
        *independent = sum != in(extra, all.a[a].person);
    }
out:
    free(both);
    free(weight);
    free(all.a);
    basis_free(&b);
    return rc;
}

size_t sund_sets_apart(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b)
{
    size_t n = 0;

    for (size_t w = 0; w < n_a || w < n_b; w++)
        n += (size_t) __builtin_popcountll((w < n_a ? a[w] : 0) ^ (w < n_b ? b[w] : 0));
    return n;
}
