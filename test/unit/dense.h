/* Scores of markers from dense data, in plain doubles: the second computation that sums of integers are checked against; and the SKAT package's example. */
#ifndef SUND_TEST_DENSE_H
#define SUND_TEST_DENSE_H

#include <stdbool.h>

enum { DENSE_K = 12, S_N = 2000, S_M = 67 };

/* Y, X and Z of SKAT.example (x with the intercept first), or NULL, with a word, where the shared data are absent. free() it. */
typedef struct example { double z[S_N][S_M], yc[S_N], yb[S_N], x[S_N][3]; } example;
example *read_example(void);

/* A x = b by elimination, k <= DENSE_K; b becomes x. */
void   solve(int k, double a[DENSE_K][DENSE_K], double *b);
/* Residuals and weights of the null model, x n x k with the intercept. Returns the residual variance, 1 for logistic. */
double null_model(int n, int k, const double *x, const double *y, bool logistic, double *r, double *wt);
/* u = G'r and v = G'WG less what x explains: g n x m. */
void   dense_scores(int n, int m, int k, const double *g, const double *x, const double *r, const double *wt, double *u, double *v);

#endif
