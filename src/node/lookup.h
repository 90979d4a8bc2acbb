#ifndef SUND_NODE_LOOKUP_H
#define SUND_NODE_LOOKUP_H

#include "home/home.h"

/** Own counts of one variant from the sites table, before the rules: AC=0 with AN inside the callable regions where the variant list
 *  lacks it, not-covered outside. */
sund_code sund_lookup_own(const sund_home *h, const sund_variant *v, sund_lookup_counts *out, sund_err *err) SUND_MUST_CHECK;

/** Answers lookups that the hub passes on, until *stop. Has its own home (connection, gate) and line: studies do not wait for it. */
sund_code sund_lookup_serve(const char *dir, const volatile bool *stop, sund_err *err) SUND_MUST_CHECK;

#endif
