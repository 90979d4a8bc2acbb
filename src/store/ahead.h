#ifndef SUND_STORE_AHEAD_H
#define SUND_STORE_AHEAD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Reads a BGZF file ahead of its use: blocks are inflated, and items (lines, BCF records) worked on, by a pool of threads while the caller takes the
 *  items of the stretch before, in order. The same items whatever the threads.
 *
 *  It reads what is sound and gives up at the first byte that is not (a block that is no BGZF block or does not inflate to its size and CRC, an item
 *  that cannot be); the caller's careful reader then goes on from there and judges. Memory: three stretches of some MB, or of one item where that is
 *  longer. */
typedef struct sund_ahead sund_ahead;

typedef struct sund_ahead_use {
    /** Length of the item at p with what ends it; 0: longer than n; SIZE_MAX: none can begin so. */
    size_t (*cut)(const uint8_t *p, size_t n);
    bool   rest_is_item; /**< what is left at the end of the file is one too */
    /** Before the items of a stretch are worked on: half 0 and 1 take turns, and results of one half stay until its turn comes again. */
    bool (*room)(void *ctx, unsigned half, size_t n);
    /** On any thread; half and k name the item until sund_ahead_next() has given out all of its stretch. May change the item's bytes. */
    void (*work)(void *ctx, unsigned half, size_t k, uint8_t *p, size_t n, unsigned thread);
    void  *ctx;
} sund_ahead_use;

/** fd is not taken; reading begins at a BGZF virtual offset. n_thread: as sund_pool_threads() gave it. */
sund_code sund_ahead_open(sund_ahead **a, int fd, uint64_t voffset, size_t n_stretch, unsigned n_thread, const sund_ahead_use *use, sund_err *err) SUND_MUST_CHECK;
void      sund_ahead_close(sund_ahead *a); /**< safe on NULL */

typedef struct sund_ahead_item {
    uint8_t *p; /**< NULL: no more */
    size_t   n, k;
    unsigned half;
    uint64_t voffset; /**< where it begins; with p NULL and gave_up where another reader must go on */
    bool     gave_up;
} sund_ahead_item;
sund_code sund_ahead_next(sund_ahead *a, sund_ahead_item *out, sund_err *err) SUND_MUST_CHECK;

#endif
