#ifndef SUND_NODE_TERMS_H
#define SUND_NODE_TERMS_H

#include "gate/shown.h"
#include "home/home.h"

/** The answer to `terms`: by what the people here can be filtered, of whom at least ten take part in lookups and have it (rule cell-min; of open data, anybody). Lines, sorted, their fields
 *  behind tabs, without a number of anybody:
 *
 *      ontology HP 2024-02-08 hp
 *      term HP:0001250 phenotype,observation Seizure        a code that occurs, or is above one that does; its kinds
 *      variable age integer a                               type, unit, and of words those that there are, joined by '|'
 *  Kept, and made again when people.db or ontologies.db changed. Owns: sund_terms_close(), safe on a zeroed one. */
typedef struct sund_terms { sund_buf text; bool ready; int64_t people, ontos; } sund_terms;
void      sund_terms_close(sund_terms *t);
sund_code sund_answer_terms(sund_terms *t, sund_home *h, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

#endif
