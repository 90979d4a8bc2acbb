#include "home/home.h"

#include "base/file.h"
#include "base/ini.h"
#include "gate/ledger.h"
#include "home/settings.h"
#include "net/server.h"
#include "store/key.h"
#include "study/party.h"
#include "token/login.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const role_name[] = { "", "hub", "node", "researcher" };

sund_code sund_home_path(const sund_home *h, const char *name, char *out, size_t cap, sund_err *err)
{
    if (name[0] == '/')
        return snprintf(out, cap, "%s", name) < (int) cap ? SUND_OK : sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", name);
    return sund_path_join(out, cap, h->dir, name, err);
}

static void config_text(const sund_home_plan *p, sund_buf *out)
{
    sund_buf_printf(out, "# Made by 'sund init'. Paths are relative to this folder.\n[sund]\nid = %s\nrole = %s\n# threads = 0        # 0: all processors\n", p->id, role_name[p->role]);
    if (p->role == SUND_ROLE_NODE)
        sund_buf_printf(out,
                        "\n[node]\nstore = store\n"
                        "# the key of an encrypted store ('sund key make'): a file, or credential:NAME of a systemd unit (doc/operating.md)\n# store_key = /etc/sund/store.key\n"
                        "# open: the people consented to publication, nothing is suppressed; controlled: every gate rule applies\naccess = %s\n"
                        "# whom lookups count: the people whose consent allows this purpose\n# lookup = general-research\n"
                        "# data set that this node brings, as agreements name it; its id unless it is named\n# data = biobank\n"
                        "# ask: each study is decided on by 'sund study approve' or 'refuse'; all: every study of a researcher in the roster, or who shows the visa below\napprove = %s\n"
                        "# studies need a ControlledAccessGrants visa for this data set (doc/identity.md)\n# visa = https://example.org/datasets/1\n"
                        "# local: own sums are computed by this machine; slurm: by jobs on its cluster (doc/operating.md), with the settings slurm_...\n# engine = local\n"
                        "# forget: opened totals cannot be had again once a study ends; keep: 'sund replay' can compute all of it again (doc/operating.md)\n# replay = forget\n"
                        "\n[gate]\n# Thresholds may be stricter than the defaults, never looser; a study uses the strictest of its nodes.\n"
                        "# cell_min = 10\n# mac = 10\n# mac_association = 20\n# parties = 3\n"
                        "\n[pages]\n# Beacon v2 and others, for programs (doc/pages.md); none while there is no port.\n# port = 8080\n# listen = 127.0.0.1\n# url = https://beacon.example.org\n# proxy = 127.0.0.1\n# rate = 100\n"
                        "\n[dac]\n# Working days until no decision on a study means what silence says: refuse or approve. Members of a data access committee have\n"
                        "# a key each ('sund dac init' prints their lines); while none is named, this node's operator decides.\n# deadline_days = 10\n# silence = refuse\n"
                        "\n# A matchmaker outside the federation that may be asked about cases with consent to that (doc/matchmaker.md).\n# [matchmaker genematcher]\n# url = https://matchmaker.example.org/mme\n# token = genematcher.token\n",
                        p->access, p->approve);
    if (p->role == SUND_ROLE_HUB)
        sund_buf_printf(out, "\n[hub]\n# The address of this machine that the hub listens on: 0.0.0.0 is every IPv4 address, :: every address. What members dial is in the roster.\nlisten = %s\nport = %u\n# How many public files, and how large together, one member may send.\n# files = 1000\n# megabytes = 4096\n# Seconds between two questions to all nodes about their data sets, and SHACL shapes (a file or a folder) that what they say must have (doc/datasets.md).\n# harvest = 900\n# shapes = shapes\n", p->listen, p->port);
}

static sund_code write_in(const char *dir, const char *name, const void *p, size_t n, unsigned mode, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_path_join(path, sizeof path, dir, name, err));
    return sund_file_write(path, p, n, mode, err);
}

static sund_code init_tls(const char *dir, const sund_home_plan *plan, char pin[64], sund_err *err)
{
    sund_buf  cert = { 0 }, key = { 0 };
    sund_code rc = sund_cert_make(plan->id, plan->host, &cert, &key, pin, err);

    if (rc == SUND_OK)
        rc = write_in(dir, "tls.cert", cert.p, cert.n, 0644, err);
    if (rc == SUND_OK)
        rc = write_in(dir, "tls.key", key.p, key.n, 0600, err);
    if (key.p)
        sund_wipe(key.p, key.n);
    sund_buf_free(&cert);
    sund_buf_free(&key);
    return rc;
}

static bool is_address(const char *s)
{
    uint8_t b[16];

    return inet_pton(AF_INET, s, b) == 1 || inet_pton(AF_INET6, s, b) == 1;
}

/** A name of the DNS (letters, digits and '-' in labels joined by dots, the last not a number) or an IP address. */
static bool is_host(const char *s)
{
    size_t n = strlen(s), label = 0;
    bool   digits = true;

    if (is_address(s))
        return true;
    for (size_t i = 0; i <= n && n < 250; i++) {
        bool end = s[i] == '.' || !s[i], letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');

        if (end && (label == 0 || label > 63 || s[i - 1] == '-'))
            return false;
        if (!end && !letter && !(s[i] >= '0' && s[i] <= '9') && (s[i] != '-' || label == 0))
            return false;
        if (s[i])
            digits = s[i] == '.' ? true : digits && !letter && s[i] != '-';
        label = end ? 0 : label + 1;
    }
    return n < 250 && !digits;
}

static sund_code check_plan(const sund_home_plan *plan, sund_err *err)
{
    if (!sund_id_ok(plan->id))
        return sund_fail(err, SUND_E_ARG, "'%.40s' cannot be a name: letters, digits, '-' and '_', at most %d", plan->id, SUND_ID_MAX);
    if (plan->role == SUND_ROLE_HUB && !is_host(plan->host))
        return sund_fail(err, SUND_E_ARG, "--host '%.60s' is neither a DNS name nor an IP address", plan->host);
    if (plan->role == SUND_ROLE_HUB && !is_address(plan->listen))
        return sund_fail(err, SUND_E_ARG, "--listen '%.60s' is no IP address; 0.0.0.0 is every IPv4 address of this machine", plan->listen);
    if (plan->role == SUND_ROLE_NODE && strcmp(plan->access, "open") != 0 && strcmp(plan->access, "controlled") != 0)
        return sund_fail(err, SUND_E_ARG, "--access is 'open' or 'controlled', not '%.40s'", plan->access);
    if (plan->role == SUND_ROLE_NODE && strcmp(plan->approve, "ask") != 0 && strcmp(plan->approve, "all") != 0)
        return sund_fail(err, SUND_E_ARG, "--approve is 'ask' or 'all', not '%.40s'", plan->approve);
    return SUND_OK;
}

sund_code sund_home_init(const char *dir, const sund_home_plan *plan, sund_buf *member, sund_err *err)
{
    char          path[2048], pin[64] = "", hex[65];
    sund_identity me;
    sund_buf      text = { 0 };
    sund_code     rc;

    sund_home_plan whole = *plan;
    struct stat    there;

    if (plan->role == SUND_ROLE_HUB && !plan->listen)
        whole.listen = is_address(plan->host) ? plan->host : "0.0.0.0";
    plan = &whole;
    SUND_TRY(check_plan(plan, err));
    SUND_TRY(sund_path_join(path, sizeof path, dir, "sund.ini", err));
    if (sund_file_exists(path))
        return sund_fail(err, SUND_E_MISMATCH, "%s is a home already; choose another folder", dir);
    if (stat(dir, &there) == 0 && !S_ISDIR(there.st_mode))
        return sund_fail(err, SUND_E_MISMATCH, "%s is a file; a home is a folder: choose another name", dir);
    SUND_TRY(sund_path_join(path, sizeof path, dir, "files", err));
    SUND_TRY(sund_dir_make(path, err));
    SUND_TRY(sund_path_join(path, sizeof path, dir, "keys", err));
    SUND_TRY(sund_dir_make(path, err));
    SUND_TRY(sund_path_join(path, sizeof path, dir, "identity.ini", err));
    SUND_TRY(sund_identity_make(&me, plan->id, path, err));
    sund_hex(me.pub.b, sizeof me.pub.b, hex);
    sund_wipe(&me, sizeof me);
    if (plan->role == SUND_ROLE_HUB) {
        SUND_TRY(init_tls(dir, plan, pin, err));
        sund_buf_printf(member, "[hub]\nid = %s\nsign = %s\nurl = https://%s%s%s:%u\npin = %s\n", plan->id, hex, strchr(plan->host, ':') ? "[" : "", plan->host, strchr(plan->host, ':') ? "]" : "", plan->port, pin);
    }
    else {
        sund_buf_printf(member, "[%s %s]\nsign = %s\n", role_name[plan->role], plan->id, hex);
    }
    config_text(plan, &text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = write_in(dir, "member.ini", member->p, member->n, 0644, err);
    if (rc == SUND_OK)
        rc = write_in(dir, "sund.ini", text.p, text.n, 0644, err); /* last: now it is a home */
    sund_buf_free(&text);
    return rc;
}

static sund_code number(const sund_ini *ini, const char *section, const char *key, int64_t min, int64_t max, int64_t *out, sund_err *err)
{
    const char *v = sund_ini_get(ini, section, key);

    if (v && !sund_parse_i64(v, min, max, out))
        return sund_fail(err, SUND_E_FORMAT, "%s: [%s] %s: a whole number from %lld to %lld is expected", ini->name, section, key, (long long) min, (long long) max);
    return SUND_OK;
}

static sund_code threshold(const sund_ini *ini, const char *key, uint32_t *out, sund_err *err)
{
    int64_t v = *out;

    SUND_TRY(number(ini, "gate", key, 0, 1000000, &v, err));
    *out = (uint32_t) v;
    return SUND_OK;
}

static sund_code read_gate(sund_home *h, const sund_ini *ini, sund_err *err)
{
    const char *access = sund_ini_get(ini, "node", "access");

    h->thresholds = sund_thresholds_default();
    (void) snprintf(h->access, sizeof h->access, "%s", access ? access : "controlled");
    if (strcmp(h->access, "open") == 0) {
        h->thresholds.open = true;
        h->thresholds.digits = 17;
    }
    else if (strcmp(h->access, "controlled") != 0) {
        return sund_fail(err, SUND_E_FORMAT, "%s: [node] access: 'open' or 'controlled' is expected", ini->name);
    }
    SUND_TRY(threshold(ini, "cell_min", &h->thresholds.cell_min, err));
    SUND_TRY(threshold(ini, "mac", &h->thresholds.mac, err));
    SUND_TRY(threshold(ini, "mac_association", &h->thresholds.mac_association, err));
    SUND_TRY(threshold(ini, "parties", &h->thresholds.parties, err));
    SUND_TRY(threshold(ini, "df_min", &h->thresholds.df_min, err));
    SUND_TRY(threshold(ini, "digits", &h->thresholds.digits, err));
    if (sund_thresholds_check(&h->thresholds, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s: [gate]", ini->name);
    return SUND_OK;
}

/** Where a node's own sums are computed. */
static sund_code read_engine(sund_home *h, const sund_ini *ini, sund_err *err)
{
    const char *engine = sund_ini_get(ini, "node", "engine"), *options = sund_ini_get(ini, "node", "slurm_options");
    int64_t     tasks = SUND_SLURM_TASKS, running = 0, items = SUND_SLURM_ITEMS;

    if (engine && strcmp(engine, "local") != 0 && strcmp(engine, "slurm") != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: [node] engine: 'local' or 'slurm' is expected", ini->name);
    h->use_slurm = engine && strcmp(engine, "slurm") == 0;
    SUND_TRY(number(ini, "node", "slurm_tasks", 1, 1000, &tasks, err));
    SUND_TRY(number(ini, "node", "slurm_running", 0, 1000, &running, err));
    SUND_TRY(number(ini, "node", "slurm_items", 1, 1000000000, &items, err));
    h->slurm.tasks = (uint32_t) tasks;
    h->slurm.running = (uint32_t) running;
    h->slurm.items = (uint64_t) items;
    h->slurm.pause_s = 1;
    if (options && sund_slurm_options_check(options, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s: [node] slurm_options", ini->name);
    (void) snprintf(h->slurm.options, sizeof h->slurm.options, "%s", options ? options : "");
    return SUND_OK;
}

static sund_code add_dac_member(sund_dac *dac, const sund_ini *ini, const sund_ini_item *it, sund_err *err)
{
    sund_dac_member *m = &dac->member[dac->n];
    const char      *why = NULL;

    if (dac->n == SUND_DAC_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s:%u: a committee has at most %d members", ini->name, it->line, SUND_DAC_MAX);
    if (!sund_id_ok(it->label))
        why = "a member's name has letters, digits, '-' and '_', at most 32: [dac NAME]";
    else if (!sund_unhex(it->value, m->key.b, sizeof m->key.b))
        why = "sign is a public key of 64 hex digits, as 'sund dac init' prints it";
    for (size_t i = 0; !why && i < dac->n; i++)
        if (memcmp(dac->member[i].key.b, m->key.b, sizeof m->key.b) == 0)
            why = "two members of one key would be one";
    if (why)
        return sund_fail(err, SUND_E_FORMAT, "%s:%u: %s", ini->name, it->line, why);
    (void) snprintf(m->id, sizeof m->id, "%s", it->label);
    dac->n++;
    return SUND_OK;
}

/** Who decides on studies. Without members it is the node itself, once its key is read. */
static sund_code read_dac(sund_home *h, const sund_ini *ini, sund_err *err)
{
    const char *silence = sund_ini_get(ini, "dac", "silence");
    int64_t     days = SUND_DEADLINE_DAYS;

    SUND_TRY(number(ini, "dac", "deadline_days", 1, 365, &days, err));
    h->dac.deadline_days = (uint32_t) days;
    if (silence && strcmp(silence, "refuse") != 0 && strcmp(silence, "approve") != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: [dac] silence: 'refuse' or 'approve' is expected", ini->name);
    h->dac.silence_approves = silence && strcmp(silence, "approve") == 0;
    for (size_t i = 0; i < ini->n_item; i++)
        if (strcmp(ini->item[i].section, "dac") == 0 && (ini->item[i].label[0] || strcmp(ini->item[i].key, "sign") == 0))
            SUND_TRY(add_dac_member(&h->dac, ini, &ini->item[i], err));
    h->dac.committee = h->dac.n > 0;
    return SUND_OK;
}

/** Where a home's store has its key: a path as the home's others, or credential:NAME. */
static sund_code read_store_key(sund_home *h, const sund_ini *ini, sund_err *err)
{
    const char *v = sund_ini_get(ini, "node", "store_key");

    if (!v || !v[0])
        return SUND_OK;
    if (strncmp(v, "credential:", 11) == 0)
        return snprintf(h->store_key, sizeof h->store_key, "%s", v) < (int) sizeof h->store_key ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "%s: [node] store_key: too long", ini->name);
    return sund_home_path(h, v, h->store_key, sizeof h->store_key, err);
}

static sund_code read_config(sund_home *h, const sund_ini *ini, sund_err *err)
{
    const char *id = sund_ini_get(ini, "sund", "id"), *role = sund_ini_get(ini, "sund", "role"), *v;
    int64_t     threads = 0, port = 0;

    SUND_TRY(sund_settings_known(ini, err));
    for (int r = SUND_ROLE_HUB; role && r <= SUND_ROLE_RESEARCHER; r++)
        if (strcmp(role, role_name[r]) == 0)
            h->role = (sund_role) r;
    if (!id || !h->role)
        return sund_fail(err, SUND_E_FORMAT, "%s: [sund] needs id, and role = hub, node or researcher", ini->name);
    (void) snprintf(h->id, sizeof h->id, "%s", id);
    SUND_TRY(number(ini, "sund", "threads", 0, 64, &threads, err));
    SUND_TRY(number(ini, "hub", "port", 0, 65535, &port, err));
    h->upload_files = 1000;
    h->upload_mb = 4096;
    SUND_TRY(number(ini, "hub", "files", 0, 1000000000, &h->upload_files, err));
    SUND_TRY(number(ini, "hub", "megabytes", 0, 1000000000, &h->upload_mb, err));
    h->harvest_s = 900;
    SUND_TRY(number(ini, "hub", "harvest", 1, 86400, &h->harvest_s, err));
    v = sund_ini_get(ini, "hub", "shapes");
    if (snprintf(h->shapes, sizeof h->shapes, "%s", v ? v : "") >= (int) sizeof h->shapes)
        return sund_fail(err, SUND_E_FORMAT, "%s: [hub] shapes: the path is too long", ini->name);
    h->n_thread = (unsigned) threads;
    h->listen_port = (uint16_t) port;
    v = sund_ini_get(ini, "hub", "listen");
    (void) snprintf(h->listen_host, sizeof h->listen_host, "%s", v ? v : "127.0.0.1");
    v = sund_ini_get(ini, "node", "approve");
    if (v && strcmp(v, "all") != 0 && strcmp(v, "ask") != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: [node] approve: 'ask' or 'all' is expected", ini->name);
    h->dac.approve_all = v && strcmp(v, "all") == 0;
    SUND_TRY(read_dac(h, ini, err));
    v = sund_ini_get(ini, "node", "replay");
    if (v && strcmp(v, "keep") != 0 && strcmp(v, "forget") != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: [node] replay: 'keep' or 'forget' is expected", ini->name);
    h->keep_replay = v && strcmp(v, "keep") == 0;
    v = sund_ini_get(ini, "node", "lookup");
    (void) snprintf(h->lookup, sizeof h->lookup, "%s", v ? v : "general-research");
    if (v && strlen(v) >= sizeof h->lookup)
        return sund_fail(err, SUND_E_FORMAT, "%s: [node] lookup: the value is too long", ini->name);
    if (sund_purpose_check(h->lookup, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s: [node] lookup", ini->name);
    v = sund_ini_get(ini, "node", "data");
    if (snprintf(h->data, sizeof h->data, "%s", v ? v : h->id) >= (int) sizeof h->data || strpbrk(h->data, ", "))
        return sund_fail(err, SUND_E_FORMAT, "%s: [node] data: one name without blanks or commas, at most 64 bytes, is expected", ini->name);
    v = sund_ini_get(ini, "node", "store");
    if (snprintf(h->visa, sizeof h->visa, "%s", sund_ini_get(ini, "node", "visa") ? sund_ini_get(ini, "node", "visa") : "") >= (int) sizeof h->visa)
        return sund_fail(err, SUND_E_FORMAT, "%s: [node] visa: at most 255 bytes", ini->name);
    SUND_TRY(sund_home_path(h, v ? v : "store", h->store_path, sizeof h->store_path, err));
    SUND_TRY(read_store_key(h, ini, err));
    SUND_TRY(read_engine(h, ini, err));
    return read_gate(h, ini, err);
}

static sund_code open_state(sund_home *h, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_home_path(h, "state.db", path, sizeof path, err));
    SUND_TRY(sund_db_open(&h->db, path, "", err));
    SUND_TRY(sund_ledger_open(h->db, err));
    if (h->role == SUND_ROLE_NODE)
        SUND_TRY(sund_party_tables(h->db, err));
    return sund_gate_open(&h->gate, h->db, &h->identity, &h->thresholds, err);
}

sund_code sund_home_named(const sund_home *h, const sund_roster *r, const char *path, sund_err *err)
{
    const sund_member *me = sund_roster_find(r, h->id, h->role);

    if (!me && h->role == SUND_ROLE_RESEARCHER)
        return SUND_OK;
    if (!me)
        return sund_fail(err, SUND_E_MISMATCH, "%s does not name %s %s: 'sund roster make' with its member.ini, then all nodes sign", path, role_name[h->role], h->id);
    if (memcmp(me->sign.b, h->identity.pub.b, sizeof me->sign.b) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "%s names %s %s with another key than this home has", path, role_name[h->role], h->id);
    return SUND_OK;
}

static sund_code open_roster(sund_home *h, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_home_path(h, "roster.ini", path, sizeof path, err));
    if (!sund_file_exists(path))
        return sund_fail(err, SUND_E_NOT_FOUND, "%s is not there: every member's member.ini goes into one file that all nodes sign ('sund roster --help')", path);
    SUND_TRY(sund_roster_read(&h->roster, path, false, err));
    SUND_TRY(sund_home_named(h, &h->roster, path, err));
    h->by_login = h->role == SUND_ROLE_RESEARCHER && !sund_roster_find(&h->roster, h->id, h->role);
    if (h->by_login)
        sund_id_of_key(&h->identity.pub, h->identity.id);
    return SUND_OK;
}

static void operator_decides(sund_home *h)
{
    sund_dac alone = sund_dac_operator(&h->identity);

    memcpy(h->dac.node, alone.node, sizeof alone.node);
    if (h->dac.committee)
        return;
    h->dac.member[0] = alone.member[0];
    h->dac.n = 1;
}

sund_code sund_home_store(const sund_home *h, sund_store **s, sund_err *err)
{
    if (h->store_key[0])
        SUND_TRY(sund_store_key_add(h->store_key, NULL, err));
    else if (sund_store_encrypted(h->store_path))
        SUND_TRY(sund_store_key_add_given(err));
    return sund_store_open(s, h->store_path, err);
}

sund_code sund_home_store_key(const char *dir, sund_err *err)
{
    sund_ini  ini = { 0 };
    sund_home h;
    char      path[2048];
    sund_code rc;

    memset(&h, 0, sizeof h);
    SUND_TRY(sund_path_join(path, sizeof path, dir, "sund.ini", err));
    if (!sund_file_exists(path))
        return SUND_OK;
    if (snprintf(h.dir, sizeof h.dir, "%s", dir) >= (int) sizeof h.dir)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", dir);
    SUND_TRY(sund_ini_read(&ini, path, err));
    rc = read_store_key(&h, &ini, err);
    sund_ini_free(&ini);
    return rc == SUND_OK && h.store_key[0] ? sund_store_key_add(h.store_key, NULL, err) : rc;
}

static sund_code open_rest(sund_home *h, unsigned what, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_home_path(h, "identity.ini", path, sizeof path, err));
    SUND_TRY(sund_identity_read(&h->identity, path, err));
    operator_decides(h);
    if (what & SUND_HOME_ROSTER)
        SUND_TRY(open_roster(h, err));
    if (what & SUND_HOME_STATE)
        SUND_TRY(open_state(h, err));
    if (what & (SUND_HOME_PEOPLE | SUND_HOME_ONTOS)) {
        SUND_TRY(sund_home_path(h, "ontologies.db", path, sizeof path, err));
        SUND_TRY(sund_ontos_open(&h->ontos, path, err));
    }
    if (what & SUND_HOME_PEOPLE) {
        SUND_TRY(sund_home_path(h, "people.db", path, sizeof path, err));
        SUND_TRY(sund_people_open(&h->people, path, err));
        sund_people_use(h->people, h->ontos);
    }
    if ((what & SUND_HOME_STORE) && sund_home_store(h, &h->store, err) != SUND_OK)
        return sund_fail_in(err, err ? err->code : SUND_E_IO, "no usable genotype store at %s (made by 'sund import')", h->store_path);
    return SUND_OK;
}

sund_code sund_home_open(sund_home *h, const char *dir, unsigned what, sund_err *err)
{
    sund_ini  ini = { 0 };
    char      path[2048];
    sund_code rc;

    memset(h, 0, sizeof *h);
    if (snprintf(h->dir, sizeof h->dir, "%s", dir) >= (int) sizeof h->dir)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", dir);
    SUND_TRY(sund_path_join(path, sizeof path, dir, "sund.ini", err));
    if (!sund_file_exists(path))
        return sund_fail(err, SUND_E_NOT_FOUND, "%s is not a home: 'sund init' makes one, --home or SUND_HOME names it", dir);
    SUND_TRY(sund_ini_read(&ini, path, err));
    rc = read_config(h, &ini, err);
    sund_ini_free(&ini);
    if (rc == SUND_OK)
        rc = open_rest(h, what, err);
    if (rc != SUND_OK)
        sund_home_close(h);
    return rc;
}

void sund_home_close(sund_home *h)
{
    sund_gate_close(h->gate);
    sund_store_close(h->store);
    sund_people_close(h->people);
    sund_ontos_close(h->ontos);
    sund_db_close(h->db);
    sund_roster_free(&h->roster);
    sund_wipe(h, sizeof *h);
}

static sund_code file_path(const sund_home *h, const sund_digest *d, char *out, size_t cap, sund_err *err)
{
    char name[100];

    (void) snprintf(name, sizeof name, "files/%s", sund_digest_hex(d).s);
    return sund_home_path(h, name, out, cap, err);
}

sund_code sund_home_work(const sund_home *h, const char *kind, const sund_digest *study, char *out, size_t cap, sund_err *err)
{
    char name[64];

    (void) snprintf(name, sizeof name, "work/%s%.32s", kind, sund_digest_hex(study).s);
    return sund_home_path(h, name, out, cap, err);
}

sund_code sund_home_runner(const sund_home *h, const char *kind, const char *catalogue, const sund_engine *e, const sund_view *v, sund_cur text,
                           sund_runner **out, sund_err *err)
{
    char             folder[2048], files[2048];
    sund_slurm_place place = { folder, h->store_path, files, catalogue, h->store_key[0] ? h->store_key : NULL };

    if (sund_store_describe(v->store)->key[0] && (!place.key || strncmp(place.key, "credential:", 11) == 0))
        return sund_fail(err, SUND_E_ARG, "the store is encrypted, and tasks on other machines need its key: name a file that they see as store_key under [node] of sund.ini");
    SUND_TRY(sund_home_work(h, kind, &e->state.study->digest, folder, sizeof folder, err));
    SUND_TRY(sund_home_path(h, "files", files, sizeof files, err));
    return sund_slurm_open(out, &h->slurm, &place, e, v, text, err);
}

sund_code sund_home_file(const sund_home *h, const sund_digest *d, sund_buf *out, sund_err *err)
{
    char path[2048];

    SUND_TRY(file_path(h, d, path, sizeof path, err));
    if (!sund_file_exists(path))
        return sund_fail(err, SUND_E_NOT_FOUND, "there is no file %.12s here; 'sund catalogue --hub' and 'sund publish --hub' send one to the hub", sund_digest_hex(d).s);
    return sund_file_read(path, SUND_FILE_MAX_BYTES, out, err);
}

bool sund_home_file_there(const sund_home *h, const sund_digest *d)
{
    char path[2048];

    return file_path(h, d, path, sizeof path, NULL) == SUND_OK && sund_file_exists(path);
}

sund_code sund_home_file_piece(const sund_home *h, const sund_digest *d, uint64_t at, sund_buf *out, sund_err *err)
{
    sund_map  m = { NULL, 0 };
    char      path[2048];
    size_t    n;
    sund_code rc;

    SUND_TRY(file_path(h, d, path, sizeof path, err));
    if (!sund_file_exists(path))
        return sund_home_file(h, d, out, err); /* says what to do */
    SUND_TRY(sund_map_open(&m, path, err));
    n = at < m.n ? m.n - (size_t) at : 0;
    sund_buf_u64(out, m.n);
    if (n)
        sund_buf_put(out, m.p + at, n < SUND_FILE_PIECE ? n : SUND_FILE_PIECE);
    rc = sund_buf_ok(out, err);
    sund_map_close(&m);
    return rc;
}

/** All of a file is here: under its digest, or nowhere. */
static sund_code file_whole(const char *part, const char *path, const sund_digest *d, sund_err *err)
{
    sund_map    m = { NULL, 0 };
    sund_digest got;

    SUND_TRY(sund_map_open(&m, part, err));
    got = sund_digest_of_large(m.p, m.n);
    sund_map_close(&m);
    if (!sund_digest_eq(&got, d)) {
        (void) unlink(part);
        return sund_fail(err, SUND_E_MISMATCH, "a file came with another digest than it was announced by: nothing of it is kept");
    }
    if (rename(part, path) != 0)
        return sund_fail(err, SUND_E_IO, "cannot write %s", path);
    return sund_dir_sync(path, err);
}

sund_code sund_home_file_add(const sund_home *h, const char *from, const sund_digest *d, uint64_t total, uint64_t at, const void *p, size_t n, uint64_t *has, sund_err *err)
{
    char        path[2048], part[2100];
    struct stat st;
    int         fd;
    sund_code   rc = SUND_OK;

    SUND_TRY(file_path(h, d, path, sizeof path, err));
    *has = total;
    if (sund_file_exists(path))
        return SUND_OK;
    if (total > SUND_FILE_MAX_BYTES || n > SUND_FILE_PIECE || at > total || n > total - at)
        return sund_fail(err, SUND_E_LIMIT, "a public file has at most %d MiB, and comes in pieces of %d MiB that lie in it", SUND_FILE_MAX_BYTES >> 20, SUND_FILE_PIECE >> 20);
    (void) snprintf(part, sizeof part, "%s.%s.part", path, from);
    fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 || fstat(fd, &st) != 0)
        rc = sund_fail(err, SUND_E_IO, "cannot write %s", part);
    if (rc == SUND_OK && (uint64_t) st.st_size > total) /* of another length, once */
        rc = ftruncate(fd, st.st_size = 0) == 0 ? SUND_OK : sund_fail(err, SUND_E_IO, "cannot write %s", part);
    if (rc == SUND_OK && at == (uint64_t) st.st_size) {
        rc = sund_fd_write(fd, at, p, n, err);
        st.st_size += (off_t) n;
        if (rc == SUND_OK && (uint64_t) st.st_size == total && fsync(fd) != 0)
            rc = sund_fail(err, SUND_E_IO, "cannot write %s", part);
    }
    if (fd >= 0)
        (void) close(fd);
    SUND_TRY(rc);
    *has = (uint64_t) st.st_size;
    return *has == total ? file_whole(part, path, d, err) : SUND_OK;
}

sund_code sund_home_file_put(const sund_home *h, const void *p, size_t n, sund_digest *d, sund_err *err)
{
    char path[2048];

    *d = sund_digest_of(p, n);
    SUND_TRY(file_path(h, d, path, sizeof path, err));
    return sund_file_exists(path) ? SUND_OK : sund_file_write(path, p, n, 0644, err);
}

sund_code sund_home_login(const sund_home *h, sund_buf *out, sund_err *err)
{
    char path[2048];

    sund_buf_clear(out);
    SUND_TRY(sund_home_path(h, "login", path, sizeof path, err));
    if (!sund_file_exists(path))
        return SUND_OK;
    SUND_TRY(sund_file_private(path, err));
    return sund_file_read(path, SUND_LOGIN_MAX, out, err);
}

sund_code sund_home_login_put(const sund_home *h, const void *p, size_t n, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_home_path(h, "login", path, sizeof path, err));
    return sund_file_write(path, p, n, 0600, err);
}
