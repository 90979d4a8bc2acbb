/* A table of names: whatever is taken gives variants that can be asked for. */
#include "genome/names.h"
#include "genome/query.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static sund_query q;
    sund_names       *names = NULL;
    sund_buf          b = { 0 };

    if (sund_names_parse(&names, "fuzz", p, n, NULL) == SUND_OK && sund_names_gene(names, "G", NULL, &b, NULL) == SUND_OK) {
        sund_buf_nul(&b);
        if (!b.bad && sund_query_parse(&q, (const char *) b.p, NULL) != SUND_OK)
            abort();
        sund_query_free(&q);
    }
    sund_buf_free(&b);
    sund_names_free(names);
    return 0;
}
