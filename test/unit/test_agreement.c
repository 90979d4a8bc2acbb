/* Agreements between countries: what is taken up, what they approve, sums of two, ends. */
#include "fed.h"
#include "node/notices.h"
#include "study/analysis.h"
#include "study/notices.h"
#include "study/tally.h"
#include "test.h"

static const char *const counts = "analysis = counts\nstrata = none\nchunk = 16\n";

typedef struct terms { const char *purposes, *analyses, *expires; bool two; } terms;
static const terms usual = { "general-research, HMB", "counts, linear", "2099-12-31", false };

/** An agreement of the first n nodes, unsigned. */
static sund_buf draft(const fed *f, size_t n, terms t)
{
    sund_buf b = { 0 };
    char     hex[65];

    sund_buf_printf(&b, "[agreement]\nname = north-1\nexpires = %s\npurposes = %s\nanalyses = %s\ntwo_party = %s\n", t.expires, t.purposes, t.analyses, t.two ? "yes" : "no");
    for (size_t i = 0; i < n; i++) {
        sund_hex(f->node[i].me.pub.b, 32, hex);
        sund_buf_printf(&b, "\n[party %s]\nsign = %s\ndata = %s, other\n", f->node[i].me.id, hex, f->node[i].me.id);
    }
    sund_buf_text(&b, "\n");
    return b;
}

static sund_buf signed_draft(const fed *f, size_t n, terms t)
{
    sund_buf b = draft(f, n, t);

    for (size_t i = 0; i < n; i++)
        MUST(sund_agreement_sign(b.p, b.n, &f->node[i].me, NULL, &b, err));
    return b;
}

static sund_agreement_eye eye(const fed *f, size_t i) { return (sund_agreement_eye){ f->node[i].db, &f->roster, &f->node[i].dac, f->node[i].me.id }; }

/** "" when node i takes it up, else why not. */
static const char *install(const fed *f, size_t i, const sund_buf *b)
{
    static sund_err       why;
    static sund_agreement a;
    sund_agreement_eye    e = eye(f, i);

    why = (sund_err){ SUND_OK, "" };
    return sund_agreement_install(&e, "agreement", b->p, b->n, &a, &why) == SUND_OK ? "" : why.msg;
}

static void install_everywhere(fed *f, size_t n, terms t)
{
    sund_buf b = signed_draft(f, n, t);

    for (size_t i = 0; i < f->n; i++) {
        f->node[i].dac.approve_all = false;
        if (i < n)
            CHECK(install(f, i, &b)[0] == 0);
    }
    sund_buf_free(&b);
}

static void all_are(fed *f, sund_party_state state, const char *words)
{
    for (size_t i = 0; i < f->n; i++) {
        sund_party_status s = fed_status(f, i);

        if (s.state != state || !strstr(s.detail, words))
            fprintf(stderr, "# %s: %s: %s (want %s)\n", f->node[i].me.id, sund_party_state_name(s.state), s.detail, words);
        CHECK(s.state == state);
        CHECK(strstr(s.detail, words) != NULL);
    }
}

static bool says(const char *got, const char *want)
{
    if (!strstr(got, want))
        fprintf(stderr, "# \"%s\", want \"%s\"\n", got, want);
    return strstr(got, want) != NULL;
}

/** The first place of a text in a buffer becomes other bytes of the same length. */
static void change(sund_buf *b, const char *from, const char *to)
{
    char *at = memmem(b->p, b->n, from, strlen(from));

    CHECK(at != NULL && strlen(from) == strlen(to));
    if (at)
        memcpy(at, to, strlen(to));
}

TEST(forged_altered_partly_signed_and_expired_agreements_are_refused_by_name)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_identity mallory;
    sund_buf      b;

    b = draft(f, 3, usual);
    CHECK(says(install(f, 0, &b), "N00 has not signed"));
    MUST(sund_agreement_sign(b.p, b.n, &f->node[0].me, NULL, &b, err));
    MUST(sund_agreement_sign(b.p, b.n, &f->node[1].me, NULL, &b, err));
    CHECK(says(install(f, 0, &b), "N02 has not signed"));
    fed_identity(&mallory, "N02");
    MUST(sund_agreement_sign(b.p, b.n, &mallory, NULL, &b, err));
    CHECK(says(install(f, 0, &b), "signature of N02 does not match"));
    sund_buf_free(&b);

    b = signed_draft(f, 3, usual);
    change(&b, "counts, linear", "counts,    any");
    CHECK(says(install(f, 1, &b), "does not match; it was changed"));
    sund_buf_free(&b);
    b = signed_draft(f, 3, usual);
    sund_buf_text(&b, "[party N03]\ndata = x\n");
    CHECK(says(install(f, 1, &b), "signed by nobody"));
    sund_buf_free(&b);
    b = signed_draft(f, 3, (terms){ "general-research", "counts", "2026-01-31", false });
    CHECK(says(install(f, 1, &b), "north-1") && says(install(f, 1, &b), "expired on 2026-01-31"));
    sund_buf_free(&b);
    b = signed_draft(f, 2, usual);
    CHECK(says(install(f, 2, &b), "N02 is no party"));
    sund_buf_free(&b);

    fed_identity(&mallory, "N01");
    { /* a whole agreement of other keys */
        sund_identity was = f->node[1].me;

        f->node[1].me = mallory;
        b = signed_draft(f, 3, usual);
        f->node[1].me = was;
    }
    CHECK(says(install(f, 0, &b), "names N01 with another key than the roster"));
    sund_buf_free(&b);
    b = signed_draft(f, 3, usual);
    CHECK(install(f, 0, &b)[0] == 0 && install(f, 0, &b)[0] == 0);
    sund_buf_free(&b);
    fed_close(f);
    free(w);
}

TEST(a_file_that_is_no_agreement_says_why)
{
    static const struct { const char *from, *to, *why; } at[] = {
        { "name = north-1", "name = north 1", "name" },
        { "2099-12-31", "2099-02-30", "expires" },
        { "HMB", "HNB", "purposes" },
        { "linear", "lineal", "analyses" },
        { "two_party = no", "two_party = 02", "two_party" },
        { "[party N01]", "[party N 1]", "[party NODE]" },
        { "data = N00, other", "data =           ", "data" },
        { "[agreement]", "[agreemint]", "agreemint" },
        { "two_party = no", "cell_min  = 9 ", "cell_min" },
    };
    world         *w = fed_world(120, test_rand());
    fed           *f = fed_even_open(w, 3);
    sund_agreement a;

    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        sund_buf b = draft(f, 3, usual);
        sund_err why = { SUND_OK, "" };

        change(&b, at[k].from, at[k].to);
        CHECK(sund_agreement_parse(&a, "north.ini", b.p, b.n, &why) != SUND_OK);
        CHECK(says(why.msg, at[k].why));
        sund_buf_free(&b);
    }
    {
        sund_buf b = draft(f, 3, (terms){ "HMB", "any", "2099-12-31", true });
        sund_err why = { SUND_OK, "" };

        CHECK(sund_agreement_parse(&a, "north.ini", b.p, b.n, &why) == SUND_E_FORMAT && says(why.msg, "exactly two"));
        sund_buf_free(&b);
    }
    fed_close(f);
    free(w);
}

TEST(a_committee_signs_with_its_node)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_identity maria, eve;
    sund_dac     *dac = &f->node[1].dac;
    sund_buf      b;

    fed_identity(&maria, "maria");
    fed_identity(&eve, "maria");
    dac->committee = true;
    (void) snprintf(dac->member[0].id, sizeof dac->member[0].id, "maria");
    dac->member[0].key = maria.pub;
    for (int k = 0; k < 3; k++) {
        b = draft(f, 3, usual);
        for (size_t i = 0; i < 3; i++)
            MUST(sund_agreement_sign(b.p, b.n, &f->node[i].me, i != 1 || k == 0 ? NULL : k == 1 ? &eve : &maria, &b, err));
        if (k < 2)
            CHECK(says(install(f, 1, &b), "no member of the committee of N01"));
        else
            CHECK(install(f, 1, &b)[0] == 0);
        CHECK(install(f, 0, &b)[0] == 0);
        sund_buf_free(&b);
    }
    fed_close(f);
    free(w);
}

TEST(studies_inside_are_approved_and_say_by_what)
{
    static const struct { terms t; const char *more, *why; } at[] = {
        { { "general-research", "counts", "2099-12-31", false }, "analysis = counts\nstrata = none\n", NULL },
        { { "GRU", "any", "2099-12-31", false }, "analysis = counts\nstrata = none\n", NULL },
        { { "HMB", "any", "2099-12-31", false }, "analysis = counts\nstrata = none\n", "purpose general-research" },
        { { "HMB, health-research, NRES", "any", "2099-12-31", false }, "analysis = counts\nstrata = none\n", NULL },
        { { "GRU, NPUNCU", "any", "2099-12-31", false }, "analysis = counts\nstrata = none\n", "purpose" }, /* a condition that cannot be checked */
        { { "GRU", "linear", "2099-12-31", false }, "analysis = counts\nstrata = none\n", "analysis counts" },
    };

    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        world         *w = fed_world(120, test_rand());
        fed           *f = fed_even_open(w, 3);
        sund_study    *s = calloc(1, sizeof *s);
        sund_agreement a;
        char           text[4096], why[200];
        bool           found;

        install_everywhere(f, 3, at[k].t);
        study_text(f, at[k].more, text, sizeof text);
        MUST(sund_study_parse(s, "study", text, strlen(text), err));
        fed_submit(f, text);
        fed_run(f);
        for (size_t i = 0; i < 3; i++) {
            sund_agreement_eye e = eye(f, i);

            MUST(sund_agreement_find(&e, s, &a, &found, why, err));
            CHECK(found == !at[k].why);
            CHECK(found || says(why, at[k].why));
        }
        if (at[k].why)
            CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
        else
            all_are(f, SUND_PARTY_RELEASED, "rows");
        if (!at[k].why) {
            int64_t n = 0;

            MUST(sund_db_i64(f->node[1].db, &n, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='decision' AND text LIKE 'approved: within agreement north-1 (%'", ""));
            CHECK(n == 1);
        }
        free(s);
        fed_close(f);
        free(w);
    }
}

TEST(another_data_set_or_node_is_not_inside)
{
    world *w = fed_world(160, test_rand());
    fed   *f = fed_even_open(w, 4);

    install_everywhere(f, 4, usual);
    f->node[2].seat.data = "registry";
    fed_ask(f, counts);
    fed_run(f);
    CHECK(fed_status(f, 2).state == SUND_PARTY_APPROVAL);
    CHECK(fed_status(f, 1).state == SUND_PARTY_LINES);
    fed_close(f);
    f = fed_even_open(w, 4);
    install_everywhere(f, 3, usual); /* the study asks a fourth */
    fed_ask(f, counts);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    fed_close(f);
    free(w);
}

TEST(an_agreement_altered_in_the_database_approves_nothing)
{
    world *w = fed_world(120, test_rand());
    fed   *f = fed_even_open(w, 3);

    install_everywhere(f, 3, (terms){ "HMB", "any", "2099-12-31", false });
    MUST(sund_db_script(f->node[1].db, "UPDATE agreement SET text=CAST(replace(CAST(text AS TEXT), 'HMB', 'GRU') AS BLOB)", err));
    fed_ask(f, counts);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    fed_close(f);
    free(w);
}

/* ---- ends ---- */

static size_t n_sent, end_after;

static void counts_sent(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) f, (void) e, (void) body;
    n_sent += from == 1;
}

/** Node 0 hears that N02 has revoked, in the middle. */
static void ends_agreement(fed *f, size_t i)
{
    sund_digest d = { { 0 } };
    sund_rows  *rows = NULL;
    bool        more = false;
    sund_cur    c;

    if (i != 0 || n_sent < end_after || fed_status(f, 0).state == SUND_PARTY_APPROVAL)
        return;
    MUST(sund_db_query(f->node[0].db, &rows, err, "SELECT digest FROM agreement", ""));
    MUST(sund_rows_next(rows, &more, err));
    c = sund_rows_blob(rows, 0);
    (void) sund_cur_copy(&c, d.b, 32);
    sund_rows_close(rows);
    MUST(sund_agreement_end(f->node[0].db, &d, end_after % 2 ? "N02" : "N07", false, "a new law", err));
}

TEST(what_runs_by_an_agreement_stops_when_a_party_revokes_it)
{
    for (end_after = 1; end_after < 8; end_after++) {
        world *w = fed_world(120, test_rand());
        fed   *f = fed_even_open(w, 3);

        install_everywhere(f, 3, usual);
        n_sent = 0;
        f->heard = counts_sent;
        f->before_say = ends_agreement;
        fed_ask(f, counts);
        fed_run(f);
        if (end_after % 2)
            all_are(f, SUND_PARTY_STOPPED, "was revoked by N02: a new law");
        else
            all_are(f, SUND_PARTY_RELEASED, "rows"); /* N07 is no party: its word is nothing */
        fed_close(f);
        free(w);
    }
}

TEST(after_its_end_nothing_is_approved_by_it_and_it_is_not_taken_up_again)
{
    world      *w = fed_world(120, test_rand());
    fed        *f = fed_even_open(w, 3);
    sund_buf    b = signed_draft(f, 3, usual), body = { 0 };
    sund_digest d = sund_digest_of(b.p, sund_signed_part((const char *) b.p, b.n)), got;
    char        reason[SUND_DAC_REASON_MAX + 1];
    bool        any = false;
    int64_t     n = 0;
    sund_err    why = { SUND_OK, "" };

    install_everywhere(f, 3, usual);
    CHECK(sund_agreement_revoke(f->node[1].db, &d, &f->node[1].me, NULL, "", &why) == SUND_E_ARG);
    CHECK(sund_agreement_revoke(f->node[1].db, &d, &f->node[1].me, NULL, "a new law", &why) == SUND_OK);
    CHECK(sund_agreement_revoke(f->node[1].db, &d, &f->node[1].me, NULL, "again", &why) == SUND_E_MISMATCH);
    CHECK(says(install(f, 1, &b), "was revoked by N01: a new law"));
    fed_ask(f, counts);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_APPROVAL);
    CHECK(fed_status(f, 0).state == SUND_PARTY_LINES); /* has not heard of it */
    MUST(sund_end_untold(f->node[1].db, &any, &got, reason, err));
    CHECK(any && sund_digest_eq(&got, &d) && strcmp(reason, "a new law") == 0);
    sund_end_write(&got, reason, &body);
    MUST(sund_end_read(sund_cur_of(body.p, body.n), &got, reason, err));
    MUST(sund_end_told(f->node[1].db, &d, "N01", err));
    MUST(sund_end_untold(f->node[1].db, &any, &got, reason, err));
    CHECK(!any);
    MUST(sund_db_i64(f->node[1].db, &n, 0, err, "SELECT COUNT(*) FROM ledger WHERE kind='agreement' AND text LIKE 'revoked by N01: a new law%'", ""));
    CHECK(n == 1);
    sund_buf_free(&b);
    sund_buf_free(&body);
    fed_close(f);
    free(w);
}

/* ---- words for all nodes ---- */

static sund_envelope word(const sund_identity *as, uint16_t kind, const sund_digest *about, const sund_buf *body)
{
    sund_envelope e = { .kind = kind, .channel = 1, .seq = sund_seq_next(0), .about = *about };
    sund_buf      bytes = { 0 };

    sund_envelope_write(&e, as, body->p, body->n, &bytes);
    sund_buf_free(&bytes);
    return e;
}

static int64_t ends_known(const fed *f, size_t i)
{
    int64_t n = 0;

    MUST(sund_db_i64(f->node[i].db, &n, 0, err, "SELECT COUNT(*) FROM agreement_end", ""));
    return n;
}

TEST(the_hub_keeps_the_ends_of_agreements_in_one_log_and_forges_none)
{
    world        *w = fed_world(120, test_rand());
    fed          *f = fed_even_open(w, 3);
    sund_home     h = { .db = f->node[0].db, .roster = f->roster };
    sund_digest   d = sund_digest_of("an agreement", 12), other = sund_digest_of("another", 7);
    sund_identity mallory;
    sund_buf      body = { 0 }, known = { 0 }, out = { 0 };
    bool          any = false;
    int64_t       next = 0;
    sund_err      why = { SUND_OK, "" };

    sund_end_write(&d, "a new law", &body);
    fed_identity(&mallory, "N01");
    const struct { const sund_identity *as; uint16_t kind; const sund_digest *about; bool cut, good; } at[] = {
        { &mallory, SUND_MSG_AGREEMENT_END, &d, false, false },         /* another key */
        { &f->anna, SUND_MSG_AGREEMENT_END, &d, false, false },         /* no node */
        { &f->hub, SUND_MSG_AGREEMENT_END, &d, false, false },          /* the hub itself */
        { &f->node[1].me, SUND_MSG_STOP, &d, false, false },            /* another kind */
        { &f->node[1].me, SUND_MSG_AGREEMENT_END, &other, false, false }, /* about another */
        { &f->node[1].me, SUND_MSG_AGREEMENT_END, &d, true, false },    /* another body */
        { &f->node[1].me, SUND_MSG_AGREEMENT_END, &d, false, true },
        { &f->node[1].me, SUND_MSG_AGREEMENT_END, &d, false, true },    /* again */
    };
    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        sund_envelope e = word(at[k].as, at[k].kind, at[k].about, &body);

        MUST(sund_notice_take(&h, (uint32_t) k, &e, sund_cur_of(body.p, body.n - at[k].cut), err));
        CHECK(ends_known(f, 0) == at[k].good);
    }
    MUST(sund_db_i64(h.db, &next, 0, err, "SELECT next FROM notices_heard", ""));
    CHECK(next == (int64_t) (sizeof at / sizeof at[0])); /* what was forged is passed over, not asked for again */

    for (int i = 0; i < 1000; i++) {
        sund_digest   x = sund_digest_of(&i, sizeof i);
        sund_envelope e = word(&f->node[1].me, SUND_MSG_AGREEMENT_END, &x, &body);

        MUST(sund_notices_post(&f->box, &e, body.p, body.n, err));
        MUST(i ? SUND_OK : sund_notices_post(&f->box, &e, body.p, body.n, err)); /* the same again is one */
    }
    {
        sund_envelope e = word(&f->node[1].me, SUND_MSG_AGREEMENT_END, &d, &body), of = word(&f->node[2].me, SUND_MSG_AGREEMENT_END, &d, &body);

        CHECK(sund_notices_post(&f->box, &e, body.p, body.n, &why) == SUND_E_LIMIT);
        CHECK(sund_notices_post(&f->box, &of, body.p, body.n, &why) == SUND_OK); /* the others have their own room */
    }
    sund_buf_put(&known, (const uint8_t[32]){ 0 }, 32);
    sund_buf_u32(&known, 1000);
    MUST(sund_mailbox_batch(&f->box, "N00", sund_cur_of(known.p, known.n), 1 << 20, &out, &any, err));
    CHECK(any && out.n == 32 + 4 + SUND_ENVELOPE_SIZE + 4 + body.n);
    sund_buf_free(&body);
    sund_buf_free(&known);
    sund_buf_free(&out);
    fed_close(f);
    free(w);
}

/* ---- sums of two ---- */

/** Own counts of variant j among the people of node i of two. */
static bool passes(const world *w, size_t j, size_t node)
{
    int n[3][4] = { { 0 } };

    for (size_t i = node; i < w->n; i += 2)
        n[w->sex[i]][w->gt[j][i] == SUND_GT_MISSING ? 3 : w->gt[j][i]]++;
    for (int s = 1; s <= 2; s++)
        if (n[s][0] < 10 || n[s][1] < 10 || n[s][2] < 10 || (n[s][3] > 0 && n[s][3] < 10))
            return false;
    return true;
}

static void two_nodes(fed *f, const char *analysis, size_t from, size_t to)
{
    char more[400];

    (void) snprintf(more, sizeof more, "%sstrata = none\nregion = 20:%zu-%zu\n", analysis, 1001 + 100 * from, 1001 + 100 * to);
    fed_ask(f, more);
    fed_run(f);
}

TEST(two_nodes_may_only_sum_by_their_agreement_and_when_each_ones_own_counts_pass)
{
    sund_thresholds   t = sund_thresholds_default();
    world            *w = fed_world(600, test_rand());
    const char *const linear = "analysis = linear\noutcome = trait\ncovariates = age, sex\n";
    size_t            good = W_VARIANTS, bad = W_VARIANTS;

    for (size_t j = 0; j < W_VARIANTS; j++) {
        good = good == W_VARIANTS && passes(w, j, 0) && passes(w, j, 1) ? j : good;
        bad = bad == W_VARIANTS && !passes(w, j, 1) ? j : bad;
    }
    CHECK(good < W_VARIANTS && bad < W_VARIANTS);
    for (int k = 0; k < 6; k++) {
        fed *f = fed_even(w, 2, &t);

        if (k)
            install_everywhere(f, 2, (terms){ "GRU", "any", "2099-12-31", k != 1 });
        for (size_t i = 0; k == 1 && i < 2; i++)
            f->node[i].dac.approve_all = true; /* a decision does not make up for the agreement */
        if (k == 5)
            two_nodes(f, "analysis = duplicates\n", good, good);
        else
            two_nodes(f, k == 3 ? linear : "analysis = counts\n", k == 4 ? bad : good, k == 4 ? bad : good);
        if (k < 2)
            all_are(f, SUND_PARTY_STOPPED, "rule parties: at least 3 nodes");
        else if (k < 4)
            all_are(f, SUND_PARTY_RELEASED, "1 rows");
        else if (k == 4)
            all_are(f, SUND_PARTY_STOPPED, "rule parties: with two nodes the other one learns");
        else
            all_are(f, SUND_PARTY_STOPPED, "the analysis duplicates has no rules for the sums of one node");
        fed_close(f);
    }
    free(w);
}

/** What a node of two sends before it stops: nothing of the round that fails. */
static size_t n_masked;
static void counts_masked(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    (void) f, (void) body;
    n_masked += from == 1 && e->kind == SUND_MSG_MASKED;
}

TEST(of_two_the_one_whose_counts_fail_says_no_vector_of_them)
{
    sund_thresholds t = sund_thresholds_default();
    world          *w = fed_world(600, test_rand());
    size_t          bad = 0;
    fed            *f = fed_even(w, 2, &t);

    while (bad < W_VARIANTS - 1 && passes(w, bad, 1))
        bad++;
    install_everywhere(f, 2, (terms){ "GRU", "any", "2099-12-31", true });
    f->heard = counts_masked;
    n_masked = 0;
    two_nodes(f, "analysis = counts\n", bad, bad);
    CHECK(n_masked == 1); /* the people */
    fed_close(f);
    free(w);
}

/* ---- regressions of two: what people of a genotype have ---- */

/** Variant 0, every genotype of which is that of fifty people of each sex at each node; or, with rare_level, two alternate alleles that of few women at node 1. */
static world *by_genotype(bool rare_level)
{
    world *w = fed_world(600, 31);

    for (size_t i = 0; i < w->n; i++) {
        w->gt[0][i] = (uint8_t) (i / 2 % 3);
        w->sex[i] = 1 + (int) (i / 6 % 2);
        w->bmi[i] = 20 + (double) (i / 12 % 10);
        w->no_bmi[i] = false;
        w->trait[i] = w->gt[0][i] + (double) (i / 12 % 7) / 7;
        if (rare_level && i % 2 && w->gt[0][i] == 2 && i > 40)
            w->sex[i] = 1;
    }
    return w;
}

/* The outcome of the logistic study is sex, whose genotypes are tallied for themselves; its levels are what counts there. */
TEST(of_two_nodes_regressions_pass_when_each_genotype_of_each_level_is_that_of_enough)
{
    static const struct { const char *lines; bool rare; const char *why; } at[] = {
        { "analysis = linear\noutcome = trait\ncovariates = bmi, sex\n", false, NULL },
        { "analysis = linear\noutcome = trait\ncovariates = bmi, sex\n", true, "some genotypes of some variants fail cell-min" },
        { "analysis = linear\noutcome = trait\ncovariates = bmi\ncoding = recessive\n", false, "an additive effect" },
        { "analysis = logistic\noutcome = sex\ncovariates = bmi\nspa = no\nfirth-below = 0\n", false, NULL },
        { "analysis = logistic\noutcome = sex\ncovariates = bmi\nspa = no\nfirth-below = 0\n", true, "some genotypes of some variants fail cell-min" },
        { "analysis = logistic\noutcome = sex\ncovariates = bmi, age, trait\nspa = no\nfirth-below = 0\n", false, "rule model-size" },
        { "analysis = logistic\noutcome = sex\ncovariates = bmi\n", false, "spa = no" },
        { "analysis = logistic\noutcome = sex\ntest = wald\n", false, "test = score" },
    };
    const sund_thresholds t = sund_thresholds_default();

    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        world *w = by_genotype(at[k].rare);
        fed   *f = fed_even(w, 2, &t);

        install_everywhere(f, 2, (terms){ "GRU", "any", "2099-12-31", true });
        two_nodes(f, at[k].lines, 0, 0);
        all_are(f, at[k].why ? SUND_PARTY_STOPPED : SUND_PARTY_RELEASED, at[k].why ? at[k].why : "1 rows");
        fed_close(f);
        free(w);
    }
}

/** A variable of two levels that is not tallied: by each genotype, over the node's own people. */
TEST(genotypes_by_level_are_counted_in_own_people)
{
    const sund_thresholds t = sund_thresholds_default();

    for (int rare = 0; rare < 2; rare++) {
        world            *w = by_genotype(false);
        fed              *f = fed_even(w, 2, &t);
        const fed_node   *n = &f->node[0];
        sund_study       *s = calloc(1, sizeof *s);
        sund_state        st = { .study = s, .catalogue = f->catalogue, .thresholds = t };
        sund_view        *v = NULL;
        const uint32_t    item[] = { 0 };
        sund_err          why = { SUND_OK, "" };
        char              text[600];
        sund_digest       d = sund_catalogue_digest(f->catalogue);
        size_t            left = 9;

        (void) snprintf(text, sizeof text, "[study]\ntitle = t\nanalysis = linear\npurpose = general-research\ncohort = all\noutcome = trait\ncovariates = sex\nstrata = none\ncatalogue = %s\nnodes = N00, N01\n",
                        sund_digest_hex(&d).s);
        MUST(sund_study_parse(s, "study", text, strlen(text), err));
        MUST(sund_view_open(&v, n->store, n->people, s, f->catalogue, &t, err));
        (void) snprintf(v->plan.col[0].var.name, sizeof v->plan.col[0].var.name, "smoker"); /* by another name than sex, so that it counts */
        for (size_t i = 0; rare && i < v->n_person; i++) { /* all but nine of those with two alternate alleles lose the level */
            size_t of_world = 2 * i;

            if (w->gt[0][of_world] == 2 && v->column[0][i] && !(left && left--))
                v->column[0][i] = 0;
        }
        CHECK((sund_levels_alone(&st, v, item, 1, &why) == SUND_OK) == !rare);
        CHECK(!rare || (why.code == SUND_E_DENIED && says(why.msg, "within a level")));
        sund_view_close(v);
        free(s);
        fed_close(f);
        free(w);
    }
}

TEST(of_two_nodes_linear_asks_for_additive_effects_alone)
{
    static const struct { const char *lines, *variable, *why; } at[] = {
        { "covariates = age\ncoding = recessive\n", "sex", "additive effect" },
        { "covariates = age\ninteraction = age\n", "sex", "without an interaction" },
        { "covariates = age\nstrata = country\n", "sex", "strata = none" },
        { "covariates = age\n", "smoker", NULL }, /* passes to what the vector says */
    };

    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        sund_study          *s = calloc(1, sizeof *s);
        sund_columns_plan   *plan = calloc(1, sizeof *plan);
        sund_state           st = { .study = s, .plan = plan, .thresholds = sund_thresholds_default() };
        sund_round           r = { .index = 0 };
        sund_vec             none = { 0, 0, NULL };
        const sund_analysis *a;
        char                 text[600];
        sund_err             why = { SUND_OK, "" };

        (void) snprintf(text, sizeof text, "[study]\ntitle = t\nanalysis = linear\npurpose = general-research\ncohort = all\noutcome = trait\ncatalogue = %064d\nnodes = FI, SE\n%s%s", 0,
                        strstr(at[k].lines, "strata") ? "" : "strata = none\n", at[k].lines);
        MUST(sund_study_parse(s, "study", text, strlen(text), err));
        MUST(sund_analysis_find("linear", &a, err));
        plan->n = 3;
        plan->n_covariate = 2;
        plan->n_outcome = 1;
        (void) snprintf(plan->col[0].name, sizeof plan->col[0].name, "age");
        (void) snprintf(plan->col[0].var.name, sizeof plan->col[0].var.name, "age");
        (void) snprintf(plan->col[1].name, sizeof plan->col[1].name, "%s", at[k].variable);
        (void) snprintf(plan->col[1].var.name, sizeof plan->col[1].var.name, "%s", at[k].variable);
        plan->col[1].binary = true;
        (void) snprintf(plan->col[2].name, sizeof plan->col[2].name, "trait");
        MUST(a->begin(&st, err));
        CHECK(a->alone(&st, NULL, &r, 0, &none, &why) == (at[k].why ? why.code : SUND_E_DENIED) && why.code != SUND_OK);
        CHECK(says(why.msg, at[k].why ? at[k].why : "each node's own people must pass"));
        a->end(&st);
        free(plan);
        free(s);
    }
}
