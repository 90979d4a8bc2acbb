#ifndef SUND_TOKEN_LOGIN_PRIV_H
#define SUND_TOKEN_LOGIN_PRIV_H

#include "token/login.h"
#include "token/token_priv.h"

/** A visa's conditions, NULL for none (absent, or an empty list). */
const sund_jval *sund_visa_conditions(const sund_jws *t);
/** Conditions of a Passport visa, an array of arrays: one of the outer, all of its clauses. A
 * clause is {type, and one or more of value, source, by}, each of these "const:TEXT" (all of it),
 * "pattern:TEXT" (? any character, * any run, over all of it) or, for value, "split_pattern:TEXT"
 * (over one of the ;-separated parts), and holds when one visa among those marked `ok` has that
 * type and all of them. Anything else does not hold. */
bool          sund_conditions_hold(const sund_jval *conditions, const sund_visa *visa, const bool *ok, size_t n);

#endif
