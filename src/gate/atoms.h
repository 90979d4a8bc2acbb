#ifndef SUND_GATE_ATOMS_H
#define SUND_GATE_ATOMS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What sums over several sets of people tell about few. People who are in the very same sets are an *atom*: no combination of the sets' sums tells them
 *  apart. A combination of sums, any real weights, is a sum in which each atom has one weight; it isolates when all people of weight other than 0 are
 *  fewer than cell_min.
 *
 *      sets as rows, atoms as columns: A of 0 and 1.  Atoms by size, largest first; B the first independent columns; M B = I.
 *      Row i of M A is the only combination in which atom i of B has weight 1 and the others of B none.
 *
 *  An atom that is not in B is a combination of larger ones and cannot stand alone. So a single atom is isolated exactly when its row of M A has no other
 *  entry: that is found always. Of unions of atoms those are found that a row of M A shows, and the differences of two sets (sund_sets_apart).
 *  Computed modulo 2^61 - 1.
 *
 *  Source  Ayoz et al. (2021), on linear reconstruction from query answers; row reduction as in any book of linear algebra. */

/** set: n_set of them, n_word words each, independent of each other (sund_sets_independent). *isolates: some combination rests on 1 to cell_min - 1 people.
 *  Time n_set^3 + n_set x people / 64. Errors: SUND_E_NOMEM. */
sund_code sund_sets_isolate(const uint64_t *const *set, size_t n_set, size_t n_word, uint32_t cell_min, bool *isolates, sund_err *err) SUND_MUST_CHECK;
/** Whether set `extra` is not a combination of the others, which are independent of each other. Errors: SUND_E_NOMEM. */
sund_code sund_sets_independent(const uint64_t *const *set, size_t n_set, const uint64_t *extra, size_t n_word, bool *independent, sund_err *err) SUND_MUST_CHECK;
/** People who are in one of two sets and not in the other. Words behind a set's own are 0. */
size_t    sund_sets_apart(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b);

#endif
