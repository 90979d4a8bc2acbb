/* Two worlds that differ in one person at variants that are withheld: whoever hears everything that the nodes say cannot tell which
 * world it is. Every message has the same kind, sender and length; every word of a released table is the same. */
#include "fed.h"
#include "test.h"

typedef struct heard { uint16_t kind; char from[SUND_ID_MAX + 1]; sund_buf body; } heard;
typedef struct tape { heard m[4000]; size_t n; sund_buf released; } tape;

static void record(fed *f, size_t from, const sund_envelope *e, sund_cur body)
{
    tape *t = f->ctx;

    (void) from;
    if (t->n == 4000)
        abort();
    t->m[t->n].kind = e->kind;
    memcpy(t->m[t->n].from, e->from, sizeof e->from);
    sund_buf_put(&t->m[t->n++].body, body.p, body.n);
}

static void tape_free(tape *t)
{
    for (size_t i = 0; i < t->n; i++)
        sund_buf_free(&t->m[i].body);
    sund_buf_free(&t->released);
    free(t);
}

enum { RARE = 9, RARER = 18 }; /* allele count 2 and 3 in one world, 3 and 4 in the other: mac withholds both */

static world *world_of(bool other, uint64_t seed)
{
    world *w = malloc(sizeof *w);

    if (!w)
        abort();
    world_make(w, W_PEOPLE, seed);
    memset(w->gt[RARE], 0, sizeof w->gt[RARE]);
    memset(w->gt[RARER], 0, sizeof w->gt[RARER]);
    w->gt[RARE][3] = w->gt[RARE][7] = 1;
    w->gt[RARER][3] = w->gt[RARER][50] = w->gt[RARER][61] = 1;
    if (other)
        w->gt[RARE][20] = w->gt[RARER][20] = 1; /* the one person */
    return w;
}

static tape *listen_to(const world *w, const char *more, bool open)
{
    int             node_of[W_PEOPLE_MAX] = { 0 };
    sund_thresholds t = open ? fed_open_data() : sund_thresholds_default();
    tape           *heard_all = calloc(1, sizeof *heard_all);
    char            text[4096];
    fed            *f;

    if (!heard_all)
        abort();
    for (size_t i = 0; i < w->n; i++)
        node_of[i] = w->country[i] % 5;
    f = fed_open(w, 5, node_of, &t, 99); /* the nodes speak in the same order in both worlds */
    f->ctx = heard_all;
    f->heard = record;
    study_text(f, more, text, sizeof text);
    fed_submit(f, text);
    fed_run(f);
    heard_all->released = fed_release(f);
    fed_close(f);
    return heard_all;
}

/** Sets every run of 64 hex digits to zeros: digests of headers and keyed names of data releases. */
static void blank_digests(sund_buf *b)
{
    size_t run = 0;

    for (size_t i = 0; i <= b->n; i++) {
        if (i < b->n && ((b->p[i] >= '0' && b->p[i] <= '9') || (b->p[i] >= 'a' && b->p[i] <= 'f'))) {
            run++;
            continue;
        }
        if (run == 64)
            memset(b->p + i - 64, '0', 64);
        run = 0;
    }
}

/** What of a line is not drawn anew for each study, and not a keyed name: decision, thresholds, people, strata, variables. */
static bool same_line(const sund_buf *a, const sund_buf *b)
{
    sund_line *x = calloc(1, sizeof *x), *y = calloc(1, sizeof *y);
    bool       same;

    if (!x || !y)
        abort();
    MUST(sund_line_read(sund_cur_of(a->p, a->n), x, err));
    MUST(sund_line_read(sund_cur_of(b->p, b->n), y, err));
    y->eph = x->eph;
    memcpy(y->nonce, x->nonce, sizeof x->nonce);
    y->roster = x->roster; /* keys are drawn anew here */
    y->release = x->release;
    same = memcmp(x, y, sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

/** Number of messages by which the worlds can be told apart, and whether their releases can. */
static size_t told_apart(tape *a, tape *b, bool *release)
{
    size_t n = 0;

    CHECK(a->n == b->n && a->n > 50);
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        const heard *x = &a->m[i], *y = &b->m[i];

        n += x->kind != y->kind || strcmp(x->from, y->from) != 0 || x->body.n != y->body.n || (x->kind == SUND_MSG_LINE && !same_line(&x->body, &y->body));
    }
    blank_digests(&a->released);
    blank_digests(&b->released);
    *release = a->released.n != b->released.n || memcmp(a->released.p, b->released.p, a->released.n) != 0;
    CHECK(a->released.n > 100);
    return n;
}

static void two_worlds(const char *study)
{
    uint64_t seed = test_rand();
    world   *a = world_of(false, seed), *b = world_of(true, seed);
    tape    *x = listen_to(a, study, false), *y = listen_to(b, study, false);
    bool     release;

    CHECK(told_apart(x, y, &release) == 0);
    CHECK(!release);
    tape_free(x);
    tape_free(y);
    x = listen_to(a, study, true); /* the control: open data withhold nothing, and the worlds differ */
    y = listen_to(b, study, true);
    (void) told_apart(x, y, &release);
    CHECK(release);
    tape_free(x);
    tape_free(y);
    free(a);
    free(b);
}

TEST(two_worlds_by_a_counts_study) { two_worlds("analysis = counts\nstrata = none\nchunk = 16\n"); }
TEST(two_worlds_by_a_linear_study) { two_worlds("analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = country\nchunk = 16\n"); }
TEST(two_worlds_by_a_linear_study_of_complete_cases) { two_worlds("analysis = linear\noutcome = trait\ncovariates = age\nstrata = none\nmissing = drop\nchunk = 16\n"); }

TEST(a_small_country_is_not_named)
{
    world *w = world_of(false, 5);
    tape  *t;
    int    seen = 0;

    for (size_t i = 0, left = 0; i < w->n; i++) /* country 5 keeps nine people */
        if (w->country[i] == 5 && left++ >= 9)
            w->country[i] = 0;
    t = listen_to(w, "analysis = linear\noutcome = trait\ncovariates = age, sex\nstrata = country\n", false);
    for (size_t i = 0; i < t->n; i++)
        if (t->m[i].kind == SUND_MSG_LINE) {
            sund_line *l = calloc(1, sizeof *l);

            if (!l)
                abort();
            MUST(sund_line_read(sund_cur_of(t->m[i].body.p, t->m[i].body.n), l, err));
            CHECK(strstr(l->strata, "IT") == NULL);
            seen += strstr(l->strata, "DK") != NULL;
            free(l);
        }
    CHECK(seen == 1);
    CHECK(t->released.n > 0);
    tape_free(t);
    free(w);
}
