#ifndef SUND_EXCHANGE_MME_H
#define SUND_EXCHANGE_MME_H

#include "base/json.h"
#include "exchange/match.h"
#include "onto/ontos.h"

#define SUND_MME_TYPE "application/vnd.ga4gh.matchmaker.v1.1+json"

/** Matchmaker Exchange v1.1: {"patient": {...}} in, {"results": [...]} out. */
sund_code sund_mme_request(const void *p, size_t n, sund_case *query, sund_err *err) SUND_MUST_CHECK;
/** "application/vnd.ga4gh.matchmaker.v1.1+json", any v1.x, parameters behind ';' aside. */
bool      sund_mme_type_ok(const char *content_type);

/** What an answer is bounded by. */
typedef struct sund_mme_rules {
    double  min;     /**< least score */
    size_t  max;     /**< most results, at most SUND_MME_RESULTS */
    int64_t a_day;   /**< questions of one asker in a day; ten times as many of all askers together */
} sund_mme_rules;
enum { SUND_MME_RESULTS = 10 };
static inline sund_mme_rules sund_mme_rules_default(void) { return (sund_mme_rules){ 0.3, 5, 50 }; }

/** Answers from the node's cases. It keeps what it has read of them and of HPO until they change. One thread at a time. Owns: sund_desk_close(), safe on NULL. */
typedef struct sund_desk sund_desk;
sund_code sund_desk_open(sund_desk **d, const char *cases_path, sund_ontos *ontos, sund_err *err) SUND_MUST_CHECK;
void      sund_desk_close(sund_desk *d);
/** The answer to one request of an asker, whose name the caller has verified. A request marked test is compared with cases marked so, and no others; nobody is notified of that. Of each match leaves: its
 *  pseudonym, contact, score rounded to two places, the terms that both have or that speak against it, its genes' names. Each that leaves is in the owner's notices before this returns.
 *  *n: results. Errors: SUND_E_FORMAT for the request, SUND_E_LIMIT for an asker who asks too often, SUND_E_ARG for a request that says too little to be compared, SUND_E_NOT_FOUND without HPO. */
sund_code sund_desk_answer(sund_desk *d, const sund_case *query, const char *asker, const sund_mme_rules *rules, sund_buf *out, size_t *n, sund_err *err) SUND_MUST_CHECK;

/** Members "test", where it is one, and "contact" of a patient. */
void sund_mme_put_contact(sund_json *j, const sund_case *c);
/** One result into a list that is open: of another's view (open false: what leaves), or of the owner's own. */
void sund_mme_result(sund_json *j, const sund_matcher *m, const sund_likeness *x, bool own);

/** "_explanation" of a likeness, into a score that is open. */
void sund_mme_explain(sund_json *j, const sund_matcher *m, const sund_likeness *x);

/** A case as the question that leaves: "match {...}" on one line, NUL-terminated. Of it leave contact, features and genes; not its id, sex, disorders and variants. */
sund_code sund_mme_question(const sund_case *c, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** Answers of several nodes as one: results best first, at most max; "_nodes" says of each whether it answered, or why not. text: of one that answered. */
typedef struct sund_mme_answer { const char *node, *why; bool answered; sund_cur text; } sund_mme_answer;
sund_code sund_mme_merge(const sund_mme_answer *a, size_t n, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
