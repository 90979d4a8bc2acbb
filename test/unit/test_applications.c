/* Applications: their file, who signs, what each node decides, studies under them, ends in the middle, the hub's side, and visas that our own verifier takes. */
#include "fed.h"
#include "hub/applications.h"
#include "test.h"
#include "token.h"
#include "token/visa.h"

#include <time.h>

static const char *const counts = "analysis = counts\nstrata = none\nchunk = 16\n";
static const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n";

static sund_application_eye eye(const fed *f, size_t i) { return (sund_application_eye){ { f->node[i].db, &f->roster, &f->node[i].dac, f->node[i].me.id }, f->node[i].seat.trust }; }

static char *text_for(const char *purpose, const char *analyses, const char *until, const char *sets)
{
    return text_of("[application]\ntitle = a trait\npurpose = %s\nanalyses = %s\nuntil = %s\n\n[data N00]\nsets = other, N00\n\n[data N01]\nsets = %s\n\n[data N02]\nsets = N02\n\n[person 1]\nname = Anna\naffiliation = University\n", purpose, analyses, until, sets);
}

/** The message as anybody signs it: key is what it says of the key. */
static sund_envelope signed_by(const sund_identity *as, const sund_pub *key, const char *text, sund_buf *body)
{
    sund_envelope e = { .kind = SUND_MSG_APPLY, .channel = 2, .seq = sund_seq_next(0), .about = sund_digest_of(text, strlen(text)) };
    sund_buf      bytes = { 0 };

    sund_buf_clear(body);
    sund_submit_write(text, strlen(text), key, sund_cur_of(NULL, 0), body);
    sund_envelope_write(&e, as, body->p, body->n, &bytes);
    sund_buf_free(&bytes);
    return e;
}

/** Anna's application at all nodes, none of which approves by itself; its name. */
static sund_digest apply(fed *f, char *text)
{
    sund_buf      body = { 0 };
    sund_envelope e = signed_by(&f->anna, &f->anna.pub, text, &body);

    for (size_t i = 0; i < f->n; i++) {
        sund_application_eye x = eye(f, i);

        f->node[i].dac.approve_all = false;
        f->node[i].seat.data = f->node[i].me.id;
        MUST(sund_application_take(&x, &e, body.p, body.n, err));
        MUST(sund_application_take(&x, &e, body.p, body.n, err)); /* again changes nothing */
    }
    sund_buf_free(&body);
    free(text);
    return e.about;
}

static sund_code decide(fed *f, size_t i, const sund_digest *d, sund_verdict v, const char *reason)
{
    sund_application_eye x = eye(f, i);

    return sund_application_decide(&x, &f->node[i].me, d, v, reason, NULL);
}

static sund_application_word word_at(fed *f, size_t i, const sund_digest *d)
{
    static sund_applied  x;
    sund_application_eye y = eye(f, i);

    MUST(sund_application_stands(&y, d, &x, err));
    return x.word;
}

static void all_are(fed *f, sund_party_state state, const char *words)
{
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        if (s.state != state || !strstr(s.detail, words))
            fprintf(stderr, "# %s: %s: %s (want %s)\n", f->node[i].me.id, sund_party_state_name(s.state), s.detail, words);
        CHECK(s.state == state && strstr(s.detail, words) != NULL);
    }
}

TEST(the_file_is_read_strictly)
{
    static sund_application a;
    static const char *const good = "[application]\ntitle = t\npurpose = HMB\nanalyses = counts\nuntil = 2099-12-31\n[data FI]\nsets = x\n[person 1]\nname = n\naffiliation = a\n";
    static const struct { const char *from, *to; } at[] = {
        { "purpose = HMB", "purpose = XXX" }, { "purpose = HMB", "purpose = HMB,GRU" }, { "counts", "count" }, { "2099-12-31", "2099-02-30" }, { "2099-12-31", "tomorrow" }, { "[data FI]\nsets = x\n", "" },
        { "[person 1]", "[person 2]" }, { "[person 1]\nname = n\naffiliation = a\n", "" }, { "affiliation = a\n", "" }, { "title = t\n", "" }, { "title = t", "title = t\nwhat = x" }, { "[data FI]", "[data F I]" },
        { "[application]", "[application x]" }, { "[application]", "[study]" }, { "analyses = counts\n", "analyses = ,\n" }, { "title = t", "number = 0\ntitle = t" }, { "sets = x", "sets =" },
    };
    sund_err why = { SUND_OK, "" };

    MUST(sund_application_parse(&a, "a", good, strlen(good), err));
    CHECK(a.n_data == 1 && a.n_person == 1 && strcmp(sund_application_sets(&a, "FI"), "x") == 0 && !sund_application_sets(&a, "SE"));
    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        const char *p = strstr(good, at[k].from);
        char       *bad = text_of("%.*s%s%s", (int) (p - good), good, at[k].to, p + strlen(at[k].from));

        if (sund_application_parse(&a, "a", bad, strlen(bad), &why) == SUND_OK)
            fprintf(stderr, "# taken: %s\n", bad);
        CHECK(sund_application_parse(&a, "a", bad, strlen(bad), &why) == SUND_E_FORMAT);
        free(bad);
    }
}

TEST(forged_altered_and_misdirected_applications_are_not_taken)
{
    world               *w = fed_world(120, test_rand());
    fed                 *f = fed_even_open(w, 3);
    char                *text = text_for("GRU", "counts", "2099-12-31", "N01"), *other = text_of("[application]\ntitle = t\npurpose = GRU\nanalyses = any\nuntil = 2099-12-31\n[data N02]\nsets = x\n[person 1]\nname = n\naffiliation = a\n");
    sund_application_eye x = eye(f, 0);
    sund_identity        mallory;
    sund_envelope        e;
    sund_buf             body = { 0 };
    int64_t              n = -1;

    fed_identity(&mallory, "anna");
    e = signed_by(&mallory, &mallory.pub, text, &body); /* her name, another key */
    CHECK(sund_application_take(&x, &e, body.p, body.n, NULL) == SUND_E_DENIED);
    e = signed_by(&mallory, &f->anna.pub, text, &body); /* her key, not signed by it */
    CHECK(sund_application_take(&x, &e, body.p, body.n, NULL) == SUND_E_DENIED);
    e = signed_by(&f->node[1].me, &f->node[1].me.pub, text, &body); /* no researcher */
    CHECK(sund_application_take(&x, &e, body.p, body.n, NULL) == SUND_E_DENIED);
    e = signed_by(&f->anna, &f->anna.pub, text, &body);
    body.p[30] ^= 1;
    CHECK(sund_application_take(&x, &e, body.p, body.n, NULL) == SUND_E_DENIED);
    body.p[30] ^= 1;
    e.about.b[0] ^= 1;
    CHECK(sund_application_take(&x, &e, body.p, body.n, NULL) == SUND_E_DENIED);
    e.about.b[0] ^= 1;
    e.kind = SUND_MSG_SUBMIT_LOGIN;
    CHECK(sund_application_take(&x, &e, body.p, body.n, NULL) == SUND_E_DENIED);
    e = signed_by(&f->anna, &f->anna.pub, other, &body); /* another node's */
    CHECK(sund_application_take(&x, &e, body.p, body.n, NULL) == SUND_E_DENIED);
    MUST(sund_db_i64(f->node[0].db, &n, -1, err, "SELECT COUNT(*) FROM application", ""));
    CHECK(n == 0);
    sund_buf_free(&body);
    free(text);
    free(other);
    fed_close(f);
    free(w);
}

/** The withdrawal of d as anybody signs it. */
static sund_envelope withdrawal(const sund_identity *as, const sund_digest *d, const char *reason, sund_buf *body)
{
    sund_envelope e = { .kind = SUND_MSG_APPLY_WITHDRAW, .channel = 2, .seq = sund_seq_next(0), .about = *d };
    sund_buf      bytes = { 0 };

    sund_buf_clear(body);
    sund_withdrawal_write(reason, body);
    sund_envelope_write(&e, as, body->p, body->n, &bytes);
    sund_buf_free(&bytes);
    return e;
}

static sund_code withdraw_at(fed *f, size_t i, const sund_envelope *e, const sund_buf *body)
{
    sund_application_eye x = eye(f, i);

    return sund_application_withdraw(&x, e, body->p, body->n, NULL);
}

TEST(who_applied_takes_it_back_and_nobody_else)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_digest   d = apply(f, text_for("general-research", "counts", "2099-12-31", "N01")), other = apply(f, text_for("general-research", "linear", "2099-12-31", "N01"));
    sund_identity mallory, bob;
    sund_envelope e, again;
    sund_buf      body = { 0 };
    int64_t       n = 0;
    char          mark[2][SUND_APPLICATIONS_MARK];

    fed_identity(&mallory, "anna");
    fed_identity(&bob, "bob");
    CHECK(decide(f, 0, &d, SUND_APPROVE, "") == SUND_OK && decide(f, 0, &other, SUND_APPROVE, "") == SUND_OK && decide(f, 1, &d, SUND_REFUSE, "no register") == SUND_OK);
    e = withdrawal(&mallory, &d, "", &body); /* her name, another key */
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_DENIED);
    e = withdrawal(&bob, &d, "", &body);
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_DENIED);
    e = withdrawal(&f->node[1].me, &d, "", &body);
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_DENIED);
    e = withdrawal(&f->anna, &other, "", &body); /* of another of hers */
    e.about = d;
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_DENIED);
    e = withdrawal(&f->anna, &d, "the grant ended", &body);
    body.p[6] ^= 1;
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_DENIED);
    body.p[6] ^= 1;
    e.kind = SUND_MSG_APPLY;
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_DENIED);
    e = withdrawal(&f->anna, &d, "a line\nand another", &body);
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_FORMAT);
    CHECK(word_at(f, 0, &d).state == SUND_APPLICATION_APPROVED);

    e = withdrawal(&f->anna, &d, "the grant ended", &body);
    MUST(sund_applications_mark(f->node[0].db, mark[0], err));
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_OK && withdraw_at(f, 1, &e, &body) == SUND_OK);
    MUST(sund_applications_mark(f->node[0].db, mark[1], err));
    CHECK(strcmp(mark[0], mark[1]) != 0);
    CHECK(word_at(f, 0, &d).state == SUND_APPLICATION_WITHDRAWN && strcmp(word_at(f, 0, &d).reason, "withdrawn by anna: the grant ended") == 0);
    CHECK(word_at(f, 1, &d).state == SUND_APPLICATION_WITHDRAWN && word_at(f, 2, &d).state == SUND_APPLICATION_WAITS && word_at(f, 0, &other).state == SUND_APPLICATION_APPROVED);
    CHECK(decide(f, 0, &d, SUND_APPROVE, "") == SUND_E_MISMATCH && decide(f, 0, &d, SUND_REVOKE, "x") == SUND_E_MISMATCH && decide(f, 0, &d, SUND_VETO, "x") == SUND_E_MISMATCH);
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_OK); /* replayed: once in the log */
    again = withdrawal(&f->anna, &d, "something else", &body);
    CHECK(withdraw_at(f, 0, &again, &body) == SUND_OK && strcmp(word_at(f, 0, &d).reason, "withdrawn by anna: the grant ended") == 0);
    MUST(sund_db_i64(f->node[0].db, &n, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='application' AND study=? AND text LIKE 'withdrawn by anna%'", "t", sund_digest_hex(&d).s));
    CHECK(n == 1);
    d.b[0] ^= 1;
    e = withdrawal(&f->anna, &d, "", &body);
    CHECK(withdraw_at(f, 0, &e, &body) == SUND_E_NOT_FOUND);
    MUST(sund_db_script(f->node[0].db, "UPDATE withdrawal SET head=zeroblob(length(head))", err)); /* altered on disk: it stands for nothing more, approved or not */
    d.b[0] ^= 1;
    {
        static sund_applied  x;
        sund_application_eye y = eye(f, 0);

        CHECK(sund_application_stands(&y, &d, &x, NULL) != SUND_OK);
    }
    sund_buf_free(&body);
    fed_close(f);
    free(w);
}

/** Messages that the hub hands to a node: how many of either kind. */
static void handed(fed *f, const char *node, size_t *n_apply, size_t *n_withdraw)
{
    sund_buf out = { 0 };
    sund_cur c;
    bool     any = false;

    *n_apply = *n_withdraw = 0;
    MUST(sund_apply_batch(f->hub_db, node, 1 << 20, &out, &any, err));
    for (c = sund_cur_of(out.p, out.n); c.n;) {
        sund_digest   d;
        sund_envelope e;

        CHECK(sund_cur_copy(&c, d.b, sizeof d.b));
        CHECK(sund_cur_u32(&c) == 0);
        MUST(sund_envelope_read(&c, 65536, &e, err));
        (void) sund_cur_blob(&c, 65536);
        CHECK(!c.bad && sund_digest_eq(&d, &e.about));
        *n_apply += e.kind == SUND_MSG_APPLY;
        *n_withdraw += e.kind == SUND_MSG_APPLY_WITHDRAW;
    }
    sund_buf_free(&out);
}

static void tell_hub(fed *f, size_t i, const sund_digest *d, sund_application_state state)
{
    sund_application_word w = { .state = state, .received = "2026-05-03T10:00:00Z", .deadline = "2026-05-18" };
    sund_envelope         e = { .kind = SUND_MSG_APPLY_STATE, .channel = 0, .seq = sund_seq_next(0), .about = *d };
    sund_buf              b = { 0 }, bytes = { 0 };

    sund_application_word_write(d, &w, &b);
    sund_envelope_write(&e, &f->node[i].me, b.p, b.n, &bytes);
    MUST(sund_apply_state(f->hub_db, &e, sund_cur_of(b.p, b.n), err));
    sund_buf_free(&b);
    sund_buf_free(&bytes);
}

TEST(the_hub_hands_a_withdrawal_to_the_nodes_that_were_asked_until_each_says_so)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    char         *text = text_for("GRU", "counts", "2099-12-31", "N01");
    sund_buf      body = { 0 }, back = { 0 }, out = { 0 };
    sund_envelope e = signed_by(&f->anna, &f->anna.pub, text, &body), g;
    sund_digest   d = e.about;
    sund_identity mallory;
    sund_cur      c;
    size_t        a, b;
    uint32_t      n;

    fed_identity(&mallory, "anna");
    MUST(sund_apply_tables(f->hub_db, err));
    g = withdrawal(&f->anna, &d, "why", &back);
    CHECK(sund_apply_withdraw(f->hub_db, &g, sund_cur_of(back.p, back.n), NULL) == SUND_E_NOT_FOUND);
    MUST(sund_apply_take(f->hub_db, &f->roster, &e, sund_cur_of(body.p, body.n), err));
    tell_hub(f, 0, &d, SUND_APPLICATION_APPROVED);
    g = withdrawal(&mallory, &d, "why", &back);
    CHECK(sund_apply_withdraw(f->hub_db, &g, sund_cur_of(back.p, back.n), NULL) == SUND_E_DENIED);
    handed(f, "N00", &a, &b);
    CHECK(a == 0 && b == 0);
    g = withdrawal(&f->anna, &d, "why", &back);
    MUST(sund_apply_withdraw(f->hub_db, &g, sund_cur_of(back.p, back.n), err));
    MUST(sund_apply_withdraw(f->hub_db, &g, sund_cur_of(back.p, back.n), err));
    handed(f, "N00", &a, &b);
    CHECK(a == 0 && b == 1);
    handed(f, "N01", &a, &b); /* it may have heard of it without having said so yet; the application itself is handed out no more */
    CHECK(a == 0 && b == 1);
    handed(f, "N07", &a, &b);
    CHECK(a == 0 && b == 0);
    tell_hub(f, 0, &d, SUND_APPLICATION_REVOKED); /* said before it heard */
    handed(f, "N00", &a, &b);
    CHECK(b == 1);
    tell_hub(f, 0, &d, SUND_APPLICATION_WITHDRAWN);
    handed(f, "N00", &a, &b);
    CHECK(a == 0 && b == 0);
    CHECK(sund_apply_take(f->hub_db, &f->roster, &e, sund_cur_of(body.p, body.n), NULL) == SUND_E_MISMATCH); /* sent again */
    MUST(sund_apply_list(f->hub_db, f->anna.id, &out, err));
    c = sund_cur_of(out.p, out.n);
    (void) sund_cur_blob(&c, 65536);
    n = sund_cur_u32(&c);
    MUST(sund_envelope_read(&c, 65536, &g, err));
    CHECK(n == 2 && g.kind == SUND_MSG_APPLY_WITHDRAW);
    sund_buf_free(&body);
    sund_buf_free(&back);
    sund_buf_free(&out);
    free(text);
    fed_close(f);
    free(w);
}

TEST(an_application_altered_in_the_database_stands_for_nothing)
{
    world       *w = fed_world(120, test_rand());
    fed         *f = fed_even_open(w, 3);
    sund_digest  d = apply(f, text_for("HMB", "counts", "2099-12-31", "N01"));
    sund_applied x;
    sund_application_eye y = eye(f, 1);

    CHECK(decide(f, 1, &d, SUND_APPROVE, "") == SUND_OK);
    MUST(sund_db_script(f->node[1].db, "UPDATE application SET body=CAST(replace(CAST(body AS TEXT), 'HMB', 'GRU') AS BLOB)", err));
    CHECK(sund_application_stands(&y, &d, &x, NULL) == SUND_E_DENIED);
    fed_close(f);
    free(w);
}

TEST(each_node_decides_for_itself_and_what_all_approve_runs_under_it)
{
    world      *w = fed_world(120, test_rand());
    fed        *f = fed_even_open(w, 3);
    sund_digest d = apply(f, text_for("general-research", "counts", "2099-12-31", "N01"));
    int64_t     n = 0;

    CHECK(word_at(f, 0, &d).state == SUND_APPLICATION_WAITS && word_at(f, 0, &d).deadline[0]);
    CHECK(decide(f, 0, &d, SUND_REVOKE, "too soon") == SUND_E_MISMATCH);
    CHECK(decide(f, 0, &d, SUND_APPROVE, "") == SUND_OK && decide(f, 1, &d, SUND_APPROVE, "fine") == SUND_OK);
    CHECK(decide(f, 0, &d, SUND_APPROVE, "") == SUND_E_MISMATCH && decide(f, 0, &d, SUND_REFUSE, "late") == SUND_E_MISMATCH);
    CHECK(decide(f, 2, &d, SUND_REFUSE, "") == SUND_E_ARG); /* why? */
    fed_ask(f, counts);
    fed_run(f);
    CHECK(fed_status(f, 0).state == SUND_PARTY_LINES && fed_status(f, 1).state == SUND_PARTY_LINES && fed_status(f, 2).state == SUND_PARTY_APPROVAL);
    CHECK(decide(f, 2, &d, SUND_APPROVE, "") == SUND_OK);
    fed_run(f);
    all_are(f, SUND_PARTY_RELEASED, "rows");
    MUST(sund_db_i64(f->node[0].db, &n, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='decision' AND text LIKE 'approved: under application ' || ? || '%'", "t", sund_digest_hex(&d).s));
    CHECK(n == 1);
    fed_close(f);
    free(w);
}

/** The same bytes of somebody with a login: they stay anna's, and he hears that they are not his, and no more. */
static void anothers(fed *f, const char *text, const sund_digest *d)
{
    sund_identity bob;
    sund_buf      body = { 0 }, bytes = { 0 };
    sund_envelope e = { .kind = SUND_MSG_APPLY, .channel = 2, .seq = sund_seq_next(0), .about = *d };
    sund_err      why = { SUND_OK, "" };
    int64_t       n = 0;

    fed_identity(&bob, "bob");
    sund_id_of_key(&bob.pub, bob.id);
    sund_submit_write(text, strlen(text), &bob.pub, sund_cur_of("a.b.c", 5), &body);
    sund_envelope_write(&e, &bob, body.p, body.n, &bytes);
    CHECK(sund_apply_take(f->hub_db, &f->roster, &e, sund_cur_of(body.p, body.n), &why) == SUND_E_MISMATCH && strstr(why.msg, "is somebody else's") && !strstr(why.msg, "anna"));
    MUST(sund_db_i64(f->hub_db, &n, 0, err, "SELECT COUNT(*) FROM applied WHERE who='anna'", ""));
    CHECK(n == 1);
    MUST(sund_db_i64(f->hub_db, &n, 0, err, "SELECT COUNT(*) FROM applied", ""));
    CHECK(n == 1);
    sund_buf_clear(&bytes);
    sund_buf_clear(&body);
    sund_withdrawal_write("mine", &body);
    e = (sund_envelope){ .kind = SUND_MSG_APPLY_WITHDRAW, .channel = 2, .seq = sund_seq_next(0), .about = *d };
    sund_envelope_write(&e, &bob, body.p, body.n, &bytes);
    CHECK(sund_apply_withdraw(f->hub_db, &e, sund_cur_of(body.p, body.n), &why) == SUND_E_NOT_FOUND && !strstr(why.msg, "anna"));
    sund_buf_free(&body);
    sund_buf_free(&bytes);
}

TEST(two_nodes_decide_differently_and_the_hub_shows_each_as_it_was_signed)
{
    world      *w = fed_world(120, test_rand());
    fed        *f = fed_even_open(w, 3);
    char       *text = text_for("GRU", "counts", "2099-12-31", "N01");
    sund_buf    body = { 0 }, out = { 0 };
    sund_envelope e = signed_by(&f->anna, &f->anna.pub, text, &body), e2;
    sund_digest d = e.about, got;
    sund_application_word word;
    bool        any = false;
    sund_cur    c;

    MUST(sund_apply_tables(f->hub_db, err));
    MUST(sund_apply_take(f->hub_db, &f->roster, &e, sund_cur_of(body.p, body.n), err));
    MUST(sund_apply_take(f->hub_db, &f->roster, &e, sund_cur_of(body.p, body.n), err));
    anothers(f, text, &d);
    MUST(sund_apply_batch(f->hub_db, "N07", 1 << 20, &out, &any, err));
    CHECK(!any && out.n == 0); /* named nodes only */
    MUST(sund_apply_batch(f->hub_db, "N01", 1 << 20, &out, &any, err));
    CHECK(any && out.n > body.n);
    (void) apply(f, text);
    CHECK(decide(f, 0, &d, SUND_APPROVE, "good") == SUND_OK && decide(f, 1, &d, SUND_REFUSE, "no register") == SUND_OK);
    for (size_t i = 0; i < 2; i++) {
        sund_application_eye x = eye(f, i);
        sund_buf             b = { 0 }, bytes = { 0 };
        int64_t              from = 0;

        MUST(sund_application_untold(&x, &from, &any, &got, &word, err));
        CHECK(any && sund_digest_eq(&got, &d));
        sund_application_word_write(&d, &word, &b);
        e2 = (sund_envelope){ .kind = SUND_MSG_APPLY_STATE, .channel = 0, .seq = sund_seq_next(0), .about = d };
        sund_envelope_write(&e2, &f->node[i].me, b.p, b.n, &bytes);
        MUST(sund_apply_state(f->hub_db, &e2, sund_cur_of(b.p, b.n), err));
        MUST(sund_application_told(f->node[i].db, &d, &word, err));
        MUST(sund_application_untold(&x, &from, &any, &got, &word, err));
        CHECK(!any);
        from = 0; /* the hub has it */
        MUST(sund_application_untold(&x, &from, &any, &got, &word, err));
        CHECK(!any);
        (void) snprintf(e2.from, sizeof e2.from, "N09"); /* who is not asked says nothing */
        CHECK(sund_apply_state(f->hub_db, &e2, sund_cur_of(b.p, b.n), NULL) == SUND_E_DENIED);
        e2.about.b[3] ^= 1;
        CHECK(sund_apply_state(f->hub_db, &e2, sund_cur_of(b.p, b.n), NULL) == SUND_E_DENIED);
        sund_buf_free(&b);
        sund_buf_free(&bytes);
    }
    sund_buf_clear(&out);
    any = false;
    MUST(sund_apply_batch(f->hub_db, "N01", 1 << 20, &out, &any, err));
    CHECK(!any); /* it has answered */
    MUST(sund_apply_list(f->hub_db, "bob", &out, err));
    CHECK(out.n == 0);
    MUST(sund_apply_list(f->hub_db, f->anna.id, &out, err));
    c = sund_cur_of(out.p, out.n);
    (void) sund_cur_blob(&c, 65536);
    CHECK(sund_cur_u32(&c) == 2);
    for (size_t i = 0; i < 2; i++) {
        sund_cur b;

        MUST(sund_envelope_read(&c, 65536, &e2, err));
        b = sund_cur_blob(&c, 65536);
        MUST(sund_envelope_check(&e2, &f->roster, 1u << SUND_ROLE_NODE, err));
        MUST(sund_application_word_read(b, &got, &word, err));
        CHECK(i ? word.state == SUND_APPLICATION_REFUSED && strstr(word.reason, "no register") : word.state == SUND_APPLICATION_APPROVED);
    }
    CHECK(c.n == 0 && !c.bad);
    sund_buf_free(&body);
    sund_buf_free(&out);
    fed_close(f);
    free(w);
}

TEST(what_is_outside_an_application_waits)
{
    static const struct { const char *purpose, *analyses, *sets; bool inside; } at[] = {
        { "general-research", "counts", "N01", true },  { "GRU", "any", "x, N01", true },   { "clinical-care", "counts", "N01", false },
        { "general-research", "linear", "N01", false }, { "GRU", "counts", "N0", false },
    };

    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        world      *w = fed_world(120, test_rand());
        fed        *f = fed_even_open(w, 3);
        sund_digest d = apply(f, text_for(at[k].purpose, at[k].analyses, "2099-12-31", at[k].sets));

        for (size_t i = 0; i < 3; i++)
            CHECK(decide(f, i, &d, SUND_APPROVE, "") == SUND_OK);
        fed_ask(f, counts);
        fed_run(f);
        CHECK((fed_status(f, 1).state == SUND_PARTY_RELEASED) == at[k].inside);
        CHECK(at[k].inside || fed_status(f, 1).state == SUND_PARTY_APPROVAL);
        fed_close(f);
        free(w);
    }
}

TEST(anothers_application_approves_nothing_of_mine)
{
    world               *w = fed_world(120, test_rand());
    fed                 *f = fed_even_open(w, 3);
    sund_digest          d = apply(f, text_for("general-research", "any", "2099-12-31", "N01")), got;
    sund_application_eye x = eye(f, 0);
    static sund_study    s = { .analysis = "counts", .purpose = "general-research", .n_node = 3 };
    sund_identity        bob;
    sund_applicant       he = { .subject = "" }, she = { .key = f->anna.pub };
    char                 why[200];
    bool                 found = true;

    CHECK(decide(f, 0, &d, SUND_APPROVE, "") == SUND_OK);
    fed_identity(&bob, "bob");
    he.key = bob.pub;
    MUST(sund_application_find(&x, &s, &he, &got, &found, why, err));
    CHECK(!found && !why[0]);
    MUST(sund_application_find(&x, &s, &she, &got, &found, why, err));
    CHECK(found && sund_digest_eq(&got, &d));
    s.n_node = 2;
    MUST(sund_application_find(&x, &s, &she, &got, &found, why, err));
    CHECK(!found && strstr(why, "sums of two"));
    s.n_node = 3;
    MUST(sund_db_script(f->node[0].db, "UPDATE application SET subject='somebody', issuer='https://x'", err)); /* as if it came with a login */
    for (int k = 0; k < 4; k++) { /* no login, another's, of another issuer, hers */
        (void) snprintf(she.subject, sizeof she.subject, "%s", k == 0 ? "" : k == 1 ? "else" : "somebody");
        (void) snprintf(she.issuer, sizeof she.issuer, "%s", k == 0 ? "" : k == 2 ? "https://y" : "https://x");
        MUST(sund_application_find(&x, &s, &she, &got, &found, why, err));
        CHECK(found == (k == 3) && (found || strstr(why, "another login")));
    }
    fed_close(f);
    free(w);
}

/** What a node that polls all day need not look at again. */
TEST(there_is_no_new_word_until_something_has_changed)
{
    world      *w = fed_world(120, test_rand());
    fed        *f = fed_even_open(w, 3);
    sund_digest d = apply(f, text_for("GRU", "counts", "2099-12-31", "N01")), other;
    char        mark[4][SUND_APPLICATIONS_MARK];

    MUST(sund_applications_mark(f->node[0].db, mark[0], err));
    MUST(sund_application_told(f->node[0].db, &d, &(sund_application_word){ .state = SUND_APPLICATION_WAITS }, err));
    MUST(sund_applications_mark(f->node[0].db, mark[1], err));
    CHECK(strcmp(mark[0], mark[1]) == 0);
    CHECK(decide(f, 0, &d, SUND_APPROVE, "") == SUND_OK);
    MUST(sund_applications_mark(f->node[0].db, mark[2], err));
    other = apply(f, text_for("GRU", "linear", "2099-12-31", "N01"));
    MUST(sund_applications_mark(f->node[0].db, mark[3], err));
    CHECK(strcmp(mark[1], mark[2]) != 0 && strcmp(mark[2], mark[3]) != 0 && !sund_digest_eq(&d, &other));
    CHECK(decide(f, 0, &d, SUND_REVOKE, "no more") == SUND_OK);
    MUST(sund_applications_mark(f->node[0].db, mark[0], err));
    CHECK(strcmp(mark[0], mark[3]) != 0);
    fed_close(f);
    free(w);
}

TEST(silence_refuses_or_approves_as_configured_and_days_end)
{
    for (int k = 0; k < 4; k++) { /* refuses, approves, approves but came with a login, approved and expired */
        world      *w = fed_world(120, test_rand());
        fed        *f = fed_even_open(w, 3);
        sund_digest d = apply(f, text_for("GRU", "counts", k == 3 ? "2026-01-31" : "2099-12-31", "N01"));
        sund_application_word x;

        f->node[0].dac.silence_approves = k > 0;
        CHECK(word_at(f, 0, &d).state == (k == 3 ? SUND_APPLICATION_EXPIRED : SUND_APPLICATION_WAITS));
        if (k == 3)
            CHECK(decide(f, 0, &d, SUND_APPROVE, "") == SUND_E_MISMATCH);
        MUST(sund_db_script(f->node[0].db, k == 2 ? "UPDATE application SET received='2026-03-02T10:00:00Z', subject='ada'" : "UPDATE application SET received='2026-03-02T10:00:00Z'", err));
        x = word_at(f, 0, &d);
        CHECK(x.state == (k == 1 ? SUND_APPLICATION_APPROVED : k == 3 ? SUND_APPLICATION_EXPIRED : SUND_APPLICATION_REFUSED));
        CHECK(strcmp(x.deadline, "2026-03-16") == 0 && strstr(x.reason, k == 3 ? "until 2026-01-31" : "no decision until 2026-03-16, 10 working days"));
        fed_close(f);
        free(w);
    }
}

/* ---- ends in the middle ---- */

static size_t      n_sent, end_after;
static unsigned    end_by; /* a veto, a revocation, a withdrawal */
static sund_digest running;

static void counts_sent(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) body;
    if (from != 1)
        return;
    if (n_sent >= end_after && e->kind != SUND_MSG_STOP && fed_status(f, 1).state < SUND_PARTY_RELEASED)
        CHECK(!"a node spoke after it had revoked");
    n_sent++;
}

static void ends(fed *f, size_t i)
{
    sund_buf      body = { 0 };
    sund_envelope e;

    if (i != 1 || n_sent != end_after)
        return;
    e = withdrawal(&f->anna, &running, "consent withdrawn", &body);
    (void) !(end_by == 2 ? withdraw_at(f, 1, &e, &body) : decide(f, 1, &running, end_by ? SUND_REVOKE : SUND_VETO, "consent withdrawn"));
    sund_buf_free(&body);
}

TEST(a_revocation_or_withdrawal_stops_what_runs_under_it_before_another_word)
{
    size_t n_stopped = 0;

    for (end_after = 1; end_after < 40; end_after += 4) {
        world   *w = fed_world(120, test_rand());
        fed     *f = fed_even_open(w, 3);
        sund_buf b = { 0 };

        running = apply(f, text_for("GRU", "linear", "2099-12-31", "N01"));
        for (size_t i = 0; i < 3; i++)
            CHECK(decide(f, i, &running, SUND_APPROVE, "") == SUND_OK);
        n_sent = 0;
        end_by = (unsigned) (end_after / 4 % 3);
        f->heard = counts_sent;
        f->before_say = ends;
        f->kill_one_in = end_after > 20 ? 0 : 7;
        fed_ask(f, linear);
        fed_run(f);
        if (!fed_fetch(f, &b, NULL)) {
            n_stopped++;
            all_are(f, SUND_PARTY_STOPPED, "consent withdrawn");
        }
        sund_buf_free(&b);
        fed_close(f);
        free(w);
    }
    CHECK(n_stopped >= 5);
}

/* ---- visas ---- */

#define SET "https://fi.example.org/datasets/1"
enum { NOW = 1800000000 };

/** What a login of `who` with this visa grants at a time. */
static bool grants(const sund_trust *t, const sund_pub *key, EVP_PKEY *rsa, const char *who, const sund_buf *visa, int64_t now)
{
    static sund_login l;
    char             *c = text_of("{\"iss\": \"" TOKEN_ISS "\", \"sub\": \"%s\", \"aud\": \"" TOKEN_CLIENT "\", \"exp\": %lld, \"iat\": %lld, \"nonce\": \"%s\"}", who, (long long) now + 600, (long long) now - 10, sund_login_nonce(key).s);
    char             *id = token_sign("{\"alg\": \"RS256\", \"kid\": \"r1\"}", c, rsa, "RS256", NULL), *all = text_of("%s\n%.*s", id, (int) visa->n, (char *) visa->p);

    MUST(sund_login_verify(&l, t, NULL, key, sund_cur_of(all, strlen(all)), now, err));
    free(c);
    free(id);
    free(all);
    return sund_login_grants(&l, SET);
}

TEST(a_visa_of_ours_holds_for_its_subject_until_its_end_with_our_key)
{
    const char      *dir = fed_path("visa", 1), *dir2 = fed_path("visa", 2);
    sund_visa_issuer i, i2;
    sund_visa_grant  g = { "ada", SET, "https://fi.example.org/", NOW - 100, NOW, NOW + 86400 };
    sund_buf         jwks = { 0 }, jwks2 = { 0 }, visa = { 0 };
    sund_trust       t = { NULL, 0 }, t2 = { NULL, 0 };
    EVP_PKEY        *rsa = token_rsa(2048);
    char            *id_keys = token_jwks(&rsa, (const char *[]){ "r1" }, 1, "");
    sund_pub         key;
    sund_sign_key    secret;

    sund_sign_keypair(&key, &secret);
    MUST(sund_dir_make(dir, err));
    MUST(sund_dir_make(dir2, err));
    CHECK(sund_visa_keys_read(dir, &i, NULL) == SUND_E_NOT_FOUND);
    CHECK(sund_visa_keys_make(dir, "ftp://x", "https://fi.example.org/jwks", NULL) == SUND_E_ARG);
    MUST(sund_visa_keys_make(dir, "https://fi.example.org/", "https://fi.example.org/jwks", err));
    CHECK(sund_visa_keys_make(dir, "https://fi.example.org/", "https://fi.example.org/jwks", NULL) == SUND_E_MISMATCH);
    MUST(sund_visa_keys_make(dir2, "https://fi.example.org/", "https://fi.example.org/jwks", err));
    MUST(sund_visa_keys_read(dir, &i, err));
    MUST(sund_visa_keys_read(dir2, &i2, err));
    MUST(sund_visa_keys_public(&i, &jwks, err));
    MUST(sund_visa_keys_public(&i2, &jwks2, err));
    sund_buf_nul(&jwks);
    sund_buf_nul(&jwks2);
    CHECK(!strstr((char *) jwks.p, "\"d\"") && strstr(i.key, "\"d\""));
    token_issuer(&t, TOKEN_ISS, TOKEN_CLIENT, TOKEN_ISS, id_keys);
    token_issuer(&t, "https://fi.example.org/", "", TOKEN_ISS, (char *) jwks.p);
    token_issuer(&t2, TOKEN_ISS, TOKEN_CLIENT, TOKEN_ISS, id_keys);
    token_issuer(&t2, "https://fi.example.org/", "", TOKEN_ISS, (char *) jwks2.p);
    for (size_t k = 0; k < 2; k++) /* test issuers' keys are at another address */
        (void) snprintf((k ? &t2 : &t)->issuer[1].jku, sizeof t.issuer->jku, "https://fi.example.org/jwks");
    MUST(sund_visa_make(&i, &g, &visa, err));
    CHECK(grants(&t, &key, rsa, "ada", &visa, NOW + 10));
    CHECK(grants(&t, &key, rsa, "ada", &visa, NOW + 86400 + 30)); /* clocks differ */
    CHECK(!grants(&t, &key, rsa, "ada", &visa, NOW + 86400 + 61)); /* expired */
    CHECK(!grants(&t, &key, rsa, "ada", &visa, NOW - 120));        /* not yet */
    CHECK(!grants(&t, &key, rsa, "bob", &visa, NOW + 10));
    CHECK(!grants(&t2, &key, rsa, "ada", &visa, NOW + 10)); /* the keys of another */
    (void) snprintf(t.issuer[1].jku, sizeof t.issuer->jku, "https://fi.example.org/other");
    CHECK(!grants(&t, &key, rsa, "ada", &visa, NOW + 10));
    g.until = NOW;
    CHECK(sund_visa_make(&i, &g, &visa, NULL) == SUND_E_ARG);
    g.until = NOW + 5;
    g.subject = "";
    CHECK(sund_visa_make(&i, &g, &visa, NULL) == SUND_E_ARG);
    sund_trust_free(&t);
    sund_trust_free(&t2);
    sund_buf_free(&jwks);
    sund_buf_free(&jwks2);
    sund_buf_free(&visa);
    EVP_PKEY_free(rsa);
    free(id_keys);
}
