#ifndef SUND_ONTO_ONTO_PRIV_H
#define SUND_ONTO_ONTO_PRIV_H

#include "onto/onto.h"

#include <stdatomic.h>

/* Shared by build.c (from what a reader says to an ontology), onto.c (asking it), obo.c, graph.c, table.c (readers), image.c (its bytes in the database) and ontos.c. */

enum { ONTO_TERMS_MAX = 4 << 20, ONTO_PAIRS_MAX = 32 << 20, ONTO_NAME_MAX = 4096 };

/** Lists by term: those of term t are to[at[t]] .. to[at[t + 1] - 1]. */
typedef struct onto_lists { uint32_t *at, *to; } onto_lists;

typedef struct onto_entry { uint32_t id, term; } onto_entry; /* an id, alternate ones too, and its term */

struct sund_onto {
    _Atomic unsigned refs;
    sund_onto_info   info;
    char            *text;            /* strings, NUL-terminated; text[0] is "" */
    uint32_t        *id, *name;       /* of each term, where in text */
    uint32_t        *replaced;        /* term, or NONE */
    uint8_t         *obsolete;
    onto_lists       parent, child;   /* terms */
    onto_lists       synonym, alt;    /* texts */
    onto_entry      *index;           /* by id */
    size_t           n_index;
};

/** What a reader says, in any order. Everything it is given is copied. */
typedef struct onto_said { uint32_t id, name, replaced; bool declared, obsolete; } onto_said;
typedef struct onto_pair { uint32_t term, text; } onto_pair;
typedef struct onto_pairs { onto_pair *p; size_t n, cap; } onto_pairs;
typedef struct onto_builder {
    const char *file;       /* for messages */
    sund_buf    text;
    onto_said  *term;
    size_t      n_term, cap_term;
    uint32_t   *hash;       /* term + 1, or 0 */
    size_t      n_hash;
    onto_pairs  parent, synonym, alt;
    char        prefix[17], version[128], title[128];
    uint64_t    n_outside;
    bool        bad;        /* out of memory */
} onto_builder;

void      onto_builder_free(onto_builder *b);
/** The term of a code, made when it is new; NONE (and counted as outside) for what is no code. */
uint32_t  onto_term(onto_builder *b, const char *id, size_t n, bool declared);
/** Nothing is done for term NONE. */
void      onto_name(onto_builder *b, uint32_t t, const char *s, size_t n);
void      onto_synonym(onto_builder *b, uint32_t t, const char *s, size_t n);
void      onto_alt(onto_builder *b, uint32_t t, const char *id, size_t n);
void      onto_parent(onto_builder *b, uint32_t t, const char *id, size_t n);
void      onto_replaced(onto_builder *b, uint32_t t, const char *id, size_t n);
/** Whether an edge of this kind leads to the term's group, which holds it as a kind of itself: part_of in ORPHA. */
bool      onto_is_group_edge(const onto_builder *b, uint32_t t, const char *kind, size_t n);
/** "hp/releases/2024-02-08" or such an IRI is 2024-02-08; what is longer than there is room for is cut. */
void      onto_version(onto_builder *b, const char *s, size_t n);
void      onto_title(onto_builder *b, const char *s, size_t n);
sund_code onto_build(onto_builder *b, sund_onto **o, sund_err *err) SUND_MUST_CHECK;

sund_code onto_read_obo(onto_builder *b, char *text, size_t n, sund_err *err) SUND_MUST_CHECK; /* text[n] is NUL; it is cut into lines in place */
sund_code onto_read_graph(onto_builder *b, const char *text, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code onto_read_table(onto_builder *b, const char *text, size_t n, sund_err *err) SUND_MUST_CHECK;

void      onto_image(const sund_onto *o, sund_buf *out);
sund_code onto_from_image(sund_onto **o, const char *file, sund_cur bytes, sund_err *err) SUND_MUST_CHECK;

#endif
