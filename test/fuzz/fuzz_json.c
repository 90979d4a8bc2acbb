/* JSON from outside: what is taken, and what is in it, is as jansson has it. */
#include "json_same.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    bool taken;

    if (!json_same(p, n, &taken))
        abort();
    return 0;
}
