#include "base/c4gh.h"

#include "base/aead.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PACKET_LEAST = 8 + 32 + 12 + 16, PACKET_MAX = 1 << 16, KEY_FILE_MAX = 4096, BLOB = 7 + 2 * 6 + 2 + 32 };
enum { DATA_KEY, EDIT_LIST }; /* types of packets */
static const char magic[] = "crypt4gh", key_magic[] = "c4gh-v1", secret_name[] = "PRIVATE", public_name[] = "PUBLIC";

bool sund_c4gh_is(const void *p, size_t n) { return n >= sizeof magic - 1 && memcmp(p, magic, sizeof magic - 1) == 0; }

/* --- keys --- */

static void armour(sund_buf *out, const char *name, const void *p, size_t n)
{
    char text[256];

    (void) sodium_bin2base64(text, sizeof text, p, n, sodium_base64_VARIANT_ORIGINAL);
    sund_buf_printf(out, "-----BEGIN CRYPT4GH %s KEY-----\n%s\n-----END CRYPT4GH %s KEY-----\n", name, text, name);
    sund_wipe(text, sizeof text);
}

sund_code sund_c4gh_key_make(const char *path, sund_buf *pub, sund_err *err)
{
    uint8_t   blob[BLOB] = "c4gh-v1\0\4none\0\4none\0\40";
    char      beside[4096];
    sund_buf  text = { 0 };
    sund_key  k;
    sund_pub  p;
    sund_code rc;

    if (snprintf(beside, sizeof beside, "%s.pub", path) >= (int) sizeof beside)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", path);
    if (sund_file_exists(path) || sund_file_exists(beside))
        return sund_fail(err, SUND_E_MISMATCH, "%s or %s.pub is there already: a key is never written over, for what is encrypted for it would be lost", path, path);
    sund_dh_keypair(&p, &k);
    memcpy(blob + BLOB - sizeof k, k.b, sizeof k);
    (void) sund_buf_room(&text, 512); /* never moved, so that wiping is enough */
    armour(&text, secret_name, blob, sizeof blob);
    armour(pub, public_name, p.b, sizeof p);
    rc = sund_buf_ok(&text, err);
    if (rc == SUND_OK)
        rc = sund_buf_ok(pub, err);
    if (rc == SUND_OK)
        rc = sund_file_write(path, text.p, text.n, 0600, err);
    if (rc == SUND_OK)
        rc = sund_file_write(beside, pub->p, pub->n, 0644, err);
    if (text.p)
        sund_wipe(text.p, text.cap);
    sund_buf_free(&text);
    sund_wipe(blob, sizeof blob);
    sund_wipe(&k, sizeof k);
    return rc;
}

/* A string of the key's own form: its length, big-endian, and bytes. */
static sund_cur piece(sund_cur *c)
{
    unsigned       hi = sund_cur_u8(c), n = hi << 8 | sund_cur_u8(c);
    const uint8_t *p = sund_cur_bytes(c, n);

    return sund_cur_of(p, p ? n : 0);
}

static bool is(sund_cur c, const char *s) { return c.p && c.n == strlen(s) && memcmp(c.p, s, c.n) == 0; }

static sund_code read_blob(const char *what, sund_cur c, sund_key *secret, sund_err *err)
{
    const uint8_t *m = sund_cur_bytes(&c, sizeof key_magic - 1);
    sund_cur       kdf, cipher, k;

    if (!m || memcmp(m, key_magic, sizeof key_magic - 1) != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s: no secret key of Crypt4GH is in it: 'sund key make --c4gh' writes one", what);
    kdf = piece(&c);
    if (!c.bad && !is(kdf, "none"))
        return sund_fail(err, SUND_E_FORMAT, "%s: this key has a passphrase, which is not read here: make one without ('sund key make --c4gh FILE', or crypt4gh-keygen --nocrypt)", what);
    cipher = piece(&c);
    k = piece(&c);
    if (!c.bad && c.n)
        (void) piece(&c); /* a comment */
    if (c.bad || c.n || !is(cipher, "none") || k.n != sizeof secret->b)
        return sund_fail(err, SUND_E_FORMAT, "%s: the secret key in it is damaged or of a form that is not known", what);
    memcpy(secret->b, k.p, sizeof secret->b);
    return SUND_OK;
}

sund_code sund_c4gh_key_parse(const char *what, const void *p, size_t n, sund_key *secret, sund_err *err)
{
    static const char begin[] = "-----BEGIN CRYPT4GH PRIVATE KEY-----", begin_enc[] = "-----BEGIN CRYPT4GH ENCRYPTED PRIVATE KEY-----", end[] = "-----END CRYPT4GH ";
    const char       *s = p, *stop;
    uint8_t           blob[1024];
    size_t            skip = n >= sizeof begin && memcmp(s, begin, sizeof begin - 1) == 0             ? sizeof begin - 1
                             : n >= sizeof begin_enc && memcmp(s, begin_enc, sizeof begin_enc - 1) == 0 ? sizeof begin_enc - 1
                                                                                                       : 0,
           got = 0;
    sund_code rc;

    stop = skip ? memmem(s + skip, n - skip, end, sizeof end - 1) : NULL;
    if (!stop || sodium_base642bin(blob, sizeof blob, s + skip, (size_t) (stop - s) - skip, " \r\n", &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        got = 0;
    rc = read_blob(what, sund_cur_of(blob, got), secret, err);
    sund_wipe(blob, sizeof blob);
    return rc;
}

sund_code sund_c4gh_key_read(const char *path, sund_key *secret, sund_err *err)
{
    sund_buf  text = { 0 };
    sund_code rc;

    SUND_TRY(sund_file_private(path, err));
    rc = sund_file_read(path, KEY_FILE_MAX, &text, err);
    if (rc == SUND_OK)
        rc = sund_c4gh_key_parse(path, text.p, text.n, secret, err);
    if (text.p)
        sund_wipe(text.p, text.cap);
    sund_buf_free(&text);
    return rc;
}

/* --- header --- */

/* What a packet for this key says. */
static sund_code take(const char *what, sund_cur c, sund_c4gh *out, sund_err *err)
{
    uint32_t type = sund_cur_u32(&c), method;

    if (!c.bad && type == EDIT_LIST)
        return sund_fail(err, SUND_E_FORMAT, "%s: has an edit list (parts of the file are to be left out), which is not read here: ask the sender for the file whole, or decrypt and encrypt it again", what);
    method = sund_cur_u32(&c);
    if (c.bad || type != DATA_KEY || method != 0 || c.n != sizeof out->key->b)
        return sund_fail(err, SUND_E_FORMAT, "%s: its header has a packet for this key of a type or method that Crypt4GH 1.0 does not know", what);
    if (out->n_key == SUND_C4GH_KEYS)
        return sund_fail(err, SUND_E_LIMIT, "%s: more than %d keys of data are in its header", what, SUND_C4GH_KEYS);
    memcpy(out->key[out->n_key++].b, c.p, sizeof out->key->b);
    return SUND_OK;
}

/* One packet without its length. For others, or altered: the two cannot be told apart. */
static sund_code open_packet(const char *what, const uint8_t *p, size_t n, const sund_key *secret, sund_c4gh *out, sund_err *err)
{
    uint8_t   rx[crypto_kx_SESSIONKEYBYTES], tx[crypto_kx_SESSIONKEYBYTES];
    sund_pub  mine = sund_dh_pub(secret);
    uint8_t  *text;
    sund_code rc = SUND_OK;

    if (p[0] | p[1] | p[2] | p[3] || crypto_kx_client_session_keys(rx, tx, mine.b, secret->b, p + 4) != 0)
        return SUND_OK;
    text = sund_secret_new(n);
    if (!text)
        rc = sund_fail(err, SUND_E_NOMEM, "no memory to read the header of %s", what);
    else if (crypto_aead_chacha20poly1305_ietf_decrypt(text, NULL, NULL, p + 48, n - 48, NULL, 0, p + 36, rx) == 0)
        rc = take(what, sund_cur_of(text, n - 48 - 16), out, err);
    sund_secret_free(text);
    sund_wipe(rx, sizeof rx);
    sund_wipe(tx, sizeof tx);
    return rc;
}

sund_code sund_c4gh_head(const char *what, const void *p, size_t n, const sund_key *secret, sund_c4gh *out, sund_err *err)
{
    sund_cur  c = sund_cur_of(p, n);
    sund_code rc = SUND_OK;
    uint32_t  n_packet, version;

    memset(out, 0, sizeof *out);
    if (!sund_c4gh_is(p, n))
        return sund_fail(err, SUND_E_FORMAT, "%s is not encrypted by Crypt4GH", what);
    (void) sund_cur_bytes(&c, sizeof magic - 1);
    version = sund_cur_u32(&c);
    n_packet = sund_cur_u32(&c);
    if (!c.bad && version != 1)
        return sund_fail(err, SUND_E_FORMAT, "%s: version %u of Crypt4GH is not known here, only 1", what, version);
    for (uint32_t i = 0; i < n_packet && !c.bad && rc == SUND_OK; i++) {
        uint32_t       k = sund_cur_u32(&c);
        bool           fits = k >= PACKET_LEAST && k <= PACKET_MAX;
        const uint8_t *q = c.bad || !fits ? NULL : sund_cur_bytes(&c, k - 4);

        if (!c.bad && !fits)
            rc = sund_fail(err, SUND_E_FORMAT, "%s: packet %u of its header is %u bytes long, which cannot be: the file is damaged", what, i + 1, k);
        else if (q)
            rc = open_packet(what, q, k - 4, secret, out, err);
    }
    if (rc == SUND_OK && c.bad)
        rc = n >= SUND_C4GH_HEAD_MAX ? sund_fail(err, SUND_E_LIMIT, "%s: its header is longer than 1 MiB", what) : sund_fail(err, SUND_E_FORMAT, "%s: cut short inside its header; fetch it again", what);
    if (rc == SUND_OK && !out->n_key)
        rc = sund_fail(err, SUND_E_DENIED, "%s: not encrypted for this key, or its header was altered: give the sender the public key that belongs to it", what);
    out->at = n - c.n;
    if (rc != SUND_OK)
        sund_wipe(out, sizeof *out);
    return rc;
}

/* Up to n bytes; fewer at the end of the file. */
static sund_code read_at(const char *what, int fd, uint64_t at, uint8_t *p, size_t n, size_t *got, sund_err *err)
{
    for (*got = 0; *got < n;) {
        ssize_t k = pread(fd, p + *got, n - *got, (off_t) (at + *got));

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return sund_fail(err, SUND_E_IO, "cannot read %s: %s", what, strerror(errno));
        if (k == 0)
            break;
        *got += (size_t) k;
    }
    return SUND_OK;
}

sund_code sund_c4gh_head_of(const char *path, const sund_key *secret, sund_c4gh *out, sund_err *err)
{
    int       fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    sund_buf  b = { 0 };
    size_t    n = 0;
    sund_code rc;

    memset(out, 0, sizeof *out);
    if (fd < 0)
        return sund_fail(err, errno == ENOENT ? SUND_E_NOT_FOUND : SUND_E_IO, "cannot open %s: %s", path, strerror(errno));
    rc = sund_buf_room(&b, SUND_C4GH_HEAD_MAX) ? read_at(path, fd, 0, b.p, SUND_C4GH_HEAD_MAX, &n, err) : sund_fail(err, SUND_E_NOMEM, "no memory to read the header of %s", path);
    if (rc == SUND_OK && sund_c4gh_is(b.p, n))
        rc = sund_c4gh_head(path, b.p, n, secret, out, err);
    sund_buf_free(&b);
    (void) close(fd);
    return rc;
}

/* --- segments --- */

sund_code sund_c4gh_size(const sund_c4gh *c, const char *what, uint64_t n_file, uint64_t *n, sund_err *err)
{
    uint64_t body = n_file > c->at ? n_file - c->at : 0, rest = body % SUND_C4GH_SEALED;

    if (rest && rest <= SUND_C4GH_OVER)
        return sund_fail(err, SUND_E_FORMAT, "%s: cut short inside a segment; fetch it again", what);
    *n = body / SUND_C4GH_SEALED * SUND_C4GH_SEGMENT + (rest ? rest - SUND_C4GH_OVER : 0);
    return SUND_OK;
}

sund_code sund_c4gh_segment(const sund_c4gh *c, const char *what, int fd, uint64_t i, uint8_t *sealed, uint8_t *out, size_t *n, sund_err *err)
{
    size_t got;

    *n = 0;
    SUND_TRY(read_at(what, fd, c->at + i * SUND_C4GH_SEALED, sealed, SUND_C4GH_SEALED, &got, err));
    if (!got)
        return SUND_OK;
    for (size_t k = 0; got > SUND_C4GH_OVER && k < c->n_key; k++)
        if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + 12, got - 12, NULL, 0, sealed, c->key[k].b) == 0) {
            *n = got - SUND_C4GH_OVER;
            return SUND_OK;
        }
    return sund_fail(err, SUND_E_FORMAT, "%s: its encrypted segment %llu does not open: the file was altered, damaged or cut short; fetch it again", what, (unsigned long long) i + 1);
}

sund_code sund_c4gh_read(const sund_c4gh *c, const char *what, int fd, uint64_t from, size_t n, uint8_t *out, sund_err *err)
{
    uint8_t  *sealed = sund_secret_new(SUND_C4GH_SEALED), *text = sund_secret_new(SUND_C4GH_SEGMENT);
    sund_code rc = sealed && text ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "no memory to decrypt %s", what);

    while (rc == SUND_OK && n) {
        size_t got = 0, skip = from % SUND_C4GH_SEGMENT, k;

        rc = sund_c4gh_segment(c, what, fd, from / SUND_C4GH_SEGMENT, sealed, text, &got, err);
        if (rc == SUND_OK && got <= skip)
            rc = sund_fail(err, SUND_E_FORMAT, "%s: cut short; fetch it again", what);
        if (rc != SUND_OK)
            break;
        k = got - skip < n ? got - skip : n;
        memcpy(out, text + skip, k);
        out += k;
        from += k;
        n -= k;
    }
    sund_secret_free(sealed);
    sund_secret_free(text);
    return rc;
}
