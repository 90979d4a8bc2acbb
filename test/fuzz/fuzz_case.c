/* Requests of Matchmaker Exchange and phenopackets of anybody's; whatever is read is compared, and answers of nodes are merged; answers of services elsewhere are read and shown. */
#include "base/text.h"
#include "exchange/mme_found.h"

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

/** What is shown of an answer: JSON without what a terminal acts on, scores from 0 to 1; of an error likewise. */
static void found(const sund_onto *o, const uint8_t *p, size_t n)
{
    static sund_matcher *m;
    static sund_case     query;
    sund_mme_found       f;
    sund_mme_reply       r = { "x", 200, SUND_MME_TYPE, p, n };
    sund_err             err = { SUND_OK, "" };
    sund_buf             out = { 0 };
    sund_jval           *v = NULL;

    if (!m && (!sund_case_add_feature(&query, "HP:0000005", false) || !sund_case_add_gene(&query, "SKI", "") || sund_matcher_of(&m, NULL, 0, o, NULL) != SUND_OK))
        abort();
    if (sund_mme_found_read(&f, &r, &err) == SUND_OK) {
        for (size_t i = 0; i < f.n; i++)
            if (!(f.at[i].score >= 0 && f.at[i].score <= 1) || (i && f.at[i - 1].score < f.at[i].score))
                abort();
        if (sund_mme_found_write(&f, m, &query, 10, &out, NULL) != SUND_OK || sund_json_read(out.p, out.n, &v, NULL) != SUND_OK || !sund_text_ok(f.why) || !sund_text_ok(f.disclaimer))
            abort();
        for (size_t i = 0; i < out.n; i++)
            if (out.p[i] == '\n')
                out.p[i] = ' '; /* ours */
        sund_buf_nul(&out);
        if (!sund_text_ok((const char *) out.p))
            abort();
        sund_mme_found_free(&f);
        sund_jval_free(v);
        sund_buf_free(&out);
    }
    else if (!sund_text_ok(err.msg))
        abort();
    r.status = 422;
    if (sund_mme_found_read(&f, &r, &err) == SUND_OK || !sund_text_ok(err.msg))
        abort();
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
    found(o, p, n);
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
