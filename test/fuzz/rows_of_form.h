#ifndef SUND_FUZZ_ROWS_OF_FORM_H
#define SUND_FUZZ_ROWS_OF_FORM_H

#include "exchange/forms.h"

#include <stdlib.h>

/* What takes a form's rows: each is sound, or is left out at a line, with a word. ctx: size_t, how many there were. */

static sund_code take(void *ctx, size_t line, const sund_interpretation *e, sund_err *err)
{
    if (!line || sund_interpretation_check(e, err) != SUND_OK)
        abort();
    ++*(size_t *) ctx;
    return SUND_OK;
}

static void left(void *ctx, size_t line, const char *why)
{
    if (!line || !why || !why[0])
        abort();
    ++*(size_t *) ctx;
}

#endif
