#ifndef SUND_STUDY_ANALYSIS_H
#define SUND_STUDY_ANALYSIS_H

#include "gate/leave.h"
#include "study/view.h"

/** The state of one study at one node, the same at every node: it depends on the study, the catalogue, the joined thresholds and the
 *  opened totals alone. Totals stay in memory and go with it. */
typedef struct sund_state {
    const sund_study       *study;
    const sund_catalogue   *catalogue;
    sund_thresholds         thresholds;
    const sund_columns_plan *plan;
    size_t                  first, n_variant; /**< range of the catalogue */
    int64_t                 n_person;         /**< pooled; known after the first round */
    void                   *own;              /**< the analysis's: made by begin, freed by end */
    char                    facts[2048];      /**< JSON members for the provenance, from finish; public facts only */
} sund_state;

/** One round: the same question put to every node, answered in chunks that are summed one by one. */
typedef struct sund_round {
    uint32_t    index;
    char        name[24];
    uint32_t    n_chunk;    /**< 0: there is no next round, the study can finish */
    size_t      n_item;     /**< items (variants) over all chunks, for progress */
    sund_digest params;     /**< what the question is: masks are bound to it */
} sund_round;

/** An analysis: the one seam by which the system learns a new question. It never sees a socket, a mask or a file; everything but
 *  `local` runs at every node with the same totals and must give the same bits (no libm, fixed order).
 *  Add one: write a file like counts.c, add its line in analyses.c. The command line, the docs page and the tests find it there. */
typedef struct sund_analysis {
    const char *name, *title, *help;
    const char *rules; /**< gate rules that its release goes through, for people to read */
    /** The study file is sound for this analysis. */
    sund_code (*check)(const sund_study *s, sund_err *err);
    sund_code (*begin)(sund_state *st, sund_err *err);
    void (*end)(sund_state *st);
    /** The next round, from the totals so far. round->index is set by the caller. Gate rules on totals are applied here: a refusal
     *  ends the study everywhere at once. */
    sund_code (*plan)(sund_state *st, sund_round *round, sund_err *err);
    /** Own sums for one chunk. They depend on the state as it was when the round began, never on totals of the same round: chunks of a round may
     *  be computed in any order, on other machines too, before the first total of it is known (cluster/). */
    sund_code (*local)(const sund_state *st, const sund_view *v, const sund_round *round, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err);
    /** Takes in an opened total. Shape and bounds are hostile until checked. */
    sund_code (*total)(sund_state *st, const sund_round *round, uint32_t chunk, const sund_vec *total, sund_err *err);
    /** The tables, through the gate's rules. */
    sund_code (*finish)(sund_state *st, sund_release **out, sund_err *err);
} sund_analysis;

/** All of them; ends with name NULL. */
extern const sund_analysis *const sund_analyses[];
/** By name. Errors: SUND_E_NOT_FOUND naming the nearest. */
sund_code sund_analysis_find(const char *name, const sund_analysis **out, sund_err *err) SUND_MUST_CHECK;

#endif
