#ifndef SUND_STORE_ENCODING_H
#define SUND_STORE_ENCODING_H

#include "store/list.h"
#include "store/store.h"
#include "store/writer.h"

/** One site's people by class, a class being a genotype code: SUND_HOM_REF, SUND_HET, SUND_HOM_ALT, SUND_GT_MISSING. How many there are is
 *  known; who they are is asked for as a list or as a plane, and made from what the producer gave when it is first asked for. */
enum { SUND_HOM_REF, SUND_HET, SUND_HOM_ALT, SUND_N_CLASS = 4 };
typedef struct sund_sorted {
    size_t          n_person, n_word, n[SUND_N_CLASS];
    const uint32_t *list[SUND_N_CLASS];  /**< NULL: not made yet */
    const uint64_t *plane[SUND_N_CLASS];
    uint32_t       *own_list[SUND_N_CLASS], *haplotype; /**< haplotype: room for 2 n_person, for encodings */
    uint64_t       *own_plane[SUND_N_CLASS];
    size_t          n_phased;            /**< hets */
    uint64_t       *bits[2];             /**< of phase: bit i % 64 of word i / 64 for het i of the list: phased, alt|ref (only where phased) */
} sund_sorted;

sund_code sund_sorted_open(sund_sorted *s, size_t n_person, sund_err *err) SUND_MUST_CHECK;
void      sund_sorted_close(sund_sorted *s); /**< safe on a zeroed one */
/** Takes a site; gt must outlive its use; phase may be NULL. SUND_E_ARG when indexes are not ascending below n_person, bits stand behind the last person, or a
 *  person is in two classes. */
sund_code       sund_sorted_set(sund_sorted *s, const sund_gt *gt, const sund_phase *phase, sund_err *err) SUND_MUST_CHECK;
const uint32_t *sund_sorted_list(sund_sorted *s, int k);  /**< n[k] ascending person indexes */
const uint64_t *sund_sorted_plane(sund_sorted *s, int k); /**< n_word words, nothing behind the last person */
/** The same bits as planes of people: which 0 phased, 1 alt|ref. out: n_word words. */
void            sund_sorted_phase_plane(sund_sorted *s, int which, uint64_t *out);

/** How many bits are in both. */
size_t sund_plane_common(const uint64_t *a, const uint64_t *b, size_t n_word);
/** The bits of a plane of few people to their places in a plane of many: bit i to where the i-th bit of mask stands. */
void   sund_plane_spread(const uint64_t *few, const uint64_t *mask, size_t n_word, uint64_t *out);

/** Where a decoder puts what it reads; owned by the reader, big enough for any site of the store. */
typedef struct sund_decoded {
    size_t    n_person, n_word;
    uint32_t *haplotype;                             /**< 2 n_person */
    uint32_t *het, *hom, *missing;                   /**< n_person each */
    uint64_t *het_plane, *hom_plane, *missing_plane; /**< n_word each */
    uint64_t *phased, *alt_first;                    /**< n_word each */
    const uint64_t *none;                            /**< n_word zeros */
    uint8_t         low_bits[256];                   /**< of lists of up to 255 haplotypes, if n_person allows so many */
} sund_decoded;

/** Bytes of a block, unpacked where it is packed, and where in them a site is. */
typedef struct sund_block_view { const uint8_t *p; size_t n, at; } sund_block_view;

enum { SUND_RUN = 512 };

/** A variant encoding: the seam by which the store learns a new layout of genotypes. One file that fills this struct, one line in
 *  encodings.c, one code that is never reused. A block's row names its encoding by the code; all sites of a block have the same. */
typedef struct sund_encoding {
    uint8_t     code;
    const char *name;
    /** A block is closed when it has this many sites or bytes. */
    size_t block_sites, block_bytes;
    /** Whether this encoding is for such a site; the first in the table that says yes is taken. NULL: one that is only read. */
    bool (*fits)(const sund_sorted *s);
    /** Appends a site to an open block. */
    void (*encode)(sund_sorted *s, sund_buf *raw);
    /** An open block of n_site sites to what is stored, and back to what decode reads. Both NULL: stored as encoded, read in place, and a site is
     *  found by its byte; else by its number in the block. n_raw comes from pack and is kept in the block's row. unpack: hostile bytes. */
    sund_code (*pack)(const sund_buf *raw, size_t n_person, size_t n_site, sund_buf *stored, size_t *n_raw, sund_err *err);
    sund_code (*unpack)(const uint8_t *p, size_t n, size_t n_person, size_t n_site, size_t n_raw, sund_buf *out, sund_err *err);
    /** Strict: every index below n_person and ascending. That classes are disjoint is left to verify. */
    bool (*decode)(sund_block_view b, sund_decoded *d, sund_gt *out);
    /** People of each of n_set sets: het, alt and missing are filled, ref is not. NULL: by decode. */
    bool (*count)(sund_block_view b, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out);
    /** The same of n <= SUND_RUN sites of a block that is read in place, at at[i], into out[which[i] n_set + k]; b.at is not used, and ref is filled too. NULL: one by one. */
    bool (*count_run)(sund_block_view b, const uint32_t *at, const uint16_t *which, size_t n, sund_decoded *d, const sund_person_plane *set, size_t n_set, sund_classes *out);
    /** Into d->phased and d->alt_first, both within het; *any is whether some het is phased. */
    bool (*phase)(sund_block_view b, sund_decoded *d, bool *any);
} sund_encoding;

extern const sund_encoding *const sund_encodings[]; /**< ends with NULL */
const sund_encoding              *sund_encoding_by_code(uint32_t code);

/** Person indexes of a plane's bits, ascending; returns how many. */
size_t sund_plane_list(const uint64_t *plane, size_t n_word, uint32_t *list);
/** Sets the bits of list in plane, after clearing all. */
void   sund_list_plane(const uint32_t *list, size_t n, uint64_t *plane, size_t n_word);

#endif
