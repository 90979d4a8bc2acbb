#ifndef SUND_BASE_TSV_H
#define SUND_BASE_TSV_H

#include "base/buf.h"

/** Strict reading of a tab-separated table with a header line, over bytes in memory.
 *
 *  Accepts  UTF-8 without NUL; LF or CRLF; a leading byte-order mark is refused; one leading '#' before the first
 *           header name is dropped; empty lines at the end only. Every row has exactly the header's fields.
 *  Errors   SUND_E_FORMAT naming `name`, the line and what to do. Owns: sund_tsv_free(). */
typedef struct sund_tsv {
    char          *text;   /**< own copy, fields NUL-terminated in place */
    char         **field;  /**< n_row * n_col, row-major, header not included */
    char         **column; /**< n_col names */
    size_t         n_row, n_col;
    char           name[160]; /**< file name for messages; line of row i is i + 2 */
} sund_tsv;

sund_code sund_tsv_parse(sund_tsv *t, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
/** sund_file_read (at most 1 GiB) then parse. */
sund_code sund_tsv_read(sund_tsv *t, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_tsv_free(sund_tsv *t);
/** Index of a column, or -1. */
int         sund_tsv_column(const sund_tsv *t, const char *name);
/** As _column, but SUND_E_FORMAT listing the columns there are when absent. */
sund_code   sund_tsv_need(const sund_tsv *t, const char *name, size_t *col, sund_err *err) SUND_MUST_CHECK;
const char *sund_tsv_at(const sund_tsv *t, size_t row, size_t col);

#endif
