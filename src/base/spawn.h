#ifndef SUND_BASE_SPAWN_H
#define SUND_BASE_SPAWN_H

#include "base/buf.h"

/** What another program did. */
typedef struct sund_spawned {
    int  status;    /**< its exit status; 128 + signal when a signal ended it */
    char said[240]; /**< the last line of its standard error, printable; "" for none */
} sund_spawned;

/** Runs argv (NULL at its end; found by PATH) without a shell, standard input empty, and waits for it. out is replaced by its standard output, which
 *  may have at most 16 MiB. After limit_s seconds it is killed. A status other than 0 is no error here. Errors: SUND_E_NOT_FOUND when there is no
 *  such program, SUND_E_UPSTREAM when it was killed, SUND_E_LIMIT. */
sund_code sund_spawn(const char *const *argv, double limit_s, sund_buf *out, sund_spawned *did, sund_err *err) SUND_MUST_CHECK;

#endif
