#ifndef SUND_RDF_SHACL_PRIV_H
#define SUND_RDF_SHACL_PRIV_H

#include "rdf/shacl.h"

typedef enum path_kind { PATH_ONE, PATH_INVERSE, PATH_SEQUENCE, PATH_EITHER, PATH_ANY, PATH_SOME, PATH_MAYBE } path_kind;
typedef struct path {
    path_kind    kind;
    sund_term    p;             /* PATH_ONE */
    struct path *kid, *next;    /* the others: one, or many in a row */
} path;

typedef enum component {
    C_CLASS, C_DATATYPE, C_NODE_KIND, C_MIN_COUNT, C_MAX_COUNT, C_MIN_EXCLUSIVE, C_MIN_INCLUSIVE, C_MAX_EXCLUSIVE, C_MAX_INCLUSIVE, C_MIN_LENGTH, C_MAX_LENGTH,
    C_PATTERN, C_LANGUAGE_IN, C_UNIQUE_LANG, C_EQUALS, C_DISJOINT, C_LESS_THAN, C_LESS_OR_EQUAL, C_NOT, C_AND, C_OR, C_XONE, C_NODE, C_PROPERTY, C_QUALIFIED_MIN, C_QUALIFIED_MAX,
    C_CLOSED, C_HAS_VALUE, C_IN, N_COMPONENT
} component;
extern const char *const sund_shacl_component[N_COMPONENT]; /* "minCount" */

typedef struct shape shape;
typedef struct rule {
    component    kind;
    sund_term    value;    /* class, datatype, node kind, literal to compare with, predicate */
    int64_t      n;        /* counts and lengths */
    sund_term   *list;     /* in, languageIn, closed: of the shapes' graph */
    shape      **shape;    /* and, or, xone; not, node, property, qualified: one */
    size_t       n_list, n_shape;
    shape      **sibling;  /* qualified: what must not hold too */
    size_t       n_sibling;
    void        *re;       /* pattern */
    struct rule *next;
} rule;

struct shape {
    sund_term node;
    path     *path;      /* NULL: a node shape */
    sund_term predicate; /* of a path of one step, for messages; else 0 */
    rule     *rules, **last;
    bool      violation, deactivated, implicit;
    const char *message;
    size_t    n_target;
    struct { enum { T_CLASS, T_NODE, T_SUBJECTS, T_OBJECTS } kind; sund_term of; } *target;
};

struct sund_shapes {
    sund_graph *g;
    shape      *shape;
    size_t      n_shape, n_targeted;
    struct owned { struct owned *next; max_align_t at[]; } *owned;
};

/* A regular expression of SPARQL: flags i, s, m, x. It gives up rather than search for long, and then matches neither way. */
sund_code sund_regex_new(void **re, const char *pattern, const char *flags, sund_err *err) SUND_MUST_CHECK;
void      sund_regex_free(void *re);
typedef enum sund_regex_found { SUND_REGEX_NO, SUND_REGEX_YES, SUND_REGEX_GAVE_UP } sund_regex_found;
sund_regex_found sund_regex_match(const void *re, const char *text, size_t n);

/* Whether a literal's form is one of its datatype; true for datatypes that are not XML Schema's. */
bool sund_literal_ok(const char *datatype, const char *text);
/* -1, 0, 1, or 2 where they cannot be compared. */
int  sund_literal_compare(const sund_graph *a, sund_term x, const sund_graph *b, sund_term y);

#endif
