#include "base/tsv.h"

#include "base/file.h"
#include "base/ini.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sund_code bad(const sund_tsv *t, size_t line, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s", t->name, line, why);
}

/** Ends of lines become NUL; returns the number of lines, empty ones at the end not counted. */
static size_t split_lines(char *text, size_t n, char **line, size_t max)
{
    size_t n_line = 0;

    for (size_t i = 0; i < n;) {
        char  *nl = memchr(text + i, '\n', n - i);
        size_t end = nl ? (size_t) (nl - text) : n;

        if (n_line < max)
            line[n_line] = text + i;
        n_line++;
        text[end] = 0;
        if (end > i && text[end - 1] == '\r')
            text[end - 1] = 0;
        i = end + 1;
    }
    while (n_line && n_line <= max && line[n_line - 1][0] == 0)
        n_line--;
    return n_line;
}

static size_t count_tabs(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += *s == '\t';
    return n;
}

static void split_fields(char *line, char **field)
{
    size_t k = 0;

    field[k++] = line;
    for (char *c = line; *c; c++)
        if (*c == '\t') {
            *c = 0;
            field[k++] = c + 1;
        }
}

static sund_code fill(sund_tsv *t, char **line, size_t n_line, sund_err *err)
{
    if (n_line == 0)
        return bad(t, 1, "the table is empty: a header line with the columns' names is expected", err);
    if (line[0][0] == '#')
        line[0]++;
    t->n_col = count_tabs(line[0]) + 1;
    t->n_row = n_line - 1;
    if (t->n_col > 4096)
        return bad(t, 1, "more than 4096 columns", err);
    t->column = calloc(t->n_col, sizeof *t->column);
    t->field = calloc(t->n_row * t->n_col + 1, sizeof *t->field);
    if (!t->column || !t->field)
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", t->name);
    split_fields(line[0], t->column);
    for (size_t k = 0; k < t->n_col; k++) {
        if (!t->column[k][0])
            return bad(t, 1, "a column without a name", err);
        for (size_t m = 0; m < k; m++)
            if (strcmp(t->column[m], t->column[k]) == 0)
                return bad(t, 1, "two columns of one name", err);
    }
    for (size_t i = 0; i < t->n_row; i++) {
        if (count_tabs(line[i + 1]) + 1 != t->n_col)
            return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %zu fields, the header has %zu; fields are separated by one tab", t->name, i + 2, count_tabs(line[i + 1]) + 1, t->n_col);
        split_fields(line[i + 1], t->field + i * t->n_col);
    }
    return SUND_OK;
}

/** A line break is a byte of its own in UTF-8: the bad line is one that is bad by itself. */
static sund_code check_utf8(const sund_tsv *t, const char *p, size_t n, sund_err *err)
{
    size_t line = 1;

    if (sund_utf8_ok(p, n))
        return SUND_OK;
    for (size_t at = 0; at < n; line++) {
        const char *nl = memchr(p + at, '\n', n - at);
        size_t      len = nl ? (size_t) (nl - p) - at : n - at;

        if (!sund_utf8_ok(p + at, len))
            break;
        at += len + 1;
    }
    return bad(t, line, "is not valid UTF-8", err);
}

sund_code sund_tsv_parse(sund_tsv *t, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_tsv  got = { .n_row = 0 };
    char    **line = NULL;
    size_t    n_line = 1;
    sund_code rc;

    (void) snprintf(got.name, sizeof got.name, "%s", name);
    if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        return bad(&got, 1, "begins with a byte-order mark; save the file as UTF-8 without it", err);
    if (n && memchr(p, 0, n))
        return bad(&got, 1, "holds a NUL byte: not a text table", err);
    SUND_TRY(check_utf8(&got, p, n, err));
    got.text = malloc(n + 1);
    for (size_t i = 0; i < n; i++)
        n_line += ((const char *) p)[i] == '\n';
    line = malloc(n_line * sizeof *line);
    if (!got.text || !line) {
        rc = sund_fail(err, SUND_E_NOMEM, "%s: out of memory", name);
    }
    else {
        if (n)
            memcpy(got.text, p, n);
        got.text[n] = 0;
        rc = fill(&got, line, split_lines(got.text, n, line, n_line), err);
    }
    free(line);
    if (rc == SUND_OK)
        *t = got;
    else
        sund_tsv_free(&got);
    return rc;
}

sund_code sund_tsv_read(sund_tsv *t, const char *path, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_file_read(path, (size_t) 1 << 30, &b, err);

    if (rc == SUND_OK)
        rc = sund_tsv_parse(t, path, b.p, b.n, err);
    sund_buf_free(&b);
    return rc;
}

void sund_tsv_free(sund_tsv *t)
{
    free(t->text);
    free(t->field);
    free(t->column);
    memset(t, 0, sizeof *t);
}

int sund_tsv_column(const sund_tsv *t, const char *name)
{
    for (size_t k = 0; k < t->n_col; k++)
        if (strcmp(t->column[k], name) == 0)
            return (int) k;
    return -1;
}

sund_code sund_tsv_need(const sund_tsv *t, const char *name, size_t *col, sund_err *err)
{
    char   list[200] = "";
    size_t n = 0;
    int    k = sund_tsv_column(t, name);

    if (k >= 0) {
        *col = (size_t) k;
        return SUND_OK;
    }
    for (size_t i = 0; i < t->n_col && n < sizeof list; i++)
        n += (size_t) snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", t->column[i]);
    return sund_fail(err, SUND_E_FORMAT, "%s:1: there is no column '%s'; there are: %s", t->name, name, list);
}

const char *sund_tsv_at(const sund_tsv *t, size_t row, size_t col) { return t->field[row * t->n_col + col]; }
