#include "base/gz.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PIECE = 1 << 20 };

bool sund_gz_is(const void *p, size_t n) { return n >= 2 && memcmp(p, "\x1F\x8B", 2) == 0; }

/** Members follow each other; what is behind the last one is no part of the file's text, but damage. */
static sund_code inflate_all(z_stream *z, size_t max, sund_buf *out, sund_err *err)
{
    int rc = Z_OK;

    while (rc == Z_OK) {
        if (out->n > max)
            return sund_fail(err, SUND_E_LIMIT, "more than %zu bytes once unpacked", max);
        if (!sund_buf_room(out, PIECE))
            return sund_buf_ok(out, err);
        z->next_out = out->p + out->n;
        z->avail_out = PIECE;
        rc = inflate(z, Z_NO_FLUSH);
        out->n += PIECE - z->avail_out;
        if (rc == Z_STREAM_END && z->avail_in)
            rc = inflateReset(z);
    }
    if (rc != Z_STREAM_END)
        return sund_fail(err, SUND_E_FORMAT, "the packed file is cut short or damaged");
    return out->n > max ? sund_fail(err, SUND_E_LIMIT, "more than %zu bytes once unpacked", max) : SUND_OK;
}

sund_code sund_gunzip(const void *p, size_t n, size_t max, sund_buf *out, sund_err *err)
{
    z_stream  z = { .next_in = (Bytef *) (uintptr_t) p, .avail_in = (uInt) n };
    sund_code rc;

    sund_buf_clear(out);
    if (n > UINT32_MAX)
        return sund_fail(err, SUND_E_LIMIT, "more than 4 GiB packed");
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = inflate_all(&z, max, out, err);
    (void) inflateEnd(&z);
    sund_buf_nul(out);
    return rc == SUND_OK ? sund_buf_ok(out, err) : rc;
}

sund_code sund_gz_read(const char *path, size_t max, sund_buf *out, sund_err *err)
{
    sund_buf  packed = { 0 };
    sund_code rc;

    SUND_TRY(sund_file_read(path, max, out, err));
    sund_buf_nul(out);
    SUND_TRY(sund_buf_ok(out, err));
    if (!sund_gz_is(out->p, out->n))
        return SUND_OK;
    packed = *out;
    *out = (sund_buf){ 0 };
    rc = sund_gunzip(packed.p, packed.n, max, out, err);
    sund_buf_free(&packed);
    return rc == SUND_OK ? SUND_OK : sund_fail_in(err, rc, "%s", path);
}

struct sund_gz { gzFile in; };

sund_code sund_gz_open(sund_gz **g, const char *path, sund_err *err)
{
    sund_gz *got = calloc(1, sizeof *got);

    if (!got)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    got->in = gzopen(path, "rb");
    if (!got->in) {
        free(got);
        return sund_fail(err, errno == ENOENT ? SUND_E_NOT_FOUND : SUND_E_IO, "cannot open %s: %s", path, strerror(errno));
    }
    *g = got;
    return SUND_OK;
}

void sund_gz_close(sund_gz *g)
{
    if (!g)
        return;
    (void) gzclose(g->in);
    free(g);
}

sund_code sund_gz_piece(sund_gz *g, void *p, size_t cap, size_t *n, sund_err *err)
{
    int got = gzread(g->in, p, (unsigned) cap), code = Z_OK;

    if (got < 0 || (size_t) got < cap)
        (void) gzerror(g->in, &code); /* what is cut short is given as far as it goes, and told here only */
    if (got < 0 && code == Z_ERRNO)
        return sund_fail(err, SUND_E_IO, "cannot read: %s", strerror(errno));
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
        return sund_fail(err, SUND_E_FORMAT, "the packed file is cut short or damaged");
    *n = (size_t) got;
    return SUND_OK;
}

sund_code sund_gz_line(sund_gz *g, char *line, size_t cap, bool *more, sund_err *err)
{
    z_off_t from = gztell(g->in);
    int     code = 0;
    size_t  n;

    *more = gzgets(g->in, line, (int) cap) != NULL;
    if (!*more) {
        (void) gzerror(g->in, &code);
        return code == Z_OK || code == Z_STREAM_END ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "the file is cut short or damaged behind this line");
    }
    n = strlen(line);
    if ((z_off_t) n != gztell(g->in) - from)
        return sund_fail(err, SUND_E_FORMAT, "there is a NUL byte in the line");
    if (n == cap - 1 && line[n - 1] != '\n')
        return sund_fail(err, SUND_E_LIMIT, "the line is longer than %zu bytes", cap - 2);
    while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        line[--n] = 0;
    return SUND_OK;
}
