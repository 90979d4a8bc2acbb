#ifndef SUND_GATE_GATE_PRIV_H
#define SUND_GATE_GATE_PRIV_H

#include "gate/shown.h"
#include "gate/trail.h"

/* The structs behind the gate's opaque types: nobody else can make one. */
struct sund_gate {
    sund_db             *db;
    const sund_identity *me;
    sund_thresholds      thresholds;
};

struct sund_leave {
    sund_envelope head;
    sund_buf      bytes;
    sund_masked  *of; /* whose bytes they are, or NULL */
};

struct sund_release {
    sund_thresholds thresholds;
    size_t          n_table, n_row, n_asked, by_mac, by_cells; /* n_row: of all tables */
    bool            large;
    struct release_table {
        char                       name[33];
        const sund_release_column *column;
        size_t                     n_column, n_row;
        uint64_t                   n_byte;
    } table[SUND_RELEASE_TABLES];
    sund_buf        part;     /* the part that is being written, as it travels; the last one once sealed */
    sund_buf        parts;    /* of each part that is done, as the manifest lists it */
    uint32_t        n_done;
    const char     *folder;
    int             fd;       /* the parts before r->part, one behind the other; -1 as long as there is none */
    uint64_t        n_put;    /* bytes in it */
    sund_buf        manifest; /* once sealed */
    sund_digest     digest;   /* of it */
    bool            sealed;
};

enum { PART_ENTRY = 4 + 32 }; /* of a part in a manifest */
/** Rows go into a part up to so many bytes: 4 MiB (tests make it small). */
extern size_t sund_release_part_bytes;
/** A row, or the header, which is there whole: r->part has it from `at` on. */
sund_code sund_release_cut(sund_release *r, size_t at, sund_err *err) SUND_MUST_CHECK;
/** The rows of a part that was made elsewhere: a part here too. */
sund_code sund_release_add(sund_release *r, sund_cur rows, sund_err *err) SUND_MUST_CHECK;
/** The manifest of what is there. */
sund_code sund_release_seal(sund_release *r, sund_cur provenance, sund_err *err) SUND_MUST_CHECK;
/** Of a proposal that is unlocked: its manifest, and its parts in turn. */
sund_code sund_proposal_begin(sund_proposal **out, const sund_release *ours, sund_cur manifest, sund_err *err) SUND_MUST_CHECK;
sund_code sund_proposal_part(sund_proposal *p, sund_cur part, sund_err *err) SUND_MUST_CHECK;
/** A real as releases print it. */
void sund_release_real(sund_buf *out, int digits, double x);

/** Counts of one row, to hide more of them. */
sund_lookup_counts *sund_shown_to_hide(sund_shown *s, size_t i);

/** The answer about a group's carriers: one row, which sund_carried_shown() has made safe. n_person: how many people the group is said to have; 0 where that is withheld. */
sund_code sund_shown_carriers(const sund_gate *g, const char *name, const sund_lookup_counts *safe, int64_t n_person, sund_shown **out, sund_err *err) SUND_MUST_CHECK;

/** Makes the table of the kill switch. */
sund_code sund_stop_open(sund_db *db, sund_err *err) SUND_MUST_CHECK;

/** Makes temp.said of a trail, out of its entries and last heads; and adds to it. */
sund_code sund_trail_said(sund_trail *t, sund_err *err) SUND_MUST_CHECK;
sund_code sund_trail_say(const sund_trail *t, const char *who, const sund_head *h, uint64_t by, const char *when, sund_err *err) SUND_MUST_CHECK;

/** Builds and signs the envelope, writes the ledger, gives it out. The only place where a sund_leave is made. */
sund_code sund_leave_make(sund_gate *g, const sund_envelope *head, const void *body, size_t n, const char *what, sund_leave **out, sund_err *err) SUND_MUST_CHECK;
/** The same of a body whose digest head->body is already. bytes, room for the header and the body: taken over, also when it fails. */
sund_code sund_leave_digested(sund_gate *g, const sund_envelope *head, sund_buf *bytes, const char *what, sund_leave **out, sund_err *err) SUND_MUST_CHECK;

#endif
