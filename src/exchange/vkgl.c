#include "exchange/vkgl.h"

#include "base/ini.h"
#include "base/tsv.h"
#include "exchange/acmg.h"
#include "exchange/forms_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A place is "chromosome TAB start TAB stop TAB ref TAB alt" in one buffer, by its offset: it is a key and a line's beginning at once. */

enum { NOT_SUBMITTED_ABOVE_BP = 15 };
typedef enum outcome { MISSED = 0, UNCHANGED, UPDATED, REMOVED } outcome;

typedef struct mapping { /* what ClinVar has of one laboratory */
    size_t    lab, place, order;
    char      gene[64], accession[40], comment[160];
    sund_acmg acmg;    /* NONE: was deleted there */
    bool      deleted; /* it was listed so */
    outcome   came;
} mapping;

typedef struct line { /* of the consensus table */
    size_t    place, row, group; /* group: row of the first line of its place */
    int64_t   start, stop, n_lab;
    sund_vkgl type;
} line;

typedef struct cycle {
    const sund_vkgl_cycle *c;
    sund_tsv  t;                  /* consensus */
    size_t    first_lab, n_lab, gene;
    sund_buf  text;
    mapping  *map;
    size_t    n_map, cap_map;
    line     *line;               /* by place, then row; later by group, place, row */
    sund_tsv  pseudo;
    sund_buf *variants;           /* a sheet for each laboratory */
} cycle;

static const char *place_at(const cycle *c, size_t at) { return (const char *) c->text.p + at; }

static sund_code bad(const char *name, size_t row, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s", name, row, why); }

/** Puts a place into the text. */
static bool put_place(cycle *c, const char *const part[5], size_t *at, int64_t *start, int64_t *stop)
{
    *stop = -1;
    if (!part[0][0] || !part[3][0] || !part[4][0] || !sund_parse_i64(part[1], 1, INT32_MAX, start) || (part[2][0] && !sund_parse_i64(part[2], 1, INT32_MAX, stop)))
        return false;
    *at = c->text.n;
    sund_buf_printf(&c->text, "%s\t%lld\t%s\t%s\t%s", part[0], (long long) *start, part[2], part[3], part[4]);
    sund_buf_u8(&c->text, 0);
    return true;
}

static sund_code lab_index(const cycle *c, const char *lab, const char *name, size_t *at, sund_err *err)
{
    for (size_t k = 0; k < c->n_lab; k++)
        if (strcmp(c->t.column[c->first_lab + k], lab) == 0) {
            *at = k;
            return SUND_OK;
        }
    return sund_fail(err, SUND_E_MISMATCH, "%s names the laboratory '%.60s', which is no column of %s", name, lab, c->c->consensus.name);
}

static sund_code add_mapping(cycle *c, const mapping *m, sund_err *err)
{
    if (c->n_map == c->cap_map) {
        size_t   cap = c->cap_map ? 2 * c->cap_map : 256;
        mapping *more = realloc(c->map, cap * sizeof *more);

        if (!more)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        c->map = more;
        c->cap_map = cap;
    }
    c->map[c->n_map] = *m;
    c->map[c->n_map].order = c->n_map;
    c->n_map++;
    return SUND_OK;
}

static sund_code read_mapping(cycle *c, const sund_vkgl_text *f, bool deleted, sund_err *err)
{
    static const char *const name[9] = { "chromosome", "start", "stop", "ref", "alt", "gene", "clinvar_accession", "classification", "lab" };
    size_t                   at[9];
    sund_tsv                 t = { .n_row = 0 };
    sund_code                rc;

    if (!f->p)
        return SUND_OK;
    SUND_TRY(sund_tsv_parse(&t, f->name, f->p, f->n, err));
    for (size_t k = 0; k < 9; k++)
        SUND_GO(sund_tsv_need(&t, name[k], &at[k], err));
    for (size_t row = 0; row < t.n_row; row++) {
        const char *cell[9];
        mapping     m = { .deleted = deleted };
        int64_t     start, stop;

        for (size_t k = 0; k < 9; k++)
            cell[k] = sund_tsv_at(&t, row, at[k]);
        SUND_GO(lab_index(c, cell[8], f->name, &m.lab, err));
        m.acmg = deleted ? SUND_ACMG_NONE : sund_acmg_parse(cell[7]);
        if (!put_place(c, cell, &m.place, &start, &stop) || !sund_form_text(m.gene, sizeof m.gene, cell[5]) || !sund_clinvar_accession(cell[6], m.accession) || (!deleted && m.acmg == SUND_ACMG_NONE)) {
            rc = bad(f->name, row + 2, "a place, a gene's symbol, an accession and a class are expected", err);
            goto out;
        }
        SUND_GO(add_mapping(c, &m, err));
    }
out:
    sund_tsv_free(&t);
    return rc;
}

static sund_code read_report(cycle *c, const sund_vkgl_text *f, sund_err *err)
{
    static const char *const attribute[5] = { "Chr", "start", "stop", "referenceAllele", "alternateAllele" };
    char        part[5][1100];
    size_t      skipped, at_scv, at_place, at_class, lab;
    const char *place;
    sund_tsv    t = { .n_row = 0 };
    sund_code   rc;

    SUND_TRY(lab_index(c, f->lab, f->name, &lab, err));
    SUND_TRY(sund_clinvar_report_table(f->name, f->p, f->n, &t, &skipped, &place, err));
    SUND_GO(sund_tsv_need(&t, "SCV", &at_scv, err));
    SUND_GO(sund_tsv_need(&t, place, &at_place, err));
    SUND_GO(sund_tsv_need(&t, "Clinical_significance", &at_class, err));
    for (size_t row = 0; row < t.n_row; row++) {
        const char *cell[5];
        mapping     m = { .lab = lab, .acmg = sund_acmg_parse(sund_tsv_at(&t, row, at_class)) };
        int         gene = sund_tsv_column(&t, "Submitted_gene");
        bool        sound = m.acmg != SUND_ACMG_NONE && sund_clinvar_accession(sund_tsv_at(&t, row, at_scv), m.accession) &&
                     (gene < 0 || sund_form_text(m.gene, sizeof m.gene, sund_tsv_at(&t, row, (size_t) gene)));
        int64_t start, stop;

        for (size_t k = 0; k < 5; k++) {
            sound = sound && sund_clinvar_location(sund_tsv_at(&t, row, at_place), attribute[k], part[k], sizeof part[k]);
            cell[k] = part[k];
        }
        if (!sound || !put_place(c, cell, &m.place, &start, &stop)) {
            rc = bad(f->name, row + skipped + 2, "a SequenceLocation with place and alleles, an SCV accession and one of the five classes are expected", err);
            goto out;
        }
        SUND_GO(add_mapping(c, &m, err));
    }
out:
    sund_tsv_free(&t);
    return rc;
}

static _Thread_local const cycle *sorting; /* qsort and bsearch have no context */

static int by_accession(const void *a, const void *b) { return strcmp(((const mapping *) a)->accession, ((const mapping *) b)->accession); }

static int by_lab_place(const void *a, const void *b)
{
    const mapping *x = a, *y = b;

    return x->lab != y->lab ? (x->lab < y->lab ? -1 : 1) : strcmp(place_at(sorting, x->place), place_at(sorting, y->place));
}

static int by_lab_place_order(const void *a, const void *b)
{
    const mapping *x = a, *y = b;
    int            c = by_lab_place(a, b);

    return c ? c : x->order < y->order ? -1 : x->order > y->order;
}

/** No accession twice; of one place the last that was read counts. */
static sund_code settle_mappings(cycle *c, sund_err *err)
{
    size_t n = 0;

    if (!c->n_map)
        return SUND_OK;
    qsort(c->map, c->n_map, sizeof *c->map, by_accession);
    for (size_t i = 1; i < c->n_map; i++)
        if (strcmp(c->map[i].accession, c->map[i - 1].accession) == 0)
            return sund_fail(err, SUND_E_MISMATCH, "the accession %s is there twice in mappings, reports and deletes", c->map[i].accession);
    qsort(c->map, c->n_map, sizeof *c->map, by_lab_place_order);
    for (size_t i = 0; i < c->n_map; i++)
        if (i + 1 == c->n_map || by_lab_place(&c->map[i], &c->map[i + 1]) != 0)
            c->map[n++] = c->map[i];
    c->n_map = n;
    return SUND_OK;
}

static mapping *find_mapping(cycle *c, size_t lab, size_t place)
{
    mapping want = { .lab = lab, .place = place };

    return c->n_map ? bsearch(&want, c->map, c->n_map, sizeof *c->map, by_lab_place) : NULL;
}

static int by_place(const void *a, const void *b)
{
    const line *x = a, *y = b;
    int         c = strcmp(place_at(sorting, x->place), place_at(sorting, y->place));

    return c ? c : x->row < y->row ? -1 : x->row > y->row;
}

static int by_group(const void *a, const void *b)
{
    const line *x = a, *y = b;

    return x->group != y->group ? (x->group < y->group ? -1 : 1) : x->row < y->row ? -1 : x->row > y->row;
}

static sund_code open_consensus(cycle *c, sund_err *err)
{
    const sund_vkgl_text *f = &c->c->consensus;
    size_t                end;

    SUND_TRY(sund_tsv_parse(&c->t, f->name, f->p, f->n, err));
    SUND_TRY(sund_tsv_need(&c->t, "nr_labs", &c->first_lab, err));
    SUND_TRY(sund_tsv_need(&c->t, "consensus", &end, err));
    SUND_TRY(sund_tsv_need(&c->t, "gene", &c->gene, err));
    if (++c->first_lab >= end)
        return bad(f->name, 1, "between nr_labs and consensus there is no laboratory", err);
    c->n_lab = end - c->first_lab;
    for (size_t k = 0; k < c->n_lab; k++)
        if (strpbrk(c->t.column[c->first_lab + k], "/\\") || c->t.column[c->first_lab + k][0] == '.' || strlen(c->t.column[c->first_lab + k]) > 80)
            return bad(f->name, 1, "a laboratory's name is part of files' names: letters, digits and _", err);
    c->line = calloc(c->t.n_row + 1, sizeof *c->line);
    c->variants = calloc(c->n_lab, sizeof *c->variants);
    return c->line && c->variants ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
}

static sund_code read_lines(cycle *c, sund_err *err)
{
    static const char *const name[5] = { "chromosome", "start", "stop", "ref", "alt" };
    const char              *file = c->c->consensus.name;
    size_t                   at[5], n_lab, type;

    for (size_t k = 0; k < 5; k++)
        SUND_TRY(sund_tsv_need(&c->t, name[k], &at[k], err));
    SUND_TRY(sund_tsv_need(&c->t, "nr_labs", &n_lab, err));
    SUND_TRY(sund_tsv_need(&c->t, "type", &type, err));
    for (size_t row = 0; row < c->t.n_row; row++) {
        line       *l = &c->line[row];
        const char *cell[5];

        for (size_t k = 0; k < 5; k++)
            cell[k] = sund_tsv_at(&c->t, row, at[k]);
        l->row = row;
        l->type = sund_vkgl_parse(sund_tsv_at(&c->t, row, type));
        if (!put_place(c, cell, &l->place, &l->start, &l->stop) || !l->type || !sund_parse_i64(sund_tsv_at(&c->t, row, n_lab), 0, (int64_t) c->n_lab, &l->n_lab))
            return bad(file, row + 2, "a place with alleles, the number of laboratories and a type such as total_agreement are expected", err);
        for (size_t k = 0; k < c->n_lab; k++) {
            const char *word = sund_tsv_at(&c->t, row, c->first_lab + k);

            if (word[0] && sund_acmg_parse(word) == SUND_ACMG_NONE)
                return bad(file, row + 2, "a laboratory's class is b, lb, vus, lp, p or nothing", err);
        }
    }
    SUND_TRY(sund_buf_ok(&c->text, err));
    sorting = c;
    qsort(c->line, c->t.n_row, sizeof *c->line, by_place);
    for (size_t i = 0; i < c->t.n_row; i++)
        c->line[i].group = i && strcmp(place_at(c, c->line[i - 1].place), place_at(c, c->line[i].place)) == 0 ? c->line[i - 1].group : c->line[i].row;
    qsort(c->line, c->t.n_row, sizeof *c->line, by_group);
    return SUND_OK;
}

static sund_acmg class_of(const cycle *c, const line *l, size_t lab) { return sund_acmg_parse(sund_tsv_at(&c->t, l->row, c->first_lab + lab)); }

static const char *gene_of(const cycle *c, const line *l) { return sund_tsv_at(&c->t, l->row, c->gene); }

static void lower(sund_acmg a, char out[8])
{
    (void) snprintf(out, 8, "%s", a == SUND_ACMG_NONE ? "deleted" : sund_acmg_code(a));
    for (char *s = out; *s; s++)
        *s = (char) (*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
}

static bool is_pseudogene(const cycle *c, const char *gene)
{
    int at = sund_tsv_column(&c->pseudo, "Approved symbol");

    for (size_t row = 0; at >= 0 && row < c->pseudo.n_row; row++)
        if (strcmp(sund_tsv_at(&c->pseudo, row, (size_t) at), gene) == 0)
            return true;
    return false;
}

static void submit(cycle *c, const line *l, size_t lab, const mapping *m)
{
    sund_acmg a = class_of(c, l, lab);

    sund_buf_printf(&c->variants[lab], "%s\t%s\t%s\t\t%s\t%s\t%s\tgermline\tyes\tclinical testing\n", place_at(c, l->place), a == SUND_ACMG_B ? "not specified" : "not provided", sund_acmg_words(a),
                    is_pseudogene(c, gene_of(c, l)) ? "" : gene_of(c, l), m ? m->accession : "", m ? "update" : "novel");
}

/** What comes of one laboratory's class of a variant. */
static void triage(cycle *c, const line *l, size_t lab)
{
    mapping  *m = find_mapping(c, lab, l->place);
    sund_acmg a = class_of(c, l, lab);
    bool      one = l->n_lab == 1 && !c->c->single, agreed = l->type == SUND_VKGL_AGREEMENT || l->type == SUND_VKGL_TOTAL_AGREEMENT;
    bool      large = l->stop >= 0 && (l->stop > l->start ? l->stop - l->start : l->start - l->stop) > NOT_SUBMITTED_ABOVE_BP;
    char      was[8], is[8];

    if (m && !one && agreed && m->acmg == a && strcmp(m->gene, gene_of(c, l)) == 0) {
        m->came = UNCHANGED;
        return;
    }
    if (!one && agreed && !large)
        submit(c, l, lab, m);
    if (!m)
        return;
    lower(m->acmg, was);
    lower(a, is);
    m->came = one || !agreed || large ? REMOVED : UPDATED;
    if (large)
        (void) snprintf(m->comment, sizeof m->comment, "Unsupported: we currently do not submit SV's (>15bp) to ClinVar");
    else if (one)
        (void) snprintf(m->comment, sizeof m->comment, "Invalid: classified by a single lab.");
    else if (!agreed)
        (void) snprintf(m->comment, sizeof m->comment, "Invalid consensus type: %s.", sund_vkgl_name(l->type));
    else if (m->acmg != a)
        (void) snprintf(m->comment, sizeof m->comment, "Updated class: was '%s' is now '%s'.", was, is);
    else
        (void) snprintf(m->comment, sizeof m->comment, "Updated gene: was '%s' is now '%.63s'.", m->gene, gene_of(c, l));
}

/** Of the lines of one place the one that a laboratory submits: most severe, then first gene by name. */
static void triage_place(cycle *c, size_t from, size_t to)
{
    for (size_t lab = 0; lab < c->n_lab; lab++) {
        const line *best = NULL;

        for (size_t i = from; i < to; i++) {
            const line *l = &c->line[i];
            sund_acmg   a = class_of(c, l, lab);

            if (a != SUND_ACMG_NONE && (!best || a > class_of(c, best, lab) || (a == class_of(c, best, lab) && strcmp(gene_of(c, l), gene_of(c, best)) < 0)))
                best = l;
        }
        if (best)
            triage(c, best, lab);
    }
}

static int by_order(const void *a, const void *b)
{
    const mapping *x = a, *y = b;

    return x->order < y->order ? -1 : x->order > y->order;
}

static sund_code write_log(const cycle *c, const char *what, outcome came, sund_vkgl_out file, void *ctx, sund_err *err)
{
    sund_buf  b = { 0 };
    char      name[160], class[8];
    sund_code rc;

    sund_buf_text(&b, "chromosome\tstart\tstop\tref\talt\tgene\tclinvar_accession\tclassification\tlab\tcomment\n");
    for (size_t i = 0; i < c->n_map; i++) {
        const mapping *m = &c->map[i];

        if (m->came != came && !(came == REMOVED && m->came == MISSED))
            continue;
        lower(m->acmg, class);
        sund_buf_printf(&b, "%s\t%s\t%s\t%s\t%s\t%s", place_at(c, m->place), m->gene, m->accession, class, c->t.column[c->first_lab + m->lab], m->comment);
        sund_buf_printf(&b, m->comment[0] ? "(%s)\n" : "\n", c->c->release);
    }
    (void) snprintf(name, sizeof name, "%s_%s_identifiers.tsv", c->c->release, what);
    rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        rc = file(ctx, name, b.p, b.n, err);
    sund_buf_free(&b);
    return rc;
}

static sund_code write_lab(const cycle *c, size_t lab, sund_vkgl_out file, void *ctx, sund_err *err)
{
    sund_buf  b = { 0 };
    char      name[160];
    sund_code rc;

    (void) snprintf(name, sizeof name, "%.80s_%s.Variant.tsv", c->t.column[c->first_lab + lab], c->c->release);
    rc = sund_buf_ok(&c->variants[lab], err);
    if (rc == SUND_OK)
        rc = file(ctx, name, c->variants[lab].p, c->variants[lab].n, err);
    sund_buf_text(&b, "ClinVarAccession\tComment\n");
    for (size_t i = 0; i < c->n_map; i++)
        if (c->map[i].lab == lab && !c->map[i].deleted && (c->map[i].came == REMOVED || c->map[i].came == MISSED))
            sund_buf_printf(&b, "%s\tNo consensus in VKGL datashare study.\n", c->map[i].accession);
    (void) snprintf(name, sizeof name, "%.80s_%s.Deletes.tsv", c->t.column[c->first_lab + lab], c->c->release);
    if (rc == SUND_OK)
        rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        rc = file(ctx, name, b.p, b.n, err);
    sund_buf_free(&b);
    return rc;
}

static sund_code read_all(cycle *c, sund_err *err)
{
    SUND_TRY(open_consensus(c, err));
    if (c->c->pseudogenes.p) {
        size_t need;

        SUND_TRY(sund_tsv_parse(&c->pseudo, c->c->pseudogenes.name, c->c->pseudogenes.p, c->c->pseudogenes.n, err));
        SUND_TRY(sund_tsv_need(&c->pseudo, "Approved symbol", &need, err));
    }
    for (size_t i = 0; i < c->c->n_mapping; i++)
        SUND_TRY(read_mapping(c, &c->c->mapping[i], false, err));
    for (size_t i = 0; i < c->c->n_report; i++)
        SUND_TRY(read_report(c, &c->c->report[i], err));
    SUND_TRY(read_mapping(c, &c->c->deletes, true, err));
    SUND_TRY(read_lines(c, err));
    return settle_mappings(c, err);
}

sund_code sund_vkgl_submit(const sund_vkgl_cycle *of, sund_vkgl_out file, void *ctx, sund_err *err)
{
    cycle     c = { .c = of };
    sund_code rc;

    if (!of->release[0] || strlen(of->release) > 40 || strspn(of->release, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(of->release))
        return sund_fail(err, SUND_E_ARG, "a release's name has letters, digits, _ and -, at most 40");
    SUND_GO(read_all(&c, err));
    for (size_t k = 0; k < c.n_lab; k++)
        sund_buf_text(&c.variants[k], "Chromosome\tStart\tStop\tReference allele\tAlternate allele\tPreferred condition name\tClinical significance\tDate last evaluated\tGene symbol\tClinVarAccession"
                                      "\tNovel or Update\tAllele origin\tAffected status\tCollection method\n");
    for (size_t i = 0, end; i < c.t.n_row; i = end) {
        for (end = i + 1; end < c.t.n_row && c.line[end].group == c.line[i].group;)
            end++;
        triage_place(&c, i, end);
    }
    if (c.n_map)
        qsort(c.map, c.n_map, sizeof *c.map, by_order);
    for (size_t k = 0; k < c.n_lab; k++)
        SUND_GO(write_lab(&c, k, file, ctx, err));
    SUND_GO(write_log(&c, "REMOVED", REMOVED, file, ctx, err));
    SUND_GO(write_log(&c, "UNCHANGED", UNCHANGED, file, ctx, err));
    rc = write_log(&c, "UPDATED", UPDATED, file, ctx, err);
out:
    for (size_t k = 0; c.variants && k < c.n_lab; k++)
        sund_buf_free(&c.variants[k]);
    free(c.variants);
    free(c.line);
    free(c.map);
    sund_tsv_free(&c.t);
    sund_tsv_free(&c.pseudo);
    sund_buf_free(&c.text);
    return rc;
}
