/* Beacon's filters: what is taken is one sound term of the cohort language, whatever is asked. */
#include "api/cohort.h"
#include "people/cohort.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void sound(sund_buf *text)
{
    sund_cohort *c = NULL;
    sund_buf     canonical = { 0 };
    sund_err     err;

    sund_buf_nul(text);
    if (sund_cohort_parse(&c, (const char *) text->p, &err) != SUND_OK)
        abort();
    sund_cohort_print(c, &canonical);
    if (memmem(canonical.p, canonical.n, " or ", 4) || memmem(canonical.p, canonical.n, " and ", 5)) /* one term: it cannot widen what it is joined to */
        abort();
    sund_cohort_free(c);
    sund_buf_free(&canonical);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char      *word = malloc(n + 1);
    sund_jval *v = NULL;
    sund_buf   text = { 0 };
    sund_err   err;

    if (!word)
        return 0;
    memcpy(word, p, n);
    word[n] = 0;
    if (sund_filter_word(word, &text, &err) == SUND_OK)
        sound(&text);
    sund_buf_clear(&text);
    if (sund_json_read(p, n, &v, &err) == SUND_OK && sund_filter_json(v, &text, &err) == SUND_OK)
        sound(&text);
    sund_jval_free(v);
    sund_buf_free(&text);
    free(word);
    return 0;
}
