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
        sund_err must_; /* not cleared: calls are timed */                                                                                                                                             \
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

/** Rows of the sites, in the store's order, whose minor allele frequency by its table of counts is above 0 and at least min_maf; row: as many as there are sites. */
static inline size_t aid_common(const sund_store *s, double min_maf, uint32_t *row)
{
    size_t             n = 0, n_site = sund_store_describe(s)->n_site;
    sund_store_reader *r = NULL;

    MUST(sund_store_reader_open(&r, s, err_));
    for (size_t j = 0; j < n_site; j++) {
        sund_counts c;
        double      an, af;

        MUST(sund_store_counts(r, j, -1, -1, &c, err_));
        an = 2.0 * (c.hom_ref + c.het + c.hom_alt);
        af = an > 0 ? (c.het + 2.0 * c.hom_alt) / an : 0;
        if (af > 0 && af < 1 && (af < 0.5 ? af : 1 - af) >= min_maf)
            row[n++] = (uint32_t) j;
    }
    sund_store_reader_close(r);
    return n;
}

#endif
