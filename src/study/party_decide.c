#include "study/party_priv.h"

#include "base/log.h"
#include "base/text.h"
#include "gate/ledger.h"
#include "study/application.h"
#include "study/bodies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who decides at this node, and that it still stands: decisions of its committee or operator, which other processes write into the database. */

/** Somebody of the roster, or whose visa this node asked for: a login alone is no reason to approve what nobody looked at. */
static bool known_asker(const sund_party *p) { return !p->by_login || p->node->visa; }

/** No decision until the deadline means what the configuration says. */
static sund_code by_silence(const sund_party *p, party_decision *out, sund_err *err)
{
    const sund_dac *dac = p->node->dac;
    sund_rows      *rows = NULL;
    bool            more = false;
    char            now[32], last[11] = "";
    sund_code       rc;

    SUND_TRY(sund_db_query(p->node->db, &rows, err, "SELECT received FROM study WHERE digest=?", "b", p->name.b, sizeof p->name.b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        sund_deadline(sund_rows_text(rows, 0), dac->deadline_days, last);
    sund_rows_close(rows);
    SUND_TRY(rc);
    sund_time_text(now);
    if (!last[0] || strncmp(now, last, 10) <= 0)
        return SUND_OK;
    out->verdict = dac->silence_approves && known_asker(p) ? SUND_APPROVE : SUND_REFUSE;
    out->automatic = true;
    (void) snprintf(out->reason, sizeof out->reason, "no decision until %s, %u working days after the study came: %s", last, dac->deadline_days,
                    out->verdict == SUND_APPROVE ? "approved, as this node's rules say" : "refused");
    return SUND_OK;
}

/** A login or visa that did not hold when the study came: nobody here decides otherwise. */
static sund_code by_login(const sund_party *p, party_decision *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(p->node->db, &rows, err, "SELECT refusal FROM login WHERE study=? AND refusal<>''", "b", p->name.b, sizeof p->name.b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        out->verdict = SUND_REFUSE;
        (void) snprintf(out->reason, sizeof out->reason, "%s", sund_rows_text(rows, 0));
    }
    sund_rows_close(rows);
    return rc;
}

static sund_agreement_eye eye_of(const sund_party *p) { return (sund_agreement_eye){ p->node->db, p->node->roster, p->node->dac, p->node->data }; }

/** An agreement that the study is inside: it approves what nobody here decided on, and it alone allows sums of two nodes. */
static sund_code by_agreement(sund_party *p, party_decision *out, sund_err *err)
{
    sund_agreement_eye eye = eye_of(p);
    sund_agreement    *a = calloc(1, sizeof *a);
    char               why[200];
    bool               found = false;
    sund_code          rc = a ? sund_agreement_find(&eye, &p->study, a, &found, why, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && found) {
        p->own = sund_thresholds_join(&p->own, &a->least);
        p->own.open = sund_gate_thresholds(p->node->gate)->open;
        p->own.digits = sund_gate_thresholds(p->node->gate)->digits;
        if (a->two_party)
            p->own.parties = 2;
        if (!out->verdict) {
            out->automatic = true;
            (void) snprintf(out->reason, sizeof out->reason, "within agreement %s (%.16s)", a->name, sund_digest_hex(&a->digest).s);
        }
        out->verdict = SUND_APPROVE;
        rc = sund_db_run(p->node->db, err, "INSERT OR REPLACE INTO under(study, agreement) VALUES(?,?)", "bb", p->name.b, sizeof p->name.b, a->digest.b, sizeof a->digest.b);
    }
    free(a);
    return rc;
}

static sund_application_eye applied_eye(const sund_party *p) { return (sund_application_eye){ eye_of(p), p->node->trust }; }

/** The key that signed the study, and the person of its login. */
static sund_code asker(const sund_party *p, sund_applicant *who, sund_err *err)
{
    sund_envelope e;
    sund_buf      text = { 0 };
    sund_rows    *rows = NULL;
    bool          more = false;
    sund_code     rc;

    memset(who, 0, sizeof *who);
    rc = sund_party_submitted(p->node->db, p->node->roster, &p->name, &e, &text, &who->key, err);
    sund_buf_free(&text);
    if (rc == SUND_OK)
        rc = sund_db_query(p->node->db, &rows, err, "SELECT issuer, subject FROM login WHERE study=?", "b", p->name.b, sizeof p->name.b);
    if (rc == SUND_OK)
        rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        (void) snprintf(who->issuer, sizeof who->issuer, "%s", sund_rows_text(rows, 0));
        (void) snprintf(who->subject, sizeof who->subject, "%s", sund_rows_text(rows, 1));
    }
    sund_rows_close(rows);
    return rc;
}

/** An application of this asker's that was approved here. */
static sund_code by_application(sund_party *p, party_decision *out, sund_err *err)
{
    sund_application_eye eye = applied_eye(p);
    sund_applicant       who;
    sund_digest          d;
    char                 why[200];
    bool                 found = false;

    SUND_TRY(asker(p, &who, err));
    SUND_TRY(sund_application_find(&eye, &p->study, &who, &d, &found, why, err));
    if (!found)
        return SUND_OK;
    out->verdict = SUND_APPROVE;
    out->automatic = true;
    (void) snprintf(out->reason, sizeof out->reason, "under application %s", sund_digest_hex(&d).s);
    return sund_db_run(p->node->db, err, "INSERT OR REPLACE INTO under_application(study, application) VALUES(?,?)", "bb", p->name.b, sizeof p->name.b, d.b, sizeof d.b);
}

sund_code sund_party_decided(sund_party *p, party_decision *out, sund_err *err)
{
    const sund_dac *dac = p->node->dac;
    bool            two = p->study.n_node == 2;
    sund_standing   s;

    memset(out, 0, sizeof *out);
    p->own = *sund_gate_thresholds(p->node->gate);
    SUND_TRY(by_login(p, out, err));
    if (out->verdict)
        return SUND_OK;
    SUND_TRY(sund_dac_standing(p->node->db, dac, &p->name, &s, err));
    out->verdict = s.verdict;
    if (s.verdict == SUND_APPROVE) {
        SUND_TRY(sund_exception_read(s.exception, &p->own, &p->lifted, err));
        return two ? by_agreement(p, out, err) : SUND_OK;
    }
    if (s.verdict) {
        (void) snprintf(out->reason, sizeof out->reason, "%s%s%s", s.verdict == SUND_REFUSE ? "" : sund_verdict_name(s.verdict), s.verdict == SUND_REFUSE ? "" : ": ", s.reason);
        return SUND_OK;
    }
    if (dac->approve_all && known_asker(p)) {
        out->verdict = SUND_APPROVE;
        return two ? by_agreement(p, out, err) : SUND_OK;
    }
    if (known_asker(p))
        SUND_TRY(by_agreement(p, out, err));
    if (!out->verdict)
        SUND_TRY(by_application(p, out, err));
    return out->verdict ? SUND_OK : by_silence(p, out, err);
}

/** The digest that sql, with one parameter, finds for the study: of what it runs under here. */
static sund_code under(const sund_party *p, const char *sql, bool *any, sund_digest *d, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_code  rc;

    *any = false;
    SUND_TRY(sund_db_query(p->node->db, &rows, err, sql, "b", p->name.b, sizeof p->name.b));
    rc = sund_rows_next(rows, any, err);
    if (rc == SUND_OK && *any) {
        sund_cur c = sund_rows_blob(rows, 0);

        *any = sund_cur_copy(&c, d->b, sizeof d->b);
    }
    sund_rows_close(rows);
    return rc;
}

/** The agreement by which the study runs here, if any, is still in force. */
static sund_code agreement_stands(sund_party *p, sund_err *err)
{
    sund_agreement_eye eye = eye_of(p);
    sund_agreement    *a;
    sund_digest        d;
    bool               any;
    sund_code          rc;

    SUND_TRY(under(p, "SELECT agreement FROM under WHERE study=?", &any, &d, err));
    if (!any)
        return SUND_OK;
    a = calloc(1, sizeof *a);
    rc = a ? sund_agreement_stands(&eye, &d, a, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    free(a);
    return rc;
}

/** The application under which the study runs here, if any, is still approved, and its days have not ended. */
static sund_code application_stands(sund_party *p, sund_err *err)
{
    sund_application_eye eye = applied_eye(p);
    sund_applied        *x;
    sund_digest          d;
    bool                 any;
    sund_code            rc;

    SUND_TRY(under(p, "SELECT application FROM under_application WHERE study=?", &any, &d, err));
    if (!any)
        return SUND_OK;
    x = calloc(1, sizeof *x);
    rc = x ? sund_application_stands(&eye, &d, x, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (rc == SUND_OK && x->word.state != SUND_APPLICATION_APPROVED)
        rc = sund_fail(err, SUND_E_DENIED, "application %.16s at %s: %s", sund_digest_hex(&d).s, p->node->me->id, x->word.reason);
    free(x);
    return rc;
}

sund_code sund_party_stands(sund_party *p, sund_err *err)
{
    sund_err      why = { SUND_OK, "" };
    sund_standing s;
    sund_code     rc;

    if (p->fault[0] || !p->peer[p->me].line.approved)
        return SUND_OK;
    rc = sund_dac_standing(p->node->db, p->node->dac, &p->name, &s, &why);
    if (rc == SUND_OK)
        rc = agreement_stands(p, &why);
    if (rc == SUND_OK)
        rc = application_stands(p, &why);
    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    if (rc != SUND_OK)
        sund_party_fault_err(p, &why);
    else if (s.verdict > SUND_APPROVE) {
        p->withdrawn = true;
        if (s.verdict >= SUND_LEAVE)
            sund_party_leaves(p, &s);
        sund_party_fault(p, "%s by %s: %s", s.verdict == SUND_VETO && p->state < SUND_PARTY_ROUNDS ? "vetoed" : "approval revoked", p->node->me->id, s.reason);
    }
    return SUND_OK;
}

static sund_code recall(sund_db *db, const sund_digest *study, const char *node, const char *reason, sund_err *err)
{
    char note[SUND_REASON_MAX], cut[SUND_DAC_REASON_MAX + 1];

    (void) snprintf(note, sizeof note, "; approval revoked by %s: %s", node, reason);
    (void) snprintf(cut, sizeof cut, "%s", reason);
    sund_text_clean(cut);
    SUND_TRY(sund_db_run(db, err, "UPDATE study SET release=NULL, detail=detail || ? WHERE digest=? AND state=?", "tbi", note, study->b, sizeof study->b, (int64_t) SUND_PARTY_RELEASED));
    if (sund_db_changes(db) == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "study %.12s is not released here", sund_digest_hex(study).s);
    SUND_TRY(sund_db_run(db, err, "INSERT OR IGNORE INTO recall(study, reason, told) VALUES(?,?,0)", "bt", study->b, sizeof study->b, cut));
    return sund_ledger_add(db, "recalled", sund_digest_hex(study).s, err, "approval revoked after the release: this node has deleted its copy and gives out none, and tells the hub to do the same; what was given out before cannot be called back");
}

sund_code sund_party_recall(sund_db *db, const sund_digest *study, const char *node, const char *reason, sund_err *err)
{
    SUND_TRY(sund_db_part(db, err));
    return sund_db_part_end(db, true, recall(db, study, node, reason, err), err);
}

sund_code sund_recall_untold(sund_db *db, bool *any, sund_digest *study, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err)
{
    return sund_untold(db, "SELECT study, reason FROM recall WHERE told=0 LIMIT 1", any, study, reason, err);
}

sund_code sund_recall_told(sund_db *db, const sund_digest *study, sund_err *err)
{
    return sund_db_run(db, err, "UPDATE recall SET told=1 WHERE study=?", "b", study->b, sizeof study->b);
}

sund_code sund_recall_heard(sund_db *db, const sund_roster *roster, const sund_digest *study, const char *node, const char *reason, sund_err *err)
{
    sund_study *s = calloc(1, sizeof *s);
    sund_code   rc = s ? sund_party_read_study(db, roster, study, s, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && sund_study_node(s, node) < 0)
        rc = sund_fail(err, SUND_E_DENIED, "%s recalls a study that did not ask it", node);
    if (rc == SUND_OK)
        rc = sund_ledger_add(db, "recalled", sund_digest_hex(study).s, err, "%s has revoked its approval after the release (%s): the hub gives the result out no more", node, reason);
    free(s);
    return rc;
}
