#include "study/linear_priv.h"

#include "stats/meta.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Meta-analysis whose sites nobody sees. A site is a country's people at one node. Each fits the association at home and adds what a meta-analysis needs;
 * only sums over three sites or more are ever asked.
 *
 *   people, counts    as in linear
 *   sites             how many sites can estimate each eligible variant: 64-bit
 *   fixed             of the variants that three or more can: 64-bit: sites, people; 128-bit: w, w b, w b^2 (2^-44), w^2 (2^-36)
 *   random            of the same, tau^2 being known: 128-bit: w', w' b (2^-44), w' = 1/(1/w + tau^2)
 *
 * b and w = 1/se^2 are of the outcome in halves of its declared range, so |y| <= 1. A site takes part with 2^3 <= w <= 2^40 and b^2 w <= 2^40: then each of its
 * numbers has 42 bits or more behind its leading one (w^2 >= 2^6 at 2^-36; w' >= 1/(1/8 + tau^2)), and 1024 sites stay below 2^(40 + 44 + 10) and 2^(80 + 36 + 10)
 * whatever their people, 2^20 or more. */

enum { ROUND_PEOPLE, ROUND_COUNTS, ROUND_SITES, ROUND_FIXED, ROUND_RANDOM, ROUND_NONE };
enum { FRAC = 44, FRAC_SQUARE = 36, LEAST_SITES = 3, MOST_SITES = 1024, W_MIN = 8 };
#define W_MAX 0x1p40

typedef struct pooled { int64_t k, n; sund_meta fixed, random; double tau2; } pooled;

typedef struct meta_own {
    linear_own linear;  /* first: sund_linear_walk reads it */
    pooled    *result;  /* of each eligible variant */
} meta_own;

static sund_code meta_check(const sund_study *s, sund_err *err)
{
    if (s->n_outcome != 1)
        return sund_fail(err, SUND_E_ARG, "analysis meta needs one outcome: add a line 'outcome = VARIABLE'");
    if (!s->strata_country || s->drop_missing)
        return sund_fail(err, SUND_E_ARG, "analysis meta knows 'strata = country' and 'missing = mean' alone: a site is a country's people at one node");
    for (size_t k = 0; k < s->n_covariate; k++)
        if (strcmp(s->covariate[k], s->outcome[0]) == 0)
            return sund_fail(err, SUND_E_ARG, "%s is both the outcome and a covariate", s->outcome[0]);
    return SUND_OK;
}

static void meta_end(sund_state *st)
{
    meta_own *own = st->own;

    if (own) {
        sund_large_free(own->linear.count);
        sund_large_free(own->linear.eligible);
        sund_large_free(own->result);
        free(own);
    }
    st->own = NULL;
}

static sund_code meta_begin(sund_state *st, sund_err *err)
{
    meta_own *own = calloc(1, sizeof *own);

    st->own = own;
    if (own) {
        own->linear.n_column = st->plan->n;
        own->linear.n_trait = 1;
        own->linear.count = sund_large_secret((st->n_variant + 1) * sizeof *own->linear.count);
        own->linear.eligible = sund_large_secret((st->n_variant + 1) * sizeof *own->linear.eligible);
        own->result = sund_large_secret((st->n_variant + 1) * sizeof *own->result);
    }
    if (!own || !own->linear.count || !own->linear.eligible || !own->result)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu variants", st->n_variant);
    return SUND_OK;
}

/** Variants with two copies in everyone that are common enough over all. */
static void choose_eligible(sund_state *st)
{
    meta_own *own = st->own;

    own->linear.n_eligible = 0;
    for (size_t j = 0; j < st->n_variant; j++) {
        const sund_alleles *a = &own->linear.count[j];

        sund_maps_pass(j);
        if (sund_state_copies(st, j) == SUND_DIPLOID && a->dose > 0 && a->dose < 2 * a->called && sund_rule_eligible(&st->thresholds, a->ac, a->an) &&
            sund_rule_missing(&st->thresholds, a->missing))
            own->linear.eligible[own->linear.n_eligible++] = (uint32_t) j;
    }
}

/** Of those, the ones that enough sites can estimate. */
static void choose_shared(meta_own *own)
{
    size_t n = 0;

    for (size_t i = 0; i < own->linear.n_eligible; i++)
        if (own->result[i].k >= LEAST_SITES) {
            own->linear.eligible[n] = own->linear.eligible[i];
            own->result[n++] = own->result[i];
        }
    own->linear.n_eligible = n;
}

typedef struct lanes { size_t n64, n128; } lanes;
static lanes lanes_of(uint32_t round) { return round == ROUND_SITES ? (lanes){ 1, 0 } : round == ROUND_FIXED ? (lanes){ 2, 4 } : (lanes){ 0, 2 }; }
static size_t words_of(uint32_t round) { return lanes_of(round).n64 + 2 * lanes_of(round).n128; }

static sund_code meta_plan(sund_state *st, sund_round *r, sund_err *err)
{
    static const char *const name[] = { "people", "counts", "sites", "fixed", "random" };
    meta_own                *own = st->own;

    (void) err;
    if (r->index == ROUND_PEOPLE) {
        sund_people_round(st, r);
        return SUND_OK;
    }
    if (r->index >= ROUND_NONE) {
        r->n_chunk = 0;
        r->n_item = 0;
        return SUND_OK;
    }
    (void) snprintf(r->name, sizeof r->name, "%s", name[r->index]);
    if (r->index == ROUND_SITES)
        choose_eligible(st);
    if (r->index == ROUND_FIXED)
        choose_shared(own);
    if (r->index == ROUND_COUNTS)
        sund_round_split(r, st->study, st->n_variant, SUND_TALLY_LANES);
    else
        sund_round_split(r, st->study, own->linear.n_eligible, words_of(r->index));
    r->params = sund_round_params(r, st->study, own->linear.eligible, r->index == ROUND_COUNTS ? 0 : own->linear.n_eligible * sizeof *own->linear.eligible);
    return SUND_OK;
}

/* ---- at home ---- */

typedef struct site { bool any; sund_linear m; sund_linear_trait y; } site;

typedef struct meta_run {
    const sund_state *st;
    const sund_view  *v;
    const site       *site; /* of each stratum */
    uint32_t          round;
    size_t            from;
    sund_vec         *out;
} meta_run;

/** The site's model of the covariates; any stays false where it has none. */
static void make_site(const sund_state *st, const sund_whole *w, site *out)
{
    size_t k = st->plan->n;
    double pair[SUND_K_MAX * SUND_K_MAX], df = (double) (w->n - 1 - (int64_t) st->plan->n_covariate - 1);
    bool   over = false;

    if (w->n < 2 || df < (st->thresholds.open ? 1.0 : (double) st->thresholds.df_min))
        return;
    for (size_t a = 0, at = 0; a < k; a++)
        for (size_t b = a, end = sund_pair_end(st->plan, a); b < end; b++, at++)
            pair[at] = sund_centred(w->n, w->pair[at], w->q[a], w->q[b], 0, &over);
    out->any = !over && sund_linear_model(st->plan, pair, df, &out->m, NULL) == SUND_OK && sund_linear_model_trait(st->plan, pair, 0, &out->m, &out->y, NULL) == SUND_OK;
}

/** The site's estimate in halves of the outcome's declared range; false when it has none that may take part. */
static bool estimate(const meta_run *run, size_t s, const linear_sums *x, double *b, double *w)
{
    const sund_whole   *whole = &run->v->whole[s];
    size_t              k = run->st->plan->n;
    double              c[SUND_COLUMN_MAX], cgg, reach = (double) run->st->plan->col[k - 1].max_abs;
    int64_t             m = whole->n - x->lost[k], sg = x->dose[k];
    bool                over = false;
    sund_linear_variant g;
    sund_linear_fit     f;

    if (!run->site[s].any || m < 1 || !sund_rule_eligible(&run->st->thresholds, sg, 2 * m) || !sund_rule_missing(&run->st->thresholds, x->lost[k]))
        return false;
    cgg = sund_centred(m, x->square, sg, sg, 0, &over);
    for (size_t i = 0; i < k; i++)
        c[i] = sund_centred(m, x->dose[i], sg, whole->q[i] - x->lost[i], 0, &over);
    if (over || !sund_linear_genotype(&run->site[s].m, cgg, c, &g) || !sund_linear_test(&run->site[s].m, &run->site[s].y, &g, c[k - 1], &f))
        return false;
    *b = f.beta / reach;
    *w = reach / f.se * (reach / f.se);
    return *w >= W_MIN && *w <= W_MAX && *b * *b * *w <= W_MAX;
}

static sund_i128 to_fixed(double x, int frac) { return (sund_i128) floor(ldexp(x, frac) + 0.5); }

static sund_code put_site(const void *ctx, size_t item, size_t s, const linear_sums *x, const uint32_t *missing, sund_err *err)
{
    const meta_run *run = ctx;
    const meta_own *own = run->st->own;
    size_t          at = item - run->from, lane = at * lanes_of(run->round).n64, wide = at * lanes_of(run->round).n128;
    double          b, w;

    (void) missing;
    (void) err;
    if (!estimate(run, s, x, &b, &w))
        return SUND_OK;
    if (run->round != ROUND_RANDOM)
        sund_vec_add64(run->out, lane, 1);
    if (run->round == ROUND_SITES)
        return SUND_OK;
    if (run->round == ROUND_RANDOM)
        w = 1.0 / (1.0 / w + own->result[item].tau2);
    sund_vec_add128(run->out, wide, to_fixed(w, FRAC));
    sund_vec_add128(run->out, wide + 1, to_fixed(w * b, FRAC));
    if (run->round == ROUND_RANDOM)
        return SUND_OK;
    sund_vec_add64(run->out, lane + 1, run->v->whole[s].n - x->lost[run->st->plan->n]);
    sund_vec_add128(run->out, wide + 2, to_fixed(w * b * b, FRAC));
    sund_vec_add128(run->out, wide + 3, to_fixed(w * w, FRAC_SQUARE));
    return SUND_OK;
}

static sund_code meta_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    meta_run run = { st, v, NULL, r->index, 0, out };
    site   **kept;
    size_t   n;

    if (r->index == ROUND_PEOPLE)
        return sund_people_local(v, out, err);
    if (r->index == ROUND_COUNTS)
        return sund_tally_local(st, v, r, chunk, NULL, n_thread, out, err);
    kept = (site **) sund_view_kept(v, r->index, free);
    if (!*kept) {
        *kept = calloc(v->n_stratum + 1, sizeof **kept);
        if (!*kept)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        for (size_t s = 0; s < v->n_stratum; s++)
            make_site(st, &v->whole[s], &(*kept)[s]);
    }
    run.site = *kept;
    n = sund_chunk_range(r, st->study, words_of(r->index), chunk, &run.from);
    SUND_TRY(sund_vec_new(out, n * lanes_of(r->index).n64, n * lanes_of(r->index).n128, err));
    return sund_linear_walk(st, v, run.from, n, n_thread, put_site, &run, err);
}

/* ---- totals ---- */

static double from_fixed(sund_i128 x, int frac) { return ldexp(sund_i128_double(x), -frac); }

static sund_code take_fixed(const sund_state *st, const sund_vec *t, size_t lane, size_t wide, pooled *p, sund_err *err)
{
    sund_meta_sums s = { sund_vec_get64(t, lane), from_fixed(sund_vec_get128(t, wide), FRAC), from_fixed(sund_vec_get128(t, wide + 1), FRAC),
                         from_fixed(sund_vec_get128(t, wide + 2), FRAC), from_fixed(sund_vec_get128(t, wide + 3), FRAC_SQUARE) };

    p->n = sund_vec_get64(t, lane + 1);
    if (s.k != p->k || p->n < s.k || p->n > st->n_person || !(s.w >= W_MIN) || s.w > W_MAX * MOST_SITES || s.wbb < 0.0 || !(s.ww > 0.0))
        return bad_total(err);
    p->fixed = sund_meta_of(&s);
    p->tau2 = p->fixed.tau2;
    return SUND_OK;
}

static sund_code meta_total(sund_state *st, const sund_round *r, uint32_t chunk, const sund_vec *t, sund_err *err)
{
    meta_own *own = st->own;
    lanes     l = lanes_of(r->index);
    size_t    from, n;

    if (r->index == ROUND_PEOPLE)
        return sund_people_total(st, t, err);
    if (r->index == ROUND_COUNTS)
        return sund_tally_total(st, r, chunk, NULL, t, own->linear.count, err);
    n = sund_chunk_range(r, st->study, words_of(r->index), chunk, &from);
    if (t->n64 != n * l.n64 || t->n128 != n * l.n128)
        return bad_total(err);
    for (size_t i = 0; i < n; i++) {
        pooled        *p = &own->result[from + i];
        sund_meta_sums s = { p->k, 0.0, 0.0, 0.0, 0.0 };

        if (r->index == ROUND_FIXED) {
            SUND_TRY(take_fixed(st, t, i * l.n64, i * l.n128, p, err));
            continue;
        }
        if (r->index == ROUND_SITES) {
            p->k = sund_vec_get64(t, i);
            if (p->k < 0 || p->k > MOST_SITES)
                return bad_total(err);
            continue;
        }
        s.w = from_fixed(sund_vec_get128(t, i * l.n128), FRAC);
        s.wb = from_fixed(sund_vec_get128(t, i * l.n128 + 1), FRAC);
        if (!(s.w > 0.0))
            return bad_total(err);
        p->random = sund_meta_of(&s);
    }
    return SUND_OK;
}

static const sund_release_column column[] = {
    { "chrom", 's', false }, { "pos", 'i', false },  { "ref", 's', false },         { "alt", 's', false },       { "k", 'i', false },
    { "n", 'i', false },     { "ac", 'i', false },   { "an", 'i', false },          { "af", 'f', false },        { "beta", 'f', false },
    { "se", 'f', false },    { "nlog10p", 'f', false }, { "beta_random", 'f', false }, { "se_random", 'f', false }, { "nlog10p_random", 'f', false },
    { "q", 'f', false },     { "nlog10p_q", 'f', false }, { "i2", 'f', false },     { "tau2", 'f', false },
};
enum { N_COLUMN = sizeof column / sizeof column[0] };

static sund_code put_row(const sund_state *st, size_t i, sund_release *out, sund_buf *text, sund_err *err)
{
    const meta_own     *own = st->own;
    const pooled       *p = &own->result[i];
    size_t              j = own->linear.eligible[i];
    sund_variant        v = sund_catalogue_at(st->catalogue, st->first + j);
    const sund_alleles *a = &own->linear.count[j];
    const sund_column  *y = &st->plan->col[st->plan->n - 1];
    sund_guard          guard = { .ac = a->ac, .an = a->an, .association = true, .n_missing = a->missing };
    double              unit = (double) y->max_abs * y->unit;
    sund_cell           cell[N_COLUMN];

    SUND_TRY(sund_variant_cells(&v, text, cell, err));
    cell[4].i = p->k;
    cell[5].i = p->n;
    cell[6].i = a->ac;
    cell[7].i = a->an;
    cell[8].f = (double) a->ac / (double) a->an;
    cell[9].f = p->fixed.beta * unit;
    cell[10].f = p->fixed.se * unit;
    cell[11].f = p->fixed.nlog10p;
    cell[12].f = p->random.beta * unit;
    cell[13].f = p->random.se * unit;
    cell[14].f = p->random.nlog10p;
    cell[15].f = p->fixed.q;
    cell[16].f = p->fixed.q_nlog10p;
    cell[17].f = p->fixed.i2;
    cell[18].f = p->fixed.tau2 * unit * unit;
    return sund_release_row(out, &guard, cell, err);
}

static sund_code meta_finish(sund_state *st, sund_release *out, sund_err *err)
{
    const meta_own *own = st->own;
    size_t          n = own->linear.n_eligible;
    sund_buf        text = { 0 };
    double         *z2 = calloc(n + 1, sizeof *z2);
    sund_code       rc = z2 ? sund_release_next(out, "table", column, N_COLUMN, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (size_t i = 0; i < n && rc == SUND_OK; i++) {
        const sund_meta *f = &own->result[i].fixed;

        z2[i] = f->beta / f->se * (f->beta / f->se);
        rc = put_row(st, i, out, &text, err);
    }
    if (rc == SUND_OK)
        (void) snprintf(st->facts, sizeof st->facts, "\"n\": %lld, \"variants\": %zu, \"eligible\": %zu, \"least_sites\": %d, \"lambda\": %.4f, \"unit\": \"%s\"", (long long) st->n_person,
                        st->n_variant, n, LEAST_SITES, n ? sund_lambda(z2, n) : 0.0, st->plan->col[st->plan->n - 1].var.unit);
    free(z2);
    sund_buf_free(&text);
    return rc;
}

extern const sund_analysis sund_analysis_meta;
const sund_analysis        sund_analysis_meta = {
    .name = "meta",
    .title = "Meta-analysis of the sites' own regressions, no site's estimate seen",
    .help = "Each country's people at each node are a site that fits the outcome on every variant and the covariates at home. Fixed and random effects, heterogeneity. "
            "Variants that fewer than three sites can estimate are left out.",
    .rules = "parties, cell-min, eligible, mac, model-size, dominance",
    .by_variant = true,
    .check = meta_check,
    .begin = meta_begin,
    .end = meta_end,
    .plan = meta_plan,
    .local = meta_local,
    .total = meta_total,
    .finish = meta_finish,
};
