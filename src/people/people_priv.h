#ifndef SUND_PEOPLE_PEOPLE_PRIV_H
#define SUND_PEOPLE_PEOPLE_PRIV_H

#include "base/db.h"
#include "people/people.h"

/* Shared by people.c (the database), dictionary.c (variables), load.c (import), select.c (cohorts) and consent.c. */
struct sund_people { sund_db *db; sund_ontos *ontos; char as_of[32]; /* "": today */ };

/** x as an integer at so many decimals: exact. False for anything but [-]digits[.digits] of at most 9 digits and `decimals` places. */
bool      sund_decimal_parse(const char *s, int decimals, int64_t *out);
/** A text value of a variable as raw: by its codes for binary and category. */
bool      sund_var_value(const sund_var *v, const char *s, int64_t *raw);
sund_code sund_dictionary_import(sund_people *p, const char *path, uint64_t *n, sund_err *err) SUND_MUST_CHECK;

/** Whether consent codes (separated by ',') allow a purpose. A code that is not known, or whose condition no program can check, allows nothing. */
/** Every code is one that DUO has. */

#endif
