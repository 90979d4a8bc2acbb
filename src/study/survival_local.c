#include "study/survival_priv.h"

#include "math/func.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A node's own sums for survival. Risk sets of a stratum are whole at one node; they are built from integers, so the order of people does not matter. */

typedef struct leaving { int64_t raw; uint32_t person; } leaving;

static int by_time(const void *a, const void *b)
{
    const leaving *x = a, *y = b;

    return x->raw != y->raw ? (x->raw < y->raw ? -1 : 1) : (x->person > y->person) - (x->person < y->person);
}

static bool in(const uint64_t *plane, size_t i) { return plane[i / 64] >> (i % 64) & 1; }

sund_code sund_survival_alleles(const survival_own *own, const sund_view *v, int8_t **out, sund_err *err)
{
    int8_t   *sum = calloc(v->n_person + 1, 1);
    sund_code rc = sum ? sund_named_alleles(&own->named, v, sum, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);

    for (size_t i = 0; own->carrier && rc == SUND_OK && i < v->n_person; i++)
        sum[i] = (int8_t) (sum[i] > 0 ? 1 : sum[i]);
    if (rc == SUND_OK)
        *out = sum;
    else
        free(sum);
    return rc;
}

/** Members of a set that have all calls, by the time they leave. */
static sund_code list_leaving(const survival_own *own, const sund_view *v, const int8_t *alleles, const uint64_t *set, leaving **out, size_t *n, sund_err *err)
{
    leaving *list = malloc((v->n_member + 1) * sizeof *list);

    *n = 0;
    if (!list)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_member);
    for (size_t i = 0; i < v->n_person; i++)
        if (in(set, i) && alleles[i] >= 0)
            list[(*n)++] = (leaving){ v->column[own->time][i] + v->plan.col[own->time].mid, (uint32_t) i };
    qsort(list, *n, sizeof *list, by_time);
    *out = list;
    return SUND_OK;
}

static size_t group_of(const survival_own *own, const sund_view *v, const int8_t *alleles, size_t i)
{
    if (own->group < v->plan.n)
        return (size_t) v->column[own->group][i];
    return own->n_group > 1 ? alleles[i] > 0 : 0;
}

/** One stratum's log-rank sums, rounded once. */
static sund_code add_logrank(const survival_own *own, const sund_view *v, const int8_t *alleles, const leaving *list, size_t n, sund_vec *out, sund_err *err)
{
    double    oe[SURV_GROUPS_MAX] = { 0 }, cov[SURV_GROUPS_MAX * SURV_GROUPS_MAX] = { 0 };
    int64_t  *leave = calloc(own->n_group * (n + 1), sizeof *leave), *event = calloc(own->n_group * (n + 1), sizeof *event);
    size_t    n_time = 0, lane = 0;
    sund_code rc = leave && event ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t i = 0; i < n; i++)
        n_time += i == 0 || list[i].raw != list[i - 1].raw;
    for (size_t i = 0, t = 0; rc == SUND_OK && i < n; i++) {
        size_t g = group_of(own, v, alleles, list[i].person);

        t += i > 0 && list[i].raw != list[i - 1].raw;
        if (g >= own->n_group)
            rc = sund_fail(err, SUND_E_FORMAT, "a value lies outside its declared codes; import the people again");
        else {
            leave[g * n_time + t]++;
            event[g * n_time + t] += v->column[own->event][list[i].person];
        }
    }
    if (rc == SUND_OK)
        sund_logrank(own->n_group, n_time, leave, event, oe, cov);
    for (size_t g = 0; rc == SUND_OK && g < own->n_group; g++)
        sund_vec_add128(out, lane++, (sund_i128) floor(ldexp(oe[g], SURV_FRAC) + 0.5));
    for (size_t g = 0; rc == SUND_OK && g < own->n_group; g++)
        for (size_t h = g; h < own->n_group; h++)
            sund_vec_add128(out, lane++, (sund_i128) floor(ldexp(cov[g * own->n_group + h], SURV_FRAC) + 0.5));
    free(leave);
    free(event);
    return rc;
}

sund_code sund_survival_times_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    const survival_own *own = st->own;
    size_t              n_cov = st->plan->n_covariate, at = 2 + n_cov, cells = own->n_group * own->n_bin;
    int8_t             *alleles = NULL;
    sund_code           rc = SUND_OK;

    SUND_TRY(sund_vec_new(out, at + 2 * cells, own->strata ? own->n_group + survival_triangle(own->n_group) : 0, err));
    SUND_TRY(sund_survival_alleles(own, v, &alleles, err));
    for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++) {
        size_t g, b;

        if (!in(v->member, i))
            continue;
        sund_vec_add64(out, 1, alleles[i] < 0);
        if (alleles[i] < 0)
            continue;
        sund_vec_add64(out, 0, alleles[i] > 0);
        for (size_t k = 0; k < n_cov; k++)
            sund_vec_add64(out, 2 + k, v->column[k][i]);
        g = group_of(own, v, alleles, i);
        b = (size_t) ((v->column[own->time][i] + v->plan.col[own->time].mid - own->first_raw) / own->step);
        if (g >= own->n_group || b >= own->n_bin)
            rc = sund_fail(err, SUND_E_FORMAT, "a value lies outside its declaration; import the people again");
        else {
            sund_vec_add64(out, at + g * own->n_bin + b, 1);
            sund_vec_add64(out, at + cells + g * own->n_bin + b, v->column[own->event][i]);
        }
    }
    for (size_t s = 0; rc == SUND_OK && own->strata && s < v->n_stratum; s++) {
        leaving *list = NULL;
        size_t   n;

        rc = list_leaving(own, v, alleles, v->stratum[s], &list, &n, err);
        if (rc == SUND_OK)
            rc = add_logrank(own, v, alleles, list, n, out, err);
        free(list);
    }
    free(alleles);
    return rc;
}

/** A person's covariates, centred at the pooled means, and w = e^eta 2^SUND_COX_W, held below a bound so that no sum overflows. */
static int64_t covariates_of(const survival_own *own, const sund_view *v, const int8_t *alleles, size_t i, int64_t *x)
{
    double  eta = 0.0, w;
    size_t  n = own->k - (own->named.n > 0);
    int64_t most = (int64_t) 1 << (50 < 104 - 2 * (int) sund_u64_bits(own->max_abs) ? 50 : 104 - 2 * (int) sund_u64_bits(own->max_abs));

    for (size_t k = 0; k < n; k++)
        x[k] = v->column[k][i] - own->mean[k];
    if (own->named.n)
        x[n] = alleles[i];
    for (size_t k = 0; k < own->k; k++)
        eta += own->beta[k] * (double) x[k];
    w = eta > 40.0 ? (double) most : floor(ldexp(sund_exp(eta), SUND_COX_W) + 0.5);
    return w > (double) most ? most : w < 1.0 ? 1 : (int64_t) w;
}

static sund_code stratum_score(const survival_own *own, const sund_view *v, const int8_t *alleles, const leaving *list, size_t n, sund_vec *out, sund_err *err)
{
    size_t     lanes = sund_cox_lanes(own->k), n_time = 0, at = 0;
    double     u[SUND_K_MAX] = { 0 }, *info = calloc(own->k * own->k + 1, sizeof *info), loglik = 0.0;
    int64_t    x[SUND_K_MAX];
    sund_i128 *lane;

    for (size_t i = 0; i < n; i++)
        n_time += i == 0 || list[i].raw != list[i - 1].raw;
    lane = calloc(n_time * lanes + 1, sizeof *lane);
    if (!lane || !info) {
        free(lane);
        free(info);
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu times", n_time);
    }
    for (size_t i = 0, t = 0; i < n; i++) {
        int64_t w = covariates_of(own, v, alleles, list[i].person, x);

        t += i > 0 && list[i].raw != list[i - 1].raw;
        sund_cox_add(own->k, lane + t * lanes, v->column[own->event][list[i].person] == 1, w, x);
    }
    sund_cox_score(own->k, n_time, lane, own->beta, own->efron, u, info, &loglik);
    for (size_t a = 0; a < own->k; a++)
        sund_vec_add128(out, at++, (sund_i128) floor(ldexp(u[a], SURV_FRAC) + 0.5));
    for (size_t a = 0; a < own->k; a++)
        for (size_t b = a; b < own->k; b++)
            sund_vec_add128(out, at++, (sund_i128) floor(ldexp(info[a * own->k + b], SURV_FRAC) + 0.5));
    sund_vec_add128(out, at, (sund_i128) floor(ldexp(loglik, SURV_FRAC) + 0.5));
    free(lane);
    free(info);
    return SUND_OK;
}

/** Pooled risk sets: own part of each time's sums. */
static void add_times(const survival_own *own, const sund_view *v, const int8_t *alleles, sund_vec *out)
{
    size_t     lanes = sund_cox_lanes(own->k);
    int64_t    x[SUND_K_MAX];
    sund_i128  one[1 + SUND_K_MAX + 2 * (1 + SUND_K_MAX + SUND_K_MAX * (SUND_K_MAX + 1) / 2)];

    for (size_t i = 0; i < v->n_person; i++) {
        int64_t w;
        size_t  t;

        if (!in(v->member, i) || alleles[i] < 0)
            continue;
        w = covariates_of(own, v, alleles, i, x);
        t = own->time_of_bin[(v->column[own->time][i] + v->plan.col[own->time].mid - own->first_raw) / own->step];
        memset(one, 0, lanes * sizeof *one);
        sund_cox_add(own->k, one, v->column[own->event][i] == 1, w, x);
        for (size_t l = 0; l < lanes; l++)
            sund_vec_add128(out, t * lanes + l, one[l]);
    }
}

sund_code sund_survival_newton_local(const sund_state *st, const sund_view *v, sund_vec *out, sund_err *err)
{
    const survival_own *own = st->own;
    int8_t             *alleles = NULL;
    sund_code           rc;

    SUND_TRY(sund_vec_new(out, 0, own->strata ? own->k + survival_triangle(own->k) + 1 : own->n_time * sund_cox_lanes(own->k), err));
    SUND_TRY(sund_survival_alleles(own, v, &alleles, err));
    rc = SUND_OK;
    if (!own->strata)
        add_times(own, v, alleles, out);
    for (size_t s = 0; rc == SUND_OK && own->strata && s < v->n_stratum; s++) {
        leaving *list = NULL;
        size_t   n;

        rc = list_leaving(own, v, alleles, v->stratum[s], &list, &n, err);
        if (rc == SUND_OK)
            rc = stratum_score(own, v, alleles, list, n, out, err);
        free(list);
    }
    free(alleles);
    return rc;
}
