#include "store/feed.h"

#include "base/aead.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sund_feed {
    const sund_c4gh *c;
    const char      *path;
    int              fd, to;
    uint8_t         *sealed, *text;
    pthread_t        thread;
    bool             runs;
    sund_err         err;
    atomic_int       code; /* set behind err, and before the pipe is closed */
};

/* False: nobody reads any more. */
static bool give(int to, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t k = write(to, p, n);

        if (k < 0 && errno != EINTR)
            return false;
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t) k : 0;
    }
    return true;
}

static void *work(void *ctx)
{
    sund_feed *f = ctx;
    sigset_t   all;
    sund_code  rc;
    size_t     n;

    (void) sigfillset(&all); /* of them SIGPIPE, which ends with the thread */
    (void) pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (uint64_t i = 0;; i++) {
        rc = sund_c4gh_segment(f->c, f->path, f->fd, i, f->sealed, f->text, &n, &f->err);
        if (rc != SUND_OK || !n || !give(f->to, f->text, n))
            break;
        if (n < SUND_C4GH_SEGMENT) /* the last: _segment read up to the end of the file */
            break;
    }
    atomic_store(&f->code, (int) rc);
    (void) close(f->to);
    return NULL;
}

sund_code sund_feed_open(sund_feed **out, int fd, const char *path, const sund_c4gh *c, int *end, sund_err *err)
{
    sund_feed *f = calloc(1, sizeof *f);
    int        p[2] = { -1, -1 };

    if (!f || !(f->sealed = sund_secret_new(SUND_C4GH_SEALED)) || !(f->text = sund_secret_new(SUND_C4GH_SEGMENT)) || pipe2(p, O_CLOEXEC) != 0) {
        sund_feed_close(f);
        return sund_fail(err, SUND_E_NOMEM, "no memory, or too many open files, to decrypt %s", path);
    }
    f->c = c;
    f->path = path;
    f->fd = fd;
    f->to = p[1];
    f->runs = pthread_create(&f->thread, NULL, work, f) == 0;
    if (!f->runs) {
        (void) close(p[0]);
        (void) close(p[1]);
        sund_feed_close(f);
        return sund_fail(err, SUND_E_LIMIT, "cannot start a thread to decrypt %s", path);
    }
    *end = p[0];
    *out = f;
    return SUND_OK;
}

sund_code sund_feed_state(const sund_feed *f, sund_err *err)
{
    sund_code rc = f ? (sund_code) atomic_load(&f->code) : SUND_OK;

    if (rc != SUND_OK && err)
        *err = f->err;
    return rc;
}

void sund_feed_close(sund_feed *f)
{
    if (!f)
        return;
    if (f->runs)
        (void) pthread_join(f->thread, NULL);
    sund_secret_free(f->sealed);
    sund_secret_free(f->text);
    free(f);
}
