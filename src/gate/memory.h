#ifndef SUND_GATE_MEMORY_H
#define SUND_GATE_MEMORY_H

#include "base/crypto.h"
#include "base/db.h"
#include "gate/rules.h"

/** What a node has answered, and about whom: rules that look at one study at a time cannot see that two studies differ by one person. The exact set of people
 *  of every answer is kept here, by the node's own numbers of them, whatever project or data release it was for; it never leaves.
 *
 *    difference  Another definition whose people differ from an earlier answer's by fewer than cell_min: refused, no difference included, for else the refusal
 *                would tell. The same definition whose people changed by 1 to cell_min - 1 since: refused, the earlier answer stands. A set that together
 *                with all earlier ones lets a combination of sums rest on fewer than cell_min people (atoms.h): refused.
 *    one-roster  The same question about the same data to other nodes than before: refused. Two such totals differ by the sums of single nodes.
 *    sketch      Products of genotypes with vectors, over all studies that share people: a tenth of them at most, once there is more than one.
 *
 *  A study is entered as this node says its line, marked as answered before it opens a first total, and taken out if it ends before that. Data declared open are
 *  not entered: they are published. */
typedef struct sund_asking {
    sund_digest     study;
    const char     *definition; /**< who is asked about, in one spelling: cohort, purpose and the variables that somebody lacks */
    const char     *question;   /**< what: analysis and variables, in one spelling */
    const char     *nodes;      /**< "ES,FI,GB" */
    sund_digest     release;    /**< of the own data */
    const uint64_t *set;        /**< bit i: the person of internal number i */
    size_t          n_word;
    int64_t         n_column;   /**< products of genotypes with vectors; 0 for none */
    unsigned        lifted;     /**< rules that two of the committee lifted for this study (dac.h): it is entered all the same */
    const sund_digest *after;   /**< earlier studies that this one goes on from, all of whose leavers have agreed to it: one-roster does not hold against them */
    size_t             n_after;
    const sund_digest *barred;  /**< earlier studies that another node has left without agreeing to that: nobody here lifts one-roster against them */
    size_t             n_barred;
} sund_asking;

enum { SUND_MEMORY_SETS = 1024 }; /**< different sets of people that a node answers about; comparing so many takes seconds */

sund_code sund_memory_open(sund_db *db, sund_err *err) SUND_MUST_CHECK; /**< makes the tables */
/** Enters a study, or refuses it: SUND_E_DENIED with the rule. A study that is there already passes as it is. */
sund_code sund_memory_ask(sund_db *db, const sund_thresholds *t, const sund_asking *a, sund_err *err) SUND_MUST_CHECK;
/** Whether an earlier answer is about people who differ from these by fewer than cell_min. */
sund_code sund_memory_near(sund_db *db, const sund_thresholds *t, const uint64_t *set, size_t n_word, bool *near, sund_err *err) SUND_MUST_CHECK;
/** A total of the study is about to be opened. */
sund_code sund_memory_answered(sund_db *db, const sund_digest *study, sund_err *err) SUND_MUST_CHECK;
/** The study ended: forgotten if nothing was opened. */
sund_code sund_memory_ended(sund_db *db, const sund_digest *study, sund_err *err) SUND_MUST_CHECK;

#endif
