#ifndef SUND_SECAGG_ROSTER_H
#define SUND_SECAGG_ROSTER_H

#include "base/buf.h"
#include "base/crypto.h"

enum { SUND_ID_MAX = 32, SUND_NODE_MAX = 30 };

typedef enum sund_role { SUND_ROLE_HUB = 1, SUND_ROLE_NODE, SUND_ROLE_RESEARCHER } sund_role;

typedef struct sund_member {
    char      id[SUND_ID_MAX + 1]; /**< [A-Za-z0-9_-] */
    sund_role role;
    sund_pub  sign;                /**< Ed25519 */
} sund_member;

/** Who is in the federation: one INI file that the nodes' operators sign. The hub cannot add a key.
 *
 *      [federation]            [hub]                          [node FI]          [researcher anna]
 *      name = demo             sign = <64 hex>                sign = <64 hex>    sign = <64 hex>
 *                              url = https://127.0.0.1:8750
 *                              pin = sha256//<base64>
 *  followed by one [signature ID] section for each node: `sig = <128 hex>` over the digest of every byte before the first
 *  line that begins with "[signature ". Owns: sund_roster_free(). */
typedef struct sund_roster {
    char         name[64], hub_url[256], hub_pin[64];
    sund_member *member;  /**< hub first, then nodes by id, then researchers by id */
    size_t       n_member, n_node;
    sund_digest  digest;  /**< of the signed part */
} sund_roster;

/** Parses and, unless unsigned_ok, demands a valid signature of every node. Errors name the section and line. */
sund_code sund_roster_parse(sund_roster *r, const char *name, const void *p, size_t n, bool unsigned_ok, sund_err *err) SUND_MUST_CHECK;
sund_code sund_roster_read(sund_roster *r, const char *path, bool unsigned_ok, sund_err *err) SUND_MUST_CHECK;
void      sund_roster_free(sund_roster *r);
/** Member by id (and role unless 0), or NULL. */
const sund_member *sund_roster_find(const sund_roster *r, const char *id, sund_role role);
/** The [signature ID] section that an operator adds to the roster file's text. */
sund_code sund_roster_sign(const void *p, size_t n, const char *id, const sund_sign_key *key, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** A member's own identity: INI file, mode 0600: id, sign secret (hex). */
typedef struct sund_identity { char id[SUND_ID_MAX + 1]; sund_pub pub; sund_sign_key key; } sund_identity;
sund_code sund_identity_make(sund_identity *me, const char *id, const char *path, sund_err *err) SUND_MUST_CHECK;
/** Refuses a file that group or others may read. */
sund_code sund_identity_read(sund_identity *me, const char *path, sund_err *err) SUND_MUST_CHECK;
bool      sund_id_ok(const char *id); /**< 1..SUND_ID_MAX of [A-Za-z0-9_-] */

#endif
