#include "base/json.h"

#include "base/real.h"

#include <math.h>
#include <string.h>

/* Room is made once a value, for the most that it can take, and then it is written without a look at the room. */

void sund_json_init(sund_json *j, sund_buf *out, bool pretty) { *j = (sund_json){ .out = out, .pretty = pretty }; }

/** None of eight bytes is one that is escaped: below a blank, '"', '\\' or DEL. */
static inline bool plain8(const char *s)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t       v, quote, back, del;

    memcpy(&v, s, sizeof v);
    quote = v ^ (ones * '"');
    back = v ^ (ones * '\\');
    del = v ^ (ones * 127);
    return ((((v - ones * 32) & ~v) | ((quote - ones) & ~quote) | ((back - ones) & ~back) | ((del - ones) & ~del)) & tops) == 0;
}

/** One that stands for itself; of those beyond ASCII put_odd() knows. */
static inline bool plain(unsigned char c) { return (unsigned char) (c - 32) < 95 && c != '"' && c != '\\'; }

/** Any byte as it stands in a text; where the next goes. */
static uint8_t *put_odd(uint8_t *p, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    if (c < 32 || c == 127) {
        memcpy(p, "\\u00", 4);
        p[4] = (uint8_t) hex[c >> 4];
        p[5] = (uint8_t) hex[c & 15];
        return p + 6;
    }
    if (c == '"' || c == '\\')
        *p++ = '\\';
    *p++ = c;
    return p;
}

enum { TEXT_MOST = 6 }; /* bytes that one of a text takes at most */

/** A text of n bytes, in quotes: at most 6 n + 2 bytes. */
static uint8_t *put_text(uint8_t *p, const char *s, size_t n)
{
    const char *end = s + n;

    *p++ = '"';
    while (end - s >= 8) {
        if (plain8(s)) {
            memcpy(p, s, 8);
            s += 8;
            p += 8;
        }
        else {
            p = put_odd(p, (unsigned char) *s++);
        }
    }
    if (n >= 8 && s < end && plain8(end - 8)) { /* the last of them together with some that are there already */
        memcpy(p - (8 - (end - s)), end - 8, 8);
        p += end - s;
        s = end;
    }
    for (; s < end; s++)
        if (plain((unsigned char) *s))
            *p++ = (uint8_t) *s;
        else
            p = put_odd(p, (unsigned char) *s);
    *p++ = '"';
    return p;
}

/** Where n more bytes go, or NULL without memory. */
static inline uint8_t *room(sund_json *j, size_t n) { return sund_buf_room(j->out, n) ? j->out->p + j->out->n : NULL; }

static void upto(sund_json *j, const uint8_t *p) { j->out->n = (size_t) (p - j->out->p); }

static uint8_t *put_line(const sund_json *j, uint8_t *p)
{
    *p++ = '\n';
    memset(p, ' ', 2 * (size_t) j->depth);
    return p + 2 * (size_t) j->depth;
}

void sund_json_lead(sund_json *j, const char *key)
{
    size_t   n = key ? strlen(key) : 0;
    uint8_t *p = room(j, 2 + 2 * (size_t) j->depth + TEXT_MOST * n + 4);

    if (!p)
        return;
    if (j->comma)
        *p++ = ',';
    if (j->pretty && j->depth)
        p = put_line(j, p);
    if (key) {
        p = put_text(p, key, n);
        *p++ = ':';
        if (j->pretty)
            *p++ = ' ';
    }
    upto(j, p);
    j->comma = true;
}

void sund_json_put_bracket(sund_json *j, char bracket)
{
    sund_buf_u8(j->out, (uint8_t) bracket);
    j->depth++;
    j->comma = false;
}

void sund_json_put_close(sund_json *j, char bracket)
{
    uint8_t *p;

    j->depth -= j->depth > 0;
    if (!(p = room(j, 2 + 2 * (size_t) j->depth)))
        return;
    if (j->pretty && j->comma)
        p = put_line(j, p);
    *p++ = (uint8_t) bracket;
    upto(j, p);
    j->comma = true;
}

void sund_json_put_str(sund_json *j, const char *value)
{
    size_t   n = strlen(value);
    uint8_t *p = room(j, TEXT_MOST * n + 2);

    if (p)
        upto(j, put_text(p, value, n));
}

void sund_json_put_f64(sund_json *j, double value)
{
    char s[SUND_REAL_BYTES];

    if (isfinite(value))
        sund_buf_put(j->out, s, sund_real_shortest(s, value));
    else
        sund_buf_put(j->out, "null", 4);
}

void sund_json_put_share(sund_json *j, double value)
{
    uint64_t u = value > 0 ? (uint64_t) (fmin(value, 1) * 1e12 + 0.5) : 0, whole = u / 1000000000000u;
    uint8_t *p = room(j, 14);
    size_t   n = 14;

    if (!p)
        return;
    p[0] = (uint8_t) ('0' + whole);
    p[1] = '.';
    u -= whole * 1000000000000u;
    for (size_t i = 12; i; i -= 2, u /= 100)
        memcpy(p + i, &sund_two_digits[2 * (u % 100)], 2);
    while (p[n - 1] == '0')
        n--;
    upto(j, p + n - (p[n - 1] == '.'));
}
