#include "api/beacon.h"
#include "genome/variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* /g_variants: a result set for each node, and at the hub one of all nodes together; in each, a record a variant with its frequencies by country and sex.
 * A Beacon counts alleles: homozygotes twice, so that homozygous, heterozygous and hemizygous add up to AC. */

typedef struct set { const char *name; bool exists; size_t n; } set;

static void frequency(sund_json *j, const char *population, const sund_lookup_cells *c)
{
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "population", population);
    sund_json_f64(j, "alleleFrequency", c->an ? (double) c->ac / (double) c->an : 0.0);
    sund_json_i64(j, "alleleCount", c->ac);
    sund_json_i64(j, "alleleNumber", c->an);
    if (c->hom >= 0 && c->hemi >= 0) {
        sund_json_i64(j, "alleleCountHomozygous", 2 * c->hom);
        sund_json_i64(j, "alleleCountHeterozygous", c->ac - 2 * c->hom - c->hemi);
        sund_json_i64(j, "alleleCountHemizygous", c->hemi);
    }
    sund_json_close(j, '}');
}

/** node: "DK", or "" for all of them. */
static void frequencies(sund_json *j, const sund_face *f, const char *node, const sund_lookup_counts *c)
{
    char   name[SUND_ID_MAX + 3];
    size_t n = strnlen(node, SUND_ID_MAX);

    sund_json_open(j, "frequencyInPopulations", '[');
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "source", f->organisation);
    sund_json_str(j, "sourceReference", f->welcome);
    sund_json_open(j, "frequencies", '[');
    frequency(j, node[0] ? node : "Total", &c->all);
    for (int male = 0; c->sexes && male < 2; male++) {
        if ((male ? c->male.an : c->female.an) == 0)
            continue; /* nobody: there is no frequency */
        memcpy(name, node, n);
        if (n)
            name[n] = '_';
        name[n + (n > 0)] = male ? 'M' : 'F';
        name[n + (n > 0) + 1] = 0;
        frequency(j, name, male ? &c->male : &c->female);
    }
    sund_json_close(j, ']');
    sund_json_close(j, '}');
    sund_json_close(j, ']');
}

static const char *type_of(const sund_variant *v)
{
    sund_kind k;

    if (sund_variant_kind(v, &k, NULL) != SUND_OK)
        return "";
    switch (k) {
    case SUND_KIND_SNV: return "SNP";
    case SUND_KIND_MNV: return "MNP";
    case SUND_KIND_INDEL: return v->n_alt > v->n_ref ? "INS" : "DEL";
    case SUND_KIND_BREAKEND: return "BND";
    case SUND_KIND_SYMBOLIC:
    case SUND_KIND_STAR:
    case SUND_N_KIND:
    default: return "";
    }
}

static void location(sund_json *j, const sund_face *f, const sund_variant *v)
{
    char name[40];

    sund_json_open(j, "location", '{');
    sund_json_str(j, "type", "SequenceLocation");
    sund_contig_refseq(f->assembly, v->contig, name);
    sund_json_str(j, "sequence_id", name);
    sund_json_open(j, "interval", '{');
    sund_json_str(j, "type", "SequenceInterval");
    for (int end = 0; end < 2; end++) {
        sund_json_open(j, end ? "end" : "start", '{');
        sund_json_str(j, "type", "Number");
        sund_json_i64(j, "value", (int64_t) v->pos_bp + (end ? v->n_ref : 0));
        sund_json_close(j, '}');
    }
    sund_json_close(j, '}');
    sund_json_close(j, '}');
}

static void record(sund_json *j, const sund_face *f, const char *node, const char *variant, const sund_lookup_counts *c)
{
    sund_buf     alleles = { 0 }, text = { 0 };
    sund_variant v;
    char         name[40];

    if (sund_variant_parse(variant, &v, &alleles, NULL) != SUND_OK) { /* a symbolic one: its name says all */
        sund_buf_free(&alleles);
        return;
    }
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "variantInternalId", variant);
    sund_json_open(j, "identifiers", '{');
    if (v.n_ref == 1 && v.n_alt == 1) { /* HGVS of others needs the bases around them */
        sund_contig_refseq(f->assembly, v.contig, name);
        sund_buf_text(&text, strncmp(name, "refseq:", 7) == 0 ? name + 7 : name);
        sund_buf_text(&text, v.contig == SUND_MT ? ":m." : ":g.");
        sund_buf_i64(&text, (int64_t) v.pos_bp + 1);
        sund_buf_put(&text, v.ref, 1);
        sund_buf_text(&text, ">");
        sund_buf_put(&text, v.alt, 1);
        sund_buf_nul(&text);
        if (!text.bad)
            sund_json_str(j, "genomicHGVSId", (const char *) text.p);
    }
    sund_json_close(j, '}');
    sund_json_open(j, "variation", '{');
    location(j, f, &v);
    for (int alt = 0; alt < 2; alt++) {
        sund_buf_clear(&text);
        sund_buf_put(&text, alt ? v.alt : v.ref, alt ? v.n_alt : v.n_ref);
        sund_buf_nul(&text);
        if (!text.bad)
            sund_json_str(j, alt ? "alternateBases" : "referenceBases", (const char *) text.p);
    }
    sund_json_str(j, "variantType", type_of(&v));
    sund_json_close(j, '}');
    frequencies(j, f, node, c);
    sund_json_close(j, '}');
    sund_buf_free(&alleles);
    sund_buf_free(&text);
}

/* ---- which variants, and whose ---- */

/** Every name that some answer has, once, in the order of the first node that has it. Owns: free(). */
static const char **names_of(const sund_answers *a, size_t *n)
{
    size_t       cap = 0;
    const char **name;

    *n = 0;
    for (size_t i = 0; i < a->n; i++)
        cap += a->row[i].shown ? sund_shown_n(a->row[i].shown) : 0;
    name = calloc(cap + 1, sizeof *name);
    for (size_t i = 0; name && i < a->n; i++)
        for (size_t k = 0; a->row[i].shown && k < sund_shown_n(a->row[i].shown); k++) {
            const char *v = sund_shown_variant(a->row[i].shown, k);
            bool        there = false;

            for (size_t m = 0; !there && i > 0 && m < *n; m++)
                there = strcmp(name[m], v) == 0;
            if (!there)
                name[(*n)++] = v;
        }
    return name;
}

/** A country's own numbers are for whoever has logged in, unless its data are open. */
static bool for_asker(const sund_beacon_request *r, const sund_answers *a, size_t i) { return r->who.registered || (a->row[i].shown && sund_shown_open(a->row[i].shown)); }

/** All of them together are for everybody when no country's numbers follow from them: of three countries or more, or of open data. */
static bool total_for_asker(const sund_beacon_request *r, const sund_answers *a, const char *variant)
{
    size_t n = 0, closed = 0;

    for (size_t i = 0; i < a->n; i++)
        if (sund_answers_counts(a, i, variant).status == SUND_LOOKUP_COUNTED) {
            n++;
            closed += !for_asker(r, a, i);
        }
    return closed == 0 || closed >= 3;
}

/** Of node i, or of all of them together (i = a->n): false when there is no number for this asker. */
static bool counts_of(const sund_beacon_request *r, const sund_answers *a, size_t i, const char *variant, sund_lookup_counts *c)
{
    if (i < a->n) {
        *c = sund_answers_counts(a, i, variant);
        return c->status == SUND_LOOKUP_COUNTED && for_asker(r, a, i);
    }
    memset(c, 0, sizeof *c);
    if (!total_for_asker(r, a, variant) || !sund_answers_total(a, variant, &c->all))
        return false;
    c->status = SUND_LOOKUP_COUNTED;
    c->sexes = true;
    for (size_t k = 0; k < a->n; k++) {
        sund_lookup_counts one = sund_answers_counts(a, k, variant);

        if (one.status != SUND_LOOKUP_COUNTED)
            continue;
        c->sexes &= one.sexes;
        for (int male = 0; male < 2; male++) {
            sund_lookup_cells *to = male ? &c->male : &c->female, *from = male ? &one.male : &one.female;

            to->ac += from->ac;
            to->an += from->an;
            to->hom = to->hom < 0 || from->hom < 0 ? -1 : to->hom + from->hom;
            to->hemi = to->hemi < 0 || from->hemi < 0 ? -1 : to->hemi + from->hemi;
        }
    }
    return true;
}

/** Variants that somebody carries there. */
static size_t n_carried(const sund_beacon_request *r, const sund_answers *a, size_t i, const char *const *name, size_t n)
{
    sund_lookup_counts c;
    size_t             found = 0;

    for (size_t k = 0; k < n; k++)
        found += counts_of(r, a, i, name[k], &c) && c.all.ac > 0;
    return found;
}

typedef struct first { const sund_beacon_request *r; const char *variant; } first;

static const char *status_of(const sund_answers *a, size_t i, void *ctx)
{
    const first       *f = ctx;
    sund_lookup_counts c = { .status = SUND_LOOKUP_COUNTED };

    if (f->variant)
        c = sund_answers_counts(a, i, f->variant);
    if (!for_asker(f->r, a, i) && c.status != SUND_LOOKUP_NOT_COVERED)
        return "log-in"; /* its own numbers are for registered askers: whether they are hidden too is not said */
    return f->variant ? sund_lookup_status_name(c.status) : "answered";
}

/** One result set; i = a->n is the one of all nodes. */
static void result_set(const sund_beacon_request *r, const sund_answers *a, size_t i, const char *const *name, size_t n, sund_json *j)
{
    bool               all = i == a->n;
    size_t             found = n_carried(r, a, i, name, n), from = (size_t) r->skip * (size_t) r->limit, seen = 0;
    sund_lookup_counts c;

    if (r->include == SUND_INCLUDE_NONE || (r->include == SUND_INCLUDE_HIT && !found) || (r->include == SUND_INCLUDE_MISS && found))
        return;
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "beaconId", r->face->id);
    sund_json_str(j, "id", all ? r->face->total : a->row[i].node);
    sund_json_str(j, "setType", "dataset");
    sund_json_bool(j, "exists", found > 0);
    sund_json_i64(j, "resultsCount", (int64_t) found);
    sund_json_open(j, "results", '[');
    for (size_t k = 0; k < n; k++)
        if (counts_of(r, a, i, name[k], &c) && c.all.ac > 0 && seen++ >= from && (r->limit == 0 || seen <= from + (size_t) r->limit))
            record(j, r->face, all ? "" : a->row[i].node, name[k], &c);
    sund_json_close(j, ']');
    if (!all && n == 1 && for_asker(r, a, i)) {
        sund_lookup_counts one = sund_answers_counts(a, i, name[0]);

        sund_json_open(j, "info", '{');
        sund_json_str(j, "status", sund_lookup_status_name(one.status));
        if (one.status == SUND_LOOKUP_COUNTED || one.status == SUND_LOOKUP_BELOW)
            sund_json_i64(j, "alleleNumber", one.all.an);
        sund_json_close(j, '}');
    }
    sund_json_close(j, '}');
}

static sund_code write_answer(const sund_beacon_request *r, const sund_answers *a, sund_response *out, sund_err *err)
{
    size_t       n, found = 0;
    const char **name = names_of(a, &n);
    bool         more = r->cut;
    first        f = { r, name ? name[0] : NULL };
    sund_lookup_counts c;
    sund_json    j;

    if (!name)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < a->n + (r->face->total ? 1 : 0); i++)
            if (counts_of(r, a, i, name[k], &c) && c.all.ac > 0) {
                found++;
                break;
            }
    for (size_t i = 0; i < a->n; i++)
        more |= a->row[i].shown && sund_shown_has_more(a->row[i].shown);
    out->status = 200;
    out->type = "application/json; charset=utf-8";
    sund_beacon_open(r, r->granularity, &j, &out->body);
    sund_beacon_summary(&j, r->granularity, found > 0, (int64_t) found);
    if (r->granularity == SUND_GRAN_RECORD) {
        sund_json_open(&j, "response", '{');
        sund_json_open(&j, "resultSets", '[');
        for (size_t i = 0; i < a->n + (r->face->total ? 1 : 0); i++)
            result_set(r, a, i, name, n, &j);
        sund_json_close(&j, ']');
        sund_json_close(&j, '}');
    }
    sund_beacon_nodes(&j, a, status_of, &f);
    if (more)
        sund_json_str(&j, "warning", "there are more variants than one answer holds: ask for a smaller region");
    sund_json_close(&j, '}');
    free(name);
    return sund_buf_ok(&out->body, err);
}

/** The hub asks a region's variants twice: for their names, and then by name, so that a node which lacks one, or may not tell of it, says so. */
static sund_code ask_by_name(sund_beacon_request *r, sund_answers *a, sund_err *err)
{
    size_t       n, m;
    const char **name = names_of(a, &n);
    sund_buf     q = { 0 };
    sund_code    rc = SUND_OK;

    if (!name)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    m = n < 256 ? n : 256;
    sund_buf_text(&q, "variants ");
    for (size_t k = 0; k < m && q.n < SUND_QUESTION_MAX - SUND_SHOWN_NAME_MAX - 2; k++)
        sund_buf_printf(&q, "%s%s", k ? "," : "", name[k]);
    sund_buf_nul(&q);
    free(name);
    r->cut = m < n;
    if (m) {
        rc = sund_buf_ok(&q, err);
        sund_answers_free(a);
        if (rc == SUND_OK)
            rc = r->face->ask(r->face->ctx, &r->who, (const char *) q.p, a, err);
    }
    sund_buf_free(&q);
    return rc;
}

void sund_beacon_variants(const sund_face *f, const sund_request *in, const char *id, sund_response *out)
{
    sund_beacon_request r = { .body = NULL };
    sund_answers       *a = calloc(1, sizeof *a);
    sund_buf            q = { 0 };
    sund_err            err = { SUND_OK, "" };
    bool                exact = true;
    sund_code           rc = a ? sund_beacon_read(&r, f, in, "genomicVariant", &err) : sund_fail(&err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && id) {
        sund_buf_text(&q, "variants ");
        if (sund_is_rsid(id))
            rc = sund_names_rsid(f->names, id, &q, &err);
        else
            sund_buf_printf(&q, "%.2200s", id);
        sund_buf_nul(&q);
        rc = rc == SUND_OK ? sund_buf_ok(&q, &err) : rc;
    }
    else if (rc == SUND_OK && (r.filters || sund_beacon_text(&r, "filters")) && (sund_j_n(r.filters) || !r.body))
        rc = sund_fail(&err, SUND_E_ARG, "frequencies of filtered people are not computed here: ask /individuals how many there are, and a study for their frequencies");
    else if (rc == SUND_OK)
        rc = sund_beacon_query(&r, &q, &exact, &err);
    if (rc == SUND_OK)
        rc = f->ask(f->ctx, &r.who, (const char *) q.p, a, &err);
    if (rc == SUND_OK && !exact && f->total)
        rc = ask_by_name(&r, a, &err);
    if (rc == SUND_OK)
        rc = write_answer(&r, a, out, &err);
    if (rc != SUND_OK)
        sund_beacon_error(f, &r, &err, out);
    sund_beacon_done(&r);
    if (a)
        sund_answers_free(a);
    sund_buf_free(&q);
    free(a);
}
