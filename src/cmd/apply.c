#include "base/file.h"
#include "base/ini.h"
#include "base/json.h"
#include "base/jsonread.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "gate/ledger.h"
#include "home/home.h"
#include "home/link.h"
#include "node/applications.h"
#include "token/login.h"
#include "token/visa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* apply: one application for data sets of several countries; made and followed by a researcher, decided on by each node. */

typedef struct wants {
    const char   *home, *by, *reason, *title, *purpose, *analyses, *until, *value, *source, *issuer, *jku;
    sund_opt_list person;
    bool          as_json;
    int64_t       days, number;
} wants;

/* ---- the researcher ---- */

static sund_code to_come(const sund_application *a, sund_err *err)
{
    return sund_application_end(a) > (int64_t) time(NULL) ? SUND_OK : sund_fail(err, SUND_E_ARG, "the application's last day, %s, is over: --until takes one that is to come", a->until);
}

static sund_code dial(const char *home, sund_home *h, sund_link *l, sund_err *err)
{
    SUND_TRY(sund_home_open(h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    if (h->role != SUND_ROLE_RESEARCHER)
        return sund_fail(err, SUND_E_ARG, "%s is not the home of a researcher", home);
    return sund_link_open(l, h, SUND_CHANNEL_COMMANDS, err);
}

static sund_code check_nodes(const sund_application *a, const sund_roster *r, sund_err *err)
{
    const char *names[SUND_NODE_MAX + 1] = { NULL }, *near;
    size_t      n = 0;

    for (size_t i = 0; i < r->n_member && n < SUND_NODE_MAX; i++)
        if (r->member[i].role == SUND_ROLE_NODE)
            names[n++] = r->member[i].id;
    for (size_t i = 0; i < a->n_data; i++)
        if (!sund_roster_find(r, a->data[i].node, SUND_ROLE_NODE)) {
            near = sund_nearest(a->data[i].node, names);
            return sund_fail(err, SUND_E_NOT_FOUND, "the federation %s has no node %s%s%s%s", r->name, a->data[i].node, near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
        }
    return SUND_OK;
}

/** Each set that is asked of a node is what it brings, as the hub has heard it; unknown gets the names of nodes that have not said. */
static sund_code check_sets(const sund_application *a, const sund_jval *nodes, char *unknown, size_t cap, sund_err *err)
{
    for (size_t i = 0; i < a->n_data; i++) {
        const char *brings = NULL, *name;
        size_t      at = strlen(unknown);

        for (size_t k = 0; k < sund_j_n(nodes); k++)
            if ((name = sund_j_text(sund_j_at(nodes, k), "node")) && strcmp(name, a->data[i].node) == 0)
                brings = sund_j_text(sund_j_at(nodes, k), "brings");
        if (!brings)
            (void) snprintf(unknown + at, cap - at, "%s%s", at ? ", " : "", a->data[i].node);
        else if (!sund_list_has(a->data[i].sets, brings))
            return sund_fail(err, SUND_E_NOT_FOUND, "%s brings the data set '%s', not '%.200s': say %s=%s", a->data[i].node, brings, a->data[i].sets, a->data[i].node, brings);
    }
    return SUND_OK;
}

/** Before it is sent: whether nodes and data sets are there, as far as this home and the hub know; what could not be looked at is said. */
static sund_code check_asked(const char *home, const sund_application *a, sund_err *err)
{
    static const char path[] = "/datasets/nodes";
    sund_home         h = { .id = "" };
    sund_link         l = { 0 };
    sund_buf          ask = { 0 }, reply = { 0 };
    sund_jval        *nodes = NULL;
    sund_err          why = { SUND_OK, "" };
    char              unknown[2200] = "";
    sund_code         rc = SUND_OK;

    if (sund_home_open(&h, home, SUND_HOME_ROSTER, &why) != SUND_OK) {
        fprintf(stderr, "not checked whether these nodes and data sets are there: %s\n", why.msg);
        return SUND_OK;
    }
    rc = check_nodes(a, &h.roster, err);
    sund_home_close(&h);
    SUND_TRY(rc);
    sund_buf_str(&ask, path);
    sund_buf_u32(&ask, 0);
    if (sund_buf_ok(&ask, &why) == SUND_OK && dial(home, &h, &l, &why) == SUND_OK && sund_link_ask(&l, SUND_MSG_DATASETS, ask.p, ask.n, 10, &reply, &why) == SUND_OK &&
        sund_json_read(reply.p, reply.n, &nodes, &why) == SUND_OK)
        rc = check_sets(a, nodes, unknown, sizeof unknown, err);
    if (why.code != SUND_OK)
        fprintf(stderr, "the nodes are there; not checked whether they have these data sets: %s\n", why.msg);
    else if (unknown[0])
        fprintf(stderr, "not checked, for these nodes have told the hub of no data sets: %s\n", unknown);
    sund_jval_free(nodes);
    sund_buf_free(&ask);
    sund_buf_free(&reply);
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}

static sund_code make(const wants *w, const char *out, char **data, size_t n, sund_err *err)
{
    sund_application *a = calloc(1, sizeof *a);
    sund_buf          text = { 0 };
    sund_code         rc = SUND_OK;

    if (!a)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (!w->title || !w->purpose || !w->analyses || !w->until || !w->person.n)
        SUND_GO(sund_fail(err, SUND_E_ARG, "--title, --purpose, --analyses, --until and --person are needed; see 'sund apply --help'"));
    sund_buf_printf(&text, "[application]\ntitle = %s\npurpose = %s\nanalyses = %s\nuntil = %s\n", w->title, w->purpose, w->analyses, w->until);
    if (w->number)
        sund_buf_printf(&text, "number = %lld\n", (long long) w->number);
    for (size_t i = 0; i < n; i++) {
        const char *eq = strchr(data[i], '=');
        int         len = eq ? (int) (eq - data[i]) : (int) strlen(data[i]);

        sund_buf_printf(&text, "\n[data %.*s]\nsets = %s\n", len, data[i], eq ? eq + 1 : data[i]);
    }
    for (size_t i = 0; i < w->person.n; i++) {
        const char *comma = strchr(w->person.at[i], ',');

        if (!comma)
            SUND_GO(sund_fail(err, SUND_E_ARG, "--person is 'NAME, AFFILIATION'"));
        sund_buf_printf(&text, "\n[person %zu]\nname = %.*s\naffiliation = %s\n", i + 1, (int) (comma - w->person.at[i]), w->person.at[i], comma + 1);
    }
    SUND_GO(sund_buf_ok(&text, err));
    SUND_GO(sund_application_parse(a, out, text.p, text.n, err));
    SUND_GO(to_come(a, err));
    SUND_GO(check_asked(w->home, a, err));
    SUND_GO(sund_may_draft(out, "[application]", err));
    SUND_GO(sund_file_write(out, text.p, text.n, 0644, err));
    printf("%s: application %s\nNext: read it, then 'sund apply submit --home HOME %s'.\n", out, sund_digest_hex(&a->digest).s, out);
out:
    sund_buf_free(&text);
    free(a);
    return rc;
}

static sund_code submit(const wants *w, const char *path, sund_err *err)
{
    sund_application *a = calloc(1, sizeof *a);
    sund_home         h = { .id = "" };
    sund_link         l = { 0 };
    sund_buf          text = { 0 }, tokens = { 0 }, body = { 0 };
    sund_code         rc = a ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    SUND_GO(rc);
    SUND_GO(sund_file_read(path, SUND_STUDY_MAX_BYTES, &text, err));
    SUND_GO(sund_application_parse(a, path, text.p, text.n, err));
    SUND_GO(to_come(a, err));
    SUND_GO(dial(w->home, &h, &l, err));
    SUND_GO(sund_home_login(&h, &tokens, err));
    sund_submit_write(text.p, text.n, &h.identity.pub, sund_cur_of(tokens.p, tokens.n), &body);
    SUND_GO(sund_link_tell(&l, SUND_MSG_APPLY, &a->digest, &body, NULL, err));
    printf("application = %s\n", sund_digest_hex(&a->digest).s);
out:
    sund_buf_free(&text);
    sund_buf_free(&tokens);
    sund_buf_free(&body);
    sund_link_close(&l);
    sund_home_close(&h);
    free(a);
    return rc;
}

static void print_word(const char *node, const sund_application_word *w)
{
    printf("  %-8s %-9s %s%s%s\n", node, sund_application_state_name(w->state), w->state == SUND_APPLICATION_WAITS ? "decides until " : "", w->state == SUND_APPLICATION_WAITS ? w->deadline : "", w->reason);
}

static void json_word(sund_json *j, const char *node, const sund_application_word *w)
{
    sund_json_open(j, NULL, '{');
    sund_json_str(j, "node", node);
    sund_json_str(j, "state", w ? sund_application_state_name(w->state) : "silent");
    sund_json_str(j, "received", w ? w->received : "");
    sund_json_str(j, "deadline", w ? w->deadline : "");
    sund_json_str(j, "reason", w ? w->reason : "");
    sund_json_close(j, '}');
}

/** What was said of one application: w[i] by the i-th node asked, state 0 for none; and whether, and why, who applied takes it back. */
typedef struct sayings { sund_application_word w[SUND_NODE_MAX]; bool back; char reason[SUND_APPLICATION_TEXT + 1]; } sayings;

/** Each signed by its node, the withdrawal by this researcher. */
static sund_code read_words(const sund_home *h, const sund_application *a, sund_cur *c, sayings *s, sund_err *err)
{
    uint32_t n = sund_cur_u32(c);

    memset(s, 0, sizeof *s);
    for (uint32_t k = 0; k < n && !c->bad; k++) {
        sund_application_word one;
        sund_envelope         e;
        sund_digest           d, got;
        sund_cur              body;

        SUND_TRY(sund_envelope_read(c, SUND_REPLY_MAX, &e, err));
        body = sund_cur_blob(c, 65536);
        if (e.kind == SUND_MSG_APPLY_WITHDRAW) {
            SUND_TRY(sund_withdrawal_signed(&e, body, &a->digest, h->id, &h->identity.pub, s->reason, err));
            s->back = true;
            continue;
        }
        got = sund_digest_of(body.p, body.n);
        SUND_TRY(sund_application_word_read(body, &d, &one, err));
        SUND_TRY(sund_envelope_check(&e, &h->roster, 1u << SUND_ROLE_NODE, err));
        if (e.kind != SUND_MSG_APPLY_STATE || !sund_digest_eq(&got, &e.body) || !sund_digest_eq(&d, &a->digest))
            return sund_fail(err, SUND_E_DENIED, "the hub shows a word that %s did not say", e.from);
        for (size_t i = 0; i < a->n_data; i++)
            if (strcmp(a->data[i].node, e.from) == 0)
                s->w[i] = one;
    }
    return sund_cur_ok(c, "the hub's list of applications", err);
}

static void print_one(const wants *w, const sund_application *a, const sayings *s)
{
    sund_buf  out = { 0 };
    sund_json j;

    if (!w->as_json) {
        printf("%.16s  %s, for %s until %s%s%s%s\n", sund_digest_hex(&a->digest).s, a->title, a->purpose, a->until, s->back ? "; you have withdrawn it" : "", s->reason[0] ? ": " : "", s->reason);
        for (size_t i = 0; i < a->n_data; i++)
            if (s->w[i].state)
                print_word(a->data[i].node, &s->w[i]);
            else
                printf("  %-8s has not heard of it yet\n", a->data[i].node);
        return;
    }
    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "application", sund_digest_hex(&a->digest).s);
    sund_json_str(&j, "title", a->title);
    sund_json_str(&j, "until", a->until);
    if (s->back)
        sund_json_str(&j, "withdrawn", s->reason);
    sund_json_open(&j, "nodes", '[');
    for (size_t i = 0; i < a->n_data; i++)
        json_word(&j, a->data[i].node, s->w[i].state ? &s->w[i] : NULL);
    sund_json_close(&j, ']');
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
}

static bool wanted(const sund_digest *d, const char *want) { return !want || (strlen(want) >= 8 && strncmp(sund_digest_hex(d).s, want, strlen(want)) == 0); }

/** Own applications whose name begins as is wanted, printed where w says so; d: the last one. */
static sund_code own(const wants *w, const sund_home *h, sund_link *l, const char *want, size_t *hits, sund_digest *d, sund_err *err)
{
    static sayings    s;
    sund_application *a = calloc(1, sizeof *a);
    sund_buf          reply = { 0 };
    sund_cur          c;
    sund_code         rc = a ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    *hits = 0;
    SUND_GO(rc);
    SUND_GO(sund_link_ask(l, SUND_MSG_APPLICATIONS, NULL, 0, 60, &reply, err));
    for (c = sund_cur_of(reply.p, reply.n); c.n;) {
        sund_cur text = sund_cur_blob(&c, SUND_STUDY_MAX_BYTES);

        SUND_GO(sund_cur_ok(&c, "the hub's list of applications", err));
        SUND_GO(sund_application_parse(a, "application", text.p, text.n, err));
        SUND_GO(read_words(h, a, &c, &s, err));
        if (!wanted(&a->digest, want))
            continue;
        ++*hits;
        *d = a->digest;
        if (w)
            print_one(w, a, &s);
    }
out:
    sund_buf_free(&reply);
    free(a);
    return rc;
}

static sund_code status(const wants *w, const char *want, sund_err *err)
{
    sund_home   h = { .id = "" };
    sund_link   l = { 0 };
    sund_digest d;
    size_t      hits;
    sund_code   rc;

    SUND_GO(dial(w->home, &h, &l, err));
    rc = own(w, &h, &l, want, &hits, &d, err);
    if (rc == SUND_OK && want && !hits)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "none of your applications has a name that begins with '%.64s'; 'sund apply status' lists them", want);
    else if (rc == SUND_OK && !hits)
        fprintf(stderr, "no applications: 'sund apply make' writes one, 'sund apply submit' sends it\n");
out:
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}

static sund_code withdraw(const wants *w, const char *want, sund_err *err)
{
    sund_home   h = { .id = "" };
    sund_link   l = { 0 };
    sund_buf    body = { 0 };
    sund_digest d;
    size_t      hits;
    sund_code   rc;

    if (strlen(w->reason) > SUND_APPLICATION_TEXT || !sund_text_ok(w->reason))
        return sund_fail(err, SUND_E_ARG, "--reason is a line of at most %d bytes", SUND_APPLICATION_TEXT);
    SUND_GO(dial(w->home, &h, &l, err));
    SUND_GO(own(NULL, &h, &l, want, &hits, &d, err));
    if (hits != 1)
        SUND_GO(sund_fail(err, SUND_E_NOT_FOUND, "%zu of your applications have a name that begins with '%.64s' (8 digits or more); 'sund apply status' lists them", hits, want));
    sund_withdrawal_write(w->reason, &body);
    SUND_GO(sund_link_tell(&l, SUND_MSG_APPLY_WITHDRAW, &d, &body, NULL, err));
    printf("%s: withdrawn; each node says so in 'sund apply status' once it has heard it\n", sund_digest_hex(&d).s);
out:
    sund_buf_free(&body);
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}

/* ---- a node ---- */

typedef struct finding { const sund_home *h; const char *want; const wants *w; bool print; size_t hits; sund_digest d; sund_applied *x; } finding;

static sund_code visit(void *ctx, const sund_digest *d, sund_err *err)
{
    finding              *f = ctx;
    sund_application_eye eye = sund_application_eye_of(f->h);
    static sayings       s;
    sund_err             why = { SUND_OK, "" };
    sund_code            rc;

    if (!wanted(d, f->want))
        return SUND_OK;
    f->hits++;
    f->d = *d;
    if (!f->print)
        return SUND_OK;
    rc = sund_application_stands(&eye, d, f->x, &why);
    if (rc == SUND_E_IO || rc == SUND_E_NOMEM)
        return sund_fail(err, rc, "%s", why.msg);
    if (rc != SUND_OK) {
        fprintf(stderr, "%.16s  stands for nothing here: %s\n", sund_digest_hex(d).s, why.msg);
        return SUND_OK;
    }
    (void) snprintf(f->x->a.data[0].node, sizeof f->x->a.data[0].node, "%s", f->h->id);
    f->x->a.n_data = 1;
    s.w[0] = f->x->word;
    print_one(f->w, &f->x->a, &s);
    return SUND_OK;
}

static sund_code find_one(finding *f, sund_err *err)
{
    SUND_TRY(sund_applications_each(f->h->db, visit, f, err));
    return f->hits == 1 ? SUND_OK : sund_fail(err, SUND_E_NOT_FOUND, "%zu applications here have a name that begins with '%.64s' (8 digits or more); 'sund apply status' lists them", f->hits, f->want);
}

/** An approval is of this node's own data set: nothing comes of it where the application asks for others. */
static void tell_sets(const finding *f, FILE *to)
{
    const char *sets = sund_application_sets(&f->x->a, f->h->id);

    if (!sets || !sund_list_has(sets, f->h->data))
        fprintf(to, "data        it asks for %s, and this node's data set is %s ([node] data of sund.ini): an approval allows nothing here\n", sets ? sets : "none of this node's", f->h->data);
}

static sund_code show(finding *f, sund_err *err)
{
    sund_application_eye eye = sund_application_eye_of(f->h);

    SUND_TRY(find_one(f, err));
    SUND_TRY(sund_application_stands(&eye, &f->d, f->x, err));
    printf("application %s\nfrom        %s%s%s%s%s\nreceived    %s\ndecide      until %s; no decision means: %s\nstate       %s%s%s\n", sund_digest_hex(&f->d).s, f->x->from, f->x->subject[0] ? ", who is " : "", f->x->subject, f->x->subject[0] ? " of " : "", f->x->issuer,
           f->x->word.received, f->x->word.deadline, f->h->dac.silence_approves && !f->x->subject[0] ? "approved" : "refused", sund_application_state_name(f->x->word.state), f->x->word.reason[0] ? ": " : "", f->x->word.reason);
    tell_sets(f, stdout);
    printf("\n%s", f->x->text);
    return SUND_OK;
}

/** The member who acts, or the operator where there is no committee. */
static sund_code acting(const sund_home *h, const char *key, sund_identity *by, sund_err *err)
{
    if (key)
        SUND_TRY(sund_identity_read(by, key, err));
    else if (h->dac.committee)
        return sund_fail(err, SUND_E_DENIED, "node %s has a data access committee: one of its members acts, with --by KEYFILE", h->id);
    else
        *by = h->identity;
    return sund_dac_may(&h->dac, by, err);
}

static sund_code decide(finding *f, sund_verdict v, sund_err *err)
{
    sund_application_eye eye = sund_application_eye_of(f->h);
    sund_identity        by = { .id = "" };
    sund_link            l = { 0 };
    bool                 told;
    sund_code            rc;

    SUND_TRY(find_one(f, err));
    SUND_GO(acting(f->h, f->w->by, &by, err));
    SUND_GO(sund_application_decide(&eye, &by, &f->d, v, f->w->reason, err));
    if (v == SUND_APPROVE && sund_application_stands(&eye, &f->d, f->x, NULL) == SUND_OK)
        tell_sets(f, stderr);
    told = sund_link_open(&l, f->h, SUND_CHANNEL_COMMANDS, NULL) == SUND_OK && sund_applications_tell(&l, NULL, NULL) == SUND_OK;
    printf("%s: %s; %s\n", sund_digest_hex(&f->d).s, sund_verdict_name(v), told ? "who applied can see it" : "the hub cannot be reached now, the running node will tell it");
out:
    sund_link_close(&l);
    sund_wipe(&by, sizeof by);
    return rc;
}

static sund_code visa(finding *f, sund_err *err)
{
    sund_application_eye eye = sund_application_eye_of(f->h);
    const wants         *w = f->w;
    sund_visa_issuer     i = { .iss = "" };
    sund_identity        by = { .id = "" };
    sund_visa_grant      g = { .value = w->value ? w->value : f->h->visa };
    sund_buf             token = { 0 };
    char                 at[32];
    sund_code            rc;

    SUND_TRY(find_one(f, err));
    SUND_GO(acting(f->h, w->by, &by, err));
    SUND_GO(sund_application_stands(&eye, &f->d, f->x, err));
    SUND_GO(sund_visa_keys_read(f->h->dir, &i, err));
    if (f->x->word.state != SUND_APPLICATION_APPROVED)
        SUND_GO(sund_fail(err, SUND_E_DENIED, "application %.12s is not approved here: it %s %.200s", sund_digest_hex(&f->d).s, sund_application_state_name(f->x->word.state), f->x->word.reason));
    if (!f->x->subject[0])
        SUND_GO(sund_fail(err, SUND_E_DENIED, "a visa names somebody as a login's issuer does, and %s applied without a login", f->x->from));
    if (!g.value[0])
        SUND_GO(sund_fail(err, SUND_E_ARG, "which data set? --value URL, or [node] visa in sund.ini"));
    g.subject = f->x->subject;
    g.source = w->source ? w->source : i.iss;
    SUND_GO(sund_application_approved(&eye, &f->d, &g.asserted, err));
    g.issued = (int64_t) (sund_time_us() / 1000000);
    g.until = g.issued + w->days * 86400;
    if (g.until > sund_application_end(&f->x->a))
        g.until = sund_application_end(&f->x->a);
    SUND_GO(sund_visa_make(&i, &g, &token, err));
    sund_login_time(g.until, at);
    SUND_GO(sund_ledger_add(f->h->db, "visa", sund_digest_hex(&f->d).s, err, "issued by %s: ControlledAccessGrants %.255s to %.120s of %.200s, until %s", by.id, g.value, g.subject, f->x->issuer, at));
    printf("%.*s\n", (int) token.n, (char *) token.p);
out:
    sund_wipe(&i, sizeof i);
    sund_wipe(&by, sizeof by);
    sund_buf_free(&token);
    return rc;
}

static sund_code keys(const sund_home *h, const wants *w, sund_err *err)
{
    sund_visa_issuer i = { .iss = "" };
    sund_buf         out = { 0 };
    sund_code        rc;

    if (!w->issuer != !w->jku)
        return sund_fail(err, SUND_E_ARG, "--issuer and --jku go together");
    if (w->issuer)
        SUND_TRY(sund_visa_keys_make(h->dir, w->issuer, w->jku, err));
    SUND_GO(sund_visa_keys_read(h->dir, &i, err));
    SUND_GO(sund_visa_keys_public(&i, &out, err));
    printf("%.*s", (int) out.n, (char *) out.p);
out:
    sund_wipe(&i, sizeof i);
    sund_buf_free(&out);
    return rc;
}

static sund_code at_node(const wants *w, const char *verb, const char *want, sund_err *err)
{
    static const struct { const char *word; sund_verdict v; } verdict[] = { { "approve", SUND_APPROVE }, { "refuse", SUND_REFUSE }, { "veto", SUND_VETO }, { "revoke", SUND_REVOKE } };
    sund_home h = { .id = "" };
    finding   f = { .h = &h, .want = want, .w = w, .x = calloc(1, sizeof *f.x) };
    sund_code rc = f.x ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    SUND_GO(rc);
    SUND_GO(sund_home_open(&h, w->home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    if (h.role != SUND_ROLE_NODE)
        SUND_GO(sund_fail(err, SUND_E_ARG, "%s is not the home of a node; who applied sees by 'sund apply status' how each decided", w->home));
    SUND_GO(sund_applications_open(h.db, err));
    for (size_t i = 0; i < 4; i++)
        if (strcmp(verb, verdict[i].word) == 0) {
            rc = decide(&f, verdict[i].v, err);
            goto out;
        }
    f.print = strcmp(verb, "status") == 0;
    rc = f.print ? sund_applications_each(h.db, visit, &f, err) : strcmp(verb, "visa") == 0 ? visa(&f, err) : strcmp(verb, "keys") == 0 ? keys(&h, w, err) : show(&f, err);
out:
    sund_home_close(&h);
    free(f.x);
    return rc;
}

static bool is_node(const char *home)
{
    sund_home h = { .id = "" };
    bool      node = sund_home_open(&h, home, 0, NULL) == SUND_OK && h.role == SUND_ROLE_NODE;

    sund_home_close(&h);
    return node;
}

static sund_code run(const wants *w, char **argv, size_t n, sund_err *err)
{
    static const char *const of_node[] = { "show", "approve", "refuse", "veto", "revoke", "visa" };

    if (strcmp(argv[1], "make") == 0 && n >= 3)
        return make(w, argv[2], argv + 3, n - 2, err);
    if (strcmp(argv[1], "submit") == 0 && n == 2)
        return submit(w, argv[2], err);
    if (strcmp(argv[1], "withdraw") == 0 && n == 2)
        return withdraw(w, argv[2], err);
    if (strcmp(argv[1], "status") == 0 && n <= 2)
        return is_node(w->home) ? at_node(w, "status", n == 2 ? argv[2] : NULL, err) : status(w, n == 2 ? argv[2] : NULL, err);
    if (strcmp(argv[1], "keys") == 0 && n == 1)
        return at_node(w, "keys", NULL, err);
    for (size_t i = 0; i < sizeof of_node / sizeof of_node[0]; i++)
        if (strcmp(argv[1], of_node[i]) == 0 && n == 2)
            return at_node(w, argv[1], argv[2], err);
    return sund_fail(err, SUND_E_ARG, "'make OUT NODE...', 'submit FILE', 'status', 'withdraw', 'show', 'approve', 'refuse', 'veto', 'revoke' or 'visa' with an APPLICATION, or 'keys' is expected; see 'sund apply --help'");
}

sund_code sund_cmd_apply(int argc, char **argv, sund_err *err)
{
    wants           w = { .home = sund_default_home(), .reason = "", .days = SUND_VISA_DAYS };
    const sund_opt  opt[] = {
        { "home", 's', &w.home, "FOLDER", "the home of the researcher, or of the node that decides" },
        { "title", 's', &w.title, "TEXT", "make: what it is for" },
        { "purpose", 's', &w.purpose, "CODE", "make: a DUO code, or a purpose as studies name it" },
        { "analyses", 's', &w.analyses, "LIST", "make: analyses, with commas, or any" },
        { "until", 's', &w.until, "DAY", "make: its last day, e.g. 2027-12-31" },
        { "number", 'i', &w.number, "N", "make: to ask the same again as another application" },
        { "person", 'l', &w.person, "NAME,AFFILIATION", "make: of the team, who applies first; again for each" },
        { "by", 's', &w.by, "KEYFILE", "approve, refuse, veto, revoke, visa: the deciding member's key; without a committee the operator decides" },
        { "reason", 's', &w.reason, "TEXT", "approve, refuse, veto, revoke: why, for the researcher to read (needed but for approve); withdraw: why, for the nodes" },
        { "value", 's', &w.value, "URL", "visa: the data set that it names ([node] visa of sund.ini)" },
        { "source", 's', &w.source, "URL", "visa: who asserts it (the node's issuer)" },
        { "days", 'i', &w.days, "N", "visa: how long it holds, no longer than the application (30): a visa cannot be called back" },
        { "issuer", 's', &w.issuer, "URL", "keys: makes the node's key for visas, under this name" },
        { "jku", 's', &w.jku, "URL", "keys: where the key set that is printed will be published" },
        { "json", 'b', &w.as_json, NULL, "status: for programs" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "apply", "make [OPTIONS] OUT NODE[=DATASET,...]...\n       sund apply submit [OPTIONS] FILE\n       sund apply status [OPTIONS] [APPLICATION]\n       sund apply withdraw [OPTIONS] APPLICATION\n       sund apply show|approve|refuse|veto|revoke|visa [OPTIONS] APPLICATION\n       sund apply keys [OPTIONS]",
                          "One application for data sets of several countries. Each country decides for itself, within ten working days, and can revoke at any time; who applied sees state, deadline and reason of each. Where it is approved, studies of the applicant inside it need no further decision, "
                          "and what runs under it stops when it is revoked, withdrawn by who applied, or ends. A node can issue a GA4GH visa for it. APPLICATION: its name, or 8 or more of its first digits. See doc/applications.md.",
                          "sund apply make --home ada --title 'Height in the north' --purpose HMB --analyses counts,linear --until 2027-12-31 --person 'Ada Example,University of Somewhere' height.ini FI=biobank SE DK\nsund apply submit --home ada height.ini\nsund apply status --home ada\nsund apply withdraw --home ada --reason 'the grant ended' 3f2a91c0\n"
                          "sund apply approve --home fi --by maria.ini --reason 'meeting of 3 May' 3f2a91c0\nsund apply revoke --home fi --by maria.ini --reason 'consent withdrawn' 3f2a91c0\nsund apply keys --home fi --issuer https://fi.example.org/ --jku https://fi.example.org/visas.jwks\nsund apply visa --home fi --value https://fi.example.org/datasets/1 3f2a91c0",
                          opt, 1, 40 };
    bool            helped = false;
    size_t          n;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (w.days < 1 || w.days > 366 || w.number < 0)
        return sund_fail(err, SUND_E_ARG, "--days is from 1 to 366, --number 1 or more");
    return run(&w, argv, n, err);
}
