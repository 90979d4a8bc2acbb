#include "node/notices.h"

#include "base/log.h"
#include "study/agreement.h"
#include "study/party.h"

#include <string.h>

sund_code sund_notices_poll(const sund_home *h, sund_buf *ask, sund_err *err)
{
    static const sund_digest none;
    int64_t                  next = 0;

    SUND_TRY(sund_db_i64(h->db, &next, 0, err, "SELECT next FROM notices_heard", ""));
    sund_buf_put(ask, none.b, sizeof none.b);
    sund_buf_u32(ask, (uint32_t) next);
    return sund_buf_ok(ask, err);
}

static sund_code take(const sund_home *h, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_digest got = sund_digest_of(body.p, body.n), d;
    char        reason[SUND_DAC_REASON_MAX + 1];

    SUND_TRY(sund_envelope_check(e, &h->roster, 1u << SUND_ROLE_NODE, err));
    if ((e->kind != SUND_MSG_AGREEMENT_END && e->kind != SUND_MSG_RECALL) || !sund_digest_eq(&got, &e->body))
        return sund_fail(err, SUND_E_DENIED, "a word of %s for all nodes was altered", e->from);
    SUND_TRY(sund_end_read(body, &d, reason, err));
    if (!sund_digest_eq(&d, &e->about))
        return sund_fail(err, SUND_E_DENIED, "a word of %s is about something else than it says", e->from);
    if (e->kind == SUND_MSG_RECALL && strcmp(e->from, h->id) == 0)
        return SUND_OK; /* logged as it was decided */
    if (e->kind == SUND_MSG_RECALL) {
        int64_t here = 0;

        SUND_TRY(sund_db_i64(h->db, &here, 0, err, "SELECT COUNT(*) FROM study WHERE digest=?", "b", d.b, sizeof d.b));
        return here ? sund_recall_heard(h->db, &h->roster, &d, e->from, reason, err) : SUND_OK; /* a study of others */
    }
    sund_log(SUND_LOG_INFO, "agreement %.16s: revoked by %s: %s", sund_digest_hex(&d).s, e->from, reason);
    return sund_agreement_end(h->db, &d, e->from, false, reason, err);
}

sund_code sund_notice_take(const sund_home *h, uint32_t index, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_err  why = { SUND_OK, "" };
    sund_code rc = take(h, e, body, &why);

    if (rc == SUND_E_IO || rc == SUND_E_NOMEM) /* it comes again */
        return sund_fail(err, rc, "%s", why.msg);
    if (rc != SUND_OK)
        sund_log(SUND_LOG_WARN, "%s: passed over", why.msg);
    return sund_db_run(h->db, err, "INSERT INTO notices_heard(one, next) VALUES(1, ?1) ON CONFLICT DO UPDATE SET next=?1", "i", (int64_t) index + 1);
}

static sund_code tell(sund_link *l, uint16_t kind, const sund_digest *d, const char *reason, sund_err *err)
{
    sund_buf  body = { 0 };
    sund_code rc;

    sund_end_write(d, reason, &body);
    rc = sund_link_tell(l, kind, d, &body, NULL, err);
    sund_buf_free(&body);
    return rc;
}

sund_code sund_notices_tell(sund_link *l, sund_err *err)
{
    sund_db    *db = l->home->db;
    sund_err    why = { SUND_OK, "" };
    sund_digest d;
    char        reason[SUND_DAC_REASON_MAX + 1];
    bool        any = false;
    sund_code   rc;

    SUND_TRY(sund_end_untold(db, &any, &d, reason, err));
    if (any) {
        SUND_TRY(tell(l, SUND_MSG_AGREEMENT_END, &d, reason, err));
        return sund_end_told(db, &d, l->home->id, err);
    }
    SUND_TRY(sund_recall_untold(db, &any, &d, reason, err));
    if (!any)
        return SUND_OK;
    rc = tell(l, SUND_MSG_RECALL, &d, reason, &why);
    if (rc == SUND_E_NOT_FOUND || rc == SUND_E_DENIED) /* a hub of another past: asking again changes nothing */
        sund_log(SUND_LOG_ERROR, "study %.12s was revoked after its release, and the hub does not take it: %s", sund_digest_hex(&d).s, why.msg);
    else if (rc != SUND_OK)
        return sund_fail(err, rc, "%s", why.msg);
    return sund_recall_told(db, &d, err);
}
