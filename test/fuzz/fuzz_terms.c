/* The hub's list of what can be filtered by, out of what nodes say: always sound JSON, whatever they say. */
#include "api/terms.h"
#include "base/jsonread.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/** A node's answer as its bytes (gate/shown.h). */
static sund_shown *answer(const uint8_t *p, size_t n)
{
    static const uint8_t head[5] = { SUND_ASK_TERMS, 1, 0, 0, 0 };
    sund_buf             b = { 0 };
    sund_shown          *s = NULL;
    sund_cur             c;
    sund_err             err;

    sund_buf_put(&b, head, sizeof head);
    sund_buf_str(&b, "");
    sund_buf_u32(&b, 0);
    sund_buf_u64(&b, 0);
    sund_buf_blob(&b, p, n);
    c = sund_cur_of(b.p, b.n);
    if (sund_shown_read(&c, &s, &err) != SUND_OK)
        s = NULL;
    sund_buf_free(&b);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static sund_answers a;
    sund_buf            out = { 0 };
    sund_json           j;
    sund_jval          *v = NULL;
    sund_err            err;

    memset(&a, 0, sizeof a);
    a.n = 2; /* one node's words cut in two: terms of both are put together */
    a.row[0].shown = answer(p, n / 2);
    a.row[1].shown = answer(p + n / 2, n - n / 2);
    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    if (sund_terms_list(&a, 0, 0, &j, &err) == SUND_OK) {
        sund_json_close(&j, '}');
        if (sund_json_read(out.p, out.n, &v, &err) != SUND_OK || sund_j_n(sund_j_get(v, "filteringTerms")) < 2)
            abort();
    }
    sund_jval_free(v);
    sund_buf_free(&out);
    sund_answers_free(&a);
    return 0;
}
