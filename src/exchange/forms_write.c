#include "base/text.h"
#include "exchange/forms_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries out again. What is written is gathered variant by variant, for the store gives them in that order. */

typedef struct writing {
    sund_form            form;
    const sund_form_put *how;
    sund_assembly        assembly;
    sund_buf            *out;
    sund_json            json;       /* CLINVAR_JSON: the document */
    size_t               n;
    char               (*lab)[160];  /* VKGL: columns */
    size_t               n_lab;
    sund_acmg           *class;      /* VKGL: of the variant and gene that is being gathered, by laboratory */
    sund_interpretation *held;       /* VKGL and VCF: the last entry; variant "" before the first */
    sund_acmg_set        set;
    size_t               count[6]; /* VCF: entries of each class */
    bool                 many_labs, criteria;
} writing;

static bool wanted(const writing *w, const sund_interpretation *e)
{
    const sund_form_put *how = w->how;

    return sund_interpretation_may(e, how->who) && e->standing != SUND_STANDS_WITHDRAWN && (!how->laboratory || strcmp(how->laboratory, e->laboratory) == 0) && (!how->method || strcmp(how->method, e->method) == 0);
}

static void own_row(writing *w, const sund_interpretation *e)
{
    const char *cell[] = { e->variant, e->gene, e->condition, sund_acmg_code(e->acmg), e->criteria, e->evidence, e->date, e->laboratory, e->method, e->reference, sund_share_name(e->share) };

    for (size_t k = 0; k < sizeof cell / sizeof cell[0]; k++) {
        sund_buf_text(w->out, k ? "\t" : "");
        sund_buf_text(w->out, cell[k]);
    }
    sund_buf_text(w->out, "\n");
}

/** "17-43045712-T-C" into its parts, NUL-terminated. */
static bool split(const char *variant, char copy[2304], char *part[4])
{
    (void) snprintf(copy, 2304, "%s", variant);
    part[0] = copy;
    for (size_t k = 1; k < 4; k++) {
        if (!(part[k] = strchr(part[k - 1], '-')))
            return false;
        *part[k]++ = 0;
    }
    return true;
}

/** First and last base of REF, from 1. */
static void place(writing *w, char *const part[4], const char *ref)
{
    sund_buf_printf(w->out, "%s\t%s\t%lld\t%s\t%s", part[0], part[1], strtoll(part[1], NULL, 10) + (long long) strlen(ref) - 1, ref, part[3]);
}

static void sheet_row(writing *w, const sund_interpretation *e)
{
    char        copy[2304], *part[4], accession[40] = "";
    const char *colon = strchr(e->condition, ':');

    if (!split(e->variant, copy, part))
        return;
    if (strncmp(e->reference, "SCV", 3) == 0)
        (void) sund_clinvar_accession(e->reference, accession);
    place(w, part, part[2]);
    sund_buf_printf(w->out, "\t%s\t%.*s\t%s\t%s\t%s\t%s\t%s\t%s\tgermline\tyes\tclinical testing\t%s\t%s\n", colon ? "" : "not provided", colon ? (int) (colon - e->condition) : 0, e->condition,
                    colon ? colon + 1 : "", sund_acmg_words(e->acmg), e->date, e->gene, accession, accession[0] ? "update" : "novel", e->method, e->evidence);
}

static void vkgl_flush(writing *w)
{
    char      copy[2304], *part[4];
    size_t    n = 0;
    sund_acmg consensus;
    sund_vkgl type = sund_vkgl_of(w->set, &consensus);

    if (!w->held->variant[0] || !split(w->held->variant, copy, part))
        return;
    for (size_t k = 0; k < w->n_lab; k++)
        n += w->class[k] != SUND_ACMG_NONE;
    place(w, part, part[2]);
    sund_buf_printf(w->out, "\t%s\t%zu", w->held->gene, n);
    for (size_t k = 0; k <= w->n_lab; k++) {
        sund_buf_text(w->out, "\t");
        for (const char *c = sund_acmg_code(k < w->n_lab ? w->class[k] : consensus); *c; c++)
            sund_buf_u8(w->out, (uint8_t) (*c - 'A' + 'a'));
    }
    sund_buf_printf(w->out, "\t%s\n", sund_vkgl_name(type));
    memset(w->class, 0, w->n_lab * sizeof *w->class);
    w->set = 0;
}

/** A laboratory with several conditions counts once, with the most severe class. */
static void vkgl_row(writing *w, const sund_interpretation *e)
{
    if (strcmp(w->held->variant, e->variant) != 0 || strcmp(w->held->gene, e->gene) != 0)
        vkgl_flush(w);
    *w->held = *e;
    for (size_t k = 0; k < w->n_lab; k++)
        if (strcmp(w->lab[k], e->laboratory) == 0 && e->acmg > w->class[k])
            w->class[k] = e->acmg;
    w->set = 0;
    for (size_t k = 0; k < w->n_lab; k++)
        w->set |= sund_acmg_bit(w->class[k]);
}

static void underscored(sund_buf *out, const char *words)
{
    for (; *words; words++)
        sund_buf_u8(out, (uint8_t) (*words == ' ' ? '_' : *words));
}

static void vcf_flush(writing *w)
{
    char   copy[2304], *part[4];
    bool   conflict = sund_acmg_discordant(w->set), first = true;

    if (!w->held->variant[0] || !split(w->held->variant, copy, part))
        return;
    sund_buf_printf(w->out, "%s\t%s\t.\t%s\t%s\t.\t.\tCLNSIG=", part[0], part[1], part[2], part[3]);
    if (conflict) {
        sund_buf_text(w->out, "Conflicting_interpretations_of_pathogenicity;CLNSIGCONF=");
        for (int c = SUND_ACMG_P; c >= SUND_ACMG_B; c--)
            if (w->count[c]) {
                sund_buf_text(w->out, first ? "" : "|");
                underscored(w->out, sund_acmg_words((sund_acmg) c));
                sund_buf_printf(w->out, "(%zu)", w->count[c]);
                first = false;
            }
    }
    else if (w->set & sund_acmg_bit(SUND_ACMG_B)) {
        sund_buf_text(w->out, w->set & sund_acmg_bit(SUND_ACMG_LB) ? "Benign/Likely_benign" : "Benign");
    }
    else if (w->set & sund_acmg_bit(SUND_ACMG_P)) {
        sund_buf_text(w->out, w->set & sund_acmg_bit(SUND_ACMG_LP) ? "Pathogenic/Likely_pathogenic" : "Pathogenic");
    }
    else {
        underscored(w->out, sund_acmg_words(w->set & sund_acmg_bit(SUND_ACMG_LB) ? SUND_ACMG_LB : w->set & sund_acmg_bit(SUND_ACMG_LP) ? SUND_ACMG_LP : SUND_ACMG_VUS));
    }
    sund_buf_printf(w->out, ";CLNREVSTAT=%s", !w->criteria    ? "no_assertion_criteria_provided"
                                              : conflict     ? "criteria_provided,_conflicting_interpretations"
                                              : w->many_labs ? "criteria_provided,_multiple_submitters,_no_conflicts"
                                                             : "criteria_provided,_single_submitter");
    if (w->held->condition[0])
        sund_buf_printf(w->out, ";CLNDISDB=%s%s", strncmp(w->held->condition, "ORPHA:", 6) == 0 ? "Orphanet:" : "", w->held->condition + (strncmp(w->held->condition, "ORPHA:", 6) == 0 ? 6 : 0));
    if (w->held->gene[0])
        sund_buf_printf(w->out, ";GENEINFO=%s", w->held->gene);
    sund_buf_text(w->out, "\n");
}

static void vcf_row(writing *w, const sund_interpretation *e)
{
    if (strcmp(w->held->variant, e->variant) != 0) {
        vcf_flush(w);
        memset(w->count, 0, sizeof w->count);
        w->set = 0;
        w->many_labs = w->criteria = false;
        *w->held = *e;
    }
    w->many_labs |= strcmp(w->held->laboratory, e->laboratory) != 0;
    w->criteria |= e->method[0] || e->criteria[0];
    w->set |= sund_acmg_bit(e->acmg);
    w->count[e->acmg]++;
    if (!w->held->condition[0])
        (void) snprintf(w->held->condition, sizeof w->held->condition, "%s", e->condition);
}

enum { CLINVAR_MOST = 10000 };

/** One document has one guideline, so entries by another cannot be under its criteria. */
static sund_code json_entry(writing *w, const sund_interpretation *e, sund_err *err)
{
    char        copy[2304], *part[4];
    const char *why = split(e->variant, copy, part) ? sund_clinvar_json_refuses(e, part) : "its variant is not written out";

    if (why) {
        if (w->how->left)
            w->how->left(w->how->ctx, e->id, why);
        return SUND_OK;
    }
    if (!w->n)
        SUND_TRY(sund_clinvar_json_begin(&w->json, w->how->laboratory, w->how->criteria, err));
    else if (strcmp(w->held->method, e->method) != 0)
        return sund_fail(err, SUND_E_ARG, "entries follow '%s' and '%s', and a submission to ClinVar has one guideline: --method says which", w->held->method, e->method);
    if (w->n == CLINVAR_MOST)
        return sund_fail(err, SUND_E_LIMIT, "a submission to ClinVar has at most %d entries", CLINVAR_MOST);
    *w->held = *e;
    w->n++;
    sund_clinvar_json_entry(&w->json, e, w->assembly, part);
    return sund_buf_ok(w->out, err);
}

/** The document's end: what was withdrawn and is still at ClinVar. A document without entries has none of what belongs to them. */
static sund_code json_end(writing *w, sund_interpretations *s, sund_err *err)
{
    sund_scvs   gone = { .n = 0 };
    const char *why;
    sund_code   rc;

    SUND_GO(sund_clinvar_withdrawn(s, w->how->laboratory, w->how->method, w->how->left, w->how->ctx, &gone, err));
    if (!w->n && !gone.n)
        SUND_GO(sund_fail(err, SUND_E_ARG, "no entry of '%s' is shared with anybody, and none that was withdrawn has an accession: there is nothing to submit", w->how->laboratory));
    if (gone.n > CLINVAR_MOST)
        SUND_GO(sund_fail(err, SUND_E_LIMIT, "a submission to ClinVar has at most %d deletions, and %zu are due: --method says of which entries", CLINVAR_MOST, gone.n));
    if (w->how->reason && (!sund_text_ok(w->how->reason) || !sund_text_impersonal(w->how->reason, &why)))
        SUND_GO(sund_fail(err, SUND_E_ARG, "--reason is published by ClinVar; it has characters that are no text, or looks as if it were about a person"));
    if (w->n)
        sund_json_close(&w->json, ']');
    if (gone.n)
        sund_clinvar_json_deletions(&w->json, &gone, w->how->reason);
    for (size_t i = 0; w->how->deleted && i < gone.n; i++)
        w->how->deleted(w->how->ctx, gone.at[i].scv);
    sund_json_close(&w->json, '}');
out:
    free(gone.at);
    return rc;
}

static sund_code row(void *ctx, const sund_interpretation *e, sund_err *err)
{
    writing *w = ctx;

    if (!wanted(w, e))
        return SUND_OK;
    if (w->form == SUND_FORM_CLINVAR_JSON)
        return json_entry(w, e, err);
    w->n++;
    if (w->form == SUND_FORM_SUND)
        own_row(w, e);
    else if (w->form == SUND_FORM_CLINVAR_SHEET)
        sheet_row(w, e);
    else if (w->form == SUND_FORM_VKGL)
        vkgl_row(w, e);
    else
        vcf_row(w, e);
    return sund_buf_ok(w->out, err);
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static sund_code add_lab(void *ctx, const sund_interpretation *e, sund_err *err)
{
    writing *w = ctx;

    for (size_t k = 0; k < w->n_lab; k++)
        if (strcmp(w->lab[k], e->laboratory) == 0)
            return SUND_OK;
    if (!wanted(w, e))
        return SUND_OK;
    if (w->n_lab == 1024)
        return sund_fail(err, SUND_E_LIMIT, "a VKGL table has at most 1024 laboratories");
    memcpy(w->lab[w->n_lab++], e->laboratory, sizeof e->laboratory);
    return SUND_OK;
}

static sund_code head(writing *w, sund_interpretations *s, sund_err *err)
{
    const sund_interpretation_query all = { .variant = "", .laboratory = w->how->laboratory };

    if (w->form == SUND_FORM_SUND)
        sund_buf_text(w->out, "variant\tgene\tcondition\tclass\tcriteria\tevidence\tdate\tlaboratory\tmethod\treference\tshare\n");
    if (w->form == SUND_FORM_CLINVAR_SHEET)
        sund_buf_text(w->out, "Chromosome\tStart\tStop\tReference allele\tAlternate allele\tPreferred condition name\tCondition ID type\tCondition ID value\tClinical significance\tDate last evaluated\tGene symbol"
                              "\tClinVarAccession\tNovel or Update\tAllele origin\tAffected status\tCollection method\tAssertion method\tComment on clinical significance\n");
    if (w->form == SUND_FORM_CLINVAR_VCF) {
        sund_buf_printf(w->out, "##fileformat=VCFv4.3\n##source=Sund\n##reference=%s\n", sund_assembly_name(w->assembly));
        sund_buf_text(w->out, "##INFO=<ID=CLNSIG,Number=.,Type=String,Description=\"Clinical significance\">\n##INFO=<ID=CLNSIGCONF,Number=.,Type=String,Description=\"Conflicting clinical significance\">\n"
                              "##INFO=<ID=CLNREVSTAT,Number=.,Type=String,Description=\"Review status\">\n##INFO=<ID=CLNDISDB,Number=.,Type=String,Description=\"Condition, as database and identifier\">\n"
                              "##INFO=<ID=GENEINFO,Number=1,Type=String,Description=\"Gene symbol\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n");
    }
    if (w->form == SUND_FORM_CLINVAR_JSON) {
        sund_json_init(&w->json, w->out, true);
        sund_json_open(&w->json, NULL, '{');
    }
    if (w->form != SUND_FORM_VKGL)
        return SUND_OK;
    w->lab = calloc(1024, sizeof *w->lab);
    if (!w->lab)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_TRY(sund_interpretations_each(s, &all, add_lab, w, err));
    qsort(w->lab, w->n_lab, sizeof *w->lab, by_name);
    w->class = calloc(w->n_lab + 1, sizeof *w->class);
    if (!w->class)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    sund_buf_text(w->out, "chromosome\tstart\tstop\tref\talt\tgene\tnr_labs");
    for (size_t k = 0; k < w->n_lab; k++)
        sund_buf_printf(w->out, "\t%s", w->lab[k]);
    sund_buf_text(w->out, "\tconsensus\ttype\n");
    return SUND_OK;
}

sund_code sund_form_write(sund_form f, sund_interpretations *s, const sund_form_put *how, sund_buf *out, size_t *n, sund_err *err)
{
    const sund_interpretation_query all = { .variant = "", .laboratory = how->laboratory };
    writing                         w = { .form = f, .how = how, .out = out };
    sund_code                       rc;

    *n = 0;
    if (f != SUND_FORM_SUND && f != SUND_FORM_VKGL && f != SUND_FORM_CLINVAR_VCF && f != SUND_FORM_CLINVAR_SHEET && f != SUND_FORM_CLINVAR_JSON)
        return sund_fail(err, SUND_E_ARG, "the forms that are written are sund, vkgl, clinvar-vcf, clinvar-sheet and clinvar-json");
    if ((f == SUND_FORM_CLINVAR_SHEET || f == SUND_FORM_CLINVAR_JSON) && !how->laboratory)
        return sund_fail(err, SUND_E_ARG, "a submission to ClinVar is one laboratory's: --laboratory is needed");
    if (f == SUND_FORM_CLINVAR_JSON && how->who != SUND_ASKER_PUBLIC)
        return sund_fail(err, SUND_E_ARG, "what is submitted to ClinVar is shown to anybody: --as public, and entries that are shared so");
    SUND_TRY(sund_interpretations_assembly(s, &w.assembly, err));
    w.held = calloc(1, sizeof *w.held);
    if (!w.held)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(head(&w, s, err));
    SUND_GO(sund_interpretations_each(s, &all, row, &w, err));
    if (f == SUND_FORM_VKGL)
        vkgl_flush(&w);
    if (f == SUND_FORM_CLINVAR_VCF)
        vcf_flush(&w);
    if (f == SUND_FORM_CLINVAR_JSON)
        SUND_GO(json_end(&w, s, err));
    *n = w.n;
    rc = sund_buf_ok(out, err);
out:
    free(w.held);
    free(w.lab);
    free(w.class);
    return rc;
}
