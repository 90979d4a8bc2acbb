#ifndef SUND_EXCHANGE_MME_HTTP_H
#define SUND_EXCHANGE_MME_HTTP_H

#include "exchange/mme.h"
#include "exchange/peers.h"

#define SUND_MATCH_PATH "/match"

/** POST /match of Matchmaker Exchange v1.1 as a question; what knows a socket gives it the parts of the request. */
typedef struct sund_mme_http {
    const char *method, *type, *token; /**< headers Content-Type and X-Auth-Token; NULL where there is none */
    const void *body;
    size_t      n_body;
    const char *peers; /**< path of peers.ini */
} sund_mme_http;
enum { SUND_MME_ASKER = SUND_PEER_NAME_MAX + 5 };

/** 0: question is "match @NAME {...}", NUL-terminated, and asker is NAME: "mme-" and the name of the service whose token it is. Else an HTTP status, and question the body that goes with it.
 *  why: for the log where peers.ini cannot be read; "" otherwise. */
int  sund_mme_http_question(const sund_mme_http *in, char asker[SUND_MME_ASKER], sund_buf *question, char why[240]);
/** A body for an error: {"message": ...}. */
void sund_mme_http_error(sund_buf *out, int status, const char *message);

#endif
