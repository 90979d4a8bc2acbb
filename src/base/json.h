#ifndef SUND_BASE_JSON_H
#define SUND_BASE_JSON_H

#include "base/buf.h"

/** Writes JSON into a buffer: commas, escapes and nesting are its business. key is NULL inside arrays and at the top.
 *  Doubles print by %.17g trimmed to the shortest that reads back; NaN and infinities as null. Depth at most 32. */
typedef struct sund_json {
    sund_buf *out;
    unsigned  depth;
    bool      comma[33];
    bool      pretty; /**< newlines and two-space indents */
} sund_json;

void sund_json_init(sund_json *j, sund_buf *out, bool pretty);
void sund_json_open(sund_json *j, const char *key, char bracket); /**< '{' or '[' */
void sund_json_close(sund_json *j, char bracket);                 /**< '}' or ']' */
void sund_json_str(sund_json *j, const char *key, const char *value);
void sund_json_i64(sund_json *j, const char *key, int64_t value);
void sund_json_f64(sund_json *j, const char *key, double value);
void sund_json_bool(sund_json *j, const char *key, bool value);
void sund_json_null(sund_json *j, const char *key);

#endif
