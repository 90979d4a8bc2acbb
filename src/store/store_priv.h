#ifndef SUND_STORE_STORE_PRIV_H
#define SUND_STORE_STORE_PRIV_H

#include "base/file.h"
#include "store/arena.h"
#include "store/encoding.h"
#include "store/shadow.h"
#include "store/writer.h"

#include <endian.h>
#include <string.h>

/* The files of a store; doc/format.md has the pictures. Every integer is little-endian.
 *
 *   manifest.txt    description, size and BLAKE2b of every file, and of itself
 *   people.bin      names, sexes, populations          regions.bin  callable regions
 *   sites.bin       a row of 16 bytes a site           alleles.bin  REF and ALT of sites that are not of one base each
 *   counts.bin      het, alt, missing by group of every common site (a group is one sex of one population)
 *   genotypes.bin   blocks                             blocks.bin   a row of 48 bytes a block
 *   sums.bin        XXH3 of every 4096 rows of sites.bin and of counts.bin
 *
 * Version 1 has 32 bytes a site, alleles of all of them, and counts of all of them.
 */
enum { HEAD_BYTES = 16, SITE_BYTES = 16, SITE_BYTES_V1 = 32, BLOCK_BYTES = 48, CHUNK_ROWS = 4096, CHECKPOINT_SITES = 16384, N_STORE_FILE = 8 };
enum { F_PEOPLE, F_REGIONS, F_SITES, F_ALLELES, F_COUNTS, F_GENOTYPES, F_BLOCKS, F_SUMS };
extern const char *const sund_store_file[N_STORE_FILE]; /* names */
extern const char *const sund_store_magic[N_STORE_FILE]; /* 16 bytes each, without NUL; byte 4 is the version's digit */

/* A site's row, as it is in version 2. allele: ALLELES_INLINE | REF << 8 | ALT where both are one byte, else where in alleles.bin (behind its head)
 * u16 n_ref, u16 n_alt and their bytes are. at: a byte of its block, or the number in it where blocks are packed. */
#define ALLELES_INLINE 0x80000000u
typedef struct site_row { uint32_t pos_bp, block, allele, at; uint8_t contig, kind; } site_row;
void     sund_site_row_write(const site_row *r, sund_buf *out);
site_row sund_site_row_read(const uint8_t *p);

/* The same of any version, with its alleles found. */
typedef struct any_row { uint32_t pos_bp, block, at; uint8_t contig, kind; uint16_t n_ref, n_alt; const char *ref, *alt; } any_row;

/* encoding: its code. count_at: the row of counts.bin of its first site, where the encoding is packed. */
typedef struct block_row { uint64_t file_at, sum, count_at; uint32_t first, last, n_raw, n_stored, n_site, encoding; } block_row;
void      sund_block_row_write(const block_row *r, sund_buf *out);
block_row sund_block_row_read(const uint8_t *p);

/* Groups: every sex of every population that has people, in that order. */
typedef struct group { uint16_t population; uint8_t sex; uint32_t n; } group;
typedef struct people_table {
    size_t    n_person, n_population, n_group;
    char    **person, **population_name, *names; /* names: all people's in one piece, as the reader has them; else each its own */
    uint8_t  *sex;
    uint16_t *population, *group_of;
    group    *group;
} people_table;
/** Owns: sund_people_table_free, safe on a zeroed one. */
sund_code sund_people_table_read(people_table *t, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_people_table_groups(people_table *t, sund_err *err) SUND_MUST_CHECK; /* fills group, group_of */
void      sund_people_table_free(people_table *t);
/** Bytes of a count in counts.bin. */
static inline size_t count_width(size_t n_person) { return n_person < 65536 ? 2 : 4; }

struct sund_store {
    char            dir[1024];
    unsigned        version;
    sund_map        map[N_STORE_FILE]; /* of an encrypted store what is inside, see need */
    shadow         *shadow;            /* NULL: not encrypted */
    people_table    people;        /* zeroed until they are read */
    sund_digest     people_digest; /* what the manifest says */
    sund_store_info info;
    size_t          n_block, n_region, n_count; /* rows of blocks.bin, regions, rows of counts.bin */
    size_t          site_bytes, count_bytes;    /* of a row */
    sund_region    *region;
    uint8_t        *touched_block, *touched_chunk[2]; /* 1 once a digest was found right; written by any thread, always the same value */
};

/** Before bytes [from, from + n) of map[f], which lie inside it, are read: sees to it that they are there. */
static inline void sund_store_need(const sund_store *s, int f, uint64_t from, uint64_t n)
{
    if (s->shadow)
        sund_shadow_need(s->shadow, f, from, n);
}

/** Digest of a chunk of CHUNK_ROWS rows of sites (which 0) or counts (1) against sums.bin. */
sund_code sund_store_check_chunk(const sund_store *s, int which, size_t chunk, sund_err *err) SUND_MUST_CHECK;
/** The same once: the first touch. */
sund_code sund_store_touch_first(const sund_store *s, int which, size_t row, sund_err *err) SUND_MUST_CHECK;
static inline sund_code sund_store_touch(const sund_store *s, int which, size_t row, sund_err *err)
{
    return __atomic_load_n(&s->touched_chunk[which][row / CHUNK_ROWS], __ATOMIC_RELAXED) ? SUND_OK : sund_store_touch_first(s, which, row, err);
}
block_row sund_store_block(const sund_store *s, size_t b);
any_row   sund_store_row(const sund_store *s, size_t j);
/** Only where its genotypes are. */
static inline void sund_store_row_place(const sund_store *s, size_t j, uint32_t *block, uint32_t *at)
{
    const uint8_t *p = s->map[F_SITES].p + HEAD_BYTES + j * s->site_bytes;

    sund_store_need(s, F_SITES, HEAD_BYTES + j * s->site_bytes, s->site_bytes);
    memcpy(block, p + (s->version == 1 ? 20 : 4), 4);
    memcpy(at, p + (s->version == 1 ? 24 : 12), 4);
    *block = le32toh(*block);
    *at = le32toh(*at) >> (s->version == 1 ? 0 : 8);
}
/** Contig << 32 | position, by which sites are in order: of a row without its alleles. */
static inline uint64_t sund_store_place(const sund_store *s, size_t j)
{
    const uint8_t *p = s->map[F_SITES].p + HEAD_BYTES + j * s->site_bytes;
    uint32_t       pos_bp;
    unsigned       contig;

    sund_store_need(s, F_SITES, HEAD_BYTES + j * s->site_bytes, s->site_bytes);
    contig = s->version == 1 ? p[4] : p[12] & 31;
    memcpy(&pos_bp, p, 4);
    return (uint64_t) (contig < SUND_N_CONTIG ? contig : 0) << 32 | le32toh(pos_bp);
}
/** The count table's row of a site that is number at of its block, into het, alt, missing of each group. */
uint32_t  sund_store_count_at(const sund_store *s, uint64_t row, size_t k);
/** "DIR/FILE: block B (sites C:FROM-TO)" for messages. */
void      sund_store_block_name(const sund_store *s, size_t b, char out[400]);
/** "...: why", with the block's name. */
sund_code sund_store_block_fail(const sund_store *s, size_t b, const char *why, sund_err *err);
/** Checks that a block is inside the file, of a known encoding and, at the first touch, its digest (of an encrypted one when it is decrypted). */
sund_code sund_store_block_touch(const sund_store *s, const block_row *r, size_t b, sund_err *err) SUND_MUST_CHECK;
/** Its stored bytes: where they lie, or decrypted into r->sealed. */
sund_code sund_store_block_bytes(sund_store_reader *r, const block_row *row, size_t b, const uint8_t **p, sund_err *err) SUND_MUST_CHECK;

/** The same of the block that site j's row names. */
sund_code sund_store_site_fail(const sund_store *s, size_t j, const char *why, sund_err *err);

/* One thread's way into the genotypes. Kept blocks are found by number; when all room is taken one drawn by chance makes way, which unlike the oldest
 * leaves something to find for whoever goes over the whole store again. */
typedef struct kept_block { size_t number; sund_buf bytes; } kept_block;
struct sund_store_reader {
    const sund_store *s;
    sund_decoded      d;
    bool             *in; /* n_group: working room of counts */
    size_t            keep_bytes, kept_bytes, n_kept, cap_kept;
    kept_block       *kept;
    struct { size_t number, end; const sund_encoding *e; sund_block_view view; } now[2]; /* the last block in place, the last unpacked; end: of at */
    uint32_t          chance;
    sund_aead        *aead;   /* of genotypes.bin, where it is encrypted */
    sund_buf          sealed; /* one packed block, decrypted */
    arena             decrypted; /* blocks that are read in place */
};
/** Where site j's genotypes are, with every digest on the way checked. Valid until the next call. */
sund_code sund_store_locate_new(sund_store_reader *r, size_t j, const sund_encoding **e, sund_block_view *v, sund_err *err) SUND_MUST_CHECK;
static inline sund_code sund_store_locate(sund_store_reader *r, size_t j, const sund_encoding **e, sund_block_view *v, sund_err *err)
{
    uint32_t block, at;

    if (j < r->s->info.n_site && __atomic_load_n(&r->s->touched_chunk[0][j / CHUNK_ROWS], __ATOMIC_RELAXED) && !sund_shadow_is_damaged(r->s->shadow)) {
        sund_store_row_place(r->s, j, &block, &at);
        for (int k = 0; k < 2; k++)
            if (r->now[k].number == block && at < r->now[k].end) { /* as nearly always, site after site */
                *e = r->now[k].e;
                *v = r->now[k].view;
                v->at = at;
                return SUND_OK;
            }
    }
    return sund_store_locate_new(r, j, e, v, err);
}

uint64_t  sund_sum64(const void *p, size_t n); /* XXH3 */

/** The manifest's text but its last line, and the parsed form. */
typedef struct manifest { unsigned version; sund_assembly assembly; uint64_t n_person, n_site, n_block, size[N_STORE_FILE]; sund_digest digest[N_STORE_FILE], self; crypt_as crypt; } manifest;
#define sund_manifest_bin "manifest.bin" /* an encrypted store's, whose other files are then encrypted too */
void      sund_manifest_write(const manifest *m, const char *source, sund_buf *out);
/** Its bytes into out, decrypted where it is encrypted; *as says as what, path is its file. */
sund_code sund_manifest_text(const char *dir, crypt_as *as, char path[1100], sund_buf *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_manifest_read(const char *dir, manifest *m, sund_err *err) SUND_MUST_CHECK;

#endif
