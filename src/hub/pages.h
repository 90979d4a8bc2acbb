#ifndef SUND_HUB_PAGES_H
#define SUND_HUB_PAGES_H

#include "gate/budget.h"
#include "gate/pagelog.h"
#include "home/site.h"
#include "hub/harvest.h"
#include "hub/questions.h"
#include "net/server.h"

/** The hub's pages (home/site.h): the same as a node's, over all nodes. And the catalogue of data sets (hub/harvest.h). On the hub's own port under /beacon, /fdp and /datasets, and where [pages] has a port, there too, for a proxy in front.
 *  Owns: sund_hub_pages_close(), safe on NULL. */
typedef struct sund_hub_pages sund_hub_pages;
sund_code sund_hub_pages_open(sund_hub_pages **p, const sund_home *h, sund_questions *q, sund_harvest *harvest, sund_budget *budget, pthread_mutex_t *db_lock, sund_err *err) SUND_MUST_CHECK;
void      sund_hub_pages_close(sund_hub_pages *p);
/** False, and nothing done, for a path that is no page. alone: at an address that has pages only, where the Beacon's are at the root too. */
bool      sund_hub_pages_answer(sund_hub_pages *p, const sund_request *in, bool alone, sund_response *out);
/** Writes what the log of pages and the budgets of askers have; called about once a second. */
void      sund_hub_pages_tick(sund_hub_pages *p);

#endif
