#include "store/list.h"

#include <endian.h>
#include <string.h>

enum { ESCAPE = SUND_LIST_ESCAPE };

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

typedef struct bit_cur { const uint8_t *p; uint64_t bit, next; } bit_cur;

/** As many entries as are sure to be inside n_byte bytes when each load takes eight. Returns how many; stops at a code that is none. One load serves
 *  for several entries: from one to the next there is no way round counting zeros and shifting, and a load would come on top. */
static inline __attribute__((always_inline)) size_t read_some(bit_cur *b, size_t n_byte, size_t n, unsigned k, uint32_t *list)
{
    const uint64_t mask = (1ULL << k) - 1;
    uint64_t       bit = b->bit, next = b->next, last = n_byte < 8 ? 0 : 8 * (uint64_t) (n_byte - 8) + 7;
    const unsigned most = 104 / (2 * k + 5); /* codes that nearly always fit into one load: the processor cannot guess how many do, but a number that stays the same it can */
    size_t         i = 0;

    while (i < n && n_byte >= 8 && bit <= last) {
        uint64_t x, gap;
        unsigned left = 63 - (unsigned) (bit & 7), zeros, length, room = most;

        memcpy(&x, b->p + (bit >> 3), 8);
        x = le64toh(x) >> (bit & 7) | 1ULL << 63; /* a bit that is never read stops the counting of zeros */
        zeros = (unsigned) __builtin_ctzll(x);
        if (__builtin_expect(zeros >= ESCAPE, 0)) {
            if (zeros > ESCAPE)
                break;
            gap = x >> (ESCAPE + 1) & UINT32_MAX;
            bit += ESCAPE + 1 + 32;
            next += gap;
            list[i++] = (uint32_t) next++;
            continue;
        }
        do {
            uint64_t behind = x >> 1 >> k; /* what follows a code without zeros: there while zeros are still being counted */

            length = zeros + 1 + k;
            next += (uint64_t) zeros << k | (x >> 1 >> zeros & mask);
            list[i++] = (uint32_t) next++;
            bit += length;
            left -= length;
            x = behind >> zeros;
            zeros = (unsigned) __builtin_ctzll(x);
        } while (i < n && --room && zeros < ESCAPE && zeros + 1 + k <= left);
    }
    b->bit = bit;
    b->next = next;
    return i;
}

/** The last bytes once more, with zeros behind them. b->bit then counts from where they begin. */
static size_t read_tail(bit_cur *b, const uint8_t *p, size_t n_byte, size_t n, unsigned k, uint32_t *list)
{
    uint8_t tail[16] = { 0 };

    memcpy(tail, p, n_byte);
    b->p = tail;
    b->bit &= 7;
    n = read_some(b, n_byte + 8, n, k, list);
    b->p = NULL;
    return n;
}

bool sund_list_read(sund_cur *c, size_t n, uint64_t bound, uint32_t *list)
{
    if (n > bound)
        return !(c->bad = true);
    return sund_list_read_k(c, n, bound, sund_list_low_bits(n, bound), list);
}

bool sund_list_read_k(sund_cur *c, size_t n, uint64_t bound, unsigned k, uint32_t *list)
{
    bit_cur b = { c->p, 0, 0 };
    size_t  got, from = 0, used;

    if (c->bad)
        return false;
    if (n == 0)
        return true;
    got = read_some(&b, c->n, n, k, list);
    if (got < n) {
        from = b.bit >> 3;
        if (from > c->n || c->n - from >= 8)
            return !(c->bad = true);
        got += read_tail(&b, c->p + from, c->n - from, n - got, k, list + got);
    }
    used = from + (size_t) ((b.bit + 7) >> 3);
    if (got < n || used > c->n || b.next > bound)
        return !(c->bad = true);
    c->p += used;
    c->n -= used;
    return true;
}
