#include "store/encrypt.h"

#include "store/out.h"
#include "store/store_priv.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct copying {
    const char *from, *to;
    char        part[1040];
    manifest    m;
    crypt_as    as;
    uint64_t    done, total;
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void       *ctx;
} copying;

/** Bytes of one file from one to the other, and their digest. */
static sund_code copy_bytes(copying *c, store_in *in, store_out *out, sund_digest *d, sund_err *err)
{
    enum { PIECE = 1 << 20 };
    sund_hasher    h;
    const uint8_t *p;

    sund_hasher_init(&h);
    for (uint64_t at = 0; at < in->n; at += PIECE) {
        size_t n = in->n - at < PIECE ? (size_t) (in->n - at) : PIECE;

        SUND_TRY(sund_in_read(in, at, n, &p, err));
        sund_hasher_add(&h, p, n);
        SUND_TRY(sund_out_put(out, p, n, err));
        c->done += n;
        if (c->progress)
            c->progress(c->ctx, c->done, c->total);
    }
    *d = sund_hasher_end(&h);
    return sund_out_end(out, err);
}

static sund_code copy_file(copying *c, int f, sund_err *err)
{
    char        path[1100], to[1100];
    store_in    in = { .n = 0 };
    store_out   out = { .size = 0 };
    sund_digest d;
    sund_code   rc;

    SUND_TRY(sund_path_join(path, sizeof path, c->from, sund_store_file[f], err));
    SUND_TRY(sund_path_join(to, sizeof to, c->part, sund_store_file[f], err));
    SUND_GO(sund_in_open(&in, path, &c->m.crypt, (unsigned) f, err));
    SUND_GO(sund_out_open(&out, to, &c->as, (unsigned) f, true, 0, (sund_cur){ NULL, 0, false }, err));
    SUND_GO(copy_bytes(c, &in, &out, &d, err));
    if (!sund_digest_eq(&d, &c->m.digest[f]))
        rc = sund_fail(err, SUND_E_FORMAT, "%s: its digest differs from the manifest: the file was altered", path);
    else if (chmod(to, 0400) != 0)
        rc = sund_fail(err, SUND_E_IO, "cannot seal %s: %s", to, strerror(errno));
out:
    sund_in_close(&in);
    sund_out_close(&out);
    return rc;
}

static sund_code copy_manifest(copying *c, sund_err *err)
{
    char      path[1100];
    sund_buf  text = { 0 }, sealed = { 0 };
    sund_code rc;

    SUND_GO(sund_manifest_text(c->from, &c->m.crypt, path, &text, err));
    SUND_GO(sund_crypt_bytes(&c->as, F_MANIFEST, sund_cur_of(text.p, text.n), &sealed, err));
    SUND_GO(sund_path_join(path, sizeof path, c->part, sund_manifest_bin, err));
    rc = sund_file_write(path, sealed.p, sealed.n, 0400, err);
out:
    sund_buf_free(&text);
    sund_buf_free(&sealed);
    return rc;
}

static sund_code copy_all(copying *c, sund_err *err)
{
    for (int f = 0; f < N_STORE_FILE; f++)
        SUND_TRY(copy_file(c, f, err));
    SUND_TRY(copy_manifest(c, err));
    if (sund_file_exists(c->to) || rename(c->part, c->to) != 0)
        return sund_fail(err, SUND_E_IO, "cannot rename %s to %s: %s", c->part, c->to, sund_file_exists(c->to) ? "it exists by now" : strerror(errno));
    return sund_dir_sync(c->to, err);
}

sund_code sund_store_encrypt(const char *from, const char *to, const sund_store_key *key, void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx, sund_err *err)
{
    copying   c = { .from = from, .to = to, .as = { .key = key }, .progress = progress, .ctx = ctx };
    sund_code rc;

    if (snprintf(c.part, sizeof c.part, "%s.part", to) >= (int) sizeof c.part)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", to);
    SUND_TRY(sund_manifest_read(from, &c.m, err));
    if (sund_file_exists(to))
        return sund_fail(err, SUND_E_MISMATCH, "%s exists already and a store is never written over: choose another folder", to);
    if (sund_file_exists(c.part))
        return sund_fail(err, SUND_E_MISMATCH, "%s is there, of something that was stopped: finish that, or remove the folder", c.part);
    for (int f = 0; f < N_STORE_FILE; f++)
        c.total += c.m.size[f];
    sund_random(c.as.store, sizeof c.as.store);
    SUND_TRY(sund_dir_make(c.part, err));
    rc = copy_all(&c, err);
    if (rc != SUND_OK)
        (void) !sund_dir_remove(c.part, NULL);
    return rc;
}
