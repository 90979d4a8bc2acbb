#ifndef SUND_GATE_BUDGET_H
#define SUND_GATE_BUDGET_H

#include "base/db.h"
#include "gate/shown.h"

/** What one asker may be answered about variants of data that are not open, over all questions ever. Whoever holds a person's genome g tells from the frequencies f of variants
 *  of N people whether that person is among them, by a likelihood ratio whose two distributions lie d' standard deviations apart:
 *
 *      d'^2 = sum of (g - 2f)^2 / (2N f (1 - f))
 *
 *    membership     of variants that are chosen without the genome each adds 1/N (Homer 2008, Sankararaman 2009): d' <= 0.36, M = 0.13 N variants of the smallest data set
 *    beacon-budget  of variants that were chosen because the person carries them, each adds 1/AC: half the sum, which is the evidence to be expected, is at most 3, -log of an
 *                   error of 0.05 (the measure of Raisaro 2017 is -log(1 - D), where D is the chance that nobody in the data carries the variant; for counts of ten or more it is
 *                   nothing, and the counts themselves tell more). No person is told apart: the worst is assumed, somebody who carries all that was asked for.
 *
 *  So a variant takes of an asker's budget, which is 1, the larger of 1 / 0.13 N and 1 / (6 AC), AC the minor allele count that is shown; of several countries, as of the dearest. What is hidden or not covered takes
 *  as much as ten alleles do: that they are fewer than ten is told too. Whether a question is refused depends on the number of new variants alone, not on what their answer would be.
 *  What was answered is answered again for nothing.
 *
 *  Whoever has not logged in is shown the sum over three countries or more, and pays for that; all of them are one asker.
 *
 *  The budget is durable before an answer leaves, in lots: an eighth of what is left is put down as spent, which answers then take from memory; which variants they were is written with
 *  sund_budget_flush() or every 64. A process that is killed loses what is left of its lot, and is never too generous.
 *
 *  One process at a time; its threads one at a time, with all that they write to this database. */
typedef struct sund_budget sund_budget;
enum { SUND_BUDGET_MAC = 10 }; /**< alleles of which a hidden variant takes its share */
#define SUND_BUDGET_ALL ((uint64_t) 1 << 40)

/** Shares of SUND_BUDGET_ALL. n_person 0: not known. */
uint64_t  sund_budget_share(int64_t n_person, int64_t mac);

sund_code sund_budget_open(sund_budget **b, sund_db *db, sund_err *err) SUND_MUST_CHECK;
void      sund_budget_close(sund_budget *b); /**< writes what is left; safe on NULL */
sund_code sund_budget_flush(sund_budget *b, sund_err *err) SUND_MUST_CHECK; /**< in one commit */
/** Takes what is shown to this asker, or refuses with rule `membership` or `beacon-budget`, and takes nothing. registered: has logged in, and is shown each country. */
sund_code sund_budget_answers(sund_budget *b, const char *asker, bool registered, const char *question, const sund_answers *a, sund_err *err) SUND_MUST_CHECK;

#endif
