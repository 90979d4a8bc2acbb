#ifndef SUND_GATE_COUNTED_H
#define SUND_GATE_COUNTED_H

#include "gate/memory.h"
#include "gate/shown.h"

/** Numbers of people that pages and the hub's questions are shown, with a memory of their own (memory.h), so that whoever asks them cannot use up that of studies.
 *
 *    of open data   as they are
 *    else           rules cell-min and round-5, and rule `difference` over all that was counted before, whoever asked. A set below cell_min has one answer, "withheld", whatever
 *                   else was asked; a larger one whose definition is another one's and whose people differ by fewer than cell_min from those of an earlier count, or of a small
 *                   set that somebody asked about, has the same answer: which of the two it is does not tell. The same definition is answered by the same number until at
 *                   least cell_min people have changed.
 *  At most 4,096 small sets and 1,024 larger ones; behind that, what was not counted before is withheld. */
sund_code sund_counted_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the tables, in a database of their own */
/** definition: in one spelling. set: bit i is the person of internal number i, n_person of them. */
sund_code sund_counted(sund_db *db, const sund_gate *g, const char *definition, const uint64_t *set, size_t n_word, int64_t n_person, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

#endif
