/* Reports of releases that nobody should trust: whatever the bytes, a page comes out, and nothing in it can act. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sund_release_parts parts;
    sund_buf           html = { 0 }, ssf = { 0 };
    sund_err           err;
    char               trait[SUND_REPORT_TRAIT];

    if (sund_release_split(data, size, &parts, &err) != SUND_OK) { /* else: the bytes as one table */
        memset(&parts, 0, sizeof parts);
        parts.n_table = 1;
        memcpy(parts.table[0].name, "table", 6);
        parts.table[0].text = sund_cur_of(data, size);
        parts.provenance = sund_cur_of(data, size);
    }
    sund_report_write(&parts, &html);
    sund_buf_nul(&html);
    if (!html.bad && (strstr((const char *) html.p, "<script") || strstr((const char *) html.p, "<img")))
        abort();
    (void) sund_report_ssf(parts.table[0].text, 0, trait, &ssf);
    sund_buf_free(&html);
    sund_buf_free(&ssf);
    return 0;
}
