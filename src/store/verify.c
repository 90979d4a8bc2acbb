#include "base/pool.h"
#include "stats/count.h"
#include "store/out.h"
#include "store/store_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The whole store is cut into pieces - chunks of rows, blocks, files, ranges of sites - which the pool works through: disk and zstd set the pace. */

enum { REST_BYTES = 2 << 20 };

typedef struct checking {
    sund_store         *s;
    manifest            m;
    uint64_t           *group_plane; /* n_group planes of people */
    sund_store_reader **reader;      /* one a thread */
    uint64_t          **plane;       /* 3 planes a thread */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void           *ctx;
    uint64_t        done, total, rested;
    pthread_mutex_t lock;
} checking;

/** Lets go of what was read: a store may be larger than memory. Other threads' pages come back as they touch them. */
static void rest(const checking *c)
{
    for (int f = 0; f < N_STORE_FILE; f++)
        sund_map_rest(c->s->shadow ? &c->s->shadow->sealed[f] : &c->s->map[f]);
}

static void step(checking *c, uint64_t n)
{
    (void) pthread_mutex_lock(&c->lock);
    c->done += n;
    if (c->done - c->rested >= REST_BYTES) {
        c->rested = c->done;
        rest(c);
    }
    if (c->progress)
        c->progress(c->ctx, c->done, c->total);
    (void) pthread_mutex_unlock(&c->lock);
}

static size_t chunks(size_t rows) { return (rows + CHUNK_ROWS - 1) / CHUNK_ROWS; }

/** Rows come first: what names a place is read from them. */
static sund_code check_chunk(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    checking *c = ctx;
    size_t    n = chunks(c->s->info.n_site);

    (void) thread;
    rest(c);
    return i < n ? sund_store_touch(c->s, 0, i * CHUNK_ROWS, err) : sund_store_touch(c->s, 1, (i - n) * CHUNK_ROWS, err);
}

static sund_code check_block(void *ctx, size_t b, unsigned thread, sund_err *err)
{
    checking *c = ctx;
    block_row r = sund_store_block(c->s, b);
    const uint8_t *p;

    SUND_TRY(sund_store_block_bytes(c->reader[thread], &r, b, &p, err));
    if (c->s->shadow && sund_sum64(p, r.n_stored) != r.sum) /* of others the first touch has checked it */
        return sund_store_block_fail(c->s, b, "its digest differs: bytes were altered", err);
    step(c, r.n_stored);
    return SUND_OK;
}

/** BLAKE2b of a file: catches what lies between blocks, and whoever altered digests too. */
static sund_code check_file(void *ctx, size_t f, unsigned thread, sund_err *err)
{
    checking   *c = ctx;
    store_in    in = { .n = 0 };
    sund_digest d;
    char        path[1100];
    sund_code   rc;

    (void) thread;
    SUND_TRY(sund_path_join(path, sizeof path, c->s->dir, sund_store_file[f], err));
    rc = sund_in_open(&in, path, &c->m.crypt, (unsigned) f, err);
    if (rc == SUND_OK)
        rc = sund_in_digest(&in, &d, err);
    sund_in_close(&in);
    SUND_TRY(rc);
    if (!sund_digest_eq(&d, &c->m.digest[f]))
        return sund_fail(err, SUND_E_FORMAT, "%s/%s: its digest differs from the manifest: the file was altered", c->s->dir, sund_store_file[f]);
    step(c, c->m.size[f]);
    return SUND_OK;
}

static sund_code site_fail(const sund_store *s, const char *file, const any_row *r, const char *what, sund_err *err)
{
    return sund_fail(err, SUND_E_FORMAT, "%s/%s: %s:%u %s", s->dir, file, sund_contig_name(r->contig), r->pos_bp + 1, what);
}

/** The table's counts of a common site, group by group, against its planes. */
static sund_code check_counts(const checking *c, const any_row *r, const sund_gt *g, uint64_t at, sund_err *err)
{
    const sund_store     *s = c->s;
    const uint64_t *const plane[3] = { g->het_plane, g->hom_plane, g->missing_plane };
    size_t                n_word = (s->info.n_person + 63) / 64;

    if (at >= s->n_count)
        return site_fail(s, "counts.bin", r, "has no counts", err);
    for (size_t k = 0; k < s->people.n_group; k++)
        for (size_t p = 0; p < 3; p++)
            if (sund_plane_count(plane[p], c->group_plane + k * n_word, n_word) != sund_store_count_at(s, at, 3 * k + p))
                return site_fail(s, "counts.bin", r, "has other counts than its genotypes", err);
    return SUND_OK;
}

/** Lists as planes, and no person in two classes. */
static bool as_planes(const sund_store *s, sund_gt *g, uint64_t *plane)
{
    size_t   n_word = (s->info.n_person + 63) / 64;
    uint64_t twice = 0;

    if (g->sparse) {
        sund_list_plane(g->het, g->n_het, plane, n_word);
        sund_list_plane(g->hom, g->n_hom, plane + n_word, n_word);
        sund_list_plane(g->missing, g->n_missing, plane + 2 * n_word, n_word);
        g->het_plane = plane;
        g->hom_plane = plane + n_word;
        g->missing_plane = plane + 2 * n_word;
    }
    for (size_t w = 0; w < n_word; w++)
        twice |= (g->het_plane[w] & (g->hom_plane[w] | g->missing_plane[w])) | (g->hom_plane[w] & g->missing_plane[w]);
    if (g->sparse && g->rest == 2) /* the planes of version 1's counts want hom-alt */
        for (size_t w = 0; w < n_word; w++)
            plane[n_word + w] = ~(plane[w] | plane[n_word + w] | plane[2 * n_word + w]) & (w + 1 == n_word && s->info.n_person % 64 ? (1ULL << (s->info.n_person % 64)) - 1 : UINT64_MAX);
    return !twice;
}

static sund_code check_site(const checking *c, sund_store_reader *r, size_t j, uint64_t *plane, sund_err *err)
{
    const sund_store    *s = c->s;
    any_row                 row, before;
    const sund_encoding *e;
    sund_block_view      v;
    sund_gt              g;
    const uint64_t      *phased, *first;
    bool                 any;

    SUND_TRY(sund_store_locate(r, j, &e, &v, err));
    row = sund_store_row(s, j);
    if (j) {
        sund_variant a, b = { row.contig, row.pos_bp, row.ref, row.alt, row.n_ref, row.n_alt };

        before = sund_store_row(s, j - 1);
        a = (sund_variant){ before.contig, before.pos_bp, before.ref, before.alt, before.n_ref, before.n_alt };
        if (sund_variant_cmp(&a, &b) >= 0)
            return site_fail(s, "sites.bin", &row, "is out of order", err);
    }
    SUND_TRY(sund_store_phase(r, j, &phased, &first, &any, err));
    SUND_TRY(sund_store_read(r, j, &g, err));
    if (!as_planes(s, &g, plane))
        return sund_store_block_fail(s, row.block, "a person has two genotypes at a site", err);
    if (s->version > 1 && !e->pack)
        return SUND_OK; /* its counts are its lists */
    return check_counts(c, &row, &g, s->version == 1 ? j : sund_store_block(s, row.block).count_at + row.at, err);
}

static sund_code check_sites(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    checking *c = ctx;
    size_t    last = (i + 1) * CHUNK_ROWS < c->s->info.n_site ? (i + 1) * CHUNK_ROWS : c->s->info.n_site;

    for (size_t j = i * CHUNK_ROWS; j < last; j++)
        SUND_TRY(check_site(c, c->reader[thread], j, c->plane[thread], err));
    rest(c);
    step(c, last - i * CHUNK_ROWS);
    return SUND_OK;
}

static sund_code make_ready(checking *c, unsigned threads, sund_err *err)
{
    const sund_store *s = c->s;
    size_t            n_word = (s->info.n_person + 63) / 64;

    c->group_plane = calloc(s->people.n_group * n_word + 1, sizeof *c->group_plane);
    c->reader = calloc(threads, sizeof *c->reader);
    c->plane = calloc(threads, sizeof *c->plane);
    if (!c->group_plane || !c->reader || !c->plane)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (unsigned t = 0; t < threads; t++) {
        SUND_TRY(sund_store_reader_open(&c->reader[t], s, err));
        sund_store_reader_keep(c->reader[t], 0); /* every site is read once */
        c->plane[t] = calloc(3 * n_word, sizeof **c->plane);
        if (!c->plane[t])
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < s->info.n_person; i++)
        c->group_plane[s->people.group_of[i] * n_word + i / 64] |= 1ULL << (i % 64);
    for (int f = 0; f < N_STORE_FILE; f++)
        c->total += c->m.size[f] + (f == F_GENOTYPES ? c->m.size[f] - HEAD_BYTES : 0);
    c->total += s->info.n_site;
    return SUND_OK;
}

sund_code sund_store_verify(const char *dir, void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx, sund_err *err)
{
    checking  c = { .progress = progress, .ctx = ctx };
    unsigned  threads = sund_pool_threads(0);
    size_t    n_chunk;
    sund_code rc;

    (void) pthread_mutex_init(&c.lock, NULL);
    SUND_GO(sund_store_open(&c.s, dir, err));
    SUND_GO(sund_manifest_read(dir, &c.m, err));
    SUND_GO(make_ready(&c, threads, err));
    n_chunk = chunks(c.s->info.n_site);
    SUND_GO(sund_pool_run(threads, n_chunk + chunks(c.s->n_count), check_chunk, &c, err));
    SUND_GO(sund_pool_run(threads, c.s->n_block, check_block, &c, err));
    SUND_GO(sund_pool_run(threads, N_STORE_FILE, check_file, &c, err));
    rc = sund_pool_run(threads, n_chunk, check_sites, &c, err);
out:
    for (unsigned t = 0; c.plane && t < threads; t++) {
        sund_store_reader_close(c.reader[t]);
        free(c.plane[t]);
    }
    free(c.group_plane);
    free(c.reader);
    free(c.plane);
    sund_store_close(c.s);
    (void) pthread_mutex_destroy(&c.lock);
    return rc;
}
