#include "whole.h"

#include "gate/gate_priv.h"

#include <stdlib.h>
#include <string.h>

sund_buf whole_of(const sund_release *r)
{
    sund_cur      manifest = sund_release_manifest(r), rows;
    sund_buf      out = { 0 }, part = { 0 };
    sund_result m;

    sund_buf_blob(&out, manifest.p, manifest.n);
    if (sund_result_read(manifest, &m, NULL) != SUND_OK)
        abort();
    for (uint32_t k = 0; k < m.n_part; k++) {
        if (sund_release_part(r, k, &part, NULL) != SUND_OK || sund_result_rows(&m, k, part.p, part.n, &rows, NULL) != SUND_OK)
            abort();
        sund_buf_put(&out, rows.p, rows.n);
    }
    sund_buf_free(&part);
    return out;
}

bool whole_split(const sund_buf *whole, whole_tables *out)
{
    sund_cur      c = sund_cur_of(whole->p, whole->n);
    sund_result m;

    memset(out, 0, sizeof *out);
    if (sund_result_read(sund_cur_blob(&c, SIZE_MAX), &m, NULL) != SUND_OK)
        return false;
    for (; out->n_table < m.n_table; out->n_table++) {
        size_t n = (size_t) m.table[out->n_table].n_byte;

        memcpy(out->table[out->n_table].name, m.table[out->n_table].name, sizeof out->table[0].name);
        out->table[out->n_table].text = sund_cur_of(sund_cur_bytes(&c, n), n);
    }
    out->provenance = m.provenance;
    return sund_cur_end(&c, "a release", NULL) == SUND_OK;
}

char *whole_table(const sund_buf *whole, const char *name)
{
    whole_tables t;

    if (!whole_split(whole, &t))
        return NULL;
    for (size_t i = 0; i < t.n_table; i++)
        if (strcmp(t.table[i].name, name) == 0)
            return strndup((const char *) t.table[i].text.p, t.table[i].text.n);
    return NULL;
}

char *whole_first(const sund_release *r)
{
    sund_buf     b = whole_of(r);
    whole_tables t;
    char        *text = whole_split(&b, &t) ? strndup((const char *) t.table[0].text.p, t.table[0].text.n) : NULL;

    sund_buf_free(&b);
    return text;
}

void whole_retell(sund_release *r, const char *rows, size_t n, size_t most)
{
    sund_buf    was = r->manifest;
    sund_result m;

    if (sund_result_read(sund_cur_of(was.p, was.n), &m, NULL) != SUND_OK)
        abort();
    r->manifest = (sund_buf){ 0 };
    r->sealed = false;
    r->n_done = 0;
    r->n_put = 0;
    sund_buf_clear(&r->part);
    sund_buf_u32(&r->part, 0);
    sund_buf_clear(&r->parts);
    r->table[0].n_byte = n;
    for (size_t i = 1; i < r->n_table; i++)
        r->table[0].n_byte -= r->table[i].n_byte;
    for (size_t at = 0, k; at < n; at += k) {
        for (k = 0; at + k < n;) {
            const char *nl = memchr(rows + at + k, '\n', n - at - k);
            size_t      row = nl ? (size_t) (nl - rows) + 1 - at - k : n - at - k;

            if (k && k + row > most)
                break;
            k += row;
        }
        if (sund_release_add(r, sund_cur_of(rows + at, k), NULL) != SUND_OK)
            abort();
    }
    if (sund_release_seal(r, m.provenance, NULL) != SUND_OK)
        abort();
    sund_buf_free(&was);
}

bool whole_same(const sund_release *a, const sund_release *b)
{
    sund_buf x = whole_of(a), y = whole_of(b);
    bool     same = x.n == y.n && memcmp(x.p, y.p, x.n) == 0;

    sund_buf_free(&x);
    sund_buf_free(&y);
    return same;
}
