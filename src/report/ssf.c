#include "report/report_priv.h"

#include "genome/contig.h"

#include <string.h>

/* GWAS-SSF 1.0: the columns in the order the format wants, chromosomes as numbers, what is missing as #NA. The format knows one trait a file. */

typedef struct from { const char *ssf, *column; } from;
static const from want[] = { { "effect_allele", "alt" },          { "other_allele", "ref" }, { "beta", "beta" },  { "standard_error", "se" },
                             { "effect_allele_frequency", "af" }, { "neg_log_10_p_value", "nlog10p" }, { "n", "n" } };
enum { N_WANT = sizeof want / sizeof want[0] };

/** A letter, then letters, digits, _ and -: safe as part of a file's name. */
static bool is_name(const char *s) { return s[0] && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(s); }

/** The k-th trait: rows go variant by variant, so the first variant's rows name all of them. "" for all rows of a table of one trait or none. */
static bool find_trait(rows *t, size_t k, char trait[SUND_REPORT_TRAIT])
{
    int    column = rows_column(t, "trait");
    char   first[SUND_REPORT_TRAIT] = "", now[SUND_REPORT_TRAIT];
    size_t n = 0;

    trait[0] = 0;
    for (rows_again(t); column >= 0 && rows_next(t) && rows_text(t, column, now, sizeof now) && !(n > 0 && strcmp(now, first) == 0); n++) {
        if (n == 0)
            memcpy(first, now, sizeof first);
        if (n == k)
            memcpy(trait, now, sizeof now);
    }
    rows_again(t);
    if (n > 1)
        return k < n && is_name(trait);
    trait[0] = 0;
    return k == 0;
}

static bool is_trait(const rows *t, int column, const char *trait) { return !trait[0] || (t->cell[column].n == strlen(trait) && memcmp(t->cell[column].p, trait, t->cell[column].n) == 0); }

bool sund_report_ssf(sund_cur text, size_t k_trait, char trait[SUND_REPORT_TRAIT], sund_buf *out)
{
    rows t;
    int  col[N_WANT], chrom, pos, column;

    if (!rows_open(&t, text) || !find_trait(&t, k_trait, trait))
        return false;
    column = rows_column(&t, "trait");
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

        if (!is_trait(&t, column, trait))
            continue;
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
