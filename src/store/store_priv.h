#ifndef SUND_STORE_STORE_PRIV_H
#define SUND_STORE_STORE_PRIV_H

#include "base/file.h"
#include "store/encoding.h"
#include "store/writer.h"

/* The files of a store; doc/format.md has the pictures. Every integer is little-endian.
 *
 *   manifest.txt    description, size and BLAKE2b of every file, and of itself
 *   people.bin      names, sexes, populations          regions.bin  callable regions
 *   sites.bin       a row of 32 bytes a site           alleles.bin  REF and ALT bytes
 *   counts.bin      het, alt, missing by group and site (a group is one sex of one population)
 *   genotypes.bin   blocks                             blocks.bin   a row of 48 bytes a block
 *   sums.bin        XXH3 of every 4096 rows of sites.bin and counts.bin
 */
enum { HEAD_BYTES = 16, SITE_BYTES = 32, BLOCK_BYTES = 48, CHUNK_ROWS = 4096, CHECKPOINT_SITES = 16384, N_STORE_FILE = 8 };
enum { F_PEOPLE, F_REGIONS, F_SITES, F_ALLELES, F_COUNTS, F_GENOTYPES, F_BLOCKS, F_SUMS };
extern const char *const sund_store_file[N_STORE_FILE]; /* names */
extern const char *const sund_store_magic[N_STORE_FILE]; /* 16 bytes each, without NUL */

typedef struct site_row { uint32_t pos_bp; uint8_t contig, kind, encoding, flags; uint64_t allele_at; uint16_t n_ref, n_alt; uint32_t block, at, n; } site_row;
typedef struct block_row { uint64_t file_at, sum, first, last; uint32_t n_raw, n_stored, n_site; uint8_t packed; } block_row;

void      sund_site_row_write(const site_row *r, sund_buf *out);
site_row  sund_site_row_read(const uint8_t *p);
void      sund_block_row_write(const block_row *r, sund_buf *out);
block_row sund_block_row_read(const uint8_t *p);

/* Groups: every sex of every population that has people, in that order. */
typedef struct group { uint16_t population; uint8_t sex; uint32_t n; } group;
typedef struct people_table {
    size_t    n_person, n_population, n_group;
    char    **person, **population_name;
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
    sund_map        map[N_STORE_FILE];
    people_table    people;
    sund_store_info info;
    size_t          n_block, n_region;
    sund_region    *region;
    uint8_t        *touched_block, *touched_chunk; /* 1 once a digest was found right; written by any thread, always the same value */
};

/** Digest of a chunk of CHUNK_ROWS rows (sites, then counts) against sums.bin. */
sund_code sund_store_check_chunk(const sund_store *s, size_t chunk, sund_err *err) SUND_MUST_CHECK;
block_row sund_store_block(const sund_store *s, size_t b);
site_row  sund_store_row(const sund_store *s, size_t j);
/** "DIR/FILE: block B (sites C:FROM-TO)" for messages. */
void      sund_store_block_name(const sund_store *s, size_t b, char out[400]);
/** Checks a block's digest, and unpacks it into raw where it is packed; *p, *n are its raw bytes. */
sund_code sund_store_block_open(const sund_store *s, size_t b, sund_buf *raw, const uint8_t **p, size_t *n, sund_err *err) SUND_MUST_CHECK;

uint64_t  sund_sum64(const void *p, size_t n); /* XXH3 */

/** The manifest's text but its last line, and the parsed form. */
typedef struct manifest { sund_assembly assembly; uint64_t n_person, n_site, n_block, size[N_STORE_FILE]; sund_digest digest[N_STORE_FILE], self; } manifest;
void      sund_manifest_write(const manifest *m, const char *source, sund_buf *out);
sund_code sund_manifest_read(const char *dir, manifest *m, sund_err *err) SUND_MUST_CHECK;

#endif
