#include "store/shadow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

sund_code sund_shadow_new(shadow **out, const crypt_as *as, sund_err *err)
{
    shadow *h = calloc(1, sizeof *h);

    if (!h)
        return sund_fail(err, SUND_E_NOMEM, "out of memory");
    h->as = *as;
    (void) pthread_mutex_init(&h->lock, NULL);
    *out = h;
    return SUND_OK;
}

void sund_shadow_free(shadow *h)
{
    if (!h)
        return;
    for (int f = 0; f < SHADOW_FILES; f++) {
        if (h->plain[f])
            (void) munmap(h->plain[f], (size_t) h->file[f].n); /* the system clears what it gives to others */
        sund_map_close(&h->sealed[f]);
        sund_aead_free(h->aead[f]);
        free(h->ready[f]);
    }
    (void) pthread_mutex_destroy(&h->lock);
    free(h);
}

sund_code sund_shadow_open(shadow *h, int f, const char *path, bool in_memory, sund_map *plain, sund_err *err)
{
    crypt_file *c = &h->file[f];
    void       *p;

    SUND_TRY(sund_map_open(&h->sealed[f], path, err));
    SUND_TRY(sund_crypt_open(c, path, sund_cur_of(h->sealed[f].p, h->sealed[f].n), (unsigned) f, &h->as, false, err));
    *plain = (sund_map){ NULL, (size_t) c->n };
    if (!in_memory)
        return SUND_OK;
    SUND_TRY(sund_crypt_begin(h->as.key, c->p, &h->aead[f], err));
    h->ready[f] = calloc((size_t) c->n_unit + 1, 1);
    p = mmap(NULL, (size_t) c->n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || !h->ready[f])
        return sund_fail(err, SUND_E_NOMEM, "out of memory for %s", path);
    (void) madvise(p, (size_t) c->n, MADV_DONTDUMP);
    h->plain[f] = p;
    plain->p = p;
    return SUND_OK;
}

/** Under the lock. */
static void damaged(shadow *h, const sund_err *why)
{
    if (!h->damaged)
        h->why = *why;
    __atomic_store_n(&h->damaged, 1, __ATOMIC_RELEASE);
}

void sund_shadow_fill(shadow *h, int f, uint64_t from, uint64_t n)
{
    const crypt_file *c = &h->file[f];
    sund_err          err;

    (void) pthread_mutex_lock(&h->lock);
    for (uint64_t u = from / CRYPT_UNIT; u <= (from + n - 1) / CRYPT_UNIT && u < c->n_unit; u++) {
        uint64_t at = u * CRYPT_UNIT;

        if (h->ready[f][u])
            continue;
        if (sund_crypt_read(c, h->aead[f], at, c->n - at < CRYPT_UNIT ? (size_t) (c->n - at) : CRYPT_UNIT, h->plain[f] + at, &err) != SUND_OK)
            damaged(h, &err);
        __atomic_store_n(&h->ready[f][u], 1, __ATOMIC_RELEASE);
    }
    (void) pthread_mutex_unlock(&h->lock);
}
