/* Applications and words on them, from outside. The first byte says which: text, a signed body, a word. */
#include "study/application.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static sund_application a;

static void text(const uint8_t *p, size_t n)
{
    sund_err err = { SUND_OK, "" };

    if (sund_application_parse(&a, "application", p, n, &err) != SUND_OK) {
        if (!err.msg[0])
            abort();
        return;
    }
    if (!a.n_data || a.n_data > SUND_NODE_MAX || !a.n_person || a.n_person > SUND_APPLICATION_PEOPLE || strlen(a.until) != 10 || !sund_application_sets(&a, a.data[a.n_data - 1].node))
        abort();
}

static void body(const uint8_t *p, size_t n)
{
    static sund_roster  none;
    const sund_envelope e = { .kind = SUND_MSG_APPLY, .from = "ada", .body = sund_digest_of(p, n), .n_body = n };
    sund_submit         s;

    if (sund_application_signed(&none, &e, sund_cur_of(p, n), &s, &a, NULL) == SUND_OK) /* nobody signed it */
        abort();
}

static void word(const uint8_t *p, size_t n)
{
    sund_application_word w;
    sund_digest           d;
    sund_buf              again = { 0 };

    if (sund_application_word_read(sund_cur_of(p, n), &d, &w, NULL) != SUND_OK)
        return;
    sund_application_word_write(&d, &w, &again);
    if (!again.bad && (again.n != n || memcmp(again.p, p, n) != 0)) /* one way to write it */
        abort();
    sund_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1)
        return 0;
    switch (p[0] % 3) {
    case 0: text(p + 1, n - 1); break;
    case 1: body(p + 1, n - 1); break;
    default: word(p + 1, n - 1);
    }
    return 0;
}
