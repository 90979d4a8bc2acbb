/* Laboratories' tables of interpretations, in every form: each row gives entries or is left out with a word. And VKGL's cycle with a table, or a list of accessions, of anybody's. */
#include "exchange/forms.h"
#include "exchange/vkgl.h"
#include "rows_of_form.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static sund_code drop(void *ctx, const char *file, const void *p, size_t n, sund_err *err)
{
    (void) ctx, (void) file, (void) p, (void) n, (void) err;
    return SUND_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char    table[] = "chromosome\tstart\tstop\tref\talt\tgene\tnr_labs\tamc\tconsensus\ttype\n1\t1\t1\tA\tT\tG\t1\tlb\tlb\ttotal_agreement\n";
    sund_form_ask        ask = { .assembly = SUND_GRCH37, .laboratory = "a", .share = SUND_SHARE_LOCAL };
    size_t               seen = 0;
    const sund_form_sink to = { &seen, take, left };
    sund_form_report     rep;
    sund_vkgl_text       text = { "x", "amc", p, n };
    sund_vkgl_cycle      c = { .release = "r", .consensus = text };

    (void) sund_form_guess(p, n);
    for (int f = SUND_FORM_SUND; f <= SUND_FORM_CLINVAR_XML; f++) {
        seen = 0;
        if (sund_form_read((sund_form) f, "x", p, n, &ask, &to, &rep, NULL) == SUND_OK && (seen != rep.n_entry + rep.n_left || seen < rep.n_line))
            abort();
    }
    if (n)
        (void) !sund_vkgl_submit(&c, drop, NULL, NULL);
    c.consensus = (sund_vkgl_text){ "y", NULL, table, sizeof table - 1 };
    c.mapping = &text;
    c.n_mapping = 1;
    (void) !sund_vkgl_submit(&c, drop, NULL, NULL);
    c.n_mapping = 0;
    c.report = &text;
    c.n_report = 1;
    (void) !sund_vkgl_submit(&c, drop, NULL, NULL);
    return 0;
}
