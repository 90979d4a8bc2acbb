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
void sund_json_put_str(sund_json *j, const char *value);
void sund_json_put_i64(sund_json *j, int64_t value);
void sund_json_put_f64(sund_json *j, double value);
void sund_json_put_word(sund_json *j, const char *word);

/** sund_json_lead(), and for a key that is a literal, which has nothing to escape, in a few instructions. */
static inline __attribute__((always_inline)) void sund_json_key(sund_json *j, const char *key)
{
    size_t   n = key ? __builtin_strlen(key) : 0;
    uint8_t *p;

    if (!key || !__builtin_constant_p(n) || j->pretty || j->out->cap - j->out->n < n + 4) {
        sund_json_lead(j, key);
        return;
    }
    p = j->out->p + j->out->n;
    *p = ',';
    p += j->comma;
    *p++ = '"';
    memcpy(p, key, n);
    memcpy(p + n, "\":", 2);
    j->out->n = (size_t) (p + n + 2 - j->out->p);
    j->comma = true;
}

#define SUND_JSON_PUT static inline __attribute__((always_inline)) void
SUND_JSON_PUT sund_json_open(sund_json *j, const char *key, char bracket) { sund_json_key(j, key); sund_json_put_bracket(j, bracket); } /**< '{' or '[' */
SUND_JSON_PUT sund_json_str(sund_json *j, const char *key, const char *value) { sund_json_key(j, key); sund_json_put_str(j, value); }
SUND_JSON_PUT sund_json_i64(sund_json *j, const char *key, int64_t value) { sund_json_key(j, key); sund_json_put_i64(j, value); }
SUND_JSON_PUT sund_json_f64(sund_json *j, const char *key, double value) { sund_json_key(j, key); sund_json_put_f64(j, value); }
SUND_JSON_PUT sund_json_bool(sund_json *j, const char *key, bool value) { sund_json_key(j, key); sund_json_put_word(j, value ? "true" : "false"); }
SUND_JSON_PUT sund_json_null(sund_json *j, const char *key) { sund_json_key(j, key); sund_json_put_word(j, "null"); }
#undef SUND_JSON_PUT
void sund_json_close(sund_json *j, char bracket); /**< '}' or ']' */

#endif
