#include "base/log.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static sund_level shown = SUND_LOG_WARN;

void sund_log_level(sund_level level) { shown = level; }

void sund_time_text(char out[32])
{
    time_t    now = time(NULL);
    struct tm tm;

    (void) gmtime_r(&now, &tm);
    (void) strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

unsigned long long sund_time_us(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_REALTIME, &t);
    return (unsigned long long) t.tv_sec * 1000000ULL + (unsigned long long) t.tv_nsec / 1000ULL;
}

double sund_time_mono_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

void sund_log(sund_level level, const char *fmt, ...)
{
    static const char *const name[] = { "error", "warn", "info", "debug" };
    char                     line[1200], when[32];
    int                      n;
    va_list                  ap;

    if (level > shown)
        return;
    sund_time_text(when);
    n = snprintf(line, sizeof line, "%s %s ", when, name[level]);
    va_start(ap, fmt);
    (void) vsnprintf(line + n, sizeof line - (size_t) n, fmt, ap);
    va_end(ap);
    sund_text_clean(line); /* one event is one line, whatever a peer sent */
    fprintf(stderr, "%s\n", line);
}
