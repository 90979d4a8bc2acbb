#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static sund_code os_fail(sund_err *err, const char *what, const char *path)
{
    sund_code code = errno == ENOENT ? SUND_E_NOT_FOUND : SUND_E_IO;

    return sund_fail(err, code, "cannot %s %s: %s", what, path, strerror(errno));
}

static sund_code open_regular(const char *path, int *fd, size_t *n, sund_err *err)
{
    struct stat st;
    int         f = open(path, O_RDONLY | O_CLOEXEC);

    if (f < 0)
        return os_fail(err, "open", path);
    if (fstat(f, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void) close(f);
        return sund_fail(err, SUND_E_IO, "%s is not a regular file", path);
    }
    *fd = f;
    *n = (size_t) st.st_size;
    return SUND_OK;
}

sund_code sund_file_read(const char *path, size_t max, sund_buf *out, sund_err *err)
{
    sund_buf_clear(out);
    return sund_file_add(path, max, out, err);
}

sund_code sund_file_add(const char *path, size_t max, sund_buf *out, sund_err *err)
{
    int    fd = -1;
    size_t n = 0, end;

    SUND_TRY(open_regular(path, &fd, &n, err));
    if (n > max) {
        (void) close(fd);
        return sund_fail(err, SUND_E_LIMIT, "%s has %zu bytes, the limit is %zu", path, n, max);
    }
    if (!sund_buf_room(out, n + 1)) {
        (void) close(fd);
        return sund_buf_ok(out, err);
    }
    for (end = out->n + n; out->n < end;) {
        ssize_t got = read(fd, out->p + out->n, end - out->n < SUND_MAP_PIECE ? end - out->n : SUND_MAP_PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            sund_code rc = got == 0 ? sund_fail(err, SUND_E_IO, "%s grew shorter while it was read", path) : os_fail(err, "read", path);

            (void) close(fd);
            return rc;
        }
        out->n += (size_t) got;
        if (out->large)
            sund_maps_rest();
    }
    (void) close(fd);
    sund_buf_nul(out);
    return SUND_OK;
}

static sund_code write_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t put = write(fd, p, n < SUND_MAP_PIECE ? n : SUND_MAP_PIECE);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return SUND_E_IO;
        p += put;
        n -= (size_t) put;
        if (n)
            sund_maps_rest(); /* what is written may be mapped itself */
    }
    return SUND_OK;
}

sund_code sund_dir_sync(const char *path, sund_err *err)
{
    char  dir[PATH_MAX];
    char *slash;
    int   fd;

    if (snprintf(dir, sizeof dir, "%s", path) >= (int) sizeof dir)
        return sund_fail(err, SUND_E_LIMIT, "path too long");
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = 0;
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return os_fail(err, "open the folder of", path);
    (void) fsync(fd); /* some file systems refuse to sync folders; the rename is then as durable as it gets */
    (void) close(fd);
    return SUND_OK;
}

sund_code sund_file_write_by(const char *path, unsigned mode, sund_code (*fill)(void *ctx, int fd, sund_err *err), void *ctx, sund_err *err)
{
    char      tmp[PATH_MAX];
    sund_code rc;
    int       fd;

    if (snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long) getpid()) >= (int) sizeof tmp)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.200s", path);
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t) mode);
    if (fd < 0)
        return os_fail(err, "create", tmp);
    rc = fill(ctx, fd, err);
    if (rc == SUND_OK && (fchmod(fd, (mode_t) mode) != 0 || fsync(fd) != 0))
        rc = os_fail(err, "write", tmp);
    (void) close(fd);
    if (rc == SUND_OK && rename(tmp, path) != 0)
        rc = os_fail(err, "rename to", path);
    if (rc != SUND_OK) {
        (void) unlink(tmp);
        return rc;
    }
    return sund_dir_sync(path, err);
}

typedef struct whole { const char *path; const void *p; size_t n; } whole;

static sund_code fill_whole(void *ctx, int fd, sund_err *err)
{
    const whole *w = ctx;

    return write_all(fd, w->p, w->n) == SUND_OK ? SUND_OK : os_fail(err, "write", w->path);
}

sund_code sund_file_write(const char *path, const void *p, size_t n, unsigned mode, sund_err *err)
{
    whole w = { path, p, n };

    return sund_file_write_by(path, mode, fill_whole, &w, err);
}

sund_code sund_dir_make(const char *path, sund_err *err)
{
    char at[PATH_MAX];

    if (snprintf(at, sizeof at, "%s", path) >= (int) sizeof at)
        return sund_fail(err, SUND_E_LIMIT, "path too long: %.200s", path);
    for (char *s = at + 1;; s++) {
        char was = *s;
        if (was && was != '/')
            continue;
        *s = 0;
        if (mkdir(at, 0700) != 0 && errno != EEXIST)
            return os_fail(err, "make the folder", at);
        *s = was;
        if (!was)
            return SUND_OK;
    }
}

sund_code sund_file_private(const char *path, sund_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return os_fail(err, "look at", path);
    if (st.st_mode & 077)
        return sund_fail(err, SUND_E_DENIED, "%s may be read by others: chmod 600 it, and think about who has", path);
    return SUND_OK;
}

sund_code sund_dir_remove(const char *path, sund_err *err)
{
    DIR           *d = opendir(path);
    struct dirent *e;

    if (!d)
        return errno == ENOENT ? SUND_OK : os_fail(err, "open the folder", path);
    while ((e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void) unlinkat(dirfd(d), e->d_name, 0);
    (void) closedir(d);
    return rmdir(path) == 0 || errno == ENOENT ? SUND_OK : os_fail(err, "remove the folder", path);
}

sund_code sund_file_unnamed(const char *folder, int *fd, sund_err *err)
{
    char path[PATH_MAX];

    SUND_TRY(sund_path_join(path, sizeof path, folder, "large.XXXXXX", err));
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0)
        return os_fail(err, "make a file in", folder);
    (void) unlink(path);
    return SUND_OK;
}

sund_code sund_fd_write(int fd, uint64_t at, const void *p, size_t n, sund_err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = pwrite(fd, (const char *) p + done, n - done, (off_t) (at + done));

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return sund_fail(err, SUND_E_IO, "cannot write to a file: %s", strerror(errno));
        done += (size_t) k;
    }
    return SUND_OK;
}

sund_code sund_fd_read(int fd, uint64_t at, void *p, size_t n, sund_err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = pread(fd, (char *) p + done, n - done, (off_t) (at + done));

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return sund_fail(err, SUND_E_IO, "cannot read a file: %s", k ? strerror(errno) : "it is shorter than it was");
        done += (size_t) k;
    }
    return SUND_OK;
}

bool sund_file_exists(const char *path) { return access(path, F_OK) == 0; }

sund_code sund_file_lock(const char *path, int *fd, sund_err *err)
{
    int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (f < 0)
        return os_fail(err, "open the lock", path);
    if (flock(f, LOCK_EX | LOCK_NB) != 0) {
        (void) close(f);
        return sund_fail(err, SUND_E_DENIED, "another process holds %s; stop it first", path);
    }
    *fd = f;
    return SUND_OK;
}

sund_code sund_path_join(char *out, size_t cap, const char *a, const char *b, sund_err *err)
{
    int n = snprintf(out, cap, "%s/%s", a, b);

    return n < 0 || (size_t) n >= cap ? sund_fail(err, SUND_E_LIMIT, "path too long: %.200s", a) : SUND_OK;
}
