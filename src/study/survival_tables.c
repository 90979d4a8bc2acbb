#include "gate/cells.h"
#include "math/func.h"
#include "study/survival_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a survival study releases: a summary and a curve for each group, the tests, Cox's coefficients. Under the gate curves are drawn from counts
 * at times that at least ten of the group leave by, each count rounded to the middle of its six. */

typedef struct curve { size_t n_time; int64_t *raw, *leave, *event, *at_risk; double *survival, *se; } curve;

static void curve_free(curve *c)
{
    free(c->raw);
    free(c->leave);
    free(c->event);
    free(c->at_risk);
    free(c->survival);
    free(c->se);
}

/** Groups from..to - 1 together, on the times that may be shown. */
static void join_times(const sund_state *st, size_t from, size_t to, curve *c)
{
    const survival_own *own = st->own;
    int64_t             least = st->thresholds.open ? 1 : (int64_t) st->thresholds.cell_min, leave = 0, event = 0;

    for (size_t b = 0; b < own->n_bin; b++) {
        for (size_t g = from; g < to; g++) {
            leave += own->leave[g * own->n_bin + b];
            event += own->event_at[g * own->n_bin + b];
        }
        if (leave < least && !(b + 1 == own->n_bin && c->n_time > 0))
            continue;
        if (leave < least) /* the last few go with the time before */
            c->n_time--;
        c->raw[c->n_time] = own->first_raw + (int64_t) (b + 1) * own->step - 1;
        c->leave[c->n_time] = leave + (leave < least ? c->leave[c->n_time] : 0);
        c->event[c->n_time] = event + (leave < least ? c->event[c->n_time] : 0);
        c->n_time++;
        leave = event = 0;
    }
}

/** Counts as they may be shown: people at risk and events so far to the middle of their six. */
static void round_times(const sund_thresholds *t, curve *c)
{
    int64_t risk = 0, events = 0, shown = 0;

    for (size_t i = 0; i < c->n_time; i++)
        risk += c->leave[i];
    for (size_t i = 0; i < c->n_time && !t->open; i++) {
        int64_t now = sund_rule_midpoint6(t, risk), next = sund_rule_midpoint6(t, risk - c->leave[i]), d;

        events += c->event[i];
        d = sund_rule_midpoint6(t, events) - shown;
        risk -= c->leave[i];
        shown += d;
        c->leave[i] = now - next;
        c->event[i] = d < now ? d : now;
    }
}

static sund_code curve_of(const sund_state *st, size_t from, size_t to, curve *c, sund_err *err)
{
    size_t n = ((const survival_own *) st->own)->n_bin + 1;

    *c = (curve){ 0, calloc(n, 8), calloc(n, 8), calloc(n, 8), calloc(n, 8), calloc(n, 8), calloc(n, 8) };
    if (!c->raw || !c->leave || !c->event || !c->at_risk || !c->survival || !c->se)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu times", n);
    join_times(st, from, to, c);
    round_times(&st->thresholds, c);
    sund_kaplan_meier(c->n_time, c->leave, c->event, c->at_risk, c->survival, c->se);
    return SUND_OK;
}

static double time_of(const sund_state *st, int64_t raw) { return (double) raw * st->plan->col[((const survival_own *) st->own)->time].unit; }

/** First time with survival at most one half; where it is one half exactly, the middle of that time and the next event's. */
static double median_of(const sund_state *st, const curve *c)
{
    bool   exactly;
    size_t t = sund_km_median(c->n_time, c->survival, c->event, &exactly), next = t + 1;

    if (t == c->n_time)
        return (double) NAN;
    while (next < c->n_time && c->event[next] == 0)
        next++;
    return exactly && next < c->n_time ? (time_of(st, c->raw[t]) + time_of(st, c->raw[next])) / 2.0 : time_of(st, c->raw[t]);
}

static const sund_release_column summary_column[] = { { "group", 's', false }, { "people", 'i', true }, { "events", 'i', true }, { "median", 'f', true } };
static const sund_release_column curve_column[] = { { "group", 's', false }, { "time", 'f', true }, { "at_risk", 'i', true }, { "events", 'i', true }, { "survival", 'f', true }, { "se", 'f', true } };
static const sund_release_column test_column[] = { { "test", 's', false }, { "chisq", 'f', false }, { "df", 'i', false }, { "nlog10p", 'f', false }, { "note", 's', false } };
static const sund_release_column cox_column[] = { { "term", 's', false },    { "beta", 'f', false },    { "se", 'f', false }, { "hazard_ratio", 'f', false },
                                                  { "ci95_low", 'f', false }, { "ci95_high", 'f', false }, { "z", 'f', false },  { "nlog10p", 'f', false }, { "note", 's', false } };

/** Of all people from group `from` to before `to`: summary row, or the curve's rows. */
static sund_code put_group(const sund_state *st, sund_release *out, const char *label, size_t from, size_t to, bool summary, sund_err *err)
{
    const survival_own *own = st->own;
    curve               c;
    int64_t             n = 0, d = 0;
    sund_code           rc = curve_of(st, from, to, &c, err);

    for (size_t k = from * own->n_bin; k < to * own->n_bin; k++) {
        n += own->leave[k];
        d += own->event_at[k];
    }
    if (rc == SUND_OK && summary) {
        sund_cell cell[4] = { { .s = label }, { .i = sund_rule_midpoint6(&st->thresholds, n) }, { .i = sund_rule_midpoint6(&st->thresholds, d) }, { .f = median_of(st, &c) } };

        rc = sund_release_row(out, &(sund_guard){ .on = SUND_ON_PEOPLE, .people = n < d ? n : d }, cell, err);
    }
    for (size_t t = 0; rc == SUND_OK && !summary && t < c.n_time; t++) {
        sund_cell cell[6] = { { .s = label }, { .f = time_of(st, c.raw[t]) }, { .i = c.at_risk[t] }, { .i = c.event[t] }, { .f = c.survival[t] }, { .f = c.se[t] } };

        if (c.leave[t])
            rc = sund_release_row(out, &(sund_guard){ .on = SUND_ON_PEOPLE, .people = n < d ? n : d }, cell, err);
    }
    curve_free(&c);
    return rc;
}

static sund_code put_groups(const sund_state *st, sund_release *out, bool summary, sund_err *err)
{
    const survival_own *own = st->own;

    for (size_t g = 0; g < own->n_group && own->n_group > 1; g++)
        SUND_TRY(put_group(st, out, own->label[g], g, g + 1, summary, err));
    return put_group(st, out, "all", 0, own->n_group, summary, err);
}

static sund_code put_test(sund_release *out, const char *name, double chisq, int64_t df, const char *note, sund_err *err)
{
    sund_cell cell[5] = { { .s = name }, { .f = chisq }, { .i = df }, { .f = isnan(chisq) ? (double) NAN : sund_chisq_nlog10p(chisq, (double) df) }, { .s = note } };

    return sund_release_row(out, &(sund_guard){ .on = SUND_ON_COHORT }, cell, err);
}

static sund_code put_cox(const sund_state *st, sund_release *out, const double *variance, sund_err *err)
{
    const survival_own *own = st->own;

    for (size_t a = 0; a < own->k; a++) {
        bool      genetic = a == st->plan->n_covariate;
        double    unit = genetic ? 1.0 : st->plan->col[a].unit, beta = own->beta[a] / unit, se = variance ? sqrt(variance[a * own->k + a]) / unit : (double) NAN;
        bool      has = variance && !own->note[0];
        sund_cell cell[9] = { { .s = !genetic ? st->plan->col[a].name : own->carrier ? "carrier" : "alternate alleles" } };

        for (int i = 1; i < 8; i++)
            cell[i].f = (double) NAN;
        if (has) {
            cell[1].f = beta;
            cell[2].f = se;
            cell[3].f = sund_exp(beta);
            cell[4].f = sund_exp(beta - 1.95996398454005423552 * se);
            cell[5].f = sund_exp(beta + 1.95996398454005423552 * se);
            cell[6].f = beta / se;
            cell[7].f = sund_z_nlog10p(beta / se);
        }
        cell[8].s = own->note[0] ? own->note : ".";
        SUND_TRY(sund_release_row(out, &(sund_guard){ .on = SUND_ON_COHORT }, cell, err));
    }
    return SUND_OK;
}

static sund_code put_model(const sund_state *st, sund_release *out, sund_err *err)
{
    const survival_own *own = st->own;
    double              l[SUND_K_MAX * SUND_K_MAX], scale[SUND_K_MAX], *variance = calloc(own->k * own->k, sizeof *variance), wald = 0.0;
    size_t              bad;
    sund_code           rc = variance ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    if (rc == SUND_OK && !own->note[0] && (rc = sund_chol(own->k, own->info, l, scale, &bad, err)) == SUND_OK)
        sund_chol_inverse(own->k, l, scale, variance);
    for (size_t a = 0; a < own->k && !own->note[0]; a++)
        for (size_t b = 0; b < own->k; b++)
            wald += own->beta[a] * own->info[a * own->k + b] * own->beta[b];
    if (rc == SUND_OK) {
        const char *note = own->note[0] ? own->note : ".";
        double      none = (double) NAN;

        rc = put_test(out, "cox likelihood ratio", own->note[0] ? none : 2.0 * (own->loglik - own->loglik_null), (int64_t) own->k, note, err);
        if (rc == SUND_OK)
            rc = put_test(out, "cox wald", own->note[0] ? none : wald, (int64_t) own->k, note, err);
        if (rc == SUND_OK)
            rc = put_test(out, "cox score", own->note[0] ? none : own->score_null, (int64_t) own->k, note, err);
    }
    if (rc == SUND_OK)
        rc = sund_release_next(out, "cox", cox_column, sizeof cox_column / sizeof *cox_column, err);
    if (rc == SUND_OK)
        rc = put_cox(st, out, variance, err);
    free(variance);
    return rc;
}

sund_code sund_survival_tables(sund_state *st, sund_release *out, sund_err *err)
{
    const survival_own *own = st->own;

    SUND_TRY(sund_release_next(out, "table", summary_column, sizeof summary_column / sizeof *summary_column, err));
    SUND_TRY(put_groups(st, out, true, err));
    SUND_TRY(sund_release_next(out, "curve", curve_column, sizeof curve_column / sizeof *curve_column, err));
    SUND_TRY(put_groups(st, out, false, err));
    SUND_TRY(sund_release_next(out, "tests", test_column, sizeof test_column / sizeof *test_column, err));
    if (own->n_group > 1) {
        double chisq = sund_logrank_chisq(own->n_group, own->oe, own->v);

        SUND_TRY(put_test(out, own->strata ? "log-rank, by country" : "log-rank", chisq, (int64_t) own->n_group - 1, isnan(chisq) ? "a group has nobody at risk" : ".", err));
    }
    if (own->k)
        SUND_TRY(put_model(st, out, err));
    (void) snprintf(st->facts, sizeof st->facts, "\"n\": %lld, \"events\": %lld, \"estimator\": \"%s\", \"time_unit\": \"%s\"", (long long) sund_rule_midpoint6(&st->thresholds, own->n),
                    (long long) sund_rule_midpoint6(&st->thresholds, own->n_event),
                    own->strata ? "risk sets of each country, exact times" : own->step == 1 && st->thresholds.open ? "pooled risk sets, exact times" : "pooled risk sets on a time grid",
                    st->plan->col[own->time].var.unit);
    return SUND_OK;
}
