#include "study/party_priv.h"

#include "base/log.h"
#include "gate/ledger.h"
#include "study/bodies.h"

#include <stdio.h>
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

sund_code sund_party_decided(sund_party *p, party_decision *out, sund_err *err)
{
    const sund_dac *dac = p->node->dac;
    sund_standing   s;

    memset(out, 0, sizeof *out);
    SUND_TRY(sund_dac_standing(p->node->db, dac, &p->name, &s, err));
    out->verdict = s.verdict;
    p->own = *sund_gate_thresholds(p->node->gate);
    if (s.verdict == SUND_APPROVE)
        return sund_exception_read(s.exception, &p->own, &p->lifted, err);
    if (s.verdict) {
        (void) snprintf(out->reason, sizeof out->reason, "%s%s%s", s.verdict == SUND_REFUSE ? "" : sund_verdict_name(s.verdict), s.verdict == SUND_REFUSE ? "" : ": ", s.reason);
        return SUND_OK;
    }
    if (dac->approve_all && known_asker(p)) {
        out->verdict = SUND_APPROVE;
        return SUND_OK;
    }
    return by_silence(p, out, err);
}

sund_code sund_party_stands(sund_party *p, sund_err *err)
{
    sund_err      why = { SUND_OK, "" };
    sund_standing s;
    sund_code     rc;

    if (p->fault[0] || !p->peer[p->me].line.approved)
        return SUND_OK;
    rc = sund_dac_standing(p->node->db, p->node->dac, &p->name, &s, &why);
    if (rc == SUND_E_DENIED)
        sund_party_fault_err(p, &why);
    else if (rc != SUND_OK)
        return sund_fail(err, rc, "%s", why.msg);
    else if (s.verdict > SUND_APPROVE) {
        p->withdrawn = true;
        sund_party_fault(p, "%s by %s: %s", s.verdict == SUND_VETO && p->state < SUND_PARTY_ROUNDS ? "vetoed" : "approval revoked", p->node->me->id, s.reason);
    }
    return SUND_OK;
}

sund_code sund_party_recall(sund_db *db, const sund_digest *study, const char *node, const char *reason, sund_err *err)
{
    char note[SUND_REASON_MAX];

    (void) snprintf(note, sizeof note, "; approval revoked by %s: %s", node, reason);
    SUND_TRY(sund_db_run(db, err, "UPDATE study SET release=NULL, detail=detail || ? WHERE digest=? AND state=?", "tbi", note, study->b, sizeof study->b, (int64_t) SUND_PARTY_RELEASED));
    if (sund_db_changes(db) == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "study %.12s is not released here", sund_digest_hex(study).s);
    SUND_TRY(sund_bodies_drop(db, study, SUND_MSG_RELEASE, err));
    return sund_ledger_add(db, "recalled", sund_digest_hex(study).s, err, "approval revoked after the release: what was given out cannot be called back; this node has deleted its copy and gives out none");
}
