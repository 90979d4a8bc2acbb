#ifndef SUND_GATE_CELLS_H
#define SUND_GATE_CELLS_H

#include "gate/rules.h"

/** Rule `round-5`: a released count of people, rounded to the nearest multiple of 5 (open data: as it is). */
int64_t sund_rule_round5(const sund_thresholds *t, int64_t n_person);

/** Rule `midpoint-6`: a count as the middle of its six, ceil(n/6) 6 - 3 (0 stays 0; open data: as it is). */
int64_t sund_rule_midpoint6(const sund_thresholds *t, int64_t n_person);

/** Rule `complement`: which cells of a table are hidden: those below cell_min, and others so that in every row and every column nobody or at least
 *  two are hidden, which together hold cell_min people or more. Smallest first, then by place, until nothing changes.
 *
 *  Shapes  n: rows x cols people, row by row, with the totals that will be shown as a last row and a last column. hidden: the same.
 *  Source  ACRO; Hundepool et al., Statistical Disclosure Control (2012), ch. 4 */
void sund_rule_complement(const sund_thresholds *t, const int64_t *n, size_t rows, size_t cols, bool *hidden);

#endif
