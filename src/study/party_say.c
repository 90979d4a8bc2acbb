#include "study/party_priv.h"
#include "study/replay.h"

#include "base/text.h"
#include "gate/ledger.h"
#include "gate/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a node owes the study, given the log it has heard. Every message goes through the gate. */

static sund_envelope head_of(const sund_party *p, uint16_t kind)
{
    return (sund_envelope){ .kind = kind, .channel = 0, .seq = sund_seq_next(0), .about = p->name, .prev = p->peer[p->me].last };
}

/** A logged message: none is owed until it has come back in the log. */
static sund_code say(sund_party *p, uint16_t kind, sund_buf *body, sund_leave **out, sund_err *err)
{
    sund_envelope head = head_of(p, kind);
    sund_code     rc = sund_buf_ok(body, err);

    if (rc == SUND_OK)
        rc = sund_leave_protocol(p->node->gate, &head, body->p, body->n, out, err);
    sund_buf_free(body);
    if (rc == SUND_OK)
        p->said = true;
    return rc;
}

static void list_strata(const sund_party *p, sund_line *l)
{
    sund_buf text = { 0 };

    sund_view_strata(p->view, &text);
    if (!text.bad && text.n < sizeof l->strata && text.n) {
        memcpy(l->strata, text.p, text.n);
        l->strata[text.n] = 0;
    }
    sund_buf_free(&text);
}

/** Own part of the pinned facts. An error is the reason to refuse. */
static sund_code fill_line(sund_party *p, sund_line *l, sund_err *err)
{
    sund_columns_plan      plan;
    sund_buf               vars = { 0 };
    sund_digest            pinned;
    char                   path[4096];
    sund_code              rc;

    SUND_TRY(sund_party_prepare(p, err));
    rc = sund_columns_make(&plan, p->node->people, &p->study, &vars, err);
    if (rc == SUND_OK && vars.n >= sizeof l->vars)
        rc = sund_fail(err, SUND_E_LIMIT, "the declarations of the study's variables are too long");
    if (rc == SUND_OK && vars.n)
        memcpy(l->vars, vars.p, vars.n);
    sund_buf_free(&vars);
    SUND_TRY(rc);
    if (p->study.strata_country)
        list_strata(p, l);
    l->release = sund_view_release(p->view, &p->node->me->key);
    pinned = sund_view_digest(p->view);
    SUND_TRY(sund_db_run(p->node->db, err, "UPDATE study SET pinned=? WHERE digest=?", "bb", pinned.b, sizeof pinned.b, p->name.b, sizeof p->name.b));
    l->has_people = p->view->n_member > 0 && sund_rule_cell_min(&p->own, (int64_t) p->view->n_member);
    if (l->has_people) { /* else rule `parties` ends the study */
        SUND_TRY(sund_view_weights(p->view, &p->study, &p->own, NULL, err));
        SUND_TRY(sund_party_ask(p, err));
    }
    if (!p->has_key) {
        sund_session_key_make(&p->key);
        SUND_TRY(sund_party_key_path(p, path, sizeof path, err));
        SUND_TRY(sund_session_key_save(&p->key, path, err));
        p->has_key = true;
    }
    l->eph = sund_dh_pub(&p->key.eph);
    l->approved = true;
    return SUND_OK;
}

/** A decision that is not its signer's is a reason to refuse. */
static sund_code decided(sund_party *p, party_decision *d, sund_err *err)
{
    sund_err  why = { SUND_OK, "" };
    sund_code rc = sund_party_decided(p, d, &why);

    if (rc == SUND_E_DENIED)
        sund_party_fault_err(p, &why);
    return rc == SUND_OK || rc == SUND_E_DENIED ? SUND_OK : sund_fail(err, rc, "%s", why.msg);
}

static sund_code say_line(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_line     *l = calloc(1, sizeof *l);
    sund_buf       body = { 0 };
    sund_err       why = { SUND_OK, "" };
    party_decision d;
    sund_code      rc;

    if (!l)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(decided(p, &d, err));
    if (!d.verdict && !p->fault[0])
        goto out;
    (void) snprintf(l->reason, sizeof l->reason, "%s", d.reason);
    (void) snprintf(l->version, sizeof l->version, "%s", SUND_VERSION);
    l->roster = p->node->roster->digest;
    sund_random(l->nonce, sizeof l->nonce);
    l->thresholds = p->own;
    if (d.verdict == SUND_APPROVE && !p->fault[0] && fill_line(p, l, &why) != SUND_OK) {
        if (why.code == SUND_E_IO || why.code == SUND_E_UPSTREAM) { /* a disk, or the hub while a public file came: no reason to refuse */
            rc = sund_fail(err, why.code, "%s", why.msg);
            goto out;
        }
        sund_party_fault_err(p, &why);
        l->approved = false;
    }
    if (p->fault[0])
        (void) snprintf(l->reason, sizeof l->reason, "%.380s", p->fault);
    else if (!l->approved && !l->reason[0])
        (void) snprintf(l->reason, sizeof l->reason, "refused here");
    p->fault[0] = 0; /* the refusal says it */
    sund_text_clean(l->reason);
    if (d.automatic)
        SUND_GO(sund_ledger_add(p->node->db, "decision", sund_digest_hex(&p->name).s, err, "%s: %.300s", l->approved ? "approved" : "refused", l->reason));
    sund_line_write(l, &body);
    rc = say(p, SUND_MSG_LINE, &body, out, err);
out:
    free(l);
    return rc;
}

/** Stores the digest of a vector before it may be sent. *other: another vector was already sent under this label. */
static sund_code keep_sent(sund_party *p, const sund_digest *d, bool *other, sund_err *err)
{
    int64_t same = 0;

    SUND_TRY(sund_db_run(p->node->db, err, "INSERT OR IGNORE INTO sent(study, round, chunk, attempt, digest) VALUES(?,?,?,?,?)", "biiib", p->name.b,
                         sizeof p->name.b, (int64_t) p->slot.round, (int64_t) p->slot.chunk, (int64_t) p->slot.attempt, d->b, sizeof d->b));
    SUND_TRY(sund_db_i64(p->node->db, &same, 0, err, "SELECT COUNT(*) FROM sent WHERE study=? AND round=? AND chunk=? AND attempt=? AND digest=?", "biiib", p->name.b,
                         sizeof p->name.b, (int64_t) p->slot.round, (int64_t) p->slot.chunk, (int64_t) p->slot.attempt, d->b, sizeof d->b));
    *other = same == 0;
    return SUND_OK;
}

static sund_code say_retry(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_buf  body = { 0 };
    sund_slot next = { p->slot.round, p->slot.chunk, p->slot.attempt + 1 };

    sund_reason_write(&next, "this node's vector would differ from the one it sent under this label; a label is never used twice", &body);
    return say(p, SUND_MSG_RETRY, &body, out, err);
}

/** With two nodes the other one learns the own sums by subtraction. */
static sund_code alone(sund_party *p, const sund_vec *x, sund_err *err)
{
    const sund_engine *e = &p->engine;

    if (e->state.thresholds.open)
        return SUND_OK;
    if (p->study.n_node > 2) /* nobody learns them, unless this node leaves and agrees to it */
        return sund_party_own_part(p, x, err);
    if (!e->analysis->alone)
        return sund_refuse(err, "parties", "the analysis %s has no rules for the sums of one node, so two nodes cannot be asked it", e->analysis->name);
    return e->analysis->alone(&e->state, p->view, &e->round, e->chunk, x, err);
}

/** Own vector of the slot; left out when the runner has not got it yet. */
static sund_code make_own(sund_party *p, sund_err *err)
{
    sund_mask_label label = sund_party_label(p);
    sund_vec        x = { 0, 0, NULL };
    sund_key        k;
    bool            ready = false;
    sund_code       rc;

    if (p->masked)
        return SUND_OK;
    SUND_GO(sund_engine_local(&p->engine, p->view, p->node->n_thread, &x, &ready, err));
    p->own_waits = !ready;
    SUND_GO(sund_party_note(p, ready ? "" : p->engine.runner->note, err));
    if (!ready)
        goto out;
    SUND_GO(alone(p, &x, err));
    SUND_GO(sund_replay_key(p->node->key_dir, true, &k, err));
    p->commitment = sund_replay_commit(&k, &p->name, &p->slot, &x);
    sund_wipe(&k, sizeof k);
    rc = sund_mask(&p->masked, &p->session, &p->key, &label, &x, err);
out:
    sund_vec_free(&x);
    return rc;
}

static sund_code say_masked(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_mask_label label = sund_party_label(p);
    sund_envelope   head;
    sund_digest     d;
    bool            other = false;

    SUND_TRY(make_own(p, err));
    if (!p->masked)
        return SUND_OK;
    d = sund_masked_digest(p->masked); /* what is stored before sending, and what totals list */
    SUND_TRY(keep_sent(p, &d, &other, err));
    if (other)
        return say_retry(p, out, err);
    head = head_of(p, SUND_MSG_MASKED); /* its number is drawn now: the sums may have taken an hour, and numbers rise */
    head.prev = sund_label_digest(&p->session.digest, &label);
    SUND_TRY(sund_leave_masked(p->node->gate, &head, &label, p->masked, &p->commitment, out, err));
    p->said_masked = true;
    return SUND_OK;
}

/** That this node saw the total, and its part in the check of the addition: over the vector as it
 * was sent, made again where the node was killed since. */
static sund_code say_sign_total(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_digest was, d;
    sund_vec    sums = { 0, 0, NULL };
    sund_buf    body = { 0 };

    SUND_TRY(make_own(p, err));
    if (!p->masked)
        return SUND_OK;
    SUND_TRY(sund_party_own_digest(p, &was, err));
    d = sund_masked_digest(p->masked);
    if (!sund_digest_eq(&was, &d))
        return sund_fail(err, SUND_E_MISMATCH,
                         "%s cannot make again the vector that it sent: submit the study again",
                         p->node->me->id);
    SUND_TRY(sund_check_masked(&p->total_digest, p->masked, &sums, err));
    sund_sign_total_write(&p->slot, &p->total_digest, &sums, &body);
    sund_vec_free(&sums);
    return say(p, SUND_MSG_SIGN_TOTAL, &body, out, err);
}

static sund_code say_in_round(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_buf body = { 0 };

    if (!p->has_total)
        return p->said_masked ? SUND_OK : say_masked(p, out, err);
    if (!p->peer[p->me].signed_total)
        return say_sign_total(p, out, err);
    if (sund_party_all(p, sund_peer_signed_total) && !p->peer[p->me].opened) {
        sund_mask_label label = sund_party_label(p);

        SUND_TRY(sund_memory_answered(p->node->db, &p->name, err));
        sund_slot_write(&p->slot, &body);
        SUND_TRY(sund_mask_seal_own(&p->session, &p->key, &label, &body, err));
        return say(p, SUND_MSG_OPEN, &body, out, err);
    }
    return SUND_OK;
}

/** All have signed one result: its parts, one after the other has come back in the log, and then what lists them. */
static sund_code say_release(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_envelope head;
    sund_result m;

    SUND_TRY(sund_result_read(sund_release_manifest(p->release), &m, err));
    head = head_of(p, p->n_part < m.n_part ? SUND_MSG_PART : SUND_MSG_RELEASE);
    return p->n_part < m.n_part ? sund_leave_part(p->node->gate, &head, p->release, p->n_part, out, err) : sund_leave_release(p->node->gate, &head, p->release, out, err);
}

/** The next piece of a proposal, once: whoever signs another one after that stops the study. */
static sund_code say_propose(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_envelope   head = head_of(p, SUND_MSG_PROPOSE);
    const sund_key *once = p->proposal ? sund_proposal_key(p->proposal) : NULL;

    return sund_leave_propose(p->node->gate, &head, &p->session, once, p->release, p->proposal ? sund_proposal_next(p->proposal) : 0, out, err);
}

static sund_code say_in_release(sund_party *p, sund_leave **out, sund_err *err)
{
    bool            proposer = p->me == sund_party_proposer(p);
    sund_buf        body = { 0 };
    const sund_slot turn = { 0, 0, p->has_proposal };
    sund_digest     d;

    if (!p->peer[p->me].signed_release) {
        d = sund_release_digest(p->release);
        sund_signed_write(&turn, &d, &body);
        return say(p, SUND_MSG_SIGN_RELEASE, &body, out, err);
    }
    if (!proposer || !sund_party_all(p, sund_peer_signed_release))
        return SUND_OK;
    SUND_TRY((sund_party_agreed(p) ? say_release : say_propose)(p, out, err));
    p->said = true;
    return SUND_OK;
}

static sund_code say_stop(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_buf body = { 0 };

    if (p->said_stop)
        return SUND_OK;
    sund_stop_write(p->saying, p->fault, &body);
    SUND_TRY(say(p, SUND_MSG_STOP, &body, out, err));
    p->said_stop = true;
    return SUND_OK;
}

/** What is owed. Errors are of this machine and may pass: what ends the study is said as STOP. */
static sund_code owed(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_err  why = { SUND_OK, "" };
    sund_code rc = SUND_OK;

    if (p->state >= SUND_PARTY_RELEASED || p->n_fed == 0 || p->study.n_node == 0)
        return SUND_OK;
    if (p->peer[p->me].has_line)
        SUND_TRY(sund_party_stands(p, err));
    if (p->said && !p->fault[0])
        return SUND_OK;
    if (!p->peer[p->me].has_line)
        return p->said ? SUND_OK : say_line(p, out, err);
    if (p->fault[0])
        return say_stop(p, out, err);
    if (p->state == SUND_PARTY_ROUNDS || p->state == SUND_PARTY_RELEASE)
        rc = sund_party_still_same(p, &why);
    if (rc != SUND_OK)
        ;
    else if (p->state == SUND_PARTY_ROUNDS)
        rc = say_in_round(p, out, &why);
    else if (p->state == SUND_PARTY_RELEASE)
        rc = say_in_release(p, out, &why);
    if (rc == SUND_OK)
        return SUND_OK;
    if (rc == SUND_E_IO)
        return sund_fail(err, rc, "%s", why.msg);
    sund_party_fault_err(p, &why);
    return say_stop(p, out, err);
}

sund_code sund_party_next(sund_party *p, sund_leave **out, sund_err *err)
{
    sund_err why = { SUND_OK, "" };

    *out = NULL;
    if (p->broken)
        SUND_TRY(sund_party_mend(p, err));
    if (owed(p, out, &why) != SUND_OK)
        return sund_party_pause(p, &why, err);
    if (!p->paused)
        return SUND_OK;
    p->paused = false;
    p->trouble[0] = 0;
    if (p->state < SUND_PARTY_RELEASED && strncmp(p->detail, "paused: ", 8) == 0)
        (void) !sund_party_note(p, "", NULL); /* what is owed goes out all the same */
    return SUND_OK;
}
