#ifndef SUND_BASE_CPU_H
#define SUND_BASE_CPU_H

/** Which versions of the kernels run: the best that this processor has, chosen once.
 *
 *  SUND_CPU=portable|avx2|avx512 in the environment forces one (an unknown name, or one this machine lacks, falls to portable).
 *  Every kernel has a version for each and all give identical integers. The files are compiled for plain x86-64; a function for a path
 *  carries its target attribute. Threads: any. */
typedef enum sund_cpu { SUND_CPU_PORTABLE, SUND_CPU_AVX2, SUND_CPU_AVX512 } sund_cpu;
sund_cpu    sund_cpu_path(void);
const char *sund_cpu_name(void); /**< "portable", "avx2" or "avx512" */

/** What a path may count on; avx512 means what Ice Lake, Zen 4 and later have. */
#define SUND_TARGET_AVX2   __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define SUND_TARGET_AVX512 __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vpopcntdq")))

#endif
