#ifndef SUND_GATE_RULES_H
#define SUND_GATE_RULES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Thresholds of one node; a study uses the strictest of all its nodes (sund_thresholds_join). */
typedef struct sund_thresholds {
    bool     open;        /**< data declared open by its committee: nothing is suppressed, everything is logged. Joined by AND */
    uint32_t cell_min;    /**< 10: people in a cell; 0..9 are one value */
    uint32_t mac;         /**< 10: minor allele count of a released variant */
    uint32_t mac_association; /**< 20: pooled minor allele count for phase 2 */
    uint32_t parties;     /**< 3: nodes with people in a sum */
    uint32_t df_min;      /**< 10: residual degrees of freedom */
    uint32_t digits;      /**< 5: significant digits of estimates; 17 for open data */
} sund_thresholds;
sund_thresholds sund_thresholds_default(void);
sund_thresholds sund_thresholds_join(const sund_thresholds *a, const sund_thresholds *b);
/** A node may be stricter than the default, never looser (open apart). Errors: SUND_E_ARG naming the threshold. */
sund_code       sund_thresholds_check(const sund_thresholds *t, sund_err *err) SUND_MUST_CHECK;
/** As they may be for one study, by an exception of a node's committee or an agreement of two nodes: half of the default, and two parties. */
sund_thresholds sund_thresholds_least(void);
sund_code       sund_thresholds_check_one(const sund_thresholds *t, sund_err *err) SUND_MUST_CHECK;

/** The rules, by name. */
typedef struct sund_rule { const char *name, *value, *source, *help; } sund_rule;
const sund_rule *sund_rules(size_t *n);
/** SUND_E_DENIED with "refused by rule NAME: ...". fmt says what would pass, never by how much it missed. */
sund_code sund_refuse(sund_err *err, const char *rule, const char *fmt, ...) SUND_PRINTF(3, 4);

/** True when the number passes. Open data passes everything. */
bool sund_rule_cell_min(const sund_thresholds *t, int64_t n_person);
bool sund_rule_mac(const sund_thresholds *t, int64_t ac, int64_t an);          /**< min(ac, an - ac) >= mac */
bool sund_rule_eligible(const sund_thresholds *t, int64_t ac, int64_t an);     /**< >= mac_association */
/** Carriers whose value of a covariate is not the commonest one among them: enough that products of genotype and covariate are not somebody's row. */
bool sund_rule_spread(const sund_thresholds *t, int64_t n_other);              /**< >= mac_association */
bool sund_rule_missing(const sund_thresholds *t, int64_t n_missing);           /**< 0 or >= cell_min */
/** Hom-ref, het, hom-alt, hemi cells and the HWE p-value are shown together or not at all: each present cell >= cell_min. Cells
 *  that cannot exist (hemi on autosomes) are passed as -1. */
bool sund_rule_genotype_cells(const sund_thresholds *t, const int64_t *cell, size_t n_cell);
/** n_with: nodes that signed "my cohort here has >= cell_min people". */
sund_code sund_rule_parties(const sund_thresholds *t, size_t n_with, size_t n_node, sund_err *err) SUND_MUST_CHECK;
/** Contingency cells of two binary columns (4 counts): each 0.. of them >= cell_min. names for the message. */
sund_code sund_rule_cells(const sund_thresholds *t, const int64_t *cell, size_t n_cell, const char *what, sund_err *err) SUND_MUST_CHECK;
sund_code sund_rule_model_size(const sund_thresholds *t, int64_t n_person, int64_t n_parameter, sund_err *err) SUND_MUST_CHECK;
/** What people can look through: rows and bytes of a release, of an analysis that declares no row a variant. */
enum { SUND_SIZE_ROWS = 5000, SUND_SIZE_BYTES = 16 << 20 };
sund_code sund_rule_size(const sund_thresholds *t, size_t n_row, size_t n_byte, sund_err *err) SUND_MUST_CHECK;
/** Products of pairs of variants, and of the genotypes with vectors: n_column over all rounds of a study. */
sund_code sund_rule_linkage(const sund_thresholds *t, double min_maf, sund_err *err) SUND_MUST_CHECK;
sund_code sund_rule_sketch(const sund_thresholds *t, int64_t n_person, int64_t n_column, sund_err *err) SUND_MUST_CHECK;
/** Loadings of a component, its eigenvalue scaled so that all add up to n - 1. A person's own genotypes x are in the score x'v, v = sum_i u_i x_i / sigma, by
 *  the part |x|^2 / sigma^2, which is 1 / eigenvalue on average: below ten the loadings tell who took part. */
bool      sund_rule_own_part(const sund_thresholds *t, double eigenvalue);
/** Of a score with coefficients from outside: the largest part of its variance that is one variant's. */
sund_code sund_rule_dominance(const sund_thresholds *t, double share, sund_err *err) SUND_MUST_CHECK;
/** Of a column's squares: the part that few people make up. */
#define SUND_SHARE_FEW 0.9
sund_code sund_rule_few(const sund_thresholds *t, double share, const char *column, sund_err *err) SUND_MUST_CHECK;

#endif
