/* Runs one command and says what it took: measure OUTPUT COMMAND... prints "wall_s user_s sys_s peak_kB status"; the command's output goes to OUTPUT.
 * A program of its own, since the kernel counts a child's peak from the size of the process that made it: this one is small. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static double seconds(struct timeval t) { return (double) t.tv_sec + 1e-6 * (double) t.tv_usec; }

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t to;
    struct rusage              use;
    pid_t                      pid;
    int                        status = 0;
    double                     began;

    if (argc < 3 || posix_spawn_file_actions_init(&to) != 0)
        return 2;
    if (posix_spawn_file_actions_addopen(&to, 1, argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644) != 0 || posix_spawn_file_actions_adddup2(&to, 1, 2) != 0)
        return 2;
    began = now_s();
    if (posix_spawnp(&pid, argv[2], &to, NULL, argv + 2, environ) != 0 || wait4(pid, &status, 0, &use) != pid)
        return 2;
    printf("%.6f %.6f %.6f %ld %d\n", now_s() - began, seconds(use.ru_utime), seconds(use.ru_stime), use.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 255);
    return 0;
}
