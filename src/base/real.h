#ifndef SUND_BASE_REAL_H
#define SUND_BASE_REAL_H

#include <stddef.h>

/** Reals as text, the same bytes as printf("%.*g"), at a fraction of its cost for everyday sizes. */
enum { SUND_REAL_BYTES = 40 };
/** digits in 1..17. Returns the length; out is NUL-terminated. */
size_t sund_real_print(char out[SUND_REAL_BYTES], double x, int digits);
/** With the fewest of 15, 16 or 17 digits that read back as x. */
size_t sund_real_shortest(char out[SUND_REAL_BYTES], double x);

#endif
