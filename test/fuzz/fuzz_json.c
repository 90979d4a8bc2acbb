/* JSON from outside: whatever is taken can be walked to its last value. */
#include "base/jsonread.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static size_t walk(const sund_jval *v)
{
    const char *name, *s = sund_j_str(v);
    void       *at = NULL;
    size_t      n = s ? strlen(s) : 1;
    int64_t     i;
    double      f;
    bool        b;

    n += sund_j_int(v, &i) + sund_j_real(v, &f) + sund_j_bool(v, &b);
    if (sund_j_kind(v) == SUND_J_ARRAY)
        for (size_t k = 0; k < sund_j_n(v); k++)
            n += walk(sund_j_at(v, k));
    for (const sund_jval *m; (m = sund_j_next(v, &at, &name)) != NULL;)
        n += strlen(name) + walk(m);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    sund_jval *v = NULL;

    if (sund_json_read(p, n, &v, NULL) == SUND_OK)
        (void) walk(v);
    sund_jval_free(v);
    return 0;
}
