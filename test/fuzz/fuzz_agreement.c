/* Agreements, ends of agreements and exceptions: text and messages from outside. The first byte says which. */
#include "study/agreement.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void agreement(const uint8_t *p, size_t n)
{
    static sund_agreement    a;
    static sund_study        s = { .analysis = "counts", .purpose = "health-research", .node = { "FI", "SE" }, .n_node = 2 };
    static sund_dac          dac = { .node = "FI", .member = { { .id = "FI" } }, .n = 1 };
    static sund_roster       none;
    const sund_agreement_eye eye = { NULL, &none, &dac, "biobank" };
    char                     why[200];
    sund_err                 err = { SUND_OK, "" };

    if (sund_agreement_parse(&a, "agreement", p, n, &err) != SUND_OK) {
        if (!err.msg[0])
            abort();
        return;
    }
    if (a.n < 2 || a.n > SUND_NODE_MAX || !a.name[0] || strlen(a.expires) != 10 || a.least.cell_min < 10 || (a.two_party && a.n != 2))
        abort();
    if (sund_agreement_check(&a, p, n, &eye, &err) == SUND_OK) /* nobody is in that roster */
        abort();
    if (sund_agreement_covers(&a, &s, &eye, why) == (why[0] != 0))
        abort();
}

static void end(const uint8_t *p, size_t n)
{
    char        reason[SUND_DAC_REASON_MAX + 1];
    sund_digest d;
    sund_buf    again = { 0 };
    sund_err    err;

    if (sund_end_read(sund_cur_of(p, n), &d, reason, &err) != SUND_OK)
        return;
    sund_end_write(&d, reason, &again);
    if (!again.bad && (again.n != n || memcmp(again.p, p, n) != 0)) /* one way to write it */
        abort();
    sund_buf_free(&again);
}

static void exception(const uint8_t *p, size_t n)
{
    char            words[200];
    sund_thresholds t = sund_thresholds_default();
    unsigned        lifted = 0;
    sund_err        err;

    n = n < sizeof words - 1 ? n : sizeof words - 1;
    memcpy(words, p, n);
    words[n] = 0;
    if (sund_exception_read(words, &t, &lifted, &err) == SUND_OK && (sund_thresholds_check_one(&t, &err) != SUND_OK || t.parties != 3 || lifted > 7))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1)
        return 0;
    switch (p[0] % 3) {
    case 0: agreement(p + 1, n - 1); break;
    case 1: end(p + 1, n - 1); break;
    default: exception(p + 1, n - 1);
    }
    return 0;
}
