#include "study/view_priv.h"

#include <stdlib.h>
#include <string.h>

/** What opening needs and the view does not keep. */
typedef struct opening {
    sund_view       *v;
    sund_people     *people;
    sund_person_set  set;
    uint32_t        *col_of; /**< set member -> store column, or UINT32_MAX */
    int64_t         *value;  /**< one variable's values over the set */
    bool            *whole;  /**< set member is genotyped and has every value */
} opening;

/** Finds every cohort member's genotype column by person id. */
static sund_code match_people(opening *o, sund_err *err)
{
    o->col_of = calloc(o->set.n + 1, sizeof *o->col_of);
    o->value = calloc(o->set.n + 1, sizeof *o->value);
    o->whole = calloc(o->set.n + 1, sizeof *o->whole);
    if (!o->col_of || !o->value || !o->whole)
        return sund_fail(err, SUND_E_NOMEM, "out of memory matching people with genotypes");
    SUND_TRY(sund_store_columns(o->v->store, (const char (*)[64]) o->set.name, o->set.n, o->col_of, err));
    for (size_t m = 0; m < o->set.n; m++)
        o->whole[m] = o->col_of[m] != UINT32_MAX;
    return SUND_OK;
}

/** Values of column k into the view, and who lacks one. */
static sund_code fill_column(opening *o, size_t k, sund_err *err)
{
    const sund_column *c = &o->v->plan.col[k];
    int32_t           *q = calloc(o->v->n_word * 64, sizeof *q);

    if (!q)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for column %s", c->name);
    o->v->column[k] = q;
    SUND_TRY(sund_people_values(o->people, &c->var, &o->set, o->value, err));
    for (size_t m = 0; m < o->set.n; m++) {
        if (o->value[m] == SUND_VALUE_MISSING)
            o->whole[m] = false;
        else if (o->value[m] < c->var.min || o->value[m] > c->var.max)
            return sund_fail(err, SUND_E_FORMAT, "variable %s: a value lies outside its declared range; import the people again", c->name);
        else if (o->whole[m])
            q[o->col_of[m]] = (int32_t) (c->level >= 0 ? o->value[m] == c->level : o->value[m] - c->mid);
    }
    return SUND_OK;
}

static void set_bit(uint64_t *plane, uint32_t i) { plane[i / 64] |= 1ULL << (i % 64); }

/** The stratum of member m: the index of its country among the members' countries, in text order; all are stratum 0 without strata. */
static sund_code stratum_of(opening *o, size_t n_country, size_t m, size_t *out, sund_err *err)
{
    for (size_t s = 0; s < n_country; s++)
        if (strcmp(o->v->country[s], o->set.country[m]) == 0) {
            *out = s;
            return SUND_OK;
        }
    return sund_fail(err, SUND_E_LIMIT, "more than %d countries in one node's cohort", SUND_STRATA_MAX);
}

static int by_country(const void *a, const void *b) { return strcmp(a, b); }

static size_t list_countries(const opening *o, char (*country)[32])
{
    size_t n = 0;

    for (size_t m = 0; m < o->set.n; m++) {
        bool seen = !o->whole[m];

        for (size_t s = 0; s < n && !seen; s++)
            seen = strcmp(country[s], o->set.country[m]) == 0;
        if (!seen && n < SUND_STRATA_MAX)
            memcpy(country[n++], o->set.country[m], 32);
    }
    qsort(country, n, 32, by_country);
    return n;
}

/** A country of fewer people here than a cell may have is left out of a study by strata: its name alone would tell of them, and its
 *  centred sums are theirs. It lies wholly here, so the pooled study leaves out the same people. */
static size_t leave_out_small(opening *o, const sund_thresholds *t, char (*country)[32], size_t n)
{
    size_t kept = 0;

    for (size_t s = 0; s < n; s++) {
        int64_t here = 0;

        for (size_t m = 0; m < o->set.n; m++)
            here += o->whole[m] && strcmp(country[s], o->set.country[m]) == 0;
        if (sund_rule_cell_min(t, here)) {
            memmove(country[kept++], country[s], sizeof country[s]);
            continue;
        }
        for (size_t m = 0; m < o->set.n; m++)
            if (strcmp(country[s], o->set.country[m]) == 0)
                o->whole[m] = false;
    }
    return kept;
}

static sund_code fill_masks(opening *o, bool by_strata, const sund_thresholds *t, sund_err *err)
{
    sund_view *v = o->v;
    size_t     n_country = by_strata ? list_countries(o, v->country) : 1;

    v->n_stratum = by_strata ? leave_out_small(o, t, v->country, n_country) : 1;
    v->left_out = v->n_stratum < n_country;
    n_country = v->n_stratum;
    v->n_who = o->set.n ? (size_t) o->set.id[o->set.n - 1] / 64 + 1 : 0;
    v->who = calloc(v->n_who + 1, 8);
    if (!v->who)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", o->set.n);
    for (size_t s = 0; s < n_country; s++)
        if (!(v->stratum[s] = calloc(v->n_word, sizeof **v->stratum)))
            return sund_fail(err, SUND_E_NOMEM, "out of memory for strata");
    for (size_t m = 0; m < o->set.n; m++) {
        uint32_t i = o->col_of[m];
        size_t   s = 0;

        if (!o->whole[m]) {
            for (size_t k = 0; k < v->plan.n && i != UINT32_MAX; k++)
                v->column[k][i] = 0;
            continue;
        }
        if (by_strata)
            SUND_TRY(stratum_of(o, n_country, m, &s, err));
        set_bit(v->stratum[s], i);
        set_bit(v->member, i);
        set_bit(o->set.sex[m] == SUND_MALE ? v->male : v->female, i);
        v->ones[i] = 1;
        v->who[o->set.id[m] / 64] |= 1ULL << (o->set.id[m] % 64);
        v->n_member++;
    }
    return SUND_OK;
}

static bool everyone(const sund_view *v)
{
    const uint8_t *sex = sund_store_describe(v->store)->sex;
    bool           same = v->n_member == v->n_person;

    for (size_t i = 0; i < v->n_person && same; i++)
        same = (sex[i] == SUND_MALE) == (v->male[i / 64] >> (i % 64) & 1);
    return same;
}

/** Planes in the form that counting takes. */
static sund_code fill_sets(sund_view *v, sund_err *err)
{
    v->set_male = sund_person_plane_of(v->male, v->n_word);
    v->set_female = sund_person_plane_of(v->female, v->n_word);
    for (size_t s = 0; s < v->n_stratum; s++) {
        v->female_stratum[s] = calloc(v->n_word, sizeof **v->female_stratum);
        if (!v->female_stratum[s])
            return sund_fail(err, SUND_E_NOMEM, "out of memory for strata");
        for (size_t w = 0; w < v->n_word; w++)
            v->female_stratum[s][w] = v->stratum[s][w] & v->female[w];
        v->set_stratum[s] = sund_person_plane_of(v->stratum[s], v->n_word);
        v->set_female_stratum[s] = sund_person_plane_of(v->female_stratum[s], v->n_word);
    }
    return SUND_OK;
}

static sund_code fill_rows(sund_view *v, const sund_catalogue *c, sund_err *err)
{
    size_t row = 0, n_row = sund_store_describe(v->store)->n_site;

    v->row = sund_large_new((v->n_variant + 1) * sizeof *v->row);
    if (!v->row)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", v->n_variant);
    for (size_t j = 0; j < v->n_variant; j++) { /* both are in one order: the row behind the last one is the likeliest */
        sund_variant x = sund_catalogue_at(c, v->first + j);
        sund_site    site;
        bool         in = false;

        sund_maps_pass(j);
        if (row < n_row) {
            sund_store_site(v->store, row, &site);
            in = sund_variant_cmp(&site.v, &x) == 0;
        }
        in = in || sund_store_find(v->store, &x, &row);
        v->row[j] = in ? (uint32_t) row : UINT32_MAX;
        row += in;
    }
    return sund_store_sound(v->store, err);
}

struct sund_view_cache { uint32_t round; void *p; void (*free_it)(void *); };

static void drop_kept(struct sund_view_cache *k)
{
    if (k->p)
        k->free_it(k->p);
    k->p = NULL;
}

void **sund_view_kept(const sund_view *v, uint32_t round, void (*free_it)(void *))
{
    if (v->cache->round != round)
        drop_kept(v->cache);
    v->cache->round = round;
    v->cache->free_it = free_it;
    return &v->cache->p;
}

sund_code sund_view_alike(const sund_view *v, sund_view *copy, sund_err *err)
{
    *copy = *v;
    copy->cache = calloc(1, sizeof *copy->cache);
    return copy->cache ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");
}

void sund_view_forget(sund_view *copy)
{
    if (copy->cache)
        drop_kept(copy->cache);
    free(copy->cache);
    copy->cache = NULL;
}

sund_code sund_view_keep(const sund_view *v, sund_people *people, size_t n_var, const sund_var *var, const int64_t *raw, sund_err *err)
{
    return sund_people_derive(people, n_var, var, sund_store_describe(v->store)->n_person, sund_store_describe(v->store)->person, raw, err);
}

sund_digest sund_view_digest(const sund_view *v)
{
    const sund_digest *store = &sund_store_describe(v->store)->manifest;
    sund_hasher        h;

    sund_hasher_init(&h);
    sund_hasher_add(&h, store->b, sizeof store->b);
    for (size_t s = 0; s < v->n_stratum; s++)
        sund_hasher_add(&h, v->stratum[s], v->n_word * sizeof **v->stratum);
    sund_hasher_add(&h, v->male, v->n_word * sizeof *v->male);
    for (size_t k = 0; k < v->plan.n; k++)
        sund_hasher_add(&h, v->column[k], v->n_word * 64 * sizeof **v->column);
    return sund_hasher_end(&h);
}

sund_digest sund_view_release(const sund_view *v, const sund_sign_key *key)
{
    static const char what[] = "sund data release";
    sund_digest       d = sund_view_digest(v), k;
    sund_hasher       h;
    sund_key          by;

    sund_hasher_init(&h);
    sund_hasher_add(&h, what, sizeof what);
    sund_hasher_add(&h, key->b, sizeof key->b);
    k = sund_hasher_end(&h);
    memcpy(by.b, k.b, sizeof by.b);
    d = sund_digest_keyed(&by, d.b, sizeof d.b);
    sund_wipe(&by, sizeof by);
    sund_wipe(&k, sizeof k);
    sund_wipe(&h, sizeof h);
    return d;
}

void sund_view_strata(const sund_view *v, sund_buf *out)
{
    for (size_t s = 0; s < v->n_stratum; s++)
        sund_buf_printf(out, "%s%s", s ? "|" : "", v->country[s]);
}

void sund_study_range(const sund_study *s, const sund_catalogue *c, size_t *first, size_t *n)
{
    size_t last = c ? sund_catalogue_n(c) : 0;

    *first = 0;
    if (c && s->has_region)
        sund_catalogue_range(c, &s->region, first, &last);
    *n = last - *first;
}

sund_view *sund_view_new(const sund_store *store)
{
    sund_view *v = calloc(1, sizeof *v);

    if (!v || !(v->cache = calloc(1, sizeof *v->cache))) {
        free(v);
        return NULL;
    }
    v->store = store;
    return v;
}

sund_code sund_view_complete(sund_view *v, const sund_catalogue *c, sund_err *err)
{
    v->everyone = everyone(v);
    SUND_TRY(sund_view_sums(v, err));
    SUND_TRY(fill_sets(v, err));
    return fill_rows(v, c, err);
}

static sund_code fill(opening *o, const sund_study *s, const sund_catalogue *c, const sund_thresholds *t, sund_err *err)
{
    sund_view             *v = o->v;
    const sund_store_info *info = sund_store_describe(v->store);
    sund_cohort           *cohort = NULL;
    sund_code              rc;

    if (c && info->assembly != sund_catalogue_assembly(c))
        return sund_fail(err, SUND_E_MISMATCH, "the catalogue is on %s, the genotypes are on %s",
                         sund_assembly_name(sund_catalogue_assembly(c)), sund_assembly_name(info->assembly));
    v->n_person = info->n_person;
    v->n_word = (info->n_person + 63) / 64;
    sund_study_range(s, c, &v->first, &v->n_variant);
    v->member = calloc(v->n_word, 8);
    v->male = calloc(v->n_word, 8);
    v->female = calloc(v->n_word, 8);
    v->ones = calloc(v->n_word * 64, sizeof *v->ones);
    if (!v->member || !v->male || !v->female || !v->ones)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);
    SUND_TRY(sund_columns_make(&v->plan, o->people, s, NULL, err));
    SUND_TRY(sund_cohort_parse(&cohort, s->cohort, err));
    rc = sund_people_select(o->people, cohort, s->purpose, &o->set, err);
    sund_cohort_free(cohort);
    SUND_TRY(rc);
    SUND_TRY(match_people(o, err));
    for (size_t k = 0; k < v->plan.n; k++)
        SUND_TRY(fill_column(o, k, err));
    SUND_TRY(fill_masks(o, s->strata_country, t, err));
    return sund_view_complete(v, c, err);
}

sund_code sund_view_open(sund_view **out, const sund_store *store, sund_people *people, const sund_study *s, const sund_catalogue *c, const sund_thresholds *t, sund_err *err)
{
    opening   o = { sund_view_new(store), people, { 0 }, NULL, NULL, NULL };
    sund_code rc;

    if (!o.v)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    rc = fill(&o, s, c, t, err);
    sund_person_set_free(&o.set);
    free(o.col_of);
    free(o.value);
    free(o.whole);
    if (rc == SUND_OK)
        *out = o.v;
    else
        sund_view_close(o.v);
    return rc;
}

void sund_view_close(sund_view *v)
{
    if (!v)
        return;
    sund_view_forget(v);
    for (size_t s = 0; v->whole && s < v->n_stratum; s++)
        free(v->whole[s].pair);
    free(v->whole);
    sund_columns_free(v->sums);
    for (size_t s = 0; s < SUND_STRATA_MAX; s++)
        free(v->stratum[s]);
    for (size_t k = 0; k < SUND_COLUMN_MAX; k++)
        free(v->column[k]);
    for (size_t k = 0; k < SUND_STRATA_MAX; k++)
        free(v->female_stratum[k]);
    free(v->member);
    free(v->male);
    free(v->female);
    free(v->ones);
    free(v->who);
    sund_large_free(v->row);
    free(v);
}

sund_presence sund_view_presence(const sund_view *v, const sund_catalogue *c, size_t j)
{
    sund_variant x;

    if (v->row[j] != UINT32_MAX)
        return SUND_IN_STORE;
    x = sund_catalogue_at(c, v->first + j);
    return sund_store_callable(v->store, x.contig, x.pos_bp, x.n_ref) ? SUND_ALL_REF : SUND_NOT_COVERED;
}
