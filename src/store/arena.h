#ifndef SUND_STORE_ARENA_H
#define SUND_STORE_ARENA_H

#include "base/buf.h"

/* Decrypted blocks of one reader, by number, in chunks of 2 MiB on large pages: so many small pieces of fresh memory cost more than decrypting into them. When all chunks are
 * full one drawn by chance makes way with all that is in it. */
enum { ARENA_CHUNK = 2 << 20 };
typedef struct arena_chunk { uint8_t *p; size_t used; sund_buf blocks; } arena_chunk;
typedef struct arena {
    const uint8_t **at; /* of each block, NULL: not here */
    size_t          n_block, n_chunk, most, now;
    arena_chunk    *chunk;
    sund_buf        large; /* one block that no chunk holds; not kept */
    uint32_t        chance;
} arena;

/** Room for n bytes of a block; what was at hand of the arena before may be gone. NULL: out of memory. */
uint8_t *sund_arena_room(arena *a, size_t n, size_t n_block, size_t keep_bytes);
/** It holds the block now. */
void     sund_arena_keep(arena *a, size_t block, const uint8_t *p);
static inline const uint8_t *sund_arena_find(const arena *a, size_t block) { return a->at && block < a->n_block ? a->at[block] : NULL; }
void     sund_arena_free(arena *a); /* and as new; safe on a zeroed one */

#endif
