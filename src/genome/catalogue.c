#include "genome/catalogue.h"

#include "base/file.h"
#include "base/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file's own bytes, and where in them each variant's REF is: its ALT follows behind a tab. */
typedef struct listed { uint64_t ref_at : 56, contig : 8; uint32_t pos_bp; uint16_t n_ref, n_alt; } listed;

struct sund_catalogue {
    const char   *text;
    char         *copy; /* of the text; NULL when it is the map's */
    sund_map      map;
    listed       *line;
    size_t        n;
    sund_assembly assembly;
    sund_digest   digest;
};

static sund_code bad(const char *name, size_t line, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s", name, line, why); }

static bool number(const char *s, size_t n, uint32_t *out)
{
    uint64_t v = 0;

    if (n == 0 || n > 9 || s[0] == '0')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (uint64_t) (s[i] - '0');
    }
    *out = (uint32_t) v;
    return v <= 300000000;
}

/** The contig that a line begins with, up to the tab, by its one spelling; 0 when it is none. `last` is tried first. */
static int contig_of(const char *s, size_t n, int last)
{
    char name[4] = "";
    int  contig;

    if (last && strlen(sund_contig_name(last)) == n && memcmp(s, sund_contig_name(last), n) == 0)
        return last;
    if (n < 1 || n > 2)
        return 0;
    memcpy(name, s, n);
    contig = sund_contig_parse(name, NULL);
    return contig && strcmp(sund_contig_name(contig), name) == 0 ? contig : 0;
}

/** One line, without its end. False when it is not of the form that the builder writes. */
static bool parse_line(const char *s, size_t n, int last_contig, sund_variant *v)
{
    const char *tab[3], *at = s;
    uint32_t    pos;

    for (int i = 0; i < 3; i++) {
        tab[i] = memchr(at, '\t', n - (size_t) (at - s));
        if (!tab[i])
            return false;
        at = tab[i] + 1;
    }
    if (memchr(at, '\t', n - (size_t) (at - s)))
        return false;
    v->contig = contig_of(s, (size_t) (tab[0] - s), last_contig);
    if (!v->contig || !number(tab[0] + 1, (size_t) (tab[1] - tab[0] - 1), &pos))
        return false;
    v->pos_bp = pos - 1;
    v->ref = tab[1] + 1;
    v->n_ref = (uint32_t) (tab[2] - tab[1] - 1);
    v->alt = tab[2] + 1;
    v->n_alt = (uint32_t) (s + n - v->alt);
    return v->n_ref && v->n_alt && v->n_ref <= SUND_ALLELE_MAX && v->n_alt <= SUND_ALLELE_MAX;
}

static bool is_normal(const sund_variant *v)
{
    sund_variant w = *v;
    sund_buf     scratch = { 0 };
    sund_kind    kind;
    bool         ok;

    if (v->n_ref == 1 && v->n_alt == 1 && v->ref[0] != v->alt[0] && memchr("ACGT", v->ref[0], 4) && memchr("ACGT", v->alt[0], 4)) /* nearly all are */
        return true;
    ok = sund_variant_kind(v, &kind, NULL) == SUND_OK && sund_variant_normalise(&w, NULL, &scratch, NULL) == SUND_OK && sund_variant_cmp(v, &w) == 0;

    sund_buf_free(&scratch);
    return ok;
}

sund_variant sund_catalogue_at(const sund_catalogue *c, size_t j)
{
    const listed *l = &c->line[j];
    const char   *ref = c->text + l->ref_at;

    return (sund_variant){ l->contig, l->pos_bp, ref, ref + l->n_ref + 1, l->n_ref, l->n_alt };
}

static sund_code parse_header(sund_catalogue *c, const char *name, size_t n, size_t *at, sund_err *err)
{
    static const char head37[] = "#sund-catalogue\t1\tGRCh37\n", head38[] = "#sund-catalogue\t1\tGRCh38\n";
    size_t            h = sizeof head37 - 1;

    if (n < h || (memcmp(c->text, head37, h) != 0 && memcmp(c->text, head38, h) != 0))
        return bad(name, 1, "is no catalogue: '#sund-catalogue<TAB>1<TAB>GRCh37' (or GRCh38) is expected; 'sund catalogue' makes one", err);
    c->assembly = memcmp(c->text, head37, h) == 0 ? SUND_GRCH37 : SUND_GRCH38;
    *at = h;
    return SUND_OK;
}

static sund_code parse_lines(sund_catalogue *c, const char *name, size_t n, size_t at, sund_err *err)
{
    sund_variant last = { 0 };

    while (at < n) {
        const char  *nl = memchr(c->text + at, '\n', n - at);
        sund_variant v = { 0 };

        if (!nl)
            return bad(name, c->n + 2, "the last line has no end: the file was cut", err);
        if (!parse_line(c->text + at, (size_t) (nl - c->text) - at, last.contig, &v))
            return bad(name, c->n + 2, "'contig<TAB>position<TAB>REF<TAB>ALT' is expected", err);
        if (!is_normal(&v))
            return bad(name, c->n + 2, "the variant is not normalised; 'sund catalogue' does that", err);
        if (v.pos_bp >= sund_contig_length(c->assembly, v.contig))
            return bad(name, c->n + 2, "the position lies beyond the contig's end; is the assembly right?", err);
        if (c->n && sund_variant_cmp(&last, &v) >= 0)
            return bad(name, c->n + 2, "the variants are not in ascending order without repeats", err);
        c->line[c->n++] = (listed){ (uint64_t) (v.ref - c->text) & ((1ULL << 56) - 1), (uint8_t) v.contig, v.pos_bp, (uint16_t) v.n_ref, (uint16_t) v.n_alt };
        last = v;
        sund_maps_pass(c->n);
        at = (size_t) (nl - c->text) + 1;
    }
    return SUND_OK;
}

/** Takes over the text that c has, or frees c. */
static sund_code parse(sund_catalogue **out, sund_catalogue *c, const char *name, size_t n, sund_err *err)
{
    size_t    lines = 1, at = 0;
    sund_code rc;

    for (const char *s = c->text; n && (s = memchr(s, '\n', n - (size_t) (s - c->text))); s++)
        sund_maps_pass(lines++);
    c->line = sund_large_new((lines + 1) * sizeof *c->line);
    if (!c->line)
        rc = sund_fail(err, SUND_E_NOMEM, "%s: out of memory for %zu lines", name, lines);
    else
        rc = parse_header(c, name, n, &at, err);
    if (rc == SUND_OK)
        rc = parse_lines(c, name, n, at, err);
    if (rc == SUND_OK) {
        c->digest = sund_digest_of_large(c->text, n);
        *out = c;
    }
    else {
        sund_catalogue_free(c);
    }
    return rc;
}

sund_code sund_catalogue_parse(sund_catalogue **out, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_catalogue *c = calloc(1, sizeof *c);
    char           *copy = sund_large_new(n);

    if (!c || !copy) {
        free(c);
        sund_large_free(copy);
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory for %zu bytes", name, n);
    }
    for (size_t at = 0; at < n; at += SUND_MAP_PIECE) {
        memcpy(copy + at, (const char *) p + at, n - at < SUND_MAP_PIECE ? n - at : SUND_MAP_PIECE);
        sund_maps_rest();
    }
    c->text = c->copy = copy;
    return parse(out, c, name, n, err);
}

sund_code sund_catalogue_read(sund_catalogue **out, const char *path, sund_err *err)
{
    sund_catalogue *c = calloc(1, sizeof *c);
    sund_code       rc = c ? sund_map_open(&c->map, path, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc != SUND_OK) {
        free(c);
        return rc;
    }
    c->text = (const char *) c->map.p;
    return parse(out, c, path, c->map.n, err);
}

void sund_catalogue_free(sund_catalogue *c)
{
    if (!c)
        return;
    sund_map_close(&c->map);
    sund_large_free(c->copy);
    sund_large_free(c->line);
    free(c);
}

size_t        sund_catalogue_n(const sund_catalogue *c) { return c->n; }
sund_assembly sund_catalogue_assembly(const sund_catalogue *c) { return c->assembly; }
sund_digest   sund_catalogue_digest(const sund_catalogue *c) { return c->digest; }

/** First variant at or behind a position. */
static size_t lower(const sund_catalogue *c, int contig, uint32_t pos_bp)
{
    size_t lo = 0, hi = c->n;

    while (lo < hi) {
        size_t       mid = lo + (hi - lo) / 2;
        sund_variant v = sund_catalogue_at(c, mid);

        if (v.contig < contig || (v.contig == contig && v.pos_bp < pos_bp))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void sund_catalogue_range(const sund_catalogue *c, const sund_region *r, size_t *first, size_t *last)
{
    *first = lower(c, r->contig, r->from_bp);
    *last = lower(c, r->contig, r->to_bp);
}

/* The builder keeps records of contig, position, and alleles in one buffer. Files are sorted by position: what splitting records and left-aligning moves is put
 * in its place at once, a few entries back, and only what lies further off makes it sort. */
typedef struct entry { uint64_t at; uint32_t pos_bp, n_ref, n_alt; int contig; } entry;
enum { NEAR = 64 };

struct sund_catalogue_builder {
    sund_assembly assembly;
    sund_buf      alleles;
    entry        *e;
    size_t        n, cap;
    bool          unsorted;
};

sund_code sund_catalogue_builder_new(sund_catalogue_builder **b, sund_assembly a, sund_err *err)
{
    *b = calloc(1, sizeof **b);
    if (!*b)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    (*b)->assembly = a;
    (*b)->alleles.large = true;
    return SUND_OK;
}

static sund_variant entry_variant(const sund_catalogue_builder *b, const entry *e)
{
    const char *s = (const char *) b->alleles.p + e->at;

    return (sund_variant){ e->contig, e->pos_bp, s, s + e->n_ref, e->n_ref, e->n_alt };
}

static int by_variant(const void *a, const void *b, void *builder)
{
    sund_variant x = entry_variant(builder, a), y = entry_variant(builder, b);

    return sund_variant_cmp(&x, &y);
}

sund_code sund_catalogue_builder_add(sund_catalogue_builder *b, const sund_variant *v, sund_err *err)
{
    entry  x = { b->alleles.n, v->pos_bp, v->n_ref, v->n_alt, v->contig };
    size_t at = b->n;

    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 1024;
        entry *e = sund_large_renew(b->e, b->cap * sizeof *e, cap * sizeof *e);

        if (!e)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", cap);
        b->e = e;
        b->cap = cap;
    }
    sund_buf_put(&b->alleles, v->ref, v->n_ref);
    sund_buf_put(&b->alleles, v->alt, v->n_alt);
    SUND_TRY(sund_buf_ok(&b->alleles, err));
    for (; !b->unsorted && at > 0 && by_variant(&b->e[at - 1], &x, b) > 0; at--) {
        b->unsorted = b->n - at == NEAR;
        b->e[at] = b->e[at - 1];
    }
    b->e[at] = x;
    sund_maps_pass(b->n++);
    return SUND_OK;
}

sund_code sund_catalogue_builder_end(sund_catalogue_builder *b, sund_buf *out, sund_err *err)
{
    sund_buf_printf(out, "#sund-catalogue\t1\t%s\n", sund_assembly_name(b->assembly));
    if (b->unsorted)
        qsort_r(b->e, b->n, sizeof *b->e, by_variant, b);
    for (size_t i = 0; i < b->n; i++) {
        sund_variant v = entry_variant(b, &b->e[i]);

        sund_maps_pass(i);
        if (i && by_variant(&b->e[i - 1], &b->e[i], b) == 0)
            continue;
        sund_buf_printf(out, "%s\t%u\t", sund_contig_name(v.contig), v.pos_bp + 1);
        sund_buf_put(out, v.ref, v.n_ref);
        sund_buf_text(out, "\t");
        sund_buf_put(out, v.alt, v.n_alt);
        sund_buf_text(out, "\n");
    }
    return sund_buf_ok(out, err);
}

void sund_catalogue_builder_free(sund_catalogue_builder *b)
{
    if (!b)
        return;
    sund_buf_free(&b->alleles);
    sund_large_free(b->e);
    free(b);
}
