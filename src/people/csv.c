#include "people/intake_priv.h"

#include "base/gz.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CSV_RECORD_MAX = 1 << 20, FIELDS_MAX = 256 };

size_t intake_csv_cut(char *at, char delimiter, char **field)
{
    for (size_t n = 0; n < FIELDS_MAX;) {
        char *to = at;

        field[n++] = at;
        if (*at == '"') {
            for (at++; *at && !(*at == '"' && at[1] != '"'); *to++ = *at++)
                at += *at == '"';
            if (*at++ != '"')
                return 0;
        }
        while (*at && *at != delimiter)
            *to++ = *at++;
        if (!*at) {
            *to = 0;
            return n;
        }
        at++;
        *to = 0;
    }
    return 0;
}

static sund_code bad(const intake_csv *c, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s", c->name, c->line, why); }

/** A quoted field that begins in the text, and does not end in it. */
static bool is_open(const char *s, char delimiter)
{
    bool quoted = false, start = true;

    for (; *s; s++) {
        if (*s == '"' && (quoted || start))
            quoted = !quoted;
        start = !quoted && (*s == delimiter || (start && *s == '"'));
    }
    return quoted;
}

/** The next record: a line, and more while a quote is open. */
static sund_code record(intake_csv *c, bool *more, sund_err *err)
{
    size_t   n = 0;
    sund_err why;

    do {
        if (n)
            c->text[n++] = ' ';
        if (sund_gz_line(c->in, c->text + n, CSV_RECORD_MAX - n, more, &why) != SUND_OK)
            return bad(c, why.msg, err);
        if (!*more && n)
            return bad(c, "a quotation mark is not closed", err);
        c->line += *more;
        n += *more ? strlen(c->text + n) : 0;
        if (n + 16 > CSV_RECORD_MAX)
            return bad(c, "the record is longer than 1 MiB: is a quotation mark not closed?", err);
    } while (*more && is_open(c->text, c->delimiter));
    return *more && !sund_utf8_ok(c->text, n) ? bad(c, "is not in UTF-8", err) : SUND_OK;
}

sund_code intake_csv_open(intake_csv *c, const char *path, sund_err *err)
{
    const char *slash = strrchr(path, '/');
    bool        more = false;
    sund_code   rc;

    memset(c, 0, sizeof *c);
    (void) snprintf(c->name, sizeof c->name, "%.150s", slash ? slash + 1 : path);
    c->delimiter = ',';
    c->text = malloc(CSV_RECORD_MAX);
    if (!c->text)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_gz_open(&c->in, path, err));
    SUND_GO(record(c, &more, err));
    if (!more) {
        rc = bad(c, "is empty: a header line is expected", err);
        goto out;
    }
    if (memcmp(c->text, "\xEF\xBB\xBF", 3) == 0)
        memmove(c->text, c->text + 3, strlen(c->text + 3) + 1);
    c->delimiter = strchr(c->text, '\t') ? '\t' : ',';
    c->header = strdup(c->text);
    c->n_column = c->header ? intake_csv_cut(c->header, c->delimiter, c->column) : 0;
    rc = c->n_column ? SUND_OK : bad(c, "a header line of at most 256 columns is expected", err);
out:
    if (rc != SUND_OK)
        intake_csv_close(c);
    return rc;
}

void intake_csv_close(intake_csv *c)
{
    sund_gz_close(c->in);
    free(c->text);
    free(c->header);
    memset(c, 0, sizeof *c);
}

sund_code intake_csv_next(intake_csv *c, bool *more, sund_err *err)
{
    do
        SUND_TRY(record(c, more, err));
    while (*more && !c->text[0]); /* empty lines */
    if (!*more)
        return SUND_OK;
    c->n_field = intake_csv_cut(c->text, c->delimiter, c->field);
    return c->n_field == c->n_column ? SUND_OK : bad(c, "has another number of fields than the header", err);
}

int intake_csv_column(const intake_csv *c, const char *name)
{
    for (size_t k = 0; k < c->n_column; k++)
        if (strcasecmp(c->column[k], name) == 0)
            return (int) k;
    return -1;
}
