/* What a node said is computed again from its data, and held against what its log committed it to. */
#include "fed.h"
#include "study/party_priv.h"
#include "study/replay.h"
#include "test.h"

static const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n";

/** A study that ended, at nodes that keep what a whole replay needs, or not. */
static fed *ended(const world *w, bool keep, const char *more, void (*before_say)(fed *, size_t))
{
    fed *f = fed_even_open(w, 3);

    for (size_t i = 0; i < f->n; i++)
        f->node[i].seat.keep_replay = keep;
    f->before_say = before_say;
    fed_ask(f, more);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_RELEASED);
    return f;
}

static sund_replay replayed(fed *f, size_t i, const char *decision)
{
    sund_replay r;

    MUST(sund_replay_study(&f->node[i].seat, &f->study, f->node[i].db, decision, &r, err));
    return r;
}

TEST(a_kept_study_is_the_same_to_the_release)
{
    static const char *const more[] = { "analysis = counts\nstrata = none\nchunk = 16\n", "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n" };

    for (size_t k = 0; k < 2; k++) {
        world      *w = fed_world(150, test_rand());
        fed        *f = ended(w, true, more[k], NULL);
        sund_replay r = replayed(f, 2, NULL);

        CHECK(r.n_line >= 5 && r.n_same == r.n_line && r.n_differs == 0 && r.n_kept == 0);
        CHECK(r.release == SUND_REPLAY_SAME && !r.with_withdrawn && r.why[0] == 0);
        sund_replay_free(&r);
        r = replayed(f, 2, NULL); /* and again */
        CHECK(r.n_same == r.n_line);
        sund_replay_free(&r);
        fed_close(f);
        free(w);
    }
}

TEST(without_keeping_only_the_first_round_is_computed_again)
{
    world      *w = fed_world(150, test_rand());
    fed        *f = ended(w, false, linear, NULL);
    sund_replay r = replayed(f, 0, NULL);
    int64_t     n = 0;

    CHECK(r.n_same == 1 && r.n_differs == 0 && r.n_kept == r.n_line - r.n_same && r.n_kept > 0);
    CHECK(r.release == SUND_REPLAY_KEPT && strstr(r.why, "did not keep") != NULL);
    for (size_t i = 0; i < r.n_line; i++)
        CHECK((r.line[i].slot.round == 0) == (r.line[i].verdict == SUND_REPLAY_SAME));
    sund_replay_free(&r);
    MUST(sund_db_i64(f->node[0].db, &n, 9, err, "SELECT COUNT(*) FROM replay", ""));
    CHECK(n == 0);
    fed_close(f);
    free(w);
}

static size_t n_lied;

/** One node says another vector than its data give, in one chunk, all properly committed to and masked: an altered program. */
static void lies(fed *f, size_t i)
{
    sund_party     *p = f->node[i].party;
    sund_mask_label label;
    sund_vec        x = { 0, 0, NULL };
    sund_key        k;

    if (i != 1 || p->state != SUND_PARTY_ROUNDS || p->slot.round != 1 || p->slot.chunk != 2 || p->said_masked || p->has_total || p->masked)
        return;
    label = sund_party_label(p);
    MUST(sund_engine_compute(&p->engine, p->view, p->engine.chunk, 1, &x, err));
    sund_vec_add64(&x, 0, -1);
    sund_vec_add64(&x, 1, 1);
    MUST(sund_replay_key(p->node->key_dir, true, &k, err));
    p->commitment = sund_replay_commit(&k, &p->name, &p->slot, &x);
    MUST(sund_mask(&p->masked, &p->session, &p->key, &label, &x, err));
    sund_vec_free(&x);
    n_lied++;
}

TEST(a_vector_that_the_data_do_not_give_differs)
{
    world      *w = fed_world(150, test_rand());
    fed        *f = ended(w, true, linear, lies);
    sund_replay r = replayed(f, 1, NULL);

    CHECK(n_lied == 1 && r.n_differs == 1 && r.n_same == r.n_line - 1);
    for (size_t i = 0; i < r.n_line; i++)
        CHECK((r.line[i].verdict == SUND_REPLAY_DIFFERS) == (r.line[i].slot.round == 1 && r.line[i].slot.chunk == 2));
    sund_replay_free(&r);
    r = replayed(f, 0, NULL); /* the others told the truth */
    CHECK(r.n_same == r.n_line);
    sund_replay_free(&r);
    fed_close(f);
    free(w);
}

TEST(commitments_hide_and_bind)
{
    sund_key    a, b;
    sund_vec    x = { 0, 0, NULL };
    sund_digest study = { { 1 } }, c, d;
    sund_slot   s = { 1, 2, 0 };

    sund_random(&a, sizeof a);
    sund_random(&b, sizeof b);
    MUST(sund_vec_new(&x, 4, 2, err));
    c = sund_replay_commit(&a, &study, &s, &x);
    d = sund_replay_commit(&a, &study, &s, &x);
    CHECK(sund_digest_eq(&c, &d));
    d = sund_replay_commit(&b, &study, &s, &x); /* without the key it cannot be tried */
    CHECK(!sund_digest_eq(&c, &d));
    s.attempt = 1;
    d = sund_replay_commit(&a, &study, &s, &x);
    CHECK(!sund_digest_eq(&c, &d));
    s.attempt = 0;
    x.w[3] ^= 1;
    d = sund_replay_commit(&a, &study, &s, &x);
    CHECK(!sund_digest_eq(&c, &d));
    sund_vec_free(&x);
}

TEST(people_who_withdrew_need_a_decision)
{
    world      *w = fed_world(150, test_rand());
    fed        *f = ended(w, true, linear, NULL);
    sund_replay r;
    sund_err    why = { SUND_OK, "" };
    int64_t     n = 0;

    MUST(sund_people_withdraw(f->node[2].people, "P00005", err));
    CHECK(sund_replay_study(&f->node[2].seat, &f->study, f->node[2].db, NULL, &r, &why) == SUND_E_DENIED);
    CHECK(strstr(why.msg, "--decision") != NULL && strstr(why.msg, "P00005") == NULL);
    r = replayed(f, 2, "minutes of 3 November, item 4");
    CHECK(r.with_withdrawn && r.n_same == r.n_line && r.release == SUND_REPLAY_SAME);
    sund_replay_free(&r);
    MUST(sund_db_i64(f->node[2].db, &n, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='replay' AND text LIKE '%by decision: minutes of 3 November, item 4'", ""));
    CHECK(n == 1);
    CHECK(sund_replay_study(&f->node[2].seat, &f->study, f->node[2].db, NULL, &r, &why) == SUND_E_DENIED); /* a decision is for one replay */
    fed_close(f);
    free(w);
}

TEST(other_data_are_not_replayable)
{
    world      *w = fed_world(150, test_rand());
    fed        *f = ended(w, true, linear, NULL);
    sund_replay r;

    f->node[2].seat.store = f->node[1].store; /* as after compaction, or another import */
    r = replayed(f, 2, "minutes of 3 November, item 4");
    CHECK(r.n_kept == r.n_line && r.n_line > 0 && !r.with_withdrawn && strstr(r.why, "compacted") != NULL && r.release == SUND_REPLAY_KEPT);
    sund_replay_free(&r);
    f->node[2].seat.store = f->node[2].store;
    fed_close(f);
    free(w);
}

TEST(an_altered_log_and_a_lost_key_are_named)
{
    world      *w = fed_world(150, test_rand());
    fed        *f = ended(w, true, linear, NULL);
    sund_replay r;
    sund_err    why = { SUND_OK, "" };
    char        path[300];

    MUST(sund_db_run(f->node[0].db, err, "UPDATE ledger SET text=replace(text, 'commitment ', 'commitment 0') WHERE i=(SELECT MIN(i) FROM ledger WHERE kind='masked')", ""));
    CHECK(sund_replay_study(&f->node[0].seat, &f->study, f->node[0].db, NULL, &r, &why) == SUND_E_FORMAT && strstr(why.msg, "altered") != NULL);
    (void) snprintf(path, sizeof path, "%s/replay.key", f->node[1].seat.key_dir);
    CHECK(unlink(path) == 0);
    CHECK(sund_replay_study(&f->node[1].seat, &f->study, f->node[1].db, NULL, &r, &why) == SUND_E_NOT_FOUND && strstr(why.msg, "replay.key") != NULL);
    fed_close(f);
    free(w);
}
