#include "secagg/envelope.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

static const char magic[8] = { 'S', 'U', 'N', 'D', 'E', 'N', 'V', '1' };

/** Everything but the signature. */
static void write_signed(const sund_envelope *e, sund_buf *out)
{
    sund_buf_put(out, magic, sizeof magic);
    sund_buf_u16(out, e->kind);
    sund_buf_u8(out, e->channel);
    sund_buf_put(out, e->from, sizeof e->from);
    sund_buf_u64(out, e->seq);
    sund_buf_put(out, e->about.b, sizeof e->about.b);
    sund_buf_put(out, e->prev.b, sizeof e->prev.b);
    sund_buf_put(out, e->body.b, sizeof e->body.b);
    sund_buf_u64(out, e->n_body);
}

void sund_envelope_head(const sund_envelope *e, sund_buf *out)
{
    write_signed(e, out);
    sund_buf_put(out, e->sig.b, sizeof e->sig.b);
}

sund_code sund_envelope_sign(sund_envelope *e, const sund_identity *me, size_t n_body, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc;

    memset(e->from, 0, sizeof e->from);
    memcpy(e->from, me->id, strlen(me->id));
    e->n_body = n_body;
    write_signed(e, &b);
    rc = sund_buf_ok(&b, err);
    if (rc == SUND_OK)
        e->sig = sund_sign(&me->key, b.p, b.n);
    sund_buf_free(&b);
    return rc;
}

void sund_envelope_room(sund_buf *out, size_t n_body)
{
    if (!sund_buf_room(out, SUND_ENVELOPE_SIZE + n_body))
        return;
    memset(out->p + out->n, 0, SUND_ENVELOPE_SIZE);
    out->n += SUND_ENVELOPE_SIZE;
}

sund_code sund_envelope_place(sund_envelope *e, const sund_identity *me, sund_buf *whole, sund_err *err)
{
    sund_buf  head = { 0 };
    sund_code rc;

    SUND_TRY(sund_buf_ok(whole, err));
    SUND_TRY(sund_envelope_sign(e, me, whole->n - SUND_ENVELOPE_SIZE, err));
    sund_envelope_head(e, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        memcpy(whole->p, head.p, SUND_ENVELOPE_SIZE);
    sund_buf_free(&head);
    return rc;
}

void sund_envelope_write(sund_envelope *e, const sund_identity *me, const void *body, size_t n_body, sund_buf *out)
{
    e->body = sund_digest_of(body, n_body);
    if (sund_envelope_sign(e, me, n_body, NULL) != SUND_OK)
        out->bad = true;
    sund_envelope_head(e, out);
    sund_buf_put(out, body, n_body);
}

static bool name_ok(const char *from)
{
    size_t n = strnlen(from, SUND_ID_MAX + 1);

    if (n > SUND_ID_MAX || !sund_id_ok(from))
        return false;
    for (size_t i = n; i <= SUND_ID_MAX; i++)
        if (from[i])
            return false;
    return true;
}

sund_code sund_envelope_read(sund_cur *c, uint64_t max_body, sund_envelope *e, sund_err *err)
{
    sund_envelope  got;
    const uint8_t *m = sund_cur_bytes(c, sizeof magic);

    if (!m || memcmp(m, magic, sizeof magic) != 0)
        return sund_fail(err, SUND_E_FORMAT, "not a message of this federation's protocol");
    memset(&got, 0, sizeof got);
    got.kind = sund_cur_u16(c);
    got.channel = sund_cur_u8(c);
    (void) sund_cur_copy(c, got.from, sizeof got.from);
    got.seq = sund_cur_u64(c);
    (void) sund_cur_copy(c, got.about.b, sizeof got.about.b);
    (void) sund_cur_copy(c, got.prev.b, sizeof got.prev.b);
    (void) sund_cur_copy(c, got.body.b, sizeof got.body.b);
    got.n_body = sund_cur_u64(c);
    (void) sund_cur_copy(c, got.sig.b, sizeof got.sig.b);
    SUND_TRY(sund_cur_ok(c, "a message's header", err));
    if (!name_ok(got.from))
        return sund_fail(err, SUND_E_FORMAT, "a message's sender has no valid name");
    if (got.n_body > max_body)
        return sund_fail(err, SUND_E_LIMIT, "a message of %s has %llu bytes, the limit is %llu", got.from, (unsigned long long) got.n_body, (unsigned long long) max_body);
    *e = got;
    return SUND_OK;
}

sund_code sund_envelope_body(sund_cur *c, const sund_envelope *e, sund_cur *body, sund_err *err)
{
    const uint8_t *p = e->n_body <= c->n ? sund_cur_bytes(c, (size_t) e->n_body) : NULL;
    sund_digest    d;

    if (!p && e->n_body)
        return sund_fail(err, SUND_E_FORMAT, "a message of %s is truncated", e->from);
    d = sund_digest_of(p, (size_t) e->n_body);
    if (!sund_digest_eq(&d, &e->body))
        return sund_fail(err, SUND_E_DENIED, "the body of a message of %s was altered", e->from);
    *body = sund_cur_of(p, (size_t) e->n_body);
    return SUND_OK;
}

sund_code sund_envelope_check(const sund_envelope *e, const sund_roster *r, unsigned roles, sund_err *err)
{
    const sund_member *m = sund_roster_find(r, e->from, (sund_role) 0);

    if (!m)
        return sund_fail(err, SUND_E_DENIED, "unknown sender %s: not in the roster", e->from);
    if (!(roles & 1u << m->role))
        return sund_fail(err, SUND_E_DENIED, "%s may not send a message of kind %u", e->from, e->kind);
    return sund_envelope_check_key(e, &m->sign, err);
}

sund_code sund_envelope_check_key(const sund_envelope *e, const sund_pub *key, sund_err *err)
{
    sund_buf b = { 0 };
    bool     good;

    write_signed(e, &b);
    good = !b.bad && sund_verify(key, &e->sig, b.p, b.n);
    sund_buf_free(&b);
    return good ? SUND_OK : sund_fail(err, SUND_E_DENIED, "the signature of %s does not match its message of kind %u", e->from, e->kind);
}

sund_digest sund_envelope_digest(const sund_envelope *e)
{
    sund_buf    b = { 0 };
    sund_digest d;

    sund_envelope_head(e, &b);
    d = sund_digest_of(b.p, b.n);
    sund_buf_free(&b);
    return d;
}

uint64_t sund_seq_next(uint64_t last)
{
    uint64_t now = sund_time_us();

    return now > last ? now : last + 1;
}
