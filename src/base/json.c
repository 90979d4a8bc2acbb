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

/** None of eight bytes is one that is escaped: below a blank, '"', '\\' or DEL. */
static bool plain8(const char *s)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t       v, quote, back, del;

    memcpy(&v, s, sizeof v);
    quote = v ^ (ones * '"');
    back = v ^ (ones * '\\');
    del = v ^ (ones * 127);
    return ((((v - ones * 32) & ~v) | ((quote - ones) & ~quote) | ((back - ones) & ~back) | ((del - ones) & ~del)) & tops) == 0;
}

static bool plain1(unsigned char c) { return c >= 32 && c != '"' && c != '\\' && c != 127; }

/** The run of plain bytes from s on, of n. */
static size_t plain_run(const char *s, size_t n)
{
    size_t i = 0;

    while (i + 8 <= n && plain8(s + i))
        i += 8;
    while (i < n && plain1((unsigned char) s[i]))
        i++;
    return i;
}

static void text(sund_json *j, const char *s)
{
    sund_buf *out = j->out;
    size_t    n = strlen(s), run = plain_run(s, n);

    if (run == n) { /* as nearly all are: room once */
        if (!sund_buf_room(out, n + 2))
            return;
        out->p[out->n] = '"';
        memcpy(out->p + out->n + 1, s, n);
        out->p[out->n + 1 + n] = '"';
        out->n += n + 2;
        return;
    }
    sund_buf_u8(out, '"');
    for (;; run = plain_run(s, n)) {
        unsigned char c;

        sund_buf_put(out, s, run);
        if (run == n)
            break;
        c = (unsigned char) s[run];
        if (c == '"' || c == '\\')
            sund_buf_printf(out, "\\%c", c);
        else
            sund_buf_printf(out, "\\u%04x", c);
        s += run + 1;
        n -= run + 1;
    }
    sund_buf_u8(out, '"');
}

/** Comma, line and key before a value. */
static void lead(sund_json *j, const char *key)
{
    if (j->comma[j->depth])
        sund_buf_u8(j->out, ',');
    if (j->depth)
        newline(j);
    j->comma[j->depth] = true;
    if (key) {
        text(j, key);
        sund_buf_put(j->out, ": ", j->pretty ? 2 : 1);
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
