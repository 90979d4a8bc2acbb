#include "base/json.h"
#include "cmd/cmd.h"
#include "gate/trail.h"
#include "home/home.h"
#include "study/replay.h"

#include <stdio.h>
#include <string.h>

static void print_text(const char *name, const sund_replay *r)
{
    for (size_t i = 0; i < r->n_line; i++)
        printf("round %-3u chunk %-6u attempt %-2u %s\n", r->line[i].slot.round, r->line[i].slot.chunk, r->line[i].slot.attempt, sund_replay_verdict_name(r->line[i].verdict));
    printf("release %s\n", sund_replay_verdict_name(r->release));
    printf("study %.12s: %zu vectors the same, %zu differ, %zu not replayable%s%s%s\n", name, r->n_same, r->n_differs, r->n_kept, r->why[0] ? ": " : "", r->why,
           r->with_withdrawn ? "; with people who withdrew since" : "");
}

static void print_json(const char *name, const sund_replay *r)
{
    static const char *const word[] = { "same", "differs", "kept" };
    sund_buf                 out = { 0 };
    sund_json                j;

    sund_json_init(&j, &out, true);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "study", name);
    sund_json_i64(&j, "same", (int64_t) r->n_same);
    sund_json_i64(&j, "differ", (int64_t) r->n_differs);
    sund_json_i64(&j, "not_replayable", (int64_t) r->n_kept);
    sund_json_str(&j, "release", word[r->release]);
    sund_json_str(&j, "why", r->why);
    sund_json_bool(&j, "with_withdrawn", r->with_withdrawn);
    sund_json_open(&j, "vectors", '[');
    for (size_t i = 0; i < r->n_line; i++) {
        sund_json_open(&j, NULL, '{');
        sund_json_i64(&j, "round", r->line[i].slot.round);
        sund_json_i64(&j, "chunk", r->line[i].slot.chunk);
        sund_json_i64(&j, "attempt", r->line[i].slot.attempt);
        sund_json_str(&j, "commitment", sund_digest_hex(&r->line[i].commitment).s);
        sund_json_str(&j, "verdict", word[r->line[i].verdict]);
        sund_json_close(&j, '}');
    }
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
}

/** Files that a study names are here since it ran. */
static sund_code get_file(void *ctx, const sund_digest *d, sund_buf *out, sund_err *err) { return sund_home_file(ctx, d, out, err); }

/** An exported log of this node, which the node's own has to go on from. */
static sund_code take_log(const sund_home *h, const char *path, sund_trail *t, sund_err *err)
{
    sund_trail       own;
    sund_trail_match m;

    SUND_TRY(sund_trail_open(t, path, err));
    if (strcmp(t->member, h->id) != 0)
        return sund_fail(err, SUND_E_MISMATCH, "%s is not an exported log of node %s", path, h->id);
    SUND_TRY(sund_trail_of(&own, h->db, h->dir, h->id, h->role, err));
    return sund_trail_compare(&own, t, &m, err);
}

static sund_code run(sund_home *h, sund_db *log, const char *which, const char *decision, bool as_json, sund_err *err)
{
    sund_party_node node = { .me = &h->identity, .roster = &h->roster, .gate = h->gate, .db = h->db, .store = h->store, .people = h->people, .file = get_file, .ctx = h, .n_thread = h->n_thread };
    char            keys[2048];
    sund_replay     r;
    sund_digest     study;
    sund_hex64      name;
    sund_code       rc = SUND_OK;

    SUND_TRY(sund_home_path(h, "keys", keys, sizeof keys, err));
    node.key_dir = keys;
    SUND_TRY(sund_study_complete(h->db, which, &study, err));
    SUND_TRY(sund_replay_study(&node, &study, log, decision, &r, err));
    name = sund_digest_hex(&study);
    if (as_json)
        print_json(name.s, &r);
    else
        print_text(name.s, &r);
    if (r.n_differs || r.release == SUND_REPLAY_DIFFERS)
        rc = sund_fail(err, SUND_E_MISMATCH, "what this node said in study %.12s is not what its data give", name.s);
    sund_replay_free(&r);
    return rc;
}

sund_code sund_cmd_replay(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *decision = NULL, *log = NULL;
    bool            as_json = false, helped = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "the node's home" },
        { "decision", 's', &decision, "REASON", "the data access committee's decision to compute again with people who withdrew since; it is logged" },
        { "log", 's', &log, "FILE", "hold it against this export of the node's log, which an auditor has, and not against what the node has now; the two are held against each other first" },
        { "json", 'b', &as_json, NULL, "for programs" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "replay", "[OPTIONS] STUDY", "For an auditor at a node: computes each vector that the node said in a study again from its sealed store, and holds it against the commitment in its log, bit for bit. With replay = keep in sund.ini all rounds and the release, else the first round. See doc/operating.md.",
                          "sund replay --home fi 3f2a91c0\nsund replay --home fi --decision 'DAC minutes 2026-11-03, item 4' 3f2a91c0\nsund replay --home fi --log fi-2026-11.sundlog 3f2a91c0", opt, 1, 1 };
    sund_home       h = { .id = "" };
    sund_trail      t = { .db = NULL };
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (decision && strlen(decision) < 8)
        return sund_fail(err, SUND_E_ARG, "--decision names the decision, in 8 letters or more");
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE | SUND_HOME_DATA, err));
    rc = h.role == SUND_ROLE_NODE ? SUND_OK : sund_fail(err, SUND_E_ARG, "%s is not the home of a node", home);
    if (rc == SUND_OK && log)
        rc = take_log(&h, log, &t, err);
    if (rc == SUND_OK)
        rc = run(&h, log ? t.db : h.db, argv[1], decision, as_json, err);
    sund_trail_close(&t);
    sund_home_close(&h);
    return rc;
}
