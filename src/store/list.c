#include "store/list.h"

#include "base/cpu.h"

#include <endian.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { ESCAPE = SUND_LIST_ESCAPE, SURE = 57 }; /* SURE: bits that a load from any bit of a byte has */

void sund_varint_write(uint32_t v, sund_buf *out)
{
    while (v >= 128) {
        sund_buf_u8(out, (uint8_t) (v | 128));
        v >>= 7;
    }
    sund_buf_u8(out, (uint8_t) v);
}

uint32_t sund_varint_read(sund_cur *c)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t b = sund_cur_u8(c);

        v |= (uint64_t) (b & 127) << shift;
        if (!(b & 128)) {
            if (v > UINT32_MAX)
                c->bad = true;
            return (uint32_t) v;
        }
    }
    c->bad = true;
    return 0;
}

/* ln 2 is 45426 / 65536. */
unsigned sund_list_low_bits(size_t n, uint64_t bound)
{
    uint64_t mean = (bound - n) / ((uint64_t) n + 1) * 45426 >> 16;

    return mean ? 63u - (unsigned) __builtin_clzll(mean) : 0;
}

void sund_list_write(const uint32_t *list, size_t n, uint64_t bound, sund_buf *out)
{
    unsigned k = sund_list_low_bits(n, bound), n_bit = 0;
    uint64_t bits = 0;
    uint32_t next = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t gap = list[i] - next;
        uint64_t code;
        unsigned length;

        next = list[i] + 1;
        if (gap >> k < ESCAPE) {
            code = (1ULL | (uint64_t) (gap & ((1ULL << k) - 1)) << 1) << (gap >> k);
            length = (gap >> k) + 1 + k;
        }
        else {
            code = (1ULL | (uint64_t) gap << 1) << ESCAPE;
            length = ESCAPE + 1 + 32;
        }
        bits |= code << n_bit; /* at most 7 + 53 bits are held */
        n_bit += length;
        for (; n_bit >= 8; n_bit -= 8, bits >>= 8)
            sund_buf_u8(out, (uint8_t) bits);
    }
    if (n_bit)
        sund_buf_u8(out, (uint8_t) bits);
}

/* Codes stand one behind the other, and where one ends only counting its zeros says: so the way from one code to the next is kept short. Some are taken from
 * one load without asking after each whether it was whole, and two lists are read side by side: the processor has the one to do while it waits for the other. */

typedef struct lane {
    const uint8_t *p;
    uint64_t       bit, last, next; /* last: where a load of eight bytes may begin at most, in bits */
    uint32_t      *list;
    size_t         n;               /* entries that are left */
    unsigned       k;
} lane;

INLINE uint64_t load(const lane *l)
{
    uint64_t x;

    memcpy(&x, l->p + (l->bit >> 3), 8);
    return le64toh(x) >> (l->bit & 7);
}

/** One entry of any kind; l->n is not counted down. False, and nothing taken: no code. */
INLINE bool take_one(lane *l)
{
    uint64_t x = load(l), gap;
    unsigned zeros = (unsigned) __builtin_ctzll(x | 1ULL << 63);

    if (zeros > ESCAPE)
        return false;
    gap = zeros < ESCAPE ? (uint64_t) zeros << l->k | (x >> 1 >> zeros & ((1ULL << l->k) - 1)) : x >> (ESCAPE + 1) & UINT32_MAX;
    l->bit += zeros + 1 + (zeros < ESCAPE ? l->k : 32);
    l->next += gap;
    *l->list++ = (uint32_t) l->next++;
    return true;
}

/** Entries to a load: so many that nearly always fit. */
static unsigned batch_of(unsigned k) { return k < 8 ? 4 : k < 15 ? 3 : 2; }

/** n bits of x from bit `from` on, which stands below n in at: from + (n << 8). */
INLINE uint64_t bits_portable(uint64_t x, uint64_t at) { return x >> (at & 63) & ((1ULL << (at >> 8 & 63)) - 1); }
#if defined __x86_64__
SUND_TARGET_AVX2 INLINE uint64_t bits_bmi(uint64_t x, uint64_t at) { return __builtin_ia32_bextr_u64(x, at); }
#endif

/** `batch` entries of one load, which is inside the bytes. False, and nothing taken: one is not within the bits that a load is sure to have, or may be written out. */
INLINE bool take(lane *l, const unsigned batch, uint64_t most, uint64_t (*bits)(uint64_t, uint64_t))
{
    int64_t        x = (int64_t) (load(l) | 1ULL << 63); /* shifted with its sign: a one stays, at which counting zeros ends */
    const uint64_t low = l->k << 8 | 1, one = l->k + 1;
    uint64_t       next = l->next - 1, all = 0;

#pragma GCC unroll 4
    for (unsigned i = 0; i < batch; i++) {
        uint64_t zeros = (uint64_t) __builtin_ctzll((uint64_t) x);
        int64_t  behind = x >> one; /* what follows a code without zeros: there while zeros are still being counted */

        next += (zeros << l->k) + bits((uint64_t) x, zeros + low) + 1;
        x = behind >> zeros;
        all += zeros;
        l->list[i] = (uint32_t) next;
        __asm__ volatile("" ::: "memory"); /* compilers would put entries together in a vector first, which is slower */
    }
    if (__builtin_expect(all > most, 0))
        return false;
    l->bit += all + batch * one;
    l->next = next + 1;
    l->list += batch;
    return true;
}

/** Zeros that so many entries may have in all, so that each is within the bits that a load is sure to have, and none is written out. */
static unsigned most_of(const lane *l, unsigned batch)
{
    unsigned used = batch * (l->k + 1), most = used < SURE ? SURE - used : 0;

    return most < ESCAPE ? most : ESCAPE - 1;
}

/** How often a lane can surely go on by a load. */
INLINE size_t loads(const lane *l, unsigned batch)
{
    size_t by_byte = l->bit <= l->last ? (l->last - l->bit) / SURE + 1 : 0, by_n = l->n / batch;

    return by_byte < by_n ? by_byte : by_n;
}

/** An entry of any kind, where there is one left and a load is inside the bytes. False: no code. */
static bool step(lane *l)
{
    if (!l->n || l->bit > l->last)
        return true;
    if (!take_one(l))
        return false;
    l->n--;
    return true;
}

/** Loads that both lanes can surely go on by, while all goes well; then an entry by itself. */
INLINE void both(lane *a, lane *b, const unsigned batch, uint64_t (*bits)(uint64_t, uint64_t))
{
    const unsigned most_x = most_of(a, batch), most_y = most_of(b, batch);

    for (size_t m, n; m = loads(a, batch), n = loads(b, batch), (m = m < n ? m : n) > 0;) {
        lane x = *a, y = *b;

        while (m && take(&x, batch, most_x, bits) && take(&y, batch, most_y, bits))
            m--;
        x.n -= (size_t) (x.list - a->list);
        y.n -= (size_t) (y.list - b->list);
        *a = x;
        *b = y;
        if (m && (!step(a) || !step(b)))
            return;
    }
}

INLINE void alone(lane *l, const unsigned batch, uint64_t (*bits)(uint64_t, uint64_t))
{
    const unsigned most = most_of(l, batch);

    for (size_t m; (m = loads(l, batch)) > 0;) {
        lane x = *l;

        while (m && take(&x, batch, most, bits))
            m--;
        x.n -= (size_t) (x.list - l->list);
        *l = x;
        if (m && !step(l))
            return;
    }
    while (l->n && l->bit <= l->last && step(l))
        ;
}

/** As far as loads are sure to be inside the bytes, and no code is bad: of b until one of both has fewer than a load left; without b all. */
INLINE void read_body(lane *a, lane *b, uint64_t (*bits)(uint64_t, uint64_t))
{
    switch (batch_of(b && b->k > a->k ? b->k : a->k)) {
    case 4: b ? both(a, b, 4, bits) : alone(a, 4, bits); break;
    case 3: b ? both(a, b, 3, bits) : alone(a, 3, bits); break;
    default: b ? both(a, b, 2, bits) : alone(a, 2, bits); break;
    }
}

static void read_portable(lane *a, lane *b) { read_body(a, b, bits_portable); }
#if defined __x86_64__
SUND_TARGET_AVX2 static void read_bmi(lane *a, lane *b) { read_body(a, b, bits_bmi); }
#else
#define read_bmi read_portable
#endif

static void read_some(lane *a, lane *b)
{
    static void (*const version[])(lane *, lane *) = { read_portable, read_bmi, read_bmi };

    version[sund_cpu_path()](a, b);
}

static lane lane_of(const sund_cur *c, size_t n, unsigned k, uint32_t *list) { return (lane){ c->p, 0, c->n < 8 ? 0 : 8 * (uint64_t) (c->n - 8) + 7, 0, list, c->n < 8 ? 0 : n, k }; }

/** The rest of n entries: of the last bytes once more, with zeros behind them. Then whether all is sound. */
static bool read_rest(lane *l, size_t n, uint32_t *list, sund_cur *c, uint64_t bound)
{
    size_t from = 0, used;

    read_some(l, NULL);
    l->n = n - (size_t) (l->list - list);
    if (l->n) {
        uint8_t tail[16] = { 0 };

        from = l->bit >> 3;
        if (from > c->n || c->n - from >= 8)
            return !(c->bad = true);
        memcpy(tail, c->p + from, c->n - from);
        l->p = tail;
        l->bit &= 7;
        l->last = 8 * (c->n - from) + 7;
        read_some(l, NULL);
    }
    used = from + (size_t) ((l->bit + 7) >> 3);
    if (l->n || used > c->n || l->next > bound)
        return !(c->bad = true);
    c->p += used;
    c->n -= used;
    return true;
}

bool sund_list_read(sund_cur *c, size_t n, uint64_t bound, uint32_t *list)
{
    if (n > bound)
        return !(c->bad = true);
    return sund_list_read_k(c, n, bound, sund_list_low_bits(n, bound), list);
}

bool sund_list_read_k(sund_cur *c, size_t n, uint64_t bound, unsigned k, uint32_t *list)
{
    lane l = lane_of(c, n, k, list);

    return !c->bad && read_rest(&l, n, list, c, bound);
}

bool sund_lists_read(sund_list_job *job, size_t n, uint64_t bound)
{
    lane   l[2];
    size_t of[2], next = 0;

    for (int k = 0; k < 2 && next < n; k++, next++) {
        of[k] = next;
        l[k] = lane_of(&job[next].c, job[next].n, job[next].k, job[next].list);
    }
    for (size_t left = n; left; left--) {
        int            k = 0;
        sund_list_job *j;

        if (left > 1) {
            read_some(&l[0], &l[1]);
            k = l[1].n < l[0].n;
        }
        j = &job[of[k]];
        if (!read_rest(&l[k], j->n, j->list, &j->c, bound))
            return false;
        if (next < n) {
            of[k] = next;
            l[k] = lane_of(&job[next].c, job[next].n, job[next].k, job[next].list);
            next++;
        }
        else if (k == 0) {
            l[0] = l[1];
            of[0] = of[1];
        }
    }
    return true;
}
