#include "api/beacon.h"
#include "genome/variant.h"
#include "stats/frequency.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* /g_variants: a result set for each node, and at the hub one of all nodes together; in each, a record a variant with its frequencies by country and sex.
 * A Beacon counts alleles: homozygotes twice, so that homozygous, heterozygous and hemizygous add up to AC. */

static void frequency(sund_json *j, const char *population, const sund_lookup_cells *c)
{
    double low, high;

    sund_json_open(j, NULL, '{');
    sund_json_str(j, "population", population);
    sund_json_f64(j, "alleleFrequency", c->an ? (double) c->ac / (double) c->an : 0.0);
    sund_json_i64(j, "alleleCount", c->ac);
    sund_json_i64(j, "alleleNumber", c->an);
    if (c->an > 0) {
        sund_frequency_interval(c->ac, c->an, &low, &high);
        sund_json_share(j, "alleleFrequencyLower95", low);
        sund_json_share(j, "alleleFrequencyUpper95", high);
        sund_json_share(j, "faf95", sund_frequency_faf95(c->ac, c->an));
    }
    if (c->hom >= 0 && c->hemi >= 0) {
        sund_json_i64(j, "alleleCountHomozygous", 2 * c->hom);
        sund_json_i64(j, "alleleCountHeterozygous", c->ac - 2 * c->hom - c->hemi);
        sund_json_i64(j, "alleleCountHemizygous", c->hemi);
    }
    sund_json_close(j, '}');
}

/** node: "DK", or "" for all of them. sex: 'F' or 'M' where only theirs are asked for, else 0. */
static void frequencies(sund_json *j, const sund_face *f, const char *node, char sex, const sund_lookup_counts *c)
{
    char   name[SUND_ID_MAX + 3];
    size_t n = strnlen(node, SUND_ID_MAX);

    sund_json_open(j, "frequencyInPopulations", '[');
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "source", f->organisation);
    sund_json_str(j, "sourceReference", f->welcome);
    sund_json_open(j, "frequencies", '[');
    if (!sex)
        frequency(j, node[0] ? node : "Total", &c->all);
    for (int male = 0; c->sexes && male < 2; male++) {
        if ((male ? c->male.an : c->female.an) == 0 || (sex && (sex == 'M') != male))
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

static void record(sund_json *j, const sund_face *f, const char *node, const char *variant, char sex, const sund_answers *said, const sund_lookup_counts *c)
{
    sund_buf     alleles = { 0 }, text = { 0 };
    sund_variant v;
    char         name[40], vrs[SUND_VRS_SIZE];

    if (sund_variant_parse(variant, &v, &alleles, NULL) != SUND_OK) { /* a symbolic one: its name says all */
        sund_buf_free(&alleles);
        return;
    }
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "variantInternalId", variant);
    sund_json_open(j, "identifiers", '{');
    if (v.n_ref == 1 && v.n_alt == 1 && f->assembly != SUND_ASSEMBLY_NONE) { /* HGVS of others needs the bases around them, and each the sequence's accession */
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
    if (f->vrs && sund_vrs_variant(f->vrs, &v, vrs, NULL) == SUND_OK) {
        sund_json_open(j, "variantAlternativeIds", '[');
        sund_json_open(j, NULL, '{');
        sund_json_str(j, "id", vrs);
        sund_json_str(j, "reference", "https://vrs.ga4gh.org");
        sund_json_close(j, '}');
        sund_json_close(j, ']');
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
    frequencies(j, f, node, sex, c);
    sund_beacon_said(said, node, j);
    sund_json_close(j, '}');
    sund_buf_free(&alleles);
    sund_buf_free(&text);
}

/* ---- which variants, and whose ---- */

/** What filters of scope "population" choose among the frequencies that are shown: people of one sex, one country. */
typedef struct population { char sex, country[SUND_ID_MAX + 1]; } population; /* sex 0, country "": all */

static sund_code read_filter(const sund_jval *v, population *p, sund_err *err)
{
    const char *id = sund_j_text(v, "id"), *op = sund_j_text(v, "operator"), *value = sund_j_text(v, "value"), *scope = sund_j_text(v, "scope");

    if (!id || !value || (op && strcmp(op, "=") != 0) || (scope && strcmp(scope, "population") != 0) || (strcmp(id, "sexFilter") != 0 && strcmp(id, "countryFilter") != 0))
        return sund_fail(err, SUND_E_ARG, "frequencies are chosen by sexFilter = F or M and countryFilter = DK, of scope population: those of filtered people are not computed here; ask "
                                          "/g_variants/{id}/individuals whether they carry it, and a study for their frequencies");
    if (strcmp(id, "sexFilter") == 0) {
        if ((strcmp(value, "F") != 0 && strcmp(value, "M") != 0) || p->sex)
            return sund_fail(err, SUND_E_ARG, "sexFilter is F or M, once");
        p->sex = value[0];
        return SUND_OK;
    }
    if (!value[0] || strlen(value) > SUND_ID_MAX || p->country[0])
        return sund_fail(err, SUND_E_ARG, "countryFilter is a country, once");
    memcpy(p->country, value, strlen(value) + 1);
    return SUND_OK;
}

static sund_code read_population(const sund_beacon_request *r, population *p, sund_err *err)
{
    for (size_t i = 0; i < sund_j_n(r->filters); i++)
        SUND_TRY(read_filter(sund_j_at(r->filters, i), p, err));
    return SUND_OK;
}

/** What one asker may be shown of the answers; set a->n is that of all nodes together. */
typedef struct view { const sund_beacon_request *r; const sund_answers *a; sund_answers_table t; size_t n_set; population of; const sund_answers *said; } view; /* said: interpretations, or NULL */

/** A country's own numbers are for whoever has logged in, unless its data are open. */
static bool for_asker(const view *w, size_t i) { return w->r->who.registered || (w->a->row[i].shown && sund_shown_open(w->a->row[i].shown)); }

/** All of them together are for everybody when no country's numbers follow from them: of three countries or more, or of open data. */
static bool total_for_asker(const view *w, size_t v)
{
    size_t closed = 0;

    for (size_t i = 0; i < w->a->n; i++)
        closed += sund_table_counts(&w->t, v, i).status == SUND_LOOKUP_COUNTED && !for_asker(w, i);
    return closed == 0 || closed >= 3;
}

/** Men and women of all countries; not shown when one country does not show its own. */
static void add_sexes(const view *w, size_t v, sund_lookup_counts *c)
{
    c->sexes = true;
    for (size_t i = 0; i < w->a->n; i++) {
        sund_lookup_counts one = sund_table_counts(&w->t, v, i);

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
}

/** False when there is no number of this variant in this set for this asker. */
static bool counts_of(const view *w, size_t set, size_t v, sund_lookup_counts *c)
{
    if (set < w->a->n) {
        *c = sund_table_counts(&w->t, v, set);
        return c->status == SUND_LOOKUP_COUNTED && for_asker(w, set);
    }
    memset(c, 0, sizeof *c);
    if (!total_for_asker(w, v) || !sund_table_total(&w->t, v, &c->all))
        return false;
    c->status = SUND_LOOKUP_COUNTED;
    add_sexes(w, v, c);
    return true;
}

static bool carried(const view *w, size_t set, size_t v, sund_lookup_counts *c)
{
    if (!counts_of(w, set, v, c) || (w->of.sex && !c->sexes))
        return false;
    return (w->of.sex ? (w->of.sex == 'M' ? &c->male : &c->female) : &c->all)->ac > 0;
}

/** Of one data set's page, or of one country, there is that one set. */
static bool wanted(const view *w, size_t set)
{
    if (set == w->a->n)
        return !(w->r->page->takes & SUND_OF_SET) && !w->of.country[0];
    return sund_beacon_set(w->r, w->a->row[set].node) && (!w->of.country[0] || strcmp(w->of.country, w->a->row[set].node) == 0);
}

static const char *status_of(const sund_answers *a, size_t i, void *ctx)
{
    const view        *w = ctx;
    sund_lookup_counts c = { .status = SUND_LOOKUP_COUNTED };

    (void) a;
    if (w->t.n)
        c = sund_table_counts(&w->t, 0, i);
    if (!for_asker(w, i))
        return "log-in"; /* its own numbers are for registered askers: whether they are hidden too, or not there, is not said */
    return w->t.n ? sund_lookup_status_name(c.status) : "answered";
}

/** What became of the one variant that was asked for. */
static void set_info(const view *w, size_t set, sund_json *j)
{
    sund_lookup_counts one = sund_table_counts(&w->t, 0, set);

    sund_json_open(j, "info", '{');
    sund_json_str(j, "status", sund_lookup_status_name(one.status));
    if (one.status == SUND_LOOKUP_COUNTED || one.status == SUND_LOOKUP_BELOW)
        sund_json_i64(j, "alleleNumber", one.all.an);
    sund_json_close(j, '}');
}

static void result_set(const view *w, size_t set, sund_json *j)
{
    const sund_beacon_request *r = w->r;
    size_t                     found = 0, from = (size_t) r->skip * (size_t) r->limit, seen = 0;
    const char                *node = set < w->a->n ? w->a->row[set].node : "";
    sund_lookup_counts         c;

    for (size_t v = 0; v < w->t.n; v++)
        found += carried(w, set, v, &c);
    if (r->include == SUND_INCLUDE_NONE || (r->include == SUND_INCLUDE_HIT && !found) || (r->include == SUND_INCLUDE_MISS && found))
        return;
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "beaconId", r->face->id);
    sund_json_str(j, "id", node[0] ? node : r->face->total);
    sund_json_str(j, "setType", "dataset");
    sund_json_bool(j, "exists", found > 0);
    sund_json_i64(j, "resultsCount", (int64_t) found);
    sund_json_open(j, "results", '[');
    for (size_t v = 0; v < w->t.n; v++)
        if (carried(w, set, v, &c) && seen++ >= from && (r->limit == 0 || seen <= from + (size_t) r->limit))
            record(j, r->face, node, w->t.name[v], w->of.sex, w->said, &c);
    sund_json_close(j, ']');
    if (node[0])
        sund_beacon_results_handovers(r->face, node, j);
    if (node[0] && w->t.n == 1 && for_asker(w, set))
        set_info(w, set, j);
    sund_json_close(j, '}');
}

/** Variants that some set has. */
static size_t n_found(const view *w)
{
    size_t             n = 0;
    sund_lookup_counts c;

    for (size_t v = 0; v < w->t.n; v++) {
        size_t set = 0;

        while (set < w->n_set && !(wanted(w, set) && carried(w, set, v, &c)))
            set++;
        n += set < w->n_set;
    }
    return n;
}

static sund_code write_answer(sund_beacon_request *r, const sund_answers *a, const population *of, const sund_answers *said, sund_buf *out, sund_err *err)
{
    view      w = { .r = r, .a = a, .n_set = a->n + (r->face->total ? 1 : 0), .of = *of, .said = said };
    size_t    found;
    bool      more = false;
    sund_json j;

    SUND_TRY(sund_answers_tabled(a, &w.t, err));
    found = n_found(&w);
    for (size_t i = 0; i < a->n; i++)
        more |= a->row[i].shown && sund_shown_has_more(a->row[i].shown);
    sund_beacon_open(r, r->granularity, &j, out);
    sund_beacon_summary(&j, r->granularity, found > 0, (int64_t) found);
    if (r->granularity == SUND_GRAN_RECORD) {
        sund_json_open(&j, "response", '{');
        sund_json_open(&j, "resultSets", '[');
        for (size_t set = 0; set < w.n_set; set++)
            if (wanted(&w, set))
                result_set(&w, set, &j);
        sund_json_close(&j, ']');
        sund_json_close(&j, '}');
    }
    sund_beacon_nodes(&j, a, status_of, &w);
    if (r->page->takes & SUND_OF_VARIANT)
        sund_beacon_handovers(r->face, &j);
    if (more)
        sund_json_str(&j, "warning", "there are more variants than one answer holds: ask for a smaller region");
    sund_json_close(&j, '}');
    sund_answers_table_free(&w.t);
    return SUND_OK;
}

/** A record's own page has what laboratories say of it too: one question more. Not after a node that was silent, which would be waited for again. */
static sund_code ask_said(const sund_beacon_request *r, const char *variant, const sund_answers *a, sund_answers *said, sund_err *err)
{
    sund_buf  q = { 0 };
    sund_code rc;

    if (!(r->page->takes & SUND_OF_VARIANT) || r->granularity != SUND_GRAN_RECORD || !sund_beacon_one_variant(variant))
        return SUND_OK;
    for (size_t i = 0; i < a->n; i++)
        if (!a->row[i].shown && a->row[i].ms >= 0)
            return SUND_OK;
    sund_buf_text(&q, "interpretations ");
    sund_buf_text(&q, variant);
    sund_buf_nul(&q);
    rc = sund_buf_ok(&q, err);
    if (rc == SUND_OK)
        rc = r->face->ask(r->face->ctx, &r->who, (const char *) q.p, said, err);
    sund_buf_free(&q);
    return rc;
}

/** A question about an assembly that no node's data are on is an error, not an empty answer: where this face does not know theirs, they all refuse it. */
static sund_code of_their_assembly(const sund_beacon_request *r, const char *query, const sund_answers *a, sund_err *err)
{
    const char *why = NULL;

    if (r->face->assembly != SUND_ASSEMBLY_NONE || sund_named_assembly(query) == SUND_ASSEMBLY_NONE)
        return SUND_OK;
    for (size_t i = 0; i < a->n; i++)
        if (a->row[i].shown && sund_shown_answered(a->row[i].shown))
            return SUND_OK;
        else if (a->row[i].shown)
            why = sund_shown_why(a->row[i].shown);
    return why ? sund_fail(err, SUND_E_ARG, "%s", why) : SUND_OK;
}

sund_code sund_beacon_variants(sund_beacon_request *r, sund_answers *a, sund_response *out, sund_err *err)
{
    const sund_face *face = r->face;
    sund_face        told = *face; /* with the assembly that the answers tell */
    sund_buf         q = { 0 };
    population       of = { 0, "" };
    sund_answers     said;
    sund_code        rc = read_population(r, &of, err);

    said.n = 0;
    if (rc == SUND_OK)
        rc = sund_beacon_query(r, &q, err);
    if (rc == SUND_OK)
        rc = r->face->ask(r->face->ctx, &r->who, (const char *) q.p, a, err);
    if (rc == SUND_OK)
        rc = of_their_assembly(r, (const char *) q.p + strlen("variants "), a, err);
    if (rc == SUND_OK)
        rc = sund_beacon_sets(r, a, err);
    if (rc == SUND_OK)
        rc = ask_said(r, (const char *) q.p + strlen("variants "), a, &said, err);
    if (told.assembly == SUND_ASSEMBLY_NONE) {
        told.assembly = (sund_assembly) sund_answers_assembly(a);
        r->face = &told;
    }
    if (rc == SUND_OK)
        rc = write_answer(r, a, &of, &said, &out->body, err);
    r->face = face;
    sund_buf_free(&q);
    sund_answers_free(&said);
    return rc;
}
