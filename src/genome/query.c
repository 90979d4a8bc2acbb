#include "genome/query.h"

#include "base/ini.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const types[SUND_N_QTYPE] = { "", "SNP", "MNP", "INS", "DEL", "INDEL", "DUP", "CNV", "BND" };

sund_qtype sund_qtype_of(const char *word)
{
    static const struct { const char *word; sund_qtype type; } other[] = {
        { "SNV", SUND_Q_SNP },         { "MNV", SUND_Q_MNP },         { "SO:0001483", SUND_Q_SNP },   { "SO:0002007", SUND_Q_MNP },   { "SO:0000667", SUND_Q_INS },
        { "SO:0000159", SUND_Q_DEL },  { "SO:1000032", SUND_Q_INDEL }, { "SO:1000035", SUND_Q_DUP }, { "SO:0001019", SUND_Q_CNV }, { "DUP:TANDEM", SUND_Q_DUP },
    };

    for (int t = 1; t < SUND_N_QTYPE; t++)
        if (strcasecmp(types[t], word) == 0)
            return (sund_qtype) t;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        if (strcasecmp(other[i].word, word) == 0)
            return other[i].type;
    return SUND_N_QTYPE;
}

void sund_query_free(sund_query *q)
{
    sund_buf_free(&q->alleles);
    q->n_name = 0;
}

/** Takes the assembly that a name says. */
static sund_code note_assembly(sund_query *q, const char *name, sund_err *err)
{
    sund_assembly said = sund_named_assembly(name);

    if (said != SUND_ASSEMBLY_NONE && q->assembly != SUND_ASSEMBLY_NONE && said != q->assembly)
        return sund_fail(err, SUND_E_ARG, "places on GRCh37 and on GRCh38 in one question: ask for each by itself");
    if (said != SUND_ASSEMBLY_NONE)
        q->assembly = said;
    return SUND_OK;
}

/** One name, normalised; its alleles behind those before. */
static sund_code add_name(sund_query *q, const char *text, sund_err *err)
{
    sund_variant *v = &q->name[q->n_name];

    if (q->n_name == SUND_QUERY_NAMES)
        return sund_fail(err, SUND_E_LIMIT, "more than %d variants in one question", SUND_QUERY_NAMES);
    SUND_TRY(sund_variant_parse(text, v, &q->alleles, err));
    SUND_TRY(note_assembly(q, text, err));
    SUND_TRY(sund_variant_normalise(v, NULL, NULL, err));
    v->ref = (const char *) (uintptr_t) ((const uint8_t *) v->ref - q->alleles.p); /* as offsets until all are there (parse_names): the buffer moves as it grows */
    v->alt = (const char *) (uintptr_t) ((const uint8_t *) v->alt - q->alleles.p);
    q->n_name++;
    return SUND_OK;
}

static sund_code parse_names(sund_query *q, const char *text, sund_err *err)
{
    char one[2 * SUND_QUERY_BASES + 64];

    while (*text) {
        size_t n = strcspn(text, ",");

        if (n >= sizeof one)
            return sund_fail(err, SUND_E_LIMIT, "a variant's name of %zu bytes: alleles have at most %d bases here", n, SUND_QUERY_BASES);
        memcpy(one, text, n);
        one[n] = 0;
        SUND_TRY(add_name(q, one, err));
        text += n + (text[n] == ',');
    }
    for (size_t i = 0; i < q->n_name; i++) {
        q->name[i].ref = (const char *) q->alleles.p + (uintptr_t) q->name[i].ref;
        q->name[i].alt = (const char *) q->alleles.p + (uintptr_t) q->name[i].alt;
    }
    return q->n_name ? SUND_OK : sund_fail(err, SUND_E_ARG, "no variant is named");
}

static bool bases(const char *s, char *out)
{
    size_t n = strlen(s);

    if (n == 0 || n > SUND_QUERY_BASES || strspn(s, "ACGTNacgtn") != n)
        return false;
    for (size_t i = 0; i <= n; i++)
        out[i] = s[i] >= 'a' ? (char) (s[i] - 32) : s[i];
    return true;
}

static bool number(const char *s, uint32_t *out)
{
    int64_t v;
    bool    good = sund_parse_i64(s, 0, INT32_MAX, &v);

    *out = good ? (uint32_t) v : 0;
    return good;
}

static bool ends(sund_query *q, char *s)
{
    char    *dash = strchr(s, '-');
    uint32_t from, to;

    if (!dash)
        return false;
    *dash = 0;
    if (!number(s, &from) || !number(dash + 1, &to) || from == 0 || to < from)
        return false;
    q->bracket = true;
    q->end_from_bp = from - 1;
    q->end_to_bp = to;
    return true;
}

static sund_code word_of(sund_query *q, char *word, sund_err *err)
{
    char *v = strchr(word, '=');
    bool  good = false;

    if (v) {
        *v++ = 0;
        if (strcmp(word, "type") == 0)
            good = (q->type = sund_qtype_of(v)) != SUND_N_QTYPE;
        else if (strcmp(word, "ref") == 0)
            good = bases(v, q->ref);
        else if (strcmp(word, "alt") == 0)
            good = bases(v, q->alt);
        else if (strcmp(word, "min") == 0)
            good = number(v, &q->min_bp);
        else if (strcmp(word, "max") == 0)
            good = number(v, &q->max_bp) && q->max_bp > 0;
        else if (strcmp(word, "ends") == 0)
            good = ends(q, v);
    }
    return good ? SUND_OK : sund_fail(err, SUND_E_ARG, "'%.40s%s%.40s' is no condition on variants: type=, ref=, alt=, min=, max=, ends= are", word, v ? "=" : "", v ? v : "");
}

static sund_code parse_region(sund_query *q, const char *text, sund_err *err)
{
    char  copy[3 * SUND_QUERY_BASES];
    char *save = NULL, *word;

    if (snprintf(copy, sizeof copy, "%s", text) >= (int) sizeof copy)
        return sund_fail(err, SUND_E_LIMIT, "a question about a region has at most %zu bytes", sizeof copy - 1);
    word = strtok_r(copy, " ", &save);
    SUND_TRY(sund_region_parse(word ? word : "", &q->region, err));
    SUND_TRY(note_assembly(q, word, err));
    while ((word = strtok_r(NULL, " ", &save)) != NULL)
        SUND_TRY(word_of(q, word, err));
    return SUND_OK;
}

/** "20:1000001-1000500 ...", "chr20", and not "20:1000226:A:T", "20:1000226 A>T" or "NC_000020.10:g.1000226A>T". */
static bool is_region(const char *text)
{
    char        contig[16];
    size_t      n = strcspn(text, " "), digits;
    const char *colon = memchr(text, ':', n);

    if (!colon) {
        if (n >= sizeof contig)
            return false;
        memcpy(contig, text, n);
        contig[n] = 0;
        return sund_contig_parse(contig, NULL);
    }
    colon++;
    digits = strspn(colon, "0123456789");
    if (!digits || colon[digits] != '-')
        return false;
    digits += 1 + strspn(colon + digits + 1, "0123456789");
    return colon + digits == text + n;
}

sund_code sund_query_parse(sund_query *q, const char *text, sund_err *err)
{
    sund_code rc;

    q->n_name = 0; /* names and bases are written before they are read: 12 kB that need no clearing at each question */
    q->ref[0] = q->alt[0] = 0;
    memset(&q->alleles, 0, sizeof *q - offsetof(sund_query, alleles));
    rc = is_region(text) ? parse_region(q, text, err) : parse_names(q, text, err);
    if (rc != SUND_OK)
        sund_query_free(q);
    return rc;
}

/** "20", or "NC_000020.11" of a question that says its assembly. */
static const char *contig_of(const sund_query *q, int contig, char accession[40])
{
    if (q->assembly == SUND_ASSEMBLY_NONE)
        return sund_contig_name(contig);
    sund_contig_refseq(q->assembly, contig, accession);
    return accession + sizeof "refseq:" - 1;
}

void sund_query_print(const sund_query *q, sund_buf *out)
{
    char accession[40];

    for (size_t i = 0; i < q->n_name; i++) {
        sund_buf_text(out, i ? "," : "");
        sund_variant_print_on(&q->name[i], contig_of(q, q->name[i].contig, accession), out);
    }
    if (q->n_name)
        return;
    sund_buf_printf(out, "%s:%u-%u", contig_of(q, q->region.contig, accession), q->region.from_bp + 1, q->region.to_bp);
    if (q->bracket)
        sund_buf_printf(out, " ends=%u-%u", q->end_from_bp + 1, q->end_to_bp);
    if (q->type != SUND_Q_ANY)
        sund_buf_printf(out, " type=%s", types[q->type]);
    if (q->ref[0])
        sund_buf_printf(out, " ref=%s", q->ref);
    if (q->alt[0])
        sund_buf_printf(out, " alt=%s", q->alt);
    if (q->min_bp)
        sund_buf_printf(out, " min=%u", q->min_bp);
    if (q->max_bp)
        sund_buf_printf(out, " max=%u", q->max_bp);
}

/** N stands for any one base. */
static bool bases_fit(const char *want, const char *have, size_t n)
{
    if (!want[0])
        return true;
    if (strlen(want) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (want[i] != 'N' && want[i] != have[i])
            return false;
    return true;
}

static bool symbol(const sund_variant *v, const char *name)
{
    size_t n = strlen(name);

    return v->n_alt > n + 1 && v->alt[0] == '<' && strncasecmp(v->alt + 1, name, n) == 0 && (v->alt[n + 1] == '>' || v->alt[n + 1] == ':' || (strcmp(name, "CN") == 0 && v->alt[n + 1] >= '0' && v->alt[n + 1] <= '9'));
}

static bool type_fits(sund_qtype t, const sund_variant *v)
{
    sund_kind k;

    if (t == SUND_Q_ANY)
        return true;
    if (sund_variant_kind(v, &k, NULL) != SUND_OK)
        return false;
    switch (t) {
    case SUND_Q_SNP: return k == SUND_KIND_SNV;
    case SUND_Q_MNP: return k == SUND_KIND_MNV;
    case SUND_Q_INS: return (k == SUND_KIND_INDEL && v->n_alt > v->n_ref) || symbol(v, "INS");
    case SUND_Q_DEL: return (k == SUND_KIND_INDEL && v->n_alt < v->n_ref) || symbol(v, "DEL");
    case SUND_Q_INDEL: return k == SUND_KIND_INDEL;
    case SUND_Q_DUP: return symbol(v, "DUP");
    case SUND_Q_CNV: return symbol(v, "CNV") || symbol(v, "CN") || symbol(v, "DUP") || symbol(v, "DEL");
    case SUND_Q_BND: return k == SUND_KIND_BREAKEND;
    case SUND_Q_ANY:
    case SUND_N_QTYPE:
    default: return false;
    }
}

bool sund_query_takes(const sund_query *q, const sund_variant *v)
{
    uint32_t last = v->pos_bp + (v->n_ref ? v->n_ref - 1 : 0), length = v->n_ref > v->n_alt ? v->n_ref : v->n_alt;

    if (v->contig != q->region.contig || v->pos_bp >= q->region.to_bp)
        return false;
    if (q->bracket ? v->pos_bp < q->region.from_bp || last < q->end_from_bp || last >= q->end_to_bp : last < q->region.from_bp)
        return false;
    if ((q->min_bp && length < q->min_bp) || (q->max_bp && length > q->max_bp))
        return false;
    return bases_fit(q->ref, v->ref, v->n_ref) && bases_fit(q->alt, v->alt, v->n_alt) && type_fits(q->type, v);
}

uint32_t sund_query_from(const sund_query *q) { return q->bracket || q->region.from_bp < SUND_ALLELE_MAX ? (q->bracket ? q->region.from_bp : 0) : q->region.from_bp - SUND_ALLELE_MAX; }
