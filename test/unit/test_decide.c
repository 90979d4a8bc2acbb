/* Who decides at a node: its committee's signatures, deadlines, exceptions, vetoes and revocations. */
#include "fed.h"
#include "node/notices.h"
#include "study/agreement.h"
#include "study/party_priv.h"
#include "test.h"

static const char *const counts = "analysis = counts\nstrata = none\nchunk = 16\n";
static const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n";

static sund_identity who[4]; /* maria, juha, eve, and again a "maria" of another key */

/** Node i gets a committee of maria, juha and eve. */
static void committee(fed *f, size_t i)
{
    static const char *const name[] = { "maria", "juha", "eve" };
    sund_dac                *dac = &f->node[i].dac;

    for (size_t k = 0; k < 3; k++) {
        if (!who[k].id[0])
            fed_identity(&who[k], name[k]);
        (void) snprintf(dac->member[k].id, sizeof dac->member[k].id, "%s", name[k]);
        dac->member[k].key = who[k].pub;
    }
    fed_identity(&who[3], "maria");
    dac->n = 3;
    dac->committee = true;
    dac->approve_all = false;
}

static sund_code decide(fed *f, size_t i, const sund_identity *by, sund_verdict v, const char *reason, const char *exception, sund_err *err)
{
    *err = (sund_err){ SUND_OK, "" };
    return sund_dac_decide(f->node[i].db, &f->node[i].dac, by, &f->study, v, reason, exception, err);
}

static void ended(fed *f, sund_party_state state, const char *words)
{
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        if (s.state != state || !strstr(s.detail, words))
            fprintf(stderr, "# %s: %s: %s (want %s)\n", f->node[i].me.id, sund_party_state_name(s.state), s.detail, words);
        CHECK(s.state == state);
        CHECK(strstr(s.detail, words) != NULL);
    }
}

static int64_t logged(fed *f, size_t i, const char *kind, const char *like)
{
    int64_t n = 0;

    MUST(sund_db_i64(f->node[i].db, &n, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind=? AND text LIKE ?", "tt", kind, like));
    return n;
}

TEST(working_days_are_monday_to_friday)
{
    const struct { const char *from; uint32_t n; const char *until; } at[] = {
        { "2026-11-26T11:00:00Z", 10, "2026-12-10" }, /* a Thursday */
        { "2026-11-27T23:59:59Z", 1, "2026-11-30" },  /* Friday: Monday */
        { "2026-11-28T00:00:00Z", 1, "2026-11-30" },  /* Saturday */
        { "2026-11-29T12:00:00Z", 5, "2026-12-04" },  /* Sunday: the week that comes */
        { "2026-12-25T08:00:00Z", 10, "2027-01-08" }, /* over a year's end */
        { "2028-02-25T08:00:00Z", 3, "2028-03-01" },  /* over a leap day */
    };

    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        char got[11];

        sund_deadline(at[i].from, at[i].n, got);
        CHECK(strcmp(got, at[i].until) == 0);
    }
}

TEST(only_a_members_own_key_decides)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even(w, 3, &(sund_thresholds){ .open = true, .cell_min = 10, .mac = 10, .mac_association = 20, .parties = 3, .df_min = 10, .digits = 17 });
    sund_err why;

    committee(f, 1);
    fed_ask(f, counts);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    CHECK(decide(f, 1, &f->node[1].me, SUND_APPROVE, "", "", &why) == SUND_E_DENIED && strstr(why.msg, "no member"));
    CHECK(decide(f, 1, &who[3], SUND_APPROVE, "", "", &why) == SUND_E_DENIED && strstr(why.msg, "not the key of maria"));
    CHECK(decide(f, 0, &who[0], SUND_APPROVE, "", "", &why) == SUND_E_DENIED && strstr(why.msg, "its operator decides"));
    CHECK(decide(f, 1, &who[0], SUND_REFUSE, "", "", &why) == SUND_E_ARG && strstr(why.msg, "--reason"));
    CHECK(decide(f, 1, &who[0], SUND_APPROVE, "two\nlines", "", &why) == SUND_E_ARG);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    CHECK(decide(f, 1, &who[0], SUND_APPROVE, "meeting of 3 May", "", &why) == SUND_OK);
    CHECK(decide(f, 1, &who[0], SUND_APPROVE, "again", "", &why) == SUND_E_MISMATCH && strstr(why.msg, "already"));
    fed_run(f);
    ended(f, SUND_PARTY_RELEASED, "rows");
    CHECK(logged(f, 1, "decision", "approved by maria: meeting of 3 May%signed%") == 1);
    CHECK(logged(f, 0, "decision", "%") == 0);
    fed_close(f);
    free(w);
}

/** A decision written into the database by anybody else, or taken over from another study or node. */
TEST(a_forged_decision_is_refused_by_name)
{
    static const char *const forge[] = {
        "UPDATE decision SET verdict=1, reason='yes'",                                    /* a refusal made an approval */
        "UPDATE decision SET study=(SELECT digest FROM study)",                           /* of another study */
        "UPDATE decision SET study=(SELECT digest FROM study), sig=randomblob(64)",
    };

    for (size_t k = 0; k < sizeof forge / sizeof forge[0]; k++) {
        world      *w = fed_world(120, test_rand());
        fed        *f = fed_even_open(w, 3);
        sund_digest other = sund_digest_of("other", 5);
        sund_err    why = { SUND_OK, "" };

        committee(f, 1);
        fed_ask(f, counts);
        fed_run(f);
        CHECK(sund_dac_decide(f->node[1].db, &f->node[1].dac, &who[0], k ? &other : &f->study, k ? SUND_APPROVE : SUND_REFUSE, "no", "", &why) == SUND_OK);
        MUST(sund_db_script(f->node[1].db, forge[k], err));
        fed_run(f);
        ended(f, SUND_PARTY_REFUSED, "a decision of maria");
        fed_close(f);
        free(w);
    }
}

TEST(a_decision_of_somebody_who_has_left_the_committee_does_not_count)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    sund_err why;

    committee(f, 1);
    fed_ask(f, counts);
    fed_run(f);
    CHECK(decide(f, 1, &who[2], SUND_APPROVE, "", "", &why) == SUND_OK);
    f->node[1].dac.n = 2;
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    fed_close(f);
    free(w);
}

TEST(silence_refuses_or_approves_as_configured)
{
    for (int approves = 0; approves <= 1; approves++) {
        world *w = fed_world(120, test_rand());
        fed   *f = fed_even_open(w, 3);

        committee(f, 1);
        f->node[1].dac.silence_approves = approves;
        fed_ask(f, counts);
        fed_run(f);
        CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL); /* today is in time */
        MUST(sund_db_script(f->node[1].db, "UPDATE study SET received='2026-03-02T10:00:00Z'", err));
        fed_run(f);
        ended(f, approves ? SUND_PARTY_RELEASED : SUND_PARTY_REFUSED, approves ? "rows" : "no decision until 2026-03-16, 10 working days");
        CHECK(logged(f, 1, "decision", approves ? "approved: no decision until%" : "refused: no decision until%") == 1);
        fed_close(f);
        free(w);
    }
}

TEST(a_veto_ends_what_was_approved_before_its_first_round)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    sund_err why;

    committee(f, 1);
    committee(f, 2);
    fed_ask(f, counts);
    fed_run(f);
    CHECK(decide(f, 1, &who[0], SUND_APPROVE, "", "", &why) == SUND_OK);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_LINES);
    CHECK(decide(f, 1, &who[1], SUND_VETO, "the register said no", "", &why) == SUND_OK);
    CHECK(decide(f, 1, &who[2], SUND_APPROVE, "but I", "", &why) == SUND_E_MISMATCH && strstr(why.msg, "vetoed by juha"));
    fed_run(f);
    ended(f, SUND_PARTY_STOPPED, "vetoed by N01: the register said no");
    fed_close(f);
    free(w);
}

/* ---- revocation in the middle, wherever the study stands, with kills ---- */

static size_t   revoke_after; /* messages of node 1 */
static size_t   n_sent;

static void counts_messages(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) body;
    if (from != 1)
        return;
    if (n_sent >= revoke_after && e->kind != SUND_MSG_STOP && fed_status(f, 1).state < SUND_PARTY_RELEASED)
        CHECK(!"a node spoke after it had revoked");
    n_sent++;
}

static void revokes(fed *f, size_t i)
{
    sund_err why;

    if (i == 1 && n_sent == revoke_after)
        (void) !decide(f, 1, &f->node[1].me, SUND_REVOKE, "withdrawn by the biobank", "", &why);
}

/** The study of a federation in which node 1 revoked: stopped everywhere, or released before that. */
static bool stopped(fed *f)
{
    sund_buf b = { 0 };
    bool     no = !fed_fetch(f, &b, NULL);

    sund_buf_free(&b);
    if (no)
        ended(f, SUND_PARTY_STOPPED, "approval revoked by N01: withdrawn by the biobank");
    return no;
}

TEST(a_revocation_stops_a_running_study_before_another_word)
{
    size_t n_stopped = 0;

    for (revoke_after = 1; revoke_after < 40; revoke_after += 3) {
        world *w = fed_world(120, test_rand());
        fed   *f = fed_even_open(w, 3);

        n_sent = 0;
        f->heard = counts_messages;
        f->before_say = revokes;
        fed_ask(f, linear);
        fed_run(f);
        n_stopped += stopped(f);
        fed_close(f);
        free(w);
    }
    CHECK(n_stopped >= 8);
}

TEST(a_revocation_holds_through_kills_and_lost_messages)
{
    size_t n_stopped = 0;

    for (size_t turns = 4; turns < 60; turns += 5) {
        world   *w = fed_world(120, test_rand());
        fed     *f = fed_even_open(w, 3);
        sund_err why;

        f->kill_one_in = 5;
        f->lose_one_in = 7;
        fed_ask(f, linear);
        for (size_t k = 0; k < turns; k++)
            (void) fed_turn(f, k % 3);
        while (!f->node[1].party || fed_status(f, 1).state == SUND_PARTY_APPROVAL)
            (void) fed_turn(f, 1); /* its line was lost */
        (void) !decide(f, 1, &f->node[1].me, SUND_REVOKE, "withdrawn by the biobank", "", &why);
        fed_run(f);
        n_stopped += stopped(f);
        fed_close(f);
        free(w);
    }
    CHECK(n_stopped >= 8);
}

/** The hub, told once, has the result no more; the other nodes write down what the one that recalls has signed. */
static void recalled_at_the_hub(fed *f, const sund_digest *other)
{
    sund_home h = { .db = f->node[2].db, .roster = f->roster };
    sund_buf  body = { 0 }, got = { 0 }, bytes = { 0 };
    char      reason[SUND_DAC_REASON_MAX + 1];
    bool      any = false;
    sund_err  why = { SUND_OK, "" };

    (void) snprintf(h.id, sizeof h.id, "N02");
    MUST(sund_recall_untold(f->node[1].db, &any, &f->study, reason, err));
    CHECK(any && strcmp(reason, "a mistake") == 0);
    CHECK(fed_fetch(f, &got, &why) && got.n > 0);
    CHECK(sund_mailbox_recall(&f->box, other, "N01", reason, &why) == SUND_E_NOT_FOUND && sund_mailbox_recall(&f->box, &f->study, "N09", reason, &why) == SUND_E_DENIED);
    MUST(sund_mailbox_recall(&f->box, &f->study, "N01", reason, err));
    MUST(sund_mailbox_recall(&f->box, &f->study, "N02", "me too", err)); /* the first word stands */
    CHECK(sund_mailbox_fetch(&f->box, &f->study, 1, &got, &why) == SUND_E_DENIED); /* a part that was asked for in the middle */
    CHECK(!fed_fetch(f, &got, &why) && why.code == SUND_E_DENIED && got.n == 0 && strstr(why.msg, "recalled after its release, by N01: a mistake"));
    MUST(sund_recall_told(f->node[1].db, &f->study, err));
    MUST(sund_recall_untold(f->node[1].db, &any, &f->study, reason, err));
    CHECK(!any);
    sund_end_write(&f->study, "a mistake", &body);
    for (int k = 0; k < 4; k++) { /* by a stranger's key; about another study; of a node that it does not ask; as it is */
        sund_identity mallory;
        sund_envelope e = { .kind = SUND_MSG_RECALL, .channel = SUND_CHANNEL_STUDIES, .seq = sund_seq_next(0), .about = k == 1 ? *other : f->study };

        fed_identity(&mallory, "N01");
        sund_buf_clear(&bytes);
        sund_envelope_write(&e, k == 0 ? &mallory : k == 2 ? &f->anna : &f->node[1].me, body.p, body.n, &bytes);
        MUST(sund_notice_take(&h, (uint32_t) k, &e, sund_cur_of(body.p, body.n), err));
        CHECK(logged(f, 2, "recalled", "N01 has revoked its approval after the release (a mistake)%") == (k == 3));
    }
    CHECK(sund_recall_heard(f->node[2].db, &f->roster, &f->study, "N09", "a mistake", &why) == SUND_E_DENIED && strstr(why.msg, "did not ask it"));
    sund_buf_free(&body);
    sund_buf_free(&got);
    sund_buf_free(&bytes);
}

TEST(after_the_release_the_nodes_copy_goes_and_the_log_says_so)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    int64_t  bytes = 0;
    sund_err why;
    sund_digest other;

    fed_ask(f, counts);
    fed_run(f);
    ended(f, SUND_PARTY_RELEASED, "rows");
    MUST(sund_db_i64(f->node[1].db, &bytes, 0, err, "SELECT length(release) FROM study", ""));
    CHECK(bytes > 0);
    CHECK(decide(f, 1, &f->node[1].me, SUND_REVOKE, "a mistake", "", &why) == SUND_OK);
    MUST(sund_party_recall(f->node[1].db, &f->study, "N01", "a mistake", err));
    MUST(sund_db_i64(f->node[1].db, &bytes, -1, err, "SELECT length(release) FROM study", ""));
    CHECK(bytes == -1);
    CHECK(logged(f, 1, "recalled", "%cannot be called back%") == 1);
    fed_kill(f, 1);
    fed_run(f);
    CHECK(strstr(fed_status(f, 1).detail, "approval revoked by N01: a mistake") != NULL);
    other = sund_digest_of("no", 2);
    recalled_at_the_hub(f, &other);
    CHECK(sund_party_recall(f->node[1].db, &other, "N01", "a mistake", &why) == SUND_E_NOT_FOUND);
    fed_close(f);
    free(w);
}

/* ---- exceptions ---- */

TEST(an_exception_is_read_strictly)
{
    sund_thresholds t = sund_thresholds_default();
    unsigned        lifted = 0;
    sund_err        why = { SUND_OK, "" };

    CHECK(sund_exception_read("cell_min=5 sketch  mac_association=12", &t, &lifted, &why) == SUND_OK);
    CHECK(t.cell_min == 5 && t.mac == 10 && t.mac_association == 12 && t.parties == 3 && lifted == SUND_LIFT_SKETCH);
    CHECK(sund_exception_read("cell_min=4", &t, NULL, &why) == SUND_E_ARG && strstr(why.msg, "from 5 to 10"));
    CHECK(sund_exception_read("cell_min=11", &t, NULL, &why) == SUND_E_ARG);
    CHECK(sund_exception_read("parties=2", &t, NULL, &why) == SUND_E_ARG && strstr(why.msg, "no exception"));
    CHECK(sund_exception_read("everything", &t, NULL, &why) == SUND_E_ARG);
}

TEST(an_exception_takes_two_members_and_the_same_words_at_every_node)
{
    sund_thresholds t = sund_thresholds_default();
    world          *w = fed_world(210, test_rand());
    sund_err        why;
    size_t          rows[2];

    t.mac = 30; /* so that an exception has something to loosen in so small a world */
    for (int one_keeps = 0; one_keeps <= 1; one_keeps++) {
        fed     *f = fed_even(w, 3, &t);
        sund_buf b = { 0 };
        char    *table;

        for (size_t i = 0; i < 3; i++)
            committee(f, i);
        fed_ask(f, counts);
        fed_run(f);
        for (size_t i = 0; i < 3; i++) {
            CHECK(decide(f, i, &who[0], SUND_APPROVE, "rare disease", i == 2 && one_keeps ? "" : "mac=5", &why) == SUND_OK);
            if (i < 2 || !one_keeps) {
                fed_run(f);
                CHECK(fed_status(f, i).state == SUND_PARTY_APPROVAL);
                CHECK(decide(f, i, &who[1], SUND_APPROVE, "rare disease", "mac=6", &why) == SUND_OK);
                fed_run(f);
                CHECK(fed_status(f, i).state == SUND_PARTY_APPROVAL); /* other words */
                CHECK(decide(f, i, &who[2], SUND_APPROVE, "rare disease", "mac=5", &why) == SUND_OK);
            }
        }
        fed_run(f);
        ended(f, SUND_PARTY_RELEASED, "rows");
        b = fed_release(f);
        table = whole_table(&b, "table");
        rows[one_keeps] = 0;
        for (const char *p = table; p && *p; p++)
            rows[one_keeps] += *p == '\n';
        free(table);
        sund_buf_free(&b);
        fed_close(f);
    }
    CHECK(rows[0] > rows[1]); /* one node that keeps its threshold keeps it for all */
    free(w);
}

TEST(an_operator_alone_makes_no_exception)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    sund_err why;

    f->node[1].dac.approve_all = false;
    fed_ask(f, counts);
    fed_run(f);
    CHECK(decide(f, 1, &f->node[1].me, SUND_APPROVE, "", "cell_min=5", &why) == SUND_E_DENIED && strstr(why.msg, "two members"));
    fed_close(f);
    free(w);
}

TEST(two_members_lift_a_rule_of_the_gates_memory_for_one_study)
{
    sund_thresholds t = sund_thresholds_default();
    world          *w = fed_world(300, test_rand());
    fed            *f = fed_even(w, 3, &t);
    sund_err        why;
    char            text[4096];

    fed_ask(f, counts);
    fed_run(f);
    ended(f, SUND_PARTY_RELEASED, "rows");
    for (int lift = 0; lift <= 1; lift++) { /* the same people in other words: rule difference */
        for (size_t i = 0; i < 3; i++) {
            if (f->node[i].party)
                fed_kill(f, i);
            committee(f, i);
        }
        study_text(f, counts, text, sizeof text);
        {
            char *all = strstr(text, "cohort = "), more[4200];

            CHECK(all != NULL);
            (void) snprintf(more, sizeof more, "%.*scohort = age >= 1%snumber = %d\n", (int) (all - text), text, strchr(all, '\n'), lift + 2);
            fed_submit(f, more);
        }
        fed_run(f);
        {
            sund_study *s = calloc(1, sizeof *s);
            sund_view  *v = NULL;
            int64_t     before = 0, after = 0;

            MUST(sund_study_parse(s, "study", f->node[1].party->text.p, f->node[1].party->text.n, err));
            MUST(sund_view_open(&v, f->node[1].store, f->node[1].people, s, NULL, &t, err));
            MUST(sund_db_i64(f->node[1].db, &before, 0, err, "SELECT COUNT(*) FROM answer", ""));
            CHECK(sund_party_would_ask(&f->node[1].seat, s, v, &why) == SUND_E_DENIED && strstr(why.msg, "rule difference"));
            MUST(sund_db_i64(f->node[1].db, &after, 0, err, "SELECT COUNT(*) FROM answer", ""));
            CHECK(before == after);
            sund_view_close(v);
            free(s);
        }
        for (size_t i = 0; i < 3; i++)
            for (size_t k = 0; k < 2; k++)
                CHECK(decide(f, i, &who[k], SUND_APPROVE, "the earlier answer was never used", lift ? "difference" : "", &why) == SUND_OK || !lift);
        fed_run(f);
        if (lift)
            ended(f, SUND_PARTY_RELEASED, "rows");
        else
            CHECK(strstr(fed_status(f, 0).detail, "rule difference") != NULL);
    }
    fed_close(f);
    free(w);
}
