#include "base/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#if defined ARCH && !defined SUND_SANITIZED
static const struct { unsigned when; int call; } refused[] = {
    { SUND_CONFINE_PROGRAMS, SYS_execve },   { SUND_CONFINE_PROGRAMS, SYS_execveat }, { SUND_CONFINE_NETWORK, SYS_socket }, { SUND_CONFINE_NETWORK, SYS_socketpair },
    { SUND_CONFINE_NETWORK, SYS_connect },   { SUND_CONFINE_NETWORK, SYS_bind },      { SUND_CONFINE_NETWORK, SYS_listen }, { SUND_CONFINE_NETWORK, SYS_accept4 },
    { SUND_CONFINE_NETWORK, SYS_sendto },    { SUND_CONFINE_NETWORK, SYS_sendmsg },   { SUND_CONFINE_SIGNALS, SYS_kill },   { SUND_CONFINE_SIGNALS, SYS_tkill },
    { 0, SYS_ptrace },      { 0, SYS_process_vm_readv }, { 0, SYS_process_vm_writev }, { 0, SYS_mount },         { 0, SYS_umount2 },     { 0, SYS_pivot_root },
    { 0, SYS_chroot },      { 0, SYS_unshare },          { 0, SYS_setns },             { 0, SYS_bpf },           { 0, SYS_keyctl },      { 0, SYS_add_key },
    { 0, SYS_request_key }, { 0, SYS_perf_event_open },  { 0, SYS_init_module },       { 0, SYS_finit_module },  { 0, SYS_kexec_load },  { 0, SYS_reboot },
    { 0, SYS_swapon },      { 0, SYS_io_uring_setup },   { 0, SYS_userfaultfd },       { 0, SYS_open_by_handle_at },
};
enum { N_REFUSED = sizeof refused / sizeof refused[0] };

/* Refuses by EPERM: a denial that ends the process would say less than the error that follows from it. */
static void refuse_calls(unsigned what)
{
    struct sock_filter code[N_REFUSED + 6];
    struct sock_fprog  prog = { .filter = code };
    unsigned           n = 0, k = 0;

    for (unsigned i = 0; i < N_REFUSED; i++)
        n += !refused[i].when || what & refused[i].when;
    code[k++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[k++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, (uint8_t) (n + 3));
    code[k++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0, at = 0; i < N_REFUSED; i++)
        if (!refused[i].when || what & refused[i].when) {
            code[k++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned) refused[i].call, (uint8_t) (n - at + 1), 0);
            at++;
        }
    code[k++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 1, 0); /* the x32 calls, by other numbers */
    code[k++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[k++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    prog.len = (unsigned short) k;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        (void) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog);
}
#endif

void sund_confine(unsigned what)
{
    const struct rlimit none = { 0, 0 };

    (void) setrlimit(RLIMIT_CORE, &none);
#if defined ARCH && !defined SUND_SANITIZED
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* nor may others of this user look into it */
    refuse_calls(what);
#else
    (void) what;
#endif
}

sund_code sund_become(const char *name, sund_err *err)
{
    const struct passwd *u;

    if (!name)
        return SUND_OK;
    if (geteuid() != 0)
        return sund_fail(err, SUND_E_ARG, "only root can become user %.40s; without --user the process stays who it is", name);
    errno = 0;
    u = getpwnam(name);
    if (!u || u->pw_uid == 0)
        return sund_fail(err, SUND_E_ARG, "there is no user %.40s other than root; 'adduser --system --group sund' makes one", name);
    if (initgroups(u->pw_name, u->pw_gid) != 0 || setresgid(u->pw_gid, u->pw_gid, u->pw_gid) != 0 || setresuid(u->pw_uid, u->pw_uid, u->pw_uid) != 0 || setuid(0) == 0)
        return sund_fail(err, SUND_E_IO, "cannot become user %.40s: %s", name, strerror(errno));
    return SUND_OK;
}
