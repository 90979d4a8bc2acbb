#include "gate/cells.h"
#include "math/func.h"
#include "stats/linear.h"
#include "study/score_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a polygenic score study releases. Everything about an outcome comes from sums and from bins a hundredth of a standard deviation wide. */

static double z_of(size_t bin) { return ((double) bin + 0.5) / 100.0 - 6.0; }

/** Probability that a case has the higher score, ties by half. NaN without cases or controls. */
static double auc_of(const score_group *g)
{
    double below = 0.0, sum = 0.0, cases = (double) g->y, controls = (double) (g->n - g->y);

    for (size_t b = 0; b < SCORE_BINS; b++) {
        double y = (double) g->bin_y[b], n = (double) (g->bin[b] - g->bin_y[b]);

        sum += y * (below + n / 2.0);
        below += n;
    }
    return cases > 0.0 && controls > 0.0 ? sum / (cases * controls) : (double) NAN;
}

typedef struct fit { double a, b, se; bool ok; } fit;

/** Logistic regression of the outcome on the binned score, by Newton. */
static fit logistic_of(const score_group *g)
{
    fit f = { 0, 0, (double) NAN, false };

    if (g->y < 1 || g->y >= g->n)
        return f;
    f.a = sund_ln((double) g->y / (double) (g->n - g->y));
    for (int i = 0; i < 30; i++) {
        double u0 = 0, u1 = 0, w0 = 0, w1 = 0, w2 = 0, det, step;

        for (size_t b = 0; b < SCORE_BINS; b++) {
            double n = (double) g->bin[b], p, w;

            if (g->bin[b] == 0)
                continue;
            p = 1.0 / (1.0 + sund_exp(-(f.a + f.b * z_of(b))));
            w = n * p * (1.0 - p);
            u0 += (double) g->bin_y[b] - n * p;
            u1 += ((double) g->bin_y[b] - n * p) * z_of(b);
            w0 += w;
            w1 += w * z_of(b);
            w2 += w * z_of(b) * z_of(b);
        }
        det = w0 * w2 - w1 * w1;
        if (!(det > 1e-12 * w0 * w2))
            return f;
        f.a += (w2 * u0 - w1 * u1) / det;
        step = (w0 * u1 - w1 * u0) / det;
        f.b += step;
        f.se = sqrt(w0 / det);
        if (fabs(f.b) > 20.0)
            return f;
        if (fabs(step) < 1e-10) {
            f.ok = true;
            return f;
        }
    }
    return f;
}

/** Least squares of a number on the score: per standard deviation of everybody's. */
static fit linear_of(const score_own *own, const score_group *g, double *r2)
{
    bool   over = false;
    double css = sund_centred(g->n, g->ss, g->s, g->s, 0, &over), csy = sund_centred(g->n, g->sy, g->s, g->y, 0, &over), cyy = sund_centred(g->n, g->yy, g->y, g->y, 0, &over);
    fit    f = { 0, 0, (double) NAN, false };

    *r2 = (double) NAN;
    if (over || g->n < 3 || !(css > 0.0) || !(cyy > 0.0))
        return f;
    *r2 = csy / css * (csy / cyy);
    f.b = csy / css * own->spread;
    f.a = (double) g->y / (double) g->n - csy / css * ((double) g->s / (double) g->n - own->centre);
    f.se = sqrt((cyy - csy / css * csy) / (double) (g->n - 2) / css) * own->spread;
    f.ok = true;
    return f;
}

static const sund_release_column group_column[] = {
    { "group", 's', false }, { "people", 'i', true }, { "cases", 'i', true }, { "score_mean", 'f', true }, { "score_sd", 'f', true }, { "r2", 'f', true }, { "beta_per_sd", 'f', true },
    { "se", 'f', true }, { "auc", 'f', true }, { "odds_ratio_per_sd", 'f', true }, { "ci95_low", 'f', true }, { "ci95_high", 'f', true }, { "nlog10p", 'f', true }, { "note", 's', false },
};
enum { N_GROUP_COLUMN = sizeof group_column / sizeof group_column[0] };

static sund_code put_group(const sund_state *st, sund_release *out, size_t g, bool hidden, sund_err *err)
{
    const score_own   *own = st->own;
    const score_group *x = &own->sum[g];
    double             unit = ldexp(1.0, 16 - (int) own->shift), r2 = (double) NAN, auc = (double) NAN, scale = own->outcome < st->plan->n ? st->plan->col[own->outcome].unit : 1.0;
    bool               over = false, outcome = own->outcome < st->plan->n;
    double             ss = x->n > 1 ? sund_centred(x->n, x->ss, x->s, x->s, 0, &over) : (double) NAN;
    fit                f = { 0, 0, (double) NAN, false };
    sund_guard         guard = { .on = SUND_ON_PEOPLE, .people = hidden ? 0 : own->binary ? (x->y < x->n - x->y ? x->y : x->n - x->y) : x->n };
    sund_cell          cell[N_GROUP_COLUMN] = { { .s = own->label[g] }, { .i = sund_rule_round5(&st->thresholds, x->n) }, { .i = own->binary ? sund_rule_round5(&st->thresholds, x->y) : INT64_MIN } };

    if (outcome && own->binary) {
        f = logistic_of(x);
        auc = auc_of(x);
        scale = 1.0;
    }
    else if (outcome)
        f = linear_of(own, x, &r2);
    for (size_t k = 3; k < N_GROUP_COLUMN - 1; k++)
        cell[k].f = (double) NAN;
    cell[3].f = x->n ? (double) x->s / (double) x->n * unit : (double) NAN;
    cell[4].f = sqrt(ss / (double) (x->n - 1)) * unit;
    cell[5].f = r2;
    cell[8].f = auc;
    if (f.ok) {
        cell[6].f = f.b * scale;
        cell[7].f = f.se * scale;
        cell[12].f = own->binary ? sund_z_nlog10p(f.b / f.se) : sund_t_nlog10p(f.b / f.se, (double) (x->n - 2));
    }
    if (f.ok && own->binary) {
        cell[9].f = sund_exp(f.b);
        cell[10].f = sund_exp(f.b - 1.95996398454005423552 * f.se);
        cell[11].f = sund_exp(f.b + 1.95996398454005423552 * f.se);
    }
    cell[13].s = !outcome || f.ok ? "." : x->n == 0 ? "nobody is in the group" : own->binary ? "no cases, no controls, or the score separates them" : "the score or the outcome does not vary";
    return sund_release_row(out, &guard, cell, err);
}

static const sund_release_column tenth_column[] = { { "tenth", 'i', false }, { "people", 'i', true }, { "score_mean", 'f', true }, { "predicted", 'f', true }, { "observed", 'f', true } };

/** Tenths of everybody by score, as near as bins allow: what the fit says, and what is. */
static sund_code put_tenths(const sund_state *st, sund_release *out, sund_err *err)
{
    const score_own   *own = st->own;
    const score_group *x = &own->sum[own->n_group];
    double             r2, unit = own->binary ? 1.0 : st->plan->col[own->outcome].unit, mid = own->binary ? 0.0 : (double) st->plan->col[own->outcome].mid;
    fit                f = own->binary ? logistic_of(x) : linear_of(own, x, &r2);
    size_t             b = 0;
    int64_t            before = 0;

    for (int64_t d = 1; d <= 10; d++) {
        int64_t n = 0, y = 0;
        double  z = 0.0, predicted = 0.0;

        for (; b < SCORE_BINS && (d == 10 || before + n + x->bin[b] / 2 < x->n * d / 10); b++) {
            double m = (double) x->bin[b], at = z_of(b);

            n += x->bin[b];
            y += x->bin_y[b];
            z += m * at;
            predicted += m * (own->binary ? 1.0 / (1.0 + sund_exp(-(f.a + f.b * at))) : f.a + f.b * at);
        }
        before += n;
        sund_guard guard = { .on = SUND_ON_PEOPLE, .people = own->binary ? (y < n - y ? y : n - y) : n };
        sund_cell  cell[5] = { { .i = d }, { .i = sund_rule_round5(&st->thresholds, n) }, { .f = n ? z / (double) n : (double) NAN },
                               { .f = n && f.ok ? (predicted / (double) n + mid) * unit : (double) NAN }, { .f = n ? ((double) y / (double) n + mid) * unit : (double) NAN } };

        SUND_TRY(sund_release_row(out, &guard, cell, err));
    }
    return SUND_OK;
}

static const sund_release_column spread_column[] = { { "z_from", 'f', false }, { "z_to", 'f', false }, { "people", 'i', true } };
enum { WIDE = 25 }; /* bins of the table in bins: a quarter of a standard deviation */

static sund_code put_distribution(const sund_state *st, sund_release *out, sund_err *err)
{
    const score_own   *own = st->own;
    const score_group *x = &own->sum[own->n_group];

    for (size_t from = 0; from < SCORE_BINS; from += WIDE) {
        int64_t   n = 0;
        sund_cell cell[3] = { { .f = (double) from / 100.0 - 6.0 }, { .f = (double) (from + WIDE) / 100.0 - 6.0 } };

        for (size_t b = from; b < from + WIDE; b++)
            n += x->bin[b];
        cell[2].i = sund_rule_round5(&st->thresholds, n);
        SUND_TRY(sund_release_row(out, &(sund_guard){ .on = SUND_ON_PEOPLE, .people = n }, cell, err));
    }
    return SUND_OK;
}

static const sund_release_column variant_column[] = { { "what", 's', false }, { "variants", 'i', false } };

static sund_code put_variants(const score_own *own, sund_release *out, sund_err *err)
{
    const sund_scorefile *f = &own->file;
    const struct { const char *what; size_t n; } line[] = {
        { "lines of the file", f->n_line },
        { "used", own->n_used },
        { "alleles as written at one node or more", own->n_straight },
        { "effect allele is REF", own->n_turned },
        { "on the other strand at one node or more", own->n_other_strand },
        { "in nobody's genotypes", own->n_unmatched },
        { "A/T and C/G, whose strand the letters do not tell", own->n_palindromic },
        { "without a place on the assembly", f->n_no_place },
        { "alleles that are not letters of DNA", f->n_bad_allele },
        { "weight is no number", f->n_bad_weight },
        { "haplotypes and interactions", f->n_complex },
        { "the same variant again", f->n_repeated },
        { "on X, Y or MT", f->n_not_autosomal },
    };

    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        sund_cell cell[2] = { { .s = line[i].what }, { .i = (int64_t) line[i].n } };

        SUND_TRY(sund_release_row(out, &(sund_guard){ .on = SUND_ON_COHORT }, cell, err));
    }
    return SUND_OK;
}

sund_code sund_score_tables(sund_state *st, sund_release *out, sund_err *err)
{
    const score_own *own = st->own;
    int64_t          n[SCORE_GROUPS_MAX];
    bool             hidden[SCORE_GROUPS_MAX] = { false };

    SUND_TRY(sund_release_next(out, "table", group_column, N_GROUP_COLUMN, err));
    for (size_t g = 0; g <= own->n_group; g++)
        n[g] = own->sum[g].n;
    if (own->n_group)
        sund_rule_complement(&st->thresholds, n, own->n_group + 1, 1, hidden);
    for (size_t g = 0; g <= own->n_group; g++)
        SUND_TRY(put_group(st, out, g, hidden[g], err));
    SUND_TRY(sund_release_next(out, "distribution", spread_column, sizeof spread_column / sizeof *spread_column, err));
    SUND_TRY(put_distribution(st, out, err));
    if (own->outcome < st->plan->n) {
        SUND_TRY(sund_release_next(out, "calibration", tenth_column, sizeof tenth_column / sizeof *tenth_column, err));
        SUND_TRY(put_tenths(st, out, err));
    }
    SUND_TRY(sund_release_next(out, "variants", variant_column, sizeof variant_column / sizeof *variant_column, err));
    SUND_TRY(put_variants(own, out, err));
    (void) snprintf(st->facts, sizeof st->facts, "\"n\": %lld, \"score\": \"%.63s\", \"trait\": \"%.127s\", \"variants_used\": %zu, \"kept_at_home_as\": \"score_%.8s\"",
                    (long long) sund_rule_round5(&st->thresholds, st->n_person), own->file.id, own->file.trait, own->n_used, sund_digest_hex(&st->study->digest).s);
    return SUND_OK;
}
