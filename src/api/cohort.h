#ifndef SUND_API_COHORT_H
#define SUND_API_COHORT_H

#include "base/buf.h"
#include "base/jsonread.h"

/** Filters of Beacon v2 as the text of a cohort (people/cohort.h). Which terms and variables there are is for each node to say: an unknown term is nobody's.
 *
 *  Ontology      {"id": "HP:0001250"} -> has HP:0001250; includeDescendantTerms false -> has exactly; similarity other than exact is refused; sexes -> sex = F
 *  Alphanumeric  {"id", "operator", "value"}: a measurement's code or a variable -> loinc_35925_4 >= 25; ages as P40Y or 40; diseases.ageOfOnset -> has any disease onset < 40;
 *                a field of the model that holds a code -> has disease ICD10:E10 (operators = and !; the value % is any, and a final % takes what begins so in ICD and ATC)
 *  Scope         individuals alone: others are refused, as is a custom term
 *  Appends one term without brackets. Errors: SUND_E_ARG naming the filter and what is taken. */
sund_code sund_filter_json(const sund_jval *filter, sund_buf *text, sund_err *err) SUND_MUST_CHECK;
/** One of a GET's list: an id, or id, operator and value in one, such as LOINC:35925-4>=25. */
sund_code sund_filter_word(const char *word, sund_buf *text, sund_err *err) SUND_MUST_CHECK;

#endif
