#ifndef SUND_HUB_QUESTIONS_H
#define SUND_HUB_QUESTIONS_H

#include "gate/shown.h"
#include "secagg/roster.h"

#include <pthread.h>

/** Questions under way: each is put to all nodes at once and waits for the last answer or its deadline. A node that has not been heard for SUND_AWAY_S is not
 *  waited for; it hears the question all the same when it comes. One lock, one condition.
 *
 *  A node has two lines, which poll by themselves: SUND_LINE_LONG for what may take it long - regions of more than 10,000 bases, and all but variants and interpretations -, so that no lookup waits
 *  behind a count of people. A node that has never polled by the long one hears everything by the other. */
enum { SUND_QUESTIONS_MAX = 256, SUND_AWAY_S = 8 };
typedef enum sund_question_line { SUND_LINE_QUICK, SUND_LINE_LONG, SUND_N_LINE } sund_question_line;

typedef struct sund_ticket {
    uint64_t    number; /**< 0: free */
    int         only;   /**< index of the one node that is asked; -1: all */
    bool        slow;   /**< for the long line */
    char       *text;
    double      asked_s;
    bool        asked[SUND_NODE_MAX], away[SUND_NODE_MAX];
    int64_t     ms[SUND_NODE_MAX];
    sund_shown *shown[SUND_NODE_MAX];
} sund_ticket;

typedef struct sund_questions {
    pthread_mutex_t    lock;
    pthread_cond_t     changed;
    uint64_t           last;
    size_t             n_node;
    const sund_roster *roster;
    bool               stopping;
    uint64_t           turn[SUND_N_LINE][SUND_NODE_MAX]; /**< of a node's polls: one that waits ends when the node polls anew, for it may wait on a line that is dead */
    uint64_t           mark[SUND_NODE_MAX]; /**< of a node's description of its data sets, as it last said; 0: not said */
    double             seen_s[SUND_N_LINE][SUND_NODE_MAX]; /**< when a node's line was last heard, on the monotonic clock; of the long one 0: never */
    sund_ticket        ticket[SUND_QUESTIONS_MAX];
} sund_questions;

sund_code sund_questions_init(sund_questions *q, const sund_roster *r, sund_err *err) SUND_MUST_CHECK;
void      sund_questions_free(sund_questions *q);
void      sund_questions_stop(sund_questions *q);
/** Asks all nodes and waits, wait_ms at most. Variants of a region are asked for twice, within that time - the first question has four fifths of it -, for their names and then by name, at most SUND_QUERY_NAMES of them (sund_shown_has_more() when there are more): so a
 *  node that lacks one, or may not tell of it, says so, and rule `margins` over countries sees it. out is replaced. Errors: SUND_E_NOMEM when too many are under way, SUND_E_ARG
 *  for a text that is no question. */
sund_code sund_questions_ask(sund_questions *q, const char *question, unsigned wait_ms, sund_answers *out, sund_err *err) SUND_MUST_CHECK;
/** Asks one node of the roster; its answer is out's only row. Errors: as above. */
sund_code sund_questions_ask_one(sund_questions *q, const char *node, const char *question, unsigned wait_ms, sund_answers *out, sund_err *err) SUND_MUST_CHECK;
/** What a node has not answered: u64 ticket, str question each; waits up to wait_s for something. What an earlier poll of this line took and nobody answered is asked again.
 *  mark: what the node says by it of its description of data sets, another number when that changed; 0: nothing; of the long line it is not looked at. */
void      sund_questions_poll(sund_questions *q, const char *node, sund_question_line line, unsigned wait_s, uint64_t mark, sund_buf *out);
/** The marks of all nodes, in the roster's order. */
void      sund_questions_marks(sund_questions *q, uint64_t out[SUND_NODE_MAX]);
/** "GB has not been heard for 14 s" for the nodes among names (",ES,GB,") that ought to have polled since; "" when all are there. */
void      sund_questions_silent(sund_questions *q, const char *names, char *out, size_t cap);
sund_code sund_questions_answer(sund_questions *q, const char *node, sund_cur body, sund_err *err) SUND_MUST_CHECK;

#endif
