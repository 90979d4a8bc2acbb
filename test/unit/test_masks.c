/* What the hub sees is noise, and what is opened holds no rare carrier. */
#include "fed.h"
#include "study/linear_priv.h"
#include "study/party_priv.h"
#include "test.h"

static const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nchunk = 16\n";

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
    MUST(sund_engine_compute(&p->engine, p->view, p->engine.chunk, 1, &x, err));
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
        world   *w = fed_world(W_PEOPLE, test_rand());
        fed     *f;
        listener l = { .equal = 0 };
        sund_buf totals, got;

        if (input)
            memset(w->gt, 0, sizeof w->gt);
        f = fed_even_open(w, 5);
        f->ctx = &l;
        f->heard = listen;
        f->before_say = forget_sent;
        fed_ask(f, "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\nmissing = drop\nchunk = 9\n");
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
    world        *w = fed_world(W_PEOPLE, test_rand());
    fed          *f = fed_even_open(w, 3);
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
    CHECK(same_tables(&got, pooled)); /* the attempt after gives the same answer */
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
    world   *w = fed_world(W_PEOPLE, test_rand());
    fed     *f = fed_even_open(w, 3);
    remember r = { .n = 0 };

    f->ctx = &r;
    f->heard = remember_masked;
    f->kill_one_in = 4;
    f->lose_one_in = 2;
    fed_ask(f, linear);
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
    world *w = fed_world(W_PEOPLE, test_rand());

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
    fed            *f = fed_even(w, 3, &t);
    listener        l = { .equal = 0 };
    linear_own     *own;
    size_t          n = 0;

    f->ctx = &l;
    f->heard = listen;
    fed_ask(f, linear);
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
