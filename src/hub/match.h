#ifndef SUND_HUB_MATCH_H
#define SUND_HUB_MATCH_H

#include "exchange/mme_http.h"
#include "home/home.h"
#include "hub/questions.h"
#include "net/server.h"

/** POST /match of Matchmaker Exchange v1.1 at the hub: from services that have a token in peers.ini of its home. The request goes to all nodes, and their results are one answer. */
void sund_match_page(const sund_home *h, sund_questions *q, const sund_request *in, sund_response *out);

#endif
