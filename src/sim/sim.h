#ifndef SUND_SIM_SIM_H
#define SUND_SIM_SIM_H

#include "genome/variant.h"
#include "store/key.h"

#include <stddef.h>

/** A simulated cohort: genotypes into a sealed store, VCF.gz or BCF, and tables of people for `sund import` and `sund people`.
 *
 *  Genotypes  A new tree (sim/tree.h) about every `block` sites; no linkage between blocks. People stand in random order, and each block
 *             deals its leaves to the haplotypes of their population anew: nothing is easier to compress than in a real cohort.
 *  Families   father, mother and children whose chromosomes are their parents', with crossovers between blocks at 1 per 10^8 bp
 *             (Haldane); X, Y and MT pass as they do.
 *  Sites      uniform over the regions, by order statistics; REF is ancestral and comes from a made-up sequence, the same in every
 *             simulation; all are minimal and left-aligned on it. 92 % SNVs (2 transitions to a transversion).
 *  Traits     at the first autosomal site with a minor allele frequency of 5 % behind each of n_causal evenly spaced places. Score s = sum of
 *             b_k g_k, each b_k explaining h2/n_causal of the variance. simulated_trait = 100 + 10 (s + 0.02 (age - 50) - 0.3 female +
 *             0.1 country + e), e normal with variance 1 - h2; simulated_disease logistic in 1.8138 s + 0.04 (age - 50) + 0.3 male at the
 *             prevalence asked for. effects.tsv names the planted effects, per allele.
 *  Same options and seed, same bytes, on every machine. Memory does not depend on n_site.
 *  Resumes    a store that was interrupted; VCF.gz and BCF appear under their names only when they are whole. */
typedef struct sund_sim {
    const char        *out; /**< folder: store/, cohort.vcf.gz, cohort.bcf, samples.tsv, people.tsv, dictionary.tsv, effects.tsv, families.tsv */
    bool               store, vcf, bcf;
    size_t             n_country;
    const char *const *country;  /**< names */
    const size_t      *n_person; /**< of each */
    size_t             n_family, n_child; /**< families in all, shared out by size of country; children of each */
    sund_assembly      assembly;
    const sund_region *region; /**< in order, not overlapping */
    size_t             n_region;
    uint64_t           n_site;
    double             block;    /**< mean number of sites under one tree */
    bool               constant; /**< populations of constant size 10,000 in place of growing ones */
    double             missing;  /**< of calls, independent */
    bool               unphased;
    size_t             n_causal;
    double             h2, prevalence;
    uint64_t           seed;
    unsigned           n_thread; /**< for compression */
    const sund_store_key *key;   /**< encrypts the store; NULL: not encrypted */
    void (*progress)(void *ctx, uint64_t n_site);
    void *ctx;
} sund_sim;

typedef struct sund_sim_report { uint64_t n_site, n_singleton, n_common /**< MAF 1 % or more */, n_indel, n_tree, n_causal, n_case; } sund_sim_report;

/** Errors: SUND_E_ARG for options that do not go together, SUND_E_MISMATCH where the output exists, SUND_E_IO. */
sund_code sund_sim_run(const sund_sim *sim, sund_sim_report *out, sund_err *err) SUND_MUST_CHECK;

#endif
