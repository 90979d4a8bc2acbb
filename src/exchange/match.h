#ifndef SUND_EXCHANGE_MATCH_H
#define SUND_EXCHANGE_MATCH_H

#include "exchange/case.h"
#include "onto/onto.h"

/** How like one case is to others, with the reasons.
 *
 *  Phenotype  p = sum of IC over the terms that both have, closed upwards, / sum over those that any has and, once more, over those that one has and the other explicitly not
 *             (simGIC, Pesquita et al. 2008, with contradictions). IC(t) = -ln((n(t) + a d(t)/D) / (N + a)): n(t) of the N cases have t or what is below it, d(t) of the ontology's D terms
 *             are t or below it, a = 5. A node with few cases ranks by the ontology's own shape, one with many by how rare a term is among its cases; either way no annotation file
 *             is needed. An id that the ontology does not know says nothing.
 *  Genes      g = 2 s / (number of different genes of both), s those they share by the same symbol or id: 1 where each names one and the same; times 0.7, or 0.9 where a variant is the same too.
 *  Score      1 - (1 - p)(1 - g), in 0 .. 1; phenotype alone where either has no gene. */
typedef struct sund_matcher sund_matcher;

/** Over cases with consent of one kind, or all cases there are when all is set: for the owner's own eyes. o: HPO; must outlive it. Owns: sund_matcher_free(), safe on NULL. */
sund_code sund_matcher_make(sund_matcher **m, sund_cases *s, const sund_onto *o, bool all, bool test, sund_err *err) SUND_MUST_CHECK;
/** Over cases in memory, which must outlive it. */
sund_code sund_matcher_of(sund_matcher **m, const sund_case *const *c, size_t n, const sund_onto *o, sund_err *err) SUND_MUST_CHECK;
void      sund_matcher_free(sund_matcher *m);
size_t    sund_matcher_n(const sund_matcher *m);

enum { SUND_MATCH_TERMS = 12, SUND_MATCH_GENES = 8 };
typedef struct sund_match_term { uint32_t term; double share; } sund_match_term; /**< share: of p; of a contradiction, of the denominator */
typedef struct sund_likeness {
    size_t          at; /**< which of the matcher's cases */
    double          score, phenotype, genes;
    sund_match_term shared[SUND_MATCH_TERMS], against[SUND_MATCH_TERMS]; /**< most telling first; shared ones are the most specific, each with what is above it and above no other before it */
    char            gene[SUND_MATCH_GENES][40];
    size_t          n_shared, n_against, n_gene;
    bool            same_variant;
} sund_likeness;

/** The best matches of a case, best first, ties by pseudonym; at most max, of score min or more. phenotype_only: genes are not looked at. skip: an own name to leave out, or NULL. */
sund_code sund_match_find(sund_matcher *m, const sund_case *query, double min, size_t max, bool phenotype_only, const char *skip, sund_likeness *out, size_t *n, sund_err *err) SUND_MUST_CHECK;
/** How like two cases are that are not the matcher's, by what terms weigh among its own. x->at says nothing. */
sund_code sund_match_two(sund_matcher *m, const sund_case *query, const sund_case *other, sund_likeness *x, sund_err *err) SUND_MUST_CHECK;
const sund_case *sund_matcher_case(const sund_matcher *m, size_t at);
const sund_onto *sund_matcher_onto(const sund_matcher *m);

#endif
