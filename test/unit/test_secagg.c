/* Vectors, masks, envelopes, rosters. */
#include "base/db.h"
#include "base/file.h"
#include "secagg/envelope.h"
#include "secagg/check.h"
#include "secagg/mask_priv.h"
#include "scratch.h"
#include "test.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

__extension__ typedef __int128          wide;
__extension__ typedef unsigned __int128 u128;

/* ---- vectors ---- */

TEST(lanes_add_modulo_their_width)
{
    sund_vec a = { 0, 0, NULL }, b = { 0, 0, NULL }, c = { 0, 0, NULL };
    sund_buf as_sent = { 0 };

    CHECK(sund_vec_new(&a, 3, 2, NULL) == SUND_OK && sund_vec_new(&b, 3, 2, NULL) == SUND_OK && sund_vec_words(&a) == 7);
    sund_vec_add64(&a, 0, -5);
    sund_vec_add64(&b, 0, 3);
    sund_vec_add64(&a, 1, INT64_MAX);
    sund_vec_add64(&b, 1, 1);
    sund_vec_add128(&a, 0, ((wide) 1 << 64) - 1); /* a carry from the low word into the high one */
    sund_vec_add128(&b, 0, 1);
    sund_vec_add128(&a, 1, -((wide) 7 << 90));
    sund_vec_add128(&b, 1, (wide) 7 << 90);
    sund_buf_u8(&as_sent, 0); /* where no word lies as words do */
    sund_vec_write(&b, &as_sent);
    CHECK(sund_vec_new(&c, 3, 2, NULL) == SUND_OK && sund_vec_add(&c, &a, NULL) == SUND_OK && sund_vec_add_bytes(&c, sund_cur_of(as_sent.p + 1, as_sent.n - 1), NULL) == SUND_OK);
    CHECK(sund_vec_add(&a, &b, NULL) == SUND_OK && sund_vec_eq(&a, &c));
    CHECK(sund_vec_add_bytes(&c, sund_cur_of(as_sent.p + 1, as_sent.n - 2), NULL) == SUND_E_FORMAT && sund_vec_eq(&a, &c));
    CHECK(sund_vec_get64(&a, 0) == -2 && sund_vec_get64(&a, 1) == INT64_MIN && sund_vec_get64(&a, 2) == 0);
    CHECK(sund_vec_get128(&a, 0) == (wide) 1 << 64 && sund_vec_get128(&a, 1) == 0);
    CHECK(sund_vec_bounded(&a, NULL) != SUND_OK); /* lane 1 left its bound */
    sund_vec_free(&b);
    CHECK(sund_vec_new(&b, 2, 2, NULL) == SUND_OK && sund_vec_add(&a, &b, NULL) == SUND_E_MISMATCH);
    sund_vec_free(&c);
    CHECK(sund_vec_new(&c, 2, 2, NULL) == SUND_OK && sund_vec_add_bytes(&c, sund_cur_of(as_sent.p + 1, as_sent.n - 1), NULL) == SUND_E_MISMATCH);
    sund_buf_free(&as_sent);
    sund_vec_free(&a);
    sund_vec_free(&b);
    sund_vec_free(&c);
}

TEST(a_vectors_digest_is_that_of_its_bytes)
{
    for (size_t n = 0; n < 4096; n = 3 * n + 1) { /* over pieces, and at their ends */
        sund_vec    v = { 0, 0, NULL };
        sund_buf    b = { 0 };
        sund_key    key;
        sund_digest d, want;

        sund_random(&key, sizeof key);
        CHECK(sund_vec_new(&v, n, 1024 - n % 3, NULL) == SUND_OK);
        sund_random(v.w, 8 * sund_vec_words(&v));
        sund_vec_write(&v, &b);
        d = sund_vec_digest(&key, &v);
        want = sund_digest_keyed(&key, b.p, b.n);
        CHECK(sund_digest_eq(&d, &want));
        sund_buf_free(&b);
        sund_vec_free(&v);
    }
}

/* What is opened has to be a sum that people can give. */
TEST(a_total_beyond_its_bound_is_no_number)
{
    static const int64_t  narrow[] = { (int64_t) 1 << 62, -((int64_t) 1 << 62), ((int64_t) 1 << 62) + 1, -((int64_t) 1 << 62) - 1, INT64_MAX, INT64_MIN };
    static const uint64_t high[] = { ((uint64_t) 1 << 62) - 1, (uint64_t) -((int64_t) 1 << 62), (uint64_t) 1 << 62, (uint64_t) (-((int64_t) 1 << 62) - 1), INT64_MAX, (uint64_t) INT64_MIN };

    for (size_t k = 0; k < 6; k++)
        for (int in_wide = 0; in_wide < 2; in_wide++) {
            sund_vec v = { 0, 0, NULL };
            sund_err why = { SUND_OK, "" };

            CHECK(sund_vec_new(&v, 3, 2, &why) == SUND_OK);
            v.w[in_wide ? 3 + 3 : 2] = in_wide ? high[k] : (uint64_t) narrow[k];
            CHECK((sund_vec_bounded(&v, &why) == SUND_OK) == (k < 2));
            CHECK(k < 2 || strstr(why.msg, in_wide ? "wide lane 1 of a total" : "lane 2 of a total"));
            sund_vec_free(&v);
        }
}

TEST(vectors_are_read_strictly)
{
    uint8_t  bytes[8 + 8 * 3] = { 1, 0, 0, 0, 1 };
    sund_vec v = { 0, 0, NULL };

    CHECK(sund_vec_read(&v, bytes, sizeof bytes, NULL) == SUND_OK && v.n64 == 1 && v.n128 == 1);
    sund_vec_free(&v);
    for (size_t n = 0; n < sizeof bytes; n++)
        CHECK(sund_vec_read(&v, bytes, n, NULL) != SUND_OK);
    bytes[3] = 255; /* claims four billion lanes */
    CHECK(sund_vec_read(&v, bytes, sizeof bytes, NULL) != SUND_OK);
    bytes[7] = 255;
    CHECK(sund_vec_read(&v, bytes, sizeof bytes, NULL) != SUND_OK);
}

/* ---- masks ---- */

typedef struct group { size_t n; sund_session s[30]; sund_session_key k[30]; } group;

static group *make_group(size_t n)
{
    group *g = calloc(1, sizeof *g);

    if (!g || sund_crypto_init(NULL) != SUND_OK)
        abort();
    g->n = n;
    for (size_t i = 0; i < n; i++)
        sund_session_key_make(&g->k[i]);
    for (size_t i = 0; i < n; i++) {
        g->s[i].n_node = n;
        g->s[i].me = i;
        memset(g->s[i].digest.b, 7, 32);
        for (size_t j = 0; j < n; j++) {
            (void) snprintf(g->s[i].node[j].id, sizeof g->s[i].node[j].id, "N%02zu", j);
            g->s[i].node[j].eph = sund_dh_pub(&g->k[j].eph);
        }
    }
    return g;
}

static sund_mask_label label_of(uint32_t round, uint32_t chunk, uint32_t attempt)
{
    sund_mask_label l = { round, chunk, attempt, { { 0 } } };

    memset(l.params.b, 9, 32);
    return l;
}

static sund_vec random_vec(size_t n64, size_t n128)
{
    sund_vec v = { 0, 0, NULL };

    if (sund_vec_new(&v, n64, n128, NULL) != SUND_OK)
        abort();
    for (size_t i = 0; i < sund_vec_words(&v); i++)
        v.w[i] = test_rand();
    return v;
}

static sund_vec masked_vec(const sund_masked *m)
{
    sund_vec       v = { 0, 0, NULL };
    size_t         n;
    const uint8_t *p = sund_masked_body(m, &n);

    CHECK(n > 12 && sund_vec_read(&v, p + 12, n - 12, NULL) == SUND_OK);
    return v;
}

/** Sums, opens with every own key as its peers unseal it, and compares with the plain sum. */
static bool opens_to_the_sum(group *g)
{
    sund_mask_label l = label_of(1, 2, 3);
    sund_vec        sum = random_vec(50, 20), total = { 0, 0, NULL };
    sund_key        b[30];
    bool            same, noise = true;

    memset(sum.w, 0, sund_vec_words(&sum) * 8);
    for (size_t i = 0; i < g->n; i++) {
        sund_vec     x = random_vec(50, 20), y;
        sund_masked *m = NULL;
        sund_buf     sealed = { 0 };

        CHECK(sund_mask(&m, &g->s[i], &g->k[i], &l, &x, NULL) == SUND_OK);
        y = masked_vec(m);
        for (size_t w = 0; w < sund_vec_words(&x); w++)
            noise = noise && x.w[w] != y.w[w];
        CHECK(sund_vec_add(&sum, &x, NULL) == SUND_OK);
        if (i == 0)
            total = y;
        else {
            CHECK(sund_vec_add(&total, &y, NULL) == SUND_OK);
            sund_vec_free(&y);
        }
        CHECK(sund_mask_seal_own(&g->s[i], &g->k[i], &l, &sealed, NULL) == SUND_OK);
        CHECK(sund_mask_unseal_peer(&g->s[g->n - 1], &g->k[g->n - 1], sund_cur_of(sealed.p, sealed.n), &b[i], NULL) == SUND_OK);
        sund_buf_free(&sealed);
        sund_masked_free(m);
        sund_vec_free(&x);
    }
    for (size_t w = 0; w < sund_vec_words(&sum); w++)
        noise = noise && sum.w[w] != total.w[w]; /* the total the hub sees is masked still */
    CHECK(sund_mask_open(&g->s[0], b, &total, NULL) == SUND_OK);
    same = memcmp(sum.w, total.w, sund_vec_words(&sum) * 8) == 0;
    sund_vec_free(&sum);
    sund_vec_free(&total);
    return same && noise;
}

TEST(masks_cancel_for_2_to_30_nodes)
{
    for (size_t n = 2; n <= 30; n++) {
        group *g = make_group(n);

        CHECK(opens_to_the_sum(g));
        free(g);
    }
}

TEST(without_one_own_key_a_total_stays_noise)
{
    group          *g = make_group(3);
    sund_mask_label l = label_of(0, 0, 0);
    sund_vec        total = { 0, 0, NULL };
    sund_key        b[3];

    for (size_t i = 0; i < 3; i++) {
        sund_vec     x = { 0, 0, NULL }, y;
        sund_masked *m = NULL;

        CHECK(sund_vec_new(&x, 100, 0, NULL) == SUND_OK && sund_mask(&m, &g->s[i], &g->k[i], &l, &x, NULL) == SUND_OK);
        y = masked_vec(m);
        if (i == 0)
            total = y;
        else {
            CHECK(sund_vec_add(&total, &y, NULL) == SUND_OK);
            sund_vec_free(&y);
        }
        b[i] = sund_mask_own_key(&g->s[i], &g->k[i], &l);
        sund_masked_free(m);
        sund_vec_free(&x);
    }
    b[1].b[0] ^= 1;
    CHECK(sund_mask_open(&g->s[0], b, &total, NULL) == SUND_OK);
    for (size_t i = 0; i < 100; i++)
        CHECK(total.w[i] != 0);
    sund_vec_free(&total);
    free(g);
}

/* ---- the check of the addition ---- */

/** The definition, a lane and a bit at a time: narrow (limbs 1) or wide lanes. The stream goes on.
 */
static void plain_sums(sund_stream *stream, const u128 *x, size_t n, u128 z[SUND_CHECK_SUMS])
{
    size_t  blocks = (n + 31) / 32;
    u128    first[SUND_CHECK_SUMS][8];
    uint8_t bits[64 * 64];

    memset(first, 0, sizeof first);
    memset(z, 0, SUND_CHECK_SUMS * sizeof *z);
    for (size_t i = 0; i < blocks * 32 && i < n;
         i++) { /* lane i: block i / 32, row i / 8 % 4, side i % 8 */
        if (i % (64 * 32) == 0)
            CHECK(sund_stream_next(stream, bits, sizeof bits, NULL) == SUND_OK);
        for (unsigned k = 0; k < SUND_CHECK_SUMS; k++)
            if (bits[i / 32 % 64 * 64 + k / 2] >> (4 * (k % 2) + i / 8 % 4) & 1)
                first[k][i % 8] += x[i];
    }
    for (unsigned i = 0; i < 8 * SUND_CHECK_SUMS; i++) { /* four at a time */
        if (i % (64 * 4) == 0)
            CHECK(sund_stream_next(stream, bits, sizeof bits, NULL) == SUND_OK);
        for (unsigned k = 0; k < SUND_CHECK_SUMS; k++)
            if (bits[i / 4 % 64 * 64 + k / 2] >> (4 * (k % 2) + i % 4) & 1)
                z[k] += first[i / 8][i % 8];
    }
}

TEST(check_sums_are_what_they_are_said_to_be)
{
    static const size_t shape[][2] = { { 1, 0 },    { 0, 1 },       { 31, 33 },
                                       { 2049, 0 }, { 4096, 2100 }, { 0, 5000 } };

    for (size_t t = 0; t < sizeof shape / sizeof shape[0]; t++) {
        sund_vec    v = { 0, 0, NULL }, z = { 0, 0, NULL };
        sund_digest seed, total;
        sund_stream s = { NULL };
        sund_hasher h;
        u128        want[SUND_CHECK_SUMS], *x = calloc(8192, sizeof *x);

        CHECK(x && sund_vec_new(&v, shape[t][0], shape[t][1], NULL) == SUND_OK);
        for (size_t i = 0; i < sund_vec_words(&v); i++)
            v.w[i] = i % 3 ? test_rand() : UINT64_MAX;
        sund_random(&total, sizeof total);
        sund_hasher_init(&h);
        sund_hasher_add(&h, "sund check", 10);
        sund_hasher_add(&h, total.b, 32);
        seed = sund_hasher_end(&h);
        CHECK(sund_check_sums(&total, &v, &z, NULL) == SUND_OK);
        CHECK(z.n64 == (v.n64 ? 128 : 0) && z.n128 == (v.n128 ? 128 : 0));
        CHECK(sund_stream_open(&s, seed.b, NULL) == SUND_OK);
        for (size_t i = 0; i < v.n64; i++)
            x[i] = v.w[i];
        if (v.n64)
            plain_sums(&s, x, v.n64, want);
        for (size_t k = 0; k < z.n64; k++)
            CHECK(z.w[k] == (uint64_t) want[k]);
        for (size_t i = 0; i < v.n128; i++)
            x[i] = (u128) sund_vec_get128(&v, i);
        if (v.n128)
            plain_sums(&s, x, v.n128, want);
        for (size_t k = 0; k < z.n128; k++)
            CHECK((u128) sund_vec_get128(&z, k) == want[k]);
        sund_stream_close(&s);
        sund_vec_free(&v);
        sund_vec_free(&z);
        free(x);
    }
}

/** Every single-lane error, every power of two of it, errors that cancel out over lanes and a swap
 * of two lanes are seen; a right sum passes. */
TEST(a_wrong_addition_never_fits_the_check)
{
    sund_vec    y[3], t = { 0, 0, NULL }, z = { 0, 0, NULL }, want = { 0, 0, NULL };
    sund_digest total;
    unsigned    missed = 0;

    CHECK(sund_vec_new(&t, 700, 300, NULL) == SUND_OK);
    for (int u = 0; u < 3; u++) {
        CHECK(sund_vec_new(&y[u], 700, 300, NULL) == SUND_OK);
        sund_random(y[u].w, 8 * sund_vec_words(&y[u]));
        CHECK(sund_vec_add(&t, &y[u], NULL) == SUND_OK);
    }
    for (unsigned at = 0; at < 400; at++) {
        size_t   lane = test_rand() % 1000, power = at % 128;
        sund_vec bad = { 0, 0, NULL };

        sund_random(&total, sizeof total); /* as a hub's new total would */
        CHECK(sund_vec_new(&bad, 700, 300, NULL) == SUND_OK);
        CHECK(sund_vec_add(&bad, &t, NULL) == SUND_OK);
        if (lane < 700) {
            sund_vec_add64(&bad, lane, (int64_t) (1ULL << (power % 64)));
            if (at % 3 == 0)
                sund_vec_add64(&bad, (lane + 8) % 700, (int64_t) -(1ULL << (power % 64)));
        } else {
            sund_vec_add128(&bad, lane - 700, (wide) ((u128) 1 << power));
        }
        CHECK(sund_vec_new(&want, SUND_CHECK_SUMS, SUND_CHECK_SUMS, NULL) == SUND_OK);
        for (int u = 0; u < 3; u++) {
            CHECK(sund_check_sums(&total, &y[u], &z, NULL) == SUND_OK);
            CHECK(sund_vec_add(&want, &z, NULL) == SUND_OK);
            sund_vec_free(&z);
        }
        CHECK(sund_check_sums(&total, &t, &z, NULL) == SUND_OK);
        CHECK(sund_vec_eq(&z, &want));
        sund_vec_free(&z);
        CHECK(sund_check_sums(&total, &bad, &z, NULL) == SUND_OK);
        missed += sund_vec_eq(&z, &want);
        sund_vec_free(&z);
        sund_vec_free(&want);
        sund_vec_free(&bad);
    }
    CHECK(missed == 0);
    for (int u = 0; u < 3; u++)
        sund_vec_free(&y[u]);
    sund_vec_free(&t);
}

TEST(own_keys_are_for_their_peer_alone)
{
    group          *g = make_group(3);
    sund_mask_label l = label_of(0, 0, 0);
    sund_buf        sealed = { 0 };
    sund_key        b;

    CHECK(sund_mask_seal_own(&g->s[0], &g->k[0], &l, &sealed, NULL) == SUND_OK);
    CHECK(sund_mask_unseal_peer(&g->s[1], &g->k[1], sund_cur_of(sealed.p, sealed.n), &b, NULL) == SUND_OK);
    CHECK(sund_mask_unseal_peer(&g->s[1], &g->k[2], sund_cur_of(sealed.p, sealed.n), &b, NULL) != SUND_OK); /* another's key does not open it */
    for (size_t n = 0; n < sealed.n; n += 7)
        CHECK(sund_mask_unseal_peer(&g->s[1], &g->k[1], sund_cur_of(sealed.p, n), &b, NULL) != SUND_OK);
    sealed.p[SUND_SEAL_OVERHEAD + 32 + 40] ^= 1;
    CHECK(sund_mask_unseal_peer(&g->s[1], &g->k[1], sund_cur_of(sealed.p, sealed.n), &b, NULL) != SUND_OK);
    sund_buf_free(&sealed);
    free(g);
}

static sund_digest masked_zero(const group *g, const sund_mask_label *l)
{
    sund_vec     x = { 0, 0, NULL };
    sund_masked *m = NULL;
    sund_digest  d;
    const uint8_t *body;
    size_t         n;

    if (sund_vec_new(&x, 8, 0, NULL) != SUND_OK || sund_mask(&m, &g->s[0], &g->k[0], l, &x, NULL) != SUND_OK)
        abort();
    body = sund_masked_body(m, &n);
    d = sund_digest_of(body + 12, n - 12); /* of the vector: the label in front of it differs anyway */
    sund_masked_free(m);
    sund_vec_free(&x);
    return d;
}

TEST(every_part_of_a_label_changes_every_mask)
{
    group          *g = make_group(3);
    sund_mask_label l = label_of(1, 1, 1);
    sund_digest     base = masked_zero(g, &l), again = masked_zero(g, &l), d;

    CHECK(sund_digest_eq(&base, &again));
    for (int k = 0; k < 5; k++) {
        sund_mask_label x = l;
        group           h = *g;

        x.round += k == 0;
        x.chunk += k == 1;
        x.attempt += k == 2;
        x.params.b[31] ^= (uint8_t) (k == 3);
        h.s[0].digest.b[0] ^= (uint8_t) (k == 4);
        d = masked_zero(&h, &x);
        CHECK(!sund_digest_eq(&base, &d));
    }
    free(g);
}

TEST(session_keys_come_back_from_their_file)
{
    sund_session_key a, b;
    const char      *path = scratch("session.key");
    struct stat      st;
    sund_buf         bytes = { 0 };

    sund_session_key_make(&a);
    CHECK(sund_session_key_save(&a, path, NULL) == SUND_OK);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(sund_session_key_load(&b, path, NULL) == SUND_OK && memcmp(&a, &b, sizeof a) == 0);
    CHECK(sund_file_read(path, 4096, &bytes, NULL) == SUND_OK);
    CHECK(sund_file_write(path, bytes.p, bytes.n / 2, 0600, NULL) == SUND_OK && sund_session_key_load(&b, path, NULL) != SUND_OK);
    CHECK(sund_session_key_save(&a, path, NULL) == SUND_OK && chmod(path, 0644) == 0 && sund_session_key_load(&b, path, NULL) == SUND_E_DENIED);
    (void) unlink(path);
    CHECK(sund_session_key_load(&b, path, NULL) == SUND_E_NOT_FOUND);
    sund_buf_free(&bytes);
}

/* ---- rosters and envelopes ---- */

static sund_identity hub, node[3], anna;

static void identities(void)
{
    sund_identity *all[] = { &hub, &node[0], &node[1], &node[2], &anna };
    const char    *id[] = { "hub", "ES", "FI", "GB", "anna" };

    if (sund_crypto_init(NULL) != SUND_OK)
        abort();
    for (int i = 0; i < 5; i++) {
        (void) snprintf(all[i]->id, sizeof all[i]->id, "%s", id[i]);
        sund_sign_keypair(&all[i]->pub, &all[i]->key);
    }
}

static void key_line(sund_buf *t, const char *head, const sund_identity *me)
{
    char hex[65];

    sund_hex(me->pub.b, 32, hex);
    sund_buf_printf(t, "\n[%s]\nsign = %s\n", head, hex);
}

/** Unsigned text: more is put behind the members. */
static sund_buf roster_text(const char *more)
{
    sund_buf t = { 0 };

    sund_buf_text(&t, "[federation]\nname = test\n");
    key_line(&t, "hub", &hub);
    sund_buf_text(&t, "url = https://127.0.0.1:1\npin = sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    key_line(&t, "node ES", &node[0]);
    key_line(&t, "node FI", &node[1]);
    key_line(&t, "node GB", &node[2]);
    key_line(&t, "researcher anna", &anna);
    sund_buf_text(&t, more);
    return t;
}

static void sign_all(sund_buf *t, int n)
{
    size_t plain = t->n;

    for (int i = 0; i < n; i++) {
        sund_buf s = { 0 };
        if (sund_roster_sign(t->p, plain, node[i].id, false, &node[i].key, &s, NULL) != SUND_OK)
            abort();
        sund_buf_put(t, s.p, s.n);
        sund_buf_free(&s);
    }
}

static bool roster_ok(const sund_buf *t, bool unsigned_ok, sund_err *err)
{
    sund_roster r = { .name = "" };
    bool        ok = sund_roster_parse(&r, "roster", t->p, t->n, unsigned_ok, err) == SUND_OK;

    sund_roster_free(&r);
    return ok;
}

TEST(a_roster_needs_every_nodes_signature)
{
    sund_err err;

    identities();
    for (int n = 0; n <= 3; n++) {
        sund_buf t = roster_text("");

        sign_all(&t, n);
        CHECK(roster_ok(&t, false, &err) == (n == 3));
        CHECK(roster_ok(&t, true, &err));
        sund_buf_free(&t);
    }
}

TEST(any_altered_byte_of_a_signed_roster_is_refused)
{
    sund_buf t;
    size_t   passed = 0, n;
    sund_err err;

    identities();
    t = roster_text("");
    n = t.n;
    sign_all(&t, 3);
    for (size_t i = 0; i < n; i++) {
        t.p[i] ^= 1;
        passed += roster_ok(&t, false, &err);
        t.p[i] ^= 1;
    }
    CHECK(passed == 0 && roster_ok(&t, false, &err));
    sund_buf_free(&t);
}

/** A signed text behind which somebody writes a node of their own, with its own good signature. */
TEST(nothing_is_added_behind_the_signatures)
{
    sund_identity z;
    sund_buf      t, s = { 0 };
    sund_err      err;

    identities();
    t = roster_text("");
    sign_all(&t, 3);
    sund_sign_keypair(&z.pub, &z.key);
    CHECK(sund_roster_sign(t.p, t.n, "Z", false, &z.key, &s, NULL) == SUND_OK);
    key_line(&t, "node Z", &z);
    sund_buf_put(&t, s.p, s.n);
    CHECK(!roster_ok(&t, false, &err) && strstr(err.msg, "behind them"));
    sund_buf_free(&t);
    sund_buf_free(&s);
}

/* ---- one roster after another ---- */

typedef struct place { const char *id; const sund_identity *key, *former; } place; /* former: the key it signs with beside its own */

/** Roster `number` of these nodes, behind `before` (NULL: the first), signed by all of them. */
static sund_roster following(const sund_roster *before, unsigned number, const place *node_at, size_t n)
{
    sund_buf    t = { 0 }, s = { 0 };
    sund_roster r = { .name = "" };
    sund_err    err = { SUND_OK, "" };
    char        head[40];

    sund_buf_text(&t, "[federation]\nname = test\n");
    if (before)
        sund_buf_printf(&t, "number = %u\nbefore = %s\n", number, sund_digest_hex(&before->digest).s);
    key_line(&t, "hub", &hub);
    sund_buf_text(&t, "url = https://127.0.0.1:1\npin = sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    for (size_t i = 0; i < n; i++) {
        (void) snprintf(head, sizeof head, "node %s", node_at[i].id);
        key_line(&t, head, node_at[i].key);
    }
    for (size_t i = 0; i < n; i++) {
        CHECK(sund_roster_sign(t.p, t.n, node_at[i].id, false, &node_at[i].key->key, &s, NULL) == SUND_OK);
        if (node_at[i].former)
            CHECK(sund_roster_sign(t.p, t.n, node_at[i].id, true, &node_at[i].former->key, &s, NULL) == SUND_OK);
    }
    sund_buf_put(&t, s.p, s.n);
    CHECK(sund_roster_parse(&r, "roster", t.p, t.n, false, &err) == SUND_OK);
    if (err.msg[0])
        fprintf(stderr, "# %s\n", err.msg);
    sund_buf_free(&t);
    sund_buf_free(&s);
    return r;
}

static bool follows(const sund_roster *now, unsigned number, const place *node_at, size_t n, const char *why)
{
    sund_roster next = following(now, number, node_at, n);
    sund_err    err = { SUND_OK, "" };
    bool        yes = sund_roster_follows(now, &next, &err) == SUND_OK;

    if (why && !strstr(err.msg, why))
        fprintf(stderr, "# %s (want %s)\n", err.msg, why);
    CHECK(yes == !why && (yes || strstr(err.msg, why)));
    sund_roster_free(&next);
    return yes;
}

TEST(who_may_follow_whom)
{
    sund_identity fresh, other;
    sund_roster   now, next;
    sund_err      err;
    place         at[4];

    identities();
    sund_sign_keypair(&fresh.pub, &fresh.key);
    sund_sign_keypair(&other.pub, &other.key);
    memcpy(at, (place[]){ { "ES", &node[0], NULL }, { "FI", &node[1], NULL }, { "GB", &node[2], NULL }, { "SE", &fresh, NULL } }, sizeof at);
    now = following(NULL, 1, at, 3);
    CHECK(now.number == 1 && follows(&now, 2, at, 4, NULL)); /* SE joins */
    CHECK(follows(&now, 2, at, 2, NULL));                    /* GB leaves, and need not sign */
    CHECK(!follows(&now, 2, at, 1, "more than half"));       /* two of three were thrown out */
    CHECK(!follows(&now, 3, at, 4, "does not follow"));      /* one is missing in between */
    at[1] = (place){ "FI", &fresh, NULL };
    CHECK(!follows(&now, 2, at, 3, "former key did not sign"));
    at[1].former = &other;
    CHECK(!follows(&now, 2, at, 3, "former key did not sign"));
    at[1].former = &node[1];
    CHECK(follows(&now, 2, at, 3, NULL));
    /* a federation of the hub's own making: three new keys under the old names */
    at[0] = (place){ "N1", &fresh, NULL };
    at[1] = (place){ "N2", &other, NULL };
    CHECK(!follows(&now, 2, at, 2, "more than half"));
    at[0] = (place){ "ES", &node[0], NULL };
    at[1] = (place){ "FI", &node[1], NULL };
    next = following(&now, 2, at, 3);
    CHECK(sund_roster_follows(&next, &now, &err) == SUND_E_MISMATCH && strstr(err.msg, "the older"));
    CHECK(sund_roster_follows(&now, &now, &err) == SUND_E_MISMATCH);
    CHECK(strlen(sund_fingerprint(now.digest.b).s) == 35 && strcmp(sund_fingerprint(now.digest.b).s, sund_fingerprint(next.digest.b).s) != 0);
    sund_roster_free(&now);
    sund_roster_free(&next);
}

TEST(rosters_that_are_refused)
{
    static const char *const more[] = { "\n[node FI]\nsign = 00\n", "\n[node X]\nsign = 0011\n", "\n[node a b]\nsign = 00\n", "\n[nodes X]\nsign = 00\n", "\n[hub]\nid = x\n",
                                        "\n[federation]\nname = y\n", "\nfoo = bar\n", "\n[signature FI]\nsig = 00\n[node Z]\nsign = 00\n" };
    sund_buf                 t;
    sund_err                 err;
    char                     same[120], hex[65];

    identities();
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        t = roster_text(more[i]);
        CHECK(!roster_ok(&t, true, &err) && err.msg[0]);
        sund_buf_free(&t);
    }
    t = roster_text("\n[researcher login]\nsign = 1111111111111111111111111111111111111111111111111111111111111111\n");
    CHECK(roster_ok(&t, true, &err));
    sund_buf_free(&t);
    t = roster_text("\n[researcher login-1]\nsign = 1111111111111111111111111111111111111111111111111111111111111111\n"); /* of those who log in */
    CHECK(!roster_ok(&t, true, &err) && strstr(err.msg, "who log in"));
    sund_buf_free(&t);
    sund_hex(node[1].pub.b, 32, hex);
    (void) snprintf(same, sizeof same, "\n[node SE]\nsign = %s\n", hex); /* one key, two names */
    t = roster_text(same);
    CHECK(!roster_ok(&t, true, &err) && strstr(err.msg, "one key"));
    sund_buf_free(&t);
    t = roster_text("");
    for (int i = 0; i < 28; i++) {
        sund_identity x;
        char          head[20];

        sund_sign_keypair(&x.pub, &x.key);
        (void) snprintf(head, sizeof head, "node N%d", i);
        key_line(&t, head, &x);
    }
    CHECK(!roster_ok(&t, true, &err) && strstr(err.msg, "30"));
    sund_buf_free(&t);
}

TEST(a_database_that_others_may_read_is_refused)
{
    const char *name = scratch("state.db");
    sund_db    *db = NULL;
    sund_err    err;

    CHECK(sund_db_open(&db, name, "CREATE TABLE IF NOT EXISTS t(x INTEGER) STRICT;", NULL) == SUND_OK);
    sund_db_close(db);
    db = NULL;
    CHECK(chmod(name, 0644) == 0 && sund_db_open(&db, name, "", &err) == SUND_E_DENIED && strstr(err.msg, "chmod 600") && !db);
}

/** Whether this process's heap holds the first half of a key in hex: the second is the public key, which may be anywhere. */
static bool on_heap(const sund_identity *me)
{
    char          hex[65], line[512];
    unsigned long from = 0, to = 0;
    FILE         *maps = fopen("/proc/self/maps", "r");

    sund_hex(me->key.b, 32, hex);
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "[heap]") && sscanf(line, "%lx-%lx", &from, &to) == 2)
            break;
    if (maps)
        (void) fclose(maps);
    return to > from && memmem((const void *) from, to - from, hex, 64) != NULL; /* NOLINT: the heap as bytes */
}

TEST(an_identity_that_others_may_read_is_refused)
{
    const char   *path = scratch("identity.ini");
    sund_identity me, got;
    sund_err      err;

    CHECK(sund_identity_make(&me, "FI", path, NULL) == SUND_OK && sund_identity_read(&got, path, &err) == SUND_OK && memcmp(&me, &got, sizeof me) == 0);
    CHECK(!on_heap(&me));
    CHECK(chmod(path, 0640) == 0 && sund_identity_read(&got, path, &err) != SUND_OK && strstr(err.msg, path));
}

static bool accepts(const sund_buf *m, const sund_roster *r, unsigned roles, uint64_t max, sund_err *err)
{
    sund_cur      c = sund_cur_of(m->p, m->n), body;
    sund_envelope e;

    return sund_envelope_read(&c, max, &e, err) == SUND_OK && sund_envelope_body(&c, &e, &body, err) == SUND_OK && sund_cur_end(&c, "message", err) == SUND_OK &&
           sund_envelope_check(&e, r, roles, err) == SUND_OK;
}

TEST(any_altered_byte_of_a_message_is_refused)
{
    sund_envelope e = { .kind = 3, .channel = 1, .seq = 9 };
    sund_roster   r = { .name = "" };
    sund_buf      t, m = { 0 };
    sund_err      err;
    size_t        passed = 0;
    unsigned      nodes = 1u << SUND_ROLE_NODE;

    identities();
    t = roster_text("");
    sign_all(&t, 3);
    CHECK(sund_roster_parse(&r, "roster", t.p, t.n, false, NULL) == SUND_OK);
    sund_envelope_write(&e, &node[1], "the body", 8, &m);
    CHECK(accepts(&m, &r, nodes, 100, &err));
    for (size_t i = 0; i < m.n * 8; i++) {
        m.p[i / 8] = (uint8_t) (m.p[i / 8] ^ 1u << (i % 8));
        passed += accepts(&m, &r, nodes, 100, &err);
        m.p[i / 8] = (uint8_t) (m.p[i / 8] ^ 1u << (i % 8));
    }
    CHECK(passed == 0);
    for (size_t n = 0; n < m.n; n++) {
        sund_buf cut = { .p = m.p, .n = n, .cap = n };
        CHECK(!accepts(&cut, &r, nodes, 100, &err));
    }
    CHECK(!accepts(&m, &r, nodes, 7, &err));                          /* longer than this receiver takes */
    CHECK(!accepts(&m, &r, 1u << SUND_ROLE_RESEARCHER, 100, &err)); /* another role */
    sund_buf_u8(&m, 0);
    CHECK(!accepts(&m, &r, nodes, 100, &err)); /* something behind it */
    sund_buf_clear(&m);
    (void) snprintf(node[1].id, sizeof node[1].id, "SE");
    sund_envelope_write(&e, &node[1], "the body", 8, &m);
    CHECK(!accepts(&m, &r, nodes, 100, &err) && strstr(err.msg, "unknown sender SE"));
    sund_buf_free(&m);
    sund_buf_free(&t);
    sund_roster_free(&r);
}

TEST(numbers_rise)
{
    uint64_t a = sund_seq_next(0), b = sund_seq_next(a), c = sund_seq_next(UINT64_C(1) << 62);

    CHECK(b > a && c > UINT64_C(1) << 62);
}
