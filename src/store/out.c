#include "store/out.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static sund_code os_fail(const store_out *o, const char *what, sund_err *err)
{
    return sund_fail(err, SUND_E_IO, "cannot %s %s: %s; nothing that was sealed is touched, and 'sund import' goes on from here once there is room", what, o->path, strerror(errno));
}

static sund_code too_short(const store_out *o, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s is shorter than its journal says: remove that folder and import again", o->path);
}

static sund_code begin(store_out *o, const crypt_as *as, unsigned file, sund_err *err)
{
    uint8_t head[CRYPT_HEAD];

    o->f = fopen(o->path, "w+b");
    if (!o->f)
        return os_fail(o, "open", err);
    if (!as->key)
        return SUND_OK;
    sund_crypt_head(as, file, head);
    if (fwrite(head, 1, sizeof head, o->f) != sizeof head)
        return os_fail(o, "write", err);
    return sund_crypt_begin(as->key, head, &o->aead, err);
}

/** Cuts the file back to what the journal knows. Units that are written anew get nonces anew. */
static sund_code go_on(store_out *o, const crypt_as *as, unsigned file, uint64_t size, sund_cur tail, sund_err *err)
{
    uint8_t    head[CRYPT_HEAD];
    crypt_file c;
    crypt_as   it = *as;
    uint64_t   n = size;

    o->f = fopen(o->path, "r+b");
    if (!o->f)
        return os_fail(o, "open", err);
    if (as->key) {
        uint8_t first[CRYPT_HEAD + CRYPT_OVER + 1] = { 0 }; /* as short as such a file can be */

        if (fread(head, 1, sizeof head, o->f) != sizeof head)
            return too_short(o, err);
        memcpy(first, head, sizeof head);
        SUND_TRY(sund_crypt_open(&c, o->path, sund_cur_of(first, sizeof first), file, &it, false, err));
        SUND_TRY(sund_crypt_begin(as->key, head, &o->aead, err));
        sund_buf_put(&o->tail, tail.p, tail.n);
        SUND_TRY(sund_buf_ok(&o->tail, err));
        if (tail.n > CRYPT_UNIT || tail.n > size || (size - tail.n) % CRYPT_UNIT)
            return too_short(o, err);
        n = CRYPT_HEAD + (size - tail.n) / CRYPT_UNIT * CRYPT_SEALED;
    }
    if (fseeko(o->f, 0, SEEK_END) != 0 || ftello(o->f) < (off_t) n)
        return too_short(o, err);
    if (fseeko(o->f, 0, SEEK_SET) != 0 || ftruncate(fileno(o->f), (off_t) n) != 0 || fseeko(o->f, (off_t) n, SEEK_SET) != 0)
        return os_fail(o, "open", err);
    o->size = size;
    return SUND_OK;
}

sund_code sund_out_open(store_out *o, const char *path, const crypt_as *as, unsigned file, bool fresh, uint64_t size, sund_cur tail, sund_err *err)
{
    (void) snprintf(o->path, sizeof o->path, "%s", path);
    return fresh ? begin(o, as, file, err) : go_on(o, as, file, size, tail, err);
}

/** Whole units out of the tail but the last, which is kept: it may be the file's last. */
static sund_code units(store_out *o, bool all, sund_err *err)
{
    size_t   at = 0;
    uint64_t unit = (o->size - o->tail.n) / CRYPT_UNIT;

    sund_buf_clear(&o->room);
    if (!sund_buf_room(&o->room, o->tail.n + (o->tail.n / CRYPT_UNIT + 1) * CRYPT_OVER))
        return sund_buf_ok(&o->room, err);
    while (o->tail.n - at > CRYPT_UNIT || (all && at < o->tail.n)) {
        size_t n = o->tail.n - at < CRYPT_UNIT ? o->tail.n - at : CRYPT_UNIT;

        SUND_TRY(sund_crypt_seal(o->aead, unit++, all && at + n == o->tail.n, sund_cur_of(o->tail.p + at, n), o->room.p + o->room.n, err));
        o->room.n += n + CRYPT_OVER;
        at += n;
    }
    memmove(o->tail.p, o->tail.p + at, o->tail.n - at);
    o->tail.n -= at;
    return fwrite(o->room.p, 1, o->room.n, o->f) == o->room.n ? SUND_OK : os_fail(o, "write", err);
}

sund_code sund_out_put(store_out *o, const void *p, size_t n, sund_err *err)
{
    if (!n)
        return SUND_OK;
    o->size += n;
    if (!o->aead)
        return fwrite(p, 1, n, o->f) == n ? SUND_OK : os_fail(o, "write", err);
    sund_buf_put(&o->tail, p, n);
    SUND_TRY(sund_buf_ok(&o->tail, err));
    return o->tail.n > CRYPT_UNIT ? units(o, false, err) : SUND_OK;
}

sund_code sund_out_sync(store_out *o, sund_err *err) { return fflush(o->f) == 0 && fdatasync(fileno(o->f)) == 0 ? SUND_OK : os_fail(o, "write", err); }

sund_code sund_out_end(store_out *o, sund_err *err)
{
    if (o->aead)
        SUND_TRY(units(o, true, err));
    return sund_out_sync(o, err);
}

void sund_out_close(store_out *o)
{
    if (o->f)
        (void) fclose(o->f);
    sund_aead_free(o->aead);
    sund_buf_free(&o->tail);
    sund_buf_free(&o->room);
    memset(o, 0, sizeof *o);
}

sund_code sund_in_open(store_in *in, const char *path, const crypt_as *as, unsigned file, sund_err *err)
{
    crypt_as it = *as;

    SUND_TRY(sund_map_open(&in->map, path, err));
    in->n = in->map.n;
    if (!as->key)
        return SUND_OK;
    SUND_TRY(sund_crypt_open(&in->c, path, sund_cur_of(in->map.p, in->map.n), file, &it, false, err));
    in->n = in->c.n;
    return sund_crypt_begin(as->key, in->map.p, &in->aead, err);
}

sund_code sund_in_read(store_in *in, uint64_t at, size_t n, const uint8_t **p, sund_err *err)
{
    sund_map_rest(&in->map);
    if (!in->aead) {
        *p = in->map.p + at;
        return SUND_OK;
    }
    sund_buf_clear(&in->room);
    if (!sund_buf_room(&in->room, n + 1))
        return sund_buf_ok(&in->room, err);
    *p = in->room.p;
    return sund_crypt_read(&in->c, in->aead, at, n, in->room.p, err);
}

sund_code sund_in_digest(store_in *in, sund_digest *d, sund_err *err)
{
    enum { PIECE = 1 << 20 };
    sund_hasher    h;
    const uint8_t *p;

    sund_hasher_init(&h);
    for (uint64_t at = 0; at < in->n; at += PIECE) {
        size_t n = in->n - at < PIECE ? (size_t) (in->n - at) : PIECE;

        SUND_TRY(sund_in_read(in, at, n, &p, err));
        sund_hasher_add(&h, p, n);
    }
    *d = sund_hasher_end(&h);
    return SUND_OK;
}

void sund_in_close(store_in *in)
{
    sund_map_close(&in->map);
    sund_aead_free(in->aead);
    sund_buf_free(&in->room);
    memset(in, 0, sizeof *in);
}
