#include "study/mailbox_priv.h"

#include "study/bodies.h"
#include "study/submit.h"

#include <stdio.h>

/* A study's result at the hub: the parts that come once all have signed, what lists them, and what is handed out. */

/** Of a part: that all nodes have signed one result, and it is the next one. Whose part it is the nodes see by its digest, and one that is not theirs ends the study, and all of it goes. */
sund_code sund_mailbox_check_part(sund_mailbox *m, int64_t n_node, const sund_envelope *e, uint32_t which, sund_err *err)
{
    int64_t n = 0, there = 0;

    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(DISTINCT sender) FROM message WHERE study=? AND kind=? GROUP BY substr(body, 13) ORDER BY 1 DESC LIMIT 1", "bi", e->about.b,
                         sizeof e->about.b, (int64_t) SUND_MSG_SIGN_RELEASE));
    if (n != n_node)
        return sund_fail(err, SUND_E_DENIED, "a part of a release needs the signatures of all %lld nodes under one result, there are %lld", (long long) n_node, (long long) n);
    SUND_TRY(sund_db_i64(m->db, &there, 0, err, "SELECT COUNT(*) FROM message WHERE study=? AND kind=?", "bi", e->about.b, sizeof e->about.b, (int64_t) SUND_MSG_PART));
    return which == there && there < SUND_PARTS_MAX ? SUND_OK : sund_fail(err, SUND_E_DENIED, "part %u of the release of %s is out of turn", which + 1, e->from);
}

/** Of a piece of a proposal: that all have signed something, and not the same. */
sund_code sund_mailbox_check_piece(sund_mailbox *m, int64_t n_node, const sund_envelope *e, uint32_t which, sund_err *err)
{
    int64_t n = 0, there = 0;

    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(DISTINCT sender) FROM message WHERE study=? AND kind=?", "bi", e->about.b, sizeof e->about.b, (int64_t) SUND_MSG_SIGN_RELEASE));
    SUND_TRY(sund_db_i64(m->db, &there, 0, err, "SELECT COUNT(*) FROM message WHERE study=? AND kind=? AND sender=?", "bit", e->about.b, sizeof e->about.b, (int64_t) SUND_MSG_PROPOSE, e->from));
    return n == n_node && which == there && there <= SUND_PARTS_MAX ? SUND_OK : sund_fail(err, SUND_E_DENIED, "%s proposes a result out of turn", e->from);
}

/** Every node signed this very manifest, and the parts that it lists are here. */
sund_code sund_mailbox_check_release(sund_mailbox *m, int64_t n_node, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_rows    *rows = NULL;
    sund_result list;
    int64_t       n = 0;
    uint32_t      k = 0;
    bool          more = false, same = true;
    sund_code     rc;

    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(DISTINCT sender) FROM message WHERE study=? AND kind=? AND substr(body, 13)=?", "bib", e->about.b, sizeof e->about.b,
                         (int64_t) SUND_MSG_SIGN_RELEASE, e->body.b, sizeof e->body.b));
    if (n != n_node)
        return sund_fail(err, SUND_E_DENIED, "a release needs the signatures of all %lld nodes under its very bytes, there are %lld", (long long) n_node, (long long) n);
    SUND_TRY(sund_result_read(body, &list, err));
    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT head FROM message WHERE study=? AND kind=? ORDER BY idx", "bi", e->about.b, sizeof e->about.b, (int64_t) SUND_MSG_PART));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur      c = sund_rows_blob(rows, 0);
        sund_envelope part;
        sund_digest   d;
        size_t        bytes;

        SUND_GO(sund_envelope_read(&c, UINT64_MAX, &part, err));
        if (k < list.n_part)
            d = sund_result_part(&list, k, &bytes);
        same = same && k++ < list.n_part && sund_digest_eq(&d, &part.body);
    }
    if (rc == SUND_OK && (!same || k != list.n_part))
        rc = sund_fail(err, SUND_E_DENIED, "a release has other parts than the hub was given, or more: %u of %u are here", k, list.n_part);
out:
    sund_rows_close(rows);
    return rc;
}

/** A result goes: what was given of it. */
sund_code sund_mailbox_drop_result(sund_mailbox *m, const sund_digest *study, sund_err *err)
{
    SUND_TRY(sund_db_run(m->db, err, "UPDATE message SET body=x'' WHERE study=? AND kind IN(?,?)", "bii", study->b, sizeof study->b, (int64_t) SUND_MSG_RELEASE, (int64_t) SUND_MSG_PART));
    SUND_TRY(sund_bodies_drop(m->db, study, SUND_MSG_PART, err));
    return sund_bodies_drop(m->db, study, SUND_MSG_RELEASE, err);
}

/** The body of the only message of its kind in a study's log; of SUBMIT, in either form, the text. */
static sund_code only_body(sund_mailbox *m, const sund_digest *study, unsigned kind, sund_buf *out, bool *there, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT head, body, kind FROM message WHERE study=? AND kind IN (?,?)", "bii", study->b, sizeof study->b, (int64_t) kind,
                           (int64_t) (kind == SUND_MSG_SUBMIT ? SUND_MSG_SUBMIT_LOGIN : kind)));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur      h = sund_rows_blob(rows, 0), b = sund_rows_blob(rows, 1);
        sund_envelope e;
        sund_submit   s;

        rc = sund_envelope_read(&h, UINT64_MAX, &e, err);
        if (rc == SUND_OK && kind == SUND_MSG_SUBMIT) { /* small: its bytes are in the row */
            rc = sund_submit_read((unsigned) sund_rows_i64(rows, 2), b, &s, err);
            if (rc == SUND_OK)
                sund_buf_put(out, s.text.p, s.text.n);
            if (rc == SUND_OK)
                rc = sund_buf_ok(out, err);
        }
        else if (rc == SUND_OK)
            rc = sund_bodies_get(m->db, &e, b, out, err);
    }
    *there = more;
    sund_rows_close(rows);
    return rc;
}

/** By whom and why it was recalled; "" when it was not. */
sund_code sund_mailbox_recalled(sund_mailbox *m, const sund_digest *study, char *out, size_t cap, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    out[0] = 0;
    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT detail FROM study WHERE digest=? AND state='recalled'", "b", study->b, sizeof study->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        (void) snprintf(out, cap, "%s", sund_rows_text(rows, 0));
    sund_rows_close(rows);
    return rc;
}

/** The header and body of each node's word for the result: u16 how many, then these. */
static sund_code put_signatures(sund_mailbox *m, const sund_digest *study, const sund_digest *result, sund_buf *out, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_buf   list = { 0 };
    uint16_t   n = 0;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT head, body FROM message WHERE study=? AND kind=? AND substr(body, 13)=? GROUP BY sender ORDER BY sender", "bib", study->b, sizeof study->b,
                           (int64_t) SUND_MSG_SIGN_RELEASE, result->b, sizeof result->b));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur head = sund_rows_blob(rows, 0), body = sund_rows_blob(rows, 1);

        sund_buf_put(&list, head.p, head.n);
        sund_buf_put(&list, body.p, body.n);
        n++;
    }
    sund_rows_close(rows);
    sund_buf_u16(out, n);
    sund_buf_put(out, list.p, list.n);
    out->bad |= list.bad;
    sund_buf_free(&list);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}

sund_code sund_mailbox_release(sund_mailbox *m, const sund_digest *study, sund_buf *out, sund_err *err)
{
    bool there = false;
    char why[SUND_REASON_MAX + 64];

    SUND_TRY(sund_mailbox_recalled(m, study, why, sizeof why, err));
    if (why[0])
        return sund_fail(err, SUND_E_DENIED, "study %.12s was recalled after its release, %.280s", sund_digest_hex(study).s, why);
    SUND_TRY(only_body(m, study, SUND_MSG_RELEASE, out, &there, err));
    return there ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "study %.12s has no release yet; 'sund study status' says where it stands", sund_digest_hex(study).s);
}

/** Part k of what was released. */
static sund_code put_part(sund_mailbox *m, const sund_digest *study, uint32_t k, sund_buf *out, sund_err *err)
{
    sund_rows    *rows = NULL;
    sund_envelope e;
    sund_cur      head;
    bool          more = false;
    sund_code     rc;

    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT head, body FROM message WHERE study=? AND kind=? ORDER BY idx LIMIT 1 OFFSET ?", "bii", study->b, sizeof study->b, (int64_t) SUND_MSG_PART, (int64_t) k));
    SUND_GO(sund_rows_next(rows, &more, err));
    if (!more) {
        rc = sund_fail(err, SUND_E_NOT_FOUND, "the result of study %.12s has no part %u", sund_digest_hex(study).s, k + 1);
        goto out;
    }
    head = sund_rows_blob(rows, 0);
    SUND_GO(sund_envelope_read(&head, UINT64_MAX, &e, err));
    rc = sund_bodies_get(m->db, &e, sund_rows_blob(rows, 1), out, err);
out:
    sund_rows_close(rows);
    return rc;
}

sund_code sund_mailbox_fetch(sund_mailbox *m, const sund_digest *study, uint32_t which, sund_buf *out, sund_err *err)
{
    sund_buf    text = { 0 }, manifest = { 0 };
    sund_digest d;
    sund_code   rc;

    SUND_GO(sund_mailbox_text(m, study, &text, err));
    SUND_GO(sund_mailbox_release(m, study, &manifest, err)); /* there, and not recalled */
    if (which) {
        rc = put_part(m, study, which - 1, out, err);
        goto out;
    }
    d = sund_digest_of(manifest.p, manifest.n);
    sund_buf_blob(out, text.p, text.n);
    SUND_GO(put_signatures(m, study, &d, out, err));
    sund_buf_put(out, manifest.p, manifest.n);
    rc = sund_buf_ok(out, err);
out:
    sund_buf_free(&text);
    sund_buf_free(&manifest);
    return rc;
}

sund_code sund_mailbox_text(sund_mailbox *m, const sund_digest *study, sund_buf *out, sund_err *err)
{
    bool there = false;

    SUND_TRY(only_body(m, study, SUND_MSG_SUBMIT, out, &there, err));
    return there ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "the hub has no study %.12s", sund_digest_hex(study).s);
}
