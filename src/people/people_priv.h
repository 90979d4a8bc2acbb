#ifndef SUND_PEOPLE_PEOPLE_PRIV_H
#define SUND_PEOPLE_PEOPLE_PRIV_H

#include "base/db.h"
#include "people/cohort_priv.h"
#include "people/people.h"

/* Shared by people.c (the database), dictionary.c (variables), load.c (import), select.c (cohorts) and consent.c. */
struct sund_people { sund_db *db; sund_ontos *ontos; char as_of[32]; /* "": today */ };

/** x as an integer at so many decimals: exact. False for anything but [-]digits[.digits] of at most 9 digits and `decimals` places. */
bool      sund_decimal_parse(const char *s, int decimals, int64_t *out);
/** A text value of a variable as raw: by its codes for binary and category. */
bool      sund_var_value(const sund_var *v, const char *s, int64_t *raw);
sund_code sund_dictionary_import(sund_people *p, const char *path, uint64_t *n, sund_err *err) SUND_MUST_CHECK;

/** sund_consent_allows() where the home has an ontology of the purpose's disease: consent to a disease above it allows too. Owns: sund_consent_by_free(). */
typedef struct sund_consent_by { const sund_onto *onto; uint64_t *above; } sund_consent_by; /* the purpose's disease and what is above it; NULL: without */
sund_code sund_consent_by_make(sund_consent_by *by, sund_ontos *ontos, const char *purpose, sund_err *err) SUND_MUST_CHECK;
void      sund_consent_by_free(sund_consent_by *by);
bool      sund_consent_allows_by(const char *codes, const char *purpose, const sund_consent_by *by);

/** The people of a `has`, by internal id, in no order and perhaps more than once (has.c). */
typedef void sund_each_person(void *ctx, int64_t person);
sund_code sund_who_has(sund_people *p, const cohort_node *n, sund_each_person *each, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** One record. onset: months of age, or -1. Of two that are alike the earlier onset is kept. Sources do not overwrite each other's. */
typedef enum sund_source { SUND_SOURCE_TABLE, SUND_SOURCE_PHENOPACKET, SUND_SOURCE_BFF, SUND_SOURCE_OMOP } sund_source;
typedef struct sund_record { const char *code; sund_record_kind kind; bool excluded; int64_t onset; } sund_record;
sund_code sund_record_put(sund_people *p, int64_t person, sund_source source, const sund_record *r, sund_err *err) SUND_MUST_CHECK;

#endif
