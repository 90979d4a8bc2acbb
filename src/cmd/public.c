#include "cmd/public.h"

#include "base/json.h"
#include "base/text.h"
#include "gate/ledger.h"
#include "node/applications.h"
#include "study/mailbox.h"
#include "study/party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One study, as a citizen reads of it. */
typedef struct told {
    sund_study  *study;
    sund_buf     release;
    char         name[65], asker[SUND_ID_MAX + 1], received[32], decision[SUND_REASON_MAX + 80], outcome[16], reason[SUND_REASON_MAX + 1];
    int64_t      rows, withheld, hidden; /* -1: no release */
} told;

/** A whole number of our own provenance; -1 when it is not there. */
static int64_t fact(const sund_buf *release, const char *name)
{
    sund_release_parts parts;
    char               key[64], *text, *at;
    int64_t            v = -1;

    if (sund_release_split(release->p, release->n, &parts, NULL) != SUND_OK)
        return -1;
    text = calloc(parts.provenance.n + 1, 1);
    if (!text)
        return -1;
    if (parts.provenance.n)
        memcpy(text, parts.provenance.p, parts.provenance.n);
    (void) snprintf(key, sizeof key, "\"%s\": ", name);
    at = strstr(text, key);
    if (at)
        v = strtoll(at + strlen(key), NULL, 10);
    free(text);
    return v;
}

static void take_release(told *t)
{
    t->rows = fact(&t->release, "rows");
    t->withheld = fact(&t->release, "rows_withheld_by_mac");
    t->hidden = fact(&t->release, "rows_with_hidden_cells");
}

static void list_nodes(const sund_study *s, sund_buf *out)
{
    for (size_t i = 0; i < s->n_node; i++)
        sund_buf_printf(out, "%s%s", i == 0 ? "" : i + 1 < s->n_node ? ", " : " and ", s->node[i]);
    sund_buf_nul(out);
}

static const char *title_of(const sund_study *s)
{
    const sund_analysis *a;

    return sund_analysis_find(s->analysis, &a, NULL) == SUND_OK ? a->title : s->analysis;
}

static void say_rows(const told *t)
{
    printf("The result was released; its table has %lld rows.", (long long) t->rows);
    if (t->withheld > 0)
        printf(" %lld rows were withheld, because too few people are behind them.", (long long) t->withheld);
    if (t->hidden > 0)
        printf(" In %lld rows numbers are hidden for the same reason.", (long long) t->hidden);
    printf(" Only these numbers left, and no data of any person.\n");
}

static void say(const told *t)
{
    sund_buf nodes = { 0 };

    list_nodes(t->study, &nodes);
    printf("%.10s  %s\n", t->received, t->study->title);
    printf("  The researcher %s asked for it, for the purpose %s, of %s.\n", t->asker, t->study->purpose, (char *) nodes.p);
    printf("  What it computes: %s, over people for whom holds: %s.\n", title_of(t->study), t->study->cohort);
    printf("  %s\n  ", t->decision);
    if (strcmp(t->outcome, "released") == 0)
        say_rows(t);
    else if (strcmp(t->outcome, "recalled") == 0)
        printf("Its result was released, and recalled since: %s. It is given out no more; who had it before has it.\n", t->reason);
    else if (strcmp(t->outcome, "running") == 0)
        printf("It has not ended: nothing was released so far.\n");
    else
        printf("It was %s, and nothing was released: %s.\n", t->outcome, t->reason[0] ? t->reason : "no reason was given");
    printf("  Its full name: %s\n\n", t->name);
    sund_buf_free(&nodes);
}

static void say_json(const told *t)
{
    const sund_study *s = t->study;
    sund_buf          out = { 0 };
    sund_json         j;

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "study", t->name);
    sund_json_str(&j, "received", t->received);
    sund_json_str(&j, "title", s->title);
    sund_json_str(&j, "researcher", t->asker);
    sund_json_str(&j, "purpose", s->purpose);
    sund_json_str(&j, "analysis", title_of(s));
    sund_json_str(&j, "cohort", s->cohort);
    sund_json_open(&j, "nodes", '[');
    for (size_t i = 0; i < s->n_node; i++)
        sund_json_str(&j, NULL, s->node[i]);
    sund_json_close(&j, ']');
    sund_json_str(&j, "decision", t->decision);
    sund_json_str(&j, "outcome", t->outcome);
    sund_json_str(&j, "reason", t->reason);
    if (t->rows >= 0) {
        sund_json_i64(&j, "rows", t->rows);
        sund_json_i64(&j, "rows_withheld", t->withheld);
        sund_json_i64(&j, "rows_with_hidden_cells", t->hidden);
    }
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
}

typedef struct telling { const sund_home *h; sund_mailbox box; bool as_json; size_t n, n_unknown; } telling;

static sund_code tell(telling *to, told *t, const sund_buf *text, sund_err *err)
{
    SUND_TRY(sund_study_parse(t->study, "study", text->p, text->n, err));
    sund_text_clean(t->study->title);
    sund_text_clean(t->reason);
    t->rows = t->withheld = t->hidden = -1;
    if (strcmp(t->outcome, "released") == 0)
        take_release(t);
    to->n++;
    if (to->as_json)
        say_json(t);
    else
        say(t);
    return SUND_OK;
}

/** Of a node's study: the row's columns are state, detail, received, release behind its name. */
static void take_row(told *t, sund_rows *rows)
{
    int64_t  state = sund_rows_i64(rows, 1);
    sund_cur c = sund_rows_blob(rows, 4);

    (void) snprintf(t->outcome, sizeof t->outcome, "%s", state == SUND_PARTY_RELEASED ? "released" : state == SUND_PARTY_REFUSED ? "refused" : state == SUND_PARTY_STOPPED ? "stopped" : "running");
    (void) snprintf(t->reason, sizeof t->reason, "%s", state >= SUND_PARTY_REFUSED ? sund_rows_text(rows, 2) : "");
    (void) snprintf(t->received, sizeof t->received, "%s", sund_rows_text(rows, 3));
    if (c.n)
        sund_buf_put(&t->release, c.p, c.n);
}

/** Who decided: people, by their signed words; or a rule, by what it wrote into the log. */
static sund_code take_decision(const sund_home *h, const sund_digest *study, bool open, told *t, sund_err *err)
{
    sund_standing s;
    sund_rows    *rows = NULL;
    bool          more = false;
    sund_code     rc;

    SUND_TRY(sund_dac_standing(h->db, &h->dac, study, &s, err));
    if (s.verdict) {
        (void) snprintf(t->decision, sizeof t->decision, "Those who answer for the data here decided: %s%s%s.", sund_verdict_name(s.verdict), s.reason[0] ? ": " : "", s.reason);
        return SUND_OK;
    }
    SUND_TRY(sund_db_query(h->db, &rows, err, "SELECT text FROM ledger WHERE kind='decision' AND study=? ORDER BY i DESC LIMIT 1", "t", t->name));
    rc = sund_rows_next(rows, &more, err);
    if (rc == SUND_OK && more)
        (void) snprintf(t->decision, sizeof t->decision, "A rule that those who answer for the data here had set decided: %.200s.", sund_rows_text(rows, 0));
    else if (rc == SUND_OK)
        (void) snprintf(t->decision, sizeof t->decision, "%s", open ? "It waits for the decision of those who answer for the data here." : "It was taken up by a standing approval of known researchers, or declined by rule.");
    sund_rows_close(rows);
    return rc;
}

static sund_code one_row(telling *to, sund_rows *rows, sund_err *err)
{
    told          t = { .study = calloc(1, sizeof *t.study) };
    sund_buf      text = { 0 };
    sund_envelope e;
    sund_digest   d = { { 0 } };
    sund_cur      c = sund_rows_blob(rows, 0);
    sund_code     rc;

    if (!t.study)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    (void) sund_cur_copy(&c, d.b, sizeof d.b);
    (void) snprintf(t.name, sizeof t.name, "%s", sund_digest_hex(&d).s);
    take_row(&t, rows);
    rc = take_decision(to->h, &d, sund_rows_i64(rows, 1) == SUND_PARTY_APPROVAL, &t, err);
    if (rc == SUND_OK)
        rc = sund_party_submitted(to->h->db, &to->h->roster, &d, &e, &text, NULL, err);
    if (rc == SUND_OK) {
        (void) snprintf(t.asker, sizeof t.asker, "%s", e.from);
        rc = tell(to, &t, &text, err);
    }
    else if (rc == SUND_E_NOT_FOUND || rc == SUND_E_DENIED) { /* its signature cannot be checked: who asked has left the roster since */
        rc = SUND_OK;
        to->n_unknown++;
    }
    sund_buf_free(&text);
    sund_buf_free(&t.release);
    free(t.study);
    return rc;
}

static sund_code of_node(telling *to, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       more = false;
    sund_code  rc;

    SUND_TRY(sund_db_query(to->h->db, &rows, err, "SELECT digest, state, detail, received, release FROM study ORDER BY received, digest", ""));
    while ((rc = sund_rows_next(rows, &more, err)) == SUND_OK && more)
        SUND_GO(one_row(to, rows, err));
out:
    sund_rows_close(rows);
    return rc;
}

static sund_code of_hub(void *ctx, const sund_mailbox_row *row, sund_err *err)
{
    telling  *to = ctx;
    told      t = { .study = calloc(1, sizeof *t.study) };
    sund_buf  text = { 0 };
    sund_code rc;

    if (!t.study)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    (void) snprintf(t.name, sizeof t.name, "%s", sund_digest_hex(&row->study).s);
    (void) snprintf(t.asker, sizeof t.asker, "%s", row->researcher);
    (void) snprintf(t.received, sizeof t.received, "%s", row->received);
    (void) snprintf(t.outcome, sizeof t.outcome, "%s", row->ended ? row->state : "running");
    (void) snprintf(t.reason, sizeof t.reason, "%s", row->ended ? row->detail : "");
    (void) snprintf(t.decision, sizeof t.decision, "%s", "Each country decides for itself whether it takes part.");
    SUND_GO(sund_mailbox_text(&to->box, &row->study, &text, err));
    if (strcmp(t.outcome, "released") == 0)
        SUND_GO(sund_mailbox_release(&to->box, &row->study, &t.release, err));
    rc = tell(to, &t, &text, err);
out:
    sund_buf_free(&text);
    sund_buf_free(&t.release);
    free(t.study);
    return rc;
}

static sund_code one_application(void *ctx, const sund_digest *d, sund_err *err)
{
    telling             *to = ctx;
    sund_application_eye eye = sund_application_eye_of(to->h);
    sund_applied        *x = calloc(1, sizeof *x);
    sund_buf             out = { 0 };
    sund_json            j;

    if (!x)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (sund_application_stands(&eye, d, x, NULL) != SUND_OK) /* who asked has left the roster since */
        goto out;
    if (to->as_json) {
        sund_json_init(&j, &out, false);
        sund_json_open(&j, NULL, '{');
        sund_json_str(&j, "application", sund_digest_hex(d).s);
        sund_json_str(&j, "received", x->word.received);
        sund_json_str(&j, "title", x->a.title);
        sund_json_str(&j, "researcher", x->from);
        sund_json_str(&j, "purpose", x->a.purpose);
        sund_json_str(&j, "until", x->a.until);
        sund_json_str(&j, "state", sund_application_state_name(x->word.state));
        sund_json_str(&j, "reason", x->word.reason);
        sund_json_close(&j, '}');
        printf("%.*s\n", (int) out.n, (char *) out.p);
        goto out;
    }
    printf("%.10s  %s\n  The researcher %s applied for data of ", x->word.received, x->a.title, x->from);
    for (size_t i = 0; i < x->a.n_data; i++)
        printf("%s%s", i == 0 ? "" : i + 1 < x->a.n_data ? ", " : " and ", x->a.data[i].node);
    printf(", for the purpose %s, until %s.\n", x->a.purpose, x->a.until);
    if (x->word.state == SUND_APPLICATION_WAITS)
        printf("  It waits for the decision of those who answer for the data here, until %s.\n", x->word.deadline);
    else
        printf("  Here it is %s: %s.\n", sund_application_state_name(x->word.state), x->word.reason);
    printf("  Its full name: %s\n\n", sund_digest_hex(d).s);
out:
    sund_buf_free(&out);
    free(x);
    return SUND_OK;
}

/** What else a citizen may want to know: counts by kind, and what was done to the data or the log. */
static sund_code the_rest(const sund_home *h, uint64_t n_entry, const telling *t, sund_err *err)
{
    int64_t lookups = 0, compacted = 0, replays = 0, alarms = 0;

    SUND_TRY(sund_db_i64(h->db, &lookups, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind IN (?,?)", "tt", h->role == SUND_ROLE_HUB ? "lookup" : "lookup-answer", h->role == SUND_ROLE_HUB ? "question" : "answer"));
    SUND_TRY(sund_db_i64(h->db, &compacted, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='compact'", ""));
    SUND_TRY(sund_db_i64(h->db, &replays, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='replay' AND text LIKE '%vectors the same%'", ""));
    SUND_TRY(sund_db_i64(h->db, &alarms, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='heads' AND text LIKE 'alarm:%'", ""));
    printf("%zu studies were asked for. %lld questions about how frequent a variant is, or how many people there are, were answered, in numbers over many people.\n", t->n + t->n_unknown, (long long) lookups);
    if (t->n_unknown)
        printf("%zu of them are not shown: those who asked are no longer in the federation.\n", t->n_unknown);
    if (h->role == SUND_ROLE_NODE)
        printf("People who withdrew were removed from storage %lld times; auditors computed %lld studies again.\n", (long long) compacted, (long long) replays);
    printf("This log has %llu entries, each sealed into the next; none was altered.", (unsigned long long) n_entry);
    if (alarms)
        printf(" %lld times a log did not fit what others held of it: 'sund log show' says when.\n", (long long) alarms);
    else
        printf(" Nobody who holds an earlier state of it has found it changed.\n");
    return SUND_OK;
}

sund_code sund_log_public(const sund_home *h, bool as_json, sund_err *err)
{
    telling  to = { h, { h->db, &h->identity, &h->roster }, as_json, 0, 0 };
    uint64_t n = 0;

    SUND_TRY(sund_ledger_verify(h->db, &n, NULL, err));
    if (h->role == SUND_ROLE_HUB)
        SUND_TRY(sund_mailbox_list(&to.box, of_hub, &to, err));
    else if (h->role == SUND_ROLE_NODE) {
        SUND_TRY(of_node(&to, err));
        SUND_TRY(sund_applications_open(h->db, err));
        SUND_TRY(sund_applications_each(h->db, one_application, &to, err));
    }
    else
        return sund_fail(err, SUND_E_ARG, "%s is the home of a researcher: nodes and the hub have a public log", h->dir);
    return as_json ? SUND_OK : the_rest(h, n, &to, err);
}
