#include "exchange/case.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Cases as others write them. */

static sund_code bad(const char *where, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s: %s", where, why); }

/** Text of a member into out; needed or not. */
static sund_code text(const sund_jval *o, const char *name, const char *where, bool needed, char *out, size_t cap, sund_err *err)
{
    const sund_jval *v = sund_j_get(o, name);
    const char      *s = sund_j_str(v);
    char             full[96];

    out[0] = 0;
    (void) snprintf(full, sizeof full, "%s%s%s", where, where[0] ? "." : "", name);
    if (!v || sund_j_kind(v) == SUND_J_NULL)
        return needed ? bad(full, "is needed", err) : SUND_OK;
    if (!s || strlen(s) >= cap || !sund_text_ok(s))
        return sund_fail(err, SUND_E_FORMAT, "%s: a text of at most %zu bytes without control characters is expected", full, cap - 1);
    if (needed && !s[0])
        return bad(full, "is empty", err);
    (void) snprintf(out, cap, "%s", s);
    return SUND_OK;
}

static bool hpo_id(const char *s) { return strncmp(s, "HP:", 3) == 0 && strlen(s) == 10 && strspn(s + 3, "0123456789") == 7; }

bool sund_case_href_ok(const char *s) { return (strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "https://", 8) == 0 || strncasecmp(s, "mailto:", 7) == 0) && strlen(s) > 8 && !strpbrk(s, " \"<>\\"); }

static sund_code list(const sund_jval *o, const char *name, size_t max, const sund_jval **out, sund_err *err)
{
    const sund_jval *v = sund_j_get(o, name);

    *out = NULL;
    if (!v || sund_j_kind(v) == SUND_J_NULL)
        return SUND_OK;
    if (sund_j_kind(v) != SUND_J_ARRAY || sund_j_n(v) > max)
        return sund_fail(err, SUND_E_FORMAT, "%s: a list of at most %zu is expected", name, max);
    *out = v;
    return SUND_OK;
}

bool sund_case_add_feature(sund_case *c, const char *id, bool absent)
{
    size_t i = 0;

    while (i < c->n_feature && strcmp(c->feature[i].id, id) != 0)
        i++;
    if (!hpo_id(id) || i == SUND_CASE_FEATURES)
        return false;
    if (i == c->n_feature)
        c->n_feature++;
    (void) snprintf(c->feature[i].id, sizeof c->feature[i].id, "%s", id);
    c->feature[i].absent = absent;
    return true;
}

static bool gene_ok(const char *s)
{
    if (!s[0] || strlen(s) >= sizeof ((sund_case_gene *) NULL)->gene)
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char) *s) && !strchr("-_.@:", *s))
            return false;
    return true;
}

bool sund_case_add_gene(sund_case *c, const char *gene, const char *variant)
{
    if (!gene_ok(gene))
        return false;
    for (size_t i = 0; i < c->n_gene; i++)
        if (strcmp(c->gene[i].gene, gene) == 0 && strcmp(c->gene[i].variant, variant) == 0)
            return true;
    if (c->n_gene == SUND_CASE_GENES)
        return false;
    (void) snprintf(c->gene[c->n_gene].gene, sizeof c->gene[0].gene, "%s", gene);
    (void) snprintf(c->gene[c->n_gene].variant, sizeof c->gene[0].variant, "%s", variant);
    c->n_gene++;
    return true;
}

static void add_disorder(sund_case *c, const char *id)
{
    if (c->n_disorder < SUND_CASE_DISORDERS && id[0] && strlen(id) < sizeof c->disorder[0])
        (void) snprintf(c->disorder[c->n_disorder++], sizeof c->disorder[0], "%s", id);
}

static bool letters(const char *s) { return s && s[0] && strspn(s, "ACGTN") == strlen(s); }

/** Its name where it is whole; "" otherwise. pos from 1. */
static void name_variant(const char *assembly, const char *contig, int64_t pos, const char *ref, const char *alt, char out[160])
{
    sund_assembly a;
    char          build[16];
    int           at = contig ? sund_contig_parse(contig, NULL) : 0;

    out[0] = 0;
    (void) snprintf(build, sizeof build, "%.*s", (int) strcspn(assembly ? assembly : "", "."), assembly ? assembly : "");
    if (!at || pos < 1 || !letters(ref) || !letters(alt) || sund_assembly_parse(build, &a, NULL) != SUND_OK || strlen(ref) + strlen(alt) > 120)
        return;
    (void) snprintf(out, 160, "%s:%s-%lld-%s-%s", sund_assembly_name(a), sund_contig_name(at), (long long) pos, ref, alt);
}

static sund_code mme_features(sund_case *c, const sund_jval *patient, sund_err *err)
{
    const sund_jval *l;
    char             id[24], observed[8];

    SUND_TRY(list(patient, "features", SUND_CASE_FEATURES, &l, err));
    for (size_t i = 0; i < sund_j_n(l); i++) {
        SUND_TRY(text(sund_j_at(l, i), "id", "features", true, id, sizeof id, err));
        SUND_TRY(text(sund_j_at(l, i), "observed", "features", false, observed, sizeof observed, err));
        if (observed[0] && strcmp(observed, "yes") != 0 && strcmp(observed, "no") != 0)
            return bad("features.observed", "yes or no is expected", err);
        if (!sund_case_add_feature(c, id, observed[0] == 'n'))
            return bad("features.id", "HP: and seven digits are expected", err);
    }
    return SUND_OK;
}

static sund_code mme_genes(sund_case *c, const sund_jval *patient, sund_err *err)
{
    const sund_jval *l;

    SUND_TRY(list(patient, "genomicFeatures", SUND_CASE_GENES, &l, err));
    for (size_t i = 0; i < sund_j_n(l); i++) {
        const sund_jval *v = sund_j_get(sund_j_at(l, i), "variant");
        char             gene[40], variant[160] = "", assembly[24];
        int64_t          start = -1;

        SUND_TRY(text(sund_j_get(sund_j_at(l, i), "gene"), "id", "genomicFeatures.gene", true, gene, sizeof gene, err));
        if (!gene_ok(gene))
            return bad("genomicFeatures.gene.id", "a gene's symbol or id is expected", err);
        if (v && sund_j_kind(v) != SUND_J_NULL) {
            SUND_TRY(text(v, "assembly", "variant", true, assembly, sizeof assembly, err));
            if (!sund_j_text(v, "referenceName"))
                return bad("genomicFeatures.variant.referenceName", "is needed", err);
            if (sund_j_get(v, "start") && (!sund_j_int(sund_j_get(v, "start"), &start) || start < 0 || start > INT32_MAX)) /* the standard's own benchmark has two without */
                return bad("genomicFeatures.variant.start", "a number from 0 is expected", err);
            name_variant(assembly, sund_j_text(v, "referenceName"), start + 1, sund_j_text(v, "referenceBases"), sund_j_text(v, "alternateBases"), variant);
        }
        (void) sund_case_add_gene(c, gene, variant); /* there is room: the list was bounded */
    }
    return SUND_OK;
}

static sund_code mme_sex(sund_case *c, const sund_jval *patient, sund_err *err)
{
    char sex[20];

    SUND_TRY(text(patient, "sex", "", false, sex, sizeof sex, err));
    c->sex = strcmp(sex, "FEMALE") == 0 ? 'F' : strcmp(sex, "MALE") == 0 ? 'M' : sex[0] ? 'O' : 0;
    if (sex[0] && c->sex == 'O' && strcmp(sex, "OTHER") != 0 && strcmp(sex, "MIXED_SAMPLE") != 0 && strcmp(sex, "NOT_APPLICABLE") != 0)
        return bad("sex", "FEMALE, MALE, OTHER, MIXED_SAMPLE or NOT_APPLICABLE is expected", err);
    return SUND_OK;
}

sund_code sund_case_read_mme(sund_case *c, const sund_jval *patient, sund_err *err)
{
    const sund_jval *contact = sund_j_get(patient, "contact"), *l;
    char             species[32], id[40];

    memset(c, 0, sizeof *c);
    if (sund_j_kind(patient) != SUND_J_OBJECT)
        return bad("patient", "an object is expected", err);
    SUND_TRY(text(patient, "id", "", true, c->own, sizeof c->own, err));
    if (sund_j_kind(contact) != SUND_J_OBJECT)
        return bad("contact", "is needed, with name and href", err);
    SUND_TRY(text(contact, "name", "contact", true, c->contact, sizeof c->contact, err));
    SUND_TRY(text(contact, "institution", "contact", false, c->institution, sizeof c->institution, err));
    SUND_TRY(text(contact, "href", "contact", true, c->href, sizeof c->href, err));
    if (!sund_case_href_ok(c->href))
        return bad("contact.href", "an address that begins with http:, https: or mailto: is expected", err);
    SUND_TRY(text(patient, "species", "", false, species, sizeof species, err));
    if (species[0] && strcmp(species, "NCBITaxon:9606") != 0)
        return bad("species", "only NCBITaxon:9606, people, are matched here", err);
    SUND_TRY(mme_sex(c, patient, err));
    if (sund_j_get(patient, "test") && !sund_j_bool(sund_j_get(patient, "test"), &c->test))
        return bad("test", "true or false is expected", err);
    SUND_TRY(list(patient, "disorders", 64, &l, err));
    for (size_t i = 0; i < sund_j_n(l); i++) {
        SUND_TRY(text(sund_j_at(l, i), "id", "disorders", true, id, sizeof id, err));
        add_disorder(c, id);
    }
    SUND_TRY(mme_features(c, patient, err));
    SUND_TRY(mme_genes(c, patient, err));
    return c->n_feature + c->n_gene ? SUND_OK : bad("features, genomicFeatures", "at least one of one of them is needed", err);
}

/** Genes and variants that its interpretations name. */
static void packet_genes(sund_case *c, const sund_jval *genomic)
{
    for (size_t i = 0; i < sund_j_n(genomic); i++) {
        const sund_jval *g = sund_j_at(genomic, i), *d = sund_j_get(sund_j_get(g, "variantInterpretation"), "variationDescriptor"), *record = sund_j_get(d, "vcfRecord");
        const sund_jval *context = sund_j_get(d, "geneContext") ? sund_j_get(d, "geneContext") : sund_j_get(g, "gene"), *position = sund_j_get(record, "pos");
        const char      *symbol = sund_j_text(context, "symbol");
        char             variant[160];
        int64_t          pos = 0;

        if (!symbol)
            continue;
        if (!sund_j_int(position, &pos) && sund_j_str(position) && strlen(sund_j_str(position)) < 12) /* protobuf writes 64-bit numbers as text */
            for (const char *s = sund_j_str(position); *s >= '0' && *s <= '9'; s++)
                pos = pos * 10 + (*s - '0');
        name_variant(sund_j_text(record, "genomeAssembly"), sund_j_text(record, "chrom"), pos, sund_j_text(record, "ref"), sund_j_text(record, "alt"), variant);
        (void) sund_case_add_gene(c, symbol, variant); /* what is no symbol, or beyond the first 64, says nothing */
    }
}

sund_code sund_case_read_phenopacket(sund_case *c, const sund_jval *packet, sund_err *err)
{
    const sund_jval *l;
    const char      *sex = sund_j_text(sund_j_get(packet, "subject"), "sex"), *id;
    bool             excluded;

    memset(c, 0, sizeof *c);
    if (sund_j_kind(packet) != SUND_J_OBJECT)
        return bad("phenopacket", "an object is expected", err);
    SUND_TRY(text(packet, "id", "", true, c->own, sizeof c->own, err));
    c->sex = !sex ? 0 : strcmp(sex, "FEMALE") == 0 ? 'F' : strcmp(sex, "MALE") == 0 ? 'M' : strcmp(sex, "OTHER_SEX") == 0 ? 'O' : 0;
    SUND_TRY(list(packet, "phenotypicFeatures", SUND_CASE_FEATURES, &l, err));
    for (size_t i = 0; i < sund_j_n(l); i++) {
        id = sund_j_text(sund_j_get(sund_j_at(l, i), "type"), "id");
        if (!id)
            return bad("phenotypicFeatures.type.id", "is needed", err);
        excluded = false;
        (void) sund_j_bool(sund_j_get(sund_j_at(l, i), "excluded"), &excluded);
        (void) sund_case_add_feature(c, id, excluded); /* terms of other ontologies are none that is compared */
    }
    SUND_TRY(list(packet, "diseases", 64, &l, err));
    for (size_t i = 0; i < sund_j_n(l); i++) {
        excluded = false;
        (void) sund_j_bool(sund_j_get(sund_j_at(l, i), "excluded"), &excluded);
        id = sund_j_text(sund_j_get(sund_j_at(l, i), "term"), "id");
        if (id && !excluded)
            add_disorder(c, id);
    }
    SUND_TRY(list(packet, "interpretations", 64, &l, err));
    for (size_t i = 0; i < sund_j_n(l); i++)
        packet_genes(c, sund_j_get(sund_j_get(sund_j_at(l, i), "diagnosis"), "genomicInterpretations"));
    return c->n_feature + c->n_gene ? SUND_OK : bad("phenotypicFeatures, interpretations", "there is no HPO term and no gene", err);
}
