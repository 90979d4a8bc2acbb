#ifndef SUND_NODE_ANSWERS_H
#define SUND_NODE_ANSWERS_H

#include "gate/counted.h"
#include "genome/query.h"
#include "node/carriers.h"
#include "node/describe.h"
#include "node/clinical.h"
#include "node/lookup.h"
#include "node/terms.h"

/** What answers questions (gate/shown.h) at a node: its own home, connection of the database and reader of the store. One thread at a time.
 *  Owns: sund_answerer_close(), safe on a zeroed one. */
typedef struct sund_answerer {
    sund_home        home;
    sund_lookup_seat seat;
    sund_db         *counts; /**< counts.db: the memory of how many people were counted (gate/counted.h) */
    sund_query      *query; /**< room for one */
    sund_describing *describing; /**< not its own */
    sund_described_mark mark; /**< whether the hub is to ask for data sets anew */
    sund_terms       terms;
    sund_roll        roll;
    sund_clinical    clinical;
} sund_answerer;
sund_code sund_answerer_open(sund_answerer *a, const char *dir, sund_describing *d, sund_err *err) SUND_MUST_CHECK;
void      sund_answerer_close(sund_answerer *a);
/** The answer by the rules of its verb; what cannot be answered is a refusal that says why. Errors: out of memory only. */
sund_code sund_answer_question(sund_answerer *a, const char *question, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

/** Answers what the hub passes on by one of the node's two lines (hub/questions.h), until *stop. Neither waits for the other, nor studies for them. */
sund_code sund_answers_serve(const char *dir, sund_describing *d, const _Atomic bool *stop, sund_err *err) SUND_MUST_CHECK;
sund_code sund_answers_serve_long(const char *dir, sund_describing *d, const _Atomic bool *stop, sund_err *err) SUND_MUST_CHECK;

#endif
