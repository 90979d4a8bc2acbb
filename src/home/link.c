#include "home/link.h"

#include "base/text.h"
#include "study/messages.h"
#include "token/login.h"

#include <stdio.h>
#include <string.h>

/** Says whose key this is before anything else is asked. */
static sund_code log_in(sund_link *l, sund_err *err)
{
    const sund_home *h = l->home;
    sund_buf         tokens = { 0 }, body = { 0 }, reply = { 0 };
    sund_code        rc;

    SUND_GO(sund_home_login(h, &tokens, err));
    sund_buf_put(&body, h->identity.pub.b, sizeof h->identity.pub.b);
    sund_buf_put(&body, tokens.p, tokens.n);
    SUND_GO(sund_buf_ok(&body, err));
    if (!tokens.n)
        rc = sund_fail(err, SUND_E_DENIED, "%s is not in the roster, and has not logged in: 'sund login --home %s'", h->id, h->dir);
    else
        rc = sund_link_ask(l, SUND_MSG_LOGIN, body.p, body.n, 60, &reply, err);
out:
    sund_buf_free(&tokens);
    sund_buf_free(&body);
    sund_buf_free(&reply);
    return rc;
}

sund_code sund_link_open(sund_link *l, const sund_home *home, uint8_t channel, sund_err *err)
{
    memset(l, 0, sizeof *l);
    l->home = home;
    l->channel = channel;
    if (home->role == SUND_ROLE_HUB)
        return sund_fail(err, SUND_E_ARG, "%s is the home of the hub, which asks nothing: take a node's or a researcher's", home->dir);
    SUND_TRY(sund_client_open(&l->client, home->roster.hub_url, home->roster.hub_pin, err));
    return home->by_login ? log_in(l, err) : SUND_OK;
}

void sund_link_close(sund_link *l)
{
    sund_client_close(l->client);
    memset(l, 0, sizeof *l);
}

sund_envelope sund_link_head(sund_link *l, uint16_t kind, const sund_digest *about)
{
    sund_envelope e = { .kind = kind, .channel = l->channel };

    l->seq = sund_seq_next(l->seq);
    e.seq = l->seq;
    if (about)
        e.about = *about;
    return e;
}

static sund_code read_error(sund_cur body, sund_err *err)
{
    uint8_t code = sund_cur_u8(&body);
    char    msg[400];

    (void) sund_cur_str(&body, msg, sizeof msg);
    if (body.bad || body.n || code == SUND_OK || code >= SUND_E_COUNT)
        return sund_fail(err, SUND_E_UPSTREAM, "the hub's answer cannot be read");
    sund_text_clean(msg);
    return sund_fail(err, (sund_code) code, "the hub: %s", msg);
}

/** What the hub's answer names as its body's digest. */
static sund_code answer_digest(const sund_envelope *asked, uint16_t kind, sund_cur body, sund_digest *d, sund_err *err)
{
    if (kind == SUND_MSG_BATCH && asked->kind == SUND_MSG_POLL && asked->channel == SUND_CHANNEL_STUDIES)
        return sund_batch_digest(body, d, err);
    *d = sund_digest_of(body.p, body.n);
    return SUND_OK;
}

/** Of the hub's answer leaves the body. */
static sund_code read_reply(const sund_link *l, const sund_leave *asked, sund_buf *reply, sund_err *err)
{
    sund_cur      c = sund_cur_of(reply->p, reply->n), body;
    sund_envelope e;
    sund_digest   head = sund_envelope_digest(sund_leave_head(asked)), d;

    SUND_TRY(sund_envelope_read(&c, SUND_REPLY_MAX, &e, err));
    body = sund_cur_of(sund_cur_bytes(&c, (size_t) e.n_body), (size_t) e.n_body);
    SUND_TRY(sund_cur_end(&c, "the hub's answer", err));
    SUND_TRY(answer_digest(sund_leave_head(asked), e.kind, body, &d, err));
    if (!sund_digest_eq(&d, &e.body))
        return sund_fail(err, SUND_E_DENIED, "the hub's answer was altered");
    SUND_TRY(sund_envelope_check(&e, &l->home->roster, 1u << SUND_ROLE_HUB, err));
    if (!sund_digest_eq(&e.about, &head))
        return sund_fail(err, SUND_E_DENIED, "the hub answered another message than the one it was sent");
    if (e.kind == SUND_MSG_ERROR)
        return read_error(body, err);
    if (body.n)
        memmove(reply->p, body.p, body.n);
    reply->n = body.n;
    return SUND_OK;
}

sund_code sund_link_send(sund_link *l, const sund_leave *what, unsigned wait_s, sund_buf *reply, sund_err *err)
{
    sund_code rc = sund_client_send(l->client, SUND_HUB_PATH, what, wait_s, SUND_REPLY_MAX, reply, err);

    if (rc == SUND_OK)
        rc = read_reply(l, what, reply, err);
    if (rc != SUND_OK)
        sund_buf_clear(reply);
    return rc;
}

static sund_code ask_about(sund_link *l, uint16_t kind, const sund_digest *about, sund_cur body, unsigned wait_s, sund_buf *reply, sund_err *err)
{
    sund_envelope head = sund_link_head(l, kind, about);
    sund_leave   *out = NULL;
    sund_code     rc = sund_leave_protocol(l->home->gate, &head, body.p, body.n, &out, err);

    if (rc == SUND_OK)
        rc = sund_link_send(l, out, wait_s, reply, err);
    sund_leave_free(out);
    return rc;
}

sund_code sund_link_ask(sund_link *l, uint16_t kind, const void *body, size_t n, unsigned wait_s, sund_buf *reply, sund_err *err)
{
    return ask_about(l, kind, NULL, sund_cur_of(body, n), wait_s, reply, err);
}

sund_code sund_link_tell(sund_link *l, uint16_t kind, const sund_digest *about, const sund_buf *body, sund_buf *reply, sund_err *err)
{
    sund_buf  unread = { 0 };
    sund_code rc = sund_buf_ok(body, err);

    if (rc == SUND_OK)
        rc = ask_about(l, kind, about, sund_cur_of(body->p, body->n), 60, reply ? reply : &unread, err);
    sund_buf_free(&unread);
    return rc;
}

/** digest, u64, then perhaps u64 and bytes. */
static void file_ask(sund_buf *ask, const sund_digest *d, uint64_t number)
{
    sund_buf_clear(ask);
    sund_buf_put(ask, d->b, sizeof d->b);
    sund_buf_u64(ask, number);
}

sund_code sund_link_file_put(sund_link *l, const void *p, size_t n, sund_err *err)
{
    const sund_digest d = sund_digest_of(p, n);
    sund_buf          ask = { 0 }, reply = { 0 };
    uint64_t          at = 0, has = 0;
    sund_code         rc = SUND_OK;

    do {
        size_t   k = n - at < SUND_FILE_PIECE ? (size_t) (n - at) : SUND_FILE_PIECE;
        sund_cur c;

        file_ask(&ask, &d, n);
        sund_buf_u64(&ask, at);
        sund_buf_put(&ask, k ? (const uint8_t *) p + at : NULL, k);
        rc = sund_buf_ok(&ask, err);
        if (rc == SUND_OK)
            rc = sund_link_ask(l, SUND_MSG_FILE_PUT, ask.p, ask.n, 600, &reply, err);
        c = sund_cur_of(reply.p, reply.n);
        has = sund_cur_u64(&c);
        if (rc == SUND_OK)
            rc = sund_cur_end(&c, "the hub's answer", err);
        if (rc == SUND_OK && (has > n || (has <= at && has < n))) /* where to go on, and it is further on */
            rc = sund_fail(err, SUND_E_UPSTREAM, "the hub's answer cannot be read");
        at = has;
    } while (rc == SUND_OK && at < n);
    sund_buf_free(&ask);
    sund_buf_free(&reply);
    return rc;
}

sund_code sund_link_file_get(sund_link *l, const sund_digest *d, sund_err *err)
{
    sund_buf  ask = { 0 }, reply = { 0 };
    uint64_t  at = 0, has = 0, total = 1;
    sund_code rc = SUND_OK;

    while (rc == SUND_OK && has < total) {
        sund_cur c;

        at = has;
        file_ask(&ask, d, at);
        rc = sund_buf_ok(&ask, err);
        if (rc == SUND_OK)
            rc = sund_link_ask(l, SUND_MSG_FILE_GET, ask.p, ask.n, 600, &reply, err);
        c = sund_cur_of(reply.p, reply.n);
        total = sund_cur_u64(&c);
        if (rc == SUND_OK)
            rc = sund_cur_ok(&c, "the hub's answer", err);
        if (rc == SUND_OK)
            rc = sund_home_file_add(l->home, "hub", d, total, at, c.p, c.n, &has, err);
        if (rc == SUND_OK && has <= at && has < total)
            rc = sund_fail(err, SUND_E_UPSTREAM, "the hub's answer cannot be read");
    }
    sund_buf_free(&ask);
    sund_buf_free(&reply);
    return rc;
}

sund_code sund_reply_make(const sund_identity *hub, const sund_envelope *asked, uint16_t kind, sund_buf *out, sund_err *err)
{
    sund_envelope e = { .kind = kind, .seq = sund_seq_next(0), .about = sund_envelope_digest(asked) };

    SUND_TRY(sund_buf_ok(out, err));
    SUND_TRY(answer_digest(asked, kind, sund_cur_of(out->p + SUND_ENVELOPE_SIZE, out->n - SUND_ENVELOPE_SIZE), &e.body, err));
    return sund_envelope_place(&e, hub, out, err);
}

void sund_reply_error(const sund_err *why, sund_buf *out)
{
    char cut[380];

    (void) snprintf(cut, sizeof cut, "%.370s", why->msg);
    sund_buf_u8(out, (uint8_t) why->code);
    sund_buf_str(out, cut);
}
