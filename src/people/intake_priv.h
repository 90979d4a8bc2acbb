#ifndef SUND_PEOPLE_INTAKE_PRIV_H
#define SUND_PEOPLE_INTAKE_PRIV_H

#include "base/jsonread.h"
#include "people/intake.h"
#include "people/people_priv.h"

/* Shared by intake.c (persons, records, values into the database), docs.c (files, documents), phenopacket.c, bff.c, omop.c and csv.c. */

typedef struct intake_var { sund_var var; int64_t id; } intake_var;

typedef struct intake {
    sund_people              *p;
    const sund_clinical_plan *plan;
    sund_clinical_report     *report;
    sund_source               source;
    char                      file[160]; /* being read, for messages; and what of it */
    uint64_t                  at;
    int64_t                   person;    /* internal id of whom the document is about */
    uint8_t                  *seen;      /* by internal id */
    size_t                    n_seen;
    intake_var               *var;
    size_t                    n_var;
} intake;

sund_code intake_fail(const intake *in, const char *why, sund_err *err);
/** One more that is not taken in: of a field (words joined by dots), and why, which may be "". */
void      intake_left(intake *in, const char *field, const char *why);

/** Begins a person of the run. in->person is then theirs. */
sund_code intake_person(intake *in, const char *name, sund_err *err) SUND_MUST_CHECK;
sund_code intake_sex(intake *in, int64_t sex, sund_err *err) SUND_MUST_CHECK;   /* as sund_sex */
sund_code intake_born(intake *in, int64_t year, sund_err *err) SUND_MUST_CHECK;
/** A record; what is no code is left, and counted for the field. onset: months, -1 for none. */
sund_code intake_record(intake *in, const char *field, sund_record_kind kind, const char *code, bool excluded, int64_t onset, sund_err *err) SUND_MUST_CHECK;
/** A measurement of in->person: the record, and the value of the code's variable, of which the latest counts. when: an ISO date or time, "" for none. */
typedef struct intake_measure { const char *field, *code, *unit, *when; double value; } intake_measure;
sund_code intake_measured(intake *in, const intake_measure *m, sund_err *err) SUND_MUST_CHECK;
/** A value by its word, of a variable that is declared so unless it is declared already. */
sund_code intake_word(intake *in, const char *field, const sund_var *v, const char *word, sund_err *err) SUND_MUST_CHECK;

extern const sund_var intake_age, intake_deceased, intake_died, intake_karyotype;

/** P38Y7M as months; -1 for what is no such duration, or more than 150 years. */
int64_t   intake_months(const char *iso8601);
/** 2021-09-24 or 2021-09-24T...: the year, and the month or 0. */
bool      intake_date(const char *s, int64_t *year, int64_t *month);

/** Each document of the plan's files, in the order of their names. */
typedef sund_code intake_document(intake *in, const sund_jval *document, sund_err *err);
sund_code intake_documents(intake *in, intake_document *each, sund_err *err) SUND_MUST_CHECK;
/** Each document of a text: the objects of an array, or one behind the other. */
sund_code intake_text(intake *in, const char *p, size_t n, intake_document *each, sund_err *err) SUND_MUST_CHECK;
/** Counts every value of a document that is in no field of the list: fields are sorted, "a.b.*" is all below a.b. */
void      intake_walk(intake *in, const sund_jval *document, const char *const *field, size_t n_field);

intake_document intake_phenopacket, intake_bff;
sund_code       intake_omop(intake *in, sund_err *err) SUND_MUST_CHECK;

/** CSV of RFC 4180 (fields by ',' or, where the header has one, by tab; quotes, within which lines may break), one record at a time. Fields are valid until the next. */
typedef struct intake_csv {
    struct sund_gz *in;
    char           *text;      /* of the record, CSV_RECORD_MAX bytes */
    char           *field[256];
    size_t          n_field, n_column, line;
    char            delimiter, name[160];
    char           *header;    /* its own copy, cut into column[] */
    char           *column[256];
} intake_csv;
sund_code intake_csv_open(intake_csv *c, const char *path, sund_err *err) SUND_MUST_CHECK;
void      intake_csv_close(intake_csv *c);
sund_code intake_csv_next(intake_csv *c, bool *more, sund_err *err) SUND_MUST_CHECK;
int       intake_csv_column(const intake_csv *c, const char *name); /* whatever its case; -1 */
/** Cuts a record in place: fields without their quotes. 0 when a quote is not closed or more than 256 fields. */
size_t    intake_csv_cut(char *record, char delimiter, char **field);

#endif
