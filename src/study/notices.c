#include "study/notices.h"

enum { NOTICES_MAX = 1000 }; /* of one node */

sund_code sund_notices_tables(sund_db *db, sund_err *err)
{
    return sund_db_script(db,
                          "CREATE TABLE IF NOT EXISTS notice(idx INTEGER PRIMARY KEY, sender TEXT NOT NULL, about BLOB NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL,"
                          " UNIQUE(sender, about)) STRICT;",
                          err);
}

sund_code sund_notices_post(sund_mailbox *m, const sund_envelope *e, const void *body, size_t n_body, sund_err *err)
{
    sund_buf  head = { 0 };
    int64_t   n = 0;
    sund_code rc;

    SUND_TRY(sund_db_i64(m->db, &n, 0, err, "SELECT COUNT(*) FROM notice WHERE sender=?", "t", e->from));
    if (n >= NOTICES_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%s has told of %d ended agreements", e->from, NOTICES_MAX);
    sund_envelope_head(e, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        rc = sund_db_run(m->db, err, "INSERT OR IGNORE INTO notice(idx, sender, about, head, body) SELECT COUNT(*),?,?,?,? FROM notice", "tbbb", e->from, e->about.b, sizeof e->about.b,
                         head.p, head.n, body, n_body);
    sund_buf_free(&head);
    return rc;
}

sund_code sund_notices_batch(sund_mailbox *m, uint32_t from, size_t max, sund_buf *out, bool *any, sund_err *err)
{
    static const sund_digest none;
    sund_rows               *rows = NULL;
    bool                     more = false;
    sund_code                rc = SUND_OK;

    SUND_TRY(sund_db_query(m->db, &rows, err, "SELECT idx, head, body FROM notice WHERE idx>=? ORDER BY idx LIMIT 64", "i", (int64_t) from));
    while (out->n < max && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur h = sund_rows_blob(rows, 1), b = sund_rows_blob(rows, 2);

        sund_buf_put(out, none.b, sizeof none.b);
        sund_buf_u32(out, (uint32_t) sund_rows_i64(rows, 0));
        sund_buf_put(out, h.p, h.n);
        sund_buf_blob(out, b.p, b.n);
        *any = true;
    }
    sund_rows_close(rows);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}
