#ifndef SUND_PEOPLE_COHORT_PRIV_H
#define SUND_PEOPLE_COHORT_PRIV_H

#include "people/cohort.h"
#include "people/record.h"

/* The tree behind a cohort; select.c evaluates it over sets of people. */
enum { COHORT_TERMS_MAX = 256, COHORT_VALUES_MAX = 64, COHORT_DEPTH_MAX = 32, COHORT_TEXT_MAX = 4096, COHORT_WORD_MAX = 64 };

typedef enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_COMPARE, NODE_IN, NODE_HAS, NODE_KNOWN, NODE_WITHDRAWN, NODE_ALL } node_kind;
typedef enum compare_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE } compare_op;

typedef struct cohort_node {
    node_kind  kind;
    compare_op op;
    char       name[COHORT_WORD_MAX + 1];  /* variable, or code of `has` */
    char     (*value)[COHORT_WORD_MAX + 1];
    size_t     n_value;
    size_t     child, next;                /* indexes; 0 is none */
    sund_record_kind record;               /* `has`: of what kind; name "" is any code of it */
    bool       exactly, by_onset;          /* `has`: nothing below the code; only with an age at onset, by op and years */
    int64_t    years;
} cohort_node;

struct sund_cohort {
    cohort_node *node; /* node[0] is unused */
    size_t       n_node, root;
};

/** a op b. */
bool      sund_compare_holds(compare_op op, int64_t a, int64_t b);

#endif
