#ifndef SUND_BENCH_AID_H
#define SUND_BENCH_AID_H

#include "base/crypto.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What the programs of the bench share. They end at the first thing that fails. */

static inline double now_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/** MUST(sund_store_open(&s, path, err_)): goes on, or says why not and ends. */
#define MUST(call)                                                                                                                                                                                     \
    do {                                                                                                                                                                                               \
        sund_err must_ = { SUND_OK, "" };                                                                                                                                                              \
        sund_err *err_ = &must_;                                                                                                                                                                       \
        if ((call) != SUND_OK) {                                                                                                                                                                       \
            fprintf(stderr, "%s\n", must_.msg);                                                                                                                                                        \
            exit(2);                                                                                                                                                                                   \
        }                                                                                                                                                                                              \
    } while (0)

static inline uint64_t aid_listed(const uint32_t *list, size_t n, const uint64_t *in)
{
    uint64_t k = 0;

    for (size_t i = 0; i < n; i++)
        k += in[list[i] / 64] >> (list[i] % 64) & 1;
    return k;
}

static inline uint64_t aid_shared(const uint64_t *a, const uint64_t *b, size_t n)
{
    uint64_t k = 0;

    for (size_t w = 0; w < n; w++)
        k += (uint64_t) __builtin_popcountll(a[w] & b[w]);
    return k;
}

/** Counts of the people of `in` at one site, in one number. */
static inline uint64_t aid_count(const sund_gt *g, const uint64_t *in, size_t n_word)
{
    if (g->sparse)
        return aid_listed(g->het, g->n_het, in) + 2 * aid_listed(g->hom, g->n_hom, in) + 3 * aid_listed(g->missing, g->n_missing, in);
    return aid_shared(g->het_plane, in, n_word) + 2 * aid_shared(g->hom_plane, in, n_word) + 3 * aid_shared(g->missing_plane, in, n_word);
}

#endif
