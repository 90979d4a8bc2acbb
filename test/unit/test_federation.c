/* The federated answer is the pooled answer, byte for byte, whatever is done to the people, the nodes and the machine. */
#include "fed.h"
#include "gate/gate_priv.h"
#include "study/party_priv.h"
#include "study/released.h"
#include "test.h"

static const char *const linear_strata = "analysis = linear\noutcome = trait\ncovariates = age, sex, bmi\nstrata = country\n";
static const char *const linear_none = "analysis = linear\noutcome = trait\ncovariates = age, sex, bmi\nstrata = none\n";
static const char *const counts = "analysis = counts\nstrata = none\n";
static const char *const counts_strata = "analysis = counts\nstrata = country\n";

static void split(const world *w, size_t n, bool countries_whole, int *node_of)
{
    int of_country[W_COUNTRIES];

    for (size_t c = 0; c < W_COUNTRIES; c++)
        of_country[c] = c < n ? (int) c : (int) (test_rand() % n);
    for (size_t i = 0; i < w->n; i++)
        node_of[i] = countries_whole ? of_country[w->country[i]] : (int) (test_rand() % n);
}

typedef struct variation { unsigned kill, lose, threads; uint32_t chunk; const char *cpu; bool sparse_rows, controlled; } variation;

/** One study, federated over n nodes and pooled: true when the tables are the same bytes. */
static bool same_answer(world *w, size_t n, const char *what, const char *missing, variation v)
{
    bool            whole = strstr(what, "strata = country") != NULL;
    sund_thresholds t = v.controlled ? sund_thresholds_default() : fed_open_data();
    int             node_of[600];
    char            more[300], text[4096];
    fed            *f;
    sund_buf        got;
    sund_release   *pooled;
    bool            same;

    split(w, n, whole, node_of);
    w->sparse_rows = v.sparse_rows;
    f = fed_open(w, n, node_of, &t, test_rand());
    f->kill_one_in = v.kill;
    f->lose_one_in = v.lose;
    for (size_t i = 0; i < n; i++)
        f->node[i].seat.n_thread = v.threads ? v.threads : 1;
    (void) snprintf(more, sizeof more, "%s%schunk = %u\n", what, missing, v.chunk ? v.chunk : 4096);
    study_text(f, more, text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    got = fed_release(f);
    w->sparse_rows = false;
    pooled = world_pooled(w, f, text, &t, 1);
    same = same_tables(&got, pooled);
    if (v.kill)
        CHECK(f->n_killed > 0);
    if (v.lose)
        CHECK(f->n_lost > 0);
    for (size_t i = 0; i < n; i++)
        CHECK(fed_status(f, i).state == SUND_PARTY_RELEASED);
    CHECK(sund_release_rows(pooled) > 20);
    sund_release_free(pooled);
    sund_buf_free(&got);
    fed_close(f);
    return same;
}

TEST(any_split_gives_the_pooled_bytes)
{
    static const size_t nodes[] = { 3, 5, 7 };
    world              *w = fed_world(W_PEOPLE, test_rand());

    for (size_t k = 0; k < 3; k++) {
        CHECK(same_answer(w, nodes[k], linear_none, "missing = mean\n", (variation){ .chunk = 16 }));
        CHECK(same_answer(w, nodes[k], linear_none, "missing = drop\n", (variation){ .chunk = 7 }));
        CHECK(same_answer(w, nodes[k], linear_strata, "missing = mean\n", (variation){ .chunk = 16 }));
        CHECK(same_answer(w, nodes[k], linear_strata, "missing = drop\n", (variation){ .chunk = 31 }));
        CHECK(same_answer(w, nodes[k], counts, "", (variation){ .chunk = 16 }));
        CHECK(same_answer(w, nodes[k], counts_strata, "", (variation){ .chunk = 16 }));
    }
    free(w);
}

TEST(thirty_nodes)
{
    world *w = fed_world(600, test_rand());

    CHECK(same_answer(w, 30, linear_none, "missing = mean\n", (variation){ .chunk = 40 }));
    free(w);
}

TEST(any_block_size_gives_the_same_bytes)
{
    static const uint32_t size[] = { 1, 2, 71, 72, 4096 };
    world                *w = fed_world(W_PEOPLE, test_rand());

    for (size_t k = 0; k < 5; k++)
        CHECK(same_answer(w, 3, linear_none, "missing = mean\n", (variation){ .chunk = size[k] }));
    free(w);
}

TEST(threads_give_the_same_bytes)
{
    world *w = fed_world(W_PEOPLE, test_rand());

    CHECK(same_answer(w, 3, linear_strata, "missing = mean\n", (variation){ .threads = 2 }));
    CHECK(same_answer(w, 3, linear_none, "missing = drop\n", (variation){ .threads = 2, .chunk = 16 }));
    CHECK(same_answer(w, 3, counts, "", (variation){ .threads = 2, .chunk = 16 }));
    free(w);
}

TEST(rows_left_out_where_nobody_carries_change_nothing)
{
    world *w = fed_world(W_PEOPLE, test_rand());

    CHECK(same_answer(w, 5, linear_none, "missing = mean\n", (variation){ .sparse_rows = true }));
    CHECK(same_answer(w, 5, counts, "", (variation){ .sparse_rows = true }));
    free(w);
}

TEST(controlled_data_give_the_pooled_bytes_too)
{
    world *w = fed_world(W_PEOPLE, test_rand());

    CHECK(same_answer(w, 5, linear_strata, "missing = mean\n", (variation){ .controlled = true }));
    CHECK(same_answer(w, 5, counts, "", (variation){ .controlled = true }));
    free(w);
}

/** The study once, and its answer; *said: messages of nodes. */
static sund_buf once(const world *w, const char *what, size_t before, size_t after, size_t *said)
{
    sund_thresholds t = fed_open_data();
    int             node_of[W_PEOPLE_MAX];
    char            more[300], text[4096];
    sund_buf        got;
    fed            *f;

    for (size_t i = 0; i < w->n; i++)
        node_of[i] = (int) (i % 3);
    f = fed_open(w, 3, node_of, &t, 7);
    f->kill_before = before;
    f->kill_after = after;
    (void) snprintf(more, sizeof more, "%schunk = 40\n", what);
    study_text(f, more, text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    got = fed_release(f);
    CHECK(f->n_killed == (before || after));
    *said = f->n_said;
    fed_close(f);
    return got;
}

/** Bytes of the tables, without the provenance, which names headers. */
static bool same_first_table(const sund_buf *a, const sund_buf *b)
{
    char *x = whole_table(a, "table"), *y = whole_table(b, "table");
    bool  same = x && y && strcmp(x, y) == 0;

    free(x);
    free(y);
    return same;
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { EVERY = 7 };
#else
enum { EVERY = 1 };
#endif

/* The node that is to say a message is killed just before it leaves, or just after: each message of the study in turn. */
TEST(killed_at_every_message_in_turn)
{
    static const char study[] = "analysis = linear\noutcome = trait\ncovariates = age\nstrata = none\nmissing = mean\n";
    world            *w = fed_world(90, test_rand());
    size_t            n = 0, n_run = 0, ignored;
    sund_buf          whole = once(w, study, 0, 0, &n);

    CHECK(n > 30 && whole.n > 100);
    for (size_t k = 1; k <= n; k += EVERY) {
        sund_buf before = once(w, study, k, 0, &ignored), after = once(w, study, 0, k, &ignored);

        CHECK(same_first_table(&before, &whole) && same_first_table(&after, &whole));
        sund_buf_free(&before);
        sund_buf_free(&after);
        n_run += 2;
    }
    sund_buf_free(&whole);
    printf("# %zu kills at %zu messages, before they left and after\n", n_run, n);
    free(w);
}

TEST(nodes_killed_and_messages_lost_change_nothing)
{
    world *w = fed_world(W_PEOPLE, test_rand());

    for (int k = 0; k < 4; k++) {
        CHECK(same_answer(w, 3, linear_none, "missing = mean\n", (variation){ .kill = 6, .chunk = 24 }));
        CHECK(same_answer(w, 5, linear_strata, "missing = drop\n", (variation){ .kill = 9, .lose = 5, .chunk = 24 }));
        CHECK(same_answer(w, 3, counts, "", (variation){ .lose = 3, .chunk = 24 }));
    }
    free(w);
}

/* ---- a node that was away ---- */

TEST(a_node_away_pauses_and_resumes)
{
    world          *w = fed_world(W_PEOPLE, test_rand());
    sund_thresholds t = fed_open_data();
    int             node_of[600];
    char            text[4096];
    fed            *f;
    sund_buf        got;
    sund_release   *pooled;

    split(w, 3, false, node_of);
    f = fed_open(w, 3, node_of, &t, test_rand());
    study_text(f, "analysis = counts\nstrata = none\nchunk = 8\n", text, sizeof text);
    fed_submit(f, text);
    for (int k = 0; k < 12; k++)
        for (size_t i = 0; i < 3; i++)
            (void) fed_turn(f, i);
    CHECK(fed_status(f, 0).state == SUND_PARTY_ROUNDS);
    f->node[2].away = true;
    fed_run(f);
    CHECK(fed_status(f, 0).state == SUND_PARTY_ROUNDS); /* waits; nothing is released without node 2 */
    CHECK(strcmp(fed_status(f, 0).waiting_for, "N00") != 0);
    f->node[2].away = false;
    fed_kill(f, 2); /* it comes back as a new process */
    fed_run(f);
    got = fed_release(f);
    pooled = world_pooled(w, f, text, &t, 1);
    CHECK(same_tables(&got, pooled));
    sund_release_free(pooled);
    sund_buf_free(&got);
    fed_close(f);
    free(w);
}

/* ---- a result of many parts ---- */

static size_t n_part_said;
static void   counts_parts(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) f;
    (void) from;
    (void) body;
    n_part_said += e->kind == SUND_MSG_PART;
}

/** Messages of a kind whose body the hub still has. */
static int64_t left_at_hub(fed *f, unsigned kind)
{
    int64_t n = -1;

    MUST(sund_db_i64(f->hub_db, &n, 0, err, "SELECT COUNT(*) FROM message WHERE kind=? AND length(body) > 0", "i", (int64_t) kind));
    return n;
}

/** Its rows where parts have so many bytes, through whatever kills and losses. */
static sund_buf in_parts(const world *w, size_t bytes, unsigned kill, unsigned lose)
{
    fed     *f = fed_even_open(w, 3);
    sund_buf got;

    sund_release_part_bytes = bytes;
    f->kill_one_in = kill;
    f->lose_one_in = lose;
    f->heard = counts_parts;
    n_part_said = 0;
    fed_ask(f, counts);
    fed_run(f);
    for (size_t i = 0; i < 3; i++)
        CHECK(fed_status(f, i).state == SUND_PARTY_RELEASED && strstr(fed_status(f, i).detail, "rows"));
    got = fed_release(f);
    sund_release_part_bytes = 4 << 20;
    CHECK((!kill || f->n_killed > 0) && (!lose || f->n_lost > 0));
    fed_close(f);
    return got;
}

TEST(a_result_of_many_parts_comes_out_whole)
{
    world   *w = fed_world(120, test_rand());
    sund_buf one = in_parts(w, 4 << 20, 0, 0), got;

    CHECK(n_part_said == 1);
    for (int k = 0; k < 4; k++) {
        got = in_parts(w, 600, k % 2 ? 9 : 0, k / 2 ? 4 : 0);
        CHECK(n_part_said > 5 && same_first_table(&one, &got));
        sund_buf_free(&got);
    }
    sund_buf_free(&one);
    free(w);
}

/** N00, N01 or N02, when it is not the proposer, tries its hand at a part; or the proposer at another one. */
static bool lies_in_a_part(fed *f, size_t from, const sund_envelope *e, sund_buf *body)
{
    if (from != f->study.b[0] % 3 || e->kind != SUND_MSG_PART || n_part_said != 3)
        return false;
    body->p[body->n - 1] ^= 1;
    return true;
}

TEST(a_part_that_is_not_what_all_signed_ends_the_study)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    sund_buf got = { 0 };

    sund_release_part_bytes = 300;
    n_part_said = 0;
    f->heard = counts_parts;
    f->tamper = lies_in_a_part;
    fed_ask(f, counts);
    fed_run(f);
    for (size_t i = 0; i < 3; i++)
        CHECK(fed_status(f, i).state == SUND_PARTY_STOPPED && strstr(fed_status(f, i).detail, "released other bytes than all nodes signed"));
    CHECK(!fed_fetch(f, &got, NULL) && n_part_said >= 4);
    CHECK(left_at_hub(f, SUND_MSG_PART) == 0); /* and nothing of it is kept */
    sund_release_part_bytes = 4 << 20;
    sund_buf_free(&got);
    fed_close(f);
    free(w);
}

/** A node takes back its approval while the parts go to the hub. */
static void revokes_among_parts(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;
    sund_err    why = { SUND_OK, "" };

    if (i != (f->study.b[0] + 1u) % 3 || p->state != SUND_PARTY_RELEASE || p->n_part < 2 || f->n_lost)
        return;
    f->n_lost = 1;
    CHECK(sund_dac_decide(f->node[i].db, &f->node[i].dac, &f->node[i].me, &f->study, SUND_REVOKE, "withdrawn by the biobank", "", &why) == SUND_OK);
}

TEST(a_revocation_among_the_parts_stops_the_study_and_nothing_is_kept)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    sund_buf got = { 0 };

    sund_release_part_bytes = 300;
    f->before_say = revokes_among_parts;
    fed_ask(f, counts);
    fed_run(f);
    CHECK(f->n_lost == 1);
    for (size_t i = 0; i < 3; i++)
        CHECK(fed_status(f, i).state == SUND_PARTY_STOPPED && strstr(fed_status(f, i).detail, "withdrawn by the biobank"));
    CHECK(!fed_fetch(f, &got, NULL) && left_at_hub(f, SUND_MSG_PART) == 0);
    sund_release_part_bytes = 4 << 20;
    sund_buf_free(&got);
    fed_close(f);
    free(w);
}

/** What a hub may hand out instead: each lie is found by whoever fetches. */
TEST(a_hub_that_gives_another_result_is_found_out)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_buf      reply = { 0 }, part = { 0 };
    sund_released r;
    sund_cur      rows;
    sund_err      why = { SUND_OK, "" };
    size_t        n_found = 0, n_text;

    sund_release_part_bytes = 300;
    fed_ask(f, counts);
    fed_run(f);
    MUST(sund_mailbox_fetch(&f->box, &f->study, 0, &reply, err));
    MUST(sund_released_read(&f->roster, &f->study, sund_cur_of(reply.p, reply.n), &r, err));
    n_text = r.text.n;
    for (size_t at = 0; at < reply.n; at++) { /* any bit of what all signed, and of their signatures */
        reply.p[at] ^= 4;
        n_found += sund_released_read(&f->roster, &f->study, sund_cur_of(reply.p, reply.n), &r, &why) != SUND_OK;
        reply.p[at] ^= 4;
    }
    CHECK(n_found == reply.n && n_text > 50);
    reply.p[4 + n_text + 2 + SUND_ENVELOPE_SIZE + 44]++; /* with a word left out too: N01's header is none */
    CHECK(sund_released_read(&f->roster, &f->study, sund_cur_of(reply.p, reply.n), &r, &why) != SUND_OK);
    reply.p[4 + n_text + 2 + SUND_ENVELOPE_SIZE + 44]--;
    MUST(sund_released_read(&f->roster, &f->study, sund_cur_of(reply.p, reply.n), &r, err));
    MUST(sund_mailbox_fetch(&f->box, &f->study, 2, &part, err));
    CHECK(sund_result_rows(&r.m, 1, part.p, part.n, &rows, &why) == SUND_OK && sund_result_rows(&r.m, 0, part.p, part.n, &rows, &why) == SUND_E_MISMATCH);
    CHECK(sund_mailbox_fetch(&f->box, &f->study, r.m.n_part + 1, &part, &why) == SUND_E_NOT_FOUND);
    sund_release_part_bytes = 4 << 20;
    sund_buf_free(&reply);
    sund_buf_free(&part);
    fed_close(f);
    free(w);
}
