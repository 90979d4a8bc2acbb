#ifndef SUND_GATE_BUDGET_H
#define SUND_GATE_BUDGET_H

#include "base/db.h"
#include "gate/shown.h"

/** How many variants one asker may see counted. Whoever holds a person's genome tells from the released frequencies of M independent variants of N people
 *  whether that person is among them, by a likelihood ratio whose two distributions lie
 *
 *      d' = sqrt(M / N)
 *
 *  standard deviations apart (Homer 2008, Sankararaman 2009). Rule `membership` keeps d' <= 0.36: M <= 0.13 N, where N is the smallest data set that is
 *  shown. Data declared open do not count; what was looked up before is shown again for nothing. */
bool      sund_rule_membership(int64_t n_variant, int64_t n_person); /**< M and N: passes */

sund_code sund_budget_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the table */
/** Notes that the asker is shown counts of this variant, in its one spelling, by these nodes (n of them); or refuses with rule `membership`. */
sund_code sund_budget_spend(sund_db *db, const char *asker, const char *variant, const sund_lookup_counts *c, size_t n, sund_err *err) SUND_MUST_CHECK;
/** The same of all variants in these answers: all of them are noted, or none. */
sund_code sund_budget_answers(sund_db *db, const char *asker, const sund_answers *a, sund_err *err) SUND_MUST_CHECK;

#endif
