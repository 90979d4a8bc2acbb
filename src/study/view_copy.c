#include "study/view_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A view as bytes: digest, people of the store, the node's place, strata (name, plane), males, then the columns (declaration, values of the members in store order). What
 * follows from these - members, females, ones, sums, store rows - is made again. */

static void put_plane(sund_buf *out, const uint64_t *plane, size_t n_word)
{
    if (sund_buf_room(out, 8 * n_word))
        for (size_t w = 0; w < n_word; w++)
            sund_buf_u64(out, plane[w]);
}

static void put_column(sund_buf *out, const sund_column *c)
{
    uint64_t unit;

    memcpy(&unit, &c->unit, sizeof unit);
    sund_buf_str(out, c->name);
    sund_buf_u8(out, c->binary);
    sund_buf_u64(out, (uint64_t) c->mid);
    sund_buf_u64(out, unit);
    sund_buf_u64(out, c->max_abs);
    sund_buf_u64(out, (uint64_t) c->level);
    sund_buf_str(out, c->var.name);
    sund_buf_u8(out, (uint8_t) c->var.type);
    sund_buf_str(out, c->var.unit);
    sund_buf_u8(out, (uint8_t) c->var.decimals);
    sund_buf_u64(out, (uint64_t) c->var.min);
    sund_buf_u64(out, (uint64_t) c->var.max);
    sund_buf_str(out, c->var.codes);
}

void sund_view_write(const sund_view *v, sund_buf *out)
{
    sund_digest d = sund_view_digest(v);

    sund_buf_put(out, d.b, sizeof d.b);
    sund_buf_u64(out, v->n_person);
    sund_buf_u32(out, v->place);
    sund_buf_u32(out, (uint32_t) v->n_stratum);
    for (size_t s = 0; s < v->n_stratum; s++) {
        sund_buf_str(out, v->country[s]);
        put_plane(out, v->stratum[s], v->n_word);
    }
    put_plane(out, v->male, v->n_word);
    sund_buf_u32(out, (uint32_t) v->plan.n);
    sund_buf_u32(out, (uint32_t) v->plan.n_covariate);
    sund_buf_u32(out, (uint32_t) v->plan.n_outcome);
    sund_buf_u32(out, (uint32_t) v->plan.n_role);
    for (size_t k = 0; k < v->plan.n_role; k++)
        sund_buf_str(out, v->plan.role[k]);
    for (size_t k = 0; k < v->plan.n; k++) {
        put_column(out, &v->plan.col[k]);
        if (sund_buf_room(out, 4 * v->n_member))
            for (size_t i = 0; i < v->n_person; i++)
                if (v->member[i / 64] >> (i % 64) & 1)
                    sund_buf_u32(out, (uint32_t) v->column[k][i]);
    }
}

static void *make(size_t n, size_t size, sund_code *rc, sund_err *err)
{
    void *p = calloc(n + 1, size);

    if (!p)
        *rc = sund_fail(err, SUND_E_NOMEM, "out of memory for a view");
    return p;
}

/** A plane of the store's people; bits behind the last one are refused. */
static void take_plane(sund_cur *c, uint64_t *plane, size_t n_person)
{
    for (size_t w = 0; w < (n_person + 63) / 64; w++)
        plane[w] = sund_cur_u64(c);
    if (n_person % 64 && plane[n_person / 64] >> (n_person % 64))
        c->bad = true;
}

static void take_column(sund_cur *c, sund_column *col)
{
    uint64_t unit;
    uint8_t  binary, type;

    (void) sund_cur_str(c, col->name, sizeof col->name);
    binary = sund_cur_u8(c);
    col->binary = binary == 1;
    col->mid = (int64_t) sund_cur_u64(c);
    unit = sund_cur_u64(c);
    memcpy(&col->unit, &unit, sizeof unit);
    col->max_abs = sund_cur_u64(c);
    col->level = (int64_t) sund_cur_u64(c);
    (void) sund_cur_str(c, col->var.name, sizeof col->var.name);
    type = sund_cur_u8(c);
    col->var.type = (sund_var_type) type;
    (void) sund_cur_str(c, col->var.unit, sizeof col->var.unit);
    col->var.decimals = sund_cur_u8(c);
    col->var.min = (int64_t) sund_cur_u64(c);
    col->var.max = (int64_t) sund_cur_u64(c);
    (void) sund_cur_str(c, col->var.codes, sizeof col->var.codes);
    if (binary > 1 || type > SUND_VAR_CATEGORY || col->var.decimals > 6 || !isfinite(col->unit) || col->unit <= 0 || col->max_abs > INT32_MAX)
        c->bad = true;
}

static sund_code take_columns(sund_cur *c, sund_view *v, sund_err *err)
{
    sund_code rc = SUND_OK;
    size_t    n = sund_cur_u32(c);

    v->plan.n_covariate = sund_cur_u32(c);
    v->plan.n_outcome = sund_cur_u32(c);
    v->plan.n_role = sund_cur_u32(c);
    if (n > SUND_COLUMN_MAX || v->plan.n_covariate + v->plan.n_outcome + v->plan.n_role != n || v->plan.n_role > sizeof v->plan.role / sizeof *v->plan.role)
        c->bad = true;
    for (size_t k = 0; k < v->plan.n_role && !c->bad; k++)
        (void) sund_cur_str(c, v->plan.role[k], sizeof v->plan.role[k]);
    for (size_t k = 0; k < n && !c->bad; k++) {
        sund_column *col = &v->plan.col[k];

        take_column(c, col);
        v->column[k] = make(v->n_word * 64, sizeof **v->column, &rc, err);
        SUND_TRY(rc);
        for (size_t i = 0; i < v->n_person && !c->bad; i++) {
            int64_t q = v->member[i / 64] >> (i % 64) & 1 ? (int32_t) sund_cur_u32(c) : 0;

            if (q > (int64_t) col->max_abs || -q > (int64_t) col->max_abs)
                c->bad = true;
            v->column[k][i] = (int32_t) q;
        }
    }
    v->plan.n = c->bad ? 0 : n;
    return SUND_OK;
}

/** Strata, which make up the members, and who of them is male. */
static sund_code take_people(sund_cur *c, sund_view *v, sund_err *err)
{
    size_t    n_stratum = sund_cur_u32(c);
    sund_code rc = SUND_OK;

    v->member = make(v->n_word, 8, &rc, err);
    v->male = make(v->n_word, 8, &rc, err);
    v->female = make(v->n_word, 8, &rc, err);
    v->ones = make(v->n_word * 64, sizeof *v->ones, &rc, err);
    SUND_TRY(rc);
    if (n_stratum > SUND_STRATA_MAX)
        c->bad = true;
    for (size_t s = 0; s < n_stratum && !c->bad; s++) {
        (void) sund_cur_str(c, v->country[s], sizeof v->country[s]);
        v->stratum[s] = make(v->n_word, 8, &rc, err);
        SUND_TRY(rc);
        take_plane(c, v->stratum[s], v->n_person);
        for (size_t w = 0; w < v->n_word; w++) {
            if (v->member[w] & v->stratum[s][w])
                c->bad = true;
            v->member[w] |= v->stratum[s][w];
        }
        v->n_stratum = s + 1;
    }
    take_plane(c, v->male, v->n_person);
    for (size_t w = 0; w < v->n_word; w++) {
        if (v->male[w] & ~v->member[w])
            c->bad = true;
        v->female[w] = v->member[w] & ~v->male[w];
        v->n_member += (size_t) __builtin_popcountll(v->member[w]);
    }
    for (size_t i = 0; i < v->n_person; i++)
        v->ones[i] = (int32_t) (v->member[i / 64] >> (i % 64) & 1);
    return SUND_OK;
}

static sund_code take(sund_cur *c, sund_view *v, const sund_study *s, const sund_catalogue *cat, sund_err *err)
{
    const sund_store_info *info = sund_store_describe(v->store);
    sund_digest            want, got;

    (void) sund_cur_copy(c, want.b, sizeof want.b);
    v->n_person = (size_t) sund_cur_u64(c);
    v->place = sund_cur_u32(c);
    if (v->place >= SUND_NODE_MAX)
        c->bad = true;
    SUND_TRY(sund_cur_ok(c, "a view", err));
    if (v->n_person != info->n_person || (cat && info->assembly != sund_catalogue_assembly(cat)))
        return sund_fail(err, SUND_E_MISMATCH, "the view was written over another store, or catalogue, than the one here");
    v->n_word = (v->n_person + 63) / 64;
    sund_study_range(s, cat, &v->first, &v->n_variant);
    SUND_TRY(take_people(c, v, err));
    SUND_TRY(take_columns(c, v, err));
    SUND_TRY(sund_cur_ok(c, "a view", err));
    got = sund_view_digest(v);
    if (!sund_digest_eq(&got, &want))
        return sund_fail(err, SUND_E_MISMATCH, "the view was written over another store than the one here, or its bytes were altered");
    return sund_view_complete(v, cat, err);
}

sund_code sund_view_read(sund_view **out, sund_cur *c, const sund_store *store, const sund_study *s, const sund_catalogue *cat, sund_err *err)
{
    sund_view *v = sund_view_new(store);
    sund_code  rc;

    if (!v)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = take(c, v, s, cat, err);
    if (rc == SUND_OK)
        *out = v;
    else
        sund_view_close(v);
    return rc;
}
