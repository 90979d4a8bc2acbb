#include "base/gz.h"
#include "base/xml.h"
#include "exchange/forms_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ClinVar's XML releases, by its schemas ClinVar_VCV_2 and ClinVar_RCV_2: by variant
 * (ClinVarVariationRelease) and by variant and condition (ReleaseSet). Each submission (SCV) is a
 * row. One record is in memory; its submissions go on when it ends, for what they mean by their
 * condition (TraitMappingList) comes last. */

enum { MOST_SUBMISSIONS = 4096, MOST_TRAITS = 1024 };

/* Elements that matter, by their place. Whatever else there is, and what is in it, is OTHER. */
typedef enum at {
    OTHER,
    TOP,
    VCV,
    RCV,
    RECORD,
    STATUS,
    INCLUDED,
    OLD,
    CLASSIFIED,
    MANY,
    ALLELE,
    GENES,
    GENE,
    LOCATION,
    PLACE,
    AGGREGATE,
    GERMLINE_OF_ALL,
    CONDITIONS,
    TRAITS,
    TRAIT,
    TRAIT_XREF,
    SCVS,
    SCV,
    SCV_NUMBER,
    SCV_ACCESSION,
    SCV_STATUS,
    SCV_CLASS,
    REVIEW,
    GERMLINE,
    SOMATIC,
    ONCOGENIC,
    NO_CLASS,
    SCV_SET,
    METHOD,
    SCV_TRAITS,
    SCV_TRAIT,
    SCV_XREF,
    MAPPINGS,
    MAPPING,
    MEDGEN,
    SET,
    REFERENCE,
    MEASURES,
    MEASURE,
    RELATION,
    SYMBOL,
    SYMBOL_TEXT
} at;

static const struct {
    at          in;
    const char *name;
    at          is;
} place_of[] = {
    { TOP, "ClinVarVariationRelease", VCV },
    { TOP, "ClinVarResult-Set", VCV },
    { TOP, "ReleaseSet", RCV },
    { TOP, "VariationArchive", RECORD },
    { TOP, "ClinVarSet", SET },
    { VCV, "VariationArchive", RECORD },
    { RECORD, "RecordStatus", STATUS },
    { RECORD, "ClassifiedRecord", CLASSIFIED },
    { RECORD, "IncludedRecord", INCLUDED },
    { RECORD, "InterpretedRecord", OLD },
    { CLASSIFIED, "SimpleAllele", ALLELE },
    { CLASSIFIED, "Haplotype", MANY },
    { CLASSIFIED, "Genotype", MANY },
    { CLASSIFIED, "Classifications", AGGREGATE },
    { CLASSIFIED, "ClinicalAssertionList", SCVS },
    { CLASSIFIED, "TraitMappingList", MAPPINGS },
    { ALLELE, "GeneList", GENES },
    { GENES, "Gene", GENE },
    { ALLELE, "Location", LOCATION },
    { LOCATION, "SequenceLocation", PLACE },
    { AGGREGATE, "GermlineClassification", GERMLINE_OF_ALL },
    { GERMLINE_OF_ALL, "ConditionList", CONDITIONS },
    { CONDITIONS, "TraitSet", TRAITS },
    { TRAITS, "Trait", TRAIT },
    { TRAIT, "XRef", TRAIT_XREF },
    { SCVS, "ClinicalAssertion", SCV },
    { SCV, "ClinVarSubmissionID", SCV_NUMBER },
    { SCV, "ClinVarAccession", SCV_ACCESSION },
    { SCV, "RecordStatus", SCV_STATUS },
    { SCV, "Classification", SCV_CLASS },
    { SCV_CLASS, "ReviewStatus", REVIEW },
    { SCV, "ClinicalSignificance", OLD },
    { SCV, "Interpretation", OLD },
    { SCV_CLASS, "GermlineClassification", GERMLINE },
    { SCV_CLASS, "SomaticClinicalImpact", SOMATIC },
    { SCV_CLASS, "OncogenicityClassification", ONCOGENIC },
    { SCV_CLASS, "NoClassification", NO_CLASS },
    { SCV, "AttributeSet", SCV_SET },
    { SCV_SET, "Attribute", METHOD },
    { SCV, "TraitSet", SCV_TRAITS },
    { SCV_TRAITS, "Trait", SCV_TRAIT },
    { SCV_TRAIT, "XRef", SCV_XREF },
    { MAPPINGS, "TraitMapping", MAPPING },
    { MAPPING, "MedGen", MEDGEN },
    { RCV, "ClinVarSet", SET },
    { SET, "RecordStatus", STATUS },
    { SET, "ReferenceClinVarAssertion", REFERENCE },
    { SET, "ClinVarAssertion", SCV },
    { REFERENCE, "MeasureSet", MEASURES },
    { REFERENCE, "GenotypeSet", MANY },
    { REFERENCE, "ClinicalSignificance", OLD },
    { MEASURES, "Measure", MEASURE },
    { MEASURE, "SequenceLocation", PLACE },
    { MEASURE, "MeasureRelationship", RELATION },
    { RELATION, "Symbol", SYMBOL },
    { SYMBOL, "ElementValue", SYMBOL_TEXT },
    { REFERENCE, "TraitSet", TRAITS },
};

typedef struct trait {
    char cui[16], code[72];
    int  rank;
} trait;

typedef struct submission {
    size_t line;
    char   id[24], accession[40], laboratory[160], method[256], date[16], review[80], cui[16],
        code[72];
    int         rank, n_trait;
    at          kind;
    sund_acmg   acmg;
    bool        current, mapped, too_long;
    const char *no_entry; /* why it gives none, or NULL */
} submission;

typedef struct reader {
    sund_form_reading *r;
    at                 stack[SUND_XML_DEPTH + 1];
    size_t             depth, line; /* line: of the record */
    const char        *no_place;    /* why there is none, or NULL */
    char               chromosome[24], pos[16], ref[1100], alt[1100], gene[48];
    bool               current, many, included, rcv, wanted; /* wanted: the text of this element */
    trait             *trait;
    submission        *scv, *mapping;
    size_t             n_trait, n_scv, cap_scv, n_text;
    char               text[1024];
} reader;

static bool of_digits(const char *s, size_t least, size_t most)
{
    size_t n = strspn(s, "0123456789");

    return !s[n] && n >= least && n <= most;
}

/** How good a code is as the condition's, from 0, the best, or -1: none. MedGen's for "not
 *  provided" and "not specified" are none. */
static int code_of(const char *db, const char *id, char out[72])
{
    const char *bare = id && strncmp(id, "ORPHA", 5) == 0 ? id + 5 : id;
    int         rank = -1;

    if (!db || !id)
        return -1;
    if (strcmp(db, "OMIM") == 0 && of_digits(id, 6, 6))
        rank = 0;
    else if (strcmp(db, "Orphanet") == 0 && of_digits(bare, 1, 9))
        rank = 1;
    else if (strcmp(db, "MONDO") == 0 && strncmp(id, "MONDO:", 6) == 0 && of_digits(id + 6, 7, 7))
        rank = 2;
    else if (strncmp(id, "HP:", 3) == 0 && of_digits(id + 3, 7, 7))
        rank = 3;
    else if (strcmp(db, "OMIM") == 0 && strncmp(id, "PS", 2) == 0 && of_digits(id + 2, 6, 6))
        rank = 4;
    else if (strcmp(db, "MedGen") == 0 && id[0] == 'C' && of_digits(id + 1, 5, 9) &&
             strcmp(id, "C3661900") != 0)
        rank = 5;
    if (rank >= 0)
        (void) snprintf(out, 72, "%s%s",
                        rank == 0 || rank == 4 ? "OMIM:"
                        : rank == 1            ? "ORPHA:"
                        : rank == 5            ? "MedGen:"
                                               : "",
                        rank == 1 ? bare : id);
    return rank;
}

static void better_code(const char *const *a, char cui[16], char code[72], int *rank)
{
    const char *db = sund_xml_attribute(a, "DB"), *id = sund_xml_attribute(a, "ID");
    char        got[72];
    int         k = code_of(db, id, got);

    if (db && id && strcmp(db, "MedGen") == 0 && !cui[0])
        (void) sund_form_text(cui, 16, id);
    if (k < 0 || (*rank >= 0 && *rank <= k))
        return;
    *rank = k;
    (void) snprintf(code, 72, "%s", got);
}

static sund_code add_submission(reader *x, size_t line, const char *id, sund_err *err)
{
    submission *s;

    if (x->n_scv == MOST_SUBMISSIONS)
        return sund_fail(err, SUND_E_LIMIT, "%s:%zu: more than %d submissions in one record",
                         x->r->name, line, MOST_SUBMISSIONS);
    if (x->n_scv == x->cap_scv) {
        x->cap_scv = x->cap_scv ? 2 * x->cap_scv : 16;
        s = realloc(x->scv, x->cap_scv * sizeof *s);
        if (!s)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        x->scv = s;
    }
    s = &x->scv[x->n_scv++];
    *s = (submission){ .line = line, .rank = -1, .current = true };
    if (id)
        (void) sund_form_text(s->id, sizeof s->id, id);
    return SUND_OK;
}

static void begin_record(reader *x, size_t line, bool rcv)
{
    x->line = line;
    x->rcv = rcv;
    x->no_place = "the record has no place on this assembly";
    x->many = x->included = false;
    x->current = true;
    x->gene[0] = 0;
    x->n_scv = x->n_trait = 0;
    x->mapping = NULL;
}

/** The first place on the assembly with position and alleles as VCF has them. */
static void take_place(reader *x, const char *const *a)
{
    const char *assembly = sund_xml_attribute(a, "Assembly"), *chr = sund_xml_attribute(a, "Chr"),
               *pos = sund_xml_attribute(a, "positionVCF"),
               *ref = sund_xml_attribute(a, "referenceAlleleVCF"),
               *alt = sund_xml_attribute(a, "alternateAlleleVCF");
    sund_assembly is;

    if (!x->no_place || !assembly || sund_assembly_parse(assembly, &is, NULL) != SUND_OK ||
        is != x->r->ask->assembly)
        return;
    x->no_place = "its place on this assembly has no position and alleles as VCF has them";
    if (!chr || !pos || !ref || !alt)
        return;
    x->no_place = "its place or alleles are too long";
    if (sund_form_text(x->chromosome, sizeof x->chromosome, chr) &&
        sund_form_text(x->pos, sizeof x->pos, pos) && sund_form_text(x->ref, sizeof x->ref, ref) &&
        sund_form_text(x->alt, sizeof x->alt, alt))
        x->no_place = NULL;
}

static void take_field(submission *s, char *to, size_t cap, const char *from)
{
    if (from && !sund_form_text(to, cap, from))
        s->too_long = true;
}

/** What an element's attributes say of the submission that is open. */
static void open_in_submission(reader *x, at is, const char *const *a)
{
    submission *s = &x->scv[x->n_scv - 1];
    const char *type = sund_xml_attribute(a, "Type");

    if (is == SCV_NUMBER) {
        take_field(s, s->laboratory, sizeof s->laboratory, sund_xml_attribute(a, "submitter"));
    } else if (is == SCV_ACCESSION) {
        take_field(s, s->accession, sizeof s->accession,
                   sund_xml_attribute(a, x->rcv ? "Acc" : "Accession"));
        take_field(s, s->laboratory, sizeof s->laboratory, sund_xml_attribute(a, "SubmitterName"));
    } else if (is == SCV_CLASS) {
        take_field(s, s->date, sizeof s->date, sund_xml_attribute(a, "DateLastEvaluated"));
    } else if (is == GERMLINE || is == SOMATIC || is == ONCOGENIC || is == NO_CLASS) {
        s->kind = is;
    } else if (is == METHOD) {
        x->wanted = type && strcmp(type, "AssertionMethod") == 0;
    } else if (is == SCV_TRAIT) {
        s->n_trait++;
    } else if (is == SCV_XREF && s->n_trait == 1) {
        better_code(a, s->cui, s->code, &s->rank);
    }
}

static void open_mapping(reader *x, at is, const char *const *a)
{
    const char *id = sund_xml_attribute(a, is == MAPPING ? "ClinicalAssertionID" : "CUI");

    if (is == MAPPING) {
        x->mapping = NULL;
        for (size_t i = 0; id && id[0] && !x->mapping && i < x->n_scv; i++)
            if (strcmp(x->scv[i].id, id) == 0)
                x->mapping = &x->scv[i];
    } else if (x->mapping && !x->mapping->mapped && id) {
        x->mapping->mapped = sund_form_text(x->mapping->cui, sizeof x->mapping->cui, id);
    }
}

static sund_code on_open(void *ctx, const char *element, const char *const *a, size_t line,
                         sund_err *err)
{
    reader     *x = ctx;
    at          in = x->stack[x->depth], is = OTHER;
    const char *type = sund_xml_attribute(a, "Type");

    for (size_t i = 0; in != OTHER && is == OTHER && i < sizeof place_of / sizeof place_of[0]; i++)
        if (place_of[i].in == in && strcmp(place_of[i].name, element) == 0)
            is = place_of[i].is;
    if (in == TOP && is == OTHER)
        return sund_fail(err, SUND_E_FORMAT,
                         "%s:%zu: this is no release of ClinVar's: its root is <%.60s>", x->r->name,
                         line, element);
    if (is == OLD)
        return sund_fail(
            err, SUND_E_FORMAT,
            "%s:%zu: <%s> is of the form before 2024; take ClinVarVCVRelease or ClinVarRCVRelease",
            x->r->name, line, element);
    if (x->wanted)
        return sund_fail(err, SUND_E_FORMAT, "%s:%zu: <%.60s> is where there is only text",
                         x->r->name, line, element);
    x->stack[++x->depth] = is;
    x->n_text = 0;
    x->wanted =
        is == STATUS || is == SCV_STATUS || is == REVIEW || is == GERMLINE || is == SYMBOL_TEXT;
    if (is == RECORD || is == SET)
        begin_record(x, line, is == SET);
    else if (is == SCV)
        return add_submission(x, line, sund_xml_attribute(a, "ID"), err);
    else if (is == MANY || (is == MEASURES && (!type || strcmp(type, "Variant") != 0)))
        x->many = true;
    else if (is == INCLUDED)
        x->included = true;
    else if (is == PLACE)
        take_place(x, a);
    else if (is == GENE && !x->gene[0])
        (void) snprintf(x->gene, sizeof x->gene, "%s",
                        sund_xml_attribute(a, "Symbol") ? sund_xml_attribute(a, "Symbol") : "");
    else if (is == TRAIT && x->n_trait++ < MOST_TRAITS) /* of those beyond, MedGen's codes stay */
        x->trait[x->n_trait - 1] = (trait){ .rank = -1 };
    else if (is == TRAIT_XREF && x->n_trait && x->n_trait <= MOST_TRAITS)
        better_code(a, x->trait[x->n_trait - 1].cui, x->trait[x->n_trait - 1].code,
                    &x->trait[x->n_trait - 1].rank);
    else if (is == MAPPING || is == MEDGEN)
        open_mapping(x, is, a);
    else if (is >= SCV_NUMBER && is <= SCV_XREF)
        open_in_submission(x, is, a);
    return SUND_OK;
}

static void on_text(void *ctx, const char *s, size_t n)
{
    reader *x = ctx;

    if (!x->wanted)
        return;
    if (n >
        sizeof x->text - 1 - x->n_text) /* longer than any field: so it is seen to be too long */
        n = sizeof x->text - 1 - x->n_text;
    memcpy(x->text + x->n_text, s, n);
    x->n_text += n;
}

/** The condition's code: that of the concept to which ClinVar has mapped it, then the submitter's.
 */
static void find_condition(const reader *x, submission *s)
{
    const char *code = x->rcv && x->n_trait ? x->trait[0].code : NULL;

    for (size_t i = 0; !code && s->cui[0] && i < x->n_trait && i < MOST_TRAITS; i++)
        if (strcmp(x->trait[i].cui, s->cui) == 0 && x->trait[i].code[0])
            code = x->trait[i].code;
    if (code)
        memcpy(s->code, code, sizeof s->code);
    else if (!s->code[0])
        (void) code_of("MedGen", s->cui, s->code);
}

/** Why a submission gives no entry, or NULL. */
static const char *no_entry(const reader *x, const submission *s)
{
    if (!x->current)
        return "the record is not current";
    if (!s->current)
        return "the submission is not current";
    if (s->kind == SOMATIC)
        return "it is a classification of a somatic variant's clinical impact";
    if (s->kind == ONCOGENIC)
        return "it is a classification of oncogenicity";
    if (s->kind != GERMLINE)
        return "it has no classification";
    if (strcmp(s->review, "flagged submission") == 0)
        return "ClinVar has flagged the submission";
    if (x->many)
        return "it is of several alleles together, a haplotype or a genotype";
    if (strlen(x->gene) >= sizeof((sund_interpretation *) 0)->gene)
        return "the gene's name is too long";
    return s->too_long ? "a text is longer than its field" : x->no_place;
}

static sund_code end_submission(reader *x, const submission *s, sund_interpretation *e,
                                sund_err *err)
{
    const char *why = s->no_entry;

    x->r->report->n_line++;
    if (!why) {
        sund_form_begin(x->r, e);
        if (sund_form_variant(x->r, x->chromosome, x->pos, x->ref, x->alt, e, &why))
            why = sund_clinvar_accession(s->accession, e->reference) ? NULL
                                                                     : "its SCV is no accession";
    }
    if (!why && s->date[0] && !sund_form_text(e->date, sizeof e->date, s->date))
        why = "the date is no day such as 2024-05-17";
    if (why) {
        sund_form_left(x->r, s->line, why);
        return SUND_OK;
    }
    e->acmg = s->acmg;
    e->second_hand = true;
    (void) snprintf(e->gene, sizeof e->gene, "%.39s", x->gene);
    (void) snprintf(e->evidence, sizeof e->evidence, "%s", s->review);
    (void) snprintf(e->condition, sizeof e->condition, "%s", s->code);
    if (s->laboratory[0])
        (void) snprintf(e->laboratory, sizeof e->laboratory, "%s", s->laboratory);
    if (s->method[0])
        (void) snprintf(e->method, sizeof e->method, "%s", s->method);
    return sund_form_entry(x->r, s->line, e, err);
}

static void keep_later(submission *a, submission *b)
{
    if (!b->no_entry && strcmp(a->laboratory, b->laboratory) == 0 && strcmp(a->code, b->code) == 0)
        (strcmp(b->date, a->date) > 0 ? a : b)->no_entry =
            "the laboratory has another submission for the same variant and condition, evaluated "
            "later or named first";
}

static sund_code end_record(reader *x, sund_err *err)
{
    sund_interpretation e;

    if (!x->n_scv) {
        x->r->report->n_line++;
        sund_form_left(x->r, x->line,
                       x->included
                           ? "the record has no submission of its own: it is part of others'"
                           : "the record has no submission");
    }
    for (size_t i = 0; i < x->n_scv; i++) {
        find_condition(x, &x->scv[i]);
        x->scv[i].no_entry = no_entry(x, &x->scv[i]);
    }
    for (size_t i = 0; i < x->n_scv;
         i++) /* a laboratory has one entry for a variant and condition */
        for (size_t k = i + 1; !x->scv[i].no_entry && k < x->n_scv; k++)
            keep_later(&x->scv[i], &x->scv[k]);
    for (size_t i = 0; i < x->n_scv; i++)
        SUND_TRY(end_submission(x, &x->scv[i], &e, err));
    return SUND_OK;
}

static void take_text(reader *x, at is)
{
    submission *s = x->n_scv ? &x->scv[x->n_scv - 1] : NULL;
    char       *text = x->text;

    while (x->n_text && isspace((unsigned char) text[x->n_text - 1]))
        x->n_text--;
    text[x->n_text] = 0;
    text += strspn(text, " \t\r\n");
    if (is == STATUS)
        x->current = strcmp(text, "current") == 0;
    else if (is == SYMBOL_TEXT && !x->gene[0])
        (void) snprintf(x->gene, sizeof x->gene, "%s", text);
    else if (is == SCV_STATUS)
        s->current = strcmp(text, "current") == 0;
    else if (is == REVIEW)
        take_field(s, s->review, sizeof s->review, text);
    else if (is == METHOD)
        take_field(s, s->method, sizeof s->method, text);
    else if (is == GERMLINE)
        s->acmg = sund_acmg_parse(text);
}

static sund_code on_close(void *ctx, sund_err *err)
{
    reader *x = ctx;
    at      is = x->stack[x->depth--];

    if (x->wanted)
        take_text(x, is);
    x->wanted = false;
    return is == RECORD || is == SET ? end_record(x, err) : SUND_OK;
}

sund_code sund_read_clinvar_xml(sund_form_reading *r, const void *p, size_t n, sund_gz *rest,
                                sund_err *err)
{
    enum { PIECE = 1 << 16 };
    reader           *x = calloc(1, sizeof *x);
    char             *piece = malloc(PIECE);
    const sund_xml_to to = { x, on_open, on_close, on_text };
    sund_xml         *xml = NULL;
    sund_code         rc = SUND_OK;

    if (x)
        x->trait = calloc(MOST_TRAITS, sizeof *x->trait);
    if (!x || !piece || !x->trait)
        SUND_GO(sund_fail(err, SUND_E_NOMEM, "out of memory"));
    x->r = r;
    x->stack[0] = TOP;
    SUND_GO(sund_xml_new(&xml, r->name, &to, err));
    SUND_GO(sund_xml_feed(xml, p, n, !rest || !n, err));
    while (rest && n) {
        if ((rc = sund_gz_piece(rest, piece, PIECE, &n, err)) != SUND_OK)
            SUND_GO(sund_fail_in(err, rc, "%s", r->name));
        SUND_GO(sund_xml_feed(xml, piece, n, !n, err));
    }
out:
    sund_xml_free(xml);
    if (x) {
        free(x->scv);
        free(x->trait);
    }
    free(x);
    free(piece);
    return rc;
}
