#include "base/jsonread.h"

#include <jansson.h>
#include <string.h>

/* A sund_jval is jansson's json_t. Its json_is_... macros evaluate their argument twice. */

static json_t *own(const sund_jval *v)
{
    union { const sund_jval *c; json_t *m; } u = { v };

    return u.m;
}

static sund_jval *other(json_t *v)
{
    union { json_t *j; sund_jval *v; } u = { v };

    return u.v;
}

/** jansson goes down by calling itself: how deep it may go is seen before. */
static bool shallow(const char *p, size_t n)
{
    size_t depth = 0;
    bool   inside = false;

    for (size_t i = 0; i < n; i++) {
        if (inside) {
            if (p[i] == '\\')
                i++; /* whatever is escaped, a quote too */
            else
                inside = p[i] != '"';
        }
        else if (p[i] == '"') {
            inside = true;
        }
        else if (p[i] == '[' || p[i] == '{') {
            if (++depth > SUND_JSON_DEPTH)
                return false;
        }
        else if ((p[i] == ']' || p[i] == '}') && depth) {
            depth--;
        }
    }
    return true;
}

sund_code sund_json_read(const void *p, size_t n, sund_jval **out, sund_err *err)
{
    json_error_t why;
    json_t      *v;

    if (!shallow(p, n))
        return sund_fail(err, SUND_E_LIMIT, "the JSON is nested deeper than %d levels", SUND_JSON_DEPTH);
    if (n && memchr(p, 0, n)) /* which jansson takes for the end, whatever is behind it */
        return sund_fail(err, SUND_E_FORMAT, "there is a NUL byte in the JSON");
    v = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!v)
        return sund_fail(err, json_error_code(&why) == json_error_out_of_memory ? SUND_E_NOMEM : SUND_E_FORMAT, "no sound JSON at line %d, column %d", why.line, why.column);
    *out = other(v);
    return SUND_OK;
}

void sund_jval_free(sund_jval *v) { json_decref(own(v)); }

sund_jkind sund_j_kind(const sund_jval *v)
{
    if (!v)
        return SUND_J_NONE;
    switch (json_typeof(own(v))) {
    case JSON_OBJECT: return SUND_J_OBJECT;
    case JSON_ARRAY: return SUND_J_ARRAY;
    case JSON_STRING: return SUND_J_STRING;
    case JSON_INTEGER: return SUND_J_INT;
    case JSON_REAL: return SUND_J_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return SUND_J_BOOL;
    case JSON_NULL: return SUND_J_NULL;
    default: return SUND_J_NONE;
    }
}

const sund_jval *sund_j_get(const sund_jval *object, const char *name) { return other(json_object_get(own(object), name)); }
const sund_jval *sund_j_at(const sund_jval *array, size_t i) { return other(json_array_get(own(array), i)); }
size_t           sund_j_n(const sund_jval *v) { return sund_j_kind(v) == SUND_J_OBJECT ? json_object_size(own(v)) : json_array_size(own(v)); }
const char      *sund_j_str(const sund_jval *v) { return json_string_value(own(v)); }
const char      *sund_j_text(const sund_jval *object, const char *name) { return sund_j_str(sund_j_get(object, name)); }

bool sund_j_int(const sund_jval *v, int64_t *out)
{
    bool is = sund_j_kind(v) == SUND_J_INT;

    *out = is ? json_integer_value(own(v)) : 0;
    return is;
}

bool sund_j_real(const sund_jval *v, double *out)
{
    sund_jkind k = sund_j_kind(v);

    *out = k == SUND_J_INT || k == SUND_J_REAL ? json_number_value(own(v)) : 0;
    return k == SUND_J_INT || k == SUND_J_REAL;
}

bool sund_j_bool(const sund_jval *v, bool *out)
{
    bool is = sund_j_kind(v) == SUND_J_BOOL;

    *out = is && json_typeof(own(v)) == JSON_TRUE;
    return is;
}

const sund_jval *sund_j_next(const sund_jval *object, void **at, const char **name)
{
    json_t *o = own(object);

    *at = *at ? json_object_iter_next(o, *at) : json_object_iter(o);
    if (!*at)
        return NULL;
    *name = json_object_iter_key(*at);
    return other(json_object_iter_value(*at));
}
