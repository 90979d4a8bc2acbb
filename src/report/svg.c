#include "report/report_priv.h"

#include "base/map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rows_open(rows *t, sund_cur text)
{
    memset(t, 0, sizeof *t);
    t->text = text;
    t->rest = text;
    t->n_column = 0;
    while (t->n_column < REPORT_COLUMNS) {
        size_t n = 0;

        while (n < t->rest.n && t->rest.p[n] != '\t' && t->rest.p[n] != '\n')
            n++;
        if (n == t->rest.n)
            return false;
        t->name[t->n_column++] = sund_cur_of(t->rest.p, n);
        t->rest = sund_cur_of(t->rest.p + n + 1, t->rest.n - n - 1);
        if (t->rest.p[-1] == '\n') {
            t->text = t->rest;
            return true;
        }
    }
    return false;
}

void rows_again(rows *t) { t->rest = t->text; }

bool rows_next(rows *t)
{
    const uint8_t *p = t->rest.p, *end = p + t->rest.n;

    sund_maps_pass(t->n_read++);
    for (size_t k = 0; k < t->n_column; k++) {
        const uint8_t *from = p;

        while (p < end && *p != '\t' && *p != '\n')
            p++;
        if (p == end || (*p == '\n') != (k + 1 == t->n_column))
            return false;
        t->cell[k] = sund_cur_of(from, (size_t) (p++ - from));
    }
    t->rest = sund_cur_of(p, (size_t) (end - p));
    return true;
}

int rows_column(const rows *t, const char *name)
{
    for (size_t k = 0; k < t->n_column; k++)
        if (t->name[k].n == strlen(name) && memcmp(t->name[k].p, name, t->name[k].n) == 0)
            return (int) k;
    return -1;
}

bool rows_text(const rows *t, int column, char *out, size_t cap)
{
    const sund_cur *c = column >= 0 ? &t->cell[column] : NULL;
    size_t          n = !c ? 0 : c->n < cap ? c->n : cap - 1;

    if (n)
        memcpy(out, c->p, n);
    out[n] = 0;
    return c && c->n < cap;
}

double rows_number(const rows *t, int column)
{
    char   s[64], *end = NULL;
    double x;

    if (!rows_text(t, column, s, sizeof s) || !s[0])
        return (double) NAN;
    x = strtod(s, &end);
    return *end || !isfinite(x) ? (double) NAN : x;
}

void put_escaped(sund_buf *out, const void *p, size_t n)
{
    const char *s = p;

    for (size_t i = 0; i < n; i++)
        switch (s[i]) {
        case '&': sund_buf_text(out, "&amp;"); break;
        case '<': sund_buf_text(out, "&lt;"); break;
        case '>': sund_buf_text(out, "&gt;"); break;
        case '"': sund_buf_text(out, "&quot;"); break;
        case '\'': sund_buf_text(out, "&#39;"); break;
        default: sund_buf_u8(out, (uint8_t) s[i]);
        }
}

double scale_of(const scale *s, double x)
{
    double f = s->to > s->from ? (x - s->from) / (s->to - s->from) : 0.5;

    f = f > -1.0 && f < 2.0 ? f : 0.0; /* outside the plot, or no number at all */
    return (double) s->at + (s->down ? 1.0 - f : f) * (double) s->length;
}

void plot_begin(sund_buf *out, const char *label, size_t width, size_t height)
{
    sund_buf_printf(out, "<figure><svg viewBox=\"0 0 %zu %zu\" role=\"img\" aria-label=\"", width, height);
    put_escaped(out, label, strlen(label));
    sund_buf_text(out, "\">\n");
}

void plot_end(sund_buf *out) { sund_buf_text(out, "</svg></figure>\n"); }

/** Up to 16 round values of an axis, 1, 2 or 5 times a power of ten apart, about n of them; none when the numbers are too large or too close for that. */
static size_t round_values(double from, double to, double n, double value[16])
{
    double raw = (to - from) / n, power = 1.0, step;
    size_t count = 0;

    if (!(raw > 1e-300) || !(raw < 1e300) || fabs(from) > 1e12 * raw || fabs(to) > 1e12 * raw)
        return 0;
    while (power * 10.0 <= raw)
        power *= 10.0;
    while (power > raw)
        power /= 10.0;
    step = raw / power < 1.5 ? power : raw / power < 3.5 ? 2.0 * power : raw / power < 7.5 ? 5.0 * power : 10.0 * power;
    for (double v = ceil(from / step) * step; v <= to + step * 1e-9 && count < 16; v += step)
        value[count++] = fabs(v) < step * 1e-9 ? 0.0 : v;
    return count;
}

void plot_x_axis(sund_buf *out, const scale *x, size_t y, const char *label)
{
    double v[16];
    size_t n = round_values(x->from, x->to, 8.0, v);

    sund_buf_printf(out, "<path class=\"axis\" d=\"M%zu %zuh%zu\"/>", x->at, y, x->length);
    for (size_t i = 0; i < n; i++)
        sund_buf_printf(out, "<text x=\"%.1f\" y=\"%zu\" class=\"mid\">%.6g</text>", scale_of(x, v[i]), y + 16, v[i]);
    sund_buf_printf(out, "<text x=\"%zu\" y=\"%zu\" class=\"mid\">", x->at + x->length / 2, y + 34);
    put_escaped(out, label, strlen(label));
    sund_buf_text(out, "</text>\n");
}

void plot_y_axis(sund_buf *out, const scale *y, size_t x, size_t width, const char *label)
{
    double v[16];
    size_t n = round_values(y->from, y->to, 6.0, v);

    for (size_t i = 0; i < n; i++)
        sund_buf_printf(out, "<path class=\"grid\" d=\"M%zu %.1fh%zu\"/><text x=\"%zu\" y=\"%.1f\" class=\"end\">%.6g</text>", x, scale_of(y, v[i]), width, x - 6, scale_of(y, v[i]) + 4.0, v[i]);
    sund_buf_printf(out, "<text transform=\"translate(14 %zu) rotate(-90)\" class=\"mid\">", y->at + y->length / 2);
    put_escaped(out, label, strlen(label));
    sund_buf_text(out, "</text>\n");
}
