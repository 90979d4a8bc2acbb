#include "summary/summary.h"

#include "base/gz.h"
#include "genome/contig.h"
#include "math/func.h"
#include "stats/meta.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_MAX_BYTES = 1 << 16, COLUMNS_MAX = 128, BLOCK = 1 << 20 };

/* ---- alleles live in blocks ---- */

struct sund_arena { struct block { struct block *next; size_t used; char p[BLOCK]; } *first; };

static char *keep_upper(struct sund_arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char  *p;

    if (!a->first || a->first->used + n > BLOCK) {
        struct block *b = malloc(sizeof *b);

        if (!b)
            return NULL;
        b->next = a->first;
        b->used = 0;
        a->first = b;
    }
    p = a->first->p + a->first->used;
    for (size_t i = 0; i < n; i++)
        p[i] = (char) toupper((unsigned char) s[i]);
    a->first->used += n;
    return p;
}

/* ---- dialects ---- */

typedef enum field { CHROM, POS, EFFECT, OTHER, BETA, RATIO, SE, EAF, N, TEST, REF, ALT, OMITTED, MARKER, N_FIELD } field;

typedef struct dialect { const char *name; bool knows_ref; const char *column[N_FIELD]; } dialect;

static const dialect dialects[] = {
    { "sund", true, { [CHROM] = "chrom", [POS] = "pos", [OTHER] = "ref", [EFFECT] = "alt", [BETA] = "beta", [SE] = "se", [EAF] = "af", [N] = "n" } },
    { "GWAS-SSF", false,
      { [CHROM] = "chromosome", [POS] = "base_pair_location", [OTHER] = "other_allele", [EFFECT] = "effect_allele", [BETA] = "beta", [RATIO] = "odds_ratio", [SE] = "standard_error",
        [EAF] = "effect_allele_frequency", [N] = "n" } },
    { "plink2", true,
      { [CHROM] = "CHROM", [POS] = "POS", [REF] = "REF", [ALT] = "ALT", [EFFECT] = "A1", [OMITTED] = "OMITTED", [BETA] = "BETA", [RATIO] = "OR", [SE] = "SE|LOG(OR)_SE", [EAF] = "A1_FREQ",
        [N] = "OBS_CT", [TEST] = "TEST" } },
    { "regenie", true,
      { [CHROM] = "CHROM", [POS] = "GENPOS", [OTHER] = "ALLELE0", [EFFECT] = "ALLELE1", [BETA] = "BETA", [SE] = "SE", [EAF] = "A1FREQ", [N] = "N", [TEST] = "TEST" } },
    { "METAL", false, { [MARKER] = "MarkerName", [EFFECT] = "Allele1", [OTHER] = "Allele2", [BETA] = "Effect", [SE] = "StdErr", [EAF] = "Freq1", [N] = "N|Weight" } },
};

typedef struct reading {
    sund_summary  *s;
    sund_gz       *in;
    char          *line;
    size_t         n_line, n_column, cap;
    char          *cell[COLUMNS_MAX];
    const dialect *d;
    int            at[N_FIELD]; /* column of a field, or -1 */
    bool           blanks;      /* any run of blanks separates */
} reading;

static sund_code bad(const reading *r, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s", r->s->name, r->n_line, why); }

/** The next line without its end; *more false at the end of the file. */
static sund_code next_line(reading *r, bool *more, sund_err *err)
{
    sund_err  why;
    sund_code rc = sund_gz_line(r->in, r->line, LINE_MAX_BYTES, more, &why);

    r->n_line += *more;
    return rc == SUND_OK ? SUND_OK : bad(r, why.msg, err);
}

static size_t cut(reading *r, char **cell)
{
    size_t n = 0;
    char  *at = r->line;

    for (; n < COLUMNS_MAX; n++) {
        if (r->blanks)
            at += strspn(at, " \t");
        if (r->blanks && !*at)
            break;
        cell[n] = at;
        at += strcspn(at, r->blanks ? " \t" : "\t");
        if (!*at)
            return n + 1;
        *at++ = 0;
    }
    return n;
}

static int find(char *const *name, size_t n, const char *want)
{
    for (const char *at = want; at && *at; at += strcspn(at, "|"), at += *at == '|') {
        size_t len = strcspn(at, "|");

        for (size_t c = 0; c < n; c++)
            if (strlen(name[c]) == len && memcmp(name[c], at, len) == 0)
                return (int) c;
    }
    return -1;
}

/** Whether these columns are of a dialect: everything that names a variant, and an effect with its error. */
static bool is_dialect(const dialect *d, char *const *name, size_t n, int *at)
{
    for (size_t f = 0; f < N_FIELD; f++) {
        at[f] = d->column[f] ? find(name, n, d->column[f]) : -1;
        if (at[f] < 0 && d->column[f] && f != BETA && f != RATIO && f != EAF && f != N && f != TEST && f != OMITTED)
            return false;
    }
    return at[BETA] >= 0 || at[RATIO] >= 0;
}

static sund_code read_header(reading *r, sund_err *err)
{
    bool more = false;
    char list[200] = "";

    SUND_TRY(next_line(r, &more, err));
    if (!more)
        return sund_fail(err, SUND_E_FORMAT, "%s is empty", r->s->name);
    r->blanks = !strchr(r->line, '\t');
    if (r->line[0] == '#')
        memmove(r->line, r->line + 1, strlen(r->line));
    r->n_column = cut(r, r->cell);
    for (size_t d = 0; d < sizeof dialects / sizeof *dialects; d++)
        if (is_dialect(&dialects[d], r->cell, r->n_column, r->at)) {
            r->d = &dialects[d];
            r->s->dialect = r->d->name;
            r->s->knows_ref = r->d->knows_ref;
            return SUND_OK;
        }
    for (size_t c = 0; c < r->n_column; c++)
        (void) snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.30s", c ? ", " : "", r->cell[c]);
    return sund_fail(err, SUND_E_FORMAT, "%s: the columns (%.180s) are none of Sund's, GWAS-SSF's, plink2's, regenie's or METAL's", r->s->name, list);
}

/* ---- rows ---- */

static const char *cell_of(const reading *r, field f) { return r->at[f] >= 0 ? r->cell[r->at[f]] : ""; }

/** A finite number; NaN for a missing one (NA, empty, '.'), and *broken when it is neither. */
static double number(const char *s, bool *broken)
{
    char  *end = NULL;
    double x;

    if (!*s || strcmp(s, "NA") == 0 || strcmp(s, ".") == 0 || strcmp(s, "nan") == 0 || strcmp(s, "NaN") == 0 || strcmp(s, "#NA") == 0)
        return (double) NAN;
    x = strtod(s, &end);
    if (*end || (s[0] != '-' && s[0] != '+' && s[0] != '.' && !isdigit((unsigned char) s[0])))
        *broken = true;
    return isfinite(x) ? x : (double) NAN;
}

static bool allele_ok(const char *s)
{
    size_t n = strspn(s, "ACGTNacgtn");

    return n > 0 && !s[n] && n <= 1024;
}

/** Chromosome and position, or METAL's marker chr:pos[...]. */
static bool place(const reading *r, sund_assoc *a)
{
    char           chrom[40];
    const char    *pos = cell_of(r, POS);
    char          *end = NULL;
    unsigned long  p;
    int            contig;

    (void) snprintf(chrom, sizeof chrom, "%s", cell_of(r, CHROM));
    if (r->at[MARKER] >= 0) {
        const char *m = cell_of(r, MARKER);
        size_t      n = strcspn(m, ":_-");

        if (n == 0 || n >= sizeof chrom || !m[n])
            return false;
        memcpy(chrom, m, n);
        chrom[n] = 0;
        pos = m + n + 1;
    }
    contig = strcmp(chrom, "23") == 0 ? SUND_X : strcmp(chrom, "24") == 0 ? SUND_Y : sund_contig_parse(chrom, NULL);
    if (!isdigit((unsigned char) pos[0]))
        return false;
    p = strtoul(pos, &end, 10);
    if (contig <= 0 || p < 1 || p > 300000000 || (*end && r->at[MARKER] < 0) || (*end && !strchr(":_-", *end)))
        return false;
    a->contig = (uint8_t) contig;
    a->pos_bp = (uint32_t) (p - 1);
    return true;
}

static const char *other_allele(const reading *r)
{
    if (r->at[REF] < 0)
        return cell_of(r, OTHER);
    if (r->at[OMITTED] >= 0)
        return cell_of(r, OMITTED);
    return strcmp(cell_of(r, EFFECT), cell_of(r, ALT)) == 0 ? cell_of(r, REF) : cell_of(r, ALT);
}

static sund_code take_row(reading *r, sund_err *err)
{
    sund_summary *s = r->s;
    sund_assoc    a = { 0 };
    bool          broken = false, ratio = r->at[BETA] < 0;

    if (r->at[TEST] >= 0 && strcmp(cell_of(r, TEST), "ADD") != 0 && strcmp(cell_of(r, TEST), "ADD-SKAT") != 0)
        return s->n_other_test++, SUND_OK;
    a.beta = number(cell_of(r, ratio ? RATIO : BETA), &broken);
    a.se = number(cell_of(r, SE), &broken);
    a.eaf = number(cell_of(r, EAF), &broken);
    a.n = number(cell_of(r, N), &broken);
    if (broken)
        return bad(r, "an effect, standard error, frequency or number of people is no number", err);
    if (ratio)
        a.beta = a.beta > 0.0 ? sund_ln(a.beta) : (double) NAN;
    if (isnan(a.beta) || !(a.se > 0.0))
        return s->n_no_estimate++, SUND_OK;
    if (!place(r, &a))
        return s->n_no_place++, SUND_OK;
    if (!allele_ok(cell_of(r, EFFECT)) || !allele_ok(other_allele(r)) || strcasecmp(cell_of(r, EFFECT), other_allele(r)) == 0)
        return s->n_bad_allele++, SUND_OK;
    a.effect = keep_upper(s->arena, cell_of(r, EFFECT));
    a.other = keep_upper(s->arena, other_allele(r));
    if (s->n_row == r->cap) {
        size_t      cap = r->cap ? 2 * r->cap : 1024;
        sund_assoc *more = realloc(s->row, cap * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu rows", cap);
        s->row = more;
        r->cap = cap;
    }
    if (!a.effect || !a.other)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for alleles");
    s->row[s->n_row++] = a;
    return SUND_OK;
}

static int by_variant(const void *x, const void *y)
{
    const sund_assoc *a = x, *b = y;
    bool              fa = strcmp(a->other, a->effect) < 0, fb = strcmp(b->other, b->effect) < 0;
    int               c;

    if (a->contig != b->contig)
        return a->contig < b->contig ? -1 : 1;
    if (a->pos_bp != b->pos_bp)
        return a->pos_bp < b->pos_bp ? -1 : 1;
    c = strcmp(fa ? a->other : a->effect, fb ? b->other : b->effect);
    return c ? c : strcmp(fa ? a->effect : a->other, fb ? b->effect : b->other);
}

/** Sorted; of a variant that is there twice none is kept, for nobody can say which is right. */
static sund_code sort_rows(sund_summary *s, sund_err *err)
{
    double *z2 = malloc((s->n_row + 1) * sizeof *z2);
    size_t  n = 0;

    if (!z2)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu rows", s->n_row);
    if (s->n_row)
        qsort(s->row, s->n_row, sizeof *s->row, by_variant);
    for (size_t i = 0, last; i < s->n_row; i = last) {
        for (last = i + 1; last < s->n_row && by_variant(&s->row[i], &s->row[last]) == 0; last++)
            continue;
        if (last == i + 1)
            s->row[n++] = s->row[i];
        else
            s->n_repeated += last - i;
    }
    s->n_row = n;
    for (size_t i = 0; i < n; i++)
        z2[i] = s->row[i].beta / s->row[i].se * (s->row[i].beta / s->row[i].se);
    s->lambda = sund_lambda(z2, n);
    free(z2);
    return SUND_OK;
}

static sund_code read_rows(reading *r, sund_err *err)
{
    bool more = false;

    SUND_TRY(read_header(r, err));
    for (;;) {
        SUND_TRY(next_line(r, &more, err));
        if (!more)
            break;
        if (!r->line[0])
            continue;
        r->s->n_line++;
        if (cut(r, r->cell) != r->n_column)
            return bad(r, "the line has another number of fields than the header", err);
        SUND_TRY(take_row(r, err));
    }
    return sort_rows(r->s, err);
}

sund_code sund_summary_read(sund_summary *s, const char *path, sund_err *err)
{
    reading     r = { .s = s };
    const char *name = strrchr(path, '/');
    sund_code   rc;

    memset(s, 0, sizeof *s);
    (void) snprintf(s->name, sizeof s->name, "%s", name ? name + 1 : path);
    s->arena = calloc(1, sizeof *s->arena);
    r.line = malloc(LINE_MAX_BYTES);
    rc = s->arena && r.line ? sund_gz_open(&r.in, path, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (rc == SUND_OK)
        rc = read_rows(&r, err);
    sund_gz_close(r.in);
    free(r.line);
    if (rc != SUND_OK)
        sund_summary_free(s);
    return rc;
}

bool sund_summary_same(const sund_summary *a, const sund_summary *b)
{
    size_t i = 0;

    if (a->n_row != b->n_row)
        return false;
    for (; i < a->n_row; i++) {
        const sund_assoc *x = &a->row[i], *y = &b->row[i];

        if (x->contig != y->contig || x->pos_bp != y->pos_bp || !(x->beta == y->beta) || !(x->se == y->se) || strcmp(x->other, y->other) != 0 || strcmp(x->effect, y->effect) != 0)
            return false;
    }
    return i > 0;
}

void sund_summary_free(sund_summary *s)
{
    while (s->arena && s->arena->first) {
        struct block *b = s->arena->first;

        s->arena->first = b->next;
        free(b);
    }
    free(s->arena);
    free(s->row);
    memset(s, 0, sizeof *s);
}
