#ifndef SUND_STORE_BGZIP_H
#define SUND_STORE_BGZIP_H

#include "base/err.h"

#include <stddef.h>

/** A table as path (bgzip) with path.tbi (tabix) beside it: what the field's tools read by region. The first line is the header; column 1 is the
 *  chromosome, column 2 the position (1-based), sorted. Both are put in place whole or not at all. */
sund_code sund_bgzip_table(const char *path, const void *text, size_t n, sund_err *err) SUND_MUST_CHECK;

#endif
