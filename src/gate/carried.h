#ifndef SUND_GATE_CARRIED_H
#define SUND_GATE_CARRIED_H

#include "gate/counted.h"

/** How many copies of a variant a group of people carries, which somebody has chosen by what is known of them.
 *
 *    of open data   counts as they are, and so how many people
 *    else           how many people the group has (sund_counted, in the memory of counts), and how many copies they carry, rounded to 5: never how many carriers, which beside
 *                   the exact AC of lookups would tell how many are homozygous, be it two or nine. Shown when `margins` would show it (minor allele count of everybody and of
 *                   the group at least 10) and rule `difference` allows it: carriers of this variant in the group differ by at least cell_min people from those in each group
 *                   that was asked about for it, small ones included, and from those of whom lookups give exact counts: everybody, and each sex. The same group is told the
 *                   same number until at least cell_min carriers have changed. All else is below-10, and not-covered where a variant that nobody carries is. */
typedef struct sund_bearers { const char *definition; const uint64_t *set; int64_t ac, an; } sund_bearers; /**< set: those of the group who carry it */
typedef struct sund_carried {
    const char        *name;      /**< of variant and group, in one spelling */
    sund_lookup_counts counts;    /**< of the group, exact; an_covered: 1 in the callable regions, 0 outside, -1 where they are not known */
    const char        *group;     /**< definition: who of the cohort has genotypes */
    const uint64_t    *people;    /**< the group */
    int64_t            n_person;
    size_t             n_bearers, n_word;
    const sund_bearers *bearers;  /**< everybody; each sex; last, the group */
} sund_carried;

/** folder: of the memories, one for each variant (its own file), so that one cannot use up another's. At most SUND_CARRIED_VARIANTS; behind that, below-10. counts: as for sund_counted().
 *  variant: its name. */
enum { SUND_CARRIED_VARIANTS = 4096 };
sund_code sund_carried_shown(const char *folder, sund_db *counts, const sund_gate *g, const char *variant, const sund_carried *c, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

#endif
