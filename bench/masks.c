/* masks WORDS: CPU seconds that one of three nodes spends on masking vectors of WORDS 64-bit lanes in all, and on opening their totals. The digest of what leaves is a message's,
 * masked or not: it is measured apart and taken off. */
#include "bench/aid.h"
#include "secagg/mask.h"

#include <string.h>

enum { CHUNK = 12 << 16 }; /* words of a chunk of sums */

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
    double           masks = 0, began;

    if (argc < 2)
        return 2;
    MUST(sund_crypto_init(err_));
    for (size_t v = 0; v < 3; v++) {
        sund_session_key_make(&key[v]);
        s.node[v].eph = sund_dh_pub(&key[v].eph);
    }
    sund_buf_keep_memory(); /* as nodes do */
    for (size_t done = 0, words = (size_t) atoll(argv[1]); done < words; done += CHUNK) {
        sund_mask_label label = { .round = 1, .chunk = (uint32_t) (done / CHUNK) };
        sund_vec        x = { 0, 0, NULL };
        sund_masked    *y = NULL;
        const uint8_t  *body;
        size_t          n;

        MUST(sund_vec_new(&x, words - done < CHUNK ? words - done : CHUNK, 0, err_));
        memset(x.w, 1, 8 * sund_vec_words(&x)); /* a node's sums are there before they are masked */
        began = cpu_s();
        MUST(sund_mask(&y, &s, &key[1], &label, &x, err_));
        for (size_t v = 0; v < 3; v++)
            own[v] = sund_mask_own_key(&s, &key[v], &label);
        MUST(sund_mask_open(&s, own, &x, err_));
        masks += cpu_s() - began;
        body = sund_masked_body(y, &n);
        began = cpu_s();
        (void) sund_digest_of(body, n);
        masks -= cpu_s() - began;
        sund_masked_free(y);
        sund_vec_free(&x);
    }
    printf("masks_cpu_s=%.6f\n", masks);
    return 0;
}
