/* A whole federation in one process, for property tests: generated people and genotypes, divided over nodes as asked; real stores,
 * databases, gates and parties; the hub's real mailbox; no network. Every message passes through one place, where tests
 * listen (heard), lie (tamper, hub_tamper), lose messages and kill nodes. */
#ifndef SUND_TEST_FED_H
#define SUND_TEST_FED_H

#include "base/file.h"
#include "gate/ledger.h"
#include "store/writer.h"
#include "study/mailbox.h"
#include "cohort.h"
#include "study/party.h"
#include "study/submit.h"
#include "whole.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { W_PEOPLE = 420, W_PEOPLE_MAX = 600, W_VARIANTS = 72, W_COUNTRIES = 7, FED_MAX = 30 };

/* For calls that cannot fail in a sound test. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        sund_err must_ = { SUND_OK, "" };                                                          \
        sund_err *err = &must_;                                                                    \
        if ((call) != SUND_OK) {                                                                   \
            fprintf(stderr, "# %s:%d: %s: %s\n", __FILE__, __LINE__, #call, must_.msg);            \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/** A path of its own under this process's temporary folder, which goes at exit. */
const char *fed_path(const char *kind, int number);

typedef struct world {
    size_t   n, m;
    uint8_t  gt[W_VARIANTS][W_PEOPLE_MAX];
    int      country[W_PEOPLE_MAX], age[W_PEOPLE_MAX], sex[W_PEOPLE_MAX];
    double   bmi[W_PEOPLE_MAX], trait[W_PEOPLE_MAX];
    bool     no_bmi[W_PEOPLE_MAX];
    sund_buf file[8];     /* published files that studies name */
    size_t   n_file;
    const cohort *real;   /* not NULL: these people are the world, the rest is unused but n */
    bool     sparse_rows; /* nodes leave out rows where nobody carries: hom-ref by callable regions */
} world;

/** Allele frequencies from 0.3 % to 50 %; missing calls at none, a few (1 to 9), or 3 % of people. */
void            world_make(world *w, size_t n, uint64_t seed);
sund_variant    world_variant(size_t j);
void            world_store(const world *w, const char *dir, const int *node_of, int node); /**< node -1: everyone */
void            world_people(const world *w, const char *db, const int *node_of, int node);
sund_catalogue *world_catalogue(const world *w);
/** Its bytes, appended. */
void            world_catalogue_bytes(const world *w, sund_buf *out);
/** A world of a cohort's people. free() it; the cohort stays the caller's. */
world          *world_real(const cohort *c);

typedef struct fed_node {
    sund_identity   me;
    sund_db        *db;
    sund_gate      *gate;
    sund_store     *store;
    sund_people    *people;
    sund_dac        dac;
    sund_party_node seat;
    sund_party     *party;
    uint64_t        seq;
    bool            away;
    int             folder;
} fed_node;

typedef struct fed fed;
struct fed {
    size_t          n;
    fed_node        node[FED_MAX];
    sund_identity   hub, anna;
    sund_roster     roster;
    sund_db        *hub_db;
    sund_mailbox    box;
    sund_catalogue *catalogue;
    bool            no_catalogue; /* studies name none */
    sund_buf        file[8];      /* published: the catalogue, then others (fed_publish) */
    size_t          n_file;
    sund_digest     study;
    void (*heard)(fed *f, size_t from, const sund_envelope *e, sund_cur body);             /* what a node sends */
    bool (*tamper)(fed *f, size_t from, const sund_envelope *e, sund_buf *body);           /* node's own lie: changes the body, true when changed */
    bool (*hub_tamper)(fed *f, size_t to, uint32_t index, sund_envelope *e, sund_buf *body); /* the hub's lie to one node; changes head or body */
    void (*before_say)(fed *f, size_t i); /* a node heard all there is and is about to speak */
    void            *ctx;
    unsigned        kill_one_in; /* 0: never; else nodes are killed and opened again between steps */
    unsigned        lose_one_in;
    size_t          kill_before, kill_after; /* 0: never; else the node that says message number so is killed before, or after, it leaves */
    size_t          n_said;
    size_t          n_step, n_killed, n_lost, n_retry, n_paused;
};

sund_thresholds fed_open_data(void);
void            fed_identity(sund_identity *me, const char *id);
/** A federation of n nodes over a world, person i at node_of[i]. */
fed            *fed_open(const world *w, size_t n, const int *node_of, const sund_thresholds *t, uint64_t seed);
void            fed_close(fed *f);
/** Signs with any key and hands to the mailbox. */
sund_code       fed_post(fed *f, const sund_identity *as, uint16_t kind, const sund_digest *about, const void *body, size_t n, sund_err *err);
void            fed_submit(fed *f, const char *text);
void            fed_kill(fed *f, size_t i);
/** One node's turn: hears, then says what it owes. True when it said something. */
bool            fed_turn(fed *f, size_t i);
/** Runs in an order drawn anew each time round, until nobody has anything to say. */
void            fed_run(fed *f);
sund_party_status fed_status(fed *f, size_t i);
/** What anna fetches of the study's release, all of it checked; false when there is none. */
bool            fed_fetch(fed *f, sund_buf *whole, sund_err *err);
/** The same, or an empty buffer with the reason printed. */
sund_buf        fed_release(fed *f);
/** Publishes a file; its digest, for the study file. */
sund_hex64      fed_publish(fed *f, const void *p, size_t n);
sund_code       fed_file(void *f, const sund_digest *d, sund_buf *out, sund_err *err);
/** A study file over all nodes; more: its lines beside title, purpose, cohort, catalogue, nodes. */
void            study_text(const fed *f, const char *more, char *out, size_t cap);
/** Whether its analysis takes a catalogue: loadings name their own variants. */
bool            study_takes_catalogue(const char *more);
/** The pooled run of the same study over everyone, in one store. */
sund_release   *world_pooled(const world *w, fed *f, const char *text, const sund_thresholds *t, unsigned n_thread);
/** All tables of both, byte for byte. */
bool            same_tables(const sund_buf *release, const sund_release *pooled);

/** One study over a world: federated over n nodes (person i at node i % n, or whole countries in turn), and pooled; true when both were released and all
 *  tables are the same bytes. files: published before; more: lines of the study, printf-ed with nothing. *release (may be NULL): what was released (whole.h). */
bool            fed_same(const world *w, size_t n, bool countries_whole, const char *more, const sund_thresholds *t, sund_buf *release);
/** Cell of a table by data row (from 0) and column name; "" when there is none. Valid until the next call. */
const char     *fed_cell(const char *table, size_t row, const char *column);

/** A fresh world; a federation of people in turn; one of open data; and a study asked of it (fed_ask: study_text, then fed_submit). */
world          *fed_world(size_t n, uint64_t seed);
fed            *fed_even(const world *w, size_t n, const sund_thresholds *t);
fed            *fed_even_open(const world *w, size_t n);
void            fed_ask(fed *f, const char *more);

#endif
