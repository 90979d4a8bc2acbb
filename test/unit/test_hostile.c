/* Members who do not keep to the protocol, and accidents that look like it: every study ends with its reason, no mask is used twice, nobody fills a disk. */
#include "base/text.h"
#include "fed.h"
#include "study/linear_priv.h"
#include "study/party_priv.h"
#include "test.h"

static const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n";

static void check_stopped(fed *f, int but, const char *a, const char *b)
{
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        if ((int) i == but)
            continue;
        CHECK(s.state == SUND_PARTY_STOPPED && strstr(s.detail, a) && strstr(s.detail, b));
        if (s.state != SUND_PARTY_STOPPED || !strstr(s.detail, a) || !strstr(s.detail, b))
            fprintf(stderr, "# %s: %s: %s\n", f->node[i].me.id, sund_party_state_name(s.state), s.detail);
    }
}

static int64_t count(sund_db *db, const char *sql)
{
    int64_t n = -1;

    MUST(sund_db_i64(db, &n, -1, err, sql, ""));
    return n;
}

static void run_sql(sund_db *db, const char *sql) { MUST(sund_db_script(db, sql, err)); }

static void key_path(fed *f, size_t i, char *out, size_t cap) { (void) snprintf(out, cap, "%s/%.32s.key", f->node[i].seat.key_dir, sund_digest_hex(&f->study).s); }

/* ---- a node's vector does not fit ---- */

static bool longer_vector(fed *f, size_t from, const sund_envelope *e, sund_buf *body)
{
    (void) f;
    if (from != 1 || e->kind != SUND_MSG_MASKED)
        return false;
    body->p[12]++; /* one lane more */
    sund_buf_u64(body, 0);
    return true;
}

static bool other_lanes(fed *f, size_t from, const sund_envelope *e, sund_buf *body)
{
    (void) f;
    if (from != 1 || e->kind != SUND_MSG_MASKED)
        return false;
    body->p[12] = (uint8_t) (body->p[12] - 2);
    body->p[16]++; /* two narrow lanes are one wide */
    return true;
}

static void misfit(bool (*lie)(fed *, size_t, const sund_envelope *, sund_buf *), const char *why)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->tamper = lie;
    fed_ask(f, linear);
    fed_run(f);
    check_stopped(f, 1, why, "");
    fed_close(f);
    free(w);
}

TEST(a_vector_of_another_size_ends_the_study_and_names_its_sender) { misfit(longer_vector, "N01 and N0"); }
TEST(a_vector_of_other_lanes_ends_the_study) { misfit(other_lanes, "could not be added"); }

/* ---- attempts ---- */

/** Node 1 asks for a new attempt though its vector is under the total: as a node may that was killed before it heard that. */
static void post_retry(fed *f)
{
    sund_party   *p = f->node[1].party;
    sund_buf      body = { 0 }, bytes = { 0 };
    sund_slot     next = { p->slot.round, p->slot.chunk, p->slot.attempt + 1 };
    sund_envelope e = { .kind = SUND_MSG_RETRY, .seq = sund_seq_next(0), .about = f->study, .prev = p->peer[p->me].last };

    f->n_lost++;
    sund_reason_write(&next, "again", &body);
    sund_envelope_write(&e, &f->node[1].me, body.p, body.n, &bytes);
    (void) !sund_mailbox_post(&f->box, &e, body.p, body.n, NULL);
    p->said = true; /* waits for it to come back, as after any message */
    sund_buf_free(&body);
    sund_buf_free(&bytes);
}

/** While node 0, which does not know yet, is about to sign the total. */
static void retry_once(fed *f, size_t i)
{
    const sund_party *p = f->node[0].party, *q = f->node[1].party;

    if (i == 0 && !f->n_lost && q && p->has_total && !p->peer[0].signed_total && !p->said && q->state == SUND_PARTY_ROUNDS && !q->said && !p->peer[1].signed_total &&
        p->slot.round == 1 && q->slot.round == 1 && p->slot.chunk == q->slot.chunk)
        post_retry(f);
}

static void retry_always(fed *f, size_t i)
{
    const sund_party *p = f->node[i].party;

    if (i == 1 && p->state == SUND_PARTY_ROUNDS && p->has_total && !p->peer[1].signed_total && !p->said)
        post_retry(f);
}

TEST(signatures_that_cross_a_new_attempt_mean_nothing)
{
    for (int k = 0; k < 4; k++) { /* in another order each time */
        world *w = fed_world(120, test_rand());
        fed   *f = fed_even_open(w, 3);

        f->before_say = retry_once;
        fed_ask(f, linear);
        fed_run(f);
        CHECK(f->n_lost == 1);
        for (size_t i = 0; i < 3; i++) {
            CHECK(fed_status(f, i).state == SUND_PARTY_RELEASED);
            if (fed_status(f, i).state != SUND_PARTY_RELEASED)
                fprintf(stderr, "# %s\n", fed_status(f, i).detail);
        }
        fed_close(f);
        free(w);
    }
}

/** Once it has signed the total, which may be opened then. */
static void retry_after_signing(fed *f, size_t i)
{
    const sund_party *p = f->node[i].party;

    if (i == 1 && !f->n_lost && p->state == SUND_PARTY_ROUNDS && p->has_total && p->peer[1].signed_total && !p->peer[1].opened && !p->said)
        post_retry(f);
}

TEST(who_signed_a_total_has_no_new_attempt)
{
    world *w = fed_world(120, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = retry_after_signing;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(f->n_lost == 1);
    check_stopped(f, -1, "N01 asked for a new attempt that cannot be", "");
    fed_close(f);
    free(w);
}

/* ---- what the hub tells ---- */

/** Node 0 hears a word of node 1, signed by it, that does not follow the one before: the hub has left one out. */
static bool leaves_one_out(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    (void) index;
    if (to != 0 || e->kind != SUND_MSG_SIGN_TOTAL || strcmp(e->from, "N01") != 0)
        return false;
    e->prev = sund_digest_of("a message that was left out", 27);
    MUST(sund_envelope_sign(e, &f->node[1].me, body->n, err));
    return true;
}

/** A node that is in another roster than the others. */
static bool other_roster(fed *f, size_t from, const sund_envelope *e, sund_buf *body)
{
    sund_line *l = calloc(1, sizeof *l);
    bool       lies = from == 1 && e->kind == SUND_MSG_LINE;

    (void) f;
    if (!l)
        abort();
    if (lies) {
        MUST(sund_line_read(sund_cur_of(body->p, body->n), l, err));
        l->roster = sund_digest_of("another", 7);
        sund_buf_clear(body);
        sund_line_write(l, body);
    }
    free(l);
    return lies;
}

/** A node says a part of the release, or the release, before all have signed it. */
static void releases_early(fed *f, size_t i)
{
    const sund_party *p = f->node[i].party;
    sund_digest       d;
    sund_buf          body = { 0 }, bytes = { 0 };

    if (f->n_lost || p->state != SUND_PARTY_RELEASE || p->said)
        return;
    f->n_lost = 1;
    d = sund_release_digest(p->release);
    sund_buf_u32(&body, 0);
    sund_buf_put(&body, d.b, sizeof d.b);
    for (int k = 0; k < 2; k++) {
        sund_envelope e = { .kind = k ? SUND_MSG_RELEASE : SUND_MSG_PART, .seq = sund_seq_next(0), .about = f->study, .prev = p->peer[p->me].last };
        sund_err      why = { SUND_OK, "" };

        sund_buf_clear(&bytes);
        sund_envelope_write(&e, &f->node[i].me, body.p, body.n, &bytes);
        CHECK(sund_mailbox_post(&f->box, &e, body.p, body.n, &why) == SUND_E_DENIED && strstr(why.msg, "signatures of all 3 nodes"));
    }
    sund_buf_free(&body);
    sund_buf_free(&bytes);
}

TEST(words_that_are_left_out_other_rosters_and_early_releases)
{
    for (int k = 0; k < 3; k++) {
        world *w = fed_world(120, test_rand());
        fed   *f = fed_even_open(w, 3);

        f->hub_tamper = k == 0 ? leaves_one_out : NULL;
        f->tamper = k == 1 ? other_roster : NULL;
        f->before_say = k == 2 ? releases_early : NULL;
        fed_ask(f, linear);
        fed_run(f);
        if (k == 2)
            CHECK(f->n_lost == 1 && fed_status(f, 0).state == SUND_PARTY_RELEASED);
        else
            check_stopped(f, -1, k ? "work with different rosters" : "a message of N01 does not follow its last one", "");
        fed_close(f);
        free(w);
    }
}

TEST(attempts_come_to_an_end)
{
    world *w = fed_world(120, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = retry_always;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(count(f->hub_db, "SELECT COUNT(*) FROM message WHERE kind=7") == SUND_ATTEMPT_MAX);
    CHECK(f->n_lost > SUND_ATTEMPT_MAX);
    CHECK(fed_status(f, 0).state == SUND_PARTY_ROUNDS && strcmp(fed_status(f, 0).waiting_for, "N01") == 0);
    fed_close(f);
    free(w);
}

/* ---- masks ---- */

typedef struct said { sund_slot slot[256]; sund_digest body[256]; size_t n, twice; } said;

/** Two vectors of one node under one label. */
static void note_masked(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    said     *l = f->ctx;
    sund_slot s;

    if (from != 2 || e->kind != SUND_MSG_MASKED)
        return;
    sund_slot_read(&body, &s);
    for (size_t i = 0; i < l->n; i++)
        l->twice += memcmp(&l->slot[i], &s, sizeof s) == 0 && !sund_digest_eq(&l->body[i], &e->body);
    if (l->n < 256) {
        l->slot[l->n] = s;
        l->body[l->n++] = e->body;
    }
}

/** Its database is an old copy, from before this round; the session's key is there still, and the data have changed since. */
static void set_back(fed *f, size_t i, bool data)
{
    fed_node *x = &f->node[i];

    if (i != 2 || x->party->state != SUND_PARTY_ROUNDS || x->party->slot.round < 3 || x->party->slot.chunk < 1 || f->n_lost)
        return;
    f->n_lost = 1;
    fed_kill(f, i);
    run_sql(x->db, "DELETE FROM sent WHERE round > 0; DELETE FROM message WHERE idx > 11");
    if (data)
        MUST(sund_people_withdraw(x->people, "P00005", err));
    MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
}
static void set_back_same(fed *f, size_t i) { set_back(f, i, false); }
static void set_back_changed(fed *f, size_t i) { set_back(f, i, true); }

TEST(a_node_set_back_to_an_old_copy_uses_no_mask_twice)
{
    for (int changed = 0; changed < 2; changed++) {
        world *w = fed_world(150, test_rand());
        fed   *f = fed_even_open(w, 3);
        said   l = { .n = 0 };

        f->ctx = &l;
        f->heard = note_masked;
        f->before_say = changed ? set_back_changed : set_back_same;
        fed_ask(f, linear);
        fed_run(f);
        CHECK(f->n_lost == 1 && l.n > 4 && l.twice == 0);
        check_stopped(f, -1, "N02", changed ? "data of N02 changed" : "restored from a copy");
        fed_close(f);
        free(w);
    }
}

static void loses_key(fed *f, size_t i, bool other)
{
    fed_node        *x = &f->node[i];
    sund_session_key k;
    char             path[300];

    if (i != 2 || x->party->state != SUND_PARTY_ROUNDS || x->party->slot.chunk < 1 || f->n_lost)
        return;
    f->n_lost = 1;
    fed_kill(f, i);
    key_path(f, i, path, sizeof path);
    CHECK(unlink(path) == 0);
    sund_session_key_make(&k);
    if (other)
        MUST(sund_session_key_save(&k, path, err));
    MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
}
static void loses_it(fed *f, size_t i) { loses_key(f, i, false); }
static void swaps_it(fed *f, size_t i) { loses_key(f, i, true); }

TEST(a_node_without_its_key_or_with_another_says_so_and_names_no_path)
{
    for (int other = 0; other < 2; other++) {
        world *w = fed_world(150, test_rand());
        fed   *f = fed_even_open(w, 3);

        f->before_say = other ? swaps_it : loses_it;
        fed_ask(f, linear);
        fed_run(f);
        check_stopped(f, -1, "stopped by N02", other ? "holds another key than its line" : "has lost its key");
        CHECK(!strstr(fed_status(f, 0).detail, "/tmp"));
        fed_close(f);
        free(w);
    }
}

/** As if a peer had opened a total to this node by another key than to the others. */
static void opened_otherwise(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;

    if (i != 0 || p->state != SUND_PARTY_ROUNDS || p->slot.round < 1 || p->has_total || p->said_masked || f->n_lost)
        return;
    f->n_lost = 1;
    p->opened.b[0] ^= 1;
}

TEST(nodes_that_were_opened_different_totals_part_at_the_next_chunk)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = opened_otherwise;
    fed_ask(f, linear);
    fed_run(f);
    check_stopped(f, -1, "a total lists a vector that is not", "round, chunk and attempt");
    fed_close(f);
    free(w);
}

/* ---- the hub's disk ---- */

static sund_code post_masked_at(fed *f, size_t i, uint32_t round, uint32_t chunk, uint32_t attempt)
{
    sund_slot s = { round, chunk, attempt };
    sund_vec  v;
    sund_buf  body = { 0 };
    sund_code rc;

    MUST(sund_vec_new(&v, 8, 0, err));
    sund_slot_write(&s, &body);
    sund_vec_write(&v, &body);
    rc = fed_post(f, &f->node[i].me, SUND_MSG_MASKED, &f->study, body.p, body.n, NULL);
    sund_buf_free(&body);
    sund_vec_free(&v);
    return rc;
}

TEST(a_node_cannot_fill_the_hubs_disk)
{
    world      *w = fed_world(120, test_rand());
    fed        *f = fed_even_open(w, 3);
    sund_slot   s = { 0, 0, 0 };
    sund_buf    body = { 0 };
    sund_digest d = { { 0 } };

    fed_ask(f, linear);
    CHECK(post_masked_at(f, 0, 0, 0, 0) == SUND_OK);
    CHECK(post_masked_at(f, 0, 0, 0, 1) == SUND_OK); /* takes the place of the other */
    CHECK(count(f->hub_db, "SELECT COUNT(*) FROM masked") == 1);
    CHECK(post_masked_at(f, 0, 7, 9, 0) == SUND_E_DENIED);
    CHECK(post_masked_at(f, 0, 0, 1, 0) == SUND_E_DENIED);
    CHECK(post_masked_at(f, 0, 0, 0, SUND_ATTEMPT_MAX + 1) == SUND_E_DENIED);
    sund_signed_write(&s, &d, &body);
    CHECK(fed_post(f, &f->node[0].me, SUND_MSG_SIGN_TOTAL, &f->study, body.p, body.n, NULL) == SUND_E_DENIED); /* there is no total yet */
    sund_buf_clear(&body);
    sund_reason_write(&s, "enough", &body);
    CHECK(fed_post(f, &f->node[0].me, SUND_MSG_STOP, &f->study, body.p, body.n, NULL) == SUND_OK);
    CHECK(count(f->hub_db, "SELECT COUNT(*) FROM masked") == 0); /* nothing of an ended study stays */
    CHECK(post_masked_at(f, 0, 0, 0, 0) == SUND_E_DENIED);
    sund_buf_free(&body);
    fed_close(f);
    free(w);
}

TEST(a_researcher_has_so_many_open_studies)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    char     more[200], text[4096];
    sund_err why = { SUND_OK, "" };

    for (int k = 1; k <= 101; k++) {
        sund_digest d;
        sund_code   rc;

        (void) snprintf(more, sizeof more, "analysis = counts\nnumber = %d\n", k);
        study_text(f, more, text, sizeof text);
        d = sund_digest_of(text, strlen(text));
        rc = fed_post(f, &f->anna, SUND_MSG_SUBMIT, &d, text, strlen(text), &why);
        CHECK(k <= 100 ? rc == SUND_OK : rc == SUND_E_LIMIT && strstr(why.msg, "not ended") != NULL);
    }
    fed_close(f);
    free(w);
}

static bool batch(fed *f, size_t i, const uint32_t *index)
{
    sund_buf known = { 0 }, out = { 0 };
    bool     any = false;

    if (index) {
        sund_buf_put(&known, f->study.b, 32);
        sund_buf_u32(&known, *index);
    }
    MUST(sund_mailbox_batch(&f->box, f->node[i].me.id, sund_cur_of(known.p, known.n), 1 << 24, &out, &any, err));
    CHECK(any == (out.n > 0));
    sund_buf_free(&known);
    sund_buf_free(&out);
    return any;
}

TEST(a_study_that_has_ended_for_all_is_sent_no_more_and_keeps_no_sums)
{
    world         *w = fed_world(120, test_rand());
    fed           *f = fed_even_open(w, 3);
    const uint32_t done = SUND_INDEX_DONE, start = 0;

    fed_ask(f, linear);
    fed_run(f);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED);
    CHECK(batch(f, 0, NULL));
    CHECK(!batch(f, 0, &done));
    CHECK(!batch(f, 0, NULL));
    CHECK(batch(f, 0, &start)); /* who was set back may ask */
    CHECK(batch(f, 1, NULL));
    CHECK(count(f->hub_db, "SELECT COUNT(*) FROM message WHERE kind=4 AND length(body)>0") > 0);
    CHECK(!batch(f, 1, &done));
    CHECK(!batch(f, 2, &done));
    CHECK(count(f->hub_db, "SELECT COUNT(*) FROM message WHERE kind IN(4,6,8) AND length(body)>0") == 0);
    fed_close(f);
    free(w);
}

TEST(a_number_far_ahead_of_the_clock_is_refused)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_envelope e = { .kind = SUND_MSG_POLL, .channel = 1, .seq = sund_seq_next(0) + 3600000000ULL };
    sund_err      why = { SUND_OK, "" };

    (void) snprintf(e.from, sizeof e.from, "N00");
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_E_DENIED && strstr(why.msg, "clock ahead"));
    e.seq = sund_seq_next(0);
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_OK);
    fed_close(f);
    free(w);
}

/* ---- kills at the end ---- */

TEST(a_kill_at_the_last_message_leaves_no_key_and_loses_no_result)
{
    world           *w = fed_world(120, test_rand());
    fed             *f = fed_even_open(w, 3);
    char             path[300];
    sund_session_key k;
    fed_node        *x = &f->node[0];

    fed_ask(f, linear);
    fed_run(f);
    key_path(f, 0, path, sizeof path);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED && !sund_file_exists(path));
    sund_session_key_make(&k); /* the state was kept, the key not yet deleted */
    MUST(sund_session_key_save(&k, path, err));
    fed_kill(f, 0);
    MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED && !sund_file_exists(path));
    fed_close(f);
    free(w);
}

/** A node that is not the proposer goes away when it has signed the result. */
static void leaves_before_the_release(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) body;
    if (e->kind == SUND_MSG_SIGN_RELEASE && from == (sund_party_proposer(f->node[from].party) + 1) % f->n)
        f->node[from].away = true;
}

/** Stores what the hub has for a node, as the node does before it acts on it, and no more. */
static void store_only(fed *f, fed_node *x)
{
    sund_buf known = { 0 }, out = { 0 };
    sund_cur c;
    bool     any = false;

    sund_buf_put(&known, f->study.b, 32);
    sund_buf_u32(&known, sund_party_index(x->party));
    MUST(sund_mailbox_batch(&f->box, x->me.id, sund_cur_of(known.p, known.n), 1 << 24, &out, &any, err));
    for (c = sund_cur_of(out.p, out.n); c.n;) {
        uint32_t       index;
        const uint8_t *head;
        sund_cur       body;

        (void) sund_cur_bytes(&c, 32);
        index = sund_cur_u32(&c);
        head = sund_cur_bytes(&c, SUND_ENVELOPE_SIZE);
        body = sund_cur_blob(&c, 1 << 26);
        MUST(sund_db_run(x->db, err, "INSERT INTO message(study, idx, head, body) VALUES(?,?,?,?)", "bibb", f->study.b, (size_t) 32, (int64_t) index, head,
                         (size_t) SUND_ENVELOPE_SIZE, body.p, body.n));
    }
    sund_buf_free(&known);
    sund_buf_free(&out);
}

TEST(a_kill_between_the_last_message_and_its_consequences_loses_nothing)
{
    world    *w = fed_world(120, test_rand());
    fed      *f = fed_even_open(w, 3);
    size_t    i;
    fed_node *x;
    char      path[300];

    f->heard = leaves_before_the_release;
    fed_ask(f, linear);
    fed_run(f);
    i = (f->study.b[0] % 3 + 1u) % 3;
    x = &f->node[i];
    key_path(f, i, path, sizeof path);
    CHECK(x->away && fed_status(f, i).state == SUND_PARTY_RELEASE && sund_file_exists(path));
    store_only(f, x);
    fed_kill(f, i);
    MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
    CHECK(fed_status(f, i).state == SUND_PARTY_RELEASED && !sund_file_exists(path));
    CHECK(count(x->db, "SELECT COUNT(*) FROM study WHERE state=4 AND length(release)>100") == 1);
    fed_close(f);
    free(w);
}

/* ---- totals that no data give ---- */

/** At node 0: totals within the bound of a lane that no people have are errors, not numbers nor undefined behaviour. */
static void hostile_totals(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;
    sund_vec    t = { 0, 0, NULL };
    sund_engine e;

    if (i != 0 || p->state != SUND_PARTY_ROUNDS || p->has_total || f->n_lost & 1u << p->slot.round)
        return;
    f->n_lost |= 1u << p->slot.round;
    MUST(sund_engine_compute(&p->engine, p->view, p->engine.chunk, 1, &t, err));
    e = p->engine;
    if (p->slot.round == 0) {
        const int64_t big = (int64_t) 1 << 62;
        const int64_t bad[4][3] = { { big, big, big }, { 100, -5, 105 }, { (1 << 28) + 1, 1, 1 << 28 }, { -1, 0, -1 } };

        for (int k = 0; k < 4; k++) {
            for (size_t lane = 0; lane < 3; lane++)
                t.w[lane] = (uint64_t) bad[k][lane];
            CHECK(e.analysis->total(&e.state, &e.round, 0, &t, NULL) == SUND_E_FORMAT);
        }
    }
    if (p->slot.round == 2) { /* without strata: column sums, then products; the sum of a column beyond all its people */
        t.w[0] = (uint64_t) e.state.n_person;
        t.w[t.n64 + 1] = (uint64_t) 1 << 61;
        CHECK(e.analysis->total(&e.state, &e.round, 0, &t, NULL) == SUND_E_FORMAT);
    }
    sund_vec_free(&t);
}

TEST(totals_that_no_people_give_are_refused)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = hostile_totals;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(f->n_lost == 15);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED); /* and do no harm */
    fed_close(f);
    free(w);
}

/* ---- a disk that fails for a while ---- */

/** Node 1's table of what it sent goes away at one message of its own, as if its disk failed. */
static void disk_fails(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    unsigned *at = f->ctx;

    (void) body;
    if (from == 1 && e->kind == *at) {
        run_sql(f->node[1].db, "ALTER TABLE sent RENAME TO away");
        *at = 0;
    }
}

/** The study waits, says why, and goes on to the same bytes. */
static void disk_comes_back(unsigned kind)
{
    world            *w = fed_world(150, test_rand());
    fed              *f = fed_even_open(w, 3);
    unsigned          at = kind;
    char              text[4096];
    sund_party_status s;
    sund_release     *pooled;
    sund_thresholds   t = fed_open_data();
    sund_buf          out;

    f->heard = disk_fails;
    f->ctx = &at;
    study_text(f, linear, text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    s = fed_status(f, 1);
    CHECK(at == 0 && f->n_paused > 0 && s.paused && s.state < SUND_PARTY_RELEASED && strstr(s.trouble, "paused: ") && strstr(s.trouble, "database"));
    CHECK(count(f->node[1].db, "SELECT COUNT(*) FROM study WHERE detail LIKE 'paused: %'") == 1);
    for (size_t i = 0; i < f->n; i++)
        CHECK(fed_status(f, i).state < SUND_PARTY_RELEASED);
    run_sql(f->node[1].db, "ALTER TABLE away RENAME TO sent");
    fed_run(f);
    CHECK(!fed_status(f, 1).paused && fed_status(f, 1).state == SUND_PARTY_RELEASED);
    out = fed_release(f);
    pooled = world_pooled(w, f, text, &t, 1);
    CHECK(same_tables(&out, pooled));
    sund_release_free(pooled);
    sund_buf_free(&out);
    fed_close(f);
    free(w);
}

TEST(a_disk_that_fails_pauses_a_study)
{
    disk_comes_back(SUND_MSG_LINE);   /* found when it would speak */
    disk_comes_back(SUND_MSG_MASKED); /* and in the middle of hearing a total */
}

TEST(a_disk_that_fails_is_no_reason_to_refuse)
{
    world      *w = fed_world(120, test_rand());
    fed        *f = fed_even_open(w, 3);
    const char *keys = f->node[2].seat.key_dir;

    f->node[2].seat.key_dir = "/dev/null/keys";
    fed_ask(f, linear);
    fed_run(f);
    CHECK(fed_status(f, 2).paused && fed_status(f, 2).state == SUND_PARTY_APPROVAL && fed_status(f, 0).state == SUND_PARTY_LINES);
    f->node[2].seat.key_dir = keys;
    fed_run(f);
    CHECK(fed_status(f, 2).state == SUND_PARTY_RELEASED);
    fed_close(f);
    free(w);
}

/* ---- a hub that would fill a node's disk ---- */

TEST(what_nobody_signed_is_not_kept)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_party   *p;
    sund_envelope e = { .kind = SUND_MSG_TOTAL, .seq = 1 };
    sund_buf      whole = { 0 }, body = { 0 };
    sund_err      why = { SUND_OK, "" };
    int64_t       before;

    fed_ask(f, linear);
    for (size_t i = 0; i < 2 * f->n; i++)
        fed_turn(f, i % f->n);
    p = f->node[0].party;
    before = count(f->node[0].db, "SELECT SUM(length(body)) FROM message");
    for (int i = 0; i < 1 << 20; i++)
        sund_buf_u8(&body, (uint8_t) i);
    e.about = f->study;
    sund_envelope_write(&e, &f->anna, body.p, body.n, &whole); /* the hub's word, but not its signature */
    CHECK(sund_party_feed(p, &e, body.p, body.n, &why) == SUND_OK);
    CHECK(count(f->node[0].db, "SELECT SUM(length(body)) FROM message") == before);
    for (int i = 0; i < 5; i++)
        CHECK(sund_party_feed(p, &e, body.p, body.n, &why) == SUND_E_DENIED); /* and the node stops the study */
    CHECK(count(f->node[0].db, "SELECT COUNT(*) FROM message WHERE length(body)=0") == 1);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_STOPPED);
    /* a study that no researcher signed leaves no trace */
    sund_buf_clear(&whole);
    e = (sund_envelope){ .kind = SUND_MSG_SUBMIT, .seq = 2, .about = sund_digest_of(body.p, 100) };
    sund_envelope_write(&e, &f->hub, body.p, 100, &whole);
    CHECK(sund_party_begins(&f->node[0].seat, &e.about, &e, body.p, 100, &why) == SUND_E_DENIED);
    e = (sund_envelope){ .kind = SUND_MSG_SUBMIT, .seq = 2, .about = sund_digest_of(body.p, 100) };
    sund_envelope_write(&e, &f->anna, body.p, 100, &whole);
    CHECK(sund_party_begins(&f->node[0].seat, &e.about, &e, body.p, 100, &why) == SUND_OK && sund_party_begins(&f->node[0].seat, &f->study, &e, body.p, 100, &why) == SUND_E_DENIED);
    sund_buf_free(&body);
    sund_buf_free(&whole);
    fed_close(f);
    free(w);
}

/* ---- words ---- */

TEST(words_of_others_do_not_steer_a_terminal)
{
    static const char *const bad[] = { "\x1b[2J", "a\nb", "\x7f", "\xC2\x9B" "2J", "\xE2\x80\xAE" "txt", "\xE2\x81\xA6", "\x9b", "\xff\xfe", "\xC3" };
    static const char *const good[] = { "", "plain", "S\xC3\xB8ren \xE2\x80\x93 \xCE\xB2", "\xE2\x82\xAC", "\xC2\xA0" };
    world                   *w = fed_world(120, test_rand());
    fed                     *f = fed_even_open(w, 3);
    char                     text[64], study[4096];
    sund_slot                slot = { 0, 0, 0 };
    sund_buf                 body = { 0 };
    sund_study              *s = calloc(1, sizeof *s);
    sund_err                 why = { SUND_OK, "" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        (void) snprintf(text, sizeof text, "%s", good[i]);
        sund_text_clean(text);
        CHECK(sund_text_ok(good[i]) && strcmp(text, good[i]) == 0);
    }
    fed_ask(f, linear);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void) snprintf(text, sizeof text, "x%sy", bad[i]);
        CHECK(!sund_text_ok(text));
        sund_buf_clear(&body);
        sund_slot_write(&slot, &body);
        sund_buf_str(&body, text);
        CHECK(fed_post(f, &f->node[0].me, SUND_MSG_STOP, &f->study, body.p, body.n, NULL) != SUND_OK); /* a node of another making says it */
        (void) snprintf(study, sizeof study, "[study]\ntitle = %s\nanalysis = counts\n", text);
        CHECK(s && sund_study_parse(s, "study", study, strlen(study), &why) == SUND_E_FORMAT && (strchr(bad[i], '\n') || strstr(why.msg, "control") || strstr(why.msg, "UTF-8")));
        sund_text_clean(text);
        CHECK(sund_text_ok(text) && text[0] == 'x');
    }
    sund_buf_clear(&body);
    sund_reason_write(&slot, "\x1b[2J and so on", &body); /* ours says it cleaned */
    CHECK(fed_post(f, &f->node[0].me, SUND_MSG_STOP, &f->study, body.p, body.n, NULL) == SUND_OK);
    sund_buf_free(&body);
    free(s);
    fed_close(f);
    free(w);
}
