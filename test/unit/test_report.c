#include "report/report.h"
#include "test.h"

#include <stdio.h>

enum { N_ROW = 300001 }; /* more than are sorted at once */

/** p-values evenly from 1 to 1/4 in a mixed order, whose median is 1/2: lambda is 1. */
static void mixed_table(sund_buf *text)
{
    sund_buf_text(text, "chrom\tpos\tnlog10p\n");
    for (uint64_t i = 0; i < N_ROW; i++)
        sund_buf_printf(text, "20\t%llu\t%.9f\n", (unsigned long long) i + 1, (double) (i * 123457 % N_ROW) / (N_ROW - 1) * 0.6020599913);
}

TEST(a_long_table_is_sorted_whole_in_its_quantile_plot)
{
    sund_buf          text = { 0 }, html = { 0 };
    sund_report_table table = { "table", { NULL, 0, false } };
    const char       *at;
    long              last_x = 100000, last_y = 0, x, y;
    int               n_dot = 0, n;

    mixed_table(&text);
    table.text = sund_cur_of(text.p, text.n);
    sund_report_tables("t", "", &table, 1, &html);
    sund_buf_nul(&html);
    CHECK(sund_buf_ok(&html, NULL) == SUND_OK && strstr((const char *) html.p, "λ = 1.0000 over 300001 tests<") != NULL);
    at = strstr((const char *) html.p, "Quantile plot");
    at = at ? strstr(at, "class=\"odd\" d=\"") : NULL;
    CHECK(at != NULL);
    for (at = at ? at + 15 : ""; sscanf(at, "M%ld %ldh0%n", &x, &y, &n) == 2; at += n, n_dot++) { /* from the strongest on */
        if (x > last_x || y < last_y)
            break;
        last_x = x;
        last_y = y;
    }
    CHECK(*at == '"' && n_dot > 10);
    sund_buf_free(&text);
    sund_buf_free(&html);
}
