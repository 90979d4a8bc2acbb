#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "store/key.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* info: what is there. */

static void put(const sund_buf *b) { (void) fwrite(b->p, 1, b->n, stdout); }

static void store_json(const sund_store_info *i, const char *dir, sund_json *j)
{
    sund_json_str(j, "store", dir);
    sund_json_str(j, "assembly", sund_assembly_name(i->assembly));
    sund_json_i64(j, "people", (int64_t) i->n_person);
    sund_json_i64(j, "sites", (int64_t) i->n_site);
    sund_json_bool(j, "callable_regions", i->has_callable);
    sund_json_str(j, "release", sund_digest_hex(&i->manifest).s);
    if (i->key[0])
        sund_json_str(j, "encrypted_with", i->key);
    else
        sund_json_null(j, "encrypted_with");
    sund_json_open(j, "populations", '[');
    for (size_t p = 0; p < i->n_population; p++)
        sund_json_str(j, NULL, i->population_name[p]);
    sund_json_close(j, ']');
}

static void store_text(const sund_store_info *i, const char *dir, sund_buf *out)
{
    char a[32], b[32];

    sund_buf_printf(out, "store       %s\nassembly    %s\npeople      %s\nsites       %s\ncallable    %s\nrelease     %s\nencrypted   %s%s\npopulations", dir, sund_assembly_name(i->assembly),
                    sund_commas(i->n_person, a), sund_commas(i->n_site, b), i->has_callable ? "regions given" : "unknown: a site that is not listed is not covered",
                    sund_digest_hex(&i->manifest).s, i->key[0] ? "AES-256-GCM, with the key " : "no", i->key);
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

    if (sund_home_store(h, &s, err) == SUND_OK) {
        sund_json_open(j, "genotypes", '{');
        store_json(sund_store_describe(s), h->store_path, j);
        sund_json_close(j, '}');
        store_text(sund_store_describe(s), h->store_path, text);
    }
    else {
        sund_json_null(j, "genotypes");
        if (sund_store_encrypted(h->store_path))
            sund_buf_printf(text, "store       encrypted, and not to be opened: %s\n", err ? err->msg : "");
        else
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
    const char     *key = NULL;
    const sund_opt  opt[] = { { "json", 'b', &as_json, NULL, "for programs" }, SUND_OPT_KEY(key), { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "info", "[OPTIONS] STORE|HOME", "What a store or a home holds: sizes, names, digests; no person's data.", "sund info fi/store\nsund info --json fi", opt, 0, 1 };
    const char     *dir;
    char            path[4096];
    sund_store     *s = NULL;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    dir = n ? argv[1] : sund_default_home();
    SUND_TRY(sund_path_join(path, sizeof path, dir, "sund.ini", err));
    if (sund_file_exists(path)) {
        if (key)
            SUND_TRY(sund_store_key_add(key, NULL, err));
        return info_home(dir, as_json, err);
    }
    rc = sund_open_store(&s, dir, key, err);
    if (rc == SUND_E_NOT_FOUND)
        return sund_fail(err, rc, "%s is neither a store, which 'sund import' makes, nor a home, which 'sund init' makes", dir);
    SUND_TRY(rc);
    info_store(s, dir, as_json);
    sund_store_close(s);
    return SUND_OK;
}
