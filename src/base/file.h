#ifndef SUND_BASE_FILE_H
#define SUND_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/** Whole file into out (replaced), at most max bytes. Errors: SUND_E_NOT_FOUND, _IO, _LIMIT, each naming the path. */
sund_code sund_file_read(const char *path, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;
/** The same behind what out holds. */
sund_code sund_file_add(const char *path, size_t max, sund_buf *out, sund_err *err) SUND_MUST_CHECK;

/** Write to a temporary name beside path, fsync, rename, fsync the folder: path holds the old bytes or the new
 *  ones, never a part. mode as in chmod, e.g. 0600 for secrets. */
sund_code sund_file_write(const char *path, const void *p, size_t n, unsigned mode, sund_err *err) SUND_MUST_CHECK;

/** The same for what need not be in memory: fill writes it to fd. What fill fails with is returned, and path is as it was. */
sund_code sund_file_write_by(const char *path, unsigned mode, sund_code (*fill)(void *ctx, int fd, sund_err *err), void *ctx, sund_err *err) SUND_MUST_CHECK;

/** fsync the folder that holds path, so a rename in it survives a crash. */
sund_code sund_dir_sync(const char *path, sund_err *err) SUND_MUST_CHECK;

/** mkdir -p, mode 0700 for what it makes. */
sund_code sund_dir_make(const char *path, sund_err *err) SUND_MUST_CHECK;

/** A file that holds secrets or people is its owner's alone. Errors: SUND_E_DENIED when group or others have any right to it, SUND_E_NOT_FOUND, _IO. */
sund_code sund_file_private(const char *path, sund_err *err) SUND_MUST_CHECK;

/** Removes a folder and the files in it; folders in it are left, and then it too. One that is not there is removed already. */
sund_code sund_dir_remove(const char *path, sund_err *err) SUND_MUST_CHECK;

bool sund_file_exists(const char *path);

/** A new file in a folder, without a name: nothing of it is left when it is closed, or the process killed. */
sund_code sund_file_unnamed(const char *folder, int *fd, sund_err *err) SUND_MUST_CHECK;
/** n bytes at a place of an open file; all of them. */
sund_code sund_fd_write(int fd, uint64_t at, const void *p, size_t n, sund_err *err) SUND_MUST_CHECK;
sund_code sund_fd_read(int fd, uint64_t at, void *p, size_t n, sund_err *err) SUND_MUST_CHECK;

/** Hold an exclusive advisory lock on path until the process ends or *fd is closed.
 *  Errors: SUND_E_DENIED when another process holds it. */
sund_code sund_file_lock(const char *path, int *fd, sund_err *err) SUND_MUST_CHECK;

/** "a/b" into out of cap bytes. Errors: SUND_E_LIMIT when it does not fit. */
sund_code sund_path_join(char *out, size_t cap, const char *a, const char *b, sund_err *err) SUND_MUST_CHECK;

#endif
