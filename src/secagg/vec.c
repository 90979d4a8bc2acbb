#include "secagg/vec.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

size_t sund_vec_words(const sund_vec *v) { return v->n64 + 2 * v->n128; }

static sund_code room(sund_vec *v, size_t n64, size_t n128, void *(*alloc)(size_t n, size_t size), sund_err *err)
{
    uint64_t *w;

    if (n64 > SUND_VEC_MAX_WORDS || n128 > SUND_VEC_MAX_WORDS || n64 + 2 * n128 > SUND_VEC_MAX_WORDS)
        return sund_fail(err, SUND_E_LIMIT, "a vector of %zu + 2 x %zu words is over the bound of %d; make the chunk smaller", n64, n128, SUND_VEC_MAX_WORDS);
    w = alloc(n64 + 2 * n128 + 1, sizeof *w);
    if (!w)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a vector of %zu words", n64 + 2 * n128);
    *v = (sund_vec){ n64, n128, w };
    return SUND_OK;
}

sund_code sund_vec_new(sund_vec *v, size_t n64, size_t n128, sund_err *err) { return room(v, n64, n128, calloc, err); }

/** For words that are written over at once. */
static void *unwritten(size_t n, size_t size) { return malloc(n * size); }

void sund_vec_free(sund_vec *v)
{
    if (v->w)
        sund_wipe(v->w, 8 * sund_vec_words(v)); /* plain sums and masks do not stay behind in memory */
    free(v->w);
    *v = (sund_vec){ 0, 0, NULL };
}

static u128 wide(const sund_vec *v, size_t i) { return (u128) v->w[v->n64 + 2 * i] | (u128) v->w[v->n64 + 2 * i + 1] << 64; }

static void set_wide(sund_vec *v, size_t i, u128 x)
{
    v->w[v->n64 + 2 * i] = (uint64_t) x;
    v->w[v->n64 + 2 * i + 1] = (uint64_t) (x >> 64);
}

static sund_code same_shape(const sund_vec *a, size_t n64, size_t n128, sund_err *err)
{
    if (a->n64 == n64 && a->n128 == n128)
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "vectors of different shapes (%zu+%zu and %zu+%zu lanes) cannot be added", a->n64, a->n128, n64, n128);
}

sund_code sund_vec_add(sund_vec *a, const sund_vec *b, sund_err *err)
{
    SUND_TRY(same_shape(a, b->n64, b->n128, err));
    for (size_t i = 0; i < a->n64; i++)
        a->w[i] += b->w[i];
    for (size_t i = 0; i < a->n128; i++)
        set_wide(a, i, wide(a, i) + wide(b, i));
    return SUND_OK;
}

int64_t sund_vec_get64(const sund_vec *v, size_t i) { return (int64_t) v->w[i]; }
__extension__ __int128 sund_vec_get128(const sund_vec *v, size_t i) { return (__int128) wide(v, i); }
void                   sund_vec_add64(sund_vec *v, size_t i, int64_t x) { v->w[i] += (uint64_t) x; }
__extension__ void     sund_vec_add128(sund_vec *v, size_t i, __int128 x) { set_wide(v, i, wide(v, i) + (u128) x); }

sund_code sund_vec_bounded(const sund_vec *v, sund_err *err)
{
    const int64_t bound = (int64_t) 1 << 62;

    for (size_t i = 0; i < v->n64; i++)
        if (sund_vec_get64(v, i) > bound || sund_vec_get64(v, i) < -bound)
            return sund_fail(err, SUND_E_FORMAT, "lane %zu of a total is over its bound: some node's vector is not what the round asks", i);
    for (size_t i = 0; i < v->n128; i++) {
        int64_t high = (int64_t) v->w[v->n64 + 2 * i + 1];

        if (high >= bound || high < -bound)
            return sund_fail(err, SUND_E_FORMAT, "wide lane %zu of a total is over its bound: some node's vector is not what the round asks", i);
    }
    return SUND_OK;
}

/** To little-endian words or from them: that is the same. */
static void copy_words(void *to, const void *from, size_t n)
{
    uint8_t *p = to;

    if (n)
        memcpy(to, from, 8 * n);
    for (size_t i = 0; BYTE_ORDER != LITTLE_ENDIAN && i < n; i++, p += 8) {
        uint64_t w;

        memcpy(&w, p, sizeof w);
        w = htole64(w);
        memcpy(p, &w, sizeof w);
    }
}

void sund_vec_write(const sund_vec *v, sund_buf *out)
{
    sund_buf_u32(out, (uint32_t) v->n64);
    sund_buf_u32(out, (uint32_t) v->n128);
    if (!sund_buf_room(out, 8 * sund_vec_words(v)))
        return;
    copy_words(out->p + out->n, v->w, sund_vec_words(v));
    out->n += 8 * sund_vec_words(v);
}

sund_digest sund_vec_digest(const sund_key *key, const sund_vec *v)
{
    enum { SOME = 1024 };
    uint64_t    some[SOME];
    sund_hasher h;
    sund_digest d;

    sund_hasher_init_keyed(&h, key);
    some[0] = htole64((uint64_t) v->n128 << 32 | v->n64);
    sund_hasher_add(&h, some, 8);
    for (size_t at = 0, n = sund_vec_words(v), take; at < n; at += take) {
        take = n - at < SOME ? n - at : SOME;
        copy_words(some, v->w + at, take);
        sund_hasher_add(&h, some, 8 * take);
    }
    d = sund_hasher_end(&h);
    sund_wipe(some, sizeof some);
    sund_wipe(&h, sizeof h);
    return d;
}

static sund_code read_shape(sund_cur *c, size_t *n64, size_t *n128, sund_err *err)
{
    *n64 = sund_cur_u32(c);
    *n128 = sund_cur_u32(c);
    SUND_TRY(sund_cur_ok(c, "a vector", err));
    if (*n64 > SUND_VEC_MAX_WORDS || *n128 > SUND_VEC_MAX_WORDS || c->n != 8 * (*n64 + 2 * *n128))
        return sund_fail(err, SUND_E_FORMAT, "a vector's length does not fit its lanes");
    return *n64 + 2 * *n128 <= SUND_VEC_MAX_WORDS ? SUND_OK : sund_fail(err, SUND_E_LIMIT, "a vector has more than %d words", SUND_VEC_MAX_WORDS);
}

sund_code sund_vec_check(sund_cur c, sund_err *err)
{
    size_t n64, n128;

    return read_shape(&c, &n64, &n128, err);
}

sund_code sund_vec_read(sund_vec *v, const void *p, size_t n, sund_err *err)
{
    sund_cur c = sund_cur_of(p, n);
    size_t   n64, n128;
    sund_vec got;

    SUND_TRY(read_shape(&c, &n64, &n128, err));
    SUND_TRY(room(&got, n64, n128, unwritten, err));
    copy_words(got.w, c.p, n64 + 2 * n128);
    *v = got;
    return SUND_OK;
}

static uint64_t word_at(const uint8_t *p, size_t i)
{
    uint64_t w;

    memcpy(&w, p + 8 * i, sizeof w);
    return le64toh(w);
}

sund_code sund_vec_add_bytes(sund_vec *a, sund_cur b, sund_err *err)
{
    size_t n64, n128;

    SUND_TRY(read_shape(&b, &n64, &n128, err));
    SUND_TRY(same_shape(a, n64, n128, err));
    for (size_t i = 0; i < n64; i++)
        a->w[i] += word_at(b.p, i);
    for (size_t i = 0; i < n128; i++)
        set_wide(a, i, wide(a, i) + ((u128) word_at(b.p, n64 + 2 * i) | (u128) word_at(b.p, n64 + 2 * i + 1) << 64));
    return SUND_OK;
}

bool sund_vec_eq(const sund_vec *a, const sund_vec *b)
{
    return a->n64 == b->n64 && a->n128 == b->n128 &&
           (sund_vec_words(a) == 0 || memcmp(a->w, b->w, 8 * sund_vec_words(a)) == 0);
}
