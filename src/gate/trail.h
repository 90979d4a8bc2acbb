#ifndef SUND_GATE_TRAIL_H
#define SUND_GATE_TRAIL_H

#include "gate/heads.h"

#include <stdio.h>

/** Audit trails: a log to be read by somebody who may have no home. A trail is filled by a home's database or by an exported file; what reads it (gate/ledger.h, gate/heads.h
 *  and the comparisons below) does not know by which.
 *
 *  The exported file is text: UTF-8, lines that end with LF, fields between tabs, no field with a control character, numbers and lower-case hex in one way only:
 *
 *      sund-log  1  MEMBER  node|hub  KEY                               first line; KEY: the member's Ed25519 key, 64 hex
 *      entry  I  TIME  KIND  STUDY  TEXT  DIGEST                        each entry of the ledger, I = 1, 2, ...; DIGEST as in gate/ledger.h
 *      held   WHO  N  DIGEST                                            last heads of others' logs that the member was shown, by name
 *      head   N  DIGEST  TIME  ROSTER                                   own head: entries, digest of the last one; when it was exported; digest of the roster then
 *      sig    SIGNATURE                                                 by KEY over the first line, the held lines and the head line, each with its LF; last line
 *
 *  Entries are bound by the chain that ends in the head. A reader needs memory for one line: entries go into a database without a name on disk, as large as the file. */
enum { SUND_TRAIL_LINE_MAX = 1200, SUND_TRAIL_HELD_MAX = 1000 };

typedef struct sund_trail {
    char        name[256];               /**< its path, for what is said of it */
    char        member[SUND_ID_MAX + 1]; /**< whose log; "" for a file of heads, which has no entries */
    sund_role   role;
    char        made[32];                /**< when the file was exported; "": it is the log of now */
    sund_pub    key;                     /**< file: signed by this key */
    sund_digest roster;                  /**< file: made under this roster */
    sund_head   head;                    /**< of the last entry */
    sund_db    *db;                      /**< tables ledger and head; and temp.said: whose log, entries, digest, by which entry (0: none), when */
    bool        own_db;
} sund_trail;

/** Writes the file. The chain is verified first. db: a home's state; nothing is written into it. Errors: SUND_E_FORMAT naming the entry that was altered. */
sund_code sund_trail_write(FILE *out, sund_db *db, const sund_identity *me, sund_role role, const sund_digest *roster, sund_err *err) SUND_MUST_CHECK;
/** Reads it, whole: syntax, chain, signature by the key that it names. Whose key that is, the caller judges. Owns: sund_trail_close(). Errors: SUND_E_FORMAT,
 *  SUND_E_DENIED naming file, line or entry, and remedy. */
sund_code sund_trail_read(sund_trail *t, FILE *in, const char *name, sund_err *err) SUND_MUST_CHECK;
/** Lines of 'sund log heads': whose log, entries, head, time. Owns as above. */
sund_code sund_trail_read_heads(sund_trail *t, FILE *in, const char *name, sund_err *err) SUND_MUST_CHECK;
/** The file at path, which is one or the other. */
sund_code sund_trail_open(sund_trail *t, const char *path, sund_err *err) SUND_MUST_CHECK;
/** The trail of a home: verified; db is borrowed. */
sund_code sund_trail_of(sund_trail *t, sund_db *db, const char *name, const char *member, sund_role role, sund_err *err) SUND_MUST_CHECK;
void      sund_trail_close(sund_trail *t); /**< safe on a zeroed one */

/** Heads of others' logs, and alarms about them, that a trail has. */
typedef struct sund_trail_heads { uint64_t n, n_alarm; } sund_trail_heads;
sund_code sund_trail_count(const sund_trail *t, sund_trail_heads *out, sund_err *err) SUND_MUST_CHECK;

/** What two trails say of each other. Logs of one member: one goes on from the other, entry by entry. Logs of two: what each was shown of the other's is in it; and what both
 *  were shown of a third one's is the same. A head of more entries than an exported log has, said after it was exported (or within a minute before: clocks differ), is not
 *  judged. Of a node and the hub: all that the hub logged as from the node is in the node's log as left, masked vectors above all. Errors: SUND_E_MISMATCH naming whose log was set
 *  back, rewritten or forked, or lacks a message, and the entry. */
typedef struct sund_trail_match {
    uint64_t n_held;   /**< heads of either's log that fit */
    uint64_t n_later;  /**< heads of what was logged after an export */
    uint64_t n_shared; /**< heads of third logs that both were shown */
    uint64_t n_sent;   /**< a node's and the hub's: messages that the hub says came from the node, each in the node's log with the same kind, study, size and digest */
    uint64_t n_unheard; /**< messages in the node's log that the hub's does not have: lost on the way, refused, or of a kind that the hub does not log */
    uint64_t common;   /**< one member's: entries that both have */
    bool     same_log, first_goes_on; /**< one member's; the first trail is the longer one, or as long */
} sund_trail_match;
sund_code sund_trail_compare(const sund_trail *a, const sund_trail *b, sund_trail_match *out, sund_err *err) SUND_MUST_CHECK;

#endif
