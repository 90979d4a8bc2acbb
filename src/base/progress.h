#ifndef SUND_BASE_PROGRESS_H
#define SUND_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** A progress line on stderr: only when stderr is a terminal, at most ten times a second. Plain struct, one thread.
 *      linear  ████████░░░░░░░░  52 %  12,995 of 24,990 variants  1.2 s  about 1.1 s left  */
typedef struct sund_progress {
    const char *label, *unit;
    uint64_t    total; /**< 0 when unknown */
    double      began_s, shown_s;
    bool        on;
} sund_progress;

void sund_progress_begin(sund_progress *p, const char *label, const char *unit, uint64_t total);
void sund_progress_at(sund_progress *p, uint64_t done);
void sund_progress_end(sund_progress *p); /**< clears the line */

/** 1234567 as "1,234,567" in a caller's buffer; returns it. */
char *sund_commas(uint64_t v, char out[32]);

#endif
