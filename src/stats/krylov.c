#include "stats/krylov.h"

#include "math/eigen.h"
#include "math/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Blocks are m rows of `stride` doubles, the block's columns padded with zeros to a multiple of LANES: inner loops have a fixed length and need no rest. */
enum { LANES = 4, PAIR_MAX = SUND_KRYLOV_BLOCK_MAX };

struct sund_krylov {
    size_t   m, block, stride, rounds, n_want;
    size_t   n_block;                            /* blocks in the basis, the one that is asked included */
    size_t   n;                                  /* columns of the blocks that are answered */
    unsigned n_answer;
    size_t   width[SUND_KRYLOV_ROUNDS_MAX + 1], first[SUND_KRYLOV_ROUNDS_MAX + 1];
    double  *s, *basis[SUND_KRYLOV_ROUNDS_MAX];
    double  *h;                                  /* the answer, then what is left of it outside the basis */
    double  *col;                                /* column by column, while orthonormalised */
    int32_t *q;                                  /* block x m: asked now */
    unsigned shift[SUND_KRYLOV_BLOCK_MAX];
    double  *t, *g;                              /* Q'H and Q'Q - 1, rows of n_max */
    size_t   n_max;
    double   left[SUND_KRYLOV_BLOCK_MAX * SUND_KRYLOV_BLOCK_MAX]; /* W'W of what is left */
    size_t   n_found;
    double  *y;                                  /* n_want x n_max: the pairs in the basis */
    double   value[PAIR_MAX], residual[PAIR_MAX];
};

/** c (stride x stride) = a'b over m rows. */
static void cross(size_t m, size_t stride, const double *restrict a, const double *restrict b, double *restrict c)
{
    memset(c, 0, stride * stride * sizeof *c);
    for (size_t j = 0; j < m; j++, a += stride, b += stride)
        for (size_t x = 0; x < stride; x++)
            for (size_t y = 0; y < stride; y += LANES)
                for (size_t u = 0; u < LANES; u++)
                    c[x * stride + y + u] += a[x] * b[y + u];
}

/** b -= a c over m rows. */
static void subtract(size_t m, size_t stride, const double *restrict a, const double *restrict c, double *restrict b)
{
    for (size_t j = 0; j < m; j++, a += stride, b += stride)
        for (size_t x = 0; x < stride; x++)
            for (size_t y = 0; y < stride; y += LANES)
                for (size_t u = 0; u < LANES; u++)
                    b[y + u] -= a[x] * c[x * stride + y + u];
}

void sund_krylov_quantise(size_t m, const double *v, const double *s, int32_t *q, unsigned *shift)
{
    double top = 0.0, scale = 1.0;

    *shift = 0;
    for (size_t j = 0; j < m; j++)
        top = fabs(v[j] / s[j]) > top ? fabs(v[j] / s[j]) : top;
    while (*shift < 46 && top * scale * 2.0 <= SUND_KRYLOV_Q_MAX) {
        scale *= 2.0;
        ++*shift;
    }
    for (size_t j = 0; j < m; j++)
        q[j] = (int32_t) floor(v[j] / s[j] * scale + 0.5);
}

static double dot(size_t m, const double *a, const double *b)
{
    double s[LANES] = { 0.0 };
    size_t j = 0;

    for (; j + LANES <= m; j += LANES)
        for (size_t u = 0; u < LANES; u++)
            s[u] += a[j + u] * b[j + u];
    for (; j < m; j++)
        s[0] += a[j] * b[j];
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/** Unit columns out of what is left, in k->col; a column within `least` of those before it is dropped. Returns how many there are. */
static size_t orthonormalise(sund_krylov *k, size_t width, double least)
{
    size_t m = k->m, n = 0;

    for (size_t l = 0; l < width; l++) {
        double *w = k->col + n * m, norm;

        for (size_t j = 0; j < m; j++)
            w[j] = k->h[j * k->stride + l];
        for (size_t pass = 0; pass < 2; pass++)
            for (size_t p = 0; p < n; p++) {
                const double *u = k->col + p * m;
                double        c = dot(m, u, w);

                for (size_t j = 0; j < m; j++)
                    w[j] -= c * u[j];
            }
        norm = sqrt(dot(m, w, w));
        if (!(norm > least))
            continue;
        for (size_t j = 0; j < m; j++)
            w[j] /= norm;
        n++;
    }
    return n;
}

/** The columns in k->col become the next block. */
static sund_code next_block(sund_krylov *k, size_t width, sund_err *err)
{
    size_t  b = k->n_block;
    double *basis;

    k->first[b] = b ? k->first[b - 1] + k->width[b - 1] : 0;
    k->width[b] = width;
    if (width == 0 || b == k->rounds) {
        k->width[b] = 0;
        return SUND_OK;
    }
    basis = calloc(k->m * k->stride + 1, sizeof *basis);
    if (!basis)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a basis of %zu variants by %zu columns", k->m, k->stride);
    k->basis[k->n_block++] = basis;
    for (size_t l = 0; l < width; l++) {
        int32_t *q = k->q + l * k->m;

        sund_krylov_quantise(k->m, k->col + l * k->m, k->s, q, &k->shift[l]);
        for (size_t j = 0; j < k->m; j++)
            basis[j * k->stride + l] = ldexp((double) q[j], -(int) k->shift[l]) * k->s[j];
    }
    return SUND_OK;
}

static sund_code first_block(sund_krylov *k, uint64_t seed, sund_err *err)
{
    size_t width = k->block < k->m ? k->block : k->m;

    for (size_t l = 0; l < width; l++) {
        sund_rand r = sund_rand_of(seed, l);

        for (size_t j = 0; j < k->m; j++)
            k->h[j * k->stride + l] = sund_rand_next_unit(&r) - 0.5;
    }
    return next_block(k, orthonormalise(k, width, 1e-6), err);
}

sund_code sund_krylov_new(sund_krylov **out, size_t m, const double *s, size_t block, size_t rounds, size_t n_want, uint64_t seed, sund_err *err)
{
    sund_krylov *k = calloc(1, sizeof *k);
    size_t       n_max = block * rounds;
    sund_code    rc;

    if (!k || block == 0 || block > SUND_KRYLOV_BLOCK_MAX || rounds == 0 || rounds > SUND_KRYLOV_ROUNDS_MAX || n_want > PAIR_MAX) {
        free(k);
        return sund_fail(err, SUND_E_ARG, "a Krylov space of %zu columns in %zu rounds is not made", block, rounds);
    }
    k->m = m;
    k->block = block;
    k->stride = (block + LANES - 1) / LANES * LANES;
    k->rounds = rounds;
    k->n_want = n_want;
    k->n_max = n_max;
    k->s = malloc((m + 1) * sizeof *k->s);
    k->h = calloc(m * k->stride + 1, sizeof *k->h);
    k->col = malloc((m * block + 1) * sizeof *k->col);
    k->q = malloc((m * block + 1) * sizeof *k->q);
    k->t = calloc(n_max * n_max, sizeof *k->t);
    k->g = calloc(n_max * n_max, sizeof *k->g);
    k->y = calloc(n_want * n_max + 1, sizeof *k->y);
    if (k->s && k->h && k->col && k->q && k->t && k->g && k->y) {
        memcpy(k->s, s, m * sizeof *s);
        rc = first_block(k, seed, err);
    }
    else {
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory for a Krylov space over %zu variants", m);
    }
    if (rc == SUND_OK)
        *out = k;
    else
        sund_krylov_free(k);
    return rc;
}

void sund_krylov_free(sund_krylov *k)
{
    if (!k)
        return;
    for (size_t b = 0; b < k->n_block; b++)
        free(k->basis[b]);
    free(k->s);
    free(k->h);
    free(k->col);
    free(k->q);
    free(k->t);
    free(k->g);
    free(k->y);
    free(k);
}

size_t         sund_krylov_width(const sund_krylov *k) { return k->n_answer < k->n_block ? k->width[k->n_answer] : 0; }
const int32_t *sund_krylov_q(const sund_krylov *k, size_t l) { return k->q + l * k->m; }
unsigned       sund_krylov_shift(const sund_krylov *k, size_t l) { return k->shift[l]; }
unsigned       sund_krylov_rounds(const sund_krylov *k) { return k->n_answer; }
double        *sund_krylov_answer(sund_krylov *k, size_t *stride) { *stride = k->stride; return k->h; }

/** Block (a, b) of a matrix and, turned, block (b, a). */
static void put_block(const sund_krylov *k, double *to, size_t a, size_t b, const double *c)
{
    for (size_t x = 0; x < k->width[a]; x++)
        for (size_t y = 0; y < k->width[b]; y++)
            to[(k->first[a] + x) * k->n_max + k->first[b] + y] = to[(k->first[b] + y) * k->n_max + k->first[a] + x] = c[x * k->stride + y];
}

/** Q'H and Q'Q - 1 of the new block; then h keeps what is left of it outside the basis, twice subtracted. */
static void project(sund_krylov *k)
{
    size_t b = k->n_block - 1, stride = k->stride;
    double c[SUND_KRYLOV_BLOCK_MAX * SUND_KRYLOV_BLOCK_MAX];

    for (size_t a = 0; a <= b; a++) {
        cross(k->m, stride, k->basis[a], k->basis[b], c);
        for (size_t x = 0; a == b && x < k->width[b]; x++)
            c[x * stride + x] -= 1.0;
        put_block(k, k->g, a, b, c);
    }
    for (size_t a = 0; a <= b; a++) { /* before anything is subtracted */
        cross(k->m, stride, k->basis[a], k->h, c);
        for (size_t x = 0; a == b && x < stride; x++) /* symmetric but for rounding */
            for (size_t y = x + 1; y < stride; y++)
                c[x * stride + y] = c[y * stride + x] = (c[x * stride + y] + c[y * stride + x]) / 2.0;
        put_block(k, k->t, a, b, c);
    }
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t a = 0; a <= b; a++) {
            cross(k->m, stride, k->basis[a], k->h, c);
            subtract(k->m, stride, k->basis[a], c, k->h);
        }
    cross(k->m, stride, k->h, k->h, k->left);
}

/** to = (1 - g / 2) from, n x n rows of n. */
static void half_back(const sund_krylov *k, const double *from, double *to)
{
    size_t n = k->n;

    for (size_t i = 0; i < n; i++) {
        memcpy(to + i * n, from + i * n, n * sizeof *to);
        for (size_t p = 0; p < n; p++)
            for (size_t j = 0; j < n; j++)
                to[i * n + j] -= k->g[i * k->n_max + p] / 2.0 * from[p * n + j];
    }
}

static void turn(size_t n, double *a)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            double x = a[i * n + j];

            a[i * n + j] = a[j * n + i];
            a[j * n + i] = x;
        }
}

/** Pair i: its place in the basis, (1 - g / 2) z, and its residual: the part of A'A v that is left outside, |W y| with y over the last block. */
static void take_pair(sund_krylov *k, size_t i, double value, const double *z)
{
    size_t  b = k->n_block - 1, n = k->n;
    double *y = k->y + i * k->n_max, sum = 0.0;

    for (size_t p = 0; p < n; p++) {
        y[p] = z[p];
        for (size_t o = 0; o < n; o++)
            y[p] -= k->g[p * k->n_max + o] / 2.0 * z[o];
    }
    for (size_t x = 0; x < k->width[b]; x++)
        for (size_t u = 0; u < k->width[b]; u++)
            sum += y[k->first[b] + x] * k->left[x * k->stride + u] * y[k->first[b] + u];
    k->value[i] = value;
    k->residual[i] = sum > 0.0 ? sqrt(sum) : 0.0;
}

static sund_code ritz(sund_krylov *k, sund_err *err)
{
    size_t    n = k->n;
    double   *a = malloc(2 * n * n * sizeof *a), *value = malloc(n * sizeof *value), *b = a ? a + n * n : NULL;
    sund_code rc = a && value ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu Ritz values", n);

    if (rc == SUND_OK) {
        for (size_t i = 0; i < n; i++)
            memcpy(a + i * n, k->t + i * k->n_max, n * sizeof *a);
        half_back(k, a, b);
        turn(n, b);
        half_back(k, b, a);
        rc = sund_sym_eigen(n, a, value, b, err);
    }
    k->n_found = 0;
    for (size_t i = 0; rc == SUND_OK && i < n && i < k->n_want && value[i] > 1e-9 * value[0]; i++) {
        take_pair(k, i, value[i], b + i * n);
        k->n_found++;
    }
    free(a);
    free(value);
    return rc;
}

sund_code sund_krylov_step(sund_krylov *k, sund_err *err)
{
    size_t b = k->n_block - 1;
    bool   settled;

    project(k);
    k->n_answer++;
    k->n = k->first[b] + k->width[b];
    SUND_TRY(ritz(k, err));
    settled = k->n_found == k->n_want;
    for (size_t i = 0; i < k->n_found; i++)
        settled = settled && k->residual[i] <= 1e-5 * k->value[i];
    if (settled || k->n_found == 0)
        return SUND_OK;
    return next_block(k, orthonormalise(k, k->width[b], 1e-6 * k->value[0]), err);
}

size_t sund_krylov_found(const sund_krylov *k, const double **value, const double **residual)
{
    *value = k->value;
    *residual = k->residual;
    return k->n_found;
}

void sund_krylov_vector(const sund_krylov *k, size_t i, double *v)
{
    const double *y = k->y + i * k->n_max;
    double        norm, top = 0.0;

    memset(v, 0, k->m * sizeof *v);
    for (size_t b = 0; b < k->n_block && b < k->n_answer; b++)
        for (size_t j = 0; j < k->m; j++)
            for (size_t l = 0; l < k->width[b]; l++)
                v[j] += k->basis[b][j * k->stride + l] * y[k->first[b] + l];
    for (size_t j = 0; j < k->m; j++)
        top = fabs(v[j]) > fabs(top) ? v[j] : top;
    norm = sqrt(dot(k->m, v, v));
    norm = top < 0.0 ? -norm : norm;
    for (size_t j = 0; j < k->m; j++)
        v[j] /= norm;
}
