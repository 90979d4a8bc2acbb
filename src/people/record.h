#ifndef SUND_PEOPLE_RECORD_H
#define SUND_PEOPLE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

/** What is recorded of a person by a code: of what kind it is. The word is what the cohort language calls it. */
typedef enum sund_record_kind {
    SUND_RECORD_ANY, /**< of no kind that is known, and in questions: of any */
    SUND_RECORD_DISEASE,
    SUND_RECORD_PHENOTYPE,   /**< a phenotypic feature */
    SUND_RECORD_ETHNICITY,
    SUND_RECORD_ORIGIN,      /**< geographic origin */
    SUND_RECORD_PROCEDURE,   /**< an intervention or procedure */
    SUND_RECORD_EXPOSURE,
    SUND_RECORD_TREATMENT,
    SUND_RECORD_MEASURE,     /**< something was measured; its value is a variable */
    SUND_RECORD_OBSERVATION, /**< of OMOP */
    SUND_RECORD_GENE,        /**< a variant of the gene was found causative */
    SUND_RECORD_KINDS
} sund_record_kind;

const char *sund_record_word(sund_record_kind kind); /**< "" for _ANY */
/** The kind of a word; _ANY for none. */
sund_record_kind sund_record_kind_of(const char *word);
/** The kind of a code by its prefix alone: ICD10 and ORPHA are of diseases, HP of phenotypes, ... */
sund_record_kind sund_record_kind_by_code(const char *code);

#endif
