/* secagg VARIANTS WORDS NODES: what summing VARIANTS x WORDS 64-bit lanes among NODES nodes costs one of them, in chunks of 16,384 variants: CPU seconds of masking (with
 * the digest of what is sent), of the check of the hub's addition (own vector and total) and of opening, and bytes up and down. All chunks are really done. */
#include "bench/aid.h"
#include "secagg/check.h"
#include "secagg/envelope.h"

#include <string.h>

enum { CHUNK = 16384 };

static double cpu_s(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/** Adds what has passed since *last to *to. */
static void lap(double *last, double *to)
{
    double now = cpu_s();

    *to += now - *last;
    *last = now;
}

int main(int argc, char **argv)
{
    static sund_session     s;
    static sund_session_key key[SUND_NODE_MAX];
    static sund_key         own[SUND_NODE_MAX];
    double                  last, other = 0, mask = 0, check = 0, open = 0, up = 0, down = 0;
    size_t                  n, words;

    if (argc < 4 || (s.n_node = (size_t) atoi(argv[3])) < 2 || s.n_node > SUND_NODE_MAX)
        return 2;
    MUST(sund_crypto_init(err_));
    n = (size_t) atoll(argv[1]);
    words = (size_t) atoll(argv[2]);
    s.me = s.n_node / 2;
    for (size_t v = 0; v < s.n_node; v++) {
        sund_session_key_make(&key[v]);
        (void) snprintf(s.node[v].id, sizeof s.node[v].id, "N%02zu", v);
        s.node[v].eph = sund_dh_pub(&key[v].eph);
    }
    last = cpu_s();
    for (size_t at = 0; at < n; at += CHUNK) {
        sund_mask_label label = { .round = 1, .chunk = (uint32_t) (at / CHUNK) };
        sund_vec        x = { 0, 0, NULL }, z = { 0, 0, NULL };
        sund_masked    *y = NULL;
        sund_digest     d;
        size_t          n_body;

        MUST(sund_vec_new(&x, words * (n - at < CHUNK ? n - at : CHUNK), 0, err_));
        lap(&last, &other);
        MUST(sund_mask(&y, &s, &key[s.me], &label, &x, err_));
        lap(&last, &mask);
        d = sund_masked_digest(y);
        MUST(sund_check_masked(&d, y, &z, err_));
        sund_vec_free(&z);
        MUST(sund_check_sums(&d, &x, &z, err_));
        sund_vec_free(&z);
        lap(&last, &check);
        for (size_t v = 0; v < s.n_node; v++)
            own[v] = sund_mask_own_key(&s, &key[v], &label);
        MUST(sund_mask_open(&s, own, &x, err_));
        lap(&last, &open);
        (void) sund_masked_body(y, &n_body);
        /* own vector, signature and opening up; the total with all headers, everybody's signatures and openings down */
        up += (double) (3 * SUND_ENVELOPE_SIZE + n_body + 44 + 8 + 8 * SUND_CHECK_SUMS + 12 + 80 * s.n_node);
        down += (double) (SUND_ENVELOPE_SIZE + 22 + SUND_ENVELOPE_SIZE * s.n_node + n_body - 12) + (double) s.n_node * (double) (2 * (SUND_ENVELOPE_SIZE + 40) + 44 + 8 + 8 * SUND_CHECK_SUMS + 12 + 80 * s.n_node);
        sund_masked_free(y);
        sund_vec_free(&x);
    }
    printf("mask_cpu_s=%.4f\ncheck_cpu_s=%.4f\nopen_cpu_s=%.4f\ncpu_s=%.4f\nup_mb=%.3f\ndown_mb=%.3f\n", mask, check, open, mask + check + open, up / 1e6, down / 1e6);
    return 0;
}
