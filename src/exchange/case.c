#include "exchange/case.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sund_cases { sund_db *db; };

static const char *const schema =
    "CREATE TABLE IF NOT EXISTS patient(id INTEGER PRIMARY KEY, own TEXT NOT NULL UNIQUE, pseudonym TEXT NOT NULL UNIQUE, sex INTEGER NOT NULL, consent INTEGER NOT NULL,"
    " withdrawn INTEGER NOT NULL DEFAULT 0, test INTEGER NOT NULL, contact TEXT NOT NULL, institution TEXT NOT NULL, href TEXT NOT NULL, time TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS feature(patient INTEGER NOT NULL REFERENCES patient(id), at INTEGER NOT NULL, id TEXT NOT NULL, absent INTEGER NOT NULL, PRIMARY KEY(patient, at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS gene(patient INTEGER NOT NULL REFERENCES patient(id), at INTEGER NOT NULL, gene TEXT NOT NULL, variant TEXT NOT NULL, PRIMARY KEY(patient, at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS disorder(patient INTEGER NOT NULL REFERENCES patient(id), at INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY(patient, at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS notice(id INTEGER PRIMARY KEY, patient INTEGER NOT NULL REFERENCES patient(id), time TEXT NOT NULL, asker TEXT NOT NULL, contact TEXT NOT NULL,"
    " institution TEXT NOT NULL, href TEXT NOT NULL, score INTEGER NOT NULL, shared TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE IF NOT EXISTS alias(patient INTEGER NOT NULL REFERENCES patient(id), matchmaker TEXT NOT NULL, pseudonym TEXT NOT NULL UNIQUE, PRIMARY KEY(patient, matchmaker)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sent(id INTEGER PRIMARY KEY, patient INTEGER NOT NULL REFERENCES patient(id), time TEXT NOT NULL, matchmaker TEXT NOT NULL, url TEXT NOT NULL, what TEXT NOT NULL,"
    " outcome TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE IF NOT EXISTS asked(asker TEXT NOT NULL, day TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(asker, day)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS changes(one INTEGER PRIMARY KEY CHECK(one=1), n INTEGER NOT NULL) STRICT;"
    "INSERT OR IGNORE INTO changes(one, n) VALUES(1, 0);";

sund_code sund_cases_open(sund_cases **s, const char *path, sund_err *err)
{
    sund_cases *got = calloc(1, sizeof *got);
    sund_code   rc;

    if (!got)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_db_open(&got->db, path, schema, err);
    if (rc == SUND_OK)
        rc = sund_db_script(got->db, "PRAGMA secure_delete=ON", err);
    if (rc == SUND_OK)
        *s = got;
    else
        sund_cases_close(got);
    return rc;
}

void sund_cases_close(sund_cases *s)
{
    if (!s)
        return;
    sund_db_close(s->db);
    free(s);
}

static sund_code changed(sund_cases *s, sund_err *err) { return sund_db_run(s->db, err, "UPDATE changes SET n=n+1", ""); }

sund_code sund_cases_version(sund_cases *s, int64_t *out, sund_err *err) { return sund_db_i64(s->db, out, 0, err, "SELECT n FROM changes", ""); }

static sund_code erase(sund_cases *s, int64_t id, sund_err *err)
{
    SUND_TRY(sund_db_run(s->db, err, "DELETE FROM feature WHERE patient=?", "i", id));
    SUND_TRY(sund_db_run(s->db, err, "DELETE FROM gene WHERE patient=?", "i", id));
    return sund_db_run(s->db, err, "DELETE FROM disorder WHERE patient=?", "i", id);
}

static sund_code put_parts(sund_cases *s, const sund_case *c, int64_t id, sund_err *err)
{
    for (size_t i = 0; i < c->n_feature; i++)
        SUND_TRY(sund_db_run(s->db, err, "INSERT INTO feature(patient, at, id, absent) VALUES(?,?,?,?)", "iiti", id, (int64_t) i, c->feature[i].id, (int64_t) c->feature[i].absent));
    for (size_t i = 0; i < c->n_gene; i++)
        SUND_TRY(sund_db_run(s->db, err, "INSERT INTO gene(patient, at, gene, variant) VALUES(?,?,?,?)", "iitt", id, (int64_t) i, c->gene[i].gene, c->gene[i].variant));
    for (size_t i = 0; i < c->n_disorder; i++)
        SUND_TRY(sund_db_run(s->db, err, "INSERT INTO disorder(patient, at, id) VALUES(?,?,?)", "iit", id, (int64_t) i, c->disorder[i]));
    return changed(s, err);
}

static sund_code put(sund_cases *s, const sund_case *c, bool *fresh, sund_err *err)
{
    unsigned char random[16];
    char          pseudonym[33], now[32];
    int64_t       id = 0, gone = 0;

    SUND_TRY(sund_db_i64(s->db, &id, 0, err, "SELECT id FROM patient WHERE own=?", "t", c->own));
    SUND_TRY(sund_db_i64(s->db, &gone, 0, err, "SELECT withdrawn FROM patient WHERE own=?", "t", c->own));
    if (gone)
        return sund_fail(err, SUND_E_DENIED, "a case of this name was withdrawn; it does not come back");
    *fresh = !id;
    if (id) {
        SUND_TRY(erase(s, id, err));
        SUND_TRY(sund_db_run(s->db, err, "UPDATE patient SET sex=?, consent=?, test=?, contact=?, institution=?, href=? WHERE id=?", "iiittti", (int64_t) c->sex, (int64_t) c->consent, (int64_t) c->test,
                             c->contact, c->institution, c->href, id));
    }
    else {
        sund_random(random, sizeof random);
        sund_hex(random, sizeof random, pseudonym);
        sund_time_text(now);
        SUND_TRY(sund_db_run(s->db, err, "INSERT INTO patient(own, pseudonym, sex, consent, test, contact, institution, href, time) VALUES(?,?,?,?,?,?,?,?,?)", "ttiiitttt", c->own, pseudonym,
                             (int64_t) c->sex, (int64_t) c->consent, (int64_t) c->test, c->contact, c->institution, c->href, now));
        id = sund_db_last_id(s->db);
    }
    return put_parts(s, c, id, err);
}

sund_code sund_case_put(sund_cases *s, const sund_case *c, bool *fresh, sund_err *err)
{
    sund_code rc;

    if (!c->own[0] || !c->contact[0] || !c->href[0])
        return sund_fail(err, SUND_E_ARG, "a case needs its own name, and the name and address of its clinician or institution");
    if (!sund_case_href_ok(c->href))
        return sund_fail(err, SUND_E_ARG, "how they are reached is an address that begins with http:, https: or mailto:");
    if (!sund_text_ok(c->own) || !sund_text_ok(c->contact) || !sund_text_ok(c->institution))
        return sund_fail(err, SUND_E_ARG, "names have no control characters");
    for (size_t i = 0; i < c->n_gene; i++)
        if (!sund_gene_ok(c->gene[i].gene)) /* it is shown and sent as a gene's name, without consent to variants */
            return sund_fail(err, SUND_E_ARG, "gene %zu is no symbol, nor an id such as HGNC:1100; a variant has a place of its own", i + 1);
    SUND_TRY(sund_db_part(s->db, err));
    rc = put(s, c, fresh, err);
    return sund_db_part_end(s->db, true, rc, err);
}

static sund_code withdraw(sund_cases *s, const char *own, sund_err *err)
{
    int64_t id = 0;

    SUND_TRY(sund_db_i64(s->db, &id, 0, err, "SELECT id FROM patient WHERE own=? AND NOT withdrawn", "t", own));
    if (!id)
        return sund_fail(err, SUND_E_NOT_FOUND, "there is no such case here; 'sund case list' shows them");
    SUND_TRY(erase(s, id, err));
    SUND_TRY(sund_db_run(s->db, err, "UPDATE patient SET withdrawn=1, consent=0, sex=0 WHERE id=?", "i", id));
    SUND_TRY(sund_db_run(s->db, err, "UPDATE notice SET shared='' WHERE patient=?", "i", id)); /* to whom it was shown and sent stays, of what it had nothing */
    SUND_TRY(sund_db_run(s->db, err, "UPDATE sent SET what='' WHERE patient=?", "i", id));
    return changed(s, err);
}

sund_code sund_case_withdraw(sund_cases *s, const char *own, sund_err *err)
{
    sund_code rc;

    SUND_TRY(sund_db_part(s->db, err));
    rc = withdraw(s, own, err);
    return sund_db_part_end(s->db, true, rc, err);
}

sund_code sund_cases_part(sund_cases *s, sund_err *err) { return sund_db_part(s->db, err); }

sund_code sund_cases_part_end(sund_cases *s, sund_code rc, sund_err *err)
{
    SUND_TRY(sund_db_part_end(s->db, true, rc, err));
    return sund_db_script(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", err);
}

sund_code sund_case_consent(sund_cases *s, const char *own, sund_case_reach reach, sund_err *err)
{
    SUND_TRY(sund_db_run(s->db, err, "UPDATE patient SET consent=? WHERE own=? AND NOT withdrawn", "it", (int64_t) reach, own));
    return sund_db_changes(s->db) ? changed(s, err) : sund_fail(err, SUND_E_NOT_FOUND, "there is no such case here; 'sund case list' shows them");
}

static void copy(char *to, size_t cap, const char *from) { (void) snprintf(to, cap, "%s", from); }

/** Features, genes and disorders of the case that is in c. */
static sund_code load_parts(sund_cases *s, sund_case *c, sund_err *err)
{
    static const char *const sql[3] = { "SELECT id, absent FROM feature WHERE patient=? ORDER BY at", "SELECT gene, variant FROM gene WHERE patient=? ORDER BY at", "SELECT id, '' FROM disorder WHERE patient=? ORDER BY at" };

    for (int k = 0; k < 3; k++) {
        sund_rows *r = NULL;
        bool       more = false;
        sund_code  rc;

        SUND_TRY(sund_db_query(s->db, &r, err, sql[k], "i", c->id));
        while ((rc = sund_rows_next(r, &more, err)) == SUND_OK && more) {
            if (k == 0 && c->n_feature < SUND_CASE_FEATURES) {
                copy(c->feature[c->n_feature].id, sizeof c->feature[0].id, sund_rows_text(r, 0));
                c->feature[c->n_feature++].absent = sund_rows_i64(r, 1) != 0;
            }
            else if (k == 1 && c->n_gene < SUND_CASE_GENES) {
                copy(c->gene[c->n_gene].gene, sizeof c->gene[0].gene, sund_rows_text(r, 0));
                copy(c->gene[c->n_gene++].variant, sizeof c->gene[0].variant, sund_rows_text(r, 1));
            }
            else if (k == 2 && c->n_disorder < SUND_CASE_DISORDERS) {
                copy(c->disorder[c->n_disorder++], sizeof c->disorder[0], sund_rows_text(r, 0));
            }
        }
        sund_rows_close(r);
        SUND_TRY(rc);
    }
    return SUND_OK;
}

#define CASE_COLUMNS "SELECT id, own, pseudonym, sex, consent, withdrawn, test, contact, institution, href FROM patient "

/** The case of a row of these, with its parts. */
static sund_code load(sund_cases *s, sund_rows *r, sund_case *c, sund_err *err)
{
    int64_t reach = sund_rows_i64(r, 4);

    memset(c, 0, sizeof *c);
    c->id = sund_rows_i64(r, 0);
    copy(c->own, sizeof c->own, sund_rows_text(r, 1));
    copy(c->pseudonym, sizeof c->pseudonym, sund_rows_text(r, 2));
    c->sex = (char) sund_rows_i64(r, 3);
    c->consent = reach >= SUND_CASE_CLOSED && reach <= SUND_CASE_SENT_VARIANTS ? (sund_case_reach) reach : SUND_CASE_CLOSED;
    c->withdrawn = sund_rows_i64(r, 5) != 0;
    c->test = sund_rows_i64(r, 6) != 0;
    copy(c->contact, sizeof c->contact, sund_rows_text(r, 7));
    copy(c->institution, sizeof c->institution, sund_rows_text(r, 8));
    copy(c->href, sizeof c->href, sund_rows_text(r, 9));
    return load_parts(s, c, err);
}

sund_code sund_cases_each(sund_cases *s, bool matchable, bool test, sund_case_each each, void *ctx, sund_err *err)
{
    sund_case *c = malloc(sizeof *c);
    sund_rows *r = NULL;
    bool       more = false;
    sund_code  rc;

    if (!c)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_db_query(s->db, &r, err, CASE_COLUMNS "WHERE NOT ? OR (consent>=? AND withdrawn=0 AND test=?) ORDER BY id", "iii", (int64_t) matchable, (int64_t) SUND_CASE_SHOWN, (int64_t) test));
    while ((rc = sund_rows_next(r, &more, err)) == SUND_OK && more) {
        SUND_GO(load(s, r, c, err));
        SUND_GO(each(ctx, c, err));
    }
out:
    sund_rows_close(r);
    free(c);
    return rc;
}

sund_code sund_case_get(sund_cases *s, const char *own, sund_case *c, sund_err *err)
{
    sund_rows *r = NULL;
    bool       there = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(s->db, &r, err, CASE_COLUMNS "WHERE own=?", "t", own));
    rc = sund_rows_next(r, &there, err);
    if (rc == SUND_OK)
        rc = there ? load(s, r, c, err) : sund_fail(err, SUND_E_NOT_FOUND, "there is no case of that name here; 'sund case list' shows them");
    sund_rows_close(r);
    return rc;
}

sund_code sund_case_notify(sund_cases *s, int64_t id, const char *asker, const sund_case *query, double score, const char *shared, sund_err *err)
{
    char now[32];

    sund_time_text(now);
    SUND_TRY(sund_db_run(s->db, err, "INSERT INTO notice(patient, time, asker, contact, institution, href, score, shared) SELECT id,?,?,?,?,?,?,? FROM patient WHERE id=? AND consent AND NOT withdrawn", "tttttiti", now,
                         asker, query->contact, query->institution, query->href, (int64_t) (score * 10000 + 0.5), shared, id));
    return sund_db_changes(s->db) ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "this case may be shown no more");
}

sund_code sund_case_notices(sund_cases *s, bool all, bool seen, sund_case_notice_each each, void *ctx, sund_err *err)
{
    sund_case_notice n;
    sund_rows       *r = NULL;
    bool             more = false;
    int64_t          last = 0;
    sund_code        rc;

    SUND_TRY(sund_db_query(s->db, &r, err, "SELECT n.id, p.own, n.time, n.asker, n.contact, n.institution, n.href, n.score, n.shared, n.seen FROM notice n JOIN patient p ON p.id=n.patient WHERE ? OR NOT n.seen ORDER BY n.id",
                           "i", (int64_t) all));
    while ((rc = sund_rows_next(r, &more, err)) == SUND_OK && more) {
        memset(&n, 0, sizeof n);
        last = n.id = sund_rows_i64(r, 0);
        copy(n.own, sizeof n.own, sund_rows_text(r, 1));
        copy(n.time, sizeof n.time, sund_rows_text(r, 2));
        copy(n.asker, sizeof n.asker, sund_rows_text(r, 3));
        copy(n.contact, sizeof n.contact, sund_rows_text(r, 4));
        copy(n.institution, sizeof n.institution, sund_rows_text(r, 5));
        copy(n.href, sizeof n.href, sund_rows_text(r, 6));
        n.score = (double) sund_rows_i64(r, 7) / 10000;
        copy(n.shared, sizeof n.shared, sund_rows_text(r, 8));
        n.seen = sund_rows_i64(r, 9) != 0;
        SUND_GO(each(ctx, &n, err));
    }
out:
    sund_rows_close(r);
    if (rc == SUND_OK && seen)
        rc = sund_db_run(s->db, err, "UPDATE notice SET seen=1 WHERE id<=?", "i", last);
    return rc;
}

sund_code sund_case_alias(sund_cases *s, const char *own, const char *matchmaker, char pseudonym[33], sund_err *err)
{
    sund_rows    *r = NULL;
    unsigned char random[16];
    bool          there = false;
    sund_code     rc;

    sund_random(random, sizeof random);
    sund_hex(random, sizeof random, pseudonym);
    SUND_TRY(sund_db_run(s->db, err, "INSERT OR IGNORE INTO alias(patient, matchmaker, pseudonym) SELECT id, ?, ? FROM patient WHERE own=? AND NOT withdrawn", "ttt", matchmaker, pseudonym, own));
    SUND_TRY(sund_db_query(s->db, &r, err, "SELECT a.pseudonym FROM alias a JOIN patient p ON p.id=a.patient WHERE p.own=? AND NOT p.withdrawn AND a.matchmaker=?", "tt", own, matchmaker));
    rc = sund_rows_next(r, &there, err);
    if (rc == SUND_OK && !there)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "there is no case of that name here, or it was withdrawn; 'sund case list' shows them");
    if (rc == SUND_OK)
        copy(pseudonym, 33, sund_rows_text(r, 0));
    sund_rows_close(r);
    return rc;
}

sund_code sund_case_send(sund_cases *s, int64_t id, const char *matchmaker, const char *url, const void *what, size_t n, int64_t *row, sund_err *err)
{
    sund_buf  text = { 0 };
    char      now[32];
    sund_code rc;

    sund_time_text(now);
    sund_buf_put(&text, what, n);
    sund_buf_nul(&text);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_db_run(s->db, err, "INSERT INTO sent(patient, time, matchmaker, url, what, outcome) VALUES(?,?,?,?,?,'')", "itttt", id, now, matchmaker, url, (const char *) text.p);
    *row = sund_db_last_id(s->db);
    sund_buf_free(&text);
    return rc;
}

sund_code sund_case_outcome(sund_cases *s, int64_t row, const char *outcome, sund_err *err)
{
    return outcome ? sund_db_run(s->db, err, "UPDATE sent SET outcome=?, seen=0 WHERE id=?", "ti", outcome, row) : sund_db_run(s->db, err, "DELETE FROM sent WHERE id=?", "i", row);
}

sund_code sund_cases_sent(sund_cases *s, const char *which, bool fresh, bool seen, sund_case_sent_each each, void *ctx, sund_err *err)
{
    sund_rows *r = NULL;
    bool       more = false;
    int64_t    last = 0;
    sund_code  rc;

    SUND_TRY(sund_db_query(s->db, &r, err, "SELECT s.id, p.own, s.time, s.matchmaker, s.url, a.pseudonym, s.what, s.outcome, s.seen FROM sent s JOIN patient p ON p.id=s.patient"
                           " JOIN alias a ON a.patient=s.patient AND a.matchmaker=s.matchmaker WHERE (?1 IS NULL OR p.own=?1 OR a.pseudonym=?1) AND NOT (?2 AND s.seen) ORDER BY s.id", "ti", which, (int64_t) fresh));
    while ((rc = sund_rows_next(r, &more, err)) == SUND_OK && more) {
        const sund_case_sent x = { sund_rows_text(r, 1), sund_rows_text(r, 2), sund_rows_text(r, 3), sund_rows_text(r, 4), sund_rows_text(r, 5), sund_rows_text(r, 6), sund_rows_text(r, 7), sund_rows_i64(r, 8) != 0 };

        last = sund_rows_i64(r, 0);
        SUND_GO(each(ctx, &x, err));
    }
out:
    sund_rows_close(r);
    if (rc == SUND_OK && seen)
        rc = sund_db_run(s->db, err, "UPDATE sent SET seen=1 WHERE id<=?", "i", last);
    return rc;
}

sund_code sund_cases_asked(sund_cases *s, const char *asker, const char *day, int64_t max, sund_err *err)
{
    int64_t n = 0;

    SUND_TRY(sund_db_run(s->db, err, "DELETE FROM asked WHERE day<?", "t", day));
    SUND_TRY(sund_db_i64(s->db, &n, 0, err, "SELECT n FROM asked WHERE asker=? AND day=?", "tt", asker, day));
    if (n >= max)
        return sund_fail(err, SUND_E_LIMIT, "%lld questions a day are answered to %s; the next ones tomorrow", (long long) max, asker[0] ? "one asker" : "all askers together");
    return sund_db_run(s->db, err, "INSERT INTO asked(asker, day, n) VALUES(?,?,1) ON CONFLICT(asker, day) DO UPDATE SET n=n+1", "tt", asker, day);
}
