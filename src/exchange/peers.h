#ifndef SUND_EXCHANGE_PEERS_H
#define SUND_EXCHANGE_PEERS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/** Services that may ask over HTTP - for matches (peers.ini, X-Auth-Token), who may use the data (permissions.ini, x-rems-api-key) - each by a token of its own. The file (0600) has names and digests of tokens, no token: it is said once, when it is made.
 *
 *      [peer decipher]
 *      token = 64 hex digits, BLAKE2b-256 of the token's text        added = 2026-11-26
 */
enum { SUND_PEER_NAME_MAX = 40, SUND_PEERS_MAX = 256 };

/** The name of whose token it is. false: nobody's, or there is no file. Errors: SUND_E_DENIED for a file that others may read, SUND_E_FORMAT. */
sund_code sund_peers_find(const char *path, const char *token, char name[SUND_PEER_NAME_MAX + 1], bool *found, sund_err *err) SUND_MUST_CHECK;
/** Makes a token for a new peer: letters, digits, _ and -. Errors: SUND_E_ARG where there is one of this name. */
sund_code sund_peers_add(const char *path, const char *name, char token[65], sund_err *err) SUND_MUST_CHECK;
sund_code sund_peers_remove(const char *path, const char *name, sund_err *err) SUND_MUST_CHECK; /**< SUND_E_NOT_FOUND */
/** Name and day of each, a line each. */
sund_code sund_peers_list(const char *path, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
