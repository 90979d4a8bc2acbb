#include "base/spawn.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { OUT_MAX = 16 << 20, PIECE = 4096 };

/** The child has our environment, three descriptors and no others, and the usual signals. */
static int start(const char *const *argv, int out_fd, int err_fd, pid_t *pid)
{
    union { const char *const *c; char *const *v; } args = { argv };
    posix_spawn_file_actions_t fds;
    posix_spawnattr_t          attr;
    sigset_t                   usual;
    int                        rc;

    (void) sigemptyset(&usual);
    (void) sigaddset(&usual, SIGPIPE);
    (void) posix_spawn_file_actions_init(&fds);
    (void) posix_spawnattr_init(&attr);
    (void) posix_spawn_file_actions_addopen(&fds, 0, "/dev/null", O_RDONLY, 0);
    (void) posix_spawn_file_actions_adddup2(&fds, out_fd, 1);
    (void) posix_spawn_file_actions_adddup2(&fds, err_fd, 2);
    (void) posix_spawn_file_actions_addclosefrom_np(&fds, 3);
    (void) posix_spawnattr_setsigdefault(&attr, &usual);
    (void) posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawnp(pid, argv[0], &fds, &attr, args.v, environ);
    (void) posix_spawn_file_actions_destroy(&fds);
    (void) posix_spawnattr_destroy(&attr);
    return rc;
}

/** Keeps the last line that has something in it: its bytes so far are in did->said, *fresh when the next byte begins another. */
static void keep_line(sund_spawned *did, bool *fresh, const char *p, size_t n)
{
    size_t at = strlen(did->said);

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n') {
            *fresh = true;
            continue;
        }
        if (*fresh)
            at = 0;
        *fresh = false;
        if (at + 1 < sizeof did->said)
            did->said[at++] = (unsigned char) p[i] < 32 || p[i] == 127 ? ' ' : p[i];
        did->said[at] = 0;
    }
}

/** Reads both pipes to their ends. */
static sund_code listen_to(int fd[2], double end_s, sund_buf *out, sund_spawned *did, sund_err *err)
{
    struct pollfd p[2] = { { fd[0], POLLIN, 0 }, { fd[1], POLLIN, 0 } };
    bool          fresh = true;
    char          piece[PIECE];

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        double left = end_s - sund_time_mono_s();

        if (left <= 0)
            return sund_fail(err, SUND_E_UPSTREAM, "did not answer in time");
        if (poll(p, 2, (int) (left * 1000) + 1) < 0 && errno != EINTR)
            return sund_fail(err, SUND_E_IO, "cannot wait: %s", strerror(errno));
        for (int i = 0; i < 2; i++) {
            ssize_t n = p[i].fd >= 0 && p[i].revents ? read(p[i].fd, piece, sizeof piece) : -1;

            if (p[i].fd >= 0 && p[i].revents && n == 0)
                p[i].fd = -1;
            if (n > 0 && i == 1)
                keep_line(did, &fresh, piece, (size_t) n);
            else if (n > 0)
                sund_buf_put(out, piece, (size_t) n);
        }
        if (out->n > OUT_MAX)
            return sund_fail(err, SUND_E_LIMIT, "answered more than %d bytes", OUT_MAX);
    }
    return sund_buf_ok(out, err);
}

sund_code sund_spawn(const char *const *argv, double limit_s, sund_buf *out, sund_spawned *did, sund_err *err)
{
    int       o[2], e[2], status = 0, rc_start;
    pid_t     pid = -1;
    sund_code rc;

    memset(did, 0, sizeof *did);
    sund_buf_clear(out);
    if (pipe2(o, O_CLOEXEC) != 0)
        return sund_fail(err, SUND_E_IO, "cannot make a pipe: %s", strerror(errno));
    if (pipe2(e, O_CLOEXEC) != 0) {
        (void) close(o[0]);
        (void) close(o[1]);
        return sund_fail(err, SUND_E_IO, "cannot make a pipe: %s", strerror(errno));
    }
    rc_start = start(argv, o[1], e[1], &pid);
    (void) close(o[1]);
    (void) close(e[1]);
    if (rc_start != 0) {
        rc = sund_fail(err, rc_start == ENOENT ? SUND_E_NOT_FOUND : SUND_E_IO, "cannot run %s: %s", argv[0], strerror(rc_start));
    }
    else {
        int fd[2] = { o[0], e[0] };

        rc = listen_to(fd, sund_time_mono_s() + limit_s, out, did, err);
        if (rc != SUND_OK) {
            (void) kill(pid, SIGKILL);
            (void) sund_fail_in(err, rc, "%s", argv[0]);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        did->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    (void) close(o[0]);
    (void) close(e[0]);
    return rc;
}
