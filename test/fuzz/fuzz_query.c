/* Which variants a question is about: what parses prints, and what was printed parses to the same. */
#include "genome/query.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static sund_query q;
    char             *text = malloc(n + 1);
    sund_buf          one = { 0 }, two = { 0 };
    sund_variant      v = { 20, 100, "A", "T", 1, 1 };

    if (!text)
        return 0;
    memcpy(text, p, n);
    text[n] = 0;
    if (sund_query_parse(&q, text, NULL) == SUND_OK) {
        if (!q.n_name)
            (void) sund_query_takes(&q, &v);
        sund_query_print(&q, &one);
        sund_buf_nul(&one);
        sund_query_free(&q);
        if (sund_query_parse(&q, (const char *) one.p, NULL) != SUND_OK)
            abort();
        sund_query_print(&q, &two);
        if (one.n != two.n || memcmp(one.p, two.p, one.n) != 0)
            abort();
        sund_query_free(&q);
    }
    sund_buf_free(&one);
    sund_buf_free(&two);
    free(text);
    return 0;
}
