/* counts STORE IDS [RUNS]: genotype counts over the people listed in IDS at every site, in this process; variants_per_s is the best run's. */
#include "bench/aid.h"
#include "base/buf.h"
#include "base/file.h"

#include <string.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *) a, *(char *const *) b); }

/** Bits of the people whose names are in the file. */
static uint64_t *people(const sund_store_info *i, const char *path, size_t *n_in)
{
    sund_buf  text = { 0 };
    char    **id = NULL;
    size_t    n = 0;
    uint64_t *in = calloc((i->n_person + 63) / 64 + 1, sizeof *in);

    MUST(sund_file_read(path, 1u << 30, &text, err_));
    sund_buf_nul(&text);
    id = calloc(i->n_person + 1, sizeof *id);
    for (char *s = strtok((char *) text.p, "\n"); id && s && n < i->n_person; s = strtok(NULL, "\n"))
        id[n++] = s;
    if (!id || !in)
        exit(2);
    qsort(id, n, sizeof *id, by_name);
    *n_in = 0;
    for (size_t k = 0; k < i->n_person; k++)
        if (bsearch(&i->person[k], id, n, sizeof *id, by_name)) {
            in[k / 64] |= 1ull << (k % 64);
            ++*n_in;
        }
    free(id);
    sund_buf_free(&text);
    return in;
}

static uint64_t count(const sund_store *s, const uint64_t *in)
{
    const sund_store_info *i = sund_store_describe(s);
    sund_store_reader     *r = NULL;
    uint64_t               sum = 0;
    size_t                 word = (i->n_person + 63) / 64;

    MUST(sund_store_reader_open(&r, s, err_));
    for (size_t j = 0; j < i->n_site; j++) {
        sund_gt g;

        MUST(sund_store_read(r, j, &g, err_));
        sum += aid_count(&g, in, word);
    }
    sund_store_reader_close(r);
    return sum;
}

int main(int argc, char **argv)
{
    sund_store *s = NULL;
    uint64_t   *in, sum = 0;
    double      best = 1e300;
    size_t      n_in = 0;

    if (argc < 3)
        return 2;
    MUST(sund_crypto_init(err_));
    MUST(sund_store_open(&s, argv[1], err_));
    in = people(sund_store_describe(s), argv[2], &n_in);
    for (int k = 0; k < (argc > 3 ? atoi(argv[3]) : 5); k++) {
        double began = now_s();

        sum = count(s, in);
        best = now_s() - began < best ? now_s() - began : best;
    }
    printf("people=%zu\nchecksum=%llu\nvariants_per_s=%.1f\n", n_in, (unsigned long long) sum, (double) sund_store_describe(s)->n_site / best);
    free(in);
    sund_store_close(s);
    return 0;
}
