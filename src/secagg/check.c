#include "secagg/check.h"

#include "base/cpu.h"
#include "secagg/mask_priv.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

/* Eight lanes side by side; four such rows at a time: their 16 subset sums are made once, and each
 * of the 128 checks picks one by its four bits of R. */
typedef uint64_t row __attribute__((vector_size(64)));
enum {
    SIDE = 8,
    ROWS = 4,
    BLOCK = SIDE * ROWS,
    BITS = SUND_CHECK_SUMS * ROWS / 8,
    BLOCKS = 64,
    LIMB = 43,
    LIMBS = 3
};

/** sum[k] += the rows that check k takes; bits: 128 numbers of 4 bits. */
static inline __attribute__((always_inline)) void
take_block(row *restrict sum, const row *restrict in, const uint8_t *restrict bits)
{
    row subset[1 << ROWS];

    subset[0] = in[0] - in[0];
    for (unsigned b = 0; b < ROWS; b++)
        for (unsigned i = 0; i < 1u << b; i++)
            subset[(1u << b) + i] = subset[i] + in[b];
    for (unsigned k = 0; k < BITS; k++) {
        sum[2 * k] += subset[bits[k] & 15];
        sum[2 * k + 1] += subset[bits[k] >> 4];
    }
}

typedef void take_fn(row *sum, const row *in, const uint8_t *bits);
static void  take_portable(row *sum, const row *in, const uint8_t *bits)
{
    take_block(sum, in, bits);
}
SUND_TARGET_AVX2 static void take_avx2(row *sum, const row *in, const uint8_t *bits)
{
    take_block(sum, in, bits);
}
SUND_TARGET_AVX512 static void take_avx512(row *sum, const row *in, const uint8_t *bits)
{
    take_block(sum, in, bits);
}

static take_fn *best(void)
{
    static take_fn *const path[] = { take_portable, take_avx2, take_avx512 };

    return path[sund_cpu_path()];
}

typedef struct checking {
    sund_stream stream;
    take_fn    *take;
    row         sum[LIMBS][SUND_CHECK_SUMS], in[ROWS];
    uint8_t     bits[BLOCKS * BITS];
} checking;

static sund_code narrow_lanes(checking *c, const uint64_t *w, size_t n, sund_err *err)
{
    for (size_t at = 0, b = 0; at < n; at += BLOCK, b++) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;

        if (b % BLOCKS == 0)
            SUND_TRY(sund_stream_next(&c->stream, c->bits, sizeof c->bits, err));
        memset(c->in, 0, sizeof c->in);
        memcpy(c->in, w + at, 8 * some);
        c->take(c->sum[0], c->in, c->bits + b % BLOCKS * BITS);
    }
    return SUND_OK;
}

static uint64_t limb_of(const uint64_t *w, unsigned limb)
{
    return (uint64_t) (((u128) w[1] << 64 | w[0]) >> (LIMB * limb)) & ((1ULL << LIMB) - 1);
}

static sund_code wide_lanes(checking *c, const uint64_t *w, size_t n, sund_err *err)
{
    for (size_t at = 0, b = 0; at < n; at += BLOCK, b++) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;

        if (b % BLOCKS == 0)
            SUND_TRY(sund_stream_next(&c->stream, c->bits, sizeof c->bits, err));
        for (unsigned l = 0; l < LIMBS; l++) {
            memset(c->in, 0, sizeof c->in);
            for (size_t i = 0; i < some; i++)
                c->in[i / SIDE][i % SIDE] = limb_of(w + 2 * (at + i), l);
            c->take(c->sum[l], c->in, c->bits + b % BLOCKS * BITS);
        }
    }
    return SUND_OK;
}

/** The second step: the first step's 1,024 sums, added up four at a time by bits of their own. */
static sund_code second(checking *c, unsigned n_limb, u128 z[SUND_CHECK_SUMS], sund_err *err)
{
    memset(z, 0, SUND_CHECK_SUMS * sizeof *z);
    for (unsigned at = 0; at < SIDE * SUND_CHECK_SUMS; at += ROWS) {
        const uint8_t *bits = c->bits + at / ROWS % BLOCKS * BITS;
        u128           subset[1 << ROWS] = { 0 };

        if (at / ROWS % BLOCKS == 0)
            SUND_TRY(sund_stream_next(&c->stream, c->bits, sizeof c->bits, err));
        for (unsigned b = 0; b < ROWS; b++) {
            u128 x = 0;

            for (unsigned l = 0; l < n_limb; l++)
                x += (u128) c->sum[l][(at + b) / SIDE][(at + b) % SIDE] << (LIMB * l);
            for (unsigned i = 0; i < 1u << b; i++)
                subset[(1u << b) + i] = subset[i] + x;
        }
        for (unsigned k = 0; k < BITS; k++) {
            z[2 * k] += subset[bits[k] & 15];
            z[2 * k + 1] += subset[bits[k] >> 4];
        }
    }
    return SUND_OK;
}

static sund_code sums(checking *c, const sund_vec *y, sund_vec *z, sund_err *err)
{
    u128 got[SUND_CHECK_SUMS];

    if (y->n64) {
        memset(c->sum, 0, sizeof c->sum);
        SUND_TRY(narrow_lanes(c, y->w, y->n64, err));
        SUND_TRY(second(c, 1, got, err));
        for (unsigned k = 0; k < SUND_CHECK_SUMS; k++)
            z->w[k] = (uint64_t) got[k];
    }
    if (y->n128) {
        memset(c->sum, 0, sizeof c->sum);
        SUND_TRY(wide_lanes(c, y->w + y->n64, y->n128, err));
        SUND_TRY(second(c, LIMBS, got, err));
        for (unsigned k = 0; k < SUND_CHECK_SUMS; k++) {
            z->w[z->n64 + 2 * k] = (uint64_t) got[k];
            z->w[z->n64 + 2 * k + 1] = (uint64_t) (got[k] >> 64);
        }
    }
    return SUND_OK;
}

sund_code sund_check_sums(const sund_digest *total, const sund_vec *y, sund_vec *z, sund_err *err)
{
    static const char what[] = "sund check";
    checking         *c = aligned_alloc(sizeof(row), sizeof *c);
    sund_vec          got = { 0, 0, NULL };
    sund_hasher       h;
    sund_digest       seed;
    sund_code         rc;

    if (!c)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    memset(c, 0, sizeof *c);
    c->take = best();
    sund_hasher_init(&h);
    sund_hasher_add(&h, what, sizeof what - 1);
    sund_hasher_add(&h, total->b, sizeof total->b);
    seed = sund_hasher_end(&h);
    SUND_GO(sund_stream_open(&c->stream, seed.b, err));
    SUND_GO(sund_vec_new(&got, y->n64 ? SUND_CHECK_SUMS : 0, y->n128 ? SUND_CHECK_SUMS : 0, err));
    rc = sums(c, y, &got, err);
out:
    sund_stream_close(&c->stream);
    free(c);
    if (rc == SUND_OK)
        *z = got;
    else
        sund_vec_free(&got);
    return rc;
}

sund_code sund_check_masked(const sund_digest *total, sund_masked *y, sund_vec *z, sund_err *err)
{
    sund_vec  v = sund_masked_turn(y);
    sund_code rc = sund_check_sums(total, &v, z, err);

    (void) sund_masked_turn(y);
    return rc;
}
