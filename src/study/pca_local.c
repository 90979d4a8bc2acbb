#include "study/pca_priv.h"

#include "base/pool.h"
#include "stats/count.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Own sums of principal components, and the scores, which stay.
 *
 * Both products, A Q over people and A'B over variants, are the one kernel: columns of integers summed over planes. For A'B the columns are the people's b
 * and the planes the variants'; for A Q the columns are the variants' q and the planes are people's, turned from the variants' 64 by 64 bits at a
 * time. Planes of all kept variants, both ways, stay in memory from round to round while they are not too many; else they are read, and turned, tile by
 * tile. */

enum { TILE_WORDS = 32, TILE = 64 * TILE_WORDS, BLOCK_WORDS = 8, BLOCK = 64 * BLOCK_WORDS, PLANES = 3, BATCH = SUND_DOSE_BATCH };
size_t pca_cache_bytes = (size_t) 1 << 30;

/** Planes of items [from, from + n): one, two, lost, of n_word words each, within the members. */
typedef struct tile { size_t from, n; uint64_t *plane; bool *lost; } tile;

/** What is computed once: planes for all Krylov rounds, b and its columns for one. */
typedef struct kept {
    tile          all;   /* n is 0: too many */
    uint64_t     *turned; /* people's planes of all tiles; NULL: too many */
    bool          is_turned;
    uint32_t      round;
    sund_columns *b;
    int64_t       sum[SUND_KRYLOV_BLOCK_MAX]; /* of b over all members */
} kept;

static void free_kept(void *p)
{
    kept *k = p;

    free(k->all.plane);
    free(k->all.lost);
    free(k->turned);
    sund_columns_free(k->b);
    free(k);
}

static void set_bits(uint64_t *plane, const uint32_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        plane[list[i] / 64] |= 1ULL << (list[i] % 64);
}

/** Where variant i stands here: of the catalogue, or of the loadings. */
static sund_presence find_variant(const sund_state *st, const sund_view *v, size_t i, size_t *row)
{
    const pca_own      *own = st->own;
    const sund_variant *x = own->place ? &own->place[i] : NULL;

    if (!x) {
        *row = v->row[own->variant[i].j];
        return sund_view_presence(v, st->catalogue, own->variant[i].j);
    }
    if (sund_store_find(v->store, x, row))
        return SUND_IN_STORE;
    return sund_store_callable(v->store, x->contig, x->pos_bp, x->n_ref) ? SUND_ALL_REF : SUND_NOT_COVERED;
}

/** Variant i's planes one, two and lost within the members. Returns by *lost whether anyone's genotype is missing. */
static sund_code load_variant(const sund_state *st, const sund_view *v, size_t i, sund_store_reader *reader, uint64_t *to, bool *lost, sund_err *err)
{
    size_t        n_word = v->n_word;
    uint64_t     *one = to, *two = to + n_word, *gone = two + n_word, any = 0;
    size_t        row = 0;
    sund_presence where = find_variant(st, v, i, &row);
    sund_gt       g = { .sparse = true };

    if (where == SUND_IN_STORE)
        SUND_TRY(sund_store_read(reader, row, &g, err));
    memset(to, where == SUND_NOT_COVERED ? 0xFF : 0, PLANES * n_word * sizeof *to);
    if (where == SUND_NOT_COVERED) {
        memset(to, 0, 2 * n_word * sizeof *to);
    }
    else if (g.sparse) {
        set_bits(one, g.het, g.n_het);
        set_bits(two, g.hom, g.n_hom);
        set_bits(gone, g.missing, g.n_missing);
    }
    else {
        memcpy(one, g.het_plane, n_word * sizeof *one);
        memcpy(two, g.hom_plane, n_word * sizeof *two);
        if (g.n_missing)
            memcpy(gone, g.missing_plane, n_word * sizeof *gone);
    }
    for (size_t w = 0; w < n_word; w++) {
        if (g.sparse && g.rest == 2)
            two[w] = ~(one[w] | two[w] | gone[w]);
        one[w] &= v->member[w];
        two[w] &= v->member[w];
        gone[w] &= v->member[w];
        any |= gone[w];
    }
    *lost = any != 0;
    return SUND_OK;
}

typedef struct load_run { const sund_state *st; const sund_view *v; tile *to; } load_run;

static sund_code load_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const load_run *run = ctx;
    size_t          words = PLANES * run->v->n_word;

    (void) thread;
    for (size_t i = from; i < from + n; i++) {
        size_t at = i - run->to->from;

        SUND_TRY(load_variant(run->st, run->v, i, reader, run->to->plane + at * words, &run->to->lost[at], err));
    }
    return SUND_OK;
}

static sund_code load_tile(const sund_state *st, const sund_view *v, size_t from, size_t n, unsigned n_thread, tile *to, sund_err *err)
{
    load_run run = { st, v, to };

    to->from = from;
    to->n = n;
    return sund_each_items(v, from, n, n_thread, load_items, &run, err);
}

static sund_code tile_room(const sund_view *v, size_t n, tile *t, sund_err *err)
{
    t->plane = malloc((n * PLANES * v->n_word + 1) * sizeof *t->plane);
    t->lost = malloc(n + 1);
    return t->plane && t->lost ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for the genotypes of %zu variants", n);
}

static sund_code get_kept(const sund_state *st, const sund_view *v, unsigned n_thread, kept **out, sund_err *err)
{
    const pca_own *own = st->own;
    void         **slot = sund_view_kept(v, UINT32_MAX, free_kept); /* no round's number: it is for all of them */
    kept          *k = *slot;
    size_t         turned = (own->n_kept + 63) / 64 * v->n_word * 128, bytes = (own->n_kept * PLANES * v->n_word + turned) * sizeof(uint64_t);

    if (!k) {
        k = *slot = calloc(1, sizeof *k);
        if (!k)
            return sund_fail(err, SUND_E_NOMEM, "out of memory");
        if (bytes <= pca_cache_bytes) {
            sund_code rc = tile_room(v, own->n_kept, &k->all, err);

            k->turned = malloc(turned * sizeof *k->turned + 1);
            if (rc == SUND_OK && !k->turned)
                rc = sund_fail(err, SUND_E_NOMEM, "out of memory for the genotypes of %zu variants", own->n_kept);
            if (rc == SUND_OK)
                rc = load_tile(st, v, 0, own->n_kept, n_thread, &k->all, err);
            if (rc != SUND_OK) {
                free_kept(k);
                *slot = NULL;
                return rc;
            }
        }
    }
    *out = k;
    return SUND_OK;
}

/** Each tile of items [from, from + n) in turn, out of memory or the store. */
typedef sund_code (*each_tile)(void *ctx, const tile *t, sund_err *err);
static sund_code over_tiles(const sund_state *st, const sund_view *v, const kept *k, size_t from, size_t n, unsigned n_thread, each_tile each, void *ctx, sund_err *err)
{
    tile      room = { 0, 0, NULL, NULL };
    sund_code rc = SUND_OK;

    if (k->all.n == 0)
        SUND_GO(tile_room(v, n < TILE ? n : TILE, &room, err));
    for (size_t at = from; at < from + n; at += TILE) {
        size_t m = from + n - at < TILE ? from + n - at : TILE;
        tile   t = { at, m, k->all.plane + at * PLANES * v->n_word, k->all.lost + at };

        if (k->all.n == 0) {
            SUND_GO(load_tile(st, v, at, m, n_thread, &room, err));
            t = room;
        }
        SUND_GO(each(ctx, &t, err));
    }
out:
    free(room.plane);
    free(room.lost);
    return rc;
}

/** 64 rows of 64 bits to 64 columns. Source: Hacker's Delight, 7-3. */
static void turn64(uint64_t x[64])
{
    uint64_t mask = 0xFFFFFFFFu;

    for (unsigned s = 32; s; s >>= 1, mask ^= mask << s)
        for (unsigned i = 0; i < 64; i = ((i | s) + 1) & ~s) {
            uint64_t t = ((x[i] >> s) ^ x[i | s]) & mask;

            x[i] ^= t << s;
            x[i | s] ^= t;
        }
}

/** Room of one thread: people's planes of a tile, and their sums. */
typedef struct turn_room { uint64_t one[BLOCK * TILE_WORDS], two[BLOCK * TILE_WORDS]; int64_t sum[BLOCK * SUND_KRYLOV_BLOCK_MAX]; } turn_room;

/** A Q over people: score[i * width + l] = sum over called j of (2^14 g - mu_j) q_jl, less the constant sum over all j of - mu_j q_jl. */
typedef struct people_run {
    const sund_state     *st;
    const sund_view      *v;
    size_t                width;
    const int32_t *const *q;
    const kept           *k;
    const tile           *t;
    sund_columns         *column; /* q of the tile */
    turn_room            *room;   /* by thread */
    unsigned              n_thread;
    int64_t              *score;
} people_run;

/** Plane `which` of the tile, turned for the people of words [from, from + n): TILE_WORDS words a person. */
static void turn_block(const people_run *run, size_t which, size_t from, size_t n, uint64_t *to)
{
    size_t   n_word = run->v->n_word, groups = (run->t->n + 63) / 64;
    uint64_t x[64];

    for (size_t w = 0; w < n; w++)
        for (size_t g = 0; g < groups; g++) {
            size_t   m = run->t->n - 64 * g < 64 ? run->t->n - 64 * g : 64;
            uint64_t any = 0;

            for (size_t k = 0; k < 64; k++)
                any |= x[k] = k < m ? run->t->plane[((64 * g + k) * PLANES + which) * n_word + from + w] : 0;
            if (any)
                turn64(x);
            for (size_t p = 0; p < 64; p++)
                to[(64 * w + p) * groups + g] = x[p];
        }
}

/** Gives a missing genotype its mean back: + mu q. */
static void add_missing(const people_run *run, size_t from, size_t n)
{
    const pca_own *own = run->st->own;
    size_t         n_word = run->v->n_word;

    for (size_t k = 0; k < run->t->n; k++) {
        const uint64_t *lost = run->t->plane + (k * PLANES + 2) * n_word;
        int64_t         mean = own->variant[run->t->from + k].site.mean;

        for (size_t w = from; run->t->lost[k] && w < from + n; w++)
            for (uint64_t bits = lost[w]; bits; bits &= bits - 1) {
                int64_t *score = run->score + (64 * w + (size_t) __builtin_ctzll(bits)) * run->width;

                for (size_t l = 0; l < run->width; l++)
                    score[l] += mean * run->q[l][run->t->from + k];
            }
    }
}

static sund_code people_block(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    const people_run *run = ctx;
    turn_room        *room = &run->room[thread];
    size_t            from = i * BLOCK_WORDS, n = run->v->n_word - from < BLOCK_WORDS ? run->v->n_word - from : BLOCK_WORDS, groups = (run->t->n + 63) / 64;
    uint64_t         *one = room->one, *two = room->two;
    sund_dose         g[BLOCK];

    (void) err;
    if (run->k->turned) { /* of a tile the one plane of everybody, then the other; a tile but the last is of whole words */
        one = run->k->turned + run->t->from / 64 * run->v->n_word * 128 + 64 * from * groups;
        two = one + 64 * run->v->n_word * groups;
    }
    if (!run->k->is_turned) {
        turn_block(run, 0, from, n, one);
        turn_block(run, 1, from, n, two);
    }
    for (size_t p = 0; p < 64 * n; p++)
        g[p] = (sund_dose){ one + p * groups, two + p * groups };
    sund_dose_sums(run->column, g, 64 * n, NULL, room->sum);
    for (size_t p = 0; p < 64 * n * run->width; p++)
        run->score[from * 64 * run->width + p] += room->sum[p] * (1LL << SUND_LD_FRAC);
    add_missing(run, from, n);
    return SUND_OK;
}

static sund_code people_tile(void *ctx, const tile *t, sund_err *err)
{
    people_run    *run = ctx;
    const int32_t *q[SUND_KRYLOV_BLOCK_MAX];
    sund_code      rc;

    run->t = t;
    for (size_t l = 0; l < run->width; l++)
        q[l] = run->q[l] + t->from;
    SUND_TRY(sund_columns_new(&run->column, t->n, run->width, q, err));
    rc = sund_pool_run(run->n_thread, (run->v->n_word + BLOCK_WORDS - 1) / BLOCK_WORDS, people_block, run, err);
    sund_columns_free(run->column);
    return rc;
}

/** Scores of the members, (2^14 g - mu) q summed: width values for each store column, freed by the caller. Others' mean nothing. */
static sund_code people_scores(const sund_state *st, const sund_view *v, kept *k, size_t width, const int32_t *const *q, unsigned n_thread, int64_t **out, sund_err *err)
{
    const pca_own *own = st->own;
    unsigned       threads = sund_pool_threads(n_thread);
    people_run     run = { .st = st, .v = v, .width = width, .q = q, .k = k, .n_thread = threads };
    sund_code      rc;

    run.score = calloc(v->n_word * 64 * width + 1, sizeof *run.score);
    run.room = malloc(threads * sizeof *run.room);
    rc = run.score && run.room ? over_tiles(st, v, k, 0, own->n_kept, n_thread, people_tile, &run, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for the scores of %zu people", v->n_person);
    k->is_turned = rc == SUND_OK && k->turned;
    for (size_t l = 0; rc == SUND_OK && l < width; l++) {
        int64_t whole = 0;

        for (size_t j = 0; j < own->n_kept; j++)
            whole += own->variant[j].site.mean * q[l][j];
        for (size_t i = 0; i < v->n_word * 64; i++)
            run.score[i * width + l] -= whole;
    }
    free(run.room);
    if (rc == SUND_OK)
        *out = run.score;
    else
        free(run.score);
    return rc;
}

static bool is_member(const sund_view *v, size_t i) { return v->member[i / 64] >> (i % 64) & 1; }

/** b = round(2^16 A Q), as columns, and their sums. */
static sund_code make_b(const sund_state *st, const sund_view *v, kept *k, const int64_t *score, size_t width, sund_err *err)
{
    const pca_own *own = st->own;
    size_t         n = v->n_word * 64;
    int32_t       *b = calloc(n * width + 1, sizeof *b);
    const int32_t *column[SUND_KRYLOV_BLOCK_MAX];
    sund_code      rc = b ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for the scores of %zu people", v->n_person);

    memset(k->sum, 0, sizeof k->sum);
    for (size_t l = 0; rc == SUND_OK && l < width; l++) {
        double scale = ldexp(1.0, PCA_PEOPLE_BITS - SUND_LD_FRAC - (int) sund_krylov_shift(own->krylov, l));

        column[l] = b + l * n;
        for (size_t i = 0; rc == SUND_OK && i < v->n_person; i++) {
            double x = is_member(v, i) ? floor((double) score[i * width + l] * scale + 0.5) : 0.0;

            if (!(fabs(x) <= 2139062143.0))
                rc = sund_fail(err, SUND_E_NUMERIC, "a person's score leaves its bound: raise min_maf");
            else
                k->sum[l] += b[l * n + i] = (int32_t) x;
        }
    }
    sund_columns_free(k->b);
    k->b = NULL;
    if (rc == SUND_OK)
        rc = sund_columns_new(&k->b, v->n_person, width, column, err);
    free(b);
    return rc;
}

/** The round's b, once for all of its chunks. */
static sund_code have_b(const sund_state *st, const sund_view *v, uint32_t round, kept *k, unsigned n_thread, sund_err *err)
{
    const pca_own *own = st->own;
    size_t         width = sund_krylov_width(own->krylov);
    const int32_t *q[SUND_KRYLOV_BLOCK_MAX];
    int64_t       *score = NULL;
    sund_code      rc;

    if (k->b && k->round == round)
        return SUND_OK;
    for (size_t l = 0; l < width; l++)
        q[l] = sund_krylov_q(own->krylov, l);
    SUND_TRY(people_scores(st, v, k, width, q, n_thread, &score, err));
    rc = make_b(st, v, k, score, width, err);
    k->round = round;
    free(score);
    return rc;
}

/** A'B over variants. */
typedef struct sums_run { const sund_state *st; const sund_view *v; const kept *k; const tile *t; size_t from, width; unsigned n_thread; uint32_t *list; sund_vec *out; } sums_run;

static sund_code sums_batch(void *ctx, size_t i, unsigned thread, sund_err *err)
{
    const sums_run *run = ctx;
    const pca_own  *own = run->st->own;
    size_t          n_word = run->v->n_word, from = i * BATCH, n = run->t->n - from < BATCH ? run->t->n - from : BATCH, width = run->width;
    uint32_t       *list = run->list + (size_t) thread * run->v->n_person;
    sund_dose       g[BATCH] = { { NULL, NULL } };
    int64_t         sum[BATCH * SUND_KRYLOV_BLOCK_MAX], gone[SUND_KRYLOV_BLOCK_MAX] = { 0 };

    (void) err;
    for (size_t x = 0; x < n; x++) {
        const uint64_t *plane = run->t->plane + (from + x) * PLANES * n_word;

        g[x] = (sund_dose){ plane, plane + n_word };
    }
    sund_dose_sums(run->k->b, g, n, NULL, sum);
    for (size_t x = 0; x < n; x++) {
        size_t          item = run->t->from + from + x, n_gone = 0;
        const uint64_t *lost = g[x].two + n_word;
        int64_t         mean = own->variant[item].site.mean;

        for (size_t w = 0; run->t->lost[from + x] && w < n_word; w++)
            for (uint64_t bits = lost[w]; bits; bits &= bits - 1)
                list[n_gone++] = (uint32_t) (w * 64 + (size_t) __builtin_ctzll(bits));
        sund_list_sums(run->k->b, list, n_gone, gone);
        for (size_t l = 0; l < width; l++)
            sund_vec_add64(run->out, (item - run->from) * width + l, sum[x * width + l] * (1LL << SUND_LD_FRAC) - mean * (run->k->sum[l] - gone[l]));
    }
    return SUND_OK;
}

static sund_code sums_tile(void *ctx, const tile *t, sund_err *err)
{
    sums_run *run = ctx;

    run->t = t;
    return sund_pool_run(run->n_thread, (t->n + BATCH - 1) / BATCH, sums_batch, run, err);
}

sund_code pca_krylov_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const pca_own *own = st->own;
    unsigned       threads = sund_pool_threads(n_thread);
    sums_run       run = { .st = st, .v = v, .width = sund_krylov_width(own->krylov), .n_thread = threads, .out = out };
    kept          *k = NULL;
    size_t         n = sund_chunk_range(r, st->study, run.width, chunk, &run.from);
    sund_code      rc;

    SUND_TRY(get_kept(st, v, threads, &k, err));
    SUND_TRY(have_b(st, v, r->index, k, threads, err));
    SUND_TRY(sund_vec_new(out, n * run.width, 0, err));
    run.k = k;
    run.list = malloc((threads * v->n_person + 1) * sizeof *run.list);
    rc = run.list ? over_tiles(st, v, k, run.from, n, threads, sums_tile, &run, err) : sund_fail(err, SUND_E_NOMEM, "out of memory");
    free(run.list);
    return rc;
}

typedef struct count_run { const sund_state *st; const sund_view *v; size_t from; sund_vec *out; } count_run;

/** Counts of the variants of loadings, out of their planes. */
static sund_code count_places(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const count_run *run = ctx;
    const sund_view *v = run->v;
    size_t           n_word = v->n_word;
    uint64_t        *plane = malloc((PLANES * n_word + 1) * sizeof *plane), sex[2] = { v->set_female.n, v->set_male.n };
    bool             lost;
    sund_code        rc = plane ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);

    (void) thread;
    for (size_t i = from; rc == SUND_OK && i < from + n; i++) {
        sund_classes c[2];

        rc = load_variant(run->st, v, i, reader, plane, &lost, err);
        for (size_t s = 0; rc == SUND_OK && s < 2; s++) {
            const uint64_t *mask = s ? v->male : v->female;

            c[s].het = (int64_t) sund_plane_count(plane, mask, n_word);
            c[s].alt = (int64_t) sund_plane_count(plane + n_word, mask, n_word);
            c[s].missing = (int64_t) sund_plane_count(plane + 2 * n_word, mask, n_word);
            c[s].ref = (int64_t) sex[s] - c[s].het - c[s].alt - c[s].missing;
        }
        if (rc == SUND_OK)
            sund_tally_put(run->out, (i - run->from) * SUND_TALLY_LANES, &(sund_tally){ c[0], c[1] });
    }
    free(plane);
    return rc;
}

sund_code pca_places_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    count_run run = { st, v, 0, out };
    size_t    n = sund_chunk_range(r, st->study, SUND_TALLY_LANES, chunk, &run.from);

    SUND_TRY(sund_vec_new(out, n * SUND_TALLY_LANES, 0, err));
    return sund_each_items(v, run.from, n, n_thread, count_places, &run, err);
}

/** Products of variants over people. */
typedef struct linkage_run { const sund_state *st; const sund_view *v; size_t from; sund_vec *out; } linkage_run;

/** Sum of x_a x_b (ld.h) over the members. */
static int64_t product(const sund_view *v, const uint64_t *a, bool a_lost, int64_t a_mean, const uint64_t *b, bool b_lost, int64_t b_mean)
{
    size_t   n = v->n_word;
    uint64_t c[2], d[2];
    int64_t  sum;

    sund_plane_count2(b, b + n, a, n, c);
    sund_plane_count2(b, b + n, a + n, n, d);
    sum = (int64_t) (c[0] + 2 * c[1] + 2 * d[0] + 4 * d[1]) * (1LL << (2 * SUND_LD_FRAC));
    if (b_lost) {
        sund_plane_count2(a, a + n, b + 2 * n, n, c);
        sum += (int64_t) (c[0] + 2 * c[1]) * (1LL << SUND_LD_FRAC) * b_mean;
    }
    if (a_lost) {
        sund_plane_count2(b, b + n, a + 2 * n, n, c);
        sum += (int64_t) (c[0] + 2 * c[1]) * (1LL << SUND_LD_FRAC) * a_mean;
    }
    if (a_lost && b_lost)
        sum += (int64_t) sund_plane_count(a + 2 * n, b + 2 * n, n) * a_mean * b_mean;
    return sum;
}

static sund_code linkage_items(void *ctx, size_t from, size_t n, sund_store_reader *reader, unsigned thread, sund_err *err)
{
    const linkage_run *run = ctx;
    const pca_own     *own = run->st->own;
    size_t             words = PLANES * run->v->n_word, last = from + n + own->window < own->n_common ? from + n + own->window : own->n_common;
    tile               t = { 0, 0, NULL, NULL };
    load_run           load = { run->st, run->v, &t };
    sund_code          rc;

    SUND_GO(tile_room(run->v, last - from, &t, err));
    t.from = from;
    SUND_GO(load_items(&load, from, last - from, reader, thread, err));
    for (size_t i = from; i < from + n; i++) {
        const pca_variant *a = &own->variant[i];
        int                contig = sund_catalogue_at(run->st->catalogue, run->st->first + a->j).contig;

        for (size_t k = 0; k < own->window && i + 1 + k < last; k++) {
            size_t             at = i + 1 + k;
            const pca_variant *b = &own->variant[at];

            if (sund_catalogue_at(run->st->catalogue, run->st->first + b->j).contig != contig)
                break;
            sund_vec_add64(run->out, (i - run->from) * own->window + k, product(run->v, t.plane + (i - from) * words, t.lost[i - from], a->site.mean, t.plane + (at - from) * words,
                                                                               t.lost[at - from], b->site.mean));
        }
    }
out:
    free(t.plane);
    free(t.lost);
    return rc;
}

sund_code pca_linkage_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const pca_own *own = st->own;
    linkage_run    run = { st, v, 0, out };
    size_t         n = sund_chunk_range(r, st->study, own->window, chunk, &run.from);

    SUND_TRY(sund_vec_new(out, n * own->window, 0, err));
    return sund_each_items(v, run.from, n, n_thread, linkage_items, &run, err);
}

/** Scores of one component as the values of its variable: 6 decimals of a score whose mean square is 1 over all people of the study, at most 32. */
static void to_raw(const sund_view *v, const int64_t *score, size_t width, size_t k, double scale, int64_t *raw)
{
    for (size_t i = 0; i < v->n_person; i++) {
        double x = floor((double) score[i * width + k] * scale * 1e6 + 0.5);

        raw[i] = !is_member(v, i) ? SUND_VALUE_MISSING : x > 32e6 ? 32000000 : x < -32e6 ? -32000000 : (int64_t) x;
    }
}

/** The weights of each component's score: of the file, or unit eigenvectors, which by_person scales. Returns how many components there are. */
static size_t weights(const sund_state *st, double **out, double *by_person)
{
    const pca_own *own = st->own;
    const double  *value = NULL, *residual;
    size_t         m = own->n_kept, n = own->place ? own->n_component : sund_krylov_found(own->krylov, &value, &residual);

    *out = malloc((n * m + 1) * sizeof **out);
    for (size_t k = 0; *out && k < n; k++) {
        by_person[k] = value ? 1.0 / sqrt(value[k] / (double) st->n_person) : 1.0;
        if (value)
            sund_krylov_vector(own->krylov, k, *out + k * m);
        else
            memcpy(*out + k * m, own->weight + k * m, m * sizeof **out);
    }
    return n;
}

static sund_code keep_scores(const sund_state *st, const sund_view *v, sund_people *people, size_t n, const double *w, const double *by_person, sund_err *err)
{
    const pca_own *own = st->own;
    size_t         m = own->n_kept;
    double        *s = malloc((m + 1) * sizeof *s);
    int32_t       *q = malloc((n * m + 1) * sizeof *q);
    int64_t       *score = NULL, *raw = malloc((n * v->n_person + 1) * sizeof *raw);
    sund_var       var[PCA_COMPONENTS_MAX];
    const int32_t *column[PCA_COMPONENTS_MAX];
    unsigned       shift[PCA_COMPONENTS_MAX];
    kept          *k = NULL;
    sund_code      rc = s && q && raw ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory for scores");

    for (size_t j = 0; rc == SUND_OK && j < m; j++)
        s[j] = own->variant[j].s;
    for (size_t c = 0; rc == SUND_OK && c < n; c++) {
        sund_krylov_quantise(m, w + c * m, s, q + c * m, &shift[c]);
        column[c] = q + c * m;
    }
    if (rc == SUND_OK)
        rc = get_kept(st, v, 1, &k, err);
    if (rc == SUND_OK)
        rc = people_scores(st, v, k, n, column, 1, &score, err);
    for (size_t c = 0; rc == SUND_OK && c < n; c++) {
        var[c] = (sund_var){ .type = SUND_VAR_REAL, .decimals = 6, .min = -32000000, .max = 32000000 };
        pca_name(st->study, c, var[c].name);
        to_raw(v, score, n, c, ldexp(by_person[c], -SUND_LD_FRAC - (int) shift[c]), raw + c * v->n_person);
    }
    if (rc == SUND_OK)
        rc = sund_view_keep(v, people, n, var, raw, err);
    free(s);
    free(q);
    free(score);
    free(raw);
    return rc;
}

sund_code pca_keep(const sund_state *st, const sund_view *v, sund_people *people, sund_err *err)
{
    double    by_person[PCA_COMPONENTS_MAX], *w = NULL;
    size_t    n = weights(st, &w, by_person);
    sund_code rc = SUND_OK;

    if (!w)
        return sund_fail(err, SUND_E_NOMEM, "out of memory for scores");
    if (n > 0)
        rc = keep_scores(st, v, people, n, w, by_person, err);
    free(w);
    return rc;
}
