#include "base/map.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* All maps of the process, so that whoever has gone over much of its data can let go of it without
 * knowing who holds it. */
typedef struct mapped {
    void  *p;
    size_t n;
    int    fd;
} mapped; /* fd: of a large array, else -1 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static mapped         *all;
static size_t          n_all, cap_all;
static char            folder[1024];
static bool            secrets_too;

enum { LARGE = 1 << 20 };

/** Under the lock. */
static mapped *find(const void *p)
{
    for (size_t i = 0; i < n_all; i++)
        if (all[i].p == p)
            return &all[i];
    return NULL;
}

static bool add(void *p, size_t n, int fd)
{
    bool room;

    (void) pthread_mutex_lock(&lock);
    if (n_all == cap_all) {
        mapped *more = realloc(all, (2 * cap_all + 16) * sizeof *more);

        if (more) {
            all = more;
            cap_all = 2 * cap_all + 16;
        }
    }
    room = n_all < cap_all;
    if (room)
        all[n_all++] = (mapped){ p, n, fd };
    (void) pthread_mutex_unlock(&lock);
    return room;
}

/** The map that begins at p, which is none from then on; p = NULL when there is none. */
static mapped take(const void *p)
{
    mapped  got = { NULL, 0, -1 };
    mapped *m;

    (void) pthread_mutex_lock(&lock);
    m = find(p);
    if (m) {
        got = *m;
        *m = all[--n_all];
    }
    if (n_all == 0) {
        free(all);
        all = NULL;
        cap_all = 0;
    }
    (void) pthread_mutex_unlock(&lock);
    return got;
}

static sund_code os_fail(sund_err *err, const char *what, const char *path)
{
    return sund_fail(err, errno == ENOENT ? SUND_E_NOT_FOUND : SUND_E_IO, "cannot %s %s: %s", what,
                     path, strerror(errno));
}

sund_code sund_map_open(sund_map *m, const char *path, sund_err *err)
{
    struct stat st;
    void       *p = NULL;
    sund_code   rc = SUND_OK;
    int         fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return os_fail(err, "open", path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = sund_fail(err, SUND_E_IO, "%s is not a regular file", path);
    else if (st.st_size &&
             (p = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED)
        rc = os_fail(err, "map", path);
    (void) close(fd);
    if (rc != SUND_OK)
        return rc;
    m->p = p;
    m->n = (size_t) st.st_size;
    if (p)
        (void) add(p, m->n, -1); /* one that is not in the list rests by itself only */
    return SUND_OK;
}

static void rest(void *p, size_t n)
{
    (void) madvise(p, n, MADV_DONTNEED); /* of a file that is mapped shared: nothing is lost */
}

void sund_map_rest(const sund_map *m)
{
    union {
        const uint8_t *c;
        uint8_t       *v;
    } u = { m->p };

    if (m->n)
        rest(u.v, m->n);
}

void sund_maps_rest(void)
{
    (void) pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_all; i++)
        if (all[i].n >= LARGE) /* what is less does not grow, and is read over and over */
            rest(all[i].p, all[i].n);
    (void) pthread_mutex_unlock(&lock);
}

void sund_map_close(sund_map *m)
{
    union {
        const uint8_t *c;
        uint8_t       *v;
    } u = { m->p };

    if (u.v) {
        (void) take(u.v);
        (void) munmap(u.v, m->n);
    }
    m->p = NULL;
    m->n = 0;
}

void sund_large_at(const char *dir, bool secrets)
{
    (void) snprintf(folder, sizeof folder, "%s", dir);
    secrets_too = secrets;
}

/** A file of n bytes, all of which are there: a disk that fills up later would end the process
 * where it writes. */
static void *map_new(size_t n)
{
    void *p = MAP_FAILED;
    int   fd;

    if (sund_file_unnamed(folder, &fd, NULL) != SUND_OK)
        return NULL;
    if (posix_fallocate(fd, 0, (off_t) n) == 0)
        p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED && add(p, n, fd))
        return p;
    if (p != MAP_FAILED)
        (void) munmap(p, n);
    (void) close(fd);
    return NULL;
}

void *sund_large_new(size_t n)
{
    void *p = folder[0] && n >= LARGE ? map_new(n) : NULL;

    return p ? p : calloc(1, n ? n : 1);
}

void *sund_large_secret(size_t n) { return secrets_too ? sund_large_new(n) : calloc(1, n ? n : 1); }

/** A map with more bytes. False: there is no room in the folder, and p is as it was. */
static bool map_more(void **p, size_t n)
{
    mapped *m;
    bool    more = false;

    (void) pthread_mutex_lock(&lock);
    m = find(*p);
    if (m && m->fd >= 0 && posix_fallocate(m->fd, 0, (off_t) n) == 0) {
        void *q = mremap(m->p, m->n, n, MREMAP_MAYMOVE);

        more = q != MAP_FAILED;
        if (more)
            *p = m->p = q;
        if (more)
            m->n = n;
    }
    (void) pthread_mutex_unlock(&lock);
    return more;
}

static bool is_map(const void *p)
{
    bool is;

    (void) pthread_mutex_lock(&lock);
    is = find(p) != NULL;
    (void) pthread_mutex_unlock(&lock);
    return is;
}

void *sund_large_renew(void *p, size_t was, size_t n)
{
    bool  mapped_now = p && is_map(p);
    void *q;

    if (!mapped_now && !(folder[0] && n >= LARGE))
        return realloc(p, n);
    if (mapped_now && map_more(&p, n))
        return p;
    q = mapped_now ? malloc(n) : sund_large_new(n);
    if (!q)
        return NULL;
    if (p)
        memcpy(q, p, was < n ? was : n);
    sund_large_free(p);
    return q;
}

void sund_large_free(void *p)
{
    mapped m = { NULL, 0, -1 };

    if (!p)
        return;
    m = take(p);
    if (!m.p) {
        free(p);
        return;
    }
    (void) munmap(m.p, m.n);
    (void) close(m.fd);
}
