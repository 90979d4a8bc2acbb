#include "cmd/chosen.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *) a, *(const char *const *) b); }

/** The names of a file, a line each, sorted; they stay in text. */
static sund_code read_names(const char *path, sund_buf *text, const char ***name, size_t *n, sund_err *err)
{
    size_t line = 0;

    SUND_TRY(sund_file_read(path, 1u << 30, text, err));
    sund_buf_nul(text);
    SUND_TRY(sund_buf_ok(text, err));
    if (memchr(text->p, 0, text->n))
        return sund_fail(err, SUND_E_FORMAT, "%s is not a text", path);
    for (size_t i = 0; i < text->n; i++)
        line += text->p[i] == '\n';
    *name = calloc(line + 1, sizeof **name);
    if (!*name)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu names", line);
    *n = 0;
    for (char *at = (char *) text->p; at && *at;) {
        char *end = strchr(at, '\n'), *next = end ? end + 1 : NULL;

        if (end)
            *end = 0;
        at[strcspn(at, "\r\t")] = 0;
        if (*at)
            (*name)[(*n)++] = at;
        at = next;
    }
    qsort(*name, *n, sizeof **name, by_name);
    return SUND_OK;
}

sund_code sund_chosen_people(const sund_store *s, const char *path, uint64_t *plane, sund_err *err)
{
    const sund_store_info *i = sund_store_describe(s);
    size_t                 n = 0, hit = 0, twice = 0;
    sund_buf               text = { 0 };
    const char           **name = NULL;
    sund_code              rc = SUND_OK;

    if (path)
        SUND_GO(read_names(path, &text, &name, &n, err));
    for (size_t k = 1; k < n; k++)
        twice += strcmp(name[k - 1], name[k]) == 0;
    for (size_t k = 0; k < i->n_person; k++) {
        if (path && !bsearch(&i->person[k], name, n, sizeof *name, by_name))
            continue;
        plane[k / 64] |= 1ULL << (k % 64);
        hit++;
    }
    if (path && hit + twice < n)
        rc = sund_fail(err, SUND_E_MISMATCH, "%s names %zu people who are not in the store: a name a line, as 'sund import' had them", path, n - twice - hit);
    else if (hit == 0)
        rc = sund_fail(err, SUND_E_ARG, "%s names nobody", path ? path : "the store");
out:
    free(name);
    sund_buf_free(&text);
    return rc;
}
