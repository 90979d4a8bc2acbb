#include "hub/applications.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OF_ONE_MAX = 100, IN_ALL_MAX = 10000, LIST_MAX = 16 << 20 };

sund_code sund_apply_tables(sund_db *db, sund_err *err)
{
    return sund_db_script(db,
                          "CREATE TABLE IF NOT EXISTS applied(digest BLOB PRIMARY KEY, who TEXT NOT NULL, received TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL, text BLOB NOT NULL) STRICT;"
                          "CREATE TABLE IF NOT EXISTS applied_word(digest BLOB NOT NULL, node TEXT NOT NULL, head BLOB, body BLOB, PRIMARY KEY(digest, node)) STRICT;" /* head null: asked, silent */
                          "CREATE TABLE IF NOT EXISTS applied_withdrawal(digest BLOB PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL) STRICT;",
                          err);
}

static sund_code keep(sund_db *db, const sund_application *a, const sund_envelope *e, sund_cur body, sund_cur text, sund_err *err)
{
    sund_buf  head = { 0 };
    char      now[32];
    sund_code rc;

    sund_time_text(now);
    sund_envelope_head(e, &head);
    SUND_GO(sund_buf_ok(&head, err));
    SUND_GO(sund_db_run(db, err, "INSERT INTO applied(digest, who, received, head, body, text) VALUES(?,?,?,?,?,?)", "bttbbb", a->digest.b, sizeof a->digest.b, e->from, now, head.p, head.n, body.p, body.n, text.p,
                        text.n));
    for (size_t i = 0; i < a->n_data; i++)
        SUND_GO(sund_db_run(db, err, "INSERT INTO applied_word(digest, node) VALUES(?,?)", "bt", a->digest.b, sizeof a->digest.b, a->data[i].node));
out:
    sund_buf_free(&head);
    return rc;
}

/** Whether these very bytes came before. Those that are somebody else's stay theirs, whatever became of them: who sends them again learns no more than that, for that much their own being refused tells. */
static sund_code came_before(sund_db *db, const sund_application *a, const char *from, bool *there, sund_err *err)
{
    int64_t n = 0, mine = 0, back = 0;

    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT COUNT(*) FROM applied WHERE digest=?", "b", a->digest.b, sizeof a->digest.b));
    SUND_TRY(sund_db_i64(db, &mine, 0, err, "SELECT COUNT(*) FROM applied WHERE digest=? AND who=?", "bt", a->digest.b, sizeof a->digest.b, from));
    SUND_TRY(sund_db_i64(db, &back, 0, err, "SELECT COUNT(*) FROM applied_withdrawal WHERE digest=?", "b", a->digest.b, sizeof a->digest.b));
    if (n && !mine)
        return sund_fail(err, SUND_E_MISMATCH, "application %.12s, these very bytes, is somebody else's: who applied first with a text has it; with a title or [application] number of your own it is another application",
                         sund_digest_hex(&a->digest).s);
    if (back)
        return sund_fail(err, SUND_E_MISMATCH, "application %.12s was withdrawn: with a [application] number of its own the same can be asked for again", sund_digest_hex(&a->digest).s);
    *there = n > 0;
    return SUND_OK;
}

static sund_code take(sund_db *db, const sund_roster *roster, const sund_envelope *e, sund_cur body, sund_application *a, sund_err *err)
{
    sund_submit s;
    bool        there = false;
    int64_t     own = 0, all = 0;

    SUND_TRY(sund_application_signed(roster, e, body, &s, a, err));
    for (size_t i = 0; i < a->n_data; i++)
        if (!sund_roster_find(roster, a->data[i].node, SUND_ROLE_NODE))
            return sund_fail(err, SUND_E_NOT_FOUND, "the roster has no node '%s'", a->data[i].node);
    SUND_TRY(came_before(db, a, e->from, &there, err));
    if (there)
        return SUND_OK;
    SUND_TRY(sund_db_i64(db, &own, 0, err, "SELECT COUNT(*) FROM applied WHERE who=?", "t", e->from));
    SUND_TRY(sund_db_i64(db, &all, 0, err, "SELECT COUNT(*) FROM applied", ""));
    if (own >= OF_ONE_MAX || all >= IN_ALL_MAX)
        return sund_fail(err, SUND_E_LIMIT, "the hub takes %d applications of one researcher, and %d in all", OF_ONE_MAX, IN_ALL_MAX);
    SUND_TRY(sund_db_part(db, err));
    return sund_db_part_end(db, true, keep(db, a, e, body, s.text, err), err);
}

sund_code sund_apply_take(sund_db *db, const sund_roster *roster, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_application *a = calloc(1, sizeof *a);
    sund_code         rc = a ? take(db, roster, e, body, a, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    free(a);
    return rc;
}

static sund_code none_of(const sund_digest *d, sund_err *err) { return sund_fail(err, SUND_E_NOT_FOUND, "no application %.12s of yours has come to this hub", sund_digest_hex(d).s); }

/** Whose it is: name and key, from what was signed when it came. */
static sund_code applicant(sund_db *db, const sund_digest *d, char from[SUND_ID_MAX + 1], sund_pub *key, sund_err *err)
{
    sund_rows  *rows = NULL;
    sund_submit s;
    bool        more = false;
    sund_code   rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT who, body FROM applied WHERE digest=?", "b", d->b, sizeof d->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && !more)
        rc = none_of(d, err);
    if (rc == SUND_OK)
        rc = sund_submit_read(SUND_MSG_SUBMIT_LOGIN, sund_rows_blob(rows, 1), &s, err);
    if (rc == SUND_OK) {
        (void) snprintf(from, SUND_ID_MAX + 1, "%s", sund_rows_text(rows, 0));
        *key = s.key;
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_apply_withdraw(sund_db *db, const sund_envelope *e, sund_cur body, sund_err *err)
{
    char      from[SUND_ID_MAX + 1], reason[SUND_APPLICATION_TEXT + 1];
    sund_pub  key;
    sund_buf  head = { 0 };
    sund_code rc;

    SUND_TRY(applicant(db, &e->about, from, &key, err));
    if (strcmp(from, e->from) != 0) /* as if there were none: who applied is nobody else's to learn */
        return none_of(&e->about, err);
    SUND_TRY(sund_withdrawal_signed(e, body, &e->about, from, &key, reason, err));
    sund_envelope_head(e, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        rc = sund_db_run(db, err, "INSERT OR IGNORE INTO applied_withdrawal(digest, head, body) VALUES(?,?,?)", "bbb", e->about.b, sizeof e->about.b, head.p, head.n, body.p, body.n);
    sund_buf_free(&head);
    return rc;
}

sund_code sund_apply_state(sund_db *db, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_application_word w;
    sund_digest           d;
    sund_buf              head = { 0 };
    sund_code             rc;

    SUND_TRY(sund_application_word_read(body, &d, &w, err));
    if (!sund_digest_eq(&d, &e->about))
        return sund_fail(err, SUND_E_DENIED, "a word of %s is about something else than it says", e->from);
    sund_envelope_head(e, &head);
    rc = sund_buf_ok(&head, err);
    if (rc == SUND_OK)
        rc = sund_db_run(db, err, "UPDATE applied_word SET head=?, body=? WHERE digest=? AND node=?", "bbbt", head.p, head.n, body.p, body.n, d.b, sizeof d.b, e->from);
    if (rc == SUND_OK && sund_db_changes(db) == 0)
        rc = sund_fail(err, SUND_E_DENIED, "%s speaks of an application that does not ask it", e->from);
    sund_buf_free(&head);
    return rc;
}

sund_code sund_apply_batch(sund_db *db, const char *node, size_t max, sund_buf *out, bool *any, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = SUND_OK;

    /* the state is the byte behind the digest in a word; 6: it knows of the withdrawal */
    SUND_TRY(sund_db_query(db, &rows, err,
                           "SELECT w.digest, COALESCE(b.head, a.head), COALESCE(b.body, a.body) FROM applied_word w JOIN applied a ON a.digest=w.digest LEFT JOIN applied_withdrawal b ON b.digest=w.digest"
                           " WHERE w.node=? AND CASE WHEN b.digest IS NULL THEN w.head IS NULL ELSE w.head IS NULL OR substr(w.body,33,1)<>x'06' END ORDER BY a.received LIMIT 64",
                           "t", node));
    while (out->n < max && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur d = sund_rows_blob(rows, 0), h = sund_rows_blob(rows, 1), b = sund_rows_blob(rows, 2);

        sund_buf_put(out, d.p, d.n);
        sund_buf_u32(out, 0);
        sund_buf_put(out, h.p, h.n);
        sund_buf_blob(out, b.p, b.n);
        *any = true;
    }
    sund_rows_close(rows);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}

static sund_code put_words(sund_db *db, sund_cur digest, sund_buf *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    int64_t    n = 0;
    sund_code  rc;

#define SAID "FROM (SELECT head, body, node FROM applied_word WHERE digest=?1 AND head IS NOT NULL UNION ALL SELECT head, body, '' FROM applied_withdrawal WHERE digest=?1)"
    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT COUNT(*) " SAID, "b", digest.p, digest.n));
    sund_buf_u32(out, (uint32_t) n);
    SUND_TRY(sund_db_query(db, &rows, err, "SELECT head, body " SAID " ORDER BY node", "b", digest.p, digest.n));
#undef SAID
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur h = sund_rows_blob(rows, 0), b = sund_rows_blob(rows, 1);

        sund_buf_put(out, h.p, h.n);
        sund_buf_blob(out, b.p, b.n);
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_apply_list(sund_db *db, const char *who, sund_buf *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc = SUND_OK;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT text, digest FROM applied WHERE who=? ORDER BY received DESC, digest", "t", who));
    while (out->n < LIST_MAX && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur text = sund_rows_blob(rows, 0);

        sund_buf_blob(out, text.p, text.n);
        SUND_GO(put_words(db, sund_rows_blob(rows, 1), out, err));
    }
out:
    sund_rows_close(rows);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}
