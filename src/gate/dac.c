#include "gate/dac.h"

#include "base/ini.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

sund_code sund_dac_open(sund_db *db, sund_err *err)
{
    return sund_db_script(db,
                          "CREATE TABLE IF NOT EXISTS decision(i INTEGER PRIMARY KEY, study BLOB NOT NULL, member TEXT NOT NULL, verdict INTEGER NOT NULL, reason TEXT NOT NULL,"
                          " exception TEXT NOT NULL, at TEXT NOT NULL, sig BLOB NOT NULL, UNIQUE(study, member, verdict)) STRICT;",
                          err);
}

sund_dac sund_dac_operator(const sund_identity *node)
{
    sund_dac dac = { .n = 1, .deadline_days = SUND_DEADLINE_DAYS };

    (void) snprintf(dac.node, sizeof dac.node, "%s", node->id);
    (void) snprintf(dac.member[0].id, sizeof dac.member[0].id, "%s", node->id);
    dac.member[0].key = node->pub;
    return dac;
}

const sund_dac_member *sund_dac_find(const sund_dac *dac, const char *id)
{
    for (size_t i = 0; i < dac->n; i++)
        if (strcmp(dac->member[i].id, id) == 0)
            return &dac->member[i];
    return NULL;
}

sund_code sund_dac_may(const sund_dac *dac, const sund_identity *by, sund_err *err)
{
    const sund_dac_member *m = sund_dac_find(dac, by->id);

    if (!m && dac->committee)
        return sund_fail(err, SUND_E_DENIED, "%s is no member of the committee of node %s: its members' keys are in sund.ini, and each decides with --by KEYFILE", by->id, dac->node);
    if (!m)
        return sund_fail(err, SUND_E_DENIED, "node %s has no committee, so its operator decides, without --by; sund.ini names a committee's members: [dac NAME] sign = KEY", dac->node);
    return memcmp(m->key.b, by->pub.b, sizeof m->key.b) == 0 ? SUND_OK : sund_fail(err, SUND_E_DENIED, "this is not the key of %s that sund.ini of node %s names", by->id, dac->node);
}

void sund_deadline(const char *received, uint32_t n, char out[11])
{
    struct tm day = { 0 };
    int       y = 1970, m = 1, d = 1;
    time_t    at;

    (void) sscanf(received, "%4d-%2d-%2d", &y, &m, &d);
    day.tm_year = y - 1900;
    day.tm_mon = m - 1;
    day.tm_mday = d;
    at = timegm(&day);
    while (n) {
        at += 86400;
        (void) gmtime_r(&at, &day);
        n -= day.tm_wday >= 1 && day.tm_wday <= 5;
    }
    (void) gmtime_r(&at, &day);
    (void) strftime(out, 11, "%Y-%m-%d", &day);
}

const char *sund_verdict_name(sund_verdict v)
{
    static const char *const name[] = { "", "approved", "refused", "vetoed", "approval revoked", "left for good", "left for good, others may go on" };

    return name[v];
}

/* ---- exceptions ---- */

static sund_code exception_word(const char *word, sund_thresholds *t, unsigned *lifted, sund_err *err)
{
    static const struct { const char *rule; unsigned bit; } rules[] = { { "difference", SUND_LIFT_DIFFERENCE }, { "one-roster", SUND_LIFT_ONE_ROSTER }, { "sketch", SUND_LIFT_SKETCH } };
    const sund_thresholds least = sund_thresholds_least(), most = sund_thresholds_default();
    const struct { const char *name; uint32_t *at, least, most; } limit[] = {
        { "cell_min=", &t->cell_min, least.cell_min, most.cell_min },
        { "mac=", &t->mac, least.mac, most.mac },
        { "mac_association=", &t->mac_association, least.mac_association, most.mac_association },
        { "df_min=", &t->df_min, least.df_min, most.df_min },
    };
    int64_t v;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(word, rules[i].rule) == 0) {
            *lifted |= rules[i].bit;
            return SUND_OK;
        }
    for (size_t i = 0; i < sizeof limit / sizeof limit[0]; i++) {
        size_t n = strlen(limit[i].name);

        if (strncmp(word, limit[i].name, n) != 0)
            continue;
        if (!sund_parse_i64(word + n, limit[i].least, limit[i].most, &v))
            return sund_fail(err, SUND_E_ARG, "an exception may set %.*s from %u to %u", (int) n - 1, word, limit[i].least, limit[i].most);
        *limit[i].at = (uint32_t) v;
        return SUND_OK;
    }
    return sund_fail(err, SUND_E_ARG, "'%.40s' is no exception: cell_min=, mac=, mac_association=, df_min= with a number, difference, one-roster or sketch", word);
}

sund_code sund_exception_read(const char *words, sund_thresholds *t, unsigned *lifted, sund_err *err)
{
    sund_thresholds own = sund_thresholds_default();
    unsigned        bits = 0;
    char            copy[SUND_EXCEPTION_MAX + 1], *at = copy, *word;

    if (snprintf(copy, sizeof copy, "%s", words) >= (int) sizeof copy)
        return sund_fail(err, SUND_E_ARG, "an exception has at most %d bytes", SUND_EXCEPTION_MAX);
    while ((word = strsep(&at, " ")) != NULL)
        if (*word)
            SUND_TRY(exception_word(word, t ? t : &own, &bits, err));
    if (lifted)
        *lifted = bits;
    return SUND_OK;
}

/* ---- decisions ---- */

static sund_code statement(const sund_dac *dac, const sund_digest *study, const sund_decision *d, sund_buf *out, sund_err *err)
{
    sund_buf_put(out, "SUNDDEC1", 8);
    sund_buf_str(out, dac->node);
    sund_buf_put(out, study->b, sizeof study->b);
    sund_buf_u8(out, (uint8_t) d->verdict);
    sund_buf_str(out, d->reason);
    sund_buf_str(out, d->exception);
    sund_buf_str(out, d->at);
    return sund_buf_ok(out, err);
}

/** Whether the row is signed by the member whom it names. */
static sund_code check_row(const sund_dac *dac, const sund_digest *study, sund_decision *d, sund_cur sig, sund_err *err)
{
    const sund_dac_member *m = sund_dac_find(dac, d->by);
    sund_buf               text = { 0 };
    sund_sig               s;
    sund_code              rc;

    d->counts = m != NULL;
    if (!m)
        return SUND_OK;
    rc = statement(dac, study, d, &text, err);
    if (rc == SUND_OK && (!sund_cur_copy(&sig, s.b, sizeof s.b) || sig.n || d->verdict < SUND_APPROVE || d->verdict > SUND_LEAVE_FREE || !sund_verify(&m->key, &s, text.p, text.n)))
        rc = sund_fail(err, SUND_E_DENIED, "a decision of %s on study %.12s is not what %s signed: state.db was altered", d->by, sund_digest_hex(study).s, d->by);
    sund_buf_free(&text);
    return rc;
}

sund_code sund_dac_each(sund_db *db, const sund_dac *dac, const sund_digest *study, sund_code (*each)(void *ctx, const sund_decision *d, sund_err *err), void *ctx,
                        sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(db, &rows, err, "SELECT verdict, member, reason, exception, at, sig FROM decision WHERE study=? ORDER BY i", "b", study->b, sizeof study->b));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more) {
        sund_decision d = { (sund_verdict) sund_rows_i64(rows, 0), sund_rows_text(rows, 1), sund_rows_text(rows, 2), sund_rows_text(rows, 3), sund_rows_text(rows, 4), false };

        SUND_GO(check_row(dac, study, &d, sund_rows_blob(rows, 5), err));
        SUND_GO(each(ctx, &d, err));
    }
out:
    sund_rows_close(rows);
    return rc;
}

typedef struct weighing { sund_standing *out; size_t n; char words[SUND_DAC_MAX][SUND_EXCEPTION_MAX + 1]; } weighing; /* words: exceptions that one member approved */

/** A member approves a study once, so the same words again are another member's. */
static bool second(weighing *w, const char *words)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->words[i], words) == 0)
            return true;
    if (w->n < SUND_DAC_MAX)
        (void) snprintf(w->words[w->n++], sizeof w->words[0], "%s", words);
    return false;
}

static sund_code weigh(void *ctx, const sund_decision *d, sund_err *err)
{
    weighing      *w = ctx;
    sund_standing *s = w->out;

    (void) err;
    if (!d->counts || s->verdict > SUND_APPROVE)
        return SUND_OK;
    if (d->verdict == SUND_APPROVE && d->exception[0] && !second(w, d->exception)) {
        s->half = s->verdict == 0;
        return SUND_OK;
    }
    if (s->verdict == SUND_APPROVE && d->verdict == SUND_APPROVE && !d->exception[0])
        return SUND_OK;
    s->verdict = d->verdict;
    s->half = false;
    (void) snprintf(s->by, sizeof s->by, "%s", d->by);
    (void) snprintf(s->reason, sizeof s->reason, "%s", d->reason);
    (void) snprintf(s->exception, sizeof s->exception, "%s", d->exception);
    return SUND_OK;
}

sund_code sund_dac_standing(sund_db *db, const sund_dac *dac, const sund_digest *study, sund_standing *out, sund_err *err)
{
    weighing w = { .out = out };

    memset(out, 0, sizeof *out);
    return sund_dac_each(db, dac, study, weigh, &w, err);
}

/** Kept and logged, or neither. */
static sund_code keep(sund_db *db, const sund_digest *study, const sund_decision *d, const sund_sig *sig, sund_err *err)
{
    char      hex[129];
    sund_code rc;

    sund_hex(sig->b, sizeof sig->b, hex);
    SUND_TRY(sund_db_part(db, err));
    rc = sund_db_run(db, err, "INSERT OR IGNORE INTO decision(study, member, verdict, reason, exception, at, sig) VALUES(?,?,?,?,?,?,?)", "btitttb", study->b, sizeof study->b, d->by,
                     (int64_t) d->verdict, d->reason, d->exception, d->at, sig->b, sizeof sig->b);
    if (rc == SUND_OK && sund_db_changes(db) == 0)
        rc = sund_fail(err, SUND_E_MISMATCH, "%s has decided so already on study %.12s", d->by, sund_digest_hex(study).s);
    if (rc == SUND_OK)
        rc = sund_ledger_add(db, "decision", sund_digest_hex(study).s, err, "%s by %s%s%s%s%s%s; %s, signed %s", sund_verdict_name(d->verdict), d->by, d->reason[0] ? ": " : "", d->reason,
                             d->exception[0] ? " (exception: " : "", d->exception, d->exception[0] ? ")" : "", d->at, hex);
    return sund_db_part_end(db, true, rc, err);
}

sund_code sund_dac_decide(sund_db *db, const sund_dac *dac, const sund_identity *by, const sund_digest *study, sund_verdict v, const char *reason, const char *exception,
                          sund_err *err)
{
    char          now[32];
    sund_decision d = { v, by->id, reason, exception, now, true };
    sund_standing so_far;
    sund_buf      text = { 0 };
    sund_code     rc;

    SUND_TRY(sund_dac_may(dac, by, err));
    if (strlen(reason) > SUND_DAC_REASON_MAX || !sund_text_ok(reason) || (!reason[0] && v != SUND_APPROVE))
        return sund_fail(err, SUND_E_ARG, "say why, for all to read, in one line of at most %d bytes: --reason TEXT", SUND_DAC_REASON_MAX);
    SUND_TRY(sund_exception_read(exception, NULL, NULL, err));
    if (exception[0] && (v != SUND_APPROVE || dac->n < 2))
        return sund_fail(err, SUND_E_DENIED, "an exception is approved by two members of a committee; node %s has %zu to decide", dac->node, dac->n);
    SUND_TRY(sund_dac_standing(db, dac, study, &so_far, err));
    if (so_far.verdict > SUND_APPROVE)
        return sund_fail(err, SUND_E_MISMATCH, "study %.12s: %s by %s already (%s)", sund_digest_hex(study).s, sund_verdict_name(so_far.verdict), so_far.by, so_far.reason);
    sund_time_text(now);
    rc = statement(dac, study, &d, &text, err);
    if (rc == SUND_OK) {
        sund_sig sig = sund_sign(&by->key, text.p, text.n);

        rc = keep(db, study, &d, &sig, err);
    }
    sund_buf_free(&text);
    return rc;
}
