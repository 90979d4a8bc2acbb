#include "store/crypt.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

static const char magic[17] = "SUND3 encrypted ";
enum { AT_KEY = 16, AT_CIPHER = 24, AT_FILE = 25, AT_ZERO = 26, AT_STORE = 32, AT_RANDOM = 48, CIPHER_AES_256_GCM = 1 };

bool sund_crypt_is(const void *p, size_t n) { return n >= CRYPT_HEAD && memcmp(p, magic, AT_KEY) == 0; }

void sund_crypt_head(const crypt_as *as, unsigned file, uint8_t head[CRYPT_HEAD])
{
    memset(head, 0, CRYPT_HEAD);
    memcpy(head, magic, AT_KEY);
    if (!sund_unhex(sund_store_key_name(as->key), head + AT_KEY, AT_CIPHER - AT_KEY))
        memset(head + AT_KEY, 0, AT_CIPHER - AT_KEY); /* names are hex */
    head[AT_CIPHER] = CIPHER_AES_256_GCM;
    head[AT_FILE] = (uint8_t) file;
    memcpy(head + AT_STORE, as->store, CRYPT_STORE);
    sund_random(head + AT_RANDOM, CRYPT_HEAD - AT_RANDOM);
}

sund_code sund_crypt_begin(const sund_store_key *key, const uint8_t head[CRYPT_HEAD], sund_aead **a, sund_err *err)
{
    sund_digest d = sund_store_key_derive(key, head, CRYPT_HEAD);
    sund_key    own;
    sund_code   rc;

    memcpy(own.b, d.b, sizeof own.b);
    rc = sund_aead_new(a, &own, err);
    sund_wipe(&own, sizeof own);
    sund_wipe(&d, sizeof d);
    return rc;
}

typedef struct place { uint8_t b[9]; } place; /* of a unit: sealed with it */

static place place_of(uint64_t unit, bool last)
{
    place    p;
    uint64_t le = htole64(unit);

    memcpy(p.b, &le, sizeof le);
    p.b[8] = last;
    return p;
}

sund_code sund_crypt_seal(sund_aead *a, uint64_t unit, bool last, sund_cur text, uint8_t *out, sund_err *err)
{
    place with = place_of(unit, last);

    sund_random(out, SUND_AEAD_NONCE);
    return sund_aead_seal(a, out, sund_cur_of(with.b, sizeof with.b), text, out + SUND_AEAD_NONCE) ? SUND_OK : sund_fail(err, SUND_E_IO, "the cryptographic library cannot encrypt");
}

sund_code sund_crypt_bytes(const crypt_as *as, unsigned file, sund_cur text, sund_buf *out, sund_err *err)
{
    uint8_t    head[CRYPT_HEAD];
    sund_aead *a = NULL;
    sund_code  rc = SUND_OK;

    sund_crypt_head(as, file, head);
    sund_buf_put(out, head, sizeof head);
    if (!sund_buf_room(out, text.n + (text.n / CRYPT_UNIT + 1) * CRYPT_OVER))
        return sund_buf_ok(out, err);
    SUND_TRY(sund_crypt_begin(as->key, head, &a, err));
    for (size_t at = 0; rc == SUND_OK && at < text.n; at += CRYPT_UNIT) {
        size_t n = text.n - at < CRYPT_UNIT ? text.n - at : CRYPT_UNIT;

        rc = sund_crypt_seal(a, at / CRYPT_UNIT, at + n == text.n, sund_cur_of(text.p + at, n), out->p + out->n, err);
        out->n += n + CRYPT_OVER;
    }
    sund_aead_free(a);
    return rc;
}

/** The key by the name in the head. Without it: what to give. */
static sund_code find_key(const uint8_t *head, const char *path, const sund_store_key **key, sund_err *err)
{
    const sund_store_key *only = sund_store_key_only();
    char                  name[SUND_STORE_KEY_NAME + 1];

    sund_hex(head + AT_KEY, SUND_STORE_KEY_NAME / 2, name);
    *key = sund_store_key_find(name);
    if (*key)
        return SUND_OK;
    if (only)
        return sund_fail(err, SUND_E_DENIED, "%s: the key that was given, %s, is not that of this store, which is encrypted with the key %s", path, sund_store_key_name(only), name);
    return sund_fail(err, SUND_E_DENIED, "%s: the store is encrypted: give the file of its key (%s) with --key FILE, or as store_key = FILE under [node] of sund.ini", path, name);
}

sund_code sund_crypt_open(crypt_file *c, const char *path, sund_cur bytes, unsigned file, crypt_as *as, bool any_store, sund_err *err)
{
    static const uint8_t  zero[AT_STORE - AT_ZERO];
    const sund_store_key *key;
    uint64_t              body, last;

    (void) snprintf(c->path, sizeof c->path, "%s", path);
    if (!sund_crypt_is(bytes.p, bytes.n))
        return sund_fail(err, SUND_E_FORMAT, "%s: is not of this format: altered, or of a store that is not encrypted", path);
    if (bytes.p[AT_CIPHER] != CIPHER_AES_256_GCM || memcmp(bytes.p + AT_ZERO, zero, sizeof zero) != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: is encrypted in a way that this program does not know", path);
    SUND_TRY(find_key(bytes.p, path, &key, err));
    if (bytes.p[AT_FILE] != file || (as->key && as->key != key) || (!any_store && memcmp(as->store, bytes.p + AT_STORE, CRYPT_STORE) != 0))
        return sund_fail(err, SUND_E_FORMAT, "%s: is another file of this store, or of another store: files were exchanged", path);
    body = bytes.n - CRYPT_HEAD;
    c->n_unit = (body + CRYPT_SEALED - 1) / CRYPT_SEALED;
    last = c->n_unit ? body - (c->n_unit - 1) * CRYPT_SEALED : 0;
    if (last <= CRYPT_OVER)
        return sund_fail(err, SUND_E_FORMAT, "%s: its size does not fit: truncated or altered", path);
    c->p = bytes.p;
    c->n = body - c->n_unit * CRYPT_OVER;
    as->key = key;
    memcpy(as->store, bytes.p + AT_STORE, CRYPT_STORE);
    return SUND_OK;
}

/** Bytes of one unit: its number of them, all but the last have CRYPT_UNIT. */
static bool unseal(const crypt_file *c, sund_aead *a, uint64_t unit, size_t n, uint8_t *out)
{
    const uint8_t *at = c->p + CRYPT_HEAD + unit * CRYPT_SEALED;
    place          with = place_of(unit, unit + 1 == c->n_unit);

    return sund_aead_unseal(a, at, sund_cur_of(with.b, sizeof with.b), sund_cur_of(at + SUND_AEAD_NONCE, n + SUND_AEAD_TAG), out);
}

sund_code sund_crypt_read(const crypt_file *c, sund_aead *a, uint64_t from, size_t n, uint8_t *out, sund_err *err)
{
    uint8_t part[CRYPT_UNIT];

    if (from > c->n || n > c->n - from)
        return sund_fail(err, SUND_E_FORMAT, "%s: its size does not fit: truncated or altered", c->path);
    for (size_t at = 0; at < n;) {
        uint64_t unit = (from + at) / CRYPT_UNIT;
        size_t   skip = (size_t) ((from + at) % CRYPT_UNIT), have = unit + 1 < c->n_unit ? CRYPT_UNIT : (size_t) (c->n - unit * CRYPT_UNIT);
        size_t   take = have - skip < n - at ? have - skip : n - at;
        bool     whole = take == have;

        if (!unseal(c, a, unit, have, whole ? out + at : part)) {
            memset(out, 0, n);
            return sund_fail(err, SUND_E_FORMAT, "%s: bytes %llu-%llu cannot be decrypted: they were altered, moved or exchanged", c->path, (unsigned long long) (unit * CRYPT_UNIT),
                             (unsigned long long) (unit * CRYPT_UNIT + have - 1));
        }
        if (!whole)
            memcpy(out + at, part + skip, take);
        at += take;
    }
    return SUND_OK;
}

sund_code sund_crypt_text(const char *path, sund_cur bytes, unsigned file, crypt_as *as, sund_buf *out, sund_err *err)
{
    crypt_file c;
    sund_aead *a = NULL;
    sund_code  rc;

    SUND_TRY(sund_crypt_open(&c, path, bytes, file, as, true, err));
    if (!sund_buf_room(out, (size_t) c.n))
        return sund_buf_ok(out, err);
    SUND_TRY(sund_crypt_begin(as->key, c.p, &a, err));
    rc = sund_crypt_read(&c, a, 0, (size_t) c.n, out->p + out->n, err);
    sund_aead_free(a);
    out->n += rc == SUND_OK ? (size_t) c.n : 0;
    return rc;
}
