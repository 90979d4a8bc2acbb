#ifndef SUND_STUDY_MESSAGES_H
#define SUND_STUDY_MESSAGES_H

#include "gate/leave.h"
#include "secagg/check.h"

/** Bodies of study messages; layouts in doc/protocol.md. All readers are strict: nothing left over, every field in bounds. */

enum { SUND_BODY_MAX = 64 << 20 }; /**< of any message but TOTAL, which the hub itself makes; a hub reads no longer one */
enum { SUND_VARS_MAX = 32768, SUND_STRATA_TEXT_MAX = 2048, SUND_REASON_MAX = 400, SUND_ATTEMPT_MAX = 16 };

/** Where in a study a sum stands. */
typedef struct sund_slot { uint32_t round, chunk, attempt; } sund_slot;
void sund_slot_write(const sund_slot *s, sund_buf *out);
void sund_slot_read(sund_cur *c, sund_slot *s);

/** LINE: a node's decision, and what it pins. */
typedef struct sund_line {
    bool            approved;
    char            reason[SUND_REASON_MAX + 1]; /**< of a refusal */
    char            version[33];
    sund_digest     roster;     /**< that this node works with: whoever is shown another federation finds out here */
    sund_pub        eph;
    uint8_t         nonce[32];
    sund_digest     release;    /**< name of the data release: keyed, so that nobody else can test guesses of the data against it */
    sund_thresholds thresholds;
    bool            has_people; /**< the cohort here has at least cell_min people */
    char            strata[SUND_STRATA_TEXT_MAX + 1]; /**< "FI|SE": whose strata lie here; "" without strata */
    char            vars[SUND_VARS_MAX + 1]; /**< canonical declarations of the variables used */
} sund_line;
void      sund_thresholds_write(const sund_thresholds *t, sund_buf *out);
/** sund_thresholds_check_one() is the caller's. */
void      sund_thresholds_read(sund_cur *c, sund_thresholds *t);
void      sund_line_write(const sund_line *l, sund_buf *out);
sund_code sund_line_read(sund_cur body, sund_line *l, sund_err *err) SUND_MUST_CHECK;

/** TOTAL: slot, headers of all masked vectors in session order, the sum's bytes. */
typedef struct sund_total { sund_slot slot; size_t n_head; sund_envelope head[SUND_NODE_MAX]; sund_vec sum; } sund_total;
void      sund_total_write(const sund_slot *slot, const sund_envelope *head, size_t n_head, const sund_vec *sum, sund_buf *out);
/** Owns: sund_vec_free(&t->sum). */
sund_code sund_total_read(sund_cur body, sund_total *t, sund_err *err) SUND_MUST_CHECK;

/** SIGN_TOTAL: slot, digest of the total's message, and the own vector's sums of the check of the
 * addition (secagg/check.h). Owns: sund_vec_free(sums). */
void      sund_sign_total_write(const sund_slot *slot, const sund_digest *d, const sund_vec *sums,
                                sund_buf *out);
sund_code sund_sign_total_read(sund_cur body, sund_slot *slot, sund_digest *d, sund_vec *sums,
                               sund_err *err) SUND_MUST_CHECK;

/** SIGN_RELEASE (slot zero; attempt 1: of the proposal): slot and digest. */
void      sund_signed_write(const sund_slot *slot, const sund_digest *d, sund_buf *out);
sund_code sund_signed_read(sund_cur body, sund_slot *slot, sund_digest *d, sund_err *err) SUND_MUST_CHECK;

/** RETRY (slot: the new attempt, at most SUND_ATTEMPT_MAX: more is malice): slot and reason. */
void      sund_reason_write(const sund_slot *slot, const char *reason, sund_buf *out);
sund_code sund_reason_read(sund_cur body, sund_slot *slot, char reason[SUND_REASON_MAX + 1], sund_err *err) SUND_MUST_CHECK;

/** STOP: a slot of zeros, in the place of whose attempt stands how; and reason. */
typedef enum sund_stop_how {
    SUND_STOPS,      /**< the study cannot go on as it is */
    SUND_LEAVES,     /**< this node has left it for good */
    SUND_LEAVES_FREE /**< and agrees that the others ask it again without this node, who then can compute its own sums */
} sund_stop_how;
void      sund_stop_write(sund_stop_how how, const char *reason, sund_buf *out);
sund_code sund_stop_read(sund_cur body, sund_stop_how *how, char reason[SUND_REASON_MAX + 1], sund_err *err) SUND_MUST_CHECK;

/** What an answer to a poll is signed for: the digest of the batch's bytes but for its messages' bodies, each of which has its digest in its own header, where the node looks
 *  that up anyway. */
sund_code sund_batch_digest(sund_cur batch, sund_digest *out, sund_err *err) SUND_MUST_CHECK;

/** What a MASKED header carries in `prev`: the digest of session and label, so that a vector cannot be passed off for another's place. */
sund_digest sund_label_digest(const sund_digest *session, const sund_mask_label *label);

#endif
