#include "base/buf.h"

#include <endian.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sund_buf_free(sund_buf *b)
{
    if (b->large)
        sund_large_free(b->p);
    else
        free(b->p);
    memset(b, 0, sizeof *b);
}

void sund_buf_clear(sund_buf *b) { b->n = 0; }

void sund_buf_keep_memory(void)
{
    (void) mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void) mallopt(M_TRIM_THRESHOLD, 64 << 20);
    (void) mallopt(M_ARENA_MAX, 2);
    (void) mallopt(M_MXFAST, 0); /* each kilobyte that is asked for would put together all small pieces that are free */
}

bool sund_buf_grow(sund_buf *b, size_t n)
{
    size_t   cap = b->cap ? b->cap : 256;
    uint8_t *p;

    if (b->bad)
        return false;
    while (cap - b->n < n) {
        if (cap > SIZE_MAX / 2) {
            b->bad = true;
            return false;
        }
        cap *= 2;
    }
    p = b->large ? sund_large_renew(b->p, b->n, cap) : realloc(b->p, cap);
    if (!p) {
        b->bad = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

static void put_le(sund_buf *b, uint64_t v, unsigned n_byte)
{
    v = htole64(v);
    sund_buf_put(b, &v, n_byte);
}

void sund_buf_u8(sund_buf *b, uint8_t v)
{
    if (b->n < b->cap && !b->bad)
        b->p[b->n++] = v;
    else
        put_le(b, v, 1);
}
void sund_buf_u16(sund_buf *b, uint16_t v) { put_le(b, v, 2); }
void sund_buf_u32(sund_buf *b, uint32_t v) { put_le(b, v, 4); }
void sund_buf_u64(sund_buf *b, uint64_t v) { put_le(b, v, 8); }

const char sund_two_digits[201] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
                                  "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

void sund_buf_i64(sund_buf *b, int64_t v)
{
    uint64_t u = v < 0 ? -(uint64_t) v : (uint64_t) v;
    size_t   n = 1;
    uint8_t *p;

    for (uint64_t ten = 10; u >= ten && n < 19; ten *= 10) /* digits: 2^63 has 19 */
        n++;
    if (!sund_buf_room(b, n + 1))
        return;
    p = b->p + b->n;
    if (v < 0)
        *p++ = '-';
    b->n += n + (v < 0);
    for (; u >= 100; u /= 100)
        memcpy(p + (n -= 2), &sund_two_digits[2 * (u % 100)], 2);
    if (u >= 10)
        memcpy(p, &sund_two_digits[2 * u], 2);
    else
        *p = (uint8_t) ('0' + u);
}

void sund_buf_text(sund_buf *b, const char *s) { sund_buf_put(b, s, strlen(s)); }
void sund_buf_str(sund_buf *b, const char *s) { sund_buf_blob(b, s, strlen(s)); }

void sund_buf_blob(sund_buf *b, const void *p, size_t n)
{
    if (n > UINT32_MAX) {
        b->bad = true;
        return;
    }
    sund_buf_u32(b, (uint32_t) n);
    sund_buf_put(b, p, n);
}

void sund_buf_printf(sund_buf *b, const char *fmt, ...)
{
    size_t  room = b->bad ? 0 : b->cap - b->n;
    va_list ap;
    int     n;

    va_start(ap, fmt);
    n = vsnprintf(room ? (char *) b->p + b->n : NULL, room, fmt, ap); /* where it fits, printed once */
    va_end(ap);
    if (n < 0 || !sund_buf_room(b, (size_t) n + 1)) {
        b->bad = true;
        return;
    }
    if ((size_t) n >= room) {
        va_start(ap, fmt);
        (void) vsnprintf((char *) b->p + b->n, (size_t) n + 1, fmt, ap);
        va_end(ap);
    }
    b->n += (size_t) n;
}

void sund_buf_nul(sund_buf *b)
{
    if (sund_buf_room(b, 1))
        b->p[b->n] = 0;
}

sund_code sund_buf_ok(const sund_buf *b, sund_err *err)
{
    return b->bad ? sund_fail(err, SUND_E_NOMEM, "out of memory while building a message") : SUND_OK;
}

sund_cur sund_cur_of(const void *p, size_t n) { return (sund_cur){ p, n, false }; }

const uint8_t *sund_cur_bytes(sund_cur *c, size_t n)
{
    const uint8_t *p = c->p;

    if (c->bad || n > c->n) {
        c->bad = true;
        return NULL;
    }
    c->p += n;
    c->n -= n;
    return p;
}

static inline uint64_t get_le(sund_cur *c, unsigned n_byte)
{
    const uint8_t *p = sund_cur_bytes(c, n_byte);
    uint64_t       v = 0;

    if (p)
        memcpy(&v, p, n_byte); /* n_byte is a constant at every call */
    return le64toh(v);
}

uint8_t  sund_cur_u8(sund_cur *c) { return (uint8_t) get_le(c, 1); }
uint16_t sund_cur_u16(sund_cur *c) { return (uint16_t) get_le(c, 2); }
uint32_t sund_cur_u32(sund_cur *c) { return (uint32_t) get_le(c, 4); }
uint64_t sund_cur_u64(sund_cur *c) { return get_le(c, 8); }

bool sund_cur_copy(sund_cur *c, void *out, size_t n)
{
    const uint8_t *p = sund_cur_bytes(c, n);

    if (!p)
        return false;
    if (n)
        memcpy(out, p, n);
    return true;
}

sund_cur sund_cur_blob(sund_cur *c, size_t max)
{
    uint32_t       n = sund_cur_u32(c);
    const uint8_t *p;

    if (n > max)
        c->bad = true;
    p = sund_cur_bytes(c, n);
    return (sund_cur){ p, p ? n : 0, !p };
}

bool sund_cur_str(sund_cur *c, char *out, size_t cap)
{
    sund_cur s = sund_cur_blob(c, cap - 1);

    out[0] = 0;
    if (s.bad || (s.n && memchr(s.p, 0, s.n))) {
        c->bad = true;
        return false;
    }
    if (s.n)
        memcpy(out, s.p, s.n);
    out[s.n] = 0;
    return true;
}

sund_code sund_cur_ok(const sund_cur *c, const char *what, sund_err *err)
{
    return c->bad ? sund_fail(err, SUND_E_FORMAT, "%s is truncated or has a field out of bounds", what)
                  : SUND_OK;
}

sund_code sund_cur_end(const sund_cur *c, const char *what, sund_err *err)
{
    SUND_TRY(sund_cur_ok(c, what, err));
    return c->n ? sund_fail(err, SUND_E_FORMAT, "%s has %zu bytes too many", what, c->n) : SUND_OK;
}
