/* A release in one piece, for tests: its manifest, u32-counted, and the rows of all its parts behind. */
#ifndef SUND_TEST_WHOLE_H
#define SUND_TEST_WHOLE_H

#include "gate/leave.h"

sund_buf whole_of(const sund_release *r); /* of a sealed one */

typedef struct whole_tables { size_t n_table; struct { char name[33]; sund_cur text; } table[SUND_RELEASE_TABLES]; sund_cur provenance; } whole_tables;
bool  whole_split(const sund_buf *whole, whole_tables *out);
/* Text of a table, NUL-terminated; NULL when there is none. Owned by the caller. */
char *whole_table(const sund_buf *whole, const char *name);
/* Of a release's first table. */
char *whole_first(const sund_release *r);
/* Other rows in the place of a release's, the first table the longer for it or the shorter; parts of `most` bytes, or of one row. */
void  whole_retell(sund_release *r, const char *rows, size_t n, size_t most);
bool  whole_same(const sund_release *a, const sund_release *b); /* byte for byte */

#endif
