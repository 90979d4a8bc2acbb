#include "study/duplicates_priv.h"

#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

/* A node's own part of finding people who are at two nodes. */

typedef struct dup_local {
    uint64_t *token; /* SUND_TOKENS x n_person of the store; 0: none */
    uint8_t  *count; /* SUND_TOKENS x n_bucket of the round that is asked: own people there, capped */
} dup_local;

static void local_free(void *p)
{
    dup_local *l = p;

    if (l) {
        free(l->token);
        free(l->count);
    }
    free(l);
}

static uint64_t first_bucket(const dup_own *own, uint64_t token) { return token & (own->n_bucket - 1); }
static uint64_t second_bucket(const dup_own *own, uint64_t token) { return token >> 32 & (own->n_mark - 1); }

/* ---- tokens ---- */

typedef struct make_run {
    const sund_state   *st;
    const sund_view    *v;
    uint64_t           *token;
    sund_store_reader **reader;  /* one a thread */
    uint64_t          **low_high; /* one a thread: n_person low bits, then high bits */
    uint8_t           **code;    /* one a thread; also who lacks a call */
} make_run;

/** Adds the genotypes of one variant as bit s of everybody's; lacks[i] for a missing call. */
static sund_code add_variant(const make_run *run, unsigned thread, size_t j, unsigned s, uint8_t *lacks, sund_err *err)
{
    size_t   n = run->v->n_person;
    uint64_t *low = run->low_high[thread], *high = low + n;
    uint8_t *code = run->code[thread];
    sund_gt  g;

    switch (sund_view_presence(run->v, run->st->catalogue, j)) {
    case SUND_ALL_REF: return SUND_OK;
    case SUND_NOT_COVERED: memset(lacks, 1, n); return SUND_OK;
    case SUND_IN_STORE: break;
    }
    SUND_TRY(sund_store_read(run->reader[thread], run->v->row[j], &g, err));
    sund_gt_codes(&g, n, code);
    for (size_t i = 0; i < n; i++) {
        lacks[i] |= code[i] == SUND_GT_MISSING;
        low[i] |= (uint64_t) (code[i] & 1) << s;
        high[i] |= (uint64_t) (code[i] >> 1 & 1) << s;
    }
    return SUND_OK;
}

static sund_code make_token(void *ctx, size_t t, unsigned thread, sund_err *err)
{
    make_run      *run = ctx;
    const dup_own *own = run->st->own;
    size_t         n = run->v->n_person;
    uint8_t       *lacks = run->code[thread] + n;

    memset(run->low_high[thread], 0, 2 * n * sizeof(uint64_t));
    memset(lacks, 0, n);
    for (unsigned s = 0; s < own->n_set; s++)
        SUND_TRY(add_variant(run, thread, own->set[t][s], s, lacks, err));
    for (size_t i = 0; i < n; i++)
        if (!lacks[i] && run->v->member[i / 64] >> (i % 64) & 1)
            run->token[t * n + i] = sund_token(&run->st->study->digest, (uint32_t) t, run->low_high[thread][i], run->low_high[thread][n + i]);
    return SUND_OK;
}

static sund_code make_tokens(const sund_state *st, const sund_view *v, unsigned n_thread, uint64_t *token, sund_err *err)
{
    unsigned  threads = sund_pool_threads(n_thread);
    make_run  run = { st, v, token, calloc(threads, sizeof *run.reader), calloc(threads, sizeof *run.low_high), calloc(threads, sizeof *run.code) };
    sund_code rc = run.reader && run.low_high && run.code ? SUND_OK : sund_fail(err, SUND_E_NOMEM, "out of memory");

    for (unsigned t = 0; t < threads && rc == SUND_OK; t++) {
        run.low_high[t] = malloc((2 * v->n_person + 1) * sizeof **run.low_high);
        run.code[t] = malloc(2 * v->n_person + 1);
        rc = run.low_high[t] && run.code[t] ? sund_store_reader_open(&run.reader[t], v->store, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for %zu people", v->n_person);
    }
    if (rc == SUND_OK)
        rc = sund_pool_run(threads, SUND_TOKENS, make_token, &run, err);
    for (unsigned t = 0; t < threads; t++) {
        if (run.reader && run.reader[t])
            sund_store_reader_close(run.reader[t]);
        if (run.low_high)
            free(run.low_high[t]);
        if (run.code)
            free(run.code[t]);
    }
    free(run.reader);
    free(run.low_high);
    free(run.code);
    return rc;
}

/** Tokens of everybody, and how many are in each bucket; computed once a round. */
static sund_code local_of(const sund_state *st, const sund_view *v, uint32_t round, unsigned n_thread, dup_local **out, sund_err *err)
{
    const dup_own *own = st->own;
    dup_local    **kept = (dup_local **) sund_view_kept(v, round, local_free), *l = *kept;
    sund_code      rc = SUND_OK;

    if (!l) {
        l = calloc(1, sizeof *l);
        if (l) {
            l->token = calloc(SUND_TOKENS * v->n_person + 1, sizeof *l->token);
            l->count = calloc(SUND_TOKENS * own->n_bucket, 1);
        }
        rc = l && l->token && l->count ? make_tokens(st, v, n_thread, l->token, err) : sund_fail(err, SUND_E_NOMEM, "out of memory for the tokens of %zu people", v->n_person);
        if (rc != SUND_OK) {
            local_free(l);
            return rc;
        }
        for (size_t t = 0; t < SUND_TOKENS; t++)
            for (size_t i = 0; i < v->n_person; i++) {
                uint64_t token = l->token[t * v->n_person + i];
                uint8_t *at = &l->count[t * own->n_bucket + first_bucket(own, token)];

                *at = (uint8_t) (*at + (token && *at < DUP_CAP));
            }
        *kept = l;
    }
    *out = l;
    return SUND_OK;
}

/** Lanes [from, from + n): sund_vec_add64 into out behind it. */
static size_t block_range(const sund_round *r, const sund_study *s, uint32_t chunk, size_t *from)
{
    size_t n = sund_chunk_range(r, s, DUP_BLOCK, chunk, from);

    *from *= DUP_BLOCK;
    return n * DUP_BLOCK;
}

sund_code sund_dup_tokens_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const dup_own *own = st->own;
    dup_local     *l;
    size_t         from, n = block_range(r, st->study, chunk, &from);

    SUND_TRY(local_of(st, v, r->index, n_thread, &l, err));
    SUND_TRY(sund_vec_new(out, n, 0, err));
    for (size_t w = from; w < from + n && w < dup_words(own, DUP_TOKENS); w++) {
        size_t   t = w / own->n_word, first = w % own->n_word * DUP_PACK;
        uint64_t word = 0;

        for (size_t k = 0; k < DUP_PACK && first + k < own->n_bucket; k++)
            word |= (uint64_t) l->count[t * own->n_bucket + first + k] << (8 * k);
        sund_vec_add64(out, w - from, (int64_t) word);
    }
    return SUND_OK;
}

/* ---- candidates and marks ---- */

static bool candidate(const dup_own *own, const dup_local *l, size_t n_person, size_t i)
{
    unsigned n = 0;

    for (size_t t = 0; t < SUND_TOKENS; t++) {
        uint64_t token = l->token[t * n_person + i], b = first_bucket(own, token);

        n += token && own->bucket[t * own->n_word * DUP_PACK + b] > l->count[t * own->n_bucket + b];
    }
    return n >= own->need;
}

sund_code sund_dup_candidates_local(const sund_state *st, const sund_view *v, const sund_round *r, unsigned n_thread, sund_vec *out, sund_err *err)
{
    dup_local *l;

    SUND_TRY(local_of(st, v, r->index, n_thread, &l, err));
    SUND_TRY(sund_vec_new(out, 1, 0, err));
    for (size_t i = 0; i < v->n_person; i++)
        sund_vec_add64(out, 0, candidate(st->own, l, v->n_person, i));
    return SUND_OK;
}

sund_code sund_dup_marks_local(const sund_state *st, const sund_view *v, const sund_round *r, uint32_t chunk, unsigned n_thread, sund_vec *out, sund_err *err)
{
    const dup_own *own = st->own;
    dup_local     *l;
    unsigned       shift = 2 * v->place;
    size_t         from, n = block_range(r, st->study, chunk, &from);

    SUND_TRY(local_of(st, v, r->index, n_thread, &l, err));
    SUND_TRY(sund_vec_new(out, n, 0, err));
    for (size_t i = 0; i < v->n_person; i++) {
        if (!candidate(own, l, v->n_person, i))
            continue;
        for (size_t t = 0; t < SUND_TOKENS; t++) {
            uint64_t token = l->token[t * v->n_person + i];
            size_t   at = t * own->n_mark + second_bucket(own, token);

            if (token && at >= from && at < from + n && (sund_vec_get64(out, at - from) >> shift & 3) < DUP_MARK_CAP)
                sund_vec_add64(out, at - from, (int64_t) 1 << shift);
        }
    }
    return SUND_OK;
}

/** Nodes with which person i shares the buckets of at least need_mark tokens. */
static uint8_t flag_of(const dup_own *own, const dup_local *l, const sund_view *v, size_t i)
{
    unsigned n[SUND_NODE_MAX] = { 0 };
    uint8_t  flag = 0;

    for (size_t t = 0; t < SUND_TOKENS; t++) {
        uint64_t token = l->token[t * v->n_person + i], mark = token ? own->mark[t * own->n_mark + second_bucket(own, token)] : 0;

        for (unsigned k = 0; mark && k < SUND_NODE_MAX; k++)
            n[k] += k != v->place && mark >> (2 * k) & 3;
    }
    for (unsigned k = 0; k < SUND_NODE_MAX; k++)
        if (n[k] >= own->need_mark)
            flag |= k < v->place ? DUP_ELSEWHERE | DUP_EARLIER : DUP_ELSEWHERE;
    return flag;
}

sund_code sund_dup_flags(const sund_state *st, const sund_view *v, unsigned n_thread, uint8_t *flag, sund_err *err)
{
    const dup_own *own = st->own;
    dup_local     *l;

    memset(flag, 0, v->n_person);
    if (own->n_candidate == 0)
        return SUND_OK;
    SUND_TRY(local_of(st, v, DUP_FOUND, n_thread, &l, err));
    for (size_t i = 0; i < v->n_person; i++)
        if (candidate(own, l, v->n_person, i))
            flag[i] = flag_of(own, l, v, i);
    return SUND_OK;
}
