#include "study/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rule dominance, of columns: sums of genotypes times a column that is one person's are that person's genotypes. So no few people may make up nearly all of a column's squares here, neither
 * by itself nor beside the columns before it: two that differ by one person are as good as that person's own. Columns are centred within strata, G = X'X = L L', and for person i
 * z_i = L^-1 x_i: the squares of z_ik over people add up to one, and |z_i|^2 is the person's leverage. Judged before this node's line, by its own people alone. */

enum { FEW_MAX = 32 };

typedef struct weighing {
    const sund_view *v;
    size_t           k, of[SUND_COLUMN_MAX]; /* columns of the plan that are weighed */
    double           mean[SUND_STRATA_MAX][SUND_COLUMN_MAX];
    double           l[SUND_COLUMN_MAX * SUND_COLUMN_MAX]; /* the lower triangle of G, then of L; a column that says nothing new has 0 on the diagonal */
    double           square[SUND_COLUMN_MAX]; /* diagonal of G */
    size_t           few;
    double           most[2][SUND_COLUMN_MAX][FEW_MAX]; /* largest squares of a column, and of what is its own: the smallest of them first */
    double           leverage;
} weighing;

static bool bit(const uint64_t *plane, size_t i) { return plane[i / 64] >> (i % 64) & 1; }

/** Both levels have so many people here: else rule cell-min, over all nodes, is what holds. */
static bool common_levels(const sund_view *v, size_t c, size_t least)
{
    size_t n[2] = { 0, 0 };

    for (size_t i = 0; i < v->n_person; i++)
        if (bit(v->member, i))
            n[v->column[c][i] != 0]++;
    return n[0] >= least && n[1] >= least;
}

static void choose(weighing *w, const sund_thresholds *t)
{
    const sund_columns_plan *p = &w->v->plan;

    for (size_t c = 0; c < p->n; c++)
        if (p->col[c].binary ? common_levels(w->v, c, t->cell_min) : p->col[c].var.type != SUND_VAR_CATEGORY)
            w->of[w->k++] = c;
}

static size_t stratum_of(const sund_view *v, size_t i)
{
    for (size_t s = 0; s < v->n_stratum; s++)
        if (bit(v->stratum[s], i))
            return s;
    return SUND_STRATA_MAX;
}

static void centre(weighing *w)
{
    const sund_view *v = w->v;
    size_t           n[SUND_STRATA_MAX] = { 0 };

    for (size_t i = 0; i < v->n_person; i++) {
        size_t s = stratum_of(v, i);

        if (s == SUND_STRATA_MAX)
            continue;
        n[s]++;
        for (size_t a = 0; a < w->k; a++)
            w->mean[s][a] += v->column[w->of[a]][i];
    }
    for (size_t s = 0; s < v->n_stratum; s++)
        for (size_t a = 0; a < w->k && n[s]; a++)
            w->mean[s][a] /= (double) n[s];
}

/** A member's centred values; false for anybody else. */
static bool values(const weighing *w, size_t i, double *x)
{
    size_t s = bit(w->v->member, i) ? stratum_of(w->v, i) : SUND_STRATA_MAX;

    for (size_t a = 0; a < w->k && s < SUND_STRATA_MAX; a++)
        x[a] = w->v->column[w->of[a]][i] - w->mean[s][a];
    return s < SUND_STRATA_MAX;
}

static void factor(weighing *w)
{
    double x[SUND_COLUMN_MAX];
    size_t k = w->k;

    for (size_t i = 0; i < w->v->n_person; i++)
        if (values(w, i, x))
            for (size_t a = 0; a < k; a++)
                for (size_t b = 0; b <= a; b++)
                    w->l[a * k + b] += x[a] * x[b];
    for (size_t a = 0; a < k; a++)
        w->square[a] = w->l[a * k + a];
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = w->l[a * k + b];

            for (size_t c = 0; c < b; c++)
                sum -= w->l[a * k + c] * w->l[b * k + c];
            if (a == b) /* as the solver judges it (math/linalg.h) */
                w->l[a * k + a] = sum > 1e-11 * w->square[a] && sum > 0.0 ? sqrt(sum) : 0.0;
            else
                w->l[a * k + b] = w->l[b * k + b] > 0.0 ? sum / w->l[b * k + b] : 0.0;
        }
}

static void among_the_most(weighing *w, double *most, double x)
{
    size_t at = 0;

    if (x <= most[0])
        return;
    for (; at + 1 < w->few && most[at + 1] < x; at++)
        most[at] = most[at + 1];
    most[at] = x;
}

static void look_at_all(weighing *w)
{
    double x[SUND_COLUMN_MAX], z[SUND_COLUMN_MAX];
    size_t k = w->k;

    for (size_t i = 0; i < w->v->n_person; i++) {
        double h = 0;

        if (!values(w, i, x))
            continue;
        for (size_t a = 0; a < k; a++) {
            double own = x[a];

            for (size_t b = 0; b < a; b++)
                own -= w->l[a * k + b] * z[b];
            z[a] = w->l[a * k + a] > 0.0 ? own / w->l[a * k + a] : 0.0;
            h += z[a] * z[a];
            among_the_most(w, w->most[0][a], w->square[a] > 0.0 ? x[a] * x[a] / w->square[a] : 0.0);
            among_the_most(w, w->most[1][a], z[a] * z[a]);
        }
        w->leverage = h > w->leverage ? h : w->leverage;
    }
}

sund_code sund_view_weights(const sund_view *v, const sund_thresholds *t, sund_err *err)
{
    weighing *w = calloc(1, sizeof *w);
    sund_code rc = w ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && !t->open && v->n_member) {
        w->v = v;
        w->few = v->n_member / 5 < 2 ? 2 : v->n_member / 5;
        w->few = w->few > t->cell_min - 1 ? t->cell_min - 1 : w->few;
        w->few = w->few > FEW_MAX ? FEW_MAX : w->few;
        choose(w, t);
        centre(w);
        factor(w);
        look_at_all(w);
        for (size_t a = 0; a < w->k && rc == SUND_OK; a++)
            for (int own = 0; own < (v->n_member >= 3 * w->k ? 2 : 1) && rc == SUND_OK; own++) {
                double sum = 0;

                for (size_t j = 0; j < w->few; j++)
                    sum += w->most[own][a][j];
                rc = sund_rule_few(t, sum, v->plan.col[w->of[a]].name, err);
            }
        if (rc == SUND_OK && v->n_member >= 3 * w->k)
            rc = sund_rule_few(t, w->leverage, "all together", err);
    }
    free(w);
    return rc;
}
