#include "study/view.h"

#include <stdlib.h>

/* What a linear study asks of the columns alone, once: their bytes for the kernel, and the sums over whole strata. */

/** People at whose products 64-bit sums are still below 2^63. */
static size_t safe_run(const sund_view *v)
{
    uint64_t top = 1;

    for (size_t k = 0; k < v->plan.n; k++)
        top = v->plan.col[k].max_abs > top ? v->plan.col[k].max_abs : top;
    return (size_t) ((uint64_t) INT64_MAX / (top * top)); /* top < 2^31: at least 2 */
}

void sund_view_products(const sund_view *v, const uint32_t *person, size_t n, sund_i128 *pair)
{
    size_t  k = v->plan.n, run = safe_run(v);
    int64_t q[SUND_COLUMN_MAX], sum[SUND_COLUMN_MAX * (SUND_COLUMN_MAX + 1) / 2];

    for (size_t from = 0; from < n; from += run) {
        size_t last = n - from < run ? n : from + run, n_pair = sund_pair_count(&v->plan);

        for (size_t i = 0; i < n_pair; i++)
            sum[i] = 0;
        for (size_t i = from; i < last; i++) {
            int64_t *at = sum;

            for (size_t a = 0; a < k; a++)
                q[a] = v->column[a][person[i]];
            for (size_t a = 0; a < k; a++)
                for (size_t b = a, end = sund_pair_end(&v->plan, a); b < end; b++)
                    *at++ += q[a] * q[b];
        }
        for (size_t i = 0; i < n_pair; i++)
            pair[i] += sum[i];
    }
}

static sund_code whole_stratum(sund_view *v, size_t s, uint32_t *list, sund_err *err)
{
    sund_whole *whole = &v->whole[s];
    size_t      n = 0;
    int64_t     sum[SUND_COLUMN_MAX + 1];

    for (size_t w = 0; w < v->n_word; w++)
        for (uint64_t bits = v->stratum[s][w]; bits; bits &= bits - 1)
            list[n++] = (uint32_t) (w * 64 + (size_t) __builtin_ctzll(bits));
    whole->pair = calloc(sund_pair_count(&v->plan), sizeof *whole->pair);
    if (!whole->pair)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for products of %zu columns", v->plan.n);
    sund_list_sums(v->sums, list, n, sum);
    for (size_t k = 0; k < v->plan.n; k++)
        whole->q[k] = sum[k];
    whole->n = (int64_t) n;
    sund_view_products(v, list, n, whole->pair);
    return SUND_OK;
}

sund_code sund_view_sums(sund_view *v, sund_err *err)
{
    const int32_t *q[SUND_COLUMN_MAX + 1];
    uint32_t      *list;
    sund_code      rc = SUND_OK;

    if (v->plan.n == 0)
        return SUND_OK;
    for (size_t k = 0; k < v->plan.n; k++)
        q[k] = v->column[k];
    q[v->plan.n] = v->ones;
    SUND_TRY(sund_columns_new(&v->sums, v->n_person, v->plan.n + 1, q, err));
    v->whole = calloc(v->n_stratum + 1, sizeof *v->whole);
    list = malloc((v->n_person + 1) * sizeof *list);
    if (!v->whole || !list)
        rc = sund_fail(err, SUND_E_NOMEM, "out of memory");
    for (size_t s = 0; s < v->n_stratum && rc == SUND_OK; s++)
        rc = whole_stratum(v, s, list, err);
    free(list);
    return rc;
}
