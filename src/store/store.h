#ifndef SUND_STORE_STORE_H
#define SUND_STORE_STORE_H

#include "base/crypto.h"
#include "genome/variant.h"

/** A sealed genotype store: one folder, immutable, described in doc/format.md.
 *
 *  People are columns 0..n_person-1, sites are rows 0..n_site-1 in sund_variant_cmp order.
 *  Threads: an open store is read-only and safe from any thread; each thread has its own sund_store_reader.
 *  Errors: SUND_E_FORMAT naming file, block and site range for damaged bytes. Never crashes on hostile bytes. */
typedef struct sund_store        sund_store;
typedef struct sund_store_reader sund_store_reader;

typedef struct sund_store_info {
    sund_assembly      assembly;
    size_t             n_person, n_site, n_population;
    const char *const *person;      /**< n_person sample names */
    const uint8_t     *sex;         /**< n_person, sund_sex */
    const uint16_t    *population;  /**< n_person, index */
    const char *const *population_name;
    bool               has_callable; /**< callable regions were given at import */
    sund_digest        manifest;    /**< BLAKE2b of the manifest: the identity of this release, encrypted or not */
    char               key[17];     /**< name of the key that it is encrypted with; "": it is not */
} sund_store_info;

/** Opens and checks header, manifest and index (not every block: that is sund_store_verify).
 *  Owns: sund_store_close(), safe on NULL. */
sund_code sund_store_open(sund_store **s, const char *dir, sund_err *err) SUND_MUST_CHECK;
void      sund_store_close(sund_store *s);
/** The same without reading and checking who the people are, which is most of the time that opening takes: until sund_store_people() has, the description has of people only their number, and
 *  sund_store_counts() and the like, which need groups, fail. */
sund_code sund_store_open_sites(sund_store **s, const char *dir, sund_err *err) SUND_MUST_CHECK;
/** Reads and checks them, if that was not done; before other threads use the store. */
sund_code sund_store_people(sund_store *s, sund_err *err) SUND_MUST_CHECK;
/** SUND_OK, unless something of an encrypted store that was looked at could not be decrypted: an error naming file and place. From then on sund_store_find() says row 0 of whatever
 *  is asked for and every read fails, so that nothing is taken for absent; whoever only walks over rows asks this at the end. */
sund_code sund_store_sound(const sund_store *s, sund_err *err) SUND_MUST_CHECK;
/** Whether the store in a folder is encrypted. Then sund_store_open() needs its key among those of the process (store/key.h). */
bool      sund_store_encrypted(const char *dir);
const sund_store_info *sund_store_describe(const sund_store *s);

/** Column of each of n people by name, UINT32_MAX where the store has no such person. name: n strings of 64 bytes. */
sund_code sund_store_columns(const sund_store *s, const char (*name)[64], size_t n, uint32_t *col, sund_err *err) SUND_MUST_CHECK;

typedef struct sund_site {
    sund_variant v; /**< alleles live as long as the store */
    sund_kind    kind;
    sund_copies  copies;
} sund_site;
void sund_store_site(const sund_store *s, size_t j, sund_site *out);
/** Row of a (normalised) variant. False when the store lacks it. */
bool sund_store_find(const sund_store *s, const sund_variant *v, size_t *j);
/** The first row at or behind a position (0-based); n_site when there is none. */
size_t sund_store_from(const sund_store *s, int contig, uint32_t pos_bp);
/** Whether all of [pos, pos + n) lies in the callable regions; without regions every position within a record's reach is
 *  unknown, and the answer is false. */
bool sund_store_callable(const sund_store *s, int contig, uint32_t pos_bp, uint32_t n_bp);

/** People by genotype at one site. Diploid: hom_ref, het, hom_alt; one copy: hemi_ref, hemi_alt; no copies: nowhere.
 *      AC = het + 2 hom_alt + hemi_alt,  AN = 2 (hom_ref + het + hom_alt) + hemi_ref + hemi_alt  */
typedef struct sund_counts { uint32_t hom_ref, het, hom_alt, hemi_ref, hemi_alt, missing; } sund_counts;
/** Counts of one population (index, or -1 for all) and sex (sund_sex, or -1 for all). Common sites have theirs in a table, those of rare ones
 *  are their few carriers, each put into its group: no more than some tens of people are looked at, and no block is unpacked. */
sund_code sund_store_counts(sund_store_reader *r, size_t j, int population, int sex, sund_counts *out, sund_err *err) SUND_MUST_CHECK;
/** Whether site j is one of those with a row in the table. */
bool      sund_store_tabled(const sund_store *s, size_t j);

/** Genotypes of one site in the form they are kept in.
 *
 *  sparse: `rest` (0 hom-ref or 2 hom-alt) for everyone but the listed people: het, hom (the other homozygote) and
 *          missing, ascending person indexes.
 *  dense:  bit planes of (n_person + 63) / 64 words; a person is in het, hom (hom-alt), missing or none (hom-ref).
 *  One-copy genotypes count as homozygous. People without copies are missing.
 *  Pointers stay valid until the reader's next read. */
typedef struct sund_gt {
    bool            sparse;
    uint8_t         rest;
    size_t          n_het, n_hom, n_missing; /**< list lengths; for dense, popcounts */
    const uint32_t *het, *hom, *missing;     /**< sparse */
    const uint64_t *het_plane, *hom_plane, *missing_plane; /**< dense */
} sund_gt;

sund_code sund_store_reader_open(sund_store_reader **r, const sund_store *s, sund_err *err) SUND_MUST_CHECK;
void      sund_store_reader_close(sund_store_reader *r);
/** Blocks of common sites are kept unpacked, up to so many bytes (64 MiB unless said), so that sites which are asked for again cost no
 *  unpacking; one block is kept in any case. Setting it lets go of those that are kept. */
void      sund_store_reader_keep(sund_store_reader *r, size_t n_byte);
/** Reads site j; checks its block's digest the first time the block is touched. */
sund_code sund_store_read(sund_store_reader *r, size_t j, sund_gt *out, sund_err *err) SUND_MUST_CHECK;

/** People of a set by genotype at one site. */
typedef struct sund_classes { int64_t ref, het, alt, missing; } sund_classes;
/** A set of people, made ready once: a plane of (n_person + 63) / 64 words that lives as long, and how many bits it has. */
typedef struct sund_person_plane { const uint64_t *plane; uint64_t n; } sund_person_plane;
sund_person_plane sund_person_plane_of(const uint64_t *plane, size_t n_word);
/** People of a set at a site that was read. */
void sund_gt_count(const sund_gt *g, sund_person_plane set, size_t n_word, sund_classes *out);
/** out[k]: people of set[k] at site j, without making lists or planes of all people: bits of the set are looked up while carriers are decoded, or
 *  counted against the planes of a kept block. The quick way wherever counts are all that is wanted. */
sund_code sund_store_count(sund_store_reader *r, size_t j, const sund_person_plane *set, size_t n_set, sund_classes *out, sund_err *err) SUND_MUST_CHECK;

/** The same of rows [first, first + n): out[i n_set + k]. Several times quicker where sites are rare: they are counted together by how many carriers they have. */
sund_code sund_store_count_rows(sund_store_reader *r, size_t first, size_t n, const sund_person_plane *set, size_t n_set, sund_classes *out, sund_err *err) SUND_MUST_CHECK;

/** n_person codes 0, 1, 2, SUND_GT_MISSING from a sund_gt. */
enum { SUND_GT_MISSING = 3 };
void      sund_gt_codes(const sund_gt *g, size_t n_person, uint8_t *code);
/** Phase of site j, if kept: a plane with a bit for each person whose het is alt|ref, and one for each phased het. False when none. */
sund_code sund_store_phase(sund_store_reader *r, size_t j, const uint64_t **phased, const uint64_t **alt_first, bool *any, sund_err *err) SUND_MUST_CHECK;

/** Reads every byte and checks every digest, and that counts agree with genotypes. Errors: SUND_E_FORMAT, message "FILE: block B (sites
 *  CONTIG:FROM-TO): ...". progress may be NULL; called with bytes done and total. */
sund_code sund_store_verify(const char *dir, void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
