#ifndef SUND_STORE_WRITER_H
#define SUND_STORE_WRITER_H

#include "store/key.h"
#include "store/store.h"

/** Writes a store. Everything goes to DIR.part; sund_store_writer_seal() syncs, writes the manifest and renames to DIR, so
 *  DIR either does not exist or is whole; an existing DIR is never touched (SUND_E_MISMATCH says so) until the rename.
 *
 *  Resumable: opening over a DIR.part made with the same description continues behind the last whole block; `resume_at` then says
 *  behind which variant (n_site rows are already there). A DIR.part of another description is refused with the remedy. */
typedef struct sund_store_writer sund_store_writer;

typedef struct sund_store_plan {
    sund_assembly      assembly;
    size_t             n_person;
    const char *const *person;
    const uint8_t     *sex;        /**< sund_sex */
    const char *const *population; /**< a name for each person; "" is allowed */
    const char        *source;     /**< free text that identifies inputs and filters; part of the description */
    const sund_region *callable;   /**< sorted, non-overlapping; n_callable may be 0 */
    size_t             n_callable;
    bool               has_callable; /**< false: unknown; true with n_callable 0: nothing is callable */
    unsigned           n_thread;     /**< to pack blocks: 0 all processors; any number gives the same bytes */
    const sund_store_key *key;       /**< encrypts everything that is written; NULL: not encrypted */
} sund_store_plan;

/** Phase of a site's hets. Dense genotypes: planes, bits of people who have no het are passed over. Sparse: bit i % 64 of word i / 64 is of het[i].
 *  phased NULL: nothing is phased. alt_first: the het is written alt|ref; counts only where it is phased. */
typedef struct sund_phase { const uint64_t *phased, *alt_first; } sund_phase;

sund_code sund_store_writer_open(sund_store_writer **w, const char *dir, const sund_store_plan *plan, sund_err *err) SUND_MUST_CHECK;
/** The number of rows a resumed writer already holds, and the last of them. */
size_t    sund_store_writer_resume(const sund_store_writer *w, sund_variant *last);
/** Next site, in strictly ascending sund_variant_cmp order. Everyone's genotype as the producer has it at hand, in planes or, where few differ from
 *  `rest`, in lists: the same people give the same bytes either way. Dense needs no n_het, n_hom, n_missing. People with one copy are never het,
 *  people without copies are missing. phase may be NULL.
 *  Cost     by carriers when few, by words of a plane when many. */
sund_code sund_store_writer_add(sund_store_writer *w, const sund_variant *v, sund_kind kind, const sund_gt *gt, const sund_phase *phase,
                                sund_err *err) SUND_MUST_CHECK;
sund_code sund_store_writer_seal(sund_store_writer *w, sund_err *err) SUND_MUST_CHECK;
/** Frees; an unsealed DIR.part stays for resuming. Safe on NULL. */
void      sund_store_writer_close(sund_store_writer *w);

/** For producers with a byte a person. Bits 0-1: 0, 1, 2 or SUND_GT_MISSING. Bit 2: phased. Bit 3: het written alt|ref. plane has room for 5 planes of
 *  (n_person + 63) / 64 words; gt and phase then point into it. False when a code is above 15. */
enum { SUND_GT_PHASED = 4, SUND_GT_ALT_FIRST = 8 };
bool      sund_gt_of_codes(const uint8_t *code, size_t n_person, uint64_t *plane, sund_gt *gt, sund_phase *phase) SUND_MUST_CHECK;

#endif
