#include "cmd/public.h"

#include "base/json.h"
#include "base/text.h"
#include "node/applications.h"
#include "study/mailbox.h"
#include "study/party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One study, as a citizen reads of it. */
typedef struct told {
    sund_study  *study;
    sund_buf     release; /* its manifest */
    char         name[65], asker[SUND_ID_MAX + 1], received[32], decision[SUND_REASON_MAX + 80], outcome[16], reason[SUND_REASON_MAX + 1];
    int64_t      rows, withheld, hidden; /* -1: no release */
} told;

/** A whole number of our own provenance; -1 when it is not there. */
static int64_t fact(const sund_buf *release, const char *name)
{
    sund_result m;
    char          key[64], *text, *at;
    int64_t       v = -1;

    if (sund_result_read(sund_cur_of(release->p, release->n), &m, NULL) != SUND_OK)
        return -1;
    text = calloc(m.provenance.n + 1, 1);
    if (!text)
        return -1;
    if (m.provenance.n)
        memcpy(text, m.provenance.p, m.provenance.n);
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

/* ---- what the log alone tells ---- */

/** Kinds of entries that a citizen reads, and what they are of. of_study: told in the study's own story, where there is one. */
static const struct { const char *kind, *is; bool of_study; } events[] = {
    { "asked", "A study was asked for", true },
    { "login", "Who asks for a study was looked at", true },
    { "decision", "A study or an application was decided on", true },
    { "study", "A study is at", true },
    { "release", "A result went out", true },
    { "fetch", "A result was handed out", true },
    { "stop", "A study was ended", true },
    { "recall", "A result is to be called back", true },
    { "left", "A country left a study", true },
    { "recalled", "A result was called back", true },
    { "application", "An application for data", true },
    { "visa", "A researcher was given a visa", false },
    { "agreement", "An agreement with other countries", false },
    { "stop-release", "The node was told to say nothing more", false },
    { "allow-release", "The node may speak again", false },
    { "setting", "From now on", false },
    { "people", "The people here", false },
    { "interpretations", "What laboratories say of variants", false },
    { "cases", "Cases of rare disease", false },
    { "beyond", "A case of rare disease and a matchmaker outside the federation", false },
    { "compact", "Storage was written anew", false },
    { "replay", "An auditor computed a study again", false },
    { "export", "This log was given out", false },
};

typedef struct eventing { bool as_json, stories; } eventing;

static void say_event_json(const sund_ledger_entry *e, const char *is, const char *text)
{
    sund_buf  out = { 0 };
    sund_json j;

    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "event", e->kind);
    sund_json_str(&j, "time", e->time);
    sund_json_str(&j, "is", is);
    sund_json_str(&j, "of", e->study);
    sund_json_str(&j, "text", text);
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
}

/** A signature at the end is for programs. */
static void cut_signature(char *text)
{
    static const char by[] = ", signed";
    size_t            n = strlen(text);

    if (n < 128 || strspn(text + n - 128, "0123456789abcdef") != 128)
        return;
    for (n -= 128; n && strchr(" :", text[n - 1]); n--)
        ;
    if (n >= strlen(by) && memcmp(text + n - strlen(by), by, strlen(by)) == 0)
        n -= strlen(by);
    text[n] = 0;
}

static sund_code say_event(void *ctx, const sund_ledger_entry *e, sund_err *err)
{
    const eventing *to = ctx;
    const size_t    n_kind = sizeof events / sizeof *events;
    char            text[600];
    size_t          k = 0;

    (void) err;
    while (k < n_kind && strcmp(events[k].kind, e->kind) != 0)
        k++;
    if (k == n_kind || (to->stories && events[k].of_study))
        return SUND_OK;
    (void) snprintf(text, sizeof text, "%s", e->text);
    cut_signature(text);
    if (to->as_json)
        say_event_json(e, events[k].is, text);
    else
        printf("%.10s  %s%s%.12s%s: %s\n", e->time, events[k].is, e->study[0] ? " (" : "", e->study, e->study[0] ? ")" : "", text);
    return SUND_OK;
}

/** And counts by kind. asked: studies, of which unknown are not shown. */
static sund_code the_rest(const sund_trail *t, size_t asked, size_t unknown, sund_err *err)
{
    int64_t lookups = 0, compacted = 0, replays = 0, alarms = 0;

    SUND_TRY(sund_db_i64(t->db, &lookups, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind IN (?,?)", "tt", t->role == SUND_ROLE_HUB ? "lookup" : "lookup-answer", t->role == SUND_ROLE_HUB ? "question" : "answer"));
    SUND_TRY(sund_db_i64(t->db, &compacted, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='compact'", ""));
    SUND_TRY(sund_db_i64(t->db, &replays, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='replay' AND text LIKE '%vectors the same%'", ""));
    SUND_TRY(sund_db_i64(t->db, &alarms, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='heads' AND text LIKE 'alarm:%'", ""));
    printf("\n%zu studies were asked for. %lld questions about how frequent a variant is, or how many people there are, were answered, in numbers over many people.\n", asked, (long long) lookups);
    if (unknown)
        printf("%zu of them are not shown: those who asked are no longer in the federation.\n", unknown);
    if (t->role == SUND_ROLE_NODE)
        printf("People who withdrew were removed from storage %lld times; auditors computed %lld studies again.\n", (long long) compacted, (long long) replays);
    printf("This log has %llu entries, each sealed into the next; none was altered.", (unsigned long long) t->head.n);
    if (alarms)
        printf(" %lld times a log did not fit what others held of it: 'sund log show' says when.\n", (long long) alarms);
    else
        printf(" Nobody who holds an earlier state of it has found it changed.\n");
    return SUND_OK;
}

/** Each study in a story of its own, where there is the home that knows them. */
static sund_code tell_stories(const sund_home *h, telling *to, sund_err *err)
{
    if (h->role == SUND_ROLE_HUB)
        return sund_mailbox_list(&to->box, of_hub, to, err);
    if (h->role != SUND_ROLE_NODE)
        return sund_fail(err, SUND_E_ARG, "%s is the home of a researcher: nodes and the hub have a public log", h->dir);
    SUND_TRY(of_node(to, err));
    SUND_TRY(sund_applications_open(h->db, err));
    return sund_applications_each(h->db, one_application, to, err);
}

sund_code sund_log_public(const sund_home *h, const sund_trail *t, bool as_json, sund_err *err)
{
    telling  to = { .h = h, .as_json = as_json };
    eventing ev = { as_json, h != NULL };
    int64_t  asked = 0;

    if (h) {
        to.box = (sund_mailbox){ h->db, &h->identity, &h->roster };
        SUND_TRY(tell_stories(h, &to, err));
    }
    SUND_TRY(sund_ledger_each(t->db, say_event, &ev, err));
    if (as_json)
        return SUND_OK;
    SUND_TRY(sund_db_i64(t->db, &asked, 0, err, "SELECT COUNT(DISTINCT study) FROM ledger WHERE kind='asked'", ""));
    return the_rest(t, h ? to.n + to.n_unknown : (size_t) asked, to.n_unknown, err);
}
