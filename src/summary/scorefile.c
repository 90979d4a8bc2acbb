#include "summary/scorefile.h"

#include "base/gz.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS_MAX = 64, TEXT_MAX = 1 << 30 };

typedef enum field { CHROM, POS, HM_CHROM, HM_POS, HM_OTHER, EFFECT, OTHER, WEIGHT, HAPLOTYPE, INTERACTION, DIPLOTYPE, DOMINANT, RECESSIVE, N_FIELD } field;
static const char *const column_name[N_FIELD] = { "chr_name",     "chr_position",   "hm_chr",       "hm_pos",       "hm_inferOtherAllele", "effect_allele", "other_allele",
                                                  "effect_weight", "is_haplotype", "is_interaction", "is_diplotype", "is_dominant",         "is_recessive" };

typedef struct parsing {
    sund_scorefile *f;
    char           *at;     /* the next line */
    size_t          line, n_column;
    int             col[N_FIELD];
    char           *cell[COLUMNS_MAX];
    char            build[32], hm_build[32];
    bool            harmonised;
} parsing;

/** The next line in place, without its end; NULL behind the last. */
static char *next_line(parsing *s)
{
    char  *line = s->at;
    size_t n;

    if (!line || !*line)
        return NULL;
    n = strcspn(line, "\n");
    s->at = line[n] ? line + n + 1 : line + n;
    line[n] = 0;
    while (n && line[n - 1] == '\r')
        line[--n] = 0;
    s->line++;
    return line;
}

static void header_value(const char *line, const char *key, char *out, size_t cap)
{
    size_t n = strlen(key);

    if (strncmp(line, key, n) == 0 && line[n] == '=') {
        (void) snprintf(out, cap, "%s", line + n + 1);
        out[strcspn(out, "\t\r")] = 0;
        for (char *p = out; *p; p++)
            if ((unsigned char) *p < 32 || (unsigned char) *p > 126 || *p == '"' || *p == '\\')
                *p = '_';
    }
}

static size_t cut(char *line, char **cell)
{
    size_t n = 0;

    for (char *at = line; n < COLUMNS_MAX;) {
        cell[n++] = at;
        at += strcspn(at, "\t");
        if (!*at)
            break;
        *at++ = 0;
    }
    return n;
}

static bool is_build(const char *text, sund_assembly a)
{
    return a == SUND_GRCH37 ? strcasecmp(text, "GRCh37") == 0 || strcasecmp(text, "hg19") == 0 : strcasecmp(text, "GRCh38") == 0 || strcasecmp(text, "hg38") == 0;
}

static sund_code read_header(parsing *s, sund_assembly assembly, sund_err *err)
{
    char *line;

    while ((line = next_line(s)) && line[0] == '#') {
        header_value(line, "#pgs_id", s->f->id, sizeof s->f->id);
        header_value(line, "#trait_reported", s->f->trait, sizeof s->f->trait);
        header_value(line, "#genome_build", s->build, sizeof s->build);
        header_value(line, "#HmPOS_build", s->hm_build, sizeof s->hm_build);
    }
    if (!line)
        return sund_fail(err, SUND_E_FORMAT, "the scoring file has no header line");
    s->n_column = cut(line, s->cell);
    for (size_t f = 0; f < N_FIELD; f++) {
        s->col[f] = -1;
        for (size_t k = 0; k < s->n_column; k++)
            if (strcmp(s->cell[k], column_name[f]) == 0)
                s->col[f] = (int) k;
    }
    if (s->col[EFFECT] < 0 || s->col[WEIGHT] < 0)
        return sund_fail(err, SUND_E_FORMAT, "the scoring file's line %zu has no columns effect_allele and effect_weight: is it a PGS Catalog file?", s->line);
    s->harmonised = s->col[HM_CHROM] >= 0 && s->col[HM_POS] >= 0 && is_build(s->hm_build, assembly);
    if (!s->harmonised && (s->col[CHROM] < 0 || s->col[POS] < 0 || !is_build(s->build, assembly)))
        return sund_fail(err, SUND_E_MISMATCH, "the scoring file gives no places on %s (genome_build %s, HmPOS_build %s): take the file harmonised to it", sund_assembly_name(assembly),
                         s->build[0] ? s->build : "not given", s->hm_build[0] ? s->hm_build : "not given");
    return SUND_OK;
}

static const char *cell_of(const parsing *s, field f) { return s->col[f] >= 0 ? s->cell[s->col[f]] : ""; }
static bool        yes(const parsing *s, field f) { return strcasecmp(cell_of(s, f), "TRUE") == 0 || strcmp(cell_of(s, f), "1") == 0; }

static bool allele_ok(const char *a)
{
    size_t n = strspn(a, "ACGTacgt");

    return n > 0 && n <= 1024 && !a[n];
}

static bool place(const parsing *s, sund_score_row *r)
{
    const char   *pos = cell_of(s, s->harmonised ? HM_POS : POS);
    char         *end = NULL;
    unsigned long p;
    int           contig = sund_contig_parse(cell_of(s, s->harmonised ? HM_CHROM : CHROM), NULL);

    if (contig <= 0 || !isdigit((unsigned char) pos[0]))
        return false;
    p = strtoul(pos, &end, 10);
    if (p < 1 || p > 300000000 || (*end && strcmp(end, ".0") != 0))
        return false;
    r->contig = (uint8_t) contig;
    r->pos_bp = (uint32_t) (p - 1);
    return true;
}

static void upper(char *a)
{
    for (; *a; a++)
        *a = (char) toupper((unsigned char) *a);
}

static void take_row(parsing *s)
{
    sund_scorefile *f = s->f;
    sund_score_row *r = &f->row[f->n_row];
    char           *end = NULL;
    const char     *weight = cell_of(s, WEIGHT);

    memset(r, 0, sizeof *r);
    if (yes(s, HAPLOTYPE) || yes(s, INTERACTION) || yes(s, DIPLOTYPE)) {
        f->n_complex++;
        return;
    }
    r->weight = strtod(weight, &end);
    if (!*weight || *end || !isfinite(r->weight) || fabs(r->weight) > 1e9) {
        f->n_bad_weight++;
        return;
    }
    if (!place(s, r)) {
        f->n_no_place++;
        return;
    }
    if (r->contig > 22) {
        f->n_not_autosomal++;
        return;
    }
    r->other = cell_of(s, OTHER);
    if (!r->other[0])
        r->other = cell_of(s, HM_OTHER);
    if (!allele_ok(cell_of(s, EFFECT)) || (r->other[0] && !allele_ok(r->other)) || strcasecmp(cell_of(s, EFFECT), r->other) == 0) {
        f->n_bad_allele++;
        return;
    }
    r->effect = cell_of(s, EFFECT);
    upper((char *) (uintptr_t) r->effect);
    upper((char *) (uintptr_t) r->other);
    r->other = r->other[0] ? r->other : NULL;
    r->coding = yes(s, DOMINANT) ? SUND_SCORE_DOMINANT : yes(s, RECESSIVE) ? SUND_SCORE_RECESSIVE : SUND_SCORE_ADDITIVE;
    f->n_row++;
}

static const char *first_of(const sund_score_row *r) { return r->other && strcmp(r->other, r->effect) < 0 ? r->other : r->effect; }
static const char *second_of(const sund_score_row *r) { return first_of(r) == r->effect ? (r->other ? r->other : "") : r->effect; }

static int by_place(const void *a, const void *b)
{
    const sund_score_row *x = *(const sund_score_row *const *) a, *y = *(const sund_score_row *const *) b;
    int                   c;

    if (x->contig != y->contig || x->pos_bp != y->pos_bp)
        return x->contig != y->contig ? (x->contig < y->contig ? -1 : 1) : x->pos_bp < y->pos_bp ? -1 : 1;
    c = strcmp(first_of(x), first_of(y));
    c = c ? c : strcmp(second_of(x), second_of(y));
    return c ? c : (x > y) - (x < y);
}

static bool same_variant(const sund_score_row *x, const sund_score_row *y)
{
    return x->contig == y->contig && x->pos_bp == y->pos_bp && strcmp(first_of(x), first_of(y)) == 0 && strcmp(second_of(x), second_of(y)) == 0;
}

/** Of a variant that is there again, only the first row stays. */
static sund_code drop_repeats(sund_scorefile *f, sund_err *err)
{
    const sund_score_row **at = malloc((f->n_row + 1) * sizeof *at);
    bool                  *again = calloc(f->n_row + 1, 1);
    size_t                 n = 0;

    for (size_t i = 0; at && i < f->n_row; i++)
        at[i] = &f->row[i];
    if (at && again) {
        qsort(at, f->n_row, sizeof *at, by_place);
        for (size_t i = 1; i < f->n_row; i++)
            again[at[i] - f->row] = same_variant(at[i - 1], at[i]);
        for (size_t i = 0; i < f->n_row; i++)
            if (!again[i])
                f->row[n++] = f->row[i];
        f->n_repeated = f->n_row - n;
        f->n_row = n;
    }
    n = at && again;
    free(at);
    free(again);
    return n ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for the scoring file");
}

static sund_code parse(parsing *s, sund_assembly assembly, sund_err *err)
{
    size_t lines = 1;
    char  *line;

    SUND_TRY(read_header(s, assembly, err));
    for (const char *p = s->at; *p; p++)
        lines += *p == '\n';
    s->f->row = malloc((lines + 1) * sizeof *s->f->row);
    if (!s->f->row)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for the scoring file");
    while ((line = next_line(s))) {
        if (!line[0])
            continue;
        s->f->n_line++;
        if (cut(line, s->cell) != s->n_column)
            return sund_fail(err, SUND_E_FORMAT, "the scoring file's line %zu has another number of fields than its header", s->line);
        take_row(s);
    }
    return drop_repeats(s->f, err);
}

sund_code sund_scorefile_parse(sund_scorefile *f, const void *p, size_t n, sund_assembly assembly, sund_err *err)
{
    parsing   s = { .f = f };
    sund_buf  text = { 0 };
    sund_code rc = SUND_OK;

    memset(f, 0, sizeof *f);
    if (sund_gz_is(p, n))
        rc = sund_gunzip(p, n, TEXT_MAX, &text, err);
    else
        sund_buf_put(&text, p, n);
    sund_buf_nul(&text);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&text, err);
    if (rc != SUND_OK) {
        sund_buf_free(&text);
        return sund_fail_in(err, rc, "the scoring file");
    }
    f->text = (char *) text.p;
    if (memchr(f->text, 0, text.n))
        rc = sund_fail(err, SUND_E_FORMAT, "the scoring file is no text");
    s.at = f->text;
    if (rc == SUND_OK)
        rc = parse(&s, assembly, err);
    if (rc != SUND_OK)
        sund_scorefile_free(f);
    return rc;
}

void sund_scorefile_free(sund_scorefile *f)
{
    free(f->row);
    free(f->text);
    memset(f, 0, sizeof *f);
}
