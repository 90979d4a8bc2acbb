#ifndef SUND_GATE_SHOWN_H
#define SUND_GATE_SHOWN_H

#include "gate/leave.h"

/** Questions, and what a node shows.
 *
 *  A question is one line of text, its verb first; whoever asks - the hub for somebody, or a client of the node's own pages - it is the same text:
 *
 *      variants 20-1000226-A-T,3-45823240-T-C      variants 20:1000000-1000500 [type=SNP] [alt=T] ...
 *      people sex = F and has ICD10:E10            datasets [32]       terms
 *      public sex = F                              the same for whoever has not logged in: nodes answer of open data alone
 *      carriers 20-1000226-A-T has ICD10:E11           carriers public 20-1000226-A-T all      (carried.h)
 *      interpretations 17-43045712-T-C             match {"patient": ...}
 *
 *  What is shown is an opaque value that only the functions here make, each by the rules of its verb: the only thing that a page prints or that goes back to
 *  the hub. Owns: sund_shown_free(), safe on NULL. */
typedef enum sund_verb { SUND_ASK_NONE, SUND_ASK_VARIANTS, SUND_ASK_PEOPLE, SUND_ASK_TERMS, SUND_ASK_DATASETS, SUND_ASK_INTERPRETATIONS, SUND_ASK_MATCH, SUND_ASK_PUBLIC, SUND_ASK_CARRIERS, SUND_N_VERB } sund_verb;
const char *sund_verb_name(sund_verb v);
/** The verb of a question, *rest behind its blank ("" when there is none). SUND_ASK_NONE for anything else. */
sund_verb   sund_question_verb(const char *question, const char **rest);
enum { SUND_QUESTION_MAX = 32 << 10, SUND_SHOWN_MAX = 1 << 20, SUND_SHOWN_ROWS = 1000, SUND_SHOWN_NAME_MAX = 2300, SUND_WHY_MAX = 240 };

typedef struct sund_shown sund_shown;
void sund_shown_free(sund_shown *s);

/** Not answered, and why: one line for people, without a value. */
sund_code sund_shown_refused(sund_verb verb, const char *why, sund_shown **out, sund_err *err) SUND_MUST_CHECK;
/** Counts of variants among so many people, to be filled by sund_shown_add(). The number goes along by the rules of all numbers of people: what an answer costs an asker
 *  (budget.h) must not depend on what is hidden in it. */
sund_code sund_shown_variants(const sund_gate *g, int64_t n_person, sund_shown **out, sund_err *err) SUND_MUST_CHECK;
/** Rule `margins` (sund_margins_node) over own counts of one variant, in its one spelling. named: it was asked for by name, and what is hidden says so; else
 *  a row that is hidden is not there, for that a region has a rare variant tells of its carrier. Errors: SUND_E_LIMIT behind SUND_SHOWN_ROWS rows. */
sund_code sund_shown_add(sund_shown *s, const char *variant, const sund_lookup_counts *own, bool named, sund_err *err) SUND_MUST_CHECK;
/** There are more rows than were added. */
void      sund_shown_more(sund_shown *s);
/** The assembly that places are on here: 37, 38, or 0 where there are none. What is on two is not added up. */
void      sund_shown_place_on(sund_shown *s, unsigned assembly);
/** So many people: rules `cell-min` (0..9 are one value) and `round-5`; of open data as they are. */
sund_code sund_shown_people(const sund_gate *g, sund_verb verb, int64_t n_person, sund_shown **out, sund_err *err) SUND_MUST_CHECK;
/** A number of people by the same rules, for texts: -1 when it is below the least cell, else rounded to 5; of open data as it is. */
int64_t   sund_shown_number(const sund_thresholds *t, int64_t n_person);
/** Text that holds public facts, what somebody shared for this reach, and numbers that sund_shown_number() gave. */
sund_code sund_shown_text(const sund_gate *g, sund_verb verb, const void *p, size_t n, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

/** What it says. */
sund_verb   sund_shown_verb(const sund_shown *s);
bool        sund_shown_answered(const sund_shown *s);
const char *sund_shown_why(const sund_shown *s);    /**< "" when answered */
bool        sund_shown_open(const sund_shown *s);   /**< of data declared open */
bool        sund_shown_has_more(const sund_shown *s);
unsigned    sund_shown_assembly(const sund_shown *s); /**< 37, 38 or 0 */
size_t      sund_shown_n(const sund_shown *s);      /**< rows of counts */
const char *sund_shown_variant(const sund_shown *s, size_t i);
const sund_lookup_counts *sund_shown_counts(const sund_shown *s, size_t i);
int64_t     sund_shown_count(const sund_shown *s);  /**< of people; -1: withheld, for it is below the least cell or too near to another count. Of whom variants or carriers are counted in: 0 where that is withheld */
sund_cur    sund_shown_bytes(const sund_shown *s);  /**< of a text */

/** As bytes: u8 verb, u8 answered, u8 open, u8 more, u8 assembly, str why; then u32 rows (str variant, u8 status, u8 sexes, three times AC, AN, homozygotes, hemizygotes),
 *  u64 people, blob text. */
void      sund_shown_write(const sund_shown *s, sund_buf *out);
sund_code sund_shown_read(sund_cur *c, sund_shown **out, sund_err *err) SUND_MUST_CHECK;
/** The answer of a node to the hub: kind ANSWER, u64 ticket and the bytes. In the ledger before it returns. */
sund_code sund_leave_answer(sund_gate *g, const sund_envelope *head, uint64_t ticket, const sund_shown *s, sund_leave **out, sund_err *err) SUND_MUST_CHECK;

/** All nodes' answers to one question. shown NULL: none in time. Owns: sund_answers_free(). */
typedef struct sund_answer { char node[SUND_ID_MAX + 1]; sund_shown *shown; int64_t ms; } sund_answer; /**< ms: after so long; -1: the node was away and not waited for */
typedef struct sund_answers { size_t n; sund_answer row[SUND_NODE_MAX]; } sund_answers;
void      sund_answers_free(sund_answers *a);
/** The variants of all answers, each once: those that come early in some answer first. a must outlive it. Owns: sund_answers_table_free(), safe on a zeroed one.
 *  Cost: sorting all rows once; whoever looks at many variants looks them up here. */
typedef struct sund_answers_table { const sund_answers *a; size_t n; const char **name; uint32_t *at; } sund_answers_table; /**< at[v * a->n + i]: row of variant v at node i */
sund_code          sund_answers_tabled(const sund_answers *a, sund_answers_table *t, sund_err *err) SUND_MUST_CHECK;
void               sund_answers_table_free(sund_answers_table *t);
sund_lookup_counts sund_table_counts(const sund_answers_table *t, size_t v, size_t i);                     /**< as sund_answers_counts() */
bool               sund_table_total(const sund_answers_table *t, size_t v, sund_lookup_cells *all);        /**< as sund_answers_total() */
/** Rule `margins` over countries (sund_margins_countries), for each variant. All of them must have been asked for by name: else a hidden row is not there to be seen. */
sund_code sund_answers_margins(const sund_thresholds *t, sund_answers *a, sund_err *err) SUND_MUST_CHECK;
/** Places of one name on two assemblies are two places, and numbers of theirs are not for one table: answers on both are each made a refusal that says how to ask. (A question that says its assembly is refused by
 *  the nodes whose data are on the other.) */
sund_code sund_answers_one_assembly(sund_answers *a, sund_err *err) SUND_MUST_CHECK;
/** Which assembly all who answered say that their data are on: 37, 38; 0 where nobody answered, one does not say it, or two differ. */
unsigned  sund_answers_assembly(const sund_answers *a);
void      sund_answers_write(const sund_answers *a, sund_buf *out);
sund_code sund_answers_read(sund_cur body, sund_answers *a, sund_err *err) SUND_MUST_CHECK;
/** Counts of one variant at node i: status timeout or refused where it did not answer, not-covered where a region's answer lacks it. */
sund_lookup_counts sund_answers_counts(const sund_answers *a, size_t i, const char *variant);
/** AC, AN, homozygotes, hemizygotes of all nodes together: false unless every node that has not said not-covered is counted. hom, hemi -1 when one of them is hidden. */
bool      sund_answers_total(const sund_answers *a, const char *variant, sund_lookup_cells *all);

#endif
