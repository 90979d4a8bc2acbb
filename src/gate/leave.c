#include "gate/gate_priv.h"
#include "gate/heads.h"
#include "gate/ledger.h"
#include "gate/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROTOCOL_MAX = 1 << 16, ANSWER_MAX = SUND_SHOWN_MAX + (1 << 16), DATA_MAX = 1 << 30 };

size_t sund_msg_max_bytes(unsigned kind)
{
    if (kind == SUND_MSG_ANSWER)
        return ANSWER_MAX;
    return kind == SUND_MSG_MASKED || kind == SUND_MSG_TOTAL || kind == SUND_MSG_PROPOSE || kind == SUND_MSG_PART || kind == SUND_MSG_RELEASE || kind == SUND_MSG_FILE_PUT ? DATA_MAX : PROTOCOL_MAX;
}

const char *sund_msg_name(unsigned kind)
{
    static const char *const name[SUND_MSG_END] = {
        [SUND_MSG_SUBMIT] = "submit",     [SUND_MSG_LINE] = "line",           [SUND_MSG_MASKED] = "masked",         [SUND_MSG_TOTAL] = "total",
        [SUND_MSG_SIGN_TOTAL] = "sign-total", [SUND_MSG_OPEN] = "open",       [SUND_MSG_RETRY] = "retry",           [SUND_MSG_PROPOSE] = "propose",
        [SUND_MSG_SIGN_RELEASE] = "sign-release", [SUND_MSG_RELEASE] = "release", [SUND_MSG_STOP] = "stop",         [SUND_MSG_PART] = "part", [SUND_MSG_POLL] = "poll",
        [SUND_MSG_BATCH] = "batch",       [SUND_MSG_QUESTION] = "question",   [SUND_MSG_ANSWER] = "answer",
        [SUND_MSG_STATUS] = "status",     [SUND_MSG_FETCH] = "fetch",         [SUND_MSG_FILE_PUT] = "file-put",
        [SUND_MSG_FILE_GET] = "file-get", [SUND_MSG_ERROR] = "error", [SUND_MSG_HEADS] = "heads",
        [SUND_MSG_LOGIN] = "login",       [SUND_MSG_SUBMIT_LOGIN] = "submit-login",
        [SUND_MSG_AGREEMENT_END] = "agreement-end", [SUND_MSG_RECALL] = "recall", [SUND_MSG_DATASETS] = "datasets",
        [SUND_MSG_APPLY] = "apply",       [SUND_MSG_APPLY_STATE] = "apply-state", [SUND_MSG_APPLICATIONS] = "applications",
        [SUND_MSG_APPLY_WITHDRAW] = "apply-withdraw", [SUND_MSG_BEYOND] = "beyond",
    };

    return kind < SUND_MSG_END && name[kind] ? name[kind] : "unknown";
}

sund_code sund_gate_open(sund_gate **g, sund_db *db, const sund_identity *me, const sund_thresholds *t, sund_err *err)
{
    sund_gate *got;

    SUND_TRY(sund_thresholds_check(t, err));
    SUND_TRY(sund_ledger_open(db, err));
    SUND_TRY(sund_heads_open(db, err));
    SUND_TRY(sund_stop_open(db, err));
    got = calloc(1, sizeof *got);
    if (!got)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    *got = (sund_gate){ db, me, *t };
    *g = got;
    return SUND_OK;
}

void                   sund_gate_close(sund_gate *g) { free(g); }
const sund_thresholds *sund_gate_thresholds(const sund_gate *g) { return &g->thresholds; }

const uint8_t *sund_leave_bytes(const sund_leave *l, size_t *n)
{
    *n = l->bytes.n;
    return l->bytes.p;
}

const sund_envelope *sund_leave_head(const sund_leave *l) { return &l->head; }

void sund_leave_free(sund_leave *l)
{
    if (!l)
        return;
    if (l->of)
        sund_masked_free(l->of);
    else
        sund_buf_free(&l->bytes);
    free(l);
}

/** l has whose bytes they are, and is freed where it cannot leave. */
static sund_code leave(sund_gate *g, const sund_envelope *head, sund_leave *l, const char *what, sund_leave **out, sund_err *err)
{
    size_t    n = l->bytes.n - SUND_ENVELOPE_SIZE;
    char      study[13] = "";
    sund_code rc = sund_gate_stopped(g->db, err);

    l->head = *head;
    if (rc == SUND_OK)
        rc = sund_envelope_place(&l->head, g->me, &l->bytes, err);
    (void) snprintf(study, sizeof study, "%.12s", sund_digest_hex(&head->about).s);
    /* polls ask and tell nothing: they would drown what matters; heads are logged by both when they are exchanged */
    if (rc == SUND_OK && head->kind != SUND_MSG_POLL && head->kind != SUND_MSG_STATUS && head->kind != SUND_MSG_APPLICATIONS && head->kind != SUND_MSG_HEADS)
        rc = sund_ledger_add(g->db, sund_msg_name(head->kind), strspn(study, "0") == strlen(study) ? "" : study, err, "left: %s%s%zu bytes, digest %s", what, what[0] ? ", " : "",
                             n, sund_digest_hex(&l->head.body).s);
    if (rc == SUND_OK)
        *out = l;
    else
        sund_leave_free(l);
    return rc;
}

sund_code sund_leave_digested(sund_gate *g, const sund_envelope *head, sund_buf *bytes, const char *what, sund_leave **out, sund_err *err)
{
    sund_leave *l = calloc(1, sizeof *l);
    sund_buf    own = *bytes;

    *bytes = (sund_buf){ 0 };
    if (!l) {
        sund_buf_free(&own);
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    l->bytes = own;
    return leave(g, head, l, what, out, err);
}

sund_code sund_leave_make(sund_gate *g, const sund_envelope *head, const void *body, size_t n, const char *what, sund_leave **out, sund_err *err)
{
    sund_envelope e = *head;
    sund_buf      bytes = { 0 };

    e.body = sund_digest_of(body, n);
    sund_envelope_room(&bytes, n);
    sund_buf_put(&bytes, body, n);
    return sund_leave_digested(g, &e, &bytes, what, out, err);
}

sund_code sund_leave_masked(sund_gate *g, const sund_envelope *head, const sund_mask_label *label, sund_masked *y, const sund_digest *commitment, sund_leave **out, sund_err *err)
{
    sund_envelope e = *head;
    sund_leave   *l;
    char          what[160];

    if (head->kind != SUND_MSG_MASKED)
        return sund_fail(err, SUND_E_ARG, "a masked vector leaves as kind masked only");
    l = calloc(1, sizeof *l);
    if (!l)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    (void) snprintf(what, sizeof what, "round %u, chunk %u, attempt %u, commitment %s", label->round, label->chunk, label->attempt, sund_digest_hex(commitment).s);
    e.body = sund_masked_digest(y);
    l->bytes = sund_masked_hold(y);
    l->of = y;
    return leave(g, &e, l, what, out, err);
}

sund_code sund_leave_protocol(sund_gate *g, const sund_envelope *head, const void *body, size_t n, sund_leave **out, sund_err *err)
{
    size_t most = sund_msg_max_bytes(head->kind);

    switch (head->kind) {
    case SUND_MSG_SUBMIT:
    case SUND_MSG_SUBMIT_LOGIN:
    case SUND_MSG_LOGIN:
    case SUND_MSG_LINE:
    case SUND_MSG_SIGN_TOTAL:
    case SUND_MSG_OPEN:
    case SUND_MSG_RETRY:
    case SUND_MSG_SIGN_RELEASE:
    case SUND_MSG_STOP:
    case SUND_MSG_POLL:
    case SUND_MSG_HEADS:
    case SUND_MSG_QUESTION:
    case SUND_MSG_DATASETS:
    case SUND_MSG_STATUS:
    case SUND_MSG_FETCH:
    case SUND_MSG_FILE_PUT:
    case SUND_MSG_FILE_GET:
    case SUND_MSG_AGREEMENT_END:
    case SUND_MSG_APPLY:
    case SUND_MSG_APPLY_STATE:
    case SUND_MSG_APPLY_WITHDRAW:
    case SUND_MSG_APPLICATIONS:
    case SUND_MSG_RECALL: break;
    default: return sund_fail(err, SUND_E_DENIED, "a message of kind %s holds data: it leaves through its own rules only", sund_msg_name(head->kind));
    }
    if (n > most)
        return sund_fail(err, SUND_E_LIMIT, "a message of kind %s has %zu bytes, the limit is %zu", sund_msg_name(head->kind), n, most);
    return sund_leave_make(g, head, body, n, "", out, err);
}
