#include "node/applications.h"

#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

sund_application_eye sund_application_eye_of(const sund_home *h) { return (sund_application_eye){ { h->db, &h->roster, &h->dac, h->data }, h->dir }; }

static sund_code tell(sund_link *l, const sund_digest *d, const sund_application_word *w, sund_err *err)
{
    sund_buf  body = { 0 };
    sund_code rc;

    sund_application_word_write(d, w, &body);
    rc = sund_link_tell(l, SUND_MSG_APPLY_STATE, d, &body, NULL, err);
    sund_buf_free(&body);
    return rc;
}

/** What is not kept is answered all the same, or the hub would show it for ever. */
static sund_code turn_away(sund_link *l, const sund_digest *d, sund_application_state state, const char *why, sund_err *err)
{
    sund_application_word w = { .state = state };
    sund_code             rc;

    sund_log(SUND_LOG_WARN, "application %.12s: %s: passed over", sund_digest_hex(d).s, why);
    sund_time_text(w.received);
    sund_deadline(w.received, 0, w.deadline);
    (void) snprintf(w.reason, sizeof w.reason, "%s%.300s", state == SUND_APPLICATION_REFUSED ? "not taken: " : "", why);
    sund_text_clean(w.reason);
    rc = tell(l, d, &w, err);
    return rc == SUND_E_DENIED ? SUND_OK : rc;
}

sund_code sund_application_came(sund_link *l, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_application_eye eye = sund_application_eye_of(l->home);
    sund_err             why = { SUND_OK, "" };
    sund_code            rc = sund_application_take(&eye, e, body.p, body.n, &why);

    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    if (rc != SUND_OK)
        return turn_away(l, &e->about, SUND_APPLICATION_REFUSED, why.msg, err);
    sund_log(SUND_LOG_INFO, "application %.12s has come: 'sund apply show %.12s' says what it asks", sund_digest_hex(&e->about).s, sund_digest_hex(&e->about).s);
    return SUND_OK;
}

sund_code sund_application_goes(sund_link *l, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_application_eye eye = sund_application_eye_of(l->home);
    sund_err             why = { SUND_OK, "" };
    sund_code            rc = sund_application_withdraw(&eye, e, body.p, body.n, &why);

    if (rc == SUND_E_NOT_FOUND)
        return turn_away(l, &e->about, SUND_APPLICATION_WITHDRAWN, "withdrawn before it was taken here", err);
    if (rc != SUND_OK)
        return sund_fail(err, rc, "%s", why.msg);
    sund_log(SUND_LOG_INFO, "application %.12s is withdrawn by who applied: studies under it stop", sund_digest_hex(&e->about).s);
    return SUND_OK;
}

sund_code sund_applications_tell(sund_link *l, char *told, sund_err *err)
{
    sund_application_eye  eye = sund_application_eye_of(l->home);
    sund_application_word w;
    sund_digest           d;
    char                  now[SUND_APPLICATIONS_MARK];
    int64_t               from = 0;
    bool                  any = true;

    SUND_TRY(sund_applications_mark(l->home->db, now, err));
    if (told && strcmp(told, now) == 0)
        return SUND_OK;
    for (int i = 0; i < 100; i++) {
        sund_err  why = { SUND_OK, "" };
        sund_code rc;

        SUND_TRY(sund_application_untold(&eye, &from, &any, &d, &w, err));
        if (!any)
            break;
        rc = tell(l, &d, &w, &why);
        if (rc == SUND_E_DENIED) /* a hub of another past: asking again changes nothing */
            sund_log(SUND_LOG_ERROR, "application %.12s: the hub does not take this node's word: %s", sund_digest_hex(&d).s, why.msg);
        else if (rc != SUND_OK)
            return sund_fail(err, rc, "%s", why.msg);
        SUND_TRY(sund_application_told(l->home->db, &d, &w, err));
    }
    if (told && !any)
        memcpy(told, now, sizeof now);
    return SUND_OK;
}
