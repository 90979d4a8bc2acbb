/* Reports of releases that nobody should trust: whatever the bytes, a page comes out, and nothing in it can act. Zeros end tables; what is behind the last is the provenance. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sund_report_table table[16] = { { "table", sund_cur_of(data, size) } };
    size_t            n = 0;
    sund_cur          rest = sund_cur_of(data, size);
    sund_buf          html = { 0 }, ssf = { 0 };
    char              trait[SUND_REPORT_TRAIT];

    for (const uint8_t *end; n < 16 && rest.n && (end = memchr(rest.p, 0, rest.n)); n++) {
        table[n] = (sund_report_table){ n ? "other" : "table", sund_cur_of(rest.p, (size_t) (end - rest.p)) };
        (void) sund_cur_bytes(&rest, table[n].text.n + 1);
    }
    sund_report_write(table, n ? n : 1, rest, &html);
    sund_buf_nul(&html);
    if (!html.bad && (strstr((const char *) html.p, "<script") || strstr((const char *) html.p, "<img")))
        abort();
    (void) sund_report_ssf(table[0].text, 0, trait, &ssf);
    sund_buf_free(&html);
    sund_buf_free(&ssf);
    return 0;
}
