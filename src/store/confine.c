/* htslib reads bytes from outside, and has had faults: it works in a child process that cannot use the network, start
 * programs or touch other processes, has a bound on memory, and whose death is an error message here. */
#include "store/import_priv.h"

#include "base/confine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What parent and child both see. */
typedef struct shared {
    sund_import_at     at;
    sund_import_report report;
    sund_err           err;
    sund_code          code;
    volatile int       done;
} shared;

enum { HEADROOM_GIB = 16 };

static void bound_resources(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }
#ifndef SUND_SANITIZED
    FILE         *f = fopen("/proc/self/statm", "r"); /* maps made before, such as a reference, do not count */
    unsigned long pages = 0;
    struct rlimit as;
    if (f && fscanf(f, "%lu", &pages) == 1) {
        as.rlim_cur = as.rlim_max = pages * (rlim_t) sysconf(_SC_PAGESIZE) + ((rlim_t) HEADROOM_GIB << 30);
        (void) setrlimit(RLIMIT_AS, &as);
    }
    if (f)
        (void) fclose(f);
#endif
}

static void child(sund_confined run, const sund_import *in, shared *sh, pid_t parent)
{
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    bound_resources();
    sund_confine(SUND_CONFINE_NETWORK | SUND_CONFINE_PROGRAMS | SUND_CONFINE_SIGNALS);
    sh->code = run(in, &sh->report, &sh->at, &sh->err);
    sh->done = 1;
    _exit(0);
}

/* Until the child ends: its end of the pipe closes with it. */
static int wait_for(pid_t pid, int fd, const sund_import *in, const shared *sh)
{
    struct pollfd p = { fd, POLLIN, 0 };
    int           status = 0;

    while (poll(&p, 1, 100) <= 0)
        if (in->progress)
            in->progress(in->ctx, sh->at.n_record);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static sund_code outcome(const shared *sh, int status, const sund_import *in, sund_import_report *out, sund_err *err)
{
    const char *file = sh->at.file < in->n_file ? in->file[sh->at.file] : "the files";
    char        how[64];

    if (sh->done) {
        *out = sh->report;
        if (sh->code != SUND_OK && err)
            *err = sh->err;
        return sh->code;
    }
    if (WIFSIGNALED(status))
        (void) snprintf(how, sizeof how, "signal %d", WTERMSIG(status));
    else
        (void) snprintf(how, sizeof how, "status %d", WEXITSTATUS(status));
    return sund_fail(
        err, SUND_E_FORMAT,
        "the reader of %s died with %s near record %llu: the file is probably damaged there; nothing of it was "
        "taken, and an older store stays as it was",
        file, how, (unsigned long long) sh->at.line);
}

sund_code sund_import_confined(sund_confined run, const sund_import *in, sund_import_report *out, sund_err *err)
{
    shared   *sh = mmap(NULL, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int       end[2], status;
    sund_code rc;
    pid_t     pid, parent = getpid();

    if (sh == MAP_FAILED)
        return sund_fail(err, SUND_E_NOMEM, "no memory to start the import");
    if (pipe(end) != 0) {
        rc = sund_fail(err, SUND_E_IO, "cannot start the import: %s", strerror(errno));
        (void) munmap(sh, sizeof *sh);
        return rc;
    }
    pid = fork();
    if (pid == 0) {
        (void) close(end[0]);
        child(run, in, sh, parent);
    }
    rc = pid < 0 ? sund_fail(err, SUND_E_IO, "cannot start the import: %s", strerror(errno)) : SUND_OK;
    (void) close(end[1]);
    if (rc == SUND_OK) {
        status = wait_for(pid, end[0], in, sh);
        rc = outcome(sh, status, in, out, err);
    }
    (void) close(end[0]);
    (void) munmap(sh, sizeof *sh);
    return rc;
}
