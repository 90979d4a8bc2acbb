#ifndef SUND_BASE_LOG_H
#define SUND_BASE_LOG_H

#include "base/err.h"

/** Operating log of the two long-running processes, to stderr, one line an event:
 *      2026-11-24T02:14:35Z info study 3f2a: round counts, chunk 2 of 4 opened
 *  Only node/, hub/ and cmd/ log. Never person-level data. */
typedef enum sund_level { SUND_LOG_ERROR, SUND_LOG_WARN, SUND_LOG_INFO, SUND_LOG_DEBUG } sund_level;
void sund_log_level(sund_level level);
void sund_log(sund_level level, const char *fmt, ...) SUND_PRINTF(2, 3);

/** UTC now as "2026-11-24T02:14:35Z"; out has 21 bytes or more. Seconds and microseconds since 1970 beside it. */
void               sund_time_text(char out[32]);
unsigned long long sund_time_us(void);
double             sund_time_mono_s(void);

#endif
