#ifndef SUND_STUDY_VIEW_PRIV_H
#define SUND_STUDY_VIEW_PRIV_H

#include "study/view.h"

/** An empty view over a store; NULL: out of memory. */
sund_view *sund_view_new(const sund_store *store);
/** What follows from people, strata and columns: sums, and where each variant of the study's range lies in the store. */
sund_code  sund_view_complete(sund_view *v, const sund_catalogue *c, sund_err *err) SUND_MUST_CHECK;

#endif
