#include "gate/trail.h"

#include "base/ini.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/gate_priv.h"

#include <errno.h>
#include <string.h>

static const char magic[] = "sund-log\t1\t";
enum { FIELDS = 7 };

static const char *role_word(sund_role r) { return r == SUND_ROLE_HUB ? "hub" : "node"; }

/* ---- writing ---- */

typedef struct writing { FILE *out; sund_buf part; } writing;

static sund_code put(writing *w, sund_err *err)
{
    SUND_TRY(sund_buf_ok(&w->part, err));
    if (fwrite(w->part.p, 1, w->part.n, w->out) != w->part.n)
        return sund_fail(err, SUND_E_IO, "the log cannot be written: is the disk full?");
    sund_buf_clear(&w->part);
    return SUND_OK;
}

static sund_code put_entry(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    writing *w = ctx;

    sund_buf_printf(&w->part, "entry\t%llu\t%s\t%s\t%s\t%s\t%s\n", (unsigned long long) e->i, e->time, e->kind, e->study, e->text, sund_digest_hex(&e->digest).s);
    return put(w, err);
}

static sund_code held_lines(sund_db *db, sund_buf *out, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT member, n, digest FROM head WHERE n > 0 ORDER BY member", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur    c = sund_rows_blob(rows, 2);
        sund_digest d = { { 0 } };

        (void) sund_cur_copy(&c, d.b, sizeof d.b);
        sund_buf_printf(out, "held\t%s\t%lld\t%s\n", sund_rows_text(rows, 0), (long long) sund_rows_i64(rows, 1), sund_digest_hex(&d).s);
    }
    sund_rows_close(rows);
    return rc;
}

/** All of it of one state of the database. statement: what is signed. */
static sund_code write_part(writing *w, sund_db *db, const sund_identity *me, sund_role role, const sund_digest *roster, sund_buf *statement, sund_err *err)
{
    sund_head head = { 0, { { 0 } } };
    sund_sig  sig;
    char      now[32], hex[129];
    size_t    at;

    SUND_TRY(sund_ledger_verify(db, &head.n, &head.d, err));
    if (head.n == 0)
        return sund_fail(err, SUND_E_NOT_FOUND, "the log is empty: nothing has left, and nothing was decided");
    sund_hex(me->pub.b, sizeof me->pub.b, hex);
    sund_buf_printf(statement, "%s%s\t%s\t%s\n", magic, me->id, role_word(role), hex);
    sund_buf_put(&w->part, statement->p, statement->n);
    SUND_TRY(sund_ledger_each(db, put_entry, w, err));
    at = statement->n;
    SUND_TRY(held_lines(db, statement, err));
    sund_time_text(now);
    sund_buf_printf(statement, "head\t%llu\t%s\t%s\t%s\n", (unsigned long long) head.n, sund_digest_hex(&head.d).s, now, sund_digest_hex(roster).s);
    SUND_TRY(sund_buf_ok(statement, err));
    sig = sund_sign(&me->key, statement->p, statement->n);
    sund_hex(sig.b, sizeof sig.b, hex);
    sund_buf_put(&w->part, statement->p + at, statement->n - at);
    sund_buf_printf(&w->part, "sig\t%s\n", hex);
    return put(w, err);
}

sund_code sund_trail_write(FILE *out, sund_db *db, const sund_identity *me, sund_role role, const sund_digest *roster, sund_err *err)
{
    writing   w = { out, { 0 } };
    sund_buf  statement = { 0 };
    sund_code rc;

    SUND_TRY(sund_db_part(db, err));
    rc = sund_db_part_end(db, false, write_part(&w, db, me, role, roster, &statement, err), err);
    sund_buf_free(&w.part);
    sund_buf_free(&statement);
    return rc;
}

/* ---- reading ---- */

typedef struct reading {
    FILE      *in;
    const char *name;
    sund_trail *t;
    char       line[SUND_TRAIL_LINE_MAX], was[SUND_TRAIL_LINE_MAX]; /* was: the line with its tabs and LF, for the signature */
    char      *f[FIELDS];
    size_t     n_line, n, n_f;
    sund_buf   statement;
} reading;

static sund_code bad(const reading *r, sund_err *err, const char *what)
{
    return sund_fail(err, SUND_E_FORMAT, "%s:%zu: %s; the file is not as 'sund log export' wrote it: have it exported again, and compare its digest with who sent it", r->name, r->n_line, what);
}

/** The next line, into fields. */
static sund_code next_line(reading *r, sund_err *err)
{
    int c = 0;

    r->n_line++;
    r->n = 0;
    while (r->n < sizeof r->line - 1 && (c = getc(r->in)) != EOF && c != '\n' && c)
        r->line[r->n++] = (char) c;
    r->line[r->n] = 0;
    if (ferror(r->in))
        return sund_fail(err, SUND_E_IO, "%s cannot be read", r->name);
    if (c != '\n')
        return bad(r, err, c == EOF ? "the file was cut: it ends here, without a signature" : c ? "a line is too long" : "a NUL");
    (void) snprintf(r->was, sizeof r->was, "%s", r->line);
    r->n_f = 0;
    for (char *at = r->line;; at++) {
        size_t n = strcspn(at, "\t");
        bool   last = !at[n];

        if (r->n_f == FIELDS)
            return bad(r, err, "too many fields");
        at[n] = 0;
        r->f[r->n_f++] = at;
        if (!sund_text_ok(at))
            return bad(r, err, "a field with control characters, or not in UTF-8");
        at += n;
        if (last)
            return SUND_OK;
    }
}

static void sign_line(reading *r)
{
    sund_buf_text(&r->statement, r->was);
    sund_buf_text(&r->statement, "\n");
}

/** Written in one way: no sign, no zero before. */
static bool number(const char *s, uint64_t *out)
{
    int64_t v = 0;

    if (s[0] < '1' || s[0] > '9' || !sund_parse_i64(s, 1, INT64_MAX, &v))
        return false;
    *out = (uint64_t) v;
    return true;
}

static bool hexes(const char *s, void *out, size_t n)
{
    return strlen(s) == 2 * n && strspn(s, "0123456789abcdef") == 2 * n && sund_unhex(s, out, n);
}

static bool time_ok(const char *s)
{
    static const char form[] = "0000-00-00T00:00:00Z";

    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
            return false;
    return true;
}

static bool word_ok(const char *s, const char *of, size_t min, size_t max) { return strlen(s) >= min && strlen(s) <= max && strspn(s, of) == strlen(s); }

static sund_code first_line(reading *r, sund_err *err)
{
    sund_trail *t = r->t;

    SUND_TRY(next_line(r, err));
    if (strcmp(r->f[0], "sund-log") != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: not a log that 'sund log export' wrote", r->name);
    if (r->n_f < 2 || strcmp(r->f[1], "1") != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s:1: version '%.20s' of the format; this program reads version 1", r->name, r->n_f < 2 ? "" : r->f[1]);
    if (r->n_f != 5 || !sund_id_ok(r->f[2]) || !hexes(r->f[4], t->key.b, sizeof t->key.b))
        return bad(r, err, "whose log and which key is expected");
    t->role = strcmp(r->f[3], "hub") == 0 ? SUND_ROLE_HUB : SUND_ROLE_NODE;
    if (strcmp(r->f[3], role_word(t->role)) != 0)
        return bad(r, err, "'node' or 'hub' is expected");
    (void) snprintf(t->member, sizeof t->member, "%s", r->f[2]);
    sign_line(r);
    return SUND_OK;
}

static sund_code take_entry(reading *r, sund_err *err)
{
    sund_trail *t = r->t;
    uint64_t    i;
    char        want[80];

    (void) snprintf(want, sizeof want, "entry %llu is expected: one is missing, is there twice, or was moved", (unsigned long long) (t->head.n + 1));
    if (r->n_f != 7 || !number(r->f[1], &i) || !time_ok(r->f[2]) || !word_ok(r->f[3], "abcdefghijklmnopqrstuvwxyz0123456789-", 1, 32) || !word_ok(r->f[4], "0123456789abcdef", 0, 64) ||
        strlen(r->f[5]) >= 600 || !hexes(r->f[6], t->head.d.b, sizeof t->head.d.b))
        return bad(r, err, "number, time, kind, study, text and digest of an entry are expected");
    if (i != t->head.n + 1)
        return bad(r, err, want);
    t->head.n = i;
    return sund_db_run(t->db, err, "INSERT INTO ledger(i, time, kind, study, text, digest) VALUES(?,?,?,?,?,?)", "ittttb", (int64_t) i, r->f[2], r->f[3], r->f[4], r->f[5], t->head.d.b,
                       sizeof t->head.d.b);
}

static sund_code take_held(reading *r, char before[SUND_ID_MAX + 1], sund_err *err)
{
    sund_head h;

    if (r->n_f != 4 || !sund_id_ok(r->f[1]) || !number(r->f[2], &h.n) || !hexes(r->f[3], h.d.b, sizeof h.d.b))
        return bad(r, err, "whose log, entries and head are expected");
    if (strcmp(r->f[1], before) <= 0)
        return bad(r, err, "heads of others' logs are in order of their names, each once");
    (void) snprintf(before, SUND_ID_MAX + 1, "%s", r->f[1]);
    sign_line(r);
    return sund_db_run(r->t->db, err, "INSERT INTO head(member, n, digest, own, logged) VALUES(?,?,?,0,0)", "tib", r->f[1], (int64_t) h.n, h.d.b, sizeof h.d.b);
}

static sund_code take_head(reading *r, sund_err *err)
{
    sund_trail *t = r->t;
    sund_head   h;

    if (r->n_f != 5 || strcmp(r->f[0], "head") != 0 || !number(r->f[1], &h.n) || !hexes(r->f[2], h.d.b, sizeof h.d.b) || !time_ok(r->f[3]) || !hexes(r->f[4], t->roster.b, sizeof t->roster.b))
        return bad(r, err, "an entry, a head of another's log or the own head is expected");
    if (h.n != t->head.n || !sund_digest_eq(&h.d, &t->head.d))
        return bad(r, err, "the head is not that of the last entry: entries are missing at the end");
    (void) snprintf(t->made, sizeof t->made, "%s", r->f[3]);
    sign_line(r);
    return SUND_OK;
}

static sund_code take_signature(reading *r, sund_err *err)
{
    sund_sig sig;

    SUND_TRY(next_line(r, err));
    if (r->n_f != 2 || strcmp(r->f[0], "sig") != 0 || !hexes(r->f[1], sig.b, sizeof sig.b))
        return bad(r, err, "the signature is expected");
    if (getc(r->in) != EOF)
        return bad(r, err, "something is behind the signature");
    SUND_TRY(sund_buf_ok(&r->statement, err));
    if (!sund_verify(&r->t->key, &sig, r->statement.p, r->statement.n))
        return sund_fail(err, SUND_E_DENIED, "%s: the signature is not that of the key in its first line: the head, the heads of others or who it is of was changed; have it exported again", r->name);
    return SUND_OK;
}

static sund_code read_lines(reading *r, sund_err *err)
{
    char   before[SUND_ID_MAX + 1] = "";
    size_t held = 0;

    SUND_TRY(first_line(r, err));
    SUND_TRY(next_line(r, err));
    while (strcmp(r->f[0], "entry") == 0) {
        SUND_TRY(take_entry(r, err));
        SUND_TRY(next_line(r, err));
    }
    for (; strcmp(r->f[0], "held") == 0; held++) {
        if (held == SUND_TRAIL_HELD_MAX)
            return bad(r, err, "more heads than a federation has members");
        SUND_TRY(take_held(r, before, err));
        SUND_TRY(next_line(r, err));
    }
    SUND_TRY(take_head(r, err));
    return take_signature(r, err);
}

/** A database for what is read, in a file without a name. */
static sund_code begin(sund_trail *t, const char *name, sund_err *err)
{
    memset(t, 0, sizeof *t);
    (void) snprintf(t->name, sizeof t->name, "%s", name);
    SUND_TRY(sund_db_open(&t->db, "", "", err));
    t->own_db = true;
    SUND_TRY(sund_ledger_open(t->db, err));
    return sund_heads_open(t->db, err);
}

sund_code sund_trail_read(sund_trail *t, FILE *in, const char *name, sund_err *err)
{
    reading   r = { .in = in, .name = name, .t = t };
    sund_head end;
    sund_err  why = { SUND_OK, "" };
    sund_code rc;

    SUND_GO(begin(t, name, err));
    SUND_GO(sund_db_part(t->db, err));
    SUND_GO(sund_db_part_end(t->db, true, read_lines(&r, err), err));
    rc = sund_ledger_verify(t->db, &end.n, &end.d, &why);
    rc = rc == SUND_OK ? sund_trail_said(t, err) : sund_fail(err, rc, "%s: %.300s; have it exported again", name, why.msg);
out:
    sund_buf_free(&r.statement);
    if (rc != SUND_OK)
        sund_trail_close(t);
    return rc;
}

sund_code sund_trail_read_heads(sund_trail *t, FILE *in, const char *name, sund_err *err)
{
    reading   r = { .in = in, .name = name, .t = t };
    sund_head h;
    int       c = 0;
    sund_code rc;

    SUND_GO(begin(t, name, err));
    SUND_GO(sund_trail_said(t, err));
    while ((c = getc(in)) != EOF) {
        (void) ungetc(c, in);
        if (next_line(&r, NULL) != SUND_OK || r.n_f != 4 || !sund_id_ok(r.f[0]) || !number(r.f[1], &h.n) || !hexes(r.f[2], h.d.b, sizeof h.d.b) || !time_ok(r.f[3])) {
            rc = sund_fail(err, SUND_E_FORMAT, "%s:%zu: neither a log of 'sund log export' nor a line of 'sund log heads': whose, entries, head, time", name, r.n_line);
            goto out;
        }
        SUND_GO(sund_trail_say(t, r.f[0], &h, r.n_line, r.f[3], err));
    }
out:
    if (rc != SUND_OK)
        sund_trail_close(t);
    return rc;
}

sund_code sund_trail_open(sund_trail *t, const char *path, sund_err *err)
{
    FILE     *in = fopen(path, "rb");
    char      first[9];
    bool      whole;
    sund_code rc;

    memset(t, 0, sizeof *t);
    if (!in)
        return sund_fail(err, errno == ENOENT ? SUND_E_NOT_FOUND : SUND_E_IO, "cannot open %s: %s", path, strerror(errno));
    whole = fread(first, 1, sizeof first, in) == sizeof first && memcmp(first, magic, sizeof first) == 0;
    rewind(in);
    rc = whole ? sund_trail_read(t, in, path, err) : sund_trail_read_heads(t, in, path, err);
    (void) fclose(in);
    return rc;
}
