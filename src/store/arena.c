#include "store/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/** Lets go of what a chunk holds. */
static void empty(arena *a, arena_chunk *c)
{
    for (size_t i = 0; i < c->blocks.n; i += sizeof(uint32_t)) {
        uint32_t block;

        memcpy(&block, c->blocks.p + i, sizeof block);
        a->at[block] = NULL;
    }
    sund_buf_clear(&c->blocks);
    c->used = 0;
}

/** Another chunk, as long as there may be more; else one that is there. */
static bool turn(arena *a)
{
    void *p = NULL;

    if (a->n_chunk < a->most) {
        p = aligned_alloc(ARENA_CHUNK, ARENA_CHUNK);
        if (!p)
            return false;
        (void) madvise(p, ARENA_CHUNK, MADV_HUGEPAGE);
        (void) madvise(p, ARENA_CHUNK, MADV_DONTDUMP);
        a->now = a->n_chunk++;
        a->chunk[a->now].p = p;
        return true;
    }
    a->chance = a->chance * 1664525u + 1013904223u;
    a->now = (a->chance >> 8) % a->n_chunk;
    empty(a, &a->chunk[a->now]);
    return true;
}

uint8_t *sund_arena_room(arena *a, size_t n, size_t n_block, size_t keep_bytes)
{
    arena_chunk *c;
    uint8_t     *p;

    if (!a->at) {
        a->most = keep_bytes / ARENA_CHUNK ? keep_bytes / ARENA_CHUNK : 1;
        a->n_block = n_block;
        a->at = calloc(n_block + 1, sizeof *a->at);
        a->chunk = calloc(a->most, sizeof *a->chunk);
    }
    if (!a->at || !a->chunk)
        return NULL;
    if (n > ARENA_CHUNK) {
        sund_buf_clear(&a->large);
        return sund_buf_room(&a->large, n) ? a->large.p : NULL;
    }
    if ((a->n_chunk == 0 || a->chunk[a->now].used + n > ARENA_CHUNK) && !turn(a))
        return NULL;
    c = &a->chunk[a->now];
    p = c->p + c->used;
    c->used += n;
    return p;
}

void sund_arena_keep(arena *a, size_t block, const uint8_t *p)
{
    uint32_t number = (uint32_t) block;

    if (p == a->large.p)
        return;
    sund_buf_put(&a->chunk[a->now].blocks, &number, sizeof number);
    if (!a->chunk[a->now].blocks.bad)
        a->at[block] = p;
}

void sund_arena_free(arena *a)
{
    for (size_t k = 0; k < a->n_chunk; k++) {
        (void) madvise(a->chunk[k].p, ARENA_CHUNK, MADV_DODUMP);
        free(a->chunk[k].p);
        sund_buf_free(&a->chunk[k].blocks);
    }
    free(a->at);
    free(a->chunk);
    sund_buf_free(&a->large);
    memset(a, 0, sizeof *a);
}
