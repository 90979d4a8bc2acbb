#ifndef SUND_STORE_ENCODING_H
#define SUND_STORE_ENCODING_H

#include "base/buf.h"
#include "store/writer.h"

/** One site's people by class, a class being a genotype code: SUND_HOM_REF, SUND_HET, SUND_HOM_ALT, SUND_GT_MISSING. How many there are is
 *  known; who they are is asked for as a list or as a plane, and made from what the producer gave when it is first asked for. */
enum { SUND_HOM_REF, SUND_HET, SUND_HOM_ALT, SUND_N_CLASS = 4 };
typedef struct sund_sorted {
    size_t          n_person, n_word, n[SUND_N_CLASS];
    const uint32_t *list[SUND_N_CLASS];  /**< NULL: not made yet */
    const uint64_t *plane[SUND_N_CLASS];
    uint32_t       *own_list[SUND_N_CLASS];
    uint64_t       *own_plane[SUND_N_CLASS], *bits[2]; /**< bits: of phase, by het */
} sund_sorted;

sund_code sund_sorted_open(sund_sorted *s, size_t n_person, sund_err *err) SUND_MUST_CHECK;
void      sund_sorted_close(sund_sorted *s); /**< safe on a zeroed one */
/** Takes a site; gt must outlive its use. SUND_E_ARG when indexes are not ascending below n_person, bits stand behind the last person, or a
 *  person is in two classes. */
sund_code       sund_sorted_set(sund_sorted *s, const sund_gt *gt, sund_err *err) SUND_MUST_CHECK;
const uint32_t *sund_sorted_list(sund_sorted *s, int k);  /**< n[k] ascending person indexes */
const uint64_t *sund_sorted_plane(sund_sorted *s, int k); /**< n_word words, nothing behind the last person */
/** Phase, behind the encoding: u8 mode - 0 none, 1 every het, 2 some - then a bit for each het that is written alt|ref, and with 2 before that
 *  a bit for each het that is phased. */
void            sund_sorted_write_phase(sund_sorted *s, const sund_gt *gt, const sund_phase *phase, sund_buf *out);

/** How many bits are in both. */
size_t sund_plane_common(const uint64_t *a, const uint64_t *b, size_t n_word);
/** The bits of a plane of few people to their places in a plane of many: bit i to where the i-th bit of mask stands. */
void   sund_plane_spread(const uint64_t *few, const uint64_t *mask, size_t n_word, uint64_t *out);

/** Where a decoder puts what it reads; owned by the reader, big enough for any site of the store. */
typedef struct sund_decoded {
    size_t    n_person, n_word;
    uint32_t *het, *hom, *missing;                   /**< n_person each */
    uint64_t *het_plane, *hom_plane, *missing_plane; /**< n_word each */
} sund_decoded;

/** A variant encoding: the seam by which the store learns a new layout for one site's genotypes. One file that fills this struct, one line in
 *  encodings.c, one code that is never reused. A site's row names its encoding by the code. */
typedef struct sund_encoding {
    uint8_t     code;
    const char *name;
    bool        packed; /**< its blocks are compressed */
    /** Whether this encoding is for such a site; the first in the table that says yes is taken. */
    bool (*fits)(const sund_sorted *s);
    void (*encode)(sund_sorted *s, sund_buf *out);
    /** Strict: every index below n_person and ascending, classes disjoint is left to verify. */
    sund_code (*decode)(sund_cur *c, sund_decoded *d, sund_gt *out, sund_err *err);
} sund_encoding;

extern const sund_encoding *const sund_encodings[]; /**< ends with NULL */
const sund_encoding              *sund_encoding_by_code(uint8_t code);

/** Ascending indexes as differences in LEB128: what rare sites and missing calls are made of. */
void sund_list_write(const uint32_t *list, size_t n, sund_buf *out);
/** n from the stream, at most max; every index below max. */
bool sund_list_read(sund_cur *c, size_t max, uint32_t *list, size_t *n);

#endif
