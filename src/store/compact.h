#ifndef SUND_STORE_COMPACT_H
#define SUND_STORE_COMPACT_H

#include "store/store.h"

/** A store without some of its people: everyone else's genotypes and phase, every count over them, are the same as before.
 *
 *  A site that nobody else carries is left out where that changes no answer: nobody else's genotype is missing there, and callable regions say that all are
 *  hom-ref. Else it stays, as a site that nobody carries. */
typedef struct sund_compact_report { size_t n_person, n_site, n_left_out; } sund_compact_report; /**< of the new store; sites left out */
typedef void (*sund_compact_progress)(void *ctx, const char *what, size_t done, size_t total);

/** Writes `to` (as sund_store_writer does: sealed or not there; one that was begun goes on). gone: a flag for each column of `from`. Somebody must stay.
 *  Errors: SUND_E_MISMATCH when `to` is there, or was begun without other people. */
sund_code sund_store_compact(const char *from, const char *to, const bool *gone, unsigned n_thread, sund_compact_progress progress, void *ctx, sund_compact_report *out,
                             sund_err *err) SUND_MUST_CHECK;
/** Reads both from end to end and holds them against each other: people, sexes, populations, every site, every genotype of those who stay. Every digest
 *  of `to` is checked. Errors: SUND_E_MISMATCH naming the site. */
sund_code sund_store_compacted(const char *from, const char *to, const bool *gone, sund_compact_progress progress, void *ctx, sund_compact_report *out,
                               sund_err *err) SUND_MUST_CHECK;
/** Whether `to` is a sealed store of exactly the people of `from` who stay. */
bool      sund_store_is_compacted(const char *from, const char *to, const bool *gone);

#endif
