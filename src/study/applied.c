#include "study/application.h"

#include "base/log.h"
#include "base/text.h"
#include "gate/ledger.h"
#include "token/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Applications at a node: kept as they were signed, and looked at whole each time. Decisions are those of dac.h about the application's digest: no text is both a study and an application, so
 * neither's decision counts for the other. */

enum { APPLICATIONS_MAX = 10000, A_DAY = 200 };

sund_code sund_applications_open(sund_db *db, sund_err *err)
{
    return sund_db_script(db,
                          "CREATE TABLE IF NOT EXISTS application(digest BLOB PRIMARY KEY, received TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,"
                          " refusal TEXT NOT NULL, told BLOB, ended INTEGER NOT NULL DEFAULT 0) STRICT;"
                          "CREATE TABLE IF NOT EXISTS withdrawal(digest BLOB PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL) STRICT;"
                          "CREATE TABLE IF NOT EXISTS under_application(study BLOB PRIMARY KEY, application BLOB NOT NULL) STRICT;",
                          err);
}

/** Who applies, by the login that came with it; refusal: why it does not hold, "" when it does. An error is of this machine. */
static sund_code judge(const sund_application_eye *eye, const sund_submit *s, sund_login *l, char *refusal, size_t cap, sund_err *err)
{
    sund_trust t = { NULL, 0 };
    sund_err   why = { SUND_OK, "" };
    sund_code  rc;

    refusal[0] = 0;
    if (!s->login)
        return SUND_OK;
    if (eye->trust)
        SUND_TRY(sund_trust_read(&t, eye->trust, err));
    rc = sund_login_verify(l, &t, eye->at.db, &s->key, s->tokens, (int64_t) (sund_time_us() / 1000000), &why);
    sund_trust_free(&t);
    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    if (rc != SUND_OK)
        (void) snprintf(refusal, cap, "the login: %.300s", why.msg);
    sund_text_clean(refusal);
    return SUND_OK;
}

static sund_code room(sund_db *db, sund_err *err)
{
    char    now[32];
    int64_t all = 0, today = 0;

    sund_time_text(now);
    now[10] = 0;
    SUND_TRY(sund_db_i64(db, &all, 0, err, "SELECT COUNT(*) FROM application", ""));
    SUND_TRY(sund_db_i64(db, &today, 0, err, "SELECT COUNT(*) FROM application WHERE received>=?", "t", now));
    return all < APPLICATIONS_MAX && today < A_DAY ? SUND_OK : sund_fail(err, SUND_E_LIMIT, "more than %d applications of a day, or %d in all, are not taken", A_DAY, APPLICATIONS_MAX);
}

static sund_code keep(const sund_application_eye *eye, const sund_envelope *e, sund_cur body, const sund_login *l, const char *refusal, sund_err *err)
{
    sund_db  *db = eye->at.db;
    sund_buf  head = { 0 };
    char      now[32];
    sund_code rc;

    sund_time_text(now);
    sund_envelope_head(e, &head);
    SUND_GO(sund_buf_ok(&head, err));
    SUND_GO(sund_db_run(db, err, "INSERT OR IGNORE INTO application(digest, received, head, body, issuer, subject, refusal) VALUES(?,?,?,?,?,?,?)", "btbbttt", e->about.b, sizeof e->about.b, now, head.p, head.n,
                        body.p, body.n, l->issuer, l->subject, refusal));
    if (sund_db_changes(db))
        rc = sund_ledger_add(db, "application", sund_digest_hex(&e->about).s, err, "came from %s%s%.120s%s%.200s%s%.300s", e->from, l->subject[0] ? ", who is " : "", l->subject, l->subject[0] ? " of " : "", l->issuer,
                             refusal[0] ? "; refused: " : "", refusal);
out:
    sund_buf_free(&head);
    return rc;
}

sund_code sund_application_take(const sund_application_eye *eye, const sund_envelope *e, const void *body, size_t n, sund_err *err)
{
    sund_application *a = calloc(1, sizeof *a);
    sund_login       *l = calloc(1, sizeof *l);
    sund_submit       s;
    char              refusal[SUND_REASON_MAX + 1];
    int64_t           there = 0;
    sund_code         rc = SUND_OK;

    if (!a || !l)
        SUND_GO(sund_fail(err, SUND_E_NOMEM, "out of memory"));
    SUND_GO(sund_application_signed(eye->at.roster, e, sund_cur_of(body, n), &s, a, err));
    if (!sund_application_sets(a, eye->at.dac->node))
        SUND_GO(sund_fail(err, SUND_E_DENIED, "application %.12s does not ask %s", sund_digest_hex(&e->about).s, eye->at.dac->node));
    SUND_GO(sund_db_i64(eye->at.db, &there, 0, err, "SELECT COUNT(*) FROM application WHERE digest=?", "b", e->about.b, sizeof e->about.b));
    if (there)
        goto out;
    SUND_GO(room(eye->at.db, err));
    SUND_GO(judge(eye, &s, l, refusal, sizeof refusal, err));
    SUND_GO(sund_db_part(eye->at.db, err));
    rc = sund_db_part_end(eye->at.db, true, keep(eye, e, sund_cur_of(body, n), l, refusal, err), err);
out:
    free(a);
    free(l);
    return rc;
}

/** Text, key and who, out of a row of head, body, issuer, subject, refusal, received. */
static sund_code load(const sund_application_eye *eye, sund_rows *rows, const sund_digest *d, sund_applied *out, sund_err *err)
{
    sund_cur      head = sund_rows_blob(rows, 0), body = sund_rows_blob(rows, 1);
    sund_envelope e;
    sund_submit   s;

    SUND_TRY(sund_envelope_read(&head, body.n, &e, err));
    SUND_TRY(sund_application_signed(eye->at.roster, &e, body, &s, &out->a, err));
    if (!sund_digest_eq(&out->a.digest, d))
        return sund_fail(err, SUND_E_DENIED, "application %.12s is not the one that came: state.db was altered", sund_digest_hex(d).s);
    out->key = s.key;
    memcpy(out->text, s.text.p, s.text.n);
    out->text[s.text.n] = 0;
    (void) snprintf(out->from, sizeof out->from, "%s", e.from);
    (void) snprintf(out->issuer, sizeof out->issuer, "%s", sund_rows_text(rows, 2));
    (void) snprintf(out->subject, sizeof out->subject, "%s", sund_rows_text(rows, 3));
    (void) snprintf(out->word.reason, sizeof out->word.reason, "%s", sund_rows_text(rows, 4));
    (void) snprintf(out->word.received, sizeof out->word.received, "%s", sund_rows_text(rows, 5));
    return SUND_OK;
}

/** Whether who applied took it back; why follows who. */
static sund_code withdrawn(sund_db *db, const sund_digest *d, sund_applied *x, sund_err *err)
{
    char          reason[SUND_APPLICATION_TEXT + 1];
    sund_rows    *rows = NULL;
    sund_envelope e;
    bool          more = false;
    sund_code     rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT head, body FROM withdrawal WHERE digest=?", "b", d->b, sizeof d->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur head = sund_rows_blob(rows, 0), body = sund_rows_blob(rows, 1);

        rc = sund_envelope_read(&head, body.n, &e, err);
        if (rc == SUND_OK)
            rc = sund_withdrawal_signed(&e, body, d, x->from, &x->key, reason, err);
        if (rc == SUND_OK) {
            x->word.state = SUND_APPLICATION_WITHDRAWN;
            (void) snprintf(x->word.reason, sizeof x->word.reason, "withdrawn by %s%s%s", x->from, reason[0] ? ": " : "", reason);
        }
    }
    sund_rows_close(rows);
    return rc;
}

/** What holds now, for one with decisions s. A login alone is no reason to approve by silence what nobody looked at. */
static void weigh(const sund_application_eye *eye, const sund_standing *s, sund_applied *x)
{
    const sund_dac        *dac = eye->at.dac;
    sund_application_word *w = &x->word;
    char                   now[32];

    sund_time_text(now);
    sund_deadline(w->received, dac->deadline_days, w->deadline);
    if (w->reason[0]) { /* the login did not hold when it came */
        w->state = SUND_APPLICATION_REFUSED;
        return;
    }
    w->state = s->verdict == SUND_APPROVE ? SUND_APPLICATION_APPROVED : s->verdict == SUND_REVOKE ? SUND_APPLICATION_REVOKED : s->verdict ? SUND_APPLICATION_REFUSED : SUND_APPLICATION_WAITS;
    if (s->verdict)
        (void) snprintf(w->reason, sizeof w->reason, "%s by %s%s%s", sund_verdict_name(s->verdict), s->by, s->reason[0] ? ": " : "", s->reason);
    else if (strncmp(now, w->deadline, 10) > 0) {
        bool yes = dac->silence_approves && !x->subject[0];

        w->state = yes ? SUND_APPLICATION_APPROVED : SUND_APPLICATION_REFUSED;
        (void) snprintf(w->reason, sizeof w->reason, "no decision until %s, %u working days after it came: %s", w->deadline, dac->deadline_days, yes ? "approved, as this node's rules say" : "refused");
    }
    if (w->state <= SUND_APPLICATION_APPROVED && strncmp(now, x->a.until, 10) > 0) {
        w->state = SUND_APPLICATION_EXPIRED;
        (void) snprintf(w->reason, sizeof w->reason, "it was asked for until %s", x->a.until);
    }
}

sund_code sund_application_stands(const sund_application_eye *eye, const sund_digest *d, sund_applied *out, sund_err *err)
{
    sund_rows    *rows = NULL;
    sund_standing s;
    bool          more = false;
    sund_code     rc;

    memset(out, 0, sizeof *out);
    SUND_TRY(sund_db_query(eye->at.db, &rows, err, "SELECT head, body, issuer, subject, refusal, received FROM application WHERE digest=?", "b", d->b, sizeof d->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK)
        rc = more ? load(eye, rows, d, out, err) : sund_fail(err, SUND_E_NOT_FOUND, "no application of that name has come here; 'sund apply status' lists them");
    sund_rows_close(rows);
    SUND_TRY(rc);
    SUND_TRY(sund_dac_standing(eye->at.db, eye->at.dac, d, &s, err));
    weigh(eye, &s, out);
    return withdrawn(eye->at.db, d, out, err);
}

static sund_code keep_withdrawal(sund_db *db, const sund_envelope *e, sund_cur body, const char *reason, sund_err *err)
{
    sund_buf  head = { 0 };
    sund_code rc;

    sund_envelope_head(e, &head);
    SUND_GO(sund_buf_ok(&head, err));
    SUND_GO(sund_db_run(db, err, "INSERT OR IGNORE INTO withdrawal(digest, head, body) VALUES(?,?,?)", "bbb", e->about.b, sizeof e->about.b, head.p, head.n, body.p, body.n));
    if (!sund_db_changes(db))
        goto out;
    SUND_GO(sund_db_run(db, err, "UPDATE application SET ended=0 WHERE digest=?", "b", e->about.b, sizeof e->about.b)); /* one more word to tell of it */
    rc = sund_ledger_add(db, "application", sund_digest_hex(&e->about).s, err, "withdrawn by %s%s%s", e->from, reason[0] ? ": " : "", reason);
out:
    sund_buf_free(&head);
    return rc;
}

sund_code sund_application_withdraw(const sund_application_eye *eye, const sund_envelope *e, const void *body, size_t n, sund_err *err)
{
    char          reason[SUND_APPLICATION_TEXT + 1];
    sund_applied *x = calloc(1, sizeof *x);
    sund_code     rc = x ? sund_application_stands(eye, &e->about, x, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    SUND_GO(rc);
    SUND_GO(sund_withdrawal_signed(e, sund_cur_of(body, n), &e->about, x->from, &x->key, reason, err));
    SUND_GO(sund_db_part(eye->at.db, err));
    rc = sund_db_part_end(eye->at.db, true, keep_withdrawal(eye->at.db, e, sund_cur_of(body, n), reason, err), err);
out:
    free(x);
    return rc;
}

static sund_code first_approval(void *ctx, const sund_decision *d, sund_err *err)
{
    int64_t  *at = ctx;
    struct tm t = { 0 };

    (void) err;
    if (*at || !d->counts || d->verdict != SUND_APPROVE || !strptime(d->at, "%Y-%m-%dT%H:%M:%SZ", &t))
        return SUND_OK;
    *at = (int64_t) timegm(&t);
    return SUND_OK;
}

sund_code sund_application_approved(const sund_application_eye *eye, const sund_digest *d, int64_t *at, sund_err *err)
{
    *at = 0;
    return sund_dac_each(eye->at.db, eye->at.dac, d, first_approval, at, err);
}

sund_code sund_applications_each(sund_db *db, sund_code (*each)(void *ctx, const sund_digest *d, sund_err *err), void *ctx, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT digest FROM application ORDER BY received, digest", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur    c = sund_rows_blob(rows, 0);
        sund_digest d;

        if (sund_cur_copy(&c, d.b, sizeof d.b))
            SUND_GO(each(ctx, &d, err));
    }
out:
    sund_rows_close(rows);
    return rc;
}

/* ---- studies ---- */

static bool covers(const sund_applied *x, const sund_study *s, const sund_application_eye *eye, const sund_applicant *who, char why[200])
{
    const char *sets = sund_application_sets(&x->a, eye->at.dac->node);
    sund_hex64  name = sund_digest_hex(&x->a.digest);

    why[0] = 0;
    if (x->word.state != SUND_APPLICATION_APPROVED)
        (void) snprintf(why, 200, "application %.16s %s: %.120s", name.s, sund_application_state_name(x->word.state), x->word.reason);
    else if (x->subject[0] && (strcmp(x->subject, who->subject) != 0 || strcmp(x->issuer, who->issuer) != 0))
        (void) snprintf(why, 200, "application %.16s is of another login", name.s);
    else if (s->n_node < 3)
        (void) snprintf(why, 200, "application %.16s does not allow sums of two", name.s);
    else if (!sund_purposes_allow(x->a.purpose, s->purpose))
        (void) snprintf(why, 200, "application %.16s does not hold for the purpose %s", name.s, s->purpose);
    else if (!sund_list_has(x->a.analyses, s->analysis) && !sund_list_has(x->a.analyses, "any"))
        (void) snprintf(why, 200, "application %.16s does not hold for the analysis %s", name.s, s->analysis);
    else if (!sets || !sund_list_has(sets, eye->at.data))
        (void) snprintf(why, 200, "application %.16s does not hold for the data set %.60s", name.s, eye->at.data);
    return !why[0];
}

/** Its text says that it is of this key; whether that one signed it is seen where it is looked at whole. */
static bool says_key(sund_cur body, const sund_pub *key)
{
    sund_submit s;

    return sund_submit_read(SUND_MSG_SUBMIT_LOGIN, body, &s, NULL) == SUND_OK && memcmp(s.key.b, key->b, sizeof key->b) == 0;
}

sund_code sund_application_find(const sund_application_eye *eye, const sund_study *s, const sund_applicant *who, sund_digest *d, bool *found, char why[200], sund_err *err)
{
    sund_rows    *rows = NULL;
    sund_applied *x = calloc(1, sizeof *x);
    bool          more = false;
    sund_code     rc = SUND_OK;

    *found = false;
    why[0] = 0;
    if (!x)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_db_query(eye->at.db, &rows, err, "SELECT digest, body FROM application ORDER BY received, digest", ""));
    while (!*found && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur c = sund_rows_blob(rows, 0);
        sund_err no = { SUND_OK, "" };

        if (!sund_cur_copy(&c, d->b, sizeof d->b) || !says_key(sund_rows_blob(rows, 1), &who->key))
            continue;
        rc = sund_application_stands(eye, d, x, &no);
        if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
            SUND_GO(sund_fail(err, rc, "%s", no.msg));
        *found = rc == SUND_OK && memcmp(x->key.b, who->key.b, sizeof who->key.b) == 0 && covers(x, s, eye, who, why);
    }
out:
    sund_rows_close(rows);
    free(x);
    return rc;
}

/* ---- decisions ---- */

sund_code sund_application_decide(const sund_application_eye *eye, const sund_identity *by, const sund_digest *d, sund_verdict v, const char *reason, sund_err *err)
{
    sund_applied          *x = calloc(1, sizeof *x);
    sund_application_state s;
    sund_code              rc = x ? sund_application_stands(eye, d, x, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    s = x ? x->word.state : SUND_APPLICATION_WAITS;
    if (rc == SUND_OK && !(v <= SUND_REFUSE ? s == SUND_APPLICATION_WAITS : v == SUND_VETO ? s <= SUND_APPLICATION_APPROVED : s == SUND_APPLICATION_APPROVED))
        rc = sund_fail(err, SUND_E_MISMATCH, "application %.12s is not one to decide so on: it %s %.200s", sund_digest_hex(d).s, s == SUND_APPLICATION_WAITS ? "waits for a decision" : "is", s == SUND_APPLICATION_WAITS ? "" : sund_application_state_name(s));
    free(x);
    return rc == SUND_OK ? sund_dac_decide(eye->at.db, eye->at.dac, by, d, v, reason, "", err) : rc;
}

/* ---- what the hub is told ---- */

static sund_digest word_digest(const sund_digest *d, const sund_application_word *w)
{
    sund_buf    b = { 0 };
    sund_digest got;

    sund_application_word_write(d, w, &b);
    got = sund_digest_of(b.p, b.n);
    sund_buf_free(&b);
    return got;
}

sund_code sund_applications_mark(sund_db *db, char out[SUND_APPLICATIONS_MARK], sund_err *err)
{
    char    now[32];
    int64_t last = 0, decision = 0, back = 0; /* rows of none go or change but for what the hub was told */

    sund_time_text(now);
    SUND_TRY(sund_db_i64(db, &last, 0, err, "SELECT MAX(rowid) FROM application", ""));
    SUND_TRY(sund_db_i64(db, &decision, 0, err, "SELECT MAX(i) FROM decision", ""));
    SUND_TRY(sund_db_i64(db, &back, 0, err, "SELECT MAX(rowid) FROM withdrawal", ""));
    (void) snprintf(out, SUND_APPLICATIONS_MARK, "%.10s %lld %lld %lld", now, (long long) last, (long long) decision, (long long) back);
    return SUND_OK;
}

sund_code sund_application_untold(const sund_application_eye *eye, int64_t *from, bool *any, sund_digest *d, sund_application_word *w, sund_err *err)
{
    sund_rows    *rows = NULL;
    sund_applied *x = calloc(1, sizeof *x);
    bool          more = false;
    sund_code     rc = SUND_OK;

    *any = false;
    if (!x)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_db_query(eye->at.db, &rows, err, "SELECT rowid, digest, told FROM application WHERE ended=0 AND rowid>? ORDER BY rowid", "i", *from));
    while (!*any && (rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur    c = sund_rows_blob(rows, 1), told = sund_rows_blob(rows, 2);
        sund_err    why = { SUND_OK, "" };
        sund_digest now;

        *from = sund_rows_i64(rows, 0);
        rc = sund_cur_copy(&c, d->b, sizeof d->b) ? sund_application_stands(eye, d, x, &why) : SUND_E_DENIED;
        if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
            SUND_GO(sund_fail(err, rc, "%s", why.msg));
        if (rc != SUND_OK)
            continue; /* who asked has left the roster: nobody to tell */
        now = word_digest(d, &x->word);
        *any = told.n != sizeof now.b || memcmp(told.p, now.b, sizeof now.b) != 0;
        *w = x->word;
    }
out:
    sund_rows_close(rows);
    free(x);
    return rc;
}

sund_code sund_application_told(sund_db *db, const sund_digest *d, const sund_application_word *w, sund_err *err)
{
    sund_digest now = word_digest(d, w);

    return sund_db_run(db, err, "UPDATE application SET told=?, ended=? WHERE digest=?", "bib", now.b, sizeof now.b, (int64_t) (w->state > SUND_APPLICATION_APPROVED), d->b, sizeof d->b);
}
