#include "exchange/forms_priv.h"

#include "base/ini.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const form_name[] = { "", "sund", "vkgl", "vkgl-lab", "clinvar-vcf", "clinvar-sheet", "clinvar-report", "clinvar-xml", "clinvar-json" };

const char *sund_form_name(sund_form f) { return f >= SUND_FORM_SUND && f <= SUND_FORM_CLINVAR_JSON ? form_name[f] : ""; }

sund_form sund_form_parse(const char *s)
{
    for (int f = SUND_FORM_SUND; f <= SUND_FORM_CLINVAR_JSON; f++)
        if (strcmp(s, form_name[f]) == 0)
            return (sund_form) f;
    return SUND_FORM_NONE;
}

sund_form sund_form_guess(const void *p, size_t n)
{
    static const char *const root[] = { "<ClinVarVariationRelease", "<ClinVarResult-Set", "<VariationArchive", "<ReleaseSet", "<ClinVarSet" };
    char                     head[4096];
    size_t                   m = n < sizeof head - 1 ? n : sizeof head - 1;

    if (!m)
        return SUND_FORM_NONE;
    memcpy(head, p, m);
    head[m] = 0;
    for (size_t i = 0; i < sizeof root / sizeof root[0]; i++)
        if (strstr(head, root[i]))
            return SUND_FORM_CLINVAR_XML;
    if (strncmp(head, "##fileformat=VCF", 16) == 0)
        return SUND_FORM_CLINVAR_VCF;
    if (strstr(head, "Your_variant_id"))
        return SUND_FORM_CLINVAR_REPORT;
    if (strchr(head, '\n'))
        *strchr(head, '\n') = 0;
    if (strstr(head, "Clinical significance"))
        return SUND_FORM_CLINVAR_SHEET;
    if (strstr(head, "chromosome") && strstr(head, "nr_labs"))
        return SUND_FORM_VKGL;
    if (strstr(head, "chromosome") && strstr(head, "classification"))
        return SUND_FORM_VKGL_LAB;
    return strstr(head, "variant") && strstr(head, "class") ? SUND_FORM_SUND : SUND_FORM_NONE;
}

void sund_form_left(sund_form_reading *r, size_t line, const char *why)
{
    r->report->n_left++;
    r->to->left(r->to->ctx, line, why);
}

bool sund_form_text(char *to, size_t cap, const char *from)
{
    size_t n = strlen(from);

    if (n >= cap)
        return false;
    memcpy(to, from, n + 1);
    return true;
}

void sund_form_begin(const sund_form_reading *r, sund_interpretation *e)
{
    memset(e, 0, sizeof *e);
    (void) snprintf(e->laboratory, sizeof e->laboratory, "%s", r->ask->laboratory ? r->ask->laboratory : "");
    (void) snprintf(e->method, sizeof e->method, "%s", r->ask->method ? r->ask->method : "");
    (void) snprintf(e->date, sizeof e->date, "%s", r->ask->date ? r->ask->date : "");
    e->share = r->ask->share;
}

/** v, parsed, into its normal form. */
static bool normal(sund_form_reading *r, sund_variant *v, sund_interpretation *e, const char **why)
{
    sund_kind kind;
    sund_buf  text = { 0 }, more = { 0 };
    sund_err  err;
    bool      ok = false;

    *why = "the alleles are none that a variant has";
    if (sund_variant_kind(v, &kind, NULL) != SUND_OK)
        goto out;
    *why = "the place is behind the chromosome's end on this assembly";
    if (v->pos_bp + v->n_ref > sund_contig_length(r->ask->assembly, v->contig))
        goto out;
    *why = "REF differs from the reference sequence";
    if (sund_variant_normalise(v, r->ask->ref, &more, &err) != SUND_OK)
        goto out;
    sund_variant_print(v, &text);
    sund_buf_nul(&text);
    *why = "the alleles are too long";
    ok = !text.bad && sund_form_text(e->variant, sizeof e->variant, (char *) text.p);
out:
    sund_buf_free(&text);
    sund_buf_free(&more);
    return ok;
}

bool sund_form_variant(sund_form_reading *r, const char *chromosome, const char *start, const char *ref, const char *alt, sund_interpretation *e, const char **why)
{
    char          text[2400];
    sund_variant  v;
    sund_assembly said = SUND_ASSEMBLY_NONE;

    *why = "there is no place on a chromosome";
    if (!chromosome[0] || !start[0])
        return false;
    *why = "an allele is not written out; VCF's way, with the base before an insertion or deletion, is needed";
    if (!ref[0] || !alt[0] || strcmp(ref, ".") == 0 || strcmp(alt, ".") == 0 || strcmp(ref, "-") == 0 || strcmp(alt, "-") == 0)
        return false;
    if (sund_contig_parse(chromosome, &said) && said && said != r->ask->assembly) {
        *why = "the chromosome's accession is of another assembly";
        return false;
    }
    *why = "the alleles are too long";
    if (snprintf(text, sizeof text, "%s-%s-%s-%s", chromosome, start, ref, alt) >= (int) sizeof text)
        return false;
    sund_buf_clear(&r->scratch);
    *why = "chromosome, place and alleles are no variant: 1 to 22, X, Y or MT, a whole number, and letters A, C, G, T";
    if (strpbrk(chromosome, "-:") || strpbrk(start, "-:") || strpbrk(ref, "-:> ") || sund_variant_parse(text, &v, &r->scratch, NULL) != SUND_OK)
        return false;
    return normal(r, &v, e, why);
}

sund_code sund_form_entry(sund_form_reading *r, size_t line, sund_interpretation *e, sund_err *err)
{
    sund_err why = { SUND_OK, "" };

    if (sund_interpretation_check(e, &why) != SUND_OK) {
        sund_form_left(r, line, why.msg);
        return SUND_OK;
    }
    r->report->n_entry++;
    return r->to->entry(r->to->ctx, line, e, err);
}

void sund_form_condition(const char *type, const char *value, char out[72])
{
    size_t n = strcspn(value, ";|,");

    out[0] = 0;
    if (!n || strcmp(value, "not provided") == 0)
        return;
    if (memchr(value, ':', n) || !type[0])
        (void) snprintf(out, 72, "%.*s", (int) (n > 71 ? 0 : n), value);
    else if (n + strlen(type) < 71)
        (void) snprintf(out, 72, "%s:%.*s", strcmp(type, "Orphanet") == 0 ? "ORPHA" : type, (int) n, value);
    if (!strchr(out, ':'))
        out[0] = 0;
}

static const char *cell(const sund_tsv *t, size_t row, int col) { return col < 0 ? "" : sund_tsv_at(t, row, (size_t) col); }

static sund_code read_own_row(sund_form_reading *r, const sund_tsv *t, size_t row, const int at[11], sund_err *err)
{
    sund_interpretation e;
    sund_variant        v;
    const char         *why = "a text is longer than its field";
    bool                fits;

    sund_form_begin(r, &e);
    fits = sund_form_text(e.gene, sizeof e.gene, cell(t, row, at[1])) && sund_form_text(e.condition, sizeof e.condition, cell(t, row, at[2])) &&
           sund_form_text(e.criteria, sizeof e.criteria, cell(t, row, at[4])) && sund_form_text(e.evidence, sizeof e.evidence, cell(t, row, at[5])) &&
           (!cell(t, row, at[6])[0] || sund_form_text(e.date, sizeof e.date, cell(t, row, at[6]))) && (!cell(t, row, at[7])[0] || sund_form_text(e.laboratory, sizeof e.laboratory, cell(t, row, at[7]))) &&
           (!cell(t, row, at[8])[0] || sund_form_text(e.method, sizeof e.method, cell(t, row, at[8]))) && sund_form_text(e.reference, sizeof e.reference, cell(t, row, at[9]));
    e.acmg = sund_acmg_parse(cell(t, row, at[3]));
    if (cell(t, row, at[10])[0])
        e.share = sund_share_parse(cell(t, row, at[10]));
    if (fits) {
        sund_buf_clear(&r->scratch);
        why = "the variant is none: write 17-43045712-T-C";
        fits = sund_variant_parse(cell(t, row, at[0]), &v, &r->scratch, NULL) == SUND_OK && normal(r, &v, &e, &why);
    }
    if (fits)
        return sund_form_entry(r, row + 2, &e, err);
    sund_form_left(r, row + 2, why);
    return SUND_OK;
}

static sund_code read_own(sund_form_reading *r, const sund_tsv *t, sund_err *err)
{
    static const char *const name[] = { "variant", "gene", "condition", "class", "criteria", "evidence", "date", "laboratory", "method", "reference", "share", NULL };
    int                      at[11];
    size_t                   need;

    for (size_t k = 0; k < 11; k++)
        at[k] = sund_tsv_column(t, name[k]);
    SUND_TRY(sund_tsv_need(t, "variant", &need, err));
    SUND_TRY(sund_tsv_need(t, "class", &need, err));
    for (size_t k = 0; k < t->n_col; k++) {
        bool known = false;

        for (size_t i = 0; name[i]; i++)
            known |= strcmp(name[i], t->column[k]) == 0;
        if (!known)
            return sund_fail(err, SUND_E_FORMAT, "%s:1: there is no place for a column '%.60s'%s; an interpretation has nothing about a person", r->name, t->column[k],
                             sund_nearest(t->column[k], name) ? " (is its name misspelt?)" : "");
    }
    for (size_t row = 0; row < t->n_row; row++) {
        r->report->n_line++;
        SUND_TRY(read_own_row(r, t, row, at, err));
    }
    return SUND_OK;
}

typedef struct vkgl_columns { size_t chromosome, start, ref, alt, gene; } vkgl_columns;

static sund_code find_vkgl(const sund_tsv *t, vkgl_columns *c, sund_err *err)
{
    SUND_TRY(sund_tsv_need(t, "chromosome", &c->chromosome, err));
    SUND_TRY(sund_tsv_need(t, "start", &c->start, err));
    SUND_TRY(sund_tsv_need(t, "ref", &c->ref, err));
    SUND_TRY(sund_tsv_need(t, "alt", &c->alt, err));
    return sund_tsv_need(t, "gene", &c->gene, err);
}

/** One row's place and gene. */
static bool vkgl_row(sund_form_reading *r, const sund_tsv *t, size_t row, const vkgl_columns *c, sund_interpretation *e, const char **why)
{
    sund_form_begin(r, e);
    *why = "the gene's name is too long";
    return sund_form_text(e->gene, sizeof e->gene, sund_tsv_at(t, row, c->gene)) &&
           sund_form_variant(r, sund_tsv_at(t, row, c->chromosome), sund_tsv_at(t, row, c->start), sund_tsv_at(t, row, c->ref), sund_tsv_at(t, row, c->alt), e, why);
}

/** Laboratories are the columns between nr_labs and consensus. */
static sund_code read_vkgl(sund_form_reading *r, const sund_tsv *t, sund_err *err)
{
    vkgl_columns        c;
    sund_interpretation e;
    size_t              from, to, given;
    const char         *why;

    SUND_TRY(find_vkgl(t, &c, err));
    SUND_TRY(sund_tsv_need(t, "nr_labs", &from, err));
    SUND_TRY(sund_tsv_need(t, "consensus", &to, err));
    if (from + 1 >= to)
        return sund_fail(err, SUND_E_FORMAT, "%s:1: between nr_labs and consensus there is no laboratory", r->name);
    for (size_t row = 0; row < t->n_row; row++) {
        r->report->n_line++;
        if (!vkgl_row(r, t, row, &c, &e, &why)) {
            sund_form_left(r, row + 2, why);
            continue;
        }
        given = 0;
        for (size_t k = from + 1; k < to; k++) {
            const char *word = sund_tsv_at(t, row, k);

            if (!word[0])
                continue;
            given++;
            e.acmg = sund_acmg_parse(word);
            if (!sund_form_text(e.laboratory, sizeof e.laboratory, t->column[k]))
                return sund_fail(err, SUND_E_FORMAT, "%s:1: a laboratory's name is too long", r->name);
            SUND_TRY(sund_form_entry(r, row + 2, &e, err));
        }
        if (!given)
            sund_form_left(r, row + 2, "no laboratory gives a class");
    }
    return SUND_OK;
}

static sund_code read_vkgl_lab(sund_form_reading *r, const sund_tsv *t, sund_err *err)
{
    vkgl_columns        c;
    sund_interpretation e;
    size_t              class;
    const char         *why;

    if (!r->ask->laboratory)
        return sund_fail(err, SUND_E_ARG, "%s is one laboratory's and does not say whose: --laboratory is needed", r->name);
    SUND_TRY(find_vkgl(t, &c, err));
    SUND_TRY(sund_tsv_need(t, "classification", &class, err));
    for (size_t row = 0; row < t->n_row; row++) {
        r->report->n_line++;
        if (!vkgl_row(r, t, row, &c, &e, &why)) {
            sund_form_left(r, row + 2, why);
            continue;
        }
        e.acmg = sund_acmg_parse(sund_tsv_at(t, row, class));
        SUND_TRY(sund_form_entry(r, row + 2, &e, err));
    }
    return SUND_OK;
}

/** rest: where an XML document goes on behind the n bytes; NULL: it does not. */
static sund_code read_form(sund_form f, const char *name, const void *p, size_t n, sund_gz *rest, const sund_form_ask *ask, const sund_form_sink *to, sund_form_report *report, sund_err *err)
{
    sund_form_reading r = { name, ask, to, report, { 0 } };
    sund_tsv          t = { .n_row = 0 };
    sund_code         rc;

    memset(report, 0, sizeof *report);
    if (!ask->assembly)
        return sund_fail(err, SUND_E_ARG, "%s does not say on which assembly its places are: --assembly GRCh37 or GRCh38 is needed", name);
    if (f == SUND_FORM_CLINVAR_VCF)
        rc = sund_read_clinvar_vcf(&r, p, n, err);
    else if (f == SUND_FORM_CLINVAR_SHEET)
        rc = sund_read_clinvar_sheet(&r, p, n, err);
    else if (f == SUND_FORM_CLINVAR_REPORT)
        rc = sund_read_clinvar_report(&r, p, n, err);
    else if (f == SUND_FORM_CLINVAR_XML)
        rc = sund_read_clinvar_xml(&r, p, n, rest, err);
    else if (f == SUND_FORM_NONE)
        rc = sund_fail(err, SUND_E_FORMAT, "%s is of no form that is known; --form names one", name);
    else if (f == SUND_FORM_CLINVAR_JSON)
        rc = sund_fail(err, SUND_E_ARG, "clinvar-json is written, not read: ClinVar's answer to a submission is its report, clinvar-report");
    else if ((rc = sund_tsv_parse(&t, name, p, n, err)) == SUND_OK)
        rc = f == SUND_FORM_SUND ? read_own(&r, &t, err) : f == SUND_FORM_VKGL ? read_vkgl(&r, &t, err) : read_vkgl_lab(&r, &t, err);
    sund_tsv_free(&t);
    sund_buf_free(&r.scratch);
    return rc;
}

sund_code sund_form_read(sund_form f, const char *name, const void *p, size_t n, const sund_form_ask *ask, const sund_form_sink *to, sund_form_report *report, sund_err *err)
{
    return read_form(f, name, p, n, NULL, ask, to, report, err);
}

sund_code sund_form_read_file(sund_form *f, const char *path, const sund_form_ask *ask, const sund_form_sink *to, sund_form_report *report, sund_err *err)
{
    char      head[4096];
    size_t    n = 0;
    sund_gz  *g = NULL;
    sund_buf  text = { 0 };
    sund_code rc;

    SUND_TRY(sund_gz_open(&g, path, err));
    if ((rc = sund_gz_piece(g, head, sizeof head, &n, err)) != SUND_OK)
        rc = sund_fail_in(err, rc, "%s", path);
    if (rc == SUND_OK && *f == SUND_FORM_NONE)
        *f = sund_form_guess(head, n);
    if (rc == SUND_OK && *f == SUND_FORM_CLINVAR_XML)
        rc = read_form(*f, path, head, n, g, ask, to, report, err);
    sund_gz_close(g);
    if (rc != SUND_OK || *f == SUND_FORM_CLINVAR_XML)
        return rc;
    SUND_TRY(sund_gz_read(path, (size_t) 1 << 30, &text, err));
    rc = sund_form_read(*f, path, text.p, text.n, ask, to, report, err);
    sund_buf_free(&text);
    return rc;
}
