#include "genome/reference.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_MAX = 4096 };

/* One sequence of the file: bases from `from`, in lines of `width` bases that take `stride` bytes. */
typedef struct piece { int contig; uint32_t from_bp, n_bp; size_t at; uint32_t width, stride; } piece;

struct sund_reference {
    sund_map map;
    piece    piece[PIECE_MAX];
    size_t   n_piece;
};

/** ">chr20 ..." or ">20:1000001-2000000": contig and offset. */
static void read_header(const uint8_t *p, size_t n, piece *out)
{
    char     name[128], *colon;
    size_t   len = 0;
    unsigned from = 1;

    while (len < n && len + 1 < sizeof name && p[len] > ' ')
        len++;
    memcpy(name, p, len);
    name[len] = 0;
    colon = strchr(name, ':');
    if (colon) {
        *colon = 0;
        if (sscanf(colon + 1, "%u-", &from) != 1 || from == 0)
            from = 1;
    }
    out->contig = sund_contig_parse(name, NULL);
    out->from_bp = from - 1;
}

static sund_code bad(const char *path, const char *name, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s: sequence %s: %s", path, name, why); }

/** Lines of one sequence: all of one length but the last. Returns where the next header is. */
static sund_code read_lines(const sund_reference *r, const char *path, size_t at, piece *out, size_t *next, sund_err *err)
{
    bool last = false;

    out->at = at;
    while (at < r->map.n && r->map.p[at] != '>') {
        const uint8_t *nl = memchr(r->map.p + at, '\n', r->map.n - at);
        size_t         end = nl ? (size_t) (nl - r->map.p) : r->map.n, bases = end - at;

        if (bases && r->map.p[end - 1] == '\r')
            bases--;
        if (bases && last)
            return bad(path, sund_contig_name(out->contig), "its lines differ in length", err);
        if (out->width == 0) {
            out->width = (uint32_t) bases;
            out->stride = (uint32_t) (end + 1 - at);
        }
        if (bases > out->width || out->n_bp > UINT32_MAX - bases)
            return bad(path, sund_contig_name(out->contig), "its lines differ in length", err);
        last = bases < out->width;
        out->n_bp += (uint32_t) bases;
        at = end + 1;
    }
    *next = at;
    return SUND_OK;
}

static sund_code scan(sund_reference *r, const char *path, sund_err *err)
{
    size_t at = 0;

    if (r->map.n == 0 || r->map.p[0] != '>')
        return sund_fail(err, SUND_E_FORMAT, "%s is not plain FASTA (a '>' first); decompress it", path);
    while (at < r->map.n) {
        piece          p = { 0 };
        const uint8_t *nl = memchr(r->map.p + at, '\n', r->map.n - at);
        size_t         end = nl ? (size_t) (nl - r->map.p) : r->map.n;

        read_header(r->map.p + at + 1, end - at - 1, &p);
        SUND_TRY(read_lines(r, path, end + 1 < r->map.n ? end + 1 : r->map.n, &p, &at, err));
        if (p.contig && p.n_bp && r->n_piece < PIECE_MAX)
            r->piece[r->n_piece++] = p;
    }
    return r->n_piece ? SUND_OK : sund_fail(err, SUND_E_FORMAT, "%s holds none of the chromosomes 1-22, X, Y, MT", path);
}

sund_code sund_reference_open(sund_reference **out, const char *path, sund_err *err)
{
    sund_reference *r = calloc(1, sizeof *r);
    sund_code       rc;

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = sund_map_open(&r->map, path, err);
    if (rc == SUND_OK)
        rc = scan(r, path, err);
    if (rc == SUND_OK)
        *out = r;
    else
        sund_reference_close(r);
    return rc;
}

void sund_reference_close(sund_reference *r)
{
    if (!r)
        return;
    sund_map_close(&r->map);
    free(r);
}

size_t sund_reference_copy(const sund_reference *r, int contig, uint32_t pos_bp, char *out, size_t n)
{
    for (size_t i = 0; i < r->n_piece; i++) {
        const piece *p = &r->piece[i];
        uint32_t     k = pos_bp - p->from_bp;
        size_t       got = 0;

        if (p->contig != contig || pos_bp < p->from_bp || k >= p->n_bp)
            continue;
        for (; got < n && k < p->n_bp; k++) {
            size_t  at = p->at + (size_t) (k / p->width) * p->stride + k % p->width;
            uint8_t c = at < r->map.n ? r->map.p[at] : 0;

            if (!c)
                break;
            out[got++] = (char) (c >= 'a' && c <= 'z' ? c - 32 : c);
        }
        return got;
    }
    return 0;
}

char sund_reference_base(const sund_reference *r, int contig, uint32_t pos_bp)
{
    char c;

    return sund_reference_copy(r, contig, pos_bp, &c, 1) ? c : 0;
}
