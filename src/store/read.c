#include "store/store_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_PLACE = 0, UNPACKED = 1, KEEP_BYTES = 64 << 20 };
static const size_t nothing = SIZE_MAX; /* no block */

sund_code sund_store_reader_open(sund_store_reader **out, const sund_store *s, sund_err *err)
{
    sund_store_reader *r = calloc(1, sizeof *r);
    size_t             n = s->info.n_person, w = (n + 63) / 64;
    sund_decoded      *d;
    sund_code          rc;

    if (!r)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    r->s = s;
    r->keep_bytes = KEEP_BYTES;
    r->now[IN_PLACE].number = r->now[UNPACKED].number = nothing;
    r->chance = 1;
    d = &r->d;
    d->n_person = n;
    d->n_word = w;
    d->haplotype = calloc(2 * n + 1, 4);
    d->het = calloc(n + 1, 4);
    d->hom = calloc(n + 1, 4);
    d->missing = calloc(n + 1, 4);
    d->het_plane = calloc(6 * w + 1, 8);
    d->hom_plane = d->het_plane ? d->het_plane + w : NULL;
    d->missing_plane = d->het_plane ? d->het_plane + 2 * w : NULL;
    d->phased = d->het_plane ? d->het_plane + 3 * w : NULL;
    d->alt_first = d->het_plane ? d->het_plane + 4 * w : NULL;
    d->none = d->het_plane ? d->het_plane + 5 * w : NULL;
    for (size_t k = 0; k < 256 && k <= 2 * n; k++)
        d->low_bits[k] = (uint8_t) sund_list_low_bits(k, 2 * (uint64_t) n);
    r->in = calloc(s->people.n_group + 1, sizeof *r->in);
    if (!r->in || !d->haplotype || !d->het || !d->hom || !d->missing || !d->het_plane) {
        sund_store_reader_close(r);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", n);
    }
    rc = s->shadow ? sund_crypt_begin(s->shadow->as.key, s->shadow->file[F_GENOTYPES].p, &r->aead, err) : SUND_OK;
    if (rc != SUND_OK) {
        sund_store_reader_close(r);
        return rc;
    }
    *out = r;
    return SUND_OK;
}

void sund_store_reader_close(sund_store_reader *r)
{
    if (!r)
        return;
    free(r->in);
    free(r->d.haplotype);
    free(r->d.het);
    free(r->d.hom);
    free(r->d.missing);
    free(r->d.het_plane);
    for (size_t k = 0; k < r->n_kept; k++)
        sund_buf_free(&r->kept[k].bytes);
    free(r->kept);
    sund_aead_free(r->aead);
    sund_buf_free(&r->sealed);
    sund_arena_free(&r->decrypted);
    free(r);
}

void sund_store_reader_keep(sund_store_reader *r, size_t n_byte)
{
    for (size_t k = 0; k < r->n_kept; k++)
        sund_buf_free(&r->kept[k].bytes);
    r->n_kept = r->kept_bytes = 0;
    r->now[IN_PLACE].number = r->now[UNPACKED].number = nothing;
    sund_arena_free(&r->decrypted);
    r->keep_bytes = n_byte;
}

void sund_store_block_name(const sund_store *s, size_t b, char out[400])
{
    block_row r = sund_store_block(s, b);
    any_row      first, last;

    if (r.first >= s->info.n_site || r.last >= s->info.n_site) {
        (void) snprintf(out, 400, "%.200s/genotypes.bin: block %zu", s->dir, b);
        return;
    }
    first = sund_store_row(s, r.first);
    last = sund_store_row(s, r.last);
    (void) snprintf(out, 400, "%.200s/genotypes.bin: block %zu (sites %s:%u-%s:%u)", s->dir, b, sund_contig_name(first.contig), first.pos_bp + 1, sund_contig_name(last.contig), last.pos_bp + 1);
}

sund_code sund_store_block_fail(const sund_store *s, size_t b, const char *why, sund_err *err)
{
    char name[400];

    sund_store_block_name(s, b, name);
    return sund_fail(err, SUND_E_FORMAT, "%s: %s", name, why);
}

sund_code sund_store_block_touch(const sund_store *s, const block_row *r, size_t b, sund_err *err)
{
    uint64_t size = s->map[F_GENOTYPES].n;

    if (!sund_encoding_by_code(r->encoding))
        return sund_store_block_fail(s, b, "is in an encoding that this program does not know", err);
    if (r->file_at < HEAD_BYTES || r->file_at > size || r->n_stored > size - r->file_at)
        return sund_store_block_fail(s, b, "lies outside the file", err);
    if (!s->shadow && !__atomic_load_n(&s->touched_block[b], __ATOMIC_RELAXED)) {
        if (sund_sum64(s->map[F_GENOTYPES].p + r->file_at, r->n_stored) != r->sum)
            return sund_store_block_fail(s, b, "its digest differs: bytes were altered", err);
        __atomic_store_n(&s->touched_block[b], 1, __ATOMIC_RELAXED);
    }
    return SUND_OK;
}

/** A block's stored bytes, of an encrypted store. */
static sund_code decrypt(sund_store_reader *r, const block_row *row, size_t b, uint8_t *to, sund_err *err)
{
    if (sund_crypt_read(&r->s->shadow->file[F_GENOTYPES], r->aead, row->file_at, row->n_stored, to, NULL) != SUND_OK)
        return sund_store_block_fail(r->s, b, "cannot be decrypted: its bytes were altered, moved or exchanged", err);
    return SUND_OK;
}

sund_code sund_store_block_bytes(sund_store_reader *r, const block_row *row, size_t b, const uint8_t **p, sund_err *err)
{
    const sund_store *s = r->s;

    SUND_TRY(sund_store_block_touch(s, row, b, err));
    if (!s->shadow) {
        *p = s->map[F_GENOTYPES].p + row->file_at;
        return SUND_OK;
    }
    sund_buf_clear(&r->sealed);
    if (!sund_buf_room(&r->sealed, row->n_stored + 1ULL))
        return sund_buf_ok(&r->sealed, err);
    *p = r->sealed.p;
    return decrypt(r, row, b, r->sealed.p, err);
}

/** A block that is read in place: where it lies, or where it is decrypted to. */
static sund_code open_in_place(sund_store_reader *r, const block_row *row, size_t b, sund_block_view *v, sund_err *err)
{
    uint8_t *to;

    SUND_TRY(sund_store_block_touch(r->s, row, b, err));
    *v = (sund_block_view){ r->s->shadow ? sund_arena_find(&r->decrypted, b) : r->s->map[F_GENOTYPES].p + row->file_at, row->n_stored, 0 };
    if (v->p)
        return SUND_OK;
    to = sund_arena_room(&r->decrypted, row->n_stored + 1ULL, r->s->n_block, r->keep_bytes);
    if (!to)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a block");
    SUND_TRY(decrypt(r, row, b, to, err));
    sund_arena_keep(&r->decrypted, b, to);
    v->p = to;
    return SUND_OK;
}

/** Checks a packed block and unpacks it into room; *v are its bytes. */
static sund_code open_packed(sund_store_reader *r, const sund_encoding *e, const block_row *row, size_t b, sund_buf *room, sund_block_view *v, sund_err *err)
{
    const uint8_t *p;
    sund_code      rc;

    SUND_TRY(sund_store_block_bytes(r, row, b, &p, err));
    if (row->n_raw > 1u << 30)
        return sund_store_block_fail(r->s, b, "is too large", err);
    rc = e->unpack(p, row->n_stored, r->s->info.n_person, row->n_site, row->n_raw, room, err);
    if (rc == SUND_E_FORMAT)
        return sund_store_block_fail(r->s, b, "cannot be unpacked", err);
    *v = (sund_block_view){ room->p, room->n, 0 };
    return rc;
}

/** A place for another unpacked block; NULL: out of memory. */
static kept_block *place(sund_store_reader *r)
{
    if (r->n_kept && r->kept_bytes + r->kept_bytes / r->n_kept > r->keep_bytes) {
        r->chance = r->chance * 1664525u + 1013904223u;
        return &r->kept[(r->chance >> 8) % r->n_kept];
    }
    if (r->n_kept == r->cap_kept) {
        size_t      cap = r->cap_kept ? 2 * r->cap_kept : 16;
        kept_block *more = realloc(r->kept, cap * sizeof *more);

        if (!more)
            return NULL;
        r->kept = more;
        r->cap_kept = cap;
    }
    r->kept[r->n_kept] = (kept_block){ .number = nothing };
    return &r->kept[r->n_kept++];
}

static sund_code open_kept(sund_store_reader *r, const sund_encoding *e, const block_row *row, size_t b, sund_block_view *v, sund_err *err)
{
    kept_block *k = NULL;
    sund_code   rc;

    for (size_t i = 0; i < r->n_kept; i++)
        if (r->kept[i].number == b) {
            *v = (sund_block_view){ r->kept[i].bytes.p, r->kept[i].bytes.n, 0 };
            return SUND_OK;
        }
    k = place(r);
    if (!k)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for a block");
    r->kept_bytes -= k->bytes.n;
    k->number = nothing;
    rc = open_packed(r, e, row, b, &k->bytes, v, err);
    r->kept_bytes += k->bytes.n;
    if (rc == SUND_OK)
        k->number = b;
    return rc;
}

sund_code sund_store_touch_first(const sund_store *s, int which, size_t row, sund_err *err)
{
    SUND_TRY(sund_store_check_chunk(s, which, row / CHUNK_ROWS, err));
    __atomic_store_n(&s->touched_chunk[which][row / CHUNK_ROWS], 1, __ATOMIC_RELAXED);
    return SUND_OK;
}

/** The chunk's digest: file which of sites, counts. */
sund_code sund_store_check_chunk(const sund_store *s, int which, size_t chunk, sund_err *err)
{
    int      file = which ? F_COUNTS : F_SITES;
    size_t   n_row = which ? s->n_count : s->info.n_site, width = which ? s->count_bytes : s->site_bytes;
    size_t   from = chunk * CHUNK_ROWS, rows = n_row - from < CHUNK_ROWS ? n_row - from : CHUNK_ROWS, before = which ? (s->info.n_site + CHUNK_ROWS - 1) / CHUNK_ROWS : 0;
    sund_cur c = sund_cur_of(s->map[F_SUMS].p + HEAD_BYTES + 8 * (before + chunk), 8);
    any_row     a, b;

    sund_store_need(s, file, HEAD_BYTES + from * width, rows * width);
    SUND_TRY(sund_store_sound(s, err));
    if (sund_sum64(s->map[file].p + HEAD_BYTES + from * width, rows * width) == sund_cur_u64(&c))
        return SUND_OK;
    if (which && s->version > 1)
        return sund_fail(err, SUND_E_FORMAT, "%.200s/%s: rows %zu-%zu: their digest differs: bytes were altered", s->dir, sund_store_file[file], from, from + rows - 1);
    a = sund_store_row(s, from);
    b = sund_store_row(s, from + rows - 1);
    return sund_fail(err, SUND_E_FORMAT, "%.200s/%s: block %zu (sites %s:%u-%s:%u): its digest differs: bytes were altered", s->dir, sund_store_file[file], chunk, sund_contig_name(a.contig), a.pos_bp + 1,
                     sund_contig_name(b.contig), b.pos_bp + 1);
}

sund_code sund_store_site_fail(const sund_store *s, size_t j, const char *why, sund_err *err)
{
    uint32_t block, at;

    sund_store_row_place(s, j, &block, &at);
    return sund_store_block_fail(s, block, why, err);
}

/** Makes a block the one at hand, of those in place or of those unpacked; *k says of which. */
static sund_code turn_to(sund_store_reader *r, uint32_t block, int *k, sund_err *err)
{
    block_row            b;
    const sund_encoding *e;

    if (block >= r->s->n_block)
        return sund_fail(err, SUND_E_FORMAT, "%.200s/sites.bin: a row names a block that is not there", r->s->dir);
    b = sund_store_block(r->s, block);
    e = sund_encoding_by_code(b.encoding);
    *k = e && e->unpack ? UNPACKED : IN_PLACE;
    r->now[*k].number = nothing;
    if (*k == UNPACKED)
        SUND_TRY(open_kept(r, e, &b, block, &r->now[*k].view, err));
    else
        SUND_TRY(open_in_place(r, &b, block, &r->now[*k].view, err));
    r->now[*k].end = e->pack ? b.n_site : r->now[*k].view.n;
    r->now[*k].e = e;
    r->now[*k].number = block;
    return SUND_OK;
}

sund_code sund_store_locate_new(sund_store_reader *r, size_t j, const sund_encoding **e, sund_block_view *v, sund_err *err)
{
    uint32_t block, at;
    int      k = IN_PLACE;

    if (j >= r->s->info.n_site)
        return sund_fail(err, SUND_E_ARG, "the store has no row %zu", j);
    SUND_TRY(sund_store_sound(r->s, err));
    SUND_TRY(sund_store_touch(r->s, 0, j, err));
    sund_store_row_place(r->s, j, &block, &at);
    SUND_TRY(turn_to(r, block, &k, err));
    *e = r->now[k].e;
    *v = r->now[k].view;
    v->at = at;
    return at < r->now[k].end ? SUND_OK : sund_store_block_fail(r->s, block, "is shorter than its sites", err);
}

sund_code sund_store_read(sund_store_reader *r, size_t j, sund_gt *out, sund_err *err)
{
    const sund_encoding *e;
    sund_block_view      v;

    SUND_TRY(sund_store_locate(r, j, &e, &v, err));
    return e->decode(v, &r->d, out) ? SUND_OK : sund_store_site_fail(r->s, j, "a site in it cannot be read", err);
}

sund_code sund_store_phase(sund_store_reader *r, size_t j, const uint64_t **phased, const uint64_t **alt_first, bool *any, sund_err *err)
{
    const sund_encoding *e;
    sund_block_view      v;

    SUND_TRY(sund_store_locate(r, j, &e, &v, err));
    *phased = r->d.phased;
    *alt_first = r->d.alt_first;
    return e->phase(v, &r->d, any) ? SUND_OK : sund_store_site_fail(r->s, j, "a site's phase cannot be read", err);
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
