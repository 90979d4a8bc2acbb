/* People, genotypes and variables of a test's own making, for a federation of them: what fed.h's random world is not enough for. */
#ifndef SUND_TEST_COHORT_H
#define SUND_TEST_COHORT_H

#include "people/people.h"
#include "store/writer.h"
#include "genome/catalogue.h"

typedef struct cohort {
    size_t        n, m;
    const char  **person;     /* n ids */
    uint8_t      *sex;        /* n, sund_sex */
    const char  **country;    /* n */
    sund_variant *variant;    /* m, in sund_variant_cmp order */
    uint8_t      *gt;         /* m x n codes: 0, 1, 2, SUND_GT_MISSING */
    const char   *dictionary; /* the dictionary's text */
    const char   *columns;    /* "\tage\tstatus": names of the variables in values, each after a tab */
    char        **value;      /* n: "\t50\tcase" */
} cohort;

/* People P00000.., sex unknown, country XX, without variables; the caller fills what it needs. Owns: cohort_free. */
cohort    *cohort_new(size_t n, size_t m, const char *dictionary, const char *columns);
void       cohort_free(cohort *c);
/* Values of person i, printf-like, beginning with a tab. */
void       cohort_values(cohort *c, size_t i, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Variant j at contig:pos (1-based), REF and ALT static texts. */
void       cohort_variant(cohort *c, size_t j, int contig, uint32_t pos, const char *ref, const char *alt);

void cohort_store(const cohort *c, const char *dir, const int *node_of, int node); /* node -1: everyone */
void cohort_people(const cohort *c, const char *db, const int *node_of, int node);
void cohort_catalogue(const cohort *c, sund_buf *out);

#endif
