#include "store/store_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* One thread's way into the genotypes: the last packed block stays unpacked. */
struct sund_store_reader {
    const sund_store *s;
    sund_decoded      d;
    sund_buf          raw;
    size_t            raw_block; /* which block raw holds; n_block when none */
    sund_cur          phase;     /* behind the last site's encoding */
    size_t            phase_site;
    sund_gt           last;
    uint64_t         *phased, *alt_first;
};

sund_code sund_store_reader_open(sund_store_reader **out, const sund_store *s, sund_err *err)
{
    sund_store_reader *r = calloc(1, sizeof *r);
    size_t             n = s->info.n_person, w = (n + 63) / 64;

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    r->s = s;
    r->raw_block = s->n_block;
    r->phase_site = SIZE_MAX;
    r->d = (sund_decoded){ n, w, calloc(n + 1, 4), calloc(n + 1, 4), calloc(n + 1, 4), calloc(w + 1, 8), calloc(w + 1, 8), calloc(w + 1, 8) };
    r->phased = calloc(w + 1, 8);
    r->alt_first = calloc(w + 1, 8);
    if (!r->d.het || !r->d.hom || !r->d.missing || !r->d.het_plane || !r->d.hom_plane || !r->d.missing_plane || !r->phased || !r->alt_first) {
        sund_store_reader_close(r);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n);
    }
    *out = r;
    return SUND_OK;
}

void sund_store_reader_close(sund_store_reader *r)
{
    if (!r)
        return;
    free(r->d.het);
    free(r->d.hom);
    free(r->d.missing);
    free(r->d.het_plane);
    free(r->d.hom_plane);
    free(r->d.missing_plane);
    free(r->phased);
    free(r->alt_first);
    sund_buf_free(&r->raw);
    free(r);
}

void sund_store_block_name(const sund_store *s, size_t b, char out[400])
{
    block_row r = sund_store_block(s, b);
    site_row  first, last;

    if (r.first >= s->info.n_site || r.last >= s->info.n_site) {
        (void) snprintf(out, 400, "%.200s/genotypes.bin: block %zu", s->dir, b);
        return;
    }
    first = sund_store_row(s, (size_t) r.first);
    last = sund_store_row(s, (size_t) r.last);
    (void) snprintf(out, 400, "%.200s/genotypes.bin: block %zu (sites %s:%u-%s:%u)", s->dir, b, sund_contig_name(first.contig), first.pos_bp + 1, sund_contig_name(last.contig), last.pos_bp + 1);
}

static sund_code block_fail(const sund_store *s, size_t b, const char *why, sund_err *err)
{
    char name[400];

    sund_store_block_name(s, b, name);
    return sund_fail(err, SUND_E_FORMAT, "%s: %s", name, why);
}

sund_code sund_store_block_open(const sund_store *s, size_t b, sund_buf *raw, const uint8_t **p, size_t *n, sund_err *err)
{
    block_row      r = sund_store_block(s, b);
    uint64_t       size = s->map[F_GENOTYPES].n;
    const uint8_t *at = s->map[F_GENOTYPES].p + r.file_at;

    if (r.file_at < HEAD_BYTES || r.file_at > size || r.n_stored > size - r.file_at)
        return block_fail(s, b, "lies outside the file", err);
    if (!__atomic_load_n(&s->touched_block[b], __ATOMIC_RELAXED)) {
        if (sund_sum64(at, r.n_stored) != r.sum)
            return block_fail(s, b, "its digest differs: bytes were altered", err);
        __atomic_store_n(&s->touched_block[b], 1, __ATOMIC_RELAXED);
    }
    if (!r.packed) {
        *p = at;
        *n = r.n_stored;
        return SUND_OK;
    }
    sund_buf_clear(raw);
    if (r.n_raw > 1u << 30 || !sund_buf_room(raw, r.n_raw))
        return block_fail(s, b, "is too large", err);
    if (ZSTD_decompress(raw->p, r.n_raw, at, r.n_stored) != r.n_raw)
        return block_fail(s, b, "cannot be unpacked", err);
    raw->n = r.n_raw;
    *p = raw->p;
    *n = raw->n;
    return SUND_OK;
}

sund_code sund_store_check_chunk(const sund_store *s, size_t chunk, sund_err *err)
{
    static const int file[2] = { F_SITES, F_COUNTS };
    size_t           n_site = s->info.n_site, from = chunk * CHUNK_ROWS, rows = n_site - from < CHUNK_ROWS ? n_site - from : CHUNK_ROWS;
    size_t           chunks = (n_site + CHUNK_ROWS - 1) / CHUNK_ROWS;
    const size_t     width[2] = { SITE_BYTES, 3 * s->people.n_group * count_width(s->people.n_person) };

    for (size_t k = 0; k < 2; k++) {
        sund_cur c = sund_cur_of(s->map[F_SUMS].p + HEAD_BYTES + 8 * (k * chunks + chunk), 8);

        if (sund_sum64(s->map[file[k]].p + HEAD_BYTES + from * width[k], rows * width[k]) != sund_cur_u64(&c)) {
            site_row a = sund_store_row(s, from), b = sund_store_row(s, from + rows - 1);
            return sund_fail(err, SUND_E_FORMAT, "%.200s/%s: block %zu (sites %s:%u-%s:%u): its digest differs: bytes were altered", s->dir, sund_store_file[file[k]], chunk,
                             sund_contig_name(a.contig), a.pos_bp + 1, sund_contig_name(b.contig), b.pos_bp + 1);
        }
    }
    return SUND_OK;
}

sund_code sund_store_check_row(const sund_store *s, size_t j, sund_err *err)
{
    if (j >= s->info.n_site)
        return sund_fail(err, SUND_E_ARG, "the store has no row %zu", j);
    if (!__atomic_load_n(&s->touched_chunk[j / CHUNK_ROWS], __ATOMIC_RELAXED)) {
        SUND_TRY(sund_store_check_chunk(s, j / CHUNK_ROWS, err));
        __atomic_store_n(&s->touched_chunk[j / CHUNK_ROWS], 1, __ATOMIC_RELAXED);
    }
    return SUND_OK;
}

sund_code sund_store_read(sund_store_reader *r, size_t j, sund_gt *out, sund_err *err)
{
    const sund_store    *s = r->s;
    const sund_encoding *e;
    const uint8_t       *p;
    size_t               n;
    site_row             row;
    sund_cur             c;

    SUND_TRY(sund_store_check_row(s, j, err));
    row = sund_store_row(s, j);
    e = sund_encoding_by_code(row.encoding);
    if (row.block >= s->n_block || !e)
        return sund_fail(err, SUND_E_FORMAT, "%.200s/sites.bin: the row of %s:%u was altered", s->dir, sund_contig_name(row.contig), row.pos_bp + 1);
    if (r->raw_block == row.block) {
        p = r->raw.p;
        n = r->raw.n;
    }
    else { /* blocks that are not packed do not drive the unpacked one out */
        bool packed = sund_store_block(s, row.block).packed;

        if (packed)
            r->raw_block = s->n_block;
        SUND_TRY(sund_store_block_open(s, row.block, &r->raw, &p, &n, err));
        if (packed)
            r->raw_block = row.block;
    }
    if (row.at > n || row.n > n - row.at)
        return block_fail(s, row.block, "is shorter than its sites", err);
    c = sund_cur_of(p + row.at, row.n);
    if (e->decode(&c, &r->d, out, err) != SUND_OK)
        return block_fail(s, row.block, "a site in it cannot be read", err);
    r->phase = c;
    r->phase_site = j;
    r->last = *out;
    return SUND_OK;
}

static void set_from_list(uint8_t *code, const uint32_t *list, size_t n, uint8_t v)
{
    for (size_t i = 0; i < n; i++)
        code[list[i]] = v;
}

void sund_gt_codes(const sund_gt *g, size_t n_person, uint8_t *code)
{
    if (g->sparse) {
        memset(code, g->rest, n_person);
        set_from_list(code, g->het, g->n_het, 1);
        set_from_list(code, g->hom, g->n_hom, (uint8_t) (2 - g->rest));
        set_from_list(code, g->missing, g->n_missing, SUND_GT_MISSING);
        return;
    }
    for (size_t i = 0; i < n_person; i++) {
        unsigned het = (unsigned) (g->het_plane[i / 64] >> (i % 64) & 1), hom = (unsigned) (g->hom_plane[i / 64] >> (i % 64) & 1);
        unsigned missing = (unsigned) (g->missing_plane[i / 64] >> (i % 64) & 1);

        code[i] = (uint8_t) (missing ? SUND_GT_MISSING : hom ? 2u : het);
    }
}

/** The people with a het at the last site read, in order, into a list that the reader owns. */
static const uint32_t *het_list(sund_store_reader *r, size_t *n)
{
    *n = 0;
    if (r->last.sparse) {
        *n = r->last.n_het;
        return r->d.het;
    }
    for (size_t w = 0; w < r->d.n_word; w++)
        for (uint64_t bits = r->d.het_plane[w]; bits; bits &= bits - 1)
            r->d.het[(*n)++] = (uint32_t) (w * 64 + (size_t) __builtin_ctzll(bits));
    return r->d.het;
}

sund_code sund_store_phase(sund_store_reader *r, size_t j, const uint64_t **phased, const uint64_t **alt_first, bool *any, sund_err *err)
{
    const uint8_t  *bits[2] = { NULL, NULL };
    const uint32_t *het;
    sund_cur        c;
    size_t          n;
    uint8_t         mode;
    sund_gt         g;

    if (r->phase_site != j)
        SUND_TRY(sund_store_read(r, j, &g, err));
    het = het_list(r, &n);
    c = r->phase;
    mode = sund_cur_u8(&c);
    if (mode == 2)
        bits[0] = sund_cur_bytes(&c, (n + 7) / 8);
    if (mode)
        bits[1] = sund_cur_bytes(&c, (n + 7) / 8);
    if (c.bad || c.n || mode > 2)
        return block_fail(r->s, sund_store_row(r->s, j).block, "a site's phase cannot be read", err);
    memset(r->phased, 0, 8 * r->d.n_word);
    memset(r->alt_first, 0, 8 * r->d.n_word);
    for (size_t i = 0; mode && i < n; i++) {
        uint64_t bit = 1ULL << (het[i] % 64);

        if (mode == 1 || bits[0][i / 8] >> (i % 8) & 1)
            r->phased[het[i] / 64] |= bit;
        if (bits[1][i / 8] >> (i % 8) & 1)
            r->alt_first[het[i] / 64] |= bit;
    }
    *phased = r->phased;
    *alt_first = r->alt_first;
    *any = mode != 0;
    return SUND_OK;
}
