#include "store/store_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int) SHADOW_FILES == (int) N_STORE_FILE, "a shadow has room for every file");

static sund_code bad_file(const sund_store *s, int f, const char *why, sund_err *err) { return sund_fail(err, SUND_E_FORMAT, "%s/%s: %s", s->dir, sund_store_file[f], why); }

/** BLAKE2b of a file, in little memory. */
static sund_digest file_digest(const sund_store *s, int f)
{
    enum { PIECE = 1 << 20 };
    const sund_map *m = &s->map[f];
    sund_hasher     h;

    sund_hasher_init(&h);
    sund_store_need(s, f, 0, m->n);
    for (size_t at = 0; at < m->n; at += PIECE) {
        sund_hasher_add(&h, m->p + at, m->n - at < PIECE ? m->n - at : PIECE);
        if (!s->shadow && m->n > PIECE)
            sund_map_rest(m); /* what is small is read next */
    }
    return sund_hasher_end(&h);
}

sund_code sund_store_sound(const sund_store *s, sund_err *err)
{
    if (!sund_shadow_is_damaged(s->shadow))
        return SUND_OK;
    return sund_fail(err, s->shadow->why.code, "%s", s->shadow->why.msg);
}

/** Sizes that follow from each other, but for what depends on people's groups. */
static sund_code check_shape(sund_store *s, const manifest *m, sund_err *err)
{
    s->site_bytes = m->version == 1 ? SITE_BYTES_V1 : SITE_BYTES;
    if (m->n_person == 0 || m->n_person > s->map[F_PEOPLE].n / 7) /* bytes before a name */
        return bad_file(s, F_PEOPLE, "another number of people than in the manifest", err);
    if (m->n_site > UINT32_MAX || s->map[F_SITES].n != HEAD_BYTES + m->n_site * s->site_bytes)
        return bad_file(s, F_SITES, "truncated, or another number of sites than in the manifest", err);
    if (m->n_block > UINT32_MAX || s->map[F_BLOCKS].n != HEAD_BYTES + m->n_block * BLOCK_BYTES)
        return bad_file(s, F_BLOCKS, "truncated, or another number of blocks than in the manifest", err);
    if (s->map[F_SUMS].n < HEAD_BYTES + 8 * ((m->n_site + CHUNK_ROWS - 1) / CHUNK_ROWS))
        return bad_file(s, F_SUMS, "truncated, or another number of sites than in the manifest", err);
    return SUND_OK;
}

/** The rest. */
static sund_code check_counts(sund_store *s, sund_err *err)
{
    uint64_t counts = s->map[F_COUNTS].n - HEAD_BYTES;

    s->count_bytes = 3 * s->people.n_group * count_width(s->people.n_person);
    s->n_count = (size_t) (counts / s->count_bytes);
    if (counts % s->count_bytes || s->n_count > s->info.n_site || (s->version == 1 && s->n_count != s->info.n_site))
        return bad_file(s, F_COUNTS, "truncated, or another number of sites than in the manifest", err);
    if (s->map[F_SUMS].n != HEAD_BYTES + 8 * ((s->info.n_site + CHUNK_ROWS - 1) / CHUNK_ROWS + (s->n_count + CHUNK_ROWS - 1) / CHUNK_ROWS))
        return bad_file(s, F_SUMS, "truncated, or another number of sites than in the manifest", err);
    return SUND_OK;
}

static sund_code read_regions(sund_store *s, sund_err *err)
{
    sund_cur c = sund_cur_of(s->map[F_REGIONS].p, s->map[F_REGIONS].n);

    (void) sund_cur_bytes(&c, HEAD_BYTES);
    s->info.has_callable = sund_cur_u8(&c) == 1;
    s->n_region = (size_t) sund_cur_u64(&c);
    if (c.bad || c.n % 12 || s->n_region != c.n / 12)
        return bad_file(s, F_REGIONS, "its length does not fit", err);
    s->region = calloc(s->n_region + 1, sizeof *s->region);
    if (!s->region)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu regions", s->n_region);
    for (size_t i = 0; i < s->n_region; i++) {
        s->region[i].contig = (int) (sund_cur_u32(&c) & 0xFF);
        s->region[i].from_bp = sund_cur_u32(&c);
        s->region[i].to_bp = sund_cur_u32(&c);
    }
    return SUND_OK;
}

/** The small files are checked whole; sites, counts and genotypes by chunk and block when they are touched. */
static sund_code check_small(const sund_store *s, int f, const sund_digest *digest, sund_err *err)
{
    sund_digest d = file_digest(s, f);

    SUND_TRY(sund_store_sound(s, err));
    return sund_digest_eq(&d, digest) ? SUND_OK : bad_file(s, f, "its digest differs from the manifest: the file was altered", err);
}

/** How a file begins. Genotypes of an encrypted store are never in memory as a whole. */
static sund_code begins_with(const sund_store *s, int f, const char magic[HEAD_BYTES], sund_err *err)
{
    uint8_t        own[HEAD_BYTES];
    const uint8_t *p = s->map[f].p;
    sund_aead     *a = NULL;
    sund_code      rc = SUND_OK;

    if (s->map[f].n < HEAD_BYTES)
        return bad_file(s, f, "is not of this format", err);
    if (s->shadow && !p) {
        p = own;
        SUND_TRY(sund_crypt_begin(s->shadow->as.key, s->shadow->file[f].p, &a, err));
        rc = sund_crypt_read(&s->shadow->file[f], a, 0, sizeof own, own, err);
        sund_aead_free(a);
        SUND_TRY(rc);
    }
    else {
        sund_store_need(s, f, 0, HEAD_BYTES);
        SUND_TRY(sund_store_sound(s, err));
    }
    return memcmp(p, magic, HEAD_BYTES) == 0 ? SUND_OK : bad_file(s, f, "is not of this format", err);
}

static sund_code open_files(sund_store *s, const manifest *m, sund_err *err)
{
    char path[1100], magic[HEAD_BYTES];

    if (m->crypt.key)
        SUND_TRY(sund_shadow_new(&s->shadow, &m->crypt, err));
    for (int f = 0; f < N_STORE_FILE; f++) {
        SUND_TRY(sund_path_join(path, sizeof path, s->dir, sund_store_file[f], err));
        if (s->shadow)
            SUND_TRY(sund_shadow_open(s->shadow, f, path, f != F_GENOTYPES, &s->map[f], err));
        else
            SUND_TRY(sund_map_open(&s->map[f], path, err));
        if (s->map[f].n != m->size[f])
            return bad_file(s, f, "its size differs from the manifest: truncated or altered", err);
        memcpy(magic, sund_store_magic[f], HEAD_BYTES);
        magic[4] = (char) ('0' + m->version);
        SUND_TRY(begins_with(s, f, magic, err));
    }
    SUND_TRY(check_small(s, F_REGIONS, &m->digest[F_REGIONS], err));
    SUND_TRY(check_small(s, F_BLOCKS, &m->digest[F_BLOCKS], err));
    SUND_TRY(check_small(s, F_SUMS, &m->digest[F_SUMS], err));
    SUND_TRY(check_shape(s, m, err));
    return read_regions(s, err);
}

sund_code sund_store_people(sund_store *s, sund_err *err)
{
    if (s->info.person)
        return SUND_OK;
    SUND_TRY(check_small(s, F_PEOPLE, &s->people_digest, err));
    if (sund_people_table_read(&s->people, s->map[F_PEOPLE].p, s->map[F_PEOPLE].n, err) != SUND_OK)
        return sund_fail_in(err, SUND_E_FORMAT, "%s/people.bin", s->dir);
    if (s->people.n_person != s->info.n_person)
        return bad_file(s, F_PEOPLE, "another number of people than in the manifest", err);
    SUND_TRY(check_counts(s, err));
    s->touched_chunk[1] = calloc(s->n_count / CHUNK_ROWS + 2, 1);
    if (!s->touched_chunk[1])
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    s->info.n_population = s->people.n_population;
    s->info.person = (const char *const *) s->people.person;
    s->info.sex = s->people.sex;
    s->info.population = s->people.population;
    s->info.population_name = (const char *const *) s->people.population_name;
    return SUND_OK;
}

sund_code sund_store_open_sites(sund_store **out, const char *dir, sund_err *err)
{
    sund_store *s = calloc(1, sizeof *s);
    manifest    m;
    sund_code   rc;

    if (!s)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    memset(&m, 0, sizeof m);
    if (snprintf(s->dir, sizeof s->dir, "%s", dir) >= (int) sizeof s->dir)
        rc = sund_fail(err, SUND_E_LIMIT, "path too long: %.100s", dir);
    else
        rc = sund_manifest_read(dir, &m, err);
    if (rc == SUND_OK)
        rc = open_files(s, &m, err);
    s->n_block = (size_t) m.n_block;
    s->version = m.version;
    if (rc == SUND_OK) {
        s->touched_block = calloc(s->n_block + 1, 1);
        s->touched_chunk[0] = calloc((size_t) m.n_site / CHUNK_ROWS + 2, 1);
        if (!s->touched_block || !s->touched_chunk[0])
            rc = sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    if (rc != SUND_OK) {
        sund_store_close(s);
        return rc;
    }
    s->people_digest = m.digest[F_PEOPLE];
    s->info.assembly = m.assembly;
    s->info.n_person = (size_t) m.n_person;
    s->info.n_site = (size_t) m.n_site;
    s->info.manifest = m.self;
    if (m.crypt.key)
        (void) snprintf(s->info.key, sizeof s->info.key, "%s", sund_store_key_name(m.crypt.key));
    *out = s;
    return SUND_OK;
}

sund_code sund_store_open(sund_store **out, const char *dir, sund_err *err)
{
    sund_store *s = NULL;
    sund_code   rc;

    SUND_TRY(sund_store_open_sites(&s, dir, err));
    rc = sund_store_people(s, err);
    if (rc == SUND_OK)
        *out = s;
    else
        sund_store_close(s);
    return rc;
}

void sund_store_close(sund_store *s)
{
    if (!s)
        return;
    for (int f = 0; f < N_STORE_FILE && !s->shadow; f++)
        sund_map_close(&s->map[f]);
    sund_shadow_free(s->shadow);
    sund_people_table_free(&s->people);
    free(s->region);
    free(s->touched_block);
    free(s->touched_chunk[0]);
    free(s->touched_chunk[1]);
    free(s);
}

const sund_store_info *sund_store_describe(const sund_store *s) { return &s->info; }

typedef struct named { const char *name; uint32_t col; } named;

static int by_name(const void *a, const void *b) { return strcmp(((const named *) a)->name, ((const named *) b)->name); }

sund_code sund_store_columns(const sund_store *s, const char (*name)[64], size_t n, uint32_t *col, sund_err *err)
{
    named *list = calloc(s->info.n_person + 1, sizeof *list);

    if (!list)
        return sund_fail(err, SUND_E_NOMEM, "out of memory matching people with genotypes");
    for (size_t i = 0; i < s->info.n_person; i++)
        list[i] = (named){ s->info.person[i], (uint32_t) i };
    qsort(list, s->info.n_person, sizeof *list, by_name);
    for (size_t m = 0; m < n; m++) {
        const named  want = { name[m], 0 };
        const named *hit = bsearch(&want, list, s->info.n_person, sizeof *list, by_name);

        col[m] = hit ? hit->col : UINT32_MAX;
    }
    free(list);
    return SUND_OK;
}

static sund_variant variant_of(const any_row *r) { return (sund_variant){ r->contig, r->pos_bp, r->ref, r->alt, r->n_ref, r->n_alt }; }

void sund_store_site(const sund_store *s, size_t j, sund_site *out)
{
    any_row r = sund_store_row(s, j);

    out->v = variant_of(&r);
    out->kind = r.kind < SUND_N_KIND ? (sund_kind) r.kind : SUND_KIND_SYMBOLIC;
    out->copies = sund_copies_at(s->info.assembly, r.contig, r.pos_bp);
}

size_t sund_store_from(const sund_store *s, int contig, uint32_t pos_bp)
{
    size_t lo = 0, hi = s->info.n_site;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (sund_store_place(s, mid) < ((uint64_t) contig << 32 | pos_bp))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool sund_store_find(const sund_store *s, const sund_variant *v, size_t *j)
{
    for (*j = sund_store_from(s, v->contig, v->pos_bp); *j < s->info.n_site; ++*j) {
        any_row      r = sund_store_row(s, *j);
        sund_variant x = variant_of(&r);
        int          c = sund_variant_cmp(&x, v);

        if (c == 0)
            return true;
        if (c > 0)
            break;
    }
    *j = 0;
    return s->info.n_site && sund_store_sound(s, NULL) != SUND_OK;
}

bool sund_store_callable(const sund_store *s, int contig, uint32_t pos_bp, uint32_t n_bp)
{
    size_t lo = 0, hi = s->n_region;

    if (!s->info.has_callable)
        return false;
    while (lo < hi) { /* the last region that begins at or before the position */
        size_t             mid = lo + (hi - lo) / 2;
        const sund_region *r = &s->region[mid];

        if (r->contig < contig || (r->contig == contig && r->from_bp <= pos_bp))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && s->region[lo - 1].contig == contig && pos_bp < s->region[lo - 1].to_bp && s->region[lo - 1].to_bp - pos_bp >= n_bp;
}

uint32_t sund_store_count_at(const sund_store *s, uint64_t row, size_t k)
{
    size_t   width = count_width(s->people.n_person);
    sund_cur c;

    sund_store_need(s, F_COUNTS, HEAD_BYTES + row * s->count_bytes + k * width, width);
    c = sund_cur_of(s->map[F_COUNTS].p + HEAD_BYTES + row * s->count_bytes + k * width, width);

    return width == 2 ? sund_cur_u16(&c) : sund_cur_u32(&c);
}
