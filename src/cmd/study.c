#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "home/home.h"
#include "home/link.h"
#include "study/engine.h"
#include "study/party.h"
#include "study/released.h"
#include "study/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Opens a member's home and its line to the hub. */
static sund_code dial(const char *home, sund_home *h, sund_link *l, sund_err *err)
{
    SUND_TRY(sund_home_open(h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    return sund_link_open(l, h, SUND_CHANNEL_COMMANDS, err);
}

/** Body and kind of the message: with a login where the home has one. */
static sund_code submission(const sund_home *h, const sund_buf *text, sund_buf *body, uint16_t *kind, sund_err *err)
{
    sund_buf  tokens = { 0 };
    sund_code rc = sund_home_login(h, &tokens, err);

    *kind = tokens.n ? SUND_MSG_SUBMIT_LOGIN : SUND_MSG_SUBMIT;
    if (tokens.n)
        sund_submit_write(text->p, text->n, &h->identity.pub, sund_cur_of(tokens.p, tokens.n), body);
    else
        sund_buf_put(body, text->p, text->n);
    sund_buf_free(&tokens);
    return rc == SUND_OK ? sund_buf_ok(body, err) : rc;
}

/** The hub's word on a study it took: lines that name files which it does not have. */
static void tell_lacking(const sund_study *s, sund_cur said)
{
    const char *line = (const char *) said.p;

    for (size_t i = 0; i <= s->n_option && said.n; i++) {
        const char *name = i ? s->option[i - 1].name : "catalogue";
        size_t      n = strlen(name);

        if (said.n <= n || memcmp(line, name, n) != 0 || line[n] != '\n')
            continue;
        fprintf(stderr, "the hub does not have the file that '%s' names: nodes without a copy of it refuse the study. 'sund %s --hub' sends it; then ask again, with 'number = 2' for the same text\n", name, i ? "publish" : "catalogue");
        line += n + 1;
        said.n -= n + 1;
    }
}

/** Signs a study as its researcher, and sends it. */
static sund_code send_study(sund_home *h, sund_link *l, const sund_study *s, const sund_buf *text, const char *path, sund_err *err)
{
    sund_buf  body = { 0 }, reply = { 0 };
    uint16_t  kind;
    sund_code rc;

    if (h->role != SUND_ROLE_RESEARCHER)
        return sund_fail(err, SUND_E_ARG, "%s is the home of a %s, which does not ask studies: a researcher's home does", h->dir, h->role == SUND_ROLE_NODE ? "node" : "hub");
    if (sund_study_nodes_check(s, &h->roster, err) != SUND_OK)
        return sund_fail_in(err, err ? err->code : SUND_E_NOT_FOUND, "%s", path);
    rc = submission(h, text, &body, &kind, err);
    if (rc == SUND_OK)
        rc = sund_link_tell(l, kind, &s->digest, &body, &reply, err);
    if (rc == SUND_OK)
        tell_lacking(s, sund_cur_of(reply.p, reply.n));
    sund_buf_free(&reply);
    sund_buf_free(&body);
    return rc;
}

sund_code sund_cmd_study_submit(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            as_json = false, helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "the researcher's home" }, { "json", 'b', &as_json, NULL, "for programs" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "study submit", "[OPTIONS] STUDY.ini", "Signs the study's text with the researcher's key and sends it to the hub, with the login where there is one ('sund login'). Its name is the digest of the text: changed text is another study.",
                          "sund study submit --home anna height.ini", opt, 1, 1 };
    sund_study     *s = calloc(1, sizeof *s);
    sund_buf        text = { 0 };
    sund_home       h = { .id = "" };
    sund_link       l = { 0 };
    size_t          n;
    sund_code       rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    SUND_GO(sund_read_study(argv[1], s, &text, err));
    SUND_GO(dial(home, &h, &l, err));
    SUND_GO(send_study(&h, &l, s, &text, argv[1], err));
    printf(as_json ? "{\"study\": \"%s\"}\n" : "study = %s\n", sund_digest_hex(&s->digest).s);
out:
    sund_buf_free(&text);
    sund_link_close(&l);
    sund_home_close(&h);
    free(s);
    return rc;
}

sund_code sund_study_complete(sund_db *db, const char *arg, sund_digest *d, sund_err *err)
{
    sund_rows *rows = NULL;
    bool       whole, more = true;
    size_t     hits = 0;
    sund_code  rc;

    SUND_TRY(sund_study_name(arg, d->b, &whole, err));
    if (whole)
        return SUND_OK;
    SUND_TRY(sund_db_query(db, &rows, err, "SELECT digest FROM study WHERE substr(lower(hex(digest)), 1, length(?1)) = ?1", "t", arg));
    for (;;) {
        sund_cur c;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        c = sund_rows_blob(rows, 0);
        hits += sund_cur_copy(&c, d->b, sizeof d->b);
    }
    if (hits != 1)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "%zu studies here have a name that begins with %s", hits, arg);
out:
    sund_rows_close(rows);
    return rc;
}

typedef struct status_row { sund_digest study; char title[208], researcher[40], state[40], detail[1000], received[40]; } status_row;

/** The hub's words, made fit for a terminal. */
static void take_text(sund_cur *c, char *out, size_t cap)
{
    (void) sund_cur_str(c, out, cap);
    sund_text_clean(out);
}

static bool read_row(sund_cur *c, status_row *r)
{
    (void) sund_cur_copy(c, r->study.b, sizeof r->study.b);
    take_text(c, r->title, sizeof r->title);
    take_text(c, r->researcher, sizeof r->researcher);
    take_text(c, r->state, sizeof r->state);
    take_text(c, r->detail, sizeof r->detail);
    take_text(c, r->received, sizeof r->received);
    return !c->bad;
}

static void print_row(const status_row *r, bool as_json)
{
    sund_buf  out = { 0 };
    sund_json j;

    if (!as_json) {
        printf("%.12s  %-10s %s  %s%s%s%s%s\n", sund_digest_hex(&r->study).s, r->state, r->received, r->title, r->researcher[0] ? ", by " : "", r->researcher, r->detail[0] ? "\n              " : "", r->detail);
        return;
    }
    sund_json_init(&j, &out, false);
    sund_json_open(&j, NULL, '{');
    sund_json_str(&j, "study", sund_digest_hex(&r->study).s);
    sund_json_str(&j, "title", r->title);
    sund_json_str(&j, "researcher", r->researcher);
    sund_json_str(&j, "state", r->state);
    sund_json_str(&j, "detail", r->detail);
    sund_json_str(&j, "received", r->received);
    sund_json_close(&j, '}');
    printf("%.*s\n", (int) out.n, (char *) out.p);
    sund_buf_free(&out);
}

/** Title and researcher of a study at a node, from what the researcher signed; "" where nothing came that anybody signed. */
static void own_row_names(const sund_home *h, const sund_digest *d, sund_buf *out)
{
    sund_study   *s = calloc(1, sizeof *s);
    sund_envelope e;
    sund_buf      text = { 0 };
    bool          good = s && sund_party_submitted(h->db, &h->roster, d, &e, &text, NULL, NULL) == SUND_OK && sund_study_parse(s, "study", text.p, text.n, NULL) == SUND_OK;

    sund_buf_str(out, good ? s->title : "");
    sund_buf_str(out, good ? e.from : "");
    sund_buf_free(&text);
    free(s);
}

/** Rows of the hub, or at a node of its own database. */
static sund_code status_rows(sund_home *h, sund_link *l, sund_buf *reply, sund_err *err)
{
    sund_rows  *rows = NULL;
    sund_digest d;
    bool        more = false;
    sund_code   rc;

    if (h->role != SUND_ROLE_NODE)
        return sund_link_ask(l, SUND_MSG_STATUS, NULL, 0, 60, reply, err);
    SUND_TRY(sund_db_query(h->db, &rows, err, "SELECT digest, state, detail, received FROM study ORDER BY received DESC", ""));
    for (;;) {
        sund_cur c;

        SUND_GO(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        c = sund_rows_blob(rows, 0);
        if (!sund_cur_copy(&c, d.b, sizeof d.b))
            continue;
        sund_buf_put(reply, d.b, sizeof d.b);
        own_row_names(h, &d, reply);
        sund_buf_str(reply, sund_party_state_name((sund_party_state) (sund_rows_i64(rows, 1) % 7)));
        sund_buf_str(reply, sund_rows_text(rows, 2));
        sund_buf_str(reply, sund_rows_text(rows, 3));
    }
    rc = sund_buf_ok(reply, err);
out:
    sund_rows_close(rows);
    return rc;
}

static bool row_wanted(const status_row *r, const char *want, const sund_digest *d, bool whole)
{
    return !want || (whole ? sund_digest_eq(&r->study, d) : strncmp(sund_digest_hex(&r->study).s, want, strlen(want)) == 0);
}

sund_code sund_cmd_study_status(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home();
    bool            as_json = false, wait = false, helped = false, whole = false, ended = false;
    const sund_opt  opt[] = {
        { "home", 's', &home, "FOLDER", "a member's home; a node's shows what waits for its decision" },
        { "wait", 'b', &wait, NULL, "with a STUDY: return when it has ended" },
        { "json", 'b', &as_json, NULL, "one JSON object a line" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "study status", "[OPTIONS] [STUDY]", "Where studies stand: submitted, deciding, computing, signing, released, refused, stopped or recalled, with the reason; or paused, for which node or fault.", "sund study status --home anna\nsund study status --wait --home anna 3f2a91c0", opt, 0, 1 };
    sund_home       h = { .id = "" };
    sund_link       l = { 0 };
    sund_buf        reply = { 0 };
    sund_digest     d;
    size_t          n, hits = 0;
    status_row      row, last;
    sund_code       rc;

    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    if (n)
        SUND_GO(sund_study_name(argv[1], d.b, &whole, err));
    SUND_GO(sund_home_open(&h, home, SUND_HOME_ROSTER | SUND_HOME_STATE, err));
    if (h.role != SUND_ROLE_NODE) {
        sund_home_close(&h);
        SUND_GO(dial(home, &h, &l, err));
    }
    do {
        sund_cur c;

        sund_buf_clear(&reply);
        SUND_GO(status_rows(&h, &l, &reply, err));
        c = sund_cur_of(reply.p, reply.n);
        hits = 0;
        while (c.n && read_row(&c, &row))
            if (row_wanted(&row, n ? argv[1] : NULL, &d, whole)) {
                last = row;
                ended = strcmp(row.state, "released") == 0 || strcmp(row.state, "refused") == 0 || strcmp(row.state, "stopped") == 0 || strcmp(row.state, "recalled") == 0;
                if (!wait || ended)
                    print_row(&row, as_json);
                hits++;
            }
        SUND_GO(sund_cur_ok(&c, "the list of studies", err));
        if (wait && !ended && hits)
            (void) usleep(200000);
    } while (wait && n && hits && !ended);
    if (!n && !hits)
        fprintf(stderr, "no studies%s\n", h.role == SUND_ROLE_NODE ? " here yet" : ": 'sund study submit FILE' asks one");
    if (n && !hits)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "no study of that name is known there");
    else if (wait && ended && strcmp(last.state, "released") != 0)
        rc = sund_fail(err, SUND_E_DENIED, "the study was %s: %.300s", last.state, last.detail);
out:
    sund_buf_free(&reply);
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}

/** The hub's row of a study that ended without a release. */
static sund_code ended_row(sund_link *l, const char *path, const sund_digest *d, status_row *out, sund_err *err)
{
    sund_buf   reply = { 0 };
    sund_cur   c;
    status_row row;
    bool       found = false;
    sund_code  rc = sund_link_ask(l, SUND_MSG_STATUS, NULL, 0, 60, &reply, err);

    c = sund_cur_of(reply.p, reply.n);
    while (rc == SUND_OK && c.n && read_row(&c, &row))
        if (sund_digest_eq(&row.study, d)) {
            *out = row;
            found = true;
        }
    sund_buf_free(&reply);
    SUND_TRY(rc);
    if (!found)
        return sund_fail(err, SUND_E_NOT_FOUND, "%s: the hub has no study of this very text; give the file as it was submitted", path);
    if (strcmp(out->state, "stopped") == 0 || strcmp(out->state, "refused") == 0)
        return SUND_OK;
    return sund_fail(err, SUND_E_MISMATCH, "%s: the study is %s: %s", path, out->state, strcmp(out->state, "released") == 0 || strcmp(out->state, "recalled") == 0 ? "its answer stands" : "the node that will not come back leaves it first ('sund study leave'), or another one stops it ('sund study revoke')");
}

static void print_consequences(const status_row *was, const sund_study *s, const char *without)
{
    printf("goes on from  %.12s, %s: %s\nnodes        ", sund_digest_hex(&was->study).s, was->state, was->detail);
    for (size_t i = 0; i < s->n_node; i++)
        printf(" %s", s->node[i]);
    printf("\nwithout       %s\n\nWhat follows:\n"
           "- It is a new study: a name, keys and approvals of its own. Every node decides anew, as its rules say.\n"
           "- The people and strata of %s are not in it: groups and variants that passed with them may not pass now.\n"
           "- Where totals of the old study were opened, these less the new ones are the own sums of %s. So nodes refuse by rule one-roster, unless %s agreed as it left.\n"
           "  If it never said that it left, two members of the committee of each remaining node can answer for that ('study approve --exception one-roster').\n",
           without, without, without, without);
    if (s->n_node == 2)
        printf("- Two nodes are left: that takes an agreement of exactly these two, and own sums that pass by themselves.\n");
    printf("\n");
}

/** "SE, NO" into names, in place. */
static size_t split_names(char *list, const char *name[SUND_NODE_MAX])
{
    size_t n = 0;
    char  *word;

    while ((word = strsep(&list, ", ")) != NULL && n < SUND_NODE_MAX)
        if (*word)
            name[n++] = word;
    return n;
}

sund_code sund_cmd_study_again(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *without = NULL, *to = NULL, *gone[SUND_NODE_MAX];
    char            list[SUND_NODE_MAX * (SUND_ID_MAX + 2) + 1];
    bool            helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "the researcher's home" },
                              { "without", 's', &without, "NODES", "who left it, separated by commas (needed)" },
                              { "out", 's', &to, "FILE", "write the new text there and do not submit it" },
                              { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "study again", "--without NODES [OPTIONS] STUDY.ini", "Asks a study that ended, because a node left it for good, again without that node: says what follows, and submits the same text with a line 'after', which names the old study, and fewer 'nodes'. STUDY.ini: the text as it was submitted.",
                          "sund study again --home anna --without SE --out again.ini height.ini\nsund study again --home anna --without SE height.ini", opt, 1, 1 };
    sund_study     *s = calloc(2, sizeof *s);
    sund_buf        text = { 0 }, again = { 0 };
    sund_home       h = { .id = "" };
    sund_link       l = { 0 };
    status_row      was;
    size_t          n;
    sund_code       rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    if (!without || snprintf(list, sizeof list, "%s", without) >= (int) sizeof list) {
        rc = sund_fail(err, SUND_E_ARG, "--without NODES is needed: who left the study; see 'sund study again --help'");
        goto out;
    }
    if (to)
        SUND_GO(sund_not_over(NULL, to, err));
    SUND_GO(sund_read_study(argv[1], s, &text, err));
    SUND_GO(sund_study_without(s, text.p, text.n, gone, split_names(list, gone), &again, err));
    SUND_GO(sund_study_parse(&s[1], argv[1], again.p, again.n, err));
    SUND_GO(sund_study_goes_on(s, &s[1], err));
    SUND_GO(dial(home, &h, &l, err));
    SUND_GO(ended_row(&l, argv[1], &s->digest, &was, err));
    print_consequences(&was, &s[1], without);
    if (to)
        SUND_GO(sund_file_write(to, again.p, again.n, 0644, err));
    else
        SUND_GO(send_study(&h, &l, &s[1], &again, argv[1], err));
    printf("study = %s\n", sund_digest_hex(&s[1].digest).s);
out:
    sund_buf_free(&text);
    sund_buf_free(&again);
    sund_link_close(&l);
    sund_home_close(&h);
    free(s);
    return rc;
}

static sund_code complete_remote(sund_link *l, const char *arg, sund_digest *d, sund_err *err)
{
    sund_buf   reply = { 0 };
    sund_cur   c;
    status_row row;
    bool       whole;
    size_t     hits = 0;
    sund_code  rc;

    SUND_TRY(sund_study_name(arg, d->b, &whole, err));
    if (whole)
        return SUND_OK;
    rc = sund_link_ask(l, SUND_MSG_STATUS, NULL, 0, 60, &reply, err);
    c = sund_cur_of(reply.p, reply.n);
    while (rc == SUND_OK && c.n && read_row(&c, &row))
        if (row_wanted(&row, arg, d, false)) {
            *d = row.study;
            hits++;
        }
    sund_buf_free(&reply);
    if (rc == SUND_OK && hits != 1)
        rc = sund_fail(err, SUND_E_NOT_FOUND, "%zu studies have a name that begins with %s", hits, arg);
    return rc;
}

/** The study's text, before the tables: so a folder says by itself of what they are. */
static sund_code write_text(const char *out, const void *p, size_t n, sund_err *err)
{
    char path[4096];

    SUND_TRY(sund_dir_make(out, err));
    SUND_TRY(sund_path_join(path, sizeof path, out, "study.ini", err));
    return sund_file_write(path, p, n, 0644, err);
}

/** Tables of two studies in one folder would be taken for those of one, and what is of no study is not written over. The same study's take each other's place. */
static sund_code other_result(const char *out, const sund_digest *study, sund_err *err)
{
    static const char *const of_result[] = { "table.tsv", "provenance.json", "report.html", "study.ini" };
    char        path[4096];
    sund_buf    text = { 0 };
    sund_digest there;
    sund_code   rc = SUND_OK;

    SUND_TRY(sund_path_join(path, sizeof path, out, "study.ini", err));
    if (sund_file_read(path, SUND_STUDY_MAX_BYTES, &text, NULL) == SUND_OK) {
        there = sund_digest_of(text.p, text.n);
        if (!sund_digest_eq(&there, study))
            rc = sund_fail(err, SUND_E_ARG, "%s holds the result of another study, %.12s: choose another folder", out, sund_digest_hex(&there).s);
    }
    else
        for (size_t i = 0; rc == SUND_OK && i < sizeof of_result / sizeof of_result[0]; i++)
            rc = sund_not_over(out, of_result[i], err);
    sund_buf_free(&text);
    return rc;
}

/** What the hub gives of a study's release: 0 what was asked, who signed, and the manifest; from 1 its parts. */
typedef struct fetching { sund_link *link; sund_digest study; } fetching;

static sund_code fetch(fetching *f, uint32_t which, sund_buf *out, sund_err *err)
{
    sund_buf  ask = { 0 };
    sund_code rc;

    sund_buf_put(&ask, f->study.b, sizeof f->study.b);
    sund_buf_u32(&ask, which);
    rc = sund_buf_ok(&ask, err);
    if (rc == SUND_OK)
        rc = sund_link_ask(f->link, SUND_MSG_FETCH, ask.p, ask.n, 600, out, err);
    sund_buf_free(&ask);
    return rc;
}

static sund_code fetch_part(void *ctx, uint32_t k, sund_buf *out, sund_err *err) { return fetch(ctx, k + 1, out, err); }

static sund_code write_fetched(const char *out, fetching *f, sund_err *err)
{
    sund_buf      reply = { 0 };
    sund_released r;
    sund_code     rc;

    if (out)
        SUND_GO(other_result(out, &f->study, err));
    SUND_GO(fetch(f, 0, &reply, err));
    SUND_GO(sund_released_read(&f->link->home->roster, &f->study, sund_cur_of(reply.p, reply.n), &r, err));
    if (out)
        SUND_GO(write_text(out, r.text.p, r.text.n, err));
    rc = sund_write_release(out, &r.m, fetch_part, f, err);
out:
    sund_buf_free(&reply);
    return rc;
}

/** A node gives out nothing of a study that it no longer approves. */
static sund_code still_approved(const sund_home *h, const sund_digest *d, sund_err *err)
{
    sund_standing s;

    if (h->role != SUND_ROLE_NODE)
        return SUND_OK;
    SUND_TRY(sund_dac_standing(h->db, &h->dac, d, &s, err));
    return s.verdict <= SUND_APPROVE ? SUND_OK : sund_fail(err, SUND_E_DENIED, "study %.12s: %s by %s: %s", sund_digest_hex(d).s, sund_verdict_name(s.verdict), s.by, s.reason);
}

sund_code sund_cmd_study_fetch(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *out = NULL;
    bool            helped = false;
    const sund_opt  opt[] = { { "home", 's', &home, "FOLDER", "a member's home" }, { "out", 's', &out, "FOLDER", "where the tables (table.tsv first) and provenance.json go, in the place of the same study's; without it the first table is printed" }, { NULL, 0, NULL, NULL, NULL } };
    const sund_opts o = { "study fetch", "[OPTIONS] STUDY", "The result that all nodes signed, whose signatures are checked: table.tsv and whatever tables the analysis has beside it, provenance.json, which says what it was computed from, study.ini, the text that was asked, and report.html. Interrupted, the same command goes on where it was.", "sund study fetch --home anna --out height/ 3f2a91c0", opt, 1, 1 };
    sund_home       h = { .id = "" };
    sund_link       l = { 0 };
    fetching        f = { .link = &l };
    size_t          n;
    sund_code       rc;

    SUND_GO(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        goto out;
    SUND_GO(dial(home, &h, &l, err));
    sund_large_at(h.dir, true);
    SUND_GO(complete_remote(&l, argv[1], &f.study, err));
    SUND_GO(still_approved(&h, &f.study, err));
    rc = write_fetched(out, &f, err);
out:
    sund_link_close(&l);
    sund_home_close(&h);
    return rc;
}

static void show_chunk(void *ctx, const char *round, uint32_t chunk, uint32_t n_chunk, const char *note)
{
    sund_progress *bar = ctx;

    bar->label = note[0] ? note : round; /* a cluster's note stands for the round's name */
    bar->total = n_chunk;
    sund_progress_at(bar, chunk);
}

static sund_code home_file(void *ctx, const sund_digest *d, sund_buf *out, sund_err *err) { return sund_home_file(ctx, d, out, err); }

static sund_code open_catalogue(sund_home *h, const sund_study *s, const char *path, sund_catalogue **c, sund_err *err)
{
    sund_digest got;

    if (!path)
        return sund_study_catalogue(s, home_file, h, c, err);
    SUND_TRY(sund_catalogue_read(c, path, err));
    got = sund_catalogue_digest(*c);
    return sund_digest_eq(&got, &s->catalogue) ? SUND_OK
                                               : sund_fail(err, SUND_E_MISMATCH, "%s has the digest %.16s, the study names %.16s", path, sund_digest_hex(&got).s, sund_digest_hex(&s->catalogue).s);
}

/** A run on this home's data by its cluster. */
typedef struct cluster_run { const sund_home *home; const char *catalogue; } cluster_run;
static sund_code cluster_runner(void *ctx, const sund_engine *e, const sund_view *v, sund_cur text, sund_runner **out, sund_err *err)
{
    const cluster_run *c = ctx;

    return sund_home_runner(c->home, "local-", c->catalogue, e, v, text, out, err);
}

static sund_code own_part(void *ctx, uint32_t k, sund_buf *out, sund_err *err) { return sund_release_part(ctx, k, out, err); }

static sund_code run_local(sund_home *h, const char *study_path, const char *catalogue_path, const char *out, sund_err *err)
{
    sund_study     *s = calloc(1, sizeof *s);
    sund_catalogue *c = NULL;
    sund_release   *r = NULL;
    sund_buf        text = { 0 };
    sund_progress   bar;
    cluster_run     cluster = { h, catalogue_path };
    sund_local_run  run = { .study = s, .file = home_file, .file_ctx = h, .store = h->store, .people = h->people, .thresholds = &h->thresholds, .folder = h->dir, .key = &h->identity.key, .n_thread = h->n_thread, .progress = show_chunk, .ctx = &bar };
    sund_result   m;
    sund_code       rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    SUND_GO(sund_read_study(study_path, s, &text, err));
    if (out)
        SUND_GO(other_result(out, &s->digest, err));
    if (s->has_catalogue)
        SUND_GO(open_catalogue(h, s, catalogue_path, &c, err));
    run.catalogue = c;
    if (h->use_slurm) {
        SUND_GO(sund_slurm_there(err));
        sund_stop_on_signals();
        h->slurm.patience_s = 60;
        run.runner = cluster_runner;
        run.runner_ctx = &cluster;
        run.text = sund_cur_of(text.p, text.n);
        run.stop = &sund_stopping;
    }
    sund_progress_begin(&bar, "study", "chunks", 0);
    rc = sund_study_run_local(&run, &r, err);
    sund_progress_end(&bar);
    if (rc != SUND_OK)
        goto out;
    rc = sund_result_read(sund_release_manifest(r), &m, err);
    if (rc == SUND_OK && out)
        rc = write_text(out, text.p, text.n, err);
    if (rc == SUND_OK)
        rc = sund_write_release(out, &m, own_part, r, err);
out:
    sund_release_free(r);
    sund_catalogue_free(c);
    sund_buf_free(&text);
    free(s);
    return rc;
}

sund_code sund_cmd_study_run(int argc, char **argv, sund_err *err)
{
    const char     *home = sund_default_home(), *out = NULL, *catalogue = NULL, *engine = NULL;
    bool            local = false, helped = false;
    int64_t         threads = -1;
    const sund_opt  opt[] = {
        { "local", 'b', &local, NULL, "on this home's own data alone (needed: across countries it is 'study submit')" },
        { "home", 's', &home, "FOLDER", "a node's home" },
        { "catalogue", 's', &catalogue, "FILE", "the catalogue, unless the home has it" },
        { "threads", 'i', &threads, "N", "0: all processors; any number gives the same bytes" },
        { "engine", 's', &engine, "ENGINE", "local: this process; slurm: jobs on the home's cluster; any gives the same bytes" },
        { "out", 's', &out, "FOLDER", "where the tables (table.tsv first) and provenance.json go, in the place of the same study's; without it the first table is printed" },
        { NULL, 0, NULL, NULL, NULL },
    };
    const sund_opts o = { "study run", "--local [OPTIONS] STUDY.ini", "The pooled analysis: the same engine on one store. Splitting its people over nodes gives the same table, byte for byte.", "sund study run --local --home pooled --out pooled-height height.ini", opt, 1, 1 };
    sund_home       h;
    size_t          n;
    sund_code       rc;

    SUND_TRY(sund_opts_parse(&o, argc, argv, &n, &helped, err));
    if (helped)
        return SUND_OK;
    if (!local)
        return sund_fail(err, SUND_E_ARG, "'study run' runs on one home's own data: say --local; across countries it is 'sund study submit'");
    if (engine && strcmp(engine, "local") != 0 && strcmp(engine, "slurm") != 0)
        return sund_fail(err, SUND_E_ARG, "--engine is 'local' or 'slurm', not '%.40s'", engine);
    SUND_TRY(sund_home_open(&h, home, SUND_HOME_DATA, err));
    sund_large_at(h.dir, true);
    h.use_slurm = engine ? strcmp(engine, "slurm") == 0 : h.use_slurm;
    if (threads >= 0 && threads <= 64)
        h.n_thread = (unsigned) threads;
    else if (threads != -1) {
        sund_home_close(&h);
        return sund_fail(err, SUND_E_ARG, "--threads is from 0 to 64");
    }
    rc = run_local(&h, argv[1], catalogue, out, err);
    sund_home_close(&h);
    return rc;
}
