#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int         exit_status;
    int         http_status;
} codes[SUND_E_COUNT] = {
    [SUND_OK] = { "ok", 0, 200 },
    [SUND_E_ARG] = { "bad_argument", 2, 400 },
    [SUND_E_FORMAT] = { "bad_format", 3, 400 },
    [SUND_E_MISMATCH] = { "mismatch", 3, 409 },
    [SUND_E_NUMERIC] = { "numeric", 3, 422 },
    [SUND_E_NOT_FOUND] = { "not_found", 3, 404 },
    [SUND_E_DENIED] = { "denied", 4, 403 },
    [SUND_E_LIMIT] = { "over_limit", 3, 413 },
    [SUND_E_NOMEM] = { "no_memory", 5, 503 },
    [SUND_E_IO] = { "io", 5, 500 },
    [SUND_E_UPSTREAM] = { "upstream", 5, 502 },
};

sund_code sund_fail(sund_err *err, sund_code code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        err->code = code;
        va_start(ap, fmt);
        (void) vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
    }
    return code;
}

sund_code sund_fail_in(sund_err *err, sund_code code, const char *fmt, ...)
{
    if (err) {
        char    was[sizeof err->msg];
        va_list ap;
        int     n;

        memcpy(was, err->msg, sizeof was);
        va_start(ap, fmt);
        n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        if (n >= 0 && (size_t) n < sizeof err->msg)
            (void) snprintf(err->msg + n, sizeof err->msg - (size_t) n, ": %.400s", was);
        err->code = code;
    }
    return code;
}

const char *sund_code_name(sund_code code) { return codes[code].name; }
int         sund_code_exit(sund_code code) { return codes[code].exit_status; }
int         sund_code_http(sund_code code) { return codes[code].http_status; }
