#ifndef SUND_TEST_JSON_SAME_H
#define SUND_TEST_JSON_SAME_H

#include "base/jsonread.h"

#include <jansson.h>
#include <string.h>

/* The oracle of base/jsonread.h: the same documents are taken as by jansson (strict, and without those that are too deep or hold a NUL byte), and the same is in them. */

static bool json_alike(const sund_jval *v, const json_t *j);

static bool json_members_alike(const sund_jval *v, const json_t *j)
{
    const sund_jval *m;
    const char      *name;
    void            *at = NULL;
    size_t           n = 0;

    for (; (m = sund_j_next(v, &at, &name)) != NULL; n++)
        if (!json_alike(m, json_object_get(j, name)) || sund_j_get(v, name) != m)
            return false;
    return n == json_object_size(j) && n == sund_j_n(v);
}

static bool json_alike(const sund_jval *v, const json_t *j)
{
    int64_t i;
    double  f, g = json_number_value(j);
    bool    b;

    switch (sund_j_kind(v)) {
    case SUND_J_NULL: return json_is_null(j);
    case SUND_J_BOOL: return json_is_boolean(j) && sund_j_bool(v, &b) && b == json_is_true(j);
    case SUND_J_INT: return json_is_integer(j) && sund_j_int(v, &i) && i == json_integer_value(j);
    case SUND_J_REAL: return json_is_real(j) && sund_j_real(v, &f) && memcmp(&f, &g, sizeof f) == 0;
    case SUND_J_STRING: return json_is_string(j) && strcmp(sund_j_str(v), json_string_value(j)) == 0;
    case SUND_J_OBJECT: return json_is_object(j) && json_members_alike(v, j);
    case SUND_J_ARRAY:
        for (size_t k = 0; k < sund_j_n(v); k++)
            if (!json_alike(sund_j_at(v, k), json_array_get(j, k)))
                return false;
        return json_is_array(j) && sund_j_n(v) == json_array_size(j) && !sund_j_at(v, sund_j_n(v));
    case SUND_J_NONE:
    default: return false;
    }
}

/** *taken: whether both take it. */
static bool json_same(const void *p, size_t n, bool *taken)
{
    sund_jval *v = NULL;
    sund_code  rc = sund_json_read(p, n, &v, NULL);
    json_t    *j = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    bool       same = rc == SUND_OK ? j && json_alike(v, j) : !j || rc == SUND_E_LIMIT || memchr(p, 0, n) != NULL;

    *taken = rc == SUND_OK;
    sund_jval_free(v);
    json_decref(j);
    return same;
}

#endif
