#include "api/beacon.h"
#include "genome/hgvs.h"
#include "genome/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A Beacon's six ways to ask for variants, as one question: sequence, range, bracket, gene (by the node's table of names), HGVS, and an amino-acid change (likewise). */

/** "refseq:NC_000020.11", "chr20", "20": its contig, and its name in a question: by accession where the request says an assembly. */
static sund_code contig_of(const sund_beacon_request *r, int *contig, char spelled[40], sund_err *err)
{
    const char   *name = sund_beacon_text(r, SUND_P_REFERENCE_NAME), *assembly = sund_beacon_text(r, SUND_P_ASSEMBLY), *colon;
    sund_assembly named = SUND_ASSEMBLY_NONE, said = SUND_ASSEMBLY_NONE;

    if (!name)
        return sund_fail(err, SUND_E_ARG, "'referenceName' is missing: 20, chr20 or NC_000020.11");
    colon = strchr(name, ':');
    *contig = sund_contig_parse(colon ? colon + 1 : name, &named);
    if (!*contig)
        return sund_fail(err, SUND_E_ARG, "referenceName '%.40s' is none of 1-22, X, Y, MT, with chr or as NC_...", name);
    if (assembly && sund_assembly_parse(assembly, &said, NULL) != SUND_OK)
        return sund_fail(err, SUND_E_ARG, "assemblyId '%.40s' is neither GRCh37 nor GRCh38", assembly);
    if (named != SUND_ASSEMBLY_NONE && said != SUND_ASSEMBLY_NONE && named != said)
        return sund_fail(err, SUND_E_ARG, "referenceName is of %s and assemblyId says %s", sund_assembly_name(named), sund_assembly_name(said));
    said = named == SUND_ASSEMBLY_NONE ? said : named;
    sund_contig_refseq(said, *contig, spelled); /* refseq:NC_000020.11, chr:20 */
    memmove(spelled, strchr(spelled, ':') + 1, strlen(strchr(spelled, ':')));
    return SUND_OK;
}

/** Conditions on the alleles of a region. */
static sund_code conditions(const sund_beacon_request *r, sund_buf *q, sund_err *err)
{
    const char *type = sund_beacon_text(r, SUND_P_TYPE), *ref = sund_beacon_text(r, SUND_P_REFERENCE_BASES), *alt = sund_beacon_text(r, SUND_P_ALTERNATE_BASES);
    int64_t     v[2];
    size_t      n;

    if (type && sund_qtype_of(type) == SUND_N_QTYPE)
        return sund_fail(err, SUND_E_ARG, "variantType '%.40s' is none of SNP, MNP, INS, DEL, INDEL, DUP, CNV, BND", type);
    if (type)
        sund_buf_printf(q, " type=%s", type);
    if (ref)
        sund_buf_printf(q, " ref=%s", ref);
    if (alt && strcmp(alt, "N") != 0) /* any base */
        sund_buf_printf(q, " alt=%s", alt);
    SUND_TRY(sund_beacon_numbers(r, SUND_P_MIN_LENGTH, v, &n, err));
    if (n)
        sund_buf_printf(q, " min=%lld", (long long) v[0]);
    SUND_TRY(sund_beacon_numbers(r, SUND_P_MAX_LENGTH, v, &n, err));
    if (n)
        sund_buf_printf(q, " max=%lld", (long long) v[0]);
    return SUND_OK;
}

static bool plain_bases(const char *s) { return s && s[0] && strspn(s, "ACGTacgt") == strlen(s); }

/** Whether a type, if any is said, is that of these alleles: then they say it all. */
static bool type_fits(const char *type, const char *ref, const char *alt)
{
    size_t n = strlen(ref), m = strlen(alt);

    if (!type)
        return true;
    switch (sund_qtype_of(type)) {
    case SUND_Q_SNP: return n == 1 && m == 1;
    case SUND_Q_MNP: return n == m && n > 1;
    case SUND_Q_INS: return m > n;
    case SUND_Q_DEL: return m < n;
    case SUND_Q_INDEL: return m != n;
    case SUND_Q_ANY:
    case SUND_Q_DUP:
    case SUND_Q_CNV:
    case SUND_Q_BND:
    case SUND_N_QTYPE:
    default: return false;
    }
}

static sund_code by_position(const sund_beacon_request *r, sund_buf *q, sund_err *err)
{
    const char *ref = sund_beacon_text(r, SUND_P_REFERENCE_BASES), *alt = sund_beacon_text(r, SUND_P_ALTERNATE_BASES);
    int64_t     start[2] = { 0, 0 }, end[2] = { 0, 0 };
    size_t      n_start, n_end;
    int         number = 0;
    char        contig[40] = "";

    SUND_TRY(contig_of(r, &number, contig, err));
    SUND_TRY(sund_beacon_numbers(r, SUND_P_START, start, &n_start, err));
    SUND_TRY(sund_beacon_numbers(r, SUND_P_END, end, &n_end, err));
    if (n_start == 0)
        return sund_fail(err, SUND_E_ARG, "'start' is missing: a position, 0-based");
    if (n_start == 2 && n_end == 2) { /* a bracket: the first base in [s0, s1), the last one in [e0, e1) */
        if (start[1] <= start[0] || end[1] <= end[0])
            return sund_fail(err, SUND_E_ARG, "a bracket is start [FROM, TO] and end [FROM, TO], FROM below TO, 0-based");
        sund_buf_printf(q, "%s:%lld-%lld ends=%lld-%lld", contig, (long long) start[0] + 1, (long long) start[1], (long long) end[0] + 1, (long long) end[1]);
        return conditions(r, q, err);
    }
    if (n_start == 2 && n_end == 0) { /* a range in one word */
        end[0] = start[1];
        n_end = 1;
    }
    if (n_start == 2 || n_end == 2)
        return sund_fail(err, SUND_E_ARG, "one position in 'start' and one in 'end', or two in both");
    if (plain_bases(ref) && plain_bases(alt) && type_fits(sund_beacon_text(r, SUND_P_TYPE), ref, alt)) {
        if (n_end && end[0] != start[0] + (int64_t) strlen(ref) && end[0] != start[0] + 1)
            return sund_fail(err, SUND_E_ARG, "'end' is not where 'referenceBases' from 'start' end");
        sund_buf_text(q, contig); /* the most frequent question: without printf */
        sund_buf_u8(q, '-');
        sund_buf_i64(q, start[0] + 1);
        sund_buf_u8(q, '-');
        sund_buf_text(q, ref);
        sund_buf_u8(q, '-');
        sund_buf_text(q, alt);
        return SUND_OK;
    }
    if (!n_end && !alt && !ref)
        return sund_fail(err, SUND_E_ARG, "'start' alone is a position: give 'end' too, or 'referenceBases' and 'alternateBases'");
    if (!n_end)
        end[0] = start[0] + 1;
    if (end[0] <= start[0])
        return sund_fail(err, SUND_E_ARG, "'end' is behind 'start': the region is half-open, 0-based");
    sund_buf_printf(q, "%s:%lld-%lld", contig, (long long) start[0] + 1, (long long) end[0]);
    return conditions(r, q, err);
}

/** A gene that is a region can have conditions; one that is a list of variants is as it is. */
static sund_code conditions_of_gene(const sund_beacon_request *r, sund_buf *q, size_t at, sund_err *err)
{
    bool region = memchr(q->p + at, ':', q->n - at) != NULL;

    return region ? conditions(r, q, err) : SUND_OK;
}

bool sund_beacon_one_variant(const char *query)
{
    const char *dash = strchr(query, '-'), *colon = strchr(query, ':');

    return dash && !strchr(query, ',') && !strchr(query, ' ') && !(colon && colon < dash);
}

bool sund_beacon_of_variant(const sund_beacon_request *r)
{
    for (int p = SUND_P_REFERENCE_NAME; p < SUND_N_PARAM; p++)
        if (r->get[p] || r->post[p])
            return true;
    return r->page->takes & SUND_OF_VARIANT;
}

sund_code sund_beacon_query(const sund_beacon_request *r, sund_buf *question, sund_err *err)
{
    const char *hgvs = sund_beacon_text(r, SUND_P_ALLELE), *gene = sund_beacon_text(r, SUND_P_GENE), *change = sund_beacon_text(r, SUND_P_CHANGE);
    sund_query  q;
    size_t      at = question->n;
    sund_code   rc = SUND_OK;

    sund_buf_text(question, "variants ");
    if (r->page->takes & SUND_OF_VARIANT)
        hgvs = r->id;
    if (hgvs && sund_is_rsid(hgvs))
        SUND_TRY(sund_names_rsid(r->face->names, hgvs, question, err));
    else if (hgvs && r->face->vrs && sund_is_hgvs_change(hgvs))
        SUND_TRY(sund_hgvs_spell(hgvs, sund_vrs_reference(r->face->vrs), question, err));
    else if (hgvs)
        sund_buf_text(question, hgvs);
    else if (change && !gene)
        return sund_fail(err, SUND_E_ARG, "an aminoacidChange is of a gene: give 'geneId' too");
    else if (gene) {
        SUND_TRY(sund_names_gene(r->face->names, gene, change, question, err));
        if (!change)
            SUND_TRY(conditions_of_gene(r, question, at, err));
    }
    else
        SUND_TRY(by_position(r, question, err));
    sund_buf_nul(question);
    SUND_TRY(sund_buf_ok(question, err));
    /* in its one spelling, and refused here if it is none */
    rc = sund_query_parse(&q, (const char *) question->p + at + strlen("variants "), err);
    if (rc == SUND_OK) /* another assembly than the data's is an error, not an empty answer */
        rc = sund_assembly_fits(q.assembly, r->face->assembly, err);
    if (rc == SUND_OK) {
        q.assembly = r->face->assembly == SUND_ASSEMBLY_NONE ? q.assembly : SUND_ASSEMBLY_NONE; /* where it is not known here, nodes look */
        question->n = at + strlen("variants ");
        sund_query_print(&q, question);
        sund_buf_nul(question);
        rc = sund_buf_ok(question, err);
    }
    sund_query_free(&q);
    return rc;
}
