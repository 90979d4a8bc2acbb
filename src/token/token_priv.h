#ifndef SUND_TOKEN_PRIV_H
#define SUND_TOKEN_PRIV_H

#include "token/jws.h"

#include <jansson.h>

struct sund_jws {
    char       *text; /* NUL-terminated */
    size_t      n, n_signed, n_sig;
    json_t     *head, *body;
    sund_digest content;
};

/** JSON from outside: one value, no member twice. NULL for anything else. */
json_t     *sund_json_of(const void *p, size_t n);
/** A string member, or NULL. */
const char *sund_json_text(const json_t *o, const char *name);

#endif
