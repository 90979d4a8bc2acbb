#include "base/db.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/public.h"
#include "gate/trail.h"
#include "home/home.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* log show, export, verify, heads: the ledger of a home, or of a file that was exported. */

static sund_code print_entry(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    const bool *as_json = ctx;

    (void) err;
    if (*as_json) {
        sund_buf  out = { 0 };
        sund_json j;

        sund_json_init(&j, &out, false);
        sund_json_open(&j, NULL, '{');
        sund_json_i64(&j, "i", (int64_t) e->i);
        sund_json_str(&j, "time", e->time);
        sund_json_str(&j, "kind", e->kind);
        sund_json_str(&j, "study", e->study);
        sund_json_str(&j, "text", e->text);
        sund_json_str(&j, "digest", sund_digest_hex(&e->digest).s);
        sund_json_close(&j, '}');
        sund_buf_text(&out, "\n");
        (void) fwrite(out.p, 1, out.n, stdout);
        sund_buf_free(&out);
    }
    else {
        printf("%6llu  %s  %-14s %-12.12s %s\n", (unsigned long long) e->i, e->time, e->kind, e->study, e->text);
    }
    return SUND_OK;
}

/** A log that a command reads: of a home, or of a file. */
typedef struct source { sund_home h; sund_trail t; bool is_home; } source;

static void source_close(source *s)
{
    sund_trail_close(&s->t);
    if (s->is_home)
        sund_home_close(&s->h);
}

static sund_code open_home(source *s, const char *dir, unsigned what, sund_err *err)
{
    SUND_TRY(sund_home_open(&s->h, dir, SUND_HOME_STATE | what, err));
    s->is_home = true;
    return sund_trail_of(&s->t, s->h.db, dir, s->h.id, s->h.role, err);
}

static sund_code open_source(source *s, const char *what, sund_err *err)
{
    struct stat st;

    return stat(what, &st) == 0 && S_ISDIR(st.st_mode) ? open_home(s, what, 0, err) : sund_trail_open(&s->t, what, err);
}

/** The log that the command is about: FILE, else a home's. */
static sund_code open_subject(source *s, size_t n, const char *file, const char *home, unsigned what, sund_err *err)
{
    if (n && home)
        return sund_fail(err, SUND_E_ARG, "a FILE or --home, not both: a file needs no home");
    SUND_TRY(n ? sund_trail_open(&s->t, file, err) : open_home(s, home ? home : sund_default_home(), what, err));
    return s->t.member[0] ? SUND_OK : sund_fail(err, SUND_E_ARG, "%s is empty or has heads only: 'sund log verify --against' takes it", file);
}

sund_code sund_cmd_log_show(int argc, char **argv, sund_err *err)
{
    const char     *home = NULL;
    bool            as_json = false, is_public = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "home of a node or hub" },
        { "public", 'b', &is_public, NULL, "for citizens: what was computed, for whom, why, what came of it, and what was decided, in plain sentences" },
        { "json", 'b', &as_json, NULL, "one JSON object a line" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "log show", "[OPTIONS] [FILE]", "Everything that left a home, was asked of it or decided in it, in order. FILE: a log that 'sund log export' wrote, of anybody; no home is needed. It is verified first.",
                          "sund log show --home fi\nsund log show --public --home fi\nsund log show --public fi.sundlog", opt, 0, 1 };
    source          s = { .is_home = false };
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    rc = open_subject(&s, n, argv[1], home, is_public ? SUND_HOME_ROSTER : 0, err);
    if (rc == SUND_OK)
        rc = is_public ? sund_log_public(s.is_home ? &s.h : NULL, &s.t, as_json, err) : sund_ledger_each(s.t.db, print_entry, &as_json, err);
    source_close(&s);
    return rc;
}

/* ---- export ---- */

static sund_code fill(void *ctx, int fd, sund_err *err)
{
    sund_home *h = ctx;
    int        own = dup(fd);
    FILE      *out = own < 0 ? NULL : fdopen(own, "wb");
    sund_code  rc;

    if (!out) {
        if (own >= 0)
            (void) close(own);
        return sund_fail(err, SUND_E_IO, "the file cannot be written: %s", strerror(errno));
    }
    rc = sund_trail_write(out, h->db, &h->identity, h->role, &h->roster.digest, err);
    if (fclose(out) != 0 && rc == SUND_OK)
        rc = sund_fail(err, SUND_E_IO, "the file cannot be written: %s", strerror(errno));
    return rc;
}

static sund_code export(sund_home *h, const char *path, sund_err *err)
{
    if (h->role == SUND_ROLE_RESEARCHER)
        return sund_fail(err, SUND_E_ARG, "%s is the home of a researcher: nodes and the hub have a log", h->dir);
    if (sund_file_exists(path))
        return sund_fail(err, SUND_E_ARG, "%s is there: an earlier export is what a later one is held against, choose another name", path);
    SUND_TRY(sund_ledger_add(h->db, "export", "", err, "all of it up to this entry, into a file for an auditor"));
    SUND_TRY(sund_file_write_by(path, 0600, fill, h, err));
    printf("%s: the log of %s, signed with its key. The key's fingerprint, for the phone: %s\n", path, h->id, sund_fingerprint(h->identity.pub.b).s);
    return SUND_OK;
}

sund_code sund_cmd_log_export(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "home of a node or hub" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "log export", "[OPTIONS] FILE",
                          "Writes the whole log into a file for an auditor, who needs neither a home nor an account: every entry, the heads of others' logs that are known here, and the own head, signed with this member's key. "
                          "Nothing of people whose data are here is in it; names of researchers and committee members, and reasons that they wrote, are. FILE is made with mode 0600, whole or not at all, and the log says that it was. See doc/audit.md.",
                          "sund log export --home fi fi-2026-11.sundlog\nsund log verify fi-2026-11.sundlog --roster roster.ini --against hub-2026-11.sundlog", opt, 1, 1 };
    sund_home       h;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE | SUND_HOME_ROSTER, err));
    rc = export(&h, argv[1], err);
    sund_home_close(&h);
    return rc;
}

/* ---- verify ---- */

/** Who says whose key a file is signed with. */
typedef struct vouching { sund_opt_list roster, key; } vouching;

/** "12345 67890 ..." with or without blanks. */
static bool same_fingerprint(const char *given, const char *is)
{
    for (;; given++, is++) {
        given += strspn(given, " ");
        is += strspn(is, " ");
        if (*given != *is || !*is)
            return *given == *is;
    }
}

static sund_code by_roster(const sund_trail *t, const char *path, char says[240], sund_err *err)
{
    const sund_member *m;
    sund_roster        r;

    SUND_TRY(sund_roster_read(&r, path, false, err));
    m = sund_roster_find(&r, t->member, t->role);
    if (m && memcmp(m->sign.b, t->key.b, sizeof t->key.b) == 0)
        (void) snprintf(says, 240, "as %.100s names it (%s; fingerprint %s)", path, sund_digest_eq(&r.digest, &t->roster) ? "the roster of then" : "another roster than that of then", sund_fingerprint(r.digest.b).s);
    sund_roster_free(&r);
    return SUND_OK;
}

/** says: "" when nothing was given to judge by. Errors: SUND_E_DENIED when none of what was given has the key. */
static sund_code vouch(const sund_trail *t, const vouching *v, char says[240], sund_err *err)
{
    sund_spoken is = sund_fingerprint(t->key.b);

    says[0] = 0;
    for (size_t i = 0; i < v->roster.n && !says[0]; i++)
        SUND_TRY(by_roster(t, v->roster.at[i], says, err));
    for (size_t i = 0; i < v->key.n && !says[0]; i++)
        if (same_fingerprint(v->key.at[i], is.s))
            (void) snprintf(says, 240, "as --key says");
    if (says[0] || v->roster.n + v->key.n == 0)
        return SUND_OK;
    return sund_fail(err, SUND_E_DENIED, "%s is signed with the key %s, which is not %s's in what --roster and --key give: somebody else made it, or the key is of another time (give that roster too)", t->name, is.s, t->member);
}

static sund_code print_file(const source *s, const vouching *v, sund_err *err)
{
    sund_trail_heads n;
    char             says[240];

    if (s->is_home || !s->t.member[0])
        return SUND_OK;
    SUND_TRY(vouch(&s->t, v, says, err));
    SUND_TRY(sund_trail_count(&s->t, &n, err));
    printf("%s: the log of %s %s, exported %s\n", s->t.name, s->t.role == SUND_ROLE_HUB ? "hub" : "node", s->t.member, s->t.made);
    printf("signed with the key %s, %s\n", sund_fingerprint(s->t.key.b).s, says[0] ? says : "and nothing here says whose that is: give --roster, or --key after a call");
    printf("%llu heads of others' logs are in it", (unsigned long long) n.n);
    printf(n.n_alarm ? "; WARNING: %llu times such a log did not fit, 'sund log show' says when (kind heads, alarm)\n" : "\n", (unsigned long long) n.n_alarm);
    return SUND_OK;
}

static void print_match(const sund_trail_match *m, const sund_trail *t, const sund_trail *other)
{
    unsigned long long common = m->common;

    if (m->same_log && t->head.n == other->head.n)
        printf("%s has the same %llu entries\n", other->name, common);
    else if (m->same_log)
        printf("%s goes on from %s: all its %llu entries are the same\n", (m->first_goes_on ? t : other)->name, (m->first_goes_on ? other : t)->name, common);
    printf("%llu heads in %s fit\n", (unsigned long long) m->n_held, other->name);
    if (m->n_sent)
        printf("%llu messages that the hub says came from the node, masked vectors among them, left it so; %llu more left it that the hub's log does not have: of kinds that it does not log, or lost or refused on the way\n", (unsigned long long) m->n_sent, (unsigned long long) m->n_unheard);
    if (m->n_shared)
        printf("%llu heads of other logs are the same in both\n", (unsigned long long) m->n_shared);
    if (m->n_later)
        printf("%llu heads are of what was logged after an export: later exports can be held against them\n", (unsigned long long) m->n_later);
    if (!m->same_log && m->n_held + m->n_shared + m->n_later == 0)
        printf("neither tells anything of the other: 'sund log verify --against' a log of the hub's, which all nodes exchange heads with\n");
}

static void print_verified(const source *s, const source *other, const sund_trail_match *m)
{
    sund_buf  out = { 0 };
    sund_json j;

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "member", s->t.member);
    sund_json_str(&j, "exported", s->t.made);
    sund_json_i64(&j, "entries", (int64_t) s->t.head.n);
    sund_json_str(&j, "head", sund_digest_hex(&s->t.head.d).s);
    if (!s->is_home)
        sund_json_str(&j, "key", sund_fingerprint(s->t.key.b).s);
    sund_json_i64(&j, "heads_held", (int64_t) m->n_held);
    sund_json_i64(&j, "heads_shared", (int64_t) m->n_shared);
    sund_json_i64(&j, "messages_same", (int64_t) m->n_sent);
    sund_json_i64(&j, "messages_unheard", (int64_t) m->n_unheard);
    sund_json_i64(&j, "heads_later", (int64_t) m->n_later);
    if (m->same_log)
        sund_json_str(&j, "longer", (m->first_goes_on ? s : other)->t.name);
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
}

typedef struct verifying { const char *home, *against; vouching by; bool as_json; } verifying;

static sund_code verify(const verifying *w, size_t n, const char *file, sund_err *err)
{
    source           s = { .is_home = false }, other = { .is_home = false };
    sund_trail_match m = { .n_held = 0 };
    char             says[240];
    sund_code        rc;

    SUND_GO(open_subject(&s, n, file, w->home, 0, err));
    if (!w->as_json)
        SUND_GO(print_file(&s, &w->by, err));
    else if (!s.is_home)
        SUND_GO(vouch(&s.t, &w->by, says, err));
    if (!w->as_json)
        printf("%llu entries, unaltered; head %s\n", (unsigned long long) s.t.head.n, sund_digest_hex(&s.t.head.d).s);
    if (w->against) {
        SUND_GO(open_source(&other, w->against, err));
        if (!other.is_home && other.t.member[0])
            SUND_GO(vouch(&other.t, &w->by, says, err));
        SUND_GO(sund_trail_compare(&s.t, &other.t, &m, err));
    }
    if (w->as_json)
        print_verified(&s, &other, &m);
    else if (w->against)
        print_match(&m, &s.t, &other.t);
out:
    source_close(&s);
    source_close(&other);
    return rc;
}

sund_code sund_cmd_log_verify(int argc, char **argv, sund_err *err)
{
    verifying       w = { .home = NULL };
    bool            helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &w.home, "FOLDER", "home of a node or hub" },
        { "against", 's', &w.against, "FILE|HOME", "hold it against another log: an earlier export of the same, the hub's or another node's, lines of 'sund log heads', or a member's home" },
        { "roster", 'l', &w.by.roster, "ROSTER", "FILE is signed with the key that this roster has for its member (again: or that one)" },
        { "key", 'l', &w.by.key, "FINGERPRINT", "or with the key of this fingerprint, which 'sund log export' and 'sund roster show' print" },
        { "json", 'b', &w.as_json, NULL, "for programs" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "log verify", "[OPTIONS] [FILE]", "Recomputes the chain of digests of a log: an entry that was altered, removed or put in is named. FILE: a log that 'sund log export' wrote; its signature is checked too, and no home is needed. "
                          "A log that was rewritten as a whole, or cut, is a whole chain still: --against finds it, by an earlier export or by the heads that others hold.",
                          "sund log verify --home fi\nsund log verify --home fi --against hub\nsund log verify fi.sundlog --roster roster.ini\nsund log verify fi.sundlog --roster roster.ini --against hub.sundlog\nsund log verify fi-november.sundlog --against fi-may.sundlog", opt, 0, 1 };
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    return helped ? SUND_OK : verify(&w, n, argv[1], err);
}

static sund_code print_head(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    char      who[SUND_ID_MAX + 1];
    sund_head h;

    (void) ctx, (void) err;
    if (sund_heads_entry(e, who, &h))
        printf("%s\t%llu\t%s\t%s\n", who, (unsigned long long) h.n, sund_digest_hex(&h.d).s, e->time);
    return SUND_OK;
}

sund_code sund_cmd_log_heads(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "home of a node or hub" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "log heads", "[OPTIONS]", "Heads of logs, one a line: whose, entries, head, time. First this home's own, then each that it was shown by others. Tell nothing of what is in the logs; give them to anybody, for 'sund log verify --against'.",
                          "sund log heads --home hub > heads.tsv", opt, 0, 0 };
    sund_home       h;
    sund_head       own;
    char            now[32];
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_STATE, err));
    rc = sund_head_own(h.db, &own, err);
    sund_time_text(now);
    if (rc == SUND_OK && own.n)
        printf("%s\t%llu\t%s\t%s\n", h.id, (unsigned long long) own.n, sund_digest_hex(&own.d).s, now);
    if (rc == SUND_OK)
        rc = sund_ledger_each(h.db, print_head, NULL, err);
    sund_home_close(&h);
    return rc;
}
