/* What a process cannot do once it has given it up: not that a filter is there, but that it refuses. */
#include "base/confine.h"

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAM = 1, TRACE = 2, SPACE = 4, MOUNT = 8, NETWORK = 16, SIGNAL = 32, OPEN_FILE = 64 };

/** Which of these work in a process of its own; -1 when it cannot be told. */
static int works(unsigned given_up)
{
    int   status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        char *const   none[] = { NULL };
        struct rlimit core;
        int           can = 0, s, f;

        sund_confine(given_up);
        errno = 0;
        can |= execve("/nothing/at/all", none, none) != -1 || errno != EPERM ? PROGRAM : 0; /* ENOENT where it may */
        can |= ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? TRACE : 0;
        can |= unshare(CLONE_NEWUSER) == 0 || errno != EPERM ? SPACE : 0;
        can |= mount("none", "/nothing/at/all", "tmpfs", 0, NULL) == 0 || errno != EPERM ? MOUNT : 0;
        s = socket(AF_INET, SOCK_STREAM, 0);
        can |= s >= 0 ? NETWORK : 0;
        can |= kill(getpid(), 0) == 0 ? SIGNAL : 0;
        f = open("/dev/null", O_RDONLY | O_CLOEXEC);
        can |= f >= 0 ? OPEN_FILE : 0;
        _exit(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 ? can : 255);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) != 255 ? WEXITSTATUS(status) : -1;
}

TEST(what_is_given_up_is_refused_and_nothing_else)
{
#ifndef SUND_SANITIZED
    CHECK(works(SUND_CONFINE_PROGRAMS) == (NETWORK | SIGNAL | OPEN_FILE));                                       /* a server */
    CHECK(works(0) == (PROGRAM | NETWORK | SIGNAL | OPEN_FILE));                                                 /* a node that starts sbatch */
    CHECK(works(SUND_CONFINE_PROGRAMS | SUND_CONFINE_NETWORK | SUND_CONFINE_SIGNALS) == OPEN_FILE);              /* the child that imports */
#else
    CHECK((works(SUND_CONFINE_PROGRAMS) & OPEN_FILE) == OPEN_FILE); /* sanitizers need what a filter refuses */
#endif
}
