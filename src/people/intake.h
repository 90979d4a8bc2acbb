#ifndef SUND_PEOPLE_INTAKE_H
#define SUND_PEOPLE_INTAKE_H

#include "people/people.h"

/** Clinical data of others' formats into the people's database: persons, their records (disease, phenotype, ...) and values.
 *
 *  PHENOPACKET  GA4GH Phenopackets v2 in JSON: phenopackets, families, cohorts; one a file, arrays, or one a line
 *  BFF          Beacon-friendly format: individuals
 *  OMOP         a folder with the CSV files of OMOP CDM 5: person, condition_occurrence, measurement, observation, procedure_occurrence, drug_exposure, death, and concept for codes
 *  Any file may be packed by gzip. All or nothing: one transaction; a document that is no person stops it, naming file and number. What a person had from the same format before goes.
 *  Two documents of one run about one person are refused: by_document names people by the document (phenopacket id; OMOP person_source_value) and not by the subject.
 *  Names above 63 bytes are kept as their first 40, '~', and 20 hex digits of the whole's digest. */
typedef enum sund_clinical_format { SUND_CLINICAL_PHENOPACKET, SUND_CLINICAL_BFF, SUND_CLINICAL_OMOP } sund_clinical_format;

typedef struct sund_clinical_plan {
    sund_clinical_format format;
    const char *const   *path; /**< files and folders */
    size_t               n_path;
    const char          *consent;    /**< DUO codes of everybody in it; NULL: who is there keeps theirs, who is new has none and takes part in nothing */
    const char          *country;    /**< NULL: as before */
    const char          *dictionary; /**< TSV that declares variables beforehand; NULL */
    bool                 by_document;
} sund_clinical_plan;

/** What was there and is not taken in: the field's name, and why where it would have been; never a value. */
typedef struct sund_left { char what[160]; uint64_t n; } sund_left;

typedef struct sund_clinical_report {
    uint64_t   n_file, n_document, n_person, n_new, n_record, n_excluded, n_value, n_variable, n_shortened, n_no_consent;
    sund_left *left;           /**< most first */
    size_t     n_left;
} sund_clinical_report;

sund_code sund_people_take_in(sund_people *p, const sund_clinical_plan *plan, sund_clinical_report *out, sund_err *err) SUND_MUST_CHECK;
void      sund_clinical_report_free(sund_clinical_report *r);

#endif
