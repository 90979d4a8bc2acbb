#ifndef SUND_PEOPLE_PEOPLE_H
#define SUND_PEOPLE_PEOPLE_H

#include "base/buf.h"
#include "base/json.h"
#include "onto/ontos.h"
#include "people/cohort.h"

/** Persons, variables, codes and consent of one country, in one SQLite file. Person ids never leave this folder but to the
 *  genotype store's columns inside the same process. Owns: sund_people_close(), safe on NULL. */
typedef struct sund_people sund_people;
sund_code sund_people_open(sund_people **p, const char *path, sund_err *err) SUND_MUST_CHECK;
void      sund_people_close(sund_people *p);
/** The ontologies by which `has CODE` takes what is below a code. They stay the caller's, and outlive p. */
void      sund_people_use(sund_people *p, sund_ontos *ontos);
/** A line for each ontology by which a cohort and a purpose (its disease) take people here, sorted: prefix, version, digest. Equal at all nodes of a study, or the study is refused. */
sund_code sund_people_ontologies(sund_people *p, const sund_cohort *c, const char *purpose, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

typedef enum sund_var_type { SUND_VAR_INTEGER, SUND_VAR_REAL, SUND_VAR_BINARY, SUND_VAR_CATEGORY } sund_var_type;

/** One variable as the data dictionary declares it. A real value x is the integer raw = x 10^decimals, exactly; at most 9
 *  significant digits. Binary: raw 0 or 1 (codes give the words). Category: raw is the index in codes. */
typedef struct sund_var {
    char          name[64];  /**< [a-z][a-z0-9_]* */
    sund_var_type type;
    char          unit[32];  /**< free text, such as a UCUM code, that all nodes write alike; "" for none */
    int           decimals;  /**< 0..6 */
    int64_t       min, max;  /**< raw, inclusive */
    char          codes[512]; /**< "control|case" */
} sund_var;

/** Two capital letters, as ISO 3166-1 has them (XA to XZ are its users' own): a country's name is its stratum's, which is put together over nodes, so each country has one. */
bool sund_country_ok(const char *s);

/** Dictionary TSV: name, type, unit, min, max, decimals, codes. People TSV: person, then any of sex (M, F, U), country (two capitals), population, born
 *  (year), consent (DUO codes separated by ','), withdrawn (0, 1), codes (ICD10:E11,ORPHA:123 separated by ','), and the
 *  dictionary's variables; NA or empty is missing. Values outside their declaration are errors naming file, line and column.
 *  All or nothing (one transaction); importing again updates by person; columns that the table does not have stay as they are. */
typedef struct sund_people_report { uint64_t n_person, n_new, n_value, n_variable, n_missing; } sund_people_report;
sund_code sund_people_import(sund_people *p, const char *people_tsv, const char *dictionary_tsv, sund_people_report *out, sund_err *err) SUND_MUST_CHECK;
/** Whether a dictionary could be taken in: nothing is kept. *n: how many variables it declares. */
sund_code sund_people_dictionary_check(sund_people *p, const char *dictionary_tsv, uint64_t *n, sund_err *err) SUND_MUST_CHECK;
/** What is done between is kept whole or not at all: as sund_db_part. */
sund_code sund_people_part(sund_people *p, sund_err *err) SUND_MUST_CHECK;
sund_code sund_people_part_end(sund_people *p, sund_code rc, sund_err *err) SUND_MUST_CHECK;
/** Mark one person (id read from a file or terminal by the caller) as withdrawn. SUND_E_NOT_FOUND does not repeat the id. */
sund_code sund_people_withdraw(sund_people *p, const char *person, sund_err *err) SUND_MUST_CHECK;

/** For a replay alone: whoever withdrew after `time` (2026-11-24T02:14:35.123Z) is selected as before. NULL: today again. On this connection only. */
sund_code sund_people_as_of(sund_people *p, const char *time, sund_err *err) SUND_MUST_CHECK;

size_t    sund_people_n_var(const sund_people *p);
/** By index or name. Errors: SUND_E_NOT_FOUND naming the nearest variable. "sex" (binary, F = 1) is always there. */
sund_code sund_people_var_at(const sund_people *p, size_t i, sund_var *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_people_var(const sund_people *p, const char *name, sund_var *out, sund_err *err) SUND_MUST_CHECK;
/** One canonical line of a variable's declaration: equal at all nodes of a study, or the study is refused. */
void      sund_var_print(const sund_var *v, sund_buf *out);

/** Whether it is a purpose that consent is checked against. Errors: SUND_E_ARG listing the purposes. */
sund_code sund_purpose_check(const char *purpose, sund_err *err) SUND_MUST_CHECK;
/** DUO codes separated by commas: all known; and whether together they allow a purpose. Where people are selected, consent to a disease allows each kind of it too that the home's ontology
 *  has below it. */
bool      sund_consent_known(const char *codes);
bool      sund_consent_allows(const char *codes, const char *purpose);
/** A number that is another one once some other connection or process has changed anything here: what was computed from these people is then computed anew. */
sund_code sund_people_version(sund_people *p, int64_t *out, sund_err *err) SUND_MUST_CHECK;

/** The people of a cohort whose consent allows the purpose: never anyone withdrawn. Order: by internal id. */
typedef struct sund_person_set {
    size_t   n;
    int64_t *id;       /**< internal row ids */
    char   (*name)[64]; /**< person ids, to be matched with a store's columns */
    char   (*country)[32];
    uint8_t *sex;      /**< as sund_sex: 0 unknown, 1 male, 2 female */
} sund_person_set;
sund_code sund_people_select(sund_people *p, const sund_cohort *c, const char *purpose, sund_person_set *out, sund_err *err) SUND_MUST_CHECK;
/** Everybody, whatever they consent to and withdrawn or not: to compare tables, never to compute from. */
sund_code sund_people_everybody(sund_people *p, sund_person_set *out, sund_err *err) SUND_MUST_CHECK;
/** Who has not withdrawn, but whose consent does not allow the purpose: to know whether a purpose makes a difference here. */
sund_code sund_people_kept_out(sund_people *p, const char *purpose, sund_person_set *out, sund_err *err) SUND_MUST_CHECK;
/** Everybody who withdrew. */
sund_code sund_people_withdrawn(sund_people *p, sund_person_set *out, sund_err *err) SUND_MUST_CHECK;
/** Deletes what is kept of those who withdrew, from the file too: values, codes, and all of their rows but the person's id, so that no later import brings them back. */
sund_code sund_people_erase_withdrawn(sund_people *p, sund_err *err) SUND_MUST_CHECK;
void      sund_person_set_free(sund_person_set *s);

/** Raw values of a variable for the set's people; SUND_VALUE_MISSING where there is none. out has set->n entries. */
#define SUND_VALUE_MISSING INT64_MIN
sund_code sund_people_values(sund_people *p, const sund_var *v, const sund_person_set *set, int64_t *out, sund_err *err) SUND_MUST_CHECK;

/** The year in which each of the set's people was born; SUND_VALUE_MISSING where it is not known. out has set->n entries. */
sund_code sund_people_born(sund_people *p, const sund_person_set *set, int64_t *out, sund_err *err) SUND_MUST_CHECK;

/** Declares (again) variables of the node's own making, such as the scores that a study left here, and sets them for n people by id: raw[k * n + i] is
 *  v[k] of person i, SUND_VALUE_MISSING for none. Old values of the variables go. All or nothing. Errors: a value outside [min, max]; people not known
 *  here are passed over. */
sund_code sund_people_derive(sund_people *p, size_t n_var, const sund_var *v, size_t n, const char *const *person, const int64_t *raw, sund_err *err) SUND_MUST_CHECK;

/** How many people in all, withdrawn, and by country, as members of the object that is open in j: for `sund info` (local operator only). */
sund_code sund_people_summary(sund_people *p, sund_json *j, sund_err *err) SUND_MUST_CHECK;

#endif
