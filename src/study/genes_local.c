#include "study/genes_priv.h"

#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

/* A node's own sums over the carriers of each gene. Rare variants are lists, so a gene is a list of hits, person by person; what is summed is integers, so their order does
 * not matter. */

typedef struct hit { uint32_t person; uint16_t marker; uint8_t code; } hit; /* code: 1, 2 minor alleles, SUND_GT_MISSING */

typedef struct worker {
    uint8_t  *code, *most;       /* n_person: of one variant; at the collapsed ones, all 0 between genes */
    uint64_t *any;               /* a plane */
    hit      *hit;               /* n_hit, marker by marker */
    size_t    n_hit, cap;
    uint32_t *start;             /* n_person + 2 */
    hit      *row;               /* the hits person by person */
    size_t    cap_row;
    int64_t  *pair, *column, *sum, *called, *mean; /* of one gene and stratum: triangle(m), m x n_column, m, ... */
} worker;

typedef struct genes_run {
    const sund_state   *st;
    const genes_own    *own;
    const sund_view    *v;
    genes_fitted       *fitted;
    size_t              from;    /* first gene, or first active one, of the chunk */
    sund_store_reader **reader;
    worker             *worker;
    unsigned            n_thread;
    sund_vec           *out;
    size_t             *lane;    /* sums: first lane of each gene of the chunk */
} genes_run;

static sund_code out_of_memory(const sund_view *v, sund_err *err) { return sund_fail(err, SUND_E_NOMEM, "out of memory for genes over %zu people", v->n_person); }

static sund_code run_open(genes_run *run, unsigned n_thread, sund_err *err)
{
    const sund_view *v = run->v;

    run->n_thread = sund_pool_threads(n_thread);
    run->reader = calloc(run->n_thread, sizeof *run->reader);
    run->worker = calloc(run->n_thread, sizeof *run->worker);
    if (!run->reader || !run->worker)
        return out_of_memory(v, err);
    for (unsigned t = 0; t < run->n_thread; t++) {
        worker *w = &run->worker[t];

        w->code = malloc(v->n_person + 1);
        w->most = calloc(v->n_person + 1, 1);
        w->any = calloc(v->n_word + 1, sizeof *w->any);
        w->start = malloc((v->n_person + 2) * sizeof *w->start);
        w->pair = malloc((genes_triangle(SUND_SKAT_MAX) + SUND_SKAT_MAX * (run->own->n_column + 3)) * sizeof *w->pair);
        if (!w->code || !w->most || !w->any || !w->start || !w->pair)
            return out_of_memory(v, err);
        SUND_TRY(sund_store_reader_open(&run->reader[t], v->store, err));
    }
    return SUND_OK;
}

static void run_close(genes_run *run)
{
    for (unsigned t = 0; run->worker && t < run->n_thread; t++) {
        worker *w = &run->worker[t];

        free(w->code);
        free(w->most);
        free(w->any);
        free(w->hit);
        free(w->row);
        free(w->start);
        free(w->pair);
        if (run->reader && run->reader[t])
            sund_store_reader_close(run->reader[t]);
    }
    free(run->worker);
    free(run->reader);
    free(run->lane);
}

static sund_code add_hit(worker *w, size_t person, size_t marker, uint8_t code, sund_err *err)
{
    if (w->n_hit == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 4096;
        hit   *p = realloc(w->hit, cap * sizeof *p);

        if (!p)
            return sund_fail(err, SUND_E_NOMEM, "out of memory for %zu genotypes of a gene", cap);
        w->hit = p;
        w->cap = cap;
    }
    w->hit[w->n_hit++] = (hit){ (uint32_t) person, (uint16_t) marker, code };
    return SUND_OK;
}

static bool member(const sund_view *v, size_t i) { return v->member[i / 64] >> (i % 64) & 1; }

static sund_code add_list(const sund_view *v, worker *w, const uint32_t *list, size_t n, size_t marker, uint8_t code, sund_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (member(v, list[i]))
            SUND_TRY(add_hit(w, list[i], marker, code, err));
    return SUND_OK;
}

/** Who has a minor allele, or no call, at a variant: hits of that marker. */
static sund_code find_hits(const genes_run *run, worker *w, sund_store_reader *reader, uint32_t a, size_t marker, sund_err *err)
{
    const sund_view *v = run->v;
    size_t           j = run->own->asked[a];
    bool             flipped = genes_flipped(&run->own->count[a]);
    sund_presence    where = sund_view_presence(v, run->st->catalogue, j);
    sund_gt          g = { .sparse = true };

    if (where == SUND_IN_STORE)
        SUND_TRY(sund_store_read(reader, v->row[j], &g, err));
    if (where != SUND_NOT_COVERED && g.sparse && g.rest == (flipped ? 2 : 0)) {
        SUND_TRY(add_list(v, w, g.het, g.n_het, marker, 1, err));
        SUND_TRY(add_list(v, w, g.hom, g.n_hom, marker, 2, err));
        return add_list(v, w, g.missing, g.n_missing, marker, SUND_GT_MISSING, err);
    }
    if (where == SUND_NOT_COVERED)
        memset(w->code, SUND_GT_MISSING, v->n_person);
    else
        sund_gt_codes(&g, v->n_person, w->code);
    for (size_t i = 0; i < v->n_person; i++) {
        uint8_t code = flipped && w->code[i] != SUND_GT_MISSING ? (uint8_t) (2 - w->code[i]) : w->code[i];

        if (code && member(v, i))
            SUND_TRY(add_hit(w, i, marker, code, err));
    }
    return SUND_OK;
}

/** The hits of the collapsed marker, each person once: the most minor alleles at any of a gene's very rare variants. They come behind what is there. */
static sund_code find_ultra(const genes_run *run, worker *w, sund_store_reader *reader, const genes_gene *g, size_t marker, sund_err *err)
{
    const genes_own *own = run->own;
    size_t           base = w->n_hit;

    for (size_t i = 0; i < g->n; i++) {
        size_t kept = w->n_hit;

        if (own->role[own->member[g->from + i]] != GENES_ULTRA)
            continue;
        SUND_TRY(find_hits(run, w, reader, own->member[g->from + i], marker, err));
        for (size_t h = kept; h < w->n_hit; h++) {
            uint8_t *most = &w->most[w->hit[h].person], code = w->hit[h].code;

            if (code == SUND_GT_MISSING)
                continue;
            if (!*most)
                w->hit[kept++] = w->hit[h];
            *most = code > *most ? code : *most;
        }
        w->n_hit = kept;
    }
    for (size_t h = base; h < w->n_hit; h++) {
        w->hit[h].code = w->most[w->hit[h].person];
        w->most[w->hit[h].person] = 0;
    }
    return SUND_OK;
}

/* ---- carriers ---- */

/** Carriers among the hits who are not in w->any yet; they are then. */
static int64_t new_carriers(worker *w)
{
    int64_t n = 0;

    for (size_t h = 0; h < w->n_hit; h++) {
        uint64_t *word = &w->any[w->hit[h].person / 64], bit = (uint64_t) 1 << (w->hit[h].person % 64);

        if (w->hit[h].code == SUND_GT_MISSING)
            continue;
        n += !(*word & bit);
        *word |= bit;
    }
    return n;
}

static sund_code count_carriers(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    const genes_run  *run = ctx;
    const genes_gene *g = &run->own->gene[run->from + i];
    worker           *w = &run->worker[thread];
    int64_t           n[GENES_CARRIER_LANES] = { 0 };

    memset(w->any, 0, run->v->n_word * sizeof *w->any);
    for (size_t j = 0; j < g->n; j++)
        if (run->own->role[run->own->member[g->from + j]] == GENES_SINGLE) {
            w->n_hit = 0;
            SUND_TRY(find_hits(run, w, run->reader[thread], run->own->member[g->from + j], 0, err));
            n[0] += new_carriers(w);
        }
    w->n_hit = 0;
    SUND_TRY(find_ultra(run, w, run->reader[thread], g, 0, err));
    n[1] = n[0] + new_carriers(w);
    for (size_t h = 0; h < w->n_hit; h++)
        n[1 + w->hit[h].code]++;
    for (size_t l = 0; l < GENES_CARRIER_LANES; l++)
        sund_vec_add64(run->out, i * GENES_CARRIER_LANES + l, n[l]);
    return SUND_OK;
}

sund_code sund_genes_carriers_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    genes_run run = { .st = st, .own = st->own, .v = v, .out = out };
    size_t    n = sund_chunk_range(r, st->study, GENES_CARRIER_LANES, chunk, &run.from);
    sund_code rc;

    SUND_TRY(sund_vec_new(out, n * GENES_CARRIER_LANES, 0, err));
    rc = run_open(&run, n_thread, err);
    if (rc == SUND_OK)
        rc = sund_pool_run(run.n_thread, n, count_carriers, &run, err);
    run_close(&run);
    return rc;
}

/* ---- sums ---- */

/** w->row: the hits person by person; w->start[p]: where those of person p begin. */
static sund_code sort_hits(const sund_view *v, worker *w, sund_err *err)
{
    if (w->cap_row < w->n_hit) {
        hit *p = realloc(w->row, w->cap * sizeof *p);

        if (!p)
            return out_of_memory(v, err);
        w->row = p;
        w->cap_row = w->cap;
    }
    memset(w->start, 0, (v->n_person + 2) * sizeof *w->start);
    for (size_t h = 0; h < w->n_hit; h++)
        w->start[w->hit[h].person + 2]++;
    for (size_t p = 2; p < v->n_person + 2; p++)
        w->start[p] += w->start[p - 1];
    for (size_t h = 0; h < w->n_hit; h++)
        w->row[w->start[w->hit[h].person + 1]++] = w->hit[h];
    return SUND_OK;
}

/** The hits of all markers, in the order of members, the collapsed one last. */
static sund_code find_all(const genes_run *run, worker *w, sund_store_reader *reader, const genes_gene *g, sund_err *err)
{
    size_t marker = 0;

    w->n_hit = 0;
    for (size_t i = 0; i < g->n; i++)
        if (run->own->role[run->own->member[g->from + i]] == GENES_SINGLE)
            SUND_TRY(find_hits(run, w, reader, run->own->member[g->from + i], marker++, err));
    return g->ultra ? find_ultra(run, w, reader, g, marker, err) : SUND_OK;
}

/** What a missing call counts as, for each marker of a gene: the mean of the stratum's called, or the pooled one. */
static void find_means(const genes_run *run, worker *w, const genes_gene *g, size_t s)
{
    const genes_own *own = run->own;
    size_t           m = 0;
    bool             over = false;

    for (size_t i = 0; i < g->n; i++) {
        const sund_alleles *a = &own->count[own->member[g->from + i]];

        if (own->role[own->member[g->from + i]] == GENES_SINGLE)
            w->mean[m++] = (int64_t) sund_i128_scale_div(genes_flipped(a) ? 2 * a->called - a->dose : a->dose, GENES_G, a->called, &over);
    }
    if (!run->st->study->strata_country)
        return;
    for (size_t i = 0; i < m; i++) {
        w->called[i] = run->fitted->whole[s].n;
        w->mean[i] = 0;
    }
    for (size_t h = 0; h < w->n_hit; h++)
        if (w->hit[h].marker < m && run->fitted->stratum[w->hit[h].person] == s) {
            bool missing = w->hit[h].code == SUND_GT_MISSING;

            w->called[w->hit[h].marker] -= missing;
            w->mean[w->hit[h].marker] += missing ? 0 : w->hit[h].code;
        }
    for (size_t i = 0; i < m; i++)
        w->mean[i] = w->called[i] ? (int64_t) sund_i128_scale_div(w->mean[i], GENES_G, w->called[i], &over) : 0;
}

/** One person's part in the sums of a gene. */
static void add_person(const genes_run *run, worker *w, size_t person, size_t m)
{
    const genes_fitted *f = run->fitted;
    const hit          *row = w->row + w->start[person];
    size_t              n = w->start[person + 1] - w->start[person], k = run->own->n_column;
    int64_t             g[SUND_SKAT_MAX];

    for (size_t i = 0; i < n; i++)
        g[i] = row[i].code == SUND_GT_MISSING ? w->mean[row[i].marker] : (int64_t) row[i].code << GENES_G;
    for (size_t i = 0; i < n; i++) {
        size_t  a = row[i].marker;
        int64_t wg = sund_genes_shifted((sund_i128) f->w[person] * g[i], GENES_G), *pair = w->pair + genes_triangle(m) - genes_triangle(m - a) - a;

        w->sum[a] += wg;
        for (size_t j = i; j < n; j++) /* markers rise along a row */
            pair[row[j].marker] += sund_genes_shifted((sund_i128) f->w[person] * ((sund_i128) g[i] * g[j]), 2 * GENES_G);
        for (size_t c = 0; c < k; c++)
            w->column[a * k + c] += sund_genes_shifted((sund_i128) f->column[c][person] * g[i], GENES_G);
    }
}

/** A stratum's sums of a gene, centred where there are strata, into its lanes. */
static void put_gene(const genes_run *run, const worker *w, size_t lane, size_t m, size_t s)
{
    size_t    k = run->own->n_column, at = 0;
    bool      strata = run->st->study->strata_country;
    sund_i128 all = run->fitted->whole[s].w;

    for (size_t a = 0; a < m; a++)
        for (size_t b = a; b < m; b++, at++)
            sund_vec_add64(run->out, lane + at, w->pair[at] - (strata ? (int64_t) sund_i128_div_round((sund_i128) w->sum[a] * w->sum[b], all) : 0));
    for (size_t a = 0; a < m; a++)
        for (size_t c = 0; c < k; c++, at++)
            sund_vec_add64(run->out, lane + at,
                           w->column[a * k + c] - (strata ? (int64_t) sund_i128_div_round((sund_i128) w->sum[a] * run->fitted->whole[s].column[c], all) : 0));
}

static sund_code sum_gene(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    const genes_run  *run = ctx;
    const genes_gene *g = &run->own->gene[run->own->active[run->from + i]];
    worker           *w = &run->worker[thread];
    size_t            m = g->n_marker, k = run->own->n_column;

    SUND_TRY(find_all(run, w, run->reader[thread], g, err));
    SUND_TRY(sort_hits(run->v, w, err));
    w->column = w->pair + genes_triangle(m);
    w->sum = w->column + m * k;
    w->mean = w->sum + m;
    w->called = w->mean + m;
    for (size_t s = 0; s < run->fitted->n_stratum; s++) {
        if (run->fitted->whole[s].w <= 0)
            continue;
        memset(w->pair, 0, (genes_triangle(m) + m * (k + 3)) * sizeof *w->pair);
        find_means(run, w, g, s);
        for (size_t p = 0; p < run->v->n_person; p++)
            if (w->start[p + 1] > w->start[p] && run->fitted->stratum[p] == s)
                add_person(run, w, p, m);
        put_gene(run, w, run->lane[i], m, s);
    }
    return SUND_OK;
}

sund_code sund_genes_sums_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const genes_own *own = st->own;
    genes_run        run = { .st = st, .own = own, .v = v, .out = out, .from = own->chunk[chunk] };
    size_t           n = own->chunk[chunk + 1] - run.from, lane = 0;
    sund_code        rc;

    SUND_GO(sund_genes_fitted(st, v, r, &run.fitted, err));
    run.lane = calloc(n + 1, sizeof *run.lane);
    SUND_GO(run.lane ? SUND_OK : out_of_memory(v, err));
    for (size_t i = 0; i < n; i++) {
        run.lane[i] = lane;
        lane += genes_lanes(own, own->gene[own->active[run.from + i]].n_marker);
    }
    SUND_GO(sund_vec_new(out, lane, 0, err));
    SUND_GO(run_open(&run, n_thread, err));
    rc = sund_pool_run(run.n_thread, n, sum_gene, &run, err);
out:
    run_close(&run);
    sund_genes_fitted_free(run.fitted);
    return rc;
}
