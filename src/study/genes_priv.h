#ifndef SUND_STUDY_GENES_PRIV_H
#define SUND_STUDY_GENES_PRIV_H

#include "stats/linear.h"
#include "stats/skat.h"
#include "study/logistic_priv.h"

/* Gene sets, shared between genes.c (rounds, totals), genes_files.c (which variants make a gene), genes_null.c (the null model), genes_local.c (own sums over carriers)
 * and genes_table.c (what is released).
 *
 *   people, counts   as every association; counts of the variants that lie in a gene and its mask
 *   carriers         64-bit, for each gene: people with a minor allele at a single marker, at any; of the collapsed ones, people whose most is 1, and 2
 *   null model       linear: "cross" as in linear_priv.h; logistic: "means", "newton N" as in logistic_priv.h
 *   sums             64-bit, for each gene of m markers: upper triangle of G'WG (2^-32), then marker by marker G'WX and G'r (2^-frac[k])
 *
 * Markers are minor alleles: variants above the limit of `collapse` singly, then one for all those below: the most minor alleles that a person has at any of them (a
 * missing call counts as none). Missing calls of single markers are at the stratum's mean, without strata at the pooled one, rounded to 30 fraction bits for the person.
 * With strata sums are centred by weight in each stratum before they leave: C = A'WB - (A'W1)(1'WB) / (1'W1), rounded once. Without, column 0 is the weight itself.
 *
 * Bounds at 2^20 people: G'WG 2^2 2^20 2^32 = 2^54; frac[k] keeps the others below 2^61; products of two sums below 2^115. */

enum { GENES_G = 30, GENES_W = 32, GENES_CARRIER_LANES = 4, GENES_COLUMN_MAX = SUND_K_MAX + 2, GENES_FEW = 10 };

typedef enum genes_role { GENES_UNUSED, GENES_SINGLE, GENES_ULTRA } genes_role; /* of a variant */

typedef struct genes_gene {
    char        name[65];
    sund_region at;
    size_t      from, n;      /* its variants: own->member[from .. from + n) */
    size_t      n_marker;     /* the single ones, then the collapsed one */
    bool        ultra;        /* there is a collapsed one */
    int64_t     carriers, ultra_dose;
    const char *note;         /* why there is no test; NULL when there is */
    bool        few;          /* some marker has fewer than GENES_FEW expected minor alleles among the cases, or the controls */
    sund_skat   test;
} genes_gene;

typedef enum genes_stage { GENES_PEOPLE, GENES_COUNTS, GENES_CARRIERS, GENES_MEANS, GENES_NULL, GENES_SUMS, GENES_DONE } genes_stage;

typedef struct genes_own {
    genes_stage   stage;
    double        max_af;
    int64_t       collapse;
    bool          beta_weights, logistic;
    genes_gene   *gene;          /* those with a variant in the mask, in the table's order */
    size_t        n_gene, n_elsewhere, n_off; /* rows of the gene table off the 25 sequences; rows of the classes off the catalogue */
    uint32_t     *member;        /* n_member: index into asked */
    size_t        n_member;
    uint32_t     *asked;         /* n_asked variants of the range, ascending */
    size_t        n_asked;
    sund_alleles *count;         /* n_asked */
    uint8_t      *role;          /* n_asked, genes_role */
    uint32_t     *active;        /* genes that are tested */
    size_t        n_active;
    size_t       *chunk;         /* n_chunk + 1: first of active in each chunk of the sums */
    size_t        n_chunk;

    size_t        n_column;      /* of the sums: without strata the weight, then covariates, then the residual */
    unsigned      frac[GENES_COLUMN_MAX];
    size_t        k;             /* covariates */
    int64_t       n_stratum;
    sund_i128     sum[SUND_COLUMN_MAX]; /* linear without strata: of the columns */
    sund_linear   null;          /* of logistic only k, l, scale */
    sund_linear_trait trait;     /* of linear; all 0 of logistic */
    double        s2;
    logistic_own  logit;         /* the null model of a binary outcome on its way: logistic_priv.h */
} genes_own;

static inline size_t genes_triangle(size_t m) { return m * (m + 1) / 2; }
/** Lanes of a gene in the sums. */
static inline size_t genes_lanes(const genes_own *own, size_t m) { return genes_triangle(m) + m * own->n_column; }
/** Whether the minor allele is the reference. */
static inline bool genes_flipped(const sund_alleles *a) { return 2 * a->ac > a->an; }
/** x / 2^shift to the nearest, halves up: the same wherever the person is. shift > 0. */
static inline int64_t sund_genes_shifted(sund_i128 x, unsigned shift) { return (int64_t) ((x + ((sund_i128) 1 << (shift - 1))) >> shift); }
sund_code sund_genes_bad_total(sund_err *err);

/* genes_files.c */
/** A gene table: a TSV with columns gene, chrom, start, end (1-based, both ends within; others are passed over); lines that begin with "##" or "# " are comments.
 *  *gene: n of them, freed by the caller; rows of other sequences than the 25 are counted in *n_elsewhere. Errors: SUND_E_FORMAT naming the row. */
sund_code sund_genes_parse(sund_cur text, sund_assembly assembly, genes_gene **gene, size_t *n, size_t *n_elsewhere, sund_err *err) SUND_MUST_CHECK;
/** Fills gene, member, asked from the study's files; genes without variants are left out. */
sund_code sund_genes_choose(sund_state *st, sund_err *err) SUND_MUST_CHECK;

/* genes_null.c */
/** Before a round of it: its name; rule model-size. */
sund_code sund_genes_null_plan(sund_state *st, sund_round *r, sund_err *err) SUND_MUST_CHECK;
sund_code sund_genes_null_local(const sund_state *st, const sund_view *v, const sund_round *r, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_genes_null_total(sund_state *st, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
/** Once it is there: own->null, own->s2. Errors: SUND_E_NUMERIC why there is none. */
sund_code sund_genes_null_end(sund_state *st, sund_err *err) SUND_MUST_CHECK;
/** Columns of the sums, and their fraction bits. */
void      sund_genes_columns(sund_state *st);
/** What the sums are over: for each person a weight (2^-32) and the columns (2^-frac[k]); for each stratum their totals. */
typedef struct genes_fitted {
    size_t   n_person, n_stratum;
    uint8_t *stratum;                        /* of a person; UINT8_MAX: takes no part */
    int64_t *w, *column[GENES_COLUMN_MAX];
    struct { int64_t n, w, column[GENES_COLUMN_MAX]; } whole[SUND_STRATA_MAX];
} genes_fitted;
/** Owns: sund_genes_fitted_free(), safe on NULL. */
sund_code sund_genes_fitted(const sund_state *st, const sund_view *v, const sund_round *r, genes_fitted **out, sund_err *err) SUND_MUST_CHECK;
void      sund_genes_fitted_free(genes_fitted *f);

/* genes_local.c */
sund_code sund_genes_carriers_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;
sund_code sund_genes_sums_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err) SUND_MUST_CHECK;

/* genes_table.c */
sund_code sund_genes_sums_total(sund_state *st, uint32_t chunk, const sund_vec *t, sund_err *err) SUND_MUST_CHECK;
sund_code sund_genes_table(sund_state *st, sund_release *out, sund_err *err) SUND_MUST_CHECK;

#endif
