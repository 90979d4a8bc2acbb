#include "report/report_priv.h"

#include "genome/contig.h"

#include <string.h>

/* GWAS-SSF 1.0: the columns in the order the format wants, chromosomes as numbers, what is missing as #NA. */

typedef struct from { const char *ssf, *column; } from;
static const from want[] = { { "effect_allele", "alt" },          { "other_allele", "ref" }, { "beta", "beta" },  { "standard_error", "se" },
                             { "effect_allele_frequency", "af" }, { "neg_log_10_p_value", "nlog10p" }, { "n", "n" } };
enum { N_WANT = sizeof want / sizeof want[0] };

bool sund_report_ssf(sund_cur text, sund_buf *out)
{
    rows t;
    int  col[N_WANT], chrom, pos;

    if (!rows_open(&t, text))
        return false;
    chrom = rows_column(&t, "chrom");
    pos = rows_column(&t, "pos");
    for (size_t k = 0; k < N_WANT; k++)
        col[k] = rows_column(&t, want[k].column);
    if (chrom < 0 || pos < 0)
        return false;
    for (size_t k = 0; k < N_WANT - 1; k++)
        if (col[k] < 0)
            return false;
    sund_buf_text(out, "chromosome\tbase_pair_location");
    for (size_t k = 0; k < N_WANT; k++)
        if (col[k] >= 0)
            sund_buf_printf(out, "\t%s", want[k].ssf);
    sund_buf_text(out, "\n");
    while (rows_next(&t)) {
        char name[16];

        (void) rows_text(&t, chrom, name, sizeof name);
        sund_buf_printf(out, "%d\t%.*s", sund_contig_parse(name, NULL), (int) t.cell[pos].n, (const char *) t.cell[pos].p);
        for (size_t k = 0; k < N_WANT; k++) {
            const sund_cur *c = col[k] >= 0 ? &t.cell[col[k]] : NULL;

            if (!c)
                continue;
            sund_buf_u8(out, '\t');
            if (c->n == 2 && memcmp(c->p, "NA", 2) == 0)
                sund_buf_text(out, "#NA");
            else
                sund_buf_put(out, c->p, c->n);
        }
        sund_buf_u8(out, '\n');
    }
    return true;
}
