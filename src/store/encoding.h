#ifndef SUND_STORE_ENCODING_H
#define SUND_STORE_ENCODING_H

#include "base/buf.h"
#include "store/store.h"

/** A variant encoding: the seam by which the store learns a new layout for one site's genotypes. One file that fills this struct, one line in
 *  encodings.c, one code that is never reused. A site's row names its encoding by the code. */
typedef struct sund_sorted {   /**< one site's people, sorted out once for all encodings */
    size_t          n_person, n_word;
    uint32_t       *het, *hom_ref, *hom_alt, *missing; /**< ascending person indexes */
    size_t          n_het, n_hom_ref, n_hom_alt, n_missing;
} sund_sorted;

/** Where a decoder puts what it reads; owned by the reader, big enough for any site of the store. */
typedef struct sund_decoded {
    size_t    n_person, n_word;
    uint32_t *het, *hom, *missing;                   /**< n_person each */
    uint64_t *het_plane, *hom_plane, *missing_plane; /**< n_word each */
} sund_decoded;

typedef struct sund_encoding {
    uint8_t     code;
    const char *name;
    bool        packed; /**< its blocks are compressed */
    /** Whether this encoding is for such a site; the first in the table that says yes is taken. */
    bool (*fits)(const sund_sorted *s);
    void (*encode)(const sund_sorted *s, sund_buf *out);
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
