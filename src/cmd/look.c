#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "home/link.h"
#include "hub/hub.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* info, lookup, log: what is there. */

static void put(const sund_buf *b) { (void) fwrite(b->p, 1, b->n, stdout); }

static void store_json(const sund_store_info *i, const char *dir, sund_json *j)
{
    sund_json_str(j, "store", dir);
    sund_json_str(j, "assembly", sund_assembly_name(i->assembly));
    sund_json_i64(j, "people", (int64_t) i->n_person);
    sund_json_i64(j, "sites", (int64_t) i->n_site);
    sund_json_bool(j, "callable_regions", i->has_callable);
    sund_json_str(j, "release", sund_digest_hex(&i->manifest).s);
    sund_json_open(j, "populations", '[');
    for (size_t p = 0; p < i->n_population; p++)
        sund_json_str(j, NULL, i->population_name[p]);
    sund_json_close(j, ']');
}

static void store_text(const sund_store_info *i, const char *dir, sund_buf *out)
{
    char a[32], b[32];

    sund_buf_printf(out, "store       %s\nassembly    %s\npeople      %s\nsites       %s\ncallable    %s\nrelease     %s\npopulations", dir, sund_assembly_name(i->assembly),
                    sund_commas(i->n_person, a), sund_commas(i->n_site, b), i->has_callable ? "regions given" : "unknown: a site that is not listed is not covered",
                    sund_digest_hex(&i->manifest).s);
    for (size_t p = 0; p < i->n_population; p++)
        sund_buf_printf(out, " %s", i->population_name[p][0] ? i->population_name[p] : "(none)");
    sund_buf_text(out, "\n");
}

static const char *role_name(sund_role r) { return r == SUND_ROLE_NODE ? "node" : r == SUND_ROLE_HUB ? "hub" : "researcher"; }

/** A node's genotypes and persons, as far as they are there yet. */
static sund_code info_data(sund_home *h, const char *dir, sund_json *j, sund_buf *text, sund_err *err)
{
    sund_store *s = NULL;
    sund_home   with;
    sund_buf    persons = { 0 };
    sund_json   own;
    sund_code   rc = SUND_OK;

    if (sund_store_open(&s, h->store_path, err) == SUND_OK) {
        sund_json_open(j, "genotypes", '{');
        store_json(sund_store_describe(s), h->store_path, j);
        sund_json_close(j, '}');
        store_text(sund_store_describe(s), h->store_path, text);
    }
    else {
        sund_json_null(j, "genotypes");
        sund_buf_printf(text, "store       none yet at %s: 'sund import' makes one\n", h->store_path);
    }
    sund_store_close(s);
    if (sund_home_open(&with, dir, SUND_HOME_PEOPLE, err) != SUND_OK) {
        sund_json_null(j, "persons");
        return SUND_OK;
    }
    sund_json_open(j, "persons", '{');
    rc = sund_people_summary(with.people, j, err);
    sund_json_close(j, '}');
    sund_json_init(&own, &persons, false);
    sund_json_open(&own, NULL, '{');
    if (rc == SUND_OK)
        rc = sund_people_summary(with.people, &own, err);
    sund_json_close(&own, '}');
    sund_buf_printf(text, "persons     %.*s\n", (int) persons.n, (char *) persons.p);
    sund_buf_free(&persons);
    sund_home_close(&with);
    return rc;
}

static void info_dac(const sund_dac *dac, sund_json *j, sund_buf *text)
{
    sund_json_open(j, "committee", '[');
    sund_buf_printf(text, "decides     ");
    for (size_t i = 0; dac->committee && i < dac->n; i++) {
        sund_json_str(j, NULL, dac->member[i].id);
        sund_buf_printf(text, "%s%s", i ? ", " : "", dac->member[i].id);
    }
    sund_json_close(j, ']');
    sund_json_i64(j, "deadline_days", dac->deadline_days);
    sund_json_str(j, "silence", dac->silence_approves ? "approve" : "refuse");
    sund_buf_printf(text, "%s; within %u working days, then %s\n", dac->committee ? " (each with --by KEYFILE)" : "its operator", dac->deadline_days, dac->silence_approves ? "approved" : "refused");
}

static sund_code info_home(const char *dir, bool as_json, sund_err *err)
{
    sund_buf  json = { 0 }, text = { 0 };
    sund_json j;
    sund_home h;
    sund_code rc = SUND_OK;

    SUND_TRY(sund_home_open(&h, dir, 0, err));
    sund_json_init(&j, &json, true);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "home", dir);
    sund_json_str(&j, "id", h.id);
    sund_json_str(&j, "role", role_name(h.role));
    sund_buf_printf(&text, "home        %s\nid          %s\nrole        %s\n", dir, h.id, role_name(h.role));
    if (h.role == SUND_ROLE_NODE) {
        sund_json_str(&j, "access", h.access);
        sund_json_str(&j, "approval", h.dac.approve_all ? "all" : "ask");
        sund_json_str(&j, "visa", h.visa);
        sund_buf_printf(&text, "access      %s\napproval    %s\n%s%s%s", h.access, h.dac.approve_all ? "all" : "ask", h.visa[0] ? "visa        " : "", h.visa, h.visa[0] ? "\n" : "");
        info_dac(&h.dac, &j, &text);
        rc = info_data(&h, dir, &j, &text, err);
    }
    sund_json_close(&j, '}');
    sund_buf_text(&json, "\n");
    if (rc == SUND_OK)
        put(as_json ? &json : &text);
    sund_buf_free(&json);
    sund_buf_free(&text);
    sund_home_close(&h);
    return rc;
}

static void info_store(const sund_store *s, const char *dir, bool as_json)
{
    sund_buf  out = { 0 };
    sund_json j;

    if (as_json) {
        sund_json_init(&j, &out, true);
        sund_json_open(&j, NULL, '{');
        store_json(sund_store_describe(s), dir, &j);
        sund_json_close(&j, '}');
        sund_buf_text(&out, "\n");
    }
    else {
        store_text(sund_store_describe(s), dir, &out);
    }
    put(&out);
    sund_buf_free(&out);
}

sund_code sund_cmd_info(int argc, char **argv, sund_err *err)
{
    bool            as_json = false, helped = false;
    const sund_opt  opt[] = { { "json", 'b', &as_json, NULL, "for programs" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "info", "[--json] STORE|HOME", "What a store or a home holds: sizes, names, digests; no person's data.", "sund info fi/store\nsund info --json fi", opt, 0, 1 };
    const char     *dir;
    char            path[4096];
    sund_store     *s = NULL;
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    dir = n ? argv[1] : sund_default_home();
    SUND_TRY(sund_path_join(path, sizeof path, dir, "sund.ini", err));
    if (sund_file_exists(path))
        return info_home(dir, as_json, err);
    SUND_TRY(sund_store_open(&s, dir, err));
    info_store(s, dir, as_json);
    sund_store_close(s);
    return SUND_OK;
}

/** Members of an object of its own, or of the one that is open when key is NULL. Hidden homozygotes are null. */
static void cells_json(sund_json *j, const char *key, const sund_lookup_cells *c)
{
    if (key)
        sund_json_open(j, key, '{');
    sund_json_i64(j, "ac", c->ac);
    sund_json_i64(j, "an", c->an);
    sund_json_f64(j, "af", c->an ? (double) c->ac / (double) c->an : (double) NAN);
    if (c->hom < 0)
        sund_json_null(j, "hom");
    else
        sund_json_i64(j, "hom", c->hom);
    if (key)
        sund_json_close(j, '}');
}

static void lookup_json(const char *text, const sund_lookup_result *r)
{
    sund_buf  out = { 0 };
    sund_json j;

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "variant", text);
    sund_json_open(&j, "countries", '[');
    for (size_t i = 0; i < r->n; i++) {
        const sund_lookup_counts *c = &r->row[i].counts;

        sund_json_open(&j, NULL, '{');
        sund_json_str(&j, "node", r->row[i].node);
        sund_json_str(&j, "status", sund_lookup_status_name(c->status));
        if (c->status == SUND_LOOKUP_COUNTED) {
            cells_json(&j, NULL, &c->all);
            if (c->sexes) {
                cells_json(&j, "male", &c->male);
                cells_json(&j, "female", &c->female);
            }
        }
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    if (r->has_total)
        cells_json(&j, "total", &r->total);
    else
        sund_json_null(&j, "total");
    sund_json_close(&j, '}');
    sund_buf_text(&out, "\n");
    put(&out);
    sund_buf_free(&out);
}

static void number_or_dot(char out[24], int64_t v, bool shown)
{
    if (shown && v >= 0)
        (void) snprintf(out, 24, "%lld", (long long) v);
    else
        (void) snprintf(out, 24, ".");
}

static void lookup_table(const char *text, const sund_lookup_result *r)
{
    char hom[24], f[24], m[24];

    printf("%s\n  %-12s %8s %8s %10s %7s %8s %8s  %s\n", text, "node", "AC", "AN", "AF", "hom", "AC XX", "AC XY", "status");
    for (size_t i = 0; i < r->n; i++) {
        const sund_lookup_counts *c = &r->row[i].counts;

        if (c->status != SUND_LOOKUP_COUNTED) {
            printf("  %-12s %8s %8s %10s %7s %8s %8s  %s\n", r->row[i].node, ".", ".", ".", ".", ".", ".", sund_lookup_status_name(c->status));
            continue;
        }
        number_or_dot(hom, c->all.hom, true);
        number_or_dot(f, c->female.ac, c->sexes);
        number_or_dot(m, c->male.ac, c->sexes);
        printf("  %-12s %8lld %8lld %10.6f %7s %8s %8s  counted\n", r->row[i].node, (long long) c->all.ac, (long long) c->all.an,
               c->all.an ? (double) c->all.ac / (double) c->all.an : 0.0, hom, f, m);
    }
    if (r->has_total)
        printf("  %-12s %8lld %8lld %10.6f\n", "all", (long long) r->total.ac, (long long) r->total.an, r->total.an ? (double) r->total.ac / (double) r->total.an : 0.0);
    else
        printf("  no total: it is given only when every country's number is; a counts study pools first and suppresses second\n");
}

static bool readable(const char *text, sund_err *why)
{
    sund_buf     alleles = { 0 };
    sund_variant v;
    bool         good = sund_variant_parse(text, &v, &alleles, why) == SUND_OK;

    sund_buf_free(&alleles);
    return good;
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
    sund_buf_text(&out, "\n");
    put(&out);
    sund_buf_free(&out);
}

static sund_code ask_one(sund_link *l, const char *text, sund_lookup_result *r, sund_err *err)
{
    sund_buf  ask = { 0 }, reply = { 0 };
    sund_code rc;

    sund_buf_str(&ask, text);
    rc = sund_buf_ok(&ask, err);
    if (rc == SUND_OK)
        rc = sund_link_ask(l, SUND_MSG_LOOKUP, ask.p, ask.n, 30, &reply, err);
    if (rc == SUND_OK)
        rc = sund_lookup_result_read(sund_cur_of(reply.p, reply.n), r, err);
    sund_buf_free(&ask);
    sund_buf_free(&reply);
    return rc;
}

/** Adds " GB" to the list for each node that did not answer, once. */
static void note_silent(const sund_lookup_result *r, char *list, size_t cap)
{
    for (size_t i = 0; i < r->n; i++) {
        char   name[SUND_ID_MAX + 3];
        size_t at = strlen(list);
        bool   there = false;

        if (r->row[i].counts.status != SUND_LOOKUP_TIMEOUT)
            continue;
        (void) snprintf(name, sizeof name, " %s", r->row[i].node);
        for (const char *p = list; !there && (p = strstr(p, name)) != NULL; p++)
            there = p[strlen(name)] == 0 || p[strlen(name)] == ' ';
        if (!there)
            (void) snprintf(list + at, cap - at, "%s", name);
    }
}

sund_code sund_cmd_lookup(int argc, char **argv, sund_err *err)
{
    const char         *home = sund_default_home();
    bool                as_json = false, helped = false;
    const sund_opt      opt[] = { { "home", 's', &home, "FOLDER", "a member's home" }, { "json", 'b', &as_json, NULL, "one JSON object a line, one line a variant" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts     o = { "lookup", "[OPTIONS] VARIANT...", "Asks all countries at once for a variant's allele count and number. A missing answer is never a silent no: not-covered, below-10, refused and timeout are said. A word that is no variant does not stop the others. Exit status: 0 when every node answered for every variant, 5 when one was silent, 2 when a word was no variant.",
                              "sund lookup --home anna 20-1000226-A-T\nsund lookup --json chr20:1000226:A:T", opt, 1, 64 };
    sund_lookup_result *r = calloc(1, sizeof *r);
    sund_home           h = { .id = "" };
    sund_link           l = { 0 };
    char                silent[SUND_NODE_MAX * (SUND_ID_MAX + 2) + 1] = "";
    size_t              n, n_bad = 0;
    sund_code           rc;

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    SUND_GO(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    SUND_GO(sund_link_open(&l, &h, SUND_CHANNEL_COMMANDS, err));
    for (size_t i = 1; i <= n; i++) {
        sund_err why = { SUND_OK, "" };

        if (!readable(argv[i], &why)) { /* the others are asked all the same */
            n_bad++;
            bad_variant(argv[i], &why, as_json);
            continue;
        }
        SUND_GO(ask_one(&l, argv[i], r, err));
        note_silent(r, silent, sizeof silent);
        if (as_json)
            lookup_json(argv[i], r);
        else
            lookup_table(argv[i], r);
    }
    if (n_bad)
        rc = sund_fail(err, SUND_E_ARG, "%zu of %zu are no variants", n_bad, n);
    else if (silent[0])
        rc = sund_fail(err, SUND_E_UPSTREAM, "no answer in time from%s: the numbers are of the other nodes", silent);
out:
    free(r);
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}
