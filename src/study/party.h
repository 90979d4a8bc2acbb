#ifndef SUND_STUDY_PARTY_H
#define SUND_STUDY_PARTY_H

#include "study/agreement.h"
#include "study/engine.h"
#include "study/messages.h"

/** One study at one node: a state machine over the study's log of messages, which the hub has put in order.
 *
 *  sund_party_feed() takes the next message; sund_party_next() says what this node owes, if anything, given all it has been fed. What is owed
 *  depends on the log and the node's own data alone, so a node that was killed feeds itself the stored log and goes on with the
 *  same bytes. Nothing here talks to a network. Threads: one at a time for each party. */
typedef struct sund_party sund_party;

/** What a node brings; must outlive its parties. */
typedef struct sund_party_node {
    const sund_identity *me;
    const sund_roster   *roster;
    sund_gate           *gate;
    sund_db             *db;       /**< transcripts: sund_party_tables() */
    const char          *key_dir;  /**< where session keys are kept (0600) while a study runs */
    const char          *folder;   /**< of sund_release_begin() */
    const sund_store    *store;
    sund_people         *people;
    sund_file_get        file;     /**< public files by digest: catalogues and what else a study names */
    void                *ctx;
    unsigned             n_thread;
    sund_runner_open     runner;      /**< NULL: own sums are computed in this process */
    bool                 keep_replay; /**< at an end, what a whole replay needs stays (study/replay.h) */
    const sund_dac      *dac;         /**< who decides here */
    const char          *data;        /**< the data set that it brings, as agreements name it */
    const char          *trust;       /**< home whose trusted issuers verify logins; NULL: none is taken */
    const char          *visa;        /**< data set for which every study here needs a ControlledAccessGrants visa; NULL: none is asked for */
} sund_party_node;

typedef enum sund_party_state {
    SUND_PARTY_APPROVAL = 0, /**< waits for this node's decision */
    SUND_PARTY_LINES,        /**< waits for the other nodes' decisions */
    SUND_PARTY_ROUNDS,
    SUND_PARTY_RELEASE,      /**< the nodes compare and sign the result */
    SUND_PARTY_RELEASED,
    SUND_PARTY_REFUSED,
    SUND_PARTY_STOPPED
} sund_party_state;
const char *sund_party_state_name(sund_party_state s);

/** Makes the tables: study, message, sent, login, and those of the parts. */
sund_code sund_party_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK;

/** A study as it came to this node: the researcher's envelope, checked (sund_submit_check), the text that it signs, and the key (may be NULL) that signed. Errors:
 *  SUND_E_NOT_FOUND when it has not come; SUND_E_DENIED when it is not what a researcher signed. */
sund_code sund_party_submitted(sund_db *db, const sund_roster *roster, const sund_digest *study, sund_envelope *e, sund_buf *text, sund_pub *key, sund_err *err) SUND_MUST_CHECK;
/** The same, read: what it asks. */
sund_code sund_party_read_study(sund_db *db, const sund_roster *roster, const sund_digest *name, sund_study *out, sund_err *err) SUND_MUST_CHECK;

/** A study's party, with whatever its stored log holds fed again. Owns: sund_party_close(), safe on NULL. */
sund_code sund_party_open(sund_party **p, const sund_party_node *node, const sund_digest *study, sund_err *err) SUND_MUST_CHECK;
void      sund_party_close(sund_party *p);
/** Message `index` of the log: the next one. Stores it before acting. A message that breaks the protocol stops the study (state, detail), it
 *  does not fail the call. What nobody of the study signed, or is larger than its kind may be, is not kept but for its header. Errors: SUND_E_IO when disk or
 *  database fail here, which pauses the study until they work again; SUND_E_DENIED for more of what nobody signed once the study must stop. */
sund_code sund_party_feed(sund_party *p, const sund_envelope *e, const void *body, size_t n_body, sund_err *err) SUND_MUST_CHECK;
/** Whether a message begins the study of that name: a researcher's signature over the text that the name stands for. Nothing is kept of others. A login is verified
 *  here, now, by this node's own trusted issuers, and so is the visa that it asks for; what came of it is kept (table login), for a token that runs out later does not stop
 *  a study. A login that does not hold, or a visa that is not there, is this node's reason to refuse the study, which its line will say. */
sund_code sund_party_begins(const sund_party_node *node, const sund_digest *study, const sund_envelope *e, const void *body, size_t n_body, sund_err *err) SUND_MUST_CHECK;
/** Errors: SUND_E_IO when disk or database fail here: the study is paused (status), call again later. *out is NULL when nothing is owed now. The caller sends it and frees it. A message given out is given again only by
 *  sund_party_again() or after a restart. */
sund_code sund_party_next(sund_party *p, sund_leave **out, sund_err *err) SUND_MUST_CHECK;
void      sund_party_again(sund_party *p); /**< the last one did not arrive */
uint32_t  sund_party_index(const sund_party *p); /**< of the next message to feed */

typedef struct sund_party_status {
    sund_party_state state;
    const char      *detail; /**< reason of an end, or the round and chunk */
    const char      *round;
    uint32_t         chunk, n_chunk;
    const char      *waiting_for; /**< names of nodes whose word is missing, "" for none */
    const char      *trouble;     /**< what ended the study here, in words for this node's operator alone; "" for nothing */
    bool             paused;      /**< a disk or database failed here; trouble says how */
    bool             own_waits;   /**< the own sums are being computed elsewhere: ask sund_party_next() again in a second */
} sund_party_status;
void sund_party_describe(sund_party *p, sund_party_status *out);

/** Whether the gate's memory of answers would let this node answer a study, whose view this is; nothing is entered. For who is to decide. */
sund_code sund_party_would_ask(const sund_party_node *node, const sund_study *s, sund_view *v, sund_err *err) SUND_MUST_CHECK;

/** A node that leaves a running study for good decides so as it decides other things (dac.h). Whether totals were opened in it, as far as the gate remembers: not for open data. */
sund_code sund_leaving_opened(sund_db *db, const sund_digest *study, bool *out, sund_err *err) SUND_MUST_CHECK;
/** Whether this node may agree, as it leaves, that the others ask the same again without it: every vector that it sent, in this study and those that it goes on from, would have passed
 *  by itself, or nothing was opened. Errors: SUND_E_DENIED with the rule. */
sund_code sund_leaving_may_agree(sund_db *db, const sund_roster *roster, const sund_digest *study, sund_err *err) SUND_MUST_CHECK;
/** The studies that s goes on from, its predecessor first, as long as all who left them have agreed to it. Errors: SUND_E_MISMATCH when s is not what its line `after` says. */
sund_code sund_study_afters(sund_db *db, const sund_roster *roster, const sund_study *s, sund_digest out[SUND_NODE_MAX], size_t *n, sund_err *err) SUND_MUST_CHECK;

/** An approval that is revoked (dac.h: sund_party_next() takes that up while the study runs) after the release: the node's copy goes, the log says what
 *  that can and cannot do, and the hub is to be told, which then gives out none either. Errors: SUND_E_NOT_FOUND when it is not released here. */
sund_code sund_party_recall(sund_db *db, const sund_digest *study, const char *node, const char *reason, sund_err *err) SUND_MUST_CHECK;
/** One that the hub was not told yet; and that it was. */
sund_code sund_recall_untold(sund_db *db, bool *any, sund_digest *study, char reason[SUND_DAC_REASON_MAX + 1], sund_err *err) SUND_MUST_CHECK;
sund_code sund_recall_told(sund_db *db, const sund_digest *study, sund_err *err) SUND_MUST_CHECK;
/** Another node of a study has recalled it. Logged here. Errors: SUND_E_DENIED unless it is a study of both. */
sund_code sund_recall_heard(sund_db *db, const sund_roster *roster, const sund_digest *study, const char *node, const char *reason, sund_err *err) SUND_MUST_CHECK;

#endif
