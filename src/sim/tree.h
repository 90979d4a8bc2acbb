#ifndef SUND_SIM_TREE_H
#define SUND_SIM_TREE_H

#include "base/err.h"
#include "math/random.h"

#include <stddef.h>
#include <stdint.h>

/** The genealogy of many haplotypes at one place of the genome, and mutations on it.
 *
 *  Model    Kingman's coalescent in each population back to the split, with closed-form exponential growth; there what is left of all
 *           populations is pooled in one ancestor of constant size.
 *  Shape    With leaves in tree order, the height at which leaf i and leaf i+1 meet is a number for each of the n-1 gaps, and the tree is the
 *           Cartesian tree of these numbers. A Kingman tree is a uniformly random permutation of the coalescence times over the gaps: each of the
 *           n!(n-1)!/2^(n-1) labelled histories comes from 2^(n-1) pairs of an order of leaves and a permutation. So a tree takes n random
 *           numbers, a shuffle and one pass with a stack; nothing is linked, and a mutation's carriers are an interval of leaves.
 *  Bits     + - * / and own logarithms only: equal on every machine. */

/** Sizes are in diploids, times in generations. */
typedef struct sund_demography {
    double now, base; /**< size of each population today and just after the split, exponential between */
    double split;     /**< generations ago */
    double ancestral; /**< size before */
} sund_demography;

typedef struct sund_span { uint32_t from, to; } sund_span; /**< leaves [from, to) */

typedef struct sund_tree {
    size_t     n_leaf;
    uint32_t  *hap;      /**< n_leaf haplotypes in tree order */
    double    *height;   /**< n_leaf - 1, in generations */
    sund_span *mutation; /**< in random order */
    size_t     n_mutation;

    size_t     cap_leaf, cap_mutation; /* the rest is room to work in */
    double    *gap, *top;
    uint32_t  *label;
    sund_span *lineage;
    struct sund_tree_node { double height; uint32_t from; } *stack;
} sund_tree;

/** Room for n_leaf leaves. Owns: sund_tree_free(), safe on a zeroed tree. */
sund_code sund_tree_init(sund_tree *t, size_t n_leaf, sund_err *err) SUND_MUST_CHECK;
void      sund_tree_free(sund_tree *t);
/** A new tree over haplotypes, n_of[p] of population p one behind the other, at least two in all. scale: size of this part of the genome's
 *  population relative to an autosome's (X 3/4, Y and MT 1/4). */
void sund_tree_grow(sund_tree *t, const sund_demography *d, double scale, const uint32_t *hap, const size_t *n_of, size_t n_population, sund_rand *r);
/** Sum of all branches. */
double sund_tree_length(const sund_tree *t);
/** Drops mutations at `rate` a generation of branch: a Poisson process on the tree. */
sund_code sund_tree_mutate(sund_tree *t, double rate, sund_rand *r, sund_err *err) SUND_MUST_CHECK;

#endif
