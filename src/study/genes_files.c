#include "base/ini.h"
#include "base/tsv.h"
#include "study/genes_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which variants make a gene: those of the pinned catalogue within its region, and with a table of classes only those that it gives the gene in a class of the mask. */

enum { MEMBER_MAX = 50000000 };

/** Everything but comments. */
static sund_code without_comments(sund_cur text, sund_buf *out, sund_err *err)
{
    for (size_t at = 0, n; at < text.n; at += n) {
        const uint8_t *p = text.p + at, *nl = memchr(p, '\n', text.n - at);

        n = nl ? (size_t) (nl - p) + 1 : text.n - at;
        if (!(p[0] == '#' && (n < 2 || p[1] == '#' || p[1] == ' ' || p[1] == '\n' || p[1] == '\r')))
            sund_buf_put(out, p, n);
    }
    return sund_buf_ok(out, err);
}

static sund_code read_table(sund_tsv *t, const char *name, sund_cur text, sund_err *err)
{
    sund_buf  plain = { 0 };
    sund_code rc = without_comments(text, &plain, err);

    if (rc == SUND_OK)
        rc = plain.n ? sund_tsv_parse(t, name, plain.p, plain.n, err) : sund_fail(err, SUND_E_FORMAT, "%s: the table is empty", name);
    sund_buf_free(&plain);
    return rc;
}

static bool name_ok(const char *s, size_t max)
{
    size_t n = 0;

    for (; s[n]; n++)
        if (s[n] <= ' ' || s[n] > '~')
            return false;
    return n > 0 && n <= max;
}

static sund_code bad_row(const sund_tsv *t, size_t row, const char *why, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s: row %zu (comments and header not counted): %s", t->name, row + 1, why);
}

static sund_code read_gene(const sund_tsv *t, size_t row, const size_t col[4], sund_assembly assembly, genes_gene *g, bool *elsewhere, sund_err *err)
{
    const char *name = sund_tsv_at(t, row, col[0]);
    int64_t     from, to;

    if (!name_ok(name, sizeof g->name - 1))
        return bad_row(t, row, "a gene has a name of 1 to 64 printable characters without blanks", err);
    g->at.contig = sund_contig_parse(sund_tsv_at(t, row, col[1]), NULL);
    *elsewhere = g->at.contig == 0;
    if (*elsewhere)
        return SUND_OK;
    if (!sund_parse_i64(sund_tsv_at(t, row, col[2]), 1, INT32_MAX, &from) || !sund_parse_i64(sund_tsv_at(t, row, col[3]), 1, INT32_MAX, &to) || to < from ||
        to > (int64_t) sund_contig_length(assembly, g->at.contig))
        return bad_row(t, row, "start and end are whole numbers, from 1 to the end of the sequence on the catalogue's assembly, start first", err);
    (void) snprintf(g->name, sizeof g->name, "%s", name);
    g->at.from_bp = (uint32_t) from - 1;
    g->at.to_bp = (uint32_t) to;
    return SUND_OK;
}

sund_code sund_genes_parse(sund_cur text, sund_assembly assembly, genes_gene **gene, size_t *n, size_t *n_elsewhere, sund_err *err)
{
    static const char *const name[4] = { "gene", "chrom", "start", "end" };
    sund_tsv                 t = { 0 };
    size_t                   col[4];
    sund_code                rc;

    *gene = NULL;
    *n = *n_elsewhere = 0;
    SUND_TRY(read_table(&t, "genes", text, err));
    for (size_t k = 0; k < 4; k++)
        SUND_GO(sund_tsv_need(&t, name[k], &col[k], err));
    *gene = calloc(t.n_row + 1, sizeof **gene);
    rc = *gene ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu genes", t.n_row);
    for (size_t i = 0; rc == SUND_OK && i < t.n_row; i++) {
        bool elsewhere = false;

        rc = read_gene(&t, i, col, assembly, &(*gene)[*n], &elsewhere, err);
        *n_elsewhere += elsewhere;
        *n += !elsewhere;
    }
out:
    sund_tsv_free(&t);
    if (rc != SUND_OK) {
        free(*gene);
        *gene = NULL;
    }
    return rc;
}

/* ---- members: pairs of a gene and a variant, sorted ---- */

typedef struct pair { uint32_t gene, variant; } pair;
typedef struct pairs { pair *p; size_t n, cap; } pairs;

static sund_code add_pair(pairs *x, size_t gene, size_t variant, sund_err *err)
{
    if (x->n == MEMBER_MAX)
        return sund_fail(err, SUND_E_LIMIT, "the genes hold more than %d variants in all: name a region, or classes", MEMBER_MAX);
    if (x->n == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 4096;
        pair  *p = realloc(x->p, cap * sizeof *p);

        if (!p)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants of genes", cap);
        x->p = p;
        x->cap = cap;
    }
    x->p[x->n++] = (pair){ (uint32_t) gene, (uint32_t) variant };
    return SUND_OK;
}

static int by_gene(const void *a, const void *b)
{
    const pair *x = a, *y = b;

    return x->gene != y->gene ? (x->gene < y->gene ? -1 : 1) : (x->variant > y->variant) - (x->variant < y->variant);
}

/** The part of [from, to) that the study asks. */
static void in_range(const sund_state *st, size_t *from, size_t *to)
{
    size_t last = st->first + st->n_variant;

    *from = *from < st->first ? st->first : *from;
    *to = *to > last ? last : *to;
}

static sund_code pairs_by_region(const sund_state *st, const genes_gene *gene, size_t n, pairs *out, sund_err *err)
{
    for (size_t g = 0; g < n; g++) {
        size_t from, to;

        sund_catalogue_range(st->catalogue, &gene[g].at, &from, &to);
        in_range(st, &from, &to);
        for (size_t j = from; j < to; j++)
            SUND_TRY(add_pair(out, g, j - st->first, err));
    }
    return SUND_OK;
}

typedef struct named { const char *name; uint32_t gene; } named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int          c = strcmp(x->name, y->name);

    return c ? c : (x->gene > y->gene) - (x->gene < y->gene);
}

static bool word_in(const char *word, const char *list)
{
    size_t len = strlen(word);

    for (const char *at = list; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == len && memcmp(at, word, len) == 0)
            return true;
    return false;
}

static bool find_variant(const sund_state *st, const sund_variant *v, size_t *j)
{
    size_t low = st->first, high = low + st->n_variant;

    while (low < high) {
        size_t       mid = low + (high - low) / 2;
        sund_variant x = sund_catalogue_at(st->catalogue, mid);
        int          c = sund_variant_cmp(&x, v);

        if (c == 0) {
            *j = mid - st->first;
            return true;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/** One row of the classes whose class is in the mask. */
static sund_code take_row(sund_state *st, const sund_tsv *t, size_t row, const size_t col[3], const genes_gene *gene, const named *name, size_t n, sund_buf *text, pairs *out,
                          sund_err *err)
{
    genes_own   *own = st->own;
    const char  *want = sund_tsv_at(t, row, col[1]);
    sund_variant v;
    size_t       low = 0, high = n, j;

    sund_buf_clear(text);
    if (sund_variant_parse(sund_tsv_at(t, row, col[0]), &v, text, err) != SUND_OK)
        return bad_row(t, row, "its variant cannot be read; 20-1000226-A-T is expected", err);
    if (!find_variant(st, &v, &j)) {
        own->n_off++;
        return SUND_OK;
    }
    while (low < high) { /* the first of that name */
        size_t mid = low + (high - low) / 2;

        if (strcmp(name[mid].name, want) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < n && strcmp(name[low].name, want) == 0; low++) {
        const sund_region *at = &gene[name[low].gene].at;

        if (v.contig == at->contig && v.pos_bp >= at->from_bp && v.pos_bp < at->to_bp)
            SUND_TRY(add_pair(out, name[low].gene, j, err));
    }
    return SUND_OK;
}

/** Every class that the mask names is in the table: a name mistyped would test nothing in silence. */
static sund_code check_mask(const sund_tsv *t, size_t col, const char *mask, sund_err *err)
{
    char word[513];

    for (const char *at = mask; *at; at += strcspn(at, "|"), at += *at == '|') {
        bool found = false;

        (void) snprintf(word, sizeof word, "%.*s", (int) strcspn(at, "|"), at);
        for (size_t i = 0; i < t->n_row && !found; i++)
            found = strcmp(sund_tsv_at(t, i, col), word) == 0;
        if (!found)
            return sund_fail(err, SUND_E_ARG, "mask: no variant of the classes is '%.64s'; classes such as '%.64s' are there", word, t->n_row ? sund_tsv_at(t, 0, col) : "");
    }
    return SUND_OK;
}

static sund_code pairs_by_class(sund_state *st, const genes_gene *gene, size_t n, pairs *out, sund_err *err)
{
    static const char *const column[3] = { "variant", "gene", "class" };
    const char              *mask = sund_study_text(st->study, "mask");
    sund_tsv                 t = { 0 };
    sund_buf                 text = { 0 };
    named                   *name = calloc(n + 1, sizeof *name);
    size_t                   col[3];
    sund_code                rc = name ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu genes", n);

    if (rc == SUND_OK)
        rc = read_table(&t, "classes", sund_state_file(st, "classes"), err);
    for (size_t k = 0; rc == SUND_OK && k < 3; k++)
        rc = sund_tsv_need(&t, column[k], &col[k], err);
    if (rc == SUND_OK)
        rc = check_mask(&t, col[2], mask, err);
    for (size_t g = 0; name && g < n; g++)
        name[g] = (named){ gene[g].name, (uint32_t) g };
    if (name)
        qsort(name, n, sizeof *name, by_name);
    for (size_t i = 0; rc == SUND_OK && i < t.n_row; i++)
        if (!mask[0] || word_in(sund_tsv_at(&t, i, col[2]), mask))
            rc = take_row(st, &t, i, col, gene, name, n, &text, out, err);
    sund_tsv_free(&t);
    sund_buf_free(&text);
    free(name);
    return rc;
}

/** The distinct variants of all pairs, ascending; pairs then hold their places among them. */
static sund_code number_asked(genes_own *own, size_t n_variant, pairs *x, sund_err *err)
{
    uint32_t *place = calloc(n_variant + 1, sizeof *place);

    own->asked = calloc(x->n + 1, sizeof *own->asked);
    if (!place || !own->asked) {
        free(place);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", n_variant);
    }
    for (size_t i = 0; i < x->n; i++)
        place[x->p[i].variant] = 1;
    for (size_t j = 0; j < n_variant; j++)
        if (place[j]) {
            place[j] = (uint32_t) own->n_asked;
            own->asked[own->n_asked++] = (uint32_t) j;
        }
    for (size_t i = 0; i < x->n; i++)
        x->p[i].variant = place[x->p[i].variant];
    free(place);
    return SUND_OK;
}

/** Members gene by gene, each once; genes without any go. */
static sund_code make_members(genes_own *own, const genes_gene *gene, size_t n, const pairs *x, sund_err *err)
{
    size_t n_gene = 0;

    own->member = calloc(x->n + 1, sizeof *own->member);
    own->gene = calloc(n + 1, sizeof *own->gene);
    if (!own->member || !own->gene)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants of genes", x->n);
    for (size_t i = 0; i < x->n; i++) {
        if (i > 0 && by_gene(&x->p[i - 1], &x->p[i]) == 0)
            continue;
        if (i == 0 || x->p[i].gene != x->p[i - 1].gene) {
            own->gene[n_gene] = gene[x->p[i].gene];
            own->gene[n_gene++].from = own->n_member;
        }
        own->member[own->n_member++] = x->p[i].variant;
        own->gene[n_gene - 1].n++;
    }
    own->n_gene = n_gene;
    return SUND_OK;
}

sund_code sund_genes_choose(sund_state *st, sund_err *err)
{
    genes_own  *own = st->own;
    genes_gene *gene = NULL;
    pairs       x = { NULL, 0, 0 };
    bool        classes = sund_study_text(st->study, "classes")[0];
    size_t      n;
    sund_code   rc;

    SUND_TRY(sund_genes_parse(sund_state_file(st, "genes"), sund_catalogue_assembly(st->catalogue), &gene, &n, &own->n_elsewhere, err));
    if (classes)
        SUND_GO(pairs_by_class(st, gene, n, &x, err));
    else
        SUND_GO(pairs_by_region(st, gene, n, &x, err));
    rc = SUND_OK;
    if (x.n == 0)
        SUND_GO(sund_fail(err, SUND_E_NOT_FOUND, "no variant of the catalogue lies in a gene%s", classes ? " with a class of the mask" : ""));
    qsort(x.p, x.n, sizeof *x.p, by_gene);
    SUND_GO(number_asked(own, st->n_variant, &x, err));
    rc = make_members(own, gene, n, &x, err);
out:
    free(x.p);
    free(gene);
    return rc;
}
