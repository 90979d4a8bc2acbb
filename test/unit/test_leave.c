/* A node that leaves a study for good, and the study that goes on without it. */
#include "fed.h"
#include "study/analysis.h"
#include "study/party_priv.h"
#include "test.h"

static const char *const counts = "analysis = counts\nstrata = none\nchunk = 16\n";

/* ---- the text ---- */

static const char *const plain = "# a comment\n[study]\ntitle = test\npurpose = general-research\ncohort = all\nanalysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = none\n"
                                 "catalogue = 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n nodes\t=  N00,N01, N02 ,N03\nnumber = 3\n";

static sund_buf without(const sund_study *was, const char *text, const char *const *gone, size_t n, sund_err *err)
{
    sund_buf out = { 0 };

    *err = (sund_err){ SUND_OK, "" };
    if (sund_study_without(was, text, strlen(text), gone, n, &out, err) != SUND_OK)
        sund_buf_free(&out);
    else
        sund_buf_nul(&out);
    return out;
}

TEST(the_text_that_goes_on_is_the_old_one_but_for_its_nodes)
{
    const char *const none[] = { "N09" }, *const two[] = { "N01", "N03" }, *const twice[] = { "N01", "N01" }, *const all[] = { "N00", "N01", "N02", "N03" };
    sund_study       *s = calloc(3, sizeof *s);
    sund_err          why;
    sund_buf          b, c;

    MUST(sund_study_parse(s, "study", plain, strlen(plain), err));
    b = without(s, plain, none, 1, &why);
    CHECK(!b.p && why.code == SUND_E_NOT_FOUND && strstr(why.msg, "N09"));
    CHECK(!without(s, plain, twice, 2, &why).p && !without(s, plain, all, 4, &why).p && !without(s, plain, all, 0, &why).p);
    b = without(s, plain, two, 2, &why);
    CHECK(b.p && strstr((const char *) b.p, "\nnodes = N00, N02\nafter = ") && strstr((const char *) b.p, "# a comment\n") && strstr((const char *) b.p, "\nnumber = 3\n"));
    MUST(sund_study_parse(&s[1], "again", b.p, strlen((const char *) b.p), err));
    CHECK(s[1].n_node == 2 && s[1].has_after && sund_study_goes_on(&s[0], &s[1], &why) == SUND_OK);
    c = without(&s[1], (const char *) b.p, two + 2, 0, &why); /* nobody left it */
    CHECK(!c.p);
    c = without(&s[1], (const char *) b.p, (const char *const[]) { "N02" }, 1, &why); /* one line `after`, of the one before */
    MUST(sund_study_parse(&s[2], "third", c.p, strlen((const char *) c.p), err));
    CHECK(sund_study_goes_on(&s[1], &s[2], &why) == SUND_OK && sund_study_goes_on(&s[0], &s[2], &why) == SUND_E_MISMATCH);
    sund_buf_free(&b);
    sund_buf_free(&c);
    free(s);
}

TEST(a_line_after_that_is_not_so_is_refused)
{
    static const struct { const char *from, *to, *why; } lie[] = {
        { "cohort = all", "cohort = age >= 1", "cohort" },
        { "outcome = trait", "outcome = bmi", "outcome" },
        { "covariates = age, sex", "covariates = age", "covariates" },
        { "covariates = age, sex", "covariates = sex, age", "covariates" },
        { "strata = none", "strata = country", "strata" },
        { "strata = none", "strata = none\nmissing = drop", "missing" },
        { "strata = none", "strata = none\ncoding = dominant", "a line of the analysis" },
        { "strata = none", "strata = none\nregion = 20:1-5000", "region" },
        { "strata = none", "strata = none\nchunk = 7", "chunk" },
        { "catalogue = 0", "catalogue = 1", "catalogue" },
        { "purpose = general-research", "purpose = health-research", "purpose" },
        { "nodes = N00, N01, N02", "nodes = N00, N01, N04", "did not ask N04" },
        { "nodes = N00, N01, N02", "nodes = N00, N01, N02, N03", "the same nodes" },
        { "title = test", "title = another", NULL },
        { "number = 3", "number = 4", NULL },
    };
    sund_study *s = calloc(2, sizeof *s);
    sund_err    why;
    sund_buf    b;

    MUST(sund_study_parse(s, "study", plain, strlen(plain), err));
    b = without(s, plain, (const char *const[]) { "N03" }, 1, &why);
    for (size_t k = 0; b.p && k < sizeof lie / sizeof lie[0]; k++) {
        char        text[2048];
        const char *at = strstr((const char *) b.p, lie[k].from);

        CHECK(at != NULL);
        (void) snprintf(text, sizeof text, "%.*s%s%s", (int) (at - (const char *) b.p), (const char *) b.p, lie[k].to, at + strlen(lie[k].from));
        MUST(sund_study_parse(&s[1], "again", text, strlen(text), err));
        why = (sund_err){ SUND_OK, "" };
        CHECK((sund_study_goes_on(&s[0], &s[1], &why) == SUND_OK) == !lie[k].why && (!lie[k].why || strstr(why.msg, lie[k].why)));
    }
    sund_buf_free(&b);
    CHECK(sund_study_parse(s, "study", "[study]\nafter = 12\n", 19, &why) == SUND_E_FORMAT);
    free(s);
}

/* ---- a federation that a node leaves ---- */

static size_t       leaver;
static uint32_t     after_totals; /* it leaves once so many were opened */
static sund_verdict how;
static bool         decided;

static void leaves(fed *f, size_t i)
{
    sund_party *p = f->node[i].party;

    if (i != leaver || decided || (p->state != SUND_PARTY_ROUNDS && p->state != SUND_PARTY_RELEASE) || p->n_opened < after_totals)
        return;
    MUST(sund_dac_decide(f->node[i].db, &f->node[i].dac, &f->node[i].me, &f->study, how, "the register closes", "", err));
    decided = true;
}

/** The study of these lines at the first n nodes, which node n - 1 leaves. Its text is kept for again(). */
static char asked[4096];

static void left(fed *f, const char *more, uint32_t totals, sund_verdict v)
{
    leaver = f->n - 1;
    after_totals = totals;
    how = v;
    decided = false;
    f->before_say = leaves;
    study_text(f, more, asked, sizeof asked);
    fed_submit(f, asked);
    fed_run(f);
    f->before_say = NULL;
    CHECK(decided);
}

/** The same without the last node of those it asked; then its text is the one that is kept. extra: more lines. */
static void again(fed *f, const char *extra)
{
    sund_study *s = calloc(1, sizeof *s);
    sund_err    why = { SUND_OK, "" };
    const char *gone[1];
    sund_buf    b;

    MUST(sund_study_parse(s, "study", asked, strlen(asked), err));
    gone[0] = s->node[s->n_node - 1];
    b = without(s, asked, gone, 1, &why);
    CHECK(b.p != NULL);
    (void) snprintf(asked, sizeof asked, "%s%s", (const char *) b.p, extra);
    for (size_t i = 0; i < f->n; i++) {
        if (f->node[i].party)
            fed_kill(f, i);
        f->node[i].away = i + 1 >= s->n_node;
    }
    fed_submit(f, asked);
    fed_run(f);
    sund_buf_free(&b);
    free(s);
}

static void all_are(fed *f, size_t n, sund_party_state state, const char *words)
{
    for (size_t i = 0; i < n; i++) {
        sund_party_status s = fed_status(f, i);

        if (s.state != state || !strstr(s.detail, words))
            fprintf(stderr, "# %s: %s: %s (want %s)\n", f->node[i].me.id, sund_party_state_name(s.state), s.detail, words);
        CHECK(s.state == state && strstr(s.detail, words) != NULL);
    }
}

static int64_t count(fed *f, size_t i, const char *sql)
{
    int64_t n = -1;

    MUST(sund_db_i64(f->node[i].db, &n, -1, err, sql, ""));
    return n;
}

/** The people of a world whose place is not `but` of every n. */
static world *others(const world *w, size_t n, size_t but)
{
    world *x = calloc(1, sizeof *x);
    size_t k = 0;

    if (!x)
        abort();
    *x = *w;
    for (size_t i = 0; i < w->n; i++) {
        if (i % n == but)
            continue;
        for (size_t j = 0; j < w->m; j++)
            x->gt[j][k] = w->gt[j][i];
        x->country[k] = w->country[i];
        x->age[k] = w->age[i];
        x->sex[k] = w->sex[i];
        x->bmi[k] = w->bmi[i];
        x->no_bmi[k] = w->no_bmi[i];
        x->trait[k++] = w->trait[i];
    }
    x->n = k;
    return x;
}

/** Nothing was opened: the others get the answer that their people alone give. */
TEST(before_a_total_is_opened_the_others_go_on)
{
    sund_thresholds t = sund_thresholds_default();
    world          *w = fed_world(W_PEOPLE, test_rand()), *rest = others(w, 4, 3);

    for (int k = 0; k < 2; k++) {
        fed          *f = fed_even(w, 4, &t);
        sund_release *pooled;
        sund_buf      got;

        f->kill_one_in = f->lose_one_in = k ? 6 : 0;
        left(f, counts, 0, k ? SUND_LEAVE : SUND_LEAVE_FREE);
        all_are(f, 4, SUND_PARTY_STOPPED, "stopped by N03: left for good: the register closes; ");
        for (size_t i = 0; i < 4; i++) {
            CHECK(count(f, i, "SELECT COUNT(*) FROM departed WHERE node='N03'") == 1 && count(f, i, "SELECT COUNT(*) FROM ledger WHERE kind='left' AND text LIKE 'N03 left the study for good; totals opened with it: 0;%'") == 1);
            CHECK(count(f, i, "SELECT agrees FROM departed") == !k && count(f, i, "SELECT COUNT(*) FROM answer") == 0);
        }
        again(f, "");
        all_are(f, 3, SUND_PARTY_RELEASED, "rows");
        got = fed_release(f);
        pooled = world_pooled(rest, f, asked, &t, 1);
        CHECK(same_tables(&got, pooled));
        sund_release_free(pooled);
        sund_buf_free(&got);
        fed_close(f);
    }
    free(rest);
    free(w);
}

/** Of n people's genotypes of variant j at node i of n: every class of each sex has ten. */
static bool passes(const world *w, size_t j, size_t node, size_t of)
{
    int n[3][4] = { { 0 } };

    for (size_t i = node; i < w->n; i += of)
        n[w->sex[i]][w->gt[j][i] == SUND_GT_MISSING ? 3 : w->gt[j][i]]++;
    for (int s = 1; s <= 2; s++)
        if (n[s][0] < 10 || n[s][1] < 10 || n[s][2] < 10 || (n[s][3] > 0 && n[s][3] < 10))
            return false;
    return true;
}

/** A world with a variant (7) that passes by itself at every one of four nodes, and one (9: rare) that does not. */
static world *common_and_rare(void)
{
    world *w = fed_world(W_PEOPLE_MAX, test_rand());

    for (size_t i = 0; i < w->n; i++) {
        w->sex[i] = 1 + (int) (i / 5 % 2);
        w->gt[7][i] = (uint8_t) (i / 10 % 3);
    }
    for (size_t i = 0; i < 5; i++)
        CHECK(passes(w, 7, i, 5) && !passes(w, 9, i, 5));
    return w;
}

static const char *one_variant(const char *analysis, size_t j)
{
    static char more[200];

    (void) snprintf(more, sizeof more, "%sstrata = none\nregion = 20:%zu-%zu\n", analysis, 1001 + 100 * j, 1001 + 100 * j);
    return more;
}

TEST(once_a_total_was_opened_the_others_answer_only_what_the_leaver_agrees_to)
{
    static const struct { const char *analysis; size_t variant; sund_verdict how; bool agrees, released; } at[] = {
        { "analysis = counts\n", 7, SUND_LEAVE, false, false },
        { "analysis = counts\n", 7, SUND_LEAVE_FREE, true, true },
        { "analysis = counts\n", 9, SUND_LEAVE_FREE, false, false }, /* its own counts would not pass: its word is not said */
        { "analysis = linear\noutcome = trait\ncovariates = age, sex\n", 7, SUND_LEAVE_FREE, true, true },
        { "analysis = logistic\noutcome = sex\ncovariates = age\n", 7, SUND_LEAVE_FREE, false, false }, /* no rules for the sums of one node */
    };
    sund_thresholds t = sund_thresholds_default();
    world          *w = common_and_rare();

    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
        fed     *f = fed_even(w, 4, &t);
        sund_err why = { SUND_OK, "" };

        f->kill_one_in = k == 2 ? 5 : 0; /* what a vector was is known after a restart too */
        left(f, one_variant(at[k].analysis, at[k].variant), 2, at[k].how);
        f->kill_one_in = 0;
        all_are(f, 4, SUND_PARTY_STOPPED, at[k].agrees ? "it agrees that the others ask the same again without it" : "the same is not to be asked again without it");
        CHECK(at[k].how == SUND_LEAVE || (sund_leaving_may_agree(f->node[3].db, &f->roster, &f->study, &why) == SUND_OK) == at[k].agrees);
        CHECK(count(f, 0, "SELECT agrees FROM departed") == at[k].agrees && count(f, 3, "SELECT agrees FROM departed") == at[k].agrees);
        again(f, "");
        if (at[k].released)
            all_are(f, 3, SUND_PARTY_RELEASED, "1 rows");
        else
            CHECK(fed_status(f, 0).state == SUND_PARTY_REFUSED && strstr(fed_status(f, 0).detail, "rule one-roster: study") && strstr(fed_status(f, 0).detail, "does not agree"));
        CHECK(count(f, 1, "SELECT COUNT(*) FROM ledger WHERE kind='left' AND text LIKE '%can then compute its own sums%'") == at[k].agrees);
        fed_close(f);
    }
    free(w);
}

/** Without the line `after`, the very same question is what it was: refused. */
TEST(an_agreement_to_leave_is_for_the_study_that_goes_on_alone)
{
    sund_thresholds t = sund_thresholds_default();
    world          *w = common_and_rare();
    fed            *f = fed_even(w, 4, &t);
    char           *line;

    left(f, one_variant("analysis = counts\n", 7), 2, SUND_LEAVE_FREE);
    again(f, "");
    all_are(f, 3, SUND_PARTY_RELEASED, "1 rows");
    line = strstr(asked, "after = ");
    CHECK(line != NULL);
    memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n') + 1) + 1);
    for (size_t i = 0; i < 3; i++)
        fed_kill(f, i);
    fed_submit(f, asked);
    fed_run(f);
    CHECK(fed_status(f, 1).state == SUND_PARTY_REFUSED && strstr(fed_status(f, 1).detail, "rule one-roster"));
    fed_close(f);
    free(w);
}

/** Five nodes; the fifth leaves, then the fourth the study that went on. */
TEST(two_leave_one_after_the_other)
{
    sund_thresholds t = sund_thresholds_default();
    world          *w = common_and_rare();

    for (int k = 0; k < 3; k++) { /* both agree; the first does not, and then nothing goes on; the second does not */
        fed *f = fed_even(w, 5, &t);

        left(f, one_variant("analysis = counts\n", 7), 2, k == 1 ? SUND_LEAVE : SUND_LEAVE_FREE);
        leaver = 3;
        decided = false;
        after_totals = 1;
        how = k == 2 ? SUND_LEAVE : SUND_LEAVE_FREE;
        f->before_say = leaves;
        again(f, "");
        f->before_say = NULL;
        if (k == 1) {
            CHECK(!decided && strstr(fed_status(f, 0).detail, "rule one-roster"));
        }
        else {
            all_are(f, 4, SUND_PARTY_STOPPED, "stopped by N03: left for good");
            again(f, "");
            if (k == 0)
                all_are(f, 3, SUND_PARTY_RELEASED, "1 rows");
            else
                CHECK(strstr(fed_status(f, 0).detail, "rule one-roster") && fed_status(f, 0).state == SUND_PARTY_REFUSED);
        }
        fed_close(f);
    }
    free(w);
}

/** Two members of the committee at each node that is left. */
static void lift(fed *f, size_t n)
{
    static sund_identity member[2];

    for (size_t k = 0; k < 2 && !member[k].id[0]; k++)
        fed_identity(&member[k], k ? "juha" : "maria");
    for (size_t i = 0; i < n; i++) {
        sund_dac *dac = &f->node[i].dac;

        for (size_t k = 0; k < 2; k++) {
            (void) snprintf(dac->member[k].id, sizeof dac->member[k].id, "%.32s", member[k].id);
            dac->member[k].key = member[k].pub;
        }
        dac->n = 2;
        dac->committee = true;
        for (size_t k = 0; k < 2; k++)
            MUST(sund_dac_decide(f->node[i].db, dac, &member[k], &f->study, SUND_APPROVE, "it burned down", "one-roster", err));
    }
}

/** A node that vanished has said nothing: another stops the study, and the committees may answer for what they then can compute. One that left and did not agree has said no. */
TEST(committees_answer_for_a_node_that_vanished_not_for_one_that_said_no)
{
    sund_thresholds t = sund_thresholds_default();
    world          *w = common_and_rare();

    for (int said = 0; said < 2; said++) {
        fed *f = fed_even(w, 4, &t);

        leaver = said ? 3 : 0;
        after_totals = 2;
        how = said ? SUND_LEAVE : SUND_REVOKE;
        decided = false;
        f->before_say = leaves;
        study_text(f, one_variant("analysis = counts\n", 7), asked, sizeof asked);
        fed_submit(f, asked);
        fed_run(f);
        f->before_say = NULL;
        all_are(f, 3, SUND_PARTY_STOPPED, said ? "left for good" : "approval revoked by N00");
        for (size_t i = 0; i < 3; i++)
            f->node[i].dac.approve_all = false;
        again(f, "");
        CHECK(fed_status(f, 0).state == SUND_PARTY_APPROVAL);
        lift(f, 3);
        fed_run(f);
        if (!said)
            all_are(f, 3, SUND_PARTY_RELEASED, "1 rows");
        else
            CHECK(fed_status(f, 0).state == SUND_PARTY_REFUSED && strstr(fed_status(f, 0).detail, "does not agree"));
        fed_close(f);
    }
    free(w);
}

TEST(a_study_goes_on_only_from_one_that_ended_here_without_an_answer)
{
    world      *w = fed_world(120, test_rand());
    fed        *f = fed_even_open(w, 4);
    sund_digest nowhere = sund_digest_of("nowhere", 7);
    char        text[4096];

    study_text(f, counts, asked, sizeof asked);
    fed_submit(f, asked);
    fed_run(f);
    all_are(f, 4, SUND_PARTY_RELEASED, "rows");
    again(f, "");
    all_are(f, 3, SUND_PARTY_REFUSED, "was released: its answer stands");
    for (int k = 0; k < 2; k++) { /* one that nobody knows; one that runs */
        sund_digest d = nowhere;

        for (size_t i = 0; i < 4; i++)
            if (f->node[i].party)
                fed_kill(f, i);
        if (k) {
            for (size_t i = 0; i < 4; i++)
                f->node[i].away = i == 3;
            (void) snprintf(text, sizeof text, "%.*snodes = N00, N01, N02, N03\nnumber = 5\n", (int) (strstr(asked, "nodes = ") - asked), asked);
            fed_submit(f, text);
            fed_run(f);
            all_are(f, 3, SUND_PARTY_LINES, "");
            d = f->study;
            for (size_t i = 0; i < 3; i++)
                fed_kill(f, i);
        }
        (void) snprintf(text, sizeof text, "%.*snodes = N00, N01, N02\nafter = %s\nnumber = 6\n", (int) (strstr(asked, "nodes = ") - asked), asked, sund_digest_hex(&d).s);
        fed_submit(f, text);
        fed_run(f);
        CHECK(fed_status(f, 0).state == SUND_PARTY_REFUSED && strstr(fed_status(f, 0).detail, k ? "has not ended here" : "has not come here"));
    }
    fed_close(f);
    free(w);
}

/** What a node may say with STOP is in three words; the hub takes no other. */
TEST(a_stop_of_another_kind_is_refused)
{
    world   *w = fed_world(120, test_rand());
    fed     *f = fed_even_open(w, 3);
    sund_err why;

    f->node[2].away = true;
    fed_ask(f, counts);
    fed_run(f);
    for (uint32_t k = 0; k < 4; k++) {
        const sund_slot bad[] = { { 0, 0, 3 }, { 1, 0, 1 }, { 0, 1, 1 }, { 0, 0, UINT32_MAX } };
        sund_buf        body = { 0 };

        sund_reason_write(&bad[k], "enough", &body);
        why = (sund_err){ SUND_OK, "" };
        CHECK(fed_post(f, &f->node[1].me, SUND_MSG_STOP, &f->study, body.p, body.n, &why) == SUND_E_FORMAT);
        sund_buf_free(&body);
    }
    f->node[2].away = false;
    fed_run(f);
    all_are(f, 3, SUND_PARTY_RELEASED, "rows");
    fed_close(f);
    free(w);
}
