#ifndef SUND_BASE_TEXT_H
#define SUND_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Text that others wrote and people will read, on a terminal or in a log. */

/** Strict UTF-8: shortest forms, no surrogates, at most U+10FFFF. */
bool sund_utf8_ok(const void *p, size_t n);
/** UTF-8 without control characters (C0, DEL, C1) and without those that turn the direction of writing. */
bool sund_text_ok(const char *s);
/** Makes it so: such characters become blanks; bytes above 127 become '?' where the whole is not UTF-8 (it may have been cut). */
void sund_text_clean(char *s);

/** A gene's symbol, or its number at HGNC, NCBI or Ensembl ("HGNC:1100", "672"), of at most 39 bytes: nothing by which a variant, a date or an address could be written. */
bool sund_gene_ok(const char *s);

#endif
