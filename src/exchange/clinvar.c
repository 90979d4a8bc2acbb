#include "exchange/forms_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ClinVar's forms. Its VCF has one row a variant, over all who submitted: laboratory "ClinVar". */

/** The value of KEY=value in INFO; false when it is not there or longer than cap. */
static bool info_value(const char *info, const char *key, char *out, size_t cap)
{
    size_t n = strlen(key);

    for (const char *at = info; *at; at += strcspn(at, ";"), at += *at == ';') {
        size_t m = strcspn(at, ";");

        if (m > n && strncmp(at, key, n) == 0 && at[n] == '=') {
            if (m - n - 1 >= cap)
                return false;
            memcpy(out, at + n + 1, m - n - 1);
            out[m - n - 1] = 0;
            return true;
        }
    }
    return false;
}

/** Classes of CLNSIG that are one by VKGL's rules: "Benign/Likely_benign" is LB. NONE for conflicts and what is no ACMG class. */
static sund_acmg significance(const char *text)
{
    char          word[64];
    sund_acmg_set set = 0;
    sund_acmg     c;

    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "/|,");

        if (n >= sizeof word)
            return SUND_ACMG_NONE;
        (void) snprintf(word, sizeof word, "%.*s", (int) n, at);
        c = sund_acmg_parse(word);
        if (c == SUND_ACMG_NONE)
            return SUND_ACMG_NONE;
        set |= sund_acmg_bit(c);
        at += n + (at[n] != 0);
    }
    (void) sund_vkgl_of(set, &c);
    return c;
}

/** The first condition's code: OMIM's where there is one, then Orphanet's, MONDO's, MedGen's. Conditions are separated by '|', their codes by ','. MedGen's for "not provided" and
 *  "not specified" are none. */
static void best_condition(const char *disdb, char out[72])
{
    static const char *const order[] = { "OMIM:", "Orphanet:", "MONDO:", "MedGen:" };
    size_t                   best = 4;

    out[0] = 0;
    for (const char *at = disdb; *at;) {
        size_t      n = strcspn(at, ",|");
        const char *code = at;

        for (size_t k = 0; k < best; k++)
            if (strncmp(at, order[k], strlen(order[k])) == 0 && n < 60 && strncmp(at, "MedGen:CN", 9) != 0 && strncmp(at, "MedGen:C3661900", 15) != 0) {
                code = at + strlen(order[k]);
                if (k == 2 && strncmp(code, "MONDO:", 6) == 0) /* MONDO:MONDO:0014052 */
                    code += 6;
                if (k == 1 && strncmp(code, "ORPHA", 5) == 0)
                    code += 5;
                best = k;
                (void) snprintf(out, 72, "%s%.*s", k == 1 ? "ORPHA:" : order[k], (int) (at + n - code), code);
            }
        if (at[n] == '|' && best < 4)
            return;
        at += n + (at[n] != 0);
    }
}

static sund_code vcf_row(sund_form_reading *r, size_t line, char *text, const char *day, sund_err *err)
{
    char               *field[8], value[4096], reviewed[96] = "";
    sund_interpretation e;
    size_t              k = 1;
    const char         *why = "there is no CLNSIG";

    field[0] = text;
    for (char *c = text; *c; c++)
        if (*c == '\t') {
            *c = 0;
            if (k < 8)
                field[k] = c + 1;
            k++;
        }
    if (k < 8)
        return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %zu fields, a VCF row has 8 or more, separated by tabs", r->name, line, k);
    sund_form_begin(r, &e);
    if (!r->ask->laboratory)
        (void) snprintf(e.laboratory, sizeof e.laboratory, "ClinVar");
    (void) snprintf(e.date, sizeof e.date, "%s", r->ask->date ? r->ask->date : day);
    if (!info_value(field[7], "CLNSIG", value, sizeof value)) {
        sund_form_left(r, line, why);
        return SUND_OK;
    }
    e.acmg = significance(value);
    if (e.acmg == SUND_ACMG_NONE) {
        (void) snprintf(reviewed, sizeof reviewed, "CLNSIG is no single class: %.60s", value);
        sund_form_left(r, line, reviewed);
        return SUND_OK;
    }
    if (info_value(field[7], "CLNREVSTAT", reviewed, sizeof reviewed))
        (void) snprintf(e.method, sizeof e.method, "%s", reviewed);
    if (info_value(field[7], "CLNDISDB", value, sizeof value))
        best_condition(value, e.condition);
    if (info_value(field[7], "GENEINFO", value, sizeof value)) {
        value[strcspn(value, ":|")] = 0;
        if (!sund_form_text(e.gene, sizeof e.gene, value)) {
            sund_form_left(r, line, "the gene's name is too long");
            return SUND_OK;
        }
    }
    if (field[2][0] != '.' && strlen(field[2]) < 24)
        (void) snprintf(e.reference, sizeof e.reference, "ClinVar:%s", field[2]);
    if (!sund_form_variant(r, field[0], field[1], field[3], field[4], &e, &why)) {
        sund_form_left(r, line, why);
        return SUND_OK;
    }
    return sund_form_entry(r, line, &e, err);
}

static sund_code vcf_head(sund_form_reading *r, const char *line, char day[11], sund_err *err)
{
    sund_assembly a;

    if (strncmp(line, "##reference=", 12) == 0 && sund_assembly_parse(line + 12, &a, NULL) == SUND_OK && a != r->ask->assembly)
        return sund_fail(err, SUND_E_MISMATCH, "%s is on %s, not %s", r->name, sund_assembly_name(a), sund_assembly_name(r->ask->assembly));
    if (strncmp(line, "##fileDate=", 11) == 0 && sund_day_ok(line + 11))
        (void) snprintf(day, 11, "%s", line + 11);
    return SUND_OK;
}

sund_code sund_read_clinvar_vcf(sund_form_reading *r, const void *p, size_t n, sund_err *err)
{
    char     *text = malloc(n + 1), day[11] = "";
    size_t    line = 0;
    sund_code rc = SUND_OK;

    if (!text)
        return sund_fail(err, SUND_E_NOMEM, "%s: out of memory", r->name);
    memcpy(text, p, n);
    text[n] = 0;
    if (memchr(text, 0, n))
        rc = sund_fail(err, SUND_E_FORMAT, "%s holds a NUL byte: not a text", r->name);
    for (size_t i = 0; rc == SUND_OK && i < n;) {
        char  *nl = memchr(text + i, '\n', n - i);
        size_t end = nl ? (size_t) (nl - text) : n;

        line++;
        text[end] = 0;
        if (end > i && text[end - 1] == '\r')
            text[end - 1] = 0;
        if (text[i] == '#') {
            rc = vcf_head(r, text + i, day, err);
        }
        else if (text[i]) {
            r->report->n_line++;
            rc = vcf_row(r, line, text + i, day, err);
        }
        i = end + 1;
    }
    free(text);
    return rc;
}

/** ClinVar's spreadsheet as a table: the header may begin with '#' or "##". */
static sund_code sheet_table(const char *name, const void *p, size_t n, sund_tsv *t, sund_err *err)
{
    const char *first = n ? memchr(p, '\n', n) : NULL;
    size_t      n_first = first ? (size_t) (first - (const char *) p) : n;
    sund_buf    tsv = { 0 };
    sund_code   rc;

    if (n && memchr(p, '\t', n_first))
        return sund_tsv_parse(t, name, p, n, err);
    rc = sund_csv_to_tsv(name, p, n, &tsv, err);
    if (rc == SUND_OK)
        rc = sund_tsv_parse(t, name, tsv.p, tsv.n, err);
    sund_buf_free(&tsv);
    return rc;
}

static const char *cell(const sund_tsv *t, size_t row, int col) { return col < 0 ? "" : sund_tsv_at(t, row, (size_t) col); }

typedef struct sheet {
    int chromosome, start, ref, alt, class, gene, date, accession, type, value, comment, method;
} sheet;

static sund_code sheet_row(sund_form_reading *r, const sund_tsv *t, size_t row, const sheet *c, sund_err *err)
{
    sund_interpretation e;
    const char         *why = "a text is longer than its field";
    bool                fits;

    sund_form_begin(r, &e);
    e.acmg = sund_acmg_parse(cell(t, row, c->class));
    fits = sund_form_text(e.gene, sizeof e.gene, cell(t, row, c->gene)) && (!cell(t, row, c->date)[0] || sund_form_text(e.date, sizeof e.date, cell(t, row, c->date))) &&
           sund_form_text(e.reference, sizeof e.reference, cell(t, row, c->accession)) && sund_form_text(e.evidence, sizeof e.evidence, cell(t, row, c->comment)) &&
           (!cell(t, row, c->method)[0] || sund_form_text(e.method, sizeof e.method, cell(t, row, c->method)));
    sund_form_condition(cell(t, row, c->type), cell(t, row, c->value), e.condition);
    if (fits && !cell(t, row, c->chromosome)[0])
        why = "the row has a description of a transcript only, no place on a chromosome";
    else if (fits && sund_form_variant(r, cell(t, row, c->chromosome), cell(t, row, c->start), cell(t, row, c->ref), cell(t, row, c->alt), &e, &why))
        return sund_form_entry(r, row + 2, &e, err);
    sund_form_left(r, row + 2, why);
    return SUND_OK;
}

sund_code sund_read_clinvar_sheet(sund_form_reading *r, const void *p, size_t n, sund_err *err)
{
    sund_tsv  t = { .n_row = 0 };
    sheet     c;
    size_t    need;
    sund_code rc;

    if (!r->ask->laboratory)
        return sund_fail(err, SUND_E_ARG, "%s is one laboratory's and does not say whose: --laboratory is needed", r->name);
    SUND_TRY(sheet_table(r->name, p, n, &t, err));
    SUND_GO(sund_tsv_need(&t, "Clinical significance", &need, err));
    c = (sheet){ sund_tsv_column(&t, "Chromosome"), sund_tsv_column(&t, "Start"), sund_tsv_column(&t, "Reference allele"), sund_tsv_column(&t, "Alternate allele"), (int) need,
                 sund_tsv_column(&t, "Gene symbol"), sund_tsv_column(&t, "Date last evaluated"), sund_tsv_column(&t, "ClinVarAccession"), sund_tsv_column(&t, "Condition ID type"),
                 sund_tsv_column(&t, "Condition ID value"), sund_tsv_column(&t, "Comment on clinical significance"), sund_tsv_column(&t, "Assertion method") };
    for (size_t row = 0; row < t.n_row; row++) {
        r->report->n_line++;
        SUND_GO(sheet_row(r, &t, row, &c, err));
    }
out:
    sund_tsv_free(&t);
    return rc;
}

sund_code sund_clinvar_report_table(const char *name, const void *p, size_t n, sund_tsv *t, size_t *skipped, const char **place, sund_err *err)
{
    static const char head[] = "#Your_variant_id\t";
    const char       *s = p;
    size_t            at = 0;

    *skipped = 0;
    while (at < n && (n - at < sizeof head - 1 || memcmp(s + at, head, sizeof head - 1) != 0)) {
        const char *nl = memchr(s + at, '\n', n - at);

        if (s[at] != '#' || !nl)
            break;
        at = (size_t) (nl - s) + 1;
        (*skipped)++;
    }
    if (n - at < sizeof head - 1 || memcmp(s + at, head, sizeof head - 1) != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s is no report of ClinVar's: a line that begins with #Your_variant_id is expected behind its explanations", name);
    SUND_TRY(sund_tsv_parse(t, name, s + at, n - at, err));
    *place = sund_tsv_column(t, "Your_variant_description_chromosome_coordinates") >= 0 ? "Your_variant_description_chromosome_coordinates" : "Your_variant_description";
    return SUND_OK;
}

bool sund_clinvar_location(const char *xml, const char *attribute, char *out, size_t cap)
{
    static const char open[] = "<SequenceLocation ";
    size_t            n = strlen(attribute);
    const char       *at = xml;

    if (strncmp(at, open, sizeof open - 1) != 0)
        return false;
    for (at += sizeof open - 1; isalpha((unsigned char) *at);) { /* name="value" and one blank, until "/>" */
        size_t      m = strcspn(at, "=\"<> ");
        const char *value = at + m + 2, *end;

        if (at[m] != '=' || at[m + 1] != '"' || !(end = strchr(value, '"')) || memchr(value, '<', (size_t) (end - value)) || memchr(value, '&', (size_t) (end - value)))
            return false;
        if (m == n && strncmp(at, attribute, n) == 0) {
            if ((size_t) (end - value) >= cap)
                return false;
            memcpy(out, value, (size_t) (end - value));
            out[end - value] = 0;
            return true;
        }
        at = end + 1;
        at += strspn(at, " ");
    }
    return false;
}

bool sund_clinvar_accession(const char *s, char out[40])
{
    size_t n = strcspn(s, ".");

    if (!n || n >= 40 || (s[n] && (!s[n + 1] || strspn(s + n + 1, "0123456789") != strlen(s + n + 1))))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char) s[i]))
            return false;
    (void) snprintf(out, 40, "%.*s", (int) n, s);
    return true;
}

static sund_code report_row(sund_form_reading *r, const sund_tsv *t, size_t row, size_t line, const size_t at[3], sund_err *err)
{
    char                chromosome[32], start[16], ref[1100], alt[1100], assembly[32];
    const char         *xml = sund_tsv_at(t, row, at[1]), *why = "there is no whole SequenceLocation";
    sund_interpretation e;
    sund_assembly       a;

    sund_form_begin(r, &e);
    e.acmg = sund_acmg_parse(sund_tsv_at(t, row, at[2]));
    if (!sund_form_text(e.gene, sizeof e.gene, cell(t, row, sund_tsv_column(t, "Submitted_gene"))))
        why = "the gene's name is too long";
    else if (sund_clinvar_location(xml, "Assembly", assembly, sizeof assembly) && sund_clinvar_location(xml, "Chr", chromosome, sizeof chromosome) &&
        sund_clinvar_location(xml, "start", start, sizeof start) && sund_clinvar_location(xml, "referenceAllele", ref, sizeof ref) && sund_clinvar_location(xml, "alternateAllele", alt, sizeof alt)) {
        why = "its SequenceLocation is on another assembly";
        if (sund_assembly_parse(assembly, &a, NULL) == SUND_OK && a == r->ask->assembly && sund_form_variant(r, chromosome, start, ref, alt, &e, &why)) {
            why = "its SCV is no accession";
            if (sund_clinvar_accession(sund_tsv_at(t, row, at[0]), e.reference))
                return sund_form_entry(r, line, &e, err);
        }
    }
    sund_form_left(r, line, why);
    return SUND_OK;
}

sund_code sund_read_clinvar_report(sund_form_reading *r, const void *p, size_t n, sund_err *err)
{
    sund_tsv    t = { .n_row = 0 };
    size_t      skipped, at[3];
    const char *place;
    sund_code   rc;

    if (!r->ask->laboratory)
        return sund_fail(err, SUND_E_ARG, "%s is one laboratory's and does not say whose: --laboratory is needed", r->name);
    SUND_TRY(sund_clinvar_report_table(r->name, p, n, &t, &skipped, &place, err));
    SUND_GO(sund_tsv_need(&t, "SCV", &at[0], err));
    SUND_GO(sund_tsv_need(&t, place, &at[1], err));
    SUND_GO(sund_tsv_need(&t, "Clinical_significance", &at[2], err));
    for (size_t row = 0; row < t.n_row; row++) {
        r->report->n_line++;
        SUND_GO(report_row(r, &t, row, row + skipped + 2, at, err));
    }
out:
    sund_tsv_free(&t);
    return rc;
}
