#include "base/jsonread.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "exchange/acmg.h"
#include "gate/shown.h"
#include "genome/hgvs.h"
#include "genome/names.h"
#include "genome/query.h"
#include "genome/vrs.h"
#include "home/link.h"
#include "stats/frequency.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* sund lookup: one variant over all countries. */

/** Members of an object of its own, or of the one that is open when key is NULL. Hidden homozygotes are null. */
static void cells_json(sund_json *j, const char *key, const sund_lookup_cells *c)
{
    double low, high;

    if (key)
        sund_json_open(j, key, '{');
    sund_json_i64(j, "ac", c->ac);
    sund_json_i64(j, "an", c->an);
    sund_json_f64(j, "af", c->an ? (double) c->ac / (double) c->an : (double) NAN);
    sund_frequency_interval(c->ac, c->an, &low, &high);
    sund_json_f64(j, "af_low", c->an ? low : (double) NAN);
    sund_json_f64(j, "af_high", c->an ? high : (double) NAN);
    sund_json_f64(j, "faf95", c->an ? sund_frequency_faf95(c->ac, c->an) : (double) NAN);
    if (c->hom < 0)
        sund_json_null(j, "hom");
    else
        sund_json_i64(j, "hom", c->hom);
    if (c->hemi < 0)
        sund_json_null(j, "hemi");
    else
        sund_json_i64(j, "hemi", c->hemi);
    if (key)
        sund_json_close(j, '}');
}

static void put_line(sund_buf *out)
{
    sund_buf_text(out, "\n");
    if (!out->bad)
        (void) fwrite(out->p, 1, out->n, stdout);
    sund_buf_free(out);
}

/* ---- what laboratories say ---- */

/** A node's answer to "interpretations", read; NULL when there is none. */
static sund_jval *said_by(const sund_answers *said, size_t i)
{
    sund_jval *v = NULL;
    sund_cur   text;

    if (i >= said->n || !said->row[i].shown || !sund_shown_answered(said->row[i].shown))
        return NULL;
    text = sund_shown_bytes(said->row[i].shown);
    return sund_json_read(text.p, text.n, &v, NULL) == SUND_OK ? v : NULL;
}

static const char *entry_text(const sund_jval *entry, const char *name)
{
    const char *s = sund_j_text(entry, name);

    return s && sund_text_ok(s) ? s : "";
}

static const char *const entry_member[] = { "class", "gene", "condition", "criteria", "evidence", "date", "laboratory", "method", "reference", "standing" };

static void said_json(sund_json *j, const sund_answers *said, size_t i)
{
    sund_jval       *v = said_by(said, i);
    const sund_jval *l = sund_j_get(v, "interpretations");
    int64_t          more = 0;

    if (!v) {
        sund_json_null(j, "interpretations");
        return;
    }
    sund_json_open(j, "interpretations", '[');
    for (size_t k = 0; k < sund_j_n(l); k++) {
        sund_json_open(j, NULL, '{');
        for (size_t m = 0; m < sizeof entry_member / sizeof entry_member[0]; m++)
            sund_json_str(j, entry_member[m], entry_text(sund_j_at(l, k), entry_member[m]));
        sund_json_close(j, '}');
    }
    sund_json_close(j, ']');
    if (sund_j_int(sund_j_get(v, "more"), &more) && more > 0)
        sund_json_i64(j, "more_interpretations", more);
    sund_jval_free(v);
}

/** The classes that all nodes' laboratories give. */
static sund_acmg_set said_set(const sund_answers *said)
{
    sund_acmg_set set = 0;

    for (size_t i = 0; i < said->n; i++) {
        sund_jval       *v = said_by(said, i);
        const sund_jval *l = sund_j_get(v, "classes");

        for (size_t k = 0; k < sund_j_n(l); k++)
            set |= sund_acmg_bit(sund_acmg_parse(sund_j_str(sund_j_at(l, k)) ? sund_j_str(sund_j_at(l, k)) : ""));
        sund_jval_free(v);
    }
    return set;
}

static void said_table(const sund_answers *said)
{
    sund_acmg_set set = said_set(said);
    sund_acmg     consensus;

    for (size_t i = 0; i < said->n; i++) {
        sund_jval       *v = said_by(said, i);
        const sund_jval *l = sund_j_get(v, "interpretations");
        int64_t          more = 0;

        for (size_t k = 0; k < sund_j_n(l); k++) {
            const sund_jval *e = sund_j_at(l, k);

            printf("  %-12s %-4s %s%s%s%s%s, %s%s%s%s%s\n", said->row[i].node, entry_text(e, "class"), entry_text(e, "gene"), entry_text(e, "condition")[0] ? ", " : "", entry_text(e, "condition"),
                   entry_text(e, "criteria")[0] ? ", " : "", entry_text(e, "criteria"), entry_text(e, "laboratory"), entry_text(e, "date")[0] ? ", " : "", entry_text(e, "date"),
                   entry_text(e, "evidence")[0] ? ": " : "", entry_text(e, "evidence"));
        }
        if (sund_j_int(sund_j_get(v, "more"), &more) && more > 0)
            printf("  %-12s and %lld more\n", said->row[i].node, (long long) more);
        if (!v && said->row[i].shown)
            printf("  %-12s no interpretations: %s\n", said->row[i].node, sund_shown_why(said->row[i].shown));
        sund_jval_free(v);
    }
    if (sund_acmg_discordant(set))
        printf("  the laboratories are discordant: %s\n", sund_vkgl_name(sund_vkgl_of(set, &consensus)));
}

static void row_json(sund_json *j, const sund_answers *a, const sund_answers *said, size_t i, const char *variant)
{
    sund_lookup_counts c = sund_answers_counts(a, i, variant);

    sund_json_open(j, NULL, '{');
    sund_json_str(j, "node", a->row[i].node);
    sund_json_str(j, "status", sund_lookup_status_name(c.status));
    if (a->row[i].shown && !sund_shown_answered(a->row[i].shown))
        sund_json_str(j, "why", sund_shown_why(a->row[i].shown));
    if (c.status == SUND_LOOKUP_COUNTED) {
        cells_json(j, NULL, &c.all);
        if (c.sexes) {
            cells_json(j, "male", &c.male);
            cells_json(j, "female", &c.female);
        }
    }
    said_json(j, said, i);
    sund_json_close(j, '}');
}

/** NULL when it is not known. */
static const char *assembly_of(const sund_answers *a) { return sund_answers_assembly(a) ? sund_assembly_name((sund_assembly) sund_answers_assembly(a)) : NULL; }

static void lookup_json(const char *text, const char *variant, const char *vrs, const sund_answers *a, const sund_answers *said)
{
    sund_lookup_cells total;
    sund_buf          out = { 0 };
    sund_json         j;

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "variant", text);
    if (assembly_of(a))
        sund_json_str(&j, "assembly", assembly_of(a));
    if (vrs[0])
        sund_json_str(&j, "vrs", vrs);
    sund_json_open(&j, "countries", '[');
    for (size_t i = 0; i < a->n; i++)
        row_json(&j, a, said, i, variant);
    sund_json_close(&j, ']');
    if (sund_answers_total(a, variant, &total))
        cells_json(&j, "total", &total);
    else
        sund_json_null(&j, "total");
    sund_json_bool(&j, "discordant", sund_acmg_discordant(said_set(said)));
    sund_json_close(&j, '}');
    put_line(&out);
}

static void number_or_dot(char out[24], int64_t v, bool shown)
{
    if (shown && v >= 0)
        (void) snprintf(out, 24, "%lld", (long long) v);
    else
        (void) snprintf(out, 24, ".");
}

/** A line of the table: name, AC, AN, AF, its interval and FAF95, homozygotes and hemizygotes. */
static void cells_line(const char *name, const sund_lookup_cells *c, const char *female, const char *male, const char *status)
{
    char   hom[24], hemi[24], range[40];
    double low, high;

    number_or_dot(hom, c->hom, true);
    number_or_dot(hemi, c->hemi, true);
    sund_frequency_interval(c->ac, c->an, &low, &high);
    (void) snprintf(range, sizeof range, "%.6f-%.6f", low, high);
    printf("  %-12s %8lld %8lld %10.6f %18s %10.6f %7s %7s %8s %8s  %s\n", name, (long long) c->ac, (long long) c->an, c->an ? (double) c->ac / (double) c->an : 0.0, range,
           sund_frequency_faf95(c->ac, c->an), hom, hemi, female, male, status);
}

static void lookup_table(const char *text, const char *variant, const char *vrs, const sund_answers *a, const sund_answers *said)
{
    size_t            n_counted = 0, n_sexes = 0;
    sund_lookup_cells female = { 0 }, male = { 0 }, total;
    char              of[40], f[24], m[24];

    printf("%s%s%s%s%s\n  %-12s %8s %8s %10s %18s %10s %7s %7s %8s %8s  %s\n", text, assembly_of(a) ? "  on " : "", assembly_of(a) ? assembly_of(a) : "", vrs[0] ? "  " : "", vrs, "node", "AC", "AN", "AF", "95 %", "FAF95", "hom", "hemi", "AC XX", "AC XY", "status");
    for (size_t i = 0; i < a->n; i++) {
        sund_lookup_counts c = sund_answers_counts(a, i, variant);

        if (c.status != SUND_LOOKUP_COUNTED) {
            printf("  %-12s %8s %8s %10s %18s %10s %7s %7s %8s %8s  %s%s%s\n", a->row[i].node, ".", ".", ".", ".", ".", ".", ".", ".", ".", sund_lookup_status_name(c.status),
                   a->row[i].shown && !sund_shown_answered(a->row[i].shown) ? ": " : "", a->row[i].shown ? sund_shown_why(a->row[i].shown) : "");
            continue;
        }
        number_or_dot(f, c.female.ac, c.sexes && c.female.an); /* nobody: there is no count */
        number_or_dot(m, c.male.ac, c.sexes && c.male.an);
        n_counted++;
        n_sexes += c.sexes;
        female.ac += c.female.ac;
        female.an += c.female.an;
        male.ac += c.male.ac;
        male.an += c.male.an;
        cells_line(a->row[i].node, &c.all, f, m, "counted");
    }
    number_or_dot(f, female.ac, n_sexes == n_counted && female.an); /* sums of what is above */
    number_or_dot(m, male.ac, n_sexes == n_counted && male.an);
    (void) snprintf(of, sizeof of, "of %zu of %zu", n_counted, a->n);
    if (sund_answers_total(a, variant, &total))
        cells_line("all", &total, f, m, of); /* those that do not cover the place are not in it */
    else
        printf("  no total: it is given only when every country's number is; a counts study pools first and suppresses second\n");
    said_table(said);
}

static sund_code print(const sund_query *q, sund_buf *out, sund_err *err)
{
    sund_buf_clear(out);
    sund_query_print(q, out);
    sund_buf_nul(out);
    return sund_buf_ok(out, err);
}

sund_code sund_spell_variant(const char *text, sund_buf *ask, sund_buf *name, sund_err *err)
{
    sund_query *q = calloc(1, sizeof *q);
    sund_code   rc = q ? sund_query_parse(q, text, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && q->n_name != 1)
        rc = sund_fail(err, SUND_E_ARG, "'%.60s' is a region: one variant is asked for at a time", text);
    if (rc == SUND_OK)
        rc = print(q, ask, err);
    if (rc == SUND_OK) {
        q->assembly = SUND_ASSEMBLY_NONE;
        rc = print(q, name, err);
    }
    if (q)
        sund_query_free(q);
    free(q);
    return rc;
}

static void bad_variant(const char *text, const sund_err *why, bool as_json)
{
    sund_buf  out = { 0 };
    sund_json j;

    fprintf(stderr, "sund lookup: %s\n", why->msg);
    if (!as_json)
        return;
    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "variant", text);
    sund_json_str(&j, "error", why->msg);
    sund_json_close(&j, '}');
    put_line(&out);
}

sund_code sund_ask_question(sund_link *l, const char *question, sund_answers *a, sund_err *err)
{
    sund_buf  ask = { 0 }, reply = { 0 };
    sund_code rc;

    sund_buf_str(&ask, question);
    rc = sund_buf_ok(&ask, err);
    if (rc == SUND_OK)
        rc = sund_link_ask(l, SUND_MSG_QUESTION, ask.p, ask.n, 30, &reply, err);
    if (rc == SUND_OK)
        rc = sund_answers_read(sund_cur_of(reply.p, reply.n), a, err);
    sund_buf_free(&ask);
    sund_buf_free(&reply);
    return rc;
}

static sund_code ask_one(sund_link *l, const char *verb, const char *variant, sund_answers *a, sund_err *err)
{
    sund_buf  text = { 0 };
    sund_code rc;

    sund_buf_printf(&text, "%s %s", verb, variant);
    sund_buf_nul(&text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_ask_question(l, (const char *) text.p, a, err);
    sund_buf_free(&text);
    return rc;
}

/** Adds " GB" to the list for each node that did not answer, once. */
static void note_silent(const sund_answers *a, char *list, size_t cap)
{
    for (size_t i = 0; i < a->n; i++) {
        char   name[SUND_ID_MAX + 3];
        size_t at = strlen(list);
        bool   there = false;

        if (a->row[i].shown)
            continue;
        (void) snprintf(name, sizeof name, " %s", a->row[i].node);
        for (const char *p = list; !there && (p = strstr(p, name)) != NULL; p++)
            there = p[strlen(name)] == 0 || p[strlen(name)] == ' ';
        if (!there)
            (void) snprintf(list + at, cap - at, "%s", name);
    }
}

typedef struct lookups { sund_link link; const sund_names *names; sund_vrs *vrs; bool as_json; sund_answers *counts, *said; size_t n_bad; char silent[SUND_NODE_MAX * (SUND_ID_MAX + 2) + 1]; } lookups;

/** Its computed identifier; "" without a reference, or where it has none. */
static void identify(lookups *k, const char *variant, char out[SUND_VRS_SIZE])
{
    sund_variant v;
    sund_buf     bases = { 0 };
    sund_err     why = { SUND_OK, "" };
    sund_code    rc;

    out[0] = 0;
    if (!k->vrs)
        return;
    rc = sund_variant_parse(variant, &v, &bases, &why);
    if (rc == SUND_OK)
        rc = sund_vrs_variant(k->vrs, &v, out, &why);
    if (rc != SUND_OK)
        fprintf(stderr, "sund lookup: %s has no VRS identifier: %s\n", variant, why.msg);
    sund_buf_free(&bases);
}

/** One variant by its own name. */
static sund_code look_up_one(lookups *k, const char *text, sund_err *err)
{
    sund_buf  ask = { 0 }, variant = { 0 };
    sund_err  why = { SUND_OK, "" };
    sund_code rc = SUND_OK;
    char      vrs[SUND_VRS_SIZE];

    if (sund_spell_variant(text, &ask, &variant, &why) != SUND_OK) { /* the others are asked all the same */
        k->n_bad++;
        bad_variant(text, &why, k->as_json);
    }
    else if ((rc = ask_one(&k->link, "variants", (const char *) ask.p, k->counts, err)) == SUND_OK && (rc = ask_one(&k->link, "interpretations", (const char *) ask.p, k->said, err)) == SUND_OK) {
        identify(k, (const char *) variant.p, vrs);
        (k->as_json ? lookup_json : lookup_table)(text, (const char *) variant.p, vrs, k->counts, k->said);
        note_silent(k->counts, k->silent, sizeof k->silent);
    }
    sund_answers_free(k->counts);
    sund_answers_free(k->said);
    sund_buf_free(&ask);
    sund_buf_free(&variant);
    return rc;
}

/** A place on a transcript or a protein: "NM_004333.6:c.1799T>A", "ENSP00000288602:p.V600E". */
static bool on_transcript(const char *text, const char *change)
{
    static const char *const prefix[] = { "NM_", "NR_", "NP_", "XM_", "XP_", "LRG_", "NG_", "ENST", "ENSP", "ENSG" };

    for (size_t i = 0; i < sizeof prefix / sizeof prefix[0]; i++)
        if (strncasecmp(text, prefix[i], strlen(prefix[i])) == 0)
            return true;
    return (change[0] == 'c' || change[0] == 'n' || change[0] == 'r') && change[1] == '.';
}

/** "rs113488022", "BRAF:V600E" or "BRAF p.V600E": the variants that the table has for it; and HGVS that leaves out bases, by the reference. False for other words. */
static bool other_name(const lookups *k, const char *text, sund_buf *variants, sund_err *why)
{
    char        gene[80];
    size_t      n = strcspn(text, ": ");
    const char *change = text[n] ? text + n + 1 : "";

    if (k->vrs && sund_is_hgvs_change(text)) {
        (void) !sund_hgvs_spell(text, sund_vrs_reference(k->vrs), variants, why);
        return true;
    }
    if (*change && on_transcript(text, change)) {
        (void) sund_fail(why, SUND_E_ARG, "'%.60s' is a place on a transcript, a gene or a protein, which is not translated here: write the one on the chromosome, as NC_000007.13:g.140453136A>T, or GENE:V600E with a table, --names FILE", text);
        return true;
    }
    if (sund_is_rsid(text)) {
        (void) !sund_names_rsid(k->names, text, variants, why);
        return true;
    }
    if (!*change || n >= sizeof gene || sund_contig_parse(text[n] ? (memcpy(gene, text, n), gene[n] = 0, gene) : "", NULL))
        return false;
    (void) !sund_names_gene(k->names, gene, change, variants, why);
    return true;
}

static sund_code look_up(lookups *k, const char *text, sund_err *err)
{
    sund_buf  variants = { 0 };
    sund_err  why = { SUND_OK, "" };
    sund_code rc = SUND_OK;
    char     *one, *save = NULL;

    if (!other_name(k, text, &variants, &why))
        return look_up_one(k, text, err);
    if (why.code != SUND_OK) {
        k->n_bad++;
        bad_variant(text, &why, k->as_json);
    }
    sund_buf_nul(&variants);
    for (one = why.code == SUND_OK ? strtok_r((char *) variants.p, ",", &save) : NULL; one && rc == SUND_OK; one = strtok_r(NULL, ",", &save))
        rc = look_up_one(k, one, err);
    sund_buf_free(&variants);
    return rc;
}

sund_code sund_cmd_lookup(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *table = NULL, *fasta = NULL;
    lookups         k = { .as_json = false };
    bool            helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "a member's home" }, { "names", 's', &table, "FILE", "a table of rsIDs, genes and amino-acid changes (doc/pages.md)" }, { "reference", 's', &fasta, "FASTA", "the reference of the federation's assembly: reads HGVS of insertions and deletions, and shows each variant's GA4GH VRS identifier" }, { "json", 'b', &k.as_json, NULL, "one JSON object a line, one line a variant" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "lookup", "[OPTIONS] VARIANT...", "Asks all countries at once for a variant's allele count and number, with its frequency, its 95 % interval and the filtering frequency FAF95. A missing answer is never a silent no: not-covered, below-10, refused and timeout are said. Beside it stands what the countries' laboratories say of the variant, as far as they share it, and whether they are discordant (doc/interpretations.md). Positions are on the assembly of the nodes' data; a name with an accession, NC_000020.10 of GRCh37 or NC_000020.11 of GRCh38, is refused by a node whose data are on the other, and where there are nodes of both, only such a name is answered. A word that is no variant does not stop the others. Exit status: 0 when every node answered for every variant, 5 when one was silent, 2 when a word was no variant.",
                          "sund lookup --home anna 20-1000226-A-T\nsund lookup --json chr20:1000226:A:T 'NC_000020.10:g.1000226A>T'\nsund lookup --names names.tsv rs113488022 BRAF:V600E\nsund lookup --reference GRCh37.fa NC_000020.10:g.1000301_1000302del", opt, 1, 64 };
    sund_home       h = { .id = "" };
    sund_names     *names = NULL;
    size_t          n;
    sund_code       rc;

    k.counts = calloc(1, sizeof *k.counts);
    k.said = calloc(1, sizeof *k.said);
    if (!k.counts || !k.said)
        SUND_GO(sund_fail(err, SUND_E_NOMEM, "out of memory"));
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    if (table)
        SUND_GO(sund_names_read(&names, table, err));
    k.names = names;
    if (fasta)
        SUND_GO(sund_vrs_open(&k.vrs, fasta, SUND_ASSEMBLY_NONE, err));
    SUND_GO(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    SUND_GO(sund_link_open(&k.link, &h, SUND_CHANNEL_COMMANDS, err));
    for (size_t i = 1; i <= n; i++)
        SUND_GO(look_up(&k, argv[i], err));
    if (k.n_bad)
        rc = sund_fail(err, SUND_E_ARG, "%zu of %zu are no variants", k.n_bad, n);
    else if (k.silent[0])
        rc = sund_fail(err, SUND_E_UPSTREAM, "no answer in time from%s: the numbers are of the other nodes", k.silent);
out:
    free(k.counts);
    free(k.said);
    sund_names_free(names);
    sund_vrs_close(k.vrs);
    sund_link_close(&k.link);
    sund_home_close(&h);
    return rc;
}
