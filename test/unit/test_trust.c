/* What anyone alters is noticed by every node, and the message says where. */
#include "fed.h"
#include "gate/gate_priv.h"
#include "gate/gate_priv.h"
#include "study/party_priv.h"
#include "test.h"

static const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n";

/** Every node that is not `but` ended so, and its words hold all of these. */
static void check_ended(fed *f, sund_party_state state, int but, const char *a, const char *b)
{
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        if ((int) i == but)
            continue;
        if (s.state != state || !strstr(s.detail, a) || !strstr(s.detail, b))
            fprintf(stderr, "# %s: %s: %s (want %s, %s)\n", f->node[i].me.id, sund_party_state_name(s.state), s.detail, a, b);
        CHECK(s.state == state);
        CHECK(strstr(s.detail, a) != NULL);
        CHECK(strstr(s.detail, b) != NULL);
    }
}

static void check_no_release(fed *f)
{
    sund_buf b = { 0 };

    CHECK(sund_mailbox_release(&f->box, &f->study, &b, NULL) == SUND_E_NOT_FOUND);
    sund_buf_free(&b);
}

/* ---- who may ask ---- */

static bool changed_text(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    char *age = index == 0 ? memmem(body->p, body->n, "age", 3) : NULL;

    (void) f, (void) to, (void) e;
    if (age)
        memcpy(age, "sex", 3); /* the covariates line now says "sex, sex" - or anything else the hub likes */
    return age != NULL;
}

static bool other_key(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    sund_buf out = { 0 };

    (void) to;
    if (index == 0) {
        sund_identity mallory;

        fed_identity(&mallory, "anna");
        sund_envelope_write(e, &mallory, body->p, body->n, &out);
        sund_buf_free(&out);
    }
    (void) f;
    return index == 0;
}

static bool by_a_node(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    sund_buf out = { 0 };

    (void) to;
    if (index == 0) {
        sund_envelope_write(e, &f->node[0].me, body->p, body->n, &out);
        sund_buf_free(&out);
    }
    return index == 0;
}

typedef bool tamper(fed *, size_t, uint32_t, sund_envelope *, sund_buf *);

/** A lie of the hub's ends a study at every node, for that reason; before its decision a node waits on. */
static void ends_everywhere(size_t people, tamper *lie, bool decided, const char *why)
{
    world *w = fed_world(people, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->hub_tamper = lie;
    fed_ask(f, linear);
    fed_run(f);
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        CHECK(s.state == SUND_PARTY_REFUSED || s.state == SUND_PARTY_STOPPED || (!decided && s.state == SUND_PARTY_APPROVAL));
        CHECK(strstr(s.detail, why) != NULL);
        if (!strstr(s.detail, why))
            fprintf(stderr, "# %s: %s\n", sund_party_state_name(s.state), s.detail);
    }
    check_no_release(f);
    fed_close(f);
    free(w);
}

static void refused_everywhere(tamper *lie, const char *why) { ends_everywhere(120, lie, false, why); }
static void stops(tamper *lie, const char *why) { ends_everywhere(150, lie, true, why); }

TEST(a_study_changed_after_signing_is_refused_at_every_node) { refused_everywhere(changed_text, "altered"); }
TEST(a_study_signed_with_another_key_is_refused_at_every_node) { refused_everywhere(other_key, "signature"); }
TEST(a_study_signed_by_a_node_is_refused_at_every_node) { refused_everywhere(by_a_node, "N00"); }

TEST(the_hub_refuses_submissions_that_are_not_the_researchers)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_identity mallory;
    char          text[4096], changed[4096];
    sund_digest   d;
    sund_err      why = { SUND_OK, "" };

    study_text(f, linear, text, sizeof text);
    study_text(f, "analysis = counts\n", changed, sizeof changed);
    d = sund_digest_of(text, strlen(text));
    fed_identity(&mallory, "anna");
    CHECK(fed_post(f, &mallory, SUND_MSG_SUBMIT, &d, text, strlen(text), &why) == SUND_E_DENIED);
    CHECK(strstr(why.msg, "does not match its message") != NULL);
    fed_identity(&mallory, "mallory");
    CHECK(fed_post(f, &mallory, SUND_MSG_SUBMIT, &d, text, strlen(text), &why) == SUND_E_DENIED);
    CHECK(strstr(why.msg, "unknown") != NULL);
    CHECK(fed_post(f, &f->node[1].me, SUND_MSG_SUBMIT, &d, text, strlen(text), &why) == SUND_E_DENIED);
    CHECK(fed_post(f, &f->anna, SUND_MSG_SUBMIT, &d, changed, strlen(changed), &why) == SUND_E_DENIED);
    CHECK(strstr(why.msg, "changed after it was signed") != NULL);
    fed_submit(f, text);
    fed_submit(f, text); /* her own again, newly numbered: the same study, once */
    fed_run(f);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED);
    fed_close(f);
    free(w);
}

TEST(a_replayed_message_is_refused)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_envelope e = { .kind = SUND_MSG_POLL, .channel = 1, .seq = 7 };
    sund_buf      out = { 0 };
    sund_err      why = { SUND_OK, "" };

    sund_envelope_write(&e, &f->node[0].me, "x", 1, &out);
    sund_buf_free(&out);
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_OK);
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_E_DENIED);
    CHECK(strstr(why.msg, "replay") != NULL);
    e.seq = 6;
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_E_DENIED);
    e.seq = UINT64_MAX;
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_E_DENIED);
    e.seq = 8;
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_OK);
    e.channel = 2;
    e.seq = 1; /* another channel counts for itself */
    CHECK(sund_mailbox_number(&f->box, &e, &why) == SUND_OK);
    fed_close(f);
    free(w);
}

/* ---- a node that lies, a hub that lies ---- */

static bool lies_about_release(fed *f, size_t from, const sund_envelope *e, sund_buf *body)
{
    (void) f;
    if (from != 1 || e->kind != SUND_MSG_SIGN_RELEASE)
        return false;
    body->p[body->n - 1] ^= 1;
    return true;
}

TEST(a_node_that_signs_another_result_is_named)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->tamper = lies_about_release;
    fed_ask(f, linear);
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, 1, "N01 signed another result", "altered program");
    check_no_release(f);
    fed_close(f);
    free(w);
}

static size_t part_most = 4 << 20;

/** One digit of one number of this node's result, in the last row, or the last one of the first long number: 1 when it has one. */
static size_t alter(sund_release *r, bool last_row)
{
    sund_buf     b = whole_of(r);
    whole_tables t;
    uint8_t     *text, *digit, *end;
    size_t       n, done = 0;

    CHECK(whole_split(&b, &t));
    n = t.table[0].text.n;
    text = b.p + (t.table[0].text.p - b.p);
    end = text + n;
    if (last_row) {
        for (digit = end; digit[-1] != '\t';)
            digit--;
        *digit = *digit == '9' ? '8' : (uint8_t) (*digit + 1);
        done = 1;
    }
    for (digit = text; !done && digit < end; digit++) { /* "...d.dddddddddddddd": its last digit, one up or down */
        size_t k = strspn((const char *) digit, "0123456789.-");

        if (k > 16 && k < 20 && memchr(digit, '.', k) && (digit[k] == '\t' || digit[k] == '\n')) {
            digit[k - 1] ^= 1;
            done = 1;
        }
        digit += k;
    }
    whole_retell(r, (const char *) text, n, part_most);
    sund_buf_free(&b);
    return done;
}

/** An altered program at the proposer: one digit of one number differs. */
static void alters_result(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;

    if (p->state != SUND_PARTY_RELEASE || p->has_proposal || i != sund_party_proposer(p) || p->said || !p->release || f->n_lost)
        return;
    f->n_lost = alter(p->release, true); /* once */
}

TEST(an_altered_proposal_stops_the_study)
{
    world *w = fed_world(150, test_rand());

    for (int parts = 0; parts < 2; parts++) {
        fed   *f = fed_even_open(w, 3);
        char   who[40];
        size_t proposer;

        sund_release_part_bytes = part_most = parts ? 900 : 4 << 20;
        f->before_say = alters_result;
        fed_ask(f, linear);
        fed_run(f);
        proposer = f->study.b[0] % 3;
        (void) snprintf(who, sizeof who, "the result that N%02zu proposes differs", proposer);
        CHECK(f->n_lost == 1);
        check_ended(f, SUND_PARTY_STOPPED, (int) proposer, who, "row");
        check_no_release(f);
        fed_close(f);
    }
    sund_release_part_bytes = part_most = 4 << 20;
    free(w);
}

/** A processor that comes to another last digit of one real: the other nodes differ from the proposer by less than 1e-9. */
static void another_last_digit(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;

    if (p->state != SUND_PARTY_RELEASE || p->has_proposal || i == sund_party_proposer(p) || p->said || !p->release || f->n_lost)
        return;
    f->n_lost = alter(p->release, false);
}

static size_t n_proposal;
static void   counts_proposals(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) f;
    (void) from;
    (void) body;
    n_proposal += e->kind == SUND_MSG_PROPOSE;
}

TEST(nodes_that_differ_in_a_last_digit_take_the_proposers_bytes)
{
    world   *w = fed_world(150, test_rand());
    sund_buf release;

    for (int k = 0; k < 4; k++) {
        bool   differ = k % 2;
        fed   *f = fed_even_open(w, 3);
        size_t n = 0;

        sund_release_part_bytes = part_most = k / 2 ? 900 : 4 << 20;
        n_proposal = 0;
        f->heard = counts_proposals;
        f->before_say = differ ? another_last_digit : NULL;
        fed_ask(f, linear);
        fed_run(f);
        CHECK(f->n_lost == (size_t) differ && (differ || n_proposal == 0));
        for (size_t i = 0; i < f->n; i++)
            CHECK(fed_status(f, i).state == SUND_PARTY_RELEASED);
        release = fed_release(f);
        n = release.n;
        CHECK(n > 100 && (!differ || (k / 2 ? n_proposal > 4 : n_proposal == 2)));
        sund_buf_free(&release);
        fed_close(f);
    }
    sund_release_part_bytes = part_most = 4 << 20;
    free(w);
}

TEST(an_altered_store_stops_the_study_by_file_and_block)
{
    world    *w = fed_world(150, test_rand());
    fed      *f = fed_even_open(w, 3);
    char      path[200];
    sund_buf  b = { 0 };

    (void) snprintf(path, sizeof path, "%s/genotypes.bin", fed_path("store", f->node[1].folder));
    MUST(sund_file_read(path, 1 << 20, &b, err));
    b.p[b.n / 2] ^= 4;
    FILE *file = fopen(path, "r+b"); /* in place: the store is open already */
    CHECK(file != NULL);
    if (file) {
        CHECK(fwrite(b.p, 1, b.n, file) == b.n);
        CHECK(fclose(file) == 0);
    }
    fed_ask(f, linear);
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "genotypes.bin", "block");
    check_no_release(f);
    sund_buf_free(&b);
    fed_close(f);
    free(w);
}

static void swaps_store(fed *f, size_t i)
{
    fed_node *x = &f->node[i];

    if (i != 2 || x->party->state != SUND_PARTY_ROUNDS || x->party->slot.chunk < 2 || f->n_lost)
        return;
    f->n_lost = 1;
    fed_kill(f, i);
    x->seat.store = f->node[1].store; /* comes back with other genotypes */
    MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
}

/** A person withdraws while the study runs, and the node starts again. */
static void withdraws(fed *f, size_t i)
{
    fed_node *x = &f->node[i];

    if (i != 2 || x->party->state != SUND_PARTY_ROUNDS || x->party->slot.chunk < 2 || f->n_lost)
        return;
    f->n_lost = 1;
    MUST(sund_people_withdraw(x->people, "P00005", err));
    fed_kill(f, i);
    MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
}

TEST(a_withdrawal_in_mid_study_is_noticed_at_the_restart)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = withdraws;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(f->n_lost == 1);
    check_ended(f, SUND_PARTY_STOPPED, -1, "the data of N02 changed", "submit it again");
    check_no_release(f);
    fed_close(f);
    free(w);
}

/** The same while the node runs, by another process. */
static void withdraws_elsewhere(fed *f, size_t i)
{
    fed_node    *x = &f->node[i];
    sund_people *other = NULL;

    if (i != 2 || x->party->state != SUND_PARTY_ROUNDS || x->party->slot.chunk < 2 || f->n_lost)
        return;
    f->n_lost = 1;
    MUST(sund_people_open(&other, fed_path("people", x->folder), err));
    MUST(sund_people_withdraw(other, "P00005", err));
    sund_people_close(other);
}

static size_t n_said_after;

static void says_after(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) body;
    n_said_after += f->n_lost && from == 2 && e->kind != SUND_MSG_STOP;
}

TEST(a_withdrawal_in_mid_study_stops_it_at_once)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = withdraws_elsewhere;
    f->heard = says_after;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(f->n_lost == 1 && n_said_after == 0);
    check_ended(f, SUND_PARTY_STOPPED, -1, "stopped by N02: the data of N02 changed", "submit it again");
    check_no_release(f);
    fed_close(f);
    free(w);
}

TEST(another_data_release_in_mid_study_is_named)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = swaps_store;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(f->n_lost == 1);
    check_ended(f, SUND_PARTY_STOPPED, -1, "the data of N02 changed", "submit it again");
    check_no_release(f);
    fed_close(f);
    free(w);
}

/** The hub tells node 1 another sum, properly signed. */
static bool other_total(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    sund_buf out = { 0 };

    (void) index;
    if (to != 1 || e->kind != SUND_MSG_TOTAL)
        return false;
    body->p[body->n - 5] ^= 1;
    sund_envelope_write(e, &f->hub, body->p, body->n, &out);
    sund_buf_free(&out);
    return true;
}

TEST(a_hub_that_tells_two_sums_is_found_out)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->hub_tamper = other_total;
    fed_ask(f, linear);
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "another total", "N01");
    check_no_release(f);
    fed_close(f);
    free(w);
}

static uint8_t n_round;

/** In that round the hub adds wrongly, and tells all nodes the same: the last lane is off by half
 * of its modulus, everything is properly signed. */
static bool adds_wrongly(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    sund_buf out = { 0 };

    (void) index, (void) to;
    if (e->kind != SUND_MSG_TOTAL || body->p[0] != n_round)
        return false;
    body->p[body->n - 1] ^= 0x80;
    sund_envelope_write(e, &f->hub, body->p, body->n, &out);
    sund_buf_free(&out);
    return true;
}

static size_t n_opening;

static void counts_openings(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) body;
    n_opening += e->kind == SUND_MSG_OPEN && f->node[from].party->slot.round == n_round;
}

static void stopped_unopened(const char *more,
                             bool (*hub)(fed *, size_t, uint32_t, sund_envelope *, sund_buf *),
                             bool (*node)(fed *, size_t, const sund_envelope *, sund_buf *))
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    n_opening = 0;
    f->hub_tamper = hub;
    f->tamper = node;
    f->heard = counts_openings;
    fed_ask(f, more);
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "the hub added wrongly", "chunk 0");
    CHECK(n_opening == 0);
    check_no_release(f);
    fed_close(f);
    free(w);
}

TEST(a_hub_that_adds_wrongly_is_caught_before_anything_is_opened)
{
    n_round = 0;
    stopped_unopened("analysis = counts\nstrata = none\nchunk = 16\n", adds_wrongly, NULL);
    stopped_unopened(linear, adds_wrongly, NULL);
    n_round = 1; /* the last lane is a wide one */
    stopped_unopened(linear, adds_wrongly, NULL);
}

/** A node that signs false check sums stops the study, as it could anyway. */
static bool false_sums(fed *f, size_t from, const sund_envelope *e, sund_buf *body)
{
    (void) f;
    if (from != 1 || e->kind != SUND_MSG_SIGN_TOTAL)
        return false;
    body->p[body->n - 1] ^= 1;
    return true;
}

TEST(a_false_check_sum_stops_the_study)
{
    n_round = 0;
    stopped_unopened(linear, NULL, false_sums);
}

/** Node 1 gives its own mask's key away before anybody has signed the total. */
static void opens_early(fed *f, size_t i)
{
    sund_party     *p = f->node[1].party;
    sund_buf        body = { 0 }, bytes = { 0 };
    sund_envelope   e = { .kind = SUND_MSG_OPEN, .about = f->study };
    sund_mask_label label;

    if (i != 1 || f->n_lost || p->state != SUND_PARTY_ROUNDS || !p->has_total || p->said || p->peer[1].signed_total)
        return;
    f->n_lost = 1;
    label = sund_party_label(p);
    e.seq = sund_seq_next(0);
    e.prev = p->peer[1].last;
    sund_slot_write(&p->slot, &body);
    MUST(sund_mask_seal_own(&p->session, &p->key, &label, &body, err));
    sund_envelope_write(&e, &f->node[1].me, body.p, body.n, &bytes);
    MUST(sund_mailbox_post(&f->box, &e, body.p, body.n, err));
    p->said = true;
    sund_buf_free(&body);
    sund_buf_free(&bytes);
}

TEST(a_total_that_not_all_have_signed_is_opened_by_nobody)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    n_opening = n_round = 0;
    f->before_say = opens_early;
    f->heard = counts_openings;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(f->n_lost == 1 && n_opening == 0);
    check_ended(f, SUND_PARTY_STOPPED, -1, "N01 opened a chunk before all had signed its total", "");
    check_no_release(f);
    fed_close(f);
    free(w);
}

/** Killed between its vector and its signature, a node makes the vector again and signs the same
 * sums. */
static void killed_before_signing(fed *f, size_t i)
{
    fed_node *x = &f->node[i];

    if (i != 2 || !x->party->has_total || x->party->peer[2].signed_total ||
        x->party->slot.chunk != 1)
        return;
    f->n_lost++;
    fed_kill(f, i);
    MUST(sund_party_open(&x->party, &x->seat, &f->study, err));
    CHECK(x->party->masked == NULL && x->party->has_total);
}

TEST(a_node_killed_before_it_signs_makes_its_vector_again)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->before_say = killed_before_signing;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(f->n_lost > 0);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED);
    fed_close(f);
    free(w);
}

/** The hub changes the list under a total, and signs it. */
static bool relisted(fed *f, sund_envelope *e, sund_buf *body, void (*change)(fed *f, sund_total *t))
{
    sund_total t;
    sund_buf   out = { 0 }, again = { 0 };

    if (e->kind != SUND_MSG_TOTAL)
        return false;
    MUST(sund_total_read(sund_cur_of(body->p, body->n), &t, err));
    change(f, &t);
    sund_total_write(&t.slot, t.head, t.n_head, &t.sum, &again);
    sund_vec_free(&t.sum);
    sund_buf_clear(body);
    sund_buf_put(body, again.p, again.n);
    sund_envelope_write(e, &f->hub, body->p, body->n, &out);
    sund_buf_free(&again);
    sund_buf_free(&out);
    return true;
}

/* One fewer; node 0's vector in node 2's place; one that node 0 never signed; one that node 2 signed - a copy of its home, say - and did not send. */
static void one_fewer(fed *f, sund_total *t) { (void) f, t->n_head--; }
static void zero_for_two(fed *f, sund_total *t) { (void) f, t->head[2] = t->head[0]; }
static void made_up(fed *f, sund_total *t) { (void) f, t->head[0].body.b[0] ^= 1; }
static void not_sent(fed *f, sund_total *t)
{
    t->head[2].body.b[0] ^= 1;
    MUST(sund_envelope_sign(&t->head[2], &f->node[2].me, t->head[2].n_body, err));
}

static bool short_list(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body) { return (void) to, (void) index, relisted(f, e, body, one_fewer); }
static bool twice_one(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body) { return (void) to, (void) index, relisted(f, e, body, zero_for_two); }
static bool forged_vector(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body) { return (void) to, (void) index, relisted(f, e, body, made_up); }
static bool another_vector(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body) { return (void) index, to == 2 && relisted(f, e, body, not_sent); }

static bool unsigned_total(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    (void) f, (void) to, (void) index, (void) body;
    if (e->kind != SUND_MSG_TOTAL)
        return false;
    memset(e->sig.b, 0, sizeof e->sig.b);
    return true;
}

static bool altered_line(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    (void) f, (void) to, (void) index;
    if (e->kind != SUND_MSG_LINE || strcmp(e->from, "N00") != 0)
        return false;
    body->p[body->n / 2] ^= 1;
    return true;
}

TEST(a_total_over_fewer_nodes_is_refused) { stops(short_list, "lists 2 vectors, the study has 3"); }
TEST(a_total_that_counts_a_node_twice_is_refused) { stops(twice_one, "not N02's"); }
TEST(a_total_with_a_vector_that_its_node_did_not_sign_is_refused) { stops(forged_vector, "signature"); }
TEST(a_total_with_another_own_vector_than_the_one_sent_is_refused) { stops(another_vector, "another vector of N02 than the one it sent"); }
TEST(an_unsigned_total_is_refused) { stops(unsigned_total, "signature"); }
TEST(an_altered_line_is_refused) { stops(altered_line, "altered"); }

/** The hub tells the first chunk's total again when the second one's turn has come, properly signed. */
static bool total_again(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    static sund_buf first;
    sund_buf        out = { 0 };

    (void) index, (void) to;
    if (e->kind != SUND_MSG_TOTAL)
        return false;
    if (body->p[4] == 0) { /* chunk 0 of a round */
        sund_buf_clear(&first);
        sund_buf_put(&first, body->p, body->n);
        return false;
    }
    sund_buf_clear(body);
    sund_buf_put(body, first.p, first.n);
    sund_envelope_write(e, &f->hub, body->p, body->n, &out);
    sund_buf_free(&out);
    return true;
}

/** The same sums under the name of another attempt. */
static bool total_of_another_attempt(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    sund_buf out = { 0 };

    (void) index, (void) to;
    if (e->kind != SUND_MSG_TOTAL)
        return false;
    body->p[8]++;
    sund_envelope_write(e, &f->hub, body->p, body->n, &out);
    sund_buf_free(&out);
    return true;
}

TEST(a_total_of_another_chunk_is_refused) { stops(total_again, "a total that is not of the chunk being summed"); }
TEST(a_total_of_another_attempt_is_refused) { stops(total_of_another_attempt, "a total that is not of the chunk being summed"); }

/* ---- a node's word that is not its own, not of this study, or late ---- */

TEST(the_hub_refuses_words_that_are_not_the_senders_to_say)
{
    world          *w = fed_world(160, test_rand());
    sund_thresholds t = fed_open_data();
    fed            *f = fed_even(w, 4, &t);
    sund_identity   mallory;
    sund_buf        stop = { 0 };
    char            text[4096];
    sund_err        why = { SUND_OK, "" };
    const sund_slot none = { 0, 0, 0 };

    study_text(f, "analysis = counts\nstrata = none\n", text, sizeof text);
    (void) snprintf(strstr(text, ", N03"), 2, "\n"); /* of three of the four */
    f->node[3].away = true;
    fed_submit(f, text);
    sund_stop_write(0, "no more", &stop);
    fed_identity(&mallory, "N02");
    CHECK(fed_post(f, &mallory, SUND_MSG_STOP, &f->study, stop.p, stop.n, &why) == SUND_E_DENIED && strstr(why.msg, "signature of N02 does not match")); /* somebody else's name */
    CHECK(fed_post(f, &f->node[3].me, SUND_MSG_STOP, &f->study, stop.p, stop.n, &why) == SUND_E_DENIED && strstr(why.msg, "N03"));                   /* not its study */
    CHECK(fed_post(f, &f->anna, SUND_MSG_STOP, &f->study, stop.p, stop.n, &why) == SUND_E_DENIED);                                                   /* who asked is no node */
    fed_run(f);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED);
    CHECK(fed_post(f, &f->node[1].me, SUND_MSG_STOP, &f->study, stop.p, stop.n, &why) == SUND_E_DENIED && strstr(why.msg, "ended")); /* late */
    sund_buf_clear(&stop);
    sund_reason_write(&none, "again", &stop);
    CHECK(fed_post(f, &f->node[1].me, SUND_MSG_RETRY, &f->study, stop.p, stop.n, &why) == SUND_E_DENIED && strstr(why.msg, "ended"));
    sund_buf_free(&stop);
    fed_close(f);
    free(w);
}

/* ---- too few ---- */

TEST(fewer_than_three_nodes_with_people_are_refused)
{
    world          *w = fed_world(150, test_rand());
    int             node_of[600] = { 0 };
    sund_thresholds t = sund_thresholds_default();
    fed            *f;

    for (size_t i = 0; i < w->n; i++)
        node_of[i] = i < 9 ? 2 : (int) (i % 2); /* nine people at the third */
    f = fed_open(w, 3, node_of, &t, test_rand());
    fed_ask(f, "analysis = counts\nstrata = none\n");
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "rule parties", "3");
    check_no_release(f);
    fed_close(f);
    f = fed_even(w, 2, &t);
    fed_ask(f, "analysis = counts\nstrata = none\n");
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "rule parties", "3");
    check_no_release(f);
    fed_close(f);
    free(w);
}

TEST(an_operators_refusal_ends_the_study_with_its_reason)
{
    world *w = fed_world(150, test_rand());
    fed   *f = fed_even_open(w, 3);

    f->node[1].dac.approve_all = false;
    fed_ask(f, linear);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    CHECK(fed_status(f, 0).state == SUND_PARTY_LINES);
    CHECK(strcmp(fed_status(f, 0).waiting_for, "N01") == 0);
    MUST(sund_dac_decide(f->node[1].db, &f->node[1].dac, &f->node[1].me, &f->study, SUND_REFUSE, "not for this purpose", "", err));
    fed_run(f);
    check_ended(f, SUND_PARTY_REFUSED, -1, "N01", "not for this purpose");
    check_no_release(f);
    fed_close(f);
    free(w);
}
