#include "secagg/mask_priv.h"

#include "base/file.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void sund_session_key_make(sund_session_key *k) { sund_random(k, sizeof *k); }

sund_code sund_session_key_save(const sund_session_key *k, const char *path, sund_err *err) { return sund_file_write(path, k, sizeof *k, 0600, err); }

sund_code sund_session_key_load(sund_session_key *k, const char *path, sund_err *err)
{
    sund_buf  b = { 0 };
    sund_code rc = sund_file_private(path, err);

    if (rc == SUND_OK)
        rc = sund_file_read(path, sizeof *k, &b, err);
    if (rc == SUND_OK && b.n != sizeof *k)
        rc = sund_fail(err, SUND_E_FORMAT, "%s is not a session's key", path);
    if (rc == SUND_OK)
        memcpy(k, b.p, sizeof *k);
    if (b.p)
        sund_wipe(b.p, b.n);
    sund_buf_free(&b);
    return rc;
}

/** Key of a label: keyed BLAKE2b(secret; what, session, label, lower id, higher id). In memory of fixed size: an allocation that failed half-way
 *  would give different labels one key. */
static sund_key label_key(const sund_key *secret, const char what[4], const sund_session *s, const sund_mask_label *l, const char *low, const char *high)
{
    struct {
        char     what[4], low[SUND_ID_MAX + 1], high[SUND_ID_MAX + 1];
        uint8_t  slot[12], session[32], params[32];
    } in;
    const uint32_t n[3] = { l->round, l->chunk, l->attempt };
    sund_digest    d;
    sund_key       out;

    memset(&in, 0, sizeof in);
    memcpy(in.what, what, sizeof in.what);
    memcpy(in.low, low, strlen(low));
    memcpy(in.high, high, strlen(high));
    for (unsigned i = 0; i < sizeof in.slot; i++)
        in.slot[i] = (uint8_t) (n[i / 4] >> (8 * (i % 4)));
    memcpy(in.session, s->digest.b, sizeof in.session);
    memcpy(in.params, l->params.b, sizeof in.params);
    d = sund_digest_keyed(secret, &in, sizeof in);
    memcpy(out.b, d.b, sizeof out.b);
    sund_wipe(&d, sizeof d);
    return out;
}

sund_key sund_mask_own_key(const sund_session *s, const sund_session_key *k, const sund_mask_label *label) { return label_key(&k->own, "own ", s, label, "", ""); }

static sund_code pair_key(const sund_session *s, const sund_session_key *k, const sund_mask_label *label, size_t peer, sund_key *out, sund_err *err)
{
    size_t      low = s->me < peer ? s->me : peer, high = s->me < peer ? peer : s->me;
    sund_key    shared;

    SUND_TRY(sund_dh(&k->eph, &s->node[peer].eph, &shared, err));
    *out = label_key(&shared, "pair", s, label, s->node[low].id, s->node[high].id);
    sund_wipe(&shared, sizeof shared);
    return SUND_OK;
}

__extension__ typedef unsigned __int128 u128;

enum { STREAM_WORDS = 1024 }; /* even: no wide lane is cut. What is added to and what is added stay in the first cache */

typedef uint64_t four_words __attribute__((vector_size(32), aligned(8), may_alias));

static void add_words(uint64_t *to, const uint64_t *from, size_t n, bool add)
{
    size_t i = 0;

    for (; add && i + 4 <= n; i += 4)
        *(four_words *) (to + i) += *(const four_words *) (from + i);
    for (; !add && i + 4 <= n; i += 4)
        *(four_words *) (to + i) -= *(const four_words *) (from + i);
    for (; i < n; i++)
        to[i] += add ? from[i] : -from[i];
}

static void add_pairs(uint64_t *to, const uint64_t *from, size_t n, bool add)
{
    for (size_t i = 0; i < n; i += 2) {
        u128 a = (u128) to[i + 1] << 64 | to[i], b = (u128) from[i + 1] << 64 | from[i];

        a = add ? a + b : a - b;
        to[i] = (uint64_t) a;
        to[i + 1] = (uint64_t) (a >> 64);
    }
}

sund_code sund_stream_open(sund_stream *s, const uint8_t key[32], sund_err *err)
{
    const uint8_t iv[16] = { 0 };

    s->ctx = EVP_CIPHER_CTX_new();
    return s->ctx && EVP_EncryptInit_ex(s->ctx, EVP_aes_256_ctr(), NULL, key, iv) == 1
               ? SUND_OK
               : sund_fail(err, SUND_E_NOMEM, "the cipher cannot be set up");
}

sund_code sund_stream_next(sund_stream *s, void *out, size_t n, sund_err *err)
{
    static const uint8_t zero[1 << 16];
    int                  got = 0;

    if (n > sizeof zero || EVP_EncryptUpdate(s->ctx, out, &got, zero, (int) n) != 1 ||
        got != (int) n)
        return sund_fail(err, SUND_E_IO, "the cipher failed");
    return SUND_OK;
}

void sund_stream_close(sund_stream *s)
{
    EVP_CIPHER_CTX_free(s->ctx);
    s->ctx = NULL;
}

/** Adds to v, or subtracts from it, the stream of each key; the counter is the word's place. */
static sund_code add_streams(sund_vec *v, size_t n_key, const sund_key *key, const bool *add, sund_err *err)
{
    uint64_t    word[STREAM_WORDS];
    sund_stream s[SUND_NODE_MAX] = { { NULL } };
    size_t      n = sund_vec_words(v);
    sund_code   rc = SUND_OK;

    for (size_t k = 0; k < n_key && rc == SUND_OK; k++)
        rc = sund_stream_open(&s[k], key[k].b, err);
    for (size_t at = 0, take; rc == SUND_OK && at < n; at += take) {
        size_t left = at < v->n64 ? v->n64 - at : n - at;

        take = left < STREAM_WORDS ? left : STREAM_WORDS;
        for (size_t k = 0; k < n_key && rc == SUND_OK; k++) {
            rc = sund_stream_next(&s[k], word, 8 * take, err);
            if (rc == SUND_OK)
                (at < v->n64 ? add_words : add_pairs)(v->w + at, word, take, add[k]);
        }
    }
    for (size_t k = 0; k < n_key; k++)
        sund_stream_close(&s[k]);
    sund_wipe(word, sizeof word);
    return rc;
}

static sund_code mask_in_place(const sund_session *s, const sund_session_key *k, const sund_mask_label *label, sund_vec *y, sund_err *err)
{
    sund_key  key[SUND_NODE_MAX];
    bool      add[SUND_NODE_MAX];
    sund_code rc = SUND_OK;

    for (size_t v = 0; v < s->n_node && rc == SUND_OK; v++) {
        add[v] = v >= s->me;
        if (v == s->me)
            key[v] = sund_mask_own_key(s, k, label);
        else
            rc = pair_key(s, k, label, v, &key[v], err);
    }
    if (rc == SUND_OK)
        rc = add_streams(y, s->n_node, key, add, err);
    sund_wipe(key, sizeof key);
    return rc;
}

_Static_assert((SUND_ENVELOPE_SIZE + 12 + 8) % sizeof(uint64_t) == 0, "a masked vector's words lie as words do");
static uint64_t *words_at(uint8_t *p) { return (uint64_t *) (void *) p; }

sund_vec sund_masked_turn(sund_masked *m)
{
    size_t   n = m->n64 + 2 * m->n128;
    sund_vec y = { m->n64, m->n128, words_at(m->bytes.p + m->bytes.n - 8 * n) };

    for (size_t i = 0; BYTE_ORDER != LITTLE_ENDIAN && i < n; i++)
        y.w[i] = htole64(y.w[i]);
    return y;
}

sund_code sund_mask(sund_masked **out, const sund_session *s, const sund_session_key *k, const sund_mask_label *label, const sund_vec *x, sund_err *err)
{
    sund_masked *m = calloc(1, sizeof *m);
    size_t       n = sund_vec_words(x);
    sund_code    rc = m ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK) {
        sund_envelope_room(&m->bytes, 12 + 8 + 8 * n);
        sund_buf_u32(&m->bytes, label->round);
        sund_buf_u32(&m->bytes, label->chunk);
        sund_buf_u32(&m->bytes, label->attempt);
        sund_vec_write(x, &m->bytes);
        rc = sund_buf_ok(&m->bytes, err);
    }
    if (rc == SUND_OK) {
        sund_vec y;

        m->n64 = x->n64;
        m->n128 = x->n128;
        y = sund_masked_turn(m);
        rc = mask_in_place(s, k, label, &y, err);
        (void) sund_masked_turn(m);
    }
    if (rc == SUND_OK)
        m->digest = sund_digest_of(m->bytes.p + SUND_ENVELOPE_SIZE, m->bytes.n - SUND_ENVELOPE_SIZE);
    if (rc == SUND_OK)
        *out = m;
    else
        sund_masked_free(m);
    return rc;
}

const uint8_t *sund_masked_body(const sund_masked *m, size_t *n)
{
    *n = m->bytes.n - SUND_ENVELOPE_SIZE;
    return m->bytes.p + SUND_ENVELOPE_SIZE;
}

sund_buf sund_masked_hold(sund_masked *y)
{
    y->n_held++;
    return y->bytes;
}

sund_digest sund_masked_digest(const sund_masked *m) { return m->digest; }

void sund_masked_free(sund_masked *m)
{
    if (!m || m->n_held-- > 0)
        return;
    sund_buf_free(&m->bytes);
    free(m);
}

enum { SEALED = sizeof(sund_key) + SUND_SEAL_OVERHEAD };

sund_code sund_mask_seal_own(const sund_session *s, const sund_session_key *k, const sund_mask_label *label, sund_buf *out, sund_err *err)
{
    sund_key  b = sund_mask_own_key(s, k, label);
    uint8_t   box[SEALED];
    sund_code rc = SUND_OK;

    for (size_t v = 0; v < s->n_node && rc == SUND_OK; v++) {
        rc = sund_seal(&s->node[v].eph, b.b, sizeof b.b, box, err);
        if (rc == SUND_OK)
            sund_buf_put(out, box, sizeof box);
    }
    sund_wipe(&b, sizeof b);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}

sund_code sund_mask_unseal_peer(const sund_session *s, const sund_session_key *k, sund_cur sealed, sund_key *b, sund_err *err)
{
    if (sealed.n != s->n_node * SEALED)
        return sund_fail(err, SUND_E_FORMAT, "an opening does not hold one key for each node");
    return sund_unseal(&k->eph, sealed.p + s->me * SEALED, SEALED, b->b, err);
}

sund_code sund_mask_open(const sund_session *s, const sund_key *b, sund_vec *total, sund_err *err)
{
    const bool subtract[SUND_NODE_MAX] = { false };

    return add_streams(total, s->n_node, b, subtract, err);
}
