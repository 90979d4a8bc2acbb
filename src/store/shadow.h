#ifndef SUND_STORE_SHADOW_H
#define SUND_STORE_SHADOW_H

#include "base/map.h"
#include "store/crypt.h"

#include <pthread.h>

/* An encrypted store that is open. Of each file but genotypes.bin there is room in memory for all of it, anonymous and not in core files, which fills unit by unit as it is touched:
 * so rows are read where they lie, as of a file that is mapped. What was touched stays until the store is closed. Genotypes are decrypted block by block into each reader's
 * own memory. A unit that does not open leaves zeros, and the store is damaged from then on: whatever can say so refuses. */
enum { SHADOW_FILES = 8 };
typedef struct shadow {
    crypt_as        as;
    sund_map        sealed[SHADOW_FILES];
    crypt_file      file[SHADOW_FILES];
    uint8_t        *ready[SHADOW_FILES]; /* by unit: 1 decrypted */
    sund_aead      *aead[SHADOW_FILES];  /* under the lock */
    uint8_t        *plain[SHADOW_FILES];
    uint8_t         damaged;             /* read by any thread */
    sund_err        why;
    pthread_mutex_t lock;
} shadow;

sund_code sund_shadow_new(shadow **h, const crypt_as *as, sund_err *err) SUND_MUST_CHECK;
void      sund_shadow_free(shadow *h); /* safe on NULL */
/** Opens file f. in_memory: with room for its bytes, *plain are they; else it is read by sund_crypt_read alone. */
sund_code sund_shadow_open(shadow *h, int f, const char *path, bool in_memory, sund_map *plain, sund_err *err) SUND_MUST_CHECK;
/** Decrypts what of bytes [from, from + n) of file f is not yet. */
void sund_shadow_fill(shadow *h, int f, uint64_t from, uint64_t n);
static inline void sund_shadow_need(shadow *h, int f, uint64_t from, uint64_t n)
{
    for (uint64_t u = from / CRYPT_UNIT; n && u <= (from + n - 1) / CRYPT_UNIT; u++)
        if (!__atomic_load_n(&h->ready[f][u], __ATOMIC_ACQUIRE)) {
            sund_shadow_fill(h, f, from, n);
            return;
        }
}
static inline bool sund_shadow_is_damaged(const shadow *h) { return h && __atomic_load_n(&h->damaged, __ATOMIC_ACQUIRE); }

#endif
