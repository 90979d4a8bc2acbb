#include "hub/logins.h"

#include "base/log.h"
#include "study/submit.h"
#include "token/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const tables = "CREATE TABLE IF NOT EXISTS login(name TEXT PRIMARY KEY, key BLOB NOT NULL, issuer TEXT NOT "
                                  "NULL, subject TEXT NOT NULL, until INTEGER NOT NULL) STRICT;";

/* Each has a quota of open studies of its own: new keys must not be a way around it. */
enum { KEYS_MAX = 16 };

sund_code sund_logins_tables(sund_db *db, sund_err *err)
{
    SUND_TRY(sund_login_tables(db, err));
    return sund_db_script(db, tables, err);
}

static int64_t now_s(void) { return (int64_t) (sund_time_us() / 1000000); }

static sund_code verify(const sund_home *h, const sund_pub *key, sund_cur tokens, sund_login *out, sund_err *err)
{
    sund_trust t;
    sund_code  rc;

    SUND_TRY(sund_trust_read(&t, h->dir, err));
    rc = sund_login_verify(out, &t, h->db, key, tokens, now_s(), err);
    sund_trust_free(&t);
    return rc;
}

static sund_code keep(const sund_home *h, const sund_envelope *e, const sund_pub *key, const sund_login *l, sund_err *err)
{
    int64_t n = 0;

    SUND_TRY(sund_db_i64(h->db, &n, 0, err, "SELECT COUNT(*) FROM login WHERE issuer=? AND subject=? AND name<>?", "ttt", l->issuer, l->subject, e->from));
    if (n >= KEYS_MAX)
        return sund_fail(err, SUND_E_LIMIT, "%.100s of %.150s has logged in with %d keys already: use the home of one of them", l->subject, l->issuer,
                         KEYS_MAX);
    return sund_db_run(h->db, err,
                       "INSERT INTO login(name, key, issuer, subject, until) VALUES(?,?,?,?,?)"
                       " ON CONFLICT DO UPDATE SET issuer=excluded.issuer, subject=excluded.subject, until=excluded.until",
                       "tbtti", e->from, key->b, sizeof key->b, l->issuer, l->subject, l->until);
}

sund_code sund_logins_take(const sund_home *h, sund_mailbox *box, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_login *l = calloc(1, sizeof *l);
    sund_pub    key;
    char        own[SUND_ID_MAX + 1];
    sund_code   rc;

    if (!l)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    (void) sund_cur_copy(&body, key.b, sizeof key.b);
    SUND_GO(sund_cur_ok(&body, "a login", err));
    sund_id_of_key(&key, own);
    if (strcmp(e->from, own) != 0) {
        rc = sund_fail(err, SUND_E_DENIED, "%s is not the name of the key that logs in", e->from);
        goto out;
    }
    SUND_GO(sund_envelope_check_key(e, &key, err));
    SUND_GO(verify(h, &key, body, l, err));
    SUND_GO(sund_mailbox_number(box, e, err)); /* not before: whoever wishes can make keys */
    rc = keep(h, e, &key, l, err);
out:
    free(l);
    return rc;
}

sund_code sund_logins_check(const sund_home *h, const sund_envelope *e, unsigned roles, sund_err *err)
{
    sund_rows *rows = NULL;
    sund_pub   key = { { 0 } };
    int64_t    until = 0;
    bool       more = false;
    sund_code  rc;

    if (!(roles & 1u << SUND_ROLE_RESEARCHER) || strncmp(e->from, SUND_ID_LOGIN, strlen(SUND_ID_LOGIN)) != 0)
        return sund_envelope_check(e, &h->roster, roles, err);
    SUND_TRY(sund_db_query(h->db, &rows, err, "SELECT key, until FROM login WHERE name=?", "t", e->from));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur c = sund_rows_blob(rows, 0);

        (void) sund_cur_copy(&c, key.b, sizeof key.b);
        until = sund_rows_i64(rows, 1);
    }
    sund_rows_close(rows);
    SUND_TRY(rc);
    if (!more)
        return sund_fail(err, SUND_E_DENIED, "%s has not logged in", e->from);
    if (until <= now_s() - SUND_LOGIN_SKEW_S)
        return sund_fail(err, SUND_E_DENIED, "the login of %s has run out: 'sund login' again", e->from);
    return sund_envelope_check_key(e, &key, err);
}

sund_code sund_logins_person(const sund_home *h, const sund_envelope *e, char out[SUND_ID_MAX + 1], sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    (void) snprintf(out, SUND_ID_MAX + 1, "%s", e->from);
    SUND_TRY(sund_db_query(h->db, &rows, err, "SELECT b.name FROM login a JOIN login b USING(issuer, subject) WHERE a.name=? ORDER BY b.rowid LIMIT 1", "t",
                           e->from));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        (void) snprintf(out, SUND_ID_MAX + 1, "%s", sund_rows_text(rows, 0));
    sund_rows_close(rows);
    return rc;
}

sund_code sund_logins_submit(const sund_home *h, const sund_envelope *e, sund_cur body, sund_err *err)
{
    sund_login *l = calloc(1, sizeof *l);
    sund_submit s;
    sund_code   rc = l ? sund_submit_check(&h->roster, &e->about, e, body, &s, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK)
        rc = verify(h, &s.key, s.tokens, l, err);
    free(l);
    return rc;
}
