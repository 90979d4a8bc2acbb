/* ClinVar's XML releases, whole and in pieces of any size, give the same or fail alike; and its answers to submissions. */
#include "base/xml.h"
#include "exchange/clinvar_record.h"
#include "exchange/forms.h"
#include "rows_of_form.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

typedef struct seen { size_t n, depth, text; uint64_t sum; } seen;

static sund_code open_one(void *ctx, const char *element, const char *const *attribute, size_t line, sund_err *err)
{
    seen *s = ctx;

    (void) err;
    if (!line || ++s->depth > SUND_XML_DEPTH)
        abort();
    s->n++;
    s->sum = s->sum * 31 + strlen(element);
    for (; attribute[0]; attribute += 2)
        s->sum = s->sum * 31 + strlen(attribute[1]);
    return SUND_OK;
}

static sund_code close_one(void *ctx, sund_err *err)
{
    seen *s = ctx;

    (void) err;
    if (!s->depth--)
        abort();
    return SUND_OK;
}

static void text_of(void *ctx, const char *s, size_t n)
{
    (void) s;
    ((seen *) ctx)->text += n;
}

static sund_code in_pieces(const uint8_t *p, size_t n, size_t piece, seen *s)
{
    const sund_xml_to to = { s, open_one, close_one, text_of };
    sund_xml         *x = NULL;
    sund_code         rc = sund_xml_new(&x, "x", &to, NULL);

    for (size_t i = 0; rc == SUND_OK && i < n; i += piece)
        rc = sund_xml_feed(x, p + i, n - i < piece ? n - i : piece, false, NULL);
    if (rc == SUND_OK)
        rc = sund_xml_feed(x, "", 0, true, NULL);
    sund_xml_free(x);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const sund_form_ask   ask = { .assembly = SUND_GRCH38, .share = SUND_SHARE_LOCAL };
    size_t                count = 0;
    const sund_form_sink  to = { &count, take, left };
    seen                  a = { 0 }, b = { 0 };
    sund_form_report      rep;
    sund_recorded         got;
    sund_interpretations *s = NULL;
    sund_interpretation   e = { .variant = "1-5-A-T", .laboratory = "a", .acmg = SUND_ACMG_P, .share = SUND_SHARE_PUBLIC };
    sund_put              what;

    if (sund_form_read(SUND_FORM_CLINVAR_XML, "x", p, n, &ask, &to, &rep, NULL) == SUND_OK && count != rep.n_entry + rep.n_left)
        abort();
    if (in_pieces(p, n, n + 1, &a) == SUND_OK && (in_pieces(p, n, n ? 1 + p[0] % 13 : 1, &b) != SUND_OK || a.n != b.n || a.sum != b.sum || a.text != b.text || a.depth || b.depth))
        abort();
    if (n && (p[0] == '{' || p[0] == '#')) {
        if (sund_interpretations_open(&s, ":memory:", NULL) != SUND_OK || sund_interpretation_put(s, &e, &what, NULL) != SUND_OK)
            abort();
        count = 0;
        if (sund_clinvar_record(s, "a", "x", p, n, left, &count, &got, NULL) == SUND_OK && (got.left != count || got.left > got.n))
            abort();
        sund_interpretations_close(s);
    }
    return 0;
}
