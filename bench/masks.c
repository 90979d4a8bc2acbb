/* masks WORDS: CPU seconds that one of three nodes spends on masking vectors of WORDS 64-bit lanes in all, and on opening their totals. */
#include "bench/aid.h"
#include "secagg/mask.h"

enum { CHUNK = 1 << 18 };

static double cpu_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

int main(int argc, char **argv)
{
    sund_session     s = { .n_node = 3, .me = 1, .node = { { .id = "EE" }, { .id = "FI" }, { .id = "SE" } } };
    sund_session_key key[3];
    sund_key         own[3];
    double           began;

    if (argc < 2)
        return 2;
    MUST(sund_crypto_init(err_));
    for (size_t v = 0; v < 3; v++) {
        sund_session_key_make(&key[v]);
        s.node[v].eph = sund_dh_pub(&key[v].eph);
    }
    began = cpu_s();
    for (size_t done = 0, words = (size_t) atoll(argv[1]); done < words; done += CHUNK) {
        sund_mask_label label = { .round = 1, .chunk = (uint32_t) (done / CHUNK) };
        sund_vec        x = { 0, 0, NULL };
        sund_masked    *y = NULL;

        MUST(sund_vec_new(&x, words - done < CHUNK ? words - done : CHUNK, 0, err_));
        MUST(sund_mask(&y, &s, &key[1], &label, &x, err_));
        for (size_t v = 0; v < 3; v++)
            own[v] = sund_mask_own_key(&s, &key[v], &label);
        MUST(sund_mask_open(&s, own, &x, err_));
        sund_masked_free(y);
        sund_vec_free(&x);
    }
    printf("masks_cpu_s=%.6f\n", cpu_s() - began);
    return 0;
}
