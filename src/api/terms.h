#ifndef SUND_API_TERMS_H
#define SUND_API_TERMS_H

#include "base/json.h"
#include "gate/shown.h"

/** The nodes' answers to `terms` (node/terms.h) as one list: members "filteringTerms" and "resources" of the object that is open in j, as Beacon v2's filtering_terms has them. A term that
 *  several nodes have is there once; the sexes always are. A line that is not well-formed is left out. Of the terms, page number skip of limit each; all where limit is 0. */
sund_code sund_terms_list(const sund_answers *a, size_t skip, size_t limit, sund_json *j, sund_err *err) SUND_MUST_CHECK;

#endif
