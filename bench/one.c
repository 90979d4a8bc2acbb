/* one STORE VARIANT: finds it and prints its counts; then the same again many times, for the time it takes once everything is at hand. */
#include "bench/aid.h"

int main(int argc, char **argv)
{
    enum { AGAIN = 1000 }; /* a fifth of a millisecond: little beside the process */
    sund_store        *s = NULL;
    sund_store_reader *r = NULL;
    sund_variant       v;
    sund_buf           letters = { 0 };
    sund_counts        c;
    size_t             j = 0;
    double             began;

    if (argc != 3)
        return 2;
    MUST(sund_crypto_init(err_));
    MUST(sund_store_open(&s, argv[1], err_));
    MUST(sund_variant_parse(argv[2], &v, &letters, err_));
    if (!sund_store_find(s, &v, &j))
        return 3;
    MUST(sund_store_reader_open(&r, s, err_));
    MUST(sund_store_counts(r, j, -1, -1, &c, err_));
    printf("het=%u\nhom=%u\nmissing=%u\n", c.het, c.hom_alt, c.missing);
    began = now_s();
    for (int k = 0; k < AGAIN; k++)
        if (sund_store_find(s, &v, &j))
            MUST(sund_store_counts(r, j, -1, -1, &c, err_));
    printf("hot_us=%.4f\n", 1e6 * (now_s() - began) / AGAIN);
    sund_buf_free(&letters);
    sund_store_reader_close(r);
    sund_store_close(s);
    return 0;
}
