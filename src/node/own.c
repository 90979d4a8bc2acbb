#include "node/own.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

sund_code sund_own_open(sund_own *o, const sund_home *h, const char *url, sund_err *err)
{
    memset(o, 0, sizeof *o);
    (void) snprintf(o->base, sizeof o->base, "%s/fdp/", url);
    (void) snprintf(o->title, sizeof o->title, "Data sets of %s", h->id);
    SUND_TRY(sund_profile_open(&o->profile, NULL, err));
    return sund_copies_open(&o->db, ":memory:", err);
}

void sund_own_close(sund_own *o)
{
    sund_db_close(o->db);
    sund_profile_free(o->profile);
    memset(o, 0, sizeof *o);
}

static sund_code take(sund_own *o, const char *node, sund_cur text, sund_err *err)
{
    sund_digest d = sund_digest_of(text.p, text.n);
    sund_err    why = { .code = SUND_OK };
    char        now[32];

    if (o->ready && sund_digest_eq(&d, &o->seen))
        return SUND_OK;
    sund_time_text(now);
    o->ready = false;
    SUND_TRY(sund_copies_forget(o->db, node, text.n ? "" : "the node describes no data sets", now, err));
    if (text.n && sund_copies_take(o->db, o->profile, node, text.p, text.n, now, &why) != SUND_OK) {
        sund_log(SUND_LOG_ERROR, "the catalogue of data sets cannot be shown: %s", why.msg);
        return sund_fail(err, SUND_E_UPSTREAM, "the catalogue of data sets cannot be shown at present");
    }
    o->seen = d;
    o->ready = true;
    return SUND_OK;
}

sund_code sund_own_page(sund_own *o, const char *node, const sund_shown *shown, const sund_page_ask *ask, sund_buf *out, const char **type, sund_err *err)
{
    sund_pages p = { o->db, NULL, o->base, o->title };

    if (!shown || !sund_shown_answered(shown))
        return sund_fail(err, SUND_E_UPSTREAM, "the catalogue of data sets cannot be shown at present");
    SUND_TRY(take(o, node, sund_shown_bytes(shown), err));
    return sund_pages_serve(&p, ask, out, type, err);
}
