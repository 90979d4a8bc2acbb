#ifndef SUND_STUDY_PARTY_PRIV_H
#define SUND_STUDY_PARTY_PRIV_H

#include "study/party.h"

/* Shared by party.c (the log and its storage), party_hear.c (what each message means), party_say.c (what is owed), party_decide.c (what was decided here)
 * and party_leave.c (a node that will not come back). */

typedef struct party_peer {
    bool        has_line, signed_total, opened, signed_release;
    sund_line   line;
    sund_digest line_head; /* of the LINE's header */
    sund_digest last;      /* header of its last message in the log */
    sund_digest release;   /* what it signed last as the result */
} party_peer;

struct sund_party {
    const sund_party_node *node;
    sund_digest            name;
    sund_study             study;
    sund_buf               text;        /* of the study */
    bool                   by_login;    /* a login came with it */
    size_t                 me;          /* index in study.node */
    uint32_t               n_fed;
    sund_party_state       state;
    char                   detail[SUND_REASON_MAX + 1], waiting[SUND_NODE_MAX * (SUND_ID_MAX + 2) + 1];
    char                   fault[SUND_REASON_MAX + 1]; /* why this node must stop the study; "" for none */
    char                   trouble[480]; /* the same, whole; or why the study is paused */
    bool                   paused;      /* a disk or database of this machine failed: what is owed is tried again */
    bool                   rehearing;   /* for study/replay.h: nothing is kept, paused or owed; the own key is given or missing */
    bool                   broken;      /* it failed in the middle of hearing: all is heard again before anything else */
    bool                   said;        /* an owed message was given out and is not in the log yet */
    bool                   said_stop;
    bool                   withdrawn;   /* the fault is that this node no longer approves, or has left */
    sund_stop_how          saying;      /* how this node's STOP says it */
    sund_stop_how          leaving;     /* how the STOP that ended it was said, */
    size_t                 leaver;      /* and by whom */
    uint32_t               n_opened;    /* totals so far */
    sund_thresholds        own;         /* this node's for this study: the gate's, or what an exception makes of them; in its line */
    unsigned               lifted;      /* rules of the gate's memory that an exception lifts, until the line is said */
    party_peer             peer[SUND_NODE_MAX];
    sund_hasher            transcript;  /* of all headers so far */

    sund_catalogue        *catalogue;   /* NULL when the study names none */
    sund_files             files;
    sund_view             *view;
    int64_t                people_version; /* of the people that the view was last held against */
    sund_session_key       key;
    bool                   has_key;
    sund_session           session;
    sund_engine            engine;
    sund_slot              slot;        /* what is being summed */
    bool                   said_masked; /* own vector of the slot was given out */
    bool                   own_waits;   /* the runner has not got it yet */
    sund_masked           *masked;        /* own vector of the slot, until its part in the check of the addition is said */
    sund_digest            commitment;  /* to the plain one */
    bool                   has_total;
    sund_digest            total_digest;
    sund_vec               total, check; /* check: the nodes' sums so far */
    sund_key               open_key[SUND_NODE_MAX];
    sund_digest            opened;      /* of every key that opened a total so far: fixes those totals, and tells the hub nothing of them */

    sund_release          *release;     /* own, or the proposer's bytes once agreed */
    sund_proposal         *proposal;    /* the proposer's, as far as it came */
    bool                   has_proposal; /* the nodes' bytes were not the same at first: this is the proposer's */
    uint32_t               n_part;      /* parts of the release that the hub has */
};

/** Stops hearing: this node will say STOP with the reason. */
void sund_party_fault(sund_party *p, const char *fmt, ...) SUND_PRINTF(2, 3);
void sund_party_fault_err(sund_party *p, const sund_err *err);

/** Notes a fault of this machine that may pass; returns its code. */
sund_code sund_party_pause(sund_party *p, const sund_err *why, sund_err *err);
sund_code sund_party_note(sund_party *p, const char *note, sund_err *err) SUND_MUST_CHECK;
/** Feeds the stored log again, without storing. before (may be NULL) is called with each header before it is heard. */
typedef sund_code sund_party_before(void *ctx, sund_party *p, const sund_envelope *e, sund_err *err);
sund_code         sund_party_rehear(sund_party *p, sund_party_before *before, void *ctx, sund_err *err) SUND_MUST_CHECK;
/** The people are as in the own line, or the study stops here: whoever withdraws is in nothing that is said afterwards. */
sund_code sund_party_still_same(sund_party *p, sund_err *err) SUND_MUST_CHECK;
/** Lets go of the slot's vectors and keys. */
void sund_party_clear_slot(sund_party *p);
/** Forgets all and hears the stored log again. */
sund_code sund_party_mend(sund_party *p, sund_err *err) SUND_MUST_CHECK;

/** This node's decision on the study, whoever or whatever took it; p->own and p->lifted as it says. verdict 0: none yet. automatic: a rule took it, and it is
 *  not in the ledger yet. */
typedef struct party_decision { sund_verdict verdict; bool automatic; char reason[SUND_REASON_MAX + 1]; } party_decision;
sund_code sund_party_decided(sund_party *p, party_decision *out, sund_err *err) SUND_MUST_CHECK;
/** Once the own line has approved the study: that this holds, else a fault. */
sund_code sund_party_stands(sund_party *p, sund_err *err) SUND_MUST_CHECK;

/** What a message means whose signature, study, size and body have been checked; a returned error becomes a fault, but for SUND_E_IO, which pauses. */
sund_code sund_party_hear(sund_party *p, const sund_envelope *e, sund_cur body, sund_err *err) SUND_MUST_CHECK;

/** The digest of the own vector of the slot, from the table that was written before it was sent. */
sund_code sund_party_own_digest(sund_party *p, sund_digest *out, sund_err *err) SUND_MUST_CHECK;

sund_mask_label sund_party_label(const sund_party *p);
size_t          sund_party_proposer(const sund_party *p);
/** Loads catalogue and view once. Errors are this node's reason to refuse. */
sund_code       sund_party_prepare(sund_party *p, sund_err *err) SUND_MUST_CHECK;
sund_code       sund_party_key_path(const sund_party *p, char *out, size_t cap, sund_err *err) SUND_MUST_CHECK;
/** Enters what this study asks of the own people with the gate's memory of answers; refuses what must not be answered beside earlier answers. */
sund_code       sund_party_ask(const sund_party *p, sund_err *err) SUND_MUST_CHECK;
/** Leaving for good (party_leave.c). Whether the own vector x would pass by itself is kept, for what this node may agree to when it leaves. */
sund_code       sund_party_own_part(sund_party *p, const sund_vec *x, sund_err *err) SUND_MUST_CHECK;
sund_code       sund_leaving_tables(sund_db *db, sund_err *err) SUND_MUST_CHECK;
/** Studies that other nodes left without agreeing to be left out of the same question. Owns: free(*out). */
sund_code       sund_leaving_barred(sund_db *db, const char *me, sund_digest **out, size_t *n, sund_err *err) SUND_MUST_CHECK;
void            sund_party_leaves(sund_party *p, const sund_standing *s);     /**< by decision here: makes it the fault */
sund_code       sund_party_departed(sund_party *p, sund_err *err) SUND_MUST_CHECK; /**< kept and logged, once */
bool            sund_party_all(const sund_party *p, bool (*has)(const party_peer *));
bool            sund_peer_has_line(const party_peer *x);
bool            sund_peer_signed_total(const party_peer *x);
bool            sund_peer_opened(const party_peer *x);
bool            sund_peer_signed_release(const party_peer *x);
/** All nodes signed the result that this one holds, to the byte. */
bool            sund_party_agreed(const sund_party *p);

#endif
