#ifndef SUND_NODE_CARRIERS_H
#define SUND_NODE_CARRIERS_H

#include "gate/carried.h"
#include "genome/query.h"
#include "node/lookup.h"

/** Whoever takes part in lookups and is in the store: person by person, kept until people.db changes. Zeroed is empty. Owns: sund_roll_free(). */
typedef struct sund_roll {
    bool      ready;
    int64_t   version, top; /**< top: the largest internal number */
    size_t    n;
    int64_t  *id;           /**< internal numbers */
    uint32_t *col;          /**< columns of the store */
} sund_roll;
void sund_roll_free(sund_roll *r);

/** "VARIANT COHORT", and "public VARIANT COHORT" for whoever has not logged in, which is answered of open data alone: how many copies people of a cohort carry, by the rules of
 *  gate/carried.h. counts, query: the answerer's. */
sund_code sund_answer_carriers(sund_roll *r, sund_lookup_seat *seat, sund_db *counts, sund_query *query, const char *rest, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

#endif
