#ifndef SUND_API_TERMS_H
#define SUND_API_TERMS_H

#include "base/json.h"
#include "gate/shown.h"

/** The nodes' answers to `terms` (node/terms.h) as one list: members "filteringTerms" and "resources" of the object that is open in j, as Beacon v2's filtering_terms has them. A term that
 *  several nodes have is there once; the sexes always are. A line that is not well-formed is left out. */
sund_code sund_terms_list(const sund_answers *a, sund_json *j, sund_err *err) SUND_MUST_CHECK;

#endif
