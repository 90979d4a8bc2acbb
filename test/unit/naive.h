/* Whole-genome regression as one would write it down: person by person, in floating point, with dense elimination. What test_wgr.c and test_wgr_binary.c hold the
 * product against; here is what both outcomes share: folds, covariates, genotypes and level 0. */
#ifndef SUND_TEST_NAIVE_H
#define SUND_TEST_NAIVE_H

#include "cohort.h"
#include "base/crypto.h"

enum { CHROMOSOMES = 4 };

typedef struct naive { size_t n_fold, n_ridge, block; bool strata; sund_digest study; double r2[8], *beta, *se; } naive;

/* x: intercepts and age; basis: the same made orthonormal; rest: y without them. raw: genotypes, missing calls at the mean of the stratum, or of all; g: without
 * covariates and with variance one. w: predictors of level 1. offset: by chromosome, what is known of people from the others. */
typedef struct dense {
    size_t  n, k, n_pred, *fold, *pred_contig;
    double *y, *rest, *x[4], *basis[4], **raw, **g, **w, *eta0, *offset[CHROMOSOMES + 1];
} dense;

double *naive_column(size_t n);
void    naive_project(double *v, double *const *basis, size_t n_basis, size_t n); /* takes basis vectors out of v */
double  naive_norm(const double *v, size_t n);
void    naive_eliminate(size_t k, const double *a, double lambda, const double *b, double *x); /* x = (A + lambda I)^-1 b */
/* Ridge coefficients for the people of each fold, from all others, with columns g (k arrays): coef has n_fold rows of k. */
void    naive_out_of_fold(size_t n, size_t k, double *const *g, const double *y, const size_t *fold, size_t n_fold, double lambda, double *coef);

/* Everything up to level 1, for people whose first value is their age; y_of: an outcome from a person's values. Owns: naive_close. */
void naive_open(dense *d, naive *o, const cohort *c, double (*y_of)(const char *values));
void naive_close(dense *d, const cohort *c);
void naive_free(naive *o);

#endif
