/* one STORE VARIANT: finds it and prints its counts; then the same again many times, for the time it takes once everything is at hand. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

int main(int argc, char **argv)
{
    enum { AGAIN = 1000 }; /* a fifth of a millisecond: little beside the process */
    sund_store  *s = NULL;
    sund_err     err;
    sund_variant v;
    sund_buf     letters = { 0 };
    sund_counts  c;
    size_t       j = 0;
    double       began;

    if (argc != 3 || sund_crypto_init(&err) != SUND_OK || sund_store_open(&s, argv[1], &err) != SUND_OK || sund_variant_parse(argv[2], &v, &letters, &err) != SUND_OK)
        return 2;
    if (!sund_store_find(s, &v, &j))
        return 3;
    sund_store_counts(s, j, -1, -1, &c);
    printf("het=%u\nhom=%u\nmissing=%u\n", c.het, c.hom_alt, c.missing);
    began = now_s();
    for (int k = 0; k < AGAIN; k++)
        if (sund_store_find(s, &v, &j))
            sund_store_counts(s, j, -1, -1, &c);
    printf("hot_us=%.4f\n", 1e6 * (now_s() - began) / AGAIN);
    sund_buf_free(&letters);
    sund_store_close(s);
    return 0;
}
