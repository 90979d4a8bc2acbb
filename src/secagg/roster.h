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
    bool      has_former;          /**< it also signed with the key that it had before */
    sund_sig  former;
} sund_member;

/** Who is in the federation: one INI file that the nodes' operators sign. The hub cannot add a key.
 *
 *      [federation]            [hub]                          [node FI]          [researcher anna]
 *      name = demo             sign = <64 hex>                sign = <64 hex>    sign = <64 hex>
 *                              url = https://127.0.0.1:8750
 *                              pin = sha256//<base64>
 *  followed by one [signature ID] section for each node: `sig = <128 hex>` over the digest of every byte before the first
 *  line that begins with "[signature". A roster that follows another one says so in [federation]: `number = 2` and `before = ` the other's digest; a node
 *  whose key is a new one signs with the old key too, in [signature-former ID]. Owns: sund_roster_free(). */
typedef struct sund_roster {
    char         name[64], hub_url[256], hub_pin[64];
    sund_member *member;  /**< hub first, then nodes by id, then researchers by id */
    size_t       n_member, n_node;
    uint32_t     number;  /**< 1 for the first */
    sund_digest  before;  /**< digest of the one before; zero for the first */
    sund_digest  digest;  /**< of the signed part */
} sund_roster;

/** Parses and, unless unsigned_ok, demands a valid signature of every node. Errors name the section and line. */
sund_code sund_roster_parse(sund_roster *r, const char *name, const void *p, size_t n, bool unsigned_ok, sund_err *err) SUND_MUST_CHECK;
sund_code sund_roster_read(sund_roster *r, const char *path, bool unsigned_ok, sund_err *err) SUND_MUST_CHECK;
void      sund_roster_free(sund_roster *r);
/** Member by id (and role unless 0), or NULL. */
const sund_member *sund_roster_find(const sund_roster *r, const char *id, sund_role role);
/** Whether `next` may take the place of `now` (both sound by themselves): it names now as the one before; more than half of now's nodes are still in it; each of
 *  those signed it with the key that it has in now. A node that leaves signs nothing; whose key is lost leaves, and joins again in the next one.
 *  Errors: SUND_E_DENIED, SUND_E_MISMATCH, saying what is missing. */
sund_code sund_roster_follows(const sund_roster *now, const sund_roster *next, sund_err *err) SUND_MUST_CHECK;
/** "12345 67890 ...": six groups of five digits, to be read out over the phone: 99 bits of a digest of the 32 bytes. */
typedef struct sund_spoken { char s[36]; } sund_spoken;
sund_spoken sund_fingerprint(const uint8_t b[32]);
/** Length of the signed part of a file: up to the first line that begins with "[signature". */
size_t    sund_signed_part(const char *s, size_t n);
/** The [signature ID] section (former: [signature-former ID]) that an operator adds to the roster file's text. */
sund_code sund_roster_sign(const void *p, size_t n, const char *id, bool former, const sund_sign_key *key, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** A member's own identity: INI file, mode 0600: id, sign secret (hex). */
typedef struct sund_identity { char id[SUND_ID_MAX + 1]; sund_pub pub; sund_sign_key key; } sund_identity;
sund_code sund_identity_make(sund_identity *me, const char *id, const char *path, sund_err *err) SUND_MUST_CHECK;
/** Refuses a file that group or others may read. */
sund_code sund_identity_read(sund_identity *me, const char *path, sund_err *err) SUND_MUST_CHECK;
bool      sund_id_ok(const char *id); /**< 1..SUND_ID_MAX of [A-Za-z0-9_-] */

/** The name of somebody who is in no roster and logs in instead: "login-" and the first 13 bytes of the key's digest in hex. No member may have a name that begins so. */
#define SUND_ID_LOGIN "login-"
void      sund_id_of_key(const sund_pub *key, char out[SUND_ID_MAX + 1]);

#endif
