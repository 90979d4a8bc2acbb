/* The cohort language: what parses prints, and what was printed parses to the same. */
#include "people/cohort.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char        *text = malloc(n + 1);
    sund_cohort *c = NULL, *again = NULL;
    sund_buf     one = { 0 }, two = { 0 };
    sund_err     err;

    if (!text)
        return 0;
    memcpy(text, p, n);
    text[n] = 0;
    if (sund_cohort_parse(&c, text, &err) == SUND_OK) {
        sund_cohort_print(c, &one);
        sund_buf_nul(&one);
        /* the canonical form may be longer than a study may write: parentheses and spaces are put in */
        if (one.n <= 4096) {
            if (sund_cohort_parse(&again, (const char *) one.p, &err) != SUND_OK)
                abort();
            sund_cohort_print(again, &two);
            if (one.n != two.n || memcmp(one.p, two.p, one.n) != 0)
                abort();
        }
    }
    sund_cohort_free(c);
    sund_cohort_free(again);
    sund_buf_free(&one);
    sund_buf_free(&two);
    free(text);
    return 0;
}
