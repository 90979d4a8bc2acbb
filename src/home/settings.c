#include "home/settings.h"

#include "base/file.h"
#include "gate/ledger.h"
#include "home/matchmakers.h"
#include "token/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What each line of sund.ini means for what may leave; NULL: nothing, or the ledger says it otherwise (the committee's members, matchmakers, the store by its digest). */
static const struct { const char *key, *means; } setting[] = {
    { "sund.id", NULL }, { "sund.role", NULL }, { "sund.threads", NULL },
    { "node.store", NULL }, { "node.store_key", NULL },
    { "node.access", "whether the data are open or controlled" },
    { "node.visa", "data set for which studies need a visa" },
    { "node.approve", "whether each study is decided on (ask) or all are approved beforehand (all)" },
    { "node.replay", "whether an auditor can compute whole studies again" },
    { "node.lookup", "purpose that people must allow to be counted in lookups" },
    { "node.data", "name of the data set, in agreements" },
    { "node.engine", NULL }, { "node.slurm_tasks", NULL }, { "node.slurm_running", NULL }, { "node.slurm_items", NULL }, { "node.slurm_options", NULL },
    { "hub.listen", NULL }, { "hub.port", NULL }, { "hub.harvest", NULL }, { "hub.shapes", NULL },
    { "hub.files", "public files that one member may send" },
    { "hub.megabytes", "megabytes of public files that one member may send" },
    { "gate.cell_min", "fewest people that a number may stand for" },
    { "gate.mac", "fewest minor alleles of a variant that is shown" },
    { "gate.mac_association", "fewest minor alleles of a variant in association sums" },
    { "gate.parties", "fewest countries in a study" },
    { "gate.df_min", "fewest degrees of freedom of a model" },
    { "gate.digits", "digits of an estimate" },
    { "pages.port", "port of the pages for programs of others" },
    { "pages.grants", "data set of which services with a token are told who may use it" },
    { "pages.rate", "requests a second that pages take of one caller" },
    { "pages.listen", NULL }, { "pages.tls", NULL }, { "pages.url", NULL }, { "pages.id", NULL }, { "pages.name", NULL }, { "pages.about", NULL }, { "pages.organisation", NULL },
    { "pages.contact", NULL }, { "pages.welcome", NULL }, { "pages.environment", NULL }, { "pages.assembly", NULL }, { "pages.names", NULL }, { "pages.reference", NULL }, { "pages.proxy", NULL },
    { "matchmaker.url", NULL }, { "matchmaker.token", NULL }, { "matchmaker.ca", NULL }, { "matchmaker.pin", NULL }, { "matchmaker.limit", NULL }, { "matchmaker.wait", NULL },
    { "dac.sign", NULL },
    { "dac.deadline_days", "working days for a decision" },
    { "dac.silence", "what no decision in time means" },
};
enum { SETTINGS = sizeof setting / sizeof *setting };

static const char NONE[] = "none", UNSET[] = "what Sund has without that line";

sund_code sund_settings_known(const sund_ini *ini, sund_err *err)
{
    const char *name[SETTINGS + 1] = { NULL };

    for (size_t i = 0; i < SETTINGS; i++)
        name[i] = setting[i].key;
    return sund_ini_known(ini, name, err);
}

static sund_code note_settings(const sund_home *h, sund_err *err)
{
    sund_ini  ini = { 0 };
    char      path[2048];
    sund_code rc = SUND_OK;

    SUND_TRY(sund_home_path(h, "sund.ini", path, sizeof path, err));
    SUND_TRY(sund_ini_read(&ini, path, err));
    for (size_t i = 0; i < SETTINGS && rc == SUND_OK; i++) {
        const char *dot = strchr(setting[i].key, '.'), *v;
        char        section[16], what[160];

        if (!setting[i].means)
            continue;
        (void) snprintf(section, sizeof section, "%.*s", (int) (dot - setting[i].key), setting[i].key);
        (void) snprintf(what, sizeof what, "%s ([%s] %s)", setting[i].means, section, dot + 1);
        v = sund_ini_get(&ini, section, dot + 1);
        rc = sund_ledger_note(h->db, what, v ? v : UNSET, UNSET, err);
    }
    sund_ini_free(&ini);
    return rc;
}

/** A list; of a long one a digest first, for its end may be cut off. */
static sund_code note_list(const sund_home *h, const char *what, sund_buf *list, sund_err *err)
{
    char value[480];

    sund_buf_nul(list);
    SUND_TRY(sund_buf_ok(list, err));
    if (list->n < 400) {
        (void) snprintf(value, sizeof value, "%s", list->n ? (const char *) list->p : NONE);
    }
    else {
        sund_digest d = sund_digest_of(list->p, list->n);

        (void) snprintf(value, sizeof value, "list with digest %.16s, which begins %.360s", sund_digest_hex(&d).s, (const char *) list->p);
    }
    return sund_ledger_note(h->db, what, value, NONE, err);
}

static void join(sund_buf *b, const char *s) { sund_buf_printf(b, "%s%s", b->n ? ", " : "", s); }

static void put_digest(sund_buf *b, const void *p, size_t n)
{
    sund_digest d = sund_digest_of(p, n);

    sund_buf_printf(b, "%.16s", sund_digest_hex(&d).s);
}

static sund_code note_members(const sund_home *h, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc;

    for (size_t i = 0; h->dac.committee && i < h->dac.n; i++) {
        join(&b, h->dac.member[i].id);
        sund_buf_text(&b, " with key ");
        put_digest(&b, &h->dac.member[i].key, sizeof h->dac.member[i].key);
    }
    if (!b.n)
        sund_buf_text(&b, "the operator");
    rc = note_list(h, "who decides on studies", &b, err);
    sund_buf_free(&b);
    return rc;
}

static sund_code note_roster(const sund_home *h, sund_err *err)
{
    sund_roster r = { .n_member = 0 };
    sund_buf    b = { 0 };
    char        path[2048];
    sund_code   rc;

    SUND_TRY(sund_ledger_note(h->db, "this member's key", sund_fingerprint(h->identity.pub.b).s, NULL, err));
    SUND_TRY(sund_home_path(h, "roster.ini", path, sizeof path, err));
    if (!sund_file_exists(path))
        return SUND_OK;
    SUND_TRY(sund_roster_read(&r, path, false, err));
    for (size_t i = 0; i < r.n_member; i++)
        if (r.member[i].role == SUND_ROLE_NODE)
            join(&b, r.member[i].id);
    sund_buf_printf(&b, "; %zu researchers; roster %u of %s, fingerprint %s", r.n_member - r.n_node - 1, r.number, r.name, sund_fingerprint(r.digest.b).s);
    rc = note_list(h, "who is in the federation", &b, err);
    sund_buf_free(&b);
    sund_roster_free(&r);
    return rc;
}

sund_code sund_home_note_matchmakers(const sund_home *h, sund_err *err)
{
    sund_matchmaker *list = NULL;
    sund_buf         b = { 0 };
    size_t           n = 0;
    sund_code        rc;

    SUND_TRY(sund_matchmakers_read(h, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        join(&b, list[i].name);
        sund_buf_printf(&b, " at %s, %lld times a year about a case", list[i].url, (long long) list[i].limit);
    }
    rc = note_list(h, "matchmakers outside the federation that may be asked about cases", &b, err);
    free(list);
    sund_buf_free(&b);
    return rc;
}

/** The digest of a file of the home. */
static sund_code put_file(const sund_home *h, const char *name, sund_buf *out, sund_err *err)
{
    sund_buf  text = { 0 };
    char      path[2048];
    sund_code rc;

    SUND_TRY(sund_home_path(h, name, path, sizeof path, err));
    if (!sund_file_exists(path))
        return SUND_OK;
    rc = sund_file_read(path, 1 << 24, &text, err);
    if (rc == SUND_OK && text.n)
        put_digest(out, text.p, text.n);
    sund_buf_free(&text);
    return rc;
}

static sund_code note_file(const sund_home *h, const char *name, const char *what, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = put_file(h, name, &b, err);

    if (rc == SUND_OK && b.n)
        sund_buf_printf(&b, " (digest of %s)", name);
    if (rc == SUND_OK)
        rc = note_list(h, what, &b, err);
    sund_buf_free(&b);
    return rc;
}

static sund_code note_trust(const sund_home *h, sund_err *err)
{
    sund_trust t = { NULL, 0 };
    sund_buf   b = { 0 };
    sund_code  rc;

    SUND_GO(sund_trust_read(&t, h->dir, err));
    for (size_t i = 0; i < t.n; i++) {
        sund_digest d = sund_digest_of(t.issuer[i].iss, strlen(t.issuer[i].iss));
        char        keys[64];

        (void) snprintf(keys, sizeof keys, "trust/%.32s.jwks", sund_digest_hex(&d).s);
        join(&b, t.issuer[i].iss);
        sund_buf_text(&b, t.issuer[i].client[0] ? t.issuer[i].people[0] ? " (logins, visas) with keys " : " (logins) with keys " : " (visas) with keys ");
        SUND_GO(put_file(h, keys, &b, err));
    }
    rc = note_list(h, "whose logins and visas are believed", &b, err);
out:
    sund_trust_free(&t);
    sund_buf_free(&b);
    return rc;
}

sund_code sund_home_note_store(const sund_home *h, const sund_store *s, sund_err *err)
{
    char value[32];

    (void) snprintf(value, sizeof value, "release %.16s", sund_digest_hex(&sund_store_describe(s)->manifest).s);
    return sund_ledger_note(h->db, "genomes that are counted", value, NULL, err);
}

static sund_code note_terms(const sund_home *h, sund_err *err)
{
    sund_ontos_entry *e = NULL;
    sund_buf          b = { 0 };
    size_t            n = 0;
    sund_code         rc;

    rc = sund_ontos_list(h->ontos, &e, &n, err);
    for (size_t i = 0; rc == SUND_OK && i < n; i++) {
        join(&b, e[i].info.prefix);
        sund_buf_printf(&b, " %s, digest %.16s", e[i].info.version, sund_digest_hex(&e[i].info.digest).s);
    }
    if (rc == SUND_OK)
        rc = note_list(h, "terms by which people are counted", &b, err);
    free(e);
    sund_buf_free(&b);
    return rc;
}

sund_code sund_home_note(const sund_home *h, sund_err *err)
{
    SUND_TRY(note_settings(h, err));
    if (h->role == SUND_ROLE_NODE)
        SUND_TRY(note_members(h, err));
    SUND_TRY(sund_home_note_matchmakers(h, err));
    SUND_TRY(note_roster(h, err));
    SUND_TRY(note_trust(h, err));
    SUND_TRY(note_file(h, "peers.ini", "services that may ask for matches", err));
    SUND_TRY(note_file(h, "permissions.ini", "services that may ask who may use the data", err));
    SUND_TRY(note_file(h, "datasets.ini", "what is said of the data sets", err));
    if (h->store)
        SUND_TRY(sund_home_note_store(h, h->store, err));
    return h->ontos ? note_terms(h, err) : SUND_OK;
}

sund_code sund_home_noted(const char *dir, sund_err *err)
{
    sund_home h;
    sund_code rc;

    SUND_TRY(sund_home_open(&h, dir, 0, err));
    rc = h.role == SUND_ROLE_RESEARCHER ? SUND_E_ARG : SUND_OK;
    sund_home_close(&h);
    if (rc != SUND_OK)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, dir, SUND_HOME_STATE | SUND_HOME_ONTOS, err));
    rc = sund_home_note(&h, err);
    sund_home_close(&h);
    return rc;
}
