#include "node/node.h"

#include "base/confine.h"
#include "base/file.h"
#include "base/log.h"
#include "gate/heads.h"
#include "home/link.h"
#include "home/settings.h"
#include "node/again.h"
#include "node/answers.h"
#include "node/applications.h"
#include "node/notices.h"
#include "node/pages.h"
#include "study/mailbox.h"
#include "study/party.h"
#include "study/submit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A node: one loop that polls the hub's log of studies and says what its parties owe, and beside it a thread for questions, one for those that may take long, and one for pages. */

enum { PARTIES_MAX = 1024, WAIT_S = 15, RUNNING_WAIT_S = 1, HEADS_S = 3600 };

typedef struct running {
    sund_digest      name;
    sund_party      *party;
    sund_party_state shown; /* last state that was logged */
    const char      *round; /* and of it the round's name and chunk */
    uint32_t         chunk;
    bool             asked; /* the log says that it waits for this node's operator */
    bool             ended; /* said so in the poll under way */
    char             note[400]; /* and last word of its trouble, or of what its own sums wait for */
} running;

typedef struct node {
    sund_home            home;
    sund_link            link;
    sund_party_node      seat;
    running             *run;
    size_t               n_run;
    char                 told[SUND_APPLICATIONS_MARK];
    double               heads_s; /* when heads are exchanged again at the latest; 0: now */
    const _Atomic bool *stop;
} node;

/** Public files come from the hub by digest once, and stay. */
static sund_code get_file(void *ctx, const sund_digest *d, sund_buf *out, sund_err *err)
{
    node *n = ctx;

    if (!sund_home_file_there(&n->home, d))
        SUND_TRY(sund_link_file_get(&n->link, d, err));
    return sund_home_file(&n->home, d, out, err);
}

/** Own sums on the cluster. */
static sund_code get_runner(void *ctx, const sund_engine *e, const sund_view *v, sund_cur text, sund_runner **out, sund_err *err)
{
    node *n = ctx;

    return sund_home_runner(&n->home, "", NULL, e, v, text, out, err);
}

static running *find(node *n, const sund_digest *name)
{
    for (size_t i = 0; i < n->n_run; i++)
        if (sund_digest_eq(&n->run[i].name, name))
            return &n->run[i];
    return NULL;
}

static sund_code open_one(node *n, const sund_digest *name, running **out, sund_err *err)
{
    running *r;

    if (n->n_run == PARTIES_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than %d studies have not ended here: decide on those that wait, others are not taken up", PARTIES_MAX);
    r = &n->run[n->n_run];
    memset(r, 0, sizeof *r);
    r->name = *name;
    SUND_TRY(sund_party_open(&r->party, &n->seat, name, err));
    n->n_run++;
    *out = r;
    return SUND_OK;
}

/** Studies that this node knew when it stopped. */
static sund_code open_known(node *n, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(n->home.db, &rows, err, "SELECT digest FROM study WHERE state<? ORDER BY received", "i", (int64_t) SUND_PARTY_RELEASED));
    for (;;) {
        sund_digest d;
        sund_cur    c;
        running    *r;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        c = sund_rows_blob(rows, 0);
        if (sund_cur_copy(&c, d.b, sizeof d.b))
            SUND_GO(open_one(n, &d, &r, err));
    }
out:
    sund_rows_close(rows);
    return rc;
}

/** Work folders of studies that ended at the very moment when this node was killed. */
static sund_code forget_ended(node *n, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    char       work[2048];
    sund_code  rc;

    SUND_TRY(sund_db_query(n->home.db, &rows, err, "SELECT digest FROM study WHERE state>=?", "i", (int64_t) SUND_PARTY_RELEASED));
    for (;;) {
        sund_digest d;
        sund_cur    c;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        c = sund_rows_blob(rows, 0);
        if (sund_cur_copy(&c, d.b, sizeof d.b) && sund_home_work(&n->home, "", &d, work, sizeof work, NULL) == SUND_OK)
            sund_slurm_forget(work);
    }
out:
    sund_rows_close(rows);
    return rc;
}

/** Says in the log and the ledger when a study moves. */
static void show(node *n, running *r)
{
    sund_party_status s;
    sund_hex64        name = sund_digest_hex(&r->name);
    const char       *note;

    sund_party_describe(r->party, &s);
    note = s.trouble[0] ? s.trouble : s.own_waits ? s.detail : "";
    if (note[0] && strncmp(note, r->note, sizeof r->note - 1) != 0)
        sund_log(s.trouble[0] ? SUND_LOG_ERROR : SUND_LOG_INFO, "study %.12s: %s", name.s, note);
    if (note[0])
        (void) snprintf(r->note, sizeof r->note, "%s", note);
    if (s.state == r->shown && (s.state != SUND_PARTY_ROUNDS || (s.chunk == r->chunk && r->round && strcmp(s.round, r->round) == 0)))
        return;
    if (s.state == SUND_PARTY_ROUNDS)
        sund_log(SUND_LOG_INFO, "study %.12s: round %s, chunk %u of %u", name.s, s.round, s.chunk + 1, s.n_chunk);
    else if (s.state != r->shown)
        sund_log(SUND_LOG_INFO, "study %.12s: %s%s%s", name.s, sund_party_state_name(s.state), s.detail[0] ? ": " : "", s.detail);
    if (s.state >= SUND_PARTY_RELEASED && s.state != r->shown)
        n->heads_s = 0;
    if (s.state != r->shown && sund_ledger_add(n->home.db, "study", name.s, NULL, "%s%s%.300s", sund_party_state_name(s.state), s.detail[0] ? ": " : "", s.detail) != SUND_OK)
        sund_log(SUND_LOG_ERROR, "the ledger cannot be written");
    r->shown = s.state;
    r->chunk = s.chunk;
    r->round = s.state == SUND_PARTY_ROUNDS ? s.round : NULL;
}

/** A study that waits for a decision here says so once, with what to do. */
static void show_waiting(running *r)
{
    sund_party_status s;
    sund_hex64        name = sund_digest_hex(&r->name);

    sund_party_describe(r->party, &s);
    if (s.state != SUND_PARTY_APPROVAL || r->asked)
        return;
    sund_log(SUND_LOG_INFO, "study %.12s: waits for this node's decision: 'sund study approve %.12s', or 'sund study refuse'; 'sund study show %.12s' says what it asks", name.s, name.s, name.s);
    r->asked = true;
}

static sund_code take_message(node *n, const sund_digest *name, uint32_t index, const sund_envelope *e, sund_cur body, sund_err *err)
{
    running *r = find(n, name);

    if (!r) { /* whatever else the hub shows leaves no trace here */
        int64_t known = 0;

        SUND_TRY(sund_db_i64(n->home.db, &known, 0, err, "SELECT COUNT(*) FROM study WHERE digest=?", "b", name->b, sizeof name->b));
        if (!known && index > 0)
            return sund_fail(err, SUND_E_DENIED, "the hub left out the beginning of study %.12s", sund_digest_hex(name).s);
        if (!known)
            SUND_TRY(sund_party_begins(&n->seat, name, e, body.p, body.n, err));
        SUND_TRY(open_one(n, name, &r, err));
    }
    if (index < sund_party_index(r->party))
        return SUND_OK;
    if (index > sund_party_index(r->party))
        return sund_fail(err, SUND_E_UPSTREAM, "the hub left out message %u of study %.12s", sund_party_index(r->party), sund_digest_hex(name).s);
    SUND_TRY(sund_party_feed(r->party, e, body.p, body.n, err));
    if (index == 0)
        SUND_TRY(sund_submit_note(n->home.db, e, body, err));
    show(n, r);
    return SUND_OK;
}

/** What cannot be taken up of one study does not hold up the others: the first such fault is told at the end. */
static sund_code take_batch(node *n, sund_cur c, sund_err *err)
{
    static const sund_digest none;
    sund_code                rc = SUND_OK;

    while (c.n) {
        sund_digest   name;
        sund_envelope e;
        uint32_t      index;
        sund_cur      body;

        (void) sund_cur_copy(&c, name.b, sizeof name.b);
        index = sund_cur_u32(&c);
        SUND_TRY(sund_cur_ok(&c, "the hub's batch", err));
        SUND_TRY(sund_envelope_read(&c, SUND_REPLY_MAX, &e, err));
        body = sund_cur_blob(&c, SUND_REPLY_MAX);
        SUND_TRY(sund_cur_ok(&c, "the hub's batch", err));
        if (sund_digest_eq(&name, &none))
            SUND_TRY(sund_notice_take(&n->home, index, &e, body, err));
        else if (e.kind == SUND_MSG_APPLY)
            SUND_TRY(sund_application_came(&n->link, &e, body, err));
        else if (e.kind == SUND_MSG_APPLY_WITHDRAW)
            rc = rc == SUND_OK ? sund_application_goes(&n->link, &e, body, err) : rc; /* it comes again */
        else if (rc == SUND_OK)
            rc = take_message(n, &name, index, &e, body, err);
        else
            (void) !take_message(n, &name, index, &e, body, NULL);
    }
    return rc;
}

/** Studies that have ended, and that the hub was told so of, are in the database only. */
static void let_go(node *n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n->n_run; i++) {
        if (n->run[i].ended)
            sund_party_close(n->run[i].party);
        else
            n->run[kept++] = n->run[i];
    }
    n->n_run = kept;
}

/** Everything that is owed to one study. */
static sund_code say_owed(node *n, running *r, sund_err *err)
{
    sund_buf reply = { 0 };

    for (;;) {
        sund_leave *out = NULL;
        sund_code   rc = sund_party_next(r->party, &out, err);

        if (rc == SUND_OK && out) {
            rc = sund_link_send(&n->link, out, 600, &reply, err);
            if (rc != SUND_OK && rc != SUND_E_DENIED)
                sund_party_again(r->party);
        }
        show(n, r);
        sund_buf_free(&reply);
        if (rc != SUND_OK || !out) {
            if (rc == SUND_OK)
                show_waiting(r);
            sund_leave_free(out);
            return rc;
        }
        sund_leave_free(out);
    }
}

static sund_code poll_once(node *n, bool wait, sund_buf *reply, sund_err *err)
{
    sund_buf  ask = { 0 };
    bool      any = false;
    sund_code rc;

    for (size_t i = 0; i < n->n_run; i++) {
        sund_party_status s;
        sund_party_describe(n->run[i].party, &s);
        n->run[i].ended = s.state >= SUND_PARTY_RELEASED;
        any |= !n->run[i].ended;
    }
    /* what is decided here meanwhile is seen when the wait is over: a study that waits is approved, one that runs is stopped within seconds, whoever it waits for */
    sund_buf_u8(&ask, !wait ? 0 : any ? RUNNING_WAIT_S : WAIT_S);
    for (size_t i = 0; i < n->n_run; i++) {
        sund_buf_put(&ask, n->run[i].name.b, sizeof n->run[i].name.b);
        sund_buf_u32(&ask, n->run[i].ended ? SUND_INDEX_DONE : sund_party_index(n->run[i].party));
    }
    rc = sund_notices_poll(&n->home, &ask, err);
    if (rc == SUND_OK)
        rc = sund_link_ask(&n->link, SUND_MSG_POLL, ask.p, ask.n, 600, reply, err);
    sund_buf_free(&ask);
    SUND_TRY(rc);
    let_go(n);
    return take_batch(n, sund_cur_of(reply->p, reply->n), err);
}

/** Heads of ledgers: when the node starts, when a study ends, and every hour in which something happened. */
static sund_code exchange_heads(node *n, sund_err *err)
{
    const char *hub = n->home.roster.member[0].id;
    sund_buf    ask = { 0 }, reply = { 0 };
    char        alarm[240];
    bool        due = false, now = n->heads_s == 0;
    sund_code   rc;

    if (sund_time_mono_s() < n->heads_s)
        return SUND_OK;
    n->heads_s = sund_time_mono_s() + 60; /* when the hub does not take them */
    SUND_TRY(sund_heads_due(n->home.db, hub, &due, err));
    if (due || now) {
        SUND_GO(sund_heads_ask(n->home.db, hub, &ask, err));
        SUND_GO(sund_link_ask(&n->link, SUND_MSG_HEADS, ask.p, ask.n, 60, &reply, err));
        SUND_GO(sund_heads_take(n->home.db, hub, sund_cur_of(reply.p, reply.n), alarm, err));
        if (alarm[0])
            sund_log(SUND_LOG_ERROR, "%s", alarm);
    }
    n->heads_s = sund_time_mono_s() + HEADS_S;
    rc = SUND_OK;
out:
    sund_buf_free(&ask);
    sund_buf_free(&reply);
    return rc;
}

/** A fault that stays is said once, and again each minute. */
static void complain(char last[480], double *last_s, const sund_err *why)
{
    double now = sund_time_mono_s();

    if (strcmp(last, why->msg) == 0 && now - *last_s < 60)
        return;
    sund_log(SUND_LOG_WARN, "%s; trying again", why->msg);
    (void) snprintf(last, 480, "%s", why->msg);
    *last_s = now;
}

static void loop(node *n)
{
    sund_buf reply = { 0 };
    bool     wait = false;
    char     last[480] = "";
    double   last_s = 0;
    unsigned n_failed = 0;

    while (!*n->stop) {
        sund_err  why = { SUND_OK, "" };
        sund_code rc = poll_once(n, wait, &reply, &why);

        if (rc == SUND_OK)
            rc = sund_notices_tell(&n->link, &why);
        if (rc == SUND_OK)
            rc = sund_applications_tell(&n->link, n->told, &why);

        for (size_t i = 0; i < n->n_run && rc != SUND_E_UPSTREAM; i++) { /* a fault of one study does not hold up the others */
            sund_code mine = say_owed(n, &n->run[i], &why);
            rc = mine == SUND_OK ? rc : mine;
        }
        if (rc == SUND_OK)
            rc = exchange_heads(n, &why);
        wait = rc == SUND_OK; /* all that is owed was said: news may take their time */
        if (rc == SUND_OK) {
            if (last[0])
                sund_log(SUND_LOG_INFO, "well again");
            last[0] = 0;
            n_failed = 0;
            continue;
        }
        if (*n->stop)
            break;
        complain(last, &last_s, &why);
        sund_again_wait(&n_failed, n->stop);
    }
    sund_buf_free(&reply);
}

/** What runs beside the studies: questions that the hub passes on, and the node's own pages. */
typedef struct beside { const char *what; sund_code (*serve)(const char *dir, sund_describing *d, const _Atomic bool *stop, sund_err *err); const char *dir; sund_describing *d; const _Atomic bool *stop; pthread_t thread; bool runs; } beside;
enum { N_BESIDE = 3 };

static void *serve(void *arg)
{
    beside  *b = arg;
    sund_err err = { SUND_OK, "" };

    if (b->serve(b->dir, b->d, b->stop, &err) != SUND_OK)
        sund_log(SUND_LOG_ERROR, "%s: %s", b->what, err.msg);
    return NULL;
}

static sund_code open_node(node *n, const char *dir, char *key_dir, size_t cap, int *lock, sund_err *err)
{
    char path[2048];

    SUND_TRY(sund_path_join(path, sizeof path, dir, "node.lock", err));
    SUND_TRY(sund_file_lock(path, lock, err));
    SUND_TRY(sund_home_open(&n->home, dir, SUND_HOME_ROSTER | SUND_HOME_STATE | SUND_HOME_DATA, err));
    if (n->home.role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a node", dir);
    sund_large_at(n->home.dir, false);
    SUND_TRY(sund_home_path(&n->home, "keys", key_dir, cap, err));
    SUND_TRY(sund_link_open(&n->link, &n->home, SUND_CHANNEL_STUDIES, err));
    sund_client_heed(n->link.client, n->stop);
    sund_confine(n->home.use_slurm ? 0 : SUND_CONFINE_PROGRAMS);
    n->run = calloc(PARTIES_MAX, sizeof *n->run);
    if (!n->run)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    n->seat = (sund_party_node){ .me = &n->home.identity, .roster = &n->home.roster, .gate = n->home.gate, .db = n->home.db, .key_dir = key_dir, .folder = n->home.dir, .store = n->home.store,
                                 .people = n->home.people, .file = get_file, .ctx = n, .n_thread = n->home.n_thread,
                                 .dac = &n->home.dac, .data = n->home.data, .keep_replay = n->home.keep_replay, .trust = n->home.dir, .visa = n->home.visa[0] ? n->home.visa : NULL, .runner = n->home.use_slurm ? get_runner : NULL };
    if (n->home.use_slurm)
        SUND_TRY(sund_slurm_there(err));
    SUND_TRY(sund_home_note(&n->home, err));
    SUND_TRY(forget_ended(n, err));
    return open_known(n, err);
}

sund_code sund_node_run(const char *dir, const _Atomic bool *stop, sund_err *err)
{
    node          n;
    char          key_dir[2048];
    int           lock = -1;
    sund_describing d = { .lock = PTHREAD_MUTEX_INITIALIZER };
    beside        t[N_BESIDE] = { { .what = "questions are not answered", .serve = sund_answers_serve }, { .what = "long questions are not answered", .serve = sund_answers_serve_long },
                                  { .what = "the node goes on without its pages", .serve = sund_node_pages_serve } };
    sund_code     rc;

    memset(&n, 0, sizeof n);
    n.stop = stop;
    sund_buf_keep_memory();
    rc = open_node(&n, dir, key_dir, sizeof key_dir, &lock, err);
    for (size_t i = 0; i < N_BESIDE && rc == SUND_OK; i++) {
        t[i].dir = dir;
        t[i].d = &d;
        t[i].stop = stop;
        t[i].runs = pthread_create(&t[i].thread, NULL, serve, &t[i]) == 0;
        if (!t[i].runs)
            rc = sund_fail(err, SUND_E_NOMEM, "cannot start a thread");
    }
    if (rc == SUND_OK) {
        sund_log(SUND_LOG_INFO, "node %s: %zu people, %zu sites, access %s, hub %s", n.home.id, sund_store_describe(n.home.store)->n_person,
                 sund_store_describe(n.home.store)->n_site, n.home.access, n.home.roster.hub_url);
        loop(&n);
    }
    for (size_t i = 0; i < N_BESIDE; i++)
        if (t[i].runs)
            (void) pthread_join(t[i].thread, NULL);
    sund_described_free(&d.d);
    for (size_t i = 0; i < n.n_run; i++)
        sund_party_close(n.run[i].party);
    free(n.run);
    sund_link_close(&n.link);
    sund_home_close(&n.home);
    if (lock >= 0)
        (void) close(lock);
    return rc;
}
