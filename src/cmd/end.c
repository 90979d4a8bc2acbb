#include "cmd/cmd.h"

#include <stdio.h>

int sund_cmd_end(const char *name, sund_code rc, sund_err *err)
{
    if (rc == SUND_OK && (fflush(stdout) != 0 || ferror(stdout))) /* an earlier write may have failed, and this one not */
        rc = sund_fail(err, SUND_E_IO, "cannot write the output");
    if (rc != SUND_OK)
        fprintf(stderr, "sund %s: %s\n", name, err->msg);
    return sund_code_exit(rc);
}
