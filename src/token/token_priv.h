#ifndef SUND_TOKEN_PRIV_H
#define SUND_TOKEN_PRIV_H

#include "base/jsonread.h"
#include "token/jws.h"

struct sund_jws {
    char       *text; /* NUL-terminated */
    size_t      n, n_signed, n_sig;
    sund_jval  *head, *body;
    sund_digest content;
};

/** JSON from outside: one value, no member twice. NULL for anything else. */
sund_jval *sund_json_of(const void *p, size_t n);

#endif
