#include "base/file.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "gate/ledger.h"
#include "home/home.h"
#include "home/link.h"
#include "node/notices.h"
#include "study/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* agreement make, sign, install, show, list, revoke: what two or more countries have agreed on. */

typedef struct terms { const char *home, *by, *reason, *name, *expires, *purposes, *analyses, *data; bool two_party, as_json; int64_t cell_min, mac, mac_association; } terms;

static sund_agreement_eye eye_of(const sund_home *h) { return (sund_agreement_eye){ h->db, &h->roster, &h->dac, h->data }; }

/** "FI" or "FI=biobank,registry". */
static sund_code put_party(const sund_roster *r, const char *arg, sund_buf *out, sund_err *err)
{
    const char        *eq = strchr(arg, '=');
    char               id[SUND_ID_MAX + 1], hex[65];
    const sund_member *m;

    (void) snprintf(id, sizeof id, "%.*s", (int) (eq ? eq - arg : (int) strlen(arg)), arg);
    m = sund_roster_find(r, id, SUND_ROLE_NODE);
    if (!m)
        return sund_fail(err, SUND_E_NOT_FOUND, "the roster has no node '%s'", id);
    sund_hex(m->sign.b, sizeof m->sign.b, hex);
    sund_buf_printf(out, "\n[party %s]\nsign = %s\ndata = %s\n", id, hex, eq ? eq + 1 : id);
    return SUND_OK;
}

static sund_code make(const terms *t, const char *out, char **party, size_t n, sund_err *err)
{
    sund_home      h = { .id = "" };
    sund_agreement a;
    sund_buf       text = { 0 };
    sund_code      rc;

    if (!t->name || !t->expires || !t->purposes || !t->analyses)
        return sund_fail(err, SUND_E_ARG, "--name, --expires, --purposes and --analyses are needed; see 'sund agreement --help'");
    SUND_TRY(sund_home_open(&h, t->home, SUND_HOME_ROSTER, err));
    sund_buf_printf(&text, "[agreement]\nname = %s\nexpires = %s\npurposes = %s\nanalyses = %s\ntwo_party = %s\ncell_min = %lld\nmac = %lld\nmac_association = %lld\n", t->name, t->expires, t->purposes,
                    t->analyses, t->two_party ? "yes" : "no", (long long) t->cell_min, (long long) t->mac, (long long) t->mac_association);
    for (size_t i = 0; i < n; i++)
        SUND_GO(put_party(&h.roster, party[i], &text, err));
    sund_buf_text(&text, "\n");
    SUND_GO(sund_buf_ok(&text, err));
    SUND_GO(sund_agreement_parse(&a, out, text.p, text.n, err));
    SUND_GO(sund_may_draft(out, "[agreement]", err));
    SUND_GO(sund_file_write(out, text.p, text.n, 0644, err));
    printf("%s: agreement %s of %zu parties, digest %s\nNext: every party reads it and runs 'sund agreement sign --home HOME %s'.\n", out, a.name, a.n, sund_digest_hex(&a.digest).s, out);
out:
    sund_buf_free(&text);
    sund_home_close(&h);
    return rc;
}

/** The member who acts for a node with a committee; *by NULL without one. */
static sund_code member(const sund_home *h, const char *key, sund_identity *who, const sund_identity **by, sund_err *err)
{
    *by = NULL;
    if (h->role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a node", h->dir);
    if (!key && h->dac.committee)
        return sund_fail(err, SUND_E_DENIED, "node %s has a data access committee: one of its members acts, with --by KEYFILE", h->id);
    if (!key)
        return SUND_OK;
    SUND_TRY(sund_identity_read(who, key, err));
    *by = who;
    return sund_dac_may(&h->dac, who, err);
}

static sund_code sign(const terms *t, const char *path, sund_err *err)
{
    sund_home            h = { .id = "" };
    sund_identity        who = { .id = "" };
    const sund_identity *by;
    sund_agreement       a;
    sund_buf             text = { 0 };
    sund_code            rc;

    SUND_TRY(sund_home_open(&h, t->home, SUND_HOME_STATE, err));
    SUND_GO(member(&h, t->by, &who, &by, err));
    SUND_GO(sund_file_read(path, SUND_AGREEMENT_MAX_BYTES, &text, err));
    SUND_GO(sund_agreement_parse(&a, path, text.p, text.n, err));
    if (!sund_agreement_party_of(&a, h.id)) {
        rc = sund_fail(err, SUND_E_NOT_FOUND, "%s: node %s is no party", path, h.id);
        goto out;
    }
    SUND_GO(sund_agreement_sign(text.p, text.n, &h.identity, by, &text, err));
    SUND_GO(sund_agreement_parse(&a, path, text.p, text.n, err)); /* signed once */
    SUND_GO(sund_ledger_add(h.db, "agreement", "", err, "signed here by %s%s%s: %s, digest %s, until %s", h.id, by ? " and " : "", by ? by->id : "", a.name, sund_digest_hex(&a.digest).s, a.expires));
    SUND_GO(sund_file_write(path, text.p, text.n, 0644, err));
    printf("%s: signed by %s%s%s\n", path, h.id, by ? " and " : "", by ? by->id : "");
out:
    sund_wipe(&who, sizeof who);
    sund_buf_free(&text);
    sund_home_close(&h);
    return rc;
}

static sund_code install(const terms *t, const char *path, sund_err *err)
{
    sund_home          h = { .id = "" };
    sund_agreement_eye eye;
    sund_agreement     a;
    sund_buf           text = { 0 };
    sund_code          rc;

    SUND_TRY(sund_home_open(&h, t->home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    eye = eye_of(&h);
    rc = h.role == SUND_ROLE_NODE ? sund_file_read(path, SUND_AGREEMENT_MAX_BYTES, &text, err) : sund_fail(err, SUND_E_ARG, "%s is not the home of a node", t->home);
    if (rc == SUND_OK)
        rc = sund_agreement_install(&eye, path, text.p, text.n, &a, err);
    if (rc == SUND_OK)
        printf("%s: agreement %s is in force here until %s, signed by all its %zu parties; digest %s\n", path, a.name, a.expires, a.n, sund_digest_hex(&a.digest).s);
    sund_buf_free(&text);
    sund_home_close(&h);
    return rc;
}

/** Looks for one by its name or the first digits of its digest. */
typedef struct finding { const char *want; size_t hits; sund_digest d; sund_buf text; char standing[480]; bool print, as_json; } finding;

static sund_code visit(void *ctx, const sund_digest *d, sund_cur text, const sund_err *standing, sund_err *err)
{
    finding       *f = ctx;
    sund_agreement a;
    bool           sound = sund_agreement_parse(&a, "agreement", text.p, text.n, NULL) == SUND_OK;
    sund_buf       out = { 0 };
    sund_json      j;

    if (f->want && !(sound && strcmp(a.name, f->want) == 0) && !(strlen(f->want) >= 8 && strncmp(sund_digest_hex(d).s, f->want, strlen(f->want)) == 0))
        return SUND_OK;
    f->hits++;
    f->d = *d;
    sund_buf_clear(&f->text);
    sund_buf_put(&f->text, text.p, text.n);
    (void) snprintf(f->standing, sizeof f->standing, "%s", standing->code == SUND_OK ? "in force" : standing->msg);
    if (!f->print)
        return sund_buf_ok(&f->text, err);
    if (!f->as_json) {
        printf("%.16s  %-16s %s  %s\n", sund_digest_hex(d).s, sound ? a.name : "?", sound ? a.expires : "", f->standing);
        return SUND_OK;
    }
    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "agreement", sund_digest_hex(d).s);
    sund_json_str(&j, "name", sound ? a.name : "");
    sund_json_str(&j, "expires", sound ? a.expires : "");
    sund_json_bool(&j, "in_force", standing->code == SUND_OK);
    sund_json_str(&j, "why", standing->msg);
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
    return SUND_OK;
}

static sund_code find_one(const sund_home *h, finding *f, sund_err *err)
{
    sund_agreement_eye eye = eye_of(h);

    SUND_TRY(sund_agreements_each(&eye, visit, f, err));
    return f->hits == 1 ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "%zu agreements here have the name or digest '%.60s'; 'sund agreement list' shows them", f->hits, f->want);
}

static sund_code show(const terms *t, const char *want, bool list, sund_err *err)
{
    sund_home h = { .id = "" };
    finding   f = { .want = want, .print = list, .as_json = t->as_json };
    sund_code rc;

    SUND_TRY(sund_home_open(&h, t->home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    if (h.role != SUND_ROLE_NODE) {
        rc = sund_fail(err, SUND_E_ARG, "%s is not the home of a node", t->home);
    }
    else if (list) {
        sund_agreement_eye eye = eye_of(&h);

        rc = sund_agreements_each(&eye, visit, &f, err);
        if (rc == SUND_OK && !f.hits)
            fprintf(stderr, "no agreements: 'sund agreement make' writes one, and each party signs and installs it\n");
    }
    else if ((rc = find_one(&h, &f, err)) == SUND_OK) {
        printf("agreement  %s\nstands     %s\n\n%.*s", sund_digest_hex(&f.d).s, f.standing, (int) f.text.n, (char *) f.text.p);
    }
    sund_buf_free(&f.text);
    sund_home_close(&h);
    return rc;
}

static sund_code end_it(const terms *t, const char *want, sund_err *err)
{
    sund_home            h = { .id = "" };
    finding              f = { .want = want };
    sund_link            l = { 0 };
    sund_identity        who = { .id = "" };
    const sund_identity *by;
    bool                 told = false;
    sund_code            rc;

    SUND_TRY(sund_home_open(&h, t->home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    SUND_GO(member(&h, t->by, &who, &by, err));
    SUND_GO(find_one(&h, &f, err));
    SUND_GO(sund_agreement_revoke(h.db, &f.d, &h.identity, by, t->reason, err));
    told = sund_link_open(&l, &h, SUND_CHANNEL_COMMANDS, NULL) == SUND_OK && sund_notices_tell(&l, NULL) == SUND_OK;
    printf("%s: revoked here from now on; %s\n", sund_digest_hex(&f.d).s, told ? "the other parties hear it at their next poll" : "the hub cannot be reached now, the running node will tell the other parties");
out:
    sund_link_close(&l);
    sund_wipe(&who, sizeof who);
    sund_buf_free(&f.text);
    sund_home_close(&h);
    return rc;
}

sund_code sund_cmd_agreement(int argc, char **argv, sund_err *err)
{
    terms           t = { .home = sund_default_home(), .reason = "", .cell_min = 10, .mac = 10, .mac_association = 20 };
    const sund_opt  opt[] = {
        { "home", 's', &t.home, "FOLDER", "the node's home" },
        { "by", 's', &t.by, "KEYFILE", "sign, revoke: a member of the node's committee, where it has one" },
        { "reason", 's', &t.reason, "TEXT", "revoke: why, for all parties to read" },
        { "name", 's', &t.name, "NAME", "make: what it is called" },
        { "expires", 's', &t.expires, "DAY", "make: its last day, e.g. 2027-12-31" },
        { "purposes", 's', &t.purposes, "LIST", "make: purposes of studies, or DUO codes that allow them, with commas" },
        { "analyses", 's', &t.analyses, "LIST", "make: analyses, with commas, or any" },
        { "two-party", 'b', &t.two_party, NULL, "make: sums of these two nodes are allowed" },
        { "cell-min", 'i', &t.cell_min, "N", "make: thresholds of its studies, at least (10)" },
        { "mac", 'i', &t.mac, "N", "make: likewise (10)" },
        { "mac-association", 'i', &t.mac_association, "N", "make: likewise (20)" },
        { "json", 'b', &t.as_json, NULL, "list: for programs" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "agreement", "make [OPTIONS] OUT NODE[=DATA,...]...\n       sund agreement sign|install [OPTIONS] FILE\n       sund agreement show|revoke [OPTIONS] NAME\n       sund agreement list [OPTIONS]",
                          "What two or more countries have agreed on: one file that each signs. Studies inside it are approved by each of them at once. Each can revoke it alone, and then nothing is approved by it, and what runs by it stops before its next round.",
                          "sund agreement make --home fi --name north-1 --expires 2027-12-31 --purposes health-research --analyses counts,linear north.ini FI=biobank SE DK\nsund agreement sign --home fi --by maria.ini north.ini\nsund agreement install --home fi north.ini\nsund agreement list --home fi\nsund agreement revoke --home fi --by maria.ini --reason 'new law' north-1",
                          opt, 1, 40 };
    bool            helped = false;
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (strcmp(argv[1], "make") == 0 && n >= 4)
        return make(&t, argv[2], argv + 3, n - 2, err);
    if (strcmp(argv[1], "sign") == 0 && n == 2)
        return sign(&t, argv[2], err);
    if (strcmp(argv[1], "install") == 0 && n == 2)
        return install(&t, argv[2], err);
    if (strcmp(argv[1], "show") == 0 && n == 2)
        return show(&t, argv[2], false, err);
    if (strcmp(argv[1], "list") == 0 && n == 1)
        return show(&t, NULL, true, err);
    if (strcmp(argv[1], "revoke") == 0 && n == 2)
        return end_it(&t, argv[2], err);
    return sund_fail(err, SUND_E_ARG, "'make OUT NODE NODE...', 'sign FILE', 'install FILE', 'show NAME', 'list' or 'revoke NAME' is expected; see 'sund agreement --help'");
}
