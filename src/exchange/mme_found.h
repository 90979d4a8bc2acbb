#ifndef SUND_EXCHANGE_MME_FOUND_H
#define SUND_EXCHANGE_MME_FOUND_H

#include "exchange/mme.h"

/** What another service of Matchmaker Exchange answered: bytes of others, read strictly. */
typedef struct sund_mme_reply {
    const char *from;   /**< the service's name here, for errors */
    long        status; /**< of HTTP */
    const char *type;   /**< Content-Type, or "" */
    const void *body;
    size_t      n_body;
} sund_mme_reply;
enum { SUND_MME_REPLY_MAX = 1 << 20, SUND_MME_FOUND_MAX = 100 };

typedef struct sund_mme_one { double score; sund_case c; } sund_mme_one; /**< score: as they give it, 0 .. 1; c.own: their id for it */
typedef struct sund_mme_found {
    sund_mme_one *at;   /**< best first, as they stood among equals */
    size_t        n, n_left;       /**< n_left: results that are none by the standard; */
    char          why[200];        /**< why the first of them is none */
    char          disclaimer[2048];
} sund_mme_found;

/** Only an HTTP status of 200, a type of JSON and an object with "results", at most SUND_MME_FOUND_MAX of them, are an answer; a result needs a score from 0 to 1 and a patient as sund_case_read_mme()
 *  reads one, else it is left out. Errors: SUND_E_DENIED when the token is not known there, SUND_E_ARG when the request was not taken, SUND_E_LIMIT for too many requests or results, SUND_E_UPSTREAM else, with what the
 *  service said of it, without what a terminal would act on. Owns: sund_mme_found_free(), safe on a zeroed one. */
sund_code sund_mme_found_read(sund_mme_found *f, const sund_mme_reply *r, sund_err *err) SUND_MUST_CHECK;
void      sund_mme_found_free(sund_mme_found *f);

/** As the results of own cases are shown: their score, and beside it ours, explained by what terms weigh among m's cases; at most max. */
sund_code sund_mme_found_write(const sund_mme_found *f, sund_matcher *m, const sund_case *query, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
