#ifndef SUND_STUDY_REPLAY_H
#define SUND_STUDY_REPLAY_H

#include "study/party.h"

/** Replay: an auditor at a node computes again what the node said in a study, and holds it against what its log committed it to, bit for bit.
 *
 *  Before a vector x leaves masked, the log gets a commitment to it,
 *      c = BLAKE2b keyed with k(x's bytes),  k = BLAKE2b keyed with keys/replay.key("commit" || study || slot)
 *  which hides x from whoever has not got keys/replay.key (32 random bytes, mode 0600), and binds the node that has. Destroying that file ends all replay for good.
 *
 *  Vectors of the first round follow from the study and the own data. Those of later rounds follow from totals too: with `replay = keep` in sund.ini the
 *  transcript's masked totals and sealed keys stay, and the session's secrets, locked under keys/replay.key, beside them; the whole study is then heard
 *  again, to the release's bytes. With `forget` (the default) both go when the study ends, and only the first round can be computed again. */

/** keys/replay.key. make: when it is not there. Errors: SUND_E_NOT_FOUND. */
sund_code   sund_replay_key(const char *key_dir, bool make, sund_key *out, sund_err *err) SUND_MUST_CHECK;
sund_digest sund_replay_commit(const sund_key *k, const sund_digest *study, const sund_slot *slot, const sund_vec *x);
/** Session secrets into the database, locked under keys/replay.key, and back. */
sund_code   sund_replay_keep(const sund_party_node *node, const sund_digest *study, const sund_session_key *key, sund_err *err) SUND_MUST_CHECK;

typedef enum sund_replay_verdict { SUND_REPLAY_SAME, SUND_REPLAY_DIFFERS, SUND_REPLAY_KEPT } sund_replay_verdict; /**< KEPT: not replayable, the log keeps the digests */
const char *sund_replay_verdict_name(sund_replay_verdict v);

typedef struct sund_replay_line { sund_slot slot; sund_digest commitment; sund_replay_verdict verdict; } sund_replay_line;
typedef struct sund_replay {
    sund_replay_line   *line; /**< each vector that left, in order */
    size_t              n_line, n_same, n_differs, n_kept;
    bool                with_withdrawn; /**< people who withdrew since took part again */
    sund_replay_verdict release;
    char                why[200]; /**< why some are not replayable, "" when all are */
} sund_replay;
/** log: whose commitments it is held against: the node's own database, or an exported log of it (gate/trail.h). decision: why people who withdrew since may be computed with again, NULL when nobody decided so. It is in the ledger before anything is computed.
 *  Owns: sund_replay_free(). Errors: SUND_E_NOT_FOUND for a study that this node has not ended; SUND_E_DENIED where a decision is needed; SUND_E_FORMAT for an
 *  altered log. */
sund_code sund_replay_study(const sund_party_node *node, const sund_digest *study, sund_db *log, const char *decision, sund_replay *out, sund_err *err) SUND_MUST_CHECK;
void      sund_replay_free(sund_replay *r);

#endif
