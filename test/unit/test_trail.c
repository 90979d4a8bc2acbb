/* Logs as files: what is written is read again, nothing else is; and logs that were set back, rewritten or forked are named by files alone. */
#include "gate/trail.h"

#include "base/text.h"
#include "test.h"

#define MUST(call)                                                                                                                                   \
    do {                                                                                                                                             \
        sund_err must_ = { SUND_OK, "" };                                                                                                            \
        sund_err *err = &must_;                                                                                                                      \
        if ((call) != SUND_OK) {                                                                                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, must_.msg);                                                                           \
            abort();                                                                                                                                 \
        }                                                                                                                                            \
    } while (0)

typedef struct member { sund_db *db; sund_identity me; sund_role role; } member;
static const sund_digest roster = { { 7 } };

static void sit(member *m, const char *id, sund_role role)
{
    memset(m, 0, sizeof *m);
    MUST(sund_crypto_init(err));
    MUST(sund_db_open(&m->db, ":memory:", "", err));
    MUST(sund_ledger_open(m->db, err));
    MUST(sund_heads_open(m->db, err));
    (void) snprintf(m->me.id, sizeof m->me.id, "%s", id);
    sund_sign_keypair(&m->me.pub, &m->me.key);
    m->role = role;
}

static void entries(member *m, int n, const char *what)
{
    for (int i = 0; i < n; i++)
        MUST(sund_ledger_add(m->db, "masked", "3f2a91c0", err, "left: %s %d, 100 bytes", what, i));
}

/** A node and the hub give each other their heads. */
static void meet(member *node, member *hub)
{
    sund_buf ask = { 0 }, answer = { 0 };
    char     alarm[240];

    MUST(sund_heads_ask(node->db, hub->me.id, &ask, err));
    MUST(sund_heads_answer(hub->db, node->me.id, sund_cur_of(ask.p, ask.n), &answer, alarm, err));
    MUST(sund_heads_take(node->db, hub->me.id, sund_cur_of(answer.p, answer.n), alarm, err));
    sund_buf_free(&ask);
    sund_buf_free(&answer);
}

/** A node and a hub with so many entries each, which have met. */
static void sit_two(member *fi, member *hub, int n_fi, const char *text, int n_hub)
{
    sit(fi, "FI", SUND_ROLE_NODE);
    sit(hub, "hub", SUND_ROLE_HUB);
    entries(fi, n_fi, text);
    entries(hub, n_hub, "x");
    meet(fi, hub);
}

static char *written(member *m, size_t *n)
{
    char *p = NULL;
    FILE *f = open_memstream(&p, n);

    MUST(sund_trail_write(f, m->db, &m->me, m->role, &roster, err));
    fclose(f);
    return p;
}

static sund_code read_bytes(sund_trail *t, const void *p, size_t n, sund_err *why)
{
    char     *copy = malloc(n + 1);
    FILE     *f;
    sund_code rc;

    memcpy(copy, p, n);
    f = fmemopen(copy, n ? n : 1, "rb");
    if (!n)
        (void) getc(f);
    rc = sund_trail_read(t, f, "x.sundlog", why);
    fclose(f);
    free(copy);
    return rc;
}

static sund_trail exported(member *m, const char *made)
{
    sund_trail t;
    size_t     n;
    char      *p = written(m, &n);

    MUST(read_bytes(&t, p, n, err));
    free(p);
    if (made)
        (void) snprintf(t.made, sizeof t.made, "%s", made);
    (void) snprintf(t.name, sizeof t.name, "%s-%s", m->me.id, made ? made : "now");
    return t;
}

static void refused(const char *p, size_t n, const char *says)
{
    sund_trail t;
    sund_err   why = { SUND_OK, "" };
    sund_code  rc = read_bytes(&t, p, n, &why);

    CHECK(rc == SUND_E_FORMAT || rc == SUND_E_DENIED);
    CHECK(!t.db && sund_text_ok(why.msg));
    if (!strstr(why.msg, says))
        fprintf(stderr, "# '%s' expected: %s\n", says, why.msg);
    CHECK(strstr(why.msg, says) != NULL && strstr(why.msg, "x.sundlog") != NULL);
}

/** A line of the file is replaced; "" takes it out. */
static void edited(const char *p, size_t line, const char *instead, const char *says)
{
    const char *at = p, *end;
    sund_buf    b = { 0 };

    for (size_t k = 1; k < line; k++)
        at = strchr(at, '\n') + 1;
    end = strchr(at, '\n') + 1;
    sund_buf_put(&b, p, (size_t) (at - p));
    sund_buf_text(&b, instead);
    sund_buf_text(&b, end);
    refused((const char *) b.p, b.n, says);
    sund_buf_free(&b);
}

static char *line_of(const char *p, size_t line, char out[SUND_TRAIL_LINE_MAX])
{
    for (size_t k = 1; k < line; k++)
        p = strchr(p, '\n') + 1;
    (void) snprintf(out, SUND_TRAIL_LINE_MAX, "%.*s\n", (int) strcspn(p, "\n"), p);
    return out;
}

static sund_code same(void *ctx, const sund_ledger_entry *e, sund_err *why)
{
    sund_digest d;

    SUND_TRY(sund_head_at(ctx, e->i, &d, why));
    CHECK(sund_digest_eq(&d, &e->digest));
    return SUND_OK;
}

TEST(what_is_written_is_read)
{
    member           fi, hub;
    sund_trail       t;
    sund_head        own;
    sund_trail_heads n;

    sit_two(&fi, &hub, 20, "\u00e4 word; with 'marks',\tand a tab", 3);
    t = exported(&fi, NULL);
    MUST(sund_head_own(fi.db, &own, err));
    CHECK(t.head.n == 21 && own.n == 21 && sund_digest_eq(&t.head.d, &own.d));
    CHECK(strcmp(t.member, "FI") == 0 && t.role == SUND_ROLE_NODE && memcmp(&t.key, &fi.me.pub, sizeof t.key) == 0 && sund_digest_eq(&t.roster, &roster) && strlen(t.made) == 20);
    MUST(sund_ledger_each(t.db, same, fi.db, err));
    MUST(sund_trail_count(&t, &n, err));
    CHECK(n.n == 1 && n.n_alarm == 0);
    sund_trail_close(&t);
    MUST(sund_db_script(fi.db, "UPDATE ledger SET text='other' WHERE i=7", err));
    {
        char    *p = NULL;
        size_t   len;
        FILE    *f = open_memstream(&p, &len);
        sund_err why = { SUND_OK, "" };

        CHECK(sund_trail_write(f, fi.db, &fi.me, fi.role, &roster, &why) == SUND_E_FORMAT && strstr(why.msg, "entry 7"));
        fclose(f);
        free(p);
    }
    sund_db_close(fi.db);
    sund_db_close(hub.db);
}

TEST(every_cut_and_every_flipped_bit_is_refused)
{
    member     fi, hub;
    size_t     n;
    char      *p;
    sund_trail t;
    sund_err   why;

    sit_two(&fi, &hub, 1, "x", 1);
    p = written(&fi, &n);
    for (size_t k = 0; k < n; k++) {
        char was = p[k];

        CHECK(read_bytes(&t, p, k, &why) == SUND_E_FORMAT);
        p[k] = (char) (was ^ (1 << test_rand() % 8));
        if (read_bytes(&t, p, n, &why) == SUND_OK) {
            fprintf(stderr, "# byte %zu\n", k);
            CHECK(false);
        }
        p[k] = was;
    }
    MUST(read_bytes(&t, p, n, err));
    sund_trail_close(&t);
    free(p);
    sund_db_close(fi.db);
    sund_db_close(hub.db);
}

TEST(hostile_files_are_refused_by_name)
{
    static char huge[SUND_TRAIL_LINE_MAX * 3];
    member      fi, hub;
    size_t      n;
    char       *p, a[SUND_TRAIL_LINE_MAX], b[2 * SUND_TRAIL_LINE_MAX], hex[129] = "";

    sit_two(&fi, &hub, 4, "x", 1); /* lines: 1 first, 2 to 6 entries, 7 held, 8 head, 9 sig */
    p = written(&fi, &n);
    refused("", 0, "cut");
    refused("PK\3\4", 4, "cut");
    refused("hello\n", 6, "not a log");
    edited(p, 1, "sund-log\t2\tFI\tnode\t0\n", "version '2'");
    edited(p, 1, "sund-log\n", "version ''");
    edited(p, 1, "sund-log\t1\tFI\tresearcher\t0\n", ":1:");
    edited(p, 3, "", "entry 2 is expected");
    (void) snprintf(b, sizeof b, "%s%s", line_of(p, 3, a), a);
    edited(p, 3, b, "entry 3 is expected");
    edited(p, 3, line_of(p, 4, a), "entry 2 is expected");
    line_of(p, 4, a)[strlen(a) - 2] = a[strlen(a) - 2] == '0' ? '1' : '0';
    edited(p, 4, a, "entry 3 does not fit");
    edited(p, 6, "", "entries are missing at the end");
    edited(p, 7, "", "signature is not that of the key");
    (void) snprintf(b, sizeof b, "%s%s", line_of(p, 7, a), a);
    edited(p, 7, b, "each once");
    edited(p, 9, "", "cut");
    (void) snprintf(b, sizeof b, "%s\n", line_of(p, 9, a));
    edited(p, 9, b, "behind the signature");
    memset(hex, '0', 128);
    (void) snprintf(b, sizeof b, "sig\t%s\n", hex);
    edited(p, 9, b, "signature is not that of the key");
    line_of(p, 3, a);
    (void) snprintf(b, sizeof b, "entry\t02%s", strchr(a + 6, '\t'));
    edited(p, 3, b, ":3:");
    (void) snprintf(b, sizeof b, "entry\t18446744073709551618%s", strchr(a + 6, '\t'));
    edited(p, 3, b, ":3:");
    edited(p, 3, "entry\t2\t2026-1-1\tmasked\t\tx\t00\n", ":3:");
    edited(p, 3, "entry\t2\ta\tb\tc\td\te\tf\n", "too many fields");
    edited(p, 3, "entry\t2\t\x1b[2J\n", "control characters");
    edited(p, 3, "entry\t2\t\xff\xfe\n", "UTF-8");
    memset(huge, 'x', sizeof huge - 2);
    huge[sizeof huge - 2] = '\n';
    edited(p, 3, huge, "too long");
    p[40] = 0;
    refused(p, n, "NUL");
    free(p);
    sund_db_close(fi.db);
    sund_db_close(hub.db);
}

static void mismatch(const sund_trail *a, const sund_trail *b, const char *says)
{
    sund_trail_match m;
    sund_err         why = { SUND_OK, "" };

    CHECK(sund_trail_compare(a, b, &m, &why) == SUND_E_MISMATCH);
    if (!strstr(why.msg, says))
        fprintf(stderr, "# '%s' expected: %s\n", says, why.msg);
    CHECK(strstr(why.msg, says) != NULL);
    CHECK(sund_trail_compare(b, a, &m, &why) == SUND_E_MISMATCH);
}

static const char MAY[] = "2099-05-01T00:00:00Z", NOVEMBER[] = "2099-11-01T00:00:00Z";

TEST(one_log_twice)
{
    sund_trail       may, november;
    sund_trail_match m;
    member           fi;

    sit(&fi, "FI", SUND_ROLE_NODE);
    entries(&fi, 100, "x");
    may = exported(&fi, MAY);
    entries(&fi, 50, "y");
    november = exported(&fi, NOVEMBER);
    MUST(sund_trail_compare(&november, &may, &m, err));
    CHECK(m.same_log && m.first_goes_on && m.common == 100);
    MUST(sund_trail_compare(&may, &november, &m, err));
    CHECK(m.same_log && !m.first_goes_on && m.common == 100);
    sund_trail_close(&november);
    for (int k = 100; k > 0; k -= 33) { /* written anew from entry k on */
        char says[60];

        MUST(sund_db_run(fi.db, err, "DELETE FROM ledger WHERE i>=?", "i", (int64_t) k));
        (void) snprintf(says, sizeof says, "lacks its entries %d to 100", k);
        if (k > 1) {
            november = exported(&fi, NOVEMBER);
            mismatch(&november, &may, says);
            sund_trail_close(&november);
        }
        entries(&fi, 200, "z");
        november = exported(&fi, NOVEMBER);
        (void) snprintf(says, sizeof says, "rewritten or set back: entry %d in FI-2099-11", k);
        mismatch(&november, &may, says);
        sund_trail_close(&november);
    }
    sund_trail_close(&may);
    sund_db_close(fi.db);
}

TEST(a_node_and_the_hub)
{
    sund_trail       a, h, old;
    sund_trail_match m;
    member           fi, hub;

    sit_two(&fi, &hub, 10, "x", 5);
    entries(&fi, 10, "x");
    old = exported(&fi, "2020-01-01T00:00:00Z"); /* what the hub says of entries behind it was said later */
    entries(&fi, 10, "x");
    meet(&fi, &hub);
    entries(&hub, 5, "x");
    a = exported(&fi, MAY);
    h = exported(&hub, MAY);
    MUST(sund_trail_compare(&a, &h, &m, err));
    CHECK(m.n_held == 3 && m.n_later == 0 && !m.same_log);
    MUST(sund_trail_compare(&old, &h, &m, err));
    CHECK(m.n_later >= 1 && m.n_held >= 2);
    (void) snprintf(old.made, sizeof old.made, "%s", NOVEMBER); /* the same as what FI has in November: it was set back */
    mismatch(&old, &h, "the log of FI was rewritten or set back: by ");
    mismatch(&old, &h, "is not there, and up to entry 10 it fits");
    sund_trail_close(&a);
    MUST(sund_db_script(fi.db, "DELETE FROM ledger WHERE i>=25", err));
    entries(&fi, 30, "z");
    a = exported(&fi, NOVEMBER);
    mismatch(&a, &h, "the log of FI was rewritten or set back: by ");
    mismatch(&a, &h, "is another, and up to entry 10 it fits");
    sund_trail_close(&h);
    MUST(sund_db_script(hub.db, "DELETE FROM ledger WHERE i>=3", err)); /* the hub rewrites its own */
    entries(&hub, 30, "z");
    h = exported(&hub, NOVEMBER);
    mismatch(&h, &old, "the log of hub was rewritten or set back");
    sund_trail_close(&old);
    sund_trail_close(&a);
    sund_trail_close(&h);
    sund_db_close(fi.db);
    sund_db_close(hub.db);
}

/** What left FI with this digest, and what the hub logs of it. */
static void sends(member *fi, member *hub, const char *kind, const char *digest)
{
    if (fi)
        MUST(sund_ledger_add(fi->db, kind, "3f2a91c0b7d1", err, "left: round 0, chunk 0, attempt 0, commitment 77, 340 bytes, digest %s", digest));
    if (hub)
        MUST(sund_ledger_add(hub->db, kind, "3f2a91c0b7d1", err, "from FI, 340 bytes, digest %.16s", digest));
}

TEST(what_came_to_the_hub_left_the_node)
{
    static const char *const vector[] = { "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210", "00112233445566770011223344556677" };
    sund_trail               a, h;
    sund_trail_match         m;
    member                   fi, hub;

    sit(&fi, "FI", SUND_ROLE_NODE);
    sit(&hub, "hub", SUND_ROLE_HUB);
    sends(&fi, &hub, "masked", vector[0]);
    sends(&fi, NULL, "masked", vector[0]); /* again, after a kill */
    sends(&fi, NULL, "sign-total", vector[1]);
    MUST(sund_ledger_add(hub.db, "masked", "3f2a91c0b7d1", err, "from SE, 340 bytes, digest %.16s", vector[2])); /* another node's */
    a = exported(&fi, MAY);
    h = exported(&hub, MAY);
    for (int turn = 0; turn < 2; turn++) {
        MUST(sund_trail_compare(turn ? &h : &a, turn ? &a : &h, &m, err));
        CHECK(m.n_sent == 1 && m.n_unheard == 1);
    }
    sund_trail_close(&h);
    sends(NULL, &hub, "masked", vector[2]);
    h = exported(&hub, NOVEMBER);
    (void) snprintf(a.made, sizeof a.made, "2001-01-01T00:00:00Z"); /* what came after the node's export is not judged */
    MUST(sund_trail_compare(&a, &h, &m, err));
    CHECK(m.n_sent == 1 && m.n_unheard == 1);
    sund_trail_close(&a);
    a = exported(&fi, MAY);
    mismatch(&a, &h, "entry 3 of hub-");
    mismatch(&a, &h, "(masked, study 3f2a91c0b7d1, 340 bytes, digest 0011223344556677), and the log of FI has none that left so");
    sund_trail_close(&a);
    sends(&fi, NULL, "line", vector[2]); /* another kind is another message */
    a = exported(&fi, MAY);
    mismatch(&a, &h, "has none that left so");
    sund_trail_close(&a);
    sund_trail_close(&h);
    sund_db_close(fi.db);
    sund_db_close(hub.db);
}

TEST(two_nodes_find_a_hub_that_shows_two_logs)
{
    sund_trail       a, b;
    sund_trail_match m;
    member           fi, se, hub, other;

    sit(&fi, "FI", SUND_ROLE_NODE);
    sit(&se, "SE", SUND_ROLE_NODE);
    sit(&hub, "hub", SUND_ROLE_HUB);
    sit(&other, "hub", SUND_ROLE_HUB);
    entries(&fi, 2, "x");
    entries(&se, 2, "x");
    entries(&hub, 5, "x");
    entries(&other, 5, "another");
    meet(&fi, &hub);
    a = exported(&fi, MAY);
    {
        sund_head h;
        int64_t   n;

        MUST(sund_db_i64(fi.db, &n, 0, err, "SELECT n FROM head WHERE member='hub'", ""));
        MUST(sund_head_own(hub.db, &h, err));
        CHECK(n == (int64_t) h.n);
        MUST(sund_db_run(se.db, err, "INSERT INTO head(member, n, digest, own, logged) VALUES('hub',?,?,0,0)", "ib", n, h.d.b, sizeof h.d.b));
        b = exported(&se, MAY);
        MUST(sund_trail_compare(&a, &b, &m, err));
        CHECK(m.n_shared == 1 && m.n_held == 0);
        sund_trail_close(&b);
        MUST(sund_db_script(se.db, "DELETE FROM head", err));
    }
    meet(&se, &other);
    b = exported(&se, MAY);
    mismatch(&a, &b, "the log of hub was forked or rewritten");
    sund_trail_close(&a);
    sund_trail_close(&b);
    sund_db_close(fi.db);
    sund_db_close(se.db);
    sund_db_close(hub.db);
    sund_db_close(other.db);
}
