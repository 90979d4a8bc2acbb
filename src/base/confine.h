#ifndef SUND_BASE_CONFINE_H
#define SUND_BASE_CONFINE_H

#include "base/err.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SUND_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SUND_SANITIZED 1
#endif
#endif

/** What this process, all its threads and children, can do no longer: debug or look into other processes, mount, load code into the kernel, make namespaces, use
 *  key rings - and by flag the network, other programs, and signals to others. Refused with EPERM. No core file is written either, for it would hold what is
 *  in memory. Where the system has no seccomp, and under sanitizers, the calls stay open. */
enum { SUND_CONFINE_NETWORK = 1, SUND_CONFINE_PROGRAMS = 2, SUND_CONFINE_SIGNALS = 4 };
void sund_confine(unsigned what);

/** From root to a user, for good: groups, group, user. Does nothing when name is NULL; an error when this is not root, or the user is not known. */
sund_code sund_become(const char *name, sund_err *err) SUND_MUST_CHECK;

#endif
