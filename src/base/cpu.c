#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

static const char *const name[] = { "portable", "avx2", "avx512" };

static sund_cpu best(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt"))
        return SUND_CPU_PORTABLE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512vpopcntdq") || !__builtin_cpu_supports("vpclmulqdq"))
        return SUND_CPU_AVX2;
    return SUND_CPU_AVX512;
}

/* Reads nothing but the processor and the environment: threads may race here, all come to the same answer. */
sund_cpu sund_cpu_path(void)
{
    static int  found; /* the path + 1 */
    int         now = __atomic_load_n(&found, __ATOMIC_RELAXED);
    const char *want;
    sund_cpu    top, ask = SUND_CPU_PORTABLE;

    if (now)
        return (sund_cpu) (now - 1);
    want = getenv("SUND_CPU");
    top = best();
    if (!want)
        ask = top;
    else
        for (int k = SUND_CPU_AVX512; k > SUND_CPU_PORTABLE && ask == SUND_CPU_PORTABLE; k--)
            if (strcmp(want, name[k]) == 0 && k <= (int) top)
                ask = (sund_cpu) k;
    __atomic_store_n(&found, (int) ask + 1, __ATOMIC_RELAXED);
    return ask;
}

const char *sund_cpu_name(void) { return name[sund_cpu_path()]; }
