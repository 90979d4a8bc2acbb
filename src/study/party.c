#include "study/party_priv.h"
#include "study/replay.h"

#include "base/file.h"
#include "base/log.h"
#include "gate/memory.h"
#include "study/application.h"
#include "study/bodies.h"
#include "study/submit.h"
#include "token/login.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const tables =
    "CREATE TABLE IF NOT EXISTS study(digest BLOB PRIMARY KEY, received TEXT NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT '', pinned BLOB, release BLOB) STRICT;"
    "CREATE TABLE IF NOT EXISTS message(study BLOB NOT NULL, idx INTEGER NOT NULL, head BLOB NOT NULL, body BLOB, PRIMARY KEY(study, idx)) STRICT;"
    "CREATE TABLE IF NOT EXISTS sent(study BLOB NOT NULL, round INTEGER NOT NULL, chunk INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " digest BLOB NOT NULL, PRIMARY KEY(study, round, chunk, attempt)) STRICT;"
    "CREATE TABLE IF NOT EXISTS login(study BLOB PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, until INTEGER NOT NULL, verified INTEGER NOT NULL, visas TEXT NOT NULL,"
    " refusal TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS recall(study BLOB PRIMARY KEY, reason TEXT NOT NULL, told INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS replay(study BLOB PRIMARY KEY, secrets BLOB NOT NULL) STRICT;"; /* study/replay.h */

sund_code sund_party_tables(sund_db *db, sund_err *err)
{
    SUND_TRY(sund_memory_open(db, err));
    SUND_TRY(sund_login_tables(db, err));
    SUND_TRY(sund_dac_open(db, err));
    SUND_TRY(sund_agreements_open(db, err));
    SUND_TRY(sund_applications_open(db, err));
    SUND_TRY(sund_leaving_tables(db, err));
    return sund_db_script(db, tables, err);
}

const char *sund_party_state_name(sund_party_state s)
{
    static const char *const name[] = { "waits for approval", "waits for the other nodes", "computing", "comparing results", "released", "refused", "stopped" };

    return name[s];
}

sund_code sund_party_submitted(sund_db *db, const sund_roster *roster, const sund_digest *study, sund_envelope *e, sund_buf *text, sund_pub *key, sund_err *err)
{
    sund_rows  *rows = NULL;
    bool        more = false;
    sund_cur    head;
    sund_submit sub;
    sund_code   rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT head, body FROM message WHERE study=? AND idx=0", "b", study->b, sizeof study->b));
    SUND_GO(sund_rows_next(rows, &more, err));
    if (!more) {
        rc = sund_fail(err, SUND_E_NOT_FOUND, "the text of that study has not come here");
        goto out;
    }
    head = sund_rows_blob(rows, 0);
    SUND_GO(sund_envelope_read(&head, UINT64_MAX, e, err));
    SUND_GO(sund_submit_check(roster, study, e, sund_rows_blob(rows, 1), &sub, err));
    sund_buf_put(text, sub.text.p, sub.text.n);
    if (key)
        *key = sub.key;
    rc = sund_buf_ok(text, err);
out:
    sund_rows_close(rows);
    return rc;
}

sund_code sund_party_read_study(sund_db *db, const sund_roster *roster, const sund_digest *name, sund_study *out, sund_err *err)
{
    sund_envelope e;
    sund_buf      text = { 0 };
    sund_code     rc = sund_party_submitted(db, roster, name, &e, &text, NULL, err);

    if (rc == SUND_OK)
        rc = sund_study_parse(out, "study", text.p, text.n, err);
    sund_buf_free(&text);
    return rc;
}

void sund_party_fault(sund_party *p, const char *fmt, ...)
{
    va_list ap;

    if (p->fault[0])
        return;
    va_start(ap, fmt);
    (void) vsnprintf(p->fault, sizeof p->fault, fmt, ap);
    va_end(ap);
}

/** Reasons go to all nodes and to the researcher: what the operating system or a cluster said, with its paths, stays here. */
void sund_party_fault_err(sund_party *p, const sund_err *err)
{
    if (!p->fault[0])
        (void) snprintf(p->trouble, sizeof p->trouble, "%s", err->msg);
    if (err->code == SUND_E_IO || err->code == SUND_E_NOMEM || err->code == SUND_E_UPSTREAM)
        sund_party_fault(p, "this node has a fault of its own (%s); its operator's log says more", sund_code_name(err->code));
    else
        sund_party_fault(p, "%.300s", err->msg);
}

/** Where the study stands, for `sund study status`, as far as the database can be written. */
sund_code sund_party_note(sund_party *p, const char *note, sund_err *err)
{
    if (strcmp(p->detail, note) == 0)
        return SUND_OK;
    (void) snprintf(p->detail, sizeof p->detail, "%s", note);
    return sund_db_run(p->node->db, err, "UPDATE study SET detail=? WHERE digest=?", "tb", p->detail, p->name.b, sizeof p->name.b);
}

/** A full or failing disk is no reason to end a study for all: it waits until the disk works again. */
sund_code sund_party_pause(sund_party *p, const sund_err *why, sund_err *err)
{
    char note[SUND_REASON_MAX + 1];

    p->paused = true;
    (void) snprintf(p->trouble, sizeof p->trouble, "paused: %.470s", why->msg);
    (void) snprintf(note, sizeof note, "%.*s", SUND_REASON_MAX, p->trouble);
    (void) !sund_party_note(p, note, NULL); /* on the same disk, perhaps */
    return sund_fail(err, why->code, "study %.12s is paused: %.400s", sund_digest_hex(&p->name).s, why->msg);
}

bool sund_party_all(const sund_party *p, bool (*has)(const party_peer *))
{
    for (size_t i = 0; i < p->study.n_node; i++)
        if (!has(&p->peer[i]))
            return false;
    return true;
}

bool sund_peer_has_line(const party_peer *x) { return x->has_line; }
bool sund_peer_signed_total(const party_peer *x) { return x->signed_total; }
bool sund_peer_opened(const party_peer *x) { return x->opened; }
bool sund_peer_signed_release(const party_peer *x) { return x->signed_release; }

bool sund_party_agreed(const sund_party *p)
{
    sund_digest own = sund_release_digest(p->release);

    for (size_t i = 0; i < p->study.n_node; i++)
        if (!p->peer[i].signed_release || !sund_digest_eq(&p->peer[i].release, &own))
            return false;
    return true;
}

/** A vector follows from the own data (pinned), the session (lines), the round's question and the totals before it. Masks are bound to all that a
 *  hub or peer could try to change, so that not even a node set back to an old copy of its database makes two vectors under one mask. */
sund_mask_label sund_party_label(const sund_party *p)
{
    sund_hasher     h;
    sund_mask_label label = { p->slot.round, p->slot.chunk, p->slot.attempt, { { 0 } } };

    sund_hasher_init(&h);
    sund_hasher_add(&h, p->engine.round.params.b, sizeof p->engine.round.params.b);
    sund_hasher_add(&h, p->opened.b, sizeof p->opened.b);
    label.params = sund_hasher_end(&h);
    return label;
}

size_t sund_party_proposer(const sund_party *p) { return p->name.b[0] % p->study.n_node; }

sund_code sund_party_key_path(const sund_party *p, char *out, size_t cap, sund_err *err)
{
    char file[80];

    (void) snprintf(file, sizeof file, "%.32s.key", sund_digest_hex(&p->name).s);
    return sund_path_join(out, cap, p->node->key_dir, file, err);
}

sund_code sund_party_prepare(sund_party *p, sund_err *err)
{
    const sund_analysis *a;

    if (p->view)
        return SUND_OK;
    SUND_TRY(sund_analysis_find(p->study.analysis, &a, err));
    SUND_TRY(a->check(&p->study, err));
    if (p->study.has_catalogue && !p->catalogue)
        SUND_TRY(sund_study_catalogue(&p->study, p->node->file, p->node->ctx, &p->catalogue, err));
    SUND_TRY(sund_people_version(p->node->people, &p->people_version, err)); /* before they are looked at */
    sund_files_free(&p->files);
    SUND_TRY(sund_files_open(&p->files, &p->study, p->node->file, p->node->ctx, err));
    SUND_TRY(sund_view_open(&p->view, p->node->store, p->node->people, &p->study, p->catalogue, &p->own, err));
    p->view->place = (uint32_t) p->me;
    return SUND_OK;
}

uint32_t sund_party_index(const sund_party *p) { return p->n_fed; }
void     sund_party_again(sund_party *p)
{
    p->said = false;
    p->said_masked = false;
    p->said_stop = false;
}

static void drop_key(sund_party *p)
{
    char path[4096];

    if (sund_party_key_path(p, path, sizeof path, NULL) == SUND_OK)
        (void) unlink(path);
    sund_wipe(&p->key, sizeof p->key);
    p->has_key = false;
}

/** Keeps the study's state where `sund study status` and a restart find it; at an end, what could open totals goes. */
static sund_code keep_state(sund_party *p, sund_party_state was, sund_err *err)
{
    if (p->state == was)
        return SUND_OK;
    if (p->state == SUND_PARTY_RELEASED && p->release && !p->withdrawn) {
        sund_cur manifest = sund_release_manifest(p->release); /* what was released, by digests: the tables are the researcher's */

        SUND_TRY(sund_db_run(p->node->db, err, "UPDATE study SET release=? WHERE digest=?", "bb", manifest.p, manifest.n, p->name.b, sizeof p->name.b));
        SUND_TRY(sund_engine_keep(&p->engine, p->view, p->node->people, err));
    }
    if (p->state >= SUND_PARTY_RELEASED) /* on disk before the key goes */
        SUND_TRY(sund_db_lazy(p->node->db, false, err));
    if (p->state >= SUND_PARTY_RELEASED && was < SUND_PARTY_RELEASED && p->node->keep_replay && p->has_key) /* before the end is on disk: then the key file goes */
        SUND_TRY(sund_replay_keep(p->node, &p->name, &p->key, err));
    if (p->state == SUND_PARTY_STOPPED && p->leaving) /* before the end is on disk: then it is not heard again */
        SUND_TRY(sund_party_departed(p, err));
    SUND_TRY(sund_db_run(p->node->db, err, "UPDATE study SET state=?, detail=? WHERE digest=?", "itb", (int64_t) p->state, p->detail, p->name.b,
                         sizeof p->name.b));
    if (p->state < SUND_PARTY_RELEASED || was >= SUND_PARTY_RELEASED)
        return SUND_OK;
    drop_key(p);
    if (p->state == SUND_PARTY_RELEASED && p->withdrawn) /* it came too late */
        SUND_TRY(sund_party_recall(p->node->db, &p->name, p->node->me->id, p->fault, err));
    if (p->state != SUND_PARTY_RELEASED)
        SUND_TRY(sund_memory_ended(p->node->db, &p->name, err));
    sund_party_clear_slot(p);
    sund_engine_part(&p->engine, true);
    p->own_waits = false;
    if (p->node->keep_replay)
        return SUND_OK;
    /* lines are small enough to stay: the first round follows from them */
    SUND_TRY(sund_db_run(p->node->db, err, "UPDATE message SET body=NULL WHERE study=? AND length(body) > 4096 AND idx > 0 AND substr(head, 9, 2) <> x'0200'", "b", p->name.b, sizeof p->name.b));
    SUND_TRY(sund_bodies_drop(p->node->db, &p->name, SUND_MSG_TOTAL, err));
    return sund_bodies_drop(p->node->db, &p->name, SUND_MSG_PROPOSE, err);
}

enum { SMALL_BODY = 4096, TOTAL_MAX = 22 + 220 * SUND_NODE_MAX + 8 + 8 * SUND_VEC_MAX_WORDS };

/** What can be known of a message by itself: who signed it, that it is of this study, its size by its kind, its body's digest. */
static sund_code sound(const sund_party *p, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    unsigned    role = e->kind == SUND_MSG_TOTAL ? SUND_ROLE_HUB : SUND_ROLE_NODE;
    size_t      most = sund_msg_max_bytes(e->kind);
    bool        bare = (e->kind == SUND_MSG_PART || e->kind == SUND_MSG_RELEASE) && n_body == 0; /* its header is all that the log has of it: its bytes are those that this node has signed */
    sund_submit sub;
    sund_digest got;

    if (sund_submits(e->kind))
        return sund_submit_check(p->node->roster, &p->name, e, sund_cur_of(body, n_body), &sub, err);
    SUND_TRY(sund_envelope_check(e, p->node->roster, 1u << role, err));
    most = e->kind == SUND_MSG_TOTAL ? TOTAL_MAX : most > SUND_BODY_MAX ? SUND_BODY_MAX : most;
    if (!bare && (n_body != e->n_body || n_body > most))
        return sund_fail(err, SUND_E_LIMIT, "a message of %s has %zu bytes, its header says %llu, its kind (%s) has at most %zu", e->from, n_body, (unsigned long long) e->n_body,
                         sund_msg_name(e->kind), most);
    if (!sund_digest_eq(&e->about, &p->name) || (role == SUND_ROLE_NODE && sund_study_node(&p->study, e->from) < 0))
        return sund_fail(err, SUND_E_DENIED, "a message of %s is not of this study", e->from);
    got = bare ? e->body : sund_digest_of(body, n_body);
    return sund_digest_eq(&got, &e->body) ? SUND_OK : sund_fail(err, SUND_E_DENIED, "the body of a message of %s was altered", e->from);
}

static sund_code store_message(sund_party *p, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_buf  head = { 0 };
    sund_cur  row;
    sund_code rc;

    SUND_TRY(sund_bodies_keep(p->node->db, e, body, n_body, &row, err));
    sund_envelope_head(e, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        rc = sund_db_run(p->node->db, err, "INSERT OR IGNORE INTO message(study, idx, head, body) VALUES(?,?,?,?)", "bibb", p->name.b, sizeof p->name.b,
                         (int64_t) p->n_fed, head.p, head.n, row.p, row.n);
    sund_buf_free(&head);
    return rc;
}

/** wrong, why: of sound(). */
static sund_code heard(sund_party *p, const sund_envelope *e, sund_cur body, sund_code wrong, sund_err why, sund_err *err)
{
    sund_digest head = sund_envelope_digest(e);
    sund_code   rc;

    sund_hasher_add(&p->transcript, head.b, sizeof head.b);
    if (p->state >= SUND_PARTY_RELEASED)
        return SUND_OK;
    rc = wrong == SUND_OK ? sund_party_hear(p, e, body, &why) : wrong;
    if (rc == SUND_E_IO) {
        p->broken = true;
        return sund_party_pause(p, &why, err);
    }
    if (rc != SUND_OK)
        sund_party_fault_err(p, &why);
    if (p->fault[0] && !(p->withdrawn && p->state == SUND_PARTY_RELEASED) && (p->n_fed == 0 || (e->kind == SUND_MSG_RELEASE && sund_envelope_check(e, p->node->roster, 1u << SUND_ROLE_NODE, NULL) == SUND_OK))) {
        /* no study, or one that has ended for the others: nobody would hear a STOP */
        p->state = p->n_fed == 0 ? SUND_PARTY_REFUSED : SUND_PARTY_STOPPED;
        (void) snprintf(p->detail, sizeof p->detail, "%s", p->fault);
    }
    return SUND_OK;
}

static sund_code feed(sund_party *p, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_party_state was = p->state;
    sund_err         why = { SUND_OK, "" };
    sund_code        wrong = sound(p, e, body, n_body, &why);
    bool             good = wrong == SUND_OK;

    if (p->broken)
        return sund_fail(err, SUND_E_IO, "study %.12s is %.400s", sund_digest_hex(&p->name).s, p->trouble);
    if (!good && (p->fault[0] || p->state >= SUND_PARTY_RELEASED)) /* its end is settled: a hub could fill the disk with more of the like */
        return sund_fail(err, SUND_E_DENIED, "study %.12s: %.400s", sund_digest_hex(&p->name).s, why.msg);
    if (p->fault[0] && n_body > SMALL_BODY)
        good = false;
    SUND_TRY(store_message(p, e, good ? body : NULL, good ? n_body : 0, err));
    SUND_TRY(heard(p, e, sund_cur_of(body, n_body), wrong, why, err));
    p->n_fed++;
    if (keep_state(p, was, &why) == SUND_OK)
        return SUND_OK;
    p->broken = true; /* what follows from this message is done when all is heard again */
    return sund_party_pause(p, &why, err);
}

/** What was heard need not be on disk before the next thing that this node says: the ledger's entry takes it there, before that leaves. */
sund_code sund_party_feed(sund_party *p, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_code rc = sund_db_lazy(p->node->db, true, err), back;

    if (rc == SUND_OK)
        rc = feed(p, e, body, n_body, err);
    back = sund_db_lazy(p->node->db, false, rc == SUND_OK ? err : NULL); /* the first error is the one to tell */
    return rc == SUND_OK ? back : rc;
}

sund_code sund_party_rehear(sund_party *p, sund_party_before *before, void *ctx, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_buf   body = { 0 };
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(p->node->db, &rows, err, "SELECT idx, head, body FROM message WHERE study=? ORDER BY idx", "b", p->name.b, sizeof p->name.b));
    for (;;) {
        sund_err      why = { SUND_OK, "" };
        sund_envelope e;
        sund_cur      head;
        sund_code     wrong;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        if (sund_rows_i64(rows, 0) != (int64_t) p->n_fed) {
            rc = sund_fail(err, SUND_E_FORMAT, "the stored transcript of a study has a gap at message %u", p->n_fed);
            goto out;
        }
        head = sund_rows_blob(rows, 1);
        SUND_GO(sund_envelope_read(&head, UINT64_MAX, &e, err));
        if (before)
            SUND_GO(before(ctx, p, &e, err));
        sund_buf_clear(&body);
        SUND_GO(sund_bodies_get(p->node->db, &e, sund_rows_blob(rows, 2), &body, err));
        wrong = sound(p, &e, body.p, body.n, &why);
        SUND_GO(heard(p, &e, sund_cur_of(body.p, body.n), wrong, why, err));
        p->n_fed++;
    }
out:
    sund_rows_close(rows);
    sund_buf_free(&body);
    return rc;
}

/** An ended study is not heard again: its large bodies are gone. */
static sund_code restore_end(sund_party *p, bool *ended, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(p->node->db, &rows, err, "SELECT state, detail, (SELECT COUNT(*) FROM message WHERE study=digest) FROM study WHERE digest=?", "b",
                           p->name.b, sizeof p->name.b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more && sund_rows_i64(rows, 0) >= SUND_PARTY_RELEASED) {
        p->state = (sund_party_state) sund_rows_i64(rows, 0);
        (void) snprintf(p->detail, sizeof p->detail, "%s", sund_rows_text(rows, 1));
        p->n_fed = (uint32_t) sund_rows_i64(rows, 2);
        drop_key(p); /* a kill may have come between the last word and this */
        *ended = true;
    }
    sund_rows_close(rows);
    return rc;
}

/** A party that holds nothing yet comes to where the stored log is. */
static sund_code start(sund_party *p, const sund_party_node *node, const sund_digest *study, sund_err *err)
{
    char now[32];
    bool ended = false;

    p->node = node;
    p->name = *study;
    p->own = *sund_gate_thresholds(node->gate);
    sund_hasher_init(&p->transcript);
    sund_time_text(now);
    SUND_TRY(sund_db_run(node->db, err, "INSERT OR IGNORE INTO study(digest, received) VALUES(?,?)", "bt", study->b, sizeof study->b, now));
    SUND_TRY(restore_end(p, &ended, err));
    if (ended)
        return SUND_OK;
    SUND_TRY(sund_party_rehear(p, NULL, NULL, err));
    return keep_state(p, SUND_PARTY_APPROVAL, err); /* the kill may have come between the last message and its consequences */
}

sund_code sund_party_open(sund_party **out, const sund_party_node *node, const sund_digest *study, sund_err *err)
{
    sund_party *p = calloc(1, sizeof *p);
    sund_err    why = { SUND_OK, "" };
    sund_code   rc;

    if (!p)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = start(p, node, study, &why);
    if (rc == SUND_E_IO) { /* paused from the start: sund_party_next() tries again */
        p->broken = true;
        (void) !sund_party_pause(p, &why, NULL);
    }
    else if (rc != SUND_OK) {
        sund_party_close(p);
        return sund_fail(err, rc, "%s", why.msg);
    }
    *out = p;
    return SUND_OK;
}

static void let_go(sund_party *p)
{
    sund_engine_close(&p->engine);
    sund_view_close(p->view);
    sund_catalogue_free(p->catalogue);
    sund_files_free(&p->files);
    sund_party_clear_slot(p);
    sund_release_free(p->release);
    sund_proposal_free(p->proposal);
    sund_buf_free(&p->text);
    sund_wipe(&p->key, sizeof p->key);
}

void sund_party_close(sund_party *p)
{
    if (!p)
        return;
    let_go(p);
    free(p);
}

sund_code sund_party_mend(sund_party *p, sund_err *err)
{
    const sund_party_node *node = p->node;
    sund_digest            name = p->name;
    sund_err               why = { SUND_OK, "" };
    sund_code              rc;

    let_go(p);
    memset(p, 0, sizeof *p);
    rc = start(p, node, &name, &why);
    if (rc == SUND_OK)
        return SUND_OK;
    p->broken = true;
    return sund_party_pause(p, &why, err);
}

static void list_waiting(sund_party *p)
{
    bool (*has)(const party_peer *) = NULL;

    p->waiting[0] = 0;
    if (p->state <= SUND_PARTY_LINES)
        has = sund_peer_has_line;
    else if (p->state == SUND_PARTY_ROUNDS && p->has_total)
        has = sund_party_all(p, sund_peer_signed_total) ? sund_peer_opened : sund_peer_signed_total;
    else if (p->state == SUND_PARTY_RELEASE)
        has = sund_peer_signed_release;
    for (size_t i = 0; has && i < p->study.n_node; i++)
        if (!has(&p->peer[i])) {
            size_t n = strlen(p->waiting);
            (void) snprintf(p->waiting + n, sizeof p->waiting - n, "%s%s", n ? ", " : "", p->study.node[i]);
        }
}

void sund_party_describe(sund_party *p, sund_party_status *out)
{
    list_waiting(p);
    *out = (sund_party_status){ p->state, p->fault[0] && p->state < SUND_PARTY_RELEASED ? p->fault : p->detail, p->engine.round.name, p->engine.chunk,
                                p->engine.round.n_chunk, p->waiting, p->trouble, p->paused, p->own_waits };
}
