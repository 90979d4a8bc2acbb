#include "study/mailbox_priv.h"

#include "base/log.h"
#include "study/bodies.h"
#include "study/notices.h"
#include "study/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const tables =
    "CREATE TABLE IF NOT EXISTS study(digest BLOB PRIMARY KEY, title TEXT NOT NULL, researcher TEXT NOT NULL, received TEXT NOT NULL, nodes TEXT NOT NULL,"
    " n_node INTEGER NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL, ended INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE IF NOT EXISTS message(study BLOB NOT NULL, idx INTEGER NOT NULL, place TEXT NOT NULL, kind INTEGER NOT NULL, sender TEXT NOT NULL,"
    " head BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY(study, idx), UNIQUE(study, place)) STRICT;"
    "CREATE TABLE IF NOT EXISTS masked(study BLOB NOT NULL, place TEXT NOT NULL, sender TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY(study, place, sender)) STRICT;"
    "CREATE TABLE IF NOT EXISTS heard(study BLOB NOT NULL, node TEXT NOT NULL, PRIMARY KEY(study, node)) STRICT;" /* nodes for which it has ended */
    "CREATE TABLE IF NOT EXISTS number(sender TEXT NOT NULL, channel INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(sender, channel)) STRICT;";

enum { OPEN_STUDIES_MAX = 100, CLOCK_AHEAD_US = 600 * 1000000 };

sund_code sund_mailbox_tables(sund_db *db, sund_err *err)
{
    SUND_TRY(sund_notices_tables(db, err));
    return sund_db_script(db, tables, err);
}

sund_code sund_mailbox_number(sund_mailbox *m, const sund_envelope *e, sund_err *err)
{
    /* numbers are times: one far ahead would shut its sender out until the clock gets there */
    if (e->seq > INT64_MAX || e->seq > sund_time_us() + CLOCK_AHEAD_US)
        return sund_fail(err, SUND_E_DENIED, "the number of a message of %s is out of bounds: is its clock ahead?", e->from);
    SUND_TRY(sund_db_run(m->db, err, "INSERT INTO number(sender, channel, seq) VALUES(?,?,?) ON CONFLICT DO UPDATE SET seq=excluded.seq WHERE excluded.seq > seq",
                         "tii", e->from, (int64_t) e->channel, (int64_t) e->seq));
    if (sund_db_changes(m->db) == 0)
        return sund_fail(err, SUND_E_DENIED, "a message of %s was sent before (its number is not above the last): refused as a replay", e->from);
    return SUND_OK;
}

/** One study as the hub knows it. */
typedef struct hub_study { char nodes[SUND_NODE_MAX * (SUND_ID_MAX + 1) + 2]; int64_t n_node, n_message; bool ended, there; } hub_study;

static sund_code load(sund_mailbox *m, const sund_digest *study, hub_study *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    memset(out, 0, sizeof *out);
    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT nodes, n_node, ended, (SELECT COUNT(*) FROM message WHERE study=digest) FROM study WHERE digest=?", "b",
                           study->b, sizeof study->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        (void) snprintf(out->nodes, sizeof out->nodes, "%s", sund_rows_text(rows, 0));
        out->n_node = sund_rows_i64(rows, 1);
        out->ended = sund_rows_i64(rows, 2) != 0;
        out->n_message = sund_rows_i64(rows, 3);
        out->there = true;
    }
    sund_rows_close(rows);
    return rc;
}

static bool asks(const hub_study *s, const char *node)
{
    char want[SUND_ID_MAX + 3];

    (void) snprintf(want, sizeof want, ",%s,", node);
    return strstr(s->nodes, want) != NULL;
}

/** Appends to a study's log at its next index. The place says what may be there once: the same body again changes nothing. */
static sund_code append(sund_mailbox *m, const char *place, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_buf  head = { 0 };
    sund_cur  row;
    sund_code rc;

    SUND_TRY(sund_bodies_keep(m->db, e, body, n_body, &row, err));
    sund_envelope_head(e, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        rc = sund_db_run(m->db, err, "INSERT INTO message(study, idx, place, kind, sender, head, body) VALUES(?1,(SELECT COUNT(*) FROM message WHERE study=?1),?2,?3,?4,?5,?6)",
                         "btitbb", e->about.b, sizeof e->about.b, place, (int64_t) e->kind, e->from, head.p, head.n, row.p, row.n);
    sund_buf_free(&head);
    return rc;
}

static sund_code set_state(sund_mailbox *m, const sund_digest *study, bool ended, sund_err *err, const char *state, const char *detail)
{
    if (ended) { /* vectors whose total will never be */
        SUND_TRY(sund_db_run(m->db, err, "DELETE FROM masked WHERE study=?", "b", study->b, sizeof study->b));
        SUND_TRY(sund_bodies_drop(m->db, study, SUND_MSG_MASKED, err));
    }
    return sund_db_run(m->db, err, "UPDATE study SET state=?, detail=?, ended=? WHERE digest=?", "ttib", state, detail, (int64_t) ended, study->b, sizeof study->b);
}

static sund_code post_submit(sund_mailbox *m, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_study  *s = calloc(1, sizeof *s);
    sund_submit  sub;
    sund_buf     nodes = { 0 };
    sund_digest  d;
    char         now[32];
    int64_t      n_open = 0;
    sund_code    rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_submit_read(e->kind, sund_cur_of(body, n_body), &sub, err));
    SUND_GO(sund_study_parse(s, "study", sub.text.p, sub.text.n, err));
    d = s->digest;
    if (!sund_digest_eq(&d, &e->about)) {
        rc = sund_fail(err, SUND_E_DENIED, "the study's text was changed after it was signed");
        goto out;
    }
    SUND_GO(sund_db_i64(m->db, &n_open, 0, err, "SELECT COUNT(*) FROM study WHERE researcher=? AND ended=0", "t", e->from));
    if (n_open >= OPEN_STUDIES_MAX) {
        rc = sund_fail(err, SUND_E_LIMIT, "%s has %d studies that have not ended; submit this one when some have", e->from, OPEN_STUDIES_MAX);
        goto out;
    }
    for (size_t i = 0; i < s->n_node; i++) {
        if (!sund_roster_find(m->roster, s->node[i], SUND_ROLE_NODE)) {
            rc = sund_fail(err, SUND_E_NOT_FOUND, "the federation has no node %s", s->node[i]);
            goto out;
        }
        sund_buf_printf(&nodes, ",%s", s->node[i]);
    }
    sund_buf_text(&nodes, ",");
    sund_buf_nul(&nodes);
    SUND_GO(sund_buf_ok(&nodes, err));
    sund_time_text(now);
    SUND_GO(sund_db_run(m->db, err, "INSERT INTO study(digest, title, researcher, received, nodes, n_node, state, detail) VALUES(?,?,?,?,?,?,'submitted','')", "btttti",
                        d.b, sizeof d.b, s->title, e->from, now, (const char *) nodes.p, (int64_t) s->n_node));
    rc = append(m, "submit", e, body, n_body, err);
out:
    sund_buf_free(&nodes);
    free(s);
    return rc;
}

/** All vectors of a place are there: the hub adds them and says the total, with the headers under it. Vectors that do not fit together give an empty sum:
 *  the nodes see from the headers whose is of another size. The last one, in memory, is on disk only in the total. */
static sund_code add_up(sund_mailbox *m, const char *place, const sund_slot *slot, const sund_envelope *last, sund_cur last_body, sund_err *err)
{
    const sund_digest *study = &last->about;
    sund_envelope head[SUND_NODE_MAX], total = { .kind = SUND_MSG_TOTAL, .about = *study };
    sund_rows    *rows = NULL;
    sund_vec      sum = { 0, 0, NULL };
    sund_buf      body = { 0 };
    size_t        n = 0;
    bool          more = false, fit = true;
    sund_code     rc;

    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT head, body FROM masked WHERE study=? AND place=? ORDER BY sender", "bt", study->b, sizeof study->b, place));
    for (;; n++) {
        sund_cur h, b;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more || n == SUND_NODE_MAX)
            break;
        h = sund_rows_blob(rows, 0);
        SUND_GO(sund_envelope_read(&h, UINT64_MAX, &head[n], err));
        b = last_body;
        if (strcmp(head[n].from, last->from) != 0) {
            sund_buf_clear(&body);
            SUND_GO(sund_bodies_get(m->db, &head[n], sund_rows_blob(rows, 1), &body, err));
            b = sund_cur_of(body.p, body.n);
        }
        (void) sund_cur_bytes(&b, 12);
        if (n == 0)
            SUND_GO(sund_vec_read(&sum, b.p, b.n, err));
        else
            fit = fit && sund_vec_add_bytes(&sum, b, NULL) == SUND_OK;
    }
    if (!fit)
        sund_vec_free(&sum);
    sund_buf_clear(&body);
    sund_total_write(slot, head, n, &sum, &body);
    SUND_GO(sund_buf_ok(&body, err));
    total.seq = sund_seq_next(0);
    total.body = sund_digest_of(body.p, body.n);
    SUND_GO(sund_envelope_sign(&total, m->me, body.n, err));
    sund_rows_close(rows);
    rows = NULL;
    SUND_GO(append(m, place, &total, body.p, body.n, err));
    rc = sund_db_run(m->db, err, "DELETE FROM masked WHERE study=?", "b", study->b, sizeof study->b);
out:
    sund_rows_close(rows);
    sund_vec_free(&sum);
    sund_buf_free(&body);
    return rc;
}

/** Whether something already stands in a place: with the same body it is the same message again. */
static sund_code standing(sund_mailbox *m, const char *table_sql, const sund_envelope *e, const char *place, bool *same, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    *same = false;
    SUND_TRY(sund_db_query(m->db, &rows, err, table_sql, "btt", e->about.b, sizeof e->about.b, place, e->from));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur      h = sund_rows_blob(rows, 0);
        sund_envelope was;

        rc = sund_envelope_read(&h, UINT64_MAX, &was, err);
        if (rc == SUND_OK && !sund_digest_eq(&was.body, &e->body))
            rc = sund_fail(err, SUND_E_DENIED, "%s already said something else in this place (%s): refused", e->from, sund_msg_name(e->kind));
        *same = rc == SUND_OK;
    }
    sund_rows_close(rows);
    return rc;
}

/** The slot whose total was said last. */
static sund_code last_total(sund_mailbox *m, const sund_digest *study, sund_slot *slot, bool *any, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    *any = false;
    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT place FROM message WHERE study=? AND kind=? ORDER BY idx DESC LIMIT 1", "bi", study->b, sizeof study->b, (int64_t) SUND_MSG_TOTAL));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        *any = sscanf(sund_rows_text(rows, 0), "total/%u/%u/%u", &slot->round, &slot->chunk, &slot->attempt) == 3;
    sund_rows_close(rows);
    return rc;
}

/** The hub does not know a study's rounds, but what may follow a total: else a node could fill its disk with chunks that never come. */
static sund_code in_turn(sund_mailbox *m, const sund_envelope *e, const sund_slot *s, sund_err *err)
{
    sund_slot last = { 0, 0, 0 };
    bool      any, right;

    SUND_TRY(last_total(m, &e->about, &last, &any, err));
    if (e->kind == SUND_MSG_SIGN_TOTAL || e->kind == SUND_MSG_OPEN)
        right = any && s->round == last.round && s->chunk == last.chunk && s->attempt == last.attempt;
    else if (!any)
        right = s->round == 0 && s->chunk == 0;
    else
        right = (s->round == last.round && s->chunk == last.chunk && s->attempt > last.attempt) || (s->round == last.round && s->chunk == last.chunk + 1) ||
                (s->round == last.round + 1 && s->chunk == 0);
    if (right && s->attempt <= SUND_ATTEMPT_MAX)
        return SUND_OK;
    return sund_fail(err, SUND_E_DENIED, "a message of %s (%s) is for round %u, chunk %u, attempt %u, whose turn it is not", e->from, sund_msg_name(e->kind), s->round, s->chunk, s->attempt);
}

static sund_code post_masked(sund_mailbox *m, const hub_study *s, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_cur  c = sund_cur_of(body, n_body), row = { NULL, 0, false };
    sund_slot slot;
    sund_buf  head = { 0 };
    char      place[80];
    int64_t   n = 0;
    bool      same;
    sund_code rc;

    sund_slot_read(&c, &slot);
    SUND_TRY(sund_cur_ok(&c, "a masked vector", err));
    (void) snprintf(place, sizeof place, "total/%u/%u/%u", slot.round, slot.chunk, slot.attempt);
    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(*) FROM message WHERE study=? AND place=?", "bt", e->about.b, sizeof e->about.b, place));
    if (n)
        return SUND_OK; /* its total is out already */
    SUND_TRY(standing(m, "SELECT head FROM masked WHERE study=? AND place=? AND sender=?", e, place, &same, err));
    if (same)
        return SUND_OK;
    if (s->ended)
        return sund_fail(err, SUND_E_DENIED, "the study has ended");
    SUND_TRY(in_turn(m, e, &slot, err));
    SUND_TRY(sund_vec_check(c, err));
    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(*) FROM masked WHERE study=?", "b", e->about.b, sizeof e->about.b));
    if (n == 0) /* the first of its place: whatever else was added up */
        SUND_TRY(sund_bodies_drop(m->db, &e->about, SUND_MSG_MASKED, err));
    /* one vector of each node at a time */
    SUND_TRY(sund_db_run(m->db, err, "DELETE FROM masked WHERE study=? AND sender=?", "bt", e->about.b, sizeof e->about.b, e->from));
    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(*) FROM masked WHERE study=? AND place=?", "bt", e->about.b, sizeof e->about.b, place));
    if (n + 1 < s->n_node)
        SUND_TRY(sund_bodies_keep(m->db, e, body, n_body, &row, err));
    sund_envelope_head(e, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        rc = sund_db_run(m->db, err, "INSERT INTO masked(study, place, sender, head, body) VALUES(?,?,?,?,?)", "bttbb", e->about.b, sizeof e->about.b, place, e->from, head.p, head.n,
                         row.p, row.n);
    sund_buf_free(&head);
    SUND_TRY(rc);
    return n + 1 == s->n_node ? add_up(m, place, &slot, e, sund_cur_of(body, n_body), err) : SUND_OK;
}

static bool of_a_round(unsigned kind) { return kind == SUND_MSG_SIGN_TOTAL || kind == SUND_MSG_OPEN || kind == SUND_MSG_RETRY; }

/** Where a logged message belongs: what may stand there once. */
static sund_code place_of(const sund_envelope *e, sund_cur body, sund_slot *at, char *place, size_t cap, sund_err *err)
{
    sund_slot slot = { 0, 0, 0 };

    if (of_a_round(e->kind)) {
        sund_slot_read(&body, &slot);
        SUND_TRY(sund_cur_ok(&body, "a message of a round", err));
    }
    else if (e->kind == SUND_MSG_SIGN_RELEASE) {
        sund_slot_read(&body, &slot);
        if (body.bad || slot.round || slot.chunk || slot.attempt > 1)
            return sund_fail(err, SUND_E_DENIED, "a result is signed once, and once again when it was proposed");
    }
    else if (e->kind == SUND_MSG_PART || e->kind == SUND_MSG_PROPOSE) {
        slot.chunk = sund_cur_u32(&body);
        SUND_TRY(sund_cur_ok(&body, "a part of a result", err));
    }
    else if (e->kind != SUND_MSG_LINE && e->kind != SUND_MSG_RELEASE && e->kind != SUND_MSG_STOP) {
        return sund_fail(err, SUND_E_DENIED, "a message of kind %u does not belong into a study", e->kind);
    }
    *at = slot;
    if (e->kind == SUND_MSG_RETRY)
        (void) snprintf(place, cap, "retry/%u/%u/%u", slot.round, slot.chunk, slot.attempt); /* the first to ask is enough */
    else
        (void) snprintf(place, cap, "%s/%u/%u/%u/%s", sund_msg_name(e->kind), slot.round, slot.chunk, slot.attempt, e->from);
    return SUND_OK;
}

/** What people see of a study's progress. */
static sund_code show(sund_mailbox *m, const sund_envelope *e, sund_cur body, sund_err *err)
{
    char          detail[SUND_REASON_MAX + 64], reason[SUND_REASON_MAX + 1];
    sund_slot     slot;
    sund_stop_how how;
    sund_line    *l;
    sund_code     rc = SUND_OK;

    switch (e->kind) {
    case SUND_MSG_LINE:
        l = calloc(1, sizeof *l);
        if (!l)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        rc = sund_line_read(body, l, err);
        (void) snprintf(detail, sizeof detail, "%s: %s%s%.300s", e->from, l->approved ? "approved" : "", l->approved && l->reason[0] ? ", " : "", l->reason);
        if (rc == SUND_OK)
            rc = set_state(m, &e->about, !l->approved, err, l->approved ? "deciding" : "refused", detail);
        free(l);
        return rc;
    case SUND_MSG_SIGN_TOTAL:
        sund_slot_read(&body, &slot);
        (void) snprintf(detail, sizeof detail, "round %u, chunk %u summed", slot.round, slot.chunk + 1);
        return set_state(m, &e->about, false, err, "computing", detail);
    case SUND_MSG_SIGN_RELEASE: return set_state(m, &e->about, false, err, "signing", "");
    case SUND_MSG_PART:
        (void) snprintf(detail, sizeof detail, "part %u of the result is here", sund_cur_u32(&body) + 1);
        return set_state(m, &e->about, false, err, "signing", detail);
    case SUND_MSG_RELEASE:
        SUND_TRY(sund_db_run(m->db, err, "UPDATE message SET body=x'' WHERE study=? AND kind IN(?,?)", "bii", e->about.b, sizeof e->about.b, (int64_t) SUND_MSG_OPEN,
                             (int64_t) SUND_MSG_PROPOSE));
        SUND_TRY(sund_bodies_drop(m->db, &e->about, SUND_MSG_PROPOSE, err));
        return set_state(m, &e->about, true, err, "released", "");
    case SUND_MSG_STOP:
        SUND_TRY(sund_stop_read(body, &how, reason, err));
        (void) snprintf(detail, sizeof detail, "by %s: %.380s", e->from, reason);
        SUND_TRY(sund_mailbox_drop_result(m, &e->about, err));
        return set_state(m, &e->about, true, err, "stopped", detail);
    default: return SUND_OK;
    }
}

static sund_code post_logged(sund_mailbox *m, const hub_study *s, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    char      place[120];
    sund_slot slot;
    int64_t   n = 0;
    bool      same;

    SUND_TRY(place_of(e, sund_cur_of(body, n_body), &slot, place, sizeof place, err));
    SUND_TRY(standing(m, "SELECT head FROM message WHERE study=? AND place=? AND sender=?", e, place, &same, err));
    if (same)
        return SUND_OK;
    if (s->ended)
        return sund_fail(err, SUND_E_DENIED, "the study has ended");
    if (e->kind == SUND_MSG_RETRY) {
        SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(*) FROM message WHERE study=? AND place=?", "bt", e->about.b, sizeof e->about.b, place));
        if (n)
            return SUND_OK; /* another node has asked for this attempt */
    }
    if (of_a_round(e->kind))
        SUND_TRY(in_turn(m, e, &slot, err));
    if (e->kind == SUND_MSG_PART)
        SUND_TRY(sund_mailbox_check_part(m, s->n_node, e, slot.chunk, err));
    if (e->kind == SUND_MSG_PROPOSE)
        SUND_TRY(sund_mailbox_check_piece(m, s->n_node, e, slot.chunk, err));
    if (e->kind == SUND_MSG_RELEASE)
        SUND_TRY(sund_mailbox_check_release(m, s->n_node, e, sund_cur_of(body, n_body), err));
    SUND_TRY(append(m, place, e, body, n_body, err));
    if (e->kind == SUND_MSG_RETRY)
        SUND_TRY(sund_db_run(m->db, err, "DELETE FROM masked WHERE study=?", "b", e->about.b, sizeof e->about.b));
    return show(m, e, sund_cur_of(body, n_body), err);
}

static sund_code post(sund_mailbox *m, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    hub_study s;
    int64_t   same = 0;

    SUND_TRY(load(m, &e->about, &s, err));
    if (sund_submits(e->kind)) {
        if (!s.there)
            return post_submit(m, e, body, n_body, err);
        SUND_TRY(sund_db_i64(m->db, &same, 0, err, "SELECT COUNT(*) FROM study WHERE digest=? AND researcher=?", "bt", e->about.b, sizeof e->about.b, e->from)); /* a name stands for one text */
        return same ? SUND_OK : sund_fail(err, SUND_E_DENIED, "this very study was submitted by somebody else; add a line 'number = 2' to ask it again");
    }
    if (!s.there)
        return sund_fail(err, SUND_E_NOT_FOUND, "the hub has no study %.12s", sund_digest_hex(&e->about).s);
    if (!asks(&s, e->from))
        return sund_fail(err, SUND_E_DENIED, "the study does not ask %s", e->from);
    return e->kind == SUND_MSG_MASKED ? post_masked(m, &s, e, body, n_body, err) : post_logged(m, &s, e, body, n_body, err);
}

sund_code sund_mailbox_post(sund_mailbox *m, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    SUND_TRY(sund_db_part(m->db, err));
    return sund_db_part_end(m->db, true, post(m, e, body, n_body, err), err);
}

static bool next_known(sund_cur *known, sund_digest *d, uint32_t *at)
{
    if (known->n < 36)
        return false;
    (void) sund_cur_copy(known, d->b, sizeof d->b);
    *at = sund_cur_u32(known);
    return true;
}

static bool is_known(sund_cur known, const sund_digest *study)
{
    sund_digest d;
    uint32_t    at;

    while (next_known(&known, &d, &at))
        if (sund_digest_eq(&d, study))
            return true;
    return false;
}

/** A node is done with a study. When all are, what could open its totals goes. */
static sund_code note_heard(sund_mailbox *m, const sund_digest *study, const hub_study *s, const char *node, sund_err *err)
{
    int64_t n = 0;

    SUND_TRY(sund_db_run(m->db, err, "INSERT OR IGNORE INTO heard(study, node) VALUES(?,?)", "bt", study->b, sizeof study->b, node));
    if (sund_db_changes(m->db) == 0)
        return SUND_OK;
    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(*) FROM heard WHERE study=?", "b", study->b, sizeof study->b));
    if (!s->ended || n < s->n_node)
        return SUND_OK;
    SUND_TRY(sund_db_run(m->db, err, "UPDATE message SET body=x'' WHERE study=? AND kind IN(?,?,?)", "biii", study->b, sizeof study->b, (int64_t) SUND_MSG_TOTAL,
                       (int64_t) SUND_MSG_OPEN, (int64_t) SUND_MSG_PROPOSE));
    SUND_TRY(sund_bodies_drop(m->db, study, SUND_MSG_TOTAL, err));
    return sund_bodies_drop(m->db, study, SUND_MSG_PROPOSE, err);
}

/** One message of a batch. A release and its parts go as their headers alone: its nodes hold the very bytes that these name. */
static sund_code put_message(sund_mailbox *m, const sund_digest *study, uint32_t index, sund_cur head, sund_cur row, sund_buf *out, sund_err *err)
{
    sund_cur      c = head;
    sund_envelope e;
    size_t        at;

    SUND_TRY(sund_envelope_read(&c, UINT64_MAX, &e, err));
    sund_buf_put(out, study->b, sizeof study->b);
    sund_buf_u32(out, index);
    sund_buf_put(out, head.p, head.n);
    sund_buf_u32(out, 0);
    SUND_TRY(sund_buf_ok(out, err));
    if (e.kind == SUND_MSG_RELEASE || e.kind == SUND_MSG_PART)
        return SUND_OK;
    at = out->n;
    SUND_TRY(sund_bodies_get(m->db, &e, row, out, err));
    for (unsigned i = 0; i < 4; i++)
        out->p[at - 4 + i] = (uint8_t) ((out->n - at) >> (8 * i));
    return SUND_OK;
}

static sund_code batch_study(sund_mailbox *m, const sund_digest *study, uint32_t from, size_t max, sund_buf *out, bool *any, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT idx, head, body FROM message WHERE study=? AND idx>=? ORDER BY idx LIMIT 64", "bi", study->b, sizeof study->b, (int64_t) from));
    while (out->n < max) {
        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        SUND_GO(put_message(m, study, (uint32_t) sund_rows_i64(rows, 0), sund_rows_blob(rows, 1), sund_rows_blob(rows, 2), out, err));
        *any = true;
    }
    rc = SUND_OK;
out:
    sund_rows_close(rows);
    return rc;
}

/** All that is new is words that every node must say, and some have not; or parts of the result, which tell nothing to anyone but who sends the next. */
static sund_code incomplete(sund_mailbox *m, const sund_digest *study, const char *node, uint32_t from, int64_t n_node, bool *out, sund_err *err)
{
    int64_t kind = 0, others = 0, n = 0, own = 0;

    *out = false;
    SUND_TRY(sund_db_i64(m->db, &kind, 0, err, "SELECT kind FROM message WHERE study=? ORDER BY idx DESC LIMIT 1", "b", study->b, sizeof study->b));
    if (kind != SUND_MSG_LINE && kind != SUND_MSG_SIGN_TOTAL && kind != SUND_MSG_OPEN && kind != SUND_MSG_SIGN_RELEASE && kind != SUND_MSG_PART)
        return SUND_OK;
    SUND_TRY(sund_db_i64(m->db, &others, -1, err, "SELECT idx FROM message WHERE study=? AND kind<>? ORDER BY idx DESC LIMIT 1", "bi", study->b, sizeof study->b, kind));
    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(*) FROM message WHERE study=? AND idx>?", "bi", study->b, sizeof study->b, others));
    if (kind == SUND_MSG_PART)
        SUND_TRY(sund_db_i64(m->db, &own, 0, err, "SELECT COUNT(*) FROM message WHERE study=? AND idx>? AND sender=?", "bit", study->b, sizeof study->b, others, node));
    *out = (int64_t) from > others && (kind == SUND_MSG_PART ? own == 0 : n < n_node);
    return SUND_OK;
}

/** News of the studies that a node follows. */
static sund_code batch_known(sund_mailbox *m, const char *node, sund_cur known, size_t max, bool patient, sund_buf *out, bool *any, sund_err *err)
{
    static const sund_digest none;
    sund_digest              d;
    uint32_t                 at;

    while (out->n < max && next_known(&known, &d, &at)) {
        hub_study s;
        bool      early = false;

        if (sund_digest_eq(&d, &none)) {
            SUND_TRY(sund_notices_batch(m, at, max, out, any, err));
            continue;
        }
        SUND_TRY(load(m, &d, &s, err));
        if (!s.there || !asks(&s, node))
            continue;
        if (at == SUND_INDEX_DONE)
            SUND_TRY(note_heard(m, &d, &s, node, err));
        else if (at < s.n_message && patient && !s.ended)
            SUND_TRY(incomplete(m, &d, node, at, s.n_node, &early, err));
        if (at < s.n_message && !early)
            SUND_TRY(batch_study(m, &d, at, max, out, any, err));
    }
    return SUND_OK;
}

static sund_code batch(sund_mailbox *m, const char *node, sund_cur known, size_t max, bool patient, sund_buf *out, bool *any, sund_err *err)
{
    sund_rows *rows = NULL;
    char       want[SUND_ID_MAX + 3];
    bool       more = false;
    sund_code  rc;

    *any = false;
    (void) snprintf(want, sizeof want, ",%s,", node);
    SUND_TRY(batch_known(m, node, known, max, patient, out, any, err));
    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT digest FROM study WHERE instr(nodes, ?) > 0 AND NOT EXISTS(SELECT 1 FROM heard WHERE study=digest AND node=?) ORDER BY received", "tt", want, node));
    while (out->n < max) {
        sund_digest d;
        sund_cur    c;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        c = sund_rows_blob(rows, 0);
        if (sund_cur_copy(&c, d.b, sizeof d.b) && !is_known(known, &d))
            SUND_GO(batch_study(m, &d, 0, max, out, any, err));
    }
    rc = SUND_OK;
out:
    sund_rows_close(rows);
    return rc;
}

sund_code sund_mailbox_batch(sund_mailbox *m, const char *node, sund_cur known, size_t max, sund_buf *out, bool *any, sund_err *err)
{
    return batch(m, node, known, max, false, out, any, err);
}

sund_code sund_mailbox_news(sund_mailbox *m, const char *node, sund_cur known, size_t max, sund_buf *out, bool *any, sund_err *err)
{
    return batch(m, node, known, max, true, out, any, err);
}

sund_code sund_mailbox_list(sund_mailbox *m, sund_mailbox_each each, void *ctx, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(m->db, &rows, err,
                           "SELECT digest, title, researcher, state, detail, received, nodes, ended, CASE WHEN ended=0 AND state IN ('submitted', 'deciding') THEN"
                           " ',' || coalesce((SELECT group_concat(sender) FROM message WHERE study=digest AND kind=?), '') || ',' ELSE '' END FROM study ORDER BY received DESC, digest LIMIT 1000",
                           "i", (int64_t) SUND_MSG_LINE));
    for (;;) {
        sund_mailbox_row row;
        sund_cur         c;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        c = sund_rows_blob(rows, 0);
        (void) sund_cur_copy(&c, row.study.b, sizeof row.study.b);
        row.title = sund_rows_text(rows, 1);
        row.researcher = sund_rows_text(rows, 2);
        row.state = sund_rows_text(rows, 3);
        row.detail = sund_rows_text(rows, 4);
        row.received = sund_rows_text(rows, 5);
        row.nodes = sund_rows_text(rows, 6);
        row.ended = sund_rows_i64(rows, 7) != 0;
        row.decided = sund_rows_text(rows, 8);
        SUND_GO(each(ctx, &row, err));
    }
out:
    sund_rows_close(rows);
    return rc;
}

sund_code sund_mailbox_may_fetch(sund_mailbox *m, const sund_digest *study, const char *who, sund_err *err)
{
    hub_study s;
    int64_t   asked = 0;

    SUND_TRY(load(m, study, &s, err));
    if (!s.there)
        return sund_fail(err, SUND_E_NOT_FOUND, "the hub has no study %.12s", sund_digest_hex(study).s);
    SUND_TRY(sund_db_i64(m->db, &asked, 0, err, "SELECT COUNT(*) FROM study WHERE digest=? AND researcher=?", "bt", study->b, sizeof study->b, who));
    if (!asked && !asks(&s, who))
        return sund_fail(err, SUND_E_DENIED, "study %.12s was asked by another researcher", sund_digest_hex(study).s);
    return SUND_OK;
}

static sund_code recall(sund_mailbox *m, const sund_digest *study, const char *detail, sund_err *err)
{
    SUND_TRY(sund_mailbox_drop_result(m, study, err));
    return set_state(m, study, true, err, "recalled", detail);
}

sund_code sund_mailbox_recall(sund_mailbox *m, const sund_digest *study, const char *node, const char *reason, sund_err *err)
{
    char      detail[SUND_REASON_MAX + 64], before[64];
    hub_study s;
    int64_t   released = 0;

    SUND_TRY(load(m, study, &s, err));
    if (s.there && !asks(&s, node))
        return sund_fail(err, SUND_E_DENIED, "the study does not ask %s", node);
    SUND_TRY(sund_db_i64(m->db, &released, 0, err, "SELECT COUNT(*) FROM message WHERE study=? AND kind=?", "bi", study->b, sizeof study->b, (int64_t) SUND_MSG_RELEASE));
    if (!released)
        return sund_fail(err, SUND_E_NOT_FOUND, "study %.12s has no release to be recalled", sund_digest_hex(study).s);
    SUND_TRY(sund_mailbox_recalled(m, study, before, sizeof before, err));
    if (before[0])
        return SUND_OK;
    (void) snprintf(detail, sizeof detail, "by %s: %.380s", node, reason);
    SUND_TRY(sund_db_part(m->db, err));
    return sund_db_part_end(m->db, true, recall(m, study, detail, err), err);
}
