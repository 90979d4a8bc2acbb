#ifndef SUND_STUDY_ANALYSIS_H
#define SUND_STUDY_ANALYSIS_H

#include "gate/leave.h"
#include "study/view.h"

/** A line of the study file that this analysis knows beside the usual ones. */
typedef struct sund_option {
    const char *name;
    char        kind;      /**< 'i' whole number, 'f' number in plain digits, 'c' one of choices, 't' text, 'v' a variable (it becomes a column: sund_columns_role),
                                'd' digest of a published file (its bytes are at hand: sund_state_file) */
    const char *otherwise; /**< value when the line is absent ("" for none); NULL: the line is needed */
    double      min, max;  /**< of numbers, inclusive */
    const char *choices;   /**< "a|b|c" */
    const char *help;      /**< what it is, as a part of a sentence */
} sund_option;

typedef enum sund_strata_use { SUND_STRATA_COUNTRY, SUND_STRATA_NEVER } sund_strata_use; /**< by country unless the study says none; or never */
typedef enum sund_catalogue_use { SUND_CATALOGUE_NEEDED, SUND_CATALOGUE_OPTIONAL, SUND_CATALOGUE_UNUSED } sund_catalogue_use;

/** Published files that a study names by digest, in the order of the options. Owns: sund_files_free(), safe on a zeroed one. */
typedef struct sund_files { size_t n; struct { char option[33]; sund_buf bytes; } file[SUND_OPTION_MAX]; } sund_files;
void      sund_files_free(sund_files *f);
/** Fills them by asking get(ctx, digest, bytes), and checks each digest. */
typedef sund_code (*sund_file_get)(void *ctx, const sund_digest *d, sund_buf *out, sund_err *err);
sund_code sund_files_open(sund_files *f, const sund_study *s, sund_file_get get, void *ctx, sund_err *err) SUND_MUST_CHECK;

/** The state of one study at one node, the same at every node: it depends on the study, the catalogue, the joined thresholds and the
 *  opened totals alone. Totals stay in memory and go with it. */
typedef struct sund_state {
    const sund_study       *study;
    const sund_catalogue   *catalogue; /**< NULL when the study names none: n_variant is 0 */
    const sund_files       *files;
    sund_thresholds         thresholds;
    const sund_columns_plan *plan;
    sund_release           *release;   /**< the engine's: where rows go whose totals are there, in any round, and those of finish */
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
    sund_catalogue_use catalogue;
    sund_strata_use    strata;
    bool               by_variant; /**< its tables have a row a variant or gene: rule `size` bounds them no further than a message does */
    const sund_option *options; /**< ends with name NULL; NULL for none */
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
    /** May be NULL: then two nodes cannot be asked. Own sums of a chunk, which the other one of two nodes learns when it subtracts its own from the total: SUND_OK when
     *  every number in them passes by itself what the rules ask of a total. Not called for open data. */
    sund_code (*alone)(const sund_state *st, const sund_view *v, const sund_round *round, uint32_t chunk, const sund_vec *own, sund_err *err);
    /** Takes in an opened total. Shape and bounds are hostile until checked. */
    sund_code (*total)(sund_state *st, const sund_round *round, uint32_t chunk, const sund_vec *total, sund_err *err);
    /** The tables, through the gate's rules: table.tsv first. */
    sund_code (*finish)(sund_state *st, sund_release *out, sund_err *err);
    /** May be NULL. Products of the genotypes with vectors that its totals hold, over all rounds: the gate's memory adds them up over studies. */
    int64_t (*columns)(const sund_study *s);
    /** May be NULL. What stays at home: values per person that later studies here can use, put with sund_view_keep once the study is released. From
     *  state and view alone: what `local` kept with sund_view_kept may lie in another process. */
    sund_code (*keep)(const sund_state *st, const sund_view *v, sund_people *people, sund_err *err);
} sund_analysis;

/** The catalogue that a study names, got the same way. Owns: sund_catalogue_free(). */
sund_code sund_study_catalogue(const sund_study *s, sund_file_get get, void *ctx, sund_catalogue **out, sund_err *err) SUND_MUST_CHECK;
/** Bytes of the published file that an option names; empty when it names none. */
sund_cur sund_state_file(const sund_state *st, const char *option);

/** All of them; ends with NULL. */
extern const sund_analysis *const sund_analyses[];
/** By name. Errors: SUND_E_NOT_FOUND naming the nearest. */
sund_code sund_analysis_find(const char *name, const sund_analysis **out, sund_err *err) SUND_MUST_CHECK;

#endif
