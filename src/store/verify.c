#include "store/store_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct checking {
    sund_store *s;
    manifest    m;
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void    *ctx;
    uint64_t done, total;
} checking;

static void step(checking *c, uint64_t n)
{
    c->done += n;
    if (c->progress)
        c->progress(c->ctx, c->done, c->total);
}

/** Rows come first: what names a place is read from them. */
static sund_code check_chunks(checking *c, sund_err *err)
{
    for (size_t k = 0; k * CHUNK_ROWS < c->s->info.n_site; k++)
        SUND_TRY(sund_store_check_chunk(c->s, k, err));
    return SUND_OK;
}

static sund_code check_blocks(checking *c, sund_err *err)
{
    sund_buf  raw = { 0 };
    sund_code rc = SUND_OK;

    for (size_t b = 0; b < c->s->n_block && rc == SUND_OK; b++) {
        const uint8_t *p;
        size_t         n;

        rc = sund_store_block_open(c->s, b, &raw, &p, &n, err);
        step(c, sund_store_block(c->s, b).n_stored);
    }
    sund_buf_free(&raw);
    return rc;
}

/** BLAKE2b of every file: catches what lies between blocks, and whoever altered digests too. */
static sund_code check_digests(checking *c, sund_err *err)
{
    for (int f = 0; f < N_STORE_FILE; f++) {
        sund_digest d = sund_digest_of(c->s->map[f].p, c->s->map[f].n);

        if (!sund_digest_eq(&d, &c->m.digest[f]))
            return sund_fail(err, SUND_E_FORMAT, "%s/%s: its digest differs from the manifest: the file was altered", c->s->dir, sund_store_file[f]);
        step(c, c->s->map[f].n);
    }
    return SUND_OK;
}

static sund_code check_site(checking *c, sund_store_reader *r, size_t j, uint8_t *code, const sund_variant *before, sund_err *err)
{
    const sund_store *s = c->s;
    sund_site         site;
    sund_gt           g;
    sund_counts       want, got = { 0, 0, 0, 0, 0, 0 };

    sund_store_site(s, j, &site);
    if (j && sund_variant_cmp(before, &site.v) >= 0)
        return sund_fail(err, SUND_E_FORMAT, "%s/sites.bin: %s:%u is out of order", s->dir, sund_contig_name(site.v.contig), site.v.pos_bp + 1);
    SUND_TRY(sund_store_read(r, j, &g, err));
    sund_gt_codes(&g, s->info.n_person, code);
    for (size_t i = 0; i < s->info.n_person; i++) {
        int n = sund_copies_of(site.copies, (sund_sex) s->people.sex[i]);

        if (n == 0)
            continue;
        if (code[i] == SUND_GT_MISSING)
            got.missing++;
        else if (n == 1)
            *(code[i] ? &got.hemi_alt : &got.hemi_ref) += 1;
        else
            *(code[i] == 0 ? &got.hom_ref : code[i] == 1 ? &got.het : &got.hom_alt) += 1;
    }
    sund_store_counts(s, j, -1, -1, &want);
    if (memcmp(&want, &got, sizeof want) != 0)
        return sund_fail(err, SUND_E_FORMAT, "%s/counts.bin: the counts of %s:%u are not those of its genotypes", s->dir, sund_contig_name(site.v.contig), site.v.pos_bp + 1);
    return SUND_OK;
}

static sund_code check_sites(checking *c, sund_err *err)
{
    sund_store_reader *r = NULL;
    uint8_t           *code = malloc(c->s->info.n_person + 1);
    sund_variant       before = { 0 };
    sund_code          rc = code ? sund_store_reader_open(&r, c->s, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t j = 0; j < c->s->info.n_site && rc == SUND_OK; j++) {
        sund_site site;

        rc = check_site(c, r, j, code, &before, err);
        sund_store_site(c->s, j, &site);
        before = site.v;
    }
    sund_store_reader_close(r);
    free(code);
    return rc;
}

sund_code sund_store_verify(const char *dir, void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx, sund_err *err)
{
    checking  c = { .progress = progress, .ctx = ctx };
    sund_code rc;

    SUND_TRY(sund_store_open(&c.s, dir, err));
    SUND_GO(sund_manifest_read(dir, &c.m, err));
    for (int f = 0; f < N_STORE_FILE; f++)
        c.total += c.m.size[f] * (f == F_GENOTYPES ? 2 : 1);
    SUND_GO(check_chunks(&c, err));
    SUND_GO(check_blocks(&c, err));
    SUND_GO(check_digests(&c, err));
    rc = check_sites(&c, err);
out:
    sund_store_close(c.s);
    return rc;
}
