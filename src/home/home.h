#ifndef SUND_HOME_HOME_H
#define SUND_HOME_HOME_H

#include "cluster/slurm.h"
#include "gate/dac.h"
#include "gate/leave.h"
#include "genome/catalogue.h"
#include "onto/ontos.h"
#include "people/people.h"
#include "store/store.h"

/** A home: the folder in which a node, the hub or a researcher keeps everything but genotypes.
 *
 *      sund.ini       configuration, written by `sund init`, for its owner to edit
 *      identity.ini   signing key, mode 0600        roster.ini   who is in the federation, signed by its nodes
 *      trust.ini trust/   whose logins and visas this home believes, and their keys
 *      login          a researcher's: ID token and visas, one a line, mode 0600
 *      state.db       transcripts and ledger        people.db    persons (nodes)
 *      ontologies.db  terms by which people are counted
 *      interpretations.db cases.db   what laboratories say of variants, and cases to be matched (nodes)
 *      datasets.ini   what its data sets are (nodes), what the catalogue is (hub)      datasets.db   the catalogue (hub)
 *      keys/          session keys of running studies            files/       public files (catalogues, gene tables ...), by digest
 *      work/          studies that run on a cluster (nodes)
 *      peers.ini      services that may ask for matches, by digests of their tokens, mode 0600
 *      tls.cert tls.key (hub)
 *  Paths in sund.ini are relative to the home. */
typedef struct sund_home {
    char            dir[1024], id[SUND_ID_MAX + 1], store_path[1024], listen_host[64], access[16];
    char            lookup[65]; /**< node: purpose that a person's consent must allow to be counted in lookups */
    char            visa[256];  /**< node: data set for which studies need a visa; "" for none */
    char            store_key[1024]; /**< node: "", or the key of its store: a file, or credential:NAME */
    bool            by_login;   /**< researcher: in no roster; identity.id is the name that follows from the key */
    sund_role       role;
    uint16_t        listen_port;
    unsigned        n_thread;
    int64_t         upload_files, upload_mb; /**< hub: public files of one member, in number and MiB */
    int64_t         harvest_s;  /**< hub: seconds between two questions about data sets */
    char            shapes[1024]; /**< hub: SHACL shapes that their descriptions must have too; "" for none */
    bool            keep_replay, use_slurm;
    sund_dac        dac;     /**< node: who decides on studies */
    char            data[65]; /**< node: name of the data set that it brings, for agreements */
    sund_slurm      slurm;
    sund_thresholds thresholds;
    sund_identity   identity;
    sund_roster     roster;  /**< empty until there is a roster.ini */
    sund_db        *db;
    sund_gate      *gate;
    sund_store     *store;   /**< NULL unless opened with SUND_HOME_DATA */
    sund_ontos     *ontos;   /**< NULL unless opened with SUND_HOME_ONTOS or SUND_HOME_PEOPLE */
    sund_people    *people;
} sund_home;

/** What to open beyond configuration and identity. */
enum { SUND_HOME_ROSTER = 1, SUND_HOME_STATE = 2, SUND_HOME_PEOPLE = 4, SUND_HOME_STORE = 8, SUND_HOME_DATA = 12, SUND_HOME_ONTOS = 16 };

typedef struct sund_home_plan {
    sund_role   role;
    const char *id;
    const char *host;   /**< hub: the name or address that nodes dial; NULL otherwise */
    const char *listen; /**< hub: the address it listens on; NULL: host where that is an address, else 0.0.0.0 */
    uint16_t    port;
    const char *access; /**< node: "controlled" or "open" */
    const char *approve; /**< node: "ask" or "all" */
} sund_home_plan;

/** Makes a home: refuses a folder that holds one already. member: the lines for the roster, appended. */
sund_code sund_home_init(const char *dir, const sund_home_plan *plan, sund_buf *member, sund_err *err) SUND_MUST_CHECK;
/** Owns: sund_home_close(), safe on a zeroed home. Errors name the file and the remedy. */
sund_code sund_home_open(sund_home *h, const char *dir, unsigned what, sund_err *err) SUND_MUST_CHECK;
void      sund_home_close(sund_home *h);
/** Opens the node's store, with store_key or the key that systemd gave where it is encrypted. Errors say what to give. */
sund_code sund_home_store(const sund_home *h, sund_store **s, sund_err *err) SUND_MUST_CHECK;
/** Keeps the key that the sund.ini of a folder names, if there is such a file and it names one. */
sund_code sund_home_store_key(const char *dir, sund_err *err) SUND_MUST_CHECK;
/** The roster at path has this home, with this home's key; a researcher may be in none. Errors: SUND_E_MISMATCH. */
sund_code sund_home_named(const sund_home *h, const sund_roster *r, const char *path, sund_err *err) SUND_MUST_CHECK;
sund_code sund_home_path(const sund_home *h, const char *name, char *out, size_t cap, sund_err *err) SUND_MUST_CHECK;

/** Public files of the home, by the digest of their bytes: catalogues of variants, gene tables, scoring files. What they say is checked where it is used. */
sund_code sund_home_file(const sund_home *h, const sund_digest *d, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
bool      sund_home_file_there(const sund_home *h, const sund_digest *d);
/** The way of a file between hub and member, SUND_FILE_PIECE bytes at most at a time. Appends u64 how long the file is, and what is in it from `at` on. */
sund_code sund_home_file_piece(const sund_home *h, const sund_digest *d, uint64_t at, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** Takes what follows at `at` of a file of so many bytes that `from` sends. *has: how much of it is here now, all when it is kept under its digest; a piece that is not the next one changes nothing.
 *  Errors: SUND_E_MISMATCH when all is here and it has another digest, and then nothing of it is kept. */
sund_code sund_home_file_add(const sund_home *h, const char *from, const sund_digest *d, uint64_t total, uint64_t at, const void *p, size_t n, uint64_t *has, sund_err *err) SUND_MUST_CHECK;
sund_code sund_home_file_put(const sund_home *h, const void *p, size_t n, sund_digest *d, sund_err *err) SUND_MUST_CHECK;

/** The folder of a study that runs on a cluster; kind: "" for a node's, "local-" for a run on this home's data alone. */
sund_code sund_home_work(const sund_home *h, const char *kind, const sund_digest *study, char *out, size_t cap, sund_err *err) SUND_MUST_CHECK;
/** The runner of its own sums there. catalogue: its file, or NULL when the home has it. */
sund_code sund_home_runner(const sund_home *h, const char *kind, const char *catalogue, const sund_engine *e, const sund_view *v, sund_cur text,
                           sund_runner **out, sund_err *err) SUND_MUST_CHECK;

/** The tokens of a researcher's login (token/login.h) into out (replaced); nothing where there is none. Errors: SUND_E_DENIED for a file that others may read. */
sund_code sund_home_login(const sund_home *h, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** Keeps them, 0600. */
sund_code sund_home_login_put(const sund_home *h, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;

enum { SUND_FILE_MAX_BYTES = 1 << 30, SUND_FILE_PIECE = 4 << 20 };

#endif
