#include "scratch.h"

#include "base/crypto.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char  folder[64];
static pid_t owner;

static int gone(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void) st, (void) kind, (void) f;
    return remove(path);
}

/** Not when a child ends: it has the same folder. */
static void clean(void)
{
    if (getpid() == owner)
        (void) nftw(folder, gone, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch(const char *name)
{
    static char path[4096][160];
    static int  k;

    if (!folder[0]) {
        (void) snprintf(folder, sizeof folder, "%.40s/sund-test-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        if (!mkdtemp(folder) || sund_crypto_init(NULL) != SUND_OK)
            abort();
        owner = getpid();
        (void) atexit(clean);
    }
    k = (k + 1) % 4096;
    (void) snprintf(path[k], sizeof path[k], "%s%s%s", folder, *name ? "/" : "", name);
    return path[k];
}
