#include "study/messages.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void sund_slot_write(const sund_slot *s, sund_buf *out)
{
    sund_buf_u32(out, s->round);
    sund_buf_u32(out, s->chunk);
    sund_buf_u32(out, s->attempt);
}

void sund_slot_read(sund_cur *c, sund_slot *s)
{
    s->round = sund_cur_u32(c);
    s->chunk = sund_cur_u32(c);
    s->attempt = sund_cur_u32(c);
}

/** A byte that must be 0 or 1. */
static bool read_bool(sund_cur *c)
{
    uint8_t b = sund_cur_u8(c);

    if (b > 1)
        c->bad = true;
    return b == 1;
}

void sund_thresholds_write(const sund_thresholds *t, sund_buf *out)
{
    sund_buf_u8(out, t->open);
    sund_buf_u32(out, t->cell_min);
    sund_buf_u32(out, t->mac);
    sund_buf_u32(out, t->mac_association);
    sund_buf_u32(out, t->parties);
    sund_buf_u32(out, t->df_min);
    sund_buf_u32(out, t->digits);
}

void sund_thresholds_read(sund_cur *c, sund_thresholds *t)
{
    t->open = read_bool(c);
    t->cell_min = sund_cur_u32(c);
    t->mac = sund_cur_u32(c);
    t->mac_association = sund_cur_u32(c);
    t->parties = sund_cur_u32(c);
    t->df_min = sund_cur_u32(c);
    t->digits = sund_cur_u32(c);
}

void sund_line_write(const sund_line *l, sund_buf *out)
{
    sund_buf_u8(out, l->approved);
    sund_buf_str(out, l->reason);
    sund_buf_str(out, l->version);
    sund_buf_put(out, l->roster.b, sizeof l->roster.b);
    sund_buf_put(out, l->eph.b, sizeof l->eph.b);
    sund_buf_put(out, l->nonce, sizeof l->nonce);
    sund_buf_put(out, l->release.b, sizeof l->release.b);
    sund_thresholds_write(&l->thresholds, out);
    sund_buf_u8(out, l->has_people);
    sund_buf_str(out, l->strata);
    sund_buf_str(out, l->vars);
}

sund_code sund_line_read(sund_cur body, sund_line *l, sund_err *err)
{
    memset(l, 0, sizeof *l);
    l->approved = read_bool(&body);
    (void) sund_cur_str(&body, l->reason, sizeof l->reason);
    (void) sund_cur_str(&body, l->version, sizeof l->version);
    body.bad |= !sund_text_ok(l->reason) || !sund_text_ok(l->version);
    (void) sund_cur_copy(&body, l->roster.b, sizeof l->roster.b);
    (void) sund_cur_copy(&body, l->eph.b, sizeof l->eph.b);
    (void) sund_cur_copy(&body, l->nonce, sizeof l->nonce);
    (void) sund_cur_copy(&body, l->release.b, sizeof l->release.b);
    sund_thresholds_read(&body, &l->thresholds);
    l->has_people = read_bool(&body);
    (void) sund_cur_str(&body, l->strata, sizeof l->strata);
    (void) sund_cur_str(&body, l->vars, sizeof l->vars);
    SUND_TRY(sund_cur_end(&body, "a session line", err));
    return sund_thresholds_check_one(&l->thresholds, err);
}

void sund_total_write(const sund_slot *slot, const sund_envelope *head, size_t n_head, const sund_vec *sum, sund_buf *out)
{
    sund_slot_write(slot, out);
    sund_buf_u16(out, (uint16_t) n_head);
    for (size_t i = 0; i < n_head; i++)
        sund_envelope_head(&head[i], out);
    sund_vec_write(sum, out);
}

sund_code sund_total_read(sund_cur body, sund_total *t, sund_err *err)
{
    memset(t, 0, sizeof *t);
    sund_slot_read(&body, &t->slot);
    t->n_head = sund_cur_u16(&body);
    if (t->n_head > SUND_NODE_MAX)
        body.bad = true;
    SUND_TRY(sund_cur_ok(&body, "a total", err));
    for (size_t i = 0; i < t->n_head; i++)
        SUND_TRY(sund_envelope_read(&body, UINT64_MAX, &t->head[i], err));
    return sund_vec_read(&t->sum, body.p, body.n, err);
}

void sund_sign_total_write(const sund_slot *slot, const sund_digest *d, const sund_vec *sums,
                           sund_buf *out)
{
    sund_slot_write(slot, out);
    sund_buf_put(out, d->b, sizeof d->b);
    sund_vec_write(sums, out);
}

sund_code sund_sign_total_read(sund_cur body, sund_slot *slot, sund_digest *d, sund_vec *sums,
                               sund_err *err)
{
    sund_slot_read(&body, slot);
    (void) sund_cur_copy(&body, d->b, sizeof d->b);
    SUND_TRY(sund_cur_ok(&body, "a signed total", err));
    if (body.n > 8 + 3 * 8 * SUND_CHECK_SUMS)
        return sund_fail(err, SUND_E_FORMAT, "a signed total has more sums than a check has");
    return sund_vec_read(sums, body.p, body.n, err);
}

void sund_signed_write(const sund_slot *slot, const sund_digest *d, sund_buf *out)
{
    sund_slot_write(slot, out);
    sund_buf_put(out, d->b, sizeof d->b);
}

sund_code sund_signed_read(sund_cur body, sund_slot *slot, sund_digest *d, sund_err *err)
{
    sund_slot_read(&body, slot);
    (void) sund_cur_copy(&body, d->b, sizeof d->b);
    return sund_cur_end(&body, "a signed digest", err);
}

void sund_reason_write(const sund_slot *slot, const char *reason, sund_buf *out)
{
    char cut[SUND_REASON_MAX + 1];

    (void) snprintf(cut, sizeof cut, "%s", reason);
    sund_text_clean(cut);
    sund_slot_write(slot, out);
    sund_buf_str(out, cut);
}

sund_code sund_reason_read(sund_cur body, sund_slot *slot, char reason[SUND_REASON_MAX + 1], sund_err *err)
{
    sund_slot_read(&body, slot);
    (void) sund_cur_str(&body, reason, SUND_REASON_MAX + 1);
    body.bad |= !sund_text_ok(reason);
    return sund_cur_end(&body, "a reason", err);
}

void sund_stop_write(sund_stop_how how, const char *reason, sund_buf *out) { sund_reason_write(&(sund_slot){ 0, 0, (uint32_t) how }, reason, out); }

sund_code sund_stop_read(sund_cur body, sund_stop_how *how, char reason[SUND_REASON_MAX + 1], sund_err *err)
{
    sund_slot slot;

    SUND_TRY(sund_reason_read(body, &slot, reason, err));
    if (slot.round || slot.chunk || slot.attempt > SUND_LEAVES_FREE)
        return sund_fail(err, SUND_E_FORMAT, "a study is stopped, or left, in a way that there is not");
    *how = (sund_stop_how) slot.attempt;
    return SUND_OK;
}

sund_code sund_batch_digest(sund_cur batch, sund_digest *out, sund_err *err)
{
    enum { BEFORE = 32 + 4 + SUND_ENVELOPE_SIZE + 4 };
    sund_hasher h;

    sund_hasher_init(&h);
    while (batch.n) {
        const uint8_t *p = batch.p;

        (void) sund_cur_bytes(&batch, BEFORE - 4);
        (void) sund_cur_blob(&batch, SIZE_MAX);
        SUND_TRY(sund_cur_ok(&batch, "the hub's batch", err));
        sund_hasher_add(&h, p, BEFORE);
    }
    *out = sund_hasher_end(&h);
    return SUND_OK;
}

sund_digest sund_label_digest(const sund_digest *session, const sund_mask_label *label)
{
    sund_hasher h;
    uint8_t     slot[12];
    uint32_t    v[3] = { label->round, label->chunk, label->attempt };

    for (unsigned i = 0; i < 12; i++)
        slot[i] = (uint8_t) (v[i / 4] >> (8 * (i % 4)));
    sund_hasher_init(&h);
    sund_hasher_add(&h, session->b, sizeof session->b);
    sund_hasher_add(&h, slot, sizeof slot);
    sund_hasher_add(&h, label->params.b, sizeof label->params.b);
    return sund_hasher_end(&h);
}
