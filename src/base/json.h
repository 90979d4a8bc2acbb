#ifndef SUND_BASE_JSON_H
#define SUND_BASE_JSON_H

#include "base/buf.h"

/** Writes JSON into a buffer: commas, escapes and nesting are its business. key is NULL inside arrays and at the top.
 *  Doubles print by %.17g trimmed to the shortest that reads back; NaN and infinities as null. */
typedef struct sund_json {
    sund_buf *out;
    unsigned  depth;
    bool      comma;  /**< before the next value */
    bool      pretty; /**< newlines and two-space indents */
} sund_json;

void sund_json_init(sund_json *j, sund_buf *out, bool pretty);
void sund_json_lead(sund_json *j, const char *key); /**< comma, line and key before a value: of the functions below */
void sund_json_put_bracket(sund_json *j, char bracket);
void sund_json_put_close(sund_json *j, char bracket);
void sund_json_put_str(sund_json *j, const char *value);
void sund_json_put_f64(sund_json *j, double value);
void sund_json_put_share(sund_json *j, double value); /**< of 0 to 1, at most twelve decimals: what an estimate needs, in a tenth of the time */

/* A literal has nothing to escape, so that key and value are a few instructions where there is room; else the functions above. */
#define SUND_JSON_QUICK static inline __attribute__((always_inline))
SUND_JSON_QUICK bool sund_json_literal(const char *s) { return __builtin_constant_p(__builtin_strlen(s)) && !__builtin_strchr(s, '"') && !__builtin_strchr(s, '\\'); }

/** Comma and key, before n more bytes: where they go, or NULL, and nothing is written. */
SUND_JSON_QUICK uint8_t *sund_json_begin(sund_json *j, const char *key, size_t n)
{
    size_t   n_key = key ? __builtin_strlen(key) + 3 : 0;
    uint8_t *p;

    if ((key && !sund_json_literal(key)) || j->pretty || j->out->cap - j->out->n < n_key + n + 1)
        return NULL;
    p = j->out->p + j->out->n;
    *p = ',';
    p += j->comma;
    if (key) {
        *p = '"';
        memcpy(p + 1, key, n_key - 3);
        memcpy(p + n_key - 2, "\":", 2);
    }
    return p + n_key;
}

/** What was written ends at p. */
SUND_JSON_QUICK void sund_json_upto(sund_json *j, const uint8_t *p, bool comma)
{
    j->out->n = (size_t) (p - j->out->p);
    j->comma = comma;
}

SUND_JSON_QUICK void sund_json_key(sund_json *j, const char *key)
{
    uint8_t *p = sund_json_begin(j, key, 0);

    if (p)
        sund_json_upto(j, p, true);
    else
        sund_json_lead(j, key);
}

SUND_JSON_QUICK void sund_json_open(sund_json *j, const char *key, char bracket) /**< '{' or '[' */
{
    uint8_t *p = sund_json_begin(j, key, 1);

    if (!p) {
        sund_json_lead(j, key);
        sund_json_put_bracket(j, bracket);
        return;
    }
    *p = (uint8_t) bracket;
    sund_json_upto(j, p + 1, false);
    j->depth++;
}

SUND_JSON_QUICK void sund_json_str(sund_json *j, const char *key, const char *value)
{
    size_t   n = sund_json_literal(value) ? __builtin_strlen(value) : 0;
    uint8_t *p = sund_json_literal(value) ? sund_json_begin(j, key, n + 2) : NULL;

    if (!p) {
        sund_json_key(j, key);
        sund_json_put_str(j, value);
        return;
    }
    *p = '"';
    memcpy(p + 1, value, n);
    p[n + 1] = '"';
    sund_json_upto(j, p + n + 2, true);
}

SUND_JSON_QUICK void sund_json_close(sund_json *j, char bracket) /**< '}' or ']' */
{
    if (j->pretty || j->depth == 0 || j->out->n == j->out->cap) {
        sund_json_put_close(j, bracket);
        return;
    }
    j->depth--;
    j->out->p[j->out->n++] = (uint8_t) bracket;
    j->comma = true;
}

SUND_JSON_QUICK void sund_json_i64(sund_json *j, const char *key, int64_t value) { sund_json_key(j, key); sund_buf_i64(j->out, value); }
SUND_JSON_QUICK void sund_json_f64(sund_json *j, const char *key, double value) { sund_json_key(j, key); sund_json_put_f64(j, value); }
SUND_JSON_QUICK void sund_json_share(sund_json *j, const char *key, double value) { sund_json_key(j, key); sund_json_put_share(j, value); }
SUND_JSON_QUICK void sund_json_bool(sund_json *j, const char *key, bool value) { sund_json_key(j, key); sund_buf_put(j->out, value ? "true" : "false", value ? 4 : 5); }
SUND_JSON_QUICK void sund_json_null(sund_json *j, const char *key) { sund_json_key(j, key); sund_buf_put(j->out, "null", 4); }
#undef SUND_JSON_QUICK

#endif
