#ifndef SUND_STUDY_ENGINE_H
#define SUND_STUDY_ENGINE_H

#include "study/analysis.h"

/** The round engine: one study's questions and totals in order. Every node runs one, and the pooled run on one store is the same engine fed
 *  with one vector; so the federated answer is the pooled answer. Owns: sund_engine_close(), safe on a zeroed one. */
typedef struct sund_engine {
    const sund_analysis *analysis;
    sund_state           state;
    sund_round           round;   /**< the round that is asked now */
    uint32_t             chunk;   /**< of it */
    bool                 done;    /**< no more rounds: finish */
} sund_engine;

/** study, catalogue and plan must outlive the engine. */
sund_code sund_engine_open(sund_engine *e, const sund_study *s, const sund_catalogue *c, const sund_columns_plan *plan,
                           const sund_thresholds *t, sund_err *err) SUND_MUST_CHECK;
void      sund_engine_close(sund_engine *e);
/** Own vector for the chunk that is asked. */
sund_code sund_engine_local(const sund_engine *e, const sund_view *v, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
/** Takes the opened total of that chunk and moves on. */
sund_code sund_engine_absorb(sund_engine *e, const sund_vec *total, sund_err *err) SUND_MUST_CHECK;

/** What identifies a run, for the provenance: JSON members without braces. */
sund_code sund_engine_finish(sund_engine *e, const char *run_facts, sund_release **out, sund_err *err) SUND_MUST_CHECK;

/** The whole study on one store: the pooled analysis. progress may be NULL. */
typedef void (*sund_local_progress)(void *ctx, const char *round, uint32_t chunk, uint32_t n_chunk);
typedef struct sund_local_run {
    const sund_study      *study;
    const sund_catalogue  *catalogue;
    const sund_store      *store;
    sund_people           *people;
    const sund_thresholds *thresholds;
    unsigned               n_thread;
    sund_local_progress    progress;
    void                  *ctx;
} sund_local_run;
sund_code sund_study_run_local(const sund_local_run *run, sund_release **out, sund_err *err) SUND_MUST_CHECK;

#define SUND_VERSION "0.1.0"

#endif
