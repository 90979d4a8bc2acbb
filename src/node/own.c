#include "node/own.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sund_code sund_own_open(sund_own *o, const sund_home *h, const char *url, sund_err *err)
{
    memset(o, 0, sizeof *o);
    (void) snprintf(o->base, sizeof o->base, "%s/fdp/", url);
    (void) snprintf(o->title, sizeof o->title, "Data sets of %s", h->id);
    SUND_TRY(sund_profile_open(&o->profile, NULL, err));
    return sund_copies_open(&o->db, "", err);
}

void sund_own_close(sund_own *o)
{
    sund_db_close(o->db);
    sund_profile_free(o->profile);
    memset(o, 0, sizeof *o);
}

/** The next part, into t. */
static sund_code take_part(sund_taking *t, sund_own_ask said, void *ctx, sund_err *err)
{
    char        question[40];
    sund_shown *s = NULL;
    sund_code   rc;

    (void) snprintf(question, sizeof question, "datasets %zu", t->n);
    rc = said(ctx, question, &s, err);
    if (rc == SUND_OK && !sund_shown_answered(s))
        rc = sund_fail(err, SUND_E_UPSTREAM, "%s", sund_shown_why(s));
    if (rc == SUND_OK)
        rc = sund_taking_part(t, sund_shown_bytes(s), err);
    sund_shown_free(s);
    return rc;
}

static sund_code take(sund_own *o, const char *node, sund_cur first, sund_own_ask said, void *ctx, sund_err *err)
{
    char         now[32];
    sund_taking *t = malloc(sizeof *t);
    sund_err     why = { .code = SUND_OK };
    sund_code    rc;

    if (!t)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    sund_time_text(now);
    *t = (sund_taking){ .db = o->db, .profile = o->profile, .node = node, .time = now };
    rc = sund_taking_part(t, first, &why);
    while (rc == SUND_OK && !sund_taking_whole(t))
        rc = take_part(t, said, ctx, &why);
    rc = sund_taking_end(t, rc, &why, err);
    free(t);
    return rc;
}

/** Taken anew where it changed: its first part says so, by the version of all. */
static sund_code refresh(sund_own *o, const char *node, sund_cur text, sund_own_ask said, void *ctx, sund_err *err)
{
    sund_digest d = sund_digest_of(text.p, text.n);
    sund_err    why = { .code = SUND_OK };
    char        now[32];

    if (o->ready && sund_digest_eq(&d, &o->seen))
        return SUND_OK;
    sund_time_text(now);
    o->ready = false;
    SUND_TRY(sund_copies_forget(o->db, node, text.n ? "" : "the node describes no data sets", now, err));
    if (text.n && take(o, node, text, said, ctx, &why) != SUND_OK) {
        sund_log(SUND_LOG_ERROR, "the catalogue of data sets cannot be shown: %s", why.msg);
        return sund_fail(err, SUND_E_UPSTREAM, "the catalogue of data sets cannot be shown at present");
    }
    o->seen = d;
    o->ready = true;
    return SUND_OK;
}

sund_code sund_own_page(sund_own *o, const char *node, sund_own_ask said, void *ctx, const sund_page_ask *ask, sund_buf *out, const char **type, char *links, sund_err *err)
{
    sund_pages  p = { o->db, NULL, o->base, o->title };
    sund_shown *first = NULL;
    sund_code   rc = said(ctx, "datasets", &first, err);

    if (rc == SUND_OK && !sund_shown_answered(first))
        rc = sund_fail(err, SUND_E_UPSTREAM, "the catalogue of data sets cannot be shown at present");
    if (rc == SUND_OK)
        rc = refresh(o, node, sund_shown_bytes(first), said, ctx, err);
    sund_shown_free(first);
    return rc == SUND_OK ? sund_pages_serve(&p, ask, out, type, links, err) : rc;
}
