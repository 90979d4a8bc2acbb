#include "base/json.h"

#include "base/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sund_json_init(sund_json *j, sund_buf *out, bool pretty)
{
    memset(j, 0, sizeof *j);
    j->out = out;
    j->pretty = pretty;
}

static void newline(sund_json *j)
{
    if (!j->pretty)
        return;
    sund_buf_text(j->out, "\n");
    for (unsigned i = 0; i < j->depth; i++)
        sund_buf_text(j->out, "  ");
}

/** Runs of plain bytes at once. */
static void text(sund_json *j, const char *s)
{
    sund_buf_put(j->out, "\"", 1);
    for (;;) {
        size_t        n = 0;
        unsigned char c;

        while ((c = (unsigned char) s[n]) >= 32 && c != '"' && c != '\\' && c != 127)
            n++;
        sund_buf_put(j->out, s, n);
        s += n;
        if (!c)
            break;
        if (c == '"' || c == '\\')
            sund_buf_printf(j->out, "\\%c", c);
        else
            sund_buf_printf(j->out, "\\u%04x", c);
        s++;
    }
    sund_buf_put(j->out, "\"", 1);
}

/** Comma, line and key before a value. */
static void lead(sund_json *j, const char *key)
{
    if (j->comma[j->depth])
        sund_buf_text(j->out, ",");
    if (j->depth)
        newline(j);
    j->comma[j->depth] = true;
    if (key) {
        text(j, key);
        sund_buf_text(j->out, j->pretty ? ": " : ":");
    }
}

void sund_json_open(sund_json *j, const char *key, char bracket)
{
    lead(j, key);
    sund_buf_u8(j->out, (uint8_t) bracket);
    if (j->depth == 32) {
        j->out->bad = true;
        return;
    }
    j->comma[++j->depth] = false;
}

void sund_json_close(sund_json *j, char bracket)
{
    bool any = j->comma[j->depth];

    if (j->depth)
        j->depth--;
    if (any)
        newline(j);
    sund_buf_u8(j->out, (uint8_t) bracket);
}

void sund_json_str(sund_json *j, const char *key, const char *value)
{
    lead(j, key);
    text(j, value);
}

void sund_json_i64(sund_json *j, const char *key, int64_t value)
{
    lead(j, key);
    sund_buf_i64(j->out, value);
}

void sund_json_f64(sund_json *j, const char *key, double value)
{
    char s[SUND_REAL_BYTES];

    lead(j, key);
    if (isfinite(value))
        sund_buf_put(j->out, s, sund_real_shortest(s, value));
    else
        sund_buf_text(j->out, "null");
}

void sund_json_bool(sund_json *j, const char *key, bool value)
{
    lead(j, key);
    sund_buf_text(j->out, value ? "true" : "false");
}

void sund_json_null(sund_json *j, const char *key)
{
    lead(j, key);
    sund_buf_text(j->out, "null");
}
