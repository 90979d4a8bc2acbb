#ifndef SUND_SECAGG_MASK_H
#define SUND_SECAGG_MASK_H

#include "secagg/roster.h"
#include "secagg/vec.h"

/** One study's masks. The session is the digest of the study and of every node's signed line, so that all nodes that mask together hold
 *  the identical list. */
typedef struct sund_session {
    sund_digest digest;
    size_t      n_node, me;
    struct { char id[SUND_ID_MAX + 1]; sund_pub eph; } node[SUND_NODE_MAX]; /**< sorted by id */
} sund_session;

/** What one masked vector is for. No two different vectors may ever have the same label. */
typedef struct sund_mask_label {
    uint32_t    round, chunk, attempt;
    sund_digest params; /**< of the round's parameters */
} sund_mask_label;

/** Own secrets of a session: kept in a 0600 file while the study runs, wiped at its end.
 *  `own` is drawn at random for the session; the own mask key of a label is keyed BLAKE2b(own; session, label): as fresh as a drawn one, and a
 *  node that was killed makes the same bytes again instead of needing a new attempt. */
typedef struct sund_session_key { sund_key eph, own; } sund_session_key;
void      sund_session_key_make(sund_session_key *k);
sund_code sund_session_key_save(const sund_session_key *k, const char *path, sund_err *err) SUND_MUST_CHECK;
sund_code sund_session_key_load(sund_session_key *k, const char *path, sund_err *err) SUND_MUST_CHECK;

/** A masked vector: the only data-derived thing that secagg lets out. Made only by sund_mask().
 *      y_u = x_u + PRG(b_u) + sum_{v>u} PRG(s_uv) - sum_{v<u} PRG(s_uv)
 *  s_uv = keyed BLAKE2b(X25519(u, v); session, label, lower id, higher id); PRG = AES-256-CTR; u < v by position in the session. */
typedef struct sund_masked sund_masked;
sund_code      sund_mask(sund_masked **out, const sund_session *s, const sund_session_key *k, const sund_mask_label *label, const sund_vec *x, sund_err *err) SUND_MUST_CHECK;
/** What is sent: u32 round, u32 chunk, u32 attempt of the label, then the vector as sund_vec_write. */
const uint8_t *sund_masked_body(const sund_masked *m, size_t *n);
/** Its body behind room for the header of the envelope that it leaves in, as long as it is held: y is needed again, for the check of the hub's addition, and has megabytes. Who
 *  holds it frees it too. */
sund_buf       sund_masked_hold(sund_masked *y);
sund_digest    sund_masked_digest(const sund_masked *m); /**< of the body */
void           sund_masked_free(sund_masked *m);

/** Own mask key b_u of a label, to be sealed to each peer once all nodes have signed the total. */
sund_key  sund_mask_own_key(const sund_session *s, const sund_session_key *k, const sund_mask_label *label);
/** Every peer's copy (own included) of b_u: n_node sealed boxes, in session order, appended to out. */
sund_code sund_mask_seal_own(const sund_session *s, const sund_session_key *k, const sund_mask_label *label, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** The copy for me out of a peer's such message. */
sund_code sund_mask_unseal_peer(const sund_session *s, const sund_session_key *k, sund_cur sealed, sund_key *b, sund_err *err) SUND_MUST_CHECK;
/** total = T - sum PRG(b_v), in place; b: n_node keys in session order. */
sund_code sund_mask_open(const sund_session *s, const sund_key *b, sund_vec *total, sund_err *err) SUND_MUST_CHECK;

#endif
