#include "cmd/cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The program that people start. The whole one, sund-full beside it, has forty-six libraries, which take the system five milliseconds to load, whatever is then asked of it; a frequency out of a
 * store in the clear takes one and needs four. So 'freq' is answered here; everything else, and stores that need a key, are sund-full's, which this process becomes. */

static char **words; /* of the command line, in their order: reading options moves argv's */

static sund_code become_full(sund_err *err)
{
    static const char name[] = "-full";
    char              path[PATH_MAX];
    ssize_t           n = readlink("/proc/self/exe", path, sizeof path - sizeof name);

    if (n <= 0)
        return sund_fail(err, SUND_E_IO, "cannot tell where this program lies: %s", strerror(errno));
    memcpy(path + n, name, sizeof name);
    (void) execv(path, words);
    return sund_fail(err, SUND_E_IO, "cannot start %s, the other half of this program: %s; the two are installed together", path, strerror(errno));
}

/* Of this program alone: sund-full's knows keys. Nothing was printed before a store is opened. */
sund_code sund_open_sites(sund_store **s, const char *store, const char *key, sund_err *err)
{
    return key || sund_store_encrypted(store) ? become_full(err) : sund_store_open_sites(s, store, err);
}

int main(int argc, char **argv)
{
    sund_err  err = { SUND_OK, "" };
    bool      freq = argc > 1 && strcmp(argv[1], "freq") == 0;
    sund_code rc;

    words = calloc((size_t) argc + 1, sizeof *words);
    if (!words)
        return sund_cmd_end("freq", sund_fail(&err, SUND_E_NOMEM, "out of memory"), &err);
    memcpy(words, argv, (size_t) argc * sizeof *words);
    rc = freq ? sund_crypto_init(&err) : become_full(&err);
    if (rc == SUND_OK)
        rc = sund_cmd_freq(argc - 1, argv + 1, &err);
    free(words);
    return sund_cmd_end("freq", rc, &err);
}
