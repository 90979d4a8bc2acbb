#include "datasets/describe.h"

#include "base/ini.h"
#include "base/text.h"
#include "rdf/turtle.h"

#include <stdio.h>
#include <string.h>

/* A description on its way from a node to whoever reads it. */

#define PART_LINE "#sund-datasets\t1\t"

sund_code sund_part_head_read(sund_cur text, sund_part_head *h, bool *there, sund_err *err)
{
    const char *nl = memchr(text.p, '\n', text.n < 300 ? text.n : 300);
    char        line[300], *at = line + strlen(PART_LINE), *word[5];
    int64_t     n[3];
    bool        good = true;

    memset(h, 0, sizeof *h);
    *there = nl && text.n >= strlen(PART_LINE) && memcmp(text.p, PART_LINE, strlen(PART_LINE)) == 0;
    if (!*there)
        return SUND_OK;
    (void) snprintf(line, sizeof line, "%.*s", (int) (nl - (const char *) text.p), (const char *) text.p);
    for (size_t i = 0; i < 5; i++) {
        word[i] = strsep(&at, "\t");
        good = good && word[i];
    }
    for (size_t i = 0; good && i < 3; i++)
        good = sund_parse_i64(word[i + 1], 0, INT32_MAX, &n[i]);
    if (!good || at || !sund_unhex(word[0], h->version.b, sizeof h->version.b) || strlen(word[4]) >= sizeof h->brings || !sund_text_ok(word[4]))
        return sund_fail(err, SUND_E_FORMAT, "the first line of a part of a description cannot be read");
    h->from = (size_t) n[0];
    h->n = (size_t) n[1];
    h->total = (size_t) n[2];
    (void) snprintf(h->brings, sizeof h->brings, "%s", word[4]);
    return SUND_OK;
}

sund_code sund_describe_part(const sund_describe *d, const char *base, const sund_census *const *people, const sund_part_head *h, sund_buf *out, sund_err *err)
{
    size_t from = h->from, total = sund_describe_n(d), n = from < total ? total - from : 0;

    if (from > total || (from == total && from))
        return sund_fail(err, SUND_E_ARG, "there are %zu data sets", total);
    for (n = n < SUND_PART_DATASETS ? n : SUND_PART_DATASETS;; n /= 2) {
        sund_graph *g = NULL;
        sund_code   rc = sund_graph_new(&g, NULL, err);

        if (rc == SUND_OK)
            rc = sund_describe_graph(d, base, people, from, n, g, err);
        sund_buf_clear(out);
        sund_buf_printf(out, PART_LINE "%s\t%zu\t%zu\t%zu\t%s\n", sund_digest_hex(&h->version).s, from, n, total, h->brings);
        if (rc == SUND_OK)
            sund_turtle_write(g, out);
        sund_graph_free(g);
        if (rc == SUND_OK)
            rc = sund_buf_ok(out, err);
        if (rc != SUND_OK || out->n <= SUND_PART_BYTES)
            return rc;
        if (n <= 1)
            return sund_fail(err, SUND_E_LIMIT, "datasets.ini: [%s%s] is %zu bytes as Turtle: one data set may have %d", n ? "dataset " : "catalogue", n ? sund_describe_id(d, from) : "", out->n,
                             SUND_PART_BYTES);
    }
}
