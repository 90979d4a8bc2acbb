#ifndef SUND_STUDY_ENGINE_H
#define SUND_STUDY_ENGINE_H

#include "study/analysis.h"

typedef struct sund_engine sund_engine;

/** Computes a study's own sums elsewhere than in this process (cluster/slurm.h). Made for one engine, which then owns it. The bytes are the same
 *  wherever they are computed. */
typedef struct sund_runner sund_runner;
struct sund_runner {
    /** Own vector of the chunk that is asked. *ready false: not there yet, ask again in a second; note says what is waited for. */
    sund_code (*local)(sund_runner *r, const sund_engine *e, const sund_view *v, unsigned n_thread, sund_vec *out, bool *ready, sund_err *err);
    /** The engine has taken in this total of the round and chunk that are asked. */
    sund_code (*took)(sund_runner *r, const sund_engine *e, const sund_vec *total, sund_err *err);
    /** ended: the study is over, nothing of it may be left; else the process stops, and another one goes on. */
    void (*close)(sund_runner *r, bool ended);
    char note[320];
};
enum { SUND_CHUNKS_MAX = 65536 }; /**< in one round: the hub keeps a total of each until the study ends */

/** Makes one, from the study's text and the view over the own data. */
typedef sund_code (*sund_runner_open)(void *ctx, const sund_engine *e, const sund_view *v, sund_cur text, sund_runner **out, sund_err *err);

/** The round engine: one study's questions and totals in order. Every node runs one, and the pooled run on one store is the same engine fed
 *  with one vector; so the federated answer is the pooled answer. Owns: sund_engine_close(), safe on a zeroed one. */
struct sund_engine {
    const sund_analysis *analysis;
    sund_state           state;
    sund_round           round;   /**< the round that is asked now */
    uint32_t             chunk;   /**< of it */
    bool                 done;    /**< no more rounds: finish */
    sund_runner         *runner;  /**< NULL: own sums are computed in this process */
    sund_release        *release; /**< what the gate has let through so far */
};

/** What an engine is about; all but the thresholds must outlive it, folder the release. catalogue is NULL when the study names none; folder: of sund_release_begin(). */
typedef struct sund_engine_on { const sund_study *study; const sund_catalogue *catalogue; const sund_files *files; const sund_columns_plan *plan; const sund_thresholds *thresholds; const char *folder; } sund_engine_on;
sund_code sund_engine_open(sund_engine *e, const sund_engine_on *on, sund_err *err) SUND_MUST_CHECK;
void      sund_engine_close(sund_engine *e);
/** Own vector for the chunk that is asked. *ready is false when the runner has not got it yet. */
sund_code sund_engine_local(const sund_engine *e, const sund_view *v, unsigned n_thread, sund_vec *out, bool *ready, sund_err *err) SUND_MUST_CHECK;
/** Own vector for any chunk of the round that is asked, computed here. */
sund_code sund_engine_compute(const sund_engine *e, const sund_view *v, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
/** The runner's end, before the engine's; safe without one. */
void      sund_engine_part(sund_engine *e, bool ended);
/** Takes the opened total of that chunk and moves on. */
sund_code sund_engine_absorb(sund_engine *e, const sund_vec *total, sund_err *err) SUND_MUST_CHECK;

/** What identifies a run, for the provenance: JSON members without braces. */
sund_code sund_engine_finish(sund_engine *e, const char *run_facts, sund_release **out, sund_err *err) SUND_MUST_CHECK;

/** Once the result is released: what the analysis leaves at home for later studies. */
sund_code sund_engine_keep(const sund_engine *e, const sund_view *v, sund_people *people, sund_err *err) SUND_MUST_CHECK;

/** The whole study on one store: the pooled analysis. progress may be NULL; note: what a runner waits for, "" for nothing. */
typedef void (*sund_local_progress)(void *ctx, const char *round, uint32_t chunk, uint32_t n_chunk, const char *note);
typedef struct sund_local_run {
    const sund_study      *study;
    const sund_catalogue  *catalogue; /**< NULL when the study names none */
    sund_file_get          file;      /**< published files by digest */
    void                  *file_ctx;
    const sund_store      *store;
    sund_people           *people;
    const sund_thresholds *thresholds;
    const char            *folder;    /**< of sund_release_begin() */
    const sund_sign_key   *key;       /**< of the home: names its data in the provenance (sund_view_release) */
    unsigned               n_thread;
    sund_local_progress    progress;
    void                  *ctx;
    sund_runner_open       runner;     /**< NULL: own sums are computed in this process */
    void                  *runner_ctx;
    sund_cur               text;       /**< of the study, for the runner */
    const _Atomic bool     *stop;       /**< looked at while a runner is waited for; may be NULL */
} sund_local_run;
sund_code sund_study_run_local(const sund_local_run *run, sund_release **out, sund_err *err) SUND_MUST_CHECK;

#define SUND_VERSION "0.1.0"

#endif
