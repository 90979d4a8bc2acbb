#ifndef SUND_PEOPLE_COHORT_H
#define SUND_PEOPLE_COHORT_H

#include "base/buf.h"

/** A cohort definition: a strict little language, at most 4096 bytes, depth 32, 256 terms.
 *
 *      expr  = and { "or" and } ;  and = not { "and" not } ;  not = "not" not | "(" expr ")" | term
 *      term  = variable ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value | variable "in" "(" value { "," value } ")"
 *            | "has" [ "exactly" ] [ KIND ] CODE [ "onset" OP years ] | "has" "any" KIND [ "onset" OP years ] | "known" variable | "withdrawn" | "all"
 *  e.g.  sex = F and age >= 40 and has ICD10:E11 and not withdrawn
 *  `has HP:0001250` takes who has a record of the term, one of its alternate ids, or a term below it, where the node has an ontology of the prefix; `has ICD10:E11` also without one takes E11
 *  and every code below it (E11.9, and E119 as some write it; ICD and ATC only). `exactly` takes nothing below. What is recorded as excluded is never had. KIND is disease, phenotype,
 *  ethnicity, origin, procedure, exposure, treatment, measure, observation or gene; `onset < 40` takes only records with an age at onset, in completed years. sex, country, population, born and the dictionary's
 *  variables may be used; `known bmi` takes who has a value of a variable of the dictionary. No regular expressions, no arithmetic. Errors name the column and what was expected.
 *  Owns: sund_cohort_free(), safe on NULL. */
typedef struct sund_cohort sund_cohort;
sund_code sund_cohort_parse(sund_cohort **c, const char *text, sund_err *err) SUND_MUST_CHECK;
void      sund_cohort_free(sund_cohort *c);
/** Canonical text: same meaning written differently (spaces, parentheses, order of and/or operands) prints the same. */
void      sund_cohort_print(const sund_cohort *c, sund_buf *out);
/** Whether every member of it has a value of the variable, by its words alone: it is a comparison, a list or `known` of it, or an `and` of such with others. */
bool      sund_cohort_knows(const sund_cohort *c, const char *variable);

#endif
