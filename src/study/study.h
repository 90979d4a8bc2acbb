#ifndef SUND_STUDY_STUDY_H
#define SUND_STUDY_STUDY_H

#include "base/crypto.h"
#include "genome/variant.h"
#include "secagg/roster.h"

enum { SUND_STUDY_MAX_BYTES = 32768, SUND_COVARIATE_MAX = 32, SUND_OUTCOME_MAX = 64, SUND_OPTION_MAX = 16 };

/** One more line of a study file, that one analysis knows (analysis.h: sund_option). Every option of the analysis is there, with what holds when the line is absent. */
typedef struct sund_study_option { char name[33], kind, value[513]; bool said; /**< the file has the line */ } sund_study_option;

/** What a researcher asks, as the study file says it. The digest of the file's bytes is the study's name.
 *
 *      [study]
 *      title      = Height and chromosome 20
 *      analysis   = linear                 # a name from `sund study check --help`
 *      purpose    = health-research        # what consent is checked against
 *      cohort     = age >= 18 and not withdrawn
 *      outcome    = height                 # or several, separated by commas, where the analysis takes them
 *      covariates = age, sex
 *      strata     = country                # or none: one common intercept
 *      missing    = mean                   # or drop: leave out people without the genotype
 *      catalogue  = 64 hex digits          # digest of the public list of variants, where the analysis needs one
 *      region     = 20:1-3000000           # optional
 *      nodes      = ES, FI, GB
 *      chunk      = 65536                  # optional: variants in one message
 *      number     = 1                      # optional: to ask the same again as another study
 *      after      = 64 hex digits          # optional: goes on from a study that ended when a node left it for good
 *      ...                                 # and the analysis's own options
 *
 *  Owns nothing: plain data. */
typedef struct sund_study {
    char        title[201], analysis[33], purpose[65], cohort[4097];
    char        outcome[SUND_OUTCOME_MAX][65];
    size_t      n_outcome;
    char        covariate[SUND_COVARIATE_MAX][65];
    size_t      n_covariate;
    bool        strata_country, drop_missing, has_catalogue, has_region, has_after;
    sund_digest catalogue, after;
    sund_region region;
    char        node[SUND_NODE_MAX][SUND_ID_MAX + 1]; /**< sorted */
    size_t      n_node;
    uint32_t    chunk;
    sund_study_option option[SUND_OPTION_MAX];
    size_t      n_option;
    sund_digest digest;
} sund_study;

/** Strict: unknown keys, repeated names, unparsable cohorts or regions are errors naming file and line. The analysis's own check
 *  is sund_analysis.check. */
sund_code sund_study_parse(sund_study *s, const char *name, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;

/** Value of an option of the study's analysis, "" when there is none: all were checked when the file was read. */
const char *sund_study_text(const sund_study *s, const char *option);
int64_t     sund_study_i64(const sund_study *s, const char *option);
double      sund_study_f64(const sund_study *s, const char *option); /**< decimal digits, correctly rounded: the same bits everywhere */

/** Refuses a line of the file that nothing reads, when = "without 'rows'" or the like. Errors: SUND_E_ARG naming the option, where the file has its line, even with the
 *  value that holds without it. */
sund_code sund_study_unread(const sund_study *s, const char *option, const char *when, sund_err *err) SUND_MUST_CHECK;

/** Position of a node in s->node, or -1. */
int sund_study_node(const sund_study *s, const char *id);

/** Whether a study with a line `after` is what it says: the very question of the one that it names, put to some of its nodes. Errors: SUND_E_MISMATCH naming what differs. */
sund_code sund_study_goes_on(const sund_study *was, const sund_study *now, sund_err *err) SUND_MUST_CHECK;
/** Text of the study that goes on from `was`, whose text is p, without the nodes of `gone`: every line as it stands, but `nodes` and `after`. Errors: SUND_E_NOT_FOUND for a node that
 *  is none of the study's; SUND_E_ARG when nobody would be left. */
sund_code sund_study_without(const sund_study *was, const void *p, size_t n, const char *const *gone, size_t n_gone, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

#endif
