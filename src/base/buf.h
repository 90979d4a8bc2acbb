#ifndef SUND_BASE_BUF_H
#define SUND_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"

/** A growing byte buffer. A failed allocation makes it `bad`; later puts do nothing, so a writer
 *  checks once, with sund_buf_ok(), at the end. Zero-initialised is empty; with `large` set it grows by sund_large_renew(). Integers are
 *  little-endian. */
typedef struct sund_buf {
    uint8_t *p;
    size_t   n, cap;
    bool     bad, large;
} sund_buf;

/** For a process through which megabytes pass all day: what is freed stays for the next buffer, and is not given back to the system, which would have to clear it again page by
 *  page. Once, before threads start. */
void      sund_buf_keep_memory(void);
void      sund_buf_free(sund_buf *b); /**< safe on a zeroed or freed buffer */
void      sund_buf_clear(sund_buf *b);
bool      sund_buf_grow(sund_buf *b, size_t n); /**< what sund_buf_room() does where there is none */
void      sund_buf_u8(sund_buf *b, uint8_t v);
void      sund_buf_u16(sund_buf *b, uint16_t v);
void      sund_buf_u32(sund_buf *b, uint32_t v);
void      sund_buf_u64(sund_buf *b, uint64_t v);
void      sund_buf_str(sund_buf *b, const char *s);                /**< u32 length, bytes, no NUL */
void      sund_buf_blob(sund_buf *b, const void *p, size_t n);     /**< u32 length, bytes */
void      sund_buf_text(sund_buf *b, const char *s);               /**< bytes only */
void      sund_buf_i64(sund_buf *b, int64_t v);                    /**< in decimal digits */
extern const char sund_two_digits[201];                            /**< "000102...99" */
void      sund_buf_printf(sund_buf *b, const char *fmt, ...) SUND_PRINTF(2, 3);
/** Make room for n more bytes. */
static inline bool sund_buf_room(sund_buf *b, size_t n) { return (n <= b->cap - b->n && !b->bad) || sund_buf_grow(b, n); }
static inline void sund_buf_put(sund_buf *b, const void *p, size_t n)
{
    if (n && sund_buf_room(b, n)) {
        memcpy(b->p + b->n, p, n);
        b->n += n;
    }
}
void      sund_buf_nul(sund_buf *b); /**< keep a NUL behind the n bytes, not counted in n */
sund_code sund_buf_ok(const sund_buf *b, sund_err *err) SUND_MUST_CHECK;

/** A bounded reading position over hostile bytes. The first read past the end, or value outside its
 *  bound, makes it `bad`; later reads give zeros. Check once with sund_cur_end() or sund_cur_ok(). */
typedef struct sund_cur {
    const uint8_t *p;
    size_t         n;
    bool           bad;
} sund_cur;

sund_cur       sund_cur_of(const void *p, size_t n);
uint8_t        sund_cur_u8(sund_cur *c);
uint16_t       sund_cur_u16(sund_cur *c);
uint32_t       sund_cur_u32(sund_cur *c);
uint64_t       sund_cur_u64(sund_cur *c);
const uint8_t *sund_cur_bytes(sund_cur *c, size_t n);                    /**< NULL when bad */
bool           sund_cur_copy(sund_cur *c, void *out, size_t n);          /**< exactly n bytes */
bool           sund_cur_str(sund_cur *c, char *out, size_t cap);         /**< from _str; refuses NUL inside */
sund_cur       sund_cur_blob(sund_cur *c, size_t max);                   /**< from _blob, at most max bytes */
sund_code      sund_cur_ok(const sund_cur *c, const char *what, sund_err *err) SUND_MUST_CHECK;
/** As _ok, and nothing is left over. */
sund_code      sund_cur_end(const sund_cur *c, const char *what, sund_err *err) SUND_MUST_CHECK;

#endif
