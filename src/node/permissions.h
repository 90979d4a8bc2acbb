#ifndef SUND_NODE_PERMISSIONS_H
#define SUND_NODE_PERMISSIONS_H

#include "home/home.h"
#include "net/server.h"

/** What of REMS's API others ask: who may use this node's data set, by applications that are approved here and came with a login. For programs that ask a REMS today.
 *
 *      GET /api/jwk                    the key set of visa.ini, to anybody: what belongs at its jku
 *      GET /api/entitlements           [{"resource", "user": {"userid", "name", "email"}, "application-id", "start", "end", "mail"}]; user= and resource=, each once, narrow it down
 *      GET /api/permissions/USER       {"ga4gh_passport_v1": [visa, ...]}: a ControlledAccessGrants visa for each, made now (token/visa.h)
 *
 *  The latter two with the header x-rems-api-key, a token of the home's permissions.ini ('sund peer add --permissions'). Nothing is there unless [pages] grants names the data set. */
#define SUND_PERMISSIONS_FILE "permissions.ini"
bool sund_permissions_has(const char *path);
/** grants: the data set's name in visas, "" for none. What is told is in the ledger before it is; the caller holds the database. */
void sund_permissions_page(const sund_home *h, const char *grants, const sund_request *in, sund_response *out);

#endif
