#include "base/file.h"
#include "cmd/cmd.h"
#include "genome/contig.h"
#include "math/func.h"
#include "report/report.h"
#include "stats/meta.h"
#include "summary/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 256, FOREST_MAX = 100 };

typedef struct hit { uint8_t contig; uint32_t pos_bp; char *text; double nlog10p; } hit;

typedef struct writing {
    const sund_summary *s;
    size_t              n_file;
    FILE               *table;
    double             *z2;
    size_t              n_row, cap;
    hit                 best[FOREST_MAX]; /* strongest first */
    size_t              n_best;
} writing;

static void put(FILE *f, double x)
{
    if (isnan(x))
        (void) fputs("\tNA", f);
    else
        (void) fprintf(f, "\t%.6g", x);
}

/** The forest of one variant: a line a study, then both pooled estimates. */
static char *forest_of(const writing *w, const sund_meta_row *r, const sund_meta *fixed, const sund_meta *random)
{
    char  *text = NULL, where[600];
    size_t n = 0;
    FILE  *f = open_memstream(&text, &n);

    if (!f)
        return NULL;
    (void) snprintf(where, sizeof where, "%s\t%u\t%.250s\t%.250s", sund_contig_name(r->contig), r->pos_bp + 1, r->ref, r->alt);
    for (size_t k = 0; k < w->n_file; k++)
        if (r->study[k].has)
            (void) fprintf(f, "%s\t%s\t%.6g\t%.6g\t%.6g\t%.6g\n", where, w->s[k].name, r->study[k].beta, r->study[k].se, r->study[k].beta - 1.959963985 * r->study[k].se,
                           r->study[k].beta + 1.959963985 * r->study[k].se);
    (void) fprintf(f, "%s\tfixed effects\t%.6g\t%.6g\t%.6g\t%.6g\n", where, fixed->beta, fixed->se, fixed->beta - 1.959963985 * fixed->se, fixed->beta + 1.959963985 * fixed->se);
    (void) fprintf(f, "%s\trandom effects\t%.6g\t%.6g\t%.6g\t%.6g\n", where, random->beta, random->se, random->beta - 1.959963985 * random->se, random->beta + 1.959963985 * random->se);
    (void) fclose(f);
    return text;
}

static void keep_best(writing *w, const sund_meta_row *r, const sund_meta *fixed, const sund_meta *random)
{
    size_t at = w->n_best;
    hit    h = { r->contig, r->pos_bp, NULL, fixed->nlog10p };

    while (at > 0 && w->best[at - 1].nlog10p < h.nlog10p)
        at--;
    if (at == FOREST_MAX)
        return;
    h.text = forest_of(w, r, fixed, random);
    if (w->n_best == FOREST_MAX)
        free(w->best[--w->n_best].text);
    memmove(&w->best[at + 1], &w->best[at], (w->n_best - at) * sizeof h);
    w->best[at] = h;
    w->n_best++;
}

static sund_code put_row(void *ctx, const sund_meta_row *r, sund_err *err)
{
    writing       *w = ctx;
    sund_meta_sums fix = { 0 }, ran = { 0 };
    sund_meta      fixed, random;

    for (size_t f = 0; f < w->n_file; f++)
        if (r->study[f].has)
            sund_meta_add(&fix, r->study[f].beta, r->study[f].se, 0.0);
    fixed = sund_meta_of(&fix);
    for (size_t f = 0; f < w->n_file; f++)
        if (r->study[f].has)
            sund_meta_add(&ran, r->study[f].beta, r->study[f].se, isnan(fixed.tau2) ? 0.0 : fixed.tau2);
    random = sund_meta_of(&ran);
    (void) fprintf(w->table, "%s\t%u\t%s\t%s\t%zu", sund_contig_name(r->contig), r->pos_bp + 1, r->ref, r->alt, r->k);
    put(w->table, r->n);
    put(w->table, r->eaf);
    put(w->table, fixed.beta);
    put(w->table, fixed.se);
    put(w->table, fixed.nlog10p);
    put(w->table, random.beta);
    put(w->table, random.se);
    put(w->table, random.nlog10p);
    put(w->table, fixed.q);
    put(w->table, fixed.q_nlog10p);
    put(w->table, fixed.i2);
    put(w->table, fixed.tau2);
    (void) fputc('\t', w->table);
    for (size_t f = 0; f < w->n_file; f++)
        (void) fputc(!r->study[f].has ? '?' : r->study[f].beta > 0 ? '+' : r->study[f].beta < 0 ? '-' : '0', w->table);
    (void) fputc('\n', w->table);
    if (w->n_row == w->cap) {
        size_t  cap = w->cap ? 2 * w->cap : 4096;
        double *more = realloc(w->z2, cap * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        w->z2 = more;
        w->cap = cap;
    }
    w->z2[w->n_row++] = fixed.beta / fixed.se * (fixed.beta / fixed.se);
    keep_best(w, r, &fixed, &random);
    return SUND_OK;
}

static sund_code put_files(const writing *w, const sund_meta_file *file, const char *dir, sund_err *err)
{
    static const char head[] = "file\tdialect\tlines\tused\tother_allele\tother_strand\tpalindromic\tother_alleles_there\tno_estimate\tno_place\tbad_alleles\trepeated\tother_test\tlambda\n";
    char              path[4096];
    FILE             *f;

    SUND_TRY(sund_path_join(path, sizeof path, dir, "files.tsv", err));
    f = fopen(path, "w");
    if (!f)
        return sund_fail(err, SUND_E_IO, "cannot write %s", path);
    (void) fputs(head, f);
    for (size_t k = 0; k < w->n_file; k++) {
        const sund_summary *s = &w->s[k];

        (void) fprintf(f, "%s\t%s\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu", s->name, s->dialect, s->n_line, file[k].n_used, file[k].n_flipped, file[k].n_other_strand, file[k].n_palindromic,
                       file[k].n_unmatched, s->n_no_estimate, s->n_no_place, s->n_bad_allele, s->n_repeated, s->n_other_test);
        put(f, s->lambda);
        (void) fputc('\n', f);
        printf("%s: %s, %zu of %zu lines used; other allele %zu, other strand %zu; left out: no estimate %zu, no place %zu, alleles %zu, repeated %zu, other test %zu%s\n", s->name, s->dialect, file[k].n_used,
               s->n_line, file[k].n_flipped, file[k].n_other_strand, s->n_no_estimate, s->n_no_place, s->n_bad_allele, s->n_repeated, s->n_other_test,
               file[k].n_unmatched ? "; some positions hold other alleles than in the files before" : "");
    }
    if (fclose(f) != 0)
        return sund_fail(err, SUND_E_IO, "cannot write %s", path);
    SUND_TRY(sund_path_join(path, sizeof path, dir, "forest.tsv", err));
    f = fopen(path, "w");
    if (!f)
        return sund_fail(err, SUND_E_IO, "cannot write %s", path);
    (void) fputs("chrom\tpos\tref\talt\tstudy\tbeta\tse\tci95_low\tci95_high\n", f);
    for (size_t i = 0; i < w->n_best; i++)
        (void) fputs(w->best[i].text ? w->best[i].text : "", f);
    return fclose(f) == 0 ? SUND_OK : sund_fail(err, SUND_E_IO, "cannot write %s", path);
}

static sund_code put_report(const char *dir, sund_err *err)
{
    static const char *const name[] = { "table", "forest", "files" };
    sund_report_table        table[3];
    sund_buf                 text[3] = { { 0 } }, html = { 0 };
    char                     path[4096], file[32];
    sund_code                rc = SUND_OK;

    for (size_t k = 0; k < 3 && rc == SUND_OK; k++) {
        (void) snprintf(file, sizeof file, "%s.tsv", name[k]);
        rc = sund_path_join(path, sizeof path, dir, file, err);
        if (rc == SUND_OK)
            rc = sund_file_read(path, SIZE_MAX, &text[k], err);
        table[k] = (sund_report_table){ name[k], sund_cur_of(text[k].p, text[k].n) };
    }
    if (rc == SUND_OK)
        sund_report_tables("Meta-analysis", "Fixed and random effects over result files; what each file gave and what was left out is below.", table, 3, &html);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&html, err);
    if (rc == SUND_OK)
        rc = sund_path_join(path, sizeof path, dir, "report.html", err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, html.p, html.n, 0644, err);
    for (size_t k = 0; k < 3; k++)
        sund_buf_free(&text[k]);
    sund_buf_free(&html);
    return rc;
}

static sund_code run(const sund_summary *s, size_t n, const sund_meta_plan *plan, const char *dir, sund_err *err)
{
    static sund_meta_file file[FILES_MAX];
    writing              *w = calloc(1, sizeof *w);
    char                  path[4096];
    sund_code             rc;

    if (!w)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    w->s = s;
    w->n_file = n;
    SUND_GO(sund_dir_make(dir, err));
    SUND_GO(sund_path_join(path, sizeof path, dir, "table.tsv", err));
    w->table = fopen(path, "w");
    if (!w->table) {
        rc = sund_fail(err, SUND_E_IO, "cannot write %s", path);
        goto out;
    }
    (void) fputs("chrom\tpos\tref\talt\tstudies\tn\taf\tbeta\tse\tnlog10p\tbeta_random\tse_random\tnlog10p_random\tq\tnlog10p_q\ti2\ttau2\tdirection\n", w->table);
    SUND_GO(sund_meta_files(s, n, plan, file, put_row, w, err));
    if (fflush(w->table) != 0) {
        rc = sund_fail(err, SUND_E_IO, "cannot write %s", path);
        goto out;
    }
    SUND_GO(put_files(w, file, dir, err));
    SUND_GO(put_report(dir, err));
    printf("%s: %zu variants, lambda %.4f\n", path, w->n_row, sund_lambda(w->z2, w->n_row));
out:
    if (w->table)
        (void) fclose(w->table);
    for (size_t i = 0; i < w->n_best; i++)
        free(w->best[i].text);
    free(w->z2);
    free(w);
    return rc;
}

/** Files of one name in several folders, as 'study fetch' makes them, are told apart by their paths, as given (the end of a long one). */
static void name_apart(sund_summary *s, size_t n, char **path)
{
    bool *twice = calloc(n, sizeof *twice);

    for (size_t i = 0; twice && i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(s[i].name, s[k].name) == 0)
                twice[i] = twice[k] = true;
    for (size_t i = 0; twice && i < n; i++) {
        size_t len = strlen(path[i]), room = sizeof s[i].name - 1;

        if (twice[i])
            (void) snprintf(s[i].name, sizeof s[i].name, "%s", path[i] + (len > room ? len - room : 0));
    }
    free(twice);
}

/** One study given twice would count its people twice. */
static sund_code all_differ(const sund_summary *s, size_t n, sund_err *err)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (sund_summary_same(&s[i], &s[k]))
                return sund_fail(err, SUND_E_ARG, "%s and %s are the same results, line for line: that would count the same people twice; leave one out", s[k].name, s[i].name);
    return SUND_OK;
}

sund_code sund_cmd_meta(int argc, char **argv, sund_err *err)
{
    const char     *out = NULL;
    bool            strand = false, drop = false, helped = false;
    int64_t         least = 1;
    const sund_opt  opt[] = {
        { "out", 's', &out, "FOLDER", "where table.tsv, files.tsv and forest.tsv go (needed)" },
        { "min-studies", 'i', &least, "N", "variants that fewer files have are left out (1)" },
        { "other-strand", 'b', &strand, NULL, "match alleles of the other strand too, never A/T and C/G" },
        { "drop-palindromic", 'b', &drop, NULL, "leave out A/T and C/G" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "meta", "--out FOLDER [OPTIONS] FILE...",
                          "Fixed and random effects over result files: Sund's tables, GWAS-SSF, plink2, regenie, METAL, known by their columns, plain or gzip. Alleles are matched as written, by position; every sign "
                          "that is changed and every line that is left out is counted in files.tsv. All files are of one trait on one scale, and of different people: files do not say so; one given twice is refused. forest.tsv has the hundred strongest variants study by study.",
                          "sund meta --out together denmark.tsv.gz finland.regenie plink2.trait.glm.linear", opt, 1, FILES_MAX };
    sund_summary   *s = calloc(FILES_MAX, sizeof *s);
    sund_meta_plan  plan;
    size_t          n = 0, n_read = 0;
    sund_code       rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    if (!out || least < 1 || least > (int64_t) n) {
        rc = sund_fail(err, SUND_E_ARG, out ? "--min-studies is from 1 to the number of files" : "say where the tables go: --out FOLDER; see 'sund meta --help'");
        goto out;
    }
    SUND_GO(sund_not_over(out, "table.tsv", err));
    SUND_GO(sund_not_over(out, "report.html", err));
    for (; n_read < n; n_read++)
        SUND_GO(sund_summary_read(&s[n_read], argv[1 + n_read], err));
    name_apart(s, n, argv + 1);
    SUND_GO(all_differ(s, n, err));
    plan = (sund_meta_plan){ strand, drop, (size_t) least };
    rc = run(s, n, &plan, out, err);
out:
    for (size_t f = 0; f < n_read; f++)
        sund_summary_free(&s[f]);
    free(s);
    return rc;
}
