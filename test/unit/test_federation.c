/* The federated answer is the pooled answer, byte for byte, whatever is done to the people, the nodes and the machine. */
#include "fed.h"
#include "study/party_priv.h"
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
    char *x = fed_table(a, "table"), *y = fed_table(b, "table");
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

/* ---- a result that no message holds ---- */

/** Of a study where messages are so long: every node's state, and the bytes of the release, 0 for none. */
static size_t ends(const world *w, size_t most, sund_party_state want, const char *words)
{
    fed     *f = fed_even_open(w, 3);
    sund_buf got = { 0 };
    size_t   n;

    sund_party_release_max = most;
    fed_ask(f, counts);
    fed_run(f);
    for (size_t i = 0; i < 3; i++)
        CHECK(fed_status(f, i).state == want && strstr(fed_status(f, i).detail, words) != NULL);
    CHECK((sund_mailbox_release(&f->box, &f->study, &got, NULL) == SUND_OK) == (want == SUND_PARTY_RELEASED));
    n = got.n;
    sund_buf_free(&got);
    sund_party_release_max = SUND_BODY_MAX;
    fed_close(f);
    return n;
}

TEST(a_result_that_no_message_holds_stops_the_study)
{
    world *w = fed_world(120, test_rand());
    size_t n = ends(w, SUND_BODY_MAX, SUND_PARTY_RELEASED, "rows"), most = sund_propose_bytes(3, n);

    CHECK(n > 100 && ends(w, most, SUND_PARTY_RELEASED, "rows") == n); /* as a proposal it has just so many */
    CHECK(ends(w, most - 1, SUND_PARTY_STOPPED, "which no message holds: ask of a region at a time") == 0);
    free(w);
}
