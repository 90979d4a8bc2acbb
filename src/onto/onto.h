#ifndef SUND_ONTO_ONTO_H
#define SUND_ONTO_ONTO_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"

/** One ontology in memory: the terms of one prefix (HP, MONDO, ORPHA, ...), their names, synonyms, alternate ids, and the is_a edges between them, without a cycle. It does not
 *  change once made, so any number of threads may read it. Terms are numbered 0, 1, 2, ... in the order of their ids' bytes.
 *
 *  Reads   OBO 1.2 and 1.4; obographs JSON; tables with tabs and the columns id, name, parents (joined by ';'), or subject, predicate, object (subclass_of). In ORPHA, whose groups
 *          hold their disorders by part_of, such an edge is one too. Terms of other prefixes, and edges to them, are left out and counted.
 *  Limits  1 GiB of OBO or table, 256 MiB of JSON; 4 million terms, 32 million edges; ids of 64 bytes, names and synonyms of 4096.
 *  Errors  SUND_E_FORMAT naming file, line and remedy; a cycle is named term by term. Owns: sund_onto_free(), safe on NULL. */
typedef struct sund_onto sund_onto;

enum { SUND_CODE_MAX = 64 }; /**< bytes of a code such as HP:0001250 */
#define SUND_ONTO_NONE UINT32_MAX

typedef struct sund_onto_info {
    char        prefix[17];   /**< HP */
    char        version[128]; /**< 2024-02-08: of data-version, version IRI or versionInfo, or as the caller said */
    char        title[128];   /**< name of the ontology as its file has it, such as hp; "" for none */
    sund_digest digest;       /**< of what descendants follow from - ids, alternate ids, replacements, edges - and so the same whatever format it was read from */
    uint32_t    n_term, n_obsolete, n_alt, n_synonym, n_edge;
    uint64_t    n_outside;    /**< terms of other prefixes, and edges to or from them */
} sund_onto_info;

/** version: NULL takes the file's own; a file that has none is refused then. path or name: for messages. */
sund_code sund_onto_read(sund_onto **o, const char *name, const void *p, size_t n, const char *version, sund_err *err) SUND_MUST_CHECK;
/** Also packed by gzip. */
sund_code sund_onto_read_file(sund_onto **o, const char *path, const char *version, sund_err *err) SUND_MUST_CHECK;
void      sund_onto_free(const sund_onto *o); /**< gives back what _read or sund_ontos_get gave */
const sund_onto_info *sund_onto_about(const sund_onto *o);

/** A code as it is kept and compared: from an IRI (http://purl.obolibrary.org/obo/HP_0001250) or a code (HP:0001250); Orphanet, ORDO -> ORPHA, MIM -> OMIM, ICD-10 -> ICD10.
 *  False for what is no PREFIX:LOCAL of letters, digits and _ . - within SUND_CODE_MAX bytes. */
bool sund_onto_code(const char *s, size_t n, char out[SUND_CODE_MAX + 1]);
/** The variable that holds a code's measurements: LOINC:35925-4 is loinc_35925_4. */
void sund_code_variable(const char *code, char out[64]);
/** Whether codes of its system grow by letters, so that E119 lies below E11: ICD and ATC. In others only a dot goes deeper: ORPHA:558 is not above ORPHA:5581. */
bool sund_code_grows(const char *code);
/** Whether code belongs to the prefix. */
bool sund_onto_of_prefix(const char *code, const char *prefix);

/** The term of an id, which may be an alternate one; an obsolete term gives that which replaced it, where there is one. SUND_ONTO_NONE when there is none. */
uint32_t    sund_onto_find(const sund_onto *o, const char *id);
const char *sund_onto_id(const sund_onto *o, uint32_t t);
const char *sund_onto_name(const sund_onto *o, uint32_t t);     /**< "" for none */
bool        sund_onto_obsolete(const sund_onto *o, uint32_t t); /**< is out of use, and nothing is in its place: never one that _find gives for a term that was replaced */
size_t      sund_onto_n_synonym(const sund_onto *o, uint32_t t);
const char *sund_onto_synonym(const sund_onto *o, uint32_t t, size_t i);
size_t      sund_onto_n_alt(const sund_onto *o, uint32_t t);
const char *sund_onto_alt(const sund_onto *o, uint32_t t, size_t i);

/** The terms directly above, or below: *n of them, ascending. */
const uint32_t *sund_onto_parents(const sund_onto *o, uint32_t t, size_t *n);
const uint32_t *sund_onto_children(const sund_onto *o, uint32_t t, size_t *n);

/** Sets of terms are bits, term t the bit t % 64 of word t / 64, in so many words. Adds t and all above it, or below, to a set; what is in it already is taken to be there with all
 *  that is above it (below it) too. list: as many entries as there are terms, to work in. Returns how many were added; they are list[0 .. n - 1]. */
size_t sund_onto_words(const sund_onto *o);
size_t sund_onto_above(const sund_onto *o, uint32_t t, uint64_t *set, uint32_t *list);
size_t sund_onto_below(const sund_onto *o, uint32_t t, uint64_t *set, uint32_t *list);

/** A new set of t and all below it, or above. Owns: free(). Errors: SUND_E_NOMEM. */
sund_code sund_onto_set(const sund_onto *o, uint32_t t, bool below, uint64_t **set, sund_err *err) SUND_MUST_CHECK;

/** Information content ic[t] = ln(n / max(1, with[t])), where with[t] of n things are annotated with t or anything below it: of things that are `set`s closed upwards by _above().
 *  Resnik similarity of two terms: the largest ic of what is above both (each is above itself). simGIC of two sets closed upwards: the sum of ic over what is in both, over the sum
 *  over what is in any; 0 where the latter is 0. Pesquita et al. 2008. Sums go in order of terms: the same bits everywhere. */
void      sund_onto_count(const sund_onto *o, const uint64_t *set, uint32_t *with);
void      sund_onto_ic(const sund_onto *o, const uint32_t *with, uint32_t n, double *ic);
sund_code sund_onto_resnik(const sund_onto *o, const double *ic, uint32_t a, uint32_t b, double *out, sund_err *err) SUND_MUST_CHECK;
double    sund_onto_simgic(const sund_onto *o, const double *ic, const uint64_t *a, const uint64_t *b);

#endif
