#include "study/agreement.h"

#include "base/ini.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/ledger.h"
#include "people/people.h"
#include "study/analysis.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the file ---- */

static const char *const known[] = { "agreement.name", "agreement.expires", "agreement.purposes", "agreement.analyses", "agreement.two_party", "agreement.cell_min", "agreement.mac",
                                     "agreement.mac_association", "party.sign", "party.data", "signature.sig", "signature.member", "signature.member_sig", NULL };

static sund_code bad(const sund_ini *ini, const char *key, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s: [agreement] %s: %s", ini->name, key, why); }

bool sund_list_next(const char **at, char *out, size_t cap)
{
    size_t n;

    *at += strspn(*at, ", ");
    n = strcspn(*at, ", ");
    (void) snprintf(out, cap, "%.*s", (int) n, *at);
    *at += n;
    return n > 0;
}

bool sund_list_has(const char *list, const char *word)
{
    char x[80];

    while (sund_list_next(&list, x, sizeof x))
        if (strcmp(x, word) == 0)
            return true;
    return false;
}

bool sund_agreement_day_ok(const char *s)
{
    struct tm t = { 0 };
    char      again[11];
    time_t    at;

    if (strlen(s) != 10 || sscanf(s, "%4d-%2d-%2d", &t.tm_year, &t.tm_mon, &t.tm_mday) != 3)
        return false;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    at = timegm(&t);
    (void) gmtime_r(&at, &t);
    (void) strftime(again, sizeof again, "%Y-%m-%d", &t);
    return strcmp(again, s) == 0;
}

static sund_code check_words(const sund_agreement *a, const sund_ini *ini, sund_err *err)
{
    const char          *at = a->purposes;
    const sund_analysis *analysis;
    char                 x[80];
    size_t               n = 0;

    for (; sund_list_next(&at, x, sizeof x); n++)
        if (sund_purpose_check(x, NULL) != SUND_OK && !sund_consent_known(x))
            return bad(ini, "purposes", "purposes as studies name them, or DUO codes, are expected", err);
    at = a->analyses;
    for (n = n ? 0 : 100; n < 100 && sund_list_next(&at, x, sizeof x); n++)
        if (strcmp(x, "any") != 0 && sund_analysis_find(x, &analysis, err) != SUND_OK)
            return sund_fail_in(err, SUND_E_FORMAT, "%s: [agreement] analyses", ini->name);
    return n > 0 && n < 100 ? SUND_OK : bad(ini, "purposes and analyses", "name at least one of each ('analyses = any' is all)", err);
}

static sund_code limit(const sund_ini *ini, const char *key, uint32_t *out, sund_err *err)
{
    const char *v = sund_ini_get(ini, "agreement", key);
    int64_t     x = *out;

    if (v && !sund_parse_i64(v, 0, 1000000, &x))
        return bad(ini, key, "a whole number is expected", err);
    *out = (uint32_t) x;
    return SUND_OK;
}

static sund_code take(const sund_ini *ini, const char *key, char *out, size_t cap, sund_err *err)
{
    const char *v = sund_ini_get(ini, "agreement", key);

    if (!v || !*v)
        return bad(ini, key, "give a value", err);
    return snprintf(out, cap, "%s", v) < (int) cap ? SUND_OK : bad(ini, key, "the value is too long", err);
}

static sund_code take_terms(sund_agreement *a, const sund_ini *ini, sund_err *err)
{
    const char *two = sund_ini_get(ini, "agreement", "two_party");

    SUND_TRY(take(ini, "name", a->name, sizeof a->name, err));
    SUND_TRY(take(ini, "expires", a->expires, sizeof a->expires, err));
    SUND_TRY(take(ini, "purposes", a->purposes, sizeof a->purposes, err));
    SUND_TRY(take(ini, "analyses", a->analyses, sizeof a->analyses, err));
    if (!sund_id_ok(a->name))
        return bad(ini, "name", "letters, digits, '-' and '_' are expected, at most 32", err);
    if (!sund_agreement_day_ok(a->expires))
        return bad(ini, "expires", "a day such as 2027-12-31 is expected", err);
    if (two && strcmp(two, "yes") != 0 && strcmp(two, "no") != 0)
        return bad(ini, "two_party", "'yes' or 'no' is expected", err);
    a->two_party = two && strcmp(two, "yes") == 0;
    SUND_TRY(check_words(a, ini, err));
    a->least = sund_thresholds_default();
    SUND_TRY(limit(ini, "cell_min", &a->least.cell_min, err));
    SUND_TRY(limit(ini, "mac", &a->least.mac, err));
    SUND_TRY(limit(ini, "mac_association", &a->least.mac_association, err));
    return sund_thresholds_check(&a->least, err) == SUND_OK ? SUND_OK : sund_fail_in(err, SUND_E_FORMAT, "%s: [agreement]", ini->name);
}

static sund_agreement_party *party_of(sund_agreement *a, const char *id)
{
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->party[i].id, id) == 0)
            return &a->party[i];
    return NULL;
}

const sund_agreement_party *sund_agreement_party_of(const sund_agreement *a, const char *id)
{
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->party[i].id, id) == 0)
            return &a->party[i];
    return NULL;
}

/** One line of a [party ID] or [signature ID]. */
static sund_code take_item(sund_agreement *a, const sund_ini *ini, const sund_ini_item *it, bool *signatures, sund_err *err)
{
    sund_agreement_party *p = party_of(a, it->label);
    const char           *why = NULL;

    if (strcmp(it->section, "signature") == 0) {
        *signatures = true;
        if (!p)
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: a signature of '%.40s', who is no party", ini->name, it->line, it->label);
        if (strcmp(it->key, "member") == 0 && (!sund_id_ok(it->value) || snprintf(p->member, sizeof p->member, "%s", it->value) >= (int) sizeof p->member))
            why = "a member's name is expected";
    }
    else if (*signatures) {
        why = "behind the signatures stand signatures only: this is signed by nobody";
    }
    else if (strcmp(it->section, "party") == 0) {
        if (!p && (a->n == SUND_NODE_MAX || !sund_id_ok(it->label)))
            return sund_fail(err, SUND_E_FORMAT, "%s:%u: a party is written [party NODE], and there are at most %d", ini->name, it->line, SUND_NODE_MAX);
        if (!p) {
            p = &a->party[a->n++];
            (void) snprintf(p->id, sizeof p->id, "%s", it->label);
        }
        if (strcmp(it->key, "sign") == 0 && !sund_unhex(it->value, p->sign.b, sizeof p->sign.b))
            why = "sign is a public key of 64 hex digits";
        if (strcmp(it->key, "data") == 0 && (!it->value[0] || snprintf(p->data, sizeof p->data, "%s", it->value) >= (int) sizeof p->data))
            why = "data is a list of data sets";
    }
    else if (it->label[0]) {
        why = "[agreement] has no label";
    }
    return why ? sund_fail(err, SUND_E_FORMAT, "%s:%u: %s", ini->name, it->line, why) : SUND_OK;
}

static sund_code fill(sund_agreement *a, const sund_ini *ini, sund_err *err)
{
    static const sund_pub none;
    bool                  signatures = false;

    SUND_TRY(sund_ini_known(ini, known, err));
    SUND_TRY(take_terms(a, ini, err));
    for (size_t i = 0; i < ini->n_item; i++)
        SUND_TRY(take_item(a, ini, &ini->item[i], &signatures, err));
    for (size_t i = 0; i < a->n; i++)
        if (memcmp(a->party[i].sign.b, none.b, sizeof none.b) == 0 || !a->party[i].data[0])
            return sund_fail(err, SUND_E_FORMAT, "%s: [party %s] needs sign and data", ini->name, a->party[i].id);
    if (a->n < 2)
        return sund_fail(err, SUND_E_FORMAT, "%s: an agreement has two or more parties", ini->name);
    if (a->two_party && a->n != 2)
        return sund_fail(err, SUND_E_FORMAT, "%s: [agreement] two_party: sums of two are agreed on by exactly two parties; this has %zu", ini->name, a->n);
    return SUND_OK;
}

sund_code sund_agreement_parse(sund_agreement *a, const char *name, const void *p, size_t n, sund_err *err)
{
    sund_ini  ini = { 0 };
    sund_code rc;

    memset(a, 0, sizeof *a);
    if (n > SUND_AGREEMENT_MAX_BYTES)
        return sund_fail(err, SUND_E_LIMIT, "%s: an agreement has at most %d bytes", name, SUND_AGREEMENT_MAX_BYTES);
    SUND_TRY(sund_ini_parse(&ini, name, p, n, err));
    rc = fill(a, &ini, err);
    sund_ini_free(&ini);
    a->digest = sund_digest_of(p, sund_signed_part(p, n));
    return rc;
}

/* ---- signatures ---- */

static bool signed_by(const sund_ini *ini, const char *id, const char *key, const sund_pub *pub, const sund_digest *d, bool *there)
{
    sund_sig sig;

    *there = false;
    for (size_t i = 0; i < ini->n_item; i++)
        if (strcmp(ini->item[i].section, "signature") == 0 && strcmp(ini->item[i].label, id) == 0 && strcmp(ini->item[i].key, key) == 0) {
            *there = true;
            return sund_unhex(ini->item[i].value, sig.b, sizeof sig.b) && sund_verify(pub, &sig, d->b, sizeof d->b);
        }
    return false;
}

static sund_code check_party(const sund_agreement *a, const sund_ini *ini, const sund_agreement_party *p, const sund_roster *roster, sund_err *err)
{
    const sund_member *m = sund_roster_find(roster, p->id, SUND_ROLE_NODE);
    bool               there;

    if (!m)
        return sund_fail(err, SUND_E_DENIED, "agreement %s: the roster has no node %s", a->name, p->id);
    if (memcmp(m->sign.b, p->sign.b, sizeof m->sign.b) != 0)
        return sund_fail(err, SUND_E_DENIED, "agreement %s names %s with another key than the roster: make and sign it anew", a->name, p->id);
    if (signed_by(ini, p->id, "sig", &p->sign, &a->digest, &there))
        return SUND_OK;
    return there ? sund_fail(err, SUND_E_DENIED, "agreement %s: the signature of %s does not match; it was changed after %s signed", a->name, p->id, p->id)
                 : sund_fail(err, SUND_E_DENIED, "agreement %s: %s has not signed; its operator runs 'sund agreement sign'", a->name, p->id);
}

static sund_code check_own(const sund_agreement *a, const sund_ini *ini, const sund_dac *dac, sund_err *err)
{
    const sund_agreement_party *own = sund_agreement_party_of(a, dac->node);
    const sund_dac_member      *m;
    bool                        there;

    if (!own)
        return sund_fail(err, SUND_E_DENIED, "agreement %s: node %s is no party", a->name, dac->node);
    if (!dac->committee)
        return SUND_OK;
    m = sund_dac_find(dac, own->member);
    if (!m || !signed_by(ini, own->id, "member_sig", &m->key, &a->digest, &there))
        return sund_fail(err, SUND_E_DENIED, "agreement %s: no member of the committee of %s has signed it ('sund agreement sign --by KEYFILE')", a->name, dac->node);
    return SUND_OK;
}

sund_code sund_agreement_check(const sund_agreement *a, const void *p, size_t n, const sund_agreement_eye *eye, sund_err *err)
{
    sund_ini  ini = { 0 };
    sund_code rc;

    SUND_TRY(sund_ini_parse(&ini, a->name, p, n, err));
    rc = check_own(a, &ini, eye->dac, err);
    for (size_t i = 0; i < a->n && rc == SUND_OK; i++)
        rc = check_party(a, &ini, &a->party[i], eye->roster, err);
    sund_ini_free(&ini);
    return rc;
}

sund_code sund_agreement_sign(const void *p, size_t n, const sund_identity *me, const sund_identity *by, sund_buf *out, sund_err *err)
{
    sund_digest d = sund_digest_of(p, sund_signed_part(p, n));
    sund_sig    sig;
    char        hex[129];

    SUND_TRY(sund_roster_sign(p, n, me->id, false, &me->key, out, err));
    if (!by)
        return SUND_OK;
    sig = sund_sign(&by->key, d.b, sizeof d.b);
    sund_hex(sig.b, sizeof sig.b, hex);
    sund_buf_printf(out, "member = %s\nmember_sig = %s\n", by->id, hex);
    return sund_buf_ok(out, err);
}

/* ---- at a node ---- */

sund_code sund_agreements_open(sund_db *db, sund_err *err)
{
    return sund_db_script(db,
                          "CREATE TABLE IF NOT EXISTS agreement(digest BLOB PRIMARY KEY, at TEXT NOT NULL, text BLOB NOT NULL) STRICT;"
                          "CREATE TABLE IF NOT EXISTS agreement_end(digest BLOB NOT NULL, node TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL, told INTEGER NOT NULL,"
                          " PRIMARY KEY(digest, node)) STRICT;"
                          "CREATE TABLE IF NOT EXISTS notices_heard(one INTEGER PRIMARY KEY CHECK(one = 1), next INTEGER NOT NULL) STRICT;"
                          "CREATE TABLE IF NOT EXISTS under(study BLOB PRIMARY KEY, agreement BLOB NOT NULL) STRICT;", /* studies that run by one */
                          err);
}

/** Neither expired nor ended by a party. */
static sund_code in_force(const sund_agreement_eye *eye, const sund_agreement *a, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    char       now[32];
    sund_code  rc;

    sund_time_text(now);
    if (strncmp(now, a->expires, 10) > 0)
        return sund_fail(err, SUND_E_DENIED, "agreement %s (%.16s) expired on %s", a->name, sund_digest_hex(&a->digest).s, a->expires);
    SUND_TRY(sund_db_query(eye->db, &rows, err, "SELECT node, reason FROM agreement_end WHERE digest=? ORDER BY at, node", "b", a->digest.b, sizeof a->digest.b));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        if (sund_agreement_party_of(a, sund_rows_text(rows, 0))) { /* the word of others is nothing */
            rc = sund_fail(err, SUND_E_DENIED, "agreement %s (%.16s) was revoked by %s: %.200s", a->name, sund_digest_hex(&a->digest).s, sund_rows_text(rows, 0), sund_rows_text(rows, 1));
            break;
        }
    sund_rows_close(rows);
    return rc;
}

static sund_code judge(const sund_agreement_eye *eye, const char *name, const void *p, size_t n, sund_agreement *a, sund_err *err)
{
    SUND_TRY(sund_agreement_parse(a, name, p, n, err));
    SUND_TRY(sund_agreement_check(a, p, n, eye, err));
    return in_force(eye, a, err);
}

sund_code sund_agreement_install(const sund_agreement_eye *eye, const char *name, const void *p, size_t n, sund_agreement *a, sund_err *err)
{
    char now[32];

    SUND_TRY(judge(eye, name, p, n, a, err));
    sund_time_text(now);
    SUND_TRY(sund_db_run(eye->db, err, "INSERT OR IGNORE INTO agreement(digest, at, text) VALUES(?,?,?)", "btb", a->digest.b, sizeof a->digest.b, now, p, n));
    if (sund_db_changes(eye->db) == 0)
        return SUND_OK;
    return sund_ledger_add(eye->db, "agreement", "", err, "installed: %s, digest %s, until %s", a->name, sund_digest_hex(&a->digest).s, a->expires);
}

sund_code sund_agreement_stands(const sund_agreement_eye *eye, const sund_digest *d, sund_agreement *a, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(eye->db, &rows, err, "SELECT text FROM agreement WHERE digest=?", "b", d->b, sizeof d->b));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more) {
        sund_cur text = sund_rows_blob(rows, 0);

        rc = judge(eye, "agreement", text.p, text.n, a, err);
        if (rc == SUND_OK && !sund_digest_eq(&a->digest, d))
            rc = sund_fail(err, SUND_E_DENIED, "agreement %s is not the one that was installed: state.db was altered", a->name);
    }
    else if (rc == SUND_OK) {
        rc = sund_fail(err, SUND_E_DENIED, "agreement %.16s is not installed here", sund_digest_hex(d).s);
    }
    sund_rows_close(rows);
    return rc;
}

bool sund_purposes_allow(const char *purposes, const char *purpose)
{
    char   codes[SUND_AGREEMENT_LIST_MAX + 1] = "", x[80], wide[65];
    size_t n = 0;

    (void) snprintf(wide, sizeof wide, "%.*s", (int) strcspn(purpose, "="), purpose);
    while (sund_list_next(&purposes, x, sizeof x)) {
        if (strcmp(x, purpose) == 0 || strcmp(x, wide) == 0)
            return true;
        if (sund_consent_known(x) && n < sizeof codes)
            n += (size_t) snprintf(codes + n, sizeof codes - n, "%s%s", n ? "," : "", x);
    }
    return codes[0] && sund_consent_allows(codes, purpose);
}

bool sund_agreement_covers(const sund_agreement *a, const sund_study *s, const sund_agreement_eye *eye, char why[200])
{
    const sund_agreement_party *own = sund_agreement_party_of(a, eye->dac->node);

    why[0] = 0;
    for (size_t i = 0; i < s->n_node && !why[0]; i++)
        if (!sund_agreement_party_of(a, s->node[i]))
            (void) snprintf(why, 200, "agreement %s: %s is no party", a->name, s->node[i]);
    if (!why[0] && s->n_node == 2 && !a->two_party)
        (void) snprintf(why, 200, "agreement %s does not allow sums of two", a->name);
    if (!why[0] && !sund_purposes_allow(a->purposes, s->purpose))
        (void) snprintf(why, 200, "agreement %s does not hold for the purpose %s", a->name, s->purpose);
    if (!why[0] && !sund_list_has(a->analyses, s->analysis) && !sund_list_has(a->analyses, "any"))
        (void) snprintf(why, 200, "agreement %s does not hold for the analysis %s", a->name, s->analysis);
    if (!why[0] && (!own || !sund_list_has(own->data, eye->data)))
        (void) snprintf(why, 200, "agreement %s does not hold for the data set %.60s of %s", a->name, eye->data, eye->dac->node);
    return !why[0];
}

sund_code sund_agreements_each(const sund_agreement_eye *eye, sund_agreement_each each, void *ctx, sund_err *err)
{
    sund_rows     *rows = NULL;
    bool           more = false;
    sund_agreement a;
    sund_code      rc;

    SUND_TRY(sund_db_query(eye->db, &rows, err, "SELECT digest, text FROM agreement ORDER BY at, digest", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_cur    d = sund_rows_blob(rows, 0), text = sund_rows_blob(rows, 1);
        sund_digest name;
        sund_err    standing = { SUND_OK, "" };

        (void) sund_cur_copy(&d, name.b, sizeof name.b);
        if (sund_agreement_stands(eye, &name, &a, &standing) == SUND_E_IO) {
            rc = sund_fail(err, SUND_E_IO, "%s", standing.msg);
            break;
        }
        SUND_GO(each(ctx, &name, text, &standing, err));
    }
out:
    sund_rows_close(rows);
    return rc;
}

typedef struct looking { const sund_agreement_eye *eye; const sund_study *s; sund_agreement *a; bool *found; char *why; } looking;

static sund_code look(void *ctx, const sund_digest *d, sund_cur text, const sund_err *standing, sund_err *err)
{
    looking       *l = ctx;
    sund_agreement a;

    (void) d;
    if (*l->found)
        return SUND_OK;
    if (standing->code != SUND_OK) {
        (void) snprintf(l->why, 200, "%.199s", standing->msg);
        return SUND_OK;
    }
    SUND_TRY(sund_agreement_parse(&a, "agreement", text.p, text.n, err));
    if (sund_agreement_covers(&a, l->s, l->eye, l->why)) {
        *l->found = true;
        *l->a = a;
    }
    return SUND_OK;
}

sund_code sund_agreement_find(const sund_agreement_eye *eye, const sund_study *s, sund_agreement *a, bool *found, char why[200], sund_err *err)
{
    looking l = { eye, s, a, found, why };

    *found = false;
    why[0] = 0;
    return sund_agreements_each(eye, look, &l, err);
}

/* ---- ends ---- */

enum { ENDS_MAX = 10000 }; /* heard of: more is a hub or node gone mad */

sund_code sund_agreement_end(sund_db *db, const sund_digest *d, const char *node, bool own, const char *reason, sund_err *err)
{
    char    now[32];
    int64_t n = 0;

    SUND_TRY(sund_db_i64(db, &n, 0, err, "SELECT COUNT(*) FROM agreement_end", ""));
    if (n >= ENDS_MAX && !own)
        return sund_fail(err, SUND_E_LIMIT, "more than %d agreements have ended", ENDS_MAX);
    sund_time_text(now);
    SUND_TRY(sund_db_run(db, err, "INSERT OR IGNORE INTO agreement_end(digest, node, at, reason, told) VALUES(?,?,?,?,?)", "bttti", d->b, sizeof d->b, node, now, reason, (int64_t) !own));
    if (sund_db_changes(db) == 0)
        return SUND_OK;
    return sund_ledger_add(db, "agreement", "", err, "revoked by %s: %s, digest %s", node, reason, sund_digest_hex(d).s);
}

sund_code sund_agreement_revoke(sund_db *db, const sund_digest *d, const sund_identity *me, const sund_identity *by, const char *reason, sund_err *err)
{
    sund_buf  text = { 0 };
    char      hex[129];
    int64_t   done = 0;
    sund_sig  sig;
    sund_code rc;

    if (!reason[0] || strlen(reason) > SUND_DAC_REASON_MAX || !sund_text_ok(reason))
        return sund_fail(err, SUND_E_ARG, "say why, for all to read, in one line of at most %d bytes: --reason TEXT", SUND_DAC_REASON_MAX);
    SUND_TRY(sund_db_i64(db, &done, 0, err, "SELECT COUNT(*) FROM agreement_end WHERE digest=? AND node=?", "bt", d->b, sizeof d->b, me->id));
    if (done)
        return sund_fail(err, SUND_E_MISMATCH, "agreement %.16s was revoked by %s before", sund_digest_hex(d).s, me->id);
    sund_buf_put(&text, "SUNDAGEND", 9);
    sund_end_write(d, reason, &text);
    rc = sund_buf_ok(&text, err);
    sig = sund_sign(by ? &by->key : &me->key, text.p, text.n);
    sund_hex(sig.b, sizeof sig.b, hex);
    sund_buf_free(&text);
    if (rc == SUND_OK)
        rc = sund_agreement_end(db, d, me->id, true, reason, err);
    return rc == SUND_OK ? sund_ledger_add(db, "agreement", "", err, "that end is signed by %s: %s", by ? by->id : me->id, hex) : rc;
}

void sund_end_write(const sund_digest *d, const char *reason, sund_buf *out)
{
    sund_buf_put(out, d->b, sizeof d->b);
    sund_buf_str(out, reason);
}

sund_code sund_end_read(sund_cur body, sund_digest *d, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err)
{
    (void) sund_cur_copy(&body, d->b, sizeof d->b);
    (void) sund_cur_str(&body, reason, SUND_DAC_REASON_MAX + 1);
    body.bad |= !sund_text_ok(reason);
    return sund_cur_end(&body, "the end of an agreement", err);
}

sund_code sund_untold(sund_db *db, const char *sql, bool *any, sund_digest *d, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err)
{
    sund_rows *rows = NULL;
    sund_code  rc;

    *any = false;
    SUND_TRY(sund_db_query(db, &rows, err, sql, ""));
    rc = sund_rows_next(rows, any, err);
    if (rc == SUND_OK && *any) {
        sund_cur c = sund_rows_blob(rows, 0);

        *any = sund_cur_copy(&c, d->b, sizeof d->b);
        (void) snprintf(reason, SUND_DAC_REASON_MAX + 1, "%s", sund_rows_text(rows, 1));
    }
    sund_rows_close(rows);
    return rc;
}

sund_code sund_end_untold(sund_db *db, bool *any, sund_digest *d, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err)
{
    return sund_untold(db, "SELECT digest, reason FROM agreement_end WHERE told=0 LIMIT 1", any, d, reason, err);
}

sund_code sund_end_told(sund_db *db, const sund_digest *d, const char *node, sund_err *err)
{
    return sund_db_run(db, err, "UPDATE agreement_end SET told=1 WHERE digest=? AND node=?", "bt", d->b, sizeof d->b, node);
}
