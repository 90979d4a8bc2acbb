/* What the hub sees is noise; what anyone alters is noticed, and the message says where. */
#include "fed.h"
#include "test.h"
#include "gate/gate_priv.h"
#include "study/linear_priv.h"
#include "study/party_priv.h"

static const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n";

static world *fresh(size_t n)
{
    world *w = malloc(sizeof *w);

    if (!w)
        abort();
    world_make(w, n, test_rand());
    return w;
}

static fed *federation(const world *w, size_t n, const sund_thresholds *t)
{
    int node_of[600];

    for (size_t i = 0; i < w->n; i++)
        node_of[i] = (int) (i % n);
    return fed_open(w, n, node_of, t, test_rand());
}

static fed *open_federation(const world *w, size_t n)
{
    sund_thresholds t = fed_open_data();

    return federation(w, n, &t);
}

static void submit(fed *f, const char *more)
{
    char text[4096];

    study_text(f, more, text, sizeof text);
    fed_submit(f, text);
}

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

/* ---- masks ---- */

typedef struct listener {
    sund_buf  masked, plain, mask; /* words of every vector that was sent, of what it hides, and their difference */
    uint64_t  equal;               /* words that were sent as they are */
    size_t    n_vector;
    sund_buf  sum[64];             /* plain totals by vector place */
    sund_slot slot[64];
    size_t    n_slot;
} listener;

static void add_plain(listener *l, const sund_slot *slot, const sund_vec *x)
{
    size_t at = 0, n = sund_vec_words(x);

    while (at < l->n_slot && (l->slot[at].round != slot->round || l->slot[at].chunk != slot->chunk || l->slot[at].attempt != slot->attempt))
        at++;
    if (at == 64)
        return;
    if (at == l->n_slot) {
        l->slot[l->n_slot++] = *slot;
        for (size_t i = 0; i < n; i++)
            sund_buf_u64(&l->sum[at], 0);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t was;

        memcpy(&was, l->sum[at].p + 8 * i, 8);
        was += x->w[i];
        memcpy(l->sum[at].p + 8 * i, &was, 8);
    }
}

/** Beside each masked vector, the plain one that the node computed for the same place. */
static void listen(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    listener  *l = f->ctx;
    sund_slot  slot;
    sund_vec   y = { 0, 0, NULL }, x = { 0, 0, NULL };
    sund_party *p = f->node[from].party;

    if (e->kind != SUND_MSG_MASKED)
        return;
    sund_slot_read(&body, &slot);
    MUST(sund_vec_read(&y, body.p, body.n, err));
    MUST(sund_engine_local(&p->engine, p->view, 1, &x, err));
    CHECK(sund_vec_words(&x) == sund_vec_words(&y));
    for (size_t i = 0; i < sund_vec_words(&x); i++) {
        l->equal += x.w[i] == y.w[i];
        sund_buf_u64(&l->masked, y.w[i]);
        sund_buf_u64(&l->plain, x.w[i]);
        sund_buf_u64(&l->mask, y.w[i] - x.w[i]);
    }
    l->n_vector++;
    add_plain(l, &slot, &x);
    sund_vec_free(&x);
    sund_vec_free(&y);
}

static void listener_free(listener *l)
{
    sund_buf_free(&l->masked);
    sund_buf_free(&l->plain);
    sund_buf_free(&l->mask);
    for (size_t i = 0; i < 64; i++)
        sund_buf_free(&l->sum[i]);
}

/** Chi-squared of bytes against uniform, worst of the eight places in a word; in units of its standard deviation above its mean. */
static double uneven(const sund_buf *b)
{
    double worst = -1e9;

    for (size_t lane = 0; lane < 8; lane++) {
        double seen[256] = { 0 }, n = (double) (b->n / 8), chi = 0;

        for (size_t i = lane; i < b->n; i += 8)
            seen[b->p[i]]++;
        for (int v = 0; v < 256; v++)
            chi += (seen[v] - n / 256) * (seen[v] - n / 256) / (n / 256);
        chi = (chi - 255) / sqrt(510);
        worst = chi > worst ? chi : worst;
    }
    return worst;
}

static int by_word(const void *a, const void *b) { return memcmp(a, b, 8); }

static size_t repeats(sund_buf *b)
{
    size_t n = 0;

    qsort(b->p, b->n / 8, 8, by_word);
    for (size_t i = 8; i < b->n; i += 8)
        n += memcmp(b->p + i - 8, b->p + i, 8) == 0;
    return n;
}

/** Words of every total that the hub said. */
static sund_buf hub_totals(fed *f)
{
    sund_rows *rows = NULL;
    sund_buf   out = { 0 };
    bool       more = false;

    MUST(sund_db_query(f->hub_db, &rows, err, "SELECT body FROM message WHERE kind=?", "i", (int64_t) SUND_MSG_TOTAL));
    for (;;) {
        sund_total t;

        MUST(sund_rows_next(rows, &more, err));
        if (!more)
            break;
        MUST(sund_total_read(sund_rows_blob(rows, 0), &t, err));
        for (size_t i = 0; i < sund_vec_words(&t.sum); i++)
            sund_buf_u64(&out, t.sum.w[i]);
        sund_vec_free(&t.sum);
    }
    sund_rows_close(rows);
    return out;
}

/** Breaks the stored digest of the vector that is to be sent next, as a node would find it whose data changed under it. */
static void forget_sent(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;

    if (i == 1 && p->state == SUND_PARTY_ROUNDS && !p->has_total && !p->said && !p->said_masked && p->slot.attempt == 0 && f->n_retry < 3)
        MUST(sund_db_run(f->node[i].db, err, "INSERT OR IGNORE INTO sent(study, round, chunk, attempt, digest) VALUES(?,?,?,?,?)", "biiib", f->study.b, (size_t) 32,
                         (int64_t) p->slot.round, (int64_t) p->slot.chunk, (int64_t) 0, f->study.b, (size_t) 32));
}

TEST(what_the_hub_receives_and_adds_is_noise)
{
    double worst = 0;

    for (int input = 0; input < 2; input++) { /* two different inputs: as generated, and everyone hom-ref */
        world   *w = fresh(W_PEOPLE);
        fed     *f;
        listener l = { .equal = 0 };
        sund_buf totals, got;

        if (input)
            memset(w->gt, 0, sizeof w->gt);
        f = open_federation(w, 5);
        f->ctx = &l;
        f->heard = listen;
        f->before_say = forget_sent;
        submit(f, "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nmissing = drop\nchunk = 9\n");
        fed_run(f);
        got = fed_release(f);
        totals = hub_totals(f);
        CHECK(f->n_retry >= 1); /* attempts that died are among what was heard */
        CHECK(l.n_vector > (input ? 40 : 80));
        CHECK(l.equal == 0);
        CHECK(got.n > 0);
        CHECK(uneven(&l.masked) < 6);
        CHECK(uneven(&totals) < 6);
        CHECK(uneven(&l.plain) > 100); /* the statistics can tell */
        worst = fmax(worst, fmax(uneven(&l.masked), uneven(&totals)));
        CHECK(repeats(&l.mask) == 0);  /* no mask is ever used twice: over chunks, attempts, nodes */
        CHECK(repeats(&l.plain) > 0);
        sund_buf_free(&totals);
        sund_buf_free(&got);
        fed_close(f);
        listener_free(&l);
        free(w);
    }
    printf("# masked vectors and totals: byte chi-squared at most %.1f standard deviations above uniform\n", worst);
}

TEST(a_label_is_never_used_twice)
{
    world        *w = fresh(W_PEOPLE);
    fed          *f = open_federation(w, 3);
    sund_buf      got;
    sund_release *pooled;
    char          text[4096];
    sund_thresholds t = fed_open_data();

    f->before_say = forget_sent;
    study_text(f, linear, text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    CHECK(f->n_retry >= 1);
    got = fed_release(f);
    pooled = world_pooled(w, f, text, &t, 2);
    CHECK(same_table(&got, pooled)); /* the attempt after gives the same answer */
    sund_release_free(pooled);
    sund_buf_free(&got);
    fed_close(f);
    free(w);
}

typedef struct remember { sund_buf first[16]; sund_slot slot[16]; size_t n, again, same; } remember;

static void remember_masked(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    remember *r = f->ctx;
    sund_cur  c = body;
    sund_slot s;

    if (from != 0 || e->kind != SUND_MSG_MASKED)
        return;
    sund_slot_read(&c, &s);
    for (size_t i = 0; i < r->n; i++)
        if (memcmp(&r->slot[i], &s, sizeof s) == 0) {
            r->again++;
            r->same += r->first[i].n == body.n && memcmp(r->first[i].p, body.p, body.n) == 0;
            return;
        }
    if (r->n < 16) {
        r->slot[r->n] = s;
        sund_buf_put(&r->first[r->n++], body.p, body.n);
    }
}

TEST(a_killed_node_says_the_same_bytes_again)
{
    world   *w = fresh(W_PEOPLE);
    fed     *f = open_federation(w, 3);
    remember r = { .n = 0 };

    f->ctx = &r;
    f->heard = remember_masked;
    f->kill_one_in = 4;
    f->lose_one_in = 2;
    submit(f, linear);
    fed_run(f);
    CHECK(r.again > 0 && r.again == r.same);
    CHECK(f->n_retry == 0);
    CHECK(fed_status(f, 0).state == SUND_PARTY_RELEASED);
    for (size_t i = 0; i < 16; i++)
        sund_buf_free(&r.first[i]);
    fed_close(f);
    free(w);
}

/* ---- eligibility ---- */

enum { RARE = 5, FEW_MISSING = 10 };

/** Two carriers with a trait of their own, and a common variant that three people lack. */
static world *marked_world(void)
{
    world *w = fresh(W_PEOPLE);

    for (size_t i = 0; i < w->n; i++) {
        w->gt[RARE][i] = i == 17 || i == 100;
        if (w->gt[FEW_MISSING][i] == SUND_GT_MISSING)
            w->gt[FEW_MISSING][i] = 1;
    }
    for (size_t i = 3; i < 6; i++)
        w->gt[FEW_MISSING][i] = SUND_GT_MISSING;
    w->trait[17] = 31.2345;
    w->trait[100] = 16.1111;
    return w;
}

/** Whether any plain total after the first round holds the carriers' summed outcome, in any of the scalings of a sum. */
static size_t carriers_read(const listener *l, const world *w)
{
    double raw = 10000 * (w->trait[17] + w->trait[100]);
    size_t hits = 0;

    for (size_t k = 0; k < l->n_slot; k++)
        for (size_t i = 0; l->slot[k].round > 0 && i + 8 <= l->sum[k].n; i += 8) {
            int64_t x;

            memcpy(&x, l->sum[k].p + i, 8);
            for (unsigned shift = 0; shift < 40; shift++)
                hits += llabs(x / (1LL << shift)) == llround(raw);
        }
    return hits;
}

static size_t lanes_in_phase2(bool open, size_t *n_variant, size_t *hits, bool *few_missing)
{
    world          *w = marked_world();
    sund_thresholds t = open ? fed_open_data() : sund_thresholds_default();
    fed            *f = federation(w, 3, &t);
    listener        l = { .equal = 0 };
    linear_own     *own;
    size_t          n = 0;

    f->ctx = &l;
    f->heard = listen;
    submit(f, linear);
    fed_run(f);
    own = f->node[0].party->engine.state.own;
    *n_variant = own->n_eligible;
    *few_missing = false;
    for (size_t k = 0; k < own->n_eligible; k++) {
        n += own->eligible[k] == RARE;
        *few_missing = *few_missing || own->eligible[k] == FEW_MISSING;
    }
    *hits = carriers_read(&l, w);
    for (size_t i = 0; i < 3; i++)
        CHECK(fed_status(f, i).state == SUND_PARTY_RELEASED);
    listener_free(&l);
    fed_close(f);
    free(w);
    return n;
}

TEST(carriers_of_a_rare_variant_cannot_be_read_from_totals)
{
    size_t n_open, n_controlled, hits;
    bool   few;

    CHECK(lanes_in_phase2(true, &n_open, &hits, &few) == 1);
    CHECK(hits > 0); /* with open data the sum is there, and this test finds it */
    CHECK(few);
    CHECK(lanes_in_phase2(false, &n_controlled, &hits, &few) == 0);
    CHECK(hits == 0);
    CHECK(!few); /* one to nine people without a genotype make a variant ineligible */
    CHECK(n_controlled > 10 && n_controlled < n_open);
    printf("# phase 2: %zu variants of open data, %zu of controlled data\n", n_open, n_controlled);
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

static void refused_everywhere(bool (*lie)(fed *, size_t, uint32_t, sund_envelope *, sund_buf *), const char *why)
{
    world *w = fresh(120);
    fed   *f = open_federation(w, 3);

    f->hub_tamper = lie;
    submit(f, linear);
    fed_run(f);
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        CHECK(s.state == SUND_PARTY_REFUSED || s.state == SUND_PARTY_STOPPED || s.state == SUND_PARTY_APPROVAL);
        CHECK(strstr(s.detail, why) != NULL);
        if (!strstr(s.detail, why))
            fprintf(stderr, "# %s: %s\n", sund_party_state_name(s.state), s.detail);
    }
    check_no_release(f);
    fed_close(f);
    free(w);
}

TEST(a_study_changed_after_signing_is_refused_at_every_node) { refused_everywhere(changed_text, "altered"); }
TEST(a_study_signed_with_another_key_is_refused_at_every_node) { refused_everywhere(other_key, "signature"); }
TEST(a_study_signed_by_a_node_is_refused_at_every_node) { refused_everywhere(by_a_node, "N00"); }

TEST(the_hub_refuses_submissions_that_are_not_the_researchers)
{
    world        *w = fresh(120);
    fed          *f = open_federation(w, 3);
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
    world        *w = fresh(120);
    fed          *f = open_federation(w, 3);
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
    world *w = fresh(150);
    fed   *f = open_federation(w, 3);

    f->tamper = lies_about_release;
    submit(f, linear);
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, 1, "N01 signed another result", "altered program");
    check_no_release(f);
    fed_close(f);
    free(w);
}

/** An altered program at the proposer: one digit of one number differs. */
static void alters_result(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;
    uint8_t    *digit;

    if (p->state != SUND_PARTY_RELEASE || p->has_proposal || i != sund_party_proposer(p) || p->said || !p->release || f->n_lost)
        return;
    f->n_lost = 1; /* once */
    uint32_t n_table;
    memcpy(&n_table, p->release->bytes.p, 4);
    digit = p->release->bytes.p + 4 + n_table;
    while (digit[-1] != '\t')
        digit--;
    *digit = *digit == '9' ? '8' : (uint8_t) (*digit + 1);
}

TEST(an_altered_proposal_stops_the_study)
{
    world *w = fresh(150);
    fed   *f = open_federation(w, 3);
    char   who[40];
    size_t proposer;

    f->before_say = alters_result;
    submit(f, linear);
    fed_run(f);
    proposer = f->study.b[0] % 3;
    (void) snprintf(who, sizeof who, "the result that N%02zu proposes differs", proposer);
    CHECK(f->n_lost == 1);
    check_ended(f, SUND_PARTY_STOPPED, (int) proposer, who, "row");
    check_no_release(f);
    fed_close(f);
    free(w);
}

TEST(an_altered_store_stops_the_study_by_file_and_block)
{
    world    *w = fresh(150);
    fed      *f = open_federation(w, 3);
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
    submit(f, linear);
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

TEST(another_data_release_in_mid_study_is_named)
{
    world *w = fresh(150);
    fed   *f = open_federation(w, 3);

    f->before_say = swaps_store;
    submit(f, linear);
    fed_run(f);
    CHECK(f->n_lost == 1);
    check_ended(f, SUND_PARTY_STOPPED, -1, "N02 pinned data release", "submit the study again");
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
    world *w = fresh(150);
    fed   *f = open_federation(w, 3);

    f->hub_tamper = other_total;
    submit(f, linear);
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "another total", "N01");
    check_no_release(f);
    fed_close(f);
    free(w);
}

/** The hub leaves one node's vector out of the list. */
static bool short_list(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    sund_total t;
    sund_buf   out = { 0 }, again = { 0 };

    (void) to, (void) index;
    if (e->kind != SUND_MSG_TOTAL)
        return false;
    MUST(sund_total_read(sund_cur_of(body->p, body->n), &t, err));
    sund_total_write(&t.slot, t.head, t.n_head - 1, &t.sum, &again);
    sund_vec_free(&t.sum);
    sund_buf_clear(body);
    sund_buf_put(body, again.p, again.n);
    sund_envelope_write(e, &f->hub, body->p, body->n, &out);
    sund_buf_free(&again);
    sund_buf_free(&out);
    return true;
}

/** The hub lists node 0's vector in node 2's place. */
static bool twice_one(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body)
{
    sund_total t;
    sund_buf   out = { 0 }, again = { 0 };

    (void) to, (void) index;
    if (e->kind != SUND_MSG_TOTAL)
        return false;
    MUST(sund_total_read(sund_cur_of(body->p, body->n), &t, err));
    t.head[2] = t.head[0];
    sund_total_write(&t.slot, t.head, t.n_head, &t.sum, &again);
    sund_vec_free(&t.sum);
    sund_buf_clear(body);
    sund_buf_put(body, again.p, again.n);
    sund_envelope_write(e, &f->hub, body->p, body->n, &out);
    sund_buf_free(&again);
    sund_buf_free(&out);
    return true;
}

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

static void stops(bool (*lie)(fed *, size_t, uint32_t, sund_envelope *, sund_buf *), const char *why)
{
    world *w = fresh(150);
    fed   *f = open_federation(w, 3);

    f->hub_tamper = lie;
    submit(f, linear);
    fed_run(f);
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        CHECK(s.state == SUND_PARTY_STOPPED || s.state == SUND_PARTY_REFUSED);
        CHECK(strstr(s.detail, why) != NULL);
        if (!strstr(s.detail, why))
            fprintf(stderr, "# %s: %s\n", sund_party_state_name(s.state), s.detail);
    }
    check_no_release(f);
    fed_close(f);
    free(w);
}

TEST(a_total_over_fewer_nodes_is_refused) { stops(short_list, "lists 2 vectors, the study has 3"); }
TEST(a_total_that_counts_a_node_twice_is_refused) { stops(twice_one, "not N02's"); }
TEST(an_unsigned_total_is_refused) { stops(unsigned_total, "signature"); }
TEST(an_altered_line_is_refused) { stops(altered_line, "altered"); }

/* ---- too few ---- */

TEST(fewer_than_three_nodes_with_people_are_refused)
{
    world          *w = fresh(150);
    int             node_of[600] = { 0 };
    sund_thresholds t = sund_thresholds_default();
    fed            *f;

    for (size_t i = 0; i < w->n; i++)
        node_of[i] = i < 9 ? 2 : (int) (i % 2); /* nine people at the third */
    f = fed_open(w, 3, node_of, &t, test_rand());
    submit(f, "analysis = counts\nstrata = none\n");
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "rule parties", "3");
    check_no_release(f);
    fed_close(f);
    f = federation(w, 2, &t);
    submit(f, "analysis = counts\nstrata = none\n");
    fed_run(f);
    check_ended(f, SUND_PARTY_STOPPED, -1, "rule parties", "3");
    check_no_release(f);
    fed_close(f);
    free(w);
}

TEST(an_operators_refusal_ends_the_study_with_its_reason)
{
    world *w = fresh(150);
    fed   *f = open_federation(w, 3);

    f->node[1].seat.approve_all = false;
    submit(f, linear);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    CHECK(fed_status(f, 0).state == SUND_PARTY_LINES);
    CHECK(strcmp(fed_status(f, 0).waiting_for, "N01") == 0);
    MUST(sund_party_decide(f->node[1].db, &f->study, false, "not for this purpose", err));
    fed_run(f);
    check_ended(f, SUND_PARTY_REFUSED, -1, "N01", "not for this purpose");
    check_no_release(f);
    fed_close(f);
    free(w);
}
