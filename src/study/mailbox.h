#ifndef SUND_STUDY_MAILBOX_H
#define SUND_STUDY_MAILBOX_H

#include "base/db.h"
#include "study/messages.h"
#include "study/study.h"

/** The hub's side of every study: puts messages in order, adds opaque vectors, keeps releases. It never sees a number that the gate has not
 *  passed, and needs no trust but for availability: nodes check what it does. All state is in the database; a killed hub goes on
 *  from it. Threads: the caller holds one lock around these calls. */
typedef struct sund_mailbox {
    sund_db             *db;
    const sund_identity *me;     /**< the hub's */
    const sund_roster   *roster;
} sund_mailbox;

sund_code sund_mailbox_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK;

/** Refuses an envelope whose seq is not above the last of its sender and channel (replay), then remembers it. */
sund_code sund_mailbox_number(sund_mailbox *m, const sund_envelope *e, sund_err *err) SUND_MUST_CHECK;

/** A study message of a researcher (SUBMIT) or node. The signature must have been checked. The same again is accepted and changes nothing;
 *  something else in its place is refused. In a transaction of its own, or as a part of one that is open. */
sund_code sund_mailbox_post(sund_mailbox *m, const sund_envelope *e, const void *body, size_t n_body, sund_err *err) SUND_MUST_CHECK;

/** Appends to out, for each study that asks this node: 32 bytes study, u32 index, header, blob body (sund_batch_digest()) - from the index the node has (known: pairs of
 *  digest and u32 next index; others start at 0), until out has max bytes. SUND_INDEX_DONE in the place of an index: the node is done with that
 *  study, and is not sent it again unless it asks with an index. The study of zeros is the log of notices (notices.h). */
#define SUND_INDEX_DONE UINT32_MAX
/** The same for a node that can wait: words of which every node of a study must say one (lines, signatures, keys) are left out until all have, for before that no node can
 *  do anything with them. */
sund_code sund_mailbox_news(sund_mailbox *m, const char *node, sund_cur known, size_t max, sund_buf *out, bool *any, sund_err *err) SUND_MUST_CHECK;
sund_code sund_mailbox_batch(sund_mailbox *m, const char *node, sund_cur known, size_t max, sund_buf *out, bool *any, sund_err *err) SUND_MUST_CHECK;

/** State of every study, newest first, or of one: for people. */
typedef struct sund_mailbox_row { sund_digest study; const char *title, *researcher, *state, *detail, *received, *nodes, *decided; bool ended; } sund_mailbox_row; /**< nodes: ",ES,FI,"; decided: those of them whose decision is here, "" once all are */
typedef sund_code (*sund_mailbox_each)(void *ctx, const sund_mailbox_row *row, sund_err *err);
sund_code sund_mailbox_list(sund_mailbox *m, sund_mailbox_each each, void *ctx, sund_err *err) SUND_MUST_CHECK;
/** Whether `who` may have a study's release: the researcher who asked, or a node of the study. */
sund_code sund_mailbox_may_fetch(sund_mailbox *m, const sund_digest *study, const char *who, sund_err *err) SUND_MUST_CHECK;
/** A node of a released study approves it no more: the result is deleted here, and given out to nobody again. Again changes nothing. Errors: SUND_E_NOT_FOUND when it has no release;
 *  SUND_E_DENIED for a node that it does not ask. */
sund_code sund_mailbox_recall(sund_mailbox *m, const sund_digest *study, const char *node, const char *reason, sund_err *err) SUND_MUST_CHECK;
/** The text of a study. */
sund_code sund_mailbox_text(sund_mailbox *m, const sund_digest *study, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** The manifest of a study's release: what all nodes signed. Errors: SUND_E_NOT_FOUND says the state the study is in; SUND_E_DENIED: it was recalled. */
sund_code sund_mailbox_release(sund_mailbox *m, const sund_digest *study, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** What somebody who may have it is given of a release (study/released.h): which 0: the text, the nodes' signatures and the manifest; k: part k, from 1. Errors: as above. */
sund_code sund_mailbox_fetch(sund_mailbox *m, const sund_digest *study, uint32_t which, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
