#include "study/view.h"

#include "stats/few.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rule dominance, of columns: sums of genotypes times columns X, X'g, give b'X'g for any b, and where the squares of X b are nearly all a few people's, that is those people's genotypes.
 * Columns are centred within strata, G = X'X = L L', z_i = L^-1 x_i: the squares of z_i'b over people add up to |b|^2, and |z_i|^2 is the person's leverage. Looked at are each column, each
 * beside those before it, and all combinations (stats/few.h). Judged by a node's own people alone. */

typedef struct weighing {
    const sund_view    *v;
    const sund_weighed *of;
    size_t              n, k, own;       /* people; columns; columns that say something new and are weighed */
    double              mean[SUND_STRATA_MAX][SUND_COLUMN_MAX];
    double              l[SUND_COLUMN_MAX * SUND_COLUMN_MAX]; /* the lower triangle of G, then of L; a column that says nothing new has 0 on the diagonal */
    double              square[SUND_COLUMN_MAX];               /* diagonal of G */
    size_t              few;
    double              most[2][SUND_COLUMN_MAX][SUND_FEW_MAX]; /* largest squares of a column, and of what is its own: the smallest of them first */
    size_t              n_heavy;                                /* the people of most leverage, for all combinations */
    double              leverage[SUND_FEW_PEOPLE + 1], *z;      /* and the largest leverage of the others, last */
} weighing;

static bool bit(const uint64_t *plane, size_t i) { return plane[i / 64] >> (i % 64) & 1; }

static size_t stratum_of(const weighing *w, size_t i)
{
    const sund_view *v = w->v;

    for (size_t s = 0; bit(w->of->among ? w->of->among : v->member, i) && s < v->n_stratum; s++)
        if (bit(v->stratum[s], i))
            return s;
    return SUND_STRATA_MAX;
}

static void centre(weighing *w)
{
    double x[SUND_COLUMN_MAX];
    size_t n[SUND_STRATA_MAX] = { 0 };

    for (size_t i = 0; i < w->v->n_person; i++) {
        size_t s = stratum_of(w, i);

        if (s == SUND_STRATA_MAX)
            continue;
        n[s]++;
        w->n++;
        w->of->values(w->of->ctx, i, x);
        for (size_t a = 0; a < w->k; a++)
            w->mean[s][a] += x[a];
    }
    for (size_t s = 0; s < w->v->n_stratum; s++)
        for (size_t a = 0; a < w->k && n[s]; a++)
            w->mean[s][a] /= (double) n[s];
}

/** Centred values; false for who is not asked about. */
static bool values(const weighing *w, size_t i, double *x)
{
    size_t s = stratum_of(w, i);

    if (s == SUND_STRATA_MAX)
        return false;
    w->of->values(w->of->ctx, i, x);
    for (size_t a = 0; a < w->k; a++)
        x[a] -= w->mean[s][a];
    return true;
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
    for (size_t a = w->of->n_rare; a < k; a++)
        w->own += w->l[a * k + a] > 0.0;
}

/** Among the heaviest, the lightest of them last: there is room for one more than are kept. */
static void keep_heavy(weighing *w, double h, const double *z)
{
    size_t at = w->n_heavy, k = w->k - w->of->n_rare;

    if (at == SUND_FEW_PEOPLE && h <= w->leverage[at])
        return;
    w->n_heavy += at < SUND_FEW_PEOPLE;
    for (; at > 0 && w->leverage[at - 1] < h; at--) {
        w->leverage[at] = w->leverage[at - 1];
        memcpy(w->z + at * k, w->z + (at - 1) * k, k * sizeof *z);
    }
    w->leverage[at] = h;
    memcpy(w->z + at * k, z, k * sizeof *z);
}

static void look_at_all(weighing *w)
{
    double x[SUND_COLUMN_MAX], z[SUND_COLUMN_MAX];
    size_t k = w->k, rare = w->of->n_rare;

    for (size_t i = 0; i < w->v->n_person; i++) {
        double h = 0;

        if (!values(w, i, x))
            continue;
        for (size_t a = 0; a < k; a++) {
            double own = x[a];

            for (size_t b = 0; b < a; b++)
                own -= w->l[a * k + b] * z[b];
            z[a] = w->l[a * k + a] > 0.0 ? own / w->l[a * k + a] : 0.0;
            sund_few_keep(w->most[0][a], w->few, w->square[a] > 0.0 ? x[a] * x[a] / w->square[a] : 0.0);
            sund_few_keep(w->most[1][a], w->few, z[a] * z[a]);
        }
        for (size_t a = rare; a < k; a++)
            h += z[a] * z[a];
        keep_heavy(w, h, z + rare);
    }
}

/** Each column, by itself and beside those before it. */
static sund_code judge_columns(const weighing *w, const sund_thresholds *t, sund_err *err)
{
    for (size_t a = w->of->n_rare; a < w->k; a++)
        for (int own = 0; own < (w->n >= 3 * w->own ? 2 : 1); own++) {
            double sum = 0;

            for (size_t j = 0; j < w->few; j++)
                sum += w->most[own][a][j];
            SUND_TRY(sund_rule_few(t, sum, w->of->name[a], err));
        }
    return SUND_OK;
}

/** All combinations: what is not proven to be nobody's is refused. Of k columns some combination always weighs few; so few are at most half as many as there are people to a column, and one
 *  from three people to a column on. */
static sund_code judge_combinations(const weighing *w, const sund_thresholds *t, sund_err *err)
{
    size_t           few = w->own == 0 || w->n / (2 * w->own) > w->few ? w->few : w->n / (2 * w->own);
    double           sum = 0;
    sund_few_verdict verdict;

    if (w->n < 3 * w->own)
        return SUND_OK;
    for (size_t i = 0; i < few && i < w->n_heavy; i++)
        sum += w->leverage[i];
    if (sum <= SUND_SHARE_FEW)
        return SUND_OK;
    SUND_TRY(sund_few(w->z, w->n_heavy, w->k - w->of->n_rare, few, w->n > w->n_heavy ? w->leverage[w->n_heavy] : 0.0, SUND_SHARE_FEW, &verdict, NULL, err));
    return verdict == SUND_FEW_NONE ? SUND_OK : sund_rule_few(t, 1.0, "all together", err);
}

sund_code sund_view_weigh(const sund_view *v, const sund_weighed *of, const sund_thresholds *t, sund_err *err)
{
    weighing *w;
    sund_code rc;

    if (t->open || v->n_member == 0 || of->k == of->n_rare)
        return SUND_OK;
    w = calloc(1, sizeof *w);
    if (w)
        w->z = calloc((SUND_FEW_PEOPLE + 1) * of->k, sizeof *w->z);
    rc = w && w->z ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
    if (rc == SUND_OK) {
        w->v = v;
        w->of = of;
        w->k = of->k;
        centre(w);
        w->few = w->n / 5 < 2 ? 2 : w->n / 5;
        w->few = w->few > t->cell_min - 1 ? t->cell_min - 1 : w->few;
        w->few = w->few > SUND_FEW_MAX ? SUND_FEW_MAX : w->few;
        factor(w);
        look_at_all(w);
        rc = judge_columns(w, t, err);
        if (rc == SUND_OK)
            rc = judge_combinations(w, t, err);
    }
    if (w)
        free(w->z);
    free(w);
    return rc;
}

/* ---- the columns of a study ---- */

typedef struct design {
    const sund_view *v;
    size_t           n, of[SUND_COLUMN_MAX]; /* columns of the plan */
    bool             times[SUND_COLUMN_MAX]; /* times the covariate of an interaction: h = g e has sums with all that g has */
    const int32_t   *by;
} design;

static void design_values(const void *ctx, size_t i, double *x)
{
    const design *d = ctx;

    for (size_t a = 0; a < d->n; a++)
        x[a] = (double) d->v->column[d->of[a]][i] * (d->times[a] ? d->by[i] : 1);
}

/** A column of zeros and ones of which one kind is that of few among them. */
static bool rare(const sund_view *v, const uint64_t *among, const int32_t *one, const int32_t *by, size_t least)
{
    size_t n[2] = { 0, 0 };

    for (size_t i = 0; i < v->n_person; i++)
        if (bit(among ? among : v->member, i))
            n[one[i] && (!by || by[i])]++;
    return n[0] < least || n[1] < least;
}

bool sund_view_rare(const sund_view *v, size_t c, const sund_thresholds *t) { return v->plan.col[c].binary && rare(v, NULL, v->column[c], NULL, t->cell_min); }

/** The columns that are rare here, or those that are not. by: of the interaction's covariate; SIZE_MAX for none. */
static void choose(design *d, sund_weighed *of, const sund_thresholds *t, size_t by, bool want_rare)
{
    const sund_columns_plan *p = &d->v->plan;

    for (size_t c = 0; c < p->n; c++)
        for (int times = 0; times < (by == SIZE_MAX ? 1 : 2) && d->n < SUND_COLUMN_MAX; times++) {
            bool binary = p->col[c].binary && (!times || p->col[by].binary);

            if ((!p->col[c].binary && p->col[c].var.type == SUND_VAR_CATEGORY) || (binary && rare(d->v, of->among, d->v->column[c], times ? d->by : NULL, t->cell_min)) != want_rare)
                continue;
            of->name[d->n] = p->col[c].name;
            d->times[d->n] = times;
            d->of[d->n++] = c;
        }
}

sund_code sund_view_weights(const sund_view *v, const sund_study *s, const sund_thresholds *t, const uint64_t *among, sund_err *err)
{
    design       d = { .v = v };
    sund_weighed of = { .values = design_values, .ctx = &d, .among = among };
    const char  *interaction = sund_study_text(s, "interaction");
    size_t       by = SIZE_MAX;

    for (size_t c = 0; c < v->plan.n_covariate; c++)
        if (strcmp(v->plan.col[c].var.name, interaction) == 0 && !sund_view_rare(v, c, t))
            by = c;
    if (by != SIZE_MAX)
        d.by = v->column[by];
    choose(&d, &of, t, by, true);
    of.n_rare = d.n;
    choose(&d, &of, t, by, false);
    of.k = d.n;
    return sund_view_weigh(v, &of, t, err);
}
