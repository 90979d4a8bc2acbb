#ifndef SUND_DATASETS_WORDS_H
#define SUND_DATASETS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/** The controlled vocabularies of catalogues: a word of datasets.ini and of searches, its IRI, its name in English. Each ends with word NULL. */
typedef struct sund_word { const char *word, *iri, *label; } sund_word;
extern const sund_word sund_words_access[], sund_words_category[], sund_words_type[], sund_words_conforms[], sund_words_status[], sund_words_country[], sund_words_language[], sund_words_service[]; /**< of services the label is GA4GH's type, GROUP:ARTIFACT:VERSION */
const sund_word *sund_word_find(const sund_word *list, const char *word); /**< NULL for none */
const sund_word *sund_word_of(const sund_word *list, const char *iri);

/** Coding systems of diseases: `ICD10:E11` is prefix, ':', code; its IRI begins with iri. */
typedef struct sund_coding { const char *prefix, *iri, *system; } sund_coding;
extern const sund_coding sund_codings[];

#endif
