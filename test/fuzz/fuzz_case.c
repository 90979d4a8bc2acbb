/* Requests of Matchmaker Exchange and phenopackets of anybody's; whatever is read is compared, and answers of nodes are merged. */
#include "exchange/mme.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char little[] = "id\tname\tparents\nHP:0000001\tAll\t\nHP:0000002\tB\tHP:0000001\nHP:0000003\tC\tHP:0000001\nHP:0000004\tD\tHP:0000002\nHP:0000005\tE\tHP:0000002\nHP:0000006\tF\tHP:0000003\n";

static void compare(const sund_onto *o, const sund_case *c)
{
    const sund_case *const all[1] = { c };
    sund_matcher          *m = NULL;
    sund_likeness             x[1];
    sund_buf               out = { 0 };
    sund_json              j;
    size_t                 k;

    if (sund_matcher_of(&m, all, 1, o, NULL) != SUND_OK || sund_match_find(m, c, 0, 1, false, NULL, x, &k, NULL) != SUND_OK)
        abort();
    sund_json_init(&j, &out, false);
    if (k && (x[0].score < 0 || x[0].score > 1))
        abort();
    if (k)
        sund_mme_result(&j, m, &x[0], false);
    if (k && c->own[0] && strlen(c->own) > 24 && memmem(out.p, out.n, c->own, strlen(c->own)) && !strstr(c->contact, c->own) && !strstr(c->institution, c->own) && !strstr(c->href, c->own))
        abort(); /* the owner's name for it does not leave */
    sund_buf_free(&out);
    sund_matcher_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static sund_onto *o;
    static sund_case  c;
    sund_jval        *v = NULL;
    sund_mme_answer   answer[2] = { { "a", "", true, sund_cur_of(p, n) }, { "b", "why", false, sund_cur_of(p, n) } };
    sund_buf          out = { 0 };

    if (!o && sund_onto_read(&o, "little", little, sizeof little - 1, "1", NULL) != SUND_OK)
        abort();
    if (sund_mme_request(p, n, &c, NULL) == SUND_OK)
        compare(o, &c);
    if (sund_json_read(p, n, &v, NULL) == SUND_OK && sund_case_read_phenopacket(&c, v, NULL) == SUND_OK)
        compare(o, &c);
    sund_jval_free(v);
    v = NULL;
    if (sund_mme_merge(answer, 2, 5, &out, NULL) == SUND_OK) {
        if (sund_json_read(out.p, out.n, &v, NULL) != SUND_OK)
            abort();
        sund_jval_free(v);
    }
    sund_buf_free(&out);
    return 0;
}
