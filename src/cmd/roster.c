#include "base/file.h"
#include "cmd/cmd.h"
#include "home/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* roster: who is in the federation, and how that changes. */

static const char *const NEXT_KEY = "identity.next.ini", *const NEXT_MEMBER = "member.next.ini";

typedef struct draft { sund_buf text; sund_roster r; } draft;

static void draft_free(draft *d)
{
    sund_buf_free(&d->text);
    sund_roster_free(&d->r);
}

static sund_code draft_read(draft *d, const char *path, bool unsigned_ok, sund_err *err)
{
    SUND_TRY(sund_file_read(path, 1 << 20, &d->text, err));
    return sund_roster_parse(&d->r, path, d->text.p, d->text.n, unsigned_ok, err);
}

static const char *role_name(sund_role r) { return r == SUND_ROLE_HUB ? "hub" : r == SUND_ROLE_NODE ? "node" : "researcher"; }

/** What one roster changes of another, for those who are to sign it. */
static void print_changes(const sund_roster *now, const sund_roster *next)
{
    for (size_t i = 0; i < next->n_member; i++) {
        const sund_member *m = &next->member[i], *was = sund_roster_find(now, m->id, m->role);

        if (!was)
            printf("  joins    %-10s %-12s %s\n", role_name(m->role), m->id, sund_fingerprint(m->sign.b).s);
        else if (memcmp(was->sign.b, m->sign.b, sizeof m->sign.b) != 0)
            printf("  new key  %-10s %-12s %s, before %s\n", role_name(m->role), m->id, sund_fingerprint(m->sign.b).s, sund_fingerprint(was->sign.b).s);
    }
    for (size_t i = 0; i < now->n_member; i++)
        if (!sund_roster_find(next, now->member[i].id, now->member[i].role))
            printf("  leaves   %-10s %s\n", role_name(now->member[i].role), now->member[i].id);
    if (strcmp(now->hub_url, next->hub_url) != 0 || strcmp(now->hub_pin, next->hub_pin) != 0)
        printf("  the hub is at %s, TLS pin %s\n", next->hub_url, next->hub_pin);
}

/** The home's installed roster; *there false when it has none. */
static sund_code installed(const sund_home *h, draft *d, bool *there, sund_err *err)
{
    char path[4096];

    SUND_TRY(sund_home_path(h, "roster.ini", path, sizeof path, err));
    *there = sund_file_exists(path);
    return *there ? draft_read(d, path, true, err) : SUND_OK;
}

/** OUT is not one of the files that are put together, and nothing else than a draft of a roster: whoever forgets it names a member's file there. */
static sund_code may_write(const char *out, char **member, size_t n, sund_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(member[i], out) == 0)
            return sund_fail(err, SUND_E_ARG, "%s is both the roster to write and a member's file: the roster comes first", out);
    return sund_may_draft(out, "[federation]", err);
}

static sund_code roster_make(const char *name, const char *after, const char *out, char **member, size_t n, sund_err *err)
{
    draft     now = { 0 }, next = { 0 };
    sund_buf  part = { 0 };
    sund_code rc = SUND_OK;

    SUND_GO(may_write(out, member, n, err));
    if (after) {
        SUND_GO(sund_roster_read(&now.r, after, false, err));
        sund_buf_printf(&next.text, "[federation]\nname = %s\nnumber = %u\nbefore = %s\n", now.r.name, now.r.number + 1, sund_digest_hex(&now.r.digest).s);
    }
    else
        sund_buf_printf(&next.text, "[federation]\nname = %s\n", name);
    for (size_t i = 0; i < n; i++) {
        SUND_GO(sund_file_read(member[i], 65536, &part, err));
        sund_buf_text(&next.text, "\n");
        sund_buf_put(&next.text, part.p, part.n);
    }
    SUND_GO(sund_buf_ok(&next.text, err));
    SUND_GO(sund_roster_parse(&next.r, out, next.text.p, next.text.n, true, err));
    SUND_GO(sund_file_write(out, next.text.p, next.text.n, 0644, err));
    printf("%s: federation %s, roster %u, %zu nodes, %zu members. Next: every node's operator reads it and runs 'sund roster sign --home HOME %s'.\n", out, next.r.name, next.r.number, next.r.n_node,
           next.r.n_member, out);
    if (after)
        print_changes(&now.r, &next.r);
out:
    draft_free(&now);
    draft_free(&next);
    sund_buf_free(&part);
    return rc;
}

/** The key that 'rotate' made, if there is one. */
static sund_code next_key(const sund_home *h, sund_identity *next, bool *there, sund_err *err)
{
    char path[4096];

    SUND_TRY(sund_home_path(h, NEXT_KEY, path, sizeof path, err));
    *there = sund_file_exists(path);
    return *there ? sund_identity_read(next, path, err) : SUND_OK;
}

static sund_code roster_sign(const char *home, const char *path, sund_err *err)
{
    sund_home          h;
    draft              now = { 0 }, next = { 0 };
    sund_identity      fresh;
    const sund_member *me;
    bool               rotated = false, there = false;
    sund_code          rc;

    SUND_TRY(sund_home_open(&h, home, 0, err));
    SUND_GO(draft_read(&next, path, true, err));
    SUND_GO(next_key(&h, &fresh, &rotated, err));
    me = sund_roster_find(&next.r, h.id, SUND_ROLE_NODE);
    if (!me) {
        rc = sund_fail(err, SUND_E_NOT_FOUND, "%s does not name node %s: a node that leaves has nothing to sign", path, h.id);
        goto out;
    }
    rotated = rotated && memcmp(me->sign.b, fresh.pub.b, sizeof me->sign.b) == 0;
    if (!rotated)
        SUND_GO(sund_home_named(&h, &next.r, path, err));
    SUND_GO(sund_roster_sign(next.text.p, next.text.n, h.id, false, rotated ? &fresh.key : &h.identity.key, &next.text, err));
    if (rotated)
        SUND_GO(sund_roster_sign(next.text.p, next.text.n, h.id, true, &h.identity.key, &next.text, err));
    SUND_GO(sund_buf_ok(&next.text, err));
    SUND_GO(installed(&h, &now, &there, err));
    SUND_GO(sund_file_write(path, next.text.p, next.text.n, 0644, err));
    printf("%s: signed by %s%s. The roster's fingerprint, for the phone: %s\n", path, h.id, rotated ? ", with its new key and the former one" : "", sund_fingerprint(next.r.digest.b).s);
    if (there)
        print_changes(&now.r, &next.r);
out:
    sund_wipe(&fresh, sizeof fresh);
    draft_free(&now);
    draft_free(&next);
    sund_home_close(&h);
    return rc;
}

/** The roster names the key that 'rotate' made: from now on it is this home's, and the former one is gone. */
static sund_code take_next_key(sund_home *h, const sund_roster *r, bool *taken, sund_err *err)
{
    const sund_member *me = sund_roster_find(r, h->id, h->role);
    sund_identity      fresh;
    bool               there = false;
    char               from[4096], to[4096];

    *taken = false;
    SUND_TRY(next_key(h, &fresh, &there, err));
    if (!there || !me || memcmp(me->sign.b, fresh.pub.b, sizeof me->sign.b) != 0)
        return SUND_OK;
    sund_wipe(&fresh, sizeof fresh);
    SUND_TRY(sund_home_path(h, NEXT_KEY, from, sizeof from, err));
    SUND_TRY(sund_home_path(h, "identity.ini", to, sizeof to, err));
    if (rename(from, to) != 0)
        return sund_fail(err, SUND_E_IO, "%s cannot take the place of %s", from, to);
    SUND_TRY(sund_home_path(h, NEXT_MEMBER, from, sizeof from, err));
    SUND_TRY(sund_home_path(h, "member.ini", to, sizeof to, err));
    (void) rename(from, to);
    *taken = true;
    return SUND_OK;
}

/** No study may run, nor the process: both work with the roster that is there. */
static sund_code at_rest(const sund_home *h, int *lock, sund_err *err)
{
    char    path[4096];
    int64_t n = 0;

    SUND_TRY(sund_home_path(h, h->role == SUND_ROLE_HUB ? "hub.lock" : "node.lock", path, sizeof path, err));
    if (h->role != SUND_ROLE_RESEARCHER && sund_file_lock(path, lock, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_MISMATCH, "stop the %s first: it works with the roster that is there", role_name(h->role));
    if (h->role == SUND_ROLE_NODE)
        SUND_TRY(sund_db_i64(h->db, &n, 0, err, "SELECT COUNT(*) FROM study WHERE state < 4", ""));
    if (n)
        return sund_fail(err, SUND_E_MISMATCH, "%lld of this node's studies have not ended, and are bound to the roster that is there: wait for them, or refuse them ('sund study status')", (long long) n);
    return SUND_OK;
}

static sund_code roster_install(const char *home, const char *path, sund_err *err)
{
    sund_home h;
    draft     now = { 0 }, next = { 0 };
    bool      there = false, rotated = false, same;
    int       lock = -1;
    char      to[4096];
    sund_code rc;

    SUND_TRY(sund_home_open(&h, home, 0, err));
    SUND_GO(draft_read(&next, path, false, err));
    SUND_GO(installed(&h, &now, &there, err));
    same = there && sund_digest_eq(&now.r.digest, &next.r.digest);
    if (there && !same) {
        sund_home_close(&h);
        SUND_GO(sund_home_open(&h, home, SUND_HOME_STATE, err));
        SUND_GO(sund_roster_follows(&now.r, &next.r, err));
        SUND_GO(at_rest(&h, &lock, err));
    }
    SUND_GO(sund_home_path(&h, "roster.ini", to, sizeof to, err));
    if (!same)
        SUND_GO(sund_file_write(to, next.text.p, next.text.n, 0644, err));
    SUND_GO(take_next_key(&h, &next.r, &rotated, err)); /* behind the roster: a kill between is mended by installing again */
    if (!rotated)
        SUND_GO(sund_home_named(&h, &next.r, path, err));
    printf("%s: federation %s, roster %u, signed by all its %zu nodes%s. Its fingerprint, for the phone: %s\n", to, next.r.name, next.r.number, next.r.n_node,
           rotated ? "; this home has its new key" : "", sund_fingerprint(next.r.digest.b).s);
    if (there && !same)
        print_changes(&now.r, &next.r);
    rc = sund_home_noted(home, err);
out:
    if (lock >= 0)
        (void) close(lock);
    draft_free(&now);
    draft_free(&next);
    sund_home_close(&h);
    return rc;
}

static sund_code roster_show(const char *home, const char *path, sund_err *err)
{
    char      own[4096];
    draft     d = { 0 };
    sund_code rc;

    if (!path) {
        SUND_TRY(sund_path_join(own, sizeof own, home, "roster.ini", err));
        path = own;
    }
    SUND_GO(draft_read(&d, path, true, err));
    printf("federation  %s, roster %u\nhub at      %s, TLS pin %s\nfingerprint %s\n", d.r.name, d.r.number, d.r.hub_url, d.r.hub_pin, sund_fingerprint(d.r.digest.b).s);
    for (size_t i = 0; i < d.r.n_member; i++)
        printf("%-11s %-12s %s\n", role_name(d.r.member[i].role), d.r.member[i].id, sund_fingerprint(d.r.member[i].sign.b).s);
    sund_roster_free(&d.r);
    rc = sund_roster_parse(&d.r, path, d.text.p, d.text.n, false, err);
    if (rc == SUND_OK)
        printf("signed by all its nodes\n");
out:
    draft_free(&d);
    return rc;
}

/** A new key beside the one that holds, and the lines that name it. */
static sund_code roster_rotate(const char *home, sund_err *err)
{
    sund_home     h;
    sund_identity fresh;
    sund_buf      text = { 0 };
    char          key[4096], member[4096], next[4096], now[65], hex[65], *at;
    sund_code     rc;

    SUND_TRY(sund_home_open(&h, home, 0, err));
    SUND_GO(sund_home_path(&h, NEXT_KEY, key, sizeof key, err));
    SUND_GO(sund_home_path(&h, "member.ini", member, sizeof member, err));
    SUND_GO(sund_home_path(&h, NEXT_MEMBER, next, sizeof next, err));
    SUND_GO(sund_file_read(member, 65536, &text, err));
    sund_buf_nul(&text);
    SUND_GO(sund_buf_ok(&text, err));
    sund_hex(h.identity.pub.b, sizeof h.identity.pub.b, now);
    at = strstr((char *) text.p, now);
    if (!at) {
        rc = sund_fail(err, SUND_E_MISMATCH, "%s does not have this home's key", member);
        goto out;
    }
    if (sund_file_exists(key))
        SUND_GO(sund_identity_read(&fresh, key, err)); /* begun before: the same key again */
    else
        SUND_GO(sund_identity_make(&fresh, h.id, key, err));
    sund_hex(fresh.pub.b, sizeof fresh.pub.b, hex);
    memcpy(at, hex, 64);
    SUND_GO(sund_file_write(next, text.p, strlen((char *) text.p), 0644, err));
    printf("%s: %s's lines with a new key, %s. Next: 'sund roster make --after ROSTER OUT' with them in place of member.ini; the old key holds until the new roster is installed.\n", next, h.id,
           sund_fingerprint(fresh.pub.b).s);
out:
    sund_wipe(&fresh, sizeof fresh);
    sund_buf_free(&text);
    sund_home_close(&h);
    return rc;
}

sund_code sund_cmd_roster(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *name = NULL, *after = NULL;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "home of the node that signs, or of the member that installs, shows or rotates" },
        { "name", 's', &name, "NAME", "make: name of the federation, for its first roster" },
        { "after", 's', &after, "ROSTER", "make: the roster that this one follows" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "roster", "make --name NAME OUT MEMBER.ini...\n       sund roster make --after ROSTER OUT MEMBER.ini...\n       sund roster sign|install [--home FOLDER] ROSTER\n       sund roster show [--home FOLDER] [ROSTER]\n       sund roster rotate [--home FOLDER]",
                          "Who is in the federation: one file with every member's public key, which every node's operator reads and signs. Nobody can add a key without all of them. 'install' checks all signatures and copies it into a home. "
                          "Who joins, leaves or has a new key is in a next roster, which names the one before; more than half of the former nodes sign it with the keys they had. 'rotate' makes a home's new key. 'show' prints fingerprints to be compared over the phone.",
                          "sund roster make --name north roster.ini hub/member.ini fi/member.ini se/member.ini dk/member.ini anna/member.ini\nsund roster sign --home fi roster.ini\nsund roster install --home fi roster.ini\n"
                          "sund roster rotate --home fi && sund roster make --after roster.ini roster-2.ini hub/member.ini fi/member.next.ini se/member.ini dk/member.ini\nsund roster show roster-2.ini", opt, 1, 64 };
    bool            helped = false;
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (strcmp(argv[1], "make") == 0 && !name != !after && n > 2)
        return roster_make(name, after, argv[2], argv + 3, n - 2, err);
    if (strcmp(argv[1], "sign") == 0 && n == 2)
        return roster_sign(home, argv[2], err);
    if (strcmp(argv[1], "install") == 0 && n == 2)
        return roster_install(home, argv[2], err);
    if (strcmp(argv[1], "show") == 0 && n <= 2)
        return roster_show(home, n == 2 ? argv[2] : NULL, err);
    if (strcmp(argv[1], "rotate") == 0 && n == 1)
        return roster_rotate(home, err);
    return sund_fail(err, SUND_E_ARG, "make --name NAME OUT MEMBER.ini..., make --after ROSTER OUT MEMBER.ini..., sign [--home FOLDER] ROSTER, install [--home FOLDER] ROSTER, show [--home FOLDER] [ROSTER] or rotate [--home FOLDER] is expected; see 'sund roster --help'");
}
