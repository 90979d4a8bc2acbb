#ifndef SUND_PEOPLE_TERMS_H
#define SUND_PEOPLE_TERMS_H

#include "people/people.h"
#include "people/record.h"

/** What the people of a purpose can be told apart by: every code that occurs, every term above one in its ontology (of ICD and ATC: the part before the dot), and every variable, each with
 *  how many people have it. Codes first, by their bytes; then variables. */
typedef struct sund_term {
    const char     *code;     /**< or the variable's name */
    const char     *name;     /**< of the term in its ontology; of a variable its unit; "" for none */
    unsigned        kinds;    /**< bit k: it occurs as sund_record_kind k, itself or below it; 0 for a variable */
    const sund_var *var;      /**< NULL for a code */
    int64_t         n_person;
} sund_term;
typedef sund_code sund_each_term(void *ctx, const sund_term *t, sund_err *err);
sund_code sund_people_terms(sund_people *p, const char *purpose, sund_each_term *each, void *ctx, sund_err *err) SUND_MUST_CHECK;

#endif
